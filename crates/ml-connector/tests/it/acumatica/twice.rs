//! Several connections to one account, as people make them who try another user or sign-in: whatever
//! their names, the one that the link uses serves its cases.

use serde_json::{Value, json};

use super::{BANK, CLEARING, CLIENT, World, closed};
use crate::world::{rows, text};

impl World {
    /// Adds further connections to the accounts of both sides, and lets them learn which accounts these are.
    fn connect_again(&self, erp: &str, processor: &str) {
        let url = |name: &str| self._running.url(name).expect("a URL").to_owned();
        self.add_erp(erp, &format!("{}/Demo", url("acumatica")), &[&format!("client_id={CLIENT}")]);
        let at = url("gocardless");
        let mut add = vec!["connections", "add", "gocardless", processor, "--url", &at];
        add.extend(["--allow-host", "--secret", "access_token=env:PLANTED_TOKEN"]);
        add.extend(["--secret", "webhook_secret=env:PLANTED_SECRET"]);
        self.place.well(&add);
        for name in [erp, processor] {
            self.place.well(&["connections", "ping", name]);
        }
    }
}

#[test]
fn slow_another_connection_to_the_same_accounts_changes_nothing() {
    let (world, first) = World::live(&["20.00"], &[]);
    // Before and after those of the link, by name.
    world.connect_again("aa", "ab");
    world.connect_again("zy", "zz");
    let second = world.invoice("75.00");
    let plan = world.place.json(&["plan", "uk"], 0);
    let planned = rows(&plan["collect"]);
    assert!(planned.iter().any(|line| text(&line["number"]) == second), "{plan}");
    assert_eq!(plan["skip"], json!([]), "{plan}");

    world.until("both invoices paid", 14, |world| {
        first.iter().chain([&second]).all(|number| world.owed(number) == closed())
    });
    world.until("the payouts", 9, |world| world.balance(BANK) == world.paid_out());
    assert_eq!(world.balance(CLEARING), 0);
    let payments = rows(&world.processor("/truth", &Value::Null)["payments"]);
    assert_eq!(payments.len(), 2, "{payments:?}");
    world.proved();
}
