//! A custom field of the SDF project.

use std::collections::BTreeSet;

use super::super::finding::Finding;
use super::Object;

/// Types that the project uses, of those in Oracle's list `generic_customfield_fieldtype`.
const TYPES: &[&str] = &["CHECKBOX", "DATE", "TEXT", "TEXTAREA", "URL"];

/// How a field is shown: editable, or as text that people can not edit.
const DISPLAY_TYPES: &[&str] = &["NORMAL", "STATICTEXT"];

/// Longest free-form text field that NetSuite has, in characters.
const TEXT_LENGTH_MAX: u32 = 300;

/// Elements of a field as Oracle's reference names them, of those that we use.
const ELEMENTS: &[&str] = &[
    "accesslevel",
    "appliestocustomer",
    "bodycustomerpayment",
    "bodysale",
    "defaultchecked",
    "description",
    "displaytype",
    "encryptatrest",
    "fieldtype",
    "help",
    "isformula",
    "ismandatory",
    "label",
    "maxlength",
    "roleaccesses",
    "searchlevel",
    "storevalue",
];

/// What sets the two kinds of field apart.
struct Kind {
    prefix: &'static str,
    id_length_max: usize,
    applies_to: &'static [&'static str],
}

const BODY: Kind = Kind {
    prefix: "custbody_mlc_",
    id_length_max: 38,
    applies_to: &["bodysale", "bodycustomerpayment"],
};

const ENTITY: Kind =
    Kind { prefix: "custentity_mlc_", id_length_max: 40, applies_to: &["appliestocustomer"] };

/// Checks one field.
pub fn check(object: &Object, features: &BTreeSet<String>) -> Vec<Finding> {
    let root = &object.root;
    let id = object.script_id();
    let kind = if root.name == "entitycustomfield" { &ENTITY } else { &BODY };
    let on = |name: &str| root.text_of(name) == "T";
    let mut findings = Vec::new();
    let mut require = |holds: bool, message: &str| {
        if !holds {
            findings.push(object.finding(message));
        }
    };
    require(id.starts_with(kind.prefix), "the prefix of the script id does not fit the kind");
    require(id.len() <= kind.id_length_max, "the script id is too long");
    require(TYPES.contains(&root.text_of("fieldtype")), "fieldtype is not one of those used");
    require(DISPLAY_TYPES.contains(&root.text_of("displaytype")), "displaytype is not known");
    require(!root.text_of("label").is_empty(), "a label is missing");
    require(!root.text_of("help").is_empty(), "a help text is missing");
    require(kind.applies_to.iter().any(|name| on(name)), "applies to nothing");
    require(on("storevalue") && !on("isformula"), "the value must be stored to be read");
    require(!on("ismandatory"), "a mandatory field would stop people and other programs");
    require(
        !on("bodycustomerpayment") || features.contains("RECEIVABLES"),
        "bodycustomerpayment needs the feature RECEIVABLES in the manifest",
    );
    let length = root.child("maxlength").map(|child| child.text.parse::<u32>());
    require(
        length.is_none_or(|length| length.is_ok_and(|l| (1..=TEXT_LENGTH_MAX).contains(&l))),
        "maxlength is 1 to 300",
    );
    let has_role = root.child("roleaccesses").is_some_and(|list| {
        list.children_named("roleaccess").any(|access| {
            access.text_of("role") == "[scriptid=customrole_mlc_connector]"
                && access.text_of("accesslevel") == "2"
                && access.text_of("searchlevel") == "2"
        })
    });
    require(has_role, "the connector's role must be able to edit and search the field");
    let mut seen = BTreeSet::new();
    for child in &root.children {
        if !ELEMENTS.contains(&child.name.as_str()) {
            findings.push(object.finding(format!("{} is not an element of a field", child.name)));
        }
        if !seen.insert(&child.name) {
            findings.push(object.finding(format!("{} stands twice", child.name)));
        }
    }
    findings
}
