//! The small world of the tables: an invoice `I` over 100 minor units of GBP, ticked and approved,
//! due by a customer with the active mandate `MD1`, on 20 November 2026; then what a row adds.

use std::collections::BTreeMap;

use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use model::command::{CommandState, ProcessorWrite, RejectionCause, Write};
use model::decision::Decision;
use model::ids::{
    AccountId, ErpCustomerId, InvoiceId, LedgerAccountId, LinkId, MandateId, ProcessorCustomerId,
};
use model::invoice::{Annotation, Approval, Invoice, InvoiceStatus};
use model::ledger::PeriodBook;
use model::mandate::{Mandate, MandateStatus};
use model::money::{Currency, Money};
use model::person::PersonSaid;
use model::policy::{BankAccount, Mode, Policy};
use model::sight::Sight;

use crate::collection::{CollectionFacts, CustomerState, DayUse, RunUse, decide};
use crate::common::{Frame, applies};

use super::told;

pub struct World {
    pub facts: CollectionFacts,
    /// Documents made so far: their ids are counted.
    pub made: u32,
}

/// Steps after which a story that does not come to rest is a failure of its own.
const STEPS_MAX: usize = 40;

pub fn pounds(minor: i64) -> Money {
    Money::new(minor, Currency::GBP)
}

pub fn now() -> Timestamp {
    "2026-11-20T09:00:00Z".parse().unwrap()
}

pub fn account(name: &str) -> Option<LedgerAccountId> {
    Some(LedgerAccountId::new(name))
}

fn policy() -> Policy {
    let mut policy = Policy {
        mode: Mode::On,
        cut_over_on: Some(date(2026, 1, 1)),
        currencies: vec![Currency::GBP],
        ..Policy::default()
    };
    let bank = BankAccount { account: LedgerAccountId::new("bank"), subsidiary: None };
    policy.accounts.banks.insert("GBP".to_owned(), bank);
    policy.accounts.chargebacks = account("chargebacks");
    policy.accounts.suspense = account("suspense");
    policy
}

fn invoice() -> Invoice {
    Invoice {
        id: InvoiceId::new("I"),
        number: "INV-1".to_owned(),
        customer: ErpCustomerId::new("C"),
        total: pounds(100),
        due: pounds(100),
        issued_on: date(2026, 10, 1),
        due_on: Some(date(2026, 11, 1)),
        status: InvoiceStatus::Open,
        approval: Approval::Approved,
        flagged: true,
        retry_requested: false,
        subsidiary: None,
        receivable_account: None,
        exchange_rate: None,
        annotation: Annotation::default(),
        version: "1".to_owned(),
    }
}

pub fn mandate(id: &str, status: MandateStatus, currency: Currency) -> Mandate {
    Mandate {
        id: MandateId::new(id),
        customer: ProcessorCustomerId::new("CU1"),
        creditor: None,
        status,
        scheme: "bacs".to_owned(),
        currency,
        next_possible_charge_on: Some(date(2026, 11, 25)),
        reference_max: Some(10),
        created_at: now() - 1000.hours(),
        replaced_by: None,
    }
}

impl World {
    pub fn new() -> World {
        let frame = Frame {
            now: now(),
            today: date(2026, 11, 20),
            zone: TimeZone::UTC,
            erp: AccountId::new("E"),
            processor: AccountId::new("P"),
            link: LinkId::new("uk"),
            policy: policy(),
            stopped: false,
            periods: PeriodBook::default(),
            direct: true,
            commands: Vec::new(),
        };
        let facts = CollectionFacts {
            frame,
            invoice: Sight::Found(invoice()),
            gone: false,
            customer: CustomerState::Matched(ProcessorCustomerId::new("CU1")),
            named_mandate: None,
            mandates: vec![mandate("MD1", MandateStatus::Active, Currency::GBP)],
            customer_inactive: false,
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
            processor_name: "processor-uk".to_owned(),
        };
        World { facts, made: 0 }
    }

    pub fn invoice(&mut self) -> &mut Invoice {
        match &mut self.facts.invoice {
            Sight::Found(invoice) => invoice,
            Sight::Missing | Sight::Odd(_) | Sight::NotRead => panic!("no invoice"),
        }
    }

    /// Decides, and asserts what every decision must keep.
    pub fn decide(&self) -> Decision {
        let decision = decide(&self.facts);
        assert_eq!(decision, decide(&self.facts.clone()), "decided twice, differently");
        law(&self.facts, &decision);
        decision
    }

    /// Carries every decision out until the case rests; tells each but annotations.
    pub fn play(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        for _ in 0..STEPS_MAX {
            let decision = self.decide();
            self.keep_settled(&decision);
            match &decision.command {
                Some(command) => {
                    if !told::is_annotation(command) {
                        lines.push(told::decision(&decision));
                    }
                    self.carry_out(command);
                }
                None => {
                    lines.push(told::decision(&decision));
                    return lines;
                }
            }
        }
        panic!("no rest after {STEPS_MAX} steps: {lines:#?}");
    }
}

/// What must hold of every decision, whatever the facts (promises P1, P3, P6).
pub fn law(facts: &CollectionFacts, decision: &Decision) {
    let Some(command) = &decision.command else { return };
    let frame = &facts.frame;
    assert!(!frame.stopped && frame.policy.mode != Mode::Off, "a command of a link that is held");
    if let Some(view) = frame.command(&command.key) {
        let told = told::command(command);
        assert_ne!(view.state, CommandState::Done, "done already: {told}");
        let open = matches!(view.state, CommandState::InFlight | CommandState::Watched);
        let same = view.write.same_intent(&command.write);
        assert!(!open || same, "other content: {told}");
        if view.state == CommandState::Rejected {
            let cause = view.rejection.as_ref().map(|rejection| rejection.cause);
            let repeated = same && applies(&view.write) == applies(&command.write);
            assert!(!repeated || cause == Some(RejectionCause::PeriodClosed), "refused: {told}");
        }
    }
    if !command.write.collects() {
        return;
    }
    assert_eq!(frame.policy.mode, Mode::On, "collects without being switched on");
    assert!(facts.invoice.found().is_some_and(|one| one.status == InvoiceStatus::Open));
    let mut live = facts.readable().filter(|(_, one)| one.status.live());
    let released = facts.person.iter().any(|fact| matches!(fact.said, PersonSaid::Release { .. }));
    let holds = live.any(|(_, one)| !released || one.refunded.minor < one.amount.minor);
    assert!(!holds, "a debit while a payment is live");
    let unresolved = frame.commands.iter().any(|view| {
        view.write.collects()
            && (view.state == CommandState::Watched
                || view.state == CommandState::InFlight && view.key != command.key)
    });
    assert!(!unresolved, "a debit while another's outcome is unknown");
    let due = facts.invoice.found().map(|invoice| invoice.due);
    match &command.write {
        Write::Processor(ProcessorWrite::Collect(write)) => {
            assert_eq!(Some(write.amount), due);
        }
        Write::Processor(ProcessorWrite::RetryCollection(write)) => {
            assert_eq!(Some(write.amount), due);
        }
        Write::Processor(_) | Write::Erp(_) => {}
    }
}
