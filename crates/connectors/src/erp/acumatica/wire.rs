//! Acumatica's JSON of contract 4, read leniently: every field wrapped as `{"value": …}`, numbers
//! kept as text, dates of two kinds, padded keys trimmed (acumatica sheet section 5).

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use model::money::{Currency, Money, parse_decimal};

/// A record, a linked object or a detail row.
pub type Body = Map<String, Value>;

/// A view of one record.
#[derive(Debug, Clone, Copy)]
pub struct Entity<'a>(pub &'a Body);

/// Reads a body that is one record.
pub fn parse_one(bytes: &[u8]) -> Result<Body, String> {
    serde_json::from_slice(bytes)
        .map_err(|error| format!("the answer is not a JSON object: {error}"))
}

/// Reads a body that is a list of records.
pub fn parse_list(bytes: &[u8]) -> Result<Vec<Body>, String> {
    serde_json::from_slice(bytes)
        .map_err(|error| format!("the answer is not a list of JSON objects: {error}"))
}

impl<'a> Entity<'a> {
    /// The value inside the wrapper; a field without a value is `{}`.
    fn raw(&self, name: &str) -> Option<&'a Value> {
        unwrap(self.0.get(name)?)
    }

    /// Text without surrounding spaces: segmented keys come padded. Blank is absent.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        text_of(self.raw(name)?)
    }

    /// Text that must be there.
    pub fn required(&self, name: &str) -> Result<String, String> {
        self.text(name).ok_or_else(|| format!("{name} is missing"))
    }

    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        self.raw(name).is_some_and(is_true)
    }

    /// A number, exactly as written.
    pub fn decimal(&self, name: &str) -> Result<Option<Decimal>, String> {
        let Some(text) = self.text(name) else { return Ok(None) };
        read_decimal(&text).map(Some).ok_or_else(|| format!("{name} \"{text}\" is not a number"))
    }

    /// An amount in major units, exactly, or a sentence.
    pub fn money(&self, name: &str, currency: Currency) -> Result<Option<Money>, String> {
        let Some(decimal) = self.decimal(name)? else { return Ok(None) };
        // Trailing zeros beyond the currency's decimals come along ("120.500000").
        Money::parse_major(&decimal.normalize().to_string(), currency)
            .map(Some)
            .map_err(|error| format!("{name}: {error}"))
    }

    /// An amount that must be there.
    pub fn required_money(&self, name: &str, currency: Currency) -> Result<Money, String> {
        self.money(name, currency)?.ok_or_else(|| format!("{name} is missing"))
    }

    /// A date: the first ten characters as written, never shifted by the offset behind them
    /// (acumatica sheet section 5, "Date only").
    pub fn date(&self, name: &str) -> Result<Option<Date>, String> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let day = text.get(..10).unwrap_or(&text);
        day.parse().map(Some).map_err(|_| format!("{name} \"{text}\" is not a date"))
    }

    /// A date that must be there.
    pub fn required_date(&self, name: &str) -> Result<Date, String> {
        self.date(name)?.ok_or_else(|| format!("{name} is missing"))
    }

    /// A moment with 0 to 7 digits of a second; without an offset it is UTC.
    #[must_use]
    pub fn moment(&self, name: &str) -> Option<Timestamp> {
        let text = self.text(name)?;
        if let Ok(moment) = text.parse::<Timestamp>() {
            return Some(moment);
        }
        let local: DateTime = text.parse().ok()?;
        local.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
    }

    /// A field of a view that the endpoint does not have: `custom.<view>.<field>.value`. Customer
    /// views carry ordinals ("CurrentCustomer: 1", acumatica sheet section 21, row 16).
    fn custom(&self, view: &str, field: &str) -> Option<&'a Value> {
        let views = self.0.get("custom")?.as_object()?;
        let named = views.iter().find(|(name, _)| name.split(':').next() == Some(view));
        unwrap(named?.1.as_object()?.get(field)?)
    }

    /// Text of a custom field.
    #[must_use]
    pub fn custom_text(&self, view: &str, field: &str) -> Option<String> {
        text_of(self.custom(view, field)?)
    }

    /// A custom check box: a boolean, or its text.
    #[must_use]
    pub fn custom_flag(&self, view: &str, field: &str) -> bool {
        self.custom(view, field).is_some_and(is_true)
    }

    /// The rows of a detail collection; none when it was not expanded.
    #[must_use]
    pub fn rows(&self, name: &str) -> Vec<Entity<'a>> {
        let rows = self.0.get(name).and_then(Value::as_array);
        rows.into_iter().flatten().filter_map(Value::as_object).map(Entity).collect()
    }

    /// Whether a detail collection came along: absence is never "none" (acumatica sheet section 5).
    #[must_use]
    pub fn is_expanded(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(Value::is_array)
    }

    /// A linked object.
    #[must_use]
    pub fn inner(&self, name: &str) -> Option<Entity<'a>> {
        self.0.get(name).and_then(Value::as_object).map(Entity)
    }
}

fn unwrap(field: &Value) -> Option<&Value> {
    match field {
        Value::Object(object) => object.get("value").filter(|value| !value.is_null()),
        Value::Null => None,
        plain => Some(plain),
    }
}

fn text_of(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => return None,
    };
    if text.is_empty() { None } else { Some(text) }
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Bool(flag) => *flag,
        Value::String(text) => {
            ["true", "1", "yes"].iter().any(|word| text.trim().eq_ignore_ascii_case(word))
        }
        Value::Number(number) => number.to_string() == "1",
        Value::Null | Value::Array(_) | Value::Object(_) => false,
    }
}

fn read_decimal(text: &str) -> Option<Decimal> {
    if text.contains(['e', 'E']) {
        return Decimal::from_scientific(text).ok();
    }
    parse_decimal(text).ok()
}

/// A text, date or flag as it is written.
pub fn wrapped(value: impl Into<Value>) -> Value {
    json!({ "value": value.into() })
}

/// A day as it is written: midnight without an offset, which no zone shifts.
#[must_use]
pub fn wrapped_day(day: Date) -> Value {
    wrapped(format!("{day}T00:00:00"))
}

/// An amount as it is written: a JSON number with exactly the currency's decimals.
#[must_use]
pub fn wrapped_money(amount: Money) -> Value {
    let text = amount.to_major();
    // Digits, a sign and a point are always a number; a quoted one is taken as well (acumatica
    // sheet section 21, row 14).
    let number = text.parse::<serde_json::Number>().map(Value::Number);
    wrapped(number.unwrap_or(Value::String(text)))
}

/// A custom text field as it is written; `None` clears it.
#[must_use]
pub fn custom_text(text: Option<&str>) -> Value {
    json!({ "type": "CustomStringField", "value": text })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(json: &str) -> Body {
        parse_one(json.as_bytes()).unwrap()
    }

    #[test]
    fn amounts_are_exact_in_every_form() {
        for (json, minor) in [
            (r#"{"a": {"value": 120.5}}"#, Some(12_050)),
            (r#"{"a": {"value": 120.500000}}"#, Some(12_050)),
            (r#"{"a": {"value": 0.0}}"#, Some(0)),
            (r#"{"a": {"value": "45.99"}}"#, Some(4_599)),
            (r#"{"a": {"value": 1.2E2}}"#, Some(12_000)),
            (r#"{"a": {}}"#, None),
            (r#"{"a": {"value": null}}"#, None),
            ("{}", None),
        ] {
            let body = body(json);
            let read = Entity(&body).money("a", Currency::GBP).unwrap();
            assert_eq!(read.map(|money| money.minor), minor, "{json}");
        }
        let odd = body(r#"{"a": {"value": 120.505}}"#);
        assert!(Entity(&odd).money("a", Currency::GBP).unwrap_err().contains("decimals"));
    }

    #[test]
    fn a_day_is_not_shifted_and_a_moment_is() {
        let body = body(
            r#"{"d": {"value": "2023-12-14T00:00:00-08:00"},
                "m": {"value": "2020-05-19T22:50:36.837-02:00"},
                "n": {"value": "2020-05-19T22:50:36"}, "s": {"value": "2020-05-19T22:50:36.5"}}"#,
        );
        let entity = Entity(&body);
        assert_eq!(entity.date("d").unwrap().unwrap().to_string(), "2023-12-14");
        assert_eq!(entity.moment("m").unwrap().to_string(), "2020-05-20T00:50:36.837Z");
        assert_eq!(entity.moment("n").unwrap().to_string(), "2020-05-19T22:50:36Z");
        assert_eq!(entity.moment("s").unwrap().to_string(), "2020-05-19T22:50:36.5Z");
    }

    #[test]
    fn keys_are_trimmed_and_ordinals_of_views_are_ignored() {
        let body = body(
            r#"{"k": {"value": "C000123   "},
                "custom": {"CurrentCustomer: 1": {"AttributeX": {"type": "x", "value": "y"}},
                           "Document": {"B": {"value": true}, "C": {"value": "True"}}}}"#,
        );
        let entity = Entity(&body);
        assert_eq!(entity.text("k").as_deref(), Some("C000123"));
        assert_eq!(entity.custom_text("CurrentCustomer", "AttributeX").as_deref(), Some("y"));
        assert!(entity.custom_flag("Document", "B") && entity.custom_flag("Document", "C"));
        assert!(!entity.custom_flag("Document", "D"));
    }

    #[test]
    fn amounts_are_written_with_the_currencys_decimals() {
        let text =
            |minor, code: &str| wrapped_money(Money::new(minor, code.parse().unwrap())).to_string();
        assert_eq!(text(12_050, "GBP"), r#"{"value":120.50}"#);
        assert_eq!(text(120, "JPY"), r#"{"value":120}"#);
        assert_eq!(text(5, "KWD"), r#"{"value":0.005}"#);
    }
}
