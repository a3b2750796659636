//! A worker: the real engine with the real connectors, over its own wires and its own view of the
//! store. It dies when its turn is dropped, and sleeps when its turn is not polled.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::task::{Context, Poll};

use connectors::http::hosts::AllowedHosts;
use connectors::registry::{self, ConnectError, ConnectOptions};
use engine::{Engine, EngineError, Settings};
use futures::task::{ArcWake, waker};
use jiff::Timestamp;
use model::ids::{ConnectionId, LinkId};
use ports::Clock;
use ports::exchange::{NoRecorder, Recorder};
use ports::transport::Transport;
use store::Store;
use store::rows::{Link, Side};

use super::bursts::Bursts;
use super::outside::Outside;
use super::time::WorkerClock;
use super::transport::Wire;
use super::watch::Onlooker;
use crate::interrupt::{Interrupt, Life};
use crate::turns::{Done, turn};
use crate::worker::{Ended, Turn};
use crate::world::World;
use crate::wrap::store::WorkerStore;

/// What all workers of a story share.
#[derive(Clone)]
pub struct Site {
    pub world: Arc<World>,
    pub outside: Arc<Outside>,
    pub store: Arc<dyn Store>,
    pub bursts: Arc<Bursts>,
    pub connected: engine::World,
    /// Records per page, where pages are made short.
    pub rows: Option<usize>,
    /// Cases that a worker works on at the same time.
    pub concurrency: usize,
}

/// A live port of either side.
pub enum Port {
    Erp(Arc<dyn ports::Erp>),
    Processor(Arc<dyn ports::Processor>),
}

impl Site {
    /// A connector from the registry, over the given transport.
    ///
    /// # Errors
    /// What the registry refuses.
    pub fn connect(
        &self,
        nth: usize,
        name: &str,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
    ) -> Result<Option<Port>, ConnectError> {
        let Some(system) = self.outside.systems().get(nth) else { return Ok(None) };
        let recorder: Arc<dyn Recorder> = Arc::new(NoRecorder);
        let options = ConnectOptions {
            connection: name.to_owned(),
            account_url: None,
            allowed_hosts: AllowedHosts::default(),
            settings: system.settings(),
            secrets: system.secrets().into_iter().collect::<BTreeMap<_, _>>(),
            transport,
            clock,
            recorder,
            keeper: Arc::new(ports::keeper::NoKeeper),
            memory: Arc::new(ports::memory::NoMemory),
        };
        let slug = system.slug();
        Ok(match system.side() {
            Side::Erp => {
                let entry = registry::erps().iter().find(|entry| entry.slug == slug);
                let made = entry.map(|entry| (entry.connect)(options)).transpose()?;
                made.map(|port| Port::Erp(Arc::from(port)))
            }
            Side::Processor => {
                let entry = registry::processors().iter().find(|entry| entry.slug == slug);
                let made = entry.map(|entry| (entry.connect)(options)).transpose()?;
                made.map(|port| Port::Processor(Arc::from(port)))
            }
        })
    }

    /// The links as they are, with a connector for each connection over its own transport.
    ///
    /// # Errors
    /// What the registry refuses.
    pub fn seen(
        &self,
        transport: impl Fn(&ConnectionId) -> Arc<dyn Transport>,
        clock: &Arc<dyn Clock>,
    ) -> Result<engine::World, ConnectError> {
        let mut seen = self.connected.clone();
        for (nth, id) in super::setup::CONNECTIONS.iter().enumerate() {
            let id = ConnectionId::from(*id);
            match self.connect(nth, id.as_str(), transport(&id), Arc::clone(clock))? {
                Some(Port::Erp(port)) => drop(seen.erps.insert(id, port)),
                Some(Port::Processor(port)) => drop(seen.processors.insert(id, port)),
                None => {}
            }
        }
        Ok(seen)
    }

    fn wire(&self, connection: &ConnectionId, interrupt: &Interrupt) -> Wire {
        Wire {
            connection: connection.clone(),
            outside: Arc::clone(&self.outside),
            world: Arc::clone(&self.world),
            interrupt: interrupt.clone(),
            store: Arc::clone(&self.store),
            bursts: Arc::clone(&self.bursts),
            rows: self.rows,
        }
    }
}

pub struct Worker {
    pub name: String,
    engine: Arc<Engine>,
    interrupt: Interrupt,
    turn: Option<Turn>,
    woken: Arc<Flag>,
    /// Seconds by which its business clock is ahead.
    pub ahead: Arc<AtomicI64>,
    /// On the lease clock.
    pub sleeps_until: Option<Timestamp>,
}

impl Worker {
    /// A new process on the same store.
    ///
    /// # Errors
    /// What the registry refuses.
    pub fn start(name: String, site: &Site) -> Result<Worker, ConnectError> {
        let interrupt = Interrupt::new(Arc::clone(&site.world.faults));
        let faulty: Arc<dyn Store> = Arc::new(WorkerStore::new(
            Arc::clone(&site.store),
            interrupt.clone(),
            Arc::clone(&site.world),
        ));
        let ahead = Arc::new(AtomicI64::new(0));
        let clock: Arc<dyn Clock> =
            Arc::new(WorkerClock::new(Arc::clone(&site.outside.time), Arc::clone(&ahead)));
        let settings = Settings {
            concurrency: site.concurrency,
            batch: 50,
            // Few cases are due at a time here.
            sheet_from: 2,
            ..Settings::new(name.as_str())
        };
        let engine = Engine::new(faulty, Arc::clone(&clock), settings);
        let mut seen = site.seen(|id| Arc::new(site.wire(id, &interrupt)), &clock)?;
        let world = Arc::clone(&site.world);
        Onlooker { world, interrupt: interrupt.clone() }.watch(&mut seen);
        engine.set_world(seen);
        let woken = Arc::new(Flag(AtomicBool::new(false)));
        Ok(Worker {
            name,
            engine: Arc::new(engine),
            interrupt,
            turn: None,
            woken,
            ahead,
            sleeps_until: None,
        })
    }

    #[must_use]
    pub fn is_in_turn(&self) -> bool {
        self.turn.is_some()
    }

    /// People changed the links.
    pub fn reload(&self, links: &BTreeMap<LinkId, Link>) {
        self.interrupt.unread.put(links.clone());
    }

    /// Begins a turn, if none is under way.
    pub fn begin(&mut self) {
        if self.turn.is_none() {
            let (engine, unread) = (Arc::clone(&self.engine), Arc::clone(&self.interrupt.unread));
            self.turn = Some(Box::pin(turn(engine, unread)));
            self.woken.0.store(true, Ordering::Relaxed);
        }
    }

    /// Is in a turn, and not asleep.
    #[must_use]
    pub fn works(&self) -> bool {
        self.turn.is_some() && self.sleeps_until.is_none()
    }

    /// Something that it waited for has come.
    #[must_use]
    pub fn can_go_on(&self) -> bool {
        self.works() && self.woken.0.load(Ordering::Relaxed)
    }

    /// Wakes up when its time has come.
    pub fn may_wake(&mut self, now: Timestamp) {
        if self.sleeps_until.is_some_and(|until| until <= now) {
            self.sleeps_until = None;
            self.interrupt.wake();
            self.woken.0.store(true, Ordering::Relaxed);
        }
    }

    /// Goes on as far as it can; `None`: it waits for time to pass.
    pub fn go_on(&mut self) -> Option<Ended> {
        let turn = self.turn.as_mut()?;
        let waker = waker(Arc::clone(&self.woken));
        let mut context = Context::from_waker(&waker);
        let mut polled: Poll<Result<Done, EngineError>> = Poll::Pending;
        while polled.is_pending() && self.woken.0.swap(false, Ordering::Relaxed) {
            polled = turn.as_mut().poll(&mut context);
        }
        match (polled, self.interrupt.life()) {
            (_, Life::Dead) => {
                self.turn = None;
                Some(Ended::Dead)
            }
            (Poll::Ready(result), _) => {
                self.turn = None;
                Some(match result {
                    Ok(done) => Ended::Done(done),
                    Err(error) => Ended::Failed(error),
                })
            }
            (Poll::Pending, Life::Asleep) => Some(Ended::Asleep),
            (Poll::Pending, Life::Awake) => None,
        }
    }
}

struct Flag(AtomicBool);

impl ArcWake for Flag {
    fn wake_by_ref(flag: &Arc<Flag>) {
        flag.0.store(true, Ordering::Relaxed);
    }
}
