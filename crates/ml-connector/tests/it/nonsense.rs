//! Bad input gets one sentence that says what was wrong and what to do, and changes nothing.

use crate::binary::Place;

/// The command must fail with this code and a sentence that holds these words.
fn check(place: &Place, arguments: &[&str], code: i32, words: &[&str]) {
    let output = place.run(arguments);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {errors}");
    for word in words {
        assert!(errors.contains(word), "{arguments:?}: {errors:?} lacks {word:?}");
    }
    assert!(!errors.contains("panicked"), "{arguments:?}: {errors}");
}

/// `connections add` for a new GoCardless connection, with further arguments.
fn gocardless<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["connections", "add", "gocardless", "x"], more].concat()
}

/// `connections add` for a new NetSuite connection, with further arguments.
fn netsuite<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["connections", "add", "netsuite", "x"], more].concat()
}

#[test]
fn nonsense_is_answered_with_what_to_do() {
    let place = Place::with_processor();
    let before = place.well(&["audit", "export"]);
    for (arguments, code, words) in [
        (vec!["show", "nothing"], 2, vec!["nothing known", "invoice's number"]),
        (vec!["show", "collection/a/b"], 2, vec!["there is no case"]),
        (vec!["plan", "nowhere"], 2, vec!["links add"]),
        (vec!["connections", "ping", "nobody"], 2, vec!["no connection"]),
        (vec!["connections", "add", "abacus", "x"], 2, vec!["abacus", "there are"]),
        (vec!["connections", "add", "gocardless", "x y"], 2, vec!["can not be a name"]),
        (
            vec!["connections", "add", "gocardless", "x", "--set", "colour=red"],
            2,
            vec!["colour", "environment"],
        ),
        (
            vec!["connections", "add", "gocardless", "x", "--secret", "access_token=abc"],
            2,
            vec!["env:VARIABLE", "not the secret"],
        ),
        (gocardless(&["--url", "notaurl"]), 2, vec!["notaurl", "is no address"]),
        (gocardless(&["--url", "https://"]), 2, vec!["is no address"]),
        (gocardless(&["--url", "https://evil.example"]), 2, vec!["not a host of this system"]),
        (gocardless(&["--set", "rate_per_minute=-1"]), 2, vec!["rate_per_minute", "whole number"]),
        (gocardless(&["--set", "rate_per_minute=0"]), 2, vec!["rate_per_minute", "between 1 and"]),
        (gocardless(&["--set", "environment=prod"]), 2, vec!["environment", "neither"]),
        (gocardless(&["--set", "exit_uri=thanks"]), 2, vec!["exit_uri", "is no address"]),
        (netsuite(&["--set", "account=../.."]), 2, vec!["account", "not a NetSuite account id"]),
        (netsuite(&["--set", "account=brightworks"]), 2, vec!["not a NetSuite account id"]),
        (netsuite(&["--set", "concurrency=0"]), 2, vec!["concurrency", "between 1 and 50"]),
        (netsuite(&["--set", "concurrency=many"]), 2, vec!["concurrency", "whole number"]),
        (netsuite(&["--set", "time_zone=Mars/Base"]), 2, vec!["time_zone", "IANA"]),
        (
            netsuite(&["--set", "undeposited_account=UF"]),
            2,
            vec!["undeposited_account", "internal"],
        ),
        (
            vec!["links", "add", "l", "--erp", "nobody", "--processor", "gc"],
            2,
            vec!["--erp", "no such connection"],
        ),
        (vec!["evidence", "collection/a/b"], 2, vec!["there is no case"]),
        (vec!["evidence", "nothing"], 2, vec!["nothing known"]),
        (vec!["foreign", "match", "PM1"], 2, vec!["INVOICE"]),
        (vec!["attention", "list", "--code", "nonsense"], 2, vec!["is no code"]),
        (vec!["attention", "list", "--link", "nowhere"], 2, vec!["links add"]),
        (vec!["payouts", "show", "PO1"], 2, vec!["no payout PO1"]),
        (vec!["attention", "ignore", "collection/a/b", "nonsense"], 2, vec!["there is no case"]),
        (vec!["attention", "retry", "collection/a/b"], 2, vec!["no case collection/a/b"]),
        (vec!["webhooks", "send", "gc", "missing.json"], 1, vec!["missing.json"]),
        (vec!["--config", "missing.toml", "status"], 2, vec!["missing.toml"]),
    ] {
        check(&place, &arguments, code, &words);
    }
    assert_eq!(place.well(&["audit", "export"]), before, "nothing was changed");
}
