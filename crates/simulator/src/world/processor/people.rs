//! What people do at the processor: mandates, payments of their own, cancels, retries, refunds.

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::command::Collect;
use model::event::EventSubject;
use model::ids::{CollectionId, InvoiceId, MandateId, ProcessorCustomerId, ProcessorRefundId};
use model::mandate::MandateStatus;
use model::payment::{CollectionStatus, ProcessorRefund, RefundStatus, metadata};
use model::payout::PayoutItemKind;

use super::super::erp::pounds;
use super::{MandateRow, PendingItem, Processor, RefundRow, Why};

fn dashboard(cause: &str) -> Why<'_> {
    Why { origin: "dashboard", cause, will_retry: None, payout: None }
}

impl Processor {
    pub fn add_mandate(&mut self, customer: &ProcessorCustomerId, now: Timestamp) -> MandateId {
        let id = MandateId::new(self.next_id("MD"));
        let row = MandateRow {
            customer: customer.clone(),
            status: MandateStatus::PendingSubmission,
            created_at: now,
            usable_since: now,
            replaced_by: None,
        };
        self.mandates.insert(id.clone(), row);
        self.emit(now, EventSubject::Mandate(id.to_string()), "created", dashboard("created"));
        id
    }

    /// The mandate moves to another creditor's scheme id: a new one stands in its place.
    pub fn replace_mandate(&mut self, id: &MandateId, now: Timestamp) -> Option<MandateId> {
        let row = self.mandates.get(id).filter(|row| row.status.usable(false))?.clone();
        let new = self.add_mandate(&row.customer, now);
        self.activate_mandate(&new, now);
        if let Some(row) = self.mandates.get_mut(id) {
            row.status = MandateStatus::Cancelled;
            row.replaced_by = Some(new.clone());
        }
        self.emit(now, EventSubject::Mandate(id.to_string()), "replaced", dashboard("replaced"));
        Some(new)
    }

    /// A payment that somebody else makes: for an invoice, with only its number, or for nothing.
    pub fn pay_by_hand(
        &mut self,
        mandate: &MandateId,
        minor: i64,
        invoice: Option<&InvoiceId>,
        description: &str,
        now: Timestamp,
    ) -> CollectionId {
        let mut named = BTreeMap::new();
        named.extend(invoice.map(|id| (metadata::INVOICE.to_owned(), id.to_string())));
        let collect = Collect {
            invoice: invoice.cloned().unwrap_or_else(|| InvoiceId::new("-")),
            mandate: mandate.clone(),
            amount: pounds(minor),
            charge_on: None,
            description: description.to_owned(),
            reference: None,
            metadata: named,
            automatic_retry: false,
        };
        self.new_payment(&collect, false, now)
    }

    pub fn cancel_by_hand(&mut self, id: &CollectionId, now: Timestamp) -> bool {
        let can = self.payments.get(id).is_some_and(|row| row.status.cancellable());
        if can {
            let why = dashboard("payment_cancelled");
            self.become_status(now, id, CollectionStatus::Cancelled, "cancelled", why, false);
            if let Some(row) = self.payments.get_mut(id) {
                row.cancelled_by_person = Some(now);
            }
        }
        can
    }

    /// Refunds part of a settled payment.
    pub fn refund(
        &mut self,
        id: &CollectionId,
        minor: i64,
        now: Timestamp,
    ) -> Option<ProcessorRefundId> {
        let row = self.payments.get_mut(id)?;
        let fits = row.status == CollectionStatus::PaidOut
            && row.settled
            && minor > 0
            && minor <= row.amount - row.refunded;
        if !fits {
            return None;
        }
        row.refunded += minor;
        let refund = ProcessorRefundId::new(self.next_id("RF"));
        let record = ProcessorRefund {
            id: refund.clone(),
            collection: Some(id.clone()),
            amount: pounds(minor),
            status: RefundStatus::Submitted,
            metadata: BTreeMap::new(),
            created_at: now,
        };
        self.refunds.insert(refund.clone(), RefundRow { refund: record, settled: false });
        self.pending.push(PendingItem {
            kind: PayoutItemKind::PaymentRefunded,
            tenths: -minor * 10,
            tax_tenths: 0,
            payment: Some(id.clone()),
            refund: Some(refund.clone()),
        });
        let subject = EventSubject::Refund(refund.to_string());
        self.emit(now, subject, "created", dashboard("refund_created"));
        Some(refund)
    }

    /// Refunds a payer by his mandate, and no payment: nothing of it is ours to book but its line.
    pub fn refund_mandate(&mut self, minor: i64, now: Timestamp) -> ProcessorRefundId {
        let refund = ProcessorRefundId::new(self.next_id("RF"));
        let record = ProcessorRefund {
            id: refund.clone(),
            collection: None,
            amount: pounds(minor),
            status: RefundStatus::Submitted,
            metadata: BTreeMap::new(),
            created_at: now,
        };
        self.refunds.insert(refund.clone(), RefundRow { refund: record, settled: false });
        self.pending.push(PendingItem {
            kind: PayoutItemKind::Refund,
            tenths: -minor * 10,
            tax_tenths: 0,
            payment: None,
            refund: Some(refund.clone()),
        });
        let subject = EventSubject::Refund(refund.to_string());
        self.emit(now, subject, "created", dashboard("refund_created"));
        refund
    }

    /// The refund could not reach the payer: its funds come back by an item.
    pub fn return_refund(&mut self, id: &ProcessorRefundId, now: Timestamp) -> bool {
        let Some(row) = self.refunds.get_mut(id) else { return false };
        if !row.settled || row.refund.status != RefundStatus::Paid {
            return false;
        }
        row.refund.status = RefundStatus::FundsReturned;
        let (payment, minor) = (row.refund.collection.clone(), row.refund.amount.minor);
        self.unrefund(payment.as_ref(), minor, now);
        self.give_back(id, payment, minor);
        let subject = EventSubject::Refund(id.to_string());
        self.emit(now, subject, "funds_returned", dashboard("refund_funds_returned"));
        true
    }

    /// The funds of a refund come back by an item of the next payout.
    fn give_back(&mut self, id: &ProcessorRefundId, payment: Option<CollectionId>, minor: i64) {
        self.pending.push(PendingItem {
            kind: PayoutItemKind::RefundFundsReturned,
            tenths: minor * 10,
            tax_tenths: 0,
            payment,
            refund: Some(id.clone()),
        });
    }

    /// The refund fails before any payout debited it: nothing of it stays but its record.
    pub fn cancel_refund(&mut self, id: &ProcessorRefundId, now: Timestamp) -> bool {
        let Some(row) = self.refunds.get_mut(id) else { return false };
        if row.settled || row.refund.status != RefundStatus::Submitted {
            return false;
        }
        row.refund.status = RefundStatus::Cancelled;
        let (payment, minor) = (row.refund.collection.clone(), row.refund.amount.minor);
        self.pending.retain(|item| item.refund.as_ref() != Some(id));
        self.unrefund(payment.as_ref(), minor, now);
        let subject = EventSubject::Refund(id.to_string());
        self.emit(now, subject, "failed", dashboard("refund_failed"));
        true
    }

    /// The payer's bank sends back what a payout debited already.
    pub fn bounce_refund(&mut self, id: &ProcessorRefundId, now: Timestamp) -> bool {
        let Some(row) = self.refunds.get_mut(id) else { return false };
        if !row.settled || row.refund.status != RefundStatus::Paid {
            return false;
        }
        row.refund.status = RefundStatus::Bounced;
        let (payment, minor) = (row.refund.collection.clone(), row.refund.amount.minor);
        self.unrefund(payment.as_ref(), minor, now);
        self.give_back(id, payment, minor);
        for action in ["failed", "funds_returned"] {
            let subject = EventSubject::Refund(id.to_string());
            self.emit(now, subject, action, dashboard("refund_failed"));
        }
        true
    }

    /// A payment that was refunded as a whole collects for its invoice again.
    fn unrefund(&mut self, payment: Option<&CollectionId>, minor: i64, now: Timestamp) {
        if let Some(row) = payment.and_then(|payment| self.payments.get_mut(payment)) {
            if row.refunded >= row.amount {
                row.live_since = now;
                row.live_by_us = false;
            }
            row.refunded -= minor;
        }
    }
}
