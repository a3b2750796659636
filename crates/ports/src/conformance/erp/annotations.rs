//! Our own fields: written whole, read back, blank again, and harmless when written twice.

use model::command::{AnnotateInvoice, AnnotateReceipt, ErpWrite, SaveCustomerFields};
use model::customer::CustomerFields;
use model::ids::{InvoiceId, ReceiptId};
use model::invoice::{Annotation, IntegrationStatus, PaymentStatus};

use super::expect::{found, not_done, ok, only};
use super::world::{BOTH, World, key};
use crate::Guard;
use crate::conformance::subject::ErpSubject;

super::suite! {
    ErpSubject:
    an_annotation_is_read_back_and_cleared,
    every_status_survives_the_way_there_and_back,
    an_annotation_changes_nothing_else,
    an_annotation_written_twice_does_no_harm,
    a_ticked_retry_is_seen_and_cleared,
    texts_of_any_length_are_taken,
    customer_fields_are_saved_one_by_one,
    a_receipt_takes_the_payout_that_it_did_not_know,
    what_is_not_there_is_not_annotated,
}

fn full() -> Annotation {
    Annotation {
        integration_status: Some(IntegrationStatus::Failed),
        integration_error: Some("It's \"quoted\" & <odd>: 5 % of ü".to_owned()),
        payment_status: Some(PaymentStatus::ChargedBack),
        reason_code: Some("DDICA-1".to_owned()),
        description: Some("The payer disputes it".to_owned()),
        charge_on: Some(jiff::civil::date(2026, 3, 12)),
        collection: Some("PM0001".to_owned()),
        mandate: Some("MD0001".to_owned()),
        processor_account: Some("CR0001".to_owned()),
    }
}

fn annotate(invoice: &InvoiceId, annotation: Annotation) -> ErpWrite {
    let invoice = invoice.clone();
    ErpWrite::AnnotateInvoice(AnnotateInvoice { invoice, annotation, clear_retry: false })
}

async fn an_annotation_is_read_back_and_cleared(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    for (name, annotation) in [("write", full()), ("clear", Annotation::default())] {
        let write = annotate(&invoice, annotation.clone());
        assert_eq!(ok(world.erp.find(&key(name), &write).await), None, "{name}");
        ok(world.write(name, &write).await);
        assert!(ok(world.erp.find(&key(name), &write).await).is_some(), "{name}");
        for depth in BOTH {
            let ids = std::slice::from_ref(&invoice);
            let read = found(only(ok(world.erp.invoices(ids, depth).await)));
            assert_eq!(read.annotation, annotation, "{name} {depth:?}");
        }
    }
}

async fn every_status_survives_the_way_there_and_back(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    for status in PaymentStatus::ALL {
        let annotation = Annotation { payment_status: Some(status), ..Annotation::default() };
        ok(world.write("status", &annotate(&invoice, annotation.clone())).await);
        assert_eq!(world.read_invoice(&invoice).await.annotation, annotation);
    }
    for status in IntegrationStatus::ALL {
        let annotation = Annotation { integration_status: Some(status), ..Annotation::default() };
        ok(world.write("status", &annotate(&invoice, annotation.clone())).await);
        assert_eq!(world.read_invoice(&invoice).await.annotation, annotation);
    }
}

async fn an_annotation_changes_nothing_else(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let before = world.read_invoice(&invoice).await;
    ok(world.write("write", &annotate(&invoice, full())).await);
    let mut after = world.read_invoice(&invoice).await;
    after.annotation = before.annotation.clone();
    after.version = before.version.clone();
    assert_eq!(after, before);
}

async fn an_annotation_written_twice_does_no_harm(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let write = annotate(&invoice, full());
    assert_eq!(world.erp.guard(&write), Guard::Repeatable);
    for _ in 0..2 {
        ok(world.write("write", &write).await);
        assert_eq!(world.read_invoice(&invoice).await.annotation, full());
    }
}

async fn a_ticked_retry_is_seen_and_cleared(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    subject.tick_retry(&invoice);
    let ticked = async || {
        let ids = std::slice::from_ref(&invoice);
        let cheap = found(only(ok(world.erp.invoices(ids, BOTH[0]).await)));
        assert_eq!(cheap, world.read_invoice(&invoice).await);
        cheap.retry_requested
    };
    assert!(ticked().await);
    let keep = annotate(&invoice, full());
    ok(world.write("keep", &keep).await);
    assert!(ticked().await, "cleared without being asked to");
    let clear = ErpWrite::AnnotateInvoice(AnnotateInvoice {
        invoice: invoice.clone(),
        annotation: full(),
        clear_retry: true,
    });
    assert_eq!(ok(world.erp.find(&key("clear"), &clear).await), None);
    ok(world.write("clear", &clear).await);
    assert!(!ticked().await);
    assert!(ok(world.erp.find(&key("clear"), &clear).await).is_some());
}

/// What does not fit into a field is cut, never refused: a bank's words have no limit.
async fn texts_of_any_length_are_taken(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let long = "Ünderstood? ".repeat(2_000);
    let annotation = Annotation {
        integration_error: Some(long.clone()),
        description: Some(long.clone()),
        reason_code: Some(long.clone()),
        ..Annotation::default()
    };
    let write = annotate(&invoice, annotation);
    ok(world.write("note", &write).await);
    let read = world.read_invoice(&invoice).await.annotation;
    let kept = read.integration_error.unwrap_or_default();
    assert!(kept.len() >= 100 && long.starts_with(&kept), "{kept:?}");
    assert!(ok(world.erp.find(&key("note"), &write).await).is_some(), "cut, and not recognised");
    let mut receipt = world.receipt_for(&invoice, 24_000, 24_000).await;
    receipt.memo = long;
    let id = ok(world.record("receipt", &receipt).await).id;
    assert_eq!(ok(world.record("receipt", &receipt).await).id, id);
}

async fn customer_fields_are_saved_one_by_one(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let stored = async || {
        let ids = std::slice::from_ref(&world.customer);
        let cheap = found(only(ok(world.erp.customers(ids, BOTH[0]).await))).stored;
        let direct = found(only(ok(world.erp.customers(ids, BOTH[1]).await))).stored;
        assert_eq!(cheap, direct);
        direct
    };
    let first = CustomerFields {
        processor_customer: Some("CU0001".into()),
        mandate: Some("MD0001".into()),
        mandate_status: Some("Pending submission".to_owned()),
        authorisation_link: Some("https://pay.example/flow?id=1&x=ü".to_owned()),
        processor_account: Some("CR0001".to_owned()),
    };
    let second =
        CustomerFields { mandate_status: Some("Active".to_owned()), ..CustomerFields::default() };
    let both = CustomerFields { mandate_status: second.mandate_status.clone(), ..first.clone() };
    for (name, fields, expected) in [("first", first.clone(), first), ("second", second, both)] {
        let customer = world.customer.clone();
        let write = ErpWrite::SaveCustomerFields(SaveCustomerFields { customer, fields });
        assert_eq!(ok(world.erp.find(&key(name), &write).await), None, "{name}");
        ok(world.write(name, &write).await);
        assert_eq!(stored().await, expected, "{name}");
        assert!(ok(world.erp.find(&key(name), &write).await).is_some(), "{name}");
    }
}

async fn a_receipt_takes_the_payout_that_it_did_not_know(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let mut receipt = world.receipt_for(&invoice, 24_000, 24_000).await;
    receipt.payout = None;
    receipt.memo = "PM0001".to_owned();
    ok(world.record("receipt", &receipt).await);
    let before = world.receipt("receipt").await;
    let write = ErpWrite::AnnotateReceipt(AnnotateReceipt {
        receipt: before.id.clone(),
        payout: "PO0001".into(),
        memo: "PM0001 PO0001".to_owned(),
    });
    assert_eq!(ok(world.erp.find(&key("payout"), &write).await), None);
    ok(world.write("payout", &write).await);
    assert!(ok(world.erp.find(&key("payout"), &write).await).is_some());
    let mut after = world.receipt("receipt").await;
    assert_eq!(after.memo.as_deref(), Some("PM0001 PO0001"));
    (after.memo, after.version) = (before.memo.clone(), before.version.clone());
    assert_eq!(after, before);
}

async fn what_is_not_there_is_not_annotated(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let id = subject.unknown_id();
    not_done(world.write("invoice", &annotate(&InvoiceId::new(id.as_str()), full())).await);
    let receipt = AnnotateReceipt {
        receipt: ReceiptId::new(id.as_str()),
        payout: "PO0001".into(),
        memo: "PO0001".to_owned(),
    };
    not_done(world.write("receipt", &ErpWrite::AnnotateReceipt(receipt)).await);
    let fields = CustomerFields { mandate: Some("MD1".into()), ..CustomerFields::default() };
    let save = SaveCustomerFields { customer: id.as_str().into(), fields };
    not_done(world.write("customer", &ErpWrite::SaveCustomerFields(save)).await);
}
