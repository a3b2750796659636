//! P4 and P10: each kind of a payout's items is on its own account, rounded once per document, and
//! what rounding leaves is less than a unit per line. Computed from the processor's items alone.

use std::collections::BTreeMap;

use model::ids::{LedgerAccountId, PayoutId, ReceiptId};
use model::payout::{PayoutItem, PayoutItemKind};
use model::policy::Accounts;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::moves::Family;
use crate::profile::Profile;
use crate::world::State;
use crate::world::erp::{Books, CURRENCY};
use crate::world::processor::PayoutRow;

/// What rounding may leave: fees, each rate's tax, and the payout are rounded once each.
const ROUNDING_MAX: i64 = 3;

/// By how much one of several accounts of fees may be off: its gross is rounded, and each share of tax.
const SHARES_OFF_MAX: i64 = 2;

/// What is wrong with the lines of these payouts, in the accounts that the link maps. Where customers are sent
/// to accounts of no link, and come back, what is on suspense is that of another time, and not judged.
#[must_use]
pub fn check(state: &State, profile: &Profile, booked: impl Fn(&PayoutId) -> bool) -> Vec<String> {
    let rows = state.processor.payouts.iter().filter(|(id, _)| booked(id));
    let wrong = rows.flat_map(|(id, row)| {
        let accounts = &profile.policy.accounts;
        let mut wrong = Vec::new();
        if !splits_by_hand(&state.books, row) {
            wrong.extend(check_fees(&state.books, id, row, accounts));
        }
        wrong.extend(check_others(state, id, row, accounts));
        if !profile.families.contains(&Family::Currencies) {
            wrong.extend(check_suspense(state, id, row, accounts));
        }
        wrong
    });
    wrong.collect()
}

/// A person deposited a receipt of the payout's, and put lines of their own beside it: what of the fees
/// is theirs only the sum at the bank tells.
fn splits_by_hand(books: &Books, row: &PayoutRow) -> bool {
    let paid = row.items.iter().filter(|item| item.kind == PayoutItemKind::PaymentPaidOut);
    let payments: Vec<&str> =
        paid.filter_map(|item| item.collection.as_ref()).map(|id| id.as_str()).collect();
    let is_of_payout = |receipt: &ReceiptId| {
        let key = books.receipts.get(receipt).and_then(|row| row.key.as_ref());
        key.is_some_and(|key| key.as_str().split('/').any(|part| payments.contains(&part)))
    };
    let by_hand = books.deposits.values().filter(|row| row.key.is_none() && !row.voided);
    by_hand.filter(|row| !row.lines.is_empty()).any(|row| row.receipts.iter().any(is_of_payout))
}

fn check_fees(books: &Books, id: &PayoutId, row: &PayoutRow, accounts: &Accounts) -> Vec<String> {
    // By account: all of it, and the tax in it.
    let mut exact: BTreeMap<&LedgerAccountId, (Decimal, Decimal)> = BTreeMap::new();
    let of_fees = [&accounts.fees, &accounts.app_fees, &accounts.surcharges];
    exact.extend(
        of_fees.into_iter().flatten().map(|account| (account, (Decimal::ZERO, Decimal::ZERO))),
    );
    for item in row.items.iter().filter(|item| is_fee(item.kind)) {
        let Some(account) = fee_account(accounts, item.kind) else { continue };
        let (gross, tax) = exact.entry(account).or_default();
        *gross += item.amount.decimal();
        *tax += tax_of(item);
    }
    let gross: i64 = exact.values().map(|(gross, _)| rounded(*gross)).sum();
    let apart = accounts.fee_tax.as_ref();
    let tax = apart.map_or(0, |_| rounded(exact.values().map(|(_, tax)| *tax).sum()));
    let on_fees = exact.keys().map(|account| posted(books, account, id)).sum();
    let on_tax = apart.map_or(0, |account| posted(books, account, id));
    let mut wrong = Vec::new();
    for (name, on, expected) in [("fees", on_fees, gross - tax), ("fee tax", on_tax, tax)] {
        wrong.extend(differs(id, name, on, expected));
    }
    for (account, (gross, tax)) in &exact {
        let exact = if apart.is_some() { gross - tax } else { *gross };
        let on = posted(books, account, id);
        if (Decimal::from(on) - exact).abs() > Decimal::from(SHARES_OFF_MAX) {
            wrong.extend(differs(id, account.as_str(), on, rounded(exact)));
        }
    }
    wrong
}

fn differs(id: &PayoutId, name: &str, on: i64, expected: i64) -> Option<String> {
    (on != expected).then(|| format!("P10: payout {id} has {on} on {name}, not {expected}"))
}

/// Refunds of no payment, and what rounding left.
fn check_others(state: &State, id: &PayoutId, row: &PayoutRow, accounts: &Accounts) -> Vec<String> {
    let books = &state.books;
    let mut wrong = Vec::new();
    if let Some(account) = &accounts.refunds {
        let refunds = sum(row, |item| item.kind == PayoutItemKind::Refund);
        wrong.extend(differs(id, "refunds", posted(books, account, id), refunds));
    }
    let rounding = accounts.rounding.as_ref().map_or(0, |account| posted(books, account, id));
    if rounding.abs() > ROUNDING_MAX {
        wrong.push(format!("P10: payout {id} has {rounding} on rounding"));
    }
    wrong
}

/// Payments of nobody's, and what was taken back of them.
fn check_suspense(
    state: &State,
    id: &PayoutId,
    row: &PayoutRow,
    accounts: &Accounts,
) -> Option<String> {
    let unsure = row.items.iter().any(|item| is_unsure(state, item));
    let account = accounts.suspense.as_ref().filter(|_| !unsure)?;
    let foreign = sum(row, |item| is_of_payment(item.kind) && is_foreign(state, item));
    differs(id, "suspense", posted(&state.books, account, id), foreign)
}

fn sum(row: &PayoutRow, of: impl Fn(&PayoutItem) -> bool) -> i64 {
    rounded(row.items.iter().filter(|item| of(item)).map(|item| item.amount.decimal()).sum())
}

fn fee_account(accounts: &Accounts, kind: PayoutItemKind) -> Option<&LedgerAccountId> {
    let apps = accounts.app_fees.as_ref().filter(|_| kind == PayoutItemKind::AppFee);
    let surcharges = accounts.surcharges.as_ref().filter(|_| kind == PayoutItemKind::SurchargeFee);
    apps.or(surcharges).or(accounts.fees.as_ref())
}

/// It is of no payment, or of one that names no invoice.
fn is_foreign(state: &State, item: &PayoutItem) -> bool {
    let payment = item.collection.as_ref().and_then(|id| state.processor.payments.get(id));
    payment.is_none_or(|row| row.invoice().is_none())
}

/// What people said of it, or that its invoice is in another currency, decides whose it was when the
/// payout was booked.
fn is_unsure(state: &State, item: &PayoutItem) -> bool {
    let payment = item.collection.as_ref().and_then(|id| state.processor.payments.get(id));
    payment.is_some_and(|row| {
        let invoice = row.invoice().and_then(|id| state.books.invoices.get(&id));
        row.said.is_some() || invoice.is_some_and(|one| one.currency != CURRENCY)
    })
}

/// What the payout's documents put on an account, with the sign that it has at the bank.
fn posted(books: &Books, account: &LedgerAccountId, payout: &PayoutId) -> i64 {
    let lines = books.lines_on(account);
    let of_payout = lines.iter().filter(|(key, _)| {
        let mut parts = key.iter().flat_map(|key| key.as_str().split('/'));
        let deposit = matches!(parts.next(), Some("deposit" | "fees"));
        deposit && parts.next() == Some(payout.as_str())
    });
    -of_payout.map(|(_, minor)| minor).sum::<i64>()
}

fn tax_of(item: &PayoutItem) -> Decimal {
    let negative = item.amount.decimal().is_sign_negative();
    let tax: Decimal = item.taxes.iter().map(|tax| tax.amount.decimal().abs()).sum();
    if negative { -tax } else { tax }
}

fn rounded(exact: Decimal) -> i64 {
    let whole = exact.round_dp_with_strategy(0, RoundingStrategy::MidpointAwayFromZero);
    i64::try_from(whole).unwrap_or(i64::MAX)
}

fn is_fee(kind: PayoutItemKind) -> bool {
    match kind {
        PayoutItemKind::ProcessorFee
        | PayoutItemKind::AppFee
        | PayoutItemKind::RevenueShare
        | PayoutItemKind::SurchargeFee => true,
        PayoutItemKind::PaymentPaidOut
        | PayoutItemKind::PaymentFailed
        | PayoutItemKind::PaymentChargedBack
        | PayoutItemKind::PaymentRefunded
        | PayoutItemKind::Refund
        | PayoutItemKind::RefundFundsReturned => false,
    }
}

fn is_of_payment(kind: PayoutItemKind) -> bool {
    !is_fee(kind) && kind != PayoutItemKind::Refund
}
