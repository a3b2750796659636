//! Runs operations: in line in the calling task, or on threads that own their connections. The
//! writing thread commits many operations at once (group commit): each has its savepoint, so one
//! that is refused takes nothing of the others with it, and none is answered before the commit.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use rusqlite::Connection;
use tokio::sync::{mpsc, oneshot};

use super::tx::Tx;
use crate::api::{Result, StoreError};
use crate::vault::Vault;

/// Operations that wait for a thread; who comes later waits for a place.
const QUEUE_MAX: usize = 1024;

/// Operations in one commit: bounds how long the first one waits (some milliseconds).
const GROUP_MAX: usize = 256;

/// What an operation leaves behind: whether to keep its changes, and how to tell its caller. The
/// argument is what went wrong afterwards.
struct Ran {
    keep: bool,
    answer: Box<dyn FnOnce(Option<StoreError>) + Send>,
}

/// An operation, given its transaction or the reason why there is none.
type Job = Box<dyn FnOnce(Result<&Tx<'_>>) -> Ran + Send>;

/// Packs an operation with the channel on which its caller waits.
fn packed<T: Send + 'static>(
    operation: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
) -> (Job, oneshot::Receiver<Result<T>>) {
    let (sender, receiver) = oneshot::channel();
    let job: Job = Box::new(move |tx| {
        let result = tx.and_then(operation);
        Ran {
            keep: result.is_ok(),
            // A caller that has gone away wants no answer.
            answer: Box::new(move |failed| drop(sender.send(failed.map_or(result, Err)))),
        }
    });
    (job, receiver)
}

/// Runs one operation in a transaction of its own, in the calling task.
pub(super) fn run_alone<T>(
    db: &Connection,
    vault: &Vault,
    operation: impl FnOnce(&Tx<'_>) -> Result<T>,
) -> Result<T> {
    if !db.is_autocommit() {
        // An operation panicked in the middle of its transaction.
        db.execute_batch("rollback")?;
    }
    kept(db, "begin immediate")?;
    let result = operation(&Tx { db, vault }).and_then(|done| kept(db, "commit").map(|()| done));
    if result.is_err() && !db.is_autocommit() {
        drop(db.execute_batch("rollback"));
    }
    result
}

/// Runs one reading operation on a consistent view, in the calling task.
pub(super) fn read_alone<T>(
    db: &Connection,
    vault: &Vault,
    operation: impl FnOnce(&Tx<'_>) -> Result<T>,
) -> Result<T> {
    if !db.is_autocommit() {
        db.execute_batch("rollback")?;
    }
    kept(db, "begin deferred")?;
    let result = operation(&Tx { db, vault });
    if !db.is_autocommit() {
        drop(kept(db, "rollback"));
    }
    result
}

/// A statement that begins or ends a transaction, prepared once.
fn kept(db: &Connection, sql: &str) -> Result<()> {
    db.prepare_cached(sql)?.execute([])?;
    Ok(())
}

/// A queue in front of one or more threads. Dropping it lets them finish and waits for them.
pub(super) struct Threads {
    queue: Option<mpsc::Sender<Job>>,
    threads: Vec<JoinHandle<()>>,
}

impl Threads {
    /// The thread that writes. `commits` counts its commits.
    pub(super) fn writer(
        db: Connection,
        vault: Arc<Vault>,
        commits: Arc<AtomicU64>,
    ) -> Result<Threads> {
        let (queue, jobs) = mpsc::channel(QUEUE_MAX);
        let thread = spawn("store-writer", move || write_all(&db, &vault, jobs, &commits))?;
        Ok(Threads { queue: Some(queue), threads: vec![thread] })
    }

    /// Threads that read, each with a connection of its own.
    pub(super) fn readers(dbs: Vec<Connection>, vault: &Arc<Vault>) -> Result<Threads> {
        let (queue, jobs) = mpsc::channel(QUEUE_MAX);
        let jobs = Arc::new(Mutex::new(jobs));
        let mut threads = Vec::new();
        for db in dbs {
            let (jobs, vault) = (Arc::clone(&jobs), Arc::clone(vault));
            threads.push(spawn("store-reader", move || read_all(&db, &vault, &jobs))?);
        }
        Ok(Threads { queue: Some(queue), threads })
    }

    pub(super) async fn call<T: Send + 'static>(
        &self,
        operation: impl FnOnce(&Tx<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let stopped = || StoreError::Broken("the operation failed inside the store".to_owned());
        let (job, answer) = packed(operation);
        let queue = self.queue.as_ref().ok_or_else(stopped)?;
        queue.send(job).await.map_err(|_| stopped())?;
        answer.await.map_err(|_| stopped())?
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        self.queue = None;
        for thread in self.threads.drain(..) {
            // A thread that panicked has nothing left to finish.
            drop(thread.join());
        }
    }
}

fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>> {
    std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(work)
        .map_err(|error| StoreError::Broken(format!("no thread for the database: {error}")))
}

fn write_all(db: &Connection, vault: &Vault, mut jobs: mpsc::Receiver<Job>, commits: &AtomicU64) {
    while let Some(first) = jobs.blocking_recv() {
        let mut group = vec![first];
        while group.len() < GROUP_MAX
            && let Ok(next) = jobs.try_recv()
        {
            group.push(next);
        }
        while !group.is_empty() {
            group = write_group(db, vault, group, commits);
        }
    }
}

/// Runs a group in one transaction and gives back what it did not come to, because the database
/// ended the transaction by itself (as it may when the disk is full).
fn write_group(db: &Connection, vault: &Vault, group: Vec<Job>, commits: &AtomicU64) -> Vec<Job> {
    if let Err(error) = db.execute_batch("begin immediate") {
        let error = StoreError::from(error);
        for job in group {
            (job(Err(error.clone())).answer)(None);
        }
        return Vec::new();
    }
    let mut ran = Vec::new();
    let mut jobs = group.into_iter();
    let mut ended = None;
    for job in jobs.by_ref() {
        match write_one(db, vault, job) {
            Ok(Some(one)) => ran.push(one),
            Ok(None) => {}
            Err(error) => ended = Some(error),
        }
        if ended.is_some() || db.is_autocommit() {
            break;
        }
    }
    let failed = match ended {
        Some(error) => Some(error),
        None if db.is_autocommit() => Some(StoreError::Full),
        None => db.execute_batch("commit").err().map(StoreError::from),
    };
    if failed.is_none() {
        commits.fetch_add(1, Ordering::Relaxed);
    } else if !db.is_autocommit() {
        drop(db.execute_batch("rollback"));
    }
    for one in ran {
        (one.answer)(failed.clone());
    }
    jobs.collect()
}

/// Runs one operation between savepoints. `None`: it panicked, its changes are undone and its
/// caller sees the channel closed. An error means that the transaction itself can not go on.
fn write_one(db: &Connection, vault: &Vault, job: Job) -> Result<Option<Ran>> {
    let tx = Tx { db, vault };
    db.execute_batch("savepoint operation")?;
    let ran = catch_unwind(AssertUnwindSafe(|| job(Ok(&tx)))).ok();
    if db.is_autocommit() {
        return Ok(ran);
    }
    if ran.as_ref().is_none_or(|ran| !ran.keep) {
        db.execute_batch("rollback to operation")?;
    }
    db.execute_batch("release operation")?;
    Ok(ran)
}

fn read_all(db: &Connection, vault: &Vault, jobs: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        let next = jobs.lock().unwrap_or_else(PoisonError::into_inner).blocking_recv();
        let Some(job) = next else { return };
        // A panic undoes nothing here; its caller sees the channel closed.
        let ran = catch_unwind(AssertUnwindSafe(|| match db.execute_batch("begin deferred") {
            Ok(()) => job(Ok(&Tx { db, vault })),
            Err(error) => job(Err(error.into())),
        }));
        if !db.is_autocommit() {
            drop(db.execute_batch("rollback"));
        }
        if let Ok(ran) = ran {
            (ran.answer)(None);
        }
    }
}
