//! `show`: the story of one case: what was decided, sent, answered and said, and why it waits.

use std::process::ExitCode;

use model::case::CaseKey;
use model::reason::Reason;
use store::rows::AuditRow;

use crate::failure::{Failure, Result};
use crate::instance::Instance;
use crate::output;

pub async fn run(instance: &Instance, case: &str, json: bool) -> Result<ExitCode> {
    let key = parse(case)?;
    let Some(row) = instance.store.case(&key).await? else {
        return Err(Failure::usage(format!("there is no case {key}")));
    };
    let history = instance.store.history(&key).await?;
    let context = instance.store.contexts(&[row.id]).await?.pop().unwrap_or_default();
    if json {
        let facts: std::collections::BTreeMap<_, _> =
            context.facts.into_iter().map(|(subject, (_, body))| (subject, body)).collect();
        output::json(&serde_json::json!({
            "case": key.to_string(), "stage": row.stage, "reason": row.reason, "due_at": row.due_at,
            "looked_at": row.looked_at, "link": row.link, "facts": facts, "history": history,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    let stage = row.stage.map_or("new", |stage| stage.word());
    println!("{key}  [{stage}]");
    if let Some(reason) = &row.reason {
        println!("{}\nNext: {}", reason.sentence(), reason.code.next_step());
    }
    println!();
    for one in &history {
        println!("{}  {:<9} {:<8} {}", one.at.strftime("%F %T"), one.actor, one.what, line(one));
    }
    println!("\nCommands:");
    let rows = context
        .commands
        .iter()
        .map(|row| {
            let answer = row.view.answer.as_ref().map_or_else(String::new, |one| one.id.clone());
            let refused =
                row.view.rejection.as_ref().map_or_else(String::new, |one| one.words.clone());
            vec![
                row.view.key.to_string(),
                format!("{:?}", row.view.state).to_lowercase(),
                row.view.sends.to_string(),
                format!("{answer}{refused}"),
            ]
        })
        .collect();
    output::table(&["key", "state", "sends", "answer"], rows, "none");
    Ok(ExitCode::SUCCESS)
}

/// One line of a history row: what it says to a person.
fn line(row: &AuditRow) -> String {
    let text = |name: &str| row.body.get(name).and_then(serde_json::Value::as_str).unwrap_or("");
    match row.what.as_str() {
        "decided" => {
            let reason = row.body.get("reason").cloned().unwrap_or_default();
            serde_json::from_value::<Reason>(reason)
                .map_or_else(|_| row.body.to_string(), |reason| reason.sentence())
        }
        "intended" | "sent" => text("command").to_owned(),
        "answered" => {
            let words = ["id", "words", "why"].map(text).into_iter().find(|text| !text.is_empty());
            format!("{} {} {}", text("command"), text("state"), words.unwrap_or_default())
        }
        _ => row.body.to_string(),
    }
}

/// A case as people write it.
pub fn parse(case: &str) -> Result<CaseKey> {
    case.parse().map_err(|error: model::case::NotACase| Failure::usage(error.to_string()))
}
