//! Reading: filters, selections, expansions, custom fields, pages, stamps.

use super::*;

/// Numbers (or ids of customers) that a list of an entity answers.
fn listed(world: &World, path: &str) -> Vec<String> {
    let list = world.get(path);
    let mut names: Vec<String> = list
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let key = if row.get("CustomerID").is_some() { "CustomerID" } else { "ReferenceNbr" };
            row[key]["value"].as_str().unwrap().to_owned()
        })
        .collect();
    names.sort();
    names
}

fn three_invoices() -> World {
    let world = World::new();
    world.seed(json!({"invoices": [
        {"customer": "C000123", "amount": "10", "date": "2025-03-01", "order": "it's one"},
        {"customer": "C000123", "amount": "20.5", "date": "2025-03-02"},
        {"customer": "C000200", "amount": "30", "date": "2025-03-03", "release": false},
    ]}));
    world
}

#[test]
fn filters_find_what_they_say() {
    let world = three_invoices();
    for (filter, found) in [
        ("Type eq 'Invoice'", vec!["000001", "000002", "000003"]),
        ("Status eq 'open'", vec!["000001", "000002"]),
        ("Balance gt 10M and Balance lt 30.0", vec!["000002"]),
        ("Hold eq false", vec!["000001", "000002", "000003"]),
        ("not (Customer eq 'C000200')", vec!["000001", "000002"]),
        ("Balance eq 10 or Balance eq 30", vec!["000001", "000003"]),
        ("CustomerOrder eq 'it''s one'", vec!["000001"]),
        ("substringof('s o', CustomerOrder)", vec!["000001"]),
        ("startswith(Customer,'C0002')", vec!["000003"]),
        ("endswith(Customer,'00')", vec!["000003"]),
        ("CustomerOrder eq null", vec!["000002", "000003"]),
        ("Date ge datetimeoffset'2025-03-02'", vec!["000002", "000003"]),
        (
            "LastModifiedDateTime ge datetimeoffset'2025-03-10T09:00:00.000%2B00:00'",
            vec!["000001", "000002", "000003"],
        ),
        ("LastModifiedDateTime gt datetimeoffset'2025-03-10T09:00:00.000%2B00:00'", vec![]),
        ("cf.String(f='Document.CuryID') eq 'GBP' and Balance eq 10", vec!["000001"]),
        ("Details/Account eq '40000'", vec![]),
    ] {
        let path = format!("/Invoice?$filter={}", filter.replace(' ', "%20"));
        assert_eq!(listed(&world, &path), found, "{filter}");
    }
    let contact = "/Customer?$filter=MainContact/Email%20eq%20'ap@brightwater.example'";
    assert_eq!(listed(&world, contact), ["C000123"]);
}

#[test]
fn wrong_queries_are_refused_or_find_nothing() {
    let world = three_invoices();
    for (query, status) in [
        ("$filter=Hold eq 'false'", 500),
        ("$filter=Balance eq '10'", 500),
        ("$filter=Colour eq 'red'", 400),
        ("$filter=Type eq", 400),
        ("$select=Colour", 400),
        ("$expand=Colours", 400),
        ("$top=x", 400),
        ("$orderby=Balance", 200),
        ("$expand=ApplicationsDefault", 500),
    ] {
        let answer = world.call("GET", &format!("/Invoice?{query}"), &Value::Null);
        assert_eq!(answer.status, status, "{query}: {}", answer.body);
    }
    for query in ["$expand=ApplicationHistory", "$select=AvailableBalance"] {
        let refused = world.call("GET", &format!("/Payment?{query}"), &Value::Null);
        refused.exception(500, "Optimization cannot be performed");
        assert!(
            refused.body["exceptionType"].as_str().unwrap().ends_with("CannotOptimizeException")
        );
    }
    // An unencoded plus is a space, and no moment.
    let plus = "/Invoice?$filter=LastModifiedDateTime ge datetimeoffset'2025-03-10T09:00:00+00:00'";
    assert_eq!(world.call("GET", plus, &Value::Null).status, 500);
    // Conditions on two views of the form find nothing.
    let across = "/Customer?$filter=Status eq 'Active' and LastModifiedDateTime ge datetimeoffset'2020-01-01T00:00:00Z'";
    assert_eq!(world.get(across), json!([]));
    world.seed(json!({"settings": {"cross_view_empty": false}}));
    assert_eq!(listed(&world, across).len(), 2);
}

#[test]
fn answers_hold_what_was_asked_for() {
    let world = three_invoices();
    let row = &world.get("/Invoice?$select=ReferenceNbr,Balance&$filter=Balance%20eq%2010")[0];
    let names: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
    let expected =
        ["Balance", "ReferenceNbr", "_links", "custom", "files", "id", "note", "rowNumber"];
    let mut names = names;
    names.sort_unstable();
    assert_eq!(names, expected);
    let whole = world.get("/Invoice/Invoice/000001");
    assert_eq!(whole["Date"]["value"], "2025-03-01T00:00:00+00:00");
    assert_eq!(whole["PostPeriod"]["value"], "032025");
    assert_eq!(whole["DueDate"]["value"], "2025-03-31T00:00:00+00:00");
    assert_eq!(whole["Project"]["value"], "X");
    assert_eq!(whole["BillingPrinted"], json!({}));
    assert!(whole.get("Details").is_none());
    assert!(
        whole["_links"]["self"]
            .as_str()
            .unwrap()
            .starts_with("/Demo/entity/Default/24.200.001/Invoice/")
    );
    let by_id = world.get(&format!("/Invoice/{}?$expand=Details", whole["id"].as_str().unwrap()));
    assert_eq!(by_id["Details"][0]["Account"]["value"], "40000");
    let asked = world.get(
        "/Invoice/Invoice/000001?$custom=Document.CuryID,CurrentDocument.BatchNbr,Document.Nothing",
    );
    assert_eq!(
        asked["custom"]["Document"],
        json!({"CuryID": {"type": "CustomStringField", "value": "GBP"}})
    );
    assert_eq!(asked["custom"]["CurrentDocument"]["BatchNbr"]["value"], "AR00000001");
    world
        .call("GET", "/Invoice/Invoice/999999", &Value::Null)
        .exception(500, "No entity satisfies");
    // With a selection, an expanded part must be selected too.
    let path = |select: &str| {
        format!("/Customer/C000123?$expand=MainContact/Address,Attributes&$select={select}")
    };
    assert!(world.get(&path("CustomerID")).get("MainContact").is_none());
    let shown = world.get(&path("CustomerID,MainContact/Email,Attributes"));
    assert_eq!(shown["MainContact"]["Email"]["value"], "ap@brightwater.example");
    assert!(shown["MainContact"].get("Phone1").is_none());
    assert_eq!(shown["MainContact"]["Address"]["City"]["value"], "Leeds");
    assert_eq!(shown["Attributes"].as_array().unwrap().len(), 4);
}

#[test]
fn versions_hide_what_came_later() {
    let world = three_invoices();
    let bearer = format!("Bearer {TOKEN}");
    let get = |path: &str| world.raw("GET", path, &[("Authorization", bearer.as_str())], "").ok();
    let old = get("/Demo/entity/Default/20.200.001/Invoice/Invoice/000001");
    assert!(old.get("files").is_none() && old.get("_links").is_none());
    assert!(get("/Demo/entity/Default/20.200.001/Customer/C000123").get("Email").is_none());
    assert!(get("/Demo/entity/Default/23.200.001/Customer/C000123").get("Email").is_some());
}

#[test]
fn pages_skip_first_and_have_no_order_to_rely_on() {
    let world = three_invoices();
    let whole: Vec<Value> = world.get("/Invoice?$select=ReferenceNbr").as_array().unwrap().clone();
    let page = world.get("/Invoice?$select=ReferenceNbr&$skip=1&$top=1");
    assert_eq!(page.as_array().unwrap().len(), 1);
    assert_eq!(page[0]["id"], whole[1]["id"]);
    assert_eq!(page[0]["rowNumber"], 1);
}

#[test]
fn stamps_have_the_precision_of_the_database() {
    let mut world = World::new();
    world.now = "2025-03-10T09:00:00.005Z".parse().unwrap();
    world.seed(json!({"invoices": [{"customer": "C000123", "amount": "1"}]}));
    assert_eq!(
        world.value("/Invoice/Invoice/000001", "LastModifiedDateTime"),
        "2025-03-10T09:00:00.007+00:00"
    );
    for (operator, stamp, found) in [
        ("ge", "2025-03-10T09:00:00.007%2B00:00", 1),
        ("gt", "2025-03-10T09:00:00.006%2B00:00", 0),
        ("gt", "2025-03-10T09:00:00.003%2B00:00", 1),
        ("ge", "2025-03-10T13:00:00.007%2B04:00", 1),
    ] {
        let path =
            format!("/Invoice?$filter=LastModifiedDateTime {operator} datetimeoffset'{stamp}'");
        assert_eq!(world.get(&path).as_array().unwrap().len(), found, "{operator} {stamp}");
    }
    world.seed(json!({"settings": {"user_zone": "America/Los_Angeles"}}));
    let bare = "/Invoice?$filter=LastModifiedDateTime ge datetimeoffset'2025-03-10T02:00:00.000'";
    assert_eq!(world.get(bare).as_array().unwrap().len(), 1, "without offset: the user's zone");
}

#[test]
fn attributes_alone_do_not_move_a_customers_stamp() {
    let mut world = World::new();
    let stamp = world.value("/Customer/C000123", "LastModifiedDateTime");
    world.later(60);
    world
        .put(
            "/Customer",
            json!({"CustomerID": {"value": "C000123"},
        "Attributes": [{"AttributeID": {"value": "GCMANDATE"}, "Value": {"value": "MD1"}}]}),
        )
        .ok();
    assert_eq!(world.value("/Customer/C000123", "LastModifiedDateTime"), stamp);
    world
        .put(
            "/Customer",
            json!({"CustomerID": {"value": "C000123"}, "AccountRef": {"value": "CU1"}}),
        )
        .ok();
    assert_ne!(world.value("/Customer/C000123", "LastModifiedDateTime"), stamp);
    let shown = world.get("/Customer/C000123?$expand=Attributes");
    let rows = shown["Attributes"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["Value"]["value"] == "MD1"));
    assert_eq!(rows.len(), 4, "attributes are matched by their id");
    let unknown = json!({"CustomerID": {"value": "C000123"},
        "Attributes": [{"AttributeID": {"value": "NOPE"}, "Value": {"value": "x"}}]});
    world.put("/Customer", unknown).field("/Attributes/0/AttributeID", "cannot be found");
}

#[test]
fn segmented_keys_may_come_back_padded() {
    let world = World::new();
    world.seed(json!({"settings": {"pad_segmented": true}}));
    assert_eq!(world.value("/Customer/C000123", "CustomerID"), "C000123   ");
    let found = world.get("/Customer?$filter=CustomerID eq 'C000123'");
    assert_eq!(found.as_array().unwrap().len(), 1);
}
