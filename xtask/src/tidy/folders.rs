//! Every connector has the same files, so that who knows one finds everything in the next.

use std::collections::BTreeSet;

use super::finding::Finding;
use crate::files::Tree;

/// A module is either a file or a folder with `mod.rs` (when it was split by subject).
const MODULES: &[&str] = &["wire", "mapping", "client", "port", "tests"];

/// Checks each folder under `connectors/src/{erp,processor}`.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (kind, more) in [("erp", &[][..]), ("processor", &["webhook"][..])] {
        let parent = format!("crates/connectors/src/{kind}/");
        let names: BTreeSet<&str> = tree
            .paths
            .iter()
            .filter_map(|path| path.strip_prefix(&parent)?.split_once('/'))
            .map(|(name, _)| name)
            .collect();
        for name in names {
            let folder = format!("{parent}{name}");
            for missing in missing(tree, &folder, more) {
                findings.push(Finding::new(&folder, 0, format!("has no {missing}")));
            }
        }
    }
    findings
}

fn missing(tree: &Tree, folder: &str, more: &[&str]) -> Vec<String> {
    let mut missing = Vec::new();
    for file in ["MAPPINGS.md", "mod.rs"] {
        if !tree.paths.contains(&format!("{folder}/{file}")) {
            missing.push(file.to_owned());
        }
    }
    for module in MODULES.iter().chain(more) {
        let as_file = tree.paths.contains(&format!("{folder}/{module}.rs"));
        if !as_file && !tree.paths.contains(&format!("{folder}/{module}/mod.rs")) {
            missing.push(format!("{module}.rs"));
        }
    }
    if !tree.has(&format!("{folder}/fixtures")) {
        missing.push("fixtures/".to_owned());
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::files::{SourceFile, Tree};

    fn found(paths: &[&str]) -> Vec<String> {
        let tree = Tree::new(paths.iter().map(|path| SourceFile::new(*path, "")).collect());
        check(&tree).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_complete_folder_passes_split_or_not() {
        let folder = "crates/connectors/src/erp/a";
        let files = ["MAPPINGS.md", "mod.rs", "wire.rs", "mapping/mod.rs", "client.rs", "port.rs"];
        let rest = ["tests/mod.rs", "fixtures/one.json"];
        let paths: Vec<_> = files.iter().chain(&rest).map(|f| format!("{folder}/{f}")).collect();
        let paths: Vec<_> = paths.iter().map(String::as_str).collect();
        assert_eq!(found(&paths), [""; 0]);
    }

    #[test]
    fn what_is_missing_is_named() {
        let findings = found(&["crates/connectors/src/processor/a/mod.rs"]);
        assert_eq!(findings.len(), 8);
        assert!(findings.iter().any(|f| f.ends_with("processor/a: has no webhook.rs")));
        assert!(findings.iter().any(|f| f.ends_with("has no fixtures/")));
        assert_eq!(found(&["crates/connectors/src/erp/mod.rs"]), [""; 0]);
    }
}
