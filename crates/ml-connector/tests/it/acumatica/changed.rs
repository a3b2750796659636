//! What is changed on a connection later: nothing is stored that would be ignored, and what does not fit
//! its links any more is told.

use super::World;
use crate::world::{rows, text};

#[test]
fn slow_an_address_that_would_be_ignored_is_refused() {
    let (world, _) = World::live(&["75.00"], &[]);
    let site = format!("{}/Demo", world._running.url("acumatica").expect("a URL"));
    let shown = world.place.well(&["connections", "ping", "acu"]);
    assert!(shown.contains(&format!("at {site}")), "{shown}");
    let elsewhere = format!("site={}/Nope", world._running.url("acumatica").expect("a URL"));
    let add = ["connections", "add", "acumatica", "acu", "--set"];
    let said = world.place.fails(&[&add[..], &[&elsewhere]].concat(), 2);
    assert!(said.contains("would change nothing"), "{said}");
    assert!(said.contains(&format!("given with --url, {site}")), "{said}");
    // The same one, and anything else, may be entered again.
    let same = format!("site={site}/");
    world.place.well(&[&add[..], &[&same, "--set", "concurrency=1"]].concat());
    world.place.well(&["connections", "ping", "acu"]);
}

#[test]
fn slow_ping_tells_a_clearing_account_that_payouts_reach() {
    let (world, _) = World::live(&["75.00"], &[]);
    let failed = |code: i32| {
        let answer = world.place.json(&["connections", "ping", "acu"], code);
        let mut checks = rows(&answer[0]["health"]["checks"]);
        checks.retain(|one| one["ok"] == false);
        checks.iter().map(|one| (text(&one["name"]), text(&one["advice"]))).collect::<Vec<_>>()
    };
    assert!(failed(0).is_empty());
    let add = ["connections", "add", "acumatica", "acu", "--set", "clearing=GBP=10200"];
    world.place.well(&add);
    let told = failed(1);
    let [(name, advice)] = told.as_slice() else { panic!("{told:?}") };
    assert_eq!(name, "accounts of link uk");
    assert!(advice.contains("on this one receipts wait for their payout"), "{advice}");
}
