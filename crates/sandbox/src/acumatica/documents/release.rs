//! Releasing payments and refunds, and posting applications (acumatica sheet sections 10 rules 2–5,
//! 11.1, 11.2, 11.4).

use super::periods::{self, Module};
use super::posting::{Header, Line, post};
use super::{applications, links, payment, voiding};
use crate::acumatica::errors::{ApiError, Result};
use crate::acumatica::state::State;
use crate::acumatica::store::{CUSTOMER, Fields, Record, Row};
use crate::acumatica::values::{Val, round};
use rust_decimal::Decimal;

/// Whether the release button can be pressed.
pub fn check(state: &State, record: &Record) -> Result<()> {
    if state.preferences.require_payment_ref
        && record.text("extrefnbr").is_empty()
        && record.text("doctype") != "CRM"
    {
        return Err(ApiError::px("Error: 'Payment Ref.' cannot be empty."));
    }
    let ready = match (record.flag("released"), record.text("status")) {
        (false, "Balanced") => true,
        (true, "Open") => !record.rows("adjustments").is_empty(),
        _ => false,
    };
    if ready { Ok(()) } else { Err(ApiError::disabled("Release")) }
}

/// Releases a document of the payments form, or the new applications of an open one.
pub fn release(state: &mut State, record: &Record) -> Result<()> {
    if matches!(record.text("doctype"), "RPM" | "VRF") {
        return voiding::release(state, record);
    }
    let mut record = record.clone();
    let period = application_period(state, &record)?;
    periods::for_release(state, &period, Module::Ar)?;
    if !record.flag("released") {
        book(state, &mut record, &period)?;
        let payer = state.find(&CUSTOMER, record.text("customerid"));
        let automatic = payer.is_some_and(|payer| payer.flag("autoapplypayments"));
        if automatic && record.text("doctype") == "PMT" {
            applications::automatic(state, &mut record);
        }
    }
    for row in std::mem::take(record.rows_mut("adjustments")) {
        apply(state, &mut record, &row, &period)?;
    }
    payment::derive(state, &mut record);
    state.save(record);
    Ok(())
}

/// The period of the application date, or the one that was named.
pub fn application_period(state: &State, record: &Record) -> Result<String> {
    let named = record.text("adjfinperiodid");
    if !named.is_empty() {
        return Ok(named.to_owned());
    }
    let date = record.date("adjdate").unwrap_or_else(|| state.today());
    periods::of_day(state, date).map_err(ApiError::px)
}

fn header<'a>(record: &'a Record, period: &'a str, state: &State) -> Header<'a> {
    Header {
        module: Module::Ar,
        date: record.date("adjdate").unwrap_or_else(|| state.today()),
        period,
        branch: record.text("branchid"),
        currency: record.text("curyid"),
        text: record.text("docdesc"),
        origin: record.text("refnbr"),
    }
}

/// Money in, receivable down; for a refund the other way round. Charges go out of the account.
fn book(state: &mut State, record: &mut Record, period: &str) -> Result<()> {
    let cash = state.cash_accounts.get(record.text("cashaccountid")).cloned();
    let cash = cash.ok_or_else(|| ApiError::px("Error: The cash account cannot be found."))?;
    same_branch(state, record.text("branchid"), &cash.branch)?;
    let amount = record.num("curyorigdocamt");
    if amount.is_zero() {
        return Err(ApiError::px("Error: The document amount must be greater than zero."));
    }
    let date = record.date("adjdate").unwrap_or_else(|| state.today());
    let rate = state.rate(record.text("curyid"), date)?;
    let base = state.to_base(amount, rate);
    let sign = if record.text("doctype") == "REF" { Decimal::NEGATIVE_ONE } else { Decimal::ONE };
    let text = record.text("docdesc").to_owned();
    let money = Line::cash(&cash, sign * amount, sign * base, &text);
    let receivable = record.text("araccountid").to_owned();
    let mut lines = vec![money, Line::new(&receivable, -sign * amount, -sign * base, &text)];
    for row in record.rows("paymentcharges") {
        let charge = row.num("curytranamt");
        let base = state.to_base(charge, rate);
        let out = Line::cash(&cash, -charge, -base, row.text("trandesc"));
        lines.push(Line::new(row.text("accountid"), charge, base, row.text("trandesc")));
        lines.push(out);
    }
    let batch = post(state, &header(record, period, state), &lines)?;
    record.set_text("batchnbr", &batch);
    record.set("released", Val::Bool(true));
    record.set_num("curydocbal", amount);
    record.set_num("$basebal", base);
    Ok(())
}

/// Postings between branches need a feature of its own (section 16, row 15).
fn same_branch(state: &State, one: &str, other: &str) -> Result<()> {
    if state.preferences.inter_branch || one == other {
        return Ok(());
    }
    Err(ApiError::px(format!(
        "Error: Inter-branch transactions are not enabled: the branches {one} and {other} differ."
    )))
}

/// The share of a document's base balance that goes with an amount.
fn share(record: &Record, amount: Decimal, places: u32) -> Decimal {
    let balance = record.num("curydocbal");
    let base = record.num("$basebal");
    if amount == balance || balance.is_zero() {
        base
    } else {
        round(base * amount / balance, places)
    }
}

/// Posts one application: both balances fall, and a difference between the two rates is a realised
/// gain or loss.
fn apply(state: &mut State, record: &mut Record, row: &Row, period: &str) -> Result<()> {
    let gone = || ApiError::px("Error: 'Reference Nbr.' cannot be found in the system.");
    let target = links::target(state, row).ok_or_else(gone)?;
    let amount = row.num("curyadjgamt");
    if amount.is_zero() {
        return Ok(());
    }
    if amount > target.num("curydocbal") || amount > record.num("curydocbal") {
        return Err(ApiError::px("Error: The amount paid exceeds the balance of the document."));
    }
    same_branch(state, record.text("branchid"), target.text("branchid"))?;
    let mut target = (*target).clone();
    let places = state.decimals(&state.base_currency);
    let ours = share(record, amount, places);
    let theirs = share(&target, amount, places);
    // A payment stands in the receivable account as a credit, a refund as a debit.
    let sign = if record.text("doctype") == "REF" { Decimal::NEGATIVE_ONE } else { Decimal::ONE };
    let text = format!("Application to {}", target.text("refnbr"));
    let rounding = state.rounding_account.clone();
    let own = Line::new(record.text("araccountid"), sign * amount, sign * ours, &text);
    let other = Line::new(target.text("araccountid"), -sign * amount, -sign * theirs, &text);
    let gain = Line::new(&rounding, Decimal::ZERO, -sign * (ours - theirs), &text);
    let lines = if own.account == other.account {
        let net = Line::new(&own.account, Decimal::ZERO, own.base + other.base, &text);
        vec![net, gain]
    } else {
        vec![own, other, gain]
    };
    let batch = post(state, &header(record, period, state), &lines)?;
    record.set_num("curydocbal", record.num("curydocbal") - amount);
    record.set_num("$basebal", record.num("$basebal") - ours);
    target.set_num("curydocbal", target.num("curydocbal") - amount);
    target.set_num("$basebal", target.num("$basebal") - theirs);
    refresh(state, &mut target);
    let posted = history(state, record, &target, (amount, ours, theirs), period, &batch);
    record.rows_mut("arpost").push(posted);
    touch(state, target);
    Ok(())
}

/// Status and sums of a document whose balance moved.
pub fn refresh(state: &State, target: &mut Record) {
    if matches!(target.text("doctype"), "PMT" | "PPM" | "REF" | "CRM") {
        payment::derive(state, target);
        return;
    }
    let status = super::invoice::status(state, target);
    target.set_text("status", status);
}

/// Stores a document that another one's release moved.
pub fn touch(state: &mut State, target: Record) {
    if state.settings.release_moves_stamp {
        state.save(target);
    } else {
        let now = state.now;
        state.store.put(now, target);
    }
}

/// A row of the application history (section 9.5.2; `AdjustingDocType` shows the other document's
/// type too, section 21, row 13).
pub fn history(
    state: &mut State,
    record: &Record,
    target: &Record,
    (amount, ours, theirs): (Decimal, Decimal, Decimal),
    period: &str,
    batch: &str,
) -> Row {
    let mut row = Row { id: state.uuid(), fields: Fields::new() };
    let count = i64::try_from(record.rows("arpost").len()).unwrap_or(i64::MAX);
    row.set("id", Val::Int(count + 1));
    for (key, text) in [
        ("adjddoctype", target.text("doctype")),
        ("adjdrefnbr", target.text("refnbr")),
        ("sourcedoctype", target.text("doctype")),
        ("sourcerefnbr", target.text("refnbr")),
        ("aradjust2__adjgrefnbr", record.text("refnbr")),
        ("batchnbr", batch),
        ("arregisteralias__finperiodid", period),
        ("arregisteralias__curyid", target.text("curyid")),
        ("arregisteralias__customerid", target.text("customerid")),
        ("arregisteralias__docdesc", target.text("docdesc")),
        ("arinvoice__invoicenbr", target.text("invoicenbr")),
    ] {
        row.set(key, Val::text(text));
    }
    for (key, date) in [
        ("arregisteralias__docdate", target.date("docdate")),
        ("arregisteralias__duedate", target.date("duedate")),
    ] {
        if let Some(date) = date {
            row.set(key, Val::Date(date));
        }
    }
    for (key, number) in [
        ("curyamt", amount),
        ("curybalanceamt", target.num("curydocbal")),
        ("curywoamt", Decimal::ZERO),
        ("curydiscamt", Decimal::ZERO),
        ("$ours", ours),
        ("$theirs", theirs),
    ] {
        row.set(key, Val::Num(number));
    }
    row
}
