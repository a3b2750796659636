//! What the connector's fields on the invoice should say (mission row NG5). Written only when they
//! differ, never before a command that moves money, and never on invoices that nobody asked about.

use model::command::{AnnotateInvoice, Command, CommandState, ErpWrite, Write};
use model::decision::Decision;
use model::invoice::{Annotation, IntegrationStatus, Invoice, PaymentStatus};
use model::key::Key;
use model::payment::{Collection, CollectionStatus};
use model::policy::Mode;
use model::reason::{ReasonCode, ReasonKind};

use super::facts::CollectionFacts;
use super::reversal::settled_word;

/// The longest text that goes into a field of the ERP.
const TEXT_MAX: usize = 300;

/// The write that makes the fields true, if one is needed.
pub fn command(facts: &CollectionFacts, decision: &Decision) -> Option<Command> {
    let invoice = facts.invoice.found()?;
    let asked = invoice.flagged || !facts.attempts.is_empty();
    if !asked || facts.frame.policy.mode == Mode::Off || facts.frame.stopped {
        return None;
    }
    let wanted = desired(facts, decision);
    // The retry box is unticked once it had its effect: the newest attempt is live again.
    let clear_retry = invoice.retry_requested
        && facts.newest().is_some_and(|(_, collection)| collection.status.live());
    if wanted == invoice.annotation && !clear_retry {
        return None;
    }
    let write = Write::Erp(ErpWrite::AnnotateInvoice(AnnotateInvoice {
        invoice: invoice.id.clone(),
        annotation: wanted,
        clear_retry,
    }));
    let parts = ["annotate", facts.frame.erp.as_str(), invoice.id.as_str()];
    let refused = facts
        .frame
        .commands
        .iter()
        .any(|view| view.state == CommandState::Rejected && view.write == write);
    if refused {
        return None;
    }
    Some(Command { key: next_key(facts, invoice, &parts), write })
}

/// Refused ones keep their number, so that the next text gets a key of its own.
fn next_key(facts: &CollectionFacts, _invoice: &Invoice, parts: &[&str; 3]) -> Key {
    let head = format!("{}/", Key::new(parts));
    let closed = facts.frame.commands.iter().filter(|view| {
        view.key.as_str().starts_with(&head)
            && match view.state {
                CommandState::Done | CommandState::Rejected => true,
                CommandState::Ended => view.sends > 0,
                CommandState::Intended | CommandState::InFlight | CommandState::Watched => false,
            }
    });
    let nth = (closed.count() + 1).to_string();
    Key::new(&[parts[0], parts[1], parts[2], &nth])
}

fn desired(facts: &CollectionFacts, decision: &Decision) -> Annotation {
    let newest = facts.newest();
    let (integration_status, integration_error) = integration(facts, decision);
    let Some((attempt, collection)) = newest else {
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
            let held = decision.reason.code == ReasonCode::PeriodClosed;
            let error = held.then(|| cut(&decision.reason.sentence()));
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
    let last_reversal = facts.reversals(&collection.id).last();
    let settled = last_reversal.and_then(|kept| settled_word(kept.item.kind));
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
