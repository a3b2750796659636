//! The events that GoCardless documents (gocardless sheet section 16). Others are kept and shown, and
//! have no effect of their own.

const PAYMENTS: &[&str] = &[
    "created",
    "customer_approval_granted",
    "customer_approval_denied",
    "submitted",
    "confirmed",
    "paid_out",
    "failed",
    "charged_back",
    "chargeback_cancelled",
    "chargeback_settled",
    "late_failure_settled",
    "surcharge_fee_debited",
    "surcharge_fee_credited",
    "cancelled",
    "resubmission_requested",
    "sds_settlement_delayed",
];

const MANDATES: &[&str] = &[
    "created",
    "customer_approval_granted",
    "customer_approval_skipped",
    "submitted",
    "active",
    "failed",
    "cancelled",
    "expired",
    "reinstated",
    "resubmission_requested",
    "transferred",
    "replaced",
    "consumed",
    "blocked",
    "suspended_by_payer",
];

const PAYOUTS: &[&str] = &["paid", "fx_rate_confirmed", "tax_exchange_rates_confirmed"];

const REFUNDS: &[&str] = &["created", "paid", "refund_settled", "failed", "funds_returned"];

/// Resources whose events are none of our business, whatever their action.
const OTHERS: &[&str] = &[
    "billing_requests",
    "creditors",
    "customers",
    "exports",
    "instalment_schedules",
    "organisations",
    "outbound_payments",
    "payer_authorisations",
    "payment_account_transactions",
    "scheme_identifiers",
    "subscriptions",
];

/// Whether the documentation has an event of this resource with this action.
#[must_use]
pub fn is_known(resource_type: &str, action: &str) -> bool {
    match resource_type {
        "payments" => PAYMENTS.contains(&action),
        "mandates" => MANDATES.contains(&action),
        "payouts" => PAYOUTS.contains(&action),
        "refunds" => REFUNDS.contains(&action),
        other => OTHERS.contains(&other),
    }
}
