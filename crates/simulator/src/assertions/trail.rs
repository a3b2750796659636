//! P8 and P9: the audit trail is chained from end to end, and no secret is readable in anything that
//! the store tells.

use store::Store;
use store::rows::ChainCheck;

use crate::moves::handed_over::HOLDER;
use crate::setup::SECRET;

/// More rows than a simulation writes.
const ROWS_MAX: u32 = 1_000_000;

/// What is wrong with the trail.
pub async fn check(store: &dyn Store, story: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    match store.verify_chain().await {
        Ok(ChainCheck::Intact { .. }) => {}
        Ok(ChainCheck::Broken { seq, why }) => {
            wrong.push(format!("P9: the audit trail does not fit at row {seq}: {why}"));
        }
        Err(error) => wrong.push(format!("P9: the audit trail can not be read: {error}")),
    }
    let rows = store.audit_rows(0, ROWS_MAX).await.unwrap_or_default();
    let shows = |text: &str| text.contains(SECRET) || text.contains(HOLDER);
    let shown = rows.iter().any(|row| shows(&row.body.to_string()));
    if rows.is_empty() || shown || shows(story) {
        wrong.push("P8: a secret is readable".to_owned());
    }
    wrong
}
