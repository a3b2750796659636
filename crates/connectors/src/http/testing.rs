//! For tests only: a scripted transport, a clock that waits by jumping, and a recorder that keeps.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response};
use jiff::{SignedDuration, Timestamp};
use ports::exchange::{Exchange, Recorder, Trouble};
use ports::transport::{Transport, TransportError};
use ports::{Clock, PortError};

use super::Authoriser;

/// Where tests begin.
pub const START: &str = "2026-11-20T10:00:00Z";

/// Waiting moves both clocks forward at once.
pub struct JumpingClock {
    now: Mutex<Timestamp>,
}

impl JumpingClock {
    pub fn new() -> Arc<JumpingClock> {
        Arc::new(JumpingClock { now: Mutex::new(START.parse().unwrap()) })
    }

    pub fn jump(&self, by: SignedDuration) {
        *self.now.lock().unwrap() += by;
    }

    /// Seconds since the start.
    pub fn seconds(&self) -> i64 {
        self.now().duration_since(START.parse().unwrap()).as_secs()
    }
}

#[async_trait]
impl Clock for JumpingClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn lease_now(&self) -> Timestamp {
        self.now()
    }

    async fn wait(&self, duration: Duration) {
        self.jump(duration.try_into().unwrap());
    }
}

/// One line of a script.
pub type ScriptReply = Result<Response<Bytes>, TransportError>;

/// Answers in the order of its script, and keeps what it was asked. Fails the test when the script
/// is over.
pub struct Script {
    replies: Mutex<VecDeque<ScriptReply>>,
    asked: Mutex<Vec<Request<Bytes>>>,
}

impl Script {
    pub fn new(replies: Vec<ScriptReply>) -> Arc<Script> {
        Arc::new(Script { replies: Mutex::new(replies.into()), asked: Mutex::default() })
    }

    /// "METHOD path?query" of each request so far.
    pub fn lines(&self) -> Vec<String> {
        let line = |request: &Request<Bytes>| {
            format!("{} {}", request.method(), request.uri().path_and_query().unwrap())
        };
        self.asked.lock().unwrap().iter().map(line).collect()
    }

    pub fn header(&self, index: usize, name: &str) -> Option<String> {
        let asked = self.asked.lock().unwrap();
        asked[index].headers().get(name).map(|value| value.to_str().unwrap().to_owned())
    }

    /// The body of a request as JSON.
    pub fn body(&self, index: usize) -> serde_json::Value {
        serde_json::from_slice(self.asked.lock().unwrap()[index].body()).unwrap()
    }

    /// Nothing of the script is left.
    pub fn assert_over(&self) {
        assert!(self.replies.lock().unwrap().is_empty(), "not everything was asked for");
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(&self, request: Request<Bytes>, _: Duration) -> ScriptReply {
        let line = format!("{} {}", request.method(), request.uri());
        self.asked.lock().unwrap().push(request);
        let next = self.replies.lock().unwrap().pop_front();
        next.unwrap_or_else(|| panic!("not in the script: {line}"))
    }
}

pub fn reply(status: u16, body: &str) -> ScriptReply {
    reply_with(status, &[], body)
}

pub fn reply_with(status: u16, headers: &[(&str, &str)], body: &str) -> ScriptReply {
    let mut response = Response::builder().status(status);
    for (name, value) in headers {
        response = response.header(*name, *value);
    }
    Ok(response.body(Bytes::from(body.to_owned())).unwrap())
}

pub fn no_answer() -> ScriptReply {
    Err(TransportError::NoAnswer("time-out".to_owned()))
}

pub fn not_sent() -> ScriptReply {
    Err(TransportError::NotSent("no connection".to_owned()))
}

/// Keeps every exchange.
#[derive(Default)]
pub struct Keeper {
    kept: Mutex<Vec<Exchange>>,
    troubles: Mutex<Vec<Trouble>>,
}

impl Keeper {
    pub fn kept(&self) -> Vec<Exchange> {
        self.kept.lock().unwrap().clone()
    }

    pub fn troubles(&self) -> Vec<Trouble> {
        self.troubles.lock().unwrap().clone()
    }
}

impl Recorder for Keeper {
    fn record(&self, exchange: Exchange) {
        self.kept.lock().unwrap().push(exchange);
    }

    fn troubled(&self, _connection: &str, _at: Timestamp, trouble: Trouble) {
        self.troubles.lock().unwrap().push(trouble);
    }
}

/// A token that is numbered anew with each renewal.
#[derive(Default)]
pub struct Renewable {
    renewals: Mutex<u32>,
}

impl Renewable {
    pub fn renewals(&self) -> u32 {
        *self.renewals.lock().unwrap()
    }
}

#[async_trait]
impl Authoriser for Renewable {
    async fn headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>, PortError> {
        let value = format!("Bearer token-{}", self.renewals());
        Ok(vec![(http::header::AUTHORIZATION, HeaderValue::from_str(&value).unwrap())])
    }

    async fn refused(&self, _sent: &[(HeaderName, HeaderValue)]) -> bool {
        *self.renewals.lock().unwrap() += 1;
        true
    }
}
