//! Counts of checks, and the one sentence in which they are reported.

use std::fmt;
use std::iter::Sum;
use std::ops::Add;

/// How many checks passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    pub passed: u64,
    pub failed: u64,
    pub skipped: u64,
}

impl Tally {
    /// The tally of a step that is a single check.
    pub fn one(passed: bool) -> Self {
        Tally { passed: u64::from(passed), failed: u64::from(!passed), skipped: 0 }
    }
}

impl Add for Tally {
    type Output = Tally;

    fn add(self, other: Tally) -> Tally {
        Tally {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Tally>>(tallies: I) -> Tally {
        tallies.fold(Tally::default(), Add::add)
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn the_sum_is_reported_in_the_agreed_words() {
        let steps =
            [Tally::one(true), Tally::one(false), Tally { passed: 40, failed: 0, skipped: 2 }];
        assert_eq!(steps.into_iter().sum::<Tally>().to_string(), "41 passed, 1 failed, 2 skipped");
    }
}
