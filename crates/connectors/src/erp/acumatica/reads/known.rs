//! Records that were read whole, kept while their row in a list stays what it was: a list tells twenty
//! at once, and what did not change is not read again (acumatica sheet section 4 counts requests).

use std::collections::BTreeMap;
use std::sync::Mutex;

use super::super::wire::Body;

/// Records kept; with their lines about 5 kB each.
const KEPT_MAX: usize = 4_000;

/// What one connection knows.
#[derive(Default)]
pub(in super::super) struct Known {
    /// By name: the row when it was read, and the record.
    held: Mutex<BTreeMap<String, (Body, Body)>>,
}

impl Known {
    /// The record whose row was the same when it was read.
    pub fn whole(&self, name: &str, row: &Body) -> Option<Body> {
        let held = self.held.lock().ok()?;
        let (before, whole) = held.get(name)?;
        (*before == bare(row)).then(|| whole.clone())
    }

    /// Remembers a record that was read after its row.
    pub fn keep(&self, name: &str, row: &Body, whole: &Body) {
        let row = bare(row);
        // Without its stamp nothing tells of a change.
        if !row.contains_key("LastModifiedDateTime") {
            return;
        }
        if let Ok(mut held) = self.held.lock() {
            if held.len() >= KEPT_MAX {
                held.clear();
            }
            held.insert(name.to_owned(), (row, whole.clone()));
        }
    }
}

/// A row without its place in the answer.
fn bare(row: &Body) -> Body {
    let mut row = row.clone();
    row.remove("rowNumber");
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn body(value: Value) -> Body {
        value.as_object().cloned().unwrap()
    }

    #[test]
    fn a_record_is_known_while_its_row_stays() {
        let known = Known::default();
        let row = |place: u8, at: &str| {
            body(json!({"rowNumber": place, "LastModifiedDateTime": {"value": at}}))
        };
        let whole = body(json!({"Status": {"value": "Open"}}));
        known.keep("1", &row(1, "a"), &whole);
        assert_eq!(known.whole("1", &row(2, "a")), Some(whole.clone()));
        assert_eq!(known.whole("1", &row(1, "b")), None, "it changed");
        assert_eq!(known.whole("2", &row(1, "a")), None);
        known.keep("3", &body(json!({})), &whole);
        assert_eq!(known.whole("3", &body(json!({}))), None, "nothing tells of a change");
    }
}
