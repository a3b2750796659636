//! What a connector read once and may use again while a list still shows it unchanged: a cache that
//! outlives the process, so that one that was killed does not begin by reading everything anew. Never a
//! fact, and nothing is lost with it but time.

use std::collections::BTreeMap;

use async_trait::async_trait;

/// The memory of one connection.
#[async_trait]
pub trait Memory: Send + Sync {
    /// Everything that is remembered, by name; nothing where it can not be read.
    async fn recall(&self) -> BTreeMap<String, String>;

    /// Remembers a text, in the place of the one before. It may be written a little later.
    fn remember(&self, name: &str, text: String);
}

/// Forgets everything at once.
pub struct NoMemory;

#[async_trait]
impl Memory for NoMemory {
    async fn recall(&self) -> BTreeMap<String, String> {
        BTreeMap::new()
    }

    fn remember(&self, _name: &str, _text: String) {}
}
