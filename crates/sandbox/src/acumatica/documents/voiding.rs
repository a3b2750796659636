//! Voiding payments and refunds: a document with the same number and the opposite of everything
//! (acumatica sheet sections 11.3, 10 rules 17 and 18, 21 rows 1 and 6).

use super::periods::{self, Module};
use super::posting::{self, Header, Line, post};
use super::{Op, deposit, links, payment, release};
use crate::acumatica::errors::{ApiError, Result};
use crate::acumatica::state::{CashAccount, State};
use crate::acumatica::store::{AR, BATCH, Fields, Record, Row};
use crate::acumatica::values::Val;
use jiff::civil::Date;
use rust_decimal::Decimal;
use std::collections::BTreeMap;
use std::sync::Arc;

/// The type of the document that voids one of this type.
fn voiding_type(kind: &str) -> Option<&'static str> {
    match kind {
        "PMT" | "PPM" => Some("RPM"),
        "REF" => Some("VRF"),
        _ => None,
    }
}

/// The voiding document of a document, released or not.
pub fn of(state: &State, record: &Record) -> Option<Arc<Record>> {
    let kind = voiding_type(record.text("doctype"))?;
    state.find(&AR, &format!("{kind}|{}", record.text("refnbr")))
}

/// The document that a voiding document voids.
pub fn original(state: &State, voiding: &Record) -> Option<Arc<Record>> {
    let kinds: &[&str] = match voiding.text("doctype") {
        "RPM" => &["PMT", "PPM"],
        "VRF" => &["REF"],
        _ => &[],
    };
    let number = voiding.text("refnbr");
    kinds.iter().find_map(|kind| state.find(&AR, &format!("{kind}|{number}")))
}

/// Whether the void button can be pressed.
pub fn check(state: &State, record: &Record) -> Result<()> {
    let voidable = voiding_type(record.text("doctype")).is_some()
        && record.flag("released")
        && !record.flag("voided");
    if !voidable {
        return Err(ApiError::disabled("Void"));
    }
    let key = record.key();
    let refund = state.store.appliers(&key).find(|other| {
        let own = other.rows("adjustments").iter().chain(other.rows("arpost"));
        other.text("doctype") == "REF"
            && !other.flag("voided")
            && own.into_iter().any(|row| links::target_key(row) == key)
    });
    match refund {
        Some(refund) => Err(ApiError::px(format!(
            "Error: The payment cannot be voided because the refund {} is applied to it.",
            refund.text("refnbr")
        ))),
        None => Ok(()),
    }
}

/// Makes the voiding document, or answers the one that waits already.
pub fn begin(state: &mut State, record: &Record, op: &Op) -> Result<String> {
    check(state, record)?;
    if let Some(waiting) = of(state, record) {
        return Ok(waiting.id.clone());
    }
    let paid = record.date("docdate").unwrap_or(op.business_date);
    let date = if state.preferences.void_on_document_date { paid } else { op.business_date };
    if date < paid {
        return Err(ApiError::px(
            "Error: The date of the voiding document cannot be earlier than that of the payment.",
        ));
    }
    let bank = deposit::voids_from(state, record)?;
    let period = later_period(state, record, date)?;
    periods::for_release(state, &period, Module::Ar)?;
    let mut original = record.clone();
    if !original.rows("adjustments").is_empty() {
        original.rows_mut("adjustments").clear();
        payment::derive(state, &mut original);
        state.save(original.clone());
    }
    let mut made = Record::new(AR, state.uuid(), state.now);
    made.fields = original.fields.clone();
    made.set_text("doctype", voiding_type(record.text("doctype")).unwrap_or("RPM"));
    made.set_num("curyorigdocamt", -record.num("curyorigdocamt"));
    made.set_num("curydocbal", Decimal::ZERO);
    made.set_num("$basebal", Decimal::ZERO);
    made.set("adjdate", Val::Date(date));
    made.set("docdate", Val::Date(date));
    made.set_text("adjfinperiodid", &period);
    made.set_text("finperiodid", &period);
    made.set("hold", Val::Bool(state.preferences.hold_on_entry));
    if let Some(bank) = bank {
        made.set_text("cashaccountid", &bank.id);
    }
    for key in
        ["released", "voided", "batchnbr", "$approval", "depositnbr", "deposited", "depositdate"]
    {
        made.fields.remove(key);
    }
    for (key, (amount, _, _)) in standing(&original) {
        let mut row = Row { id: state.uuid(), fields: Fields::new() };
        let (kind, number) = key.split_once('|').unwrap_or((&key, ""));
        row.set("adjddoctype", Val::text(kind));
        row.set("adjdrefnbr", Val::text(number));
        row.set("adjdlinenbr", Val::Int(0));
        row.set("curyadjgamt", Val::Num(-amount));
        made.rows_mut("adjustments").push(row);
    }
    payment::derive(state, &mut made);
    let id = made.id.clone();
    state.save(made.clone());
    if !state.settings.void_persists {
        release(state, &made)?;
    }
    Ok(id)
}

/// What a document has applied and not taken back: amounts, own base, the others' base.
fn standing(record: &Record) -> BTreeMap<String, (Decimal, Decimal, Decimal)> {
    let mut sums: BTreeMap<String, (Decimal, Decimal, Decimal)> = BTreeMap::new();
    for row in record.rows("arpost") {
        let sum = sums.entry(links::target_key(row)).or_default();
        sum.0 += row.num("curyamt");
        sum.1 += row.num("$ours");
        sum.2 += row.num("$theirs");
    }
    sums.retain(|_, (amount, _, _)| !amount.is_zero());
    sums
}

/// The period of a void: the payment's or the date's, whichever is later (section 21, row 6).
pub fn later_period(state: &State, record: &Record, date: Date) -> Result<String> {
    let of_date = periods::of_day(state, date).map_err(ApiError::px)?;
    let of_payment = record.text("finperiodid").to_owned();
    let later = periods::order(&of_payment) > periods::order(&of_date);
    Ok(if later { of_payment } else { of_date })
}

/// Releases a voiding document: every batch of the original is reversed, every application taken
/// back.
pub fn release(state: &mut State, voiding: &Record) -> Result<()> {
    let mut voiding = voiding.clone();
    let number = voiding.text("refnbr").to_owned();
    let original = original(state, &voiding);
    let original = original.ok_or_else(|| ApiError::px("Error: The payment is gone."))?;
    let mut original = (*original).clone();
    let period = voiding.text("adjfinperiodid").to_owned();
    periods::for_release(state, &period, Module::Ar)?;
    let date = voiding.date("adjdate").unwrap_or_else(|| state.today());
    let lines = reversal(state, &original, deposit::voids_from(state, &original)?.as_ref());
    let header = Header {
        module: Module::Ar,
        date,
        period: &period,
        branch: original.text("branchid"),
        currency: original.text("curyid"),
        text: original.text("docdesc"),
        origin: &number,
    };
    let batch = post(state, &header, &lines)?;
    for (key, (amount, ours, theirs)) in standing(&original) {
        let Some(target) = state.find(&AR, &key) else { continue };
        let mut target = (*target).clone();
        target.set_num("curydocbal", target.num("curydocbal") + amount);
        target.set_num("$basebal", target.num("$basebal") + theirs);
        release::refresh(state, &mut target);
        let sums = (-amount, -ours, -theirs);
        let row = release::history(state, &voiding, &target, sums, &period, &batch);
        voiding.rows_mut("arpost").push(row);
        release::touch(state, target);
    }
    voiding.rows_mut("adjustments").clear();
    voiding.set("released", Val::Bool(true));
    voiding.set_text("batchnbr", &batch);
    voiding.set_num("curydocbal", Decimal::ZERO);
    payment::derive(state, &mut voiding);
    original.set("voided", Val::Bool(true));
    original.set_num("curydocbal", Decimal::ZERO);
    original.set_num("$basebal", Decimal::ZERO);
    payment::derive(state, &mut original);
    state.save(voiding);
    state.save(original);
    Ok(())
}

/// The opposite of every line that the document's batches posted.
/// Money that was deposited comes from the bank.
fn reversal(state: &State, original: &Record, bank: Option<&CashAccount>) -> Vec<Line> {
    let clearing = state.cash_accounts.get(original.text("cashaccountid"));
    let applied = original.rows("arpost").iter().map(|row| row.text("batchnbr"));
    let mut numbers: Vec<&str> = applied.chain([original.text("batchnbr")]).collect();
    numbers.sort_unstable();
    numbers.dedup();
    let mut lines = Vec::new();
    for number in numbers.into_iter().filter(|number| !number.is_empty()) {
        let Some(batch) = state.find(&BATCH, &format!("AR|{number}")) else { continue };
        for row in batch.rows("gltranmodulebatnbr") {
            let amount = row.num("curydebitamt") - row.num("curycreditamt");
            let base = row.num("$debit") - row.num("$credit");
            let text = row.text("trandesc");
            let line = match (clearing, bank) {
                (Some(own), Some(bank)) if posting::is_of(own, row) => {
                    Line::cash(bank, amount, base, text)
                }
                _ => Line {
                    sub: row.text("subid").to_owned(),
                    branch: Some(row.text("branchid").to_owned()),
                    ..Line::new(row.text("accountid"), amount, base, text)
                },
            };
            lines.push(line.reversed());
        }
    }
    lines
}
