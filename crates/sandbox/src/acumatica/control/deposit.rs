//! Bank deposits as a person makes them: see `documents::deposit`.

use super::act::{paying, text};
use super::seed::told;
use super::{Answer, refuse, truth};
use crate::acumatica::documents::deposit::{self, Entry};
use crate::acumatica::state::State;
use crate::acumatica::store::{DEPOSIT, Record};
use crate::acumatica::values::{date_in, decimal_in};
use crate::emulator::ControlError;
use rust_decimal::Decimal;
use serde_json::Value;
use std::sync::Arc;

/// `deposit`: enters one, and releases it unless `release` is false.
pub fn enter(state: &mut State, body: &Value) -> Answer {
    let named = body["payments"].as_array().cloned().unwrap_or_default();
    let payments: Result<Vec<String>, ControlError> =
        named.iter().map(|name| Ok(paying(state, name)?.id.clone())).collect();
    let charges = body["charges"].as_array().cloned().unwrap_or_default();
    let charge = |charge: &Value| -> Result<(String, Decimal), ControlError> {
        let amount = decimal_in(&charge["amount"]);
        let amount = amount.ok_or_else(|| refuse("the amount of a charge is missing"))?;
        Ok((text(charge, "entry_type")?.to_owned(), amount))
    };
    let entry = Entry {
        bank: text(body, "bank")?.to_owned(),
        date: body["date"].as_str().and_then(date_in).unwrap_or_else(|| state.today()),
        payments: payments?,
        charges: charges.iter().map(charge).collect::<Result<_, _>>()?,
    };
    let release = body["release"].as_bool() != Some(false);
    let done = state.atomically(|state| {
        let id = deposit::enter(state, &entry)?;
        if let Some(made) = state.store.get(&id).cloned().filter(|_| release) {
            deposit::release(state, &made)?;
        }
        Ok(id)
    });
    shown(state, &done.map_err(told)?)
}

/// `release_deposit`.
pub fn release(state: &mut State, body: &Value) -> Answer {
    let made = found(state, &body["deposit"])?;
    state.atomically(|state| deposit::release(state, &made)).map_err(told)?;
    shown(state, &made.id)
}

/// `void_deposit`.
pub fn void(state: &mut State, body: &Value) -> Answer {
    let made = found(state, &body["deposit"])?;
    state.atomically(|state| deposit::void(state, &made)).map_err(told)?;
    shown(state, &made.id)
}

fn found(state: &State, name: &Value) -> Result<Arc<Record>, ControlError> {
    let text = name.as_str().unwrap_or_default();
    let by_id = state.store.get(text).filter(|record| record.table == DEPOSIT).cloned();
    let record = by_id.or_else(|| state.find(&DEPOSIT, text));
    record.ok_or_else(|| refuse(format!("no deposit {name}")))
}

fn shown(state: &State, id: &str) -> Answer {
    let record = state.store.get(id).ok_or_else(|| refuse("the deposit is gone"))?;
    Ok(truth::plain(state, record))
}
