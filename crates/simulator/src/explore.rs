//! Many seeds, on several threads, each story alone in its own world; and what they came to.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::faults::Fault;
use crate::simulation::Outcome;

/// What an exploration came to.
#[derive(Debug, Default)]
pub struct Explored {
    pub seeds: u64,
    pub looks: u64,
    pub faults: BTreeMap<Fault, u64>,
    /// Seeds that broke a promise, with the words; in their order.
    pub broken: BTreeMap<u64, Vec<String>>,
}

impl Explored {
    /// Kinds that never struck: what was explored says nothing about them.
    #[must_use]
    pub fn never_struck<'a>(&self, kinds: impl IntoIterator<Item = &'a Fault>) -> Vec<Fault> {
        let struck = |fault: &Fault| self.faults.get(fault).is_some_and(|count| *count > 0);
        kinds.into_iter().filter(|fault| !struck(fault)).copied().collect()
    }

    /// All faults of all kinds.
    #[must_use]
    pub fn faults_in_all(&self) -> u64 {
        self.faults.values().sum()
    }

    fn add(&mut self, outcome: Outcome) {
        self.seeds += 1;
        self.looks += outcome.looks;
        for (fault, count) in outcome.faults {
            *self.faults.entry(fault).or_default() += count;
        }
        if !outcome.violations.is_empty() {
            self.broken.insert(outcome.seed, outcome.violations);
        }
    }

    fn join(&mut self, other: Explored) {
        self.seeds += other.seeds;
        self.looks += other.looks;
        for (fault, count) in other.faults {
            *self.faults.entry(fault).or_default() += count;
        }
        self.broken.extend(other.broken);
    }
}

/// How long, and whether it goes on after a broken promise.
#[derive(Debug, Clone)]
pub struct Bounds {
    pub seeds: Range<u64>,
    pub threads: usize,
    pub all: bool,
}

/// Runs seeds until they are used up, `over` says so, or a promise is broken.
pub fn explore(
    bounds: &Bounds,
    run: impl Fn(u64) -> Outcome + Sync,
    over: impl Fn() -> bool + Sync,
) -> Explored {
    let next = AtomicU64::new(bounds.seeds.start);
    let stop = AtomicBool::new(false);
    let work = || {
        let mut explored = Explored::default();
        while !stop.load(Ordering::Relaxed) && !over() {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= bounds.seeds.end {
                break;
            }
            explored.add(run(seed));
            if !bounds.all && !explored.broken.is_empty() {
                stop.store(true, Ordering::Relaxed);
            }
        }
        explored
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..bounds.threads).map(|_| scope.spawn(work)).collect();
        let mut explored = work();
        for other in others {
            match other.join() {
                Ok(theirs) => explored.join(theirs),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        explored
    })
}
