//! How payments move: submission, confirmation, failure, chargeback, retry
//! (gocardless sheet sections 10 and 17).

use jiff::Timestamp;
use jiff::civil::Date;

use super::{Task, minute};
use crate::gocardless::events::{Actor, Draft};
use crate::gocardless::plans::{Outcome, PaymentPlan};
use crate::gocardless::records::Fx;
use crate::gocardless::records::mandate::MandateStatus;
use crate::gocardless::records::payment::{Payment, PaymentStatus};
use crate::gocardless::time::{at_minute, day, minutes_after};
use crate::gocardless::validate::Metadata;
use crate::gocardless::world::World;

/// What a new payment is made of; validated by the caller.
#[derive(Debug, Clone, Default)]
pub struct NewPayment {
    /// Chosen id (seeds), else a new one.
    pub id: Option<String>,
    /// Minor units.
    pub amount: i64,
    /// As asked for; none: the earliest possible.
    pub charge_date: Option<Date>,
    /// In the payer's mail.
    pub description: Option<String>,
    /// On the payer's statement.
    pub reference: Option<String>,
    /// Automatic retries.
    pub retry_if_possible: bool,
    /// ACH only.
    pub faster_ach: Option<bool>,
    /// Mandate.
    pub mandate: String,
    /// Made by a subscription.
    pub subscription: Option<String>,
    /// Made by an instalment schedule.
    pub instalment_schedule: Option<String>,
    /// Free texts of the merchant.
    pub metadata: Metadata,
}

/// Who retries a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryBy {
    /// A request with an access token.
    Api,
    /// A person in the dashboard.
    Dashboard,
    /// GoCardless.
    Gocardless,
}

impl World {
    /// Makes a payment and plans its submission. Returns its id (nothing without the mandate).
    pub fn payment_add(
        &mut self,
        now: Timestamp,
        new: NewPayment,
        actor: Actor,
        cause: &str,
    ) -> Option<String> {
        let mandate = self.mandates.get(&new.mandate)?.clone();
        let scheme = mandate.scheme;
        let earliest = scheme.earliest_charge(now, mandate.status == MandateStatus::Active);
        let charge_date = scheme.calendar.forward(new.charge_date.unwrap_or(earliest));
        let needs_approval = mandate.payments_require_approval
            || mandate.status == MandateStatus::PendingCustomerApproval;
        let status = if needs_approval {
            PaymentStatus::PendingCustomerApproval
        } else {
            PaymentStatus::PendingSubmission
        };
        let id = new.id.unwrap_or_else(|| self.ids.id("PM"));
        let payment = Payment {
            id: id.clone(),
            created_at: now,
            amount: new.amount,
            charge_date,
            description: new.description,
            reference: new.reference,
            status,
            amount_refunded: 0,
            retry_if_possible: new.retry_if_possible,
            faster_ach: (scheme.name == "ach").then(|| new.faster_ach.unwrap_or(false)),
            scheme,
            mandate: mandate.id.clone(),
            customer: mandate.customer.clone(),
            creditor: mandate.creditor.clone(),
            payout: None,
            subscription: new.subscription.clone(),
            instalment_schedule: new.instalment_schedule.clone(),
            fx: self.fx_estimate(now, &mandate.creditor, scheme.currency),
            metadata: new.metadata,
            attempt: 1,
            retries: 0,
            plan: PaymentPlan::default(),
            payout_on: scheme.timing(charge_date).payout_on,
            settled: false,
            reversal_pending: false,
            before_chargeback: None,
            history: vec![(now, status)],
        };
        let draft = payment_draft("created", &id, actor, cause).about(&payment.metadata);
        let mut owners = vec![mandate.id.as_str(), &mandate.customer, &mandate.creditor];
        owners.extend(new.subscription.as_deref());
        owners.extend(new.instalment_schedule.as_deref());
        let organisation = self.organisation_of_creditor(&mandate.creditor);
        self.payments.insert(now, &organisation, &id, &owners, payment);
        self.emit(now, &organisation, draft);
        self.payment_plan_submission(now, &id);
        Some(id)
    }

    fn payment_plan_submission(&mut self, now: Timestamp, id: &str) {
        let Some(payment) = self.payments.get(id) else { return };
        if payment.status != PaymentStatus::PendingSubmission {
            return;
        }
        let submit_on = payment.scheme.timing(payment.charge_date).submit_on;
        let at = at_minute(submit_on, minute::SUBMISSION).max(minutes_after(now, 1));
        let task = Task::PaymentSubmit { payment: id.to_owned(), attempt: payment.attempt };
        self.agenda.plan(at, task);
    }

    /// Sets the status and writes the event about it.
    pub(super) fn payment_become(
        &mut self,
        now: Timestamp,
        id: &str,
        status: PaymentStatus,
        draft: Draft,
    ) {
        self.payments.edit(now, id, |payment| payment.become_status(now, status));
        self.payment_event(now, id, draft);
    }

    /// Writes an event about a payment.
    pub fn payment_event(&mut self, now: Timestamp, id: &str, draft: Draft) {
        let Some(payment) = self.payments.get(id) else { return };
        let (creditor, draft) = (payment.creditor.clone(), draft.about(&payment.metadata));
        let organisation = self.organisation_of_creditor(&creditor);
        self.emit(now, &organisation, draft);
    }

    fn payment_in(&self, id: &str, attempt: u32, status: PaymentStatus) -> bool {
        let found = self.payments.get(id);
        found.is_some_and(|payment| payment.attempt == attempt && payment.status == status)
    }

    pub(super) fn payment_submit(&mut self, now: Timestamp, id: &str, attempt: u32) {
        if !self.payment_in(id, attempt, PaymentStatus::PendingSubmission) {
            return;
        }
        let Some(payment) = self.payments.get(id) else { return };
        let (mandate, customer) = (payment.mandate.clone(), payment.customer.clone());
        self.mandate_with_first_payment(now, &mandate);
        let ready = self.mandates.get(&mandate).is_some_and(|mandate| {
            matches!(mandate.status, MandateStatus::Submitted | MandateStatus::Active)
        });
        if !ready {
            self.payment_wait_a_day(now, id);
            return;
        }
        let plan = self.plans.take_payment(id, &mandate, &customer);
        self.payments.edit(now, id, |payment| payment.plan = plan);
        let draft = payment_draft("submitted", id, Actor::Gocardless, "payment_submitted");
        self.payment_become(now, id, PaymentStatus::Submitted, draft);
        self.payment_plan_outcome(now, id);
    }

    fn payment_plan_outcome(&mut self, now: Timestamp, id: &str) {
        let Some(payment) = self.payments.get(id) else { return };
        let confirm_on = payment.scheme.timing(payment.charge_date).confirm_on;
        let at = at_minute(confirm_on, minute::PAYMENT_OUTCOME).max(minutes_after(now, 1));
        let task = Task::PaymentOutcome { payment: id.to_owned(), attempt: payment.attempt };
        self.agenda.plan(at, task);
    }

    /// The mandate is not with the bank yet: one working day later.
    fn payment_wait_a_day(&mut self, now: Timestamp, id: &str) {
        self.payments.edit(now, id, |payment| {
            let calendar = payment.scheme.calendar;
            payment.charge_date = calendar.add(payment.charge_date, 1);
            payment.payout_on = calendar.add(payment.payout_on, 1);
        });
        self.payment_plan_submission(now, id);
    }

    pub(super) fn payment_outcome(&mut self, now: Timestamp, id: &str, attempt: u32) {
        if !self.payment_in(id, attempt, PaymentStatus::Submitted) {
            return;
        }
        let Some(payment) = self.payments.get(id) else { return };
        match payment.plan.outcome {
            Outcome::Success | Outcome::FailsLate | Outcome::ChargedBack => {
                self.payment_confirm(now, id);
            }
            Outcome::Fails => self.payment_fail(now, id),
            Outcome::StaysSubmitted => {}
        }
    }

    /// The payment is considered collected.
    pub fn payment_confirm(&mut self, now: Timestamp, id: &str) {
        let draft = payment_draft("confirmed", id, Actor::Gocardless, "payment_confirmed");
        self.payment_become(now, id, PaymentStatus::Confirmed, draft);
        let Some(payment) = self.payments.get(id) else { return };
        let (mandate, plan) = (payment.mandate.clone(), payment.plan.clone());
        let late = matches!(plan.outcome, Outcome::FailsLate | Outcome::ChargedBack);
        let schedule = payment.instalment_schedule.clone();
        if late && !plan.after_payout {
            self.payment_plan_late(now, id, plan.days);
        }
        self.mandates.edit(now, &mandate, |mandate| mandate.last_used_at = now);
        self.wait_for_payout(id);
        if let Some(schedule) = schedule {
            self.instalments_completed(now, &schedule);
        }
    }

    fn payment_plan_late(&mut self, now: Timestamp, id: &str, days: i64) {
        let Some(payment) = self.payments.get(id) else { return };
        let at = at_minute(payment.scheme.calendar.add(day(now), days), minute::LATE);
        let task = Task::PaymentLate { payment: id.to_owned(), attempt: payment.attempt };
        self.agenda.plan(at.max(minutes_after(now, 1)), task);
    }

    /// The payment is in a payout.
    pub fn payment_pay_out(&mut self, now: Timestamp, id: &str, payout: &str) {
        self.payments.edit(now, id, |payment| {
            payment.payout = Some(payout.to_owned());
            payment.settled = true;
        });
        let draft = payment_draft("paid_out", id, Actor::Gocardless, "payment_paid_out")
            .link("payout", payout);
        self.payment_become(now, id, PaymentStatus::PaidOut, draft);
        let Some(payment) = self.payments.get(id) else { return };
        let plan = &payment.plan;
        if matches!(plan.outcome, Outcome::FailsLate | Outcome::ChargedBack) && plan.after_payout {
            let days = plan.days;
            self.payment_plan_late(now, id, days);
        }
    }

    pub(super) fn payment_late(&mut self, now: Timestamp, id: &str, attempt: u32) {
        let Some(payment) = self.payments.get(id) else { return };
        let collected = matches!(payment.status, PaymentStatus::Confirmed | PaymentStatus::PaidOut);
        if payment.attempt != attempt || !collected {
            return;
        }
        match payment.plan.outcome {
            Outcome::FailsLate => self.payment_fail(now, id),
            Outcome::ChargedBack => self.charge_back(now, id),
            Outcome::Success | Outcome::Fails | Outcome::StaysSubmitted => {}
        }
    }

    /// Submits the same payment again.
    pub fn payment_retry(
        &mut self,
        now: Timestamp,
        id: &str,
        by: RetryBy,
        charge_date: Option<Date>,
        metadata: &Metadata,
    ) {
        let Some(payment) = self.payments.get(id) else { return };
        let (scheme, schedule) = (payment.scheme, payment.instalment_schedule.clone());
        let active = self
            .mandates
            .get(&payment.mandate)
            .is_some_and(|mandate| mandate.status == MandateStatus::Active);
        let earliest = scheme.earliest_charge(now, active);
        let charge_date = scheme.calendar.forward(charge_date.unwrap_or(earliest).max(earliest));
        let counted = by == RetryBy::Api || self.config.foreign_retries_count;
        let (actor, cause) = match by {
            RetryBy::Api => (Actor::Api, "payment_retried"),
            RetryBy::Dashboard => (Actor::Dashboard, "payment_retried"),
            RetryBy::Gocardless => (Actor::Gocardless, "payment_autoretried"),
        };
        self.payments.edit(now, id, |payment| {
            payment.attempt += 1;
            payment.retries += u32::from(counted);
            payment.charge_date = charge_date;
            payment.payout_on = scheme.timing(charge_date).payout_on;
            payment.plan = PaymentPlan::default();
        });
        let draft = payment_draft("resubmission_requested", id, actor, cause).metadata(metadata);
        self.payment_become(now, id, PaymentStatus::PendingSubmission, draft);
        self.payment_plan_submission(now, id);
        if let Some(schedule) = schedule {
            self.instalments_resumed(now, &schedule);
        }
    }

    pub(super) fn payment_auto_retry(&mut self, now: Timestamp, id: &str, attempt: u32, days: i64) {
        if !self.payment_in(id, attempt, PaymentStatus::Failed) {
            return;
        }
        let Some(payment) = self.payments.get(id) else { return };
        let usable =
            self.mandates.get(&payment.mandate).is_some_and(|mandate| mandate.status.usable());
        if !payment.retry_if_possible || !usable {
            return;
        }
        let charge_date = payment.scheme.calendar.add(day(now), days);
        self.payment_retry(now, id, RetryBy::Gocardless, Some(charge_date), &Metadata::new());
    }

    /// Ends a payment that was not submitted.
    pub fn payment_cancel(
        &mut self,
        now: Timestamp,
        id: &str,
        actor: Actor,
        cause: &str,
        parent: Option<&str>,
        metadata: &Metadata,
    ) {
        let draft = payment_draft("cancelled", id, actor, cause).parent(parent).metadata(metadata);
        self.payment_become(now, id, PaymentStatus::Cancelled, draft);
    }

    /// The payer approved the payment, or (silently) its mandate.
    pub fn payment_approved(&mut self, now: Timestamp, id: &str, with_event: bool) {
        let waits = self
            .payments
            .get(id)
            .is_some_and(|payment| payment.status == PaymentStatus::PendingCustomerApproval);
        if !waits {
            return;
        }
        if with_event {
            let action = "customer_approval_granted";
            let draft = payment_draft(action, id, Actor::Customer, action);
            self.payment_become(now, id, PaymentStatus::PendingSubmission, draft);
        } else {
            self.payments.edit(now, id, |payment| {
                payment.become_status(now, PaymentStatus::PendingSubmission);
            });
        }
        let earliest =
            self.payments.get(id).map(|payment| payment.scheme.earliest_charge(now, true));
        self.payments.edit(now, id, |payment| {
            payment.charge_date =
                earliest.map_or(payment.charge_date, |date| date.max(payment.charge_date));
            payment.payout_on = payment.scheme.timing(payment.charge_date).payout_on;
        });
        self.payment_plan_submission(now, id);
    }

    /// The payer refused the payment.
    pub fn payment_denied(&mut self, now: Timestamp, id: &str) {
        let action = "customer_approval_denied";
        let draft = payment_draft(action, id, Actor::Customer, action);
        self.payment_become(now, id, PaymentStatus::CustomerApprovalDenied, draft);
    }

    /// What a payment shows about foreign exchange: the payout currency also without any
    /// (section 30, item 5).
    fn fx_estimate(&self, now: Timestamp, creditor: &str, currency: &str) -> Fx {
        let target = self.payout_currency(creditor, currency);
        let estimated =
            (target != currency).then(|| self.exchange_rate(day(now), currency, &target));
        Fx { currency: Some(target), amount: None, rate: None, estimated }
    }

    /// Sends a payment to the bank at once; its plan happens on the usual day (seeds).
    pub fn payment_submit_and_wait(&mut self, now: Timestamp, id: &str, plan: PaymentPlan) {
        self.payment_submit_now(now, id, plan);
        self.payment_plan_outcome(now, id);
    }

    /// Puts a confirmed payment into a payout at once (simulators, seeds).
    pub fn pay_out_now(&mut self, now: Timestamp, id: &str) {
        let Some(payment) = self.payments.get(id) else { return };
        let (creditor, currency) = (payment.creditor.clone(), payment.scheme.currency);
        self.payments.edit(now, id, |payment| payment.payout_on = day(now));
        self.settle_debits_now(now, &creditor, currency);
    }

    /// Sends a payment to the bank at once (simulators); the caller decides what follows.
    pub fn payment_submit_now(&mut self, now: Timestamp, id: &str, plan: PaymentPlan) {
        let Some(payment) = self.payments.get(id) else { return };
        let mandate = payment.mandate.clone();
        self.mandate_with_first_payment(now, &mandate);
        self.payments.edit(now, id, |payment| payment.plan = plan);
        let draft = payment_draft("submitted", id, Actor::Gocardless, "payment_submitted");
        self.payment_become(now, id, PaymentStatus::Submitted, draft);
    }
}

/// An event about a payment.
pub fn payment_draft(action: &'static str, id: &str, actor: Actor, cause: &str) -> Draft {
    Draft::new("payments", action, "payment", id, actor, cause)
}
