//! The emulator behind the connector, without sockets; the clock waits by jumping.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use connectors::http::hosts::AllowedHosts;
use connectors::registry::{ConnectOptions, processors};
use http::{Method, Request, Response};
use jiff::{SignedDuration, Timestamp};
use model::command::{Collect, ProcessorWrite};
use model::event::Event;
use model::key::Key;
use model::money::{Currency, Money};
use model::payment::Collection;
use ports::exchange::NoRecorder;
use ports::transport::{Transport, TransportError};
use ports::{Clock, Depth, Processor, Read};
use sandbox::emulator::{Emulator, Outcome};
use sandbox::gocardless::{Config, DEFAULT_TOKEN, GoCardless};
use sandbox::in_process;
use serde_json::{Value, json};

const ADDRESS: &str = "https://gocardless.example";
/// A Monday without a holiday near in any scheme's country.
const START: &str = "2026-03-02T09:00:00Z";
pub const WEBHOOK_SECRET: &str = "hook-secret";

pub struct TestClock {
    now: Mutex<Timestamp>,
}

#[async_trait]
impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        *self.now.lock().unwrap()
    }

    fn lease_now(&self) -> Timestamp {
        self.now()
    }

    async fn wait(&self, duration: Duration) {
        *self.now.lock().unwrap() += SignedDuration::try_from(duration).unwrap();
    }
}

struct InProcess {
    emulator: Arc<GoCardless>,
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

pub struct World {
    pub emulator: Arc<GoCardless>,
    pub clock: Arc<TestClock>,
    pub gocardless: Box<dyn Processor>,
    /// A customer and an active mandate of it.
    pub customer: String,
    pub mandate: String,
}

impl World {
    pub fn new() -> World {
        World::with(json!({}), DEFAULT_TOKEN)
    }

    /// With other settings of the emulator, and another token.
    pub fn with(settings: Value, token: &str) -> World {
        let emulator = Arc::new(GoCardless::new(7, Config::default()));
        let clock = Arc::new(TestClock { now: Mutex::new(START.parse().unwrap()) });
        let options = ConnectOptions {
            connection: "test".to_owned(),
            account_url: Some(ADDRESS.parse().unwrap()),
            allowed_hosts: AllowedHosts(vec!["gocardless.example".to_owned()]),
            settings: BTreeMap::new(),
            secrets: [("access_token", token), ("webhook_secret", WEBHOOK_SECRET)]
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.to_owned().into()))
                .collect(),
            transport: Arc::new(InProcess { emulator: emulator.clone(), clock: clock.clone() }),
            clock: clock.clone(),
            recorder: Arc::new(NoRecorder),
            keeper: Arc::new(ports::keeper::NoKeeper),
            memory: Arc::new(ports::memory::NoMemory),
        };
        let entry = processors().iter().find(|entry| entry.slug == "gocardless").unwrap();
        let gocardless = (entry.connect)(options).unwrap();
        let mut world =
            World { emulator, clock, gocardless, customer: String::new(), mandate: String::new() };
        let seeded = world.control(
            "/seed",
            json!({
                "settings": settings,
                "customers": [{
                    "email": "ap@aldermoor.example", "company_name": "Aldermoor Ltd",
                    "mandates": [{"currency": "GBP", "status": "active"}],
                }],
            }),
        );
        world.customer = seeded["customers"][0].as_str().unwrap().to_owned();
        world.mandate = seeded["mandates"][0].as_str().unwrap().to_owned();
        world
    }

    pub fn control(&self, path: &str, body: Value) -> Value {
        let answer = self.emulator.control(self.clock.now(), &Method::POST, path, &body);
        answer.unwrap_or_else(|error| panic!("{path}: {}", error.0))
    }

    pub fn seconds_pass(&self, seconds: i64) {
        *self.clock.now.lock().unwrap() += SignedDuration::from_secs(seconds);
    }

    /// Days go by.
    pub fn pass(&self, days: i64) {
        let from = self.clock.now();
        let to = from + SignedDuration::from_hours(24 * days);
        in_process::advance(self.emulator.as_ref(), from, to);
        *self.clock.now.lock().unwrap() = to;
    }

    pub fn collect(&self, invoice: &str, minor: i64) -> (Key, ProcessorWrite) {
        let key = Key::new(&["collect", invoice, "1"]);
        let metadata = [("invoiceId", invoice), ("mlc_key", key.as_str()), ("mlc_link", "uk")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let collect = Collect {
            invoice: invoice.into(),
            mandate: self.mandate.as_str().into(),
            amount: Money::new(minor, Currency::GBP),
            charge_on: None,
            description: format!("INV-{invoice}"),
            reference: None,
            metadata: BTreeMap::from(metadata),
            automatic_retry: false,
        };
        (key, ProcessorWrite::Collect(collect))
    }

    /// Collects, and answers the payment's id.
    pub async fn collected(&self, invoice: &str, minor: i64) -> String {
        let (key, write) = self.collect(invoice, minor);
        self.gocardless.write(&key, &write).await.unwrap().id
    }

    pub async fn payment(&self, id: &str) -> Collection {
        let read = self.gocardless.collections(&[id.into()], Depth::Direct).await.unwrap();
        match read.into_iter().next().unwrap() {
            Read::Found(payment) => payment,
            other => panic!("{id}: {other:?}"),
        }
    }

    /// The payments that exist over there.
    pub async fn payments(&self) -> usize {
        self.gocardless.collections_of(&self.customer.as_str().into()).await.unwrap().len()
    }

    /// Every event so far, all pages.
    pub async fn events(&self) -> Vec<Event> {
        let since = START.parse().unwrap();
        let mut events = Vec::new();
        let mut mark: Option<String> = None;
        loop {
            let page = self.gocardless.events(since, mark.as_deref()).await.unwrap();
            events.extend(page.records);
            match page.next {
                Some(next) => mark = Some(next),
                None => return events,
            }
        }
    }
}
