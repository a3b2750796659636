//! Deliveries as the server takes them in: a bad signature leaves a count, a good one is committed
//! before its 2xx, and what was not answered 2xx is delivered again (promise P7).

use std::sync::Arc;

use futures::FutureExt;
use model::ids::ConnectionId;
use store::Store;

use crate::at_once::at_once;
use crate::faults::Fault;
use crate::interrupt::{Interrupt, Life};
use crate::random::Random;
use crate::simulation::Defect;
use crate::world::World;
use crate::wrap::store::WorkerStore;

/// Rows looked through for what was answered; more than wait at any time.
const ROWS_MAX: u32 = 10_000;

/// In the body of every delivery that somebody else signed.
const FORGED: &str = "forged";

/// How a delivery was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer {
    Accepted,
    Refused,
    /// 503, or none because the process died.
    Failed,
}

/// The listening process.
pub struct Intake {
    world: Arc<World>,
    store: Arc<dyn Store>,
    defect: Option<Defect>,
    forged: i64,
}

impl Intake {
    #[must_use]
    pub fn new(world: &Arc<World>, store: &Arc<dyn Store>, defect: Option<Defect>) -> Intake {
        Intake { world: Arc::clone(world), store: Arc::clone(store), defect, forged: 0 }
    }

    /// Webhooks of everything new arrive, in one delivery.
    pub fn deliver(&mut self, random: &mut Random) {
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
        match self.receive(true, &body) {
            Answer::Accepted => {
                let rows = at_once(self.store.inbox_take(ROWS_MAX)).unwrap_or_default();
                if !rows.iter().any(|row| row.body == body) {
                    self.world.broken("P7: a delivery was answered 2xx and is nowhere".to_owned());
                }
            }
            Answer::Failed => self.world.state().webhooks = events,
            Answer::Refused => {
                self.world.broken("P7: a delivery that was signed well was refused".to_owned());
            }
        }
    }

    fn deliver_forged(&mut self) {
        let body = format!("[{{\"{FORGED}\":true}}]");
        let answer = self.receive(false, body.as_bytes());
        let rows = at_once(self.store.inbox_take(ROWS_MAX)).unwrap_or_default();
        let kept = rows.iter().any(|row| String::from_utf8_lossy(&row.body).contains(FORGED));
        if kept || answer == Answer::Accepted {
            self.world.broken("P7: a forged delivery was taken in".to_owned());
        }
    }

    /// What the server does with one delivery.
    fn receive(&mut self, signed_well: bool, body: &[u8]) -> Answer {
        let bank = ConnectionId::from("bank");
        let interrupt = Interrupt::new(Arc::clone(&self.world.faults));
        let (inner, world) = (Arc::clone(&self.store), Arc::clone(&self.world));
        let store = WorkerStore::new(inner, interrupt.clone(), world);
        if !signed_well && self.defect != Some(Defect::SignatureIgnored) {
            let counted = store.inbox_count_bad(&bank).now_or_never();
            self.forged += i64::from(matches!(counted, Some(Ok(()))));
            return Answer::Refused;
        }
        let put = store.inbox_put(&bank, body, self.world.now()).now_or_never();
        if interrupt.life() != Life::Awake {
            self.world.tell("the listening process dies");
        }
        match put {
            Some(Ok(_)) => Answer::Accepted,
            Some(Err(_)) | None if self.defect == Some(Defect::AcceptedFirst) => Answer::Accepted,
            Some(Err(_)) | None => Answer::Failed,
        }
    }
}
