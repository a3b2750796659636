//! Reads give what was made, and say plainly what is not there.

use model::ids::{
    CollectionId, MandateId, MandateRequestId, PayoutId, ProcessorCustomerId, ProcessorRefundId,
};
use model::mandate::MandateStatus;
use model::payment::CollectionStatus;

use super::expect::{found, ok, only};
use super::world::{BOTH, EMAIL, World};
use crate::Read;
use crate::conformance::subject::ProcessorSubject;

super::suite! {
    ProcessorSubject:
    a_payment_reads_as_it_was_asked_for,
    a_payers_payments_are_listed_over_all_mandates,
    a_customer_reads_as_it_was_written,
    a_mandate_reads_as_it_stands,
    a_payers_mandates_are_listed_whatever_their_status,
    a_replaced_mandate_names_its_successor,
    payments_come_in_the_order_asked,
    an_empty_slice_gives_nothing,
    an_unknown_id_is_missing_and_no_error,
    what_can_not_be_an_id_is_no_error,
    an_unknown_customer_has_nothing,
    health_names_the_account,
    the_description_is_usable,
}

async fn a_payment_reads_as_it_was_asked_for(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let start = subject.now();
    let collect = world.collect("5031", 12_001);
    let id = world.collected("5031", 12_001).await;
    for depth in BOTH {
        let ids = std::slice::from_ref(&id);
        let read = found(only(ok(world.processor.collections(ids, depth).await)));
        assert_eq!((&read.id, &read.mandate), (&id, &world.mandate));
        assert_eq!((read.amount, read.refunded), (world.money(12_001), world.money(0)));
        assert_eq!(read.status, CollectionStatus::PendingSubmission);
        assert_eq!(read.description.as_deref(), Some("INV-5031"));
        assert_eq!(read.metadata, collect.metadata);
        assert_eq!(read.invoice(), Some("5031".into()));
        assert_eq!(read.key_stamp(), Some(world.key("5031").as_str()));
        assert!(read.charge_on.is_some() && !read.automatic_retry, "{read:?}");
        assert!((start..=subject.now()).contains(&read.created_at), "{read:?}");
        assert_eq!(read.payout_hint, None);
    }
}

async fn a_payers_payments_are_listed_over_all_mandates(subject: &dyn ProcessorSubject) {
    let mut world = World::new(subject);
    let first = world.collected("1", 100).await;
    world.mandate = subject.add_mandate(&world.customer, world.currency);
    let second = world.collected("2", 200).await;
    let somebody = subject.add_customer("Brook & Sons", "ap@brook.example");
    world.mandate = subject.add_mandate(&somebody, world.currency);
    world.collected("3", 300).await;
    let mut expected = vec![first, second];
    expected.sort();
    assert_eq!(world.payments().await, expected);
}

async fn a_customer_reads_as_it_was_written(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let ids = std::slice::from_ref(&world.customer);
    let read = found(only(ok(world.processor.customers(ids).await)));
    assert_eq!(read.id, world.customer);
    assert_eq!(read.email.as_deref(), Some(EMAIL));
    assert_eq!(read.name.as_deref(), Some("Aldermoor Ltd"));
    assert_eq!(read.erp_customer, None);
}

async fn a_mandate_reads_as_it_stands(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    for currency in subject.currencies() {
        let id = subject.add_mandate(&world.customer, currency);
        let read = found(only(ok(world.processor.mandates(&[id]).await)));
        assert_eq!((&read.customer, read.currency), (&world.customer, currency));
        assert_eq!((read.status, &read.replaced_by), (MandateStatus::Active, &None));
        assert!(read.next_possible_charge_on.is_some() && !read.scheme.is_empty(), "{read:?}");
    }
    subject.end_mandate(&world.mandate);
    let ids = std::slice::from_ref(&world.mandate);
    let read = found(only(ok(world.processor.mandates(ids).await)));
    assert!(!read.status.usable(true), "{read:?}");
}

async fn a_payers_mandates_are_listed_whatever_their_status(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let mut expected = vec![world.mandate.clone()];
    expected
        .extend(subject.currencies().iter().map(|one| subject.add_mandate(&world.customer, *one)));
    let somebody = subject.add_customer("Brook & Sons", "ap@brook.example");
    subject.add_mandate(&somebody, world.currency);
    subject.end_mandate(&world.mandate);
    let reads = ok(world.processor.mandates_of(&world.customer).await);
    let mut ids: Vec<_> = reads.into_iter().map(|read| found(read).id).collect();
    ids.sort();
    expected.sort();
    assert_eq!(ids, expected);
}

async fn a_replaced_mandate_names_its_successor(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let new = subject.replace_mandate(&world.mandate);
    let ids = [world.mandate.clone(), new.clone()];
    let reads = ok(world.processor.mandates(&ids).await);
    let (old, next) = (found(reads[0].clone()), found(reads[1].clone()));
    assert_eq!(old.replaced_by, Some(new));
    assert!(!old.status.usable(true) && next.status.usable(false), "{old:?} {next:?}");
    assert_eq!(next.customer, world.customer);
}

async fn payments_come_in_the_order_asked(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let (first, second) = (world.collected("1", 100).await, world.collected("2", 200).await);
    let nobody = CollectionId::new(subject.unknown_id());
    let asked = [second.clone(), nobody, first, second];
    for depth in BOTH {
        let reads = ok(world.processor.collections(&asked, depth).await);
        let amounts: Vec<_> =
            reads.iter().map(|read| read.found().map(|one| one.amount.minor)).collect();
        assert_eq!(amounts, [Some(200), None, Some(100), Some(200)], "{depth:?}");
    }
}

async fn an_empty_slice_gives_nothing(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    for depth in BOTH {
        assert!(ok(world.processor.collections(&[], depth).await).is_empty());
    }
    assert!(ok(world.processor.customers(&[]).await).is_empty());
    assert!(ok(world.processor.mandates(&[]).await).is_empty());
    assert!(ok(world.processor.mandate_requests(&[]).await).is_empty());
    assert!(ok(world.processor.payouts(&[]).await).is_empty());
    assert!(ok(world.processor.refunds(&[]).await).is_empty());
}

async fn an_unknown_id_is_missing_and_no_error(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let id = subject.unknown_id();
    let id = id.as_str();
    for depth in BOTH {
        let reads = world.processor.collections(&[CollectionId::new(id)], depth).await;
        assert_eq!(ok(reads), [Read::Missing], "{depth:?}");
    }
    let processor = world.processor;
    assert_eq!(ok(processor.customers(&[ProcessorCustomerId::new(id)]).await), [Read::Missing]);
    assert_eq!(ok(processor.mandates(&[MandateId::new(id)]).await), [Read::Missing]);
    let requests = processor.mandate_requests(&[MandateRequestId::new(id)]).await;
    assert_eq!(ok(requests), [Read::Missing]);
    assert_eq!(ok(processor.payouts(&[PayoutId::new(id)]).await), [Read::Missing]);
    assert_eq!(ok(processor.refunds(&[ProcessorRefundId::new(id)]).await), [Read::Missing]);
}

/// A person may type anything into a field that holds an id.
async fn what_can_not_be_an_id_is_no_error(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let known = world.collected("1", 100).await;
    for text in ["", " ", "no such id", "../payments", "?x=1", "ä"] {
        let ids = [CollectionId::new(text), known.clone()];
        for depth in BOTH {
            let reads = ok(world.processor.collections(&ids, depth).await);
            assert!(reads[0].found().is_none() && reads[1].found().is_some(), "{text:?}");
        }
        let reads = ok(world.processor.customers(&[ProcessorCustomerId::new(text)]).await);
        assert!(reads[0].found().is_none(), "{text:?}");
        let reads = ok(world.processor.mandates(&[MandateId::new(text)]).await);
        assert!(reads[0].found().is_none(), "{text:?}");
        let nobody = ProcessorCustomerId::new(text);
        assert!(ok(world.processor.collections_of(&nobody).await).is_empty(), "{text:?}");
        assert!(ok(world.processor.mandates_of(&nobody).await).is_empty(), "{text:?}");
    }
}

async fn an_unknown_customer_has_nothing(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    world.collected("1", 100).await;
    let nobody = ProcessorCustomerId::new(subject.unknown_id());
    assert!(ok(world.processor.collections_of(&nobody).await).is_empty());
    assert!(ok(world.processor.mandates_of(&nobody).await).is_empty());
}

async fn health_names_the_account(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let health = ok(world.processor.check_health().await);
    assert!(!health.account.is_empty());
    let again = ok(world.processor.check_health().await);
    assert_eq!(again.account, health.account, "cases are identified by it");
    for check in &health.checks {
        assert!(check.ok || !check.advice.is_empty(), "no advice: {check:?}");
    }
}

async fn the_description_is_usable(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let description = world.processor.description();
    assert!(!description.slug.is_empty() && !description.slug.contains(':'));
    assert!(description.slice_max > 0 && description.concurrency > 0);
    assert!(description.key_max_len >= 20, "stamps need a readable head: {description:?}");
    assert!(description.watch() >= description.deadline + description.server_cut_off);
}
