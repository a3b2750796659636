//! What people said of a case, as far as every flow treats it alike.

use model::case::CaseKey;
use model::decision::{Decision, Stage};
use model::person::{PersonFact, PersonSaid};
use model::reason::{Reason, ReasonCode, ReasonKind};

/// A person dealt with this elsewhere.
#[must_use]
pub fn left(person: &[PersonFact], code: ReasonCode) -> bool {
    person
        .iter()
        .any(|fact| matches!(&fact.said, PersonSaid::Leave { code: left } if *left == code))
}

/// A resting case whose reason a person left is closed, and attention that a person left is gone.
pub fn close_left(person: &[PersonFact], decision: &mut Decision) {
    decision.attention.retain(|reason| !left(person, reason.code));
    let can_be_left = match decision.reason.code.kind() {
        ReasonKind::NeedsPerson | ReasonKind::Waiting => true,
        ReasonKind::Settled | ReasonKind::Acting | ReasonKind::Skipped => false,
    };
    if decision.command.is_none() && can_be_left && left(person, decision.reason.code) {
        let detail = format!("dealt with by a person: {}", decision.reason.sentence());
        decision.reason = Reason::new(ReasonCode::LeftToPeople, detail);
        decision.stage = Stage::Closed;
        decision.look_at = None;
    }
}

/// Hints other cases, each once, and only when the reason is another one than at the last look: two
/// waiting cases would wake each other for ever.
pub fn hint_on_change(
    last: Option<&Reason>,
    decision: &mut Decision,
    others: impl IntoIterator<Item = CaseKey>,
) {
    decision.hints.extend(others);
    decision.hints.sort();
    decision.hints.dedup();
    if last == Some(&decision.reason) {
        decision.hints.clear();
    }
}
