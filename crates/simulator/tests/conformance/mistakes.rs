//! An ERP port with one mistake, as a connector could have it: the suite must see each.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use model::command::{ErpWrite, WriteAnswer};
use model::customer::ErpCustomer;
use model::ids::{CollectionId, ErpCustomerId, ErpRefundId, InvoiceId, LedgerAccountId, ReceiptId};
use model::invoice::Invoice;
use model::key::Key;
use model::ledger::PeriodBook;
use model::money::Money;
use model::receipt::{Deposit, DocumentKind, ErpDocument, Receipt};
use ports::erp::{Choice, ChoiceKind, NamedAccount};
use ports::health::{Health, HealthCheck};
use ports::{Depth, Description, Erp, Guard, Page, PortError, Read, Seen};
use simulator::fakes::Fakes;

/// What is wrong, and the case that must say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mistake {
    /// Changes in the very moment of the mark are left out.
    EdgeLost,
    /// The first page is taken for the whole list.
    FirstPageOnly,
    /// What a write did is never found again.
    FindsNothing,
    /// A write without an answer is said not to have been executed.
    UnknownAsUnavailable,
    /// A refusal to slow down is said to be no connection.
    ThrottledAsUnavailable,
    /// Records come in the order of their ids, each once.
    OrderLost,
    /// An id that is not there fails the whole read.
    MissingFails,
    /// What a person voided is said to be missing.
    VoidedAsMissing,
    /// What exists already is answered as made by this send.
    AdoptedAsMade,
    /// A closed period is refused as any other content.
    PeriodUnnamed,
    /// An account that nothing is known of is refused.
    AccountsRefused,
}

pub const MISTAKES: [(Mistake, &str); 11] = [
    (Mistake::EdgeLost, "changes::a_new_invoice_is_listed_at_the_marks_edge"),
    (Mistake::FirstPageOnly, "changes::invoices_of_one_moment_are_all_listed"),
    (Mistake::FindsNothing, "unknowns::what_was_made_and_not_answered_is_found"),
    (Mistake::UnknownAsUnavailable, "unknowns::what_was_changed_and_not_answered_is_found"),
    (Mistake::ThrottledAsUnavailable, "troubles::too_many_requests_are_throttled"),
    (Mistake::OrderLost, "reads::records_come_in_the_order_asked"),
    (Mistake::MissingFails, "reads::an_unknown_id_is_missing_and_no_error"),
    (Mistake::VoidedAsMissing, "reads::a_voided_receipt_is_voided_and_not_missing"),
    (Mistake::AdoptedAsMade, "receipts::the_same_receipt_again_is_adopted"),
    (Mistake::PeriodUnnamed, "receipts::a_closed_period_refuses_a_receipt_until_it_is_open"),
    (Mistake::AccountsRefused, "reads::accounts_that_can_be_used_are_not_refused"),
];

pub struct MistakenErp {
    pub fakes: Arc<Fakes>,
    pub mistake: Mistake,
}

impl MistakenErp {
    fn is(&self, mistake: Mistake) -> bool {
        self.mistake == mistake
    }

    fn told<T>(&self, result: Result<T, PortError>) -> Result<T, PortError> {
        result.map_err(|error| match error {
            PortError::OutcomeUnknown(words) if self.is(Mistake::UnknownAsUnavailable) => {
                PortError::Unavailable(words)
            }
            PortError::Throttled { .. } if self.is(Mistake::ThrottledAsUnavailable) => {
                PortError::Unavailable("429".to_owned())
            }
            PortError::Rejected(refusal) if self.is(Mistake::PeriodUnnamed) => {
                PortError::rejected(model::command::RejectionCause::Other, refusal.words)
            }
            other => other,
        })
    }

    fn paged<T>(&self, page: Page<T>) -> Page<T> {
        let next = page.next.filter(|_| !self.is(Mistake::FirstPageOnly));
        Page { next, ..page }
    }
}

#[async_trait]
impl Erp for MistakenErp {
    fn description(&self) -> &Description {
        self.fakes.erp().description()
    }

    fn guard(&self, write: &ErpWrite) -> Guard {
        self.fakes.erp().guard(write)
    }

    async fn check_health(&self) -> Result<Health, PortError> {
        self.fakes.erp().check_health().await
    }

    async fn changed_invoices(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<Seen<InvoiceId, Invoice>>, PortError> {
        let late = SignedDuration::from_millis(i64::from(self.is(Mistake::EdgeLost)));
        let page = self.fakes.erp().changed_invoices(since + late, page).await;
        self.told(page.map(|page| self.paged(page)))
    }

    async fn open_invoices(
        &self,
        page: Option<&str>,
    ) -> Result<Page<Seen<InvoiceId, Invoice>>, PortError> {
        let page = self.fakes.erp().open_invoices(page).await;
        self.told(page.map(|page| self.paged(page)))
    }

    async fn changed_customers(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<Seen<ErpCustomerId, ErpCustomer>>, PortError> {
        self.told(self.fakes.erp().changed_customers(since, page).await)
    }

    async fn invoices(
        &self,
        ids: &[InvoiceId],
        depth: Depth,
    ) -> Result<Vec<Read<Invoice>>, PortError> {
        let mut ids = ids.to_vec();
        if self.is(Mistake::OrderLost) {
            ids.sort();
            ids.dedup();
        }
        let reads = self.told(self.fakes.erp().invoices(&ids, depth).await)?;
        if self.is(Mistake::MissingFails) && reads.contains(&Read::Missing) {
            return Err(PortError::Unavailable("404".to_owned()));
        }
        Ok(reads)
    }

    async fn customers(
        &self,
        ids: &[ErpCustomerId],
        depth: Depth,
    ) -> Result<Vec<Read<ErpCustomer>>, PortError> {
        self.told(self.fakes.erp().customers(ids, depth).await)
    }

    async fn documents(
        &self,
        keys: &[(DocumentKind, Key)],
        depth: Depth,
    ) -> Result<Vec<Read<ErpDocument>>, PortError> {
        let reads = self.told(self.fakes.erp().documents(keys, depth).await)?;
        let hide = |read| match read {
            Read::Found(ErpDocument::Receipt(receipt))
                if receipt.voided && self.is(Mistake::VoidedAsMissing) =>
            {
                Read::Missing
            }
            other => other,
        };
        Ok(reads.into_iter().map(hide).collect())
    }

    async fn receipts(&self, ids: &[ReceiptId]) -> Result<Vec<Read<Receipt>>, PortError> {
        self.told(self.fakes.erp().receipts(ids).await)
    }

    async fn deposits_of(
        &self,
        receipts: &[ReceiptId],
        refunds: &[ErpRefundId],
    ) -> Result<Vec<Read<Deposit>>, PortError> {
        self.fakes.erp().deposits_of(receipts, refunds).await
    }

    async fn receipts_naming(
        &self,
        customer: &ErpCustomerId,
        invoice: &InvoiceId,
        collection: &CollectionId,
    ) -> Result<Vec<Read<Receipt>>, PortError> {
        self.fakes.erp().receipts_naming(customer, invoice, collection).await
    }

    async fn periods(&self) -> Result<PeriodBook, PortError> {
        self.told(self.fakes.erp().periods().await)
    }

    async fn choices(&self, kind: ChoiceKind) -> Result<Vec<Choice>, PortError> {
        self.told(self.fakes.erp().choices(kind).await)
    }

    async fn check_accounts(&self, named: &[NamedAccount]) -> Result<Vec<HealthCheck>, PortError> {
        let refused = named.iter().filter(|_| self.is(Mistake::AccountsRefused));
        Ok(refused.map(|one| HealthCheck::failed(one.setting.as_str(), "unknown")).collect())
    }

    async fn account_balance(&self, account: &LedgerAccountId) -> Result<Money, PortError> {
        self.told(self.fakes.erp().account_balance(account).await)
    }

    async fn find(&self, key: &Key, write: &ErpWrite) -> Result<Option<WriteAnswer>, PortError> {
        let found = self.told(self.fakes.erp().find(key, write).await)?;
        Ok(found.filter(|_| !self.is(Mistake::FindsNothing)))
    }

    async fn write(&self, key: &Key, write: &ErpWrite) -> Result<WriteAnswer, PortError> {
        let answer = self.told(self.fakes.erp().write(key, write).await)?;
        let adopted = answer.adopted && !self.is(Mistake::AdoptedAsMade);
        Ok(WriteAnswer { adopted, ..answer })
    }
}
