//! The list of rules. To add one, write a function of a file, the tree or Cargo's metadata, and
//! a line here with the reason.

use serde_json::Value;

use super::finding::Finding;
use super::{arrows, attention, bans, folders, golden, licences, links, places, sdf, words};
use crate::files::{SourceFile, Tree};

/// A rule: its name, why it is there, and how it is checked.
pub struct Rule {
    pub name: &'static str,
    pub reason: &'static str,
    pub check: Check,
}

/// What a rule looks at.
#[derive(Clone, Copy)]
pub enum Check {
    File(fn(&SourceFile) -> Vec<Finding>),
    Tree(fn(&Tree) -> Vec<Finding>),
    /// `cargo metadata --no-deps`
    Workspace(fn(&Value) -> Vec<Finding>),
    /// `cargo metadata` with all dependencies
    Packages(fn(&Value) -> Vec<Finding>),
}

macro_rules! rule {
    ($kind:ident $check:expr, $name:literal, $reason:literal) => {
        Rule { name: $name, reason: $reason, check: Check::$kind($check) }
    };
}

pub const RULES: &[Rule] = &[
    rule!(Workspace arrows::check, "arrows between crates",
        "they point down only (DESIGN.md section 3); an emulator that shared our types would share our misunderstandings; a new arrow is for two people and a page in docs/decisions"),
    rule!(File arrows::lints, "workspace lints",
        "the bans live in one list; a package outside it would escape them"),
    rule!(File places::vendor_names, "vendor names",
        "what differs between vendors lives in connectors and sandbox, so that a system is added by one folder (DESIGN.md section 3)"),
    rule!(File places::sql, "SQL only in store",
        "one place knows the tables; every statement runs on both databases"),
    rule!(File places::outbound, "outbound HTTP only in connectors",
        "one place sends: throttles, deadlines, redaction and the host check can not be gone around (DESIGN.md section 6)"),
    rule!(File places::listening, "listening only in server and sandbox",
        "one place decides what is reachable from outside (DESIGN.md section 11)"),
    rule!(File bans::floats, "no binary floats near money",
        "0.1 has no binary form; money is integer minor units or an exact decimal (DESIGN.md P10)"),
    rule!(File bans::hash_collections, "no unordered collections",
        "their order changes from run to run; a leak of it breaks the replay of a seed (STYLE.md 3). Use BTreeMap, BTreeSet or Vec"),
    rule!(File bans::allow_attributes, "no #[allow]",
        "an exception states its reason and disappears when it is no longer needed: #[expect(…, reason = …)]"),
    rule!(File bans::unfinished, "no unfinished code",
        "todo!, unimplemented! and dbg! are for a working copy"),
    rule!(File bans::purity, "model and flows are pure",
        "no clock, randomness, async or threads: the same facts always give the same decision (DESIGN.md section 3)"),
    rule!(File bans::header, "files say what they are for",
        "each .rs file starts with //! and one or two sentences: what it is for, what it must never do (STYLE.md 3)"),
    rule!(Tree folders::check, "connector folders are alike",
        "who knows one connector finds everything in the next (STYLE.md 2.1)"),
    rule!(Packages licences::check, "licences of dependencies",
        "the binary is given away under Apache-2.0; each part must allow that"),
    rule!(File words::check, "no traces of a workplace",
        "paths, registries and tools of whoever wrote a line are of no use to who reads it"),
    rule!(File words::lock_file, "one source of packages",
        "a lock file that names a mirror can not be built elsewhere"),
    rule!(Tree golden::check, "golden files have a test",
        "a golden file that nothing compares is a false promise (STYLE.md 3)"),
    rule!(Tree links::check, "links in pages resolve",
        "a page that points to nothing misleads"),
    rule!(Tree attention::check, "a page per attention code",
        "every NeedsPerson code has its page and no page is left over: who is asked to act is told what it means and what to do"),
    rule!(Tree sdf::check, "the SDF project is consistent",
        "what NetSuite refuses on deployment should be seen here first, and the fields must be those that the connector uses"),
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::RULES;

    #[test]
    fn every_rule_has_its_own_name_and_a_reason() {
        let names: BTreeSet<_> = RULES.iter().map(|rule| rule.name).collect();
        assert_eq!(names.len(), RULES.len());
        assert!(RULES.iter().all(|rule| rule.reason.len() > 20));
    }
}
