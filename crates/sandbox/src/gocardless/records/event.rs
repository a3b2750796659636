//! Events, webhook endpoints and webhooks (gocardless sheet sections 16 and 19).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::gocardless::time::stamp;

/// Something that happened; never changes once written.
#[derive(Debug, Clone)]
pub struct Event {
    /// When it happened.
    pub created_at: Timestamp,
    /// From when on it is in the list and may be sent: events are written asynchronously.
    pub visible_at: Timestamp,
    /// Plural resource name.
    pub resource_type: &'static str,
    /// What happened.
    pub action: &'static str,
    /// Ids under singular resource names.
    pub links: BTreeMap<&'static str, String>,
    /// The wire form, in the event list and in webhooks alike; kept as text, there are many.
    pub text: String,
}

impl Event {
    /// The wire form.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_default()
    }
}

/// A receiver of webhooks, as configured in the dashboard.
#[derive(Debug, Clone)]
pub struct Endpoint {
    /// Whose events.
    pub organisation: String,
    /// Receiver.
    pub url: String,
    /// Key of the signature, used as it is.
    pub secret: String,
    /// Events of the organisation that were handed to a webhook already.
    pub position: usize,
}

/// Where a webhook is in its attempts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WebhookState {
    /// The next attempt is due at this instant.
    Waiting(Timestamp),
    /// Handed out, not reported back.
    InFlight,
    /// A 2xx came.
    Succeeded,
    /// No attempt is left.
    GivenUp,
}

/// One batch of events for one endpoint.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// WB…
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Receiver.
    pub url: String,
    /// The exact body.
    pub body: String,
    /// Headers of each attempt, signature included.
    pub headers: Vec<(String, String)>,
    /// Attempts so far.
    pub attempts: u32,
    /// Attempts allowed, counted from the first; manual retries add one.
    pub attempts_max: u32,
    /// Now.
    pub state: WebhookState,
    /// What the endpoint answered last.
    pub response_code: Option<u16>,
    /// Number of events inside.
    pub events: usize,
}

impl Webhook {
    /// The wire form.
    pub fn json(&self) -> Value {
        let headers: BTreeMap<&str, &str> =
            self.headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        json!({
            "id": self.id,
            "created_at": stamp(self.created_at),
            "url": self.url,
            "is_test": false,
            "successful": self.state == WebhookState::Succeeded,
            "request_body": self.body,
            "request_headers": headers,
            "response_code": self.response_code,
            "response_body": "",
            "response_body_truncated": false,
            "response_headers": {},
            "response_headers_content_truncated": false,
            "response_headers_count_truncated": false,
        })
    }
}
