//! The one source of chance: a small generator of our own, so that a seed tells the same story after
//! any dependency was updated.

/// SplitMix64 (Steele, Lea, Flood 2014): tiny, and good enough to choose moves.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    #[must_use]
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// A generator for one place, named by numbers: others ask as often as they like.
    #[must_use]
    pub fn at(seed: u64, place: &[u64]) -> Random {
        let mut random = Random(seed);
        for part in place {
            let mixed = random.draw() ^ part.wrapping_mul(0xD6E8_FEB8_6659_FD93);
            random = Random(mixed);
        }
        Random(random.draw())
    }

    /// A generator of its own for one part of the simulation, so that a part that asks more often
    /// does not change what the others are given.
    #[must_use]
    pub fn fork(&mut self) -> Random {
        Random(self.draw())
    }

    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// From 0 up to, and without, `end`; 0 when `end` is 0.
    pub fn below(&mut self, end: u64) -> u64 {
        self.draw().checked_rem(end).unwrap_or(0)
    }

    /// From `first` to `last`, both included.
    pub fn between(&mut self, first: i64, last: i64) -> i64 {
        let span = u64::try_from(last - first).unwrap_or(0).saturating_add(1);
        first + i64::try_from(self.below(span)).unwrap_or(0)
    }

    /// True this many times in ten thousand.
    pub fn chance(&mut self, per_ten_thousand: u32) -> bool {
        self.below(10_000) < u64::from(per_ten_thousand)
    }

    pub fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let nth = usize::try_from(self.below(from.len() as u64)).unwrap_or(0);
        from.get(nth)
    }

    /// Any order of the given things.
    pub fn shuffle<T>(&mut self, things: &mut [T]) {
        for last in (1..things.len()).rev() {
            let other = usize::try_from(self.below(last as u64 + 1)).unwrap_or(0);
            things.swap(last, other);
        }
    }
}
