//! A customer on hold takes no receipt, so that nothing is collected from it, matched already or not; it
//! is collected from by itself once it is active again (decision 0020).

use serde_json::json;

use super::{BANK, CUSTOMER, World, closed, open};

impl World {
    fn customer_is(&self, status: &str) {
        let edit =
            json!({"do": "edit_customer", "customer": CUSTOMER, "fields": {"Status": status}});
        self.erp("/act", &edit);
    }
}

#[test]
fn slow_a_customer_on_hold_is_not_collected_from_until_it_is_active() {
    let (world, first) = World::live(&["75.00"], &[]);
    world.until("the deposit", 14, |world| !world.batches("deposit").is_empty());
    assert_eq!(world.owed(&first[0]), closed());
    // It was matched before.
    let held = world.invoice("20.00");
    world.customer_is("On Hold");
    for _ in 0..3 {
        world.sync();
        world.day();
    }
    assert_eq!((world.payments_for(&held), world.owed(&held)), (0, open("20")));
    let told = world.told("customer_missing");
    assert!(told.iter().any(|(_, said)| said.contains("inactive or on hold")), "{told:?}");
    let plan = world.place.well(&["plan", "uk"]);
    assert!(plan.contains("the customer is inactive or on hold"), "{plan}");
    // Nobody has to retry anything.
    world.customer_is("Active");
    world.until("the second deposit", 14, |world| world.batches("deposit").len() == 2);
    assert_eq!((world.payments_for(&held), world.owed(&held)), (1, closed()));
    assert!(world.told("customer_missing").is_empty());
    assert_eq!(world.balance(BANK), world.paid_out());
    world.proved();
}

/// A customer on credit hold may owe too much, and pays.
#[test]
fn slow_a_customer_on_credit_hold_pays() {
    let (world, invoices) = World::live(&["75.00"], &[]);
    world.customer_is("Credit Hold");
    world.until("the deposit", 14, |world| !world.batches("deposit").is_empty());
    assert_eq!(world.owed(&invoices[0]), closed());
    world.proved();
}
