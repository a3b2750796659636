//! Payments and what they settle (netsuite sheet sections 9.3, 9.4, 10.1, 10.2, 10.8).

use super::*;

#[test]
fn a_payment_settles_an_invoice() {
    let world = World::new();
    let invoice = world.invoice("240.00");
    let lines = json!([{"doc": {"id": invoice}, "line": 0, "apply": true, "amount": 240.00}]);
    let id = world.payment("mlc-pay-PM00A1", "240.00", lines).id();
    let got = world.get("/customerPayment/eid:mlc-pay-PM00A1?expandSubResources=true");
    assert_eq!(got["id"], id.to_string());
    assert_eq!(got["account"]["refName"], "1499 Undeposited Funds");
    assert_eq!(got["undepFunds"], true);
    assert_eq!(got["status"], json!({"links": [], "id": "B", "refName": "Not Deposited"}));
    assert_eq!((&got["applied"], &got["unapplied"]), (&number("240.0"), &number("0.0")));
    let line = &got["apply"]["items"][0];
    assert_eq!(line["doc"]["id"], invoice.to_string());
    assert_eq!((&line["due"], &line["total"]), (&number("240.0"), &number("240.0")));
    assert_eq!((&line["type"], &line["line"]), (&json!("Invoice"), &json!(0)));
    assert_eq!(world.get(&format!("/invoice/{invoice}"))["status"]["id"], "B");
    assert_eq!((world.balance(116), world.balance(119)), ("240".to_owned(), "0".to_owned()));
}

#[test]
fn the_rest_stays_unapplied_and_nothing_is_applied_by_itself() {
    let world = World::new();
    let invoice = world.invoice("100");
    let lines = json!([{"doc": {"id": invoice}, "apply": true}]);
    let id = world.payment("p1", "150", lines).id();
    assert_eq!(world.get(&format!("/customerPayment/{id}"))["unapplied"], number("50.0"));
    let second = world.invoice("70");
    let id = world.payment("p2", "70", json!([])).id();
    assert_eq!(world.get(&format!("/customerPayment/{id}"))["unapplied"], number("70.0"));
    assert_eq!(world.get(&format!("/invoice/{second}"))["amountRemaining"], number("70.0"));
    let body =
        json!({"customer": {"id": "1007"}, "payment": 60, "undepFunds": "T", "autoApply": true});
    world.post("/customerPayment", body).id();
    assert_eq!(world.get(&format!("/invoice/{second}"))["amountRemaining"], number("10.0"));
}

#[test]
fn lines_that_are_not_open_for_the_payer_do_not_match() {
    let world = World::new();
    let paid = world.invoice("10");
    world.payment("p1", "10", json!([{"doc": {"id": paid}, "apply": true}])).id();
    let line = |doc: i64| json!([{"doc": {"id": doc}, "apply": true, "amount": 10}]);
    let text = format!(
        "Unable to find a matching line for sub-list apply with key: [doc,line] and value: [{paid},null]."
    );
    world.payment("p2", "10", line(paid)).refused(400, "USER_ERROR", &text);
    let other = world.seed(json!({"invoices": [{"customer": 1011, "amount": "10"}]}));
    let other: i64 = other["invoices"][0].as_str().unwrap().parse().unwrap();
    world.payment("p2", "10", line(other)).refused(400, "USER_ERROR", "matching line");
    let euro = world.seed(json!({"invoices": [{"customer": 1007, "amount": "10", "currency": 2}]}));
    let euro: i64 = euro["invoices"][0].as_str().unwrap().parse().unwrap();
    world.payment("p2", "10", line(euro)).refused(400, "USER_ERROR", "matching line");
    world.seed(json!({"accounts": [{"id": 120, "number": "1101", "name": "Second A/R", "type": "AcctRec"}]}));
    let open = world.invoice("10");
    let mut body = payment_body("p2", "10", line(open));
    body["arAcct"] = json!({"id": "120"});
    world.post("/customerPayment", body).refused(400, "USER_ERROR", "matching line");
    world.payment("p2", "10", json!([{"doc": {"id": open}, "line": 3, "apply": true}])).refused(
        400,
        "USER_ERROR",
        &format!("[{open},3]"),
    );
}

#[test]
fn over_application_is_refused() {
    let world = World::new();
    let (first, second) = (world.invoice("100"), world.invoice("100"));
    let both = json!([{"doc": {"id": first}, "apply": true, "amount": 100},
                      {"doc": {"id": second}, "apply": true, "amount": 1}]);
    world.payment("p", "100", both).refused(400, "USER_ERROR", "cannot exceed");
    let more = json!([{"doc": {"id": first}, "apply": true, "amount": 100.01}]);
    world.payment("p", "200", more).refused(400, "USER_ERROR", "cannot exceed");
}

#[test]
fn unapplying_merges_by_document() {
    let mut world = World::new();
    let (first, second) = (world.invoice("100"), world.invoice("40"));
    let both =
        json!([{"doc": {"id": first}, "apply": true}, {"doc": {"id": second}, "apply": true}]);
    let id = world.payment("p", "140", both).id();
    let before = world.get(&format!("/invoice/{first}"))["lastModifiedDate"].clone();
    world.later(5);
    let body = json!({"customer": {"id": "1007"},
        "apply": {"items": [{"doc": {"id": first}, "apply": false}]}});
    world.patch(&format!("/customerPayment/{id}"), body).id();
    let invoice = world.get(&format!("/invoice/{first}"));
    assert_eq!(invoice["status"]["id"], "A");
    assert_eq!(invoice["amountRemaining"], number("100.0"));
    assert_ne!(invoice["lastModifiedDate"], before);
    assert_eq!(world.get(&format!("/invoice/{second}"))["status"]["id"], "B");
    assert_eq!(world.get(&format!("/customerPayment/{id}"))["unapplied"], number("100.0"));
    let zero = json!({"apply": {"items": [{"doc": {"id": second}, "amount": 0}]}});
    world.patch(&format!("/customerPayment/{id}"), zero).id();
    assert_eq!(world.get(&format!("/customerPayment/{id}"))["unapplied"], number("140.0"));
}

#[test]
fn where_the_money_goes_must_be_said() {
    let world = World::new();
    let mut body = payment_body("p", "10", json!([]));
    body.as_object_mut().unwrap().remove("undepFunds");
    world.post("/customerPayment", body.clone()).refused(
        400,
        "USER_ERROR",
        "value(s) for: Account",
    );
    body["account"] = json!({"id": "116"});
    world.post("/customerPayment", body.clone()).refused(400, "INVALID_CONTENT", "account");
    body["account"] = json!({"id": "640"});
    world.post("/customerPayment", body.clone()).refused(400, "INVALID_CONTENT", "account");
    body["account"] = json!({"id": "211"});
    world.post("/customerPayment", body.clone()).refused(400, "INVALID_CONTENT", "account");
    body["account"] = json!({"id": "210"});
    let id = world.post("/customerPayment", body.clone()).id();
    assert_eq!(world.get(&format!("/customerPayment/{id}"))["status"]["id"], "C");
    world.seed(json!({"preferences": {"undeposited_funds": true}}));
    body.as_object_mut().unwrap().remove("account");
    body["externalId"] = json!("p2");
    let id = world.post("/customerPayment", body).id();
    assert_eq!(world.get(&format!("/customerPayment/{id}"))["status"]["id"], "B");
    for (form, read) in [("letter", json!("T")), ("boolean", json!(true))] {
        world.seed(json!({"settings": {"undep_funds_form": form}}));
        assert_eq!(world.get(&format!("/customerPayment/{id}"))["undepFunds"], read);
    }
    world.seed(json!({"settings": {"undep_funds_form": "object"}}));
    assert_eq!(world.get(&format!("/customerPayment/{id}"))["undepFunds"]["id"], "T");
}

#[test]
fn rates_that_differ_realise_a_gain() {
    let world = World::new();
    let euro = world.seed(json!({"invoices": [
        {"customer": 1007, "amount": "100", "currency": 2, "date": "2026-03-01"}]}));
    let euro: i64 = euro["invoices"][0].as_str().unwrap().parse().unwrap();
    let body = json!({"customer": {"id": "1007"}, "currency": {"id": "2"}, "exchangeRate": 0.9,
        "payment": 100, "undepFunds": true, "tranDate": "2026-03-02",
        "apply": {"items": [{"doc": {"id": euro}, "apply": true}]}});
    let id = world.post("/customerPayment", body).id();
    assert_eq!(world.balance(116), "90");
    assert_eq!(world.balance(119), "0");
    assert_eq!(world.balance(660), "-5");
    let apart = json!({"apply": {"items": [{"doc": {"id": euro}, "apply": false}]}});
    world.patch(&format!("/customerPayment/{id}"), apart).id();
    assert_eq!((world.balance(119), world.balance(660)), ("-5".to_owned(), "0".to_owned()));
}

#[test]
fn the_base_currency_has_no_rate_of_its_own() {
    let world = World::new();
    let mut body = payment_body("p", "10", json!([]));
    body["exchangeRate"] = number("1.0");
    world.post("/customerPayment", body.clone()).id();
    body["externalId"] = json!("p2");
    body["exchangeRate"] = number("1.1");
    world.post("/customerPayment", body).refused(400, "INVALID_CONTENT", "exchangerate");
}

#[test]
fn a_credit_memo_settles_and_is_refunded() {
    let world = World::new();
    let invoice = world.invoice("100");
    let body = json!({"entity": {"id": "1007"}, "tranDate": "2026-03-03", "externalId": "cm",
        "item": {"items": [{"item": {"id": "304"}, "amount": 60}]},
        "apply": {"items": [{"doc": {"id": invoice}, "apply": true, "amount": 40}]}});
    let memo = world.post("/creditMemo", body).id();
    let got = world.get(&format!("/creditMemo/{memo}"));
    assert_eq!((&got["status"]["id"], &got["unapplied"]), (&json!("A"), &number("20.0")));
    assert_eq!(world.get(&format!("/invoice/{invoice}"))["amountRemaining"], number("60.0"));
    let refund = |amount: i64| {
        json!({"customer": {"id": "1007"}, "account": {"id": "210"}, "arAcct": {"id": "119"},
            "tranDate": "2026-03-04",
            "apply": {"items": [{"doc": {"id": memo}, "apply": true, "amount": amount}]}})
    };
    world.post("/customerRefund", refund(21)).refused(400, "USER_ERROR", "cannot exceed");
    world.post("/customerRefund", refund(20)).id();
    assert_eq!(world.get(&format!("/creditMemo/{memo}"))["status"]["id"], "B");
    world.post("/customerRefund", refund(1)).refused(400, "USER_ERROR", "matching line");
    let none = json!({"customer": {"id": "1007"}, "account": {"id": "210"}});
    world.post("/customerRefund", none).refused(400, "USER_ERROR", "at least one credit");
    world.delete(&format!("/creditMemo/{memo}")).refused(400, "USER_ERROR", "linked");
    assert_eq!((world.balance(210), world.balance(119)), ("-20".to_owned(), "60".to_owned()));
}
