//! How refunds move (gocardless sheet sections 13 and 17).

use jiff::Timestamp;

use super::{Task, minute};
use crate::gocardless::calendar::Calendar;
use crate::gocardless::events::{Actor, Draft};
use crate::gocardless::plans::RefundPlan;
use crate::gocardless::records::payout::{Item, ItemType};
use crate::gocardless::records::refund::{Refund, RefundStatus};
use crate::gocardless::schemes;
use crate::gocardless::time::{at_minute, day, minutes_after};
use crate::gocardless::world::World;

impl World {
    /// Adds a refund, debits the creditor's balance and plans the transfer.
    pub fn refund_add(&mut self, now: Timestamp, refund: Refund, actor: Actor) {
        let organisation = self.organisation_of_creditor(&refund.creditor);
        let id = refund.id.clone();
        let cause = if refund.payment.is_some() { "payment_refunded" } else { "refund_created" };
        let draft =
            Draft::new("refunds", "created", "refund", &id, actor, cause).about(&refund.metadata);
        if let Some(payment) = &refund.payment {
            self.payments.edit(now, payment, |payment| payment.amount_refunded += refund.amount);
        }
        let kind =
            if refund.payment.is_some() { ItemType::PaymentRefunded } else { ItemType::Refund };
        let item = refund_item(&refund, kind, -refund.amount);
        self.account(&refund.creditor, &refund.currency).items.push(item);
        let at = at_minute(self.refund_calendar(&refund.currency).add(day(now), 1), minute::REFUND);
        let owners = [refund.mandate.clone(), refund.payment.clone().unwrap_or_default()];
        let owners = [owners[0].as_str(), owners[1].as_str()];
        self.refunds.insert(now, &organisation, &id, &owners, refund);
        self.emit(now, &organisation, draft);
        self.agenda.plan(at.max(minutes_after(now, 1)), Task::RefundSubmit(id));
    }

    fn refund_calendar(&self, currency: &str) -> Calendar {
        schemes::by_currency(currency).map_or(Calendar::Target, |scheme| scheme.calendar)
    }

    fn refund_in(&self, id: &str, statuses: &[RefundStatus]) -> bool {
        self.refunds.get(id).is_some_and(|refund| statuses.contains(&refund.status))
    }

    /// Sets the status, with the event about it if there is one.
    fn refund_become(
        &mut self,
        now: Timestamp,
        id: &str,
        status: RefundStatus,
        event: Option<(&'static str, &str)>,
    ) {
        self.refunds.edit(now, id, |refund| refund.become_status(now, status));
        if let Some((action, cause)) = event {
            self.refund_event(now, id, action, cause);
        }
    }

    /// Writes an event about a refund.
    pub fn refund_event(&mut self, now: Timestamp, id: &str, action: &'static str, cause: &str) {
        let Some(refund) = self.refunds.get(id) else { return };
        let draft = Draft::new("refunds", action, "refund", id, Actor::Gocardless, cause)
            .about(&refund.metadata);
        let creditor = refund.creditor.clone();
        let organisation = self.organisation_of_creditor(&creditor);
        self.emit(now, &organisation, draft);
    }

    pub(super) fn refund_submit(&mut self, now: Timestamp, id: &str) {
        if !self.refund_in(id, &[RefundStatus::Created, RefundStatus::PendingSubmission]) {
            return;
        }
        self.refund_become(now, id, RefundStatus::Submitted, None);
        let Some(refund) = self.refunds.get(id) else { return };
        let at = at_minute(self.refund_calendar(&refund.currency).add(day(now), 1), minute::REFUND);
        self.agenda.plan(at, Task::RefundOutcome(id.to_owned()));
    }

    pub(super) fn refund_outcome(&mut self, now: Timestamp, id: &str) {
        if !self.refund_in(id, &[RefundStatus::Submitted]) {
            return;
        }
        let Some(refund) = self.refunds.get(id) else { return };
        match refund.plan {
            RefundPlan::Success => self.refund_pay(now, id),
            RefundPlan::Bounced => self.refund_bounce(now, id),
            RefundPlan::FundsReturned => {
                let at = at_minute(
                    self.refund_calendar(&refund.currency).add(day(now), 1),
                    minute::REFUND,
                );
                self.refund_bounce(now, id);
                self.agenda.plan(at, Task::RefundReturn(id.to_owned()));
            }
        }
    }

    /// The refund was sent.
    pub fn refund_pay(&mut self, now: Timestamp, id: &str) {
        self.refund_become(now, id, RefundStatus::Paid, Some(("paid", "refund_paid")));
    }

    /// The refund could not be paid; the payment's refunded amount goes down (section 28, item 6).
    pub fn refund_bounce(&mut self, now: Timestamp, id: &str) {
        let Some(refund) = self.refunds.get(id) else { return };
        let (payment, amount) = (refund.payment.clone(), refund.amount);
        let event = Some(("failed", "refund_failed"));
        self.refund_become(now, id, RefundStatus::Bounced, event);
        if let Some(payment) = payment {
            self.payments.edit(now, &payment, |payment| payment.amount_refunded -= amount);
        }
    }

    /// The funds of a bounced refund are back: a credit in the next payout.
    pub fn refund_return(&mut self, now: Timestamp, id: &str) {
        if !self.refund_in(id, &[RefundStatus::Bounced]) {
            return;
        }
        let event = Some(("funds_returned", "refund_funds_returned"));
        self.refund_become(now, id, RefundStatus::FundsReturned, event);
        let Some(refund) = self.refunds.get(id) else { return };
        let item = refund_item(refund, ItemType::RefundFundsReturned, refund.amount);
        let (creditor, currency) = (refund.creditor.clone(), refund.currency.clone());
        self.account(&creditor, &currency).items.push(item);
    }
}

fn refund_item(refund: &Refund, kind: ItemType, amount: i64) -> Item {
    Item {
        kind,
        tenths: amount * 10,
        taxes: Vec::new(),
        payment: refund.payment.clone(),
        mandate: Some(refund.mandate.clone()),
        refund: Some(refund.id.clone()),
    }
}
