//! Refunds, deposits and journals, read back from their records (netsuite sheet sections 9.5 to 9.7).

use model::ids::{DepositId, ErpRefundId, JournalId, LedgerAccountId, ReceiptId};
use model::money::Money;
use model::receipt::{Deposit, ErpRefund, Journal, ReceiptPlace};

use super::super::books::Setup;
use super::super::wire::Record;
use super::invoice::is_voided;

/// A customer refund. `deposited`: a bank deposit follows it.
pub fn refund(record: Record<'_>, setup: &Setup, deposited: bool) -> Result<ErpRefund, String> {
    let currency = setup.currencies.of(record)?;
    let total = record.required_money("total", currency)?;
    let account = record.required_reference("account")?;
    let waits = setup.undeposited.as_deref() == Some(account.as_str()) && !deposited;
    Ok(ErpRefund {
        id: ErpRefundId::new(record.required_reference("id")?),
        stamp: record.text("externalId"),
        amount: Money::new(total.minor.abs(), currency),
        dated_on: record.date("tranDate")?.ok_or("tranDate is missing")?,
        account: Some(LedgerAccountId::new(account)),
        place: if waits { ReceiptPlace::Undeposited } else { ReceiptPlace::Deposited },
        voided: is_voided(record),
    })
}

/// A bank deposit. Its payment lines hold receipts and refunds, told apart by type; `other` lines add to
/// what reaches the bank, `cashback` lines take from it (netsuite sheet section 9.6).
pub fn deposit(record: Record<'_>, setup: &Setup) -> Result<Deposit, String> {
    if !record.is_expanded("payment") {
        return Err("payment did not come with its lines".to_owned());
    }
    let currency = setup.currencies.of(record)?;
    let mut receipts = Vec::new();
    let mut refunds = Vec::new();
    let inside = |line: &Record<'_>| !line.has("deposit") || line.flag("deposit");
    for line in record.lines("payment").into_iter().filter(inside) {
        let refund =
            line.text("type").is_some_and(|kind| {
                let kind = kind.to_lowercase();
                kind.contains("rfnd") || kind.contains("refund")
            }) || line.money("paymentAmount", currency)?.is_some_and(|amount| amount.minor < 0);
        let id = line.required_reference("id")?;
        match refund {
            true => refunds.push(ErpRefundId::new(id)),
            false => receipts.push(ReceiptId::new(id)),
        }
    }
    receipts.sort();
    refunds.sort();
    let mut beside = Vec::new();
    for (sublist, sign) in [("other", 1), ("cashback", -1)] {
        for line in record.lines(sublist) {
            let account = LedgerAccountId::new(line.required_reference("account")?);
            let amount = line.required_money("amount", currency)?;
            beside.push((account, Money::new(sign * amount.minor, currency)));
        }
    }
    Ok(Deposit {
        id: DepositId::new(record.required_reference("id")?),
        stamp: record.text("externalId"),
        bank: LedgerAccountId::new(record.required_reference("account")?),
        total: record.required_money("total", currency)?,
        dated_on: record.date("tranDate")?.ok_or("tranDate is missing")?,
        receipts,
        refunds,
        beside,
        voided: is_voided(record),
    })
}

/// A journal entry; its lines in their order, debits positive.
pub fn journal(record: Record<'_>, setup: &Setup) -> Result<Journal, String> {
    if !record.is_expanded("line") {
        return Err("line did not come with its lines".to_owned());
    }
    let currency = setup.currencies.of(record)?;
    let mut lines = Vec::new();
    for line in record.lines("line") {
        let debit = line.money("debit", currency)?.unwrap_or(Money::zero(currency));
        let credit = line.money("credit", currency)?.unwrap_or(Money::zero(currency));
        let amount = debit.checked_sub(credit).map_err(|error| error.to_string())?;
        lines.push((LedgerAccountId::new(line.required_reference("account")?), amount));
    }
    let approval = record.reference("approvalStatus");
    let posted = match approval.as_deref() {
        Some(status) => status == "2",
        None => !record.has("approved") || record.flag("approved"),
    };
    Ok(Journal {
        id: JournalId::new(record.required_reference("id")?),
        stamp: record.text("externalId"),
        dated_on: record.date("tranDate")?.ok_or("tranDate is missing")?,
        lines,
        posted,
        voided: is_voided(record),
    })
}
