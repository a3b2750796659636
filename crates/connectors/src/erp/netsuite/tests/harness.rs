//! A scripted NetSuite: steps are expected in their order, standing answers serve what every test
//! needs (token, currencies, subsidiaries, accounts). Whatever else is asked for fails the test.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use model::money::{Currency, Money};
use ports::Clock;
use ports::exchange::NoRecorder;
use ports::transport::{Transport, TransportError};

use crate::erp::netsuite::NetSuite;
use crate::erp::netsuite::keys::{KeyKind, generate_key};
use crate::http::hosts::AllowedHosts;
use crate::registry::ConnectOptions;

pub const NOW: &str = "2026-03-05T10:00:00Z";
pub const LOCATION: &str =
    "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/record/v1/";

pub fn pounds(minor: i64) -> Money {
    Money::new(minor, Currency::GBP)
}

/// Time that passes only by waiting.
pub struct FakeClock(Mutex<Timestamp>);

impl FakeClock {
    pub fn at(text: &str) -> Arc<FakeClock> {
        Arc::new(FakeClock(Mutex::new(text.parse().unwrap())))
    }

    pub fn pass(&self, by: SignedDuration) {
        let mut now = self.0.lock().unwrap();
        *now = now.checked_add(by).unwrap();
    }
}

#[async_trait]
impl Clock for FakeClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn lease_now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    async fn wait(&self, duration: Duration) {
        self.pass(SignedDuration::try_from(duration).unwrap());
    }
}

#[derive(Clone, Debug)]
pub enum Says {
    Json(u16, Value),
    /// 204 with the new record's Location.
    Made(&'static str),
    Done,
    Silence,
}

impl Says {
    pub fn refusal(detail: &str) -> Says {
        Says::Json(400, error_body(detail, "USER_ERROR", None))
    }

    pub fn refusal_at(detail: &str, path: &str) -> Says {
        Says::Json(400, error_body(detail, "USER_ERROR", Some(path)))
    }

    pub fn unknown_column(name: &str) -> Says {
        let detail = format!("Invalid search query. Unknown identifier '{name}'.");
        Says::Json(400, error_body(&detail, "INVALID_PARAMETER", None))
    }

    pub fn no_table(name: &str) -> Says {
        let detail = format!("Search error occurred: Record '{name}' was not found");
        Says::Json(400, error_body(&detail, "INVALID_PARAMETER", None))
    }

    pub fn missing() -> Says {
        let detail = "The record instance does not exist. Provide a valid record instance ID.";
        Says::Json(404, error_body(detail, "NONEXISTENT_ID", None))
    }

    pub fn rows(items: Vec<Value>) -> Says {
        let count = items.len();
        let body = json!({"links": [], "count": count, "hasMore": false, "items": items,
            "offset": 0, "totalResults": count});
        Says::Json(200, body)
    }

    fn response(&self) -> Result<http::Response<Bytes>, TransportError> {
        let builder = http::Response::builder();
        let answer = match self {
            Says::Json(status, body) => builder.status(*status).body(Bytes::from(body.to_string())),
            Says::Made(record) => builder
                .status(204)
                .header("Location", format!("{LOCATION}{record}"))
                .body(Bytes::new()),
            Says::Done => builder.status(204).body(Bytes::new()),
            Says::Silence => return Err(TransportError::NoAnswer("deadline".to_owned())),
        };
        Ok(answer.unwrap())
    }
}

pub fn error_body(detail: &str, code: &str, path: Option<&str>) -> Value {
    let mut entry = json!({"detail": detail, "o:errorCode": code});
    if let Some(path) = path {
        entry["o:errorPath"] = Value::from(path);
    }
    json!({"type": "https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.1",
        "title": "Bad Request", "status": 400, "o:errorDetails": [entry]})
}

/// One request as it was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub method: String,
    pub path: String,
    pub body: Value,
    pub text: String,
    pub headers: http::HeaderMap,
}

struct Rule {
    method: &'static str,
    /// Parts that path and body must contain.
    parts: Vec<String>,
    says: Says,
}

impl Rule {
    fn fits(&self, sent: &Sent) -> bool {
        let whole = format!("{}\n{}", sent.path, sent.text);
        self.method == sent.method && self.parts.iter().all(|part| whole.contains(part.as_str()))
    }
}

#[derive(Default)]
pub struct Script {
    steps: Mutex<VecDeque<Rule>>,
    standing: Mutex<Vec<Rule>>,
    sent: Mutex<Vec<Sent>>,
    astray: Mutex<Vec<String>>,
}

impl Script {
    pub fn step(&self, method: &'static str, parts: &[&str], says: Says) -> &Script {
        let parts = parts.iter().map(|part| (*part).to_owned()).collect();
        self.steps.lock().unwrap().push_back(Rule { method, parts, says });
        self
    }

    /// Answers whatever no step is waiting for; later ones come first.
    pub fn always(&self, method: &'static str, parts: &[&str], says: Says) -> &Script {
        let parts = parts.iter().map(|part| (*part).to_owned()).collect();
        self.standing.lock().unwrap().insert(0, Rule { method, parts, says });
        self
    }

    /// What was sent with this method and a path or body that contains the part.
    pub fn sent(&self, method: &str, part: &str) -> Vec<Sent> {
        let all = self.sent.lock().unwrap();
        let fits = |sent: &&Sent| {
            sent.method == method && (sent.path.contains(part) || sent.text.contains(part))
        };
        all.iter().filter(fits).cloned().collect()
    }

    /// Every step was taken, and nothing else was asked for.
    pub fn finish(&self) {
        let steps = self.steps.lock().unwrap();
        let left: Vec<_> = steps.iter().map(|rule| (rule.method, &rule.parts)).collect();
        assert!(left.is_empty(), "steps not taken: {left:?}");
        let astray = self.astray.lock().unwrap();
        assert!(astray.is_empty(), "not in the script: {astray:#?}");
    }
}

#[async_trait]
impl Transport for Script {
    async fn send(
        &self,
        request: http::Request<Bytes>,
        _: Duration,
    ) -> Result<http::Response<Bytes>, TransportError> {
        let (parts, body) = request.into_parts();
        let sent = Sent {
            method: parts.method.to_string(),
            path: parts.uri.path_and_query().unwrap().to_string(),
            body: serde_json::from_slice(&body).unwrap_or(Value::Null),
            text: String::from_utf8(body.to_vec()).unwrap(),
            headers: parts.headers,
        };
        self.sent.lock().unwrap().push(sent.clone());
        let mut steps = self.steps.lock().unwrap();
        if steps.front().is_some_and(|rule| rule.fits(&sent)) {
            return steps.pop_front().unwrap().says.response();
        }
        drop(steps);
        let standing = self.standing.lock().unwrap();
        if let Some(rule) = standing.iter().find(|rule| rule.fits(&sent)) {
            return rule.says.response();
        }
        let line = format!("{} {} {}", sent.method, sent.path, sent.text);
        self.astray.lock().unwrap().push(line.clone());
        Err(TransportError::NotSent(line))
    }
}

/// What every test may ask for without saying so.
fn stand(script: &Script, one_world: bool) {
    let token = json!({"access_token": "token-1", "expires_in": 3600, "token_type": "Bearer"});
    script.always("POST", &["/oauth2/v1/token"], Says::Json(200, token));
    let currency = |id: &str, symbol: &str, base: &str| {
        json!({"id": id, "symbol": symbol, "name": symbol, "currencyprecision": "2",
            "isbasecurrency": base, "isinactive": "F"})
    };
    let currencies = vec![currency("1", "GBP", "T"), currency("2", "EUR", "F")];
    script.always("POST", &["/suiteql", "FROM currency cur"], Says::rows(currencies));
    let subsidiaries = if one_world {
        let root = json!({"id": "1", "name": "Mill Group", "currency": "1", "isinactive": "F"});
        let ours = json!({"id": "2", "name": "Mill UK", "currency": "1", "parent": "1"});
        Says::rows(vec![root, ours])
    } else {
        Says::no_table("subsidiary")
    };
    script.always("POST", &["/suiteql", "FROM subsidiary s"], subsidiaries);
    let no_type = error_body("Record type 'subsidiary' does not exist.", "NONEXISTENT_ID", None);
    script.always("GET", &["/record/v1/subsidiary?limit=1"], Says::Json(404, no_type));
    let undeposited = json!({"id": "116", "accttype": "OthCurrAsset", "sspecacct": "UndepFunds",
        "isinactive": "F", "fullname": "Undeposited Funds", "acctnumber": "1499"});
    script.always("POST", &["FROM account a", "UndepFunds"], Says::rows(vec![undeposited]));
    script.always("POST", &["FROM deletedrecord d"], Says::rows(Vec::new()));
    let no_void = Says::rows(Vec::new());
    script.always("POST", &["FROM transaction t", "AS type", "t.voided"], no_void);
}

pub struct World {
    pub script: Arc<Script>,
    pub clock: Arc<FakeClock>,
    pub netsuite: NetSuite,
}

pub fn world() -> World {
    world_with(&[], true)
}

pub fn world_with(settings: &[(&str, &str)], one_world: bool) -> World {
    let script = Arc::new(Script::default());
    stand(&script, one_world);
    let clock = FakeClock::at(NOW);
    let key = generate_key(KeyKind::P256, "ml-connector", clock.now()).unwrap();
    let mut all = BTreeMap::from([
        ("account".to_owned(), "1234567_SB1".to_owned()),
        ("client_id".to_owned(), "client".to_owned()),
        ("certificate_id".to_owned(), "certificate".to_owned()),
        ("time_zone".to_owned(), "UTC".to_owned()),
    ]);
    all.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
    let options = ConnectOptions {
        connection: "test".to_owned(),
        account_url: None,
        allowed_hosts: AllowedHosts::default(),
        settings: all,
        secrets: BTreeMap::from([("private_key".to_owned(), key.private_key)]),
        transport: Arc::clone(&script) as Arc<dyn Transport>,
        clock: Arc::clone(&clock) as Arc<dyn Clock>,
        recorder: Arc::new(NoRecorder),
        keeper: Arc::new(ports::keeper::NoKeeper),
        memory: Arc::new(ports::memory::NoMemory),
    };
    World { netsuite: NetSuite::connect(options).unwrap(), script, clock }
}

pub fn fixture(name: &str) -> Value {
    let text = match name {
        "invoice" => include_str!("../fixtures/invoice.json"),
        "invoice_rows" => include_str!("../fixtures/invoice_rows.json"),
        "customer" => include_str!("../fixtures/customer.json"),
        "customer_rows" => include_str!("../fixtures/customer_rows.json"),
        "customer_payment" => include_str!("../fixtures/customer_payment.json"),
        "customer_refund" => include_str!("../fixtures/customer_refund.json"),
        "deposit" => include_str!("../fixtures/deposit.json"),
        "journal_entry" => include_str!("../fixtures/journal_entry.json"),
        other => panic!("no fixture {other}"),
    };
    serde_json::from_str(text).unwrap()
}
