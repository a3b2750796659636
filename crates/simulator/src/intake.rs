//! Deliveries on their way into the engine's intake, and what has to be so once it has answered: what was
//! answered 2xx is kept, nothing forged is, and what was not answered 2xx is delivered again (promise P7).

use std::sync::Arc;

use engine::intake::{self, Arrived, Taken};
use futures::FutureExt;
use model::ids::ConnectionId;
use store::Store;

use crate::at_once::at_once;
use crate::faults::Fault;
use crate::interrupt::{Interrupt, Life};
use crate::random::Random;
use crate::world::World;
use crate::wrap::Line;
use crate::wrap::processor::{SIGNATURE, WorkerProcessor, sign};
use crate::wrap::store::WorkerStore;

/// Rows looked through for what was answered; more than wait at any time.
const ROWS_MAX: u32 = 10_000;

/// In the body of every delivery that somebody else signed.
const FORGED: &str = "forged";

/// The listening process.
pub struct Intake {
    world: Arc<World>,
    store: Arc<dyn Store>,
}

impl Intake {
    #[must_use]
    pub fn new(world: &Arc<World>, store: &Arc<dyn Store>) -> Intake {
        Intake { world: Arc::clone(world), store: Arc::clone(store) }
    }

    /// Webhooks of everything new arrive, in one delivery.
    pub fn deliver(&self, random: &mut Random) {
        if self.world.faults().strikes(Fault::WebhookForged) {
            self.deliver_forged();
        }
        let mut events = std::mem::take(&mut self.world.state().webhooks);
        if events.is_empty() {
            return;
        }
        if self.world.faults().strikes(Fault::WebhookLate) {
            // Nobody answered: they come with the next delivery.
            self.world.state().webhooks = events;
            return;
        }
        if self.world.faults().strikes(Fault::WebhookReordered) {
            random.shuffle(&mut events);
        }
        let mut records: Vec<serde_json::Value> =
            events.iter().filter_map(|event| serde_json::to_value(event).ok()).collect();
        if self.world.faults().strikes(Fault::WebhookOdd) {
            records.push(serde_json::json!({ "id": "EV?", "surprise": true }));
        }
        let body = serde_json::to_vec(&records).unwrap_or_default();
        match self.receive(&sign(&body), &body) {
            Some(Taken::Kept) if !self.keeps(|kept| kept == body) => {
                self.world.broken("P7: a delivery was answered 2xx and is nowhere".to_owned());
            }
            Some(Taken::Kept) => {}
            Some(Taken::NotKept(_)) | None => self.world.state().webhooks = events,
            Some(Taken::Forged { .. }) => {
                self.world.broken("P7: a delivery that was signed well was refused".to_owned());
            }
        }
    }

    fn deliver_forged(&self) {
        let body = format!("[{{\"{FORGED}\":true}}]");
        let taken = self.receive(&sign(FORGED.as_bytes()), body.as_bytes());
        let kept = self.keeps(|body| String::from_utf8_lossy(body).contains(FORGED));
        if kept || matches!(taken, Some(Taken::Kept)) {
            self.world.broken("P7: a forged delivery was taken in".to_owned());
        }
    }

    fn keeps(&self, which: impl Fn(&[u8]) -> bool) -> bool {
        let rows = at_once(self.store.inbox_take(ROWS_MAX)).unwrap_or_default();
        rows.iter().any(|row| which(&row.body))
    }

    /// What the engine does with one delivery; `None`: the process died over it.
    fn receive(&self, signature: &str, body: &[u8]) -> Option<Taken> {
        let bank = ConnectionId::from("bank");
        let interrupt = Interrupt::new(Arc::clone(&self.world.faults));
        let (inner, world) = (Arc::clone(&self.store), Arc::clone(&self.world));
        let line = Line::new(Arc::clone(&world), interrupt.clone(), Arc::clone(&inner), false);
        let (processor, store) =
            (WorkerProcessor::new(line), WorkerStore::new(inner, interrupt.clone(), world));
        let header = |name: &str| (name == SIGNATURE).then(|| signature.to_owned());
        let at = self.world.now();
        let arrived = Arrived { connection: &bank, header: &header, body, at };
        let taken = intake::take(&store, &processor, &arrived).now_or_never();
        if interrupt.life() != Life::Awake {
            self.world.tell("the listening process dies");
        }
        taken
    }
}
