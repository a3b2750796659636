//! What is done to a payment is guarded by its state: cancelled while it can be, retried once, and
//! the processor's own retries stopped.

use model::command::{ProcessorWrite, RejectionCause};
use model::ids::CollectionId;
use model::payment::CollectionStatus as Status;

use super::expect::{adopted, made, not_done, ok, rejected, rejected_as, stale};
use super::world::{World, cancel, stop};
use crate::Guard;
use crate::conformance::subject::ProcessorSubject;

super::suite! {
    ProcessorSubject:
    actions_are_guarded_by_state,
    a_payment_is_cancelled_once,
    a_submitted_payment_can_not_be_cancelled,
    a_settled_payment_can_not_be_cancelled,
    a_failed_payment_is_retried_once,
    a_second_retry_is_told_from_the_first,
    a_payment_that_succeeded_is_not_retried,
    a_cancelled_payment_is_not_retried,
    a_retry_over_another_amount_is_stale,
    a_payment_is_not_retried_on_an_ended_mandate,
    automatic_retries_are_stopped,
    what_is_not_there_is_not_acted_on,
    a_customer_is_linked_once_and_to_one,
    an_unknown_customer_is_not_linked,
}

async fn actions_are_guarded_by_state(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let id = CollectionId::new(subject.unknown_id());
    for write in [cancel(&id), world.retry(&id, 0, 1)] {
        assert_eq!(world.processor.guard(&write), Guard::State, "{write:?}");
    }
    for write in [stop(&id), world.link("1007")] {
        let guard = world.processor.guard(&write);
        assert!(matches!(guard, Guard::State | Guard::Repeatable), "{write:?}: {guard:?}");
    }
}

async fn a_payment_is_cancelled_once(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let id = world.collected("5031", 12_000).await;
    let other = world.collected("5032", 12_000).await;
    assert_eq!(ok(world.look(&cancel(&id)).await), None);
    assert_eq!(made(world.act(&cancel(&id)).await), id.as_str());
    assert_eq!(world.payment(&id).await.status, Status::Cancelled);
    assert!(ok(world.look(&cancel(&id)).await).is_some());
    adopted(world.act(&cancel(&id)).await, id.as_str());
    assert_eq!(world.payment(&other).await.status, Status::PendingSubmission);
}

async fn a_submitted_payment_can_not_be_cancelled(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let id = world.at(Status::Submitted, 12_000).await;
    rejected_as(world.act(&cancel(&id)).await, RejectionCause::State);
    assert_eq!(ok(world.look(&cancel(&id)).await), None);
    assert_eq!(world.payment(&id).await.status, Status::Submitted);
}

async fn a_settled_payment_can_not_be_cancelled(subject: &dyn ProcessorSubject) {
    for status in [Status::Confirmed, Status::PaidOut, Status::Failed, Status::ChargedBack] {
        let mut world = World::new(subject);
        world.mandate = subject.add_mandate(&world.customer, world.currency);
        let invoice = format!("{status:?}");
        let id = world.collected(&invoice, 12_000).await;
        subject.bring_to(&id, status);
        rejected_as(world.act(&cancel(&id)).await, RejectionCause::State);
        assert_eq!(world.payment(&id).await.status, status);
    }
}

async fn a_failed_payment_is_retried_once(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let id = world.at(Status::Failed, 12_000).await;
    let retry = world.retry(&id, 0, 12_000);
    assert_eq!(ok(world.look(&retry).await), None);
    assert_eq!(made(world.act(&retry).await), id.as_str());
    let payment = world.payment(&id).await;
    assert_eq!((payment.status, payment.amount), (Status::PendingSubmission, world.money(12_000)));
    assert!(ok(world.look(&retry).await).is_some());
    adopted(world.act(&retry).await, id.as_str());
    assert_eq!(world.payments().await, [id]);
}

/// A retry that nobody saw answered may have failed again since.
async fn a_second_retry_is_told_from_the_first(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let id = world.at(Status::Failed, 12_000).await;
    let first = world.retry(&id, 0, 12_000);
    made(world.act(&first).await);
    subject.bring_to(&id, Status::Failed);
    assert!(ok(world.look(&first).await).is_some(), "it happened, and failed again");
    adopted(world.act(&first).await, id.as_str());
    assert_eq!(world.payment(&id).await.status, Status::Failed, "retried a second time");
    let second = world.retry(&id, 1, 12_000);
    assert_eq!(ok(world.look(&second).await), None);
    made(world.act(&second).await);
    assert_eq!(world.payment(&id).await.status, Status::PendingSubmission);
}

async fn a_payment_that_succeeded_is_not_retried(subject: &dyn ProcessorSubject) {
    for status in [Status::Submitted, Status::Confirmed, Status::PaidOut] {
        let mut world = World::new(subject);
        world.mandate = subject.add_mandate(&world.customer, world.currency);
        let id = world.collected(&format!("{status:?}"), 12_000).await;
        subject.bring_to(&id, status);
        // It is on its way, or there: told as such or refused, but nothing is asked for again.
        match world.act(&world.retry(&id, 0, 12_000)).await {
            Ok(answer) => assert!(answer.adopted, "{status:?}: {answer:?}"),
            refused => rejected_as(refused, RejectionCause::State),
        }
        assert_eq!(world.payment(&id).await.status, status);
    }
}

async fn a_cancelled_payment_is_not_retried(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let id = world.collected("5031", 12_000).await;
    ok(world.act(&cancel(&id)).await);
    rejected_as(world.act(&world.retry(&id, 0, 12_000)).await, RejectionCause::State);
    assert_eq!(world.payment(&id).await.status, Status::Cancelled);
}

async fn a_retry_over_another_amount_is_stale(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let id = world.at(Status::Failed, 12_000).await;
    stale(world.act(&world.retry(&id, 0, 11_999)).await);
    assert_eq!(world.payment(&id).await.status, Status::Failed);
}

async fn a_payment_is_not_retried_on_an_ended_mandate(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let id = world.at(Status::Failed, 12_000).await;
    subject.end_mandate(&world.mandate);
    rejected(world.act(&world.retry(&id, 0, 12_000)).await);
    assert_eq!(world.payment(&id).await.status, Status::Failed);
}

async fn automatic_retries_are_stopped(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let mut collect = world.collect("5031", 12_000);
    collect.automatic_retry = true;
    let id = CollectionId::new(made(world.send(&collect).await));
    assert!(world.payment(&id).await.automatic_retry);
    assert_eq!(ok(world.look(&stop(&id)).await), None);
    for _ in 0..2 {
        ok(world.act(&stop(&id)).await);
        assert!(!world.payment(&id).await.automatic_retry);
        assert!(ok(world.look(&stop(&id)).await).is_some());
    }
    assert_eq!(world.payment(&id).await.status, Status::PendingSubmission);
}

async fn what_is_not_there_is_not_acted_on(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let id = CollectionId::new(subject.unknown_id());
    for write in [cancel(&id), stop(&id), world.retry(&id, 0, 1)] {
        not_done(world.act(&write).await);
        not_done(world.look(&write).await);
    }
}

async fn a_customer_is_linked_once_and_to_one(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let link = world.link("1007");
    assert_eq!(ok(world.look(&link).await), None);
    made(world.act(&link).await);
    let linked = async || {
        let ids = std::slice::from_ref(&world.customer);
        let read = super::expect::only(ok(world.processor.customers(ids).await));
        super::expect::found(read).erp_customer
    };
    assert_eq!(linked().await, Some("1007".into()));
    assert!(ok(world.look(&link).await).is_some());
    adopted(world.act(&link).await, world.customer.as_str());
    // Somebody else's link is not overwritten.
    rejected_as(world.act(&world.link("1008")).await, RejectionCause::State);
    assert_eq!(linked().await, Some("1007".into()));
}

async fn an_unknown_customer_is_not_linked(subject: &dyn ProcessorSubject) {
    let mut world = World::new(subject);
    world.customer = subject.unknown_id().as_str().into();
    let link: ProcessorWrite = world.link("1007");
    not_done(world.act(&link).await);
}
