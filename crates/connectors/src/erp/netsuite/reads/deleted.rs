//! What was deleted: no list of changes shows it, but the table of deletions does (netsuite sheet section
//! 8.8). It only says where to look.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use model::ids::InvoiceId;
use model::invoice::Invoice;
use ports::{PortError, Read, Seen};

use super::super::NetSuite;
use super::super::queries::{DELETED, deleted_tail};
use super::super::wire::{Record, is_internal_id};
use super::Mark;

/// Deletions that are remembered as told; the window of a poll is a day and some minutes.
const TOLD_MAX: usize = 10_000;

/// What one connection told of deletions.
#[derive(Default)]
pub(in super::super) struct Deletions {
    told: Mutex<BTreeSet<String>>,
    /// The role does not see the table: a deletion is then found by the daily look.
    hidden: AtomicBool,
}

impl Deletions {
    /// Those not told before.
    fn fresh(&self, ids: Vec<String>) -> Vec<String> {
        let Ok(mut told) = self.told.lock() else { return Vec::new() };
        if told.len() > TOLD_MAX {
            told.clear();
        }
        ids.into_iter().filter(|id| told.insert(id.clone())).collect()
    }
}

impl NetSuite {
    /// Records that were deleted since, each once. What they were is not asked: ids of other kinds are
    /// nobody's invoice, or make one be looked at in vain.
    pub(super) async fn newly_deleted(
        &self,
        mark: &Mark,
    ) -> Result<Vec<Seen<InvoiceId, Invoice>>, PortError> {
        if self.deletions.hidden.load(Ordering::Relaxed) {
            return Ok(Vec::new());
        }
        let found = match self.rows(&DELETED, &deleted_tail(&mark.from), 0).await? {
            Ok(found) => found,
            Err(refusal) => {
                tracing::debug!(why = ?refusal.into_error(), "deletions can not be listed");
                self.deletions.hidden.store(true, Ordering::Relaxed);
                return Ok(Vec::new());
            }
        };
        let ids = found.rows.iter().filter_map(|row| Record(row).id());
        let ids = ids.filter(|id| is_internal_id(id)).collect();
        let gone = |id: String| Seen { id: InvoiceId::new(id), read: Read::Missing };
        Ok(self.deletions.fresh(ids).into_iter().map(gone).collect())
    }
}
