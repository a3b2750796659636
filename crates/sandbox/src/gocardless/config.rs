//! What may be configured: everything that the fact sheet leaves open, and account settings.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

/// Whether the idempotency key is looked at before or after validation and state
/// (gocardless sheet section 30, item 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IdempotencyOrder {
    /// A repeated request that no longer validates is answered 422.
    ValidationFirst,
    /// A repeated request is answered 409 whatever its content.
    KeyFirst,
}

/// What an unknown list filter does (section 30, item 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownFilters {
    /// 400 `invalid_filters`.
    Refuse,
    /// As if it were not there.
    Ignore,
}

/// The status of a payment right after its chargeback was cancelled (section 30, item 11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterCancelledChargeback {
    /// Confirmed until the payout that holds it again.
    Confirmed,
    /// Paid out at once, although the item comes later.
    PaidOut,
}

/// What a chargeback leaves in payouts that was cancelled before it was settled.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnsettledChargeback {
    /// Nothing.
    Vanishes,
    /// A debit and a credit.
    ShowsBoth,
}

/// The sign of `taxes[].amount` (section 28, item 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaxSign {
    /// The sign of its item.
    OfItem,
    /// Never negative.
    Unsigned,
}

/// Least and largest amount of a payment, in minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Smallest amount that is accepted.
    pub min: i64,
    /// Largest amount that is accepted.
    pub max: i64,
}

/// Settings of one emulator; patched by `settings` of `POST /_sandbox/gocardless/seed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Start with one organisation, one verified creditor and two tokens.
    pub default_account: bool,
    /// Requests per clock minute and token (section 5).
    pub rate_limit_per_minute: u32,
    /// Virtual seconds until an event is in the event list and sent.
    pub events_delay_seconds: u32,
    /// Which check comes first.
    pub idempotency_order: IdempotencyOrder,
    /// What unknown list filters do.
    pub unknown_filters: UnknownFilters,
    /// Status after a cancelled chargeback.
    pub after_cancelled_chargeback: AfterCancelledChargeback,
    /// Items of a chargeback cancelled early.
    pub unsettled_chargeback: UnsettledChargeback,
    /// `links.payout` of a payment stays after a late failure or a chargeback.
    pub payout_link_stays: bool,
    /// The sign of tax amounts.
    pub tax_sign: TaxSign,
    /// Most events in one webhook (at most 250, section 19).
    pub webhook_batch_max: usize,
    /// Attempts per webhook; 1 means no automatic retry.
    pub webhook_attempts_max: u32,
    /// Calendar days after the charge date before a refund is allowed (section 13).
    pub refund_safety_days: u32,
    /// Most retries per payment (section 10).
    pub retries_max: u32,
    /// Retries by a person or by GoCardless count among them.
    pub foreign_retries_count: bool,
    /// Longest description of a payment; 0: no limit (section 28, item 11).
    pub description_max: usize,
    /// Bacs payments may carry a reference (paid packages only, section 6).
    pub bacs_references: bool,
    /// HTTP status of a created billing request flow: 200 or 201.
    pub flow_created_status: u16,
    /// Amount limits per scheme; a scheme that is absent has the sheet's.
    pub limits: BTreeMap<String, Limits>,
    /// Minutes from the making of a payout to its `paid`.
    pub payout_pending_minutes: u32,
    /// Organisations without approved custom payment pages: they make no customers, customer bank
    /// accounts and mandates directly, as in the live environment (sections 2, 7 and 9).
    pub without_custom_payment_pages: BTreeSet<String>,
    /// Account numbers and IBANs, bare, that do not pass their bank's modulus check (section 8; the
    /// banks' own tables are not emulated).
    pub modulus_failures: BTreeSet<String>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            default_account: true,
            rate_limit_per_minute: 1000,
            events_delay_seconds: 2,
            idempotency_order: IdempotencyOrder::ValidationFirst,
            unknown_filters: UnknownFilters::Refuse,
            after_cancelled_chargeback: AfterCancelledChargeback::Confirmed,
            unsettled_chargeback: UnsettledChargeback::Vanishes,
            payout_link_stays: true,
            tax_sign: TaxSign::OfItem,
            webhook_batch_max: 250,
            webhook_attempts_max: 8,
            refund_safety_days: 7,
            retries_max: 3,
            foreign_retries_count: true,
            description_max: 0,
            bacs_references: true,
            flow_created_status: 201,
            limits: BTreeMap::new(),
            payout_pending_minutes: 89,
            without_custom_payment_pages: BTreeSet::new(),
            modulus_failures: BTreeSet::new(),
        }
    }
}
