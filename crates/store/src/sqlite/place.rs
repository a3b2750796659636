//! Opens databases: settings of the connection, migrations, and the check that the master key given
//! is the one the database was made with.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use refinery::error::Kind;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags, TransactionBehavior};

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

/// Two processes that open a new database at once meet while it is switched to its log and migrated,
/// where SQLite does not wait by itself; the loser tries again and finds it done.
const OPEN_ATTEMPTS: usize = 100;
const OPEN_PAUSE: Duration = Duration::from_millis(10);

/// What SQLite's backup calls "all of it in one step".
const EVERY_PAGE: i32 = -1;

/// Held while a file is made and opened: closing a file drops the locks that this process holds on
/// it, so that must not happen beside an open database.
static MAKING: Mutex<()> = Mutex::new(());

thread_local! {
    /// A database in memory that nothing was ever written to but its tables.
    static TEMPLATE: RefCell<Option<Connection>> = const { RefCell::new(None) };
}

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
        Place::Memory => in_memory()?,
        Place::File(path) => {
            let _making = MAKING.lock().unwrap_or_else(PoisonError::into_inner);
            make_private(path)?;
            Connection::open(path)?
        }
    };
    prepare(&db)?;
    patiently(|| Ok(db.pragma_update(None, "journal_mode", "wal")?))?;
    db.pragma_update(None, "synchronous", "full")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.set_transaction_behavior(TransactionBehavior::Immediate);
    patiently(|| migrate(&mut db))?;
    own(&mut db, vault)?;
    Ok(db)
}

/// A database in memory with its tables: a copy of this thread's first one, since making them takes
/// longer than anything else that opening does.
fn in_memory() -> Result<Connection> {
    TEMPLATE.with_borrow_mut(|template| {
        let template = match template {
            Some(template) => template,
            empty => {
                let mut first = Connection::open_in_memory()?;
                migrate(&mut first)?;
                empty.insert(first)
            }
        };
        let mut db = Connection::open_in_memory()?;
        Backup::new(template, &mut db)?.step(EVERY_PAGE)?;
        Ok(db)
    })
}

/// Opens a connection that can not write, to a database that is open for writing already.
pub(super) fn open_reader(path: &Path) -> Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    prepare(&db)?;
    db.pragma_update(None, "query_only", true)?;
    Ok(db)
}

/// Copies the database, as the open transaction sees it, to a file that must not exist.
pub(super) fn copy(db: &Connection, to: &Path) -> Result<()> {
    if !make_private(to)? {
        return Err(StoreError::Refused(format!("the file {} exists already", to.display())));
    }
    let mut target = Connection::open(to)?;
    match Backup::new(db, &mut target)?.step(EVERY_PAGE)? {
        StepResult::Done => Ok(()),
        StepResult::More | StepResult::Busy | StepResult::Locked => Err(StoreError::Busy),
        _ => Err(StoreError::Broken("the copy did not come to its end".to_owned())),
    }
}

fn prepare(db: &Connection) -> Result<()> {
    db.busy_timeout(BUSY_TIMEOUT)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS_KEPT);
    // Else a kept statement is planned anew for each new value of its parameters.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// The database holds payers' data: only its owner may read it. Its log takes over the mode.
/// Says whether the file is new.
fn make_private(path: &Path) -> Result<bool> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) if error.kind() == std::io::ErrorKind::StorageFull => Err(StoreError::Full),
        Err(error) => Err(StoreError::Broken(format!("{}: {error}", path.display()))),
    }
}

/// Tries again for a while when another process is opening the same new database.
fn patiently(mut step: impl FnMut() -> Result<()>) -> Result<()> {
    for _ in 1..OPEN_ATTEMPTS {
        match step() {
            Err(StoreError::Busy) => std::thread::sleep(OPEN_PAUSE),
            done => return done,
        }
    }
    step()
}

fn migrate(db: &mut Connection) -> Result<()> {
    let Err(error) = embedded::migrations::runner().run(db) else { return Ok(()) };
    let sqlite = match error.kind() {
        Kind::Connection(_, source) => source.downcast_ref::<rusqlite::Error>(),
        _ => None,
    };
    match sqlite.and_then(rusqlite::Error::sqlite_error_code) {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Err(StoreError::Busy),
        Some(ErrorCode::DiskFull) => Err(StoreError::Full),
        // The other process made the tables or columns between our look and our step; not every such
        // refusal carries a code.
        _ if made_meanwhile(&error.to_string()) => Err(StoreError::Busy),
        _ => Err(StoreError::Broken(format!("its tables can not be brought up to date: {error}"))),
    }
}

fn made_meanwhile(words: &str) -> bool {
    ["already exists", "duplicate column name"].iter().any(|one| words.contains(one))
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

#[cfg(test)]
mod tests {
    use refinery::Target;

    use super::*;

    /// What was said after a refusal, and not looked at before the upgrade, still clears it.
    #[test]
    fn what_is_stored_is_brought_up_to_date() {
        let mut db = Connection::open_in_memory().unwrap();
        let before = embedded::migrations::runner().set_target(Target::Version(4));
        before.run(&mut db).unwrap();
        db.execute_batch(
            "pragma foreign_keys = off;
             insert into person_facts (case_id, nth, at, actor, said)
               values (1, 1, 50, '', ''), (1, 2, 150, '', '');
             insert into commands (key, case_id, connection, account, name, write, locks, state,
                 actor, decided_at, last_sent_at)
               values ('sent', 1, '', '', '', '', '', 'rejected', '', 10, 100),
                      ('unsent', 1, '', '', '', '', '', 'intended', '', 10, null);",
        )
        .unwrap();
        migrate(&mut db).unwrap();
        let heard = |key: &str| -> i64 {
            let sql = "select heard from commands where key = ?1";
            db.query_row(sql, [key], |row| row.get(0)).unwrap()
        };
        assert_eq!((heard("sent"), heard("unsent")), (1, 0));
    }
}
