//! `audit`: the trail, and whether it is whole.

use std::process::ExitCode;

use store::rows::ChainCheck;

use crate::cli::Audit;
use crate::failure::{Failure, Result, code};
use crate::instance::Instance;
use crate::output;

/// Rows read at a time.
const PAGE: u32 = 1_000;

pub async fn run(instance: &Instance, command: Audit, json: bool) -> Result<ExitCode> {
    match command {
        Audit::Export { after } => export(instance, after).await,
        Audit::Verify => verify(instance, json).await,
    }
}

async fn export(instance: &Instance, mut after: i64) -> Result<ExitCode> {
    loop {
        let rows = instance.store.audit_rows(after, PAGE).await?;
        let Some(last) = rows.last() else { return Ok(ExitCode::SUCCESS) };
        after = last.seq;
        for row in &rows {
            let line = serde_json::to_string(row)
                .map_err(|error| Failure::Failed(format!("audit row {}: {error}", row.seq)))?;
            println!("{line}");
        }
    }
}

async fn verify(instance: &Instance, json: bool) -> Result<ExitCode> {
    let check = instance.store.verify_chain().await?;
    if json {
        output::json(&check);
    }
    match check {
        ChainCheck::Intact { rows, head } => {
            if !json {
                println!("The audit chain is intact: {rows} rows, head {head}");
            }
            Ok(ExitCode::SUCCESS)
        }
        ChainCheck::Broken { seq, why } => {
            if !json {
                println!("The audit chain is broken at row {seq}: {why}");
            }
            Ok(ExitCode::from(code::FAILED))
        }
    }
}
