//! Virtual time: both clocks of the design, moved by the simulation alone.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use ports::Clock;

/// Business clock and lease clock; a jump moves the first alone.
#[derive(Debug)]
pub struct VirtualClock(Mutex<(Timestamp, Timestamp)>);

impl VirtualClock {
    #[must_use]
    pub fn starting_at(start: Timestamp) -> VirtualClock {
        VirtualClock(Mutex::new((start, start)))
    }

    /// Time passes.
    pub fn advance(&self, by: SignedDuration) {
        let mut both = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *both = (both.0 + by, both.1 + by);
    }

    /// The business clock is set forward; no lease grows older by it.
    pub fn jump(&self, by: SignedDuration) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0 += by;
    }

    #[must_use]
    pub fn today(&self) -> Date {
        self.now().to_zoned(TimeZone::UTC).date()
    }
}

/// The clocks as one worker sees them: its business clock may be off.
#[derive(Debug)]
pub struct WorkerClock {
    clock: Arc<VirtualClock>,
    off: Mutex<SignedDuration>,
}

impl WorkerClock {
    #[must_use]
    pub fn new(clock: Arc<VirtualClock>) -> WorkerClock {
        WorkerClock { clock, off: Mutex::new(SignedDuration::ZERO) }
    }

    pub fn skew(&self, off: SignedDuration) {
        *self.off.lock().unwrap_or_else(PoisonError::into_inner) = off;
    }
}

#[async_trait]
impl Clock for WorkerClock {
    fn now(&self) -> Timestamp {
        self.clock.now() + *self.off.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lease_now(&self) -> Timestamp {
        self.clock.lease_now()
    }

    async fn wait(&self, duration: Duration) {
        self.clock.wait(duration).await;
    }
}

#[async_trait]
impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).0
    }

    fn lease_now(&self) -> Timestamp {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).1
    }

    async fn wait(&self, duration: Duration) {
        self.advance(SignedDuration::try_from(duration).unwrap_or(SignedDuration::ZERO));
    }
}
