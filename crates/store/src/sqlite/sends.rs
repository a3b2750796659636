//! Sends of commands: marked before, answered after, whoever holds the lease by then. A later
//! certain outcome says nothing about an earlier send that was unclear (DESIGN.md section 2,
//! "Unknown outcomes").

use jiff::Timestamp;
use rusqlite::params;

use model::command::{CommandState, Rejection, WriteAnswer};
use model::key::Key;

use super::commands;
use super::tx::{Tx, json, micros, refused, seconds};
use super::{cases, locks, people};
use crate::api::Result;
use crate::rows::SendOutcome;
use crate::rules::{self, Send, Stored, state_word};

pub(super) fn begin(tx: &Tx<'_>, send: &Send) -> Result<bool> {
    let Some(stored) = commands::find(tx, &send.key)? else {
        return refused(format!("there is no command {}", send.key));
    };
    let Some(unclear_before) = stored.begins() else { return Ok(false) };
    if !has_lease(tx, &stored, send)? {
        return Ok(false);
    }
    if !commands::is_locked(tx, &send.key, &stored)? {
        return refused(format!("{} does not hold its documents: save its look first", send.key));
    }
    // A watch is never cut short by a later send.
    tx.run(
        "update commands set state = 'in_flight', sends = sends + 1, maybe_sent = ?2,
           sent_seq = ?3, last_sent_at = ?4,
           watch_until = case when watch_until > ?5 then watch_until else ?5 end, heard = ?6
         where key = ?1",
        params![
            send.key.as_str(),
            unclear_before,
            send.seq,
            micros(send.at),
            micros(send.watch_until),
            people::newest_nth(tx, stored.case)?,
        ],
    )?;
    let body = rules::sent_note(&send.key, &stored);
    commands::note(tx, stored.case, &stored.actor, "sent", &body, send.at)?;
    Ok(true)
}

fn has_lease(tx: &Tx<'_>, stored: &Stored, send: &Send) -> Result<bool> {
    if model::defect!(LeaseWithoutEpoch) {
        return Ok(true);
    }
    let needed = micros(send.lease_now) + seconds(send.need_lease_seconds);
    let held = tx.one(
        "select epoch = ?2 and worker is not null and lease_until >= ?3
         from cases where id = ?1",
        params![stored.case, send.epoch, needed],
        |row| Ok(row.get::<_, Option<bool>>(0)?),
    )?;
    Ok(held.flatten().unwrap_or(false))
}

pub(super) fn finish(tx: &Tx<'_>, key: &Key, outcome: &SendOutcome, at: Timestamp) -> Result<()> {
    let Some(stored) = commands::find(tx, key)? else {
        return refused(format!("there is no command {key}"));
    };
    let next = rules::after_send(&stored, outcome);
    match outcome {
        SendOutcome::Done(answer) if stored.state != CommandState::Done => {
            write_answer(tx, key, answer)?;
        }
        SendOutcome::Rejected(rejection) if next.state == CommandState::Rejected => {
            write_rejection(tx, key, rejection)?;
        }
        // A worker may have slept between the mark and its request: the watch counts from the answer.
        SendOutcome::Unknown(_) => {
            tx.run(
                "update commands set watch_until = watch_until + max(0, ?2 - last_sent_at)
                 where key = ?1",
                params![key.as_str(), micros(at)],
            )?;
        }
        SendOutcome::Done(_)
        | SendOutcome::Rejected(_)
        | SendOutcome::NotExecuted(_)
        | SendOutcome::Stale(_) => {}
    }
    tx.run(
        "update commands set state = ?2, maybe_sent = ?3 where key = ?1",
        params![key.as_str(), state_word(next.state), next.maybe_sent],
    )?;
    if next.frees {
        locks::free(tx, key)?;
    }
    let body = rules::answered_note(key, &next, outcome);
    commands::note(tx, stored.case, &stored.actor, "answered", &body, at)?;
    match outcome {
        SendOutcome::Done(_) | SendOutcome::Rejected(_) => cases::wake(tx, stored.case, at),
        // No news: the worker that sent it says when to look again. One that lost its lease meanwhile
        // can not say any more.
        SendOutcome::NotExecuted(_) | SendOutcome::Stale(_) | SendOutcome::Unknown(_) => {
            cases::wake_idle(tx, stored.case, at)
        }
    }
}

fn write_answer(tx: &Tx<'_>, key: &Key, answer: &WriteAnswer) -> Result<()> {
    let known_at = cases::next_seq(tx)?;
    tx.run(
        "update commands set answer = ?2, settled_seq = ?3, rejection = null where key = ?1",
        params![key.as_str(), json(answer)?, known_at],
    )?;
    Ok(())
}

fn write_rejection(tx: &Tx<'_>, key: &Key, rejection: &Rejection) -> Result<()> {
    let known_at = cases::next_seq(tx)?;
    tx.run(
        "update commands set rejection = ?2, settled_seq = ?3 where key = ?1",
        params![key.as_str(), json(rejection)?, known_at],
    )?;
    Ok(())
}
