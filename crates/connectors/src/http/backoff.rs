//! When to ask again: exponential bounds with full jitter, and what the other side's own headers
//! say of it.

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use jiff::Timestamp;
use jiff::fmt::rfc2822;

use super::jitter::Jitter;

/// The first retry waits up to this long, each further one up to twice as long.
const BASE: Duration = Duration::from_millis(500);
/// No single wait of ours is longer than this.
const CAP: Duration = Duration::from_secs(20);
/// A header that asks for more is taken as this: the engine plans longer pauses, not a connector.
const HEADER_WAIT_MAX: Duration = Duration::from_secs(15 * 60);

/// Full jitter: anything from 0 up to base·2^attempt, capped. `attempt` counts from 0.
#[must_use]
pub fn full_jitter(jitter: &Jitter, attempt: u32) -> Duration {
    let bound = BASE.saturating_mul(1_u32.checked_shl(attempt).unwrap_or(u32::MAX));
    jitter.up_to(bound.min(CAP))
}

/// How long the answer asks to wait: `Retry-After` (seconds or a date), else `RateLimit-Reset`
/// (an HTTP date, gocardless sheet section 5; or seconds, as the IETF draft has it). Dates are
/// compared with the answer's own `Date` where it has one, so that a skewed clock does no harm.
#[must_use]
pub fn asked_wait(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    header_wait(headers, RETRY_AFTER.as_str(), now).or_else(|| reset_wait(headers, now))
}

/// How long until the rate window ends, when the answer tells.
#[must_use]
pub fn reset_wait(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    header_wait(headers, "ratelimit-reset", now)
}

/// The answer says that nothing is left of the rate window: the wait until its end.
#[must_use]
pub fn exhausted_wait(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let left = headers.get("ratelimit-remaining")?.to_str().ok()?.trim();
    if left == "0" { reset_wait(headers, now) } else { None }
}

/// The other side's clock, from its `Date` header.
#[must_use]
pub fn server_time(headers: &HeaderMap) -> Option<Timestamp> {
    http_date(headers.get(DATE)?.to_str().ok()?)
}

fn header_wait(headers: &HeaderMap, name: &str, now: Timestamp) -> Option<Duration> {
    let text = headers.get(name)?.to_str().ok()?.trim();
    let wait = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let reference = server_time(headers).unwrap_or(now);
            let until = http_date(text)?.duration_since(reference);
            Duration::try_from(until).unwrap_or(Duration::ZERO)
        }
    };
    Some(wait.min(HEADER_WAIT_MAX))
}

/// Reads "Wed, 19 Apr 2023 16:10:00 GMT".
#[must_use]
pub fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}
