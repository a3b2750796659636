//! Bodies of writes, read against the contract (acumatica sheet sections 5, 6, 16): known fields
//! must be wrapped, unknown ones are ignored, rows are matched by id or by their keys.

use super::contract::{Entity, Field, Part, key_of};
use super::documents::labels;
use super::errors::{ApiError, Result};
use super::render::row_id;
use super::state::State;
use super::store::{Fields, Row};
use super::values::{Type, Val, parse};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Values to set; `None` clears.
pub type Changes = BTreeMap<String, Option<Val>>;

/// A row of a detail as it was sent.
#[derive(Debug, Clone, Default)]
pub struct RowInput {
    /// Its place in the list that was sent.
    pub index: usize,
    pub id: Option<String>,
    pub delete: bool,
    pub fields: Changes,
}

/// A body, read.
#[derive(Debug, Clone, Default)]
pub struct Input {
    pub id: Option<String>,
    pub note: Option<String>,
    pub fields: Changes,
    /// Rows by view, with the detail's name.
    pub rows: BTreeMap<String, (String, Vec<RowInput>)>,
}

impl Input {
    /// A text that was sent.
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.fields.get(key) {
            Some(Some(Val::Text(text))) => Some(text),
            _ => None,
        }
    }
}

/// Reads a body.
pub fn read(state: &State, entity: &Entity, year: u8, body: &Map<String, Value>) -> Result<Input> {
    let mut input = Input::default();
    for (name, value) in body {
        match name.as_str() {
            "id" => input.id = plain_text(name, value)?,
            "note" => {
                input.note = value["value"].as_str().or_else(|| value.as_str()).map(str::to_owned);
            }
            "custom" => custom(state, entity, value, &mut input.fields)?,
            _ => {
                if let Some(field) = entity.field(name, year) {
                    scalar(state, field, name, value, &mut input.fields)?;
                } else if let Some(part) = entity.part(name, year) {
                    read_part(state, part, value, &mut input)?;
                }
            }
        }
    }
    Ok(input)
}

fn plain_text(name: &str, value: &Value) -> Result<Option<String>> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        _ => Err(ApiError::parsing(name, "a plain string is expected")),
    }
}

fn is_moment(key: &str) -> bool {
    key.ends_with("datetime")
}

fn scalar(
    state: &State,
    field: &Field,
    name: &str,
    value: &Value,
    into: &mut Changes,
) -> Result<()> {
    let Value::Object(wrapped) = value else {
        return Err(ApiError::parsing(name, "an object with a value is expected"));
    };
    let Some(inner) = wrapped.get("value") else { return Ok(()) };
    if field.key.is_empty() {
        return Ok(());
    }
    let read = match inner {
        Value::Null => None,
        inner => {
            let value = parse(field.kind, is_moment(&field.key), inner, &state.zone())
                .map_err(|text| ApiError::parsing(name, &text))?;
            Some(coded(&field.key, value)?)
        }
    };
    into.insert(field.key.clone(), read);
    Ok(())
}

/// Types of documents are kept as codes; labels and codes are accepted (section 5).
fn coded(key: &str, value: Val) -> Result<Val> {
    match value {
        Val::Text(text) if labels::is_type(key) => match labels::code(&text) {
            Some(code) => Ok(Val::text(code)),
            None => Err(ApiError::px(format!("Error: '{text}' is not a type of documents."))),
        },
        other => Ok(other),
    }
}

fn read_part(state: &State, part: &Part, value: &Value, input: &mut Input) -> Result<()> {
    if !part.detail {
        let Value::Object(object) = value else {
            return if value.is_null() {
                Ok(())
            } else {
                Err(ApiError::parsing(&part.name, "an object is expected"))
            };
        };
        return linked(state, part, object, &mut input.fields);
    }
    let rows = match value {
        Value::Array(rows) => rows.as_slice(),
        Value::Null => &[],
        _ => return Err(ApiError::parsing(&part.name, "an array is expected")),
    };
    let mut read = Vec::new();
    for (index, row) in rows.iter().enumerate() {
        let Value::Object(row) = row else {
            return Err(ApiError::parsing(&part.name, "an object is expected"));
        };
        read.push(read_row(state, part, index, row)?);
    }
    input.rows.insert(part.view.clone(), (part.name.clone(), read));
    Ok(())
}

fn read_row(
    state: &State,
    part: &Part,
    index: usize,
    row: &Map<String, Value>,
) -> Result<RowInput> {
    let mut input = RowInput { index, ..RowInput::default() };
    for (name, value) in row {
        match name.as_str() {
            "id" => input.id = plain_text(name, value)?,
            "delete" => input.delete = value.as_bool().unwrap_or(false),
            "custom" => {
                row_custom(state, part, value, &mut input.fields)?;
            }
            _ => {
                if let Some(field) = part.fields.iter().find(|field| field.name == *name) {
                    scalar(state, field, name, value, &mut input.fields)?;
                }
            }
        }
    }
    Ok(input)
}

/// Fields in the `custom` of a row: those of the detail, or made by an administrator. Others are
/// ignored without a word, as in the document's own `custom`.
fn row_custom(state: &State, part: &Part, value: &Value, into: &mut Changes) -> Result<()> {
    for (view, fields) in value.as_object().into_iter().flatten() {
        for (field, node) in fields.as_object().into_iter().flatten() {
            let key = field.to_lowercase();
            let own = part.fields.iter().find(|known| known.key == key).map(|known| known.kind);
            let mut made = state.user_fields.iter();
            let made = made.find(|known| known.view == *view && known.field == *field);
            let kind = own.or_else(|| Type::of_custom(&made?.kind));
            let Some(kind) = kind else { continue };
            if let Some(value) = custom_value(state, kind, &key, node)? {
                into.insert(key, value);
            }
        }
    }
    Ok(())
}

fn linked(
    state: &State,
    part: &Part,
    object: &Map<String, Value>,
    into: &mut Changes,
) -> Result<()> {
    for (name, value) in object {
        if let Some(field) = part.fields.iter().find(|field| field.name == *name) {
            scalar(state, field, name, value, into)?;
        } else if let (Some(inner), Value::Object(object)) =
            (part.inner.iter().find(|inner| inner.name == *name), value)
        {
            linked(state, inner, object, into)?;
        }
    }
    Ok(())
}

fn custom_value(state: &State, kind: Type, key: &str, node: &Value) -> Result<Option<Option<Val>>> {
    match node.get("value") {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(None)),
        Some(value) => {
            let value = parse(kind, is_moment(key), value, &state.zone())
                .map_err(|text| ApiError::parsing(key, &text))?;
            Ok(Some(Some(coded(key, value)?)))
        }
    }
}

/// Fields in `custom`: those of the contract, of the form, or made by an administrator. Others are
/// ignored without a word (section 5).
fn custom(state: &State, entity: &Entity, value: &Value, into: &mut Changes) -> Result<()> {
    let Value::Object(views) = value else {
        return Err(ApiError::parsing("custom", "an object is expected"));
    };
    for (view, fields) in views {
        for (field, node) in fields.as_object().into_iter().flatten() {
            if !node.is_object() {
                return Err(ApiError::parsing(field, "an object with a value is expected"));
            }
            let key = key_of(&entity.view, view, field);
            let bare = view.split(':').next().unwrap_or_default();
            let made = state.user_fields.iter().find(|known| {
                known.entity == entity.name && known.view == bare && known.field == *field
            });
            let kind = made
                .and_then(|made| Type::of_custom(&made.kind))
                .or_else(|| entity.type_of(&key))
                .or_else(|| labels::extra_type(&entity.name, &key));
            let Some(kind) = kind else { continue };
            if let Some(value) = custom_value(state, kind, &key, node)? {
                into.insert(key, value);
            }
        }
    }
    Ok(())
}

/// How a view's rows are matched: the keys of a row, and what a key is when it is not sent.
pub fn row_keys(view: &str) -> &'static [&'static str] {
    match view {
        "adjustments" => &["adjddoctype", "adjdrefnbr", "adjdlinenbr"],
        "answers" => &["attributeid"],
        "transactions" | "paymentcharges" | "gltranmodulebatnbr" => &["linenbr"],
        _ => &[],
    }
}

/// What became of a sent row.
pub struct Merged {
    pub index: usize,
    /// The row's id, unless it was deleted.
    pub row: Option<String>,
}

/// Puts sent rows into a detail (section 5, "Detail-row semantics"): by id within the session, by
/// all keys, else as new rows.
pub fn merge(
    state: &mut State,
    session: &str,
    view: &str,
    rows: &mut Vec<Row>,
    sent: &[RowInput],
) -> Result<Vec<Merged>> {
    let mut done = Vec::new();
    for input in sent {
        let keys = row_keys(view);
        let has_keys = !keys.is_empty()
            && keys.iter().all(|key| matches!(input.fields.get(*key), Some(Some(_))));
        let same = |row: &Row| {
            keys.iter().all(|key| {
                let sent = input.fields.get(*key).cloned().flatten();
                same_value(row.fields.get(*key), sent.as_ref())
            })
        };
        let at = match &input.id {
            Some(id) => {
                let found = rows.iter().position(|row| row_id(session, &row.id) == *id);
                Some(found.ok_or_else(ApiError::absent)?)
            }
            None if has_keys => rows.iter().position(same),
            None => None,
        };
        if input.delete {
            match at {
                Some(at) => rows.remove(at),
                None => return Err(ApiError::absent()),
            };
            done.push(Merged { index: input.index, row: None });
            continue;
        }
        let at = match at {
            Some(at) => at,
            None => {
                let id = state.uuid();
                rows.push(Row { id, fields: Fields::new() });
                rows.len() - 1
            }
        };
        apply(&mut rows[at].fields, &input.fields);
        done.push(Merged { index: input.index, row: Some(rows[at].id.clone()) });
    }
    Ok(done)
}

fn same_value(kept: Option<&Val>, sent: Option<&Val>) -> bool {
    match (kept, sent) {
        (Some(Val::Text(kept)), Some(Val::Text(sent))) => {
            kept.trim().eq_ignore_ascii_case(sent.trim())
        }
        (kept, sent) => kept == sent,
    }
}

/// Sets and clears values.
pub fn apply(fields: &mut Fields, changes: &Changes) {
    for (key, value) in changes {
        match value {
            Some(Val::Text(text)) => {
                fields.insert(key.clone(), Val::Text(text.trim_end().to_owned()));
            }
            Some(value) => {
                fields.insert(key.clone(), value.clone());
            }
            None => {
                fields.remove(key);
            }
        }
    }
}
