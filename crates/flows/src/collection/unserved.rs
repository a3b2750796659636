//! Payments of others that name an invoice which no link collects. No case books them with the invoice,
//! so they are foreign like those that name none (mission row NG12), and people are told (promise P5).

use std::collections::BTreeSet;

use model::case::CaseKey;
use model::decision::Decision;
use model::ids::{AccountId, CollectionId};
use model::payment::Collection;
use model::payout::KeptItem;
use model::person::PersonFact;
use model::reason::{Reason, ReasonCode};

use crate::payout::name_some;
use crate::people::{hint_on_change, left};

/// What is known of the payments that name the invoice.
#[derive(Debug, Clone, Copy)]
pub struct Strangers<'a> {
    /// As just read.
    pub payments: &'a [Collection],
    /// Their kept items, with the processor account of each.
    pub items: &'a [(AccountId, KeptItem)],
    pub person: &'a [PersonFact],
    /// The reason of the last decision.
    pub last_reason: Option<&'a Reason>,
}

/// Whether an invoice that is not served for this reason leaves its payments to nobody. Two links that
/// both could are for a person to tell apart, and what can not be reached comes back.
#[must_use]
pub fn leaves_payments(code: ReasonCode) -> bool {
    matches!(code, ReasonCode::NoLink | ReasonCode::CurrencyNotMapped)
}

/// Tells of payments that take the payer's money and are in no payout yet; those that are, their
/// payout's case tells of, and it is asked to look when this reason is new.
pub fn tell(decision: &mut Decision, strangers: Strangers<'_>) {
    if !leaves_payments(decision.reason.code) {
        return;
    }
    let payouts =
        strangers.items.iter().map(|(account, kept)| CaseKey::payout(account, &kept.payout));
    hint_on_change(strangers.last_reason, decision, payouts);
    let in_payouts: BTreeSet<&CollectionId> =
        strangers.items.iter().filter_map(|(_, kept)| kept.item.collection.as_ref()).collect();
    let told: Vec<String> = strangers
        .payments
        .iter()
        .filter(|payment| payment.status.live() && !in_payouts.contains(&payment.id))
        .map(|payment| format!("{} over {}", payment.id, payment.amount))
        .collect();
    if !told.is_empty() && !left(strangers.person, ReasonCode::ForeignPayment) {
        decision.attention.push(Reason::new(ReasonCode::ForeignPayment, name_some(&told)));
    }
}
