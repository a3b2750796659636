//! A chargeback whose payout has not come yet: shown wherever one looks, and told to a person after
//! weeks (mission row NG10; promise P5).

use serde_json::json;

use super::{World, closed, open};
use crate::world::text;

/// Beside a refund that was made at the processor.
#[test]
fn slow_a_refund_that_waits_for_its_payout_is_counted_too() {
    let (world, invoices) = World::live(&["75.00", "40.00"], &[]);
    world.until("the deposit", 14, |world| !world.batches("deposit").is_empty());
    // Nobody may refund before the payer's bank can no longer refuse.
    for _ in 0..8 {
        world.day();
    }
    world.act(&json!({"action": "charge_back", "payment": world.payment(&invoices[0])}));
    world.act(&json!({
        "action": "create_refund", "payment": world.payment(&invoices[1]), "amount": 1_000,
    }));
    world.sync();
    let waiting = json!([{"count": 2, "amount": {"minor": 8_500, "currency": "GBP"}}]);
    assert_eq!(world.place.json(&["status"], 0)["reversals_waiting"], waiting);
    let proof = world.place.well(&["verify"]);
    assert!(
        proof.contains("2 reversals wait for the payout that takes them, 85.00 GBP"),
        "{proof}"
    );
}

#[test]
fn slow_a_chargeback_that_waits_for_its_payout_is_seen() {
    let (world, invoices) = World::live(&["75.00"], &[]);
    world.until("the deposit", 14, |world| !world.batches("deposit").is_empty());
    let said =
        |command: &[&str]| String::from_utf8_lossy(&world.place.run(command).stdout).into_owned();
    assert_eq!(world.place.json(&["status"], 0)["reversals_waiting"], json!([]));
    assert!(said(&["verify"]).ends_with("Proved to the penny.\n"));
    world.act(&json!({"action": "charge_back", "payment": world.payment(&invoices[0])}));
    world.sync();
    let waiting = json!([{"count": 1, "amount": {"minor": 7_500, "currency": "GBP"}}]);
    assert_eq!(world.place.json(&["status"], 0)["reversals_waiting"], waiting);
    let words = "1 reversal waits for the payout that takes it, 75.00 GBP";
    assert!(said(&["status"]).contains(words), "{}", said(&["status"]));
    let shown = said(&["show", &invoices[0]]);
    assert!(shown.contains("75.00 GBP of payment "), "{shown}");
    assert!(shown.contains("wait for the payout that takes them"), "{shown}");
    let proof = world.place.json(&["verify"], 0);
    assert_eq!(proof["proof"]["reversals"], waiting, "{proof}");
    let proof = said(&["verify"]);
    assert!(proof.contains("reversals, GBP"), "{proof}");
    assert!(proof.ends_with(&format!("Proved to the penny; {words}.\n")), "{proof}");
    // The books follow with the payout, and nobody has to do anything meanwhile.
    assert_eq!(world.owed(&invoices[0]), closed());
    for _ in 0..36 {
        world.day();
    }
    world.sync();
    let told = said(&["attention", "list"]);
    assert!(told.contains("reversal_waits"), "{told}");
    // The payout that takes it ends both.
    let second = world.invoice("200.00");
    world.until("the refund", 20, |world| !world.batches("refund").is_empty());
    world.until("the second deposit", 5, |world| world.batches("deposit").len() == 2);
    assert_eq!((world.owed(&invoices[0]), world.owed(&second)), (open("75"), closed()));
    let status = world.place.json(&["status"], 0);
    assert_eq!(
        (text(&status["status"]["attention"]), &status["reversals_waiting"]),
        ("0".into(), &json!([]))
    );
    world.proved();
}
