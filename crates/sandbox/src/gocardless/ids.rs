//! Identifiers as the API makes them: a prefix and 12 or 26 upper-case characters, both lengths
//! mixed so that clients do not depend on one (gocardless sheet sections 3 and 26).

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// Crockford's base 32, as in the newer identifiers.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Makes identifiers and other texts, deterministically from a seed.
#[derive(Debug, Clone)]
pub struct Ids {
    random: StdRng,
}

impl Ids {
    /// A generator of its own stream.
    pub fn new(seed: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed) }
    }

    /// `count` characters of the identifier alphabet.
    pub fn text(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(ALPHABET[self.random.random_range(0..32_usize)])).collect()
    }

    /// A new identifier: of the old length (`PM000AKFMGN3K2`) or the new one (`MD01KS2N…`).
    pub fn id(&mut self, prefix: &str) -> String {
        if self.random.random_range(0..2_u8) == 0 {
            format!("{prefix}000{}", self.text(9))
        } else {
            format!("{prefix}01{}", self.text(24))
        }
    }

    /// A request id, as in `X-Request-Id`.
    pub fn request_id(&mut self) -> String {
        let mut hex = |digits: usize| -> String {
            (0..digits)
                .map(|_| char::from(b"0123456789ABCDEF"[self.random.random_range(0..16_usize)]))
                .collect()
        };
        format!("{}_{}_{}_{}", hex(12), hex(12), hex(8), hex(8))
    }

    /// `count` decimal digits.
    pub fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + self.random.random_range(0..10_u8))).collect()
    }

    /// A number below `limit` (0 for 0).
    pub fn below(&mut self, limit: u64) -> u64 {
        if limit == 0 { 0 } else { self.random.random_range(0..limit) }
    }
}
