//! The connector against documented bodies and scripted answers.

mod direct;
mod mapping;
mod reads;
mod webhook;
mod writes;

use std::collections::BTreeMap;
use std::sync::Arc;

use secrecy::SecretString;
use serde_json::{Value, json};

use super::{ENTRY, GoCardless};
use crate::http::hosts::AllowedHosts;
use crate::http::testing::{JumpingClock, Keeper, Script, ScriptReply, reply};
use crate::registry::{ConnectError, ConnectOptions};

pub const PLANTED_TOKEN: &str = "planted-access-token";

pub struct Bench {
    pub gocardless: GoCardless,
    pub script: Arc<Script>,
    pub keeper: Arc<Keeper>,
}

/// A connection whose answers are scripted.
pub fn bench(replies: Vec<ScriptReply>) -> Bench {
    let script = Script::new(replies);
    let keeper = Arc::new(Keeper::default());
    let options =
        options(script.clone(), keeper.clone(), &[("redirect_uri", "https://acme.example/done")]);
    Bench { gocardless: GoCardless::try_connect(options).unwrap(), script, keeper }
}

fn options(script: Arc<Script>, keeper: Arc<Keeper>, settings: &[(&str, &str)]) -> ConnectOptions {
    let secrets = [
        ("access_token", PLANTED_TOKEN),
        ("webhook_secret", "ml-connector-example-secret"),
        ("webhook_secret_previous", "ED7D658C-D8EB-4941-948B-3973214F2D49"),
    ];
    ConnectOptions {
        connection: "acme".to_owned(),
        account_url: None,
        allowed_hosts: AllowedHosts::default(),
        settings: texts(settings),
        secrets: secrets
            .iter()
            .map(|(name, value)| ((*name).to_owned(), SecretString::from(*value)))
            .collect(),
        transport: script,
        clock: JumpingClock::new(),
        recorder: keeper,
        keeper: Arc::new(ports::keeper::NoKeeper),
        memory: Arc::new(ports::memory::NoMemory),
    }
}

pub fn texts(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A record under its root.
pub fn record(status: u16, root: &str, record: &Value) -> ScriptReply {
    reply(status, &json!({ root: record }).to_string())
}

/// A page of a list.
pub fn page(root: &str, records: &[Value], after: Option<&str>) -> ScriptReply {
    let cursors = json!({ "before": null, "after": after });
    reply(200, &json!({ root: records, "meta": { "cursors": cursors, "limit": 500 } }).to_string())
}

/// An error body as the API has it.
pub fn error(status: u16, kind: &str, entry: &Value) -> ScriptReply {
    let message = entry.get("message").cloned().unwrap_or_else(|| json!("refused"));
    let body = json!({ "error": {
        "message": message, "type": kind, "code": status, "request_id": "r-1",
        "documentation_url": "https://developer.gocardless.com/api-reference",
        "errors": [entry],
    } });
    reply(status, &body.to_string())
}

pub fn state(reason: &str) -> ScriptReply {
    error(422, "invalid_state", &json!({ "reason": reason, "message": format!("no: {reason}") }))
}

pub fn conflict(id: &str) -> ScriptReply {
    let entry = json!({
        "reason": "idempotent_creation_conflict",
        "message": "A resource has already been created with this idempotency key",
        "links": { "conflicting_resource_id": id },
    });
    error(409, "invalid_state", &entry)
}

pub fn missing() -> ScriptReply {
    let entry = json!({ "reason": "resource_not_found", "message": "Resource not found" });
    error(404, "invalid_api_usage", &entry)
}

#[test]
fn a_connection_is_checked_before_it_is_made() {
    let refused = |change: fn(&mut ConnectOptions)| {
        let mut options = options(Script::new(Vec::new()), Arc::default(), &[]);
        change(&mut options);
        match (ENTRY.connect)(options) {
            Ok(_) => panic!("was taken"),
            Err(error) => error,
        }
    };
    assert_eq!(
        refused(|options| {
            options.secrets.remove("access_token");
        }),
        ConnectError::Missing("access_token")
    );
    let wrong = refused(|options| {
        options.settings.insert("environment".to_owned(), "prod".to_owned());
    });
    assert!(wrong.to_string().contains("neither"), "{wrong}");
    let wrong = refused(|options| {
        options.settings.insert("rate_per_minute".to_owned(), "fast".to_owned());
    });
    assert!(wrong.to_string().contains("whole number"), "{wrong}");
    let wrong = refused(|options| {
        options.account_url = Some("https://api.gocardless.evil.example".parse().unwrap());
    });
    assert!(wrong.to_string().contains("not a host"), "{wrong}");
}
