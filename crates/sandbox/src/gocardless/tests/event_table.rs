//! Every event that a varied world writes is in the tables of sheet section 16.

use http::Method;
use serde_json::{Value, json};

use super::{Bench, text};

/// `resource.action origin cause` for everything but a bank's own causes.
const TABLE: &[&str] = &[
    "payments.created api payment_created",
    "payments.created gocardless payment_created",
    "payments.created api instalment_schedule_created",
    "payments.customer_approval_granted customer customer_approval_granted",
    "payments.customer_approval_denied customer customer_approval_denied",
    "payments.submitted gocardless payment_submitted",
    "payments.confirmed gocardless payment_confirmed",
    "payments.paid_out gocardless payment_paid_out",
    "payments.chargeback_cancelled bank payment_confirmed",
    "payments.chargeback_settled gocardless chargeback_settled",
    "payments.late_failure_settled gocardless late_failure_settled",
    "payments.surcharge_fee_debited gocardless surcharge_fee_debited",
    "payments.cancelled api payment_cancelled",
    "payments.cancelled api mandate_cancelled",
    "payments.cancelled api bank_account_closed",
    "payments.cancelled api instalment_schedule_cancelled",
    "payments.cancelled gocardless mandate_expired",
    "payments.cancelled gocardless mandate_cancelled",
    "payments.resubmission_requested api payment_retried",
    "payments.resubmission_requested gocardless payment_autoretried",
    "mandates.created api mandate_created",
    "mandates.created gocardless mandate_created",
    "mandates.customer_approval_granted customer customer_approval_granted",
    "mandates.customer_approval_skipped customer customer_approval_skipped",
    "mandates.submitted gocardless mandate_submitted",
    "mandates.submitted bank bank_account_transferred",
    "mandates.active gocardless mandate_activated",
    "mandates.cancelled api mandate_cancelled",
    "mandates.cancelled api bank_account_closed",
    "mandates.cancelled gocardless mandate_cancelled",
    "mandates.expired gocardless mandate_expired",
    "mandates.reinstated gocardless mandate_reinstated",
    "mandates.resubmission_requested api resubmission_requested",
    "mandates.resubmission_requested bank bank_account_transferred",
    "mandates.transferred bank bank_account_transferred",
    "mandates.replaced gocardless scheme_identifier_changed",
    "mandates.blocked gocardless mandate_blocked",
    "payouts.paid gocardless payout_paid",
    "payouts.fx_rate_confirmed gocardless payout_fx_rate_confirmed",
    "payouts.tax_exchange_rates_confirmed gocardless payout_tax_exchange_rates_confirmed",
    "refunds.created api payment_refunded",
    "refunds.paid gocardless refund_paid",
    "refunds.refund_settled gocardless refund_settled",
    "refunds.failed gocardless refund_failed",
    "refunds.funds_returned gocardless refund_funds_returned",
];

/// Events where a bank gives the cause, which must come with the scheme and its code.
const BANK: &[&str] = &[
    "payments.failed",
    "payments.charged_back",
    "mandates.cancelled",
    "mandates.failed",
    "payments.cancelled",
];

fn check(event: &Value) {
    let details = &event["details"];
    let name = format!("{}.{}", text(&event["resource_type"]), text(&event["action"]));
    let (origin, cause) = (text(&details["origin"]), text(&details["cause"]));
    let row = format!("{name} {origin} {cause}");
    if origin == "bank" && BANK.contains(&name.as_str()) {
        assert!(details["scheme"].is_string(), "{event}");
        assert!(details["reason_code"].is_string(), "{event}");
    } else {
        assert!(TABLE.contains(&row.as_str()), "{row} is not documented");
    }
    assert_eq!(details["will_attempt_retry"].is_boolean(), name == "payments.failed", "{event}");
}

/// Plans of every kind, each on a mandate of its own.
fn plan_everything(bench: &Bench, currency: &str) {
    let causes =
        ["insufficient_funds", "mandate_cancelled", "bank_account_closed", "other", "nonsense"];
    for cause in causes {
        for outcome in ["fails", "fails_late", "charged_back"] {
            let mandate = bench.mandate(currency, "active");
            let payment = bench.pay(&mandate, 20_000, currency);
            bench.pay(&mandate, 20_000, currency);
            let plan = json!({
                "payment": payment, "outcome": outcome, "cause": cause, "cancelled_after_days": 4,
            });
            bench.control("/plan", &plan);
        }
    }
}

fn act_everything(bench: &Bench, currency: &str) {
    for action in [
        "cancel_mandate",
        "payer_cancels_mandate",
        "block_mandate",
        "fail_mandate",
        "expire_mandate",
        "replace_mandate",
        "transfer_mandate",
    ] {
        let mandate = bench.mandate(currency, "active");
        bench.pay(&mandate, 20_000, currency);
        bench.act(json!({ "action": action, "mandate": mandate }));
        if action == "cancel_mandate" {
            bench.post(&format!("/mandates/{mandate}/actions/reinstate"), &json!({}));
        }
    }
    for action in ["approve_mandate", "skip_mandate_approval", "deny_mandate"] {
        let mandate = bench.mandate(currency, "pending_customer_approval");
        bench.pay(&mandate, 20_000, currency);
        bench.act(json!({ "action": action, "mandate": mandate }));
    }
    let mandate = bench.mandate(currency, "pending_submission");
    let payment = bench.pay(&mandate, 20_000, currency);
    bench.call(Method::POST, &format!("/payments/{payment}/actions/cancel"), None);
    bench.pay(&mandate, 20_000, currency);
}

#[test]
fn every_event_is_documented() {
    for currency in ["GBP", "EUR", "USD", "AUD", "CAD"] {
        let mut bench = Bench::new();
        bench.allow_refunds();
        plan_everything(&bench, currency);
        act_everything(&bench, currency);
        bench.days(40);
        let mandate = bench.mandate(currency, "active");
        let collected = bench.seed_payment(&mandate, 90_000, "confirmed");
        for outcome in ["success", "bounced", "funds_returned"] {
            bench.control("/plan", &json!({ "any": true, "refund_outcome": outcome }));
        }
        bench.days(20);
        let more = bench.seed_payment(&mandate, 90_000, "confirmed");
        for _ in 0..3 {
            bench.act(json!({ "action": "create_refund", "payment": collected, "amount": 100 }));
        }
        bench.days(60);
        assert_eq!(bench.status(&more), "paid_out");
        let truth = bench.truth();
        let events = truth["events"].as_array().unwrap();
        assert!(events.len() > 100, "{}", events.len());
        events.iter().for_each(check);
        for payout in truth["payouts"].as_array().unwrap() {
            assert!(payout["amount"].as_i64().unwrap() > 0, "{payout}");
        }
    }
}
