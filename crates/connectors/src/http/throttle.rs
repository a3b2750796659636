//! Keeps a connection inside the published rate and its concurrency where the other side can bear
//! it. Time is the injected clock's; nothing here sleeps by itself.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ports::{Clock, PortError};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The published limits are per minute.
const WINDOW: Duration = Duration::from_secs(60);
/// The part of a window's allowance that may be used at once: 1/20, so that bursts start quickly.
const BURST_PART: u32 = 20;
/// A pause is never longer than this: a header that asks for more is the engine's business.
const PAUSE_MAX: Duration = Duration::from_secs(15 * 60);

/// A token bucket in its arithmetic form (GCRA): each request reserves the next free moment. In any
/// window of one minute at most `rate` requests pass: the burst is taken off the steady rate.
pub struct Throttle {
    clock: Arc<dyn Clock>,
    pace: Option<Pace>,
    state: Mutex<State>,
}

#[derive(Clone, Copy)]
struct Pace {
    /// The distance of two requests at the steady rate.
    interval: SignedDuration,
    /// How far the reservations may run ahead of the clock before a request waits.
    tolerance: SignedDuration,
}

struct State {
    /// The moment at which the bucket is full again.
    full_at: Timestamp,
    /// Nothing is sent before this (429, or nothing left of the window).
    paused_until: Timestamp,
    /// The clock when it was last looked at.
    seen: Timestamp,
}

impl Throttle {
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>, rate_per_minute: Option<u32>) -> Throttle {
        let now = clock.now();
        let state = Mutex::new(State { full_at: now, paused_until: now, seen: now });
        Throttle { clock, pace: rate_per_minute.map(Pace::of), state }
    }

    /// Waits for the next free moment.
    pub async fn turn(&self) {
        let wait = self.reserve(self.clock.now());
        if !wait.is_zero() {
            self.clock.wait(wait).await;
        }
        // Looked at again after each wait: a pause may have been made, or made longer, meanwhile.
        loop {
            let pause = self.pause_left(self.clock.now());
            if pause.is_zero() {
                return;
            }
            self.clock.wait(pause).await;
        }
    }

    /// How long nothing may be sent from now on.
    #[must_use]
    pub fn paused(&self) -> Duration {
        self.pause_left(self.clock.now())
    }

    /// Nothing is sent for `wait`.
    pub fn pause(&self, wait: Duration) {
        let now = self.clock.now();
        let mut state = self.state_at(now);
        state.paused_until = state.paused_until.max(later(now, signed(wait.min(PAUSE_MAX))));
    }

    /// Takes the next free moment, and says how far off it is.
    fn reserve(&self, now: Timestamp) -> Duration {
        let Some(pace) = self.pace else { return Duration::ZERO };
        let mut state = self.state_at(now);
        state.full_at = state.full_at.max(now);
        let free_at = later(state.full_at, -pace.tolerance);
        state.full_at = later(state.full_at, pace.interval);
        between(now, free_at)
    }

    fn pause_left(&self, now: Timestamp) -> Duration {
        between(now, self.state_at(now).paused_until)
    }

    /// The state, moved along when the clock was set back: what is left to wait stays the same, so
    /// that the connection does not freeze until the clock has caught up.
    fn state_at(&self, now: Timestamp) -> MutexGuard<'_, State> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if now < state.seen {
            let full_in = between(state.seen, state.full_at);
            let pause = between(state.seen, state.paused_until);
            state.full_at = later(now, signed(full_in));
            state.paused_until = later(now, signed(pause));
        }
        state.seen = now;
        state
    }
}

impl Pace {
    fn of(rate_per_minute: u32) -> Pace {
        let rate = rate_per_minute.max(1);
        let burst = rate / BURST_PART;
        let steady = (rate - burst).max(1);
        let interval = signed(WINDOW / steady);
        // A burst of n requests runs n - 1 intervals ahead.
        let ahead = i32::try_from(burst.saturating_sub(1)).unwrap_or(i32::MAX);
        Pace { interval, tolerance: interval.saturating_mul(ahead) }
    }
}

/// How many requests are under way at once: halved on every 429, one more after a calm stretch.
pub struct Gate {
    permits: Arc<Semaphore>,
    state: Mutex<GateState>,
    most: usize,
}

struct GateState {
    /// The concurrency now.
    limit: usize,
    /// Permits still out that are withdrawn when they come back.
    withdrawn: usize,
    /// Good answers since the last change.
    calm: usize,
}

/// A place in the gate; given back when dropped.
pub struct Place {
    gate: Arc<Gate>,
    permit: Option<OwnedSemaphorePermit>,
}

impl Gate {
    #[must_use]
    pub fn new(concurrency: usize) -> Gate {
        let most = concurrency.max(1);
        let state = Mutex::new(GateState { limit: most, withdrawn: 0, calm: 0 });
        Gate { permits: Arc::new(Semaphore::new(most)), state, most }
    }

    /// Waits for a place.
    pub async fn enter(self: &Arc<Self>) -> Result<Place, PortError> {
        let permit = Arc::clone(&self.permits)
            .acquire_owned()
            .await
            .map_err(|_| PortError::Unavailable("the connection is closed".to_owned()))?;
        Ok(Place { gate: Arc::clone(self), permit: Some(permit) })
    }

    /// An answer came without complaint.
    pub fn calm(&self) {
        let mut state = self.lock();
        state.calm += 1;
        if state.limit < self.most && state.calm >= state.limit {
            state.limit += 1;
            state.calm = 0;
            if state.withdrawn > 0 {
                state.withdrawn -= 1;
            } else {
                self.permits.add_permits(1);
            }
        }
    }

    /// The other side asked to slow down.
    pub fn halve(&self) {
        let mut state = self.lock();
        // The answers to requests sent before the last halving do not count again.
        if state.limit < self.most && state.calm == 0 {
            return;
        }
        let halved = (state.limit / 2).max(1);
        let taken = state.limit - halved;
        let free = self.permits.forget_permits(taken);
        state.withdrawn += taken - free;
        state.limit = halved;
        state.calm = 0;
    }

    /// The concurrency now.
    #[must_use]
    pub fn limit(&self) -> usize {
        self.lock().limit
    }

    fn lock(&self) -> MutexGuard<'_, GateState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.gate.lock();
        if state.withdrawn > 0
            && let Some(permit) = self.permit.take()
        {
            state.withdrawn -= 1;
            permit.forget();
        }
    }
}

fn signed(duration: Duration) -> SignedDuration {
    SignedDuration::try_from(duration).unwrap_or(SignedDuration::MAX)
}

fn later(moment: Timestamp, by: SignedDuration) -> Timestamp {
    moment.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

fn between(from: Timestamp, to: Timestamp) -> Duration {
    Duration::try_from(to.duration_since(from)).unwrap_or(Duration::ZERO)
}
