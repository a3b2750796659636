//! Payments (gocardless sheet section 10).

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::{Fx, names};
use crate::gocardless::plans::PaymentPlan;
use crate::gocardless::schemes::Scheme;
use crate::gocardless::time::stamp;
use crate::gocardless::validate::Metadata;

names! {
    /// Status of a payment.
    PaymentStatus {
        PendingCustomerApproval => "pending_customer_approval",
        PendingSubmission => "pending_submission",
        Submitted => "submitted",
        Confirmed => "confirmed",
        PaidOut => "paid_out",
        Failed => "failed",
        Cancelled => "cancelled",
        CustomerApprovalDenied => "customer_approval_denied",
        ChargedBack => "charged_back",
    }
}

/// A debit.
#[derive(Debug, Clone)]
pub struct Payment {
    /// PM…
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Minor units.
    pub amount: i64,
    /// A working day of the scheme.
    pub charge_date: Date,
    /// In the payer's mail.
    pub description: Option<String>,
    /// On the payer's statement.
    pub reference: Option<String>,
    /// Now.
    pub status: PaymentStatus,
    /// Sum of refunds that did not fail.
    pub amount_refunded: i64,
    /// Automatic retries are on.
    pub retry_if_possible: bool,
    /// ACH only.
    pub faster_ach: Option<bool>,
    /// The scheme, as data.
    pub scheme: &'static Scheme,
    /// Mandate.
    pub mandate: String,
    /// Not on the wire.
    pub customer: String,
    /// Creditor.
    pub creditor: String,
    /// The last payout that held it.
    pub payout: Option<String>,
    /// Made by a subscription.
    pub subscription: Option<String>,
    /// Made by an instalment schedule.
    pub instalment_schedule: Option<String>,
    /// Foreign exchange.
    pub fx: Fx,
    /// Free texts of the merchant.
    pub metadata: Metadata,
    /// Submissions planned so far: tasks of an earlier one are void.
    pub attempt: u32,
    /// Retries through the API and by others.
    pub retries: u32,
    /// What happens to the current attempt.
    pub plan: PaymentPlan,
    /// First day on which a payout may hold it.
    pub payout_on: Date,
    /// A payout item `payment_paid_out` of it has no reversal yet.
    pub settled: bool,
    /// The reversal item waits for a payout.
    pub reversal_pending: bool,
    /// The status it had when it was charged back.
    pub before_chargeback: Option<PaymentStatus>,
    /// Every status with its time, for the ground truth.
    pub history: Vec<(Timestamp, PaymentStatus)>,
}

impl Payment {
    /// The wire form.
    pub fn json(&self) -> Value {
        let mut payment = json!({
            "id": self.id,
            "created_at": stamp(self.created_at),
            "charge_date": self.charge_date.to_string(),
            "amount": self.amount,
            "description": self.description,
            "currency": self.scheme.currency,
            "status": self.status.name(),
            "amount_refunded": self.amount_refunded,
            "reference": self.reference,
            "metadata": self.metadata,
            "fx": self.fx.json(),
            "links": { "mandate": self.mandate, "creditor": self.creditor },
            "scheme": self.scheme.name,
            "retry_if_possible": self.retry_if_possible,
        });
        let links = [
            ("payout", &self.payout),
            ("subscription", &self.subscription),
            ("instalment_schedule", &self.instalment_schedule),
        ];
        for (name, link) in links {
            if let Some(id) = link {
                payment["links"][name] = id.clone().into();
            }
        }
        if let Some(faster) = self.faster_ach {
            payment["faster_ach"] = faster.into();
        }
        payment
    }

    /// Changes the status and remembers when.
    pub fn become_status(&mut self, now: Timestamp, status: PaymentStatus) {
        self.status = status;
        self.history.push((now, status));
    }
}
