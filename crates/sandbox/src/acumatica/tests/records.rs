//! Writing: upserts and their conditions, rows, custom fields, the schema.

use super::*;

#[test]
fn puts_create_or_change_and_conditions_decide() {
    let world = World::new();
    let body = |name: &str| json!({"CustomerID": {"value": "C1"}, "CustomerName": {"value": name}});
    let absent = [("If-None-Match", "*")];
    let present = [("If-Match", "*")];
    assert_eq!(world.call_with("PUT", "/Customer", &present, &body("x")).status, 412);
    assert_eq!(world.call("PATCH", "/Customer", &body("x")).status, 404);
    assert_eq!(world.call_with("PUT", "/Customer", &absent, &body("One")).status, 200);
    assert_eq!(world.call_with("PUT", "/Customer", &absent, &body("Two")).status, 412);
    assert_eq!(world.call_with("PUT", "/Customer", &present, &body("Two")).status, 200);
    assert_eq!(world.call("PATCH", "/Customer", &body("Three")).status, 200);
    assert_eq!(world.call_with("PATCH", "/Customer", &absent, &body("x")).status, 412);
    assert_eq!(
        world.call_with("PUT", "/Customer", &[("If-Match", "\"1\"")], &body("x")).status,
        400
    );
    assert_eq!(world.value("/Customer/C1", "CustomerName"), "Three");
    let empty =
        world.call_with("PUT", "/Customer", &[("Content-Type", "application/json")], &Value::Null);
    assert_eq!(empty.status, 400);
    assert_eq!(empty.body["modelState"][""][0], "The request body should not be empty.");
    assert_eq!(world.call("POST", "/Customer", &body("x")).status, 405);
    assert_eq!(world.call("DELETE", "/Customer/C1", &Value::Null).status, 204);
    world.call("GET", "/Customer/C1", &Value::Null).exception(500, "No entity satisfies");
    assert_eq!(world.put("/Account", json!({"AccountCD": {"value": "1"}})).status, 403);
}

#[test]
fn a_filter_in_the_url_matches_the_record() {
    let world = World::new();
    let invoice = world.invoice("100");
    let path = "/Payment?$filter=ExternalRef eq 'PM1'";
    let first = world.put(path, payment_body("PM1", "10", &invoice)).ok();
    let again = json!({"Description": {"value": "again"}});
    let second = world.put(path, again).ok();
    assert_eq!(first["id"], second["id"]);
    world.act(
        json!({"do": "record_payment", "customer": "C000200", "amount": "1", "date": "2025-03-05"}),
    );
    world.act(
        json!({"do": "record_payment", "customer": "C000200", "amount": "1", "date": "2025-03-05"}),
    );
    let several = world.put("/Payment?$filter=CustomerID eq 'C000200'", json!({}));
    several.exception(500, "More than one");
}

#[test]
fn rows_without_keys_are_new_rows() {
    let world = World::new();
    let line = |amount: i64| {
        json!({"TransactionDescription": {"value": "x"}, "Qty": {"value": 1},
        "UnitPrice": {"value": amount}, "Account": {"value": "40000"}})
    };
    let made = world
        .put(
            "/Invoice?$expand=Details",
            json!({"Customer": {"value": "C000123"},
        "Date": {"value": "2025-03-05"}, "Details": [line(10)]}),
        )
        .ok();
    assert_eq!(made["Status"]["value"], "On Hold");
    let again = |rows: Value| {
        let body = json!({"id": made["id"], "Details": rows});
        world.put("/Invoice?$expand=Details", body).ok()
    };
    let twice = again(json!([line(10)]));
    assert_eq!(twice["Amount"]["value"], number("20.0"), "the classic duplicate");
    let row = &twice["Details"][0]["id"];
    let changed = again(json!([{"id": row, "UnitPrice": {"value": 1}}]));
    assert_eq!(changed["Amount"]["value"], number("11.0"));
    let changed = again(json!([{"LineNbr": {"value": 2}, "UnitPrice": {"value": 2}}]));
    assert_eq!(changed["Amount"]["value"], number("3.0"));
    let fewer = again(json!([{"LineNbr": {"value": 2}, "delete": true}]));
    assert_eq!(fewer["Details"].as_array().unwrap().len(), 1);
    // Ids of rows hold in the session that read them.
    world.seed(json!({"tokens": [{"token": "other"}]}));
    let body = json!({"id": made["id"], "Details": [{"id": row, "UnitPrice": {"value": 5}}]});
    let headers = [("Authorization", "Bearer other"), ("Content-Type", "application/json")];
    let refused = world.raw("PUT", &format!("{ROOT}/Invoice"), &headers, &body.to_string());
    refused.exception(500, "No entity satisfies");
}

#[test]
fn taxes_follow_the_category() {
    let world = World::new();
    world.seed(json!({"invoices": [{"customer": "C000123", "amount": "100.10",
        "date": "2025-03-05", "tax_category": "STANDARD"}]}));
    let invoice = world.get("/Invoice/Invoice/000001?$expand=TaxDetails");
    assert_eq!(invoice["TaxTotal"]["value"], number("20.02"));
    assert_eq!(invoice["Amount"]["value"], number("120.12"));
    assert_eq!(invoice["TaxDetails"][0]["TaxID"]["value"], "VAT20");
    assert_eq!(
        (world.balance("11000"), world.balance("22000")),
        ("120.12".into(), "-20.02".into())
    );
}

#[test]
fn custom_fields_are_kept_or_lost_in_silence() {
    let world = World::new();
    let invoice = world.invoice("100");
    let put = |view: &str, field: &str| {
        let mut views = serde_json::Map::new();
        views.insert(
            view.to_owned(),
            json!({field: {"type": "CustomStringField", "value": "submitted"}}),
        );
        let body = json!({"ReferenceNbr": {"value": invoice}, "custom": views});
        world.put(&format!("/Invoice?$custom={view}.{field}"), body).ok()["custom"].clone()
    };
    assert_eq!(
        put("Document", "AttributeGCSTATE")["Document"]["AttributeGCSTATE"]["value"],
        "submitted"
    );
    assert_eq!(put("Document", "AttributeTYPO"), json!({}));
    assert_eq!(put("Wrong", "AttributeGCSTATE"), json!({}));
    let found = "/Invoice?$filter=cf.String(f='Document.AttributeGCSTATE') eq 'submitted'";
    assert_eq!(world.get(found).as_array().unwrap().len(), 1);
    // In a row the same holds.
    world.seed(json!({"user_fields": [
        {"entity": "Invoice", "view": "Transactions", "field": "UsrCostUnit"}]}));
    let node =
        |field: &str| json!({"Transactions": {field: {"type": "CustomStringField", "value": "7"}}});
    let row = |field: &str| json!({"LineNbr": {"value": 1}, "custom": node(field)});
    let made =
        world.seed(json!({"invoices": [{"customer": "C000123", "amount": "5", "release": false}]}));
    let id = made["invoices"][0]["id"].clone();
    for (field, kept) in [("UsrCostUnit", node("UsrCostUnit")), ("UsrTypo", json!({}))] {
        let body = json!({"id": id, "Details": [row(field)]});
        let path = format!("/Invoice?$expand=Details&$custom=Details/Transactions.{field}");
        let answer = world.put(&path, body).ok();
        assert_eq!(answer["Details"][0]["custom"], kept, "{field}");
    }
    let schema = world.get("/Invoice/$adHocSchema");
    assert!(schema["custom"]["Document"].get("AttributeGCSTATE").is_some());
}

#[test]
fn methods_periods_and_accounts_are_listed() {
    let world = World::new();
    let method = world.get("/PaymentMethod/GOCARDLESS?$expand=AllowedCashAccounts");
    let accounts = method["AllowedCashAccounts"].as_array().unwrap();
    assert_eq!(accounts[0]["CashAccount"]["value"], "10250");
    assert_eq!(
        (&accounts[0]["ARDefault"]["value"], &accounts[1]["ARDefault"]["value"]),
        (&json!(true), &json!(false))
    );
    for path in ["/FinancialPeriod/2025", "/CompanyFinancialPeriod/MAIN/2025"] {
        world.act(json!({"do": "period", "period": "2025-02-10", "set": "ar_closed"}));
        let year = world.get(&format!("{path}?$expand=Details"));
        let name = if path.starts_with("/Company") { "ClosedInAR" } else { "Status" };
        assert_eq!(year["Details"].as_array().unwrap().len(), 12);
        assert_eq!(year["Details"][2]["FinancialPeriodID"]["value"], "032025");
        assert!(year["Details"][1].get(name).is_some());
    }
    let other = world.call("GET", "/CompanyFinancialPeriod/OTHER/2025", &Value::Null);
    other.exception(500, "No entity satisfies");
    let account = world.get("/Account/10250");
    assert_eq!(account["CashAccount"]["value"], true);
    let swagger = world.get("/swagger.json");
    assert!(swagger["paths"]["/Payment/ReleasePayment"]["post"].is_object());
}
