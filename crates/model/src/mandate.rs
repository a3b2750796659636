//! Mandates and the requests that lead to them (mission rows NG6 and AG4).

use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::{CreditorId, ErpCustomerId, MandateId, MandateRequestId, ProcessorCustomerId};
use crate::money::Currency;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mandate {
    pub id: MandateId,
    pub customer: ProcessorCustomerId,
    pub creditor: Option<CreditorId>,
    pub status: MandateStatus,
    /// The debit scheme as the processor names it.
    pub scheme: String,
    pub currency: Currency,
    /// The earliest charge date of a new payment; moves every day, so read it fresh.
    pub next_possible_charge_on: Option<Date>,
    /// The longest payment reference its scheme admits; `None`: no reference may be sent.
    pub reference_max: Option<usize>,
    pub created_at: Timestamp,
    pub replaced_by: Option<MandateId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MandateStatus {
    PendingCustomerApproval,
    PendingSubmission,
    Submitted,
    Active,
    SuspendedByPayer,
    Failed,
    Cancelled,
    Expired,
    Consumed,
    Blocked,
}

impl MandateStatus {
    /// Usable for a new payment. Waiting for `Active` would wait for ever with schemes whose
    /// mandates turn active only with their first payment (mission row AG4).
    #[must_use]
    pub fn usable(self, approval_pending_counts: bool) -> bool {
        match self {
            MandateStatus::PendingSubmission | MandateStatus::Submitted | MandateStatus::Active => {
                true
            }
            MandateStatus::PendingCustomerApproval => approval_pending_counts,
            MandateStatus::SuspendedByPayer
            | MandateStatus::Failed
            | MandateStatus::Cancelled
            | MandateStatus::Expired
            | MandateStatus::Consumed
            | MandateStatus::Blocked => false,
        }
    }

    /// The words shown in the ERP's field.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            MandateStatus::PendingCustomerApproval => "Pending customer approval",
            MandateStatus::PendingSubmission => "Pending submission",
            MandateStatus::Submitted => "Submitted",
            MandateStatus::Active => "Active",
            MandateStatus::SuspendedByPayer => "Suspended by payer",
            MandateStatus::Failed => "Failed",
            MandateStatus::Cancelled => "Cancelled",
            MandateStatus::Expired => "Expired",
            MandateStatus::Consumed => "Consumed",
            MandateStatus::Blocked => "Blocked",
        }
    }
}

/// A request for a mandate: the payer has not authorised yet, or just did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MandateRequest {
    pub id: MandateRequestId,
    pub status: MandateRequestStatus,
    /// The customer that the processor made or will use for it.
    pub customer: Option<ProcessorCustomerId>,
    /// The mandate, once fulfilled.
    pub mandate: Option<MandateId>,
    /// The ERP customer named in its metadata.
    pub erp_customer: Option<ErpCustomerId>,
    pub currency: Option<Currency>,
    pub created_at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MandateRequestStatus {
    Pending,
    Fulfilling,
    Fulfilled,
    Cancelled,
}

/// A link under which the payer authorises; it expires and is renewed, the newest one counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invitation {
    pub request: MandateRequestId,
    pub url: String,
    pub expires_at: Option<Timestamp>,
}
