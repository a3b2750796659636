//! Full jitter without global randomness: a small generator seeded from the connection and the
//! clock, so that the simulator replays a seed byte for byte and two replicas still differ.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// splitmix64 over a counter.
pub struct Jitter {
    state: AtomicU64,
}

const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

impl Jitter {
    /// `name` keeps connections apart, `moment` (the clock at start) keeps replicas apart.
    #[must_use]
    pub fn new(name: &str, moment: u64) -> Jitter {
        // FNV-1a: any spread will do.
        let seed = name.bytes().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3)
        });
        Jitter { state: AtomicU64::new(seed ^ moment) }
    }

    /// A number below `bound`; 0 for a bound of 0.
    pub fn below(&self, bound: u64) -> u64 {
        let mut mixed = self.state.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        if bound == 0 { 0 } else { mixed % bound }
    }

    /// A duration of whole milliseconds from 0 up to `most`.
    pub fn up_to(&self, most: Duration) -> Duration {
        let milliseconds = u64::try_from(most.as_millis()).unwrap_or(u64::MAX - 1);
        Duration::from_millis(self.below(milliseconds.saturating_add(1)))
    }
}
