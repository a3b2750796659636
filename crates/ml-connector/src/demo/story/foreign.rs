//! A person collects something of their own in the processor's dashboard: it names no invoice, stands
//! in the same payout, and goes to suspense.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Chapter, End, Scene, act, cast};
use crate::demo::check::Broken;
use crate::demo::company::Role;
use crate::demo::truth::text;
use crate::failure::Result;

#[derive(Default)]
pub struct Foreign {
    /// Payment by customer.
    made: BTreeMap<String, String>,
}

/// Minor units of such a payment.
const AMOUNT: i64 = 4_275;

impl Chapter for Foreign {
    fn name(&self) -> &'static str {
        "foreign"
    }

    fn morning(&mut self, scene: &mut Scene<'_>) -> Result<Vec<String>> {
        let mut said = Vec::new();
        for (customer, _) in cast(scene.company, &[Role::Foreign]) {
            let Some(mandate) = &customer.mandate else { continue };
            if self.made.contains_key(&customer.id) {
                continue;
            }
            let body = json!({
                "action": "create_payment", "mandate": mandate, "amount": AMOUNT,
                "description": "Room hire",
            });
            let payment = text(&act(scene.ground, &body)?["payment"]["id"]);
            scene.hands.payments.insert(payment.clone());
            self.made.insert(customer.id.clone(), payment);
            said.push(format!("a person collects a room hire from {} by hand", customer.name));
        }
        Ok(said)
    }

    fn is_over(&self, end: &End<'_>) -> bool {
        self.check(end).is_empty()
    }

    fn check(&self, end: &End<'_>) -> Vec<Broken> {
        let mut broken = Vec::new();
        for (customer, payment) in &self.made {
            let status = end.truth.payments.get(payment).map_or("gone", |one| one.status.as_str());
            if status != "paid_out" {
                let what = format!("{payment} of customer {customer} is {status}");
                broken.push(Broken::new(self.name(), what));
            }
            if end.truth.receipts().any(|one| one.payment.as_ref() == Some(payment)) {
                let what = format!("{payment} names no invoice and has a receipt");
                broken.push(Broken::new(self.name(), what));
            }
        }
        broken
    }
}
