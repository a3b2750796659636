//! Commands, their sends, and the locks that they hold on outside documents.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use model::case::Actor;
use model::command::{CommandState, CommandView, Rejection, WriteAnswer};
use model::ids::{AccountId, ConnectionId, LinkId};
use model::key::Key;

use super::{Rows, Tx, cases, people, trail};
use crate::api::Result;
use crate::rows::{CaseId, CommandRow, LookResult, NewCommand, SendOutcome, Settle};
use crate::rules::{self, Send, Stored};
use crate::values::{json, maybe_time, micros, refused, seconds, time};

/// A command; times are microseconds since 1970.
#[derive(Debug, Clone)]
pub(super) struct Command {
    key: Key,
    pub(super) stored: Stored,
    pub(super) link: Option<LinkId>,
    connection: ConnectionId,
    account: AccountId,
    answer: Option<WriteAnswer>,
    rejection: Option<Rejection>,
    heard: i64,
    pub(super) decided_at: i64,
    sent_seq: Option<i64>,
    last_sent_at: Option<i64>,
    watch_until: Option<i64>,
}

impl Command {
    fn row(&self, rows: &Rows) -> Result<CommandRow> {
        let stored = &self.stored;
        Ok(CommandRow {
            case: stored.case,
            case_key: cases::key(rows, stored.case)?,
            connection: self.connection.clone(),
            account: self.account.clone(),
            view: CommandView {
                key: self.key.clone(),
                write: stored.write.clone(),
                state: stored.state,
                answer: self.answer.clone(),
                rejection: self.rejection.clone(),
                sends: stored.sends,
            },
            actor: stored.actor.clone(),
            decided_at: time(self.decided_at)?,
            sent_seq: self.sent_seq,
            last_sent_at: maybe_time(self.last_sent_at)?,
            watch_until: maybe_time(self.watch_until)?,
            heard: self.heard,
            maybe_sent: stored.maybe_sent,
        })
    }

    /// What is known of its last send is that it has no outcome.
    fn forget(&mut self) {
        self.answer = None;
        self.rejection = None;
        self.stored.settled_seq = None;
    }
}

fn find(rows: &Rows, key: &Key) -> Option<(i64, Stored)> {
    let id = *rows.commands_by_key.get(key)?;
    Some((id, rows.commands.get(&id)?.stored.clone()))
}

/// Stores the command of a look. `Some`: that command's lock keeps it out, nothing is stored of it.
pub(super) fn place(tx: &mut Tx<'_>, look: &LookResult, new: &NewCommand) -> Result<Option<Key>> {
    let key = &new.command.key;
    let found = find(tx.rows, key);
    let stored = found.as_ref().map(|(_, stored)| stored);
    let Some(next) = rules::next_state(look, new, stored)? else { return Ok(None) };
    let wanted = rules::wanted_locks(new, stored);
    if let Some(holder) = blocked(tx.rows, look, new, &wanted) {
        return Ok(Some(holder));
    }
    let same = stored.is_some_and(|old| old.write == new.command.write && old.state == next);
    write_content(tx, look, new, &wanted, next);
    hold(tx, key, &wanted);
    if !same {
        let body = rules::intent_note(new, &json(&new.command.write)?, next);
        note(tx, look.case, &look.actor, "intended", &body, look.at)?;
    }
    Ok(None)
}

fn write_content(
    tx: &mut Tx<'_>,
    look: &LookResult,
    new: &NewCommand,
    locks: &BTreeSet<String>,
    state: CommandState,
) {
    let key = &new.command.key;
    let at = micros(look.at);
    let heard = people::newest_nth(tx.rows, look.case);
    if let Some(id) = tx.rows.commands_by_key.get(key).copied() {
        tx.rows.commands.change(&id, |command| {
            command.forget();
            command.heard = heard;
            command.link.clone_from(&look.link);
            command.connection.clone_from(&new.connection);
            command.account.clone_from(&new.account);
            command.stored.write = new.command.write.clone();
            command.stored.locks.clone_from(locks);
            command.stored.actor.clone_from(&look.actor);
            command.stored.state = state;
            // One that may have been sent counts for the day on which it was decided first.
            if state == CommandState::Intended {
                command.decided_at = at;
            }
        });
        return;
    }
    let id = tx.rows.commands.last().copied().unwrap_or(0) + 1;
    let command = Command {
        key: key.clone(),
        stored: Stored {
            case: look.case,
            state,
            maybe_sent: false,
            sends: 0,
            actor: look.actor.clone(),
            locks: locks.clone(),
            write: new.command.write.clone(),
            settled_seq: None,
        },
        link: look.link.clone(),
        connection: new.connection.clone(),
        account: new.account.clone(),
        answer: None,
        rejection: None,
        heard,
        decided_at: at,
        sent_seq: None,
        last_sent_at: None,
        watch_until: None,
    };
    tx.rows.commands.put(id, command);
    tx.rows.commands_by_key.put(key.clone(), id);
    tx.rows.commands_by_case.put((look.case, id), ());
}

/// A history row of a command's case.
fn note(
    tx: &mut Tx<'_>,
    case: CaseId,
    actor: &Actor,
    what: &str,
    body: &Value,
    at: Timestamp,
) -> Result<()> {
    let key = cases::key(tx.rows, case)?;
    trail::append(tx, actor, Some(&key), what, body, at)
}

/// Applies what a look found out about an open command. An outcome that became known meanwhile is
/// the younger fact and stays.
pub(super) fn settle(tx: &mut Tx<'_>, look: &LookResult, key: &Key, settle: &Settle) -> Result<()> {
    let Some((id, stored)) = find(tx.rows, key) else {
        return refused(format!("there is no command {key}"));
    };
    if stored.case != look.case {
        return refused(format!("the command {key} belongs to another case"));
    }
    let Some(next) = rules::settled_state(&stored, settle) else { return Ok(()) };
    tx.rows.commands.change(&id, |command| {
        command.forget();
        command.stored.state = next;
        match settle {
            Settle::Done(answer) => {
                command.answer = Some(answer.clone());
                command.stored.settled_seq = Some(look.seq);
            }
            Settle::Refused(rejection) => {
                command.rejection = Some(rejection.clone());
                command.stored.settled_seq = Some(look.seq);
            }
            Settle::Watched | Settle::Ended | Settle::Cleared => {}
        }
        if rules::as_never_sent(&stored, settle) {
            command.stored.sends = 0;
        }
    });
    if rules::settled_frees(&stored, next) {
        free(tx, key);
    }
    let body = rules::settled_note(key, &stored, next, settle);
    note(tx, look.case, &look.actor, "settled", &body, look.at)
}

pub(super) fn begin(tx: &mut Tx<'_>, send: &Send) -> Result<bool> {
    let Some((id, stored)) = find(tx.rows, &send.key) else {
        return refused(format!("there is no command {}", send.key));
    };
    let Some(unclear_before) = stored.begins() else { return Ok(false) };
    if !has_lease(tx.rows, stored.case, send) {
        return Ok(false);
    }
    if !held(tx.rows, &send.key).is_superset(&stored.locks) {
        return refused(format!("{} does not hold its documents: save its look first", send.key));
    }
    let heard = people::newest_nth(tx.rows, stored.case);
    tx.rows.commands.change(&id, |command| {
        command.heard = heard;
        command.stored.state = CommandState::InFlight;
        command.stored.sends += 1;
        command.stored.maybe_sent = unclear_before;
        command.sent_seq = Some(send.seq);
        command.last_sent_at = Some(micros(send.at));
        // A watch is never cut short by a later send.
        command.watch_until = command.watch_until.max(Some(micros(send.watch_until)));
    });
    let body = rules::sent_note(&send.key, &stored);
    note(tx, stored.case, &stored.actor, "sent", &body, send.at)?;
    Ok(true)
}

fn has_lease(rows: &Rows, case: CaseId, send: &Send) -> bool {
    let needed = micros(send.lease_now) + seconds(send.need_lease_seconds);
    model::defect!(LeaseWithoutEpoch)
        || rows.cases.get(&case).is_some_and(|case| {
            case.epoch == send.epoch && case.worker.is_some() && case.lease_until >= needed
        })
}

pub(super) fn finish(
    tx: &mut Tx<'_>,
    key: &Key,
    outcome: &SendOutcome,
    at: Timestamp,
) -> Result<()> {
    let Some((id, stored)) = find(tx.rows, key) else {
        return refused(format!("there is no command {key}"));
    };
    let next = rules::after_send(&stored, outcome);
    let known = match outcome {
        SendOutcome::Done(_) => stored.state != CommandState::Done,
        SendOutcome::Rejected(_) => next.state == CommandState::Rejected,
        SendOutcome::NotExecuted(_) | SendOutcome::Stale(_) | SendOutcome::Unknown(_) => false,
    };
    let known_at = known.then(|| cases::next_seq(tx));
    tx.rows.commands.change(&id, |command| {
        command.stored.state = next.state;
        command.stored.maybe_sent = next.maybe_sent;
        if let (SendOutcome::Unknown(_), Some(sent_at)) = (outcome, command.last_sent_at) {
            // A worker may have slept between the mark and its request: the watch counts from the answer.
            let late = micros(at).saturating_sub(sent_at).max(0);
            command.watch_until = command.watch_until.map(|until| until.saturating_add(late));
        }
        if known_at.is_none() {
            return;
        }
        command.stored.settled_seq = known_at;
        match outcome {
            SendOutcome::Done(answer) => {
                command.answer = Some(answer.clone());
                command.rejection = None;
            }
            SendOutcome::Rejected(rejection) => command.rejection = Some(rejection.clone()),
            SendOutcome::NotExecuted(_) | SendOutcome::Stale(_) | SendOutcome::Unknown(_) => {}
        }
    });
    if next.frees {
        free(tx, key);
    }
    let body = rules::answered_note(key, &next, outcome);
    note(tx, stored.case, &stored.actor, "answered", &body, at)?;
    match outcome {
        SendOutcome::Done(_) | SendOutcome::Rejected(_) => cases::wake(tx, stored.case, at),
        // No news: the worker that sent it says when to look again. One that lost its lease meanwhile
        // can not say any more.
        SendOutcome::NotExecuted(_) | SendOutcome::Stale(_) | SendOutcome::Unknown(_) => {
            cases::wake_idle(tx, stored.case, at);
        }
    }
    Ok(())
}

/// The commands of a case, in the order of their creation.
pub(super) fn of_case(rows: &Rows, case: CaseId) -> Result<Vec<CommandRow>> {
    let ids = rows.commands_by_case.range((case, i64::MIN)..=(case, i64::MAX));
    ids.filter_map(|((_, id), ())| rows.commands.get(id)).map(|one| one.row(rows)).collect()
}

/// Oldest first.
pub(super) fn list(rows: &Rows, states: &[CommandState], limit: u32) -> Result<Vec<CommandRow>> {
    let wanted = |state: CommandState| states.is_empty() || states.contains(&state);
    let found = rows.commands.values().filter(|one| wanted(one.stored.state));
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    found.take(limit).map(|one| one.row(rows)).collect()
}

/// The command that keeps the asker from one of these locks, the first in their order.
fn blocked(
    rows: &Rows,
    look: &LookResult,
    new: &NewCommand,
    locks: &BTreeSet<String>,
) -> Option<Key> {
    let key = &new.command.key;
    locks.iter().find_map(|lock| {
        let first = (lock.clone(), Key::from_stored(""));
        let holders = rows.document_locks.range(first..).take_while(|((held, _), ())| held == lock);
        let ids = holders.filter(|((_, holder), ())| holder != key);
        let ids = ids.filter_map(|((_, holder), ())| rows.commands_by_key.get(holder));
        let holders = ids.filter_map(|id| Some((id, rows.commands.get(id)?)));
        let keeping = holders.filter(|(_, holder)| {
            let own = new.passes_own_locks && holder.stored.case == look.case;
            !own && !is_over(holder, micros(look.at))
        });
        keeping.min_by_key(|(id, _)| **id).map(|(_, holder)| holder.key.clone())
    })
}

/// One whose watch is over keeps nobody: watched, or refused while an earlier send was unclear.
fn is_over(holder: &Command, now: i64) -> bool {
    let watched = matches!(holder.stored.state, CommandState::Watched | CommandState::Rejected);
    watched && holder.watch_until.is_none_or(|until| until <= now)
}

/// The locks that a command holds.
fn held(rows: &Rows, key: &Key) -> BTreeSet<String> {
    let first = (key.clone(), String::new());
    let held = rows.document_locks_by_command.range(first..);
    held.take_while(|((holder, _), ())| holder == key).map(|((_, lock), ())| lock.clone()).collect()
}

/// Makes these the locks that a stored command holds, no more and no less.
fn hold(tx: &mut Tx<'_>, key: &Key, locks: &BTreeSet<String>) {
    let held = held(tx.rows, key);
    for lock in held.difference(locks) {
        tx.rows.document_locks.remove(&(lock.clone(), key.clone()));
        tx.rows.document_locks_by_command.remove(&(key.clone(), lock.clone()));
    }
    for lock in locks.difference(&held) {
        tx.rows.document_locks.put((lock.clone(), key.clone()), ());
        tx.rows.document_locks_by_command.put((key.clone(), lock.clone()), ());
    }
}

fn free(tx: &mut Tx<'_>, key: &Key) {
    hold(tx, key, &BTreeSet::new());
}
