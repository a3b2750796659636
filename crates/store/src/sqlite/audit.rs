//! The audit trail, which is also the history of each case. Each row's chain value is a keyed mac
//! over the row and the value before it; the head stands beside under a mac of its own, so that
//! rows cut off the end are noticed (promise P9).

use jiff::Timestamp;
use rusqlite::{Row, params};
use serde_json::Value;

use model::case::{Actor, CaseKey};

use super::tx::{Tx, json, micros, parsed, time};
use crate::api::{Result, StoreError};
use crate::canonical::canonical;
use crate::chain::{Head, Link, StoredLink};
use crate::rows::{AuditRow, ChainCheck};

/// Rows read at once while the chain is checked.
const CHECK_BATCH: u32 = 1000;

/// Writes the head of an empty chain into a new database.
pub(super) fn begin_chain(tx: &Tx<'_>) -> Result<()> {
    let head = Head::default();
    tx.run(
        "insert into audit_head (id, rows, chain, master_key, mac) values (1, ?1, ?2, ?3, ?4)",
        params![head.rows, head.chain, tx.vault.key_id(), head.mac(tx.vault)],
    )?;
    Ok(())
}

fn read_head(tx: &Tx<'_>) -> Result<(Head, String)> {
    tx.one("select rows, chain, mac from audit_head where id = 1", [], |row| {
        Ok((Head { rows: row.get(0)?, chain: row.get(1)? }, row.get(2)?))
    })?
    .ok_or_else(|| StoreError::Broken("the head of the audit chain is missing".to_owned()))
}

/// Adds a row; with a case it is also the next row of that case's history.
pub(super) fn append(
    tx: &Tx<'_>,
    actor: &Actor,
    case: Option<&CaseKey>,
    what: &str,
    body: &Value,
    at: Timestamp,
) -> Result<()> {
    let (mut head, _) = read_head(tx)?;
    let case_key = case.map(ToString::to_string);
    let nth = case_key.as_deref().map(|key| next_nth(tx, key)).transpose()?;
    let (actor, body) = (json(actor)?, canonical(body));
    let row = Link {
        seq: head.rows + 1,
        at: micros(at),
        actor: &actor,
        case_key: case_key.as_deref(),
        nth,
        what,
        body: &body,
    };
    head = row.after(tx.vault, &head);
    tx.run(
        "insert into audit (seq, at, actor, case_key, nth, what, body, master_key, chain)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            row.seq,
            row.at,
            row.actor,
            row.case_key,
            row.nth,
            what,
            row.body,
            tx.vault.key_id(),
            head.chain
        ],
    )?;
    tx.run(
        "update audit_head set rows = ?1, chain = ?2, master_key = ?3, mac = ?4 where id = 1",
        params![head.rows, head.chain, tx.vault.key_id(), head.mac(tx.vault)],
    )?;
    Ok(())
}

fn next_nth(tx: &Tx<'_>, case_key: &str) -> Result<i64> {
    let last = tx.one("select max(nth) from audit where case_key = ?1", [case_key], |row| {
        Ok(row.get::<_, Option<i64>>(0)?)
    })?;
    Ok(last.flatten().unwrap_or(0) + 1)
}

const COLUMNS: &str = "seq, at, actor, case_key, what, body, chain";

fn audit_row(row: &Row<'_>) -> Result<AuditRow> {
    let case: Option<String> = row.get(3)?;
    Ok(AuditRow {
        seq: row.get(0)?,
        at: time(row.get(1)?)?,
        actor: parsed(&row.get::<_, String>(2)?, "actor")?,
        case: case.map(|key| super::cases::key_of(&key)).transpose()?,
        what: row.get(4)?,
        body: parsed(&row.get::<_, String>(5)?, "audit row")?,
        chain: row.get(6)?,
    })
}

pub(super) fn rows(tx: &Tx<'_>, after_seq: i64, limit: u32) -> Result<Vec<AuditRow>> {
    let sql = format!("select {COLUMNS} from audit where seq > ?1 order by seq limit ?2");
    tx.all(&sql, params![after_seq, limit], audit_row)
}

pub(super) fn history(tx: &Tx<'_>, case: &CaseKey) -> Result<Vec<AuditRow>> {
    let sql = format!("select {COLUMNS} from audit where case_key = ?1 order by nth");
    tx.all(&sql, [case.to_string()], audit_row)
}

/// Checks every row against the one before, and the end against the head.
pub(super) fn verify(tx: &Tx<'_>) -> Result<ChainCheck> {
    let mut reached = Head::default();
    loop {
        let batch = stored_links(tx, reached.rows)?;
        if batch.is_empty() {
            break;
        }
        for stored in batch {
            match stored.check(tx.vault, &reached) {
                Ok(next) => reached = next,
                Err(why) => return Ok(ChainCheck::Broken { seq: stored.seq, why }),
            }
        }
    }
    let (head, mac) = read_head(tx)?;
    Ok(reached.check_end(tx.vault, &head, &mac))
}

fn stored_links(tx: &Tx<'_>, after: i64) -> Result<Vec<StoredLink>> {
    tx.all(
        "select seq, at, actor, case_key, nth, what, body, master_key, chain from audit
         where seq > ?1 order by seq limit ?2",
        params![after, CHECK_BATCH],
        |row| {
            Ok(StoredLink {
                seq: row.get(0)?,
                at: row.get(1)?,
                actor: row.get(2)?,
                case_key: row.get(3)?,
                nth: row.get(4)?,
                what: row.get(5)?,
                body: row.get(6)?,
                master_key: row.get(7)?,
                chain: row.get(8)?,
            })
        },
    )
}
