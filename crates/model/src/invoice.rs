//! The ERP's invoice and the connector's fields on it (mission rows NG2 and NG5).

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::ids::{ErpCustomerId, InvoiceId, LedgerAccountId, SubsidiaryId};
use crate::money::Money;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invoice {
    pub id: InvoiceId,
    /// The document number people see.
    pub number: String,
    pub customer: ErpCustomerId,
    pub total: Money,
    /// What is still owed, in the invoice currency.
    pub due: Money,
    pub issued_on: Date,
    pub due_on: Option<Date>,
    pub status: InvoiceStatus,
    pub approval: Approval,
    /// The box by which people ask for collection ("Pay with …").
    pub flagged: bool,
    /// The box by which people ask for a retry.
    pub retry_requested: bool,
    pub subsidiary: Option<SubsidiaryId>,
    pub receivable_account: Option<LedgerAccountId>,
    /// Base units per one unit of the invoice currency, as on the invoice.
    pub exchange_rate: Option<Decimal>,
    /// What the connector's fields hold now.
    pub annotation: Annotation,
    /// The stamp of the last change: comparable as text within one system, later is greater.
    pub version: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStatus {
    Open,
    Paid,
    Voided,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// Approved, or the ERP has no approval routing.
    Approved,
    Pending,
    Rejected,
}

/// The connector's fields on an invoice. `None` means blank.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Annotation {
    pub integration_status: Option<IntegrationStatus>,
    /// Why the invoice is not collected, or what the ERP refused.
    pub integration_error: Option<String>,
    pub payment_status: Option<PaymentStatus>,
    pub reason_code: Option<String>,
    pub description: Option<String>,
    pub charge_on: Option<Date>,
    pub collection: Option<String>,
    pub mandate: Option<String>,
    pub processor_account: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IntegrationStatus {
    Pending,
    Processed,
    Failed,
}

impl IntegrationStatus {
    pub const ALL: [IntegrationStatus; 3] =
        [IntegrationStatus::Pending, IntegrationStatus::Processed, IntegrationStatus::Failed];

    /// The words shown in the ERP's field.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            IntegrationStatus::Pending => "Pending",
            IntegrationStatus::Processed => "Processed",
            IntegrationStatus::Failed => "Failed",
        }
    }

    #[must_use]
    pub fn from_words(words: &str) -> Option<IntegrationStatus> {
        Self::ALL.into_iter().find(|status| status.words().eq_ignore_ascii_case(words.trim()))
    }
}

/// The payment statuses shown on the invoice (mission row NG5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentStatus {
    PendingCustomerApproval,
    PendingSubmission,
    Submitted,
    Confirmed,
    PaidOut,
    Failed,
    ResubmissionRequested,
    ChargedBack,
    Cancelled,
    CustomerApprovalDenied,
    ChargebackSettled,
    LateFailureSettled,
}

impl PaymentStatus {
    pub const ALL: [PaymentStatus; 12] = [
        PaymentStatus::PendingCustomerApproval,
        PaymentStatus::PendingSubmission,
        PaymentStatus::Submitted,
        PaymentStatus::Confirmed,
        PaymentStatus::PaidOut,
        PaymentStatus::Failed,
        PaymentStatus::ResubmissionRequested,
        PaymentStatus::ChargedBack,
        PaymentStatus::Cancelled,
        PaymentStatus::CustomerApprovalDenied,
        PaymentStatus::ChargebackSettled,
        PaymentStatus::LateFailureSettled,
    ];

    /// The words shown in the ERP's field.
    #[must_use]
    pub fn words(self) -> &'static str {
        match self {
            PaymentStatus::PendingCustomerApproval => "Pending customer approval",
            PaymentStatus::PendingSubmission => "Pending submission",
            PaymentStatus::Submitted => "Submitted",
            PaymentStatus::Confirmed => "Confirmed",
            PaymentStatus::PaidOut => "Paid out",
            PaymentStatus::Failed => "Failed",
            PaymentStatus::ResubmissionRequested => "Resubmission requested",
            PaymentStatus::ChargedBack => "Charged back",
            PaymentStatus::Cancelled => "Cancelled",
            PaymentStatus::CustomerApprovalDenied => "Customer approval denied",
            PaymentStatus::ChargebackSettled => "Chargeback settled",
            PaymentStatus::LateFailureSettled => "Late failure settled",
        }
    }

    #[must_use]
    pub fn from_words(words: &str) -> Option<PaymentStatus> {
        Self::ALL.into_iter().find(|status| status.words().eq_ignore_ascii_case(words.trim()))
    }
}
