//! Signatures by the official vector and the sheet's own, and bodies however odd.

use model::event::EventSubject;
use ports::Processor;

use super::bench;

const OFFICIAL: &[u8] = include_bytes!("../fixtures/official_delivery.json");
const OFFICIAL_SIGNATURE: &str = "2693754819d3e32d7e8fcb13c729631f316c6de8dc1cf634d6527f1c07276e7e";
const WORKED: &[u8] = include_bytes!("../fixtures/worked_delivery.json");
const WORKED_SIGNATURE: &str = "e7c802602750fa649cee6678a894a4c32a36e9020fa66b6101ad87f87010321a";
const EMPTY: &[u8] = br#"{"events":[],"meta":{"webhook_id":"WB00EXAMPLE000"}}"#;
const EMPTY_SIGNATURE: &str = "f3bb5c0614552ccfdb364db46129fa996b2e54177383cdf9b6ad226a0e7e124a";

fn check(body: &[u8], signature: Option<&str>, good: bool) {
    let header =
        |name: &str| (name == "webhook-signature").then(|| signature.map(str::to_owned)).flatten();
    let result = bench(Vec::new()).gocardless.verify_delivery(&header, body);
    assert_eq!(result.is_ok(), good, "{signature:?}");
}

#[test]
fn signatures_are_checked_over_the_raw_body() {
    // The official vector is signed with the previous secret: both are valid while rolling.
    check(OFFICIAL, Some(OFFICIAL_SIGNATURE), true);
    check(WORKED, Some(WORKED_SIGNATURE), true);
    check(EMPTY, Some(EMPTY_SIGNATURE), true);
}

#[test]
fn anything_else_is_refused() {
    let newline = [EMPTY, b"\n"].concat();
    check(&newline, Some(EMPTY_SIGNATURE), false);
    check(EMPTY, None, false);
    check(EMPTY, Some(""), false);
    check(EMPTY, Some(WORKED_SIGNATURE), false);
    check(EMPTY, Some(&EMPTY_SIGNATURE[..63]), false);
    check(EMPTY, Some(&EMPTY_SIGNATURE.to_uppercase()), false);
    check(EMPTY, Some(&format!("v1={EMPTY_SIGNATURE}")), false);
    check(b"", Some(EMPTY_SIGNATURE), false);
}

#[test]
fn one_odd_event_never_blocks_the_others() {
    let body = include_bytes!("../fixtures/events.json");
    let delivery = bench(Vec::new()).gocardless.read_delivery(body);
    assert_eq!(
        delivery.odd,
        [
            "EV3: comets.seen is not known here",
            "EV4: payments.sparkled is not known here",
            "event EV5: created_at \"yesterday\" is not a time",
            "id is missing",
            "id is missing"
        ]
    );
    insta::assert_json_snapshot!("events", delivery.events);
}

#[test]
fn bodies_of_any_shape_are_read() {
    let read = |body: &[u8]| bench(Vec::new()).gocardless.read_delivery(body);
    assert_eq!(read(b"<html>").odd.len(), 1);
    assert_eq!(read(b"{}").odd, ["the body has no list of events"]);
    assert_eq!(read(br#"{"events":{}}"#).odd, ["the body has no list of events"]);
    assert_eq!(read(EMPTY).events.len() + read(EMPTY).odd.len(), 0);
    let one = r#"{"id":"EV1","created_at":"2026-11-18T07:31:02.101Z","resource_type":"payouts","action":"paid","links":{"payout":"PO1"}}"#;
    let many = format!("{{\"events\":[{}]}}", vec![one; 400].join(","));
    let delivery = read(many.as_bytes());
    assert_eq!(delivery.events.len(), 400);
    assert_eq!(delivery.events[0].subject, EventSubject::Payout("PO1".to_owned()));
}
