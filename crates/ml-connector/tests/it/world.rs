//! Both emulated systems on loopback with a virtual clock, and the binary set up beside them as a
//! user would: what the stories of the other modules stand on.

use std::sync::Arc;

use http::Method;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use sandbox::clock::VirtualClock;
use sandbox::emulator::Emulator;
use sandbox::gocardless::{self, GoCardless};
use sandbox::harness::{Harness, Ports, Running};
use sandbox::netsuite::{self, NetSuite};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::binary::{Place, SECRET, TOKEN};
use crate::installed;

/// A Monday, early.
const START: &str = "2026-03-02T06:00:00Z";
/// Virtual seconds per second: the published rate limits pass quickly.
const RATE: u32 = 300;
const SEED: u64 = 7;

pub const CLIENT: &str = "test-client";
pub const CERTIFICATE: &str = "test-certificate";
/// The policy that most stories use, in the small company's accounts.
const POLICY: [&str; 9] = [
    "currencies=[\"GBP\"]",
    "time_zone=Europe/London",
    "accounts.fees=\"640\"",
    "accounts.fee_tax=\"231\"",
    "accounts.chargebacks=\"641\"",
    "accounts.rounding=\"650\"",
    "accounts.suspense=\"651\"",
    "accounts.banks.GBP.account=\"210\"",
    "accounts.banks.GBP.subsidiary=\"2\"",
];

pub struct World {
    pub place: Place,
    clock: Arc<VirtualClock>,
    processor: Arc<GoCardless>,
    erp: Arc<NetSuite>,
    running: Running,
    /// Last: everything above may still run on it while it is dropped.
    _runtime: Runtime,
}

/// A customer known to both sides.
pub struct Customer {
    /// Id in the ERP.
    pub id: String,
    /// Mandate at the processor.
    pub mandate: String,
}

impl World {
    /// Both systems, their company and account, and an initialised instance without connections. The
    /// ERP has exactly the role and fields that the project in `netsuite/` installs.
    pub fn new() -> World {
        let world = World::bare();
        world.erp("/seed", &json!({ "custom_fields": installed::custom_fields(None) }));
        world
    }

    /// Without the connector's fields in the ERP.
    pub fn bare() -> World {
        let runtime = Runtime::new().expect("a runtime");
        let start: Timestamp = START.parse().expect("a time");
        let clock = Arc::new(VirtualClock::new(start, RATE));
        let config = gocardless::Config { default_account: false, ..gocardless::Config::default() };
        let processor = Arc::new(GoCardless::new(SEED, config));
        let erp = Arc::new(NetSuite::new(SEED, netsuite::Config::default()));
        let emulators: Vec<Arc<dyn Emulator>> = vec![processor.clone(), erp.clone()];
        let running = runtime
            .block_on(Harness::start(emulators, Arc::clone(&clock), Ports::any()))
            .expect("the emulators start");
        let url = running.url("gocardless").expect("a URL").to_owned();
        let place = Place::configured(&format!("[clock]\nfollow = \"{url}/_sandbox/clock\"\n"));
        let world = World { place, clock, processor, erp, running, _runtime: runtime };
        world.processor(
            "/seed",
            &json!({
                "organisations": [{"id": "OR000TEST", "name": "Brightworks UK"}],
                "creditors": [{
                    "id": "CR000TEST", "name": "Brightworks UK", "country_code": "GB",
                    "currencies": ["GBP", "EUR"], "can_create_refunds": true,
                    "negative_balance_limit": 10_000_000, "bank_reference_prefix": "BRIGHTWORKS",
                }],
                "tokens": [{"token": TOKEN}],
            }),
        );
        world.erp(
            "/seed",
            &json!({
                "company": {"time_zone": "Europe/London", "date_format": "DD/MM/YYYY"},
                "role": {"permissions": installed::permissions()},
            }),
        );
        world
    }

    /// With both connections, proved.
    pub fn connected() -> World {
        let world = World::new();
        world.add_processor("gc");
        world.add_erp("ns");
        world.place.well(&["connections", "ping"]);
        world
    }

    /// Live with one customer and these invoices (major units).
    pub fn live(amounts: &[&str], settings: &[&str]) -> (World, Customer, Vec<String>) {
        let world = World::connected();
        let customer = world.customer("2001", "pay@alder.example", "GBP");
        let invoices = amounts.iter().map(|amount| world.invoice(&customer.id, amount)).collect();
        world.add_link(settings);
        world.go_live();
        (world, customer, invoices)
    }

    pub fn url(&self, name: &str) -> &str {
        self.running.url(name).expect("a URL")
    }

    pub fn add_processor(&self, name: &str) {
        let (url, place) = (self.url("gocardless"), &self.place);
        let add = ["connections", "add", "gocardless", name, "--url", url, "--allow-host"];
        let secrets = [
            "--secret",
            "access_token=env:PLANTED_TOKEN",
            "--secret",
            "webhook_secret=env:PLANTED_SECRET",
        ];
        place.well(&[&add[..], &secrets[..]].concat());
    }

    /// Adds the ERP and uploads the certificate that the command made.
    pub fn add_erp(&self, name: &str) {
        let made = self.erp_connection(name, "1234567_SB1", CERTIFICATE);
        self.upload(&made, CERTIFICATE);
    }

    /// Adds an ERP connection; gives the command's answer.
    pub fn erp_connection(&self, name: &str, account: &str, certificate: &str) -> Value {
        let settings = [
            format!("account={account}"),
            format!("client_id={CLIENT}"),
            format!("certificate_id={certificate}"),
            "time_zone=Europe/London".to_owned(),
        ];
        let url = self.url("netsuite");
        let mut arguments =
            vec!["connections", "add", "netsuite", name, "--url", url, "--allow-host"];
        for setting in &settings {
            arguments.extend(["--set", setting.as_str()]);
        }
        self.place.json(&arguments, 0)
    }

    /// Uploads the certificate that `connections add` made, as the ERP's administrator does.
    pub fn upload(&self, made: &Value, kid: &str) {
        let shown = made["upload"].as_str().expect("what to upload");
        let (start, end) = ("-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----");
        let from = shown.find(start).expect("a certificate");
        let to = shown.find(end).expect("a certificate's end") + end.len();
        let pem = format!("{}\n", &shown[from..to]);
        let certificates = json!([{"kid": kid, "pem": pem}]);
        let integration = json!({"client_id": CLIENT, "certificates": certificates});
        self.erp("/seed", &json!({ "integration": integration }));
    }

    /// The link `uk`, switched off.
    pub fn add_link(&self, settings: &[&str]) {
        let mut arguments = vec!["links", "add", "uk", "--erp", "ns", "--processor", "gc"];
        for setting in POLICY.iter().chain(settings) {
            arguments.extend(["--set", setting]);
        }
        self.place.well(&arguments);
    }

    /// Accepts the plan as it stands.
    pub fn go_live(&self) {
        let figures = self.figures();
        self.place.well(&["links", "on", "uk", "--accept", &figures]);
    }

    /// The figures of the plan, as the command prints them.
    pub fn figures(&self) -> String {
        let said = self.place.well(&["plan", "uk"]);
        let (_, rest) = said.rsplit_once("--accept '").expect("the figures");
        rest.split('\'').next().expect("the figures").to_owned()
    }

    /// A customer on both sides with an active mandate.
    pub fn customer(&self, id: &str, email: &str, currency: &str) -> Customer {
        self.erp_customer(id, email, currency);
        let mandate = self.payer(email, currency);
        Customer { id: id.to_owned(), mandate }
    }

    /// A customer of the ERP alone.
    pub fn erp_customer(&self, id: &str, email: &str, currency: &str) {
        let mut customer = json!({
            "id": id, "entityId": format!("C-{id}"), "companyName": format!("Company {id}"),
            "currency": {"id": currency_id(currency)},
        });
        if !email.is_empty() {
            customer["email"] = json!(email);
        }
        self.erp("/seed", &json!({ "customers": [customer] }));
    }

    /// A customer of the processor alone, with an active mandate; gives the mandate.
    pub fn payer(&self, email: &str, currency: &str) -> String {
        let customer = json!({
            "email": email, "company_name": "Payer", "country_code": "GB",
            "mandates": [{"currency": currency, "status": "active"}],
        });
        let made = self.processor("/seed", &json!({ "customers": [customer] }));
        made["mandates"][0].as_str().expect("a mandate").to_owned()
    }

    /// An invoice over this amount, ticked and due; gives its id.
    pub fn invoice(&self, customer: &str, amount: &str) -> String {
        self.invoice_with(&json!({ "customer": customer, "amount": amount, "currency": 1 }))
    }

    /// An invoice with these members; ticked and due unless they say otherwise.
    pub fn invoice_with(&self, members: &Value) -> String {
        let today = self.today().to_string();
        let mut invoice = json!({
            "date": today, "due": today, "fields": {"custbody_mlc_collect": true},
        });
        for (name, value) in members.as_object().expect("an object") {
            invoice[name] = value.clone();
        }
        let made = self.erp("/seed", &json!({ "invoices": [invoice] }));
        made["invoices"][0].as_str().expect("an id").to_owned()
    }

    /// Works until nothing is due; gives the command's answer.
    pub fn sync(&self) -> Value {
        self.place.json(&["sync", "uk", "--until-quiet", "--timeout", "300"], 0)
    }

    /// Lets days pass, one by one, with a sync on each morning, until `done` says so.
    pub fn until(&self, what: &str, most: u32, done: impl Fn(&World) -> bool) {
        for _ in 0..most {
            self.sync();
            if done(self) {
                return;
            }
            self.days(1);
        }
        let status = self.place.status();
        panic!("{what} did not come within {most} days: {status}");
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn today(&self) -> Date {
        self.now().to_zoned(TimeZone::UTC).date()
    }

    /// Lets days pass, to eight in the morning; everything that happens meanwhile happens in order.
    pub fn days(&self, count: i64) {
        let day = self.today() + count.days();
        let at = day.to_datetime(Time::constant(8, 0, 0, 0)).to_zoned(TimeZone::UTC);
        let target = at.expect("a time").timestamp();
        while self.now() < target {
            let step = (self.now() + SignedDuration::from_hours(1)).min(target);
            self.clock.jump_to(step);
            self.processor.advance(step);
            self.erp.advance(step);
        }
    }

    /// Lets minutes pass.
    pub fn minutes(&self, count: i64) {
        let target = self.now() + SignedDuration::from_mins(count);
        self.clock.jump_to(target);
        self.processor.advance(target);
        self.erp.advance(target);
    }

    /// A control call to the processor's emulator.
    pub fn processor(&self, path: &str, body: &Value) -> Value {
        let answer = self.processor.control(self.now(), &method(path), path, body);
        answer.unwrap_or_else(|error| panic!("{path} {body}: {}", error.0))
    }

    /// A control call to the ERP's emulator.
    pub fn erp(&self, path: &str, body: &Value) -> Value {
        let answer = self.erp.control(self.now(), &method(path), path, body);
        answer.unwrap_or_else(|error| panic!("{path} {body}: {}", error.0))
    }

    /// A deed of a person in the ERP.
    pub fn deed(&self, body: &Value) -> Value {
        self.erp("/act", body)
    }

    /// Every payment at the processor.
    pub fn payments(&self) -> Vec<Value> {
        rows(&self.processor("/truth", &Value::Null)["payments"])
    }

    /// Every payout at the processor, with its items.
    pub fn payouts(&self) -> Vec<Value> {
        rows(&self.processor("/truth", &Value::Null)["payouts"])
    }

    /// Records of the ERP by type.
    pub fn records(&self, kind: &str) -> Vec<Value> {
        rows(&self.erp(&format!("/truth/{kind}"), &Value::Null))
    }

    /// One record of the ERP.
    pub fn record(&self, kind: &str, id: &str) -> Value {
        let all = self.records(kind);
        all.into_iter().find(|row| row["id"] == id).unwrap_or_else(|| panic!("no {kind} {id}"))
    }

    /// Open amount of an invoice, as the ERP tells it.
    pub fn remaining(&self, invoice: &str) -> String {
        text(&self.record("invoice", invoice)["amountRemaining"])
    }

    /// Balance of an account in the currency of its postings, as text; "0" without postings.
    pub fn balance(&self, account: &str) -> String {
        let ledger = self.erp("/truth/ledger", &Value::Null);
        assert_eq!(text(&ledger["trial_balance"]), "0", "the ledger balances");
        let accounts = rows(&ledger["accounts"]);
        let found = accounts.iter().find(|row| row["id"] == account);
        found.map_or_else(|| "0".to_owned(), |row| text(&row["foreign_balance"]))
    }

    /// What waits for a person with this code: the items of `attention list`.
    pub fn attention(&self, code: &str) -> Vec<Value> {
        let output = self.place.run(&["--json", "attention", "list", "--code", code]);
        rows(&serde_json::from_slice(&output.stdout).expect("a JSON list"))
    }

    /// The one item with this code.
    pub fn only_attention(&self, code: &str) -> Value {
        let items = self.attention(code);
        let all = self.place.run(&["attention", "list"]);
        let all = String::from_utf8_lossy(&all.stdout).into_owned();
        assert_eq!(items.len(), 1, "{code}: {items:?} of {all}");
        items.into_iter().next().expect("one")
    }

    /// The name of an invoice's case.
    pub fn case(&self, invoice: &str) -> String {
        format!("collection/netsuite:1234567_SB1/{invoice}")
    }

    /// The reason code of an invoice's case.
    pub fn reason(&self, invoice: &str) -> String {
        let shown = self.place.json(&["show", &self.case(invoice)], 0);
        text(&shown["reason"]["code"])
    }

    /// A signed delivery endpoint at the running server.
    pub fn register_webhooks(&self) {
        let url = format!("http://{}/webhooks/gc", self.place.address);
        let endpoint = json!({ "webhook_endpoints": [{ "url": url, "secret": SECRET }] });
        self.processor("/seed", &endpoint);
    }
}

fn method(path: &str) -> Method {
    if path.starts_with("/truth") { Method::GET } else { Method::POST }
}

fn currency_id(code: &str) -> &'static str {
    match code {
        "GBP" => "1",
        "EUR" => "2",
        "USD" => "3",
        other => panic!("no currency {other}"),
    }
}

pub fn rows(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

/// The text of a JSON text or number; empty for anything else.
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    }
}
