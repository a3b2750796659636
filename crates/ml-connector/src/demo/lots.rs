//! Everything that the demo draws by lot comes from one seed, so that a story can be told again.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// A stream of draws with a name of its own: drawing more of one does not change another.
pub struct Lots(StdRng);

impl Lots {
    #[must_use]
    pub fn new(seed: u64, stream: &str) -> Lots {
        let mixed = stream.bytes().fold(seed, |mixed, byte| {
            mixed.rotate_left(7) ^ u64::from(byte).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        });
        Lots(StdRng::seed_from_u64(mixed))
    }

    /// From `least` to `most`, both included.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        self.0.random_range(least..=most.max(least))
    }

    /// True in `percent` of a hundred.
    pub fn chance(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }

    /// One of a list that is not empty.
    pub fn one_of<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        let last = list.len().saturating_sub(1);
        &list[self.0.random_range(0..=last)]
    }
}
