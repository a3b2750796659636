//! Changes of state: what was decided on is read again, only the difference is written, and what
//! became of a write is told from the state.

use serde_json::{Value, json};

use model::command::{
    AnnotateInvoice, AnnotateReceipt, ApplyReceipt, ErpWrite, RejectionCause, SaveCustomerFields,
    UnapplyReceipt,
};
use model::customer::CustomerFields;
use model::ids::{InvoiceId, MandateId, PayoutId, ReceiptId};
use model::invoice::{Annotation, IntegrationStatus, PaymentStatus};
use model::key::Key;
use ports::{Erp, Guard, PortError};

use super::harness::{Says, World, fixture, pounds, world};

fn key() -> Key {
    Key::new(&["apply", "61001", "1"])
}

fn apply(unapplied: i64, due: i64, amount: i64) -> ErpWrite {
    ErpWrite::ApplyReceipt(ApplyReceipt {
        receipt: ReceiptId::new("61001"),
        customer: "1007".into(),
        invoice: InvoiceId::new("50318"),
        amount: pounds(amount),
        decided_unapplied: pounds(unapplied),
        decided_due: pounds(due),
    })
}

fn unapply(applied: i64, amount: i64) -> ErpWrite {
    ErpWrite::UnapplyReceipt(UnapplyReceipt {
        receipt: ReceiptId::new("61001"),
        customer: "1007".into(),
        invoice: InvoiceId::new("50311"),
        amount: pounds(amount),
        decided_applied: pounds(applied),
        dated_on: None,
    })
}

fn payment() -> Says {
    Says::Json(200, fixture("customer_payment"))
}

fn invoice_owing(major: &str) -> Says {
    let mut invoice = fixture("invoice");
    invoice["id"] = json!("50318");
    invoice["amountRemaining"] = serde_json::from_str(major).unwrap();
    Says::Json(200, invoice)
}

/// What is patched, or `None` when nothing may be.
async fn check_patch(write: &ErpWrite, script: &[(&str, Says)], expected: Option<&str>) {
    let world = world();
    for (path, says) in script {
        world.script.step("GET", &[path], says.clone());
    }
    if expected.is_some() {
        world.script.step("PATCH", &["/record/v1/customerPayment/61001"], Says::Done);
    }
    let answer = world.netsuite.write(&key(), write).await;
    world.script.finish();
    match expected {
        Some(body) => {
            assert_eq!(answer.unwrap().id, "61001");
            let sent = world.script.sent("PATCH", "customerPayment").pop().unwrap();
            assert_eq!(sent.body, serde_json::from_str::<Value>(body).unwrap());
        }
        None => {
            assert!(matches!(answer, Err(PortError::Stale(_))), "{answer:?}");
            assert!(world.script.sent("PATCH", "").is_empty());
        }
    }
}

#[tokio::test]
async fn applying_rests_on_what_was_decided() {
    let reads = |due: &str| {
        [("/customerPayment/61001?expand", payment()), ("/invoice/50318", invoice_owing(due))]
    };
    check_patch(
        &apply(6_000, 6_025, 6_000),
        &reads("60.25"),
        Some(
            r#"{"customer": {"id": "1007"}, "apply": {"items": [
                {"doc": {"id": "50318"}, "apply": true, "line": 0, "amount": 60.00}]}}"#,
        ),
    )
    .await;
    check_patch(&apply(5_999, 6_025, 5_999), &reads("60.25"), None).await;
    check_patch(&apply(6_000, 6_025, 6_000), &reads("60.24"), None).await;
    let mut other = fixture("customer_payment");
    other["customer"]["id"] = json!("1");
    let reads = [("/customerPayment/61001", Says::Json(200, other))];
    check_patch(&apply(6_000, 6_025, 6_000), &reads, None).await;
    let reads = [("/customerPayment/61001", Says::missing())];
    check_patch(&apply(6_000, 6_025, 6_000), &reads, None).await;
}

#[tokio::test]
async fn unapplying_lowers_or_ends_the_application() {
    let reads = [("/customerPayment/61001?expand", payment())];
    check_patch(
        &unapply(24_000, 24_000),
        &reads,
        Some(
            r#"{"customer": {"id": "1007"}, "apply": {"items": [
                {"doc": {"id": "50311"}, "apply": false}]}}"#,
        ),
    )
    .await;
    check_patch(
        &unapply(24_000, 4_000),
        &reads,
        Some(
            r#"{"customer": {"id": "1007"}, "apply": {"items": [
                {"doc": {"id": "50311"}, "apply": true, "amount": 200.00}]}}"#,
        ),
    )
    .await;
    check_patch(&unapply(23_000, 23_000), &reads, None).await;
}

#[tokio::test]
async fn state_tells_whether_an_application_changed() {
    for (write, expected) in [
        // Applied to 50311: 240.00 of 300.00; unapplied: 60.00.
        (apply(6_000, 6_025, 6_000), false),
        (unapply(24_000, 24_000), false),
        (unapply(48_000, 24_000), true),
        (unapply(30_000, 20_000), false),
    ] {
        let world = world();
        world.script.step("GET", &["/customerPayment/61001?expand"], payment());
        let found = world.netsuite.find(&key(), &write).await.unwrap();
        world.script.finish();
        assert_eq!(found.is_some(), expected, "{write:?}");
        assert_eq!(world.netsuite.guard(&write), Guard::State);
    }
    let mut applied = fixture("customer_payment");
    applied["apply"]["items"][1]["apply"] = json!(true);
    applied["apply"]["items"][1]["amount"] = json!(60);
    applied["unapplied"] = json!(0);
    let world = world();
    world.script.step("GET", &["/customerPayment/61001"], Says::Json(200, applied));
    let found = world.netsuite.find(&key(), &apply(6_000, 6_025, 6_000)).await.unwrap();
    assert_eq!(found.map(|answer| answer.adopted), Some(true));
}

fn annotation() -> Annotation {
    Annotation {
        integration_status: Some(IntegrationStatus::Processed),
        payment_status: Some(PaymentStatus::PaidOut),
        description: Some("x".repeat(400)),
        collection: Some("PM00A1".to_owned()),
        ..Annotation::default()
    }
}

async fn annotate(world: &World, says: Says) -> Result<String, PortError> {
    world.script.step("PATCH", &["/record/v1/invoice/50311"], says);
    let write = ErpWrite::AnnotateInvoice(AnnotateInvoice {
        invoice: InvoiceId::new("50311"),
        annotation: annotation(),
        clear_retry: true,
    });
    let answer = world.netsuite.write(&key(), &write).await;
    world.script.finish();
    answer.map(|answer| answer.id)
}

#[tokio::test]
async fn an_annotation_sets_every_field_and_clears_the_blank_ones() {
    let world = world();
    assert_eq!(annotate(&world, Says::Done).await, Ok("50311".to_owned()));
    let body = world.script.sent("PATCH", "invoice").pop().unwrap().body;
    let expected = json!({
        "custbody_mlc_integration_status": "Processed", "custbody_mlc_integration_error": null,
        "custbody_mlc_payment_status": "Paid out", "custbody_mlc_reason_code": null,
        "custbody_mlc_description": "x".repeat(300), "custbody_mlc_charge_date": null,
        "custbody_mlc_payment_id": "PM00A1", "custbody_mlc_mandate": null,
        "custbody_mlc_account": null, "custbody_mlc_retry": false,
    });
    assert_eq!(body, expected);
}

#[tokio::test]
async fn a_field_that_is_not_installed_is_named() {
    let detail = "Unknown field 'custbody_mlc_mandate' in the request.";
    match annotate(&world(), Says::refusal(detail)).await.unwrap_err() {
        PortError::Rejected(rejection) => {
            assert_eq!(rejection.cause, RejectionCause::Unsupported);
            assert_eq!(rejection.field.as_deref(), Some("custbody_mlc_mandate"));
        }
        other => panic!("{other}"),
    }
    let changed = Says::Json(
        409,
        super::harness::error_body("Record has been changed", "RCRD_HAS_BEEN_CHANGED", None),
    );
    assert!(matches!(annotate(&world(), changed).await, Err(PortError::Stale(_))));
}

#[tokio::test]
async fn customer_fields_are_set_alone() {
    let world = world();
    world.script.step("PATCH", &["/record/v1/customer/1007"], Says::Done);
    let fields = CustomerFields {
        mandate: Some(MandateId::new("MD1")),
        mandate_status: Some(String::new()),
        ..CustomerFields::default()
    };
    let save = |fields| {
        let write = SaveCustomerFields { customer: "1007".into(), fields };
        ErpWrite::SaveCustomerFields(write)
    };
    world.netsuite.write(&key(), &save(fields)).await.unwrap();
    let body = world.script.sent("PATCH", "customer").pop().unwrap().body;
    let expected = json!({"custentity_mlc_mandate": "MD1", "custentity_mlc_mandate_status": null});
    assert_eq!(body, expected);
    // Nothing given is nothing to write.
    world.netsuite.write(&key(), &save(CustomerFields::default())).await.unwrap();
    world.script.finish();
    assert_eq!(world.script.sent("PATCH", "").len(), 1);
}

#[tokio::test]
async fn a_payout_is_noted_on_its_receipt() {
    let world = world();
    let missing = "Unknown field 'custbody_mlc_payout'.";
    world
        .script
        .step("PATCH", &["/customerPayment/61001", "custbody_mlc_payout"], Says::refusal(missing))
        .step("PATCH", &["/customerPayment/61001"], Says::Done);
    let write = ErpWrite::AnnotateReceipt(AnnotateReceipt {
        receipt: ReceiptId::new("61001"),
        payout: PayoutId::new("PO007"),
        memo: "PM00A1 PO007".to_owned(),
    });
    world.netsuite.write(&key(), &write).await.unwrap();
    let body = world.script.sent("PATCH", "").pop().unwrap().body;
    assert_eq!(body, json!({"memo": "PM00A1 PO007"}));
    world.script.step("GET", &["/customerPayment/61001"], payment());
    assert!(world.netsuite.find(&key(), &write).await.unwrap().is_some());
    world.script.finish();
}

#[tokio::test]
async fn an_id_that_is_no_id_never_reaches_a_path() {
    let world = world();
    let write = ErpWrite::AnnotateInvoice(AnnotateInvoice {
        invoice: InvoiceId::new("1/../../customer/5"),
        annotation: Annotation::default(),
        clear_retry: false,
    });
    assert!(matches!(world.netsuite.write(&key(), &write).await, Err(PortError::Rejected(_))));
    world.script.finish();
}
