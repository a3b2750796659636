//! A person un-applies a receipt of ours in the ERP: that is respected, shown, and neither applied nor
//! collected again.

use std::collections::BTreeMap;

use super::{Chapter, End, Scene, cast, newest};
use crate::demo::check::Broken;
use crate::demo::company::Role;
use crate::demo::erp::Deed;
use crate::failure::Result;

#[derive(Default)]
pub struct HandEdits {
    /// Receipt by invoice.
    unapplied: BTreeMap<String, String>,
}

impl Chapter for HandEdits {
    fn name(&self) -> &'static str {
        "hands"
    }

    fn morning(&mut self, scene: &mut Scene<'_>) -> Result<Vec<String>> {
        let mut said = Vec::new();
        for (customer, made) in cast(scene.company, &[Role::HandEdit]) {
            if self.unapplied.contains_key(&made.id) {
                continue;
            }
            let Some(payment) = newest(scene.truth, &made.id) else { continue };
            let receipt =
                scene.truth.receipts().find(|one| one.payment.as_ref() == Some(&payment.id));
            let Some(receipt) = receipt.filter(|one| one.unapplied < one.amount) else { continue };
            scene.ground.deed(&Deed::Unapply { receipt: &receipt.id, invoice: &made.id })?;
            scene.hands.unapplied.insert(receipt.id.clone());
            self.unapplied.insert(made.id.clone(), receipt.id.clone());
            said.push(format!("a person un-applies the receipt of {}", customer.name));
        }
        Ok(said)
    }

    fn is_over(&self, end: &End<'_>) -> bool {
        self.check(end).is_empty()
    }

    fn check(&self, end: &End<'_>) -> Vec<Broken> {
        let mut broken = Vec::new();
        for (_, made) in cast(end.company, &[Role::HandEdit]) {
            let remaining = end.truth.invoices.get(&made.id).map_or(-1, |one| one.remaining);
            let payments = end.truth.payments_of(&made.id).len();
            let receipt = self.unapplied.get(&made.id);
            let unapplied = end
                .truth
                .receipts()
                .find(|one| Some(&one.id) == receipt)
                .is_some_and(|one| one.unapplied == one.amount);
            if receipt.is_none() || !unapplied || remaining != made.amount || payments != 1 {
                let what = format!(
                    "invoice {}: receipt {receipt:?}, still un-applied: {unapplied}, {remaining} \
                     open, {payments} payments",
                    made.id
                );
                broken.push(Broken::new(self.name(), what));
            }
        }
        broken
    }
}
