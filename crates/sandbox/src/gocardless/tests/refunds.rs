//! The rules of refunds and their way (sheet sections 13 and 17).

use serde_json::{Value, json};

use super::{Bench, text};

fn body(payment: &str, amount: i64, confirmation: i64) -> Value {
    json!({ "refunds": {
        "amount": amount, "total_amount_confirmation": confirmation,
        "links": { "payment": payment },
    } })
}

/// A bench with refunds on, a paid out payment of 10,000 and a balance of 50,000 that waits.
fn ready() -> (Bench, String) {
    let mut bench = Bench::new();
    bench.allow_refunds();
    let mandate = bench.mandate("GBP", "active");
    let id = bench.seed_payment(&mandate, 10_000, "paid_out");
    bench.until("2026-11-13T18:00:00Z");
    bench.seed_payment(&mandate, 50_000, "confirmed");
    (bench, id)
}

#[test]
fn refunds_are_off_by_default() {
    let bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    let id = bench.seed_payment(&mandate, 10_000, "paid_out");
    let answer = bench.post("/refunds", &body(&id, 1_000, 1_000));
    assert_eq!((answer.status, answer.reason().as_str()), (403, "forbidden"));
}

#[test]
fn rules_of_a_refund() {
    let (bench, id) = ready();
    let mandate = text(&bench.payment(&id)["links"]["mandate"]);
    let open = bench.pay(&mandate, 10_000, "GBP");
    let rows = [
        (body(&open, 1_000, 1_000), 422, "refund_payment_invalid_state"),
        (body(&id, 1_000, 999), 422, "total_amount_confirmation_invalid"),
        (body(&id, 10_001, 10_001), 422, "validation_failed"),
        (body(&id, 0, 0), 422, "validation_failed"),
        (body("PM404", 1_000, 1_000), 404, "link_not_found"),
        (
            json!({ "refunds": { "amount": 1, "links": { "payment": id } } }),
            422,
            "validation_failed",
        ),
        (
            json!({ "refunds": { "amount": 1, "links": { "mandate": mandate } } }),
            403,
            "feature_disabled",
        ),
    ];
    for (body, status, reason) in rows {
        let answer = bench.post("/refunds", &body);
        assert_eq!((answer.status, answer.reason()), (status, reason.to_owned()), "{body}");
    }
    assert_eq!(bench.post("/refunds", &body(&id, 4_000, 4_000)).status, 201);
    assert_eq!(bench.payment(&id)["amount_refunded"], 4_000);
    assert_eq!(bench.status(&id), "paid_out");
    assert_eq!(
        bench.post("/refunds", &body(&id, 6_000, 6_000)).reason(),
        "total_amount_confirmation_invalid"
    );
    assert_eq!(bench.post("/refunds", &body(&id, 6_000, 10_000)).status, 201);
}

#[test]
fn refunds_need_a_balance_and_the_safety_period() {
    let mut bench = Bench::new();
    let creditor = bench.allow_refunds();
    let mandate = bench.mandate("GBP", "active");
    let id = bench.seed_payment(&mandate, 10_000, "paid_out");
    let refund = body(&id, 1_000, 1_000);
    assert_eq!(bench.post("/refunds", &refund).reason(), "refund_payment_invalid_state");
    bench.days(14);
    assert_eq!(bench.post("/refunds", &refund).reason(), "available_refund_amount_insufficient");
    bench.seed_payment(&mandate, 1_000, "confirmed");
    let path = format!("/balances?creditor={creditor}");
    assert_eq!(bench.get(&path).body["balances"][0]["amount"], 1_000);
    assert_eq!(bench.post("/refunds", &refund).status, 201);
    assert_eq!(bench.get(&path).body["balances"][0]["amount"], 0);
}

#[test]
fn a_refund_is_paid_and_settled() {
    let (mut bench, id) = ready();
    let made = bench.post("/refunds", &body(&id, 4_000, 4_000));
    assert_eq!(made.body["refunds"]["status"], "created");
    assert!(made.body["refunds"]["fx"]["fx_currency"].is_null());
    let refund = text(&made.body["refunds"]["id"]);
    bench.days(5);
    let shown = bench.get(&format!("/refunds/{refund}")).body["refunds"].clone();
    assert_eq!(shown["status"], "paid");
    let mut events = bench.events(&refund);
    events.sort();
    assert_eq!(events, ["refunds.created", "refunds.paid", "refunds.refund_settled"]);
    let payout = bench.payouts().pop().unwrap();
    let item = payout["items"].as_array().unwrap().last().unwrap().clone();
    assert_eq!(item["type"], "payment_refunded");
    assert_eq!(item["amount"], "-4000.0");
    assert_eq!(item["links"]["refund"], refund.as_str());
    assert_eq!(item["links"]["payment"], id.as_str());
    assert!(item["links"]["mandate"].is_string());
}

#[test]
fn funds_of_a_bounced_refund_come_back() {
    let (mut bench, id) = ready();
    bench.control("/plan", &json!({ "payment": id, "refund_outcome": "funds_returned" }));
    let made = bench.post("/refunds", &body(&id, 4_000, 4_000));
    let refund = text(&made.body["refunds"]["id"]);
    bench.days(10);
    let shown = bench.get(&format!("/refunds/{refund}")).body["refunds"].clone();
    assert_eq!(shown["status"], "funds_returned");
    assert_eq!(bench.payment(&id)["amount_refunded"], 0);
    let payout = bench.payouts().pop().unwrap();
    assert_eq!(payout["items"][0]["type"], "refund_funds_returned");
    assert_eq!(payout["amount"], 4_000);
    let events = bench.events(&refund);
    assert!(events.ends_with(&["refunds.failed".into(), "refunds.funds_returned".into()]));
}

#[test]
fn a_chargeback_after_a_refund_takes_the_whole_amount() {
    let (mut bench, id) = ready();
    bench.post("/refunds", &body(&id, 4_000, 4_000));
    bench.act(json!({ "action": "charge_back", "payment": id }));
    bench.days(5);
    let payout = bench.payouts().pop().unwrap();
    let amounts: Vec<String> = payout["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|item| item["links"]["payment"] == id.as_str())
        .map(|item| text(&item["amount"]))
        .collect();
    assert_eq!(amounts, ["-4000.0", "-10000.0", "144.0", "-600.0"]);
}
