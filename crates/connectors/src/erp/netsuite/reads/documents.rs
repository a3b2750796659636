//! Reads of the documents that carry our keys: receipts (also in bulk), refunds, deposits, journals.

use std::collections::{BTreeMap, BTreeSet};

use model::ids::{CollectionId, ErpCustomerId, InvoiceId, ReceiptId};
use model::key::{Alphabet, Key};
use model::receipt::{Deposit, DocumentKind, ErpDocument, Receipt};
use ports::{Depth, PortError, Read};

use super::super::NetSuite;
use super::super::mapping::{documents, receipt};
use super::super::queries::{
    AMOUNTS, LINKS, RECEIPTS, links_tail, naming_tail, receipts_tail, transactions_tail,
};
use super::super::suiteql::{IN_VALUES_MAX, PAGE_ROWS};
use super::super::wire::{Body, Record, is_internal_id};
use super::super::zone::record_version;
use super::{each, odd_or, queryable};

/// External ids are path-safe and at most this long (netsuite sheet section 5.10 and 18, row 15).
pub const STAMP_LENGTH_MAX: usize = 50;

/// Our key as an external id.
#[must_use]
pub fn stamp(key: &Key) -> String {
    key.stamp(Alphabet::PathSafe, STAMP_LENGTH_MAX)
}

/// The record type of a kind of document.
#[must_use]
pub fn record_type(kind: DocumentKind) -> &'static str {
    match kind {
        DocumentKind::Receipt => "customerPayment",
        DocumentKind::Refund => "customerRefund",
        DocumentKind::Deposit => "deposit",
        DocumentKind::Journal => "journalEntry",
    }
}

impl NetSuite {
    /// Documents by key. Receipts are read in bulk when cheap is enough; what a query does not show
    /// well is read directly.
    pub(in super::super) async fn read_documents(
        &self,
        keys: &[(DocumentKind, Key)],
        depth: Depth,
    ) -> Result<Vec<Read<ErpDocument>>, PortError> {
        let known = match depth {
            Depth::Cheap => self.cheap_receipts(keys).await?,
            Depth::Direct => BTreeMap::new(),
        };
        let reads = each(keys, |(kind, key)| {
            let stamp = stamp(key);
            let read = known.get(&stamp).filter(|_| *kind == DocumentKind::Receipt).cloned();
            let kind = *kind;
            async move {
                match read {
                    Some(receipt) => Ok(Read::Found(ErpDocument::Receipt(receipt))),
                    None => self.read_document(kind, &format!("eid:{stamp}")).await,
                }
            }
        })
        .await?;
        self.with_voided(reads).await
    }

    /// Receipts by NetSuite's own ids, from their records.
    pub(in super::super) async fn read_receipts(
        &self,
        ids: &[ReceiptId],
    ) -> Result<Vec<Read<Receipt>>, PortError> {
        let reads = each(ids, |id| {
            let id = id.clone();
            async move { self.read_document_by_id(DocumentKind::Receipt, id.as_str()).await }
        })
        .await?;
        let reads = self.with_voided(reads).await?;
        Ok(reads.into_iter().map(only_receipt).collect())
    }

    /// Customer payments of the customer, or of the invoice, that name the processor's payment, from their
    /// records: the check number stands in no column that is sure. Ids of processors are letters and
    /// digits: none is a pattern.
    pub(in super::super) async fn read_receipts_naming(
        &self,
        customer: &ErpCustomerId,
        invoice: &InvoiceId,
        collection: &CollectionId,
    ) -> Result<Vec<Read<Receipt>>, PortError> {
        let name = collection.as_str();
        let plain = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric());
        if !plain || !is_internal_id(customer.as_str()) {
            return Ok(Vec::new());
        }
        let tail = naming_tail(customer.as_str(), name);
        let rows = match self.rows(&AMOUNTS, &tail, 0).await? {
            Ok(page) => page.rows,
            Err(refusal) => return Err(refusal.into_error()),
        };
        let mut ids: BTreeSet<String> =
            rows.iter().map(Record).filter_map(|row| row.id()).collect();
        for id in self.payments_of(invoice).await? {
            if !ids.contains(&id) && self.is_named(&id, name).await? {
                ids.insert(id);
            }
        }
        let ids: Vec<ReceiptId> = ids.into_iter().map(ReceiptId::new).collect();
        self.read_receipts(&ids).await
    }

    /// Customer payments that are applied to the invoice, as far as links are shown.
    async fn payments_of(&self, invoice: &InvoiceId) -> Result<Vec<String>, PortError> {
        let ids = queryable(std::iter::once(invoice.as_str()));
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let links = self.links(&ids).await?;
        Ok(links.map_or_else(Vec::new, |links| links.payments_of(invoice.as_str())))
    }

    /// The record of a customer payment names it.
    async fn is_named(&self, id: &str, name: &str) -> Result<bool, PortError> {
        let kind = record_type(DocumentKind::Receipt);
        let Some(body) = self.client.get(kind, id, false).await? else { return Ok(false) };
        let record = Record(&body);
        let fields = ["tranId", "checkNumber", "externalId", "memo"];
        Ok(fields.iter().filter_map(|field| record.text(field)).any(|text| text.contains(name)))
    }

    /// One receipt from its record, for a decision made right now.
    pub(in super::super) async fn read_receipt(
        &self,
        id: &ReceiptId,
    ) -> Result<Read<Receipt>, PortError> {
        self.read_document_by_id(DocumentKind::Receipt, id.as_str()).await.map(only_receipt)
    }

    async fn read_document_by_id(
        &self,
        kind: DocumentKind,
        id: &str,
    ) -> Result<Read<ErpDocument>, PortError> {
        if !is_internal_id(id) {
            return Ok(Read::Odd(format!("\"{id}\" is not an internal id of NetSuite")));
        }
        self.read_document(kind, id).await
    }

    /// One document by internal id or `eid:…`, from its record.
    pub(in super::super) async fn read_document(
        &self,
        kind: DocumentKind,
        id: &str,
    ) -> Result<Read<ErpDocument>, PortError> {
        let Some(body) = self.client.get(record_type(kind), id, true).await? else {
            return Ok(Read::Missing);
        };
        let record = Record(&body);
        let setup = self.setup_for(&[record]).await?;
        let version = record_version(record);
        Ok(odd_or(match kind {
            DocumentKind::Receipt => {
                receipt::from_record(record, &setup, version).map(ErpDocument::Receipt)
            }
            DocumentKind::Refund => {
                let waits = record.reference("account") == setup.undeposited;
                let deposited = waits && self.is_deposited(record).await?;
                documents::refund(record, &setup, deposited).map(ErpDocument::Refund)
            }
            DocumentKind::Deposit => documents::deposit(record, &setup).map(ErpDocument::Deposit),
            DocumentKind::Journal => documents::journal(record, &setup).map(ErpDocument::Journal),
        }))
    }

    /// Whether a bank deposit follows: a refund's own record does not tell.
    async fn is_deposited(&self, record: Record<'_>) -> Result<bool, PortError> {
        let Some(id) = record.id().filter(|id| is_internal_id(id)) else {
            return Ok(false);
        };
        let links = self.links(&[id.as_str()]).await?;
        Ok(links.is_some_and(|links| links.is_followed_by(&id, "Deposit")))
    }

    /// The links of transactions in both directions; `None` where the account does not show them, or
    /// they are more than a page.
    async fn links(&self, ids: &[&str]) -> Result<Option<receipt::Links>, PortError> {
        let mut both = Vec::new();
        for column in ["nextdoc", "previousdoc"] {
            match self.rows(&LINKS, &links_tail(column, ids), 0).await? {
                Ok(found) if found.has_more || found.rows.len() >= PAGE_ROWS => return Ok(None),
                Ok(found) => both.push(found.rows),
                Err(_) => return Ok(None),
            }
        }
        let (into, out_of) = (both.first(), both.get(1));
        let rows = |rows: Option<&Vec<Body>>| rows.cloned().unwrap_or_default();
        Ok(Some(receipt::Links::read(&rows(into), &rows(out_of))))
    }

    /// The deposits that follow these receipts and refunds, from their records.
    pub(in super::super) async fn read_deposits_of(
        &self,
        ids: &[&str],
    ) -> Result<Vec<Read<Deposit>>, PortError> {
        let mut deposits = BTreeSet::new();
        for slice in queryable(ids.iter().copied()).chunks(IN_VALUES_MAX / 2) {
            let Some(links) = self.links(slice).await? else {
                return Err(PortError::Unsupported("the links of transactions".to_owned()));
            };
            deposits.extend(slice.iter().flat_map(|id| links.deposits_of(id)));
        }
        let deposits: Vec<String> = deposits.into_iter().collect();
        let reads = each(&deposits, |id| {
            let id = id.clone();
            async move { self.read_document_by_id(DocumentKind::Deposit, &id).await }
        })
        .await?;
        let reads = self.with_voided(reads).await?;
        Ok(reads.into_iter().map(only_deposit).collect())
    }

    /// Receipts by stamp, as far as queries show them without doubt.
    async fn cheap_receipts(
        &self,
        keys: &[(DocumentKind, Key)],
    ) -> Result<BTreeMap<String, Receipt>, PortError> {
        let wanted: BTreeSet<String> = keys
            .iter()
            .filter(|(kind, _)| *kind == DocumentKind::Receipt)
            .map(|(_, key)| stamp(key))
            .collect();
        let wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        let mut found = BTreeMap::new();
        // Half a page of receipts leaves room for their links on one page.
        for slice in wanted.chunks(IN_VALUES_MAX / 2) {
            let rows = match self.rows(&RECEIPTS, &receipts_tail(slice), 0).await? {
                Ok(page) => page.rows,
                Err(refusal) => return Err(refusal.into_error()),
            };
            let records: Vec<Record<'_>> = rows.iter().map(Record).collect();
            let ids: Vec<String> = records.iter().filter_map(Record::id).collect();
            let ids = queryable(ids.iter().map(String::as_str));
            if ids.is_empty() {
                continue;
            }
            let Some(links) = self.links(&ids).await? else {
                continue;
            };
            let setup = self.setup_for(&records).await?;
            let versions = self.versions("customerPayment", &rows).await?;
            for (row, version) in records.into_iter().zip(versions) {
                if let Ok(receipt) = receipt::from_row(row, &links, &setup, version)
                    && let Some(stamp) = receipt.stamp.clone()
                {
                    found.insert(stamp, receipt);
                }
            }
        }
        Ok(found)
    }

    /// Adds what only queries know: that a transaction was voided.
    async fn with_voided(
        &self,
        mut reads: Vec<Read<ErpDocument>>,
    ) -> Result<Vec<Read<ErpDocument>>, PortError> {
        let ids: Vec<String> =
            reads.iter().filter_map(Read::found).map(|found| found.id().to_owned()).collect();
        let ids = queryable(ids.iter().map(String::as_str));
        let mut voided = BTreeSet::new();
        for slice in ids.chunks(IN_VALUES_MAX) {
            // Where the column is not shown, the records alone decide.
            if let Ok(page) = self.rows(&AMOUNTS, &transactions_tail(slice), 0).await? {
                let rows = page.rows.iter().map(Record);
                voided.extend(rows.filter(|row| row.flag("voided")).filter_map(|row| row.id()));
            }
        }
        for read in &mut reads {
            if let Read::Found(document) = read
                && voided.contains(document.id())
            {
                mark_voided(document);
            }
        }
        Ok(reads)
    }
}

fn mark_voided(document: &mut ErpDocument) {
    match document {
        ErpDocument::Receipt(receipt) => receipt.voided = true,
        ErpDocument::Refund(refund) => refund.voided = true,
        ErpDocument::Deposit(deposit) => deposit.voided = true,
        ErpDocument::Journal(journal) => journal.voided = true,
    }
}

fn only_deposit(read: Read<ErpDocument>) -> Read<Deposit> {
    match read {
        Read::Found(ErpDocument::Deposit(deposit)) => Read::Found(deposit),
        Read::Found(ErpDocument::Refund(_) | ErpDocument::Receipt(_) | ErpDocument::Journal(_)) => {
            Read::Odd("it is not a deposit".to_owned())
        }
        Read::Missing => Read::Missing,
        Read::Odd(sentence) => Read::Odd(sentence),
    }
}

fn only_receipt(read: Read<ErpDocument>) -> Read<Receipt> {
    match read {
        Read::Found(ErpDocument::Receipt(receipt)) => Read::Found(receipt),
        Read::Found(ErpDocument::Refund(_) | ErpDocument::Deposit(_) | ErpDocument::Journal(_)) => {
            Read::Odd("it is not a customer payment".to_owned())
        }
        Read::Missing => Read::Missing,
        Read::Odd(sentence) => Read::Odd(sentence),
    }
}
