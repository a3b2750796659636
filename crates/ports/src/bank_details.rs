//! Bank details of a payer, as a person handed them over: never printed, overwritten when dropped.
//! They lie sealed in the store and are unsealed for one send only.

use std::collections::BTreeMap;
use std::fmt;

use model::money::Currency;
use secrecy::{ExposeSecret, SecretString};

/// Values by the names that the processor's own documentation gives the fields.
#[derive(Clone, Default)]
pub struct BankDetails {
    fields: BTreeMap<String, SecretString>,
}

impl fmt::Debug for BankDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BankDetails({})", self.names().collect::<Vec<_>>().join(", "))
    }
}

impl BankDetails {
    /// Blank values count as absent.
    #[must_use]
    pub fn new(fields: impl IntoIterator<Item = (String, SecretString)>) -> BankDetails {
        let filled =
            fields.into_iter().filter(|(_, value)| !value.expose_secret().trim().is_empty());
        BankDetails { fields: filled.collect() }
    }

    /// The fields that are there, in alphabetical order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    /// A value without surrounding space.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.get(name).map(|value| value.expose_secret().trim())
    }

    /// Adds a field that is not there yet.
    #[must_use]
    pub fn with_default(mut self, name: &str, value: &str) -> BankDetails {
        self.fields.entry(name.to_owned()).or_insert_with(|| SecretString::from(value.to_owned()));
        self
    }

    /// All of it as one text, to be sealed.
    #[must_use]
    pub fn to_text(&self) -> SecretString {
        let fields: BTreeMap<&str, &str> = self
            .fields
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose_secret()))
            .collect();
        SecretString::from(serde_json::to_string(&fields).unwrap_or_default())
    }

    /// Reads back what `to_text` made; `None`: it is something else.
    #[must_use]
    pub fn from_text(text: &SecretString) -> Option<BankDetails> {
        let fields: BTreeMap<String, SecretText> =
            serde_json::from_str(text.expose_secret()).ok()?;
        Some(BankDetails::new(fields.into_iter().map(|(name, value)| (name, value.0))))
    }

    /// The text with every value of these details in it withheld, with and without inner spaces: the
    /// other side may repeat in an error what it was sent.
    #[must_use]
    pub fn withhold(&self, text: &str) -> String {
        let values = self.fields.iter().filter(|(name, _)| !PLAIN.contains(&name.as_str()));
        let mut values: Vec<String> = values
            .flat_map(|(_, value)| {
                let value = value.expose_secret().trim();
                let plain: String = value.chars().filter(|c| c.is_alphanumeric()).collect();
                [value.to_owned(), plain]
            })
            .filter(|value| value.len() >= WITHHELD_MIN)
            .collect();
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        let mut text = text.to_owned();
        for value in values {
            text = replace_folded(&text, &value);
        }
        text
    }
}

/// A value on its way out of a parsed document, without a readable copy left behind.
struct SecretText(SecretString);

impl<'de> serde::Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| SecretText(SecretString::from(text)))
    }
}

/// Fields whose values tell nothing of the payer.
const PLAIN: [&str; 3] = ["account_type", "country_code", "currency"];

/// Shorter values would withhold half of any sentence.
const WITHHELD_MIN: usize = 4;

fn replace_folded(text: &str, value: &str) -> String {
    let (folded, wanted) = (text.to_ascii_lowercase(), value.to_ascii_lowercase());
    let mut out = String::new();
    let mut from = 0;
    while let Some(at) = folded[from..].find(&wanted).map(|at| from + at) {
        out.push_str(&text[from..at]);
        out.push('…');
        from = at + wanted.len();
    }
    out.push_str(&text[from..]);
    out
}

/// What well-formed details are for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DetailsFor {
    /// The debit scheme as the processor names it.
    pub scheme: String,
    pub currency: Currency,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn details() -> BankDetails {
        BankDetails::new(
            [
                ("account_holder_name", "Ada Byron"),
                ("account_number", "55 779911"),
                ("country_code", "GB"),
                ("iban", "  "),
            ]
            .map(|(name, value)| (name.to_owned(), SecretString::from(value.to_owned()))),
        )
    }

    #[test]
    fn nothing_is_printed_but_names() {
        let printed = format!("{:?}", details());
        assert_eq!(printed, "BankDetails(account_holder_name, account_number, country_code)");
    }

    #[test]
    fn what_was_sealed_is_read_back() {
        let read = BankDetails::from_text(&details().to_text()).unwrap();
        assert_eq!(read.get("account_number"), Some("55 779911"));
        assert!(read.get("iban").is_none());
        assert!(BankDetails::from_text(&SecretString::from("[1]".to_owned())).is_none());
    }

    #[test]
    fn a_sentence_of_the_other_side_keeps_no_value() {
        let said = "account 55779911 of ADA BYRON (55 779911) in GB is wrong";
        assert_eq!(details().withhold(said), "account … of … (…) in GB is wrong");
    }
}
