//! Scenario simulators and their start states (sheet section 22).

use serde_json::json;

use super::{Answer, Bench, text};

fn run(bench: &Bench, simulator: &str, resource: &str) -> Answer {
    let path = format!("/scenario_simulators/{simulator}/actions/run");
    bench.post(&path, &json!({ "data": { "links": { "resource": resource } } }))
}

#[test]
fn payments_end_as_simulated() {
    for (simulator, status, last) in [
        ("payment_submitted", "submitted", "submitted"),
        ("payment_confirmed", "confirmed", "confirmed"),
        ("payment_paid_out", "paid_out", "paid_out"),
        ("payment_failed", "failed", "failed"),
        ("payment_charged_back", "charged_back", "charged_back"),
        ("payment_late_failure", "failed", "failed"),
    ] {
        for currency in ["GBP", "EUR"] {
            let bench = Bench::new();
            let start = if currency == "GBP" { "active" } else { "pending_submission" };
            let mandate = bench.mandate(currency, start);
            let id = bench.pay(&mandate, 10_000, currency);
            let answer = run(&bench, simulator, &id);
            assert_eq!(answer.status, 200, "{simulator} {}", answer.body);
            assert_eq!(bench.status(&id), status, "{simulator}");
            let last = format!("payments.{last}");
            assert_eq!(bench.events(&id).last(), Some(&last), "{simulator}");
            assert_eq!(run(&bench, "payment_confirmed", &id).status, 422, "{simulator}");
        }
    }
}

#[test]
fn a_simulated_chargeback_settles_with_the_next_money() {
    let mut bench = Bench::new();
    let mandate = bench.mandate("GBP", "active");
    let id = bench.pay(&mandate, 10_000, "GBP");
    bench.seed_payment(&mandate, 90_000, "confirmed");
    assert_eq!(run(&bench, "payment_chargeback_settled", &id).status, 200);
    bench.days(3);
    assert!(bench.events(&id).contains(&"payments.chargeback_settled".to_owned()));
}

#[test]
fn start_states_are_kept() {
    let bench = Bench::new();
    let pending = bench.mandate("GBP", "pending_submission");
    let payment = bench.pay(&pending, 1_000, "GBP");
    assert_eq!(run(&bench, "payment_confirmed", &payment).status, 422, "mandate not active");
    let sepa = bench.mandate("EUR", "pending_submission");
    assert_eq!(run(&bench, "mandate_activated", &sepa).status, 422);
    assert_eq!(run(&bench, "mandate_failed", &sepa).status, 422);
    assert_eq!(run(&bench, "mandate_activated", &pending).status, 200);
    assert_eq!(run(&bench, "mandate_activated", &pending).status, 422);
    let other = bench.mandate("GBP", "pending_submission");
    assert_eq!(run(&bench, "mandate_expired", &other).status, 200);
    assert_eq!(run(&bench, "no_such_simulator", &other).status, 404);
    let creditor = text(&bench.truth()["creditors"][0]["id"]);
    let name = "creditor_verification_status_in_review";
    assert_eq!(run(&bench, name, &creditor).status, 200);
    let shown = bench.get(&format!("/creditors/{creditor}"));
    assert_eq!(shown.body["creditors"]["verification_status"], "in_review");
}

#[test]
fn refunds_and_payouts() {
    let mut bench = Bench::new();
    bench.allow_refunds();
    bench.control("/seed", &json!({ "settings": { "refund_safety_days": 0 } }));
    let mandate = bench.mandate("GBP", "active");
    let id = bench.seed_payment(&mandate, 10_000, "paid_out");
    bench.days(4);
    bench.seed_payment(&mandate, 50_000, "confirmed");
    let refund = |bench: &Bench, total: i64| {
        let body = json!({ "refunds": {
            "amount": 1_000, "total_amount_confirmation": total, "links": { "payment": id },
        } });
        text(&bench.post("/refunds", &body).body["refunds"]["id"])
    };
    let (paid, returned) = (refund(&bench, 1_000), refund(&bench, 2_000));
    assert_eq!(run(&bench, "refund_paid", &paid).status, 200);
    assert_eq!(run(&bench, "refund_paid", &paid).status, 422);
    assert_eq!(run(&bench, "refund_returned", &returned).status, 200);
    let status = |id: &str| bench.get(&format!("/refunds/{id}")).body["refunds"]["status"].clone();
    assert_eq!(status(&paid), "paid");
    assert_eq!(status(&returned), "funds_returned");
    let payout = text(&bench.payouts()[0]["id"]);
    assert_eq!(run(&bench, "payout_bounced", &payout).status, 200);
    assert_eq!(bench.payouts()[0]["status"], "bounced");
}
