//! P4: the bank lines of all documents of a payout sum to the payout, to the penny.

use model::ids::{LedgerAccountId, PayoutId};
use model::key::Key;
use model::payout::PayoutStatus;

use crate::world::State;
use crate::world::erp::{BANK, EXCHANGE_CLEARING};

/// What the documents of a payout put on the bank account.
#[must_use]
pub fn at_bank(state: &State, payout: &PayoutId) -> i64 {
    let books = &state.books;
    let row = state.processor.payouts.get(payout);
    let exchanged = row.is_some_and(|row| row.payout.exchange.is_some());
    let bank = LedgerAccountId::from(if exchanged { EXCHANGE_CLEARING } else { BANK });
    let of_payout = |key: &Option<Key>| {
        key.as_ref().and_then(|key| key.as_str().split('/').nth(1)) == Some(payout.as_str())
    };
    let lines = books.lines_on(&bank);
    let ours: i64 = lines.iter().filter(|(key, _)| of_payout(key)).map(|(_, m)| m).sum();
    let by_hand = books.deposits.values().filter(|row| row.key.is_none() && !row.voided);
    let there = by_hand.filter(|row| row.bank == bank).map(|row| {
        let receipts = row.receipts.iter().filter_map(|id| books.receipts.get(id));
        let of_payout: Vec<_> =
            receipts.filter(|one| one.payout.as_ref() == Some(payout)).collect();
        let beside: i64 = row.lines.iter().map(|line| line.amount.minor).sum();
        let gross: i64 = of_payout.iter().map(|one| one.amount).sum();
        if of_payout.is_empty() { 0 } else { gross + beside }
    });
    ours + there.sum::<i64>()
}

/// Every paid payout that `booked` says is in the books must be there in full.
#[must_use]
pub fn check(state: &State, booked: impl Fn(&PayoutId) -> bool) -> Vec<String> {
    let paid = state
        .processor
        .payouts
        .iter()
        .filter(|(id, row)| row.payout.status == PayoutStatus::Paid && booked(id));
    let wrong = paid.filter_map(|(id, row)| {
        let at_bank = at_bank(state, id);
        let amount = row.payout.amount.minor;
        (at_bank != amount).then(|| {
            format!("P4: payout {id} is {amount}, its documents put {at_bank} on the bank account")
        })
    });
    wrong.collect()
}
