//! How far each stream was read, who reads it now, and the processor's events that were read.

use jiff::Timestamp;

use model::event::Event;
use model::ids::{AccountId, ConnectionId, EventId};

use super::{Rows, Tx};
use crate::api::Result;
use crate::rows::Mark;
use crate::rules::event_subject;
use crate::values::{maybe_time, micros, seconds};

/// A stream; times are microseconds since 1970.
#[derive(Debug, Clone, Default)]
pub(super) struct Stream {
    until: Option<i64>,
    completed_at: Option<i64>,
    sweeps: i64,
    pub(super) worker: Option<String>,
    lease_until: i64,
}

fn of(rows: &Rows, connection: &ConnectionId, stream: &str) -> Stream {
    rows.streams.get(&(connection.clone(), stream.to_owned())).cloned().unwrap_or_default()
}

pub(super) fn mark(rows: &Rows, connection: &ConnectionId, stream: &str) -> Result<Mark> {
    let found = of(rows, connection, stream);
    Ok(Mark {
        until: maybe_time(found.until)?,
        completed_at: maybe_time(found.completed_at)?,
        sweeps: found.sweeps,
    })
}

pub(super) fn move_mark(
    tx: &mut Tx<'_>,
    connection: &ConnectionId,
    stream: &str,
    until: Timestamp,
    completed_at: Timestamp,
) {
    let mut row = of(tx.rows, connection, stream);
    row.until = row.until.max(Some(micros(until)));
    row.completed_at = row.completed_at.max(Some(micros(completed_at)));
    row.sweeps += 1;
    tx.rows.streams.put((connection.clone(), stream.to_owned()), row);
}

pub(super) fn lease(
    tx: &mut Tx<'_>,
    connection: &ConnectionId,
    stream: &str,
    worker: &str,
    lease_now: Timestamp,
    lease_seconds: u32,
) -> bool {
    let now = micros(lease_now);
    let mut row = of(tx.rows, connection, stream);
    let free = row.worker.as_deref().is_none_or(|holder| holder == worker);
    if !free && row.lease_until > now {
        return false;
    }
    row.worker = Some(worker.to_owned());
    row.lease_until = now + seconds(lease_seconds);
    tx.rows.streams.put((connection.clone(), stream.to_owned()), row);
    true
}

pub(super) fn unknown_events(rows: &Rows, account: &AccountId, ids: &[EventId]) -> Vec<EventId> {
    let known = |id: &EventId| rows.events.has(&(account.clone(), id.clone()));
    ids.iter().filter(|id| !known(id)).cloned().collect()
}

pub(super) fn put_events(tx: &mut Tx<'_>, account: &AccountId, events: &[Event]) {
    for event in events {
        let key = (account.clone(), event.id.clone());
        if tx.rows.events.has(&key) {
            continue;
        }
        let (kind, subject) = event_subject(&event.subject);
        let (kind, subject) = (kind.to_owned(), subject.to_owned());
        let at = micros(event.at);
        let place = (account.clone(), kind, subject, at, event.id.clone());
        tx.rows.events_by_subject.put(place, event.clone());
        tx.rows.events.put(key, ());
    }
}

/// By time, then id.
pub(super) fn events_of(rows: &Rows, account: &AccountId, kind: &str, id: &str) -> Vec<Event> {
    let first = (account.clone(), kind.to_owned(), id.to_owned(), i64::MIN, EventId::from(""));
    let found = rows.events_by_subject.range(first..);
    let found = found.take_while(|((of, k, s, _, _), _)| of == account && k == kind && s == id);
    found.map(|(_, event)| event.clone()).collect()
}
