//! One seed: a world, workers on one store, moves and turns, and the promises after every step.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use crate::at_once::at_once;
use engine::{Engine, EngineError, Settings};
use jiff::civil::{Date, date};
use jiff::{SignedDuration, Timestamp};
use model::case::Actor;
use model::ids::{AccountId, ConnectionId, LinkId};
use model::ledger::{Period, PeriodBook};
use ports::Clock;
use store::rows::{CaseFilter, Connection, Link, Side};
use store::sqlite::Place;
use store::{MasterKeySource, SqliteStore, Store, StoreError, Vault};
use zeroize::Zeroizing;

use crate::assertions::{books, ending};
use crate::clock::VirtualClock;
use crate::faults::{Fault, Faults};
use crate::moves::{self, Family, bank, invoices, orders};
use crate::profile::Profile;
use crate::random::Random;
use crate::worker::{Ended, Worker};
use crate::world::World;

/// Workers that run at the same time, at most.
const WORKERS_MAX: usize = 2;

/// Days without faults after which everything must be at rest.
const DAYS_MAX: u32 = 40;

/// Days that pass at least before the end is looked for.
const DAYS_MIN: u32 = 4;

/// Looks per case on a day on which nothing happens: the daily sweep, and whom that wakes.
const QUIET_LOOKS_PER_CASE: u64 = 3;
const QUIET_LOOKS: u64 = 10;

/// Writes in ten thousand that take effect late, where a fake is mistaken on purpose.
const DEFECT_LATE_RATE: u32 = 4_000;

/// A deliberate mistake of a fake, to prove that the promises can be seen broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Defect {
    /// The processor makes a second payment for a repeated key.
    KeysIgnored,
    /// The ERP makes a second document for a repeated external id.
    StampsIgnored,
    /// The ERP's direct reads of invoices show what they owed when they were written.
    DuesFrozen,
    /// The ERP posts a penny too much on the bank account and tells nobody.
    BankOff,
    /// The processor's port sends every payment once more under a key of its own.
    PortRepeats,
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
    profile: Profile,
    world: Arc<World>,
    store: Arc<dyn Store>,
    connected: engine::World,
    defect: Option<Defect>,
    /// Where people say things: a process of its own, which no fault strikes.
    console: Arc<Engine>,
    workers: Vec<Worker>,
    started: u32,
    random: Random,
    looks: u64,
}

/// The first day of every story: the month ends in it, so that closed periods matter.
fn first_day() -> Date {
    date(2026, 3, 27)
}

fn start() -> Timestamp {
    let morning = first_day().at(8, 0, 0, 0).to_zoned(jiff::tz::TimeZone::UTC);
    morning.map_or(Timestamp::UNIX_EPOCH, |zoned| zoned.timestamp())
}

/// Runs one seed from its beginning to its end.
#[must_use]
pub fn run(seed: u64) -> Outcome {
    run_with(seed, None)
}

#[must_use]
pub fn run_with(seed: u64, defect: Option<Defect>) -> Outcome {
    match Simulation::new(seed, defect) {
        Ok(mut simulation) => simulation.tell_all(seed),
        Err(error) => Outcome {
            seed,
            story: String::new(),
            violations: vec![format!("the store can not be made: {error}")],
            faults: BTreeMap::new(),
            looks: 0,
        },
    }
}

impl Simulation {
    fn new(seed: u64, defect: Option<Defect>) -> Result<Simulation, StoreError> {
        let mut random = Random::new(seed);
        let mut profile = Profile::of(&mut random, first_day());
        if defect.is_some() {
            // Mistakes about repeats show where writes are repeated.
            profile.rates.insert(Fault::EffectLate, DEFECT_LATE_RATE);
        }
        let clock = Arc::new(VirtualClock::starting_at(start()));
        let faults = Faults::new(random.fork(), profile.rates.clone());
        let world = Arc::new(World::new(clock, Arc::new(Mutex::new(faults))));
        world.state().break_fakes(defect);
        let key = MasterKeySource::Bytes(Zeroizing::new([7; 32]));
        let store = SqliteStore::in_line(&Place::Memory, Vault::open(&key)?)?;
        let store: Arc<dyn Store> = Arc::new(store);
        let connected = at_once(connect(&store, &profile))?;
        let clock: Arc<dyn Clock> = Arc::clone(&world.clock) as _;
        let console = Engine::new(Arc::clone(&store), clock, Settings::new("console"));
        let mut simulation = Simulation {
            profile,
            world,
            store,
            connected,
            defect,
            console: Arc::new(console),
            workers: Vec::new(),
            started: 0,
            random,
            looks: 0,
        };
        simulation.people_the_world();
        simulation.start_worker();
        Ok(simulation)
    }

    fn people_the_world(&mut self) {
        let now = self.world.now();
        {
            let mut state = self.world.state();
            state.books.periods = PeriodBook { periods: periods() };
            for nth in 1..=self.profile.customers {
                let customer = state.books.add_customer(nth);
                let payer = state.processor.add_customer(&customer);
                let mandate = state.processor.add_mandate(&payer, now);
                if self.random.chance(7_000) {
                    state.processor.activate_mandate(&mandate, now);
                }
            }
        }
        for _ in 0..self.profile.invoices {
            if let Some(line) = invoices::new_invoice(&self.world, &mut self.random) {
                self.world.tell(&line);
            }
        }
        self.world.announce();
    }

    fn start_worker(&mut self) {
        self.started += 1;
        let name = format!("worker-{}", self.started);
        let worker = Worker::start(name, &self.world, &self.store, &self.connected, self.defect);
        self.workers.push(worker);
    }

    fn tell_all(&mut self, seed: u64) -> Outcome {
        let policy = &self.profile.policy;
        self.world.tell(&format!(
            "seed {seed}: {:?}; post on {:?}, reversals {:?}, {:?}, {:?}, {:?}, {:?}, {:?}",
            self.profile.families,
            policy.post_on,
            policy.reversals,
            policy.collect,
            policy.amount_changed,
            policy.closed_period,
            policy.after_chargeback,
            policy.foreign_payments,
        ));
        for _ in 0..self.profile.steps {
            if self.is_broken() {
                break;
            }
            self.step();
        }
        if !self.is_broken() {
            self.end();
        }
        self.tell_cases();
        let violations = self.world.state().violations.clone();
        let faults = self.world.faults().counts().clone();
        Outcome { seed, story: self.world.story.text(), violations, faults, looks: self.looks }
    }

    /// Where every case stands, for whoever reads the story.
    fn tell_cases(&self) {
        let all = CaseFilter { limit: 10_000, ..CaseFilter::default() };
        for case in at_once(self.store.cases(&all)).unwrap_or_default() {
            let reason = case.reason.map_or_else(String::new, |reason| reason.sentence());
            self.world.tell(&format!("{}: {:?}, {reason}", case.key, case.stage));
        }
    }

    fn is_broken(&self) -> bool {
        !self.world.state().violations.is_empty()
    }

    fn step(&mut self) {
        self.world.remember();
        for _ in 0..=self.random.below(3) {
            let Some(family) = self.random.pick(&self.profile.families).copied() else { break };
            self.make_move(family);
        }
        self.pass_time();
        self.deliver();
        self.turns();
        self.check_step();
    }

    fn make_move(&mut self, family: Family) {
        match family {
            Family::SecondWorker => {
                if self.workers.len() < WORKERS_MAX {
                    self.start_worker();
                    self.world.tell("a second worker joins");
                }
            }
            Family::Orders => {
                let (console, store) = (Arc::clone(&self.console), Arc::clone(&self.store));
                let said = at_once(orders::make(&console, store.as_ref(), &mut self.random));
                said.iter().for_each(|line| self.world.tell(line));
            }
            Family::Bank
            | Family::Reversals
            | Family::Invoices
            | Family::Mandates
            | Family::Refunds
            | Family::Foreign
            | Family::Editing
            | Family::Periods => {
                if let Some(line) = moves::make(family, &self.world, &mut self.random) {
                    self.world.tell(&line);
                }
            }
        }
    }

    fn pass_time(&mut self) {
        let by = match self.random.below(10) {
            // Around deadlines and cut-offs, around leases and watches, and around days.
            0..=2 => SignedDuration::from_secs(self.random.between(5, 120)),
            3..=5 => SignedDuration::from_mins(self.random.between(2, 25)),
            6..=8 => SignedDuration::from_hours(self.random.between(1, 9)),
            _ => SignedDuration::from_hours(24),
        };
        self.world.pass(by);
        if self.world.faults().strikes(Fault::ClockJump) {
            self.world.clock.jump(SignedDuration::from_hours(self.random.between(1, 30)));
            self.world.tell("the business clock jumps");
        }
        let now = self.world.now();
        for id in self.world.state().processor.retry_by_itself(now) {
            self.world.tell(&format!("the processor retries {id} by itself"));
        }
        self.world.announce();
    }

    /// Webhooks arrive: committed before they are answered, by whoever listens.
    fn deliver(&mut self) {
        let mut events = std::mem::take(&mut self.world.state().webhooks);
        if events.is_empty() {
            return;
        }
        if self.world.faults().strikes(Fault::WebhookReordered) {
            self.random.shuffle(&mut events);
        }
        let mut records: Vec<serde_json::Value> =
            events.iter().filter_map(|event| serde_json::to_value(event).ok()).collect();
        if self.world.faults().strikes(Fault::WebhookOdd) {
            records.push(serde_json::json!({ "id": "EV?", "surprise": true }));
        }
        let body = serde_json::to_vec(&records).unwrap_or_default();
        let bank = ConnectionId::from("bank");
        let put = self.store.inbox_put(&bank, &body, self.world.now());
        if let Err(error) = at_once(put) {
            self.world.broken(format!("P7: a delivery could not be stored: {error}"));
        }
    }

    fn turns(&mut self) {
        // Lists may still show what was before this turn's own writes.
        self.world.remember();
        for nth in 0..self.workers.len() {
            let lease_now = self.world.clock.lease_now();
            if self.workers[nth].sleeps_until.is_none_or(|until| until <= lease_now) {
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
            Ended::Failed(EngineError::Store(error @ (StoreError::Busy | StoreError::Full))) => {
                self.world.tell(&format!("{name}: {error}"));
            }
            Ended::Failed(error) => self.world.broken(format!("{name} fails: {error}")),
            Ended::Asleep => {
                let minutes = self.random.between(1, 20);
                let until = self.world.clock.lease_now() + SignedDuration::from_mins(minutes);
                self.workers[nth].sleeps_until = Some(until);
                self.world.tell(&format!("{name} is stopped for {minutes} minutes"));
            }
            Ended::Dead => {
                self.world.tell(&format!("{name} dies"));
                self.workers.remove(nth);
                if self.random.chance(5_000) {
                    drop(at_once(self.store.expire_worker(&name)));
                }
                self.start_worker();
            }
            Ended::Stuck => self.world.broken(format!("{name} waits for nothing")),
        }
    }

    fn check_step(&self) {
        let doubled = books::doubled(&self.world.state().books);
        if let Some(doubled) = doubled {
            self.world.broken(doubled);
        }
    }

    /// Faults stop, periods open, banks settle: within days everything is at rest.
    fn end(&mut self) {
        self.world.tell("no more faults");
        self.world.faults().switch(false);
        self.world.mend();
        let today = self.world.clock.today();
        self.world.state().books.set_periods_before(today, true);
        let mut wrong = Vec::new();
        for day in 0..DAYS_MAX {
            self.world.remember();
            bank::settle_all(&self.world);
            self.deliver();
            for _ in 0..2 {
                self.world.pass(SignedDuration::from_hours(1));
                self.turns();
            }
            self.world.pass(SignedDuration::from_hours(22));
            self.turns();
            self.check_step();
            if self.is_broken() {
                return;
            }
            if day >= DAYS_MIN {
                let store = Arc::clone(&self.store);
                let check = ending::check(&self.world, store.as_ref(), &self.profile.families);
                wrong = at_once(check);
                if wrong.is_empty() {
                    self.rest_a_day();
                    return;
                }
            }
        }
        for line in wrong {
            self.world.broken(line);
        }
    }
}

impl Simulation {
    /// A day on which nothing happens costs about a look per case.
    fn rest_a_day(&mut self) {
        let cases =
            at_once(self.store.cases(&CaseFilter { limit: 10_000, ..CaseFilter::default() }));
        let cases = cases.map_or(0, |cases| cases.len() as u64);
        let before = self.looks;
        for _ in 0..8 {
            self.world.pass(SignedDuration::from_hours(3));
            self.turns();
        }
        let looks = self.looks - before;
        if looks > QUIET_LOOKS_PER_CASE * cases + QUIET_LOOKS {
            self.world.broken(format!("{looks} looks at {cases} cases on a quiet day"));
        }
    }
}

/// The year's months, all open.
fn periods() -> Vec<Period> {
    let first_days = (1..=12).map(|month| date(2026, month, 1));
    first_days
        .map(|starts_on| Period {
            name: starts_on.strftime("%b").to_string(),
            starts_on,
            ends_on: starts_on.last_of_month(),
            open: true,
        })
        .collect()
}

/// Connections and link as `init` would leave them.
async fn connect(store: &Arc<dyn Store>, profile: &Profile) -> Result<engine::World, StoreError> {
    let actor = Actor::Person("ada".to_owned());
    let at = start();
    let mut world = engine::World::default();
    for (id, side, account) in [("books", Side::Erp, "erp:1"), ("bank", Side::Processor, "pro:1")] {
        let connection = Connection {
            id: ConnectionId::from(id),
            side,
            system: "simulated".to_owned(),
            account: Some(AccountId::from(account)),
            production: Some(false),
            url: None,
            allow_host: false,
            settings: BTreeMap::new(),
            created_at: at,
        };
        store.put_connection(&connection, &[], &actor, at).await?;
        world.connections.insert(connection.id.clone(), connection);
    }
    let mut link = Link {
        id: LinkId::from("main"),
        erp: ConnectionId::from("books"),
        processor: ConnectionId::from("bank"),
        policy: profile.policy.clone(),
        version: 0,
    };
    link.version = store.put_link(&link, &actor, at).await?;
    world.links.insert(link.id.clone(), link);
    Ok(world)
}
