//! The records, with every version of each (so that stale queries can read the past), the indices
//! that follow from them, and an undo log that makes each write all or nothing.

use super::kind::{Kind, Space};
use super::values::{Line, Val};
use jiff::{SignedDuration, Timestamp, civil::Date};
use rust_decimal::Decimal;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// How long past versions are kept: longer than any staleness a test asks for.
const HISTORY: SignedDuration = SignedDuration::from_hours(48);

/// One line of a transaction and, when the transaction posts, of the general ledger.
#[derive(Debug, Clone, PartialEq)]
pub struct Posting {
    /// Line id; 0 is the header line.
    pub line: i64,
    pub account: i64,
    /// Base currency of the subsidiary; debit positive.
    pub base: Decimal,
    /// Transaction currency; debit positive.
    pub foreign: Decimal,
    pub entity: Option<i64>,
    pub memo: Option<String>,
    /// Position in the sublist that the line comes from, when it comes from one.
    pub source: Option<(&'static str, usize)>,
    pub tax: bool,
}

/// One record.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    pub kind: Kind,
    pub id: i64,
    pub external_id: Option<String>,
    /// Body fields by their camelCase name. Names beginning with `$` are never shown.
    pub fields: BTreeMap<String, Val>,
    pub lists: BTreeMap<&'static str, Vec<Line>>,
    pub created: Timestamp,
    pub modified: Timestamp,
    /// Lines of a transaction; they count in the ledger when `posting` is true.
    pub lines: Vec<Posting>,
    pub posting: bool,
}

impl Record {
    /// An empty record without an id.
    pub fn new(kind: Kind, now: Timestamp) -> Self {
        Record {
            kind,
            id: 0,
            external_id: None,
            fields: BTreeMap::new(),
            lists: BTreeMap::new(),
            created: now,
            modified: now,
            lines: Vec::new(),
            posting: false,
        }
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        text_of(&self.fields, name)
    }

    pub fn num(&self, name: &str) -> Decimal {
        num_of(&self.fields, name).unwrap_or_default()
    }

    pub fn flag(&self, name: &str) -> bool {
        matches!(self.fields.get(name), Some(Val::Bool(true)))
    }

    pub fn reference(&self, name: &str) -> Option<i64> {
        ref_of(&self.fields, name)
    }

    pub fn date(&self, name: &str) -> Option<Date> {
        match self.fields.get(name) {
            Some(Val::Date(date)) => Some(*date),
            _ => None,
        }
    }

    pub fn set(&mut self, name: &str, value: Val) {
        self.fields.insert(name.to_owned(), value);
    }

    pub fn set_num(&mut self, name: &str, value: Decimal) {
        self.set(name, Val::Num(value.normalize()));
    }

    pub fn set_code(&mut self, name: &str, code: &str) {
        self.set(name, Val::Code(code.to_owned()));
    }

    /// Fills a field that is empty.
    pub fn default(&mut self, name: &str, value: impl FnOnce() -> Option<Val>) {
        if !self.fields.contains_key(name)
            && let Some(value) = value()
        {
            self.set(name, value);
        }
    }

    pub fn list(&self, name: &str) -> &[Line] {
        self.lists.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether a person voided the transaction.
    pub fn voided(&self) -> bool {
        self.flag("$voided")
    }

    /// The customer of a transaction, whatever the field is called.
    pub fn customer(&self) -> Option<i64> {
        self.reference("entity").or_else(|| self.reference("customer"))
    }

    /// The name that addresses the record over REST.
    pub fn rest_name(&self) -> &str {
        self.text("$restName").unwrap_or_else(|| self.kind.rest_name())
    }

    /// (document, amount) of each apply line.
    pub fn applied_to(&self) -> impl Iterator<Item = (i64, Decimal)> + '_ {
        self.list("apply")
            .iter()
            .filter_map(|line| Some((ref_of(line, "doc")?, num_of(line, "amount")?)))
    }

    /// Ids of the payments and refunds that a bank deposit holds.
    pub fn deposits(&self) -> impl Iterator<Item = i64> + '_ {
        let lines = if self.kind == Kind::Deposit { self.list("payment") } else { &[] };
        lines.iter().filter_map(|line| ref_of(line, "id"))
    }
}

pub fn text_of<'a>(line: &'a Line, name: &str) -> Option<&'a str> {
    match line.get(name) {
        Some(Val::Text(text) | Val::Code(text)) => Some(text),
        _ => None,
    }
}

pub fn num_of(line: &Line, name: &str) -> Option<Decimal> {
    match line.get(name) {
        Some(Val::Num(value)) => Some(*value),
        _ => None,
    }
}

pub fn ref_of(line: &Line, name: &str) -> Option<i64> {
    match line.get(name) {
        Some(Val::Ref(id)) => Some(*id),
        _ => None,
    }
}

pub fn flag_of(line: &Line, name: &str) -> Option<bool> {
    match line.get(name) {
        Some(Val::Bool(flag)) => Some(*flag),
        _ => None,
    }
}

/// A row of `deletedrecord`.
#[derive(Debug, Clone)]
pub struct Deleted {
    pub kind: Kind,
    pub id: i64,
    pub name: String,
    pub at: Timestamp,
}

/// Every version of one record, oldest first; `None` where it was deleted.
type Versions = Vec<(Timestamp, Option<Arc<Record>>)>;

/// All records of the account.
#[derive(Debug, Default)]
pub struct Store {
    tables: BTreeMap<Space, BTreeMap<i64, Versions>>,
    external: BTreeMap<(Space, String), BTreeSet<(Kind, i64)>>,
    /// Entity id, lower-case -> customers.
    names: BTreeMap<String, BTreeSet<i64>>,
    /// Document -> what is applied to it -> amount.
    applied: BTreeMap<i64, BTreeMap<i64, Decimal>>,
    /// Payment or refund -> deposit that holds it.
    deposited: BTreeMap<i64, i64>,
    next: BTreeMap<Space, i64>,
    undo: Vec<(Space, i64)>,
    pub deleted: Vec<Deleted>,
    deleted_mark: usize,
}

impl Store {
    /// The next free internal id of a space; ids are never used twice.
    pub fn next_id(&mut self, space: &Space) -> i64 {
        let first = match space {
            Space::Transaction => 50_001,
            Space::Of(Kind::Customer) => 1_001,
            Space::Of(_) => 1,
        };
        let next = self.next.entry(space.clone()).or_insert(first);
        *next += 1;
        *next - 1
    }

    /// Makes sure that `id` is not handed out later.
    pub fn reserve(&mut self, space: &Space, id: i64) {
        let next = self.next.entry(space.clone()).or_insert(1);
        *next = (*next).max(id + 1);
    }

    pub fn get(&self, kind: &Kind, id: i64) -> Option<&Arc<Record>> {
        self.in_space(&kind.space(), id).filter(|record| record.kind == *kind)
    }

    pub fn transaction(&self, id: i64) -> Option<&Arc<Record>> {
        self.in_space(&Space::Transaction, id)
    }

    fn in_space(&self, space: &Space, id: i64) -> Option<&Arc<Record>> {
        self.tables.get(space)?.get(&id)?.last()?.1.as_ref()
    }

    /// All records of a space as they are now, by id.
    pub fn all(&self, space: &Space) -> impl Iterator<Item = &Arc<Record>> {
        self.tables
            .get(space)
            .into_iter()
            .flat_map(|table| table.values())
            .filter_map(|versions| versions.last()?.1.as_ref())
    }

    /// All records of a type as they are now, by id.
    pub fn of<'a>(&'a self, kind: &'a Kind) -> impl Iterator<Item = &'a Arc<Record>> {
        let table = self.tables.get(&kind.space()).into_iter().flat_map(|table| table.values());
        table
            .filter_map(|versions| versions.last()?.1.as_ref())
            .filter(move |record| record.kind == *kind)
    }

    /// All records of a space as they were at `at`.
    pub fn all_at(&self, space: &Space, at: Timestamp) -> Vec<Arc<Record>> {
        let Some(table) = self.tables.get(space) else { return Vec::new() };
        let seen = |versions: &Versions| {
            versions.iter().rev().find(|(time, _)| *time <= at).and_then(|(_, r)| r.clone())
        };
        table.values().filter_map(seen).collect()
    }

    /// Every space that holds or held records.
    pub fn spaces(&self) -> Vec<Space> {
        self.tables.keys().cloned().collect()
    }

    /// Records with this external id, compared exactly.
    pub fn by_external(&self, kind: &Kind, external_id: &str) -> Option<&Arc<Record>> {
        self.holders(&kind.space(), external_id).find(|record| {
            record.kind == *kind && record.external_id.as_deref() == Some(external_id)
        })
    }

    /// Records whose external id equals this one when letter case is ignored.
    pub fn holders(&self, space: &Space, external_id: &str) -> impl Iterator<Item = &Arc<Record>> {
        self.external
            .get(&(space.clone(), external_id.to_lowercase()))
            .into_iter()
            .flatten()
            .filter_map(|(kind, id)| self.get(kind, *id))
    }

    /// What is applied to a document, by the id of the payment, credit memo or refund.
    pub fn applied(&self, doc: i64) -> impl Iterator<Item = (i64, Decimal)> + '_ {
        self.applied.get(&doc).into_iter().flatten().map(|(payer, amount)| (*payer, *amount))
    }

    /// The bank deposit that holds a payment or refund.
    pub fn deposit_of(&self, id: i64) -> Option<i64> {
        self.deposited.get(&id).copied()
    }

    /// Stores a new version of a record.
    pub fn put(&mut self, now: Timestamp, record: Record) {
        let (space, id) = (record.kind.space(), record.id);
        self.push(now, space, id, Some(Arc::new(record)));
    }

    /// Deletes a record and remembers that it was there.
    pub fn remove(&mut self, now: Timestamp, record: &Record) {
        let name = record.text("tranId").or(record.text("entityId")).unwrap_or_default().to_owned();
        self.deleted.push(Deleted { kind: record.kind.clone(), id: record.id, name, at: now });
        self.push(now, record.kind.space(), record.id, None);
    }

    fn push(&mut self, now: Timestamp, space: Space, id: i64, record: Option<Arc<Record>>) {
        let versions = self.tables.entry(space.clone()).or_default().entry(id).or_default();
        let old = versions.last().and_then(|(_, record)| record.clone());
        versions.push((now, record.clone()));
        if versions.len() > 2 && versions[1].0 < now - HISTORY {
            versions.remove(0);
        }
        self.index(old.as_deref(), record.as_deref());
        self.undo.push((space, id));
    }

    /// Customers whose entity id equals this one when letter case is ignored.
    pub fn named(&self, entity_id: &str) -> impl Iterator<Item = i64> + '_ {
        self.names.get(&entity_id.to_lowercase()).into_iter().flatten().copied()
    }

    fn index(&mut self, old: Option<&Record>, new: Option<&Record>) {
        if let Some(old) = old {
            self.forget(old);
        }
        let Some(new) = new else { return };
        if let Some(name) = new.text("entityId") {
            self.names.entry(name.to_lowercase()).or_default().insert(new.id);
        }
        if let Some(external_id) = &new.external_id {
            let key = (new.kind.space(), external_id.to_lowercase());
            self.external.entry(key).or_default().insert((new.kind.clone(), new.id));
        }
        for (doc, amount) in new.applied_to() {
            *self.applied.entry(doc).or_default().entry(new.id).or_default() += amount;
        }
        for id in new.deposits() {
            self.deposited.insert(id, new.id);
        }
    }

    fn forget(&mut self, old: &Record) {
        if let Some(name) = old.text("entityId")
            && let Some(ids) = self.names.get_mut(&name.to_lowercase())
        {
            ids.remove(&old.id);
        }
        if let Some(external_id) = &old.external_id {
            let key = (old.kind.space(), external_id.to_lowercase());
            if let Some(holders) = self.external.get_mut(&key) {
                holders.remove(&(old.kind.clone(), old.id));
            }
        }
        for (doc, _) in old.applied_to() {
            if let Some(payers) = self.applied.get_mut(&doc) {
                payers.remove(&old.id);
            }
        }
        for id in old.deposits() {
            self.deposited.remove(&id);
        }
    }

    /// Begins a write that [`Store::rollback`] may take back as a whole.
    pub fn begin(&mut self) {
        self.undo.clear();
        self.deleted_mark = self.deleted.len();
    }

    /// Takes back everything since [`Store::begin`], versions and indices alike.
    pub fn rollback(&mut self) {
        for (space, id) in std::mem::take(&mut self.undo).into_iter().rev() {
            let Some(versions) = self.tables.get_mut(&space).and_then(|table| table.get_mut(&id))
            else {
                continue;
            };
            let gone = versions.pop().and_then(|(_, record)| record);
            let back = versions.last().and_then(|(_, record)| record.clone());
            if versions.is_empty()
                && let Some(table) = self.tables.get_mut(&space)
            {
                table.remove(&id);
            }
            self.index(gone.as_deref(), back.as_deref());
        }
        self.deleted.truncate(self.deleted_mark);
    }
}
