//! A strict emulator of NetSuite's REST record service, SuiteQL and token endpoint. It accepts what
//! the reference sheet says is accepted, keeps a general ledger that balances, and where nothing is
//! certain it takes the stricter side (switchable in `state::Settings`). It shares no code with
//! the connector, and reads no clock.

mod auth;
mod control;
mod errors;
mod faults;
mod fields;
mod http_io;
mod input;
mod kind;
mod ledger;
mod metadata;
mod periods;
mod q_filter;
mod record_json;
mod records;
mod router;
mod service;
mod state;
mod store;
mod sublists;
mod suiteql;
#[cfg(test)]
mod tests;
mod values;

use crate::emulator::{ControlError, Delivery, Emulator, Outcome};
use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use state::{Company, Config, Preferences, Settings, UndepForm};

/// One emulated NetSuite account.
#[derive(Debug)]
pub struct NetSuite {
    seed: u64,
    config: Config,
    state: Mutex<state::State>,
}

impl NetSuite {
    /// An account as `config` describes it. Equal seeds and equal calls give equal answers.
    pub fn new(seed: u64, config: Config) -> Self {
        let state = control::seed::initial(seed, &config);
        NetSuite { seed, config, state: Mutex::new(state) }
    }

    fn at(&self, now: Timestamp) -> MutexGuard<'_, state::State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.now = state.now.max(now);
        router::run_late(&mut state);
        state
    }
}

impl Emulator for NetSuite {
    fn name(&self) -> &'static str {
        "netsuite"
    }

    fn handle(&self, now: Timestamp, base_url: &str, request: Request<Bytes>) -> Outcome {
        router::handle(&mut self.at(now), base_url, request)
    }

    fn control(
        &self,
        now: Timestamp,
        method: &Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, ControlError> {
        let mut state = self.at(now);
        if (method, path) == (&Method::POST, "/reset") {
            return control::reset(&mut state, self.seed, &self.config, body);
        }
        control::answer(&mut state, method, path, body)
    }

    fn advance(&self, now: Timestamp) {
        drop(self.at(now));
    }

    fn deliveries(&self, _now: Timestamp) -> Vec<Delivery> {
        // NetSuite has no outbound webhooks (netsuite sheet section 1).
        Vec::new()
    }

    fn delivered(&self, _now: Timestamp, _id: &str, _status: Option<u16>) {}

    fn concurrency_limit(&self) -> Option<usize> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        Some(state.settings.concurrency_limit)
    }

    fn refuse_concurrent(&self, now: Timestamp, _base_url: &str) -> Response<Bytes> {
        let mut state = self.at(now);
        state.journal.concurrency_refusals += 1;
        let error = errors::ApiError::concurrency();
        http_io::respond(&mut state, http_io::Reply::Error(error))
    }
}
