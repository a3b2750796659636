//! The fakes without a simulation around them: what they are to the engine, and what people, banks
//! and chance do to them, on request. For the suites that every port must pass.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use jiff::{SignedDuration, Timestamp};
use model::ledger::PeriodBook;
use ports::{Erp, Processor};
use store::StoreError;

use crate::clock::VirtualClock;
use crate::faults::{Fault, Faults};
use crate::interrupt::Interrupt;
use crate::mistakes::Defect;
use crate::random::Random;
use crate::rows::Rows;
use crate::setup;
use crate::world::World;
use crate::world::erp::Books;
use crate::wrap::Line;
use crate::wrap::erp::WorkerErp;
use crate::wrap::processor::{WorkerProcessor, sign};

pub use crate::moves::handed_over::WRONG as WRONG_ACCOUNT;
pub use crate::setup::first_day;
pub use crate::world::Outage;
pub use crate::world::erp::{BANK, CURRENCY, UNDEPOSITED};
pub use crate::world::processor::mandates::ENDS;
pub use crate::wrap::processor::SIGNATURE;

/// A fake ERP and a fake processor in one world, with every fault off.
pub struct Fakes {
    world: Arc<World>,
    erp: WorkerErp,
    processor: WorkerProcessor,
}

impl Fakes {
    /// An empty world with a year of open periods.
    ///
    /// # Errors
    /// The store, in which writes are looked for, can not be made.
    pub fn new() -> Result<Fakes, StoreError> {
        let clock = Arc::new(VirtualClock::starting_at(setup::start()));
        let faults = Arc::new(Mutex::new(Faults::new(Random::new(1), BTreeMap::new())));
        let world = Arc::new(World::new(clock, Arc::clone(&faults)));
        world.state().books.periods = PeriodBook { periods: setup::periods() };
        let store = Rows::Memory.empty()?;
        let line = Line::new(Arc::clone(&world), Interrupt::new(faults), store, false);
        let (erp, processor) = (WorkerErp::new(line.clone()), WorkerProcessor::new(line));
        Ok(Fakes { world, erp, processor })
    }

    /// With a deliberate mistake of a fake, which the suites must see.
    ///
    /// # Errors
    /// As [`Fakes::new`].
    pub fn mistaken(defect: Defect) -> Result<Fakes, StoreError> {
        let fakes = Fakes::new()?;
        fakes.world.state().break_fakes(Some(defect));
        Ok(fakes)
    }

    #[must_use]
    pub fn erp(&self) -> &dyn Erp {
        &self.erp
    }

    #[must_use]
    pub fn processor(&self) -> &dyn Processor {
        &self.processor
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.world.now()
    }

    /// Records on one page of a list.
    #[must_use]
    pub fn page(&self) -> usize {
        self.world.page
    }

    /// Time passes, and what was on its way arrives.
    pub fn pass(&self, by: SignedDuration) {
        self.world.pass(by);
    }

    /// People at work in the ERP.
    pub fn in_books<T>(&self, deed: impl FnOnce(&mut Books) -> T) -> T {
        deed(&mut self.world.state().books)
    }

    /// People and banks at work at the processor; what happens is told by events.
    pub fn at_processor<T>(
        &self,
        deed: impl FnOnce(&mut crate::world::processor::Processor) -> T,
    ) -> T {
        let done = deed(&mut self.world.state().processor);
        self.world.announce();
        done
    }

    /// All deliveries so far, oldest first: the signature, and the body.
    #[must_use]
    pub fn deliveries(&self) -> Vec<(String, Vec<u8>)> {
        let state = self.world.state();
        let body = |event| serde_json::to_vec(&[event]).unwrap_or_default();
        state.webhooks.iter().map(body).map(|body| (sign(&body), body)).collect()
    }

    /// These faults strike at every occasion from now on, and no others.
    pub fn always(&self, faults: &[Fault]) {
        self.world.faults().always(faults);
    }

    /// The next occasion of this fault strikes, and nothing else.
    pub fn next_time(&self, fault: Fault) {
        self.world.faults().next_time(fault);
    }

    /// Lists and queries show what is there now, for as long as they may lag.
    pub fn lag(&self) {
        self.always(&[Fault::StaleRead]);
        self.world.remember();
    }

    /// Both sides refuse everything.
    pub fn refuse_all(&self, how: Outage) {
        self.world.refuse_all(how);
    }

    /// Nothing strikes any more.
    pub fn calm(&self) {
        self.always(&[]);
        self.world.mend();
    }
}
