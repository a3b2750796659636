//! The suite that every processor port must pass, on GoCardless's connector and emulator.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::ids::{CollectionId, MandateId, ProcessorCustomerId, ProcessorRefundId};
use model::money::{Currency, Money};
use model::payment::CollectionStatus as Status;
use ports::conformance::{Need, Posted, ProcessorSubject, Trouble, run_processor};
use ports::{Clock, Processor};
use sandbox::emulator::Emulator;
use sandbox::gocardless::DEFAULT_TOKEN;
use sandbox::in_process;
use serde_json::{Value, json};

use crate::world::{WEBHOOK_SECRET, World};

/// An access token has no end, and nothing gives another one.
const LACKS: &[Need] = &[Need::Trouble(Trouble::TokenExpired)];

/// Calendar days after the charge date before a refund is allowed (gocardless sheet section 13).
const REFUND_SAFETY_DAYS: i64 = 8;

/// A well-formed account number whose digits do not fit each other.
const REFUSED_ACCOUNT: &str = "44779911";

/// Strikes until it is cleared.
const FOR_EVER: u32 = 100_000;

/// The most days that a payment takes to the bank.
const DAYS_MAX: u32 = 40;

struct Account(World);

impl Account {
    /// With settings of the emulator.
    fn with(mut settings: Value) -> Account {
        settings["modulus_failures"] = json!([REFUSED_ACCOUNT]);
        let world = World::with(settings, DEFAULT_TOKEN);
        let endpoint = json!({"url": "https://mlc.example/webhooks/1", "secret": WEBHOOK_SECRET});
        world.control("/seed", json!({ "webhook_endpoints": [endpoint] }));
        Account(world)
    }

    fn rules(&self, rules: &[Value]) {
        self.0.control("/faults", json!({ "rules": rules }));
    }

    /// The next request that changes something, whichever it is.
    fn next_write(&self, kind: &str) {
        self.rules(&["POST", "PUT"].map(|method| json!({"kind": kind, "method": method})));
    }

    fn every(&self, kind: &str) {
        self.rules(&[json!({"kind": kind, "count": FOR_EVER})]);
    }

    fn act(&self, body: Value) -> Value {
        self.0.control("/act", body)
    }

    fn truth(&self) -> Value {
        let (now, get) = (self.0.clock.now(), http::Method::GET);
        self.0.emulator.control(now, &get, "/truth", &Value::Null).unwrap()
    }

    /// How the payment stands in truth.
    fn status(&self, id: &CollectionId) -> String {
        let truth = self.truth();
        let payments = truth["payments"].as_array().unwrap();
        let payment = payments.iter().find(|payment| payment["id"] == id.as_str()).unwrap();
        payment["status"].as_str().unwrap().to_owned()
    }

    /// Days go by until the payment stands so.
    fn days_until(&self, id: &CollectionId, wanted: &str) {
        for _ in 0..DAYS_MAX {
            if self.status(id) == wanted {
                return;
            }
            self.0.pass(1);
        }
        panic!("{id} is {} and not {wanted}", self.status(id));
    }

    fn plan(&self, id: &CollectionId, outcome: &str) {
        let plan = json!({"payment": id, "outcome": outcome, "cause": "refer_to_payer"});
        self.0.control("/plan", plan);
    }
}

/// Details of a payer at a British bank.
fn bacs(account: &str) -> Vec<(String, String)> {
    [
        ("account_holder_name", "Marigold Quillfeather"),
        ("country_code", "GB"),
        ("branch_code", "20-00-00"),
        ("account_number", account),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

impl ProcessorSubject for Account {
    fn processor(&self) -> &dyn Processor {
        self.0.gocardless.as_ref()
    }

    fn currencies(&self) -> Vec<Currency> {
        ["GBP", "EUR", "SEK", "USD", "DKK", "AUD", "NZD", "CAD"]
            .map(|code| code.parse().unwrap())
            .to_vec()
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    fn pass(&self, by: Duration) {
        let from = self.0.clock.now();
        self.0.seconds_pass(SignedDuration::try_from(by).unwrap().as_secs());
        in_process::advance(self.0.emulator.as_ref(), from, self.0.clock.now());
    }

    /// Records of one page, as the connector asks for them.
    fn page_len(&self) -> usize {
        500
    }

    fn unknown_id(&self) -> String {
        "PM0404040404".to_owned()
    }

    fn add_customer(&self, name: &str, email: &str) -> ProcessorCustomerId {
        let customer = json!({"company_name": name, "email": email});
        let made = self.0.control("/seed", json!({ "customers": [customer] }));
        ProcessorCustomerId::new(made["customers"][0].as_str().unwrap())
    }

    fn add_mandate(&self, customer: &ProcessorCustomerId, currency: Currency) -> MandateId {
        let mandate = json!({"customer": customer, "currency": currency, "status": "active"});
        let made = self.0.control("/seed", json!({ "mandates": [mandate] }));
        MandateId::new(made["mandates"][0].as_str().unwrap())
    }

    fn end_mandate(&self, id: &MandateId) {
        self.act(json!({"action": "payer_cancels_mandate", "mandate": id}));
    }

    fn replace_mandate(&self, id: &MandateId) -> MandateId {
        let made = self.act(json!({"action": "replace_mandate", "mandate": id}));
        MandateId::new(made["new_mandate"].as_str().unwrap())
    }

    fn bring_to(&self, id: &CollectionId, status: Status) {
        match status {
            Status::Submitted => {
                self.plan(id, "stays_submitted");
                self.days_until(id, "submitted");
            }
            Status::Confirmed => self.days_until(id, "confirmed"),
            Status::PaidOut => {
                self.days_until(id, "paid_out");
                // The payout is sent in the course of the day.
                self.0.pass(1);
            }
            Status::Failed => {
                self.plan(id, "fails");
                self.days_until(id, "failed");
            }
            Status::ChargedBack => {
                if !["confirmed", "paid_out"].contains(&self.status(id).as_str()) {
                    self.days_until(id, "confirmed");
                }
                self.act(json!({"action": "charge_back", "payment": id}));
            }
            Status::Cancelled => {
                self.act(json!({"action": "cancel_payment", "payment": id}));
            }
            other => panic!("nothing brings a payment to {other:?}"),
        }
    }

    fn refund(&self, id: &CollectionId, amount: Money) -> ProcessorRefundId {
        let creditor = self.truth()["creditors"][0]["id"].clone();
        self.act(json!({"action": "enable_refunds", "creditor": creditor}));
        self.0.pass(REFUND_SAFETY_DAYS);
        // Refunds are paid out of what is confirmed and not yet paid out.
        let mandate = &self.0.mandate;
        let other = json!({"mandate": mandate, "amount": 100_000, "status": "confirmed"});
        self.0.control("/seed", json!({ "payments": [other] }));
        let act = json!({"action": "create_refund", "payment": id, "amount": amount.minor});
        let made = self.act(act);
        ProcessorRefundId::new(made["refund"]["id"].as_str().unwrap())
    }

    fn deliveries(&self) -> Vec<Posted> {
        let deliveries = self.0.emulator.deliveries(self.0.clock.now()).into_iter();
        let header = |(name, value): (String, String)| (name.to_lowercase(), value);
        deliveries
            .map(|delivery| Posted {
                headers: delivery.headers.into_iter().map(header).collect(),
                body: delivery.body.to_vec(),
            })
            .collect()
    }

    fn authorise(&self, request: &str) {
        self.act(json!({"action": "complete_flow", "billing_request": request}));
        self.0.pass(1);
    }

    fn bank_details(&self) -> Vec<(String, String)> {
        bacs("55779911")
    }

    fn refused_bank_details(&self) -> Vec<(String, String)> {
        bacs(REFUSED_ACCOUNT)
    }

    fn forbid_writes(&self) {
        let token = json!({"token": DEFAULT_TOKEN, "read_only": true});
        self.0.control("/seed", json!({ "tokens": [token] }));
    }

    fn trouble(&self, trouble: Trouble) {
        match trouble {
            Trouble::AnswerLost => self.next_write("timeout_after_write"),
            Trouble::RequestLost => self.next_write("timeout_before"),
            Trouble::EffectLate => self.next_write("late_commit"),
            Trouble::Silence => self.every("timeout_before"),
            Trouble::Down => self.every("bad_gateway"),
            Trouble::Throttled => self.every("too_many_requests"),
            Trouble::Unauthorised => self.every("unauthorised"),
            Trouble::Stale => {
                self.0.control("/faults", json!({"stale_minutes": 5}));
            }
            Trouble::Conflict => panic!("no case of a processor needs it"),
            Trouble::TokenExpired => panic!("an access token has no end"),
        }
    }

    fn calm(&self) {
        self.0.control("/faults", json!({"clear": true}));
    }
}

#[tokio::test]
async fn gocardless_does_what_every_processor_must() {
    check(json!({})).await;
}

/// What the sheet leaves open is answered the other way (gocardless sheet sections 28 and 30).
#[tokio::test]
async fn gocardless_does_so_in_an_account_of_another_form() {
    check(json!({
        "idempotency_order": "key_first", "payout_link_stays": false, "tax_sign": "unsigned",
        "after_cancelled_chargeback": "paid_out", "unsettled_chargeback": "shows_both",
        "flow_created_status": 200, "events_delay_seconds": 30,
    }))
    .await;
}

async fn check(settings: Value) {
    let report = run_processor(LACKS, || Box::new(Account::with(settings.clone()))).await;
    let skipped: Vec<&str> = report.skipped.iter().map(|one| one.name).collect();
    assert_eq!(skipped, ["ports::conformance::processor::troubles::an_expired_token_is_renewed"]);
    assert!(report.passed.len() > 75, "{} cases", report.passed.len());
}
