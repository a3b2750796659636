//! How each item reaches the bank account. The route is fixed when the item is kept; what a route
//! means for a payment that names no invoice is decided by policy (DESIGN.md sections 2 and 5).

use jiff::civil::Date;

use model::money::{ItemAmount, Money};
use model::payout::{ItemRoute, KeptItem, Payout, PayoutItem, PayoutItemKind};
use model::policy::{Deposits, ForeignPayments, ReversalRoute};
use model::reason::{Reason, ReasonCode};
use rust_decimal::Decimal;

use super::facts::PayoutFacts;

/// The items with their routes, or `PayoutSumDiffers` when their exact sum is one minor unit or
/// more off the payout: then nothing is kept and nothing posted.
pub fn keep(
    facts: &PayoutFacts,
    payout: &Payout,
    items: &[PayoutItem],
    arrival_on: Date,
) -> Result<Vec<KeptItem>, Reason> {
    check_sum(payout.amount, items)?;
    let kept = items.iter().map(|item| KeptItem {
        payout: facts.id.clone(),
        item: item.clone(),
        route: route(facts, item),
        arrival_on,
        currency: payout.amount.currency,
        bank_account: payout.bank_account.clone(),
        exchanged: super::proof::is_exchanged(payout),
        made_at: Some(payout.created_at),
    });
    Ok(kept.collect())
}

/// `|Σ items − amount| < 1` minor unit: the processor rounds the sum (gocardless sheet section 15).
pub fn check_sum<'a>(
    amount: Money,
    items: impl IntoIterator<Item = &'a PayoutItem>,
) -> Result<(), Reason> {
    let differs = |sum: String| {
        Reason::new(
            ReasonCode::PayoutSumDiffers,
            format!("the items sum to {sum} minor units, the payout is {}", amount.minor),
        )
    };
    let sum = ItemAmount::sum(items.into_iter().map(|item| &item.amount))
        .map_err(|error| differs(error.to_string()))?;
    let off = sum
        .checked_sub(ItemAmount::from_minor(amount.minor))
        .map_err(|error| differs(error.to_string()))?;
    if off.decimal().abs() < Decimal::ONE { Ok(()) } else { Err(differs(sum.to_string())) }
}

/// The route of an item, from the policy of the moment it is kept.
#[must_use]
pub fn route(facts: &PayoutFacts, item: &PayoutItem) -> ItemRoute {
    let policy = &facts.frame.policy;
    if policy.deposits == Deposits::LeftToPeople {
        return ItemRoute::LeftToPeople;
    }
    let ours = match policy.reversals {
        ReversalRoute::FromBank => ItemRoute::FromBank,
        ReversalRoute::InDeposit => ItemRoute::InDeposit,
    };
    match item.kind {
        PayoutItemKind::ProcessorFee
        | PayoutItemKind::AppFee
        | PayoutItemKind::RevenueShare
        | PayoutItemKind::SurchargeFee
        | PayoutItemKind::Refund => ItemRoute::DepositLine,
        // Held foreign items keep the route they will have once they are matched.
        PayoutItemKind::PaymentPaidOut | PayoutItemKind::RefundFundsReturned => {
            if on_suspense(facts, item) { ItemRoute::DepositLine } else { ItemRoute::InDeposit }
        }
        PayoutItemKind::PaymentFailed
        | PayoutItemKind::PaymentChargedBack
        | PayoutItemKind::PaymentRefunded => {
            if on_suspense(facts, item) {
                ItemRoute::DepositLine
            } else {
                ours
            }
        }
    }
}

/// Foreign items that were held, and that policy now puts on suspense: their route is fixed before
/// anything is posted, so that matching one later can not take it to the bank twice.
#[must_use]
pub fn released(facts: &PayoutFacts) -> Vec<KeptItem> {
    let held = facts.kept.iter().filter(|kept| match kept.route {
        ItemRoute::InDeposit | ItemRoute::FromBank => on_suspense(facts, &kept.item),
        ItemRoute::DepositLine | ItemRoute::LeftToPeople => false,
    });
    held.map(|kept| KeptItem { route: ItemRoute::DepositLine, ..kept.clone() }).collect()
}

fn on_suspense(facts: &PayoutFacts, item: &PayoutItem) -> bool {
    match facts.frame.policy.foreign_payments {
        ForeignPayments::Suspense => facts.is_foreign(item),
        ForeignPayments::Hold => false,
    }
}

/// What carries an item to the bank account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Carrier {
    /// A receipt in the deposit.
    Receipt,
    /// A refund document (and perhaps a loss journal) in the deposit.
    Refund,
    /// Documents of its own against the bank account.
    FromBank,
    /// A line of fees.
    Fee,
    /// A line on the refunds account: a refund without a payment.
    RefundLine,
    /// A line on the suspense account.
    Suspense,
    /// A foreign payment that policy holds.
    Held,
    /// A person makes the deposit.
    People,
}

/// The carrier by the fixed route.
#[must_use]
pub fn carrier(facts: &PayoutFacts, kept: &KeptItem) -> Carrier {
    match kept.route {
        ItemRoute::LeftToPeople => Carrier::People,
        ItemRoute::DepositLine => match kept.item.kind {
            PayoutItemKind::ProcessorFee
            | PayoutItemKind::AppFee
            | PayoutItemKind::RevenueShare
            | PayoutItemKind::SurchargeFee => Carrier::Fee,
            PayoutItemKind::Refund => Carrier::RefundLine,
            PayoutItemKind::PaymentPaidOut
            | PayoutItemKind::PaymentFailed
            | PayoutItemKind::PaymentChargedBack
            | PayoutItemKind::PaymentRefunded
            | PayoutItemKind::RefundFundsReturned => Carrier::Suspense,
        },
        ItemRoute::InDeposit | ItemRoute::FromBank if facts.is_foreign(&kept.item) => Carrier::Held,
        ItemRoute::FromBank => Carrier::FromBank,
        ItemRoute::InDeposit => match kept.item.kind {
            PayoutItemKind::PaymentPaidOut | PayoutItemKind::RefundFundsReturned => {
                Carrier::Receipt
            }
            PayoutItemKind::PaymentFailed
            | PayoutItemKind::PaymentChargedBack
            | PayoutItemKind::PaymentRefunded => Carrier::Refund,
            PayoutItemKind::Refund => Carrier::RefundLine,
            PayoutItemKind::ProcessorFee
            | PayoutItemKind::AppFee
            | PayoutItemKind::RevenueShare
            | PayoutItemKind::SurchargeFee => Carrier::Fee,
        },
    }
}
