//! What a look at a payout's case gathers, and what every rule of the flow asks of it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use model::case::CaseKey;
use model::decision::ItemDocument;
use model::ids::{CollectionId, PayoutId};
use model::key::Key;
use model::payout::{KeptItem, Payout, PayoutItem, PayoutItemKind};
use model::person::{PersonFact, PersonSaid};
use model::reason::Reason;
use model::receipt::ErpDocument;
use model::sight::Sight;

use crate::common::Frame;

use super::by_hand::ByHand;

#[derive(Debug, Clone)]
pub struct PayoutFacts {
    pub frame: Frame,
    pub id: PayoutId,
    pub payout: Sight<Payout>,
    /// Items kept at an earlier look, by ordinal; empty before.
    pub kept: Vec<KeptItem>,
    /// All items as just read, when none were kept yet and the payout is paid.
    pub fresh: Option<Vec<PayoutItem>>,
    /// The collection's case by payment id; a payment that is absent here names no invoice and is
    /// foreign. Refunds are foreign when their payment is.
    pub cases: BTreeMap<CollectionId, CaseKey>,
    /// Settled by the owners of the items of this payout: which document stands for which item.
    pub documents: Vec<ItemDocument>,
    /// ERP documents by our key: those of `documents`, and the payout's own.
    pub erp_documents: BTreeMap<Key, Sight<ErpDocument>>,
    /// Deposits that people made of them.
    pub by_hand: ByHand,
    /// When a look first saw that a document of ours is voided or gone. Without it nothing that a
    /// person voided is ever made again.
    pub gone_at: BTreeMap<Key, Timestamp>,
    pub person: Vec<PersonFact>,
    /// The most lines (receipts, refunds and further lines together) that one deposit takes.
    pub deposit_lines_max: usize,
    /// The reason of the last decision: other cases are hinted only when it changes, so that two
    /// waiting cases do not wake each other for ever.
    pub last_reason: Option<Reason>,
}

impl PayoutFacts {
    /// A person asked to make again what was seen to be gone, after it was seen.
    #[must_use]
    pub fn remake_asked(&self, key: &Key) -> bool {
        let Some(gone_at) = self.gone_at.get(key) else {
            return false;
        };
        self.person
            .iter()
            .any(|fact| matches!(fact.said, PersonSaid::Retry { .. }) && fact.at > *gone_at)
    }

    /// The item's payment names no invoice of ours, or one that no link collects.
    #[must_use]
    pub fn is_foreign(&self, item: &PayoutItem) -> bool {
        item.collection.as_ref().is_none_or(|payment| !self.cases.contains_key(payment))
    }

    /// The case that books the item: the refund's or the collection's.
    #[must_use]
    pub fn owner(&self, item: &PayoutItem) -> Option<CaseKey> {
        match (item.kind, &item.refund) {
            (
                PayoutItemKind::PaymentRefunded
                | PayoutItemKind::RefundFundsReturned
                | PayoutItemKind::Refund,
                Some(refund),
            ) => Some(CaseKey::refund(&self.frame.processor, refund)),
            (_, _) => item.collection.as_ref().and_then(|payment| self.cases.get(payment)).cloned(),
        }
    }

    /// Every case that has a stake in these items, each once.
    #[must_use]
    pub fn owners<'a>(&self, items: impl IntoIterator<Item = &'a PayoutItem>) -> Vec<CaseKey> {
        let owners: BTreeSet<CaseKey> =
            items.into_iter().filter_map(|item| self.owner(item)).collect();
        owners.into_iter().collect()
    }
}
