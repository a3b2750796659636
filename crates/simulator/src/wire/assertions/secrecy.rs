//! P8 and P9: no secret stands in the audit trail, and the trail's chain holds.

use secrecy::{ExposeSecret, SecretString};
use store::Store;
use store::rows::ChainCheck;

/// More rows than a simulation writes.
const ROWS_MAX: u32 = 1_000_000;

/// What is wrong with the trail.
pub async fn check(store: &dyn Store, secrets: &[SecretString]) -> Vec<String> {
    let mut wrong = Vec::new();
    match store.verify_chain().await {
        Ok(ChainCheck::Intact { .. }) => {}
        other => wrong.push(format!("P9: the chain of the audit trail: {other:?}")),
    }
    for row in store.audit_rows(0, ROWS_MAX).await.unwrap_or_default() {
        let text = format!("{row:?}");
        if secrets.iter().any(|secret| text.contains(secret.expose_secret())) {
            wrong.push(format!("P8: a secret stands in row {} of the audit trail", row.seq));
        }
    }
    wrong
}
