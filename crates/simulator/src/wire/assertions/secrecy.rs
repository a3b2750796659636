//! P8 and P9: no secret stands in the audit trail, and the trail's chain holds.

use secrecy::{ExposeSecret, SecretString};
use store::Store;
use store::rows::ChainCheck;

/// More rows than a simulation writes.
const ROWS_MAX: u32 = 1_000_000;

/// Characters of a line of a secret that has several: what is shorter may stand anywhere.
const LINE_MIN: usize = 16;

/// What is wrong with the trail, and with the story.
pub async fn check(store: &dyn Store, story: &str, secrets: &[SecretString]) -> Vec<String> {
    let mut wrong = Vec::new();
    match store.verify_chain().await {
        Ok(ChainCheck::Intact { .. }) => {}
        other => wrong.push(format!("P9: the chain of the audit trail: {other:?}")),
    }
    for row in store.audit_rows(0, ROWS_MAX).await.unwrap_or_default() {
        if shows(&format!("{row:?}"), secrets) {
            wrong.push(format!("P8: a secret stands in row {} of the audit trail", row.seq));
        }
    }
    if shows(story, secrets) {
        wrong.push("P8: a secret stands in the story".to_owned());
    }
    wrong
}

/// Line by line: a text may hold the line breaks of a key in some other form.
fn shows(text: &str, secrets: &[SecretString]) -> bool {
    secrets.iter().any(|secret| {
        let secret = secret.expose_secret();
        let mut lines =
            secret.lines().filter(|line| line.len() >= LINE_MIN && !line.starts_with('-'));
        text.contains(secret) || lines.any(|line| text.contains(line))
    })
}
