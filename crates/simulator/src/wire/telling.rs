//! What a story ends with: where every case stands, and, when a promise was broken, what became of
//! open commands and of the money.

use std::collections::BTreeSet;

use model::case::CaseKey;
use model::reason::ReasonCode;
use store::rows::{CaseFilter, CaseRow, open_states};

use super::worker::Site;
use crate::at_once::at_once;

/// Rows of a case's history that a story ends with.
const HISTORY_TOLD: usize = 16;

/// Where every case stands, for whoever reads the story.
pub fn tell_cases(site: &Site) {
    let all = CaseFilter { limit: 10_000, ..CaseFilter::default() };
    for case in at_once(site.store.cases(&all)).unwrap_or_default() {
        let reason = case.reason.map_or_else(String::new, |reason| reason.sentence());
        site.world.tell(&format!("{}: {:?}, {reason}", case.key, case.stage));
    }
}

/// Commands that are open or refused, with what became of their cases lately.
pub fn tell_open_commands(site: &Site) {
    let store = site.store.as_ref();
    let open = at_once(store.commands(&open_states(), 100)).unwrap_or_default();
    let mut cases: BTreeSet<CaseKey> = BTreeSet::new();
    for row in open {
        site.world.tell(&format!("{} is {:?}: {:?}", row.view.key, row.view.state, row.view.write));
        cases.insert(row.case_key);
    }
    let all = CaseFilter { limit: 10_000, ..CaseFilter::default() };
    let rejected = at_once(store.cases(&all)).unwrap_or_default().into_iter();
    let is_rejected = |row: &CaseRow| {
        row.reason.as_ref().is_some_and(|reason| reason.code == ReasonCode::Rejected)
    };
    cases.extend(rejected.filter(is_rejected).map(|row| row.key));
    for case in cases {
        let mut history = at_once(store.history(&case)).unwrap_or_default();
        history.sort_by_key(|row| row.seq);
        let skipped = history.len().saturating_sub(HISTORY_TOLD);
        site.world.tell(&format!("{case}:"));
        for row in history.into_iter().skip(skipped) {
            site.world.tell(&format!("  {} {} {}", row.at, row.what, row.body));
        }
    }
}

/// What really happened to the money.
pub fn tell_truth(site: &Site) {
    let Ok(truth) = site.outside.truth() else { return };
    for payment in truth.payments.values() {
        let steps: Vec<String> = payment
            .history
            .iter()
            .map(|(at, status, _)| format!("{status} {}", at.strftime("%m-%d %H:%M")))
            .collect();
        let invoice = payment.invoice.as_deref().unwrap_or("nothing");
        site.world.tell(&format!(
            "{} of {} for {invoice}: {}",
            payment.id,
            payment.amount,
            steps.join(", ")
        ));
    }
    for payout in &truth.payouts {
        site.world.tell(&format!("{} of {}, paid {}", payout.id, payout.amount, payout.paid));
        for item in payout.items.iter().filter(|item| item.payment.is_some()) {
            let payment = item.payment.as_deref().unwrap_or_default();
            site.world
                .tell(&format!("  {} {} {} of {payment}", item.ordinal, item.name, item.amount));
        }
    }
    for document in truth.documents.iter().filter(|one| one.stamp.is_some()) {
        let stamp = document.stamp.as_deref().unwrap_or_default();
        let void = if document.voided { ", void" } else { "" };
        site.world.tell(&format!(
            "{:?} {} {stamp}: {}, unapplied {}{void}",
            document.kind,
            document.id,
            document.size(),
            document.unapplied
        ));
    }
}
