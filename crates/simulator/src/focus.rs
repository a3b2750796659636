//! What a world makes frequent. In a world of everything at once some situations hardly come about;
//! a focus is a world that is made of one of them, as exhaustive testers "swarm" their options
//! (Groce et al. 2012). The seed chooses it, unless somebody names one.

use model::ids::LedgerAccountId;
use model::policy::{
    AmountChanged, Bounced, ClosedPeriod, CollectWhich, Deposits, DetailsNotAllowed,
    ForeignPayments, MandateRequestPolicy, PostOn, ReversalRoute,
};

use crate::choices::{Dice, chance_at};
use crate::faults::Fault;
use crate::moves::Family;
use crate::profile::{Pace, Profile};
use crate::random::Random;

/// Seeds in ten thousand that have the world of everything.
const ANYTHING: u32 = 4_000;

/// Chances in ten thousand, per occasion, of faults that a focus makes frequent.
const OFTEN_LOST: u32 = 2_500;
const OFTEN_IN_STORE: u32 = 120;
const OFTEN_UNREAD: u32 = 1_200;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Focus {
    /// Everything that worlds were made of at first, in any mixture.
    Anything,
    /// Everything there is, in any mixture.
    Wide,
    /// Payments fail late and are charged back around deposits that wait.
    Reversals,
    /// Nobody works for days, so that whole stories are met at once.
    Away,
    /// Writes without an answer, while what they rest on changes.
    Unclear,
    /// Writes without an answer, to documents that two cases want.
    Locks,
    /// The ERP refuses documents for good.
    Refusals,
    /// Payouts bounce and are paid again.
    Bounces,
    /// The link's policy changes between keeping an item and booking it.
    Routes,
    /// The database is busy, full or gone.
    Store,
    /// Payouts in another currency than what was collected.
    Exchange,
    /// Refunds that fail, come back, and cross with reversals.
    Refunds,
    /// Payers without a mandate are asked for one.
    Requests,
    /// Mandates are made of bank details that people hand over.
    Details,
    /// Invoices in a currency that no link collects, and payments for them in another.
    Currencies,
    /// An older integration collected before the cut-over, and left receipts or none.
    Predecessor,
    /// People answer what they are asked, rightly and wrongly.
    Answers,
    /// Customers are merged while others collect, and workers sleep.
    Merged,
}

impl Focus {
    pub const ALL: [Focus; 18] = [
        Focus::Anything,
        Focus::Wide,
        Focus::Reversals,
        Focus::Away,
        Focus::Unclear,
        Focus::Locks,
        Focus::Refusals,
        Focus::Bounces,
        Focus::Routes,
        Focus::Store,
        Focus::Exchange,
        Focus::Refunds,
        Focus::Requests,
        Focus::Details,
        Focus::Currencies,
        Focus::Predecessor,
        Focus::Answers,
        Focus::Merged,
    ];

    /// Its name on the command line, in stories and in tables.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Focus::Anything => "anything",
            Focus::Wide => "wide",
            Focus::Reversals => "reversals",
            Focus::Away => "away",
            Focus::Unclear => "unclear",
            Focus::Locks => "locks",
            Focus::Refusals => "refusals",
            Focus::Bounces => "bounces",
            Focus::Routes => "routes",
            Focus::Store => "store",
            Focus::Exchange => "exchange",
            Focus::Refunds => "refunds",
            Focus::Requests => "requests",
            Focus::Details => "details",
            Focus::Currencies => "currencies",
            Focus::Predecessor => "predecessor",
            Focus::Answers => "answers",
            Focus::Merged => "merged",
        }
    }

    #[must_use]
    pub fn named(word: &str) -> Option<Focus> {
        Focus::ALL.into_iter().find(|focus| focus.word() == word)
    }

    /// What the seed says.
    #[must_use]
    pub fn of(seed: u64) -> Focus {
        let mut random = chance_at(seed, Dice::Focus, [0; 3]);
        if random.chance(ANYTHING) {
            return Focus::Anything;
        }
        random.pick(&Focus::ALL[1..]).copied().unwrap_or(Focus::Anything)
    }

    /// Makes the world of a seed one of this focus. The dice are its own: the world of everything
    /// stays as it is.
    pub fn shape(self, profile: &mut Profile, seed: u64) {
        let mut random = chance_at(seed, Dice::Focus, [1, 0, 0]);
        let random = &mut random;
        match self {
            Focus::Anything => {}
            Focus::Wide => wide(profile, random),
            Focus::Reversals => reversals(profile, random),
            Focus::Away => away(profile, random),
            Focus::Unclear => unclear(profile, random),
            Focus::Locks => locks(profile, random),
            Focus::Refusals => refusals(profile, random),
            Focus::Bounces => bounces(profile, random),
            Focus::Routes => routes(profile, random),
            Focus::Store => store(profile, random),
            Focus::Exchange => exchange(profile, random),
            Focus::Refunds => refunds(profile, random),
            Focus::Requests => requests(profile, random),
            Focus::Details => details(profile, random),
            Focus::Currencies => currencies(profile, random),
            Focus::Predecessor => predecessor(profile, random),
            Focus::Answers => answers(profile, random),
            Focus::Merged => merged(profile, random),
        }
    }
}

/// These moves, and each of the others now and then.
fn only(profile: &mut Profile, random: &mut Random, always: &[Family], at_times: &[Family]) {
    profile.families = always.to_vec();
    profile.families.extend(at_times.iter().filter(|_| random.chance(3_000)));
}

/// Faults are not what this is about: most of a seed's are left out.
fn calmer(profile: &mut Profile, random: &mut Random) {
    profile.rates.retain(|_, _| random.chance(4_000));
}

fn steps(profile: &mut Profile, random: &mut Random, first: i64, last: i64) {
    profile.steps = u32::try_from(random.between(first, last)).unwrap_or(profile.steps);
}

fn wide(profile: &mut Profile, random: &mut Random) {
    for family in Family::FURTHER {
        if random.chance(3_500) {
            profile.families.push(family);
        }
    }
    profile.moves_max = random.pick(&[1, 3, 8]).copied().unwrap_or(3);
    profile.pace =
        random.pick(&[Pace::Usual, Pace::Short, Pace::Days]).copied().unwrap_or_default();
    if random.chance(5_000) {
        profile.policy.bounced = Bounced::Reverse;
    }
    if random.chance(3_000) {
        exchanged(profile);
    }
    profile.further = random.chance(7_000);
    if profile.further && !profile.families.contains(&Family::Foreign) {
        // Refunds without a payment are somebody else's too.
        profile.families.push(Family::Foreign);
    }
}

fn reversals(profile: &mut Profile, random: &mut Random) {
    let always = [Family::Bank, Family::Bank, Family::Reversals, Family::Foreign];
    only(profile, random, &always, &[Family::Away, Family::Refunds, Family::Periods]);
    calmer(profile, random);
    steps(profile, random, 8, 26);
    profile.moves_max = 8;
    let policy = &mut profile.policy;
    policy.post_on = if random.chance(8_000) { PostOn::PaidOut } else { PostOn::Confirmed };
    policy.deposits = Deposits::Made;
    policy.reversals = ReversalRoute::FromBank;
    if random.chance(6_000) {
        policy.foreign_payments = ForeignPayments::Hold;
    }
}

fn away(profile: &mut Profile, random: &mut Random) {
    let at_times = [
        Family::Reversals,
        Family::Invoices,
        Family::Refunds,
        Family::Foreign,
        Family::Mandates,
        Family::Periods,
        Family::Orders,
        Family::SecondWorker,
    ];
    only(profile, random, &[Family::Bank, Family::Away], &at_times);
    calmer(profile, random);
    steps(profile, random, 4, 14);
}

/// Answers go missing.
fn lose_answers(profile: &mut Profile) {
    for fault in [Fault::RequestLost, Fault::AnswerLost, Fault::EffectLate, Fault::CrashAfterAnswer]
    {
        profile.rates.insert(fault, OFTEN_LOST);
    }
}

fn unclear(profile: &mut Profile, random: &mut Random) {
    let at_times = [
        Family::Orders,
        Family::SecondWorker,
        Family::Mandates,
        Family::Customers,
        Family::Foreign,
    ];
    only(profile, random, &[Family::Bank, Family::Bank, Family::Invoices], &at_times);
    calmer(profile, random);
    lose_answers(profile);
    steps(profile, random, 14, 34);
    profile.pace = if random.chance(7_000) { Pace::Short } else { Pace::Usual };
    profile.policy.amount_changed = AmountChanged::RecreateWhileCancellable;
}

fn locks(profile: &mut Profile, random: &mut Random) {
    let always = [Family::Bank, Family::Away, Family::Reversals];
    only(profile, random, &always, &[Family::Refunds, Family::Invoices, Family::SecondWorker]);
    calmer(profile, random);
    lose_answers(profile);
    steps(profile, random, 6, 20);
    profile.pace = Pace::Short;
    let policy = &mut profile.policy;
    policy.deposits = Deposits::Made;
    policy.reversals = ReversalRoute::InDeposit;
}

fn refusals(profile: &mut Profile, random: &mut Random) {
    let at_times = [Family::Invoices, Family::Reversals, Family::Orders, Family::Away];
    only(profile, random, &[Family::Bank, Family::Bank, Family::Refusals], &at_times);
    calmer(profile, random);
    steps(profile, random, 8, 24);
}

fn bounces(profile: &mut Profile, random: &mut Random) {
    let at_times = [Family::Reversals, Family::Away, Family::Periods, Family::Policies];
    only(profile, random, &[Family::Bank, Family::Away, Family::Payouts], &at_times);
    calmer(profile, random);
    steps(profile, random, 6, 20);
    profile.policy.deposits = Deposits::Made;
    if random.chance(7_000) {
        profile.policy.bounced = Bounced::Reverse;
    }
}

fn routes(profile: &mut Profile, random: &mut Random) {
    let always = [Family::Bank, Family::Away, Family::Reversals, Family::Routes, Family::Periods];
    only(profile, random, &always, &[Family::Policies, Family::Foreign, Family::Refunds]);
    calmer(profile, random);
    steps(profile, random, 8, 24);
    profile.moves_max = 5;
    profile.policy.deposits = Deposits::Made;
    profile.policy.post_on = PostOn::PaidOut;
    profile.policy.closed_period = ClosedPeriod::Hold;
}

fn store(profile: &mut Profile, random: &mut Random) {
    calmer(profile, random);
    for fault in [
        Fault::StoreBusy,
        Fault::StoreFull,
        Fault::StoreLost,
        Fault::StoreUnsure,
        Fault::CrashBeforeStore,
        Fault::CrashAfterStore,
    ] {
        if random.chance(6_000) {
            profile.rates.insert(fault, OFTEN_IN_STORE);
        }
    }
}

fn exchange(profile: &mut Profile, random: &mut Random) {
    let at_times = [Family::Reversals, Family::Refunds, Family::Foreign, Family::Periods];
    only(profile, random, &[Family::Bank, Family::Bank, Family::Exchange], &at_times);
    calmer(profile, random);
    steps(profile, random, 8, 24);
    exchanged(profile);
}

/// The bank account is in another currency than what is collected.
fn exchanged(profile: &mut Profile) {
    profile.exchanged = true;
    let clearing = LedgerAccountId::from(crate::world::erp::EXCHANGE_CLEARING);
    profile.policy.accounts.exchange_clearing = Some(clearing);
}

fn refunds(profile: &mut Profile, random: &mut Random) {
    let always = [Family::Bank, Family::Away, Family::Refunds, Family::Refunds];
    let at_times = [Family::FailedRefunds, Family::Reversals, Family::Policies, Family::Periods];
    only(profile, random, &always, &at_times);
    if random.chance(4_000) {
        profile.families.push(Family::FailedRefunds);
    }
    calmer(profile, random);
    steps(profile, random, 8, 24);
}

/// The customers over there are more than one page, and pages fail.
fn several_pages(profile: &mut Profile, random: &mut Random) {
    profile.customers = random.below(7) + 3;
    profile.invoices += random.below(4);
    profile.page = random.pick(&[1, 2, 3]).copied().unwrap_or(2);
    for fault in [Fault::Unavailable, Fault::TimedOut, Fault::StaleRead, Fault::Burst] {
        if random.chance(5_000) {
            profile.rates.insert(fault, OFTEN_UNREAD);
        }
    }
}

fn requests(profile: &mut Profile, random: &mut Random) {
    let at_times = [Family::Mandates, Family::Invoices, Family::Away, Family::Policies];
    only(profile, random, &[Family::Bank, Family::Requests, Family::Requests], &at_times);
    calmer(profile, random);
    if random.chance(4_000) {
        lose_answers(profile);
    }
    steps(profile, random, 6, 24);
    if random.chance(6_000) {
        several_pages(profile, random);
    }
    profile.strangers = profile.customers.div_ceil(2);
    profile.policy.mandate_request = MandateRequestPolicy::Link;
}

fn details(profile: &mut Profile, random: &mut Random) {
    let at_times = [
        Family::Mandates,
        Family::Invoices,
        Family::Away,
        Family::Requests,
        Family::Orders,
        Family::SecondWorker,
    ];
    only(profile, random, &[Family::Bank, Family::HandedOver, Family::HandedOver], &at_times);
    calmer(profile, random);
    if random.chance(6_000) {
        lose_answers(profile);
    }
    steps(profile, random, 6, 24);
    profile.customers = random.below(3) + 2;
    profile.strangers = random.below(profile.customers + 1);
    profile.details_forbidden = random.chance(2_500);
    if random.chance(4_000) {
        profile.policy.mandate_request = MandateRequestPolicy::Link;
    }
    if random.chance(4_000) {
        profile.policy.bank_details_not_allowed = DetailsNotAllowed::Hold;
    }
}

fn currencies(profile: &mut Profile, random: &mut Random) {
    let at_times =
        [Family::Reversals, Family::Refunds, Family::Foreign, Family::Away, Family::Periods];
    let always = [Family::Bank, Family::Bank, Family::Currencies, Family::Currencies];
    only(profile, random, &always, &at_times);
    calmer(profile, random);
    steps(profile, random, 8, 24);
}

fn predecessor(profile: &mut Profile, random: &mut Random) {
    let at_times = [Family::Reversals, Family::Refunds, Family::Invoices, Family::Away];
    let always = [Family::Bank, Family::Bank, Family::Predecessor];
    only(profile, random, &always, &at_times);
    calmer(profile, random);
    steps(profile, random, 6, 20);
}

fn answers(profile: &mut Profile, random: &mut Random) {
    let at_times = [
        Family::Reversals,
        Family::Refunds,
        Family::Customers,
        Family::Editing,
        Family::Away,
        Family::Orders,
        Family::Mandates,
        Family::SecondWorker,
    ];
    let always = [Family::Bank, Family::Bank, Family::Foreign, Family::Answers, Family::Answers];
    only(profile, random, &always, &at_times);
    calmer(profile, random);
    steps(profile, random, 8, 24);
}

fn merged(profile: &mut Profile, random: &mut Random) {
    let always = [Family::Bank, Family::Foreign, Family::Customers, Family::Customers];
    only(profile, random, &always, &[Family::Invoices, Family::Mandates, Family::SecondWorker]);
    calmer(profile, random);
    profile.rates.insert(Fault::PauseOverLease, OFTEN_IN_STORE);
    steps(profile, random, 4, 14);
    profile.moves_max = 8;
    profile.customers = random.below(2) + 2;
    profile.policy.collect = CollectWhich::AllOpen;
}
