//! What commands print: tables for people, JSON for programs.

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

/// Columns of the narrowest terminal that lines are made for.
pub const COLUMNS: usize = 80;

/// Prints a table, or says that there is nothing.
pub fn table(head: &[&str], rows: Vec<Vec<String>>, nothing: &str) {
    if rows.is_empty() {
        println!("{nothing}");
        return;
    }
    println!("{}", table_text(head, rows));
}

/// A table in text, without blanks at the ends of lines.
pub fn table_text(head: &[&str], rows: Vec<Vec<String>>) -> String {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    table.set_header(head.iter().map(|word| word.to_uppercase()));
    for row in rows {
        table.add_row(row);
    }
    let text = table.to_string();
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n")
}

/// Prints one JSON document.
pub fn json<T: Serialize>(value: &T) {
    println!("{}", json_text(value));
}

/// One JSON document in text.
pub fn json_text<T: Serialize>(value: &T) -> String {
    serde_json::to_string_pretty(value).unwrap_or_else(|error| {
        serde_json::json!({ "error": format!("the answer could not be written: {error}") })
            .to_string()
    })
}

/// Parts in lines of the narrowest terminal: `first` before the first line, blanks as wide before the
/// others.
#[must_use]
pub fn wrapped(first: &str, parts: &[String], between: &str) -> Vec<String> {
    let width = |text: &str| text.chars().count();
    let indent = " ".repeat(width(first));
    let mut lines: Vec<String> = Vec::new();
    let mut line = first.to_owned();
    for (nth, part) in parts.iter().enumerate() {
        let begins = line.trim().is_empty() || line == first;
        let more = if nth + 1 < parts.len() { width(between.trim_end()) } else { 0 };
        let joined = if begins { width(part) } else { width(between) + width(part) };
        if !begins && width(&line) + joined + more > COLUMNS {
            lines.push(format!("{line}{}", between.trim_end()));
            line.clone_from(&indent);
        } else if !begins {
            line.push_str(between);
        }
        line.push_str(part);
    }
    lines.push(line);
    lines
}

/// A sentence in lines of the narrowest terminal, all after the same indent.
#[must_use]
pub fn paragraph(indent: &str, text: &str) -> String {
    let words: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
    let lines = wrapped(indent, &words, " ");
    let trimmed: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    trimmed.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(parts: &[&str], expected: &[&str]) {
        let parts: Vec<String> = parts.iter().map(|part| (*part).to_owned()).collect();
        assert_eq!(wrapped("Mon 16 Feb  ", &parts, " · "), expected);
    }

    #[test]
    fn lines_end_before_the_narrowest_terminal_does() {
        check(&["1 receipt", "2 deposits"], &["Mon 16 Feb  1 receipt · 2 deposits"]);
        let long = ["24 payments collected", "3 mandates asked for", "17 confirmed", "1 receipt"];
        let (first, second) = (
            "Mon 16 Feb  24 payments collected · 3 mandates asked for · 17 confirmed ·",
            "            1 receipt",
        );
        check(&long, &[first, second]);
        check(&["a"; 1], &["Mon 16 Feb  a"]);
        let word = "x".repeat(200);
        check(&[&word, "b"], &[&format!("Mon 16 Feb  {word} ·"), "            b"]);
        for count in 1..120 {
            let parts: Vec<String> = (0..count).map(|n| format!("{n} things")).collect();
            let lines = wrapped("Mon 16 Feb  ", &parts, " · ");
            assert!(lines.iter().all(|line| line.chars().count() <= COLUMNS), "{lines:?}");
            let all: String = lines.iter().map(|line| line.trim_start()).collect();
            assert_eq!(all.matches("things").count(), count);
        }
    }

    #[test]
    fn sentences_are_broken_at_words() {
        let text = paragraph("  ", &"seven ".repeat(30));
        assert_eq!(text.matches("seven").count(), 30);
        assert!(text.lines().all(|line| line.chars().count() <= COLUMNS && !line.ends_with(' ')));
    }
}
