//! A quiet point, in the middle of a story or at its end: faults stop, periods open, banks settle, and
//! within days everything must be at rest; then a quiet day must cost next to nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use engine::say::Order;
use jiff::SignedDuration;
use model::case::{Actor, CaseKey, CaseKind};
use model::decision::Stage;
use model::ids::PayoutId;
use model::policy::Mode;
use model::reason::{Reason, ReasonCode, ReasonKind};
use store::rows::CaseFilter;

use crate::assertions::{ending, trail};
use crate::at_once::at_once;
use crate::moves::{Family, bank, currencies, policies, refusals, second_link};
use crate::profile::SKEW_SECONDS;
use crate::simulation::Simulation;
use crate::worker::Worker;

/// Days without faults after which everything must be at rest.
const DAYS_MAX: u32 = 40;

/// The steps of the end count from here, so that they share no chance with those before.
const LAST_STEPS: u32 = 1_000_000;

/// Those of a quiet point after each step count from here, so many for each.
const CALM_STEPS: u32 = 100_000;
const STEPS_OF_CALM: u32 = 100;

/// The day on which people do what was left to them, and the days after which they do what was left
/// since.
const PEOPLE_DAY: u32 = 12;
const PEOPLE_DAYS: u32 = 4;

/// Days for which a case that is to act on the next one is waited for: a debit some days after a
/// chargeback, say.
const PLANNED_DAYS: u32 = 20;

/// Looks per case until everything is at rest: banks take days, and each tells something new.
const LOOKS_PER_CASE: u64 = 120;

/// Looks per case on a day on which nothing happens: the daily sweep, and whom that wakes.
const QUIET_LOOKS_PER_CASE: u64 = 3;
const QUIET_LOOKS: u64 = 10;

/// More cases than a simulation has.
const CASES_MAX: u32 = 10_000;

impl Simulation {
    /// Faults stop for good: within days everything is at rest.
    pub(crate) fn end(&mut self) {
        self.world.tell("no more faults");
        self.come_to_rest(LAST_STEPS);
        if self.is_broken() {
            return;
        }
        // All of it, once: rows are only ever added.
        let told = self.world.story.text();
        for line in at_once(trail::check(self.store.as_ref(), &told)) {
            self.world.broken(line);
        }
    }

    /// Nothing goes wrong until everything is at rest; then the story goes on as before.
    pub(crate) fn rest_after(&mut self, step: u32) {
        self.world.tell("nothing goes wrong for some days");
        self.come_to_rest(CALM_STEPS + step * STEPS_OF_CALM);
        self.world.faults().switch(true);
        self.world.tell("from now on things go wrong again");
    }

    /// Everything is as it must be at a quiet point, within days; their steps count from here.
    fn come_to_rest(&mut self, first_step: u32) {
        self.world.faults().switch(false);
        self.world.mend();
        for worker in &self.workers {
            worker.skew(SignedDuration::ZERO);
        }
        let today = self.world.clock.today();
        self.world.state().books.set_periods_before(today, true);
        second_link::remove(self);
        policies::set_mode(self, Mode::On);
        self.lift_refusals();
        currencies::bring_back(&self.world);
        // A turn that was begun reads no events any more.
        let begun = self.workers.iter().any(Worker::is_in_turn);
        let before = self.looks;
        let mut wrong = Vec::new();
        for day in 0..DAYS_MAX {
            self.begin_step(first_step + day);
            self.world.remember();
            bank::settle_all(&self.world);
            if day >= PEOPLE_DAY {
                if (day - PEOPLE_DAY).is_multiple_of(PEOPLE_DAYS) {
                    self.people_do_theirs();
                }
                // Also of what was refused as something late came between, and of what is told once
                // another refusal before it is over.
                self.say_retry();
            }
            self.deliver();
            self.world.pass(SignedDuration::from_hours(1));
            self.turns();
            self.world.pass(SignedDuration::from_hours(23));
            self.check_step();
            if self.is_broken() {
                return;
            }
            wrong = self.wrong();
            // A link, a customer's account, or a receipt of others that people edited is taken up by the
            // daily scan of the open invoices.
            let edits = [Family::Policies, Family::Currencies, Family::Editing, Family::SecondLink];
            let edited = edits.iter().any(|family| self.profile.families.contains(family));
            // So is what a poll by a clock that was far ahead left out.
            let edited = edited || self.profile.skew_seconds > SKEW_SECONDS;
            let settled = !(edited || self.rests_for_others()) && (day >= 1 || !begun);
            let taken_up = day >= 2 || settled;
            let through = taken_up && (day >= PLANNED_DAYS || !self.acts_soon());
            if wrong.is_empty() && through && bank::is_quiet(&self.world) {
                self.rest(before);
                return;
            }
        }
        if wrong.is_empty() {
            wrong.push("the banks never come to rest".to_owned());
        }
        for line in wrong {
            self.world.broken(line);
        }
    }

    /// People deposit what the link leaves to them.
    fn people_do_theirs(&mut self) {
        let all = CaseFilter { limit: CASES_MAX, ..CaseFilter::default() };
        let cases = at_once(self.store.cases(&all)).unwrap_or_default();
        let left = cases.iter().filter(|case| {
            case.key.kind == CaseKind::Payout
                && case.reason.as_ref().is_some_and(|one| one.code == ReasonCode::LeftToPeople)
        });
        let today = self.world.clock.today();
        let left: Vec<PayoutId> =
            left.map(|case| PayoutId::new(case.key.subject.as_str())).collect();
        // Payout by payout; then together what is worth less than nothing alone.
        let apart = left.chunks(1).chain([left.as_slice()]);
        for payouts in apart {
            let deposited = {
                let mut state = self.world.state();
                let rows = payouts.iter().filter_map(|id| state.processor.payouts.get(id));
                let worth: i64 = rows.map(|row| row.payout.amount.minor).sum();
                state.books.deposit_payouts_by_hand(payouts, worth, today)
            };
            if let Some(id) = deposited {
                self.world.tell(&format!("somebody deposits what {payouts:?} left as {id}"));
            }
        }
    }

    /// What was refused is taken again, and somebody says so of every case.
    fn lift_refusals(&mut self) {
        if !self.profile.families.contains(&Family::Refusals) {
            return;
        }
        refusals::lift(&self.world);
        self.say_retry();
    }

    fn say_retry(&mut self) {
        self.world.state().watched.people_acted();
        // Also of what is told beside a case's reason.
        let items = at_once(self.store.attention(false)).unwrap_or_default();
        let refused = items.into_iter().filter(|item| item.reason.code == ReasonCode::Rejected);
        let cases: BTreeSet<CaseKey> = refused.map(|item| item.case).collect();
        let ada = Actor::Person("ada".to_owned());
        for case in cases {
            if let Err(error) = at_once(self.console.order(&case, Order::Retry, &ada)) {
                self.world.broken(format!("nobody can say retry of {case}: {error}"));
            }
        }
    }

    fn wrong(&self) -> Vec<String> {
        let store = Arc::clone(&self.store);
        at_once(ending::check(&self.world, store.as_ref(), &self.console, &self.profile))
    }

    /// A case is not through: what changed for it last may only show in lists by now, and the daily
    /// sweep takes it up.
    fn rests_for_others(&self) -> bool {
        let all = CaseFilter { limit: CASES_MAX, ..CaseFilter::default() };
        let cases = at_once(self.store.cases(&all)).unwrap_or_default();
        let mut reasons = cases.iter().filter_map(|case| case.reason.as_ref());
        reasons.any(|reason| match reason.code.kind() {
            ReasonKind::Settled => false,
            ReasonKind::Acting
            | ReasonKind::Waiting
            | ReasonKind::Skipped
            | ReasonKind::NeedsPerson => true,
        })
    }

    /// An invoice is to be collected anew within a day, or one that says it is through is to be looked at
    /// all the same: the next day would be no quiet one. What waits is looked at each day.
    fn acts_soon(&self) -> bool {
        let all = CaseFilter { limit: CASES_MAX, ..CaseFilter::default() };
        let cases = at_once(self.store.cases(&all)).unwrap_or_default();
        let soon = self.world.now() + SignedDuration::from_hours(24);
        let settled = |reason: &Reason| reason.code.kind() == ReasonKind::Settled;
        let of_invoices = cases.iter().filter(|case| case.key.kind == CaseKind::Collection);
        let mut planned = of_invoices.filter(|case| {
            case.stage == Some(Stage::Reversed) || case.reason.as_ref().is_some_and(settled)
        });
        planned.any(|case| case.due_at.is_some_and(|due| due <= soon))
    }

    fn cases(&self) -> u64 {
        let all = CaseFilter { limit: CASES_MAX, ..CaseFilter::default() };
        at_once(self.store.cases(&all)).map_or(0, |cases| cases.len() as u64)
    }

    /// A day on which nothing happens costs about a look per case, and changes nothing.
    fn rest(&mut self, before: u64) {
        let cases = self.cases();
        let looks = self.looks - before;
        if looks > LOOKS_PER_CASE * cases + QUIET_LOOKS {
            self.world.broken(format!("P2: {looks} looks at {cases} cases to come to rest"));
        }
        let before = self.looks;
        for _ in 0..3 {
            self.world.pass(SignedDuration::from_hours(8));
            self.turns();
        }
        let looks = self.looks - before;
        if looks > QUIET_LOOKS_PER_CASE * cases + QUIET_LOOKS {
            self.world.broken(format!("{looks} looks at {cases} cases on a quiet day"));
        }
        for line in self.wrong() {
            self.world.broken(format!("after a quiet day: {line}"));
        }
    }
}
