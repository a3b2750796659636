//! The processor port. The verification of a delivery is pure; reads take slices of ids; writes take
//! a key and declare their guard.

use async_trait::async_trait;
use jiff::Timestamp;

use model::command::{ProcessorWrite, WriteAnswer};
use model::customer::ProcessorCustomer;
use model::direct::CreateBankAccount;
use model::event::Event;
use model::ids::{
    CollectionId, MandateId, MandateRequestId, PayoutId, ProcessorCustomerId, ProcessorRefundId,
};
use model::key::Key;
use model::mandate::{Invitation, Mandate, MandateRequest};
use model::money::{Currency, Money};
use model::payment::{Collection, ProcessorRefund};
use model::payout::{Payout, PayoutItem};

use crate::bank_details::{BankDetails, DetailsFor};
use crate::description::{Description, Guard};
use crate::error::PortError;
use crate::health::Health;
use crate::read::{Depth, Page, Read, Seen};

/// One verified delivery: hints only, facts are read from the event list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Events that could be read; each is a copy, hence a hint.
    pub events: Vec<Event>,
    /// What could not be read, with a sentence each; the raw body is kept anyway.
    pub odd: Vec<String>,
}

/// What one payment may be over in an account as the system hands it out. An account's own limits may
/// be wider, so what lies outside is refused as a rule, and the system's answer decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsualAmounts {
    /// How the money is debited.
    pub scheme: &'static str,
    pub least: Money,
    pub most: Money,
}

/// The signature is missing or wrong: answer 401, store nothing of it but a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not fit the body")]
pub struct BadSignature;

#[async_trait]
pub trait Processor: Send + Sync {
    fn description(&self) -> &Description;

    fn guard(&self, write: &ProcessorWrite) -> Guard;

    /// What one payment in this currency may usually be over; `None`: nothing is published.
    fn usual_amounts(&self, _currency: Currency) -> Option<UsualAmounts> {
        None
    }

    /// Checks the signature over the raw body, in constant time, against every secret that is valid
    /// now. `header` gives a header's value by lower-case name.
    fn verify_delivery(
        &self,
        header: &dyn Fn(&str) -> Option<String>,
        body: &[u8],
    ) -> Result<(), BadSignature>;

    /// Reads a verified body. Never fails as a whole for one odd event.
    fn read_delivery(&self, body: &[u8]) -> Delivery;

    async fn check_health(&self) -> Result<Health, PortError>;

    /// The processor's own event list from `since` on, oldest or newest first as it comes; the
    /// engine stores them by id.
    async fn events(&self, since: Timestamp, page: Option<&str>) -> Result<Page<Event>, PortError>;

    /// Payouts created since.
    async fn payouts_since(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<Seen<PayoutId, Payout>>, PortError>;

    /// Collections created since: the double-collection scan, adoption, and foreign payments.
    async fn collections_since(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<Seen<CollectionId, Collection>>, PortError>;

    /// Customers created since (a first call with the epoch walks all).
    async fn customers_since(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<ProcessorCustomer>, PortError>;

    async fn customers(
        &self,
        ids: &[ProcessorCustomerId],
    ) -> Result<Vec<Read<ProcessorCustomer>>, PortError>;

    /// Every mandate of the customer, whatever its status and currency.
    async fn mandates_of(
        &self,
        customer: &ProcessorCustomerId,
    ) -> Result<Vec<Read<Mandate>>, PortError>;

    async fn mandates(&self, ids: &[MandateId]) -> Result<Vec<Read<Mandate>>, PortError>;

    async fn mandate_requests(
        &self,
        ids: &[MandateRequestId],
    ) -> Result<Vec<Read<MandateRequest>>, PortError>;

    /// The given collections in the order asked. Cheap reads may come from lists.
    async fn collections(
        &self,
        ids: &[CollectionId],
        depth: Depth,
    ) -> Result<Vec<Read<Collection>>, PortError>;

    /// Every collection of the customer over all mandates (a list: may lag, never proves absence).
    async fn collections_of(
        &self,
        customer: &ProcessorCustomerId,
    ) -> Result<Vec<Read<Collection>>, PortError>;

    async fn payouts(&self, ids: &[PayoutId]) -> Result<Vec<Read<Payout>>, PortError>;

    /// All items of a payout, every page, in the processor's order, ordinals from 0.
    async fn payout_items(&self, payout: &PayoutId) -> Result<Vec<PayoutItem>, PortError>;

    async fn refunds(
        &self,
        ids: &[ProcessorRefundId],
    ) -> Result<Vec<Read<ProcessorRefund>>, PortError>;

    /// The newest invitation of a request that this connector made, if the system can list them.
    async fn invitation(&self, request: &MandateRequestId)
    -> Result<Option<Invitation>, PortError>;

    /// Looks for the effect of a write whose outcome is unknown. `None`: nothing to be seen (yet).
    async fn find(
        &self,
        key: &Key,
        write: &ProcessorWrite,
    ) -> Result<Option<WriteAnswer>, PortError>;

    /// Makes the write. A refusal because the key was used before is answered by reading what it
    /// names, comparing and adopting (`adopted`), or `Rejected` when it differs in substance.
    async fn write(&self, key: &Key, write: &ProcessorWrite) -> Result<WriteAnswer, PortError>;

    /// Whether the form of these details is right, as far as it is certain, and what they are for;
    /// `scheme` is the one that the person named. Nothing is sent.
    ///
    /// # Errors
    /// A sentence per wrong field, none of which holds a value.
    fn read_bank_details(
        &self,
        _details: &BankDetails,
        _scheme: Option<&str>,
    ) -> Result<DetailsFor, Vec<String>> {
        Err(vec![format!(
            "{} can not make mandates from bank details; the payer authorises a link",
            self.description().name
        )])
    }

    /// Makes the payer's bank account from details that were unsealed for this send. As `write`: what
    /// exists already is adopted. No error holds a value of the details.
    async fn write_bank_account(
        &self,
        _key: &Key,
        _write: &CreateBankAccount,
        _details: &BankDetails,
    ) -> Result<WriteAnswer, PortError> {
        Err(PortError::Unsupported("mandates from bank details".to_owned()))
    }
}
