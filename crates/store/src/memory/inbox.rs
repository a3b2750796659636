//! Verified deliveries: committed before they are answered, processed later, kept for a while.

use jiff::Timestamp;
use serde_json::json;

use model::case::Actor;
use model::ids::ConnectionId;

use super::{Rows, Tx, cases, trail};
use crate::api::Result;
use crate::rows::{Hint, InboxRow, InboxSeen, Note, OddDelivery};
use crate::rules::PROCESSED_KEPT;
use crate::values::{micros, refused, time};

/// A delivery.
#[derive(Debug, Clone)]
pub(super) struct Delivery {
    connection: ConnectionId,
    at: i64,
    body: Vec<u8>,
    pub(super) done: bool,
    note: Option<String>,
    pub(super) odd: Oddness,
}

/// Whether something in a delivery could not be understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Oddness {
    Nothing,
    Odd,
    Dismissed,
}

impl Delivery {
    fn row(&self, id: i64) -> Result<InboxRow> {
        Ok(InboxRow {
            id,
            connection: self.connection.clone(),
            received_at: time(self.at)?,
            body: self.body.clone(),
        })
    }
}

pub(super) fn put(tx: &mut Tx<'_>, connection: &ConnectionId, body: &[u8], at: Timestamp) -> i64 {
    let id = tx.rows.inbox.last().copied().unwrap_or(0) + 1;
    let (connection, body) = (connection.clone(), body.to_vec());
    let odd = Oddness::Nothing;
    let at = micros(at);
    tx.rows.inbox.put(id, Delivery { connection, at, body, done: false, note: None, odd });
    id
}

pub(super) fn take(rows: &Rows, limit: u32) -> Result<Vec<InboxRow>> {
    let waiting = rows.inbox.iter().filter(|(_, one)| !one.done);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    waiting.take(limit).map(|(id, one)| one.row(*id)).collect()
}

pub(super) fn recent(rows: &Rows, limit: u32) -> Result<Vec<InboxSeen>> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let before = rows.inbox.len().saturating_sub(limit);
    let seen = |(id, one): (&i64, &Delivery)| {
        Ok(InboxSeen { row: one.row(*id)?, processed: one.done, note: one.note.clone() })
    };
    let mut newest = rows.inbox.iter().skip(before).map(seen).collect::<Result<Vec<_>>>()?;
    newest.reverse();
    Ok(newest)
}

pub(super) fn done(tx: &mut Tx<'_>, id: i64, hints: &[Hint], note: Option<&Note>) -> Result<()> {
    let (text, odd) = match note {
        None => (None, Oddness::Nothing),
        Some(Note::Said(text)) => (Some(text), Oddness::Nothing),
        Some(Note::Odd(text)) => (Some(text), Oddness::Odd),
    };
    let found = tx.rows.inbox.change(&id, |one| {
        one.done = true;
        one.note = text.cloned();
        one.odd = one.odd.max(odd);
    });
    if found.is_none() {
        return refused(format!("there is no delivery {id}"));
    }
    let old = tx.rows.inbox.range(..=id - PROCESSED_KEPT);
    let old = old.filter(|(_, one)| one.done && one.odd != Oddness::Odd);
    let old: Vec<i64> = old.map(|(id, _)| *id).collect();
    for id in old {
        tx.rows.inbox.remove(&id);
    }
    cases::hint(tx, hints)
}

pub(super) fn odd(rows: &Rows, include_dismissed: bool) -> Result<Vec<OddDelivery>> {
    let wanted = |odd: Oddness| match odd {
        Oddness::Nothing => false,
        Oddness::Odd => true,
        Oddness::Dismissed => include_dismissed,
    };
    let found = rows.inbox.iter().filter(|(_, one)| wanted(one.odd));
    let shown = |(id, one): (&i64, &Delivery)| {
        Ok(OddDelivery {
            id: *id,
            connection: one.connection.clone(),
            received_at: time(one.at)?,
            odd: one.note.clone().unwrap_or_default(),
            dismissed: one.odd == Oddness::Dismissed,
        })
    };
    found.map(shown).collect()
}

pub(super) fn dismiss(tx: &mut Tx<'_>, id: i64, actor: &Actor, at: Timestamp) -> Result<()> {
    match tx.rows.inbox.get(&id).map(|one| one.odd) {
        Some(Oddness::Dismissed) => Ok(()),
        Some(Oddness::Odd) => {
            tx.rows.inbox.change(&id, |one| one.odd = Oddness::Dismissed);
            trail::append(tx, actor, None, "delivery dismissed", &json!({ "delivery": id }), at)
        }
        Some(Oddness::Nothing) | None => {
            refused(format!("there is no delivery {id} with something odd in it"))
        }
    }
}
