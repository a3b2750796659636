//! Reading bank details as a person hands them over: a JSON object, or lines NAME=VALUE (flat TOML is
//! the same). What is wrong is said by line and name, never with a value.

use std::io::Read;
use std::path::Path;

use ports::BankDetails;
use secrecy::{ExposeSecret, SecretString};

use crate::failure::{Failure, Result};

/// Bytes that details can take; more is another file.
const BYTES_MAX: u64 = 16 * 1024;

/// From the file, or from standard input.
pub fn read(file: Option<&Path>) -> Result<BankDetails> {
    let text = match file {
        Some(path) => {
            let what = format!("--details {}", path.display());
            let opened = std::fs::File::open(path).map_err(Failure::file(what.clone()))?;
            (text_of(opened, &what)?, what)
        }
        None => (text_of(std::io::stdin(), "standard input")?, "standard input".to_owned()),
    };
    let (text, what) = text;
    parse(&text).map_err(|why| Failure::usage(format!("{what}: {why}")))
}

fn text_of(source: impl Read, what: &str) -> Result<SecretString> {
    // Room from the start: growing would leave copies behind.
    let mut text = String::with_capacity(usize::try_from(BYTES_MAX).unwrap_or_default() + 1);
    source.take(BYTES_MAX + 1).read_to_string(&mut text).map_err(Failure::file(what))?;
    let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
    let text = SecretString::from(text);
    if length > BYTES_MAX {
        return Err(Failure::usage(format!("{what}: more than {BYTES_MAX} bytes")));
    }
    Ok(text)
}

fn parse(text: &SecretString) -> std::result::Result<BankDetails, String> {
    let text = text.expose_secret().trim_start_matches('\u{feff}').trim();
    let fields = if text.starts_with('{') { from_json(text)? } else { from_lines(text)? };
    let details = BankDetails::new(fields);
    if details.names().next().is_none() {
        return Err("no bank details were given: a JSON object, or lines NAME=VALUE".to_owned());
    }
    Ok(details)
}

type Fields = Vec<(String, SecretString)>;

fn from_json(text: &str) -> std::result::Result<Fields, String> {
    let members: serde_json::Map<String, serde_json::Value> = serde_json::from_str(text)
        .map_err(|error| format!("the bank details are not JSON: line {}", error.line()))?;
    let field = |(name, value): (String, serde_json::Value)| match value {
        serde_json::Value::String(value) => Ok(Some((name, SecretString::from(value)))),
        serde_json::Value::Null => Ok(None),
        // A number would have lost its leading zeros.
        _ => Err(format!("{name} must be a text in quotes")),
    };
    members.into_iter().filter_map(|member| field(member).transpose()).collect()
}

fn from_lines(text: &str) -> std::result::Result<Fields, String> {
    let mut fields: Fields = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let Some((name, value)) = line.split_once('=') else {
            return Err(format!("line {} of the bank details is not NAME=VALUE", index + 1));
        };
        let name = name.trim();
        if fields.iter().any(|(known, _)| known == name) {
            return Err(format!("{name} is given twice"));
        }
        let value = SecretString::from(unquoted(value.trim()).to_owned());
        fields.push((name.to_owned(), value));
    }
    Ok(fields)
}

fn unquoted(value: &str) -> &str {
    let within = |quote: char| value.strip_prefix(quote)?.strip_suffix(quote);
    within('"').or_else(|| within('\'')).unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: std::result::Result<&[(&str, &str)], &str>) {
        let parsed = parse(&SecretString::from(text.to_owned()));
        match (parsed, expected) {
            (Ok(details), Ok(fields)) => {
                let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
                assert_eq!(details.names().collect::<Vec<_>>(), names);
                for (name, value) in fields {
                    assert_eq!(details.get(name), Some(*value), "{text}");
                }
            }
            (Err(why), Err(wanted)) => assert_eq!(why, wanted, "{text}"),
            (got, wanted) => panic!("{text}: {got:?}, expected {wanted:?}"),
        }
    }

    #[test]
    fn details_are_read_in_each_form() {
        let both: &[(&str, &str)] =
            &[("account_holder_name", "Ada = Co"), ("account_number", "00779911")];
        check("account_number=00779911\naccount_holder_name=Ada = Co\n", Ok(both));
        check("# paper\naccount_number = \"00779911\"\naccount_holder_name = 'Ada = Co'", Ok(both));
        let json =
            r#"{"account_number": "00779911", "account_holder_name": "Ada = Co", "iban": null}"#;
        check(json, Ok(both));
    }

    #[test]
    fn what_is_wrong_is_said_without_a_value() {
        check("", Err("no bank details were given: a JSON object, or lines NAME=VALUE"));
        check("iban DE89", Err("line 1 of the bank details is not NAME=VALUE"));
        check("iban=A\niban=B", Err("iban is given twice"));
        check("{\"iban\": 12}", Err("iban must be a text in quotes"));
        check("{\"iban\": \"DE89", Err("the bank details are not JSON: line 1"));
    }
}
