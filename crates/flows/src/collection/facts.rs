//! What a look at a collection's case gathers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::case::CaseKey;
use model::decision::ItemDocument;
use model::event::{Event, EventSubject};
use model::ids::{CollectionId, MandateId, ProcessorCustomerId};
use model::invoice::Invoice;
use model::key::Key;
use model::ledger::BookedIn;
use model::mandate::Mandate;
use model::payment::{Collection, CollectionStatus};
use model::payout::{KeptItem, PayoutItemKind};
use model::person::{AboutAttempt, PersonFact, PersonSaid};
use model::reason::{Reason, ReasonCode};
use model::receipt::{ErpDocument, Receipt};
use model::sight::Sight;

use crate::common::Frame;

#[derive(Debug, Clone)]
pub struct CollectionFacts {
    pub frame: Frame,
    pub invoice: Sight<Invoice>,
    /// The ERP has it no more: `invoice` is what was last seen, owing nothing.
    pub gone: bool,
    pub customer: CustomerState,
    /// The ERP takes nothing more for the customer: a receipt would be refused.
    pub customer_inactive: bool,
    /// The mandate named in the ERP's field on the customer.
    pub named_mandate: Option<MandateId>,
    /// Every mandate of the matched customer, any currency and status.
    pub mandates: Vec<Mandate>,
    /// A mandate request of this customer and currency is under way.
    pub mandate_requested: bool,
    /// Payments for this invoice, oldest first: ours, and those of others that name it.
    pub attempts: Vec<Attempt>,
    /// The payer's other live payments that do not name an invoice (only with direct facts).
    pub others: Vec<Collection>,
    /// Events of all attempts, oldest first.
    pub events: Vec<Event>,
    /// Up to when the processor's events are known to be read; `None`: it was not asked.
    pub events_until: Option<Timestamp>,
    /// Kept payout items of all attempts, by arrival, payout, ordinal.
    pub items: Vec<KeptItem>,
    /// Documents of ours in the ERP, by our key.
    pub documents: BTreeMap<Key, Sight<ErpDocument>>,
    /// Receipts that others recorded for their payments, and that stand for no settlement yet.
    pub theirs: BTreeMap<CollectionId, Vec<Receipt>>,
    /// Settled earlier: which document stands for which item.
    pub settled: Vec<ItemDocument>,
    pub person: Vec<PersonFact>,
    /// The reason of the last decision.
    pub last_reason: Option<Reason>,
    /// What the link collected today already.
    pub day: DayUse,
    /// What the link collected in this run already.
    pub run: RunUse,
    /// The one subsidiary whose invoices receipts can pay, where the ERP has such a rule.
    pub booked_in: Option<BookedIn>,
    /// What the processor account is called on the invoice.
    pub processor_name: String,
}

/// One payment for this invoice.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub id: CollectionId,
    /// Not made by a command of ours.
    pub adopted: bool,
    pub collection: Sight<Collection>,
}

#[derive(Debug, Clone)]
pub enum CustomerState {
    Matched(ProcessorCustomerId),
    /// Why not: unmatched, ambiguous, without e-mail …
    NotMatched(Reason),
}

/// Minor units and number of collections made today, in the invoice's currency.
#[derive(Debug, Clone, Copy, Default)]
pub struct DayUse {
    pub count: u32,
    pub minor: i64,
}

/// Minor units and number of collections made since the last poll of the ERP's invoices, in the
/// invoice's currency.
#[derive(Debug, Clone, Default)]
pub struct RunUse {
    pub count: u32,
    pub minor: i64,
    /// The limit that an earlier look held this invoice for: it stays held until a person releases it
    /// or changes the limit.
    pub held: Option<String>,
}

/// What a person wants of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// Retry the same payment now.
    Retry,
    /// Make the next attempt.
    Release,
    /// No more retries, no new attempt.
    Stop,
}

/// Event actions that end an attempt, for good or until it is retried.
const ENDING_ACTIONS: [&str; 4] =
    ["failed", "cancelled", "customer_approval_denied", "charged_back"];

impl CollectionFacts {
    /// An invoice of which no payment, mandate or document is known.
    #[must_use]
    pub fn of(frame: Frame, invoice: Sight<Invoice>, customer: CustomerState) -> CollectionFacts {
        CollectionFacts {
            frame,
            invoice,
            gone: false,
            customer,
            customer_inactive: false,
            named_mandate: None,
            mandates: Vec::new(),
            mandate_requested: false,
            attempts: Vec::new(),
            others: Vec::new(),
            events: Vec::new(),
            events_until: None,
            items: Vec::new(),
            documents: BTreeMap::new(),
            theirs: BTreeMap::new(),
            settled: Vec::new(),
            person: Vec::new(),
            last_reason: None,
            day: DayUse::default(),
            run: RunUse::default(),
            booked_in: None,
            processor_name: String::new(),
        }
    }

    /// Attempts whose payment could be read, oldest first.
    pub fn readable(&self) -> impl DoubleEndedIterator<Item = (&Attempt, &Collection)> {
        self.attempts.iter().filter_map(|a| a.collection.found().map(|found| (a, found)))
    }

    pub fn events_of<'a>(
        &'a self,
        id: &'a CollectionId,
    ) -> impl DoubleEndedIterator<Item = &'a Event> {
        self.events.iter().filter(move |event| {
            matches!(&event.subject, EventSubject::Collection(subject) if subject == id.as_str())
        })
    }

    /// The newest event with this action.
    pub fn last_event<'a>(&'a self, id: &'a CollectionId, action: &str) -> Option<&'a Event> {
        self.events_of(id).rfind(|event| event.action == action)
    }

    pub fn count_events(&self, id: &CollectionId, action: &str) -> u32 {
        count(self.events_of(id).filter(|event| event.action == action))
    }

    /// Kept items that settle the payment, oldest first.
    pub fn settlements<'a>(&'a self, id: &'a CollectionId) -> impl Iterator<Item = &'a KeptItem> {
        self.items.iter().filter(move |kept| {
            kept.item.kind == PayoutItemKind::PaymentPaidOut
                && kept.item.collection.as_ref() == Some(id)
        })
    }

    /// Kept items that take a settlement back, oldest first.
    pub fn reversals<'a>(&'a self, id: &'a CollectionId) -> impl Iterator<Item = &'a KeptItem> {
        self.items.iter().filter(move |kept| {
            let ignored = model::defect!(ChargebackIgnored)
                && kept.item.kind == PayoutItemKind::PaymentChargedBack;
            kept.item.kind.is_reversal() && !ignored && kept.item.collection.as_ref() == Some(id)
        })
    }

    pub fn receipt(&self, key: &Key) -> Option<&Receipt> {
        match self.documents.get(key).and_then(Sight::found) {
            Some(ErpDocument::Receipt(receipt)) => Some(receipt),
            Some(ErpDocument::Refund(_) | ErpDocument::Deposit(_) | ErpDocument::Journal(_))
            | None => None,
        }
    }

    /// How often the payment ended so far.
    #[must_use]
    pub fn ends(&self, id: &CollectionId) -> u32 {
        count(self.events_of(id).filter(|event| ENDING_ACTIONS.contains(&event.action.as_str())))
    }

    /// The last order a person gave about this attempt knowing all of its story so far, or, before
    /// there was any, about the invoice. What was said before the attempt ended again says nothing.
    #[must_use]
    pub fn order(&self, attempt: Option<&CollectionId>) -> Option<Order> {
        let covers = |about: &Option<AboutAttempt>| match (attempt, about) {
            (Some(id), Some(about)) => about.collection == *id && about.ends >= self.ends(id),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let orders = self.person.iter().filter_map(|fact| {
            let (about, order) = match &fact.said {
                PersonSaid::Retry { about } => (about, Order::Retry),
                PersonSaid::Release { about } => (about, Order::Release),
                PersonSaid::Stop { about } => (about, Order::Stop),
                PersonSaid::Ignore { .. }
                | PersonSaid::Adopt { .. }
                | PersonSaid::NotOurs { .. }
                | PersonSaid::Match { .. }
                | PersonSaid::Choose { .. }
                | PersonSaid::Leave { .. }
                | PersonSaid::OrderMandate { .. } => return None,
            };
            covers(about).then_some((fact.nth, order))
        });
        orders.max_by_key(|(nth, _)| *nth).map(|(_, order)| order)
    }

    /// The payment stands against the invoice: it takes, or took and keeps, the payer's money. One
    /// that was given back in full does so until a person, knowing of it, releases the invoice
    /// (policy "after a refund: leave open").
    #[must_use]
    pub fn holds(&self, collection: &Collection) -> bool {
        collection.status.live() && !self.released_after_refund(collection)
    }

    /// The payment holds the invoice, and the money of it is not all with the payer again.
    #[must_use]
    pub fn stands(&self, collection: &Collection) -> bool {
        self.holds(collection) && !given_back(collection)
    }

    fn released_after_refund(&self, collection: &Collection) -> bool {
        let knowing = |fact: &PersonFact| match &fact.said {
            PersonSaid::Release { about: Some(about) } => {
                about.collection == collection.id && about.refunded >= collection.amount.minor
            }
            _ => false,
        };
        given_back(collection)
            && self.order(Some(&collection.id)) == Some(Order::Release)
            && self.person.iter().any(knowing)
    }

    /// The newest of these events, unless one of the others came after it: then the event that tells
    /// of the present state has not arrived yet.
    #[must_use]
    pub fn standing_event<'a>(
        &'a self,
        id: &'a CollectionId,
        actions: &[&str],
        overtaken_by: &[&str],
    ) -> Option<&'a Event> {
        let is = |event: &Event, of: &[&str]| of.contains(&event.action.as_str());
        let newest =
            self.events_of(id).rfind(|event| is(event, actions) || is(event, overtaken_by));
        newest.filter(|event| is(event, actions))
    }

    /// A person dealt with this elsewhere.
    #[must_use]
    pub fn left(&self, code: ReasonCode) -> bool {
        self.person
            .iter()
            .any(|fact| matches!(&fact.said, PersonSaid::Leave { code: left } if *left == code))
    }

    /// Said to be no payment of this invoice.
    #[must_use]
    pub fn not_ours(&self, id: &CollectionId) -> bool {
        self.person.iter().any(
            |fact| matches!(&fact.said, PersonSaid::NotOurs { collection } if collection == id),
        )
    }

    /// The status of the newest attempt.
    #[must_use]
    pub fn newest(&self) -> Option<(&Attempt, &Collection)> {
        self.readable().next_back()
    }

    /// The attempt that the invoice's fields tell of: the newest that stands, else the newest that holds
    /// the invoice though it was given back, else the newest.
    #[must_use]
    pub fn telling(&self) -> Option<(&Attempt, &Collection)> {
        let stands = self.readable().rfind(|(_, collection)| self.stands(collection));
        let holds = || self.readable().rfind(|(_, collection)| self.holds(collection));
        stands.or_else(holds).or_else(|| self.newest())
    }

    /// The payout's case.
    #[must_use]
    pub fn payout_case(&self, kept: &KeptItem) -> CaseKey {
        CaseKey::payout(&self.frame.processor, &kept.payout)
    }
}

/// Paid out, and refunded in full.
fn given_back(collection: &Collection) -> bool {
    collection.status == CollectionStatus::PaidOut
        && collection.refunded.is_positive()
        && collection.refunded.minor >= collection.amount.minor
}

/// Confirmed or paid out: the money counts as collected.
#[must_use]
pub fn is_collected(status: CollectionStatus) -> bool {
    match status {
        CollectionStatus::Confirmed | CollectionStatus::PaidOut => true,
        CollectionStatus::PendingCustomerApproval
        | CollectionStatus::PendingSubmission
        | CollectionStatus::Submitted
        | CollectionStatus::Failed
        | CollectionStatus::Cancelled
        | CollectionStatus::CustomerApprovalDenied
        | CollectionStatus::ChargedBack => false,
    }
}

pub fn count<T>(items: impl Iterator<Item = T>) -> u32 {
    u32::try_from(items.count()).unwrap_or(u32::MAX)
}
