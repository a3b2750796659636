//! Documented and recorded bodies become exactly these values of the model.

use serde_json::Value;

use super::harness::{World, fixture, world, world_with};
use crate::erp::netsuite::mapping::{customer, documents, invoice, receipt};
use crate::erp::netsuite::wire::{Body, Record};
use crate::erp::netsuite::zone::record_version;

fn body(value: &Value) -> Body {
    value.as_object().unwrap().clone()
}

fn rows(name: &str) -> Vec<Body> {
    fixture(name)["items"].as_array().unwrap().iter().map(body).collect()
}

macro_rules! golden {
    ($name:literal, $value:expr) => {
        insta::with_settings!({prepend_module_to_snapshot => false}, {
            insta::assert_json_snapshot!($name, $value);
        });
    };
}

#[tokio::test]
async fn invoices() {
    let World { netsuite, .. } = world();
    let setup = netsuite.setup().await.unwrap();
    let from_rows: Vec<_> = rows("invoice_rows")
        .iter()
        .map(|row| invoice::from_row(Record(row), &setup, "version".to_owned()))
        .collect();
    golden!("invoice_rows", from_rows);
    let record = body(&fixture("invoice"));
    let record = Record(&record);
    let from_record = invoice::from_record(record, &setup, record_version(record)).unwrap();
    golden!("invoice", from_record);
    // The same invoice reads the same either way.
    let mut row = from_rows[0].clone().unwrap();
    row.version = from_record.version.clone();
    assert_eq!(row, from_record);
}

#[tokio::test]
async fn customers() {
    let World { netsuite, .. } = world();
    let setup = netsuite.setup().await.unwrap();
    let from_rows: Vec<_> = rows("customer_rows")
        .iter()
        .map(|row| customer::from_row(Record(row), &setup, "version".to_owned()).unwrap())
        .collect();
    golden!("customer_rows", from_rows);
    let record = body(&fixture("customer"));
    let from_record = customer::from_record(Record(&record), &setup, "version".to_owned()).unwrap();
    assert_eq!(from_rows[0], from_record);
}

#[tokio::test]
async fn documents_of_ours() {
    let World { netsuite, .. } = world();
    let setup = netsuite.setup().await.unwrap();
    let payment = body(&fixture("customer_payment"));
    golden!(
        "customer_payment",
        receipt::from_record(Record(&payment), &setup, "version".to_owned()).unwrap()
    );
    let refund = body(&fixture("customer_refund"));
    golden!("customer_refund", documents::refund(Record(&refund), &setup, false).unwrap());
    let deposit = body(&fixture("deposit"));
    golden!("deposit", documents::deposit(Record(&deposit), &setup).unwrap());
    let journal = body(&fixture("journal_entry"));
    golden!("journal_entry", documents::journal(Record(&journal), &setup).unwrap());
}

/// Changes one field of the invoice's record, then expects this part of the sentence.
async fn check_odd(field: &str, value: &str, part: &str) {
    let setup = world().netsuite.setup().await.unwrap();
    let mut record = body(&fixture("invoice"));
    record.insert(field.to_owned(), serde_json::from_str(value).unwrap());
    let error = invoice::from_record(Record(&record), &setup, String::new()).unwrap_err();
    assert!(error.contains(part), "{field} {value}: {error}");
}

#[tokio::test]
async fn what_can_not_be_understood_is_named() {
    check_odd("amountRemaining", "60.255", "amountRemaining: 60.255 GBP has more decimals").await;
    check_odd("total", r#""much""#, "total").await;
    check_odd("currency", r#"{"id": "77"}"#, "currency 77").await;
    check_odd("approvalStatus", r#"{"id": "11"}"#, "approvalStatus").await;
    check_odd("tranDate", r#""31/12/2026""#, "tranDate").await;
    check_odd("entity", "null", "entity").await;
}

#[tokio::test]
async fn an_account_without_subsidiaries_has_none_on_any_document() {
    let World { netsuite, .. } = world_with(&[], false);
    let setup = netsuite.setup().await.unwrap();
    assert!(!setup.is_one_world());
    for row in rows("invoice_rows") {
        let invoice = invoice::from_row(Record(&row), &setup, String::new()).unwrap();
        assert_eq!(invoice.subsidiary, None);
    }
}

#[tokio::test]
async fn a_payment_never_counts_a_refund_twice_or_not_at_all() {
    let setup = world().netsuite.setup().await.unwrap();
    for (unapplied, refunded, expected) in [
        ("60.0", None, 6_000),
        // NetSuite leaves refunds out of `unapplied` already …
        ("20.0", Some("40.0"), 2_000),
        // … or it does not: the rest of the payment shows it.
        ("60.0", Some("40.0"), 2_000),
    ] {
        let mut record = body(&fixture("customer_payment"));
        record.insert("unapplied".to_owned(), serde_json::from_str(unapplied).unwrap());
        if let Some(refunded) = refunded {
            let refunded = serde_json::from_str(refunded).unwrap();
            record.insert("refundedAmountTotalBox".to_owned(), refunded);
        }
        let receipt = receipt::from_record(Record(&record), &setup, String::new()).unwrap();
        assert_eq!(receipt.unapplied.minor, expected, "{unapplied} {refunded:?}");
    }
}
