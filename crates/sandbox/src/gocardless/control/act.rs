//! What people do in the dashboard, payers in their mail and banks on their own (the table of actions is
//! in the [module above](super)).

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Value, json};

use super::read;
use crate::gocardless::events::Actor;
use crate::gocardless::lifecycle::{
    NewPayment, PayerForm, RetryBy, billing_request_event, typed_details,
};
use crate::gocardless::plans::{Outcome, PaymentPlan, mandate_end_code};
use crate::gocardless::records::mandate::{Mandate, MandateStatus};
use crate::gocardless::records::party::CUSTOMER_TEXTS;
use crate::gocardless::records::payment::{Payment, PaymentStatus};
use crate::gocardless::routes::NewRefund;
use crate::gocardless::validate::Metadata;
use crate::gocardless::world::World;

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Act {
    action: String,
    payment: Option<String>,
    mandate: Option<String>,
    refund: Option<String>,
    payout: Option<String>,
    billing_request: Option<String>,
    creditor: Option<String>,
    token: Option<String>,
    webhook: Option<String>,
    amount: Option<i64>,
    charge_date: Option<Date>,
    description: Option<String>,
    metadata: Metadata,
    cause: Option<String>,
    reason_code: Option<String>,
    cancelled_after_days: Option<i64>,
    surcharge: Option<bool>,
    customer: BTreeMap<String, String>,
    bank_account: BTreeMap<String, String>,
    currency: Option<String>,
    status: Option<String>,
}

fn need<T: Clone>(value: Option<&T>, name: &str) -> Result<T, String> {
    value.cloned().ok_or_else(|| format!("{name} is needed"))
}

/// What can be done to a mandate, where its status allows it.
const MANDATE_ACTIONS: [&str; 13] = [
    "cancel_mandate",
    "payer_cancels_mandate",
    "block_mandate",
    "fail_mandate",
    "expire_mandate",
    "suspend_mandate",
    "replace_mandate",
    "transfer_mandate",
    "reinstate_mandate",
    "approve_mandate",
    "skip_mandate_approval",
    "deny_mandate",
    "require_approval",
];

pub(super) fn act(world: &mut World, now: Timestamp, body: &Value) -> Result<Value, String> {
    let act: Act = read(body)?;
    match act.action.as_str() {
        "create_payment" | "cancel_payment" | "retry_payment" | "approve_payment"
        | "deny_payment" | "fail_late" | "charge_back" | "cancel_chargeback" => {
            payment(world, now, &act)
        }
        "create_refund" | "return_refund" => refund(world, now, &act),
        "complete_flow" | "exit_flow" => flow(world, now, &act),
        "enable_refunds" | "disable_refunds" | "set_verification" => creditor(world, now, &act),
        "bounce_payout" => {
            let id = need(act.payout.as_ref(), "payout")?;
            world.payouts.get(&id).ok_or("there is no such payout")?;
            world.payout_bounce(now, &id);
            Ok(json!({ "payout": id }))
        }
        "revoke_token" => {
            let token = need(act.token.as_ref(), "token")?;
            world.tokens.get_mut(&token).ok_or("there is no such token")?.revoked = true;
            Ok(json!({}))
        }
        "resend_webhook" => {
            let id = need(act.webhook.as_ref(), "webhook")?;
            world.webhooks.get(&id).ok_or("there is no such webhook")?;
            world.webhook_retry(now, &id);
            Ok(json!({ "webhook": id }))
        }
        action if MANDATE_ACTIONS.contains(&action) => mandate(world, now, &act),
        other => Err(format!(
            "unknown action {other}: docs/operating/sandbox-control/gocardless.md lists them"
        )),
    }
}

fn payment(world: &mut World, now: Timestamp, act: &Act) -> Result<Value, String> {
    if act.action == "create_payment" {
        let new = NewPayment {
            amount: need(act.amount.as_ref(), "amount")?,
            charge_date: act.charge_date,
            description: act.description.clone(),
            mandate: need(act.mandate.as_ref(), "mandate")?,
            metadata: act.metadata.clone(),
            ..NewPayment::default()
        };
        let usable = world.mandates.get(&new.mandate).is_some_and(|it| it.status.usable());
        if !usable {
            return Err("there is no such mandate, or it is not usable".to_owned());
        }
        let id = world.payment_add(now, new, Actor::Dashboard, "payment_created");
        let id = id.ok_or("there is no such mandate")?;
        return Ok(json!({ "payment": world.payments.get(&id).map(Payment::json) }));
    }
    let id = need(act.payment.as_ref(), "payment")?;
    let found = world.payments.get(&id).ok_or("there is no such payment")?;
    let status = found.status;
    let allowed = match act.action.as_str() {
        "cancel_payment" => status == PaymentStatus::PendingSubmission,
        // The dashboard offers it under the rules of the API (gocardless sheet section 10).
        "retry_payment" => {
            let mandate = world.mandates.get(&found.mandate);
            status == PaymentStatus::Failed && mandate.is_some_and(|it| it.status.usable())
        }
        "approve_payment" | "deny_payment" => status == PaymentStatus::PendingCustomerApproval,
        "cancel_chargeback" => status == PaymentStatus::ChargedBack,
        _ => matches!(status, PaymentStatus::Confirmed | PaymentStatus::PaidOut),
    };
    if !allowed {
        return Err(format!("the payment is {}", status.name()));
    }
    let plan = |outcome: Outcome| PaymentPlan {
        outcome,
        cause: act.cause.clone(),
        reason_code: act.reason_code.clone(),
        cancelled_after_days: act.cancelled_after_days,
        surcharge: act.surcharge.unwrap_or(true),
        ..PaymentPlan::default()
    };
    match act.action.as_str() {
        "cancel_payment" => {
            let (actor, cause) = (Actor::Dashboard, "payment_cancelled");
            world.payment_cancel(now, &id, actor, cause, None, &act.metadata);
        }
        "retry_payment" => {
            world.payment_retry(now, &id, RetryBy::Dashboard, act.charge_date, &act.metadata);
        }
        "approve_payment" => world.payment_approved(now, &id, true),
        "deny_payment" => world.payment_denied(now, &id),
        "cancel_chargeback" => world.chargeback_cancel(now, &id),
        "fail_late" => {
            world.payments.edit(now, &id, |it| it.plan = plan(Outcome::FailsLate));
            world.payment_fail(now, &id);
        }
        _ => {
            world.payments.edit(now, &id, |it| it.plan = plan(Outcome::ChargedBack));
            world.charge_back(now, &id);
        }
    }
    Ok(json!({ "payment": world.payments.get(&id).map(Payment::json) }))
}

fn refund(world: &mut World, now: Timestamp, act: &Act) -> Result<Value, String> {
    if act.action == "return_refund" {
        let id = need(act.refund.as_ref(), "refund")?;
        world.refunds.get(&id).ok_or("there is no such refund")?;
        world.refund_return(now, &id);
        return Ok(json!({ "refund": world.refunds.get(&id).map(|refund| refund.json()) }));
    }
    let id = need(act.payment.as_ref(), "payment")?;
    let payment = world.payments.get(&id).cloned().ok_or("there is no such payment")?;
    let new = NewRefund {
        amount: need(act.amount.as_ref(), "amount")?,
        payment: id,
        reference: None,
        metadata: act.metadata.clone(),
    };
    world.refund_check(now, &new, &payment, None).map_err(|error| error.message)?;
    let id = world.refund_new(now, new, Actor::Dashboard).ok_or("there is no such payment")?;
    Ok(json!({ "refund": world.refunds.get(&id).map(|refund| refund.json()) }))
}

fn flow(world: &mut World, now: Timestamp, act: &Act) -> Result<Value, String> {
    let id = need(act.billing_request.as_ref(), "billing_request")?;
    world.billing_requests.get(&id).ok_or("there is no such billing request")?;
    if let Some(flow) =
        world.flows.owned_ids(&id).last().and_then(|it| world.flows.get(it)).cloned()
    {
        world.flow_visited(now, &flow);
    }
    if act.action == "exit_flow" {
        billing_request_event(world, now, &id, "flow_exited", Actor::Payer, &Metadata::new());
        return Ok(json!({ "billing_request": id }));
    }
    let mut texts = BTreeMap::new();
    for (name, text) in &act.customer {
        let known = CUSTOMER_TEXTS.iter().find(|known| *known == name);
        texts.insert(*known.ok_or_else(|| format!("a customer has no {name}"))?, text.clone());
    }
    let details = typed_details(&act.bank_account)?;
    let form = PayerForm { texts, currency: act.currency.clone(), details };
    world.billing_complete(now, &id, form)?;
    let mandate = world.billing_requests.get(&id).and_then(|it| it.mandate_request.mandate.clone());
    Ok(json!({ "billing_request": id, "mandate": mandate }))
}

fn creditor(world: &mut World, now: Timestamp, act: &Act) -> Result<Value, String> {
    let id = need(act.creditor.as_ref(), "creditor")?;
    world.creditors.get(&id).ok_or("there is no such creditor")?;
    match act.action.as_str() {
        "set_verification" => {
            let status = need(act.status.as_ref(), "status")?;
            if !matches!(status.as_str(), "successful" | "in_review" | "action_required") {
                return Err(format!("{status} is no verification status"));
            }
            world.set_verification(now, &id, &status);
        }
        action => {
            let on = action == "enable_refunds";
            world.creditors.edit(now, &id, |creditor| creditor.can_create_refunds = on);
        }
    }
    Ok(json!({ "creditor": id }))
}

/// Cancelled or expired, never replaced (gocardless sheet section 9).
fn may_be_reinstated(mandate: &Mandate) -> bool {
    let ended = matches!(mandate.status, MandateStatus::Cancelled | MandateStatus::Expired);
    ended && mandate.new_mandate.is_none()
}

fn mandate(world: &mut World, now: Timestamp, act: &Act) -> Result<Value, String> {
    let end = |status: MandateStatus, actor: Actor, cause: &'static str| (status, actor, cause);
    let id = need(act.mandate.as_ref(), "mandate")?;
    let found: Mandate = world.mandates.get(&id).cloned().ok_or("there is no such mandate")?;
    let scheme = found.scheme.name;
    // A bank that has no code for it leaves it to GoCardless.
    let bank = |cause: &str| match act.reason_code.clone().or(mandate_end_code(scheme, cause)) {
        Some(code) => Actor::Bank(scheme, Some(code)),
        None => Actor::Gocardless,
    };
    let ending = match act.action.as_str() {
        "cancel_mandate" => {
            Some(end(MandateStatus::Cancelled, Actor::Dashboard, "mandate_cancelled"))
        }
        "payer_cancels_mandate" => {
            let cause = "mandate_cancelled";
            Some(end(MandateStatus::Cancelled, bank(cause), cause))
        }
        "block_mandate" => Some(end(MandateStatus::Blocked, Actor::Gocardless, "mandate_blocked")),
        "fail_mandate" => {
            let cause = "invalid_bank_details";
            Some(end(
                MandateStatus::Failed,
                Actor::Bank(scheme, mandate_end_code(scheme, cause)),
                cause,
            ))
        }
        "expire_mandate" => Some(end(MandateStatus::Expired, Actor::Gocardless, "mandate_expired")),
        "suspend_mandate" => {
            let actor = Actor::Bank(scheme, None);
            Some(end(MandateStatus::SuspendedByPayer, actor, "mandate_suspended_by_payer"))
        }
        _ => None,
    };
    let inactive = !found.status.usable();
    if let Some((status, actor, cause)) = ending {
        if inactive {
            return Err(format!("the mandate is {}", found.status.name()));
        }
        world.mandate_end(now, &id, status, actor, cause, &act.metadata);
        return Ok(json!({ "mandate": world.mandates.get(&id).map(|it| it.json(now)) }));
    }
    match act.action.as_str() {
        "replace_mandate" if !inactive => {
            let new = world.mandate_replaced(now, &id);
            return Ok(json!({ "mandate": id, "new_mandate": new }));
        }
        "transfer_mandate" if !inactive => {
            let account = world.made_up_account(now, &found.customer, found.scheme.name);
            world.mandate_transferred(now, &id, &account);
        }
        "reinstate_mandate" if may_be_reinstated(&found) => {
            world.mandate_reinstate(now, &id, Actor::Dashboard, &act.metadata);
        }
        "approve_mandate" => world.mandate_approved(now, &id, "customer_approval_granted"),
        "skip_mandate_approval" => world.mandate_approved(now, &id, "customer_approval_skipped"),
        "deny_mandate" if found.status == MandateStatus::PendingCustomerApproval => {
            world.mandate_denied(now, &id);
        }
        "require_approval" => {
            world.mandates.edit(now, &id, |mandate| mandate.payments_require_approval = true);
        }
        action => {
            return Err(format!("{action}: the mandate is {}", found.status.name()));
        }
    }
    Ok(json!({ "mandate": world.mandates.get(&id).map(|it| it.json(now)) }))
}
