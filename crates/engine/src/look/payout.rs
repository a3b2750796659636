//! The look at a payout: its items are read once and kept; the receipts of its items, and its own
//! documents, are read at every look.

use std::collections::BTreeMap;

use flows::payout::by_hand::{self, ByHand, Deposited};
use flows::payout::{PayoutFacts, bank_account, decide, deposit_to_read, own_documents};
use jiff::Timestamp;
use model::case::CaseKey;
use model::command::CommandView;
use model::decision::{Decision, DocumentRole, Stage};
use model::ids::{CollectionId, ErpRefundId, PayoutId, ReceiptId};
use model::key::Key;
use model::payout::{KeptItem, Payout, PayoutItem, PayoutStatus};
use model::reason::{Reason, ReasonCode};
use model::receipt::{DocumentKind, ErpDocument};
use model::sight::Sight;
use ports::{Depth, PortError, Read};
use serde::Deserialize;
use store::rows::{CaseContext, Claimed, FactRow};

use crate::engine::Engine;
use crate::error::Result;
use crate::world::{ErpPort, ProcessorPort, World};

use super::batch::Batch;
use super::sources::Served;
use super::{Looked, fact, sight};

/// Documents of a payout that are read one by one before money moves; more are read by query, and
/// the ERP itself refuses what is not eligible.
const DIRECT_DOCUMENTS_MAX: usize = 60;

impl Engine {
    pub(crate) async fn look_payout(
        &self,
        world: &World,
        claimed: &Claimed,
        context: &CaseContext,
        batch: &Batch,
        depth: Depth,
    ) -> Result<Looked> {
        let seq = self.look_seq(depth, batch).await?;
        let Some(processor) = world.processor_of_account(&claimed.key.account) else {
            return Ok(Looked::bare(seq, no_link(claimed.key.account.as_str())));
        };
        let id = PayoutId::new(claimed.key.subject.as_str());
        let read = processor.port.payouts(std::slice::from_ref(&id)).await?.pop();
        let payout = read.map_or(Sight::NotRead, sight);
        let Some(served) = self.serves_payout(world, &processor, payout.found()) else {
            return Ok(Looked::bare(seq, no_link(processor.connection.as_str())));
        };
        let resolved = self.resolve(world, context, false).await?;
        let account = &processor.account;
        let kept = self.store.items_of_payout(account, &id).await?;
        let paid = payout.found().is_some_and(|payout| payout.status == PayoutStatus::Paid);
        let fresh = match kept.is_empty() && paid {
            true => Some(processor.port.payout_items(&id).await?),
            false => None,
        };
        let cases = self.cases_of_items(world, &processor, &kept, fresh.as_deref()).await?;
        let documents = self.store.item_documents(account, &id).await?;
        let own: Vec<(DocumentKind, Key)> = own_documents(&resolved.views, &id, &BTreeMap::new())
            .into_iter()
            .map(|own| (own.kind, own.key))
            .collect();
        let of_items: Vec<(DocumentKind, Key)> = documents
            .iter()
            .map(|document| (kind_of_role(document.role), document.key.clone()))
            .collect();
        let item_depth = if of_items.len() > DIRECT_DOCUMENTS_MAX { Depth::Cheap } else { depth };
        let mut erp_documents = self.documents(&served.erp, &of_items, item_depth, batch).await?;
        self.read_unseen(&served.erp, &of_items, &mut erp_documents, |_| true).await?;
        let nobody = |_: &Key| false;
        self.read_taken_over(&served.erp, &documents, &mut erp_documents, nobody).await?;
        let mut of_payout = self.documents(&served.erp, &own, depth, batch).await?;
        self.read_unseen(&served.erp, &own, &mut of_payout, |_| true).await?;
        erp_documents.extend(of_payout);
        self.read_forgotten(&served.erp, &id, &resolved.views, &mut erp_documents).await?;
        let own = own_documents(&resolved.views, &id, &erp_documents);
        let bank = payout.found().and_then(|one| bank_account(&served.link.policy, one));
        let by_people = by_hand::deposited(bank, &kept, &own, &documents, &erp_documents);
        let by_hand = read_by_hand(&served.erp, &by_people).await?;
        let frame = self.frame(&served, &resolved.views, depth == Depth::Direct).await?;
        let stopped = frame.stopped;
        let facts = PayoutFacts {
            frame,
            id: id.clone(),
            payout,
            kept,
            fresh,
            cases,
            documents,
            gone_at: gone_at(context),
            erp_documents,
            by_hand,
            person: context.person_facts.clone(),
            deposit_lines_max: served.erp.port.description().deposit_lines_max,
            last_reason: last_reason(context),
        };
        let decided = decide(&facts);
        let kept = decided.keep.into_iter().map(|item| (account.clone(), item)).collect();
        let looked = Looked::served(seq, &served, resolved, decided.decision);
        Ok(Looked { facts: payout_facts(&facts), kept, stopped, ..looked })
    }

    /// Reads deposits that stand under our keys and that no command knows, as long as the documents
    /// read so far ask for one (an older copy of the database was put back).
    pub(crate) async fn read_forgotten(
        &self,
        erp: &ErpPort,
        payout: &PayoutId,
        commands: &[CommandView],
        documents: &mut BTreeMap<Key, Sight<ErpDocument>>,
    ) -> Result<()> {
        while let Some(key) = deposit_to_read(commands, payout, documents) {
            let wanted = [(DocumentKind::Deposit, key.clone())];
            let mut read = self.documents(erp, &wanted, Depth::Direct, &Batch::default()).await?;
            documents.insert(key.clone(), read.remove(&key).unwrap_or(Sight::NotRead));
        }
        Ok(())
    }

    /// The link of this processor account that collects the payout's currency.
    pub(crate) fn serves_payout(
        &self,
        world: &World,
        processor: &ProcessorPort,
        payout: Option<&Payout>,
    ) -> Option<Served> {
        let links = world.links_of_processor_account(&processor.account);
        let currency = payout.map(|payout| payout.amount.currency);
        let fitting = links.iter().find(|link| {
            currency.is_some_and(|currency| link.policy.currencies.contains(&currency))
        });
        let link = fitting.or(links.first())?;
        self.served(world, &link.id)
    }

    /// The case that books each payment of the payout; payments seen for the first time are read.
    async fn cases_of_items(
        &self,
        world: &World,
        processor: &ProcessorPort,
        kept: &[KeptItem],
        fresh: Option<&[PayoutItem]>,
    ) -> Result<BTreeMap<CollectionId, CaseKey>> {
        let of_kept = kept.iter().map(|kept| &kept.item);
        let items = of_kept.chain(fresh.unwrap_or_default());
        let mut ids: Vec<CollectionId> = items.filter_map(|item| item.collection.clone()).collect();
        ids.sort();
        ids.dedup();
        let mut rows = self.store.collection_rows(&processor.account, &ids).await?;
        let strangers: Vec<CollectionId> = ids
            .iter()
            .zip(&rows)
            .filter(|(_, row)| row.is_none())
            .map(|(id, _)| id.clone())
            .collect();
        if !strangers.is_empty() {
            self.introduce(world, processor, &strangers).await?;
            rows = self.store.collection_rows(&processor.account, &ids).await?;
        }
        let mut cases = BTreeMap::new();
        for (id, row) in ids.into_iter().zip(rows) {
            let Some(row) = row else { continue };
            cases.extend(self.booking_case(world, &row).await?.map(|case| (id, case)));
        }
        Ok(cases)
    }
}

/// The deposits that people made of these documents, as the ERP shows them.
pub(crate) async fn read_by_hand(erp: &ErpPort, deposited: &Deposited) -> Result<ByHand> {
    if deposited.is_empty() {
        return Ok(ByHand::Shown(Vec::new()));
    }
    let receipts: Vec<ReceiptId> = deposited.receipts.keys().cloned().collect();
    let refunds: Vec<ErpRefundId> = deposited.refunds.keys().cloned().collect();
    match erp.port.deposits_of(&receipts, &refunds).await {
        Ok(reads) => Ok(ByHand::Shown(reads.into_iter().filter_map(Read::into_found).collect())),
        Err(PortError::Unsupported(_)) => Ok(ByHand::NotShown),
        Err(error) => Err(error.into()),
    }
}

/// The link that booked the payout, or would.
pub(crate) fn serve_link(
    engine: &Engine,
    world: &World,
    processor: &ProcessorPort,
    payout: &Payout,
    booked_by: Option<&model::ids::LinkId>,
) -> Option<Served> {
    let stored = booked_by.and_then(|link| engine.served(world, link));
    stored.or_else(|| engine.serves_payout(world, processor, Some(payout)))
}

fn no_link(what: &str) -> Decision {
    Decision::rest(Stage::Open, Reason::new(ReasonCode::NoLink, what))
}

pub(crate) fn kind_of_role(role: DocumentRole) -> DocumentKind {
    match role {
        DocumentRole::Receipt | DocumentRole::ByPerson => DocumentKind::Receipt,
        DocumentRole::Refund => DocumentKind::Refund,
        DocumentRole::Loss => DocumentKind::Journal,
    }
}

/// What is asked of the last decision.
#[derive(Deserialize)]
struct Decided {
    reason: Reason,
}

pub(super) fn last_reason(context: &CaseContext) -> Option<Reason> {
    let (_, decision) = context.facts.get(super::DECISION_FACT)?;
    Some(decision.read::<Decided>()?.reason)
}

/// Deposits that people made of a payout's documents, as its last look read them.
pub const BY_HAND_FACT: &str = "by_hand";

const GONE: &str = "gone/";

/// When a document of ours was first seen to be voided or gone.
pub(super) fn gone_at(context: &CaseContext) -> BTreeMap<Key, Timestamp> {
    context
        .facts
        .iter()
        .filter_map(|(subject, (_, body))| {
            let key = Key::from_stored(subject.strip_prefix(GONE)?);
            Some((key, body.read()?))
        })
        .collect()
}

/// Facts that say since when a document is gone; written once per document.
pub(super) fn newly_gone(
    known: &BTreeMap<Key, Timestamp>,
    documents: &BTreeMap<Key, Sight<ErpDocument>>,
    done: impl Fn(&Key) -> bool,
    now: Timestamp,
) -> Vec<FactRow> {
    documents
        .iter()
        .filter(|(key, seen)| !known.contains_key(*key) && is_gone(seen) && done(key))
        .filter_map(|(key, _)| fact(format!("{GONE}{key}"), &now))
        .collect()
}

fn is_gone(seen: &Sight<ErpDocument>) -> bool {
    match seen {
        Sight::Found(document) => document.is_voided(),
        Sight::Missing => true,
        Sight::Odd(_) | Sight::NotRead => false,
    }
}

fn payout_facts(facts: &PayoutFacts) -> Vec<FactRow> {
    let done = |key: &Key| facts.frame.done_id(key).is_some();
    let mut rows = newly_gone(&facts.gone_at, &facts.erp_documents, done, facts.frame.now);
    rows.extend(facts.payout.found().and_then(|payout| fact("payout", payout)));
    let by_hand = match &facts.by_hand {
        ByHand::Shown(deposits) => deposits.as_slice(),
        ByHand::NotShown => &[],
    };
    rows.extend(fact(BY_HAND_FACT, &by_hand));
    for (key, document) in &facts.erp_documents {
        if let Sight::Found(document) = document {
            rows.extend(fact(format!("document/{key}"), document));
        }
    }
    rows
}
