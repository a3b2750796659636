//! `payouts export`: every kept item with its documents, for a spreadsheet or a program.

use std::process::ExitCode;

use crate::failure::Result;
use crate::instance::Instance;
use crate::output;

use super::lines::{self, EXPORTED};

/// As CSV, or as a list of objects with the same members, whose amounts stay text: they have tenths
/// of the minor unit.
pub async fn run(instance: &Instance, payout: Option<&str>, json: bool) -> Result<ExitCode> {
    let rows = match payout {
        Some(payout) => vec![super::find(instance, payout).await?],
        None => super::all(instance).await?,
    };
    let mut cells = Vec::new();
    for row in rows {
        let lines = lines::of(instance, &row).await?;
        cells.extend(lines.all().map(|line| line.exported()));
    }
    if json {
        let objects: Vec<_> = cells.into_iter().map(object).collect();
        output::json(&objects);
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}", EXPORTED.join(","));
    for line in cells {
        let line: Vec<String> = line.iter().map(|cell| csv_cell(cell)).collect();
        println!("{}", line.join(","));
    }
    Ok(ExitCode::SUCCESS)
}

/// A line by its columns; what is empty is null.
fn object(line: Vec<String>) -> serde_json::Value {
    let members = EXPORTED.iter().zip(line).map(|(name, cell)| {
        let value = if cell.is_empty() { serde_json::Value::Null } else { cell.into() };
        ((*name).to_owned(), value)
    });
    members.collect::<serde_json::Map<_, _>>().into()
}

/// Quoted where needed; cells that a spreadsheet would run as a formula are neutralised, plain
/// numbers excepted (DESIGN.md section 11).
fn csv_cell(cell: &str) -> String {
    let number = cell.parse::<rust_decimal::Decimal>().is_ok();
    let risky = cell.starts_with(['=', '+', '-', '@']) && !number;
    let text = if risky { format!("'{cell}") } else { cell.to_owned() };
    if text.contains([',', '"', '\n', '\r']) {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::csv_cell;

    #[test]
    fn formulas_are_neutralised_and_numbers_are_not() {
        for (cell, expected) in [
            ("=1+1", "'=1+1"),
            ("-324.6", "-324.6"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("a,b", "\"a,b\""),
            ("say \"hi\"", "\"say \"\"hi\"\"\""),
            ("PM1", "PM1"),
        ] {
            assert_eq!(csv_cell(cell), expected);
        }
    }
}
