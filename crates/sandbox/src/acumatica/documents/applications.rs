//! Documents to apply: which may be chosen, and how much (acumatica sheet sections 9.5.1, 10 rules
//! 5–9, 11.1, 11.2, 21 row 2).

use super::payment::RECORD;
use super::{Op, customer, links};
use crate::acumatica::errors::{ApiError, Result};
use crate::acumatica::input::{self, Input};
use crate::acumatica::state::State;
use crate::acumatica::store::{AR, Record, Row};
use crate::acumatica::values::Val;
use rust_decimal::Decimal;
use std::sync::Arc;

/// What a type of documents may be applied to; the first is the default.
fn targets(kind: &str) -> &'static [&'static str] {
    match kind {
        "REF" => &["CRM", "PMT", "PPM"],
        "PMT" | "PPM" | "CRM" => &["INV", "DRM", "FCH"],
        _ => &[],
    }
}

/// Puts the sent rows into the payment and checks each of them.
pub fn merge(state: &mut State, record: &mut Record, input: &Input, op: &Op) -> Result<()> {
    let Some((part, sent)) = input.rows.get("adjustments") else { return Ok(()) };
    if targets(record.text("doctype")).is_empty() {
        return Err(ApiError::px("Error: The applications of a voiding document are fixed."));
    }
    if !record.flag("released") && record.text("doctype") == "CRM" {
        return Err(ApiError::px("Error: A credit memo is applied after its release."));
    }
    let mut rows = record.rows("adjustments").to_vec();
    let merged = input::merge(state, &op.session, "adjustments", &mut rows, sent)?;
    for done in merged {
        let Some(at) = rows.iter().position(|row| Some(&row.id) == done.row.as_ref()) else {
            continue;
        };
        let others: Decimal = rows
            .iter()
            .enumerate()
            .filter(|(index, _)| *index != at)
            .map(|(_, row)| row.num("curyadjgamt"))
            .sum();
        let mut row = rows[at].clone();
        let place = (part.as_str(), done.index);
        check(state, record, &mut row, others, place)?;
        let key = links::target_key(&row);
        let twice = rows.iter().enumerate();
        if twice.clone().any(|(index, other)| index != at && links::target_key(other) == key) {
            let text = "An attempt was made to add a duplicate entry.";
            return Err(ApiError::row(RECORD, place, "ReferenceNbr", text));
        }
        rows[at] = row;
    }
    *record.rows_mut("adjustments") = rows;
    Ok(())
}

/// The document of a row, as far as this payment may choose it.
fn choose(state: &State, record: &Record, row: &Row) -> Option<Arc<Record>> {
    let target = links::target(state, row)?;
    let kinds = targets(record.text("doctype"));
    let fits = kinds.contains(&target.text("doctype"))
        && target.flag("released")
        && target.text("status") == "Open"
        && target.text("curyid") == record.text("curyid")
        && customer::same_family(state, record.text("customerid"), target.text("customerid"));
    let key = target.key();
    let held = state.store.appliers(&key).any(|other| {
        other.id != record.id
            && other.rows("adjustments").iter().any(|row| links::target_key(row) == key)
    });
    (fits && !held).then_some(target)
}

fn check(
    state: &State,
    record: &Record,
    row: &mut Row,
    others: Decimal,
    at: (&str, usize),
) -> Result<()> {
    if row.text("adjddoctype").is_empty() {
        let default = targets(record.text("doctype")).first().copied().unwrap_or_default();
        row.set("adjddoctype", Val::text(default));
    }
    if row.int("adjdlinenbr").is_none() {
        row.set("adjdlinenbr", Val::Int(0));
    }
    let unknown = || {
        ApiError::row(RECORD, at, "ReferenceNbr", "'Reference Nbr.' cannot be found in the system.")
    };
    let target = choose(state, record, row).ok_or_else(unknown)?;
    if record.date("adjdate") < target.date("docdate") {
        let text = "The application date is earlier than the date of the document.";
        return Err(ApiError::row(RECORD, at, "ReferenceNbr", text));
    }
    let whole = if record.flag("released") {
        record.num("curydocbal")
    } else {
        record.num("curyorigdocamt")
    };
    let balance = target.num("curydocbal") - default_discount(record, row, &target);
    if !row.fields.contains_key("curyadjgamt") {
        // Without a payment amount the row takes the whole balance, and the document does not
        // balance (section 11.1).
        let free = whole - others;
        let amount = if whole.is_zero() { balance } else { balance.min(free.max(Decimal::ZERO)) };
        row.set("curyadjgamt", Val::Num(amount));
    }
    let amount = row.num("curyadjgamt");
    let places = state.decimals(record.text("curyid"));
    if amount.is_sign_negative() || amount.normalize().scale() > places {
        return Err(ApiError::row(RECORD, at, "AmountPaid", "The amount is not valid."));
    }
    if amount > balance {
        let text = match balance == target.num("curydocbal") {
            true => "The amount paid exceeds the balance of the document.".to_owned(),
            false => format!("The value must be less than or equal to {balance}."),
        };
        return Err(ApiError::row(RECORD, at, "AmountPaid", text));
    }
    if balance < target.num("curydocbal") {
        let text = "Cash discounts are not booked by this emulator: CashDiscountTaken must be 0.";
        return Err(ApiError::row(RECORD, at, "CashDiscountTaken", text));
    }
    if record.flag("released") && amount + others > whole {
        let text = "The amount paid exceeds the available balance of the payment.";
        return Err(ApiError::row(RECORD, at, "AmountPaid", text));
    }
    for key in ["curyadjgwoamt", "curyadjgppdamt"] {
        if !row.num(key).is_zero() {
            let text = "Write-offs and cash discounts are not enabled for the customer.";
            return Err(ApiError::row(RECORD, at, "BalanceWriteOff", text));
        }
        row.set(key, Val::Num(Decimal::ZERO));
    }
    let kind = target.text("doctype");
    row.set("adjddoctype", Val::text(kind));
    row.set("adjdrefnbr", Val::text(target.text("refnbr")));
    row.set("arinvoice__invoicenbr", Val::text(target.text("invoicenbr")));
    row.set("arinvoice__docdesc", Val::text(target.text("docdesc")));
    Ok(())
}

/// The cash discount that a row takes when it does not say which, while the invoice's terms grant it: less
/// than the balance can then be paid. A choice on the safe side, as no source says what an integration
/// meets (sections 9.3 and 9.5.1 list the fields).
fn default_discount(record: &Record, row: &Row, target: &Record) -> Decimal {
    let granted = record.date("adjdate") <= target.date("discdate");
    let left_out = !row.fields.contains_key("curyadjgppdamt");
    if granted && left_out { target.num("curyorigdiscamt") } else { Decimal::ZERO }
}

/// Applies an open payment to the customer's oldest open documents ("Auto-Apply Payments").
pub fn automatic(state: &mut State, record: &mut Record) {
    let mut free = record.num("curydocbal")
        - record.rows("adjustments").iter().map(|row| row.num("curyadjgamt")).sum::<Decimal>();
    let mut open: Vec<Arc<Record>> = state
        .store
        .of(&AR)
        .filter(|found| found.text("customerid") == record.text("customerid"))
        .filter(|found| found.text("doctype") == "INV")
        .cloned()
        .collect();
    open.sort_by_key(|found| (found.date("duedate"), found.text("refnbr").to_owned()));
    for target in open {
        let mut row = Row { id: state.uuid(), fields: Default::default() };
        row.set("adjddoctype", Val::text("INV"));
        row.set("adjdrefnbr", Val::text(target.text("refnbr")));
        let chosen = record.rows("adjustments").iter();
        let twice = chosen.clone().any(|other| links::target_key(other) == links::target_key(&row));
        if twice || free.is_zero() || choose(state, record, &row).is_none() {
            continue;
        }
        let amount = free.min(target.num("curydocbal"));
        row.set("curyadjgamt", Val::Num(amount));
        row.set("adjdlinenbr", Val::Int(0));
        free -= amount;
        record.rows_mut("adjustments").push(row);
    }
}
