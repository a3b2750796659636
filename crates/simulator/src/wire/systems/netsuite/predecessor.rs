//! Invoices and receipts of an older integration, which wrote the payment's id as check number.

use serde_json::json;

use super::{BANK, Books};
use crate::wire::outside::Outside;
use crate::wire::systems::Deed;
use crate::wire::truth::{major, text};

pub fn make(books: &Books, outside: &Outside, deed: &Deed<'_>) -> Option<String> {
    let body = match deed {
        Deed::Bill { customer, amount, on } => {
            let mut body = json!({
                "do": "create_invoice", "customer": customer.id, "amount": major(*amount),
                "date": on.to_string(), "due": on.to_string(), "currency": "1",
                "fields": {"custbody_mlc_collect": true},
            });
            if books.approves {
                body["fields"]["approvalStatus"] = json!({"id": "2"});
            }
            body
        }
        Deed::Record { invoice, payment, banked, on } => {
            let mut body = json!({
                "do": "record_payment", "invoice": invoice, "number": payment,
                "date": on.to_string(),
            });
            if *banked {
                body["account"] = json!(BANK);
            }
            body
        }
        Deed::Collect { .. } => return None,
    };
    let made = outside.control(books, "/act", &body).ok()?;
    Some(text(&made["id"]))
}
