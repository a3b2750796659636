//! The outside systems behind function calls: requests, what people do there, time, webhooks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Method, Request};
use jiff::{SignedDuration, Timestamp};
use sandbox::emulator::{Delivery, Outcome};
use sandbox::harness::{Admission, Permit};
use sandbox::in_process;
use serde_json::Value;

use super::systems::System;
use super::time::Time;
use super::truth::Truth;

/// Every emulated system of a story, and the time that they share with the workers.
pub struct Outside {
    pub time: Arc<Time>,
    systems: Vec<Arc<dyn System>>,
    /// Requests in work, by system.
    admissions: Vec<Admission>,
    /// Up to when the emulators have lived.
    reached: Mutex<Timestamp>,
    /// Writes that the workers sent so far.
    writes: AtomicU64,
}

impl Outside {
    #[must_use]
    pub fn new(time: Arc<Time>, systems: Vec<Arc<dyn System>>) -> Outside {
        let now = time.now();
        systems.iter().for_each(|system| system.emulator().advance(now));
        let admissions = systems.iter().map(|_| Admission::new()).collect();
        Outside { time, systems, admissions, reached: Mutex::new(now), writes: AtomicU64::new(0) }
    }

    pub fn systems(&self) -> &[Arc<dyn System>] {
        &self.systems
    }

    /// The place of the system that a request goes to.
    #[must_use]
    pub fn serving(&self, host: Option<&str>) -> Option<usize> {
        self.systems.iter().position(|system| host == Some(system.host()))
    }

    /// The vendor's API, now. The request is in work until the permit is dropped.
    #[must_use]
    pub fn call(&self, nth: usize, request: Request<Bytes>) -> (Outcome, Option<Permit>) {
        let (Some(system), Some(admission)) = (self.systems.get(nth), self.admissions.get(nth))
        else {
            return (Outcome::Reset, None);
        };
        let base = format!("https://{}", system.host());
        in_process::call_among(system.emulator(), admission, self.time.now(), &base, request)
    }

    /// Something was written; what it changed can be seen from now on.
    pub fn wrote(&self) {
        self.writes.fetch_add(1, Ordering::Relaxed);
    }

    pub fn writes(&self) -> u64 {
        self.writes.load(Ordering::Relaxed)
    }

    /// What a person does there, or what the world is told to do; the error is the refusal.
    pub fn control(&self, system: &dyn System, path: &str, body: &Value) -> Result<Value, String> {
        let method = if path.starts_with("/truth") { Method::GET } else { Method::POST };
        let done = system.emulator().control(self.time.now(), &method, path, body);
        done.map_err(|refused| refused.0)
    }

    /// Time passes for everybody: what is due outside happens, in order, and waits end.
    pub fn move_to(&self, at: Timestamp) {
        let mut reached = self.reached.lock().unwrap_or_else(PoisonError::into_inner);
        for system in &self.systems {
            in_process::advance(system.emulator(), *reached, at);
        }
        *reached = at.max(*reached);
        drop(reached);
        self.time.move_to(at);
    }

    pub fn pass(&self, by: SignedDuration) {
        self.move_to(self.time.now() + by);
    }

    /// Webhooks that are due, with the place of their system.
    #[must_use]
    pub fn deliveries(&self) -> Vec<(usize, Delivery)> {
        let now = self.time.now();
        let mut due = Vec::new();
        for (nth, system) in self.systems.iter().enumerate() {
            due.extend(system.emulator().deliveries(now).into_iter().map(|one| (nth, one)));
        }
        due
    }

    /// What came of a delivery.
    pub fn delivered(&self, nth: usize, id: &str, status: Option<u16>) {
        if let Some(system) = self.systems.get(nth) {
            system.emulator().delivered(self.time.now(), id, status);
        }
    }

    /// What really happened so far, on all sides.
    ///
    /// # Errors
    /// What could not be read, an amount that is no whole number of minor units above all.
    pub fn truth(&self) -> Result<Truth, String> {
        let mut truth = Truth::default();
        for system in &self.systems {
            let body = self.control(system.as_ref(), "/truth", &Value::Null)?;
            system.read_truth(&body, &mut truth)?;
        }
        Ok(truth)
    }
}
