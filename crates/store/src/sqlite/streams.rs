//! How far each stream was read, who reads it now, and the processor's events that were read.

use jiff::Timestamp;
use rusqlite::params;

use model::event::Event;
use model::ids::{AccountId, ConnectionId, EventId};

use super::tx::{Tx, json, maybe_time, micros, parsed, seconds};
use crate::api::Result;
use crate::rows::Mark;
use crate::rules::event_subject;

pub(super) fn mark(tx: &Tx<'_>, connection: &ConnectionId, stream: &str) -> Result<Mark> {
    let found = tx.one(
        "select until, completed_at, sweeps from streams where connection = ?1 and stream = ?2",
        [connection.as_str(), stream],
        |row| {
            Ok(Mark {
                until: maybe_time(row.get(0)?)?,
                completed_at: maybe_time(row.get(1)?)?,
                sweeps: row.get(2)?,
            })
        },
    )?;
    Ok(found.unwrap_or(Mark { until: None, completed_at: None, sweeps: 0 }))
}

pub(super) fn move_mark(
    tx: &Tx<'_>,
    connection: &ConnectionId,
    stream: &str,
    until: Timestamp,
    completed_at: Timestamp,
) -> Result<()> {
    tx.run(
        "insert into streams (connection, stream, until, completed_at, sweeps)
         values (?1, ?2, ?3, ?4, 1)
         on conflict (connection, stream) do update set
           until = case when streams.until > excluded.until
             then streams.until else excluded.until end,
           completed_at = case when streams.completed_at > excluded.completed_at
             then streams.completed_at else excluded.completed_at end,
           sweeps = streams.sweeps + 1",
        params![connection.as_str(), stream, micros(until), micros(completed_at)],
    )?;
    Ok(())
}

pub(super) fn lease(
    tx: &Tx<'_>,
    connection: &ConnectionId,
    stream: &str,
    worker: &str,
    lease_now: Timestamp,
    lease_seconds: u32,
) -> Result<bool> {
    let now = micros(lease_now);
    let changed = tx.run(
        "insert into streams (connection, stream, worker, lease_until)
         values (?1, ?2, ?3, ?4)
         on conflict (connection, stream) do update set
           worker = excluded.worker, lease_until = excluded.lease_until
         where streams.worker is null or streams.worker = excluded.worker
           or streams.lease_until <= ?5",
        params![connection.as_str(), stream, worker, now + seconds(lease_seconds), now],
    )?;
    Ok(changed == 1)
}

pub(super) fn unknown_events(
    tx: &Tx<'_>,
    account: &AccountId,
    ids: &[EventId],
) -> Result<Vec<EventId>> {
    let mut unknown = Vec::new();
    for id in ids {
        let known = "select 1 from events where account = ?1 and id = ?2";
        let known =
            tx.one(known, [account.as_str(), id.as_str()], |row| Ok(row.get::<_, i64>(0)?))?;
        if known.is_none() {
            unknown.push(id.clone());
        }
    }
    Ok(unknown)
}

pub(super) fn put_events(tx: &Tx<'_>, account: &AccountId, events: &[Event]) -> Result<()> {
    for event in events {
        let (kind, subject) = event_subject(&event.subject);
        tx.run(
            "insert into events (account, id, at, kind, subject, body)
             values (?1, ?2, ?3, ?4, ?5, ?6)
             on conflict (account, id) do nothing",
            params![
                account.as_str(),
                event.id.as_str(),
                micros(event.at),
                kind,
                subject,
                json(event)?
            ],
        )?;
    }
    Ok(())
}

pub(super) fn events_of(
    tx: &Tx<'_>,
    account: &AccountId,
    kind: &str,
    id: &str,
) -> Result<Vec<Event>> {
    tx.all(
        "select body from events where account = ?1 and kind = ?2 and subject = ?3
         order by at, id",
        [account.as_str(), kind, id],
        |row| parsed(&row.get::<_, String>(0)?, "event"),
    )
}
