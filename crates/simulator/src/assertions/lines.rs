//! P4 and P10: each kind of a payout's items is on its own account, rounded once per document, and
//! what rounding leaves is less than a unit per line. Computed from the processor's items alone.

use model::ids::{LedgerAccountId, PayoutId};
use model::payout::{PayoutItem, PayoutItemKind};
use rust_decimal::{Decimal, RoundingStrategy};

use crate::world::State;
use crate::world::erp::Books;
use crate::world::processor::PayoutRow;

/// What rounding may leave: fees, each rate's tax, and the payout are rounded once each.
const ROUNDING_MAX: i64 = 3;

/// What is wrong with the lines of these payouts. `tax_apart`: tax has an account of its own.
#[must_use]
pub fn check(state: &State, tax_apart: bool, booked: impl Fn(&PayoutId) -> bool) -> Vec<String> {
    let rows = state.processor.payouts.iter().filter(|(id, _)| booked(id));
    rows.flat_map(|(id, row)| check_payout(&state.books, id, row, tax_apart)).collect()
}

fn check_payout(books: &Books, id: &PayoutId, row: &PayoutRow, tax_apart: bool) -> Vec<String> {
    let fees = || row.items.iter().filter(|item| is_fee(item.kind));
    let gross = rounded(fees().map(|item| item.amount.decimal()).sum());
    let tax = rounded(fees().map(tax_of).sum());
    let tax = if tax_apart { tax } else { 0 };
    let mut wrong = Vec::new();
    for (account, expected) in [("fees", gross - tax), ("fee tax", tax)] {
        let posted = posted(books, account, id);
        if posted != expected {
            wrong.push(format!("P10: payout {id} has {posted} on {account}, not {expected}"));
        }
    }
    let rounding = posted(books, "rounding", id);
    if rounding.abs() > ROUNDING_MAX {
        wrong.push(format!("P10: payout {id} has {rounding} on rounding"));
    }
    wrong
}

/// What the payout's documents put on an account, with the sign that it has at the bank.
fn posted(books: &Books, account: &str, payout: &PayoutId) -> i64 {
    let lines = books.lines_on(&LedgerAccountId::from(account));
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
