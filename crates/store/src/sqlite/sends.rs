//! Sends of commands: marked before, answered after, whoever holds the lease by then. A later
//! certain outcome says nothing about an earlier send that was unclear (DESIGN.md section 2,
//! "Unknown outcomes").

use jiff::Timestamp;
use rusqlite::params;
use serde_json::{Value, json};

use model::command::{CommandState, Rejection, WriteAnswer};
use model::key::Key;

use super::commands::{self, Stored, answer_note, state_word};
use super::tx::{Tx, json, micros, refused, seconds};
use super::{cases, locks};
use crate::api::Result;
use crate::rows::SendOutcome;

/// One send that is about to be made.
pub(super) struct Send {
    pub(super) key: Key,
    pub(super) epoch: i64,
    pub(super) seq: i64,
    pub(super) at: Timestamp,
    pub(super) watch_until: Timestamp,
    pub(super) lease_now: Timestamp,
    pub(super) need_lease_seconds: u32,
}

pub(super) fn begin(tx: &Tx<'_>, send: &Send) -> Result<bool> {
    let Some(stored) = commands::find(tx, &send.key)? else {
        return refused(format!("there is no command {}", send.key));
    };
    let unclear_before = match stored.state {
        CommandState::Intended => stored.maybe_sent,
        // Sent before, and nobody knows how that ended.
        CommandState::InFlight => true,
        CommandState::Done
        | CommandState::Rejected
        | CommandState::Watched
        | CommandState::Ended => return Ok(false),
    };
    if !has_lease(tx, &stored, send)? {
        return Ok(false);
    }
    if !stored.is_locked(tx, &send.key)? {
        return refused(format!("{} does not hold its documents: save its look first", send.key));
    }
    // A watch is never cut short by a later send.
    tx.run(
        "update commands set state = 'in_flight', sends = sends + 1, maybe_sent = ?2,
           sent_seq = ?3, last_sent_at = ?4,
           watch_until = case when watch_until > ?5 then watch_until else ?5 end
         where key = ?1",
        params![
            send.key.as_str(),
            unclear_before,
            send.seq,
            micros(send.at),
            micros(send.watch_until)
        ],
    )?;
    let body = json!({ "command": send.key, "nth": stored.sends + 1 });
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

/// What an outcome does to a command.
struct Next {
    state: CommandState,
    maybe_sent: bool,
    frees: bool,
}

pub(super) fn finish(tx: &Tx<'_>, key: &Key, outcome: &SendOutcome, at: Timestamp) -> Result<()> {
    let Some(stored) = commands::find(tx, key)? else {
        return refused(format!("there is no command {key}"));
    };
    let next = next(&stored, outcome);
    match outcome {
        SendOutcome::Done(answer) if stored.state != CommandState::Done => {
            write_answer(tx, key, answer)?;
        }
        SendOutcome::Rejected { rejection, version } if next.state == CommandState::Rejected => {
            write_rejection(tx, key, rejection, version.as_deref())?;
        }
        SendOutcome::Done(_)
        | SendOutcome::Rejected { .. }
        | SendOutcome::NotExecuted(_)
        | SendOutcome::Stale(_)
        | SendOutcome::Unknown(_) => {}
    }
    tx.run(
        "update commands set state = ?2, maybe_sent = ?3 where key = ?1",
        params![key.as_str(), state_word(next.state), next.maybe_sent],
    )?;
    if next.frees || model::defect!(LocksFreedEarly) {
        locks::free(tx, key)?;
    }
    let body = json!({ "command": key, "state": next.state, "outcome": outcome_note(outcome) });
    commands::note(tx, stored.case, &stored.actor, "answered", &body, at)?;
    match outcome {
        SendOutcome::Done(_) | SendOutcome::Rejected { .. } => cases::wake(tx, stored.case, at),
        // No news: the worker that sent it says when to look again. One that lost its lease meanwhile
        // can not say any more.
        SendOutcome::NotExecuted(_) | SendOutcome::Stale(_) | SendOutcome::Unknown(_) => {
            cases::wake_idle(tx, stored.case, at)
        }
    }
}

/// Done stays done, and what was given up stays given up unless it was done after all.
fn next(stored: &Stored, outcome: &SendOutcome) -> Next {
    use CommandState as State;
    let unclear = stored.maybe_sent;
    let (state, maybe_sent) = match (outcome, stored.state) {
        (_, State::Done) | (SendOutcome::Done(_), _) => (State::Done, unclear),
        (SendOutcome::Unknown(_), State::Intended | State::InFlight) => (State::InFlight, true),
        (SendOutcome::Unknown(_), state) => (state, true),
        (SendOutcome::Rejected { .. }, State::Ended) => (State::Ended, unclear),
        (SendOutcome::Rejected { .. }, State::Watched) if unclear => (State::Watched, unclear),
        (SendOutcome::Rejected { .. }, _) => (State::Rejected, unclear),
        (SendOutcome::NotExecuted(_), State::Intended | State::InFlight) if unclear => {
            (State::InFlight, unclear)
        }
        (SendOutcome::Stale(_), State::Intended | State::InFlight) if unclear => {
            (State::Watched, unclear)
        }
        (
            SendOutcome::NotExecuted(_) | SendOutcome::Stale(_),
            State::Intended | State::InFlight,
        ) => (State::Intended, unclear),
        (SendOutcome::NotExecuted(_) | SendOutcome::Stale(_), State::Watched) if !unclear => {
            (State::Ended, unclear)
        }
        (SendOutcome::NotExecuted(_) | SendOutcome::Stale(_), state) => (state, unclear),
    };
    let frees = match state {
        State::Done | State::Ended => true,
        State::Intended => true,
        // An earlier send may still have its effect: its documents stay locked until the watch ends.
        State::Rejected => !maybe_sent,
        State::InFlight | State::Watched => false,
    };
    Next { state, maybe_sent, frees }
}

fn write_answer(tx: &Tx<'_>, key: &Key, answer: &WriteAnswer) -> Result<()> {
    let known_at = cases::next_seq(tx)?;
    tx.run(
        "update commands set answer = ?2, settled_seq = ?3, rejection = null,
           rejected_version = null
         where key = ?1",
        params![key.as_str(), json(answer)?, known_at],
    )?;
    Ok(())
}

fn write_rejection(
    tx: &Tx<'_>,
    key: &Key,
    rejection: &Rejection,
    version: Option<&str>,
) -> Result<()> {
    let known_at = cases::next_seq(tx)?;
    tx.run(
        "update commands set rejection = ?2, rejected_version = ?3, settled_seq = ?4
         where key = ?1",
        params![key.as_str(), json(rejection)?, version, known_at],
    )?;
    Ok(())
}

fn outcome_note(outcome: &SendOutcome) -> Value {
    match outcome {
        SendOutcome::Done(answer) => json!({ "done": answer_note(answer) }),
        SendOutcome::Rejected { rejection, version } => {
            json!({ "rejected": rejection, "version": version })
        }
        SendOutcome::NotExecuted(why) | SendOutcome::Stale(why) => json!({ "not_executed": why }),
        SendOutcome::Unknown(why) => json!({ "unknown": why }),
    }
}
