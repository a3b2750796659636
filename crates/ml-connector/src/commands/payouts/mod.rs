//! `payouts`: what arrived at the bank, and what carries it in the books.

mod export;
mod lines;

use std::collections::BTreeMap;
use std::process::ExitCode;

use engine::BY_HAND_FACT;
use flows::payout::{OwnState, own_documents};
use model::case::CaseKind;
use model::key::Key;
use model::payout::Payout;
use model::receipt::{Deposit, ErpDocument};
use model::sight::Sight;
use store::rows::{CaseContext, CaseFilter, CaseRow};

use crate::cli::Payouts;
use crate::failure::{Failure, Result};
use crate::instance::Instance;
use crate::output;

/// What the facts about documents are named by, before the key.
const DOCUMENT: &str = "document/";

pub async fn run(instance: &Instance, command: Payouts, json: bool) -> Result<ExitCode> {
    match command {
        Payouts::List => list(instance, json).await,
        Payouts::Show { payout } => show(instance, &payout, json).await,
        Payouts::Export { payout } => export::run(instance, payout.as_deref(), json).await,
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
    Ok(context.facts.get("payout").and_then(|(_, body)| body.read()))
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
        .ok_or_else(|| {
            Failure::usage(format!(
                "there is no payout \"{payout}\": \"payouts list\" shows those there are"
            ))
        })
}

/// The payout's documents as they were last read, also those that no command knows (an older copy of
/// the database was put back).
fn documents(context: &CaseContext) -> BTreeMap<Key, Sight<ErpDocument>> {
    let read = context.facts.iter().filter_map(|(subject, (_, body))| {
        let key = Key::from_stored(subject.strip_prefix(DOCUMENT)?);
        Some((key, Sight::Found(body.read()?)))
    });
    read.collect()
}

/// Deposits that people made of the payout's receipts and refunds, as they were last read.
fn by_hand(context: &CaseContext) -> Vec<Deposit> {
    context.facts.get(BY_HAND_FACT).and_then(|(_, body)| body.read()).unwrap_or_default()
}

async fn show(instance: &Instance, payout: &str, json: bool) -> Result<ExitCode> {
    let row = find(instance, payout).await?;
    let lines = lines::of(instance, &row).await?;
    let seen = seen(instance, &row).await?;
    let context = instance.store.contexts(&[row.id]).await?.pop().unwrap_or_default();
    let documents = documents(&context);
    let by_hand = by_hand(&context);
    let views: Vec<_> = context.commands.into_iter().map(|command| command.view).collect();
    let own = own_documents(&views, &lines.payout, &documents);
    if json {
        let own: Vec<_> = own
            .iter()
            .map(|one| {
                serde_json::json!({
                    "key": one.key, "document": one.document, "at_bank": one.at_bank,
                    "standing": one.state == OwnState::Standing,
                })
            })
            .collect();
        output::json(&serde_json::json!({
            "case": row.key.to_string(), "payout": seen, "items": lines.items,
            "documents": lines.documents, "own_documents": own, "by_hand": by_hand,
            "stage": row.stage,
            "reason": row.reason,
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
    let rows = lines.all().map(|line| line.shown()).collect();
    output::table(&lines::SHOWN, rows, "Its items are not read yet.");
    if !own.is_empty() || !by_hand.is_empty() {
        println!();
        let people = by_hand.iter().map(|one| {
            let document = format!("{} (on account {})", one.id, one.bank);
            vec!["deposit by hand".to_owned(), document, one.total.to_string()]
        });
        let rows = own
            .iter()
            .map(|one| {
                let purpose = one.key.as_str().split('/').next().unwrap_or_default().to_owned();
                let document = match &one.state {
                    OwnState::Standing => one.document.clone(),
                    OwnState::Voided => format!("{} (voided)", one.document),
                    OwnState::Missing => format!("{} (gone)", one.document),
                    OwnState::Differs(how) => format!("{} ({how})", one.document),
                };
                vec![purpose, document, one.at_bank.to_string()]
            })
            .chain(people)
            .collect();
        output::table(&["document of the payout", "id", "at the bank"], rows, "");
    }
    Ok(ExitCode::SUCCESS)
}
