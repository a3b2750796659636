//! The small world that the stories play in: facts from words, decisions to words.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use model::case::{Actor, CaseKey};
use model::command::{
    Command, CommandState, CommandView, ErpWrite, InviteMandate, ProcessorWrite, Rejection,
    RejectionCause, RequestMandate, SaveCustomerFields, Write, WriteAnswer,
};
use model::customer::{CustomerFields, ErpCustomer};
use model::decision::Decision;
use model::direct::{Authorised, MandateOrder};
use model::ids::{
    AccountId, BankDetailsId, ErpCustomerId, InvoiceId, LinkId, MandateId, MandateRequestId,
    ProcessorCustomerId,
};
use model::ledger::PeriodBook;
use model::mandate::{Invitation, Mandate, MandateRequest, MandateRequestStatus, MandateStatus};
use model::money::Currency;
use model::person::{PersonFact, PersonSaid};
use model::policy::{DetailsNotAllowed, MandateRequestPolicy, Mode, Policy};
use model::reason::{Reason, ReasonCode};
use model::sight::Sight;

use crate::common::Frame;
use crate::mandate::{MandateFacts, decide};

pub struct World {
    facts: MandateFacts,
    /// The ERP keeps what is written into its fields.
    keeps: bool,
    /// The ERP refuses the fields.
    refuses: bool,
    /// The processor gives a link with an invitation.
    gives_links: bool,
    /// The next write of this name is refused for this cause.
    refusal: Option<(String, RejectionCause)>,
}

const LOOKS_MAX: usize = 20;

fn frame() -> Frame {
    Frame {
        now: "2026-11-20T09:00:00Z".parse().unwrap(),
        today: date(2026, 11, 20),
        zone: TimeZone::UTC,
        erp: AccountId::new("erp:1"),
        processor: AccountId::new("pro:1"),
        link: LinkId::new("uk"),
        policy: Policy {
            mode: Mode::On,
            mandate_request: MandateRequestPolicy::Link,
            ..Policy::default()
        },
        stopped: false,
        periods: PeriodBook::default(),
        direct: true,
        commands: Vec::new(),
    }
}

fn customer() -> ErpCustomer {
    ErpCustomer {
        id: ErpCustomerId::new("7"),
        code: "C-7".to_owned(),
        company_name: Some("Acme".to_owned()),
        given_name: None,
        family_name: None,
        email: Some("a@acme.test".to_owned()),
        country: Some("GB".to_owned()),
        language: None,
        inactive: false,
        subsidiary: None,
        stored: CustomerFields::default(),
        version: String::new(),
    }
}

impl World {
    pub fn new() -> World {
        let erp = AccountId::new("erp:1");
        let facts = MandateFacts {
            frame: frame(),
            id: ErpCustomerId::new("7"),
            currency: Currency::GBP,
            customer: Sight::Found(customer()),
            pair: None,
            unmatched: None,
            mandates: Vec::new(),
            requests: BTreeMap::new(),
            invited_at: BTreeMap::new(),
            invitations: Vec::new(),
            wanted: true,
            collections: vec![CaseKey::collection(&erp, &InvoiceId::new("INV1"))],
            person: Vec::new(),
            held: BTreeSet::new(),
            last_reason: None,
        };
        World { facts, keeps: true, refuses: false, gives_links: true, refusal: None }
    }

    fn customer(&mut self) -> &mut ErpCustomer {
        match &mut self.facts.customer {
            Sight::Found(customer) => customer,
            Sight::Missing | Sight::Odd(_) | Sight::NotRead => panic!("no customer"),
        }
    }

    /// One fact per line; the first word says which.
    pub fn learn(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["customer", "missing"] => self.facts.customer = Sight::Missing,
            ["customer", "unread"] => self.facts.customer = Sight::NotRead,
            ["customer", "odd"] => self.facts.customer = Sight::Odd("no id".to_owned()),
            ["customer", "inactive"] => self.customer().inactive = true,
            ["customer", "without_email"] => self.customer().email = None,
            ["last", "unknown"] => {
                let last = self.facts.frame.commands.last_mut().unwrap();
                last.state = CommandState::InFlight;
                last.answer = None;
            }
            ["field", name, value] => self.learn_field(name, value),
            ["pair", id] => self.facts.pair = Some(ProcessorCustomerId::new(*id)),
            ["unmatched", code] => {
                let code = ReasonCode::ALL.iter().find(|known| known.code() == *code).unwrap();
                self.facts.unmatched = Some(Reason::plain(*code));
            }
            ["mandate", id, currency, status, rest @ ..] => {
                self.learn_mandate(id, currency, status, rest);
            }
            ["request", id, status, rest @ ..] => self.learn_request(id, status, rest),
            ["expires", url, at] => self.facts.invitations.push(Invitation {
                request: MandateRequestId::new("BRQ1"),
                url: (*url).to_owned(),
                expires_at: Some(at.parse().unwrap()),
            }),
            ["days", days] => {
                let hours = days.parse::<i64>().unwrap() * 24;
                let later = self.facts.frame.now + SignedDuration::from_hours(hours);
                self.facts.frame.now = later;
            }
            ["unwanted"] => self.facts.wanted = false,
            ["stopped"] => self.facts.frame.stopped = true,
            ["policy", "off"] => {
                self.facts.frame.policy.mandate_request = MandateRequestPolicy::Off;
            }
            ["mode", "off"] => self.facts.frame.policy.mode = Mode::Off,
            ["mode", "post_only"] => self.facts.frame.policy.mode = Mode::PostOnly,
            ["erp", "forgets"] => self.keeps = false,
            ["erp", "refuses"] => self.refuses = true,
            ["processor", "gives_no_link"] => self.gives_links = false,
            ["says", "release"] => self.learn_said(PersonSaid::Release { about: None }),
            _ => self.learn_of_orders(line),
        }
    }

    /// What concerns bank details and their orders.
    fn learn_of_orders(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["says", "retry"] => self.learn_said(PersonSaid::Retry { about: None }),
            ["says", "leave", code] => {
                let code = ReasonCode::ALL.iter().find(|known| known.code() == *code).unwrap();
                self.learn_said(PersonSaid::Leave { code: *code });
            }
            ["says", "order"] => self.learn_order(),
            ["details", "gone"] => self.facts.held.clear(),
            ["policy", "hold"] => {
                self.facts.frame.policy.bank_details_not_allowed = DetailsNotAllowed::Hold;
            }
            ["refuses", cause, write @ ..] => {
                let cause = match *cause {
                    "permission" => RejectionCause::Permission,
                    "unsupported" => RejectionCause::Unsupported,
                    "validation" => RejectionCause::Validation,
                    "state" => RejectionCause::State,
                    _ => panic!("no cause: {cause}"),
                };
                self.refusal = Some((write.join(" "), cause));
            }
            // As the engine does it once a person gave the details again.
            ["cleared"] => {
                for view in &mut self.facts.frame.commands {
                    if view.state == CommandState::Rejected {
                        view.state = CommandState::Ended;
                        view.sends = 0;
                        view.rejection = None;
                    }
                }
            }
            _ => panic!("no fact: {line}"),
        }
    }

    fn learn_said(&mut self, said: PersonSaid) {
        let (at, actor) = (self.facts.frame.now, Actor::Person("ann".to_owned()));
        let nth = i64::try_from(self.facts.person.len()).unwrap() + 1;
        self.facts.person.push(PersonFact { nth, at, actor, said });
    }

    /// A person gives bank details.
    fn learn_order(&mut self) {
        let details = BankDetailsId::new(format!("d{}", self.facts.person.len() + 1));
        self.facts.held.insert(details.clone());
        let scheme = "bacs".to_owned();
        let order = MandateOrder { details, scheme, authorised: Authorised::Paper };
        self.learn_said(PersonSaid::OrderMandate { order });
    }

    fn learn_field(&mut self, name: &str, value: &str) {
        let value = (value != "-").then(|| value.to_owned());
        let stored = &mut self.customer().stored;
        match name {
            "mandate" => stored.mandate = value.map(|id| MandateId::new(id.as_str())),
            "status" => stored.mandate_status = value,
            "customer" => {
                stored.processor_customer = value.map(|id| ProcessorCustomerId::new(id.as_str()));
            }
            "link" => stored.authorisation_link = value,
            _ => panic!("no field: {name}"),
        }
    }

    fn learn_mandate(&mut self, id: &str, currency: &str, status: &str, rest: &[&str]) {
        let status = match status {
            "active" => MandateStatus::Active,
            "pending" => MandateStatus::PendingSubmission,
            "approval" => MandateStatus::PendingCustomerApproval,
            "cancelled" => MandateStatus::Cancelled,
            "expired" => MandateStatus::Expired,
            _ => panic!("no status: {status}"),
        };
        let replaced_by = match rest {
            [] => None,
            ["replaced_by", id] => Some(MandateId::new(*id)),
            _ => panic!("no mandate: {rest:?}"),
        };
        self.facts.mandates.retain(|mandate| mandate.id.as_str() != id);
        let nth = i64::try_from(self.facts.mandates.len()).unwrap();
        self.facts.mandates.push(Mandate {
            id: MandateId::new(id),
            customer: ProcessorCustomerId::new("CU1"),
            creditor: None,
            status,
            scheme: "bacs".to_owned(),
            currency: currency.parse().unwrap(),
            next_possible_charge_on: None,
            reference_max: None,
            created_at: Timestamp::from_second(nth).unwrap(),
            replaced_by,
        });
    }

    fn learn_request(&mut self, id: &str, status: &str, rest: &[&str]) {
        let id = MandateRequestId::new(id);
        let status = match status {
            "pending" => MandateRequestStatus::Pending,
            "fulfilling" => MandateRequestStatus::Fulfilling,
            "fulfilled" => MandateRequestStatus::Fulfilled,
            "cancelled" => MandateRequestStatus::Cancelled,
            "missing" => {
                self.facts.requests.insert(id, Sight::Missing);
                return;
            }
            "unread" => {
                self.facts.requests.insert(id, Sight::NotRead);
                return;
            }
            _ => panic!("no status: {status}"),
        };
        let request = MandateRequest {
            id: id.clone(),
            status,
            customer: None,
            mandate: rest.first().map(|id| MandateId::new(*id)),
            erp_customer: Some(self.facts.id.clone()),
            currency: Some(self.facts.currency),
            created_at: Timestamp::UNIX_EPOCH,
        };
        self.facts.requests.insert(id, Sight::Found(request));
    }

    /// Looks until nothing changes any more.
    pub fn play(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        for _ in 0..LOOKS_MAX {
            let decision = decide(&self.facts);
            self.facts.last_reason = Some(decision.reason.clone());
            match &decision.command {
                Some(command) => told.push(self.make(command, &decision)),
                None => {
                    let erased = self.erase(&decision);
                    told.push(rest_words(&decision) + &erased);
                    return told;
                }
            }
        }
        panic!("no rest after {LOOKS_MAX} looks: {told:?}");
    }

    fn make(&mut self, command: &Command, decision: &Decision) -> String {
        let (words, id, url) = match &command.write {
            Write::Processor(ProcessorWrite::RequestMandate(write)) => self.request(write),
            Write::Processor(ProcessorWrite::InviteMandate(write)) => self.invite(command, write),
            Write::Erp(ErpWrite::SaveCustomerFields(write)) => self.save(write),
            Write::Processor(ProcessorWrite::CreateCustomer(write)) => {
                ("new payer once ".to_owned() + &write.once, "CU9".to_owned(), None)
            }
            Write::Processor(ProcessorWrite::CreateBankAccount(write)) => {
                let words = format!("{} of {}", write.details, write.customer);
                (words, format!("BA-{}", write.details), None)
            }
            Write::Processor(ProcessorWrite::CreateMandate(write)) => {
                (format!("{} by {}", write.bank_account, write.scheme), "MD9".to_owned(), None)
            }
            other => panic!("unexpected {other:?}"),
        };
        let erp = self.refuses && matches!(command.write, Write::Erp(_));
        let by_processor = self.refusal.take_if(|(write, _)| write == command.write.name());
        let rejection = match by_processor {
            Some((_, cause)) => Some((cause, "not this one")),
            None => erp.then_some((RejectionCause::Validation, "no such field")),
        };
        let rejection = rejection.map(|(cause, words)| Rejection {
            cause,
            words: words.to_owned(),
            field: None,
        });
        let refused = rejection.is_some();
        if !refused && matches!(command.write, Write::Processor(ProcessorWrite::CreateCustomer(_)))
        {
            self.facts.pair = Some(ProcessorCustomerId::new("CU9"));
        }
        self.facts.frame.commands.retain(|view| view.key != command.key);
        self.facts.frame.commands.push(CommandView {
            key: command.key.clone(),
            write: command.write.clone(),
            state: if refused { CommandState::Rejected } else { CommandState::Done },
            answer: (!refused).then_some(WriteAnswer { id, adopted: false, url }),
            rejection,
            sends: 1,
        });
        let hints = if decision.hints.is_empty() { "" } else { " hints" };
        format!("{} {words}{}{hints}", command.key, self.erase(decision))
    }

    fn erase(&mut self, decision: &Decision) -> String {
        self.facts.held.retain(|id| !decision.erase.contains(id));
        decision.erase.iter().map(|id| format!(" erases {id}")).collect()
    }

    fn request(&mut self, write: &RequestMandate) -> (String, String, Option<String>) {
        let id = format!("BRQ{}", self.facts.requests.len() + 1);
        self.learn_request(&id, "pending", &[]);
        let customer = write.customer.as_ref().map_or("new", ProcessorCustomerId::as_str);
        assert_eq!(write.metadata.get("mlc_customer").map(String::as_str), Some("7"));
        (format!("for {customer}"), id, None)
    }

    fn invite(
        &mut self,
        command: &Command,
        write: &InviteMandate,
    ) -> (String, String, Option<String>) {
        self.facts.invited_at.insert(command.key.clone(), self.facts.frame.now);
        let nth = self.facts.invited_at.len();
        let url = self.gives_links.then(|| format!("url{nth}"));
        (write.request.to_string(), format!("BRF{nth}"), url)
    }

    fn save(&mut self, write: &SaveCustomerFields) -> (String, String, Option<String>) {
        let fields = &write.fields;
        let mut words = Vec::new();
        let keeps = self.keeps && !self.refuses;
        let stored = &mut self.customer().stored;
        let blank = |text: &String| (!text.is_empty()).then(|| text.clone());
        if let Some(id) = &fields.processor_customer {
            words.push(format!("customer={id}"));
            stored.processor_customer = Some(id.clone()).filter(|_| keeps);
        }
        if let Some(id) = &fields.mandate {
            words.push(format!("mandate={id}"));
            stored.mandate = Some(id.clone()).filter(|_| keeps);
        }
        if let Some(status) = &fields.mandate_status {
            words.push(format!("status={status}"));
            stored.mandate_status = blank(status).filter(|_| keeps);
        }
        if let Some(link) = &fields.authorisation_link {
            words.push(format!("link={link}"));
            stored.authorisation_link = blank(link).filter(|_| keeps);
        }
        (words.join(" "), "7".to_owned(), None)
    }
}

fn rest_words(decision: &Decision) -> String {
    let reason = |reason: &Reason| format!("{} ({})", reason.code.code(), reason.detail);
    let mut words = vec![decision.stage.word().to_owned(), reason(&decision.reason)];
    words.extend(decision.attention.iter().map(|note| format!("! {}", reason(note))));
    words.extend(decision.look_at.map(|at| format!("look {at}")));
    if !decision.hints.is_empty() {
        let hints: Vec<String> = decision.hints.iter().map(ToString::to_string).collect();
        words.push(format!("hints {}", hints.join(" ")));
    }
    words.join(" ")
}
