//! `show`: the story of one case: what was decided, sent, answered and said, and why it waits.

use std::process::ExitCode;

use model::case::CaseKey;
use model::command::{ErpWrite, Write};
use model::invoice::Invoice;
use model::payment::Collection;
use model::reason::{Reason, ReasonKind};
use store::rows::{AuditRow, CaseContext};

use crate::commands::case_name::find;
use crate::commands::delivery;
use crate::failure::{Failure, Result};
use crate::instance::Instance;
use crate::output;

pub async fn run(instance: &Instance, case: &str, json: bool) -> Result<ExitCode> {
    if delivery::number(case).is_some() {
        return delivery::show(instance, case, json).await;
    }
    let key = find(instance, case).await?;
    let Some(row) = instance.store.case(&key).await? else {
        return Err(Failure::usage(format!("there is no case {key}")));
    };
    let history = instance.store.history(&key).await?;
    let context = instance.store.contexts(&[row.id]).await?.pop().unwrap_or_default();
    if json {
        let told = told(instance, &key, row.reason.as_ref()).await?;
        let facts: std::collections::BTreeMap<_, _> =
            context.facts.iter().map(|(subject, (_, body))| (subject, body.value())).collect();
        output::json(&serde_json::json!({
            "case": key.to_string(), "stage": row.stage, "reason": row.reason, "due_at": row.due_at,
            "looked_at": row.looked_at, "link": row.link, "attention": told, "facts": facts, "history": history,
        }));
        return Ok(ExitCode::SUCCESS);
    }
    let stage = row.stage.map_or("new", |stage| stage.word());
    println!("{key}  [{stage}]");
    let told: Vec<Reason> = told(instance, &key, row.reason.as_ref()).await?;
    if let Some(reason) = &row.reason {
        println!("{}", reason.sentence());
        // What a person is told of beside says what to do.
        if told.is_empty() || reason.code.kind() == ReasonKind::NeedsPerson {
            println!("Next: {}", reason.code.next_step());
        }
    }
    for reason in &told {
        println!("For a person: {}\nNext: {}", reason.sentence(), reason.code.next_step());
    }
    for line in known(&context) {
        println!("{line}");
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

/// What a person is told of the case beside its own reason.
async fn told(instance: &Instance, key: &CaseKey, own: Option<&Reason>) -> Result<Vec<Reason>> {
    let all = instance.store.attention(true).await?;
    let of_case = all.into_iter().filter(|item| item.case == *key).map(|item| item.reason);
    Ok(of_case.filter(|reason| Some(reason) != own).collect())
}

/// What the case is about, as it was last seen: the invoice, its payments, and the documents that stand
/// in the ERP's books.
fn known(context: &CaseContext) -> Vec<String> {
    let read = |subject: &str| context.facts.get(subject).map(|(seq, body)| (*seq, body));
    let invoices = ["invoice", "invoice_direct"].into_iter().filter_map(read);
    let newest = invoices.max_by_key(|(seq, _)| *seq).map(|(_, body)| body);
    let invoice = newest.and_then(|body| body.read::<Invoice>());
    let mut lines: Vec<String> = invoice
        .map(|one| {
            format!(
                "Invoice {} (id {}) of customer {}: {}, open {}",
                one.number, one.id, one.customer, one.total, one.due
            )
        })
        .into_iter()
        .collect();
    for (subject, (_, body)) in &context.facts {
        if !subject.starts_with("collection/") {
            continue;
        }
        let payment = body.read::<Collection>();
        lines.extend(payment.map(|one| {
            let charged = one.charge_on.map_or_else(String::new, |on| format!(", charged on {on}"));
            let word = serde_json::to_value(one.status).unwrap_or_default();
            let word = word.as_str().unwrap_or_default().replace('_', " ");
            format!("Payment {}: {}, {word}{charged}", one.id, one.amount)
        }));
    }
    lines.extend(context.commands.iter().filter_map(|row| {
        match (&row.view.write, &row.view.answer) {
            (Write::Erp(write), Some(answer)) => booked(write, &answer.id),
            (Write::Erp(_) | Write::Processor(_), _) => None,
        }
    }));
    lines
}

/// What a write did to the books; `None`: nothing.
fn booked(write: &ErpWrite, id: &str) -> Option<String> {
    let document = match write {
        ErpWrite::RecordReceipt(_) => "receipt",
        ErpWrite::RecordRefund(_) => "refund",
        ErpWrite::RecordDeposit(_) => "deposit",
        ErpWrite::RecordJournal(_) => "journal",
        ErpWrite::ApplyReceipt(write) => {
            return Some(format!(
                "{} of receipt {} was applied to invoice {} in the ERP",
                write.amount, write.receipt, write.invoice
            ));
        }
        ErpWrite::UnapplyReceipt(write) => {
            return Some(format!(
                "{} of receipt {} was taken off invoice {} in the ERP",
                write.amount, write.receipt, write.invoice
            ));
        }
        ErpWrite::SaveCustomerFields(_)
        | ErpWrite::AnnotateInvoice(_)
        | ErpWrite::AnnotateReceipt(_) => return None,
    };
    Some(format!("Booked as {document} {id} in the ERP"))
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
