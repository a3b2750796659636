//! The emulator behind the connector, without sockets; the clock waits by jumping.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use connectors::erp::netsuite::keys::{GeneratedKey, KeyKind, generate_key};
use connectors::http::hosts::AllowedHosts;
use connectors::registry::{ConnectOptions, erps};
use http::{Method, Request, Response};
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use model::command::{ErpWrite, RecordReceipt, WriteAnswer};
use model::ids::{InvoiceId, LedgerAccountId};
use model::invoice::Invoice;
use model::key::Key;
use model::money::{Currency, Money};
use model::receipt::{DocumentKind, ErpDocument, Receipt};
use ports::exchange::NoRecorder;
use ports::transport::{Transport, TransportError};
use ports::{Clock, Depth, Erp, PortError, Read};
use sandbox::emulator::{Emulator, Outcome};
use sandbox::in_process;
use sandbox::netsuite::{Config, NetSuite};
use serde_json::{Value, json};

const ADDRESS: &str = "https://netsuite.example";
const START: &str = "2026-03-05T09:00:00Z";

pub fn pounds(minor: i64) -> Money {
    Money::new(minor, Currency::GBP)
}

pub fn day(month: i8, day: i8) -> Date {
    date(2026, month, day)
}

pub struct TestClock(Mutex<Timestamp>);

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }

    fn lease_now(&self) -> Timestamp {
        self.now()
    }

    async fn wait(&self, duration: Duration) {
        *self.0.lock().unwrap() += SignedDuration::try_from(duration).unwrap();
    }
}

struct InProcess {
    emulator: Arc<NetSuite>,
    clock: Arc<TestClock>,
}

#[async_trait]
impl Transport for InProcess {
    async fn send(
        &self,
        request: Request<Bytes>,
        deadline: Duration,
    ) -> Result<Response<Bytes>, TransportError> {
        match in_process::call(self.emulator.as_ref(), self.clock.now(), ADDRESS, request) {
            Outcome::Respond(response) => Ok(response),
            Outcome::NoAnswer => {
                self.clock.wait(deadline).await;
                Err(TransportError::NoAnswer("time-out".to_owned()))
            }
            Outcome::Reset => Err(TransportError::NoAnswer("reset".to_owned())),
        }
    }
}

/// One key for all tests: making it is not what they are about.
fn key() -> &'static GeneratedKey {
    static KEY: OnceLock<GeneratedKey> = OnceLock::new();
    KEY.get_or_init(|| generate_key(KeyKind::P256, "test", START.parse().unwrap()).unwrap())
}

pub fn own_fields() -> Value {
    let body =
        |id: &str, kind: &str, on: &[&str]| json!({"id": id, "type": kind, "applies_to": on});
    let (invoice, both) = (&["invoice"][..], &["invoice", "customerPayment"][..]);
    let mut fields = vec![
        body("custbody_mlc_collect", "checkbox", invoice),
        body("custbody_mlc_retry", "checkbox", invoice),
        body("custbody_mlc_integration_error", "long_text", invoice),
        body("custbody_mlc_charge_date", "date", invoice),
        body("custbody_mlc_payment_id", "text", both),
        body("custbody_mlc_mandate", "text", both),
        body("custbody_mlc_account", "text", both),
        body("custbody_mlc_payout", "text", &["customerPayment"]),
    ];
    for name in ["integration_status", "payment_status", "reason_code", "description"] {
        fields.push(body(&format!("custbody_mlc_{name}"), "text", invoice));
    }
    for name in ["customer_id", "mandate", "mandate_status", "authorisation_link", "account"] {
        fields.push(body(&format!("custentity_mlc_{name}"), "text", &["customer"]));
    }
    Value::Array(fields)
}

pub struct World {
    pub emulator: Arc<NetSuite>,
    pub clock: Arc<TestClock>,
    pub netsuite: Box<dyn Erp>,
    /// Our fields are installed.
    with_fields: bool,
}

/// The customer of every test.
pub const CUSTOMER: &str = "1007";
pub const UNDEPOSITED: &str = "116";
pub const BANK: &str = "210";

impl World {
    pub fn new() -> World {
        World::with(&[], json!({}))
    }

    /// With settings of the connection, and more to seed before it connects.
    pub fn with(settings: &[(&str, &str)], seed: Value) -> World {
        let emulator = Arc::new(NetSuite::new(7, Config::default()));
        let clock = Arc::new(TestClock(Mutex::new(START.parse().unwrap())));
        let mut all = BTreeMap::from([
            ("account".to_owned(), "1234567_SB1".to_owned()),
            ("client_id".to_owned(), "the-client".to_owned()),
            ("certificate_id".to_owned(), "the-certificate".to_owned()),
        ]);
        all.extend(settings.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        let options = ConnectOptions {
            connection: "test".to_owned(),
            account_url: Some(ADDRESS.parse().unwrap()),
            allowed_hosts: AllowedHosts(vec!["netsuite.example".to_owned()]),
            settings: all,
            secrets: BTreeMap::from([("private_key".to_owned(), key().private_key.clone())]),
            transport: Arc::new(InProcess { emulator: emulator.clone(), clock: clock.clone() }),
            clock: clock.clone(),
            recorder: Arc::new(NoRecorder),
            keeper: Arc::new(ports::keeper::NoKeeper),
            memory: Arc::new(ports::memory::NoMemory),
        };
        let entry = erps().iter().find(|entry| entry.slug == "netsuite").unwrap();
        let netsuite = (entry.connect)(options).unwrap();
        let with_fields = seed.get("custom_fields").is_none();
        let world = World { emulator, clock, netsuite, with_fields };
        let certificates = json!([{"kid": "the-certificate", "pem": key().certificate}]);
        world.control(
            "/seed",
            json!({"integration": {"client_id": "the-client", "certificates": certificates}}),
        );
        if with_fields {
            world.control("/seed", json!({"custom_fields": own_fields()}));
        }
        world.control("/seed", seed);
        world.control(
            "/seed",
            json!({"customers": [{
                "id": 1007, "entityId": "C-1007", "companyName": "Brightmill Ltd",
                "email": "ap@brightmill.example", "currency": {"id": "1"},
            }]}),
        );
        world
    }

    pub fn control(&self, path: &str, body: Value) -> Value {
        let answer = self.emulator.control(self.clock.now(), &Method::POST, path, &body);
        answer.unwrap_or_else(|error| panic!("{path} {body}: {}", error.0))
    }

    pub fn truth(&self) -> Value {
        let body = Value::Null;
        self.emulator.control(self.clock.now(), &Method::GET, "/truth", &body).unwrap()
    }

    pub fn act(&self, body: Value) -> Value {
        self.control("/act", body)
    }

    pub fn seconds_pass(&self, seconds: i64) {
        *self.clock.0.lock().unwrap() += SignedDuration::from_secs(seconds);
    }

    /// An invoice of the customer, and its id.
    pub fn invoice(&self, number: &str, amount: &str) -> InvoiceId {
        let fields =
            if self.with_fields { json!({"custbody_mlc_collect": true}) } else { json!({}) };
        self.control(
            "/seed",
            json!({"invoices": [{
                "customer": 1007, "amount": amount, "number": number, "date": "2026-03-01",
                "due": "2026-03-31", "fields": fields,
            }]}),
        );
        self.invoice_id(number)
    }

    /// What the account calls the invoice.
    pub fn invoice_id(&self, number: &str) -> InvoiceId {
        let q = format!("SELECT t.id FROM transaction t WHERE t.tranid = '{number}'");
        let found = self.control("/query", json!({"q": q}));
        InvoiceId::new(found["items"][0]["id"].as_str().unwrap())
    }

    pub async fn read_invoice(&self, id: &InvoiceId) -> Invoice {
        let reads = self.netsuite.invoices(std::slice::from_ref(id), Depth::Direct).await.unwrap();
        match reads.into_iter().next().unwrap() {
            Read::Found(invoice) => invoice,
            other => panic!("{id}: {other:?}"),
        }
    }

    pub fn receipt(&self, invoice: &InvoiceId, amount: i64, apply: i64) -> RecordReceipt {
        RecordReceipt {
            customer: CUSTOMER.into(),
            amount: pounds(amount),
            apply: Some((invoice.clone(), pounds(apply))),
            dated_on: day(3, 4),
            true_date: None,
            subsidiary: Some("2".into()),
            receivable_account: Some(LedgerAccountId::new("119")),
            exchange_rate: None,
            account: None,
            collection: "PM1".into(),
            payout: Some("PO1".into()),
            memo: "PM1 PO1".to_owned(),
        }
    }

    /// Records a receipt under a key of that name.
    pub async fn record(&self, name: &str, write: RecordReceipt) -> Result<WriteAnswer, PortError> {
        self.write(name, ErpWrite::RecordReceipt(write)).await
    }

    pub async fn write(&self, name: &str, write: ErpWrite) -> Result<WriteAnswer, PortError> {
        self.netsuite.write(&named(name), &write).await
    }

    pub async fn document(&self, kind: DocumentKind, name: &str, depth: Depth) -> ErpDocument {
        let reads = self.netsuite.documents(&[(kind, named(name))], depth).await.unwrap();
        match reads.into_iter().next().unwrap() {
            Read::Found(document) => document,
            other => panic!("{name}: {other:?}"),
        }
    }

    pub async fn read_receipt(&self, name: &str, depth: Depth) -> Receipt {
        match self.document(DocumentKind::Receipt, name, depth).await {
            ErpDocument::Receipt(receipt) => receipt,
            other => panic!("{name}: {other:?}"),
        }
    }

    pub async fn balance(&self, account: &str) -> i64 {
        self.netsuite.account_balance(&LedgerAccountId::new(account)).await.unwrap().minor
    }
}

pub fn named(name: &str) -> Key {
    Key::new(&["test", name, "1"])
}
