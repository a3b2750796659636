//! `/scenario_simulators` (gocardless sheet section 22): each with its own start states.

use jiff::Timestamp;
use serde_json::json;

use super::{Route, route};
use crate::gocardless::call::{Call, Reply};
use crate::gocardless::errors::ApiError;
use crate::gocardless::events::Actor;
use crate::gocardless::plans::{Outcome, PaymentPlan};
use crate::gocardless::records::mandate::MandateStatus;
use crate::gocardless::records::payment::PaymentStatus;
use crate::gocardless::records::payout::PayoutStatus;
use crate::gocardless::records::refund::RefundStatus;
use crate::gocardless::routes::sample_details;
use crate::gocardless::validate::{Fields, Metadata};
use crate::gocardless::world::World;

pub(super) const ROUTES: &[Route] = &[route("POST", "/scenario_simulators/:id/actions/run", run)];

/// The error of a simulator in a wrong state: the reason is a choice (section 26).
fn wrong_state(what: &str) -> ApiError {
    ApiError::state("invalid_state", format!("The resource is {what}: the simulator can not run"))
}

/// `POST /scenario_simulators/:id/actions/run` (section 22).
fn run(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let mut fields = Fields::open(&call.body, "data", &["links"])?;
    let links = fields.links(&["resource"])?;
    if !links.contains_key("resource") {
        fields.refuse("links", "links.resource is required");
    }
    fields.finish()?;
    let resource = links.get("resource").cloned().unwrap_or_default();
    let id = call.id().to_owned();
    match id.split_once('_').map(|(kind, _)| kind) {
        Some("payment") => payment(world, call, &id, &resource)?,
        Some("mandate") => mandate(world, call, &id, &resource)?,
        Some("refund") => refund(world, call, &id, &resource)?,
        Some("payout") if id == "payout_bounced" => payout(world, call, &resource)?,
        Some("creditor") => creditor(world, call, &id, &resource)?,
        Some("billing") => {
            // Only payment requests can be simulated to their end, and there are none here.
            return Err(wrong_state("not a payment request"));
        }
        _ => return Err(ApiError::not_found()),
    }
    Ok(Reply::ok(json!({ "scenario_simulators": { "id": id } })))
}

fn plan(outcome: Outcome) -> PaymentPlan {
    PaymentPlan { outcome, ..PaymentPlan::default() }
}

fn payment(world: &mut World, call: &Call<'_>, id: &str, resource: &str) -> Result<(), ApiError> {
    let now = call.now;
    let found = world.payments.visible(&call.organisation, resource);
    let payment = found.ok_or_else(ApiError::not_found)?.clone();
    let late = matches!(id, "payment_late_failure" | "payment_late_failure_settled");
    if late && payment.scheme.name == "autogiro" {
        return Err(wrong_state("of a scheme without late failures"));
    }
    let fresh = payment.status == PaymentStatus::PendingSubmission;
    let paid_out = payment.status == PaymentStatus::PaidOut;
    if !(fresh || late && paid_out) {
        return Err(wrong_state(payment.status.name()));
    }
    let ready = world.mandates.get(&payment.mandate).is_some_and(|mandate| {
        mandate.status == MandateStatus::Active
            || (mandate.scheme.waits_for_first_payment
                && mandate.status == MandateStatus::PendingSubmission)
    });
    if fresh && !ready {
        return Err(wrong_state("on a mandate that is not active"));
    }
    let outcome = match id {
        "payment_submitted" => Outcome::StaysSubmitted,
        "payment_failed" => Outcome::Fails,
        "payment_charged_back" | "payment_chargeback_settled" => Outcome::ChargedBack,
        "payment_late_failure" | "payment_late_failure_settled" => Outcome::FailsLate,
        "payment_confirmed" | "payment_paid_out" => Outcome::Success,
        _ => return Err(ApiError::not_found()),
    };
    if fresh {
        world.payment_submit_now(now, resource, plan(outcome));
        world.mandate_activate(now, &payment.mandate);
    } else {
        world.payments.edit(now, resource, |payment| payment.plan = plan(outcome));
    }
    match id {
        "payment_submitted" => {}
        "payment_failed" => world.payment_fail(now, resource),
        "payment_confirmed" => world.payment_confirm(now, resource),
        "payment_late_failure" if fresh => {
            world.payment_confirm(now, resource);
            world.payment_fail(now, resource);
        }
        _ => {
            if fresh {
                world.payment_confirm(now, resource);
                world.pay_out_now(now, resource);
            }
            match outcome {
                Outcome::FailsLate => world.payment_fail(now, resource),
                Outcome::ChargedBack => world.charge_back(now, resource),
                Outcome::Success | Outcome::Fails | Outcome::StaysSubmitted => {}
            }
            if id.ends_with("_settled") {
                world.settle_debits_now(now, &payment.creditor, payment.scheme.currency);
            }
        }
    }
    Ok(())
}

fn mandate(world: &mut World, call: &Call<'_>, id: &str, resource: &str) -> Result<(), ApiError> {
    let now = call.now;
    let found = world.mandates.visible(&call.organisation, resource);
    let mandate = found.ok_or_else(ApiError::not_found)?.clone();
    let (status, scheme) = (mandate.status, mandate.scheme);
    let need = |allowed: bool| if allowed { Ok(()) } else { Err(wrong_state(status.name())) };
    let pending = status == MandateStatus::PendingSubmission;
    let none = Metadata::new();
    let bank = Actor::Bank(scheme.name, None);
    match id {
        "mandate_activated" => {
            need(pending && !scheme.waits_for_first_payment)?;
            world.mandate_submit(now, resource);
            world.mandate_activate(now, resource);
        }
        "mandate_customer_approval_granted" | "mandate_customer_approval_skipped" => {
            need(status == MandateStatus::PendingCustomerApproval)?;
            let granted = id.ends_with("granted");
            let action =
                if granted { "customer_approval_granted" } else { "customer_approval_skipped" };
            world.mandate_approved(now, resource, action);
        }
        "mandate_failed" => {
            need((pending || status == MandateStatus::Submitted) && scheme.name != "sepa_core")?;
            let (status, cause) = (MandateStatus::Failed, "invalid_bank_details");
            world.mandate_end(now, resource, status, bank, cause, &none);
        }
        "mandate_expired" => {
            need(pending && scheme.dormancy_months.is_some())?;
            let (status, cause) = (MandateStatus::Expired, "mandate_expired");
            world.mandate_end(now, resource, status, Actor::Gocardless, cause, &none);
        }
        "mandate_transferred" | "mandate_transferred_with_resubmission" => {
            need(pending && matches!(scheme.name, "bacs" | "sepa_core"))?;
            need(id == "mandate_transferred" || scheme.name == "bacs")?;
            let account = world.made_up_account(now, &mandate.customer, scheme.name);
            world.mandate_transferred(now, resource, &account);
        }
        "mandate_suspended_by_payer" => return Err(wrong_state("not a PayTo mandate")),
        _ => return Err(ApiError::not_found()),
    }
    Ok(())
}

fn refund(world: &mut World, call: &Call<'_>, id: &str, resource: &str) -> Result<(), ApiError> {
    let now = call.now;
    let found = world.refunds.visible(&call.organisation, resource);
    let refund = found.ok_or_else(ApiError::not_found)?.clone();
    let fresh = matches!(
        refund.status,
        RefundStatus::Created | RefundStatus::PendingSubmission | RefundStatus::Submitted
    );
    let allowed = match id {
        "refund_paid" | "refund_returned" => fresh,
        "refund_settled" | "refund_bounced" => fresh || refund.status == RefundStatus::Paid,
        _ => return Err(ApiError::not_found()),
    };
    if !allowed {
        return Err(wrong_state(refund.status.name()));
    }
    match id {
        "refund_paid" => world.refund_pay(now, resource),
        "refund_settled" => {
            if fresh {
                world.refund_pay(now, resource);
            }
            world.settle_debits_now(now, &refund.creditor, &refund.currency);
        }
        _ => {
            world.refund_bounce(now, resource);
            if id == "refund_returned" {
                world.refund_return(now, resource);
            }
        }
    }
    Ok(())
}

fn payout(world: &mut World, call: &Call<'_>, resource: &str) -> Result<(), ApiError> {
    let found = world.payouts.visible(&call.organisation, resource);
    let status = found.ok_or_else(ApiError::not_found)?.status;
    if status != PayoutStatus::Paid {
        return Err(wrong_state(status.name()));
    }
    world.payout_bounce(call.now, resource);
    Ok(())
}

fn creditor(world: &mut World, call: &Call<'_>, id: &str, resource: &str) -> Result<(), ApiError> {
    if world.creditors.visible(&call.organisation, resource).is_none() {
        return Err(ApiError::not_found());
    }
    let status = id.strip_prefix("creditor_verification_status_").unwrap_or_default();
    if !matches!(status, "action_required" | "in_review" | "successful") {
        return Err(ApiError::not_found());
    }
    world.set_verification(call.now, resource, status);
    Ok(())
}

impl World {
    /// A new account for a customer, as after a bank switch.
    pub fn made_up_account(&mut self, now: Timestamp, customer: &str, scheme: &str) -> String {
        let holder = self.customers.get(customer).map(|it| it.holder_name()).unwrap_or_default();
        let scheme = crate::gocardless::schemes::by_name(scheme)
            .unwrap_or(&crate::gocardless::schemes::SCHEMES[0]);
        let details = sample_details(scheme, &holder, &mut self.ids);
        self.bank_account_add(now, customer, details, Metadata::new())
    }

    /// Sets the verification of a creditor, with the event about it.
    pub fn set_verification(&mut self, now: Timestamp, creditor: &str, status: &str) {
        use crate::gocardless::events::Draft;
        self.creditors.edit(now, creditor, |it| it.verification_status = status.to_owned());
        let organisation = self.organisation_of_creditor(creditor);
        let draft = Draft::new(
            "creditors",
            "updated",
            "creditor",
            creditor,
            Actor::Gocardless,
            "creditor_updated",
        )
        .detail("property", "verification_status");
        self.emit(now, &organisation, draft);
    }
}
