//! Virtual time for the sockets harness: it follows the host's clock at a settable rate and can be
//! pushed forward. This is the only place in the crate that reads the host's clock.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use jiff::{SignedDuration, Timestamp};

/// Virtual time = base + elapsed host time × rate. Never goes back; shared between threads.
#[derive(Debug)]
pub struct VirtualClock {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Virtual time at `since`.
    base: Timestamp,
    /// Host time at which `base` was taken.
    since: Instant,
    /// Virtual seconds per host second.
    rate: u32,
}

impl VirtualClock {
    /// A clock that shows `start` now and runs `rate` virtual seconds per host second
    /// (0: frozen, 1: as the host, 60: a virtual minute per second).
    #[must_use]
    pub fn new(start: Timestamp, rate: u32) -> Self {
        Self { state: Mutex::new(State { base: start, since: host_instant(), rate }) }
    }

    /// A clock that starts at the host's time of day.
    #[must_use]
    pub fn from_host(rate: u32) -> Self {
        Self::new(host_now(), rate)
    }

    /// The virtual time, UTC.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.lock().at(host_instant())
    }

    /// Moves the time to `target`; a target in the past leaves it where it is. Answers the time
    /// after the move.
    pub fn jump_to(&self, target: Timestamp) -> Timestamp {
        let mut state = self.lock();
        state.rebase();
        state.base = state.base.max(target);
        state.base
    }

    /// Changes the rate from now on (virtual seconds per host second, 0: frozen).
    pub fn set_rate(&self, rate: u32) {
        let mut state = self.lock();
        state.rebase();
        state.rate = rate;
    }

    /// Virtual seconds per host second.
    #[must_use]
    pub fn rate(&self) -> u32 {
        self.lock().rate
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // No method panics half-way through a change, so a poisoned state is still whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The virtual time at a host time; stops at the end of the calendar rather than overflowing.
    fn at(&self, host: Instant) -> Timestamp {
        let elapsed = host.saturating_duration_since(self.since);
        let nanoseconds = elapsed.as_nanos().saturating_mul(u128::from(self.rate));
        let seconds = i64::try_from(nanoseconds / 1_000_000_000).unwrap_or(i64::MAX);
        let fraction = i32::try_from(nanoseconds % 1_000_000_000).unwrap_or(0);
        self.base
            .checked_add(SignedDuration::new(seconds, fraction))
            .unwrap_or(Timestamp::MAX)
            .max(self.base)
    }

    fn rebase(&mut self) {
        let host = host_instant();
        self.base = self.at(host);
        self.since = host;
    }
}

#[expect(clippy::disallowed_methods, reason = "virtual time is derived from the host's here only")]
fn host_instant() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the default start of a virtual clock")]
fn host_now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn time(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    /// Virtual time of a clock with `rate` after `host_milliseconds` of the host.
    fn check(rate: u32, host_milliseconds: u64, expected: &str) {
        let since = host_instant();
        let state = State { base: time("2026-03-02T09:00:00Z"), since, rate };
        let shown = state.at(since + Duration::from_millis(host_milliseconds));
        assert_eq!(shown, time(expected), "rate {rate}, {host_milliseconds} ms");
    }

    #[test]
    fn time_follows_the_rate() {
        check(0, 5_000, "2026-03-02T09:00:00Z");
        check(1, 1_500, "2026-03-02T09:00:01.5Z");
        check(60, 1_000, "2026-03-02T09:01:00Z");
        check(86_400, 50, "2026-03-02T10:12:00Z");
    }

    #[test]
    fn time_ends_with_the_calendar() {
        let since = host_instant();
        let state = State { base: time("2026-03-02T09:00:00Z"), since, rate: u32::MAX };
        let shown = state.at(since + Duration::from_secs(1 << 40));
        assert_eq!(shown, Timestamp::MAX);
    }

    #[test]
    fn a_frozen_clock_moves_by_jumps_and_never_back() {
        let clock = VirtualClock::new(time("2026-03-02T09:00:00Z"), 0);
        assert_eq!(clock.now(), time("2026-03-02T09:00:00Z"));
        assert_eq!(clock.jump_to(time("2026-03-03T09:00:00Z")), time("2026-03-03T09:00:00Z"));
        assert_eq!(clock.jump_to(time("2026-03-01T09:00:00Z")), time("2026-03-03T09:00:00Z"));
        assert_eq!(clock.now(), time("2026-03-03T09:00:00Z"));
    }

    #[test]
    fn a_changed_rate_never_moves_the_time_back() {
        let clock = VirtualClock::new(time("2026-03-02T09:00:00Z"), 1_000_000);
        let mut last = clock.now();
        for rate in [1, 1_000_000, 0, 60] {
            clock.set_rate(rate);
            assert_eq!(clock.rate(), rate);
            let shown = clock.now();
            assert!(shown >= last, "rate {rate}: {shown} < {last}");
            last = shown;
        }
    }
}
