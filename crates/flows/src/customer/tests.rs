//! Rows of what is known of a customer, and every decision until the case rests.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;

use model::case::{Actor, CaseKey};
use model::command::{
    Command, CommandState, CommandView, ErpWrite, ProcessorWrite, Rejection, RejectionCause, Write,
    WriteAnswer,
};
use model::customer::{CustomerFields, CustomerPair, ErpCustomer, MatchedBy, ProcessorCustomer};
use model::ids::{AccountId, ErpCustomerId, LinkId, ProcessorCustomerId};
use model::ledger::PeriodBook;
use model::money::Currency;
use model::person::{PersonFact, PersonSaid};
use model::policy::{Mode, Policy};
use model::sight::Sight;

use super::{CustomerDecision, CustomerFacts, decide};
use crate::common::Frame;

const LOOKS_MAX: usize = 10;

struct World {
    facts: CustomerFacts,
    refuses: bool,
}

fn world() -> World {
    let erp = AccountId::new("erp:1");
    let (processor, id) = (AccountId::new("pro:1"), ErpCustomerId::new("7"));
    let frame = Frame {
        now: Timestamp::UNIX_EPOCH,
        today: date(2026, 11, 20),
        zone: TimeZone::UTC,
        erp,
        processor: processor.clone(),
        link: LinkId::new("uk"),
        policy: Policy { mode: Mode::On, ..Policy::default() },
        stopped: false,
        periods: PeriodBook::default(),
        direct: true,
        commands: Vec::new(),
    };
    let customer = ErpCustomer {
        id: id.clone(),
        code: "C-7".to_owned(),
        company_name: None,
        given_name: None,
        family_name: None,
        email: Some(" Ann@Acme.test".to_owned()),
        country: None,
        language: None,
        inactive: false,
        subsidiary: None,
        stored: CustomerFields::default(),
        version: String::new(),
    };
    let facts = CustomerFacts {
        frame,
        dependants: vec![CaseKey::mandate(&processor, &id, Currency::GBP)],
        id,
        customer: Sight::Found(customer),
        pair: None,
        known: BTreeMap::new(),
        by_external: Vec::new(),
        directories_read: true,
        created: None,
        by_email: Vec::new(),
        same_email_erp: 1,
        person: Vec::new(),
        last_reason: None,
    };
    World { facts, refuses: false }
}

/// `ID` or `ID=ERP` when its metadata names an ERP customer.
fn counterpart(text: &str) -> ProcessorCustomer {
    let (id, erp) = text.split_once('=').unwrap_or((text, ""));
    ProcessorCustomer {
        id: ProcessorCustomerId::new(id),
        email: Some("ann@acme.test".to_owned()),
        name: None,
        country: None,
        erp_customer: (!erp.is_empty()).then(|| ErpCustomerId::new(erp)),
    }
}

impl World {
    fn customer(&mut self) -> &mut ErpCustomer {
        match &mut self.facts.customer {
            Sight::Found(customer) => customer,
            Sight::Missing | Sight::Odd(_) | Sight::NotRead => panic!("no customer"),
        }
    }

    fn learn(&mut self, line: &str) {
        let facts = &mut self.facts;
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["customer", "missing"] => facts.customer = Sight::Missing,
            ["customer", "unread"] => facts.customer = Sight::NotRead,
            ["customer", "odd"] => facts.customer = Sight::Odd("no id".to_owned()),
            ["customer", "inactive"] => self.customer().inactive = true,
            ["customer", "without_email"] => self.customer().email = None,
            ["field", id] => {
                self.customer().stored.processor_customer = Some(ProcessorCustomerId::new(*id));
            }
            ["known", text] => {
                let one = counterpart(text);
                facts.known.insert(one.id.clone(), Sight::Found(one));
            }
            ["gone", id] => {
                facts.known.insert(ProcessorCustomerId::new(*id), Sight::Missing);
            }
            ["odd", id] => {
                let odd = Sight::Odd("no e-mail".to_owned());
                facts.known.insert(ProcessorCustomerId::new(*id), odd);
            }
            ["pair", id] => {
                facts.pair = Some(CustomerPair {
                    link: facts.frame.link.clone(),
                    erp: facts.id.clone(),
                    processor: ProcessorCustomerId::new(*id),
                    by: MatchedBy::Email,
                });
            }
            ["external", text] => facts.by_external.push(counterpart(text)),
            ["created", text] => facts.created = Some(counterpart(text)),
            ["email", text] => facts.by_email.push(counterpart(text)),
            ["other_email", text] => {
                let email = Some("bob@acme.test".to_owned());
                facts.by_email.push(ProcessorCustomer { email, ..counterpart(text) });
            }
            ["shared", count] => facts.same_email_erp = count.parse().unwrap(),
            ["chooses", id] => facts.person.push(PersonFact {
                nth: 1,
                at: Timestamp::UNIX_EPOCH,
                actor: Actor::Person("ann".to_owned()),
                said: PersonSaid::Choose { customer: ProcessorCustomerId::new(*id) },
            }),
            ["half", "read"] => facts.directories_read = false,
            ["mode", "off"] => facts.frame.policy.mode = Mode::Off,
            ["refused"] => self.refuses = true,
            _ => panic!("no fact: {line}"),
        }
    }

    fn play(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        for _ in 0..LOOKS_MAX {
            let CustomerDecision { decision, pair } = decide(&self.facts);
            self.facts.last_reason = Some(decision.reason.clone());
            self.facts.pair = pair;
            match &decision.command {
                Some(command) => told.push(self.make(command)),
                None => {
                    let (code, detail) = (decision.reason.code.code(), &decision.reason.detail);
                    let mut words = format!("{} {code} ({detail})", decision.stage.word());
                    for note in &decision.attention {
                        words = format!("{words} ! {} ({})", note.code.code(), note.detail);
                    }
                    told.push(words);
                    return told;
                }
            }
        }
        panic!("no rest after {LOOKS_MAX} looks: {told:?}");
    }

    fn make(&mut self, command: &Command) -> String {
        match &command.write {
            _ if self.refuses => {}
            Write::Processor(ProcessorWrite::LinkCustomer(write)) => {
                let facts = &mut self.facts;
                let known = facts.known.values_mut().filter_map(|sight| match sight {
                    Sight::Found(one) => Some(one),
                    Sight::Missing | Sight::Odd(_) | Sight::NotRead => None,
                });
                let everyone = known.chain(&mut facts.by_email).chain(&mut facts.created);
                for one in everyone.filter(|one| one.id == write.customer) {
                    assert_eq!(one.erp_customer, None, "never overwritten");
                    one.erp_customer = Some(write.erp_customer.clone());
                }
            }
            Write::Erp(ErpWrite::SaveCustomerFields(write)) => {
                let id = write.fields.processor_customer.clone().unwrap();
                // The next look reads what the field names.
                if let Some(seen) = self.facts.seen(&id).cloned() {
                    self.facts.known.insert(id.clone(), Sight::Found(seen));
                }
                self.customer().stored.processor_customer = Some(id);
            }
            other => panic!("unexpected {other:?}"),
        }
        let (refused, words) = (self.refuses, "no such field".to_owned());
        let cause = RejectionCause::Validation;
        self.facts.frame.commands.push(CommandView {
            key: command.key.clone(),
            write: command.write.clone(),
            state: if refused { CommandState::Rejected } else { CommandState::Done },
            answer: (!refused).then(|| WriteAnswer {
                id: "7".to_owned(),
                adopted: false,
                url: None,
            }),
            rejection: refused.then_some(Rejection { cause, words, field: None }),
            sends: 1,
        });
        match &command.write {
            Write::Erp(ErpWrite::SaveCustomerFields(write)) => {
                format!("{} {}", command.key, write.fields.processor_customer.as_ref().unwrap())
            }
            Write::Erp(_) | Write::Processor(_) => command.key.to_string(),
        }
    }
}

fn check(known: &str, expected: &str) {
    let mut world = world();
    let mut told = Vec::new();
    for section in known.split("---") {
        for line in section.split([';', '\n']).map(str::trim).filter(|line| !line.is_empty()) {
            world.learn(line);
        }
        told.extend(world.play());
    }
    let expected: Vec<&str> =
        expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(told.join("\n"), expected.join("\n"), "\nknown: {known}");
}

#[test]
fn the_customer_must_be_there() {
    check("customer missing", "open customer_missing (the customer is gone)");
    check("customer inactive", "open customer_missing (the customer is inactive or on hold)");
    check("customer odd", "open odd_record (no id)");
    check("customer unread", "open unavailable ()");
}

#[test]
fn no_match_is_no_error() {
    check("", "open customer_unmatched (C-7)");
    check("customer without_email; email CU1", "open customer_without_email (C-7)");
    check("other_email CU1", "open customer_unmatched (C-7)");
    check("email CU1=8", "open customer_unmatched (C-7)");
    check("external CU1=8", "open customer_unmatched (C-7)");
}

#[test]
fn the_order_is_stored_link_external_id_then_email() {
    check(
        "field CU1; known CU1=7; external CU2=7; email CU3",
        "closed matched (CU1 by stored link)",
    );
    check(
        "pair CU1; known CU1=7; external CU2=7; email CU3",
        "customer/erp:1/7/1 CU1
         closed matched (CU1 by e-mail)",
    );
    check(
        "external CU2=7; created CU4; email CU3",
        "customer/erp:1/7/1 CU2
         closed matched (CU2 by external id)",
    );
    check(
        "created CU4; email CU3",
        "link/pro:1/CU4/7/1
         customer/erp:1/7/1 CU4
         closed matched (CU4 by our mandate request)",
    );
    check(
        "email CU3; email CU5=8",
        "link/pro:1/CU3/7/1
         customer/erp:1/7/1 CU3
         closed matched (CU3 by e-mail)",
    );
}

#[test]
fn what_is_ambiguous_goes_to_a_person() {
    check("external CU1=7; external CU2=7", "open customer_ambiguous (CU1, CU2)");
    check("email CU1; email CU2", "open customer_ambiguous (CU1, CU2)");
    check("email CU1; shared 2", "open customer_ambiguous (CU1; 2 ERP customers share its e-mail)");
    check("field CU1; known CU1=8", "open customer_ambiguous (CU1 belongs to ERP customer 8)");
}

#[test]
fn a_persons_choice_settles_it() {
    check(
        "email CU1; email CU2 --- chooses CU2; known CU2",
        "open customer_ambiguous (CU1, CU2)
         link/pro:1/CU2/7/1
         customer/erp:1/7/1 CU2
         closed matched (CU2 by a person's choice)",
    );
    // The metadata of another ERP customer is left as it is.
    check(
        "chooses CU2; known CU2=8; field CU1; known CU1=7",
        "customer/erp:1/7/1 CU2
         closed matched (CU2 by a person's choice)",
    );
    // Of another account: not this link's.
    check("chooses CU9; gone CU9", "open customer_unmatched (C-7)");
}

#[test]
fn a_later_edit_of_the_field_wins() {
    check(
        "chooses CU2; known CU2=7 --- field CU3; known CU3",
        "customer/erp:1/7/1 CU2
         closed matched (CU2 by a person's choice)
         link/pro:1/CU3/7/1
         closed matched (CU3 by stored link)",
    );
}

#[test]
fn another_accounts_customer_in_the_field_is_left_alone() {
    check("field CU9; gone CU9; email CU3=7", "closed matched (CU3 by e-mail)");
    check("field CU9", "open unavailable (CU9)");
    check("field CU9; odd CU9", "open odd_record (no e-mail)");
}

#[test]
fn a_known_customer_that_is_gone_is_not_replaced_in_silence() {
    check("pair CU1; gone CU1; email CU3", "open record_missing (CU1)");
    check("pair CU1", "open unavailable (CU1)");
}

#[test]
fn nothing_is_written_while_the_link_is_off() {
    check("mode off; email CU3", "closed matched (CU3 by e-mail)");
}

#[test]
fn a_refusal_is_shown_and_holds_nothing_up() {
    check(
        "refused; email CU3",
        "link/pro:1/CU3/7/1
         customer/erp:1/7/1 CU3
         closed matched (CU3 by e-mail) ! rejected (no such field) ! rejected (no such field)",
    );
}

#[test]
fn half_a_directory_proves_nothing() {
    // The right customer, or the second of two, may be among those not read yet.
    check("half read", "open directory_unread ()");
    check("half read; email CU3", "open directory_unread ()");
    check("half read; external CU1=7", "open directory_unread ()");
    // What is known by id needs no list.
    check("half read; pair CU3; known CU3=7; field CU3", "closed matched (CU3 by e-mail)");
}
