//! What every emulator offers to the harness: the vendor's API, a control surface, and deliveries
//! (webhooks) that it wants made. Emulators are synchronous and own no threads, no sockets and no
//! clock; the harness (sockets) and the simulator (in process) drive them alike.

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

/// How an emulated request ends. Faults live here, so that sockets and in-process transports can
/// both express them.
#[derive(Debug)]
pub enum Outcome {
    /// The answer reaches the caller.
    Respond(http::Response<Bytes>),
    /// The request (with whatever effect it had) gets no answer: the caller runs into its deadline.
    NoAnswer,
    /// The connection breaks (with whatever effect the request had) before an answer is sent.
    Reset,
}

/// One webhook delivery that an emulator wants the harness to make.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// Names the delivery towards [`Emulator::delivered`].
    pub id: String,
    /// Absolute URL of the receiver.
    pub url: String,
    /// Header names and values, signature included.
    pub headers: Vec<(String, String)>,
    /// The exact bytes to send.
    pub body: Bytes,
}

/// A refused control call: a sentence for the person who made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlError(pub String);

impl ControlError {
    /// Refuses a body with members that mean nothing here: one that is ignored plays no trouble at all.
    ///
    /// # Errors
    /// Names the first such member, and those that there are.
    pub fn unless_known(body: &Value, known: &[&str]) -> Result<(), ControlError> {
        let mut given = body.as_object().into_iter().flat_map(|members| members.keys());
        match given.find(|name| !known.contains(&name.as_str())) {
            None => Ok(()),
            Some(other) => Err(ControlError(format!(
                "there is no member {other} here; there are {}",
                known.join(", ")
            ))),
        }
    }
}

/// One emulated system. All methods take the virtual time from the harness; none reads a clock.
pub trait Emulator: Send + Sync {
    /// Path name under `/_sandbox/<name>/…` and in `--only <name>`.
    fn name(&self) -> &'static str;

    /// The vendor's API. `base_url` is the absolute URL under which this emulator is reached
    /// (needed where answers carry absolute links). `now` is the virtual time in UTC.
    fn handle(&self, now: Timestamp, base_url: &str, request: http::Request<Bytes>) -> Outcome;

    /// The control surface: `path` is what follows `/_sandbox/<name>` (for example `/truth`,
    /// `/seed`, `/faults`). Answers JSON. Never reachable through the vendor's API.
    fn control(
        &self,
        now: Timestamp,
        method: &http::Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, ControlError>;

    /// Virtual time has moved to `now`: everything that was due up to then happens, in order.
    fn advance(&self, now: Timestamp);

    /// Webhook deliveries due at `now`; each is handed out once per attempt.
    fn deliveries(&self, now: Timestamp) -> Vec<Delivery>;

    /// What came of a delivery: the HTTP status, or `None` when no answer came in time.
    fn delivered(&self, now: Timestamp, id: &str, status: Option<u16>);

    /// Concurrent requests the system admits (`None`: no such limit). The harness counts, and
    /// passes requests over the limit to [`Emulator::refuse_concurrent`] instead of `handle`.
    fn concurrency_limit(&self) -> Option<usize> {
        None
    }

    /// The answer to a request over the concurrency limit.
    fn refuse_concurrent(&self, now: Timestamp, base_url: &str) -> http::Response<Bytes>;
}
