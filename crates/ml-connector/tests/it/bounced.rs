//! Payouts that bounce: told to a person and named by the proof, whether they were booked or still
//! waited (policy `bounced`).

use serde_json::{Value, json};

use crate::world::{World, text};

/// The bank sends the payout back.
fn bounce(world: &World, payout: &str) {
    world.processor("/act", &json!({"action": "bounce_payout", "payout": payout}));
}

/// The line of the proof about this payout.
fn line(proof: &Value, payout: &str) -> (String, String) {
    let findings = proof["proof"]["findings"].as_array().expect("findings").clone();
    let named = format!("payout {payout}");
    let found = findings.iter().find(|one| one["what"] == named.as_str()).expect("its line");
    (text(&found["verdict"]), text(&found["why"]))
}

#[test]
fn slow_a_booked_payout_that_bounces_is_no_proof() {
    let (world, _, _) = World::live(&["80.00"], &[]);
    world.until("the deposit", 14, |world| !world.records("deposit").is_empty());
    let payout = text(&world.payouts()[0]["id"]);
    let bank = world.balance("210");
    bounce(&world, &payout);
    world.sync();
    assert_eq!(world.attention("payout_bounced").len(), 1);
    let (verdict, why) = line(&world.place.json(&["verify"], 1), &payout);
    assert_eq!(verdict, "not_proved", "{why}");
    assert!(why.contains("bounced=reverse"), "{why}");
    world.place.well(&["links", "set", "uk", "bounced=reverse"]);
    world.sync();
    assert_eq!(world.balance("210"), "0", "{bank} was there before");
    let proof = world.place.json(&["verify"], 0);
    let (verdict, why) = line(&proof, &payout);
    assert_eq!(verdict, "pending", "{why}");
    assert_eq!(proof["attention"], 1, "the bounce still waits for a person: {proof}");
}

#[test]
fn slow_a_payout_that_bounces_while_it_waits_is_told() {
    let (world, customer, _) = World::live(&["80.00"], &["foreign_payments=hold"]);
    let by_hand = json!({
        "action": "create_payment", "mandate": customer.mandate, "amount": 4_500,
        "description": "thanks",
    });
    world.processor("/act", &by_hand);
    world.until("the payout", 14, |world| !world.attention("foreign_held").is_empty());
    let payout = text(&world.payouts()[0]["id"]);
    bounce(&world, &payout);
    world.sync();
    assert_eq!(world.attention("payout_bounced").len(), 1);
    assert!(world.attention("foreign_held").is_empty(), "one reason at a time");
    let (verdict, why) = line(&world.place.json(&["verify"], 0), &payout);
    assert_eq!(verdict, "pending", "{why}");
    assert!(why.contains("wait at the processor"), "{why}");
}
