//! What people, banks and operators do in a story, a move at a time, each with dice of its own.

use std::sync::Arc;

use jiff::tz::TimeZone;
use model::ids::InvoiceId;
use model::policy::Policy;

use super::simulation::Simulation;
use super::systems::Stage;
use super::truth::{Payment, Truth};
use super::{answers, handed_over, links};
use crate::at_once::at_once;
use crate::choices::{Choice, Dice, chance_at};
use crate::faults::Fault;
use crate::moves::{Family, orders};

/// Workers that run at the same time, at most.
const WORKERS_MAX: usize = 2;

impl Simulation {
    /// One move with dice of its own, of this family or of any that the story has.
    pub(super) fn move_by_dice(&mut self, step: u32, nth: u32, family: Option<Family>) {
        if !self.makes(Choice::Move { step, nth }) {
            return;
        }
        let mut random = chance_at(self.seed, Dice::Move, [step, nth, 0]);
        let family = family.or_else(|| random.pick(&self.profile.base.families).copied());
        let others = std::mem::replace(&mut self.random, random);
        family.into_iter().for_each(|family| self.make_move(family));
        self.random = others;
    }

    pub(super) fn make_move(&mut self, family: Family) {
        if family.is_of_people() {
            self.people_acted();
        }
        match family {
            Family::SecondWorker => self.join_or_leave(),
            Family::Policies => self.edit_link(),
            Family::Orders => {
                let (console, store) = (Arc::clone(&self.console), Arc::clone(&self.site.store));
                let said = at_once(orders::make(&console, store.as_ref(), &mut self.random));
                if let Some(said) = said {
                    self.tell(&said.line);
                    self.site.world.state().watched.ordered(said.order, said.invoice);
                }
                // Chosen beside the others, which go on as they would have.
                let handed = handed_over::make(store.as_ref(), self.random.clone(), self.now());
                if let Some(line) = at_once(handed) {
                    self.site.world.faults().note(Fault::BankDetails);
                    self.tell(&line);
                }
            }
            // Mostly an answer; now and then somebody gives a reason to be asked.
            Family::Answers if self.random.chance(7_500) => self.answer(),
            family => self.move_outside(family),
        }
    }

    /// People did something that may clear a refusal.
    pub(super) fn people_acted(&self) {
        self.site.world.state().watched.people_acted();
    }

    fn answer(&mut self) {
        let Some(truth) = self.truth() else { return };
        let desk = answers::Desk {
            console: &self.console,
            store: self.site.store.as_ref(),
            truth: &truth,
            customers: &self.profile.customers,
            now: self.site.outside.time.now(),
        };
        let said = answers::make(&desk, &mut self.hands.answers, &mut self.random);
        if let Some(line) = said {
            self.site.world.faults().note(Fault::Answered);
            self.tell(&line);
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
    pub(super) fn policy(&self) -> Policy {
        let link = self.site.connected.links.values().next();
        link.map_or_else(Policy::default, |link| link.policy.clone())
    }

    /// Whoever cancels the newest payment of an invoice allows no other one any more.
    fn withdraw(&self, truth: &Truth, cancelled: &str) {
        let newest = |invoice: &String| {
            let born = |one: &&Payment| one.history.first().map(|(at, ..)| (*at, one.id.clone()));
            truth.payments_of(invoice).max_by_key(born).is_some_and(|one| one.id == cancelled)
        };
        let invoice = truth.payments.get(cancelled).and_then(|one| one.invoice.as_ref());
        let said = truth.payments.values().any(|one| one.said.is_some());
        if let Some(invoice) = invoice.filter(|invoice| !said && newest(invoice)) {
            let invoice = InvoiceId::new(invoice.as_str());
            self.site.world.state().watched.withdraw(&invoice, self.now());
        }
    }

    fn move_outside(&mut self, family: Family) {
        let Some(truth) = self.truth() else { return };
        let outside = Arc::clone(&self.site.outside);
        let cancelled = self.hands.cancelled.len();
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
        if std::mem::take(&mut self.hands.refused) {
            self.site.world.faults().note(Fault::RefusedForGood);
        }
        self.tell(&line);
        for payment in &self.hands.cancelled[cancelled..] {
            self.withdraw(&truth, payment);
        }
        if let Some(truth) = self.truth() {
            self.note(&truth);
        }
    }
}
