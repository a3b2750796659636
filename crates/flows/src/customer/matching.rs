//! The order in which customers are matched: stored link, external id, then e-mail when exactly one
//! stands on each side; anything else is for a person (mission row C9).

use model::customer::{ErpCustomer, MatchedBy, ProcessorCustomer, fold_email};
use model::ids::ProcessorCustomerId;
use model::reason::{Reason, ReasonCode};
use model::sight::Sight;

use super::facts::CustomerFacts;

/// The counterpart and how it was found, or why there is none.
pub fn counterpart(
    facts: &CustomerFacts,
    customer: &ErpCustomer,
) -> Result<(ProcessorCustomerId, MatchedBy), Reason> {
    if let Some(edited) = edited_field(facts, customer) {
        return Ok((edited, MatchedBy::StoredLink));
    }
    // A choice among another account's customers is that link's business.
    if let Some(chosen) = facts.chosen().filter(|id| *facts.sight(id) != Sight::Missing) {
        return readable(facts, chosen).map(|()| (chosen.clone(), MatchedBy::Person));
    }
    if let Some(stored) = stored_link(facts, customer)? {
        return Ok(stored);
    }
    // Half a directory may hide the right customer, or the second of two.
    if !facts.directories_read {
        return Err(Reason::plain(ReasonCode::DirectoryUnread));
    }
    let external: Vec<ProcessorCustomer> =
        facts.by_external.iter().filter(|one| is_free(facts, one)).cloned().collect();
    match external.as_slice() {
        [only] => return Ok((only.id.clone(), MatchedBy::ExternalId)),
        [_, ..] => return Err(ambiguous(&external)),
        [] => {}
    }
    if let Some(created) = &facts.created {
        return Ok((created.id.clone(), MatchedBy::Created));
    }
    by_email(facts, customer)
}

/// A person put another customer of this account into the field after we had written it.
fn edited_field(facts: &CustomerFacts, customer: &ErpCustomer) -> Option<ProcessorCustomerId> {
    let field = customer.stored.processor_customer.as_ref()?;
    let found = facts.sight(field).found()?;
    let saved = facts.last_saved()?;
    (saved != field && is_free(facts, found)).then(|| field.clone())
}

/// The ERP's field when it names a customer of this account, else what this link settled on.
fn stored_link(
    facts: &CustomerFacts,
    customer: &ErpCustomer,
) -> Result<Option<(ProcessorCustomerId, MatchedBy)>, Reason> {
    if let Some(field) = &customer.stored.processor_customer {
        match facts.sight(field) {
            Sight::Found(found) if is_free(facts, found) => {
                return Ok(Some((field.clone(), known_by(facts, field))));
            }
            Sight::Found(found) => return Err(taken(found)),
            // Another account's customer: its own link's business.
            Sight::Missing => {}
            Sight::Odd(why) => return Err(Reason::new(ReasonCode::OddRecord, why.clone())),
            Sight::NotRead => {
                return Err(Reason::new(ReasonCode::Unavailable, field.to_string()));
            }
        }
    }
    match &facts.pair {
        Some(pair) => {
            readable(facts, &pair.processor)?;
            Ok(Some((pair.processor.clone(), pair.by)))
        }
        None => Ok(None),
    }
}

/// How a stored link came about, where this link knows it.
fn known_by(facts: &CustomerFacts, id: &ProcessorCustomerId) -> MatchedBy {
    facts
        .pair
        .as_ref()
        .filter(|pair| pair.processor == *id)
        .map_or(MatchedBy::StoredLink, |pair| pair.by)
}

/// A known customer that is gone is never replaced in silence.
fn readable(facts: &CustomerFacts, id: &ProcessorCustomerId) -> Result<(), Reason> {
    match facts.sight(id) {
        Sight::Found(_) => Ok(()),
        Sight::Missing => Err(Reason::new(ReasonCode::RecordMissing, id.to_string())),
        Sight::Odd(why) => Err(Reason::new(ReasonCode::OddRecord, why.clone())),
        // Just found by other means, and read by id from the next look on.
        Sight::NotRead if facts.seen(id).is_some() => Ok(()),
        Sight::NotRead => Err(Reason::new(ReasonCode::Unavailable, id.to_string())),
    }
}

/// Its metadata names no other ERP customer.
fn is_free(facts: &CustomerFacts, found: &ProcessorCustomer) -> bool {
    found.erp_customer.as_ref().is_none_or(|named| *named == facts.id)
}

fn taken(found: &ProcessorCustomer) -> Reason {
    let named = found.erp_customer.as_ref().map_or("another", |named| named.as_str());
    let detail = format!("{} belongs to ERP customer {named}", found.id);
    Reason::new(ReasonCode::CustomerAmbiguous, detail)
}

/// Only when exactly one stands on each side.
fn by_email(
    facts: &CustomerFacts,
    customer: &ErpCustomer,
) -> Result<(ProcessorCustomerId, MatchedBy), Reason> {
    let email = customer.email.as_deref().map(fold_email).filter(|email| !email.is_empty());
    let Some(email) = email else {
        return Err(Reason::new(ReasonCode::CustomerWithoutEmail, customer.code.clone()));
    };
    let same = |one: &&ProcessorCustomer| {
        one.email.as_deref().map(fold_email).as_ref() == Some(&email) && is_free(facts, one)
    };
    let candidates: Vec<ProcessorCustomer> = facts.by_email.iter().filter(same).cloned().collect();
    match candidates.as_slice() {
        [] => Err(Reason::new(ReasonCode::CustomerUnmatched, customer.code.clone())),
        [only] if facts.same_email_erp <= 1 => Ok((only.id.clone(), MatchedBy::Email)),
        [only] => Err(Reason::new(
            ReasonCode::CustomerAmbiguous,
            format!("{}; {} ERP customers share its e-mail", only.id, facts.same_email_erp),
        )),
        [_, ..] => Err(ambiguous(&candidates)),
    }
}

/// Candidates by id and name, never by e-mail: reasons are logged.
fn ambiguous(candidates: &[ProcessorCustomer]) -> Reason {
    let names: Vec<String> = candidates
        .iter()
        .map(|one| match &one.name {
            Some(name) => format!("{} ({name})", one.id),
            None => one.id.to_string(),
        })
        .collect();
    Reason::new(ReasonCode::CustomerAmbiguous, names.join(", "))
}
