//! P4: every payout reaches the bank to the penny through its documents, fees and tax as the items
//! say; the bank is the sum of the payouts, nothing is left undeposited, and the ledger balances.

use std::collections::BTreeMap;

use rust_decimal::{Decimal, RoundingStrategy};

use super::settled::{at_account, is_ours, names};
use super::{Broken, Case};
use crate::demo::truth::{Document, Kind, Payout};

pub fn check(case: &Case<'_>) -> Vec<Broken> {
    let mut broken = Vec::new();
    for payout in case.truth.payouts.iter().filter(|payout| payout.status == "paid") {
        of_payout(case, payout, &mut broken);
    }
    banks(case, &mut broken);
    undeposited(case, &mut broken);
    if case.truth.trial_balance != "0" {
        let what = format!("the trial balance is {}", case.truth.trial_balance);
        broken.push(Broken::new("P4", what));
    }
    for one in &case.truth.documents {
        let sum: Decimal = one.postings.iter().map(|(_, base, _)| *base).sum();
        if !sum.is_zero() {
            broken
                .push(Broken::new("P4", format!("{} {} is off by {sum}", one.kind.word(), one.id)));
        }
    }
    broken
}

/// The documents that carry the payout: deposits, refunds and journals whose key names it.
fn documents<'a>(case: &Case<'a>, payout: &Payout) -> Vec<&'a Document> {
    let carries = |one: &&Document| {
        !matches!(one.kind, Kind::Receipt | Kind::Void | Kind::Part)
            && !one.voided
            && names(one, payout)
    };
    case.truth.documents.iter().filter(carries).collect()
}

fn of_payout(case: &Case<'_>, payout: &Payout, broken: &mut Vec<Broken>) {
    let documents = documents(case, payout);
    let moved = |account: &str| -> Decimal {
        let sum: Decimal = documents.iter().map(|one| at_account(one, account)).sum();
        sum * Decimal::ONE_HUNDRED
    };
    let mut expect = |what: &str, account: &str, expected: Decimal| {
        let found = moved(account);
        if found != expected {
            let what = format!(
                "payout {}: {what} moved {found}, and {expected} is right (minor units, {})",
                payout.id, payout.currency
            );
            broken.push(Broken::new("P4", what));
        }
    };
    let bank = case.accounts.banks.get(&payout.currency).map_or("", String::as_str);
    let lines = Lines::of(case, payout);
    expect("the bank", bank, Decimal::from(payout.amount));
    expect("fees", &case.accounts.fees, -(lines.fees - lines.tax));
    expect("tax on fees", &case.accounts.fee_tax, -lines.tax);
    expect("suspense", &case.accounts.suspense, -lines.suspense);
    expect("rounding", &case.accounts.rounding, -lines.rounding);
    for one in &documents {
        if one.dated_on != payout.arrival_on {
            let arrival = payout.arrival_on.map_or_else(String::new, |on| on.to_string());
            let dated = one.dated_on.map_or_else(String::new, |on| on.to_string());
            let what =
                format!("{} {} is dated {dated}, arrival {arrival}", one.kind.word(), one.id);
            broken.push(Broken::new("P4", what));
        }
    }
}

/// What the lines of a payout's deposit must be, whole minor units with the sign of the items
/// (DESIGN.md section 5, Payout).
struct Lines {
    fees: Decimal,
    tax: Decimal,
    suspense: Decimal,
    rounding: Decimal,
}

impl Lines {
    fn of(case: &Case<'_>, payout: &Payout) -> Lines {
        let mut fees = Decimal::ZERO;
        let mut suspense = Decimal::ZERO;
        let mut others = Decimal::ZERO;
        let mut taxes: BTreeMap<&str, Decimal> = BTreeMap::new();
        for item in &payout.items {
            if item.is_fee() {
                fees += item.amount;
                for (rate, tax) in &item.taxes {
                    *taxes.entry(rate).or_default() += *tax;
                }
            } else if is_ours(case, item) {
                others += item.amount;
            } else {
                suspense += item.amount;
            }
        }
        let fees = rounded(fees);
        let tax: Decimal = taxes.into_values().map(rounded).sum();
        let suspense = rounded(suspense);
        let rounding = Decimal::from(payout.amount) - fees - suspense - others;
        Lines { fees, tax, suspense, rounding }
    }
}

/// Half away from zero.
fn rounded(amount: Decimal) -> Decimal {
    amount.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero)
}

/// Bank balances are the payouts, and what people booked there.
fn banks(case: &Case<'_>, broken: &mut Vec<Broken>) {
    for (currency, account) in &case.accounts.banks {
        let paid: i64 = case
            .truth
            .payouts
            .iter()
            .filter(|payout| payout.status == "paid" && payout.currency == *currency)
            .map(|payout| payout.amount)
            .sum();
        let booked: Decimal = case
            .truth
            .documents
            .iter()
            .filter(|one| !case.hands.documents.contains(&one.id))
            .map(|one| at_account(one, account))
            .sum();
        if booked * Decimal::ONE_HUNDRED != Decimal::from(paid) {
            let what = format!("bank {currency}: {booked} booked, payouts of {paid} minor units");
            broken.push(Broken::new("P4", what));
        }
    }
}

/// What arrived at the bank is in no receipt any more.
fn undeposited(case: &Case<'_>, broken: &mut Vec<Broken>) {
    let mut left: BTreeMap<&str, Decimal> = BTreeMap::new();
    for one in case.truth.documents.iter().filter(|one| !case.hands.documents.contains(&one.id)) {
        let Some(account) = case.accounts.undeposited.get(&one.currency) else { continue };
        let moved = at_account(one, account);
        *left.entry(one.currency.as_str()).or_default() += moved;
    }
    for (currency, rest) in left.into_iter().filter(|(_, rest)| !rest.is_zero()) {
        let what = format!("{rest} {currency} is left in undeposited funds");
        broken.push(Broken::new("P4", what));
    }
}
