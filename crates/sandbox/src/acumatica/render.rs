//! Records as contract-4 JSON (acumatica sheet section 5), with what `$select`, `$expand` and
//! `$custom` ask for (section 7).

use super::contract::{Entity, Field, Part, key_of};
use super::documents::{labels, links};
use super::files;
use super::query::Options;
use super::state::State;
use super::store::{AR, Fields, Record, Row};
use super::values::{Type, Val, padded_number, server_time};
use serde_json::{Map, Value, json};

/// Segmented keys, padded when the settings say so.
const SEGMENTED: [&str; 7] =
    ["acctcd", "customerid", "cashaccountid", "accountid", "accountcd", "subid", "inventorycd"];
const PADDED_TO: usize = 10;

/// How a record is shown.
pub struct View<'a> {
    pub state: &'a State,
    pub entity: &'a Entity,
    pub year: u8,
    pub version: &'a str,
    pub endpoint: &'a str,
    pub options: &'a Options,
    /// Ids of detail rows hold within a session (section 5).
    pub session: &'a str,
}

/// The value under a key, as filters and answers see it.
pub fn value_of(state: &State, record: &Record, key: &str) -> Option<Val> {
    match key {
        "lastmodifieddatetime" => Some(Val::Stamp(server_time(record.modified))),
        "createddatetime" => Some(Val::Stamp(server_time(record.created))),
        "noteid" => Some(Val::text(&record.id)),
        "adjdate"
            if state.settings.open_payments_dated_today && record.text("status") == "Open" =>
        {
            Some(Val::Date(state.today()))
        }
        _ => shown(state, &record.fields, key),
    }
}

fn shown(state: &State, fields: &Fields, key: &str) -> Option<Val> {
    let value = fields.get(key)?;
    let Val::Text(text) = value else { return Some(value.clone()) };
    if text.is_empty() {
        return None;
    }
    if labels::is_type(key) {
        return Some(Val::text(labels::label(text)));
    }
    if state.settings.pad_segmented && SEGMENTED.contains(&key) {
        return Some(Val::Text(format!("{text:<PADDED_TO$}")));
    }
    Some(value.clone())
}

/// The id of a row in one session.
pub fn row_id(session: &str, row: &str) -> String {
    let mut hash: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
    for byte in session.bytes().chain(row.bytes()) {
        hash = (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
    }
    let text = format!("{hash:032x}");
    let parts = [&text[..8], &text[8..12], &text[13..16], &text[17..20], &text[20..]];
    format!("{}-{}-4{}-8{}-{}", parts[0], parts[1], parts[2], parts[3], parts[4])
}

fn wrap(state: &State, value: Option<Val>) -> Value {
    match value {
        Some(Val::Num(number)) if state.settings.trailing_zeros => {
            json!({ "value": padded_number(number) })
        }
        Some(value) => json!({ "value": value.json() }),
        None => json!({}),
    }
}

impl View<'_> {
    /// A record; `number` is its place in a list, from 1.
    pub fn record(&self, record: &Record, number: usize) -> Value {
        let mut body = self.head(&record.id, number);
        body.insert(
            "note".to_owned(),
            match &record.note {
                Some(note) => json!({ "value": note }),
                None => Value::Null,
            },
        );
        for field in self.entity.fields.iter().filter(|field| field.since <= self.year) {
            if self.options.shows(&field.name) {
                let value = value_of(self.state, record, &field.key);
                body.insert(field.name.clone(), wrap(self.state, value));
            }
        }
        let strict = self.state.settings.select_drops_expanded;
        for part in self.entity.parts.iter().filter(|part| part.since <= self.year) {
            if self.options.shows_part(&part.name, strict) {
                body.insert(part.name.clone(), self.part(record, part));
            }
        }
        body.insert("custom".to_owned(), self.custom(record));
        if self.year > 20 {
            let asked = self.options.expand.iter().any(|name| name == "files");
            let files = || files::listed(self.state, &record.id, &self.base());
            body.insert("files".to_owned(), if asked { files() } else { json!([]) });
            body.insert("_links".to_owned(), self.links(&record.id));
        }
        Value::Object(body)
    }

    fn head(&self, id: &str, number: usize) -> Map<String, Value> {
        let mut body = Map::new();
        body.insert("id".to_owned(), json!(id));
        body.insert("rowNumber".to_owned(), json!(number));
        body.insert("note".to_owned(), Value::Null);
        body
    }

    /// The endpoint's address on its host.
    fn base(&self) -> String {
        format!("{}/entity/{}/{}", self.state.settings.site, self.endpoint, self.version)
    }

    fn links(&self, id: &str) -> Value {
        let base = self.base();
        let Entity { name, graph, view, .. } = self.entity;
        json!({
            "self": format!("{base}/{name}/{id}"),
            "files:put": format!("{base}/files/{graph}/{view}/{id}/{{filename}}"),
        })
    }

    fn part(&self, record: &Record, part: &Part) -> Value {
        if !part.detail {
            return self.linked(record, part);
        }
        let rows = self.rows(record, part);
        let shown = rows.iter().enumerate().map(|(index, row)| {
            let mut body = self.head(&row_id(self.session, &row.id), index + 1);
            for field in &part.fields {
                if self.options.shows_in_part(&part.name, &field.name) {
                    let value = shown(self.state, &row.fields, &field.key);
                    body.insert(field.name.clone(), wrap(self.state, value));
                }
            }
            body.insert("custom".to_owned(), self.row_custom(part, row));
            body.insert("files".to_owned(), json!([]));
            Value::Object(body)
        });
        Value::Array(shown.collect())
    }

    /// The rows of a detail: kept with the record, or found by looking at other documents.
    fn rows(&self, record: &Record, part: &Part) -> Vec<Row> {
        let invoice = record.table == AR && self.entity.name != "Payment";
        match part.view.as_str() {
            "adjustments" if invoice => links::applied_to(self.state, record),
            "adjustments_1" if invoice => links::applied_by(self.state, record),
            // A company's calendar is the shared one: one company, one table.
            "orgfinperiods" => record.rows("periods").to_vec(),
            view => record.rows(view).to_vec(),
        }
    }

    fn linked(&self, record: &Record, part: &Part) -> Value {
        let mut body = self.head(&row_id(&record.id, &part.name), 1);
        self.object(record, &part.name, &part.fields, &mut body);
        for inner in &part.inner {
            if self.options.shows_inner(&part.name, &inner.name) {
                let mut object = self.head(&row_id(&record.id, &format!("{}/a", part.name)), 1);
                self.object(record, "", &inner.fields, &mut object);
                body.insert(inner.name.clone(), Value::Object(object));
            }
        }
        Value::Object(body)
    }

    fn object(&self, record: &Record, part: &str, fields: &[Field], body: &mut Map<String, Value>) {
        for field in fields {
            if self.options.shows_in_part(part, &field.name) {
                let value = shown(self.state, &record.fields, &field.key);
                body.insert(field.name.clone(), wrap(self.state, value));
            }
        }
        body.insert("custom".to_owned(), json!({}));
        body.insert("files".to_owned(), json!([]));
    }

    /// What `$custom` asked for; names that the form does not have are left out.
    fn custom(&self, record: &Record) -> Value {
        let mut views: Map<String, Value> = Map::new();
        for path in self.options.custom.iter().filter(|path| !path.contains('/')) {
            let Some((view, field)) = path.split_once('.') else { continue };
            let key = key_of(&self.entity.view, view, field);
            let value = value_of(self.state, record, &key);
            if let Some(node) = self.custom_node(view, field, &key, value) {
                let fields = views.entry(view.to_owned()).or_insert_with(|| json!({}));
                fields[field] = node;
            }
        }
        Value::Object(views)
    }

    fn custom_node(&self, view: &str, field: &str, key: &str, value: Option<Val>) -> Option<Value> {
        let kind = match (self.user_field(view, field), self.entity.type_of(key), &value) {
            (Some(kind), _, _) => kind,
            (None, Some(kind), _) => kind.custom_name(value.as_ref()).to_owned(),
            (None, None, Some(value)) => kind_of(value).custom_name(Some(value)).to_owned(),
            (None, None, None) if labels::has_extra(&self.entity.name, key) => {
                "CustomStringField".to_owned()
            }
            _ => return None,
        };
        let mut node = json!({ "type": kind });
        if let Some(value) = value {
            node["value"] = value.json();
        }
        Some(node)
    }

    fn user_field(&self, view: &str, field: &str) -> Option<String> {
        let view = view.split(':').next().unwrap_or_default();
        let mut fields = self.state.user_fields.iter();
        let found = fields.find(|known| {
            known.entity == self.entity.name && known.view == view && known.field == field
        });
        found.map(|known| known.kind.clone())
    }

    fn row_custom(&self, part: &Part, row: &Row) -> Value {
        let mut views: Map<String, Value> = Map::new();
        for path in &self.options.custom {
            let Some(rest) = path.strip_prefix(&part.name).and_then(|rest| rest.strip_prefix('/'))
            else {
                continue;
            };
            let Some((view, field)) = rest.split_once('.') else { continue };
            if let Some(value) = shown(self.state, &row.fields, &field.to_lowercase()) {
                let kind = kind_of(&value).custom_name(Some(&value));
                let fields = views.entry(view.to_owned()).or_insert_with(|| json!({}));
                fields[field] = json!({"type": kind, "value": value.json()});
            }
        }
        Value::Object(views)
    }
}

fn kind_of(value: &Val) -> Type {
    match value {
        Val::Text(_) => Type::Text,
        Val::Num(_) => Type::Number,
        Val::Int(_) => Type::Integer,
        Val::Bool(_) => Type::Bool,
        Val::Date(_) | Val::Stamp(_) => Type::Time,
    }
}
