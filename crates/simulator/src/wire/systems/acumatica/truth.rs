//! The emulated ERP's own ledger in common words.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::Value;

use crate::wire::truth::{
    Document, DocumentKind, Invoice, Truth, day, decimal, filled, list, minor, text,
};

/// The company's currency.
const CURRENCY: &str = "GBP";

/// What an invoice is called that stands in the ledger.
const RELEASED: [&str; 2] = ["Open", "Closed"];

type Postings = Vec<(String, Decimal, Decimal)>;

/// The day of a batch, and its lines.
type Posted = (Option<Date>, Postings);

/// Adds what the report of the truth says.
pub fn read(body: &Value, truth: &mut Truth) -> Result<(), String> {
    let records = &body["records"];
    let mut posted: BTreeMap<String, Posted> = BTreeMap::new();
    for batch in list(&records["JournalTransaction"]) {
        let stands = ["Posted", "Unposted"].contains(&text(&batch["Status"]).as_str());
        let lines = if stands { postings(batch)? } else { Vec::new() };
        match text(&batch["Module"]).as_str() {
            "GL" if stands => truth.documents.push(of_batch(batch, lines)),
            "AR" => {
                let on = day(&batch["TransactionDate"]);
                posted.insert(text(&batch["BatchNbr"]), (on, lines));
            }
            _ => {}
        }
    }
    let payments = list(&records["Payment"]);
    // A void with our key is an un-application.
    let unapplied: BTreeSet<String> = payments
        .iter()
        .filter(|row| row["Type"] == "Voided Payment" && own_field(row, "mlcvoidkey").is_some())
        .map(|row| text(&row["ReferenceNbr"]))
        .collect();
    for row in payments {
        let kind = match text(&row["Type"]).as_str() {
            "Payment" => DocumentKind::Receipt,
            "Refund" => DocumentKind::Refund,
            _ => continue,
        };
        truth.documents.push(of_payment(kind, row, &unapplied, &posted)?);
    }
    for row in list(&records["Invoice"]).iter().filter(|row| row["Type"] == "Invoice") {
        let invoice = Invoice {
            id: text(&row["ReferenceNbr"]),
            number: text(&row["ReferenceNbr"]),
            customer: text(&row["Customer"]).trim_end().to_owned(),
            total: minor(&row["Amount"])?,
            remaining: minor(&row["Balance"])?,
            ticked: own_field(row, "mlccollect").is_some_and(|value| value == "true"),
            approved: RELEASED.contains(&text(&row["Status"]).as_str()),
            foreign: text(&row["curyid"]) != CURRENCY,
        };
        truth.invoices.insert(invoice.id.clone(), invoice);
    }
    truth.trial_balance = text(&body["ledger"]["trial_balance"]);
    for (count, words) in
        [("late_writes_waiting", "late writes"), ("operations_running", "long operations")]
    {
        if body[count].as_u64().unwrap_or(0) > 0 {
            truth.under_way.push(words.to_owned());
        }
    }
    Ok(())
}

/// A user-defined field, whatever view it is on; nothing is nothing.
fn own_field(row: &Value, id: &str) -> Option<String> {
    let wanted = format!("attribute{id}");
    let mut members = row.as_object()?.iter();
    let (_, value) = members.find(|(name, _)| name.to_lowercase().ends_with(&wanted))?;
    match value {
        Value::Bool(flag) => Some(flag.to_string()),
        other => filled(other),
    }
}

fn postings(batch: &Value) -> Result<Postings, String> {
    let number = |row: &Value, name: &str| match &row[name] {
        Value::Null => Ok(Decimal::ZERO),
        value => decimal(value),
    };
    let mut lines = Vec::new();
    for row in list(&batch["Details"]) {
        let base = number(row, "$debit")? - number(row, "$credit")?;
        let foreign = number(row, "DebitAmount")? - number(row, "CreditAmount")?;
        lines.push((text(&row["Account"]), base, foreign));
    }
    Ok(lines)
}

/// A batch that was entered as such: ours begin with the stamp and what they are.
fn of_batch(batch: &Value, postings: Postings) -> Document {
    let words = text(&batch["Description"]);
    let mut parts = words.split(" | ");
    let stamp = parts.next().map(str::to_owned);
    let kind = match parts.next() {
        Some("deposit") => Some(DocumentKind::Deposit),
        Some("refund") => Some(DocumentKind::Refund),
        Some("journal") => Some(DocumentKind::Journal),
        Some(_) | None => None,
    };
    Document {
        id: text(&batch["BatchNbr"]),
        stamp: stamp.filter(|_| kind.is_some()),
        kind: kind.unwrap_or(DocumentKind::Journal),
        voided: false,
        dated_on: day(&batch["TransactionDate"]),
        postings,
        payment: None,
        amount: 0,
        unapplied: 0,
    }
}

fn of_payment(
    kind: DocumentKind,
    row: &Value,
    unapplied: &BTreeSet<String>,
    posted: &BTreeMap<String, Posted>,
) -> Result<Document, String> {
    let id = text(&row["ReferenceNbr"]);
    let stamp = filled(&row["ExternalRef"]);
    let receipt = kind == DocumentKind::Receipt;
    let amount = if receipt { minor(&row["PaymentAmount"])? } else { 0 };
    let left = if receipt { minor(&row["AvailableBalance"])? } else { 0 };
    let (dated_on, postings) = posted.get(&text(&row["batchnbr"])).cloned().unwrap_or_default();
    Ok(Document {
        kind,
        voided: row["Status"] == "Voided" && !(receipt && unapplied.contains(&id)),
        dated_on,
        postings,
        payment: filled(&row["PaymentRef"]).filter(|_| receipt && stamp.is_some()),
        amount,
        unapplied: left,
        stamp,
        id,
    })
}
