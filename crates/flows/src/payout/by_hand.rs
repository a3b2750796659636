//! Deposits that people made of a payout's receipts and refunds: what of them reaches the payout's bank
//! account is read, and not assumed (promise P4).

use std::collections::BTreeMap;

use jiff::ToSpan;

use model::command::DepositLine;
use model::decision::{Decision, ItemDocument, Stage};
use model::ids::{ErpRefundId, LedgerAccountId, ReceiptId};
use model::key::Key;
use model::money::{Currency, Money, MoneyError};
use model::payout::{ItemRoute, KeptItem};
use model::reason::{Reason, ReasonCode};
use model::receipt::{Deposit, ErpDocument, ErpRefund, Receipt};
use model::sight::Sight;

use super::name_some;
use super::proof::{OwnDocument, is_by_person, is_refund_by_person};

/// Minutes until a deposit that no read has shown yet is looked for again: queries may lag.
const UNSEEN_MINUTES: i64 = 15;

/// What the ERP shows of the deposits that people made of a payout's documents.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ByHand {
    /// Its API shows no deposits: what people deposited is taken to be gross, on the payout's bank
    /// account. Nothing that rests on it is proved.
    NotShown,
    Shown(Vec<Deposit>),
}

/// Receipts and refunds of a payout that stand in no deposit of ours and are deposited all the same.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Deposited {
    pub receipts: BTreeMap<ReceiptId, Receipt>,
    pub refunds: BTreeMap<ErpRefundId, ErpRefund>,
}

impl Deposited {
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.receipts.is_empty() && self.refunds.is_empty()
    }

    fn is_held_by(&self, deposit: &Deposit) -> bool {
        deposit.receipts.iter().any(|id| self.receipts.contains_key(id))
            || deposit.refunds.iter().any(|id| self.refunds.contains_key(id))
    }
}

/// What of a payout's documents people deposited. What was taken from the payout's bank account, or stands
/// on suspense, waits for no deposit: also a refund of ours of before the link's `reversals` were changed,
/// where a database of then was put back.
#[must_use]
pub fn deposited(
    bank: Option<&LedgerAccountId>,
    kept: &[KeptItem],
    own: &[OwnDocument],
    documents: &[ItemDocument],
    erp: &BTreeMap<Key, Sight<ErpDocument>>,
) -> Deposited {
    let routes: BTreeMap<u32, ItemRoute> =
        kept.iter().map(|kept| (kept.item.ordinal, kept.route)).collect();
    let mut found = Deposited::default();
    for document in documents {
        let Some(route) = routes.get(&document.ordinal) else { continue };
        match (erp.get(&document.key).and_then(Sight::found), route) {
            (_, ItemRoute::DepositLine) => {}
            (Some(ErpDocument::Receipt(receipt)), _) if is_by_person(receipt, own) => {
                found.receipts.insert(receipt.id.clone(), receipt.clone());
            }
            (Some(ErpDocument::Refund(refund)), ItemRoute::InDeposit | ItemRoute::LeftToPeople)
                if is_refund_by_person(refund, own)
                    && bank.is_none_or(|bank| refund.account.as_ref() != Some(bank)) =>
            {
                found.refunds.insert(refund.id.clone(), refund.clone());
            }
            (Some(_) | None, _) => {}
        }
    }
    found
}

impl ByHand {
    fn standing(&self) -> impl Iterator<Item = &Deposit> {
        let shown = match self {
            ByHand::NotShown => [].as_slice(),
            ByHand::Shown(deposits) => deposits.as_slice(),
        };
        shown.iter().filter(|deposit| !deposit.voided)
    }

    /// The receipt's money is on that account.
    #[must_use]
    pub fn puts_receipt_on(&self, bank: &LedgerAccountId, receipt: &Receipt) -> bool {
        let mut there =
            self.standing().filter(|one| one.bank == *bank).flat_map(|one| &one.receipts);
        *self == ByHand::NotShown
            || receipt.account.as_ref() == Some(bank)
            || there.any(|id| *id == receipt.id)
    }

    /// The refund was taken from that account.
    #[must_use]
    pub fn takes_refund_from(&self, bank: &LedgerAccountId, refund: &ErpRefund) -> bool {
        let mut there =
            self.standing().filter(|one| one.bank == *bank).flat_map(|one| &one.refunds);
        *self == ByHand::NotShown
            || refund.account.as_ref() == Some(bank)
            || there.any(|id| *id == refund.id)
    }

    /// What the deposits of these documents put on the account beside receipts and refunds.
    pub fn beside(
        &self,
        bank: &LedgerAccountId,
        deposited: &Deposited,
        currency: Currency,
    ) -> Result<Money, MoneyError> {
        self.lines_on(bank, deposited)
            .try_fold(Money::zero(currency), |sum, (_, amount)| sum.checked_add(*amount))
    }

    fn lines_on<'a>(
        &'a self,
        bank: &'a LedgerAccountId,
        deposited: &'a Deposited,
    ) -> impl Iterator<Item = &'a (LedgerAccountId, Money)> {
        self.standing()
            .filter(|one| one.bank == *bank && deposited.is_held_by(one))
            .flat_map(|one| &one.beside)
    }

    /// Of our lines those that are left to post: none when the deposits made by hand hold just the same
    /// beside their receipts, account by account.
    pub fn lines_left(
        &self,
        bank: &LedgerAccountId,
        deposited: &Deposited,
        lines: Vec<DepositLine>,
    ) -> Result<Vec<DepositLine>, Misplaced> {
        self.placed(bank, deposited)?;
        if lines.is_empty() {
            return Ok(lines);
        }
        let theirs = by_account(self.lines_on(bank, deposited).map(|(on, amount)| (on, amount)));
        if theirs.is_empty() {
            return Ok(lines);
        }
        let ours = by_account(lines.iter().map(|line| (&line.account, &line.amount)));
        if theirs == ours {
            return Ok(Vec::new());
        }
        let held: Vec<String> = self
            .standing()
            .filter(|one| deposited.is_held_by(one) && !one.beside.is_empty())
            .map(|one| {
                let lines = one.beside.iter().map(|(account, amount)| (account, amount.minor));
                let currency = one.total.currency;
                let words = words(&lines.collect(), currency);
                format!("deposit {}, made by hand, holds {words} beside its receipts", one.id)
            })
            .collect();
        let currency = lines[0].amount.currency;
        Err(Misplaced::Differs(format!(
            "{}; of the payout there must be {}",
            name_some(&held),
            words(&ours, currency)
        )))
    }

    /// Everything that people deposited is on the payout's bank account.
    fn placed(&self, bank: &LedgerAccountId, deposited: &Deposited) -> Result<(), Misplaced> {
        let elsewhere: Vec<String> = self
            .standing()
            .filter(|one| one.bank != *bank && deposited.is_held_by(one))
            .map(|one| format!("deposit {}, made by hand, is on account {}", one.id, one.bank))
            .collect();
        if !elsewhere.is_empty() {
            let names = name_some(&elsewhere);
            return Err(Misplaced::Differs(format!("{names}; the payout reaches account {bank}")));
        }
        let receipts = deposited
            .receipts
            .values()
            .filter(|one| !self.puts_receipt_on(bank, one))
            .map(|one| format!("receipt {}", one.id));
        let refunds = deposited
            .refunds
            .values()
            .filter(|one| !self.takes_refund_from(bank, one))
            .map(|one| format!("refund {}", one.id));
        let unseen: Vec<String> = receipts.chain(refunds).collect();
        if unseen.is_empty() {
            return Ok(());
        }
        Err(Misplaced::Unseen(format!(
            "deposited by hand, in no deposit that is shown on account {bank}: {}",
            name_some(&unseen)
        )))
    }
}

/// Minor units by account, without what sums to nothing.
fn by_account<'a>(
    lines: impl Iterator<Item = (&'a LedgerAccountId, &'a Money)>,
) -> BTreeMap<&'a LedgerAccountId, i64> {
    let mut sums: BTreeMap<&LedgerAccountId, i64> = BTreeMap::new();
    for (account, amount) in lines {
        let sum = sums.entry(account).or_default();
        *sum = sum.saturating_add(amount.minor);
    }
    sums.retain(|_, minor| *minor != 0);
    sums
}

fn words(lines: &BTreeMap<&LedgerAccountId, i64>, currency: Currency) -> String {
    let words = lines
        .iter()
        .map(|(account, minor)| format!("{} on account {account}", Money::new(*minor, currency)));
    words.collect::<Vec<String>>().join(", ")
}

/// Why a payout with documents that people deposited is not booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Misplaced {
    /// On another account, or not gross.
    Differs(String),
    /// No deposit that holds them is shown (yet).
    Unseen(String),
}

impl Misplaced {
    /// The decision that says so.
    #[must_use]
    pub fn decision(self, now: jiff::Timestamp) -> Decision {
        let (detail, again) = match self {
            Misplaced::Differs(detail) => (detail, None),
            Misplaced::Unseen(detail) => (detail, Some(now + UNSEEN_MINUTES.minutes())),
        };
        let reason = Reason::new(ReasonCode::DepositDiffers, detail);
        Decision { look_at: again, ..Decision::rest(Stage::Collected, reason) }
    }
}
