//! Closed and locked periods (netsuite sheet section 10.6).

use super::*;

const CLOSED: &str = "not within the date range of your accounting period";

fn close(world: &World, set: &str) {
    world.act(json!({"do": "period", "period": "2026-02-15", "set": set}));
}

fn payment_on(world: &World, external_id: &str, date: &str) -> Answer {
    let mut body = payment_body(external_id, "10", json!([]));
    body["tranDate"] = json!(date);
    world.post("/customerPayment", body)
}

#[test]
fn a_closed_period_takes_no_postings() {
    let world = World::new();
    let before = payment_on(&world, "p0", "2026-02-10").id();
    close(&world, "closed");
    payment_on(&world, "p1", "2026-02-10").refused(400, "USER_ERROR", CLOSED);
    let path = format!("/customerPayment/{before}");
    world.patch(&path, json!({"payment": 11})).refused(400, "USER_ERROR", CLOSED);
    world.patch(&path, json!({"tranDate": "2026-03-02"})).refused(400, "USER_ERROR", CLOSED);
    world.delete(&path).refused(400, "USER_ERROR", CLOSED);
    let refused = world.try_control(
        Method::POST,
        "/act",
        json!({"do": "record_payment", "customer": 1007, "amount": "5", "date": "2026-02-01"}),
    );
    assert!(refused.unwrap_err().contains(CLOSED));
    close(&world, "open");
    payment_on(&world, "p1", "2026-02-10").id();
}

#[test]
fn edits_without_gl_effect_need_the_flag() {
    let world = World::new();
    let invoice =
        world.seed(json!({"invoices": [{"customer": 1007, "amount": "10", "date": "2026-02-10"}]}));
    let invoice: i64 = invoice["invoices"][0].as_str().unwrap().parse().unwrap();
    close(&world, "closed");
    let path = format!("/invoice/{invoice}");
    world.patch(&path, json!({"custbody_mlc_gc_status": "paid"})).refused(
        400,
        "USER_ERROR",
        CLOSED,
    );
    world.act(
        json!({"do": "period", "period": "2026-02-15", "set": "closed", "allow_non_gl": true}),
    );
    world.patch(&path, json!({"custbody_mlc_gc_status": "paid"})).id();
    // A payment of today settles an invoice of the closed period all the same.
    let lines = json!([{"doc": {"id": invoice}, "apply": true}]);
    let payment = world.payment("p1", "10", lines).id();
    assert_eq!(world.get(&path)["status"]["id"], "B");
    let unapply = json!({"apply": {"items": [{"doc": {"id": invoice}, "apply": false}]}});
    world.patch(&format!("/customerPayment/{payment}"), unapply).id();
}

#[test]
fn unapplying_a_payment_of_a_closed_period_needs_the_flag() {
    let world = World::new();
    let invoice = world.invoice("10");
    let mut body = payment_body("p", "10", json!([{"doc": {"id": invoice}, "apply": true}]));
    body["tranDate"] = json!("2026-02-10");
    let payment = world.post("/customerPayment", body).id();
    close(&world, "closed");
    let unapply = json!({"apply": {"items": [{"doc": {"id": invoice}, "apply": false}]}});
    let path = format!("/customerPayment/{payment}");
    world.patch(&path, unapply.clone()).refused(400, "USER_ERROR", CLOSED);
    world.act(
        json!({"do": "period", "period": "2026-02-15", "set": "closed", "allow_non_gl": true}),
    );
    world.patch(&path, unapply).id();
}

#[test]
fn locks_yield_to_an_override() {
    let world = World::new();
    close(&world, "ar_locked");
    payment_on(&world, "p1", "2026-02-10").refused(400, "USER_ERROR", "locked");
    let journal = json!({"subsidiary": {"id": "2"}, "tranDate": "2026-02-10", "line": {"items": [
        {"account": {"id": "640"}, "debit": 3}, {"account": {"id": "210"}, "credit": 3}]}});
    world.post("/journalEntry", journal.clone()).id();
    close(&world, "all_locked");
    world.post("/journalEntry", journal.clone()).refused(400, "USER_ERROR", "locked");
    world.seed(json!({"role": {"permissions": ["ADMI_RESTWEBSERVICES", "TRAN_JOURNAL",
        "ADMI_PERIODOVERRIDE"]}}));
    world.post("/journalEntry", journal.clone()).id();
    close(&world, "closed");
    world.post("/journalEntry", journal).refused(400, "USER_ERROR", CLOSED);
}

#[test]
fn a_period_apart_from_the_date_is_a_matter_of_preference() {
    let world = World::new();
    let periods =
        world.query("SELECT id FROM accountingperiod WHERE periodname = 'Mar 2026'", json!([]));
    let mut body = payment_body("p1", "10", json!([]));
    body["tranDate"] = json!("2026-02-27");
    body["postingPeriod"] = json!({"id": periods[0]["id"]});
    world.post("/customerPayment", body.clone()).refused(400, "USER_ERROR", CLOSED);
    world.seed(json!({"preferences": {"date_period_mismatch": "allow"}}));
    let id = world.post("/customerPayment", body).id();
    let got = world.get(&format!("/customerPayment/{id}"));
    assert_eq!(got["postingPeriod"]["refName"], "Mar 2026");
    close(&world, "closed");
    payment_on(&world, "p2", "2026-02-27").refused(400, "USER_ERROR", CLOSED);
    world.seed(json!({"preferences": {"default_period_if_closed": true}}));
    let id = payment_on(&world, "p2", "2026-02-27").id();
    let got = world.get(&format!("/customerPayment/{id}"));
    assert_eq!(got["postingPeriod"]["refName"], "Mar 2026");
    payment_on(&world, "p3", "2031-01-01").refused(400, "USER_ERROR", CLOSED);
}
