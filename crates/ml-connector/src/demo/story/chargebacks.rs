//! Chargebacks after and before the money was deposited, and one that is cancelled.

use super::{Chapter, End, Scene, cast, newest, times};
use crate::demo::check::Broken;
use crate::demo::company::Role;
use crate::failure::Result;

pub struct Chargebacks;

impl Chapter for Chargebacks {
    fn name(&self) -> &'static str {
        "chargebacks"
    }

    fn morning(&mut self, _: &mut Scene<'_>) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    fn is_over(&self, end: &End<'_>) -> bool {
        self.check(end).is_empty()
    }

    fn check(&self, end: &End<'_>) -> Vec<Broken> {
        let mut broken = Vec::new();
        let roles = [Role::ChargedBackAfter, Role::ChargedBackBefore, Role::ChargebackCancelled];
        for (customer, made) in cast(end.company, &roles) {
            let remaining = end.truth.invoices.get(&made.id).map_or(-1, |one| one.remaining);
            let payment = newest(end.truth, &made.id);
            let status = payment.map_or("none", |payment| payment.status.as_str());
            let back = payment.map_or(0, |payment| times(payment, "charged_back"));
            let settled = end
                .truth
                .items()
                .filter(|(_, item)| item.payment.as_ref() == payment.map(|one| &one.id))
                .count();
            let right = match customer.role {
                Role::ChargedBackAfter => status == "charged_back" && remaining == made.amount,
                Role::ChargedBackBefore => {
                    status == "charged_back" && settled == 0 && remaining == made.amount
                }
                _ => status == "paid_out" && remaining == 0,
            };
            if !right || back != 1 {
                let what = format!(
                    "{:?}: invoice {} has {remaining} open; its payment is {status}, charged back \
                     {back} times",
                    customer.role, made.id
                );
                broken.push(Broken::new(self.name(), what));
            }
        }
        broken
    }
}
