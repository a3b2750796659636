//! A person refunds payments in the processor's dashboard, all of it or a part.

use std::collections::BTreeMap;

use jiff::ToSpan;
use serde_json::json;

use super::{Chapter, End, Scene, act, cast, newest};
use crate::demo::check::Broken;
use crate::demo::company::{Role, major};
use crate::failure::Result;

#[derive(Default)]
pub struct Refunds {
    /// Minor units by invoice.
    refunded: BTreeMap<String, i64>,
}

/// Days after the charge from which the processor refunds (gocardless sheet section 13).
const SAFE_DAYS: i64 = 8;

impl Chapter for Refunds {
    fn name(&self) -> &'static str {
        "refunds"
    }

    fn morning(&mut self, scene: &mut Scene<'_>) -> Result<Vec<String>> {
        let mut said = Vec::new();
        for (customer, made) in cast(scene.company, &[Role::Refunded]) {
            let Some(payment) = newest(scene.truth, &made.id) else { continue };
            let safe = payment
                .charge_on
                .is_some_and(|on| on.saturating_add(SAFE_DAYS.days()) <= scene.today);
            if payment.status != "paid_out" || !safe || self.refunded.contains_key(&made.id) {
                continue;
            }
            // All of it in pounds, a third elsewhere.
            let amount = if customer.currency == "GBP" { made.amount } else { made.amount / 3 };
            let body = json!({"action": "create_refund", "payment": payment.id, "amount": amount});
            act(scene.ground, &body)?;
            self.refunded.insert(made.id.clone(), amount);
            let shown = major(amount);
            said.push(format!("{} {shown} is refunded to {}", customer.currency, customer.name));
        }
        Ok(said)
    }

    fn is_over(&self, end: &End<'_>) -> bool {
        self.check(end).is_empty()
    }

    fn check(&self, end: &End<'_>) -> Vec<Broken> {
        let mut broken = Vec::new();
        for (_, made) in cast(end.company, &[Role::Refunded]) {
            let remaining = end.truth.invoices.get(&made.id).map_or(-1, |one| one.remaining);
            let refunded = self.refunded.get(&made.id).copied();
            let debited = end.truth.items().any(|(payout, item)| {
                let ours = newest(end.truth, &made.id).map(|one| one.id.as_str());
                payout.status == "paid"
                    && item.kind == "payment_refunded"
                    && item.payment.as_deref() == ours
            });
            if refunded != Some(remaining) || !debited {
                let what = format!(
                    "invoice {} has {remaining} open; refunded {refunded:?}, debited: {debited}",
                    made.id
                );
                broken.push(Broken::new(self.name(), what));
            }
        }
        broken
    }
}
