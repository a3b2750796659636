//! What ends with a mandate, and what a bank does to mandates (sheet sections 9 and 17).

use serde_json::{Value, json};

use super::{Bench, payment_body, text};

fn mandate(bench: &Bench, id: &str) -> Value {
    bench.get(&format!("/mandates/{id}")).body["mandates"].clone()
}

#[test]
fn a_cancelled_mandate_takes_its_open_payments_with_it() {
    let mut bench = Bench::new();
    let id = bench.mandate("GBP", "active");
    let submitted = bench.pay(&id, 1_000, "GBP");
    bench.until("2026-11-03T17:00:00Z");
    let open = bench.pay(&id, 2_000, "GBP");
    let path = format!("/mandates/{id}/actions/cancel");
    let answer = bench.post(&path, &json!({ "data": { "metadata": { "by": "us" } } }));
    assert_eq!(answer.body["mandates"]["status"], "cancelled");
    assert_eq!(bench.post(&path, &json!({})).reason(), "cancellation_failed");
    assert_eq!(bench.status(&open), "cancelled");
    assert_eq!(bench.status(&submitted), "submitted");
    let truth = bench.truth();
    let events = truth["events"].as_array().unwrap();
    let of = |kind: &str| {
        let found =
            events.iter().find(|it| it["resource_type"] == kind && it["action"] == "cancelled");
        found.unwrap().clone()
    };
    assert_eq!(of("mandates")["metadata"], json!({ "by": "us" }));
    assert_eq!(of("payments")["links"]["parent_event"], of("mandates")["id"]);
    assert_eq!(of("payments")["details"]["cause"], "mandate_cancelled");
    let refused = bench.post("/payments", &payment_body(&id, 1_000, "GBP"));
    assert_eq!((refused.status, refused.reason().as_str()), (422, "mandate_is_inactive"));
    bench.days(10);
    assert_eq!(bench.status(&submitted), "paid_out");
}

#[test]
fn bacs_codes_that_kill_the_mandate() {
    let mut bench = Bench::new();
    let id = bench.mandate("GBP", "active");
    let payment = bench.pay(&id, 1_000, "GBP");
    let plan = json!({ "mandate": id, "outcome": "fails", "cause": "bank_account_closed" });
    bench.control("/plan", &plan);
    bench.days(10);
    assert_eq!(bench.status(&payment), "failed");
    assert_eq!(mandate(&bench, &id)["status"], "cancelled");
    assert!(bench.events(&id).contains(&"mandates.cancelled".to_owned()));
    let path = format!("/payments/{payment}/actions/retry");
    assert_eq!(bench.post(&path, &json!({})).reason(), "retry_failed");
}

#[test]
fn a_replaced_mandate_names_the_new_one() {
    let mut bench = Bench::new();
    let old = bench.mandate("GBP", "active");
    let payment = bench.pay(&old, 1_000, "GBP");
    let answer = bench.act(json!({ "action": "replace_mandate", "mandate": old }));
    let new = text(&answer["new_mandate"]);
    assert_eq!(mandate(&bench, &old)["status"], "cancelled");
    assert_eq!(mandate(&bench, &old)["links"]["new_mandate"], new.as_str());
    let refused = bench.post("/payments", &payment_body(&old, 1_000, "GBP"));
    assert_eq!(refused.reason(), "mandate_replaced");
    assert_eq!(refused.body["error"]["errors"][0]["links"]["new_mandate"], new.as_str());
    assert_eq!(bench.payment(&payment)["links"]["mandate"], new.as_str());
    bench.days(10);
    assert_eq!(bench.status(&payment), "paid_out");
    assert!(bench.events(&old).contains(&"mandates.replaced".to_owned()));
}

#[test]
fn a_transferred_mandate_keeps_its_id() {
    let bench = Bench::new();
    let id = bench.mandate("GBP", "active");
    let before = text(&mandate(&bench, &id)["links"]["customer_bank_account"]);
    bench.act(json!({ "action": "transfer_mandate", "mandate": id }));
    let after = text(&mandate(&bench, &id)["links"]["customer_bank_account"]);
    assert_ne!(before, after);
    assert_eq!(mandate(&bench, &id)["status"], "active");
    let truth = bench.truth();
    let event = truth["events"].as_array().unwrap().iter().find(|it| it["action"] == "transferred");
    let links = &event.unwrap()["links"];
    assert_eq!(links["previous_customer_bank_account"], before.as_str());
    assert_eq!(links["new_customer_bank_account"], after.as_str());
}

#[test]
fn a_cancelled_mandate_can_be_reinstated() {
    let mut bench = Bench::new();
    let id = bench.mandate("GBP", "active");
    let path = format!("/mandates/{id}/actions/reinstate");
    assert_eq!(bench.post(&path, &json!({})).reason(), "mandate_not_inactive");
    bench.act(json!({ "action": "payer_cancels_mandate", "mandate": id }));
    assert_eq!(bench.post(&path, &json!({})).status, 200);
    bench.days(5);
    assert_eq!(mandate(&bench, &id)["status"], "active");
    let expected = ["cancelled", "resubmission_requested", "submitted", "reinstated"];
    assert_eq!(bench.events(&id), expected.map(|action| format!("mandates.{action}")));
}

#[test]
fn a_bacs_mandate_that_is_not_used_expires() {
    let mut bench = Bench::new();
    let (idle, used) = (bench.mandate("GBP", "active"), bench.mandate("GBP", "active"));
    bench.until("2027-06-01T09:00:00Z");
    bench.pay(&used, 1_000, "GBP");
    bench.until("2027-12-03T09:00:00Z");
    assert_eq!(mandate(&bench, &idle)["status"], "expired");
    assert_eq!(mandate(&bench, &used)["status"], "active");
    bench.until("2028-07-20T09:00:00Z");
    assert_eq!(mandate(&bench, &used)["status"], "expired");
}

#[test]
fn approval_of_a_mandate_lets_its_payments_go() {
    let mut bench = Bench::new();
    let approved = bench.mandate("GBP", "pending_customer_approval");
    let denied = bench.mandate("GBP", "pending_customer_approval");
    let (yes, no) = (bench.pay(&approved, 1_000, "GBP"), bench.pay(&denied, 1_000, "GBP"));
    assert_eq!(bench.status(&yes), "pending_customer_approval");
    bench.act(json!({ "action": "approve_mandate", "mandate": approved }));
    bench.act(json!({ "action": "deny_mandate", "mandate": denied }));
    bench.days(14);
    assert_eq!(bench.status(&yes), "paid_out");
    assert_eq!(bench.status(&no), "customer_approval_denied");
    assert_eq!(mandate(&bench, &denied)["status"], "cancelled");
}

#[test]
fn disabling_a_bank_account_ends_its_mandates() {
    let bench = Bench::new();
    let id = bench.mandate("GBP", "active");
    let payment = bench.pay(&id, 1_000, "GBP");
    let account = text(&mandate(&bench, &id)["links"]["customer_bank_account"]);
    let path = format!("/customer_bank_accounts/{account}/actions/disable");
    assert_eq!(bench.post(&path, &json!({})).status, 200);
    assert_eq!(bench.post(&path, &json!({})).reason(), "disable_failed");
    assert_eq!(mandate(&bench, &id)["status"], "cancelled");
    assert_eq!(bench.status(&payment), "cancelled");
    let body = json!({ "mandates": { "links": { "customer_bank_account": account } } });
    assert_eq!(bench.post("/mandates", &body).reason(), "bank_account_disabled");
}
