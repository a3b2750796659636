//! Marks, leases of streams, events.

use std::collections::BTreeMap;

use futures::future::join_all;

use model::case::CaseKey;
use model::event::{Event, EventSubject};
use model::ids::{ConnectionId, EventId};

use super::fixtures::{AnyStore, at, case, hint, ok, processor, refused};
use crate::rows::{Hint, Mark};

super::suite! {
    a_mark_moves_forward_only,
    one_worker_reads_a_stream,
    racing_workers_get_one_stream_lease,
    events_are_stored_once,
    an_event_is_stored_with_its_hints,
    events_come_by_subject_and_time,
}

fn bank() -> ConnectionId {
    ConnectionId::new("bank")
}

async fn a_mark_moves_forward_only(store: AnyStore) {
    let never = Mark { until: None, completed_at: None, sweeps: 0 };
    assert_eq!(ok(store.mark(&bank(), "events").await), never);
    assert!(ok(store.lease_stream(&bank(), "events", "a", at(0), 60).await));
    assert_eq!(ok(store.mark(&bank(), "events").await), never, "a lease is no read");
    ok(store.move_mark(&bank(), "events", at(50), at(60)).await);
    ok(store.move_mark(&bank(), "events", at(40), at(70)).await);
    let mark = ok(store.mark(&bank(), "events").await);
    assert_eq!(mark, Mark { until: Some(at(50)), completed_at: Some(at(70)), sweeps: 2 });
    assert_eq!(ok(store.mark(&bank(), "payouts").await), never);
    assert_eq!(ok(store.mark(&ConnectionId::new("other"), "events").await), never);
}

async fn one_worker_reads_a_stream(store: AnyStore) {
    let lease = async |worker: &str, now: i64| {
        ok(store.lease_stream(&bank(), "events", worker, at(now), 60).await)
    };
    assert!(lease("a", 0).await);
    assert!(lease("a", 30).await, "kept");
    assert!(!lease("b", 89).await);
    assert!(lease("b", 90).await);
    assert!(!lease("a", 91).await);
    assert!(ok(store.lease_stream(&bank(), "payouts", "a", at(91), 60).await));
}

async fn racing_workers_get_one_stream_lease(store: AnyStore) {
    let (bank, names) = (bank(), ["a", "b", "c", "d"]);
    let tries = names.iter().map(|name| store.lease_stream(&bank, "events", name, at(0), 60));
    let won = join_all(tries).await.into_iter().map(ok).filter(|won| *won).count();
    assert_eq!(won, 1);
}

fn event(id: &str, now: i64, subject: EventSubject) -> Event {
    Event {
        id: EventId::new(id),
        at: at(now),
        subject,
        action: "failed".to_owned(),
        origin: None,
        cause: Some("insufficient_funds".to_owned()),
        description: None,
        reason_code: None,
        will_retry: Some(false),
        links: BTreeMap::from([("payment".to_owned(), "PM1".to_owned())]),
        resource_metadata: BTreeMap::new(),
        metadata: BTreeMap::new(),
    }
}

fn of_collection(id: &str, now: i64) -> Event {
    event(id, now, EventSubject::Collection("PM1".to_owned()))
}

async fn events_are_stored_once(store: AnyStore) {
    let (one, two) = (of_collection("EV1", 1), of_collection("EV2", 2));
    let twice = [one.clone(), one.clone()];
    let ids = [one.id.clone(), two.id.clone()];
    assert_eq!(ok(store.unknown_events(&processor(), &ids).await), ids);
    ok(store.put_events(&processor(), &twice, &[]).await);
    assert_eq!(ok(store.unknown_events(&processor(), &ids).await), ids[1..]);
    let changed = Event { action: "paid_out".to_owned(), ..one.clone() };
    ok(store.put_events(&processor(), &[changed, two.clone()], &[]).await);
    assert_eq!(ok(store.unknown_events(&processor(), &ids).await), []);
    let stored = ok(store.events_of(&processor(), "collection", "PM1").await);
    assert_eq!(stored, vec![one.clone(), two], "the first copy stays");
    assert_eq!(ok(store.unknown_events(&"pro:OR2".into(), &ids).await), ids);
}

/// Whoever dies leaves an event either unknown or heard.
async fn an_event_is_stored_with_its_hints(store: AnyStore) {
    let event = of_collection("EV1", 1);
    let odd = Hint { case: CaseKey { account: "a/b".into(), ..case(1) }, ..hint(1, 0) };
    refused(store.put_events(&processor(), std::slice::from_ref(&event), &[hint(2, 0), odd]).await);
    let ids = [event.id.clone()];
    assert_eq!(ok(store.unknown_events(&processor(), &ids).await), ids);
    assert_eq!(ok(store.case(&case(2)).await), None);
    ok(store.put_events(&processor(), &[event], &[hint(2, 0)]).await);
    assert_eq!(ok(store.unknown_events(&processor(), &ids).await), []);
    let due = ok(store.case(&case(2)).await).and_then(|row| row.due_at);
    assert_eq!(due, Some(at(0)));
}

async fn events_come_by_subject_and_time(store: AnyStore) {
    let events = [
        of_collection("EV3", 5),
        of_collection("EV2", 5),
        of_collection("EV9", 1),
        event("EV4", 0, EventSubject::Collection("PM2".to_owned())),
        event("EV5", 0, EventSubject::Refund("PM1".to_owned())),
        event("EV6", 0, EventSubject::MandateRequest("BR1".to_owned())),
        event("EV7", 0, EventSubject::Other("schedule".to_owned())),
    ];
    ok(store.put_events(&processor(), &events, &[]).await);
    let of = async |kind: &str, id: &str| -> Vec<String> {
        let found = ok(store.events_of(&processor(), kind, id).await);
        found.into_iter().map(|event| event.id.to_string()).collect()
    };
    assert_eq!(of("collection", "PM1").await, ["EV9", "EV2", "EV3"]);
    assert_eq!(of("refund", "PM1").await, ["EV5"]);
    assert_eq!(of("mandate_request", "BR1").await, ["EV6"]);
    assert_eq!(of("other", "schedule").await, ["EV7"]);
    assert_eq!(of("payout", "PM1").await, Vec::<String>::new());
}
