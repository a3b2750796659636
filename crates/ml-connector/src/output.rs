//! What commands print: tables for people, JSON for programs.

use comfy_table::{ContentArrangement, Table, presets};
use serde::Serialize;

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
