//! `GET /truth`: everything that happened, exactly; not delayed, not stale, not paged.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::gocardless::config::TaxSign;
use crate::gocardless::money::tenths_text;
use crate::gocardless::records::event::{Event, WebhookState};
use crate::gocardless::records::party::{BankAccount, Customer};
use crate::gocardless::records::payment::Payment;
use crate::gocardless::records::payout::Payout;
use crate::gocardless::records::refund::Refund;
use crate::gocardless::records::schedule::InstalmentSchedule;
use crate::gocardless::time::stamp;
use crate::gocardless::world::World;

/// Every resource as the API shows it now, with what the API does not show: status histories,
/// attempts, settlement, exact items, what waits for the next payouts, deliveries, counts.
pub(super) fn everything(world: &World, now: Timestamp) -> Value {
    json!({
        "now": stamp(now),
        "organisations": world.organisations,
        "creditors": world.creditors.all().map(|(_, it)| it.json(Vec::new())).collect::<Vec<_>>(),
        "customers": world.customers.all().map(|(_, it)| Customer::json(it)).collect::<Vec<_>>(),
        "customer_bank_accounts":
            world.customer_bank_accounts.all().map(|(_, it)| BankAccount::json(it))
                .collect::<Vec<_>>(),
        "mandates": mandates(world, now),
        "payments": world.payments.all().map(|(_, it)| payment(it)).collect::<Vec<_>>(),
        "refunds": world.refunds.all().map(|(_, it)| refund(it)).collect::<Vec<_>>(),
        "payouts": world.payouts.all().map(|(_, it)| payout(it)).collect::<Vec<_>>(),
        "waiting": waiting(world),
        "subscriptions":
            world.subscriptions.all().map(|(_, it)| world.subscription_json(it))
                .collect::<Vec<_>>(),
        "instalment_schedules":
            world.instalment_schedules.all().map(|(_, it)| InstalmentSchedule::json(it))
                .collect::<Vec<_>>(),
        "billing_requests": billing_requests(world),
        "events": world.events.all().map(|(_, it)| Event::json(it)).collect::<Vec<_>>(),
        "webhooks": webhooks(world),
        "idempotency_keys": world.idempotency.iter().map(|((organisation, resource, key), id)| {
            json!({ "organisation": organisation, "resource": resource, "key": key, "id": id })
        }).collect::<Vec<_>>(),
        "requests": world.stats.requests,
        "answers": world.stats.statuses.iter().map(|(status, count)| (status.to_string(), json!(count)))
            .collect::<serde_json::Map<_, _>>(),
        "too_many_requests": world.stats.too_many_requests,
        "faults": world.stats.faults,
        "fault_rules": serde_json::to_value(&world.faults).unwrap_or_default(),
        "plans": {
            "payments": serde_json::to_value(&world.plans.payments).unwrap_or_default(),
            "refunds": serde_json::to_value(&world.plans.refunds).unwrap_or_default(),
        },
        "tasks_ahead": world.agenda.len(),
        "settings": serde_json::to_value(&world.config).unwrap_or_default(),
    })
}

fn history<S: Copy>(steps: &[(Timestamp, S)], name: impl Fn(S) -> &'static str) -> Vec<Value> {
    let step = |(at, status): &(Timestamp, S)| json!({ "at": stamp(*at), "status": name(*status) });
    steps.iter().map(step).collect()
}

fn mandates(world: &World, now: Timestamp) -> Vec<Value> {
    let row = |(_, mandate): (&str, &crate::gocardless::records::mandate::Mandate)| {
        let mut row = mandate.json(now);
        row["history"] = history(&mandate.history, |status| status.name()).into();
        row
    };
    world.mandates.all().map(row).collect()
}

fn payment(payment: &Payment) -> Value {
    let mut row = payment.json();
    row["customer"] = payment.customer.clone().into();
    row["attempt"] = payment.attempt.into();
    row["retries"] = payment.retries.into();
    row["settled"] = payment.settled.into();
    row["reversal_pending"] = payment.reversal_pending.into();
    row["history"] = history(&payment.history, |status| status.name()).into();
    row
}

fn refund(refund: &Refund) -> Value {
    let mut row = refund.json();
    row["settled"] = refund.settled.into();
    row["history"] = history(&refund.history, |status| status.name()).into();
    row
}

fn payout(payout: &Payout) -> Value {
    let mut row = payout.json();
    row["items"] = payout.items.iter().map(|item| item.json(TaxSign::OfItem)).collect();
    row["exact_sum"] = tenths_text(payout.items.iter().map(|item| item.tenths).sum()).into();
    row
}

fn waiting(world: &World) -> Vec<Value> {
    let account = |((creditor, currency), account): (
        &(String, String),
        &crate::gocardless::payouts::Account,
    )| {
        json!({
            "creditor": creditor,
            "currency": currency,
            "payments": account.waiting.values().collect::<Vec<_>>(),
            "items": account.items.iter().map(|it| it.json(TaxSign::OfItem)).collect::<Vec<_>>(),
            "balance": world.confirmed_balance(creditor, currency),
        })
    };
    world.accounts.iter().map(account).collect()
}

fn billing_requests(world: &World) -> Vec<Value> {
    world
        .billing_requests
        .all()
        .map(|(id, request)| {
            json!({
                "id": id,
                "status": request.status.name(),
                "customer": request.customer,
                "mandate": request.mandate_request.mandate,
                "metadata": request.metadata,
                "flows": world.flows.owned_ids(id),
            })
        })
        .collect()
}

fn webhooks(world: &World) -> Vec<Value> {
    world
        .webhooks
        .all()
        .map(|(id, webhook)| {
            let state = match webhook.state {
                WebhookState::Waiting(at) => format!("waiting until {}", stamp(at)),
                WebhookState::InFlight => "in flight".to_owned(),
                WebhookState::Succeeded => "succeeded".to_owned(),
                WebhookState::GivenUp => "given up".to_owned(),
            };
            json!({
                "id": id,
                "url": webhook.url,
                "created_at": stamp(webhook.created_at),
                "events": webhook.events,
                "attempts": webhook.attempts,
                "state": state,
                "response_code": webhook.response_code,
            })
        })
        .collect()
}
