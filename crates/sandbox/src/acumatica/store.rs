//! Records, their keys and their history. A write can be taken back as a whole, and lists can be
//! read as they were some minutes ago.

use super::values::Val;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How long former versions are kept for stale lists.
const HISTORY_MINUTES: i64 = 120;

/// What a record or row keeps, by key (see `contract::key_of`).
pub type Fields = BTreeMap<String, Val>;

/// One row of a detail.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub id: String,
    pub fields: Fields,
}

impl Row {
    /// A number; zero when there is none.
    pub fn num(&self, key: &str) -> Decimal {
        num_in(&self.fields, key)
    }

    /// A text; empty when there is none.
    pub fn text(&self, key: &str) -> &str {
        text_in(&self.fields, key)
    }

    /// A whole number.
    pub fn int(&self, key: &str) -> Option<i64> {
        int_in(&self.fields, key)
    }

    /// Sets a value.
    pub fn set(&mut self, key: &str, value: Val) {
        self.fields.insert(key.to_owned(), value);
    }
}

/// Which set of records: all AR documents share one, everything else has its own.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Table(pub &'static str);

/// AR documents: invoices, memos, payments, refunds and voids.
pub const AR: Table = Table("ARRegister");
/// GL batches of every module.
pub const BATCH: Table = Table("Batch");
/// Cash transactions.
pub const CASH: Table = Table("CAAdj");
/// Bank deposits.
pub const DEPOSIT: Table = Table("CADeposit");
/// Customers.
pub const CUSTOMER: Table = Table("Customer");

/// The table behind an entity.
pub fn table_of(entity: &str) -> Table {
    match entity {
        "Invoice" | "SalesInvoice" | "Payment" => AR,
        "JournalTransaction" => BATCH,
        "CashTransaction" => CASH,
        "Customer" => CUSTOMER,
        "Account" => Table("Account"),
        "Subaccount" => Table("Subaccount"),
        "Ledger" => Table("Ledger"),
        "Currency" => Table("Currency"),
        "CustomerClass" => Table("CustomerClass"),
        "CustomerPaymentMethod" => Table("CustomerPaymentMethod"),
        "PaymentMethod" => Table("PaymentMethod"),
        "FinancialPeriod" | "CompanyFinancialPeriod" => Table("FinYear"),
        _ => Table("InventoryItem"),
    }
}

/// A record.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub table: Table,
    /// The permanent id (NoteID).
    pub id: String,
    pub fields: Fields,
    /// Rows by view, lower case.
    pub rows: BTreeMap<String, Vec<Row>>,
    pub note: Option<String>,
    pub created: Timestamp,
    pub modified: Timestamp,
}

impl Record {
    /// A new record.
    pub fn new(table: Table, id: String, now: Timestamp) -> Record {
        Record {
            table,
            id,
            fields: Fields::new(),
            rows: BTreeMap::new(),
            note: None,
            created: now,
            modified: now,
        }
    }

    /// A number; zero when there is none.
    pub fn num(&self, key: &str) -> Decimal {
        num_in(&self.fields, key)
    }

    /// A text; empty when there is none.
    pub fn text(&self, key: &str) -> &str {
        text_in(&self.fields, key)
    }

    /// A flag; unset is false.
    pub fn flag(&self, key: &str) -> bool {
        matches!(self.fields.get(key), Some(Val::Bool(true)))
    }

    /// A day.
    pub fn date(&self, key: &str) -> Option<Date> {
        match self.fields.get(key) {
            Some(Val::Date(date)) => Some(*date),
            _ => None,
        }
    }

    /// Sets a value.
    pub fn set(&mut self, key: &str, value: Val) {
        self.fields.insert(key.to_owned(), value);
    }

    /// Sets a text.
    pub fn set_text(&mut self, key: &str, text: &str) {
        self.set(key, Val::text(text));
    }

    /// Sets a number.
    pub fn set_num(&mut self, key: &str, number: Decimal) {
        self.set(key, Val::Num(number));
    }

    /// The rows of a view.
    pub fn rows(&self, view: &str) -> &[Row] {
        self.rows.get(view).map_or(&[], Vec::as_slice)
    }

    /// The rows of a view, to change.
    pub fn rows_mut(&mut self, view: &str) -> &mut Vec<Row> {
        self.rows.entry(view.to_owned()).or_default()
    }

    /// What identifies the record within its table.
    pub fn key(&self) -> String {
        let parts: &[&str] = match self.table.0 {
            "ARRegister" => &["doctype", "refnbr"],
            "Batch" => &["module", "batchnbr"],
            "CAAdj" => &["adjrefnbr"],
            "CADeposit" => &["refnbr"],
            "Customer" => &["acctcd"],
            "Account" => &["accountcd"],
            "Subaccount" => &["subcd"],
            "Ledger" => &["ledgercd"],
            "Currency" => &["curyid"],
            "CustomerClass" => &["customerclassid"],
            "CustomerPaymentMethod" => &["baccountid", "pminstanceid"],
            "PaymentMethod" => &["paymentmethodid"],
            "FinYear" => &["year"],
            _ => &["inventorycd"],
        };
        let texts: Vec<String> = parts
            .iter()
            .map(|part| match self.fields.get(*part) {
                Some(Val::Text(text)) => text.trim().to_uppercase(),
                Some(Val::Int(number)) => number.to_string(),
                _ => String::new(),
            })
            .collect();
        texts.join("|")
    }
}

fn num_in(fields: &Fields, key: &str) -> Decimal {
    match fields.get(key) {
        Some(Val::Num(number)) => *number,
        Some(Val::Int(number)) => Decimal::from(*number),
        _ => Decimal::ZERO,
    }
}

fn text_in<'a>(fields: &'a Fields, key: &str) -> &'a str {
    match fields.get(key) {
        Some(Val::Text(text)) => text,
        _ => "",
    }
}

fn int_in(fields: &Fields, key: &str) -> Option<i64> {
    match fields.get(key) {
        Some(Val::Int(number)) => Some(*number),
        _ => None,
    }
}

type Version = (Timestamp, Option<Arc<Record>>);

/// All records.
#[derive(Debug, Default)]
pub struct Store {
    records: BTreeMap<String, Arc<Record>>,
    keys: BTreeMap<(Table, String), String>,
    history: BTreeMap<String, Vec<Version>>,
    /// For each AR document those that apply to it, released or not.
    appliers: BTreeMap<String, BTreeSet<String>>,
    undo: Option<BTreeMap<String, Option<Arc<Record>>>>,
}

impl Store {
    /// A record by id.
    pub fn get(&self, id: &str) -> Option<&Arc<Record>> {
        self.records.get(id)
    }

    /// A record by its key within a table.
    pub fn by_key(&self, table: &Table, key: &str) -> Option<&Arc<Record>> {
        let id = self.keys.get(&(table.clone(), key.trim().to_uppercase()))?;
        self.records.get(id)
    }

    /// The records of a table, in the order of their keys.
    pub fn of<'a>(&'a self, table: &'a Table) -> impl Iterator<Item = &'a Arc<Record>> {
        let from = (table.clone(), String::new());
        let named = self.keys.range(from..).take_while(move |((found, _), _)| found == table);
        named.filter_map(|(_, id)| self.records.get(id))
    }

    /// Every record.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.records.values()
    }

    /// The documents that apply, or applied, to this one.
    pub fn appliers(&self, key: &str) -> impl Iterator<Item = &Arc<Record>> {
        let ids = self.appliers.get(key).into_iter().flatten();
        ids.filter_map(|id| self.records.get(id))
    }

    /// The table as it was at a moment.
    pub fn at(&self, table: &Table, at: Timestamp) -> Vec<Arc<Record>> {
        let mut seen: BTreeMap<&str, Arc<Record>> =
            self.of(table).map(|record| (record.id.as_str(), record.clone())).collect();
        for (id, versions) in &self.history {
            let newest = versions.last().is_some_and(|(when, _)| *when <= at);
            let ours = versions
                .iter()
                .any(|(_, version)| version.as_ref().is_some_and(|record| record.table == *table));
            if newest || !ours {
                continue;
            }
            match versions.iter().rev().find(|(when, _)| *when <= at) {
                Some((_, Some(old))) => seen.insert(id, old.clone()),
                _ => seen.remove(id.as_str()),
            };
        }
        seen.into_values().collect()
    }

    /// Stores a record.
    pub fn put(&mut self, now: Timestamp, record: Record) {
        let id = record.id.clone();
        self.remember(&id);
        self.unlink(&id);
        self.link(Arc::new(record));
        self.note_version(now, &id);
    }

    /// Removes a record.
    pub fn remove(&mut self, now: Timestamp, id: &str) {
        self.remember(id);
        self.unlink(id);
        self.note_version(now, id);
    }

    /// Whether a write that may be taken back is under way.
    pub fn is_writing(&self) -> bool {
        self.undo.is_some()
    }

    /// Begins a write that may be taken back.
    pub fn begin(&mut self) {
        self.undo = Some(BTreeMap::new());
    }

    /// Ends a write at `now`; without `keep` everything since [`Store::begin`] is undone.
    pub fn end(&mut self, now: Timestamp, keep: bool) {
        let before = self.undo.take().unwrap_or_default();
        for (id, record) in before {
            if keep {
                self.note_version(now, &id);
                continue;
            }
            self.unlink(&id);
            if let Some(record) = record {
                self.link(record);
            }
        }
    }

    fn remember(&mut self, id: &str) {
        let old = self.records.get(id).cloned();
        if let Some(undo) = &mut self.undo {
            undo.entry(id.to_owned()).or_insert(old);
        }
    }

    fn unlink(&mut self, id: &str) {
        let Some(old) = self.records.remove(id) else { return };
        self.keys.remove(&(old.table.clone(), old.key()));
        for key in applied_keys(&old) {
            if let Some(set) = self.appliers.get_mut(&key) {
                set.remove(id);
            }
        }
    }

    fn link(&mut self, record: Arc<Record>) {
        for key in applied_keys(&record) {
            self.appliers.entry(key).or_default().insert(record.id.clone());
        }
        self.keys.insert((record.table.clone(), record.key()), record.id.clone());
        self.records.insert(record.id.clone(), record);
    }

    fn note_version(&mut self, now: Timestamp, id: &str) {
        if self.undo.is_some() {
            return;
        }
        let oldest = now - SignedDuration::from_mins(HISTORY_MINUTES);
        let versions = self.history.entry(id.to_owned()).or_default();
        let keep_from = versions.iter().rposition(|(when, _)| *when <= oldest).unwrap_or(0);
        versions.drain(..keep_from);
        versions.push((now, self.records.get(id).cloned()));
    }
}

/// The keys of the documents to which a document applies.
fn applied_keys(record: &Record) -> Vec<String> {
    if record.table != AR {
        return Vec::new();
    }
    let unreleased = record.rows("adjustments").iter();
    let key = |row: &Row| format!("{}|{}", row.text("adjddoctype"), row.text("adjdrefnbr"));
    unreleased.chain(record.rows("arpost")).map(key).collect()
}
