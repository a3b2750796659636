//! The emulated ERP's own ledger in common words.

use serde_json::Value;

use crate::wire::truth::{
    Document, DocumentKind, Invoice, Truth, day, decimal, filled, list, minor, text,
};

const KINDS: [(&str, DocumentKind); 4] = [
    ("customerPayment", DocumentKind::Receipt),
    ("customerRefund", DocumentKind::Refund),
    ("deposit", DocumentKind::Deposit),
    ("journalEntry", DocumentKind::Journal),
];

/// The company's currency.
const CURRENCY: &str = "1";

/// Pending, and rejected (netsuite sheet section 4).
const UNAPPROVED: [&str; 2] = ["1", "3"];

/// Adds what the report of the truth says.
pub fn read(body: &Value, truth: &mut Truth) -> Result<(), String> {
    let records = &body["records"];
    for (name, kind) in KINDS {
        for row in list(&records[name]) {
            truth.documents.push(document(kind, row)?);
        }
    }
    for row in list(&records["invoice"]) {
        let invoice = Invoice {
            id: text(&row["id"]),
            number: text(&row["tranId"]),
            customer: text(&row["entity"]),
            total: minor(&row["total"])?,
            remaining: minor(&row["amountRemaining"])?,
            ticked: row["custbody_mlc_collect"] == true,
            approved: !UNAPPROVED.contains(&text(&row["approvalStatus"]).as_str()),
            foreign: reference(&row["currency"]) != CURRENCY,
        };
        truth.invoices.insert(invoice.id.clone(), invoice);
    }
    truth.trial_balance = text(&body["ledger"]["trial_balance"]);
    if body["late_writes_waiting"].as_u64().unwrap_or(0) > 0 {
        truth.under_way.push("late writes".to_owned());
    }
    Ok(())
}

/// The id that a reference names.
fn reference(value: &Value) -> String {
    if value.is_object() { text(&value["id"]) } else { text(value) }
}

fn document(kind: DocumentKind, row: &Value) -> Result<Document, String> {
    let mut postings = Vec::new();
    for line in list(&row["postings"]) {
        let account = text(&line["account"]);
        postings.push((account, decimal(&line["base"])?, decimal(&line["foreign"])?));
    }
    // On a deposit, `payment` is a list.
    let (amount, unapplied) = match kind {
        DocumentKind::Receipt => (minor(&row["payment"])?, minor(&row["unapplied"])?),
        DocumentKind::Refund | DocumentKind::Deposit | DocumentKind::Journal => (0, 0),
    };
    Ok(Document {
        id: text(&row["id"]),
        kind,
        stamp: filled(&row["externalId"]),
        voided: row["voided"] == true,
        dated_on: day(&row["tranDate"]),
        postings,
        payment: filled(&row["custbody_mlc_payment_id"]),
        amount,
        unapplied,
    })
}
