//! Payments that an older integration made, with the invoice in their metadata.

use serde_json::json;

use super::Debits;
use crate::wire::outside::Outside;
use crate::wire::systems::Deed;
use crate::wire::truth::text;

pub fn make(debits: &Debits, outside: &Outside, deed: &Deed<'_>) -> Option<String> {
    let Deed::Collect { customer, invoice, amount, fails } = deed else { return None };
    let truth = outside.truth().ok()?;
    let mut mandates = truth.mandates.iter();
    let mandate = mandates.find(|one| one.usable && one.email == customer.email)?;
    let body = json!({
        "action": "create_payment", "mandate": mandate.id, "amount": amount,
        "description": format!("Invoice {invoice}"), "metadata": {"invoiceId": invoice},
    });
    let made = outside.control(debits, "/act", &body).ok()?;
    let id = text(&made["payment"]["id"]);
    if *fails {
        let body = json!({"payment": id, "outcome": "fails", "cause": "refer_to_payer"});
        outside.control(debits, "/plan", &body).ok()?;
    }
    Some(id)
}
