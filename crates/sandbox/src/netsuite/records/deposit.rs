//! Bank deposits: undeposited payments and refunds, other money, cash back
//! (netsuite sheet section 9.6).

use super::customer_payment::exchange_line;
use super::transaction::{self, check_account, posting};
use crate::netsuite::errors::{ApiError, Result};
use crate::netsuite::input::Op;
use crate::netsuite::kind::Kind;
use crate::netsuite::state::State;
use crate::netsuite::store::{Record, flag_of, num_of, ref_of, text_of};
use crate::netsuite::values::{
    Field, FieldKind, Line, Sublist, Target, Val, must, once, ro, rw, to,
};
use rust_decimal::Decimal;
use std::collections::BTreeSet;

pub static FIELDS: &[Field] = &[
    must("account", "Account", to(Kind::Account)),
    once("exchangeRate", "Exchange Rate", FieldKind::Number),
    ro("total", "Total", FieldKind::Money),
    ro("isBaseCurrency", "Base Currency", FieldKind::Bool),
];

static PAYMENT: &[Field] = &[
    rw("deposit", "Deposit", FieldKind::Bool),
    rw("id", "Id", FieldKind::Ref(Target::Transaction)),
    ro("docDate", "Date", FieldKind::Date),
    ro("docNumber", "Number", FieldKind::Text),
    ro("entity", "Name", to(Kind::Customer)),
    ro("type", "Type", FieldKind::Code(&[])),
    ro("currency", "Currency", to(Kind::Currency)),
    ro("paymentAmount", "Payment", FieldKind::Money),
    ro("transactionAmount", "Amount", FieldKind::Money),
    ro("lineId", "Line", FieldKind::Integer),
    rw("memo", "Memo", FieldKind::Text),
    rw("refNum", "Ref No.", FieldKind::Text),
];

static OTHER: &[Field] = &[
    rw("account", "Account", to(Kind::Account)),
    rw("amount", "Amount", FieldKind::Money),
    rw("entity", "Name", to(Kind::Customer)),
    rw("memo", "Memo", FieldKind::Text),
    rw("refNum", "Number", FieldKind::Text),
    rw("department", "Department", to(Kind::Department)),
    rw("class", "Class", to(Kind::Classification)),
    rw("location", "Location", to(Kind::Location)),
];

static CASHBACK: &[Field] = &[
    rw("account", "Account", to(Kind::Account)),
    rw("amount", "Amount", FieldKind::Money),
    rw("memo", "Memo", FieldKind::Text),
    rw("department", "Department", to(Kind::Department)),
    rw("class", "Class", to(Kind::Classification)),
    rw("location", "Location", to(Kind::Location)),
];

pub static LISTS: &[Sublist] = &[
    Sublist { name: "payment", key: Some("id"), fields: PAYMENT },
    Sublist { name: "other", key: None, fields: OTHER },
    Sublist { name: "cashback", key: None, fields: CASHBACK },
];

/// Checks a deposit and writes its lines.
pub fn finish(state: &mut State, old: Option<&Record>, rec: &mut Record, op: &Op) -> Result<()> {
    let Some(account) = rec.reference("account") else {
        return Err(ApiError::missing(&["Account"]));
    };
    transaction::prepare(state, old, rec, op, None)?;
    check_bank(state, rec, account)?;
    let mut total = settle_payments(state, rec)?;
    for (list, sign) in [("other", Decimal::ONE), ("cashback", Decimal::NEGATIVE_ONE)] {
        total += sign * check_money(state, rec, list)?;
    }
    let empty = |list: &str| rec.list(list).is_empty();
    if empty("payment") && empty("other") && empty("cashback") {
        return Err(ApiError::user("You must enter at least one line item for this transaction."));
    }
    if total < Decimal::ZERO {
        return Err(ApiError::user("The total can not be negative."));
    }
    let base = state.base_currency(rec.reference("subsidiary"));
    rec.set_num("total", total);
    rec.set("isBaseCurrency", Val::Bool(rec.reference("currency") == base));
    rec.posting = !rec.voided();
    write_lines(state, rec, account, total)?;
    transaction::guard(state, old, rec, op)
}

/// The account is a bank account of the deposit's own currency and subsidiary.
fn check_bank(state: &State, rec: &Record, account: i64) -> Result<()> {
    check_account(state, rec, account, "account")?;
    let record = state.setup(&Kind::Account, account)?;
    if record.text("acctType") != Some("Bank") {
        return Err(ApiError::invalid_field(account, "account", "account"));
    }
    let base = state.base_currency(rec.reference("subsidiary"));
    let own = record.reference("currency").or(base);
    let currency = rec.reference("currency");
    if own != currency {
        let shown = currency.unwrap_or_default();
        return Err(ApiError::invalid_field(shown, "currency", "currency"));
    }
    Ok(())
}

/// Keeps the ticked payment lines, refuses what is not eligible, and returns their sum.
fn settle_payments(state: &State, rec: &mut Record) -> Result<Decimal> {
    let mut kept: Vec<Line> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut sum = Decimal::ZERO;
    for line in rec.lists.remove("payment").unwrap_or_default() {
        if flag_of(&line, "deposit") != Some(true) {
            continue;
        }
        let id = ref_of(&line, "id").ok_or_else(|| ApiError::missing(&["Id"]))?;
        let refuse = || ApiError::user(format!("Invalid id reference key {id}."));
        let payment = state.store.transaction(id).ok_or_else(refuse)?;
        if !seen.insert(id) || !eligible(state, rec, payment) {
            return Err(refuse());
        }
        sum += amount_of(payment);
        kept.push(line);
    }
    rec.lists.insert("payment", kept);
    Ok(sum)
}

/// Posted to Undeposited Funds, not yet deposited, same currency and subsidiary.
fn eligible(state: &State, rec: &Record, payment: &Record) -> bool {
    let undeposited = state.special_account("UndepFunds", rec.reference("subsidiary"));
    let kind_fits = match payment.kind {
        Kind::CustomerPayment => true,
        Kind::CustomerRefund => !state.settings.refuse_refund_lines,
        _ => false,
    };
    let free = state.store.deposit_of(payment.id).is_none_or(|deposit| deposit == rec.id);
    kind_fits
        && free
        && !payment.voided()
        && payment.reference("account") == undeposited
        && payment.reference("currency") == rec.reference("currency")
        && payment.reference("subsidiary") == rec.reference("subsidiary")
}

/// What a line brings into the deposit: refunds take money out.
pub fn amount_of(payment: &Record) -> Decimal {
    match payment.kind {
        Kind::CustomerRefund => -payment.num("total"),
        _ => payment.num("payment"),
    }
}

fn check_money(state: &State, rec: &Record, list: &'static str) -> Result<Decimal> {
    let mut sum = Decimal::ZERO;
    for (index, line) in rec.list(list).iter().enumerate() {
        let at = |field: &str| format!("{list}.items[{index}].{field}");
        let account = ref_of(line, "account").ok_or_else(|| ApiError::missing(&["Account"]))?;
        let amount = num_of(line, "amount").ok_or_else(|| ApiError::missing(&["Amount"]))?;
        check_account(state, rec, account, &at("account"))?;
        let special = state.setup(&Kind::Account, account)?.text("sSpecAcct") == Some("UndepFunds");
        let negative =
            amount < Decimal::ZERO && (list == "cashback" || state.settings.refuse_negative_other);
        if special {
            return Err(ApiError::invalid_field(account, "account", &at("account")));
        }
        if negative || amount.is_zero() {
            return Err(ApiError::invalid_field(amount, "amount", &at("amount")));
        }
        sum += amount;
    }
    Ok(sum)
}

fn write_lines(state: &State, rec: &mut Record, account: i64, total: Decimal) -> Result<()> {
    let mut lines = vec![posting(state, rec, 0, account, total)];
    let mut next = 1;
    for id in rec.deposits().collect::<Vec<_>>() {
        let Some(payment) = state.store.transaction(id) else { continue };
        let undeposited = payment.reference("account").unwrap_or_default();
        let mut line = posting(state, rec, next, undeposited, -amount_of(payment));
        let booked = payment.lines.first().map(|main| main.base).unwrap_or_default();
        line.base = (-booked).normalize();
        line.entity = payment.customer();
        lines.push(line);
        next += 1;
    }
    for (list, sign) in [("other", Decimal::NEGATIVE_ONE), ("cashback", Decimal::ONE)] {
        for (index, line) in rec.list(list).iter().enumerate() {
            let account = ref_of(line, "account").unwrap_or_default();
            let amount = num_of(line, "amount").unwrap_or_default();
            let mut entry = posting(state, rec, next, account, sign * amount);
            entry.memo = text_of(line, "memo").map(str::to_owned);
            entry.entity = ref_of(line, "entity");
            entry.source = Some((list, index));
            lines.push(entry);
            next += 1;
        }
    }
    let off: Decimal = lines.iter().map(|line| line.base).sum();
    if !off.is_zero() {
        lines.push(exchange_line(state, rec, next, -off)?);
    }
    rec.lines = lines;
    Ok(())
}
