//! Golden files that no test compares any more, and ones that wait for a review.

use super::finding::Finding;
use crate::files::Tree;

/// Checks every `.snap` file against the test source that its header names.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for path in tree.paths.iter().filter(|path| path.ends_with(".snap.new")) {
        findings.push(Finding::new(path, 0, "waits for a review: accept or remove it"));
    }
    for file in tree.files.iter().filter(|file| file.path.ends_with(".snap")) {
        let source = file.text.lines().take(10).find_map(|line| line.strip_prefix("source: "));
        match source.map(|source| source.trim().trim_matches('"')) {
            None => findings.push(Finding::new(&file.path, 0, "its header names no source")),
            Some(source) if !tree.has(source) => {
                findings.push(Finding::new(&file.path, 0, format!("its test {source} is gone")));
            }
            Some(_) => {}
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::files::{SourceFile, Tree};

    #[test]
    fn a_golden_file_needs_its_test() {
        let tree = Tree::new(vec![
            SourceFile::new("a/tests.rs", ""),
            SourceFile::new("a/one.snap", "---\nsource: a/tests.rs\n---\n1"),
            SourceFile::new("a/two.snap", "---\nsource: a/gone.rs\n---\n2"),
            SourceFile::new("a/three.snap", "3"),
            SourceFile::new("a/four.snap.new", "4"),
        ]);
        let found: Vec<_> = check(&tree).iter().map(|finding| finding.path.clone()).collect();
        assert_eq!(found, ["a/four.snap.new", "a/two.snap", "a/three.snap"]);
    }
}
