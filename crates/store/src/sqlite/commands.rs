//! Commands: how a decided one is stored, and what a look settles about those that were open. The
//! rules of a key's content are here: only a command of which every send was certainly without
//! effect may get other content (DESIGN.md section 2, "Keys").

use std::collections::BTreeSet;

use aws_lc_rs::digest;
use rusqlite::{Row, params};
use serde_json::{Value, json};

use model::case::Actor;
use model::command::{CommandState, CommandView, ProcessorWrite, Write, WriteAnswer};
use model::ids::{AccountId, ConnectionId, LinkId};
use model::key::Key;

use super::locks::{self, Asker};
use super::tx::{Tx, json, maybe_time, micros, parsed, refused, time};
use super::{audit, cases};
use crate::api::{Result, StoreError};
use crate::rows::{CaseId, CommandRow, LookResult, NewCommand, Settle};

/// What the rules need of a stored command.
pub(super) struct Stored {
    pub(super) case: CaseId,
    pub(super) state: CommandState,
    /// A send of it may have had an effect that nobody has seen.
    pub(super) maybe_sent: bool,
    pub(super) sends: u32,
    pub(super) actor: Actor,
    locks: BTreeSet<String>,
    write: Write,
    settled_seq: Option<i64>,
}

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

impl Stored {
    /// It may have had an effect, or may still have one.
    fn is_open(&self) -> bool {
        self.maybe_sent || matches!(self.state, CommandState::InFlight | CommandState::Watched)
    }

    /// Every lock of its list is held.
    pub(super) fn is_locked(&self, tx: &Tx<'_>, key: &Key) -> Result<bool> {
        Ok(locks::held(tx, key)?.is_superset(&self.locks))
    }
}

pub(super) fn state_word(state: CommandState) -> &'static str {
    match state {
        CommandState::Intended => "intended",
        CommandState::InFlight => "in_flight",
        CommandState::Done => "done",
        CommandState::Rejected => "rejected",
        CommandState::Watched => "watched",
        CommandState::Ended => "ended",
    }
}

fn state_of(word: &str) -> Result<CommandState> {
    STATES
        .into_iter()
        .find(|state| state_word(*state) == word)
        .ok_or_else(|| StoreError::Broken(format!("\"{word}\" is not a state of a command")))
}

pub(super) const STATES: [CommandState; 6] = [
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
    let Some(next) = next_state(look, new, stored.as_ref())? else { return Ok(None) };
    let mut wanted: BTreeSet<String> = new.locks.iter().cloned().collect();
    if let Some(stored) = stored.as_ref().filter(|stored| stored.is_open()) {
        // What may have happened touched the documents of the earlier list.
        wanted.extend(stored.locks.iter().cloned());
    }
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

/// The state that the command of a look gets. `None`: its outcome became known during the look,
/// which is nobody's mistake; it stays as it is, and will not be sent.
fn next_state(
    look: &LookResult,
    new: &NewCommand,
    stored: Option<&Stored>,
) -> Result<Option<CommandState>> {
    let key = &new.command.key;
    let Some(stored) = stored else { return Ok(Some(CommandState::Intended)) };
    if stored.case != look.case {
        return refused(format!("the key {key} belongs to another case"));
    }
    let next = match stored.state {
        CommandState::Intended | CommandState::Ended => CommandState::Intended,
        CommandState::InFlight | CommandState::Watched => CommandState::InFlight,
        CommandState::Done | CommandState::Rejected => {
            if stored.settled_seq.is_some_and(|seq| seq > look.seq) {
                return Ok(None);
            }
            return refused(format!("the command {key} is {} already", state_word(stored.state)));
        }
    };
    let changed = !new.command.write.same_intent(&stored.write);
    if stored.is_open() && changed && !model::defect!(ContentChangedUnderKey) {
        return refused(format!("the command {key} may have been sent with other content"));
    }
    Ok(Some(next))
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
            collect_currency, state, actor, decided_at)
         values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)
         on conflict (key) do update set
           link = excluded.link, connection = excluded.connection, account = excluded.account,
           name = excluded.name, write = excluded.write, locks = excluded.locks,
           collect_minor = excluded.collect_minor, collect_currency = excluded.collect_currency,
           state = excluded.state, actor = excluded.actor, answer = null, rejection = null,
           rejected_version = null, settled_seq = null,
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
        ],
    )?;
    Ok(())
}

/// History names the content by its digest: payers' data stays out of the chain, so that it can be
/// erased one day without breaking it.
fn note_intent(
    tx: &Tx<'_>,
    look: &LookResult,
    new: &NewCommand,
    state: CommandState,
) -> Result<()> {
    let content = digest::digest(&digest::SHA256, json(&new.command.write)?.as_bytes());
    let body = json!({
        "command": new.command.key,
        "write": new.command.write.name(),
        "connection": new.connection,
        "account": new.account,
        "content": hex::encode(content),
        "state": state,
    });
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

/// What history says of an answer. The link it may hold is for the payer alone.
pub(super) fn answer_note(answer: &WriteAnswer) -> Value {
    json!({ "id": answer.id, "adopted": answer.adopted })
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
    let Some(next) = settled_state(&stored, settle) else { return Ok(()) };
    let (answer, refusal, known_at) = match settle {
        Settle::Done(answer) => (Some(answer), None, Some(look.seq)),
        Settle::Refused(rejection) => (None, Some(rejection), Some(look.seq)),
        Settle::Watched | Settle::Ended | Settle::Cleared => (None, None, None),
    };
    // Every send was certainly refused: it is as if it had never been sent.
    let unsent = *settle == Settle::Cleared && !stored.maybe_sent;
    tx.run(
        "update commands set state = ?2, answer = ?3, settled_seq = ?4, rejection = ?5,
           rejected_version = null, sends = case when ?6 then 0 else sends end
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
    match next {
        CommandState::Done | CommandState::Ended => locks::free(tx, key)?,
        CommandState::Rejected if !stored.maybe_sent => locks::free(tx, key)?,
        CommandState::Intended | CommandState::InFlight => {}
        CommandState::Watched | CommandState::Rejected => {}
    }
    let body = json!({
        "command": key,
        "from": stored.state,
        "state": next,
        "answer": answer.map(answer_note),
        "rejected": refusal,
    });
    note(tx, look.case, &look.actor, "settled", &body, look.at)
}

/// The state after a settlement; `None`: it stays as it is.
fn settled_state(stored: &Stored, settle: &Settle) -> Option<CommandState> {
    use CommandState as State;
    match (settle, stored.state) {
        (Settle::Done(_), State::Done) => None,
        (Settle::Done(_), _) => Some(State::Done),
        (Settle::Refused(_), State::Intended | State::InFlight | State::Watched) => {
            Some(State::Rejected)
        }
        (Settle::Refused(_), State::Done | State::Rejected | State::Ended) => None,
        (Settle::Watched, State::InFlight) => Some(State::Watched),
        (Settle::Watched, State::Intended) if stored.maybe_sent => Some(State::Watched),
        (Settle::Watched, State::Intended) => Some(State::Ended),
        (Settle::Watched, State::Done | State::Rejected | State::Watched | State::Ended) => None,
        (Settle::Ended, State::Done | State::Ended) => None,
        (Settle::Ended, State::Intended | State::InFlight | State::Rejected | State::Watched) => {
            Some(State::Ended)
        }
        (Settle::Cleared, State::Rejected) => Some(State::Intended),
        (
            Settle::Cleared,
            State::Intended | State::InFlight | State::Done | State::Watched | State::Ended,
        ) => None,
    }
}

const COLUMNS: &str = "commands.case_id, cases.kind, cases.account, cases.subject,
    commands.connection, commands.account, commands.key, commands.write, commands.state,
    commands.answer, commands.rejection, commands.sends, commands.actor, commands.decided_at,
    commands.sent_seq, commands.last_sent_at, commands.watch_until, commands.rejected_version,
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
        rejected_version: row.get(17)?,
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
