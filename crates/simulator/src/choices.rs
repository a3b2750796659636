//! What a seed decided, as a list: each move and each fault has a place of its own, and chance that
//! depends on the seed and that place alone. So one can be left out and all others stay as they were.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::faults::Fault;
use crate::random::Random;

/// One thing that happened because the seed said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Choice {
    /// Time passes, and the workers have their turns.
    Step { step: u32 },
    /// The nth move of the world in a step.
    Move { step: u32, nth: u32 },
    /// Nothing goes wrong for days, until everything is at rest.
    Calm { step: u32 },
    /// A fault at its nth occasion in a step.
    Fault { step: u32, fault: Fault, nth: u32 },
}

/// The choices that may be made; `None`: those that the dice say.
pub type Kept = Option<Arc<BTreeSet<Choice>>>;

/// Kinds of chance, so that two of one step have nothing in common.
#[derive(Debug, Clone, Copy)]
pub enum Dice {
    /// Who is in the world when the story begins.
    World = 1,
    /// How much time a step takes, and how many moves it has.
    Step,
    /// One move.
    Move,
    /// Whether a fault strikes.
    Fault,
    /// How long things take within a step, and how a fault strikes.
    Within,
    /// What the world makes frequent.
    Focus,
}

/// Chance of its own for one place in the story.
#[must_use]
pub fn chance_at(seed: u64, dice: Dice, place: [u32; 3]) -> Random {
    Random::at(seed, &[dice as u64, place[0].into(), place[1].into(), place[2].into()])
}
