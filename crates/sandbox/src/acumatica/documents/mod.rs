//! What the server does with documents: saving, deleting, and the actions of each form.

pub mod applications;
pub mod cash;
pub mod customer;
pub mod deposit;
pub mod installments;
pub mod invoice;
pub mod journal;
pub mod labels;
pub mod limits;
pub mod links;
pub mod payment;
pub mod periods;
pub mod posting;
pub mod release;
pub mod voiding;

use super::errors::{ApiError, Result};
use super::input::{self, Input};
use super::state::State;
use super::store::{AR, BATCH, CASH, CUSTOMER, Record, table_of};
use jiff::civil::Date;
use std::sync::Arc;

/// How a write is meant.
#[derive(Debug, Clone)]
pub struct Op {
    /// A person at the form, or a seed: reference data may be changed.
    pub person: bool,
    pub session: String,
    pub branch: String,
    /// Default date of new documents.
    pub business_date: Date,
    /// Entity as the path names it.
    pub entity: String,
}

/// Creates (`old` is none) or changes a record; answers its id.
pub fn save(
    state: &mut State,
    old: Option<&Arc<Record>>,
    input: &Input,
    op: &Op,
) -> Result<String> {
    match op.entity.as_str() {
        "Customer" => customer::save(state, old, input, op),
        "Invoice" | "SalesInvoice" => invoice::save(state, old, input, op),
        "Payment" => payment::save(state, old, input, op),
        "JournalTransaction" => journal::save(state, old, input, op),
        "CashTransaction" => cash::save(state, old, input, op),
        "CustomerPaymentMethod" => plain(state, old, input, op),
        _ if op.person => plain(state, old, input, op),
        // The rights of an integration's role end at reference data.
        name => Err(ApiError::Simple(403, format!("You have insufficient rights to edit {name}."))),
    }
}

/// A record without rules of its own.
fn plain(state: &mut State, old: Option<&Arc<Record>>, input: &Input, op: &Op) -> Result<String> {
    let mut record = match old {
        Some(old) => (**old).clone(),
        None => Record::new(table_of(&op.entity), state.uuid(), state.now),
    };
    input::apply(&mut record.fields, &input.fields);
    if op.entity == "CustomerPaymentMethod" {
        if state.find(&CUSTOMER, record.text("baccountid")).is_none() {
            return Err(ApiError::unknown("Customer Payment Method", "CustomerID", "Customer"));
        }
        if old.is_none() {
            let number = state.next_number("PMINSTANCE").parse().unwrap_or_default();
            record.set("pminstanceid", super::values::Val::Int(number));
        }
    }
    for (view, (_, sent)) in &input.rows {
        let mut rows = record.rows(view).to_vec();
        input::merge(state, &op.session, view, &mut rows, sent)?;
        *record.rows_mut(view) = rows;
    }
    let id = record.id.clone();
    state.save(record);
    Ok(id)
}

/// Deletes a record: documents as long as they are not released (section 10, rule 16).
pub fn delete(state: &mut State, record: &Record) -> Result<()> {
    let free = match &record.table {
        table if *table == AR => !record.flag("released"),
        table if *table == CASH => !record.flag("released"),
        table if *table == BATCH => {
            record.text("module") == "GL" && matches!(record.text("status"), "On Hold" | "Balanced")
        }
        table if *table == CUSTOMER => {
            let own = |found: &&Arc<Record>| found.text("customerid") == record.text("acctcd");
            state.store.of(&AR).find(own).is_none()
        }
        _ => false,
    };
    if !free {
        return Err(ApiError::disabled("Delete"));
    }
    let now = state.now;
    state.store.remove(now, &record.id);
    Ok(())
}

/// Whether an action can be pressed now; `Err` when its button is grey. `true`: it runs as a long
/// operation.
pub fn begin(state: &State, entity: &str, action: &str, record: &Record) -> Result<bool> {
    match (entity, action) {
        ("Invoice" | "SalesInvoice", "release") => {
            let ready = record.text("status") == "Balanced" && !record.flag("released");
            if ready { Ok(true) } else { Err(ApiError::disabled("Release")) }
        }
        ("Payment", "release") => release::check(state, record).map(|()| true),
        ("Payment", "voidcheck") => voiding::check(state, record).map(|()| false),
        // Works on the row that is current at the form, and over REST none is (section 21, row 8).
        ("Payment", "reverseapplication") => Ok(false),
        ("JournalTransaction" | "CashTransaction", "release") => {
            if record.text("status") == "Balanced" {
                Ok(true)
            } else {
                Err(ApiError::disabled("Release"))
            }
        }
        _ => Err(ApiError::not_found(format!("Can't find action {action} of {entity}."))),
    }
}

/// Runs an action to its end.
pub fn run(state: &mut State, entity: &str, action: &str, id: &str) -> Result<()> {
    let record = state.store.get(id).cloned().ok_or_else(ApiError::absent)?;
    begin(state, entity, action, &record)?;
    match (entity, action) {
        ("Invoice" | "SalesInvoice", "release") => invoice::release(state, &record),
        ("Payment", "release") => release::release(state, &record),
        ("JournalTransaction", "release") => journal::release(state, &record),
        ("CashTransaction", "release") => cash::release(state, &record),
        _ => Ok(()),
    }
}
