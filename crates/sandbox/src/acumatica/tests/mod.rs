//! Tests of the emulator, by subject. Everything goes through the API or the control surface, as
//! a client or a person would.

mod access;
mod faults;
mod ledger;
mod payments;
mod payouts;
mod people;
mod queries;
mod records;
mod variants;

use super::{Acumatica, Config};
use crate::emulator::{Emulator, Outcome};
use bytes::Bytes;
use http::{Method, Request};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

const HOST: &str = "https://erp.example.com";
const SITE: &str = "/Demo";
const ROOT: &str = "/Demo/entity/Default/24.200.001";
const TOKEN: &str = "test-token";

/// A site with the standard company, two customers, and a token.
struct World {
    erp: Acumatica,
    now: Timestamp,
}

/// An answer taken apart.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Value,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.as_str())
    }

    fn ok(self) -> Value {
        assert_eq!(self.status, 200, "{}", self.body);
        self.body
    }

    /// Asserts an error object with this text in it.
    fn exception(&self, status: u16, text: &str) {
        let told = self.body["exceptionMessage"].as_str().unwrap_or_default();
        assert_eq!(self.status, status, "{}", self.body);
        assert!(told.contains(text), "{told:?} does not contain {text:?}");
    }

    /// Asserts a refused field: a JSON pointer to it, and a part of its text.
    fn field(&self, pointer: &str, text: &str) {
        assert_eq!(self.status, 422, "{}", self.body);
        let told = self.body.pointer(pointer).and_then(|field| field["error"].as_str());
        let told = told.unwrap_or_default();
        assert!(told.contains(text), "{told:?} does not contain {text:?}: {}", self.body);
        assert!(self.body["error"].as_str().unwrap().contains("at least one error"));
    }
}

impl World {
    fn new() -> World {
        let world = World {
            erp: Acumatica::new(7, Config::default()),
            now: "2025-03-10T09:00:00Z".parse().unwrap(),
        };
        world.seed(json!({
            "settings": {"site": SITE},
            "tokens": [{"token": TOKEN}],
            "customers": [
                {"CustomerID": "C000123", "CustomerName": "Brightwater Ltd", "CurrencyID": "GBP",
                    "MainContact": {"Email": "ap@brightwater.example",
                        "Address": {"City": "Leeds", "Country": "GB"}}},
                {"CustomerID": "C000200", "CustomerName": "Northgate plc"},
            ],
        }));
        world
    }

    fn later(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
        self.erp.advance(self.now);
    }

    fn try_control(&self, method: Method, path: &str, body: Value) -> Result<Value, String> {
        self.erp.control(self.now, &method, path, &body).map_err(|error| error.0)
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
        self.erp.handle(self.now, HOST, request)
    }

    fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let response = match self.outcome(method, path, headers, body) {
            Outcome::Respond(response) => response,
            other => panic!("no answer: {other:?}"),
        };
        let pair = |(name, value): (&http::HeaderName, &http::HeaderValue)| {
            (name.to_string(), value.to_str().unwrap().to_owned())
        };
        Answer {
            status: response.status().as_u16(),
            headers: response.headers().iter().map(pair).collect(),
            body: serde_json::from_slice(response.body()).unwrap_or(Value::Null),
        }
    }

    fn call_with(&self, method: &str, path: &str, more: &[(&str, &str)], body: &Value) -> Answer {
        let bearer = format!("Bearer {TOKEN}");
        let mut headers = vec![("Authorization", bearer.as_str())];
        headers.extend(more);
        if !body.is_null() {
            headers.push(("Content-Type", "application/json"));
        }
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let path = path.replace(' ', "%20");
        self.raw(method, &format!("{ROOT}{path}"), &headers, &text)
    }

    fn call(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.call_with(method, path, &[], body)
    }

    fn get(&self, path: &str) -> Value {
        self.call("GET", path, &Value::Null).ok()
    }

    fn put(&self, path: &str, body: Value) -> Answer {
        self.call("PUT", path, &body)
    }

    /// Starts an action on a document by key, and answers what came of it: the poll's answer.
    fn act_on(&mut self, path: &str, kind: &str, number: &str) -> Answer {
        let entity = json!({"Type": {"value": kind}, "ReferenceNbr": {"value": number}});
        let begun = self.call("POST", path, &json!({ "entity": entity }));
        self.followed(begun)
    }

    fn followed(&mut self, begun: Answer) -> Answer {
        if begun.status != 202 {
            return begun;
        }
        let location = begun.header("location").unwrap().to_owned();
        let bearer = format!("Bearer {TOKEN}");
        let poll =
            |world: &World| world.raw("GET", &location, &[("Authorization", bearer.as_str())], "");
        assert_eq!(poll(self).status, 202);
        self.later(5);
        poll(self)
    }

    fn release(&mut self, kind: &str, number: &str) {
        let done = self.act_on("/Payment/ReleasePayment", kind, number);
        assert_eq!(done.status, 204, "{}", done.body);
    }

    /// A released invoice of C000123 in pounds; its number.
    fn invoice(&self, amount: &str) -> String {
        let made = self.seed(json!({"invoices": [
            {"customer": "C000123", "amount": amount, "date": "2025-03-01"}]}));
        made["invoices"][0]["ReferenceNbr"].as_str().unwrap().to_owned()
    }

    /// A balanced payment that applies to an invoice.
    fn payment(&self, reference: &str, amount: &str, invoice: &str) -> Answer {
        self.put("/Payment?$expand=DocumentsToApply", payment_body(reference, amount, invoice))
    }

    fn value(&self, path: &str, field: &str) -> Value {
        self.get(path)[field]["value"].clone()
    }

    /// The balance of an account in base currency; the trial balance is zero.
    fn balance(&self, account: &str) -> String {
        let ledger = self.try_control(Method::GET, "/truth/ledger", Value::Null).unwrap();
        assert_eq!(ledger["trial_balance"], "0");
        let accounts = ledger["accounts"].as_array().unwrap();
        let found = accounts.iter().find(|found| found["account"] == account);
        found.map_or("0".to_owned(), |found| found["balance"].as_str().unwrap().to_owned())
    }
}

fn payment_body(reference: &str, amount: &str, invoice: &str) -> Value {
    json!({
        "Type": {"value": "Payment"}, "CustomerID": {"value": "C000123"},
        "PaymentMethod": {"value": "GOCARDLESS"}, "CashAccount": {"value": "10250"},
        "ApplicationDate": {"value": "2025-03-06T00:00:00"},
        "PaymentAmount": {"value": number(amount)},
        "PaymentRef": {"value": reference}, "ExternalRef": {"value": reference},
        "Hold": {"value": false},
        "DocumentsToApply": [{"DocType": {"value": "Invoice"},
            "ReferenceNbr": {"value": invoice}, "AmountPaid": {"value": number(amount)}}],
    })
}

/// A JSON number spelled exactly as `text`.
fn number(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}
