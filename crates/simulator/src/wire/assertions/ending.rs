//! Liveness, and that nothing is dropped in silence: once faults have stopped, everything is closed
//! or waits for something that has a name.

use std::collections::BTreeSet;

use engine::Engine;
use engine::verify::Verdict;
use jiff::Timestamp;
use model::case::CaseKind;
use model::policy::Policy;
use model::reason::{ReasonCode, ReasonKind};
use store::Store;
use store::rows::{CaseFilter, CaseRow, open_states};

use super::{books, due, may, theirs};
use crate::assertions::ending::{booked, is_for_people, not_at_rest, waits_for_others};
use crate::moves::Family;
use crate::wire::systems::{Customer, Hands};
use crate::wire::truth::{Payment, Truth};
use crate::world::rules::zone_of;

/// The processor's words for an amount below its limit.
const TOO_LITTLE: &str = "amount must be greater than";

/// The connector's words for a refund that no one document can make (acumatica sheet section 11.4).
const IN_PARTS: &str = "is free in several payments";

/// And for an un-application (acumatica sheet section 10, rule 18).
const WHOLE_ONLY: &str = "which only voids whole payments";

/// What `verify` calls the account in which receipts wait for their deposit.
const UNDEPOSITED: &str = "undeposited funds";

/// More cases than a simulation has.
const CASES_MAX: u32 = 10_000;

/// How a story stands.
pub struct End<'a> {
    pub truth: &'a Truth,
    pub hands: &'a Hands,
    pub policy: &'a Policy,
    /// At some time people were to make the deposits.
    pub left_to_people: bool,
    /// Invoices that may wait for a person because of a limit of the link.
    pub limited: &'a BTreeSet<String>,
    pub families: &'a [Family],
    pub customers: &'a [Customer],
    pub now: Timestamp,
    /// With connectors that no fault strikes.
    pub console: &'a Engine,
}

/// Everything that should not be so any more, were this the end.
pub async fn check(end: &End<'_>, store: &dyn Store) -> Vec<String> {
    let End { truth, hands, policy, families, .. } = *end;
    let filter = CaseFilter { limit: CASES_MAX, ..CaseFilter::default() };
    let cases = store.cases(&filter).await.unwrap_or_default();
    let mut wrong = Vec::new();
    let left = Some(Family::Predecessor).filter(|_| !hands.predecessor.is_empty());
    // Whoever gives orders hands over bank details here.
    let handed = Some(Family::HandedOver).filter(|_| families.contains(&Family::Orders));
    let beside = left.into_iter().chain(handed);
    let families = &families.iter().copied().chain(beside).collect::<Vec<Family>>();
    let bounced = families.contains(&Family::Payouts) && cases.iter().any(is_bounced);
    let rests = |case: &CaseRow| rests_here(case, end.left_to_people, bounced);
    // What a person left, or has to do, may keep others waiting for good.
    let for_people = |case: &CaseRow| is_for_people(case) || rests(case);
    let people = cases.iter().any(for_people) || !hands.answers.left.is_empty();
    for case in &cases {
        if !rests(case) && !is_above_limit(end, case) {
            wrong.extend(not_at_rest(case, families, people));
        }
    }
    wrong.extend(theirs::check(end, &cases, rests));
    for command in store.commands(&open_states(), CASES_MAX).await.unwrap_or_default() {
        wrong.push(format!("command {} is {:?}", command.view.key, command.view.state));
    }
    wrong.extend(invoices_without_case(truth, &cases));
    wrong.extend(doubles_unseen(truth, hands, store).await);
    let booked: BTreeSet<String> =
        cases.iter().filter_map(booked).map(|id| id.to_string()).collect();
    let payouts: BTreeSet<&str> = cases
        .iter()
        .filter(|case| case.key.kind == CaseKind::Payout)
        .map(|case| case.key.subject.as_str())
        .collect();
    for payout in truth.payouts.iter().filter(|one| !payouts.contains(one.id.as_str())) {
        wrong.push(format!("P5: payout {} has no case", payout.id));
    }
    let held_up: BTreeSet<String> = cases
        .iter()
        .filter(|case| case.key.kind == CaseKind::Collection)
        .filter(|case| holds_up(case) || hands.answers.left.iter().any(|(key, _)| *key == case.key))
        .map(|case| case.key.subject.clone())
        .collect();
    let case = books::Case {
        truth,
        hands,
        accounts: &policy.accounts,
        booked: &booked,
        held_up: &held_up,
        cut_over_on: policy.cut_over_on,
    };
    wrong.extend(books::check(&case));
    if !families.contains(&Family::Periods) {
        wrong.extend(may::dated(truth, hands, &zone_of(policy)));
    }
    if wrong.is_empty() {
        wrong.extend(unproved(&case, end).await);
    }
    wrong.extend(due::check(&due::Case { end, cases: &cases, held_up: &held_up, booked: &booked }));
    wrong
}

/// It waits for a person because of a limit of the link that it is above, or may be.
fn is_above_limit(end: &End<'_>, case: &CaseRow) -> bool {
    let above = case.reason.as_ref().is_some_and(|one| one.code == ReasonCode::AboveLimit);
    above && end.limited.contains(&case.key.subject)
}

/// What this depth knows beyond the model depth.
fn rests_here(case: &CaseRow, left_to_people: bool, bounced: bool) -> bool {
    let Some(reason) = &case.reason else { return false };
    match reason.code {
        // Receipts that people are, or at some time were, to deposit may wait for them for ever, and so
        // may who waits for them.
        ReasonCode::WaitingForDeposit | ReasonCode::WaitingForReversals if left_to_people => true,
        // A person says what becomes of a payout that a bank sent back; others wait for it.
        ReasonCode::PayoutBounced => bounced,
        // So little is left of the invoice that the processor takes no payment for it.
        ReasonCode::AmountRefused => reason.detail.contains(TOO_LITTLE),
        // The ERP's interface can not do it, and a person is told how.
        ReasonCode::UnsupportedHere => reason.detail.contains(WHOLE_ONLY),
        ReasonCode::Rejected => reason.detail.contains(IN_PARTS),
        // A refund in it waits for the payout that takes it.
        ReasonCode::RefundOnItsWay => bounced,
        code => bounced && waits_for_others(code),
    }
}

/// P9: what the ledgers hold is proved, and nothing else is.
async fn unproved(case: &books::Case<'_>, end: &End<'_>) -> Vec<String> {
    let proof = match end.console.verify(None).await {
        Ok(proof) => proof,
        Err(error) => return vec![format!("P9: the books can not be proved: {error}")],
    };
    let clear = case.truth.payouts.iter().filter(|one| !books::is_touched(case, one));
    let wrong = clear.filter_map(|payout| {
        let what = format!("payout {}", payout.id);
        let booked = case.booked.contains(&payout.id);
        match proof.findings.iter().find(|finding| finding.what == what) {
            Some(finding) if finding.verdict == Verdict::Proved => {
                let off = books::at_bank(case, payout)?;
                Some(format!("P9: {what} is proved, and {off}"))
            }
            Some(finding) if booked => {
                Some(format!("P9: {what}: {:?}, {}", finding.verdict, finding.why))
            }
            None if booked => Some(format!("P9: {what} is in no proof")),
            Some(_) | None => None,
        }
    });
    let accounts = proof.findings.iter().filter(|one| one.what.starts_with(UNDEPOSITED));
    let off = accounts.filter(|one| is_clean(end) && one.verdict != Verdict::Proved);
    let off = off.map(|one| format!("P9: {}: {:?}, {}", one.what, one.verdict, one.why));
    wrong.chain(off).collect()
}

/// Nobody touched a document, and none of others stands beside ours.
fn is_clean(end: &End<'_>) -> bool {
    let hands = end.hands;
    let documents = hands.documents.is_empty() && hands.invoices.is_empty();
    documents && hands.predecessor.is_empty() && !end.left_to_people
}

fn is_bounced(case: &CaseRow) -> bool {
    case.reason.as_ref().is_some_and(|reason| reason.code == ReasonCode::PayoutBounced)
}

/// A person, or somebody else's document, comes first.
fn holds_up(case: &CaseRow) -> bool {
    let kind = case.reason.as_ref().map(|reason| reason.code.kind());
    matches!(kind, Some(ReasonKind::NeedsPerson | ReasonKind::Waiting))
}

/// An invoice whose box is ticked has a case, whatever became of it.
fn invoices_without_case(truth: &Truth, cases: &[CaseRow]) -> Vec<String> {
    let known: BTreeSet<&str> = cases
        .iter()
        .filter(|case| case.key.kind == CaseKind::Collection)
        .map(|case| case.key.subject.as_str())
        .collect();
    let ticked = truth.invoices.values().filter(|one| one.ticked && one.remaining > 0);
    ticked
        .filter(|one| !known.contains(one.id.as_str()))
        .map(|one| format!("P5: invoice {} is ticked, and in no list", one.id))
        .collect()
}

/// Two live payments that others brought about are shown to a person.
async fn doubles_unseen(truth: &Truth, hands: &Hands, store: &dyn Store) -> Vec<String> {
    let shown = store.attention(true).await.unwrap_or_default();
    let seen = |invoice: &str| {
        shown.iter().any(|row| {
            row.case.kind == CaseKind::Collection
                && row.case.subject == invoice
                && row.reason.code == ReasonCode::DoubleCollection
        })
    };
    // One that was given back in full collects nothing any more.
    let collects = |payment: &&Payment| payment.is_live() && payment.refunded < payment.amount;
    let live = |invoice: &str| truth.payments_of(invoice).filter(collects).count();
    let left = |id: &str| hands.answers.is_left(id, ReasonCode::DoubleCollection);
    // Those of an invoice that no link collects are told of as foreign.
    let ours = truth.invoices.values().filter(|one| !one.foreign).map(|one| &one.id);
    let doubled = ours.filter(|id| live(id) > 1 && !seen(id) && !left(id));
    doubled
        .map(|id| format!("P1: invoice {id} has two live payments, and nobody is told"))
        .collect()
}
