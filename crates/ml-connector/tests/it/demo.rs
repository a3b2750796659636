//! The whole product through its real binary: the demo's stories, small, under each trouble. The demo
//! checks itself on the emulators' own ledgers and says so by its exit code.

use std::process::Command;

const NETSUITE: [&str; 2] = ["--link", "netsuite-gocardless"];
const ACUMATICA: [&str; 2] = ["--link", "acumatica-gocardless"];

/// Runs the demo small; gives the report.
fn demo(arguments: &[&str]) -> serde_json::Value {
    let output = Command::new(env!("CARGO_BIN_EXE_ml-connector"))
        .args(["--json", "demo", "--once", "--customers", "24", "--invoices", "30"])
        .args(["--speed", "600"])
        .args(arguments)
        .output()
        .expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{arguments:?}:\n{said}\n{errors}");
    serde_json::from_str(&said).expect("the report is JSON")
}

/// How payments, their receipts and reversals ended: what must be the same under every trouble. Which
/// payments share a payout may differ.
fn ends(story: &serde_json::Value) -> Vec<(String, u64)> {
    let counts = story["counts"].as_object().expect("counts");
    counts
        .iter()
        .filter(|(what, _)| !what.contains("deposit") && what.as_str() != "payouts")
        .map(|(what, count)| (what.clone(), count.as_u64().expect("a count")))
        .collect()
}

#[test]
fn slow_every_promise_holds_and_troubles_change_nothing() {
    // Two at a time: they mostly wait for their virtual clocks.
    let both = |one: &[&str], two: &[&str]| {
        std::thread::scope(|scope| {
            let first = scope.spawn(|| demo(one));
            let second = demo(two);
            (first.join().expect("the demo ends"), second)
        })
    };
    let with = |pair: [&'static str; 2], more: &[&'static str]| [&pair[..], more].concat();
    let (plain, killed) = both(&[], &with(NETSUITE, &["--kills", "15"]));
    let stories = plain["stories"].as_array().expect("stories");
    assert_eq!(plain["holds"], true);
    assert_eq!(stories.len(), 2, "without a link both are told");
    for (story, pair) in stories.iter().zip([NETSUITE, ACUMATICA]) {
        assert_eq!(story["link"], pair[1]);
        assert_eq!(story["broken"], serde_json::json!([]));
        assert_eq!(story["verified"], true);
    }
    assert_eq!(killed["stories"][0]["kills"], 15);
    let (silent, tripled) =
        both(&with(NETSUITE, &["--webhooks", "off"]), &with(NETSUITE, &["--webhooks", "tripled"]));
    for other in [&killed, &silent, &tripled] {
        assert_eq!(ends(&stories[0]), ends(&other["stories"][0]));
    }
    let killed = demo(&with(ACUMATICA, &["--kills", "10"]));
    assert_eq!(killed["stories"][0]["kills"], 10);
    assert_eq!(ends(&stories[1]), ends(&killed["stories"][0]));
}
