//! Our fields in the emulated ERP, as the SDF project in `netsuite/` installs them.

use serde_json::{Value, json};

const INVOICE: &[&str] = &["invoice"];
const RECEIPT: &[&str] = &["customerPayment"];
const BOTH: &[&str] = &["invoice", "customerPayment"];
const CUSTOMER: &[&str] = &["customer"];

/// Script id, type and record types.
const FIELDS: [(&str, &str, &[&str]); 17] = [
    ("custbody_mlc_collect", "checkbox", INVOICE),
    ("custbody_mlc_retry", "checkbox", INVOICE),
    ("custbody_mlc_integration_status", "text", INVOICE),
    ("custbody_mlc_integration_error", "long_text", INVOICE),
    ("custbody_mlc_payment_status", "text", INVOICE),
    ("custbody_mlc_reason_code", "text", INVOICE),
    ("custbody_mlc_description", "text", INVOICE),
    ("custbody_mlc_charge_date", "date", INVOICE),
    ("custbody_mlc_payment_id", "text", BOTH),
    ("custbody_mlc_mandate", "text", BOTH),
    ("custbody_mlc_account", "text", BOTH),
    ("custbody_mlc_payout", "text", RECEIPT),
    ("custentity_mlc_customer_id", "text", CUSTOMER),
    ("custentity_mlc_mandate", "text", CUSTOMER),
    ("custentity_mlc_mandate_status", "text", CUSTOMER),
    ("custentity_mlc_authorisation_link", "url", CUSTOMER),
    ("custentity_mlc_account", "text", CUSTOMER),
];

/// The seed of the fields.
#[must_use]
pub fn custom_fields() -> Value {
    let field =
        |(id, kind, on): &(&str, &str, &[&str])| json!({"id": id, "type": kind, "applies_to": on});
    FIELDS.iter().map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    /// The demo's fields are those that users install, with their types.
    #[test]
    fn the_fields_are_those_of_the_sdf_project() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../netsuite/src/Objects");
        let mut installed = BTreeMap::new();
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let id = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let text = std::fs::read_to_string(&path).unwrap();
            if let Some((_, rest)) = text.split_once("<fieldtype>") {
                let kind = rest.split('<').next().unwrap().to_owned();
                installed.insert(id, kind);
            }
        }
        let word = |kind: &str| match kind {
            "checkbox" => "CHECKBOX",
            "text" => "TEXT",
            "long_text" => "TEXTAREA",
            "date" => "DATE",
            "url" => "URL",
            other => panic!("{other}"),
        };
        let ours: BTreeMap<String, String> =
            FIELDS.iter().map(|(id, kind, _)| ((*id).to_owned(), word(kind).to_owned())).collect();
        assert_eq!(ours, installed);
    }
}
