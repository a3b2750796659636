//! Stretches in which a system refuses everything: its servers are down, it has been asked too often, or
//! our credentials are refused.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

use super::systems::Strike;
use crate::faults::Fault;
use crate::world::World;

/// Minutes of a stretch.
const MINUTES: (i64, i64) = (1, 40);

/// The stretches that were begun.
#[derive(Debug)]
pub struct Bursts {
    /// By the place of their system.
    held: Mutex<BTreeMap<usize, (Timestamp, Strike)>>,
    /// Some of them are of 429.
    throttles: bool,
}

impl Bursts {
    #[must_use]
    pub fn new(throttles: bool) -> Bursts {
        Bursts { held: Mutex::default(), throttles }
    }

    /// What strikes a request to this system now; a stretch may begin with it.
    #[must_use]
    pub fn at(&self, nth: usize, now: Timestamp, world: &World) -> Option<Strike> {
        let mut faults = world.faults();
        let begins = match (faults.strikes(Fault::Burst), faults.strikes(Fault::Unauthorised)) {
            (true, _) if self.throttles && faults.between(0, 1) == 0 => Some(Strike::TooMany),
            (true, _) => Some(Strike::ServerError),
            (false, true) => Some(Strike::Unauthorised),
            (false, false) => None,
        };
        let minutes = faults.between(MINUTES.0, MINUTES.1);
        drop(faults);
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(strike) = begins {
            held.insert(nth, (now + SignedDuration::from_mins(minutes), strike));
        }
        held.get(&nth).filter(|(until, _)| *until > now).map(|(_, strike)| *strike)
    }

    /// Ends every stretch.
    pub fn end(&self) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}
