//! Mandates: an existing usable one is found and kept current on the ERP's customer; else, by
//! policy, one is asked for by an authorisation link (DESIGN.md section 5, Mandates; mission rows
//! NG6 and AG4).

pub mod facts;
pub mod fields;
pub mod order;
pub mod request;
#[cfg(test)]
mod tests;

use model::decision::{Decision, Stage};
use model::person::PersonFact;
use model::reason::{Reason, ReasonCode};
use model::sight::Sight;

use crate::people::{close_left, hint_on_change};

pub use facts::{Choice, MandateFacts};

/// Decides the next step of one mandate's case.
#[must_use]
pub fn decide(facts: &MandateFacts) -> Decision {
    let mut decision = decide_mandate(facts);
    let code = decision.reason.code;
    let settled = matches!(code, ReasonCode::MandateUsable | ReasonCode::MandateAmbiguous);
    decision.erase = order::spent(facts, settled, &decision);
    let said: Vec<PersonFact> =
        facts.person.iter().filter(|one| !order::speaks_of_orders(&one.said)).cloned().collect();
    close_left(&said, &mut decision);
    if decision.reason.code != ReasonCode::Acting {
        let last = facts.last_reason.as_ref();
        hint_on_change(last, &mut decision, facts.collections.iter().cloned());
    }
    decision
}

fn decide_mandate(facts: &MandateFacts) -> Decision {
    let rest = |code, detail: &str| Decision::rest(Stage::Open, Reason::new(code, detail));
    let customer = match &facts.customer {
        Sight::Found(customer) if customer.inactive => {
            return rest(ReasonCode::CustomerMissing, "the customer is inactive or on hold");
        }
        Sight::Found(customer) => customer,
        Sight::Missing => return rest(ReasonCode::CustomerMissing, "the customer is gone"),
        Sight::Odd(why) => return rest(ReasonCode::OddRecord, why),
        Sight::NotRead => return rest(ReasonCode::Unavailable, ""),
    };
    let choice = facts.choose(customer.stored.mandate.as_ref());
    let mut decision = match &choice {
        Choice::Usable(mandate) => {
            let detail = format!("{} is {}", mandate.id, mandate.status.words().to_lowercase());
            Decision::rest(Stage::Closed, Reason::new(ReasonCode::MandateUsable, detail))
        }
        Choice::Ambiguous(usable) => {
            let ids: Vec<&str> = usable.iter().map(|mandate| mandate.id.as_str()).collect();
            rest(ReasonCode::MandateAmbiguous, &ids.join(", "))
        }
        Choice::None(last) => request::next(facts, customer, *last),
    };
    fields::add(facts, customer, &choice, &mut decision);
    decision
}
