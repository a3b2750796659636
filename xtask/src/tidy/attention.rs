//! Every reason that only a person can resolve has a page of its own in `docs/attention`, and no page
//! is left of a reason that is gone. The codes are read from the source text.

use std::collections::BTreeMap;

use super::finding::Finding;
use crate::files::{SourceFile, Tree};

/// Where the codes are.
const REASONS: &str = "crates/model/src/reason.rs";

/// Where the pages are.
const PAGES: &str = "docs/attention/";

/// The page that lists the others.
const INDEX: &str = "README.md";

/// What each page answers, in this order.
const HEADINGS: &[&str] =
    &["What it means", "How it comes about", "What to do", "What happens afterwards"];

/// Checks the pages against the codes.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let Some(reasons) = tree.file(REASONS) else {
        return vec![Finding::new(REASONS, 0, "is not there: where are the reason codes?")];
    };
    let codes = codes(&reasons.text);
    if codes.is_empty() {
        return vec![Finding::new(REASONS, 0, "no code that needs a person was found in it")];
    }
    let index = tree.file(&format!("{PAGES}{INDEX}"));
    let mut findings = Vec::new();
    for (code, line) in &codes {
        let path = format!("{PAGES}{code}.md");
        match tree.file(&path) {
            None => findings.push(Finding::new(REASONS, *line, format!("{code} has no {path}"))),
            Some(page) => findings.extend(faults(page, code)),
        }
        if !index.is_some_and(|index| index.text.contains(&format!("]({code}.md)"))) {
            let message = format!("{PAGES}{INDEX} does not link to {code}.md");
            findings.push(Finding::new(REASONS, *line, message));
        }
    }
    let left_over = tree.paths.iter().filter(|path| {
        path.strip_prefix(PAGES).is_some_and(|name| {
            name != INDEX && !name.strip_suffix(".md").is_some_and(|code| codes.contains_key(code))
        })
    });
    findings.extend(
        left_over.map(|path| Finding::new(path, 0, "is the page of no code that needs a person")),
    );
    findings
}

/// The codes that need a person, each with its line: `Name = "code", NeedsPerson, …`.
fn codes(text: &str) -> BTreeMap<&str, usize> {
    let mut codes = BTreeMap::new();
    for (at, _) in text.match_indices("NeedsPerson") {
        let quoted = text[..at]
            .trim_end()
            .strip_suffix(',')
            .and_then(|before| before.trim_end().strip_suffix('"'));
        let Some((before, code)) = quoted.and_then(|before| before.rsplit_once('"')) else {
            continue;
        };
        if before.trim_end().ends_with('=') {
            codes.insert(code, text[..at].matches('\n').count() + 1);
        }
    }
    codes
}

fn faults(page: &SourceFile, code: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    if page.text.lines().next() != Some(&format!("# {code}")) {
        findings.push(Finding::new(&page.path, 1, format!("does not begin with \"# {code}\"")));
    }
    let headings: Vec<&str> =
        page.text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    if headings != HEADINGS {
        let message = format!("its headings are not: {}", HEADINGS.join(", "));
        findings.push(Finding::new(&page.path, 0, message));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::{HEADINGS, PAGES, REASONS, check, codes};
    use crate::files::{SourceFile, Tree};

    const TEXT: &str = "    NeedsPerson,\n    A = \"a_b\", NeedsPerson, \"It\", \"Do.\";\n    \
        B = \"b\", Waiting, \"It\", \"Do.\";\n    C = \"c\",\n        NeedsPerson, \"It\", \"Do.\";\n";

    fn page(code: &str) -> SourceFile {
        let answers: String = HEADINGS.iter().map(|one| format!("\n## {one}\n\nText.\n")).collect();
        SourceFile::new(format!("{PAGES}{code}.md"), format!("# {code}\n{answers}"))
    }

    fn found(mut files: Vec<SourceFile>, index: &str) -> Vec<String> {
        files.push(SourceFile::new(REASONS, TEXT));
        files.push(SourceFile::new(format!("{PAGES}README.md"), index));
        check(&Tree::new(files)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn codes_are_read_with_their_lines() {
        let expected = [("a_b", 2), ("c", 5)];
        assert_eq!(codes(TEXT).into_iter().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_page_per_code_passes() {
        assert_eq!(found(vec![page("a_b"), page("c")], "[a](a_b.md) [c](c.md)"), [""; 0]);
    }

    #[test]
    fn what_is_missing_or_left_over_is_named() {
        let findings = found(vec![page("a_b"), page("b")], "[a](a_b.md)");
        assert_eq!(findings.len(), 3, "{findings:?}");
        assert!(findings[0].ends_with("reason.rs:5: c has no docs/attention/c.md"), "{findings:?}");
        assert!(findings[1].contains("does not link to c.md"), "{findings:?}");
        assert!(findings[2].contains("b.md: is the page of no code"), "{findings:?}");
    }

    #[test]
    fn a_page_answers_the_four_questions() {
        let half = SourceFile::new(format!("{PAGES}c.md"), "# another\n\n## What it means\n");
        let findings = found(vec![page("a_b"), half], "[a](a_b.md) [c](c.md)");
        assert_eq!(findings.len(), 2, "{findings:?}");
        assert!(findings[0].contains("does not begin with \"# c\""), "{findings:?}");
        assert!(findings[1].contains("its headings are not"), "{findings:?}");
    }

    #[test]
    fn a_source_that_moved_is_no_pass() {
        assert_eq!(check(&Tree::new(vec![page("c")])).len(), 1);
        assert_eq!(check(&Tree::new(vec![SourceFile::new(REASONS, "nothing")])).len(), 1);
    }
}
