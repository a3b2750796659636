//! Journal transactions of the general ledger (acumatica sheet sections 9.6, 11.7 option 2).

use super::periods::{self, Module};
use super::posting::posted;
use super::{Op, limits};
use crate::acumatica::errors::{ApiError, Result};
use crate::acumatica::input::{self, Input};
use crate::acumatica::state::State;
use crate::acumatica::store::{BATCH, Record, Row, table_of};
use crate::acumatica::values::Val;
use rust_decimal::Decimal;
use std::sync::Arc;

const RECORD: &str = "GL Batch";
const LINES: &str = "gltranmodulebatnbr";
/// What may be written before the release.
const FREE: [&str; 7] =
    ["dateentered", "finperiodid", "ledgerid", "branchid", "curyid", "description", "hold"];

/// Creates or changes a batch.
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
    let open = record.text("module") == "GL"
        && matches!(record.text("status"), "" | "On Hold" | "Balanced");
    if open {
        for (key, value) in &input.fields {
            if FREE.contains(&key.as_str()) {
                input::apply(&mut record.fields, &[(key.clone(), value.clone())].into());
            }
        }
        complete(state, &mut record, input, op)?;
    }
    if let Some(note) = &input.note {
        record.note = Some(note.clone());
    }
    let id = record.id.clone();
    state.save(record);
    Ok(id)
}

fn begin(state: &mut State, input: &Input, op: &Op) -> Result<Record> {
    if !matches!(input.text("module"), None | Some("GL")) {
        let text = "Only batches of the GL module can be entered.";
        return Err(ApiError::field(RECORD, "Module", text));
    }
    let number = state.next_number("GL");
    let mut record = Record::new(BATCH, state.uuid(), state.now);
    record.set_text("module", "GL");
    record.set_text("batchnbr", &number);
    record.set("dateentered", Val::Date(op.business_date));
    record.set_text("ledgerid", "ACTUAL");
    record.set_text("branchid", &op.branch);
    let base = state.base_currency.clone();
    record.set_text("curyid", &base);
    record.set("hold", Val::Bool(state.preferences.hold_on_entry));
    Ok(record)
}

fn complete(state: &mut State, record: &mut Record, input: &Input, op: &Op) -> Result<()> {
    for (key, entity, field, label) in [
        ("ledgerid", "Ledger", "LedgerID", "Ledger"),
        ("curyid", "Currency", "CurrencyID", "Currency"),
    ] {
        if state.find(&table_of(entity), record.text(key)).is_none() {
            return Err(ApiError::unknown(RECORD, field, label));
        }
    }
    if !state.branches.contains(record.text("branchid")) {
        return Err(ApiError::unknown(RECORD, "BranchID", "Branch"));
    }
    let date = record.date("dateentered").unwrap_or(op.business_date);
    let named = input.text("finperiodid").map(str::to_owned);
    let field = "TransactionDate";
    let period = periods::for_save(state, RECORD, field, date, named.as_deref(), Module::Gl)?;
    record.set_text("finperiodid", &period);
    if let Some((part, sent)) = input.rows.get(LINES) {
        let mut rows = record.rows(LINES).to_vec();
        let merged = input::merge(state, &op.session, LINES, &mut rows, sent)?;
        let places = state.decimals(record.text("curyid"));
        for done in merged {
            let found = rows.iter_mut().find(|row| Some(&row.id) == done.row.as_ref());
            let Some(row) = found else { continue };
            line(state, record, row, (part, done.index), places)?;
        }
        let mut next = rows.iter().filter_map(|row| row.int("linenbr")).max().unwrap_or(0);
        for row in rows.iter_mut().filter(|row| row.int("linenbr").is_none()) {
            next += 1;
            row.set("linenbr", Val::Int(next));
        }
        *record.rows_mut(LINES) = rows;
    }
    limits::check(RECORD, record, &[("description", "Description", 512)])?;
    let rows = record.rows(LINES);
    let net: Decimal =
        rows.iter().map(|row| row.num("curydebitamt") - row.num("curycreditamt")).sum();
    let hold = record.flag("hold");
    if !hold && !net.is_zero() {
        return Err(ApiError::px("Error: Batch is out of balance, please review."));
    }
    record.set_text("status", if hold { "On Hold" } else { "Balanced" });
    Ok(())
}

/// An account that takes entries by hand: neither inactive nor a control account.
fn line(
    state: &State,
    record: &Record,
    row: &mut Row,
    at: (&str, usize),
    places: u32,
) -> Result<()> {
    let refuse = |field: &str, text: &str| Err(ApiError::row(RECORD, at, field, text));
    let account = state.find(&table_of("Account"), row.text("accountid"));
    let Some(account) = account.filter(|account| account.flag("active")) else {
        return refuse("Account", "'Account' cannot be found in the system.");
    };
    if !account.text("controlaccountmodule").is_empty() && !account.flag("allowmanualentry") {
        return refuse("Account", "The account is a control account and allows no manual entry.");
    }
    let own = account.text("curyid");
    if !own.is_empty() && own != record.text("curyid") {
        return refuse("Account", "The currency of the account differs from that of the batch.");
    }
    for key in ["curydebitamt", "curycreditamt"] {
        let amount = row.num(key);
        if amount.is_sign_negative() && !amount.is_zero() || amount.normalize().scale() > places {
            return refuse("DebitAmount", "The amount is not valid.");
        }
        row.set(key, Val::Num(amount));
    }
    if !row.num("curydebitamt").is_zero() && !row.num("curycreditamt").is_zero() {
        return refuse("DebitAmount", "A line has either a debit or a credit.");
    }
    if row.text("refnbr").chars().count() > 15 {
        return refuse("ReferenceNbr", "The string is longer than 15 characters.");
    }
    for (key, default) in [("subid", "000000"), ("branchid", record.text("branchid"))] {
        if row.text(key).is_empty() {
            row.set(key, Val::text(default));
        }
    }
    if state.find(&table_of("Subaccount"), row.text("subid")).is_none() {
        return refuse("Subaccount", "'Subaccount' cannot be found in the system.");
    }
    let branch = row.text("branchid");
    let foreign = branch != record.text("branchid") && !state.preferences.inter_branch;
    if !state.branches.contains(branch) || foreign {
        return refuse("BranchID", "'Branch' cannot be found in the system.");
    }
    row.set("accountid_account_description", Val::text(account.text("description")));
    Ok(())
}

/// Releases a batch, and posts it when the preference says so.
pub fn release(state: &mut State, record: &Record) -> Result<()> {
    let mut record = record.clone();
    periods::for_release(state, record.text("finperiodid"), Module::Gl)?;
    if record.rows(LINES).is_empty() {
        return Err(ApiError::px("Error: The batch has no lines."));
    }
    let date = record.date("dateentered").unwrap_or_else(|| state.today());
    let rate = state.rate(record.text("curyid"), date)?;
    let mut rows = record.rows(LINES).to_vec();
    let mut net = Decimal::ZERO;
    for row in &mut rows {
        let debit = state.to_base(row.num("curydebitamt"), rate);
        let credit = state.to_base(row.num("curycreditamt"), rate);
        net += debit - credit;
        row.set("$debit", Val::Num(debit));
        row.set("$credit", Val::Num(credit));
    }
    // What rounding leaves goes to the account for it, so that the batch balances in base currency.
    if !net.is_zero() {
        rows.push(rounding(state, &record, rows.len(), net));
    }
    *record.rows_mut(LINES) = rows;
    record.set_text("status", posted(state));
    state.save(record);
    Ok(())
}

/// The line that takes a rounding difference; `net` is what the debits have too much.
fn rounding(state: &mut State, record: &Record, count: usize, net: Decimal) -> Row {
    let mut row = Row { id: state.uuid(), fields: Default::default() };
    let zero = Decimal::ZERO;
    row.set("linenbr", Val::Int(i64::try_from(count + 1).unwrap_or(i64::MAX)));
    row.set("accountid", Val::text(&state.rounding_account));
    row.set("subid", Val::text("000000"));
    row.set("branchid", Val::text(record.text("branchid")));
    row.set("trandesc", Val::text("Rounding difference"));
    let (debit, credit) = if net.is_sign_negative() { (-net, zero) } else { (zero, net) };
    for (key, amount) in
        [("curydebitamt", zero), ("curycreditamt", zero), ("$debit", debit), ("$credit", credit)]
    {
        row.set(key, Val::Num(amount));
    }
    row
}
