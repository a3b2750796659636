//! Invoices and our fields on them (acumatica sheet section 9.3).

use serde_json::{Map, Value, json};

use model::ids::{ErpCustomerId, InvoiceId, LedgerAccountId, SubsidiaryId};
use model::invoice::{
    Annotation, Approval, IntegrationStatus, Invoice, InvoiceStatus, PaymentStatus,
};
use model::money::Currency;

use super::super::fields::{self, Field, VIEW, cut};
use super::super::wire::{Entity, custom_text};

/// What is read of an invoice.
pub const SELECT: &str = "Type,ReferenceNbr,Customer,Status,Amount,Balance,Date,DueDate,\
                          LinkARAccount,LinkBranch,LastModifiedDateTime";

/// The currency is no field of the endpoint (acumatica sheet section 9.3).
const CURRENCY: &str = "CuryID";

/// `$custom` of an invoice: its currency and our fields.
#[must_use]
pub fn custom() -> String {
    format!("{VIEW}.{CURRENCY},{}", fields::custom_query(&fields::ON_INVOICE))
}

/// An invoice from its record.
///
/// # Errors
/// A sentence that names the field that can not be understood.
pub fn from_entity(entity: Entity<'_>) -> Result<Invoice, String> {
    let number = entity.required("ReferenceNbr")?;
    let currency: Currency = entity
        .custom_text(VIEW, CURRENCY)
        .ok_or("the currency (Document.CuryID) is missing")?
        .parse()
        .map_err(|error| format!("{error}"))?;
    let due = entity.required_money("Balance", currency)?;
    let (status, approval) = status(&entity.required("Status")?, due.is_positive())?;
    Ok(Invoice {
        id: InvoiceId::new(number.as_str()),
        number,
        customer: ErpCustomerId::new(entity.required("Customer")?),
        total: entity.required_money("Amount", currency)?,
        due,
        issued_on: entity.required_date("Date")?,
        due_on: entity.date("DueDate")?,
        status,
        approval,
        flagged: entity.custom_flag(VIEW, fields::COLLECT.custom),
        retry_requested: entity.custom_flag(VIEW, fields::RETRY.custom),
        subsidiary: entity.text("LinkBranch").map(SubsidiaryId::new),
        receivable_account: entity.text("LinkARAccount").map(LedgerAccountId::new),
        exchange_rate: None,
        annotation: annotation(entity)?,
        version: super::version(entity),
    })
}

/// Where an invoice stands (acumatica sheet section 9.3, status labels). What is not released, or is
/// held back, owes nothing that could be collected yet.
fn status(label: &str, owed: bool) -> Result<(InvoiceStatus, Approval), String> {
    match label {
        "Open" if owed => Ok((InvoiceStatus::Open, Approval::Approved)),
        "Open" | "Closed" => Ok((InvoiceStatus::Paid, Approval::Approved)),
        "On Hold" | "Credit Hold" | "Pending Print" | "Pending Email" | "Pending Approval"
        | "Balanced" | "Reserved" | "Scheduled" | "Unreleased" | "Pending Processing" => {
            Ok((InvoiceStatus::Open, Approval::Pending))
        }
        "Rejected" => Ok((InvoiceStatus::Open, Approval::Rejected)),
        "Voided" | "Canceled" => Ok((InvoiceStatus::Voided, Approval::Approved)),
        other => Err(format!("status \"{other}\" is not known")),
    }
}

fn annotation(entity: Entity<'_>) -> Result<Annotation, String> {
    let text = |field: Field| entity.custom_text(VIEW, field.custom);
    let charge_on = text(fields::CHARGE_DATE);
    let charge_on = charge_on.map(|day| {
        day.get(..10).unwrap_or(&day).parse().map_err(|_| format!("\"{day}\" is not a date"))
    });
    Ok(Annotation {
        integration_status: text(fields::INTEGRATION_STATUS)
            .and_then(|words| IntegrationStatus::from_words(&words)),
        integration_error: text(fields::INTEGRATION_ERROR),
        payment_status: text(fields::PAYMENT_STATUS)
            .and_then(|words| PaymentStatus::from_words(&words)),
        reason_code: text(fields::REASON_CODE),
        description: text(fields::DESCRIPTION),
        charge_on: charge_on.transpose()?,
        collection: text(fields::PAYMENT_ID),
        mandate: text(fields::MANDATE),
        processor_account: text(fields::ACCOUNT),
    })
}

/// Our fields as they are written: the members of `custom.Document`.
#[must_use]
pub fn annotation_fields(annotation: &Annotation, clear_retry: bool) -> Map<String, Value> {
    let mut out = Map::new();
    let mut put = |field: Field, text: Option<&str>| {
        let text = text.map(|text| cut(text, field.length_max)).filter(|text| !text.is_empty());
        out.insert(field.custom.to_owned(), custom_text(text.as_deref()));
    };
    put(fields::INTEGRATION_STATUS, annotation.integration_status.map(IntegrationStatus::words));
    put(fields::INTEGRATION_ERROR, annotation.integration_error.as_deref());
    put(fields::PAYMENT_STATUS, annotation.payment_status.map(PaymentStatus::words));
    put(fields::REASON_CODE, annotation.reason_code.as_deref());
    put(fields::DESCRIPTION, annotation.description.as_deref());
    let charge_on = annotation.charge_on.map(|day| day.to_string());
    put(fields::CHARGE_DATE, charge_on.as_deref());
    put(fields::PAYMENT_ID, annotation.collection.as_deref());
    put(fields::MANDATE, annotation.mandate.as_deref());
    put(fields::ACCOUNT, annotation.processor_account.as_deref());
    if clear_retry {
        let unticked = json!({ "type": "CustomBooleanField", "value": false });
        out.insert(fields::RETRY.custom.to_owned(), unticked);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_has_its_meaning() {
        use Approval::{Approved, Pending, Rejected};
        for (label, owed, expected) in [
            ("Open", true, (InvoiceStatus::Open, Approved)),
            ("Open", false, (InvoiceStatus::Paid, Approved)),
            ("Closed", false, (InvoiceStatus::Paid, Approved)),
            ("Balanced", true, (InvoiceStatus::Open, Pending)),
            ("Rejected", true, (InvoiceStatus::Open, Rejected)),
            ("Voided", false, (InvoiceStatus::Voided, Approved)),
        ] {
            assert_eq!(status(label, owed).unwrap(), expected, "{label}");
        }
        assert!(status("Frozen", true).unwrap_err().contains("Frozen"));
    }
}
