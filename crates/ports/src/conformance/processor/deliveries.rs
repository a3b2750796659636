//! Deliveries: verified over the raw body, read whole whatever is in them (promise P7).

use std::time::Duration;

use model::payment::CollectionStatus;

use super::expect::window;
use super::world::World;
use crate::conformance::subject::{Need, Posted, ProcessorSubject};

super::suite! {
    ProcessorSubject:
    a_delivery_tells_what_the_event_list_tells,
    a_signature_covers_every_byte needs [Need::Signatures],
    a_missing_or_wrong_signature_is_refused needs [Need::Signatures],
    something_odd_never_fails_a_delivery,
}

fn lookup(headers: &[(String, String)]) -> impl Fn(&str) -> Option<String> + '_ {
    |name| headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
}

async fn a_delivery_tells_what_the_event_list_tells(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    let start = subject.now();
    world.at(CollectionStatus::Failed, 12_000).await;
    subject.pass(Duration::from_secs(60));
    let port = world.processor;
    let ask = |page: Option<String>| async move { port.events(start, page.as_deref()).await };
    let listed = window(ask, |_| ()).await;
    let mut told = Vec::new();
    for Posted { headers, body } in subject.deliveries() {
        assert_eq!(world.processor.verify_delivery(&lookup(&headers), &body), Ok(()));
        let delivery = world.processor.read_delivery(&body);
        assert_eq!(delivery.odd, Vec::<String>::new());
        told.extend(delivery.events);
    }
    let failed = told.iter().filter(|event| event.action == "failed").count();
    assert_eq!(failed, 1, "{told:?}");
    let other: Vec<_> = told.iter().filter(|event| !listed.contains(event)).collect();
    assert!(other.is_empty(), "told differently by the list: {other:?}");
}

async fn a_signature_covers_every_byte(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    world.at(CollectionStatus::Submitted, 12_000).await;
    subject.pass(Duration::from_secs(60));
    let deliveries = subject.deliveries();
    assert!(!deliveries.is_empty());
    for Posted { headers, body } in deliveries {
        let find = lookup(&headers);
        let mut longer = body.clone();
        longer.push(b' ');
        let mut changed = body.clone();
        changed[body.len() / 2] ^= 1;
        for wrong in [&longer[..], &changed[..], &body[..body.len() - 1], &[][..]] {
            assert!(world.processor.verify_delivery(&find, wrong).is_err());
        }
        assert_eq!(world.processor.verify_delivery(&find, &body), Ok(()));
    }
}

async fn a_missing_or_wrong_signature_is_refused(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    world.at(CollectionStatus::Submitted, 12_000).await;
    subject.pass(Duration::from_secs(60));
    for Posted { headers, body } in subject.deliveries() {
        assert!(world.processor.verify_delivery(&|_| None, &body).is_err());
        for value in ["", "0", "ä", "00000000000000000000000000000000"] {
            let wrong = |_: &str| Some(value.to_owned());
            assert!(world.processor.verify_delivery(&wrong, &body).is_err(), "{value:?}");
        }
        let twice = |name: &str| lookup(&headers)(name).map(|value| format!("{value}{value}"));
        assert!(world.processor.verify_delivery(&twice, &body).is_err());
    }
}

async fn something_odd_never_fails_a_delivery(subject: &dyn ProcessorSubject) {
    let world = World::new(subject);
    for body in ["", "{", "[]", "{}", "null", "{\"events\": [1, null, {}]}", "\u{0}"] {
        let delivery = world.processor.read_delivery(body.as_bytes());
        assert!(delivery.events.is_empty(), "{body:?}: {:?}", delivery.events);
    }
    world.processor.read_delivery(&[0xff, 0xfe, 0x00]);
}
