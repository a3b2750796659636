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
    place.write("empty", b"\n");
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
        (vec!["payouts", "show", "PO1"], 2, vec!["no payout \"PO1\"", "payouts list"]),
        (vec!["attention", "ignore", "collection/a/b", "nonsense"], 2, vec!["there is no case"]),
        (vec!["attention", "retry", "collection/a/b"], 2, vec!["no case collection/a/b"]),
        (vec!["webhooks", "send", "gc", "missing.json"], 1, vec!["missing.json"]),
        (vec!["--config", "missing.toml", "status"], 2, vec!["missing.toml"]),
        (vec!["webhooks", "guide", "nobody"], 2, vec!["there are: gc"]),
        (vec!["connections", "remove", "nobody"], 2, vec!["there are: gc"]),
        (vec!["links", "remove", "nowhere"], 2, vec!["links add"]),
        (gocardless(&["--secret", "access_token=file:empty"]), 2, vec!["nothing is in it"]),
        (gocardless(&["--secret", "access_token=-"]), 2, vec!["access_token", "nothing is in it"]),
        (gocardless(&["--secret", "colour=-"]), 2, vec!["colour", "access_token"]),
        (vec!["sync", "uk", "--timeout", "0"], 2, vec!["--timeout", "0 is not in 1"]),
        (vec!["foreign", "list", "--limit", "0"], 2, vec!["--limit"]),
        (vec!["sandbox", "--start", "yesterday"], 2, vec!["--start", "for example"]),
        (vec!["sandbox", "--only", "nonsense"], 2, vec!["there are: acumatica"]),
    ] {
        check(&place, &arguments, code, &words);
    }
    assert_eq!(place.well(&["audit", "export"]), before, "nothing was changed");
}

#[test]
fn a_command_line_that_can_not_be_used_is_told_as_json_where_json_is_asked_for() {
    let place = Place::with_processor();
    for arguments in [vec!["--json", "lnks"], vec!["links", "--json"], vec!["show", "--json"]] {
        let said = place.fails(&arguments, 2);
        let said: serde_json::Value = serde_json::from_str(&said).expect(&said);
        assert_eq!(said["code"], 2, "{arguments:?}: {said}");
        let words = said["error"].as_str().expect("a sentence");
        assert!(!words.starts_with("error") && !words.is_empty(), "{arguments:?}: {said}");
    }
    assert!(place.fails(&["lnks"], 2).starts_with("error: "), "in words without it");
    assert!(place.well(&["--json", "--help"]).contains("Usage:"), "help is help");
}

#[test]
fn a_setting_is_taken_away_by_an_empty_value() {
    let place = Place::with_processor();
    place.well(&gocardless(&["--set", "exit_uri=https://shop.example/thanks"]));
    let kept = |place: &Place| place.json(&["connections", "list"], 0).to_string();
    assert!(kept(&place).contains("shop.example"));
    place.well(&gocardless(&["--set", "exit_uri="]));
    assert!(!kept(&place).contains("exit_uri"), "{}", kept(&place));
}

#[test]
fn a_database_or_key_that_can_not_be_used_is_named_with_its_place() {
    let place = Place::with_processor();
    let data = place.path().join("ml-connector-data");
    let (key, database) = (data.join("master.key"), data.join("ml-connector.sqlite"));
    let right = std::fs::read(&key).expect("the key");
    let expect = |code: i32, words: &[&str]| {
        let said = place.fails(&["connections", "ping"], code);
        for word in words {
            assert!(said.contains(word), "{said:?} lacks {word:?}");
        }
    };
    std::fs::write(&key, "deadbeef").expect("a key");
    expect(2, &["master.key", "64 characters", "backup-and-keys.md"]);
    std::fs::write(&key, "ab".repeat(32)).expect("a key");
    expect(2, &["was made with master key", "right key back"]);
    let aside = data.join("aside");
    std::fs::rename(&key, &aside).expect("the key");
    expect(2, &["master.key is missing", "backup-and-keys.md"]);
    assert!(place.fails(&["init"], 2).contains("is missing"), "no other key is made");
    std::fs::rename(&aside, &key).expect("the key");
    std::fs::write(&key, right).expect("the key");
    expect(4, &[]);
    for leftover in ["ml-connector.sqlite-wal", "ml-connector.sqlite-shm"] {
        // There is none after every process has ended well.
        let _ = std::fs::remove_file(data.join(leftover));
    }
    std::fs::write(&database, "this is no database, however long it may be").expect("a file");
    expect(1, &["ml-connector.sqlite", "not a database", "backup-and-keys.md"]);
    std::fs::write(&database, "").expect("a file");
    expect(2, &["ml-connector.sqlite is empty", "restore it from a backup"]);
    std::fs::remove_file(&database).expect("the file");
    expect(2, &["there is no database", "init"]);
}

#[test]
fn init_writes_the_configuration_that_is_named() {
    let place = Place::new();
    let said = place.well(&["--config", "other.toml", "init"]);
    assert!(said.contains("other.toml") && !said.contains("kept"), "{said}");
    assert!(place.path().join("other.toml").exists());
    let said = place.well(&["init", "other.toml"]);
    assert!(said.contains("kept as it was"), "{said}");
}
