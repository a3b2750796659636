//! The processor's payment for an invoice (here called collection) and the processor's refund.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::{CollectionId, CreditorId, InvoiceId, MandateId, PayoutId, ProcessorRefundId};
use crate::money::Money;

/// Metadata keys of a collection. `INVOICE` is the one GoCardless-style ERP apps use too, so that a
/// predecessor's payments are recognised (DESIGN.md section 5, Pick-up).
pub mod metadata {
    pub const INVOICE: &str = "invoiceId";
    pub const KEY: &str = "mlc_key";
    pub const LINK: &str = "mlc_link";
    /// The ERP customer on customers and mandate requests.
    pub const CUSTOMER: &str = "mlc_customer";
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    pub id: CollectionId,
    pub amount: Money,
    /// The sum of refunds made of it.
    pub refunded: Money,
    pub status: CollectionStatus,
    pub charge_on: Option<Date>,
    pub mandate: MandateId,
    pub creditor: Option<CreditorId>,
    pub description: Option<String>,
    pub reference: Option<String>,
    pub metadata: BTreeMap<String, String>,
    /// The processor retries failures by itself.
    pub automatic_retry: bool,
    pub created_at: Timestamp,
    /// May be stale or absent after a late failure or chargeback: never used for the books.
    pub payout_hint: Option<PayoutId>,
}

impl Collection {
    /// The invoice named in the metadata.
    #[must_use]
    pub fn invoice(&self) -> Option<InvoiceId> {
        self.metadata.get(metadata::INVOICE).map(|id| InvoiceId::new(id.as_str()))
    }

    /// Our key, as stamped into the metadata.
    #[must_use]
    pub fn key_stamp(&self) -> Option<&str> {
        self.metadata.get(metadata::KEY).map(String::as_str)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CollectionStatus {
    PendingCustomerApproval,
    PendingSubmission,
    Submitted,
    Confirmed,
    PaidOut,
    Failed,
    Cancelled,
    CustomerApprovalDenied,
    ChargedBack,
}

impl CollectionStatus {
    /// Takes, or has taken, the payer's money: paid out counts as live, failed and charged back do
    /// not (a retry or a cancelled chargeback makes them live again).
    #[must_use]
    pub fn live(self) -> bool {
        match self {
            CollectionStatus::PendingCustomerApproval
            | CollectionStatus::PendingSubmission
            | CollectionStatus::Submitted
            | CollectionStatus::Confirmed
            | CollectionStatus::PaidOut => true,
            CollectionStatus::Failed
            | CollectionStatus::Cancelled
            | CollectionStatus::CustomerApprovalDenied
            | CollectionStatus::ChargedBack => false,
        }
    }

    /// The processor still lets it be cancelled.
    #[must_use]
    pub fn cancellable(self) -> bool {
        match self {
            CollectionStatus::PendingSubmission => true,
            CollectionStatus::PendingCustomerApproval
            | CollectionStatus::Submitted
            | CollectionStatus::Confirmed
            | CollectionStatus::PaidOut
            | CollectionStatus::Failed
            | CollectionStatus::Cancelled
            | CollectionStatus::CustomerApprovalDenied
            | CollectionStatus::ChargedBack => false,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessorRefund {
    pub id: ProcessorRefundId,
    /// `None`: a refund on a mandate without a payment.
    pub collection: Option<CollectionId>,
    pub amount: Money,
    pub status: RefundStatus,
    pub metadata: BTreeMap<String, String>,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    Created,
    PendingSubmission,
    Submitted,
    Paid,
    Cancelled,
    Bounced,
    FundsReturned,
}
