//! Virtual time with waits: whoever waits is woken when the simulation has moved the time there,
//! and the simulation moves it only when nobody can go on.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use ports::Clock;

use crate::clock::VirtualClock;

/// The one true time, and who waits for what of it.
#[derive(Debug)]
pub struct Time {
    clock: Arc<VirtualClock>,
    timers: Mutex<Timers>,
}

#[derive(Debug, Default)]
struct Timers {
    /// In the order in which they are due; equal moments in the order in which they were asked for.
    waiting: BTreeMap<(Timestamp, u64), Waker>,
    asked: u64,
}

impl Time {
    #[must_use]
    pub fn new(clock: Arc<VirtualClock>) -> Time {
        Time { clock, timers: Mutex::default() }
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.lease_now()
    }

    /// The first moment that somebody waits for.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.timers().waiting.keys().next().map(|(at, _)| *at)
    }

    /// Moves the time (never back) and wakes everybody whose moment has come.
    pub fn move_to(&self, at: Timestamp) {
        let by = at.duration_since(self.now());
        if by.is_positive() {
            self.clock.advance(by);
        }
        let now = self.now();
        loop {
            let due = {
                let mut timers = self.timers();
                let first = timers.waiting.keys().next().copied().filter(|(due, _)| *due <= now);
                first.and_then(|place| timers.waiting.remove(&place))
            };
            let Some(waker) = due else { return };
            waker.wake();
        }
    }

    /// Ready once this much time has passed.
    #[must_use]
    pub fn sleep(self: &Arc<Time>, by: SignedDuration) -> Sleep {
        let mut timers = self.timers();
        timers.asked += 1;
        let asked = timers.asked;
        drop(timers);
        Sleep { time: Arc::clone(self), place: (self.now() + by, asked) }
    }

    fn timers(&self) -> MutexGuard<'_, Timers> {
        self.timers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A wait; forgotten when it is dropped.
#[derive(Debug)]
pub struct Sleep {
    time: Arc<Time>,
    place: (Timestamp, u64),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.time.now() >= self.place.0 {
            return Poll::Ready(());
        }
        self.time.timers().waiting.insert(self.place, context.waker().clone());
        Poll::Pending
    }
}

impl Drop for Sleep {
    fn drop(&mut self) {
        self.time.timers().waiting.remove(&self.place);
    }
}

/// The clocks of one worker: its business clock may be off, leases go by the database's host.
#[derive(Debug)]
pub struct WorkerClock {
    time: Arc<Time>,
    /// Seconds by which the business clock is ahead.
    ahead: Arc<AtomicI64>,
}

impl WorkerClock {
    #[must_use]
    pub fn new(time: Arc<Time>, ahead: Arc<AtomicI64>) -> WorkerClock {
        WorkerClock { time, ahead }
    }
}

#[async_trait]
impl Clock for WorkerClock {
    fn now(&self) -> Timestamp {
        self.time.now() + SignedDuration::from_secs(self.ahead.load(Ordering::Relaxed))
    }

    fn lease_now(&self) -> Timestamp {
        self.time.now()
    }

    async fn wait(&self, duration: Duration) {
        self.time.sleep(SignedDuration::try_from(duration).unwrap_or(SignedDuration::ZERO)).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn waits_end_in_the_order_of_their_moments() {
        let clock = Arc::new(VirtualClock::starting_at(Timestamp::UNIX_EPOCH));
        let time = Arc::new(Time::new(clock));
        let mut late = time.sleep(SignedDuration::from_secs(9));
        let mut soon = time.sleep(SignedDuration::from_secs(2));
        assert!((&mut late).now_or_never().is_none() && (&mut soon).now_or_never().is_none());
        assert_eq!(time.next(), Some(Timestamp::from_second(2).unwrap()));
        time.move_to(Timestamp::from_second(2).unwrap());
        assert!((&mut soon).now_or_never().is_some() && (&mut late).now_or_never().is_none());
        drop(late);
        assert_eq!(time.next(), None);
    }
}
