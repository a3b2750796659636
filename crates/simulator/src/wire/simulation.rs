//! One seed at the wire depth: systems outside, workers on one store, moves, waits and webhooks, and
//! the promises after every step.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use engine::{Engine, Settings};
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use model::ids::ConnectionId;
use ports::Clock;
use ports::transport::Transport;

use super::assertions::{asked, books, may, once};
use super::bursts::Bursts;
use super::direct::Direct;
use super::further::{CALM_FROM, Further};
use super::handed_over;
use super::intake::Intake;
use super::outside::Outside;
use super::predecessor;
use super::profile::WireProfile;
use super::setup;
use super::systems::{self, Books, Hands};
use super::telling;
use super::time::{Time, WorkerClock};
use super::truth::Truth;
use super::worker::{Site, Worker};
use crate::choices::{Choice, Dice, Kept, chance_at};
use crate::clock::VirtualClock;
use crate::faults::{Fault, Faults};
use crate::moves::Family;
use crate::random::Random;
use crate::simulation::Outcome;
use crate::world::World;

/// Seconds by which a worker's business clock may be off without being told, and minutes by which it
/// may be wrong for a while.
const SKEW_SECONDS: i64 = 45;
const JUMP_MINUTES: (i64, i64) = (2, 20);

/// The first day of every story: the month ends in it, so that closed periods matter.
fn first_day() -> Date {
    date(2026, 3, 23)
}

fn start() -> Timestamp {
    let morning = first_day().at(8, 0, 0, 0).to_zoned(TimeZone::UTC);
    morning.map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
}

/// Runs one seed from its beginning to its end.
#[must_use]
pub fn run(seed: u64) -> Outcome {
    run_on(seed, Books::default())
}

/// Runs one seed with books of the given system.
#[must_use]
pub fn run_on(seed: u64, books: Books) -> Outcome {
    run_chosen(seed, books, &None).0
}

/// Only what is kept happens; also gives everything that the seed decided, in its order.
#[must_use]
pub fn run_chosen(seed: u64, books: Books, kept: &Kept) -> (Outcome, Vec<Choice>) {
    match Simulation::new(seed, books, kept) {
        Ok(mut simulation) => simulation.tell_all(),
        Err(error) => {
            let outcome = Outcome {
                seed,
                story: String::new(),
                violations: vec![format!("the story can not begin: {error}")],
                faults: BTreeMap::new(),
                looks: 0,
            };
            (outcome, Vec::new())
        }
    }
}

pub(super) struct Simulation {
    pub(super) seed: u64,
    kept: Kept,
    choices: Vec<Choice>,
    pub(super) profile: WireProfile,
    pub(super) site: Site,
    intake: Option<Intake>,
    /// Where people say things: a process of its own, which no fault strikes.
    pub(super) console: Arc<Engine>,
    pub(super) workers: Vec<Worker>,
    started: u32,
    pub(super) random: Random,
    pub(super) hands: Hands,
    pub(super) owed: once::Owed,
    wants: may::Wants,
    /// Writes after which the owed amounts were noted.
    noted: u64,
    pub(super) looks: u64,
}

impl Simulation {
    fn new(seed: u64, books: Books, kept: &Kept) -> Result<Simulation, String> {
        let mut random = Random::new(seed);
        let further = Further::of(seed, books);
        let systems = systems::cast(books, &mut random, further);
        let accounts = systems.iter().find_map(|system| system.accounts());
        let mut profile = WireProfile::of(&mut random, first_day(), accounts);
        profile.widen(further, seed);
        let lead = if further.predecessor { predecessor::DAYS } else { 0 };
        let begin = start() - SignedDuration::from_hours(24 * lead);
        let clock = Arc::new(VirtualClock::starting_at(begin));
        let faults = Faults::new(random.fork(), profile.base.rates.clone()).keeping(kept.clone());
        let world = Arc::new(World::new(Arc::clone(&clock), Arc::new(Mutex::new(faults))));
        let time = Arc::new(Time::new(clock));
        let outside = Arc::new(Outside::new(Arc::clone(&time), systems));
        for system in outside.systems() {
            system.furnish(&outside, &profile.customers)?;
        }
        let mut hands = Hands::default();
        if further.predecessor {
            let random = chance_at(seed, Dice::Focus, [3, 0, 0]);
            predecessor::meet(&outside, &world, &profile.customers, random, &mut hands);
        }
        let store = setup::store().map_err(|error| error.to_string())?;
        let mut site = Site {
            world,
            outside,
            store: Arc::clone(&store),
            bursts: Arc::new(Bursts::new(seed >= CALM_FROM)),
            connected: engine::World::default(),
            rows: profile.rows,
            concurrency: profile.concurrency,
        };
        let intake = setup::connect(&mut site, &profile, start())?;
        let clock: Arc<dyn Clock> = Arc::new(WorkerClock::new(time, Arc::default()));
        let console = Engine::new(Arc::clone(&store), Arc::clone(&clock), Settings::new("console"));
        let direct = |_: &ConnectionId| -> Arc<dyn Transport> {
            Arc::new(Direct { outside: Arc::clone(&site.outside) })
        };
        console.set_world(site.seen(direct, &clock).map_err(|error| error.to_string())?);
        for link in site.connected.links.values() {
            site.world.state().watched.rules.ruled(&link.id, &link.policy, begin);
        }
        let mut simulation = Simulation {
            seed,
            kept: kept.clone(),
            choices: Vec::new(),
            profile,
            site,
            intake,
            console: Arc::new(console),
            workers: Vec::new(),
            started: 0,
            random,
            hands,
            owed: once::Owed::default(),
            wants: may::Wants::default(),
            noted: 0,
            looks: 0,
        };
        for nth in 0..u32::try_from(simulation.profile.base.invoices).unwrap_or(1) {
            simulation.move_by_dice(0, nth, Some(Family::Invoices));
        }
        simulation.start_worker();
        Ok(simulation)
    }

    pub(super) fn start_worker(&mut self) {
        self.started += 1;
        match Worker::start(format!("worker-{}", self.started), &self.site) {
            Ok(worker) => self.workers.push(worker),
            Err(error) => self.broken(format!("a worker can not start: {error}")),
        }
    }

    pub(super) fn tell(&self, line: &str) {
        self.site.world.tell(line);
    }

    pub(super) fn broken(&self, what: String) {
        self.site.world.broken(what);
    }

    pub(super) fn is_broken(&self) -> bool {
        !self.site.world.state().violations.is_empty()
    }

    pub(super) fn now(&self) -> Timestamp {
        self.site.outside.time.now()
    }

    pub(super) fn strikes(&self, fault: Fault) -> bool {
        self.site.world.faults().strikes(fault)
    }

    /// A fault that strikes a system that can not have it counts for nothing.
    fn strikes_where(&self, fault: Fault, able: bool) -> bool {
        let strikes = self.strikes(fault);
        if strikes && !able {
            self.site.world.faults().missed(fault);
        }
        strikes
    }

    fn tell_all(&mut self) -> (Outcome, Vec<Choice>) {
        let seed = self.seed;
        let policy = &self.profile.base.policy;
        self.tell(&format!(
            "seed {seed}: {:?}; post on {:?}, reversals {:?}, deposits {:?}, {:?}, {:?}, {:?}, \
             {:?}, mandates {:?}, pages of {:?}, {} at a time",
            self.profile.base.families,
            policy.post_on,
            policy.reversals,
            policy.deposits,
            policy.collect,
            policy.amount_changed,
            policy.closed_period,
            policy.after_chargeback,
            policy.mandate_request,
            self.profile.rows,
            self.profile.concurrency,
        ));
        self.live_calmly();
        for step in 1..=self.profile.base.steps {
            if self.is_broken() {
                break;
            }
            self.site.world.faults().begin_step(step);
            self.step(step);
            self.may_rest(step);
        }
        if !self.is_broken() {
            self.end();
        }
        telling::tell_cases(&self.site);
        if self.is_broken() {
            telling::tell_open_commands(&self.site);
            telling::tell_truth(&self.site);
        }
        let violations = self.site.world.state().violations.clone();
        let faults = self.site.world.faults().counts().clone();
        let story = self.site.world.story.text();
        let mut choices = std::mem::take(&mut self.choices);
        choices.extend(self.site.world.faults().struck());
        (Outcome { seed, story, violations, faults, looks: self.looks }, choices)
    }

    /// Payments are paid out, and booked, before anything goes wrong.
    fn live_calmly(&mut self) {
        if self.profile.calm_days == 0 {
            return;
        }
        self.site.world.faults().switch(false);
        for _ in 0..self.profile.calm_days {
            self.calm_day();
            self.check_step();
            if self.is_broken() {
                return;
            }
        }
        self.site.world.faults().switch(true);
        self.tell("from now on things go wrong");
    }

    /// Now and then everything comes to rest in the middle of a story.
    fn may_rest(&mut self, step: u32) {
        let last = step == self.profile.base.steps;
        let rests = chance_at(self.seed, Dice::Step, [step, 2, 0]).chance(self.profile.base.calm);
        if rests && !last && !self.is_broken() && self.makes(Choice::Calm { step }) {
            self.rest_for_days();
        }
    }

    /// Whether this choice is made; noted when it is.
    pub(super) fn makes(&mut self, choice: Choice) -> bool {
        let makes = self.kept.as_ref().is_none_or(|kept| kept.contains(&choice));
        if makes {
            self.choices.push(choice);
        }
        makes
    }

    /// Chance of a step has nothing to do with the steps before.
    fn step(&mut self, step: u32) {
        self.random = chance_at(self.seed, Dice::Step, [step, 0, 0]);
        let moves = u32::try_from(self.random.below(2)).unwrap_or(0);
        for nth in 0..=moves {
            self.move_by_dice(step, nth, None);
        }
        if !self.makes(Choice::Step { step }) {
            return self.check_step();
        }
        self.weather();
        let kinds = match (self.profile.calm_days > 0, self.profile.days) {
            (true, _) => 19,
            (false, true) => 14,
            (false, false) => 10,
        };
        let kind = self.random.below(kinds);
        let by = match kind {
            // Around deadlines and cut-offs, around leases and watches, and around days.
            0 | 1 => SignedDuration::from_secs(self.random.between(5, 120)),
            2..=4 => SignedDuration::from_mins(self.random.between(2, 25)),
            5..=8 => SignedDuration::from_hours(self.random.between(1, 9)),
            _ => SignedDuration::from_hours(24),
        };
        self.pass(by);
        self.turns();
        self.check_step();
    }

    /// Whoever is stopped goes on in time: a request that waits within it would come days later.
    fn pass(&mut self, by: SignedDuration) {
        let end = self.now() + by;
        let wakes = |simulation: &Simulation| {
            let sleepers = simulation.workers.iter().filter_map(|worker| worker.sleeps_until);
            sleepers.min().filter(|until| *until < end)
        };
        while let Some(until) = wakes(self).filter(|_| !self.is_broken()) {
            self.site.outside.move_to(until.max(self.now()));
            self.turns();
        }
        self.site.outside.move_to(end.max(self.now()));
    }

    /// Switches of the systems and clocks that last for a step.
    fn weather(&mut self) {
        let outside = Arc::clone(&self.site.outside);
        for system in outside.systems() {
            let lag = if self.strikes_where(Fault::StaleRead, system.lags()) {
                self.random.between(1, system.lag_minutes_max())
            } else {
                0
            };
            let delayed = self.strikes_where(Fault::EventLate, system.has_events());
            let late = if delayed { self.random.between(10, 500) } else { 2 };
            let set = system.lag(&outside, lag);
            let late = u32::try_from(late).unwrap_or(2);
            if let Err(refused) = set.and_then(|()| system.delay_events(&outside, late)) {
                self.broken(format!("the simulation itself: {refused}"));
            }
        }
        for nth in 0..self.workers.len() {
            let off = if self.strikes(Fault::ClockJump) {
                let off = self.random.between(JUMP_MINUTES.0 * 60, JUMP_MINUTES.1 * 60);
                if self.seed >= CALM_FROM && self.random.chance(5_000) { -off } else { off }
            } else if self.strikes(Fault::ClockSkew) {
                self.random.between(-SKEW_SECONDS, SKEW_SECONDS)
            } else {
                0
            };
            self.workers[nth].ahead.store(off, Ordering::Relaxed);
        }
    }

    pub(super) fn truth(&self) -> Option<Truth> {
        match self.site.outside.truth() {
            Ok(mut truth) => {
                self.hands.answers.tell(&mut truth);
                Some(truth)
            }
            Err(what) => {
                self.broken(what);
                None
            }
        }
    }

    pub(super) fn deliver(&mut self) {
        if let Some(intake) = &mut self.intake {
            intake.turn(&self.site.outside, &self.site.world, &mut self.random);
        }
    }

    /// An invoice may owe again for a moment within a step: after each write what is owed is noted.
    pub(super) fn note_owed(&mut self) {
        let writes = self.site.outside.writes();
        if writes == self.noted {
            return;
        }
        self.noted = writes;
        if let Some(truth) = self.truth() {
            self.note(&truth);
        }
    }

    /// What is owed and wanted now.
    pub(super) fn note(&mut self, truth: &Truth) {
        let now = self.now();
        self.owed.note(truth, now);
        self.wants.note(truth, now);
    }

    pub(super) fn check_step(&mut self) {
        let Some(truth) = self.truth() else { return };
        self.note(&truth);
        for line in books::always(&truth) {
            self.broken(line);
        }
        let once = once::check(&truth, &self.hands, &self.owed).into_iter();
        let same_emails = !self.profile.base.families.contains(&Family::Customers);
        let customers = &self.profile.customers;
        let asked = asked::check(&truth, customers, same_emails);
        let customers = same_emails.then_some(customers.as_slice());
        let wanted = {
            let state = self.site.world.state();
            may::asked(&truth, &mut self.wants, &state.watched, &self.hands, customers)
        };
        for line in once.chain(handed_over::check(&truth)).chain(asked).chain(wanted) {
            self.broken(line);
        }
    }
}
