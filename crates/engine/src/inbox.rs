//! The inbox: verified deliveries, already durable, become hints. The facts themselves are read from
//! the processor's own event list right afterwards.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan};

use model::ids::ConnectionId;
use ports::PortError;
use ports::processor::Delivery;
use store::rows::{InboxRow, Note};

use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::world::{ProcessorPort, World};

/// Deliveries taken at a time.
const TAKE: u32 = 50;

/// Minutes before the earliest event of a delivery from which the event list is read.
const LOOK_BACK_MINUTES: i64 = 10;

/// Hours of the event list that a delivery makes us read at most: an event that claims to be older
/// is left to the sweep.
const OLDEST_HOURS: i64 = 72;

/// Odd events of one delivery that are told by their own sentence.
const ODD_TOLD: usize = 10;

/// Noted with deliveries of a connection that is not in use.
const NOT_CONNECTED: &str =
    "the connection is not connected; the sweep of the event list covers it";

impl Engine {
    /// Turns waiting deliveries into hints. Gives how many were processed.
    pub async fn process_inbox(&self) -> Result<u32> {
        let world = self.world();
        let rows = self.store.inbox_take(TAKE).await?;
        let mut by_connection: BTreeMap<ConnectionId, Vec<InboxRow>> = BTreeMap::new();
        for row in rows {
            by_connection.entry(row.connection.clone()).or_default().push(row);
        }
        let mut done = 0;
        for (connection, rows) in by_connection {
            match world.processor(&connection) {
                Some(processor) => {
                    let read =
                        rows.iter().map(|row| (row.id, processor.port.read_delivery(&row.body)));
                    let read: Vec<(i64, Delivery)> = read.collect();
                    done += match self.take_in(&world, &processor, &read).await {
                        Err(EngineError::Port(error)) => {
                            self.note_error(&connection, &error);
                            self.leave_to_the_sweep(&read, &error).await?
                        }
                        taken => taken?,
                    };
                }
                None => {
                    for row in rows {
                        let note = Note::Said(NOT_CONNECTED.to_owned());
                        self.store.inbox_done(row.id, &[], Some(&note)).await?;
                    }
                }
            }
        }
        Ok(done)
    }

    /// One side that does not answer must not keep the deliveries of others, or the due cases behind
    /// them, from being worked on.
    async fn leave_to_the_sweep(&self, read: &[(i64, Delivery)], error: &PortError) -> Result<u32> {
        for (id, delivery) in read {
            let said = format!("{error}; the sweep of the event list covers it");
            let note = odd(delivery).unwrap_or(Note::Said(said));
            self.store.inbox_done(*id, &[], Some(&note)).await?;
        }
        Ok(u32::try_from(read.len()).unwrap_or(u32::MAX))
    }

    /// The event list is read once for all of them, from a little before the earliest event on.
    async fn take_in(
        &self,
        world: &World,
        processor: &ProcessorPort,
        read: &[(i64, Delivery)],
    ) -> Result<u32> {
        let events = read.iter().flat_map(|(_, delivery)| &delivery.events);
        let earliest: Option<Timestamp> = events.map(|event| event.at).min();
        if let Some(earliest) = earliest {
            let oldest = self.now() - OLDEST_HOURS.hours();
            let since = (earliest - LOOK_BACK_MINUTES.minutes()).max(oldest);
            self.read_events_since(world, processor, since).await?;
        }
        let mut done = 0;
        for (id, delivery) in read {
            let hints = self.hints_of(world, processor, &delivery.events, self.now()).await?;
            self.store.inbox_done(*id, &hints, odd(delivery).as_ref()).await?;
            done += 1;
        }
        Ok(done)
    }
}

/// What of a delivery only a person can judge. However many odd events it holds, the first few tell
/// what it is.
fn odd(delivery: &Delivery) -> Option<Note> {
    let told = delivery.odd.iter().take(ODD_TOLD).map(String::as_str).collect::<Vec<_>>();
    let more = delivery.odd.len().saturating_sub(told.len());
    let text = match (told.is_empty(), more) {
        (true, _) => return None,
        (false, 0) => told.join("; "),
        (false, more) => format!("{}; and {more} more", told.join("; ")),
    };
    Some(Note::Odd(text))
}
