//! What a connector says of its system: names, limits, guards, timings. Data, not code paths.

use std::time::Duration;

use model::key::Alphabet;

/// How a write whose outcome is unknown is settled (DESIGN.md section 2, "Unknown outcomes").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// The other side refuses a second one with the same key: read by key, else send again.
    Unique,
    /// Reading the state tells whether it happened.
    State,
    /// Nothing enforces uniqueness: searched for until the watch ends, never sent again before.
    SearchOnly,
    /// Doing it twice does no harm: send again.
    Repeatable,
}

/// One outside system, as far as the engine must know it.
#[derive(Debug, Clone)]
pub struct Description {
    /// Stable short name, the prefix of account ids.
    pub slug: &'static str,
    /// The name people use.
    pub name: &'static str,
    /// The form of our keys that it stores.
    pub key_alphabet: Alphabet,
    pub key_max_len: usize,
    /// A request's deadline on our side.
    pub deadline: Duration,
    /// The server may finish a request this long after we gave up.
    pub server_cut_off: Duration,
    /// Lists and queries may lag by this much.
    pub staleness: Duration,
    /// Concurrent requests that one connection may make.
    pub concurrency: usize,
    /// The most ids one bulk read takes.
    pub slice_max: usize,
    /// The most lines one deposit takes.
    pub deposit_lines_max: usize,
    /// Documents can be given an exchange rate. Where not, a link that sets fixed rates is refused: what
    /// it collected could not be booked.
    pub takes_rates: bool,
}

impl Description {
    /// How long a write with unknown outcome is watched, from its last send.
    #[must_use]
    pub fn watch(&self) -> Duration {
        self.deadline + self.server_cut_off + self.staleness
    }
}
