//! All that a look needs of what is stored, for many cases in few statements.

use std::collections::BTreeMap;

use model::case::CaseKey;

use super::tx::{Tx, json, refused, stored_body};
use super::{attention, bank_details, commands, directory, payouts, people, streams};
use crate::api::Result;
use crate::rows::{Body, CaseContext, CaseId, PaymentContext};

/// The tag of events about collections, as `EventSubject` names it.
const COLLECTION_EVENT: &str = "collection";

pub(super) fn contexts(tx: &Tx<'_>, cases: &[CaseId]) -> Result<Vec<CaseContext>> {
    let ids = json(&cases)?;
    let mut found: BTreeMap<CaseId, CaseContext> = tx
        .all("select id from cases where id in (select value from json_each(?1))", [&ids], |row| {
            Ok((row.get(0)?, CaseContext::default()))
        })?
        .into_iter()
        .collect();
    for row in commands::of_cases(tx, &ids)? {
        found.entry(row.case).or_default().commands.push(row);
    }
    for (case, fact) in people::of_cases(tx, &ids)? {
        found.entry(case).or_default().person_facts.push(fact);
    }
    for (case, subject, seq, body) in facts(tx, &ids)? {
        found.entry(case).or_default().facts.insert(subject, (seq, body));
    }
    for (case, row) in attention::of_cases(tx, &ids)? {
        found.entry(case).or_default().attention.push(row);
    }
    for (case, id) in bank_details::of_cases(tx, &ids)? {
        found.entry(case).or_default().bank_details.push(id);
    }
    let one = |id: &CaseId| match found.get(id) {
        Some(context) => Ok(context.clone()),
        None => refused(format!("there is no case with the id {id}")),
    };
    cases.iter().map(one).collect()
}

type Fact = (CaseId, String, i64, Body);

fn facts(tx: &Tx<'_>, ids: &str) -> Result<Vec<Fact>> {
    tx.all(
        "select case_id, subject, seq, body from facts
         where case_id in (select value from json_each(?1))",
        [ids],
        |row| {
            let body = stored_body(row.get(3)?, "fact")?;
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, body))
        },
    )
}

/// One subject's fact of many cases.
pub(super) fn facts_named(
    tx: &Tx<'_>,
    cases: &[CaseKey],
    subject: &str,
) -> Result<Vec<Option<Body>>> {
    let one = |case: &CaseKey| {
        let body = tx.one(
            "select facts.body from cases
             join facts on facts.case_id = cases.id and facts.subject = ?4
             where cases.kind = ?1 and cases.account = ?2 and cases.subject = ?3",
            [case.kind.word(), case.account.as_str(), &case.subject, subject],
            |row| Ok(row.get::<_, String>(0)?),
        )?;
        body.map(|body| stored_body(body, "fact")).transpose()
    };
    cases.iter().map(one).collect()
}

pub(super) fn payments(tx: &Tx<'_>, case: &CaseKey) -> Result<PaymentContext> {
    let collections = directory::collections_of_case(tx, &case.to_string())?;
    let mut context = PaymentContext::default();
    for row in &collections {
        let (account, id) = (&row.account, &row.id);
        context.events.extend(streams::events_of(tx, account, COLLECTION_EVENT, id.as_str())?);
        context.items.extend(payouts::of_collection(tx, account, id)?);
        context.documents.extend(payouts::documents_of_collection(tx, account, id)?);
    }
    Ok(PaymentContext { collections, ..context }.in_order())
}
