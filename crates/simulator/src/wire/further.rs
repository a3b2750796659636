//! What later seeds have beside: drawn apart from the rest, and only from a certain seed on, so that the
//! stories that were told before stay as they were.

use super::systems::Books;
use crate::choices::{Dice, chance_at};

/// Seeds before this one have nothing of it.
pub const FROM: u64 = 60_000;

/// Seeds before this one have no predecessor.
pub const PREDECESSORS_FROM: u64 = 100_000;

/// In seeds before this one nobody answers what people are asked.
pub const ANSWERS_FROM: u64 = 110_000;

/// In seeds before this one things go wrong from the first day on.
pub const SETTLED_FROM: u64 = 120_000;

/// In seeds before this one the process that takes deliveries never dies over one.
pub const LISTENERS_FROM: u64 = 130_000;

/// Seeds before this one come to rest at their end alone, and their links have one limit at most.
pub const CALM_FROM: u64 = 140_000;

/// Seeds from this one on have everything: where an exploration begins.
pub const NEWEST_FROM: u64 = CALM_FROM;

/// Chances in ten thousand that a quiet point comes after a step, where there are some.
const CALM: [u32; 2] = [300, 800];

/// Days on which nothing goes wrong, where a story begins with some: a debit is paid out after six.
const CALM_DAYS: (i64, i64) = (3, 9);

/// Chance in ten thousand that a list begins anew, at the first page of a step that is not a list's first.
pub const REPEATED: u32 = 7_000;

/// What this seed has.
#[derive(Debug, Clone, Copy, Default)]
pub struct Further {
    /// The processor's lists show pages again.
    pub repeats: bool,
    /// Scripts of the bookkeepers' refuse documents for good.
    pub refusals: bool,
    /// The bank account is in another currency than what is collected.
    pub exchanged: bool,
    /// An older integration collected before the cut-over.
    pub predecessor: bool,
    /// Days pass between many steps: payouts come while faults strike.
    pub days: bool,
    /// People answer what they are asked.
    pub answers: bool,
    /// So many days pass before anything goes wrong: then there is something to take back.
    pub calm_days: u32,
    /// The process that takes deliveries may die over them, or lose its store.
    pub listener_dies: bool,
    /// Chance in ten thousand that a quiet point comes after a step.
    pub calm: u32,
    /// The link has limits of amounts and of runs.
    pub limited: bool,
}

impl Further {
    #[must_use]
    pub fn of(seed: u64, books: Books) -> Further {
        if seed < FROM {
            return Further::default();
        }
        let mut random = chance_at(seed, Dice::Focus, [2, 0, 0]);
        let all = books.can_all();
        let mut further = Further {
            repeats: random.chance(5_000),
            refusals: random.chance(3_500) && all,
            exchanged: random.chance(3_000) && all,
            predecessor: random.chance(3_000) && seed >= PREDECESSORS_FROM,
            days: random.chance(6_000) && seed >= PREDECESSORS_FROM,
            answers: random.chance(4_000) && seed >= ANSWERS_FROM,
            calm_days: 0,
            listener_dies: seed >= LISTENERS_FROM,
            calm: 0,
            limited: false,
        };
        if seed >= SETTLED_FROM && random.chance(6_000) {
            let days = random.between(CALM_DAYS.0, CALM_DAYS.1);
            further.calm_days = u32::try_from(days).unwrap_or(0);
            further.days = true;
        }
        if seed >= CALM_FROM {
            let calm = random.pick(&CALM).copied().unwrap_or(CALM[0]);
            further.calm = if random.chance(4_000) { calm } else { 0 };
            further.limited = random.chance(1_500);
        }
        further
    }
}
