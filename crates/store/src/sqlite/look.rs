//! Saves a look: facts, settled commands, kept items, attention, history and the new command, all
//! in one transaction under the lease of the look.

use rusqlite::params;

use model::case::{CaseKey, CaseKind};
use model::decision::ItemDocument;
use model::ids::{AccountId, LinkId};

use super::tx::{Tx, micros, refused};
use super::{
    attention, audit, bank_details, cases, commands, connections, directory, payouts, views,
};
use crate::api::Result;
use crate::canonical::canonical;
use crate::rows::{FactRow, LookResult, Saved};
use crate::rules;

pub(super) fn save(tx: &Tx<'_>, look: &LookResult) -> Result<Saved> {
    if !cases::holds(tx, look.case, look.epoch)? {
        return Ok(Saved::LeaseLost);
    }
    if let Some(link) = look.acts_by()
        && is_overtaken(tx, look, link)?
    {
        return Ok(Saved::Overtaken);
    }
    let key = cases::key(tx, look.case)?;
    for fact in &look.facts {
        put_fact(tx, look, fact)?;
    }
    for (command, settle) in &look.settle {
        commands::settle(tx, look, command, settle)?;
    }
    for (account, item) in &look.kept_items {
        payouts::keep(tx, account, item)?;
    }
    for document in &look.decision.settled {
        let account = account_of(tx, &key, look, document)?;
        payouts::put_document(tx, &account, document)?;
    }
    for (erp, processor, pair) in &look.pairs {
        directory::put_pair(tx, erp, processor, pair)?;
    }
    directory::put_collections(tx, &look.collections)?;
    directory::free_collections(tx, &key, &look.freed)?;
    cases::hint(tx, &look.hints)?;
    cases::put_refs(tx, look.case, &look.refs)?;
    attention::replace(tx, look.case, &look.decision, look.at)?;
    put_decision(tx, &key, look)?;
    bank_details::erase(tx, &key, &look.decision.erase, &look.actor, look.at)?;
    let blocked = match &look.command {
        Some(new) => commands::place(tx, look, new)?,
        None => None,
    };
    Ok(blocked.map_or(Saved::Stored, |by| Saved::Locked { by }))
}

/// The link, or what it collected, is not what the command was decided on.
fn is_overtaken(tx: &Tx<'_>, look: &LookResult, link: &LinkId) -> Result<bool> {
    if look.link_version.is_some() && connections::version(tx, link)? != look.link_version {
        return Ok(true);
    }
    for counted in &look.counted {
        if views::day_totals(tx, link, counted.from, counted.to)? != counted.totals {
            return Ok(true);
        }
    }
    Ok(false)
}

fn put_fact(tx: &Tx<'_>, look: &LookResult, fact: &FactRow) -> Result<()> {
    tx.run(
        "insert into facts (case_id, subject, seq, body) values (?1, ?2, ?3, ?4)
         on conflict (case_id, subject) do update set
           seq = excluded.seq, body = excluded.body
         where excluded.seq >= facts.seq",
        params![look.case, fact.subject, look.seq, fact.body.text()],
    )?;
    Ok(())
}

/// Stores where the case stands; history gets a row only when that is something new.
fn put_decision(tx: &Tx<'_>, key: &CaseKey, look: &LookResult) -> Result<()> {
    let decision = &look.decision;
    let body = rules::decided(decision);
    let text = canonical(&body);
    let before = tx.one("select decided from cases where id = ?1", [look.case], |row| {
        Ok(row.get::<_, Option<String>>(0)?)
    })?;
    tx.run(
        "update cases set link = coalesce(?2, link), stage = ?3, reason_code = ?4, reason_detail = ?5,
           decided = ?6, looked_at = ?7
         where id = ?1",
        params![
            look.case,
            look.link.as_ref().map(LinkId::as_str),
            decision.stage.word(),
            decision.reason.code.code(),
            decision.reason.detail,
            text,
            micros(look.at),
        ],
    )?;
    if before.flatten().as_deref() == Some(&text) {
        return Ok(());
    }
    audit::append(tx, &look.actor, Some(key), "decided", &body, look.at)
}

/// The processor account of a settled item: that of the case, else of the kept item, else of the
/// link that serves the case.
fn account_of(
    tx: &Tx<'_>,
    key: &CaseKey,
    look: &LookResult,
    document: &ItemDocument,
) -> Result<AccountId> {
    match key.kind {
        CaseKind::Mandate | CaseKind::Payout | CaseKind::Refund => return Ok(key.account.clone()),
        CaseKind::Customer | CaseKind::Collection => {}
    }
    let mut accounts = payouts::accounts_of(tx, &document.payout, document.ordinal)?;
    let linked = match &look.link {
        Some(link) => connections::processor_account(tx, link)?,
        None => None,
    };
    if accounts.len() == 1 {
        return Ok(accounts.remove(0));
    }
    match linked {
        Some(account) => Ok(account),
        None => refused(format!(
            "item {} of {} belongs to no processor account that is known",
            document.ordinal, document.payout
        )),
    }
}
