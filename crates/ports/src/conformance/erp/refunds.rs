//! Refund documents: they take what is unapplied, no more, once per key.

use model::command::{ErpWrite, RejectionCause};
use model::receipt::{DocumentKind, ErpDocument, ErpRefund, ReceiptPlace};

use super::expect::{adopted, made, not_done, ok, rejected, rejected_as};
use super::world::{World, key};
use crate::conformance::subject::ErpSubject;

super::suite! {
    ErpSubject:
    a_refund_takes_what_is_unapplied_from_the_bank,
    a_refund_from_undeposited_funds_waits_for_its_deposit,
    the_same_refund_again_is_adopted,
    the_key_with_another_refund_is_refused,
    what_is_applied_can_not_be_refunded,
    what_was_refunded_can_not_be_applied,
    a_refund_of_nothing_is_refused,
    a_closed_period_refuses_a_refund_until_it_is_open,
}

async fn refund(world: &World<'_>, name: &str) -> ErpRefund {
    match world.document(DocumentKind::Refund, name).await {
        ErpDocument::Refund(refund) => refund,
        other => panic!("{name} is no refund: {other:?}"),
    }
}

async fn a_refund_takes_what_is_unapplied_from_the_bank(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let receipt = world.unapplied("receipt", &invoice, 10_000).await;
    let id =
        made(world.write("refund", &world.refund_of(&receipt, 4_001, &world.chart.bank)).await);
    let there = refund(&world, "refund").await;
    assert_eq!((there.id.as_str(), there.amount), (id.as_str(), world.money(4_001)));
    assert_eq!(
        (there.account.as_ref(), there.dated_on),
        (Some(&world.chart.bank), world.chart.day)
    );
    assert_eq!((there.place, there.voided), (ReceiptPlace::Deposited, false));
    assert_eq!(world.receipt("receipt").await.unapplied, world.money(5_999));
    assert_eq!(world.held().await, (10_000, -4_001));
}

async fn a_refund_from_undeposited_funds_waits_for_its_deposit(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let receipt = world.unapplied("receipt", &invoice, 10_000).await;
    let write = world.refund_of(&receipt, 10_000, &world.chart.undeposited);
    made(world.write("refund", &write).await);
    let there = refund(&world, "refund").await;
    assert_eq!(there.account.as_ref(), Some(&world.chart.undeposited));
    assert_eq!(there.place, ReceiptPlace::Undeposited);
    assert_eq!(world.held().await, (0, 0));
    // Both leave undeposited funds by a deposit of nothing.
    let mut deposit = world.deposit_of(&[&receipt], 0, 0);
    deposit.refunds = vec![there.id];
    made(world.write("deposit", &ErpWrite::RecordDeposit(deposit)).await);
    assert_eq!(refund(&world, "refund").await.place, ReceiptPlace::Deposited);
    assert_eq!(world.receipt("receipt").await.place, ReceiptPlace::Deposited);
    assert_eq!(world.held().await, (0, 0));
}

async fn the_same_refund_again_is_adopted(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let receipt = world.unapplied("receipt", &invoice, 10_000).await;
    let write = world.refund_of(&receipt, 10_000, &world.chart.bank);
    let id = made(world.write("refund", &write).await);
    adopted(world.write("refund", &write).await, &id);
    let found = ok(world.erp.find(&key("refund"), &write).await);
    assert_eq!(found.map(|answer| answer.id), Some(id));
    assert_eq!(world.held().await, (10_000, -10_000));
}

async fn the_key_with_another_refund_is_refused(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let receipt = world.unapplied("receipt", &invoice, 10_000).await;
    ok(world.write("refund", &world.refund_of(&receipt, 4_000, &world.chart.bank)).await);
    let first = refund(&world, "refund").await;
    for write in [
        world.refund_of(&receipt, 4_001, &world.chart.bank),
        world.refund_of(&receipt, 4_000, &world.chart.undeposited),
    ] {
        rejected(world.write("refund", &write).await);
        rejected(world.erp.find(&key("refund"), &write).await);
    }
    assert_eq!(refund(&world, "refund").await, first);
    assert_eq!(world.held().await, (10_000, -4_000));
}

async fn what_is_applied_can_not_be_refunded(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let write = world.receipt_for(&invoice, 25_000, 24_000).await;
    ok(world.record("receipt", &write).await);
    let receipt = world.receipt("receipt").await;
    not_done(world.write("refund", &world.refund_of(&receipt, 1_001, &world.chart.bank)).await);
    world.nothing_under(DocumentKind::Refund, "refund").await;
    assert_eq!(world.receipt("receipt").await, receipt);
    assert_eq!(world.held().await, (25_000, 0));
}

async fn what_was_refunded_can_not_be_applied(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let receipt = world.unapplied("receipt", &invoice, 10_000).await;
    let late = world.apply(&receipt, &invoice, 10_000).await;
    ok(world.write("refund", &world.refund_of(&receipt, 10_000, &world.chart.bank)).await);
    not_done(world.write("on", &late).await);
    let receipt = world.receipt("receipt").await;
    not_done(world.write("on", &world.apply(&receipt, &invoice, 1).await).await);
    assert_eq!(world.due(&invoice).await, 24_000);
}

async fn a_refund_of_nothing_is_refused(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let receipt = world.unapplied("receipt", &invoice, 10_000).await;
    for minor in [0, -1] {
        not_done(world.write("refund", &world.refund_of(&receipt, minor, &world.chart.bank)).await);
        world.nothing_under(DocumentKind::Refund, "refund").await;
    }
}

async fn a_closed_period_refuses_a_refund_until_it_is_open(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let receipt = world.unapplied("receipt", &invoice, 10_000).await;
    let write = world.refund_of(&receipt, 10_000, &world.chart.bank);
    subject.set_period(world.chart.day, false);
    rejected_as(world.write("refund", &write).await, RejectionCause::PeriodClosed);
    world.nothing_under(DocumentKind::Refund, "refund").await;
    assert_eq!(world.receipt("receipt").await.unapplied, world.money(10_000));
    subject.set_period(world.chart.day, true);
    made(world.write("refund", &write).await);
}
