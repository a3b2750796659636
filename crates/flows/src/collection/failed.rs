//! Failed payments: the same payment is retried, spaced by policy, for causes that time can heal;
//! one whose amount is no longer owed has ended; the rest is for a person (mission row NG9).

use jiff::{Timestamp, ToSpan};

use model::command::{CommandState, ProcessorWrite, RetryCollection, Write};
use model::decision::{Decision, Stage};
use model::event::Event;
use model::ids::CollectionId;
use model::invoice::Invoice;
use model::payment::{Collection, CollectionStatus};
use model::reason::{Reason, ReasonCode};

use super::annotation::retry_box;
use super::attempts::{books_open, differs, nothing_due, stop_automatic, waiting_for_items};
use super::create::{blocked, create, not_yet, unresolved_debit};
use super::eligibility::retriable;
use super::ended::{asked_for_new, closed, waiting_for_cause};
use super::facts::{CollectionFacts, Order};
use super::keys::first_free;

/// The most retries a processor allows for one payment (gocardless sheet section 10).
const RETRIES_MAX: u32 = 3;

/// Days within which a processor makes the retries that it announced (gocardless sheet section 6:
/// three tries in four weeks).
const PROCESSOR_RETRIES_DAYS: i64 = 28;

/// Causes of failure that time can heal: no money, or the bank gave no reason (mission row NG9).
const HEALING_CAUSES: [&str; 4] = [
    "insufficient_funds",
    "refer_to_payer",
    "daily_payment_limit_reached",
    "bank_declined_payment",
];

/// Causes after which not even a person's order retries the same payment.
const NEVER_RETRIED_CAUSES: [&str; 2] = ["mandate_cancelled", "bank_account_closed"];

/// What comes before anything else is known of a failure: the processor's own retries go off as soon
/// as the amount is no longer owed, or a person says stop.
pub fn stop_first(
    facts: &CollectionFacts,
    invoice: &Invoice,
    collection: &Collection,
) -> Option<Decision> {
    if collection.status != CollectionStatus::Failed || !collection.automatic_retry {
        return None;
    }
    let stop = facts.order(Some(&collection.id)) == Some(Order::Stop);
    (stop || differs(facts, invoice, collection)).then(|| stop_automatic(facts, collection))
}

/// The step of an invoice whose newest payment has failed.
pub fn failed(facts: &CollectionFacts, invoice: &Invoice, collection: &Collection) -> Decision {
    let id = &collection.id;
    if let Some(decision) = stop_first(facts, invoice, collection) {
        return decision;
    }
    if books_open(facts, id) {
        return waiting_for_items(facts, Stage::Reversed, collection);
    }
    if nothing_due(invoice) {
        return closed(invoice);
    }
    let used = retries_used(facts, id);
    let Some(event) = told(facts, id, used) else {
        return waiting_for_cause(facts, id);
    };
    let detail = cause_words(event.cause.as_deref());
    let by_processor_until = event.at + (24 * PROCESSOR_RETRIES_DAYS).hours();
    if will_be_retried(facts, collection, event) && facts.frame.now < by_processor_until {
        let reason = Reason::new(ReasonCode::ProcessorRetries, detail);
        return Decision::rest(Stage::Failed, reason).at(by_processor_until);
    }
    let order = facts.order(Some(id));
    if order == Some(Order::Stop) {
        let reason = Reason::new(ReasonCode::FailureFinal, "retries were stopped by a person");
        return Decision::rest(Stage::Failed, reason);
    }
    let changed = differs(facts, invoice, collection) && !model::defect!(RetryUnchecked);
    if let Some(reason) = for_a_person(facts, invoice, id, event, used, changed) {
        if asked_for_new(facts, invoice, id) {
            return create(facts, invoice, true);
        }
        return Decision::rest(Stage::Failed, reason);
    }
    if changed {
        // Its amount is no longer the balance: this attempt has ended.
        return create(facts, invoice, asked_for_new(facts, invoice, id));
    }
    let now_asked = order == Some(Order::Retry) || retry_box(facts, invoice);
    let due_at = retry_at(event.at, used, facts.frame.policy.retries.first_after_days);
    if due_at > facts.frame.now && !now_asked {
        let detail = format!("{detail}; retry on {}", facts.frame.date_of(due_at));
        let reason = Reason::new(ReasonCode::RetryScheduled, detail);
        return Decision::rest(Stage::Failed, reason).at(due_at);
    }
    retry(facts, invoice, collection, used)
}

/// The processor said so, and the mandate was not seen to have ended since: then no retry comes, and
/// no event says so.
fn will_be_retried(facts: &CollectionFacts, collection: &Collection, event: &Event) -> bool {
    let ended = facts
        .mandates
        .iter()
        .any(|mandate| mandate.id == collection.mandate && !mandate.status.usable(true));
    collection.automatic_retry && event.will_retry == Some(true) && !ended
}

/// A failure that no retry may follow by itself: its cause does not heal, or its retries are used
/// up. No new attempt either, whatever the balance is by now.
fn for_a_person(
    facts: &CollectionFacts,
    invoice: &Invoice,
    id: &CollectionId,
    event: &Event,
    used: u32,
    changed: bool,
) -> Option<Reason> {
    let cause = event.cause.as_deref().unwrap_or("");
    let detail = cause_words(event.cause.as_deref());
    let retry_said = facts.order(Some(id)) == Some(Order::Retry);
    if !HEALING_CAUSES.contains(&cause) || model::defect!(FailuresFinal) {
        let may = retry_said && used < RETRIES_MAX && !NEVER_RETRIED_CAUSES.contains(&cause);
        if !may || changed {
            return Some(Reason::new(ReasonCode::FailureFinal, detail));
        }
    }
    let now_asked = (retry_said || retry_box(facts, invoice)) && !changed;
    let used_up = used >= RETRIES_MAX || (used >= facts.frame.policy.retries.count && !now_asked);
    used_up.then(|| Reason::new(ReasonCode::RetriesUsedUp, format!("{detail}, {used} retries")))
}

fn cause_words(cause: Option<&str>) -> String {
    cause.unwrap_or("no cause named").replace('_', " ")
}

/// The event of the failure that stands now: newer than every retry, and no retry of ours is still
/// without its own event. An older failure says nothing about this one.
fn told<'a>(facts: &'a CollectionFacts, id: &'a CollectionId, used: u32) -> Option<&'a Event> {
    if facts.count_events(id, "resubmission_requested") < used {
        return None;
    }
    facts.standing_event(id, &["failed"], &["resubmission_requested"])
}

/// Retries that anyone made: the processor's own events, and commands of ours that are done already
/// (each knows how many came before it).
fn retries_used(facts: &CollectionFacts, id: &CollectionId) -> u32 {
    let by_events = facts.count_events(id, "resubmission_requested");
    let ours = facts.frame.commands.iter().filter(|view| view.state == CommandState::Done);
    let by_commands = ours.filter_map(|view| match &view.write {
        Write::Processor(ProcessorWrite::RetryCollection(write)) if write.collection == *id => {
            Some(write.retries_before.saturating_add(1))
        }
        Write::Processor(_) | Write::Erp(_) => None,
    });
    by_commands.max().map_or(by_events, |by_commands| by_commands.max(by_events))
}

/// Doubled for each retry already made.
fn retry_at(failed_at: Timestamp, used: u32, first_after_days: u32) -> Timestamp {
    let days = i64::from(first_after_days) << used.min(RETRIES_MAX);
    failed_at + (24 * days).hours()
}

/// A retry needs the reads and checks of a create, but for the mandate: it is the payment's own.
fn retry(
    facts: &CollectionFacts,
    invoice: &Invoice,
    collection: &Collection,
    used: u32,
) -> Decision {
    let id = &collection.id;
    let write = Write::Processor(ProcessorWrite::RetryCollection(RetryCollection {
        invoice: invoice.id.clone(),
        collection: id.clone(),
        retries_before: used,
        amount: collection.amount,
    }));
    let key = first_free(&facts.frame, &["retry", id.as_str()], used.saturating_add(1), |_| false);
    if model::defect!(RetryUnchecked) {
        return facts.frame.issue(Stage::Failed, key, write, None);
    }
    if let Some(decision) = unresolved_debit(facts, Stage::Failed, &key, &write) {
        return decision;
    }
    if let Some(decision) = not_yet(facts, invoice, Stage::Failed, Some(id)) {
        return decision;
    }
    if let Err(reason) = retriable(facts, invoice) {
        return blocked(facts, Stage::Failed, reason);
    }
    let usable = facts
        .mandates
        .iter()
        .any(|mandate| mandate.id == collection.mandate && mandate.status.usable(false));
    if !usable {
        if asked_for_new(facts, invoice, id) {
            return create(facts, invoice, true);
        }
        let detail = format!("mandate {} of the failed payment", collection.mandate);
        let reason = Reason::new(ReasonCode::MandateUnusable, detail);
        return Decision::rest(Stage::Failed, reason);
    }
    facts.frame.issue(Stage::Failed, key, write, None)
}
