//! NetSuite's JSON, read leniently: record bodies and SuiteQL rows alike. Numbers stay text, ids may
//! be numbers or strings, absent means empty (netsuite sheet sections 5.6 and 8.2).

use jiff::civil::{Date, DateTime};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

use model::money::{Currency, Money, parse_decimal};

/// A record body or a row.
pub type Body = Map<String, Value>;

/// Reads a body; anything but an object is refused with a sentence.
pub fn parse_body(bytes: &[u8]) -> Result<Body, String> {
    serde_json::from_slice(bytes)
        .map_err(|error| format!("the answer is not a JSON object: {error}"))
}

/// A view of a record body, a sub-line or a row.
#[derive(Debug, Clone, Copy)]
pub struct Record<'a>(pub &'a Body);

impl<'a> Record<'a> {
    /// Text of a plain value; of a list value what people see; blank text is absent.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<String> {
        let text = match self.0.get(name)? {
            Value::String(text) => text.clone(),
            Value::Number(number) => number.to_string(),
            Value::Object(list) => Record(list).text("refName").or_else(|| Record(list).id())?,
            Value::Null | Value::Bool(_) | Value::Array(_) => return None,
        };
        if text.trim().is_empty() { None } else { Some(text) }
    }

    /// The record's own id.
    #[must_use]
    pub fn id(&self) -> Option<String> {
        self.reference("id")
    }

    /// The id of a reference: `{"id": …}`, or a bare id.
    #[must_use]
    pub fn reference(&self, name: &str) -> Option<String> {
        let id = match self.0.get(name)? {
            Value::String(id) => id.clone(),
            Value::Number(id) => id.to_string(),
            Value::Object(object) => return Record(object).reference("id"),
            Value::Null | Value::Bool(_) | Value::Array(_) => return None,
        };
        if id.is_empty() { None } else { Some(id) }
    }

    /// What people call the thing that a reference points to.
    #[must_use]
    pub fn reference_name(&self, name: &str) -> Option<String> {
        match self.0.get(name)? {
            Value::Object(object) => Record(object).text("refName"),
            _ => None,
        }
    }

    /// A check box: true, "T", or `{"id": "T"}` (netsuite sheet section 20, row 14).
    #[must_use]
    pub fn flag(&self, name: &str) -> bool {
        let truthy = |text: &str| {
            let text = text.trim();
            ["t", "true", "yes", "1"].iter().any(|word| text.eq_ignore_ascii_case(word))
        };
        match self.0.get(name) {
            Some(Value::Bool(flag)) => *flag,
            Some(Value::String(text)) => truthy(text),
            Some(Value::Object(object)) => match object.get("id") {
                Some(Value::Bool(flag)) => *flag,
                _ => Record(object).id().is_some_and(|id| truthy(&id)),
            },
            Some(Value::Null | Value::Number(_) | Value::Array(_)) | None => false,
        }
    }

    /// Whether the field is there with any value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|value| !value.is_null())
    }

    /// A number, exactly.
    pub fn decimal(&self, name: &str) -> Result<Option<Decimal>, String> {
        let text = match self.0.get(name) {
            Some(Value::Number(number)) => number.to_string(),
            Some(Value::String(text)) if !text.trim().is_empty() => text.trim().to_owned(),
            _ => return Ok(None),
        };
        read_decimal(&text).map(Some).ok_or_else(|| format!("{name} \"{text}\" is not a number"))
    }

    /// An amount in major units of `currency`, exactly, or a sentence.
    pub fn money(&self, name: &str, currency: Currency) -> Result<Option<Money>, String> {
        let Some(decimal) = self.decimal(name)? else {
            return Ok(None);
        };
        Money::parse_major(&decimal.to_string(), currency)
            .map(Some)
            .map_err(|error| format!("{name}: {error}"))
    }

    /// An amount that must be there.
    pub fn required_money(&self, name: &str, currency: Currency) -> Result<Money, String> {
        self.money(name, currency)?.ok_or_else(|| format!("{name} is missing"))
    }

    /// A date, whether or not a time follows it.
    pub fn date(&self, name: &str) -> Result<Option<Date>, String> {
        let Some(text) = self.text(name) else {
            return Ok(None);
        };
        let day = text.get(..10).unwrap_or(&text);
        day.parse().map(Some).map_err(|_| format!("{name} \"{text}\" is not a date"))
    }

    /// A local date and time as our queries write it ("2026-03-04 09:12:44").
    #[must_use]
    pub fn local_time(&self, name: &str) -> Option<DateTime> {
        self.text(name)?.replacen(' ', "T", 1).parse().ok()
    }

    /// A reference that must be there.
    pub fn required_reference(&self, name: &str) -> Result<String, String> {
        self.reference(name).ok_or_else(|| format!("{name} is missing"))
    }

    /// The lines of an expanded sublist.
    #[must_use]
    pub fn lines(&self, name: &str) -> Vec<Record<'a>> {
        let items = match self.0.get(name) {
            Some(Value::Object(sublist)) => sublist.get("items"),
            other => other,
        };
        let Some(Value::Array(items)) = items else {
            return Vec::new();
        };
        items.iter().filter_map(Value::as_object).map(Record).collect()
    }

    /// Whether a sublist came expanded; only links otherwise (netsuite sheet section 5.6).
    #[must_use]
    pub fn is_expanded(&self, name: &str) -> bool {
        match self.0.get(name) {
            Some(Value::Object(sublist)) => sublist.contains_key("items"),
            Some(Value::Array(_)) | None => true,
            Some(_) => false,
        }
    }

    /// A subrecord.
    #[must_use]
    pub fn inner(&self, name: &str) -> Option<Record<'a>> {
        self.0.get(name).and_then(Value::as_object).map(Record)
    }
}

/// Reads a decimal as NetSuite may write it: "240", "240.0", ".5" (Oracle's text of a half), "2.4E2".
#[must_use]
pub fn read_decimal(text: &str) -> Option<Decimal> {
    let (sign, digits) = match text.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", text),
    };
    if digits.contains(['e', 'E']) {
        return Decimal::from_scientific(text).ok();
    }
    let zero = if digits.starts_with('.') { "0" } else { "" };
    let digits = digits.strip_suffix('.').unwrap_or(digits);
    parse_decimal(&format!("{sign}{zero}{digits}")).ok()
}

/// Whether an id can be one of NetSuite's internal ids, hence safe to stand in a path or a query.
#[must_use]
pub fn is_internal_id(id: &str) -> bool {
    let digits = id.strip_prefix('-').unwrap_or(id);
    !digits.is_empty() && digits.len() <= 18 && digits.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(json: &str, expected: Option<&str>) {
        let body = parse_body(json.as_bytes()).unwrap();
        let read = Record(&body).decimal("n").unwrap().map(|decimal| decimal.to_string());
        assert_eq!(read.as_deref(), expected, "{json}");
    }

    #[test]
    fn numbers_are_read_exactly_in_every_form() {
        check(r#"{"n": 240.00}"#, Some("240.00"));
        check(r#"{"n": 0.1000000000000000055}"#, Some("0.1000000000000000055"));
        check(r#"{"n": "-.5"}"#, Some("-0.5"));
        check(r#"{"n": ".25"}"#, Some("0.25"));
        check(r#"{"n": 2.4E2}"#, Some("240"));
        check(r#"{"n": ""}"#, None);
        check(r#"{}"#, None);
    }

    #[test]
    fn boxes_and_references_are_read_in_every_form() {
        let body = parse_body(
            br#"{"a": true, "b": "T", "c": {"id": "T", "refName": "Yes"}, "d": false, "e": "F",
                "f": {"id": false}, "r": {"id": 5}, "s": "6", "t": 7}"#,
        )
        .unwrap();
        let record = Record(&body);
        for (name, expected) in
            [("a", true), ("b", true), ("c", true), ("d", false), ("e", false), ("f", false)]
        {
            assert_eq!(record.flag(name), expected, "{name}");
        }
        for (name, expected) in [("r", "5"), ("s", "6"), ("t", "7")] {
            assert_eq!(record.reference(name).as_deref(), Some(expected), "{name}");
        }
    }

    #[test]
    fn only_integers_count_as_internal_ids() {
        for (id, expected) in
            [("50311", true), ("-3", true), ("", false), ("1 OR 1=1", false), ("eid:x", false)]
        {
            assert_eq!(is_internal_id(id), expected, "{id}");
        }
    }
}
