//! What the record service does with a record: find it, create, change, upsert, delete, transform
//! (netsuite sheet sections 5.1, 5.10, 5.12). No HTTP in here.

use super::errors::{ApiError, Result};
use super::input::Op;
use super::kind::Kind;
use super::records::{self, invoice};
use super::state::{Level, State};
use super::store::Record;
use super::sublists;
use super::values::Val;
use serde_json::{Map, Value};
use std::sync::Arc;

/// How a path names a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Address {
    Id(i64),
    External(String),
}

impl Address {
    /// Reads the path segment after the record type.
    pub fn parse(segment: &str) -> Result<Address> {
        if let Some(external_id) = segment.strip_prefix("eid:") {
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
            if external_id.is_empty() || !external_id.chars().all(fits) {
                return Err(ApiError::invalid_id(segment));
            }
            return Ok(Address::External(external_id.to_owned()));
        }
        let digits = segment.strip_prefix('-').unwrap_or(segment);
        let well_formed = !digits.is_empty()
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        match segment.parse() {
            Ok(id) if well_formed => Ok(Address::Id(id)),
            _ => Err(ApiError::invalid_id(segment)),
        }
    }
}

impl State {
    /// The record behind an address; hidden records are as good as absent.
    pub fn find(&self, kind: &Kind, address: &Address) -> Result<Arc<Record>> {
        self.find_for(kind, address, false)
    }

    /// As [`State::find`]; a person sees what is hidden from the integration's role.
    fn find_for(&self, kind: &Kind, address: &Address, person: bool) -> Result<Arc<Record>> {
        let found = match address {
            Address::Id(id) => self.store.get(kind, *id),
            Address::External(external_id) => self.store.by_external(kind, external_id),
        };
        let seen = |record: &&Arc<Record>| person || self.role.sees(record.reference("subsidiary"));
        let visible = found.filter(seen);
        match (visible, address) {
            (Some(record), _) => Ok(record.clone()),
            (None, Address::Id(_)) if kind.is_transaction() => Err(ApiError::wrong_transaction()),
            (None, _) => Err(ApiError::nonexistent()),
        }
    }

    /// Refuses what the role may not do with a type.
    pub fn permit(&self, kind: &Kind, level: Level) -> Result<()> {
        match kind.permission() {
            Some((id, name)) if !self.role.may(id, level) => Err(ApiError::permission(name)),
            _ => Ok(()),
        }
    }

    /// Creates a record from a body. `name` is the record type as the path spells it; `id` fixes
    /// the internal id (seed only).
    pub fn create(
        &mut self,
        kind: &Kind,
        name: &str,
        id: Option<i64>,
        body: &Map<String, Value>,
        op: &Op,
    ) -> Result<i64> {
        self.atomically(|state| {
            let mut record = Record::new(kind.clone(), state.now);
            if let Some(id) = id {
                state.store.reserve(&kind.space(), id);
                record.id = id;
            }
            if *kind == Kind::Item {
                name_item(&mut record, name);
            }
            if *kind == Kind::JournalEntry {
                records::journal_entry::permit(state, body, op)?;
            }
            let input = state.read_body(kind, body, op)?;
            sublists::merge(state, &mut record, input, op)?;
            records::save(state, None, record, op)
        })
    }

    /// Changes a record by a body.
    pub fn patch(
        &mut self,
        kind: &Kind,
        address: &Address,
        body: &Map<String, Value>,
        op: &Op,
    ) -> Result<i64> {
        let old = self.find_for(kind, address, op.person)?;
        self.atomically(|state| {
            let mut record = (*old).clone();
            if *kind == Kind::JournalEntry {
                records::journal_entry::permit(state, body, op)?;
            }
            let input = state.read_body(kind, body, op)?;
            sublists::merge(state, &mut record, input, op)?;
            records::save(state, Some(&old), record, op)
        })
    }

    /// Creates or changes the record with this external id.
    pub fn upsert(
        &mut self,
        kind: &Kind,
        name: &str,
        external_id: &str,
        body: &Map<String, Value>,
        op: &Op,
    ) -> Result<i64> {
        let stated = body.iter().find(|(key, _)| key.eq_ignore_ascii_case("externalId"));
        if stated.is_some_and(|(_, value)| value.as_str() != Some(external_id)) {
            return Err(ApiError::invalid_field(external_id, "externalid", "externalId"));
        }
        let address = Address::External(external_id.to_owned());
        if self.store.by_external(kind, external_id).is_some() {
            let change = Op { create: false, ..op.clone() };
            return self.patch(kind, &address, body, &change);
        }
        let mut body = body.clone();
        body.insert("externalId".to_owned(), Value::String(external_id.to_owned()));
        self.create(kind, name, None, &body, op)
    }

    /// Deletes a record.
    pub fn delete(&mut self, kind: &Kind, address: &Address, op: &Op) -> Result<()> {
        let record = self.find_for(kind, address, op.person)?;
        self.atomically(|state| records::delete(state, &record, op))
    }

    /// Makes a document of another type from a record; the body overrides what is prefilled.
    pub fn transform(
        &mut self,
        source: &Kind,
        address: &Address,
        target: &Kind,
        body: &Map<String, Value>,
        op: &Op,
    ) -> Result<i64> {
        let record = self.find(source, address)?;
        if !record.posting || record.voided() {
            return Err(ApiError::user("This transaction cannot be transformed."));
        }
        let mut filled = match (source, target) {
            (Kind::Invoice, Kind::CustomerPayment) => invoice::to_payment(self, &record),
            (Kind::Invoice, Kind::CreditMemo) => invoice::to_credit(&record),
            _ => return Err(ApiError::user("That type of record transformation is not allowed.")),
        };
        if *target == Kind::CustomerPayment && record.num("amountRemaining").is_zero() {
            return Err(ApiError::user("This invoice has been paid in full."));
        }
        if body.keys().any(|key| key.eq_ignore_ascii_case("account"))
            && !body.keys().any(|key| key.eq_ignore_ascii_case("undepFunds"))
        {
            filled.remove("undepFunds");
        }
        for (name, value) in body {
            filled.retain(|known, _| !known.eq_ignore_ascii_case(name));
            filled.insert(name.clone(), value.clone());
        }
        let from = record.id;
        self.atomically(|state| {
            let mut made = Record::new(target.clone(), state.now);
            let input = state.read_body(target, &filled, op)?;
            sublists::merge(state, &mut made, input, op)?;
            made.set("createdFrom", Val::Ref(from));
            if *target == Kind::CustomerPayment {
                made.fields.remove("createdFrom");
            }
            records::save(state, None, made, op)
        })
    }
}

fn name_item(record: &mut Record, name: &str) {
    let known = super::kind::ITEM_NAMES.iter().find(|(rest, _, _)| rest.eq_ignore_ascii_case(name));
    if let Some((rest, item_type, subtype)) = known {
        record.set("$restName", Val::Text((*rest).to_owned()));
        record.set("$itemType", Val::Text((*item_type).to_owned()));
        record.set("$subtype", Val::Text((*subtype).to_owned()));
    }
}
