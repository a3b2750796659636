//! Payouts: what was confirmed, fees with tenths of a penny, and what is taken back, in one list
//! whose sum is the amount, rounded (gocardless sheet sections 14 and 15).

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use model::event::EventSubject;
use model::ids::{CollectionId, PayoutId};
use model::money::{Currency, ItemAmount, Money};
use model::payment::{CollectionStatus, RefundStatus};
use model::payout::{
    ItemTax, Payout, PayoutExchange, PayoutItem, PayoutItemKind, PayoutKind, PayoutStatus,
};
use rust_decimal::Decimal;

use super::super::erp::{CURRENCY, pounds};
use super::{CREDITOR_BANK, PayoutRow, PendingItem, Processor, Why};

/// Net fee and its tax, in tenths of a penny: 1 % + 20 p, 20 % tax.
#[must_use]
pub fn fee_tenths(amount: i64) -> (i64, i64) {
    let fee = amount / 10 + 203;
    (fee, fee / 5)
}

/// An exact amount from tenths.
fn exact(tenths: i64) -> ItemAmount {
    let sign = if tenths < 0 { "-" } else { "" };
    let text = format!("{sign}{}.{}", tenths.abs() / 10, tenths.abs() % 10);
    ItemAmount::parse_minor(&text).unwrap_or(ItemAmount::ZERO)
}

/// Half away from zero.
fn rounded(tenths: i64) -> i64 {
    (tenths.abs() + 5) / 10 * tenths.signum()
}

impl Processor {
    /// Makes the payout of the day. Nothing is made while the balance is not positive: it is
    /// carried.
    pub fn pay_out(&mut self, now: Timestamp) -> Option<PayoutId> {
        let waiting: Vec<(CollectionId, i64)> = self
            .payments
            .iter()
            .filter(|(_, row)| row.waits_for_payout && row.status == CollectionStatus::Confirmed)
            .map(|(id, row)| (id.clone(), row.amount))
            .collect();
        let mut items = Vec::new();
        for (id, amount) in &waiting {
            let (fee, tax) = fee_tenths(*amount);
            let item = |kind, tenths, tax_tenths| PendingItem {
                kind,
                tenths,
                tax_tenths,
                payment: Some(id.clone()),
                refund: None,
            };
            items.push(item(PayoutItemKind::PaymentPaidOut, amount * 10, 0));
            items.push(item(PayoutItemKind::ProcessorFee, -(fee + tax), -tax));
            if self.further {
                items.push(item(PayoutItemKind::AppFee, -(amount / 50), 0));
            }
        }
        items.extend(self.pending.iter().cloned());
        let tenths: i64 = items.iter().map(|item| item.tenths).sum();
        let amount = rounded(tenths);
        if amount <= 0 {
            return None;
        }
        self.pending.clear();
        let id = PayoutId::new(self.next_id("PO"));
        let today = now.to_zoned(TimeZone::UTC).date();
        let payout = Payout {
            id: id.clone(),
            amount: pounds(amount),
            deducted_fees: 0,
            status: PayoutStatus::Pending,
            kind: PayoutKind::Merchant,
            arrival_on: Some(today.saturating_add(1.day())),
            reference: Some(format!("REF-{id}")),
            creditor: None,
            bank_account: Some(CREDITOR_BANK.to_owned()),
            exchange: self.exchanges.then(pending_exchange),
            tax_currency: None,
            created_at: now,
        };
        for (payment, _) in &waiting {
            self.settle(payment, &id, now);
        }
        for item in &items {
            self.say_settled(item, &id, now);
        }
        let items = (0_u32..).zip(items).map(|(ordinal, item)| payout_item(ordinal, item));
        let items = items.collect();
        self.payouts.insert(id.clone(), PayoutRow { payout, items });
        self.emit(now, EventSubject::Payout(id.to_string()), "created", Why::default());
        Some(id)
    }

    fn settle(&mut self, payment: &CollectionId, payout: &PayoutId, now: Timestamp) {
        if let Some(row) = self.payments.get_mut(payment) {
            row.waits_for_payout = false;
            row.settled = true;
            row.payout_hint = Some(payout.clone());
        }
        let why = why(payout, "payment_paid_out");
        self.become_status(now, payment, CollectionStatus::PaidOut, "paid_out", why, false);
    }

    /// What is taken back is said of the payment too, and exists nowhere else.
    fn say_settled(&mut self, item: &PendingItem, payout: &PayoutId, now: Timestamp) {
        let action = match item.kind {
            PayoutItemKind::PaymentFailed => "late_failure_settled",
            PayoutItemKind::PaymentChargedBack => "chargeback_settled",
            PayoutItemKind::PaymentRefunded | PayoutItemKind::Refund => "paid",
            PayoutItemKind::PaymentPaidOut
            | PayoutItemKind::RefundFundsReturned
            | PayoutItemKind::ProcessorFee
            | PayoutItemKind::AppFee
            | PayoutItemKind::RevenueShare
            | PayoutItemKind::SurchargeFee => return,
        };
        if let Some(refund) = &item.refund {
            if let Some(row) = self.refunds.get_mut(refund) {
                row.refund.status = RefundStatus::Paid;
                row.settled = true;
            }
            self.emit(now, EventSubject::Refund(refund.to_string()), action, why(payout, action));
        } else if let Some(payment) = &item.payment {
            let subject = EventSubject::Collection(payment.to_string());
            self.emit(now, subject, action, why(payout, action));
        }
    }

    /// The bank transfer of a payout was sent, perhaps again.
    pub fn pay(&mut self, id: &PayoutId, now: Timestamp) -> bool {
        let Some(row) = self.payouts.get_mut(id) else { return false };
        if row.payout.status == PayoutStatus::Paid {
            return false;
        }
        row.payout.status = PayoutStatus::Paid;
        self.emit(now, EventSubject::Payout(id.to_string()), "paid", Why::default());
        true
    }

    /// What the bank receives is known from now on.
    pub fn confirm_rate(&mut self, id: &PayoutId, now: Timestamp) -> bool {
        let Some(row) = self.payouts.get_mut(id) else { return false };
        let pending = row.payout.exchange.as_mut().filter(|exchange| exchange.amount.is_none());
        let Some(exchange) = pending else { return false };
        // 1.25 of the other currency for one.
        let received = row.payout.amount.minor / 4 * 5;
        exchange.amount = Some(Money::new(received, exchange.currency));
        exchange.rate = Some(Decimal::new(125, 2));
        self.emit(now, EventSubject::Payout(id.to_string()), "fx_rate_confirmed", Why::default());
        true
    }

    /// The bank transfer came back: the money is with the processor again.
    pub fn bounce(&mut self, id: &PayoutId, now: Timestamp) -> bool {
        let Some(row) = self.payouts.get_mut(id) else { return false };
        if row.payout.status != PayoutStatus::Paid {
            return false;
        }
        row.payout.status = PayoutStatus::Bounced;
        self.emit(now, EventSubject::Payout(id.to_string()), "bounced", Why::default());
        true
    }

    /// Nothing is on its way any more.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        let moving = |status| match status {
            CollectionStatus::PendingCustomerApproval
            | CollectionStatus::PendingSubmission
            | CollectionStatus::Submitted => true,
            CollectionStatus::Confirmed
            | CollectionStatus::PaidOut
            | CollectionStatus::Failed
            | CollectionStatus::Cancelled
            | CollectionStatus::CustomerApprovalDenied
            | CollectionStatus::ChargedBack => false,
        };
        let still = |row: &super::PaymentRow| !moving(row.status) && !row.waits_for_payout;
        let unrated = |row: &PayoutRow| {
            row.payout.exchange.as_ref().is_some_and(|exchange| exchange.amount.is_none())
        };
        self.pending.is_empty()
            && !self.payouts.values().any(unrated)
            && self.payments.values().all(still)
            && self.payouts.values().all(|row| row.payout.status == PayoutStatus::Paid)
    }

    /// A balance that is not positive is carried for ever: a credit of the processor's makes the
    /// next one positive.
    pub fn top_up(&mut self) {
        let owed: i64 = self.pending.iter().map(|item| item.tenths.min(0)).sum();
        let waits = self.payments.values().any(|row| row.waits_for_payout);
        if owed < 0 || waits {
            self.pending.push(PendingItem {
                kind: PayoutItemKind::RevenueShare,
                tenths: 10_007 - owed,
                tax_tenths: 0,
                payment: None,
                refund: None,
            });
        }
    }
}

fn pending_exchange() -> PayoutExchange {
    PayoutExchange { amount: None, currency: Currency::EUR, rate: None }
}

fn why<'a>(payout: &'a PayoutId, cause: &'a str) -> Why<'a> {
    Why { origin: "gateway", cause, will_retry: None, payout: Some(payout) }
}

fn payout_item(ordinal: u32, item: PendingItem) -> PayoutItem {
    let tax = ItemTax {
        amount: exact(item.tax_tenths),
        currency: CURRENCY,
        rate_id: Some("GB_VAT_1".to_owned()),
    };
    PayoutItem {
        ordinal,
        kind: item.kind,
        amount: exact(item.tenths),
        taxes: if item.tax_tenths == 0 { Vec::new() } else { vec![tax] },
        collection: item.payment,
        refund: item.refund,
        mandate: None,
    }
}
