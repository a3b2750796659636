//! Tests of the emulator through its own API and control surface, in virtual time.

mod accounts;
mod calendars;
mod endings;
mod event_table;
mod faults;
mod hosted;
mod lists;
mod money;
mod payments;
mod payouts;
mod refunds;
mod requests;
mod schedules;
mod settings;
mod simulators;
mod webhooks;

use bytes::Bytes;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Config, DEFAULT_TOKEN, GoCardless};
use crate::emulator::{Emulator, Outcome};

/// An emulator with a clock that the test moves.
struct Bench {
    emulator: GoCardless,
    now: Timestamp,
    token: String,
    key: Option<String>,
}

/// An answer: status, body, headers.
struct Answer {
    status: u16,
    body: Value,
    headers: http::HeaderMap,
}

impl Answer {
    /// The reason of the first entry of an error, or its anchor.
    fn reason(&self) -> String {
        let error = &self.body["error"];
        let anchor = error["documentation_url"].as_str().unwrap_or_default();
        let anchor = anchor.rsplit('#').next().unwrap_or_default();
        error["errors"][0]["reason"].as_str().unwrap_or(anchor).to_owned()
    }
}

impl Bench {
    /// Monday, 2 November 2026, 09:00 UTC; one account.
    fn new() -> Self {
        Self::with(Config::default())
    }

    fn with(config: Config) -> Self {
        let now = "2026-11-02T09:00:00Z".parse().unwrap();
        let bench = Self {
            emulator: GoCardless::new(7, config),
            now,
            token: DEFAULT_TOKEN.to_owned(),
            key: None,
        };
        bench.emulator.advance(now);
        bench
    }

    fn send(&self, request: http::Request<Bytes>) -> Outcome {
        self.emulator.handle(self.now, "http://sandbox.test", request)
    }

    fn request(&self, method: Method, path: &str, body: Option<&Value>) -> http::Request<Bytes> {
        let mut builder = http::Request::builder()
            .method(method)
            .uri(path)
            .header("Authorization", format!("Bearer {}", self.token))
            .header("GoCardless-Version", "2015-07-06")
            .header("Accept", "application/json");
        if let Some(key) = &self.key {
            builder = builder.header("Idempotency-Key", key);
        }
        match body {
            Some(body) => builder
                .header("Content-Type", "application/json")
                .body(Bytes::from(body.to_string()))
                .unwrap(),
            None => builder.body(Bytes::new()).unwrap(),
        }
    }

    fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        answer(self.send(self.request(method, path, body)))
    }

    fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None)
    }

    fn post(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, Some(body))
    }

    fn control(&self, path: &str, body: &Value) -> Value {
        self.emulator.control(self.now, &Method::POST, path, body).unwrap()
    }

    fn truth(&self) -> Value {
        self.emulator.control(self.now, &Method::GET, "/truth", &Value::Null).unwrap()
    }

    fn act(&self, body: Value) -> Value {
        self.control("/act", &body)
    }

    /// Moves the clock to an instant, minute by minute of the agenda.
    fn until(&mut self, at: &str) {
        self.now = at.parse().unwrap();
        self.emulator.advance(self.now);
    }

    fn seconds(&mut self, seconds: i64) {
        self.now = self.now.checked_add(SignedDuration::from_secs(seconds)).unwrap();
        self.emulator.advance(self.now);
    }

    fn days(&mut self, days: i64) {
        self.seconds(days * 24 * 3600);
    }

    /// A customer with a mandate in a currency and status.
    fn mandate(&self, currency: &str, status: &str) -> String {
        let seed = json!({ "customers": [{
            "given_name": "Ada", "family_name": "Payer", "email": "ada@example.com",
            "mandates": [{ "currency": currency, "status": status }],
        }] });
        text(&self.control("/seed", &seed)["mandates"][0])
    }

    /// Creates a payment through the API.
    fn pay(&self, mandate: &str, amount: i64, currency: &str) -> String {
        let answer = self.post("/payments", &payment_body(mandate, amount, currency));
        assert_eq!(answer.status, 201, "{}", answer.body);
        text(&answer.body["payments"]["id"])
    }

    /// Seeds a payment in a status.
    fn seed_payment(&self, mandate: &str, amount: i64, status: &str) -> String {
        let seed = json!({ "payments": [
            { "mandate": mandate, "amount": amount, "status": status }
        ] });
        text(&self.control("/seed", &seed)["payments"][0])
    }

    fn payment(&self, id: &str) -> Value {
        self.get(&format!("/payments/{id}")).body["payments"].clone()
    }

    fn status(&self, id: &str) -> String {
        text(&self.payment(id)["status"])
    }

    /// `resource.action` of all events that link to an id, oldest first.
    fn events(&self, id: &str) -> Vec<String> {
        self.truth()["events"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|event| event["links"].as_object().unwrap().values().any(|link| link == id))
            .map(|event| format!("{}.{}", text(&event["resource_type"]), text(&event["action"])))
            .collect()
    }

    /// Payouts of the ground truth, oldest first.
    fn payouts(&self) -> Vec<Value> {
        self.truth()["payouts"].as_array().unwrap().clone()
    }

    /// Everything that a refund needs is allowed.
    fn allow_refunds(&self) -> String {
        let creditor = text(&self.truth()["creditors"][0]["id"]);
        self.act(json!({ "action": "enable_refunds", "creditor": creditor }));
        creditor
    }
}

fn answer(outcome: Outcome) -> Answer {
    let Outcome::Respond(response) = outcome else { panic!("no answer: {outcome:?}") };
    let (parts, bytes) = response.into_parts();
    let body = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Answer { status: parts.status.as_u16(), body, headers: parts.headers }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

fn payment_body(mandate: &str, amount: i64, currency: &str) -> Value {
    json!({ "payments": {
        "amount": amount, "currency": currency, "links": { "mandate": mandate },
        "metadata": { "invoiceId": "1001" },
    } })
}
