//! From an event to the cases that it is news for. An event never carries a fact into a case; it
//! only says where to look (DESIGN.md section 2).

use std::collections::BTreeSet;

use jiff::Timestamp;

use model::case::CaseKey;
use model::event::{Event, EventSubject};
use model::ids::{
    AccountId, CollectionId, ErpCustomerId, InvoiceId, LinkId, MandateId, PayoutId,
    ProcessorCustomerId, ProcessorRefundId,
};
use model::money::Currency;
use model::payment::{Collection, metadata};
use ports::Read;
use store::rows::{Body, CollectionRow, Hint};

use crate::engine::Engine;
use crate::error::Result;
use crate::look::refs;
use crate::world::{ProcessorPort, World};

impl Engine {
    /// The cases that these events are news for. Reads a payment or mandate that is not known yet.
    pub(crate) async fn hints_of(
        &self,
        world: &World,
        processor: &ProcessorPort,
        events: &[Event],
        due_at: Timestamp,
    ) -> Result<Vec<Hint>> {
        let mut cases: BTreeSet<CaseKey> = BTreeSet::new();
        let mut unknown: BTreeSet<CollectionId> = BTreeSet::new();
        for event in events {
            match &event.subject {
                EventSubject::Collection(id) => {
                    let id = CollectionId::new(id.as_str());
                    let known = self.cases_of_payment(processor, &id).await?;
                    if !known.is_empty() {
                        cases.extend(known);
                        continue;
                    }
                    cases.extend(named_cases(world, processor, event));
                    // Somebody else's payment is entered, whatever its events name: its payer need not be
                    // the invoice's customer, where looks find payments by themselves.
                    let by_us = event.resource_metadata.contains_key(metadata::KEY);
                    if !by_us && !model::defect!(PaymentNotEntered) {
                        unknown.insert(id);
                    }
                }
                EventSubject::Payout(id) => {
                    let id = PayoutId::new(id.as_str());
                    cases.insert(CaseKey::payout(&processor.account, &id));
                }
                EventSubject::Refund(id) => {
                    let id = ProcessorRefundId::new(id.as_str());
                    cases.insert(CaseKey::refund(&processor.account, &id));
                }
                EventSubject::Mandate(id) => {
                    cases.extend(self.cases_of_mandate(processor, id).await?);
                }
                EventSubject::MandateRequest(id) => {
                    let reference = refs::mandate_request(&processor.account, id);
                    cases.extend(self.store.cases_by_ref(&reference).await?);
                }
                EventSubject::Other(_) => {}
            }
        }
        let unknown: Vec<CollectionId> = unknown.into_iter().collect();
        cases.extend(self.introduce(world, processor, &unknown).await?);
        let link = only_link(world, processor);
        let hint = |case| Hint { case, due_at, link: link.clone() };
        Ok(cases.into_iter().map(hint).collect())
    }

    async fn cases_of_payment(
        &self,
        processor: &ProcessorPort,
        id: &CollectionId,
    ) -> Result<Vec<CaseKey>> {
        let ids = std::slice::from_ref(id);
        let rows = self.store.collection_rows(&processor.account, ids).await?;
        if let Some(row) = rows.into_iter().next().flatten() {
            return Ok(row.case.into_iter().collect());
        }
        let reference = refs::collection(&processor.account, id.as_str());
        Ok(self.store.cases_by_ref(&reference).await?)
    }

    /// Payments seen for the first time: read, entered in the directory, and tied to their case;
    /// without an invoice in the metadata they are foreign (mission row NG12).
    pub(crate) async fn introduce(
        &self,
        world: &World,
        processor: &ProcessorPort,
        ids: &[CollectionId],
    ) -> Result<Vec<CaseKey>> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut cases = Vec::new();
        let reads = processor.port.collections(ids, ports::Depth::Cheap).await?;
        let found: Vec<Collection> = reads.into_iter().filter_map(Read::into_found).collect();
        cases.extend(self.enter(world, processor, &found).await?);
        Ok(cases)
    }

    /// Enters payments in the directory; gives the cases of those that are new there, which are hinted
    /// in the same transaction. One that no case looks at is kept as it is now: what becomes of it is
    /// shown in no other place.
    pub(crate) async fn enter(
        &self,
        world: &World,
        processor: &ProcessorPort,
        collections: &[Collection],
    ) -> Result<Vec<CaseKey>> {
        let ids: Vec<CollectionId> = collections.iter().map(|one| one.id.clone()).collect();
        let known = self.store.collection_rows(&processor.account, &ids).await?;
        let mut rows = Vec::new();
        let mut cases = Vec::new();
        for (collection, known) in collections.iter().zip(known) {
            if let Some(known) = known {
                rows.extend(as_it_is_now(known, collection));
                continue;
            }
            let case = collection
                .invoice()
                .and_then(|invoice| invoice_cases(world, processor, &invoice).pop());
            cases.extend(case.clone());
            rows.push(CollectionRow {
                account: processor.account.clone(),
                id: collection.id.clone(),
                case,
                adopted: true,
                created_at: collection.created_at,
                body: Body::of(collection).unwrap_or_default(),
            });
        }
        let (due_at, link) = (self.now(), only_link(world, processor));
        let hint = |case: &CaseKey| Hint { case: case.clone(), due_at, link: link.clone() };
        let hints: Vec<Hint> = cases.iter().map(hint).collect();
        if !rows.is_empty() {
            self.store.put_collections(&rows, &hints).await?;
        }
        Ok(cases)
    }

    /// Cases that depend on the mandate; for one never seen, those of its customer.
    async fn cases_of_mandate(&self, processor: &ProcessorPort, id: &str) -> Result<Vec<CaseKey>> {
        let account = &processor.account;
        let known = self.store.cases_by_ref(&refs::mandate(account, id)).await?;
        if !known.is_empty() {
            return Ok(known);
        }
        let reads = processor.port.mandates(&[MandateId::new(id)]).await?;
        let Some(mandate) = reads.into_iter().next().and_then(Read::into_found) else {
            return Ok(Vec::new());
        };
        self.cases_of_payer(processor, &mandate.customer, Some(mandate.currency)).await
    }

    pub(crate) async fn cases_of_payer(
        &self,
        processor: &ProcessorPort,
        payer: &ProcessorCustomerId,
        currency: Option<Currency>,
    ) -> Result<Vec<CaseKey>> {
        let account = &processor.account;
        let reference = refs::processor_customer(account, payer.as_str());
        let mut cases = self.store.cases_by_ref(&reference).await?;
        for (erp, pair) in self.store.pairs_of_processor(account, payer.as_str()).await? {
            cases.extend(self.store.cases_by_ref(&refs::customer(&erp, pair.erp.as_str())).await?);
            cases.extend(currency.map(|code| CaseKey::mandate(account, &pair.erp, code)));
        }
        if cases.is_empty() {
            cases.extend(self.cases_of_stranger(processor, payer).await?);
        }
        Ok(cases)
    }

    /// A payer that is paired with nobody: its metadata may name the ERP customer.
    async fn cases_of_stranger(
        &self,
        processor: &ProcessorPort,
        payer: &ProcessorCustomerId,
    ) -> Result<Vec<CaseKey>> {
        let reads = processor.port.customers(std::slice::from_ref(payer)).await?;
        let Some(customer) = reads.into_iter().next().and_then(Read::into_found) else {
            return Ok(Vec::new());
        };
        let row = store::rows::DirectoryRow {
            account: processor.account.clone(),
            customer: customer.clone(),
        };
        self.store.put_directory(&[row]).await?;
        let world = self.world();
        let named: Option<&ErpCustomerId> = customer.erp_customer.as_ref();
        Ok(named
            .into_iter()
            .flat_map(|id| {
                erp_accounts(&world, processor).into_iter().map(|erp| CaseKey::customer(&erp, id))
            })
            .collect())
    }
}

/// A processor account serves one ERP account; several links to it are possible.
pub(crate) fn erp_accounts(world: &World, processor: &ProcessorPort) -> BTreeSet<AccountId> {
    world
        .links_of_processor_account(&processor.account)
        .into_iter()
        .filter_map(|link| world.erp(&link.erp))
        .map(|erp| erp.account)
        .collect()
}

/// A foreign payment of which something is to be told anew.
fn as_it_is_now(known: CollectionRow, collection: &Collection) -> Option<CollectionRow> {
    let body = Body::of(collection)?;
    let news = known.case.is_none() && known.body != body;
    news.then_some(CollectionRow { body, ..known })
}

/// The cases of the invoice that the event's metadata name.
fn named_cases(world: &World, processor: &ProcessorPort, event: &Event) -> Vec<CaseKey> {
    let named = event.resource_metadata.get(metadata::INVOICE);
    let named = named.map(|invoice| InvoiceId::new(invoice.as_str()));
    named.into_iter().flat_map(|invoice| invoice_cases(world, processor, &invoice)).collect()
}

fn invoice_cases(world: &World, processor: &ProcessorPort, invoice: &InvoiceId) -> Vec<CaseKey> {
    let accounts = erp_accounts(world, processor);
    accounts.iter().map(|erp| CaseKey::collection(erp, invoice)).collect()
}

pub(crate) fn only_link(world: &World, processor: &ProcessorPort) -> Option<LinkId> {
    match world.links_of_processor_account(&processor.account).as_slice() {
        [link] => Some(link.id.clone()),
        [] | [_, _, ..] => None,
    }
}
