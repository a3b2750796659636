//! P10: the fees of a payout are on their account, rounded once per document, and what rounding leaves is
//! less than a unit per line.

use model::ids::LedgerAccountId;
use rust_decimal::{Decimal, RoundingStrategy};

use super::books::{Case, is_touched, names};
use crate::wire::truth::{ItemKind, Payout};

/// What rounding may leave, in minor units: fees, each rate's tax, and the payout are rounded once each.
const ROUNDING_MAX: i64 = 3;

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
    wrong
}

/// What the payout's documents put on an account, in minor units, with the sign that it has at the bank.
fn posted(case: &Case<'_>, payout: &Payout, account: Option<&LedgerAccountId>) -> Decimal {
    let Some(account) = account else { return Decimal::ZERO };
    let ours = case.truth.documents.iter().filter(|one| !one.voided && names(one, &payout.id));
    let moved: Decimal = ours.map(|one| one.at_account(account.as_str())).sum();
    -moved * Decimal::ONE_HUNDRED
}
