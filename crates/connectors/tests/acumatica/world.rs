//! The emulator behind the connector, without sockets; the clock waits by jumping.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use connectors::http::hosts::AllowedHosts;
use connectors::registry::{ConnectOptions, erps};
use http::{Method, Request, Response};
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use model::command::{ErpWrite, RecordReceipt, WriteAnswer};
use model::ids::{InvoiceId, ReceiptId};
use model::invoice::Invoice;
use model::key::Key;
use model::money::{Currency, Money};
use model::receipt::{DocumentKind, ErpDocument, Receipt};
use ports::exchange::NoRecorder;
use ports::transport::{Transport, TransportError};
use ports::{Clock, Depth, Erp, PortError, Read};
use sandbox::acumatica::{Acumatica, Config};
use sandbox::emulator::{Emulator, Outcome};
use sandbox::in_process;
use serde_json::{Value, json};

const HOST: &str = "https://acumatica.example";
/// The site stands in a virtual directory of its host (acumatica sheet section 1).
const SITE: &str = "/Demo";
const START: &str = "2026-03-05T09:00:00Z";
const CLIENT: &str = "6f3b1c5e-0d0a-4f1e-9f55-2b7f0e9c1a11@Acme";

/// The customer of every story.
pub const CUSTOMER: &str = "C000123";
pub const CLEARING: &str = "10250";
pub const BANK: &str = "10200";
pub const FEES: &str = "61200";

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
    emulator: Arc<Acumatica>,
    clock: Arc<TestClock>,
}

#[async_trait]
impl Transport for InProcess {
    async fn send(
        &self,
        request: Request<Bytes>,
        deadline: Duration,
    ) -> Result<Response<Bytes>, TransportError> {
        match in_process::call(self.emulator.as_ref(), self.clock.now(), HOST, request) {
            Outcome::Respond(response) => Ok(response),
            Outcome::NoAnswer => {
                self.clock.wait(deadline).await;
                Err(TransportError::NoAnswer("time-out".to_owned()))
            }
            Outcome::Reset => Err(TransportError::NoAnswer("reset".to_owned())),
        }
    }
}

/// The connector's own fields, as its set-up guide has them made.
fn own_fields() -> Value {
    let on = |entity: &str, id: &str, kind: &str| {
        json!({"entity": entity, "view": "Document", "field": format!("Attribute{id}"),
            "type": kind})
    };
    let mut fields = vec![
        on("Invoice", "MLCCOLLECT", "CustomBooleanField"),
        on("Invoice", "MLCRETRY", "CustomBooleanField"),
        on("Payment", "MLCPAYOUT", "CustomStringField"),
        on("Payment", "MLCMEMO", "CustomStringField"),
        on("Payment", "MLCVOIDKEY", "CustomStringField"),
    ];
    for id in [
        "MLCSTATUS",
        "MLCERROR",
        "MLCPAYSTAT",
        "MLCREASON",
        "MLCDESCR",
        "MLCCHARGE",
        "MLCPAYMENT",
        "MLCMANDATE",
        "MLCACCOUNT",
    ] {
        fields.push(on("Invoice", id, "CustomStringField"));
    }
    json!({
        "user_fields": fields,
        "attributes": ["MLCCUSTID", "MLCMANDATE", "MLCMANSTAT", "MLCLINK", "MLCACCOUNT"],
    })
}

/// Clearing accounts of two currencies more, with no decimals and with three.
fn more_currencies() -> Value {
    let account = |id: &str, name: &str, currency: &str| json!({"id": id, "description": name, "type": "Asset", "currency": currency});
    let cash = |id: &str, name: &str, currency: &str| {
        json!({"id": id, "description": name, "account": id, "branch": "MAIN",
            "currency": currency, "clearing": true})
    };
    json!({
        "currencies": [{"id": "KWD", "description": "Kuwaiti dinar", "decimals": 3}],
        "rates": [{"currency": "KWD", "date": "2020-01-01", "rate": "2.5"}],
        "cash_accounts": [cash("10253", "Clearing JPY", "JPY"), cash("10254", "Clearing KWD", "KWD")],
        "accounts": [account("10253", "Clearing JPY", "JPY"), account("10254", "Clearing KWD", "KWD")],
        "payment_methods": [{"id": "GOCARDLESS", "description": "GoCardless direct debit",
            "cash_accounts": ["10250", "10251", "10252", "10253", "10254", "10200", "10201", "10202"]}],
    })
}

pub struct World {
    pub emulator: Arc<Acumatica>,
    pub clock: Arc<TestClock>,
    pub erp: Box<dyn Erp>,
}

impl World {
    pub fn new() -> World {
        World::with(&[], json!({}))
    }

    /// Signs in with a cookie session instead of OAuth.
    pub fn with_cookies(seed: Value) -> World {
        World::with(&[("client_id", ""), ("tenant", "Acme"), ("branch", "MAIN")], seed)
    }

    /// With settings of the connection, and more to seed before it connects.
    pub fn with(settings: &[(&str, &str)], seed: Value) -> World {
        let emulator = Arc::new(Acumatica::new(7, Config::default()));
        let clock = Arc::new(TestClock(Mutex::new(START.parse().unwrap())));
        let mut all: BTreeMap<String, String> = [
            ("site", "https://acumatica.example/Demo"),
            ("user", "mlconnector"),
            ("client_id", CLIENT),
            ("payment_method", "GOCARDLESS"),
            ("clearing", "GBP=10250 EUR=10251 USD=10252 JPY=10253 KWD=10254"),
        ]
        .into_iter()
        .chain(settings.iter().copied())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
        all.retain(|_, value| !value.is_empty());
        let secrets = [("password", "secret"), ("client_secret", "sandbox-acumatica-secret")];
        let options = ConnectOptions {
            connection: "test".to_owned(),
            account_url: None,
            allowed_hosts: AllowedHosts(vec!["acumatica.example".to_owned()]),
            settings: all,
            secrets: secrets.map(|(name, text)| (name.to_owned(), text.into())).into(),
            transport: Arc::new(InProcess { emulator: emulator.clone(), clock: clock.clone() }),
            clock: clock.clone(),
            recorder: Arc::new(NoRecorder),
            keeper: Arc::new(ports::keeper::NoKeeper),
            memory: Arc::new(ports::memory::NoMemory),
        };
        let entry = erps().iter().find(|entry| entry.slug == "acumatica").unwrap();
        let erp = (entry.connect)(options).unwrap();
        let world = World { emulator, clock, erp };
        world.seed(json!({"settings": {"site": SITE}}));
        world.seed(own_fields());
        world.seed(more_currencies());
        world.seed(seed);
        world.seed(json!({"customers": [{
            "CustomerID": CUSTOMER, "CustomerName": "Brightmill Ltd", "CurrencyID": "GBP",
            "MainContact": {"Email": "ap@brightmill.example", "Address": {"Country": "GB"}},
        }]}));
        world
    }

    pub fn control(&self, path: &str, body: Value) -> Value {
        let answer = self.emulator.control(self.clock.now(), &Method::POST, path, &body);
        answer.unwrap_or_else(|error| panic!("{path} {body}: {}", error.0))
    }

    pub fn truth(&self, path: &str) -> Value {
        let path = format!("/truth{path}");
        self.emulator.control(self.clock.now(), &Method::GET, &path, &Value::Null).unwrap()
    }

    pub fn seed(&self, body: Value) -> Value {
        self.control("/seed", body)
    }

    pub fn act(&self, body: Value) -> Value {
        self.control("/act", body)
    }

    pub fn faults(&self, rules: &[Value]) {
        self.control("/faults", json!({ "add": rules }));
    }

    pub fn calm(&self) {
        self.control("/faults", json!({"clear": true}));
    }

    pub fn pass(&self, seconds: i64) {
        let from = self.clock.now();
        *self.clock.0.lock().unwrap() += SignedDuration::from_secs(seconds);
        in_process::advance(self.emulator.as_ref(), from, self.clock.now());
    }

    /// A released invoice, ticked for collection, under a number that its maker chose: the numbering
    /// of invoices is manual, that of payments is not.
    pub fn make_invoice(&self, number: &str, short: Value) -> InvoiceId {
        self.seed(json!({"preferences": {"auto_number": false}}));
        let mut invoice = json!({
            "fields": {"ReferenceNbr": number, "custom": {"Document": {
                "AttributeMLCCOLLECT": {"type": "CustomBooleanField", "value": true}}}},
        });
        for (name, value) in short.as_object().into_iter().flatten() {
            invoice[name] = value.clone();
        }
        let made = self.seed(json!({ "invoices": [invoice] }));
        self.seed(json!({"preferences": {"auto_number": true}}));
        InvoiceId::new(made["invoices"][0]["ReferenceNbr"].as_str().unwrap())
    }

    /// An invoice of the customer in pounds.
    pub fn invoice(&self, number: &str, amount: &str) -> InvoiceId {
        self.make_invoice(
            number,
            json!({"customer": CUSTOMER, "amount": amount, "date": "2026-03-01",
                "due": "2026-03-31"}),
        )
    }

    pub async fn read_invoice(&self, id: &InvoiceId) -> Invoice {
        let reads = self.erp.invoices(std::slice::from_ref(id), Depth::Direct).await.unwrap();
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
            subsidiary: Some("MAIN".into()),
            receivable_account: None,
            exchange_rate: None,
            account: None,
            collection: "PM1".into(),
            payout: Some("PO1".into()),
            memo: "payment PM1, payout PO1".to_owned(),
        }
    }

    /// Records a receipt under a key of that name.
    pub async fn record(&self, name: &str, write: RecordReceipt) -> Result<WriteAnswer, PortError> {
        self.write(name, ErpWrite::RecordReceipt(write)).await
    }

    pub async fn write(&self, name: &str, write: ErpWrite) -> Result<WriteAnswer, PortError> {
        self.erp.write(&named(name), &write).await
    }

    pub async fn document(&self, kind: DocumentKind, name: &str) -> ErpDocument {
        let reads = self.erp.documents(&[(kind, named(name))], Depth::Direct).await.unwrap();
        match reads.into_iter().next().unwrap() {
            Read::Found(document) => document,
            other => panic!("{name}: {other:?}"),
        }
    }

    pub async fn read_receipt(&self, name: &str) -> Receipt {
        match self.document(DocumentKind::Receipt, name).await {
            ErpDocument::Receipt(receipt) => receipt,
            other => panic!("{name}: {other:?}"),
        }
    }

    /// What the ledger says stands on an account, in minor units of the currency. The whole ledger
    /// balances at every look.
    pub fn stands(&self, account: &str, currency: Currency) -> i64 {
        let ledger = self.truth("/ledger");
        assert_eq!(ledger["trial_balance"], "0", "{ledger}");
        let mut accounts = ledger["accounts"].as_array().unwrap().iter();
        let found = accounts.find(|found| found["account"] == account);
        let text = found.and_then(|found| found["currencies"][currency.code()].as_str());
        text.map_or(0, |text| Money::parse_major(text, currency).unwrap().minor)
    }

    /// In pounds.
    pub fn balance(&self, account: &str) -> i64 {
        self.stands(account, Currency::GBP)
    }

    /// The numbers of the invoices that a payment is applied to, as the site itself knows it.
    pub fn applied(&self, receipt: &ReceiptId) -> Vec<String> {
        let payments = self.truth("/Payment");
        let mut payments = payments.as_array().unwrap().iter();
        let wanted =
            |one: &&Value| one["ReferenceNbr"] == receipt.as_str() && one["Type"] == "Payment";
        let payment = payments.find(wanted).unwrap_or_else(|| panic!("no payment {receipt}"));
        let rows = payment["ApplicationHistory"].as_array().cloned().unwrap_or_default();
        rows.iter().filter_map(|row| row["AdjustedRefNbr"].as_str().map(str::to_owned)).collect()
    }
}

pub fn named(name: &str) -> Key {
    Key::new(&["test", name, "1"])
}
