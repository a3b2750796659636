//! Payers' bank details: sealed with a person's order, unsealed for one send, overwritten and deleted
//! once they are of no use any more. Audit rows name them by reference, and never hold one.

use jiff::Timestamp;
use rusqlite::params;
use secrecy::SecretString;
use serde_json::json;

use model::case::{Actor, CaseKey};
use model::direct::MandateOrder;
use model::ids::BankDetailsId;
use model::person::PersonSaid;

use super::tx::{Tx, micros, refused};
use super::{audit, cases, people};
use crate::api::Result;
use crate::rows::{CaseId, Hint, NewMandateOrder};
use crate::vault::Sealed;

/// The field under which the vault seals them; their id stands in the connection's place.
const FIELD: &str = "bank details";

pub(super) fn order(
    tx: &Tx<'_>,
    hint: &Hint,
    wanted: &NewMandateOrder,
    details: &SecretString,
    actor: &Actor,
    at: Timestamp,
) -> Result<BankDetailsId> {
    cases::hint(tx, std::slice::from_ref(hint))?;
    let Some(case) = cases::find(tx, &hint.case)? else {
        return refused(format!("there is no case {}", hint.case));
    };
    let open = tx.one("select id from bank_details where case_id = ?1", [case], |row| {
        Ok(row.get::<_, String>(0)?)
    })?;
    if open.is_some() {
        return refused("bank details that were given before are still being worked on");
    }
    let nth = people::newest_nth(tx, case)? + 1;
    // Two parts and a slash: no connection has such a name.
    let id = BankDetailsId::new(format!("{}/{nth}", hint.case));
    let sealed = tx.vault.seal(id.as_str(), FIELD, details)?;
    tx.run(
        "insert into bank_details (id, case_id, at, master_key, wrapped_key, sealed)
         values (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            id.as_str(),
            case,
            micros(at),
            sealed.master_key,
            sealed.wrapped_key,
            sealed.sealed
        ],
    )?;
    let order = MandateOrder {
        details: id.clone(),
        scheme: wanted.scheme.clone(),
        authorised: wanted.authorised,
    };
    people::said(tx, &hint.case, &PersonSaid::OrderMandate { order }, actor, at)?;
    Ok(id)
}

pub(super) fn get(tx: &Tx<'_>, id: &BankDetailsId) -> Result<Option<SecretString>> {
    tx.one(
        "select master_key, wrapped_key, sealed from bank_details where id = ?1",
        [id.as_str()],
        |row| {
            let sealed =
                Sealed { master_key: row.get(0)?, wrapped_key: row.get(1)?, sealed: row.get(2)? };
            Ok(tx.vault.unseal(id.as_str(), FIELD, &sealed)?)
        },
    )
}

/// Those of some cases (a JSON list of ids) that are still there.
pub(super) fn of_cases(tx: &Tx<'_>, ids: &str) -> Result<Vec<(CaseId, BankDetailsId)>> {
    tx.all(
        "select case_id, id from bank_details
         where case_id in (select value from json_each(?1)) order by case_id, at, id",
        [ids],
        |row| Ok((row.get(0)?, BankDetailsId::new(row.get::<_, String>(1)?))),
    )
}

/// Overwrites and deletes; those that are gone already are nothing to say.
pub(super) fn erase(
    tx: &Tx<'_>,
    case: &CaseKey,
    ids: &[BankDetailsId],
    actor: &Actor,
    at: Timestamp,
) -> Result<()> {
    for id in ids {
        // A deleted row stays in its page until that is used again.
        tx.run(
            "update bank_details set
               wrapped_key = zeroblob(length(wrapped_key)), sealed = zeroblob(length(sealed))
             where id = ?1",
            [id.as_str()],
        )?;
        if tx.run("delete from bank_details where id = ?1", [id.as_str()])? > 0 {
            audit::append(tx, actor, Some(case), "erased", &json!({ "details": id }), at)?;
        }
    }
    Ok(())
}
