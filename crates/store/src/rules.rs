//! What a store decides by itself: how commands go from state to state, and what history says of it.
//! The rules of a key's content are here: only a command of which every send was certainly without
//! effect may get other content (DESIGN.md section 2, "Keys" and "Unknown outcomes").

use std::collections::BTreeSet;

use aws_lc_rs::digest;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Value, json};

use model::case::Actor;
use model::command::{CommandState, Write, WriteAnswer};
use model::decision::Decision;
use model::event::EventSubject;
use model::key::Key;
use model::reason::ReasonKind;

use crate::api::Result;
use crate::rows::{CaseId, Connection, Link, LookResult, NewCommand, SendOutcome, Settle, Side};
use crate::values::refused;

/// What the rules need of a stored command.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) case: CaseId,
    pub(crate) state: CommandState,
    /// A send of it may have had an effect that nobody has seen.
    pub(crate) maybe_sent: bool,
    pub(crate) sends: u32,
    pub(crate) actor: Actor,
    pub(crate) locks: BTreeSet<String>,
    pub(crate) write: Write,
    pub(crate) settled_seq: Option<i64>,
}

impl Stored {
    /// It may have had an effect, or may still have one.
    fn is_open(&self) -> bool {
        self.maybe_sent || matches!(self.state, CommandState::InFlight | CommandState::Watched)
    }

    /// Whether a new send of it may begin, and then whether an earlier one was unclear.
    pub(crate) fn begins(&self) -> Option<bool> {
        match self.state {
            CommandState::Intended => Some(self.maybe_sent),
            // Sent before, and nobody knows how that ended.
            CommandState::InFlight => Some(true),
            CommandState::Done
            | CommandState::Rejected
            | CommandState::Watched
            | CommandState::Ended => None,
        }
    }
}

pub(crate) fn state_word(state: CommandState) -> &'static str {
    match state {
        CommandState::Intended => "intended",
        CommandState::InFlight => "in_flight",
        CommandState::Done => "done",
        CommandState::Rejected => "rejected",
        CommandState::Watched => "watched",
        CommandState::Ended => "ended",
    }
}

/// The locks that the command of a look needs.
pub(crate) fn wanted_locks(new: &NewCommand, stored: Option<&Stored>) -> BTreeSet<String> {
    let mut wanted: BTreeSet<String> = new.locks.iter().cloned().collect();
    if let Some(stored) = stored.filter(|stored| stored.is_open()) {
        // What may have happened touched the documents of the earlier list.
        wanted.extend(stored.locks.iter().cloned());
    }
    wanted
}

/// The state that the command of a look gets. `None`: its outcome became known during the look,
/// which is nobody's mistake; it stays as it is, and will not be sent.
pub(crate) fn next_state(
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

/// History names the content by its digest: payers' data stays out of the chain, so that it can be
/// erased one day without breaking it. `content`: the write as JSON text.
pub(crate) fn intent_note(new: &NewCommand, content: &str, state: CommandState) -> Value {
    json!({
        "command": new.command.key,
        "write": new.command.write.name(),
        "connection": new.connection,
        "account": new.account,
        "content": hex::encode(digest::digest(&digest::SHA256, content.as_bytes())),
        "state": state,
    })
}

/// What history says of an answer. The link it may hold is for the payer alone.
pub(crate) fn answer_note(answer: &WriteAnswer) -> Value {
    json!({ "id": answer.id, "adopted": answer.adopted })
}

/// The state after a settlement; `None`: it stays as it is.
pub(crate) fn settled_state(stored: &Stored, settle: &Settle) -> Option<CommandState> {
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

/// Every send was certainly refused: it is as if it had never been sent.
pub(crate) fn as_never_sent(stored: &Stored, settle: &Settle) -> bool {
    *settle == Settle::Cleared && !stored.maybe_sent
}

/// Whether a command that was settled gives its documents free.
pub(crate) fn settled_frees(stored: &Stored, next: CommandState) -> bool {
    match next {
        CommandState::Done | CommandState::Ended => true,
        CommandState::Rejected => !stored.maybe_sent,
        CommandState::Intended | CommandState::InFlight | CommandState::Watched => false,
    }
}

pub(crate) fn settled_note(
    key: &Key,
    stored: &Stored,
    next: CommandState,
    settle: &Settle,
) -> Value {
    let (answer, refusal) = match settle {
        Settle::Done(answer) => (Some(answer_note(answer)), None),
        Settle::Refused(rejection) => (None, Some(rejection)),
        Settle::Watched | Settle::Ended | Settle::Cleared => (None, None),
    };
    json!({
        "command": key,
        "from": stored.state,
        "state": next,
        "answer": answer,
        "rejected": refusal,
    })
}

/// One send that is about to be made.
pub(crate) struct Send {
    pub(crate) key: Key,
    pub(crate) epoch: i64,
    pub(crate) seq: i64,
    pub(crate) at: Timestamp,
    pub(crate) watch_until: Timestamp,
    pub(crate) lease_now: Timestamp,
    pub(crate) need_lease_seconds: u32,
}

pub(crate) fn sent_note(key: &Key, stored: &Stored) -> Value {
    json!({ "command": key, "nth": stored.sends + 1 })
}

/// What an outcome does to a command.
pub(crate) struct Next {
    pub(crate) state: CommandState,
    pub(crate) maybe_sent: bool,
    pub(crate) frees: bool,
}

/// Done stays done, and what was given up stays given up unless it was done after all.
pub(crate) fn after_send(stored: &Stored, outcome: &SendOutcome) -> Next {
    use CommandState as State;
    let unclear = stored.maybe_sent;
    let (state, maybe_sent) = match (outcome, stored.state) {
        (_, State::Done) | (SendOutcome::Done(_), _) => (State::Done, unclear),
        (SendOutcome::Unknown(_), State::Intended | State::InFlight) => (State::InFlight, true),
        (SendOutcome::Unknown(_), state) => (state, true),
        (SendOutcome::Rejected(_), State::Ended) => (State::Ended, unclear),
        (SendOutcome::Rejected(_), State::Watched) if unclear => (State::Watched, unclear),
        (SendOutcome::Rejected(_), _) => (State::Rejected, unclear),
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
    Next { state, maybe_sent, frees: frees || model::defect!(LocksFreedEarly) }
}

pub(crate) fn answered_note(key: &Key, next: &Next, outcome: &SendOutcome) -> Value {
    json!({ "command": key, "state": next.state, "outcome": outcome_note(outcome) })
}

fn outcome_note(outcome: &SendOutcome) -> Value {
    match outcome {
        SendOutcome::Done(answer) => json!({ "done": answer_note(answer) }),
        SendOutcome::Rejected(rejection) => json!({ "rejected": rejection }),
        SendOutcome::NotExecuted(why) | SendOutcome::Stale(why) => json!({ "not_executed": why }),
        SendOutcome::Unknown(why) => json!({ "unknown": why }),
    }
}

/// What history says of a decision.
pub(crate) fn decided(decision: &Decision) -> Value {
    json!({
        "stage": decision.stage,
        "reason": decision.reason,
        "command": decision.command.as_ref().map(|command| &command.key),
        "attention": decision.attention,
    })
}

/// The items of a decision that only a person can resolve, each by its code and particulars.
pub(crate) fn items(decision: &Decision) -> BTreeSet<(&'static str, &str)> {
    let own = Some(&decision.reason).filter(|reason| match reason.code.kind() {
        ReasonKind::NeedsPerson => true,
        ReasonKind::Settled | ReasonKind::Acting | ReasonKind::Waiting | ReasonKind::Skipped => {
            false
        }
    });
    own.into_iter()
        .chain(&decision.attention)
        .map(|reason| (reason.code.code(), reason.detail.as_str()))
        .collect()
}

/// Processed deliveries that are kept, for people who want to see what came: some weeks of a busy
/// account, and no more of the payers' data than that.
pub(crate) const PROCESSED_KEPT: i64 = 10_000;

/// The subject's tag as serde writes it, and its id.
pub(crate) fn event_subject(subject: &EventSubject) -> (&'static str, &str) {
    match subject {
        EventSubject::Collection(id) => ("collection", id),
        EventSubject::Mandate(id) => ("mandate", id),
        EventSubject::Payout(id) => ("payout", id),
        EventSubject::Refund(id) => ("refund", id),
        EventSubject::MandateRequest(id) => ("mandate_request", id),
        EventSubject::Other(kind) => ("other", kind),
    }
}

/// What the trail says of a connection: secrets are named, and never held.
pub(crate) fn connection_note(
    connection: &Connection,
    secrets: &[(String, SecretString)],
) -> Value {
    let fields: Vec<&str> = secrets.iter().map(|(field, _)| field.as_str()).collect();
    let mut body = json!({ "connection": connection, "secrets": fields });
    if model::defect!(SecretInAudit) {
        use secrecy::ExposeSecret;
        body["secrets"] = secrets.iter().map(|(_, secret)| secret.expose_secret()).collect();
    }
    body
}

/// Refuses a link whose connections are not there, or not of their sides.
pub(crate) fn right_sides(link: &Link, erp: Option<Side>, processor: Option<Side>) -> Result<()> {
    let ends = [(&link.erp, Side::Erp, erp), (&link.processor, Side::Processor, processor)];
    for (id, side, found) in ends {
        match found {
            None => return refused(format!("there is no connection {id}")),
            Some(found) if found != side => {
                return refused(format!("the connection {id} is not of the side {side:?}"));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// A write of a link carries the version it was read at, 0 for a new link. The version that it gets
/// is a number that was never given out before: a link that is removed and made anew under the same
/// name is another one.
pub(crate) fn may_put(link: &Link, stored: Option<i64>) -> Result<()> {
    match stored {
        Some(_) if link.version == 0 => refused(format!("there is a link {} already", link.id)),
        None if link.version != 0 => refused(format!("there is no link {}", link.id)),
        Some(version) if version != link.version => refused(format!(
            "the link {} was changed meanwhile: version {version}, not {}",
            link.id, link.version
        )),
        Some(_) | None => Ok(()),
    }
}
