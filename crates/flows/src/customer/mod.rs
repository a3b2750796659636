//! Customers: found on both sides and tied together (mission row C9; DESIGN.md section 5,
//! Customers). Not being matched is no error: a mandate request makes the counterpart.

pub mod facts;
pub mod matching;
#[cfg(test)]
mod tests;

use jiff::ToSpan;

use model::command::{ErpWrite, LinkCustomer, ProcessorWrite, SaveCustomerFields, Write};
use model::customer::{CustomerFields, CustomerPair, ErpCustomer, MatchedBy};
use model::decision::{Decision, Stage};
use model::ids::ProcessorCustomerId;
use model::key::Key;
use model::policy::Mode;
use model::reason::{Reason, ReasonCode};
use model::sight::Sight;

use crate::common::Frame;
use crate::people::{close_left, hint_on_change};

pub use facts::CustomerFacts;

/// Seconds between looks while the customers of one side are still being read.
const UNREAD_SECONDS: i64 = 60;

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerDecision {
    pub decision: Decision,
    /// The pair of this link as it is settled now; `None` keeps nothing.
    pub pair: Option<CustomerPair>,
}

/// Decides the next step of one customer's case, for one link.
#[must_use]
pub fn decide(facts: &CustomerFacts) -> CustomerDecision {
    let (mut decision, pair) = decide_match(facts);
    close_left(&facts.person, &mut decision);
    let last = facts.last_reason.as_ref();
    hint_on_change(last, &mut decision, facts.dependants.iter().cloned());
    CustomerDecision { decision, pair }
}

fn decide_match(facts: &CustomerFacts) -> (Decision, Option<CustomerPair>) {
    let rest = |code, detail: &str| {
        (Decision::rest(Stage::Open, Reason::new(code, detail)), facts.pair.clone())
    };
    let customer = match &facts.customer {
        Sight::Found(customer) if customer.inactive => {
            return rest(ReasonCode::CustomerMissing, "the customer is inactive or on hold");
        }
        Sight::Found(customer) => customer,
        Sight::Missing => return rest(ReasonCode::CustomerMissing, "the customer is gone"),
        Sight::Odd(why) => return rest(ReasonCode::OddRecord, why),
        Sight::NotRead => return rest(ReasonCode::Unavailable, ""),
    };
    match matching::counterpart(facts, customer) {
        Ok((processor, by)) => {
            let decision = matched(facts, customer, &processor, by);
            let (link, erp) = (facts.frame.link.clone(), facts.id.clone());
            (decision, Some(CustomerPair { link, erp, processor, by }))
        }
        Err(reason) => {
            let decision = Decision::rest(Stage::Open, reason);
            (again_when_read(&facts.frame, decision), facts.pair.clone())
        }
    }
}

/// Reading all customers takes minutes, not hours.
pub(crate) fn again_when_read(frame: &Frame, decision: Decision) -> Decision {
    if decision.reason.code == ReasonCode::DirectoryUnread {
        return decision.at(frame.now + UNREAD_SECONDS.seconds());
    }
    decision
}

/// Ties both records together. These are annotations: a refusal is shown and holds nothing up.
fn matched(
    facts: &CustomerFacts,
    customer: &ErpCustomer,
    processor: &ProcessorCustomerId,
    by: MatchedBy,
) -> Decision {
    let reason = Reason::new(ReasonCode::Matched, format!("{processor} by {}", word(by)));
    let mut decision = Decision::rest(Stage::Closed, reason);
    match facts.frame.policy.mode {
        Mode::On | Mode::PostOnly => {}
        Mode::Off => return decision,
    }
    let writes = [link(facts, processor), save(facts, customer, processor)];
    for (key, write) in writes.into_iter().flatten() {
        let issued = facts.frame.issue(Stage::Closed, key, write, None);
        match issued.command {
            Some(command) => {
                decision.command = Some(command);
                return decision;
            }
            None => decision.attention.push(issued.reason),
        }
    }
    decision
}

fn word(by: MatchedBy) -> &'static str {
    match by {
        MatchedBy::StoredLink => "stored link",
        MatchedBy::ExternalId => "external id",
        MatchedBy::Email => "e-mail",
        MatchedBy::Person => "a person's choice",
        MatchedBy::Created => "our mandate request",
    }
}

/// The ERP customer's id into the counterpart's metadata, unless it names one.
fn link(facts: &CustomerFacts, processor: &ProcessorCustomerId) -> Option<(Key, Write)> {
    let seen = facts.seen(processor)?;
    if seen.erp_customer.is_some() || facts.was_linked(processor) {
        return None;
    }
    let (account, erp) = (facts.frame.processor.as_str(), facts.id.as_str());
    let head = ["link", account, processor.as_str(), erp];
    let nth = facts.frame.next_nth_of(&head).to_string();
    let key = Key::new(&[head[0], head[1], head[2], head[3], &nth]);
    let write = LinkCustomer { erp_customer: facts.id.clone(), customer: processor.clone() };
    Some((key, Write::Processor(ProcessorWrite::LinkCustomer(write))))
}

/// The counterpart's id into the ERP's field, when it is blank or names another customer of this
/// account. What names another account's customer is left alone, and what was just saved and did
/// not hold is not saved again.
fn save(
    facts: &CustomerFacts,
    customer: &ErpCustomer,
    processor: &ProcessorCustomerId,
) -> Option<(Key, Write)> {
    let ours = match &customer.stored.processor_customer {
        None => true,
        Some(stored) => stored != processor && facts.sight(stored).found().is_some(),
    };
    if !ours || facts.last_saved() == Some(processor) {
        return None;
    }
    let head = ["customer", facts.frame.erp.as_str(), facts.id.as_str()];
    let nth = facts.frame.next_nth_of(&head).to_string();
    let key = Key::new(&[head[0], head[1], head[2], &nth]);
    let fields =
        CustomerFields { processor_customer: Some(processor.clone()), ..CustomerFields::default() };
    let write = SaveCustomerFields { customer: facts.id.clone(), fields };
    Some((key, Write::Erp(ErpWrite::SaveCustomerFields(write))))
}
