//! Payments, prepayments and refunds, up to their release (acumatica sheet sections 9.5, 10,
//! 11.1, 11.4, 21 rows 2–4, 7, 9).

use super::periods::{self, Module};
use super::{Op, applications, customer, invoice, limits, voiding};
use crate::acumatica::errors::{ApiError, Result};
use crate::acumatica::input::{self, Input};
use crate::acumatica::state::{CashAccount, State};
use crate::acumatica::store::{AR, Record, Row, table_of};
use crate::acumatica::values::Val;
use rust_decimal::Decimal;
use std::sync::Arc;

pub const RECORD: &str = "AR Payment";
/// Types that can be entered.
const ENTERED: [&str; 3] = ["PMT", "PPM", "REF"];
/// Types that the form shows.
pub const TYPES: [&str; 6] = ["PMT", "PPM", "REF", "RPM", "VRF", "CRM"];
/// What may be written before the release.
const FREE: [&str; 15] = [
    "customerid",
    "customerlocationid",
    "adjdate",
    "adjfinperiodid",
    "paymentmethodid",
    "cashaccountid",
    "curyid",
    "curyorigdocamt",
    "extrefnbr",
    "externalref",
    "docdesc",
    "hold",
    "branchid",
    "pminstanceid",
    "depositafter",
];
/// The longest texts (section 9.5).
const LIMITS: [(&str, &str, usize); 3] = [
    ("extrefnbr", "PaymentRef", 40),
    ("externalref", "ExternalRef", 40),
    ("docdesc", "Description", 512),
];
/// What may be written while a released payment is open.
const WHILE_OPEN: [&str; 3] = ["adjdate", "adjfinperiodid", "hold"];

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
    let rows = input.rows.contains_key("adjustments");
    if rows && matches!(record.text("status"), "Closed" | "Voided") {
        return Err(ApiError::px("Error: Documents to apply cannot be changed: nothing is open."));
    }
    for (key, value) in &input.fields {
        if may_write(state, &record, key) {
            input::apply(&mut record.fields, &[(key.clone(), value.clone())].into());
        }
    }
    if let Some(note) = &input.note {
        record.note = Some(note.clone());
    }
    limits::user_fields(&record)?;
    if !matches!(record.text("status"), "Closed" | "Voided") {
        if !record.flag("released") && ENTERED.contains(&record.text("doctype")) {
            complete(state, &mut record, input, op)?;
        } else {
            period(state, &mut record, input)?;
        }
        applications::merge(state, &mut record, input, op)?;
        derive(state, &mut record);
        balanced(&record)?;
    }
    let id = record.id.clone();
    state.save(record);
    Ok(id)
}

fn may_write(state: &State, record: &Record, key: &str) -> bool {
    if invoice::is_user_field(key) {
        // Section 21, row 4: a closed payment takes them on a clearing account alone, a voided one never.
        let clearing = state.cash_accounts.get(record.text("cashaccountid"));
        return match record.text("status") {
            "Voided" => false,
            "Closed" => clearing.is_some_and(|cash| cash.clearing),
            _ => true,
        };
    }
    match (record.text("status"), record.text("doctype")) {
        ("Closed" | "Voided", _) => false,
        _ if record.flag("released") => WHILE_OPEN.contains(&key),
        (_, "RPM" | "VRF") => WHILE_OPEN.contains(&key),
        _ => FREE.contains(&key),
    }
}

fn begin(state: &mut State, input: &Input, op: &Op) -> Result<Record> {
    let kind = input.text("doctype").unwrap_or("PMT").to_owned();
    if !ENTERED.contains(&kind.as_str()) {
        return Err(ApiError::field(RECORD, "Type", "A document of this type cannot be entered."));
    }
    let number = invoice::number(state, "ARPMT", RECORD, input)?;
    let mut record = Record::new(AR, state.uuid(), state.now);
    record.set_text("doctype", &kind);
    record.set_text("refnbr", &number);
    record.set("adjdate", Val::Date(op.business_date));
    record.set_text("customerlocationid", "MAIN");
    record.set_text("origmodule", "AR");
    record.set("hold", Val::Bool(state.preferences.hold_on_entry));
    record.set_num("curyorigdocamt", Decimal::ZERO);
    Ok(record)
}

fn complete(state: &mut State, record: &mut Record, input: &Input, op: &Op) -> Result<()> {
    let owner = customer::usable(state, RECORD, "CustomerID", record.text("customerid"))?;
    let id = owner.text("acctcd").to_owned();
    record.set_text("customerid", &id);
    let account = customer::receivable(state, &owner)?;
    record.set_text("araccountid", &account);
    let cash = cash_account(state, record)?;
    record.set_text("cashaccountid", &cash.id);
    if record.text("curyid").is_empty() {
        record.set_text("curyid", &cash.currency);
    }
    if record.text("curyid") != cash.currency {
        let text = format!("The currency must be that of the cash account, {}.", cash.currency);
        return Err(ApiError::field(RECORD, "CurrencyID", text));
    }
    if record.text("branchid").is_empty() {
        record.set_text("branchid", &cash.branch);
    }
    if !state.branches.contains(record.text("branchid")) {
        return Err(ApiError::unknown(RECORD, "BranchID", "Branch"));
    }
    let amount = record.num("curyorigdocamt");
    let places = state.decimals(record.text("curyid"));
    if amount.is_sign_negative() || amount.normalize().scale() > places {
        return Err(ApiError::field(RECORD, "PaymentAmount", "The amount is not valid."));
    }
    limits::check(RECORD, record, &LIMITS)?;
    record.set("depositasbatch", Val::Bool(cash.clearing));
    if let Some(date) = record.date("adjdate").filter(|_| cash.clearing) {
        record.set("depositafter", Val::Date(date));
    }
    period(state, record, input)?;
    charges(state, record, &cash, input, op)?;
    let needed = state.preferences.require_payment_ref && !record.flag("hold");
    if needed && record.text("extrefnbr").is_empty() {
        return Err(ApiError::field(RECORD, "PaymentRef", "'Payment Ref.' cannot be empty."));
    }
    Ok(())
}

/// The period of the application date, or the one named; closed ones are refused, on hold too.
fn period(state: &State, record: &mut Record, input: &Input) -> Result<()> {
    let date = record.date("adjdate").unwrap_or_else(|| state.today());
    let moved = input.fields.contains_key("adjdate");
    let field = "ApplicationDate";
    let voided = voiding::original(state, record).filter(|_| moved);
    if voided.as_ref().is_some_and(|voided| voided.date("docdate") > Some(date)) {
        let text = "The date cannot be earlier than that of the voided payment.";
        return Err(ApiError::field(RECORD, field, text));
    }
    let own = match voided {
        Some(voided) => Some(voiding::later_period(state, &voided, date)?),
        None if moved => None,
        None => Some(record.text("adjfinperiodid").to_owned()).filter(|own| !own.is_empty()),
    };
    let named = input.text("adjfinperiodid").map(str::to_owned).or(own);
    let period = periods::for_save(state, RECORD, field, date, named.as_deref(), Module::Ar)?;
    record.set_text("adjfinperiodid", &period);
    if !record.flag("released") {
        record.set("docdate", Val::Date(date));
        record.set_text("finperiodid", &period);
    }
    Ok(())
}

/// The cash account that is named, or the method's default.
fn cash_account(state: &State, record: &Record) -> Result<CashAccount> {
    let unknown_method = || ApiError::unknown(RECORD, "PaymentMethod", "Payment Method");
    let method = state.find(&table_of("PaymentMethod"), record.text("paymentmethodid"));
    let method = method.filter(|method| method.flag("isactive") && method.flag("useforar"));
    let method = method.ok_or_else(unknown_method)?;
    let refund = record.text("doctype") == "REF";
    let default = if refund { "arisdefaultforrefund" } else { "arisdefault" };
    let flag = |row: &Row, key: &str| row.fields.get(key) == Some(&Val::Bool(true));
    let named = record.text("cashaccountid");
    let row = method.rows("cashaccounts").iter().find(|row| {
        let fits = if named.is_empty() {
            flag(row, default)
        } else {
            row.text("cashaccountid").eq_ignore_ascii_case(named)
        };
        fits && flag(row, "useforar")
    });
    let unknown = || ApiError::unknown(RECORD, "CashAccount", "Cash Account");
    let row = row.ok_or_else(unknown)?;
    state.cash_accounts.get(row.text("cashaccountid")).cloned().ok_or_else(unknown)
}

/// Charges: entry types of the cash account (section 9.5.3).
fn charges(
    state: &mut State,
    record: &mut Record,
    cash: &CashAccount,
    input: &Input,
    op: &Op,
) -> Result<()> {
    let Some((part, sent)) = input.rows.get("paymentcharges") else { return Ok(()) };
    let mut rows = record.rows("paymentcharges").to_vec();
    let merged = input::merge(state, &op.session, "paymentcharges", &mut rows, sent)?;
    for done in merged {
        let Some(row) = rows.iter_mut().find(|row| Some(&row.id) == done.row.as_ref()) else {
            continue;
        };
        let entry = state.entry_types.get(row.text("entrytypeid"));
        let Some(entry) = entry.filter(|entry| cash.entry_types.contains(&entry.id)) else {
            let text = "'Entry Type' cannot be found in the system.";
            return Err(ApiError::row(RECORD, (part, done.index), "EntryTypeID", text));
        };
        row.set("accountid", Val::text(&entry.account));
        row.set("subid", Val::text(&entry.sub));
        row.set("doctype", Val::text(record.text("doctype")));
        row.set("refnbr", Val::text(record.text("refnbr")));
    }
    let mut next = rows.iter().filter_map(|row| row.int("linenbr")).max().unwrap_or(0);
    for row in rows.iter_mut().filter(|row| row.int("linenbr").is_none()) {
        next += 1;
        row.set("linenbr", Val::Int(next));
    }
    *record.rows_mut("paymentcharges") = rows;
    Ok(())
}

/// Sums and status that follow from the rest. `AppliedToDocuments` counts what is not released
/// (section 21, row 3).
pub fn derive(state: &State, record: &mut Record) {
    let reserved: Decimal =
        record.rows("adjustments").iter().map(|row| row.num("curyadjgamt")).sum();
    let whole = if record.flag("released") {
        record.num("curydocbal")
    } else {
        record.num("curyorigdocamt")
    };
    record.set_num("curyapplamt", reserved);
    record.set_num("curysoapplamt", Decimal::ZERO);
    record.set_num("curyunappliedbal", whole - reserved);
    record.set_text("status", status(state, record));
}

/// More applied than paid: the document does not leave the hold state.
fn balanced(record: &Record) -> Result<()> {
    let over = record.num("curyunappliedbal").is_sign_negative();
    let voiding = matches!(record.text("doctype"), "RPM" | "VRF");
    if over && !record.flag("hold") && !voiding && !record.num("curyunappliedbal").is_zero() {
        return Err(ApiError::field(
            RECORD,
            "PaymentAmount",
            "The document is out of the balance.",
        ));
    }
    Ok(())
}

/// The status that follows from what else is known.
pub fn status(state: &State, record: &Record) -> &'static str {
    if record.flag("voided") {
        return "Voided";
    }
    if record.flag("released") {
        return match (record.num("curydocbal").is_zero(), record.flag("hold")) {
            (true, _) => "Closed",
            (false, true) => "Reserved",
            (false, false) => "Open",
        };
    }
    let approval = state.preferences.approve_refunds && record.text("doctype") == "REF";
    if record.flag("hold") {
        "On Hold"
    } else if record.text("$approval") == "rejected" {
        "Rejected"
    } else if approval && record.text("$approval") != "approved" {
        "Pending Approval"
    } else {
        "Balanced"
    }
}
