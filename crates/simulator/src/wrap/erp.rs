//! The ERP port of one worker.

use async_trait::async_trait;
use jiff::Timestamp;
use model::command::{ErpWrite, Write, WriteAnswer};
use model::customer::ErpCustomer;
use model::ids::{CollectionId, ErpCustomerId, ErpRefundId, InvoiceId, LedgerAccountId, ReceiptId};
use model::invoice::{Approval, Invoice, InvoiceStatus};
use model::key::Key;
use model::ledger::PeriodBook;
use model::money::Money;
use model::receipt::{Deposit, DocumentKind, ErpDocument, Receipt};
use ports::erp::{Choice, ChoiceKind};
use ports::health::Health;
use ports::{Depth, Description, Erp, Guard, Page, PortError, Read, Seen};

use super::{Line, description, health};
use crate::world::erp::{Books, CHART, DepositRow, ReceiptRow, pounds, writes};
use crate::world::{ReadMark, Side};

pub struct WorkerErp {
    line: Line,
    description: Description,
}

impl WorkerErp {
    #[must_use]
    pub fn new(line: Line) -> WorkerErp {
        WorkerErp { line, description: description("erp", writes::DEPOSIT_LINES_MAX) }
    }

    async fn asked(&self) -> Result<(), PortError> {
        self.line.read(Side::Erp).await
    }

    fn invoices_where(
        &self,
        wanted: impl Fn(&Books, &InvoiceId) -> bool,
    ) -> Vec<Seen<InvoiceId, Invoice>> {
        self.line.world.listed(|books, _| {
            let ids = books.invoices.keys().filter(|id| wanted(books, id));
            let seen = |id: &InvoiceId| Some((id.clone(), books.invoice(id)?));
            ids.filter_map(seen).map(|(id, found)| Seen { id, read: Read::Found(found) }).collect()
        })
    }
}

/// What a direct read of the invoice said, for P1.
fn mark(books: &Books, id: &InvoiceId, at: Timestamp) -> ReadMark {
    let mut held: std::collections::BTreeMap<CollectionId, i64> = Default::default();
    for row in books.receipts.values().filter(|row| !row.voided) {
        if let (Some(payment), Some(minor)) = (&row.collection, row.applications.get(id)) {
            *held.entry(payment.clone()).or_default() += minor;
        }
    }
    let row = books.invoices.get(id);
    ReadMark {
        at,
        due: books.due(id),
        flagged: row.is_some_and(|row| row.flagged),
        approval: row.map_or(Approval::Rejected, |row| row.approval),
        links_read: true,
        held,
    }
}

fn found<T>(value: Option<T>) -> Read<T> {
    value.map_or(Read::Missing, Read::Found)
}

#[async_trait]
impl Erp for WorkerErp {
    fn description(&self) -> &Description {
        &self.description
    }

    fn guard(&self, write: &ErpWrite) -> Guard {
        match write {
            ErpWrite::RecordReceipt(_)
            | ErpWrite::RecordRefund(_)
            | ErpWrite::RecordDeposit(_)
            | ErpWrite::RecordJournal(_) => Guard::Unique,
            ErpWrite::ApplyReceipt(_) | ErpWrite::UnapplyReceipt(_) => Guard::State,
            ErpWrite::SaveCustomerFields(_)
            | ErpWrite::AnnotateInvoice(_)
            | ErpWrite::AnnotateReceipt(_) => Guard::Repeatable,
        }
    }

    async fn check_health(&self) -> Result<Health, PortError> {
        self.asked().await?;
        Ok(health("1"))
    }

    async fn changed_invoices(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<Seen<InvoiceId, Invoice>>, PortError> {
        let asked = self.line.asks("invoices", Some(since));
        self.asked().await?;
        let changed = self.invoices_where(|books, id| {
            books.invoices.get(id).is_some_and(|row| row.changed_at >= since)
        });
        Ok(self.line.window(asked, changed, page))
    }

    async fn open_invoices(
        &self,
        page: Option<&str>,
    ) -> Result<Page<Seen<InvoiceId, Invoice>>, PortError> {
        let asked = self.line.asks("open_invoices", None);
        self.asked().await?;
        let open = self.invoices_where(|books, id| {
            page.is_none_or(|last| id.as_str() > last)
                && books.invoice(id).is_some_and(|invoice| invoice.status == InvoiceStatus::Open)
        });
        Ok(self.line.window_by_id(asked, open, page))
    }

    async fn changed_customers(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<Seen<ErpCustomerId, ErpCustomer>>, PortError> {
        let asked = self.line.asks("customers", Some(since));
        self.asked().await?;
        let all = self.line.world.listed(|books, _| {
            let seen = |(id, one): (&ErpCustomerId, &ErpCustomer)| Seen {
                id: id.clone(),
                read: Read::Found(one.clone()),
            };
            books.customers.iter().map(seen).collect()
        });
        Ok(self.line.window(asked, all, page))
    }

    async fn invoices(
        &self,
        ids: &[InvoiceId],
        depth: Depth,
    ) -> Result<Vec<Read<Invoice>>, PortError> {
        self.asked().await?;
        let mut reads = Vec::new();
        for id in ids {
            let listed = match depth {
                Depth::Cheap => self.line.world.listed(|books, _| books.invoice(id)),
                Depth::Direct => None,
            };
            if listed.is_some() {
                reads.push(found(listed));
                continue;
            }
            let now = self.line.world.now();
            let state = self.line.world.state();
            self.line.mark(id, mark(&state.books, id, now));
            let mut invoice = state.books.invoice(id);
            if let Some(invoice) = invoice.as_mut().filter(|_| state.dues_frozen) {
                invoice.due = invoice.total;
                invoice.status = InvoiceStatus::Open;
            }
            reads.push(found(invoice));
        }
        Ok(reads)
    }

    async fn customers(
        &self,
        ids: &[ErpCustomerId],
        _depth: Depth,
    ) -> Result<Vec<Read<ErpCustomer>>, PortError> {
        self.asked().await?;
        let state = self.line.world.state();
        Ok(ids.iter().map(|id| found(state.books.customers.get(id).cloned())).collect())
    }

    async fn documents(
        &self,
        keys: &[(DocumentKind, Key)],
        depth: Depth,
    ) -> Result<Vec<Read<ErpDocument>>, PortError> {
        self.asked().await?;
        let all = |books: &Books| -> Vec<Read<ErpDocument>> {
            keys.iter().map(|(kind, key)| found(books.document(*kind, key))).collect()
        };
        Ok(match depth {
            Depth::Cheap => self.line.world.listed(|books, _| all(books)),
            Depth::Direct => all(&self.line.world.state().books),
        })
    }

    async fn receipts(&self, ids: &[ReceiptId]) -> Result<Vec<Read<Receipt>>, PortError> {
        self.asked().await?;
        let state = self.line.world.state();
        let row = |id: &ReceiptId| state.books.receipts.get(id).map(|row| row.canonical(id));
        Ok(ids.iter().map(|id| found(row(id))).collect())
    }

    async fn deposits_of(
        &self,
        receipts: &[ReceiptId],
        refunds: &[ErpRefundId],
    ) -> Result<Vec<Read<Deposit>>, PortError> {
        self.asked().await?;
        let state = self.line.world.state();
        let holds = |row: &DepositRow| {
            row.receipts.iter().any(|id| receipts.contains(id))
                || row.refunds.iter().any(|id| refunds.contains(id))
        };
        let holding = state.books.deposits.iter().filter(|(_, row)| holds(row));
        Ok(holding.map(|(id, row)| Read::Found(row.canonical(id))).collect())
    }

    async fn receipts_naming(
        &self,
        customer: &ErpCustomerId,
        _invoice: &InvoiceId,
        collection: &CollectionId,
    ) -> Result<Vec<Read<Receipt>>, PortError> {
        self.asked().await?;
        let state = self.line.world.state();
        let names =
            |row: &ReceiptRow| row.customer == *customer && row.memo.contains(collection.as_str());
        let naming = state.books.receipts.iter().filter(|(_, row)| names(row));
        Ok(naming.map(|(id, row)| Read::Found(row.canonical(id))).collect())
    }

    async fn periods(&self) -> Result<PeriodBook, PortError> {
        self.asked().await?;
        Ok(self.line.world.state().books.periods.clone())
    }

    async fn choices(&self, _kind: ChoiceKind) -> Result<Vec<Choice>, PortError> {
        self.asked().await?;
        Ok(Vec::new())
    }

    async fn account_balance(&self, account: &LedgerAccountId) -> Result<Money, PortError> {
        self.asked().await?;
        if !CHART.contains(&account.as_str()) {
            return Err(PortError::Unavailable(format!("there is no account {account}")));
        }
        Ok(pounds(self.line.world.state().books.balance(account)))
    }

    async fn find(&self, key: &Key, write: &ErpWrite) -> Result<Option<WriteAnswer>, PortError> {
        self.asked().await?;
        self.line.looked(key);
        self.line.world.state().books.find(key, write)
    }

    async fn write(&self, key: &Key, write: &ErpWrite) -> Result<WriteAnswer, PortError> {
        self.line.write(Side::Erp, key, Write::Erp(write.clone())).await
    }
}
