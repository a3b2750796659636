//! The inbox: verified deliveries, already durable, become hints. The facts themselves are read from
//! the processor's own event list right afterwards.

use jiff::{Timestamp, ToSpan};

use store::rows::Hint;

use crate::engine::Engine;
use crate::error::Result;

/// Deliveries taken at a time.
const TAKE: u32 = 50;

/// Minutes before the earliest event of a delivery from which the event list is read.
const LOOK_BACK_MINUTES: i64 = 10;

impl Engine {
    /// Turns waiting deliveries into hints. Gives how many were processed.
    pub async fn process_inbox(&self) -> Result<u32> {
        let world = self.world();
        let rows = self.store.inbox_take(TAKE).await?;
        let mut done = 0;
        for row in rows {
            let Some(processor) = world.processor(&row.connection) else {
                let note = "the connection is not connected; the sweep of the event list covers it";
                self.store.inbox_done(row.id, &[], Some(note)).await?;
                continue;
            };
            let delivery = processor.port.read_delivery(&row.body);
            let earliest: Option<Timestamp> = delivery.events.iter().map(|event| event.at).min();
            if let Some(earliest) = earliest {
                let since = earliest - LOOK_BACK_MINUTES.minutes();
                self.read_events_since(&world, &processor, since).await?;
            }
            let hints: Vec<Hint> =
                self.hints_of(&world, &processor, &delivery.events, self.now()).await?;
            let note = delivery.odd.join("; ");
            let note = (!note.is_empty()).then_some(note.as_str());
            self.store.inbox_done(row.id, &hints, note).await?;
            done += 1;
        }
        Ok(done)
    }
}
