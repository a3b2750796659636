//! Opens databases: settings of the connection, migrations, and the check that the master key given
//! is the one the database was made with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags, TransactionBehavior};

use super::tx::Tx;
use crate::api::{Result, StoreError};
use crate::vault::Vault;

mod embedded {
    refinery::embed_migrations!("migrations");
}

/// How long a writer waits for another process that is writing.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);

/// Statements kept prepared per connection: more than the crate has.
const STATEMENTS_KEPT: usize = 200;

/// Two processes that open a new database at once meet in the migrations; the loser finds them done.
const MIGRATION_ATTEMPTS: usize = 5;

/// Where a database lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// In this process's memory only.
    Memory,
    File(PathBuf),
}

/// Opens the one connection that writes, making and migrating the database where needed.
pub(super) fn open_writer(place: &Place, vault: &Vault) -> Result<Connection> {
    let mut db = match place {
        Place::Memory => Connection::open_in_memory()?,
        Place::File(path) => {
            make_private(path)?;
            Connection::open(path)?
        }
    };
    prepare(&db)?;
    db.pragma_update(None, "journal_mode", "wal")?;
    db.pragma_update(None, "synchronous", "full")?;
    db.pragma_update(None, "foreign_keys", true)?;
    migrate(&mut db)?;
    own(&mut db, vault)?;
    Ok(db)
}

/// Opens a connection that can not write, to a database that is open for writing already.
pub(super) fn open_reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    prepare(&db)?;
    db.pragma_update(None, "query_only", true)?;
    Ok(db)
}

fn prepare(db: &Connection) -> Result<()> {
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    Ok(())
}

/// The database holds payers' data: only its owner may read it. Its log takes over the mode.
fn make_private(path: &Path) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::StorageFull => Err(StoreError::Full),
        Err(error) => Err(StoreError::Broken(format!("{}: {error}", path.display()))),
    }
}

fn migrate(db: &mut Connection) -> Result<()> {
    db.set_transaction_behavior(TransactionBehavior::Immediate);
    let mut last = String::new();
    for _ in 0..MIGRATION_ATTEMPTS {
        match embedded::migrations::runner().run(db) {
            Ok(_) => return Ok(()),
            Err(error) => last = error.to_string(),
        }
    }
    Err(StoreError::Broken(format!("its tables can not be brought up to date: {last}")))
}

/// Writes the master key's id into a new database, or compares it with that of an old one.
fn own(db: &mut Connection, vault: &Vault) -> Result<()> {
    let transaction = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let tx = Tx { db: &transaction, vault };
    let stored = tx.one("select master_key from instance where id = 1", [], |row| {
        Ok(row.get::<_, String>(0)?)
    })?;
    match stored {
        Some(key) if key == vault.key_id() => {}
        Some(key) => {
            return Err(StoreError::Broken(format!(
                "it was made with master key {key}, and {} was given",
                vault.key_id()
            )));
        }
        None => {
            tx.run(
                "insert into instance (id, master_key, sequence) values (1, ?1, 0)",
                [vault.key_id()],
            )?;
            super::audit::begin_chain(&tx)?;
        }
    }
    transaction.commit()?;
    Ok(())
}
