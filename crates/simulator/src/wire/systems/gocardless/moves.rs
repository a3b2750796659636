//! What banks and payers do, and people in the processor's dashboard.

use serde_json::{Value, json};

use super::Debits;
use crate::moves::Family;
use crate::wire::systems::{Stage, customer_of};
use crate::wire::truth::{Invoice, Mandate, Payment, text};

/// Causes that a bank gives, healing ones and final ones.
const CAUSES: [&str; 9] = [
    "refer_to_payer",
    "insufficient_funds",
    "bank_account_closed",
    "mandate_cancelled",
    "invalid_bank_details",
    "bank_account_transferred",
    "authorisation_disputed",
    "direct_debit_not_enabled",
    "other",
];

/// Minor units that somebody collects in the dashboard.
const BY_HAND: (i64, i64) = (500, 20_000);

/// One thing of this family; `None`: nothing of it happens here.
pub fn make(debits: &Debits, family: Family, stage: &mut Stage<'_>) -> Option<String> {
    match family {
        Family::Bank => bank(debits, stage),
        Family::Reversals => reversals(debits, stage),
        Family::Payouts => payouts(debits, stage),
        Family::Mandates => mandates(debits, stage),
        Family::Refunds => refunds(debits, stage),
        Family::Foreign => foreign(debits, stage),
        Family::Answers => by_number(debits, stage),
        Family::Invoices
        | Family::Editing
        | Family::Periods
        | Family::Customers
        | Family::Policies
        | Family::Orders
        | Family::SecondWorker
        | Family::Away
        | Family::Refusals
        | Family::Routes
        | Family::Exchange
        | Family::FailedRefunds
        | Family::Requests
        | Family::HandedOver
        | Family::Currencies
        | Family::SecondLink
        | Family::Predecessor => None,
    }
}

fn act(debits: &Debits, stage: &Stage<'_>, body: &Value) -> Option<Value> {
    stage.outside.control(debits, "/act", body).ok()
}

fn plan(debits: &Debits, stage: &Stage<'_>, body: &Value) -> Option<Value> {
    stage.outside.control(debits, "/plan", body).ok()
}

fn pick_payment<'a>(stage: &mut Stage<'a>, statuses: &[&str]) -> Option<&'a Payment> {
    let fitting: Vec<&Payment> = stage
        .truth
        .payments
        .values()
        .filter(|payment| statuses.contains(&payment.status.as_str()))
        .collect();
    stage.random.pick(&fitting).copied()
}

fn cause(stage: &mut Stage<'_>) -> &'static str {
    stage.random.pick(&CAUSES).copied().unwrap_or(CAUSES[0])
}

/// The bank's answer to a debit that it has not taken yet.
fn bank(debits: &Debits, stage: &mut Stage<'_>) -> Option<String> {
    let payment = pick_payment(stage, &["pending_submission", "submitted"])?;
    let cause = cause(stage);
    let mut body = json!({"payment": payment.id, "outcome": "fails", "cause": cause});
    if stage.random.chance(3_000) {
        body["auto_retry_after_days"] = json!(stage.random.between(1, 3));
        stage.hands.retried.insert(payment.id.clone());
    }
    plan(debits, stage, &body)?;
    Some(format!("the bank will refuse {}: {cause}", payment.id))
}

fn reversals(debits: &Debits, stage: &mut Stage<'_>) -> Option<String> {
    match stage.random.below(6) {
        0 | 1 => {
            let payment = pick_payment(stage, &["confirmed", "paid_out"])?;
            let cause = cause(stage);
            let body = json!({"action": "fail_late", "payment": payment.id, "cause": cause});
            act(debits, stage, &body)?;
            Some(format!("{} fails late: {cause}", payment.id))
        }
        2 | 3 => {
            let payment = pick_payment(stage, &["confirmed", "paid_out"])?;
            let surcharge = stage.random.chance(5_000);
            let mut body =
                json!({"action": "charge_back", "payment": payment.id, "surcharge": surcharge});
            if stage.random.chance(3_000) {
                body["cancelled_after_days"] = json!(stage.random.between(1, 8));
            }
            act(debits, stage, &body)?;
            Some(format!("the payer charges {} back", payment.id))
        }
        4 => {
            let payment = pick_payment(stage, &["charged_back"])?;
            act(debits, stage, &json!({"action": "cancel_chargeback", "payment": payment.id}))?;
            Some(format!("the chargeback of {} is cancelled", payment.id))
        }
        _ => {
            let payment = pick_payment(stage, &["pending_submission", "submitted"])?;
            let outcome = if stage.random.chance(5_000) { "charged_back" } else { "fails_late" };
            let after = stage.random.chance(6_000);
            let days = stage.random.between(0, 3);
            let body = json!({
                "payment": payment.id, "outcome": outcome, "after_payout": after, "days": days,
            });
            plan(debits, stage, &body)?;
            Some(format!("{} will be {outcome}, after its payout {after}", payment.id))
        }
    }
}

fn payouts(debits: &Debits, stage: &mut Stage<'_>) -> Option<String> {
    let paid: Vec<&String> =
        stage.truth.payouts.iter().filter(|one| one.paid).map(|one| &one.id).collect();
    let payout = stage.random.pick(&paid).copied()?;
    act(debits, stage, &json!({"action": "bounce_payout", "payout": payout}))?;
    stage.hands.payouts.insert(payout.clone());
    Some(format!("payout {payout} bounces"))
}

fn mandates(debits: &Debits, stage: &mut Stage<'_>) -> Option<String> {
    if let Some(request) = stage.random.pick(&stage.truth.requests).cloned() {
        let action = if stage.random.chance(8_000) { "complete_flow" } else { "exit_flow" };
        let mut body = json!({"action": action, "billing_request": request});
        if action == "complete_flow" {
            body["currency"] = "GBP".into();
            body["customer"] = json!({
                "company_name": "Signed by hand", "email": format!("{request}@payers.example"),
            });
        }
        act(debits, stage, &body)?;
        return Some(format!("the payer of {request} does {action}"));
    }
    let actions = [
        "cancel_mandate",
        "payer_cancels_mandate",
        "expire_mandate",
        "block_mandate",
        "replace_mandate",
        "transfer_mandate",
        "reinstate_mandate",
        "reinstate_mandate",
    ];
    let action = stage.random.pick(&actions).copied()?;
    let mandate = &stage.random.pick(&stage.truth.mandates)?.id;
    act(debits, stage, &json!({"action": action, "mandate": mandate}))?;
    Some(format!("{action} {mandate}"))
}

fn refunds(debits: &Debits, stage: &mut Stage<'_>) -> Option<String> {
    let payment = pick_payment(stage, &["paid_out"])?;
    let left = payment.amount - payment.refunded;
    if left <= 0 {
        return None;
    }
    let part = stage.random.between(1, left.max(1));
    let amount = if stage.random.chance(5_000) { left } else { part };
    let fate = stage.random.pick(&["success", "success", "bounced", "funds_returned"]).copied()?;
    if fate != "success" {
        plan(debits, stage, &json!({"payment": payment.id, "refund_outcome": fate}))?;
    }
    let body = json!({"action": "create_refund", "payment": payment.id, "amount": amount});
    let made = act(debits, stage, &body)?;
    let id = text(&made["refund"]["id"]);
    Some(format!("{amount} of {} are refunded as {id}: {fate}", payment.id))
}

fn foreign(debits: &Debits, stage: &mut Stage<'_>) -> Option<String> {
    match stage.random.below(6) {
        0 | 1 => by_hand(debits, stage),
        2 | 3 => {
            let payment = pick_payment(stage, &["pending_submission"])?;
            act(debits, stage, &json!({"action": "cancel_payment", "payment": payment.id}))?;
            stage.hands.payments.insert(payment.id.clone());
            stage.hands.cancelled.push(payment.id.clone());
            Some(format!("somebody cancels {}", payment.id))
        }
        _ => {
            let payment = pick_payment(stage, &["failed"])?;
            act(debits, stage, &json!({"action": "retry_payment", "payment": payment.id}))?;
            stage.hands.payments.insert(payment.id.clone());
            Some(format!("somebody retries {}", payment.id))
        }
    }
}

/// A payment that somebody makes in the dashboard; one of three names an invoice of its payer, as
/// other connectors do.
fn by_hand(debits: &Debits, stage: &mut Stage<'_>) -> Option<String> {
    let usable: Vec<&Mandate> = stage.truth.mandates.iter().filter(|one| one.usable).collect();
    let mandate = stage.random.pick(&usable).copied()?;
    let amount = stage.random.between(BY_HAND.0, BY_HAND.1);
    let mut body = json!({
        "action": "create_payment", "mandate": mandate.id, "amount": amount,
        "description": "Room hire",
    });
    let customer = customer_of(mandate, stage.customers);
    let invoices: Vec<&Invoice> =
        stage.truth.invoices.values().filter(|one| Some(&one.customer) == customer).collect();
    let named = stage.random.pick(&invoices).copied();
    let named = named.filter(|_| stage.random.chance(3_500)).map(|one| one.id.clone());
    if let Some(invoice) = &named {
        body["metadata"] = json!({"invoiceId": invoice});
        stage.hands.invoices.insert(invoice.clone());
    }
    let made = act(debits, stage, &body)?;
    let id = text(&made["payment"]["id"]);
    stage.hands.payments.insert(id.clone());
    let what = named.map_or_else(|| "nothing of ours".to_owned(), |id| format!("invoice {id}"));
    Some(format!("somebody makes {id} over {amount} for {what}"))
}

/// Somebody collects an invoice in the dashboard, and names it by its number alone: what people are asked
/// about.
fn by_number(debits: &Debits, stage: &mut Stage<'_>) -> Option<String> {
    let asks = |one: &&Invoice| one.remaining >= BY_HAND.0 && !one.foreign;
    let open: Vec<&Invoice> = stage.truth.invoices.values().filter(asks).collect();
    let invoice = stage.random.pick(&open).copied()?;
    let mut mandates = stage.truth.mandates.iter().filter(|one| one.usable);
    let mandate =
        mandates.find(|one| customer_of(one, stage.customers) == Some(&invoice.customer))?;
    let amount = if stage.random.chance(7_000) {
        invoice.remaining
    } else {
        stage.random.between(BY_HAND.0, BY_HAND.1)
    };
    let body = json!({
        "action": "create_payment", "mandate": mandate.id, "amount": amount,
        "description": invoice.number,
    });
    let made = act(debits, stage, &body)?;
    let id = text(&made["payment"]["id"]);
    stage.hands.payments.insert(id.clone());
    Some(format!("somebody makes {id} over {amount}, and writes {} on it", invoice.number))
}
