//! Mandates made directly from bank details that the merchant holds, through the binary (mission row
//! NG6): made once, collected on, refused with a name, and nothing of the details left anywhere.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::world::{World, rows, text};

/// How often the work is killed.
const KILLS_LEAST: u64 = 12;
const KILLS_MAX: u64 = 50;

/// Values that must stand nowhere once they were handed over.
const NUMBER: &str = "55779911";
const SORT_CODE: &str = "200000";
const IBAN: &str = "DE89370400440532013000";
const HOLDER: &str = "Ottoline Quillfeather";

/// The organisation of the emulated account.
const ORGANISATION: &str = "OR000TEST";

const BACS: &str = "country_code=GB\nbranch_code=20-00-00\naccount_number=55779911\n\
                    account_holder_name=Ottoline Quillfeather\n";

/// Live with one customer that the processor does not know, and one invoice.
fn unknown_payer(amount: &str, settings: &[&str]) -> (World, String) {
    let world = World::connected();
    world.erp_customer("2001", "pay@alder.example", "GBP");
    let invoice = world.invoice("2001", amount);
    world.add_link(settings);
    world.go_live();
    world.sync();
    assert!(world.payments().is_empty());
    (world, invoice)
}

fn create(world: &World, details: &str, arguments: &[&str]) -> Value {
    world.place.write("payer.txt", details.as_bytes());
    let all = [&["mandates", "create", "2001", "--details", "payer.txt", "--yes"], arguments];
    let answer = world.place.json(&all.concat(), 0);
    std::fs::remove_file(world.place.path().join("payer.txt")).expect("the file is there");
    answer
}

/// The command with the details on standard input, logging everything there is.
fn typed(world: &World, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_ml-connector"))
        .current_dir(world.place.path())
        .env("RUST_LOG", "trace")
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("its standard input");
    stdin.write_all(input.as_bytes()).expect("it reads");
    drop(stdin);
    child.wait_with_output().expect("it ends")
}

fn truth(world: &World, table: &str) -> Vec<Value> {
    rows(&world.processor("/truth", &Value::Null)[table])
}

fn mandates(world: &World) -> Vec<Value> {
    truth(world, "mandates")
}

fn settings(world: &World, settings: &Value) {
    world.processor("/seed", &json!({ "settings": settings }));
}

fn no_value_in(what: &str, said: &str) {
    for value in [NUMBER, "20-00-00", SORT_CODE, IBAN, HOLDER, &HOLDER.to_uppercase()] {
        assert!(!said.contains(value), "{value} stands in {what}: {said}");
    }
}

fn both(output: &Output) -> String {
    let (said, errors) = (&output.stdout, &output.stderr);
    String::from_utf8_lossy(said).into_owned() + &String::from_utf8_lossy(errors)
}

/// Nothing that was handed over stands in a file of the instance.
fn secrets_nowhere(world: &World) {
    let plain = [NUMBER, SORT_CODE, IBAN, HOLDER, &HOLDER.to_uppercase()];
    let mut folders = vec![world.place.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let bytes = std::fs::read(&path).expect("a file");
            for value in plain {
                let found = bytes.windows(value.len()).any(|part| part == value.as_bytes());
                assert!(!found, "{value} stands in {}", path.display());
            }
        }
    }
}

#[test]
fn slow_a_bacs_mandate_is_made_from_details_and_collected_on() {
    let (world, invoice) = unknown_payer("120.00", &[]);
    let made = create(&world, BACS, &[]);
    assert_eq!(made["scheme"], "bacs");
    // Also while they wait to be used.
    secrets_nowhere(&world);
    world.sync();
    let all = mandates(&world);
    assert_eq!(all.len(), 1, "{all:?}");
    let mandate = text(&all[0]["id"]);
    let customer = world.record("customer", "2001");
    assert_eq!(text(&customer["custentity_mlc_mandate"]), mandate, "{customer}");
    world.until("the deposit", 20, |world| !world.records("deposit").is_empty());
    assert_eq!(world.remaining(&invoice), "0");
    assert_eq!(world.payments().len(), 1);
    assert_eq!(mandates(&world).len(), 1, "never a second one");
    secrets_nowhere(&world);
}

#[test]
fn slow_a_sepa_mandate_is_made_from_details_and_collected_on() {
    let world = World::connected();
    world.erp_customer("2001", "pay@alder.example", "EUR");
    let invoice =
        world.invoice_with(&json!({ "customer": "2001", "amount": "80.00", "currency": 2 }));
    let bank = ["accounts.banks.EUR.account=\"211\"", "accounts.banks.EUR.subsidiary=\"2\""];
    world.add_link(&[&["currencies=[\"GBP\",\"EUR\"]"], &bank[..]].concat());
    world.go_live();
    world.sync();
    let details = json!({ "iban": "de89 3704 0044 0532 0130 00", "account_holder_name": HOLDER });
    // The customer by its code, which is known since its invoice was seen.
    let arguments = ["--json", "mandates", "create", "c-2001", "--scheme", "sepa_core"];
    let refused = typed(&world, &arguments, &details.to_string());
    assert_eq!(refused.status.code(), Some(2), "not without --yes: {}", both(&refused));
    assert!(!world.place.well(&["audit", "export"]).contains("order_mandate"));
    let ordered = typed(&world, &[&arguments[..], &["--yes"]].concat(), &details.to_string());
    assert!(ordered.status.success(), "{}", both(&ordered));
    no_value_in("what the command said", &both(&ordered));
    // Everything that the work on it logs.
    let worked = typed(&world, &["sync", "uk", "--until-quiet", "--timeout", "300"], "");
    assert!(worked.status.success(), "{}", both(&worked));
    no_value_in("the log", &both(&worked));
    let all = mandates(&world);
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(text(&all[0]["scheme"]), "sepa_core");
    world.until("the deposit", 20, |world| !world.records("deposit").is_empty());
    assert_eq!(world.remaining(&invoice), "0");
    secrets_nowhere(&world);
    let case = text(&serde_json::from_slice::<Value>(&ordered.stdout).expect("JSON")["case"]);
    for arguments in [
        &["audit", "export"][..],
        &["--json", "show", &case],
        &["show", &case],
        &["evidence", &case],
        &["--json", "evidence", &case],
        &["--json", "status"],
    ] {
        let output = world.place.run(arguments);
        no_value_in(&format!("{arguments:?}"), &both(&output));
    }
    let trail = world.place.well(&["audit", "export"]);
    assert!(trail.contains("order_mandate") && trail.contains("erased"), "who ordered it is told");
}

#[test]
fn slow_an_account_without_approval_asks_the_payer_by_a_link() {
    let (world, invoice) = unknown_payer("45.00", &[]);
    settings(&world, &json!({ "without_custom_payment_pages": [ORGANISATION] }));
    create(&world, BACS, &[]);
    world.sync();
    assert!(mandates(&world).is_empty());
    let item = world.only_attention("bank_details_not_allowed");
    assert!(text(&item["sentence"]).contains("custom payment pages"), "{item}");
    secrets_nowhere(&world);
    let customer = world.record("customer", "2001");
    assert!(text(&customer["custentity_mlc_authorisation_link"]).contains("BRF"), "{customer}");
    let request = text(&truth(&world, "billing_requests")[0]["id"]);
    let payer = json!({ "given_name": "Ada", "family_name": "Byron", "email": "a@b.example" });
    let complete =
        json!({ "action": "complete_flow", "billing_request": request, "customer": payer });
    world.processor("/act", &complete);
    world.minutes(10);
    world.until("the deposit", 20, |world| !world.records("deposit").is_empty());
    assert_eq!(world.remaining(&invoice), "0");
    assert!(world.attention("bank_details_not_allowed").is_empty(), "the mandate ends it");
    assert_eq!(mandates(&world).len(), 1);
}

#[test]
fn slow_where_policy_holds_new_details_are_tried_after_the_approval() {
    let (world, invoice) = unknown_payer("45.00", &["bank_details_not_allowed=hold"]);
    settings(&world, &json!({ "without_custom_payment_pages": [ORGANISATION] }));
    create(&world, BACS, &[]);
    world.sync();
    world.only_attention("bank_details_not_allowed");
    assert!(truth(&world, "billing_requests").is_empty(), "no link is made");
    secrets_nowhere(&world);
    settings(&world, &json!({ "without_custom_payment_pages": [] }));
    create(&world, BACS, &[]);
    world.sync();
    assert_eq!(mandates(&world).len(), 1);
    assert!(world.attention("bank_details_not_allowed").is_empty());
    world.until("the deposit", 20, |world| !world.records("deposit").is_empty());
    assert_eq!(world.remaining(&invoice), "0");
}

#[test]
fn slow_wrong_details_are_told_by_field_and_given_again() {
    let (world, invoice) = unknown_payer("45.00", &[]);
    let said = |details: &str, arguments: &[&str]| {
        let all = [&["mandates", "create", "2001", "--yes"], arguments].concat();
        let output = typed(&world, &all, details);
        assert_eq!(output.status.code(), Some(2), "{}", both(&output));
        no_value_in("the refusal", &both(&output));
        both(&output)
    };
    let wrong = BACS.replace("20-00-00", "2000").replace("55779911", "5577991x");
    let told = said(&wrong, &[]);
    for part in ["branch_code must be 6 digits", "account_number must be 6 to 8 digits"] {
        assert!(told.contains(part), "{told}");
    }
    assert!(said(BACS, &["--scheme", "sepa_core"]).contains("bacs does"));
    let german = format!("iban={IBAN}\naccount_holder_name={HOLDER}");
    assert!(said(&german, &[]).contains("does not collect EUR"));
    assert!(said("", &[]).contains("no bank details"));
    assert!(said(BACS, &["--link", "fr"]).contains("no link fr"));
    let nobody = typed(&world, &["mandates", "create", "999999", "--yes"], BACS);
    assert!(both(&nobody).contains("no such customer"), "{}", both(&nobody));
    assert!(truth(&world, "customers").is_empty(), "nothing was sent");
    // Only the processor knows this one.
    settings(&world, &json!({ "modulus_failures": [NUMBER] }));
    create(&world, BACS, &[]);
    world.sync();
    let item = world.only_attention("bank_details_refused");
    assert!(text(&item["sentence"]).contains("account_number did not pass"), "{item}");
    secrets_nowhere(&world);
    let case = text(&item["case"]);
    world.place.well(&["attention", "retry", &case]);
    world.sync();
    let item = world.only_attention("bank_details_refused");
    assert!(text(&item["sentence"]).contains("not there any more"), "{item}");
    settings(&world, &json!({ "modulus_failures": [] }));
    create(&world, BACS, &[]);
    world.sync();
    assert!(world.attention("bank_details_refused").is_empty());
    assert_eq!(mandates(&world).len(), 1);
    world.until("the deposit", 20, |world| !world.records("deposit").is_empty());
    assert_eq!(world.remaining(&invoice), "0");
}

#[test]
fn slow_a_usable_mandate_is_enough() {
    let (world, customer, _) = World::live(&["20.00"], &[]);
    world.sync();
    let output = typed(&world, &["mandates", "create", "2001", "--yes"], BACS);
    assert_eq!(output.status.code(), Some(2));
    let said = both(&output);
    assert!(said.contains("usable mandate") && said.contains(&customer.mandate), "{said}");
    assert_eq!(mandates(&world).len(), 1);
    secrets_nowhere(&world);
}

#[test]
fn slow_lost_answers_and_kills_make_no_second_mandate() {
    let (world, invoice) = unknown_payer("45.00", &[]);
    let lost: Vec<Value> = ["/customers", "/customer_bank_accounts", "/mandates"]
        .iter()
        .map(|path| json!({ "kind": "reset_after", "method": "POST", "path": path, "count": 1 }))
        .collect();
    world.processor("/faults", &json!({ "rules": lost }));
    create(&world, BACS, &[]);
    let again = typed(&world, &["mandates", "create", "2001", "--yes"], BACS);
    assert!(!again.status.success(), "one at a time: {}", both(&again));
    let struck = || world.processor("/truth", &Value::Null)["faults"]["reset_after"].as_u64();
    // Killed at moments all over the work, ever later until it came to all of them.
    let mut killed = 0;
    for nth in 0..KILLS_MAX {
        if nth >= KILLS_LEAST && struck() == Some(3) {
            break;
        }
        let mut child = world.place.begin(&["sync", "uk", "--until-quiet", "--timeout", "60"]);
        std::thread::sleep(std::time::Duration::from_millis(60 + 45 * nth));
        killed += u32::from(child.try_wait().expect("its state").is_none());
        child.kill().expect("it is killed or has ended");
        child.wait().expect("it has ended");
        world.minutes(1);
    }
    assert!(killed > 3, "{killed} were still at work");
    assert_eq!(struck(), Some(3));
    world.minutes(60);
    world.sync();
    for table in ["customers", "customer_bank_accounts", "mandates"] {
        let made = truth(&world, table);
        assert_eq!(made.len(), 1, "{table}: {made:?}");
    }
    world.until("the deposit", 20, |world| !world.records("deposit").is_empty());
    assert_eq!(world.remaining(&invoice), "0");
    assert_eq!(mandates(&world).len(), 1);
    secrets_nowhere(&world);
}
