//! Words that must not stand in the code of some or all crates.

use super::finding::Finding;
use crate::files::SourceFile;

/// Crates in which an amount can stand.
const MONEY_CRATES: &[&str] =
    &["model", "flows", "ports", "connectors", "store", "engine", "sandbox", "simulator"];

/// Float types, and the conversions through which an amount would become one.
const FLOATS: &[&str] = &["as_f64", "f32", "f64", "from_f32", "from_f64", "to_f32", "to_f64"];

/// Binary floats in the crates that touch money.
pub fn floats(file: &SourceFile) -> Vec<Finding> {
    banned_in(file, MONEY_CRATES, FLOATS)
}

/// Crates whose behaviour must be the same in every run of a seed.
const ORDERED_CRATES: &[&str] = &["model", "flows", "engine", "simulator", "store", "connectors"];

/// Collections whose order differs from run to run.
pub fn hash_collections(file: &SourceFile) -> Vec<Finding> {
    banned_in(file, ORDERED_CRATES, &["HashMap", "HashSet"])
}

/// Time, randomness, concurrency: nothing that answers differently when asked again.
const IMPURE: &[&str] = &[
    "Instant",
    "SystemTime",
    "async",
    "await",
    "fastrand",
    "getrandom",
    "rand",
    "thread",
    "thread_local",
    "tokio",
];

/// The switch of the simulator's deliberate defects: compiled under a feature that only its own tests
/// have.
const DEFECTS: &str = "crates/model/src/defects.rs";

/// Whatever would make a decision depend on more than its facts.
pub fn purity(file: &SourceFile) -> Vec<Finding> {
    if file.path == DEFECTS {
        return Vec::new();
    }
    let mut findings = banned_in(file, &["model", "flows"], IMPURE);
    if matches!(file.crate_name(), Some("model" | "flows"))
        && let Some(rust) = &file.rust
    {
        for text in ["std::time", "::now("] {
            for line in rust.lines_with(text) {
                findings.push(Finding::new(&file.path, line, format!("uses {text}")));
            }
        }
    }
    findings
}

/// `#[allow]` in any form.
pub fn allow_attributes(file: &SourceFile) -> Vec<Finding> {
    let Some(rust) = &file.rust else { return Vec::new() };
    ["#[allow(", "#![allow("]
        .into_iter()
        .flat_map(|text| rust.lines_with(text))
        .map(|line| Finding::new(&file.path, line, "use #[expect(…, reason = …)]"))
        .collect()
}

/// Macros that mark code as unfinished.
pub fn unfinished(file: &SourceFile) -> Vec<Finding> {
    let Some(rust) = &file.rust else { return Vec::new() };
    let mut findings = Vec::new();
    for name in ["todo", "unimplemented", "dbg"] {
        for (line, word) in rust.words() {
            let called =
                || rust.code.lines().nth(line - 1).is_some_and(|l| l.contains(&format!("{name}!")));
            if word == name && called() {
                findings.push(Finding::new(&file.path, line, format!("{name}!")));
            }
        }
    }
    findings
}

/// The sentence at the top of each Rust file.
pub fn header(file: &SourceFile) -> Vec<Finding> {
    if file.rust.is_none() || file.text.starts_with("//!") {
        return Vec::new();
    }
    vec![Finding::new(&file.path, 1, "start with //! and what the file is for")]
}

fn banned_in(file: &SourceFile, crates: &[&str], words: &[&str]) -> Vec<Finding> {
    let in_scope = file.crate_name().is_some_and(|name| crates.contains(&name));
    // Benchmarks print ratios, which are no amounts.
    let is_bench = file.path.contains("/benches/");
    let Some(rust) = file.rust.as_ref().filter(|_| in_scope && !is_bench) else {
        return Vec::new();
    };
    rust.words()
        .filter(|(_, word)| words.contains(word))
        .map(|(line, word)| Finding::new(&file.path, line, format!("uses {word}")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{allow_attributes, floats, hash_collections, header, purity, unfinished};
    use crate::tidy::finding::lines_found;

    #[test]
    fn floats_are_found_where_money_lives() {
        let text = "// f64\nlet a: f64 = 1;\nlet b = number.as_f64();\nlet c = \"f64\";";
        assert_eq!(lines_found(floats, "crates/model/src/a.rs", text), [2, 3]);
        assert_eq!(lines_found(floats, "crates/server/src/a.rs", text), [0; 0]);
        assert_eq!(lines_found(floats, "crates/store/benches/a.rs", text), [0; 0]);
    }

    #[test]
    fn unordered_collections_are_found() {
        let text = "use std::collections::{BTreeMap, HashMap};\nlet a: HashSet<u8>;";
        assert_eq!(lines_found(hash_collections, "crates/engine/src/a.rs", text), [1, 2]);
        assert_eq!(lines_found(hash_collections, "crates/server/src/a.rs", text), [0; 0]);
    }

    #[test]
    fn decisions_depend_on_facts_only() {
        let text =
            "async fn a() {}\nuse std::time::Duration;\nlet b = Timestamp::now();\nlet random = 4;";
        assert_eq!(lines_found(purity, "crates/flows/src/a.rs", text), [1, 2, 3]);
        assert_eq!(lines_found(purity, "crates/engine/src/a.rs", text), [0; 0]);
    }

    #[test]
    fn exceptions_have_a_reason() {
        let text = "#[allow(dead_code)]\n#![allow(unused)]\n#[expect(a, reason = \"b\")]\nbucket.allow(1);";
        assert_eq!(lines_found(allow_attributes, "crates/server/src/a.rs", text), [1, 2]);
    }

    #[test]
    fn unfinished_code_is_found() {
        let text = "todo!()\nlet todo = 1;\n// todo!()\ndbg!(x)\nunimplemented!()";
        assert_eq!(lines_found(unfinished, "crates/server/src/a.rs", text), [1, 5, 4]);
    }

    #[test]
    fn every_file_begins_with_its_purpose() {
        assert_eq!(lines_found(header, "a.rs", "//! Why.\n"), [0; 0]);
        assert_eq!(lines_found(header, "a.rs", "use a;\n//! Why.\n"), [1]);
        assert_eq!(lines_found(header, "a.md", "text"), [0; 0]);
    }
}
