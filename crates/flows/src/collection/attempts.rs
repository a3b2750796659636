//! Attempts: at most one live payment per invoice; a new one only after the last has ended; retries
//! of the same payment otherwise (promise P1; mission rows NG9, NG14; DESIGN.md section 2, "Failed is
//! not the end").

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan};

use model::case::CaseKey;
use model::command::{
    Collect, CollectionOnly, CommandState, ProcessorWrite, RetryCollection, Write,
};
use model::decision::{Decision, Stage};
use model::ids::CollectionId;
use model::invoice::{Invoice, InvoiceStatus};
use model::key::Key;
use model::mandate::Mandate;
use model::payment::{Collection, CollectionStatus, metadata};
use model::policy::{AfterReversal, AmountChanged, Mode};
use model::reason::{Reason, ReasonCode};
use model::receipt::ReceiptPlace;
use model::sight::Sight;

use super::books;
use super::eligibility::eligible;
use super::facts::{Attempt, CollectionFacts, count};

/// The most retries a processor allows for one payment (gocardless sheet section 10).
const RETRIES_MAX: u32 = 3;

/// Causes of failure that time can heal: no money, or the bank gave no reason (mission row NG9).
const HEALING_CAUSES: [&str; 4] = [
    "insufficient_funds",
    "refer_to_payer",
    "daily_payment_limit_reached",
    "bank_declined_payment",
];

/// Causes of a cancellation by which the mandate itself ended.
const MANDATE_ENDED_CAUSES: [&str; 6] = [
    "mandate_cancelled",
    "mandate_expired",
    "mandate_failed",
    "bank_account_closed",
    "mandate_suspended_by_payer",
    "initial_one_off_payment_failed",
];

/// Minutes until the processor's event with a cause is looked for again.
const CAUSE_WAIT_MINUTES: i64 = 5;

/// Characters of a payment's description that every processor takes.
const DESCRIPTION_MAX: usize = 100;

/// A known payment that can not be read stops the case.
pub fn unreadable(facts: &CollectionFacts) -> Option<Decision> {
    facts.attempts.iter().find_map(|attempt| {
        let reason = match &attempt.collection {
            Sight::Found(_) => return None,
            Sight::Missing => Reason::new(
                ReasonCode::OutcomeUnclear,
                format!("payment {} is gone at the processor", attempt.id),
            ),
            Sight::Odd(why) => Reason::new(ReasonCode::OddRecord, why.clone()),
            Sight::NotRead => Reason::plain(ReasonCode::Unavailable),
        };
        Some(Decision::rest(Stage::Collecting, reason))
    })
}

pub enum TwoLive {
    No,
    Cancel(Box<Decision>),
    Attention(Reason),
}

/// Two live payments of one invoice: our newest cancellable one goes, else a person must act.
pub fn two_live(facts: &CollectionFacts) -> TwoLive {
    let live: Vec<(&Attempt, &Collection)> =
        facts.readable().filter(|(_, collection)| collection.status.live()).collect();
    if live.len() < 2 {
        return TwoLive::No;
    }
    let newest_ours = live
        .iter()
        .filter(|(attempt, collection)| !attempt.adopted && collection.status.cancellable())
        .max_by_key(|(_, collection)| (collection.created_at, collection.id.clone()));
    match newest_ours {
        Some((_, collection)) => {
            let decision = cancel(facts, collection);
            if decision.command.is_some() {
                TwoLive::Cancel(Box::new(decision))
            } else {
                TwoLive::Attention(decision.reason)
            }
        }
        None => {
            let ids: Vec<&str> = live.iter().map(|(attempt, _)| attempt.id.as_str()).collect();
            TwoLive::Attention(Reason::new(ReasonCode::DoubleCollection, ids.join(", ")))
        }
    }
}

fn invoice_id(facts: &CollectionFacts) -> model::ids::InvoiceId {
    facts
        .invoice
        .found()
        .map_or_else(|| model::ids::InvoiceId::new("?"), |invoice| invoice.id.clone())
}

fn cancel(facts: &CollectionFacts, collection: &Collection) -> Decision {
    let parts = ["cancel", collection.id.as_str()];
    let nth = facts.frame.next_nth_of(&parts).to_string();
    let key = Key::new(&[parts[0], parts[1], &nth]);
    let write = CollectionOnly { invoice: invoice_id(facts), collection: collection.id.clone() };
    let write = Write::Processor(ProcessorWrite::CancelCollection(write));
    facts.frame.issue(Stage::Collecting, key, write, None)
}

/// While the books are blocked: only what takes a wrong payment back.
pub fn cancel_only(facts: &CollectionFacts, invoice: &Invoice) -> Option<Decision> {
    let mut live = facts.readable().filter(|(_, collection)| collection.status.live());
    let (attempt, collection) = live.next()?;
    let decision = changed_amount(facts, invoice, attempt, collection)?;
    decision.command.is_some().then_some(decision)
}

/// The next step when the books are complete.
pub fn next(facts: &CollectionFacts, invoice: &Invoice) -> Decision {
    let live = facts.readable().find(|(_, collection)| collection.status.live());
    if let Some((attempt, collection)) = live {
        return live_attempt(facts, invoice, attempt, collection);
    }
    let Some((attempt, collection)) = facts.newest() else { return create(facts, invoice, false) };
    match collection.status {
        CollectionStatus::ChargedBack => charged_back(facts, invoice, collection),
        CollectionStatus::Failed => failed(facts, invoice, attempt, collection),
        CollectionStatus::Cancelled => cancelled(facts, invoice, collection),
        CollectionStatus::CustomerApprovalDenied => {
            person_first(facts, invoice, collection, ReasonCode::DeniedByPayer)
        }
        CollectionStatus::PendingCustomerApproval
        | CollectionStatus::PendingSubmission
        | CollectionStatus::Submitted
        | CollectionStatus::Confirmed
        | CollectionStatus::PaidOut => live_attempt(facts, invoice, attempt, collection),
    }
}

fn live_attempt(
    facts: &CollectionFacts,
    invoice: &Invoice,
    attempt: &Attempt,
    collection: &Collection,
) -> Decision {
    let charge = collection.charge_on.map_or_else(String::new, |on| format!("charged on {on}"));
    let rest = |stage, code, detail: &str| Decision::rest(stage, Reason::new(code, detail));
    let changed = changed_amount(facts, invoice, attempt, collection);
    if let Some(decision) = &changed
        && decision.command.is_some()
    {
        return decision.clone();
    }
    let mut decision = match collection.status {
        CollectionStatus::PendingCustomerApproval => {
            rest(Stage::Collecting, ReasonCode::ApprovalPending, collection.mandate.as_str())
        }
        CollectionStatus::Confirmed => {
            rest(Stage::Collected, ReasonCode::WaitingForPayout, collection.id.as_str())
        }
        CollectionStatus::PaidOut => paid_out(facts, collection),
        CollectionStatus::PendingSubmission
        | CollectionStatus::Submitted
        | CollectionStatus::Failed
        | CollectionStatus::Cancelled
        | CollectionStatus::CustomerApprovalDenied
        | CollectionStatus::ChargedBack => rest(Stage::Collecting, ReasonCode::AtTheBank, &charge),
    };
    decision.attention.extend(changed.map(|decision| decision.reason));
    decision
}

/// Paid out is true for the books only once the payout's item is kept.
fn paid_out(facts: &CollectionFacts, collection: &Collection) -> Decision {
    let settled = count(facts.settlements(&collection.id));
    let reversed = count(facts.reversals(&collection.id));
    if settled <= reversed || missing_items(facts, &collection.id) {
        let mut decision =
            Decision::rest(Stage::Collected, Reason::plain(ReasonCode::WaitingForItems));
        let hinted = facts
            .events_of(&collection.id)
            .filter_map(|event| event.links.get("payout").map(String::as_str))
            .chain(collection.payout_hint.as_ref().map(model::ids::PayoutId::as_str));
        let payouts: std::collections::BTreeSet<&str> = hinted.collect();
        decision.hints.extend(
            payouts
                .into_iter()
                .map(|id| CaseKey::payout(&facts.frame.processor, &model::ids::PayoutId::new(id))),
        );
        return decision;
    }
    let deposited = books::live_receipts(facts, &collection.id).iter().all(|key| {
        facts.receipt(key).is_none_or(|receipt| receipt.place == ReceiptPlace::Deposited)
    });
    let stage = if deposited { Stage::Closed } else { Stage::Collected };
    Decision::rest(stage, Reason::plain(ReasonCode::Collected))
}

/// More payouts are named by events than items are kept.
fn missing_items(facts: &CollectionFacts, id: &CollectionId) -> bool {
    let says = |action| facts.count_events(id, action);
    says("paid_out") > count(facts.settlements(id))
        || says("chargeback_settled") + says("late_failure_settled") > count(facts.reversals(id))
}

/// The balance and the payment differ (mission row NG14): cancelled while that is possible, so that
/// a new attempt can follow; otherwise shown.
fn changed_amount(
    facts: &CollectionFacts,
    invoice: &Invoice,
    attempt: &Attempt,
    collection: &Collection,
) -> Option<Decision> {
    let settled = facts.settlements(&collection.id).next().is_some();
    let currency_kept = collection.amount.currency == invoice.due.currency;
    let due = match invoice.status {
        InvoiceStatus::Open => invoice.due.minor,
        InvoiceStatus::Paid | InvoiceStatus::Voided => 0,
    };
    let balance = due + books::held(facts, invoice, &collection.id);
    if settled || (currency_kept && balance == collection.amount.minor) {
        return None;
    }
    if super::facts::is_collected(collection.status)
        && !books::live_receipts(facts, &collection.id).is_empty()
    {
        return None;
    }
    let recreate = facts.frame.policy.amount_changed == AmountChanged::RecreateWhileCancellable
        && facts.frame.policy.mode != Mode::Off
        && !facts.frame.stopped;
    if recreate && !attempt.adopted && collection.status.cancellable() {
        return Some(cancel(facts, collection));
    }
    if facts.left(ReasonCode::AmountChanged) {
        return None;
    }
    let detail = format!("payment {} over {}, due {}", collection.id, collection.amount, {
        model::money::Money::new(balance, invoice.due.currency)
    });
    let reason = Reason::new(ReasonCode::AmountChanged, detail);
    Some(Decision::rest(Stage::Collecting, reason))
}

fn charged_back(facts: &CollectionFacts, invoice: &Invoice, collection: &Collection) -> Decision {
    if missing_items(facts, &collection.id)
        || count(facts.settlements(&collection.id)) > count(facts.reversals(&collection.id))
    {
        return Decision::rest(Stage::Reversed, Reason::plain(ReasonCode::WaitingForItems));
    }
    if nothing_due(invoice) {
        return Decision::rest(Stage::Closed, Reason::plain(ReasonCode::PaidOtherwise));
    }
    if asked_for_new(facts, invoice, &collection.id) {
        return create(facts, invoice, true);
    }
    let left_open =
        || Decision::rest(Stage::Reversed, Reason::new(ReasonCode::Reversed, "charged back"));
    match facts.frame.policy.after_chargeback {
        AfterReversal::LeaveOpen => left_open(),
        AfterReversal::CollectAfterDays(days) => {
            let Some(event) = facts.last_event(&collection.id, "charged_back") else {
                return left_open();
            };
            let due_at = event.at + (24 * i64::from(days)).hours();
            if due_at <= facts.frame.now {
                create(facts, invoice, false)
            } else {
                let detail = format!("from {} on", facts.frame.date_of(due_at));
                let reason = Reason::new(ReasonCode::RecollectScheduled, detail);
                Decision::rest(Stage::Reversed, reason).at(due_at)
            }
        }
    }
}

/// A person wants a new attempt: said here, or the retry box in the ERP is ticked.
fn asked_for_new(facts: &CollectionFacts, invoice: &Invoice, id: &CollectionId) -> bool {
    facts.released(id) || invoice.retry_requested
}

fn person_first(
    facts: &CollectionFacts,
    invoice: &Invoice,
    collection: &Collection,
    code: ReasonCode,
) -> Decision {
    if nothing_due(invoice) {
        return Decision::rest(Stage::Closed, Reason::plain(ReasonCode::PaidOtherwise));
    }
    if asked_for_new(facts, invoice, &collection.id) {
        return create(facts, invoice, true);
    }
    Decision::rest(Stage::Failed, Reason::new(code, format!("payment {}", collection.id)))
}

/// Cancelled by us or by the mandate's end: a new attempt may follow. By anybody else: a person says.
fn cancelled(facts: &CollectionFacts, invoice: &Invoice, collection: &Collection) -> Decision {
    let by_us = facts.frame.commands.iter().any(|view| {
        let ours = match &view.write {
            Write::Processor(ProcessorWrite::CancelCollection(write)) => {
                write.collection == collection.id
            }
            Write::Processor(_) | Write::Erp(_) => false,
        };
        ours && match view.state {
            CommandState::Done | CommandState::InFlight | CommandState::Watched => true,
            CommandState::Intended | CommandState::Rejected | CommandState::Ended => false,
        }
    });
    if by_us {
        return create(facts, invoice, false);
    }
    let Some(event) = facts.last_event(&collection.id, "cancelled") else {
        return waiting_for_cause(facts, &collection.id);
    };
    let by_mandate =
        event.cause.as_deref().is_some_and(|cause| MANDATE_ENDED_CAUSES.contains(&cause));
    if by_mandate {
        create(facts, invoice, false)
    } else {
        person_first(facts, invoice, collection, ReasonCode::CancelledByPerson)
    }
}

fn waiting_for_cause(facts: &CollectionFacts, id: &CollectionId) -> Decision {
    let reason = Reason::new(ReasonCode::WaitingForCause, format!("payment {id}"));
    Decision::rest(Stage::Failed, reason).at(facts.frame.now + CAUSE_WAIT_MINUTES.minutes())
}

fn nothing_due(invoice: &Invoice) -> bool {
    invoice.status != InvoiceStatus::Open || !invoice.due.is_positive()
}

fn failed(
    facts: &CollectionFacts,
    invoice: &Invoice,
    attempt: &Attempt,
    collection: &Collection,
) -> Decision {
    let id = &collection.id;
    let books_open =
        missing_items(facts, id) || count(facts.settlements(id)) > count(facts.reversals(id));
    if books_open {
        return Decision::rest(Stage::Reversed, Reason::plain(ReasonCode::WaitingForItems));
    }
    let Some(event) = facts.last_event(id, "failed") else {
        return waiting_for_cause(facts, id);
    };
    let balance = invoice.due.minor + books::held(facts, invoice, id);
    let differs = nothing_due(invoice)
        || invoice.due.currency != collection.amount.currency
        || balance != collection.amount.minor;
    if differs {
        if collection.automatic_retry && !attempt.adopted {
            return stop_automatic(facts, collection);
        }
        // Its amount is no longer the balance: this attempt has ended.
        return create(facts, invoice, asked_for_new(facts, invoice, id));
    }
    if collection.automatic_retry && event.will_retry == Some(true) {
        let reason = Reason::new(ReasonCode::ProcessorRetries, cause_words(event.cause.as_deref()));
        return Decision::rest(Stage::Failed, reason);
    }
    let cause = event.cause.as_deref().unwrap_or("");
    let detail = cause_words(Some(cause));
    if facts.stop_asked(id) {
        let reason = Reason::new(ReasonCode::FailureFinal, "retries were stopped by a person");
        return Decision::rest(Stage::Failed, reason);
    }
    if !HEALING_CAUSES.contains(&cause) {
        if asked_for_new(facts, invoice, id) {
            return create(facts, invoice, true);
        }
        return Decision::rest(Stage::Failed, Reason::new(ReasonCode::FailureFinal, detail));
    }
    let used = retries_used(facts, id);
    let now_asked = facts.retry_asked(id) || invoice.retry_requested;
    if used >= RETRIES_MAX || (used >= facts.frame.policy.retries.count && !now_asked) {
        if facts.released(id) {
            return create(facts, invoice, true);
        }
        let detail = format!("{detail}, {used} retries");
        return Decision::rest(Stage::Failed, Reason::new(ReasonCode::RetriesUsedUp, detail));
    }
    let due_at = retry_at(event.at, used, facts.frame.policy.retries.first_after_days);
    if due_at > facts.frame.now && !now_asked {
        let detail = format!("{detail}; retry on {}", facts.frame.date_of(due_at));
        let reason = Reason::new(ReasonCode::RetryScheduled, detail);
        return Decision::rest(Stage::Failed, reason).at(due_at);
    }
    retry(facts, invoice, collection, used)
}

fn cause_words(cause: Option<&str>) -> String {
    cause.unwrap_or("no cause named").replace('_', " ")
}

/// Retries that anyone made: the processor's own events, and commands of ours that are done already.
fn retries_used(facts: &CollectionFacts, id: &CollectionId) -> u32 {
    let by_events = facts.count_events(id, "resubmission_requested");
    let ours = facts.frame.commands.iter().filter(|view| view.state == CommandState::Done);
    let by_commands = count(ours.filter(|view| match &view.write {
        Write::Processor(ProcessorWrite::RetryCollection(write)) => write.collection == *id,
        Write::Processor(_) | Write::Erp(_) => false,
    }));
    by_events.max(by_commands)
}

/// Doubled for each retry already made.
fn retry_at(failed_at: Timestamp, used: u32, first_after_days: u32) -> Timestamp {
    let days = i64::from(first_after_days) << used.min(RETRIES_MAX);
    failed_at + (24 * days).hours()
}

fn stop_automatic(facts: &CollectionFacts, collection: &Collection) -> Decision {
    let parts = ["stop-retries", collection.id.as_str()];
    let nth = facts.frame.next_nth_of(&parts).to_string();
    let key = Key::new(&[parts[0], parts[1], &nth]);
    let write = CollectionOnly { invoice: invoice_id(facts), collection: collection.id.clone() };
    let write = Write::Processor(ProcessorWrite::StopAutomaticRetries(write));
    facts.frame.issue(Stage::Failed, key, write, None)
}

/// A retry needs the reads and checks of a create.
fn retry(
    facts: &CollectionFacts,
    invoice: &Invoice,
    collection: &Collection,
    used: u32,
) -> Decision {
    if let Some(decision) = not_yet(facts, invoice) {
        return decision;
    }
    if let Err(reason) = eligible(facts, invoice, true) {
        return blocked(facts, Stage::Failed, reason);
    }
    let usable = facts
        .mandates
        .iter()
        .any(|mandate| mandate.id == collection.mandate && mandate.status.usable(false));
    if !usable {
        let detail = format!("mandate {} of the failed payment", collection.mandate);
        let reason = Reason::new(ReasonCode::MandateUnusable, detail);
        return Decision::rest(Stage::Failed, reason);
    }
    let nth = (used + 1).to_string();
    let key = Key::new(&["retry", collection.id.as_str(), &nth]);
    let write = RetryCollection {
        invoice: invoice.id.clone(),
        collection: collection.id.clone(),
        retries_before: used,
        amount: collection.amount,
    };
    let write = Write::Processor(ProcessorWrite::RetryCollection(write));
    facts.frame.issue(Stage::Failed, key, write, None)
}

/// What forbids any new debit of this invoice right now.
fn not_yet(facts: &CollectionFacts, invoice: &Invoice) -> Option<Decision> {
    let watched = facts
        .frame
        .commands
        .iter()
        .find(|view| view.state == CommandState::Watched && view.write.collects());
    if let Some(view) = watched {
        let reason = Reason::new(ReasonCode::CommandInFlight, view.key.as_str());
        return Some(Decision::rest(Stage::Collecting, reason));
    }
    let seems_ours = facts.others.iter().find(|other| {
        other.status.live()
            && other.invoice().is_none()
            && other.description.as_deref().map(str::trim) == Some(invoice.number.trim())
            && !facts.not_ours(&other.id)
    });
    seems_ours.map(|other| {
        let detail = format!("payment {} over {}", other.id, other.amount);
        Decision::rest(Stage::Open, Reason::new(ReasonCode::AlreadyCollected, detail))
    })
}

/// A reason that passes with the day is looked at again when the day does.
fn blocked(facts: &CollectionFacts, stage: Stage, reason: Reason) -> Decision {
    let daily = matches!(reason.code, ReasonCode::NotDueYet | ReasonCode::DailyLimit);
    let settled = reason.code.kind() == model::reason::ReasonKind::Settled;
    let stage = if settled { Stage::Closed } else { stage };
    let decision = Decision::rest(stage, reason);
    let tomorrow = facts
        .frame
        .today
        .tomorrow()
        .ok()
        .and_then(|day| day.to_zoned(facts.frame.zone.clone()).ok())
        .map(|zoned| zoned.timestamp());
    match (daily, tomorrow) {
        (true, Some(tomorrow)) => decision.at(tomorrow),
        (true | false, _) => decision,
    }
}

/// A new attempt, keyed by how many of its predecessors have ended.
fn create(facts: &CollectionFacts, invoice: &Invoice, released: bool) -> Decision {
    if let Some(decision) = not_yet(facts, invoice) {
        return decision;
    }
    let unfinished = facts
        .readable()
        .find(|(_, old)| old.automatic_retry && old.status == CollectionStatus::Failed);
    if let Some((_, old)) = unfinished
        && !nothing_due(invoice)
    {
        return stop_automatic(facts, old);
    }
    let mandate = match eligible(facts, invoice, released) {
        Ok(mandate) => mandate,
        Err(reason) => return blocked(facts, Stage::Open, reason),
    };
    // Every attempt that was made has ended when we come here; commands that were given up after
    // their watch count too, since their key may not be used again.
    let given_up = facts.frame.commands.iter().filter(|view| {
        view.state == CommandState::Ended
            && view.sends > 0
            && matches!(view.write, Write::Processor(ProcessorWrite::Collect(_)))
            && view.answer.is_none()
    });
    let ours = facts.attempts.iter().filter(|attempt| !attempt.adopted);
    let nth = (count(ours) + count(given_up) + 1).to_string();
    let key = Key::new(&["collect", facts.frame.erp.as_str(), invoice.id.as_str(), &nth]);
    let write = collect(facts, invoice, mandate, &key);
    facts.frame.issue(Stage::Open, key, Write::Processor(ProcessorWrite::Collect(write)), None)
}

/// DESIGN.md section 5, Payment; mission rows NG3 and NG4.
fn collect(facts: &CollectionFacts, invoice: &Invoice, mandate: &Mandate, key: &Key) -> Collect {
    let earliest = mandate.next_possible_charge_on;
    let charge_on = invoice.due_on.filter(|due| earliest.is_some_and(|earliest| *due > earliest));
    let reference = mandate
        .reference_max
        .filter(|_| facts.frame.policy.payment_reference)
        .map(|max| {
            let plain = invoice.number.chars().filter(char::is_ascii_alphanumeric);
            plain.take(max).collect::<String>()
        })
        .filter(|reference| !reference.is_empty());
    Collect {
        invoice: invoice.id.clone(),
        mandate: mandate.id.clone(),
        amount: invoice.due,
        charge_on,
        description: invoice.number.chars().take(DESCRIPTION_MAX).collect(),
        reference,
        metadata: BTreeMap::from([
            (metadata::INVOICE.to_owned(), invoice.id.to_string()),
            (metadata::KEY.to_owned(), key.to_string()),
            (metadata::LINK.to_owned(), facts.frame.link.to_string()),
        ]),
        automatic_retry: facts.frame.policy.retries.by_processor,
    }
}
