//! Verified deliveries: committed before they are answered, processed later, kept for a while.

use jiff::Timestamp;
use rusqlite::{Row, params};

use model::ids::ConnectionId;

use super::cases;
use super::tx::{Tx, micros, refused, time};
use crate::api::Result;
use crate::rows::{Hint, InboxRow, InboxSeen};

/// Processed deliveries that are kept, for people who want to see what came: some weeks of a busy
/// account, and no more of the payers' data than that.
const PROCESSED_KEPT: i64 = 10_000;

pub(super) fn put(
    tx: &Tx<'_>,
    connection: &ConnectionId,
    body: &[u8],
    at: Timestamp,
) -> Result<i64> {
    tx.run(
        "insert into inbox (connection, received_at, body) values (?1, ?2, ?3)",
        params![connection.as_str(), micros(at), body],
    )?;
    Ok(tx.db.last_insert_rowid())
}

pub(super) fn count_bad(tx: &Tx<'_>, connection: &ConnectionId) -> Result<()> {
    let changed = tx.run(
        "update connections set bad_signatures = bad_signatures + 1 where id = ?1",
        [connection.as_str()],
    )?;
    if changed == 0 {
        return refused(format!("there is no connection {connection}"));
    }
    Ok(())
}

pub(super) fn take(tx: &Tx<'_>, limit: u32) -> Result<Vec<InboxRow>> {
    tx.all(
        "select id, connection, received_at, body from inbox where done = 0 order by id limit ?1",
        [limit],
        inbox_row,
    )
}

fn inbox_row(row: &Row<'_>) -> Result<InboxRow> {
    Ok(InboxRow {
        id: row.get(0)?,
        connection: ConnectionId::new(row.get::<_, String>(1)?),
        received_at: time(row.get(2)?)?,
        body: row.get(3)?,
    })
}

pub(super) fn recent(tx: &Tx<'_>, limit: u32) -> Result<Vec<InboxSeen>> {
    tx.all(
        "select id, connection, received_at, body, done, note from inbox
         order by id desc limit ?1",
        [limit],
        |row| {
            let processed = row.get::<_, i64>(4)? == 1;
            Ok(InboxSeen { row: inbox_row(row)?, processed, note: row.get(5)? })
        },
    )
}

pub(super) fn done(tx: &Tx<'_>, id: i64, hints: &[Hint], note: Option<&str>) -> Result<()> {
    if tx.run("update inbox set done = 1, note = ?2 where id = ?1", params![id, note])? == 0 {
        return refused(format!("there is no delivery {id}"));
    }
    tx.run("delete from inbox where done = 1 and id <= ?1", [id - PROCESSED_KEPT])?;
    cases::hint(tx, hints)
}
