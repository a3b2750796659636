//! Tests of the emulator, by subject. Everything goes through the API or the control surface, as
//! a client or a person would.

mod acts;
mod faults;
mod items;
mod metadata;
mod payments;
mod payouts;
mod periods;
mod queries;
mod random;
mod records;
mod tba;
mod token;

use super::{Config, NetSuite};
use crate::emulator::{Emulator, Outcome};
use bytes::Bytes;
use http::{Method, Request, Response};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const BASE: &str = "https://1234567-sb1.suitetalk.api.netsuite.com";
const ROOT: &str = "/services/rest/record/v1";
const TOKEN: &str = "test-token";

/// An account with two customers, a virtual clock and a token.
struct World {
    net: NetSuite,
    now: Timestamp,
}

/// An answer taken apart.
#[derive(Debug)]
struct Answer {
    status: u16,
    location: Option<String>,
    body: Value,
}

impl Answer {
    /// The id at the end of `Location`.
    fn id(&self) -> i64 {
        assert_eq!(self.status, 204, "{:?}", self.body);
        let location = self.location.as_deref().unwrap();
        location.rsplit('/').next().unwrap().parse().unwrap()
    }

    /// Status, code and text of a refusal.
    fn refusal(&self) -> (u16, &str, &str) {
        let detail = &self.body["o:errorDetails"][0];
        let text = |name: &str| detail[name].as_str().unwrap_or_default();
        (self.status, text("o:errorCode"), text("detail"))
    }

    /// Asserts a refusal with this status, code and part of its text.
    fn refused(&self, status: u16, code: &str, part: &str) {
        let (have, have_code, text) = self.refusal();
        assert_eq!((have, have_code), (status, code), "{:?}", self.body);
        assert!(text.contains(part), "{text:?} does not contain {part:?}");
    }
}

impl World {
    fn new() -> World {
        World::with(json!({}))
    }

    /// A world with a further seed.
    fn with(seed: Value) -> World {
        let world = World::bare();
        world.seed(json!({
            "custom_fields": [
                {"id": "custbody_mlc_collect", "type": "checkbox"},
                {"id": "custbody_mlc_gc_payment_id", "type": "text"},
                {"id": "custbody_mlc_gc_status", "type": "text"},
                {"id": "custbody_mlc_gc_error", "type": "long_text"},
                {"id": "custbody_mlc_payout_id", "type": "text"},
                {"id": "custentity_mlc_gc_customer_id", "type": "text"},
            ],
        }));
        world.seed(seed);
        world.seed(json!({
            "customers": [
                {"id": 1007, "entityId": "C-1007", "companyName": "Brightmill Ltd",
                 "email": "ap@brightmill.example", "currencyList": {"items": [
                    {"currency": {"id": 2}}, {"currency": {"id": 3}}]}},
                {"id": 1011, "entityId": "C-1011", "companyName": "Northgate plc",
                 "externalId": "crm-88"},
            ],
        }));
        world
    }

    /// The standard company without customers.
    fn bare() -> World {
        let net = NetSuite::new(7, Config::default());
        let world = World { net, now: "2026-03-04T17:00:00Z".parse().unwrap() };
        let mut state = world.net.state.lock().unwrap();
        let far: Timestamp = "2030-01-01T00:00:00Z".parse().unwrap();
        state.integration.tokens.insert(TOKEN.to_owned(), far);
        drop(state);
        world
    }

    fn at(&mut self, now: &str) {
        self.now = now.parse().unwrap();
    }

    fn later(&mut self, minutes: i64) {
        self.now += SignedDuration::from_mins(minutes);
        self.net.advance(self.now);
    }

    fn try_control(&self, method: Method, path: &str, body: Value) -> Result<Value, String> {
        self.net.control(self.now, &method, path, &body).map_err(|error| error.0)
    }

    fn seed(&self, body: Value) -> Value {
        self.try_control(Method::POST, "/seed", body).unwrap()
    }

    fn act(&self, body: Value) -> Value {
        self.try_control(Method::POST, "/act", body).unwrap()
    }

    fn faults(&self, body: Value) -> Value {
        self.try_control(Method::POST, "/faults", body).unwrap()
    }

    fn truth(&self) -> Value {
        self.try_control(Method::GET, "/truth", Value::Null).unwrap()
    }

    fn outcome(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Outcome {
        let mut builder = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let request = builder.body(Bytes::from(body.to_owned())).unwrap();
        self.net.handle(self.now, BASE, request)
    }

    fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        match self.outcome(method, path, headers, body) {
            Outcome::Respond(response) => taken_apart(response),
            other => panic!("no answer: {other:?}"),
        }
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        let bearer = format!("Bearer {TOKEN}");
        let mut headers = vec![
            ("Authorization", bearer.as_str()),
            ("X-NetSuite-PropertyNameValidation", "error"),
        ];
        let text = if body.is_null() { String::new() } else { body.to_string() };
        if !body.is_null() {
            headers.push(("Content-Type", "application/json"));
        }
        self.raw(method, path, &headers, &text)
    }

    fn get(&self, path: &str) -> Value {
        let answer = self.call("GET", &format!("{ROOT}{path}"), &Value::Null);
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.body
    }

    fn try_get(&self, path: &str) -> Answer {
        self.call("GET", &format!("{ROOT}{path}"), &Value::Null)
    }

    fn post(&self, path: &str, body: Value) -> Answer {
        self.call("POST", &format!("{ROOT}{path}"), &body)
    }

    fn patch(&self, path: &str, body: Value) -> Answer {
        self.call("PATCH", &format!("{ROOT}{path}"), &body)
    }

    fn delete(&self, path: &str) -> Answer {
        self.call("DELETE", &format!("{ROOT}{path}"), &Value::Null)
    }

    fn query_call(&self, q: &str, params: Value, page: &str) -> Answer {
        let bearer = format!("Bearer {TOKEN}");
        let headers = [("Authorization", bearer.as_str()), ("prefer", "transient")];
        let path = format!("/services/rest/query/v1/suiteql{page}");
        self.raw("POST", &path, &headers, &json!({"q": q, "params": params}).to_string())
    }

    /// The items of a query.
    fn query(&self, q: &str, params: Value) -> Value {
        let answer = self.query_call(q, params, "");
        assert_eq!(answer.status, 200, "{:?}", answer.body);
        answer.body["items"].clone()
    }

    /// An open invoice of customer 1007 over this amount.
    fn invoice(&self, amount: &str) -> i64 {
        let made = self.seed(json!({"invoices": [
            {"customer": 1007, "amount": amount, "date": "2026-03-01", "due": "2026-03-31"}]}));
        made["invoices"][0].as_str().unwrap().parse().unwrap()
    }

    /// A payment into Undeposited Funds, applied as told.
    fn payment(&self, external_id: &str, amount: &str, apply: Value) -> Answer {
        self.post("/customerPayment", payment_body(external_id, amount, apply))
    }

    /// The balance of an account in the ledger, base currency.
    fn balance(&self, account: i64) -> String {
        let truth = self.truth();
        assert_eq!(truth["ledger"]["trial_balance"], "0");
        let accounts = truth["ledger"]["accounts"].as_array().unwrap();
        let id = json!(account.to_string());
        let found = accounts.iter().find(|found| found["id"] == id);
        found.map_or("0".to_owned(), |found| found["balance"].as_str().unwrap().to_owned())
    }
}

fn payment_body(external_id: &str, amount: &str, apply: Value) -> Value {
    json!({
        "externalId": external_id,
        "customer": {"id": "1007"}, "currency": {"id": "1"}, "subsidiary": {"id": "2"},
        "payment": number(amount), "undepFunds": true, "arAcct": {"id": "119"},
        "tranDate": "2026-03-02", "autoApply": false,
        "apply": {"items": apply},
    })
}

/// A JSON number spelled exactly as `text`.
fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn taken_apart(response: Response<Bytes>) -> Answer {
    let content_type = response.headers().get("content-type").unwrap().to_str().unwrap();
    assert!(content_type.starts_with("application/"), "{content_type}");
    let location = response.headers().get("location");
    Answer {
        status: response.status().as_u16(),
        location: location.map(|location| location.to_str().unwrap().to_owned()),
        body: serde_json::from_slice(response.body()).unwrap_or(Value::Null),
    }
}
