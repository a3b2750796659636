//! Reads a JSON body into typed field values, refusing what the record does not have and values
//! that a field does not take (netsuite sheet sections 5.2, 5.3, 5.7).

use super::errors::{ApiError, Result};
use super::kind::Kind;
use super::state::State;
use super::values::{Access, Field, FieldKind, Line, Sublist, Target, Val, decimal_of, integer_in};
use jiff::{Timestamp, civil::Date, civil::DateTime};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// A line as given: `None` clears the field.
pub type LineInput = BTreeMap<String, Option<Val>>;

/// A body as given.
#[derive(Debug, Default)]
pub struct Input {
    pub external_id: Option<Option<String>>,
    pub fields: BTreeMap<String, Option<Val>>,
    /// `None`: the sublist is cleared.
    pub lists: BTreeMap<&'static str, Option<Vec<LineInput>>>,
}

/// What to do with property names that the record does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    Error,
    Ignore,
}

/// How a write is meant.
#[derive(Debug, Clone)]
pub struct Op {
    pub names: Names,
    /// Sublists to replace instead of merge.
    pub replace: BTreeSet<String>,
    /// A person in the UI, who is beyond user-event scripts aimed at integrations.
    pub person: bool,
    /// The write creates the record.
    pub create: bool,
    /// The caller may post into locked periods.
    pub period_override: bool,
}

impl Op {
    /// A save by a person or by the seed.
    pub fn person(create: bool) -> Self {
        Op {
            names: Names::Error,
            replace: BTreeSet::new(),
            person: true,
            create,
            period_override: false,
        }
    }
}

impl State {
    /// Reads a body.
    pub fn read_body(&self, kind: &Kind, body: &Map<String, Value>, op: &Op) -> Result<Input> {
        let mut input = Input::default();
        for (name, value) in body {
            if name.eq_ignore_ascii_case("externalId") {
                input.external_id = Some(self.external_id_in(value, name)?);
            } else if let Some(list) = sublist(kind, name) {
                let lines = self.read_list(kind, list, value, op)?;
                input.lists.insert(list.name, lines);
            } else if let Some(field) = self.field(kind, name) {
                if writable(field, op, name)? {
                    let parsed = self.read_value(field, value, name)?;
                    input.fields.insert(field.name.to_string(), parsed);
                }
            } else {
                unknown(name, name, op)?;
            }
        }
        Ok(input)
    }

    fn external_id_in(&self, value: &Value, path: &str) -> Result<Option<String>> {
        match value {
            Value::Null => Ok(None),
            Value::String(text) if text.is_empty() => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            other => Err(ApiError::invalid_field(other, "externalid", path)),
        }
    }

    fn read_list(
        &self,
        kind: &Kind,
        list: &'static Sublist,
        value: &Value,
        op: &Op,
    ) -> Result<Option<Vec<LineInput>>> {
        let items = match value {
            Value::Null => return Ok(None),
            Value::Object(object) => object.get("items").unwrap_or(&Value::Null),
            other => return Err(ApiError::invalid_field(other, list.name, list.name)),
        };
        let items = match items {
            Value::Null => return Ok(None),
            Value::Array(items) => items,
            other => return Err(ApiError::invalid_field(other, list.name, list.name)),
        };
        let mut lines = Vec::new();
        for (index, item) in items.iter().enumerate() {
            let at = format!("{}.items[{index}]", list.name);
            let Value::Object(item) = item else {
                return Err(ApiError::invalid_field(item, list.name, &at));
            };
            lines.push(self.read_line(kind, list, item, &at, op)?);
        }
        Ok(Some(lines))
    }

    fn read_line(
        &self,
        kind: &Kind,
        list: &'static Sublist,
        item: &Map<String, Value>,
        at: &str,
        op: &Op,
    ) -> Result<LineInput> {
        let mut line = LineInput::new();
        for (name, value) in item {
            let path = format!("{at}.{name}");
            match self.line_field(kind, list, name) {
                Some(field) if field.access != Access::Read => {
                    line.insert(field.name.to_string(), self.read_value(field, value, &path)?);
                }
                Some(_) => {}
                None => unknown(name, &path, op)?,
            }
        }
        Ok(line)
    }

    /// Reads one value; `None` clears the field.
    pub fn read_value(&self, field: &Field, value: &Value, path: &str) -> Result<Option<Val>> {
        let refuse = || ApiError::invalid_field(value, &field.name.to_lowercase(), path);
        if value.is_null() {
            return Ok(None);
        }
        let parsed = match &field.kind {
            FieldKind::Text => match value {
                Value::String(text) if text.is_empty() => return Ok(None),
                Value::String(text) => Some(Val::Text(text.clone())),
                Value::Number(number) => Some(Val::Text(number.to_string())),
                _ => None,
            },
            FieldKind::Bool => value.as_bool().map(Val::Bool),
            FieldKind::UndepFunds => undep_funds(value).map(Val::Bool),
            FieldKind::Number | FieldKind::Money => match value {
                Value::Number(number) => decimal_of(number).map(Val::Num),
                _ => None,
            },
            FieldKind::Integer => integer_in(value).map(|number| Val::Num(number.into())),
            FieldKind::Date => value.as_str().and_then(date_in).map(Val::Date),
            FieldKind::Stamp => value.as_str().and_then(stamp_in).map(Val::Stamp),
            FieldKind::Ref(target) => self.reference_in(target, value).map(Val::Ref),
            FieldKind::Code(codes) => {
                let code = value["id"].as_str().or(value.as_str());
                code.filter(|code| codes.is_empty() || codes.iter().any(|(known, _)| known == code))
                    .map(|code| Val::Code(code.to_owned()))
            }
            FieldKind::Many(target) => {
                let items = value["items"].as_array().or(value.as_array());
                items
                    .and_then(|items| {
                        items.iter().map(|item| self.reference_in(target, item)).collect()
                    })
                    .map(Val::Many)
            }
            FieldKind::Sub(fields) => return self.read_sub(fields, value, path).map(Some),
        };
        parsed.map(Some).ok_or_else(refuse)
    }

    fn read_sub(&self, fields: &'static [Field], value: &Value, path: &str) -> Result<Val> {
        let Value::Object(object) = value else {
            return Err(ApiError::invalid_field(value, path, path));
        };
        let mut sub = Line::new();
        for (name, value) in object {
            let at = format!("{path}.{name}");
            let known = fields.iter().find(|field| field.name.eq_ignore_ascii_case(name));
            let Some(field) = known else { continue };
            if let Some(parsed) = self.read_value(field, value, &at)? {
                sub.insert(field.name.to_string(), parsed);
            }
        }
        Ok(Val::Sub(sub))
    }

    /// The id that a reference names: `{id}`, `{externalId}`, a bare id, or a currency by name.
    fn reference_in(&self, target: &Target, value: &Value) -> Option<i64> {
        let id = integer_in(value).or_else(|| integer_in(&value["id"]));
        match target {
            Target::Transaction => id.or_else(|| {
                let external_id = value["externalId"].as_str()?;
                let space = super::kind::Space::Transaction;
                self.store.holders(&space, external_id).next().map(|record| record.id)
            }),
            Target::Kind(kind) => {
                if let Some(id) = id {
                    return self.store.get(kind, id).map(|record| record.id);
                }
                if let Some(external_id) = value["externalId"].as_str() {
                    return self.store.by_external(kind, external_id).map(|record| record.id);
                }
                let name = value["refName"].as_str().filter(|_| *kind == Kind::Currency)?;
                self.store
                    .of(kind)
                    .find(|currency| {
                        currency.text("symbol") == Some(name) || currency.text("name") == Some(name)
                    })
                    .map(|record| record.id)
            }
        }
    }
}

/// The sublist of a type, whatever the letter case of `name`.
pub fn sublist(kind: &Kind, name: &str) -> Option<&'static Sublist> {
    super::fields::sublists(kind).iter().find(|list| list.name.eq_ignore_ascii_case(name))
}

fn writable(field: &Field, op: &Op, path: &str) -> Result<bool> {
    let read_only = match field.access {
        Access::Read => true,
        Access::Create => !op.create,
        Access::Write => false,
    };
    match (read_only, op.names) {
        (true, Names::Error) if !op.person => Err(ApiError::read_only(&field.name, path)),
        (true, _) => Ok(false),
        (false, _) => Ok(true),
    }
}

fn unknown(name: &str, path: &str, op: &Op) -> Result<()> {
    let ours = ["id", "links", "refName"].iter().any(|known| known.eq_ignore_ascii_case(name));
    if op.names == Names::Error && !ours {
        return Err(ApiError::unknown_property(name, path));
    }
    Ok(())
}

fn undep_funds(value: &Value) -> Option<bool> {
    let letter = |text: &str| match text {
        "T" | "true" => Some(true),
        "F" | "false" => Some(false),
        _ => None,
    };
    value.as_bool().or_else(|| letter(value["id"].as_str().or(value.as_str())?))
}

/// Dates come as a date or as a date-time (sheet section 20, row 9).
fn date_in(text: &str) -> Option<Date> {
    text.parse::<Date>().ok().filter(|_| text.len() == 10).or_else(|| {
        let at = text.find('T')?;
        text[at..].contains(':').then(|| text[..at].parse().ok())?
    })
}

fn stamp_in(text: &str) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().or_else(|| {
        let civil: DateTime = text.parse().ok()?;
        civil.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    })
}
