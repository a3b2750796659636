//! Bank deposits (CA305000): payments in a clearing account go to the bank together, less charges
//! (acumatica sheet sections 10 rule 17, 11.3, 11.7 option 1). The stock endpoint has no entity for
//! them: a person makes them at the form, and a client meets what follows from them.

use super::periods::{self, Module};
use super::posting::{Header, Line, post};
use crate::acumatica::errors::{ApiError, Result};
use crate::acumatica::state::{CashAccount, State};
use crate::acumatica::store::{AR, DEPOSIT, Fields, Record, Row};
use crate::acumatica::values::Val;
use jiff::civil::Date;
use rust_decimal::Decimal;
use std::sync::Arc;

/// A deposit as a person enters it.
#[derive(Debug)]
pub struct Entry {
    /// The bank's cash account.
    pub bank: String,
    pub date: Date,
    /// Ids of released payments.
    pub payments: Vec<String>,
    /// Entry types and amounts.
    pub charges: Vec<(String, Decimal)>,
}

/// The deposit that holds a payment, released or not.
pub fn of(state: &State, payment: &Record) -> Option<Arc<Record>> {
    let number = payment.text("depositnbr");
    state.find(&DEPOSIT, number).filter(|_| !number.is_empty())
}

/// Where the void of a payment takes its money from: the bank of a released deposit, unless the
/// payment method says "Void Using Clearing Account" (section 21, row 6). A payment in an
/// unreleased deposit cannot be voided.
pub fn voids_from(state: &State, payment: &Record) -> Result<Option<CashAccount>> {
    let Some(deposit) = of(state, payment) else { return Ok(None) };
    if deposit.text("status") != "Released" {
        return Err(ApiError::px(format!(
            "Error: The payment is included in the unreleased deposit {}.",
            deposit.text("refnbr")
        )));
    }
    if state.preferences.void_using_clearing {
        return Ok(None);
    }
    Ok(state.cash_accounts.get(deposit.text("cashaccountid")).cloned())
}

/// Enters a deposit, balanced; answers its id.
pub fn enter(state: &mut State, entry: &Entry) -> Result<String> {
    let refuse = |text: &str| Err(ApiError::px(format!("Error: {text}")));
    let Some(bank) = state.cash_accounts.get(&entry.bank).cloned() else {
        return refuse("'Cash Account' cannot be found in the system.");
    };
    let period = periods::of_day(state, entry.date).map_err(ApiError::px)?;
    periods::for_release(state, &period, Module::Ca)?;
    let number = state.next_number("CADEPOSIT");
    let mut deposit = Record::new(DEPOSIT, state.uuid(), state.now);
    let mut total = Decimal::ZERO;
    for id in &entry.payments {
        let Some(payment) = state.store.get(id).filter(|found| found.table == AR).cloned() else {
            return refuse("The payment cannot be found.");
        };
        let clearing = state.cash_accounts.get(payment.text("cashaccountid"));
        let fits = clearing.is_some_and(|cash| cash.currency == bank.currency && cash.clearing);
        let free = payment.flag("released")
            && !payment.flag("voided")
            && payment.text("depositnbr").is_empty();
        if !fits || !free || payment.text("doctype") != "PMT" {
            return refuse("The payment cannot be added to the deposit.");
        }
        total += payment.num("curyorigdocamt");
        let mut row = Row { id: state.uuid(), fields: Fields::new() };
        row.set("origmodule", Val::text("AR"));
        for (key, from) in
            [("origdoctype", "doctype"), ("origrefnbr", "refnbr"), ("accountid", "cashaccountid")]
        {
            row.set(key, Val::text(payment.text(from)));
        }
        row.set("curytranamt", Val::Num(payment.num("curyorigdocamt")));
        deposit.rows_mut("depositpayments").push(row);
        let mut payment = (*payment).clone();
        payment.set_text("depositnbr", &number);
        state.save(payment);
    }
    for (id, amount) in &entry.charges {
        let known = state.entry_types.get(id).filter(|found| bank.entry_types.contains(&found.id));
        let Some(known) = known.cloned() else {
            return refuse("'Entry Type' cannot be found in the system.");
        };
        let mut row = Row { id: state.uuid(), fields: Fields::new() };
        row.set("entrytypeid", Val::text(&known.id));
        row.set("accountid", Val::text(&known.account));
        row.set("curychargeamt", Val::Num(*amount));
        deposit.rows_mut("charges").push(row);
    }
    let charged: Decimal = entry.charges.iter().map(|(_, amount)| *amount).sum();
    deposit.set_text("refnbr", &number);
    deposit.set_text("trantype", "CA Deposit");
    deposit.set_text("cashaccountid", &bank.id);
    deposit.set_text("curyid", &bank.currency);
    deposit.set("trandate", Val::Date(entry.date));
    deposit.set_text("finperiodid", &period);
    deposit.set_num("curydetailtotal", total);
    deposit.set_num("curychargetotal", charged);
    deposit.set_num("curytranamt", total - charged);
    deposit.set_text("status", "Balanced");
    let id = deposit.id.clone();
    state.save(deposit);
    Ok(id)
}

/// Releases a deposit: bank and charges against the clearing accounts of its payments.
pub fn release(state: &mut State, deposit: &Record) -> Result<()> {
    if deposit.text("status") != "Balanced" {
        return Err(ApiError::disabled("Release"));
    }
    let mut deposit = deposit.clone();
    let batch = book(state, &deposit, Decimal::ONE)?;
    deposit.set_text("batchnbr", &batch);
    deposit.set_text("status", "Released");
    let date = deposit.date("trandate");
    mark(state, &deposit, |payment| {
        payment.set("deposited", Val::Bool(true));
        if let Some(date) = date {
            payment.set("depositdate", Val::Date(date));
        }
    });
    state.save(deposit);
    Ok(())
}

/// Voids a released deposit: its payments may be deposited again.
pub fn void(state: &mut State, deposit: &Record) -> Result<()> {
    if deposit.text("status") != "Released" {
        return Err(ApiError::disabled("Void"));
    }
    let mut deposit = deposit.clone();
    book(state, &deposit, Decimal::NEGATIVE_ONE)?;
    deposit.set_text("status", "Voided");
    mark(state, &deposit, |payment| {
        for key in ["depositnbr", "depositdate", "deposited"] {
            payment.fields.remove(key);
        }
    });
    state.save(deposit);
    Ok(())
}

fn mark(state: &mut State, deposit: &Record, change: impl Fn(&mut Record)) {
    for row in deposit.rows("depositpayments") {
        let key = format!("{}|{}", row.text("origdoctype"), row.text("origrefnbr"));
        if let Some(payment) = state.find(&AR, &key) {
            let mut payment = (*payment).clone();
            change(&mut payment);
            state.save(payment);
        }
    }
}

fn book(state: &mut State, deposit: &Record, sign: Decimal) -> Result<String> {
    let period = deposit.text("finperiodid");
    periods::for_release(state, period, Module::Ca)?;
    let date = deposit.date("trandate").unwrap_or_else(|| state.today());
    let rate = state.rate(deposit.text("curyid"), date)?;
    let number = deposit.text("refnbr");
    let gone = || ApiError::px("Error: The cash account cannot be found.");
    let mut lines = Vec::new();
    for row in deposit.rows("depositpayments") {
        let cash = state.cash_accounts.get(row.text("accountid")).ok_or_else(gone)?;
        let amount = -sign * row.num("curytranamt");
        lines.push(Line::cash(cash, amount, state.to_base(amount, rate), "Deposit"));
    }
    for row in deposit.rows("charges") {
        let amount = sign * row.num("curychargeamt");
        let base = state.to_base(amount, rate);
        lines.push(Line::new(row.text("accountid"), amount, base, row.text("entrytypeid")));
    }
    let bank = state.cash_accounts.get(deposit.text("cashaccountid")).ok_or_else(gone)?.clone();
    let base: Decimal = lines.iter().map(|line| line.base).sum();
    lines.push(Line::cash(&bank, sign * deposit.num("curytranamt"), -base, "Deposit"));
    let header = Header {
        module: Module::Ca,
        date,
        period,
        branch: &bank.branch,
        currency: &bank.currency,
        text: "Deposit",
        origin: number,
    };
    post(state, &header, &lines)
}
