//! What the connector's fields on the invoice should say (mission row NG5). Written only when they
//! differ, never before a command that moves money, and never on invoices that nobody asked about.

use model::command::{
    AnnotateInvoice, Command, CommandState, CommandView, ErpWrite, RejectionCause, Write,
};
use model::decision::Decision;
use model::invoice::{Annotation, IntegrationStatus, Invoice, InvoiceStatus, PaymentStatus};
use model::key::Key;
use model::payment::{Collection, CollectionStatus};
use model::policy::{CollectWhich, Mode};
use model::reason::{Reason, ReasonCode, ReasonKind};

use super::eligibility;
use super::facts::CollectionFacts;
use super::keys::first_free;
use super::reversal::settled_word;

/// The longest text that goes into a field of the ERP.
const TEXT_MAX: usize = 300;

/// The most times in a row that the same text is written: once more when a person or a stale read
/// got in between. An ERP that keeps it differently is not written to for ever.
const SAME_WRITES_MAX: usize = 2;

/// The retry box is ticked, and no refusal keeps us from unticking it: a box that stays ticked would
/// ask again and again.
#[must_use]
pub fn retry_box(facts: &CollectionFacts, invoice: &Invoice) -> bool {
    let stuck = annotations(facts)
        .any(|(view, write)| view.state == CommandState::Rejected && write.clear_retry);
    invoice.retry_requested && !stuck
}

fn annotations(facts: &CollectionFacts) -> impl Iterator<Item = (&CommandView, &AnnotateInvoice)> {
    facts.frame.commands.iter().filter_map(|view| match &view.write {
        Write::Erp(ErpWrite::AnnotateInvoice(write)) => Some((view, write)),
        Write::Erp(_) | Write::Processor(_) => None,
    })
}

/// The invoice is one to be collected, by its box or by the link's choice of invoices; or it was, and the
/// fields say so.
fn asked(facts: &CollectionFacts, invoice: &Invoice) -> bool {
    let chosen = facts.frame.policy.collect != CollectWhich::Flagged
        && eligibility::wanted(facts, invoice).is_ok();
    let written = || annotations(facts).any(|(view, _)| view.state == CommandState::Done);
    invoice.flagged || !facts.attempts.is_empty() || chosen || written()
}

/// What the fields should say, if they do not.
fn wanted(
    facts: &CollectionFacts,
    invoice: &Invoice,
    decision: &Decision,
) -> Option<AnnotateInvoice> {
    if facts.gone
        || !asked(facts, invoice)
        || facts.frame.policy.mode == Mode::Off
        || facts.frame.stopped
    {
        return None;
    }
    // Over in minutes: not worth two writes on every open invoice.
    if decision.reason.code == ReasonCode::DirectoryUnread {
        return None;
    }
    let wanted = desired(facts, decision);
    let clear_retry = invoice.retry_requested && retry_over(facts, decision);
    if wanted == invoice.annotation && !clear_retry {
        return None;
    }
    Some(AnnotateInvoice { invoice: invoice.id.clone(), annotation: wanted, clear_retry })
}

/// The retry box is unticked once it had its effect, the newest attempt being live again, and when it
/// can have none: whatever ends the wait, a person ticks it again for that.
fn retry_over(facts: &CollectionFacts, decision: &Decision) -> bool {
    let Some((_, newest)) = facts.telling() else { return false };
    let no_effect = decision.command.is_none()
        && matches!(
            decision.reason.code,
            ReasonCode::MandateUnusable | ReasonCode::FailureFinal | ReasonCode::RetriesUsedUp
        );
    newest.status.live() || no_effect
}

/// The write that makes the fields true, if one is needed.
pub fn command(facts: &CollectionFacts, decision: &Decision) -> Option<Command> {
    let invoice = facts.invoice.found()?;
    let write = wanted(facts, invoice, decision)?;
    if let Some(refused) = standing_refusal(facts, &write) {
        let write = Write::Erp(ErpWrite::AnnotateInvoice(write));
        return reopened(facts, invoice, refused)
            .then(|| Command { key: refused.key.clone(), write });
    }
    if written_already(facts, &write) {
        return None;
    }
    let write = Write::Erp(ErpWrite::AnnotateInvoice(write));
    let parts = ["annotate", facts.frame.erp.as_str(), invoice.id.as_str()];
    // What was refused, or may have been written with another text, keeps its number.
    let taken = |key: &Key| {
        facts.frame.command(key).is_some_and(|view| match view.state {
            CommandState::Rejected => true,
            CommandState::Intended => view.sends > 0 && view.write != write,
            CommandState::InFlight | CommandState::Watched => view.write != write,
            CommandState::Done | CommandState::Ended => false,
        })
    };
    Some(Command { key: first_free(&facts.frame, &parts, 1, taken), write })
}

/// This very text was refused.
fn standing_refusal<'a>(
    facts: &'a CollectionFacts,
    write: &AnnotateInvoice,
) -> Option<&'a CommandView> {
    annotations(facts)
        .find(|(view, earlier)| view.state == CommandState::Rejected && *earlier == write)
        .map(|(view, _)| view)
}

/// Refused for a closed period that reads open by now.
fn reopened(facts: &CollectionFacts, invoice: &Invoice, refused: &CommandView) -> bool {
    refused.rejection.as_ref().is_some_and(|rejection| {
        rejection.cause == RejectionCause::PeriodClosed
            && facts.frame.periods.is_open(invoice.issued_on)
    })
}

/// The fields do not say what they should because the ERP refuses them: its words (promise P5).
pub fn unwritten(facts: &CollectionFacts, decision: &Decision) -> Option<Reason> {
    let invoice = facts.invoice.found()?;
    // Nobody corrects what is gone.
    if facts.gone || invoice.status == InvoiceStatus::Voided {
        return None;
    }
    let write = wanted(facts, invoice, decision)?;
    let refused = standing_refusal(facts, &write)?;
    // Once a month is closed every invoice of it would be on the list: those are written when it opens,
    // and an ERP that is set to allow it takes the fields all the same.
    let closed = refused
        .rejection
        .as_ref()
        .is_some_and(|rejection| rejection.cause == RejectionCause::PeriodClosed);
    if closed || facts.left(ReasonCode::FieldsNotWritten) {
        return None;
    }
    let words = refused.rejection.as_ref().map_or("", |rejection| rejection.words.as_str());
    Some(Reason::new(ReasonCode::FieldsNotWritten, words))
}

/// The last writes were this very one, and still the fields differ.
fn written_already(facts: &CollectionFacts, write: &AnnotateInvoice) -> bool {
    let number = |view: &CommandView| {
        view.key.as_str().rsplit('/').next().and_then(|nth| nth.parse::<u32>().ok())
    };
    let mut done: Vec<(Option<u32>, &AnnotateInvoice)> = annotations(facts)
        .filter(|(view, _)| view.state == CommandState::Done)
        .map(|(view, earlier)| (number(view), earlier))
        .collect();
    done.sort_by_key(|(nth, _)| *nth);
    done.iter().rev().take_while(|(_, earlier)| *earlier == write).count() >= SAME_WRITES_MAX
}

fn desired(facts: &CollectionFacts, decision: &Decision) -> Annotation {
    let telling = facts.telling();
    let (integration_status, integration_error) = integration(facts, decision);
    let Some((attempt, collection)) = telling else {
        return Annotation {
            integration_status: Some(integration_status),
            integration_error,
            ..Annotation::default()
        };
    };
    let (reason_code, description) = cause(facts, collection);
    Annotation {
        integration_status: Some(integration_status),
        integration_error,
        payment_status: Some(payment_status(facts, collection)),
        reason_code,
        description,
        charge_on: collection.charge_on,
        collection: Some(attempt.id.to_string()),
        mandate: Some(collection.mandate.to_string()),
        processor_account: Some(facts.processor_name.clone()),
    }
}

/// Why an invoice is not collected is written to the integration error too.
fn integration(
    facts: &CollectionFacts,
    decision: &Decision,
) -> (IntegrationStatus, Option<String>) {
    let worst = std::iter::once(&decision.reason)
        .chain(&decision.attention)
        .find(|reason| reason.code.kind() == ReasonKind::NeedsPerson);
    if let Some(reason) = worst {
        return (IntegrationStatus::Failed, Some(cut(&reason.sentence())));
    }
    let collected = !facts.attempts.is_empty();
    match decision.reason.code.kind() {
        ReasonKind::NeedsPerson => (IntegrationStatus::Failed, None),
        ReasonKind::Settled | ReasonKind::Acting => (IntegrationStatus::Processed, None),
        ReasonKind::Waiting | ReasonKind::Skipped if collected => {
            let told = matches!(
                decision.reason.code,
                ReasonCode::PeriodClosed
                    | ReasonCode::Reversed
                    | ReasonCode::Refunded
                    | ReasonCode::PartlyRefunded
            );
            let error = told.then(|| cut(&decision.reason.sentence()));
            (IntegrationStatus::Processed, error)
        }
        ReasonKind::Waiting | ReasonKind::Skipped => {
            (IntegrationStatus::Pending, Some(cut(&decision.reason.sentence())))
        }
    }
}

fn cut(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}

/// The status of the payment, refined by what exists only as events and payout items.
pub fn payment_status(facts: &CollectionFacts, collection: &Collection) -> PaymentStatus {
    let settled = reversal_settled(facts, collection);
    match collection.status {
        CollectionStatus::PendingCustomerApproval => PaymentStatus::PendingCustomerApproval,
        CollectionStatus::PendingSubmission
            if facts.last_event(&collection.id, "resubmission_requested").is_some() =>
        {
            PaymentStatus::ResubmissionRequested
        }
        CollectionStatus::PendingSubmission => PaymentStatus::PendingSubmission,
        CollectionStatus::Submitted => PaymentStatus::Submitted,
        CollectionStatus::Confirmed => PaymentStatus::Confirmed,
        CollectionStatus::PaidOut => PaymentStatus::PaidOut,
        CollectionStatus::Cancelled => PaymentStatus::Cancelled,
        CollectionStatus::CustomerApprovalDenied => PaymentStatus::CustomerApprovalDenied,
        CollectionStatus::Failed => match settled {
            Some(PaymentStatus::LateFailureSettled) => PaymentStatus::LateFailureSettled,
            Some(_) | None => PaymentStatus::Failed,
        },
        CollectionStatus::ChargedBack => match settled {
            Some(PaymentStatus::ChargebackSettled) => PaymentStatus::ChargebackSettled,
            Some(_) | None => PaymentStatus::ChargedBack,
        },
    }
}

/// The word for a reversal that is in a payout, unless the payment failed anew after that payout.
fn reversal_settled(facts: &CollectionFacts, collection: &Collection) -> Option<PaymentStatus> {
    let kept = facts.reversals(&collection.id).last()?;
    let word = settled_word(kept.item.kind)?;
    let action = match word {
        PaymentStatus::LateFailureSettled => "failed",
        PaymentStatus::ChargebackSettled
        | PaymentStatus::PendingCustomerApproval
        | PaymentStatus::PendingSubmission
        | PaymentStatus::Submitted
        | PaymentStatus::Confirmed
        | PaymentStatus::PaidOut
        | PaymentStatus::Failed
        | PaymentStatus::ResubmissionRequested
        | PaymentStatus::ChargedBack
        | PaymentStatus::Cancelled
        | PaymentStatus::CustomerApprovalDenied => "charged_back",
    };
    let event = facts.last_event(&collection.id, action);
    let anew = event.is_some_and(|event| facts.frame.date_of(event.at) > kept.arrival_on);
    (!anew).then_some(word)
}

/// Reason code and description of the failure or chargeback that stands now.
fn cause(facts: &CollectionFacts, collection: &Collection) -> (Option<String>, Option<String>) {
    let action = match collection.status {
        CollectionStatus::Failed => "failed",
        CollectionStatus::ChargedBack => "charged_back",
        CollectionStatus::Cancelled => "cancelled",
        CollectionStatus::CustomerApprovalDenied => "customer_approval_denied",
        CollectionStatus::PendingCustomerApproval
        | CollectionStatus::PendingSubmission
        | CollectionStatus::Submitted
        | CollectionStatus::Confirmed
        | CollectionStatus::PaidOut => return (None, None),
    };
    let Some(event) = facts.last_event(&collection.id, action) else { return (None, None) };
    let code = event.reason_code.clone().or_else(|| event.cause.clone());
    (code, event.description.as_deref().map(cut))
}
