//! Webhooks on their way to the intake: lost, doubled, held back, in any order, signed wrongly. What
//! arrives goes through the connector's own check and into the real inbox before it is answered.

use std::sync::Arc;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use model::ids::ConnectionId;
use sandbox::emulator::Delivery;
use store::Store;

use super::outside::Outside;
use crate::at_once::at_once;
use crate::faults::Fault;
use crate::random::Random;
use crate::world::World;

/// Status of a delivery that was taken, of a wrong signature, and of a store that could not keep it.
const TAKEN: u16 = 204;
const FORGED: u16 = 401;
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
    pub connection: ConnectionId,
    pub port: Arc<dyn ports::Processor>,
    pub store: Arc<dyn Store>,
    waiting: Vec<OnItsWay>,
}

impl Intake {
    #[must_use]
    pub fn new(
        connection: ConnectionId,
        port: Arc<dyn ports::Processor>,
        store: Arc<dyn Store>,
    ) -> Intake {
        Intake { connection, port, store, waiting: Vec::new() }
    }

    /// Takes what the systems send now, and lets arrive what is due.
    pub fn turn(&mut self, outside: &Outside, world: &World, random: &mut Random) {
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
            outside.delivered(one.system, &one.delivery.id, Some(status));
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

    /// As the server does it: signature, durable, answer.
    fn receive(&self, world: &World, one: &OnItsWay, now: Timestamp) -> u16 {
        let body = one.delivery.body.as_ref();
        let header = |name: &str| {
            let found =
                one.delivery.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
            found.map(|(_, value)| if one.forged { forged(value) } else { value.clone() })
        };
        let before = self.kept();
        if self.port.verify_delivery(&header, body).is_err() {
            drop(at_once(self.store.inbox_count_bad(&self.connection)));
            if !one.forged || self.kept() != before {
                world.broken("P7: a good signature is refused, or a bad one kept".to_owned());
            }
            return FORGED;
        }
        if one.forged {
            world.broken("P7: a wrong signature is taken".to_owned());
        }
        let mut faults = world.faults();
        if faults.strikes(Fault::StoreFull) || faults.strikes(Fault::StoreBusy) {
            return NOT_KEPT;
        }
        drop(faults);
        match at_once(self.store.inbox_put(&self.connection, body, now)) {
            Ok(_) => TAKEN,
            Err(error) => {
                world.broken(format!("P7: a delivery could not be stored: {error}"));
                NOT_KEPT
            }
        }
    }

    fn kept(&self) -> usize {
        at_once(self.store.inbox_recent(u32::MAX)).map_or(0, |rows| rows.len())
    }
}

/// A signature of the right form that fits nothing.
fn forged(signature: &str) -> String {
    let turned = signature.chars().map(|c| if c == '0' { '1' } else { '0' });
    turned.collect()
}
