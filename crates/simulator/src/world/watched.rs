//! What only an onlooker knows: who holds which lease, which sends were never looked for,
//! and what people allowed.

use std::collections::{BTreeMap, BTreeSet};

use model::ids::InvoiceId;
use model::key::Key;
use store::rows::{CaseId, Claimed, LookResult, Saved};

#[derive(Debug, Default)]
pub struct Watched {
    /// Keys whose last send ended without a certain outcome, until somebody looks for it.
    pub unlooked: BTreeSet<Key>,
    /// Keys that were sent at least once.
    pub sent: BTreeSet<Key>,
    /// Invoices of which a person said, or ticked, that they may be collected again.
    pub released: BTreeSet<InvoiceId>,
    /// The epoch of the newest claim of each case.
    epochs: BTreeMap<CaseId, i64>,
    /// The case of each command.
    cases: BTreeMap<Key, CaseId>,
}

impl Watched {
    pub fn claimed(&mut self, claimed: &[Claimed]) {
        self.epochs.extend(claimed.iter().map(|one| (one.id, one.epoch)));
    }

    fn is_lost(&self, case: CaseId, epoch: i64) -> bool {
        self.epochs.get(&case).is_some_and(|newest| *newest != epoch)
    }

    /// A look was saved; under a lease that somebody else has by now it must not be.
    pub fn saved(&mut self, look: &LookResult, saved: &Saved) -> Option<String> {
        if *saved == Saved::LeaseLost {
            return None;
        }
        let command = look.command.iter().map(|new| (new.command.key.clone(), look.case));
        self.cases.extend(command);
        let lost = self.is_lost(look.case, look.epoch);
        lost.then(|| format!("P6: a look at case {} is saved under a lost lease", look.case))
    }

    /// A send was begun, or withheld.
    pub fn begun(&self, key: &Key, epoch: i64, begun: bool) -> Option<String> {
        let lost = self.cases.get(key).is_some_and(|case| self.is_lost(*case, epoch));
        (begun && lost).then(|| format!("P6: {key} is sent under a lost lease"))
    }
}
