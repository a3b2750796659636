//! Items by type and subtype (netsuite sheet section 9.8) and invoices built from them (17.6).

use super::*;

#[test]
fn items_answer_under_their_own_name() {
    let world = World::new();
    let body =
        json!({"itemId": "Pro plan", "incomeAccount": {"id": "400"}, "externalId": "prod_1"});
    let id = world.post("/nonInventorySaleItem", body).id();
    let rows = world.query(
        "SELECT id, itemid, itemtype FROM item WHERE (externalid = ? OR displayname = ?) AND isinactive = 'F'",
        json!(["prod_1", "prod_1"]),
    );
    let wanted = json!([{"links": [], "id": id.to_string(), "itemid": "Pro plan", "itemtype": "NonInvtPart"}]);
    assert_eq!(rows, wanted);
    assert_eq!(world.get("/nonInventorySaleItem?limit=5")["totalResults"], 1);
    world
        .post("/serviceSaleItem", json!({"itemId": "pro plan", "incomeAccount": {"id": "400"}}))
        .refused(400, "USER_ERROR", "already exists");
    let invoice = world.post(
        "/invoice",
        json!({"externalId": "mlc-inv-in_1", "entity": {"id": "1007"}, "subsidiary": {"id": "2"},
            "tranDate": "2026-03-01", "dueDate": "2026-03-31", "otherRefNum": "in_1",
            "item": {"items": [{"item": {"externalId": "prod_1"}, "quantity": 2, "rate": 49.00,
                "description": "Pro plan, March", "revRecStartDate": "2026-03-01",
                "revRecEndDate": "2026-03-31"}]}}),
    );
    let lines = world.query(
        "SELECT tl.item, tl.foreignamount, tl.memo FROM transactionline tl \
         WHERE tl.transaction = ? AND tl.mainline = 'F' AND tl.taxline = 'F'",
        json!([invoice.id()]),
    );
    assert_eq!(lines[0]["foreignamount"], "-98");
    assert_eq!(lines[0]["item"], id.to_string());
    assert_eq!(lines[0]["memo"], "Pro plan, March");
}

#[test]
fn an_item_needs_a_name_and_an_income_account() {
    let world = World::new();
    world.post("/serviceSaleItem", json!({})).refused(400, "USER_ERROR", "Item Name/Number");
    world.post("/serviceSaleItem", json!({"itemId": "x"})).refused(400, "USER_ERROR", "Income");
    let none = json!({"entity": {"id": "1007"}, "item": {"items": []}});
    world.post("/invoice", none).refused(400, "USER_ERROR", "at least one line item");
}
