//! The lines of a payout's deposit beside receipts and refunds: fees, their tax, suspense and the
//! rounding. The one place of a payout where anything is rounded (DESIGN.md section 5, Payout).

use std::collections::BTreeMap;

use model::command::DepositLine;
use model::ids::LedgerAccountId;
use model::money::{Currency, ItemAmount, Money, MoneyError};
use model::payout::{KeptItem, PayoutItem, PayoutItemKind};
use model::policy::Accounts;
use model::reason::{Reason, ReasonCode};

use super::routes::Carrier;

/// Suspense lines stand per payment up to this number, so that people can clear them one by one;
/// beyond it they are one line, since a deposit's lines are limited.
const SUSPENSE_LINES_MAX: usize = 20;

/// Tax amounts are summed per rate and currency.
type TaxKey = (String, Currency);

/// The lines without the rounding line. An account that is needed and not mapped, or an amount out
/// of range, is the reason why there are none.
pub fn lines(
    accounts: &Accounts,
    currency: Currency,
    items: &[(Carrier, &KeptItem)],
) -> Result<Vec<DepositLine>, Reason> {
    let with = |wanted: Carrier| {
        items
            .iter()
            .filter(move |(carrier, _)| *carrier == wanted)
            .map(|(_, kept)| &kept.item)
            .collect::<Vec<&PayoutItem>>()
    };
    let mut lines = fee_lines(accounts, currency, &with(Carrier::Fee))?;
    lines.extend(refund_lines(accounts, currency, &with(Carrier::RefundLine))?);
    lines.extend(suspense_lines(accounts, currency, &with(Carrier::Suspense))?);
    lines.retain(|line| !line.amount.is_zero());
    Ok(lines)
}

/// The line that makes the posted lines reach the payout exactly, when they do not.
pub fn rounding_line(accounts: &Accounts, remainder: Money) -> Result<Option<DepositLine>, Reason> {
    if remainder.is_zero() {
        return Ok(None);
    }
    let account = mapped(accounts.rounding.as_ref(), "rounding")?;
    Ok(Some(DepositLine { account, amount: remainder, memo: "Rounding".to_owned() }))
}

/// What one account's fees sum to, with the tax inside them.
#[derive(Default)]
struct Fees {
    gross: Option<ItemAmount>,
    taxes: BTreeMap<TaxKey, ItemAmount>,
    memo: &'static str,
}

fn fee_lines(
    accounts: &Accounts,
    currency: Currency,
    items: &[&PayoutItem],
) -> Result<Vec<DepositLine>, Reason> {
    let mut per_account: BTreeMap<LedgerAccountId, Fees> = BTreeMap::new();
    for item in items {
        let (account, memo) = fee_account(accounts, item.kind)?;
        let fees = per_account.entry(account).or_default();
        fees.memo = if fees.gross.is_none() || fees.memo == memo { memo } else { "Fees" };
        add_fee(fees, item, currency).map_err(out_of_range)?;
    }
    let split = match &accounts.fee_tax {
        Some(tax_account) => Some((tax_account, share_taxes(&per_account).map_err(out_of_range)?)),
        None => None,
    };
    let mut lines = Vec::new();
    for (account, fees) in &per_account {
        let gross = fees.gross.unwrap_or(ItemAmount::ZERO).round_to_minor();
        let gross = Money::new(gross.map_err(out_of_range)?, currency);
        let tax = split.as_ref().map_or(0, |(_, shares)| shares.of_account(account));
        let net = gross.checked_sub(Money::new(tax, currency)).map_err(out_of_range)?;
        lines.push(line(account, net, fees.memo.to_owned()));
    }
    if let Some((tax_account, shares)) = split.filter(|_| !model::defect!(TaxDropped)) {
        for ((rate, _), minor) in &shares.per_rate {
            let memo = if rate.is_empty() { "Tax".to_owned() } else { format!("Tax {rate}") };
            lines.push(line(tax_account, Money::new(*minor, currency), memo));
        }
    }
    Ok(lines)
}

/// Tax in another currency than the payout's stays inside the fee: it is no amount of this deposit.
fn add_fee(fees: &mut Fees, item: &PayoutItem, currency: Currency) -> Result<(), MoneyError> {
    let gross = fees.gross.unwrap_or(ItemAmount::ZERO);
    let amount = if model::defect!(RoundingPerItem) {
        ItemAmount::from_minor(item.amount.round_to_minor()?)
    } else {
        item.amount
    };
    fees.gross = Some(gross.checked_add(amount)?);
    for tax in item.taxes.iter().filter(|tax| tax.currency == currency) {
        let key = (tax.rate_id.clone().unwrap_or_default(), tax.currency);
        let sum = fees.taxes.entry(key).or_insert(ItemAmount::ZERO);
        *sum = sum.checked_add(tax.amount.with_sign_of(item.amount))?;
    }
    Ok(())
}

/// Whole minor units of tax: per rate, and of these each account's share.
struct TaxShares {
    per_rate: BTreeMap<TaxKey, i64>,
    per_account: BTreeMap<LedgerAccountId, i64>,
}

impl TaxShares {
    fn of_account(&self, account: &LedgerAccountId) -> i64 {
        self.per_account.get(account).copied().unwrap_or(0)
    }
}

/// Tax is rounded once per rate over the whole document. Each account's share of it is rounded too,
/// but for the last account with that rate, which takes what is left.
fn share_taxes(per_account: &BTreeMap<LedgerAccountId, Fees>) -> Result<TaxShares, MoneyError> {
    let mut exact: BTreeMap<TaxKey, Vec<(&LedgerAccountId, ItemAmount)>> = BTreeMap::new();
    for (account, fees) in per_account {
        for (rate, amount) in &fees.taxes {
            exact.entry(rate.clone()).or_default().push((account, *amount));
        }
    }
    let mut shares = TaxShares { per_rate: BTreeMap::new(), per_account: BTreeMap::new() };
    for (rate, parts) in exact {
        let total = ItemAmount::sum(parts.iter().map(|(_, part)| part))?.round_to_minor()?;
        let mut left = total;
        let last = parts.len().saturating_sub(1);
        for (nth, (account, part)) in parts.into_iter().enumerate() {
            let share = if nth == last { left } else { part.round_to_minor()? };
            left = left.checked_sub(share).ok_or(MoneyError::OutOfRange)?;
            let sum = shares.per_account.entry(account.clone()).or_insert(0);
            *sum = sum.checked_add(share).ok_or(MoneyError::OutOfRange)?;
        }
        shares.per_rate.insert(rate, total);
    }
    Ok(shares)
}

/// App fees and surcharges fall back to the fee account.
fn fee_account(
    accounts: &Accounts,
    kind: PayoutItemKind,
) -> Result<(LedgerAccountId, &'static str), Reason> {
    let (own, memo) = match kind {
        PayoutItemKind::AppFee => (accounts.app_fees.as_ref(), "App fees"),
        PayoutItemKind::SurchargeFee => (accounts.surcharges.as_ref(), "Surcharges"),
        PayoutItemKind::ProcessorFee
        | PayoutItemKind::RevenueShare
        | PayoutItemKind::PaymentPaidOut
        | PayoutItemKind::PaymentFailed
        | PayoutItemKind::PaymentChargedBack
        | PayoutItemKind::PaymentRefunded
        | PayoutItemKind::Refund
        | PayoutItemKind::RefundFundsReturned => (None, "Fees"),
    };
    let own = own.filter(|_| !model::defect!(AppFeesOnFees));
    Ok((mapped(own.or(accounts.fees.as_ref()), "fees")?, memo))
}

/// Refunds without a payment, on the refunds account, one line for all.
fn refund_lines(
    accounts: &Accounts,
    currency: Currency,
    items: &[&PayoutItem],
) -> Result<Vec<DepositLine>, Reason> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let account = mapped(accounts.refunds.as_ref(), "refunds")?;
    Ok(vec![line(&account, rounded_sum(items, currency)?, "Refunds without a payment".to_owned())])
}

fn suspense_lines(
    accounts: &Accounts,
    currency: Currency,
    items: &[&PayoutItem],
) -> Result<Vec<DepositLine>, Reason> {
    if items.is_empty() {
        return Ok(Vec::new());
    }
    let wrong = accounts.refunds.as_ref().filter(|_| model::defect!(ForeignOnRefunds));
    let account = mapped(wrong.or(accounts.suspense.as_ref()), "suspense")?;
    if items.len() > SUSPENSE_LINES_MAX {
        let memo = format!("{} payments that name no invoice", items.len());
        return Ok(vec![line(&account, rounded_sum(items, currency)?, memo)]);
    }
    items
        .iter()
        .map(|item| {
            let memo =
                item.collection.as_ref().map_or("No payment".to_owned(), |id| id.to_string());
            Ok(line(&account, rounded_sum(&[item], currency)?, memo))
        })
        .collect()
}

fn rounded_sum(items: &[&PayoutItem], currency: Currency) -> Result<Money, Reason> {
    let sum = ItemAmount::sum(items.iter().map(|item| &item.amount));
    let minor = sum.and_then(|sum| sum.round_to_minor()).map_err(out_of_range)?;
    Ok(Money::new(minor, currency))
}

fn line(account: &LedgerAccountId, amount: Money, memo: String) -> DepositLine {
    DepositLine { account: account.clone(), amount, memo }
}

/// The account, or `AccountNotMapped` naming it.
pub fn mapped(account: Option<&LedgerAccountId>, name: &str) -> Result<LedgerAccountId, Reason> {
    account.cloned().ok_or_else(|| Reason::new(ReasonCode::AccountNotMapped, name))
}

/// An amount that no document can hold.
pub fn out_of_range(error: MoneyError) -> Reason {
    Reason::new(ReasonCode::OddRecord, error.to_string())
}
