//! Documents that are known to exist and that a query did not show: queries lag behind our own
//! writes, so these are read directly, or a case would rest on not having seen what it made.

use std::collections::BTreeMap;

use model::decision::{DocumentRole, ItemDocument};
use model::ids::ReceiptId;
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

    /// Receipts that others recorded carry no key of ours: the ones that were taken over are read by
    /// the ERP's ids. `made`: ours, under this key.
    pub(crate) async fn read_taken_over(
        &self,
        erp: &ErpPort,
        settled: &[ItemDocument],
        documents: &mut BTreeMap<Key, Sight<ErpDocument>>,
        made: impl Fn(&Key) -> bool,
    ) -> Result<()> {
        let unseen = |key: &Key| match documents.get(key) {
            None | Some(Sight::NotRead | Sight::Missing) => !made(key),
            Some(Sight::Found(_) | Sight::Odd(_)) => false,
        };
        let receipts = settled.iter().filter(|one| one.role == DocumentRole::Receipt);
        let wanted: Vec<&ItemDocument> = receipts.filter(|one| unseen(&one.key)).collect();
        if wanted.is_empty() {
            return Ok(());
        }
        let ids: Vec<ReceiptId> =
            wanted.iter().map(|one| ReceiptId::new(one.document.as_str())).collect();
        let reads = erp.port.receipts(&ids).await?;
        for (one, read) in wanted.into_iter().zip(reads) {
            if let Some(receipt) = read.into_found() {
                let receipt = Sight::Found(ErpDocument::Receipt(receipt));
                documents.insert(one.key.clone(), receipt);
            }
        }
        Ok(())
    }
}
