//! The audit trail and the evidence of a case (promise P9; mission row C11).

use serde_json::{Value, json};

use crate::binary::{Place, SECRET, TOKEN};
use crate::world::{World, rows, text};

fn exported(place: &Place) -> Vec<Value> {
    let said = place.well(&["audit", "export"]);
    said.lines().map(|line| serde_json::from_str(line).expect("a JSON line")).collect()
}

/// Writes other bytes of the same length over every occurrence in the database's files, as somebody
/// with a hex editor would; gives how often.
fn overwrite(place: &Place, from: &str, to: &str) -> usize {
    assert_eq!(from.len(), to.len());
    let mut count = 0;
    let folder = place.path().join("ml-connector-data");
    for entry in std::fs::read_dir(folder).expect("the data folder") {
        let path = entry.expect("an entry").path();
        if !path.is_file() {
            continue;
        }
        let mut bytes = std::fs::read(&path).expect("its bytes");
        let found: Vec<usize> = bytes
            .windows(from.len())
            .enumerate()
            .filter(|(_, window)| *window == from.as_bytes())
            .map(|(at, _)| at)
            .collect();
        for at in &found {
            bytes[*at..at + to.len()].copy_from_slice(to.as_bytes());
        }
        if !found.is_empty() {
            std::fs::write(&path, bytes).expect("it can be written");
        }
        count += found.len();
    }
    count
}

#[test]
fn a_row_changed_from_outside_is_named() {
    let place = Place::with_processor();
    place.well(&["stop"]);
    place.well(&["resume"]);
    place.well(&["connections", "add", "gocardless", "zanzibar", "--set", "environment=sandbox"]);
    place.well(&["stop"]);
    let trail = exported(&place);
    let seqs: Vec<i64> = trail.iter().filter_map(|row| row["seq"].as_i64()).collect();
    assert_eq!(seqs, (1..=i64::try_from(trail.len()).unwrap()).collect::<Vec<_>>());
    let named = trail.iter().find(|row| row.to_string().contains("zanzibar")).expect("its row");
    assert_eq!(place.json(&["audit", "verify"], 0)["Intact"]["rows"], trail.len());
    // Later rows only: what a reader who keeps up asks for.
    let later = place.well(&["audit", "export", "--after", &(trail.len() - 1).to_string()]);
    assert_eq!(later.lines().count(), 1);

    assert!(overwrite(&place, "zanzibar", "zanzibaz") > 0);
    let broken = place.json(&["audit", "verify"], 1);
    assert_eq!(broken["Broken"]["seq"], named["seq"], "{broken}");
    let said = place.run(&["audit", "verify"]);
    let said = String::from_utf8_lossy(&said.stdout).into_owned();
    assert!(said.contains(&format!("broken at row {}", named["seq"])), "{said}");
    assert_eq!(place.json(&["verify"], 1)["proved"], false, "no proof on a broken trail");
    assert!(overwrite(&place, "zanzibaz", "zanzibar") > 0);
    place.well(&["audit", "verify"]);
}

#[test]
fn slow_the_evidence_of_a_case_holds_its_whole_story() {
    let (world, _, invoices) = World::live(&["75.00"], &[]);
    let case = world.case(&invoices[0]);
    world.until("the deposit", 14, |world| !world.records("deposit").is_empty());
    world.place.well(&["attention", "stop", &case]);
    world.sync();
    let payment = text(&world.payments()[0]["id"]);
    let payout = text(&world.payouts()[0]["id"]);
    let receipt = text(&world.records("customerPayment")[0]["id"]);
    let collect = format!("collect/netsuite:1234567_SB1/{}/1", invoices[0]);
    let place = &world.place;
    let told = place.well(&["evidence", &case]);
    for words in [
        case.as_str(),
        &payment,
        &payout,
        &receipt,
        &collect,
        "POST /payments",
        "confirmed",
        "paid_out",
        "cause payment_confirmed",
        "\"said\":\"stop\"",
        "audit verify",
        "the chain was intact",
    ] {
        assert!(told.contains(words), "the evidence lacks {words}:\n{told}");
    }
    for row in exported(place).iter().filter(|row| row["case"] == case.as_str()) {
        assert!(told.contains(row["chain"].as_str().expect("a chain value")), "{row}");
    }
    for secret in [TOKEN, SECRET, "BEGIN PRIVATE KEY", "eyJ"] {
        assert!(!told.contains(secret), "the evidence holds a secret: {secret}");
    }
    let payout_case = format!("payout/gocardless:CR000TEST/{payout}");
    assert!(place.well(&["evidence", &payout_case]).contains("payment_paid_out"));

    // The dispute itself, with its cause.
    world.processor("/act", &json!({"action": "charge_back", "payment": payment}));
    world.until("the chargeback", 5, |world| {
        world.place.well(&["evidence", &case]).contains("charged_back")
    });
    let disputed = place.well(&["evidence", &case]);
    let truth = rows(&world.processor("/truth", &Value::Null)["events"]);
    let charged_back = truth.iter().find(|one| one["action"] == "charged_back").expect("an event");
    let (id, cause) = (text(&charged_back["id"]), text(&charged_back["details"]["cause"]));
    let line = disputed.lines().find(|line| line.contains(&id)).expect("the event's line");
    assert!(!cause.is_empty() && line.contains(&cause), "{line}");

    place.well(&["evidence", &case, "--out", "case.txt"]);
    let written = std::fs::read_to_string(place.path().join("case.txt")).expect("the file");
    assert!(written.contains(&payment));
    let again = place.fails(&["evidence", &case, "--out", "case.txt"], 2);
    assert!(again.contains("case.txt"), "{again}");
    let whole = place.json(&["evidence", &case], 0);
    let commands = rows(&whole["commands"]);
    let collected = commands.iter().find(|one| one["view"]["key"] == collect.as_str());
    let exchanges = rows(&collected.expect("the command")["exchanges"]);
    assert!(exchanges.iter().any(|one| one["status"] == 201), "{exchanges:?}");
    place.fails(&["evidence", "collection/a/b"], 2);
}
