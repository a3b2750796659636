//! Where a cash account stands in the ledger (acumatica sheet section 9.6). Its branch is shown by the
//! payment method that allows it; its subaccount by no entity (section 9.1), but by every batch that a
//! payment on it posted.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use ports::PortError;

use super::Acumatica;
use super::mapping::batch::Batch;
use super::mapping::receipt::PAYMENT;
use super::mapping::standing::Standing;
use super::query::{Ask, all_of, literal};
use super::reads::batches::{BATCH, batch_ask};
use super::wire::Entity;

/// A subaccount is read again after this: a cash account keeps its own once it was posted to.
const KEPT: SignedDuration = SignedDuration::from_mins(15);
/// Payments that are looked at for one that was posted.
const POSTED_MAX: usize = 5;
/// The payment's batch, which the endpoint has no name for (acumatica sheet section 9.5).
const VIEW: &str = "CurrentDocument";
const BATCH_NUMBER: &str = "BatchNbr";
/// The module of the batches that payments post.
const RECEIVABLES: &str = "AR";

/// Subaccounts by cash account, and when they were read; `None`: no payment on it shows one.
pub(super) type Kept = BTreeMap<String, (Timestamp, Option<String>)>;

/// How new an answer must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fresh {
    /// A payment may have been posted since it was last looked for: before a write.
    Now,
    /// For reads.
    Lately,
}

impl Acumatica {
    /// Where a cash account stands, as far as the site shows it. `account` without a subaccount.
    pub(super) async fn standing(
        &self,
        account: &str,
        fresh: Fresh,
    ) -> Result<Standing, PortError> {
        let branch = self.branches_of_accounts().await?.get(account).cloned();
        Ok(Standing { branch, subaccount: self.subaccount_shown(account, fresh).await? })
    }

    /// The cash accounts among these accounts, each with where it stands. An account that the payment
    /// method does not allow is one if it is a clearing account, or `bank`.
    pub(super) async fn standings<'a>(
        &self,
        accounts: impl Iterator<Item = &'a str>,
        bank: Option<&str>,
        fresh: Fresh,
    ) -> Result<BTreeMap<String, Standing>, PortError> {
        let allowed = self.branches_of_accounts().await?;
        let mut found = BTreeMap::new();
        for account in accounts.map(ledger_account) {
            let is_cash = allowed.contains_key(account)
                || self.settings.is_clearing(account)
                || bank.map(ledger_account) == Some(account);
            if is_cash && !found.contains_key(account) {
                found.insert(account.to_owned(), self.standing(account, fresh).await?);
            }
        }
        Ok(found)
    }

    async fn subaccount_shown(
        &self,
        account: &str,
        fresh: Fresh,
    ) -> Result<Option<String>, PortError> {
        let mut held = self.account_subaccounts.lock().await;
        let now = self.clock.now();
        if let Some((read_at, known)) = held.get(account)
            && (SignedDuration::ZERO..KEPT).contains(&now.duration_since(*read_at))
            && (known.is_some() || fresh == Fresh::Lately)
        {
            return Ok(known.clone());
        }
        let shown = self.read_subaccount(account).await?;
        held.insert(account.to_owned(), (now, shown.clone()));
        Ok(shown)
    }

    /// The subaccount of the line that a payment on the account posted to it. What may not be read
    /// shows none: rights are told by `ping`.
    async fn read_subaccount(&self, account: &str) -> Result<Option<String>, PortError> {
        let on = format!("CashAccount eq {}", literal(account));
        let released = "(Status eq 'Closed' or Status eq 'Open' or Status eq 'Voided')";
        let custom = format!("{VIEW}.{BATCH_NUMBER}");
        let ask = Ask { select: "Type,ReferenceNbr", custom, ..Ask::default() };
        let ask = ask.filter(all_of(&[&on, released])).top(POSTED_MAX);
        let Ok(rows) = self.client.try_list(PAYMENT, &ask).await? else { return Ok(None) };
        for row in rows.iter().map(Entity) {
            let Some(number) = row.custom_text(VIEW, BATCH_NUMBER) else { continue };
            let keys = [RECEIVABLES, number.as_str()];
            let Ok(batch) = self.client.try_get(BATCH, &keys, &batch_ask()).await? else {
                continue;
            };
            let lines = Entity(&batch).rows("Details");
            let mut own =
                lines.iter().filter(|line| line.text("Account").as_deref() == Some(account));
            if let Some(subaccount) = own.find_map(|line| line.text("Subaccount")) {
                return Ok(Some(subaccount));
            }
        }
        Ok(None)
    }

    /// Which line of a batch stands beside its cash account, where one does: on the same ledger
    /// account, in another branch or with another subaccount.
    pub(super) async fn misplaced(&self, batch: &Batch) -> Result<Option<String>, PortError> {
        let accounts = batch.lines.iter().map(|line| line.account.as_str());
        let bank = batch.label.bank.as_deref();
        let known = self.standings(accounts, bank, Fresh::Lately).await?;
        let wrong = batch.lines.iter().find_map(|line| {
            let own = known.get(line.account.as_str()).filter(|own| !own.fits(&line.on))?;
            Some(format!(
                "batch {} has a line on {} in {}, and the cash account {} is of {}: the line is not on \
                 the cash account. Reverse the batch and enter it there (Journal Transactions, GL301000)",
                batch.number,
                line.account,
                line.on.words(),
                line.account,
                own.words()
            ))
        });
        Ok(wrong)
    }
}

/// The ledger account of an id that may carry a subaccount: `61200/000000`.
#[must_use]
pub(super) fn ledger_account(id: &str) -> &str {
    id.split_once('/').map_or(id, |(account, _)| account)
}
