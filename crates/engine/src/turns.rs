//! Writes to a system that takes one at a time wait for their turn before they are marked as sent: a
//! queue of our own is neither a refusal of the other side nor an unknown outcome.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};

use futures::lock::OwnedMutexGuard;
use model::command::Write;
use model::ids::ConnectionId;

use crate::engine::Engine;
use crate::world::World;

/// Seconds that a write waits for its turn: what it was decided on is older then, and the lease must
/// leave a whole deadline. Later it is looked at again.
const TURN_SECONDS_MAX: i64 = 50;

/// The line in front of one connection.
#[derive(Default)]
struct Line {
    turn: Arc<futures::lock::Mutex<()>>,
    waiting: Arc<AtomicU32>,
}

/// The lines of all connections that take one write at a time.
#[derive(Default)]
pub(crate) struct Turns(Mutex<BTreeMap<ConnectionId, Line>>);

/// The turn of one write; the next one's comes when it is dropped.
pub(crate) struct Turn {
    _held: Option<OwnedMutexGuard<()>>,
}

/// One that waits; it does not when dropped.
struct Waiting(Arc<AtomicU32>);

impl Waiting {
    fn begin(count: Arc<AtomicU32>) -> Waiting {
        count.fetch_add(1, Ordering::SeqCst);
        Waiting(count)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Turns {
    fn line(&self, connection: &ConnectionId) -> Option<Line> {
        let mut lines = self.0.lock().ok()?;
        let line = lines.entry(connection.clone()).or_default();
        Some(Line { turn: Arc::clone(&line.turn), waiting: Arc::clone(&line.waiting) })
    }
}

impl Engine {
    /// The turn of a write at its connection; `None`: it did not come in time, and nothing was sent.
    pub(crate) async fn turn(
        &self,
        world: &World,
        connection: &ConnectionId,
        write: &Write,
    ) -> Option<Turn> {
        let queues = match write {
            Write::Erp(_) => {
                world.erps.get(connection).is_some_and(|erp| erp.one_write_at_a_time())
            }
            Write::Processor(_) => false,
        };
        let Some(line) = queues.then(|| self.turns.line(connection)).flatten() else {
            return Some(Turn { _held: None });
        };
        let asked = self.clock.lease_now();
        let waiting = Waiting::begin(line.waiting);
        let held = line.turn.lock_owned().await;
        drop(waiting);
        let waited = self.clock.lease_now().duration_since(asked).as_secs();
        if waited > TURN_SECONDS_MAX {
            tracing::info!(%connection, seconds = waited, "waits for its turn: one write at a time");
            return None;
        }
        Some(Turn { _held: Some(held) })
    }

    /// How many writes wait for their turn in this process, at connections that take one at a time.
    #[must_use]
    pub fn waiting_for_turn(&self) -> Vec<(ConnectionId, u32)> {
        let held = self.turns.0.lock();
        held.map_or_else(
            |_| Vec::new(),
            |held| {
                let count = |line: &Line| line.waiting.load(Ordering::SeqCst);
                held.iter().map(|(id, line)| (id.clone(), count(line))).collect()
            },
        )
    }
}
