//! A strict GoCardless: the API on a virtual clock with the bank calendars of the schemes, signed
//! webhooks, a hosted page for mandates, and a control surface for tests (`control`). What it
//! accepts, the real API accepts; where the fact sheet is uncertain, [`Config`] switches.

mod calendar;
mod call;
mod config;
mod control;
mod errors;
mod events;
mod faults;
mod hosted_page;
mod ids;
mod lifecycle;
mod money;
mod paging;
mod payouts;
mod plans;
mod records;
mod routes;
mod schemes;
mod stats;
mod table;
#[cfg(test)]
mod tests;
mod time;
mod validate;
mod webhooks_out;
mod world;

use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

pub use config::{
    AfterCancelledChargeback, Config, IdempotencyOrder, Limits, TaxSign, UnknownFilters,
    UnsettledChargeback,
};
pub use webhooks_out::sign;

use crate::emulator::{ControlError, Delivery, Emulator, Outcome};
use world::World;

/// The token of the default account, with which everything may be read and written.
pub const DEFAULT_TOKEN: &str = "sandbox-gocardless-read-write";
/// The token of the default account that may only read.
pub const DEFAULT_READ_ONLY_TOKEN: &str = "sandbox-gocardless-read-only";

/// One emulated GoCardless, deterministic from its seed and the requests made to it.
#[derive(Debug)]
pub struct GoCardless {
    seed: u64,
    config: Config,
    world: Mutex<World>,
}

impl GoCardless {
    /// An emulator that knows nothing but, by default, one account (see
    /// [`Config::default_account`]).
    pub fn new(seed: u64, config: Config) -> Self {
        let world = Mutex::new(World::new(seed, config.clone()));
        Self { seed, config, world }
    }

    /// The state at `now`, after whatever was due: time never goes back, even when concurrent
    /// calls come in another order than their times.
    fn at(&self, now: Timestamp) -> (MutexGuard<'_, World>, Timestamp) {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        world.advance(now);
        let now = world.clock.map_or(now, |clock| clock.max(now));
        (world, now)
    }
}

impl Emulator for GoCardless {
    fn name(&self) -> &'static str {
        "gocardless"
    }

    fn handle(&self, now: Timestamp, base_url: &str, request: http::Request<Bytes>) -> Outcome {
        let (mut world, now) = self.at(now);
        if request.uri().path() == hosted_page::PATH {
            return Outcome::Respond(world.hosted_page(now, &request));
        }
        world.serve(now, base_url.trim_end_matches('/'), request)
    }

    fn control(
        &self,
        now: Timestamp,
        method: &http::Method,
        path: &str,
        body: &Value,
    ) -> Result<Value, ControlError> {
        let (mut world, now) = self.at(now);
        if method == http::Method::POST && path == "/reset" {
            *world = World::new(self.seed, self.config.clone());
            world.advance(now);
            return Ok(Value::Object(serde_json::Map::new()));
        }
        control::answer(&mut world, now, method, path, body).map_err(ControlError)
    }

    fn advance(&self, now: Timestamp) {
        drop(self.at(now));
    }

    fn deliveries(&self, now: Timestamp) -> Vec<Delivery> {
        let (mut world, now) = self.at(now);
        world.webhooks_due(now)
    }

    fn delivered(&self, now: Timestamp, id: &str, status: Option<u16>) {
        let (mut world, now) = self.at(now);
        world.webhook_delivered(now, id, status);
    }

    fn refuse_concurrent(&self, now: Timestamp, _base_url: &str) -> http::Response<Bytes> {
        let (mut world, now) = self.at(now);
        world.refuse_too_many(now)
    }
}
