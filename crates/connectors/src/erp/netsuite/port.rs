//! The ERP port, thinly: every method names the read or write that it is.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;

use model::command::{ErpWrite, WriteAnswer};
use model::customer::ErpCustomer;
use model::ids::{CollectionId, ErpCustomerId, ErpRefundId, InvoiceId, LedgerAccountId, ReceiptId};
use model::invoice::Invoice;
use model::key::Key;
use model::ledger::{AccountLine, PeriodBook};
use model::money::Money;
use model::receipt::{Deposit, DocumentKind, ErpDocument, Receipt};
use ports::erp::{Choice, ChoiceKind};
use ports::health::Health;
use ports::{Depth, Description, Erp, Guard, Page, PortError, Read, Seen};

use super::NetSuite;

#[async_trait]
impl Erp for NetSuite {
    fn description(&self) -> &Description {
        &self.description
    }

    fn guard(&self, write: &ErpWrite) -> Guard {
        match write {
            // External ids are unique per record type (netsuite sheet section 5.10).
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
        self.examine().await
    }

    async fn changed_invoices(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<Seen<InvoiceId, Invoice>>, PortError> {
        self.list_changed_invoices(since, page).await
    }

    async fn open_invoices(
        &self,
        page: Option<&str>,
    ) -> Result<Page<Seen<InvoiceId, Invoice>>, PortError> {
        self.list_open_invoices(page).await
    }

    async fn changed_customers(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<Seen<ErpCustomerId, ErpCustomer>>, PortError> {
        self.list_changed_customers(since, page).await
    }

    async fn invoices(
        &self,
        ids: &[InvoiceId],
        depth: Depth,
    ) -> Result<Vec<Read<Invoice>>, PortError> {
        self.read_invoices(ids, depth).await
    }

    async fn customers(
        &self,
        ids: &[ErpCustomerId],
        depth: Depth,
    ) -> Result<Vec<Read<ErpCustomer>>, PortError> {
        self.read_customers(ids, depth).await
    }

    async fn documents(
        &self,
        keys: &[(DocumentKind, Key)],
        depth: Depth,
    ) -> Result<Vec<Read<ErpDocument>>, PortError> {
        self.read_documents(keys, depth).await
    }

    async fn receipts(&self, ids: &[ReceiptId]) -> Result<Vec<Read<Receipt>>, PortError> {
        self.read_receipts(ids).await
    }

    async fn deposits_of(
        &self,
        receipts: &[ReceiptId],
        refunds: &[ErpRefundId],
    ) -> Result<Vec<Read<Deposit>>, PortError> {
        let receipts = receipts.iter().map(ReceiptId::as_str);
        let ids: Vec<&str> = receipts.chain(refunds.iter().map(ErpRefundId::as_str)).collect();
        self.read_deposits_of(&ids).await
    }

    async fn receipts_naming(
        &self,
        customer: &ErpCustomerId,
        invoice: &InvoiceId,
        collection: &CollectionId,
    ) -> Result<Vec<Read<Receipt>>, PortError> {
        self.read_receipts_naming(customer, invoice, collection).await
    }

    async fn periods(&self) -> Result<PeriodBook, PortError> {
        self.read_periods().await
    }

    async fn choices(&self, kind: ChoiceKind) -> Result<Vec<Choice>, PortError> {
        self.read_choices(kind).await
    }

    async fn account_balance(&self, account: &LedgerAccountId) -> Result<Money, PortError> {
        self.read_balance(account).await
    }

    async fn account_lines(
        &self,
        account: &LedgerAccountId,
        since: Date,
    ) -> Result<Vec<AccountLine>, PortError> {
        self.read_lines(account, since).await
    }

    async fn find(&self, key: &Key, write: &ErpWrite) -> Result<Option<WriteAnswer>, PortError> {
        self.find_effect(key, write).await
    }

    async fn write(&self, key: &Key, write: &ErpWrite) -> Result<WriteAnswer, PortError> {
        self.make(key, write).await
    }
}
