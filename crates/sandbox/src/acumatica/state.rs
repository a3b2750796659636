//! Everything the emulated site holds, and the switches that decide what the reference sheet leaves
//! open (acumatica sheet sections 4, 17, 19). Strict choices are the defaults.

use super::auth::Access;
use super::errors::{ApiError, Result};
use super::faults::Faults;
use super::files::Attachment;
use super::operations::Operation;
use super::store::{Record, Store, Table};
use super::values::{Val, round};
use bytes::Bytes;
use http::Request;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What an emulator is started with.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Begin with a small company (section 20) instead of an empty tenant.
    pub standard_company: bool,
    pub settings: Settings,
    pub preferences: Preferences,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            standard_company: true,
            settings: Settings::default(),
            preferences: Preferences::default(),
        }
    }
}

/// Preferences of the modules (AR101000, GL102000, CA101000).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Preferences {
    /// "Hold Documents on Entry", in AR, CA and GL alike.
    pub hold_on_entry: bool,
    /// "Require Payment Reference on Entry".
    pub require_payment_ref: bool,
    /// Refunds go through an approval map.
    pub approve_refunds: bool,
    /// Invoices and memos go through an approval map.
    pub approve_invoices: bool,
    /// "Automatically Post on Release" in GL.
    pub post_on_release: bool,
    /// Numbering sequences of documents are automatic; otherwise the caller names the number.
    pub auto_number: bool,
    /// "Restrict Access to Closed Periods"; without it closed periods take postings.
    pub restrict_closed_periods: bool,
    /// "Use Document Date as Void Date" of the payment methods.
    pub void_on_document_date: bool,
    /// "Void Using Clearing Account" of the payment methods; without it the void of a deposited
    /// payment takes the money from the bank account.
    pub void_using_clearing: bool,
    /// "Validate Document Totals on Entry": the amount of an invoice or memo must be sent.
    pub validate_totals: bool,
    /// Documents of different branches may be applied and paid.
    pub inter_branch: bool,
}

impl Default for Preferences {
    fn default() -> Self {
        Preferences {
            hold_on_entry: true,
            require_payment_ref: true,
            approve_refunds: false,
            approve_invoices: false,
            post_on_release: true,
            auto_number: true,
            restrict_closed_periods: true,
            void_on_document_date: false,
            void_using_clearing: false,
            validate_totals: false,
            inter_branch: false,
        }
    }
}

/// Choices of the emulator.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Virtual directory of the site with a leading slash, or empty at the host's root.
    pub site: String,
    /// Sessions that the licence admits.
    pub api_users: usize,
    /// Requests in work at once.
    pub concurrent: usize,
    /// Requests per minute before any are declined; 0: no limit. The slowing down before that can
    /// not be shown by an emulator that answers at once.
    pub per_minute: u64,
    /// `Retry-After` on a declined request.
    pub retry_after: bool,
    /// Status of the login limit: 429 or 500.
    pub login_limit_status: u16,
    /// A long operation ends this many seconds after its beginning …
    pub operation_seconds: i64,
    /// … or after this many polls were answered 202, whichever is first.
    pub operation_polls: u32,
    /// Actions end inside the request, 204 with a Location that does not resolve.
    pub inline_actions: bool,
    /// Status of the poll of a failed operation.
    pub failed_operation_status: u16,
    /// A failed operation tells its reason in an inner exception.
    pub nested_failures: bool,
    /// Segmented keys come back padded with spaces to ten characters.
    pub pad_segmented: bool,
    /// `and` over fields of different views finds nothing.
    pub cross_view_empty: bool,
    /// Computed amounts of payments named in the `$select` of a list, and their unreleased
    /// applications, are refused.
    pub refuse_computed_in_lists: bool,
    /// The `Invoice` entity also returns documents that sales orders made.
    pub order_documents_as_invoices: bool,
    /// Releasing a payment moves the stamp of the invoices that it pays.
    pub release_moves_stamp: bool,
    /// A change of contacts, addresses or attributes alone moves the customer's stamp.
    pub parts_move_stamp: bool,
    /// Amounts come back with trailing zeros.
    pub trailing_zeros: bool,
    /// An open payment reads back with today's date.
    pub open_payments_dated_today: bool,
    /// What stands before the site in the Location of an operation, if builds send it absolute.
    pub location_prefix: String,
    /// A closed period refuses a save with 500 and the error object instead of 422.
    pub period_errors_as_exception: bool,
    /// Hours by which moments in `$filter` are taken too late.
    pub filter_shift_hours: i64,
    /// The only tenant of its site: a sign-in names it as it likes (section 3).
    pub single_tenant: bool,
    /// While an operation runs, its session may not write to the same form (section 8).
    pub busy_forms: bool,
    /// A voiding document stays balanced until it is released.
    pub void_persists: bool,
    /// `/entity` answers the bare array of older builds.
    pub endpoints_as_array: bool,
    /// With `$select`, an expanded part comes back only if it is selected too.
    pub select_drops_expanded: bool,
    /// Time zone of the user, for moments without an offset.
    pub user_zone: String,
    /// What numbering sequences put before their numbers.
    pub number_prefix: String,
    /// Minutes after which an idle session ends.
    pub idle_minutes: i64,
    pub build: String,
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            site: String::new(),
            api_users: 6,
            concurrent: 6,
            per_minute: 0,
            retry_after: false,
            login_limit_status: 429,
            operation_seconds: 3,
            operation_polls: 2,
            inline_actions: false,
            failed_operation_status: 500,
            nested_failures: false,
            pad_segmented: false,
            cross_view_empty: true,
            refuse_computed_in_lists: true,
            order_documents_as_invoices: false,
            release_moves_stamp: true,
            parts_move_stamp: false,
            trailing_zeros: false,
            open_payments_dated_today: false,
            location_prefix: String::new(),
            period_errors_as_exception: false,
            filter_shift_hours: 0,
            single_tenant: false,
            busy_forms: true,
            void_persists: true,
            endpoints_as_array: false,
            select_drops_expanded: true,
            user_zone: "UTC".to_owned(),
            number_prefix: String::new(),
            idle_minutes: 10,
            build: "25.201.0213".to_owned(),
        }
    }
}

/// A cash account (CA202000); the stock endpoint does not show these.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CashAccount {
    pub id: String,
    #[serde(default)]
    pub description: String,
    /// GL account and subaccount behind it.
    pub account: String,
    #[serde(default = "no_sub")]
    pub sub: String,
    pub branch: String,
    pub currency: String,
    #[serde(default)]
    pub clearing: bool,
    /// Entry types that may be used with it.
    #[serde(default)]
    pub entry_types: BTreeSet<String>,
}

/// A cash entry type (CA203000).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EntryType {
    pub id: String,
    #[serde(default)]
    pub description: String,
    /// Money comes in; otherwise it goes out.
    #[serde(default)]
    pub receipt: bool,
    /// The offset account.
    pub account: String,
    #[serde(default = "no_sub")]
    pub sub: String,
}

fn no_sub() -> String {
    "000000".to_owned()
}

/// A tax (TX205000), found by the tax category of a line.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Tax {
    pub id: String,
    pub category: String,
    /// Percent.
    pub rate: Decimal,
    /// Account of the tax that is owed.
    pub account: String,
}

/// A user-defined field: an attribute put on a form by an administrator (section 5).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UserField {
    /// Entity on whose form it is.
    pub entity: String,
    /// View that holds it.
    pub view: String,
    /// `Attribute…` or `Usr…`.
    pub field: String,
    /// `CustomStringField` and so on.
    #[serde(rename = "type", default = "string_field")]
    pub kind: String,
}

fn string_field() -> String {
    "CustomStringField".to_owned()
}

/// How far the user may go on a form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Right {
    None,
    /// Reads; writes answer 200 and change nothing (section 16, row 1).
    View,
    Edit,
}

/// What was asked and refused so far.
#[derive(Debug, Default)]
pub struct Journal {
    pub requests: BTreeMap<String, u64>,
    pub declined: u64,
    pub logins_refused: u64,
    /// Requests of the current minute.
    pub minute: (i64, u64),
}

/// A write that takes effect later.
#[derive(Debug)]
pub struct LateWrite {
    pub due: Timestamp,
    /// The session that it was sent in.
    pub session: String,
    pub request: Request<Bytes>,
}

/// The site.
#[derive(Debug)]
pub struct State {
    pub now: Timestamp,
    pub seed: u64,
    pub counter: u64,
    pub settings: Settings,
    pub preferences: Preferences,
    pub store: Store,
    pub access: Access,
    pub faults: Faults,
    pub journal: Journal,
    pub operations: BTreeMap<String, Operation>,
    pub late: Vec<LateWrite>,
    /// Files by id.
    pub files: BTreeMap<String, Attachment>,
    pub numbers: BTreeMap<String, u64>,
    pub tenant: String,
    pub branches: BTreeSet<String>,
    pub base_currency: String,
    pub cash_accounts: BTreeMap<String, CashAccount>,
    pub entry_types: BTreeMap<String, EntryType>,
    pub taxes: Vec<Tax>,
    /// Days and percents of each installment; ordinary terms have one.
    pub terms: BTreeMap<String, Vec<(i64, Decimal)>>,
    /// Rates against the base currency by currency and first day.
    pub rates: BTreeMap<String, BTreeMap<Date, Decimal>>,
    /// Attributes of the customer classes.
    pub attributes: BTreeSet<String>,
    pub user_fields: Vec<UserField>,
    /// Rights by screen; those not named may be edited.
    pub rights: BTreeMap<String, Right>,
    /// Account that takes realised differences of exchange rates.
    pub rounding_account: String,
}

impl State {
    /// An empty site.
    pub fn new(seed: u64, config: &Config) -> State {
        State {
            now: Timestamp::UNIX_EPOCH,
            seed,
            counter: 0,
            settings: config.settings.clone(),
            preferences: config.preferences.clone(),
            store: Store::default(),
            access: Access::default(),
            faults: Faults::default(),
            journal: Journal::default(),
            operations: BTreeMap::new(),
            late: Vec::new(),
            files: BTreeMap::new(),
            numbers: BTreeMap::new(),
            tenant: "Acme".to_owned(),
            branches: BTreeSet::new(),
            base_currency: "GBP".to_owned(),
            cash_accounts: BTreeMap::new(),
            entry_types: BTreeMap::new(),
            taxes: Vec::new(),
            terms: BTreeMap::new(),
            rates: BTreeMap::new(),
            attributes: BTreeSet::new(),
            user_fields: Vec::new(),
            rights: BTreeMap::new(),
            rounding_account: String::new(),
        }
    }

    /// The company's day.
    pub fn today(&self) -> Date {
        self.zone().to_datetime(self.now).date()
    }

    /// The user's time zone.
    pub fn zone(&self) -> TimeZone {
        TimeZone::get(&self.settings.user_zone).unwrap_or(TimeZone::UTC)
    }

    /// A deterministic identifier in the form of a UUID.
    pub fn uuid(&mut self) -> String {
        self.counter += 1;
        let mixed = (self.seed ^ 0x51_7C_C1_B7)
            .wrapping_add(self.counter)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(23)
            .wrapping_mul(0xD6E8_FEB8_6659_FD93);
        let text = format!("{mixed:016x}{:016x}", self.counter);
        let parts = [&text[..8], &text[8..12], &text[13..16], &text[17..20], &text[20..]];
        format!("{}-{}-4{}-8{}-{}", parts[0], parts[1], parts[2], parts[3], parts[4])
    }

    /// A new number of a sequence.
    pub fn next_number(&mut self, sequence: &str) -> String {
        let next = self.numbers.entry(sequence.to_owned()).or_default();
        *next += 1;
        let prefix = &self.settings.number_prefix;
        match sequence {
            "GL" | "AR" | "CA" => format!("{prefix}{sequence}{next:08}"),
            _ => format!("{prefix}{next:06}"),
        }
    }

    /// Does a write as a whole or not at all; within another one it is a part of that.
    pub fn atomically<T, E>(
        &mut self,
        work: impl FnOnce(&mut State) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        if self.store.is_writing() {
            return work(self);
        }
        let numbers = self.numbers.clone();
        self.store.begin();
        let done = work(self);
        let now = self.now;
        self.store.end(now, done.is_ok());
        if done.is_err() {
            self.numbers = numbers;
        }
        done
    }

    /// Stores a record that was changed now.
    pub fn save(&mut self, mut record: Record) {
        record.modified = self.now;
        let now = self.now;
        self.store.put(now, record);
    }

    /// A record by table and key.
    pub fn find(&self, table: &Table, key: &str) -> Option<Arc<Record>> {
        self.store.by_key(table, key).cloned()
    }

    /// A record that a rule relies on; its absence is a mistake of the seed (section 6.1).
    pub fn setup(&self, table: &str, key: &str) -> Result<Arc<Record>> {
        let table = super::store::table_of(table);
        let missing = || {
            let text = format!("The required configuration data is not entered: {key}.");
            ApiError::Exception(500, text, "PX.Data.PXSetupNotEnteredException")
        };
        self.find(&table, key).ok_or_else(missing)
    }

    /// Decimals of a currency.
    pub fn decimals(&self, currency: &str) -> u32 {
        let record = self.find(&super::store::table_of("Currency"), currency);
        match record.as_ref().and_then(|record| record.fields.get("decimalplaces")) {
            Some(Val::Int(places)) => u32::try_from(*places).unwrap_or(2),
            _ => 2,
        }
    }

    /// The rate of a currency against the base currency on a day.
    pub fn rate(&self, currency: &str, day: Date) -> Result<Decimal> {
        if currency == self.base_currency {
            return Ok(Decimal::ONE);
        }
        let rates = self.rates.get(currency);
        let found = rates.and_then(|rates| rates.range(..=day).next_back());
        let missing = || {
            ApiError::px(format!(
                "The currency rate from {currency} to {} is not defined for {day}.",
                self.base_currency
            ))
        };
        found.map(|(_, rate)| *rate).ok_or_else(missing)
    }

    /// An amount in base currency.
    pub fn to_base(&self, amount: Decimal, rate: Decimal) -> Decimal {
        round(amount * rate, self.decimals(&self.base_currency))
    }

    /// The moment this many seconds from now.
    pub fn in_seconds(&self, seconds: i64) -> Timestamp {
        self.now + SignedDuration::from_secs(seconds)
    }
}
