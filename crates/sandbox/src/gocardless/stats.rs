//! Counts of what was asked and what struck, for the ground truth.

use std::collections::BTreeMap;

/// Counts since the start or the last reset.
#[derive(Debug, Clone, Default)]
pub struct Stats {
    /// Requests by method and path template.
    pub requests: BTreeMap<String, u64>,
    /// Answers by status.
    pub statuses: BTreeMap<u16, u64>,
    /// 429 answers, by the limit or by a fault.
    pub too_many_requests: u64,
    /// Faults that struck, by kind.
    pub faults: BTreeMap<&'static str, u64>,
}

impl Stats {
    /// One more fault of this kind.
    pub fn struck(&mut self, kind: &'static str) {
        *self.faults.entry(kind).or_default() += 1;
    }
}
