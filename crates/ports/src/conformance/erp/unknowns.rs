//! Writes whose outcome is unknown are settled as their guard says: found when they happened, not
//! found when not, and one document at the end (DESIGN.md section 2, "Unknown outcomes").

use model::command::{AnnotateInvoice, ErpWrite};
use model::invoice::Annotation;
use model::receipt::Receipt;

use super::expect::{adopted, ok, stale, unknown};
use super::world::{World, key};
use crate::conformance::subject::{ErpSubject, Need, Trouble};
use crate::{Guard, PortError};

super::suite! {
    ErpSubject:
    what_was_made_and_not_answered_is_found needs [Need::Trouble(Trouble::AnswerLost)],
    what_was_changed_and_not_answered_is_found needs [Need::Trouble(Trouble::AnswerLost)],
    what_was_lost_on_its_way_is_made_by_the_next_send needs [Need::Trouble(Trouble::RequestLost)],
    a_change_lost_on_its_way_is_made_by_the_next_send needs [Need::Trouble(Trouble::RequestLost)],
    a_late_effect_is_there_when_the_watch_ends needs [Need::Trouble(Trouble::EffectLate)],
    a_late_effect_and_a_second_send_make_one
        needs [Need::UniqueKeys, Need::Trouble(Trouble::EffectLate)],
}

/// One write of each kind that makes a document, with its name; each can be made on its own.
async fn documents(world: &World<'_>) -> Vec<(&'static str, ErpWrite)> {
    let invoice = world.invoice("INV-1", 24_000);
    let open = world.unapplied("open", &invoice, 10_000).await;
    let other = world.unapplied("other", &invoice, 5_000).await;
    vec![
        ("receipt", ErpWrite::RecordReceipt(world.receipt_for(&invoice, 24_000, 24_000).await)),
        ("refund", world.refund_of(&open, 10_000, &world.chart.bank)),
        ("deposit", ErpWrite::RecordDeposit(world.deposit_of(&[&other], 100, 4_900))),
        ("journal", ErpWrite::RecordJournal(world.journal_of(241))),
    ]
}

/// What all of [`documents`] leave behind, on undeposited funds, bank and fees.
async fn assert_all_made_once(world: &World<'_>) {
    // 24 000 + 10 000 of receipts wait; 10 000 were refunded, 4 900 came, 241 went.
    assert_eq!(world.held().await, (34_000, 4_900 - 10_000 - 241));
    assert_eq!(world.balance(&world.chart.fees).await, 341);
}

/// A receipt on an invoice, and one that is applied to nothing.
async fn applied_and_open(world: &World<'_>) -> (Receipt, Receipt) {
    let (first, second) = (world.invoice("INV-1", 24_000), world.invoice("INV-2", 6_000));
    (world.paid("applied", &first).await, world.unapplied("open", &second, 6_000).await)
}

/// One write of each kind that changes something.
async fn changes(world: &World<'_>) -> Vec<(&'static str, ErpWrite)> {
    let (applied, open) = applied_and_open(world).await;
    let first = applied.applications[0].invoice.clone();
    let third = world.invoice("INV-3", 6_000);
    let annotation = Annotation { collection: Some("PM1".to_owned()), ..Annotation::default() };
    let annotate = AnnotateInvoice { invoice: third.clone(), annotation, clear_retry: false };
    vec![
        ("off", world.unapply(&applied, &first, 24_000)),
        // Before the annotation: a change of the invoice must not make it stale.
        ("on", world.apply(&open, &third, 5_000).await),
        ("note", ErpWrite::AnnotateInvoice(annotate)),
    ]
}

async fn what_was_made_and_not_answered_is_found(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    for (name, write) in documents(&world).await {
        subject.trouble(Trouble::AnswerLost);
        unknown(world.write(name, &write).await);
        subject.calm();
        let found = ok(world.erp.find(&key(name), &write).await);
        let found = found.unwrap_or_else(|| panic!("{name} happened, and is not found"));
        assert!(found.adopted, "{name}: {found:?}");
        if world.erp.guard(&write) == Guard::Unique {
            adopted(world.write(name, &write).await, &found.id);
        }
    }
    assert_all_made_once(&world).await;
}

async fn what_was_changed_and_not_answered_is_found(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    for (name, write) in changes(&world).await {
        subject.trouble(Trouble::AnswerLost);
        unknown(world.write(name, &write).await);
        subject.calm();
        let found = ok(world.erp.find(&key(name), &write).await);
        assert!(found.is_some_and(|answer| answer.adopted), "{name} happened, and is not found");
        match (world.erp.guard(&write), world.write(name, &write).await) {
            (Guard::Repeatable, again) => drop(ok(again)),
            (_, Ok(answer)) => assert!(answer.adopted, "{name}: {answer:?}"),
            (_, again) => stale(again),
        }
    }
    assert_eq!(world.receipt("applied").await.unapplied, world.money(24_000));
    assert_eq!(world.receipt("open").await.unapplied, world.money(1_000));
}

async fn what_was_lost_on_its_way_is_made_by_the_next_send(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    for (name, write) in documents(&world).await {
        subject.trouble(Trouble::RequestLost);
        not_known_to_be_done(world.write(name, &write).await);
        subject.calm();
        assert_eq!(ok(world.erp.find(&key(name), &write).await), None, "{name}");
        let made = ok(world.write(name, &write).await);
        assert!(!made.adopted, "{name}: {made:?}");
    }
    assert_all_made_once(&world).await;
}

async fn a_change_lost_on_its_way_is_made_by_the_next_send(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    for (name, write) in changes(&world).await {
        subject.trouble(Trouble::RequestLost);
        not_known_to_be_done(world.write(name, &write).await);
        subject.calm();
        assert_eq!(ok(world.erp.find(&key(name), &write).await), None, "{name}");
        ok(world.write(name, &write).await);
    }
    assert_eq!(world.receipt("applied").await.unapplied, world.money(24_000));
    assert_eq!(world.receipt("open").await.unapplied, world.money(1_000));
}

#[track_caller]
fn not_known_to_be_done<T: std::fmt::Debug>(result: Result<T, PortError>) {
    let right = matches!(result, Err(PortError::OutcomeUnknown(_) | PortError::Unavailable(_)));
    assert!(right, "nothing came back, and it is told as {result:?}");
}

async fn a_late_effect_is_there_when_the_watch_ends(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let watch = world.erp.description().watch();
    for (name, write) in documents(&world).await {
        subject.trouble(Trouble::EffectLate);
        unknown(world.write(name, &write).await);
        assert_eq!(ok(world.erp.find(&key(name), &write).await), None, "{name}");
        subject.pass(watch);
        let found = world.erp.find(&key(name), &write).await;
        subject.calm();
        match found {
            // The first of several steps came late: the next send does the others.
            Err(PortError::OutcomeUnknown(_)) => drop(ok(world.write(name, &write).await)),
            found => assert!(ok(found).is_some(), "{name} happened, and is not found"),
        }
    }
    assert_all_made_once(&world).await;
}

async fn a_late_effect_and_a_second_send_make_one(subject: &dyn ErpSubject) {
    let world = World::new(subject);
    let watch = world.erp.description().watch();
    for (name, write) in documents(&world).await {
        assert_eq!(world.erp.guard(&write), Guard::Unique, "{name}");
        subject.trouble(Trouble::EffectLate);
        unknown(world.write(name, &write).await);
        let made = ok(world.write(name, &write).await);
        subject.pass(watch);
        adopted(world.write(name, &write).await, &made.id);
        subject.calm();
    }
    assert_all_made_once(&world).await;
}
