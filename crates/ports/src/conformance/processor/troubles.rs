//! Errors say what to do next, and what was refused or not reached has no effect.

use std::time::Duration;

use jiff::Timestamp;

use model::command::RejectionCause;
use model::ids::{CollectionId, PayoutId, ProcessorRefundId};

use super::expect::{made, ok, rejected_as, throttled, unauthorised, unavailable};
use super::world::{BOTH, World, cancel};
use crate::PortError;
use crate::conformance::subject::{Need, ProcessorSubject, Trouble};

super::suite! {
    ProcessorSubject:
    a_read_without_an_answer_is_unavailable needs [Need::Trouble(Trouble::Silence)],
    a_write_without_an_answer_may_have_happened needs [Need::Trouble(Trouble::Silence)],
    a_read_that_fails_over_there_is_unavailable needs [Need::Trouble(Trouble::Down)],
    a_write_that_fails_over_there_is_never_said_to_be_refused needs [Need::Trouble(Trouble::Down)],
    too_many_requests_are_throttled needs [Need::Trouble(Trouble::Throttled)],
    refused_credentials_are_unauthorised needs [Need::Trouble(Trouble::Unauthorised)],
    an_expired_token_is_renewed needs [Need::Trouble(Trouble::TokenExpired)],
    a_missing_permission_is_a_refusal_by_that_name needs [Need::Permissions],
    direct_reads_are_never_behind needs [Need::Trouble(Trouble::Stale)],
    lists_are_up_to_date_after_the_stated_staleness needs [Need::Trouble(Trouble::Stale)],
}

/// Every read of the port must end in the expected error.
async fn check_reads(world: &World<'_>, check: impl Fn(Result<(), PortError>)) {
    let port = world.processor;
    let (customer, mandate) = (world.customer.clone(), world.mandate.clone());
    let since = Timestamp::UNIX_EPOCH;
    check(port.events(since, None).await.map(drop));
    check(port.payouts_since(since, None).await.map(drop));
    check(port.collections_since(since, None).await.map(drop));
    check(port.customers_since(since, None).await.map(drop));
    check(port.customers(std::slice::from_ref(&customer)).await.map(drop));
    check(port.mandates_of(&customer).await.map(drop));
    check(port.mandates(&[mandate]).await.map(drop));
    for depth in BOTH {
        check(port.collections(&[CollectionId::new("PM1")], depth).await.map(drop));
    }
    check(port.collections_of(&customer).await.map(drop));
    check(port.payouts(&[PayoutId::new("PO1")]).await.map(drop));
    check(port.payout_items(&PayoutId::new("PO1")).await.map(drop));
    check(port.refunds(&[ProcessorRefundId::new("RF1")]).await.map(drop));
    check(world.find(&world.collect("never", 100)).await.map(drop));
}

async fn a_read_without_an_answer_is_unavailable(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    subject.trouble(Trouble::Silence);
    check_reads(&world, unavailable).await;
    subject.calm();
    assert!(world.payments().await.is_empty());
}

async fn a_write_without_an_answer_may_have_happened(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    subject.trouble(Trouble::Silence);
    let collect = world.collect("5031", 12_000);
    let told = world.send(&collect).await;
    let right = matches!(told, Err(PortError::OutcomeUnknown(_) | PortError::Unavailable(_)));
    assert!(right, "{told:?}");
    subject.calm();
    let found = ok(world.find(&collect).await);
    assert!(found.is_none() || matches!(told, Err(PortError::OutcomeUnknown(_))), "{told:?}");
}

async fn a_read_that_fails_over_there_is_unavailable(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    subject.trouble(Trouble::Down);
    check_reads(&world, unavailable).await;
    subject.calm();
    assert!(world.payments().await.is_empty());
}

async fn a_write_that_fails_over_there_is_never_said_to_be_refused(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let id = world.collected("5031", 12_000).await;
    subject.trouble(Trouble::Down);
    let mut answers = vec![world.send(&world.collect("5032", 12_000)).await];
    answers.push(world.act(&cancel(&id)).await);
    for told in answers {
        let right = matches!(told, Err(PortError::OutcomeUnknown(_) | PortError::Unavailable(_)));
        assert!(right, "{told:?}");
    }
}

async fn too_many_requests_are_throttled(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    subject.trouble(Trouble::Throttled);
    check_reads(&world, throttled).await;
    let collect = world.collect("5031", 12_000);
    throttled(world.send(&collect).await);
    subject.calm();
    subject.pass(Duration::from_secs(600));
    assert!(world.payments().await.is_empty());
    made(world.send(&collect).await);
}

async fn refused_credentials_are_unauthorised(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    subject.trouble(Trouble::Unauthorised);
    check_reads(&world, unauthorised).await;
    let collect = world.collect("5031", 12_000);
    unauthorised(world.send(&collect).await);
    subject.calm();
    assert_eq!(ok(world.find(&collect).await), None);
    made(world.send(&collect).await);
}

/// Renewed once and unnoticed, before a read and before a write, which is then made once.
async fn an_expired_token_is_renewed(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    subject.trouble(Trouble::TokenExpired);
    assert!(world.payments().await.is_empty());
    subject.trouble(Trouble::TokenExpired);
    let id = made(world.send(&world.collect("5031", 12_000)).await);
    assert_eq!(world.payments().await, [id.as_str().into()]);
}

/// The credentials are good, they may only read: a refusal of this write by its name.
async fn a_missing_permission_is_a_refusal_by_that_name(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let id = world.collected("5031", 12_000).await;
    subject.forbid_writes();
    let refused = world.send(&world.collect("5032", 12_000)).await;
    rejected_as(refused, RejectionCause::Permission);
    rejected_as(world.act(&cancel(&id)).await, RejectionCause::Permission);
    assert_eq!(world.payments().await, [id]);
}

async fn direct_reads_are_never_behind(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    subject.pass(Duration::from_secs(3_600));
    subject.trouble(Trouble::Stale);
    let id = world.collected("5031", 12_000).await;
    assert_eq!(world.payment(&id).await.amount, world.money(12_000));
    ok(world.act(&cancel(&id)).await);
    assert!(ok(world.look(&cancel(&id)).await).is_some(), "looked for in what lags");
}

async fn lists_are_up_to_date_after_the_stated_staleness(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    subject.pass(Duration::from_secs(3_600));
    let mark = subject.now();
    subject.trouble(Trouble::Stale);
    let id = world.collected("5031", 12_000).await;
    subject.pass(world.processor.description().staleness + Duration::from_secs(60));
    let page = ok(world.processor.collections_since(mark, None).await);
    assert!(page.records.iter().any(|seen| seen.id == id), "still not listed");
    assert_eq!(world.payments().await, std::slice::from_ref(&id));
    let events = ok(world.processor.events(mark, None).await);
    assert!(!events.records.is_empty(), "no event of {id}");
}
