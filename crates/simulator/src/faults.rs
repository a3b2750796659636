//! Faults: what can go wrong, how often in this seed, and how often it did.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::choices::{Choice, Dice, Kept, chance_at};
use crate::random::Random;

/// A chance that is none, in ten thousand.
const ALWAYS: u32 = 10_000;

macro_rules! faults {
    (
        model { $($fault:ident = $word:literal,)* }
        wire { $($wire:ident = $wire_word:literal,)* }
        world { $($deed:ident = $deed_word:literal,)* }
    ) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fault { $($fault,)* $($wire,)* $($deed,)* }

        /// How many kinds there are.
        const KINDS: usize = [$(Fault::$fault,)* $(Fault::$wire,)* $(Fault::$deed,)*].len();

        impl Fault {
            /// Kinds of the model depth.
            pub const ALL: &'static [Fault] = &[$(Fault::$fault,)*];

            /// Kinds that only exist where there is a wire.
            pub const ON_THE_WIRE: &'static [Fault] = &[$(Fault::$wire,)*];

            /// What people and systems do of themselves that an exploration must have seen: no dice of
            /// these faults are thrown.
            pub const OF_THE_WORLD: &'static [Fault] = &[$(Fault::$deed,)*];

            /// The words of the report.
            #[must_use]
            pub fn words(self) -> &'static str {
                match self {
                    $(Fault::$fault => $word,)*
                    $(Fault::$wire => $wire_word,)*
                    $(Fault::$deed => $deed_word,)*
                }
            }
        }
    };
}

faults! {
    model {
        CrashBeforeStore = "crash before a transaction",
        CrashAfterStore = "crash after a commit",
        CrashBeforeRequest = "crash before a request",
        CrashAfterAnswer = "crash after an effect, before its answer",
        PauseOverLease = "worker paused for longer than its lease",
        LeaseLost = "lease lost while working",
        StoreBusy = "database busy",
        StoreFull = "disk full",
        StoreLost = "database connection lost in mid-transaction",
        StoreUnsure = "database connection lost after the commit",
        RequestLost = "request lost",
        AnswerLost = "answer lost after the effect",
        EffectLate = "effect after the client gave up",
        TimedOut = "time-out, nothing was done",
        Conflict = "refused as changed meanwhile",
        Throttled = "throttled",
        Unavailable = "not reachable",
        Burst = "burst of 429 or 5xx",
        Unauthorised = "credentials refused for a while",
        StaleRead = "stale list or query",
        RepeatedPage = "page with repeated records",
        ShortPage = "page shorter than asked for",
        MovedBetween = "records moved between two requests",
        EventLate = "event late in the list",
        WebhookLost = "webhook lost",
        WebhookDoubled = "webhook doubled",
        WebhookReordered = "webhooks reordered",
        WebhookLate = "webhook held back",
        WebhookForged = "webhook wrongly signed",
        WebhookOdd = "webhook with something odd",
        ClockJump = "business clock jumped",
        ClockSkew = "business clock of a worker off",
    }
    wire {
        BrokenOff = "connection reset after the effect",
        BodyCut = "answer cut in its middle",
        TokenExpired = "access token expired early",
    }
    world {
        BankDetails = "bank details handed over",
        OtherCurrency = "invoice in a currency that no link collects",
        PaidInOther = "payment in pounds for such an invoice",
        RefusedForGood = "documents refused for good",
        Exchanged = "payout that reaches the bank in another currency",
        Predecessor = "payments of a predecessor at the cut-over",
        Answered = "people answered what they were asked",
    }
}

fn by_kind(rates: &BTreeMap<Fault, u32>) -> [Option<u32>; KINDS] {
    let mut by_kind = [None; KINDS];
    for (fault, rate) in rates {
        by_kind[*fault as usize] = Some(*rate);
    }
    by_kind
}

/// Dice with a memory. Whether a fault strikes depends on the seed, the step, the kind and how many
/// occasions the kind had in the step, and on nothing else.
#[derive(Debug)]
pub struct Faults {
    seed: u64,
    step: u32,
    /// How long things take within the step.
    within: Random,
    /// Chances in ten thousand, by kind; absent: never.
    rates: [Option<u32>; KINDS],
    /// Occasions of the step so far, by kind.
    occasions: [u32; KINDS],
    counts: BTreeMap<Fault, u64>,
    kept: Kept,
    struck: Vec<Choice>,
    /// Off while books are checked and at the end.
    on: bool,
}

impl Faults {
    #[must_use]
    pub fn new(mut random: Random, rates: BTreeMap<Fault, u32>) -> Faults {
        let seed = random.draw();
        Faults {
            seed,
            step: 0,
            within: chance_at(seed, Dice::Within, [0; 3]),
            rates: by_kind(&rates),
            occasions: [0; KINDS],
            counts: BTreeMap::new(),
            kept: None,
            struck: Vec::new(),
            on: true,
        }
    }

    /// Only these faults strike.
    #[must_use]
    pub fn keeping(self, kept: Kept) -> Faults {
        Faults { kept, ..self }
    }

    /// From now on these strike at every occasion, and no others do.
    pub fn always(&mut self, faults: &[Fault]) {
        self.rates = by_kind(&faults.iter().map(|fault| (*fault, ALWAYS)).collect());
        self.kept = None;
    }

    /// The next occasion of this fault strikes, and nothing else does.
    pub fn next_time(&mut self, fault: Fault) {
        self.always(&[fault]);
        self.begin_step(self.step.wrapping_add(1));
        let choice = Choice::Fault { step: self.step, fault, nth: 1 };
        self.kept = Some(Arc::new(BTreeSet::from([choice])));
    }

    /// A step begins: what it dices has nothing to do with the steps before.
    pub fn begin_step(&mut self, step: u32) {
        self.step = step;
        self.within = chance_at(self.seed, Dice::Within, [step, 0, 0]);
        self.occasions = [0; KINDS];
    }

    pub fn switch(&mut self, on: bool) {
        self.on = on;
    }

    #[must_use]
    pub fn is_on(&self) -> bool {
        self.on
    }

    /// Whether the fault can strike at all in this seed.
    #[must_use]
    pub fn has(&self, fault: Fault) -> bool {
        self.rates[fault as usize].is_some()
    }

    /// Whether the fault strikes now; counted when it does.
    pub fn strikes(&mut self, fault: Fault) -> bool {
        let Some(rate) = self.rates[fault as usize].filter(|_| self.on) else { return false };
        let nth = &mut self.occasions[fault as usize];
        *nth += 1;
        let choice = Choice::Fault { step: self.step, fault, nth: *nth };
        let struck = match &self.kept {
            Some(kept) => kept.contains(&choice),
            None => {
                let place = [self.step, fault as u32, *nth];
                chance_at(self.seed, Dice::Fault, place).chance(rate)
            }
        };
        if struck {
            self.note(fault);
            self.struck.push(choice);
        }
        struck
    }

    /// What struck last had no effect where it struck: it counts for nothing.
    pub fn missed(&mut self, fault: Fault) {
        if let Some(count) = self.counts.get_mut(&fault) {
            *count = count.saturating_sub(1);
        }
    }

    /// As `strikes`, where only the first occasion of a step is one: what begins anew comes to its end.
    pub fn strikes_first(&mut self, fault: Fault) -> bool {
        self.occasions[fault as usize] == 0 && self.strikes(fault)
    }

    /// Counts what others brought about.
    pub fn note(&mut self, fault: Fault) {
        *self.counts.entry(fault).or_default() += 1;
    }

    /// How it strikes: a number from `first` to `last`.
    pub fn between(&mut self, first: i64, last: i64) -> i64 {
        self.within.between(first, last)
    }

    #[must_use]
    pub fn counts(&self) -> &BTreeMap<Fault, u64> {
        &self.counts
    }

    /// What struck so far, in its order.
    #[must_use]
    pub fn struck(&self) -> &[Choice] {
        &self.struck
    }
}
