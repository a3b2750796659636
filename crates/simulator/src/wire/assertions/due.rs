//! Liveness by the systems' own ledgers: what nothing stood in the way of has come about at the end, whatever
//! reason a case gives (as `crate::assertions::due` judges it at model depth).

use std::collections::BTreeSet;

use jiff::SignedDuration;
use model::case::CaseKind;
use model::policy::{ApprovalPendingPolicy, CollectWhich, ForeignPayments};
use model::reason::{ReasonCode, ReasonKind};
use store::rows::CaseRow;

use super::ending::End;
use crate::assertions::due::apart_from_held;
use crate::moves::Family;
use crate::wire::systems::customer_of;
use crate::wire::truth::{Invoice, Item, Payout};

/// Days for which a mandate is usable before its invoices must have been collected.
const MANDATE_DAYS: i64 = 3;

/// Minor units that the processor takes at least (gocardless sheet section 8).
const AMOUNT_MIN: i64 = 100;

/// What the checks rest on.
pub struct Case<'a> {
    pub end: &'a End<'a>,
    pub cases: &'a [CaseRow],
    /// Invoices whose cases wait for what a person has to do first.
    pub held_up: &'a BTreeSet<String>,
    /// Payouts whose cases say that they are booked.
    pub booked: &'a BTreeSet<String>,
}

/// Everything that should have come about and did not.
#[must_use]
pub fn check(case: &Case<'_>) -> Vec<String> {
    let has = |family: &Family| case.end.families.contains(family);
    let mut wrong = Vec::new();
    let invoices = case.end.truth.invoices.values().filter(|_| !has(&Family::Customers));
    for invoice in invoices.filter(|one| may_be_collected(case, one)) {
        let said = said_of(case, CaseKind::Collection, &invoice.id);
        let said = said.map_or("there is no case", ReasonCode::code);
        let id = &invoice.id;
        wrong.push(format!("P5: invoice {id} may be collected, and was not: {said}"));
    }
    let payouts = if case.end.left_to_people { Vec::new() } else { bookable(case) };
    for payout in payouts.into_iter().filter(|one| !case.booked.contains(&one.id)) {
        let said = said_of(case, CaseKind::Payout, &payout.id);
        let said = said.map_or("there is no case", ReasonCode::code);
        wrong.push(format!("P3: payout {} can be booked, and is not: {said}", payout.id));
    }
    wrong
}

fn said_of(case: &Case<'_>, kind: CaseKind, subject: &str) -> Option<ReasonCode> {
    let found = case.cases.iter().find(|one| one.key.kind == kind && one.key.subject == subject);
    Some(found?.reason.as_ref()?.code)
}

fn is_left(case: &Case<'_>, subject: &str) -> bool {
    case.end.hands.answers.left.iter().any(|(key, _)| key.subject == subject)
}

/// Nobody ever paid for it, and everything that a debit needs is there and clear.
fn may_be_collected(case: &Case<'_>, invoice: &Invoice) -> bool {
    let wanted = invoice.ticked || case.end.policy.collect == CollectWhich::AllOpen;
    let theirs = case.end.hands.invoices.contains(&invoice.id)
        || is_left(case, &invoice.id)
        || case.end.limited.contains(&invoice.id);
    if !wanted || !invoice.approved || theirs || invoice.foreign || invoice.remaining < AMOUNT_MIN {
        return false;
    }
    let mut payments = case.end.truth.payments.values();
    let paid = payments.any(|one| {
        let named = one.invoice.as_ref() == Some(&invoice.id) || one.said.is_some();
        named || one.description.as_deref().is_some_and(|text| text.contains(&invoice.number))
    });
    let mut usable = case.end.truth.mandates.iter().filter(|one| {
        one.usable && customer_of(one, case.end.customers) == Some(&invoice.customer)
    });
    let collects = case.end.policy.approval_pending == ApprovalPendingPolicy::Collect;
    let chosen = usable.next().filter(|one| collects || !one.awaits_payer);
    let since = chosen.and_then(|one| one.usable_since);
    let long = SignedDuration::from_hours(24 * MANDATE_DAYS);
    let clear = since.is_some_and(|since| case.end.now.duration_since(since) >= long);
    !paid && clear && usable.next().is_none()
}

fn bookable<'a>(case: &Case<'a>) -> Vec<&'a Payout> {
    let payments = |payout: &&Payout| -> BTreeSet<String> {
        payout.items.iter().filter_map(|item| item.payment.clone()).collect()
    };
    let payouts = case.end.truth.payouts.iter();
    apart_from_held(payouts, |payout| is_clear(case, payout), payments)
}

fn is_clear(case: &Case<'_>, payout: &Payout) -> bool {
    let late =
        payout.arrives_on.zip(case.end.policy.cut_over_on).is_some_and(|(on, from)| on >= from);
    let theirs = case.end.hands.payouts.contains(&payout.id) || is_left(case, &payout.id);
    let whole = payout.paid && !payout.exchanged && payout.amount > 0;
    late && !theirs && whole && payout.items.iter().all(|item| is_known(case, item))
}

fn is_known(case: &Case<'_>, item: &Item) -> bool {
    let Some(id) = &item.payment else { return true };
    let Some(payment) = case.end.truth.payments.get(id) else { return false };
    let Some(invoice) = &payment.invoice else {
        return case.end.policy.foreign_payments == ForeignPayments::Suspense;
    };
    let known = case.end.truth.invoices.get(invoice).is_some_and(|one| !one.foreign);
    let mut documents = case.end.truth.documents.iter();
    let touched = documents
        .any(|one| one.payment.as_ref() == Some(id) && case.end.hands.documents.contains(&one.id));
    let theirs =
        case.end.hands.invoices.contains(invoice) || case.end.hands.predecessor.contains_key(id);
    // A person has to say what becomes of a refund.
    let asked = payment.refunds.iter().any(|refund| {
        said_of(case, CaseKind::Refund, &refund.id)
            .is_some_and(|code| code.kind() == ReasonKind::NeedsPerson)
    });
    let held = asked || case.held_up.contains(invoice);
    payment.said.is_none() && known && !touched && !theirs && !held
}
