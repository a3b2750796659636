//! Reads of invoices.

use jiff::Timestamp;

use model::ids::InvoiceId;
use model::invoice::Invoice;
use ports::{Depth, Page, PortError, Read, Seen};

use super::super::NetSuite;
use super::super::mapping::invoice::{from_record, from_row};
use super::super::queries::{INVOICES, changed_invoices_tail, invoices_tail, open_invoices_tail};
use super::super::suiteql::IN_VALUES_MAX;
use super::super::wire::{Body, Record, is_internal_id};
use super::super::zone::record_version;
use super::{Mark, by_id, each, odd_or, queryable, seen};

const INVOICE: &str = "invoice";

impl NetSuite {
    /// Invoices saved since, oldest id first, and what was deleted since. Looks back further than asked
    /// (see [`Mark::since`]).
    pub(in super::super) async fn list_changed_invoices(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<Seen<InvoiceId, Invoice>>, PortError> {
        let mark = Mark::since(since, page)?;
        let tail = changed_invoices_tail(&mark.from, &mark.after);
        let mut changed = self.list_invoices(&mark, &tail).await?;
        if page.is_none() {
            changed.records.extend(self.newly_deleted(&mark).await?);
        }
        Ok(changed)
    }

    /// Every invoice with something open.
    pub(in super::super) async fn list_open_invoices(
        &self,
        page: Option<&str>,
    ) -> Result<Page<Seen<InvoiceId, Invoice>>, PortError> {
        let mark = Mark::whole(page)?;
        self.list_invoices(&mark, &open_invoices_tail(&mark.after)).await
    }

    async fn list_invoices(
        &self,
        mark: &Mark,
        tail: &str,
    ) -> Result<Page<Seen<InvoiceId, Invoice>>, PortError> {
        let found = self.rows(&INVOICES, tail, 0).await?.map_err(|refusal| refusal.into_error())?;
        let reads = self.map_invoice_rows(&found.rows).await?;
        let next = mark.next(&found.rows, found.has_more);
        Ok(Page { records: seen(&found.rows, InvoiceId::new, reads)?, next })
    }

    async fn map_invoice_rows(&self, rows: &[Body]) -> Result<Vec<Read<Invoice>>, PortError> {
        let records: Vec<Record<'_>> = rows.iter().map(Record).collect();
        let setup = self.setup_for(&records).await?;
        let versions = self.versions(INVOICE, rows).await?;
        let mapped = records.into_iter().zip(versions);
        Ok(mapped.map(|(row, version)| odd_or(from_row(row, &setup, version))).collect())
    }

    /// The given invoices. What a query does not show is read directly.
    pub(in super::super) async fn read_invoices(
        &self,
        ids: &[InvoiceId],
        depth: Depth,
    ) -> Result<Vec<Read<Invoice>>, PortError> {
        if depth == Depth::Direct {
            return each(ids, |id| self.read_invoice(id.clone())).await;
        }
        let mut known = std::collections::BTreeMap::new();
        let list = queryable(ids.iter().map(InvoiceId::as_str));
        for slice in list.chunks(IN_VALUES_MAX) {
            let found = self.rows(&INVOICES, &invoices_tail(slice), 0).await?;
            let rows = found.map_err(|refusal| refusal.into_error())?.rows;
            let reads = self.map_invoice_rows(&rows).await?;
            known.extend(by_id(&rows, reads));
        }
        each(ids, |id| {
            let read = known.get(id.as_str()).cloned();
            let id = id.clone();
            async move {
                match read {
                    Some(read) => Ok(read),
                    None => self.read_invoice(id).await,
                }
            }
        })
        .await
    }

    /// One invoice from its record.
    pub(in super::super) async fn read_invoice(
        &self,
        id: InvoiceId,
    ) -> Result<Read<Invoice>, PortError> {
        if !is_internal_id(id.as_str()) {
            return Ok(Read::Odd(format!("\"{id}\" is not an internal id of NetSuite")));
        }
        let Some(body) = self.client.get(INVOICE, id.as_str(), false).await? else {
            return Ok(Read::Missing);
        };
        let record = Record(&body);
        let setup = self.setup_for(&[record]).await?;
        Ok(odd_or(from_record(record, &setup, record_version(record))))
    }
}
