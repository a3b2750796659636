//! Payments are made once per key, and never over something else (promise P1).

use futures::future::join_all;
use jiff::ToSpan;

use model::command::{Collect, ProcessorWrite, RejectionCause};
use model::key::Key;
use model::money::Money;
use model::payment::{CollectionStatus, metadata};

use super::expect::{adopted, found, made, not_done, ok, only, rejected, rejected_as, stale};
use super::world::{World, cancel};
use crate::Guard;
use crate::conformance::subject::ProcessorSubject;

super::suite! {
    ProcessorSubject:
    the_same_payment_again_is_adopted,
    payments_sent_at_once_under_one_key_make_one,
    the_key_with_another_amount_is_refused,
    the_key_with_another_mandate_is_refused,
    a_payment_whose_mandate_was_replaced_is_adopted,
    a_payment_is_adopted_whatever_became_of_it,
    a_payment_is_found_by_its_key,
    two_keys_make_two_payments,
    a_long_key_is_as_good_as_a_short_one,
    an_ended_mandate_takes_no_payment,
    an_unknown_mandate_takes_no_payment,
    nothing_is_not_collected,
    another_currency_than_the_mandates_is_not_collected,
    a_charge_date_that_has_passed_is_stale,
    a_charge_date_to_come_is_kept,
    amounts_are_exact_in_every_currency,
}

async fn the_same_payment_again_is_adopted(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let collect = world.collect("5031", 12_000);
    assert_eq!(world.processor.guard(&ProcessorWrite::Collect(collect.clone())), Guard::Unique);
    let id = made(world.send(&collect).await);
    adopted(world.send(&collect).await, &id);
    assert_eq!(world.payments().await, [id.as_str().into()]);
}

/// Two workers must never do it, and if they do, the other side's uniqueness holds.
async fn payments_sent_at_once_under_one_key_make_one(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let collect = world.collect("5031", 12_000);
    let sends = (0..3).map(|_| world.send(&collect));
    let answers: Vec<_> = join_all(sends).await.into_iter().map(ok).collect();
    assert_eq!(answers.iter().filter(|answer| !answer.adopted).count(), 1, "{answers:?}");
    assert_eq!(world.payments().await, [answers[0].id.as_str().into()]);
}

async fn the_key_with_another_amount_is_refused(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let id = world.collected("5031", 12_000).await;
    let before = world.payment(&id).await;
    for minor in [12_001, 11_999] {
        rejected(world.send(&world.collect("5031", minor)).await);
        rejected(world.find(&world.collect("5031", minor)).await);
    }
    assert_eq!(world.payment(&id).await, before);
    assert_eq!(world.payments().await, [id]);
}

async fn the_key_with_another_mandate_is_refused(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let id = world.collected("5031", 12_000).await;
    let mut other = world.collect("5031", 12_000);
    other.mandate = subject.add_mandate(&world.customer, world.currency);
    rejected(world.send(&other).await);
    assert_eq!(world.payments().await, [id]);
}

async fn a_payment_whose_mandate_was_replaced_is_adopted(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let collect = world.collect("5031", 12_000);
    let id = made(world.send(&collect).await);
    subject.replace_mandate(&world.mandate);
    adopted(world.send(&collect).await, &id);
    let found = ok(world.find(&collect).await);
    assert_eq!(found.map(|answer| answer.id), Some(id));
}

async fn a_payment_is_adopted_whatever_became_of_it(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let collect = world.collect("5031", 12_000);
    let id = made(world.send(&collect).await);
    ok(world.act(&cancel(&id.as_str().into())).await);
    // A late second send must not make what was cancelled anew.
    adopted(world.send(&collect).await, &id);
    subject.end_mandate(&world.mandate);
    adopted(world.send(&collect).await, &id);
    assert_eq!(world.payment(&id.as_str().into()).await.status, CollectionStatus::Cancelled);
    assert_eq!(world.payments().await.len(), 1);
}

async fn a_payment_is_found_by_its_key(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let collect = world.collect("5031", 12_000);
    assert_eq!(ok(world.find(&collect).await), None);
    world.collected("5032", 12_000).await;
    assert_eq!(ok(world.find(&collect).await), None, "another invoice's payment is taken for it");
    let id = made(world.send(&collect).await);
    let found = ok(world.find(&collect).await);
    assert_eq!(found.map(|answer| (answer.id, answer.adopted)), Some((id, true)));
}

async fn two_keys_make_two_payments(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let collect = world.collect("5031", 12_000);
    let first = made(world.send(&collect).await);
    let second_key = Key::new(&["collect", "5031", "2"]);
    let texts = [(metadata::KEY.to_owned(), second_key.as_str().to_owned())];
    let mut metadata = collect.metadata.clone();
    metadata.extend(texts);
    let second = ProcessorWrite::Collect(Collect { metadata, ..collect });
    let second = made(world.processor.write(&second_key, &second).await);
    assert_ne!(first, second);
    assert_eq!(world.payments().await.len(), 2);
}

async fn a_long_key_is_as_good_as_a_short_one(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let description = world.processor.description();
    let mut ids = Vec::new();
    for nth in ["1", "2"] {
        let key = Key::new(&["collect", &"a very long account ".repeat(20), nth]);
        let stamp = key.stamp(description.key_alphabet, description.key_max_len);
        let mut collect = world.collect("5031", 12_000);
        collect.metadata.insert(metadata::KEY.to_owned(), stamp);
        let write = ProcessorWrite::Collect(collect);
        let id = made(world.processor.write(&key, &write).await);
        adopted(world.processor.write(&key, &write).await, &id);
        let found = ok(world.processor.find(&key, &write).await);
        assert_eq!(found.map(|answer| answer.id).as_ref(), Some(&id));
        ids.push(id);
    }
    assert_ne!(ids[0], ids[1]);
}

async fn an_ended_mandate_takes_no_payment(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    subject.end_mandate(&world.mandate);
    let refused = world.send(&world.collect("5031", 12_000)).await;
    rejected_as(refused, RejectionCause::MandateUnusable);
    assert!(world.payments().await.is_empty());
}

async fn an_unknown_mandate_takes_no_payment(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let mut collect = world.collect("5031", 12_000);
    collect.mandate = subject.unknown_id().as_str().into();
    rejected_as(world.send(&collect).await, RejectionCause::MandateUnusable);
    assert!(world.payments().await.is_empty());
}

async fn nothing_is_not_collected(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    for minor in [0, -1] {
        let refused = world.send(&world.collect("5031", minor)).await;
        rejected_as(refused, RejectionCause::Validation);
    }
    assert!(world.payments().await.is_empty());
}

async fn another_currency_than_the_mandates_is_not_collected(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let other = if world.currency.code() == "NOK" { "DKK" } else { "NOK" };
    let mut collect = world.collect("5031", 12_000);
    let Ok(currency) = other.parse() else { panic!("{other} is a currency") };
    collect.amount = Money::new(12_000, currency);
    not_done(world.send(&collect).await);
    assert!(world.payments().await.is_empty());
}

async fn a_charge_date_that_has_passed_is_stale(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let mut collect = world.collect("5031", 12_000);
    let today = subject.now().to_zoned(jiff::tz::TimeZone::UTC).date();
    collect.charge_on = Some(today.saturating_sub(1.day()));
    stale(world.send(&collect).await);
    assert!(world.payments().await.is_empty());
}

async fn a_charge_date_to_come_is_kept(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let mandates = std::slice::from_ref(&world.mandate);
    let mandate = found(only(ok(world.processor.mandates(mandates).await)));
    let Some(first) = mandate.next_possible_charge_on else { panic!("{mandate:?}") };
    // A fortnight keeps the day of the week, which banks know.
    let on = first.saturating_add(14.days());
    let mut collect = world.collect("5031", 12_000);
    collect.charge_on = Some(on);
    let id = made(world.send(&collect).await);
    assert_eq!(world.payment(&id.as_str().into()).await.charge_on, Some(on));
}

async fn amounts_are_exact_in_every_currency(subject: &dyn ProcessorSubject) {
    let mut world = World::new(subject);
    for currency in subject.currencies() {
        world.currency = currency;
        world.mandate = subject.add_mandate(&world.customer, currency);
        // Within what bank debit schemes take; a lost digit or a binary fraction would show.
        for minor in [1_001, 1_999, 100_000, 123_457] {
            let id = world.collected(&format!("{currency}-{minor}"), minor).await;
            assert_eq!(world.payment(&id).await.amount, Money::new(minor, currency));
        }
    }
}
