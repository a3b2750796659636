//! The fake processor: payments with their states, an idempotency table that names what exists, an
//! event list, payouts with items in tenths of a penny. Its state is the truth that promises are
//! checked against, so it knows nothing of flows, engine or store.

pub mod bank;
pub mod direct;
pub mod mandates;
pub mod payouts;
pub mod people;
pub mod requests;
pub mod writes;

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use model::customer::ProcessorCustomer;
use model::event::{Event, EventSubject};
use model::ids::{
    CollectionId, ErpCustomerId, EventId, InvoiceId, MandateId, MandateRequestId, PayoutId,
    ProcessorCustomerId, ProcessorRefundId,
};
use model::mandate::{Mandate, MandateStatus};
use model::payment::{Collection, CollectionStatus, ProcessorRefund, metadata};
use model::payout::{Payout, PayoutItem, PayoutItemKind};

use super::erp::{CURRENCY, pounds};

/// The creditor's only bank account.
pub const CREDITOR_BANK: &str = "BA1";

#[derive(Debug, Clone, Default)]
pub struct Processor {
    pub customers: BTreeMap<ProcessorCustomerId, ProcessorCustomer>,
    pub mandates: BTreeMap<MandateId, MandateRow>,
    pub payments: BTreeMap<CollectionId, PaymentRow>,
    pub refunds: BTreeMap<ProcessorRefundId, RefundRow>,
    pub requests: BTreeMap<MandateRequestId, requests::RequestRow>,
    pub direct: direct::Direct,
    pub payouts: BTreeMap<PayoutId, PayoutRow>,
    /// Oldest first.
    pub events: Vec<EventRow>,
    /// What each idempotency key made.
    keys: BTreeMap<String, CollectionId>,
    /// Debits and credits that wait for the next payout.
    pending: Vec<PendingItem>,
    ids: u64,
    /// A deliberate defect: keys are not looked at, so that a repeat makes a second payment.
    pub ignores_keys: bool,
    /// The creditor's bank account is in another currency.
    pub exchanges: bool,
    /// Payments fail for every cause there is, and payouts have every kind of item.
    pub further: bool,
}

#[derive(Debug, Clone)]
pub struct MandateRow {
    pub customer: ProcessorCustomerId,
    pub status: MandateStatus,
    pub created_at: Timestamp,
    /// Since when it can be collected with, as long as it can.
    pub usable_since: Timestamp,
    pub replaced_by: Option<MandateId>,
}

#[derive(Debug, Clone)]
pub struct PaymentRow {
    pub amount: i64,
    pub refunded: i64,
    pub status: CollectionStatus,
    pub charge_on: Option<Date>,
    pub mandate: MandateId,
    pub description: Option<String>,
    pub metadata: BTreeMap<String, String>,
    pub automatic_retry: bool,
    pub created_at: Timestamp,
    pub payout_hint: Option<PayoutId>,
    pub retries: u32,
    /// Since when it is live, and whether the connector made it so.
    pub live_since: Timestamp,
    pub live_by_us: bool,
    /// Confirmed, and in no payout yet.
    pub waits_for_payout: bool,
    /// In a payout, and not taken back since.
    pub settled: bool,
    /// When a person cancelled it in the dashboard.
    pub cancelled_by_person: Option<Timestamp>,
    /// It will be retried by the processor at this time.
    pub retries_at: Option<Timestamp>,
    /// What people last said of whose it is.
    pub said: Option<Said>,
}

/// A person's word about whose payment it is; it counts for more than the payment's own metadata.
#[derive(Debug, Clone)]
pub struct Said {
    /// `None`: it has nothing to do with the invoice that it names.
    pub invoice: Option<InvoiceId>,
    pub at: Timestamp,
}

impl PaymentRow {
    /// The invoice that it collects: as people said, else as it says of itself.
    #[must_use]
    pub fn invoice(&self) -> Option<InvoiceId> {
        let named = || self.metadata.get(metadata::INVOICE).map(|id| InvoiceId::new(id.as_str()));
        self.said.as_ref().map_or_else(named, |said| said.invoice.clone())
    }

    /// Since when it is live as a payment of its invoice.
    #[must_use]
    pub fn live_since(&self) -> Timestamp {
        self.said.as_ref().map_or(self.live_since, |said| said.at.max(self.live_since))
    }
}

#[derive(Debug, Clone)]
pub struct RefundRow {
    pub refund: ProcessorRefund,
    pub settled: bool,
}

#[derive(Debug, Clone)]
pub struct PayoutRow {
    pub payout: Payout,
    pub items: Vec<PayoutItem>,
}

#[derive(Debug, Clone)]
pub struct EventRow {
    pub event: Event,
    /// The list shows it from then on.
    pub visible_at: Timestamp,
}

/// Amounts in tenths of a penny, signed.
#[derive(Debug, Clone)]
pub struct PendingItem {
    pub kind: PayoutItemKind,
    pub tenths: i64,
    pub tax_tenths: i64,
    pub payment: Option<CollectionId>,
    pub refund: Option<ProcessorRefundId>,
}

/// What an event says of why.
#[derive(Debug, Clone, Copy, Default)]
pub struct Why<'a> {
    pub origin: &'a str,
    pub cause: &'a str,
    pub will_retry: Option<bool>,
    pub payout: Option<&'a PayoutId>,
}

impl Processor {
    fn next_id(&mut self, prefix: &str) -> String {
        self.ids += 1;
        format!("{prefix}{:04}", self.ids)
    }

    /// Pre-matched by its metadata, as the predecessor's app leaves customers behind; or by nothing
    /// but its e-mail address.
    pub fn add_customer(&mut self, erp: &ErpCustomerId, by_email: bool) -> ProcessorCustomerId {
        let id = ProcessorCustomerId::new(self.next_id("CU"));
        let email = format!("{}@example.com", erp.as_str().to_lowercase());
        let customer = ProcessorCustomer {
            id: id.clone(),
            email: by_email.then_some(email),
            name: Some(format!("Customer {erp}")),
            country: Some("GB".to_owned()),
            erp_customer: (!by_email).then(|| erp.clone()),
        };
        self.customers.insert(id.clone(), customer);
        id
    }

    #[must_use]
    pub fn collection(&self, id: &CollectionId) -> Option<Collection> {
        let row = self.payments.get(id)?;
        Some(Collection {
            id: id.clone(),
            amount: pounds(row.amount),
            refunded: pounds(row.refunded),
            status: row.status,
            charge_on: row.charge_on,
            mandate: row.mandate.clone(),
            creditor: None,
            description: row.description.clone(),
            reference: None,
            metadata: row.metadata.clone(),
            automatic_retry: row.automatic_retry,
            created_at: row.created_at,
            payout_hint: row.payout_hint.clone(),
        })
    }

    #[must_use]
    pub fn mandate(&self, id: &MandateId, now: Timestamp) -> Option<Mandate> {
        let row = self.mandates.get(id)?;
        Some(Mandate {
            id: id.clone(),
            customer: row.customer.clone(),
            creditor: None,
            status: row.status,
            scheme: "bacs".to_owned(),
            currency: CURRENCY,
            next_possible_charge_on: row.status.usable(true).then(|| earliest_charge(now)),
            reference_max: Some(10),
            created_at: row.created_at,
            replaced_by: row.replaced_by.clone(),
        })
    }

    #[must_use]
    pub fn payments_of(&self, customer: &ProcessorCustomerId) -> Vec<CollectionId> {
        let of = |row: &PaymentRow| {
            self.mandates.get(&row.mandate).is_some_and(|mandate| mandate.customer == *customer)
        };
        self.payments.iter().filter(|(_, row)| of(row)).map(|(id, _)| id.clone()).collect()
    }

    /// Payments of the invoice, whoever made them.
    pub fn payments_for<'a>(
        &'a self,
        invoice: &'a InvoiceId,
    ) -> impl Iterator<Item = (&'a CollectionId, &'a PaymentRow)> {
        self.payments.iter().filter(move |(_, row)| row.invoice().as_ref() == Some(invoice))
    }

    pub fn emit(&mut self, now: Timestamp, subject: EventSubject, action: &str, why: Why<'_>) {
        let id = EventId::new(self.next_id("EV"));
        let text = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        let mut links = BTreeMap::new();
        links.extend(why.payout.map(|payout| ("payout".to_owned(), payout.to_string())));
        let resource_metadata = match &subject {
            EventSubject::Collection(id) => self
                .payments
                .get(&CollectionId::new(id.as_str()))
                .map_or_else(BTreeMap::new, |row| row.metadata.clone()),
            EventSubject::Mandate(_)
            | EventSubject::Payout(_)
            | EventSubject::Refund(_)
            | EventSubject::MandateRequest(_)
            | EventSubject::Other(_) => BTreeMap::new(),
        };
        let event = Event {
            id,
            at: now,
            subject,
            action: action.to_owned(),
            origin: text(why.origin),
            cause: text(why.cause),
            description: text(why.cause),
            reason_code: None,
            will_retry: why.will_retry,
            links,
            resource_metadata,
            metadata: BTreeMap::new(),
        };
        self.events.push(EventRow { event, visible_at: now });
    }

    /// Changes a payment's status and says so in the event list. `by_us`: the connector asked.
    pub fn become_status(
        &mut self,
        now: Timestamp,
        id: &CollectionId,
        status: CollectionStatus,
        action: &str,
        why: Why<'_>,
        by_us: bool,
    ) {
        if let Some(row) = self.payments.get_mut(id) {
            if status.live() && !row.status.live() {
                row.live_since = now;
                row.live_by_us = by_us;
            }
            row.status = status;
        }
        self.emit(now, EventSubject::Collection(id.to_string()), action, why);
    }
}

/// Two days ahead, as bank debits need.
#[must_use]
pub fn earliest_charge(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date().saturating_add(2.days())
}
