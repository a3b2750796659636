//! The ground truth: everything the site holds, in plain JSON. Names are those of the newest
//! endpoint, keys that it has no name for are the form's; amounts are decimal text, dates ISO.

use super::{Answer, refuse};
use crate::acumatica::contract::{self, Entity};
use crate::acumatica::documents::{invoice, labels, posting};
use crate::acumatica::render::value_of;
use crate::acumatica::state::State;
use crate::acumatica::store::{AR, Record, Row, table_of};
use crate::acumatica::values::stamp;
use serde_json::{Map, Value, json};

const NEWEST: u8 = 25;

/// The whole truth.
pub fn report(state: &State) -> Value {
    let mut records: Map<String, Value> = Map::new();
    for record in state.store.all() {
        let name = entity_of(record);
        let list = records.entry(name.to_owned()).or_insert_with(|| json!([]));
        if let Some(list) = list.as_array_mut() {
            list.push(plain(state, record));
        }
    }
    let sessions: Vec<&str> =
        state.access.sessions.values().map(|session| session.user.as_str()).collect();
    json!({
        "now": stamp(state.now),
        "tenant": state.tenant,
        "preferences": state.preferences,
        "settings": state.settings,
        "records": records,
        "cash_accounts": state.cash_accounts.values().collect::<Vec<_>>(),
        "entry_types": state.entry_types.values().collect::<Vec<_>>(),
        "ledger": posting::report(state),
        "requests": state.journal.requests,
        "requests_declined": state.journal.declined,
        "logins_refused": state.journal.logins_refused,
        "tokens_issued": state.access.tokens_issued,
        "sessions": sessions,
        "sessions_opened": state.access.sessions_opened,
        "late_writes_waiting": state.late.len(),
        "operations_running": state.operations.values().filter(|found| !found.done).count(),
        "faults": state.faults.report(),
    })
}

/// The entity under which a record is shown.
pub fn entity_of(record: &Record) -> &'static str {
    match record.table.0 {
        "ARRegister" => {
            let memo = invoice::TYPES.contains(&record.text("doctype"));
            if memo { "Invoice" } else { "Payment" }
        }
        "Batch" => "JournalTransaction",
        "CAAdj" => "CashTransaction",
        "FinYear" => "FinancialPeriod",
        "InventoryItem" => "NonStockItem",
        table => table,
    }
}

/// All records of an entity.
pub fn records_of(state: &State, name: &str) -> Answer {
    if contract::entity(name, NEWEST).is_none() {
        return Err(refuse(format!("no such entity: {name}")));
    }
    let table = table_of(name);
    let of = |record: &&std::sync::Arc<Record>| table != AR || entity_of(record) == name;
    Ok(state.store.of(&table).filter(of).map(|record| plain(state, record)).collect())
}

/// One record in plain JSON.
pub fn plain(state: &State, record: &Record) -> Value {
    let mut out = Map::new();
    out.insert("id".to_owned(), json!(record.id));
    if let Some(note) = &record.note {
        out.insert("note".to_owned(), json!(note));
    }
    let entity = contract::entity(entity_of(record), NEWEST);
    let mut named: Vec<&str> = Vec::new();
    for field in entity.iter().flat_map(|entity| &entity.fields) {
        if let Some(value) = value_of(state, record, &field.key) {
            out.insert(field.name.clone(), value.plain());
            named.push(&field.key);
        }
    }
    let rest = record.fields.iter();
    for (key, value) in rest.filter(|(key, _)| !named.contains(&key.as_str())) {
        let value = if labels::is_type(key) {
            json!(labels::label(record.text(key)))
        } else {
            value.plain()
        };
        out.insert(key.clone(), value);
    }
    out.insert("created".to_owned(), json!(stamp(record.created)));
    out.insert("modified".to_owned(), json!(stamp(record.modified)));
    for (view, rows) in &record.rows {
        let name = entity.and_then(|entity| part_name(entity, view)).unwrap_or(view);
        let rows: Vec<Value> = rows.iter().map(|row| plain_row(entity, view, row)).collect();
        out.insert(name.to_owned(), Value::Array(rows));
    }
    Value::Object(out)
}

fn part_name<'a>(entity: &'a Entity, view: &str) -> Option<&'a str> {
    let mut parts = entity.parts.iter();
    parts.find(|part| part.detail && part.view == view).map(|part| part.name.as_str())
}

fn plain_row(entity: Option<&Entity>, view: &str, row: &Row) -> Value {
    let mut parts = entity.into_iter().flat_map(|entity| &entity.parts);
    let part = parts.find(|part| part.detail && part.view == view);
    let mut out = Map::new();
    for (key, value) in &row.fields {
        let mut fields = part.into_iter().flat_map(|part| &part.fields);
        let name = fields.find(|field| field.key == *key).map_or(key, |field| &field.name);
        let shown =
            if labels::is_type(key) { json!(labels::label(row.text(key))) } else { value.plain() };
        out.insert(name.clone(), shown);
    }
    Value::Object(out)
}
