//! Everything the emulated account holds, and the switches that decide what the reference sheet
//! leaves open. Strict choices are the defaults.

use super::errors::{ApiError, Result};
use super::faults::Faults;
use super::kind::{Kind, Space};
use super::store::{Record, Store};
use super::values::{Field, Val};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What an emulator is started with.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Account id, for example `1234567_SB1`.
    pub account_id: String,
    /// Begin with the small company of netsuite sheet section 17 instead of an empty account.
    pub standard_company: bool,
    pub settings: Settings,
    pub preferences: Preferences,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            account_id: "1234567_SB1".to_owned(),
            standard_company: true,
            settings: Settings::default(),
            preferences: Preferences::default(),
        }
    }
}

/// Features and locale of the company.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Company {
    pub one_world: bool,
    pub multi_currency: bool,
    /// SuiteAnalytics Workbook; without it SuiteQL is refused.
    pub suite_analytics: bool,
    pub time_zone: String,
    /// Date format of the account: letters D, DD, M, MM, YYYY and any separators.
    pub date_format: String,
}

impl Default for Company {
    fn default() -> Self {
        Company {
            one_world: true,
            multi_currency: true,
            suite_analytics: true,
            time_zone: "America/Los_Angeles".to_owned(),
            date_format: "M/D/YYYY".to_owned(),
        }
    }
}

/// Accounting preferences.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preferences {
    /// "Use Undeposited Funds Account for Customer Payments".
    pub undeposited_funds: bool,
    /// Invoices need an approval before they post.
    pub invoice_approval: bool,
    /// Journals need an approval before they post.
    pub journal_approval: bool,
    /// "Void Transactions Using Reversing Journals".
    pub void_by_journal: bool,
    /// DATEPERIODMISMATCH: `allow`, `warn` or `disallow`.
    pub date_period_mismatch: String,
    /// DEFAULTPERIODIFCLOSED: a closed default period gives way to the next open one.
    pub default_period_if_closed: bool,
    /// "Expand Account Lists" (ASSETCOGSITEMACCTS): payments may stand on other accounts than a bank's
    /// and undeposited funds. On, as the connector's set-up page asks for.
    pub expand_account_lists: bool,
    /// `department`, `class`, `location`: mandatory on transactions when listed.
    pub mandatory: BTreeSet<String>,
}

impl Default for Preferences {
    fn default() -> Self {
        Preferences {
            undeposited_funds: false,
            invoice_approval: false,
            journal_approval: false,
            void_by_journal: false,
            date_period_mismatch: "disallow".to_owned(),
            default_period_if_closed: false,
            expand_account_lists: true,
            mandatory: BTreeSet::new(),
        }
    }
}

/// How `undepFunds` is read back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UndepForm {
    Boolean,
    Letter,
    Object,
}

/// Choices of the emulator where the sheet says that nothing is certain (sections 18 and 20).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Concurrent requests admitted; the default is service tier Standard.
    pub concurrency_limit: usize,
    /// One external-id namespace for all transaction types.
    pub shared_external_ids: bool,
    /// `account` = Undeposited Funds on a customer payment is accepted.
    pub undeposited_by_account: bool,
    pub undep_funds_form: UndepForm,
    /// `X-NetSuite-PropertyNameValidation` when the header is absent.
    pub default_name_validation: String,
    /// Amounts with too many decimals are rounded instead of refused.
    pub round_amounts: bool,
    /// Applications bump `lastModifiedDate` of the documents they touch.
    pub touch_applied: bool,
    /// Un-applying a deposited payment is refused.
    pub refuse_unapply_deposited: bool,
    /// Refund lines in bank deposits are refused.
    pub refuse_refund_lines: bool,
    /// Negative `other` lines in bank deposits are refused.
    pub refuse_negative_other: bool,
    /// `?replace=` is refused.
    pub refuse_replace: bool,
    /// `customerRefund.apply` lines must carry `line`.
    pub refund_line_required: bool,
    /// `approvalStatus` reads "2" when approval routing is off, instead of being empty.
    pub approval_status_without_routing: bool,
    /// Totals of payments and credit memos are negative in SuiteQL.
    pub signed_totals: bool,
    /// SuiteQL shows `lastmodifieddate` in the link tables.
    pub link_modified_date: bool,
    /// `governanceLimits` answers although the role is no administrator.
    pub administrator: bool,
    /// Location header on PUT and on transforms.
    pub location_everywhere: bool,
    /// Seconds by which a client's clock may be off.
    pub skew_seconds: i64,
    /// Refusal of a posting into a closed period, or of a date outside its period.
    pub closed_period_text: String,
    /// Refusal of a posting into a locked period.
    pub locked_period_text: String,
    /// Refusal of an application beyond the open amount.
    pub over_application_text: String,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            concurrency_limit: 5,
            shared_external_ids: true,
            undeposited_by_account: false,
            undep_funds_form: UndepForm::Boolean,
            default_name_validation: "Warning".to_owned(),
            round_amounts: false,
            touch_applied: true,
            refuse_unapply_deposited: false,
            refuse_refund_lines: false,
            refuse_negative_other: false,
            refuse_replace: false,
            refund_line_required: false,
            approval_status_without_routing: false,
            signed_totals: true,
            link_modified_date: false,
            administrator: false,
            location_everywhere: true,
            skew_seconds: 60,
            closed_period_text: "The transaction date you specified is not within the date range \
                                 of your accounting period."
                .to_owned(),
            locked_period_text: "You cannot create or change this transaction because its \
                                 accounting period is locked."
                .to_owned(),
            over_application_text: "The amount applied to a transaction cannot exceed its amount \
                                    due or the amount of the payment."
                .to_owned(),
        }
    }
}

/// How much of a record type a role may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    View,
    Create,
    Edit,
    Full,
}

/// The role of the integration.
#[derive(Debug, Clone, Default)]
pub struct Role {
    /// `None`: every permission but ADMI_PERIODOVERRIDE.
    pub permissions: Option<BTreeMap<String, Level>>,
    /// Subsidiaries the role sees; empty: all.
    pub subsidiaries: BTreeSet<i64>,
}

impl Role {
    /// Whether the role holds a permission at this level.
    pub fn may(&self, permission: &str, level: Level) -> bool {
        match &self.permissions {
            None => permission != "ADMI_PERIODOVERRIDE",
            Some(held) => held.get(permission).is_some_and(|have| *have >= level),
        }
    }

    /// Whether records of this subsidiary are shown to the role.
    pub fn sees(&self, subsidiary: Option<i64>) -> bool {
        self.subsidiaries.is_empty()
            || subsidiary.is_none_or(|subsidiary| self.subsidiaries.contains(&subsidiary))
    }
}

/// A certificate uploaded for the integration.
#[derive(Debug, Clone)]
pub struct Certificate {
    pub kid: String,
    pub pem: String,
    pub uploaded: Timestamp,
    pub revoked: bool,
}

/// Credentials of token-based authentication.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tba {
    pub consumer_key: String,
    pub consumer_secret: String,
    pub token: String,
    pub token_secret: String,
}

/// The integration record with what was handed out under it.
#[derive(Debug, Clone, Default)]
pub struct Integration {
    pub client_id: String,
    pub blocked: bool,
    pub certificates: Vec<Certificate>,
    pub tba: Option<Tba>,
    /// Access token -> end of its life.
    pub tokens: BTreeMap<String, Timestamp>,
    pub tokens_issued: u64,
    pub nonces: BTreeSet<String>,
}

/// A custom field declared by the seed.
#[derive(Debug, Clone)]
pub struct CustomField {
    pub field: Field,
    /// Record types it applies to; empty: all that its prefix allows.
    pub applies_to: Vec<Kind>,
}

/// What came in: counts for the truth.
#[derive(Debug, Default)]
pub struct Journal {
    pub requests: BTreeMap<String, u64>,
    pub concurrency_refusals: u64,
}

/// A write that takes effect after its client gave up.
#[derive(Debug)]
pub struct LateWrite {
    pub due: Timestamp,
    pub base_url: String,
    pub request: http::Request<bytes::Bytes>,
}

/// The account.
#[derive(Debug)]
pub struct State {
    pub seed: u64,
    pub now: Timestamp,
    pub account_id: String,
    pub company: Company,
    pub zone: TimeZone,
    pub preferences: Preferences,
    pub settings: Settings,
    pub role: Role,
    pub integration: Integration,
    pub custom_fields: Vec<CustomField>,
    pub custom_types: BTreeSet<Arc<str>>,
    pub store: Store,
    pub numbers: BTreeMap<String, u64>,
    pub counter: u64,
    pub faults: Faults,
    pub journal: Journal,
    pub late: Vec<LateWrite>,
}

impl State {
    /// An empty account.
    pub fn new(seed: u64, config: &Config) -> Self {
        let company = Company::default();
        State {
            seed,
            now: Timestamp::UNIX_EPOCH,
            account_id: config.account_id.clone(),
            zone: time_zone(&company.time_zone).unwrap_or(TimeZone::UTC),
            company,
            preferences: config.preferences.clone(),
            settings: config.settings.clone(),
            role: Role::default(),
            integration: Integration::default(),
            custom_fields: Vec::new(),
            custom_types: BTreeSet::new(),
            store: Store::default(),
            numbers: BTreeMap::new(),
            counter: 0,
            faults: Faults::default(),
            journal: Journal::default(),
            late: Vec::new(),
        }
    }

    /// Runs a write that leaves nothing behind when it is refused.
    pub fn atomically<T>(&mut self, write: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        self.store.begin();
        let outcome = write(self);
        if outcome.is_err() {
            self.store.rollback();
        }
        outcome
    }

    /// The date in the account's time zone.
    pub fn today(&self) -> Date {
        self.now.to_zoned(self.zone.clone()).date()
    }

    /// A deterministic identifier in the form of a UUID.
    pub fn uuid(&mut self) -> String {
        self.counter += 1;
        let mixed = self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ self.counter;
        let text = format!("{mixed:016x}{:016x}", self.counter);
        format!(
            "{}-{}-4{}-8{}-{}",
            &text[..8],
            &text[8..12],
            &text[13..16],
            &text[17..20],
            &text[20..]
        )
    }

    /// A record that a rule relies on; its absence is a mistake of the seed.
    pub fn setup(&self, kind: &Kind, id: i64) -> Result<&Arc<Record>> {
        self.store.get(kind, id).ok_or_else(ApiError::nonexistent)
    }

    /// The currency of the company: the one marked as base.
    pub fn company_currency(&self) -> Option<i64> {
        let marked =
            self.store.of(&Kind::Currency).find(|currency| currency.flag("isBaseCurrency"));
        marked.or_else(|| self.store.of(&Kind::Currency).next()).map(|currency| currency.id)
    }

    /// The base currency of a subsidiary, or of the company.
    pub fn base_currency(&self, subsidiary: Option<i64>) -> Option<i64> {
        subsidiary
            .and_then(|id| self.store.get(&Kind::Subsidiary, id)?.reference("currency"))
            .or_else(|| self.company_currency())
    }

    /// Decimal places of a currency.
    pub fn precision(&self, currency: Option<i64>) -> u32 {
        currency
            .and_then(|id| self.store.get(&Kind::Currency, id))
            .and_then(|currency| u32::try_from(currency.num("currencyPrecision")).ok())
            .unwrap_or(2)
    }

    /// Units of the base currency per unit of `currency` on a date.
    pub fn rate(&self, base: Option<i64>, currency: Option<i64>, on: Date) -> Decimal {
        if base == currency {
            return Decimal::ONE;
        }
        let dated = self
            .store
            .of(&Kind::CurrencyRate)
            .filter(|rate| {
                rate.reference("baseCurrency") == base
                    && rate.reference("transactionCurrency") == currency
                    && rate.date("effectiveDate").is_some_and(|date| date <= on)
            })
            .max_by_key(|rate| (rate.date("effectiveDate"), rate.id))
            .map(|rate| rate.num("exchangeRate"));
        let listed = || {
            let against = |id: i64| {
                self.store.get(&Kind::Currency, id).map(|currency| currency.num("exchangeRate"))
            };
            let (base, currency) = (against(base?)?, against(currency?)?);
            currency.checked_div(base).map(|rate| rate.round_dp(8).normalize())
        };
        dated.or_else(listed).unwrap_or(Decimal::ONE)
    }

    /// The account with this `sSpecAcct`, for the subsidiary where one lists it.
    pub fn special_account(&self, special: &str, subsidiary: Option<i64>) -> Option<i64> {
        let fits = |account: &&Arc<Record>| {
            account.text("sSpecAcct") == Some(special) && !account.flag("isInactive")
        };
        let of_subsidiary =
            |account: &&Arc<Record>| match (account.fields.get("subsidiary"), subsidiary) {
                (Some(Val::Many(listed)), Some(subsidiary)) => listed.contains(&subsidiary),
                _ => true,
            };
        let kind = Kind::Account;
        let mut found = self.store.of(&kind).filter(fits);
        let first = found.next()?;
        if of_subsidiary(&first) {
            return Some(first.id);
        }
        found.find(of_subsidiary).or(Some(first)).map(|account| account.id)
    }

    /// The next document number of a type ("INV1001").
    pub fn next_number(&mut self, prefix: &str) -> String {
        let number = self.numbers.entry(prefix.to_owned()).or_insert(1000);
        *number += 1;
        format!("{prefix}{number}")
    }

    /// Refuses an external id that another record of its namespace holds.
    pub fn check_external_id(&self, record: &Record) -> Result<()> {
        let Some(external_id) = &record.external_id else { return Ok(()) };
        let space = record.kind.space();
        let shared = space == Space::Transaction && self.settings.shared_external_ids;
        let taken = self.store.holders(&space, external_id).any(|holder| {
            (holder.kind != record.kind || holder.id != record.id)
                && (shared || holder.kind == record.kind)
        });
        if taken { Err(ApiError::already_exists()) } else { Ok(()) }
    }
}

/// A time zone by name. The ones in everyday use are built in, so that an emulator does not depend
/// on the machine's zone files.
pub fn time_zone(name: &str) -> Option<TimeZone> {
    let rule = match name {
        "UTC" | "Etc/UTC" | "GMT" => return Some(TimeZone::UTC),
        "America/Los_Angeles" => "PST8PDT,M3.2.0,M11.1.0",
        "America/New_York" => "EST5EDT,M3.2.0,M11.1.0",
        "Europe/London" => "GMT0BST,M3.5.0/1,M10.5.0",
        "Europe/Berlin" | "Europe/Paris" => "CET-1CEST,M3.5.0,M10.5.0/3",
        other => return TimeZone::get(other).ok(),
    };
    TimeZone::posix(rule).ok()
}
