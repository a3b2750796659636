//! Payments that ended without being retried: cancelled, denied by the payer, or charged back. By us
//! or by the mandate's end a new attempt follows; else a person says so (DESIGN.md section 2).

use jiff::ToSpan;

use model::command::{CommandState, CommandView, ProcessorWrite, Write};
use model::decision::{Decision, Stage};
use model::event::Event;
use model::ids::CollectionId;
use model::invoice::{Invoice, InvoiceStatus};
use model::payment::{Collection, metadata};
use model::policy::AfterReversal;
use model::reason::{Reason, ReasonCode};

use super::annotation::retry_box;
use super::attempts::{books_open, nothing_due, waiting_for_items};
use super::create::create;
use super::facts::{Attempt, CollectionFacts, Order};

/// Causes of a cancellation by which the mandate itself ended.
const MANDATE_ENDED_CAUSES: [&str; 6] = [
    "mandate_cancelled",
    "mandate_expired",
    "mandate_failed",
    "bank_account_closed",
    "mandate_suspended_by_payer",
    "initial_one_off_payment_failed",
];

/// A bank cancels no single payment, only the mandate with all of its payments (gocardless sheet
/// section 16).
const ORIGIN_BANK: &str = "bank";

/// Minutes until the processor's event with a cause is looked for again.
const CAUSE_WAIT_MINUTES: i64 = 5;

/// Nothing is owed any more: why.
pub fn closed(invoice: &Invoice) -> Decision {
    let code = match invoice.status {
        InvoiceStatus::Voided => ReasonCode::InvoiceVoided,
        InvoiceStatus::Open | InvoiceStatus::Paid => ReasonCode::PaidOtherwise,
    };
    Decision::rest(Stage::Closed, Reason::plain(code))
}

/// The state is known, its event with the cause is not.
pub fn waiting_for_cause(facts: &CollectionFacts, id: &CollectionId) -> Decision {
    let reason = Reason::new(ReasonCode::WaitingForCause, format!("payment {id}"));
    Decision::rest(Stage::Failed, reason).at(facts.frame.now + CAUSE_WAIT_MINUTES.minutes())
}

/// A person wants a new attempt: said here, or the retry box in the ERP is ticked.
pub fn asked_for_new(facts: &CollectionFacts, invoice: &Invoice, id: &CollectionId) -> bool {
    facts.order(Some(id)) == Some(Order::Release) || retry_box(facts, invoice)
}

/// Cancelled by us or by the mandate's end: a new attempt may follow. By anybody else: a person says.
pub fn cancelled(facts: &CollectionFacts, invoice: &Invoice, collection: &Collection) -> Decision {
    let released = facts.order(Some(&collection.id)) == Some(Order::Release);
    if answered_cancel(facts, &collection.id) {
        return create(facts, invoice, released);
    }
    let Some(event) = facts.last_event(&collection.id, "cancelled") else {
        return waiting_for_cause(facts, &collection.id);
    };
    if carries_our_key(facts, &collection.id, event) {
        return create(facts, invoice, released);
    }
    let by_mandate = event.origin.as_deref() == Some(ORIGIN_BANK)
        || event.cause.as_deref().is_some_and(|cause| MANDATE_ENDED_CAUSES.contains(&cause));
    if by_mandate || model::defect!(AttemptAfterCancel) {
        create(facts, invoice, released)
    } else {
        person_first(facts, invoice, collection, ReasonCode::CancelledByPerson, true)
    }
}

/// Our cancels of the payment, whatever became of them.
fn cancels<'a>(
    facts: &'a CollectionFacts,
    id: &'a CollectionId,
) -> impl Iterator<Item = &'a CommandView> {
    facts.frame.commands.iter().filter(move |view| match &view.write {
        Write::Processor(ProcessorWrite::CancelCollection(write)) => write.collection == *id,
        Write::Processor(_) | Write::Erp(_) => false,
    })
}

/// The processor told us that our own request cancelled it.
fn answered_cancel(facts: &CollectionFacts, id: &CollectionId) -> bool {
    let answered = |view: &CommandView| {
        view.answer.as_ref().is_some_and(|made| !made.adopted || model::defect!(LostCancelOurs))
    };
    cancels(facts, id).any(|view| view.state == CommandState::Done && answered(view))
}

/// Our request was not answered, or met a cancelled payment: the event says whose request it was, and
/// unclear means a person (gocardless sheet section 30, row 11).
fn carries_our_key(facts: &CollectionFacts, id: &CollectionId, event: &Event) -> bool {
    let named = event.metadata.get(metadata::KEY);
    named.is_some_and(|key| cancels(facts, id).any(|view| view.key.as_str() == key))
}

/// The payer did not approve the payment.
pub fn denied(
    facts: &CollectionFacts,
    invoice: &Invoice,
    attempt: &Attempt,
    collection: &Collection,
) -> Decision {
    let event = facts.last_event(&collection.id, "customer_approval_denied");
    let told = event.is_some() || attempt.adopted;
    person_first(facts, invoice, collection, ReasonCode::DeniedByPayer, told)
}

/// `told`: the event of the ending is known, so that what a person says covers it.
fn person_first(
    facts: &CollectionFacts,
    invoice: &Invoice,
    collection: &Collection,
    code: ReasonCode,
    told: bool,
) -> Decision {
    if nothing_due(invoice) {
        return closed(invoice);
    }
    if told && asked_for_new(facts, invoice, &collection.id) {
        return create(facts, invoice, true);
    }
    let decision =
        Decision::rest(Stage::Failed, Reason::new(code, format!("payment {}", collection.id)));
    if told { decision } else { decision.at(facts.frame.now + CAUSE_WAIT_MINUTES.minutes()) }
}

/// By policy left open, or collected again after a waiting period or a person's release.
pub fn charged_back(
    facts: &CollectionFacts,
    invoice: &Invoice,
    attempt: &Attempt,
    collection: &Collection,
) -> Decision {
    let id = &collection.id;
    if books_open(facts, id) {
        return waiting_for_items(facts, Stage::Reversed, collection);
    }
    if nothing_due(invoice) {
        return closed(invoice);
    }
    let left_open =
        || Decision::rest(Stage::Reversed, Reason::new(ReasonCode::Reversed, "charged back"));
    let event = facts.standing_event(id, &["charged_back"], &["chargeback_cancelled"]);
    if event.is_none() && !attempt.adopted {
        return left_open().at(facts.frame.now + CAUSE_WAIT_MINUTES.minutes());
    }
    if asked_for_new(facts, invoice, id) {
        return create(facts, invoice, true);
    }
    let stopped = facts.order(Some(id)) == Some(Order::Stop);
    match (facts.frame.policy.after_chargeback, event) {
        (AfterReversal::CollectAfterDays(days), Some(event)) if !stopped => {
            let due_at = event.at + (24 * i64::from(days)).hours();
            if due_at <= facts.frame.now || model::defect!(DaysNotWaited) {
                return create(facts, invoice, false);
            }
            let detail = format!("from {} on", facts.frame.date_of(due_at));
            let reason = Reason::new(ReasonCode::RecollectScheduled, detail);
            Decision::rest(Stage::Reversed, reason).at(due_at)
        }
        (AfterReversal::CollectAfterDays(_) | AfterReversal::LeaveOpen, _) => left_open(),
    }
}
