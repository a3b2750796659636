//! What keeps a decision's command from being sent, or sent now: the global stop, other content under a
//! key that may have happened, sends that lead nowhere, a refusal that contradicts what is read.

use jiff::{Timestamp, ToSpan};
use model::command::{CommandState, RejectionCause, Write};
use model::decision::Stage;
use model::reason::{Reason, ReasonCode};
use ports::Guard;
use store::rows::CaseContext;

use crate::look::Looked;
use crate::step::earliest;
use crate::world::World;

/// Sends of one change whose outcome is not known; then its watch is waited for.
pub(crate) const RESENDS_MAX: u32 = 4;

/// Seconds before a write refused for a closed period is sent again although the period reads as open.
const REFUSED_AGAIN_SECONDS: i64 = 600;

/// Sends of one command that was seen to be begun; then its watch is waited for, and a person is told.
const BEGUN_SENDS_MAX: u32 = 20;

/// Hours between looks at a case whose command is committed and held.
const HELD_HOURS: i64 = 24;

/// Seconds between looks for the outcome of a command that is not known.
pub(crate) const OUTCOME_SECONDS: i64 = 20;

/// Takes the command off the decision, or puts it off, where it must not go out now.
pub(crate) fn restrain(looked: &mut Looked, context: &CaseContext, world: &World, now: Timestamp) {
    hold(looked, now);
    keep_content(looked, context, now);
    stop_resending(looked, context, world, now);
    pace(looked, context, now);
}

/// The global stop and a link that is off hold every command, queued ones too (mission row C13).
fn hold(looked: &mut Looked, now: Timestamp) {
    if (looked.off || looked.stopped) && !looked.unsent.is_empty() {
        // Committed before, and not ended while everything is held: a case that is closed otherwise
        // would never be looked at again, and its command never sent.
        looked.decision = looked.decision.clone().at(now + HELD_HOURS.hours());
    }
    let code = match (looked.stopped, looked.off) {
        (true, _) => ReasonCode::Stopped,
        (false, true) => ReasonCode::LinkOff,
        (false, false) => return,
    };
    if let Some(command) = looked.decision.command.take() {
        let detail = format!("{} waits", command.write.name());
        looked.decision.reason = Reason::new(code, detail);
        // What waits is not over.
        if looked.decision.stage == Stage::Closed {
            looked.decision.stage = Stage::Open;
        }
    }
}

/// A command that may have happened keeps its content: other content under its key waits while it is
/// watched, and is for a person after that (DESIGN.md section 2, "Keys"). A read by key that shows
/// nothing after the watch frees the same content only: it does not tell what never happened from what
/// happened and was deleted, or was moved to another customer's name, by a person.
fn keep_content(looked: &mut Looked, context: &CaseContext, now: Timestamp) {
    if model::defect!(ContentChangedUnderKey) {
        return;
    }
    let Some(command) = &looked.decision.command else { return };
    let other = context.commands.iter().find(|row| {
        let open = match row.view.state {
            CommandState::InFlight | CommandState::Watched => true,
            CommandState::Intended
            | CommandState::Done
            | CommandState::Rejected
            | CommandState::Ended => row.maybe_sent,
        };
        open && row.view.key == command.key && !command.write.same_intent(&row.view.write)
    });
    let Some(row) = other else { return };
    let over =
        row.watch_until.is_none_or(|until| until <= now) && !looked.open.contains(&row.view.key);
    if over {
        let detail = format!("{} may have been made with other content", row.view.key);
        looked.decision.reason = Reason::new(ReasonCode::OutcomeUnclear, detail);
        looked.decision.command = None;
    } else {
        wait_for_outcome(looked, now);
    }
}

fn wait_for_outcome(looked: &mut Looked, now: Timestamp) {
    let Some(command) = looked.decision.command.take() else { return };
    looked.decision.reason = Reason::new(ReasonCode::CommandInFlight, command.key.as_str());
    looked.decision = looked.decision.clone().at(now + OUTCOME_SECONDS.seconds());
}

/// A change that is guarded by the state it was decided on may find that state gone at every send,
/// and would be sent for ever: after a few it is watched to its end, and decided anew. What nothing
/// on the other side keeps from being made twice is not sent again while an earlier send may still take
/// effect. One that was seen to be begun is gone on with, as its further steps are what is missing; but
/// not for ever.
fn stop_resending(looked: &mut Looked, context: &CaseContext, world: &World, now: Timestamp) {
    let Some(command) = &looked.decision.command else { return };
    let guard = match (&command.write, &looked.erp, &looked.processor) {
        (Write::Erp(write), Some((id, _)), _) => world.erp(id).map(|erp| erp.port.guard(write)),
        (Write::Processor(write), _, Some((id, _))) => {
            world.processor(id).map(|processor| processor.port.guard(write))
        }
        (Write::Erp(_) | Write::Processor(_), _, _) => None,
    };
    let Some(row) = context.commands.iter().find(|row| row.view.key == command.key) else { return };
    let may_take_effect = row.maybe_sent && row.watch_until.is_some_and(|until| until > now);
    let begun = looked.begun.contains(&command.key);
    let waits = waits_for_outcome(guard, row.view.sends, begun, may_take_effect);
    if waits && looked.open.contains(&command.key) {
        wait_for_outcome(looked, now);
    }
}

/// Whether a command that was sent so often is not sent again before its watch is over.
fn waits_for_outcome(guard: Option<Guard>, sends: u32, begun: bool, may_take_effect: bool) -> bool {
    match guard {
        _ if begun => sends >= BEGUN_SENDS_MAX,
        Some(Guard::State) => sends >= RESENDS_MAX,
        Some(Guard::SearchOnly) => may_take_effect,
        Some(Guard::Unique | Guard::Repeatable) | None => false,
    }
}

/// A write refused for a closed period that reads as open is sent again, but not at once: the two may
/// contradict each other for good.
fn pace(looked: &mut Looked, context: &CaseContext, now: Timestamp) {
    let Some(command) = &looked.decision.command else { return };
    let refused = context
        .commands
        .iter()
        .find(|row| row.view.key == command.key && row.view.state == CommandState::Rejected);
    let cleared = looked.settle.iter().any(|(key, _)| *key == command.key);
    let Some(row) = refused.filter(|_| !cleared) else { return };
    let cause = row.view.rejection.as_ref().map(|rejection| rejection.cause);
    if cause != Some(RejectionCause::PeriodClosed) {
        return;
    }
    let next = row.last_sent_at.unwrap_or(row.decided_at) + REFUSED_AGAIN_SECONDS.seconds();
    if next <= now {
        return;
    }
    let words = row.view.rejection.as_ref().map_or("", |rejection| rejection.words.as_str());
    looked.decision.reason = Reason::new(ReasonCode::PeriodClosed, words);
    looked.decision.command = None;
    looked.decision.look_at = earliest(looked.decision.look_at, Some(next));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_leads_nowhere_is_not_sent_for_ever() {
        let (state, search, unique) = (Guard::State, Guard::SearchOnly, Guard::Unique);
        // Guard, sends, seen to be begun, may still take effect: waits.
        let table = [
            (state, 3, false, true, false),
            (state, 4, false, false, true),
            (search, 1, false, true, true),
            (search, 1, false, false, false),
            (search, 19, true, true, false),
            (search, 20, true, false, true),
            (state, 19, true, true, false),
            (unique, 99, false, true, false),
            (unique, 20, true, true, true),
        ];
        for (guard, sends, begun, may_take_effect, waits) in table {
            let told = waits_for_outcome(Some(guard), sends, begun, may_take_effect);
            assert_eq!(told, waits, "{guard:?} {sends} {begun} {may_take_effect}");
        }
    }
}
