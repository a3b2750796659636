//! A payout that bounced: by policy held, or its bank lines taken back until it is paid again.

use model::command::{ErpWrite, JournalLine, RecordJournal, Write};
use model::decision::{Decision, Stage};
use model::key::Key;
use model::money::{Money, MoneyError};
use model::payout::Payout;
use model::reason::{Reason, ReasonCode};
use model::receipt::DocumentKind;

use crate::dating::{date_document, period_closed};

use super::compose::{mapped, out_of_range};
use super::facts::PayoutFacts;
use super::proof::{self, OwnDocument, bank_account, purpose};

/// The journal that takes back what is on the bank account while the payout is bounced, or that
/// puts it back once it is paid again. `None`: nothing is to be done. Only after a deposit.
#[must_use]
pub fn next(facts: &PayoutFacts, payout: &Payout, own: &[OwnDocument]) -> Option<Decision> {
    let deposited = own.iter().any(|own| own.kind == DocumentKind::Deposit && !own.is_gone());
    if !deposited {
        return None;
    }
    let bank = bank_account(&facts.frame.policy, payout)?;
    match proof::at_bank(
        bank,
        payout.amount.currency,
        &facts.kept,
        own,
        &facts.documents,
        &facts.erp_documents,
        &facts.by_hand,
    ) {
        Ok(at_bank) if at_bank.is_zero() => None,
        Ok(at_bank) => Some(journal(facts, payout, at_bank)),
        Err(error) => Some(Decision::rest(Stage::Failed, out_of_range(error))),
    }
}

/// The bounced journals of a payout that is paid (again) are put back.
#[must_use]
pub fn put_back(facts: &PayoutFacts, payout: &Payout, own: &[OwnDocument]) -> Option<Decision> {
    if model::defect!(BounceNotPutBack) {
        return None;
    }
    let taken = taken_back(payout, own);
    match taken {
        Ok(taken) if taken.is_zero() => None,
        Ok(taken) => Some(journal(facts, payout, taken)),
        Err(error) => Some(Decision::rest(Stage::Failed, out_of_range(error))),
    }
}

fn taken_back(payout: &Payout, own: &[OwnDocument]) -> Result<Money, MoneyError> {
    own.iter()
        .filter(|own| !own.is_gone() && own.has_purpose(purpose::BOUNCED))
        .try_fold(Money::zero(payout.amount.currency), |sum, own| sum.checked_add(own.at_bank))
}

/// Takes `amount` off the bank account: the money is with the processor again, hence on suspense.
fn journal(facts: &PayoutFacts, payout: &Payout, amount: Money) -> Decision {
    match write(facts, payout, amount) {
        Ok((write, dated_on)) => {
            let head = [purpose::BOUNCED, payout.id.as_str()];
            let nth = facts.frame.next_nth_of(&head).to_string();
            let key = Key::new(&[head[0], head[1], &nth]);
            facts.frame.issue(Stage::Failed, key, write, Some(dated_on))
        }
        Err(reason) => Decision::rest(Stage::Failed, reason),
    }
}

fn write(
    facts: &PayoutFacts,
    payout: &Payout,
    amount: Money,
) -> Result<(Write, jiff::civil::Date), Reason> {
    let policy = &facts.frame.policy;
    let bank = mapped(bank_account(policy, payout), "bank")?;
    let suspense = mapped(policy.accounts.suspense.as_ref(), "suspense")?;
    let today = facts.frame.today;
    let dated = date_document(today, &facts.frame.periods, policy.closed_period).dates();
    let (dated_on, true_date) =
        dated.ok_or_else(|| period_closed(today, &facts.frame.periods, "the bounced payout"))?;
    let opposite = Money::zero(amount.currency).checked_sub(amount).map_err(out_of_range)?;
    let memo = format!("Payout {} bounced", payout.id);
    let line =
        |account, amount| JournalLine { account, amount, memo: memo.clone(), customer: None };
    let write = Write::Erp(ErpWrite::RecordJournal(RecordJournal {
        subsidiary: super::deposit::bank_subsidiary(policy, payout),
        currency: amount.currency,
        dated_on,
        true_date,
        lines: vec![line(bank, opposite), line(suspense, amount)],
        payout: Some(payout.id.clone()),
        memo: memo.clone(),
    }));
    Ok((write, dated_on))
}

/// Nothing to do but to tell people.
#[must_use]
pub fn rest(facts: &PayoutFacts, payout: &Payout) -> Decision {
    let reversed = facts
        .frame
        .commands
        .iter()
        .any(|view| view.key.as_str().starts_with(&format!("{}/", purpose::BOUNCED)));
    let stage = if reversed { Stage::Reversed } else { Stage::Failed };
    Decision::rest(stage, Reason::new(ReasonCode::PayoutBounced, payout.amount.to_string()))
}
