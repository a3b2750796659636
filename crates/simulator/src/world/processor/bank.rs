//! What banks do to payments: submit, confirm, fail, fail late, charge back, relent.

use jiff::{Timestamp, ToSpan};
use model::ids::CollectionId;
use model::payment::CollectionStatus;
use model::payout::PayoutItemKind;

use super::writes::RETRIES_MAX;
use super::{PendingItem, Processor, Why};

/// Days until the processor's own retry of a failure.
const AUTOMATIC_RETRY_DAYS: i64 = 3;

/// Causes of failures; the first three can heal.
const CAUSES: [&str; 5] = [
    "insufficient_funds",
    "refer_to_payer",
    "insufficient_funds",
    "bank_account_closed",
    "authorisation_disputed",
];

/// Every cause that a bank gives for a failure (gocardless sheet section 16); the first two can heal.
const ALL_CAUSES: [&str; 15] = [
    "insufficient_funds",
    "refer_to_payer",
    "bank_account_closed",
    "bank_account_transferred",
    "invalid_bank_details",
    "authorisation_disputed",
    "direct_debit_not_enabled",
    "account_blocked_for_any_financial_transaction",
    "payment_stopped",
    "return_on_odfi_request",
    "bank_declined_payment",
    "daily_payment_limit_reached",
    "insufficient_payment_permissions",
    "payment_violated_mandate_parameters",
    "other",
];

/// What a chargeback costs beside the payment, in tenths of a penny, with its tax.
const SURCHARGE_TENTHS: i64 = -18_003;
const SURCHARGE_TAX_TENTHS: i64 = -3_000;

impl Processor {
    /// What a bank may say in this world.
    #[must_use]
    pub fn causes(&self) -> &'static [&'static str] {
        if self.further { &ALL_CAUSES } else { &CAUSES }
    }

    /// Pending submission → submitted, once the charge date is near.
    pub fn submit(&mut self, id: &CollectionId, now: Timestamp) -> bool {
        let near = super::earliest_charge(now);
        let ready = self.payments.get(id).is_some_and(|row| {
            row.status == CollectionStatus::PendingSubmission
                && row.charge_on.is_none_or(|on| on <= near)
        });
        if ready {
            let why = bank("payment_submitted");
            self.become_status(now, id, CollectionStatus::Submitted, "submitted", why, false);
        }
        ready
    }

    /// Submitted → confirmed: it waits for the next payout.
    pub fn confirm(&mut self, id: &CollectionId, now: Timestamp) -> bool {
        if !self.is(id, CollectionStatus::Submitted) {
            return false;
        }
        let why = bank("payment_confirmed");
        self.become_status(now, id, CollectionStatus::Confirmed, "confirmed", why, false);
        if let Some(row) = self.payments.get_mut(id) {
            row.waits_for_payout = true;
        }
        true
    }

    fn is(&self, id: &CollectionId, status: CollectionStatus) -> bool {
        self.payments.get(id).is_some_and(|row| row.status == status)
    }

    /// Fails while submitted, or late: confirmed or paid out already.
    pub fn fail(&mut self, id: &CollectionId, cause: &str, now: Timestamp) -> bool {
        let Some(row) = self.payments.get_mut(id) else { return false };
        match row.status {
            CollectionStatus::Submitted
            | CollectionStatus::Confirmed
            | CollectionStatus::PaidOut => {}
            CollectionStatus::PendingCustomerApproval
            | CollectionStatus::PendingSubmission
            | CollectionStatus::Failed
            | CollectionStatus::Cancelled
            | CollectionStatus::CustomerApprovalDenied
            | CollectionStatus::ChargedBack => return false,
        }
        let heals = cause == CAUSES[0] || cause == CAUSES[1];
        let will_retry = row.automatic_retry && heals && row.retries < RETRIES_MAX;
        row.retries_at = will_retry.then(|| now + (24 * AUTOMATIC_RETRY_DAYS).hours());
        let why = Why { will_retry: Some(will_retry), ..bank(cause) };
        self.become_status(now, id, CollectionStatus::Failed, "failed", why, false);
        self.take_back(id, PayoutItemKind::PaymentFailed);
        true
    }

    /// The payer reclaims a collected payment.
    pub fn charge_back(&mut self, id: &CollectionId, now: Timestamp) -> bool {
        let collected =
            self.is(id, CollectionStatus::Confirmed) || self.is(id, CollectionStatus::PaidOut);
        if collected {
            let why = bank("authorisation_disputed");
            self.become_status(now, id, CollectionStatus::ChargedBack, "charged_back", why, false);
            self.take_back(id, PayoutItemKind::PaymentChargedBack);
            if self.further {
                let kind = PayoutItemKind::SurchargeFee;
                self.pend(kind, SURCHARGE_TENTHS, SURCHARGE_TAX_TENTHS, id);
            }
        }
        collected
    }

    /// A settled payment leaves by an item of the next payout, its fee comes back.
    fn take_back(&mut self, id: &CollectionId, kind: PayoutItemKind) {
        let Some(row) = self.payments.get_mut(id) else { return };
        row.waits_for_payout = false;
        if !row.settled {
            return;
        }
        row.settled = false;
        row.payout_hint = None;
        let amount = row.amount;
        self.pend(kind, -amount * 10, 0, id);
        let (fee, tax) = super::payouts::fee_tenths(amount);
        self.pend(PayoutItemKind::ProcessorFee, fee + tax, tax, id);
    }

    pub(super) fn pend(&mut self, kind: PayoutItemKind, tenths: i64, tax: i64, id: &CollectionId) {
        self.pending.push(PendingItem {
            kind,
            tenths,
            tax_tenths: tax,
            payment: Some(id.clone()),
            refund: None,
        });
    }

    /// The bank gives the money back after all. A reversal that reached no payout yet vanishes when
    /// `vanishes` says so; else the payment is settled once more.
    pub fn cancel_chargeback(&mut self, id: &CollectionId, vanishes: bool, now: Timestamp) -> bool {
        if !self.is(id, CollectionStatus::ChargedBack) {
            return false;
        }
        let why = bank("payment_confirmed");
        let is_reversal = |item: &PendingItem| {
            item.kind == PayoutItemKind::PaymentChargedBack && item.payment.as_ref() == Some(id)
        };
        let unsettled = self.pending.iter().any(is_reversal);
        let to = if unsettled && vanishes {
            let of_payment =
                |item: &PendingItem| item.payment.as_ref() == Some(id) && item.refund.is_none();
            self.pending.retain(|item| !of_payment(item));
            if let Some(row) = self.payments.get_mut(id) {
                row.settled = true;
            }
            CollectionStatus::PaidOut
        } else {
            if let Some(row) = self.payments.get_mut(id) {
                row.waits_for_payout = true;
            }
            CollectionStatus::Confirmed
        };
        self.become_status(now, id, to, "chargeback_cancelled", why, false);
        true
    }

    /// Retries that the processor makes by itself.
    pub fn retry_by_itself(&mut self, now: Timestamp) -> Vec<CollectionId> {
        let due: Vec<CollectionId> = self
            .payments
            .iter()
            .filter(|(_, row)| row.retries_at.is_some_and(|at| at <= now))
            .map(|(id, _)| id.clone())
            .collect();
        due.into_iter().filter(|id| self.retry_payment(id, now, false)).collect()
    }
}

fn bank(cause: &str) -> Why<'_> {
    Why { origin: "bank", cause, will_retry: None, payout: None }
}
