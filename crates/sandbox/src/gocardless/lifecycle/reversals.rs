//! Failures, chargebacks and their cancellation, before and after a payout
//! (gocardless sheet sections 15 and 17).

use jiff::Timestamp;

use super::payments::payment_draft;
use super::{Task, minute};
use crate::gocardless::config::{AfterCancelledChargeback, UnsettledChargeback};
use crate::gocardless::events::Actor;
use crate::gocardless::plans::{Outcome, chargeback_reason, failure_reason, mandate_end_code};
use crate::gocardless::records::mandate::MandateStatus;
use crate::gocardless::records::payment::PaymentStatus;
use crate::gocardless::records::payout::ItemType;
use crate::gocardless::time::{at_minute, day, minutes_after};
use crate::gocardless::validate::Metadata;
use crate::gocardless::world::World;

/// Minutes from a failure to the automatic retry that follows it.
const AUTO_RETRY_MINUTES: i64 = 60;

impl World {
    /// The bank refuses a payment, before or after it was collected; by its plan.
    pub fn payment_fail(&mut self, now: Timestamp, id: &str) {
        let Some(payment) = self.payments.get(id) else { return };
        let (scheme, plan, attempt) = (payment.scheme, payment.plan.clone(), payment.attempt);
        let (mandate, schedule) = (payment.mandate.clone(), payment.instalment_schedule.clone());
        let (automatic, settled) = (payment.retry_if_possible, payment.settled);
        let reason = failure_reason(scheme.name, &plan);
        let retry_days = plan.auto_retry_after_days.filter(|_| automatic);
        let actor = Actor::Bank(scheme.name, reason.code.clone());
        let mut draft = payment_draft("failed", id, actor, &reason.cause)
            .detail("will_attempt_retry", retry_days.is_some());
        if automatic && retry_days.is_none() {
            draft = draft.detail("not_retried_reason", "failure_filter_applied");
        }
        self.payment_become(now, id, PaymentStatus::Failed, draft);
        self.stop_waiting_for_payout(id);
        if settled {
            self.take_back(now, id, ItemType::PaymentFailed, plan.surcharge);
        }
        self.late_outcome_done(now, id);
        if let Some(days) = retry_days {
            let task = Task::PaymentAutoRetry { payment: id.to_owned(), attempt, days };
            self.agenda.plan(minutes_after(now, AUTO_RETRY_MINUTES), task);
        }
        if reason.kills_mandate {
            self.mandate_killed(now, &mandate, &reason.cause, reason.code);
        }
        if let Some(schedule) = schedule {
            self.instalments_errored(now, &schedule);
        }
    }

    /// The bank ends a mandate together with a payment, with the payment's code.
    fn mandate_killed(&mut self, now: Timestamp, mandate: &str, cause: &str, code: Option<String>) {
        let Some(found) = self.mandates.get(mandate) else { return };
        if !found.status.usable() {
            return;
        }
        let actor = Actor::Bank(found.scheme.name, code);
        let (status, none) = (MandateStatus::Cancelled, Metadata::new());
        self.mandate_end(now, mandate, status, actor, cause, &none);
    }

    /// The payer reclaims a collected payment; by its plan.
    pub fn charge_back(&mut self, now: Timestamp, id: &str) {
        let Some(payment) = self.payments.get(id) else { return };
        let (scheme, plan, attempt) = (payment.scheme, payment.plan.clone(), payment.attempt);
        let (before, settled) = (payment.status, payment.settled);
        let mandate = payment.mandate.clone();
        let reason = chargeback_reason(scheme.name, &plan);
        let actor = Actor::Bank(scheme.name, reason.code);
        let draft = payment_draft("charged_back", id, actor, &reason.cause);
        self.payments.edit(now, id, |payment| payment.before_chargeback = Some(before));
        self.payment_become(now, id, PaymentStatus::ChargedBack, draft);
        self.stop_waiting_for_payout(id);
        if settled {
            self.take_back(now, id, ItemType::PaymentChargedBack, plan.surcharge);
        }
        self.late_outcome_done(now, id);
        if let Some(days) = plan.cancelled_after_days {
            let at = at_minute(scheme.calendar.add(day(now), days), minute::LATE);
            let task = Task::ChargebackCancel { payment: id.to_owned(), attempt };
            self.agenda.plan(at.max(minutes_after(now, 1)), task);
        }
        if reason.kills_mandate {
            let cause = "mandate_cancelled";
            self.mandate_killed(now, &mandate, cause, mandate_end_code(scheme.name, cause));
        }
    }

    fn late_outcome_done(&mut self, now: Timestamp, id: &str) {
        self.payments.edit(now, id, |payment| payment.plan.outcome = Outcome::Success);
    }

    /// The payment leaves the account that it was settled to.
    fn take_back(&mut self, now: Timestamp, id: &str, kind: ItemType, surcharge: bool) {
        self.debit_payment(id, kind, surcharge);
        let link_stays = self.config.payout_link_stays;
        self.payments.edit(now, id, |payment| {
            payment.settled = false;
            payment.reversal_pending = true;
            if !link_stays {
                payment.payout = None;
            }
        });
    }

    /// The bank gives the money back after all (section 17, chargeback cancelled).
    pub fn chargeback_cancel(&mut self, now: Timestamp, id: &str) {
        let Some(payment) = self.payments.get(id) else { return };
        if payment.status != PaymentStatus::ChargedBack {
            return;
        }
        let never_settled = payment.before_chargeback != Some(PaymentStatus::PaidOut);
        let vanishes = payment.reversal_pending
            && self.config.unsettled_chargeback == UnsettledChargeback::Vanishes;
        let scheme = payment.scheme.name;
        let draft = payment_draft(
            "chargeback_cancelled",
            id,
            Actor::Bank(scheme, None),
            "payment_confirmed",
        );
        let paid_out_at_once =
            self.config.after_cancelled_chargeback == AfterCancelledChargeback::PaidOut;
        if never_settled {
            self.payment_become(now, id, PaymentStatus::Confirmed, draft);
            self.wait_for_payout(id);
        } else if vanishes {
            self.forget_debit(id);
            self.payments.edit(now, id, |payment| {
                payment.settled = true;
                payment.reversal_pending = false;
            });
            self.payment_become(now, id, PaymentStatus::PaidOut, draft);
        } else {
            let status =
                if paid_out_at_once { PaymentStatus::PaidOut } else { PaymentStatus::Confirmed };
            self.payment_become(now, id, status, draft);
            self.credit_surcharge(id);
            self.wait_for_payout(id);
        }
    }
}
