//! What people do in the ERP: invoices come and change, periods close and open, and our documents
//! are not safe from anybody.

use jiff::ToSpan;
use serde_json::json;

use super::{BANK, Books, customers, ticked};
use crate::moves::Family;
use crate::wire::systems::Stage;
use crate::wire::systems::books::{act, invoice_of, periods, pick_invoice, pick_receipt};
use crate::wire::truth::{Invoice, major, text};

/// The company's currency, and one that no link is for.
const CURRENCY: &str = "GBP";
const OTHER_CURRENCY: &str = "EUR";

/// One thing of this family; `None`: nothing of it happens here.
pub fn make(books: &Books, family: Family, stage: &mut Stage<'_>) -> Option<String> {
    match family {
        Family::Invoices => invoices(books, stage),
        Family::Customers => customers::make(books, stage),
        Family::Editing => editing(books, stage),
        Family::Periods => periods(books, stage),
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
        | Family::Refusals
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

/// The whole of what an invoice owes, or a part, as text.
fn some_of(stage: &mut Stage<'_>, invoice: &Invoice) -> String {
    let part = stage.random.between(1, invoice.remaining.max(1));
    major(if stage.random.chance(5_500) { invoice.remaining } else { part })
}

/// A released invoice keeps its amount: memos change what is owed (acumatica sheet section 10).
fn invoices(books: &Books, stage: &mut Stage<'_>) -> Option<String> {
    match stage.random.below(11) {
        0..=3 => new_invoice(books, stage),
        4 | 5 => {
            let invoice = pick_invoice(stage, |one| one.remaining > 0)?;
            let amount = some_of(stage, invoice);
            let named = format!("Invoice {}", invoice.id);
            act(
                books,
                stage,
                &json!({"do": "credit_invoice", "invoice": named, "amount": amount}),
            )?;
            Some(format!("{amount} of invoice {} are credited", invoice.id))
        }
        6 => {
            let invoice = pick_invoice(stage, |one| one.remaining > 0 && !one.foreign)?;
            let amount = some_of(stage, invoice);
            let body = json!({
                "do": "record_payment", "invoice": format!("Invoice {}", invoice.id),
                "amount": amount, "cash_account": BANK,
            });
            let made = act(books, stage, &body)?;
            stage.hands.documents.insert(text(&made["ReferenceNbr"]));
            Some(format!("{amount} of invoice {} are paid by transfer", invoice.id))
        }
        7 => {
            let invoice = pick_invoice(stage, |one| one.remaining == one.total)?;
            let named = format!("Invoice {}", invoice.id);
            act(books, stage, &json!({"do": "credit_invoice", "invoice": named}))?;
            act(books, stage, &json!({"do": "status", "invoice": named, "status": "Canceled"}))?;
            Some(format!("invoice {} is cancelled", invoice.id))
        }
        8 => {
            let invoice = pick_invoice(stage, |_| true)?;
            let wanted = !invoice.ticked;
            let body = json!({
                "do": "edit_invoice", "invoice": format!("Invoice {}", invoice.id),
                "fields": ticked("MLCCOLLECT", wanted),
            });
            act(books, stage, &body)?;
            Some(format!("the box of invoice {} is set to {wanted}", invoice.id))
        }
        9 => {
            let invoice = pick_invoice(stage, |one| one.remaining > 0)?;
            let due = stage.today.saturating_add(stage.random.between(-3, 9).days());
            let named = format!("Invoice {}", invoice.id);
            let body = json!({"do": "edit_invoice", "invoice": named, "due": due.to_string()});
            act(books, stage, &body)?;
            Some(format!("invoice {} is due on {due}", invoice.id))
        }
        _ => {
            let invoice = pick_invoice(stage, |one| !one.ticked)?;
            let named = format!("Invoice {}", invoice.id);
            let body = json!({"do": "credit_invoice", "invoice": named, "apply": false});
            act(books, stage, &body)?;
            Some(format!("a credit that is not applied is made from invoice {}", invoice.id))
        }
    }
}

fn new_invoice(books: &Books, stage: &mut Stage<'_>) -> Option<String> {
    let customer = stage.random.pick(stage.customers)?;
    let amount = major(stage.random.between(1_000, 90_000));
    let issued = stage.today.saturating_sub(stage.random.between(0, 9).days());
    let due = issued.saturating_add(stage.random.between(0, 12).days());
    let wanted = stage.random.chance(8_500);
    let currency = if stage.random.chance(700) { OTHER_CURRENCY } else { CURRENCY };
    let body = json!({
        "do": "create_invoice", "customer": customer.id, "amount": amount,
        "date": issued.to_string(), "due": due.to_string(), "currency": currency,
        "fields": ticked("MLCCOLLECT", wanted),
    });
    let made = act(books, stage, &body)?;
    let id = text(&made["ReferenceNbr"]);
    let what = format!("over {amount} {currency}, due {due}, ticked {wanted}");
    Some(format!("invoice {id} of {} {what}", customer.name))
}

fn editing(books: &Books, stage: &mut Stage<'_>) -> Option<String> {
    let receipt = pick_receipt(stage)?;
    let invoice = invoice_of(stage, receipt);
    let named = format!("Payment {}", receipt.id);
    let (body, done) = match stage.random.below(3) {
        0 => (json!({"do": "void", "record": named}), "voids"),
        1 => {
            let from = format!("Invoice {}", invoice.clone()?);
            let body = json!({"do": "reverse_application", "payment": named, "invoice": from});
            (body, "un-applies")
        }
        _ => (json!({"do": "deposit", "payments": [named], "bank": BANK}), "deposits"),
    };
    act(books, stage, &body)?;
    stage.hands.documents.insert(receipt.id.clone());
    stage.hands.invoices.extend(invoice);
    Some(format!("somebody {done} receipt {}", receipt.id))
}
