//! The record service: customers, invoices, external ids, shapes, validation, lists
//! (netsuite sheet sections 5, 6 and 9.1 to 9.2).

use super::*;

#[test]
fn a_created_record_is_told_by_location_only() {
    let world = World::new();
    let answer = world.post(
        "/customer",
        json!({"companyName": "Acme", "subsidiary": {"id": "2"}, "externalId": "acme"}),
    );
    assert_eq!(answer.body, Value::Null);
    let id = answer.id();
    let location = format!("{BASE}{ROOT}/customer/{id}");
    assert_eq!(answer.location.as_deref(), Some(location.as_str()));
    let got = world.get("/customer/eid:acme");
    assert_eq!(got["id"], id.to_string());
    assert_eq!(got["subsidiary"]["refName"], "Brightworks UK");
    assert_eq!(got["currency"]["id"], "1");
    assert!(got.get("email").is_none(), "empty fields are omitted");
    assert_eq!(got["links"][0]["href"], format!("{BASE}{ROOT}/customer/eid:acme"));
}

#[test]
fn customers_are_validated() {
    let world = World::new();
    let post = |body: Value| world.post("/customer", body);
    let sub = json!({"id": "2"});
    post(json!({"subsidiary": sub})).refused(400, "USER_ERROR", "value for Company Name");
    post(json!({"companyName": "A"})).refused(400, "USER_ERROR", "Primary Subsidiary");
    post(json!({"isPerson": true, "firstName": "A", "subsidiary": sub})).refused(
        400,
        "USER_ERROR",
        "value for Last Name",
    );
    post(json!({"companyName": "A", "entityId": "c-1007", "subsidiary": sub})).refused(
        400,
        "USER_ERROR",
        "This entity already exists.",
    );
    post(json!({"companyName": "A", "subsidiary": {"id": "99"}})).refused(
        400,
        "INVALID_CONTENT",
        "following field: subsidiary",
    );
    post(json!({"companyName": "A", "email": "no", "subsidiary": sub})).refused(
        400,
        "INVALID_CONTENT",
        "email",
    );
}

#[test]
fn unknown_properties_follow_the_header() {
    let world = World::new();
    let strict = world.patch("/customer/1007", json!({"emial": "x"}));
    strict.refused(400, "INVALID_CONTENT", "emial");
    assert_eq!(strict.body["o:errorDetails"][0]["o:errorPath"], "emial");
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str())];
    let path = format!("{ROOT}/customer/1007");
    let lax = world.raw("PATCH", &path, &headers, r#"{"emial": "x", "PHONE": "123"}"#);
    assert_eq!(lax.status, 204);
    assert_eq!(world.get("/customer/1007")["phone"], "123");
    let undeclared = world.patch("/customer/1007", json!({"custentity_none": "x"}));
    undeclared.refused(400, "INVALID_CONTENT", "custentity_none");
    let wrong = [headers[0], ("X-NetSuite-PropertyNameValidation", "maybe")];
    assert_eq!(world.raw("PATCH", &path, &wrong, "{}").status, 400);
}

#[test]
fn null_clears_and_custom_fields_read_inline() {
    let world = World::new();
    let invoice = world.invoice("240.00");
    let path = format!("/invoice/{invoice}");
    world
        .patch(&path, json!({"custbody_mlc_gc_status": "submitted", "custbody_mlc_collect": true}))
        .id();
    let got = world.get(&path);
    assert_eq!(got["custbody_mlc_gc_status"], "submitted");
    assert_eq!(got["custbody_mlc_collect"], true);
    world.patch(&path, json!({"custbody_mlc_gc_status": null})).id();
    assert!(world.get(&path).get("custbody_mlc_gc_status").is_none());
}

#[test]
fn addresses_are_keyed_by_their_line() {
    let world = World::new();
    let address = json!({"addr1": "1 High St", "city": "Leeds", "country": {"id": "GB"}});
    let line = json!({"defaultBilling": true, "label": "HQ", "addressBookAddress": address});
    world.patch("/customer/1007", json!({"addressBook": {"items": [line]}})).id();
    let got = world.get("/customer/1007?expandSubResources=true");
    let stored = &got["addressBook"]["items"][0];
    assert_eq!(stored["addressBookAddress"]["country"]["id"], "GB");
    assert_eq!(got["addressBook"]["totalResults"], 1);
    let change = json!({"id": stored["id"], "label": "Head office"});
    world.patch("/customer/1007", json!({"addressBook": {"items": [change]}})).id();
    let got = world.get("/customer/1007?expand=addressBook");
    assert_eq!(got["addressBook"]["totalResults"], 1);
    assert_eq!(got["addressBook"]["items"][0]["label"], "Head office");
    assert!(got["currencyList"].get("items").is_none(), "only what was asked is inline");
}

#[test]
fn an_external_id_is_unique_over_all_transactions() {
    let world = World::new();
    let invoice = world.invoice("10");
    world.patch(&format!("/invoice/{invoice}"), json!({"externalId": "mlc-pay-PM1"})).id();
    world.payment("MLC-pay-PM1", "10", json!([])).refused(400, "USER_ERROR", "already exists");
    world.seed(json!({"settings": {"shared_external_ids": false}}));
    world.payment("mlc-pay-PM1", "10", json!([])).id();
    world.payment("mlc-pay-PM1", "10", json!([])).refused(400, "USER_ERROR", "already exists");
    world.delete("/customerPayment/eid:mlc-pay-PM1");
    world.payment("mlc-pay-PM1", "10", json!([])).id();
}

#[test]
fn a_refused_write_leaves_nothing_behind() {
    let world = World::new();
    let invoice = world.invoice("10");
    let before = world.truth()["records"].clone();
    let lines = json!([{"doc": {"id": invoice}, "apply": true, "amount": 11}]);
    world.payment("p1", "11", lines).refused(400, "USER_ERROR", "cannot exceed");
    assert_eq!(world.truth()["records"], before);
    world.try_get("/customerPayment/eid:p1").refused(404, "NONEXISTENT_ID", "does not exist");
}

#[test]
fn wrong_ids_are_refused_in_the_vendors_ways() {
    let world = World::new();
    let invoice = world.invoice("10");
    world.try_get("/invoice/999999").refused(400, "USER_ERROR", "Transaction type specified");
    world.try_get(&format!("/customerPayment/{invoice}")).refused(
        400,
        "USER_ERROR",
        "Transaction type specified is incorrect.",
    );
    world.try_get("/customer/999999").refused(404, "NONEXISTENT_ID", "record instance");
    world.try_get("/invoice/000").refused(400, "INVALID_ID", "identifier '000'");
    let unknown = world.try_get("/taxItem/1");
    unknown.refused(404, "NONEXISTENT_ID", "Record type 'taxItem' does not exist.");
    assert!(unknown.body["o:errorDetails"][0]["o:errorUrl"].is_string());
    assert_eq!(world.call("PUT", &format!("{ROOT}/customer/1007"), &json!({})).status, 405);
}

#[test]
fn upsert_needs_an_external_id_and_creates_or_changes() {
    let world = World::new();
    let path = format!("{ROOT}/customer/eid:up-1");
    let body = json!({"companyName": "Up", "subsidiary": {"id": "2"}});
    let first = world.call("PUT", &path, &body).id();
    let second = world.call("PUT", &path, &json!({"phone": "5"})).id();
    assert_eq!(first, second);
    assert_eq!(world.get("/customer/eid:up-1")["phone"], "5");
    let other = json!({"externalId": "other"});
    assert_eq!(world.call("PUT", &path, &other).status, 400);
}

#[test]
fn invoice_lines_merge_by_line_and_totals_follow() {
    let world = World::new();
    let body = json!({
        "entity": {"id": "1007"}, "tranDate": "2026-03-01", "terms": {"id": "1"},
        "item": {"items": [
            {"item": {"id": "304"}, "quantity": 2, "rate": 49.00},
            {"item": {"id": "304"}, "amount": 100, "taxRate1": 20}]},
    });
    let id = world.post("/invoice", body).id();
    let got = world.get(&format!("/invoice/{id}?expandSubResources=true"));
    assert_eq!(got["subtotal"], number("198.0"));
    assert_eq!(got["taxTotal"], number("20.0"));
    assert_eq!(got["total"], number("218.0"));
    assert_eq!(got["dueDate"], "2026-03-31");
    assert_eq!(got["status"]["refName"], "Open");
    assert_eq!(got["item"]["items"][1]["line"], 2);
    world
        .patch(
            &format!("/invoice/{id}"),
            json!({"item": {"items": [{"line": 1, "quantity": 3}, {"item": {"id": "304"}, "amount": 1}]}}),
        )
        .id();
    let got = world.get(&format!("/invoice/{id}?expandSubResources=true"));
    assert_eq!(got["item"]["totalResults"], 3);
    assert_eq!(got["total"], number("268.0"));
    let one = json!({"item": {"items": [{"line": 2, "amount": 5, "taxRate1": 0}]}});
    world.patch(&format!("/invoice/{id}?replace=item"), one).id();
    assert_eq!(world.get(&format!("/invoice/{id}"))["total"], number("5.0"));
    assert_eq!(world.balance(119), "5");
    assert_eq!(world.balance(232), "0");
}

#[test]
fn amounts_fit_the_currency() {
    let world = World::new();
    let post = |amount: &str| {
        world.post(
            "/invoice",
            json!({"entity": {"id": "1007"},
                "item": {"items": [{"item": {"id": "304"}, "amount": number(amount)}]}}),
        )
    };
    post("10.005").refused(400, "INVALID_CONTENT", "10.005");
    let text = json!({"entity": {"id": "1007"},
        "item": {"items": [{"item": {"id": "304"}, "amount": "10.00"}]}});
    let refused = world.post("/invoice", text);
    refused.refused(400, "INVALID_CONTENT", "amount");
    let place = &refused.body["o:errorDetails"][0]["o:errorPath"];
    assert_eq!(*place, "item.items[0].amount");
    world.seed(json!({"settings": {"round_amounts": true}}));
    let id = post("10.005").id();
    assert_eq!(world.get(&format!("/invoice/{id}"))["total"], number("10.01"));
}

#[test]
fn a_customer_transacts_in_listed_currencies_only() {
    let world = World::new();
    let post = |customer: &str| {
        world.post(
            "/invoice",
            json!({"entity": {"id": customer}, "currency": {"id": "2"},
                "item": {"items": [{"item": {"id": "304"}, "amount": 10}]}}),
        )
    };
    post("1011").refused(400, "INVALID_CONTENT", "currency");
    let list = json!({"currencyList": {"items": [{"currency": {"id": "2"}}]}});
    world.patch("/customer/1011", list).id();
    let id = post("1011").id();
    assert_eq!(world.get(&format!("/invoice/{id}"))["exchangeRate"], number("0.85"));
    assert_eq!(world.balance(119), "8.5");
    world.patch("/customer/1011", json!({"isInactive": true})).id();
    post("1011").refused(400, "INVALID_CONTENT", "entity");
}

#[test]
fn an_invoice_under_approval_does_not_post() {
    let world = World::with(json!({"preferences": {"invoice_approval": true}}));
    let id = world.invoice("50");
    let got = world.get(&format!("/invoice/{id}"));
    assert_eq!(got["status"]["id"], "D");
    assert_eq!(world.balance(119), "0");
    let lines = json!([{"doc": {"id": id}, "apply": true, "amount": 50}]);
    world.payment("p", "50", lines.clone()).refused(400, "USER_ERROR", "matching line");
    world.act(json!({"do": "approve", "invoice": id}));
    assert_eq!(world.balance(119), "50");
    world.payment("p", "50", lines).id();
    let paid = world.get(&format!("/invoice/{id}"));
    assert_eq!(paid["status"]["refName"], "Paid In Full");
    assert_eq!(paid["amountRemaining"], number("0.0"));
}

#[test]
fn permissions_of_the_role_are_enforced() {
    let world = World::with(json!({"role": {"permissions": [
        "ADMI_RESTWEBSERVICES", "LIST_CUSTJOB:View", "REPO_ANALYTICS", "TRAN_FIND"]}}));
    world.get("/customer/1007");
    world.patch("/customer/1007", json!({"phone": "1"})).refused(
        403,
        "INSUFFICIENT_PERMISSION",
        "Lists -> Customers",
    );
    world.try_get("/invoice").refused(403, "INSUFFICIENT_PERMISSION", "Invoice");
    let refused = world.query_call("SELECT id FROM account", json!([]), "");
    refused.refused(400, "INVALID_PARAMETER", "Record 'account' was not found.");
    assert_eq!(refused.body["o:errorDetails"][0]["o:errorQueryParam"], "q");
    world.seed(json!({"role": {"permissions": ["ADMI_RESTWEBSERVICES"]}}));
    let refused = world.query_call("SELECT id FROM customer", json!([]), "");
    refused.refused(403, "INSUFFICIENT_PERMISSION", "SuiteAnalytics");
}

#[test]
fn collections_page_and_filter() {
    let mut world = World::new();
    for amount in ["10", "20", "30", "40", "50", "60", "70"] {
        world.invoice(amount);
    }
    let page = world.get("/invoice?limit=3&offset=3");
    assert_eq!((&page["count"], &page["hasMore"]), (&json!(3), &json!(true)));
    assert_eq!(page["totalResults"], 7);
    assert!(page["items"][0]["id"].is_string());
    assert_eq!(page["items"][0].as_object().unwrap().len(), 2, "only links and id");
    let rels: Vec<&str> = page["links"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| link["rel"].as_str().unwrap())
        .collect();
    assert_eq!(rels, ["previous", "first", "next", "last", "self"]);
    let last = page["links"][3]["href"].as_str().unwrap();
    assert!(last.contains("offset=0"), "the last link is as wrong as in real answers: {last}");
    world.try_get("/invoice?limit=3&offset=2").refused(400, "INVALID_PARAMETER", "divisible");
    world.try_get("/invoice?limit=1001").refused(400, "INVALID_PARAMETER", "limit");
    let filtered = world.get("/invoice?q=total%20GREATER%2020%20AND%20total%20LESS_OR_EQUAL%2050");
    assert_eq!(filtered["totalResults"], 3);
    let named = world
        .get("/customer?q=(companyName%20START_WITH%20%22north%22)%20OR%20id%20ANY_OF%20[1007]");
    assert_eq!(named["totalResults"], 2);
    world.later(60 * 24 * 3);
    world.patch("/customer/1007", json!({"phone": "9"})).id();
    let dated = world.get("/customer?q=lastModifiedDate%20ON_OR_AFTER%20%223/6/2026%22");
    assert_eq!(dated["totalResults"], 1);
    world.try_get("/customer?q=nothing%20IS%20%22x%22").refused(
        400,
        "INVALID_PARAMETER",
        "nothing",
    );
}

#[test]
fn views_of_a_record() {
    let world = World::new();
    let id = world.invoice("10");
    let plain = world.get(&format!("/invoice/{id}?simpleEnumFormat=true&fields=status,total"));
    assert_eq!(plain["status"], "A");
    assert!(plain.get("entity").is_none());
    let sub = world.get(&format!("/invoice/{id}/item"));
    assert_eq!(sub["items"][0]["amount"], number("10.0"));
    let line = world.get(&format!("/invoice/{id}/item/1"));
    assert_eq!(line["item"]["refName"], "Consulting");
    world.try_get(&format!("/invoice/{id}?fields=nonsense")).refused(400, "INVALID_PARAMETER", "");
    let got = world.get(&format!("/INVOICE/{id}"));
    assert_eq!(got["links"][0]["href"], format!("{BASE}{ROOT}/INVOICE/{id}"));
    assert_eq!(got["createdDate"], "2026-03-04T17:00:00Z");
}

#[test]
fn transforms_prefill_from_the_invoice() {
    let world = World::new();
    let id = world.invoice("80");
    let path = format!("/invoice/{id}/!transform/creditMemo");
    let items = json!({"items": [{"item": {"id": "304"}, "amount": 30}]});
    let credit = world.post(&path, json!({"item": items, "externalId": "cm-1"})).id();
    let memo = world.get(&format!("/creditMemo/{credit}"));
    assert_eq!(memo["createdFrom"]["id"], id.to_string());
    assert_eq!(memo["status"]["refName"], "Fully Applied");
    assert_eq!(world.get(&format!("/invoice/{id}"))["amountRemaining"], number("50.0"));
    let paid = world.post(&format!("/invoice/{id}/!transform/customerPayment"), json!({})).id();
    let payment = world.get(&format!("/customerPayment/{paid}"));
    assert_eq!(payment["payment"], number("50.0"));
    let nothing = world.post(&format!("/invoice/{id}/!transform/customerPayment"), json!({}));
    assert_eq!(nothing.status, 400);
    world.post(&format!("/invoice/{id}/!transform/journalEntry"), json!({})).refused(
        400,
        "USER_ERROR",
        "transformation is not allowed",
    );
}

#[test]
fn custom_records_are_plain_records() {
    let world = World::with(json!({"custom_records": [{"id": "customrecord_mlc_payout",
        "fields": [{"id": "custrecord_mlc_amount", "type": "decimal"},
                   {"id": "custrecord_mlc_done", "type": "checkbox"}]}]}));
    let body = json!({"name": "PO1", "externalId": "po-1", "custrecord_mlc_amount": 12.34,
        "custrecord_mlc_done": true});
    let id = world.post("/customrecord_mlc_payout", body).id();
    let got = world.get(&format!("/customrecord_mlc_payout/{id}"));
    assert_eq!(got["custrecord_mlc_amount"], number("12.34"));
    let rows = world.query(
        "SELECT id, custrecord_mlc_done AS done FROM customrecord_mlc_payout WHERE name = 'PO1'",
        json!([]),
    );
    assert_eq!(rows, json!([{"links": [], "id": id.to_string(), "done": "T"}]));
    assert_eq!(world.delete("/customrecord_mlc_payout/eid:po-1").status, 204);
    world.try_get("/customrecord_other/1").refused(404, "NONEXISTENT_ID", "customrecord_other");
}

#[test]
fn deleting_leaves_a_trace_and_frees_nothing_that_is_linked() {
    let world = World::new();
    let id = world.invoice("80");
    let lines = json!([{"doc": {"id": id}, "apply": true}]);
    let payment = world.payment("p1", "80", lines).id();
    world.delete(&format!("/invoice/{id}")).refused(400, "USER_ERROR", "linked");
    assert_eq!(world.delete(&format!("/customerPayment/{payment}")).status, 204);
    let invoice = world.get(&format!("/invoice/{id}"));
    assert_eq!(invoice["status"]["id"], "A");
    assert_eq!(invoice["amountRemaining"], number("80.0"));
    assert_eq!(world.delete(&format!("/invoice/{id}")).status, 204);
    let rows =
        world.query("SELECT recordid, scriptid FROM deletedrecord ORDER BY recordid", json!([]));
    assert_eq!(rows[0]["scriptid"], "invoice");
    assert_eq!(rows[1]["recordid"], payment.to_string());
    assert_eq!(world.balance(119), "0");
    assert_eq!(world.delete("/customer/1011").status, 204);
}

#[test]
fn system_answers() {
    let world = World::new();
    let time = world.call("GET", "/services/rest/system/v1/serverTime", &Value::Null);
    assert_eq!(time.body["serverTime"], "2026-03-04T17:00:00Z");
    let limits = "/services/rest/system/v1/governanceLimits";
    world.call("GET", limits, &Value::Null).refused(403, "INSUFFICIENT_PERMISSION", "");
    world.seed(json!({"settings": {"administrator": true}}));
    assert_eq!(world.call("GET", limits, &Value::Null).body["accountConcurrencyLimit"], 5);
    assert_eq!(world.raw("OPTIONS", "/services/rest/*", &[], "").status, 204);
    assert_eq!(world.call("GET", "/services/rest/nothing", &Value::Null).status, 404);
    let refused = world.net.refuse_concurrent(world.now, BASE);
    taken_apart(refused).refused(429, "CONCURRENCY_LIMIT_EXCEEDED", "Request blocked");
    assert_eq!(world.truth()["concurrency_refusals"], 1);
    assert_eq!(world.truth()["requests"][format!("GET {limits}")], 2);
}
