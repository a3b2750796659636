//! Injected faults, staleness and late writes.

use super::*;

fn send(world: &World, external_id: &str) -> Outcome {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str())];
    let body = payment_body(external_id, "10", json!([])).to_string();
    world.outcome("POST", &format!("{ROOT}/customerPayment"), &headers, &body)
}

fn exists(world: &World, external_id: &str) -> bool {
    world.try_get(&format!("/customerPayment/eid:{external_id}")).status == 200
}

#[test]
fn a_status_strikes_as_often_as_told_and_where_told() {
    let world = World::new();
    world.faults(json!({"add": [
        {"kind": "status", "status": 429, "path": "/customerpayment", "times": 2, "after": 1}]}));
    world.payment("p1", "1", json!([])).id();
    world.payment("p2", "1", json!([])).refused(429, "CONCURRENCY_LIMIT_EXCEEDED", "blocked");
    world.get("/customer/1007");
    world.payment("p2", "1", json!([])).refused(429, "CONCURRENCY_LIMIT_EXCEEDED", "blocked");
    world.payment("p2", "1", json!([])).id();
    world.faults(json!({"kind": "status", "status": 500}));
    world.try_get("/customer/1007").refused(500, "UNEXPECTED_ERROR", "Error ID");
    assert_eq!(world.truth()["faults"]["struck"], json!({"status_429": 2, "status_500": 1}));
}

#[test]
fn lost_requests_and_lost_answers_differ_in_their_effect() {
    let world = World::new();
    for (kind, effect) in [
        ("timeout_before", false),
        ("timeout_after_write", true),
        ("reset_before", false),
        ("reset_after", true),
    ] {
        world.faults(json!({"kind": kind}));
        let outcome = send(&world, kind);
        let reset = kind.starts_with("reset");
        assert!(matches!((&outcome, reset), (Outcome::Reset, true) | (Outcome::NoAnswer, false)));
        assert_eq!(exists(&world, kind), effect, "{kind}");
    }
}

#[test]
fn a_late_write_takes_effect_after_the_client_gave_up() {
    let mut world = World::new();
    world.faults(json!({"kind": "late_commit", "minutes": 10}));
    assert!(matches!(send(&world, "late"), Outcome::NoAnswer));
    assert!(!exists(&world, "late"));
    world.later(9);
    assert!(!exists(&world, "late"));
    world.later(2);
    let got = world.get("/customerPayment/eid:late");
    assert_eq!(got["createdDate"], "2026-03-04T17:10:00Z");
    // A second one meets what the client wrote meanwhile, and is refused in silence.
    world.faults(json!({"kind": "late_commit", "minutes": 10}));
    send(&world, "twice");
    send(&world, "twice");
    world.later(20);
    let rows = world.query("SELECT id FROM transaction WHERE externalid = 'twice'", json!([]));
    assert_eq!(rows.as_array().unwrap().len(), 1);
}

#[test]
fn queries_may_lag_while_records_do_not() {
    let mut world = World::new();
    let invoice = world.invoice("10");
    world.later(30);
    world.faults(json!({"stale_minutes": 5}));
    world.payment("p1", "10", json!([{"doc": {"id": invoice}, "apply": true}])).id();
    let open = |world: &World| {
        let q = "SELECT foreignamountunpaid AS open FROM transaction WHERE id = ?";
        world.query(q, json!([invoice]))[0]["open"].clone()
    };
    assert_eq!(world.get(&format!("/invoice/{invoice}"))["amountRemaining"], number("0.0"));
    assert_eq!(open(&world), "10");
    let q = "SELECT COUNT(*) AS n FROM transaction WHERE externalid = 'p1'";
    assert_eq!(world.query(q, json!([]))[0]["n"], "0");
    world.later(6);
    assert_eq!(open(&world), "0");
    assert_eq!(world.query(q, json!([]))[0]["n"], "1");
    assert!(world.truth()["faults"]["struck"]["stale_suiteql"].as_u64().unwrap() > 0);
}

#[test]
fn scripts_and_forms_refuse_in_their_own_words() {
    let world = World::new();
    world.faults(json!({"kind": "reject", "record": "customerPayment", "times": 1,
        "text": "Finance says: no payments on Fridays."}));
    world.payment("p1", "1", json!([])).refused(400, "USER_ERROR", "no payments on Fridays");
    world.payment("p1", "1", json!([])).id();
    world.faults(json!({"kind": "mandatory_field", "record": "customerPayment", "field": "custbody_mlc_payout_id"}));
    world.payment("p2", "1", json!([])).refused(400, "USER_ERROR", "custbody_mlc_payout_id");
    let mut body = payment_body("p2", "1", json!([]));
    body["custbody_mlc_payout_id"] = json!("PO1");
    world.post("/customerPayment", body).id();
    world.faults(json!({"clear": true}));
    world.payment("p3", "1", json!([])).id();
    world.seed(json!({"preferences": {"mandatory": ["department"]}}));
    world.payment("p4", "1", json!([])).refused(400, "USER_ERROR", "value(s) for: Department");
}

#[test]
fn a_collision_is_reported_and_changes_nothing() {
    let world = World::new();
    world.faults(json!({"kind": "record_changed", "path": "/customer/1007"}));
    world.patch("/customer/1011", json!({"phone": "1"})).id();
    let refused = world.patch("/customer/1007", json!({"phone": "1"}));
    refused.refused(409, "RCRD_HAS_BEEN_CHANGED", "changed");
    assert!(world.get("/customer/1007").get("phone").is_none());
    world.patch("/customer/1007", json!({"phone": "1"})).id();
}

#[test]
fn reset_begins_anew() {
    let world = World::new();
    world.invoice("10");
    world.try_control(Method::POST, "/reset", json!({})).unwrap();
    assert!(world.truth()["records"].get("invoice").is_none());
    assert!(world.truth()["records"]["account"].is_array());
    world.try_control(Method::POST, "/reset", json!({"standard": false})).unwrap();
    assert_eq!(world.truth()["records"], json!({}));
    assert!(world.try_control(Method::GET, "/nothing", Value::Null).is_err());
}

#[test]
fn equal_seeds_give_equal_answers() {
    let run = || {
        let world = World::new();
        world.invoice("10");
        world.payment("p1", "10", json!([])).id();
        world.truth()
    };
    assert_eq!(run(), run());
}
