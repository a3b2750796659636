//! The ERP port. Reads take slices of ids; writes take a key, declare their guard, and re-read what
//! they were decided on where the system has no versions.

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use model::command::{ErpWrite, WriteAnswer};
use model::customer::ErpCustomer;
use model::ids::{
    CollectionId, ErpCustomerId, ErpRefundId, InvoiceId, LedgerAccountId, ReceiptId, SubsidiaryId,
};
use model::invoice::Invoice;
use model::key::Key;
use model::ledger::{AccountLine, BookedIn, PeriodBook};
use model::money::{Currency, Money};
use model::receipt::{Deposit, DocumentKind, ErpDocument, Receipt};

use crate::description::{Description, Guard};
use crate::error::PortError;
use crate::health::{Health, HealthCheck};
use crate::read::{Depth, Page, Read, Seen};

#[async_trait]
pub trait Erp: Send + Sync {
    fn description(&self) -> &Description;

    /// How a write of this kind is settled when its outcome is unknown.
    fn guard(&self, write: &ErpWrite) -> Guard;

    /// The other side, or its session, works on one write after the other: a second one at the same
    /// time would be refused. The engine then sends them one by one.
    fn one_write_at_a_time(&self) -> bool {
        false
    }

    /// The stamps of the documents that a command under this key makes, for `verify`: of one where the
    /// other side can only void and enter anew, the stamps of what was entered.
    fn stamps_of(&self, key: &Key) -> Vec<String> {
        let description = self.description();
        vec![key.stamp(description.key_alphabet, description.key_max_len)]
    }

    async fn check_health(&self) -> Result<Health, PortError>;

    /// Gives back what the connection holds at the other side, a licence's seat for example: called
    /// once it is not used any more. What is under way, or comes later, gives it back at its own end.
    async fn sign_off(&self) {}

    /// Invoices changed since `since` (the engine already subtracted its overlap). `page` is what
    /// the last page's `next` was. Invoices that are neither open nor known to us may be left out,
    /// unless they carry one of our fields.
    async fn changed_invoices(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<Seen<InvoiceId, Invoice>>, PortError>;

    /// Every invoice that is open, approved and released or not yet: for the daily full scan and for plans.
    async fn open_invoices(
        &self,
        page: Option<&str>,
    ) -> Result<Page<Seen<InvoiceId, Invoice>>, PortError>;

    /// Customers changed since `since`.
    async fn changed_customers(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<Seen<ErpCustomerId, ErpCustomer>>, PortError>;

    /// The given invoices, in the order asked. A cheap read may lag by the description's staleness,
    /// and says `Missing` never: what a query did not show is then read directly.
    async fn invoices(
        &self,
        ids: &[InvoiceId],
        depth: Depth,
    ) -> Result<Vec<Read<Invoice>>, PortError>;

    /// The given customers, in the order asked.
    async fn customers(
        &self,
        ids: &[ErpCustomerId],
        depth: Depth,
    ) -> Result<Vec<Read<ErpCustomer>>, PortError>;

    /// Documents by our key, in the order asked. `Direct` reads are made one by one.
    async fn documents(
        &self,
        keys: &[(DocumentKind, Key)],
        depth: Depth,
    ) -> Result<Vec<Read<ErpDocument>>, PortError>;

    /// Receipts by the ERP's own id (a predecessor's, or ones named by a person).
    async fn receipts(&self, ids: &[ReceiptId]) -> Result<Vec<Read<Receipt>>, PortError>;

    /// The deposits that hold any of these receipts and refunds, each once, as they are now: people make
    /// deposits too, and those carry no key of ours. Systems whose API shows no deposits say
    /// `Unsupported`.
    async fn deposits_of(
        &self,
        receipts: &[ReceiptId],
        refunds: &[ErpRefundId],
    ) -> Result<Vec<Read<Deposit>>, PortError> {
        let count = receipts.len() + refunds.len();
        Err(PortError::Unsupported(format!("the deposits of {count} receipts and refunds")))
    }

    /// Receipts of the customer, above all those that pay the invoice, whose number, reference or memo
    /// names the payment: before a receipt is
    /// recorded for a payment that somebody else made, theirs is looked for. Systems that can not be
    /// asked so say `Unsupported`.
    async fn receipts_naming(
        &self,
        customer: &ErpCustomerId,
        invoice: &InvoiceId,
        collection: &CollectionId,
    ) -> Result<Vec<Read<Receipt>>, PortError> {
        Err(PortError::Unsupported(format!(
            "receipts of {customer} for {invoice} that name {collection}"
        )))
    }

    async fn periods(&self) -> Result<PeriodBook, PortError>;

    /// The one subsidiary or branch whose invoices receipts in this currency can pay: what belongs to
    /// another is not collected, since it could not be booked. `None`: receipts take the subsidiary of
    /// their invoice, whichever it is. Asked at every look at an invoice with a subsidiary: connectors
    /// keep what they read for some minutes.
    async fn receipts_booked_in(&self, currency: Currency) -> Result<Option<BookedIn>, PortError> {
        let _ = currency;
        Ok(None)
    }

    /// What a person may choose from when mapping.
    async fn choices(&self, kind: ChoiceKind) -> Result<Vec<Choice>, PortError>;

    /// The account, as `choices` lists it, of an id in a link's map: an id may carry more, such as the
    /// subaccount that lines on this account take.
    fn listed_account<'a>(&self, id: &'a str) -> &'a str {
        id
    }

    /// What is known against the accounts that a link's map names, beyond what `choices` shows: a failed
    /// check for each that can not do what it is named for, called as its setting, with what to do; a
    /// check that says "not checked" for what no read tells. Nothing: nothing is known against them.
    /// Asked when a link is made or changed, and by `ping`.
    async fn check_accounts(&self, named: &[NamedAccount]) -> Result<Vec<HealthCheck>, PortError> {
        let _ = named;
        Ok(Vec::new())
    }

    /// The sum of an account's postings up to now in the account's own currency, for `verify`.
    async fn account_balance(&self, account: &LedgerAccountId) -> Result<Money, PortError>;

    /// Every posted line of an account dated `since` or later, for `verify`: which documents stand
    /// in it, ours and others'. Systems whose API does not show it say `Unsupported`.
    async fn account_lines(
        &self,
        account: &LedgerAccountId,
        since: Date,
    ) -> Result<Vec<AccountLine>, PortError> {
        Err(PortError::Unsupported(format!("the lines of account {account} since {since}")))
    }

    /// Looks for the effect of a write whose outcome is unknown: by key, by what a refusal names, or
    /// by state, as the guard says. `None`: nothing is to be seen of it (yet). A write of several
    /// steps of which only some are done is `OutcomeUnknown`: sending it again does the others.
    async fn find(&self, key: &Key, write: &ErpWrite) -> Result<Option<WriteAnswer>, PortError>;

    /// Makes the write. A refusal because the key exists already is answered by reading, comparing
    /// and adopting what is there (`adopted`), or `Rejected` when it differs.
    async fn write(&self, key: &Key, write: &ErpWrite) -> Result<WriteAnswer, PortError>;
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChoiceKind {
    Accounts,
    Currencies,
    Subsidiaries,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub id: String,
    /// What people call it.
    pub name: String,
    /// "bank", "undeposited", "expense", "other": enough to suggest a mapping. An ERP that lists an
    /// "undeposited" account takes receipts into a deposit from such accounts only.
    pub kind: String,
    pub currency: Option<Currency>,
    pub subsidiary: Option<SubsidiaryId>,
}

/// What a link's map names an account for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountUse {
    /// Payouts reach it, and refunds leave it.
    Bank,
    /// Money passes it on its way between banks.
    Transit,
    Undeposited,
    /// Receipts stand on it too, when a payment is matched later.
    Suspense,
    /// Lines of fees, losses and the like.
    Line,
}

/// An account as a link's map names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedAccount {
    /// The setting, in the words that change it.
    pub setting: String,
    pub account: LedgerAccountId,
    pub purpose: AccountUse,
    /// Of a bank account, where the map says it.
    pub subsidiary: Option<SubsidiaryId>,
    /// That the account is named for, where it is one.
    pub currency: Option<Currency>,
}
