//! Which crate may depend on which, and that every package takes the workspace's lints.

use serde_json::Value;

use super::finding::Finding;
use crate::files::SourceFile;
use crate::metadata::{array, text};

/// A crate of ours: what it may import, and what only its tests may.
struct Arrow {
    from: &'static str,
    to: &'static [&'static str],
    to_in_tests: &'static [&'static str],
}

/// DESIGN.md section 3, from the bottom up. Tests may reach for an emulator; nothing else may.
const ARROWS: &[Arrow] = &[
    Arrow { from: "model", to: &[], to_in_tests: &[] },
    Arrow { from: "flows", to: &["model"], to_in_tests: &[] },
    Arrow { from: "ports", to: &["model"], to_in_tests: &[] },
    Arrow { from: "connectors", to: &["model", "ports"], to_in_tests: &["sandbox"] },
    Arrow { from: "sandbox", to: &[], to_in_tests: &[] },
    Arrow { from: "store", to: &["model", "ports"], to_in_tests: &[] },
    Arrow { from: "engine", to: &["model", "flows", "ports", "store"], to_in_tests: &[] },
    Arrow {
        from: "server",
        to: &["model", "flows", "ports", "store", "engine"],
        to_in_tests: &["connectors", "sandbox"],
    },
    Arrow {
        from: "simulator",
        to: &["model", "flows", "ports", "store", "engine", "connectors", "sandbox"],
        to_in_tests: &[],
    },
    Arrow {
        from: "ml-connector",
        to: &["model", "flows", "ports", "connectors", "sandbox", "store", "engine", "server"],
        to_in_tests: &["simulator"],
    },
    Arrow { from: "xtask", to: &[], to_in_tests: &[] },
];

/// Libraries that the pure crates must not have, whatever they would use them for.
const IMPURE: &[&str] = &[
    "async-trait",
    "chrono",
    "fastrand",
    "futures",
    "getrandom",
    "rand",
    "reqwest",
    "rusqlite",
    "time",
    "tokio",
];

/// Checks the dependencies between our packages in `cargo metadata --no-deps`.
pub fn check(workspace: &Value) -> Vec<Finding> {
    let packages = array(workspace, "packages");
    let ours: Vec<&str> = packages.iter().map(|package| text(package, "name")).collect();
    let mut findings = Vec::new();
    for package in packages {
        let name = text(package, "name");
        let Some(arrow) = ARROWS.iter().find(|arrow| arrow.from == name) else {
            findings.push(Finding::new(
                name,
                0,
                "the crate is not in the list of arrows in xtask/src/tidy/arrows.rs",
            ));
            continue;
        };
        for dependency in array(package, "dependencies") {
            let to = text(dependency, "name");
            let in_tests = text(dependency, "kind") == "dev";
            if ours.contains(&to) {
                let allowed = arrow.to.contains(&to) || in_tests && arrow.to_in_tests.contains(&to);
                if !allowed {
                    findings.push(Finding::new(name, 0, format!("must not depend on {to}")));
                }
            } else if matches!(name, "model" | "flows") && !in_tests && IMPURE.contains(&to) {
                findings.push(Finding::new(name, 0, format!("is pure: it must not use {to}")));
            }
        }
    }
    findings
}

/// Checks that a package's manifest takes the lints of the workspace.
pub fn lints(file: &SourceFile) -> Vec<Finding> {
    let is_package = file.path.ends_with("/Cargo.toml") && file.text.contains("[package]");
    let takes_lints = file
        .text
        .split("[lints]")
        .nth(1)
        .is_some_and(|section| section.trim_start().starts_with("workspace = true"));
    if !is_package || takes_lints {
        return Vec::new();
    }
    vec![Finding::new(&file.path, 0, "add [lints] workspace = true")]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{check, lints};
    use crate::tidy::finding::lines_found;

    fn found(dependencies: serde_json::Value) -> Vec<String> {
        let names = ["model", "flows", "sandbox", "connectors", "engine"];
        let packages: Vec<_> = names
            .iter()
            .map(|name| {
                let list = dependencies.get(name).cloned().unwrap_or_else(|| json!([]));
                json!({"name": name, "dependencies": list})
            })
            .collect();
        check(&json!({"packages": packages})).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn arrows_point_down_only() {
        let normal = |name: &str| json!([{"name": name, "kind": null}]);
        let dev = |name: &str| json!([{"name": name, "kind": "dev"}]);
        assert_eq!(found(json!({"flows": normal("model")})), [""; 0]);
        assert_eq!(found(json!({"connectors": dev("sandbox")})), [""; 0]);
        assert_eq!(found(json!({"model": normal("serde")})), [""; 0]);
        assert_eq!(found(json!({"model": normal("flows")})), ["model: must not depend on flows"]);
        assert_eq!(
            found(json!({"connectors": normal("sandbox")})),
            ["connectors: must not depend on sandbox"]
        );
        assert_eq!(
            found(json!({"sandbox": dev("connectors")})),
            ["sandbox: must not depend on connectors"]
        );
        assert_eq!(
            found(json!({"engine": normal("connectors")})),
            ["engine: must not depend on connectors"]
        );
        assert_eq!(
            found(json!({"flows": normal("tokio")})),
            ["flows: is pure: it must not use tokio"]
        );
    }

    #[test]
    fn an_unknown_crate_needs_a_line() {
        let findings = check(&json!({"packages": [{"name": "extra", "dependencies": []}]}));
        assert_eq!(findings.len(), 1);
    }

    #[test]
    fn every_package_takes_the_lints() {
        let with = "[package]\nname = \"a\"\n[lints]\nworkspace = true\n";
        let without = "[package]\nname = \"a\"\n";
        assert_eq!(lines_found(lints, "crates/a/Cargo.toml", with), [0; 0]);
        assert_eq!(lines_found(lints, "crates/a/Cargo.toml", without), [0]);
        assert_eq!(lines_found(lints, "Cargo.toml", "[workspace]\n"), [0; 0]);
    }
}
