//! Rules that no compiler keeps, each with its reason; run by `cargo xtask tidy` and by an
//! ordinary test. A rule is a function from text to findings and touches nothing else.

mod arrows;
mod attention;
mod bans;
mod finding;
mod folders;
mod golden;
mod licences;
mod links;
mod places;
mod rules;
mod sdf;
mod sizes;
mod words;
mod xml;

use std::path::Path;

use crate::files::{self, Tree};
use crate::metadata;
use finding::Finding;
use rules::{Check, RULES, Rule};

/// What a whole run found: per rule that was broken, where.
struct Report {
    broken: Vec<(&'static Rule, Vec<Finding>)>,
    tree: Tree,
}

/// Checks every rule and prints what is wrong and what is large. Returns whether all hold.
pub fn run(root: &Path) -> bool {
    let report = match check(root) {
        Ok(report) => report,
        Err(message) => {
            println!("tidy could not look: {message}");
            return false;
        }
    };
    for line in sizes::report(&report.tree) {
        println!("{line}");
    }
    for (rule, findings) in &report.broken {
        println!("\n{}: {}", rule.name, rule.reason);
        for finding in findings {
            println!("  {finding}");
        }
    }
    let broken = report.broken.len();
    println!("tidy: {} of {} rules hold", RULES.len() - broken, RULES.len());
    broken == 0
}

fn check(root: &Path) -> Result<Report, String> {
    let tree = files::read_tree(root).map_err(|error| format!("reading the files: {error}"))?;
    let workspace = metadata::workspace(root)?;
    let packages = metadata::packages(root)?;
    let broken = RULES
        .iter()
        .filter_map(|rule| {
            let findings = match rule.check {
                Check::File(check) => tree.files.iter().flat_map(check).collect(),
                Check::Tree(check) => check(&tree),
                Check::Workspace(check) => check(&workspace),
                Check::Packages(check) => check(&packages),
            };
            (!findings.is_empty()).then_some((rule, findings))
        })
        .collect();
    Ok(Report { broken, tree })
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::files;

    #[test]
    fn the_repository_is_tidy() {
        let report = check(&files::root()).unwrap();
        let mut message = String::new();
        for (rule, findings) in &report.broken {
            message += &format!("\n{}: {}\n", rule.name, rule.reason);
            for finding in findings {
                message += &format!("  {finding}\n");
            }
        }
        assert!(report.broken.is_empty(), "{message}");
    }
}
