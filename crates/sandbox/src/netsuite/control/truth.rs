//! The ground truth: everything the account holds, in plain JSON. References are ids as text,
//! amounts are decimal text, dates and date-times are ISO.

use crate::netsuite::kind::Kind;
use crate::netsuite::ledger;
use crate::netsuite::record_json::stamp;
use crate::netsuite::state::State;
use crate::netsuite::store::Record;
use crate::netsuite::values::{Line, Val};
use serde_json::{Map, Value, json};

/// The whole truth.
pub fn report(state: &State) -> Value {
    let mut records: Map<String, Value> = Map::new();
    for space in state.store.spaces() {
        for record in state.store.all(&space) {
            let name = match &record.kind {
                Kind::Item => "item",
                kind => kind.rest_name(),
            };
            let list = records.entry(name.to_owned()).or_insert_with(|| json!([]));
            if let Some(list) = list.as_array_mut() {
                list.push(plain(record));
            }
        }
    }
    let deleted: Vec<Value> = state
        .store
        .deleted
        .iter()
        .map(|deleted| {
            json!({
                "type": deleted.kind.rest_name(),
                "id": deleted.id.to_string(),
                "name": deleted.name,
                "at": stamp(deleted.at),
            })
        })
        .collect();
    json!({
        "now": stamp(state.now),
        "account_id": state.account_id,
        "company": state.company,
        "preferences": state.preferences,
        "settings": state.settings,
        "records": records,
        "deleted": deleted,
        "ledger": ledger::report(state),
        "requests": state.journal.requests,
        "concurrency_refusals": state.journal.concurrency_refusals,
        "tokens_issued": state.integration.tokens_issued,
        "late_writes_waiting": state.late.len(),
        "faults": state.faults.report(),
    })
}

/// All records of a type.
pub fn records_of(state: &State, kind: &Kind) -> Value {
    state.store.of(kind).map(|record| plain(record)).collect()
}

/// One record in plain JSON.
pub fn plain(record: &Record) -> Value {
    let mut out = plain_line(&record.fields);
    out.insert("id".to_owned(), json!(record.id.to_string()));
    out.insert("type".to_owned(), json!(record.rest_name()));
    if let Some(external_id) = &record.external_id {
        out.insert("externalId".to_owned(), json!(external_id));
    }
    out.insert("createdDate".to_owned(), json!(stamp(record.created)));
    out.insert("lastModifiedDate".to_owned(), json!(stamp(record.modified)));
    if record.kind.is_transaction() {
        out.insert("posting".to_owned(), json!(record.posting));
        out.insert("voided".to_owned(), json!(record.voided()));
        let lines: Vec<Value> = record
            .lines
            .iter()
            .map(|line| {
                json!({
                    "line": line.line,
                    "account": line.account.to_string(),
                    "base": line.base.normalize().to_string(),
                    "foreign": line.foreign.normalize().to_string(),
                })
            })
            .collect();
        out.insert("postings".to_owned(), Value::Array(lines));
    }
    for (name, lines) in &record.lists {
        let lines: Vec<Value> = lines.iter().map(|line| Value::Object(plain_line(line))).collect();
        out.insert((*name).to_owned(), Value::Array(lines));
    }
    Value::Object(out)
}

fn plain_line(line: &Line) -> Map<String, Value> {
    let shown = line.iter().filter(|(name, _)| !name.starts_with('$'));
    shown.map(|(name, value)| (name.clone(), plain_value(value))).collect()
}

fn plain_value(value: &Val) -> Value {
    match value {
        Val::Text(text) | Val::Code(text) => json!(text),
        Val::Bool(flag) => json!(flag),
        Val::Num(number) => json!(number.normalize().to_string()),
        Val::Date(date) => json!(date.to_string()),
        Val::Stamp(at) => json!(stamp(*at)),
        Val::Ref(id) => json!(id.to_string()),
        Val::Many(ids) => json!(ids.iter().map(i64::to_string).collect::<Vec<_>>()),
        Val::Sub(sub) => Value::Object(plain_line(sub)),
    }
}
