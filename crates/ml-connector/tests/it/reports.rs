//! What the reading commands say of a payout that is booked: the same figures on every surface.

use rust_decimal::Decimal;

use crate::binary::Place;
use crate::world::{World, rows, text};

#[test]
fn slow_payouts_are_broken_down_to_the_penny() {
    let (world, _, invoices) = World::live(&["75.00", "19.99"], &[]);
    world.until("the deposit", 14, |world| !world.records("deposit").is_empty());
    let place = &world.place;
    let truth = &world.payouts()[0];
    let (id, amount) = (text(&truth["id"]), truth["amount"].as_i64().expect("an amount"));

    let listed = rows(&place.json(&["payouts", "list"], 0));
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0]["payout"]["amount"]["minor"], amount);
    assert_eq!(listed[0]["reason"]["code"], "booked");

    let shown = place.json(&["payouts", "show", &id], 0);
    let items = rows(&shown["items"]);
    assert_eq!(items.len(), rows(&truth["items"]).len(), "every item is kept");
    let documents = rows(&shown["documents"]);
    assert_eq!(documents.len(), invoices.len(), "a receipt for each payment: {documents:?}");
    for receipt in world.records("customerPayment") {
        assert!(documents.iter().any(|one| one["document"] == receipt["id"]), "{receipt}");
    }

    let own = rows(&shown["own_documents"]);
    assert_eq!(own.len(), 1, "one deposit: {own:?}");
    assert_eq!(own[0]["document"], world.records("deposit")[0]["id"]);
    assert_eq!(own[0]["at_bank"]["minor"], amount);
    let told = place.well(&["payouts", "show", &id]);
    let deposit = text(&own[0]["document"]);
    for words in ["75.00 GBP", "receipt ", "in the deposit", "deposit", &deposit] {
        assert!(told.contains(words), "{words}: {told}");
    }

    let csv = place.well(&["payouts", "export", &id]);
    let mut lines = csv.lines();
    let head: Vec<&str> = lines.next().expect("a head").split(',').collect();
    let column = head.iter().position(|name| *name == "amount_minor").expect("amounts");
    let amounts = lines.map(|line| line.split(',').nth(column).expect("a cell").to_owned());
    let sum: Decimal = amounts.map(|cell| cell.parse::<Decimal>().expect("a number")).sum();
    assert!((sum - Decimal::from(amount)).abs() < Decimal::ONE, "{sum} is not {amount}: {csv}");
    assert_eq!(place.well(&["payouts", "export"]), csv, "it is the only one");

    for name in ["tax_minor", "invoice", "customer_id", "documents"] {
        assert!(head.contains(&name), "{name}: {csv}");
    }
    assert!(csv.contains(&format!(",{},2001,", invoices[0])), "invoice and customer: {csv}");

    let objects = rows(&place.json(&["payouts", "export", &id], 0));
    assert_eq!(objects.len(), items.len(), "the same lines as JSON: {objects:?}");
    let lines = csv.lines().skip(1).map(|line| line.split(',').map(str::to_owned));
    for (object, line) in objects.iter().zip(lines) {
        let told = head.iter().map(|name| text(&object[*name]));
        assert_eq!(told.collect::<Vec<_>>(), line.collect::<Vec<_>>());
    }

    let proof = place.json(&["verify", "--link", "uk"], 0);
    assert_eq!(proof["proved"], true, "{proof}");
    let status = place.json(&["status"], 0);
    assert_eq!(status["status"]["commands_open"], 0);
    let told = place.well(&["show", &world.case(&invoices[0])]);
    for words in ["closed", "collect/", "receipt/", "done"] {
        assert!(told.contains(words), "{words}: {told}");
    }

    // Without the link nobody books what becomes of them.
    place.well(&["links", "off", "uk"]);
    let told = place.well(&["links", "remove", "uk"]);
    assert!(told.contains("0 open invoices, and 2 that were collected"), "{told}");
}

#[test]
fn slow_a_side_that_can_not_be_read_is_not_proved() {
    let (world, _, _) = World::live(&["75.00"], &[]);
    world.until("the deposit", 14, |world| !world.records("deposit").is_empty());
    assert_eq!(world.place.json(&["verify"], 0)["proved"], true);
    world.erp("/faults", &serde_json::json!({"block_integration": true, "expire_tokens": true}));
    let proof = world.place.json(&["verify"], 1);
    assert_eq!(proof["proved"], false);
    let findings = rows(&proof["proof"]["findings"]);
    assert!(findings.iter().any(|one| one["verdict"] == "not_proved"), "{findings:?}");
    assert!(findings.iter().all(|one| one["verdict"] != "differs"), "{findings:?}");
    world.erp("/faults", &serde_json::json!({"block_integration": false}));
    assert_eq!(world.place.json(&["verify"], 0)["proved"], true);
    // Somebody takes the deposit away in the ERP: that is a difference, and it is named.
    let deposit = text(&world.records("deposit")[0]["id"]);
    world.deed(&serde_json::json!({"do": "delete", "record": deposit}));
    let proof = world.place.json(&["verify"], 1);
    let findings = rows(&proof["proof"]["findings"]);
    let payout = text(&world.payouts()[0]["id"]);
    let named = findings.iter().find(|one| text(&one["what"]).contains(&payout));
    assert_eq!(named.map(|one| text(&one["verdict"])).as_deref(), Some("differs"), "{findings:?}");
}

#[test]
fn where_nothing_was_paid_there_is_nothing_to_prove() {
    let place = Place::with_processor();
    let said = place.well(&["verify"]);
    assert!(said.contains("nothing to prove yet"), "{said}");
    assert!(!said.contains("Proved to the penny"), "{said}");
    assert_eq!(place.json(&["verify"], 0)["nothing_to_prove"], true);
    assert_eq!(place.json(&["payouts", "export"], 0), serde_json::json!([]));
}

#[test]
fn a_second_init_replaces_nothing() {
    let place = Place::with_processor();
    let key = place.path().join("ml-connector-data").join("master.key");
    let before = std::fs::read(&key).expect("the master key");
    let config = place.path().join("ml-connector.toml");
    let written = std::fs::read(&config).expect("the configuration");
    let _ = place.run(&["init"]);
    assert_eq!(std::fs::read(&key).expect("the master key"), before);
    assert_eq!(std::fs::read(&config).expect("the configuration"), written);
    assert_eq!(place.json(&["connections", "list"], 0)[0]["id"], "gc");
}

/// What the plan shows under limits per run or day is what is then collected (mission row C13).
#[test]
fn slow_a_plan_keeps_to_the_limits() {
    for (limit, words) in [
        ("limits.run_count_max=2", "above the limit"),
        ("limits.day_count_max=2", "number per day"),
        ("limits.day_max={GBP=2500}", "amount per day"),
    ] {
        let (world, customer, _) = World::live(&[], &[limit]);
        for _ in 0..4 {
            world.invoice(&customer.id, "10.00");
        }
        let plan = world.place.json(&["plan", "uk"], 0);
        let (collect, skip) = (rows(&plan["collect"]), rows(&plan["skip"]));
        assert_eq!((collect.len(), skip.len()), (2, 2), "{limit}: {plan}");
        assert!(skip.iter().all(|line| text(&line["what"]).contains(words)), "{limit}: {plan}");
        world.sync();
        assert_eq!(world.payments().len(), 2, "{limit}");
    }
}
