//! The payments of a collection's case: which they are, and what they say now. Consecutive looks of one
//! case, as after our own annotation, do not read the same payments again unless something was heard.

use std::collections::{BTreeMap, BTreeSet};

use flows::collection::facts::{Attempt, CustomerState};
use flows::collection::predecessor;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use model::case::CaseKey;
use model::command::{CommandState, CommandView, ProcessorWrite, Write};
use model::event::{Event, EventSubject};
use model::ids::{AccountId, CollectionId};
use model::invoice::Invoice;
use model::payment::Collection;
use model::person::PersonSaid;
use model::policy::Policy;
use ports::{Depth, Read};
use store::rows::{Body, CaseContext, CaseId, Claimed, CollectionRow, PaymentContext};

use crate::engine::Engine;
use crate::error::Result;
use crate::say::ENDING_ACTIONS;

use super::sight;
use super::sources::Served;

/// Seconds for which a direct read serves the cheap looks that follow it, when nothing is heard.
const RECENT_SECONDS: i64 = 300;

/// Cases whose payments are held at a time.
const RECENT_CASES: usize = 10_000;

/// What is known of a case's payments before the ERP's documents are read.
pub(super) struct Payments {
    pub attempts: Vec<Attempt>,
    pub others: Vec<Collection>,
    pub stored: PaymentContext,
    /// Rows for the directory.
    pub rows: Vec<CollectionRow>,
    /// Payments whose match a person took back.
    pub freed: Vec<(AccountId, CollectionId)>,
    /// The payouts that hold them: their books change.
    pub freed_payouts: Vec<CaseKey>,
}

/// Everything that a case's payments depend on.
pub(super) struct Asked<'a> {
    pub claimed: &'a Claimed,
    pub context: &'a CaseContext,
    pub views: &'a [CommandView],
    pub served: &'a Served,
    pub customer: &'a CustomerState,
    pub invoice: &'a Invoice,
    pub depth: Depth,
}

/// Payments of a case as its last look read them. Good for the very next claim only, and only while
/// no hint has come: the counters of the claim tell.
pub(crate) struct Recent {
    epoch: i64,
    hints: i64,
    at: Timestamp,
    reads: BTreeMap<CollectionId, Read<Collection>>,
}

impl Engine {
    pub(super) async fn payments(&self, asked: &Asked<'_>) -> Result<Payments> {
        let mut stored = self.store.payment_context(&asked.claimed.key).await?;
        let ours = collected_by_us(asked.views);
        let mut ids: Vec<CollectionId> = ours.clone();
        ids.extend(stored.collections.iter().map(|row| row.id.clone()));
        let named = named_by_people(asked);
        ids.extend(named.iter().cloned());
        let named_here = |id: &CollectionId| {
            stored.collections.iter().any(|row| {
                row.id == *id
                    && row
                        .body
                        .read::<Collection>()
                        .is_some_and(|one| one.invoice().as_ref() == Some(&asked.invoice.id))
            })
        };
        ids.retain(|id| ours.contains(id) || named_here(id) || !taken_back(asked, id));
        let (freed, freed_payouts) = free(asked, &mut stored, &ids);
        let mut others = Vec::new();
        if let (Depth::Direct, CustomerState::Matched(payer)) = (asked.depth, asked.customer) {
            let listed = asked.served.processor.port.collections_of(payer).await?;
            for collection in listed.into_iter().filter_map(Read::into_found) {
                if collection.invoice().as_ref() == Some(&asked.invoice.id) {
                    ids.push(collection.id);
                } else if !named.contains(&collection.id) {
                    others.push(collection);
                }
            }
            ids = self.not_of_others(asked, &stored, ids).await?;
        }
        let mut seen = BTreeSet::new();
        ids.retain(|id| seen.insert(id.clone()));
        let known: BTreeSet<CollectionId> =
            stored.collections.iter().map(|row| row.id.clone()).collect();
        let quiet = heard_before(asked.context) == Some(stored.events.len());
        let reads = self.read_payments(asked, &ids, quiet).await?;
        let keys: BTreeSet<&str> = asked.views.iter().map(|view| view.key.as_str()).collect();
        let mut attempts = Vec::new();
        let mut rows = Vec::new();
        for (id, read) in ids.into_iter().zip(reads) {
            let by_key = read
                .found()
                .and_then(Collection::key_stamp)
                .is_some_and(|stamp| keys.contains(stamp));
            let adopted = !ours.contains(&id) && !by_key;
            let policy = &asked.served.link.policy;
            let over = read.found().is_some_and(|one| predecessor::is_over(policy, one));
            let account = &asked.served.processor.account;
            let news = match known.contains(&id) {
                true => Vec::new(),
                false => self.store.events_of(account, "collection", id.as_str()).await?,
            };
            let ended = || news.iter().chain(&stored.events).any(|event| ends(policy, event, &id));
            let stake = || named.contains(&id) || has_stake(asked.context, &stored, &id);
            if adopted && over && !stake() && !ended() {
                continue;
            }
            if let Some(collection) = read.found() {
                rows.push(directory_row(asked.served, asked.claimed, collection, adopted));
            }
            if !known.contains(&id) {
                stored.events.extend(news);
                stored.items.extend(self.store.items_of_collection(account, &id).await?);
            }
            attempts.push(Attempt { id, adopted, collection: sight(read) });
        }
        stored.events.sort_by(|a, b| (a.at, &a.id).cmp(&(b.at, &b.id)));
        stored.events.dedup_by(|a, b| a.id == b.id);
        let order = |kept: &model::payout::KeptItem| {
            (kept.arrival_on, kept.payout.clone(), kept.item.ordinal)
        };
        stored.items.sort_by_key(order);
        stored.items.dedup_by_key(|kept| order(kept));
        attempts.sort_by_key(|attempt| {
            let created = attempt.collection.found().map(|found| found.created_at);
            (created.is_none(), created, attempt.id.clone())
        });
        Ok(Payments { attempts, others, stored, rows, freed, freed_payouts })
    }

    /// Up to when the processor's events are surely read; asked only where a payment was taken back, or
    /// where a payment of somebody else was paid out.
    pub(super) async fn events_until(
        &self,
        served: &Served,
        payments: &Payments,
    ) -> Result<Option<Timestamp>> {
        let items = &payments.stored.items;
        let taken_back = items.iter().any(|kept| kept.item.kind.is_reversal());
        let of_others = !items.is_empty() && payments.attempts.iter().any(|one| one.adopted);
        if !taken_back && !of_others {
            return Ok(None);
        }
        let processor = &served.processor;
        let mark = self.store.mark(&processor.connection, crate::poll::EVENTS).await?;
        // The list may lag behind its window's end.
        let lag = SignedDuration::try_from(processor.port.description().staleness);
        let lag = lag.unwrap_or(SignedDuration::ZERO);
        Ok(Some(mark.until.map_or(Timestamp::MIN, |until| until - lag)))
    }

    /// Leaves out payments that a person matched with another invoice while no link served this one.
    async fn not_of_others(
        &self,
        asked: &Asked<'_>,
        stored: &PaymentContext,
        ids: Vec<CollectionId>,
    ) -> Result<Vec<CollectionId>> {
        let known = |id: &CollectionId| stored.collections.iter().any(|row| row.id == *id);
        let new: Vec<CollectionId> = ids.iter().filter(|id| !known(id)).cloned().collect();
        let rows = self.store.collection_rows(&asked.served.processor.account, &new).await?;
        let others: BTreeSet<CollectionId> = rows
            .into_iter()
            .flatten()
            .filter(|row| row.case.as_ref().is_some_and(|case| *case != asked.claimed.key))
            .map(|row| row.id)
            .collect();
        Ok(ids.into_iter().filter(|id| !others.contains(id)).collect())
    }

    /// Every payment by id: read now, or by the look right before this one; a quiet one may be
    /// confirmed by a list.
    async fn read_payments(
        &self,
        asked: &Asked<'_>,
        ids: &[CollectionId],
        quiet: bool,
    ) -> Result<Vec<Read<Collection>>> {
        let now = self.now();
        let mut held = match asked.depth {
            Depth::Cheap => self.recent_of(asked.claimed, now),
            Depth::Direct => None,
        };
        let at = held.as_ref().map_or(now, |held| held.at);
        let mut reads = held.take().map(|held| held.reads).unwrap_or_default();
        let mut missing: Vec<CollectionId> =
            ids.iter().filter(|id| !reads.contains_key(id)).cloned().collect();
        if quiet && asked.depth == Depth::Cheap {
            let asked_for = missing.iter().cloned().collect();
            let account = &asked.served.processor.account;
            let unchanged = self.unchanged(account, asked.context, &asked_for);
            missing.retain(|id| !unchanged.contains_key(id));
            reads.extend(unchanged.into_iter().map(|(id, one)| (id, Read::Found(one))));
        }
        if !missing.is_empty() {
            let port = &asked.served.processor.port;
            let fresh = port.collections(&missing, Depth::Direct).await?;
            reads.extend(missing.into_iter().zip(fresh));
        }
        let read = ids.iter().map(|id| reads.get(id).cloned().unwrap_or(Read::Missing)).collect();
        self.keep_recent(asked.claimed, at, reads);
        Ok(read)
    }

    fn recent_of(&self, claimed: &Claimed, now: Timestamp) -> Option<Recent> {
        let held = self.recent.lock().ok()?.remove(&claimed.id)?;
        let age = now.duration_since(held.at).as_secs();
        let unheard = held.hints == claimed.hints
            && (held.epoch == claimed.epoch || held.epoch + 1 == claimed.epoch);
        (unheard && (0..RECENT_SECONDS).contains(&age)).then_some(held)
    }

    fn keep_recent(
        &self,
        claimed: &Claimed,
        at: Timestamp,
        reads: BTreeMap<CollectionId, Read<Collection>>,
    ) {
        // A dry run claims nothing.
        if claimed.epoch == 0 {
            return;
        }
        let Ok(mut held) = self.recent.lock() else { return };
        if held.len() >= RECENT_CASES {
            held.clear();
        }
        let (epoch, hints) = (claimed.epoch, claimed.hints);
        held.insert(claimed.id, Recent { epoch, hints, at, reads });
    }

    /// Something was sent to the processor for the case: what was read before says nothing now.
    pub(crate) fn forget_recent(&self, case: CaseId) {
        if let Ok(mut held) = self.recent.lock() {
            held.remove(&case);
        }
    }
}

/// Events of its payments that the case's last look knew.
fn heard_before(context: &CaseContext) -> Option<usize> {
    let (_, body) = context.facts.get(super::HEARD_FACT)?;
    body.read()
}

/// What is stored of payments that are not among `kept` goes out of the case's sight, unless a document
/// stands for it in the books. Gives the payments, and the payouts that hold them.
fn free(
    asked: &Asked<'_>,
    stored: &mut PaymentContext,
    kept: &[CollectionId],
) -> (Vec<(AccountId, CollectionId)>, Vec<CaseKey>) {
    let booked = |id: &CollectionId| {
        stored.documents.iter().any(|document| document.collection.as_ref() == Some(id))
    };
    let gone: BTreeSet<CollectionId> = stored
        .collections
        .iter()
        .map(|row| row.id.clone())
        .filter(|id| !kept.contains(id) && !booked(id))
        .collect();
    let of_gone = |id: &Option<CollectionId>| id.as_ref().is_some_and(|id| gone.contains(id));
    let account = &asked.served.processor.account;
    let held = stored.items.iter().filter(|kept| of_gone(&kept.item.collection));
    let payouts: BTreeSet<CaseKey> =
        held.map(|kept| CaseKey::payout(account, &kept.payout)).collect();
    stored.items.retain(|kept| !of_gone(&kept.item.collection));
    stored.events.retain(|event| match &event.subject {
        EventSubject::Collection(id) => !gone.contains(&CollectionId::new(id.as_str())),
        _ => true,
    });
    let freed = gone.into_iter().map(|id| (account.clone(), id)).collect();
    (freed, payouts.into_iter().collect())
}

/// A person's last word about a payment is that it has nothing to do with this invoice.
fn taken_back(asked: &Asked<'_>, id: &CollectionId) -> bool {
    let last = asked.context.person_facts.iter().rev().find_map(|fact| match &fact.said {
        PersonSaid::NotOurs { collection } if collection == id => Some(true),
        PersonSaid::Adopt { collection } | PersonSaid::Match { collection, .. }
            if collection == id =>
        {
            Some(false)
        }
        _ => None,
    });
    last == Some(true)
}

/// Payments that people named.
fn named_by_people(asked: &Asked<'_>) -> Vec<CollectionId> {
    let named = asked.context.person_facts.iter().filter_map(|fact| match &fact.said {
        PersonSaid::Adopt { collection } => Some(collection.clone()),
        PersonSaid::Match { collection, invoice: matched } if *matched == asked.invoice.id => {
            Some(collection.clone())
        }
        PersonSaid::Match { .. }
        | PersonSaid::Retry { .. }
        | PersonSaid::Release { .. }
        | PersonSaid::Stop { .. }
        | PersonSaid::Ignore { .. }
        | PersonSaid::NotOurs { .. }
        | PersonSaid::Choose { .. }
        | PersonSaid::Leave { .. }
        | PersonSaid::OrderMandate { .. } => None,
    });
    named.collect()
}

/// Payments that our own commands made or adopted.
fn collected_by_us(views: &[CommandView]) -> Vec<CollectionId> {
    views
        .iter()
        .filter(|view| view.state == CommandState::Done)
        .filter(|view| matches!(view.write, Write::Processor(ProcessorWrite::Collect(_))))
        .filter_map(|view| view.answer.as_ref())
        .map(|answer| CollectionId::new(answer.id.as_str()))
        .collect()
}

/// The case saw the payment while it was live, or money of it stands in a kept payout or a document: how
/// it ends is the case's business, whenever it was made.
fn has_stake(context: &CaseContext, stored: &PaymentContext, id: &CollectionId) -> bool {
    context.facts.contains_key(&format!("collection/{id}"))
        || stored.items.iter().any(|kept| kept.item.collection.as_ref() == Some(id))
        || stored.documents.iter().any(|document| document.collection.as_ref() == Some(id))
}

fn directory_row(
    served: &Served,
    claimed: &Claimed,
    collection: &Collection,
    adopted: bool,
) -> CollectionRow {
    CollectionRow {
        account: served.processor.account.clone(),
        id: collection.id.clone(),
        case: Some(claimed.key.clone()),
        adopted,
        created_at: collection.created_at,
        body: Body::of(collection).unwrap_or_default(),
    }
}

/// The payment ended after the link went live: nobody else may have seen it, whether or not a look of ours
/// came while it was under way.
fn ends(policy: &Policy, event: &Event, id: &CollectionId) -> bool {
    let on = event.at.to_zoned(TimeZone::UTC).date();
    let of_it = matches!(&event.subject, EventSubject::Collection(of) if of == id.as_str());
    let since = policy.cut_over_on.is_some_and(|cut_over| on >= cut_over);
    of_it && since && ENDING_ACTIONS.contains(&event.action.as_str())
}
