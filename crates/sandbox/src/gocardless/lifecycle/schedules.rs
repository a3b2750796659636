//! How subscriptions and instalment schedules make their payments (gocardless sheet sections 11
//! and 12).

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Map, Value, json};

use super::{NewPayment, Task};
use crate::gocardless::events::{Actor, Draft};
use crate::gocardless::records::mandate::MandateStatus;
use crate::gocardless::records::payment::PaymentStatus;
use crate::gocardless::records::schedule::{
    InstalmentSchedule, InstalmentStatus, IntervalUnit, Subscription, SubscriptionStatus,
};
use crate::gocardless::time::{at_minute, day, days_after, minutes_after, months_after};
use crate::gocardless::validate::Metadata;
use crate::gocardless::world::World;

/// Dates that a subscription shows ahead.
const UPCOMING_MAX: i64 = 10;
/// Minute of the day at which payments of schedules are made.
const CREATION_MINUTE: i64 = 9 * 60;
/// Minutes until the payments of an instalment schedule are there.
const INSTALMENTS_MINUTES: i64 = 1;

/// The nominal date of a cycle: before rolling to a working day.
pub fn next_nominal_date(subscription: &Subscription, cycle: i64) -> Date {
    let steps = cycle * subscription.interval;
    let start = subscription.start_date;
    match subscription.interval_unit {
        IntervalUnit::Weekly => days_after(start, steps * 7),
        IntervalUnit::Monthly => on_day(months_after(start, steps), subscription.day_of_month),
        IntervalUnit::Yearly => on_day(months_after(start, steps * 12), subscription.day_of_month),
    }
}

fn on_day(date: Date, day_of_month: Option<i64>) -> Date {
    match day_of_month {
        Some(-1) => date.last_of_month(),
        Some(day) => days_after(date.first_of_month(), day - 1),
        None => date,
    }
}

impl World {
    /// The charge date of a nominal date: the last day of a month rolls back, all else forward.
    pub fn roll(&self, subscription: &Subscription, nominal: Date) -> Date {
        let Some(mandate) = self.mandates.get(&subscription.mandate) else { return nominal };
        let calendar = mandate.scheme.calendar;
        if subscription.day_of_month == Some(-1) {
            calendar.back(nominal)
        } else {
            calendar.forward(nominal)
        }
    }

    /// The wire form of a subscription.
    pub fn subscription_json(&self, subscription: &Subscription) -> Value {
        subscription.json(|date| self.roll(subscription, date))
    }

    /// Adds a subscription and plans its first payment.
    pub fn subscription_add(&mut self, now: Timestamp, subscription: Subscription) {
        let Some(mandate) = self.mandates.get(&subscription.mandate) else { return };
        let (customer, creditor) = (mandate.customer.clone(), mandate.creditor.clone());
        let organisation = self.organisation_of_creditor(&creditor);
        let id = subscription.id.clone();
        let draft = Draft::new(
            "subscriptions",
            "created",
            "subscription",
            &id,
            Actor::Api,
            "subscription_created",
        )
        .about(&subscription.metadata);
        let mandate = subscription.mandate.clone();
        self.subscriptions.insert(now, &organisation, &id, &[&customer, &mandate], subscription);
        self.emit(now, &organisation, draft);
        self.subscription_plan(now, &id);
    }

    /// Recomputes the dates ahead and plans the next payment.
    pub fn subscription_plan(&mut self, now: Timestamp, id: &str) {
        let Some(subscription) = self.subscriptions.get(id) else { return };
        let last = subscription.count.unwrap_or(i64::MAX);
        let end = (subscription.position + UPCOMING_MAX).min(last);
        let upcoming: Vec<Date> = (subscription.position..end)
            .map(|cycle| next_nominal_date(subscription, cycle))
            .collect();
        let first = upcoming.first().copied();
        let charge_on = first.map(|date| self.roll(subscription, date));
        let scheme = self.mandates.get(&subscription.mandate).map(|mandate| mandate.scheme);
        self.subscriptions.edit(now, id, |subscription| subscription.upcoming = upcoming);
        if let (Some(charge_on), Some(scheme)) = (charge_on, scheme) {
            let lead = scheme.charge + scheme.new_mandate_extra + 1;
            let at = at_minute(scheme.calendar.add(charge_on, -lead), CREATION_MINUTE);
            let task = Task::SubscriptionNext(id.to_owned());
            self.agenda.plan(at.max(minutes_after(now, 1)), task);
        }
    }

    pub(super) fn subscription_next(&mut self, now: Timestamp, id: &str) {
        let Some(subscription) = self.subscriptions.get(id).cloned() else { return };
        // A task of an earlier plan (before a pause or a resume) comes too early or too late.
        match subscription.status {
            SubscriptionStatus::Active => self.subscription_charge(now, &subscription),
            SubscriptionStatus::Paused => self.subscription_skip(now, &subscription),
            SubscriptionStatus::PendingCustomerApproval
            | SubscriptionStatus::CustomerApprovalDenied
            | SubscriptionStatus::Finished
            | SubscriptionStatus::Cancelled => {}
        }
    }

    fn subscription_charge(&mut self, now: Timestamp, subscription: &Subscription) {
        let nominal = next_nominal_date(subscription, subscription.position);
        let charge_on = self.roll(subscription, nominal);
        let too_early = self.mandates.get(&subscription.mandate).is_none_or(|mandate| {
            let scheme = mandate.scheme;
            let lead = scheme.charge + scheme.new_mandate_extra + 1;
            at_minute(scheme.calendar.add(charge_on, -lead), CREATION_MINUTE) > now
        });
        if too_early {
            return;
        }
        let id = subscription.id.as_str();
        let new = NewPayment {
            amount: subscription.amount,
            charge_date: Some(charge_on),
            description: subscription.name.clone(),
            reference: subscription.payment_reference.clone(),
            retry_if_possible: subscription.retry_if_possible,
            mandate: subscription.mandate.clone(),
            subscription: Some(id.to_owned()),
            ..NewPayment::default()
        };
        let Some(payment) = self.payment_add(now, new, Actor::Gocardless, "payment_created") else {
            return;
        };
        self.subscriptions.edit(now, id, |subscription| subscription.position += 1);
        let cause = "payment_created";
        self.subscription_event(now, id, cause, Actor::Gocardless, cause, |draft| {
            draft.link("payment", &payment)
        });
        if subscription.count.is_some_and(|count| subscription.position + 1 >= count) {
            let (status, cause) = (SubscriptionStatus::Finished, "subscription_finished");
            self.subscription_end(now, id, status, Actor::Gocardless, cause, None);
        } else {
            self.subscription_plan(now, id);
        }
    }

    fn subscription_skip(&mut self, now: Timestamp, subscription: &Subscription) {
        let id = subscription.id.as_str();
        let Some(cycles) = subscription.pause_cycles else { return };
        self.subscriptions.edit(now, id, |subscription| {
            subscription.position += 1;
            subscription.pause_cycles = Some(cycles - 1);
        });
        if cycles <= 1 {
            self.subscription_resume(now, id, Actor::Gocardless, &Metadata::new());
        } else {
            self.subscription_plan(now, id);
        }
    }

    /// Ends a pause.
    pub fn subscription_resume(
        &mut self,
        now: Timestamp,
        id: &str,
        actor: Actor,
        metadata: &Metadata,
    ) {
        let Some(found) = self.subscriptions.get(id).cloned() else { return };
        let mut position = found.position;
        let earliest = self
            .mandates
            .get(&found.mandate)
            .map(|mandate| mandate.scheme.earliest_charge(now, true));
        while earliest.is_some_and(|earliest| {
            self.roll(&found, next_nominal_date(&found, position)) < earliest
        }) {
            position += 1;
        }
        self.subscriptions.edit(now, id, |subscription| {
            subscription.status = SubscriptionStatus::Active;
            subscription.pause_cycles = None;
            subscription.position = position;
        });
        let metadata = metadata.clone();
        self.subscription_event(now, id, "resumed", actor, "subscription_resumed", |draft| {
            draft.metadata(&metadata)
        });
        self.subscription_plan(now, id);
    }

    /// Writes an event about a subscription.
    pub fn subscription_event(
        &mut self,
        now: Timestamp,
        id: &str,
        action: &'static str,
        actor: Actor,
        cause: &str,
        add: impl FnOnce(Draft) -> Draft,
    ) {
        let Some(subscription) = self.subscriptions.get(id) else { return };
        let Some(mandate) = self.mandates.get(&subscription.mandate) else { return };
        let draft = Draft::new("subscriptions", action, "subscription", id, actor, cause)
            .about(&subscription.metadata);
        let creditor = mandate.creditor.clone();
        let organisation = self.organisation_of_creditor(&creditor);
        self.emit(now, &organisation, add(draft));
    }

    /// Ends a subscription; its payments stay.
    pub fn subscription_end(
        &mut self,
        now: Timestamp,
        id: &str,
        status: SubscriptionStatus,
        actor: Actor,
        cause: &str,
        parent: Option<&str>,
    ) {
        self.subscriptions.edit(now, id, |subscription| {
            subscription.status = status;
            subscription.upcoming = Vec::new();
        });
        let action = if status == SubscriptionStatus::Finished { "finished" } else { "cancelled" };
        self.subscription_event(now, id, action, actor, cause, |draft| draft.parent(parent));
    }

    /// Adds an instalment schedule; its payments come a little later.
    pub fn instalments_add(&mut self, now: Timestamp, schedule: InstalmentSchedule) {
        let Some(mandate) = self.mandates.get(&schedule.mandate) else { return };
        let creditor = mandate.creditor.clone();
        let organisation = self.organisation_of_creditor(&creditor);
        let id = schedule.id.clone();
        let draft = instalments_draft("created", &id, Actor::Api, "instalment_schedule_created")
            .about(&schedule.metadata);
        let owners = [schedule.customer.clone(), schedule.mandate.clone()];
        let owners = [owners[0].as_str(), owners[1].as_str()];
        self.instalment_schedules.insert(now, &organisation, &id, &owners, schedule);
        self.emit(now, &organisation, draft);
        let at = minutes_after(now, INSTALMENTS_MINUTES);
        self.agenda.plan(at, Task::InstalmentsCreate(id));
    }

    pub(super) fn instalments_create(&mut self, now: Timestamp, id: &str) {
        let Some(schedule) = self.instalment_schedules.get(id).cloned() else { return };
        if schedule.status != InstalmentStatus::Pending {
            return;
        }
        let Some(mandate) = self.mandates.get(&schedule.mandate) else { return };
        if !mandate.status.usable() {
            let errors: Map<String, Value> = (0..schedule.instalments.len())
                .map(|place| {
                    let entry = json!([{ "field": "mandate", "message": "is inactive" }]);
                    (place.to_string(), entry)
                })
                .collect();
            self.instalment_schedules.edit(now, id, |schedule| {
                schedule.payment_errors = errors.into();
            });
            let (status, cause) =
                (InstalmentStatus::CreationFailed, "instalment_schedule_creation_failed");
            self.instalments_become(now, id, status, "creation_failed", Actor::Api, cause);
            return;
        }
        let mut payments = Vec::new();
        for instalment in schedule.instalments {
            let new = NewPayment {
                amount: instalment.amount,
                charge_date: Some(instalment.charge_date.max(day(now))),
                description: instalment.description,
                reference: schedule.payment_reference.clone(),
                retry_if_possible: schedule.retry_if_possible,
                mandate: schedule.mandate.clone(),
                instalment_schedule: Some(id.to_owned()),
                ..NewPayment::default()
            };
            let new = self.not_before_earliest(now, new);
            payments.extend(self.payment_add(now, new, Actor::Api, "instalment_schedule_created"));
        }
        self.instalment_schedules.edit(now, id, |schedule| {
            schedule.payments = payments;
            schedule.status = InstalmentStatus::Active;
        });
    }

    /// A date before the earliest possible one is rolled forward (section 12).
    fn not_before_earliest(&self, now: Timestamp, mut new: NewPayment) -> NewPayment {
        if let (Some(date), Some(mandate)) = (new.charge_date, self.mandates.get(&new.mandate)) {
            let active = mandate.status == MandateStatus::Active;
            new.charge_date = Some(date.max(mandate.scheme.earliest_charge(now, active)));
        }
        new
    }

    pub(super) fn instalments_errored(&mut self, now: Timestamp, id: &str) {
        let active = self
            .instalment_schedules
            .get(id)
            .is_some_and(|schedule| schedule.status == InstalmentStatus::Active);
        if active {
            let cause = "instalment_schedule_errored";
            let (status, actor) = (InstalmentStatus::Errored, Actor::Gocardless);
            self.instalments_become(now, id, status, "errored", actor, cause);
        }
    }

    /// All payments are collected.
    pub(super) fn instalments_completed(&mut self, now: Timestamp, id: &str) {
        let Some(schedule) = self.instalment_schedules.get(id) else { return };
        let collected = schedule.payments.iter().all(|payment| {
            self.payments.get(payment).is_some_and(|payment| {
                matches!(payment.status, PaymentStatus::Confirmed | PaymentStatus::PaidOut)
            })
        });
        if collected && schedule.status == InstalmentStatus::Active {
            let cause = "instalment_schedule_completed";
            let (status, actor) = (InstalmentStatus::Completed, Actor::Gocardless);
            self.instalments_become(now, id, status, "completed", actor, cause);
        }
    }

    /// The payment that failed is tried again.
    pub(super) fn instalments_resumed(&mut self, now: Timestamp, id: &str) {
        let errored = self
            .instalment_schedules
            .get(id)
            .is_some_and(|schedule| schedule.status == InstalmentStatus::Errored);
        if errored {
            let cause = "instalment_schedule_resumed";
            let (status, actor) = (InstalmentStatus::Active, Actor::Gocardless);
            self.instalments_become(now, id, status, "resumed", actor, cause);
        }
    }

    /// Sets the status and writes the event about it.
    pub fn instalments_become(
        &mut self,
        now: Timestamp,
        id: &str,
        status: InstalmentStatus,
        action: &'static str,
        actor: Actor,
        cause: &str,
    ) {
        self.instalment_schedules.edit(now, id, |schedule| schedule.status = status);
        let Some(schedule) = self.instalment_schedules.get(id) else { return };
        let Some(mandate) = self.mandates.get(&schedule.mandate) else { return };
        let draft = instalments_draft(action, id, actor, cause).about(&schedule.metadata);
        let creditor = mandate.creditor.clone();
        let organisation = self.organisation_of_creditor(&creditor);
        self.emit(now, &organisation, draft);
    }
}

fn instalments_draft(action: &'static str, id: &str, actor: Actor, cause: &str) -> Draft {
    Draft::new("instalment_schedules", action, "instalment_schedule", id, actor, cause)
}
