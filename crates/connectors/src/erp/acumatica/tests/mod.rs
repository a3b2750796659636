//! Tests of the Acumatica connector, against scripted answers in their order.

mod mapping;
mod sign_in;
mod steps;

use std::collections::BTreeMap;
use std::sync::Arc;

use model::money::{Currency, Money};
use ports::Clock;
use ports::exchange::NoRecorder;
use ports::transport::Transport;
use secrecy::SecretString;
use serde_json::{Value, json};

use super::Acumatica;
use crate::http::hosts::AllowedHosts;
use crate::http::testing::{JumpingClock, Script, ScriptReply, reply, reply_with};
use crate::registry::ConnectOptions;

pub const BASE: &str = "/Demo/entity/Default/24.200.001";

pub struct World {
    pub script: Arc<Script>,
    pub clock: Arc<JumpingClock>,
    pub acumatica: Acumatica,
}

impl World {
    /// "METHOD path" of each request, without the site's base, its query and the sign-in.
    pub fn steps(&self) -> Vec<String> {
        let bare = |line: String| line.split('?').next().unwrap_or_default().replace(BASE, "");
        let lines = self.script.lines().into_iter().map(bare);
        lines.filter(|line| !line.contains("/identity/")).collect()
    }
}

pub fn pounds(minor: i64) -> Money {
    Money::new(minor, Currency::GBP)
}

fn connect(credentials: &[(&str, &str)], replies: Vec<ScriptReply>) -> World {
    let script = Script::new(replies);
    let clock = JumpingClock::new();
    let settings = [
        ("site", "https://erp.example.com/Demo"),
        ("payment_method", "DEBIT"),
        ("clearing", "GBP=10250"),
        ("branch", "MAIN"),
        ("tenant", "Acme"),
        ("user", "mlc"),
    ];
    let text = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let options = ConnectOptions {
        connection: "test".to_owned(),
        account_url: None,
        allowed_hosts: AllowedHosts(vec!["erp.example.com".to_owned()]),
        settings: settings.iter().chain(credentials).map(text).collect(),
        secrets: BTreeMap::from([
            ("password".to_owned(), SecretString::from("pass&word")),
            ("client_secret".to_owned(), SecretString::from("shared")),
        ]),
        transport: Arc::clone(&script) as Arc<dyn Transport>,
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        recorder: Arc::new(NoRecorder),
        keeper: Arc::new(ports::keeper::NoKeeper),
        memory: Arc::new(ports::memory::NoMemory),
    };
    World { acumatica: Acumatica::connect(options).unwrap(), script, clock }
}

/// Signed in by OAuth; the token's answer comes first by itself.
pub fn oauth(replies: Vec<ScriptReply>) -> World {
    let all = std::iter::once(token("t1", Some("r1"))).chain(replies).collect();
    connect(&[("client_id", "guid@Acme")], all)
}

/// A cookie session.
pub fn cookie(replies: Vec<ScriptReply>) -> World {
    connect(&[], replies)
}

pub fn token(value: &str, refresh: Option<&str>) -> ScriptReply {
    says(json!({"access_token": value, "expires_in": 3600, "refresh_token": refresh}))
}

pub fn says(body: Value) -> ScriptReply {
    reply(200, &body.to_string())
}

pub fn done() -> ScriptReply {
    reply(204, "")
}

/// A long operation, and where its status is.
pub fn started(path: &str) -> ScriptReply {
    reply_with(202, &[("Location", path)], "")
}

pub fn exception(text: &str) -> ScriptReply {
    let body = json!({"message": "An error has occurred.", "exceptionMessage": text,
        "exceptionType": "PX.Data.PXException", "stackTrace": "   at ..."});
    reply(500, &body.to_string())
}

pub fn missing() -> ScriptReply {
    exception("No entity satisfies the condition.")
}

pub fn payment(kind: &str, status: &str, more: Value) -> Value {
    let mut body = json!({
        "id": "4f0d5a9c-7a4d-ef11-8a6b-0a58a9feac02",
        "Type": {"value": kind}, "ReferenceNbr": {"value": "000871"},
        "Status": {"value": status}, "CustomerID": {"value": "C000123   "},
        "CashAccount": {"value": "10250"}, "CurrencyID": {"value": "GBP"},
        "ApplicationDate": {"value": "2026-03-06T00:00:00+00:00"},
        "PaymentAmount": {"value": 120.5}, "AvailableBalance": {"value": 0.0},
        "ExternalRef": {"value": "receipt-PM1-PO1yq"},
        "Description": {"value": "payment PM1, payout PO1"},
        "LastModifiedDateTime": {"value": "2026-03-06T10:02:17.88+00:00"},
        "DocumentsToApply": [], "ApplicationHistory": [], "custom": {}, "files": []
    });
    let members = body.as_object_mut().unwrap();
    members.extend(more.as_object().cloned().unwrap());
    body
}

pub fn row(amount: &str) -> Value {
    let amount: serde_json::Number = amount.parse().unwrap();
    json!([{"DocType": {"value": "Invoice"}, "ReferenceNbr": {"value": "001245"},
        "AmountPaid": {"value": amount}}])
}

pub fn history() -> Value {
    json!([{"AdjustedDocType": {"value": "Invoice"}, "AdjustedRefNbr": {"value": "001245"},
        "AmountPaid": {"value": 120.5}}])
}
