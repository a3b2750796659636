//! Reads made once for all cases of a batch: the invoices, customers and documents that their looks
//! will ask for, in slices. A cheap look takes what is here and reads only the rest; direct looks
//! never look here.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use model::case::{CaseKey, CaseKind};
use model::command::{ErpWrite, Write};
use model::customer::ErpCustomer;
use model::ids::{AccountId, ErpCustomerId, InvoiceId};
use model::invoice::Invoice;
use model::key::Key;
use model::receipt::{DocumentKind, ErpDocument};
use model::sight::Sight;
use ports::{Depth, Read};
use serde::Deserialize;
use store::rows::{CaseContext, Claimed, DayTotals};

use crate::engine::Engine;
use crate::error::Result;
use crate::world::{ErpPort, World};

use super::{cheap_sight, sight};

/// Documents by our key.
type Documents = BTreeMap<Key, Sight<ErpDocument>>;

/// What was read for the batch, by the ERP's account and the record's id or key.
#[derive(Default)]
pub(crate) struct Batch {
    /// The sequence taken before the first of these reads.
    pub seq: i64,
    /// When that was, on the business clock: a worker may sleep between its reads and what it makes of
    /// them.
    pub at: Timestamp,
    invoices: BTreeMap<CaseKey, Read<Invoice>>,
    customers: BTreeMap<(AccountId, ErpCustomerId), Read<ErpCustomer>>,
    documents: BTreeMap<(AccountId, Key), Sight<ErpDocument>>,
    /// What a dry run would have collected before: it counts towards the link's limits.
    pub planned: DayTotals,
}

impl Batch {
    /// Nothing read yet; `seq` was taken just now, at `at`.
    pub(crate) fn begun(seq: i64, at: Timestamp) -> Batch {
        Batch { seq, at, ..Batch::default() }
    }

    /// Holds an invoice that a list showed.
    pub(crate) fn hold(&mut self, case: CaseKey, read: Read<Invoice>) {
        self.invoices.insert(case, read);
    }

    pub(crate) fn invoice(&self, case: &CaseKey) -> Option<&Read<Invoice>> {
        self.invoices.get(case)
    }

    /// Documents that the batch holds, and the keys that it does not.
    fn split(
        &self,
        erp: &AccountId,
        keys: &[(DocumentKind, Key)],
    ) -> (Documents, Vec<(DocumentKind, Key)>) {
        let mut held = BTreeMap::new();
        let mut rest = Vec::new();
        for (kind, key) in keys {
            match self.documents.get(&(erp.clone(), key.clone())) {
                Some(sight) => {
                    held.insert(key.clone(), sight.clone());
                }
                None => rest.push((*kind, key.clone())),
            }
        }
        (held, rest)
    }
}

impl Engine {
    /// One query per slice of invoices, customers and documents instead of some reads per case.
    pub(crate) async fn batch(
        &self,
        world: &World,
        claimed: &[Claimed],
        contexts: &[CaseContext],
    ) -> Result<Batch> {
        let at = self.now();
        let mut batch = Batch::begun(self.store.next_seq().await?, at);
        let mut by_erp: BTreeMap<AccountId, Vec<(&Claimed, &CaseContext)>> = BTreeMap::new();
        for (one, context) in claimed.iter().zip(contexts) {
            if let Some(erp) = erp_of(world, one) {
                by_erp.entry(erp.account).or_default().push((one, context));
            }
        }
        for (account, cases) in by_erp {
            let Some(erp) = world.erp_of_account(&account) else { continue };
            self.add_invoices(&mut batch, &erp, &cases).await?;
            let customers = customers_wanted(&batch, &cases);
            self.add_customers(&mut batch, &erp, customers).await?;
            self.add_documents(&mut batch, &erp, &cases).await?;
            self.note(&erp.connection, None);
        }
        self.read_sheets(world, claimed, contexts).await?;
        Ok(batch)
    }

    async fn add_invoices(
        &self,
        batch: &mut Batch,
        erp: &ErpPort,
        cases: &[(&Claimed, &CaseContext)],
    ) -> Result<()> {
        let wanted: Vec<&CaseKey> = cases
            .iter()
            .map(|(one, _)| &one.key)
            .filter(|key| key.kind == CaseKind::Collection)
            .collect();
        for slice in wanted.chunks(erp.port.description().slice_max.max(1)) {
            let ids: Vec<InvoiceId> =
                slice.iter().map(|key| InvoiceId::new(key.subject.as_str())).collect();
            let reads = erp.port.invoices(&ids, Depth::Cheap).await?;
            for (key, read) in slice.iter().zip(reads) {
                batch.invoices.insert((*key).clone(), read);
            }
        }
        Ok(())
    }

    /// Reads the customers that the batch does not hold yet; what a query does not show is read
    /// directly.
    pub(crate) async fn add_customers(
        &self,
        batch: &mut Batch,
        erp: &ErpPort,
        wanted: BTreeSet<ErpCustomerId>,
    ) -> Result<()> {
        let key = |id: &ErpCustomerId| (erp.account.clone(), id.clone());
        let missing: Vec<ErpCustomerId> =
            wanted.into_iter().filter(|id| !batch.customers.contains_key(&key(id))).collect();
        for slice in missing.chunks(erp.port.description().slice_max.max(1)) {
            let reads = erp.port.customers(slice, Depth::Cheap).await?;
            for (id, read) in slice.iter().zip(reads) {
                let read = match read {
                    Read::Missing => self.customer_now(erp, id).await?,
                    read @ (Read::Found(_) | Read::Odd(_)) => read,
                };
                batch.customers.insert(key(id), read);
            }
        }
        Ok(())
    }

    async fn add_documents(
        &self,
        batch: &mut Batch,
        erp: &ErpPort,
        cases: &[(&Claimed, &CaseContext)],
    ) -> Result<()> {
        let keys: BTreeSet<(DocumentKind, Key)> =
            cases.iter().flat_map(|(_, context)| documents_known(context)).collect();
        let keys: Vec<(DocumentKind, Key)> = keys.into_iter().collect();
        let read = self.documents(erp, &keys, Depth::Cheap, &Batch::default()).await?;
        let own = |(key, sight)| ((erp.account.clone(), key), sight);
        batch.documents.extend(read.into_iter().map(own));
        Ok(())
    }

    /// Documents by key, from the batch as far as it has them; cheap reads prove no absence.
    pub(crate) async fn documents(
        &self,
        erp: &ErpPort,
        keys: &[(DocumentKind, Key)],
        depth: Depth,
        batch: &Batch,
    ) -> Result<Documents> {
        let (mut documents, rest) = match depth {
            Depth::Cheap => batch.split(&erp.account, keys),
            Depth::Direct => (BTreeMap::new(), keys.to_vec()),
        };
        for slice in rest.chunks(erp.port.description().slice_max.max(1)) {
            let reads = erp.port.documents(slice, depth).await?;
            for ((_, key), read) in slice.iter().zip(reads) {
                let seen = match depth {
                    Depth::Cheap => cheap_sight(read),
                    Depth::Direct => sight(read),
                };
                documents.insert(key.clone(), seen);
            }
        }
        Ok(documents)
    }

    /// A customer for a look of this depth.
    pub(crate) async fn customer_for(
        &self,
        erp: &ErpPort,
        id: &ErpCustomerId,
        depth: Depth,
        batch: &Batch,
    ) -> Result<Read<ErpCustomer>> {
        let held = batch.customers.get(&(erp.account.clone(), id.clone()));
        match (depth, held) {
            (Depth::Cheap, Some(read)) => Ok(read.clone()),
            (Depth::Cheap | Depth::Direct, _) => self.customer_now(erp, id).await,
        }
    }

    /// The sequence that a look's facts are as old as.
    pub(crate) async fn look_seq(&self, depth: Depth, batch: &Batch) -> Result<i64> {
        match depth {
            Depth::Cheap if batch.seq > 0 => Ok(batch.seq),
            Depth::Cheap | Depth::Direct => Ok(self.store.next_seq().await?),
        }
    }

    async fn customer_now(&self, erp: &ErpPort, id: &ErpCustomerId) -> Result<Read<ErpCustomer>> {
        let read = erp.port.customers(std::slice::from_ref(id), Depth::Direct).await?;
        Ok(read.into_iter().next().unwrap_or(Read::Missing))
    }
}

/// The ERP whose records the case's look reads, as far as the case alone tells.
fn erp_of(world: &World, claimed: &Claimed) -> Option<ErpPort> {
    match claimed.key.kind {
        CaseKind::Collection | CaseKind::Customer => world.erp_of_account(&claimed.key.account),
        CaseKind::Mandate | CaseKind::Payout | CaseKind::Refund => {
            let processor = world.processor_of_account(&claimed.key.account)?;
            let links = world.links_of_processor_account(&processor.account);
            world.erp(&links.first()?.erp)
        }
    }
}

fn customers_wanted(batch: &Batch, cases: &[(&Claimed, &CaseContext)]) -> BTreeSet<ErpCustomerId> {
    cases
        .iter()
        .filter_map(|(one, _)| match one.key.kind {
            CaseKind::Collection => {
                batch.invoice(&one.key)?.found().map(|invoice| invoice.customer.clone())
            }
            CaseKind::Customer => Some(ErpCustomerId::new(one.key.subject.as_str())),
            CaseKind::Mandate => one.key.mandate_parts().map(|(customer, _)| customer),
            CaseKind::Payout | CaseKind::Refund => None,
        })
        .collect()
}

/// The kind of a document that a fact holds.
#[derive(Deserialize)]
struct KindOf {
    document: DocumentKind,
}

/// Documents that the case has seen or asked for.
fn documents_known(context: &CaseContext) -> BTreeSet<(DocumentKind, Key)> {
    let seen = context.facts.iter().filter_map(|(subject, (_, body))| {
        let key = Key::from_stored(subject.strip_prefix("document/")?);
        Some((body.read::<KindOf>()?.document, key))
    });
    let asked = context
        .commands
        .iter()
        .filter_map(|row| Some((kind_made(&row.view.write)?, row.view.key.clone())));
    seen.chain(asked).collect()
}

/// The kind of document that a write makes.
pub(crate) fn kind_made(write: &Write) -> Option<DocumentKind> {
    match write {
        Write::Erp(ErpWrite::RecordReceipt(_)) => Some(DocumentKind::Receipt),
        Write::Erp(ErpWrite::RecordRefund(_)) => Some(DocumentKind::Refund),
        Write::Erp(ErpWrite::RecordDeposit(_)) => Some(DocumentKind::Deposit),
        Write::Erp(ErpWrite::RecordJournal(_)) => Some(DocumentKind::Journal),
        Write::Erp(_) | Write::Processor(_) => None,
    }
}
