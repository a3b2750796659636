//! The processor port of one worker.

use std::hash::{DefaultHasher, Hasher};

use async_trait::async_trait;
use jiff::Timestamp;
use model::command::{ProcessorWrite, Write, WriteAnswer};
use model::customer::ProcessorCustomer;
use model::direct::CreateBankAccount;
use model::event::Event;
use model::ids::{
    CollectionId, MandateId, MandateRequestId, PayoutId, ProcessorCustomerId, ProcessorRefundId,
};
use model::key::Key;
use model::mandate::{Invitation, Mandate, MandateRequest};
use model::payment::{Collection, ProcessorRefund};
use model::payout::{Payout, PayoutItem};
use ports::health::Health;
use ports::processor::{BadSignature, Delivery};
use ports::{
    BankDetails, Depth, Description, DetailsFor, Guard, Page, PortError, Processor, Read, Seen,
};

use super::{Line, description, health};
use crate::world::Side;
use crate::world::erp::CURRENCY;

/// Fields of bank details.
const FIELDS: [&str; 4] = ["account_holder_name", NUMBER, "branch_code", "country_code"];
const NUMBER: &str = "account_number";

/// The header of a delivery's signature.
pub const SIGNATURE: &str = "signature";

/// The only debit scheme.
const SCHEME: &str = "bacs";

/// The processor's signature over a body.
#[must_use]
pub fn sign(body: &[u8]) -> String {
    let mut hasher = DefaultHasher::new();
    hasher.write(body);
    format!("{:016x}", hasher.finish())
}

pub struct WorkerProcessor {
    line: Line,
    description: Description,
}

impl WorkerProcessor {
    #[must_use]
    pub fn new(line: Line) -> WorkerProcessor {
        WorkerProcessor { line, description: description("pro", 0) }
    }

    async fn asked(&self) -> Result<(), PortError> {
        self.line.read(Side::Processor).await
    }
}

fn found<T>(value: Option<T>) -> Read<T> {
    value.map_or(Read::Missing, Read::Found)
}

fn seen<I: Clone, T>(id: &I, value: T) -> Seen<I, T> {
    Seen { id: id.clone(), read: Read::Found(value) }
}

#[async_trait]
impl Processor for WorkerProcessor {
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

    fn verify_delivery(
        &self,
        header: &dyn Fn(&str) -> Option<String>,
        body: &[u8],
    ) -> Result<(), BadSignature> {
        let signed = header(SIGNATURE).is_some_and(|signature| signature == sign(body));
        if signed { Ok(()) } else { Err(BadSignature) }
    }

    fn read_delivery(&self, body: &[u8]) -> Delivery {
        let records: Vec<serde_json::Value> = serde_json::from_slice(body).unwrap_or_default();
        let mut delivery = Delivery { events: Vec::new(), odd: Vec::new() };
        for record in records {
            match serde_json::from_value::<Event>(record) {
                Ok(event) => delivery.events.push(event),
                Err(error) => delivery.odd.push(error.to_string()),
            }
        }
        delivery
    }

    async fn check_health(&self) -> Result<Health, PortError> {
        self.asked().await?;
        Ok(health("1"))
    }

    async fn events(&self, since: Timestamp, page: Option<&str>) -> Result<Page<Event>, PortError> {
        let asked = self.line.asks("events", Some(since));
        self.asked().await?;
        let now = self.line.world.now();
        let state = self.line.world.state();
        let rows = state.processor.events.iter();
        let shown = rows.filter(|row| row.visible_at <= now && row.event.at >= since);
        let events = shown.map(|row| row.event.clone()).collect();
        drop(state);
        Ok(self.line.window_by_cursor(asked, events, page))
    }

    async fn payouts_since(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<Seen<PayoutId, Payout>>, PortError> {
        let asked = self.line.asks("payouts", Some(since));
        self.asked().await?;
        let payouts = self.line.world.listed(|_, processor| {
            let rows = processor.payouts.iter().filter(|(_, row)| row.payout.created_at >= since);
            rows.map(|(id, row)| seen(id, row.payout.clone())).collect()
        });
        Ok(self.line.window(asked, payouts, page))
    }

    async fn collections_since(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<Seen<CollectionId, Collection>>, PortError> {
        let asked = self.line.asks("collections", Some(since));
        self.asked().await?;
        let payments = self.line.world.listed(|_, processor| {
            let rows = processor.payments.iter().filter(|(_, row)| row.created_at >= since);
            rows.filter_map(|(id, _)| Some(seen(id, processor.collection(id)?))).collect()
        });
        Ok(self.line.window(asked, payments, page))
    }

    async fn customers_since(
        &self,
        since: Timestamp,
        page: Option<&str>,
    ) -> Result<Page<ProcessorCustomer>, PortError> {
        let asked = self.line.asks("directory", Some(since));
        self.asked().await?;
        let all =
            self.line.world.listed(|_, processor| processor.customers.values().cloned().collect());
        Ok(self.line.window_by_cursor(asked, all, page))
    }

    async fn customers(
        &self,
        ids: &[ProcessorCustomerId],
    ) -> Result<Vec<Read<ProcessorCustomer>>, PortError> {
        self.asked().await?;
        let state = self.line.world.state();
        Ok(ids.iter().map(|id| found(state.processor.customers.get(id).cloned())).collect())
    }

    async fn mandates_of(
        &self,
        customer: &ProcessorCustomerId,
    ) -> Result<Vec<Read<Mandate>>, PortError> {
        self.asked().await?;
        let now = self.line.world.now();
        Ok(self.line.world.listed(|_, processor| {
            let rows = processor.mandates.iter().filter(|(_, row)| row.customer == *customer);
            rows.map(|(id, _)| found(processor.mandate(id, now))).collect()
        }))
    }

    async fn mandates(&self, ids: &[MandateId]) -> Result<Vec<Read<Mandate>>, PortError> {
        self.asked().await?;
        let now = self.line.world.now();
        let state = self.line.world.state();
        Ok(ids.iter().map(|id| found(state.processor.mandate(id, now))).collect())
    }

    async fn mandate_requests(
        &self,
        ids: &[MandateRequestId],
    ) -> Result<Vec<Read<MandateRequest>>, PortError> {
        self.asked().await?;
        let state = self.line.world.state();
        let request = |id| state.processor.requests.get(id).map(|row| row.request.clone());
        Ok(ids.iter().map(|id| found(request(id))).collect())
    }

    async fn collections(
        &self,
        ids: &[CollectionId],
        depth: Depth,
    ) -> Result<Vec<Read<Collection>>, PortError> {
        self.asked().await?;
        let mut reads = Vec::new();
        for id in ids {
            let listed = match depth {
                Depth::Cheap => self.line.world.listed(|_, processor| processor.collection(id)),
                Depth::Direct => None,
            };
            let direct = || self.line.world.state().processor.collection(id);
            reads.push(found(listed.or_else(direct)));
        }
        Ok(reads)
    }

    async fn collections_of(
        &self,
        customer: &ProcessorCustomerId,
    ) -> Result<Vec<Read<Collection>>, PortError> {
        self.asked().await?;
        Ok(self.line.world.listed(|_, processor| {
            let ids = processor.payments_of(customer);
            ids.iter().map(|id| found(processor.collection(id))).collect()
        }))
    }

    async fn payouts(&self, ids: &[PayoutId]) -> Result<Vec<Read<Payout>>, PortError> {
        self.asked().await?;
        let state = self.line.world.state();
        let payout = |id| state.processor.payouts.get(id).map(|row| row.payout.clone());
        Ok(ids.iter().map(|id| found(payout(id))).collect())
    }

    async fn payout_items(&self, payout: &PayoutId) -> Result<Vec<PayoutItem>, PortError> {
        self.asked().await?;
        let state = self.line.world.state();
        let row = state.processor.payouts.get(payout);
        Ok(row.map_or_else(Vec::new, |row| row.items.clone()))
    }

    async fn refunds(
        &self,
        ids: &[ProcessorRefundId],
    ) -> Result<Vec<Read<ProcessorRefund>>, PortError> {
        self.asked().await?;
        let state = self.line.world.state();
        let refund = |id| state.processor.refunds.get(id).map(|row| row.refund.clone());
        Ok(ids.iter().map(|id| found(refund(id))).collect())
    }

    async fn invitation(
        &self,
        request: &MandateRequestId,
    ) -> Result<Option<Invitation>, PortError> {
        self.asked().await?;
        let state = self.line.world.state();
        let row = state.processor.requests.get(request);
        Ok(row.and_then(|row| row.invitations.last().cloned()))
    }

    async fn find(
        &self,
        key: &Key,
        write: &ProcessorWrite,
    ) -> Result<Option<WriteAnswer>, PortError> {
        self.asked().await?;
        self.line.looked(key);
        self.line.world.state().processor.find(key, write)
    }

    async fn write(&self, key: &Key, write: &ProcessorWrite) -> Result<WriteAnswer, PortError> {
        self.line.write(Side::Processor, key, Write::Processor(write.clone())).await
    }

    fn read_bank_details(
        &self,
        details: &BankDetails,
        scheme: Option<&str>,
    ) -> Result<DetailsFor, Vec<String>> {
        let mut wrong: Vec<String> = details
            .names()
            .filter(|name| !FIELDS.contains(name))
            .map(|name| format!("{name} is no field of bank details"))
            .collect();
        if details.get(NUMBER).is_none() {
            wrong.push(format!("{NUMBER} is missing"));
        }
        if scheme.is_some_and(|scheme| scheme != SCHEME) {
            wrong.push(format!("the only scheme is {SCHEME}"));
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(DetailsFor { scheme: SCHEME.to_owned(), currency: CURRENCY, country: "GB".to_owned() })
    }

    async fn write_bank_account(
        &self,
        key: &Key,
        write: &CreateBankAccount,
        details: &BankDetails,
    ) -> Result<WriteAnswer, PortError> {
        if let Some(number) = details.get(NUMBER) {
            let (key, number) = (key.as_str().to_owned(), number.to_owned());
            self.line.world.state().processor.direct.numbers.insert(key, number);
        }
        self.write(key, &ProcessorWrite::CreateBankAccount(write.clone())).await
    }
}
