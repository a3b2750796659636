//! Saves a look: facts, settled commands, kept items, attention, history and the new command, all
//! in one transaction under the lease of the look; and gives a look what is stored.

use std::collections::BTreeSet;

use model::case::{CaseKey, CaseKind};
use model::decision::{Decision, ItemDocument, Stage};
use model::ids::{AccountId, LinkId};
use model::key::Key;
use model::reason::{Reason, ReasonCode};

use super::{
    Rows, Tx, cases, commands, connections, directory, payouts, people, streams, trail, views,
};
use crate::api::Result;
use crate::rows::{
    AttentionRow, Body, CaseContext, CaseId, Counted, FactRow, LookResult, PaymentContext, Saved,
};
use crate::rules;
use crate::values::{micros, reason, refused, time};

pub(super) fn save(tx: &mut Tx<'_>, look: &LookResult) -> Result<Saved> {
    if !cases::holds(tx.rows, look.case, look.epoch)? {
        return Ok(Saved::LeaseLost);
    }
    if look.acts_by().is_some_and(|link| is_overtaken(tx.rows, look, link)) {
        return Ok(Saved::Overtaken);
    }
    let key = cases::key(tx.rows, look.case)?;
    for fact in &look.facts {
        put_fact(tx, look, fact);
    }
    for (command, settle) in &look.settle {
        commands::settle(tx, look, command, settle)?;
    }
    for (account, item) in &look.kept_items {
        payouts::keep(tx, account, item);
    }
    for document in &look.decision.settled {
        let account = account_of(tx.rows, &key, look, document)?;
        payouts::put_document(tx, &account, document)?;
    }
    for (erp, processor, pair) in &look.pairs {
        directory::put_pair(tx, erp, processor, pair);
    }
    directory::put_collections(tx, &look.collections)?;
    directory::free_collections(tx, &key, &look.freed);
    cases::hint(tx, &look.hints)?;
    cases::put_refs(tx, look.case, &look.refs);
    put_attention(tx, look);
    put_decision(tx, &key, look)?;
    people::erase(tx, &key, &look.decision.erase, &look.actor, look.at)?;
    let blocked = match &look.command {
        Some(new) => commands::place(tx, look, new)?,
        None => None,
    };
    Ok(blocked.map_or(Saved::Stored, |by| Saved::Locked { by }))
}

/// The link, or what it collected, is not what the command was decided on.
fn is_overtaken(rows: &Rows, look: &LookResult, link: &LinkId) -> bool {
    let version = || rows.links.get(link).map(|stored| stored.version);
    let edited = look.link_version.is_some() && version() != look.link_version;
    let more = |counted: &Counted| {
        views::day_totals(rows, link, counted.from, counted.to) != counted.totals
    };
    edited || look.counted.iter().any(more)
}

fn put_fact(tx: &mut Tx<'_>, look: &LookResult, fact: &FactRow) {
    let key = (look.case, fact.subject.clone());
    if tx.rows.facts.get(&key).is_none_or(|(seq, _)| look.seq >= *seq) {
        tx.rows.facts.put(key, (look.seq, fact.body.clone()));
    }
}

/// Makes the decision's items those of the case. What was there already keeps its time.
fn put_attention(tx: &mut Tx<'_>, look: &LookResult) {
    let wanted = rules::items(&look.decision);
    let stored = tx
        .rows
        .attention
        .range(items_of(look.case))
        .map(|((_, code, detail), _)| (*code, detail.clone()));
    let stored: BTreeSet<(&'static str, String)> = stored.collect();
    for (code, detail) in &stored {
        if !wanted.contains(&(*code, detail.as_str())) {
            tx.rows.attention.remove(&(look.case, code, detail.clone()));
        }
    }
    for (code, detail) in wanted {
        if !stored.contains(&(code, detail.to_owned())) {
            let key = (look.case, code, detail.to_owned());
            let ignored = tx.rows.attention_ignored.has(&key);
            tx.rows.attention.put(key, (micros(look.at), ignored));
        }
    }
}

/// The keys of a case's items.
pub(super) fn items_of(case: CaseId) -> std::ops::Range<(CaseId, &'static str, String)> {
    (case, "", String::new())..(case + 1, "", String::new())
}

/// Stores where the case stands; history gets a row only when that is something new.
fn put_decision(tx: &mut Tx<'_>, key: &CaseKey, look: &LookResult) -> Result<()> {
    let decision = &look.decision;
    tx.rows.cases.change(&look.case, |case| {
        if look.link.is_some() {
            case.link.clone_from(&look.link);
        }
        case.stage = Some(decision.stage);
        case.reason = Some(decision.reason.clone());
        case.looked_at = Some(micros(look.at));
    });
    if tx.rows.decided.get(&look.case).is_some_and(|before| before.is(decision)) {
        return Ok(());
    }
    trail::append(tx, &look.actor, Some(key), "decided", &rules::decided(decision), look.at)?;
    tx.rows.decided.put(look.case, Decided::of(decision));
    Ok(())
}

/// What history says of a decision (`rules::decided`), to tell whether the next one is something new.
#[derive(Debug, Clone)]
pub(super) struct Decided {
    stage: Stage,
    reason: Reason,
    command: Option<Key>,
    attention: Vec<Reason>,
}

impl Decided {
    fn of(decision: &Decision) -> Decided {
        Decided {
            stage: decision.stage,
            reason: decision.reason.clone(),
            command: decision.command.as_ref().map(|command| command.key.clone()),
            attention: decision.attention.clone(),
        }
    }

    fn is(&self, decision: &Decision) -> bool {
        self.stage == decision.stage
            && self.reason == decision.reason
            && self.command.as_ref() == decision.command.as_ref().map(|command| &command.key)
            && self.attention == decision.attention
    }
}

/// The processor account of a settled item: that of the case, else of the kept item, else of the
/// link that serves the case.
fn account_of(
    rows: &Rows,
    key: &CaseKey,
    look: &LookResult,
    document: &ItemDocument,
) -> Result<AccountId> {
    match key.kind {
        CaseKind::Mandate | CaseKind::Payout | CaseKind::Refund => return Ok(key.account.clone()),
        CaseKind::Customer | CaseKind::Collection => {}
    }
    let mut accounts = payouts::accounts_of(rows, &document.payout, document.ordinal);
    if accounts.len() == 1 {
        return Ok(accounts.remove(0));
    }
    let linked = look.link.as_ref().and_then(|link| connections::processor_account(rows, link));
    linked.map_or_else(
        || {
            refused(format!(
                "item {} of {} belongs to no processor account that is known",
                document.ordinal, document.payout
            ))
        },
        Ok,
    )
}

pub(super) fn contexts(rows: &Rows, cases: &[CaseId]) -> Result<Vec<CaseContext>> {
    cases.iter().map(|case| context(rows, *case)).collect()
}

fn context(rows: &Rows, case: CaseId) -> Result<CaseContext> {
    if !rows.cases.has(&case) {
        return cases::unknown(case);
    }
    let facts = rows.facts.range((case, String::new())..(case + 1, String::new()));
    let facts = facts.map(|((_, subject), fact)| (subject.clone(), fact.clone()));
    let said = rows.person_facts.range((case, i64::MIN)..=(case, i64::MAX));
    let mut attention = attention_of(rows, rows.attention.range(items_of(case)))?;
    attention.sort_by_key(|row| row.raised_at);
    Ok(CaseContext {
        commands: commands::of_case(rows, case)?,
        person_facts: said.map(|(_, fact)| fact.clone()).collect(),
        facts: facts.collect(),
        attention,
        bank_details: people::details_of(rows, case),
    })
}

type Item<'a> = (&'a (CaseId, &'static str, String), &'a (i64, bool));

/// As they are shown, in the order given.
fn attention_of<'a>(
    rows: &Rows,
    items: impl Iterator<Item = Item<'a>>,
) -> Result<Vec<AttentionRow>> {
    let row = |((case, code, detail), (raised_at, ignored)): Item<'_>| {
        let Some(found) = rows.cases.get(case) else { return cases::unknown(*case) };
        Ok(AttentionRow {
            case: found.key.clone(),
            link: found.link.clone(),
            reason: reason((*code).to_owned(), detail.clone())?,
            raised_at: time(*raised_at)?,
            ignored: *ignored,
        })
    };
    items.map(row).collect()
}

/// All items, the longest raised first.
pub(super) fn attention(rows: &Rows, include_ignored: bool) -> Result<Vec<AttentionRow>> {
    let shown = rows.attention.iter().filter(|(_, (_, ignored))| include_ignored || !ignored);
    let mut list = attention_of(rows, shown)?;
    list.sort_by_key(|row| row.raised_at);
    Ok(list)
}

/// Takes the items of a code off the list, as they are now.
pub(super) fn ignore(tx: &mut Tx<'_>, case: CaseId, code: ReasonCode) {
    let items = tx.rows.attention.range(items_of(case)).map(|(key, _)| key.clone());
    let items: Vec<_> = items.filter(|(_, one, _)| *one == code.code()).collect();
    for key in items {
        tx.rows.attention.change(&key, |(_, ignored)| *ignored = true);
        tx.rows.attention_ignored.put(key, ());
    }
}

/// One subject's fact of many cases.
pub(super) fn facts_named(rows: &Rows, cases: &[CaseKey], subject: &str) -> Vec<Option<Body>> {
    let one = |case: &CaseKey| {
        let id = rows.cases_by_key.get(case)?;
        rows.facts.get(&(*id, subject.to_owned())).map(|(_, body)| body.clone())
    };
    cases.iter().map(one).collect()
}

/// The tag of events about collections, as `EventSubject` names it.
const COLLECTION_EVENT: &str = "collection";

pub(super) fn payments(rows: &Rows, case: &CaseKey) -> PaymentContext {
    let collections = directory::collections_of_case(rows, case);
    let mut context = PaymentContext::default();
    for row in &collections {
        let (account, id) = (&row.account, &row.id);
        context.events.extend(streams::events_of(rows, account, COLLECTION_EVENT, id.as_str()));
        context.items.extend(payouts::of_collection(rows, account, id));
        context.documents.extend(payouts::documents_of_collection(rows, account, id));
    }
    PaymentContext { collections, ..context }.in_order()
}
