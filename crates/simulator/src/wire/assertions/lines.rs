//! P10: the fees of a payout are on their account, rounded once per document, what rounding leaves is less
//! than a unit per line, and payments of nobody's are on suspense.

use model::ids::LedgerAccountId;
use rust_decimal::{Decimal, RoundingStrategy};

use super::books::{Case, is_touched, names};
use crate::wire::truth::{Item, ItemKind, Payment, Payout};

/// What rounding may leave, in minor units: fees, each rate's tax, and the payout are rounded once each.
const ROUNDING_MAX: i64 = 3;

/// How the stamps of a payout's own documents begin.
const OF_PAYOUT: [&str; 2] = ["deposit-", "fees-"];

/// What is wrong with the lines of a payout that says it is booked.
#[must_use]
pub fn check(case: &Case<'_>, payout: &Payout) -> Vec<String> {
    if is_touched(case, payout) {
        return Vec::new();
    }
    // None of the worlds here maps one kind of them apart.
    let fees = payout.items.iter().filter(|item| item.kind == ItemKind::Fee);
    let exact: Decimal = fees.map(|item| item.amount).sum();
    let expected = exact.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
    let accounts = case.accounts;
    let tax = posted(case, payout, accounts.fee_tax.as_ref());
    let posted_fees = posted(case, payout, accounts.fees.as_ref()) + tax;
    // Tax is rounded apart, and the rest is what is left of the whole.
    let mut wrong = Vec::new();
    if posted_fees != expected {
        let id = &payout.id;
        wrong.push(format!("P10: payout {id} has {posted_fees} on fees and tax, not {expected}"));
    }
    let rounding = posted(case, payout, accounts.rounding.as_ref());
    if rounding.abs() > Decimal::from(ROUNDING_MAX) {
        wrong.push(format!("P10: payout {} has {rounding} on rounding", payout.id));
    }
    wrong.extend(on_suspense(case, payout));
    wrong
}

/// Payments that name no invoice, and what was taken back of them, are in the payout's own documents.
fn on_suspense(case: &Case<'_>, payout: &Payout) -> Option<String> {
    let of = |item: &Item| item.payment.as_ref().and_then(|id| case.truth.payments.get(id));
    let in_other_currency = |payment: &Payment| {
        let invoice = payment.invoice.as_ref().and_then(|id| case.truth.invoices.get(id));
        invoice.is_some_and(|one| one.foreign)
    };
    // Whose it was when the payout was booked is not known.
    let unsure = |payment: &Payment| payment.said.is_some() || in_other_currency(payment);
    if payout.items.iter().filter_map(of).any(unsure) {
        return None;
    }
    let moves = payout.items.iter().filter(|item| item.kind != ItemKind::Fee);
    let foreign = moves.filter(|item| of(item).is_none_or(|one| one.invoice.is_none()));
    let expected: Decimal = foreign.map(|item| item.amount).sum();
    let account = case.accounts.suspense.as_ref()?;
    let own = |stamp: &str| OF_PAYOUT.iter().any(|of| stamp.starts_with(of));
    let (id, on) = (&payout.id, posted_by(case, payout, account, own));
    (on != expected).then(|| format!("P10: payout {id} has {on} on suspense, not {expected}"))
}

/// What the payout's documents put on an account, in minor units, with the sign that it has at the bank.
fn posted(case: &Case<'_>, payout: &Payout, account: Option<&LedgerAccountId>) -> Decimal {
    account.map_or(Decimal::ZERO, |account| posted_by(case, payout, account, |_| true))
}

/// The same, of those with such stamps.
fn posted_by(
    case: &Case<'_>,
    payout: &Payout,
    account: &LedgerAccountId,
    such: impl Fn(&str) -> bool,
) -> Decimal {
    let ours = case.truth.documents.iter().filter(|one| {
        !one.voided && names(one, &payout.id) && such(one.stamp.as_deref().unwrap_or_default())
    });
    let moved: Decimal = ours.map(|one| one.at_account(account.as_str())).sum();
    -moved * Decimal::ONE_HUNDRED
}
