//! A link's policy and maps (DESIGN.md section 4). Values marked "default" are what `Default` gives.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::ids::{LedgerAccountId, SubsidiaryId};
use crate::money::Currency;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    pub mode: Mode,
    /// Payments made earlier are adopted, never made again; payouts that arrived earlier are never
    /// booked. `None`: nothing was switched on yet.
    pub cut_over_on: Option<Date>,
    pub collect: CollectWhich,
    pub post_on: PostOn,
    /// IANA name of the zone in which documents are dated (the ERP company's).
    pub time_zone: String,
    pub closed_period: ClosedPeriod,
    pub accounts: Accounts,
    /// Currencies this link collects.
    pub currencies: Vec<Currency>,
    pub amount_changed: AmountChanged,
    pub foreign_payments: ForeignPayments,
    pub deposits: Deposits,
    pub reversals: ReversalRoute,
    pub after_chargeback: AfterReversal,
    pub bounced: Bounced,
    pub approval_pending: ApprovalPendingPolicy,
    pub retries: Retries,
    pub mandate_request: MandateRequestPolicy,
    pub limits: Limits,
    /// Send the reference text with payments (some schemes and packages refuse one).
    pub payment_reference: bool,
    /// Seconds between polls of the changes.
    pub poll_seconds: u32,
    /// Looks for invoices at these times instead: a cron expression in the link's time zone.
    pub poll_cron: Option<String>,
}

impl Default for Policy {
    fn default() -> Policy {
        Policy {
            mode: Mode::Off,
            cut_over_on: None,
            collect: CollectWhich::Flagged,
            post_on: PostOn::PaidOut,
            time_zone: "UTC".to_owned(),
            closed_period: ClosedPeriod::Hold,
            accounts: Accounts::default(),
            currencies: Vec::new(),
            amount_changed: AmountChanged::RecreateWhileCancellable,
            foreign_payments: ForeignPayments::Suspense,
            deposits: Deposits::Made,
            reversals: ReversalRoute::FromBank,
            after_chargeback: AfterReversal::LeaveOpen,
            bounced: Bounced::Hold,
            approval_pending: ApprovalPendingPolicy::Collect,
            retries: Retries::default(),
            mandate_request: MandateRequestPolicy::Off,
            limits: Limits::default(),
            payment_reference: false,
            poll_seconds: 120,
            poll_cron: None,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Default.
    Off,
    /// Books what happens to existing payments; never collects.
    PostOnly,
    On,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CollectWhich {
    /// Invoices whose box is ticked (default).
    Flagged,
    DueWithinDays(u32),
    Overdue,
    AllOpen,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PostOn {
    Confirmed,
    /// Default: the money is in a payout.
    PaidOut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClosedPeriod {
    /// Default: wait until a person opens the period.
    Hold,
    /// The first day of the next open period, the true date in the memo.
    NextOpen,
}

/// Accounts of the ERP's chart. Each is needed only when something must be booked on it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Accounts {
    /// Holds receipts until they are deposited; `None`: the ERP's own undeposited funds.
    pub undeposited: Option<LedgerAccountId>,
    /// Bank accounts by creditor bank account of the processor, or by currency code.
    pub banks: BTreeMap<String, BankAccount>,
    pub exchange_clearing: Option<LedgerAccountId>,
    pub fees: Option<LedgerAccountId>,
    pub fee_tax: Option<LedgerAccountId>,
    pub app_fees: Option<LedgerAccountId>,
    pub surcharges: Option<LedgerAccountId>,
    pub chargebacks: Option<LedgerAccountId>,
    pub refunds: Option<LedgerAccountId>,
    pub rounding: Option<LedgerAccountId>,
    pub suspense: Option<LedgerAccountId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankAccount {
    pub account: LedgerAccountId,
    /// The subsidiary the account belongs to; `None` where the ERP has none.
    #[serde(default)]
    pub subsidiary: Option<SubsidiaryId>,
}

impl Accounts {
    /// The bank account for a creditor bank account of the processor, else for the currency.
    #[must_use]
    pub fn bank(&self, creditor_bank: Option<&str>, currency: Currency) -> Option<&BankAccount> {
        creditor_bank.and_then(|id| self.banks.get(id)).or_else(|| self.banks.get(currency.code()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AmountChanged {
    /// Default.
    RecreateWhileCancellable,
    Alert,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ForeignPayments {
    /// Default.
    Suspense,
    Hold,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deposits {
    /// Default.
    Made,
    LeftToPeople,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReversalRoute {
    /// Default.
    FromBank,
    InDeposit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AfterReversal {
    /// Default: until a person releases it.
    LeaveOpen,
    CollectAfterDays(u32),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Bounced {
    /// Default.
    Hold,
    Reverse,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalPendingPolicy {
    /// Default: the payment waits at the processor.
    Collect,
    Wait,
}

/// Retries of failed collections: the processor's own retry action, spaced exponentially.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Retries {
    /// Retries after the first debit, anyone's counted. At most 3 are possible.
    pub count: u32,
    /// Days between a failure and its first retry; doubled for each further one.
    pub first_after_days: u32,
    /// Let the processor choose the time by its own product instead.
    pub by_processor: bool,
}

impl Default for Retries {
    fn default() -> Retries {
        Retries { count: 3, first_after_days: 2, by_processor: false }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MandateRequestPolicy {
    /// Default.
    Off,
    /// Make a request and hand out its authorisation link.
    Link,
}

/// Above these a case needs a person or the next day. Minor units per currency code; absent: none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    pub invoice_max: BTreeMap<String, i64>,
    pub day_max: BTreeMap<String, i64>,
    /// Collections made per day of the link's zone.
    pub day_count_max: Option<u32>,
}
