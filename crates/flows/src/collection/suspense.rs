//! Payments whose money was put on the suspense account, because nobody knew what they pay, and was
//! taken back from there before they were matched (mission rows NG12 and NG15).

use model::ids::CollectionId;
use model::payout::{ItemRoute, KeptItem, PayoutItemKind};

use super::facts::CollectionFacts;
use super::receipts::receipt_key;

/// What was taken back from suspense, in minor units, positive: by banks, and by refunds that did not
/// come back.
#[must_use]
pub fn taken_back(items: &[KeptItem]) -> i64 {
    let there = items.iter().filter(|kept| kept.route == ItemRoute::DepositLine);
    let minor = there.filter_map(|kept| match kept.item.kind {
        PayoutItemKind::PaymentFailed
        | PayoutItemKind::PaymentChargedBack
        | PayoutItemKind::PaymentRefunded
        | PayoutItemKind::RefundFundsReturned => kept.item.amount.whole_minor(),
        PayoutItemKind::PaymentPaidOut
        | PayoutItemKind::Refund
        | PayoutItemKind::ProcessorFee
        | PayoutItemKind::AppFee
        | PayoutItemKind::RevenueShare
        | PayoutItemKind::SurchargeFee => None,
    });
    minor.sum::<i64>().saturating_neg().max(0)
}

/// The settlement and the reversal that took it back both stand on suspense, where they cancel: neither
/// is booked again. A receipt that was asked for in between is taken back like any other.
#[must_use]
pub fn cancels(
    facts: &CollectionFacts,
    settlement: Option<&KeptItem>,
    reversal: Option<&KeptItem>,
) -> bool {
    let (Some(settlement), Some(reversal)) = (settlement, reversal) else { return false };
    let there = |kept: &KeptItem| kept.route == ItemRoute::DepositLine;
    let asked = facts.frame.command(&receipt_key(facts, settlement));
    there(settlement) && there(reversal) && asked.is_none_or(|view| view.sends == 0)
}

/// The k-th settlement of the payment cancels with the k-th reversal on suspense.
#[must_use]
pub fn settlement_cancels(facts: &CollectionFacts, id: &CollectionId, kept: &KeptItem) -> bool {
    let nth = facts.settlements(id).position(|one| one == kept);
    nth.is_some_and(|nth| cancels(facts, Some(kept), facts.reversals(id).nth(nth)))
}
