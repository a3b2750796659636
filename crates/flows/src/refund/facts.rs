//! What a look at a refund's case gathers.

use std::collections::BTreeMap;

use model::case::CaseKey;
use model::ids::{ErpCustomerId, InvoiceId, PayoutId, ProcessorRefundId};
use model::key::Key;
use model::payment::ProcessorRefund;
use model::payout::{KeptItem, Payout};
use model::person::PersonFact;
use model::reason::Reason;
use model::receipt::{ErpDocument, Receipt};
use model::sight::Sight;

use crate::common::Frame;

#[derive(Debug, Clone)]
pub struct RefundFacts {
    pub frame: Frame,
    pub id: ProcessorRefundId,
    pub refund: Sight<ProcessorRefund>,
    /// Kept payout items of this refund, by arrival, payout, ordinal.
    pub items: Vec<KeptItem>,
    /// The receipts of its payment, in the order of their settlements.
    pub settlements: Vec<Settlement>,
    /// Kept full reversals of its payment: the k-th took the k-th settlement back.
    pub reversals: u32,
    /// The payouts of the items: they say which bank account was reached.
    pub payouts: BTreeMap<PayoutId, Payout>,
    /// Documents of ours in the ERP, by our key.
    pub documents: BTreeMap<Key, Sight<ErpDocument>>,
    /// The case of its payment; `None`: foreign, or a refund without a payment.
    pub collection: Option<CaseKey>,
    /// The invoice of its payment.
    pub invoice: Option<InvoiceId>,
    pub customer: Option<ErpCustomerId>,
    pub person: Vec<PersonFact>,
    /// The reason of the last decision: other cases are hinted only when it changes.
    pub last_reason: Option<Reason>,
}

/// One receipt of the refunded payment.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The item that settled the payment; `None`: posted at confirmed, and in no payout yet.
    pub kept: Option<KeptItem>,
    pub key: Key,
    pub receipt: Sight<Receipt>,
}

impl RefundFacts {
    /// The latest settlement that no full reversal took back.
    #[must_use]
    pub fn standing_settlement(&self) -> Option<&Settlement> {
        let reversed = usize::try_from(self.reversals).unwrap_or(usize::MAX);
        self.settlements.iter().skip(reversed).next_back()
    }

    /// Payouts before the cut-over date are never booked.
    #[must_use]
    pub fn is_before_cut_over(&self, kept: &KeptItem) -> bool {
        self.frame.policy.cut_over_on.is_none_or(|from| kept.arrival_on < from)
    }
}
