//! Cursors, filters, stale lists, the event list (sheet sections 3 and 16).

use serde_json::{Value, json};

use super::{Bench, text};

fn ids(body: &Value, root: &str) -> Vec<String> {
    body[root].as_array().unwrap().iter().map(|row| text(&row["id"])).collect()
}

#[test]
fn pages_are_newest_first_with_id_cursors() {
    let bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    let mut made: Vec<String> = (0..7).map(|n| bench.pay(&mandate, 1_000 + n, "GBP")).collect();
    made.reverse();
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let cursor = after.map_or(String::new(), |id: String| format!("&after={id}"));
        let body = bench.get(&format!("/payments?limit=3{cursor}")).body;
        assert_eq!(body["meta"]["limit"], 3);
        // Rows that arrive while paging do not shift the pages.
        bench.pay(&mandate, 5_000, "GBP");
        seen.extend(ids(&body, "payments"));
        match body["meta"]["cursors"]["after"].as_str() {
            Some(next) => after = Some(next.to_owned()),
            None => break,
        }
    }
    assert_eq!(seen, made);
    let back = bench.get(&format!("/payments?limit=2&before={}", made[6])).body;
    assert_eq!(ids(&back, "payments"), [made[4].clone(), made[5].clone()]);
    assert_eq!(back["meta"]["cursors"]["before"], made[4].as_str());
    let first = bench.get("/payments?limit=1").body;
    assert!(first["meta"]["cursors"]["before"].is_null());
    for (query, status) in [
        ("limit=0", 422),
        ("limit=501", 422),
        ("limit=x", 422),
        ("after=PM0", 400),
        ("limit=500", 200),
    ] {
        assert_eq!(bench.get(&format!("/payments?{query}")).status, status, "{query}");
    }
}

#[test]
fn filters_in_both_encodings() {
    let mut bench = Bench::new();
    let active = bench.mandate("GBP", "active");
    let pending = bench.mandate("EUR", "pending_submission");
    bench.mandate("GBP", "failed");
    for query in [
        "status=active,pending_submission",
        "status=active%2Cpending_submission",
        "status=active&status=pending_submission",
    ] {
        let body = bench.get(&format!("/mandates?{query}")).body;
        assert_eq!(ids(&body, "mandates"), [pending.clone(), active.clone()], "{query}");
    }
    assert_eq!(bench.get("/mandates?status=alive").reason(), "invalid_filters");
    assert_eq!(bench.get("/mandates?colour=red").reason(), "invalid_filters");
    let both = "/mandates?customer=CU1&creditor=CR1";
    assert_eq!(bench.get(both).reason(), "invalid_filters");
    assert_eq!(ids(&bench.get("/mandates?scheme=sepa_core").body, "mandates"), [pending]);
    let payment = bench.pay(&active, 1_000, "GBP");
    bench.days(3);
    let later = bench.pay(&active, 2_000, "GBP");
    let range = "created_at%5Bgte%5D=2026-11-03T00%3A00%3A00.000Z";
    assert_eq!(
        ids(&bench.get(&format!("/payments?{range}")).body, "payments"),
        vec![later.clone()]
    );
    let sorted = "/payments?sort_field=amount&sort_direction=asc";
    assert_eq!(ids(&bench.get(sorted).body, "payments"), [payment, later]);
    let customers =
        ids(&bench.get("/customers?sort_field=name&sort_direction=asc").body, "customers");
    assert_eq!(customers.len(), 3);
    assert_eq!(ids(&bench.get("/refunds?payment=PM404").body, "refunds"), Vec::<String>::new());
}

#[test]
fn events_are_late_and_filtered() {
    let mut bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    let id = bench.pay(&mandate, 1_000, "GBP");
    assert_eq!(ids(&bench.get("/events").body, "events"), Vec::<String>::new());
    bench.seconds(2);
    let body = bench.get("/events").body;
    assert_eq!(body["events"].as_array().unwrap().len(), 1);
    let event = &body["events"][0];
    assert_eq!(event["links"], json!({ "payment": id }));
    assert_eq!(event["resource_metadata"], json!({ "invoiceId": "1001" }));
    assert_eq!(event["details"]["origin"], "api");
    let single = bench.get(&format!("/events/{}", text(&event["id"]))).body;
    assert_eq!(&single["events"], event);
    bench.days(10);
    let of = |query: &str| bench.get(&format!("/events?{query}"));
    let actions = |query: &str| -> Vec<String> {
        let body = of(query).body;
        body["events"].as_array().unwrap().iter().map(|it| text(&it["action"])).collect()
    };
    assert_eq!(
        actions(&format!("payment={id}")),
        ["paid_out", "confirmed", "submitted", "created"]
    );
    assert_eq!(actions("resource_type=payouts&action=paid"), ["paid"]);
    assert_eq!(of(&format!("resource_type=payments&payment={id}")).reason(), "invalid_filters");
    assert_eq!(of("include=payment").reason(), "invalid_filters");
    let linked = of("resource_type=payments&include=payment").body;
    assert_eq!(linked["linked"]["payments"][0]["id"], id.as_str());
    bench.until("2028-06-01T00:00:00Z");
    let gone = bench.get(&format!("/events?payment={id}")).body;
    assert_eq!(gone["events"], json!([]));
}

#[test]
fn stale_lists_show_the_past_and_reads_by_id_do_not() {
    let mut bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    bench.days(1);
    let id = bench.pay(&mandate, 1_000, "GBP");
    bench.control("/faults", &json!({ "stale_minutes": 10 }));
    assert_eq!(ids(&bench.get("/payments").body, "payments"), Vec::<String>::new());
    assert_eq!(bench.status(&id), "pending_submission");
    bench.seconds(601);
    assert_eq!(ids(&bench.get("/payments").body, "payments"), vec![id.clone()]);
    bench.post(&format!("/payments/{id}/actions/cancel"), &json!({}));
    let listed = bench.get("/payments").body["payments"][0]["status"].clone();
    assert_eq!(listed, "pending_submission");
    assert_eq!(bench.status(&id), "cancelled");
    bench.seconds(601);
    assert_eq!(bench.get("/payments").body["payments"][0]["status"], "cancelled");
    assert_eq!(bench.truth()["faults"]["stale_list"], 4);
}
