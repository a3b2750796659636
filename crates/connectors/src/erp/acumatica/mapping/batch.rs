//! GL batches of ours: deposits, refunds after a void, and journals. Default has no bank deposit, so
//! one journal transfers a payout from the clearing account to the bank (acumatica sheet section
//! 11.7, option 2). What a batch is stands in its description, what a line is in the line's.

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use model::ids::{DepositId, ErpRefundId, JournalId, LedgerAccountId, ReceiptId};
use model::money::{Currency, Money, MoneyError};
use model::receipt::{Deposit, ErpRefund, Journal, ReceiptPlace};

use super::super::fields::{DESCRIPTION_LENGTH_MAX, LINE_REFERENCE_LENGTH_MAX, cut};
use super::super::settings::Settings;
use super::super::wire::{Entity, wrapped, wrapped_day, wrapped_money};
use super::receipt::RefundName;
use super::standing::Standing;

/// What a batch of ours is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    Deposit,
    Refund,
    Journal,
}

impl Purpose {
    const ALL: [Purpose; 3] = [Purpose::Deposit, Purpose::Refund, Purpose::Journal];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Purpose::Deposit => "deposit",
            Purpose::Refund => "refund",
            Purpose::Journal => "journal",
        }
    }
}

/// The description of a batch of ours: `<stamp> | deposit | bank 10200 | payout PO1 | <memo>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    pub stamp: String,
    pub purpose: Purpose,
    pub bank: Option<String>,
    pub payout: Option<String>,
    /// The receipt that a refund takes from, or that a deposit without a payout holds.
    pub receipt: Option<String>,
    pub memo: String,
}

const GAP: &str = " | ";

impl Label {
    #[must_use]
    pub fn text(&self) -> String {
        let mut parts = vec![self.stamp.clone(), self.purpose.word().to_owned()];
        parts.extend(self.bank.iter().map(|bank| format!("bank {bank}")));
        parts.extend(self.payout.iter().map(|payout| format!("payout {payout}")));
        parts.extend(self.receipt.iter().map(|receipt| format!("receipt {receipt}")));
        parts.push(self.memo.clone());
        cut(&parts.join(GAP), DESCRIPTION_LENGTH_MAX)
    }

    /// Reads back what `text` made; `None`: it is not ours.
    #[must_use]
    pub fn read(text: &str) -> Option<Label> {
        let mut parts = text.split(GAP);
        let stamp = parts.next()?.to_owned();
        let word = parts.next()?;
        let purpose = Purpose::ALL.into_iter().find(|purpose| purpose.word() == word)?;
        let (mut bank, mut payout, mut receipt) = (None, None, None);
        let mut memo = Vec::new();
        for part in parts {
            let slot = match part.split_once(' ') {
                Some(("bank", value)) if bank.is_none() && memo.is_empty() => {
                    Some((&mut bank, value))
                }
                Some(("payout", value)) if payout.is_none() && memo.is_empty() => {
                    Some((&mut payout, value))
                }
                Some(("receipt", value)) if receipt.is_none() && memo.is_empty() => {
                    Some((&mut receipt, value))
                }
                _ => None,
            };
            match slot {
                Some((slot, value)) => *slot = Some(value.to_owned()),
                None => memo.push(part),
            }
        }
        Some(Label { stamp, purpose, bank, payout, receipt, memo: memo.join(GAP) })
    }
}

/// One line to write: debits positive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub account: LedgerAccountId,
    pub amount: Money,
    pub text: String,
    pub reference: String,
    /// Of a cash account: where that stands. Others take what the batch and the settings say.
    pub on: Standing,
}

/// The words of a line that stands for a document; the mapping back reads them.
const RECEIPT: &str = "receipt ";
const REFUND: &str = "refund ";
const BANK: &str = "bank";

impl Line {
    #[must_use]
    pub fn bank(account: &LedgerAccountId, amount: Money, reference: &str) -> Line {
        Line {
            account: account.clone(),
            amount,
            text: BANK.to_owned(),
            reference: reference.to_owned(),
            on: Standing::default(),
        }
    }

    /// A receipt that leaves its clearing account.
    #[must_use]
    pub fn receipt(account: &LedgerAccountId, id: &ReceiptId, amount: Money) -> Line {
        Line {
            account: account.clone(),
            amount: Money::new(-amount.minor, amount.currency),
            text: format!("{RECEIPT}{id}"),
            reference: id.to_string(),
            on: Standing::default(),
        }
    }

    /// A refund that was taken out of the clearing account.
    #[must_use]
    pub fn refund(account: &LedgerAccountId, refund: &ErpRefund) -> Line {
        Line {
            account: account.clone(),
            amount: refund.amount,
            text: format!("{REFUND}{}", refund.id),
            reference: String::new(),
            on: Standing::default(),
        }
    }

    #[must_use]
    pub fn other(account: &LedgerAccountId, amount: Money, text: &str) -> Line {
        Line {
            account: account.clone(),
            amount,
            text: text.to_owned(),
            reference: String::new(),
            on: Standing::default(),
        }
    }
}

/// The head of a batch.
pub struct Head<'a> {
    pub label: &'a Label,
    pub dated_on: Date,
    pub currency: Currency,
    pub branch: Option<String>,
}

/// A batch as it is written.
#[must_use]
pub fn body(head: &Head<'_>, lines: &[Line], settings: &Settings) -> Value {
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
    put("Module", wrapped("GL"));
    put("TransactionDate", wrapped_day(head.dated_on));
    put("CurrencyID", wrapped(head.currency.code()));
    put("Description", wrapped(head.label.text()));
    put("Hold", wrapped(false));
    let branch = head.branch.as_deref().or(settings.branch.as_deref());
    branch.iter().for_each(|branch| drop(put("BranchID", wrapped(*branch))));
    settings.ledger.iter().for_each(|ledger| drop(put("LedgerID", wrapped(ledger.as_str()))));
    let rows: Vec<Value> = lines.iter().map(|line| row(line, branch, settings)).collect();
    put("Details", Value::Array(rows));
    Value::Object(out)
}

/// An account may carry its subaccount: `10250/000000`.
#[must_use]
pub fn split_account<'a>(
    account: &'a LedgerAccountId,
    settings: &'a Settings,
) -> (&'a str, Option<&'a str>) {
    match account.as_str().split_once('/') {
        Some((account, sub)) => (account, Some(sub)),
        None => (account.as_str(), settings.subaccount.as_deref()),
    }
}

fn row(line: &Line, branch: Option<&str>, settings: &Settings) -> Value {
    let (account, subaccount) = split_account(&line.account, settings);
    let subaccount = line.on.subaccount.as_deref().or(subaccount);
    let branch = line.on.branch.as_deref().or(branch);
    let mut out = Map::new();
    let mut put = |name: &str, value: Value| out.insert(name.to_owned(), value);
    put("Account", wrapped(account));
    subaccount.iter().for_each(|sub| drop(put("Subaccount", wrapped(*sub))));
    branch.iter().for_each(|branch| drop(put("BranchID", wrapped(*branch))));
    let zero = Money::zero(line.amount.currency);
    let (debit, credit) = if line.amount.minor < 0 {
        (zero, Money::new(-line.amount.minor, line.amount.currency))
    } else {
        (line.amount, zero)
    };
    put("DebitAmount", wrapped_money(debit));
    put("CreditAmount", wrapped_money(credit));
    put("TransactionDescription", wrapped(cut(&line.text, DESCRIPTION_LENGTH_MAX)));
    if !line.reference.is_empty() {
        put("ReferenceNbr", wrapped(cut(&line.reference, LINE_REFERENCE_LENGTH_MAX)));
    }
    json!(out)
}

/// A line as it is read back: debits positive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Posted {
    pub account: LedgerAccountId,
    pub amount: Money,
    pub words: String,
    pub on: Standing,
}

/// A batch as it is read back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub number: String,
    pub label: Label,
    pub state: BatchState,
    pub dated_on: Date,
    pub currency: Currency,
    pub lines: Vec<Posted>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BatchState {
    /// On hold or balanced: we release it.
    Unreleased,
    /// Waits for a person's approval, or was refused it.
    Held,
    Released,
    Voided,
}

/// A batch from its record with its details.
///
/// # Errors
/// A sentence that names what can not be understood.
pub fn from_entity(entity: Entity<'_>) -> Result<Batch, String> {
    if !entity.is_expanded("Details") {
        return Err("Details did not come along".to_owned());
    }
    let text = entity.required("Description")?;
    let label = Label::read(&text).ok_or_else(|| format!("\"{text}\" is not ours"))?;
    let currency = entity.required("CurrencyID")?;
    let currency: Currency = currency.parse().map_err(|error| format!("{error}"))?;
    let mut lines = Vec::new();
    for row in entity.rows("Details") {
        let zero = Money::zero(currency);
        let debit = row.money("DebitAmount", currency)?.unwrap_or(zero);
        let credit = row.money("CreditAmount", currency)?.unwrap_or(zero);
        let amount = debit.checked_sub(credit).map_err(|error| error.to_string())?;
        lines.push(Posted {
            account: LedgerAccountId::new(row.required("Account")?),
            amount,
            words: row.text("TransactionDescription").unwrap_or_default(),
            on: Standing { branch: row.text("BranchID"), subaccount: row.text("Subaccount") },
        });
    }
    Ok(Batch {
        number: entity.required("BatchNbr")?,
        label,
        state: state(entity)?,
        dated_on: entity.required_date("TransactionDate")?,
        currency,
        lines,
    })
}

/// The state of a batch (acumatica sheet section 9.6).
pub fn state(entity: Entity<'_>) -> Result<BatchState, String> {
    match entity.required("Status")?.as_str() {
        "On Hold" | "Balanced" => Ok(BatchState::Unreleased),
        "Pending Approval" | "Rejected" | "Scheduled" => Ok(BatchState::Held),
        "Unposted" | "Posted" | "Completed" | "Released" | "Partially Released" => {
            Ok(BatchState::Released)
        }
        "Voided" => Ok(BatchState::Voided),
        other => Err(format!("status \"{other}\" is not known")),
    }
}

impl Batch {
    /// The receipts that a deposit took to the bank.
    #[must_use]
    pub fn receipts(&self) -> Vec<ReceiptId> {
        let mut ids: Vec<ReceiptId> = self
            .lines
            .iter()
            .filter_map(|line| line.words.strip_prefix(RECEIPT))
            .map(ReceiptId::new)
            .collect();
        ids.sort();
        ids
    }

    /// The refunds that a deposit took from the bank.
    fn refunds(&self) -> Vec<ErpRefundId> {
        let named = self.lines.iter().filter_map(|line| line.words.strip_prefix(REFUND));
        let mut ids: Vec<ErpRefundId> = named.map(ErpRefundId::new).collect();
        ids.sort();
        ids
    }

    /// Whether a deposit holds that refund.
    #[must_use]
    pub fn holds_refund(&self, refund: &str) -> bool {
        self.lines.iter().any(|line| line.words.strip_prefix(REFUND) == Some(refund))
    }

    /// As a deposit. One that is not released is not made yet: its total is shown as it will be.
    pub fn deposit(&self) -> Result<Deposit, String> {
        let bank = self.label.bank.as_deref().ok_or("the deposit does not name its bank")?;
        let mut total = Money::zero(self.currency);
        for line in self.lines.iter().filter(|line| line.words == BANK) {
            total = total.checked_add(line.amount).map_err(|error| error.to_string())?;
        }
        Ok(Deposit {
            id: DepositId::new(self.number.as_str()),
            stamp: Some(self.label.stamp.clone()),
            bank: LedgerAccountId::new(bank),
            total,
            dated_on: self.dated_on,
            receipts: self.receipts(),
            refunds: self.refunds(),
            beside: self.beside()?,
            voided: self.state == BatchState::Voided,
        })
    }

    /// What a deposit's further lines add to the bank line: their credits.
    fn beside(&self) -> Result<Vec<(LedgerAccountId, Money)>, String> {
        let further = |words: &str| {
            words != BANK && words.strip_prefix(RECEIPT).or(words.strip_prefix(REFUND)).is_none()
        };
        let lines = self.lines.iter().filter(|line| further(&line.words));
        let added = lines.map(|line| {
            Ok((line.account.clone(), Money::zero(self.currency).checked_sub(line.amount)?))
        });
        added.collect::<Result<_, MoneyError>>().map_err(|error| error.to_string())
    }

    #[must_use]
    pub fn journal(&self) -> Journal {
        Journal {
            id: JournalId::new(self.number.as_str()),
            stamp: Some(self.label.stamp.clone()),
            dated_on: self.dated_on,
            lines: self.lines.iter().map(|line| (line.account.clone(), line.amount)).collect(),
            posted: self.state == BatchState::Released,
            voided: self.state == BatchState::Voided,
        }
    }

    /// As the refund that follows a void: what it debits is what it took out of the label's account.
    pub fn refund(&self, in_deposit: bool, from_clearing: bool) -> Result<ErpRefund, String> {
        let mut amount = Money::zero(self.currency);
        for line in self.lines.iter().filter(|line| line.amount.is_positive()) {
            amount = amount.checked_add(line.amount).map_err(|error| error.to_string())?;
        }
        let place = match self.state {
            BatchState::Unreleased | BatchState::Held => ReceiptPlace::NotPosted,
            BatchState::Released | BatchState::Voided if from_clearing && !in_deposit => {
                ReceiptPlace::Undeposited
            }
            BatchState::Released | BatchState::Voided => ReceiptPlace::Deposited,
        };
        Ok(ErpRefund {
            id: RefundName::Batch(self.number.clone()).id(),
            stamp: Some(self.label.stamp.clone()),
            amount,
            dated_on: self.dated_on,
            account: self.label.bank.as_deref().map(LedgerAccountId::new),
            place,
            voided: self.state == BatchState::Voided,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_read_back_as_it_was_written() {
        let label = Label {
            stamp: "deposit-PO1-1".to_owned(),
            purpose: Purpose::Deposit,
            bank: Some("10200".to_owned()),
            payout: Some("PO1".to_owned()),
            receipt: None,
            memo: "payout PO1 | of March".to_owned(),
        };
        assert_eq!(Label::read(&label.text()).as_ref().map(Label::text), Some(label.text()));
        let read = Label::read(&label.text()).unwrap();
        assert_eq!((read.bank.as_deref(), read.payout.as_deref()), (Some("10200"), Some("PO1")));
        assert_eq!(Label::read("Depreciation March"), None);
    }
}
