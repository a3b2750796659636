//! What must have been read lately before money is asked for (promise P1).

use jiff::{SignedDuration, Timestamp};
use ports::PortError;

use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::poll::EVENTS;
use crate::world::{ProcessorPort, World};

/// Seconds for which the events count as read when money is asked for.
const NEWS_SECONDS: i64 = 900;

/// Seconds before the last reading that are read again for news; the regular poll goes back further.
const NEWS_OVERLAP_SECONDS: i64 = 600;

impl Engine {
    /// Reads the events before money is asked for, unless that was done in the last quarter of an hour: a
    /// process may have slept since its last poll. A payment that names the invoice and is paid by
    /// somebody else than the invoice's customer, as after a merge, is known by its events alone (P1).
    /// No lease is needed: what somebody else reads at the same time is stored once.
    pub(crate) async fn read_news(&self, world: &World, processor: &ProcessorPort) -> Result<()> {
        if model::defect!(NewsUnread) {
            return Ok(());
        }
        let connection = &processor.connection;
        let mark = self.store.mark(connection, EVENTS).await?;
        let started = self.now();
        match mark.until {
            // The first window is long, and read under a lease: nothing is known before it was.
            None => Err(EngineError::Port(PortError::Unavailable(format!(
                "the events of {connection} were never read"
            )))),
            Some(until) if started.duration_since(until).as_secs() < NEWS_SECONDS => Ok(()),
            Some(until) => {
                let since = until - SignedDuration::from_secs(NEWS_OVERLAP_SECONDS);
                self.read_events_since(world, processor, since).await?;
                Ok(self.store.move_mark(connection, EVENTS, started, self.now()).await?)
            }
        }
    }

    /// The process may have slept in the midst of its look: what it read at the beginning is no news then.
    pub(crate) fn still_news(&self, began_at: Timestamp) -> Result<()> {
        let took = self.clock.lease_now().duration_since(began_at).as_secs();
        if took < NEWS_SECONDS || model::defect!(NewsUnread) {
            return Ok(());
        }
        let words = format!("the look at what is to be collected took {took} seconds");
        Err(EngineError::Port(PortError::Unavailable(words)))
    }
}
