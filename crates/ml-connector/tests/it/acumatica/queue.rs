//! One write at a time: what waits for its turn is shown as that, and not as a refusal of the other side
//! (mission row C8).

use std::time::Duration;

use serde_json::{Value, json};

use super::{BANK, CLEARING, World};
use crate::world::text;

/// Enough for the last one to wait for half a minute and more.
const INVOICES: usize = 12;

#[test]
fn slow_writes_that_wait_for_their_turn_are_no_trouble_of_the_other_side() {
    let amounts: Vec<String> = (0..INVOICES).map(|nth| format!("{}.00", 20 + nth)).collect();
    let amounts: Vec<&str> = amounts.iter().map(String::as_str).collect();
    let (world, _) = World::live(&amounts, &[]);
    world.sync();
    for _ in 0..9 {
        world.day();
    }
    world.clock.set_rate(1);
    let slow = json!({"operation_seconds": 3, "operation_polls": 1_000});
    world.erp("/seed", &json!({ "settings": slow }));
    let sync = ["--json", "sync", "uk", "--until-quiet", "--timeout", "200"];
    let mut working = world.place.begin(&sync);
    let mut told = String::new();
    while working.try_wait().expect("it runs").is_none() {
        let status = world.place.run(&["status"]);
        let shown = String::from_utf8_lossy(&status.stdout).into_owned();
        assert!(!shown.contains("fails"), "{shown}");
        if shown.contains("wait for their turn") {
            told = shown;
        }
        std::thread::sleep(Duration::from_secs(1));
    }
    assert!(told.contains("acu: "), "the queue was seen: {told}");
    let ended = working.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert!(!said.contains("slow down") && !said.contains("connection fails"), "{said}");
    let truth = world.erp("/truth", &Value::Null);
    assert_eq!(text(&truth["requests_declined"]), "0");
    assert_eq!(world.records("Payment").len(), INVOICES);
    assert_eq!((world.balance(BANK), world.balance(CLEARING)), (world.paid_out(), 0));
    let status = world.place.json(&["status"], 0);
    assert_eq!(status["writes_waiting"], json!([]), "{status}");
}
