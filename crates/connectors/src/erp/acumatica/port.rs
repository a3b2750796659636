//! The ERP port, thinly: every method names the read or write that it is, inside one use of the
//! session, so that a cookie session is signed out when nobody uses it.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;

use model::command::{ErpWrite, WriteAnswer};
use model::customer::ErpCustomer;
use model::ids::{CollectionId, ErpCustomerId, InvoiceId, LedgerAccountId, ReceiptId};
use model::invoice::Invoice;
use model::key::Key;
use model::ledger::{AccountLine, BookedIn, PeriodBook};
use model::money::{Currency, Money};
use model::receipt::{DocumentKind, ErpDocument, Receipt};
use ports::erp::{Choice, ChoiceKind, NamedAccount};
use ports::health::{Health, HealthCheck};
use ports::{Depth, Description, Erp, Guard, Page, PortError, Read, Seen};

use super::Acumatica;
use super::cash_accounts::ledger_account;
use super::reads::documents::stamp;
use super::reads::parts::Anew;

#[async_trait]
impl Erp for Acumatica {
    fn description(&self) -> &Description {
        &self.description
    }

    fn guard(&self, write: &ErpWrite) -> Guard {
        match write {
            // Nothing enforces that a reference is unique (acumatica sheet section 11.10).
            ErpWrite::RecordReceipt(_)
            | ErpWrite::RecordRefund(_)
            | ErpWrite::RecordDeposit(_)
            | ErpWrite::RecordJournal(_) => Guard::SearchOnly,
            ErpWrite::ApplyReceipt(_) | ErpWrite::UnapplyReceipt(_) => Guard::State,
            ErpWrite::SaveCustomerFields(_)
            | ErpWrite::AnnotateInvoice(_)
            | ErpWrite::AnnotateReceipt(_) => Guard::Repeatable,
        }
    }

    /// Also of the payments that are entered anew after a void in part (acumatica sheet section 11.2).
    fn stamps_of(&self, key: &Key) -> Vec<String> {
        let own = stamp(key);
        let anew = Anew::BOTH.map(|anew| stamp(&anew.key(&own)));
        std::iter::once(own).chain(anew).collect()
    }

    /// A session refuses a second request for a form while an operation of its own works on it (acumatica
    /// sheet section 8).
    fn one_write_at_a_time(&self) -> bool {
        true
    }

    async fn check_health(&self) -> Result<Health, PortError> {
        self.sign_in.asked_by_person();
        self.sign_in.during(self.examine()).await
    }

    async fn sign_off(&self) {
        self.sign_in.leave().await;
    }

    async fn changed_invoices(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<Seen<InvoiceId, Invoice>>, PortError> {
        self.sign_in.during(self.list_changed_invoices(since, page)).await
    }

    async fn open_invoices(
        &self,
        page: Option<&str>,
    ) -> Result<Page<Seen<InvoiceId, Invoice>>, PortError> {
        self.sign_in.during(self.list_open_invoices(page)).await
    }

    async fn changed_customers(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<Seen<ErpCustomerId, ErpCustomer>>, PortError> {
        self.sign_in.during(self.list_changed_customers(since, page)).await
    }

    async fn invoices(
        &self,
        ids: &[InvoiceId],
        depth: Depth,
    ) -> Result<Vec<Read<Invoice>>, PortError> {
        self.sign_in.during(self.read_invoices(ids, depth)).await
    }

    async fn customers(
        &self,
        ids: &[ErpCustomerId],
        depth: Depth,
    ) -> Result<Vec<Read<ErpCustomer>>, PortError> {
        self.sign_in.during(self.read_customers(ids, depth)).await
    }

    async fn documents(
        &self,
        keys: &[(DocumentKind, Key)],
        depth: Depth,
    ) -> Result<Vec<Read<ErpDocument>>, PortError> {
        self.sign_in.during(self.read_documents(keys, depth)).await
    }

    async fn receipts(&self, ids: &[ReceiptId]) -> Result<Vec<Read<Receipt>>, PortError> {
        self.sign_in.during(self.read_receipts(ids)).await
    }

    async fn receipts_naming(
        &self,
        customer: &ErpCustomerId,
        _invoice: &InvoiceId,
        collection: &CollectionId,
    ) -> Result<Vec<Read<Receipt>>, PortError> {
        self.sign_in.during(self.read_receipts_naming(customer, collection)).await
    }

    async fn periods(&self) -> Result<PeriodBook, PortError> {
        self.sign_in.during(self.read_periods()).await
    }

    async fn receipts_booked_in(&self, currency: Currency) -> Result<Option<BookedIn>, PortError> {
        self.sign_in.during(self.booked_in(currency)).await
    }

    async fn choices(&self, kind: ChoiceKind) -> Result<Vec<Choice>, PortError> {
        self.sign_in.during(self.read_choices(kind)).await
    }

    /// `61200/000000`: an account and the subaccount of its lines.
    fn listed_account<'a>(&self, id: &'a str) -> &'a str {
        ledger_account(id)
    }

    async fn check_accounts(&self, named: &[NamedAccount]) -> Result<Vec<HealthCheck>, PortError> {
        self.sign_in.during(self.judge_accounts(named)).await
    }

    async fn account_balance(&self, account: &LedgerAccountId) -> Result<Money, PortError> {
        Err(PortError::Unsupported(format!(
            "the endpoint {} has no entity that shows the balance of account {account}",
            self.settings.endpoint
        )))
    }

    async fn account_lines(
        &self,
        account: &LedgerAccountId,
        since: Date,
    ) -> Result<Vec<AccountLine>, PortError> {
        self.sign_in.during(self.read_account_lines(account, since)).await
    }

    async fn find(&self, key: &Key, write: &ErpWrite) -> Result<Option<WriteAnswer>, PortError> {
        self.sign_in.during(self.find_effect(key, write)).await
    }

    async fn write(&self, key: &Key, write: &ErpWrite) -> Result<WriteAnswer, PortError> {
        self.sign_in.during(self.make(key, write)).await
    }
}
