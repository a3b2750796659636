//! Payouts: read the items once, keep them with their routes, wait for the receipts, post one
//! deposit, and prove that the bank lines add up (DESIGN.md section 5, Payout; mission row NG8).
//! `decide` owns the branching; each rule stands in its own file.

pub mod bounced;
pub mod by_hand;
pub mod compose;
pub mod deposit;
pub mod facts;
pub mod plan;
pub mod proof;
pub mod routes;
mod taken_over;
mod telling;
#[cfg(test)]
mod tests;

use jiff::ToSpan;

use model::decision::{Decision, Stage};
use model::key::Key;
use model::payout::{KeptItem, Payout, PayoutKind, PayoutStatus};
use model::policy::{Bounced, Mode};
use model::reason::{Reason, ReasonCode, ReasonKind};
use model::receipt::DocumentKind;
use model::sight::Sight;

use crate::people::{close_left, hint_on_change, left};

pub use facts::PayoutFacts;
pub use proof::{OwnDocument, OwnState, at_bank, bank_account, deposit_to_read, own_documents};
use routes::Carrier;

/// How many ids a reason names before it only counts.
const NAMED_MAX: usize = 5;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayoutDecision {
    pub decision: Decision,
    /// Items to keep: all of them when they were just read, later only those whose route is fixed
    /// by this decision. Each replaces the kept item of its ordinal.
    pub keep: Vec<KeptItem>,
    /// Keys of the payout's own documents that the next look must read (deposits, journals).
    pub read_keys: Vec<(DocumentKind, Key)>,
}

/// Hours between two looks at a payout that is booked or left to people.
const WATCH_HOURS: i64 = 24;

/// Days after its arrival for which a booked payout is looked at.
const WATCH_DAYS: i64 = 62;

/// Days after its arrival from which a payout that waits is told to a person, whatever it waits for.
const WAIT_DAYS: i64 = 7;

/// Decides the next step of one payout's case.
#[must_use]
pub fn decide(facts: &PayoutFacts) -> PayoutDecision {
    let own = own_documents(&facts.frame.commands, &facts.id, &facts.erp_documents);
    let read_keys = own.iter().map(|own| (own.kind, own.key.clone())).collect();
    let (decision, keep) = match decide_status(facts, &own) {
        Next::Keep(keep) => (kept_now(facts, &keep), keep),
        Next::Do(decision) => (*decision, Vec::new()),
    };
    PayoutDecision { decision: finish(facts, decision), keep, read_keys }
}

enum Next {
    Keep(Vec<KeptItem>),
    Do(Box<Decision>),
}

fn rest(stage: Stage, code: ReasonCode, detail: impl Into<String>) -> Next {
    Next::Do(Box::new(Decision::rest(stage, Reason::new(code, detail))))
}

/// What the payout's own status says, up to the point where its items are to be booked.
fn decide_status(facts: &PayoutFacts, own: &[OwnDocument]) -> Next {
    let payout = match &facts.payout {
        Sight::Found(payout) => payout,
        Sight::Missing => {
            return rest(Stage::Open, ReasonCode::RecordMissing, "the payout is gone");
        }
        Sight::Odd(why) => return rest(Stage::Open, ReasonCode::OddRecord, why.clone()),
        Sight::NotRead => return rest(Stage::Open, ReasonCode::Unavailable, ""),
    };
    match payout.kind {
        PayoutKind::Merchant => {}
        PayoutKind::Partner => {
            return rest(Stage::Closed, ReasonCode::PartnerPayout, payout.amount.to_string());
        }
    }
    match payout.status {
        PayoutStatus::Paid => {}
        PayoutStatus::Pending => return rest(Stage::Collecting, ReasonCode::PayoutPending, ""),
        PayoutStatus::Bounced => return Next::Do(has_bounced(facts, payout, own)),
    }
    if facts.kept.is_empty() {
        return keep_items(facts, payout);
    }
    if let Some(decision) = unbooked(facts, payout, own) {
        return Next::Do(Box::new(decision));
    }
    let released = routes::released(facts);
    if !released.is_empty() {
        return Next::Keep(released);
    }
    Next::Do(Box::new(deposit::next(facts, payout, own)))
}

fn has_bounced(facts: &PayoutFacts, payout: &Payout, own: &[OwnDocument]) -> Box<Decision> {
    if let Some(decision) = deposit::in_flight(facts, Stage::Failed) {
        return Box::new(decision);
    }
    if let Err(gone) = deposit::read_back(facts, own) {
        return gone;
    }
    let taken_back = match facts.frame.policy.bounced {
        Bounced::Hold => None,
        Bounced::Reverse => bounced::next(facts, payout, own),
    };
    Box::new(taken_back.unwrap_or_else(|| bounced::rest(facts, payout)))
}

fn keep_items(facts: &PayoutFacts, payout: &Payout) -> Next {
    let Some(items) = &facts.fresh else {
        return rest(Stage::Collected, ReasonCode::WaitingForItems, "");
    };
    let Some(arrival_on) = payout.arrival_on else {
        return rest(Stage::Collected, ReasonCode::OddRecord, "paid, but without an arrival date");
    };
    match routes::keep(facts, payout, items, arrival_on) {
        Ok(keep) if keep.is_empty() => rest(Stage::Closed, ReasonCode::Booked, "no items"),
        Ok(keep) => Next::Keep(keep),
        Err(reason) => Next::Do(Box::new(Decision::rest(Stage::Collected, reason))),
    }
}

/// Keeping is no command: the case is looked at again at once, and so is every case with a stake.
fn kept_now(facts: &PayoutFacts, keep: &[KeptItem]) -> Decision {
    let reason = Reason::new(ReasonCode::Acting, format!("keep {} items", keep.len()));
    let mut decision = Decision::rest(Stage::Collected, reason).at(facts.frame.now);
    decision.hints = facts.owners(keep.iter().map(|kept| &kept.item));
    decision
}

/// Why nothing of a paid payout is booked, if so. Its items are kept all the same: reversals in
/// later payouts rest on them.
fn unbooked(facts: &PayoutFacts, payout: &Payout, own: &[OwnDocument]) -> Option<Decision> {
    let policy = &facts.frame.policy;
    let arrival_on = facts.kept.first().map(|kept| kept.arrival_on);
    let booked_from = policy.cut_over_on;
    if booked_from.is_none_or(|from| arrival_on.is_none_or(|arrival| arrival < from)) {
        // Without a date the link may still be switched on with one that lies before the payout.
        let (stage, detail) = match booked_from {
            Some(from) => (Stage::Closed, from.to_string()),
            None => (Stage::Collected, "no cut-over date is set".to_owned()),
        };
        return Some(Decision::rest(stage, Reason::new(ReasonCode::BeforeCutOver, detail)));
    }
    match policy.mode {
        Mode::On | Mode::PostOnly => {}
        // What is booked stays booked, or left to people.
        Mode::Off if own.iter().any(|own| own.carries_lines && !own.is_gone()) => {}
        Mode::Off if left_to_people(facts) || is_booked(facts, payout, own) => {}
        Mode::Off => {
            return Some(Decision::rest(Stage::Collected, Reason::plain(ReasonCode::LinkOff)));
        }
    }
    if left_to_people(facts) || model::defect!(PayoutsLeftAlone) {
        let reason = Reason::new(ReasonCode::LeftToPeople, payout.amount.to_string());
        return Some(Decision::rest(Stage::Closed, reason));
    }
    let pending = payout.exchange.as_ref().is_some_and(|exchange| exchange.amount.is_none());
    if proof::is_exchanged(payout) && pending {
        let reason = Reason::plain(ReasonCode::ExchangeRatePending);
        return Some(Decision::rest(Stage::Collected, reason));
    }
    None
}

fn left_to_people(facts: &PayoutFacts) -> bool {
    facts.kept.iter().any(|kept| routes::carrier(facts, kept) == Carrier::People)
}

/// All of it is in the books, though no document of the payout's own need carry a line: without fees a
/// deposit is receipts alone, and what people deposited or owners booked may be all there is.
fn is_booked(facts: &PayoutFacts, payout: &Payout, own: &[OwnDocument]) -> bool {
    let decision = deposit::next(facts, payout, own);
    let booked = [ReasonCode::Booked, ReasonCode::NotProved];
    decision.command.is_none() && booked.contains(&decision.reason.code)
}

/// What a person left is closed; others are hinted only when something changed.
fn finish(facts: &PayoutFacts, mut decision: Decision) -> Decision {
    close_left(&facts.person, &mut decision);
    let told = waits_long(facts, &decision);
    decision.attention.extend(told.filter(|reason| !left(&facts.person, reason.code)));
    if decision.command.is_none() {
        hint_on_change(facts.last_reason.as_ref(), &mut decision, None);
        if decision.look_at.is_none() && watched(facts, &decision) {
            decision.look_at = Some(facts.frame.now + WATCH_HOURS.hours());
        }
    }
    decision
}

/// The money is on the bank account for days, and the books do not have it: that is for a person even
/// where the wait itself is in order (promise P5).
fn waits_long(facts: &PayoutFacts, decision: &Decision) -> Option<Reason> {
    let code = decision.reason.code;
    let waits = decision.command.is_none()
        && (code.kind() == ReasonKind::Waiting
            || matches!(code, ReasonCode::LinkOff | ReasonCode::Stopped));
    let arrival_on = facts.kept.iter().map(|kept| kept.arrival_on).max().filter(|_| waits)?;
    let told_from = arrival_on.checked_add(WAIT_DAYS.days()).ok()?;
    (facts.frame.today >= told_from).then(|| {
        let detail = format!("it arrived on {arrival_on}; {}", decision.reason.sentence());
        Reason::new(ReasonCode::PayoutWaits, detail)
    })
}

/// A payout that is booked, or left to people, is looked at once a day until its month is surely
/// closed: what people void or delete meanwhile is shown, and that it bounced, of which no event of
/// its own tells (DESIGN.md section 2, "People edit"; gocardless sheet section 14).
fn watched(facts: &PayoutFacts, decision: &Decision) -> bool {
    let arrival_on = facts.kept.iter().map(|kept| kept.arrival_on).max();
    let until = arrival_on.and_then(|on| on.checked_add(WATCH_DAYS.days()).ok());
    let rests = [ReasonCode::Booked, ReasonCode::NotProved, ReasonCode::LeftToPeople];
    rests.contains(&decision.reason.code) && until.is_some_and(|on| facts.frame.today <= on)
}

/// The first few, then how many more.
pub(crate) fn name_some(names: &[String]) -> String {
    let more = names.len().saturating_sub(NAMED_MAX);
    let named = names[..names.len() - more].join(", ");
    if more == 0 { named } else { format!("{named} and {more} more") }
}
