//! `payouts`: what arrived at the bank, and what carries it in the books.

use std::process::ExitCode;

use model::case::{CaseKey, CaseKind};
use model::ids::{AccountId, PayoutId};
use model::payout::{KeptItem, Payout};
use store::rows::{CaseFilter, CaseRow};

use crate::cli::Payouts;
use crate::failure::{Failure, Result};
use crate::instance::Instance;
use crate::output;

pub async fn run(instance: &Instance, command: Payouts, json: bool) -> Result<ExitCode> {
    match command {
        Payouts::List => list(instance, json).await,
        Payouts::Show { payout } => show(instance, &payout, json).await,
        Payouts::Export { payout } => export(instance, payout.as_deref(), json).await,
    }
}

async fn all(instance: &Instance) -> Result<Vec<CaseRow>> {
    let mut rows = Vec::new();
    let mut after = None;
    loop {
        let kind = Some(CaseKind::Payout);
        let filter = CaseFilter { kind, after, limit: 1_000, ..CaseFilter::default() };
        let page = instance.store.cases(&filter).await?;
        let Some(last) = page.last() else { return Ok(rows) };
        after = Some(last.id);
        rows.extend(page);
    }
}

/// The payout as it was last read.
async fn seen(instance: &Instance, row: &CaseRow) -> Result<Option<Payout>> {
    let context = instance.store.contexts(&[row.id]).await?.pop().unwrap_or_default();
    let body = context.facts.get("payout").map(|(_, body)| body.clone());
    Ok(body.and_then(|body| serde_json::from_value(body).ok()))
}

async fn list(instance: &Instance, json: bool) -> Result<ExitCode> {
    let mut rows = Vec::new();
    for row in all(instance).await? {
        let payout = seen(instance, &row).await?;
        rows.push((row, payout));
    }
    rows.sort_by_key(|(row, payout)| {
        (payout.as_ref().map(|payout| payout.created_at), row.key.clone())
    });
    if json {
        let body: Vec<_> = rows
            .iter()
            .map(|(row, payout)| {
                serde_json::json!({
                    "case": row.key.to_string(), "payout": payout, "stage": row.stage,
                    "reason": row.reason,
                })
            })
            .collect();
        output::json(&body);
        return Ok(ExitCode::SUCCESS);
    }
    let lines = rows
        .into_iter()
        .map(|(row, payout)| {
            let (amount, arrival, reference) = payout.map_or_else(
                || (String::new(), String::new(), String::new()),
                |payout| {
                    (
                        payout.amount.to_string(),
                        payout.arrival_on.map_or_else(String::new, |on| on.to_string()),
                        payout.reference.unwrap_or_default(),
                    )
                },
            );
            let reason = row.reason.map_or_else(String::new, |reason| reason.sentence());
            vec![row.key.subject, amount, arrival, reference, reason]
        })
        .collect();
    output::table(&["payout", "amount", "arrival", "reference", "state"], lines, "No payouts yet.");
    Ok(ExitCode::SUCCESS)
}

async fn find(instance: &Instance, payout: &str) -> Result<CaseRow> {
    let rows = all(instance).await?;
    rows.into_iter()
        .find(|row| row.key.subject == payout || row.key.to_string() == payout)
        .ok_or_else(|| Failure::usage(format!("there is no payout {payout}")))
}

fn ids(key: &CaseKey) -> (AccountId, PayoutId) {
    (key.account.clone(), PayoutId::new(key.subject.as_str()))
}

async fn show(instance: &Instance, payout: &str, json: bool) -> Result<ExitCode> {
    let row = find(instance, payout).await?;
    let (account, id) = ids(&row.key);
    let items = instance.store.items_of_payout(&account, &id).await?;
    let documents = instance.store.item_documents(&account, &id).await?;
    let seen = seen(instance, &row).await?;
    if json {
        output::json(&serde_json::json!({
            "case": row.key.to_string(), "payout": seen, "items": items, "documents": documents,
            "stage": row.stage, "reason": row.reason,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(payout) = &seen {
        let arrival = payout.arrival_on.map_or_else(String::new, |on| on.to_string());
        let reference = payout.reference.as_deref().unwrap_or("");
        println!("{}  {}  {arrival}  {reference}", payout.id, payout.amount);
    }
    if let Some(reason) = &row.reason {
        println!("{}\n", reason.sentence());
    }
    let lines = items
        .iter()
        .map(|kept| {
            let document = documents
                .iter()
                .find(|document| document.ordinal == kept.item.ordinal)
                .map_or_else(String::new, |document| document.document.clone());
            let mut cells = cells(kept);
            cells.push(document);
            cells
        })
        .collect();
    output::table(
        &["#", "kind", "amount (minor units)", "payment", "refund", "route", "document"],
        lines,
        "Its items are not read yet.",
    );
    Ok(ExitCode::SUCCESS)
}

fn cells(kept: &KeptItem) -> Vec<String> {
    let item = &kept.item;
    vec![
        item.ordinal.to_string(),
        word(&item.kind),
        item.amount.to_string(),
        item.collection.as_ref().map_or_else(String::new, |id| id.to_string()),
        item.refund.as_ref().map_or_else(String::new, |id| id.to_string()),
        word(&kept.route),
    ]
}

/// The stored word of an enumeration.
fn word<T: serde::Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}

/// The columns of an export, whatever its form.
const COLUMNS: [&str; 9] = [
    "payout",
    "arrival_on",
    "currency",
    "item",
    "kind",
    "amount_minor",
    "payment",
    "refund",
    "route",
];

/// Every kept item; as CSV, or as a list of objects with the same members, whose amounts stay text:
/// they have tenths of the minor unit.
async fn export(instance: &Instance, payout: Option<&str>, json: bool) -> Result<ExitCode> {
    let rows = match payout {
        Some(payout) => vec![find(instance, payout).await?],
        None => all(instance).await?,
    };
    let mut lines = Vec::new();
    for row in rows {
        let (account, id) = ids(&row.key);
        for kept in instance.store.items_of_payout(&account, &id).await? {
            let mut line = vec![
                kept.payout.to_string(),
                kept.arrival_on.to_string(),
                kept.currency.to_string(),
            ];
            line.extend(cells(&kept));
            lines.push(line);
        }
    }
    if json {
        let objects: Vec<_> = lines.into_iter().map(object).collect();
        output::json(&objects);
        return Ok(ExitCode::SUCCESS);
    }
    println!("{}", COLUMNS.join(","));
    for line in lines {
        let line: Vec<String> = line.iter().map(|cell| csv_cell(cell)).collect();
        println!("{}", line.join(","));
    }
    Ok(ExitCode::SUCCESS)
}

/// A line by its columns; what is empty is null.
fn object(line: Vec<String>) -> serde_json::Value {
    let members = COLUMNS.iter().zip(line).map(|(name, cell)| {
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
