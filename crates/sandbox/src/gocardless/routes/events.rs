//! `/events` (gocardless sheet section 16).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::{Route, list, route};
use crate::gocardless::call::{Call, Reply};
use crate::gocardless::errors::ApiError;
use crate::gocardless::paging::{Filters, invalid};
use crate::gocardless::records::event::Event;
use crate::gocardless::records::payment::Payment;
use crate::gocardless::records::payout::Payout;
use crate::gocardless::records::refund::Refund;
use crate::gocardless::time::{at_minute, day, minute_of_day, months_after};
use crate::gocardless::world::World;

const ROOT: &str = "events";
/// Older events are gone.
const MONTHS_KEPT: i64 = 18;

/// Filters by id; each is a name under `links`.
const ID_FILTERS: [&str; 14] = [
    "billing_request",
    "creditor",
    "export",
    "instalment_schedule",
    "mandate",
    "outbound_payment",
    "parent_event",
    "payer_authorisation",
    "payment",
    "payment_account_transaction",
    "payout",
    "refund",
    "scheme_identifier",
    "subscription",
];

const RESOURCE_TYPES: [&str; 15] = [
    "billing_requests",
    "creditors",
    "customers",
    "exports",
    "instalment_schedules",
    "mandates",
    "organisations",
    "outbound_payments",
    "payer_authorisations",
    "payments",
    "payment_account_transactions",
    "payouts",
    "refunds",
    "scheme_identifiers",
    "subscriptions",
];

pub(super) const ROUTES: &[Route] =
    &[route("GET", "/events", index), route("GET", "/events/:id", get)];

/// `GET /events/:id`; an event that is not written yet is not found.
fn get(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let event = world.events.visible(&call.organisation, call.id());
    let event = event
        .filter(|event| event.visible_at <= call.now && event.created_at >= kept_from(call.now));
    let event = event.ok_or_else(ApiError::not_found)?;
    Ok(Reply::ok(json!({ ROOT: event.json() })))
}

/// Events from before this instant are gone.
fn kept_from(now: Timestamp) -> Timestamp {
    at_minute(months_after(day(now), -MONTHS_KEPT), minute_of_day(now))
}

/// `GET /events` (sections 3 and 16).
fn index(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let names = [&ID_FILTERS[..], &["resource_type", "action", "include"]].concat();
    let unknown = world.config.unknown_filters;
    let filters = Filters::read(&call.query, &names, &["created_at"], unknown)?;
    let created = filters.instants("created_at")?;
    let kind = filters.one("resource_type")?;
    if kind.is_some_and(|kind| !RESOURCE_TYPES.contains(&kind)) {
        return Err(invalid("unknown resource_type"));
    }
    if kind.is_some() && ID_FILTERS.iter().any(|name| filters.has(name)) {
        return Err(invalid("resource_type can not be used together with an id"));
    }
    let include =
        filters.many("include", &["payment", "mandate", "payout", "refund", "customer"])?;
    if !include.is_empty() && kind.is_none() {
        return Err(invalid("include needs resource_type"));
    }
    let action = filters.one("action")?;
    let mut wanted = Vec::new();
    for name in ID_FILTERS {
        if let Some(id) = filters.one(name)? {
            wanted.push((name, id));
        }
    }
    let oldest = kept_from(call.now);
    let keep = |event: &Event| {
        created(event.created_at)
            && kind.is_none_or(|kind| event.resource_type == kind)
            && action.is_none_or(|action| event.action == action)
            && event.created_at >= oldest
            && wanted.iter().all(|(name, id)| event.links.get(name).is_some_and(|link| link == id))
    };
    let owner = wanted.first().map(|(_, id)| *id);
    let mut reply = list(world, call, (&world.events, ROOT, owner), &filters, keep, Event::json)?;
    if let Some(body) = reply.body.as_mut().filter(|_| !include.is_empty()) {
        let linked = linked(world, call, body, &include);
        body["linked"] = linked;
    }
    Ok(reply)
}

/// The resources that the events of a page link to.
fn linked(world: &World, call: &Call<'_>, body: &Value, include: &[&str]) -> Value {
    let mut all = Map::new();
    for name in include {
        let ids: BTreeSet<&str> = body[ROOT]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|event| event["links"][*name].as_str())
            .collect();
        let rows = ids.into_iter().filter_map(|id| match *name {
            "payment" => world.payments.get(id).map(Payment::json),
            "mandate" => world.mandates.get(id).map(|mandate| mandate.json(call.now)),
            "payout" => world.payouts.get(id).map(Payout::json),
            "refund" => world.refunds.get(id).map(Refund::json),
            _ => world.customers.visible(&call.organisation, id).map(|customer| customer.json()),
        });
        all.insert(format!("{name}s"), rows.collect());
    }
    all.into()
}
