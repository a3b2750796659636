//! The ground that the demo stands on: both emulators on loopback sockets, their virtual clock, and
//! the hands of people in both systems (their control surfaces, called in process).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use connectors::http::hosts::AllowedHosts;
use connectors::http::transport::ReqwestTransport;
use http::Method;
use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ports::transport::Transport;
use sandbox::clock::VirtualClock;
use sandbox::emulator::Emulator;
use sandbox::gocardless::{self, GoCardless};
use sandbox::harness::{Harness, Ports, Running};
use serde_json::{Value, json};

use super::erp::{Deed, Invoice, Stage};
use super::truth::{Truth, list};
use crate::failure::{Failure, Result};

/// For a control call over the socket.
const CONTROL_DEADLINE: Duration = Duration::from_secs(5);

/// Both systems, served and in hand.
pub struct Ground {
    pub clock: Arc<VirtualClock>,
    processor: Arc<GoCardless>,
    stage: Box<dyn Stage>,
    erp: Arc<dyn Emulator>,
    running: Running,
}

impl Ground {
    /// Serves the emulators on free loopback ports. The clock keeps the host's pace until
    /// [`Ground::pace`].
    pub async fn start(seed: u64, start: Timestamp, stage: Box<dyn Stage>) -> Result<Ground> {
        let clock = Arc::new(VirtualClock::new(start, 1));
        let config = gocardless::Config { default_account: false, ..gocardless::Config::default() };
        let processor = Arc::new(GoCardless::new(seed, config));
        let erp = stage.emulator();
        let emulators: Vec<Arc<dyn Emulator>> = vec![processor.clone(), erp.clone()];
        let running = Harness::start(emulators, Arc::clone(&clock), Ports::any())
            .await
            .map_err(|error| Failure::Failed(error.to_string()))?;
        Ok(Ground { clock, processor, stage, erp, running })
    }

    /// The ERP of the story.
    #[must_use]
    pub fn stage(&self) -> &dyn Stage {
        self.stage.as_ref()
    }

    /// Base URL of an emulator.
    #[must_use]
    pub fn url(&self, name: &str) -> &str {
        self.running.url(name).unwrap_or_default()
    }

    /// The clock for `[clock] follow`.
    #[must_use]
    pub fn clock_url(&self) -> String {
        format!("{}/_sandbox/clock", self.url("gocardless"))
    }

    /// Virtual seconds per second from now on.
    pub fn pace(&self, rate: u32) {
        self.clock.set_rate(rate);
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    #[must_use]
    pub fn today(&self) -> Date {
        self.now().to_zoned(TimeZone::UTC).date()
    }

    /// Moves the clock to a time of the day (UTC), in steps of an hour; a time that is past leaves
    /// it where it is.
    pub async fn move_to(&self, day: Date, time: Time) -> Result<Timestamp> {
        let target = day.to_datetime(time).to_zoned(TimeZone::UTC);
        let target = target.map_err(|error| Failure::Failed(error.to_string()))?.timestamp();
        loop {
            let now = self.now();
            if now >= target {
                return Ok(now);
            }
            let step = now.checked_add(SignedDuration::from_hours(1)).unwrap_or(target).min(target);
            self.clock.jump_to(step);
            let (processor, erp) = (Arc::clone(&self.processor), Arc::clone(&self.erp));
            let advanced = tokio::task::spawn_blocking(move || {
                processor.advance(step);
                erp.advance(step);
            });
            advanced.await.map_err(|error| Failure::Failed(error.to_string()))?;
        }
    }

    /// Moves the clock by some minutes at once; what is due then happens with the emulators' next
    /// round.
    pub fn skip(&self, minutes: i64) {
        self.clock.jump_to(self.now() + SignedDuration::from_mins(minutes));
    }

    /// A control call to the processor's emulator.
    pub fn processor(&self, path: &str, body: &Value) -> Result<Value> {
        self.processor
            .control(self.now(), &method(path), path, body)
            .map_err(|error| Failure::Failed(format!("the processor's emulator: {}", error.0)))
    }

    /// A control call to the ERP's emulator.
    pub fn erp(&self, path: &str, body: &Value) -> Result<Value> {
        self.erp
            .control(self.now(), &method(path), path, body)
            .map_err(|error| Failure::Failed(format!("the ERP's emulator: {}", error.0)))
    }

    /// A person's deed in the ERP.
    pub fn deed(&self, deed: &Deed<'_>) -> Result<Value> {
        self.erp("/act", &self.stage.deed(deed))
    }

    /// Writes invoices; gives their ids.
    pub fn write_invoices(&self, invoices: &[Invoice<'_>]) -> Result<Vec<String>> {
        let specs: Vec<Value> = invoices.iter().map(|one| self.stage.invoice(one)).collect();
        let made = self.erp("/seed", &json!({ "invoices": specs }))?;
        Ok(list(&made["invoices"]).iter().map(|one| self.stage.invoice_id(one)).collect())
    }

    /// What really happened so far on both sides.
    pub fn truth(&self) -> Result<Truth> {
        let processor = self.processor("/truth", &Value::Null)?;
        let erp = self.erp("/truth", &Value::Null)?;
        Truth::read(&processor, &erp, self.stage())
            .map_err(|why| Failure::Failed(format!("the truth: {why}")))
    }

    /// Host milliseconds that every answer of both systems takes longer: writes are then long enough
    /// on their way to be cut off.
    pub async fn slow_down(&self, milliseconds: u64) -> Result<()> {
        let failed = |error: String| Failure::Failed(format!("the emulators' latency: {error}"));
        let transport = ReqwestTransport::try_new(AllowedHosts(vec!["127.0.0.1".to_owned()]))
            .map_err(|error| failed(error.to_string()))?;
        for (name, url) in self.running.urls() {
            let body = json!({ "milliseconds": milliseconds }).to_string();
            let request = http::Request::post(format!("{url}/_sandbox/{name}/latency"))
                .body(Bytes::from(body))
                .map_err(|error| failed(error.to_string()))?;
            let answer = transport.send(request, CONTROL_DEADLINE).await;
            let answer = answer.map_err(|error| failed(error.to_string()))?;
            if !answer.status().is_success() {
                return Err(failed(answer.status().to_string()));
            }
        }
        Ok(())
    }

    /// Takes the emulators off their sockets.
    pub async fn shutdown(self) {
        self.running.shutdown().await;
    }
}

fn method(path: &str) -> Method {
    if path.starts_with("/truth") { Method::GET } else { Method::POST }
}
