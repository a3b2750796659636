//! Attempts: at most one live payment per invoice; a new one only after the last has ended; retries
//! of the same payment otherwise (promise P1; mission rows NG9, NG14; DESIGN.md section 2, "Failed is
//! not the end").

use std::collections::BTreeSet;

use jiff::ToSpan;
use model::case::CaseKey;
use model::command::{CollectionOnly, ProcessorWrite, Write};
use model::decision::{Decision, Stage};
use model::event::Event;
use model::ids::{CollectionId, InvoiceId, PayoutId};
use model::invoice::{Invoice, InvoiceStatus};
use model::key::Key;
use model::money::Money;
use model::payment::{Collection, CollectionStatus};
use model::person::PersonSaid;
use model::policy::{AmountChanged, Mode};
use model::reason::{Reason, ReasonCode};
use model::receipt::ReceiptPlace;
use model::sight::Sight;

use super::create::create;
use super::facts::{Attempt, CollectionFacts, Order, is_collected};
use super::receipts::{balance_without, live_receipts, missing_items, stands_settled};
use super::{ended, failed, predecessor};

/// A known payment that can not be read stops the case.
pub fn unreadable(facts: &CollectionFacts) -> Option<Decision> {
    facts.attempts.iter().find_map(|attempt| {
        let reason = match &attempt.collection {
            Sight::Found(_) => return None,
            Sight::Missing => Reason::new(
                ReasonCode::OutcomeUnclear,
                format!("payment {} is gone at the processor", attempt.id),
            ),
            Sight::Odd(why) => Reason::new(ReasonCode::OddRecord, why.clone()),
            Sight::NotRead => Reason::plain(ReasonCode::Unavailable),
        };
        Some(Decision::rest(Stage::Collecting, reason))
    })
}

/// Days after which a reversal that no payout has taken is told to a person: a month's payout and a few
/// days.
pub const REVERSAL_DAYS: i64 = 35;

/// Event actions by which a payment that had ended is live again.
const REVIVING: [&str; 2] = ["resubmission_requested", "chargeback_cancelled"];

pub enum TwoLive {
    No,
    Cancel(Box<Decision>),
    Attention(Reason),
}

/// Two live payments of one invoice: our newest cancellable one goes, else a person must act. One that
/// was given back in full collects nothing.
pub fn two_live(facts: &CollectionFacts) -> TwoLive {
    let live: Vec<(&Attempt, &Collection)> =
        facts.readable().filter(|(_, collection)| facts.stands(collection)).collect();
    if live.len() < 2 {
        return TwoLive::No;
    }
    let newest_ours = live
        .iter()
        .filter(|(attempt, collection)| !attempt.adopted && collection.status.cancellable())
        .max_by_key(|(_, collection)| (collection.created_at, collection.id.clone()));
    let cancelled = newest_ours.map(|(_, collection)| cancel(facts, collection));
    match cancelled.filter(|decision| decision.command.is_some()) {
        Some(decision) => TwoLive::Cancel(Box::new(decision)),
        None if live.iter().all(|(_, collection)| left_as_double(facts, collection)) => TwoLive::No,
        // None that we may cancel, or the processor refused it.
        None => {
            let ids: Vec<&str> = live.iter().map(|(attempt, _)| attempt.id.as_str()).collect();
            TwoLive::Attention(Reason::new(ReasonCode::DoubleCollection, ids.join(", ")))
        }
    }
}

/// A person dealt with the double when this payment was live already. One that was made or came to life
/// again since then is another double.
fn left_as_double(facts: &CollectionFacts, collection: &Collection) -> bool {
    let left = facts.person.iter().rfind(|fact| {
        matches!(&fact.said, PersonSaid::Leave { code } if *code == ReasonCode::DoubleCollection)
    });
    left.is_some_and(|fact| {
        let back = |event: &Event| event.at > fact.at && REVIVING.contains(&event.action.as_str());
        collection.created_at <= fact.at && !facts.events_of(&collection.id).any(back)
    })
}

fn invoice_id(facts: &CollectionFacts) -> InvoiceId {
    facts.invoice.found().map_or_else(|| InvoiceId::new("?"), |invoice| invoice.id.clone())
}

fn cancel(facts: &CollectionFacts, collection: &Collection) -> Decision {
    let parts = ["cancel", collection.id.as_str()];
    let nth = facts.frame.next_nth_of(&parts).to_string();
    let key = Key::new(&[parts[0], parts[1], &nth]);
    let write = CollectionOnly { invoice: invoice_id(facts), collection: collection.id.clone() };
    let write = Write::Processor(ProcessorWrite::CancelCollection(write));
    facts.frame.issue(Stage::Collecting, key, write, None)
}

/// Switches the processor's own retries of a failed payment off.
pub fn stop_automatic(facts: &CollectionFacts, collection: &Collection) -> Decision {
    let parts = ["stop-retries", collection.id.as_str()];
    let nth = facts.frame.next_nth_of(&parts).to_string();
    let key = Key::new(&[parts[0], parts[1], &nth]);
    let write = CollectionOnly { invoice: invoice_id(facts), collection: collection.id.clone() };
    let write = Write::Processor(ProcessorWrite::StopAutomaticRetries(write));
    facts.frame.issue(Stage::Failed, key, write, None)
}

/// While the books are blocked: only what keeps a wrong amount from being taken.
pub fn take_back_only(facts: &CollectionFacts, invoice: &Invoice) -> Option<Decision> {
    let steps = facts.readable().filter_map(|(attempt, collection)| {
        if collection.status.live() {
            changed_amount(facts, invoice, attempt, collection)
        } else {
            failed::stop_first(facts, invoice, collection)
        }
    });
    steps.into_iter().find(|decision| decision.command.is_some())
}

/// The next step when the books are complete.
pub fn next(facts: &CollectionFacts, invoice: &Invoice) -> Decision {
    let stands = facts.readable().find(|(_, collection)| facts.stands(collection));
    let holds = || facts.readable().find(|(_, collection)| facts.holds(collection));
    let live = stands.or_else(holds);
    if let Some((attempt, collection)) = live {
        return live_attempt(facts, invoice, attempt, collection);
    }
    let Some((attempt, collection)) = facts.newest() else {
        let released = facts.order(None) == Some(Order::Release);
        return create(facts, invoice, released);
    };
    match collection.status {
        CollectionStatus::ChargedBack => ended::charged_back(facts, invoice, attempt, collection),
        CollectionStatus::Failed => failed::failed(facts, invoice, collection),
        CollectionStatus::Cancelled => ended::cancelled(facts, invoice, collection),
        CollectionStatus::CustomerApprovalDenied => {
            ended::denied(facts, invoice, attempt, collection)
        }
        CollectionStatus::PendingCustomerApproval
        | CollectionStatus::PendingSubmission
        | CollectionStatus::Submitted
        | CollectionStatus::Confirmed => live_attempt(facts, invoice, attempt, collection),
        // Not live and paid out: given back in full, and released by a person.
        CollectionStatus::PaidOut => create(facts, invoice, true),
    }
}

fn live_attempt(
    facts: &CollectionFacts,
    invoice: &Invoice,
    attempt: &Attempt,
    collection: &Collection,
) -> Decision {
    let charge = collection.charge_on.map_or_else(String::new, |on| format!("charged on {on}"));
    let rest = |stage, code, detail: &str| Decision::rest(stage, Reason::new(code, detail));
    let changed = changed_amount(facts, invoice, attempt, collection);
    if let Some(decision) = &changed
        && decision.command.is_some()
    {
        return decision.clone();
    }
    let mut decision = match collection.status {
        CollectionStatus::PendingCustomerApproval => {
            rest(Stage::Collecting, ReasonCode::ApprovalPending, collection.mandate.as_str())
        }
        CollectionStatus::Confirmed => {
            rest(Stage::Collected, ReasonCode::WaitingForPayout, collection.id.as_str())
        }
        CollectionStatus::PaidOut => paid_out(facts, invoice, collection),
        CollectionStatus::PendingSubmission
        | CollectionStatus::Submitted
        | CollectionStatus::Failed
        | CollectionStatus::Cancelled
        | CollectionStatus::CustomerApprovalDenied
        | CollectionStatus::ChargedBack => rest(Stage::Collecting, ReasonCode::AtTheBank, &charge),
    };
    decision.attention.extend(changed.map(|decision| decision.reason));
    decision
}

/// Paid out is true for the books only once the payout's item is kept.
fn paid_out(facts: &CollectionFacts, invoice: &Invoice, collection: &Collection) -> Decision {
    if !stands_settled(facts, &collection.id) || missing_items(facts, &collection.id) {
        return waiting_for_items(facts, Stage::Collected, collection);
    }
    if let Some(missing) = predecessor::receipt_missing(facts, invoice, collection) {
        return missing;
    }
    if collection.refunded.is_positive() && !nothing_due(invoice) {
        let in_full = collection.refunded.minor >= collection.amount.minor;
        let code = if in_full { ReasonCode::Refunded } else { ReasonCode::PartlyRefunded };
        let detail = format!("{} of payment {}", collection.refunded, collection.id);
        return Decision::rest(Stage::Reversed, Reason::new(code, detail));
    }
    // One that was not seen is not known to be deposited; one that is gone was left by a person.
    let deposited =
        live_receipts(facts, &collection.id).iter().all(|key| match facts.receipt(key) {
            Some(receipt) => receipt.place == ReceiptPlace::Deposited,
            None => facts.left(ReasonCode::ReceiptVoided),
        });
    let stage = if deposited { Stage::Closed } else { Stage::Collected };
    Decision::rest(stage, Reason::plain(ReasonCode::Collected))
}

/// Asks the payouts that are named anywhere to keep their items.
pub fn waiting_for_items(
    facts: &CollectionFacts,
    stage: Stage,
    collection: &Collection,
) -> Decision {
    let mut decision = if awaits_reversal(facts, collection) {
        awaiting_reversal(facts, stage, collection)
    } else {
        Decision::rest(stage, Reason::plain(ReasonCode::WaitingForItems))
    };
    let named = facts
        .events_of(&collection.id)
        .filter_map(|event| event.links.get("payout").map(String::as_str))
        .chain(collection.payout_hint.as_ref().map(PayoutId::as_str));
    let payouts: BTreeSet<&str> = named.collect();
    let cases =
        payouts.into_iter().map(|id| CaseKey::payout(&facts.frame.processor, &PayoutId::new(id)));
    decision.hints.extend(cases);
    decision
}

/// Its money was paid out and is to be taken back, by a payout that nobody has seen yet.
fn awaits_reversal(facts: &CollectionFacts, collection: &Collection) -> bool {
    let taken_back =
        matches!(collection.status, CollectionStatus::ChargedBack | CollectionStatus::Failed);
    taken_back && stands_settled(facts, &collection.id) && !missing_items(facts, &collection.id)
}

/// The books follow with the payout that takes the money (mission row NG10). That none comes for weeks
/// is for a person: the processor may be owed the money otherwise.
fn awaiting_reversal(facts: &CollectionFacts, stage: Stage, collection: &Collection) -> Decision {
    let what = format!("{} of payment {}", collection.amount, collection.id);
    let detail = format!("{what} wait for the payout that takes them");
    let mut decision = Decision::rest(stage, Reason::new(ReasonCode::WaitingForItems, detail));
    let ended = ["charged_back", "failed"];
    let ended = ended.iter().filter_map(|action| facts.last_event(&collection.id, action));
    let Some(since) = ended.map(|event| event.at).max() else { return decision };
    let told_from = since + (24 * REVERSAL_DAYS).hours();
    if facts.frame.now < told_from {
        return decision.at(told_from);
    }
    let detail = format!("{what}, since {}", facts.frame.date_of(since));
    decision.attention.push(Reason::new(ReasonCode::ReversalWaits, detail));
    decision
}

/// Failed or charged back, and what that did to the books is not known yet.
pub fn books_open(facts: &CollectionFacts, id: &CollectionId) -> bool {
    missing_items(facts, id) || stands_settled(facts, id)
}

#[must_use]
pub fn nothing_due(invoice: &Invoice) -> bool {
    invoice.status != InvoiceStatus::Open || !invoice.due.is_positive()
}

/// The payment's amount is not what the invoice owes without it.
pub fn differs(facts: &CollectionFacts, invoice: &Invoice, collection: &Collection) -> bool {
    collection.amount.currency != invoice.due.currency
        || balance_without(facts, invoice, &collection.id) != collection.amount.minor
}

/// The balance and the payment differ (mission row NG14): cancelled while that is possible, so that
/// a new attempt can follow; otherwise shown.
fn changed_amount(
    facts: &CollectionFacts,
    invoice: &Invoice,
    attempt: &Attempt,
    collection: &Collection,
) -> Option<Decision> {
    let balance = balance_without(facts, invoice, &collection.id);
    if !differs(facts, invoice, collection) {
        return None;
    }
    // Once a receipt stands for it, what is too much of it shows as the receipt's rest.
    let posted = stands_settled(facts, &collection.id)
        || is_collected(collection.status) && !live_receipts(facts, &collection.id).is_empty();
    let rest_owed = predecessor::rest_owed(facts, invoice, &collection.id);
    if posted && balance < collection.amount.minor && !rest_owed {
        return None;
    }
    // Nothing is made anew unless the link collects: then the payment stays, and is shown.
    let recreate = facts.frame.policy.amount_changed == AmountChanged::RecreateWhileCancellable
        && facts.frame.policy.mode == Mode::On;
    if recreate && !attempt.adopted && collection.status.cancellable() {
        return Some(cancel(facts, collection));
    }
    if facts.left(ReasonCode::AmountChanged) {
        return None;
    }
    let due = Money::new(balance, invoice.due.currency);
    let left = match posted && invoice.due.is_positive() {
        true => format!(": {} stay open", invoice.due),
        false => String::new(),
    };
    let detail = format!("payment {} over {}, due {due}{left}", collection.id, collection.amount);
    let reason = Reason::new(ReasonCode::AmountChanged, detail);
    Some(Decision::rest(Stage::Collecting, reason))
}
