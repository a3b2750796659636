//! A worker: the real engine over one worker's ports and store, driven by polling one turn at a
//! time. It dies when its turn is dropped, and sleeps when its turn is not polled.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use engine::{Engine, EngineError, Settings};
use futures::task::{ArcWake, waker};
use jiff::{SignedDuration, Timestamp};
use model::ids::LinkId;
use store::Store;
use store::rows::Link;

use crate::clock::WorkerClock;
use crate::interrupt::{Interrupt, Life};
use crate::mistakes::Defect;
use crate::turns::{Done, turn};
use crate::world::World;
use crate::wrap::Line;
use crate::wrap::erp::WorkerErp;
use crate::wrap::processor::WorkerProcessor;
use crate::wrap::store::WorkerStore;

/// One round of a worker, as far as it has got.
pub type Turn = Pin<Box<dyn Future<Output = Result<Done, EngineError>>>>;

pub struct Worker {
    pub name: String,
    engine: Arc<Engine>,
    interrupt: Interrupt,
    clock: Arc<WorkerClock>,
    turn: Option<Turn>,
    /// On the lease clock.
    pub sleeps_until: Option<Timestamp>,
}

/// How a turn ended.
pub enum Ended {
    Done(Done),
    Failed(EngineError),
    Asleep,
    Dead,
    /// It waits for something that nobody will bring about.
    Stuck,
}

impl Worker {
    /// A new process on the same store.
    #[must_use]
    pub fn start(
        name: String,
        world: &Arc<World>,
        store: &Arc<dyn Store>,
        connected: &engine::World,
        defect: Option<Defect>,
    ) -> Worker {
        let interrupt = Interrupt::new(Arc::clone(&world.faults));
        let repeats = defect == Some(Defect::PortRepeats);
        let line = Line::new(Arc::clone(world), interrupt.clone(), Arc::clone(store), repeats);
        let faulty: Arc<dyn Store> =
            Arc::new(WorkerStore::new(Arc::clone(store), interrupt.clone(), Arc::clone(world)));
        // Few cases are due at a time here: every other process reads payments from lists all the same.
        let sheet_from = if name.ends_with(['0', '2', '4', '6', '8']) { 2 } else { 40 };
        let settings =
            Settings { concurrency: 1, batch: 50, sheet_from, ..Settings::new(name.as_str()) };
        let clock = Arc::new(WorkerClock::new(Arc::clone(&world.clock)));
        let engine = Engine::new(faulty, Arc::clone(&clock) as _, settings);
        engine.set_world(with_ports(&line, connected));
        let engine = Arc::new(engine);
        Worker { name, engine, interrupt, clock, turn: None, sleeps_until: None }
    }

    /// Its business clock is off by this much from now on.
    pub fn skew(&self, off: SignedDuration) {
        self.clock.skew(off);
    }

    #[must_use]
    pub fn is_in_turn(&self) -> bool {
        self.turn.is_some()
    }

    /// People changed the links.
    pub fn reload(&self, links: &BTreeMap<LinkId, Link>) {
        self.interrupt.unread.put(links.clone());
    }

    /// Goes on with the turn that was begun, or begins one.
    pub fn go_on(&mut self) -> Ended {
        self.interrupt.wake();
        self.sleeps_until = None;
        let (engine, unread) = (Arc::clone(&self.engine), Arc::clone(&self.interrupt.unread));
        let turn = self.turn.get_or_insert_with(|| Box::pin(turn(engine, unread)));
        let polled = poll_while_woken(turn);
        match (polled, self.interrupt.life()) {
            (Poll::Ready(result), _) => {
                self.turn = None;
                match result {
                    Ok(done) => Ended::Done(done),
                    Err(error) => Ended::Failed(error),
                }
            }
            (Poll::Pending, Life::Asleep) => Ended::Asleep,
            (Poll::Pending, Life::Dead) => {
                self.turn = None;
                Ended::Dead
            }
            (Poll::Pending, Life::Awake) => Ended::Stuck,
        }
    }
}

/// The world as somebody sees it who is never struck but by what strikes everybody.
#[must_use]
pub fn connect(
    world: &Arc<World>,
    store: &Arc<dyn Store>,
    connected: &engine::World,
) -> engine::World {
    let interrupt = Interrupt::new(Arc::clone(&world.faults));
    with_ports(&Line::new(Arc::clone(world), interrupt, Arc::clone(store), false), connected)
}

fn with_ports(line: &Line, connected: &engine::World) -> engine::World {
    let mut seen = connected.clone();
    for (id, connection) in &connected.connections {
        match connection.side {
            store::rows::Side::Erp => {
                seen.erps.insert(id.clone(), Arc::new(WorkerErp::new(line.clone())));
            }
            store::rows::Side::Processor => {
                let port = WorkerProcessor::new(line.clone());
                seen.processors.insert(id.clone(), Arc::new(port));
            }
        }
    }
    seen
}

/// Streams yield now and then to others and wake themselves at once.
fn poll_while_woken(turn: &mut Turn) -> Poll<Result<Done, EngineError>> {
    let flag = Arc::new(Flag(AtomicBool::new(true)));
    let waker = waker(Arc::clone(&flag));
    let mut context = Context::from_waker(&waker);
    let mut polled = Poll::Pending;
    while polled.is_pending() && flag.0.swap(false, Ordering::Relaxed) {
        polled = turn.as_mut().poll(&mut context);
    }
    polled
}

struct Flag(AtomicBool);

impl ArcWake for Flag {
    fn wake_by_ref(flag: &Arc<Flag>) {
        flag.0.store(true, Ordering::Relaxed);
    }
}
