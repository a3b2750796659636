//! Asking for a mandate: one request at a time, and for it the newest authorisation link. Links
//! expire and are renewed, the request is never doubled (gocardless sheet section 20).

use std::collections::BTreeMap;

use model::case::CaseKey;
use model::command::{InviteMandate, ProcessorWrite, RequestMandate, Write};
use model::customer::ErpCustomer;
use model::decision::{Decision, Stage};
use model::ids::MandateRequestId;
use model::key::Key;
use model::mandate::{Mandate, MandateRequest, MandateRequestStatus};
use model::payment::metadata;
use model::person::PersonSaid;
use model::policy::{MandateRequestPolicy, Mode};
use model::reason::{Reason, ReasonCode, ReasonKind};
use model::sight::Sight;

use crate::common::Frame;
use crate::customer::again_when_read;
use crate::unresolved::unresolved;

use super::facts::MandateFacts;
use super::order::{self, Step};

/// Cancelled requests after which a person must say whether to ask again.
const CANCELLED_MAX: usize = 5;

fn rest(stage: Stage, code: ReasonCode, detail: impl Into<String>) -> Decision {
    Decision::rest(stage, Reason::new(code, detail))
}

/// The next step towards a mandate, when there is none that is usable.
#[must_use]
pub fn next(facts: &MandateFacts, customer: &ErpCustomer, last: Option<&Mandate>) -> Decision {
    if let Some(reason) = &facts.unmatched
        && (reason.code.kind() == ReasonKind::NeedsPerson
            || reason.code == ReasonCode::DirectoryUnread)
    {
        // A payer that is not known yet may have a mandate already.
        let decision = Decision::rest(Stage::Open, reason.clone());
        return again_when_read(&facts.frame, decision);
    }
    let mut decision = match under_way(facts) {
        UnderWay::Wait(decision) => *decision,
        under_way => match order::next(facts, customer) {
            Step::Decided(decision) => return *decision,
            Step::Nothing => {
                let by_link = facts.frame.policy.mandate_request == MandateRequestPolicy::Link;
                by_request(facts, customer, last, &under_way, by_link)
            }
            Step::AskPayer(note) => {
                let mut decision = by_request(facts, customer, last, &under_way, true);
                decision.attention.push(note);
                decision
            }
        },
    };
    let without_email = customer.email.as_deref().is_none_or(|email| email.trim().is_empty());
    let asking = matches!(decision.reason.code, ReasonCode::MandatePending | ReasonCode::Acting);
    if without_email && asking {
        let code = customer.code.clone();
        decision.attention.push(Reason::new(ReasonCode::CustomerWithoutEmail, code));
    }
    decision
}

/// The payer is asked by a link, where that is wanted.
fn by_request(
    facts: &MandateFacts,
    customer: &ErpCustomer,
    last: Option<&Mandate>,
    under_way: &UnderWay<'_>,
    by_link: bool,
) -> Decision {
    match under_way {
        UnderWay::Wait(decision) => Decision::clone(decision),
        UnderWay::Pending(request) => pending(facts, customer, request, by_link),
        UnderWay::None { cancelled } => match hindrance(facts, last, *cancelled, by_link) {
            Some(decision) => decision,
            None => ask(facts, customer),
        },
    }
}

enum UnderWay<'a> {
    /// The payer has not authorised it yet.
    Pending(&'a MandateRequest),
    Wait(Box<Decision>),
    None {
        cancelled: usize,
    },
}

/// What became of the requests of this case. One that can not be read is never doubled.
fn under_way(facts: &MandateFacts) -> UnderWay<'_> {
    let mut newest = UnderWay::None { cancelled: 0 };
    let mut cancelled = 0;
    for id in facts.requested() {
        let wait =
            |code, detail: String| UnderWay::Wait(Box::new(rest(Stage::Collecting, code, detail)));
        newest = match facts.requests.get(&id).unwrap_or(&Sight::NotRead) {
            Sight::NotRead => wait(ReasonCode::Unavailable, format!("request {id}")),
            // A person says whether to ask anew.
            Sight::Missing if asked_again(facts) > 0 => UnderWay::None { cancelled },
            Sight::Missing => wait(ReasonCode::RecordMissing, format!("request {id}")),
            Sight::Odd(why) => wait(ReasonCode::OddRecord, why.clone()),
            Sight::Found(request) => match request.status {
                MandateRequestStatus::Pending => UnderWay::Pending(request),
                MandateRequestStatus::Fulfilling => {
                    wait(ReasonCode::MandatePending, format!("request {id} is being fulfilled"))
                }
                MandateRequestStatus::Fulfilled => fulfilled(facts, request),
                MandateRequestStatus::Cancelled => {
                    cancelled += 1;
                    UnderWay::None { cancelled }
                }
            },
        };
        // Something is under way: what came later can only be a double.
        if !matches!(newest, UnderWay::None { .. }) {
            return newest;
        }
    }
    match newest {
        UnderWay::None { .. } => UnderWay::None { cancelled },
        UnderWay::Pending(_) | UnderWay::Wait(_) => newest,
    }
}

/// The mandate of a fulfilled request appears soon; one that is known and not usable was used up.
fn fulfilled<'a>(facts: &MandateFacts, request: &MandateRequest) -> UnderWay<'a> {
    let known = request
        .mandate
        .as_ref()
        .is_some_and(|id| facts.mandates.iter().any(|mandate| mandate.id == *id));
    if known {
        return UnderWay::None { cancelled: 0 };
    }
    let detail = match &request.mandate {
        Some(mandate) => format!("mandate {mandate} was authorised"),
        None => format!("request {} was authorised", request.id),
    };
    let mut decision = rest(Stage::Collecting, ReasonCode::MandatePending, detail);
    // The processor made a customer for it: its case finds the pair.
    decision.hints.push(CaseKey::customer(&facts.frame.erp, &facts.id));
    UnderWay::Wait(Box::new(decision))
}

/// Why nothing is asked for, if so.
fn hindrance(
    facts: &MandateFacts,
    last: Option<&Mandate>,
    cancelled: usize,
    by_link: bool,
) -> Option<Decision> {
    if !facts.wanted {
        return Some(rest(Stage::Closed, ReasonCode::MandateNotWanted, "nothing to collect"));
    }
    if !by_link {
        return Some(no_mandate(facts, last));
    }
    if let Some(held) = held_back(&facts.frame) {
        return Some(held);
    }
    (cancelled >= CANCELLED_MAX + asked_again(facts)).then(|| {
        let detail = format!("{cancelled} requests were cancelled");
        rest(Stage::Open, ReasonCode::MandateRequestFailed, detail)
    })
}

/// The link's mode or the global stop lets nothing be asked for or made.
pub(super) fn held_back(frame: &Frame) -> Option<Decision> {
    match frame.policy.mode {
        Mode::On => {}
        Mode::PostOnly => return Some(rest(Stage::Open, ReasonCode::PostOnly, "")),
        Mode::Off => return Some(rest(Stage::Open, ReasonCode::LinkOff, "")),
    }
    frame.stopped.then(|| rest(Stage::Open, ReasonCode::Stopped, ""))
}

/// How often people asked for another try.
fn asked_again(facts: &MandateFacts) -> usize {
    let asked = facts
        .person
        .iter()
        .filter(|fact| matches!(fact.said, PersonSaid::Retry { .. } | PersonSaid::Release { .. }));
    asked.count()
}

fn no_mandate(facts: &MandateFacts, last: Option<&Mandate>) -> Decision {
    match last {
        Some(last) => rest(
            Stage::Open,
            ReasonCode::MandateUnusable,
            format!("{} is {}", last.id, last.status.words().to_lowercase()),
        ),
        None => rest(Stage::Open, ReasonCode::NoMandate, facts.currency.code()),
    }
}

/// Makes a request, with the customer that is matched or with one that the processor makes.
fn ask(facts: &MandateFacts, customer: &ErpCustomer) -> Decision {
    let frame = &facts.frame;
    // What it was sent with counts, even if the customer was edited meanwhile.
    let asked = unresolved(frame, Stage::Collecting, |view| {
        matches!(view.write, Write::Processor(ProcessorWrite::RequestMandate(_)))
    });
    if let Some(decision) = asked {
        return decision;
    }
    let (erp, currency) = (facts.id.as_str(), facts.currency.code().to_owned());
    let head = ["mandate", frame.processor.as_str(), erp, currency.as_str()];
    let nth = frame.next_nth_of(&head).to_string();
    let key = Key::new(&[head[0], head[1], head[2], head[3], &nth]);
    let write = Write::Processor(ProcessorWrite::RequestMandate(RequestMandate {
        erp_customer: facts.id.clone(),
        customer: facts.pair.clone(),
        currency: facts.currency,
        description: customer.code.clone(),
        metadata: BTreeMap::from([
            (metadata::CUSTOMER.to_owned(), facts.id.to_string()),
            (metadata::KEY.to_owned(), key.to_string()),
            (metadata::LINK.to_owned(), frame.link.to_string()),
        ]),
    }));
    frame.issue(Stage::Collecting, key, write, None)
}

/// The payer is to authorise: a link that counts, renewed when it expired and is still wanted.
fn pending(
    facts: &MandateFacts,
    customer: &ErpCustomer,
    request: &MandateRequest,
    by_link: bool,
) -> Decision {
    let frame = &facts.frame;
    let handed_out = facts.handed_out(&request.id);
    if let Some(link) = &handed_out
        && link.expires_at > frame.now
    {
        let detail = format!("the link is valid until {}", frame.date_of(link.expires_at));
        return rest(Stage::Collecting, ReasonCode::MandatePending, detail).at(link.expires_at);
    }
    let may = facts.wanted && frame.policy.mode == Mode::On && by_link && !frame.stopped;
    if !may {
        let detail = format!("request {}, no link is valid", request.id);
        return rest(Stage::Collecting, ReasonCode::MandatePending, detail);
    }
    if handed_out.is_none() && facts.invited(&request.id).next().is_some() {
        let detail = format!("no link came for request {}", request.id);
        return rest(Stage::Collecting, ReasonCode::MandateRequestFailed, detail);
    }
    invite(facts, customer, &request.id)
}

fn invite(facts: &MandateFacts, customer: &ErpCustomer, request: &MandateRequestId) -> Decision {
    let head = ["invite", request.as_str()];
    let nth = facts.frame.next_nth_of(&head).to_string();
    let key = Key::new(&[head[0], head[1], &nth]);
    let write = Write::Processor(ProcessorWrite::InviteMandate(InviteMandate {
        erp_customer: facts.id.clone(),
        request: request.clone(),
        company_name: customer.company_name.clone(),
        given_name: customer.given_name.clone(),
        family_name: customer.family_name.clone(),
        email: customer.email.clone(),
        country: customer.country.clone(),
    }));
    facts.frame.issue(Stage::Collecting, key, write, None)
}
