//! What kind of story a seed is at this depth: the policy and moves as at the model depth, and the
//! faults that a wire has.

use std::collections::BTreeMap;

use jiff::civil::Date;
use model::policy::{Accounts, MandateRequestPolicy};

use super::further::{self, Further, REPEATED};
use super::systems::{Books, Customer};
use crate::choices::{Dice, chance_at};
use crate::faults::Fault;
use crate::further::limit;
use crate::moves::Family;
use crate::profile::Profile;
use crate::random::Random;

/// Kinds of faults that strike at this depth, with their chances in ten thousand per occasion when
/// they are among those of a seed.
const RATES: &[(Fault, u32)] = &[
    (Fault::CrashBeforeStore, 4),
    (Fault::CrashAfterStore, 4),
    (Fault::CrashBeforeRequest, 8),
    (Fault::CrashAfterAnswer, 800),
    (Fault::PauseOverLease, 6),
    (Fault::StoreBusy, 4),
    (Fault::StoreFull, 4),
    (Fault::StoreLost, 4),
    (Fault::StoreUnsure, 4),
    (Fault::RequestLost, 60),
    (Fault::AnswerLost, 150),
    (Fault::EffectLate, 900),
    (Fault::Throttled, 80),
    (Fault::Unavailable, 80),
    (Fault::Burst, 8),
    (Fault::Unauthorised, 8),
    (Fault::StaleRead, 3_000),
    (Fault::EventLate, 1_000),
    (Fault::WebhookLost, 3_000),
    (Fault::WebhookDoubled, 2_000),
    (Fault::WebhookReordered, 5_000),
    (Fault::WebhookOdd, 5),
    (Fault::WebhookLate, 2_000),
    (Fault::WebhookForged, 1_500),
    (Fault::TimedOut, 60),
    (Fault::BrokenOff, 80),
    (Fault::BodyCut, 60),
    (Fault::Conflict, 500),
    (Fault::TokenExpired, 60),
    (Fault::ShortPage, 10_000),
    (Fault::MovedBetween, 60),
    (Fault::ClockJump, 200),
    (Fault::ClockSkew, 1_500),
];

/// Records per page, where pages are made short: so that lists of every length have several.
const PAGES: [usize; 3] = [5, 15, 50];

/// Steps at least, where a story begins with calm days.
const STEPS_MIN: u32 = 20;

/// Kinds that only later seeds have (`further`), in books that can all.
const FURTHER: [Fault; 4] =
    [Fault::RepeatedPage, Fault::BankDetails, Fault::RefusedForGood, Fault::Exchanged];

/// Every kind that must strike in an exploration of this depth, of seeds from this one on.
#[must_use]
pub fn kinds_from(seed: u64, books: Books) -> Vec<Fault> {
    let further = FURTHER.into_iter().filter(|_| seed >= further::FROM && books.can_all());
    let left = Some(Fault::Predecessor).filter(|_| seed >= further::PREDECESSORS_FROM);
    let said = Some(Fault::Answered).filter(|_| seed >= further::ANSWERS_FROM);
    // It comes of pauses and second workers.
    let lost = Some(Fault::LeaseLost).filter(|_| seed >= further::CALM_FROM);
    let beside = further.chain(left).chain(said).chain(lost);
    RATES.iter().map(|(fault, _)| *fault).chain(beside).collect()
}

/// What a seed's story is made of.
pub struct WireProfile {
    pub base: Profile,
    pub customers: Vec<Customer>,
    /// Records per page, where pages are made short.
    pub rows: Option<usize>,
    /// Cases that a worker works on at the same time.
    pub concurrency: usize,
    /// Days pass between many steps.
    pub days: bool,
    /// Days before anything goes wrong.
    pub calm_days: u32,
    /// The process that takes deliveries may die over them, or lose its store.
    pub listener_dies: bool,
}

impl WireProfile {
    /// Everything that a seed decides before its story begins.
    #[must_use]
    pub fn of(random: &mut Random, cut_over_on: Date, accounts: Option<Accounts>) -> WireProfile {
        let mut base = Profile::of(random, cut_over_on);
        let (calm, storm) = (random.chance(1_500), random.chance(1_500));
        let force = if storm { 3 } else { 1 };
        let drawn = RATES.iter().filter(|_| !calm && random.chance(6_000));
        base.rates = drawn.map(|(fault, rate)| (*fault, rate * force)).collect::<BTreeMap<_, _>>();
        base.policy.accounts = accounts.unwrap_or_default();
        if random.chance(4_000) {
            base.policy.mandate_request = MandateRequestPolicy::Link;
        }
        let customers = (0..base.customers).map(|nth| customer(nth, random.chance(9_000)));
        let customers = customers.collect();
        let rows = base.rates.contains_key(&Fault::ShortPage);
        let rows = rows.then(|| random.pick(&PAGES).copied().unwrap_or(PAGES[0]));
        if !base.families.contains(&Family::Invoices) && random.chance(7_000) {
            base.families.push(Family::Invoices);
        }
        base.invoices += 2;
        let concurrency = usize::try_from(random.between(1, 3)).unwrap_or(1);
        let (days, calm_days, listener_dies) = (false, 0, false);
        WireProfile { base, customers, rows, concurrency, days, calm_days, listener_dies }
    }

    /// What later seeds have beside.
    pub fn widen(&mut self, further: Further, seed: u64) {
        if further.repeats {
            self.base.rates.insert(Fault::RepeatedPage, REPEATED);
        }
        if further.refusals {
            self.base.families.push(Family::Refusals);
        }
        self.days = further.days;
        self.calm_days = further.calm_days;
        self.listener_dies = further.listener_dies;
        self.base.calm = further.calm;
        if further.limited {
            limit(&mut self.base, &mut chance_at(seed, Dice::Focus, [4, 0, 0]));
        }
        if further.calm_days > 0 {
            self.base.families.extend([Family::Reversals; 2]);
            // A payout that takes something back has to bring more than that.
            self.base.families.extend([Family::Refunds, Family::Invoices]);
            self.base.steps = self.base.steps.max(STEPS_MIN);
        }
        if further.answers {
            // What people are asked comes of banks and of what others make in the dashboard.
            self.base.families.extend([Family::Bank, Family::Foreign]);
            self.base.families.extend([Family::Answers; 2]);
        }
    }
}

fn customer(nth: u64, mandated: bool) -> Customer {
    const NAMES: [&str; 5] =
        ["Alder Bakery", "Birch Books", "Cedar Legal", "Elm Garage", "Hart Optics"];
    let name = NAMES[usize::try_from(nth).unwrap_or(0) % NAMES.len()].to_owned();
    let email = format!("accounts{nth}@{}.example", name.to_lowercase().replace(' ', "-"));
    Customer { id: (1_001 + nth).to_string(), name, email, mandated }
}
