//! Liveness by the world's own truth: what nothing stood in the way of has come about at the end, whatever
//! reason a case gives. An invoice that may be collected was, a debit that a retry can heal was retried, and
//! a payout that can be booked is.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use model::case::CaseKind;
use model::customer::{ErpCustomer, ProcessorCustomer, fold_email};
use model::event::EventSubject;
use model::ids::{CollectionId, InvoiceId, PayoutId, ProcessorCustomerId};
use model::invoice::Approval;
use model::mandate::MandateStatus;
use model::payment::{CollectionStatus, metadata};
use model::payout::{PayoutItem, PayoutStatus};
use model::policy::{CollectWhich, Deposits, ForeignPayments};
use model::reason::ReasonCode;
use store::rows::CaseRow;

use super::ending::{is_for_people, is_stuck};
use super::limits;
use crate::setup;
use crate::world::State;
use crate::world::erp::CURRENCY;
use crate::world::processor::PaymentRow;

/// Days for which a mandate is usable before its invoices must have been collected.
const MANDATE_DAYS: i64 = 3;

/// Causes that another debit can heal (gocardless sheet section 16).
const HEALING: [&str; 2] = ["insufficient_funds", "refer_to_payer"];

/// Everything that should have come about and did not.
#[must_use]
pub fn check(state: &State, cases: &[CaseRow], now: Timestamp) -> Vec<String> {
    let mut wrong: Vec<String> = Vec::new();
    for id in state.books.invoices.keys() {
        let case = case_of(cases, CaseKind::Collection, id.as_str());
        // What a person left, or stopped, is theirs.
        if case.is_some_and(|case| is_theirs(state, case)) {
            continue;
        }
        let said = case.and_then(|case| case.reason.as_ref()).map(|reason| reason.sentence());
        let said = said.unwrap_or_else(|| "there is no case".to_owned());
        if may_be_collected(state, id, now) {
            wrong.push(format!("P5: invoice {id} may be collected, and was not: {said}"));
        }
        if let Some((payment, why)) = case.and_then(|case| wrongly_given_up(state, id, case)) {
            wrong.push(format!("P5: {payment} of invoice {id} {why}: {said}"));
        }
    }
    for id in bookable(state, cases) {
        let case = case_of(cases, CaseKind::Payout, id.as_str());
        let code = case.and_then(|case| case.reason.as_ref()).map(|reason| reason.code);
        let booked = matches!(code, Some(ReasonCode::Booked | ReasonCode::NotProved));
        let left = case.is_some_and(|case| is_theirs(state, case) || is_stuck(case));
        if !booked && !left {
            let said = code.map_or("there is no case", ReasonCode::code);
            wrong.push(format!("P3: payout {id} can be booked, and is not: {said}"));
        }
    }
    wrong
}

fn case_of<'a>(cases: &'a [CaseRow], kind: CaseKind, subject: &str) -> Option<&'a CaseRow> {
    cases.iter().find(|case| case.key.kind == kind && case.key.subject == subject)
}

fn is_theirs(state: &State, case: &CaseRow) -> bool {
    state.watched.left.iter().any(|(key, _)| *key == case.key)
}

/// Nobody ever paid for it, and everything that a debit needs is there and clear.
fn may_be_collected(state: &State, id: &InvoiceId, now: Timestamp) -> bool {
    let Some(row) = state.books.invoices.get(id) else { return false };
    let always_all = state.watched.rules.policies().all(|one| one.collect == CollectWhich::AllOpen);
    let wanted = row.flagged || always_all;
    let open = !row.voided && row.total > 0 && state.books.due(id) > 0;
    if !wanted || !open || row.approval != Approval::Approved || row.currency != CURRENCY {
        return false;
    }
    if limits::may_hold(&state.watched, state.books.due(id)) {
        return false;
    }
    let payments = &state.processor.payments;
    if payments.values().any(|one| names(one, id, &row.number)) {
        return false;
    }
    let Some(customer) = state.books.customers.get(&row.customer) else { return false };
    let routed = customer.stored.processor_account.is_none();
    if customer.inactive || state.watched.customers_moved || !routed {
        return false;
    }
    only_payer(state, customer).is_some_and(|payer| has_one_mandate(state, payer, now))
}

/// The payment names the invoice, by its id or its number.
fn names(payment: &PaymentRow, id: &InvoiceId, number: &str) -> bool {
    let named = payment.metadata.get(metadata::INVOICE).is_some_and(|one| one == id.as_str());
    let said = payment.said.as_ref().is_some_and(|said| said.invoice.as_ref() == Some(id));
    named || said || payment.description.as_deref().is_some_and(|text| text.contains(number))
}

fn only_payer<'a>(state: &'a State, customer: &ErpCustomer) -> Option<&'a ProcessorCustomerId> {
    let email = customer.email.as_deref().map(fold_email);
    let fits = |one: &&ProcessorCustomer| {
        let same = one.email.as_deref().map(fold_email) == email && email.is_some();
        one.erp_customer.as_ref() == Some(&customer.id) || same
    };
    let mut payers = state.processor.customers.values().filter(fits);
    let only = payers.next().filter(|_| payers.next().is_none())?;
    let free = only.erp_customer.as_ref().is_none_or(|named| *named == customer.id);
    free.then_some(&only.id)
}

fn has_one_mandate(state: &State, payer: &ProcessorCustomerId, now: Timestamp) -> bool {
    let usable = |status: MandateStatus| status.usable(true);
    let mut mandates = state.processor.mandates.values();
    let mut of_payer = mandates.by_ref().filter(|one| one.customer == *payer && usable(one.status));
    let Some(only) = of_payer.next() else { return false };
    let long =
        now.duration_since(only.usable_since) >= SignedDuration::from_hours(24 * MANDATE_DAYS);
    of_payer.next().is_none() && only.status == MandateStatus::Active && long
}

/// The case says that it was given up for a cause that is not there.
fn wrongly_given_up(
    state: &State,
    invoice: &InvoiceId,
    case: &CaseRow,
) -> Option<(CollectionId, &'static str)> {
    let newest =
        state.processor.payments_for(invoice).max_by_key(|(id, row)| (row.created_at, *id));
    let code = case.reason.as_ref()?.code;
    let any = |status: CollectionStatus| {
        state.processor.payments_for(invoice).any(|(_, row)| row.status == status)
    };
    let (id, row) = newest?;
    let why = match code {
        ReasonCode::FailureFinal if row.status == CollectionStatus::Failed => {
            if state.watched.stopped.contains(invoice) {
                return None;
            }
            let cause = last_cause(state, id)?;
            HEALING.contains(&cause.as_str()).then_some("failed for a cause that heals")
        }
        ReasonCode::CancelledByPerson => {
            (!any(CollectionStatus::Cancelled)).then_some("was cancelled by nobody")
        }
        ReasonCode::DeniedByPayer => {
            (!any(CollectionStatus::CustomerApprovalDenied)).then_some("was denied by nobody")
        }
        ReasonCode::PaidOtherwise => (state.books.due(invoice) != 0).then_some("is not paid"),
        ReasonCode::InvoiceVoided => {
            let voided = state.books.invoices.get(invoice).is_some_and(|row| row.voided);
            (!voided).then_some("is of an invoice that stands")
        }
        _ => None,
    };
    why.map(|why| (id.clone(), why))
}

fn last_cause(state: &State, payment: &CollectionId) -> Option<String> {
    let subject = EventSubject::Collection(payment.to_string());
    let mut events = state.processor.events.iter().rev().map(|row| &row.event);
    let failed = events.find(|event| event.subject == subject && event.action == "failed")?;
    failed.cause.clone()
}

fn bookable<'a>(state: &'a State, cases: &[CaseRow]) -> Vec<&'a PayoutId> {
    let payouts = &state.processor.payouts;
    let payments = |id: &&PayoutId| -> BTreeSet<&CollectionId> {
        let items = payouts.get(*id).map_or(&[][..], |row| row.items.as_slice());
        items.iter().filter_map(|item| item.collection.as_ref()).collect()
    };
    apart_from_held(payouts.keys(), |id| may_be_booked(state, cases, id), payments)
}

/// What is in the way of one payout is in the way of all that settle, or take back, the same payments.
pub fn apart_from_held<T, P: Ord>(
    payouts: impl Iterator<Item = T>,
    clear: impl Fn(&T) -> bool,
    payments: impl Fn(&T) -> BTreeSet<P>,
) -> Vec<T> {
    let (mut free, mut held): (Vec<T>, Vec<T>) = payouts.partition(clear);
    while let Some(one) = held.pop() {
        let theirs = payments(&one);
        let (more, rest): (Vec<T>, Vec<T>) =
            free.into_iter().partition(|other| !payments(other).is_disjoint(&theirs));
        free = rest;
        held.extend(more);
    }
    free
}

/// It arrived, all of it is ours and known, and nobody has taken any of it into their own hands.
fn may_be_booked(state: &State, cases: &[CaseRow], id: &PayoutId) -> bool {
    let Some(row) = state.processor.payouts.get(id) else { return false };
    let payout = &row.payout;
    let arrived = payout.status == PayoutStatus::Paid
        && payout.arrival_on.is_some_and(|on| on >= setup::first_day());
    let made = state.watched.rules.policies().all(|one| one.deposits == Deposits::Made);
    let touched = state.books.touched_payouts.contains(id);
    let whole = payout.exchange.is_none() && payout.amount.minor > 0;
    let calm = arrived && made && whole && !touched && !has_bounced(state, id);
    calm && row.items.iter().all(|item| is_clear(state, cases, item))
}

fn has_bounced(state: &State, id: &PayoutId) -> bool {
    let subject = EventSubject::Payout(id.to_string());
    let mut events = state.processor.events.iter().map(|row| &row.event);
    events.any(|event| event.subject == subject && event.action == "bounced")
}

fn is_clear(state: &State, cases: &[CaseRow], item: &PayoutItem) -> bool {
    let refund = item.refund.as_ref().and_then(|id| state.processor.refunds.get(id));
    if item.refund.is_some() && refund.is_none() {
        return false;
    }
    let of_refund = refund.map(|row| &row.refund.collection);
    let payment = match of_refund {
        Some(None) => return false,
        Some(Some(payment)) => Some(payment),
        None => item.collection.as_ref(),
    };
    let Some(payment) = payment else { return true };
    let Some(row) = state.processor.payments.get(payment) else { return false };
    if row.said.is_some() {
        return false;
    }
    let Some(invoice) = row.invoice() else {
        let mut policies = state.watched.rules.policies();
        return policies.all(|one| one.foreign_payments == ForeignPayments::Suspense);
    };
    let mut receipts = state.books.receipts.values();
    let theirs = receipts.any(|one| {
        let by_hand = one.deposit.as_ref().and_then(|id| state.books.deposits.get(id));
        let by_hand = by_hand.is_some_and(|deposit| deposit.key.is_none());
        let edited = one.touched || one.voided || by_hand || one.key.is_none();
        one.collection.as_ref() == Some(payment) && edited
    });
    let known = state.books.invoices.get(&invoice).is_some_and(|row| row.currency == CURRENCY);
    let touched = state.books.touched.contains(&invoice);
    let refunds: BTreeSet<String> =
        refund.map(|row| row.refund.id.to_string()).into_iter().collect();
    let held = cases.iter().any(|case| {
        let of_it = (case.key.kind == CaseKind::Collection && case.key.subject == invoice.as_str())
            || (case.key.kind == CaseKind::Refund && refunds.contains(&case.key.subject));
        of_it && (is_for_people(case) || is_theirs(state, case))
    });
    known && !theirs && !touched && !held
}
