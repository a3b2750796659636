//! What `ping` says of an instance: what is proved, what is not, and for each thing that is missing
//! what to mend (mission rows C2 and AG1).

use serde_json::{Value, json};

use super::{CLIENT, World, company};
use crate::world::{rows, text};

/// The instance with one invoice, and no processor.
fn world() -> World {
    let world = World::new();
    world.erp("/seed", &company());
    world.invoice("75.00");
    world
}

impl World {
    fn site(&self) -> String {
        format!("{}/Demo", self._running.url("acumatica").expect("a URL"))
    }

    /// Every check of a ping, whose exit code is this.
    fn checks(&self, name: &str, code: i32) -> Vec<Value> {
        let answer = self.place.json(&["connections", "ping", name], code);
        rows(&answer[0]["health"]["checks"])
    }
}

/// Names of the checks that failed.
fn failed(checks: &[Value]) -> Vec<String> {
    checks.iter().filter(|one| one["ok"] == false).map(|one| text(&one["name"])).collect()
}

fn named<'a>(checks: &'a [Value], name: &str) -> &'a Value {
    let found = checks.iter().find(|one| text(&one["name"]).starts_with(name));
    found.unwrap_or_else(|| panic!("{name} is not checked: {checks:#?}"))
}

/// Version 20.200.001 is offered, collects, and would take no receipt that can be found again.
#[test]
fn slow_ping_names_an_endpoint_that_receipts_can_not_be_kept_with() {
    let world = world();
    let client = format!("client_id={CLIENT}");
    world.add_erp("old", &world.site(), &[&client, "endpoint=Default/20.200.001"]);
    let checks = world.checks("old", 1);
    assert_eq!(failed(&checks), ["endpoint Default/20.200.001"]);
    let advice = text(&checks[0]["advice"]);
    for words in
        ["no field ExternalRef on Payment", "offers Default/20.200.001, Default/22.200.001"]
    {
        assert!(advice.contains(words), "{advice}");
    }
    assert!(advice.ends_with("set \"endpoint\" to Default/24.200.001"), "{advice}");
    for version in ["22.200.001", "23.200.001", "25.200.001"] {
        let setting = format!("endpoint=Default/{version}");
        world.place.well(&["connections", "add", "acumatica", "old", "--set", &setting]);
        assert_eq!(failed(&world.checks("old", 0)), Vec::<String>::new(), "{version}");
    }
}

#[test]
fn slow_ping_names_a_clearing_account_that_receipts_can_not_stand_on() {
    let world = world();
    let client = format!("client_id={CLIENT}");
    world.add_erp("acu", &world.site(), &[&client]);
    let checks = world.checks("acu", 0);
    // The box is shown by no entity, and a payment tells of it.
    let one = named(&checks, "clearing account 10250 for GBP");
    assert_eq!(one["checked"], false, "{one}");
    let add = |clearing: &str| {
        let setting = format!("clearing={clearing}");
        world.place.well(&["connections", "add", "acumatica", "acu", "--set", &setting]);
    };
    for (clearing, name, words) in [
        ("GBP=10250 EUR=10200", "clearing account 10200 for EUR", "it is kept in GBP"),
        ("GBP=10250 EUR=10250", "clearing account 10250 for EUR", "it is named for GBP too"),
        ("GBP=61200", "clearing account 61200 for GBP", "allow it for GOCARDLESS"),
        ("GBP=99999", "clearing account 99999 for GBP", "allow it for GOCARDLESS"),
    ] {
        add(clearing);
        let checks = world.checks("acu", 1);
        assert!(failed(&checks).contains(&name.to_owned()), "{clearing}: {checks:#?}");
        let advice = text(&named(&checks, name)["advice"]);
        assert!(advice.contains(words), "{clearing}: {advice}");
    }
    // A payment on it shows the mark that a clearing account gives.
    add("GBP=10250 EUR=10251");
    let made = json!({"do": "record_payment", "customer": super::CUSTOMER, "amount": "5.00",
        "cash_account": "10250", "method": "GOCARDLESS"});
    world.erp("/act", &made);
    let checks = world.checks("acu", 0);
    assert_eq!(named(&checks, "clearing account 10250 for GBP")["checked"], true, "{checks:#?}");
}

/// A role that may only look is answered like one that may write.
#[test]
fn slow_ping_does_not_call_writing_proved() {
    let world = world();
    let client = format!("client_id={CLIENT}");
    world.add_erp("acu", &world.site(), &[&client]);
    for right in ["edit", "view"] {
        world.erp("/seed", &json!({"rights": {"GL301000": right}}));
        let checks = world.checks("acu", 0);
        for form in ["Customers (AR", "Invoices and", "Payments and", "Journal Transactions"] {
            let one = named(&checks, &format!("right {form}"));
            assert_eq!(one["checked"], false, "{right}: {one}");
        }
        let view = named(&checks, "right Chart of Accounts (GL202500): view");
        assert_eq!((&view["ok"], &view["checked"]), (&json!(true), &json!(true)));
    }
    let shown = world.place.well(&["connections", "ping", "acu"]);
    let line = "not checked right Journal Transactions (GL301000): edit, insert, delete";
    assert!(shown.contains(line), "{shown}");
    assert!(shown.contains("writing is not checked"), "{shown}");
    world.erp("/seed", &json!({"rights": {"GL301000": "none"}}));
    let checks = world.checks("acu", 1);
    let name = "right Journal Transactions (GL301000): edit, insert, delete";
    assert_eq!(failed(&checks), [name]);
}

/// Times go out with their offset, so the user's zone moves nothing; a site that shifts them shows.
#[test]
fn slow_ping_measures_times_and_not_the_users_zone() {
    let world = world();
    let client = format!("client_id={CLIENT}");
    world.add_erp("acu", &world.site(), &[&client]);
    world.erp("/seed", &json!({"settings": {"user_zone": "America/New_York"}}));
    let checks = world.checks("acu", 0);
    assert_eq!(named(&checks, "times in filters")["checked"], true);
    world.erp("/seed", &json!({"settings": {"filter_shift_hours": 5}}));
    assert_eq!(failed(&world.checks("acu", 1)), ["times in filters"]);
}

#[test]
fn slow_what_is_not_there_is_named_and_is_no_question_of_credentials() {
    let world = world();
    let client = format!("client_id={CLIENT}");
    let elsewhere = format!("{}/Nowhere", world._running.url("acumatica").expect("a URL"));
    world.add_erp("site", &elsewhere, &[&client]);
    world.add_erp("session", &elsewhere, &["tenant=Acme"]);
    world.add_erp("tenant", &world.site(), &["tenant=Other"]);
    world.add_erp("branch", &world.site(), &["tenant=Acme", "branch=NOPE"]);
    for (name, words) in [
        ("site", "no Acumatica site is at"),
        ("session", "no Acumatica site is at"),
        ("tenant", "the site has no tenant \"Other\""),
        ("branch", "there is no branch \"NOPE\""),
    ] {
        let ended = world.place.run(&["connections", "ping", name]);
        let told = String::from_utf8_lossy(&ended.stdout).into_owned();
        assert_eq!(ended.status.code(), Some(4), "{told}");
        assert!(told.contains(words), "{name}: {told}");
        assert!(!told.contains("credentials") && !told.contains("DOCTYPE"), "{name}: {told}");
    }
    // With OAuth a branch is named in documents alone: it is known by the cash accounts.
    world.add_erp("oauth", &world.site(), &[&client, "branch=NOPE"]);
    let checks = world.checks("oauth", 1);
    assert_eq!(failed(&checks), ["branch NOPE"]);
    assert!(text(&named(&checks, "branch NOPE")["advice"]).contains("are of MAIN"), "{checks:#?}");
}
