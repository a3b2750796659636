//! Values of a query: exact numbers, text, dates, statuses, null; how they compare and how they
//! are written into the answer (netsuite sheet section 8.2).

use super::SqlError;
use super::dates;
use crate::netsuite::state::Company;
use jiff::civil::DateTime;
use rust_decimal::Decimal;
use std::cmp::Ordering;
use std::str::FromStr;

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Sv {
    Null,
    Number(Decimal),
    Text(String),
    /// A date or date-time in the account's time zone.
    Day(DateTime),
    /// A transaction status: the type's code and the letter. It reads as the letter, and equals
    /// the letter as well as `Type:letter`.
    Status(&'static str, String),
}

impl Sv {
    /// Text; empty text is null, as in Oracle.
    pub fn text(text: impl Into<String>) -> Sv {
        let text = text.into();
        if text.is_empty() { Sv::Null } else { Sv::Text(text) }
    }

    /// 'T' or 'F'.
    pub fn flag(flag: bool) -> Sv {
        Sv::Text(if flag { "T" } else { "F" }.to_owned())
    }

    pub fn is_null(&self) -> bool {
        matches!(self, Sv::Null)
    }

    /// How the value is written into the answer; `None`: the key is omitted.
    pub fn render(&self, company: &Company) -> Option<String> {
        Some(match self {
            Sv::Null => return None,
            Sv::Number(number) => number.normalize().to_string(),
            Sv::Text(text) => text.clone(),
            Sv::Day(day) => dates::account_date(company, day.date()),
            Sv::Status(_, letter) => letter.clone(),
        })
    }

    /// As a number; text converts when it spells one.
    pub fn number(&self) -> Result<Option<Decimal>, SqlError> {
        match self {
            Sv::Null => Ok(None),
            Sv::Number(number) => Ok(Some(*number)),
            Sv::Text(text) | Sv::Status(_, text) => {
                let parsed = Decimal::from_str(text.trim());
                parsed.map(Some).map_err(|_| SqlError::new(format!("Invalid number: '{text}'.")))
            }
            Sv::Day(_) => Err(SqlError::new("A date cannot be used as a number.")),
        }
    }

    /// Compares; `None` when either side is null.
    pub fn compare(&self, other: &Sv, company: &Company) -> Result<Option<Ordering>, SqlError> {
        Ok(Some(match (self, other) {
            (Sv::Null, _) | (_, Sv::Null) => return Ok(None),
            (Sv::Day(a), Sv::Day(b)) => a.cmp(b),
            (Sv::Day(a), Sv::Text(b)) => a.cmp(&parse_day(company, b)?),
            (Sv::Text(a), Sv::Day(b)) => parse_day(company, a)?.cmp(b),
            (Sv::Text(a), Sv::Text(b)) => a.cmp(b),
            (Sv::Status(kind, letter), Sv::Text(text))
            | (Sv::Text(text), Sv::Status(kind, letter)) => {
                let compound = text.strip_prefix(kind).and_then(|rest| rest.strip_prefix(':'));
                let order = letter.as_str().cmp(compound.unwrap_or(text));
                if matches!(self, Sv::Text(_)) { order.reverse() } else { order }
            }
            (Sv::Status(_, a), Sv::Status(_, b)) => a.cmp(b),
            (a, b) => match (a.number()?, b.number()?) {
                (Some(a), Some(b)) => a.cmp(&b),
                _ => return Ok(None),
            },
        }))
    }

    /// A key under which equal values meet, whatever their types; unequal ones may meet too.
    pub fn key(&self) -> Option<String> {
        match self {
            Sv::Null => None,
            Sv::Number(number) => Some(number.normalize().to_string()),
            Sv::Text(text) => Some(match Decimal::from_str(text.trim()) {
                Ok(number) => number.normalize().to_string(),
                Err(_) => text.clone(),
            }),
            Sv::Day(day) => Some(day.to_string()),
            Sv::Status(_, letter) => Some(letter.clone()),
        }
    }
}

fn parse_day(company: &Company, text: &str) -> Result<DateTime, SqlError> {
    dates::parse_account_date(company, text)
        .map(|date| date.to_datetime(jiff::civil::Time::midnight()))
        .ok_or_else(|| SqlError::new(format!("Invalid date value '{text}'.")))
}
