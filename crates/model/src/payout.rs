//! Payouts and their items: the only truth about settlements, fees, reversals and refunds.

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::ids::{CollectionId, CreditorId, MandateId, PayoutId, ProcessorRefundId};
use crate::money::{Currency, ItemAmount, Money};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payout {
    pub id: PayoutId,
    /// Net amount in the collected currency.
    pub amount: Money,
    pub deducted_fees: i64,
    pub status: PayoutStatus,
    pub kind: PayoutKind,
    pub arrival_on: Option<Date>,
    /// The text on the bank statement.
    pub reference: Option<String>,
    pub creditor: Option<CreditorId>,
    /// The creditor's bank account at the processor.
    pub bank_account: Option<String>,
    pub exchange: Option<PayoutExchange>,
    /// Set when tax is in another currency than the payout.
    pub tax_currency: Option<Currency>,
    pub created_at: Timestamp,
}

/// The bank receives another currency than was collected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayoutExchange {
    /// `None` until the rate is confirmed.
    pub amount: Option<Money>,
    pub currency: Currency,
    pub rate: Option<Decimal>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoutStatus {
    Pending,
    Paid,
    Bounced,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoutKind {
    /// Sales of the merchant.
    Merchant,
    /// A partner's app fees and revenue share: reported, not booked.
    Partner,
}

/// One line of a payout. Items have no id at the processor: the ordinal in the kept list is theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayoutItem {
    /// Position in the kept list, from 0.
    pub ordinal: u32,
    pub kind: PayoutItemKind,
    /// Signed, in minor units of the payout currency, fractions included.
    pub amount: ItemAmount,
    pub taxes: Vec<ItemTax>,
    pub collection: Option<CollectionId>,
    pub refund: Option<ProcessorRefundId>,
    pub mandate: Option<MandateId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PayoutItemKind {
    PaymentPaidOut,
    PaymentFailed,
    PaymentChargedBack,
    PaymentRefunded,
    /// A refund on a mandate, without a payment.
    Refund,
    RefundFundsReturned,
    ProcessorFee,
    AppFee,
    RevenueShare,
    SurchargeFee,
}

impl PayoutItemKind {
    /// A settlement taken back: by late failure or by chargeback.
    #[must_use]
    pub fn is_reversal(self) -> bool {
        matches!(self, PayoutItemKind::PaymentFailed | PayoutItemKind::PaymentChargedBack)
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ItemTax {
    /// Minor units with fractions; the sign is taken from the item (gocardless sheet section 28).
    pub amount: ItemAmount,
    pub currency: Currency,
    pub rate_id: Option<String>,
}

/// How an item reaches the bank account: fixed by the payout's case when the item is kept, and
/// obeyed by the collection whatever the policy says by then (DESIGN.md section 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ItemRoute {
    /// A line of the payout's deposit.
    InDeposit,
    /// A document of its own against the bank account; left out of the deposit.
    FromBank,
    /// Fees and other lines that need no document of their own.
    DepositLine,
    /// Nothing of ours: a person makes this payout's deposit.
    LeftToPeople,
}

/// A kept item with its route and what the payout's case knows of its payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptItem {
    pub payout: PayoutId,
    pub item: PayoutItem,
    pub route: ItemRoute,
    /// The date every document of the payout carries.
    pub arrival_on: Date,
    pub currency: Currency,
    /// The creditor's bank account that the payout reached, as the processor names it.
    #[serde(default)]
    pub bank_account: Option<String>,
    /// The bank received another currency than was collected.
    #[serde(default)]
    pub exchanged: bool,
    /// When the processor made the payout; absent in what was kept before this was kept.
    #[serde(default)]
    pub made_at: Option<Timestamp>,
}
