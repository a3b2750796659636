//! The connector's role in the SDF project: least privilege, by the sheet's list.

use std::collections::BTreeSet;

use super::super::finding::Finding;
use super::Object;

/// Levels in rising order.
const LEVELS: &[&str] = &["VIEW", "CREATE", "EDIT", "FULL"];

/// Permissions with the highest level that the connector may ask for (netsuite sheet section 4).
/// Not in the list on purpose: overriding period restrictions, managing certificates.
const PERMISSIONS: &[(&str, &str)] = &[
    ("ADMI_ACCTPERIODS", "VIEW"),
    ("ADMI_LOGIN_OAUTH2", "FULL"),
    ("ADMI_RESTWEBSERVICES", "FULL"),
    ("LIST_ACCOUNT", "VIEW"),
    ("LIST_CURRENCY", "VIEW"),
    ("LIST_CUSTJOB", "EDIT"),
    ("LIST_FIND", "FULL"),
    ("LIST_ITEM", "CREATE"),
    ("LIST_SUBSIDIARY", "VIEW"),
    ("REPO_ANALYTICS", "EDIT"),
    ("TRAN_CUSTCRED", "EDIT"),
    ("TRAN_CUSTDEP", "CREATE"),
    ("TRAN_CUSTINVC", "EDIT"),
    ("TRAN_CUSTPYMT", "EDIT"),
    ("TRAN_CUSTRFND", "EDIT"),
    ("TRAN_DEPAPPL", "CREATE"),
    ("TRAN_DEPOSIT", "EDIT"),
    ("TRAN_FIND", "VIEW"),
    ("TRAN_JOURNAL", "CREATE"),
    ("TRAN_JOURNALAPPRV", "CREATE"),
    ("TRAN_POSTPERIODS", "EDIT"),
];

/// Without these nothing works at all: calls, the token, SuiteQL.
const REQUIRED: &[&str] = &["ADMI_LOGIN_OAUTH2", "ADMI_RESTWEBSERVICES", "REPO_ANALYTICS"];

/// Checks one role.
pub fn check(object: &Object) -> Vec<Finding> {
    let root = &object.root;
    let mut findings = Vec::new();
    if !object.script_id().starts_with("customrole_mlc_") {
        findings.push(object.finding("the prefix of the script id does not fit the kind"));
    }
    for name in ["name", "centertype"] {
        if root.text_of(name).is_empty() {
            findings.push(object.finding(format!("{name} is missing")));
        }
    }
    let mut granted = BTreeSet::new();
    let list = root.child("permissions");
    for permission in list.into_iter().flat_map(|list| &list.children) {
        let (key, level) = (permission.text_of("permkey"), permission.text_of("permlevel"));
        if let Some(problem) = problem(key, level) {
            findings.push(object.finding(problem));
        }
        if !granted.insert(key) {
            findings.push(object.finding(format!("{key} stands twice")));
        }
    }
    for key in REQUIRED.iter().filter(|key| !granted.contains(*key)) {
        findings.push(object.finding(format!("{key} is missing")));
    }
    findings
}

fn problem(key: &str, level: &str) -> Option<String> {
    let rank = |level: &str| LEVELS.iter().position(|known| *known == level);
    let Some((_, most)) = PERMISSIONS.iter().find(|(known, _)| *known == key) else {
        return Some(format!("{key} is not in the list of permissions that the connector needs"));
    };
    match rank(level) {
        None => Some(format!("{key} has the unknown level {level}")),
        Some(asked) if Some(asked) > rank(most) => {
            Some(format!("{key} asks for {level}, {most} is enough"))
        }
        Some(_) => None,
    }
}
