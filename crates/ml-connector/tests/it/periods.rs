//! A closed month holds what belongs into it, and lets it go once it is opened (mission row NG11).

use serde_json::json;

use crate::world::{World, text};

#[test]
fn slow_what_a_closed_month_held_is_booked_within_a_day_of_its_opening() {
    let (world, _, invoices) = World::live(&["60.00"], &[]);
    world.until("the receipt", 14, |world| world.records("customerPayment").len() == 1);
    let payment = text(&world.payments()[0]["id"]);
    // Money for the payout that takes the chargeback back.
    world.invoice("2001", "300.00");
    while world.today().month() == 3 {
        world.days(5);
        world.sync();
    }
    world.deed(&json!({"do": "period", "period": "2026-03-15", "set": "closed"}));
    world.processor("/act", &json!({"action": "charge_back", "payment": payment}));
    world.invoice("2001", "310.00");
    world.until("the item", 14, |world| !world.attention("period_closed").is_empty());
    assert!(world.records("customerRefund").is_empty());
    world.deed(&json!({"do": "period", "period": "2026-03-15", "set": "open"}));
    for _ in 0..2 {
        world.days(1);
        world.sync();
    }
    let shown = world.place.well(&["show", &world.case(&invoices[0])]);
    assert_eq!(world.records("customerRefund").len(), 1, "{shown}");
    assert!(world.attention("period_closed").is_empty());
}
