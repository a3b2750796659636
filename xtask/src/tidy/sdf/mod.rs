//! Checks the SuiteCloud (SDF) project under `netsuite/`: what NetSuite would refuse on
//! deployment, and whether its fields are those that the connector uses.

mod field;
mod role;

use std::collections::BTreeSet;

use super::finding::Finding;
use super::xml::{self, Element};
use crate::files::Tree;
use crate::scrub::is_word;

const PROJECT: &str = "netsuite/src/";

/// Where the connector keeps the script ids of our fields.
const FIELD_IDS: &str = "crates/connectors/src/erp/netsuite/fields.rs";

/// Prefixes of the script ids of our fields.
const FIELD_PREFIXES: &[&str] = &["custbody_mlc_", "custentity_mlc_"];

/// Features that may be named in the manifest: those on which what we define depends.
const FEATURES: &[&str] = &["MULTICURRENCY", "RECEIVABLES", "SUBSIDIARIES"];

/// An object file of the project.
struct Object<'a> {
    path: &'a str,
    root: Element,
}

impl Object<'_> {
    fn script_id(&self) -> &str {
        self.root.attribute("scriptid")
    }

    fn finding(&self, message: impl Into<String>) -> Finding {
        Finding::new(self.path, 0, message)
    }
}

/// Checks the whole project; nothing to check when there is none.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut objects = Vec::new();
    let mut features = BTreeSet::new();
    let is_xml = |path: &str| path.starts_with(PROJECT) && path.ends_with(".xml");
    for file in tree.files.iter().filter(|file| is_xml(&file.path)) {
        let root = match xml::parse(&file.text) {
            Ok(root) => root,
            Err((line, message)) => {
                findings.push(Finding::new(&file.path, line, message));
                continue;
            }
        };
        match &file.path[PROJECT.len()..] {
            "manifest.xml" => findings.extend(manifest(&file.path, &root, &mut features)),
            "deploy.xml" => findings.extend(deploy(&file.path, &root)),
            path if path.starts_with("Objects/") => objects.push(Object { path: &file.path, root }),
            _ => findings.push(Finding::new(&file.path, 0, "is not part of an SDF project")),
        }
    }
    if findings.is_empty() && objects.is_empty() {
        return findings;
    }
    for name in ["manifest.xml", "deploy.xml"] {
        if !tree.has(&format!("{PROJECT}{name}")) {
            findings.push(Finding::new(PROJECT, 0, format!("has no {name}")));
        }
    }
    findings.extend(check_objects(&objects, &features));
    if let Some(fields) = tree.file(FIELD_IDS) {
        findings.extend(same_fields(&objects, &fields.text));
        findings.extend(objects.iter().filter_map(|object| too_long(object, &fields.text)));
    }
    findings
}

fn manifest(path: &str, root: &Element, features: &mut BTreeSet<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut find = |message: String| findings.push(Finding::new(path, 0, message));
    if root.name != "manifest" || root.attribute("projecttype") != "ACCOUNTCUSTOMIZATION" {
        find("is not the manifest of an account customization project".into());
    }
    if root.text_of("projectname").is_empty() || root.text_of("frameworkversion") != "1.0" {
        find("needs a projectname and frameworkversion 1.0".into());
    }
    let listed = root.child("dependencies").and_then(|d| d.child("features"));
    for feature in listed.into_iter().flat_map(|list| &list.children) {
        if !FEATURES.contains(&feature.text.as_str()) {
            find(format!("names the feature {}, on which nothing here depends", feature.text));
        }
        if !matches!(feature.attribute("required"), "true" | "false") {
            find(format!("must say whether {} is required", feature.text));
        }
        features.insert(feature.text.clone());
    }
    findings
}

fn deploy(path: &str, root: &Element) -> Vec<Finding> {
    let paths: Vec<&str> = root
        .child("objects")
        .into_iter()
        .flat_map(|objects| objects.children_named("path"))
        .map(|path| path.text.as_str())
        .collect();
    if root.name == "deploy" && paths == ["~/Objects/*"] {
        return Vec::new();
    }
    vec![Finding::new(path, 0, "must deploy ~/Objects/*")]
}

fn check_objects(objects: &[Object], features: &BTreeSet<String>) -> Vec<Finding> {
    let ids: BTreeSet<&str> = objects.iter().map(Object::script_id).collect();
    let mut findings = Vec::new();
    for object in objects {
        let id = object.script_id();
        let name = object.path.rsplit('/').next().unwrap_or_default();
        if name != format!("{id}.xml") {
            findings.push(object.finding(format!("must be named after its script id {id}")));
        }
        if id.is_empty() || !id.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_')) {
            findings.push(object.finding("a script id has lower-case letters, digits and _"));
        }
        match object.root.name.as_str() {
            "role" => findings.extend(role::check(object)),
            "transactionbodycustomfield" | "entitycustomfield" => {
                findings.extend(field::check(object, features));
            }
            other => findings.push(object.finding(format!("a {other} is not expected here"))),
        }
        for reference in references(&object.root) {
            if !ids.contains(reference) {
                findings.push(object.finding(format!("refers to {reference}, which is not there")));
            }
        }
    }
    findings
}

/// Script ids in references of the form `[scriptid=…]`.
fn references(root: &Element) -> Vec<&str> {
    let texts = root.texts();
    texts
        .into_iter()
        .filter_map(|text| text.strip_prefix("[scriptid=")?.strip_suffix(']'))
        .collect()
}

/// The connector and the project must know the same fields.
fn same_fields(objects: &[Object], source: &str) -> Vec<Finding> {
    let used: BTreeSet<&str> = source
        .split(|c| !is_word(c))
        .filter(|word| FIELD_PREFIXES.iter().any(|p| word.starts_with(p) && word.len() > p.len()))
        .collect();
    let defined: BTreeSet<&str> = objects
        .iter()
        .map(Object::script_id)
        .filter(|id| FIELD_PREFIXES.iter().any(|prefix| id.starts_with(prefix)))
        .collect();
    let missing = used.difference(&defined).map(|id| {
        Finding::new(PROJECT, 0, format!("{id} is used in {FIELD_IDS} but not defined here"))
    });
    let unused = defined.difference(&used).map(|id| {
        Finding::new(FIELD_IDS, 0, format!("{id} is defined under {PROJECT} but not used"))
    });
    missing.chain(unused).collect()
}

/// The connector cuts its texts to a number of characters that stands beside the id, as in
/// `("custbody_mlc_account", 60)`; the field must hold as many.
fn too_long(object: &Object, source: &str) -> Option<Finding> {
    let holds: usize = object.root.text_of("maxlength").parse().ok()?;
    let (_, after) = source.split_once(&format!("\"{}\", ", object.script_id()))?;
    let digits: String = after
        .chars()
        .take_while(|c| c.is_ascii_digit() || *c == '_')
        .filter(|c| *c != '_')
        .collect();
    let sent: usize = digits.parse().ok()?;
    (sent > holds).then(|| {
        object.finding(format!("holds {holds} characters, but the connector sends up to {sent}"))
    })
}

#[cfg(test)]
mod tests;
