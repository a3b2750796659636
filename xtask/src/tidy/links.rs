//! Relative links in Markdown pages: the file must be there, and the heading too.

use super::finding::Finding;
use crate::files::{SourceFile, Tree};

/// Checks every page.
pub fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in tree.files.iter().filter(|file| file.extension() == "md") {
        for (line, target) in links(&file.text) {
            if let Some(problem) = problem(tree, file, target) {
                findings.push(Finding::new(&file.path, line, problem));
            }
        }
    }
    findings
}

fn problem(tree: &Tree, page: &SourceFile, target: &str) -> Option<String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let resolved = if path.is_empty() { page.path.clone() } else { resolve(&page.path, path)? };
    if !tree.has(&resolved) && !resolved.is_empty() {
        return Some(format!("links to {target}, which is not there"));
    }
    let linked = tree.file(&resolved).filter(|file| file.extension() == "md")?;
    let known = heading.is_empty() || headings(&linked.text).any(|known| known == heading);
    (!known).then(|| format!("links to {target}, but there is no such heading"))
}

/// The path from the root that a link on a page means.
fn resolve(page: &str, link: &str) -> Option<String> {
    let mut parts: Vec<&str> = match link.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => page.split('/').collect(),
    };
    parts.pop();
    for part in link.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                // Above the root there is nothing that a reader of the repository has.
                if parts.pop().is_none() {
                    return Some(format!("(outside)/{link}"));
                }
            }
            _ => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Link targets outside code, with their lines.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        // Text in back quotes is code, not a link: every second part.
        for part in line.split('`').step_by(2) {
            for (at, _) in part.match_indices("](") {
                let rest = &part[at + 2..];
                if let Some(end) = rest.find(')') {
                    let target = rest[..end].split_whitespace().next().unwrap_or_default();
                    found.push((number, target.trim_matches(['<', '>'])));
                }
            }
        }
    }
    found
}

/// The lines outside fenced code.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((index + 1, line))
    })
}

/// The anchors of a page's headings, made as code hosts make them.
fn headings(text: &str) -> impl Iterator<Item = String> {
    prose(text).filter(|(_, line)| line.starts_with('#')).map(|(_, line)| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        title
            .chars()
            .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
            .map(|c| if c == ' ' { '-' } else { c })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::check;
    use crate::files::{SourceFile, Tree};

    fn found(page: &str) -> Vec<usize> {
        let tree = Tree::new(vec![
            SourceFile::new("docs/page.md", page),
            SourceFile::new(
                "docs/other.md",
                "# Two words, and `code`\n```\n# not a heading\n```\n",
            ),
            SourceFile::new("README.md", "hello"),
        ]);
        check(&tree).iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn links_that_lead_somewhere_pass() {
        for fine in [
            "[a](other.md) and [b](../README.md)",
            "[a](./other.md#two-words-and-code \"title\")",
            "[a](https://example.com/x.md) [b](mailto:a@example.com)",
            "[a](/README.md) [folder](../docs)",
            "# Here\n[a](#here)",
            "`[a](gone.md)`",
            "```\n[a](gone.md)\n```",
        ] {
            assert_eq!(found(fine), [0; 0], "{fine}");
        }
    }

    #[test]
    fn links_that_lead_nowhere_are_found() {
        for (broken, line) in [
            ("[a](gone.md)", 1),
            ("\n![a](gone.png)", 2),
            ("[a](other.md#three)", 1),
            ("[a](other.md#not-a-heading)", 1),
            ("[a](#nowhere)", 1),
            ("[a](../../secret.md)", 1),
        ] {
            assert_eq!(found(broken), [line], "{broken}");
        }
    }
}
