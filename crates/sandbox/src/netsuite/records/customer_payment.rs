//! Customer payments: where the money goes, what it settles, and what a bank deposit locks
//! (netsuite sheet section 9.3).

use super::apply::{self, Payer, Side};
use super::transaction::{self, posting};
use crate::netsuite::errors::{ApiError, Result};
use crate::netsuite::input::Op;
use crate::netsuite::kind::Kind;
use crate::netsuite::state::State;
use crate::netsuite::store::Record;
use crate::netsuite::values::{Codes, Field, FieldKind, Sublist, Val, must, ro, round, rw, to};
use rust_decimal::Decimal;

/// Statuses of a payment.
pub const STATUS: Codes =
    &[("A", "Unapproved"), ("B", "Not Deposited"), ("C", "Deposited"), ("V", "Voided")];

pub static FIELDS: &[Field] = &[
    must("customer", "Customer", to(Kind::Customer)),
    must("payment", "Payment Amount", FieldKind::Money),
    rw("account", "Account", to(Kind::Account)),
    rw("undepFunds", "Undep. Funds", FieldKind::UndepFunds),
    rw("arAcct", "A/R Account", to(Kind::Account)),
    rw("checkNumber", "Check #", FieldKind::Text),
    rw("autoApply", "Auto Apply", FieldKind::Bool),
    rw("paymentOption", "Payment Option", FieldKind::Text),
    ro("applied", "Applied", FieldKind::Money),
    ro("unapplied", "Unapplied", FieldKind::Money),
    ro("total", "To Apply", FieldKind::Money),
    ro("pending", "Pending", FieldKind::Money),
    ro("balance", "Balance", FieldKind::Money),
    ro("refundedAmountTotalBox", "Refunded", FieldKind::Money),
    ro("status", "Status", FieldKind::Code(STATUS)),
    rw("cleared", "Cleared", FieldKind::Bool),
    rw("clearedDate", "Cleared Date", FieldKind::Date),
];

pub static LISTS: &[Sublist] = &[Sublist { name: "apply", key: Some("doc"), fields: apply::LINE }];

/// Checks a payment and writes its lines.
pub fn finish(state: &mut State, old: Option<&Record>, rec: &mut Record, op: &Op) -> Result<()> {
    settle_account(state, old, rec, op)?;
    transaction::prepare(state, old, rec, op, Some("customer"))?;
    if !rec.fields.contains_key("payment") {
        return Err(ApiError::missing(&["Payment Amount"]));
    }
    let amount = rec.num("payment");
    if amount < Decimal::ZERO {
        return Err(ApiError::invalid_field(amount, "payment", "payment"));
    }
    let receivable = transaction::default_receivable(state, rec);
    rec.default("arAcct", || receivable);
    transaction::check_receivable(state, rec, "arAcct")?;
    let account = rec.reference("account").unwrap_or_default();
    transaction::check_account(state, rec, account, "account")?;
    if let Some(old) = old {
        check_locks(state, old, rec)?;
    }
    let refunded: Decimal = state.store.applied(rec.id).map(|(_, amount)| amount).sum();
    let payer = Payer {
        side: Side::Invoices,
        receivable: rec.reference("arAcct"),
        available: Some(amount - refunded),
    };
    if rec.flag("autoApply") && rec.list("apply").is_empty() && old.is_none() {
        apply::auto(state, rec, payer);
    }
    rec.fields.remove("autoApply");
    let applied = apply::settle(state, rec, payer)?;
    if let Some(old) = old
        && state.settings.refuse_unapply_deposited
        && state.store.deposit_of(rec.id).is_some()
        && apply::takes_back(old, rec)
    {
        return Err(ApiError::user("This payment has been deposited and cannot be unapplied."));
    }
    rec.posting = !rec.voided();
    rec.lines = postings(state, rec, amount, applied)?;
    transaction::guard(state, old, rec, op)
}

/// Decides between Undeposited Funds and a bank account.
fn settle_account(state: &State, old: Option<&Record>, rec: &mut Record, op: &Op) -> Result<()> {
    let undeposited = state.special_account("UndepFunds", rec.reference("subsidiary"));
    let account = rec.reference("account");
    let moved = old.is_none_or(|old| old.reference("account") != account);
    if account.is_some() && account == undeposited && moved && !rec.flag("undepFunds") {
        if !state.settings.undeposited_by_account && !op.person {
            let id = account.unwrap_or_default();
            return Err(ApiError::invalid_field(id, "account", "account"));
        }
        rec.set("undepFunds", Val::Bool(true));
    }
    if account.is_some()
        && account != undeposited
        && moved
        && old.is_some_and(|old| old.flag("undepFunds"))
    {
        rec.set("undepFunds", Val::Bool(false));
    }
    if !rec.fields.contains_key("undepFunds") {
        let preferred = state.preferences.undeposited_funds && account.is_none();
        rec.set("undepFunds", Val::Bool(preferred));
    }
    if rec.flag("undepFunds") {
        let Some(undeposited) = undeposited else {
            return Err(ApiError::user("No Undeposited Funds account is set up."));
        };
        rec.set("account", Val::Ref(undeposited));
        return Ok(());
    }
    let Some(id) = account.filter(|id| Some(*id) != undeposited) else {
        return Err(ApiError::missing(&["Account"]));
    };
    let kind = state.store.get(&Kind::Account, id).and_then(|account| account.text("acctType"));
    match kind {
        Some("Bank") => Ok(()),
        Some("OthCurrAsset") if state.preferences.expand_account_lists => Ok(()),
        _ => Err(ApiError::invalid_field(id, "account", "account")),
    }
}

/// What may no longer change once the payment stands in a bank deposit.
fn check_locks(state: &State, old: &Record, rec: &Record) -> Result<()> {
    if state.store.deposit_of(rec.id).is_none() {
        return Ok(());
    }
    let fields = [
        "customer",
        "payment",
        "account",
        "undepFunds",
        "arAcct",
        "currency",
        "exchangeRate",
        "tranDate",
        "postingPeriod",
        "subsidiary",
    ];
    if fields.into_iter().any(|field| old.fields.get(field) != rec.fields.get(field)) {
        return Err(ApiError::user(
            "This transaction has been deposited. You must remove it from the deposit before you \
             can change it.",
        ));
    }
    Ok(())
}

fn postings(
    state: &State,
    rec: &Record,
    amount: Decimal,
    applied: Decimal,
) -> Result<Vec<crate::netsuite::store::Posting>> {
    let account = rec.reference("account").unwrap_or_default();
    let receivable = rec.reference("arAcct").unwrap_or_default();
    let main = posting(state, rec, 0, account, amount);
    let mut credit = posting(state, rec, 1, receivable, -amount);
    let base = state.base_currency(rec.reference("subsidiary"));
    let places = state.precision(base);
    let left = (amount - applied) * rec.num("exchangeRate");
    credit.base = -round(apply::at_document_rates(state, rec) + left, places).normalize();
    let gain = -(main.base + credit.base);
    let mut lines = vec![main, credit];
    if !gain.is_zero() {
        lines.push(exchange_line(state, rec, 2, gain)?);
    }
    Ok(lines)
}

/// The realised gain (negative: credit) or loss of an application at two rates.
pub fn exchange_line(
    state: &State,
    rec: &Record,
    line: i64,
    base: Decimal,
) -> Result<crate::netsuite::store::Posting> {
    let account = state
        .special_account("RealizedGainLoss", rec.reference("subsidiary"))
        .ok_or_else(|| ApiError::user("No realized gain/loss account is set up."))?;
    let mut exchange = posting(state, rec, line, account, Decimal::ZERO);
    exchange.base = base.normalize();
    Ok(exchange)
}
