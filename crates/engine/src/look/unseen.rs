//! Documents that are known to exist and that a query did not show: queries lag behind our own
//! writes, so these are read directly, or a case would rest on not having seen what it made.

use std::collections::BTreeMap;

use model::key::Key;
use model::receipt::{DocumentKind, ErpDocument};
use model::sight::Sight;
use ports::Depth;

use crate::engine::Engine;
use crate::error::Result;
use crate::world::ErpPort;

use super::batch::Batch;

impl Engine {
    /// Reads what is not seen yet of these keys, if `known` says that it was made.
    pub(crate) async fn read_unseen(
        &self,
        erp: &ErpPort,
        keys: &[(DocumentKind, Key)],
        documents: &mut BTreeMap<Key, Sight<ErpDocument>>,
        known: impl Fn(&Key) -> bool,
    ) -> Result<()> {
        let unseen = |key: &Key| matches!(documents.get(key), None | Some(Sight::NotRead));
        let again: Vec<(DocumentKind, Key)> =
            keys.iter().filter(|(_, key)| unseen(key) && known(key)).cloned().collect();
        if !again.is_empty() {
            documents.extend(self.documents(erp, &again, Depth::Direct, &Batch::default()).await?);
        }
        Ok(())
    }
}
