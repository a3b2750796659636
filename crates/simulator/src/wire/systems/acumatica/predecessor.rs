//! Invoices and receipts of an older integration, which wrote the payment's id as payment reference.

use serde_json::json;

use super::{BANK, Books, CLEARING, ticked};
use crate::wire::outside::Outside;
use crate::wire::systems::Deed;
use crate::wire::truth::{major, text};

pub fn make(books: &Books, outside: &Outside, deed: &Deed<'_>) -> Option<String> {
    let body = match deed {
        Deed::Bill { customer, amount, on } => json!({
            "do": "create_invoice", "customer": customer.id, "amount": major(*amount),
            "date": on.to_string(), "due": on.to_string(), "currency": "GBP",
            "fields": ticked("MLCCOLLECT", true),
        }),
        Deed::Record { invoice, payment, banked, on } => json!({
            "do": "record_payment", "invoice": format!("Invoice {invoice}"), "ref": payment,
            "date": on.to_string(), "cash_account": if *banked { BANK } else { CLEARING },
        }),
        Deed::Collect { .. } => return None,
    };
    let made = outside.control(books, "/act", &body).ok()?;
    Some(text(&made["ReferenceNbr"]))
}
