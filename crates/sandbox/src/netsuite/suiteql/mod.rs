//! SuiteQL over HTTP: the call, the paging and the shape of the answer
//! (netsuite sheet sections 8.1, 8.2, 8.9). Queries are parsed, bound and run by the files below.

mod ast;
mod bind;
mod columns;
pub mod dates;
mod eval;
mod exec;
mod expressions;
mod functions;
mod lexer;
mod parser;
mod tables;
mod value;

use super::errors::{ApiError, Result};
use super::http_io::{Call, PAGE_MAX, Reply};
use super::router::page;
use super::state::{Level, State};
use super::values::decimal_of;
use functions::Context;
use serde_json::{Map, Value, json};
use std::cell::RefCell;
use std::collections::BTreeMap;
use value::Sv;

/// Most rows that paging reaches.
const ROWS_MAX: usize = 100_000;

/// A refused query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SqlError(String);

impl SqlError {
    fn new(text: impl Into<String>) -> Self {
        SqlError(text.into())
    }

    /// What the dialect does not have.
    fn syntax() -> Self {
        Self::new("")
    }

    fn into_api(self) -> ApiError {
        let text = if self.0.is_empty() {
            "Invalid search query.".to_owned()
        } else {
            format!(
                "Invalid search query. Detailed unprocessed description follows. \
                 Search error occurred: {}",
                self.0
            )
        };
        ApiError::bad_param("q", text)
    }
}

/// Answers a query call.
pub fn answer(state: &mut State, call: &Call<'_>) -> Result<Reply> {
    if !call.prefers("transient") {
        let text = "The header Prefer: transient is required for this request.";
        return Err(ApiError::bad_header("Prefer", text));
    }
    if !state.company.suite_analytics || !state.role.may("REPO_ANALYTICS", Level::Edit) {
        return Err(ApiError::permission("Reports -> SuiteAnalytics Workbook"));
    }
    call.only_params(&["limit", "offset"])?;
    let (limit, offset) = call.page()?;
    let body = call.json(false)?;
    let Some(text) = body.get("q").and_then(Value::as_str) else {
        return Err(ApiError::bad_request("Missing or invalid property q in the request body."));
    };
    if state.faults.stale_minutes > 0 {
        state.faults.count("stale_suiteql");
    }
    let params = read_params(body.get("params"))?;
    let (names, rows) = run(state, text, params).map_err(SqlError::into_api)?;
    let total = rows.len().min(ROWS_MAX).min(PAGE_MAX * limit);
    let items: Vec<Value> = rows
        .into_iter()
        .take(total)
        .skip(offset)
        .take(limit)
        .map(|row| {
            let mut item = Map::new();
            item.insert("links".to_owned(), json!([]));
            for (name, value) in names.iter().zip(row) {
                if let Some(text) = value.render(&state.company) {
                    item.insert(name.clone(), Value::String(text));
                }
            }
            Value::Object(item)
        })
        .collect();
    let address = call.href.split('?').next().unwrap_or_default();
    let body = page(&call.href, address, None, items, (limit, offset, total), "POST");
    Ok(Reply::Json("collection", body))
}

fn read_params(params: Option<&Value>) -> Result<Vec<Sv>> {
    let list = match params {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::Array(list)) => list,
        Some(_) => {
            return Err(ApiError::bad_request("Invalid property params in the request body."));
        }
    };
    let mut out = Vec::new();
    for value in list {
        out.push(match value {
            Value::Null => Sv::Null,
            Value::Bool(flag) => Sv::flag(*flag),
            Value::String(text) => Sv::text(text.as_str()),
            Value::Number(number) => decimal_of(number).map_or(Sv::Null, Sv::Number),
            _ => {
                let text = "Invalid property params in the request body.";
                return Err(ApiError::bad_request(text));
            }
        });
    }
    Ok(out)
}

/// Runs a query and answers its columns and rows.
pub fn run(
    state: &State,
    text: &str,
    params: Vec<Sv>,
) -> std::result::Result<(Vec<String>, Vec<Vec<Sv>>), SqlError> {
    let (mut query, wanted) = parser::parse(text)?;
    if wanted != params.len() {
        return Err(SqlError::new(format!(
            "The query has {wanted} parameters, {} were given.",
            params.len()
        )));
    }
    bind::bind(state, &mut query)?;
    let now = state.now.to_zoned(state.zone.clone()).datetime();
    let engine = exec::Engine {
        state,
        context: Context { company: &state.company, now },
        params,
        cache: RefCell::new(BTreeMap::new()),
    };
    let output = engine.run(&query, None)?;
    Ok((output.names.clone(), output.rows.clone()))
}

/// The rows of a query without parameters, as the answer would show them (control surface).
pub fn plain_rows(state: &State, text: &str) -> Result<Vec<Value>> {
    let (names, rows) = run(state, text, Vec::new()).map_err(SqlError::into_api)?;
    let shown = |row: Vec<Sv>| {
        let named = names.iter().zip(row);
        let filled = named.filter_map(|(name, value)| {
            Some((name.clone(), Value::String(value.render(&state.company)?)))
        });
        Value::Object(filled.collect())
    };
    Ok(rows.into_iter().map(shown).collect())
}
