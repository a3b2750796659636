//! The account's currencies: references become ISO codes, and amounts become numbers with exactly
//! the decimals that the account's currency has (netsuite sheet section 10.8).

use std::collections::BTreeMap;

use serde_json::Value;

use model::money::{Currency, Money};

use super::wire::{Body, Record};

/// One row of the currency table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrencyEntry {
    pub symbol: String,
    pub name: String,
    /// Decimals that the account keeps; `None`: it does not say.
    pub precision: Option<u32>,
    pub base: bool,
    pub inactive: bool,
}

/// The account's currency table by internal id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Currencies {
    pub entries: BTreeMap<String, CurrencyEntry>,
    /// The account's only currency, where the Multiple Currencies feature is off.
    pub only: Option<Currency>,
}

impl Currencies {
    /// Reads the rows of [`super::queries::CURRENCIES`].
    #[must_use]
    pub fn from_rows(rows: &[Body], only: Option<Currency>) -> Currencies {
        let entries = rows
            .iter()
            .filter_map(|row| {
                let row = Record(row);
                let entry = CurrencyEntry {
                    symbol: row.text("symbol")?.trim().to_owned(),
                    name: row.text("name").unwrap_or_default(),
                    precision: row.text("currencyprecision").and_then(|text| text.parse().ok()),
                    base: row.flag("isbasecurrency"),
                    inactive: row.flag("isinactive"),
                };
                Some((row.id()?, entry))
            })
            .collect();
        Currencies { entries, only }
    }

    /// The currency that a record or row names in `currency`.
    pub fn of(&self, record: Record<'_>) -> Result<Currency, String> {
        let Some(id) = record.reference("currency") else {
            return self.only.ok_or_else(|| "currency is missing".to_owned());
        };
        if let Some(entry) = self.entries.get(&id) {
            return entry.symbol.parse().map_err(|error| format!("currency {id}: {error}"));
        }
        let named = record.reference_name("currency").and_then(|name| name.parse().ok());
        named
            .or(if self.entries.is_empty() { self.only } else { None })
            .ok_or_else(|| format!("currency {id} is not in the account's currency list"))
    }

    /// Whether a record's currency is one that the table does not (yet) hold.
    #[must_use]
    pub fn is_unknown(&self, record: Record<'_>) -> bool {
        record.reference("currency").is_some_and(|id| !self.entries.contains_key(&id))
    }

    /// The internal id and row of a currency; active ones first.
    #[must_use]
    pub fn entry_of(&self, currency: Currency) -> Option<(&str, &CurrencyEntry)> {
        let mut found: Vec<(&str, &CurrencyEntry)> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.symbol == currency.code())
            .map(|(id, entry)| (id.as_str(), entry))
            .collect();
        found.sort_by_key(|(_, entry)| entry.inactive);
        found.first().copied()
    }

    /// The account's base currency (of its root subsidiary).
    #[must_use]
    pub fn base(&self) -> Option<Currency> {
        let base = self.entries.values().find(|entry| entry.base);
        base.map_or(self.only, |entry| entry.symbol.parse().ok())
    }

    /// A reference to the currency for a body; nothing where the account has one currency only.
    pub fn reference(&self, currency: Currency) -> Result<Option<Value>, String> {
        if self.entries.is_empty() {
            return match self.only {
                Some(only) if only != currency => {
                    Err(format!("the account keeps its books in {only} only, not in {currency}"))
                }
                Some(_) | None => Ok(None),
            };
        }
        match self.entry_of(currency) {
            Some((id, _)) => Ok(Some(serde_json::json!({ "id": id }))),
            None => Err(format!("the account has no currency {currency}")),
        }
    }

    /// The amount in major units as a JSON number with the currency's decimals; refused when the
    /// account keeps fewer decimals than the amount needs.
    pub fn number(&self, money: Money) -> Result<Value, String> {
        let text = money.to_major();
        let precision = self.entry_of(money.currency).and_then(|(_, entry)| entry.precision);
        let text = match precision {
            Some(precision) if precision < money.currency.exponent() => shorten(&text, precision)
                .ok_or_else(|| {
                format!("{money} has more decimals than the account keeps ({precision})")
            })?,
            Some(_) | None => text,
        };
        number(&text)
    }
}

/// The text with at most `decimals` decimals, when that loses nothing.
fn shorten(text: &str, decimals: u32) -> Option<String> {
    let (whole, fraction) = text.split_once('.')?;
    let kept = usize::try_from(decimals).ok()?.min(fraction.len());
    let (kept, rest) = fraction.split_at(kept);
    if rest.bytes().any(|digit| digit != b'0') {
        return None;
    }
    Some(if kept.is_empty() { whole.to_owned() } else { format!("{whole}.{kept}") })
}

/// A JSON number with exactly these digits.
pub fn number(text: &str) -> Result<Value, String> {
    text.parse::<serde_json::Number>()
        .map(Value::Number)
        .map_err(|_| format!("\"{text}\" is not a number"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::erp::netsuite::wire::parse_body;

    fn table() -> Currencies {
        let rows: Vec<Body> = [
            r#"{"id":"1","symbol":"GBP","currencyprecision":"2","isbasecurrency":"T","name":"Pound"}"#,
            r#"{"id":"5","symbol":"JPY","currencyprecision":"0","name":"Yen"}"#,
            r#"{"id":"6","symbol":"HUF","currencyprecision":"0"}"#,
            r#"{"id":"7","symbol":"BTX","currencyprecision":"8"}"#,
            r#"{"id":"8","symbol":"EUR","isinactive":"T"}"#,
            r#"{"id":"9","symbol":"EUR","isinactive":"F"}"#,
        ]
        .iter()
        .map(|row| parse_body(row.as_bytes()).unwrap())
        .collect();
        Currencies::from_rows(&rows, None)
    }

    fn amount(minor: i64, code: &str) -> Money {
        Money::new(minor, code.parse().unwrap())
    }

    #[test]
    fn amounts_have_exactly_the_decimals_of_the_currency() {
        for (minor, code, expected) in [
            (24_000, "GBP", Some("240.00")),
            (6_025, "GBP", Some("60.25")),
            (1_700, "JPY", Some("1700")),
            (170_000, "HUF", Some("1700")),
            (170_050, "HUF", None),
        ] {
            let number = table().number(amount(minor, code)).ok().map(|value| value.to_string());
            assert_eq!(number.as_deref(), expected, "{minor} {code}");
        }
    }

    #[test]
    fn references_become_codes_and_back() {
        let read = |json: &str| {
            let body = parse_body(json.as_bytes()).unwrap();
            table().of(Record(&body)).map(|currency| currency.to_string())
        };
        assert_eq!(read(r#"{"currency":{"id":"1"}}"#), Ok("GBP".to_owned()));
        assert_eq!(read(r#"{"currency":"5"}"#), Ok("JPY".to_owned()));
        assert!(read(r#"{"currency":"7"}"#).unwrap_err().contains("BTX"));
        assert!(read(r#"{"currency":"99"}"#).unwrap_err().contains("99"));
        assert!(read("{}").is_err());
        let euro = table().reference("EUR".parse().unwrap()).unwrap();
        assert_eq!(euro, Some(serde_json::json!({"id": "9"})));
        assert!(table().reference("SEK".parse().unwrap()).is_err());
        assert_eq!(table().base(), Some(Currency::GBP));
    }
}
