//! What is kept of an exchange for the case's timeline. Only fields on an allow-list keep their
//! value; every other value is withheld, so that a field nobody thought of can not leak.

use serde_json::{Map, Value};

/// Bodies are cut at this many characters.
const BODY_MAX: usize = 16 * 1024;
/// Of a list, this many entries are kept.
const ENTRIES_MAX: usize = 20;
/// Nesting beyond this is withheld as a whole.
const DEPTH_MAX: usize = 12;
/// Stands in for a value that is not on the list.
const WITHHELD: &str = "…";

/// The body as it may be kept: JSON with the values of `kept` fields only. Anything that is not JSON
/// (forms with assertions, HTML) is named by its size alone.
#[must_use]
pub fn redact_body(body: &[u8], kept: &[&str]) -> Option<String> {
    if body.is_empty() {
        return None;
    }
    let text = match serde_json::from_slice::<Value>(body) {
        Ok(value) => redact_value(&value, kept, false, 0).to_string(),
        Err(_) => format!("({} bytes that are not JSON)", body.len()),
    };
    Some(super::classify::cut(&text, BODY_MAX).to_owned())
}

/// Path and query, with the values of query parameters that are not on the list withheld.
#[must_use]
pub fn redact_path(path: &str, kept: &[&str]) -> String {
    let Some((bare, query)) = path.split_once('?') else { return path.to_owned() };
    let pairs: Vec<String> = query
        .split('&')
        .map(|pair| match pair.split_once('=') {
            Some((name, _)) if !kept.contains(&bare_name(name)) => format!("{name}={WITHHELD}"),
            Some(_) | None => pair.to_owned(),
        })
        .collect();
    format!("{bare}?{}", pairs.join("&"))
}

/// `created_at%5Bgte%5D` is the field `created_at`.
fn bare_name(name: &str) -> &str {
    name.split(['[', '%']).next().unwrap_or(name)
}

fn redact_value(value: &Value, kept: &[&str], keep: bool, depth: usize) -> Value {
    if depth > DEPTH_MAX {
        return Value::from(WITHHELD);
    }
    match value {
        Value::Object(members) => Value::Object(redact_members(members, kept, depth)),
        Value::Array(entries) => {
            let mut out: Vec<Value> = entries
                .iter()
                .take(ENTRIES_MAX)
                .map(|entry| redact_value(entry, kept, keep, depth + 1))
                .collect();
            if entries.len() > ENTRIES_MAX {
                out.push(Value::from(format!("{} more", entries.len() - ENTRIES_MAX)));
            }
            Value::Array(out)
        }
        Value::Null => Value::Null,
        Value::Bool(_) | Value::Number(_) | Value::String(_) if keep => value.clone(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => Value::from(WITHHELD),
    }
}

fn redact_members(members: &Map<String, Value>, kept: &[&str], depth: usize) -> Map<String, Value> {
    members
        .iter()
        .map(|(name, value)| {
            let keep = kept.contains(&name.as_str());
            (name.clone(), redact_value(value, kept, keep, depth + 1))
        })
        .collect()
}
