//! Where the sheet is uncertain, a setting switches (sheet sections 28 and 30).

use http::Method;
use serde_json::{Value, json};

use super::{Bench, payment_body, text};

fn with(settings: Value) -> Bench {
    let bench = Bench::new();
    bench.control("/seed", &json!({ "settings": settings }));
    bench
}

#[test]
fn after_a_cancelled_chargeback() {
    for (setting, expected) in [("confirmed", "confirmed"), ("paid_out", "paid_out")] {
        let mut bench = with(json!({ "after_cancelled_chargeback": setting }));
        let mandate = bench.mandate("GBP", "active");
        let id = bench.seed_payment(&mandate, 10_000, "paid_out");
        bench.act(json!({ "action": "charge_back", "payment": id }));
        bench.seed_payment(&mandate, 50_000, "confirmed");
        bench.days(4);
        bench.act(json!({ "action": "cancel_chargeback", "payment": id }));
        assert_eq!(bench.status(&id), expected);
        bench.days(4);
        assert_eq!(bench.status(&id), "paid_out");
        assert_eq!(bench.payouts().len(), 3, "the credit comes either way");
    }
}

#[test]
fn the_payout_link_may_go() {
    for stays in [true, false] {
        let bench = with(json!({ "payout_link_stays": stays }));
        let mandate = bench.mandate("GBP", "active");
        let id = bench.seed_payment(&mandate, 10_000, "paid_out");
        bench.act(json!({ "action": "fail_late", "payment": id }));
        assert_eq!(bench.payment(&id)["links"]["payout"].is_string(), stays);
    }
}

#[test]
fn the_sign_of_taxes() {
    for (setting, expected) in [("of_item", "-24.0"), ("unsigned", "24.0")] {
        let bench = with(json!({ "tax_sign": setting }));
        let mandate = bench.mandate("GBP", "active");
        bench.seed_payment(&mandate, 10_000, "paid_out");
        let payout = text(&bench.payouts()[0]["id"]);
        let items = bench.get(&format!("/payout_items?payout={payout}")).body;
        assert_eq!(items["payout_items"][1]["taxes"][0]["amount"], expected);
    }
}

#[test]
fn filters_references_descriptions_and_limits() {
    let settings = json!({
        "unknown_filters": "ignore", "bacs_references": false, "description_max": 5,
        "limits": { "bacs": { "min": 50, "max": 700 } }, "flow_created_status": 200,
    });
    let bench = with(settings);
    assert_eq!(bench.get("/payments?colour=red").status, 200);
    let mandate = bench.mandate("GBP", "active");
    let status = |amount: i64, name: &str, value: &str| {
        let mut body = payment_body(&mandate, amount, "GBP");
        body["payments"][name] = value.into();
        bench.post("/payments", &body).status
    };
    assert_eq!(status(600, "reference", "INV-1"), 422);
    assert_eq!(status(600, "description", "INV-12"), 422);
    assert_eq!(status(600, "description", "INV-1"), 201);
    assert_eq!(status(49, "description", "INV-1"), 422);
    assert_eq!(status(701, "description", "INV-1"), 422);
    let body = json!({ "billing_requests": { "mandate_request": { "currency": "GBP" } } });
    let request = text(&bench.post("/billing_requests", &body).body["billing_requests"]["id"]);
    let body = json!({ "billing_request_flows": { "links": { "billing_request": request } } });
    assert_eq!(bench.post("/billing_request_flows", &body).status, 200);
}

#[test]
fn retries_by_others_may_not_count() {
    for (count, expected) in [(true, 422), (false, 200)] {
        let mut bench = with(json!({ "foreign_retries_count": count, "retries_max": 1 }));
        let mandate = bench.mandate("GBP", "active");
        let id = bench.pay(&mandate, 1_000, "GBP");
        bench.control("/plan", &json!({ "payment": id, "outcome": "fails", "count": 2 }));
        bench.days(10);
        bench.act(json!({ "action": "retry_payment", "payment": id }));
        bench.days(10);
        let path = format!("/payments/{id}/actions/retry");
        assert_eq!(bench.call(Method::POST, &path, None).status, expected);
    }
}

#[test]
fn unknown_settings_are_refused() {
    let bench = Bench::new();
    let body = json!({ "settings": { "colour": "red" } });
    let refused = crate::emulator::Emulator::control(
        &bench.emulator,
        bench.now,
        &Method::POST,
        "/seed",
        &body,
    );
    assert!(refused.is_err());
}

#[test]
fn every_action_that_is_listed_is_known() {
    let page = include_str!("../../../../../docs/operating/sandbox-control/gocardless.md");
    let bench = with(json!({}));
    let refused = |action: &str| {
        let body = json!({ "action": action });
        let told = crate::emulator::Emulator::control(
            &bench.emulator,
            bench.now,
            &Method::POST,
            "/act",
            &body,
        );
        told.map_or_else(|error| error.0, |_| String::new())
    };
    for action in crate::documented::deeds(page) {
        let told = refused(&action);
        assert!(!told.contains("unknown action"), "{told}");
    }
    assert!(refused("dance").contains("unknown action"));
}
