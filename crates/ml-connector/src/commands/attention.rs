//! `attention`: what only a person can resolve, and the ways to resolve it.

use std::collections::BTreeSet;
use std::process::ExitCode;

use engine::say::Order;
use model::case::CaseKey;
use model::ids::{CollectionId, LinkId, ProcessorCustomerId};
use model::person::PersonSaid;
use model::reason::{ReasonCode, ReasonKind};
use store::rows::AttentionRow;

use crate::cli::{Attention, Resolve};
use crate::commands::case_name::find;
use crate::failure::{Failure, Result, code};
use crate::instance::Instance;
use crate::output;

/// The most retries a processor allows for one payment (gocardless sheet section 10).
const RETRIES_MAX: usize = 3;

pub async fn run(instance: &Instance, command: Attention, json: bool) -> Result<ExitCode> {
    match command {
        Attention::List { all, link, code } => {
            let wanted = Wanted { all, link, code: code.as_deref().map(reason_code).transpose()? };
            return list(instance, &wanted, json).await;
        }
        Attention::Retry { case } => {
            let cases = chosen(instance, &case).await?;
            if let [only] = cases.as_slice() {
                can_be_retried(instance, only).await?;
            }
            for case in cases {
                instance.engine.order(&case, Order::Retry, &instance.actor()).await?;
            }
        }
        Attention::Release { case } => {
            instance
                .engine
                .order(&find(instance, &case).await?, Order::Release, &instance.actor())
                .await?;
        }
        Attention::Stop { case } => {
            instance
                .engine
                .order(&find(instance, &case).await?, Order::Stop, &instance.actor())
                .await?;
        }
        Attention::Ignore { case, code } => {
            let said = PersonSaid::Ignore { code: reason_code(&code)? };
            instance.engine.say(&find(instance, &case).await?, &said, &instance.actor()).await?;
        }
        Attention::Leave { case, code } => {
            let said = PersonSaid::Leave { code: reason_code(&code)? };
            instance.engine.say(&find(instance, &case).await?, &said, &instance.actor()).await?;
        }
        Attention::Resolve(resolve) => {
            let said = resolution(&resolve)?;
            instance
                .engine
                .say(&find(instance, &resolve.case).await?, &said, &instance.actor())
                .await?;
        }
    }
    if json {
        output::json(&serde_json::json!({ "ok": true }));
    } else {
        println!(
            "Noted. It is worked on at once by a running server, or by \"ml-connector sync\"."
        );
    }
    Ok(ExitCode::SUCCESS)
}

async fn chosen(instance: &Instance, case: &str) -> Result<Vec<CaseKey>> {
    if case != "ALL" {
        return Ok(vec![find(instance, case).await?]);
    }
    let items = instance.store.attention(false).await?;
    let cases: BTreeSet<CaseKey> = items.into_iter().map(|item| item.case).collect();
    Ok(cases.into_iter().collect())
}

/// An order that can have no effect is refused, and says what has one.
async fn can_be_retried(instance: &Instance, case: &CaseKey) -> Result<()> {
    let reason = instance.store.case(case).await?.and_then(|row| row.reason);
    if reason.is_none_or(|reason| reason.code != ReasonCode::RetriesUsedUp) {
        return Ok(());
    }
    let events = instance.store.payment_context(case).await?.events;
    let Some(newest) = events.iter().max_by_key(|event| event.at) else { return Ok(()) };
    let used = events.iter().filter(|event| {
        event.subject == newest.subject && event.action == "resubmission_requested"
    });
    if used.count() < RETRIES_MAX {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "the payment was retried {RETRIES_MAX} times, and no processor allows more: \"attention release \
         {case}\" makes a new payment"
    )))
}

fn reason_code(text: &str) -> Result<ReasonCode> {
    let found = ReasonCode::ALL.iter().find(|code| code.code() == text);
    found.copied().ok_or_else(|| {
        Failure::usage(format!("\"{text}\" is no code; \"attention list\" shows the codes"))
    })
}

fn resolution(resolve: &Resolve) -> Result<PersonSaid> {
    let collection = |id: &String| CollectionId::new(id.as_str());
    match (&resolve.adopt, &resolve.not_ours, &resolve.customer) {
        (Some(id), _, _) => Ok(PersonSaid::Adopt { collection: collection(id) }),
        (None, Some(id), _) => Ok(PersonSaid::NotOurs { collection: collection(id) }),
        (None, None, Some(id)) => {
            Ok(PersonSaid::Choose { customer: ProcessorCustomerId::new(id.as_str()) })
        }
        (None, None, None) => Err(Failure::usage(
            "say how: --adopt PAYMENT, --not-ours PAYMENT or --customer CUSTOMER",
        )),
    }
}

/// The page that explains the code, from the root of the project's documentation. Only what needs a
/// person has one.
fn page(code: ReasonCode) -> Option<String> {
    match code.kind() {
        ReasonKind::NeedsPerson => Some(format!("docs/attention/{}.md", code.code())),
        ReasonKind::Settled | ReasonKind::Acting | ReasonKind::Waiting | ReasonKind::Skipped => {
            None
        }
    }
}

/// What of the list is asked for.
struct Wanted {
    /// Ignored items too.
    all: bool,
    link: Option<String>,
    code: Option<ReasonCode>,
}

impl Wanted {
    fn has(&self, item: &AttentionRow) -> bool {
        let link = item.link.as_ref().map(LinkId::as_str);
        self.link.as_ref().is_none_or(|wanted| link == Some(wanted.as_str()))
            && self.code.is_none_or(|wanted| item.reason.code == wanted)
    }
}

async fn list(instance: &Instance, wanted: &Wanted, json: bool) -> Result<ExitCode> {
    if let Some(name) = &wanted.link {
        crate::commands::links::find(instance, name).await?;
    }
    let mut items = instance.store.attention(wanted.all).await?;
    items.retain(|item| wanted.has(item));
    let waits = items.iter().any(|item| !item.ignored);
    if json {
        let rows: Vec<_> = items
            .iter()
            .map(|item| {
                serde_json::json!({
                    "case": item.case.to_string(), "link": item.link,
                    "code": item.reason.code.code(), "sentence": item.reason.sentence(),
                    "next_step": item.reason.code.next_step(), "raised_at": item.raised_at,
                    "ignored": item.ignored, "page": page(item.reason.code),
                })
            })
            .collect();
        output::json(&rows);
    } else {
        let rows = items
            .iter()
            .map(|item| {
                vec![
                    item.case.to_string(),
                    item.reason.code.code().to_owned(),
                    format!("{}\n→ {}", item.reason.sentence(), item.reason.code.next_step()),
                    item.raised_at.strftime("%F %R").to_string(),
                ]
            })
            .collect();
        output::table(&["case", "code", "what, and what to do", "since"], rows, "Nothing waits.");
    }
    Ok(if waits { ExitCode::from(code::ATTENTION) } else { ExitCode::SUCCESS })
}
