//! `attention`: what only a person can resolve, and the ways to resolve it.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::time::Duration;

use engine::say::Order;
use jiff::Timestamp;
use model::case::CaseKey;
use model::ids::{CollectionId, LinkId, ProcessorCustomerId};
use model::payment::Collection;
use model::person::PersonSaid;
use model::reason::{Reason, ReasonCode, ReasonKind};
use store::rows::{AttentionRow, Link, OddDelivery};

use crate::cli::{Attention, Resolve};
use crate::commands::case_name::find;
use crate::commands::delivery;
use crate::failure::{Failure, Result, code};
use crate::instance::Instance;
use crate::output;

/// The most retries a processor allows for one payment (gocardless sheet section 10).
const RETRIES_MAX: usize = 3;

/// Seconds that a look at what an order would change may take.
const LOOK_SECONDS: u64 = 15;

pub async fn run(instance: &Instance, command: Attention, json: bool) -> Result<ExitCode> {
    let mut idle = None;
    match command {
        Attention::List { all, link, code } => {
            let code = code.as_deref().map(reason_code).transpose()?;
            let link = match link {
                Some(name) => Some(crate::commands::links::find(instance, &name).await?),
                None => None,
            };
            let wanted = Wanted { all, link, code };
            return list(instance, &wanted, json).await;
        }
        Attention::Retry { case } => {
            let cases = chosen(instance, &case).await?;
            if let [only] = cases.as_slice() {
                can_be_retried(instance, only).await?;
                has_effect(instance, only, Order::Retry).await?;
            }
            for case in cases {
                instance.engine.order(&case, Order::Retry, &instance.actor()).await?;
            }
        }
        Attention::Release { case } => {
            let case = find(instance, &case).await?;
            has_effect(instance, &case, Order::Release).await?;
            instance.engine.order(&case, Order::Release, &instance.actor()).await?;
        }
        Attention::Stop { case } => {
            let case = find(instance, &case).await?;
            idle = under_way(instance, &case).await?;
            instance.engine.order(&case, Order::Stop, &instance.actor()).await?;
        }
        // Dealing with a delivery is the same as having seen it.
        Attention::Ignore { case, code } | Attention::Leave { case, code }
            if delivery::number(&case).is_some() =>
        {
            delivery::stands(&code)?;
            return delivery::dismiss(instance, &case, json).await;
        }
        Attention::Ignore { case, code } => {
            let case = find(instance, &case).await?;
            let code = standing(instance, &case, &code).await?;
            instance.engine.say(&case, &PersonSaid::Ignore { code }, &instance.actor()).await?;
        }
        Attention::Leave { case, code } => {
            let case = find(instance, &case).await?;
            let code = leavable(instance, &case, &code).await?;
            can_be_left(instance, &case, code).await?;
            instance.engine.say(&case, &PersonSaid::Leave { code }, &instance.actor()).await?;
        }
        Attention::Resolve(resolve) => {
            let case = find(instance, &resolve.case).await?;
            let said = resolution(&resolve)?;
            let heard = instance.engine.say(&case, &said, &instance.actor()).await;
            heard.map_err(Failure::of_engine)?;
        }
    }
    if json {
        output::json(&serde_json::json!({ "ok": true, "changes_nothing": idle }));
    } else if let Some(how) = idle {
        println!("Noted, but nothing of it waits for you, and it changes nothing: {how}");
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

/// How a case stands whose payment is under way or done, with nothing that waits for a person: to stop it
/// is about retries of an attempt that has failed.
async fn under_way(instance: &Instance, case: &CaseKey) -> Result<Option<String>> {
    let items = instance.store.attention(false).await?;
    if items.iter().any(|item| item.case == *case) {
        return Ok(None);
    }
    let payments = instance.store.payment_context(case).await?.collections;
    let newest = payments.into_iter().max_by_key(|row| (row.created_at, row.id.clone()));
    let newest = newest.and_then(|row| row.body.read::<Collection>());
    if newest.is_none_or(|payment| !payment.status.live()) {
        return Ok(None);
    }
    Ok(instance.store.case(case).await?.and_then(|row| row.reason).map(|one| one.sentence()))
}

/// An order that would change nothing is refused, with what stands there and what to do about that.
async fn has_effect(instance: &Instance, case: &CaseKey, order: Order) -> Result<()> {
    let actor = instance.actor();
    let looked = instance.engine.without_effect(case, order, &actor);
    // Whoever does not answer by then is no reason to refuse it.
    let Ok(looked) = tokio::time::timeout(Duration::from_secs(LOOK_SECONDS), looked).await else {
        return Ok(());
    };
    let Some(stands) = looked? else { return Ok(()) };
    let waits = instance.store.attention(false).await?;
    let mut reasons: Vec<Reason> =
        waits.into_iter().filter(|item| item.case == *case).map(|item| item.reason).collect();
    if reasons.is_empty() {
        reasons.push(stands);
    }
    let words = reasons.iter().map(|one| format!("{} {}", one.sentence(), one.code.next_step()));
    let words: Vec<String> = words.collect();
    let order = match order {
        Order::Retry => "retry",
        Order::Release => "release",
        Order::Stop => "stop",
    };
    Err(Failure::usage(format!(
        "\"attention {order}\" would change nothing of {case}, and nothing was noted. {}",
        words.join("; ")
    )))
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

/// A code of this very case that can be left: one of the list, or what the case waits for.
async fn leavable(instance: &Instance, case: &CaseKey, text: &str) -> Result<ReasonCode> {
    let own = instance.store.case(case).await?.and_then(|row| row.reason);
    let waits = own.filter(|reason| reason.code.kind() == ReasonKind::Waiting);
    match waits.filter(|reason| reason.code.code() == text) {
        Some(reason) => Ok(reason.code),
        None => standing(instance, case, text).await,
    }
}

/// What says the same however often it was left is taken off the list by ignoring it.
async fn can_be_left(instance: &Instance, case: &CaseKey, code: ReasonCode) -> Result<()> {
    let actor = instance.actor();
    let looked = instance.engine.says_nothing(case, PersonSaid::Leave { code }, &actor);
    let Ok(looked) = tokio::time::timeout(Duration::from_secs(LOOK_SECONDS), looked).await else {
        return Ok(());
    };
    if looked?.is_none() {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "leaving {code} of {case} changes nothing: it stands until its cause is gone. {next} \
         \"ml-connector attention ignore {case} {code}\" takes it off the list until its facts change",
        code = code.code(),
        next = code.next_step(),
    )))
}

/// A code of the list of this very case: what is not there can not be ignored.
async fn standing(instance: &Instance, case: &CaseKey, text: &str) -> Result<ReasonCode> {
    let items = instance.store.attention(true).await?;
    let codes: BTreeSet<ReasonCode> =
        items.iter().filter(|item| item.case == *case).map(|item| item.reason.code).collect();
    if let Some(code) = codes.iter().find(|code| code.code() == text) {
        return Ok(*code);
    }
    let words: Vec<&str> = codes.iter().map(|code| code.code()).collect();
    let known = match words.as_slice() {
        [] => "nothing of it waits for a person".to_owned(),
        [_, ..] => format!("there stands: {}", words.join(", ")),
    };
    Err(Failure::usage(format!("\"{text}\" is no code that stands on {case}; {known}")))
}

fn reason_code(text: &str) -> Result<ReasonCode> {
    let found = ReasonCode::ALL.iter().find(|code| code.code() == text);
    found.copied().ok_or_else(|| {
        let codes: Vec<&str> = ReasonCode::ALL
            .iter()
            .filter(|code| code.kind() == ReasonKind::NeedsPerson)
            .map(|code| code.code())
            .collect();
        Failure::usage(format!(
            "\"{text}\" is no code; those that can wait for a person are: {}",
            codes.join(", ")
        ))
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
    link: Option<Link>,
    code: Option<ReasonCode>,
}

impl Wanted {
    fn has(&self, item: &AttentionRow) -> bool {
        let link = self.link.as_ref();
        link.is_none_or(|wanted| item.link.as_ref() == Some(&wanted.id))
            && self.has_code(item.reason.code)
    }

    fn has_code(&self, code: ReasonCode) -> bool {
        self.code.is_none_or(|wanted| code == wanted)
    }

    /// Deliveries belong to a connection, and so to every link that uses it.
    fn has_delivery(&self, delivery: &OddDelivery) -> bool {
        let link = self.link.as_ref();
        link.is_none_or(|wanted| wanted.processor == delivery.connection)
            && self.has_code(ReasonCode::DeliveryOdd)
    }
}

/// One line of the list, whatever it is about.
#[derive(serde::Serialize)]
struct Item {
    case: String,
    link: Option<LinkId>,
    code: &'static str,
    sentence: String,
    next_step: String,
    raised_at: Timestamp,
    ignored: bool,
    page: Option<String>,
}

impl Item {
    fn of_case(row: AttentionRow) -> Item {
        Item {
            case: row.case.to_string(),
            link: row.link,
            code: row.reason.code.code(),
            sentence: row.reason.sentence(),
            next_step: row.reason.code.next_step().to_owned(),
            raised_at: row.raised_at,
            ignored: row.ignored,
            page: page(row.reason.code),
        }
    }

    fn of_delivery(row: OddDelivery) -> Item {
        let case = delivery::name(&row);
        let reason = Reason::new(ReasonCode::DeliveryOdd, row.odd);
        Item {
            case,
            link: None,
            code: reason.code.code(),
            sentence: reason.sentence(),
            next_step: reason.code.next_step().replace("NUMBER", &row.id.to_string()),
            raised_at: row.received_at,
            ignored: row.dismissed,
            page: page(reason.code),
        }
    }
}

async fn list(instance: &Instance, wanted: &Wanted, json: bool) -> Result<ExitCode> {
    let mut rows = instance.store.attention(wanted.all).await?;
    rows.retain(|row| wanted.has(row));
    let mut deliveries = instance.store.odd_deliveries(wanted.all).await?;
    deliveries.retain(|delivery| wanted.has_delivery(delivery));
    let mut items: Vec<Item> = rows.into_iter().map(Item::of_case).collect();
    items.extend(deliveries.into_iter().map(Item::of_delivery));
    items.sort_by_key(|item| item.raised_at);
    let waits = items.iter().any(|item| !item.ignored);
    if json {
        output::json(&items);
    } else {
        let rows = items
            .into_iter()
            .map(|item| {
                vec![
                    item.case,
                    item.code.to_owned(),
                    format!("{}\n→ {}", item.sentence, item.next_step),
                    item.raised_at.strftime("%F %R").to_string(),
                ]
            })
            .collect();
        output::table(&["case", "code", "what, and what to do", "since"], rows, "Nothing waits.");
    }
    Ok(if waits { ExitCode::from(code::ATTENTION) } else { ExitCode::SUCCESS })
}
