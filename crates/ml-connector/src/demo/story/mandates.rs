//! Customers without a usable mandate are asked by a link; some payers authorise, some do not; payers
//! approve mandates that wait for them.

use std::collections::BTreeSet;

use serde_json::json;

use super::{Chapter, End, Scene, act, cast};
use crate::demo::check::Broken;
use crate::demo::company::{Customer, Role};
use crate::failure::Result;

#[derive(Default)]
pub struct Mandates {
    authorised: BTreeSet<String>,
    approved: BTreeSet<String>,
}

/// Of those whose mandate was lost every second payer authorises a new one.
fn authorises(customer: &Customer) -> bool {
    match customer.role {
        Role::Asked => true,
        Role::Unusable(state) => matches!(state, "cancelled" | "expired"),
        _ => false,
    }
}

impl Chapter for Mandates {
    fn name(&self) -> &'static str {
        "mandates"
    }

    fn morning(&mut self, scene: &mut Scene<'_>) -> Result<Vec<String>> {
        let mut said = Vec::new();
        for (request, status, customer) in &scene.truth.mandate_requests {
            let found = scene.company.customers.iter().find(|one| one.id == *customer);
            let Some(found) = found.filter(|one| status == "pending" && authorises(one)) else {
                continue;
            };
            if !self.authorised.insert(request.clone()) {
                continue;
            }
            let body = json!({
                "action": "complete_flow", "billing_request": request, "currency": found.currency,
                "customer": {"company_name": found.name, "email": found.email},
            });
            act(scene.ground, &body)?;
            said.push(format!("{} opens the link and authorises a mandate", found.name));
        }
        // By name: requests come in the order of ids that mean nothing.
        said.sort();
        for (one, _) in cast(scene.company, &[Role::Usable("pending_customer_approval")]) {
            let Some(mandate) = one.mandate.clone() else { continue };
            if self.approved.insert(mandate.clone()) {
                act(scene.ground, &json!({"action": "approve_mandate", "mandate": mandate}))?;
                said.push(format!("{} approves its mandate", one.name));
            }
        }
        Ok(said)
    }

    fn is_over(&self, _: &End<'_>) -> bool {
        true
    }

    fn check(&self, end: &End<'_>) -> Vec<Broken> {
        let mut broken = Vec::new();
        for (n, customer) in end.company.customers.iter().enumerate() {
            let asked = end.truth.mandate_requests.iter().filter(|(.., id)| *id == customer.id);
            let open: Vec<_> = asked.filter(|(_, status, _)| status != "cancelled").collect();
            let expected = match customer.role {
                Role::Asked | Role::Silent | Role::Unusable(_) => 1,
                _ => 0,
            };
            // Nobody is asked for whom nothing is to be collected.
            let has_invoice = end.company.invoices_of(n).any(|made| made.collect);
            if open.len() != if has_invoice { expected } else { 0 } {
                let what = format!("{} was asked {} times", customer.name, open.len());
                broken.push(Broken::new(self.name(), what));
            }
            let waits =
                matches!(customer.role, Role::Silent | Role::Unusable(_)) && !authorises(customer);
            for made in end.company.invoices_of(n).filter(|_| waits) {
                let Some(invoice) = end.truth.invoices.get(&made.id) else { continue };
                if !end.truth.payments_of(&made.id).is_empty() {
                    let what = format!("{} was collected without a mandate", invoice.number);
                    broken.push(Broken::new(self.name(), what));
                }
                if invoice.error.is_empty() {
                    let what = format!("{} does not say why it is not collected", invoice.number);
                    broken.push(Broken::new("P5", what));
                }
            }
        }
        broken
    }
}
