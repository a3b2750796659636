//! Payouts and their items to the model (gocardless sheet sections 14 and 15), pure. Items are all
//! or nothing: a payout with one item that is not understood must not be booked.

use model::ids::CreditorId;
use model::money::{Currency, ItemAmount};
use model::payout::{
    ItemTax, Payout, PayoutExchange, PayoutItem, PayoutItemKind, PayoutKind, PayoutStatus,
};
use serde_json::Value;

use super::mapping::{Odd, currency, date, decode, minor, moment, money, unknown};
use super::wire;

pub fn payout(value: Value) -> Result<Payout, Odd> {
    let wire: wire::Payout = decode(value)?;
    let code = currency("currency", &wire.currency)?;
    let status = match wire.status.as_str() {
        "pending" => PayoutStatus::Pending,
        "paid" => PayoutStatus::Paid,
        "bounced" => PayoutStatus::Bounced,
        other => return Err(unknown("status", other)),
    };
    let kind = match wire.payout_type.as_deref() {
        Some("merchant") | None => PayoutKind::Merchant,
        Some("partner") => PayoutKind::Partner,
        Some(other) => return Err(unknown("payout_type", other)),
    };
    let deducted_fees = match &wire.deducted_fees {
        Some(fees) => minor("deducted_fees", fees)?,
        None => 0,
    };
    Ok(Payout {
        id: wire.id.as_str().into(),
        amount: money("amount", &wire.amount, code)?,
        deducted_fees,
        status,
        kind,
        arrival_on: date("arrival_date", wire.arrival_date.as_deref())?,
        reference: wire.reference,
        creditor: wire.links.get("creditor").map(CreditorId::from),
        bank_account: wire.links.get("creditor_bank_account").map(str::to_owned),
        exchange: exchange(wire.fx, code)?,
        tax_currency: other_currency("tax_currency", wire.tax_currency.as_deref(), code)?,
        created_at: moment("created_at", &wire.created_at)?,
    })
}

/// Nothing is exchanged when the currency is absent, or the collected one.
fn exchange(
    fx: Option<wire::Exchange>,
    collected: Currency,
) -> Result<Option<PayoutExchange>, Odd> {
    let Some(fx) = fx else { return Ok(None) };
    let Some(paid) = other_currency("fx.fx_currency", fx.fx_currency.as_deref(), collected)? else {
        return Ok(None);
    };
    let amount = fx.fx_amount.map(|amount| money("fx.fx_amount", &amount, paid)).transpose()?;
    let rate = fx
        .exchange_rate
        .map(|rate| {
            model::money::parse_decimal(&rate.0)
                .map_err(|error| format!("fx.exchange_rate: {error}"))
        })
        .transpose()?;
    Ok(Some(PayoutExchange { amount, currency: paid, rate }))
}

/// A currency, if it is another one than `than`.
fn other_currency(
    field: &str,
    code: Option<&str>,
    than: Currency,
) -> Result<Option<Currency>, Odd> {
    let code = code.map(|code| currency(field, code)).transpose()?;
    Ok(code.filter(|code| *code != than))
}

/// The items in the order sent, ordinals from 0.
pub fn items(values: Vec<Value>) -> Result<Vec<PayoutItem>, Odd> {
    values
        .into_iter()
        .enumerate()
        .map(|(index, value)| {
            item(index, value).map_err(|odd| format!("payout item {index}: {odd}"))
        })
        .collect()
}

fn item(index: usize, value: Value) -> Result<PayoutItem, Odd> {
    let wire: wire::PayoutItem = decode(value)?;
    let amount = item_amount("amount", &wire.amount)?;
    let taxes = wire
        .taxes
        .unwrap_or_default()
        .iter()
        .map(|tax| item_tax(tax, amount))
        .collect::<Result<Vec<_>, Odd>>()?;
    Ok(PayoutItem {
        ordinal: u32::try_from(index).map_err(|_| "too many items")?,
        kind: item_kind(&wire.kind)?,
        amount,
        taxes,
        collection: wire.links.get("payment").map(Into::into),
        refund: wire.links.get("refund").map(Into::into),
        mandate: wire.links.get("mandate").map(Into::into),
    })
}

fn item_kind(text: &str) -> Result<PayoutItemKind, Odd> {
    Ok(match text {
        "payment_paid_out" => PayoutItemKind::PaymentPaidOut,
        "payment_failed" => PayoutItemKind::PaymentFailed,
        "payment_charged_back" => PayoutItemKind::PaymentChargedBack,
        "payment_refunded" => PayoutItemKind::PaymentRefunded,
        "refund" => PayoutItemKind::Refund,
        "refund_funds_returned" => PayoutItemKind::RefundFundsReturned,
        "gocardless_fee" => PayoutItemKind::ProcessorFee,
        "app_fee" => PayoutItemKind::AppFee,
        "revenue_share" => PayoutItemKind::RevenueShare,
        "surcharge_fee" => PayoutItemKind::SurchargeFee,
        other => return Err(unknown("type", other)),
    })
}

/// The sign of a tax is not documented: it takes that of its item (gocardless sheet section 28,
/// row 4).
fn item_tax(tax: &wire::Tax, item: ItemAmount) -> Result<ItemTax, Odd> {
    Ok(ItemTax {
        amount: item_amount("taxes.amount", &tax.amount)?.with_sign_of(item),
        currency: currency("taxes.currency", &tax.currency)?,
        rate_id: tax.tax_rate_id.clone(),
    })
}

fn item_amount(field: &str, text: &wire::NumberText) -> Result<ItemAmount, Odd> {
    ItemAmount::parse_minor(&text.0).map_err(|error| format!("{field}: {error}"))
}
