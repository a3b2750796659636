//! A new payment for the invoice: what forbids it right now, its key, and what it says (promise P1;
//! mission rows NG3 and NG4; DESIGN.md section 5, Payment).

use std::collections::BTreeMap;

use model::command::{Collect, CommandState, CommandView, ProcessorWrite, Write};
use model::decision::{Decision, Stage};
use model::ids::CollectionId;
use model::invoice::Invoice;
use model::key::Key;
use model::mandate::Mandate;
use model::payment::{Collection, CollectionStatus, metadata};
use model::reason::{Reason, ReasonCode, ReasonKind};

use super::attempts::{books_open, nothing_due, stop_automatic, waiting_for_items};
use super::eligibility::eligible;
use super::facts::CollectionFacts;
use super::keys::first_free;
use super::predecessor::is_over;

/// Characters of a payment's description that every processor takes.
const DESCRIPTION_MAX: usize = 100;

/// A new attempt, keyed by how many of its predecessors have ended. `released`: a person said so.
pub fn create(facts: &CollectionFacts, invoice: &Invoice, released: bool) -> Decision {
    if let Some(decision) = not_yet(facts, invoice, Stage::Open, None) {
        return decision;
    }
    let mandate = match eligible(facts, invoice, released) {
        Ok(mandate) => mandate,
        Err(reason) => return blocked(facts, Stage::Open, reason),
    };
    // Payments whose commands this store never saw (restored from a backup) have used up theirs.
    let carried = |key: &Key| {
        facts.readable().any(|(_, collection)| collection.key_stamp() == Some(key.as_str()))
    };
    let parts = ["collect", facts.frame.erp.as_str(), invoice.id.as_str()];
    let key = first_free(&facts.frame, &parts, 1, carried);
    let key = if model::defect!(AttemptsCountedExisting) {
        Key::new(&[parts[0], parts[1], parts[2], &(facts.attempts.len() + 1).to_string()])
    } else {
        key
    };
    let write = collect(facts, invoice, mandate, &key);
    let write = Write::Processor(ProcessorWrite::Collect(write));
    if let Some(decision) = unresolved_debit(facts, Stage::Open, &key, &write) {
        return decision;
    }
    facts.frame.issue(Stage::Open, key, write, None)
}

/// A create or retry whose outcome is not known forbids every other, and itself with other content:
/// it is watched until it is known.
pub fn unresolved_debit(
    facts: &CollectionFacts,
    stage: Stage,
    key: &Key,
    write: &Write,
) -> Option<Decision> {
    let changed = |view: &CommandView| {
        !view.write.same_intent(write) && !model::defect!(ContentChangedUnderKey)
    };
    let open = facts.frame.commands.iter().find(|view| {
        view.write.collects()
            && match view.state {
                CommandState::Watched => true,
                CommandState::InFlight => view.key != *key || changed(view),
                CommandState::Intended
                | CommandState::Done
                | CommandState::Rejected
                | CommandState::Ended => false,
            }
    });
    open.map(|view| {
        Decision::rest(stage, Reason::new(ReasonCode::CommandInFlight, view.key.as_str()))
    })
}

/// What forbids any new debit of this invoice right now; `retried` is the payment that would be
/// debited again.
pub fn not_yet(
    facts: &CollectionFacts,
    invoice: &Invoice,
    stage: Stage,
    retried: Option<&CollectionId>,
) -> Option<Decision> {
    let watched = facts
        .frame
        .commands
        .iter()
        .find(|view| view.state == CommandState::Watched && view.write.collects());
    if let Some(view) = watched {
        let reason = Reason::new(ReasonCode::CommandInFlight, view.key.as_str());
        return Some(Decision::rest(stage, reason));
    }
    let earlier = |collection: &Collection| Some(&collection.id) != retried;
    let ended: Vec<&Collection> =
        facts.readable().map(|(_, old)| old).filter(|old| earlier(old)).collect();
    if let Some(old) = ended.iter().find(|old| taken_back(old) && books_open(facts, &old.id)) {
        return Some(waiting_for_items(facts, Stage::Reversed, old));
    }
    let retries_by_itself = |old: &&&Collection| {
        old.automatic_retry && old.status == CollectionStatus::Failed && !nothing_due(invoice)
    };
    if let Some(old) = ended.iter().find(retries_by_itself) {
        return Some(stop_automatic(facts, old));
    }
    let seems_ours = facts.others.iter().find(|other| {
        stands_to_be_asked(facts, other)
            && other.invoice().is_none()
            && other.description.as_deref().map(str::trim) == Some(invoice.number.trim())
            && !facts.not_ours(&other.id)
    });
    seems_ours.map(|other| {
        let detail = format!("payment {} over {}", other.id, other.amount);
        Decision::rest(stage, Reason::new(ReasonCode::AlreadyCollected, detail))
    })
}

/// Somebody else's payment that takes the payer's money, or may do so again: a failed one is retried,
/// a charge-back cancelled (DESIGN.md section 2, "Failed is not the end"). One that was over before the
/// link went live says nothing, unless people were asked about it while it was under way.
fn stands_to_be_asked(facts: &CollectionFacts, other: &Collection) -> bool {
    let asked = || {
        let last = facts.last_reason.as_ref();
        last.is_some_and(|last| {
            last.code == ReasonCode::AlreadyCollected && last.detail.contains(other.id.as_str())
        })
    };
    other.status.live() || taken_back(other) && (!is_over(&facts.frame.policy, other) || asked())
}

fn taken_back(collection: &Collection) -> bool {
    match collection.status {
        CollectionStatus::Failed | CollectionStatus::ChargedBack => true,
        CollectionStatus::PendingCustomerApproval
        | CollectionStatus::PendingSubmission
        | CollectionStatus::Submitted
        | CollectionStatus::Confirmed
        | CollectionStatus::PaidOut
        | CollectionStatus::Cancelled
        | CollectionStatus::CustomerApprovalDenied => false,
    }
}

/// A reason that passes with the day is looked at again when the day does.
pub fn blocked(facts: &CollectionFacts, stage: Stage, reason: Reason) -> Decision {
    let daily = matches!(reason.code, ReasonCode::NotDueYet | ReasonCode::DailyLimit);
    let settled = reason.code.kind() == ReasonKind::Settled;
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
