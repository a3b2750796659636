//! Several branches: what could not be booked is not collected, and where the site posts between
//! branches all of it is (mission row AG4; DESIGN.md section 5, Pick-up).

use serde_json::{Value, json};

use super::{BANK, CLEARING, CUSTOMER, World, closed, open};
use crate::world::{rows, text};

impl World {
    /// A ticked invoice of this branch; gives its number.
    pub(super) fn invoice_of(&self, branch: &str, amount: &str) -> String {
        let (today, ticked) = (self.today().to_string(), json!({"value": true}));
        let fields =
            json!({"LinkBranch": branch, "custom": {"Document": {"AttributeMLCCOLLECT": ticked}}});
        let invoice = json!({"customer": CUSTOMER, "amount": amount, "date": today, "due": today,
            "fields": fields});
        text(&self.erp("/seed", &json!({"invoices": [invoice]}))["invoices"][0]["ReferenceNbr"])
    }

    pub(super) fn payments_for(&self, number: &str) -> usize {
        let payments = rows(&self.processor("/truth", &Value::Null)["payments"]);
        payments.iter().filter(|one| one["metadata"]["invoiceId"] == number).count()
    }

    pub(super) fn tells(&self, command: &[&str]) -> String {
        String::from_utf8_lossy(&self.place.run(command).stdout).into_owned()
    }
}

#[test]
fn slow_what_can_not_be_booked_in_its_branch_is_not_collected() {
    let (world, invoices) = World::live(&["75.00"], &[]);
    world.erp("/seed", &json!({"branches": ["WEST"]}));
    let west = world.invoice_of("WEST", "50.00");
    world.sync();
    let plan = world.tells(&["plan", "uk"]);
    assert!(plan.contains("the one that its payment would be booked in"), "{plan}");
    let told = world.tells(&["attention", "list"]);
    for words in ["invoice WEST, receipts MAIN: clearing account 10250", "inter_branch=true"] {
        assert!(told.contains(words), "{told}");
    }
    world.until("the deposit", 14, |world| !world.batches("deposit").is_empty());
    assert_eq!(world.payments_for(&west), 0, "not collected");
    assert_eq!((world.owed(&invoices[0]), world.owed(&west)), (closed(), open("50")));
    // A site that posts between branches takes the receipt.
    world.erp("/seed", &json!({"preferences": {"inter_branch": true}}));
    world.place.well(&["connections", "add", "acumatica", "acu", "--set", "inter_branch=true"]);
    world.until("the second deposit", 14, |world| world.batches("deposit").len() == 2);
    assert_eq!((world.payments_for(&west), world.owed(&west)), (1, closed()));
    assert_eq!((world.balance(BANK), world.balance(CLEARING)), (world.paid_out(), 0));
    world.proved();
}

#[test]
fn slow_several_branches_are_told_by_ping_and_with_the_link() {
    let (world, _) = World::live(&["75.00"], &[]);
    let set = |setting: &str| {
        world.place.well(&["connections", "add", "acumatica", "acu", "--set", setting]);
    };
    assert!(!world.place.well(&["connections", "ping", "acu"]).contains("branches"));
    world.erp("/seed", &json!({"branches": ["WEST"]}));
    let shown = world.place.well(&["connections", "ping", "acu"]);
    for words in ["ok          branches", "there are MAIN, WEST: receipts are booked in MAIN"] {
        assert!(shown.contains(words), "{shown}");
    }
    let add = ["links", "add", "second", "--erp", "acu", "--processor", "gc", "--set"];
    let mut add = add.to_vec();
    add.push("currencies=GBP");
    let said = world.place.run(&add);
    let said = String::from_utf8_lossy(&said.stderr).into_owned();
    assert!(said.contains("invoices of WEST are not collected"), "{said}");
    set("branch=MAIN");
    let shown = world.place.well(&["connections", "ping", "acu"]);
    assert!(shown.contains("ok          branch MAIN\n"), "{shown}");
    assert!(shown.contains("set inter_branch=true"), "{shown}");
    set("inter_branch=true");
    let shown = world.place.well(&["connections", "ping", "acu"]);
    assert!(shown.contains("invoices of all of them are collected"), "{shown}");
}
