//! The metadata catalogue (netsuite sheet section 5.13).

use super::*;

fn get(world: &World, path: &str, accept: &str) -> Answer {
    let bearer = format!("Bearer {TOKEN}");
    let headers = [("Authorization", bearer.as_str()), ("Accept", accept)];
    world.raw("GET", &format!("{ROOT}/metadata-catalog{path}"), &headers, "")
}

#[test]
fn the_catalogue_lists_what_the_role_sees() {
    let world = World::with(json!({"custom_records": [{"id": "customrecord_mlc_payout"}],
        "role": {"permissions": ["ADMI_RESTWEBSERVICES", "TRAN_CUSTINVC:View", "LIST_CUSTJOB"]}}));
    let body = get(&world, "", "application/json").body;
    let names: Vec<&str> = body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["name"].as_str().unwrap())
        .collect();
    assert!(names.contains(&"invoice") && names.contains(&"customrecord_mlc_payout"));
    assert!(!names.contains(&"customerPayment"));
    let chosen = get(&world, "?select=customer,invoice", "application/json").body;
    assert_eq!(chosen["items"].as_array().unwrap().len(), 2);
    assert_eq!(get(&world, "/customerPayment", "application/schema+json").status, 403);
    assert_eq!(get(&world, "/nothing", "application/schema+json").status, 404);
}

#[test]
fn the_schema_shows_custom_fields() {
    let world = World::new();
    let schema = get(&world, "/invoice", "application/schema+json").body;
    let field = &schema["properties"]["custbody_mlc_collect"];
    assert_eq!(field["type"], "boolean");
    assert_eq!(field["x-ns-custom-field"], true);
    assert!(schema["properties"].get("custentity_mlc_gc_customer_id").is_none());
    assert!(schema["properties"]["item"]["properties"]["items"].is_object());
    assert_eq!(schema["properties"]["total"]["readOnly"], true);
    let swagger = get(&world, "?select=customer", "application/swagger+json").body;
    assert!(swagger["paths"]["/customer"].is_object());
    let all = &swagger["components"]["schemas"]["customer"]["properties"];
    assert!(all["custentity_mlc_gc_customer_id"].is_object());
}
