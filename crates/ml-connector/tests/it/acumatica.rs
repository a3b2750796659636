//! The story of an invoice with Acumatica as the ERP: the same binary, the same commands, another
//! system behind them.

mod allowed;
mod branches;
mod cash_accounts;
mod changed;
mod discounts;
mod doubled;
mod foreign;
mod hands;
mod journals;
mod lockout;
mod on_hold;
mod ping;
mod queue;
mod rates;
mod refused;
mod restored;
mod reversals;
mod seats;
mod twice;
mod unfinished;
mod unreleased;

use std::sync::Arc;

use http::Method;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use sandbox::acumatica::{self, Acumatica};
use sandbox::clock::VirtualClock;
use sandbox::emulator::Emulator;
use sandbox::gocardless::{self, GoCardless};
use sandbox::harness::{Harness, Ports, Running};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::binary::{Place, TOKEN};
use crate::world::{rows, text};

/// A Monday, early.
const START: &str = "2026-03-02T06:00:00Z";
const RATE: u32 = 300;
const SEED: u64 = 7;
const CLIENT: &str = "6f3b1c5e-0d0a-4f1e-9f55-2b7f0e9c1a11@Acme";
const CUSTOMER: &str = "C000123";
const CLEARING: &str = "10250";
const BANK: &str = "10200";
const POLICY: [&str; 8] = [
    "currencies=[\"GBP\"]",
    "time_zone=Europe/London",
    "accounts.fees=\"61200\"",
    "accounts.fee_tax=\"22100\"",
    "accounts.chargebacks=\"61300\"",
    "accounts.rounding=\"61300\"",
    "accounts.suspense=\"10900\"",
    "accounts.banks.GBP.account=\"10200\"",
];

/// The fields that the set-up guide has made.
const ON_INVOICE: [&str; 9] = [
    "MLCSTATUS",
    "MLCERROR",
    "MLCPAYSTAT",
    "MLCREASON",
    "MLCDESCR",
    "MLCCHARGE",
    "MLCPAYMENT",
    "MLCMANDATE",
    "MLCACCOUNT",
];

struct World {
    place: Place,
    clock: Arc<VirtualClock>,
    processor: Arc<GoCardless>,
    erp: Arc<Acumatica>,
    mandate: String,
    _running: Running,
    /// Last: everything above may still run on it while it is dropped.
    _runtime: Runtime,
}

fn company() -> Value {
    let field = |entity: &str, id: &str, kind: &str| {
        json!({"entity": entity, "view": "Document", "field": format!("Attribute{id}"),
            "type": kind})
    };
    let mut fields = vec![
        field("Invoice", "MLCCOLLECT", "CustomBooleanField"),
        field("Invoice", "MLCRETRY", "CustomBooleanField"),
    ];
    fields.extend(ON_INVOICE.map(|id| field("Invoice", id, "CustomStringField")));
    let on_payment = ["MLCPAYOUT", "MLCMEMO", "MLCVOIDKEY"];
    fields.extend(on_payment.map(|id| field("Payment", id, "CustomStringField")));
    json!({
        "settings": {"site": "/Demo"},
        "user_fields": fields,
        "attributes": ["MLCCUSTID", "MLCMANDATE", "MLCMANSTAT", "MLCLINK", "MLCACCOUNT"],
        "payment_methods": [{"id": "GOCARDLESS", "description": "GoCardless direct debit",
            "cash_accounts": [CLEARING, "10251", "10252", BANK, "10201", "10202"]}],
        "customers": [{"CustomerID": CUSTOMER, "CustomerName": "Alder Ltd", "CurrencyID": "GBP",
            "MainContact": {"Email": "pay@alder.example", "Address": {"Country": "GB"}}}],
    })
}

impl World {
    /// Live with one customer and these invoices (major units); gives their numbers.
    fn live(amounts: &[&str], settings: &[&str]) -> (World, Vec<String>) {
        let mut world = World::new();
        let made = world.processor(
            "/seed",
            &json!({
                "organisations": [{"id": "OR000TEST", "name": "Brightworks UK"}],
                "creditors": [{
                    "id": "CR000TEST", "name": "Brightworks UK", "country_code": "GB",
                    "currencies": ["GBP"], "can_create_refunds": true,
                    "negative_balance_limit": 10_000_000, "bank_reference_prefix": "BRIGHTWORKS",
                }],
                "tokens": [{"token": TOKEN}],
                "customers": [{
                    "email": "pay@alder.example", "company_name": "Alder Ltd",
                    "country_code": "GB", "mandates": [{"currency": "GBP", "status": "active"}],
                }],
            }),
        );
        world.mandate = text(&made["mandates"][0]);
        world.erp("/seed", &company());
        let invoices = amounts.iter().map(|amount| world.invoice(amount)).collect();
        world.connect();
        let mut link = vec!["links", "add", "uk", "--erp", "acu", "--processor", "gc"];
        for setting in POLICY.iter().chain(settings) {
            link.extend(["--set", setting]);
        }
        world.place.well(&link);
        let said = world.place.well(&["plan", "uk"]);
        let (_, rest) = said.rsplit_once("--accept '").expect("the figures");
        let figures = rest.split('\'').next().expect("the figures");
        world.place.well(&["links", "on", "uk", "--accept", figures]);
        (world, invoices)
    }

    fn new() -> World {
        let runtime = Runtime::new().expect("a runtime");
        let start: Timestamp = START.parse().expect("a time");
        let clock = Arc::new(VirtualClock::new(start, RATE));
        let config = gocardless::Config { default_account: false, ..gocardless::Config::default() };
        let processor = Arc::new(GoCardless::new(SEED, config));
        let erp = Arc::new(Acumatica::new(SEED, acumatica::Config::default()));
        let emulators: Vec<Arc<dyn Emulator>> = vec![processor.clone(), erp.clone()];
        let running = runtime
            .block_on(Harness::start(emulators, Arc::clone(&clock), Ports::any()))
            .expect("the emulators start");
        let url = running.url("gocardless").expect("a URL").to_owned();
        let place = Place::configured(&format!("[clock]\nfollow = \"{url}/_sandbox/clock\"\n"));
        World {
            place,
            clock,
            processor,
            erp,
            mandate: String::new(),
            _running: running,
            _runtime: runtime,
        }
    }

    fn connect(&self) {
        let url = |name: &str| self._running.url(name).expect("a URL").to_owned();
        let (processor, site) = (url("gocardless"), format!("{}/Demo", url("acumatica")));
        let add = |system, name, url| {
            vec!["connections", "add", system, name, "--url", url, "--allow-host"]
        };
        let mut gocardless = add("gocardless", "gc", processor.as_str());
        for secret in ["access_token=env:PLANTED_TOKEN", "webhook_secret=env:PLANTED_SECRET"] {
            gocardless.extend(["--secret", secret]);
        }
        self.place.well(&gocardless);
        self.add_erp("acu", &site, &[&format!("client_id={CLIENT}")]);
        self.place.well(&["connections", "ping"]);
    }

    /// A connection to the ERP at this address, with these settings beside the usual ones.
    fn add_erp(&self, name: &str, site: &str, settings: &[&str]) {
        self.place.write("password", b"secret");
        self.place.write("client-secret", b"sandbox-acumatica-secret");
        let mut erp = vec!["connections", "add", "acumatica", name, "--url", site, "--allow-host"];
        let named = format!("site={site}");
        let usual = [
            &*named,
            "user=mlconnector",
            "payment_method=GOCARDLESS",
            "clearing=GBP=10250 EUR=10251",
        ];
        for setting in usual.iter().chain(settings) {
            erp.extend(["--set", setting]);
        }
        for secret in ["password=file:password", "client_secret=file:client-secret"] {
            erp.extend(["--secret", secret]);
        }
        self.place.well(&erp);
    }

    /// A released invoice over this amount, ticked and due; gives its number.
    fn invoice(&self, amount: &str) -> String {
        self.invoice_as(amount, true)
    }

    fn invoice_as(&self, amount: &str, released: bool) -> String {
        let (today, ticked) = (self.today().to_string(), json!({"value": true}));
        let made = self.erp(
            "/seed",
            &json!({"invoices": [{
                "customer": CUSTOMER, "amount": amount, "date": today, "due": today,
                "release": released, "fields": {"custom": {"Document": {"AttributeMLCCOLLECT": ticked}}},
            }]}),
        );
        text(&made["invoices"][0]["ReferenceNbr"])
    }

    fn sync(&self) -> Value {
        self.place.json(&["sync", "uk", "--until-quiet", "--timeout", "300"], 0)
    }

    /// Lets days pass, one by one, with a sync on each morning, until `done` says so.
    fn until(&self, what: &str, most: u32, done: impl Fn(&World) -> bool) {
        for _ in 0..most {
            self.sync();
            if done(self) {
                return;
            }
            self.day();
        }
        let (status, attention) =
            (self.place.status(), self.place.run(&["attention", "list"]).stdout);
        let attention = String::from_utf8_lossy(&attention).into_owned();
        panic!("{what} did not come within {most} days: {status} {attention}");
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn today(&self) -> Date {
        self.now().to_zoned(TimeZone::UTC).date()
    }

    fn minutes(&self, minutes: i64) {
        let target = self.now() + SignedDuration::from_mins(minutes);
        self.clock.jump_to(target);
        self.processor.advance(target);
        self.erp.advance(target);
    }

    /// Lets a day pass, to eight in the morning.
    fn day(&self) {
        let day = self.today() + 1.day();
        let at = day.to_datetime(Time::constant(8, 0, 0, 0)).to_zoned(TimeZone::UTC);
        let target = at.expect("a time").timestamp();
        while self.now() < target {
            let step = (self.now() + SignedDuration::from_hours(1)).min(target);
            self.clock.jump_to(step);
            self.processor.advance(step);
            self.erp.advance(step);
        }
    }

    fn processor(&self, path: &str, body: &Value) -> Value {
        let answer = self.processor.control(self.now(), &method(path), path, body);
        answer.unwrap_or_else(|error| panic!("{path} {body}: {}", error.0))
    }

    fn erp(&self, path: &str, body: &Value) -> Value {
        let answer = self.erp.control(self.now(), &method(path), path, body);
        answer.unwrap_or_else(|error| panic!("{path} {body}: {}", error.0))
    }

    fn records(&self, entity: &str) -> Vec<Value> {
        rows(&self.erp(&format!("/truth/{entity}"), &Value::Null))
    }

    /// One AR document.
    fn document(&self, entity: &str, kind: &str, number: &str) -> Value {
        let all = self.records(entity);
        let found = all.iter().find(|one| one["Type"] == kind && one["ReferenceNbr"] == number);
        found.cloned().unwrap_or_else(|| panic!("no {kind} {number}: {all:?}"))
    }

    /// Batches of ours for this purpose, posted.
    fn batches(&self, purpose: &str) -> Vec<Value> {
        let mut all = self.records("JournalTransaction");
        let words = format!(" | {purpose} | ");
        all.retain(|one| text(&one["Description"]).contains(&words) && one["Status"] == "Posted");
        all
    }

    /// Minor units on an account; the ledger balances.
    fn balance(&self, account: &str) -> i64 {
        let ledger = self.erp("/truth/ledger", &Value::Null);
        assert_eq!(text(&ledger["trial_balance"]), "0", "the ledger balances");
        let accounts = rows(&ledger["accounts"]);
        let found = accounts.iter().find(|row| row["account"] == account);
        let major = found.map_or_else(|| "0".to_owned(), |row| text(&row["balance"]));
        let minor = major.parse::<rust_decimal::Decimal>().expect("a number")
            * rust_decimal::Decimal::ONE_HUNDRED;
        minor.normalize().to_string().parse().expect("whole pennies")
    }

    fn payouts(&self) -> Vec<Value> {
        rows(&self.processor("/truth", &Value::Null)["payouts"])
    }

    /// What the processor paid out, in pennies.
    fn paid_out(&self) -> i64 {
        let amounts = self.payouts();
        amounts.iter().map(|payout| payout["amount"].as_i64().expect("an amount")).sum()
    }
}

fn method(path: &str) -> Method {
    if path.starts_with("/truth") { Method::GET } else { Method::POST }
}

#[test]
fn slow_an_invoice_is_collected_paid_out_and_booked_to_the_penny() {
    let (world, invoices) = World::live(&["75.00", "19.99"], &[]);
    world.until("the deposit", 14, |world| !world.batches("deposit").is_empty());
    for number in &invoices {
        let invoice = world.document("Invoice", "Invoice", number);
        assert_eq!(
            (text(&invoice["Status"]), text(&invoice["Balance"])),
            ("Closed".into(), "0".into())
        );
    }
    let receipts = world.records("Payment");
    assert_eq!(receipts.len(), invoices.len(), "{receipts:?}");
    assert!(receipts.iter().all(|one| one["Status"] == "Closed"), "{receipts:?}");
    assert_eq!(world.balance(BANK), world.paid_out());
    assert_eq!(world.balance(CLEARING), 0, "nothing waits any more");
    assert_eq!(world.balance(BANK) + world.balance("61200") + world.balance("22100"), 9_499);
    world.sync();
    assert_eq!(world.batches("deposit").len(), 1);
    let proof = world.place.json(&["verify", "--link", "uk"], 0);
    assert_eq!(proof["proved"], true, "{proof}");
    assert_eq!(world.place.json(&["status"], 0)["status"]["commands_open"], 0);
}

impl World {
    fn act(&self, body: &Value) {
        self.processor("/act", body);
    }

    /// Status and open amount of an invoice, as the ERP tells them.
    fn owed(&self, number: &str) -> (String, String) {
        let invoice = self.document("Invoice", "Invoice", number);
        (text(&invoice["Status"]), text(&invoice["Balance"]))
    }

    /// The processor's payment for an invoice: the newest.
    fn payment(&self, number: &str) -> String {
        let payments = rows(&self.processor("/truth", &Value::Null)["payments"]);
        let of_it = |one: &&Value| one["metadata"]["invoiceId"] == number;
        let found =
            payments.iter().rfind(of_it).unwrap_or_else(|| panic!("no payment: {payments:?}"));
        text(&found["id"])
    }

    fn proved(&self) {
        let proof = self.place.json(&["verify", "--link", "uk"], 0);
        assert_eq!(proof["proved"], true, "{proof}");
    }
}

fn open(amount: &str) -> (String, String) {
    ("Open".to_owned(), amount.to_owned())
}

fn closed() -> (String, String) {
    ("Closed".to_owned(), "0".to_owned())
}

#[test]
fn slow_a_chargeback_after_the_deposit_voids_the_payment() {
    let (world, invoices) = World::live(&["75.00"], &[]);
    world.until("the deposit", 14, |world| !world.batches("deposit").is_empty());
    world.act(&json!({"action": "charge_back", "payment": world.payment(&invoices[0])}));
    // Another payment, so that a payout takes the money back.
    let second = world.invoice("200.00");
    world.until("the refund", 20, |world| !world.batches("refund").is_empty());
    assert_eq!(world.owed(&invoices[0]), open("75"));
    let payments = world.records("Payment");
    let number = text(
        &payments.iter().find(|one| one["Status"] == "Voided").expect("a void")["ReferenceNbr"],
    );
    assert_eq!(world.document("Payment", "Voided Payment", &number)["Status"], "Closed");
    world.until("the second deposit", 5, |world| world.batches("deposit").len() == 2);
    assert_eq!(world.owed(&second), closed());
    assert_eq!((world.balance(BANK), world.balance(CLEARING)), (world.paid_out(), 0));
    world.proved();
}

#[test]
fn slow_a_receipt_at_confirmed_is_taken_back_when_its_payment_fails_late() {
    let (world, invoices) = World::live(&["75.00"], &["post_on=\"confirmed\""]);
    world.until("the receipt", 9, |world| !world.records("Payment").is_empty());
    assert_eq!(world.balance(CLEARING), 7_500);
    assert_eq!(world.owed(&invoices[0]), closed());
    world.act(&json!({"action": "fail_late", "payment": world.payment(&invoices[0])}));
    world.until("the way back", 5, |world| !world.batches("deposit").is_empty());
    assert_eq!(world.owed(&invoices[0]), open("75"));
    assert_eq!((world.balance(BANK), world.balance(CLEARING)), (0, 0));
    assert_eq!((world.batches("refund").len(), world.batches("deposit").len()), (1, 1));
}

#[test]
fn slow_a_failed_payment_is_retried_and_paid_once() {
    let (world, invoices) = World::live(&["75.00"], &[]);
    world.processor(
        "/plan",
        &json!({"any": true, "outcome": "fails", "cause": "insufficient_funds"}),
    );
    world.until("the deposit", 30, |world| !world.batches("deposit").is_empty());
    assert_eq!(world.owed(&invoices[0]), closed());
    assert_eq!(world.records("Payment").len(), 1);
    assert_eq!((world.balance(BANK), world.balance(CLEARING)), (world.paid_out(), 0));
    world.proved();
}

#[test]
fn slow_a_closed_period_holds_the_books_and_loses_nothing() {
    let (world, invoices) = World::live(&["75.00"], &[]);
    world.sync();
    let month = |set: &str| json!({"do": "period", "period": "2026-03-15", "set": set});
    world.erp("/act", &month("closed"));
    world.until("the payout", 14, |world| !world.payouts().is_empty());
    world.sync();
    assert!(world.records("Payment").is_empty(), "nothing stands in a closed period");
    assert_eq!(world.owed(&invoices[0]), open("75"));
    let told = String::from_utf8(world.place.run(&["attention", "list"]).stdout).expect("text");
    assert!(told.contains("period"), "{told}");
    world.erp("/act", &month("open"));
    world.until("the deposit", 3, |world| !world.batches("deposit").is_empty());
    assert_eq!(world.owed(&invoices[0]), closed());
    world.proved();
}

/// The process is killed again and again, wherever it is; each document stands once at the end.
#[test]
fn slow_a_killed_process_leaves_nothing_twice() {
    let (world, invoices) = World::live(&["75.00", "20.00", "3.50"], &[]);
    for kill in 0..40_u64 {
        let mut child = world.place.begin(&["sync", "uk", "--until-quiet", "--timeout", "300"]);
        std::thread::sleep(std::time::Duration::from_millis(20 + 17 * (kill % 12)));
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        if kill % 4 == 3 {
            world.day();
        }
    }
    // A kill before the due look may put an invoice off to a later payout.
    world.until("every receipt", 14, |world| {
        invoices.iter().all(|number| world.owed(number) == closed())
    });
    world.sync();
    let payments = rows(&world.processor("/truth", &Value::Null)["payments"]);
    assert_eq!(payments.len(), invoices.len(), "{payments:?}");
    assert_eq!(world.records("Payment").len(), invoices.len());
    assert_eq!((world.balance(BANK), world.balance(CLEARING)), (world.paid_out(), 0));
    world.proved();
}

/// A slash can not stand in a path: documents that are numbered so are reached by their ids.
#[test]
fn slow_numbers_with_a_slash_are_collected_booked_and_taken_back() {
    let (world, invoices) = World::live(&["75.00"], &[]);
    world.erp("/seed", &json!({"settings": {"number_prefix": "AC/"}}));
    world.until("the deposit", 14, |world| !world.batches("deposit").is_empty());
    assert_eq!(world.owed(&invoices[0]), closed());
    let receipts = world.records("Payment");
    assert!(text(&receipts[0]["ReferenceNbr"]).starts_with("AC/"), "{receipts:?}");
    world.act(&json!({"action": "charge_back", "payment": world.payment(&invoices[0])}));
    let second = world.invoice("200.00");
    world.until("the refund", 20, |world| !world.batches("refund").is_empty());
    world.until("the second deposit", 5, |world| world.batches("deposit").len() == 2);
    assert_eq!((world.owed(&invoices[0]), world.owed(&second)), (open("75"), closed()));
    assert_eq!((world.balance(BANK), world.balance(CLEARING)), (world.paid_out(), 0));
    world.proved();
}
