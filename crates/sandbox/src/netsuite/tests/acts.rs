//! What people do in NetSuite's own UI.

use super::*;

fn refused(world: &World, body: Value) -> String {
    world.try_control(Method::POST, "/act", body).unwrap_err()
}

#[test]
fn a_person_edits_an_invoice() {
    let mut world = World::new();
    let id = world.invoice("100");
    world.later(10);
    let made = world.act(json!({"do": "edit_invoice", "invoice": id, "amount": "80.50",
        "fields": {"custbody_mlc_collect": true}}));
    assert_eq!((&made["total"], &made["custbody_mlc_collect"]), (&json!("80.5"), &json!(true)));
    assert_eq!(made["lastModifiedDate"], "2026-03-04T17:10:00Z");
    assert_eq!((world.balance(119), world.balance(400)), ("80.5".to_owned(), "-80.5".to_owned()));
    world.act(json!({"do": "record_payment", "invoice": id, "amount": "50", "account": 210}));
    let text = refused(&world, json!({"do": "edit_invoice", "invoice": id, "amount": "49"}));
    assert!(text.contains("less than the amount already applied"), "{text}");
    world.act(json!({"do": "set_field", "type": "invoice", "record": id,
        "fields": {"custbody_mlc_collect": false}}));
    assert_eq!(world.get(&format!("/invoice/{id}"))["custbody_mlc_collect"], false);
}

#[test]
fn a_person_credits_pays_applies_and_deposits() {
    let world = World::new();
    let id = world.invoice("100");
    world.act(json!({"do": "credit_invoice", "invoice": id, "amount": "30", "date": "2026-03-04"}));
    assert_eq!(world.get(&format!("/invoice/{id}"))["amountRemaining"], number("70.0"));
    let paid = world.act(json!({"do": "record_payment", "invoice": id, "date": "2026-03-04"}));
    assert_eq!(paid["unapplied"], "0");
    world.act(json!({"do": "unapply", "payment": paid["id"]}));
    assert_eq!(world.get(&format!("/invoice/{id}"))["amountRemaining"], number("70.0"));
    world.act(json!({"do": "apply", "payment": paid["id"], "invoice": id, "amount": "20"}));
    assert_eq!(world.get(&format!("/invoice/{id}"))["amountRemaining"], number("50.0"));
    let deposit = world.act(json!({"do": "deposit", "payments": [paid["id"]], "account": 210,
        "fee": {"account": 640, "amount": "1.5"}, "date": "2026-03-04"}));
    assert_eq!(deposit["total"], "68.5");
    assert_eq!(world.balance(210), "68.5");
    let text = refused(&world, json!({"do": "void", "record": paid["id"]}));
    assert!(text.contains("linked"), "{text}");
    world.act(json!({"do": "delete", "record": deposit["id"]}));
    world.act(json!({"do": "delete", "record": paid["id"]}));
    assert_eq!(world.balance(210), "0");
}

#[test]
fn voiding_follows_the_preference() {
    let world = World::new();
    let id = world.invoice("100");
    world.act(json!({"do": "void", "record": id}));
    let got = world.get(&format!("/invoice/{id}"));
    assert_eq!((&got["status"]["id"], &got["total"]), (&json!("V"), &number("0.0")));
    let q = "SELECT voided, posting FROM transaction WHERE id = ?";
    assert_eq!(world.query(q, json!([id]))[0], json!({"links": [], "voided": "T", "posting": "F"}));
    assert_eq!(world.balance(119), "0");
    world.patch(&format!("/invoice/{id}"), json!({"memo": "x"})).refused(
        400,
        "USER_ERROR",
        "voided",
    );
    world.seed(json!({"preferences": {"void_by_journal": true}}));
    let invoice = world.invoice("40");
    let paid = world.act(json!({"do": "record_payment", "invoice": invoice}));
    world.act(json!({"do": "period", "period": "2026-02-01", "set": "closed"}));
    world.act(json!({"do": "void", "record": paid["id"], "date": "2026-03-04"}));
    assert_eq!(world.get(&format!("/invoice/{invoice}"))["amountRemaining"], number("40.0"));
    assert_eq!((world.balance(116), world.balance(119)), ("0".to_owned(), "40".to_owned()));
    let journals = world.query("SELECT id FROM transaction WHERE type = 'Journal'", json!([]));
    assert_eq!(journals.as_array().unwrap().len(), 1);
}

#[test]
fn customers_are_edited_and_merged() {
    let world = World::new();
    let id = world.invoice("10");
    world.act(json!({"do": "edit_customer", "customer": "C-1007", "fields": {
        "companyName": "Brightmill Holdings", "email": "new@brightmill.example"}}));
    assert_eq!(world.get("/customer/1007")["companyName"], "Brightmill Holdings");
    world.act(json!({"do": "merge_customers", "from": 1007, "into": "crm-88"}));
    assert_eq!(world.get(&format!("/invoice/{id}"))["entity"]["id"], "1011");
    world.try_get("/customer/1007").refused(404, "NONEXISTENT_ID", "");
    let rows = world.query("SELECT recordid FROM deletedrecord", json!([]));
    assert_eq!(rows[0]["recordid"], "1007");
    assert_eq!(world.get("/customer/1011")["balance"], number("10.0"));
}

#[test]
fn unknown_deeds_and_names_are_refused() {
    let world = World::new();
    assert!(refused(&world, json!({"do": "dance"})).contains("unknown deed"));
    assert!(refused(&world, json!({"do": "approve", "record": "X"})).contains("no transaction"));
    assert!(refused(&world, json!({})).contains("missing"));
    let made = world
        .act(json!({"do": "create_invoice", "customer": 1007, "amount": "7", "number": "INV-9"}));
    assert_eq!(made["tranId"], "INV-9");
    world.act(json!({"do": "void", "record": "INV-9"}));
}

#[test]
fn every_deed_that_is_listed_is_known() {
    let page = include_str!("../../../../../docs/operating/sandbox-control/netsuite.md");
    for deed in crate::documented::deeds(page) {
        let told = World::new().try_control(Method::POST, "/act", json!({"do": deed}));
        assert!(!told.err().unwrap_or_default().contains("unknown deed"), "{deed}");
    }
}
