//! Invoices change while their collection is under way: another amount before and after the payment
//! was sent to the bank, and payment by other means before and after.

use std::collections::BTreeMap;

use super::{Chapter, End, Scene, cast, made, newest};
use crate::demo::check::Broken;
use crate::demo::company::{Role, major};
use crate::demo::erp::Deed;
use crate::failure::Result;

#[derive(Default)]
pub struct Amounts {
    /// What was done, with the new amount in minor units.
    done: BTreeMap<String, i64>,
}

const ROLES: [Role; 4] = [Role::AmountBefore, Role::AmountAfter, Role::PaidBefore, Role::PaidAfter];

impl Chapter for Amounts {
    fn name(&self) -> &'static str {
        "amounts"
    }

    fn morning(&mut self, scene: &mut Scene<'_>) -> Result<Vec<String>> {
        let mut said = Vec::new();
        for (customer, invoice) in cast(scene.company, &ROLES) {
            let status = newest(scene.truth, &invoice.id).map(|payment| payment.status.as_str());
            let due = match customer.role {
                Role::AmountBefore | Role::PaidBefore => status == Some("pending_submission"),
                _ => status == Some("submitted"),
            };
            if !due || self.done.contains_key(&invoice.id) {
                continue;
            }
            let currency = customer.currency;
            if matches!(customer.role, Role::AmountBefore | Role::AmountAfter) {
                let amount = invoice.amount - invoice.amount / 10;
                scene.ground.deed(&Deed::Lower {
                    invoice: &invoice.id,
                    from: invoice.amount,
                    to: amount,
                })?;
                self.done.insert(invoice.id.clone(), amount);
                let shown = major(amount);
                said.push(format!(
                    "{}: the invoice is lowered to {currency} {shown}",
                    customer.name
                ));
            } else {
                let paid = Deed::PaidByTransfer { invoice: &invoice.id, currency };
                let answer = scene.ground.deed(&paid)?;
                scene.hands.documents.insert(made(&answer));
                self.done.insert(invoice.id.clone(), invoice.amount);
                said.push(format!("{} pays by bank transfer meanwhile", customer.name));
            }
        }
        Ok(said)
    }

    fn is_over(&self, end: &End<'_>) -> bool {
        self.check(end).is_empty()
    }

    fn check(&self, end: &End<'_>) -> Vec<Broken> {
        let mut broken = Vec::new();
        for (customer, invoice) in cast(end.company, &ROLES) {
            let payments = end.truth.payments_of(&invoice.id);
            let seen: Vec<(&str, i64)> =
                payments.iter().map(|one| (one.status.as_str(), one.amount)).collect();
            let remaining = end.truth.invoices.get(&invoice.id).map_or(-1, |one| one.remaining);
            let amount = self.done.get(&invoice.id).copied().unwrap_or(-1);
            let newest = payments.last().map(|payment| payment.id.as_str());
            let left: i64 = end
                .truth
                .receipts()
                .filter(|one| one.payment.is_some() && one.payment.as_deref() == newest)
                .map(|one| one.unapplied)
                .sum();
            let right = match customer.role {
                Role::AmountBefore => {
                    seen == [("cancelled", invoice.amount), ("paid_out", amount)] && left == 0
                }
                Role::AmountAfter => {
                    seen == [("paid_out", invoice.amount)] && left == invoice.amount - amount
                }
                Role::PaidBefore => seen == [("cancelled", invoice.amount)],
                _ => seen == [("paid_out", invoice.amount)] && left == invoice.amount,
            };
            if !right || remaining != 0 {
                let what = format!(
                    "{:?}: invoice {} has {remaining} open; payments {seen:?}, {left} unapplied",
                    customer.role, invoice.id
                );
                broken.push(Broken::new(self.name(), what));
            }
        }
        broken
    }
}
