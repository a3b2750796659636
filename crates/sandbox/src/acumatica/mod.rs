//! A strict emulator of Acumatica's contract-based REST API, endpoint `Default`, as the reference
//! sheet describes it. It keeps a general ledger that balances, shares no code with the connector,
//! and reads no clock.
//!
//! What the sheet calls UNVERIFIED is decided here; the choices marked * are switches in
//! `state::Settings` and `state::Preferences`.
//!
//! | open point (acumatica sheet section 19) | choice |
//! | --- | --- |
//! | bodies of 404, 401 and 405 (1, 2) | `message` alone; no `WWW-Authenticate`; 405 |
//! | errors of the token endpoint, codes' life (3) | RFC 6749 shapes, 400; 60 s; no Basic, no key assertions |
//! | decline of throttled requests (4) | 429 at a limit per minute*, without `Retry-After`*; requests are never slowed |
//! | failed operation, forgotten operation (5) | 500* with the error object; 404 |
//! | voiding document before its release (6) | persists, on hold or balanced by preference* |
//! | reversing an application (7) | 204 without an effect; a person can void through the control surface |
//! | documents of sales orders in `Invoice` (10) | not shown* |
//! | a payment's release moves the invoice's stamp (11) | it does* |
//! | contacts and attributes move the customer's stamp (12) | they do not* |
//! | zone of moments without offset, `Z` (13) | the user's zone*; `Z` is UTC; a shift of all moments* |
//! | other builds: amounts with trailing zeros, absolute Location, reasons in inner exceptions, closed periods as 500, today's date on open payments, any tenant's name (sections 3, 5, 8, 21) | not so* |
//! | computed amounts in payment lists (14) | refused when named in `$select`*, and so is `DocumentsToApply` (section 7: safe on single reads) |
//! | second request for a form while an operation runs (section 8) | writes of the same session: 500*; reads pass |
//! | writes on released documents (15) | due date, note and user-defined fields of invoices; section 21 rows 4 and 5 |
//! | automatic loading of documents (16) | none at entry; at release only with `AutoApplyPayments` |
//! | `Hold` of cash transactions through `custom` (18) | works; the default is the preference |
//! | paths' letter case, guid literals (20) | case matters; `guid'…'` is read as text |
//! | several matches of a PUT with `$filter` (21) | 500 |
//! | credit memo applied through `Payment` (22) | works |
//! | pre-release balance of an invoice (25) | not netted |
//! | `and` over fields of several views (section 7) | finds nothing* |
//! | `$orderby` | ignored; lists come in the order of their ids |
//! | unknown names in `$filter`, `$select`, `$expand` | 400 |
//! | payment and document in different currencies (rule 8) | refused |
//! | texts that are too long (24) | 422; user-defined fields and attributes over 255 characters 500 |
//! | documents of two branches (section 16, row 15) | refused at the release* |
//! | bank deposits (section 11.7) | people make them; the API shows what follows |
//! | extended endpoints, push notifications, inquiries | not there |

mod auth;
mod contract;
mod control;
mod documents;
mod errors;
mod faults;
mod files;
mod http_io;
mod input;
mod metadata;
mod operations;
mod query;
mod render;
mod router;
mod service;
mod state;
mod store;
#[cfg(test)]
mod tests;
mod values;

use crate::emulator::{ControlError, Delivery, Emulator, Outcome};
use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::Timestamp;
use serde_json::Value;
use std::sync::{Mutex, MutexGuard, PoisonError};

pub use state::{Config, Preferences, Settings};

/// One emulated Acumatica site.
#[derive(Debug)]
pub struct Acumatica {
    seed: u64,
    config: Config,
    state: Mutex<state::State>,
}

impl Acumatica {
    /// A site as `config` describes it. Equal seeds and equal calls give equal answers.
    pub fn new(seed: u64, config: Config) -> Self {
        let state = control::seed::initial(seed, &config);
        Acumatica { seed, config, state: Mutex::new(state) }
    }

    fn at(&self, now: Timestamp) -> MutexGuard<'_, state::State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.now = state.now.max(now);
        operations::run_due(&mut state);
        router::run_late(&mut state);
        state
    }
}

impl Emulator for Acumatica {
    fn name(&self) -> &'static str {
        "acumatica"
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
            return Ok(control::reset(&mut state, self.seed, &self.config, body));
        }
        control::answer(&mut state, method, path, body)
    }

    fn advance(&self, now: Timestamp) {
        drop(self.at(now));
    }

    fn deliveries(&self, _now: Timestamp) -> Vec<Delivery> {
        // Push notifications (acumatica sheet section 14) are not emulated: they only hint.
        Vec::new()
    }

    fn delivered(&self, _now: Timestamp, _id: &str, _status: Option<u16>) {}

    fn concurrency_limit(&self) -> Option<usize> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        Some(state.settings.concurrent)
    }

    fn refuse_concurrent(&self, now: Timestamp, _base_url: &str) -> Response<Bytes> {
        let mut state = self.at(now);
        state.journal.declined += 1;
        let error = errors::ApiError::Simple(429, "Too many requests.".to_owned());
        http_io::Reply::error(&error).response()
    }
}
