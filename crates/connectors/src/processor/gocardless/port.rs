//! GoCardless behind the processor port: thin, one line per question.

use async_trait::async_trait;
use jiff::Timestamp;
use model::command::{ProcessorWrite, RejectionCause, WriteAnswer};
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
use ports::health::Health;
use ports::processor::{BadSignature, Delivery, UsualAmounts};
use ports::{
    BankDetails, Depth, Description, DetailsFor, Guard, Page, PortError, Processor, Read, Seen,
};

use super::writes::{bank_account, collect, customer, mandate, payer, payment_actions, request};
use super::{GoCardless, bank_details, health, mapping, payouts, reads, schemes, webhook};

#[async_trait]
impl Processor for GoCardless {
    fn description(&self) -> &Description {
        &self.description
    }

    fn guard(&self, write: &ProcessorWrite) -> Guard {
        match write {
            ProcessorWrite::Collect(_)
            | ProcessorWrite::RequestMandate(_)
            | ProcessorWrite::CreateCustomer(_)
            | ProcessorWrite::CreateBankAccount(_)
            | ProcessorWrite::CreateMandate(_) => Guard::Unique,
            ProcessorWrite::CancelCollection(_)
            | ProcessorWrite::RetryCollection(_)
            | ProcessorWrite::StopAutomaticRetries(_) => Guard::State,
            ProcessorWrite::InviteMandate(_) | ProcessorWrite::LinkCustomer(_) => Guard::Repeatable,
        }
    }

    fn usual_amounts(&self, currency: Currency) -> Option<UsualAmounts> {
        let scheme = schemes::direct(currency)?;
        let (least, most) = schemes::usual(scheme)?;
        let money = |minor| Money::new(minor, currency);
        Some(UsualAmounts { scheme, least: money(least), most: money(most) })
    }

    fn verify_delivery(
        &self,
        header: &dyn Fn(&str) -> Option<String>,
        body: &[u8],
    ) -> Result<(), BadSignature> {
        webhook::verify(&self.webhook_secrets, header("webhook-signature").as_deref(), body)
    }

    fn read_delivery(&self, body: &[u8]) -> Delivery {
        webhook::read(body)
    }

    async fn check_health(&self) -> Result<Health, PortError> {
        let setup = health::Setup {
            environment: self.environment,
            has_webhook_secret: !self.webhook_secrets.is_empty(),
            has_redirect: self.return_addresses.redirect_uri.is_some(),
        };
        health::check(&self.client, &setup).await
    }

    async fn events(&self, since: Timestamp, page: Option<&str>) -> Result<Page<Event>, PortError> {
        reads::events(&self.client, since, page).await
    }

    async fn payouts_since(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<Seen<PayoutId, Payout>>, PortError> {
        reads::seen(&self.client, "payouts", since, page, payouts::payout).await
    }

    async fn collections_since(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<Seen<CollectionId, Collection>>, PortError> {
        reads::seen(&self.client, "payments", since, page, mapping::collection).await
    }

    async fn customers_since(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<ProcessorCustomer>, PortError> {
        reads::found(&self.client, "customers", since, page, mapping::customer).await
    }

    async fn customers(
        &self,
        ids: &[ProcessorCustomerId],
    ) -> Result<Vec<Read<ProcessorCustomer>>, PortError> {
        let ids: Vec<&str> = ids.iter().map(ProcessorCustomerId::as_str).collect();
        reads::each(&self.client, "customers", &ids, mapping::customer).await
    }

    async fn mandates_of(
        &self,
        customer: &ProcessorCustomerId,
    ) -> Result<Vec<Read<Mandate>>, PortError> {
        reads::of_customer(&self.client, "mandates", customer, mapping::mandate).await
    }

    async fn mandates(&self, ids: &[MandateId]) -> Result<Vec<Read<Mandate>>, PortError> {
        let ids: Vec<&str> = ids.iter().map(MandateId::as_str).collect();
        reads::each(&self.client, "mandates", &ids, mapping::mandate).await
    }

    async fn mandate_requests(
        &self,
        ids: &[MandateRequestId],
    ) -> Result<Vec<Read<MandateRequest>>, PortError> {
        let ids: Vec<&str> = ids.iter().map(MandateRequestId::as_str).collect();
        reads::each(&self.client, "billing_requests", &ids, mapping::mandate_request).await
    }

    /// Direct reads at both depths: there is no list by ids, and a list by creation date would
    /// read more records than are asked for.
    async fn collections(
        &self,
        ids: &[CollectionId],
        _depth: Depth,
    ) -> Result<Vec<Read<Collection>>, PortError> {
        let ids: Vec<&str> = ids.iter().map(CollectionId::as_str).collect();
        reads::each(&self.client, "payments", &ids, mapping::collection).await
    }

    async fn collections_of(
        &self,
        customer: &ProcessorCustomerId,
    ) -> Result<Vec<Read<Collection>>, PortError> {
        reads::of_customer(&self.client, "payments", customer, mapping::collection).await
    }

    async fn payouts(&self, ids: &[PayoutId]) -> Result<Vec<Read<Payout>>, PortError> {
        let ids: Vec<&str> = ids.iter().map(PayoutId::as_str).collect();
        reads::each(&self.client, "payouts", &ids, payouts::payout).await
    }

    async fn payout_items(&self, payout: &PayoutId) -> Result<Vec<PayoutItem>, PortError> {
        let filters = [("payout", payout.as_str())];
        let records = self.client.list_all("payout_items", &filters).await?;
        payouts::items(records)
            .map_err(|odd| PortError::Unsupported(format!("payout {payout}: {odd}")))
    }

    async fn refunds(
        &self,
        ids: &[ProcessorRefundId],
    ) -> Result<Vec<Read<ProcessorRefund>>, PortError> {
        let ids: Vec<&str> = ids.iter().map(ProcessorRefundId::as_str).collect();
        reads::each(&self.client, "refunds", &ids, mapping::refund).await
    }

    /// Flows can not be listed: the link is known from the answer that made it, or made anew.
    async fn invitation(&self, _: &MandateRequestId) -> Result<Option<Invitation>, PortError> {
        Ok(None)
    }

    async fn find(
        &self,
        key: &Key,
        write: &ProcessorWrite,
    ) -> Result<Option<WriteAnswer>, PortError> {
        let client = &self.client;
        let stamp = self.stamp(key);
        match write {
            ProcessorWrite::Collect(write) => collect::find(client, &stamp, write).await,
            ProcessorWrite::CancelCollection(write) => {
                payment_actions::find_cancelled(client, write).await
            }
            ProcessorWrite::RetryCollection(write) => {
                payment_actions::find_retried(client, write).await
            }
            ProcessorWrite::StopAutomaticRetries(write) => {
                payment_actions::find_stopped(client, write).await
            }
            ProcessorWrite::RequestMandate(write) => request::find(client, &stamp, write).await,
            // Not listable, and harmless to make again.
            ProcessorWrite::InviteMandate(_) => Ok(None),
            ProcessorWrite::LinkCustomer(write) => customer::find(client, write).await,
            ProcessorWrite::CreateCustomer(write) => payer::find(client, write).await,
            ProcessorWrite::CreateBankAccount(write) => {
                bank_account::find(client, &stamp, write).await
            }
            ProcessorWrite::CreateMandate(write) => mandate::find(client, &stamp, write).await,
        }
    }

    async fn write(&self, key: &Key, write: &ProcessorWrite) -> Result<WriteAnswer, PortError> {
        let client = &self.client;
        let stamp = self.stamp(key);
        match write {
            ProcessorWrite::Collect(write) => {
                if !write.amount.is_positive() {
                    let words = format!("{} can not be collected", write.amount);
                    return Err(PortError::rejected(RejectionCause::Validation, words));
                }
                collect::write(client, key, &stamp, write).await
            }
            ProcessorWrite::CancelCollection(write) => {
                payment_actions::cancel(client, key, write).await
            }
            ProcessorWrite::RetryCollection(write) => {
                payment_actions::retry(client, key, write).await
            }
            ProcessorWrite::StopAutomaticRetries(write) => {
                payment_actions::stop_automatic_retries(client, key, write).await
            }
            ProcessorWrite::RequestMandate(write) => {
                request::write(client, key, &stamp, write).await
            }
            ProcessorWrite::InviteMandate(write) => {
                request::invite(client, key, &self.return_addresses, write).await
            }
            ProcessorWrite::LinkCustomer(write) => customer::link(client, key, write).await,
            ProcessorWrite::CreateCustomer(write) => {
                let once = self.stamp(&Key::from_stored(&write.once));
                payer::write(client, key, &once, write).await
            }
            ProcessorWrite::CreateBankAccount(_) => Err(PortError::rejected(
                RejectionCause::Other,
                "a bank account is made with its details only",
            )),
            ProcessorWrite::CreateMandate(write) => {
                mandate::write(client, key, &stamp, write).await
            }
        }
    }

    fn read_bank_details(
        &self,
        details: &BankDetails,
        scheme: Option<&str>,
    ) -> Result<DetailsFor, Vec<String>> {
        bank_details::read(details, scheme)
    }

    async fn write_bank_account(
        &self,
        key: &Key,
        write: &CreateBankAccount,
        details: &BankDetails,
    ) -> Result<WriteAnswer, PortError> {
        bank_account::write(&self.client, key, &self.stamp(key), write, details).await
    }
}

impl GoCardless {
    /// Our key as GoCardless keeps it: idempotency key and metadata alike.
    fn stamp(&self, key: &Key) -> String {
        key.stamp(self.description.key_alphabet, self.description.key_max_len)
    }
}
