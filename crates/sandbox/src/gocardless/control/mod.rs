//! The control surface of the emulated GoCardless: what users read of it is its own text.
//!
#![doc = include_str!("../../../../../docs/operating/sandbox-control/gocardless.md")]

mod act;
mod seed;
mod truth;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::config::IdempotencyOrder;
use super::faults::{Faults, WebhookFaults, read_rule};
use super::lifecycle::{Task, minute};
use super::plans::{Outcome, PaymentPlan, RefundPlan, Target, Waiting};
use super::records::payment::PaymentStatus;
use super::time::{at_minute, day, minutes_after};
use super::world::World;

/// Answers a control call.
///
/// # Errors
/// A sentence for the person who made it.
pub fn answer(
    world: &mut World,
    now: Timestamp,
    method: &http::Method,
    path: &str,
    body: &Value,
) -> Result<Value, String> {
    match (method.as_str(), path) {
        ("GET", "/truth") => Ok(truth::everything(world, now)),
        ("POST", "/seed") => seed::seed(world, now, body),
        ("POST", "/plan") => plan(world, now, body),
        ("POST", "/act") => act::act(world, now, body),
        ("POST", "/faults") => faults(world, body),
        _ => Err(format!("there is no control call {method} {path}")),
    }
}

/// Reads a body into a typed form.
fn read<T: serde::de::DeserializeOwned>(body: &Value) -> Result<T, String> {
    serde_json::from_value(body.clone()).map_err(|error| error.to_string())
}

fn faults(world: &mut World, body: &Value) -> Result<Value, String> {
    #[derive(Deserialize)]
    #[serde(default, deny_unknown_fields)]
    #[derive(Default)]
    struct Wire {
        clear: bool,
        rules: Vec<Value>,
        stale_minutes: Option<i64>,
        webhooks: Option<WebhookFaults>,
        idempotency_order: Option<IdempotencyOrder>,
    }
    let wire: Wire = read(body)?;
    let rules = wire.rules.iter().map(read_rule).collect::<Result<Vec<_>, _>>()?;
    if wire.clear {
        world.faults = Faults::default();
    }
    world.faults.rules.extend(rules);
    if let Some(minutes) = wire.stale_minutes {
        if !(0..=super::table::PAST_MINUTES).contains(&minutes) {
            return Err("stale_minutes must be between 0 and 1440".to_owned());
        }
        world.faults.stale_minutes = minutes;
    }
    if let Some(webhooks) = wire.webhooks {
        world.faults.webhooks = webhooks;
    }
    if let Some(order) = wire.idempotency_order {
        world.config.idempotency_order = order;
    }
    serde_json::to_value(&world.faults).map_err(|error| error.to_string())
}

fn plan(world: &mut World, now: Timestamp, body: &Value) -> Result<Value, String> {
    let mut rest = body.as_object().cloned().ok_or("the body must be an object")?;
    let mut take = |name: &str| rest.remove(name);
    let text = |value: Option<Value>| value.and_then(|value| value.as_str().map(str::to_owned));
    let (payment, mandate) = (text(take("payment")), text(take("mandate")));
    let (customer, any) = (text(take("customer")), take("any").is_some());
    let count = take("count").map_or(Some(1), |value| value.as_u64());
    let count = count.and_then(|count| u32::try_from(count).ok()).ok_or("count is no number")?;
    let refund = take("refund_outcome");
    let target = match (payment, mandate, customer, any) {
        (Some(id), None, None, false) => Target::Payment(id),
        (None, Some(id), None, false) => Target::Mandate(id),
        (None, None, Some(id), false) => Target::Customer(id),
        (None, None, None, true) => Target::Any,
        _ => return Err("give one of payment, mandate, customer, any".to_owned()),
    };
    check_target(world, &target)?;
    if let Some(outcome) = refund {
        let plan: RefundPlan = read(&outcome)?;
        world.plans.refunds.push(Waiting { target, count, plan });
        return Ok(json!({}));
    }
    let plan: PaymentPlan = read(&Value::Object(rest))?;
    match &target {
        Target::Payment(id) if world.plan_now(now, id, &plan) => {}
        _ => world.plans.payments.push(Waiting { target, count, plan }),
    }
    Ok(json!({}))
}

fn check_target(world: &World, target: &Target) -> Result<(), String> {
    let known = match target {
        Target::Payment(id) => world.payments.get(id).is_some(),
        Target::Mandate(id) => world.mandates.get(id).is_some(),
        Target::Customer(id) => world.customers.get(id).is_some(),
        Target::Any => true,
    };
    if known { Ok(()) } else { Err(format!("{target:?} does not exist")) }
}

impl World {
    /// Gives a plan to a payment that was submitted already. False if it was not.
    fn plan_now(&mut self, now: Timestamp, id: &str, plan: &PaymentPlan) -> bool {
        let Some(payment) = self.payments.get(id) else { return false };
        let (status, attempt, scheme) = (payment.status, payment.attempt, payment.scheme);
        let late = matches!(plan.outcome, Outcome::FailsLate | Outcome::ChargedBack);
        let due = match status {
            PaymentStatus::Submitted => None,
            PaymentStatus::Confirmed => (late && !plan.after_payout).then_some(plan.days),
            PaymentStatus::PaidOut => late.then_some(plan.days),
            PaymentStatus::PendingCustomerApproval
            | PaymentStatus::PendingSubmission
            | PaymentStatus::Failed
            | PaymentStatus::Cancelled
            | PaymentStatus::CustomerApprovalDenied
            | PaymentStatus::ChargedBack => return false,
        };
        self.payments.edit(now, id, |payment| payment.plan = plan.clone());
        if let Some(days) = due {
            let at = at_minute(scheme.calendar.add(day(now), days), minute::LATE);
            let task = Task::PaymentLate { payment: id.to_owned(), attempt };
            self.agenda.plan(at.max(minutes_after(now, 1)), task);
        }
        true
    }
}
