//! What later seeds have beside: drawn apart from the rest, and only from a certain seed on, so that the
//! stories that were told before stay as they were.

use crate::choices::{Dice, chance_at};
use crate::moves::Family;
use crate::profile::Profile;
use crate::random::Random;
use crate::world::erp::CURRENCY;

/// Seeds before this one come to rest at their end alone, and their links have one limit at most.
pub const FROM: u64 = 12_000_000;

/// Seeds before this one have one link at a time, and clocks that hosts ask for the time.
pub const LINKS_FROM: u64 = 13_000_000;

/// Seeds from this one on have everything: where an exploration begins.
pub const NEWEST_FROM: u64 = LINKS_FROM;

/// Chances in ten thousand that a quiet point comes after a step, where there are some.
const CALM: [u32; 2] = [400, 1_000];

/// Minor units, of which an invoice has up to 50,000.
const LIMITS: [i64; 4] = [8_000, 20_000, 40_000, 70_000];

/// By how much a clock may be off that somebody set wrongly, either way.
const WRONG_SECONDS: i64 = 1_200;

/// What this seed has beside.
pub fn widen(profile: &mut Profile, seed: u64) {
    if seed < FROM {
        return;
    }
    let mut random = chance_at(seed, Dice::Focus, [4, 0, 0]);
    if random.chance(3_500) {
        profile.calm = random.pick(&CALM).copied().unwrap_or(CALM[0]);
    }
    if random.chance(1_500) {
        limit(profile, &mut random);
    }
    if seed < LINKS_FROM {
        return;
    }
    if random.chance(1_200) {
        profile.families.extend([Family::SecondLink; 2]);
    }
    if random.chance(2_500) {
        profile.skew_seconds = WRONG_SECONDS;
    }
}

/// The link has one limit of amounts or of runs, or two.
pub fn limit(profile: &mut Profile, random: &mut Random) {
    let limits = &mut profile.policy.limits;
    for _ in 0..2 {
        let amount = random.pick(&LIMITS).copied().unwrap_or(LIMITS[0]);
        let code = CURRENCY.code().to_owned();
        match random.below(4) {
            0 => drop(limits.invoice_max.insert(code, amount)),
            1 => drop(limits.day_max.insert(code, amount)),
            2 => drop(limits.run_max.insert(code, amount)),
            _ => limits.run_count_max = Some(if amount > LIMITS[1] { 2 } else { 1 }),
        }
    }
}
