//! `show`: the story of one case: what was decided, sent, answered and said, and why it waits.

use std::process::ExitCode;

use model::case::CaseKey;
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

/// One line of a history row's body: its texts, without the braces.
fn line(row: &AuditRow) -> String {
    let mut parts = Vec::new();
    collect(&row.body, &mut parts);
    parts.join(" · ")
}

fn collect(value: &serde_json::Value, parts: &mut Vec<String>) {
    match value {
        serde_json::Value::Object(members) => {
            for (name, member) in members {
                match member {
                    serde_json::Value::Null => {}
                    serde_json::Value::String(text) if text.is_empty() => {}
                    serde_json::Value::String(text) => parts.push(format!("{name} {text}")),
                    serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {
                        parts.push(format!("{name} {member}"));
                    }
                    serde_json::Value::Object(_) | serde_json::Value::Array(_) => {
                        collect(member, parts);
                    }
                }
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| collect(item, parts)),
        serde_json::Value::String(text) => parts.push(text.clone()),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
    }
}

/// A case as people write it.
pub fn parse(case: &str) -> Result<CaseKey> {
    case.parse().map_err(|error: model::case::NotACase| Failure::usage(error.to_string()))
}
