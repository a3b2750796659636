//! What people say of a case, and the payers' bank details that they hand over.

use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::json;

use model::case::{Actor, CaseKey};
use model::direct::MandateOrder;
use model::ids::BankDetailsId;

use super::{Rows, Tx, cases, look, trail};
use crate::api::Result;
use crate::rows::{CaseId, Hint, NewMandateOrder, PersonFact, PersonSaid};
use crate::values::{micros, refused, time};
use crate::vault::{Sealed, Vault};

/// The field under which the vault seals them; their id stands in the connection's place.
const FIELD: &str = "bank details";

/// Bank details until they were used.
#[derive(Debug, Clone)]
pub(super) struct Details {
    case: CaseId,
    at: i64,
    sealed: Sealed,
}

pub(super) fn said(
    tx: &mut Tx<'_>,
    key: &CaseKey,
    said: &PersonSaid,
    actor: &Actor,
    at: Timestamp,
) -> Result<()> {
    let Some(case) = tx.rows.cases_by_key.get(key).copied() else {
        return refused(format!("there is no case {key}"));
    };
    let nth = newest_nth(tx.rows, case) + 1;
    let fact = PersonFact { nth, at: time(micros(at))?, actor: actor.clone(), said: said.clone() };
    tx.rows.person_facts.put((case, nth), fact);
    if let PersonSaid::Ignore { code } = said {
        look::ignore(tx, case, *code);
    }
    trail::append(tx, actor, Some(key), "person", &json!(said), at)?;
    cases::wake(tx, case, at);
    Ok(())
}

/// The number of the newest word about a case; 0: nobody said anything.
pub(super) fn newest_nth(rows: &Rows, case: CaseId) -> i64 {
    let said = rows.person_facts.range((case, i64::MIN)..=(case, i64::MAX));
    said.last().map_or(0, |((_, nth), _)| *nth)
}

pub(super) fn order(
    tx: &mut Tx<'_>,
    hint: &Hint,
    wanted: &NewMandateOrder,
    details: &SecretString,
    actor: &Actor,
    at: Timestamp,
) -> Result<BankDetailsId> {
    cases::hint(tx, std::slice::from_ref(hint))?;
    let Some(case) = tx.rows.cases_by_key.get(&hint.case).copied() else {
        return refused(format!("there is no case {}", hint.case));
    };
    if !details_of(tx.rows, case).is_empty() {
        return refused("bank details that were given before are still being worked on");
    }
    // Two parts and a slash: no connection has such a name.
    let id = BankDetailsId::new(format!("{}/{}", hint.case, newest_nth(tx.rows, case) + 1));
    let sealed = tx.vault.seal(id.as_str(), FIELD, details)?;
    tx.rows.bank_details.put(id.clone(), Details { case, at: micros(at), sealed });
    let order = MandateOrder {
        details: id.clone(),
        scheme: wanted.scheme.clone(),
        authorised: wanted.authorised,
    };
    said(tx, &hint.case, &PersonSaid::OrderMandate { order }, actor, at)?;
    Ok(id)
}

pub(super) fn details(
    rows: &Rows,
    vault: &Vault,
    id: &BankDetailsId,
) -> Result<Option<SecretString>> {
    let found = rows.bank_details.get(id);
    let unsealed = found.map(|details| vault.unseal(id.as_str(), FIELD, &details.sealed));
    Ok(unsealed.transpose()?)
}

/// Those of a case that are still there, the oldest first.
pub(super) fn details_of(rows: &Rows, case: CaseId) -> Vec<BankDetailsId> {
    let found = rows.bank_details.iter().filter(|(_, details)| details.case == case);
    let mut found: Vec<_> = found.map(|(id, details)| (details.at, id.clone())).collect();
    found.sort();
    found.into_iter().map(|(_, id)| id).collect()
}

/// Those that are gone already are nothing to say.
pub(super) fn erase(
    tx: &mut Tx<'_>,
    case: &CaseKey,
    ids: &[BankDetailsId],
    actor: &Actor,
    at: Timestamp,
) -> Result<()> {
    for id in ids {
        if tx.rows.bank_details.remove(id) {
            trail::append(tx, actor, Some(case), "erased", &json!({ "details": id }), at)?;
        }
    }
    Ok(())
}
