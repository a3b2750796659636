//! What a plan says of invoices that it does not count: amounts that the processor refuses, and what waits
//! while the link is off.

use serde_json::{Value, json};

use crate::world::{World, rows, text};

/// The lines of a list of the plan: number and what.
fn lines(plan: &Value, list: &str) -> Vec<String> {
    rows(&plan[list]).iter().map(|line| text(&line["what"])).collect()
}

#[test]
fn slow_amounts_that_the_processor_refuses_are_not_counted() {
    let world = World::connected();
    let customer = world.customer("2001", "pay@alder.example", "GBP");
    for amount in ["0.01", "40.00", "6000.00"] {
        world.invoice(&customer.id, amount);
    }
    world.add_link(&[]);
    let plan = world.place.json(&["plan", "uk"], 0);
    assert_eq!(rows(&plan["collect"]).len(), 1, "{plan}");
    let refused = lines(&plan, "refused");
    let told = |words: &str| refused.iter().any(|what| what.contains(words));
    assert!(told("would be refused: 0.01 GBP is less than 1.00 GBP"), "{refused:?}");
    assert!(told("would be refused: 6000.00 GBP is more than 5000.00 GBP"), "{refused:?}");
    assert!(world.place.well(&["plan", "uk"]).contains("are not counted: 2"));
    assert!(world.figures().starts_with("1:40.00GBP"), "{}", world.figures());
    // And so it comes.
    world.go_live();
    world.sync();
    assert_eq!(world.payments().len(), 1);
    assert_eq!(world.attention("amount_refused").len(), 2);
}

#[test]
fn slow_nothing_is_on_its_way_while_the_link_is_off() {
    let (world, _, _) = World::live(&["40.00"], &[]);
    world.sync();
    world.place.well(&["links", "off", "uk"]);
    for _ in 0..8 {
        world.days(1);
        world.sync();
    }
    assert!(world.records("customerPayment").is_empty());
    let plan = world.place.json(&["plan", "uk"], 0);
    let all = [lines(&plan, "under_way"), lines(&plan, "skip")].concat();
    let waits = "The link is off: record receipt waits until \"ml-connector links on uk\"";
    assert_eq!(all, [waits], "{plan}");
    world.go_live();
    world.sync();
    assert_eq!(world.records("customerPayment").len(), 1);
}

#[test]
fn slow_what_is_open_beside_an_ended_payment_is_told() {
    let (world, _, invoices) = World::live(&["40.00"], &[]);
    world.until("the confirmation", 9, |world| world.payments()[0]["status"] == "confirmed");
    world.deed(&json!({"do": "edit_invoice", "invoice": invoices[0], "amount": "65.00"}));
    world.until("the deposit", 14, |world| !world.records("deposit").is_empty());
    world.sync();
    let told = world.only_attention("amount_changed");
    let sentence = text(&told["sentence"]);
    assert!(sentence.ends_with("over 40.00 GBP, due 65.00 GBP: 25.00 GBP stay open"), "{sentence}");
    let plan = world.place.json(&["plan", "uk"], 0);
    assert_eq!(lines(&plan, "skip"), [sentence]);
}

#[test]
fn slow_customers_that_could_be_two_are_told_before_anything_is_on() {
    let world = World::connected();
    world.erp_customer("2001", "pay@alder.example", "GBP");
    world.erp_customer("2002", "pay@alder.example", "GBP");
    world.payer("pay@alder.example", "GBP");
    world.invoice("2001", "40.00");
    world.add_link(&[]);
    let plan = world.place.json(&["plan", "uk"], 0);
    let [what] = &lines(&plan, "skip")[..] else { panic!("{plan}") };
    assert!(what.contains("2 ERP customers share its e-mail"), "{what}");
    world.go_live();
    world.sync();
    assert_eq!(world.attention("customer_ambiguous").len(), 2, "of the invoice and its customer");
}
