//! A tiny emulator for the tests of the harness: it answers, hangs, breaks off, refuses, and sends
//! webhooks with retries.

use std::sync::Mutex;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::emulator::{ControlError, Delivery, Emulator, Outcome};

/// Virtual time until a failed webhook is sent again.
const RETRY_AFTER: SignedDuration = SignedDuration::from_secs(60);
/// Attempts per webhook.
const ATTEMPTS_MAX: usize = 3;

/// The emulator; `limit` concurrent requests.
pub(crate) struct Toy {
    name: &'static str,
    limit: Option<usize>,
    state: Mutex<State>,
}

#[derive(Default)]
pub(crate) struct State {
    /// Times of `advance`.
    pub(crate) advanced: Vec<Timestamp>,
    /// Times and paths of `handle`.
    pub(crate) handled: Vec<(Timestamp, String)>,
    /// Webhooks: when to send (`None`: not again), where to.
    hooks: Vec<(Option<Timestamp>, String)>,
    /// What came of each attempt: webhook, status.
    pub(crate) outcomes: Vec<(String, Option<u16>)>,
}

impl Toy {
    pub(crate) fn new(name: &'static str, limit: Option<usize>) -> Self {
        Self { name, limit, state: Mutex::default() }
    }

    /// What the toy remembers.
    pub(crate) fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Bytes> {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    response
}

impl Emulator for Toy {
    fn name(&self) -> &'static str {
        self.name
    }

    fn handle(&self, now: Timestamp, base_url: &str, request: Request<Bytes>) -> Outcome {
        let path = request.uri().path().to_owned();
        self.state().handled.push((now, path.clone()));
        match path.as_str() {
            "/hang" => Outcome::NoAnswer,
            "/reset" => Outcome::Reset,
            "/panic" => panic!("the toy was asked to"),
            "/echo" => Outcome::Respond(text(StatusCode::OK, request.into_body())),
            _ => Outcome::Respond(text(StatusCode::OK, format!("{base_url}{path} at {now}"))),
        }
    }

    fn control(
        &self,
        now: Timestamp,
        method: &Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, ControlError> {
        match path {
            "/hook" => {
                let url = body["url"].as_str().ok_or_else(|| ControlError("url?".to_owned()))?;
                self.state().hooks.push((Some(now), url.to_owned()));
                Ok(Value::Null)
            }
            _ => Ok(json!({ "method": method.as_str(), "path": path, "body": body })),
        }
    }

    fn advance(&self, now: Timestamp) {
        self.state().advanced.push(now);
    }

    fn deliveries(&self, now: Timestamp) -> Vec<Delivery> {
        let mut due = Vec::new();
        for (index, (at, url)) in self.state().hooks.iter_mut().enumerate() {
            if at.is_some_and(|at| at <= now) {
                *at = None;
                due.push(Delivery {
                    id: index.to_string(),
                    url: url.clone(),
                    headers: vec![("X-Toy".to_owned(), index.to_string())],
                    body: Bytes::from_static(b"{\"toy\":true}"),
                });
            }
        }
        due
    }

    fn delivered(&self, now: Timestamp, id: &str, status: Option<u16>) {
        let mut state = self.state();
        state.outcomes.push((id.to_owned(), status));
        let attempts = state.outcomes.iter().filter(|(other, _)| other == id).count();
        let failed = !status.is_some_and(|status| (200..300).contains(&status));
        if failed && attempts < ATTEMPTS_MAX {
            let index: usize = id.parse().unwrap();
            state.hooks[index].0 = Some(now + RETRY_AFTER);
        }
    }

    fn concurrency_limit(&self) -> Option<usize> {
        self.limit
    }

    fn refuse_concurrent(&self, _now: Timestamp, _base_url: &str) -> Response<Bytes> {
        text(StatusCode::TOO_MANY_REQUESTS, "one at a time")
    }
}
