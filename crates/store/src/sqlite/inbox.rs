//! Verified deliveries: committed before they are answered, processed later, kept for a while.

use jiff::Timestamp;
use rusqlite::{Row, params};
use serde_json::json;

use model::case::Actor;
use model::ids::ConnectionId;

use super::tx::{Tx, micros, refused, time};
use super::{audit, cases};
use crate::api::Result;
use crate::rows::{Hint, InboxRow, InboxSeen, Note, OddDelivery};
use crate::rules::PROCESSED_KEPT;

/// Values of `inbox.odd`.
const NOTHING_ODD: i64 = 0;
const ODD: i64 = 1;
const DISMISSED: i64 = 2;

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

pub(super) fn done(tx: &Tx<'_>, id: i64, hints: &[Hint], note: Option<&Note>) -> Result<()> {
    let (text, odd) = match note {
        None => (None, NOTHING_ODD),
        Some(Note::Said(text)) => (Some(text), NOTHING_ODD),
        Some(Note::Odd(text)) => (Some(text), ODD),
    };
    let sql = "update inbox set done = 1, note = ?2, odd = max(odd, ?3) where id = ?1";
    if tx.run(sql, params![id, text, odd])? == 0 {
        return refused(format!("there is no delivery {id}"));
    }
    tx.run(
        "delete from inbox where done = 1 and odd <> ?2 and id <= ?1",
        params![id - PROCESSED_KEPT, ODD],
    )?;
    cases::hint(tx, hints)
}

pub(super) fn odd(tx: &Tx<'_>, include_dismissed: bool) -> Result<Vec<OddDelivery>> {
    let most = if include_dismissed { DISMISSED } else { ODD };
    tx.all(
        "select id, connection, received_at, note, odd from inbox
         where odd > 0 and odd <= ?1 order by id",
        [most],
        |row| {
            Ok(OddDelivery {
                id: row.get(0)?,
                connection: ConnectionId::new(row.get::<_, String>(1)?),
                received_at: time(row.get(2)?)?,
                odd: row.get::<_, Option<String>>(3)?.unwrap_or_default(),
                dismissed: row.get::<_, i64>(4)? == DISMISSED,
            })
        },
    )
}

pub(super) fn dismiss(tx: &Tx<'_>, id: i64, actor: &Actor, at: Timestamp) -> Result<()> {
    let standing =
        tx.one("select odd from inbox where id = ?1", [id], |row| Ok(row.get::<_, i64>(0)?))?;
    match standing {
        Some(DISMISSED) => Ok(()),
        Some(ODD) => {
            tx.run("update inbox set odd = ?2 where id = ?1", params![id, DISMISSED])?;
            audit::append(tx, actor, None, "delivery dismissed", &json!({ "delivery": id }), at)
        }
        Some(_) | None => refused(format!("there is no delivery {id} with something odd in it")),
    }
}
