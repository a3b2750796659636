//! Events to the model, from the event list and from deliveries alike (gocardless sheet section 16).
//! Unknown resource types and actions are kept; what is odd in one event never touches the others.

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::event::{Event, EventSubject};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::mapping::{Odd, moment};
use super::wire::{EventDetails, Texts};

/// Reads one event. Only its id, time, resource type and action must be there.
pub fn event(mut value: Value) -> Result<Event, Odd> {
    let id = text(&value, "id")?;
    let at = moment("created_at", &text(&value, "created_at")?)
        .map_err(|odd| format!("event {id}: {odd}"))?;
    let resource = text(&value, "resource_type").map_err(|odd| format!("event {id}: {odd}"))?;
    let action = text(&value, "action").map_err(|odd| format!("event {id}: {odd}"))?;
    let links: Texts = member(&mut value, "links");
    let details: EventDetails = member(&mut value, "details");
    let resource_metadata: Texts = member(&mut value, "resource_metadata");
    let metadata: Texts = member(&mut value, "metadata");
    Ok(Event {
        id: id.as_str().into(),
        at,
        subject: subject(&resource, &links.0),
        action,
        origin: details.origin,
        cause: details.cause,
        description: details.description,
        reason_code: details.reason_code,
        will_retry: details.will_attempt_retry,
        links: links.0,
        resource_metadata: resource_metadata.0,
        metadata: metadata.0,
    })
}

/// Stands in for an event that can not be read, so that it is shown and not lost: its id, and what is
/// odd. `at` is the start of the window that it was found in.
pub fn odd(id: &str, at: Timestamp, odd: Odd) -> Event {
    Event {
        id: id.into(),
        at,
        subject: EventSubject::Other("odd".to_owned()),
        action: "odd".to_owned(),
        origin: None,
        cause: None,
        description: Some(odd),
        reason_code: None,
        will_retry: None,
        links: BTreeMap::new(),
        resource_metadata: BTreeMap::new(),
        metadata: BTreeMap::new(),
    }
}

/// An event without the link to its own resource is kept under its resource type.
fn subject(resource: &str, links: &BTreeMap<String, String>) -> EventSubject {
    let of = |role: &str, make: fn(String) -> EventSubject| match links.get(role) {
        Some(id) if !id.is_empty() => make(id.clone()),
        Some(_) | None => EventSubject::Other(resource.to_owned()),
    };
    match resource {
        "payments" => of("payment", EventSubject::Collection),
        "mandates" => of("mandate", EventSubject::Mandate),
        "payouts" => of("payout", EventSubject::Payout),
        // `bounced_payout`; whether it links to the payout is not documented (section 14).
        "creditors" if links.contains_key("payout") => of("payout", EventSubject::Payout),
        "refunds" => of("refund", EventSubject::Refund),
        "billing_requests" => of("billing_request", EventSubject::MandateRequest),
        other => EventSubject::Other(other.to_owned()),
    }
}

fn text(value: &Value, name: &str) -> Result<String, Odd> {
    value
        .get(name)
        .and_then(Value::as_str)
        .filter(|text| !text.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| format!("{name} is missing"))
}

/// A member that may be absent, null or of a shape nobody announced.
fn member<T: DeserializeOwned + Default>(value: &mut Value, name: &str) -> T {
    match value.get_mut(name) {
        Some(found) => serde_json::from_value(found.take()).unwrap_or_default(),
        None => T::default(),
    }
}
