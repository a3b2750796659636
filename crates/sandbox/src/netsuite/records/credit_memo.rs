//! Credit memos (netsuite sheet section 9.4).

use super::apply::{self, Payer, Side};
use super::{customer_payment, item_lines, transaction};
use crate::netsuite::errors::{ApiError, Result};
use crate::netsuite::input::Op;
use crate::netsuite::kind::Kind;
use crate::netsuite::state::State;
use crate::netsuite::store::Record;
use crate::netsuite::values::{Codes, Field, FieldKind, Sublist, Target, must, ro, round, rw, to};
use rust_decimal::Decimal;

const STATUS: Codes = &[("A", "Open"), ("B", "Fully Applied"), ("V", "Voided")];

pub static FIELDS: &[Field] = &[
    must("entity", "Customer", to(Kind::Customer)),
    rw("account", "Account", to(Kind::Account)),
    rw("otherRefNum", "PO #", FieldKind::Text),
    rw("autoApply", "Auto Apply", FieldKind::Bool),
    rw("discountItem", "Discount", to(Kind::Item)),
    rw("discountRate", "Rate", FieldKind::Money),
    rw("createdFrom", "Created From", FieldKind::Ref(Target::Transaction)),
    ro("subtotal", "Subtotal", FieldKind::Money),
    ro("taxTotal", "Tax", FieldKind::Money),
    ro("discountTotal", "Discount Total", FieldKind::Money),
    ro("total", "Total", FieldKind::Money),
    ro("applied", "Applied", FieldKind::Money),
    ro("unapplied", "Unapplied", FieldKind::Money),
    ro("amountPaid", "Amount Paid", FieldKind::Money),
    ro("amountRemaining", "Amount Remaining", FieldKind::Money),
    ro("status", "Status", FieldKind::Code(STATUS)),
];

pub static LISTS: &[Sublist] = &[
    Sublist { name: "item", key: Some("line"), fields: item_lines::LINE },
    Sublist { name: "apply", key: Some("doc"), fields: apply::LINE },
];

/// Checks a credit memo and writes its lines.
pub fn finish(state: &mut State, old: Option<&Record>, rec: &mut Record, op: &Op) -> Result<()> {
    transaction::prepare(state, old, rec, op, Some("entity"))?;
    if let Some(old) = old {
        item_lines::forget_amounts(old, rec);
    }
    item_lines::total_up(state, rec)?;
    let receivable = transaction::default_receivable(state, rec);
    rec.default("account", || receivable);
    transaction::check_receivable(state, rec, "account")?;
    let refunded: Decimal = state.store.applied(rec.id).map(|(_, amount)| amount).sum();
    let available = rec.num("total") - refunded;
    if available < Decimal::ZERO {
        return Err(ApiError::user(
            "The total of this transaction cannot be less than the amount already refunded.",
        ));
    }
    let payer = Payer {
        side: Side::Invoices,
        receivable: rec.reference("account"),
        available: Some(available),
    };
    if rec.flag("autoApply") && rec.list("apply").is_empty() && old.is_none() {
        apply::auto(state, rec, payer);
    }
    rec.fields.remove("autoApply");
    let applied = apply::settle(state, rec, payer)?;
    rec.posting = !rec.voided();
    rec.lines = item_lines::postings(state, rec, Decimal::NEGATIVE_ONE)?;
    add_exchange(state, rec, applied)?;
    transaction::guard(state, old, rec, op)
}

/// The realised gain or loss of applying the credit to invoices of other rates.
fn add_exchange(state: &State, rec: &mut Record, applied: Decimal) -> Result<()> {
    let base = state.base_currency(rec.reference("subsidiary"));
    let places = state.precision(base);
    let own = applied * rec.num("exchangeRate");
    let difference = round(apply::at_document_rates(state, rec) - own, places);
    if difference.is_zero() {
        return Ok(());
    }
    let next = rec.lines.iter().map(|line| line.line).max().unwrap_or_default() + 1;
    let exchange = customer_payment::exchange_line(state, rec, next, difference)?;
    if let Some(main) = rec.lines.first_mut() {
        main.base = (main.base - difference).normalize();
    }
    rec.lines.push(exchange);
    Ok(())
}
