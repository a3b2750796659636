//! Refunds that were made at the processor: their payout items are booked in the ERP (mission row
//! NG15; DESIGN.md section 5, Refunds). A refund without items only tells where it stands.

pub mod facts;
pub mod returned;
pub mod take_back;
#[cfg(test)]
mod tests;

use jiff::ToSpan;
use model::case::CaseKey;
use model::decision::{Decision, DocumentRole, ItemDocument, Stage};
use model::key::Key;
use model::payment::{ProcessorRefund, RefundStatus};
use model::payout::{ItemRoute, KeptItem, PayoutItemKind};
use model::policy::Mode;
use model::reason::{Reason, ReasonCode};
use model::sight::Sight;

use crate::collection::attempts::REVERSAL_DAYS;
use crate::people::{close_left, hint_on_change, left};

pub use facts::{RefundFacts, Settlement};
use take_back::Step;

/// Decides the next step of one refund's case.
#[must_use]
pub fn decide(facts: &RefundFacts) -> Decision {
    let mut decision = decide_status(facts);
    close_left(&facts.person, &mut decision);
    if decision.command.is_none() {
        let last = facts.last_reason.as_ref();
        hint_on_change(last, &mut decision, stakeholders(facts));
    }
    decision.settled = settled(facts);
    decision
}

fn rest(stage: Stage, code: ReasonCode, detail: impl Into<String>) -> Decision {
    Decision::rest(stage, Reason::new(code, detail))
}

fn decide_status(facts: &RefundFacts) -> Decision {
    let refund = match &facts.refund {
        Sight::Found(refund) => refund,
        Sight::Missing => {
            return rest(Stage::Open, ReasonCode::RecordMissing, "the refund is gone");
        }
        Sight::Odd(why) => return rest(Stage::Open, ReasonCode::OddRecord, why.clone()),
        Sight::NotRead => return rest(Stage::Open, ReasonCode::Unavailable, ""),
    };
    if facts.collection.is_none() {
        // The payout's case books it: on suspense, or without a payment on the refunds account.
        let payment =
            refund.collection.as_ref().map_or("no payment".to_owned(), |id| id.to_string());
        return rest(Stage::Closed, ReasonCode::ForeignPayment, payment);
    }
    if facts.items.is_empty() {
        return without_items(facts, refund);
    }
    book(facts, refund)
}

/// Nothing reached a payout yet. That it takes weeks is for a person.
fn without_items(facts: &RefundFacts, refund: &ProcessorRefund) -> Decision {
    let amount = refund.amount.to_string();
    match refund.status {
        RefundStatus::Created
        | RefundStatus::PendingSubmission
        | RefundStatus::Submitted
        | RefundStatus::Paid => {}
        RefundStatus::Cancelled | RefundStatus::Bounced | RefundStatus::FundsReturned => {
            return rest(Stage::Failed, ReasonCode::RefundFailed, amount);
        }
    }
    let detail = format!("{amount} wait for the payout that takes them");
    let mut decision = rest(Stage::Open, ReasonCode::RefundOnItsWay, detail);
    let since = facts.frame.date_of(refund.created_at);
    // The payout of an older one may be of before the cut-over: nobody keeps its items.
    if facts.frame.policy.cut_over_on.is_none_or(|from| since < from) {
        return decision;
    }
    let told_from = refund.created_at + (24 * REVERSAL_DAYS).hours();
    if facts.frame.now < told_from {
        return decision.at(told_from);
    }
    let detail = format!("{amount}, since {since}");
    decision.attention.push(Reason::new(ReasonCode::ReversalWaits, detail));
    decision
}

/// Books the items one after the other.
fn book(facts: &RefundFacts, refund: &ProcessorRefund) -> Decision {
    let booked: Vec<&KeptItem> = ours(facts).collect();
    if facts.items.iter().all(|kept| facts.is_before_cut_over(kept)) {
        return match facts.frame.policy.cut_over_on {
            Some(from) => rest(Stage::Closed, ReasonCode::BeforeCutOver, from.to_string()),
            None => rest(Stage::Reversed, ReasonCode::BeforeCutOver, "no cut-over date is set"),
        };
    }
    match facts.frame.policy.mode {
        Mode::On | Mode::PostOnly => {}
        Mode::Off => return rest(Stage::Reversed, ReasonCode::LinkOff, ""),
    }
    let mut attention = Vec::new();
    let mut waiting = None;
    for kept in booked {
        let next = match kept.item.kind {
            PayoutItemKind::PaymentRefunded => match take_back::step(facts, kept) {
                Step::Done { lost } => {
                    attention.extend(lost.map(|lost| {
                        Reason::new(ReasonCode::LossBooked, format!("{lost} of {}", refund.amount))
                    }));
                    None
                }
                Step::Next(next) => Some(next),
            },
            PayoutItemKind::RefundFundsReturned => {
                let next = returned::next(facts, kept);
                if next.is_none() {
                    let detail = format!("{} came back", refund.amount);
                    attention.push(Reason::new(ReasonCode::RefundFailed, detail));
                }
                next
            }
            // Without a payment: a line of the payout's deposit. No other kind belongs to a refund.
            PayoutItemKind::Refund
            | PayoutItemKind::PaymentPaidOut
            | PayoutItemKind::PaymentFailed
            | PayoutItemKind::PaymentChargedBack
            | PayoutItemKind::ProcessorFee
            | PayoutItemKind::AppFee
            | PayoutItemKind::RevenueShare
            | PayoutItemKind::SurchargeFee => None,
        };
        match next {
            Some(next) if next.command.is_some() => {
                return Decision { attention, ..*next };
            }
            // An item that waits does not keep a later one from being booked: the deposit that it
            // waits for may itself wait for the later one.
            Some(next) => waiting = waiting.or(Some(next)),
            None => {}
        }
    }
    if let Some(waiting) = waiting {
        return Decision { attention, ..*waiting };
    }
    complete(facts, refund, attention)
}

/// Every item is booked. A refund that failed comes back with a later item.
fn complete(facts: &RefundFacts, refund: &ProcessorRefund, attention: Vec<Reason>) -> Decision {
    let came_back =
        facts.items.iter().any(|kept| kept.item.kind == PayoutItemKind::RefundFundsReturned);
    let mut decision = match refund.status {
        RefundStatus::Cancelled | RefundStatus::Bounced | RefundStatus::FundsReturned
            if !came_back =>
        {
            let detail = format!("{}, the money has not come back yet", refund.amount);
            rest(Stage::Reversed, ReasonCode::RefundFailed, detail)
        }
        RefundStatus::Created
        | RefundStatus::PendingSubmission
        | RefundStatus::Submitted
        | RefundStatus::Paid
        | RefundStatus::Cancelled
        | RefundStatus::Bounced
        | RefundStatus::FundsReturned => {
            rest(Stage::Closed, ReasonCode::Booked, refund.amount.to_string())
        }
    };
    decision.attention = attention;
    decision
}

/// Items that this case books: not those of payouts before the cut-over, nor lines of the deposit.
fn ours(facts: &RefundFacts) -> impl Iterator<Item = &KeptItem> {
    facts
        .items
        .iter()
        .filter(|kept| !facts.is_before_cut_over(kept) && kept.route != ItemRoute::DepositLine)
}

/// Which document stands for which item (promise P4).
fn settled(facts: &RefundFacts) -> Vec<ItemDocument> {
    let mut settled = Vec::new();
    for kept in &facts.items {
        let documents = [
            (DocumentRole::Refund, take_back::key("refund", kept)),
            (DocumentRole::Loss, take_back::key("loss", kept)),
            (DocumentRole::Receipt, returned::key(kept)),
        ];
        for (role, key) in documents {
            if let Some(document) = document_id(facts, &key) {
                settled.push(ItemDocument {
                    payout: kept.payout.clone(),
                    ordinal: kept.item.ordinal,
                    role,
                    key,
                    document,
                    collection: kept.item.collection.clone(),
                });
            }
        }
        let booked =
            settled.iter().any(|one| one.ordinal == kept.item.ordinal && one.payout == kept.payout);
        settled.extend(by_person(facts, kept).filter(|_| !booked));
    }
    settled
}

/// A refund whose receipt a person voided, and took over with it: nothing of ours books it.
fn by_person(facts: &RefundFacts, kept: &KeptItem) -> Option<ItemDocument> {
    let taken_over = kept.item.kind == PayoutItemKind::PaymentRefunded
        && left(&facts.person, ReasonCode::ReceiptVoided);
    let settlement = facts.standing_settlement().filter(|_| taken_over)?;
    let receipt = settlement.receipt.found().filter(|receipt| receipt.voided)?;
    Some(ItemDocument {
        payout: kept.payout.clone(),
        ordinal: kept.item.ordinal,
        role: DocumentRole::ByPerson,
        key: settlement.key.clone(),
        document: receipt.id.to_string(),
        collection: kept.item.collection.clone(),
    })
}

fn document_id(facts: &RefundFacts, key: &Key) -> Option<String> {
    let found = facts.documents.get(key).and_then(Sight::found).map(|found| found.id().to_owned());
    found.or_else(|| facts.frame.done_id(key).map(str::to_owned))
}

/// Whoever waits for this refund: the payouts of its items, and the collection.
fn stakeholders(facts: &RefundFacts) -> Vec<CaseKey> {
    let payouts =
        facts.items.iter().map(|kept| CaseKey::payout(&facts.frame.processor, &kept.payout));
    payouts.chain(facts.collection.clone()).collect()
}
