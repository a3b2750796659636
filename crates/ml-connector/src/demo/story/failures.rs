//! A failure that a retry heals, one that no retry heals, and one after the payout.

use super::{Chapter, End, Scene, cast, newest, times};
use crate::demo::check::Broken;
use crate::demo::company::Role;
use crate::failure::Result;

pub struct Failures;

/// First debit and the two retries that the link's policy allows.
const DEBITS: usize = 3;

impl Chapter for Failures {
    fn name(&self) -> &'static str {
        "failures"
    }

    fn morning(&mut self, _: &mut Scene<'_>) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn is_over(&self, end: &End<'_>) -> bool {
        self.check(end).is_empty()
    }

    fn check(&self, end: &End<'_>) -> Vec<Broken> {
        let mut broken = Vec::new();
        let roles = [Role::FailsOnce, Role::FailsAlways, Role::FailsLate];
        for (customer, made) in cast(end.company, &roles) {
            let remaining = end.truth.invoices.get(&made.id).map_or(-1, |one| one.remaining);
            let Some(payment) = newest(end.truth, &made.id) else {
                let what = format!("invoice {} was never collected", made.id);
                broken.push(Broken::new(self.name(), what));
                continue;
            };
            let failed = times(payment, "failed");
            let paid = times(payment, "paid_out");
            let right = match customer.role {
                Role::FailsOnce => failed == 1 && paid == 1 && remaining == 0,
                Role::FailsAlways => {
                    failed == DEBITS && payment.status == "failed" && remaining == made.amount
                }
                _ => failed == 1 && paid == 2 && remaining == 0,
            };
            if !right {
                let what = format!(
                    "{:?}: invoice {} has {remaining} open; its payment is {}, failed {failed} \
                     times, was paid out {paid} times",
                    customer.role, made.id, payment.status
                );
                broken.push(Broken::new(self.name(), what));
            }
        }
        broken
    }
}
