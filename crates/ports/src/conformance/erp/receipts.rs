//! Receipts: applied up to what is owed, once per key, never over something else.

use futures::future::join_all;

use model::command::{ErpWrite, RejectionCause};
use model::invoice::InvoiceStatus;
use model::key::Key;
use model::receipt::{DocumentKind, ReceiptPlace};

use super::expect::{adopted, made, not_done, ok, rejected, rejected_as};
use super::world::{World, key};
use crate::Guard;
use crate::conformance::subject::{ErpSubject, Need};

super::suite! {
    ErpSubject:
    a_receipt_pays_its_invoice_and_keeps_the_rest,
    a_receipt_may_be_applied_to_nothing,
    the_same_receipt_again_is_adopted,
    receipts_sent_at_once_under_one_key_make_one needs [Need::UniqueKeys],
    the_key_with_another_amount_is_refused,
    the_key_with_another_customer_is_refused,
    a_receipt_whose_application_was_changed_is_adopted_all_the_same,
    a_receipt_that_a_person_voided_is_not_made_again needs [Need::VoidedReceipts],
    long_keys_that_differ_at_their_end_make_two_receipts,
    no_more_than_is_due_can_be_applied,
    a_paid_invoice_takes_no_more,
    an_invoice_of_another_customer_is_not_paid,
    a_receipt_of_nothing_is_refused,
    a_closed_period_refuses_a_receipt_until_it_is_open,
    receipts_are_guarded_by_uniqueness_or_watched,
}

async fn a_receipt_pays_its_invoice_and_keeps_the_rest(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let write = world.receipt_for(&invoice, 30_001, 24_000).await;
    let id = made(world.record("receipt", &write).await);
    let receipt = world.receipt("receipt").await;
    assert_eq!(receipt.id.as_str(), id);
    assert_eq!((&receipt.customer, receipt.dated_on), (&world.customer, world.chart.day));
    assert_eq!((receipt.amount, receipt.unapplied), (world.money(30_001), world.money(6_001)));
    assert_eq!((receipt.place, receipt.voided), (ReceiptPlace::Undeposited, false));
    assert_eq!(receipt.account.as_ref(), Some(&world.chart.undeposited));
    assert_eq!(receipt.applications.len(), 1);
    assert_eq!(world.applied(&receipt.id, &invoice).await, 24_000);
    let read = world.read_invoice(&invoice).await;
    assert_eq!((read.due, read.status), (world.money(0), InvoiceStatus::Paid));
    assert_eq!(world.held().await, (30_001, 0));
}

async fn a_receipt_may_be_applied_to_nothing(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let receipt = world.unapplied("receipt", &invoice, 500).await;
    assert!(receipt.applications.is_empty(), "{receipt:?}");
    assert_eq!(receipt.unapplied, world.money(500));
    assert_eq!(world.due(&invoice).await, 24_000);
}

async fn the_same_receipt_again_is_adopted(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let write = world.receipt_for(&invoice, 24_000, 24_000).await;
    let id = made(world.record("receipt", &write).await);
    adopted(world.record("receipt", &write).await, &id);
    let found = ok(world.erp.find(&key("receipt"), &ErpWrite::RecordReceipt(write)).await);
    assert_eq!(found.map(|answer| (answer.id, answer.adopted)), Some((id, true)));
    assert_eq!(world.held().await, (24_000, 0));
}

/// Two workers must never do it, and if they do, the other side's uniqueness holds.
async fn receipts_sent_at_once_under_one_key_make_one(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let write = ErpWrite::RecordReceipt(world.receipt_for(&invoice, 24_000, 24_000).await);
    assert_eq!(world.erp.guard(&write), Guard::Unique);
    let key = key("receipt");
    let sends = (0..3).map(|_| world.erp.write(&key, &write));
    let answers: Vec<_> = join_all(sends).await.into_iter().map(ok).collect();
    assert_eq!(answers.iter().filter(|answer| !answer.adopted).count(), 1, "{answers:?}");
    assert!(answers.iter().all(|answer| answer.id == answers[0].id), "{answers:?}");
    assert_eq!(world.held().await, (24_000, 0));
}

async fn the_key_with_another_amount_is_refused(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let first = world.paid("receipt", &invoice).await;
    let mut other = world.receipt_for(&invoice, 24_001, 0).await;
    rejected(world.record("receipt", &other).await);
    let look = ErpWrite::RecordReceipt(other.clone());
    rejected(world.erp.find(&key("receipt"), &look).await);
    other.amount = world.money(1);
    rejected(world.record("receipt", &other).await);
    assert_eq!(world.receipt("receipt").await, first);
    assert_eq!(world.held().await, (24_000, 0));
}

async fn the_key_with_another_customer_is_refused(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let first = world.paid("receipt", &invoice).await;
    let somebody = world.customer_in(world.chart.currency);
    let theirs = world.invoice_of(&somebody, "INV-2", world.money(24_000));
    let other = world.receipt_for(&theirs, 24_000, 24_000).await;
    rejected(world.record("receipt", &other).await);
    assert_eq!(world.receipt("receipt").await, first);
    assert_eq!(world.due(&theirs).await, 24_000);
}

/// What of it is applied is no part of the intent: it is read back and mended.
async fn a_receipt_whose_application_was_changed_is_adopted_all_the_same(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let write = world.receipt_for(&invoice, 24_000, 24_000).await;
    let id = made(world.record("receipt", &write).await);
    subject.unapply_by_hand(&id.as_str().into());
    adopted(world.record("receipt", &write).await, &id);
    assert_eq!(world.due(&invoice).await, 24_000, "it was applied again in silence");
}

async fn a_receipt_that_a_person_voided_is_not_made_again(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let write = world.receipt_for(&invoice, 24_000, 24_000).await;
    let id = made(world.record("receipt", &write).await);
    subject.void_receipt(&id.as_str().into());
    rejected(world.record("receipt", &write).await);
    let look = world.erp.find(&key("receipt"), &ErpWrite::RecordReceipt(write)).await;
    rejected(look);
    assert_eq!(world.held().await, (0, 0));
}

async fn long_keys_that_differ_at_their_end_make_two_receipts(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let long = "a payment whose name is longer than any system's key and goes on and on for ever "
        .repeat(4);
    let mut ids = Vec::new();
    for nth in ["1", "2"] {
        let write = world.receipt_for(&invoice, 100, 100).await;
        let key = Key::new(&["receipt", &long, nth]);
        ids.push(made(world.erp.write(&key, &ErpWrite::RecordReceipt(write)).await));
    }
    assert_ne!(ids[0], ids[1]);
    assert_eq!(world.due(&invoice).await, 23_800);
}

async fn no_more_than_is_due_can_be_applied(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let beyond = world.receipt_for(&invoice, 30_000, 24_001).await;
    let refused = world.record("receipt", &beyond).await;
    rejected_as(refused, RejectionCause::ApplicationImpossible);
    let beyond_itself = world.receipt_for(&invoice, 10_000, 10_001).await;
    rejected(world.record("itself", &beyond_itself).await);
    for name in ["receipt", "itself"] {
        world.nothing_under(DocumentKind::Receipt, name).await;
    }
    assert_eq!((world.due(&invoice).await, world.held().await), (24_000, (0, 0)));
    // Certainly refused, so the key is free for what is right.
    let right = world.receipt_for(&invoice, 30_000, 24_000).await;
    made(world.record("receipt", &right).await);
}

async fn a_paid_invoice_takes_no_more(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let write = world.receipt_for(&invoice, 24_000, 24_000).await;
    subject.pay_by_hand(&invoice, world.money(24_000));
    let refused = world.record("receipt", &write).await;
    rejected_as(refused, RejectionCause::ApplicationImpossible);
    world.nothing_under(DocumentKind::Receipt, "receipt").await;
}

async fn an_invoice_of_another_customer_is_not_paid(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let mut write = world.receipt_for(&invoice, 24_000, 24_000).await;
    write.customer = world.customer_in(world.chart.currency);
    rejected(world.record("receipt", &write).await);
    world.nothing_under(DocumentKind::Receipt, "receipt").await;
    assert_eq!(world.due(&invoice).await, 24_000);
}

async fn a_receipt_of_nothing_is_refused(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    for minor in [0, -1] {
        let write = world.receipt_for(&invoice, minor, 0).await;
        not_done(world.record("receipt", &write).await);
        world.nothing_under(DocumentKind::Receipt, "receipt").await;
    }
}

async fn a_closed_period_refuses_a_receipt_until_it_is_open(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let write = world.receipt_for(&invoice, 24_000, 24_000).await;
    subject.set_period(world.chart.day, false);
    rejected_as(world.record("receipt", &write).await, RejectionCause::PeriodClosed);
    world.nothing_under(DocumentKind::Receipt, "receipt").await;
    subject.set_period(world.chart.day, true);
    made(world.record("receipt", &write).await);
    assert_eq!(world.due(&invoice).await, 0);
}

async fn receipts_are_guarded_by_uniqueness_or_watched(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let write = ErpWrite::RecordReceipt(world.receipt_for(&invoice, 1, 1).await);
    let guard = world.erp.guard(&write);
    assert!(matches!(guard, Guard::Unique | Guard::SearchOnly), "{guard:?}");
}
