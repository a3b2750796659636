//! Headers, bodies, error shapes, the rate limit and idempotency (sheet sections 2, 4, 5, 30).

use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::{Bench, answer, payment_body, text};
use crate::gocardless::DEFAULT_READ_ONLY_TOKEN;

fn check(bench: &Bench, change: impl FnOnce(&mut http::Request<Bytes>), status: u16, reason: &str) {
    let mut request = bench.request(Method::GET, "/customers", None);
    change(&mut request);
    let answer = answer(bench.send(request));
    assert_eq!((answer.status, answer.reason().as_str()), (status, reason), "{}", answer.body);
    let request_id = answer.headers["x-request-id"].to_str().unwrap();
    assert_eq!(answer.body["error"]["request_id"], request_id);
    assert_eq!(answer.body["error"]["code"], status);
}

fn set(name: &'static str, value: &'static str) -> impl FnOnce(&mut http::Request<Bytes>) {
    move |request| {
        request.headers_mut().insert(name, http::HeaderValue::from_static(value));
    }
}

fn without(name: &'static str) -> impl FnOnce(&mut http::Request<Bytes>) {
    move |request| {
        request.headers_mut().remove(name);
    }
}

fn path(path: &'static str) -> impl FnOnce(&mut http::Request<Bytes>) {
    move |request| *request.uri_mut() = path.parse().unwrap()
}

#[test]
fn headers_are_checked_in_order() {
    let bench = Bench::new();
    check(&bench, without("authorization"), 401, "missing_authorization_header");
    check(&bench, set("authorization", "Basic x"), 401, "invalid_authorization_header");
    check(&bench, set("authorization", "Bearer x"), 401, "access_token_not_found");
    check(&bench, without("gocardless-version"), 400, "missing_version_header");
    check(&bench, set("gocardless-version", "2014-01-01"), 400, "version_not_found");
    check(&bench, path("/customer"), 404, "path_not_found");
    check(&bench, path("/customers/CU0/actions/cancel"), 404, "path_not_found");
    check(&bench, path("/payments/PM0/actions/cancel"), 405, "method_not_allowed");
    check(&bench, path("/payments/PM0"), 404, "resource_not_found");
    check(&bench, set("accept", "text/html"), 406, "not_acceptable");
    let both = |request: &mut http::Request<Bytes>| {
        request.headers_mut().remove("authorization");
        request.headers_mut().remove("gocardless-version");
    };
    check(&bench, both, 401, "missing_authorization_header");
}

#[test]
fn bodies_are_checked() {
    let bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    let good = payment_body(&mandate, 1000, "GBP");
    let with = |pointer: &str, value: Value| {
        let mut body = good.clone();
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        body.pointer_mut(parent).unwrap()[name] = value;
        body
    };
    let rows = [
        (json!([1]), 400, "invalid_document_structure"),
        (json!({ "payment": {} }), 400, "invalid_document_structure"),
        (json!({ "payments": [] }), 400, "invalid_document_structure"),
        (with("/payments/colour", json!("red")), 400, "invalid_document_structure"),
        (with("/payments/links/customer", json!("CU1")), 400, "invalid_document_structure"),
        (with("/payments/amount", json!("1000")), 422, "invalid_type"),
        (with("/payments/amount", "10.5".parse::<Value>().unwrap()), 422, "invalid_type"),
        (with("/payments/links/mandate", Value::Null), 422, "invalid_type"),
        (with("/payments/metadata", json!({ "n": 20_140_522 })), 422, "invalid_type"),
        (
            with("/payments/metadata", json!({ "a": "", "b": "", "c": "", "d": "" })),
            422,
            "invalid_type",
        ),
        (with("/payments/metadata", json!({ "a": "x".repeat(501) })), 422, "invalid_type"),
        (with("/payments/metadata", json!({ "k".repeat(51): "" })), 422, "invalid_type"),
        (with("/payments/amount", json!(0)), 422, "validation_failed"),
        (with("/payments/amount", json!(99)), 422, "validation_failed"),
        (with("/payments/amount", json!(500_001)), 422, "validation_failed"),
        (with("/payments/currency", json!("EUR")), 422, "validation_failed"),
        (with("/payments/reference", json!("12345678901")), 422, "validation_failed"),
        (with("/payments/charge_date", json!("2026-11-04")), 422, "validation_failed"),
        (with("/payments/charge_date", json!("4 May")), 422, "validation_failed"),
        (with("/payments/app_fee", json!(1)), 422, "validation_failed"),
        (with("/payments/links/mandate", json!("MD404")), 404, "link_not_found"),
    ];
    for (body, status, reason) in rows {
        let answer = bench.post("/payments", &body);
        let got = (answer.status, answer.reason());
        assert_eq!(got, (status, reason.to_owned()), "{body} → {}", answer.body);
        for entry in answer.body["error"]["errors"].as_array().unwrap() {
            assert!(entry["message"].is_string(), "{entry}");
            assert_eq!(entry["field"].is_null(), entry["request_pointer"].is_null(), "{entry}");
        }
    }
    let unknown = bench.post("/payments", &with("/payments/colour", json!("red")));
    let entry = &unknown.body["error"]["errors"][0];
    assert_eq!(entry["message"], "\"colour\" is not a permitted key.");
    assert_eq!(entry["request_pointer"], "/payments/colour");
    assert_eq!(bench.truth()["payments"], json!([]));
}

#[test]
fn content_type_and_broken_json() {
    let bench = Bench::new();
    let mut request = bench.request(Method::POST, "/customers", Some(&json!({})));
    let kind = http::HeaderValue::from_static("text/plain");
    request.headers_mut().insert("content-type", kind);
    assert_eq!(answer(bench.send(request)).status, 415);
    let mut request = bench.request(Method::POST, "/customers", Some(&json!({})));
    *request.body_mut() = Bytes::from_static(b"{\"customers\":");
    let answer = answer(bench.send(request));
    assert_eq!((answer.status, answer.reason().as_str()), (400, "invalid_document_structure"));
}

#[test]
fn a_read_only_token_may_only_read() {
    let mut bench = Bench::new();
    bench.token = DEFAULT_READ_ONLY_TOKEN.to_owned();
    assert_eq!(bench.get("/customers").status, 200);
    let answer = bench.post("/customers", &json!({ "customers": { "company_name": "X" } }));
    assert_eq!((answer.status, answer.reason().as_str()), (403, "insufficient_permissions"));
    bench.act(json!({ "action": "revoke_token", "token": DEFAULT_READ_ONLY_TOKEN }));
    assert_eq!(bench.get("/customers").reason(), "access_token_revoked");
}

#[test]
fn a_used_key_is_a_conflict_whatever_the_body() {
    let mut bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    bench.key = Some("acme/inv-1/1".to_owned());
    // A refused request does not use the key up.
    assert_eq!(bench.post("/payments", &payment_body(&mandate, 1, "GBP")).status, 422);
    let made = bench.post("/payments", &payment_body(&mandate, 1000, "GBP"));
    assert_eq!(made.status, 201);
    let id = text(&made.body["payments"]["id"]);
    assert_eq!(made.headers["location"], format!("/payments/{id}"));
    let again = bench.post("/payments", &payment_body(&mandate, 2000, "GBP"));
    assert_eq!((again.status, again.reason().as_str()), (409, "idempotent_creation_conflict"));
    let error = &again.body["error"];
    assert_eq!(error["type"], "invalid_state");
    assert_eq!(error["errors"][0]["links"]["conflicting_resource_id"], id.as_str());
    // Another resource type has its own keys.
    let customer = json!({ "customers": { "company_name": "Other" } });
    assert_eq!(bench.post("/customers", &customer).status, 201);
    assert_eq!(bench.truth()["payments"].as_array().unwrap().len(), 1);
    bench.key = Some("k".repeat(129));
    assert_eq!(bench.post("/customers", &customer).reason(), "idempotency_key_too_long");
}

#[test]
fn the_order_of_key_and_validation_can_be_switched() {
    let mut bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    bench.key = Some("one".to_owned());
    bench.pay(&mandate, 1000, "GBP");
    bench.act(json!({ "action": "cancel_mandate", "mandate": mandate }));
    let body = payment_body(&mandate, 1000, "GBP");
    assert_eq!(bench.post("/payments", &body).reason(), "mandate_is_inactive");
    bench.control("/faults", &json!({ "idempotency_order": "key_first" }));
    assert_eq!(bench.post("/payments", &body).reason(), "idempotent_creation_conflict");
}

#[test]
fn the_rate_limit_is_per_token_and_clock_minute() {
    let mut bench = Bench::new();
    bench.control("/seed", &json!({ "rate_limit_per_minute": 2 }));
    bench.seconds(30);
    let first = bench.get("/customers");
    assert_eq!(first.headers["ratelimit-limit"], "2");
    assert_eq!(first.headers["ratelimit-remaining"], "1");
    assert_eq!(first.headers["ratelimit-reset"], "Mon, 02 Nov 2026 09:01:00 GMT");
    assert_eq!(bench.get("/customers").status, 200);
    let third = bench.get("/customers");
    assert_eq!((third.status, third.reason().as_str()), (429, "rate_limit_exceeded"));
    assert_eq!(third.headers["ratelimit-remaining"], "0");
    assert!(third.body["error"]["request_id"].is_null());
    bench.token = DEFAULT_READ_ONLY_TOKEN.to_owned();
    assert_eq!(bench.get("/customers").status, 200);
    bench.token = super::DEFAULT_TOKEN.to_owned();
    bench.seconds(30);
    assert_eq!(bench.get("/customers").status, 200);
    assert_eq!(bench.truth()["too_many_requests"], 1);
    assert_eq!(bench.truth()["requests"]["GET /customers"], 5);
}

#[test]
fn the_same_seed_gives_the_same_world() {
    let run = || {
        let mut bench = Bench::new();
        let mandate = bench.mandate("GBP", "active");
        bench.pay(&mandate, 12_345, "GBP");
        bench.days(10);
        bench.truth().to_string()
    };
    assert_eq!(run(), run());
}
