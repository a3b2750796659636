//! The ERP refuses documents for good: a script of the bookkeepers' wants something, until somebody mends
//! that.

use serde_json::json;

use super::Books;
use crate::wire::systems::Stage;

/// Types of records that such scripts look at.
const RECORDS: [&str; 3] = ["customerPayment", "customerRefund", "deposit"];

/// The words of the script.
const WORDS: &str = "Please enter value(s) for: Department";

/// One script is put in place, or all of them are taken out again.
pub fn make(books: &Books, stage: &mut Stage<'_>) -> Option<String> {
    if stage.random.chance(4_000) {
        stage.outside.control(books, "/faults", &json!({"clear": true})).ok()?;
        return Some("no documents are refused any more".to_owned());
    }
    let record = stage.random.pick(&RECORDS)?;
    let body = json!({"kind": "reject", "record": record, "text": WORDS});
    stage.outside.control(books, "/faults", &body).ok()?;
    stage.hands.refused = true;
    Some(format!("every {record} is refused from now on"))
}
