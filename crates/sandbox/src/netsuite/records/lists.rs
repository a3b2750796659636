//! Set-up records and custom records: accounts, currencies, subsidiaries, periods, items and
//! segments (netsuite sheet sections 5.17 and 9.8).

use super::transaction::check_mandatory;
use crate::netsuite::errors::{ApiError, Result};
use crate::netsuite::input::Op;
use crate::netsuite::kind::Kind;
use crate::netsuite::state::State;
use crate::netsuite::store::Record;
use crate::netsuite::values::{Field, FieldKind, Target, Val, ro, rw, to};

const SUBSIDIARIES: FieldKind = FieldKind::Many(Target::Kind(Kind::Subsidiary));

pub static ACCOUNT: &[Field] = &[
    rw("acctName", "Name", FieldKind::Text),
    rw("acctNumber", "Number", FieldKind::Text),
    rw("acctType", "Type", FieldKind::Code(&[])),
    rw("sSpecAcct", "Special Account", FieldKind::Code(&[])),
    rw("currency", "Currency", to(Kind::Currency)),
    rw("subsidiary", "Subsidiary", SUBSIDIARIES),
    rw("includeChildren", "Include Children", FieldKind::Bool),
    rw("isInactive", "Inactive", FieldKind::Bool),
    rw("description", "Description", FieldKind::Text),
];

pub static CURRENCY: &[Field] = &[
    rw("name", "Name", FieldKind::Text),
    rw("symbol", "ISO Code", FieldKind::Text),
    rw("displaySymbol", "Symbol", FieldKind::Text),
    rw("exchangeRate", "Exchange Rate", FieldKind::Number),
    rw("currencyPrecision", "Precision", FieldKind::Integer),
    ro("isBaseCurrency", "Base Currency", FieldKind::Bool),
    rw("isInactive", "Inactive", FieldKind::Bool),
];

pub static RATE: &[Field] = &[
    rw("baseCurrency", "Base Currency", to(Kind::Currency)),
    rw("transactionCurrency", "Transaction Currency", to(Kind::Currency)),
    rw("effectiveDate", "Effective Date", FieldKind::Date),
    rw("exchangeRate", "Exchange Rate", FieldKind::Number),
];

pub static SUBSIDIARY: &[Field] = &[
    rw("name", "Name", FieldKind::Text),
    rw("currency", "Currency", to(Kind::Currency)),
    rw("parent", "Parent", to(Kind::Subsidiary)),
    rw("isElimination", "Elimination", FieldKind::Bool),
    rw("isInactive", "Inactive", FieldKind::Bool),
    rw("country", "Country", FieldKind::Code(&[])),
];

pub static PERIOD: &[Field] = &[
    rw("periodName", "Name", FieldKind::Text),
    rw("startDate", "Start", FieldKind::Date),
    rw("endDate", "End", FieldKind::Date),
    rw("closed", "Closed", FieldKind::Bool),
    rw("allLocked", "All Locked", FieldKind::Bool),
    rw("arLocked", "A/R Locked", FieldKind::Bool),
    rw("apLocked", "A/P Locked", FieldKind::Bool),
    rw("allowNonGLChanges", "Allow Non-G/L Changes", FieldKind::Bool),
    rw("isPosting", "Posting", FieldKind::Bool),
    rw("isAdjust", "Adjustment", FieldKind::Bool),
    rw("isQuarter", "Quarter", FieldKind::Bool),
    rw("isYear", "Year", FieldKind::Bool),
    rw("parent", "Parent", to(Kind::AccountingPeriod)),
];

pub static SEGMENT: &[Field] = &[
    rw("name", "Name", FieldKind::Text),
    rw("subsidiary", "Subsidiary", SUBSIDIARIES),
    rw("includeChildren", "Include Children", FieldKind::Bool),
    rw("isInactive", "Inactive", FieldKind::Bool),
];

pub static TERM: &[Field] = &[
    rw("name", "Name", FieldKind::Text),
    rw("daysUntilNetDue", "Days Till Net Due", FieldKind::Integer),
    rw("isInactive", "Inactive", FieldKind::Bool),
];

pub static ITEM: &[Field] = &[
    rw("itemId", "Item Name/Number", FieldKind::Text),
    rw("displayName", "Display Name", FieldKind::Text),
    rw("incomeAccount", "Income Account", to(Kind::Account)),
    rw("deferredRevenueAccount", "Deferred Revenue Account", to(Kind::Account)),
    rw("subsidiary", "Subsidiary", SUBSIDIARIES),
    rw("includeChildren", "Include Children", FieldKind::Bool),
    rw("salesDescription", "Sales Description", FieldKind::Text),
    rw("rate", "Rate", FieldKind::Number),
    rw("isInactive", "Inactive", FieldKind::Bool),
];

pub static CUSTOM: &[Field] = &[
    rw("name", "Name", FieldKind::Text),
    rw("owner", "Owner", FieldKind::Text),
    rw("isInactive", "Inactive", FieldKind::Bool),
];

/// Whether the record service offers create, update and delete for the type (the emulator's
/// set-up records are made by the seed and by people).
pub fn is_writable(kind: &Kind) -> bool {
    !matches!(
        kind,
        Kind::Account
            | Kind::AccountingPeriod
            | Kind::Currency
            | Kind::CurrencyRate
            | Kind::Subsidiary
            | Kind::Term
            | Kind::Classification
            | Kind::Department
            | Kind::Location
    )
}

/// Checks a set-up record, an item or a custom record.
pub fn finish(state: &mut State, old: Option<&Record>, rec: &mut Record, op: &Op) -> Result<()> {
    check_mandatory(state, rec, op)?;
    if state.field(&rec.kind, "isInactive").is_some() {
        rec.default("isInactive", || Some(Val::Bool(false)));
    }
    match rec.kind {
        Kind::Item => finish_item(state, rec),
        Kind::CustomerSubsidiary if old.is_none() => finish_relation(state, rec),
        _ => Ok(()),
    }
}

fn finish_item(state: &State, rec: &Record) -> Result<()> {
    let Some(name) = rec.text("itemId") else {
        return Err(ApiError::user("You must enter a value for Item Name/Number."));
    };
    let kind = Kind::Item;
    let taken = state.store.of(&kind).any(|other| {
        other.id != rec.id && other.text("itemId").is_some_and(|n| n.eq_ignore_ascii_case(name))
    });
    if taken {
        return Err(ApiError::already_exists());
    }
    if rec.reference("incomeAccount").is_none() {
        return Err(ApiError::missing(&["Income Account"]));
    }
    Ok(())
}

fn finish_relation(state: &State, rec: &mut Record) -> Result<()> {
    let entity = rec.reference("entity").ok_or_else(|| ApiError::missing(&["Customer"]))?;
    let subsidiary =
        rec.reference("subsidiary").ok_or_else(|| ApiError::missing(&["Subsidiary"]))?;
    let customer = state.setup(&Kind::Customer, entity)?;
    let kind = Kind::CustomerSubsidiary;
    let twice = state.store.of(&kind).any(|other| {
        other.reference("entity") == Some(entity)
            && other.reference("subsidiary") == Some(subsidiary)
    });
    if twice || customer.reference("subsidiary") == Some(subsidiary) {
        return Err(ApiError::already_exists());
    }
    let currency = customer.reference("currency");
    rec.set("isPrimarySub", Val::Bool(false));
    rec.default("primaryCurrency", || currency.map(Val::Ref));
    Ok(())
}
