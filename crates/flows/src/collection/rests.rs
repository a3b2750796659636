//! Unapplied rests of live receipts: applied when the invoice has a balance again, before any new
//! collection; one that a person un-applied is for a person (DESIGN.md section 5, Posting).

use model::command::{ApplyReceipt, CommandState, ErpWrite, Write};
use model::decision::{Decision, DocumentRole, Stage};
use model::ids::CollectionId;
use model::invoice::{Invoice, InvoiceStatus};
use model::key::Key;
use model::money::Money;
use model::payout::{KeptItem, PayoutItemKind};
use model::reason::{Reason, ReasonCode};
use model::receipt::{Application, ErpDocument, Receipt};
use model::sight::Sight;

use super::books::Books;
use super::facts::{CollectionFacts, is_collected};
use super::receipts::{item_key, live_receipts};

/// Applies the first rest that can be, or shows what differs.
pub fn next(facts: &CollectionFacts, invoice: &Invoice) -> Books {
    let mut differences = losses(facts);
    for (_, collection) in facts.readable() {
        if !is_collected(collection.status) || refund_pending(facts, &collection.id) {
            continue;
        }
        for key in live_receipts(facts, &collection.id) {
            let Some(receipt) = facts.receipt(&key) else { continue };
            match rest(facts, invoice, &key, receipt) {
                Rest::Nothing => {}
                Rest::Show(reason) => differences.push(reason),
                Rest::Apply(decision) => return Books::Only(decision),
            }
        }
    }
    Books::Complete { differences }
}

enum Rest {
    Nothing,
    Show(Reason),
    Apply(Box<Decision>),
}

fn rest(facts: &CollectionFacts, invoice: &Invoice, key: &Key, receipt: &Receipt) -> Rest {
    if model::defect!(RestNeverApplied) {
        return Rest::Nothing;
    }
    if receipt.voided {
        return Rest::Nothing;
    }
    let Some(never_applied) = never_applied(facts, key, receipt) else {
        return elsewhere(facts, invoice, receipt).map_or(Rest::Nothing, Rest::Show);
    };
    if !receipt.unapplied.is_positive() {
        return moved(facts, invoice, key, receipt).map_or(Rest::Nothing, Rest::Show);
    }
    if receipt.unapplied.minor > never_applied {
        if facts.left(ReasonCode::ReceiptUnapplied) {
            return Rest::Nothing;
        }
        let detail = format!("{} of receipt {}", receipt.unapplied, receipt.id);
        return Rest::Show(Reason::new(ReasonCode::ReceiptUnapplied, detail));
    }
    if invoice.status != InvoiceStatus::Open || !invoice.due.is_positive() {
        if facts.left(ReasonCode::AmountChanged) {
            return Rest::Nothing;
        }
        let detail = format!("{} stays unapplied on receipt {}", receipt.unapplied, receipt.id);
        return Rest::Show(Reason::new(ReasonCode::AmountChanged, detail));
    }
    let Ok(amount) = invoice.due.checked_min(receipt.unapplied) else { return Rest::Nothing };
    let write = ApplyReceipt {
        receipt: receipt.id.clone(),
        customer: receipt.customer.clone(),
        invoice: invoice.id.clone(),
        amount,
        decided_unapplied: receipt.unapplied,
        decided_due: invoice.due,
    };
    let parts = ["apply", receipt.id.as_str()];
    let nth = facts.frame.next_nth_of(&parts).to_string();
    let key = Key::new(&[parts[0], parts[1], &nth]);
    let write = Write::Erp(ErpWrite::ApplyReceipt(write));
    let decision = facts.frame.issue(Stage::Collected, key, write, Some(receipt.dated_on));
    if decision.command.is_some() {
        Rest::Apply(Box::new(decision))
    } else {
        Rest::Show(decision.reason)
    }
}

/// A receipt that no command of ours has made pays less of this invoice than what is left of it could:
/// whose money it is, those know who recorded it. What was refunded of it is left to nobody.
fn elsewhere(facts: &CollectionFacts, invoice: &Invoice, receipt: &Receipt) -> Option<Reason> {
    let open = invoice.status == InvoiceStatus::Open && invoice.due.is_positive();
    if !open || facts.left(ReasonCode::ReceiptUnapplied) {
        return None;
    }
    let others = receipt.applications.iter().filter(|one| one.invoice != invoice.id);
    let others: i64 = others.map(|one| one.amount.minor).sum();
    let missing = receipt.unapplied.minor.saturating_add(others).min(invoice.due.minor);
    let missing = Money::new(missing, receipt.amount.currency);
    missing.is_positive().then(|| {
        let detail = format!("{missing} of receipt {}, which names the payment", receipt.id);
        Reason::new(ReasonCode::ReceiptUnapplied, detail)
    })
}

/// A person took the receipt off this invoice and applied it to another one: the invoice is open, and
/// is not collected again unasked (DESIGN.md section 2, "People edit").
fn moved(
    facts: &CollectionFacts,
    invoice: &Invoice,
    key: &Key,
    receipt: &Receipt,
) -> Option<Reason> {
    let open = invoice.status == InvoiceStatus::Open && invoice.due.is_positive();
    if !open || facts.left(ReasonCode::ReceiptUnapplied) {
        return None;
    }
    let (here, elsewhere): (Vec<&Application>, Vec<&Application>) =
        receipt.applications.iter().partition(|one| one.invoice == invoice.id);
    let sum = |list: &[&Application]| list.iter().map(|one| one.amount.minor).sum::<i64>();
    let missing = applied_by_us(facts, invoice, key, receipt)? - sum(&here);
    let to = elsewhere.iter().max_by_key(|one| one.amount.minor)?;
    if missing <= 0 || sum(&elsewhere) < missing {
        return None;
    }
    let missing = Money::new(missing, receipt.amount.currency);
    let detail =
        format!("{missing} of receipt {} stands on invoice {} now", receipt.id, to.invoice);
    Some(Reason::new(ReasonCode::ReceiptUnapplied, detail))
}

/// Minor units of a receipt of ours that we applied to this invoice. `None`: we took some off again.
fn applied_by_us(
    facts: &CollectionFacts,
    invoice: &Invoice,
    key: &Key,
    receipt: &Receipt,
) -> Option<i64> {
    let mut sum = 0;
    for view in facts.frame.commands.iter().filter(|view| view.state == CommandState::Done) {
        match &view.write {
            Write::Erp(ErpWrite::RecordReceipt(write)) if view.key == *key => {
                let first = write.apply.as_ref().filter(|(to, _)| *to == invoice.id);
                sum += first.map_or(0, |(_, amount)| amount.minor);
            }
            Write::Erp(ErpWrite::ApplyReceipt(write))
                if write.receipt == receipt.id && write.invoice == invoice.id =>
            {
                sum += write.amount.minor;
            }
            Write::Erp(ErpWrite::UnapplyReceipt(write)) if write.receipt == receipt.id => {
                return None;
            }
            Write::Erp(_) | Write::Processor(_) => {}
        }
    }
    Some(sum)
}

/// Minor units of a receipt of ours that were applied to nothing by us so far. `None`: not ours.
fn never_applied(facts: &CollectionFacts, key: &Key, receipt: &Receipt) -> Option<i64> {
    let recorded = match &facts.frame.command(key)?.write {
        Write::Erp(ErpWrite::RecordReceipt(write)) => write,
        Write::Erp(_) | Write::Processor(_) => return None,
    };
    let applied_first = recorded.apply.as_ref().map_or(0, |(_, amount)| amount.minor);
    let applied_later: i64 = facts
        .frame
        .commands
        .iter()
        .filter(|view| view.state == CommandState::Done)
        .filter_map(|view| match &view.write {
            Write::Erp(ErpWrite::ApplyReceipt(write)) if write.receipt == receipt.id => {
                Some(write.amount.minor)
            }
            Write::Erp(_) | Write::Processor(_) => None,
        })
        .sum();
    Some(recorded.amount.minor - applied_first - applied_later)
}

/// A refund of this payment stands in a payout and is not booked yet: what it un-applies on the way
/// is not a person's doing. One that is booked as a loss leaves no refund document.
fn refund_pending(facts: &CollectionFacts, id: &CollectionId) -> bool {
    let refunds = facts.items.iter().filter(|kept| {
        kept.item.kind == PayoutItemKind::PaymentRefunded
            && kept.item.collection.as_ref() == Some(id)
    });
    let booked = [DocumentRole::Refund, DocumentRole::Loss];
    refunds.into_iter().any(|kept| !booked.iter().any(|role| has_document(facts, kept, *role)))
}

fn has_document(facts: &CollectionFacts, kept: &KeptItem, role: DocumentRole) -> bool {
    facts.settled.iter().any(|document| {
        document.role == role
            && document.payout == kept.payout
            && document.ordinal == kept.item.ordinal
    })
}

/// Reversals that exceeded what was left of their receipts: somebody should claim it back.
fn losses(facts: &CollectionFacts) -> Vec<Reason> {
    if facts.left(ReasonCode::LossBooked) {
        return Vec::new();
    }
    let items = facts.items.iter().filter(|kept| kept.item.kind.is_reversal());
    let lost = items.filter_map(|kept| {
        match facts.documents.get(&item_key("loss", kept)).and_then(Sight::found)? {
            ErpDocument::Journal(journal) if !journal.voided => {
                let detail = format!("item {} of payout {}", kept.item.ordinal, kept.payout);
                Some(Reason::new(ReasonCode::LossBooked, detail))
            }
            ErpDocument::Journal(_)
            | ErpDocument::Receipt(_)
            | ErpDocument::Refund(_)
            | ErpDocument::Deposit(_) => None,
        }
    });
    lost.collect()
}
