//! Refunds (gocardless sheet section 13).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Fx, names};
use crate::gocardless::plans::RefundPlan;
use crate::gocardless::time::stamp;
use crate::gocardless::validate::Metadata;

names! {
    /// Status of a refund. Nothing here makes one `cancelled`.
    RefundStatus {
        Created => "created",
        PendingSubmission => "pending_submission",
        Submitted => "submitted",
        Paid => "paid",
        Bounced => "bounced",
        FundsReturned => "funds_returned",
    }
}

/// Money sent back to a payer.
#[derive(Debug, Clone)]
pub struct Refund {
    /// RF…
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Minor units.
    pub amount: i64,
    /// ISO code.
    pub currency: String,
    /// On the payer's statement.
    pub reference: Option<String>,
    /// Now.
    pub status: RefundStatus,
    /// The payment, or none for a refund on a mandate.
    pub payment: Option<String>,
    /// Mandate.
    pub mandate: String,
    /// Creditor.
    pub creditor: String,
    /// What happens to it.
    pub plan: RefundPlan,
    /// Debited in a payout.
    pub settled: bool,
    /// Free texts of the merchant.
    pub metadata: Metadata,
    /// Every status with its time, for the ground truth.
    pub history: Vec<(Timestamp, RefundStatus)>,
}

impl Refund {
    /// The wire form.
    pub fn json(&self) -> Value {
        let mut refund = json!({
            "id": self.id,
            "created_at": stamp(self.created_at),
            "amount": self.amount,
            "currency": self.currency,
            "reference": self.reference,
            "status": self.status.name(),
            "metadata": self.metadata,
            "fx": Fx::default().json(),
            "links": { "mandate": self.mandate },
        });
        if let Some(payment) = &self.payment {
            refund["links"]["payment"] = payment.clone().into();
        }
        refund
    }

    /// Changes the status and remembers when.
    pub fn become_status(&mut self, now: Timestamp, status: RefundStatus) {
        self.status = status;
        self.history.push((now, status));
    }
}
