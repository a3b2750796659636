//! Payouts that add up (sheet sections 14, 15 and 29).

use serde_json::{Value, json};

use super::{Bench, text};

/// (type, amount, tax) of the items of a payout.
fn items(bench: &Bench, payout: &Value) -> Vec<(String, String, String)> {
    let path = format!("/payout_items?payout={}&limit=500", text(&payout["id"]));
    let body = bench.get(&path).body;
    let row = |item: &Value| {
        let tax = item["taxes"][0]["amount"].as_str().unwrap_or("-").to_owned();
        (text(&item["type"]), text(&item["amount"]), tax)
    };
    body["payout_items"].as_array().unwrap().iter().map(row).collect()
}

fn check(bench: &Bench, payout: &Value, expected: &[(&str, &str, &str)]) {
    let shown = items(bench, payout);
    let expected: Vec<(String, String, String)> = expected
        .iter()
        .map(|(kind, amount, tax)| ((*kind).into(), (*amount).into(), (*tax).into()))
        .collect();
    assert_eq!(shown, expected);
}

/// The worked example of the sheet, to the tenth of a penny.
#[test]
fn the_worked_example() {
    let mut bench = Bench::new();
    bench.allow_refunds();
    bench.control("/seed", &json!({ "settings": { "refund_safety_days": 0 } }));
    let mandate = bench.mandate("GBP", "active");
    let charged_back = bench.seed_payment(&mandate, 8_000, "paid_out");
    let refunded = bench.seed_payment(&mandate, 5_000, "paid_out");
    for amount in [12_000, 25_050, 9_999] {
        bench.seed_payment(&mandate, amount, "confirmed");
    }
    bench.act(json!({ "action": "charge_back", "payment": charged_back }));
    bench.seconds(10 * 24 * 3600);
    let before = bench.payouts().len();
    assert_eq!(before, 3, "the debits came with the three collections");
    let payout = bench.payouts()[2].clone();
    check(
        &bench,
        &payout,
        &[
            ("payment_paid_out", "12000.0", "-"),
            ("gocardless_fee", "-168.0", "-28.0"),
            ("payment_paid_out", "25050.0", "-"),
            ("gocardless_fee", "-324.6", "-54.1"),
            ("payment_paid_out", "9999.0", "-"),
            ("gocardless_fee", "-144.0", "-24.0"),
            ("payment_charged_back", "-8000.0", "-"),
            ("gocardless_fee", "120.0", "20.0"),
            ("surcharge_fee", "-600.0", "-100.0"),
        ],
    );
    assert_eq!(payout["exact_sum"], "37932.4");
    assert_eq!(payout["amount"], 37_932);
    assert_eq!(payout["deducted_fees"], 1_117);
    assert_eq!(payout["tax_currency"], "GBP");
    assert!(text(&payout["reference"]).starts_with("ALDERMOOR-"));
    assert!(bench.events(&charged_back).contains(&"payments.chargeback_settled".to_owned()));
    assert!(bench.events(&charged_back).contains(&"payments.surcharge_fee_debited".to_owned()));

    // With the refund in the same payout: 35432.4, as in the sheet.
    let next = bench.seed_payment(&mandate, 37_932, "confirmed");
    let refund = json!({ "refunds": {
        "amount": 2_500, "total_amount_confirmation": 2_500, "links": { "payment": refunded },
    } });
    assert_eq!(bench.post("/refunds", &refund).status, 201);
    bench.days(2);
    let payout = bench.payouts()[3].clone();
    check(
        &bench,
        &payout,
        &[
            ("payment_paid_out", "37932.0", "-"),
            ("gocardless_fee", "-479.2", "-79.9"),
            ("payment_refunded", "-2500.0", "-"),
        ],
    );
    assert_eq!(payout["exact_sum"], "34952.8");
    assert_eq!(payout["amount"], 34_953);
    assert_eq!(bench.status(&next), "paid_out");
}

#[test]
fn all_of_the_example_in_one_payout() {
    let mut bench = Bench::new();
    bench.allow_refunds();
    bench.control("/seed", &json!({ "settings": { "refund_safety_days": 0 } }));
    let mandate = bench.mandate("GBP", "active");
    let charged_back = bench.seed_payment(&mandate, 8_000, "paid_out");
    let refunded = bench.seed_payment(&mandate, 5_000, "paid_out");
    bench.days(6);
    for amount in [12_000, 25_050, 9_999] {
        bench.seed_payment(&mandate, amount, "confirmed");
    }
    bench.act(json!({ "action": "charge_back", "payment": charged_back }));
    bench.act(json!({ "action": "create_refund", "payment": refunded, "amount": 2_500 }));
    bench.days(2);
    let payout = bench.payouts()[2].clone();
    assert_eq!(payout["exact_sum"], "35432.4");
    assert_eq!(payout["amount"], 35_432);
    assert_eq!(payout["deducted_fees"], 1_117);
    assert_eq!(items(&bench, &payout).len(), 10);
}

#[test]
fn debits_wait_for_a_positive_balance() {
    let mut bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    let id = bench.seed_payment(&mandate, 8_000, "paid_out");
    bench.act(json!({ "action": "charge_back", "payment": id }));
    bench.days(10);
    assert_eq!(bench.payouts().len(), 1);
    assert!(!bench.events(&id).contains(&"payments.chargeback_settled".to_owned()));
    // Not enough yet: the collection waits too.
    let small = bench.seed_payment(&mandate, 5_000, "confirmed");
    bench.days(4);
    assert_eq!(bench.payouts().len(), 1);
    assert_eq!(bench.status(&small), "confirmed");
    bench.seed_payment(&mandate, 9_000, "confirmed");
    bench.days(4);
    let payout = bench.payouts()[1].clone();
    assert_eq!(payout["exact_sum"], "5304.0");
    assert_eq!(bench.status(&small), "paid_out");
    assert!(bench.events(&id).contains(&"payments.chargeback_settled".to_owned()));
}

#[test]
fn a_late_failure_and_its_retry_settle_twice() {
    let mut bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    let id = bench.pay(&mandate, 10_000, "GBP");
    bench.control("/plan", &json!({ "payment": id, "outcome": "fails_late", "days": 2 }));
    bench.until("2026-11-12T09:00:00Z");
    assert_eq!(bench.status(&id), "failed");
    assert_eq!(bench.post(&format!("/payments/{id}/actions/retry"), &json!({})).status, 200);
    bench.seed_payment(&mandate, 20_000, "confirmed");
    bench.days(14);
    assert_eq!(bench.status(&id), "paid_out");
    let of_payment = |payout: &Value| -> Vec<String> {
        payout["items"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|item| item["links"]["payment"] == id.as_str())
            .map(|item| text(&item["type"]))
            .collect()
    };
    let shown: Vec<Vec<String>> = bench.payouts().iter().map(of_payment).collect();
    assert_eq!(
        shown,
        [
            vec!["payment_paid_out", "gocardless_fee"],
            vec!["payment_failed", "gocardless_fee", "surcharge_fee"],
            vec!["payment_paid_out", "gocardless_fee"],
        ]
    );
    let expected = [
        "created",
        "submitted",
        "confirmed",
        "paid_out",
        "failed",
        "resubmission_requested",
        "late_failure_settled",
        "surcharge_fee_debited",
        "submitted",
        "confirmed",
        "paid_out",
    ];
    assert_eq!(bench.events(&id), expected.map(|action| format!("payments.{action}")));
}

#[test]
fn the_cycle_of_a_chargeback() {
    let mut bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    let id = bench.pay(&mandate, 10_000, "GBP");
    let plan = json!({
        "payment": id, "outcome": "charged_back", "days": 2, "cancelled_after_days": 5,
    });
    bench.control("/plan", &plan);
    bench.until("2026-11-11T09:00:00Z");
    assert_eq!(bench.status(&id), "charged_back");
    bench.seed_payment(&mandate, 50_000, "confirmed");
    bench.until("2026-11-18T09:00:00Z");
    assert_eq!(bench.status(&id), "confirmed");
    bench.days(2);
    assert_eq!(bench.status(&id), "paid_out");
    let kinds: Vec<String> =
        items(&bench, &bench.payouts()[2]).into_iter().map(|(kind, _, _)| kind).collect();
    assert_eq!(kinds, ["payment_paid_out", "gocardless_fee", "surcharge_fee"]);
    assert_eq!(items(&bench, &bench.payouts()[2])[2].1, "600.0");
    let expected = [
        "created",
        "submitted",
        "confirmed",
        "paid_out",
        "charged_back",
        "chargeback_settled",
        "surcharge_fee_debited",
        "chargeback_cancelled",
        "paid_out",
    ];
    assert_eq!(bench.events(&id), expected.map(|action| format!("payments.{action}")));
    let truth = bench.truth();
    let event = truth["events"].as_array().unwrap().iter();
    let event = event.clone().find(|it| it["action"] == "chargeback_cancelled").unwrap();
    assert_eq!(event["details"]["cause"], "payment_confirmed");
}

#[test]
fn a_chargeback_cancelled_before_it_settled() {
    for (setting, payouts, status) in [("vanishes", 1, "paid_out"), ("shows_both", 2, "paid_out")] {
        let mut bench = Bench::new();
        bench.control("/seed", &json!({ "settings": { "unsettled_chargeback": setting } }));
        let mandate = bench.mandate("GBP", "active");
        let id = bench.seed_payment(&mandate, 10_000, "paid_out");
        bench.act(json!({ "action": "charge_back", "payment": id }));
        bench.act(json!({ "action": "cancel_chargeback", "payment": id }));
        bench.seed_payment(&mandate, 100, "confirmed");
        bench.days(7);
        assert_eq!(bench.status(&id), status, "{setting}");
        let truth = bench.truth();
        let items = truth["payouts"].as_array().unwrap().iter();
        let items = items.flat_map(|it| it["items"].as_array().unwrap().clone());
        let own = items.filter(|item| item["links"]["payment"] == id.as_str());
        let gross = own.filter(|item| item["type"] == "payment_paid_out").count();
        assert_eq!(gross, payouts, "{setting}");
        assert_eq!(truth["waiting"][0]["items"], json!([]));
    }
}

#[test]
fn a_chargeback_before_the_payout_is_in_no_payout() {
    let mut bench = Bench::new();
    let mandate = bench.mandate("EUR", "active");
    let id = bench.pay(&mandate, 10_000, "EUR");
    let plan = json!({
        "payment": id, "outcome": "charged_back", "after_payout": false, "days": 1,
    });
    bench.control("/plan", &plan);
    bench.days(30);
    assert_eq!(bench.status(&id), "charged_back");
    assert_eq!(bench.payouts(), Vec::<Value>::new());
    assert_eq!(bench.truth()["waiting"][0]["items"], json!([]));
}

#[test]
fn no_payouts_before_verification() {
    let mut bench = Bench::new();
    let creditor = text(&bench.truth()["creditors"][0]["id"]);
    let set = |bench: &Bench, status: &str| {
        let body = json!({ "action": "set_verification", "creditor": creditor, "status": status });
        bench.act(body);
    };
    set(&bench, "in_review");
    let mandate = bench.mandate("GBP", "active");
    let id = bench.pay(&mandate, 10_000, "GBP");
    bench.days(20);
    assert_eq!(bench.status(&id), "confirmed");
    set(&bench, "successful");
    bench.days(1);
    assert_eq!(bench.status(&id), "paid_out");
}

#[test]
fn foreign_exchange_and_tax_in_another_currency() {
    let mut bench = Bench::new();
    let seed = json!({ "creditors": [{ "id": "CRFX", "fx_payout_currency": "GBP" }] });
    bench.control("/seed", &seed);
    let seed = json!({ "customers": [{ "company_name": "Kunde", "mandates": [
        { "currency": "EUR", "creditor": "CRFX" }
    ] }] });
    let mandate = text(&bench.control("/seed", &seed)["mandates"][0]);
    let id = bench.pay(&mandate, 100_000, "EUR");
    let fx = bench.payment(&id)["fx"].clone();
    assert_eq!(fx["fx_currency"], "GBP");
    assert!(fx["estimated_exchange_rate"].is_string());
    bench.until("2026-11-10T07:32:00Z");
    let payout = bench.payouts()[0].clone();
    assert_eq!(payout["status"], "pending");
    assert_eq!(payout["currency"], "EUR");
    assert!(payout["fx"]["fx_amount"].is_null());
    let name = text(&payout["id"]);
    assert_eq!(bench.events(&name), ["payments.paid_out", "payouts.paid"]);
    bench.until("2026-11-10T09:00:00Z");
    let payout = bench.payouts()[0].clone();
    assert_eq!(payout["status"], "paid");
    let rate: rust_decimal::Decimal = text(&payout["fx"]["exchange_rate"]).parse().unwrap();
    let amount = rust_decimal::Decimal::from(payout["amount"].as_i64().unwrap());
    let expected = (amount * rate)
        .round_dp_with_strategy(0, rust_decimal::RoundingStrategy::MidpointAwayFromZero);
    assert_eq!(payout["fx"]["fx_amount"].to_string(), expected.to_string());
    assert_eq!(payout["tax_currency"], "GBP");
    assert!(payout["items"][1]["taxes"][0]["destination_amount"].is_null());
    bench.until("2026-12-02T00:00:00Z");
    let payout = bench.payouts()[0].clone();
    assert!(payout["items"][1]["taxes"][0]["destination_amount"].is_string());
    let last = bench.events(&name).pop().unwrap();
    assert_eq!(last, "payouts.tax_exchange_rates_confirmed");
}

#[test]
fn items_are_gone_after_six_months() {
    let mut bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    bench.seed_payment(&mandate, 10_000, "paid_out");
    let path = format!("/payout_items?payout={}", text(&bench.payouts()[0]["id"]));
    bench.until("2027-05-02T09:00:00Z");
    assert_eq!(bench.get(&path).status, 200);
    bench.until("2027-05-03T00:01:00Z");
    let answer = bench.get(&path);
    assert_eq!(answer.status, 410);
    assert_eq!(answer.body["error"]["type"], "invalid_api_usage");
    assert_eq!(bench.get("/payout_items").status, 422);
}

#[test]
fn fees_that_are_invoiced_are_in_no_payout() {
    let mut bench = Bench::new();
    let seed = json!({
        "creditors": [{ "id": "CRINV", "fees": { "deducted": false } }],
        "customers": [{ "company_name": "K", "mandates": [{ "currency": "GBP", "creditor": "CRINV" }] }],
    });
    let mandate = text(&bench.control("/seed", &seed)["mandates"][0]);
    bench.pay(&mandate, 10_000, "GBP");
    bench.days(10);
    let payout = bench.payouts()[0].clone();
    check(&bench, &payout, &[("payment_paid_out", "10000.0", "-")]);
    assert_eq!(payout["deducted_fees"], 0);
}

#[test]
fn a_bounced_payout() {
    let bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    bench.seed_payment(&mandate, 10_000, "paid_out");
    let id = text(&bench.payouts()[0]["id"]);
    bench.act(json!({ "action": "bounce_payout", "payout": id }));
    assert_eq!(bench.payouts()[0]["status"], "bounced");
    assert!(bench.events(&id).contains(&"creditors.bounced_payout".to_owned()));
}
