//! `evidence`: one file with everything known of a case, for a dispute (mission row C11): facts,
//! commands with answers, events with causes, exchanges, history with its chain values.

mod text;

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::process::ExitCode;

use jiff::Timestamp;
use model::case::{CaseKey, CaseKind};
use model::command::CommandView;
use model::decision::{ItemDocument, Stage};
use model::event::Event;
use model::ids::{PayoutId, ProcessorRefundId};
use model::payout::KeptItem;
use model::person::PersonFact;
use model::reason::Reason;
use ports::exchange::Exchange;
use serde::Serialize;
use store::rows::{AuditRow, CaseContext, CaseRow, ChainCheck, CommandRow};

use crate::commands::case_name::find;
use crate::failure::{Failure, Result};
use crate::instance::Instance;
use crate::output;

/// How anybody with the database and its key checks what the file says.
const HOW_TO_VERIFY: &str = "Each row of the history carries its number in the audit trail and its \
    chain value: a keyed checksum over the row and the chain value before it. \"ml-connector audit \
    verify\", run on the database with its master key, recomputes the chain from the first row to \
    the head and names the first row that does not fit. \"ml-connector audit export --after N\" \
    prints the rows after number N with their chain values: they must be the ones below.";

/// The whole file.
#[derive(Debug, Serialize)]
pub struct Evidence {
    case: String,
    link: Option<String>,
    stage: Option<Stage>,
    reason: Option<Reason>,
    made_at: Timestamp,
    made_by: String,
    program: &'static str,
    /// What was read of both sides, as last seen.
    facts: BTreeMap<String, serde_json::Value>,
    events: Vec<Event>,
    items: Vec<KeptItem>,
    documents: Vec<ItemDocument>,
    said: Vec<PersonFact>,
    commands: Vec<CommandEvidence>,
    history: Vec<AuditRow>,
    chain: ChainCheck,
    how_to_verify: &'static str,
}

/// A command with every request that was made for it. Bodies passed an allow-list before they were
/// stored.
#[derive(Debug, Serialize)]
struct CommandEvidence {
    view: CommandView,
    decided_at: Timestamp,
    last_sent_at: Option<Timestamp>,
    by: String,
    account: String,
    exchanges: Vec<Exchange>,
}

pub async fn run(
    instance: &Instance,
    case: &str,
    out: Option<&Path>,
    json: bool,
) -> Result<ExitCode> {
    let key = find(instance, case).await?;
    let Some(row) = instance.store.case(&key).await? else {
        return Err(Failure::usage(format!("there is no case {key}")));
    };
    let evidence = gather(instance, &key, row).await?;
    let text = if json {
        let mut text = serde_json::to_string_pretty(&evidence)
            .map_err(|error| Failure::Failed(format!("the evidence: {error}")))?;
        text.push('\n');
        text
    } else {
        text::render(&evidence)
    };
    match out {
        None => print!("{text}"),
        Some(path) => {
            write_new(path, &text)?;
            if json {
                output::json(&serde_json::json!({ "written": path.display().to_string() }));
            } else {
                println!("Written to {}", path.display());
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Evidence is never written over: a file that is there already is refused.
fn write_new(path: &Path, text: &str) -> Result<()> {
    let what = || format!("--out {}", path.display());
    let file = std::fs::File::options().write(true).create_new(true).open(path);
    let mut file = file.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::usage(format!(
            "{}: it is there already, and evidence is never written over: name another file",
            what()
        )),
        _ => Failure::file(what())(error),
    })?;
    file.write_all(text.as_bytes()).map_err(Failure::file(what()))
}

async fn gather(instance: &Instance, key: &CaseKey, row: CaseRow) -> Result<Evidence> {
    let store = &instance.store;
    let context = store.contexts(&[row.id]).await?.pop().unwrap_or_default();
    let (events, items, documents) = movements(instance, key).await?;
    let CaseContext { commands: rows, person_facts, facts, .. } = context;
    let mut commands = Vec::new();
    for command in rows {
        commands.push(of_command(instance, command).await?);
    }
    Ok(Evidence {
        case: key.to_string(),
        link: row.link.map(|link| link.to_string()),
        stage: row.stage,
        reason: row.reason,
        made_at: instance.clock.now(),
        made_by: instance.actor().to_string(),
        program: concat!("ml-connector ", env!("CARGO_PKG_VERSION")),
        facts: facts.into_iter().map(|(subject, (_, body))| (subject, body.value())).collect(),
        events,
        items,
        documents,
        said: person_facts,
        commands,
        history: store.history(key).await?,
        chain: store.verify_chain().await?,
        how_to_verify: HOW_TO_VERIFY,
    })
}

async fn of_command(instance: &Instance, row: CommandRow) -> Result<CommandEvidence> {
    Ok(CommandEvidence {
        exchanges: instance.store.exchanges_of_command(&row.view.key).await?,
        view: row.view,
        decided_at: row.decided_at,
        last_sent_at: row.last_sent_at,
        by: row.actor.to_string(),
        account: row.account.to_string(),
    })
}

/// Events and payout items of what the case is about, with the documents that stand for them.
async fn movements(
    instance: &Instance,
    key: &CaseKey,
) -> Result<(Vec<Event>, Vec<KeptItem>, Vec<ItemDocument>)> {
    let store = &instance.store;
    let (account, subject) = (&key.account, key.subject.as_str());
    Ok(match key.kind {
        CaseKind::Collection => {
            let payments = store.payment_context(key).await?;
            (payments.events, payments.items, payments.documents)
        }
        CaseKind::Payout => {
            let id = PayoutId::new(subject);
            (
                store.events_of(account, "payout", subject).await?,
                store.items_of_payout(account, &id).await?,
                store.item_documents(account, &id).await?,
            )
        }
        CaseKind::Refund => {
            let id = ProcessorRefundId::new(subject);
            let events = store.events_of(account, "refund", subject).await?;
            (events, store.items_of_refund(account, &id).await?, Vec::new())
        }
        // Their story is in facts and history.
        CaseKind::Customer | CaseKind::Mandate => (Vec::new(), Vec::new(), Vec::new()),
    })
}
