//! The way of payments and mandates, scheme by scheme (sheet sections 9, 10 and 17).

use http::Method;
use serde_json::json;

use super::{Bench, payment_body, text};

#[test]
fn a_bacs_payment_from_creation_to_payout() {
    let mut bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    let id = bench.pay(&mandate, 12_000, "GBP");
    let payment = bench.payment(&id);
    assert_eq!(payment["charge_date"], "2026-11-05");
    assert_eq!(payment["status"], "pending_submission");
    assert_eq!(payment["fx"]["fx_currency"], "GBP");
    assert!(payment["fx"]["exchange_rate"].is_null());
    assert!(payment["links"]["payout"].is_null());
    for (at, status) in [
        ("2026-11-03T16:29:00Z", "pending_submission"),
        ("2026-11-03T16:31:00Z", "submitted"),
        ("2026-11-06T04:29:00Z", "submitted"),
        ("2026-11-06T04:31:00Z", "confirmed"),
        ("2026-11-09T06:00:00Z", "confirmed"),
        ("2026-11-09T06:03:00Z", "paid_out"),
    ] {
        bench.until(at);
        assert_eq!(bench.status(&id), status, "{at}");
    }
    let expected = ["created", "submitted", "confirmed", "paid_out"]
        .map(|action| format!("payments.{action}"));
    assert_eq!(bench.events(&id), expected);
    let payout = text(&bench.payment(&id)["links"]["payout"]);
    let shown = |bench: &Bench| bench.get(&format!("/payouts/{payout}")).body["payouts"].clone();
    assert_eq!(shown(&bench)["status"], "pending");
    assert!(shown(&bench)["arrival_date"].is_null());
    bench.until("2026-11-09T07:32:00Z");
    assert_eq!(shown(&bench)["status"], "paid");
    assert_eq!(shown(&bench)["arrival_date"], "2026-11-09");
    assert_eq!(bench.events(&payout), ["payments.paid_out", "payouts.paid"]);
}

/// Every scheme reaches its payout on the day that its table gives, also from a mandate that is
/// only made now.
#[test]
fn every_scheme_pays_out() {
    for (currency, until, paid_out_on) in [
        ("GBP", "2026-11-13T00:00:00Z", "2026-11-10"),
        ("EUR", "2026-11-13T00:00:00Z", "2026-11-10"),
        ("USD", "2026-11-13T00:00:00Z", "2026-11-09"),
        ("SEK", "2026-11-20T00:00:00Z", "2026-11-16"),
        ("DKK", "2027-01-20T00:00:00Z", "2026-12-07"),
        ("AUD", "2026-11-13T00:00:00Z", "2026-11-06"),
        ("NZD", "2026-11-13T00:00:00Z", "2026-11-10"),
        ("CAD", "2026-11-13T00:00:00Z", "2026-11-10"),
    ] {
        let mut bench = Bench::new();
        let mandate = bench.mandate(currency, "pending_submission");
        let id = bench.pay(&mandate, 12_000, currency);
        bench.until(until);
        assert_eq!(bench.status(&id), "paid_out", "{currency}");
        assert_eq!(bench.payouts()[0]["arrival_date"], paid_out_on, "{currency}");
        let mandate = bench.get(&format!("/mandates/{mandate}")).body["mandates"].clone();
        assert_eq!(mandate["status"], "active", "{currency}");
    }
}

#[test]
fn sepa_mandates_wait_for_their_first_payment() {
    let mut bench = Bench::new();
    let idle = bench.mandate("EUR", "pending_submission");
    let used = bench.mandate("EUR", "pending_submission");
    let status = |bench: &Bench, id: &str| {
        text(&bench.get(&format!("/mandates/{id}")).body["mandates"]["status"])
    };
    bench.pay(&used, 5_000, "EUR");
    bench.until("2026-11-03T16:31:00Z");
    assert_eq!(status(&bench, &used), "submitted");
    bench.until("2026-11-06T00:00:00Z");
    assert_eq!(status(&bench, &used), "active");
    bench.days(60);
    assert_eq!(status(&bench, &idle), "pending_submission");
    let mandates: Vec<String> =
        bench.events(&used).into_iter().filter(|name| name.starts_with("mandates")).collect();
    assert_eq!(mandates, ["mandates.created", "mandates.submitted", "mandates.active"]);
}

#[test]
fn the_next_possible_charge_date_moves_every_day() {
    let mut bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    let next = |bench: &Bench| {
        let shown = bench.get(&format!("/mandates/{mandate}"));
        shown.body["mandates"]["next_possible_charge_date"].clone()
    };
    assert_eq!(next(&bench), "2026-11-05");
    bench.until("2026-11-02T16:00:00Z");
    assert_eq!(next(&bench), "2026-11-06");
    bench.until("2026-11-06T18:00:00Z");
    assert_eq!(next(&bench), "2026-11-12");
    bench.act(json!({ "action": "cancel_mandate", "mandate": mandate }));
    assert!(next(&bench).is_null());
}

#[test]
fn charge_dates_roll_forward() {
    let bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    let mut body = payment_body(&mandate, 1_000, "GBP");
    body["payments"]["charge_date"] = "2026-12-25".into();
    let made = bench.post("/payments", &body);
    assert_eq!(made.body["payments"]["charge_date"], "2026-12-29");
}

#[test]
fn only_pending_payments_are_cancelled() {
    let mut bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    let (first, second) = (bench.pay(&mandate, 1_000, "GBP"), bench.pay(&mandate, 1_000, "GBP"));
    let cancel = |bench: &Bench, id: &str| {
        let body = json!({ "data": { "metadata": { "why": "credit note" } } });
        bench.post(&format!("/payments/{id}/actions/cancel"), &body)
    };
    let answer = cancel(&bench, &first);
    assert_eq!(answer.body["payments"]["status"], "cancelled");
    assert_eq!(answer.body["payments"]["metadata"], json!({ "invoiceId": "1001" }));
    assert_eq!(cancel(&bench, &first).reason(), "cancellation_failed");
    bench.until("2026-11-03T17:00:00Z");
    let answer = cancel(&bench, &second);
    assert_eq!((answer.status, answer.reason().as_str()), (422, "cancellation_failed"));
    let truth = bench.truth();
    let event = truth["events"].as_array().unwrap().iter().find(|it| it["action"] == "cancelled");
    let event = event.unwrap();
    assert_eq!(event["metadata"], json!({ "why": "credit note" }));
    assert_eq!(event["resource_metadata"], json!({ "invoiceId": "1001" }));
    assert_eq!(event["details"]["origin"], "api");
    assert_eq!(event["details"]["cause"], "payment_cancelled");
}

#[test]
fn empty_action_bodies_are_fine() {
    let bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    for body in [None, Some(json!({})), Some(json!({ "data": {} }))] {
        let id = bench.pay(&mandate, 1_000, "GBP");
        let path = format!("/payments/{id}/actions/cancel");
        assert_eq!(bench.call(Method::POST, &path, body.as_ref()).status, 200);
    }
}

#[test]
fn failed_payments_are_retried_at_most_three_times() {
    let mut bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    let id = bench.pay(&mandate, 1_000, "GBP");
    let plan = json!({ "payment": id, "outcome": "fails", "count": 4, "cause": "refer_to_payer" });
    bench.control("/plan", &plan);
    let path = format!("/payments/{id}/actions/retry");
    assert_eq!(bench.post(&path, &json!({})).reason(), "retry_failed");
    for retry in 0..3 {
        bench.days(14);
        assert_eq!(bench.status(&id), "failed", "{retry}");
        let answer = bench.post(&path, &json!({}));
        assert_eq!(answer.status, 200, "{retry}");
        assert_eq!(answer.body["payments"]["status"], "pending_submission");
        assert_eq!(answer.body["payments"]["id"], id.as_str());
    }
    bench.days(14);
    assert_eq!(bench.post(&path, &json!({})).reason(), "retry_failed");
    let truth = bench.truth();
    let failed = truth["events"].as_array().unwrap().iter().find(|it| it["action"] == "failed");
    let details = &failed.unwrap()["details"];
    assert_eq!(details["origin"], "bank");
    assert_eq!(details["reason_code"], "ARUDD-0");
    assert_eq!(details["will_attempt_retry"], false);
    let events = bench.events(&id);
    assert_eq!(events.iter().filter(|it| *it == "payments.resubmission_requested").count(), 3);
}

#[test]
fn automatic_retries_can_be_switched_off() {
    for (switched_off, expected) in [(false, "paid_out"), (true, "failed")] {
        let mut bench = Bench::new();
        let mandate = bench.mandate("EUR", "active");
        let mut body = payment_body(&mandate, 1_000, "EUR");
        body["payments"]["retry_if_possible"] = true.into();
        let id = text(&bench.post("/payments", &body).body["payments"]["id"]);
        let plan = json!({
            "payment": id, "outcome": "fails", "cause": "insufficient_funds",
            "auto_retry_after_days": 5,
        });
        bench.control("/plan", &plan);
        bench.until("2026-11-06T05:00:00Z");
        assert_eq!(bench.status(&id), "failed");
        if switched_off {
            let body = json!({ "payments": { "retry_if_possible": false } });
            let answer = bench.call(Method::PUT, &format!("/payments/{id}"), Some(&body));
            assert_eq!(answer.body["payments"]["retry_if_possible"], false);
        }
        bench.days(30);
        assert_eq!(bench.status(&id), expected);
        let truth = bench.truth();
        let failed = truth["events"].as_array().unwrap().iter().find(|it| it["action"] == "failed");
        assert_eq!(failed.unwrap()["details"]["will_attempt_retry"], true);
        assert_eq!(failed.unwrap()["details"]["reason_code"], "AM04");
    }
}

#[test]
fn becs_references_are_unique() {
    let mut bench = Bench::new();
    let mandate = bench.mandate("AUD", "active");
    let mut body = payment_body(&mandate, 1_000, "AUD");
    body["payments"]["reference"] = "INV-1".into();
    bench.key = Some("one".to_owned());
    assert_eq!(bench.post("/payments", &body).status, 201);
    // The same request again is a conflict of keys, not of references.
    assert_eq!(bench.post("/payments", &body).status, 409);
    bench.key = Some("two".to_owned());
    let answer = bench.post("/payments", &body);
    assert_eq!((answer.status, answer.reason().as_str()), (422, "validation_failed"));
}

#[test]
fn mandate_payments_that_need_approval() {
    let mut bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    bench.act(json!({ "action": "require_approval", "mandate": mandate }));
    let (yes, no) = (bench.pay(&mandate, 1_000, "GBP"), bench.pay(&mandate, 1_000, "GBP"));
    assert_eq!(bench.status(&yes), "pending_customer_approval");
    bench.act(json!({ "action": "approve_payment", "payment": yes }));
    bench.act(json!({ "action": "deny_payment", "payment": no }));
    bench.days(10);
    assert_eq!(bench.status(&yes), "paid_out");
    assert_eq!(bench.status(&no), "customer_approval_denied");
}
