//! Asks SQLite how it runs each statement that the suite used, so that none reads a whole table.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use zeroize::Zeroizing;

use super::{Place, SqliteStore};
use crate::api::Store;
use crate::conformance;
use crate::vault::{KEY_BYTES, Vault};

/// Every statement that passed through a transaction in this test run.
pub(super) static SEEN: Mutex<BTreeSet<String>> = Mutex::new(BTreeSet::new());

/// Reads of a whole table or index that are meant, with their reason.
const MEANT: &[(&str, &str)] = &[
    ("SCAN json_each", "the ids that were asked for"),
    ("SCAN connections USING INDEX sqlite_autoindex_connections_1", "a handful, all wanted"),
    ("SCAN links USING INDEX sqlite_autoindex_links_1", "a handful, all wanted"),
    ("SCAN attention", "the list with what was ignored shows all"),
    ("SCAN attention USING COVERING INDEX attention_shown", "counts what is shown"),
    ("SCAN attention USING INDEX attention_shown", "lists what is shown"),
    ("SCAN cases USING COVERING INDEX cases_counted", "counts all cases by what they wait for"),
    ("SCAN cases USING COVERING INDEX cases_leased", "all leased cases are wanted"),
    ("SCAN streams USING COVERING INDEX streams_leased", "all leased streams are wanted"),
    ("SCAN inbox USING INDEX inbox_waiting", "the waiting deliveries, in order, up to a limit"),
    ("SCAN inbox USING COVERING INDEX inbox_waiting", "counts the waiting deliveries"),
];

fn vault() -> Vault {
    Vault::from_master(&Zeroizing::new([3; KEY_BYTES])).unwrap()
}

#[tokio::test]
async fn no_statement_reads_a_whole_table() {
    conformance::run(|| async {
        Arc::new(SqliteStore::in_line(&Place::Memory, vault()).unwrap()) as Arc<dyn Store>
    })
    .await;
    let statements: Vec<String> = SEEN.lock().unwrap().iter().cloned().collect();
    assert!(statements.len() > 80, "only {} statements were seen", statements.len());

    let db = super::place::open_writer(&Place::Memory, &vault()).unwrap();
    let mut found = Vec::new();
    for sql in statements.iter().filter(|sql| !sql.starts_with("pragma")) {
        let mut explain = db.prepare(&format!("explain query plan {sql}")).unwrap();
        let steps: Vec<String> = explain
            .query_map(rusqlite::params_from_iter(vec![None::<i64>; parameters(sql)]), |row| {
                row.get(3)
            })
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let bad = steps.iter().filter(|step| {
            let scans = step.starts_with("SCAN") && !MEANT.iter().any(|(meant, _)| is(step, meant));
            scans || step.contains("AUTOMATIC")
        });
        found.extend(bad.map(|step| format!("{step}: {sql}")));
    }
    assert!(found.is_empty(), "{found:#?}");
}

/// The step is the one meant, whatever follows on the same line about virtual tables.
fn is(step: &str, meant: &str) -> bool {
    step == meant || step.strip_prefix(meant).is_some_and(|rest| rest.starts_with(" VIRTUAL"))
}

/// The highest number of a parameter.
fn parameters(sql: &str) -> usize {
    let numbers = sql.split('?').skip(1).filter_map(|rest| {
        let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
        digits.parse().ok()
    });
    numbers.max().unwrap_or(0)
}
