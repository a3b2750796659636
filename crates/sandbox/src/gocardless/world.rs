//! Everything that one emulated GoCardless knows, and the lookups that several parts share.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rand::SeedableRng;
use rand::rngs::StdRng;

use super::config::Config;
use super::faults::Faults;
use super::ids::Ids;
use super::lifecycle::Agenda;
use super::payouts::Account;
use super::plans::Plans;
use super::records::billing::{BillingRequest, Flow};
use super::records::event::{Endpoint, Event, Webhook};
use super::records::mandate::Mandate;
use super::records::party::{BankAccount, Creditor, Customer, SchemeIdentifier, Token};
use super::records::payment::Payment;
use super::records::payout::Payout;
use super::records::refund::Refund;
use super::records::schedule::{InstalmentSchedule, Subscription};
use super::stats::Stats;
use super::table::Table;
use super::time::minutes_after;

/// The state behind the mutex.
#[derive(Debug)]
pub struct World {
    /// Settings.
    pub config: Config,
    /// The seed of [`World::ids`] and [`World::chance`].
    pub seed: u64,
    /// Time has moved up to here.
    pub clock: Option<Timestamp>,
    /// Identifiers and other made-up texts.
    pub ids: Ids,
    /// Faults by chance: a stream of its own, so that a fault rule does not change the ids.
    pub chance: StdRng,
    /// Names by organisation id.
    pub organisations: BTreeMap<String, String>,
    /// By token.
    pub tokens: BTreeMap<String, Token>,
    /// Webhook receivers, in the order of their making.
    pub endpoints: Vec<Endpoint>,
    /// Requests in the current clock minute, by token.
    pub rate: BTreeMap<String, (Timestamp, u32)>,
    /// First resource by organisation, resource and idempotency key; kept forever.
    pub idempotency: BTreeMap<(String, &'static str, String), String>,
    /// What is due when.
    pub agenda: Agenda,
    /// What the next payouts hold, by creditor and currency.
    pub accounts: BTreeMap<(String, String), Account>,
    /// What will happen to payments and refunds.
    pub plans: Plans,
    /// What goes wrong.
    pub faults: Faults,
    /// Counts for the ground truth.
    pub stats: Stats,
    /// CR…
    pub creditors: Table<Creditor>,
    /// SU…
    pub scheme_identifiers: Table<SchemeIdentifier>,
    /// BA… of creditors.
    pub creditor_bank_accounts: Table<BankAccount>,
    /// CU…
    pub customers: Table<Customer>,
    /// BA… of customers.
    pub customer_bank_accounts: Table<BankAccount>,
    /// MD…
    pub mandates: Table<Mandate>,
    /// PM…
    pub payments: Table<Payment>,
    /// RF…
    pub refunds: Table<Refund>,
    /// PO…
    pub payouts: Table<Payout>,
    /// SB…
    pub subscriptions: Table<Subscription>,
    /// IS…
    pub instalment_schedules: Table<InstalmentSchedule>,
    /// BRQ…
    pub billing_requests: Table<BillingRequest>,
    /// BRF…
    pub flows: Table<Flow>,
    /// EV…
    pub events: Table<Event>,
    /// Ids of events in the order of writing.
    pub events_by_organisation: BTreeMap<String, Vec<String>>,
    /// WB…
    pub webhooks: Table<Webhook>,
    /// Those that wait for an attempt or its answer.
    pub open_webhooks: BTreeMap<u64, String>,
}

impl World {
    /// An empty world, or one with the default account (see [`Config::default_account`]).
    pub fn new(seed: u64, config: Config) -> Self {
        let mut ids = Ids::new(seed);
        // Another stream of the same seed.
        let chance = StdRng::seed_from_u64(ids.below(u64::MAX));
        Self {
            config,
            seed,
            clock: None,
            ids,
            chance,
            organisations: BTreeMap::new(),
            tokens: BTreeMap::new(),
            endpoints: Vec::new(),
            rate: BTreeMap::new(),
            idempotency: BTreeMap::new(),
            agenda: Agenda::default(),
            accounts: BTreeMap::new(),
            plans: Plans::default(),
            faults: Faults::default(),
            stats: Stats::default(),
            creditors: Table::default(),
            scheme_identifiers: Table::default(),
            creditor_bank_accounts: Table::default(),
            customers: Table::default(),
            customer_bank_accounts: Table::default(),
            mandates: Table::default(),
            payments: Table::default(),
            refunds: Table::default(),
            payouts: Table::default(),
            subscriptions: Table::default(),
            instalment_schedules: Table::default(),
            billing_requests: Table::default(),
            flows: Table::default(),
            events: Table::default(),
            events_by_organisation: BTreeMap::new(),
            webhooks: Table::default(),
            open_webhooks: BTreeMap::new(),
        }
    }

    /// The instant that lists answer for: earlier than `now` while lists are stale.
    pub fn list_time(&self, now: Timestamp) -> Timestamp {
        minutes_after(now, -self.faults.stale_minutes)
    }

    /// The organisation that a creditor belongs to.
    pub fn organisation_of_creditor(&self, creditor: &str) -> String {
        self.creditors.organisation(creditor).unwrap_or_default().to_owned()
    }

    /// The only creditor of an organisation, or its first one.
    pub fn default_creditor(&self, organisation: &str) -> Option<String> {
        self.creditors
            .all()
            .map(|(id, _)| id)
            .find(|id| self.creditors.organisation(id) == Some(organisation))
            .map(str::to_owned)
    }

    /// Number of creditors of an organisation.
    pub fn creditor_count(&self, organisation: &str) -> usize {
        self.creditors
            .all()
            .filter(|(id, _)| self.creditors.organisation(id) == Some(organisation))
            .count()
    }
}
