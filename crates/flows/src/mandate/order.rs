//! A mandate made directly from bank details that the merchant holds, on a person's order: first the
//! payer's bank account, then the mandate on it, each under a key that counts the order. Where the
//! processor does not allow it, the payer is asked by a link instead, if the policy says so
//! (DESIGN.md section 5, Mandates; gocardless sheet sections 7 to 9).

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use model::case::CaseKey;
use model::command::{CommandState, CommandView, ProcessorWrite, Rejection, RejectionCause, Write};
use model::customer::ErpCustomer;
use model::decision::{Decision, Stage};
use model::direct::{CreateBankAccount, CreateCustomer, CreateMandate, MandateOrder};
use model::ids::{BankAccountId, BankDetailsId, MandateId, ProcessorCustomerId};
use model::key::Key;
use model::payment::metadata;
use model::person::PersonSaid;
use model::policy::DetailsNotAllowed;
use model::reason::{Reason, ReasonCode};

use crate::unresolved::unresolved;

use super::facts::MandateFacts;

/// Details that could not be used for so long are erased, and given again if still wanted.
const DETAILS_LIFE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// A mandate just made that no list shows yet is looked for again after this.
const SHOWS_SOON: SignedDuration = SignedDuration::from_mins(5);

/// What an order comes to at this look.
pub enum Step {
    /// Nothing is ordered, or what was ordered was made.
    Nothing,
    Decided(Box<Decision>),
    /// It is not allowed: the payer is asked by a link, and this is noted.
    AskPayer(Reason),
}

/// The newest order of the case.
struct Order<'a> {
    /// Among everything that people said of the case.
    nth: String,
    at: Timestamp,
    order: &'a MandateOrder,
}

/// How an order ended without a mandate.
enum End {
    NotAllowed(String),
    Refused(String),
    /// It was of no use: another mandate was usable when it came.
    Dropped,
}

fn rest(code: ReasonCode, detail: impl Into<String>) -> Decision {
    Decision::rest(Stage::Collecting, Reason::new(code, detail))
}

/// The order that counts, unless a person left it since.
fn newest(facts: &MandateFacts) -> Option<Order<'_>> {
    let last = facts.person.iter().rev().find(|fact| speaks_of_orders(&fact.said))?;
    match &last.said {
        PersonSaid::OrderMandate { order } => {
            Some(Order { nth: last.nth.to_string(), at: last.at, order })
        }
        PersonSaid::Retry { .. }
        | PersonSaid::Release { .. }
        | PersonSaid::Stop { .. }
        | PersonSaid::Ignore { .. }
        | PersonSaid::Adopt { .. }
        | PersonSaid::NotOurs { .. }
        | PersonSaid::Match { .. }
        | PersonSaid::Choose { .. }
        | PersonSaid::Leave { .. } => None,
    }
}

/// Gives an order, or leaves one; the latter counts for what was ordered before, and for no more.
#[must_use]
pub fn speaks_of_orders(said: &PersonSaid) -> bool {
    match said {
        PersonSaid::OrderMandate { .. } => true,
        PersonSaid::Leave { code } => {
            matches!(code, ReasonCode::BankDetailsNotAllowed | ReasonCode::BankDetailsRefused)
        }
        PersonSaid::Retry { .. }
        | PersonSaid::Release { .. }
        | PersonSaid::Stop { .. }
        | PersonSaid::Ignore { .. }
        | PersonSaid::Adopt { .. }
        | PersonSaid::NotOurs { .. }
        | PersonSaid::Match { .. }
        | PersonSaid::Choose { .. } => false,
    }
}

/// The next step of the newest order, when no mandate is usable.
#[must_use]
pub fn next(facts: &MandateFacts, customer: &ErpCustomer) -> Step {
    let decided = |decision: Decision| Step::Decided(Box::new(decision));
    // What may have happened is known before anything else is begun, an earlier order's too.
    if let Some(open) = unresolved(&facts.frame, Stage::Collecting, is_of_an_order) {
        return decided(open);
    }
    if let Some(made) = not_shown_yet(facts) {
        let detail = format!("mandate {made} was made");
        let again = facts.frame.now.saturating_add(SHOWS_SOON).unwrap_or(facts.frame.now);
        return decided(rest(ReasonCode::MandatePending, detail).at(again));
    }
    let Some(order) = newest(facts) else { return Step::Nothing };
    // Known and not usable: it was used up.
    if done_id(facts, "direct-mandate", &order).is_some() {
        return Step::Nothing;
    }
    match ended(facts, &order) {
        Some(End::NotAllowed(words)) => {
            let reason = Reason::new(ReasonCode::BankDetailsNotAllowed, words);
            match facts.frame.policy.bank_details_not_allowed {
                DetailsNotAllowed::Link => Step::AskPayer(reason),
                DetailsNotAllowed::Hold => decided(Decision::rest(Stage::Open, reason)),
            }
        }
        Some(End::Refused(words)) => {
            let reason = Reason::new(ReasonCode::BankDetailsRefused, words);
            decided(Decision::rest(Stage::Open, reason))
        }
        Some(End::Dropped) => Step::Nothing,
        None => decided(act(facts, customer, &order)),
    }
}

/// A mandate that an order made and no read shows yet, whichever order it was.
fn not_shown_yet(facts: &MandateFacts) -> Option<MandateId> {
    let made = facts.frame.commands.iter().filter(|view| match &view.write {
        Write::Processor(ProcessorWrite::CreateMandate(_)) => view.state == CommandState::Done,
        Write::Processor(_) | Write::Erp(_) => false,
    });
    let mut ids = made.filter_map(|view| view.answer.as_ref()).map(|answer| answer.id.as_str());
    let known = |id: &str| facts.mandates.iter().any(|mandate| mandate.id.as_str() == id);
    ids.find(|id| !known(id)).map(MandateId::new)
}

/// The next write that the order needs.
fn act(facts: &MandateFacts, customer: &ErpCustomer, order: &Order<'_>) -> Decision {
    if let Some(held) = super::request::held_back(&facts.frame) {
        return held;
    }
    let Some(payer) = &facts.pair else { return create_customer(facts, customer) };
    match done_id(facts, "bank-account", order) {
        None => create_bank_account(facts, payer, order),
        Some(account) => create_mandate(facts, payer, &BankAccountId::new(account), order),
    }
}

/// Only once the customer's own case found no counterpart; until then it is being matched.
fn create_customer(facts: &MandateFacts, customer: &ErpCustomer) -> Decision {
    let code = facts.unmatched.as_ref().map(|reason| reason.code);
    if code != Some(ReasonCode::CustomerUnmatched) {
        let mut decision = rest(ReasonCode::CustomerUnmatched, customer.code.clone());
        decision.hints.push(CaseKey::customer(&facts.frame.erp, &facts.id));
        return decision;
    }
    let key = next_key(facts, &payer_head(facts));
    let write = CreateCustomer {
        erp_customer: facts.id.clone(),
        once: Key::new(&["payer", facts.frame.processor.as_str(), facts.id.as_str()]).to_string(),
        company_name: customer.company_name.clone(),
        given_name: customer.given_name.clone(),
        family_name: customer.family_name.clone(),
        email: customer.email.clone(),
        country: customer.country.clone(),
        metadata: BTreeMap::from([(metadata::CUSTOMER.to_owned(), facts.id.to_string())]),
    };
    issue(facts, key, ProcessorWrite::CreateCustomer(write))
}

fn create_bank_account(
    facts: &MandateFacts,
    payer: &ProcessorCustomerId,
    order: &Order<'_>,
) -> Decision {
    let key = next_key(facts, &head(facts, "bank-account", order));
    let write = CreateBankAccount {
        erp_customer: facts.id.clone(),
        customer: payer.clone(),
        currency: facts.currency,
        details: order.order.details.clone(),
        metadata: BTreeMap::from([(metadata::KEY.to_owned(), key.to_string())]),
    };
    issue(facts, key, ProcessorWrite::CreateBankAccount(write))
}

fn create_mandate(
    facts: &MandateFacts,
    payer: &ProcessorCustomerId,
    account: &BankAccountId,
    order: &Order<'_>,
) -> Decision {
    let key = next_key(facts, &head(facts, "direct-mandate", order));
    let write = CreateMandate {
        erp_customer: facts.id.clone(),
        customer: payer.clone(),
        bank_account: account.clone(),
        currency: facts.currency,
        scheme: order.order.scheme.clone(),
        authorised: order.order.authorised,
        metadata: BTreeMap::from([
            (metadata::CUSTOMER.to_owned(), facts.id.to_string()),
            (metadata::KEY.to_owned(), key.to_string()),
            (metadata::LINK.to_owned(), facts.frame.link.to_string()),
        ]),
    };
    issue(facts, key, ProcessorWrite::CreateMandate(write))
}

fn issue(facts: &MandateFacts, key: Key, write: ProcessorWrite) -> Decision {
    facts.frame.issue(Stage::Collecting, key, Write::Processor(write), None)
}

fn is_of_an_order(view: &CommandView) -> bool {
    match &view.write {
        Write::Processor(
            ProcessorWrite::CreateCustomer(_)
            | ProcessorWrite::CreateBankAccount(_)
            | ProcessorWrite::CreateMandate(_),
        ) => true,
        Write::Processor(_) | Write::Erp(_) => false,
    }
}

/// `<purpose>/<processor>/<customer>/<currency>/<order>`; the last part counts the tries of it that
/// came to nothing for good.
fn head(facts: &MandateFacts, purpose: &str, order: &Order<'_>) -> Vec<String> {
    let mut head = place(facts, purpose);
    head.push(order.nth.clone());
    head
}

fn payer_head(facts: &MandateFacts) -> Vec<String> {
    place(facts, "payer")
}

fn place(facts: &MandateFacts, purpose: &str) -> Vec<String> {
    let (processor, currency) = (facts.frame.processor.to_string(), facts.currency.code());
    vec![purpose.to_owned(), processor, facts.id.to_string(), currency.to_owned()]
}

fn next_key(facts: &MandateFacts, head: &[String]) -> Key {
    let parts: Vec<&str> = head.iter().map(String::as_str).collect();
    let nth = facts.frame.next_nth_of(&parts).to_string();
    Key::new(&[&parts[..], &[nth.as_str()]].concat())
}

fn views<'a>(facts: &'a MandateFacts, head: &[String]) -> impl Iterator<Item = &'a CommandView> {
    let parts: Vec<&str> = head.iter().map(String::as_str).collect();
    let head = format!("{}/", Key::new(&parts));
    facts.frame.commands.iter().filter(move |view| view.key.as_str().starts_with(&head))
}

/// What a done write of this order gave.
fn done_id<'a>(facts: &'a MandateFacts, purpose: &str, order: &Order<'_>) -> Option<&'a str> {
    views(facts, &head(facts, purpose, order))
        .filter(|view| view.state == CommandState::Done)
        .find_map(|view| view.answer.as_ref())
        .map(|answer| answer.id.as_str())
}

/// Why the order will come to no mandate, if so.
fn ended(facts: &MandateFacts, order: &Order<'_>) -> Option<End> {
    let heads = [
        head(facts, "direct-mandate", order),
        head(facts, "bank-account", order),
        payer_head(facts),
    ];
    let refused = heads.iter().flat_map(|head| views(facts, head));
    let refused = refused.filter(|view| view.state == CommandState::Rejected);
    if let Some(rejection) = refused.filter_map(|view| view.rejection.as_ref()).next() {
        return Some(end_of(rejection));
    }
    if done_id(facts, "bank-account", order).is_some() {
        return None;
    }
    let lapsed = facts.frame.now.duration_since(order.at) > DETAILS_LIFE;
    let unused = || format!("they were given on {} and not used", facts.frame.date_of(order.at));
    if facts.held.contains(&order.order.details) {
        return lapsed.then(|| End::Refused(unused()));
    }
    let tried = views(facts, &head(facts, "bank-account", order)).next().is_some();
    Some(match (tried, facts.in_currency().next()) {
        // Never tried, and there was a mandate: while that was usable, the details were erased.
        (false, Some(_)) => End::Dropped,
        (false, None) if lapsed => End::Refused(unused()),
        (true | false, _) => End::Refused("they are not there any more".to_owned()),
    })
}

fn end_of(rejection: &Rejection) -> End {
    match rejection.cause {
        RejectionCause::Permission | RejectionCause::Unsupported => {
            End::NotAllowed(rejection.words.clone())
        }
        RejectionCause::PeriodClosed
        | RejectionCause::ApplicationImpossible
        | RejectionCause::State
        | RejectionCause::Validation
        | RejectionCause::MandateUnusable
        | RejectionCause::Other => End::Refused(rejection.words.clone()),
    }
}

/// Sealed details that nothing can need any more. `settled`: the customer has a usable mandate.
#[must_use]
pub fn spent(facts: &MandateFacts, settled: bool, decision: &Decision) -> Vec<BankDetailsId> {
    let sends = |write: &Write, id: &BankDetailsId| match write {
        Write::Processor(ProcessorWrite::CreateBankAccount(write)) => write.details == *id,
        Write::Processor(_) | Write::Erp(_) => false,
    };
    let wanted = newest(facts)
        .filter(|_| !settled)
        .filter(|order| done_id(facts, "bank-account", order).is_none())
        .filter(|order| ended(facts, order).is_none())
        .map(|order| order.order.details.clone());
    let needed = |id: &BankDetailsId| {
        let commands = &facts.frame.commands;
        wanted.as_ref() == Some(id)
            || decision.command.as_ref().is_some_and(|command| sends(&command.write, id))
            || commands
                .iter()
                .any(|view| view.state == CommandState::InFlight && sends(&view.write, id))
    };
    facts.held.iter().filter(|id| !needed(id)).cloned().collect()
}
