//! Webhooks on their way: lost, doubled, held back, in any order, signed wrongly. What arrives is taken in by
//! the engine's intake, in a process that may die over it, and what it answers is judged (promise P7).

use std::sync::Arc;

use bytes::Bytes;
use engine::intake::{self, Arrived, Taken};
use futures::FutureExt;
use jiff::{SignedDuration, Timestamp};
use model::ids::ConnectionId;
use sandbox::emulator::Delivery;
use store::Store;

use super::outside::Outside;
use crate::at_once::at_once;
use crate::faults::Fault;
use crate::interrupt::{Interrupt, Life};
use crate::random::Random;
use crate::world::World;
use crate::wrap::store::WorkerStore;

/// The answer where the store of older seeds could not keep a delivery.
const NOT_KEPT: u16 = 503;

/// Minutes for which a webhook is held back.
const HELD_MINUTES: (i64, i64) = (2, 300);

/// A delivery on its way.
struct OnItsWay {
    system: usize,
    delivery: Delivery,
    at: Timestamp,
    forged: bool,
}

/// The receiver of the webhooks of one connection.
pub struct Intake {
    connection: ConnectionId,
    port: Arc<dyn ports::Processor>,
    store: Arc<dyn Store>,
    /// It may die over a delivery, or lose its store.
    dies: bool,
    waiting: Vec<OnItsWay>,
}

impl Intake {
    #[must_use]
    pub fn new(
        connection: ConnectionId,
        port: Arc<dyn ports::Processor>,
        store: Arc<dyn Store>,
        dies: bool,
    ) -> Intake {
        Intake { connection, port, store, dies, waiting: Vec::new() }
    }

    /// Takes what the systems send now, and lets arrive what is due.
    pub fn turn(&mut self, outside: &Outside, world: &Arc<World>, random: &mut Random) {
        let now = outside.time.now();
        for (system, delivery) in outside.deliveries() {
            let mut faults = world.faults();
            if faults.strikes(Fault::WebhookLost) {
                drop(faults);
                outside.delivered(system, &delivery.id, None);
                continue;
            }
            let forged = faults.strikes(Fault::WebhookForged);
            let held = if faults.strikes(Fault::WebhookLate) {
                SignedDuration::from_mins(faults.between(HELD_MINUTES.0, HELD_MINUTES.1))
            } else {
                SignedDuration::ZERO
            };
            let copies = if faults.strikes(Fault::WebhookDoubled) { 2 } else { 1 };
            drop(faults);
            for _ in 0..copies {
                let delivery = delivery.clone();
                self.waiting.push(OnItsWay { system, delivery, at: now + held, forged });
            }
        }
        self.waiting.extend(self.odd(outside, world));
        let waiting = std::mem::take(&mut self.waiting);
        let (mut due, later) = waiting.into_iter().partition::<Vec<_>, _>(|one| one.at <= now);
        self.waiting = later;
        if due.len() > 1 && world.faults().strikes(Fault::WebhookReordered) {
            random.shuffle(&mut due);
        }
        for one in due {
            let status = self.receive(world, &one, now);
            outside.delivered(one.system, &one.delivery.id, status);
        }
    }

    /// A delivery with a good signature and an event that nobody knows.
    fn odd(&self, outside: &Outside, world: &World) -> Option<OnItsWay> {
        if !world.faults().strikes(Fault::WebhookOdd) {
            return None;
        }
        let found = outside.systems().iter().enumerate().find_map(|(nth, system)| {
            let secrets = system.secrets();
            let (_, secret) = secrets.into_iter().find(|(name, _)| name == "webhook_secret")?;
            let mut entries = connectors::registry::processors().iter();
            let entry = entries.find(|entry| entry.slug == system.slug())?;
            Some((nth, entry.sign, secret))
        });
        let (system, sign, secret) = found?;
        let body = Bytes::from_static(br#"{"events":[{"id":"EV?","surprise":true}]}"#);
        let headers = sign(&secret, &body).into_iter();
        let headers = headers.map(|(name, value)| (name.to_owned(), value)).collect();
        let delivery = Delivery { id: "odd".to_owned(), url: String::new(), headers, body };
        Some(OnItsWay { system, delivery, at: outside.time.now(), forged: false })
    }

    /// The status that the sender is told; `None`: the process died over it.
    fn receive(&self, world: &Arc<World>, one: &OnItsWay, now: Timestamp) -> Option<u16> {
        if !self.dies && !one.forged && is_store_out(world) {
            return Some(NOT_KEPT);
        }
        let body = one.delivery.body.as_ref();
        let header = |name: &str| {
            let found =
                one.delivery.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| if one.forged { forged(value) } else { value.clone() })
        };
        let interrupt = Interrupt::new(Arc::clone(&world.faults));
        let (inner, seen) = (Arc::clone(&self.store), Arc::clone(world));
        let faulty = WorkerStore::new(inner, interrupt.clone(), seen);
        let store: &dyn Store = if self.dies { &faulty } else { self.store.as_ref() };
        let arrived = Arrived { connection: &self.connection, header: &header, body, at: now };
        let before = self.kept();
        let taken = intake::take(store, self.port.as_ref(), &arrived).now_or_never();
        if interrupt.life() != Life::Awake {
            world.tell("the listening process dies");
        }
        let more = self.kept() - before;
        let wrong = match &taken {
            Some(Taken::Kept) if !one.forged && more != 1 => "answered 2xx and is nowhere",
            Some(Taken::Kept) if one.forged => "taken, and its signature is wrong",
            Some(Taken::Forged { .. }) if !one.forged => "refused, and its signature is good",
            Some(Taken::NotKept(_)) if !self.dies => "not kept, and nothing is in the way",
            Some(_) | None if one.forged && more != 0 => "kept, and its signature is wrong",
            Some(_) | None => return taken.map(|taken| taken.status()),
        };
        world.broken(format!("P7: a delivery was {wrong}"));
        taken.map(|taken| taken.status())
    }

    fn kept(&self) -> usize {
        at_once(self.store.inbox_recent(u32::MAX)).map_or(0, |rows| rows.len())
    }
}

fn is_store_out(world: &World) -> bool {
    let mut faults = world.faults();
    faults.strikes(Fault::StoreFull) || faults.strikes(Fault::StoreBusy)
}

/// A signature of the right form that fits nothing.
fn forged(signature: &str) -> String {
    let turned = signature.chars().map(|c| if c == '0' { '1' } else { '0' });
    turned.collect()
}
