//! Merges the lines of a body into stored sublists: keyed ones by their key, others by appending,
//! either one as a whole under `?replace=` (netsuite sheet section 5.9).

use super::errors::{ApiError, Result};
use super::input::{Input, LineInput, Op, sublist};
use super::state::State;
use super::store::{Record, num_of};
use super::values::{Field, FieldKind, Line, Sublist, Val};
use rust_decimal::Decimal;

/// Puts a body into a record: fields, external id, sublists.
pub fn merge(state: &State, record: &mut Record, input: Input, op: &Op) -> Result<()> {
    if let Some(external_id) = input.external_id {
        record.external_id = external_id;
    }
    for (name, value) in input.fields {
        match value {
            Some(value) => record.set(&name, value),
            None => {
                record.fields.remove(&name);
            }
        }
    }
    if !op.replace.is_empty() && state.settings.refuse_replace {
        return Err(ApiError::bad_param("replace", "Invalid query parameter replace."));
    }
    for (name, lines) in input.lists {
        let Some(list) = sublist(&record.kind, name) else { continue };
        let replace = op.replace.contains(&name.to_lowercase());
        let old = record.lists.remove(name).unwrap_or_default();
        let merged = match lines {
            None => Vec::new(),
            Some(lines) => merge_lines(list, old, lines, replace),
        };
        record.lists.insert(list.name, merged);
    }
    Ok(())
}

fn merge_lines(list: &Sublist, old: Vec<Line>, given: Vec<LineInput>, replace: bool) -> Vec<Line> {
    let Some(key) = list.key else {
        let mut lines = if replace { Vec::new() } else { old };
        lines.extend(given.into_iter().map(|input| put(Line::new(), input)));
        return lines;
    };
    let mut kept = if replace { Vec::new() } else { old.clone() };
    for input in given {
        let wanted = input.get(key).cloned().flatten();
        let same = |line: &&mut Line| wanted.is_some() && line.get(key) == wanted.as_ref();
        if let Some(line) = kept.iter_mut().find(same) {
            *line = put(std::mem::take(line), input);
            continue;
        }
        let before = old.iter().find(|line| wanted.is_some() && line.get(key) == wanted.as_ref());
        kept.push(put(before.cloned().unwrap_or_default(), input));
    }
    number_lines(list, key, &mut kept);
    kept
}

/// Gives new lines of a numbered sublist the next line number.
fn number_lines(list: &Sublist, key: &str, lines: &mut [Line]) {
    let numbered = |field: &Field| field.name == key && field.kind == FieldKind::Integer;
    if !list.fields.iter().any(numbered) {
        return;
    }
    let mut next = lines.iter().filter_map(|line| num_of(line, key)).max().unwrap_or_default();
    for line in lines.iter_mut().filter(|line| !line.contains_key(key)) {
        next += Decimal::ONE;
        line.insert(key.to_owned(), Val::Num(next));
    }
}

fn put(mut line: Line, input: LineInput) -> Line {
    for (name, value) in input {
        match value {
            Some(value) => {
                line.insert(name, value);
            }
            None => {
                line.remove(&name);
            }
        }
    }
    line
}
