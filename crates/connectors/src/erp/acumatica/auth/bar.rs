//! A password that was refused is not sent again for an hour, by whichever process: commands run by a
//! clock would lock the user between them (acumatica sheet section 3).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use ports::keeper::Keeper;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};

use super::BARRED;

/// The sealed field that holds it: sealed, since it holds what was entered.
const FIELD: &str = "refused-sign-in";

/// A refusal as it is sealed.
#[derive(Serialize, Deserialize)]
struct Refused {
    at: Timestamp,
    entered: String,
    words: String,
}

/// What all processes know of a refused password. Whatever fails here is a further try, and no more.
pub(super) struct Bar {
    keeper: Arc<dyn Keeper>,
    /// There is one: it has to be lifted.
    stands: AtomicBool,
}

impl Bar {
    pub(super) fn new(keeper: Arc<dyn Keeper>) -> Bar {
        Bar { keeper, stands: AtomicBool::new(true) }
    }

    async fn kept(&self) -> Option<Refused> {
        let sealed = self.keeper.kept(FIELD).await.ok().flatten()?;
        serde_json::from_str(sealed.expose_secret()).ok()
    }

    /// How the same was refused, less than an hour ago.
    pub(super) async fn standing(&self, entered: &str, now: Timestamp) -> Option<String> {
        let refused = self.kept().await.filter(|refused| refused.entered == entered)?;
        let age = now.duration_since(refused.at);
        // Also not for ever after the clock was set back.
        let lasts = !age.is_negative() && age < BARRED;
        lasts.then_some(refused.words)
    }

    pub(super) async fn raise(&self, entered: &str, words: &str, at: Timestamp) {
        let refused = Refused { at, entered: entered.to_owned(), words: words.to_owned() };
        self.stands.store(true, Ordering::SeqCst);
        if let Ok(text) = serde_json::to_string(&refused)
            && let Err(error) = self.keeper.keep(FIELD, &SecretString::from(text)).await
        {
            tracing::debug!(%error, "that the password was refused is not kept");
        }
    }

    /// It was taken: whoever comes next need not wait.
    pub(super) async fn lift(&self) {
        if self.stands.swap(false, Ordering::SeqCst)
            && self.kept().await.is_some()
            && let Err(error) = self.keeper.keep(FIELD, &SecretString::from("{}")).await
        {
            tracing::debug!(%error, "a refused password stays barred for its hour");
        }
    }
}
