//! Customers (acumatica sheet section 9.2).

use super::{Op, limits};
use crate::acumatica::errors::{ApiError, Result};
use crate::acumatica::input::{self, Input};
use crate::acumatica::state::State;
use crate::acumatica::store::{CUSTOMER, Record, Row, table_of};
use crate::acumatica::values::Val;
use std::sync::Arc;

const RECORD: &str = "Customer";
/// What nobody may write.
const FIXED: [&str; 4] = ["noteid", "baccountid", "createddatetime", "lastmodifieddatetime"];
const STATUSES: [&str; 5] = ["Active", "On Hold", "Credit Hold", "One-Time", "Inactive"];

/// Creates or changes a customer.
pub fn save(
    state: &mut State,
    old: Option<&Arc<Record>>,
    input: &Input,
    op: &Op,
) -> Result<String> {
    let mut record = match old {
        Some(old) => (**old).clone(),
        None => begin(state, input)?,
    };
    let before = record.clone();
    for (key, value) in &input.fields {
        if FIXED.contains(&key.as_str()) || (old.is_some() && key == "acctcd") {
            continue;
        }
        input::apply(&mut record.fields, &[(key.clone(), value.clone())].into());
    }
    if record.text("acctname").is_empty() {
        return Err(ApiError::field(RECORD, "CustomerName", "'Customer Name' cannot be empty."));
    }
    if !STATUSES.contains(&record.text("status")) {
        return Err(ApiError::field(RECORD, "Status", "The status is not valid."));
    }
    let class = state.find(&table_of("CustomerClass"), record.text("customerclassid"));
    if class.is_none() {
        return Err(ApiError::unknown(RECORD, "CustomerClass", "Customer Class"));
    }
    let currency = record.text("curyid");
    if !currency.is_empty() && state.find(&table_of("Currency"), currency).is_none() {
        return Err(ApiError::unknown(RECORD, "CurrencyID", "Currency ID"));
    }
    if let Some((name, sent)) = input.rows.get("answers") {
        for row in sent {
            let id = match row.fields.get("attributeid") {
                Some(Some(Val::Text(id))) => id.clone(),
                _ => String::new(),
            };
            if row.id.is_none() && !state.attributes.contains(&id) {
                let text = "'Attribute ID' cannot be found in the system.";
                return Err(ApiError::row(RECORD, (name, row.index), "AttributeID", text));
            }
        }
        let mut rows = record.rows("answers").to_vec();
        input::merge(state, &op.session, "answers", &mut rows, sent)?;
        *record.rows_mut("answers") = rows;
    }
    if let Some(note) = &input.note {
        record.note = Some(note.clone());
    }
    limits::check(RECORD, &record, &[("acctcd", "CustomerID", 30)])?;
    limits::user_fields(&record)?;
    let quiet = old.is_some() && !state.settings.parts_move_stamp && only_parts(&before, &record);
    let id = record.id.clone();
    if quiet {
        let now = state.now;
        state.store.put(now, record);
    } else {
        state.save(record);
    }
    Ok(id)
}

/// Whether nothing of the customer's own row changed (UNVERIFIED whether the stamp moves then,
/// section 9.2).
fn only_parts(before: &Record, after: &Record) -> bool {
    let own = |record: &Record| -> Vec<(String, Val)> {
        let fields = record.fields.iter().filter(|(key, _)| !key.contains('.'));
        fields.map(|(key, value)| (key.clone(), value.clone())).collect()
    };
    own(before) == own(after) && before.note == after.note
}

fn begin(state: &mut State, input: &Input) -> Result<Record> {
    let id = input.text("acctcd").unwrap_or_default().trim().to_owned();
    if id.is_empty() {
        return Err(ApiError::field(RECORD, "CustomerID", "'Customer ID' cannot be empty."));
    }
    let mut record = Record::new(CUSTOMER, state.uuid(), state.now);
    record.set_text("acctcd", &id);
    record.set_text("status", "Active");
    let number = state.next_number("BACCOUNT").parse().unwrap_or_default();
    record.set("baccountid", Val::Int(number));
    let class = input.text("customerclassid").unwrap_or("DEFAULT").to_owned();
    record.set_text("customerclassid", &class);
    if let Some(class) = state.find(&table_of("CustomerClass"), &class) {
        for key in ["termsid", "curyid", "autoapplypayments", "statementcycleid"] {
            if let Some(value) = class.fields.get(key) {
                record.set(key, value.clone());
            }
        }
    }
    for attribute in state.attributes.clone() {
        let mut row = Row { id: state.uuid(), fields: Default::default() };
        row.set("attributeid", Val::text(attribute));
        record.rows_mut("answers").push(row);
    }
    Ok(record)
}

/// A customer that documents may be entered for.
pub fn usable(state: &State, record: &'static str, field: &str, id: &str) -> Result<Arc<Record>> {
    let found = state.find(&CUSTOMER, id);
    let customer = found.ok_or_else(|| ApiError::unknown(record, field, "Customer"))?;
    match customer.text("status") {
        "Inactive" => Err(ApiError::field(record, field, "The customer status is 'Inactive'.")),
        "On Hold" => Err(ApiError::field(record, field, "The customer status is 'On Hold'.")),
        _ => Ok(customer),
    }
}

/// The AR account of a customer's class.
pub fn receivable(state: &State, customer: &Record) -> Result<String> {
    let class = state.setup("CustomerClass", customer.text("customerclassid"))?;
    Ok(class.text("aracctid").to_owned())
}

/// Whether a payer may pay a customer's document: the same one, or its parent.
pub fn same_family(state: &State, payer: &str, owner: &str) -> bool {
    if payer.eq_ignore_ascii_case(owner) {
        return true;
    }
    let parent = state.find(&CUSTOMER, owner);
    parent.is_some_and(|owner| owner.text("parentbaccountid").eq_ignore_ascii_case(payer))
}
