//! The world outside: an ERP, a processor, time, and what of them is on its way. All workers of a
//! simulation share it.

pub mod erp;
pub mod processor;
pub mod rules;
pub mod watched;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use model::command::{Write, WriteAnswer};
use model::event::Event;
use model::ids::{CollectionId, InvoiceId};
use model::invoice::Approval;
use model::key::Key;
use ports::{Clock, PortError};

use crate::assertions::{books, foreign, may, once};
use crate::clock::VirtualClock;
use crate::faults::{Fault, Faults};
use crate::mistakes::Defect;
use crate::story::Story;
use erp::Books;
use processor::Processor;
use watched::Watched;

/// Seconds until a client gives up.
pub const DEADLINE_SECONDS: i64 = 30;
/// Seconds after which a server has finished or dropped what a client gave up.
pub const CUT_OFF_SECONDS: i64 = 300;
/// Seconds by which lists and queries may lag.
pub const STALENESS_SECONDS: i64 = 300;

/// What the reads before a money command said of an invoice.
#[derive(Debug, Clone)]
pub struct ReadMark {
    pub at: Timestamp,
    pub due: i64,
    pub flagged: bool,
    pub approval: Approval,
    /// The worker knew the links as they were by then.
    pub links_read: bool,
    /// What standing receipts of each payment held on the invoice.
    pub held: BTreeMap<CollectionId, i64>,
}

/// The direct reads of one worker, by invoice.
pub type ReadMarks = BTreeMap<InvoiceId, ReadMark>;

/// A request that takes effect after its client gave up.
#[derive(Debug, Clone)]
struct LateWrite {
    at: Timestamp,
    key: Key,
    write: Write,
    mark: Option<ReadMark>,
}

/// Which side a request goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    Erp,
    Processor,
}

/// How a side refuses everything for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outage {
    Unauthorised,
    Down,
    Throttled,
}

#[derive(Debug, Default)]
pub struct State {
    pub books: Books,
    pub processor: Processor,
    /// Earlier states that lists and queries may still show.
    earlier: Vec<(Timestamp, Books, Processor)>,
    late: Vec<LateWrite>,
    /// Until when a side refuses everything, and how.
    outages: BTreeMap<Side, (Timestamp, Outage)>,
    /// Events whose place in list and webhooks was diced already.
    announced: usize,
    /// Events that wait for their delivery.
    pub webhooks: Vec<Event>,
    pub watched: Watched,
    /// A deliberate defect: direct reads show invoices as if nothing was ever paid of them.
    pub dues_frozen: bool,
    /// Broken promises, in the order in which they were broken.
    pub violations: Vec<String>,
}

impl State {
    /// Builds a deliberate mistake in.
    pub fn break_fakes(&mut self, defect: Option<Defect>) {
        let has = |one| defect == Some(one);
        self.processor.ignores_keys = has(Defect::KeysIgnored);
        self.books.ignores_stamps = has(Defect::StampsIgnored);
        self.books.bank_off_by = i64::from(has(Defect::BankOff));
        self.dues_frozen = has(Defect::DuesFrozen);
    }
}

pub struct World {
    pub clock: Arc<VirtualClock>,
    pub story: Story,
    pub faults: Arc<Mutex<Faults>>,
    /// Records of one page of a list.
    pub page: usize,
    state: Mutex<State>,
}

/// Records of one page, unless the seed says otherwise: small, so that paging happens.
const PAGE: usize = 3;

impl World {
    #[must_use]
    pub fn new(clock: Arc<VirtualClock>, faults: Arc<Mutex<Faults>>) -> World {
        World { clock, story: Story::default(), faults, page: PAGE, state: Mutex::default() }
    }

    #[must_use]
    pub fn paging(self, page: usize) -> World {
        World { page, ..self }
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub fn tell(&self, line: &str) {
        self.story.tell(self.now(), line);
    }

    /// A promise was broken.
    pub fn broken(&self, what: String) {
        self.tell(&format!("BROKEN {what}"));
        self.state().violations.push(what);
    }

    /// Time passes, and what was on its way arrives.
    pub fn pass(&self, by: SignedDuration) {
        let end = self.now() + by;
        loop {
            let next = {
                let mut state = self.state();
                let due = state.late.iter().enumerate().filter(|(_, late)| late.at <= end);
                let first = due.min_by_key(|(nth, late)| (late.at, *nth)).map(|(nth, _)| nth);
                first.map(|nth| state.late.remove(nth))
            };
            let Some(late) = next else {
                self.clock.advance(end.duration_since(self.now()));
                return;
            };
            let until = late.at.duration_since(self.now()).max(SignedDuration::ZERO);
            self.clock.advance(until);
            self.tell(&format!("late effect of {}", late.key));
            // Its new version can not be told from that of a save by a person.
            self.state().watched.people_acted();
            let _ = self.make(&late.key, &late.write, late.mark.as_ref());
        }
    }

    /// The write will have its effect later, at the latest when the server's cut-off is over.
    pub fn make_later(&self, key: &Key, write: &Write, mark: Option<ReadMark>) {
        let seconds = self.faults().between(DEADLINE_SECONDS, DEADLINE_SECONDS + CUT_OFF_SECONDS);
        let at = self.now() + SignedDuration::from_secs(seconds);
        let late = LateWrite { at, key: key.clone(), write: write.clone(), mark };
        self.state().late.push(late);
    }

    /// The write has its effect now; promises about single writes are checked here.
    pub fn make(
        &self,
        key: &Key,
        write: &Write,
        mark: Option<&ReadMark>,
    ) -> Result<WriteAnswer, PortError> {
        let now = self.now();
        let (answer, broken) = {
            let mut state = self.state();
            let state = &mut *state;
            let broken = once::before(&state.processor, &state.watched, write, mark, now)
                .or_else(|| books::crossing(&state.books, write))
                .or_else(|| foreign::before(&state.books, write))
                .or_else(|| may::before(state, key, write, mark));
            let answer = match write {
                Write::Erp(write) => state.books.write(key, write, now),
                Write::Processor(write) => state.processor.write(key, write, now),
            };
            let new = answer.as_ref().is_ok_and(|answer| !answer.adopted);
            (answer, broken.filter(|_| new))
        };
        let outcome = match &answer {
            Ok(answer) if answer.adopted => format!("adopts {}", answer.id),
            Ok(answer) => answer.id.clone(),
            Err(error) => error.to_string(),
        };
        self.tell(&format!("  {} {key}: {outcome}", write.name()));
        if let Some(broken) = broken {
            self.broken(format!("{broken}, by {key}"));
        }
        self.announce();
        answer
    }

    /// Dices when new events show in the list and how their webhooks fare.
    pub fn announce(&self) {
        let mut state = self.state();
        let mut faults = self.faults();
        let state = &mut *state;
        for row in state.processor.events.iter_mut().skip(state.announced) {
            if faults.strikes(Fault::EventLate) {
                row.visible_at += SignedDuration::from_secs(faults.between(1, STALENESS_SECONDS));
            }
            if !faults.strikes(Fault::WebhookLost) {
                state.webhooks.push(row.event.clone());
                if faults.strikes(Fault::WebhookDoubled) {
                    state.webhooks.push(row.event.clone());
                }
            }
        }
        state.announced = state.processor.events.len();
    }

    /// Keeps the state as it is now for stale reads, and forgets what is too old to be shown.
    pub fn remember(&self) {
        if !self.faults().has(Fault::StaleRead) {
            return;
        }
        let now = self.now();
        let oldest = now - SignedDuration::from_secs(STALENESS_SECONDS);
        let mut state = self.state();
        let (books, processor) = (state.books.clone(), state.processor.clone());
        state.earlier.retain(|(at, _, _)| *at >= oldest);
        state.earlier.push((now, books, processor));
    }

    /// What a list or query shows: the state, or an earlier one when the fault strikes.
    pub fn listed<T>(&self, show: impl FnOnce(&Books, &Processor) -> T) -> T {
        let oldest = self.now() - SignedDuration::from_secs(STALENESS_SECONDS);
        let state = self.state();
        let fresh: Vec<_> = state.earlier.iter().filter(|(at, _, _)| *at >= oldest).collect();
        let mut faults = self.faults();
        if !fresh.is_empty() && faults.strikes(Fault::StaleRead) {
            let last = i64::try_from(fresh.len()).unwrap_or(1) - 1;
            let nth = usize::try_from(faults.between(0, last)).unwrap_or(0);
            let (_, books, processor) = fresh[nth];
            return show(books, processor);
        }
        drop(faults);
        show(&state.books, &state.processor)
    }

    /// Whether the side answers at all; bursts begin here.
    pub fn reachable(&self, side: Side) -> Result<(), PortError> {
        let now = self.now();
        let mut faults = self.faults();
        let begins = match (faults.strikes(Fault::Burst), faults.strikes(Fault::Unauthorised)) {
            (true, _) if faults.between(0, 1) == 0 => Some(Outage::Throttled),
            (true, _) => Some(Outage::Down),
            (false, true) => Some(Outage::Unauthorised),
            (false, false) => None,
        };
        let minutes = faults.between(1, 40);
        let refused = faults.strikes(Fault::Unavailable);
        let throttled = faults.strikes(Fault::Throttled);
        drop(faults);
        let mut state = self.state();
        if let Some(outage) = begins {
            let until = now + SignedDuration::from_mins(minutes);
            state.outages.insert(side, (until, outage));
        }
        let outage = state.outages.get(&side).filter(|(until, _)| *until > now);
        match outage.map(|(until, outage)| (until.duration_since(now), outage)) {
            Some((_, Outage::Unauthorised)) => {
                return Err(PortError::Unauthorised("the credentials are refused".to_owned()));
            }
            Some((_, Outage::Down)) => return Err(PortError::Unavailable("503".to_owned())),
            Some((left, Outage::Throttled)) => {
                return Err(PortError::Throttled { retry_after: left.try_into().ok() });
            }
            None => {}
        }
        if throttled {
            return Err(PortError::Throttled { retry_after: None });
        }
        if refused { Err(PortError::Unavailable("no route".to_owned())) } else { Ok(()) }
    }

    /// Both sides refuse everything until they are mended.
    pub fn refuse_all(&self, how: Outage) {
        let mut state = self.state();
        for side in [Side::Erp, Side::Processor] {
            state.outages.insert(side, (Timestamp::MAX, how));
        }
    }

    /// Ends every outage.
    pub fn mend(&self) {
        self.state().outages.clear();
    }
}
