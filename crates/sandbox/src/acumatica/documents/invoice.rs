//! Invoices, debit and credit memos (acumatica sheet sections 9.3, 10, 21 row 5).

use super::periods::{self, Module};
use super::posting::{Header, Line, post};
use super::{Op, customer, installments, limits};
use crate::acumatica::errors::{ApiError, Result};
use crate::acumatica::input::{self, Input};
use crate::acumatica::state::State;
use crate::acumatica::store::{AR, Fields, Record, Row, table_of};
use crate::acumatica::values::{Val, round};
use jiff::ToSpan;
use rust_decimal::Decimal;
use std::sync::Arc;

const RECORD: &str = "AR Document";
/// Types of documents of the form.
pub const TYPES: [&str; 4] = ["INV", "DRM", "CRM", "FCH"];
/// What may be written before the release.
const FREE: [&str; 14] = [
    "customerid",
    "customerlocationid",
    "docdate",
    "duedate",
    "discdate",
    "finperiodid",
    "docdesc",
    "invoicenbr",
    "hold",
    "termsid",
    "projectid",
    "branchid",
    "curyid",
    "externalref",
];

/// The longest texts (section 9.3).
const LIMITS: [(&str, &str, usize); 2] =
    [("invoicenbr", "CustomerOrder", 40), ("docdesc", "Description", 512)];
/// Statuses that features outside this emulator give; a person's deed stands for them.
pub const OTHER_STATUSES: [&str; 8] = [
    "Credit Hold",
    "Pending Print",
    "Pending Email",
    "Pending Processing",
    "Scheduled",
    "Reserved",
    "Canceled",
    "Voided",
];

/// Whether a key belongs to a field that an administrator made.
pub fn is_user_field(key: &str) -> bool {
    let field = key.rsplit('.').next().unwrap_or(key);
    field.starts_with("attribute") || field.starts_with("usr")
}

/// Creates or changes a document.
pub fn save(
    state: &mut State,
    old: Option<&Arc<Record>>,
    input: &Input,
    op: &Op,
) -> Result<String> {
    let mut record = match old {
        Some(old) => (**old).clone(),
        None => begin(state, input, op)?,
    };
    let released = record.flag("released");
    for (key, value) in &input.fields {
        let allowed = is_user_field(key)
            || if released { key == "duedate" } else { FREE.contains(&key.as_str()) };
        let frozen = old.is_some() && matches!(key.as_str(), "curyid" | "customerid");
        if allowed && !frozen {
            input::apply(&mut record.fields, &[(key.clone(), value.clone())].into());
        }
    }
    if let Some(note) = &input.note {
        record.note = Some(note.clone());
    }
    limits::user_fields(&record)?;
    if !released {
        complete(state, &mut record, old.is_none(), input, op)?;
    }
    let id = record.id.clone();
    state.save(record);
    Ok(id)
}

fn begin(state: &mut State, input: &Input, op: &Op) -> Result<Record> {
    let kind = input.text("doctype").unwrap_or("INV").to_owned();
    if !TYPES.contains(&kind.as_str()) {
        return Err(ApiError::field(RECORD, "Type", "The type is not valid for this form."));
    }
    let number = number(state, "ARDOC", RECORD, input)?;
    let mut record = Record::new(AR, state.uuid(), state.now);
    record.set_text("doctype", &kind);
    record.set_text("refnbr", &number);
    record.set("docdate", Val::Date(op.business_date));
    record.set_text("branchid", &op.branch);
    record.set_text("customerlocationid", "MAIN");
    record.set_text("projectid", "X");
    record.set("hold", Val::Bool(state.preferences.hold_on_entry));
    let origin = if op.entity == "SalesInvoice" { "SO" } else { "AR" };
    record.set_text("origmodule", origin);
    Ok(record)
}

/// The number of a new document: the sequence's, or with manual numbering the caller's.
pub fn number(
    state: &mut State,
    sequence: &str,
    record: &'static str,
    input: &Input,
) -> Result<String> {
    if state.preferences.auto_number {
        return Ok(state.next_number(sequence));
    }
    let named = input.text("refnbr").map(str::trim).filter(|text| !text.is_empty());
    let missing = || ApiError::field(record, "ReferenceNbr", "'Reference Nbr.' cannot be empty.");
    named.map(str::to_owned).ok_or_else(missing)
}

fn complete(
    state: &mut State,
    record: &mut Record,
    new: bool,
    input: &Input,
    op: &Op,
) -> Result<()> {
    let owner = customer::usable(state, RECORD, "Customer", record.text("customerid"))?;
    let id = owner.text("acctcd").to_owned();
    record.set_text("customerid", &id);
    if new {
        if record.text("curyid").is_empty() {
            let base = state.base_currency.clone();
            let own = owner.text("curyid").to_owned();
            record.set_text("curyid", if own.is_empty() { &base } else { &own });
        }
        if record.text("termsid").is_empty() && record.text("doctype") != "CRM" {
            let terms = owner.text("termsid").to_owned();
            record.set_text("termsid", &terms);
        }
        let account = customer::receivable(state, &owner)?;
        record.set_text("araccountid", &account);
    }
    if state.find(&table_of("Currency"), record.text("curyid")).is_none() {
        return Err(ApiError::unknown(RECORD, "CurrencyID", "Currency"));
    }
    if !state.branches.contains(record.text("branchid")) {
        return Err(ApiError::unknown(RECORD, "LinkBranch", "Branch"));
    }
    let date = record.date("docdate").unwrap_or(op.business_date);
    let named = input.text("finperiodid").map(str::to_owned);
    let period = periods::for_save(state, RECORD, "Date", date, named.as_deref(), Module::Ar)?;
    record.set_text("finperiodid", &period);
    if record.text("doctype") == "CRM" {
        record.fields.remove("duedate");
    } else if record.date("duedate").is_none() {
        let terms = state.terms.get(record.text("termsid"));
        let days = terms.and_then(|terms| terms.first()).map_or(0, |(days, _)| *days);
        record.set("duedate", Val::Date(date.saturating_add(days.days())));
    }
    limits::check(RECORD, record, &LIMITS)?;
    lines(state, record, input, op)?;
    totals(state, record);
    record.set_text("status", status(state, record));
    control_total(state, record, input)
}

/// With "Validate Document Totals on Entry" a document leaves the hold state only with the amount
/// that was sent (section 10, rule 14).
fn control_total(state: &State, record: &mut Record, input: &Input) -> Result<()> {
    if let Some(Some(Val::Num(sent))) = input.fields.get("curyorigdocamt") {
        record.set_num("$control", *sent);
    }
    let differs = record.num("$control") != record.num("curyorigdocamt");
    if state.preferences.validate_totals && !record.flag("hold") && differs {
        return Err(ApiError::field(RECORD, "Amount", "The document is out of the balance."));
    }
    Ok(())
}

fn lines(state: &mut State, record: &mut Record, input: &Input, op: &Op) -> Result<()> {
    let Some((part, sent)) = input.rows.get("transactions") else { return Ok(()) };
    let mut rows = record.rows("transactions").to_vec();
    let merged = input::merge(state, &op.session, "transactions", &mut rows, sent)?;
    let places = state.decimals(record.text("curyid"));
    for done in merged {
        let Some(row) = rows.iter_mut().find(|row| Some(&row.id) == done.row.as_ref()) else {
            continue;
        };
        let sent = sent.iter().find(|sent| sent.index == done.index);
        let named = |key: &str| sent.is_some_and(|sent| sent.fields.contains_key(key));
        let at = (part.as_str(), done.index);
        line(state, record, row, at, places, named)?;
    }
    let mut next = rows.iter().filter_map(|row| row.int("linenbr")).max().unwrap_or(0);
    for row in rows.iter_mut().filter(|row| row.int("linenbr").is_none()) {
        next += 1;
        row.set("linenbr", Val::Int(next));
    }
    *record.rows_mut("transactions") = rows;
    Ok(())
}

fn line(
    state: &State,
    record: &Record,
    row: &mut Row,
    at: (&str, usize),
    places: u32,
    named: impl Fn(&str) -> bool,
) -> Result<()> {
    let item = row.text("inventoryid").to_owned();
    if !item.is_empty() {
        let found = state.find(&table_of("NonStockItem"), &item);
        let found = found.ok_or_else(|| {
            let text = "'Inventory ID' cannot be found in the system.";
            ApiError::row(RECORD, at, "InventoryID", text)
        })?;
        for (key, from) in [
            ("accountid", "$salesaccount"),
            ("trandesc", "descr"),
            ("taxcategoryid", "taxcategoryid"),
        ] {
            if row.text(key).is_empty() {
                let text = found.text(from).to_owned();
                row.set(key, Val::Text(text));
            }
        }
    }
    let account = state.find(&table_of("Account"), row.text("accountid"));
    if account.is_none_or(|account| !account.flag("active")) {
        let text = "'Account' cannot be found in the system.";
        return Err(ApiError::row(RECORD, at, "Account", text));
    }
    if row.text("subid").is_empty() {
        row.set("subid", Val::text("000000"));
    }
    if row.text("branchid").is_empty() {
        row.set("branchid", Val::text(record.text("branchid")));
    }
    if state.find(&table_of("Subaccount"), row.text("subid")).is_none() {
        let text = "'Subaccount' cannot be found in the system.";
        return Err(ApiError::row(RECORD, at, "Subaccount", text));
    }
    if !row.fields.contains_key("qty") {
        row.set("qty", Val::Num(Decimal::ONE));
    }
    if named("curyextprice") && !named("curyunitprice") {
        let quantity = row.num("qty");
        let unit =
            if quantity.is_zero() { Decimal::ZERO } else { row.num("curyextprice") / quantity };
        row.set("curyunitprice", Val::Num(round(unit, 6)));
    } else {
        let price = round(row.num("qty") * row.num("curyunitprice"), places);
        row.set("curyextprice", Val::Num(price));
    }
    let amount = row.num("curyextprice") - row.num("curydiscamt");
    row.set("curytranamt", Val::Num(round(amount, places)));
    Ok(())
}

/// Taxes and sums.
fn totals(state: &mut State, record: &mut Record) {
    let places = state.decimals(record.text("curyid"));
    let net: Decimal = record.rows("transactions").iter().map(|row| row.num("curytranamt")).sum();
    let mut taxes = Vec::new();
    for tax in state.taxes.clone() {
        let taxed = record.rows("transactions").iter();
        let taxed = taxed.filter(|row| row.text("taxcategoryid") == tax.category);
        let base: Decimal = taxed.map(|row| row.num("curytranamt")).sum();
        if base.is_zero() {
            continue;
        }
        let mut row = Row { id: state.uuid(), fields: Fields::new() };
        row.set("taxid", Val::text(&tax.id));
        row.set("taxrate", Val::Num(tax.rate));
        row.set("curytaxableamt", Val::Num(base));
        let amount = round(base * tax.rate / Decimal::ONE_HUNDRED, places);
        row.set("curytaxamt", Val::Num(amount));
        taxes.push(row);
    }
    let total: Decimal = taxes.iter().map(|row| row.num("curytaxamt")).sum();
    *record.rows_mut("taxes") = taxes;
    record.set_num("curytaxtotal", total);
    record.set_num("curyorigdocamt", net + total);
    record.set_num("curydocbal", net + total);
}

/// The status that follows from what else is known.
pub fn status(state: &State, record: &Record) -> &'static str {
    let other = OTHER_STATUSES.into_iter().find(|status| *status == record.text("$status"));
    if let Some(other) = other {
        return other;
    }
    if record.flag("released") {
        return if record.num("curydocbal").is_zero() { "Closed" } else { "Open" };
    }
    if record.flag("hold") {
        "On Hold"
    } else if record.text("$approval") == "rejected" {
        "Rejected"
    } else if state.preferences.approve_invoices && record.text("$approval") != "approved" {
        "Pending Approval"
    } else {
        "Balanced"
    }
}

/// Releases a document: it posts, and its balance is open.
pub fn release(state: &mut State, record: &Record) -> Result<()> {
    let mut record = record.clone();
    periods::for_release(state, record.text("finperiodid"), Module::Ar)?;
    let amount = record.num("curyorigdocamt");
    if amount.is_sign_negative() {
        return Err(ApiError::px("Error: The document total cannot be negative."));
    }
    let date = record.date("docdate").unwrap_or_else(|| state.today());
    let rate = state.rate(record.text("curyid"), date)?;
    let memo = record.text("doctype") == "CRM";
    let sign = if memo { Decimal::ONE } else { Decimal::NEGATIVE_ONE };
    let mut posted = Vec::new();
    for row in record.rows("transactions") {
        let amount = sign * row.num("curytranamt");
        let mut line = Line::new(
            row.text("accountid"),
            amount,
            state.to_base(amount, rate),
            row.text("trandesc"),
        );
        row.text("subid").clone_into(&mut line.sub);
        posted.push(line);
    }
    for row in record.rows("taxes") {
        let tax = state.taxes.iter().find(|tax| tax.id == row.text("taxid"));
        let account = tax.map(|tax| tax.account.clone()).unwrap_or_default();
        let amount = sign * row.num("curytaxamt");
        posted.push(Line::new(&account, amount, state.to_base(amount, rate), "Tax"));
    }
    let base: Decimal = posted.iter().map(|line| line.base).sum();
    posted.push(Line::new(
        record.text("araccountid"),
        -sign * amount,
        -base,
        record.text("docdesc"),
    ));
    let header = Header {
        module: Module::Ar,
        date,
        period: record.text("finperiodid"),
        branch: record.text("branchid"),
        currency: record.text("curyid"),
        text: record.text("docdesc"),
        origin: record.text("refnbr"),
    };
    let batch = post(state, &header, &posted)?;
    record.set_text("batchnbr", &batch);
    record.set("released", Val::Bool(true));
    record.set_num("$basebal", base.abs());
    if memo {
        record.set("adjdate", Val::Date(date));
        record.set_num("curyunappliedbal", amount);
    }
    installments::split(state, &mut record);
    record.set_text("status", status(state, &record));
    state.save(record);
    Ok(())
}
