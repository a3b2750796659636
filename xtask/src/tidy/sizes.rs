//! The largest files and functions, printed and never failed: beyond a budget is sometimes right,
//! and then the file still has one subject (STYLE.md 3).

use crate::files::Tree;
use crate::scrub::{Scrubbed, is_word};

/// Lines of a file beyond which it is named.
const FILE_LINES: usize = 500;

/// Lines of a function beyond which it is named.
const FUNCTION_LINES: usize = 70;

/// Lines for people, longest first.
pub fn report(tree: &Tree) -> Vec<String> {
    let mut files = Vec::new();
    let mut functions = Vec::new();
    for file in &tree.files {
        let Some(rust) = &file.rust else { continue };
        let lines = file.text.lines().count();
        if lines > FILE_LINES {
            files.push((lines, file.path.clone()));
        }
        for (name, line, lines) in functions_of(rust) {
            if lines > FUNCTION_LINES {
                functions.push((lines, format!("{}:{line} {name}", file.path)));
            }
        }
    }
    let mut report = section(&format!("files over {FILE_LINES} lines"), files);
    report.extend(section(&format!("functions over {FUNCTION_LINES} lines"), functions));
    report
}

fn section(title: &str, mut rows: Vec<(usize, String)>) -> Vec<String> {
    rows.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let mut lines = vec![format!("{title}: {}", rows.len())];
    lines.extend(rows.into_iter().map(|(count, what)| format!("  {count:>5}  {what}")));
    lines
}

/// Name, first line and number of lines of each function with a body.
fn functions_of(rust: &Scrubbed) -> Vec<(String, usize, usize)> {
    let code = &rust.code;
    let mut found = Vec::new();
    for (at, _) in code.match_indices("fn ") {
        if code[..at].chars().next_back().is_some_and(is_word) {
            continue;
        }
        let rest = code[at + 3..].trim_start();
        let name: String = rest.chars().take_while(|c| is_word(*c)).collect();
        if name.is_empty() {
            continue;
        }
        if let Some(len) = body_end(&code[at..]) {
            let line = code[..at].matches('\n').count() + 1;
            let lines = code[at..at + len].matches('\n').count() + 1;
            found.push((name, line, lines));
        }
    }
    found
}

/// Where the body of the function at the beginning of the text ends, if it has one.
fn body_end(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut brackets = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '[' => brackets += 1,
            ')' | ']' => brackets = brackets.saturating_sub(1),
            ';' if depth == 0 && brackets == 0 => return None,
            '{' => depth += 1,
            '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 && brackets == 0 {
                    return Some(at + 1);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{functions_of, report};
    use crate::files::{SourceFile, Tree};
    use crate::scrub::scrub;

    #[test]
    fn functions_are_measured_from_signature_to_brace() {
        let text = "trait A { fn declared(a: [u8; 2]); }\nfn one(f: fn (u8)) -> u8 {\n  if a { \"}\" }\n}\nfn two() {}\n";
        let found = functions_of(&scrub(text));
        assert_eq!(found, [("one".to_owned(), 2, 3), ("two".to_owned(), 5, 1)]);
    }

    #[test]
    fn only_what_is_beyond_the_budget_is_named_longest_first() {
        let body = |lines: usize| format!("fn f() {{\n{}}}\n", "a;\n".repeat(lines));
        let tree = Tree::new(vec![
            SourceFile::new("a.rs", body(600)),
            SourceFile::new("b.rs", body(700)),
            SourceFile::new("c.rs", body(68)),
        ]);
        let lines = report(&tree);
        assert_eq!(lines.len(), 6, "{lines:?}");
        assert!(lines[1].contains("702  b.rs") && lines[2].contains("602  a.rs"));
        assert!(lines[4].contains("702  b.rs:1 f"));
    }
}
