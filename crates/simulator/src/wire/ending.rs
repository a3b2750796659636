//! A quiet point at the wire depth, in the middle of a story or at its end: faults stop, and within days
//! everything must be at rest; then a quiet day must cost next to nothing.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use engine::say::Order;
use jiff::SignedDuration;
use model::case::{Actor, CaseKey};
use model::policy::Deposits;
use model::reason::ReasonCode;
use store::rows::CaseFilter;

use super::assertions::{ending, secrecy};
use super::simulation::Simulation;
use super::truth::{Invoice, Truth};
use super::{handed_over, links};
use crate::assertions::limits;
use crate::at_once::at_once;
use crate::faults::Fault;
use crate::moves::Family;

/// Days without faults after which everything must be at rest, and before which nobody looks.
const DAYS_MAX: u32 = 90;
const DAYS_MIN: u32 = 3;

/// Days after which money comes in for what is owed, and comes again.
const MONEY_DAYS: u32 = 8;

/// Looks per case until everything is at rest: a story brings months of payments and payouts to it.
const LOOKS_PER_CASE: u64 = 120;

/// Looks per case on a day on which nothing happens: the daily sweep, and whom that wakes.
const QUIET_LOOKS_PER_CASE: u64 = 4;
const QUIET_LOOKS: u64 = 20;

impl Simulation {
    /// Faults stop for good: within days everything is at rest, and nothing of it was a secret.
    pub(super) fn end(&mut self) {
        self.tell("no more faults");
        self.come_to_rest();
        if self.is_broken() {
            return;
        }
        let Some(truth) = self.truth() else { return };
        for _ in truth.payouts.iter().filter(|one| one.exchanged && one.paid) {
            self.site.world.faults().note(Fault::Exchanged);
        }
        let secrets = self.site.outside.systems().iter().flat_map(|system| system.secrets());
        let secrets = secrets.map(|(_, secret)| secret).chain(handed_over::secrets());
        let secrets: Vec<_> = secrets.collect();
        let story = self.site.world.story.text();
        for line in at_once(secrecy::check(self.site.store.as_ref(), &story, &secrets)) {
            self.broken(line);
        }
    }

    /// Nothing goes wrong until everything is at rest; then the story goes on as before.
    pub(super) fn rest_for_days(&mut self) {
        self.tell("nothing goes wrong for some days");
        self.come_to_rest();
        self.site.world.faults().switch(true);
        self.tell("from now on things go wrong again");
    }

    /// Periods open, clocks are set right: within days everything is at rest.
    fn come_to_rest(&mut self) {
        self.site.world.faults().switch(false);
        if let Err(refused) = self.settle() {
            return self.broken(format!("the simulation itself: {refused}"));
        }
        let (mut wrong, mut under_way) = (Vec::new(), Vec::new());
        let before = self.looks;
        for day in 0..DAYS_MAX {
            self.calm_day();
            self.check_step();
            if self.is_broken() {
                return;
            }
            self.say_retry();
            let Some(truth) = self.truth() else { return };
            if day >= MONEY_DAYS && day % MONEY_DAYS == 0 && !truth.owed.is_empty() {
                self.bring_money();
                continue;
            }
            if day < DAYS_MIN || !(truth.under_way.is_empty() && truth.owed.is_empty()) {
                under_way = [truth.under_way, truth.owed].concat();
                continue;
            }
            wrong = self.wrong(&truth);
            if wrong.is_empty() && self.rests_a_day(self.looks - before) {
                return;
            }
        }
        if wrong.is_empty() {
            wrong.push(format!("the banks do not come to an end: {}", under_way.join(", ")));
        }
        for line in wrong {
            self.broken(line);
        }
    }

    fn settle(&mut self) -> Result<(), String> {
        self.people_acted();
        self.site.bursts.end();
        let outside = Arc::clone(&self.site.outside);
        for system in outside.systems() {
            system.settle(&outside, self.now())?;
            system.delay_events(&outside, 2)?;
        }
        let crew = links::Crew { workers: &self.workers, console: &self.console, now: self.now() };
        links::switch_on(&mut self.site, &crew)?;
        self.profile.base.policy = self.policy();
        Ok(())
    }

    /// What should not be so any more, were this the end.
    fn wrong(&self, truth: &Truth) -> Vec<String> {
        let base = &self.profile.base;
        let (left_to_people, limited) = {
            let state = self.site.world.state();
            let mut policies = state.watched.rules.policies();
            let left = policies.any(|one| one.deposits == Deposits::LeftToPeople);
            let held = |one: &Invoice| limits::may_hold(&state.watched, one.remaining);
            let held = truth.invoices.values().filter(|one| held(one));
            (left, held.map(|one| one.id.clone()).collect())
        };
        let end = ending::End {
            truth,
            hands: &self.hands,
            policy: &base.policy,
            left_to_people,
            limited: &limited,
            families: &base.families,
            customers: &self.profile.customers,
            now: self.site.outside.time.now(),
            console: &self.console,
        };
        at_once(ending::check(&end, self.site.store.as_ref()))
    }

    /// What was refused for good is taken again, and somebody says so of every case, also of those that
    /// were taken off the list or left.
    fn say_retry(&mut self) {
        if !self.profile.base.families.contains(&Family::Refusals) {
            return;
        }
        self.people_acted();
        // Also of what is told beside a case's reason.
        let items = at_once(self.site.store.attention(true)).unwrap_or_default();
        let told = items.into_iter().map(|item| (item.case, item.reason.code));
        let all = told.chain(self.hands.answers.left.iter().cloned());
        let refused = all.filter(|(_, code)| *code == ReasonCode::Rejected);
        let cases: BTreeSet<CaseKey> = refused.map(|(case, _)| case).collect();
        let ada = Actor::Person("ada".to_owned());
        for case in cases {
            if let Err(error) = at_once(self.console.order(&case, Order::Retry, &ada)) {
                self.broken(format!("nobody can say retry of {case}: {error}"));
            }
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
    pub(super) fn calm_day(&mut self) {
        for worker in &self.workers {
            worker.ahead.store(0, Ordering::Relaxed);
        }
        for hours in [1, 1, 10, 12] {
            self.site.outside.pass(SignedDuration::from_hours(hours));
            self.turns();
        }
    }

    /// A day on which nothing happens costs about a look per case, and changes nothing. `looks`: how many it
    /// took to come to rest. False: a bank did something on it, which is to be seen to its end first.
    fn rests_a_day(&mut self, looks: u64) -> bool {
        let all = CaseFilter { limit: 10_000, ..CaseFilter::default() };
        let cases = at_once(self.site.store.cases(&all)).map_or(0, |cases| cases.len() as u64);
        if looks > LOOKS_PER_CASE * cases + QUIET_LOOKS {
            self.broken(format!("P2: {looks} looks at {cases} cases to come to rest"));
        }
        let before = self.looks;
        self.calm_day();
        let Some(truth) = self.truth() else { return true };
        if !(truth.under_way.is_empty() && truth.owed.is_empty()) {
            return false;
        }
        let looks = self.looks - before;
        if looks > QUIET_LOOKS_PER_CASE * cases + QUIET_LOOKS {
            self.broken(format!("{looks} looks at {cases} cases on a quiet day"));
        }
        for line in self.wrong(&truth) {
            self.broken(format!("after a quiet day: {line}"));
        }
        true
    }
}
