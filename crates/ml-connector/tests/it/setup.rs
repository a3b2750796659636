//! Setting up: what is missing is named, what is wrong is refused before anything goes live (mission
//! rows C1, C2 and C13).

use serde_json::{Value, json};

use crate::installed;
use crate::world::{World, rows, text};

/// Names of the checks that could not be made.
fn not_checked(answer: &Value) -> Vec<String> {
    let checks = rows(&answer[0]["health"]["checks"]);
    let open = checks.iter().filter(|check| check["checked"] == false);
    open.map(|check| text(&check["name"])).collect()
}

/// A permission that only posting proves where nothing refuses it.
const APPROVAL: &str = "permission TRAN_JOURNALAPPRV";

/// Names of the checks that failed.
fn failed(answer: &Value) -> Vec<String> {
    let checks = rows(&answer[0]["health"]["checks"]);
    checks.iter().filter(|check| check["ok"] == false).map(|check| text(&check["name"])).collect()
}

#[test]
fn slow_ping_names_each_missing_permission_and_is_well_with_the_installed_role() {
    let world = World::new();
    world.add_erp("ns");
    let well = world.place.json(&["connections", "ping", "ns"], 0);
    assert_eq!(failed(&well), Vec::<String>::new());
    assert_eq!(not_checked(&well), [APPROVAL]);
    let said = world.place.well(&["connections", "ping", "ns"]);
    assert!(said.contains(&format!("not checked {APPROVAL}\n")), "{said}");
    assert!(said.contains("Manage Roles"), "how a person looks: {said}");
    let installed = installed::permissions();
    for permission in &installed {
        let (id, _) = permission.split_once(':').expect("a level");
        assert!(said.contains(id), "{id} is neither proved nor named: {said}");
    }
    // Journals need approval here, so that this permission can be missed.
    world.erp("/seed", &json!({"preferences": {"journal_approval": true}}));
    for missing in &installed {
        let (id, _) = missing.split_once(':').expect("a level");
        let held: Vec<&String> = installed.iter().filter(|one| *one != missing).collect();
        world.erp("/seed", &json!({"role": {"permissions": held}}));
        if id == "ADMI_LOGIN_OAUTH2" {
            let answer = world.place.json(&["connections", "ping", "ns"], 4).to_string();
            assert!(answer.to_lowercase().contains("oauth"), "{answer}");
            continue;
        }
        let answer = world.place.json(&["connections", "ping", "ns"], 1);
        let named = failed(&answer);
        let says = |name: &String| name.split([' ', ',']).any(|word| word == id);
        assert!(named.iter().any(says), "{id} is not named: {answer:#}");
        let shown = world.place.run(&["connections", "ping", "ns"]);
        let shown = String::from_utf8_lossy(&shown.stdout).into_owned();
        let line = shown.lines().find(|line| line.contains("MISSING") && line.contains(id));
        assert!(line.is_some(), "{id}: {shown}");
    }
    // All at once: everything is named, not only the first.
    let least = ["ADMI_RESTWEBSERVICES:Full", "ADMI_LOGIN_OAUTH2:Full", "REPO_ANALYTICS:Edit"];
    world.erp("/seed", &json!({"role": {"permissions": least}}));
    let answer = world.place.json(&["connections", "ping", "ns"], 1).to_string();
    for id in ["LIST_CUSTJOB", "TRAN_CUSTINVC", "TRAN_CUSTPYMT", "TRAN_DEPOSIT", "TRAN_JOURNAL"] {
        assert!(answer.contains(id), "{id}: {answer}");
    }
}

/// Everything of the ERP's that a write could have left behind.
fn books(world: &World) -> Vec<Vec<Value>> {
    let kinds = [
        "customer",
        "invoice",
        "customerPayment",
        "creditMemo",
        "customerRefund",
        "deposit",
        "journalEntry",
    ];
    kinds.map(|kind| world.records(kind)).to_vec()
}

#[test]
fn slow_ping_names_each_write_that_the_role_may_not_do_and_changes_nothing() {
    let world = World::connected();
    let customer = world.customer("2001", "pay@alder.example", "GBP");
    world.invoice(&customer.id, "10.00");
    let before = books(&world);
    let well = world.place.json(&["connections", "ping", "ns"], 0).to_string();
    assert!(well.contains(APPROVAL), "it can not be proved, and that is said: {well}");
    let installed = installed::permissions();
    let written = [
        "LIST_CUSTJOB",
        "TRAN_CUSTINVC",
        "TRAN_CUSTPYMT",
        "TRAN_CUSTCRED",
        "TRAN_CUSTRFND",
        "TRAN_DEPOSIT",
        "TRAN_JOURNAL",
    ];
    for id in written {
        let lowered = installed.iter().map(|one| match one.split_once(':') {
            Some((held, _)) if held == id => format!("{id}:View"),
            _ => one.clone(),
        });
        let lowered: Vec<String> = lowered.collect();
        world.erp("/seed", &json!({"role": {"permissions": lowered}}));
        let answer = world.place.json(&["connections", "ping", "ns"], 1);
        assert_eq!(failed(&answer), [format!("permission {id}")], "{answer}");
    }
    assert_eq!(books(&world), before, "ping changes nothing");
}

#[test]
fn slow_ping_tells_a_token_that_may_only_read() {
    let world = World::connected();
    let before = world.processor("/truth", &Value::Null);
    let well = world.place.json(&["connections", "ping", "gc"], 0);
    assert_eq!(failed(&well), Vec::<String>::new());
    world.processor("/seed", &json!({"tokens": [{"token": "reads-only-11", "read_only": true}]}));
    world.place.write("reads", b"reads-only-11");
    let (url, host) = (world.url("gocardless"), "--allow-host");
    let add = ["connections", "add", "gocardless", "gc", "--url", url, host];
    world.place.well(&[&add[..], &["--secret", "access_token=file:reads"]].concat());
    let answer = world.place.json(&["connections", "ping", "gc"], 1);
    assert_eq!(failed(&answer), ["read-write access"], "{answer}");
    assert!(answer.to_string().contains("read-write one"), "{answer}");
    let after = world.processor("/truth", &Value::Null);
    assert_eq!(after["payments"], before["payments"], "ping changes nothing");
}

#[test]
fn slow_ping_names_each_missing_field() {
    let world = World::bare();
    world.add_erp("ns");
    let answer = world.place.json(&["connections", "ping", "ns"], 1);
    let named = failed(&answer).join("\n");
    for field in rows(&installed::custom_fields(None)) {
        let id = text(&field["id"]);
        assert!(named.contains(&id), "{id} is not named:\n{named}");
    }
    world.erp(
        "/seed",
        &json!({"custom_fields": installed::custom_fields(Some("custbody_mlc_payout"))}),
    );
    let answer = world.place.json(&["connections", "ping", "ns"], 1);
    let named = failed(&answer);
    assert!(!named.is_empty());
    assert!(named.iter().all(|name| name.contains("custbody_mlc_payout")), "{named:?}");
    world.erp("/seed", &json!({"custom_fields": installed::custom_fields(None)}));
    world.place.json(&["connections", "ping", "ns"], 0);
}

#[test]
fn slow_credentials_that_are_refused_end_with_their_own_code() {
    let world = World::new();
    world.place.write("wrong", b"sandbox-not-this-one");
    let (url, host) = (world.url("gocardless"), "--allow-host");
    let add = ["connections", "add", "gocardless", "gc", "--url", url, host];
    let place = &world.place;
    place.well(&[&add[..], &["--secret", "access_token=file:wrong"]].concat());
    place.json(&["connections", "ping", "gc"], 4);
    // A certificate that nobody uploaded.
    world.add_erp("ns");
    world.erp("/faults", &json!({"revoke_certificate": crate::world::CERTIFICATE}));
    place.json(&["connections", "ping", "ns"], 4);
    // The right one again, given by the same command.
    let right = ["--secret", "access_token=env:PLANTED_TOKEN"];
    let hook = ["--secret", "webhook_secret=env:PLANTED_SECRET"];
    place.well(&[&add[..], &right[..], &hook[..]].concat());
    place.json(&["connections", "ping", "gc"], 0);
    // Nobody there at all.
    let nobody = ["connections", "add", "gocardless", "gone", "--url", "http://127.0.0.1:9", host];
    place.well(&[&nobody[..], &["--secret", "access_token=env:PLANTED_TOKEN"]].concat());
    place.json(&["connections", "ping", "gone"], 4);
}

#[test]
fn slow_a_revoked_token_stops_the_work_and_a_new_one_takes_it_up() {
    let (world, _, _) = World::live(&["10.00"], &[]);
    world.processor("/act", &json!({"action": "revoke_token", "token": crate::binary::TOKEN}));
    world.place.fails(&["sync", "uk"], 4);
    world.place.json(&["connections", "ping"], 4);
    assert!(world.payments().is_empty());
    world.processor("/seed", &json!({"tokens": [{"token": "a-new-one-5521"}]}));
    world.place.write("new", b"a-new-one-5521\n");
    world.place.well(&[
        "connections",
        "add",
        "gocardless",
        "gc",
        "--secret",
        "access_token=file:new",
    ]);
    world.sync();
    assert_eq!(world.payments().len(), 1);
}

#[test]
fn slow_a_host_that_nobody_allowed_is_refused_and_not_stored() {
    let world = World::new();
    let place = &world.place;
    let token = ["--secret", "access_token=env:PLANTED_TOKEN"];
    for url in [world.url("gocardless"), "https://api.gocardless.com.evil.example"] {
        let add = ["connections", "add", "gocardless", "gc", "--url", url];
        let said = place.fails(&[&add[..], &token[..]].concat(), 2);
        assert!(said.contains("https://") || said.contains("--allow-host"), "{said}");
    }
    assert_eq!(place.json(&["connections", "list"], 0), json!([]));
    world.add_processor("gc");
    // A host that was allowed says nothing of another.
    let moved = ["connections", "add", "gocardless", "gc", "--url", "https://evil.example"];
    let said = place.fails(&moved, 2);
    assert!(said.contains("--allow-host"), "{said}");
    let kept = place.json(&["connections", "list"], 0);
    assert_eq!(text(&kept[0]["url"]), world.url("gocardless"));
}

#[test]
fn what_is_missing_or_unknown_is_named() {
    let world = World::new();
    let place = &world.place;
    let made = place.json(&["connections", "add", "netsuite", "ns"], 0);
    let missing: Vec<String> = rows(&made["missing"]).iter().map(text).collect();
    for name in ["account", "client_id", "certificate_id"] {
        assert!(missing.iter().any(|one| one.contains(name)), "{name}: {missing:?}");
    }
    let said = place.run(&["connections", "ping", "ns"]);
    assert_eq!(said.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&said.stdout).contains("is missing"));
    let said = place.fails(&["connections", "add", "netsuite", "ns", "--set", "acount=1"], 2);
    assert!(said.contains("acount") && said.contains("client_id"), "{said}");
    let secret = ["connections", "add", "netsuite", "ns", "--secret", "token=env:PLANTED_TOKEN"];
    assert!(place.fails(&secret, 2).contains("private_key"));
    let unset = ["connections", "add", "gocardless", "gc", "--secret", "access_token=env:UNSET_X"];
    assert!(place.fails(&unset, 2).contains("UNSET_X"));
    let taken = place.fails(&["connections", "add", "gocardless", "ns"], 2);
    assert!(taken.contains("already"), "{taken}");
    let wrong = ["connections", "add", "netsuite", "ns", "--set", "account=12 34"];
    assert!(place.fails(&wrong, 2).contains("account"));
    let wrong = ["connections", "add", "netsuite", "ns", "--set", "time_zone=Mars/Olympus"];
    let rest =
        ["--set", "account=1234567_SB1", "--set", "client_id=x", "--set", "certificate_id=y"];
    assert!(place.fails(&[&wrong[..], &rest[..]].concat(), 2).contains("time_zone"));
}

#[test]
fn slow_production_and_sandbox_never_pair() {
    let world = World::new();
    // An account id without a suffix is a production account; any address but the processor's live
    // one is a sandbox.
    world.erp("/seed", &json!({"account_id": "1234567"}));
    let made = world.erp_connection("ns", "1234567", "production");
    world.upload(&made, "production");
    world.add_processor("gc");
    let link = ["links", "add", "uk", "--erp", "ns", "--processor", "gc"];
    let said = world.place.fails(&link, 2);
    assert!(said.contains("ping"), "not proved yet: {said}");
    world.place.well(&["connections", "ping"]);
    let said = world.place.fails(&link, 2);
    assert!(said.contains("production") && said.contains("never pair"), "{said}");
}

#[test]
fn slow_a_processor_account_serves_one_erp_account() {
    let world = World::connected();
    world.add_link(&[]);
    world.erp("/seed", &json!({"account_id": "7654321_SB2"}));
    let made = world.erp_connection("other", "7654321_SB2", "other");
    world.upload(&made, "other");
    world.place.well(&["connections", "ping", "other"]);
    // Under another name it is the same account.
    world.add_processor("gc2");
    world.place.well(&["connections", "ping", "gc2"]);
    for processor in ["gc", "gc2"] {
        let link = ["links", "add", "second", "--erp", "other", "--processor", processor];
        let said = world.place.fails(&link, 2);
        assert!(said.contains("serves"), "{processor}: {said}");
    }
    let link = ["links", "add", "second", "--erp", "ns", "--processor", "gc2"];
    world.place.well(&link);
    let said = world.place.fails(&["connections", "remove", "gc"], 2);
    assert!(said.contains("used by the link uk") && said.contains("links remove"), "{said}");
}

#[test]
fn slow_a_connection_never_turns_to_another_account() {
    let world = World::connected();
    let before = world.place.json(&["connections", "list"], 0);
    world.erp("/seed", &json!({"account_id": "7654321_SB2"}));
    let moved = ["connections", "add", "netsuite", "ns", "--set", "account=7654321_SB2"];
    let said = world.place.fails(&moved, 2);
    assert!(said.contains("name of its own"), "{said}");
    world.erp("/seed", &json!({"account_id": "1234567_SB1"}));
    // Another organisation's token.
    world.processor(
        "/seed",
        &json!({
            "organisations": [{"id": "OR000OTHER", "name": "Somebody"}],
            "creditors": [{
                "id": "CR000OTHER", "organisation": "OR000OTHER", "name": "Somebody",
                "country_code": "GB", "currencies": ["GBP"],
            }],
            "tokens": [{"token": "somebody-elses", "organisation": "OR000OTHER"}],
        }),
    );
    world.place.write("other", b"somebody-elses");
    let token = ["connections", "add", "gocardless", "gc", "--secret", "access_token=file:other"];
    let said = world.place.fails(&token, 2);
    assert!(said.contains("name of its own"), "{said}");
    assert_eq!(world.place.json(&["connections", "list"], 0), before);
    world.place.well(&["connections", "ping"]);
}

#[test]
fn slow_a_plan_that_changed_is_not_accepted() {
    let world = World::connected();
    let customer = world.customer("2001", "pay@alder.example", "GBP");
    world.invoice(&customer.id, "10.00");
    world.add_link(&[]);
    let stale = world.figures();
    world.invoice(&customer.id, "20.00");
    let said = world.place.fails(&["links", "on", "uk", "--accept", &stale], 2);
    let fresh = world.figures();
    assert_ne!(stale, fresh);
    assert!(said.contains(&stale) && said.contains(&fresh), "{said}");
    let set = world.place.fails(&["links", "set", "uk", "mode=on"], 2);
    assert!(set.contains("accepting a plan"), "{set}");
    world.sync();
    assert!(world.payments().is_empty(), "nothing is collected before a plan is accepted");
    world.place.well(&["links", "on", "uk", "--accept", &fresh]);
    world.sync();
    assert_eq!(world.payments().len(), 2);
    let moved = world.place.fails(&["links", "set", "uk", "cut_over_on=\"2026-04-01\""], 2);
    assert!(moved.contains("links on --cut-over"), "{moved}");
    world.place.well(&["links", "off", "uk"]);
    let figures = world.figures();
    let again = ["links", "on", "uk", "--accept", &figures, "--cut-over", "2026-04-01"];
    let moved = world.place.fails(&again, 2);
    assert!(moved.contains("would never be booked"), "{moved}");
    world.place.well(&again[..5]);
}

#[test]
fn slow_accounts_that_can_not_work_are_refused() {
    let world = World::connected();
    world.add_link(&[]);
    let before = world.place.well(&["links", "show", "uk"]);
    for (setting, words) in [
        ("accounts.undeposited=\"651\"", "leave the setting out"),
        ("accounts.fees=\"210\"", "accounts.fees"),
        ("accounts.fees=\"9999\"", "no such account"),
        ("accounts.banks.GBP.account=\"211\"", "EUR"),
        ("accounts.banks.GBP.account=\"640\"", "bank account"),
        ("accounts.suspense=\"640\"", "hold a receipt"),
        ("time_zone=\"Mars/Olympus\"", "Mars"),
        ("exchange.fixed.base=XXQ", "XXQ"),
    ] {
        let said = world.place.fails(&["links", "set", "uk", setting], 2);
        assert!(said.contains(words), "{setting}: {said}");
    }
    assert_eq!(world.place.well(&["links", "show", "uk"]), before, "nothing was changed");
    world.place.well(&["links", "set", "uk", "currencies=[\"GBP\", \"EUR\"]"]);
    let figures = world.figures();
    let said = world.place.fails(&["links", "on", "uk", "--accept", &figures], 2);
    assert!(said.contains("EUR"), "{said}");
    world.place.well(&["links", "set", "uk", "accounts.banks.EUR.account=\"211\""]);
    world.go_live();
}
