//! A sheet of the processor's newest payments, read page by page: a sweep over many quiet cases asks
//! once for all of them instead of once for each (DESIGN.md section 2, "Looks are bulk"). A sheet only
//! confirms that a payment is as a direct read last showed it; one that differs is read directly.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, ToSpan};
use model::case::CaseKind;
use model::ids::{AccountId, CollectionId};
use model::payment::Collection;
use ports::Read;
use store::rows::{CaseContext, Claimed};

use crate::engine::Engine;
use crate::error::Result;
use crate::world::{ProcessorPort, World};

/// Seconds for which a sheet serves.
const FRESH_SECONDS: i64 = 600;

/// So many cases are worth one page.
const CASES_PER_PAGE: usize = 5;

/// Pages read at most, newest payments first; what is older is read by id.
const PAGES_MAX: usize = 40;

/// Facts of payments that a case's looks have stored begin with this.
const PAYMENT_FACT: &str = "collection/";

/// Payments as a list showed them, all at about one time.
pub(crate) struct Sheet {
    read_at: Timestamp,
    payments: BTreeMap<CollectionId, Collection>,
}

impl Engine {
    /// Reads a sheet for each processor account of which many payments are about to be asked for.
    pub(super) async fn read_sheets(
        &self,
        world: &World,
        claimed: &[Claimed],
        contexts: &[CaseContext],
    ) -> Result<()> {
        let mut wanted: BTreeMap<AccountId, (ProcessorPort, usize, Timestamp)> = BTreeMap::new();
        for (one, context) in claimed.iter().zip(contexts) {
            if one.key.kind != CaseKind::Collection {
                continue;
            }
            let Some(oldest) = known_payments(context).map(|known| known.created_at).min() else {
                continue;
            };
            let link = one.link.as_ref().and_then(|id| world.links.get(id));
            let Some(port) = link.and_then(|link| world.processor(&link.processor)) else {
                continue;
            };
            let account = port.account.clone();
            let (_, cases, since) = wanted.entry(account).or_insert((port, 0, oldest));
            *cases += 1;
            *since = oldest.min(*since);
        }
        for (account, (port, cases, since)) in wanted {
            if cases < self.settings.sheet_from || self.has_sheet(&account) {
                continue;
            }
            let whole_batch = claimed.len() >= usize::try_from(self.settings.batch).unwrap_or(0);
            let pages = if whole_batch { PAGES_MAX } else { (cases / CASES_PER_PAGE).max(1) };
            let sheet = self.read_sheet(&port, since, pages.min(PAGES_MAX)).await?;
            if let Ok(mut held) = self.sheets.lock() {
                held.insert(account, sheet);
            }
        }
        Ok(())
    }

    async fn read_sheet(
        &self,
        port: &ProcessorPort,
        since: Timestamp,
        pages: usize,
    ) -> Result<Sheet> {
        let mut sheet = Sheet { read_at: self.now(), payments: BTreeMap::new() };
        let mut page: Option<String> = None;
        for _ in 0..pages {
            let answer = port.port.collections_since(since, page.as_deref()).await?;
            for seen in answer.records {
                if let Read::Found(payment) = seen.read {
                    sheet.payments.insert(seen.id, payment);
                }
            }
            page = answer.next;
            if page.is_none() {
                break;
            }
        }
        Ok(sheet)
    }

    fn has_sheet(&self, account: &AccountId) -> bool {
        let now = self.now();
        let held = self.sheets.lock();
        held.is_ok_and(|held| held.get(account).is_some_and(|sheet| sheet.is_fresh(now)))
    }

    /// The payments that are on the sheet just as the case's last look knew them by a direct read.
    pub(super) fn unchanged(
        &self,
        account: &AccountId,
        context: &CaseContext,
        ids: &BTreeSet<CollectionId>,
    ) -> BTreeMap<CollectionId, Collection> {
        let now = self.now();
        let Ok(held) = self.sheets.lock() else { return BTreeMap::new() };
        let Some(sheet) = held.get(account).filter(|sheet| sheet.is_fresh(now)) else {
            return BTreeMap::new();
        };
        known_payments(context)
            .filter(|known| ids.contains(&known.id))
            .filter(|known| sheet.payments.get(&known.id) == Some(known))
            .map(|known| (known.id.clone(), known))
            .collect()
    }
}

impl Sheet {
    /// Also not after the clock was set back.
    fn is_fresh(&self, now: Timestamp) -> bool {
        self.read_at <= now && now < self.read_at + FRESH_SECONDS.seconds()
    }
}

/// Payments as the case's looks last read them.
fn known_payments(context: &CaseContext) -> impl Iterator<Item = Collection> {
    context
        .facts
        .iter()
        .filter(|(subject, _)| subject.starts_with(PAYMENT_FACT))
        .filter_map(|(_, (_, body))| body.read())
}
