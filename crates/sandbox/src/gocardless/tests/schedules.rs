//! Subscriptions and instalment schedules (sheet sections 11 and 12).

use serde_json::{Value, json};

use super::{Bench, text};

fn subscription(bench: &Bench, mandate: &str, extra: Value) -> super::Answer {
    let mut body = json!({
        "amount": 2_500, "currency": "GBP", "interval_unit": "monthly",
        "links": { "mandate": mandate },
    });
    for (name, value) in extra.as_object().unwrap() {
        body[name] = value.clone();
    }
    bench.post("/subscriptions", &json!({ "subscriptions": body }))
}

fn charge_dates(bench: &Bench, filter: &str) -> Vec<String> {
    let body = bench.get(&format!("/payments?{filter}")).body;
    let mut dates: Vec<String> =
        body["payments"].as_array().unwrap().iter().map(|it| text(&it["charge_date"])).collect();
    dates.reverse();
    dates
}

#[test]
fn a_subscription_makes_its_payments() {
    let mut bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    let extra = json!({ "count": 3, "day_of_month": -1, "name": "Rent" });
    let made = subscription(&bench, &mandate, extra).body["subscriptions"].clone();
    let id = text(&made["id"]);
    let ahead: Vec<&str> = made["upcoming_payments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["charge_date"].as_str().unwrap())
        .collect();
    // The last day of a month rolls back.
    assert_eq!(ahead, ["2026-11-30", "2026-12-31", "2027-01-29"]);
    assert_eq!(made["end_date"], "2027-01-31");
    assert_eq!(charge_dates(&bench, "limit=500"), Vec::<String>::new(), "not all at once");
    bench.days(120);
    assert_eq!(charge_dates(&bench, &format!("subscription={id}")), ahead);
    let shown = bench.get(&format!("/subscriptions/{id}")).body["subscriptions"].clone();
    assert_eq!(shown["status"], "finished");
    let events = bench.events(&id);
    assert_eq!(events.iter().filter(|it| *it == "subscriptions.payment_created").count(), 3);
    assert_eq!(events.last().unwrap(), "subscriptions.finished");
    let cancel = format!("/subscriptions/{id}/actions/cancel");
    assert_eq!(bench.post(&cancel, &json!({})).reason(), "cancellation_failed");
}

#[test]
fn rules_of_subscriptions() {
    let bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    for (extra, field) in [
        (json!({ "interval_unit": "daily" }), "interval_unit"),
        (json!({ "interval": 13 }), "interval"),
        (json!({ "day_of_month": 29 }), "day_of_month"),
        (json!({ "interval_unit": "weekly", "day_of_month": 1 }), "day_of_month"),
        (json!({ "interval_unit": "yearly", "month": "may" }), "month"),
        (json!({ "month": "may" }), "month"),
        (json!({ "start_date": "2026-11-03" }), "start_date"),
        (json!({ "count": 0 }), "count"),
    ] {
        let answer = subscription(&bench, &mandate, extra.clone());
        assert_eq!(answer.status, 422, "{extra}");
        assert_eq!(answer.body["error"]["errors"][0]["field"], field, "{extra}");
    }
}

#[test]
fn a_pause_skips_cycles() {
    let mut bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    let extra = json!({ "interval_unit": "weekly", "start_date": "2026-11-09" });
    let id = text(&subscription(&bench, &mandate, extra).body["subscriptions"]["id"]);
    let path = |action: &str| format!("/subscriptions/{id}/actions/{action}");
    assert_eq!(bench.post(&path("resume"), &json!({})).reason(), "subscription_not_paused");
    let pause = json!({ "data": { "pause_cycles": 2 } });
    assert_eq!(bench.post(&path("pause"), &pause).body["subscriptions"]["status"], "paused");
    bench.until("2026-11-30T09:00:00Z");
    let dates = charge_dates(&bench, &format!("subscription={id}"));
    assert_eq!(dates[0], "2026-11-23");
    let shown = bench.get(&format!("/subscriptions/{id}")).body["subscriptions"].clone();
    assert_eq!(shown["status"], "active");
    bench.post(&path("pause"), &json!({}));
    let shown = bench.get(&format!("/subscriptions/{id}")).body["subscriptions"].clone();
    assert_eq!(shown["upcoming_payments"], json!([]));
    let before = charge_dates(&bench, &format!("subscription={id}")).len();
    bench.days(60);
    assert_eq!(charge_dates(&bench, &format!("subscription={id}")).len(), before);
    bench.post(&path("resume"), &json!({}));
    bench.days(20);
    let dates = charge_dates(&bench, &format!("subscription={id}"));
    assert!(dates.len() > before);
    let mut unique = dates.clone();
    unique.dedup();
    assert_eq!(unique, dates, "no date twice");
}

#[test]
fn a_cancelled_mandate_ends_its_subscription() {
    let bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    let id = text(&subscription(&bench, &mandate, json!({})).body["subscriptions"]["id"]);
    bench.act(json!({ "action": "payer_cancels_mandate", "mandate": mandate }));
    let shown = bench.get(&format!("/subscriptions/{id}")).body["subscriptions"].clone();
    assert_eq!(shown["status"], "cancelled");
}

#[test]
fn instalments_by_dates_and_by_rhythm() {
    let dates = json!([
        { "amount": 1_000, "charge_date": "2026-11-10" },
        { "amount": 2_000, "charge_date": "2026-12-10", "description": "second" },
    ]);
    let rhythm = json!({
        "start_date": "2026-11-10", "interval": 1, "interval_unit": "monthly",
        "amounts": [1_000, 2_000],
    });
    for (path, instalments) in [
        ("/instalment_schedules", dates.clone()),
        ("/instalment_schedules/create_with_dates", dates),
        ("/instalment_schedules/create_with_schedule", rhythm),
    ] {
        let mut bench = Bench::new();
        let mandate = bench.mandate("GBP", "active");
        let mut body = json!({ "instalment_schedules": {
            "name": "INV-7", "currency": "GBP", "total_amount": 3_000, "instalments": instalments,
            "links": { "mandate": mandate },
        } });
        let made = bench.post(path, &body).body["instalment_schedules"].clone();
        assert_eq!(made["status"], "pending", "{path}");
        assert!(made["links"]["payments"].is_null());
        let id = text(&made["id"]);
        bench.seconds(61);
        let shown = bench.get(&format!("/instalment_schedules/{id}"));
        let payments = shown.body["instalment_schedules"]["links"]["payments"].clone();
        assert_eq!(payments.as_array().unwrap().len(), 2);
        assert_eq!(charge_dates(&bench, "limit=9"), ["2026-11-10", "2026-12-10"]);
        bench.days(60);
        let shown = bench.get(&format!("/instalment_schedules/{id}"));
        assert_eq!(shown.body["instalment_schedules"]["status"], "completed");
        body["instalment_schedules"]["total_amount"] = 3_001.into();
        assert_eq!(bench.post(path, &body).status, 422);
    }
}
