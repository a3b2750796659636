//! The subaccount and the ledger of journals: proved by `ping`, and named where a journal is refused for
//! them (mission row AG1).

use serde_json::json;

use super::{BANK, World};
use crate::world::{rows, text};

#[test]
fn slow_ping_proves_subaccount_and_ledger_and_a_refusal_names_them() {
    let (world, _) = World::live(&["75.00"], &[]);
    let set = |settings: &[&str]| {
        let mut add = vec!["connections", "add", "acumatica", "acu"];
        settings.iter().for_each(|setting| add.extend(["--set", setting]));
        world.place.well(&add);
    };
    let missing = |code: i32| {
        let answer = world.place.json(&["connections", "ping", "acu"], code);
        let mut checks = rows(&answer[0]["health"]["checks"]);
        checks.retain(|one| one["ok"] == false);
        checks.iter().map(|one| text(&one["name"])).collect::<Vec<String>>()
    };
    set(&["subaccount=000000", "ledger=ACTUAL"]);
    assert_eq!(missing(0), Vec::<String>::new());
    set(&["subaccount=999999", "ledger=NOPE"]);
    assert_eq!(missing(1), ["subaccount 999999", "ledger NOPE"]);
    let shown =
        String::from_utf8_lossy(&world.place.run(&["connections", "ping"]).stdout).into_owned();
    assert!(shown.contains("set \"ledger\" to one of ACTUAL"), "{shown}");
    // A role that may not see the forms proves nothing.
    world.erp("/seed", &json!({"rights": {"GL203000": "none", "GL201500": "none"}}));
    assert_eq!(missing(0), Vec::<String>::new());
    let shown = world.place.well(&["connections", "ping", "acu"]);
    assert!(shown.contains("not checked subaccount 999999"), "{shown}");
    assert!(shown.contains("not checked ledger NOPE"), "{shown}");
    assert!(!shown.contains(".."), "each sentence ends once: {shown}");
    set(&["ledger="]);
    for _ in 0..10 {
        world.sync_told();
        world.day();
    }
    let told =
        String::from_utf8_lossy(&world.place.run(&["attention", "list"]).stdout).into_owned();
    for words in ["'Subaccount' cannot be found", "setting subaccount is \"999999\""] {
        assert!(told.contains(words), "{told}");
    }
    set(&["subaccount=000000"]);
    world.place.run(&["attention", "retry", "ALL"]);
    world.until("the deposit", 3, |world| !world.batches("deposit").is_empty());
    assert_eq!(world.balance(BANK), world.paid_out());
}

/// An account of the map may carry the subaccount that its lines take.
#[test]
fn slow_an_account_carries_its_subaccount_into_the_journal() {
    let (world, _) = World::live(&["75.00"], &[]);
    let fees = |account: &str| {
        let setting = format!("accounts.fees={account}");
        world.place.run(&["links", "set", "uk", &setting]).status.code()
    };
    assert_eq!(fees("99999/000000"), Some(2), "no such account");
    assert_eq!(fees("10250/000000"), Some(2), "not for lines");
    assert_eq!(fees("61200/000000"), Some(0));
    world.place.well(&["connections", "ping", "acu"]);
    world.until("the deposit", 14, |world| !world.batches("deposit").is_empty());
    let deposit = &world.batches("deposit")[0];
    let lines = rows(&deposit["Details"]);
    let line = lines.iter().find(|line| line["Account"] == "61200").expect("the fees");
    assert_eq!(line["Subaccount"], "000000", "{deposit}");
    assert_eq!(world.balance(BANK), world.paid_out());
    world.proved();
}

impl World {
    /// A sync, whatever waits for a person.
    fn sync_told(&self) {
        self.place.run(&["sync", "uk", "--until-quiet", "--timeout", "300"]);
    }
}
