//! Payouts and their items: they add up, to less than a penny, and say what was settled.

use std::time::Duration;

use model::money::ItemAmount;
use model::payment::CollectionStatus as Status;
use model::payout::{Payout, PayoutItem, PayoutItemKind, PayoutStatus};

use super::expect::{found, ok, only, window};
use super::world::World;
use crate::conformance::subject::ProcessorSubject;

super::suite! {
    ProcessorSubject:
    a_settled_payment_is_an_item_of_its_payout,
    items_add_up_to_the_payout,
    items_are_numbered_and_stay_as_they_are,
    a_chargeback_takes_the_amount_back_in_a_later_payout,
    a_refund_is_read_and_leaves_by_a_later_payout,
    a_payout_is_listed_since_it_was_made,
    an_unknown_payout_has_no_items,
}

async fn payouts(world: &World<'_>, since: jiff::Timestamp) -> Vec<Payout> {
    let port = world.processor;
    let ask =
        |page: Option<String>| async move { port.payouts_since(since, page.as_deref()).await };
    let seen = window(ask, |_| ()).await;
    let mut list: Vec<Payout> = seen.into_iter().map(|seen| found(seen.read)).collect();
    list.sort_by_key(|payout| payout.created_at);
    list
}

async fn items(world: &World<'_>, payout: &Payout) -> Vec<PayoutItem> {
    ok(world.processor.payout_items(&payout.id).await)
}

fn of(items: &[PayoutItem], kind: PayoutItemKind) -> Vec<&PayoutItem> {
    items.iter().filter(|item| item.kind == kind).collect()
}

fn assert_adds_up(payout: &Payout, items: &[PayoutItem]) {
    let sum = ItemAmount::sum(items.iter().map(|item| &item.amount));
    let sum = sum.unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(sum.round_to_minor(), Ok(payout.amount.minor), "{items:?}");
}

async fn a_settled_payment_is_an_item_of_its_payout(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let start = subject.now();
    let id = world.at(Status::PaidOut, 12_000).await;
    let payout = only(payouts(&world, start).await);
    assert_eq!((payout.status, payout.amount.currency), (PayoutStatus::Paid, world.currency));
    assert!(payout.arrival_on.is_some(), "{payout:?}");
    let items = items(&world, &payout).await;
    let settled = of(&items, PayoutItemKind::PaymentPaidOut);
    assert_eq!(settled.len(), 1, "{items:?}");
    assert_eq!(settled[0].collection.as_ref(), Some(&id));
    assert_eq!(settled[0].amount, ItemAmount::from_minor(12_000));
    let ids = std::slice::from_ref(&payout.id);
    assert_eq!(found(only(ok(world.processor.payouts(ids).await))), payout);
}

async fn items_add_up_to_the_payout(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let start = subject.now();
    let mut ids = Vec::new();
    for (invoice, minor) in [("1", 12_000), ("2", 25_051), ("3", 9_999), ("4", 333)] {
        ids.push(world.collected(invoice, minor).await);
    }
    for id in &ids {
        subject.bring_to(id, Status::PaidOut);
    }
    let mut settled = Vec::new();
    for payout in payouts(&world, start).await {
        let items = items(&world, &payout).await;
        assert_adds_up(&payout, &items);
        let paid = of(&items, PayoutItemKind::PaymentPaidOut);
        settled.extend(paid.iter().filter_map(|item| item.collection.clone()));
    }
    settled.sort();
    ids.sort();
    assert_eq!(settled, ids, "each payment is settled once");
}

async fn items_are_numbered_and_stay_as_they_are(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let start = subject.now();
    world.at(Status::PaidOut, 12_000).await;
    let payout = only(payouts(&world, start).await);
    let first = items(&world, &payout).await;
    let ordinals: Vec<u32> = first.iter().map(|item| item.ordinal).collect();
    let expected: Vec<u32> = (0..u32::try_from(first.len()).unwrap_or(u32::MAX)).collect();
    assert_eq!(ordinals, expected);
    subject.pass(Duration::from_secs(7 * 86_400));
    assert_eq!(items(&world, &payout).await, first);
}

async fn a_chargeback_takes_the_amount_back_in_a_later_payout(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let start = subject.now();
    let id = world.at(Status::PaidOut, 12_000).await;
    subject.bring_to(&id, Status::ChargedBack);
    assert_eq!(world.payment(&id).await.status, Status::ChargedBack);
    // Money that comes in makes the next payout positive.
    let other = world.collected("5032", 50_000).await;
    subject.bring_to(&other, Status::PaidOut);
    let list = payouts(&world, start).await;
    assert!(list.len() >= 2, "{list:?}");
    let (mut taken, mut settled) = (Vec::new(), 0);
    for (nth, payout) in list.iter().enumerate() {
        let items = items(&world, payout).await;
        assert_adds_up(payout, &items);
        settled += of(&items, PayoutItemKind::PaymentPaidOut).len();
        for item in of(&items, PayoutItemKind::PaymentChargedBack) {
            assert!(nth > 0, "in the payout that settled it");
            taken.push((item.collection.clone(), item.amount));
        }
    }
    assert_eq!(taken, [(Some(id), ItemAmount::from_minor(-12_000))]);
    assert_eq!(settled, 2);
}

async fn a_refund_is_read_and_leaves_by_a_later_payout(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let start = subject.now();
    let id = world.at(Status::PaidOut, 12_000).await;
    let refund = subject.refund(&id, world.money(3_001));
    let read = found(only(ok(world.processor.refunds(std::slice::from_ref(&refund)).await)));
    assert_eq!((&read.id, read.collection.as_ref()), (&refund, Some(&id)));
    assert_eq!(read.amount, world.money(3_001));
    let payment = world.payment(&id).await;
    assert_eq!((payment.amount, payment.refunded), (world.money(12_000), world.money(3_001)));
    let other = world.collected("5032", 50_000).await;
    subject.bring_to(&other, Status::PaidOut);
    let mut taken = Vec::new();
    for payout in payouts(&world, start).await {
        let items = items(&world, &payout).await;
        assert_adds_up(&payout, &items);
        for item in of(&items, PayoutItemKind::PaymentRefunded) {
            taken.push((item.refund.clone(), item.collection.clone(), item.amount));
        }
    }
    // An item may name the refund, the payment, or both.
    assert_eq!(taken.len(), 1, "{taken:?}");
    let (of_refund, of_payment, amount) = &taken[0];
    assert_eq!(*amount, ItemAmount::from_minor(-3_001));
    assert!(of_refund.as_ref().is_none_or(|named| *named == refund), "{taken:?}");
    assert!(of_payment.as_ref().is_none_or(|named| *named == id), "{taken:?}");
    assert!(of_refund.is_some() || of_payment.is_some(), "{taken:?}");
}

async fn a_payout_is_listed_since_it_was_made(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let start = subject.now();
    world.at(Status::PaidOut, 12_000).await;
    let payout = only(payouts(&world, start).await);
    let again = payouts(&world, payout.created_at).await;
    assert_eq!(again, [payout], "its own moment is not listed");
}

async fn an_unknown_payout_has_no_items(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    world.at(Status::PaidOut, 12_000).await;
    let unknown = subject.unknown_id();
    // No items, or an error; never somebody else's.
    if let Ok(items) = world.processor.payout_items(&unknown.as_str().into()).await {
        assert!(items.is_empty(), "{items:?}");
    }
}
