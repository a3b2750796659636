//! One emulator with its virtual time: calls reach it one after another, each with a time that is
//! never before the last one's, and no call skips more than an hour of `advance`.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;

use super::admission::{Admission, Permit};
use crate::clock::VirtualClock;
use crate::emulator::Emulator;
use crate::in_process;

/// An emulator as the harness drives it.
pub(super) struct Driven {
    emulator: Arc<dyn Emulator>,
    clock: Arc<VirtualClock>,
    base_url: String,
    /// Virtual time up to which the emulator was advanced; the lock is held during each call.
    advanced_to: Mutex<Timestamp>,
    admission: Admission,
    latency_milliseconds: AtomicU64,
}

impl Driven {
    pub(super) fn new(
        emulator: Arc<dyn Emulator>,
        clock: Arc<VirtualClock>,
        base_url: String,
    ) -> Self {
        // Time begins: an emulator that sets up accounts does so before the first request.
        let start = clock.now();
        emulator.advance(start);
        let advanced_to = Mutex::new(start);
        let latency_milliseconds = AtomicU64::new(0);
        let admission = Admission::new();
        Self { emulator, clock, base_url, advanced_to, admission, latency_milliseconds }
    }

    pub(super) fn name(&self) -> &'static str {
        self.emulator.name()
    }

    pub(super) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Added host time before each answer.
    pub(super) fn latency_milliseconds(&self) -> u64 {
        self.latency_milliseconds.load(Ordering::Acquire)
    }

    pub(super) fn set_latency_milliseconds(&self, milliseconds: u64) {
        self.latency_milliseconds.store(milliseconds, Ordering::Release);
    }

    /// Lets a request in, unless the emulator has as many in work as it admits at this moment.
    /// Asks the emulator, so it may block: not for the threads of the runtime.
    pub(super) fn enter(&self) -> Option<Permit> {
        self.admission.enter(self.emulator.concurrency_limit())
    }

    /// Calls the emulator at the clock's time, after all that was due before it. Blocks while
    /// another call is under way: not for the threads of the runtime.
    pub(super) fn call<T>(&self, body: impl FnOnce(&dyn Emulator, Timestamp) -> T) -> T {
        // A panic of an emulator is reported to its caller; the next caller may still try.
        let mut advanced_to = self.advanced_to.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now().max(*advanced_to);
        in_process::advance(self.emulator.as_ref(), *advanced_to, now);
        *advanced_to = now;
        body(self.emulator.as_ref(), now)
    }
}
