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

#[test]
fn files_are_attached_and_read_back() {
    let world = World::new();
    let customer = world.get("/Customer/C000123");
    let link = customer["_links"]["files:put"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str()), ("PX-CbFileComment", "signed")];
    for text in ["first", "second"] {
        let path = link.replace("{filename}", "mandate.txt");
        assert_eq!(world.raw("PUT", &path, &headers, text).status, 204);
    }
    assert_eq!(world.get("/Customer/C000123")["files"], json!([]));
    let listed = world.get("/Customer/C000123?$expand=files&$select=files");
    let files = listed["files"].as_array().unwrap();
    assert_eq!((files.len(), &files[0]["filename"]), (1, &json!("mandate.txt")));
    assert_eq!(files[0]["comment"], "signed");
    let read = world.outcome("GET", files[0]["href"].as_str().unwrap(), &headers[..1], "");
    let Outcome::Respond(read) = read else { panic!("{read:?}") };
    assert_eq!(read.body().as_ref(), b"second");
    let id = customer["id"].as_str().unwrap();
    let gone = link.replace(id, "2c9d3b1e-55f0-4f0b-9f43-7f1c9a1f2d10");
    world.raw("PUT", &gone, &headers, "x").exception(500, "No entity satisfies");
}

#[test]
fn documents_of_orders_are_sales_invoices() {
    let mut world = World::new();
    let seeded = world.seed(json!({"invoices": [
        {"customer": "C000123", "amount": "40", "date": "2025-03-01", "origin": "SO", "release": false}]}));
    let number = seeded["invoices"][0]["ReferenceNbr"].as_str().unwrap().to_owned();
    assert_eq!(world.get("/Invoice"), json!([]));
    world
        .call("GET", &format!("/Invoice/Invoice/{number}"), &Value::Null)
        .exception(500, "No entity");
    let shown = world.get(&format!("/SalesInvoice/Invoice/{number}"));
    assert_eq!(shown["CustomerID"]["value"], "C000123");
    assert_eq!(shown["Currency"]["value"], "GBP");
    assert_eq!(world.act_on("/SalesInvoice/ReleaseSalesInvoice", "Invoice", &number).status, 204);
    let made = world.payment("PM1", "40", &number).ok();
    world.release("Payment", made["ReferenceNbr"]["value"].as_str().unwrap());
    let path = format!("/SalesInvoice/Invoice/{number}?$expand=ApplicationsInvoice");
    let closed = world.get(&path);
    assert_eq!(closed["Status"]["value"], "Closed");
    let row = &closed["ApplicationsInvoice"][0];
    assert_eq!(row["PaymentRef"]["value"], "PM1");
    assert_eq!(row["AdjustingDocReferenceNbr"]["value"], made["ReferenceNbr"]["value"]);
    world.seed(json!({"settings": {"order_documents_as_invoices": true}}));
    let path = format!("/Invoice/Invoice/{number}");
    assert_eq!(world.value(&path, "Balance"), super::number("0.0"));
}

#[test]
fn families_pay_for_each_other_and_strangers_do_not() {
    let mut world = World::new();
    let child = json!({"CustomerID": {"value": "C1"}, "CustomerName": {"value": "Child"},
        "ParentRecord": {"value": "C000123"}});
    world.put("/Customer", child).ok();
    let seeded = world.seed(json!({"invoices": [
        {"customer": "C1", "amount": "40", "date": "2025-03-01"},
        {"customer": "C000200", "amount": "40", "date": "2025-03-01"}]}));
    let named = |at: usize| seeded["invoices"][at]["ReferenceNbr"].as_str().unwrap().to_owned();
    world
        .payment("PM1", "40", &named(1))
        .field("/DocumentsToApply/0/ReferenceNbr", "cannot be found");
    let made = world.payment("PM2", "40", &named(0)).ok();
    world.release("Payment", made["ReferenceNbr"]["value"].as_str().unwrap());
    assert_eq!(world.value(&format!("/Invoice/Invoice/{}", named(0)), "Status"), "Closed");
    // Nothing goes onto the books of a customer on hold.
    world.act(
        json!({"do": "edit_customer", "customer": "C000123", "fields": {"Status": "On Hold"}}),
    );
    let refused = world.payment("PM3", "1", &named(0));
    refused.field("/CustomerID", "'On Hold'");
}

#[test]
fn automatic_applications_take_the_oldest_document() {
    let mut world = World::new();
    let old = world.invoice("30");
    let wanted = world.invoice("50");
    world.act(json!({"do": "edit_customer", "customer": "C000123",
        "fields": {"AutoApplyPayments": true}}));
    let mut body = payment_body("PM1", "80", &wanted);
    body["DocumentsToApply"][0]["AmountPaid"] = json!({"value": 50});
    let made = world.put("/Payment", body).ok();
    world.release("Payment", made["ReferenceNbr"]["value"].as_str().unwrap());
    for number in [old, wanted] {
        assert_eq!(world.value(&format!("/Invoice/Invoice/{number}"), "Status"), "Closed");
    }
}

#[test]
fn payment_methods_of_customers_hold_details() {
    let world = World::new();
    let row = |value: &str| json!([{"Name": {"value": "Mandate ID"}, "Value": {"value": value}}]);
    let body = json!({"CustomerID": {"value": "C000123"}, "PaymentMethod": {"value": "GOCARDLESS"},
        "Details": row("MD1")});
    let made = world.put("/CustomerPaymentMethod?$expand=Details", body).ok();
    assert_eq!(made["Details"][0]["Value"]["value"], "MD1");
    let instance = made["InstanceID"]["value"].to_string();
    let read = world.get(&format!("/CustomerPaymentMethod/C000123/{instance}"));
    assert_eq!(read["id"], made["id"]);
    let stranger = json!({"CustomerID": {"value": "C9"}, "PaymentMethod": {"value": "GOCARDLESS"}});
    world.put("/CustomerPaymentMethod", stranger).field("/CustomerID", "cannot be found");
}
