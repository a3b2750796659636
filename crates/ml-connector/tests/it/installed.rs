//! What the SDF project under `netsuite/` installs, read from its files: the role's permissions and
//! the fields with their record types.

use std::path::PathBuf;

use serde_json::{Value, json};

fn objects() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../netsuite/src/Objects"))
}

fn text_of(name: &str) -> String {
    std::fs::read_to_string(objects().join(name)).expect("a file of the project")
}

/// The text of each element of this name.
fn elements<'a>(text: &'a str, name: &str) -> Vec<&'a str> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = text.split(open.as_str()).skip(1);
    parts.filter_map(|part| part.split(close.as_str()).next()).collect()
}

/// The role's permissions as `ID:Level`.
pub fn permissions() -> Vec<String> {
    let role = text_of("customrole_mlc_connector.xml");
    let level = |word: &str| match word {
        "VIEW" => "View",
        "CREATE" => "Create",
        "EDIT" => "Edit",
        "FULL" => "Full",
        other => panic!("the role has a level {other}"),
    };
    let (keys, levels) = (elements(&role, "permkey"), elements(&role, "permlevel"));
    assert_eq!(keys.len(), levels.len());
    assert!(keys.len() > 10, "the role has permissions");
    keys.into_iter().zip(levels).map(|(key, word)| format!("{key}:{}", level(word))).collect()
}

/// The fields as the emulator is seeded with them, but for the one left out.
pub fn custom_fields(without: Option<&str>) -> Value {
    let mut fields = Vec::new();
    for entry in std::fs::read_dir(objects()).expect("the project's objects") {
        let name = entry.expect("an entry").file_name().into_string().expect("a name");
        let id = name.trim_end_matches(".xml").to_owned();
        if !id.starts_with("cust") || id.starts_with("customrole") || Some(id.as_str()) == without {
            continue;
        }
        let text = text_of(&name);
        let kind = match elements(&text, "fieldtype").first().copied() {
            Some("CHECKBOX") => "checkbox",
            Some("TEXT") => "text",
            Some("TEXTAREA") => "long_text",
            Some("DATE") => "date",
            Some("URL") => "url",
            other => panic!("{id} is a {other:?}"),
        };
        let has = |element: &str| elements(&text, element).first() == Some(&"T");
        let mut on = Vec::new();
        on.extend(has("bodysale").then_some("invoice"));
        on.extend(has("bodycustomerpayment").then_some("customerPayment"));
        on.extend(has("appliestocustomer").then_some("customer"));
        fields.push(json!({"id": id, "type": kind, "applies_to": on}));
    }
    fields.sort_by_key(|field| field["id"].to_string());
    assert!(fields.len() > 10, "the project has fields");
    Value::Array(fields)
}
