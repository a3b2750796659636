//! How mandates move, and what ends with them (gocardless sheet sections 9 and 17).

use jiff::Timestamp;

use super::{Task, minute};
use crate::gocardless::events::{Actor, Draft};
use crate::gocardless::records::mandate::{Mandate, MandateStatus};
use crate::gocardless::records::payment::PaymentStatus;
use crate::gocardless::records::schedule::{InstalmentStatus, SubscriptionStatus};
use crate::gocardless::time::{at_minute, day, months_after};
use crate::gocardless::validate::Metadata;
use crate::gocardless::world::World;

impl World {
    /// Adds a mandate, with its event, and plans its way to the bank.
    pub fn mandate_add(&mut self, now: Timestamp, mandate: Mandate, actor: Actor) {
        let organisation = self.organisation_of_creditor(&mandate.creditor);
        let id = mandate.id.clone();
        let draft = Draft::new("mandates", "created", "mandate", &id, actor, "mandate_created")
            .about(&mandate.metadata);
        let starts = mandate.status == MandateStatus::PendingSubmission;
        self.mandate_insert(now, mandate);
        self.emit(now, &organisation, draft);
        if starts {
            self.mandate_plan_submission(now, &id);
        }
    }

    /// Adds a mandate as it is; it expires when it is not used.
    pub fn mandate_insert(&mut self, now: Timestamp, mandate: Mandate) {
        let organisation = self.organisation_of_creditor(&mandate.creditor);
        let id = mandate.id.clone();
        if let Some(months) = mandate.scheme.dormancy_months {
            let at = at_minute(months_after(day(now), months), minute::MANDATE_ACTIVE);
            self.agenda.plan(at, Task::MandateDormancy(id.clone()));
        }
        let owners = [
            mandate.customer.clone(),
            mandate.creditor.clone(),
            mandate.customer_bank_account.clone(),
        ];
        let owners = [owners[0].as_str(), owners[1].as_str(), owners[2].as_str()];
        self.mandates.insert(now, &organisation, &id, &owners, mandate);
    }

    /// Plans the submission of a mandate that does not wait for its first payment.
    pub fn mandate_plan_submission(&mut self, now: Timestamp, id: &str) {
        let Some(mandate) = self.mandates.get(id) else { return };
        if mandate.scheme.waits_for_first_payment {
            return;
        }
        let at = at_minute(mandate.scheme.business_day(now), minute::SUBMISSION);
        self.agenda.plan(at, Task::MandateSubmit(id.to_owned()));
    }

    /// Sets the status and writes the event about it.
    pub fn mandate_become(
        &mut self,
        now: Timestamp,
        id: &str,
        status: MandateStatus,
        draft: Draft,
    ) -> String {
        self.mandates.edit(now, id, |mandate| mandate.become_status(now, status));
        let Some(mandate) = self.mandates.get(id) else { return String::new() };
        let (creditor, draft) = (mandate.creditor.clone(), draft.about(&mandate.metadata));
        let organisation = self.organisation_of_creditor(&creditor);
        self.emit(now, &organisation, draft)
    }

    fn mandate_in(&self, id: &str, status: MandateStatus) -> bool {
        self.mandates.get(id).is_some_and(|mandate| mandate.status == status)
    }

    /// Sends a mandate to the bank and plans its activation; also used by the simulators.
    pub fn mandate_submit(&mut self, now: Timestamp, id: &str) {
        if !self.mandate_in(id, MandateStatus::PendingSubmission) {
            return;
        }
        let draft = mandate_draft("submitted", id, Actor::Gocardless, "mandate_submitted");
        self.mandate_become(now, id, MandateStatus::Submitted, draft);
        let Some(mandate) = self.mandates.get(id) else { return };
        let active_on = mandate.scheme.calendar.add(day(now), mandate.scheme.activation);
        let at = at_minute(active_on, minute::MANDATE_ACTIVE);
        self.agenda.plan(at, Task::MandateActivate(id.to_owned()));
    }

    /// The mandate becomes active; also used by the simulators.
    pub fn mandate_activate(&mut self, now: Timestamp, id: &str) {
        if self.mandate_in(id, MandateStatus::Submitted) {
            let draft = mandate_draft("active", id, Actor::Gocardless, "mandate_activated");
            self.mandate_become(now, id, MandateStatus::Active, draft);
        }
    }

    /// The payer approved the mandate, or approval was skipped: it and its payments go on.
    pub fn mandate_approved(&mut self, now: Timestamp, id: &str, action: &'static str) {
        if !self.mandate_in(id, MandateStatus::PendingCustomerApproval) {
            return;
        }
        let draft = mandate_draft(action, id, Actor::Customer, action);
        self.mandate_become(now, id, MandateStatus::PendingSubmission, draft);
        self.mandate_plan_submission(now, id);
        for payment in self.payments.owned_ids(id) {
            self.payment_approved(now, &payment, false);
        }
        for subscription in self.subscriptions.owned_ids(id) {
            self.subscriptions.edit(now, &subscription, |subscription| {
                if subscription.status == SubscriptionStatus::PendingCustomerApproval {
                    subscription.status = SubscriptionStatus::Active;
                }
            });
        }
    }

    /// The payer refused the mandate: its payments and subscriptions are denied, it is cancelled.
    pub fn mandate_denied(&mut self, now: Timestamp, id: &str) {
        for payment in self.payments.owned_ids(id) {
            let waits = self
                .payments
                .get(&payment)
                .is_some_and(|payment| payment.status == PaymentStatus::PendingCustomerApproval);
            if waits {
                self.payment_denied(now, &payment);
            }
        }
        for subscription in self.subscriptions.owned_ids(id) {
            let status = SubscriptionStatus::CustomerApprovalDenied;
            self.subscriptions.edit(now, &subscription, |it| it.status = status);
            let action = "customer_approval_denied";
            let actor = Actor::Customer;
            self.subscription_event(now, &subscription, action, actor, action, |draft| draft);
        }
        let (status, actor) = (MandateStatus::Cancelled, Actor::Gocardless);
        self.mandate_end(now, id, status, actor, "mandate_cancelled", &Metadata::new());
    }

    /// Ends a mandate and what hangs on it (section 17, mandate cancelled by payer).
    pub fn mandate_end(
        &mut self,
        now: Timestamp,
        id: &str,
        status: MandateStatus,
        actor: Actor,
        cause: &str,
        metadata: &Metadata,
    ) {
        let action = match status {
            MandateStatus::Failed => "failed",
            MandateStatus::Expired => "expired",
            MandateStatus::Blocked => "blocked",
            MandateStatus::Consumed => "consumed",
            MandateStatus::SuspendedByPayer => "suspended_by_payer",
            MandateStatus::Cancelled
            | MandateStatus::PendingCustomerApproval
            | MandateStatus::PendingSubmission
            | MandateStatus::Submitted
            | MandateStatus::Active => "cancelled",
        };
        let draft = mandate_draft(action, id, actor.clone(), cause).metadata(metadata);
        let parent = self.mandate_become(now, id, status, draft);
        // Section 16: an expired mandate cancels with its own cause, everything else with
        // mandate_cancelled; a bank's cause goes through as it is.
        let follow_up = match status {
            MandateStatus::Expired => "mandate_expired",
            MandateStatus::Failed if matches!(actor, Actor::Bank(..)) => cause,
            _ if matches!(actor, Actor::Bank(..)) || cause == "bank_account_closed" => cause,
            _ => "mandate_cancelled",
        };
        self.end_what_hangs_on(now, id, actor, follow_up, &parent);
    }

    fn end_what_hangs_on(
        &mut self,
        now: Timestamp,
        mandate: &str,
        actor: Actor,
        cause: &str,
        parent: &str,
    ) {
        for payment in self.payments.owned_ids(mandate) {
            let cancellable = self.payments.get(&payment).is_some_and(|payment| {
                matches!(
                    payment.status,
                    PaymentStatus::PendingSubmission | PaymentStatus::PendingCustomerApproval
                )
            });
            if cancellable {
                self.payment_cancel(
                    now,
                    &payment,
                    actor.clone(),
                    cause,
                    Some(parent),
                    &Metadata::new(),
                );
            }
        }
        for subscription in self.subscriptions.owned_ids(mandate) {
            let running = self.subscriptions.get(&subscription).is_some_and(|subscription| {
                matches!(
                    subscription.status,
                    SubscriptionStatus::Active
                        | SubscriptionStatus::Paused
                        | SubscriptionStatus::PendingCustomerApproval
                )
            });
            if running {
                self.subscription_end(
                    now,
                    &subscription,
                    SubscriptionStatus::Cancelled,
                    actor.clone(),
                    cause,
                    Some(parent),
                );
            }
        }
        for schedule in self.instalment_schedules.owned_ids(mandate) {
            let running = self.instalment_schedules.get(&schedule).is_some_and(|schedule| {
                matches!(schedule.status, InstalmentStatus::Active | InstalmentStatus::Pending)
            });
            if running {
                self.instalments_become(
                    now,
                    &schedule,
                    InstalmentStatus::Cancelled,
                    "cancelled",
                    Actor::Gocardless,
                    "mandate_cancelled",
                );
            }
        }
    }

    /// Asks the bank to accept a cancelled or expired mandate again.
    pub fn mandate_reinstate(
        &mut self,
        now: Timestamp,
        id: &str,
        actor: Actor,
        metadata: &Metadata,
    ) {
        let Some(mandate) = self.mandates.get(id) else { return };
        let scheme = mandate.scheme;
        self.mandates.edit(now, id, |mandate| mandate.reinstatements += 1);
        let draft = mandate_draft("resubmission_requested", id, actor, "resubmission_requested")
            .metadata(metadata);
        self.mandate_become(now, id, MandateStatus::PendingSubmission, draft);
        let draft = mandate_draft("submitted", id, Actor::Gocardless, "mandate_submitted");
        self.mandate_become(now, id, MandateStatus::Submitted, draft);
        let at = at_minute(scheme.calendar.add(day(now), 2), minute::MANDATE_ACTIVE);
        self.agenda.plan(at, Task::MandateReinstate(id.to_owned()));
    }

    pub(super) fn mandate_reinstated(&mut self, now: Timestamp, id: &str) {
        if self.mandate_in(id, MandateStatus::Submitted) {
            let draft = mandate_draft("reinstated", id, Actor::Gocardless, "mandate_reinstated");
            self.mandate_become(now, id, MandateStatus::Active, draft);
        }
    }

    pub(super) fn mandate_dormancy(&mut self, now: Timestamp, id: &str) {
        let Some(mandate) = self.mandates.get(id) else { return };
        let Some(months) = mandate.scheme.dormancy_months else { return };
        if !mandate.status.usable() {
            return;
        }
        let used_up = months_after(day(mandate.last_used_at), months);
        if used_up > day(now) {
            let at = at_minute(used_up, minute::MANDATE_ACTIVE);
            self.agenda.plan(at, Task::MandateDormancy(id.to_owned()));
            return;
        }
        self.mandate_end(
            now,
            id,
            MandateStatus::Expired,
            Actor::Gocardless,
            "mandate_expired",
            &Metadata::new(),
        );
    }

    /// The payer's bank moved the account: same mandate, new bank account (section 9).
    pub fn mandate_transferred(&mut self, now: Timestamp, id: &str, new_account: &str) {
        let Some(mandate) = self.mandates.get(id) else { return };
        let (old, scheme) = (mandate.customer_bank_account.clone(), mandate.scheme);
        let status = mandate.status;
        let draft = mandate_draft(
            "transferred",
            id,
            Actor::Bank(scheme.name, None),
            "bank_account_transferred",
        )
        .link("previous_customer_bank_account", &old)
        .link("new_customer_bank_account", new_account);
        self.mandates.own(new_account, id);
        self.mandates.edit(now, id, |mandate| {
            mandate.customer_bank_account = new_account.to_owned();
        });
        self.mandate_become(now, id, status, draft);
        if scheme.name == "bacs" {
            for action in ["resubmission_requested", "submitted"] {
                let actor = Actor::Bank(scheme.name, None);
                let draft = mandate_draft(action, id, actor, "bank_account_transferred");
                self.mandate_become(now, id, status, draft);
            }
        }
    }

    /// The scheme identifier changed: the old mandate is cancelled, a new one stands for it, and
    /// open payments move to it (section 17).
    pub fn mandate_replaced(&mut self, now: Timestamp, id: &str) -> Option<String> {
        let old = self.mandates.get(id)?.clone();
        let new_id = self.ids.id("MD");
        let reference = self.ids.text(8);
        let new = Mandate {
            id: new_id.clone(),
            created_at: now,
            reference,
            history: vec![(now, old.status)],
            new_mandate: None,
            reinstatements: 0,
            ..old
        };
        self.mandate_add(now, new, Actor::Gocardless);
        self.mandates.edit(now, id, |mandate| mandate.new_mandate = Some(new_id.clone()));
        let draft = mandate_draft("replaced", id, Actor::Gocardless, "scheme_identifier_changed")
            .link("new_mandate", &new_id);
        self.mandate_become(now, id, MandateStatus::Cancelled, draft);
        for payment in self.payments.owned_ids(id) {
            let open = self
                .payments
                .get(&payment)
                .is_some_and(|payment| payment.status == PaymentStatus::PendingSubmission);
            if open {
                self.payments.own(&new_id, &payment);
                self.payments.edit(now, &payment, |payment| payment.mandate = new_id.clone());
            }
        }
        Some(new_id)
    }

    /// Expects a mandate to be sent with its first payment (section 9, deadlock).
    pub(super) fn mandate_with_first_payment(&mut self, now: Timestamp, id: &str) {
        let waits = self.mandates.get(id).is_some_and(|mandate| {
            mandate.scheme.waits_for_first_payment
                && mandate.status == MandateStatus::PendingSubmission
        });
        if waits {
            self.mandate_submit(now, id);
        }
    }
}

fn mandate_draft(action: &'static str, id: &str, actor: Actor, cause: &str) -> Draft {
    Draft::new("mandates", action, "mandate", id, actor, cause)
}
