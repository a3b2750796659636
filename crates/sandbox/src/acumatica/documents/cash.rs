//! Cash transactions (acumatica sheet sections 9.7, 11.6 way C).

use super::periods::{self, Module};
use super::posting::{Header, Line, post};
use super::{Op, invoice, limits};
use crate::acumatica::errors::{ApiError, Result};
use crate::acumatica::input::{self, Input};
use crate::acumatica::state::{CashAccount, EntryType, State};
use crate::acumatica::store::{CASH, Record};
use crate::acumatica::values::Val;
use rust_decimal::Decimal;
use std::sync::Arc;

const RECORD: &str = "Cash Transaction";
/// What may be written before the release.
const FREE: [&str; 7] =
    ["cashaccountid", "entrytypeid", "trandate", "extrefnbr", "trandesc", "hold", "finperiodid"];

/// Creates or changes a cash transaction.
pub fn save(
    state: &mut State,
    old: Option<&Arc<Record>>,
    input: &Input,
    op: &Op,
) -> Result<String> {
    let mut record = match old {
        Some(old) => (**old).clone(),
        None => {
            let mut record = Record::new(CASH, state.uuid(), state.now);
            let number = state.next_number("CATRAN");
            record.set_text("adjrefnbr", &number);
            record.set_text("adjtrantype", "CAE");
            record.set("trandate", Val::Date(op.business_date));
            record.set("hold", Val::Bool(state.preferences.hold_on_entry));
            record
        }
    };
    let released = record.flag("released");
    for (key, value) in &input.fields {
        let allowed = invoice::is_user_field(key) || (!released && FREE.contains(&key.as_str()));
        if allowed {
            input::apply(&mut record.fields, &[(key.clone(), value.clone())].into());
        }
    }
    if let Some(note) = &input.note {
        record.note = Some(note.clone());
    }
    if !released {
        complete(state, &mut record, input, op)?;
    }
    let id = record.id.clone();
    state.save(record);
    Ok(id)
}

/// The account and the entry type; the type must be one of the account's.
fn parts(state: &State, record: &Record) -> Result<(CashAccount, EntryType)> {
    let account = state.cash_accounts.get(record.text("cashaccountid")).cloned();
    let account =
        account.ok_or_else(|| ApiError::unknown(RECORD, "CashAccountCD", "Cash Account"))?;
    let entry = state.entry_types.get(record.text("entrytypeid")).cloned();
    let entry = entry.filter(|entry| account.entry_types.contains(&entry.id));
    let entry = entry.ok_or_else(|| ApiError::unknown(RECORD, "EntryTypeCD", "Entry Type"))?;
    Ok((account, entry))
}

fn complete(state: &mut State, record: &mut Record, input: &Input, op: &Op) -> Result<()> {
    let (account, _) = parts(state, record)?;
    record.set_text("curyid", &account.currency);
    record.set_text("branchid", &account.branch);
    let limits = [("extrefnbr", "ExternalReferenceNumber", 40), ("trandesc", "Description", 512)];
    limits::check(RECORD, record, &limits)?;
    let date = record.date("trandate").unwrap_or(op.business_date);
    let named = input.text("finperiodid").map(str::to_owned);
    let period =
        periods::for_save(state, RECORD, "PostedDate", date, named.as_deref(), Module::Ca)?;
    record.set_text("finperiodid", &period);
    if let Some((part, sent)) = input.rows.get("casplitrecords") {
        let mut rows = record.rows("casplitrecords").to_vec();
        input::merge(state, &op.session, "casplitrecords", &mut rows, sent)?;
        let places = state.decimals(&account.currency);
        for (index, row) in rows.iter().enumerate() {
            if row.num("curyunitprice").normalize().scale() > places {
                let text = "The amount is not valid.";
                return Err(ApiError::row(RECORD, (part, index), "Amount", text));
            }
        }
        *record.rows_mut("casplitrecords") = rows;
    }
    let rows = record.rows("casplitrecords");
    let total: Decimal = rows.iter().map(|row| row.num("curyunitprice")).sum();
    record.set_num("curytranamt", total);
    let hold = record.flag("hold");
    record.set_text("status", if hold { "On Hold" } else { "Balanced" });
    record.set("approved", Val::Bool(true));
    Ok(())
}

/// Releases a cash transaction: money in or out against the entry type's account.
pub fn release(state: &mut State, record: &Record) -> Result<()> {
    let mut record = record.clone();
    let (account, entry) = parts(state, &record)?;
    periods::for_release(state, record.text("finperiodid"), Module::Ca)?;
    let amount = record.num("curytranamt");
    // A credit is a receipt, by an entry type of its own.
    if amount <= Decimal::ZERO {
        return Err(ApiError::px("Error: The document amount must be greater than zero."));
    }
    let date = record.date("trandate").unwrap_or_else(|| state.today());
    let rate = state.rate(&account.currency, date)?;
    let sign = if entry.receipt { Decimal::ONE } else { Decimal::NEGATIVE_ONE };
    let mut lines = Vec::new();
    for row in record.rows("casplitrecords") {
        let amount = -sign * row.num("curyunitprice");
        let base = state.to_base(amount, rate);
        let mut line = Line::new(&entry.account, amount, base, row.text("trandesc"));
        line.sub.clone_from(&entry.sub);
        lines.push(line);
    }
    let base: Decimal = lines.iter().map(|line| line.base).sum();
    lines.push(Line::cash(&account, sign * amount, -base, record.text("trandesc")));
    let header = Header {
        module: Module::Ca,
        date,
        period: record.text("finperiodid"),
        branch: &account.branch,
        currency: &account.currency,
        text: record.text("trandesc"),
        origin: record.text("adjrefnbr"),
    };
    let batch = post(state, &header, &lines)?;
    record.set_text("batchnbr", &batch);
    record.set("released", Val::Bool(true));
    record.set_text("status", "Released");
    state.save(record);
    Ok(())
}
