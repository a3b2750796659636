//! Makes a failing story shorter: drops what the seed decided, first by kinds and steps, then one by
//! one, as long as the same promise stays broken (delta debugging, Zeller and Hildebrandt 2002).

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::choices::{Choice, Kept};
use crate::faults::Fault;
use crate::simulation::{Options, Outcome, run_chosen};
use crate::wire;

/// Stories told at most while one is shrunk; over the wire one takes a hundred times as long.
const RUNS_MAX: u32 = 500;
const WIRE_RUNS_MAX: u32 = 80;

/// Tells the story in which only what is kept happens.
type Tell<'a> = dyn Fn(&Kept) -> (Outcome, Vec<Choice>) + 'a;

/// A shorter story that breaks the same promise.
#[derive(Debug)]
pub struct Shrunk {
    pub outcome: Outcome,
    /// What is left of what the seed decided, and how much there was.
    pub choices: Vec<Choice>,
    pub before: usize,
}

/// Shrinks a seed that breaks a promise at model depth; `None`: it breaks none.
#[must_use]
pub fn shrink(seed: u64, options: &Options) -> Option<Shrunk> {
    let tell = |kept: &Kept| {
        let kept = kept.clone().or_else(|| options.kept.clone());
        run_chosen(seed, &Options { kept, ..options.clone() })
    };
    shrink_by(&tell, RUNS_MAX)
}

/// Shrinks a seed that breaks a promise at wire depth; `None`: it breaks none.
#[must_use]
pub fn shrink_wire(seed: u64, books: wire::Books) -> Option<Shrunk> {
    shrink_by(&|kept| wire::run_chosen(seed, books, kept), WIRE_RUNS_MAX)
}

fn shrink_by(tell: &Tell<'_>, runs_left: u32) -> Option<Shrunk> {
    let (outcome, choices) = tell(&None);
    let broken = outcome.violations.first().map(|line| kind_of(line))?;
    let before = choices.len();
    let mut shrinking = Shrinking { tell, broken, runs_left, choices, outcome };
    // All without any fault; then without each kind of fault; then in ever smaller pieces.
    shrinking.without(|choice| matches!(choice, Choice::Fault { .. }));
    for kind in Fault::ALL {
        shrinking.without(|choice| matches!(choice, Choice::Fault { fault, .. } if fault == kind));
    }
    shrinking.in_pieces(|choice| matches!(choice, Choice::Move { .. }));
    shrinking.in_pieces(|choice| matches!(choice, Choice::Fault { .. }));
    shrinking.in_pieces(|choice| matches!(choice, Choice::Step { .. }));
    let Shrinking { choices, outcome, .. } = shrinking;
    Some(Shrunk { outcome, choices, before })
}

/// A broken promise without the names and numbers of this story.
fn kind_of(line: &str) -> String {
    line.chars().filter(|c| !c.is_ascii_digit()).take_while(|c| *c != ':').collect()
}

struct Shrinking<'a> {
    tell: &'a Tell<'a>,
    broken: String,
    runs_left: u32,
    choices: Vec<Choice>,
    outcome: Outcome,
}

impl Shrinking<'_> {
    /// Leaves out what fits, if the promise is still broken then.
    fn without(&mut self, leave_out: impl Fn(&Choice) -> bool) -> bool {
        let kept: BTreeSet<Choice> =
            self.choices.iter().filter(|choice| !leave_out(choice)).copied().collect();
        if kept.len() == self.choices.len() || self.runs_left == 0 {
            return false;
        }
        self.runs_left -= 1;
        let (outcome, choices) = (self.tell)(&Some(Arc::new(kept)));
        let still = outcome.violations.iter().any(|line| kind_of(line) == self.broken);
        if still {
            // What is not reached any more is gone too.
            self.choices = choices;
            self.outcome = outcome;
        }
        still
    }

    fn in_pieces(&mut self, of: impl Fn(&Choice) -> bool) {
        let count = |all: &[Choice]| all.iter().filter(|choice| of(choice)).count();
        let mut size = count(&self.choices).div_ceil(2);
        while size > 0 {
            let mut from = 0;
            loop {
                let some: Vec<Choice> = self.choices.iter().filter(|c| of(c)).copied().collect();
                if from >= some.len() {
                    break;
                }
                let piece: BTreeSet<Choice> =
                    some[from..(from + size).min(some.len())].iter().copied().collect();
                if !self.without(|choice| piece.contains(choice)) {
                    from += size;
                }
            }
            size /= 2;
        }
    }
}
