//! Locks on outside documents: commands whose documents intersect are never in flight together
//! (DESIGN.md section 2, "One owner per outside document").

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::params;

use model::key::Key;

use super::tx::{Tx, micros};
use crate::api::Result;
use crate::rows::CaseId;

/// Who asks for locks.
pub(super) struct Asker<'a> {
    pub(super) key: &'a Key,
    pub(super) case: CaseId,
    /// May pass locks that commands of its own case hold.
    pub(super) passes_own: bool,
    pub(super) at: Timestamp,
}

/// The command that keeps the asker from one of these locks, the first in their order. Called in a
/// writing transaction, of which there is one at a time: looking first and taking later is safe.
pub(super) fn blocked(
    tx: &Tx<'_>,
    asker: &Asker<'_>,
    locks: &BTreeSet<String>,
) -> Result<Option<Key>> {
    for lock in locks {
        if let Some(holder) = holder(tx, asker, lock)? {
            return Ok(Some(holder));
        }
    }
    Ok(None)
}

/// Makes these the locks that a stored command holds, no more and no less.
pub(super) fn hold(tx: &Tx<'_>, key: &Key, locks: &BTreeSet<String>) -> Result<()> {
    for lock in held(tx, key)?.difference(locks) {
        tx.run(
            "delete from document_locks where lock = ?1 and command = ?2",
            [lock.as_str(), key.as_str()],
        )?;
    }
    for lock in locks {
        tx.run(
            "insert into document_locks (lock, command) values (?1, ?2)
             on conflict (lock, command) do nothing",
            [lock.as_str(), key.as_str()],
        )?;
    }
    Ok(())
}

/// The command that keeps the asker from this lock. One whose watch is over keeps nobody: watched,
/// or refused while an earlier send of it was unclear.
fn holder(tx: &Tx<'_>, asker: &Asker<'_>, lock: &str) -> Result<Option<Key>> {
    tx.one(
        "select commands.key from document_locks
         join commands on commands.key = document_locks.command
         where document_locks.lock = ?1 and commands.key <> ?2
           and not (?3 and commands.case_id = ?4)
           and not (commands.state in ('watched', 'rejected')
             and (commands.watch_until is null or commands.watch_until <= ?5))
         order by commands.id limit 1",
        params![lock, asker.key.as_str(), asker.passes_own, asker.case, micros(asker.at)],
        |row| Ok(Key::from_stored(&row.get::<_, String>(0)?)),
    )
}

/// The locks that a command holds.
pub(super) fn held(tx: &Tx<'_>, key: &Key) -> Result<BTreeSet<String>> {
    let held =
        tx.all("select lock from document_locks where command = ?1", [key.as_str()], |row| {
            Ok(row.get(0)?)
        })?;
    Ok(held.into_iter().collect())
}

pub(super) fn free(tx: &Tx<'_>, key: &Key) -> Result<()> {
    tx.run("delete from document_locks where command = ?1", [key.as_str()])?;
    Ok(())
}
