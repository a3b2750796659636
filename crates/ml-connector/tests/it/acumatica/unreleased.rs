//! An invoice that is not released yet waits, a plan says what for, and its release is enough (mission
//! row C12).

use serde_json::json;

use super::{World, closed};
use crate::world::{rows, text};

#[test]
fn slow_an_invoice_that_is_not_released_waits_and_is_told() {
    let (world, first) = World::live(&["75.00"], &[]);
    let draft = world.invoice_as("20.00", false);
    world.sync();
    let plan = world.place.json(&["plan", "uk"], 0);
    let told = rows(&plan["skip"]);
    let of_draft: Vec<String> = told
        .iter()
        .filter(|line| line["number"] == draft.as_str())
        .map(|line| text(&line["what"]))
        .collect();
    assert_eq!(of_draft, ["The invoice is not approved."], "{plan}");
    world.erp("/act", &json!({"do": "release", "record": format!("Invoice {draft}")}));
    world.until("the deposits", 20, |world| world.owed(&draft) == closed());
    assert_eq!((world.payments_for(&draft), world.owed(&first[0])), (1, closed()));
    world.proved();
}
