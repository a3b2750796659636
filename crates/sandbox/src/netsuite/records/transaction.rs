//! What all transactions share: defaults, subsidiary and currency rules, amounts in the precision
//! of the currency, and the period guard (netsuite sheet sections 10.6 to 10.8).

use crate::netsuite::errors::{ApiError, Result};
use crate::netsuite::fields::sublists;
use crate::netsuite::input::Op;
use crate::netsuite::kind::Kind;
use crate::netsuite::periods;
use crate::netsuite::state::{Level, State};
use crate::netsuite::store::{Posting, Record, num_of, ref_of};
use crate::netsuite::values::{Field, FieldKind, Line, Val, ro, round, rw, to};
use rust_decimal::Decimal;
use std::collections::BTreeSet;

/// Fields of every transaction.
pub static COMMON: &[Field] = &[
    rw("tranDate", "Date", FieldKind::Date),
    rw("postingPeriod", "Posting Period", to(Kind::AccountingPeriod)),
    rw("currency", "Currency", to(Kind::Currency)),
    rw("exchangeRate", "Exchange Rate", FieldKind::Number),
    rw("subsidiary", "Subsidiary", to(Kind::Subsidiary)),
    rw("department", "Department", to(Kind::Department)),
    rw("class", "Class", to(Kind::Classification)),
    rw("location", "Location", to(Kind::Location)),
    rw("memo", "Memo", FieldKind::Text),
    rw("tranId", "Transaction Number", FieldKind::Text),
    ro("transactionNumber", "Transaction Number", FieldKind::Text),
    ro("source", "Source", FieldKind::Text),
];

/// Fills what the body left open and refuses what the account does not allow. `customer` names
/// the field that holds the customer, where the type has one.
pub fn prepare(
    state: &mut State,
    old: Option<&Record>,
    rec: &mut Record,
    op: &Op,
    customer: Option<&'static str>,
) -> Result<()> {
    check_mandatory(state, rec, op)?;
    if let Some(field) = customer {
        check_customer(state, old, rec, field)?;
    }
    settle_subsidiary(state, rec, customer)?;
    settle_currency(state, old, rec, customer)?;
    settle_date(state, old, rec, op)?;
    settle_rate(state, old, rec)?;
    check_precision(state, rec)?;
    if !rec.fields.contains_key("tranId") {
        let prefix = match rec.kind {
            Kind::Invoice => "INV",
            Kind::CustomerPayment => "PYMT",
            Kind::CreditMemo => "CM",
            Kind::CustomerRefund => "RFND",
            Kind::Deposit => "DEP",
            _ => "JE",
        };
        let number = state.next_number(prefix);
        rec.set("tranId", Val::Text(number));
    }
    if !rec.fields.contains_key("transactionNumber") {
        let number = state.next_number("TRN");
        rec.set("transactionNumber", Val::Text(number));
    }
    if old.is_none() && !op.person {
        rec.set("source", Val::Text("restWebServices".to_owned()));
    }
    Ok(())
}

/// Mandatory fields: by preference, by form (faults), by the custom field itself.
pub fn check_mandatory(state: &State, rec: &Record, op: &Op) -> Result<()> {
    // A person at a form fills in what it asks for.
    if op.person {
        return Ok(());
    }
    let mut missing: Vec<&str> = Vec::new();
    if rec.kind.is_transaction() {
        for name in &state.preferences.mandatory {
            if !rec.fields.contains_key(name.as_str()) {
                missing.push(state.field(&rec.kind, name).map_or(name, |field| &field.label));
            }
        }
    }
    for field in state.fields(&rec.kind) {
        let custom = field.name.starts_with("cust") && field.name.contains('_');
        if field.required && custom && !rec.fields.contains_key(field.name.as_ref()) {
            missing.push(&field.label);
        }
    }
    let by_form = state.faults.mandatory(rec.rest_name());
    for name in &by_form {
        let field = state.field(&rec.kind, name);
        let key = field.map_or(name.as_str(), |field| &field.name);
        if !rec.fields.contains_key(key) {
            missing.push(field.map_or(name, |field| &field.label));
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(ApiError::missing(&missing)) }
}

fn check_customer(
    state: &State,
    old: Option<&Record>,
    rec: &Record,
    field: &'static str,
) -> Result<()> {
    let Some(id) = rec.reference(field) else {
        return Err(ApiError::user("You must enter a value for Customer."));
    };
    let changed = old.is_none_or(|old| old.reference(field) != Some(id));
    let customer = state
        .store
        .get(&Kind::Customer, id)
        .ok_or_else(|| ApiError::invalid_field(id, field, field))?;
    if changed && customer.flag("isInactive") {
        return Err(ApiError::invalid_field(id, field, field));
    }
    if changed && old.is_some_and(|old| old.applied_to().next().is_some()) {
        return Err(ApiError::user("You cannot change the customer of an applied transaction."));
    }
    Ok(())
}

fn settle_subsidiary(
    state: &State,
    rec: &mut Record,
    customer: Option<&'static str>,
) -> Result<()> {
    if !state.company.one_world {
        if rec.fields.contains_key("subsidiary") {
            let id = rec.reference("subsidiary").unwrap_or_default();
            return Err(ApiError::invalid_field(id, "subsidiary", "subsidiary"));
        }
        return Ok(());
    }
    let of_customer = customer
        .and_then(|field| rec.reference(field))
        .and_then(|id| state.store.get(&Kind::Customer, id).cloned());
    if let Some(customer) = &of_customer {
        rec.default("subsidiary", || customer.reference("subsidiary").map(Val::Ref));
    }
    if rec.kind == Kind::Deposit && !rec.fields.contains_key("subsidiary") {
        let account = rec.reference("account").and_then(|id| state.store.get(&Kind::Account, id));
        // The subsidiary follows the bank account; one that lists none leaves no choice where
        // there is only one subsidiary.
        let mut all = state.store.of(&Kind::Subsidiary).map(|subsidiary| subsidiary.id);
        let only = all.next().filter(|_| all.next().is_none());
        let listed = match account.and_then(|account| account.fields.get("subsidiary")) {
            Some(Val::Many(listed)) => listed.first().copied(),
            _ => only,
        };
        rec.default("subsidiary", || listed.map(Val::Ref));
    }
    let Some(subsidiary) = rec.reference("subsidiary") else {
        return Err(ApiError::user("You must enter a value for Subsidiary."));
    };
    if let Some(customer) = of_customer {
        let primary = customer.reference("subsidiary") == Some(subsidiary);
        let kind = Kind::CustomerSubsidiary;
        let shared = || {
            state.store.of(&kind).any(|relation| {
                relation.reference("entity") == Some(customer.id)
                    && relation.reference("subsidiary") == Some(subsidiary)
            })
        };
        if !primary && !shared() {
            return Err(ApiError::invalid_field(subsidiary, "subsidiary", "subsidiary"));
        }
    }
    Ok(())
}

fn settle_currency(
    state: &State,
    old: Option<&Record>,
    rec: &mut Record,
    customer: Option<&'static str>,
) -> Result<()> {
    let customer = customer
        .and_then(|field| rec.reference(field))
        .and_then(|id| state.store.get(&Kind::Customer, id).cloned());
    let of_bank = || {
        let account = rec.reference("account")?;
        state.store.get(&Kind::Account, account)?.reference("currency")
    };
    let preferred = customer
        .as_ref()
        .and_then(|customer| customer.reference("currency"))
        .or_else(|| if rec.kind == Kind::Deposit { of_bank() } else { None })
        .or_else(|| state.base_currency(rec.reference("subsidiary")));
    rec.default("currency", || preferred.map(Val::Ref));
    let Some(currency) = rec.reference("currency") else {
        return Err(ApiError::user("You must enter a value for Currency."));
    };
    if old.is_some_and(|old| old.reference("currency") == Some(currency)) {
        return Ok(());
    }
    let inactive =
        state.store.get(&Kind::Currency, currency).is_none_or(|record| record.flag("isInactive"));
    let listed = customer.is_none_or(|customer| {
        customer.reference("currency") == Some(currency)
            || customer
                .list("currencyList")
                .iter()
                .any(|line| ref_of(line, "currency") == Some(currency))
    });
    if inactive || !listed {
        return Err(ApiError::invalid_field(currency, "currency", "currency"));
    }
    Ok(())
}

fn settle_date(state: &State, old: Option<&Record>, rec: &mut Record, op: &Op) -> Result<()> {
    let today = state.today();
    rec.default("tranDate", || Some(Val::Date(today)));
    let date = rec.date("tranDate").unwrap_or(today);
    let given = rec.reference("postingPeriod");
    let before = old.and_then(|old| old.reference("postingPeriod"));
    let date_moved = old.is_some_and(|old| old.date("tranDate") != Some(date));
    let asked = given.filter(|_| given != before);
    if let Some(period) = asked {
        if !op.person && !state.role.may("TRAN_POSTPERIODS", Level::View) {
            return Err(ApiError::permission("Transactions -> Posting Period on Transactions"));
        }
        return periods::check_choice(state, period, date);
    }
    if given.is_none() || date_moved {
        let period = periods::default_for(state, date)?;
        rec.set("postingPeriod", Val::Ref(period));
    }
    Ok(())
}

fn settle_rate(state: &State, old: Option<&Record>, rec: &mut Record) -> Result<()> {
    let base = state.base_currency(rec.reference("subsidiary"));
    let currency = rec.reference("currency");
    let date = rec.date("tranDate").unwrap_or_else(|| state.today());
    let moved = old.is_some_and(|old| old.reference("currency") != currency);
    if moved && old.is_some_and(|old| old.num("exchangeRate") == rec.num("exchangeRate")) {
        rec.fields.remove("exchangeRate");
    }
    rec.default("exchangeRate", || Some(Val::Num(state.rate(base, currency, date))));
    let rate = rec.num("exchangeRate");
    let wrong = rate <= Decimal::ZERO || (base == currency && rate != Decimal::ONE);
    if wrong { Err(ApiError::invalid_field(rate, "exchangerate", "exchangeRate")) } else { Ok(()) }
}

/// Refuses (or, by setting, rounds) amounts with more decimals than the currency has.
fn check_precision(state: &State, rec: &mut Record) -> Result<()> {
    let places = state.precision(rec.reference("currency"));
    let rounds = state.settings.round_amounts;
    let body: BTreeSet<String> = money_names(state.fields(&rec.kind));
    for name in &body {
        settle_scale(&mut rec.fields, name, places, rounds, name)?;
    }
    let kind = rec.kind.clone();
    for list in sublists(&kind) {
        let names = money_names(state.line_fields(&kind, list));
        for (index, line) in rec.lists.get_mut(list.name).into_iter().flatten().enumerate() {
            for name in &names {
                let path = format!("{}.items[{index}].{name}", list.name);
                settle_scale(line, name, places, rounds, &path)?;
            }
        }
    }
    Ok(())
}

fn money_names(fields: Vec<&Field>) -> BTreeSet<String> {
    let money = |field: &&Field| field.kind == FieldKind::Money;
    fields.into_iter().filter(money).map(|field| field.name.to_string()).collect()
}

fn settle_scale(line: &mut Line, name: &str, places: u32, rounds: bool, path: &str) -> Result<()> {
    let Some(value) = num_of(line, name) else { return Ok(()) };
    let fitting = round(value, places);
    if fitting != value && !rounds {
        return Err(ApiError::invalid_field(value, &name.to_lowercase(), path));
    }
    line.insert(name.to_owned(), Val::Num(fitting.normalize()));
    Ok(())
}

/// Refuses an account that is inactive, of another subsidiary or of another currency.
pub fn check_account(state: &State, rec: &Record, account: i64, path: &str) -> Result<()> {
    let record = state
        .store
        .get(&Kind::Account, account)
        .filter(|record| !record.flag("isInactive"))
        .ok_or_else(|| ApiError::invalid_field(account, "account", path))?;
    if let (Some(subsidiary), Some(Val::Many(listed))) =
        (rec.reference("subsidiary"), record.fields.get("subsidiary"))
        && !listed.is_empty()
        && !listed.contains(&subsidiary)
    {
        let name = record.text("acctName").unwrap_or_default();
        let of = state.setup(&Kind::Subsidiary, subsidiary)?;
        return Err(ApiError::user(format!(
            "The {name} account cannot be used with the {} subsidiary.",
            of.text("name").unwrap_or_default()
        )));
    }
    let own = record.reference("currency");
    let base = state.base_currency(rec.reference("subsidiary"));
    if own.is_some() && own != base && own != rec.reference("currency") {
        return Err(ApiError::invalid_field(account, "account", path));
    }
    Ok(())
}

/// The A/R account of a customer's transactions when the body names none.
pub fn default_receivable(state: &State, rec: &Record) -> Option<Val> {
    let customer = rec.customer().and_then(|id| state.store.get(&Kind::Customer, id));
    customer
        .and_then(|customer| customer.reference("receivablesAccount"))
        .or_else(|| state.special_account("AcctRec", rec.reference("subsidiary")))
        .map(Val::Ref)
}

/// Refuses an account that is no receivables account.
pub fn check_receivable(state: &State, rec: &Record, field: &'static str) -> Result<()> {
    let Some(id) = rec.reference(field) else {
        return Err(ApiError::missing(&["A/R Account"]));
    };
    let account = state.setup(&Kind::Account, id)?;
    if account.text("acctType") != Some("AcctRec") {
        return Err(ApiError::invalid_field(id, &field.to_lowercase(), field));
    }
    check_account(state, rec, id, field)
}

/// A line of the transaction; `foreign` in transaction currency, debit positive, converted at the
/// transaction's own rate.
pub fn posting(state: &State, rec: &Record, line: i64, account: i64, foreign: Decimal) -> Posting {
    let base = state.base_currency(rec.reference("subsidiary"));
    let converted = round(foreign * rec.num("exchangeRate"), state.precision(base));
    Posting {
        line,
        account,
        base: converted.normalize(),
        foreign: foreign.normalize(),
        entity: rec.customer(),
        memo: rec.text("memo").map(str::to_owned),
        source: None,
        tax: false,
    }
}

/// The period guard: a write that changes the ledger needs an open period, on the side it leaves
/// and on the side it enters; any other needs a period that permits edits without G/L effect.
pub fn guard(state: &State, old: Option<&Record>, rec: &Record, op: &Op) -> Result<()> {
    let amounts = |record: &Record| -> Vec<(i64, Decimal, Decimal)> {
        let all = record.lines.iter().filter(|_| record.posting);
        all.map(|line| (line.account, line.base, line.foreign)).collect()
    };
    let period = |record: &Record| record.reference("postingPeriod");
    let changed = old.is_none_or(|old| amounts(old) != amounts(rec) || period(old) != period(rec));
    let receivable = rec.customer().is_some();
    if let Some(before) = old.and_then(period).filter(|before| Some(*before) != period(rec)) {
        periods::check(state, before, receivable, true, op)?;
    }
    match period(rec) {
        Some(period) => periods::check(state, period, receivable, changed, op),
        None => Ok(()),
    }
}
