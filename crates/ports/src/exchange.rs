//! The record of each exchange with an outside system, for the case's timeline. Bodies have passed
//! an allow-list of fields already: payer bank details and secrets are never in it.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exchange {
    pub at: Timestamp,
    /// The connection's id.
    pub connection: String,
    pub method: String,
    /// Path and query, without the host.
    pub path: String,
    /// `None`: no answer.
    pub status: Option<u16>,
    pub duration_milliseconds: u64,
    /// The other side's request id, which its support asks for.
    pub request_id: Option<String>,
    pub request_body: Option<String>,
    pub response_body: Option<String>,
    /// The key of the command it belongs to.
    pub command: Option<String>,
}

/// Why there was no proper answer. A refusal is one, whatever status a system gives it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// Nothing came back.
    NoAnswer,
    /// It asks to slow down.
    SlowDown,
    /// It fails by itself, with nothing said of the request.
    Fails,
}

/// Takes exchanges; must neither block nor fail.
pub trait Recorder: Send + Sync {
    fn record(&self, exchange: Exchange);

    /// A request of the connection was not answered properly at this moment.
    fn troubled(&self, _connection: &str, _at: Timestamp, _trouble: Trouble) {}

    /// Whether anything is kept: else no exchange needs to be written down.
    fn keeps(&self) -> bool {
        true
    }
}

/// Keeps nothing.
pub struct NoRecorder;

impl Recorder for NoRecorder {
    fn record(&self, _: Exchange) {}

    fn keeps(&self) -> bool {
        false
    }
}
