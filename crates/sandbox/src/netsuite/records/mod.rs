//! The rules of each record type: one file per type, each with its field table, its checks on
//! save, and its lines in the ledger.

pub mod apply;
pub mod credit_memo;
pub mod customer;
pub mod customer_payment;
pub mod customer_refund;
pub mod deposit;
pub mod derived;
pub mod invoice;
pub mod item_lines;
pub mod journal_entry;
pub mod lists;
pub mod transaction;

use super::errors::{ApiError, Result};
use super::input::Op;
use super::kind::Kind;
use super::state::State;
use super::store::Record;
use std::collections::BTreeSet;

/// Checks and stores a record, and brings every document it touches up to date.
pub fn save(state: &mut State, old: Option<&Record>, mut rec: Record, op: &Op) -> Result<i64> {
    if !op.person
        && let Some(text) = state.faults.on_save(rec.rest_name())
    {
        return Err(ApiError::user(text));
    }
    if old.is_some_and(Record::voided) {
        return Err(ApiError::user("This transaction has been voided and cannot be changed."));
    }
    match rec.kind {
        Kind::Invoice => invoice::finish(state, old, &mut rec, op)?,
        Kind::CustomerPayment => customer_payment::finish(state, old, &mut rec, op)?,
        Kind::CreditMemo => credit_memo::finish(state, old, &mut rec, op)?,
        Kind::CustomerRefund => customer_refund::finish(state, old, &mut rec, op)?,
        Kind::Deposit => deposit::finish(state, old, &mut rec, op)?,
        Kind::JournalEntry => journal_entry::finish(state, old, &mut rec, op)?,
        Kind::Customer => customer::finish(state, old, &mut rec, op)?,
        _ => lists::finish(state, old, &mut rec, op)?,
    }
    state.check_external_id(&rec)?;
    if rec.id == 0 {
        rec.id = state.store.next_id(&rec.kind.space());
    }
    rec.modified = state.now;
    let id = rec.id;
    let touched = touched(old, Some(&rec));
    let now = state.now;
    state.store.put(now, rec);
    if state.store.transaction(id).is_some() {
        derived::refresh(state, id, true);
    }
    for doc in touched {
        derived::refresh(state, doc, false);
    }
    Ok(id)
}

/// Deletes a record if nothing hangs on it.
pub fn delete(state: &mut State, rec: &Record, op: &Op) -> Result<()> {
    if rec.kind.is_transaction() {
        // One that was voided by a reversing journal is linked to that journal.
        let linked = state.store.applied(rec.id).next().is_some()
            || state.store.deposit_of(rec.id).is_some()
            || (rec.voided() && rec.posting);
        if linked {
            return Err(ApiError::user(
                "This transaction cannot be deleted because it is linked to by one or more \
                 transactions.",
            ));
        }
        if let Some(period) = rec.reference("postingPeriod") {
            super::periods::check(state, period, rec.customer().is_some(), rec.posting, op)?;
        }
    } else if in_use(state, rec) {
        return Err(ApiError::user(
            "This record cannot be deleted because it has dependent records.",
        ));
    }
    let now = state.now;
    state.store.remove(now, rec);
    for doc in touched(Some(rec), None) {
        derived::refresh(state, doc, false);
    }
    Ok(())
}

fn in_use(state: &State, rec: &Record) -> bool {
    let space = super::kind::Space::Transaction;
    let in_lines = |tran: &Record| tran.lines.iter().any(|line| line.account == rec.id);
    match rec.kind {
        Kind::Customer => state.store.all(&space).any(|tran| tran.customer() == Some(rec.id)),
        Kind::Account => state.store.all(&space).any(|tran| in_lines(tran)),
        Kind::Custom(_) => false,
        _ => true,
    }
}

/// Documents that a record applies to or deposits, before or after.
fn touched(old: Option<&Record>, new: Option<&Record>) -> BTreeSet<i64> {
    let mut ids = BTreeSet::new();
    for record in [old, new].into_iter().flatten() {
        ids.extend(record.applied_to().map(|(doc, _)| doc));
        ids.extend(record.deposits());
    }
    ids
}
