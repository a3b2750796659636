//! Lists lose nothing: not at the edge of a mark, not between two pages (DESIGN.md section 2,
//! "Sweeps"); the event list tells everything that happened.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;

use model::event::{Event, EventSubject};
use model::ids::CollectionId;
use model::payment::{CollectionStatus, metadata};

use super::expect::{found, ok, window};
use super::world::{World, action_key, cancel};
use crate::conformance::subject::ProcessorSubject;

super::suite! {
    ProcessorSubject:
    a_payment_made_in_the_marks_moment_is_listed,
    payments_of_one_moment_are_all_listed,
    payments_made_between_pages_hide_none,
    all_payments_of_a_payer_are_listed_beyond_one_page,
    a_customer_is_listed_since_it_was_made,
    an_event_of_the_marks_moment_is_listed,
    every_step_of_a_payment_is_an_event,
    an_event_says_the_same_each_time_it_is_read,
    events_that_come_between_pages_hide_none,
    a_failure_says_why,
}

const WEEK: Duration = Duration::from_secs(7 * 86_400);

async fn listed(
    world: &World<'_>,
    since: Timestamp,
    between: impl FnMut(usize),
) -> BTreeSet<CollectionId> {
    let port = world.processor;
    let ask =
        |page: Option<String>| async move { port.collections_since(since, page.as_deref()).await };
    let seen = window(ask, between).await;
    seen.into_iter().map(|seen| found(seen.read).id).collect()
}

async fn events(world: &World<'_>, since: Timestamp, between: impl FnMut(usize)) -> Vec<Event> {
    let port = world.processor;
    let ask = |page: Option<String>| async move { port.events(since, page.as_deref()).await };
    window(ask, between).await
}

/// The events of one payment: what happened, in order of time.
fn story(mut events: Vec<Event>, id: &CollectionId) -> Vec<String> {
    let subject = EventSubject::Collection(id.to_string());
    events.retain(|event| event.subject == subject);
    events.sort_by_key(|event| event.at);
    events.into_iter().map(|event| event.action).collect()
}

async fn many(world: &World<'_>) -> Vec<CollectionId> {
    let mut ids = Vec::new();
    for nth in 0..world.subject.page_len() + 3 {
        ids.push(world.collected(&format!("MANY-{nth}"), 500).await);
    }
    ids
}

/// Events may be some seconds late in the list.
fn settle(world: &World<'_>) {
    world.subject.pass(Duration::from_secs(60));
}

async fn a_payment_made_in_the_marks_moment_is_listed(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let old = world.collected("1", 100).await;
    subject.pass(WEEK);
    let mark = subject.now();
    let new = world.collected("2", 200).await;
    let list = listed(&world, mark, |_| ()).await;
    assert!(list.contains(&new), "made in the moment of the mark");
    let since = world.payment(&old).await.created_at;
    assert!(listed(&world, since, |_| ()).await.contains(&old), "its own moment is not listed");
}

async fn payments_of_one_moment_are_all_listed(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let mark = subject.now();
    let ids = many(&world).await;
    let list = listed(&world, mark, |_| ()).await;
    let lost: Vec<_> = ids.iter().filter(|id| !list.contains(*id)).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), ids.len());
}

async fn payments_made_between_pages_hide_none(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let mark = subject.now();
    let ids = many(&world).await;
    let port = world.processor;
    let (mut list, mut page, mut pages) = (BTreeSet::new(), None::<String>, 0);
    loop {
        let answer = ok(port.collections_since(mark, page.as_deref()).await);
        list.extend(answer.records.into_iter().map(|seen| seen.id));
        page = answer.next;
        if page.is_none() {
            break;
        }
        subject.pass(Duration::from_secs(1));
        world.collected(&format!("NEW-{pages}"), 300).await;
        pages += 1;
        assert!(pages < 20, "the window never ends while payments are made");
    }
    assert!(pages > 0, "there was one page only");
    let lost: Vec<_> = ids.iter().filter(|id| !list.contains(*id)).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
}

async fn all_payments_of_a_payer_are_listed_beyond_one_page(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let mut ids = many(&world).await;
    ids.sort();
    assert_eq!(world.payments().await, ids);
}

async fn a_customer_is_listed_since_it_was_made(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    subject.pass(WEEK);
    let mark = subject.now();
    let new = subject.add_customer("Brook & Sons", "ap@brook.example");
    let port = world.processor;
    for (since, wanted) in [(mark, &new), (Timestamp::UNIX_EPOCH, &world.customer)] {
        let ask = |page: Option<String>| async move {
            port.customers_since(since, page.as_deref()).await
        };
        let list = window(ask, |_| ()).await;
        assert!(list.iter().any(|one| one.id == *wanted), "{wanted} is not listed since {since}");
    }
}

async fn an_event_of_the_marks_moment_is_listed(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let id = world.collected("1", 100).await;
    settle(&world);
    let all = events(&world, Timestamp::UNIX_EPOCH, |_| ()).await;
    let of = EventSubject::Collection(id.to_string());
    let made = all.iter().find(|event| event.subject == of).map(|event| event.at);
    let at = made.unwrap_or_else(|| panic!("no event of {id}: {all:?}"));
    assert!(events(&world, at, |_| ()).await.iter().any(|event| event.subject == of));
}

async fn every_step_of_a_payment_is_an_event(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let mark = subject.now();
    let paid = world.at(CollectionStatus::PaidOut, 12_000).await;
    let gone = world.collected("2", 200).await;
    subject.pass(Duration::from_secs(1));
    ok(world.act(&cancel(&gone)).await);
    settle(&world);
    let all = events(&world, mark, |_| ()).await;
    assert_eq!(story(all.clone(), &gone), ["created", "cancelled"]);
    let of = EventSubject::Collection(gone.to_string());
    let cancelled = all.iter().find(|one| one.subject == of && one.action == "cancelled");
    let named = cancelled.and_then(|event| event.metadata.get(metadata::KEY));
    assert_eq!(named.map(String::as_str), Some(action_key(&cancel(&gone)).as_str()));
    let story = story(all, &paid);
    assert_eq!(story, ["created", "submitted", "confirmed", "paid_out"]);
}

async fn an_event_says_the_same_each_time_it_is_read(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let mark = subject.now();
    world.at(CollectionStatus::Failed, 12_000).await;
    settle(&world);
    let first = events(&world, mark, |_| ()).await;
    subject.pass(WEEK);
    let again = events(&world, mark, |_| ()).await;
    let lost: Vec<_> = first.iter().filter(|event| !again.contains(event)).collect();
    assert!(lost.is_empty(), "gone or told differently: {lost:?}");
    let ids: BTreeSet<_> = again.iter().map(|event| &event.id).collect();
    assert_eq!(ids.len(), again.len(), "an id stands for two events");
}

async fn events_that_come_between_pages_hide_none(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let mark = subject.now();
    let ids = many(&world).await;
    settle(&world);
    let customer = world.customer.clone();
    let mut pages = 0;
    let list = events(&world, mark, |_| {
        pages += 1;
        subject.pass(Duration::from_secs(1));
        subject.add_mandate(&customer, world.currency);
    })
    .await;
    assert!(pages > 0, "there was one page only");
    let told: BTreeSet<_> =
        list.iter().map(|event| &event.subject).map(|one| format!("{one:?}")).collect();
    let of = |id: &CollectionId| format!("{:?}", EventSubject::Collection(id.to_string()));
    let lost: Vec<_> = ids.iter().filter(|id| !told.contains(&of(id))).collect();
    assert!(lost.is_empty(), "lost: {lost:?}");
}

async fn a_failure_says_why(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let mark = subject.now();
    let id = world.at(CollectionStatus::Failed, 12_000).await;
    settle(&world);
    let all = events(&world, mark, |_| ()).await;
    let of = EventSubject::Collection(id.to_string());
    let failed = all.iter().find(|event| event.subject == of && event.action == "failed");
    let failed = failed.unwrap_or_else(|| panic!("no failure told: {all:?}"));
    assert!(failed.cause.as_ref().is_some_and(|cause| !cause.is_empty()), "{failed:?}");
    assert_eq!(failed.will_retry, Some(false), "{failed:?}");
}
