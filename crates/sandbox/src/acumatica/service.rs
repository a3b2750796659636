//! What the contract-based API does with a record: list, find, upsert, delete, act (acumatica sheet
//! sections 6, 7, 8). No HTTP in here.

use super::contract::Entity;
use super::documents::{self, Op, invoice, labels, payment, voiding};
use super::errors::{ApiError, Result};
use super::faults::FaultKind;
use super::input::{self, Input};
use super::operations::{self, Operation};
use super::query::{self, Options, Scope};
use super::state::{Right, State};
use super::store::{AR, Record, table_of};
use super::values::Val;
use jiff::SignedDuration;
use serde_json::{Map, Value};
use std::sync::Arc;

/// Lists that read what is computed are refused by the export (section 7).
const COMPUTED_PARTS: [(&str, &str); 5] = [
    ("Payment", "ApplicationHistory"),
    ("Invoice", "ApplicationsDefault"),
    ("Invoice", "ApplicationsCreditMemo"),
    ("FinancialPeriod", "Details"),
    ("CompanyFinancialPeriod", "Details"),
];
const COMPUTED_FIELDS: [&str; 3] = ["AvailableBalance", "AppliedToDocuments", "AppliedToOrders"];

/// An entity as one request uses it.
pub struct Service<'a> {
    pub entity: &'a Entity,
    pub year: u8,
    pub op: Op,
}

/// How a write finds its record.
#[derive(Debug, Clone, Copy, Default)]
pub struct Conditions {
    /// `If-None-Match: *`.
    pub absent: bool,
    /// `If-Match: *`.
    pub present: bool,
    /// PATCH: never inserts, 404.
    pub patch: bool,
}

impl Service<'_> {
    fn scope<'s>(&'s self, state: &'s State) -> Scope<'s> {
        Scope { state, entity: self.entity, year: self.year }
    }

    /// Whether a record belongs to the entity: three forms share the AR documents.
    fn shows(&self, state: &State, record: &Record) -> bool {
        let kind = record.text("doctype");
        let orders = record.text("origmodule") == "SO";
        match self.entity.name.as_str() {
            // The form of payments knows a credit memo once it is released.
            "Payment" => {
                payment::TYPES.contains(&kind) && (kind != "CRM" || record.flag("released"))
            }
            "SalesInvoice" => invoice::TYPES.contains(&kind) && orders,
            "Invoice" => {
                let shown = !orders || state.settings.order_documents_as_invoices;
                invoice::TYPES.contains(&kind) && shown
            }
            "StockItem" => record.flag("stkitem"),
            "NonStockItem" => !record.flag("stkitem"),
            _ => true,
        }
    }

    fn permit(&self, state: &State) -> Result<Right> {
        let right = state.rights.get(&self.entity.screen).copied().unwrap_or(Right::Edit);
        if right == Right::None {
            return Err(ApiError::rights(&self.entity.name, &self.entity.screen));
        }
        Ok(right)
    }

    /// The records of a list, in no order that a client could rely on.
    pub fn list(&self, state: &mut State, options: &Options) -> Result<Vec<Arc<Record>>> {
        self.permit(state)?;
        self.optimise(state, options)?;
        if let Some(filter) = &options.filter {
            let views = query::views(&self.scope(state), filter)?;
            if views.len() > 1 && state.settings.cross_view_empty {
                return Ok(Vec::new());
            }
        }
        let table = table_of(&self.entity.name);
        let stale = state.faults.stale_minutes;
        let mut found: Vec<Arc<Record>> = if stale > 0 {
            state.faults.count("stale_list");
            state.store.at(&table, state.now - SignedDuration::from_mins(stale))
        } else {
            state.store.of(&table).cloned().collect()
        };
        found.retain(|record| self.shows(state, record));
        if let Some(filter) = &options.filter {
            let scope = self.scope(state);
            let mut kept = Vec::new();
            for record in found {
                if query::matches(&scope, filter, &record)? {
                    kept.push(record);
                }
            }
            found = kept;
        }
        found.sort_by(|one, other| one.id.cmp(&other.id));
        let top = options.top.unwrap_or(usize::MAX);
        Ok(found.into_iter().skip(options.skip).take(top).collect())
    }

    fn optimise(&self, state: &State, options: &Options) -> Result<()> {
        let mut refused = Vec::new();
        for (entity, part) in COMPUTED_PARTS {
            let named = options.expand.iter().any(|name| name == part);
            if entity == self.entity.name && named {
                let view = self.entity.part(part, self.year).map_or("", |part| &part.view);
                refused.push(format!("{part}.AmountPaid: View {view} has BQL delegate"));
            }
        }
        if self.entity.name == "Payment" && state.settings.refuse_computed_in_lists {
            if options.expand.iter().any(|name| name == "DocumentsToApply") {
                refused
                    .push("DocumentsToApply.AmountPaid: View Adjustments has BQL delegate".into());
            }
            for name in options.select.iter().flatten() {
                if COMPUTED_FIELDS.contains(&name.as_str()) {
                    refused.push(format!("{name}: the field has no column"));
                }
            }
        }
        if refused.is_empty() { Ok(()) } else { Err(ApiError::optimiser(&refused)) }
    }

    /// The record behind the rest of a path: an id, or the key values.
    pub fn by_path(&self, state: &State, path: &[String]) -> Result<Arc<Record>> {
        self.permit(state)?;
        let found = match path {
            [id] if is_guid(id) => state.store.get(id).cloned(),
            _ => self.by_keys(state, path),
        };
        let fits = |record: &Arc<Record>| {
            record.table == table_of(&self.entity.name) && self.shows(state, record)
        };
        found.filter(fits).ok_or_else(ApiError::absent)
    }

    fn by_keys(&self, state: &State, path: &[String]) -> Option<Arc<Record>> {
        let split: Vec<String> =
            path.iter().flat_map(|part| part.split('|')).map(str::to_owned).collect();
        if split.len() != self.entity.keys.len() || split.is_empty() {
            return None;
        }
        let mut parts = split;
        let company = (self.entity.name == "CompanyFinancialPeriod").then(|| parts.remove(0));
        if table_of(&self.entity.name) == AR {
            labels::code(&parts[0])?.clone_into(&mut parts[0]);
        }
        let found = state.find(&table_of(&self.entity.name), &parts.join("|"));
        found.filter(|record| company.is_none_or(|name| record.text("organizationid") == name))
    }

    /// The record that a body means: by id, by the URL's filter, or by its keys.
    fn locate(
        &self,
        state: &mut State,
        input: &Input,
        options: &Options,
    ) -> Result<Option<Arc<Record>>> {
        if let Some(id) = &input.id {
            return self.by_path(state, std::slice::from_ref(id)).map(Some);
        }
        if options.filter.is_some() {
            let asked = Options { filter: options.filter.clone(), ..Options::default() };
            let mut found = self.list(state, &asked)?;
            return match found.len() {
                0 => Ok(None),
                1 => Ok(found.pop()),
                // UNVERIFIED status of several matches (section 19, row 21).
                _ => Err(ApiError::px("Error: More than one entity satisfies the condition.")),
            };
        }
        let mut keys = Vec::new();
        for name in &self.entity.keys {
            let key = self.entity.field(name, self.year).map_or("", |field| &field.key);
            match input.fields.get(key).cloned().flatten() {
                Some(Val::Text(text)) => keys.push(text),
                Some(Val::Int(number)) => keys.push(number.to_string()),
                None if name == "Type" => keys.push(self.default_type().to_owned()),
                None if name == "Module" => keys.push("GL".to_owned()),
                _ => return Ok(None),
            }
        }
        Ok(self.by_keys(state, &keys).filter(|record| self.shows(state, record)))
    }

    fn default_type(&self) -> &'static str {
        if self.entity.name == "Payment" { "PMT" } else { "INV" }
    }

    /// PUT and PATCH: changes the record that the body means, or makes one. Answers its id;
    /// `None` when the user's rights let the write pass without an effect.
    pub fn upsert(
        &self,
        state: &mut State,
        body: &Map<String, Value>,
        options: &Options,
        when: Conditions,
        path: &str,
    ) -> Result<Option<String>> {
        let right = self.permit(state)?;
        let input = input::read(state, self.entity, self.year, body)?;
        let old = self.locate(state, &input, options)?;
        operations::check_form(state, &self.op.session, &self.entity.name)?;
        if when.patch && old.is_none() {
            return Err(ApiError::not_found("No entity satisfies the condition."));
        }
        if (when.absent && old.is_some()) || (when.present && old.is_none()) {
            return Err(ApiError::Precondition);
        }
        if let Some(old) = &old {
            operations::check_unlocked(state, &old.id)?;
        }
        let method = if when.patch { "PATCH" } else { "PUT" };
        match state.faults.on_write(method, path) {
            Some(FaultKind::Collision) => return Err(ApiError::collision(&self.entity.name)),
            Some(_) => return Ok(old.map(|old| old.id.clone())),
            None if right == Right::View => return Ok(old.map(|old| old.id.clone())),
            None => {}
        }
        if let Some(text) = state.faults.on_save(&self.entity.name) {
            return Err(ApiError::px(text));
        }
        self.save(state, old.as_ref(), &input, body).map(Some)
    }

    fn save(
        &self,
        state: &mut State,
        old: Option<&Arc<Record>>,
        input: &Input,
        body: &Map<String, Value>,
    ) -> Result<String> {
        let op = self.op.clone();
        let saved = state.atomically(|state| documents::save(state, old, input, &op));
        saved.map_err(|error| {
            let period = error.words().contains("financial period");
            if period && state.settings.period_errors_as_exception {
                return ApiError::px(error.plain_words());
            }
            let id = old.map_or_else(|| state.uuid(), |old| old.id.clone());
            error.echo(&Value::Object(body.clone()), &id, old.is_none())
        })
    }

    /// DELETE.
    pub fn delete(&self, state: &mut State, path: &[String]) -> Result<()> {
        let right = self.permit(state)?;
        let record = self.by_path(state, path)?;
        operations::check_form(state, &self.op.session, &self.entity.name)?;
        operations::check_unlocked(state, &record.id)?;
        if right == Right::View {
            return Err(ApiError::disabled("Delete"));
        }
        state.atomically(|state| documents::delete(state, &record))
    }

    /// The graph's action behind a name in a path: a declared one, or the graph's own name.
    pub fn action(&self, name: &str) -> Result<String> {
        let declared = self.entity.actions.iter().find(|(known, _)| known == name);
        if let Some((_, graph)) = declared {
            return Ok(graph.to_lowercase());
        }
        let lower = name.to_lowercase();
        let graphs = ["release", "voidcheck", "reverseapplication"];
        let own = self.entity.actions.iter().any(|(_, graph)| graph.to_lowercase() == lower);
        let reversal = lower == "reverseapplication" && self.entity.name == "Payment";
        if graphs.contains(&lower.as_str()) && (own || reversal) {
            return Ok(lower);
        }
        Err(ApiError::not_found(format!("Can't find action {name} of {}.", self.entity.name)))
    }

    /// POST of an action. `Ok(Some(id))`: a long operation runs; `Ok(None)`: done.
    pub fn act(
        &self,
        state: &mut State,
        name: &str,
        body: &Map<String, Value>,
        path: &str,
    ) -> Result<(Option<String>, String)> {
        let right = self.permit(state)?;
        let action = self.action(name)?;
        let Some(Value::Object(sent)) = body.get("entity") else {
            return Err(ApiError::parsing("entity", "an object is expected"));
        };
        let input = input::read(state, self.entity, self.year, sent)?;
        let found = self.locate(state, &input, &Options::default())?;
        let record = found.ok_or_else(ApiError::absent)?;
        if right == Right::View {
            return Err(ApiError::disabled(name));
        }
        operations::check_free(state, &self.op.session, &self.entity.name, &record.id)?;
        match state.faults.on_write("POST", path) {
            Some(FaultKind::Collision) => return Err(ApiError::collision(&self.entity.name)),
            Some(_) => return Ok((None, record.id.clone())),
            None => {}
        }
        let record = self.write_first(state, record, &input, sent)?;
        let long = documents::begin(state, &self.entity.name, &action, &record)?;
        if action == "voidcheck" {
            let op = self.op.clone();
            let id = state.atomically(|state| voiding::begin(state, &record, &op))?;
            return Ok((None, id));
        }
        if !long {
            return Ok((None, record.id.clone()));
        }
        if state.settings.inline_actions {
            let entity = self.entity.name.clone();
            state.atomically(|state| documents::run(state, &entity, &action, &record.id))?;
            return Ok((None, record.id.clone()));
        }
        let id = state.uuid();
        let operation = Operation {
            session: self.op.session.clone(),
            entity: self.entity.name.clone(),
            action,
            record: record.id.clone(),
            due: state.in_seconds(state.settings.operation_seconds),
            polls: 0,
            done: false,
            failure: None,
            path: path.to_owned(),
        };
        state.operations.insert(id.clone(), operation);
        Ok((Some(id), record.id.clone()))
    }

    /// Other fields in an action's entity are written first (section 8).
    fn write_first(
        &self,
        state: &mut State,
        record: Arc<Record>,
        input: &Input,
        sent: &Map<String, Value>,
    ) -> Result<Arc<Record>> {
        let is_key = |key: &str| {
            self.entity.keys.iter().any(|name| {
                self.entity.field(name, self.year).is_some_and(|field| field.key == key)
            })
        };
        let more = input.fields.keys().any(|key| !is_key(key)) || !input.rows.is_empty();
        if !more {
            return Ok(record);
        }
        let id = self.save(state, Some(&record), input, sent)?;
        state.store.get(&id).cloned().ok_or_else(ApiError::absent)
    }
}

/// Whether a segment is an id.
pub fn is_guid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    let hex = text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit());
    hex && lengths == [8, 4, 4, 4, 12]
}
