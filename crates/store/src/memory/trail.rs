//! The audit trail, which is also the history of each case (promise P9).

use jiff::Timestamp;
use serde_json::Value;

use model::case::{Actor, CaseKey};

use super::{Rows, Tx};
use crate::api::Result;
use crate::canonical::canonical;
use crate::chain::{Head, Link, StoredLink};
use crate::rows::{AuditRow, ChainCheck};
use crate::values::{json, micros, parsed, time};
use crate::vault::Vault;

/// One row, with what its text means beside it.
#[derive(Debug, Clone)]
pub(super) struct Row {
    link: StoredLink,
    actor: Actor,
    case: Option<CaseKey>,
}

impl Row {
    fn shown(&self) -> Result<AuditRow> {
        Ok(AuditRow {
            seq: self.link.seq,
            at: time(self.link.at)?,
            actor: self.actor.clone(),
            case: self.case.clone(),
            what: self.link.what.clone(),
            body: parsed(&self.link.body, "audit row")?,
            chain: self.link.chain.clone(),
        })
    }
}

/// The end of the chain. It lives as long as its rows, in the same memory: it needs no mac of its own.
fn head(rows: &Rows) -> Head {
    let last = rows.audit.last().and_then(|seq| rows.audit.get(seq));
    let head = |row: &Row| Head { rows: row.link.seq, chain: row.link.chain.clone() };
    last.map(head).unwrap_or_default()
}

/// Adds a row; with a case it is also the next row of that case's history.
pub(super) fn append(
    tx: &mut Tx<'_>,
    actor: &Actor,
    case: Option<&CaseKey>,
    what: &str,
    body: &Value,
    at: Timestamp,
) -> Result<()> {
    let head = head(tx.rows);
    let body = canonical(body);
    let case_key = case.map(ToString::to_string);
    let nth = case.map(|case| next_nth(tx.rows, case));
    let (seq, at, text) = (head.rows + 1, micros(at), json(actor)?);
    let case_text = case_key.as_deref();
    let link = Link { seq, at, actor: &text, case_key: case_text, nth, what, body: &body };
    let chain = link.after(tx.vault, &head).chain;
    let link = StoredLink {
        seq,
        at,
        actor: text,
        case_key,
        nth,
        what: what.to_owned(),
        body,
        master_key: tx.vault.key_id().to_owned(),
        chain,
    };
    tx.rows.audit.put(seq, Row { link, actor: actor.clone(), case: case.cloned() });
    if let Some((case, nth)) = case.zip(nth) {
        tx.rows.audit_by_case.put((case.clone(), nth), seq);
    }
    Ok(())
}

fn of_case<'a>(rows: &'a Rows, case: &CaseKey) -> impl DoubleEndedIterator<Item = (i64, &'a Row)> {
    let keys = (case.clone(), i64::MIN)..=(case.clone(), i64::MAX);
    rows.audit_by_case.range(keys).filter_map(|((_, nth), seq)| Some((*nth, rows.audit.get(seq)?)))
}

fn next_nth(rows: &Rows, case: &CaseKey) -> i64 {
    of_case(rows, case).next_back().map_or(1, |(nth, _)| nth + 1)
}

pub(super) fn rows(rows: &Rows, after_seq: i64, limit: u32) -> Result<Vec<AuditRow>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let found = rows.audit.range(after_seq.saturating_add(1)..);
    found.take(limit).map(|(_, row)| row.shown()).collect()
}

pub(super) fn history(rows: &Rows, case: &CaseKey) -> Result<Vec<AuditRow>> {
    of_case(rows, case).map(|(_, row)| row.shown()).collect()
}

/// Checks every row against the one before.
pub(super) fn verify(rows: &Rows, vault: &Vault) -> ChainCheck {
    let mut reached = Head::default();
    for row in rows.audit.values() {
        match row.link.check(vault, &reached) {
            Ok(next) => reached = next,
            Err(why) => return ChainCheck::Broken { seq: row.link.seq, why },
        }
    }
    ChainCheck::Intact { rows: reached.rows, head: reached.chain }
}
