//! The store on SQLite. Every process beside another one on the same file is a replica: all writing
//! transactions are `begin immediate`, and nothing that matters is kept in memory between them.

mod attention;
mod audit;
mod bank_details;
mod cases;
mod commands;
mod connections;
mod context;
mod directory;
mod exchanges;
mod inbox;
mod locks;
mod look;
mod payouts;
mod people;
mod place;
mod remembered;
mod sends;
mod store;
mod streams;
mod tx;
mod views;
mod writer;

#[cfg(test)]
mod full_disk;
#[cfg(test)]
mod plans;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use crate::api::{Result, Store};
use crate::master_key::MasterKeySource;
use crate::vault::Vault;
use writer::Threads;

pub use place::Place;

/// Connections that only read, for views and contexts beside the writer.
const READERS: usize = 2;

/// The store on one SQLite database.
pub struct SqliteStore {
    runner: Runner,
    commits: Arc<AtomicU64>,
}

enum Runner {
    /// In the calling task, on one connection: the same calls give the same run.
    InLine { db: Mutex<Connection>, vault: Arc<Vault> },
    /// A thread that writes, and threads that read.
    Threads { writer: Threads, readers: Threads },
}

/// Opens the database (making it where it does not exist) for a server or a CLI command.
///
/// # Errors
/// `Broken` when the master key or the file can not be used, or the file is of a newer version.
pub fn open_or_create(path: &Path, master_key: &MasterKeySource) -> Result<Arc<dyn Store>> {
    Ok(Arc::new(SqliteStore::open(path, Vault::open(master_key)?)?))
}

impl SqliteStore {
    /// With a writing thread that commits in groups, and threads that read. All writers of the file
    /// wait for each other; an operation that waited too long is `Busy`.
    pub fn open(path: &Path, vault: Vault) -> Result<SqliteStore> {
        let vault = Arc::new(vault);
        let commits = Arc::new(AtomicU64::new(0));
        let db = place::open_writer(&Place::File(path.to_owned()), &vault)?;
        let readers =
            (0..READERS).map(|_| place::open_reader(path)).collect::<Result<Vec<Connection>>>()?;
        let readers = Threads::readers(readers, &vault)?;
        let writer = Threads::writer(db, vault, Arc::clone(&commits))?;
        Ok(SqliteStore { runner: Runner::Threads { writer, readers }, commits })
    }

    /// Every operation runs in the calling task, without threads.
    pub fn in_line(place: &Place, vault: Vault) -> Result<SqliteStore> {
        let db = Mutex::new(place::open_writer(place, &vault)?);
        Ok(SqliteStore {
            runner: Runner::InLine { db, vault: Arc::new(vault) },
            commits: Arc::default(),
        })
    }

    /// Commits of writing transactions since the start, for metrics.
    #[must_use]
    pub fn commits(&self) -> u64 {
        self.commits.load(Ordering::Relaxed)
    }

    /// SQLite's own check of the file, its indexes and its references; empty: all well. Reads only.
    pub async fn integrity_check(&self) -> Result<Vec<String>> {
        self.read(|tx| {
            let mut found = tx.all("pragma integrity_check", [], |row| Ok(row.get(0)?))?;
            found.retain(|line: &String| line != "ok");
            found.extend(tx.all("pragma foreign_key_check", [], |row| {
                let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
                Ok(format!("a row of {table} refers to a missing row of {parent}"))
            })?);
            Ok(found)
        })
        .await
    }

    /// Writes a consistent copy to a new file while work goes on. The copy holds sealed secrets, and
    /// never the master key.
    ///
    /// # Errors
    /// `Refused` when the file exists; `Full` when the copy does not fit.
    pub async fn backup(&self, to: &Path) -> Result<()> {
        let to = to.to_owned();
        self.read(move |tx| place::copy(tx.db, &to)).await
    }

    /// Runs a writing operation in a transaction.
    async fn write<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&tx::Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        match &self.runner {
            Runner::InLine { db, vault } => {
                let db = db.lock().unwrap_or_else(PoisonError::into_inner);
                let done = writer::run_alone(&db, vault, operation)?;
                self.commits.fetch_add(1, Ordering::Relaxed);
                Ok(done)
            }
            Runner::Threads { writer, .. } => writer.call(operation).await,
        }
    }

    /// Runs a reading operation in a transaction: it sees everything that was answered before.
    async fn read<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&tx::Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        match &self.runner {
            Runner::InLine { db, vault } => {
                let db = db.lock().unwrap_or_else(PoisonError::into_inner);
                writer::read_alone(&db, vault, operation)
            }
            Runner::Threads { readers, .. } => readers.call(operation).await,
        }
    }
}
