//! Which versions of the endpoint the connector can work with. What it sends decides: a version whose
//! payments have no reference of ours would take receipts that nobody finds again (acumatica sheet
//! sections 1 and 9.5).

use serde_json::Value;

use super::settings::{CONTRACT_5_YEAR, ENDPOINT_DEFAULT};
use super::wire::Body;

/// A field that is sent and asked for, and that not every version has.
struct Needed {
    entity: &'static str,
    field: &'static str,
    /// First year of `Default` that has it.
    since: u32,
    purpose: &'static str,
}

/// What else is newer than the oldest version (the open balance of a payment, its branch's id) is
/// read another way there.
const NEEDED: [Needed; 1] = [Needed {
    entity: "Payment",
    field: "ExternalRef",
    since: 22,
    purpose: "receipts and refunds carry their key in it",
}];

/// A key field that every skeleton has: without it the skeleton tells nothing of fields.
const KEY: &str = "ReferenceNbr";

/// Name and year of an endpoint; `None`: its version begins with no number.
fn year(endpoint: &str) -> Option<(&str, u32)> {
    let (name, version) = endpoint.split_once('/')?;
    Some((name, version.split('.').next()?.parse().ok()?))
}

/// The year of a version of `Default`.
fn year_of_default(endpoint: &str) -> Option<u32> {
    year(endpoint).filter(|(name, _)| *name == "Default").map(|(_, year)| year)
}

/// What the endpoint lacks. `payment`: the skeleton of its payments, which tells what an endpoint of
/// another name has.
#[must_use]
pub fn lacks(endpoint: &str, payment: Option<&Body>) -> Option<String> {
    let needed = NEEDED.iter().find(|needed| match year_of_default(endpoint) {
        Some(year) => year < needed.since,
        None => payment.is_some_and(|skeleton| {
            skeleton.contains_key(KEY) && !skeleton.contains_key(needed.field)
        }),
    })?;
    let Needed { entity, field, since, purpose } = needed;
    Some(format!(
        "it has no field {field} on {entity}, and {purpose} (Default has it since {since}.200.001)"
    ))
}

/// What to do when an endpoint is not served or lacks something: what the instance offers, and the
/// version of it to take.
#[must_use]
pub fn advice(offered: &[String]) -> String {
    let listed = if offered.is_empty() { "none".to_owned() } else { offered.join(", ") };
    let first = NEEDED.iter().map(|needed| needed.since).max().unwrap_or_default();
    let usable = |one: &&String| {
        year_of_default(one).is_some_and(|year| (first..CONTRACT_5_YEAR).contains(&year))
    };
    let best = offered.iter().find(|one| *one == ENDPOINT_DEFAULT);
    let best = best.or_else(|| offered.iter().filter(usable).max());
    let next = match best {
        Some(best) => format!("set \"endpoint\" to {best}"),
        None => format!(
            "the connector needs Default from {first}.200.001 on and before \
             {CONTRACT_5_YEAR}.200.001"
        ),
    };
    format!("this instance offers {listed}: {next}")
}

/// `Name/Version` of what is served, in the site's order. Older builds give a bare array.
#[must_use]
pub fn offered(body: &Value) -> Vec<String> {
    let rows = body.get("endpoints").and_then(Value::as_array).or_else(|| body.as_array());
    rows.into_iter()
        .flatten()
        .filter_map(|row| {
            let text = |name: &str| row.get(name).and_then(Value::as_str);
            Some(format!("{}/{}", text("name")?, text("version")?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn endpoints_are_read_in_both_forms() {
        let row = json!({"name": "Default", "version": "24.200.001", "href": "/x/"});
        for body in [json!({"version": {}, "endpoints": [row]}), json!([row])] {
            assert_eq!(offered(&body), ["Default/24.200.001"], "{body}");
        }
    }

    #[test]
    fn an_endpoint_is_judged_by_the_fields_that_are_sent() {
        let skeleton = |fields: &[&str]| -> Body {
            fields.iter().map(|field| ((*field).to_owned(), json!({}))).collect()
        };
        let (old, new) = (skeleton(&["ReferenceNbr"]), skeleton(&["ReferenceNbr", "ExternalRef"]));
        let mute = skeleton(&["custom"]);
        for (endpoint, payment, lacking) in [
            ("Default/20.200.001", Some(&new), true),
            ("Default/22.200.001", None, false),
            ("Default/24.200.001", Some(&mute), false),
            // An extension has what it was extended from, whatever its own number says.
            ("MLConnector/1.0.0", Some(&old), true),
            ("MLConnector/1.0.0", Some(&new), false),
            ("MLConnector/1.0.0", Some(&mute), false),
            ("MLConnector/1.0.0", None, false),
        ] {
            let told = lacks(endpoint, payment);
            assert_eq!(told.is_some(), lacking, "{endpoint} {told:?}");
        }
    }

    #[test]
    fn the_advice_names_a_version_that_works() {
        let all = |versions: &[&str]| -> Vec<String> {
            versions.iter().map(|version| format!("Default/{version}")).collect()
        };
        for (versions, named) in [
            (&["20.200.001", "24.200.001", "25.200.001"][..], "to Default/24.200.001"),
            (&["20.200.001", "22.200.001", "23.200.001"], "to Default/23.200.001"),
            (&["25.200.001", "26.200.001"], "to Default/25.200.001"),
            (&["18.200.001", "20.200.001"], "needs Default from 22.200.001"),
            (&[], "offers none"),
        ] {
            let told = advice(&all(versions));
            assert!(told.contains(named), "{told}");
        }
    }
}
