//! Booking a paid payout: wait for the documents of its items, post what is left, prove the sum.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;

use model::command::{DepositLine, ErpWrite, JournalLine, RecordDeposit, RecordJournal, Write};
use model::decision::{Decision, DocumentRole, ItemDocument, Stage};
use model::ids::{ErpRefundId, LedgerAccountId, ReceiptId, SubsidiaryId};
use model::key::Key;
use model::money::Money;
use model::payout::{KeptItem, Payout};
use model::policy::Policy;
use model::reason::{Reason, ReasonCode};
use model::receipt::{ErpDocument, ErpRefund, Receipt, ReceiptPlace};
use model::sight::Sight;

use crate::dating::{date_document, period_closed};
use crate::unresolved::unresolved;

use super::by_hand::{self, ByHand, Deposited};
use super::compose::{self, mapped, out_of_range};
use super::facts::PayoutFacts;
use super::plan::{self, Left, PlannedDeposit};
use super::proof::{self, OwnDocument, OwnState, bank_account, purpose};
use super::routes::{Carrier, carrier};
use super::telling::payment_name;
use super::{bounced, name_some};

/// What the rules below share.
pub(super) struct Book<'a> {
    pub(super) facts: &'a PayoutFacts,
    pub(super) payout: &'a Payout,
    pub(super) own: &'a [OwnDocument],
    pub(super) bank: LedgerAccountId,
    items: Vec<(Carrier, &'a KeptItem)>,
    documents: BTreeMap<u32, Vec<&'a ItemDocument>>,
    pub(super) by_people: Deposited,
}

/// The next step of a paid payout whose items are kept and are to be booked.
#[must_use]
pub fn next(facts: &PayoutFacts, payout: &Payout, own: &[OwnDocument]) -> Decision {
    match try_next(facts, payout, own) {
        Ok(decision) => decision,
        Err(stop) => *stop,
    }
}

/// A decision that ends the look early.
pub(super) type Stop = Box<Decision>;

pub(super) fn stop(reason: Reason) -> Stop {
    Box::new(Decision::rest(Stage::Collected, reason))
}

fn try_next(facts: &PayoutFacts, payout: &Payout, own: &[OwnDocument]) -> Result<Decision, Stop> {
    if let Some(decision) = in_flight(facts, Stage::Collected) {
        return Ok(decision);
    }
    compose_check(facts, payout)?;
    read_back(facts, own)?;
    if let Some(decision) = bounced::put_back(facts, payout, own) {
        return Ok(decision);
    }
    let bank = mapped(bank_account(&facts.frame.policy, payout), "bank").map_err(stop)?;
    let (kept, documents) = (&facts.kept, &facts.documents);
    let book = Book {
        facts,
        payout,
        own,
        by_people: by_hand::deposited(Some(&bank), kept, own, documents, &facts.erp_documents),
        bank,
        items: facts.kept.iter().map(|kept| (carrier(facts, kept), kept)).collect(),
        documents: by_ordinal(facts),
    };
    let mut decision = book.next().unwrap_or_else(|stop| *stop);
    decision.attention = book.attention();
    Ok(decision)
}

/// A deposit or journal of this payout whose outcome is not known: receipts that look deposited may
/// be in it, and must not be taken for a person's doing.
pub(super) fn in_flight(facts: &PayoutFacts, stage: Stage) -> Option<Decision> {
    unresolved(&facts.frame, stage, |view| match &view.write {
        Write::Erp(ErpWrite::RecordDeposit(deposit)) => deposit.payout.as_ref() == Some(&facts.id),
        Write::Erp(ErpWrite::RecordJournal(journal)) => journal.payout.as_ref() == Some(&facts.id),
        Write::Erp(_) | Write::Processor(_) => false,
    })
}

/// The kept items still add up to the payout, and what needs documents of its own is whole.
fn compose_check(facts: &PayoutFacts, payout: &Payout) -> Result<(), Stop> {
    let items = facts.kept.iter().map(|kept| &kept.item);
    super::routes::check_sum(payout.amount, items).map_err(stop)?;
    for kept in &facts.kept {
        match carrier(facts, kept) {
            Carrier::Receipt | Carrier::Refund | Carrier::FromBank => {
                whole(kept).map_err(stop)?;
            }
            Carrier::Fee
            | Carrier::RefundLine
            | Carrier::Suspense
            | Carrier::Held
            | Carrier::People => {}
        }
    }
    Ok(())
}

/// Payments and refunds are whole minor units; only fees have fractions.
pub(super) fn whole(kept: &KeptItem) -> Result<i64, Reason> {
    kept.item.amount.whole_minor().ok_or_else(|| {
        let detail = format!("item {} has a fraction: {}", kept.item.ordinal, kept.item.amount);
        Reason::new(ReasonCode::OddRecord, detail)
    })
}

/// A document of ours that is gone is not made again unless a person asks for it.
pub(super) fn read_back(facts: &PayoutFacts, own: &[OwnDocument]) -> Result<(), Stop> {
    for one in own {
        let named = |what: &str| format!("{} {} {what}", one.key, one.document);
        let reason = match &one.state {
            OwnState::Standing => continue,
            OwnState::Voided | OwnState::Missing if facts.remake_asked(&one.key) => continue,
            OwnState::Voided => Reason::new(ReasonCode::ReceiptVoided, named("was voided")),
            OwnState::Missing => Reason::new(ReasonCode::OutcomeUnclear, named("is gone")),
            OwnState::Differs(how) => Reason::new(ReasonCode::DepositDiffers, named(how)),
        };
        return Err(stop(reason));
    }
    Ok(())
}

fn by_ordinal(facts: &PayoutFacts) -> BTreeMap<u32, Vec<&ItemDocument>> {
    let mut documents: BTreeMap<u32, Vec<&ItemDocument>> = BTreeMap::new();
    for document in &facts.documents {
        documents.entry(document.ordinal).or_default().push(document);
    }
    documents
}

/// The subsidiary of the mapped bank account.
#[must_use]
pub fn bank_subsidiary(policy: &Policy, payout: &Payout) -> Option<SubsidiaryId> {
    let bank = policy.accounts.bank(payout.bank_account.as_deref(), payout.amount.currency);
    bank.and_then(|bank| bank.subsidiary.clone())
}

/// What an item inside the deposit waits for.
enum Inside<'a> {
    Receipt(&'a Receipt),
    Refund(&'a ErpRefund),
    /// Booked by a loss journal alone.
    Nothing,
}

impl<'a> Book<'a> {
    fn next(&self) -> Result<Decision, Stop> {
        self.not_held()?;
        let lines_posted = self
            .own
            .iter()
            .any(|own| own.carries_lines && !own.is_gone() && !own.has_purpose(purpose::BOUNCED));
        let inside = self.inside(lines_posted)?;
        let lines = if lines_posted { Vec::new() } else { self.lines(&inside)? };
        let lines = self.beside_people(lines)?;
        let left = self.left(&inside, lines);
        match plan::next(&left, self.facts.deposit_lines_max) {
            plan::Next::Deposit(planned) => self.record_deposit(planned),
            plan::Next::Journal(lines) => self.record_journal(&lines),
            plan::Next::Stuck(refunds) => Err(stop(stuck(&refunds))),
            plan::Next::Nothing => self.prove(),
        }
    }

    pub(super) fn documents_of(&self, kept: &KeptItem) -> &[&'a ItemDocument] {
        self.documents.get(&kept.item.ordinal).map_or(&[], Vec::as_slice)
    }

    pub(super) fn with(&self, wanted: Carrier) -> impl Iterator<Item = &'a KeptItem> {
        self.items.iter().filter(move |(carrier, _)| *carrier == wanted).map(|(_, kept)| *kept)
    }

    fn not_held(&self) -> Result<(), Stop> {
        let held: Vec<String> = self.with(Carrier::Held).map(payment_name).collect();
        if held.is_empty() {
            return Ok(());
        }
        Err(stop(Reason::new(ReasonCode::ForeignHeld, name_some(&held))))
    }

    /// The documents that the deposit is made of, or the wait for those that are missing.
    fn inside(&self, lines_posted: bool) -> Result<Vec<Inside<'a>>, Stop> {
        let mut inside = Vec::new();
        let mut missing = Vec::new();
        for kept in self.with(Carrier::Receipt) {
            match self.receipt_of(kept)? {
                Some(receipt) => inside.push(Inside::Receipt(receipt)),
                None => missing.push(kept),
            }
        }
        let of = self.with(Carrier::Receipt).count();
        // What was voided behind a deposit of ours that stands is at the bank all the same: the receipt
        // is its own case's business.
        if !lines_posted || self.voided_since(&inside) < missing.len() {
            self.wait(&missing, of, ReasonCode::WaitingForReceipts)?;
        }
        missing.clear();
        for kept in self.with(Carrier::Refund) {
            match self.refund_of(kept)? {
                Some(document) => inside.push(document),
                None if self.taken_over(kept).is_some() => {}
                None => missing.push(kept),
            }
        }
        let of = self.with(Carrier::Refund).count();
        self.wait(&missing, of, ReasonCode::WaitingForReversals)?;
        Ok(inside)
    }

    /// How many receipts the standing deposits of ours hold that stand for no item any more.
    fn voided_since(&self, inside: &[Inside<'a>]) -> usize {
        let stand: BTreeSet<&ReceiptId> = inside
            .iter()
            .filter_map(|document| match document {
                Inside::Receipt(receipt) => Some(&receipt.id),
                Inside::Refund(_) | Inside::Nothing => None,
            })
            .collect();
        let ours = self.own.iter().filter(|own| !own.is_gone()).flat_map(|own| &own.receipts);
        ours.filter(|id| !stand.contains(id)).count()
    }

    /// Waits for the owners of the items that have no document that stands, and hints them. What is
    /// voided or gone is named: its owner may take it for booked, and is hinted anew as the words are others.
    fn wait(&self, missing: &[&KeptItem], of: usize, code: ReasonCode) -> Result<(), Stop> {
        if missing.is_empty() {
            return Ok(());
        }
        let owners = self.facts.owners(missing.iter().map(|kept| &kept.item));
        let names: Vec<String> = owners.iter().map(ToString::to_string).collect();
        let mut detail = format!("{} of {of} missing: {}", missing.len(), name_some(&names));
        let gone: Vec<String> = missing.iter().flat_map(|kept| self.gone_of(kept)).collect();
        if !gone.is_empty() {
            detail = format!("{detail}; voided or gone: {}", name_some(&gone));
        }
        let mut decision = stop(Reason::new(code, detail));
        decision.hints = owners;
        Err(decision)
    }

    /// The item's documents that somebody voided or deleted.
    fn gone_of(&self, kept: &KeptItem) -> Vec<String> {
        let is_gone = |key: &Key| match self.facts.erp_documents.get(key) {
            Some(Sight::Found(ErpDocument::Receipt(receipt))) => receipt.voided,
            Some(Sight::Found(ErpDocument::Refund(refund))) => refund.voided,
            Some(Sight::Found(ErpDocument::Journal(journal))) => journal.voided,
            Some(Sight::Missing) => true,
            Some(Sight::Found(ErpDocument::Deposit(_)) | Sight::Odd(_) | Sight::NotRead) | None => {
                false
            }
        };
        let documents = self.documents_of(kept).iter().filter(|document| is_gone(&document.key));
        documents.map(|document| document.key.to_string()).collect()
    }

    /// The receipt of a settlement, once it stands in the books. One that is in a deposit of ours
    /// counts as it was deposited.
    fn receipt_of(&self, kept: &KeptItem) -> Result<Option<&'a Receipt>, Stop> {
        let facts = self.facts;
        for document in self.documents_of(kept) {
            if document.role != DocumentRole::Receipt {
                continue;
            }
            match facts.erp_documents.get(&document.key).unwrap_or(&Sight::NotRead) {
                Sight::Found(ErpDocument::Receipt(receipt)) if receipt.voided => {}
                Sight::Found(ErpDocument::Receipt(receipt)) => {
                    if receipt.place == ReceiptPlace::NotPosted {
                        continue;
                    }
                    self.same_amount(kept, receipt.amount, &document.key)?;
                    return Ok(Some(receipt));
                }
                Sight::Found(_) | Sight::Missing => {}
                Sight::Odd(why) => {
                    return Err(stop(Reason::new(ReasonCode::OddRecord, why.clone())));
                }
                Sight::NotRead => {
                    let detail = format!("{} was not read", document.key);
                    return Err(stop(Reason::new(ReasonCode::Unavailable, detail)));
                }
            }
        }
        Ok(None)
    }

    fn same_amount(&self, kept: &KeptItem, amount: Money, key: &Key) -> Result<(), Stop> {
        let decided = Money::new(whole(kept).map_err(stop)?, kept.currency);
        if amount == decided {
            return Ok(());
        }
        let detail = format!("{key} is {amount}, the payout's item is {decided}");
        Err(stop(Reason::new(ReasonCode::ReceiptDiffers, detail)))
    }

    /// The refund document inside the deposit, once refund and loss together reach the item.
    fn refund_of(&self, kept: &KeptItem) -> Result<Option<Inside<'a>>, Stop> {
        if !self.is_taken_back(kept)? {
            return Ok(None);
        }
        let found = self.documents_of(kept).iter().find_map(|document| {
            match self.facts.erp_documents.get(&document.key).and_then(Sight::found) {
                Some(ErpDocument::Refund(refund)) if !refund.voided => Some(refund),
                Some(_) | None => None,
            }
        });
        match found {
            Some(refund) if refund.place == ReceiptPlace::NotPosted => Ok(None),
            Some(refund) => Ok(Some(Inside::Refund(refund))),
            None => Ok(Some(Inside::Nothing)),
        }
    }

    pub(super) fn is_taken_back(&self, kept: &KeptItem) -> Result<bool, Stop> {
        let documents = self.documents_of(kept).iter().copied();
        let erp = &self.facts.erp_documents;
        let taken = proof::taken_back(documents, &self.bank, kept.currency, erp)
            .and_then(|taken| taken.refunded.checked_add(taken.lost))
            .map_err(|error| stop(out_of_range(error)))?;
        Ok(taken.minor >= -whole(kept).map_err(stop)?)
    }

    /// Fees, suspense and the rounding that makes everything reach the payout.
    fn lines(&self, inside: &[Inside<'a>]) -> Result<Vec<DepositLine>, Stop> {
        let accounts = &self.facts.frame.policy.accounts;
        let currency = self.payout.amount.currency;
        let mut lines = compose::lines(accounts, currency, &self.items).map_err(stop)?;
        let mut remainder = self.payout.amount;
        let mut take = |amount: Money| -> Result<(), Stop> {
            remainder = remainder.checked_sub(amount).map_err(|error| stop(out_of_range(error)))?;
            Ok(())
        };
        for line in &lines {
            take(line.amount)?;
        }
        for document in inside {
            if let Inside::Receipt(receipt) = document {
                take(receipt.amount)?;
            }
        }
        // Taken back from the bank, or by a refund document inside, or by a loss journal: all of it
        // reaches the bank beside the lines.
        for kept in self.with(Carrier::FromBank).chain(self.with(Carrier::Refund)) {
            take(Money::new(whole(kept).map_err(stop)?, currency))?;
        }
        lines.extend(compose::rounding_line(accounts, remainder).map_err(stop)?);
        Ok(lines)
    }

    /// The lines that are left to us beside what people deposited, or what is amiss there.
    fn beside_people(&self, lines: Vec<DepositLine>) -> Result<Vec<DepositLine>, Stop> {
        let left = self.facts.by_hand.lines_left(&self.bank, &self.by_people, lines);
        left.map_err(|misplaced| Box::new(misplaced.decision(self.facts.frame.now)))
    }

    /// What is in no document yet.
    fn left(&self, inside: &[Inside<'a>], lines: Vec<DepositLine>) -> Left {
        let mut left = Left { lines, ..Left::default() };
        for document in inside {
            match document {
                Inside::Receipt(receipt) if proof::is_by_person(receipt, self.own) => {
                    left.lines_apart = true;
                }
                Inside::Receipt(receipt) if self.is_in_ours(|own| &own.receipts, &receipt.id) => {}
                Inside::Receipt(receipt) => {
                    left.receipts.push((receipt.id.clone(), receipt.amount.minor));
                }
                Inside::Refund(refund) if proof::is_refund_by_person(refund, self.own) => {
                    left.lines_apart = true;
                }
                Inside::Refund(refund) if self.is_in_ours(|own| &own.refunds, &refund.id) => {}
                Inside::Refund(refund) => {
                    left.refunds.push((refund.id.clone(), refund.amount.minor));
                }
                Inside::Nothing => {}
            }
        }
        left
    }

    fn is_in_ours<Id: Ord>(&self, list: impl Fn(&OwnDocument) -> &BTreeSet<Id>, id: &Id) -> bool {
        self.own.iter().any(|own| !own.is_gone() && list(own).contains(id))
    }

    /// The date every document of the payout carries, or the wait for its period.
    fn dates(&self) -> Result<(Date, Option<Date>), Stop> {
        let frame = &self.facts.frame;
        let arrival_on = self.facts.kept.first().map_or(frame.today, |kept| kept.arrival_on);
        date_document(arrival_on, &frame.periods, frame.policy.closed_period)
            .dates()
            .ok_or_else(|| stop(period_closed(arrival_on, &frame.periods, "the deposit")))
    }

    fn memo(&self) -> String {
        match &self.payout.reference {
            Some(reference) => format!("Payout {} {reference}", self.payout.id),
            None => format!("Payout {}", self.payout.id),
        }
    }

    fn key(&self, purpose: &str) -> Key {
        let payout = self.payout.id.as_str();
        let first = self.facts.frame.next_nth_of(&[purpose, payout]);
        let mut keys = (first..).map(|nth| Key::new(&[purpose, payout, &nth.to_string()]));
        // One that only the ERP knows has its key.
        let free = keys.find(|key| self.own.iter().all(|own| own.key != *key));
        free.unwrap_or_else(|| Key::new(&[purpose, payout, &first.to_string()]))
    }

    fn record_deposit(&self, planned: PlannedDeposit) -> Result<Decision, Stop> {
        let (dated_on, true_date) = self.dates()?;
        let currency = self.payout.amount.currency;
        let rate = self.facts.frame.policy.exchange.rate(currency, dated_on);
        let missing = |what| stop(Reason::new(ReasonCode::ExchangeRateMissing, what));
        let exchange_rate = rate.map_err(missing)?;
        let write = Write::Erp(ErpWrite::RecordDeposit(RecordDeposit {
            bank: self.bank.clone(),
            currency,
            dated_on,
            true_date,
            receipts: planned.receipts,
            refunds: planned.refunds,
            lines: planned.lines,
            exchange_rate,
            total: Money::new(planned.total, currency),
            payout: Some(self.payout.id.clone()),
            memo: self.memo(),
        }));
        let key = self.key(purpose::DEPOSIT);
        Ok(self.facts.frame.issue(Stage::Collected, key, write, Some(dated_on)))
    }

    /// The lines against the bank: what a deposit's line adds to the bank's side is a debit of the
    /// bank and a credit of the line's account.
    fn record_journal(&self, lines: &[DepositLine]) -> Result<Decision, Stop> {
        let (dated_on, true_date) = self.dates()?;
        let currency = self.payout.amount.currency;
        let memo = self.memo();
        let mut at_bank = Money::zero(currency);
        let mut journal = Vec::new();
        for line in lines {
            let failed = |error| stop(out_of_range(error));
            at_bank = at_bank.checked_add(line.amount).map_err(failed)?;
            let amount = Money::zero(currency).checked_sub(line.amount).map_err(failed)?;
            let (account, memo) = (line.account.clone(), line.memo.clone());
            journal.push(JournalLine { account, amount, memo, customer: None });
        }
        let (account, customer) = (self.bank.clone(), None);
        let bank = JournalLine { account, amount: at_bank, memo: memo.clone(), customer };
        journal.insert(0, bank);
        let write = Write::Erp(ErpWrite::RecordJournal(RecordJournal {
            subsidiary: bank_subsidiary(&self.facts.frame.policy, self.payout),
            currency,
            dated_on,
            true_date,
            lines: journal,
            payout: Some(self.payout.id.clone()),
            memo,
        }));
        let key = self.key(purpose::FEES);
        Ok(self.facts.frame.issue(Stage::Collected, key, write, Some(dated_on)))
    }

    /// Everything of ours is posted: the items booked from the bank must follow, and then all bank
    /// lines must sum to the payout. Whoever has a stake in this payout waited for the deposit.
    fn prove(&self) -> Result<Decision, Stop> {
        let hints = self.facts.owners(self.items.iter().map(|(_, kept)| &kept.item));
        let mut missing = Vec::new();
        for kept in self.with(Carrier::FromBank).filter(|kept| self.taken_over(kept).is_none()) {
            if !self.is_taken_back(kept)? {
                missing.push(kept);
            }
        }
        let of = self.with(Carrier::FromBank).count();
        if let Err(mut waiting) = self.wait(&missing, of, ReasonCode::WaitingForReversals) {
            waiting.hints = hints;
            return Ok(*waiting);
        }
        if let Err(mut left) = self.left_to_people() {
            left.hints = hints;
            return Ok(*left);
        }
        let facts = self.facts;
        let at_bank = proof::at_bank(
            &self.bank,
            self.payout.amount.currency,
            &facts.kept,
            self.own,
            &facts.documents,
            &facts.erp_documents,
            &facts.by_hand,
        )
        .map_err(|error| stop(out_of_range(error)))?;
        let mut decision = if at_bank == self.payout.amount {
            let seen = self.by_people.is_empty() || facts.by_hand != ByHand::NotShown;
            let code = if seen { ReasonCode::Booked } else { ReasonCode::NotProved };
            Decision::rest(Stage::Closed, Reason::new(code, at_bank.to_string()))
        } else {
            let detail = format!("documents {at_bank}, payout {}", self.payout.amount);
            *stop(Reason::new(ReasonCode::DepositDiffers, detail))
        };
        decision.hints = hints;
        Ok(decision)
    }
}

fn stuck(refunds: &[ErpRefundId]) -> Reason {
    let names: Vec<String> = refunds.iter().map(ToString::to_string).collect();
    let detail = format!(
        "no receipts are left to deposit together with these refunds, do it by hand: {}",
        name_some(&names)
    );
    Reason::new(ReasonCode::DepositByPerson, detail)
}
