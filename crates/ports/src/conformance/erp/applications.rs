//! Applying and un-applying: done on what it was decided on, or not at all.

use model::command::{ApplyReceipt, ErpWrite, RejectionCause, UnapplyReceipt};
use model::ids::ReceiptId;
use model::invoice::InvoiceStatus;

use super::expect::{not_done, ok, rejected, stale};
use super::world::{World, key};
use crate::conformance::subject::{ErpSubject, Need};
use crate::{Guard, PortError};

super::suite! {
    ErpSubject:
    a_receipt_is_taken_off_in_whole,
    a_receipt_is_taken_off_in_part needs [Need::PartialUnapply],
    what_is_taken_off_one_invoice_pays_another needs [Need::PartialUnapply],
    an_open_receipt_is_applied_step_by_step,
    an_unapplication_decided_on_another_state_is_stale,
    an_application_decided_on_another_rest_is_stale,
    an_application_decided_on_another_balance_is_stale,
    no_more_can_be_taken_off_than_is_applied,
    no_more_can_be_applied_than_is_left_and_due,
    a_change_is_found_by_its_effect,
    a_change_made_twice_is_made_once,
    a_change_of_an_unknown_receipt_is_not_done,
    a_closed_period_takes_a_change_whole_or_refuses_it_by_name,
}

async fn a_receipt_is_taken_off_in_whole(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let receipt = world.paid("receipt", &invoice).await;
    ok(world.write("off", &world.unapply(&receipt, &invoice, 24_000)).await);
    let read = world.read_invoice(&invoice).await;
    assert_eq!((read.due, read.status), (world.money(24_000), InvoiceStatus::Open));
    let after = world.receipt("receipt").await;
    assert_eq!((after.unapplied, after.amount), (world.money(24_000), world.money(24_000)));
    assert!(after.applications.is_empty() && !after.voided, "{after:?}");
}

async fn a_receipt_is_taken_off_in_part(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let receipt = world.paid("receipt", &invoice).await;
    ok(world.write("part", &world.unapply(&receipt, &invoice, 4_999)).await);
    let after = world.receipt("receipt").await;
    assert_eq!((after.unapplied, after.amount), (world.money(4_999), world.money(24_000)));
    assert_eq!(world.due(&invoice).await, 4_999);
    ok(world.write("rest", &world.unapply(&after, &invoice, 19_001)).await);
    let after = world.receipt("receipt").await;
    assert_eq!(after.unapplied, world.money(24_000));
    assert!(after.applications.is_empty(), "{after:?}");
    assert_eq!((world.due(&invoice).await, world.held().await), (24_000, (24_000, 0)));
}

async fn what_is_taken_off_one_invoice_pays_another(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let (first, second) = (world.invoice("INV-1", 20_000), world.invoice("INV-2", 10_000));
    let receipt = world.paid("receipt", &first).await;
    ok(world.write("off", &world.unapply(&receipt, &first, 12_000)).await);
    let receipt = world.receipt("receipt").await;
    ok(world.write("on", &world.apply(&receipt, &second, 7_000).await).await);
    let receipt = world.receipt("receipt").await;
    assert_eq!(receipt.unapplied, world.money(5_000));
    assert_eq!(world.applied(&receipt.id, &first).await, 8_000);
    assert_eq!(world.applied(&receipt.id, &second).await, 7_000);
    assert_eq!((world.due(&first).await, world.due(&second).await), (12_000, 3_000));
    // Once more to the same one.
    ok(world.write("more", &world.apply(&receipt, &second, 3_000).await).await);
    assert_eq!(world.applied(&receipt.id, &second).await, 10_000);
    assert_eq!(world.due(&second).await, 0);
}

async fn an_open_receipt_is_applied_step_by_step(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let (first, second) = (world.invoice("INV-1", 20_000), world.invoice("INV-2", 10_000));
    let receipt = world.unapplied("receipt", &first, 12_000).await;
    ok(world.write("one", &world.apply(&receipt, &first, 5_000).await).await);
    let receipt = world.receipt("receipt").await;
    ok(world.write("two", &world.apply(&receipt, &second, 6_999).await).await);
    let receipt = world.receipt("receipt").await;
    assert_eq!(receipt.unapplied, world.money(1));
    assert_eq!(receipt.applications.len(), 2, "{receipt:?}");
    assert_eq!((world.due(&first).await, world.due(&second).await), (15_000, 3_001));
}

async fn an_unapplication_decided_on_another_state_is_stale(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let receipt = world.paid("receipt", &invoice).await;
    let write = world.unapply(&receipt, &invoice, 24_000);
    subject.unapply_by_hand(&receipt.id);
    stale(world.write("off", &write).await);
    let other = UnapplyReceipt {
        receipt: receipt.id.clone(),
        customer: receipt.customer.clone(),
        invoice: invoice.clone(),
        amount: world.money(1),
        decided_applied: world.money(23_999),
        dated_on: Some(world.chart.day),
    };
    stale(world.write("other", &ErpWrite::UnapplyReceipt(other)).await);
    assert_eq!(world.due(&invoice).await, 24_000);
}

async fn an_application_decided_on_another_rest_is_stale(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let (first, second) = (world.invoice("INV-1", 20_000), world.invoice("INV-2", 10_000));
    let receipt = world.unapplied("receipt", &first, 10_000).await;
    let late = world.apply(&receipt, &second, 5_000).await;
    ok(world.write("on", &world.apply(&receipt, &first, 5_000).await).await);
    stale(world.write("late", &late).await);
    assert_eq!((world.due(&first).await, world.due(&second).await), (15_000, 10_000));
}

async fn an_application_decided_on_another_balance_is_stale(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 20_000);
    let receipt = world.unapplied("receipt", &invoice, 10_000).await;
    let late = world.apply(&receipt, &invoice, 10_000).await;
    subject.pay_by_hand(&invoice, world.money(1));
    stale(world.write("late", &late).await);
    assert_eq!(world.due(&invoice).await, 19_999);
    assert_eq!(world.receipt("receipt").await.unapplied, world.money(10_000));
}

async fn no_more_can_be_taken_off_than_is_applied(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let receipt = world.paid("receipt", &invoice).await;
    for (name, minor) in [("more", 24_001), ("none", 0), ("less", -1)] {
        rejected(world.write(name, &world.unapply(&receipt, &invoice, minor)).await);
    }
    assert_eq!(world.applied(&receipt.id, &invoice).await, 24_000);
}

async fn no_more_can_be_applied_than_is_left_and_due(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let (small, large) = (world.invoice("INV-1", 5_000), world.invoice("INV-2", 20_000));
    let receipt = world.unapplied("receipt", &small, 10_000).await;
    for (name, invoice, minor) in
        [("due", &small, 5_001), ("left", &large, 10_001), ("none", &large, 0)]
    {
        rejected(world.write(name, &world.apply(&receipt, invoice, minor).await).await);
    }
    assert_eq!(world.receipt("receipt").await.unapplied, world.money(10_000));
    assert_eq!((world.due(&small).await, world.due(&large).await), (5_000, 20_000));
}

async fn a_change_is_found_by_its_effect(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let receipt = world.paid("receipt", &invoice).await;
    let off = world.unapply(&receipt, &invoice, 24_000);
    assert_eq!(ok(world.erp.find(&key("off"), &off).await), None);
    ok(world.write("off", &off).await);
    assert!(ok(world.erp.find(&key("off"), &off).await).is_some_and(|answer| answer.adopted));
    let open = world.unapplied("open", &invoice, 10_000).await;
    let on = world.apply(&open, &invoice, 10_000).await;
    assert_eq!(ok(world.erp.find(&key("on"), &on).await), None);
    ok(world.write("on", &on).await);
    assert!(ok(world.erp.find(&key("on"), &on).await).is_some_and(|answer| answer.adopted));
}

/// The second send is refused as stale, or answered with what the first one did.
async fn a_change_made_twice_is_made_once(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let receipt = world.paid("receipt", &invoice).await;
    let off = world.unapply(&receipt, &invoice, 24_000);
    assert_eq!(world.erp.guard(&off), Guard::State);
    ok(world.write("off", &off).await);
    match world.write("off", &off).await {
        Ok(answer) => assert!(answer.adopted, "{answer:?}"),
        refused => stale(refused),
    }
    assert_eq!(world.due(&invoice).await, 24_000);
    let open = world.unapplied("open", &invoice, 10_000).await;
    let on = world.apply(&open, &invoice, 4_000).await;
    assert_eq!(world.erp.guard(&on), Guard::State);
    ok(world.write("on", &on).await);
    match world.write("on", &on).await {
        Ok(answer) => assert!(answer.adopted, "{answer:?}"),
        refused => stale(refused),
    }
    assert_eq!(world.due(&invoice).await, 20_000);
}

async fn a_change_of_an_unknown_receipt_is_not_done(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let receipt = ReceiptId::new(subject.unknown_id());
    let on = ApplyReceipt {
        receipt: receipt.clone(),
        customer: world.customer.clone(),
        invoice: invoice.clone(),
        amount: world.money(1),
        decided_unapplied: world.money(1),
        decided_due: world.money(24_000),
    };
    let off = UnapplyReceipt {
        receipt,
        customer: world.customer.clone(),
        invoice: invoice.clone(),
        amount: world.money(1),
        decided_applied: world.money(1),
        dated_on: Some(world.chart.day),
    };
    for write in [ErpWrite::ApplyReceipt(on), ErpWrite::UnapplyReceipt(off)] {
        not_done(world.write("change", &write).await);
    }
    assert_eq!(world.due(&invoice).await, 24_000);
}

/// ERPs differ in whether applications of a closed period can be changed. None may do half of it.
async fn a_closed_period_takes_a_change_whole_or_refuses_it_by_name(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let invoice = world.invoice("INV-1", 24_000);
    let receipt = world.paid("receipt", &invoice).await;
    let off = world.unapply(&receipt, &invoice, 24_000);
    subject.set_period(world.chart.day, false);
    let due = match world.write("off", &off).await {
        Ok(_) => 24_000,
        Err(PortError::Rejected(rejection)) => {
            assert_eq!(rejection.cause, RejectionCause::PeriodClosed, "{rejection:?}");
            0
        }
        Err(other) => panic!("{other:?}"),
    };
    assert_eq!(world.due(&invoice).await, due);
    assert_eq!(world.receipt("receipt").await.unapplied, world.money(due));
}
