//! What a story ends with: where every case stands, and, when a promise was broken, what became of
//! the money in truth.

use store::Store;
use store::rows::CaseFilter;

use crate::at_once::at_once;
use crate::world::World;

/// More cases than a simulation has.
const CASES_MAX: u32 = 10_000;

/// Where every case stands, for whoever reads the story.
pub fn tell_cases(world: &World, store: &dyn Store) {
    let all = CaseFilter { limit: CASES_MAX, ..CaseFilter::default() };
    for case in at_once(store.cases(&all)).unwrap_or_default() {
        let reason = case.reason.map_or_else(String::new, |reason| reason.sentence());
        world.tell(&format!("{}: {:?}, {reason}", case.key, case.stage));
    }
}

/// Payments, what the payouts hold of them, and the documents in the books.
pub fn tell_truth(world: &World) {
    let mut lines = Vec::new();
    let state = world.state();
    for (id, row) in &state.processor.payments {
        let invoice = row.invoice().map_or_else(|| "nothing".to_owned(), |id| id.to_string());
        lines.push(format!("{id} of {invoice}: {}, {:?}", row.amount, row.status));
    }
    for (id, row) in &state.processor.payouts {
        lines.push(format!("{id}: {}, {:?}", row.payout.amount.minor, row.payout.status));
        for item in &row.items {
            let of = item.refund.as_ref().map(ToString::to_string);
            let of = of.or_else(|| item.collection.as_ref().map(ToString::to_string));
            let of = of.unwrap_or_default();
            lines.push(format!("  {} {:?} {} {of}", item.ordinal, item.kind, item.amount));
        }
    }
    let void = |voided: bool| if voided { ", void" } else { "" };
    for (id, row) in &state.books.receipts {
        let key = row.key.as_ref().map_or("by hand", |key| key.as_str());
        let (amount, free, void) = (row.amount, row.unapplied(), void(row.voided));
        let (deposit, on) = (row.deposit.as_ref().map_or("none", |id| id.as_str()), row.dated_on);
        lines.push(format!(
            "receipt {id} {key}: {amount}, {free} free, in {deposit}, on {on}{void}"
        ));
    }
    for (id, row) in &state.books.refunds {
        let from = row.from.as_ref().map_or("undeposited", |from| from.as_str());
        let (key, amount, void) = (&row.key, row.amount, void(row.voided));
        lines.push(format!(
            "refund {id} {key}: {amount} of {} from {from}, on {}{void}",
            row.receipt, row.dated_on
        ));
    }
    for (id, row) in &state.books.deposits {
        let key = row.key.as_ref().map_or("by hand", |key| key.as_str());
        let (receipts, refunds) = (&row.receipts, &row.refunds);
        let (total, on, void) = (row.total, row.dated_on, void(row.voided));
        lines
            .push(format!("deposit {id} {key}: {total}, {receipts:?}, {refunds:?}, on {on}{void}"));
    }
    drop(state);
    lines.iter().for_each(|line| world.tell(line));
}
