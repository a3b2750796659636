//! The control surface of the emulated Acumatica: what users read of it is its own text.
//!
#![doc = include_str!("../../../../../docs/operating/sandbox-control/acumatica.md")]

pub mod act;
mod deposit;
pub mod seed;
mod standard;
pub mod truth;

use super::documents::posting;
use super::errors::ApiError;
use super::faults::Fault;
use super::state::{Config, State};
use crate::emulator::ControlError;
use http::Method;
use serde_json::{Value, json};

type Answer = Result<Value, ControlError>;

/// What `/faults` takes beside one fault.
const FAULTS: [&str; 7] = [
    "add",
    "clear",
    "stale_minutes",
    "expire_tokens",
    "end_sessions",
    "revoke_grants",
    "lock_user",
];

/// A refusal in words.
fn refuse(text: impl Into<String>) -> ControlError {
    ControlError(text.into())
}

impl From<ApiError> for ControlError {
    fn from(error: ApiError) -> Self {
        ControlError(error.words())
    }
}

/// Answers everything but `/reset`.
pub fn answer(state: &mut State, method: &Method, path: &str, body: &Value) -> Answer {
    match (method.as_str(), path.trim_end_matches('/')) {
        ("GET", "/truth") => Ok(truth::report(state)),
        ("GET", "/truth/ledger") => Ok(posting::report(state)),
        ("GET", path) if path.starts_with("/truth/cash/") => {
            let id = path.trim_start_matches("/truth/cash/");
            let cash = state.cash_accounts.get(id);
            let cash = cash.ok_or_else(|| refuse(format!("no cash account {id}")))?;
            Ok(posting::lines_of(state, cash))
        }
        ("GET", path) if path.starts_with("/truth/") => {
            truth::records_of(state, path.trim_start_matches("/truth/"))
        }
        ("POST", "/seed") => seed::apply(state, body),
        ("POST", "/act") => act::act(state, body),
        ("POST", "/faults") => faults(state, body),
        _ => Err(refuse(format!("no such control call: {method} {path}"))),
    }
}

/// Begins anew; time does not go back.
pub fn reset(state: &mut State, seed: u64, config: &Config, body: &Value) -> Value {
    let mut config = config.clone();
    if let Some(standard) = body["standard"].as_bool() {
        config.standard_company = standard;
    }
    let now = state.now;
    *state = seed::initial(seed, &config);
    state.now = now;
    json!({})
}

/// Sets what the text above lists.
fn faults(state: &mut State, body: &Value) -> Answer {
    if body.get("kind").is_none() {
        ControlError::unless_known(body, &FAULTS)?;
    }
    if body["clear"].as_bool() == Some(true) {
        state.faults.clear();
    }
    let mut wanted: Vec<Value> = body["add"].as_array().cloned().unwrap_or_default();
    if body.get("kind").is_some() {
        wanted.push(body.clone());
    }
    for spec in wanted {
        let fault: Fault =
            serde_json::from_value(spec).map_err(|error| refuse(error.to_string()))?;
        state.faults.add(fault);
    }
    if let Some(minutes) = body["stale_minutes"].as_i64() {
        state.faults.stale_minutes = minutes.max(0);
    }
    let told = |name: &str| body[name].as_bool() == Some(true);
    if told("expire_tokens") {
        state.access.tokens.clear();
        state.faults.count("expire_tokens");
    }
    if told("end_sessions") {
        state.access.sessions.clear();
        state.faults.count("end_sessions");
    }
    if told("revoke_grants") {
        state.access.tokens.clear();
        state.access.grants.clear();
        state.faults.count("revoke_grants");
    }
    if let Some(name) = body["lock_user"].as_str() {
        let user = state.access.users.get_mut(name);
        user.ok_or_else(|| refuse(format!("no user {name}")))?.locked = true;
    }
    Ok(state.faults.report())
}
