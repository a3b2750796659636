//! The ports and the store as one worker has them: each call may fail, answer late, or be the last
//! thing that the worker did.

pub mod erp;
pub mod processor;
pub mod store;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use model::command::{Write, WriteAnswer};
use model::ids::InvoiceId;
use model::key::{Alphabet, Key};
use ports::{Clock, Description, Page, PortError, Seen};

use crate::assertions::{asked, books, intents};
use crate::faults::Fault;
use crate::interrupt::Interrupt;
use crate::windows::Window;
use crate::world::{
    CUT_OFF_SECONDS, DEADLINE_SECONDS, ReadMark, ReadMarks, STALENESS_SECONDS, Side, World,
};

/// What both ports of a worker share.
#[derive(Clone)]
pub struct Line {
    pub world: Arc<World>,
    pub interrupt: Interrupt,
    /// The store without faults, to look for intents in.
    pub store: Arc<dyn ::store::Store>,
    marks: Arc<Mutex<ReadMarks>>,
    /// A deliberate defect: money commands go out once more under another key.
    repeats: bool,
}

impl Line {
    #[must_use]
    pub fn new(
        world: Arc<World>,
        interrupt: Interrupt,
        store: Arc<dyn ::store::Store>,
        repeats: bool,
    ) -> Line {
        Line { world, interrupt, store, marks: Arc::default(), repeats }
    }

    fn marks(&self) -> MutexGuard<'_, ReadMarks> {
        self.marks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a direct read of the invoice said.
    pub fn mark(&self, invoice: &InvoiceId, mark: ReadMark) {
        let mark = ReadMark { links_read: !self.interrupt.unread.is_pending(), ..mark };
        self.marks().insert(invoice.clone(), mark);
    }

    /// A request for a read goes out.
    async fn read(&self, side: Side) -> Result<(), PortError> {
        self.interrupt.may_die(Fault::CrashBeforeRequest).await;
        self.interrupt.may_sleep().await;
        self.take_time();
        self.world.reachable(side)?;
        if self.strikes(Fault::TimedOut) {
            self.time_out();
            return Err(PortError::Unavailable("no answer in time".to_owned()));
        }
        Ok(())
    }

    fn take_time(&self) {
        let milliseconds = self.world.faults().between(20, 400);
        self.world.pass(SignedDuration::from_millis(milliseconds));
    }

    /// A write goes out: its intent must be committed, and then anything may happen to it.
    async fn write(&self, side: Side, key: &Key, write: Write) -> Result<WriteAnswer, PortError> {
        let lease_now = self.world.clock.lease_now();
        let late = self.world.state().watched.sent_late(key, lease_now);
        if let Some(broken) = late {
            self.world.broken(broken);
        }
        self.interrupt.may_die(Fault::CrashBeforeRequest).await;
        self.take_time();
        self.world.reachable(side)?;
        intents::committed(&self.world, self.store.as_ref(), key, &write).await;
        self.first_send(key, &write);
        self.world.state().watched.unlooked.insert(key.clone());
        let mark = invoice_of(&write).and_then(|invoice| self.marks().get(invoice).cloned());
        if self.repeats && mark.is_some() {
            let again = Key::new(&["again", key.as_str()]);
            intents::committed(&self.world, self.store.as_ref(), &again, &write).await;
            drop(self.world.make(&again, &write, mark.as_ref()));
        }
        let unknown = |what: &str| Err(PortError::OutcomeUnknown(what.to_owned()));
        if self.strikes(Fault::Conflict) {
            self.world.tell(&format!("  {key} is refused: somebody else saves the record"));
            self.looked(key);
            return Err(PortError::Stale("409".to_owned()));
        }
        if self.strikes(Fault::RequestLost) {
            self.world.tell(&format!("  request {key} is lost"));
            self.time_out();
            return unknown("no answer");
        }
        if self.strikes(Fault::EffectLate) {
            self.world.tell(&format!("  request {key} will have its effect late"));
            self.world.make_later(key, &write, mark);
            self.time_out();
            return unknown("no answer in time");
        }
        let answer = self.world.make(key, &write, mark.as_ref());
        self.interrupt.may_die(Fault::CrashAfterAnswer).await;
        self.interrupt.may_sleep().await;
        if self.strikes(Fault::AnswerLost) {
            self.world.tell(&format!("  the answer to {key} is lost"));
            self.time_out();
            return unknown("the answer was lost");
        }
        self.looked(key);
        answer
    }

    /// What is decided anew rests on this look's own reads: no receipt is applied beyond the balance.
    fn first_send(&self, key: &Key, write: &Write) {
        let now = self.world.now();
        let mut state = self.world.state();
        let changed = state.watched.sends(key, write);
        let first = state.watched.is_first(key);
        let begun_at = state.watched.begun_at(key).unwrap_or(now);
        let beyond = books::beyond(&state.books, write, begun_at);
        let asked = asked::before(&state, write, begun_at);
        drop(state);
        if let Some(broken) = changed {
            self.world.broken(broken);
        }
        if let Some(broken) = asked {
            self.world.broken(format!("NG6: {broken}, by {key}"));
        }
        if let Some(broken) = beyond.filter(|_| first) {
            self.world.broken(format!("{broken}, by {key}"));
        }
    }

    /// The outcome of the last send is known, or was looked for.
    fn looked(&self, key: &Key) {
        self.world.state().watched.unlooked.remove(key);
    }

    /// A page of a window is asked for.
    fn asks(&self, stream: &'static str, since: Option<Timestamp>) -> Window {
        Window { stream, since, asked_at: self.world.now() }
    }

    fn window<T>(&self, asked: Window, records: Vec<T>, page: Option<&str>) -> Page<T> {
        let given = self.page(records, page, true);
        self.interrupt.reads_page(asked, page, &given);
        given
    }

    /// As a window, of a list that is paged by a cursor and only grows: nothing in it moves.
    fn window_by_cursor<T>(&self, asked: Window, records: Vec<T>, page: Option<&str>) -> Page<T> {
        let given = self.page(records, page, false);
        self.interrupt.reads_page(asked, page, &given);
        given
    }

    /// As a window, of what may leave the list while it is read: the mark is the id of the record
    /// that was last, not its place. `records` begin after that one.
    fn window_by_id<I: std::fmt::Display, T>(
        &self,
        asked: Window,
        records: Vec<Seen<I, T>>,
        page: Option<&str>,
    ) -> Page<Seen<I, T>> {
        let ids: Vec<String> = records.iter().map(|seen| seen.id.to_string()).collect();
        let given = self.page(records, page.map(|_| "0"), true);
        let place = given.next.and_then(|next| next.parse::<usize>().ok());
        let next = place.and_then(|place| ids.get(place.checked_sub(1)?).cloned());
        let given = Page { records: given.records, next };
        self.interrupt.reads_page(asked, page, &given);
        given
    }

    fn strikes(&self, fault: Fault) -> bool {
        self.world.faults().strikes(fault)
    }

    fn time_out(&self) {
        self.world.pass(SignedDuration::from_secs(DEADLINE_SECONDS));
    }

    /// One page of a list. It may hold fewer records than asked for, the next may begin with what
    /// this one ended with, or a record may have moved to the page before meanwhile.
    fn page<T>(&self, records: Vec<T>, page: Option<&str>, moves: bool) -> Page<T> {
        let mut from: usize = page.and_then(|text| text.parse().ok()).unwrap_or(0);
        let rest = records.len().saturating_sub(from);
        if moves && page.is_some() && rest > 0 && self.strikes(Fault::MovedBetween) {
            from += 1;
        }
        let size = if rest > 1 && self.strikes(Fault::ShortPage) { 1 } else { self.world.page };
        let end = (from + size).min(records.len());
        let more = end < records.len();
        let repeats = more && end > from + 1 && self.strikes(Fault::RepeatedPage);
        let next = more.then(|| (end - usize::from(repeats)).to_string());
        let records = records.into_iter().take(end).skip(from).collect();
        Page { records, next }
    }
}

/// The invoice whose reads the write rests on.
fn invoice_of(write: &Write) -> Option<&InvoiceId> {
    use model::command::ProcessorWrite;
    match write {
        Write::Processor(ProcessorWrite::Collect(w)) => Some(&w.invoice),
        Write::Processor(ProcessorWrite::RetryCollection(w)) => Some(&w.invoice),
        Write::Processor(_) | Write::Erp(_) => None,
    }
}

fn description(slug: &'static str, deposit_lines_max: usize) -> Description {
    let seconds = |seconds: i64| Duration::from_secs(seconds.unsigned_abs());
    Description {
        slug,
        name: "Simulated",
        key_alphabet: Alphabet::Visible,
        key_max_len: 200,
        deadline: seconds(DEADLINE_SECONDS),
        server_cut_off: seconds(CUT_OFF_SECONDS),
        staleness: seconds(STALENESS_SECONDS),
        concurrency: 1,
        slice_max: 4,
        deposit_lines_max,
        takes_rates: true,
    }
}

fn health(account: &str) -> ports::health::Health {
    ports::health::Health {
        account: account.to_owned(),
        account_name: None,
        environment: ports::health::Environment::Sandbox,
        server_time: None,
        checks: Vec::new(),
    }
}
