//! What accounts differ in: features, fields, forms and zones. The connector must be right under
//! every one of them.

use jiff::SignedDuration;
use model::command::{AnnotateInvoice, ErpWrite, RejectionCause, SaveCustomerFields};
use model::customer::CustomerFields;
use model::ids::InvoiceId;
use model::invoice::{Annotation, Approval, IntegrationStatus, PaymentStatus};
use model::receipt::ReceiptPlace;
use ports::erp::ChoiceKind;
use ports::{Clock, Depth, PortError, Read};
use serde_json::{Value, json};

use crate::books::{deposit_of, refund_of, unapply_of};
use crate::world::{BANK, CUSTOMER, UNDEPOSITED, World, pounds};

#[tokio::test]
async fn a_well_set_up_account_passes_its_ping() {
    let world = World::new();
    world.invoice("INV-1", "240.00");
    let health = world.netsuite.check_health().await.unwrap();
    let failing: Vec<_> = health.checks.iter().filter(|check| !check.ok).collect();
    assert!(failing.is_empty(), "{failing:#?}");
    assert_eq!(health.account, "1234567_SB1");
    assert!(health.server_time.is_some());
}

#[tokio::test]
async fn a_ping_names_each_permission_that_is_missing() {
    let all = [
        "ADMI_RESTWEBSERVICES:Full",
        "ADMI_LOGIN_OAUTH2:Full",
        "REPO_ANALYTICS:Edit",
        "TRAN_FIND:View",
        "LIST_FIND:Full",
        "LIST_CUSTJOB:Edit",
        "LIST_ITEM:View",
        "LIST_ACCOUNT:View",
        "LIST_CURRENCY:View",
        "LIST_SUBSIDIARY:View",
        "TRAN_CUSTINVC:Edit",
        "TRAN_CUSTPYMT:Edit",
        "TRAN_CUSTCRED:Create",
        "TRAN_CUSTRFND:Create",
        "TRAN_DEPOSIT:Edit",
        "TRAN_JOURNAL:Create",
        "TRAN_JOURNALAPPRV:Create",
        "ADMI_ACCTPERIODS:View",
    ];
    for missing in [
        "TRAN_DEPOSIT",
        "TRAN_CUSTCRED",
        "TRAN_CUSTRFND",
        "TRAN_JOURNAL",
        "ADMI_ACCTPERIODS",
        "LIST_SUBSIDIARY",
        "LIST_CUSTJOB",
        "TRAN_CUSTINVC",
        "TRAN_CUSTPYMT",
        "LIST_ACCOUNT",
        "REPO_ANALYTICS",
    ] {
        let permissions: Vec<&str> = all
            .iter()
            .copied()
            .filter(|permission| permission.split(':').next() != Some(missing))
            .collect();
        let world = World::with(&[], json!({"role": {"permissions": permissions}}));
        let health = world.netsuite.check_health().await.unwrap();
        let named = format!("permission {missing}");
        let check = health.checks.iter().find(|check| check.name == named).unwrap();
        assert!(!check.ok && !check.advice.is_empty(), "{missing} {:#?}", health.checks);
    }
}

#[tokio::test]
async fn invoices_and_customers_read_the_same_either_way() {
    for zone in ["America/Los_Angeles", "Pacific/Auckland", "Asia/Kathmandu", "UTC"] {
        let seed = json!({"company": {"time_zone": zone, "date_format": "DD.MM.YYYY"}});
        let world = World::with(&[], seed);
        let ids: Vec<InvoiceId> =
            [("INV-1", "240.00"), ("INV-2", "0.50")].map(|(n, a)| world.invoice(n, a)).into();
        world.seconds_pass(90);
        let pay = world.receipt(&ids[0], 10_001, 10_001);
        world.record("receipt", pay).await.unwrap();
        let direct = world.netsuite.invoices(&ids, Depth::Direct).await.unwrap();
        let cheap = world.netsuite.invoices(&ids, Depth::Cheap).await.unwrap();
        assert_eq!(cheap, direct, "{zone}");
        let open = world.netsuite.open_invoices(None).await.unwrap();
        let listed: Vec<_> = open.records.into_iter().map(|seen| seen.read).collect();
        assert_eq!(listed, direct, "{zone}");
        // A poll from this very moment still shows what was just saved, whatever the zone is.
        let now = world.clock.now();
        let changed = world.netsuite.changed_invoices(now, None).await.unwrap();
        assert_eq!(changed.records.len(), 2, "{zone}");
        assert_eq!(world.netsuite.changed_customers(now, None).await.unwrap().records.len(), 1);
        let later = now + SignedDuration::from_hours(72);
        assert!(world.netsuite.changed_invoices(later, None).await.unwrap().records.is_empty());
        let customers = [CUSTOMER.into()];
        let direct = world.netsuite.customers(&customers, Depth::Direct).await.unwrap();
        let cheap = world.netsuite.customers(&customers, Depth::Cheap).await.unwrap();
        assert_eq!(cheap, direct, "{zone}");
    }
}

#[tokio::test]
async fn our_fields_are_written_and_read_back() {
    let world = World::new();
    let invoice = world.invoice("INV-1", "240.00");
    let annotation = Annotation {
        integration_status: Some(IntegrationStatus::Processed),
        payment_status: Some(PaymentStatus::ChargedBack),
        charge_on: Some(jiff::civil::date(2026, 3, 12)),
        collection: Some("PM1".to_owned()),
        description: Some("It's \"quoted\" & <odd>".to_owned()),
        ..Annotation::default()
    };
    let write = |annotation: &Annotation| {
        ErpWrite::AnnotateInvoice(AnnotateInvoice {
            invoice: invoice.clone(),
            annotation: annotation.clone(),
            clear_retry: true,
        })
    };
    world.act(json!({"do": "set_field", "type": "invoice", "record": "INV-1",
        "fields": {"custbody_mlc_retry": true}}));
    assert!(world.read_invoice(&invoice).await.retry_requested);
    world.write("annotate", write(&annotation)).await.unwrap();
    let read = world.read_invoice(&invoice).await;
    assert_eq!(read.annotation, annotation);
    assert!(read.flagged && !read.retry_requested);
    world.write("clear", write(&Annotation::default())).await.unwrap();
    assert_eq!(world.read_invoice(&invoice).await.annotation, Annotation::default());
    let fields = CustomerFields {
        mandate: Some("MD1".into()),
        processor_customer: Some("CU1".into()),
        ..CustomerFields::default()
    };
    let save = SaveCustomerFields { customer: CUSTOMER.into(), fields: fields.clone() };
    world.write("save", ErpWrite::SaveCustomerFields(save)).await.unwrap();
    let reads = world.netsuite.customers(&[CUSTOMER.into()], Depth::Direct).await.unwrap();
    assert!(matches!(&reads[0], Read::Found(customer) if customer.stored == fields));
}

/// A payout from receipt to chargeback in an account that differs as the seed says.
async fn check_story(settings: &[(&str, &str)], seed: Value) {
    let label = seed.to_string();
    let world = World::with(settings, seed);
    let invoice = world.invoice("INV-1", "240.00");
    let read = world.read_invoice(&invoice).await;
    assert_eq!(read.approval, Approval::Approved, "{label}");
    let mut write = world.receipt(&invoice, 24_000, 24_000);
    write.subsidiary = read.subsidiary.clone();
    let id = world.record("receipt", write).await.unwrap_or_else(|e| panic!("{label}: {e}")).id;
    for depth in [Depth::Direct, Depth::Cheap] {
        let receipt = world.read_receipt("receipt", depth).await;
        assert_eq!(receipt.amount, pounds(24_000), "{label}");
        assert_eq!(receipt.unapplied, pounds(0), "{label}");
        assert_eq!(receipt.place, ReceiptPlace::Undeposited, "{label}");
    }
    world.write("deposit", deposit_of(&[&id], &[], 100, 23_900)).await.unwrap();
    let receipt = world.read_receipt("receipt", Depth::Direct).await;
    world.write("unapply", unapply_of(&receipt, &invoice, 24_000, 24_000)).await.unwrap();
    world.write("refund", refund_of(&receipt, 24_000, Some(BANK))).await.unwrap();
    assert_eq!(world.balance(BANK).await, -100, "{label}");
    assert_eq!(world.balance(UNDEPOSITED).await, 0, "{label}");
    assert_eq!(world.read_invoice(&invoice).await.due, pounds(24_000), "{label}");
}

#[tokio::test]
async fn a_payout_is_booked_whatever_form_the_account_has() {
    check_story(&[], json!({})).await;
    for settings in [
        json!({"undep_funds_form": "boolean"}),
        json!({"undep_funds_form": "letter"}),
        json!({"undep_funds_form": "object"}),
        json!({"refund_line_required": true}),
        json!({"refund_line_required": false}),
        json!({"signed_totals": true}),
        json!({"approval_status_without_routing": true}),
        json!({"touch_applied": false}),
        json!({"round_amounts": true}),
        json!({"shared_external_ids": true}),
    ] {
        check_story(&[], json!({ "settings": settings })).await;
    }
    check_story(
        &[("undeposited_by_account", "true")],
        json!({"settings": {"undeposited_by_account": true}}),
    )
    .await;
    check_story(&[("time_zone", "America/Los_Angeles")], json!({})).await;
}

#[tokio::test]
async fn an_account_without_our_fields_still_books() {
    check_story(&[], json!({"custom_fields": []})).await;
    let world = World::with(&[], json!({"custom_fields": []}));
    let invoice = world.invoice("INV-1", "1.00");
    let write = AnnotateInvoice {
        invoice,
        annotation: Annotation { collection: Some("PM1".into()), ..Annotation::default() },
        clear_retry: false,
    };
    match world.write("annotate", ErpWrite::AnnotateInvoice(write)).await {
        Err(PortError::Rejected(rejection)) => {
            assert_eq!(rejection.cause, RejectionCause::Unsupported);
            assert!(rejection.field.is_some());
        }
        other => panic!("{other:?}"),
    }
    let health = world.netsuite.check_health().await.unwrap();
    let missing = health.checks.iter().filter(|check| !check.ok).count();
    assert!(missing >= 17, "{missing}");
}

#[tokio::test]
async fn an_account_without_subsidiaries_never_sees_the_field() {
    let seed = json!({"company": {"one_world": false}});
    check_story(&[], seed.clone()).await;
    let world = World::with(&[], seed);
    assert!(world.netsuite.choices(ChoiceKind::Subsidiaries).await.unwrap().is_empty());
    let invoice = world.invoice("INV-1", "240.00");
    // A subsidiary that policy names by mistake is left out too.
    world.record("receipt", world.receipt(&invoice, 24_000, 24_000)).await.unwrap();
    assert_eq!(world.read_invoice(&invoice).await.subsidiary, None);
}

#[tokio::test]
async fn an_account_with_one_currency_is_read_with_the_setting() {
    check_story(&[("currency", "GBP")], json!({"company": {"multi_currency": false}})).await;
}

#[tokio::test]
async fn invoices_that_wait_for_approval_are_shown_as_such() {
    let world = World::with(&[], json!({"preferences": {"invoice_approval": true}}));
    let invoice = world.invoice("INV-1", "240.00");
    for (deed, expected) in [("", Approval::Pending), ("approve", Approval::Approved)] {
        if !deed.is_empty() {
            world.act(json!({"do": deed, "record": "INV-1"}));
        }
        let direct = world.read_invoice(&invoice).await;
        assert_eq!(direct.approval, expected);
        assert_eq!(direct.due, pounds(24_000));
        let ids = [invoice.clone()];
        let cheap = world.netsuite.invoices(&ids, Depth::Cheap).await.unwrap();
        assert_eq!(cheap, [Read::Found(direct)]);
    }
}

#[tokio::test]
async fn choices_cover_what_a_mapping_needs() {
    let world = World::new();
    let accounts = world.netsuite.choices(ChoiceKind::Accounts).await.unwrap();
    let kind = |id: &str| {
        accounts.iter().find(|choice| choice.id == id).map(|choice| choice.kind.as_str())
    };
    assert_eq!(kind(BANK), Some("bank"));
    assert_eq!(kind(UNDEPOSITED), Some("undeposited"));
    assert_eq!(kind("640"), Some("expense"));
    assert!(world.netsuite.choices(ChoiceKind::Currencies).await.unwrap().len() >= 8);
    assert_eq!(world.netsuite.choices(ChoiceKind::Subsidiaries).await.unwrap()[0].id, "2");
}
