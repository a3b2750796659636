//! A link's policy and maps (DESIGN.md section 4). Values marked "default" are what `Default` gives.

mod check;

use std::collections::BTreeMap;

use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::ids::{LedgerAccountId, SubsidiaryId};
use crate::money::{Currency, parse_decimal};

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
    /// What follows when the processor does not allow mandates from bank details.
    pub bank_details_not_allowed: DetailsNotAllowed,
    pub limits: Limits,
    pub exchange: Exchange,
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
            bank_details_not_allowed: DetailsNotAllowed::Link,
            limits: Limits::default(),
            exchange: Exchange::ErpRate,
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

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DetailsNotAllowed {
    /// Default: the payer is asked by an authorisation link.
    Link,
    /// Wait for a person.
    Hold,
}

/// Above these a case needs a person or the next day. Minor units per currency code; absent: none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    pub invoice_max: BTreeMap<String, i64>,
    pub day_max: BTreeMap<String, i64>,
    /// Of all collections made in one run: between two polls of the ERP's invoices.
    pub run_max: BTreeMap<String, i64>,
    /// Collections made in one run.
    pub run_count_max: Option<u32>,
    /// Collections made per day of the link's zone.
    pub day_count_max: Option<u32>,
}

impl Limits {
    /// Some limit is of a sum or a number over several collections.
    #[must_use]
    pub fn count_up(&self) -> bool {
        !self.run_max.is_empty()
            || self.run_count_max.is_some()
            || !self.day_max.is_empty()
            || self.day_count_max.is_some()
    }
}

/// The exchange rate set on documents in a foreign currency (mission row C6).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exchange {
    /// Default: none is set, the ERP takes its own of the document's date.
    ErpRate,
    Fixed(FixedRates),
}

/// Base units per one foreign unit, by currency code and month (`YYYY-MM`), as decimal text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixedRates {
    /// The subsidiary's currency: documents in it carry no rate.
    pub base: Currency,
    #[serde(default)]
    pub rates: BTreeMap<String, BTreeMap<String, String>>,
}

impl Exchange {
    /// The rate for a document of this date. `Ok(None)`: none is to be set. The error names what is
    /// missing or wrong: the document is held.
    pub fn rate(&self, currency: Currency, on: Date) -> Result<Option<Decimal>, String> {
        let fixed = match self {
            Exchange::ErpRate => return Ok(None),
            Exchange::Fixed(fixed) if fixed.base == currency => return Ok(None),
            Exchange::Fixed(fixed) => fixed,
        };
        let month = format!("{:04}-{:02}", on.year(), on.month());
        let place = format!("{currency} in {month}");
        let text = fixed.rates.get(currency.code()).and_then(|months| months.get(&month));
        let text = text.ok_or_else(|| place.clone())?;
        read_rate(text).map(Some).map_err(|why| format!("{place}: {why}"))
    }

    /// Every rate can be read and is positive.
    pub fn check(&self) -> Result<(), String> {
        let Exchange::Fixed(fixed) = self else { return Ok(()) };
        for (code, months) in &fixed.rates {
            code.parse::<Currency>()
                .map_err(|error| format!("exchange.fixed.rates.{code}: {error}"))?;
            for (month, rate) in months {
                read_month(month).map_err(|why| format!("exchange.fixed.rates.{code}: {why}"))?;
                read_rate(rate).map_err(|why| {
                    format!("exchange.fixed.rates.{code}.{month}: {why}; for example 0.85")
                })?;
            }
        }
        Ok(())
    }
}

/// Months are found by their text: one written otherwise would never be.
fn read_month(text: &str) -> Result<(), String> {
    let day = format!("{text}-01").parse::<Date>();
    if text.len() == 7 && day.is_ok() {
        return Ok(());
    }
    Err(format!("\"{text}\" is no month; write it YYYY-MM, for example 2026-03"))
}

fn read_rate(text: &str) -> Result<Decimal, String> {
    let rate = parse_decimal(text).map_err(|error| error.to_string())?;
    if rate > Decimal::ZERO { Ok(rate) } else { Err(format!("\"{text}\" is not positive")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    fn check(code: &str, month: i8, expected: Result<Option<&str>, &str>) {
        let months = BTreeMap::from([
            ("2026-03".to_owned(), "0.8512".to_owned()),
            ("2026-04".to_owned(), "-1".to_owned()),
        ]);
        let exchange = Exchange::Fixed(FixedRates {
            base: Currency::GBP,
            rates: BTreeMap::from([("EUR".to_owned(), months)]),
        });
        let rate = exchange.rate(code.parse().unwrap(), date(2026, month, 9));
        match (rate, expected) {
            (Ok(rate), Ok(expected)) => {
                assert_eq!(rate.map(|rate| rate.to_string()).as_deref(), expected);
            }
            (Err(why), Err(part)) => assert!(why.contains(part), "{why}"),
            (rate, expected) => panic!("{code} {month}: {rate:?}, expected {expected:?}"),
        }
    }

    #[test]
    fn months_and_rates_that_can_not_be_meant_are_named() {
        for (code, month, rate, part) in [
            ("EUR", "2026-13", "0.85", "\"2026-13\" is no month"),
            ("EUR", "2026-00", "0.85", "is no month"),
            ("EUR", "March", "0.85", "YYYY-MM"),
            ("EUR", "2026-3", "0.85", "YYYY-MM"),
            ("EUR", "202603", "0.85", "YYYY-MM"),
            ("EUR", "", "0.85", "YYYY-MM"),
            ("EUR", "2026-03", "0", "EUR.2026-03"),
            ("EUR", "2026-03", "0,85", "EUR.2026-03"),
            ("EURO", "2026-03", "0.85", "rates.EURO"),
        ] {
            let months = BTreeMap::from([(month.to_owned(), rate.to_owned())]);
            let rates = BTreeMap::from([(code.to_owned(), months)]);
            let exchange = Exchange::Fixed(FixedRates { base: Currency::GBP, rates });
            let why = exchange.check().unwrap_err();
            assert!(why.contains(part), "{code} {month} {rate}: {why}");
        }
    }

    #[test]
    fn a_fixed_rate_is_found_by_month_or_the_document_is_held() {
        check("EUR", 3, Ok(Some("0.8512")));
        check("GBP", 3, Ok(None));
        check("EUR", 4, Err("not positive"));
        check("EUR", 5, Err("EUR in 2026-05"));
        check("SEK", 3, Err("SEK in 2026-03"));
        assert_eq!(Exchange::ErpRate.rate(Currency::EUR, date(2026, 3, 9)), Ok(None));
    }
}
