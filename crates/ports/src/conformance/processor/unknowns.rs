//! Writes whose outcome is unknown are settled by key or by state, and make one payment at the end
//! (DESIGN.md section 2, "Unknown outcomes").

use model::command::ProcessorWrite;
use model::ids::CollectionId;
use model::payment::CollectionStatus as Status;

use super::expect::{adopted, made, ok, unknown};
use super::world::{World, cancel, stop};
use crate::PortError;
use crate::conformance::subject::{Need, ProcessorSubject, Trouble};

super::suite! {
    ProcessorSubject:
    a_payment_made_and_not_answered_is_found needs [Need::Trouble(Trouble::AnswerLost)],
    an_action_done_and_not_answered_is_found needs [Need::Trouble(Trouble::AnswerLost)],
    a_payment_lost_on_its_way_is_made_by_the_next_send needs [Need::Trouble(Trouble::RequestLost)],
    an_action_lost_on_its_way_is_done_by_the_next_send needs [Need::Trouble(Trouble::RequestLost)],
    a_late_payment_is_there_when_the_watch_ends needs [Need::Trouble(Trouble::EffectLate)],
    a_late_payment_and_a_second_send_make_one needs [Need::Trouble(Trouble::EffectLate)],
    a_late_retry_and_a_second_send_make_one needs [Need::Trouble(Trouble::EffectLate)],
}

/// One action of each kind on a payment of its own.
async fn actions(world: &mut World<'_>) -> Vec<(&'static str, ProcessorWrite)> {
    let failed = world.at(Status::Failed, 12_000).await;
    // The bank may have ended the mandate with the failure of another payment.
    world.mandate = world.subject.add_mandate(&world.customer, world.currency);
    let pending = world.collected("5032", 100).await;
    let mut collect = world.collect("5033", 200);
    collect.automatic_retry = true;
    let retried = CollectionId::new(made(world.send(&collect).await));
    vec![
        ("cancel", cancel(&pending)),
        ("retry", world.retry(&failed, 0, 12_000)),
        ("stop", stop(&retried)),
        ("link", world.link("1007")),
    ]
}

async fn a_payment_made_and_not_answered_is_found(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let collect = world.collect("5031", 12_000);
    subject.trouble(Trouble::AnswerLost);
    unknown(world.send(&collect).await);
    subject.calm();
    let found = ok(world.find(&collect).await);
    let found = found.unwrap_or_else(|| panic!("it was made, and is not found"));
    assert!(found.adopted);
    adopted(world.send(&collect).await, &found.id);
    assert_eq!(world.payments().await.len(), 1);
}

async fn an_action_done_and_not_answered_is_found(subject: &dyn ProcessorSubject) {
    let mut world = World::new(subject);
    for (name, write) in actions(&mut world).await {
        assert_eq!(ok(world.look(&write).await), None, "{name}");
        subject.trouble(Trouble::AnswerLost);
        unknown(world.act(&write).await);
        subject.calm();
        let found = ok(world.look(&write).await);
        assert!(found.is_some_and(|answer| answer.adopted), "{name} was done, and is not found");
        ok(world.act(&write).await);
    }
}

#[track_caller]
fn not_known_to_be_done<T: std::fmt::Debug>(result: Result<T, PortError>) {
    let right = matches!(result, Err(PortError::OutcomeUnknown(_) | PortError::Unavailable(_)));
    assert!(right, "nothing came back, and it is told as {result:?}");
}

async fn a_payment_lost_on_its_way_is_made_by_the_next_send(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let collect = world.collect("5031", 12_000);
    subject.trouble(Trouble::RequestLost);
    not_known_to_be_done(world.send(&collect).await);
    subject.calm();
    assert_eq!(ok(world.find(&collect).await), None);
    made(world.send(&collect).await);
    assert_eq!(world.payments().await.len(), 1);
}

async fn an_action_lost_on_its_way_is_done_by_the_next_send(subject: &dyn ProcessorSubject) {
    let mut world = World::new(subject);
    for (name, write) in actions(&mut world).await {
        subject.trouble(Trouble::RequestLost);
        not_known_to_be_done(world.act(&write).await);
        subject.calm();
        assert_eq!(ok(world.look(&write).await), None, "{name}");
        made(world.act(&write).await);
        assert!(ok(world.look(&write).await).is_some(), "{name}");
    }
}

async fn a_late_payment_is_there_when_the_watch_ends(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let collect = world.collect("5031", 12_000);
    subject.trouble(Trouble::EffectLate);
    unknown(world.send(&collect).await);
    assert_eq!(ok(world.find(&collect).await), None);
    subject.pass(world.processor.description().watch());
    assert!(ok(world.find(&collect).await).is_some(), "not found when the watch ended");
    assert_eq!(world.payments().await.len(), 1);
}

async fn a_late_payment_and_a_second_send_make_one(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let collect = world.collect("5031", 12_000);
    subject.trouble(Trouble::EffectLate);
    unknown(world.send(&collect).await);
    let id = made(world.send(&collect).await);
    subject.pass(world.processor.description().watch());
    adopted(world.send(&collect).await, &id);
    assert_eq!(world.payments().await, [id.as_str().into()]);
}

async fn a_late_retry_and_a_second_send_make_one(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let id = world.at(Status::Failed, 12_000).await;
    let retry = world.retry(&id, 0, 12_000);
    subject.trouble(Trouble::EffectLate);
    unknown(world.act(&retry).await);
    made(world.act(&retry).await);
    subject.pass(world.processor.description().watch());
    adopted(world.act(&retry).await, id.as_str());
    // One retry: a second one is still to be had.
    subject.bring_to(&id, Status::Failed);
    assert_eq!(ok(world.look(&world.retry(&id, 1, 12_000)).await), None, "counted twice");
}
