//! One seed: a world, workers on one store, moves and turns, and the promises after every step.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use engine::{Engine, EngineError, Settings};
use jiff::{SignedDuration, Timestamp};
use model::ids::{ErpCustomerId, LinkId};
use model::ledger::PeriodBook;
use ports::Clock;
use store::{Store, StoreError};

use crate::assertions;
use crate::at_once::at_once;
use crate::choices::{Choice, Dice, Kept, chance_at};
use crate::clock::VirtualClock;
use crate::faults::{Fault, Faults};
use crate::focus::Focus;
use crate::further;
use crate::intake::Intake;
use crate::mistakes::Defect;
use crate::moves::second_link;
use crate::moves::{self, Family, answers, handed_over, invoices, orders, policies, predecessor};
use crate::profile::{Pace, Profile};
use crate::random::Random;
use crate::rows::Rows;
use crate::setup;
use crate::telling;
use crate::worker::{self, Ended, Worker};
use crate::world::World;
use crate::wrap::store::CONNECTION_LOST;

/// Workers that run at the same time, at most.
const WORKERS_MAX: usize = 2;

/// Writes in ten thousand that take effect late, where a fake is mistaken on purpose.
const DEFECT_LATE_RATE: u32 = 4_000;

/// How a seed is run.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub defect: Option<Defect>,
    /// `None`: the seed chooses what its world makes frequent.
    pub focus: Option<Focus>,
    /// `None`: where this seed's rows are kept (`Rows::of`).
    pub rows: Option<Rows>,
    /// Only these moves and faults happen: a shrunk story.
    pub kept: Kept,
}

/// What became of a seed.
#[derive(Debug)]
pub struct Outcome {
    pub seed: u64,
    pub story: String,
    /// Empty: every promise was kept.
    pub violations: Vec<String>,
    pub faults: BTreeMap<Fault, u64>,
    pub looks: u64,
}

pub struct Simulation {
    seed: u64,
    focus: Focus,
    pub(crate) profile: Profile,
    pub(crate) world: Arc<World>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) connected: engine::World,
    options: Options,
    intake: Intake,
    /// Where people say things: a process of its own, which no fault strikes.
    pub(crate) console: Arc<Engine>,
    pub(crate) workers: Vec<Worker>,
    started: u32,
    step: u32,
    choices: Vec<Choice>,
    pub(crate) looks: u64,
}

/// Runs one seed from its beginning to its end.
#[must_use]
pub fn run(seed: u64) -> Outcome {
    run_with(seed, &Options::default())
}

#[must_use]
pub fn run_with(seed: u64, options: &Options) -> Outcome {
    run_chosen(seed, options).0
}

/// Also gives everything that the seed decided, in its order.
#[must_use]
pub fn run_chosen(seed: u64, options: &Options) -> (Outcome, Vec<Choice>) {
    match Simulation::new(seed, options) {
        Ok(mut simulation) => simulation.tell_all(),
        Err(error) => {
            let outcome = Outcome {
                seed,
                story: String::new(),
                violations: vec![format!("the store can not be made: {error}")],
                faults: BTreeMap::new(),
                looks: 0,
            };
            (outcome, Vec::new())
        }
    }
}

impl Simulation {
    fn new(seed: u64, options: &Options) -> Result<Simulation, StoreError> {
        let mut random = chance_at(seed, Dice::World, [0; 3]);
        let mut profile = Profile::of(&mut random, setup::first_day());
        let focus = options.focus.unwrap_or_else(|| Focus::of(seed));
        focus.shape(&mut profile, seed);
        further::widen(&mut profile, seed);
        if options.defect.is_some() {
            // Mistakes about repeats show where writes are repeated.
            profile.rates.insert(Fault::EffectLate, DEFECT_LATE_RATE);
        }
        let clock = Arc::new(VirtualClock::starting_at(setup::start()));
        let faults = Faults::new(Random::new(seed), profile.rates.clone());
        let faults = faults.keeping(options.kept.clone());
        let world = World::new(clock, Arc::new(Mutex::new(faults))).paging(profile.page);
        let world = Arc::new(world);
        world.state().break_fakes(options.defect);
        let begin = world.now();
        world.state().watched.rules.ruled(&LinkId::from(setup::LINK), &profile.policy, begin);
        world.state().processor.exchanges = profile.exchanged;
        world.state().processor.further = profile.further;
        world.state().processor.direct.forbidden = profile.details_forbidden;
        let store = options.rows.unwrap_or_else(|| Rows::of(seed)).empty()?;
        let connected = at_once(setup::connect(&store, &profile.policy))?;
        let clock: Arc<dyn Clock> = Arc::clone(&world.clock) as _;
        let console = Engine::new(Arc::clone(&store), clock, Settings::new("console"));
        let console = Arc::new(console);
        console.set_world(worker::connect(&world, &store, &connected));
        let intake = Intake::new(&world, &store);
        let mut simulation = Simulation {
            seed,
            focus,
            profile,
            world,
            store,
            connected,
            options: options.clone(),
            intake,
            console,
            workers: Vec::new(),
            started: 0,
            step: 0,
            choices: Vec::new(),
            looks: 0,
        };
        simulation.people_the_world(&mut random);
        simulation.start_worker();
        Ok(simulation)
    }

    fn people_the_world(&mut self, random: &mut Random) {
        let now = self.world.now();
        {
            let mut state = self.world.state();
            state.books.periods = PeriodBook { periods: setup::periods() };
            for nth in 1..=self.profile.customers {
                let customer = state.books.add_customer(nth);
                if nth <= self.profile.strangers {
                    continue;
                }
                let by_email = random.chance(2_500);
                let payer = state.processor.add_customer(&customer, by_email);
                let mandate = state.processor.add_mandate(&payer, now);
                if random.chance(7_000) {
                    state.processor.activate_mandate(&mandate, now);
                }
            }
        }
        for nth in 0..u32::try_from(self.profile.invoices).unwrap_or(1) {
            if !self.makes(Choice::Move { step: 0, nth }) {
                continue;
            }
            let mut random = chance_at(self.seed, Dice::Move, [0, nth, 0]);
            if let Some(line) = invoices::new_invoice(&self.world, &mut random) {
                self.world.tell(&line);
            }
        }
        self.meet_predecessor();
        self.world.announce();
    }

    fn meet_predecessor(&mut self) {
        let nth = u32::try_from(self.profile.invoices).unwrap_or(1);
        let left = self.profile.families.contains(&Family::Predecessor);
        if left && self.makes(Choice::Move { step: 0, nth }) {
            let mut random = chance_at(self.seed, Dice::Move, [0, nth, 0]);
            for line in predecessor::leave(&self.world, &mut random) {
                self.world.tell(&line);
            }
        }
    }

    /// Whether this choice is made; noted when it is.
    fn makes(&mut self, choice: Choice) -> bool {
        let makes = self.options.kept.as_ref().is_none_or(|kept| kept.contains(&choice));
        if makes {
            self.choices.push(choice);
        }
        makes
    }

    fn start_worker(&mut self) {
        self.started += 1;
        let name = format!("worker-{}", self.started);
        let (world, store) = (&self.world, &self.store);
        let worker = Worker::start(name, world, store, &self.connected, self.options.defect);
        self.workers.push(worker);
    }

    fn tell_all(&mut self) -> (Outcome, Vec<Choice>) {
        self.tell_beginning();
        for step in 1..=self.profile.steps {
            if self.is_broken() {
                break;
            }
            self.begin_step(step);
            self.one_step();
            self.may_rest(step);
        }
        if !self.is_broken() {
            self.end();
        }
        telling::tell_cases(&self.world, self.store.as_ref());
        if self.is_broken() {
            telling::tell_truth(&self.world);
        }
        let mut choices = std::mem::take(&mut self.choices);
        choices.extend(self.world.faults().struck());
        let violations = self.world.state().violations.clone();
        let faults = self.world.faults().counts().clone();
        let (seed, looks) = (self.seed, self.looks);
        (Outcome { seed, story: self.world.story.text(), violations, faults, looks }, choices)
    }

    fn tell_beginning(&self) {
        let policy = &self.profile.policy;
        self.world.tell(&format!(
            "seed {}, {}: {:?}; post on {:?}, reversals {:?}, {:?}, {:?}, {:?}, {:?}, {:?}",
            self.seed,
            self.focus.word(),
            self.profile.families,
            policy.post_on,
            policy.reversals,
            policy.collect,
            policy.amount_changed,
            policy.closed_period,
            policy.after_chargeback,
            policy.foreign_payments,
        ));
    }

    pub(crate) fn is_broken(&self) -> bool {
        !self.world.state().violations.is_empty()
    }

    pub(crate) fn begin_step(&mut self, step: u32) {
        self.step = step;
        self.world.faults().begin_step(step);
    }

    fn one_step(&mut self) {
        self.world.remember();
        let mut random = chance_at(self.seed, Dice::Step, [self.step, 0, 0]);
        let moves = u32::try_from(random.below(self.profile.moves_max)).unwrap_or(0) + 1;
        let passes = pass(self.profile.pace, &mut random);
        for nth in 0..moves {
            if self.makes(Choice::Move { step: self.step, nth }) {
                self.make_move(nth);
            }
        }
        if self.makes(Choice::Step { step: self.step }) {
            self.pass_time(passes, &mut random);
            self.deliver();
            self.turns();
        }
        self.check_step();
    }

    /// Now and then everything comes to rest in the middle of a story.
    fn may_rest(&mut self, step: u32) {
        let last = step == self.profile.steps;
        let rests = chance_at(self.seed, Dice::Step, [step, 2, 0]).chance(self.profile.calm);
        if rests && !last && !self.is_broken() && self.makes(Choice::Calm { step }) {
            self.rest_after(step);
        }
    }

    fn make_move(&mut self, nth: u32) {
        let mut random = chance_at(self.seed, Dice::Move, [self.step, nth, 0]);
        let Some(family) = random.pick(&self.profile.families).copied() else { return };
        if family.is_of_people() {
            self.world.state().watched.people_acted();
        }
        match family {
            Family::SecondWorker => self.join_or_leave(),
            Family::Orders => {
                let (console, store) = (Arc::clone(&self.console), Arc::clone(&self.store));
                let said = at_once(orders::make(&console, store.as_ref(), &mut random));
                if let Some(said) = said {
                    self.world.tell(&said.line);
                    self.world.state().watched.ordered(said.order, said.invoice);
                }
            }
            Family::HandedOver => self.hand_over(&mut random),
            Family::Answers => self.answer(&mut random),
            Family::Policies => {
                let line = policies::make(self, &mut random);
                self.world.tell(&line);
            }
            Family::Routes => {
                let line = policies::make_route(self);
                self.world.tell(&line);
            }
            Family::SecondLink => {
                let line = second_link::make(self, &mut random);
                self.world.tell(&line);
            }
            Family::Bank
            | Family::Reversals
            | Family::Payouts
            | Family::Invoices
            | Family::Customers
            | Family::Mandates
            | Family::Refunds
            | Family::Foreign
            | Family::Editing
            | Family::Periods
            | Family::Away
            | Family::Refusals
            | Family::Exchange
            | Family::FailedRefunds
            | Family::Requests
            | Family::Currencies
            | Family::Predecessor => {
                if let Some(line) = moves::make(family, &self.world, &mut random) {
                    self.world.tell(&line);
                }
            }
        }
    }

    fn hand_over(&mut self, random: &mut Random) {
        let customers: Vec<ErpCustomerId> =
            self.world.state().books.customers.keys().cloned().collect();
        let Some(link) = self.connected.links.keys().next().cloned() else { return };
        let console = Arc::clone(&self.console);
        // The console is a process of its own, which nothing strikes.
        self.world.faults().switch(false);
        let ordered = at_once(handed_over::make(&console, &link, &customers, random));
        self.world.faults().switch(true);
        if let Some(line) = ordered {
            self.world.faults().note(Fault::BankDetails);
            self.world.tell(&line);
        }
    }

    fn answer(&mut self, random: &mut Random) {
        let (console, store) = (Arc::clone(&self.console), Arc::clone(&self.store));
        self.world.faults().switch(false);
        let answered = at_once(answers::make(&self.world, &console, store.as_ref(), random));
        self.world.faults().switch(true);
        if let Some(line) = answered {
            self.world.faults().note(Fault::Answered);
            self.world.tell(&line);
        }
        self.world.announce();
    }

    fn join_or_leave(&mut self) {
        if self.workers.len() < WORKERS_MAX {
            self.start_worker();
            self.world.tell("a second worker joins");
            return;
        }
        // Only between two turns: whoever leaves in order ends its turn first.
        let Some(worker) = self.workers.pop_if(|worker| !worker.is_in_turn()) else { return };
        self.world.tell(&format!("{} leaves", worker.name));
    }

    fn pass_time(&mut self, by: SignedDuration, random: &mut Random) {
        self.world.pass(by);
        if self.world.faults().strikes(Fault::ClockJump) {
            self.world.clock.jump(SignedDuration::from_hours(random.between(1, 30)));
            self.world.tell("the business clock jumps");
        }
        for worker in &self.workers {
            if self.world.faults().strikes(Fault::ClockSkew) {
                let most = self.profile.skew_seconds;
                let seconds = self.world.faults().between(-most, most);
                worker.skew(SignedDuration::from_secs(seconds));
            }
        }
        let now = self.world.now();
        for id in self.world.state().processor.retry_by_itself(now) {
            self.world.tell(&format!("the processor retries {id} by itself"));
        }
        self.world.announce();
    }

    pub(crate) fn deliver(&mut self) {
        let mut random = chance_at(self.seed, Dice::Step, [self.step, 1, 0]);
        self.intake.deliver(&mut random);
    }

    pub(crate) fn turns(&mut self) {
        // Lists may still show what was before this turn's own writes.
        self.world.remember();
        for nth in (0..self.workers.len()).rev() {
            let lease_now = self.world.clock.lease_now();
            if self.workers[nth].sleeps_until.is_none_or(|until: Timestamp| until <= lease_now) {
                self.turn(nth);
            }
        }
    }

    fn turn(&mut self, nth: usize) {
        let ended = self.workers[nth].go_on();
        let name = self.workers[nth].name.clone();
        match ended {
            Ended::Done(done) => {
                self.looks += u64::from(done.looked);
                if !done.idle {
                    self.world.broken(format!("{name} does not come to rest"));
                }
            }
            Ended::Failed(EngineError::Store(error)) if passes_by(&error) => {
                self.world.tell(&format!("{name}: {error}"));
            }
            Ended::Failed(error) => self.world.broken(format!("{name} fails: {error}")),
            Ended::Asleep => {
                let minutes = self.world.faults().between(1, 20);
                let until = self.world.clock.lease_now() + SignedDuration::from_mins(minutes);
                self.workers[nth].sleeps_until = Some(until);
                self.world.tell(&format!("{name} is stopped for {minutes} minutes"));
            }
            Ended::Dead => {
                self.world.tell(&format!("{name} dies"));
                self.workers.remove(nth);
                if self.world.faults().between(0, 1) == 0 {
                    drop(at_once(self.store.expire_worker(&name)));
                }
                self.start_worker();
            }
            Ended::Stuck => self.world.broken(format!("{name} waits for nothing")),
        }
    }

    pub(crate) fn check_step(&self) {
        for broken in assertions::after_step(&self.world) {
            self.world.broken(broken);
        }
    }
}

/// Around deadlines and cut-offs, around leases and watches, and around days.
fn pass(pace: Pace, random: &mut Random) -> SignedDuration {
    let kind = match pace {
        Pace::Usual => random.below(10),
        Pace::Short => random.below(7),
        Pace::Days => random.below(5) + 5,
    };
    match kind {
        0..=2 => SignedDuration::from_secs(random.between(5, 120)),
        3..=5 => SignedDuration::from_mins(random.between(2, 25)),
        6..=8 => SignedDuration::from_hours(random.between(1, 9)),
        _ => SignedDuration::from_hours(24),
    }
}

/// What a server meets now and then, and goes on after.
fn passes_by(error: &StoreError) -> bool {
    match error {
        StoreError::Busy | StoreError::Full => true,
        StoreError::Broken(words) => words == CONNECTION_LOST,
        StoreError::Refused(_) => false,
    }
}
