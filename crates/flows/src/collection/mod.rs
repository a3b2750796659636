//! Collections: an open invoice becomes one payment at the processor, its settlements become
//! receipts, its reversals take them back (DESIGN.md sections 2 and 5). `decide` owns the branching;
//! each rule stands in its own file.

pub mod annotation;
pub mod attempts;
pub mod books;
pub mod create;
pub mod eligibility;
pub mod ended;
pub mod facts;
pub mod failed;
pub mod keys;
pub mod predecessor;
pub mod receipts;
pub mod rests;
pub mod reversal;
pub mod suspense;
#[cfg(test)]
mod tests;
pub mod unserved;

use model::decision::{Decision, Stage};
use model::invoice::Invoice;
use model::payment::CollectionStatus;
use model::policy::Mode;
use model::reason::{Reason, ReasonCode};
use model::sight::Sight;

pub use facts::{Attempt, CollectionFacts, CustomerState, DayUse, RunUse};

/// Decides the next step of one invoice's case.
#[must_use]
pub fn decide(facts: &CollectionFacts) -> Decision {
    let mut decision = decide_money(facts);
    hold(facts, &mut decision);
    decision.settled = receipts::settled(facts);
    decision.hints.extend(receipts::payouts_to_hint(facts));
    let unwritten = annotation::unwritten(facts, &decision);
    if decision.command.is_none() {
        decision.command = annotation::command(facts, &decision);
    }
    decision.attention.extend(unwritten);
    decision
}

/// The global stop and a link that is off hold every command (mission row C13).
fn hold(facts: &CollectionFacts, decision: &mut Decision) {
    let code = match (facts.frame.stopped, facts.frame.policy.mode) {
        (true, _) => ReasonCode::Stopped,
        (false, Mode::Off) => ReasonCode::LinkOff,
        (false, Mode::PostOnly | Mode::On) => return,
    };
    if let Some(command) = decision.command.take() {
        decision.reason = Reason::new(code, format!("{} waits", command.write.name()));
        // What waits is not over.
        if decision.stage == Stage::Closed {
            decision.stage = Stage::Open;
        }
    }
}

/// An invoice that can not be read any more: nothing is concluded from that, no payment is made,
/// retried or cancelled; but what was collected is booked, unapplied, so that its payouts go on.
fn gone(facts: &CollectionFacts, invoice: &Invoice) -> Decision {
    let missing = Reason::new(ReasonCode::RecordMissing, "the invoice is gone from the ERP");
    let left = facts.left(ReasonCode::RecordMissing);
    match books::next(facts, invoice) {
        books::Books::Only(decision) | books::Books::Blocked(decision) => {
            let mut decision = *decision;
            decision.attention.extend((!left).then_some(missing));
            decision
        }
        books::Books::Complete { differences } => {
            let under_way = facts.readable().any(|(_, collection)| {
                collection.status.live() && collection.status != CollectionStatus::PaidOut
            });
            let stage = match (under_way, left) {
                (true, _) => Stage::Collecting,
                (false, true) => Stage::Closed,
                (false, false) => Stage::Open,
            };
            let mut decision = if left && !under_way {
                Decision::rest(stage, Reason::plain(ReasonCode::InvoiceVoided))
            } else {
                Decision::rest(stage, missing)
            };
            decision.attention.extend(differences);
            decision
        }
    }
}

fn decide_money(facts: &CollectionFacts) -> Decision {
    let invoice = match &facts.invoice {
        Sight::Found(invoice) => invoice,
        Sight::Missing => {
            return Decision::rest(
                Stage::Open,
                Reason::new(ReasonCode::RecordMissing, "the invoice is gone from the ERP"),
            );
        }
        Sight::Odd(why) => {
            return Decision::rest(Stage::Open, Reason::new(ReasonCode::OddRecord, why.clone()));
        }
        Sight::NotRead => {
            return Decision::rest(Stage::Open, Reason::plain(ReasonCode::Unavailable));
        }
    };
    if let Some(decision) = attempts::unreadable(facts) {
        return decision;
    }
    let mut notes = Vec::new();
    // Money that is taken twice comes before everything else.
    let created = |view: &model::command::CommandView| {
        view.write.collects() && view.state == model::command::CommandState::InFlight
    };
    let late = model::defect!(DoublesLookedForLate) && !facts.frame.commands.iter().any(created);
    match attempts::two_live(facts) {
        attempts::TwoLive::No => {}
        _ if late => {}
        attempts::TwoLive::Cancel(decision) => return *decision,
        attempts::TwoLive::Attention(reason) => notes.push(reason),
    }
    if facts.gone {
        return gone(facts, invoice);
    }
    notes.extend(predecessor::stand_for_nothing(facts, invoice));
    let mut decision = match books::next(facts, invoice) {
        books::Books::Only(decision) => *decision,
        books::Books::Complete { differences } => {
            notes.extend(differences);
            attempts::next(facts, invoice)
        }
        // A posting that waits for a period must not keep a changed amount from being cancelled,
        // but nothing new is collected while the books are incomplete.
        books::Books::Blocked(decision) => {
            attempts::take_back_only(facts, invoice).unwrap_or(*decision)
        }
    };
    decision.attention.extend(notes);
    decision
}
