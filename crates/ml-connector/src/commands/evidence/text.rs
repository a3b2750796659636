//! The evidence of a case as text that a bank's dispute team can read.

use std::fmt::{Display, Write as _};

use model::event::{Event, EventSubject};
use model::payout::KeptItem;
use ports::exchange::Exchange;
use serde::Serialize;
use store::rows::{AuditRow, ChainCheck};

use super::{CommandEvidence, Evidence};

/// All sections, in the order of a story: what, what was seen, what was done, the trail.
pub fn render(evidence: &Evidence) -> String {
    let mut page = Page::default();
    head(&mut page, evidence);
    page.section("What was read, as last seen", evidence.facts.len());
    for (subject, body) in &evidence.facts {
        page.line(format!("{subject}: {}", compact(body)));
    }
    page.section("Events of the processor", evidence.events.len());
    evidence.events.iter().for_each(|one| event(&mut page, one));
    page.section("Items in payouts", evidence.items.len());
    evidence.items.iter().for_each(|one| item(&mut page, one));
    page.section("Documents that stand for them in the books", evidence.documents.len());
    for one in &evidence.documents {
        page.line(format!(
            "{} {} for item {} of payout {} ({})",
            word(&one.role),
            one.document,
            one.ordinal,
            one.payout,
            one.key
        ));
    }
    page.section("What people said", evidence.said.len());
    for one in &evidence.said {
        page.line(format!("{}  {}  {}", time(one.at), one.actor, compact(&one.said)));
    }
    page.section("Commands", evidence.commands.len());
    evidence.commands.iter().for_each(|one| command(&mut page, one));
    page.section("History (rows of the audit trail)", evidence.history.len());
    evidence.history.iter().for_each(|one| history(&mut page, one));
    page.title("How to verify");
    page.line(evidence.how_to_verify);
    page.line(match &evidence.chain {
        ChainCheck::Intact { rows, head } => {
            format!("When this was made the chain was intact: {rows} rows, head {head}")
        }
        ChainCheck::Broken { seq, why } => {
            format!("When this was made the chain was BROKEN at row {seq}: {why}")
        }
    });
    page.text
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, text: impl Display) {
        // Writing into a string does not fail.
        let _ = writeln!(self.text, "{text}");
    }

    fn title(&mut self, text: &str) {
        self.line(format!("\n{text}\n{}", "-".repeat(text.chars().count())));
    }

    fn section(&mut self, text: &str, count: usize) {
        self.title(text);
        if count == 0 {
            self.line("none");
        }
    }
}

fn head(page: &mut Page, evidence: &Evidence) {
    page.line(format!("Evidence of {}", evidence.case));
    page.line(format!(
        "made {} by {} with {}",
        time(evidence.made_at),
        evidence.made_by,
        evidence.program
    ));
    if let Some(link) = &evidence.link {
        page.line(format!("link {link}"));
    }
    page.line(format!("stage {}", evidence.stage.map_or("new", |stage| stage.word())));
    if let Some(reason) = &evidence.reason {
        page.line(format!("{} ({})", reason.sentence(), reason.code.code()));
    }
    page.line("Times are UTC. Bank details and secrets are not recorded.");
}

fn event(page: &mut Page, event: &Event) {
    let parts = [
        event.cause.as_deref().map(|cause| format!("cause {cause}")),
        event.reason_code.as_deref().map(|code| format!("reason code {code}")),
        event.origin.as_deref().map(|origin| format!("by {origin}")),
        event.description.clone(),
    ];
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    page.line(format!(
        "{}  {}  {} {}  {}",
        time(event.at),
        event.id,
        subject(&event.subject),
        event.action,
        parts.join("; ")
    ));
}

fn subject(subject: &EventSubject) -> String {
    match subject {
        EventSubject::Collection(id) => format!("payment {id}"),
        EventSubject::Mandate(id) => format!("mandate {id}"),
        EventSubject::Payout(id) => format!("payout {id}"),
        EventSubject::Refund(id) => format!("refund {id}"),
        EventSubject::MandateRequest(id) => format!("mandate request {id}"),
        EventSubject::Other(kind) => kind.clone(),
    }
}

fn item(page: &mut Page, kept: &KeptItem) {
    let item = &kept.item;
    let of = [
        item.collection.as_ref().map(|id| format!("payment {id}")),
        item.refund.as_ref().map(|id| format!("refund {id}")),
    ];
    let of: Vec<String> = of.into_iter().flatten().collect();
    page.line(format!(
        "payout {} of {}, item {}: {} {} {} minor units, {}, route {}",
        kept.payout,
        kept.arrival_on,
        item.ordinal,
        word(&item.kind),
        kept.currency,
        item.amount,
        of.join(", "),
        word(&kept.route)
    ));
}

fn command(page: &mut Page, command: &CommandEvidence) {
    let view = &command.view;
    page.line(format!("\n{}  [{}]", view.key, word(&view.state)));
    page.line(format!(
        "  decided {} by {}, for {}, sent {} times{}",
        time(command.decided_at),
        command.by,
        command.account,
        view.sends,
        command.last_sent_at.map_or_else(String::new, |at| format!(", last {}", time(at)))
    ));
    page.line(format!("  content: {}", compact(&view.write)));
    if let Some(answer) = &view.answer {
        let how = if answer.adopted { "found to exist" } else { "made" };
        page.line(format!("  answer: {how}: {}", answer.id));
    }
    if let Some(rejection) = &view.rejection {
        page.line(format!("  refused ({}): {}", word(&rejection.cause), rejection.words));
    }
    command.exchanges.iter().for_each(|one| exchange(page, one));
}

fn exchange(page: &mut Page, exchange: &Exchange) {
    let status = exchange.status.map_or("no answer".to_owned(), |status| status.to_string());
    let request = exchange.request_id.as_deref().map_or(String::new(), |id| format!(", id {id}"));
    page.line(format!(
        "  {}  {} {} -> {status}, {} ms{request}",
        time(exchange.at),
        exchange.method,
        exchange.path,
        exchange.duration_milliseconds
    ));
    for (name, body) in [("sent", &exchange.request_body), ("got", &exchange.response_body)] {
        if let Some(body) = body {
            page.line(format!("    {name}: {body}"));
        }
    }
}

fn history(page: &mut Page, row: &AuditRow) {
    page.line(format!(
        "{:>8}  {}  {}  {}  {}",
        row.seq,
        time(row.at),
        row.actor,
        row.what,
        compact(&row.body)
    ));
    page.line(format!("          chain {}", row.chain));
}

fn time(at: jiff::Timestamp) -> String {
    at.strftime("%F %T").to_string()
}

/// One line of JSON.
fn compact<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_else(|error| format!("can not be shown: {error}"))
}

/// The stored word of an enumeration.
fn word<T: Serialize>(value: &T) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}
