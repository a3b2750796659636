//! What happens on which day: an agenda of tasks in virtual time, run in order by `advance`
//! (gocardless sheet sections 6, 9, 10, 13 and 17).

mod billing;
mod mandates;
mod payments;
mod refunds;
mod reversals;
mod schedules;

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::call::Stored;
use super::time::{at_minute, day, days_after};
use super::world::World;

pub use billing::{PayerForm, billing_request_event, typed_details};
pub use payments::{NewPayment, RetryBy};
pub use schedules::next_nominal_date;

/// Minutes of the UTC day at which things happen.
pub mod minute {
    /// Mandates become active.
    pub const MANDATE_ACTIVE: i64 = 3 * 60;
    /// Payments are confirmed or fail.
    pub const PAYMENT_OUTCOME: i64 = 4 * 60 + 30;
    /// Payouts are made, before late outcomes of the day.
    pub const PAYOUTS: i64 = 6 * 60 + 2;
    /// Late failures, chargebacks and their cancellation.
    pub const LATE: i64 = 8 * 60;
    /// Refunds move.
    pub const REFUND: i64 = 10 * 60;
    /// Mandates and payments are sent to the banks, after the cut-off.
    pub const SUBMISSION: i64 = 16 * 60 + 30;
}

/// Something that is due. A task that finds its resource in another state does nothing.
#[derive(Debug, Clone)]
pub enum Task {
    /// Send a payment to the banks.
    PaymentSubmit {
        /// PM…
        payment: String,
        /// The attempt it belongs to.
        attempt: u32,
    },
    /// Confirm it, or let it fail.
    PaymentOutcome {
        /// PM…
        payment: String,
        /// The attempt it belongs to.
        attempt: u32,
    },
    /// Late failure or chargeback.
    PaymentLate {
        /// PM…
        payment: String,
        /// The attempt it belongs to.
        attempt: u32,
    },
    /// The chargeback is cancelled.
    ChargebackCancel {
        /// PM…
        payment: String,
        /// The attempt it belongs to.
        attempt: u32,
    },
    /// GoCardless retries by itself.
    PaymentAutoRetry {
        /// PM…
        payment: String,
        /// The attempt that failed.
        attempt: u32,
        /// Working days to the new charge date.
        days: i64,
    },
    /// Send a mandate to the bank.
    MandateSubmit(String),
    /// The bank accepts it.
    MandateActivate(String),
    /// The bank accepts it again.
    MandateReinstate(String),
    /// It expires if it was not used.
    MandateDormancy(String),
    /// Send a refund.
    RefundSubmit(String),
    /// It arrives or bounces.
    RefundOutcome(String),
    /// Its funds come back.
    RefundReturn(String),
    /// Make the payouts of a day, then plan the next day's.
    PayoutRun,
    /// The payout leaves.
    PayoutPaid(String),
    /// Its exchange rate is final.
    PayoutRate(String),
    /// Its tax exchange rate is final.
    PayoutTaxRate(String),
    /// Make the next payment of a subscription.
    SubscriptionNext(String),
    /// Make the payments of an instalment schedule.
    InstalmentsCreate(String),
    /// A request takes effect after its client gave up.
    LateCommit(Box<Stored>),
}

/// Tasks by time, in the order of planning within an instant.
#[derive(Debug, Default)]
pub struct Agenda {
    tasks: BTreeMap<(Timestamp, u64), Task>,
    planned: u64,
}

impl Agenda {
    /// Plans a task.
    pub fn plan(&mut self, at: Timestamp, task: Task) {
        self.planned += 1;
        self.tasks.insert((at, self.planned), task);
    }

    fn take(&mut self, now: Timestamp) -> Option<(Timestamp, Task)> {
        let (&(at, number), _) = self.tasks.first_key_value().filter(|((at, _), _)| *at <= now)?;
        self.tasks.remove(&(at, number)).map(|task| (at, task))
    }

    /// Number of tasks that wait.
    pub fn len(&self) -> usize {
        self.tasks.len()
    }
}

impl World {
    /// Moves time to `now` (never back) and runs what was due, in order.
    pub fn advance(&mut self, now: Timestamp) {
        if self.clock.is_none() {
            self.clock = Some(now);
            if self.config.default_account {
                self.add_default_account(now);
            }
            let today = at_minute(day(now), minute::PAYOUTS);
            let first = if today > now {
                today
            } else {
                at_minute(days_after(day(now), 1), minute::PAYOUTS)
            };
            self.agenda.plan(first, Task::PayoutRun);
        }
        while let Some((at, task)) = self.agenda.take(now) {
            self.clock = self.clock.max(Some(at));
            self.run(self.clock.unwrap_or(at), task);
        }
        self.clock = self.clock.max(Some(now));
    }

    fn run(&mut self, now: Timestamp, task: Task) {
        match task {
            Task::PaymentSubmit { payment, attempt } => self.payment_submit(now, &payment, attempt),
            Task::PaymentOutcome { payment, attempt } => {
                self.payment_outcome(now, &payment, attempt);
            }
            Task::PaymentLate { payment, attempt } => self.payment_late(now, &payment, attempt),
            Task::ChargebackCancel { payment, attempt } => {
                if self.payments.get(&payment).is_some_and(|found| found.attempt == attempt) {
                    self.chargeback_cancel(now, &payment);
                }
            }
            Task::PaymentAutoRetry { payment, attempt, days } => {
                self.payment_auto_retry(now, &payment, attempt, days);
            }
            Task::MandateSubmit(mandate) => self.mandate_submit(now, &mandate),
            Task::MandateActivate(mandate) => self.mandate_activate(now, &mandate),
            Task::MandateReinstate(mandate) => self.mandate_reinstated(now, &mandate),
            Task::MandateDormancy(mandate) => self.mandate_dormancy(now, &mandate),
            Task::RefundSubmit(refund) => self.refund_submit(now, &refund),
            Task::RefundOutcome(refund) => self.refund_outcome(now, &refund),
            Task::RefundReturn(refund) => self.refund_return(now, &refund),
            Task::PayoutRun => {
                self.payout_run(now);
                let next = at_minute(days_after(day(now), 1), minute::PAYOUTS);
                self.agenda.plan(next, Task::PayoutRun);
            }
            Task::PayoutPaid(payout) => self.payout_paid(now, &payout),
            Task::PayoutRate(payout) => self.payout_rate_confirmed(now, &payout),
            Task::PayoutTaxRate(payout) => self.payout_tax_rate_confirmed(now, &payout),
            Task::SubscriptionNext(subscription) => self.subscription_next(now, &subscription),
            Task::InstalmentsCreate(schedule) => self.instalments_create(now, &schedule),
            Task::LateCommit(stored) => self.late_commit(now, *stored),
        }
    }
}
