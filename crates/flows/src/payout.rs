//! Payouts: read the items once, keep them with their routes, wait for the receipts, post one
//! deposit, and prove that the bank lines add up (DESIGN.md section 5, Payout; mission row NG8).

use std::collections::BTreeMap;

use model::case::CaseKey;
use model::decision::{Decision, ItemDocument};
use model::key::Key;
use model::payout::{KeptItem, Payout, PayoutItem};
use model::person::PersonFact;
use model::receipt::ErpDocument;
use model::sight::Sight;

use crate::common::Frame;

#[derive(Debug, Clone)]
pub struct PayoutFacts {
    pub frame: Frame,
    pub payout: Sight<Payout>,
    /// Items kept at an earlier look; empty before.
    pub kept: Vec<KeptItem>,
    /// All items as just read, when none were kept yet and the payout is paid.
    pub fresh: Option<Vec<PayoutItem>>,
    /// The collection's case by payment id; a payment that is absent here names no invoice.
    pub cases: BTreeMap<model::ids::CollectionId, CaseKey>,
    /// Refund cases are never foreign unless their payment is.
    pub documents: Vec<ItemDocument>,
    /// ERP documents by our key: the receipts and refunds of `documents`, and the payout's own.
    pub erp_documents: BTreeMap<Key, Sight<ErpDocument>>,
    pub person: Vec<PersonFact>,
    /// The most lines one deposit takes at this ERP.
    pub deposit_lines_max: usize,
}

#[derive(Debug, Clone)]
pub struct PayoutDecision {
    pub decision: Decision,
    /// Items to keep, when they were just read.
    pub keep: Vec<KeptItem>,
    /// Keys of the payout's own documents that the next look must read (deposits, journals).
    pub read_keys: Vec<(model::receipt::DocumentKind, Key)>,
}
