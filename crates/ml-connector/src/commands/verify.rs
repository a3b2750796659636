//! `verify`: the books against both sides, and the audit chain (promise P9).

use std::process::ExitCode;

use engine::verify::{Finding, Verdict, WaitingReversals};
use model::ids::LinkId;
use model::money::Money;
use store::rows::ChainCheck;

use crate::failure::{Result, code};
use crate::instance::Instance;
use crate::output;

pub async fn run(instance: &Instance, link: Option<&str>, json: bool) -> Result<ExitCode> {
    if let Some(name) = link {
        crate::commands::links::find(instance, name).await?;
    }
    let proof = instance.engine.verify(link.map(LinkId::new).as_ref()).await?;
    let chain = instance.store.verify_chain().await?;
    let whole = matches!(chain, ChainCheck::Intact { .. });
    let count = |verdict| proof.findings.iter().filter(|one| one.verdict == verdict).count();
    let (differs, unread) = (count(Verdict::Differs), count(Verdict::NotProved));
    let (pending, others) = (count(Verdict::Pending), count(Verdict::Others));
    // Pending is explained by its reason; a side that could not be read is not.
    let proved = differs == 0 && unread == 0 && whole;
    let nothing = proof.findings.is_empty();
    // What a person must see to need not touch a payout: it is no part of the proof, and is named.
    let items = instance.store.attention(false).await?;
    let waiting = items
        .iter()
        .filter(|item| link.is_none() || item.link.as_ref().map(LinkId::as_str) == link)
        .count();
    if json {
        output::json(&serde_json::json!({
            "proof": proof, "chain": chain, "proved": proved, "nothing_to_prove": nothing,
            "attention": waiting,
        }));
        return Ok(exit(proved));
    }
    let rows = proof.findings.iter().map(row).chain(proof.reversals.iter().map(reversal)).collect();
    output::table(&["what", "processor", "books", "verdict", "why"], rows, "Nothing to prove yet.");
    println!();
    for total in &proof.totals {
        println!("{:<44} {}", total.what, total.amount);
    }
    match &chain {
        ChainCheck::Intact { rows, .. } => println!("\nAudit chain intact: {rows} rows."),
        ChainCheck::Broken { seq, why } => println!("\nAudit chain BROKEN at row {seq}: {why}"),
    }
    if others > 0 {
        println!("{others} lines are not ours to prove: see \"not ours\" above.");
    }
    if waiting > 0 {
        println!("Waiting for a person: {waiting}, see attention list.");
    }
    match (proved, pending) {
        (true, 0) if nothing => println!(
            "There is nothing to prove yet: no payout was read. Once one was paid, this compares it \
             with the books."
        ),
        (true, 0) => println!("Proved to the penny{}.", but(&proof.reversals)),
        (true, 1) => {
            println!("Proved, but for 1 payout that is still on its way{}.", but(&proof.reversals))
        }
        (true, _) => println!(
            "Proved, but for {pending} payouts that are still on their way{}.",
            but(&proof.reversals)
        ),
        (false, _) => println!(
            "NOT proved: {differs} differ, {unread} could not be read or wait for a person (attention \
             list), {pending} are on their way."
        ),
    }
    Ok(exit(proved))
}

/// What is not in the books yet, since no payout has taken it.
fn but(reversals: &[WaitingReversals]) -> String {
    reversals.iter().map(|one| format!("; {}", one.sentence())).collect()
}

fn reversal(waiting: &WaitingReversals) -> Vec<String> {
    vec![
        format!("reversals, {}", waiting.amount.currency),
        Money::new(-waiting.amount.minor, waiting.amount.currency).to_string(),
        String::new(),
        "pending".to_owned(),
        waiting.sentence(),
    ]
}

fn exit(proved: bool) -> ExitCode {
    if proved { ExitCode::SUCCESS } else { ExitCode::from(code::FAILED) }
}

fn row(finding: &Finding) -> Vec<String> {
    let verdict = match finding.verdict {
        Verdict::Proved => "proved",
        Verdict::Pending => "pending",
        Verdict::NotProved => "not proved",
        Verdict::Others => "not ours",
        Verdict::Differs => "DIFFERS",
    };
    let side = |amount: &Option<model::money::Money>| {
        amount.map_or_else(String::new, |amount| amount.to_string())
    };
    vec![
        finding.what.clone(),
        side(&finding.processor),
        side(&finding.books),
        verdict.to_owned(),
        finding.why.clone(),
    ]
}
