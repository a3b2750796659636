//! The ERP's own accounts in the proof: what the register of undeposited funds shows since the cut-over
//! against the receipts that wait there, and what stands in suspense and in exchange clearing.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use model::case::CaseKind;
use model::command::{CommandState, ErpWrite, Write};
use model::ids::{AccountId, LedgerAccountId, LinkId, ReceiptId};
use model::key::Key;
use model::ledger::AccountLine;
use model::money::{Currency, ItemAmount, Money};
use model::receipt::{DocumentKind, ErpDocument, Receipt, ReceiptPlace};
use ports::Read;
use ports::erp::ChoiceKind;
use store::rows::{CaseContext, CommandRow};

use super::unexplained::Groups;
use super::{Finding, PAGE, Sums, Verdict, not_proved};
use crate::engine::Engine;
use crate::error::Result;
use crate::look::kind_made;
use crate::world::{ErpPort, World};

/// Documents of others that a finding names; more are counted.
const NAMED_MAX: usize = 10;

/// The accounts of one ERP that the proof looks into.
struct Watched {
    erp: ErpPort,
    /// The earliest cut-over of the links.
    since: Date,
    undeposited: BTreeSet<LedgerAccountId>,
    /// Any of the links leaves the choice of the undeposited account to the ERP.
    own_undeposited: bool,
    /// What else is summed, by the words that name it.
    others: BTreeMap<LedgerAccountId, &'static str>,
}

/// A document that one of our commands made.
type Made = BTreeMap<(DocumentKind, Key), Option<ErpDocument>>;

/// Keys of ours.
#[derive(Default)]
pub(super) struct Seen {
    /// With their documents, as their cases saw them last.
    pub(super) documents: BTreeMap<Key, Option<ErpDocument>>,
    /// Receipts that were taken apart under a key: where the other side then enters them anew, these
    /// lines carry that key.
    pub(super) taken_apart: BTreeMap<Key, ReceiptId>,
}

/// Documents that stand for payments here.
struct Ours<'a> {
    made: &'a Made,
    /// Receipts that others recorded.
    taken: Vec<Receipt>,
    /// Keys of all commands, and those under which cases saw documents: what was made before the database
    /// was put back from a copy carries our stamps, and no command knows it.
    seen: &'a Seen,
}

impl Ours<'_> {
    /// What receipts of others that were taken over leave in the register from `since` on: one that waits
    /// there adds, one that was recorded before and went into a deposit of ours was taken out only.
    fn taken_over(&self, currency: Currency, since: Date) -> i64 {
        let deposited: BTreeSet<&ReceiptId> = self
            .made
            .values()
            .filter_map(|seen| match seen {
                Some(ErpDocument::Deposit(deposit)) if !deposit.voided => Some(&deposit.receipts),
                Some(_) | None => None,
            })
            .flatten()
            .collect();
        let standing =
            self.taken.iter().filter(|one| !one.voided && one.amount.currency == currency);
        let left = standing.map(|one| match one.place {
            ReceiptPlace::Undeposited if one.dated_on >= since => one.amount.minor,
            ReceiptPlace::Deposited if one.dated_on < since && deposited.contains(&one.id) => {
                -one.amount.minor
            }
            ReceiptPlace::Undeposited | ReceiptPlace::Deposited | ReceiptPlace::NotPosted => 0,
        });
        left.fold(0, i64::saturating_add)
    }
}

impl Engine {
    /// Compares account by account. An account that can not be read is "not proved".
    pub(super) async fn verify_accounts(
        &self,
        world: &World,
        link: Option<&LinkId>,
        sums: &mut Sums,
    ) -> Result<Vec<Finding>> {
        let mut findings = Vec::new();
        for watched in watched(world, link) {
            let (made, of_others, seen) = self.documents_made(&watched.erp.account).await?;
            let undeposited = match self.undeposited_accounts(&watched).await {
                Ok(accounts) => accounts,
                Err(why) => {
                    findings.push(not_proved("undeposited funds".to_owned(), None, &why));
                    BTreeSet::new()
                }
            };
            if !undeposited.is_empty() {
                let taken = self.taken_over(&watched.erp, of_others).await?;
                let expected = self.waiting(&watched.erp, &made).await?;
                let ours = Ours { made: &made, taken, seen: &seen };
                findings.extend(self.undeposited(&watched, &undeposited, &ours, expected).await);
            }
            for (account, words) in &watched.others {
                match watched.erp.port.account_lines(account, watched.since).await {
                    Ok(lines) => add_lines(sums, words, &lines),
                    Err(error) => {
                        let what = format!("{words}, account {account}");
                        findings.push(not_proved(what, None, &error.to_string()));
                    }
                }
            }
        }
        Ok(findings)
    }

    async fn undeposited_accounts(
        &self,
        watched: &Watched,
    ) -> std::result::Result<BTreeSet<LedgerAccountId>, String> {
        let mut accounts = watched.undeposited.clone();
        if watched.own_undeposited {
            let choices = watched.erp.port.choices(ChoiceKind::Accounts).await;
            let choices = choices.map_err(|error| error.to_string())?;
            let own = choices.into_iter().filter(|choice| choice.kind == "undeposited");
            accounts.extend(own.map(|choice| LedgerAccountId::new(choice.id.as_str())));
        }
        Ok(accounts)
    }

    /// Every document that our commands made in this ERP, as its case saw it last; the receipts that
    /// stand for payments here although others recorded them; and all keys that stand for documents of ours.
    async fn documents_made(&self, erp: &AccountId) -> Result<(Made, BTreeSet<ReceiptId>, Seen)> {
        let mut made = Made::new();
        let mut of_others = BTreeSet::new();
        let mut seen = Seen::default();
        for kind in [CaseKind::Collection, CaseKind::Payout, CaseKind::Refund] {
            let rows = self.all_cases(kind, None).await?;
            for page in rows.chunks(usize::try_from(PAGE).unwrap_or(1)) {
                let ids: Vec<_> = page.iter().map(|row| row.id).collect();
                for (row, context) in page.iter().zip(self.store.contexts(&ids).await?) {
                    made.extend(documents_of(erp, &context));
                    let own = context.commands.iter().filter(|row| row.account == *erp);
                    for row in own {
                        seen.documents.entry(row.view.key.clone()).or_default();
                        if let Write::Erp(ErpWrite::UnapplyReceipt(write)) = &row.view.write {
                            let receipt = write.receipt.clone();
                            seen.taken_apart.insert(row.view.key.clone(), receipt);
                        }
                    }
                    let read = context.facts.iter().filter_map(|(subject, (_, body))| {
                        let key = subject.strip_prefix("document/")?;
                        Some((Key::from_stored(key), body.read()))
                    });
                    seen.documents.extend(read);
                    if kind == CaseKind::Collection && row.key.account == *erp {
                        of_others.extend(not_made(&context));
                    }
                }
            }
        }
        Ok((made, of_others, seen))
    }

    /// The receipts that others recorded, as they are now.
    async fn taken_over(&self, erp: &ErpPort, ids: BTreeSet<ReceiptId>) -> Result<Vec<Receipt>> {
        let ids: Vec<ReceiptId> = ids.into_iter().collect();
        let mut found = Vec::new();
        for slice in ids.chunks(erp.port.description().slice_max.max(1)) {
            // One that can not be read leaves the sums as they are: they then differ.
            let reads = erp.port.receipts(slice).await.unwrap_or_default();
            found.extend(reads.into_iter().filter_map(Read::into_found));
        }
        Ok(found)
    }

    /// What our receipts and refunds that are not deposited yet hold. Those last seen waiting, or never
    /// seen, are read now.
    async fn waiting(&self, erp: &ErpPort, made: &Made) -> Result<Option<BTreeMap<Key, Money>>> {
        let open: Vec<(DocumentKind, Key)> = made
            .iter()
            .filter(|((kind, _), seen)| {
                matches!(kind, DocumentKind::Receipt | DocumentKind::Refund)
                    && seen.as_ref().is_none_or(|seen| waits(seen).is_some())
            })
            .map(|(key, _)| key.clone())
            .collect();
        let Ok(documents) = self.read_documents(erp, &open).await else { return Ok(None) };
        let waiting = documents.into_iter().filter_map(|(key, sight)| {
            let amount = sight.found().and_then(waits)?;
            Some((key, amount))
        });
        Ok(Some(waiting.collect()))
    }

    async fn undeposited(
        &self,
        watched: &Watched,
        accounts: &BTreeSet<LedgerAccountId>,
        ours: &Ours<'_>,
        expected: Option<BTreeMap<Key, Money>>,
    ) -> Vec<Finding> {
        let what = |currency: Currency| format!("undeposited funds, {currency}");
        let Some(expected) = expected else {
            return vec![not_proved(
                "undeposited funds".to_owned(),
                None,
                "the ERP could not be read",
            )];
        };
        let mut lines = Vec::new();
        for account in accounts {
            match watched.erp.port.account_lines(account, watched.since).await {
                Ok(more) => lines.extend(more),
                Err(error) => {
                    let what = "undeposited funds".to_owned();
                    return vec![not_proved(what, None, &error.to_string())];
                }
            }
        }
        let made = ours.made.keys().map(|(_, key)| key);
        let port = &watched.erp.port;
        let stamps: BTreeSet<String> =
            made.chain(ours.seen.documents.keys()).flat_map(|key| port.stamps_of(key)).collect();
        let mut currencies: BTreeSet<Currency> =
            expected.values().map(|amount| amount.currency).collect();
        currencies.extend(lines.iter().map(|line| line.amount.currency));
        let compared = currencies.into_iter().map(|currency| {
            let lines: Vec<&AccountLine> =
                lines.iter().filter(|line| line.amount.currency == currency).collect();
            let waiting = expected.values().filter(|amount| amount.currency == currency);
            let waiting = waiting.map(|amount| amount.minor).fold(0, i64::saturating_add);
            let waiting = waiting.saturating_add(ours.taken_over(currency, watched.since));
            let waiting = Money::new(waiting, currency);
            let mut finding = judge(what(currency), waiting, &lines, &stamps);
            if finding.verdict == Verdict::Differs {
                let stamps_of = |key: &Key| port.stamps_of(key);
                let groups = Groups::of(&expected, ours.seen, &ours.taken, currency, stamps_of);
                let told = shortened(&groups.told(&lines, currency)).unwrap_or_default();
                finding.why.push_str(&told);
            }
            finding
        });
        compared.collect()
    }
}

/// The account's movement against what of ours waits in it.
fn judge(what: String, waiting: Money, lines: &[&AccountLine], ours: &BTreeSet<String>) -> Finding {
    let moved = lines.iter().map(|line| line.amount.minor).fold(0, i64::saturating_add);
    let books = Some(Money::new(moved, waiting.currency));
    let foreign: Vec<&&AccountLine> = lines
        .iter()
        .filter(|line| line.stamp.as_ref().is_none_or(|stamp| !ours.contains(stamp)))
        .collect();
    let processor = Some(waiting);
    if moved == waiting.minor {
        return Finding { what, processor, books, verdict: Verdict::Proved, why: String::new() };
    }
    if foreign.is_empty() {
        let why = "our receipts that wait there do not sum to what the account moved".to_owned();
        return Finding { what, processor, books, verdict: Verdict::Differs, why };
    }
    let named: Vec<String> = foreign.iter().take(NAMED_MAX).map(|line| named(line)).collect();
    let more = foreign.len().saturating_sub(NAMED_MAX);
    let tail = if more > 0 { format!(" and {more} more") } else { String::new() };
    let why = format!("documents of others stand in it: {}{tail}", named.join(", "));
    Finding { what, processor, books, verdict: Verdict::Others, why }
}

/// The first few, and how many more; `None`: nothing is known of it.
fn shortened(told: &[String]) -> Option<String> {
    let more = told.len().saturating_sub(NAMED_MAX);
    let tail = if more > 0 { format!("; and {more} more") } else { String::new() };
    let first: Vec<&str> = told.iter().take(NAMED_MAX).map(String::as_str).collect();
    (!first.is_empty()).then(|| format!(": {}{tail}", first.join("; ")))
}

pub(super) fn named(line: &AccountLine) -> String {
    let name = if line.number.is_empty() { &line.document } else { &line.number };
    format!("{} {name} of {} over {}", line.kind, line.on, line.amount)
}

/// What a document holds in undeposited funds: a receipt adds, a refund takes.
fn waits(document: &ErpDocument) -> Option<Money> {
    match document {
        ErpDocument::Receipt(receipt)
            if receipt.place == ReceiptPlace::Undeposited && !receipt.voided =>
        {
            Some(receipt.amount)
        }
        ErpDocument::Refund(refund)
            if refund.place == ReceiptPlace::Undeposited && !refund.voided =>
        {
            Some(Money::new(-refund.amount.minor, refund.amount.currency))
        }
        ErpDocument::Receipt(_)
        | ErpDocument::Refund(_)
        | ErpDocument::Deposit(_)
        | ErpDocument::Journal(_) => None,
    }
}

fn documents_of(erp: &AccountId, context: &CaseContext) -> Made {
    context
        .commands
        .iter()
        .filter(|row| row.account == *erp && row.view.state == CommandState::Done)
        .filter_map(|row| {
            let key = row.view.key.clone();
            let seen = context.facts.get(&format!("document/{key}"));
            let seen = seen.and_then(|(_, body)| body.read());
            Some(((kind_made(&row.view.write)?, key), seen))
        })
        .collect()
}

/// Receipts that the case saw under keys that no command of ours has made.
fn not_made(context: &CaseContext) -> Vec<ReceiptId> {
    let made = |key: &str| {
        let done = |row: &CommandRow| row.view.state == CommandState::Done;
        context.commands.iter().any(|row| row.view.key.as_str() == key && done(row))
    };
    let seen = context.facts.iter().filter_map(|(subject, (_, body))| {
        let key = subject.strip_prefix("document/").filter(|key| !made(key))?;
        key.starts_with("receipt/").then(|| body.read())?
    });
    let receipts = seen.filter_map(|document| match document {
        ErpDocument::Receipt(receipt) => Some(receipt.id),
        ErpDocument::Refund(_) | ErpDocument::Deposit(_) | ErpDocument::Journal(_) => None,
    });
    receipts.collect()
}

fn watched(world: &World, link: Option<&LinkId>) -> Vec<Watched> {
    let mut all: BTreeMap<AccountId, Watched> = BTreeMap::new();
    let links = world.links.values().filter(|one| link.is_none_or(|wanted| one.id == *wanted));
    for one in links {
        let (Some(erp), Some(since)) = (world.erp(&one.erp), one.policy.cut_over_on) else {
            continue;
        };
        let account = erp.account.clone();
        let held = all.entry(account).or_insert_with(|| Watched {
            erp,
            since,
            undeposited: BTreeSet::new(),
            own_undeposited: false,
            others: BTreeMap::new(),
        });
        held.since = held.since.min(since);
        let accounts = &one.policy.accounts;
        match &accounts.undeposited {
            Some(account) => {
                held.undeposited.insert(account.clone());
            }
            None => held.own_undeposited = true,
        }
        let named = [
            (&accounts.suspense, "in suspense since the cut-over"),
            (&accounts.exchange_clearing, "in exchange clearing since the cut-over"),
        ];
        for (account, words) in named {
            held.others.extend(account.iter().map(|account| (account.clone(), words)));
        }
    }
    all.into_values().collect()
}

fn add_lines(sums: &mut Sums, words: &str, lines: &[AccountLine]) {
    for line in lines {
        sums.add(words, line.amount.currency, ItemAmount::from_minor(line.amount.minor));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(number: &str, minor: i64, stamp: Option<&str>) -> AccountLine {
        AccountLine {
            document: "9".to_owned(),
            kind: "CustPymt".to_owned(),
            number: number.to_owned(),
            on: jiff::civil::date(2026, 3, 9),
            amount: Money::new(minor, Currency::GBP),
            stamp: stamp.map(str::to_owned),
        }
    }

    /// Lines as "number amount ours?" against what waits.
    fn check(waiting: i64, lines: &[(&str, i64, bool)], expected: Verdict, says: &str) {
        let lines: Vec<AccountLine> = lines
            .iter()
            .map(|(number, minor, ours)| line(number, *minor, ours.then_some("receipt-1")))
            .collect();
        let ours = BTreeSet::from(["receipt-1".to_owned()]);
        let lines: Vec<&AccountLine> = lines.iter().collect();
        let waiting = Money::new(waiting, Currency::GBP);
        let finding = judge("undeposited".to_owned(), waiting, &lines, &ours);
        assert_eq!(finding.verdict, expected, "{finding:?}");
        assert!(finding.why.contains(says), "{finding:?}");
    }

    #[test]
    fn the_register_shows_what_waits_or_says_whose_the_rest_is() {
        check(0, &[], Verdict::Proved, "");
        check(500, &[("P1", 500, true)], Verdict::Proved, "");
        check(0, &[("P1", 500, true), ("D1", -500, true)], Verdict::Proved, "");
        // A person deposited ours by hand: the sum tells.
        check(0, &[("P1", 500, true), ("D7", -500, false)], Verdict::Proved, "");
        check(500, &[("P1", 500, true), ("X3", 120, false)], Verdict::Others, "X3 of 2026-03-09");
        check(0, &[("P1", 500, true)], Verdict::Differs, "do not sum");
        check(500, &[], Verdict::Differs, "do not sum");
    }
}
