//! One round of a worker, at both depths: what the server's loops do, in one order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use engine::{Engine, EngineError};
use model::ids::LinkId;
use store::rows::Link;

/// Passes of one turn without coming to rest, in which nothing was sent and no look failed: more is spinning.
const PASSES_MAX: u32 = 60;

/// Passes of one turn in which something was sent: a case of months does a document in each.
const SENDING_MAX: u32 = 600;

/// Passes of one turn in which looks failed: then whoever is tried again waits for the next turn.
const FAILED_MAX: u32 = 60;

/// What a turn came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Done {
    pub looked: u32,
    pub idle: bool,
}

/// What people edited of the links and a worker has not read: it reads between two passes, so that one
/// that slept goes on first by what it knew.
#[derive(Debug, Default)]
pub struct Unread(Mutex<Option<BTreeMap<LinkId, Link>>>);

impl Unread {
    pub fn put(&self, links: BTreeMap<LinkId, Link>) {
        if let Ok(mut unread) = self.0.lock() {
            *unread = Some(links);
        }
    }

    /// The worker acts by links as they were.
    pub fn is_pending(&self) -> bool {
        self.0.lock().is_ok_and(|unread| unread.is_some())
    }

    fn read(&self, engine: &Engine) {
        let unread = self.0.lock().ok().and_then(|mut unread| unread.take());
        let Some(links) = unread else { return };
        let seen = engine::World::clone(&engine.world());
        engine.set_world(engine::World { links, ..seen });
    }
}

/// What the server's loops do, in one order: poll, deliveries, sweep, and work until nothing is due.
pub async fn turn(engine: Arc<Engine>, unread: Arc<Unread>) -> Result<Done, EngineError> {
    unread.read(&engine);
    engine.poll().await?;
    engine.process_inbox().await?;
    engine.sweep().await?;
    let (mut looked, mut passes, mut sending, mut failed) = (0, 0, 0, 0);
    while passes < PASSES_MAX && sending < SENDING_MAX && failed < FAILED_MAX {
        let worked = engine.work().await?;
        unread.read(&engine);
        looked += worked.looked;
        if worked.looked == 0 && worked.failed == 0 {
            return Ok(Done { looked, idle: true });
        }
        match (worked.failed, worked.sent) {
            (0, 0) => passes += 1,
            (0, _) => sending += 1,
            _ => failed += 1,
        }
    }
    Ok(Done { looked, idle: passes < PASSES_MAX && sending < SENDING_MAX })
}
