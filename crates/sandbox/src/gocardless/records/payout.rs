//! Payouts and their items, with exact tenths (gocardless sheet sections 14 and 15).

use std::sync::Arc;

use jiff::Timestamp;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::{Fx, names};
use crate::gocardless::config::TaxSign;
use crate::gocardless::money::tenths_text;
use crate::gocardless::time::stamp;
use crate::gocardless::validate::Metadata;

names! {
    /// Status of a payout.
    PayoutStatus {
        Pending => "pending",
        Paid => "paid",
        Bounced => "bounced",
    }
}

names! {
    /// Type of a payout item.
    ItemType {
        PaymentPaidOut => "payment_paid_out",
        PaymentFailed => "payment_failed",
        PaymentChargedBack => "payment_charged_back",
        PaymentRefunded => "payment_refunded",
        Refund => "refund",
        RefundFundsReturned => "refund_funds_returned",
        GocardlessFee => "gocardless_fee",
        SurchargeFee => "surcharge_fee",
    }
}

impl ItemType {
    /// Whether it counts among `deducted_fees`.
    pub fn is_fee(self) -> bool {
        matches!(self, Self::GocardlessFee | Self::SurchargeFee)
    }
}

/// Tax inside a fee item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tax {
    /// Tenths of a minor unit, with the sign of the item.
    pub tenths: i64,
    /// Currency of the payout.
    pub currency: String,
    /// GB_VAT_1, FR_VAT_1.
    pub rate_id: String,
    /// The currency that tax is declared in.
    pub destination_currency: String,
    /// Null until the tax exchange rate is final; tenths.
    pub destination_tenths: Option<i64>,
    /// Final tax exchange rate.
    pub rate: Option<Decimal>,
}

/// One line of a payout, or one that waits for a payout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Kind.
    pub kind: ItemType,
    /// Signed, tenths of a minor unit.
    pub tenths: i64,
    /// Tax inside.
    pub taxes: Vec<Tax>,
    /// Payment.
    pub payment: Option<String>,
    /// Only for refunds.
    pub mandate: Option<String>,
    /// Only for refunds.
    pub refund: Option<String>,
}

impl Item {
    /// The wire form: amounts are texts with one decimal.
    pub fn json(&self, sign: TaxSign) -> Value {
        let shown = |tenths: i64| match sign {
            TaxSign::OfItem => tenths_text(tenths),
            TaxSign::Unsigned => tenths_text(tenths.abs()),
        };
        let taxes: Vec<Value> = self
            .taxes
            .iter()
            .map(|tax| {
                json!({
                    "amount": shown(tax.tenths),
                    "currency": tax.currency,
                    "destination_amount": tax.destination_tenths.map(shown),
                    "destination_currency": tax.destination_currency,
                    "exchange_rate": tax.rate.map(|rate| rate.to_string()),
                    "tax_rate_id": tax.rate_id,
                })
            })
            .collect();
        let mut item = json!({
            "type": self.kind.name(),
            "amount": tenths_text(self.tenths),
            "taxes": taxes,
            "links": {},
        });
        let links =
            [("payment", &self.payment), ("mandate", &self.mandate), ("refund", &self.refund)];
        for (name, link) in links {
            if let Some(id) = link {
                item["links"][name] = id.clone().into();
            }
        }
        item
    }
}

/// One transfer to the creditor's bank.
#[derive(Debug, Clone)]
pub struct Payout {
    /// PO…
    pub id: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Net, minor units.
    pub amount: i64,
    /// Fees inside, minor units, positive when they were taken.
    pub deducted_fees: i64,
    /// The collected currency.
    pub currency: String,
    /// Foreign exchange.
    pub fx: Fx,
    /// On the bank statement.
    pub reference: String,
    /// Now.
    pub status: PayoutStatus,
    /// Null until paid.
    pub arrival_date: Option<Date>,
    /// GBP for GB, EUR for FR.
    pub tax_currency: Option<String>,
    /// Creditor.
    pub creditor: String,
    /// Account that receives it.
    pub creditor_bank_account: String,
    /// Free texts of the merchant.
    pub metadata: Metadata,
    /// Every line, exact; shared between the versions of the row.
    pub items: Arc<Vec<Item>>,
}

impl Payout {
    /// The wire form.
    pub fn json(&self) -> Value {
        json!({
            "id": self.id,
            "created_at": stamp(self.created_at),
            "amount": self.amount,
            "deducted_fees": self.deducted_fees,
            "currency": self.currency,
            "fx": self.fx.json(),
            "reference": self.reference,
            "status": self.status.name(),
            "arrival_date": self.arrival_date.map(|date| date.to_string()),
            "payout_type": "merchant",
            "tax_currency": self.tax_currency,
            "metadata": self.metadata,
            "links": {
                "creditor": self.creditor,
                "creditor_bank_account": self.creditor_bank_account,
            },
        })
    }
}
