//! The end of a story at the wire depth: faults stop, and within days everything must be at rest; then
//! a quiet day must cost next to nothing.

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
use super::{handed_over, links};
use crate::at_once::at_once;
use crate::faults::Fault;
use crate::moves::Family;

/// Days without faults after which everything must be at rest, and before which nobody looks.
const DAYS_MAX: u32 = 60;
const DAYS_MIN: u32 = 3;

/// Days after which money comes in for what is owed, and comes again.
const MONEY_DAYS: u32 = 8;

/// Looks per case on a day on which nothing happens: the daily sweep, and whom that wakes.
const QUIET_LOOKS_PER_CASE: u64 = 4;
const QUIET_LOOKS: u64 = 20;

impl Simulation {
    /// Faults stop, periods open, clocks are set right: within days everything is at rest.
    pub(super) fn end(&mut self) {
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
            let exchanged = truth.payouts.iter().filter(|one| one.exchanged && one.paid).count();
            let base = &self.profile.base;
            let store = self.site.store.as_ref();
            let left_to_people = {
                let state = self.site.world.state();
                let mut policies = state.watched.policies();
                policies.any(|one| one.deposits == Deposits::LeftToPeople)
            };
            let end = ending::End {
                truth: &truth,
                hands: &self.hands,
                policy: &base.policy,
                left_to_people,
                families: &base.families,
                customers: &self.profile.customers,
                now: self.site.outside.time.now(),
                console: &self.console,
            };
            wrong = at_once(ending::check(&end, store));
            if wrong.is_empty() {
                for _ in 0..exchanged {
                    self.site.world.faults().note(Fault::Exchanged);
                }
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

    /// What was refused for good is taken again, and somebody says so of every case, also of those that
    /// were taken off the list or left.
    fn say_retry(&mut self) {
        if !self.profile.base.families.contains(&Family::Refusals) {
            return;
        }
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
        let story = self.site.world.story.text();
        for line in at_once(secrecy::check(self.site.store.as_ref(), &story, &secrets)) {
            self.broken(line);
        }
    }
}
