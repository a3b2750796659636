//! Fields that follow from other documents: open amounts, applied and unapplied parts, statuses
//! (netsuite sheet sections 8.6 and 10.10).

use crate::netsuite::kind::Kind;
use crate::netsuite::state::State;
use crate::netsuite::store::Record;
use crate::netsuite::values::Val;
use rust_decimal::Decimal;

/// Recomputes the derived fields of a transaction. A document touched by another one's save gets
/// a new `lastModifiedDate` when the settings say so; `own` marks the document saved itself.
pub fn refresh(state: &mut State, id: i64, own: bool) {
    let Some(current) = state.store.transaction(id).cloned() else { return };
    let mut rec = (*current).clone();
    match rec.kind {
        Kind::Invoice => invoice(state, &mut rec),
        Kind::CustomerPayment => payment(state, &mut rec),
        Kind::CreditMemo => credit(state, &mut rec),
        Kind::CustomerRefund => refund(state, &mut rec),
        _ => {}
    }
    let changed = rec.fields != current.fields;
    if !own && state.settings.touch_applied {
        rec.modified = state.now;
    }
    if changed || rec.modified != current.modified {
        let now = state.now;
        state.store.put(now, rec);
    }
}

fn sum_applied(state: &State, id: i64) -> Decimal {
    state.store.applied(id).map(|(_, amount)| amount).sum()
}

fn invoice(state: &State, rec: &mut Record) {
    let paid = sum_applied(state, rec.id);
    let open = if rec.posting { rec.num("total") - paid } else { rec.num("total") };
    rec.set_num("amountPaid", paid);
    rec.set_num("amountRemaining", open);
    let code = match rec.text("approvalStatus") {
        _ if rec.voided() => "V",
        Some("1") => "D",
        Some("3") => "E",
        _ if open.is_zero() => "B",
        _ => "A",
    };
    rec.set_code("status", code);
    close(state, rec, code == "B");
}

fn close(state: &State, rec: &mut Record, closed: bool) {
    if closed {
        let today = state.today();
        rec.default("$closeDate", || Some(Val::Date(today)));
    } else {
        rec.fields.remove("$closeDate");
    }
}

fn payment(state: &State, rec: &mut Record) {
    let applied: Decimal = rec.applied_to().map(|(_, amount)| amount).sum();
    let refunded = sum_applied(state, rec.id);
    let total = rec.num("payment");
    rec.set_num("applied", applied);
    rec.set_num("total", applied);
    rec.set_num("refundedAmountTotalBox", refunded);
    let left = if rec.voided() { Decimal::ZERO } else { total - applied - refunded };
    rec.set_num("unapplied", left);
    let deposited = state.store.deposit_of(rec.id).is_some();
    let code = match (rec.voided(), rec.flag("undepFunds"), deposited) {
        (true, _, _) => "V",
        (false, true, false) => "B",
        (false, _, _) => "C",
    };
    rec.set_code("status", code);
    let closed = left.is_zero();
    close(state, rec, closed);
}

fn credit(state: &State, rec: &mut Record) {
    let applied: Decimal = rec.applied_to().map(|(_, amount)| amount).sum();
    let refunded = sum_applied(state, rec.id);
    let total = rec.num("total");
    let left = total - applied - refunded;
    rec.set_num("applied", applied + refunded);
    rec.set_num("amountPaid", applied + refunded);
    rec.set_num("unapplied", left);
    rec.set_num("amountRemaining", left);
    let code = match (rec.voided(), left.is_zero()) {
        (true, _) => "V",
        (false, true) => "B",
        (false, false) => "A",
    };
    rec.set_code("status", code);
    let closed = left.is_zero();
    close(state, rec, closed);
}

fn refund(state: &State, rec: &mut Record) {
    let total: Decimal = rec.applied_to().map(|(_, amount)| amount).sum();
    rec.set_num("total", total);
    rec.set_code("status", if rec.voided() { "V" } else { "R" });
    let deposited = state.store.deposit_of(rec.id).is_some();
    rec.set("$deposited", Val::Bool(deposited));
}
