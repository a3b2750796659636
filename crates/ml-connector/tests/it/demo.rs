//! The whole product through its real binary: the demo's story, small, under each trouble. The demo
//! checks itself on the emulators' own ledgers and says so by its exit code.

use std::process::Command;

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
fn ends(report: &serde_json::Value) -> Vec<(String, u64)> {
    let counts = report["counts"].as_object().expect("counts");
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
    let (plain, killed) = both(&[], &["--kills", "15"]);
    assert_eq!(plain["broken"], serde_json::json!([]));
    assert_eq!(plain["verified"], true);
    assert_eq!(killed["kills"], 15);
    let (silent, tripled) = both(&["--webhooks", "off"], &["--webhooks", "tripled"]);
    for other in [&killed, &silent, &tripled] {
        assert_eq!(ends(&plain), ends(other));
    }
    let acumatica = ["--link", "acumatica-gocardless"];
    let (plain, killed) = both(&acumatica, &[&acumatica[..], &["--kills", "10"]].concat());
    assert_eq!(plain["broken"], serde_json::json!([]));
    assert_eq!(killed["kills"], 10);
    assert_eq!(ends(&plain), ends(&killed));
}
