//! Faults strike where they are told to, and are counted.

use http::Method;
use serde_json::{Value, json};

use super::{Bench, answer, payment_body};
use crate::emulator::Outcome;

fn rule(bench: &Bench, rule: Value) {
    bench.control("/faults", &json!({ "clear": true, "rules": [rule] }));
}

fn payments(bench: &Bench) -> usize {
    bench.truth()["payments"].as_array().unwrap().len()
}

#[test]
fn answers_that_are_lost_or_wrong() {
    for (kind, status, made) in [
        ("too_many_requests", Some(429), 0),
        ("internal_error", Some(500), 0),
        ("internal_error_after_write", Some(500), 1),
        ("bad_gateway", Some(502), 0),
        ("unauthorised", Some(401), 0),
        ("timeout_before", None, 0),
        ("timeout_after_write", None, 1),
        ("reset_before", None, 0),
        ("reset_after", None, 1),
        ("late_commit", None, 0),
    ] {
        let mut bench = Bench::new();
        let mandate = bench.mandate("GBP", "active");
        rule(&bench, json!({ "kind": kind, "method": "POST", "path": "/payments", "minutes": 7 }));
        bench.key = Some("once".to_owned());
        let body = payment_body(&mandate, 1_000, "GBP");
        // Another path and another method are left alone.
        assert_eq!(bench.get("/payments").status, 200, "{kind}");
        let outcome = bench.send(bench.request(Method::POST, "/payments", Some(&body)));
        match (status, outcome) {
            (Some(status), outcome @ Outcome::Respond(_)) => {
                let answer = answer(outcome);
                assert_eq!(answer.status, status, "{kind}");
                assert_eq!(answer.body.is_null(), kind == "bad_gateway", "{kind}");
                if kind.starts_with("internal_error") {
                    assert!(answer.body["error"]["errors"].is_null());
                }
            }
            (None, Outcome::Reset) => assert!(kind.starts_with("reset"), "{kind}"),
            (None, Outcome::NoAnswer) => assert!(!kind.starts_with("reset"), "{kind}"),
            (expected, got) => panic!("{kind}: {expected:?}, {got:?}"),
        }
        assert_eq!(payments(&bench), made, "{kind}");
        assert_eq!(bench.truth()["faults"][kind], 1, "{kind}");
        if kind == "late_commit" {
            bench.seconds(7 * 60);
            assert_eq!(payments(&bench), 1, "{kind}");
        }
        let again = bench.post("/payments", &body);
        let expected = if kind == "late_commit" || made == 1 { 409 } else { 201 };
        assert_eq!(again.status, expected, "{kind}");
        assert_eq!(payments(&bench), 1, "{kind}");
    }
}

#[test]
fn rules_count_skip_and_follow_chance() {
    let bench = Bench::new();
    rule(&bench, json!({ "kind": "internal_error", "path": "/customers*", "skip": 1, "count": 2 }));
    let statuses = |bench: &Bench, count: usize| -> Vec<u16> {
        (0..count).map(|_| bench.get("/customers").status).collect()
    };
    assert_eq!(statuses(&bench, 5), [200, 500, 500, 200, 200]);
    rule(
        &bench,
        json!({ "kind": "internal_error", "probability": "0.25".parse::<Value>().unwrap() }),
    );
    let struck = statuses(&bench, 400).into_iter().filter(|status| *status == 500).count();
    assert!((60..140).contains(&struck), "{struck}");
    let body = json!({ "rules": [{ "kind": "internal_error", "probability": "2" }] });
    let refused = crate::emulator::Emulator::control(
        &bench.emulator,
        bench.now,
        &Method::POST,
        "/faults",
        &body,
    );
    assert!(refused.is_err());
}

#[test]
fn faults_after_a_write_leave_reads_alone() {
    let bench = Bench::new();
    rule(&bench, json!({ "kind": "timeout_after_write", "count": 1 }));
    assert_eq!(bench.get("/customers").status, 200);
    let body = json!({ "customers": { "company_name": "X" } });
    let outcome = bench.send(bench.request(Method::POST, "/customers", Some(&body)));
    assert!(matches!(outcome, Outcome::NoAnswer));
}

#[test]
fn reset_starts_over() {
    let bench = Bench::new();
    let before = bench.truth()["creditors"].clone();
    bench.mandate("GBP", "active");
    bench.control("/reset", &Value::Null);
    assert_eq!(bench.truth()["mandates"], json!([]));
    assert_eq!(bench.truth()["creditors"], before);
    assert_eq!(bench.get("/mandates").status, 200);
}
