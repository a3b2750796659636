//! A connection that fails is left alone by the polls for a while, longer with each failure (mission
//! row C8).

use jiff::{Timestamp, ToSpan};

use model::ids::ConnectionId;
use ports::PortError;

use crate::engine::Engine;

/// A connection whose polls failed.
pub(crate) struct Rest {
    since: Timestamp,
    until: Timestamp,
    failures: u32,
}

/// Seconds for which the polls of a failing connection rest at most.
const REST_SECONDS_MAX: i64 = 60;

impl Engine {
    pub(crate) fn rests(&self, connection: &ConnectionId) -> bool {
        let now = self.now();
        let held = self.resting.lock();
        held.is_ok_and(|held| {
            // Also not for ever after the clock was set back.
            held.get(connection).is_some_and(|rest| rest.since <= now && now < rest.until)
        })
    }

    /// A failure lets the connection's polls rest: as long as it asks, else doubled each time.
    pub(crate) fn rest(&self, connection: &ConnectionId, failure: Option<&PortError>) {
        let now = self.now();
        let Ok(mut held) = self.resting.lock() else { return };
        let Some(failure) = failure else {
            held.remove(connection);
            return;
        };
        let failures = held.get(connection).map_or(0, |rest| rest.failures.saturating_add(1));
        let asked = match failure {
            PortError::Throttled { retry_after } => {
                retry_after.and_then(|asked| i64::try_from(asked.as_secs()).ok())
            }
            _ => None,
        };
        let seconds = asked.unwrap_or(1 << failures.min(6)).clamp(1, REST_SECONDS_MAX);
        let until = now + seconds.seconds();
        held.insert(connection.clone(), Rest { since: now, until, failures });
    }
}
