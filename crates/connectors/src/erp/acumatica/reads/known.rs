//! Records that were read whole, kept while their row in a list stays what it was: a list tells twenty
//! at once, and what did not change is not read again (acumatica sheet section 4 counts requests), nor
//! after a restart.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use ports::memory::Memory;
use serde_json::json;
use tokio::sync::OnceCell;

use super::super::wire::Body;

/// Records kept; with their lines about 5 kB each.
const KEPT_MAX: usize = 4_000;

/// What one connection knows.
pub(in super::super) struct Known {
    /// What is asked of records: what was read in answer to anything else says less, or other things.
    form: String,
    memory: Arc<dyn Memory>,
    /// Set once what was remembered is held.
    recalled: OnceCell<()>,
    /// By name: the row when it was read, and the record.
    held: Mutex<BTreeMap<String, (Body, Body)>>,
}

impl Known {
    #[must_use]
    pub fn new(form: String, memory: Arc<dyn Memory>) -> Known {
        Known { form, memory, recalled: OnceCell::new(), held: Mutex::default() }
    }

    async fn recall(&self) {
        let read = |(name, text): (String, String)| {
            let (form, row, whole): (String, Body, Body) = serde_json::from_str(&text).ok()?;
            (form == self.form).then_some((name, (row, whole)))
        };
        let recalled = self.memory.recall().await.into_iter().filter_map(read);
        if let Ok(mut held) = self.held.lock() {
            for (name, known) in recalled {
                // What was read meanwhile is newer.
                held.entry(name).or_insert(known);
            }
        }
    }

    /// The record whose row was the same when it was read.
    pub async fn whole(&self, name: &str, row: &Body) -> Option<Body> {
        self.recalled.get_or_init(|| self.recall()).await;
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
        self.memory.remember(name, json!([self.form, row, whole]).to_string());
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

    /// Remembers for the next one.
    #[derive(Default)]
    struct Notes(Mutex<BTreeMap<String, String>>);

    #[async_trait::async_trait]
    impl Memory for Notes {
        async fn recall(&self) -> BTreeMap<String, String> {
            self.0.lock().unwrap().clone()
        }

        fn remember(&self, name: &str, text: String) {
            self.0.lock().unwrap().insert(name.to_owned(), text);
        }
    }

    #[tokio::test]
    async fn a_record_is_known_while_its_row_stays_and_after_a_restart() {
        let notes = Arc::new(Notes::default());
        let begun = |form: &str| Known::new(form.to_owned(), notes.clone());
        let known = begun("first");
        let row = |place: u8, at: &str| {
            body(json!({"rowNumber": place, "LastModifiedDateTime": {"value": at}}))
        };
        let whole = body(json!({"Status": {"value": "Open"}}));
        known.keep("1", &row(1, "a"), &whole);
        assert_eq!(known.whole("1", &row(2, "a")).await, Some(whole.clone()));
        assert_eq!(known.whole("1", &row(1, "b")).await, None, "it changed");
        assert_eq!(known.whole("2", &row(1, "a")).await, None);
        known.keep("3", &body(json!({})), &whole);
        assert_eq!(known.whole("3", &body(json!({}))).await, None, "nothing tells of a change");
        let again = begun("first");
        assert_eq!(again.whole("1", &row(1, "a")).await, Some(whole));
        assert_eq!(again.whole("1", &row(1, "b")).await, None);
        let other = begun("second");
        assert_eq!(other.whole("1", &row(1, "a")).await, None, "other things were asked");
    }
}
