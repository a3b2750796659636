//! Commands: how a decided one is stored, and what a look settles about those that were open.

use std::collections::BTreeSet;

use rusqlite::{Row, params};
use serde_json::Value;

use model::case::Actor;
use model::command::{CommandState, CommandView, ProcessorWrite, Write};
use model::ids::{AccountId, ConnectionId, LinkId};
use model::key::Key;

use super::locks::{self, Asker};
use super::tx::{Tx, json, maybe_time, micros, parsed, refused, time};
use super::{audit, cases, people};
use crate::api::{Result, StoreError};
use crate::rows::{CaseId, CommandRow, LookResult, NewCommand, Settle};
use crate::rules::{self, Stored, state_word};

pub(super) fn find(tx: &Tx<'_>, key: &Key) -> Result<Option<Stored>> {
    tx.one(
        "select case_id, state, maybe_sent, sends, actor, locks, write, settled_seq
         from commands where key = ?1",
        [key.as_str()],
        |row| {
            Ok(Stored {
                case: row.get(0)?,
                state: state_of(&row.get::<_, String>(1)?)?,
                maybe_sent: row.get(2)?,
                sends: row.get(3)?,
                actor: parsed(&row.get::<_, String>(4)?, "actor")?,
                locks: parsed(&row.get::<_, String>(5)?, "locks of a command")?,
                write: parsed(&row.get::<_, String>(6)?, "command")?,
                settled_seq: row.get(7)?,
            })
        },
    )
}

/// Every lock of its list is held.
pub(super) fn is_locked(tx: &Tx<'_>, key: &Key, stored: &Stored) -> Result<bool> {
    Ok(locks::held(tx, key)?.is_superset(&stored.locks))
}

fn state_of(word: &str) -> Result<CommandState> {
    STATES
        .into_iter()
        .find(|state| state_word(*state) == word)
        .ok_or_else(|| StoreError::Broken(format!("\"{word}\" is not a state of a command")))
}

const STATES: [CommandState; 6] = [
    CommandState::Intended,
    CommandState::InFlight,
    CommandState::Done,
    CommandState::Rejected,
    CommandState::Watched,
    CommandState::Ended,
];

/// Stores the command of a look. `Some`: that command's lock keeps it out, nothing is stored of it.
pub(super) fn place(tx: &Tx<'_>, look: &LookResult, new: &NewCommand) -> Result<Option<Key>> {
    let key = &new.command.key;
    let stored = find(tx, key)?;
    let Some(next) = rules::next_state(look, new, stored.as_ref())? else { return Ok(None) };
    let wanted = rules::wanted_locks(new, stored.as_ref());
    let asker = Asker { key, case: look.case, passes_own: new.passes_own_locks, at: look.at };
    if let Some(holder) = locks::blocked(tx, &asker, &wanted)? {
        return Ok(Some(holder));
    }
    write_content(tx, look, new, &wanted, next)?;
    locks::hold(tx, key, &wanted)?;
    let same = stored.is_some_and(|old| old.write == new.command.write && old.state == next);
    if !same {
        note_intent(tx, look, new, next)?;
    }
    Ok(None)
}

fn write_content(
    tx: &Tx<'_>,
    look: &LookResult,
    new: &NewCommand,
    locks: &BTreeSet<String>,
    state: CommandState,
) -> Result<()> {
    let write = &new.command.write;
    let collected = match write {
        Write::Processor(ProcessorWrite::Collect(collect)) => Some(collect.amount),
        Write::Processor(_) | Write::Erp(_) => None,
    };
    // A command that may have been sent counts for the day on which it was decided first.
    tx.run(
        "insert into commands
           (key, case_id, link, connection, account, name, write, locks, collect_minor,
            collect_currency, state, actor, decided_at, heard)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)
         on conflict (key) do update set
           link = excluded.link, connection = excluded.connection, account = excluded.account,
           name = excluded.name, write = excluded.write, locks = excluded.locks,
           collect_minor = excluded.collect_minor, collect_currency = excluded.collect_currency,
           state = excluded.state, actor = excluded.actor, answer = null, rejection = null,
           settled_seq = null, heard = excluded.heard,
           decided_at = case when excluded.state = 'intended'
             then excluded.decided_at else commands.decided_at end",
        params![
            new.command.key.as_str(),
            look.case,
            look.link.as_ref().map(LinkId::as_str),
            new.connection.as_str(),
            new.account.as_str(),
            write.name(),
            json(write)?,
            json(locks)?,
            collected.map(|amount| amount.minor),
            collected.map(|amount| amount.currency.code().to_owned()),
            state_word(state),
            json(&look.actor)?,
            micros(look.at),
            people::newest_nth(tx, look.case)?,
        ],
    )?;
    Ok(())
}

fn note_intent(
    tx: &Tx<'_>,
    look: &LookResult,
    new: &NewCommand,
    state: CommandState,
) -> Result<()> {
    let content = json(&new.command.write)?;
    let body = rules::intent_note(new, &content, state);
    note(tx, look.case, &look.actor, "intended", &body, look.at)
}

/// A history row of a command's case.
pub(super) fn note(
    tx: &Tx<'_>,
    case: CaseId,
    actor: &Actor,
    what: &str,
    body: &Value,
    at: jiff::Timestamp,
) -> Result<()> {
    let key = cases::key(tx, case)?;
    audit::append(tx, actor, Some(&key), what, body, at)
}

/// Applies what a look found out about an open command. An outcome that became known meanwhile is
/// the younger fact and stays.
pub(super) fn settle(tx: &Tx<'_>, look: &LookResult, key: &Key, settle: &Settle) -> Result<()> {
    let Some(stored) = find(tx, key)? else {
        return refused(format!("there is no command {key}"));
    };
    if stored.case != look.case {
        return refused(format!("the command {key} belongs to another case"));
    }
    let Some(next) = rules::settled_state(&stored, settle) else { return Ok(()) };
    let (answer, refusal, known_at) = match settle {
        Settle::Done(answer) => (Some(answer), None, Some(look.seq)),
        Settle::Refused(rejection) => (None, Some(rejection), Some(look.seq)),
        Settle::Watched | Settle::Ended | Settle::Cleared => (None, None, None),
    };
    let unsent = rules::as_never_sent(&stored, settle);
    tx.run(
        "update commands set state = ?2, answer = ?3, settled_seq = ?4, rejection = ?5,
           sends = case when ?6 then 0 else sends end
         where key = ?1",
        params![
            key.as_str(),
            state_word(next),
            answer.map(json).transpose()?,
            known_at,
            refusal.map(json).transpose()?,
            unsent,
        ],
    )?;
    if rules::settled_frees(&stored, next) {
        locks::free(tx, key)?;
    }
    let body = rules::settled_note(key, &stored, next, settle);
    note(tx, look.case, &look.actor, "settled", &body, look.at)
}

const COLUMNS: &str = "commands.case_id, cases.kind, cases.account, cases.subject,
    commands.connection, commands.account, commands.key, commands.write, commands.state,
    commands.answer, commands.rejection, commands.sends, commands.actor, commands.decided_at,
    commands.sent_seq, commands.last_sent_at, commands.watch_until, commands.heard,
    commands.maybe_sent";

fn command_row(row: &Row<'_>) -> Result<CommandRow> {
    let answer: Option<String> = row.get(9)?;
    let rejection: Option<String> = row.get(10)?;
    Ok(CommandRow {
        case: row.get(0)?,
        case_key: cases::key_at(row, 1)?,
        connection: ConnectionId::new(row.get::<_, String>(4)?),
        account: AccountId::new(row.get::<_, String>(5)?),
        view: CommandView {
            key: Key::from_stored(&row.get::<_, String>(6)?),
            write: parsed(&row.get::<_, String>(7)?, "command")?,
            state: state_of(&row.get::<_, String>(8)?)?,
            answer: answer.map(|text| parsed(&text, "answer")).transpose()?,
            rejection: rejection.map(|text| parsed(&text, "refusal")).transpose()?,
            sends: row.get(11)?,
        },
        actor: parsed(&row.get::<_, String>(12)?, "actor")?,
        decided_at: time(row.get(13)?)?,
        sent_seq: row.get(14)?,
        last_sent_at: maybe_time(row.get(15)?)?,
        watch_until: maybe_time(row.get(16)?)?,
        heard: row.get(17)?,
        maybe_sent: row.get(18)?,
    })
}

/// The commands of some cases (a JSON list of ids), in the order of their creation.
pub(super) fn of_cases(tx: &Tx<'_>, ids: &str) -> Result<Vec<CommandRow>> {
    let sql = format!(
        "select {COLUMNS} from commands join cases on cases.id = commands.case_id
         where commands.case_id in (select value from json_each(?1)) order by commands.id"
    );
    tx.all(&sql, [ids], command_row)
}

/// Oldest first. Each state is read by its own index, so that the many that are done cost nothing
/// when nobody asks for them.
pub(super) fn list(tx: &Tx<'_>, states: &[CommandState], limit: u32) -> Result<Vec<CommandRow>> {
    let sql = format!(
        "select {COLUMNS}, commands.id from commands join cases on cases.id = commands.case_id
         where commands.state = ?1 order by commands.id limit ?2"
    );
    let mut rows = Vec::new();
    for state in STATES.iter().filter(|state| states.is_empty() || states.contains(state)) {
        rows.extend(tx.all(&sql, params![state_word(*state), limit], |row| {
            Ok((row.get::<_, i64>(19)?, command_row(row)?))
        })?);
    }
    rows.sort_by_key(|(id, _)| *id);
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(rows.into_iter().take(limit).map(|(_, row)| row).collect())
}
