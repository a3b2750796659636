//! The lines of a ledger account, for the proof. No entity shows them, but every module's batches are
//! listed with their lines, also those that documents posted (acumatica sheet section 9.6).

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use model::ids::LedgerAccountId;
use model::ledger::AccountLine;
use model::money::{Currency, Money};
use ports::PortError;

use super::super::Acumatica;
use super::super::cash_accounts::{Fresh, ledger_account};
use super::super::mapping::batch::{self, BatchState, Label};
use super::super::mapping::receipt::PAYMENT;
use super::super::mapping::standing::Standing;
use super::super::query::{Ask, all_of, literal, moment};
use super::super::wire::{Body, Entity};
use super::batches::{BATCH, batch_ask};

/// The module of batches that are entered as such.
const LEDGER: &str = "GL";

/// Keys of ours by the number of the payment or refund that carries them.
type Stamps = BTreeMap<String, String>;

impl Acumatica {
    /// Every posted line of an account dated `since` or later, of a cash account those that stand on it.
    /// An account that is none may carry its subaccount.
    pub(in super::super) async fn read_account_lines(
        &self,
        account: &LedgerAccountId,
        since: Date,
    ) -> Result<Vec<AccountLine>, PortError> {
        // A day more, for sites that take dates in filters in another zone; judged again below.
        let begin = since.saturating_sub(1.day()).to_zoned(TimeZone::UTC);
        let begin = begin.map_err(|error| PortError::Unsupported(error.to_string()))?.timestamp();
        let dated = format!("TransactionDate ge {}", moment(begin));
        let own = self.standing_asked(account).await?;
        let rows = self.all_rows(BATCH, &batch_ask(), &dated).await?;
        let mut lines = Vec::new();
        for row in rows.values().map(Entity) {
            lines.extend(lines_of(row, account, &own, since).map_err(PortError::Unavailable)?);
        }
        if lines.iter().any(|line| line.kind != LEDGER) {
            let stamps = self.stamps_on(account, begin).await?;
            for line in lines.iter_mut().filter(|line| line.kind != LEDGER) {
                line.stamp = stamps.get(&line.document).cloned();
            }
        }
        lines.sort_by(|a, b| (a.on, &a.document).cmp(&(b.on, &b.document)));
        Ok(lines)
    }

    /// Where the lines stand that are asked for: a cash account's at its own branch and subaccount, else
    /// at the subaccount that the account carries.
    async fn standing_asked(&self, account: &LedgerAccountId) -> Result<Standing, PortError> {
        let carried = account.as_str().split_once('/').map(|(_, sub)| sub.to_owned());
        let name = ledger_account(account.as_str());
        let mut known = self.standings([name].into_iter(), None, Fresh::Now).await?;
        let own = known.remove(name).unwrap_or_default();
        Ok(Standing { subaccount: carried.or(own.subaccount), ..own })
    }

    /// The rows of all windows, each once, as its last window showed it.
    async fn all_rows(
        &self,
        entity: &str,
        ask: &Ask,
        also: &str,
    ) -> Result<BTreeMap<String, Body>, PortError> {
        let mut rows = BTreeMap::new();
        let mut from = Timestamp::UNIX_EPOCH;
        loop {
            let window = self.window(entity, ask, also, from).await?;
            for row in window.rows {
                let id = row.get("id").and_then(serde_json::Value::as_str);
                let id = id.ok_or_else(|| {
                    PortError::Unavailable(format!("a row of {entity} without an id"))
                })?;
                rows.insert(id.to_owned(), row);
            }
            match window.next {
                Some(next) => from = super::window::start(from, Some(&next))?,
                None => return Ok(rows),
            }
        }
    }

    /// The references of the documents on a cash account.
    async fn stamps_on(
        &self,
        account: &LedgerAccountId,
        begin: Timestamp,
    ) -> Result<Stamps, PortError> {
        let cash = ledger_account(account.as_str());
        let on = format!("CashAccount eq {}", literal(cash));
        let dated = format!("ApplicationDate ge {}", moment(begin));
        let select = "Type,ReferenceNbr,ExternalRef,LastModifiedDateTime";
        let ask = Ask { select, ..Ask::default() };
        let rows = self.all_rows(PAYMENT, &ask, &all_of(&[&on, &dated])).await?;
        let named = rows.values().map(Entity);
        Ok(named.filter_map(|row| row.text("ReferenceNbr").zip(row.text("ExternalRef"))).collect())
    }
}

/// The lines of one batch on the account, debits positive.
fn lines_of(
    batch: Entity<'_>,
    account: &LedgerAccountId,
    own: &Standing,
    since: Date,
) -> Result<Vec<AccountLine>, String> {
    let on = batch.required_date("TransactionDate")?;
    if on < since || batch::state(batch)? != BatchState::Released {
        return Ok(Vec::new());
    }
    if !batch.is_expanded("Details") {
        return Err("Details did not come along".to_owned());
    }
    let kind = batch.required("Module")?;
    let number = batch.required("BatchNbr")?;
    let currency = batch.required("CurrencyID")?;
    let currency: Currency = currency.parse().map_err(|error| format!("{error}"))?;
    let label = batch.text("Description").and_then(|text| Label::read(&text));
    let wanted = ledger_account(account.as_str());
    let mut lines = Vec::new();
    for row in batch.rows("Details") {
        let there = Standing { branch: row.text("BranchID"), subaccount: row.text("Subaccount") };
        if row.text("Account").as_deref() != Some(wanted) || !there.fits(own) {
            continue;
        }
        let zero = Money::zero(currency);
        let debit = row.money("DebitAmount", currency)?.unwrap_or(zero);
        let credit = row.money("CreditAmount", currency)?.unwrap_or(zero);
        let posted_by = row.text("ReferenceNbr").filter(|_| kind != LEDGER);
        lines.push(AccountLine {
            document: posted_by.clone().unwrap_or_else(|| number.clone()),
            kind: kind.clone(),
            number: posted_by.unwrap_or_else(|| number.clone()),
            on,
            amount: debit.checked_sub(credit).map_err(|error| error.to_string())?,
            stamp: label.as_ref().map(|label| label.stamp.clone()),
        });
    }
    Ok(lines)
}
