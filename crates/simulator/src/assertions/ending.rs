//! Liveness, and that nothing is dropped in silence: once faults have stopped, everything is closed
//! or waits for something that has a name, and what needs a person needs one for a cause.

use std::collections::BTreeSet;

use engine::Engine;
use engine::verify::Verdict;
use model::case::CaseKind;
use model::ids::{InvoiceId, PayoutId, ProcessorRefundId};
use model::payout::PayoutStatus;
use model::policy::Deposits;
use model::reason::{ReasonCode, ReasonKind};
use store::Store;
use store::rows::{CaseFilter, CaseRow, open_states};

use super::limits;
use crate::moves::Family;
use crate::profile::Profile;
use crate::world::processor::PaymentRow;
use crate::world::{State, World};

/// More cases than a simulation has.
const CASES_MAX: u32 = 10_000;

/// What may stay so for ever by the rules.
const RESTS: [ReasonCode; 3] =
    [ReasonCode::NoMandate, ReasonCode::CustomerUnmatched, ReasonCode::MandatePending];

/// Needs a person, and the banks, payers or policies alone can bring it about.
const OF_ITSELF: [ReasonCode; 10] = [
    ReasonCode::DeniedByPayer,
    ReasonCode::RetriesUsedUp,
    ReasonCode::FailureFinal,
    ReasonCode::MandateUnusable,
    ReasonCode::MandateAmbiguous,
    ReasonCode::AmountChanged,
    ReasonCode::CancelledByPerson,
    ReasonCode::RefundFailed,
    ReasonCode::DoubleCollection,
    ReasonCode::LossBooked,
];

/// The words of a payout whose documents can not be cut into deposits.
const STUCK: &str = "no receipts are left to deposit together with these refunds";

/// Needs a person because of what others did at the processor.
const OF_OTHERS: [ReasonCode; 3] =
    [ReasonCode::ForeignPayment, ReasonCode::ForeignHeld, ReasonCode::AlreadyCollected];

/// Others may wait for what a person has to book first of what was not collected through the link.
const OF_THE_PAST: [ReasonCode; 2] =
    [ReasonCode::ForeignHeld, ReasonCode::PredecessorReceiptMissing];

/// Needs a person because of what a predecessor left.
const OF_PREDECESSOR: [ReasonCode; 3] = [
    ReasonCode::PredecessorReceiptMissing,
    ReasonCode::PredecessorReceiptStands,
    ReasonCode::AlreadyCollected,
];

/// Needs a person because of what became of bank details that were handed over.
const OF_DETAILS: [ReasonCode; 2] =
    [ReasonCode::BankDetailsNotAllowed, ReasonCode::BankDetailsRefused];

/// Needs a person because somebody merged or doubled customers.
const OF_CUSTOMERS: [ReasonCode; 2] = [ReasonCode::CustomerMissing, ReasonCode::CustomerAmbiguous];

/// What is said of a command that may have happened and would have other content by now: its key
/// stands for what was sent, and a person decides (DESIGN.md section 2, "Keys").
const OTHER_CONTENT: &str = "may have been made with other content";

/// What changes the content of documents while a send of one is unclear.
const CHANGING: [Family; 4] =
    [Family::Customers, Family::Editing, Family::Policies, Family::Refusals];

/// Needs a person because somebody edited our documents in the ERP.
const OF_EDITS: [ReasonCode; 7] = [
    ReasonCode::ReceiptVoided,
    ReasonCode::ReversalByPerson,
    ReasonCode::ReceiptUnapplied,
    ReasonCode::DepositByPerson,
    ReasonCode::Rejected,
    ReasonCode::ReceiptDiffers,
    ReasonCode::DepositDiffers,
];

/// Everything that should not be so any more, were this the end.
pub async fn check(
    world: &World,
    store: &dyn Store,
    console: &Engine,
    profile: &Profile,
) -> Vec<String> {
    let families = profile.families.as_slice();
    let filter = CaseFilter { limit: CASES_MAX, ..CaseFilter::default() };
    let cases = store.cases(&filter).await.unwrap_or_default();
    let mut wrong = Vec::new();
    let left = world.state().watched.left.clone();
    // What a person left may keep others waiting for good, as what nobody does.
    let told = store.attention(true).await.unwrap_or_default();
    let beside = told.iter().any(|row| OF_EDITS.contains(&row.reason.code));
    let people = cases.iter().any(is_for_people) || beside || !left.is_empty();
    for case in cases.iter().filter(|case| !is_above_limit(world, case)) {
        wrong.extend(not_at_rest(case, families, people));
    }
    for command in store.commands(&open_states(), CASES_MAX).await.unwrap_or_default() {
        wrong.push(format!("command {} is {:?}", command.view.key, command.view.state));
    }
    wrong.extend(invoices_without_case(world, &cases));
    wrong.extend(doubles_unseen(world, store).await);
    let made = profile.policy.deposits == Deposits::Made;
    wrong.extend(super::foreign::check(world, store, made).await);
    wrong.extend(super::predecessor::untold(world, store).await);
    let booked: BTreeSet<PayoutId> = cases.iter().filter_map(booked).collect();
    {
        let state = world.state();
        wrong.extend(super::theirs::dropped(&state, &cases));
        wrong.extend(super::theirs::check(&state, &cases));
        let held_up = |invoice: &InvoiceId| {
            let holds = |case: &CaseRow| is_waiting(case) || is_for_people(case);
            let given_up = |case: &CaseRow| left.iter().any(|(key, _)| *key == case.key);
            // One that waits for its payout's deposit may be what a refund takes.
            let of_it = |case: &CaseRow| {
                let of_it = is_of(case, invoice) || is_refund_of(&state, case, invoice);
                of_it && (holds(case) || given_up(case))
            };
            people && cases.iter().any(of_it)
        };
        wrong.extend(super::books::check(&state, held_up));
        let touched = &state.books.touched_payouts;
        let proved = |id: &PayoutId| booked.contains(id) && !touched.contains(id);
        wrong.extend(super::bank::check(&state, proved));
        wrong.extend(super::lines::check(&state, profile, proved));
        wrong.extend(super::due::check(&state, &cases, world.now()));
    }
    if !wrong.is_empty() {
        // What is not at rest needs no proof, and proofs are dear.
        return wrong;
    }
    wrong.extend(unproved(world, console, &booked).await);
    wrong
}

/// It waits for a person because of a limit of the link that it is above, or may be.
fn is_above_limit(world: &World, case: &CaseRow) -> bool {
    let state = world.state();
    let due = state.books.due(&InvoiceId::new(case.key.subject.as_str()));
    case.reason.as_ref().is_some_and(|reason| reason.code == ReasonCode::AboveLimit)
        && limits::may_hold(&state.watched, due)
}

/// P9: what the books hold in truth is proved, and nothing else is.
async fn unproved(world: &World, console: &Engine, booked: &BTreeSet<PayoutId>) -> Vec<String> {
    let proof = match console.verify(None).await {
        Ok(proof) => proof,
        Err(error) => return vec![format!("P9: the books can not be proved: {error}")],
    };
    let state = world.state();
    let mut wrong = Vec::new();
    for (id, row) in &state.processor.payouts {
        let what = format!("payout {id}");
        let there = super::bank::at_bank(&state, id);
        let right = there == row.payout.amount.minor;
        let booked = booked.contains(id);
        let paid = row.payout.status == PayoutStatus::Paid;
        let touched = state.books.touched_payouts.contains(id);
        match proof.findings.iter().find(|finding| finding.what == what) {
            Some(finding) if finding.verdict == Verdict::Proved && !right && !touched && paid => {
                wrong.push(format!("P9: {what} is proved, and {there} of it are at the bank"));
            }
            Some(finding) if finding.verdict != Verdict::Proved && booked && right && !touched => {
                wrong.push(format!("P9: {what}: {:?}, {}", finding.verdict, finding.why));
            }
            None if booked => wrong.push(format!("P9: {what} is in no proof")),
            Some(_) | None => {}
        }
    }
    wrong
}

fn is_of(case: &CaseRow, invoice: &InvoiceId) -> bool {
    case.key.kind == CaseKind::Collection && case.key.subject == invoice.as_str()
}

fn is_refund_of(state: &State, case: &CaseRow, invoice: &InvoiceId) -> bool {
    let id = ProcessorRefundId::new(case.key.subject.as_str());
    let refund = state.processor.refunds.get(&id).filter(|_| case.key.kind == CaseKind::Refund);
    let payment = refund.and_then(|row| row.refund.collection.as_ref());
    let payment = payment.and_then(|id| state.processor.payments.get(id));
    payment.and_then(PaymentRow::invoice).as_ref() == Some(invoice)
}

fn is_waiting(case: &CaseRow) -> bool {
    case.reason.as_ref().is_some_and(|reason| waits_for_others(reason.code))
}

/// A person has to book first what was not collected through the link.
fn is_past(case: &CaseRow) -> bool {
    case.reason.as_ref().is_some_and(|reason| OF_THE_PAST.contains(&reason.code))
}

pub fn is_overtaken(case: &CaseRow) -> bool {
    case.reason.as_ref().is_some_and(|reason| {
        reason.code == ReasonCode::OutcomeUnclear && reason.detail.ends_with(OTHER_CONTENT)
    })
}

/// Its refunds are more than deposits of the ERP's length can carry.
pub fn is_stuck(case: &CaseRow) -> bool {
    case.reason.as_ref().is_some_and(|reason| {
        reason.code == ReasonCode::DepositByPerson && reason.detail.starts_with(STUCK)
    })
}

/// Of an un-application, or of a refund, whose answer was lost: another refund of the same receipt came
/// between, and what it leaves applied is another amount; or the payment was settled again, and another
/// receipt stands.
fn takes_back(case: &CaseRow) -> bool {
    let words = ["unapply/", "refund/"];
    case.reason
        .as_ref()
        .is_some_and(|reason| words.iter().any(|one| reason.detail.starts_with(one)))
}

pub fn booked(case: &CaseRow) -> Option<PayoutId> {
    let code = case.reason.as_ref()?.code;
    let books = [ReasonCode::Booked, ReasonCode::NotProved];
    let is = case.key.kind == CaseKind::Payout && books.contains(&code);
    is.then(|| PayoutId::new(case.key.subject.as_str()))
}

/// A case that others may wait for as long as nobody does something about it.
pub fn is_for_people(case: &CaseRow) -> bool {
    let code = case.reason.as_ref().map(|reason| reason.code);
    is_overtaken(case) || is_past(case) || code.is_some_and(|code| OF_EDITS.contains(&code))
}

pub fn not_at_rest(case: &CaseRow, families: &[Family], people: bool) -> Option<String> {
    let Some(reason) = &case.reason else {
        return Some(format!("{} was never looked at", case.key));
    };
    let code = reason.code;
    let fine = match code.kind() {
        ReasonKind::Settled | ReasonKind::Skipped => true,
        ReasonKind::Acting => false,
        ReasonKind::Waiting => RESTS.contains(&code) || (people && waits_for_others(code)),
        ReasonKind::NeedsPerson => {
            let has = |family| families.contains(&family);
            OF_ITSELF.contains(&code)
                // A refund that no deposit of the ERP's length can carry.
                || is_stuck(case)
                || (OF_OTHERS.contains(&code) && (has(Family::Foreign) || has(Family::Currencies)))
                || (OF_PREDECESSOR.contains(&code) && has(Family::Predecessor))
                || (OF_DETAILS.contains(&code) && has(Family::HandedOver))
                || (OF_CUSTOMERS.contains(&code) && has(Family::Customers))
                // Payers who were asked cancelled each time.
                || (code == ReasonCode::MandateRequestFailed && has(Family::Requests))
                // Which of them, `theirs` asks.
                || (OF_EDITS.contains(&code) && has(Family::Editing))
                || (is_overtaken(case) && CHANGING.into_iter().any(has))
                || (is_overtaken(case) && takes_back(case) && has(Family::Refunds))
        }
    };
    (!fine).then(|| format!("{} ends as {}: {}", case.key, code.code(), reason.sentence()))
}

/// For what cases of others, or people, have to do first.
#[must_use]
pub fn waits_for_others(code: ReasonCode) -> bool {
    matches!(
        code,
        ReasonCode::WaitingForReceipts
            | ReasonCode::WaitingForReversals
            | ReasonCode::WaitingForDeposit
            | ReasonCode::WaitingForItems
    )
}

/// P5: an invoice that is ticked, and owes or was collected, has a case, whatever became of it.
fn invoices_without_case(world: &World, cases: &[CaseRow]) -> Vec<String> {
    let known: BTreeSet<&str> = cases
        .iter()
        .filter(|case| case.key.kind == CaseKind::Collection)
        .map(|case| case.key.subject.as_str())
        .collect();
    let state = world.state();
    // What was paid or voided before anybody saw it is nobody's business.
    let flagged = state.books.invoices.iter().filter(|(id, row)| {
        row.flagged && (state.books.due(id) != 0 || state.processor.payments_for(id).count() > 0)
    });
    flagged
        .filter(|(id, _)| !known.contains(id.as_str()))
        .map(|(id, _)| format!("P5: invoice {id} is ticked, and in no list"))
        .collect()
}

/// A person left this of the invoice's case.
pub fn is_left(world: &World, invoice: &InvoiceId, code: ReasonCode) -> bool {
    let state = world.state();
    let mut left = state.watched.left.iter();
    left.any(|(case, left)| {
        case.kind == CaseKind::Collection && case.subject == invoice.as_str() && *left == code
    })
}

/// P1: two live payments that others brought about are shown to a person.
async fn doubles_unseen(world: &World, store: &dyn Store) -> Vec<String> {
    let doubled: Vec<InvoiceId> = {
        let state = world.state();
        let live = |id: &InvoiceId| {
            let holds = |row: &PaymentRow| row.status.live() && row.refunded < row.amount;
            state.processor.payments_for(id).filter(|(_, row)| holds(row)).count()
        };
        // Those of an invoice that no link collects are told of as foreign.
        let ours = |id: &InvoiceId| !super::foreign::is_other(&state.books, id);
        let all = state.books.invoices.keys();
        all.filter(|id| live(id) > 1 && ours(id)).cloned().collect()
    };
    let shown = store.attention(true).await.unwrap_or_default();
    let mut wrong = Vec::new();
    for invoice in doubled {
        let seen = shown.iter().any(|row| {
            row.case.kind == CaseKind::Collection
                && row.case.subject == invoice.as_str()
                && row.reason.code == ReasonCode::DoubleCollection
        });
        if !seen && !is_left(world, &invoice, ReasonCode::DoubleCollection) {
            wrong.push(format!("P1: invoice {invoice} has two live payments, and nobody is told"));
        }
    }
    wrong
}
