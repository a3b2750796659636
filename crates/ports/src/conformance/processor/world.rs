//! Small worlds for the processor cases: one payer with one mandate, and the writes about it.

use std::collections::BTreeMap;

use model::command::{
    Collect, CollectionOnly, LinkCustomer, ProcessorWrite, RetryCollection, WriteAnswer,
};
use model::ids::{CollectionId, ErpCustomerId, MandateId, ProcessorCustomerId};
use model::key::Key;
use model::money::{Currency, Money};
use model::payment::{Collection, CollectionStatus, metadata};

use super::expect::{found, made, ok, only};
use crate::conformance::subject::ProcessorSubject;
use crate::{Depth, PortError, Processor};

pub(super) const BOTH: [Depth; 2] = [Depth::Cheap, Depth::Direct];

/// The e-mail address of every case's first payer.
pub(super) const EMAIL: &str = "ap@aldermoor.example";

/// One case's world.
pub(super) struct World<'a> {
    pub subject: &'a dyn ProcessorSubject,
    pub processor: &'a dyn Processor,
    pub currency: Currency,
    pub customer: ProcessorCustomerId,
    pub mandate: MandateId,
}

impl<'a> World<'a> {
    pub fn new(subject: &'a dyn ProcessorSubject) -> World<'a> {
        let currency = subject.currencies()[0];
        let customer = subject.add_customer("Aldermoor Ltd", EMAIL);
        let mandate = subject.add_mandate(&customer, currency);
        World { subject, processor: subject.processor(), currency, customer, mandate }
    }

    pub fn money(&self, minor: i64) -> Money {
        Money::new(minor, self.currency)
    }

    pub fn key(&self, invoice: &str) -> Key {
        Key::new(&["collect", invoice, "1"])
    }

    pub fn collect(&self, invoice: &str, minor: i64) -> Collect {
        let key = self.key(invoice);
        let texts =
            [(metadata::INVOICE, invoice), (metadata::KEY, key.as_str()), (metadata::LINK, "main")];
        let texts = texts.map(|(name, text)| (name.to_owned(), text.to_owned()));
        Collect {
            invoice: invoice.into(),
            mandate: self.mandate.clone(),
            amount: self.money(minor),
            charge_on: None,
            description: format!("INV-{invoice}"),
            reference: None,
            metadata: BTreeMap::from(texts),
            automatic_retry: false,
        }
    }

    /// Sends under the key of that invoice.
    pub async fn send(&self, collect: &Collect) -> Result<WriteAnswer, PortError> {
        let key = self.key(collect.invoice.as_str());
        self.processor.write(&key, &ProcessorWrite::Collect(collect.clone())).await
    }

    pub async fn find(&self, collect: &Collect) -> Result<Option<WriteAnswer>, PortError> {
        let key = self.key(collect.invoice.as_str());
        self.processor.find(&key, &ProcessorWrite::Collect(collect.clone())).await
    }

    /// A payment for the invoice.
    pub async fn collected(&self, invoice: &str, minor: i64) -> CollectionId {
        CollectionId::new(made(self.send(&self.collect(invoice, minor)).await))
    }

    /// A payment that banks and time brought to the status.
    pub async fn at(&self, status: CollectionStatus, minor: i64) -> CollectionId {
        let id = self.collected("5031", minor).await;
        self.subject.bring_to(&id, status);
        assert_eq!(self.payment(&id).await.status, status, "the subject did not bring it there");
        id
    }

    pub async fn payment(&self, id: &CollectionId) -> Collection {
        let ids = std::slice::from_ref(id);
        found(only(ok(self.processor.collections(ids, Depth::Direct).await)))
    }

    /// The payer's payments over there, by id.
    pub async fn payments(&self) -> Vec<CollectionId> {
        let reads = ok(self.processor.collections_of(&self.customer).await);
        let mut ids: Vec<_> = reads.into_iter().map(|read| found(read).id).collect();
        ids.sort();
        ids
    }

    pub async fn act(&self, write: &ProcessorWrite) -> Result<WriteAnswer, PortError> {
        self.processor.write(&action_key(write), write).await
    }

    pub async fn look(&self, write: &ProcessorWrite) -> Result<Option<WriteAnswer>, PortError> {
        self.processor.find(&action_key(write), write).await
    }

    pub fn retry(&self, id: &CollectionId, retries_before: u32, minor: i64) -> ProcessorWrite {
        ProcessorWrite::RetryCollection(RetryCollection {
            invoice: "5031".into(),
            collection: id.clone(),
            retries_before,
            amount: self.money(minor),
        })
    }

    pub fn link(&self, erp: &str) -> ProcessorWrite {
        let erp_customer = ErpCustomerId::new(erp);
        ProcessorWrite::LinkCustomer(LinkCustomer { erp_customer, customer: self.customer.clone() })
    }
}

/// The key of a write that the processor takes no key for.
pub(super) fn action_key(write: &ProcessorWrite) -> Key {
    Key::new(&["action", &format!("{write:?}")])
}

fn only_it(id: &CollectionId) -> CollectionOnly {
    CollectionOnly { invoice: "5031".into(), collection: id.clone() }
}

pub(super) fn cancel(id: &CollectionId) -> ProcessorWrite {
    ProcessorWrite::CancelCollection(only_it(id))
}

pub(super) fn stop(id: &CollectionId) -> ProcessorWrite {
    ProcessorWrite::StopAutomaticRetries(only_it(id))
}
