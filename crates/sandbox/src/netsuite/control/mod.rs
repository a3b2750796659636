//! The control surface of the emulated NetSuite: what users read of it is its own text.
//!
#![doc = include_str!("../../../../../docs/operating/sandbox-control/netsuite.md")]

pub mod act;
pub mod seed;
mod standard;
pub mod truth;

use super::errors::ApiError;
use super::faults::Fault;
use super::state::{Config, State};
use crate::emulator::ControlError;
use http::Method;
use serde_json::{Value, json};

type Answer = Result<Value, ControlError>;

/// What `/faults` takes beside one fault.
const FAULTS: [&str; 6] =
    ["add", "clear", "stale_minutes", "expire_tokens", "revoke_certificate", "block_integration"];

/// A refusal in words.
fn refuse(text: impl Into<String>) -> ControlError {
    ControlError(text.into())
}

impl From<ApiError> for ControlError {
    fn from(error: ApiError) -> Self {
        ControlError(format!("{}: {}", error.code, error.detail))
    }
}

/// Answers everything but `/reset`.
pub fn answer(state: &mut State, method: &Method, path: &str, body: &Value) -> Answer {
    match (method.as_str(), path.trim_end_matches('/')) {
        ("GET", "/truth") => Ok(truth::report(state)),
        ("GET", "/truth/ledger") => Ok(super::ledger::report(state)),
        ("GET", path) if path.starts_with("/truth/") => {
            let name = path.trim_start_matches("/truth/");
            Ok(truth::records_of(state, &state.kind_of(name, path)?))
        }
        ("POST", "/seed") => seed::apply(state, body),
        ("POST", path) if path.starts_with("/certificate/") => {
            let kid = path.trim_start_matches("/certificate/");
            let text = body["upload"].as_str().or(body["pem"].as_str()).unwrap_or_default();
            seed::certificate(state, kid, text)
        }
        ("POST", "/act") => act::act(state, body),
        ("POST", "/faults") => faults(state, body),
        ("POST", "/query") => query(state, body),
        _ => Err(refuse(format!("no such control call: {method} {path}"))),
    }
}

/// Begins anew; time does not go back.
pub fn reset(state: &mut State, seed: u64, config: &Config, body: &Value) -> Answer {
    let mut config = config.clone();
    if let Some(standard) = body["standard"].as_bool() {
        config.standard_company = standard;
    }
    let now = state.now;
    *state = seed::initial(seed, &config);
    state.now = now;
    Ok(json!({}))
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
    if body["expire_tokens"].as_bool() == Some(true) {
        state.integration.tokens.clear();
        state.faults.count("expire_tokens");
    }
    if let Some(kid) = body["revoke_certificate"].as_str() {
        let held = state.integration.certificates.iter_mut();
        for certificate in held.filter(|certificate| certificate.kid == kid) {
            certificate.revoked = true;
        }
    }
    if let Some(blocked) = body["block_integration"].as_bool() {
        state.integration.blocked = blocked;
    }
    Ok(state.faults.report())
}

fn query(state: &mut State, body: &Value) -> Answer {
    let text = body["q"].as_str().ok_or_else(|| refuse("q is missing"))?;
    let rows = super::suiteql::plain_rows(state, text)?;
    Ok(json!({ "items": rows }))
}
