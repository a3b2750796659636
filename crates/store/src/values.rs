//! What every store makes of times, words and contradictions.

use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;

use model::reason::Reason;

use crate::api::{Result, StoreError};
use crate::body::Body;

pub(crate) fn refused<T>(why: impl Into<String>) -> Result<T> {
    Err(StoreError::Refused(why.into()))
}

/// Times are stored as whole microseconds since 1970; finer parts are dropped.
pub(crate) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

pub(crate) fn time(micros: i64) -> Result<Timestamp> {
    Timestamp::from_microsecond(micros)
        .map_err(|_| StoreError::Broken(format!("{micros} is not a time")))
}

pub(crate) fn maybe_time(micros: Option<i64>) -> Result<Option<Timestamp>> {
    micros.map(time).transpose()
}

/// Whole seconds as stored microseconds.
pub(crate) fn seconds(seconds: u32) -> i64 {
    i64::from(seconds) * 1_000_000
}

pub(crate) fn json<T: Serialize>(value: &T) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|error| StoreError::Broken(format!("a value can not be written: {error}")))
}

fn value<T: Serialize>(value: &T) -> Result<serde_json::Value> {
    serde_json::to_value(value)
        .map_err(|error| StoreError::Broken(format!("a value can not be written: {error}")))
}

/// Reads stored JSON. The error names the place, not the content.
pub(crate) fn parsed<T: DeserializeOwned>(text: &str, what: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| {
        StoreError::Broken(format!("the stored {what} can not be read: {:?}", error.classify()))
    })
}

/// What is stored of a fact, as its text.
pub(crate) fn stored_body(text: String, what: &str) -> Result<Body> {
    Body::stored(text).map_err(|error| {
        StoreError::Broken(format!("the stored {what} can not be read: {:?}", error.classify()))
    })
}

/// The text of a unit variant as serde names it.
pub(crate) fn word<T: Serialize>(unit: &T) -> Result<String> {
    match value(unit)? {
        serde_json::Value::String(word) => Ok(word),
        _ => Err(StoreError::Broken("a word was expected".to_owned())),
    }
}

/// Reads the text of a unit variant.
pub(crate) fn from_word<T: DeserializeOwned>(word: String, what: &str) -> Result<T> {
    serde_json::from_value(serde_json::Value::String(word))
        .map_err(|_| StoreError::Broken(format!("the stored {what} is not known")))
}

/// A stored reason.
pub(crate) fn reason(code: String, detail: String) -> Result<Reason> {
    Ok(Reason { code: from_word(code, "reason")?, detail })
}
