//! What people do in the ERP: invoices come and change, periods close and open, and our documents
//! are not safe from anybody.

use jiff::ToSpan;
use serde_json::json;

use super::{BANK, Books, customers, refusals};
use crate::moves::Family;
use crate::wire::systems::Stage;
use crate::wire::systems::books::{act, invoice_of, periods, pick_invoice, pick_receipt};
use crate::wire::truth::{major, text};

/// The company's currency, and one that no link is for.
const CURRENCY: u32 = 1;
const OTHER_CURRENCY: u32 = 2;

/// One thing of this family; `None`: nothing of it happens here.
pub fn make(books: &Books, family: Family, stage: &mut Stage<'_>) -> Option<String> {
    match family {
        Family::Invoices => invoices(books, stage),
        Family::Customers => customers::make(books, stage),
        Family::Editing => editing(books, stage),
        Family::Periods => periods(books, stage),
        Family::Refusals => refusals::make(books, stage),
        Family::Bank
        | Family::Reversals
        | Family::Mandates
        | Family::Refunds
        | Family::Foreign
        | Family::Payouts
        | Family::Policies
        | Family::Orders
        | Family::SecondWorker
        | Family::Away
        | Family::Routes
        | Family::Exchange
        | Family::FailedRefunds
        | Family::Requests
        | Family::HandedOver
        | Family::Currencies
        | Family::Predecessor
        | Family::SecondLink
        | Family::Answers => None,
    }
}

fn invoices(books: &Books, stage: &mut Stage<'_>) -> Option<String> {
    match stage.random.below(13) {
        0..=3 => new_invoice(books, stage),
        12 => approval(books, stage),
        4 => {
            let invoice = pick_invoice(stage, |one| one.remaining == one.total)?;
            let amount = major(stage.random.between(1_000, 90_000));
            act(
                books,
                stage,
                &json!({"do": "edit_invoice", "invoice": invoice.id, "amount": amount}),
            )?;
            Some(format!("invoice {} is now over {amount}", invoice.id))
        }
        5 | 6 => {
            let invoice = pick_invoice(stage, |one| one.remaining > 0)?;
            let part = stage.random.between(1, invoice.remaining.max(1));
            let amount = major(if stage.random.chance(5_000) { invoice.remaining } else { part });
            let body = json!({"do": "credit_invoice", "invoice": invoice.id, "amount": amount});
            act(books, stage, &body)?;
            Some(format!("{amount} of invoice {} are credited", invoice.id))
        }
        7 => {
            let invoice = pick_invoice(stage, |one| one.remaining > 0)?;
            let part = stage.random.between(1, invoice.remaining.max(1));
            let amount = major(if stage.random.chance(6_000) { invoice.remaining } else { part });
            let body = json!({
                "do": "record_payment", "invoice": invoice.id, "amount": amount, "account": BANK,
            });
            let made = act(books, stage, &body)?;
            stage.hands.documents.insert(text(&made["id"]));
            Some(format!("{amount} of invoice {} are paid by transfer", invoice.id))
        }
        8 => {
            let invoice = pick_invoice(stage, |one| one.remaining == one.total)?;
            act(books, stage, &json!({"do": "void", "record": invoice.id}))?;
            Some(format!("invoice {} is voided", invoice.id))
        }
        9 => {
            let invoice = pick_invoice(stage, |_| true)?;
            let ticked = !invoice.ticked;
            let body = json!({
                "do": "set_field", "type": "invoice", "record": invoice.id,
                "fields": {"custbody_mlc_collect": ticked},
            });
            act(books, stage, &body)?;
            Some(format!("the box of invoice {} is set to {ticked}", invoice.id))
        }
        10 => {
            let invoice = pick_invoice(stage, |one| one.remaining > 0)?;
            let due = stage.today.saturating_add(stage.random.between(-3, 9).days());
            let body = json!({"do": "edit_invoice", "invoice": invoice.id, "due": due.to_string()});
            act(books, stage, &body)?;
            Some(format!("invoice {} is due on {due}", invoice.id))
        }
        _ => {
            let invoice = pick_invoice(stage, |one| !one.ticked)?;
            let body = json!({"do": "credit_invoice", "invoice": invoice.id, "apply": false});
            act(books, stage, &body)?;
            Some(format!("a credit that is not applied is made from invoice {}", invoice.id))
        }
    }
}

/// Approved late, or never, where the ERP wants an approval.
fn approval(books: &Books, stage: &mut Stage<'_>) -> Option<String> {
    let invoice = pick_invoice(stage, |_| true)?;
    act(books, stage, &json!({"do": "approve", "record": invoice.id}))?;
    Some(format!("invoice {} is approved", invoice.id))
}

fn new_invoice(books: &Books, stage: &mut Stage<'_>) -> Option<String> {
    let customer = stage.random.pick(stage.customers)?;
    let amount = major(stage.random.between(1_000, 90_000));
    let issued = stage.today.saturating_sub(stage.random.between(0, 9).days());
    let due = issued.saturating_add(stage.random.between(0, 12).days());
    let ticked = stage.random.chance(8_500);
    let currency = if stage.random.chance(700) { OTHER_CURRENCY } else { CURRENCY };
    let mut body = json!({
        "do": "create_invoice", "customer": customer.id, "amount": amount,
        "date": issued.to_string(), "due": due.to_string(), "currency": currency,
        "fields": {"custbody_mlc_collect": ticked},
    });
    if books.approves && stage.random.chance(8_000) {
        body["fields"]["approvalStatus"] = json!({"id": "2"});
    }
    let made = act(books, stage, &body)?;
    let id = text(&made["id"]);
    let what = format!("over {amount} in currency {currency}, due {due}, ticked {ticked}");
    Some(format!("invoice {id} of {} {what}", customer.name))
}

fn editing(books: &Books, stage: &mut Stage<'_>) -> Option<String> {
    let receipt = pick_receipt(stage)?;
    let (body, done) = match stage.random.below(4) {
        0 => (json!({"do": "void", "record": receipt.id}), "voids"),
        1 => (json!({"do": "unapply", "payment": receipt.id}), "un-applies"),
        2 => (json!({"do": "delete", "record": receipt.id}), "deletes"),
        _ => {
            let body = json!({"do": "deposit", "payments": [receipt.id], "account": BANK});
            (body, "deposits")
        }
    };
    let made = act(books, stage, &body)?;
    stage.hands.documents.insert(receipt.id.clone());
    stage.hands.documents.extend(Some(text(&made["id"])).filter(|id| !id.is_empty()));
    let invoice = invoice_of(stage, receipt);
    stage.hands.invoices.extend(invoice);
    Some(format!("somebody {done} receipt {}", receipt.id))
}
