//! One seed at the wire depth: systems outside, workers on one store, moves, waits and webhooks, and
//! the promises after every step.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use engine::{Engine, EngineError, Settings};
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use model::policy::Policy;
use ports::Clock;
use store::StoreError;
use store::rows::CaseFilter;

use super::assertions::{asked, books, ending, once, secrecy};
use super::bursts::Bursts;
use super::handed_over;
use super::intake::Intake;
use super::links;
use super::outside::Outside;
use super::profile::WireProfile;
use super::setup;
use super::systems::{self, Hands, Stage};
use super::telling;
use super::time::{Time, WorkerClock};
use super::truth::Truth;
use super::worker::{Site, Worker};
use crate::at_once::at_once;
use crate::clock::VirtualClock;
use crate::faults::{Fault, Faults};
use crate::moves::{Family, orders};
use crate::random::Random;
use crate::simulation::Outcome;
use crate::worker::{Done, Ended};
use crate::world::World;
use crate::wrap::store::CONNECTION_LOST;

/// Workers that run at the same time, at most.
const WORKERS_MAX: usize = 2;

/// Days without faults after which everything must be at rest, and before which nobody looks.
const DAYS_MAX: u32 = 60;
const DAYS_MIN: u32 = 3;

/// Days after which money comes in for what is owed, and comes again.
const MONEY_DAYS: u32 = 8;

/// Moments at which workers go on in one step, at most: more is waiting for ever.
const MOMENTS_MAX: u32 = 200_000;

/// Looks per case on a day on which nothing happens: the daily sweep, and whom that wakes.
const QUIET_LOOKS_PER_CASE: u64 = 4;
const QUIET_LOOKS: u64 = 20;

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
    match Simulation::new(seed) {
        Ok(mut simulation) => simulation.tell_all(seed),
        Err(error) => Outcome {
            seed,
            story: String::new(),
            violations: vec![format!("the story can not begin: {error}")],
            faults: BTreeMap::new(),
            looks: 0,
        },
    }
}

struct Simulation {
    profile: WireProfile,
    site: Site,
    intake: Option<Intake>,
    /// Where people say things: a process of its own, which no fault strikes.
    console: Arc<Engine>,
    workers: Vec<Worker>,
    started: u32,
    random: Random,
    hands: Hands,
    owed: once::Owed,
    /// Writes after which the owed amounts were noted.
    noted: u64,
    looks: u64,
}

impl Simulation {
    fn new(seed: u64) -> Result<Simulation, String> {
        let mut random = Random::new(seed);
        let systems = systems::cast(&mut random);
        let accounts = systems.iter().find_map(|system| system.accounts());
        let profile = WireProfile::of(&mut random, first_day(), accounts);
        let clock = Arc::new(VirtualClock::starting_at(start()));
        let faults = Faults::new(random.fork(), profile.base.rates.clone());
        let world = Arc::new(World::new(Arc::clone(&clock), Arc::new(Mutex::new(faults))));
        let time = Arc::new(Time::new(clock));
        let outside = Arc::new(Outside::new(Arc::clone(&time), systems));
        for system in outside.systems() {
            system.furnish(&outside, &profile.customers)?;
        }
        let store = setup::store().map_err(|error| error.to_string())?;
        let mut site = Site {
            world,
            outside,
            store: Arc::clone(&store),
            bursts: Arc::new(Bursts::default()),
            connected: engine::World::default(),
            rows: profile.rows,
            concurrency: profile.concurrency,
        };
        let intake = setup::connect(&mut site, &profile, start())?;
        let clock: Arc<dyn Clock> = Arc::new(WorkerClock::new(time, Arc::default()));
        let console = Engine::new(Arc::clone(&store), clock, Settings::new("console"));
        let mut simulation = Simulation {
            profile,
            site,
            intake,
            console: Arc::new(console),
            workers: Vec::new(),
            started: 0,
            random,
            hands: Hands::default(),
            owed: once::Owed::default(),
            noted: 0,
            looks: 0,
        };
        for _ in 0..simulation.profile.base.invoices {
            simulation.make_move(Family::Invoices);
        }
        simulation.start_worker();
        Ok(simulation)
    }

    fn start_worker(&mut self) {
        self.started += 1;
        match Worker::start(format!("worker-{}", self.started), &self.site) {
            Ok(worker) => self.workers.push(worker),
            Err(error) => self.broken(format!("a worker can not start: {error}")),
        }
    }

    fn tell(&self, line: &str) {
        self.site.world.tell(line);
    }

    fn broken(&self, what: String) {
        self.site.world.broken(what);
    }

    fn is_broken(&self) -> bool {
        !self.site.world.state().violations.is_empty()
    }

    fn now(&self) -> Timestamp {
        self.site.outside.time.now()
    }

    fn strikes(&self, fault: Fault) -> bool {
        self.site.world.faults().strikes(fault)
    }

    fn tell_all(&mut self, seed: u64) -> Outcome {
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
        for step in 0..self.profile.base.steps {
            if self.is_broken() {
                break;
            }
            self.site.world.faults().begin_step(step);
            self.step();
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
        Outcome { seed, story, violations, faults, looks: self.looks }
    }

    fn step(&mut self) {
        for _ in 0..=self.random.below(2) {
            let Some(family) = self.random.pick(&self.profile.base.families).copied() else {
                break;
            };
            self.make_move(family);
        }
        self.weather();
        let by = match self.random.below(10) {
            // Around deadlines and cut-offs, around leases and watches, and around days.
            0 | 1 => SignedDuration::from_secs(self.random.between(5, 120)),
            2..=4 => SignedDuration::from_mins(self.random.between(2, 25)),
            5..=8 => SignedDuration::from_hours(self.random.between(1, 9)),
            _ => SignedDuration::from_hours(24),
        };
        self.site.outside.pass(by);
        self.turns();
        self.check_step();
    }

    /// Switches of the systems and clocks that last for a step.
    fn weather(&mut self) {
        let outside = Arc::clone(&self.site.outside);
        for system in outside.systems() {
            let lag = if self.strikes(Fault::StaleRead) {
                self.random.between(1, system.lag_minutes_max())
            } else {
                0
            };
            let late =
                if self.strikes(Fault::EventLate) { self.random.between(10, 500) } else { 2 };
            let set = system.lag(&outside, lag);
            let late = u32::try_from(late).unwrap_or(2);
            if let Err(refused) = set.and_then(|()| system.delay_events(&outside, late)) {
                self.broken(format!("the simulation itself: {refused}"));
            }
        }
        for nth in 0..self.workers.len() {
            let off = if self.strikes(Fault::ClockJump) {
                self.random.between(JUMP_MINUTES.0 * 60, JUMP_MINUTES.1 * 60)
            } else if self.strikes(Fault::ClockSkew) {
                self.random.between(-SKEW_SECONDS, SKEW_SECONDS)
            } else {
                0
            };
            self.workers[nth].ahead.store(off, Ordering::Relaxed);
        }
    }

    fn make_move(&mut self, family: Family) {
        match family {
            Family::SecondWorker => self.join_or_leave(),
            Family::Policies => self.edit_link(),
            Family::Orders => {
                let (console, store) = (Arc::clone(&self.console), Arc::clone(&self.site.store));
                let said = at_once(orders::make(&console, store.as_ref(), &mut self.random));
                said.iter().for_each(|line| self.tell(line));
                // Chosen beside the others, which go on as they would have.
                let handed = handed_over::make(store.as_ref(), self.random.clone(), self.now());
                at_once(handed).iter().for_each(|line| self.tell(line));
            }
            family => self.move_outside(family),
        }
    }

    fn join_or_leave(&mut self) {
        if self.workers.len() < WORKERS_MAX {
            self.start_worker();
            return self.tell("a second worker joins");
        }
        // Only between two turns: whoever leaves in order ends its turn first.
        let left = self.workers.pop_if(|worker| !worker.is_in_turn());
        left.iter().for_each(|worker| self.tell(&format!("{} leaves", worker.name)));
    }

    fn edit_link(&mut self) {
        let crew = links::Crew {
            workers: &self.workers,
            console: &self.console,
            now: self.site.outside.time.now(),
        };
        // Chosen beside the others, which go on as they would have.
        let mut random = self.random.clone();
        let done = links::make(&mut self.site, &crew, &mut random);
        self.profile.base.policy = self.policy();
        match done {
            Ok(line) => line.iter().for_each(|line| self.tell(line)),
            Err(refused) => self.broken(format!("the simulation itself: {refused}")),
        }
    }

    /// As people left it.
    fn policy(&self) -> Policy {
        let link = self.site.connected.links.values().next();
        link.map_or_else(Policy::default, |link| link.policy.clone())
    }

    fn move_outside(&mut self, family: Family) {
        let Some(truth) = self.truth() else { return };
        let outside = Arc::clone(&self.site.outside);
        let mut stage = Stage {
            outside: &outside,
            truth: &truth,
            customers: &self.profile.customers,
            hands: &mut self.hands,
            random: &mut self.random,
            today: outside.time.now().to_zoned(TimeZone::UTC).date(),
        };
        let done = outside.systems().iter().find_map(|system| system.make(family, &mut stage));
        let Some(line) = done else { return };
        self.tell(&line);
        if let Some(truth) = self.truth() {
            self.owed.note(&truth, self.now());
        }
    }

    fn truth(&self) -> Option<Truth> {
        match self.site.outside.truth() {
            Ok(truth) => Some(truth),
            Err(what) => {
                self.broken(what);
                None
            }
        }
    }

    fn deliver(&mut self) {
        if let Some(intake) = &mut self.intake {
            intake.turn(&self.site.outside, &self.site.world, &mut self.random);
        }
    }

    /// Everybody who is awake has a turn; time passes while all of them wait.
    fn turns(&mut self) {
        self.deliver();
        let now = self.now();
        for worker in &mut self.workers {
            worker.may_wake(now);
            if worker.sleeps_until.is_none() {
                worker.begin();
            }
        }
        for _ in 0..MOMENTS_MAX {
            if self.is_broken() || !self.workers.iter().any(Worker::works) {
                return;
            }
            let able: Vec<usize> =
                (0..self.workers.len()).filter(|nth| self.workers[*nth].can_go_on()).collect();
            match self.random.pick(&able).copied() {
                Some(nth) => self.go_on(nth),
                None => self.let_time_pass(),
            }
        }
        self.broken("the workers wait without end".to_owned());
    }

    fn let_time_pass(&mut self) {
        let Some(next) = self.site.outside.time.next() else {
            return self.broken("a worker waits for nothing".to_owned());
        };
        self.note_owed();
        if self.strikes(Fault::MovedBetween)
            && let Some(family) = self.random.pick(&self.profile.base.families).copied()
            && !matches!(family, Family::SecondWorker)
        {
            self.make_move(family);
        }
        self.site.outside.move_to(next);
        self.deliver();
    }

    /// An invoice may owe again for a moment within a step: after each write what is owed is noted.
    fn note_owed(&mut self) {
        let writes = self.site.outside.writes();
        if writes == self.noted {
            return;
        }
        self.noted = writes;
        if let Some(truth) = self.truth() {
            self.owed.note(&truth, self.now());
        }
    }

    fn go_on(&mut self, nth: usize) {
        let Some(ended) = self.workers[nth].go_on() else { return };
        let name = self.workers[nth].name.clone();
        match ended {
            Ended::Done(Done { looked, idle, .. }) => {
                self.looks += u64::from(looked);
                if !idle {
                    self.broken(format!("{name} does not come to rest"));
                }
            }
            Ended::Failed(EngineError::Store(error)) if is_weather(&error) => {
                self.tell(&format!("{name}: {error}"));
            }
            Ended::Failed(error) => self.broken(format!("{name} fails: {error}")),
            Ended::Asleep => {
                let minutes = self.random.between(1, 20);
                let until = self.now() + SignedDuration::from_mins(minutes);
                self.workers[nth].sleeps_until = Some(until);
                self.tell(&format!("{name} is stopped for {minutes} minutes"));
            }
            Ended::Dead => {
                self.tell(&format!("{name} dies"));
                self.workers.remove(nth);
                if self.random.chance(5_000) {
                    drop(at_once(self.site.store.expire_worker(&name)));
                }
                self.start_worker();
            }
            Ended::Stuck => self.broken(format!("{name} waits for nothing")),
        }
    }

    fn check_step(&mut self) {
        let Some(truth) = self.truth() else { return };
        self.owed.note(&truth, self.now());
        for line in books::always(&truth) {
            self.broken(line);
        }
        let once = once::check(&truth, &self.hands, &self.owed).into_iter();
        let same_emails = !self.profile.base.families.contains(&Family::Customers);
        let asked = asked::check(&truth, &self.profile.customers, same_emails);
        for line in once.chain(handed_over::check(&truth)).chain(asked) {
            self.broken(line);
        }
    }

    /// Faults stop, periods open, clocks are set right: within days everything is at rest.
    fn end(&mut self) {
        self.tell("no more faults");
        self.site.world.faults().switch(false);
        self.site.bursts.end();
        let outside = Arc::clone(&self.site.outside);
        for system in outside.systems() {
            let settled = system.settle(&outside, self.now());
            let settled = settled.and_then(|()| system.delay_events(&outside, 2));
            if let Err(refused) = settled {
                return self.broken(format!("the simulation itself: {refused}"));
            }
        }
        let crew = links::Crew { workers: &self.workers, console: &self.console, now: self.now() };
        if let Err(refused) = links::switch_on(&mut self.site, &crew) {
            return self.broken(format!("the simulation itself: {refused}"));
        }
        self.profile.base.policy = self.policy();
        let (mut wrong, mut under_way) = (Vec::new(), Vec::new());
        for day in 0..DAYS_MAX {
            self.calm_day();
            self.check_step();
            if self.is_broken() {
                return;
            }
            let Some(truth) = self.truth() else { return };
            if day >= MONEY_DAYS && day % MONEY_DAYS == 0 && !truth.owed.is_empty() {
                self.bring_money();
                continue;
            }
            if day < DAYS_MIN || !(truth.under_way.is_empty() && truth.owed.is_empty()) {
                under_way = [truth.under_way, truth.owed].concat();
                continue;
            }
            let base = &self.profile.base;
            let store = self.site.store.as_ref();
            let check = ending::check(&truth, &self.hands, store, &base.policy, &base.families);
            wrong = at_once(check);
            if wrong.is_empty() {
                return self.rest_a_day();
            }
        }
        if wrong.is_empty() {
            wrong.push(format!("the banks do not come to an end: {}", under_way.join(", ")));
        }
        for line in wrong {
            self.broken(line);
        }
    }

    /// What is owed at the processor would stay so for ever in a story that brings no more money.
    fn bring_money(&mut self) {
        let outside = Arc::clone(&self.site.outside);
        for system in outside.systems() {
            match system.bring_money(&outside) {
                Ok(line) => line.iter().for_each(|line| self.tell(line)),
                Err(refused) => self.broken(format!("the simulation itself: {refused}")),
            }
        }
        let families = &mut self.profile.base.families;
        if !families.contains(&Family::Foreign) {
            families.push(Family::Foreign);
        }
    }

    /// A day of four rounds without any fault.
    fn calm_day(&mut self) {
        for worker in &self.workers {
            worker.ahead.store(0, Ordering::Relaxed);
        }
        for hours in [1, 1, 10, 12] {
            self.site.outside.pass(SignedDuration::from_hours(hours));
            self.turns();
        }
    }

    /// A day on which nothing happens costs about a look per case; nothing of it was a secret.
    fn rest_a_day(&mut self) {
        let all = CaseFilter { limit: 10_000, ..CaseFilter::default() };
        let cases = at_once(self.site.store.cases(&all)).map_or(0, |cases| cases.len() as u64);
        let before = self.looks;
        self.calm_day();
        let looks = self.looks - before;
        if looks > QUIET_LOOKS_PER_CASE * cases + QUIET_LOOKS {
            self.broken(format!("{looks} looks at {cases} cases on a quiet day"));
        }
        let secrets = self.site.outside.systems().iter().flat_map(|system| system.secrets());
        let secrets = secrets.map(|(_, secret)| secret).chain(handed_over::secrets());
        let secrets: Vec<_> = secrets.collect();
        for line in at_once(secrecy::check(self.site.store.as_ref(), &secrets)) {
            self.broken(line);
        }
    }
}

fn is_weather(error: &StoreError) -> bool {
    match error {
        StoreError::Busy | StoreError::Full => true,
        StoreError::Broken(words) => words == CONNECTION_LOST,
        StoreError::Refused(_) => false,
    }
}
