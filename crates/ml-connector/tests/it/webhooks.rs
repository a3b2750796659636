//! Deliveries: durable before the answer, refused without a trace (promise P7; mission row C3).

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use serde_json::json;

use crate::binary::{Place, SECRET, TOKEN};
use crate::world::{World, rows, text};

const BODY: &str = r#"{"events":[{"id":"EV1","created_at":"2026-03-02T08:00:00.000Z","resource_type":"payments","action":"confirmed","links":{"payment":"PM1"}},{"odd":true},{"id":"EV2","created_at":"2026-03-02T08:00:01.000Z","resource_type":"balloons","action":"popped","links":{}}]}"#;

/// Sends raw bytes; gives the status line, empty when the connection was closed without one.
fn raw(place: &Place, request: &[u8], close: bool) -> String {
    let mut stream = TcpStream::connect(&place.address).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time-out");
    // The server may close while we still write: what it answered counts.
    let _ = stream.write_all(request);
    if close {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut answer = Vec::new();
    let mut chunk = [0_u8; 1024];
    while let Ok(count) = stream.read(&mut chunk) {
        answer.extend_from_slice(&chunk[..count]);
        if count == 0 || answer.windows(2).any(|pair| pair == b"\r\n") {
            break;
        }
    }
    String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned()
}

fn post(path: &str, headers: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nhost: x\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
        .into_bytes()
}

#[test]
fn what_is_not_signed_right_is_refused_and_leaves_only_a_count() {
    let place = Place::with_processor();
    let _server = place.serve();
    let wrong = format!("webhook-signature: {}\r\n", "0".repeat(64));
    let path = "/webhooks/gc";
    for (what, request, close, expected) in [
        ("a wrong signature", post(path, &wrong, BODY), false, "401"),
        ("no signature", post(path, "", BODY), false, "401"),
        ("an unknown connection", post("/webhooks/nobody", &wrong, BODY), false, "404"),
        ("another method", b"GET /webhooks/gc HTTP/1.1\r\nhost: x\r\n\r\n".to_vec(), false, "405"),
        ("an oversized body", post(path, &wrong, &"x".repeat(5 * 1024 * 1024)), false, "413"),
    ] {
        let status = raw(&place, &request, close);
        assert!(status.contains(expected), "{what}: {status:?}");
    }
    let mut truncated = post(path, &wrong, BODY);
    truncated.truncate(truncated.len() - 20);
    let status = raw(&place, &truncated, true);
    assert!(!status.contains(" 2"), "a truncated body: {status:?}");
    let status = place.status();
    assert_eq!(status["inbox_waiting"], 0);
    assert_eq!(status["bad_signatures"]["gc"], 2);
}

#[test]
fn what_is_signed_right_is_durable_before_its_answer() {
    let place = Place::with_processor();
    place.write("body.json", BODY.as_bytes());
    place.write("nonsense", b"this is not JSON at all");
    let server = place.serve();
    for file in ["body.json", "nonsense"] {
        let said = place.well(&["webhooks", "send", "gc", file]);
        assert!(said.contains("204"), "{said}");
    }
    // SIGKILL right after the answer.
    drop(server);
    let kept: serde_json::Value =
        serde_json::from_str(&place.well(&["--json", "webhooks", "list"])).expect("JSON");
    let bytes: Vec<_> = kept.as_array().expect("a list").iter().map(|one| &one["bytes"]).collect();
    assert_eq!(bytes, [23, BODY.len()], "whatever was signed right is kept");
    for (path, expected) in [("/healthz", "200"), ("/readyz", "200"), ("/metrics", "200")] {
        let _server = place.serve();
        let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\n\r\n");
        let status = raw(&place, request.as_bytes(), false);
        assert!(status.contains(expected), "{path}: {status:?}");
    }
}

#[test]
fn slow_what_is_odd_in_a_delivery_waits_until_it_is_dismissed() {
    let world = World::connected();
    let place = &world.place;
    place.write("unknown.json", BODY.as_bytes());
    place.write("nonsense", b"this is not JSON at all");
    place.write("plain.json", br#"{"events":[]}"#);
    assert_eq!(place.json(&["attention", "list"], 0), json!([]));
    let server = place.serve();
    for file in ["unknown.json", "nonsense", "plain.json"] {
        place.well(&["webhooks", "send", "gc", file]);
    }
    let processed = (0..600).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        place.status()["inbox_waiting"] == 0
    });
    assert!(processed, "{}", place.status());
    let items = world.attention("delivery_odd");
    assert_eq!(items.len(), 2, "what is plain is not listed: {items:?}");
    assert!(text(&items[0]["sentence"]).contains("balloons.popped is not known"), "{items:?}");
    assert!(text(&items[1]["sentence"]).contains("not JSON"), "{items:?}");
    assert_eq!(items[0]["page"], "docs/attention/delivery_odd.md");
    let case = text(&items[0]["case"]);
    let number = case.strip_prefix("delivery/gc/").expect("a delivery's name");
    assert!(text(&items[0]["next_step"]).ends_with(&format!("webhooks dismiss {number}.")));
    assert_eq!(place.status()["attention"], 2);
    place.json(&["status"], 3);
    assert!(metrics(place).contains("mlc_attention 2"), "{}", metrics(place));

    place.well(&["webhooks", "dismiss", number]);
    assert_eq!(world.attention("delivery_odd").len(), 1);
    assert!(metrics(place).contains("mlc_attention 1"), "{}", metrics(place));
    place.well(&["webhooks", "dismiss", "ALL"]);
    assert_eq!(place.json(&["attention", "list"], 0), json!([]), "nothing waits");
    let all = place.json(&["attention", "list", "--all"], 0);
    assert_eq!(rows(&all).len(), 2, "what was dismissed can still be seen: {all}");
    drop(server);
    assert!(place.well(&["audit", "export"]).contains("delivery dismissed"));
    let said = place.fails(&["webhooks", "dismiss", "4711"], 2);
    assert!(said.contains("no delivery 4711"), "{said}");
}

/// The text of `/metrics`.
fn metrics(place: &Place) -> String {
    let mut stream = TcpStream::connect(&place.address).expect("the server listens");
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a time-out");
    let request = b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(request).expect("a request");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("an answer");
    answer
}

#[test]
fn secrets_are_readable_nowhere() {
    let place = Place::with_processor();
    place.write("body.json", BODY.as_bytes());
    let server = place.serve();
    let mut said = place.well(&["webhooks", "send", "gc", "body.json"]);
    drop(server);
    for command in [
        vec!["--json", "connections", "list"],
        vec!["webhooks", "guide", "gc"],
        vec!["audit", "export"],
        vec!["--json", "connections", "ping"],
        vec!["--json", "status"],
    ] {
        let output = place.run(&command);
        said.push_str(&String::from_utf8_lossy(&output.stdout));
        said.push_str(&String::from_utf8_lossy(&output.stderr));
    }
    for secret in [TOKEN, SECRET] {
        assert!(!said.contains(secret), "a command printed a secret");
        let data = place.path().join("ml-connector-data");
        for entry in std::fs::read_dir(data).expect("the data folder") {
            let path = entry.expect("an entry").path();
            let bytes = std::fs::read(&path).unwrap_or_default();
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{} holds a secret", path.display());
        }
    }
}
