//! Faults: what can go wrong, how often in this seed, and how often it did.

use std::collections::BTreeMap;

use crate::random::Random;

macro_rules! faults {
    (
        model { $($fault:ident = $word:literal,)* }
        wire { $($wire:ident = $wire_word:literal,)* }
    ) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Fault { $($fault,)* $($wire,)* }

        impl Fault {
            /// Kinds of the model depth.
            pub const ALL: &'static [Fault] = &[$(Fault::$fault,)*];

            /// Kinds that only exist where there is a wire.
            pub const ON_THE_WIRE: &'static [Fault] = &[$(Fault::$wire,)*];

            /// The words of the report.
            #[must_use]
            pub fn words(self) -> &'static str {
                match self { $(Fault::$fault => $word,)* $(Fault::$wire => $wire_word,)* }
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
        StoreBusy = "database busy",
        StoreFull = "disk full",
        RequestLost = "request lost",
        AnswerLost = "answer lost after the effect",
        EffectLate = "effect after the client gave up",
        Throttled = "throttled",
        Unavailable = "not reachable",
        Burst = "burst of unavailability",
        Unauthorised = "credentials refused for a while",
        StaleRead = "stale list or query",
        RepeatedPage = "page with repeated records",
        EventLate = "event late in the list",
        WebhookLost = "webhook lost",
        WebhookDoubled = "webhook doubled",
        WebhookReordered = "webhooks reordered",
        WebhookOdd = "webhook with something odd",
        ClockJump = "business clock jumped",
    }
    wire {
        TimedOut = "time-out, nothing was done",
        BrokenOff = "connection reset after the effect",
        BodyCut = "answer cut in its middle",
        Conflict = "refused as changed meanwhile",
        TokenExpired = "access token expired early",
        ShortPage = "page shorter than asked for",
        MovedBetween = "records moved between two requests",
        WebhookLate = "webhook held back",
        WebhookForged = "webhook wrongly signed",
        ClockSkew = "business clock of a worker off",
    }
}

/// Dice with a memory.
#[derive(Debug)]
pub struct Faults {
    random: Random,
    /// Chances in ten thousand; absent: never.
    rates: BTreeMap<Fault, u32>,
    counts: BTreeMap<Fault, u64>,
    /// Off while books are checked and at the end.
    on: bool,
}

impl Faults {
    #[must_use]
    pub fn new(random: Random, rates: BTreeMap<Fault, u32>) -> Faults {
        Faults { random, rates, counts: BTreeMap::new(), on: true }
    }

    pub fn switch(&mut self, on: bool) {
        self.on = on;
    }

    /// Whether the fault strikes now; counted when it does.
    pub fn strikes(&mut self, fault: Fault) -> bool {
        let rate = self.rates.get(&fault).copied().unwrap_or(0);
        let struck = self.on && rate > 0 && self.random.chance(rate);
        if struck {
            *self.counts.entry(fault).or_default() += 1;
        }
        struck
    }

    /// How it strikes: a number from `first` to `last`.
    pub fn between(&mut self, first: i64, last: i64) -> i64 {
        self.random.between(first, last)
    }

    #[must_use]
    pub fn counts(&self) -> &BTreeMap<Fault, u64> {
        &self.counts
    }
}
