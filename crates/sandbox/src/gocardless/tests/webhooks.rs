//! Signatures, batches, retries and their troubles (sheet section 19).

use serde_json::{Value, json};

use super::{Bench, text};
use crate::emulator::{Delivery, Emulator};
use crate::gocardless::sign;

const SECRET: &str = "ml-connector-example-secret";

fn receiving(config: Value) -> Bench {
    let bench = Bench::new();
    let seed = json!({
        "settings": config,
        "webhook_endpoints": [{ "url": "http://127.0.0.1:9/webhooks", "secret": SECRET }],
    });
    bench.control("/seed", &seed);
    bench
}

fn events(delivery: &Delivery) -> Vec<Value> {
    let body: Value = serde_json::from_slice(&delivery.body).unwrap();
    body["events"].as_array().unwrap().clone()
}

fn signature(delivery: &Delivery) -> &str {
    let found = delivery.headers.iter().find(|(name, _)| name == "Webhook-Signature");
    &found.unwrap().1
}

#[test]
fn the_vectors_of_the_sheet() {
    let body = br#"{"events":[],"meta":{"webhook_id":"WB00EXAMPLE000"}}"#;
    assert_eq!(body.len(), 52);
    let signed = "f3bb5c0614552ccfdb364db46129fa996b2e54177383cdf9b6ad226a0e7e124a";
    assert_eq!(sign(SECRET, body), signed);
    let with_newline = [&body[..], b"\n"].concat();
    let other = "869fd4a8dbdbd9484120cda59be39fe2f7abdef4fe1f69a5071c6f31f56f3db2";
    assert_eq!(sign(SECRET, &with_newline), other);
}

#[test]
fn deliveries_are_signed_and_equal_the_event_list() {
    let mut bench = receiving(json!({}));
    let mandate = bench.mandate("GBP", "active");
    bench.pay(&mandate, 1_000, "GBP");
    assert!(bench.emulator.deliveries(bench.now).is_empty(), "events are written later");
    bench.seconds(2);
    let sent = bench.emulator.deliveries(bench.now);
    assert_eq!(sent.len(), 1);
    assert_eq!(signature(&sent[0]), sign(SECRET, &sent[0].body));
    let listed = bench.get("/events").body["events"].clone();
    assert_eq!(Value::from(events(&sent[0])), listed);
    assert!(bench.emulator.deliveries(bench.now).is_empty());
    bench.emulator.delivered(bench.now, &sent[0].id, Some(204));
    bench.days(1);
    let shown = bench.get("/webhooks?successful=true").body["webhooks"][0].clone();
    assert_eq!(shown["response_code"], 204);
    assert_eq!(text(&shown["request_body"]).as_bytes(), &sent[0].body[..]);
}

#[test]
fn batches_hold_at_most_250_events() {
    let mut bench = receiving(json!({}));
    let mandate = bench.mandate("GBP", "active");
    for _ in 0..260 {
        bench.pay(&mandate, 1_000, "GBP");
    }
    bench.seconds(5);
    let sizes: Vec<usize> =
        bench.emulator.deliveries(bench.now).iter().map(|it| events(it).len()).collect();
    assert_eq!(sizes, [250, 10]);
}

#[test]
fn failed_deliveries_are_tried_eight_times() {
    let mut bench = receiving(json!({}));
    let mandate = bench.mandate("GBP", "active");
    bench.pay(&mandate, 1_000, "GBP");
    bench.seconds(2);
    let mut waits = Vec::new();
    let mut bodies = Vec::new();
    let mut waited = 0;
    for _ in 0..(3 * 24 * 60) {
        for delivery in bench.emulator.deliveries(bench.now) {
            bodies.push(delivery.body.clone());
            waits.push(waited);
            waited = 0;
            let status = if waits.len() % 2 == 0 { Some(302) } else { None };
            bench.emulator.delivered(bench.now, &delivery.id, status);
        }
        // Later events would be webhooks of their own: only the first day matters less.
        if bodies.len() == 8 {
            break;
        }
        bench.now = bench.now.checked_add(jiff::SignedDuration::from_mins(1)).unwrap();
        waited += 1;
    }
    assert_eq!(waits[..4], [0, 1, 2, 10]);
    assert!(bodies.iter().take(4).all(|body| *body == bodies[0]));
}

#[test]
fn without_retries_and_by_hand() {
    let mut bench = receiving(json!({ "webhook_attempts_max": 1 }));
    let mandate = bench.mandate("GBP", "active");
    bench.pay(&mandate, 1_000, "GBP");
    bench.seconds(2);
    let sent = bench.emulator.deliveries(bench.now);
    bench.emulator.delivered(bench.now, &sent[0].id, Some(500));
    bench.seconds(3600);
    assert!(bench.emulator.deliveries(bench.now).is_empty());
    let id = text(&bench.get("/webhooks").body["webhooks"][0]["id"]);
    let answer = bench.post(&format!("/webhooks/{id}/actions/retry"), &json!({}));
    assert_eq!(answer.status, 200);
    let again = bench.emulator.deliveries(bench.now);
    assert_eq!(again[0].body, sent[0].body);
    assert_ne!(again[0].id, sent[0].id);
    // The answer to the first attempt does not count for the second.
    bench.emulator.delivered(bench.now, &sent[0].id, Some(200));
    assert_eq!(bench.get(&format!("/webhooks/{id}")).body["webhooks"]["successful"], false);
    bench.emulator.delivered(bench.now, &again[0].id, Some(200));
    assert_eq!(bench.get(&format!("/webhooks/{id}")).body["webhooks"]["successful"], true);
}

#[test]
fn troubles_of_webhooks() {
    let mut bench = receiving(json!({}));
    let mandate = bench.mandate("GBP", "active");
    let set = |bench: &Bench, webhooks: Value| {
        bench.control("/faults", &json!({ "webhooks": webhooks }));
    };
    let one = |bench: &mut Bench| {
        bench.pay(&mandate, 1_000, "GBP");
        bench.seconds(2);
        bench.emulator.deliveries(bench.now)
    };
    set(&bench, json!({ "extra_copies": 2 }));
    let copies = one(&mut bench);
    assert_eq!(copies.len(), 3);
    assert!(copies.iter().all(|it| events(it) == events(&copies[0])));
    assert_ne!(copies[0].body, copies[1].body, "another webhook id");
    set(&bench, json!({ "off": true }));
    assert!(one(&mut bench).is_empty());
    set(&bench, json!({ "wrong_signatures": 1 }));
    let wrong = one(&mut bench);
    assert_eq!(wrong.len(), 1, "what happened while off is never sent");
    assert_ne!(signature(&wrong[0]), sign(SECRET, &wrong[0].body));
    assert_eq!(signature(&one(&mut bench)[0]).len(), 64);
    set(&bench, json!({ "delay_minutes": 30 }));
    assert!(one(&mut bench).is_empty());
    bench.seconds(1800);
    assert_eq!(bench.emulator.deliveries(bench.now).len(), 1);
    set(&bench, json!({ "shuffled": true }));
    for _ in 0..20 {
        bench.pay(&mandate, 1_000, "GBP");
    }
    bench.seconds(2);
    let sent = bench.emulator.deliveries(bench.now);
    let listed = bench.get("/events?limit=20").body["events"].as_array().unwrap().clone();
    let mut shuffled = events(&sent[0]);
    assert_ne!(shuffled, listed.iter().rev().cloned().collect::<Vec<_>>());
    shuffled.sort_by_key(|event| text(&event["id"]));
    let mut listed = listed;
    listed.sort_by_key(|event| text(&event["id"]));
    assert_eq!(shuffled, listed);
    for kind in ["webhook_doubled", "webhook_off", "webhook_wrongly_signed", "webhook_delayed"] {
        assert!(bench.truth()["faults"][kind].as_u64().unwrap() >= 1, "{kind}");
    }
}
