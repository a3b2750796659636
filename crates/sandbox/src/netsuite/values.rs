//! Field values and field descriptions, and the exact decimals that go in and out as JSON numbers.

use super::kind::Kind;
use jiff::{Timestamp, civil::Date};
use rust_decimal::{Decimal, RoundingStrategy};
use serde_json::{Number, Value};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::str::FromStr;

/// A stored value.
#[derive(Debug, Clone, PartialEq)]
pub enum Val {
    Text(String),
    Bool(bool),
    Num(Decimal),
    Date(Date),
    Stamp(Timestamp),
    /// The internal id of the record that the field's target names.
    Ref(i64),
    /// The code of an enumeration.
    Code(String),
    /// Internal ids of a multi-select field.
    Many(Vec<i64>),
    /// A subrecord, for example an address.
    Sub(Line),
}

/// One line of a sublist, or a subrecord.
pub type Line = BTreeMap<String, Val>;

/// What a reference may point at.
#[derive(Debug, Clone, PartialEq)]
pub enum Target {
    Kind(Kind),
    /// Any transaction; its existence is judged by the rule that uses it.
    Transaction,
}

/// Codes of an enumeration with their labels. An empty list accepts any code (ISO countries).
pub type Codes = &'static [(&'static str, &'static str)];

/// The JSON kind of a field (netsuite sheet sections 5.6 and 5.7).
#[derive(Debug, Clone, PartialEq)]
pub enum FieldKind {
    Text,
    Bool,
    /// A number with any scale: rates, quantities, exchange rates.
    Number,
    /// An amount of the record's currency, in major units.
    Money,
    Integer,
    Date,
    Stamp,
    Ref(Target),
    Code(Codes),
    Many(Target),
    Sub(&'static [Field]),
    /// `undepFunds`: boolean, "T"/"F" or `{id}` on the wire (sheet section 20, row 14).
    UndepFunds,
}

/// Who may write a field (column "R/W" of netsuite sheet section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
    Create,
}

/// One field of a record, of a sublist line or of a subrecord.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub name: Cow<'static, str>,
    pub label: Cow<'static, str>,
    pub kind: FieldKind,
    pub access: Access,
    pub required: bool,
}

/// A sublist: its name, its line key (`None`: lines are only appended) and its fields.
#[derive(Debug)]
pub struct Sublist {
    pub name: &'static str,
    pub key: Option<&'static str>,
    pub fields: &'static [Field],
}

/// A writable field.
pub const fn rw(name: &'static str, label: &'static str, kind: FieldKind) -> Field {
    Field {
        name: Cow::Borrowed(name),
        label: Cow::Borrowed(label),
        kind,
        access: Access::Write,
        required: false,
    }
}

/// A writable field that a create must bring.
pub const fn must(name: &'static str, label: &'static str, kind: FieldKind) -> Field {
    Field {
        name: Cow::Borrowed(name),
        label: Cow::Borrowed(label),
        kind,
        access: Access::Write,
        required: true,
    }
}

/// A field that is only read.
pub const fn ro(name: &'static str, label: &'static str, kind: FieldKind) -> Field {
    Field {
        name: Cow::Borrowed(name),
        label: Cow::Borrowed(label),
        kind,
        access: Access::Read,
        required: false,
    }
}

/// A field that is written on create only.
pub const fn once(name: &'static str, label: &'static str, kind: FieldKind) -> Field {
    Field {
        name: Cow::Borrowed(name),
        label: Cow::Borrowed(label),
        kind,
        access: Access::Create,
        required: false,
    }
}

/// A reference to records of one type.
pub const fn to(kind: Kind) -> FieldKind {
    FieldKind::Ref(Target::Kind(kind))
}

/// An exact decimal as a JSON number with at least one decimal place (sheet section 17.3).
pub fn json_number(value: Decimal) -> Value {
    let mut text = value.normalize().to_string();
    if !text.contains('.') {
        text.push_str(".0");
    }
    Number::from_str(&text).map_or(Value::Null, Value::Number)
}

/// The decimal that a JSON number spells, exponent included.
pub fn decimal_of(number: &Number) -> Option<Decimal> {
    let text = number.to_string();
    Decimal::from_str(&text).or_else(|_| Decimal::from_scientific(&text)).ok()
}

/// A decimal from a JSON number or a string of digits (control surface only).
pub fn decimal_in(value: &Value) -> Option<Decimal> {
    match value {
        Value::Number(number) => decimal_of(number),
        Value::String(text) => Decimal::from_str(text.trim()).ok(),
        _ => None,
    }
}

/// A whole number from a JSON number or a string of digits.
pub fn integer_in(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.to_string().parse().ok(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Rounds half away from zero to `places` decimal places, as the vendor does for amounts.
pub fn round(value: Decimal, places: u32) -> Decimal {
    value.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}
