//! Bodies of the sheet's examples, and what they are in the model.

use model::invoice::{Approval, InvoiceStatus};
use model::money::Currency;
use model::receipt::ReceiptPlace;
use serde_json::{Value, json};

use super::{history, payment, pounds, row};
use crate::erp::acumatica::mapping::receipt::{Surroundings, from_entity};
use crate::erp::acumatica::mapping::{customer, invoice};
use crate::erp::acumatica::wire::{Body, Entity};

fn body(value: Value) -> Body {
    value.as_object().cloned().unwrap()
}

fn fixture(text: &str) -> Body {
    serde_json::from_str(text).unwrap()
}

#[test]
fn an_invoice_is_read_with_our_fields() {
    let body = fixture(include_str!("../fixtures/invoice.json"));
    let read = invoice::from_entity(Entity(&body)).unwrap();
    assert_eq!((read.id.as_str(), read.customer.as_str()), ("001245", "C000123"));
    assert_eq!((read.total, read.due), (pounds(12_050), pounds(2_050)));
    assert_eq!(read.due_on.unwrap().to_string(), "2025-03-31");
    assert_eq!((read.status, read.approval), (InvoiceStatus::Open, Approval::Approved));
    assert!(read.flagged && !read.retry_requested);
    assert_eq!(read.annotation.collection.as_deref(), Some("PM0012ABCDEF"));
    assert_eq!(read.version, "2025-03-01T10:02:17.880Z");
    // What we own survives a round trip.
    let written = invoice::annotation_fields(&read.annotation, true);
    assert_eq!(written["AttributeMLCPAYMENT"]["value"], "PM0012ABCDEF");
    assert_eq!(written["AttributeMLCRETRY"]["value"], false);
    assert_eq!(written["AttributeMLCERROR"]["value"], Value::Null);
}

#[test]
fn an_invoice_without_its_currency_is_odd() {
    let mut body = fixture(include_str!("../fixtures/invoice.json"));
    body.insert("custom".to_owned(), json!({}));
    assert!(invoice::from_entity(Entity(&body)).unwrap_err().contains("CuryID"));
}

#[test]
fn a_customer_is_read_with_our_attributes() {
    let body = fixture(include_str!("../fixtures/customer.json"));
    let read = customer::from_entity(Entity(&body)).unwrap();
    assert_eq!(read.email.as_deref(), Some("ap@brightwater.example"));
    assert_eq!(read.country.as_deref(), Some("GB"));
    assert_eq!(read.stored.mandate.as_ref().unwrap().as_str(), "MD000XYZ");
    assert_eq!(customer::attribute_rows(&read.stored).len(), 1);
    assert!(!read.inactive);
}

/// A receipt can be booked on a customer on credit hold, and on none that is on hold.
#[test]
fn a_customer_on_hold_is_not_collected_from() {
    let statuses = [
        ("Active", false),
        ("Credit Hold", false),
        ("One-Time", false),
        ("On Hold", true),
        ("Inactive", true),
    ];
    for (status, inactive) in statuses {
        let mut body = fixture(include_str!("../fixtures/customer.json"));
        body.insert("Status".to_owned(), json!({ "value": status }));
        assert_eq!(customer::from_entity(Entity(&body)).unwrap().inactive, inactive, "{status}");
    }
}

#[test]
fn a_payment_stands_where_its_documents_say() {
    let around = |deposited, voided_by_us, refunded| Surroundings {
        deposited,
        voided_by_us,
        refunded,
        parts: Vec::new(),
    };
    let cases = [
        ("Balanced", json!({"DocumentsToApply": row("120.5")}), around(false, false, 0)),
        ("Closed", json!({"ApplicationHistory": history()}), around(false, false, 0)),
        ("Closed", json!({"ApplicationHistory": history()}), around(true, false, 0)),
        ("Voided", json!({}), around(true, true, 0)),
        ("Voided", json!({}), around(true, true, 12_050)),
        ("Voided", json!({}), around(true, false, 0)),
    ];
    use ReceiptPlace::{Deposited, NotPosted, Undeposited};
    let expected = [
        (NotPosted, 0, 12_050, false),
        (Undeposited, 1, 0, false),
        (Deposited, 1, 0, false),
        (Deposited, 0, 12_050, false),
        (Deposited, 0, 0, false),
        (NotPosted, 0, 12_050, true),
    ];
    for ((status, more, around), expected) in cases.into_iter().zip(expected) {
        let body = body(payment("Payment", status, more));
        let read = from_entity(Entity(&body), &around).unwrap();
        let told = (read.place, read.applications.len(), read.unapplied.minor, read.voided);
        assert_eq!(told, expected, "{status} {around:?}");
        assert_eq!(read.amount.currency, Currency::GBP);
    }
}

#[test]
fn a_reversed_application_is_none() {
    let mut rows = history().as_array().cloned().unwrap();
    let mut reversed = rows[0].clone();
    reversed["AmountPaid"]["value"] = serde_json::from_str("-120.5").unwrap();
    rows.push(reversed);
    let more = json!({"ApplicationHistory": rows, "AvailableBalance": {"value": 120.5}});
    let body = body(payment("Payment", "Open", more));
    let read = from_entity(Entity(&body), &Surroundings::default()).unwrap();
    assert_eq!((read.applications.len(), read.unapplied), (0, pounds(12_050)));
}
