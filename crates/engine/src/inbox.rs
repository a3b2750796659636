//! The inbox: verified deliveries, already durable, become hints. The facts themselves are read from
//! the processor's own event list right afterwards.

use std::collections::BTreeMap;

use jiff::{Timestamp, ToSpan};

use model::ids::ConnectionId;
use ports::PortError;
use ports::processor::Delivery;
use store::rows::InboxRow;

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
                    let ids: Vec<i64> = rows.iter().map(|row| row.id).collect();
                    done += match self.take_in(&world, &processor, rows).await {
                        Err(EngineError::Port(error)) => {
                            self.note_error(&connection, &error);
                            self.leave_to_the_sweep(&ids, &error).await?
                        }
                        taken => taken?,
                    };
                }
                None => {
                    for row in rows {
                        self.store.inbox_done(row.id, &[], Some(NOT_CONNECTED)).await?;
                    }
                }
            }
        }
        Ok(done)
    }

    /// One side that does not answer must not keep the deliveries of others, or the due cases behind
    /// them, from being worked on.
    async fn leave_to_the_sweep(&self, rows: &[i64], error: &PortError) -> Result<u32> {
        let note = format!("{error}; the sweep of the event list covers it");
        for row in rows {
            self.store.inbox_done(*row, &[], Some(&note)).await?;
        }
        Ok(u32::try_from(rows.len()).unwrap_or(u32::MAX))
    }

    /// The event list is read once for all of them, from a little before the earliest event on.
    async fn take_in(
        &self,
        world: &World,
        processor: &ProcessorPort,
        rows: Vec<InboxRow>,
    ) -> Result<u32> {
        let read = rows.into_iter().map(|row| {
            let delivery = processor.port.read_delivery(&row.body);
            (row.id, delivery)
        });
        let read: Vec<(i64, Delivery)> = read.collect();
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
            let note = delivery.odd.join("; ");
            let note = (!note.is_empty()).then_some(note.as_str());
            self.store.inbox_done(id, &hints, note).await?;
            done += 1;
        }
        Ok(done)
    }
}
