//! Reads of invoices (acumatica sheet sections 9.3 and 11.8).

use std::collections::BTreeMap;

use jiff::Timestamp;

use model::ids::InvoiceId;
use model::invoice::Invoice;
use ports::{Depth, Page, PortError, Read, Seen};

use super::super::Acumatica;
use super::super::mapping::invoice::{SELECT, custom, from_entity};
use super::super::query::{Ask, all_of, any_of};
use super::super::wire::{Body, Entity};
use super::window::start;
use super::{SLICE_MAX, each, odd_or};

pub(in super::super) const INVOICE: &str = "Invoice";
const ONLY_INVOICES: &str = "Type eq 'Invoice'";

/// Released and not settled, or not released yet: a plan says of those what they wait for. Not the
/// templates of recurring documents (acumatica sheet section 9.3, status labels).
const NOT_OVER: &str = "Status ne 'Closed' and Status ne 'Voided' and Status ne 'Canceled' and \
                        Status ne 'Scheduled'";

/// What is asked of an invoice.
#[must_use]
pub(in super::super) fn ask() -> Ask {
    Ask { select: SELECT, custom: custom(), ..Ask::default() }
}

impl Acumatica {
    pub(in super::super) async fn list_changed_invoices(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<Seen<InvoiceId, Invoice>>, PortError> {
        // Not by status: one that left Open must stop its collection (acumatica sheet section 11.8).
        self.invoice_window(ONLY_INVOICES, start(since, page)?).await
    }

    pub(in super::super) async fn list_open_invoices(
        &self,
        page: Option<&str>,
    ) -> Result<Page<Seen<InvoiceId, Invoice>>, PortError> {
        let also = all_of(&[ONLY_INVOICES, NOT_OVER]);
        self.invoice_window(&also, start(Timestamp::UNIX_EPOCH, page)?).await
    }

    async fn invoice_window(
        &self,
        also: &str,
        from: Timestamp,
    ) -> Result<Page<Seen<InvoiceId, Invoice>>, PortError> {
        let window = self.window(INVOICE, &ask(), also, from).await?;
        let mut records = Vec::with_capacity(window.rows.len());
        for row in &window.rows {
            let entity = Entity(row);
            let id = entity.required("ReferenceNbr").map_err(PortError::Unavailable)?;
            records.push(Seen { id: InvoiceId::new(id), read: odd_or(from_entity(entity)) });
        }
        Ok(Page { records, next: window.next })
    }

    /// The given invoices. A list that does not show one proves nothing: it is then read by its key.
    pub(in super::super) async fn read_invoices(
        &self,
        ids: &[InvoiceId],
        depth: Depth,
    ) -> Result<Vec<Read<Invoice>>, PortError> {
        let mut known: BTreeMap<String, Body> = BTreeMap::new();
        if depth == Depth::Cheap && ids.len() > 1 {
            for slice in ids.chunks(SLICE_MAX) {
                let numbers: Vec<&str> = slice.iter().map(|id| id.as_str()).collect();
                let wanted = format!("({})", any_of("ReferenceNbr", &numbers));
                let filter = all_of(&[ONLY_INVOICES, &wanted]);
                for row in self.client.list(INVOICE, &ask().filter(filter)).await? {
                    if let Some(number) = Entity(&row).text("ReferenceNbr") {
                        known.insert(number, row);
                    }
                }
            }
        }
        each(ids, |id| {
            let row = known.get(id.as_str()).map(|row| odd_or(from_entity(Entity(row))));
            let id = id.clone();
            async move {
                match row {
                    Some(read) => Ok(read),
                    None => self.read_invoice(&id).await,
                }
            }
        })
        .await
    }

    /// One invoice by its key.
    pub(in super::super) async fn read_invoice(
        &self,
        id: &InvoiceId,
    ) -> Result<Read<Invoice>, PortError> {
        if id.as_str().trim().is_empty() {
            return Ok(Read::Odd("an invoice without a number".to_owned()));
        }
        // A slash can not stand in a path (acumatica sheet section 6): such a key is filtered for.
        let body = if id.as_str().contains('/') {
            let wanted = any_of("ReferenceNbr", &[id.as_str()]);
            let filter = all_of(&[ONLY_INVOICES, &wanted]);
            self.client.list(INVOICE, &ask().filter(filter)).await?.pop()
        } else {
            self.client.get(INVOICE, &["Invoice", id.as_str()], &ask()).await?
        };
        Ok(body.map_or(Read::Missing, |body| odd_or(from_entity(Entity(&body)))))
    }
}
