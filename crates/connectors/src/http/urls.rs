//! Paths and queries, percent-encoded. What goes into a path may have been typed by a person into an
//! ERP field, so it is checked before it can become another path.

use std::fmt::Write as _;

/// Ids are opaque and at most this long (gocardless sheet section 3).
const ID_MAX: usize = 128;

/// The text encoded for a path segment or a query's name or value (RFC 3986, unreserved kept).
#[must_use]
pub fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a String can not fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// `path?name=value&…`, or the bare path when there is nothing to ask.
#[must_use]
pub fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let mut out = path.to_owned();
    for (index, (name, value)) in pairs.iter().enumerate() {
        out.push(if index == 0 { '?' } else { '&' });
        out.push_str(&encode(name));
        out.push('=');
        out.push_str(&encode(value));
    }
    out
}

/// The text can be an id of the other side: letters, digits, `-` and `_` only. Anything else (empty,
/// "..", a whole path) must never be put into a path.
#[must_use]
pub fn is_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= ID_MAX
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_')
}
