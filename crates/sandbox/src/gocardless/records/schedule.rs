//! Subscriptions and instalment schedules (gocardless sheet sections 11 and 12).

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};

use super::names;
use crate::gocardless::time::stamp;
use crate::gocardless::validate::Metadata;

names! {
    /// Status of a subscription.
    SubscriptionStatus {
        PendingCustomerApproval => "pending_customer_approval",
        CustomerApprovalDenied => "customer_approval_denied",
        Active => "active",
        Finished => "finished",
        Cancelled => "cancelled",
        Paused => "paused",
    }
}

names! {
    /// Length of a step of a subscription or schedule.
    IntervalUnit {
        Weekly => "weekly",
        Monthly => "monthly",
        Yearly => "yearly",
    }
}

/// Payments at regular dates.
#[derive(Debug, Clone)]
pub struct Subscription {
    /// SB…
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Minor units of each payment.
    pub amount: i64,
    /// ISO code.
    pub currency: String,
    /// Now.
    pub status: SubscriptionStatus,
    /// Becomes each payment's description.
    pub name: Option<String>,
    /// Dates before rolling to working days: those that have no payment yet.
    pub upcoming: Vec<Date>,
    /// First nominal date.
    pub start_date: Date,
    /// Last nominal date, when the number of payments is known.
    pub end_date: Option<Date>,
    /// Steps between payments.
    pub interval: i64,
    /// Length of a step.
    pub interval_unit: IntervalUnit,
    /// 1 to 28, or -1 for the last day.
    pub day_of_month: Option<i64>,
    /// English name, yearly only.
    pub month: Option<String>,
    /// Number of payments.
    pub count: Option<i64>,
    /// Nominal dates used so far.
    pub position: i64,
    /// Copied to the payments.
    pub payment_reference: Option<String>,
    /// Copied to the payments.
    pub retry_if_possible: bool,
    /// Amount changes so far (at most ten).
    pub amendments: u32,
    /// Cycles left of a pause; none: until resumed.
    pub pause_cycles: Option<i64>,
    /// Mandate.
    pub mandate: String,
    /// Free texts of the merchant.
    pub metadata: Metadata,
}

impl Subscription {
    /// The wire form.
    pub fn json(&self, roll: impl Fn(Date) -> Date) -> Value {
        let endless_pause =
            self.status == SubscriptionStatus::Paused && self.pause_cycles.is_none();
        let shown = if endless_pause { &[] as &[Date] } else { &self.upcoming };
        let upcoming: Vec<Value> = shown
            .iter()
            .take(10)
            .map(|date| json!({ "charge_date": roll(*date).to_string(), "amount": self.amount }))
            .collect();
        let end_date = self.end_date.filter(|_| !endless_pause).map(|date| date.to_string());
        json!({
            "id": self.id,
            "created_at": stamp(self.created_at),
            "amount": self.amount,
            "currency": self.currency,
            "status": self.status.name(),
            "name": self.name,
            "start_date": self.start_date.to_string(),
            "end_date": end_date,
            "interval": self.interval,
            "interval_unit": self.interval_unit.name(),
            "day_of_month": self.day_of_month,
            "month": self.month,
            "count": self.count,
            "payment_reference": self.payment_reference,
            "retry_if_possible": self.retry_if_possible,
            "upcoming_payments": upcoming,
            "earliest_charge_date_after_resume": null,
            "parent_plan_paused": false,
            "metadata": self.metadata,
            "links": { "mandate": self.mandate },
        })
    }
}

names! {
    /// Status of an instalment schedule.
    InstalmentStatus {
        Pending => "pending",
        Active => "active",
        CreationFailed => "creation_failed",
        Completed => "completed",
        Cancelled => "cancelled",
        Errored => "errored",
    }
}

/// One planned instalment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instalment {
    /// Minor units.
    pub amount: i64,
    /// As asked for.
    pub charge_date: Date,
    /// Becomes the payment's description.
    pub description: Option<String>,
}

/// A fixed number of payments.
#[derive(Debug, Clone)]
pub struct InstalmentSchedule {
    /// IS…
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Name.
    pub name: String,
    /// ISO code.
    pub currency: String,
    /// Sum of the instalments, minor units.
    pub total_amount: i64,
    /// Now.
    pub status: InstalmentStatus,
    /// What was asked for.
    pub instalments: Vec<Instalment>,
    /// Copied to the payments.
    pub payment_reference: Option<String>,
    /// Copied to the payments.
    pub retry_if_possible: bool,
    /// Reasons of a creation that failed, by place.
    pub payment_errors: Value,
    /// Mandate.
    pub mandate: String,
    /// Customer.
    pub customer: String,
    /// Made from the instalments, once active.
    pub payments: Vec<String>,
    /// Free texts of the merchant.
    pub metadata: Metadata,
}

impl InstalmentSchedule {
    /// The wire form.
    pub fn json(&self) -> Value {
        let mut schedule = json!({
            "id": self.id,
            "created_at": stamp(self.created_at),
            "name": self.name,
            "currency": self.currency,
            "total_amount": self.total_amount,
            "status": self.status.name(),
            "payment_errors": self.payment_errors,
            "metadata": self.metadata,
            "links": { "mandate": self.mandate, "customer": self.customer },
        });
        if !self.payments.is_empty() {
            schedule["links"]["payments"] = self.payments.clone().into();
        }
        schedule
    }
}
