//! `plan`: the dry run.

use std::process::ExitCode;

use engine::plan::PlanLine;

use crate::commands::links::find;
use crate::failure::Result;
use crate::instance::Instance;
use crate::output;

/// Lines shown of each list on a terminal; `--json` gives all.
const LINES_SHOWN: usize = 40;

pub async fn run(instance: &Instance, link: &str, json: bool) -> Result<ExitCode> {
    let link = find(instance, link).await?;
    let plan = instance.engine.plan(&link.id).await?;
    if json {
        output::json(&plan);
        return Ok(ExitCode::SUCCESS);
    }
    println!("Would be collected: {}", plan.collect.len());
    output::table(
        &["invoice", "customer", "amount", "due on", "what"],
        rows(&plan.collect),
        "none",
    );
    println!("\nUnder way already: {}", plan.under_way.len());
    output::table(
        &["invoice", "customer", "amount", "due on", "why"],
        rows(&plan.under_way),
        "none",
    );
    if !plan.refused.is_empty() {
        println!(
            "\nWould be refused by the processor, and are not counted: {}",
            plan.refused.len()
        );
        let columns = ["invoice", "customer", "amount", "due on", "why"];
        output::table(&columns, rows(&plan.refused), "none");
    }
    println!("\nWould not be collected: {}", plan.skip.len());
    output::table(&["invoice", "customer", "amount", "due on", "why"], rows(&plan.skip), "none");
    println!("\nNothing was changed. To go live with exactly this:");
    println!("  ml-connector links on {} --accept '{}'", link.id, plan.figures());
    Ok(ExitCode::SUCCESS)
}

fn rows(lines: &[PlanLine]) -> Vec<Vec<String>> {
    let more = lines.len().saturating_sub(LINES_SHOWN);
    let mut rows: Vec<Vec<String>> = lines
        .iter()
        .take(LINES_SHOWN)
        .map(|line| {
            vec![
                line.number.clone(),
                line.customer.clone(),
                line.amount.map_or_else(String::new, |amount| amount.to_string()),
                line.due_on.map_or_else(String::new, |on| on.to_string()),
                line.what.clone(),
            ]
        })
        .collect();
    if more > 0 {
        rows.push(vec![format!("… and {more} more (--json shows all)")]);
    }
    rows
}
