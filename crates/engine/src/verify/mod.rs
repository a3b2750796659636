//! The proof: processor, our clearing ledger and the ERP's documents against each other, payout by
//! payout. A side that could not be read is "not proved", never zero (DESIGN.md section 5, Proof).

mod accounts;
mod reversals;
mod unexplained;

use std::collections::{BTreeMap, BTreeSet};

use flows::payout::by_hand::{self, ByHand};
use flows::payout::{OwnDocument, OwnState, at_bank, bank_account, own_documents};
use model::case::{CaseKey, CaseKind};
use model::command::CommandView;
use model::decision::Stage;
use model::ids::{AccountId, CollectionId, LinkId, PayoutId};
use model::key::Key;
use model::ledger::{ClearingAccount, Posting};
use model::money::{Currency, ItemAmount, Money};
use model::payout::{KeptItem, Payout, PayoutItemKind, PayoutStatus};
use model::reason::{ReasonCode, ReasonKind};
use model::receipt::{DocumentKind, ErpDocument, ReceiptPlace};
use model::sight::Sight;
use ports::{Depth, Read};
use serde::{Deserialize, Serialize};
use store::rows::{AttentionRow, CaseFilter, CaseRow};

pub use reversals::WaitingReversals;

use crate::engine::Engine;
use crate::error::Result;
use crate::look::{Batch, Served, kind_of_role, read_by_hand, serve_link};
use crate::world::World;

/// Cases read at a time.
const PAGE: u32 = 500;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub findings: Vec<Finding>,
    pub totals: Vec<Total>,
    /// What no payout has taken back yet: the books follow with it.
    #[serde(default)]
    pub reversals: Vec<WaitingReversals>,
}

/// One comparison.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub what: String,
    pub processor: Option<Money>,
    pub books: Option<Money>,
    pub verdict: Verdict,
    pub why: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Equal to the penny.
    Proved,
    /// Still on its way, for the reason given.
    Pending,
    /// A side could not be read, or it waits for a person.
    NotProved,
    /// Documents of others stand beside ours, or people book it: for a person to judge.
    Others,
    /// Not equal.
    Differs,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    pub what: String,
    pub amount: Money,
}

/// Sums per name and currency.
#[derive(Default)]
struct Sums(BTreeMap<(String, Currency), ItemAmount>);

impl Sums {
    fn add(&mut self, what: &str, currency: Currency, amount: ItemAmount) {
        let held = self.0.entry((what.to_owned(), currency)).or_insert(ItemAmount::ZERO);
        *held = held.checked_add(amount).unwrap_or(*held);
    }

    fn totals(self) -> Vec<Total> {
        self.0
            .into_iter()
            .filter_map(|((what, currency), amount)| {
                let minor = amount.round_to_minor().ok()?;
                Some(Total { what, amount: Money::new(minor, currency) })
            })
            .collect()
    }
}

impl Engine {
    /// Proves every payout of the link (or of all links), and what stands between processor and bank.
    pub async fn verify(&self, link: Option<&LinkId>) -> Result<Proof> {
        let world = self.world();
        let mut findings = Vec::new();
        let mut sums = Sums::default();
        let attention = self.store.attention(true).await?;
        for row in self.all_cases(CaseKind::Payout, link).await? {
            findings.extend(self.verify_payout(&world, &row, &attention, &mut sums).await?);
        }
        for row in self.all_cases(CaseKind::Collection, link).await? {
            self.sum_collection(&row, &mut sums).await?;
        }
        for item in attention {
            let ours = link.is_none_or(|link| item.link.as_ref() == Some(link));
            if ours && item.reason.code == ReasonCode::DoubleCollection {
                findings.push(doubled(&item));
            }
        }
        findings.extend(self.verify_accounts(&world, link, &mut sums).await?);
        let reversals = self.waiting_reversals(link).await?;
        Ok(Proof { findings, totals: sums.totals(), reversals })
    }

    /// Every case of a kind, of one link or of all.
    pub async fn all_cases(&self, kind: CaseKind, link: Option<&LinkId>) -> Result<Vec<CaseRow>> {
        self.cases_where(CaseFilter {
            kind: Some(kind),
            link: link.cloned(),
            ..CaseFilter::default()
        })
        .await
    }

    /// Every case that the filter lets through, page by page.
    async fn cases_where(&self, filter: CaseFilter) -> Result<Vec<CaseRow>> {
        let mut filter = CaseFilter { limit: PAGE, ..filter };
        let mut rows = Vec::new();
        loop {
            let page = self.store.cases(&filter).await?;
            let Some(last) = page.last() else { return Ok(rows) };
            filter.after = Some(last.id);
            rows.extend(page);
        }
    }

    async fn verify_payout(
        &self,
        world: &World,
        row: &CaseRow,
        attention: &[AttentionRow],
        sums: &mut Sums,
    ) -> Result<Option<Finding>> {
        let id = PayoutId::new(row.key.subject.as_str());
        let what = format!("payout {id}");
        let processor = world.processor_of_account(&row.key.account);
        let read = match &processor {
            Some(processor) => processor.port.payouts(std::slice::from_ref(&id)).await.ok(),
            None => None,
        };
        let payout = read.and_then(|mut reads| reads.pop()).and_then(Read::into_found);
        let (Some(processor), Some(payout)) = (processor, payout) else {
            return Ok(Some(not_proved(what, None, "the processor could not be read")));
        };
        let waits = row.reason.as_ref().map(|reason| reason.code);
        if payout.status == PayoutStatus::Pending || waits.is_some_and(none_of_ours) {
            return Ok(None);
        }
        let amount = payout.amount;
        if waits == Some(ReasonCode::LeftToPeople) {
            let why = "it is left to people: not compared".to_owned();
            let (processor, verdict) = (Some(amount), Verdict::Others);
            return Ok(Some(Finding { what, processor, books: None, verdict, why }));
        }
        let Some(served) = serve_link(self, world, &processor, &payout, row.link.as_ref()) else {
            return Ok(Some(not_proved(what, Some(amount), "no link serves it")));
        };
        let account = &processor.account;
        let kept = self.store.items_of_payout(account, &id).await?;
        if payout.status == PayoutStatus::Bounced {
            let books = self.bank_lines_of(&served, row, &payout, &kept).await?;
            return Ok(Some(bounced(what, amount, books)));
        }
        add_items(sums, &kept);
        if row.stage != Some(Stage::Closed) && !model::defect!(ProofBlind) {
            let unseen = || "it was not looked at yet: \"ml-connector sync\" does".to_owned();
            let why = row.reason.as_ref().map_or_else(unseen, |reason| reason.sentence());
            // What waits for a person does not come by itself.
            let stuck = needs_person(row)
                || told_of(attention, row)
                || self.waits_for_person(account, &kept).await?;
            let verdict = if stuck { Verdict::NotProved } else { Verdict::Pending };
            return Ok(Some(Finding { what, processor: Some(amount), books: None, verdict, why }));
        }
        if let Err(why) = clearing(&payout, &kept) {
            let (processor, verdict) = (Some(amount), Verdict::Differs);
            return Ok(Some(Finding { what, processor, books: None, verdict, why }));
        }
        let books = self.bank_lines_of(&served, row, &payout, &kept).await?;
        Ok(Some(compare(what, amount, books)))
    }

    /// What the payout's documents put on its bank account now, or why that is not known.
    async fn bank_lines_of(
        &self,
        served: &Served,
        row: &CaseRow,
        payout: &Payout,
        kept: &[KeptItem],
    ) -> Result<std::result::Result<Money, String>> {
        let commands = self.commands_of(&row.key).await?;
        let documents = self.store.item_documents(&row.key.account, &payout.id).await?;
        let own = own_documents(&commands, &payout.id, &BTreeMap::new());
        let mut keys: Vec<(DocumentKind, Key)> =
            own.iter().map(|own| (own.kind, own.key.clone())).collect();
        keys.extend(documents.iter().map(|one| (kind_of_role(one.role), one.key.clone())));
        let Ok(mut erp) = self.read_documents(&served.erp, &keys).await else {
            return Ok(Err("the ERP could not be read".to_owned()));
        };
        let nobody = |_: &Key| false;
        if self.read_taken_over(&served.erp, &documents, &mut erp, nobody).await.is_err() {
            return Ok(Err("the ERP could not be read".to_owned()));
        }
        if self.read_forgotten(&served.erp, &payout.id, &commands, &mut erp).await.is_err() {
            return Ok(Err("the ERP could not be read".to_owned()));
        }
        let own = own_documents(&commands, &payout.id, &erp);
        let Some(bank) = bank_account(&served.link.policy, payout) else {
            return Ok(Err("no bank account is mapped".to_owned()));
        };
        if let Some(why) = own.iter().find_map(differs) {
            return Ok(Err(why));
        }
        let by_people = by_hand::deposited(Some(bank), kept, &own, &documents, &erp);
        let Ok(by_hand) = read_by_hand(&served.erp, &by_people).await else {
            return Ok(Err("the ERP could not be read".to_owned()));
        };
        if !by_people.is_empty() && by_hand == ByHand::NotShown {
            let why = "somebody deposited by hand, and the ERP's API does not show such deposits";
            return Ok(Err(why.to_owned()));
        }
        Ok(at_bank(bank, payout.amount.currency, kept, &own, &documents, &erp, &by_hand)
            .map_err(|error| error.to_string()))
    }

    /// Any case of the payout's items waits for a person.
    async fn waits_for_person(&self, account: &AccountId, kept: &[KeptItem]) -> Result<bool> {
        let ids: Vec<CollectionId> =
            kept.iter().filter_map(|one| one.item.collection.clone()).collect();
        let rows = self.store.collection_rows(account, &ids).await?;
        let of_payments = rows.into_iter().flatten().filter_map(|row| row.case);
        let refunds = kept.iter().filter_map(|one| one.item.refund.as_ref());
        let of_refunds = refunds.map(|refund| CaseKey::refund(account, refund));
        for case in of_payments.chain(of_refunds).collect::<BTreeSet<CaseKey>>() {
            if self.store.case(&case).await?.as_ref().is_some_and(needs_person) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    async fn commands_of(&self, case: &CaseKey) -> Result<Vec<CommandView>> {
        let Some(row) = self.store.case(case).await? else { return Ok(Vec::new()) };
        let context = self.store.contexts(&[row.id]).await?.pop().unwrap_or_default();
        Ok(context.commands.into_iter().map(|command| command.view).collect())
    }

    /// Direct reads: a proof does not rest on an index that may lag.
    async fn read_documents(
        &self,
        erp: &crate::world::ErpPort,
        keys: &[(DocumentKind, Key)],
    ) -> Result<BTreeMap<Key, Sight<ErpDocument>>> {
        self.documents(erp, keys, Depth::Direct, &Batch::default()).await
    }

    /// What is confirmed and not paid out, undeposited, or unapplied, from the last look.
    async fn sum_collection(&self, row: &CaseRow, sums: &mut Sums) -> Result<()> {
        let waits = row.reason.as_ref().map(|reason| reason.code);
        if row.stage == Some(Stage::Closed) && waits != Some(ReasonCode::Collected) {
            return Ok(());
        }
        let context = self.store.contexts(&[row.id]).await?.pop().unwrap_or_default();
        for (subject, (_, body)) in &context.facts {
            if waits == Some(ReasonCode::WaitingForPayout)
                && subject.starts_with("collection/")
                && let Some(collection) = body.read::<model::payment::Collection>()
                && collection.status == model::payment::CollectionStatus::Confirmed
            {
                let amount = ItemAmount::from_minor(collection.amount.minor);
                sums.add("confirmed, not paid out", collection.amount.currency, amount);
            }
            if subject.starts_with("document/")
                && let Some(ErpDocument::Receipt(receipt)) = body.read::<ErpDocument>()
                && !receipt.voided
            {
                let currency = receipt.amount.currency;
                if receipt.place == ReceiptPlace::Undeposited {
                    let amount = ItemAmount::from_minor(receipt.amount.minor);
                    sums.add("receipts not deposited", currency, amount);
                }
                if receipt.unapplied.is_positive() {
                    let amount = ItemAmount::from_minor(receipt.unapplied.minor);
                    sums.add("unapplied on receipts", currency, amount);
                }
            }
        }
        Ok(())
    }
}

fn needs_person(row: &CaseRow) -> bool {
    row.reason.as_ref().is_some_and(|reason| reason.code.kind() == ReasonKind::NeedsPerson)
}

/// A person is told something of the case beside its own reason.
fn told_of(attention: &[AttentionRow], row: &CaseRow) -> bool {
    attention.iter().any(|item| item.case == row.key)
}

/// A document of ours is not what was decided.
fn differs(own: &OwnDocument) -> Option<String> {
    match &own.state {
        OwnState::Differs(how) => Some(format!("{} {}: {how}", own.key, own.document)),
        OwnState::Standing | OwnState::Voided | OwnState::Missing => None,
    }
}

/// Two payments stand for one invoice. What a person took off the list is settled between people: no read
/// of either side tells of it.
fn doubled(item: &AttentionRow) -> Finding {
    let (verdict, settled) = if item.ignored {
        (Verdict::Others, "; a person says that it is settled")
    } else {
        (Verdict::Differs, "")
    };
    let why = format!("{}{settled}", item.reason.sentence());
    Finding { what: item.case.to_string(), processor: None, books: None, verdict, why }
}

/// Payouts that the rules never book.
fn none_of_ours(waits: ReasonCode) -> bool {
    matches!(waits, ReasonCode::PartnerPayout | ReasonCode::BeforeCutOver)
}

fn not_proved(what: String, processor: Option<Money>, why: &str) -> Finding {
    Finding { what, processor, books: None, verdict: Verdict::NotProved, why: why.to_owned() }
}

fn compare(what: String, payout: Money, books: std::result::Result<Money, String>) -> Finding {
    let processor = Some(payout);
    match books {
        Ok(books) if books == payout || model::defect!(ProofBlind) => {
            let verdict = Verdict::Proved;
            Finding { what, processor, books: Some(books), verdict, why: String::new() }
        }
        Ok(books) => {
            let why = "the bank lines of its documents differ from the payout".to_owned();
            Finding { what, processor, books: Some(books), verdict: Verdict::Differs, why }
        }
        Err(why) => not_proved(what, processor, &why),
    }
}

/// The money of a bounced payout is with the processor: nothing of it may be on the bank account.
fn bounced(what: String, payout: Money, books: std::result::Result<Money, String>) -> Finding {
    let at_bank = Money::zero(payout.currency);
    let why = match books {
        Ok(books) if books.is_zero() => {
            let why =
                format!("it bounced: {payout} wait at the processor, none in the books' bank");
            let (processor, verdict) = (Some(at_bank), Verdict::Pending);
            return Finding { what, processor, books: Some(books), verdict, why };
        }
        Ok(books) => {
            let why = format!(
                "it bounced, and {books} of it stand on the bank account: bounced=reverse takes \
                 back what was deposited here, people take back theirs"
            );
            let (processor, verdict) = (Some(at_bank), Verdict::NotProved);
            return Finding { what, processor, books: Some(books), verdict, why };
        }
        Err(why) => why,
    };
    not_proved(what, Some(at_bank), &format!("it bounced, and {why}"))
}

fn add_items(sums: &mut Sums, kept: &[KeptItem]) {
    for one in kept {
        let month = one.arrival_on.strftime("%Y-%m").to_string();
        let what = match one.item.kind {
            PayoutItemKind::PaymentPaidOut => "collected",
            PayoutItemKind::PaymentFailed => "failed late",
            PayoutItemKind::PaymentChargedBack => "charged back",
            PayoutItemKind::PaymentRefunded | PayoutItemKind::Refund => "refunded",
            PayoutItemKind::RefundFundsReturned => "refunds returned",
            PayoutItemKind::ProcessorFee => "fees (tax included)",
            PayoutItemKind::AppFee => "app fees",
            PayoutItemKind::RevenueShare => "revenue share",
            PayoutItemKind::SurchargeFee => "surcharges (tax included)",
        };
        sums.add(&format!("{month} {what}"), one.currency, one.item.amount);
        for tax in &one.item.taxes {
            let amount = tax.amount.with_sign_of(one.item.amount);
            sums.add(&format!("{month} tax in fees"), one.currency, amount);
        }
    }
}

/// The payout as one balanced posting of the clearing ledger, rounding named.
fn clearing(payout: &Payout, kept: &[KeptItem]) -> std::result::Result<Posting, String> {
    let currency = payout.amount.currency;
    let mut exact: BTreeMap<ClearingAccount, ItemAmount> = BTreeMap::new();
    for one in kept {
        let account = match one.item.kind {
            PayoutItemKind::PaymentPaidOut => ClearingAccount::Receivable,
            PayoutItemKind::PaymentFailed | PayoutItemKind::PaymentChargedBack => {
                ClearingAccount::Chargebacks
            }
            PayoutItemKind::PaymentRefunded
            | PayoutItemKind::Refund
            | PayoutItemKind::RefundFundsReturned => ClearingAccount::Refunds,
            PayoutItemKind::ProcessorFee
            | PayoutItemKind::AppFee
            | PayoutItemKind::RevenueShare
            | PayoutItemKind::SurchargeFee => ClearingAccount::Fees,
        };
        let held = exact.entry(account).or_insert(ItemAmount::ZERO);
        *held = held.checked_add(one.item.amount).map_err(|error| error.to_string())?;
    }
    let mut lines = vec![(ClearingAccount::Bank, payout.amount)];
    let mut posted = payout.amount.minor;
    for (account, amount) in exact {
        let minor = amount.round_to_minor().map_err(|error| error.to_string())?;
        posted -= minor;
        lines.push((account, Money::new(-minor, currency)));
    }
    // Each line is rounded once; together they may be off by less than a unit per line.
    let lines_count = i64::try_from(lines.len()).unwrap_or(i64::MAX);
    if posted.abs() > lines_count {
        let off = Money::new(posted, currency);
        return Err(format!("the kept items are off the payout by {off}"));
    }
    lines.push((ClearingAccount::Rounding, Money::new(-posted, currency)));
    Posting::try_new(lines).map_err(|error| error.to_string())
}
