//! Mandates (gocardless sheet section 9).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::names;
use crate::gocardless::schemes::Scheme;
use crate::gocardless::time::stamp;
use crate::gocardless::validate::Metadata;

names! {
    /// Status of a mandate. `blocked` and `consumed` are final like `failed`.
    MandateStatus {
        PendingCustomerApproval => "pending_customer_approval",
        PendingSubmission => "pending_submission",
        Submitted => "submitted",
        Active => "active",
        SuspendedByPayer => "suspended_by_payer",
        Failed => "failed",
        Cancelled => "cancelled",
        Expired => "expired",
        Consumed => "consumed",
        Blocked => "blocked",
    }
}

impl MandateStatus {
    /// Whether a payment may be created (section 9, status table).
    pub fn usable(self) -> bool {
        matches!(
            self,
            Self::PendingCustomerApproval
                | Self::PendingSubmission
                | Self::Submitted
                | Self::Active
        )
    }
}

/// An authorisation to collect.
#[derive(Debug, Clone)]
pub struct Mandate {
    /// MD…
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// On the payer's statement.
    pub reference: String,
    /// Now.
    pub status: MandateStatus,
    /// The scheme, as data.
    pub scheme: &'static Scheme,
    /// Owner.
    pub customer: String,
    /// Account that is debited.
    pub customer_bank_account: String,
    /// Who collects.
    pub creditor: String,
    /// Set when it was replaced.
    pub new_mandate: Option<String>,
    /// The payer approves every payment.
    pub payments_require_approval: bool,
    /// ACH only.
    pub authorisation_source: Option<String>,
    /// Reinstatements so far (at most ten).
    pub reinstatements: u32,
    /// Last time that a payment was collected, for dormancy.
    pub last_used_at: Timestamp,
    /// Free texts of the merchant.
    pub metadata: Metadata,
    /// Every status with its time, for the ground truth.
    pub history: Vec<(Timestamp, MandateStatus)>,
}

impl Mandate {
    /// The wire form; the charge date is computed for `now`.
    pub fn json(&self, now: Timestamp) -> Value {
        let next = self.status.usable().then(|| {
            self.scheme.earliest_charge(now, self.status == MandateStatus::Active).to_string()
        });
        let mut mandate = json!({
            "id": self.id,
            "created_at": stamp(self.created_at),
            "reference": self.reference,
            "status": self.status.name(),
            "scheme": self.scheme.name,
            "metadata": self.metadata,
            "next_possible_charge_date": next,
            "payments_require_approval": self.payments_require_approval,
            "verified_at": null,
            "consent_parameters": null,
            "consent_type": null,
            "funds_settlement": "managed",
            "mandate_type": "bank_debit",
            "links": {
                "customer_bank_account": self.customer_bank_account,
                "customer": self.customer,
                "creditor": self.creditor,
            },
        });
        if self.scheme.name == "ach" {
            mandate["next_possible_standard_ach_charge_date"] = next.into();
            mandate["authorisation_source"] = self.authorisation_source.clone().into();
        }
        if let Some(new_mandate) = &self.new_mandate {
            mandate["links"]["new_mandate"] = new_mandate.clone().into();
        }
        mandate
    }

    /// Changes the status and remembers when.
    pub fn become_status(&mut self, now: Timestamp, status: MandateStatus) {
        self.status = status;
        self.history.push((now, status));
    }
}
