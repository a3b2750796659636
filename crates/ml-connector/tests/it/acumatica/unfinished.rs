//! A run whose time is over says what it waited for, and that a slow site is no failing one.

use serde_json::json;

use super::{RATE, World, closed};

/// Slow enough that an operation of an hour outlasts the run, whichever machine runs it.
const SLOWLY: u32 = 10;

#[test]
fn slow_a_run_that_is_cut_off_does_not_blame_a_side_that_answers() {
    let (world, invoices) = World::live(&["75.00"], &[]);
    world.sync();
    for _ in 0..14 {
        world.day();
    }
    assert!(!world.payouts().is_empty(), "receipts are due");
    let operations = |seconds: i64, polls: u32| {
        let settings = json!({"operation_seconds": seconds, "operation_polls": polls});
        world.erp("/seed", &json!({ "settings": settings }));
    };
    operations(3_600, 100_000);
    world.clock.set_rate(SLOWLY);
    let ended = world.place.run(&["sync", "uk", "--until-quiet", "--timeout", "3"]);
    let told = String::from_utf8_lossy(&ended.stderr).into_owned();
    assert_eq!(ended.status.code(), Some(1), "{told}");
    assert!(told.contains("not finished within 3 s, and nothing hinders it"), "{told}");
    assert!(!told.contains("fails"), "{told}");
    operations(3, 2);
    world.clock.set_rate(RATE);
    world.until("the deposit", 5, |world| !world.batches("deposit").is_empty());
    assert_eq!(world.owed(&invoices[0]), closed());
    world.proved();
}
