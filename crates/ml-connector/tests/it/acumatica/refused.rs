//! What the ERP refuses to show keeps a case from being looked at: a person is told, other cases go on,
//! and once it is mended everything is as if it had never been.

use serde_json::{Value, json};

use super::{BANK, World, closed, open};
use crate::world::{rows, text};

impl World {
    /// The right to the form of payments.
    fn may_read_payments(&self, right: &str) {
        self.erp("/seed", &json!({"rights": {"AR302000": right}}));
    }

    /// What people are told with this code.
    pub(super) fn told(&self, code: &str) -> Vec<(String, String)> {
        let listed = self.place.run(&["--json", "attention", "list"]).stdout;
        let listed = rows(&serde_json::from_slice(&listed).expect("JSON"));
        let with_code = listed.iter().filter(|item| item["code"] == code);
        with_code.map(|item| (text(&item["case"]), text(&item["sentence"]))).collect()
    }
}

#[test]
fn slow_what_is_refused_to_be_read_is_told_and_goes_on_once_mended() {
    let (world, invoices) = World::live(&["75.00"], &["post_on=\"confirmed\""]);
    world.until("the payment", 3, |world| {
        !rows(&world.processor("/truth", &Value::Null)["payments"]).is_empty()
    });
    world.may_read_payments("none");
    world.until("the refusal", 10, |world| !world.told("look_refused").is_empty());
    assert_eq!(world.owed(&invoices[0]), open("75"));
    let told = world.told("look_refused");
    assert!(told.iter().all(|(_, words)| words.contains("AR302000")), "{told:?}");
    assert_eq!(world.place.status()["commands_open"], 0);
    // Others are collected all the same.
    let second = world.invoice("20.00");
    world.sync();
    assert_ne!(world.payment(&second), world.payment(&invoices[0]));
    // What a person can do at once.
    world.may_read_payments("edit");
    for (case, _) in &told {
        world.place.well(&["attention", "retry", case]);
    }
    world.until("the deposit", 20, |world| {
        world.owed(&invoices[0]) == closed() && world.owed(&second) == closed()
    });
    world.until("the money", 10, |world| world.balance(BANK) == world.paid_out());
    assert!(world.told("look_refused").is_empty());
    assert_eq!(world.records("Payment").len(), 2);
}

#[test]
fn slow_a_link_does_not_go_live_on_what_is_missing() {
    let (world, _) = World::live(&["20.00"], &[]);
    world.place.well(&["links", "off", "uk"]);
    world.may_read_payments("none");
    let said = world.place.well(&["plan", "uk"]);
    let (_, rest) = said.rsplit_once("--accept '").expect("the figures");
    let figures = rest.split('\'').next().expect("the figures").to_owned();
    let on = ["links", "on", "uk", "--accept", &figures];
    let said = world.place.fails(&on, 2);
    assert!(said.contains("acu lacks") && said.contains("AR302000"), "{said}");
    assert!(said.contains("connections ping acu"), "{said}");
    world.place.well(&[&on[..], &["--anyway"]].concat());
    world.place.well(&["links", "off", "uk"]);
    world.may_read_payments("edit");
    world.place.well(&on);
}
