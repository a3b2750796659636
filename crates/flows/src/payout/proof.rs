//! The bank lines of all documents of a payout, which must sum to it (promise P4). Used by the flow
//! before it calls a payout booked, and by the proof of the books.

use std::collections::{BTreeMap, BTreeSet};

use model::command::{CommandState, CommandView, ErpWrite, Write};
use model::decision::{DocumentRole, ItemDocument};
use model::ids::{ErpRefundId, LedgerAccountId, PayoutId, ReceiptId};
use model::key::Key;
use model::money::{Currency, Money, MoneyError};
use model::payout::{ItemRoute, KeptItem, Payout};
use model::policy::Policy;
use model::receipt::{DocumentKind, ErpDocument, ErpRefund, Receipt, ReceiptPlace};
use model::sight::Sight;

use super::by_hand::{self, ByHand};

/// Key purposes of the payout's own documents.
pub mod purpose {
    pub const DEPOSIT: &str = "deposit";
    pub const FEES: &str = "fees";
    pub const BOUNCED: &str = "bounced";
}

/// A deposit or journal that the payout's case made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnDocument {
    pub key: Key,
    /// The ERP's id.
    pub document: String,
    pub kind: DocumentKind,
    /// What it puts on the bank account, as decided.
    pub at_bank: Money,
    /// Sets: a payout may hold a hundred thousand of them.
    pub receipts: BTreeSet<ReceiptId>,
    pub refunds: BTreeSet<ErpRefundId>,
    /// It holds the fees and the other lines beside receipts and refunds.
    pub carries_lines: bool,
    pub state: OwnState,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OwnState {
    /// As decided; also when it was not read in this look: then the answer to our write counts.
    Standing,
    Voided,
    /// A direct read says that it does not exist.
    Missing,
    /// In the ERP it is not what was decided: what differs.
    Differs(String),
}

impl OwnDocument {
    #[must_use]
    pub fn is_gone(&self) -> bool {
        matches!(self.state, OwnState::Voided | OwnState::Missing)
    }

    #[must_use]
    pub fn has_purpose(&self, purpose: &str) -> bool {
        self.key.as_str().split('/').next() == Some(purpose)
    }
}

/// The account that the payout's money reaches: the mapped bank account, or, when the bank receives
/// another currency, the exchange clearing account. `None`: not mapped.
#[must_use]
pub fn bank_account<'a>(policy: &'a Policy, payout: &Payout) -> Option<&'a LedgerAccountId> {
    if is_exchanged(payout) {
        return policy.accounts.exchange_clearing.as_ref();
    }
    policy
        .accounts
        .bank(payout.bank_account.as_deref(), payout.amount.currency)
        .map(|bank| &bank.account)
}

/// The bank receives another currency than was collected.
#[must_use]
pub fn is_exchanged(payout: &Payout) -> bool {
    payout.exchange.as_ref().is_some_and(|exchange| exchange.currency != payout.amount.currency)
}

/// The payout's own documents: its done deposits and journals, as read back.
#[must_use]
pub fn own_documents(
    commands: &[CommandView],
    payout: &PayoutId,
    erp: &BTreeMap<Key, Sight<ErpDocument>>,
) -> Vec<OwnDocument> {
    let done = commands.iter().filter(|view| view.state == CommandState::Done);
    let own = done.filter_map(|view| own_document(view, payout, erp));
    own.chain(forgotten(commands, payout, erp)).collect()
}

/// The key of the payout's n-th deposit, from 1.
#[must_use]
pub fn deposit_key(payout: &PayoutId, nth: u32) -> Key {
    Key::new(&[purpose::DEPOSIT, payout.as_str(), &nth.to_string()])
}

/// The next key to ask the ERP for, while a receipt stands deposited by no deposit that is known: one
/// of ours may hold it that no command knows, before a person is taken to have made it. `None`: there
/// is nothing to ask, or the ERP has no further one. What was read belongs into `erp`.
#[must_use]
pub fn deposit_to_read(
    commands: &[CommandView],
    payout: &PayoutId,
    erp: &BTreeMap<Key, Sight<ErpDocument>>,
) -> Option<Key> {
    let own = own_documents(commands, payout, erp);
    let stands_apart = |sight: &Sight<ErpDocument>| matches!(sight.found(), Some(ErpDocument::Receipt(receipt)) if is_by_person(receipt, &own));
    if !erp.values().any(stands_apart) {
        return None;
    }
    let unknown = (1..)
        .map(|nth| deposit_key(payout, nth))
        .filter(|key| commands.iter().all(|view| view.key != *key));
    let mut next = unknown.skip_while(|key| erp.get(key).and_then(Sight::found).is_some());
    next.next().filter(|key| !erp.contains_key(key))
}

/// Deposits that the ERP has under a key of ours and that no command knows: made before the database
/// was put back from a copy. They are ours, and not a person's.
fn forgotten(
    commands: &[CommandView],
    payout: &PayoutId,
    erp: &BTreeMap<Key, Sight<ErpDocument>>,
) -> impl Iterator<Item = OwnDocument> {
    let head = format!("{}/{payout}/", purpose::DEPOSIT);
    let unknown = erp
        .iter()
        .filter(move |(key, _)| key.as_str().starts_with(&head))
        .filter(|(key, _)| commands.iter().all(|view| view.key != **key));
    unknown.filter_map(|(key, sight)| match sight {
        Sight::Found(ErpDocument::Deposit(deposit)) => Some(OwnDocument {
            document: deposit.id.to_string(),
            kind: DocumentKind::Deposit,
            at_bank: deposit.total,
            receipts: deposit.receipts.iter().cloned().collect(),
            refunds: BTreeSet::new(),
            carries_lines: true,
            state: if deposit.voided { OwnState::Voided } else { OwnState::Standing },
            key: key.clone(),
        }),
        Sight::Found(_) | Sight::Missing | Sight::Odd(_) | Sight::NotRead => None,
    })
}

fn own_document(
    view: &CommandView,
    payout: &PayoutId,
    erp: &BTreeMap<Key, Sight<ErpDocument>>,
) -> Option<OwnDocument> {
    let document = view.answer.as_ref()?.id.clone();
    let sight = erp.get(&view.key).unwrap_or(&Sight::NotRead);
    let own = match &view.write {
        Write::Erp(ErpWrite::RecordDeposit(deposit)) if deposit.payout.as_ref() == Some(payout) => {
            OwnDocument {
                key: view.key.clone(),
                document,
                kind: DocumentKind::Deposit,
                at_bank: deposit.total,
                receipts: deposit.receipts.iter().cloned().collect(),
                refunds: deposit.refunds.iter().cloned().collect(),
                carries_lines: !deposit.lines.is_empty(),
                state: deposit_state(sight, &deposit.bank, deposit.total),
            }
        }
        Write::Erp(ErpWrite::RecordJournal(journal)) if journal.payout.as_ref() == Some(payout) => {
            // Our journals name the bank account first.
            let bank = journal.lines.first()?;
            OwnDocument {
                key: view.key.clone(),
                document,
                kind: DocumentKind::Journal,
                at_bank: bank.amount,
                receipts: BTreeSet::new(),
                refunds: BTreeSet::new(),
                carries_lines: true,
                state: journal_state(sight, &bank.account, bank.amount),
            }
        }
        Write::Erp(_) | Write::Processor(_) => return None,
    };
    Some(own)
}

fn deposit_state(sight: &Sight<ErpDocument>, bank: &LedgerAccountId, decided: Money) -> OwnState {
    match sight {
        Sight::NotRead => OwnState::Standing,
        Sight::Missing => OwnState::Missing,
        Sight::Odd(why) => OwnState::Differs(why.clone()),
        Sight::Found(ErpDocument::Deposit(deposit)) if deposit.voided => OwnState::Voided,
        Sight::Found(ErpDocument::Deposit(deposit)) if deposit.bank != *bank => {
            OwnState::Differs(format!("it is on account {}, decided was {bank}", deposit.bank))
        }
        Sight::Found(ErpDocument::Deposit(deposit)) if deposit.total == decided => {
            OwnState::Standing
        }
        Sight::Found(ErpDocument::Deposit(deposit)) => {
            OwnState::Differs(format!("its total is {}, decided was {decided}", deposit.total))
        }
        Sight::Found(
            ErpDocument::Receipt(_) | ErpDocument::Refund(_) | ErpDocument::Journal(_),
        ) => OwnState::Differs("it is no deposit".to_owned()),
    }
}

fn journal_state(sight: &Sight<ErpDocument>, bank: &LedgerAccountId, decided: Money) -> OwnState {
    match sight {
        Sight::NotRead => OwnState::Standing,
        Sight::Missing => OwnState::Missing,
        Sight::Odd(why) => OwnState::Differs(why.clone()),
        Sight::Found(ErpDocument::Journal(journal)) if journal.voided => OwnState::Voided,
        Sight::Found(ErpDocument::Journal(journal)) if !journal.posted => {
            OwnState::Differs("it is not posted yet: approve it in the ERP".to_owned())
        }
        Sight::Found(ErpDocument::Journal(journal)) => {
            match on_account(&journal.lines, bank, decided.currency) {
                Ok(at_bank) if at_bank == decided => OwnState::Standing,
                Ok(at_bank) => OwnState::Differs(format!(
                    "it puts {at_bank} on the bank account, decided was {decided}"
                )),
                Err(error) => OwnState::Differs(error.to_string()),
            }
        }
        Sight::Found(
            ErpDocument::Receipt(_) | ErpDocument::Refund(_) | ErpDocument::Deposit(_),
        ) => OwnState::Differs("it is no journal".to_owned()),
    }
}

/// The sum of the lines on one account.
fn on_account(
    lines: &[(LedgerAccountId, Money)],
    account: &LedgerAccountId,
    currency: Currency,
) -> Result<Money, MoneyError> {
    lines
        .iter()
        .filter(|(line, _)| line == account)
        .try_fold(Money::zero(currency), |sum, (_, amount)| sum.checked_add(*amount))
}

/// What a payout's documents put on the bank account: its own standing ones, those of its items that
/// stand there, and deposits that people made of receipts and refunds.
pub fn at_bank(
    bank: &LedgerAccountId,
    currency: Currency,
    kept: &[KeptItem],
    own: &[OwnDocument],
    documents: &[ItemDocument],
    erp: &BTreeMap<Key, Sight<ErpDocument>>,
    by_hand: &ByHand,
) -> Result<Money, MoneyError> {
    let routes: BTreeMap<u32, &KeptItem> = kept.iter().map(|k| (k.item.ordinal, k)).collect();
    let people = by_hand::deposited(Some(bank), kept, own, documents, erp);
    let mut sum = by_hand.beside(bank, &people, currency)?;
    // One that somebody changed is told of as it is; its total was decided for this account.
    for own in own.iter().filter(|own| !own.is_gone()) {
        sum = sum.checked_add(own.at_bank)?;
    }
    // A document counts once, however often it was settled.
    let mut counted = BTreeSet::new();
    for item in documents.iter().filter(|item| counted.insert(&item.key)) {
        let Some(found) = erp.get(&item.key).and_then(Sight::found) else { continue };
        let Some(kept) = routes.get(&item.ordinal) else { continue };
        sum = sum.checked_add(item_at_bank(bank, kept, own, found, by_hand)?)?;
    }
    Ok(sum)
}

/// What the document of one item puts on the bank account by itself; inside a deposit of ours it
/// puts nothing, since the deposit does.
fn item_at_bank(
    bank: &LedgerAccountId,
    kept: &KeptItem,
    own: &[OwnDocument],
    found: &ErpDocument,
    by_hand: &ByHand,
) -> Result<Money, MoneyError> {
    let nothing = Money::zero(kept.currency);
    match found {
        ErpDocument::Receipt(_) if on_suspense(kept) => Ok(nothing),
        ErpDocument::Receipt(receipt)
            if is_by_person(receipt, own) && by_hand.puts_receipt_on(bank, receipt) =>
        {
            Ok(receipt.amount)
        }
        ErpDocument::Receipt(_) | ErpDocument::Deposit(_) => Ok(nothing),
        ErpDocument::Refund(refund) if refund.voided => Ok(nothing),
        ErpDocument::Refund(refund) => {
            let at_bank = match kept.route {
                ItemRoute::FromBank => refund.account.as_ref().is_none_or(|from| from == bank),
                // Taken out of suspense, it reaches no bank account.
                ItemRoute::DepositLine => refund.account.as_ref() == Some(bank),
                ItemRoute::InDeposit | ItemRoute::LeftToPeople => {
                    refund.account.as_ref() == Some(bank)
                        || (is_refund_by_person(refund, own)
                            && by_hand.takes_refund_from(bank, refund))
                }
            };
            if at_bank { nothing.checked_sub(refund.amount) } else { Ok(nothing) }
        }
        ErpDocument::Journal(journal) if journal.voided || !journal.posted => Ok(nothing),
        ErpDocument::Journal(journal) => on_account(&journal.lines, bank, kept.currency),
    }
}

/// The deposit took the payment to suspense before it was matched: its receipt stands there, in no
/// deposit, and reaches no bank account.
#[must_use]
pub fn on_suspense(kept: &KeptItem) -> bool {
    kept.route == ItemRoute::DepositLine
}

/// Deposited, but by no deposit of ours.
#[must_use]
pub fn is_by_person(receipt: &Receipt, own: &[OwnDocument]) -> bool {
    !receipt.voided
        && receipt.place == ReceiptPlace::Deposited
        && !own.iter().any(|own| !own.is_gone() && own.receipts.contains(&receipt.id))
}

/// As for receipts: a refund from undeposited funds that a person put into a deposit.
#[must_use]
pub fn is_refund_by_person(refund: &ErpRefund, own: &[OwnDocument]) -> bool {
    !refund.voided
        && refund.place == ReceiptPlace::Deposited
        && !own.iter().any(|own| !own.is_gone() && own.refunds.contains(&refund.id))
}

/// What an item has reached the bank account with, in its roles of refund and loss.
pub fn taken_back<'a>(
    documents: impl IntoIterator<Item = &'a ItemDocument>,
    bank: &LedgerAccountId,
    currency: Currency,
    erp: &BTreeMap<Key, Sight<ErpDocument>>,
) -> Result<TakenBack, MoneyError> {
    let mut taken = TakenBack { refunded: Money::zero(currency), lost: Money::zero(currency) };
    let mut counted = BTreeSet::new();
    for item in documents.into_iter().filter(|item| counted.insert(&item.key)) {
        let Some(found) = erp.get(&item.key).and_then(Sight::found) else { continue };
        match (item.role, found) {
            (DocumentRole::Refund, ErpDocument::Refund(refund)) if !refund.voided => {
                taken.refunded = taken.refunded.checked_add(refund.amount)?;
            }
            (DocumentRole::Loss, ErpDocument::Journal(journal))
                if journal.posted && !journal.voided =>
            {
                let at_bank = on_account(&journal.lines, bank, currency)?;
                taken.lost = taken.lost.checked_sub(at_bank)?;
            }
            (
                DocumentRole::Receipt
                | DocumentRole::Refund
                | DocumentRole::Loss
                | DocumentRole::ByPerson,
                _,
            ) => {}
        }
    }
    Ok(taken)
}

/// Both positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TakenBack {
    pub refunded: Money,
    pub lost: Money,
}
