//! Customer refunds: money that leaves for open credits (netsuite sheet section 9.5).

use super::apply::{self, Payer, Side};
use super::customer_payment;
use super::transaction::{self, posting};
use crate::netsuite::errors::{ApiError, Result};
use crate::netsuite::input::Op;
use crate::netsuite::kind::Kind;
use crate::netsuite::state::State;
use crate::netsuite::store::Record;
use crate::netsuite::values::{Codes, Field, FieldKind, Sublist, must, ro, round, rw, to};

const STATUS: Codes = &[("R", "Paid"), ("V", "Voided")];

pub static FIELDS: &[Field] = &[
    must("customer", "Customer", to(Kind::Customer)),
    must("account", "Account", to(Kind::Account)),
    rw("arAcct", "A/R Account", to(Kind::Account)),
    rw("paymentOption", "Refund Method", FieldKind::Text),
    ro("total", "Total", FieldKind::Money),
    ro("status", "Status", FieldKind::Code(STATUS)),
];

pub static LISTS: &[Sublist] = &[Sublist { name: "apply", key: Some("doc"), fields: apply::LINE }];

/// Checks a refund and writes its lines.
pub fn finish(state: &mut State, old: Option<&Record>, rec: &mut Record, op: &Op) -> Result<()> {
    let Some(account) = rec.reference("account") else {
        return Err(ApiError::missing(&["Account"]));
    };
    transaction::prepare(state, old, rec, op, Some("customer"))?;
    transaction::check_account(state, rec, account, "account")?;
    let record = state.setup(&Kind::Account, account)?;
    let money =
        record.text("acctType") == Some("Bank") || record.text("sSpecAcct") == Some("UndepFunds");
    if !money {
        return Err(ApiError::invalid_field(account, "account", "account"));
    }
    let receivable = transaction::default_receivable(state, rec);
    rec.default("arAcct", || receivable);
    transaction::check_receivable(state, rec, "arAcct")?;
    let payer = Payer { side: Side::Credits, receivable: rec.reference("arAcct"), available: None };
    let total = apply::settle(state, rec, payer)?;
    if total.is_zero() && !rec.voided() {
        return Err(ApiError::user(
            "You must apply this refund to at least one credit before it can be saved.",
        ));
    }
    rec.set_num("total", total);
    if let Some(old) = old
        && state.store.deposit_of(rec.id).is_some()
        && ["customer", "account", "arAcct", "currency", "exchangeRate", "tranDate", "total"]
            .into_iter()
            .any(|field| old.fields.get(field) != rec.fields.get(field))
    {
        return Err(ApiError::user(
            "This transaction has been deposited. You must remove it from the deposit before you \
             can change it.",
        ));
    }
    rec.posting = !rec.voided();
    let main = posting(state, rec, 0, account, -total);
    let mut debit = posting(state, rec, 1, rec.reference("arAcct").unwrap_or_default(), total);
    let places = state.precision(state.base_currency(rec.reference("subsidiary")));
    debit.base = round(apply::at_document_rates(state, rec), places).normalize();
    let loss = -(main.base + debit.base);
    rec.lines = vec![main, debit];
    if !loss.is_zero() {
        let line = customer_payment::exchange_line(state, rec, 2, loss)?;
        rec.lines.push(line);
    }
    transaction::guard(state, old, rec, op)
}
