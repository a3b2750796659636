//! Values of fields, and their two spellings: contract-4 JSON (acumatica sheet section 5) and the
//! literals of `$filter` (section 7).

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Value, json};
use std::str::FromStr;

/// The type of a field in the contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Type {
    Text,
    Number,
    Integer,
    Bool,
    /// A moment or a date; which of the two the data tell.
    Time,
    Guid,
}

impl Type {
    /// The `type` of a custom field (section 5).
    pub fn custom_name(self, value: Option<&Val>) -> &'static str {
        match self {
            Type::Text => "CustomStringField",
            Type::Number => "CustomDecimalField",
            Type::Integer => "CustomIntField",
            Type::Bool => "CustomBooleanField",
            Type::Guid => "CustomGuidField",
            Type::Time if matches!(value, Some(Val::Text(_))) => "CustomStringField",
            Type::Time => "CustomDateTimeField",
        }
    }

    /// The type behind a custom field's `type`.
    pub fn of_custom(name: &str) -> Option<Type> {
        Some(match name {
            "CustomStringField" => Type::Text,
            "CustomIntField" | "CustomLongField" | "CustomShortField" | "CustomByteField" => {
                Type::Integer
            }
            "CustomDecimalField" | "CustomDoubleField" => Type::Number,
            "CustomBooleanField" => Type::Bool,
            "CustomGuidField" => Type::Guid,
            "CustomDateTimeField" => Type::Time,
            _ => return None,
        })
    }
}

/// One stored value.
#[derive(Debug, Clone, PartialEq)]
pub enum Val {
    Text(String),
    Num(Decimal),
    Int(i64),
    Bool(bool),
    Date(Date),
    Stamp(Timestamp),
}

impl Val {
    /// A text value.
    pub fn text(text: impl Into<String>) -> Val {
        Val::Text(text.into())
    }

    /// The JSON inside `{"value": …}`.
    pub fn json(&self) -> Value {
        match self {
            Val::Text(text) => json!(text),
            Val::Num(number) => json_number(*number),
            Val::Int(number) => json!(number),
            Val::Bool(flag) => json!(flag),
            Val::Date(date) => json!(format!("{date}T00:00:00+00:00")),
            Val::Stamp(at) => json!(stamp(*at)),
        }
    }

    /// The value without wrapping and in words that people read, for the control surface.
    pub fn plain(&self) -> Value {
        match self {
            Val::Num(number) => json!(number.normalize().to_string()),
            Val::Date(date) => json!(date.to_string()),
            other => other.json(),
        }
    }
}

/// Reads a value of this type from JSON; `Err` holds what is wrong with it. A day is taken as it is
/// written, whatever the offset (section 5).
pub fn parse(kind: Type, moment: bool, value: &Value, zone: &TimeZone) -> Result<Val, String> {
    let wrong = || format!("the value {value} does not fit the type of the field");
    match kind {
        Type::Text | Type::Guid => match value {
            Value::String(text) => Ok(Val::Text(text.clone())),
            Value::Number(number) => Ok(Val::Text(number.to_string())),
            _ => Err(wrong()),
        },
        // Beyond this the columns end.
        Type::Number => {
            let number =
                decimal_in(value).filter(|number| number.abs() < Decimal::from(10_i64.pow(15)));
            number.map(Val::Num).ok_or_else(wrong)
        }
        Type::Integer => {
            let number = decimal_in(value).filter(Decimal::is_integer);
            number.and_then(|number| number.try_into().ok()).map(Val::Int).ok_or_else(wrong)
        }
        Type::Bool => value.as_bool().map(Val::Bool).ok_or_else(wrong),
        Type::Time => {
            let text = value.as_str().ok_or_else(wrong)?;
            if moment {
                return moment_in(text, zone).map(Val::Stamp).ok_or_else(wrong);
            }
            date_in(text).map(Val::Date).ok_or_else(wrong)
        }
    }
}

/// The date at the beginning of a text.
pub fn date_in(text: &str) -> Option<Date> {
    let whole = text.len() == 10 || moment_in(text, &TimeZone::UTC).is_some();
    text.get(..10).filter(|_| whole)?.parse().ok()
}

/// A moment with an offset, or one of the zone given.
pub fn moment_in(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    let civil = match text.parse::<Date>() {
        Ok(date) if text.len() == 10 => date.to_datetime(jiff::civil::Time::midnight()),
        _ => text.parse::<DateTime>().ok()?,
    };
    zone.to_timestamp(civil).ok()
}

/// A decimal in a JSON number or a quoted one (section 21, row 14).
pub fn decimal_in(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => decimal(&number.to_string()),
        Value::String(text) => decimal(text.trim()),
        _ => None,
    }
}

/// A decimal in a text.
pub fn decimal(text: &str) -> Option<Decimal> {
    Decimal::from_str(text).or_else(|_| Decimal::from_scientific(text)).ok()
}

/// A JSON number; whole numbers keep one decimal, as the server writes them (section 20.9).
pub fn json_number(number: Decimal) -> Value {
    let number = number.normalize();
    let text = if number.scale() == 0 { format!("{number}.0") } else { number.to_string() };
    serde_json::from_str(&text).unwrap_or(Value::Null)
}

/// A JSON number with trailing zeros, as some columns come back (section 5).
pub fn padded_number(number: Decimal) -> Value {
    let mut number = number;
    number.rescale(number.scale().max(6));
    serde_json::from_str(&number.to_string()).unwrap_or(Value::Null)
}

/// Rounds half away from zero, as the server does with amounts.
pub fn round(value: Decimal, places: u32) -> Decimal {
    value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}

/// A moment as the server keeps it: a 300th of a second, shown as milliseconds that end in 0, 3
/// or 7 (section 11.8).
pub fn server_time(at: Timestamp) -> Timestamp {
    let millis = at.as_millisecond();
    let ticks = (millis.rem_euclid(1000) * 3 + 5) / 10;
    let within = (ticks * 10 + 1) / 3;
    let second = Timestamp::from_second(millis.div_euclid(1000)).unwrap_or(at);
    second.checked_add(SignedDuration::from_millis(within)).unwrap_or(second)
}

/// ISO with milliseconds, trailing zeros trimmed (section 5).
pub fn stamp(at: Timestamp) -> String {
    let text = at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let millis = at.subsec_millisecond();
    if millis == 0 {
        return format!("{text}+00:00");
    }
    let fraction = format!("{millis:03}");
    format!("{text}.{}+00:00", fraction.trim_end_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_rounded_as_the_database_rounds_them() {
        for (given, kept) in [
            ("2025-03-01T10:02:17.000Z", "2025-03-01T10:02:17+00:00"),
            ("2025-03-01T10:02:17.001Z", "2025-03-01T10:02:17+00:00"),
            ("2025-03-01T10:02:17.002Z", "2025-03-01T10:02:17.003+00:00"),
            ("2025-03-01T10:02:17.005Z", "2025-03-01T10:02:17.007+00:00"),
            ("2025-03-01T10:02:17.529Z", "2025-03-01T10:02:17.53+00:00"),
            ("2025-03-01T10:02:17.999Z", "2025-03-01T10:02:18+00:00"),
        ] {
            assert_eq!(stamp(server_time(given.parse().unwrap())), kept, "{given}");
        }
    }

    #[test]
    fn days_are_taken_as_written() {
        for (text, day) in [
            ("2024-08-18", Some("2024-08-18")),
            ("2024-08-18T00:00:00", Some("2024-08-18")),
            ("2024-08-18T23:00:00-05:00", Some("2024-08-18")),
            ("2024-08-18 or so", None),
            ("18.08.2024", None),
        ] {
            assert_eq!(date_in(text).map(|date| date.to_string()).as_deref(), day, "{text}");
        }
    }

    #[test]
    fn numbers_are_written_without_superfluous_zeros() {
        for (given, shown) in [("120.50", "120.5"), ("0", "0.0"), ("20.000", "20.0")] {
            assert_eq!(json_number(decimal(given).unwrap()).to_string(), shown);
        }
    }
}
