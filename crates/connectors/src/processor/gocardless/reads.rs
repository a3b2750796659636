//! Reads behind the port: records by id (side by side, in the order asked), whole lists, and frozen
//! windows of changes.

use std::pin::Pin;

use futures::stream::{self, StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use model::event::Event;
use model::ids::ProcessorCustomerId;
use ports::{Page, PortError, Read, Seen};
use serde_json::Value;

use super::client::Client;
use super::events;
use super::mapping::Odd;
use crate::http::paging::Mark;
use crate::http::urls::is_id;

/// From a wire record to the model.
pub type Map<T> = fn(Value) -> Result<T, Odd>;

type Pending<'a, T> = Pin<Box<dyn Future<Output = Result<Read<T>, PortError>> + Send + 'a>>;

/// One record by id. A record under another id than asked is odd.
pub async fn one<T>(
    client: &Client,
    resource: &str,
    id: &str,
    map: Map<T>,
) -> Result<Read<T>, PortError> {
    let Some(record) = client.get(resource, id).await? else { return Ok(Read::Missing) };
    if record.get("id").and_then(Value::as_str) != Some(id) {
        return Ok(Read::Odd(format!("id: another record than {id} was answered")));
    }
    Ok(read(record, map))
}

/// Records by id, in the order asked, as many at once as the connection may.
pub async fn each<T: Send>(
    client: &Client,
    resource: &str,
    ids: &[&str],
    map: Map<T>,
) -> Result<Vec<Read<T>>, PortError> {
    let pending: Vec<Pending<'_, T>> =
        ids.iter().map(|id| Box::pin(one(client, resource, id, map)) as Pending<'_, T>).collect();
    stream::iter(pending).buffered(client.concurrency()).try_collect().await
}

/// Every record of a list, all pages.
pub async fn all<T>(
    client: &Client,
    resource: &str,
    filters: &[(&str, &str)],
    map: Map<T>,
) -> Result<Vec<Read<T>>, PortError> {
    let records = client.list_all(resource, filters).await?;
    Ok(records.into_iter().map(|record| read(record, map)).collect())
}

/// Every record of one customer. What can not be a customer's id has none: an empty filter would
/// list everybody's.
pub async fn of_customer<T>(
    client: &Client,
    resource: &str,
    customer: &ProcessorCustomerId,
    map: Map<T>,
) -> Result<Vec<Read<T>>, PortError> {
    if !is_id(customer.as_str()) {
        return Ok(Vec::new());
    }
    all(client, resource, &[("customer", customer.as_str())], map).await
}

/// A page of what was created since, odd ones with their id.
pub async fn seen<I: for<'a> From<&'a str>, T>(
    client: &Client,
    resource: &str,
    since: Timestamp,
    page: Option<&str>,
    map: Map<T>,
) -> Result<Page<Seen<I, T>>, PortError> {
    let window = window(client, resource, since, page).await?;
    let records = window
        .records
        .into_iter()
        .filter_map(|record| {
            let id = record_id(&record, resource)?;
            Some(Seen { id: I::from(&id), read: read(record, map) })
        })
        .collect();
    Ok(Page { records, next: window.next })
}

/// A page of what was created since, only what can be understood.
pub async fn found<T>(
    client: &Client,
    resource: &str,
    since: Timestamp,
    page: Option<&str>,
    map: Map<T>,
) -> Result<Page<T>, PortError> {
    let window = window(client, resource, since, page).await?;
    let mut records = Vec::with_capacity(window.records.len());
    for record in window.records {
        match map(record) {
            Ok(found) => records.push(found),
            Err(odd) => tracing::warn!(resource, %odd, "a record can not be understood"),
        }
    }
    Ok(Page { records, next: window.next })
}

/// A page of the event list. An odd event is kept under its id, with what is odd about it.
pub async fn events(
    client: &Client,
    since: Timestamp,
    page: Option<&str>,
) -> Result<Page<Event>, PortError> {
    let window = window(client, "events", since, page).await?;
    let records = window
        .records
        .into_iter()
        .filter_map(|record| {
            let id = record_id(&record, "events")?;
            Some(events::event(record).unwrap_or_else(|odd| events::odd(&id, since, odd)))
        })
        .collect();
    Ok(Page { records, next: window.next })
}

/// The precision in which times are told.
const TOLD_TO: SignedDuration = SignedDuration::from_millis(1);

/// One page of a frozen window, newest first. The window ends with the newest record of its first
/// page, by the other side's own clock; the cursor is an id, so new rows never shift its pages. Times
/// are told in whole milliseconds and may be kept finer: the one that is told is within the window.
async fn window(
    client: &Client,
    resource: &str,
    since: Timestamp,
    page: Option<&str>,
) -> Result<Page<Value>, PortError> {
    let mark = page.map(Mark::parse).transpose()?;
    let from = format!("{since:.3}");
    let until = mark.as_ref().and_then(|mark| mark.until).map(|until| format!("{until:.3}"));
    let mut filters = vec![("created_at[gte]", from.as_str())];
    filters.extend(until.as_deref().map(|until| ("created_at[lte]", until)));
    let cursor = mark.as_ref().map(|mark| mark.cursor.as_str());
    let list = client.list(resource, &filters, cursor).await?;
    let end = match mark.as_ref() {
        Some(mark) => mark.until,
        None => list.records.iter().filter_map(created_at).max().map(|newest| newest + TOLD_TO),
    };
    if list.after.is_some() && list.after.as_deref() == cursor {
        return Err(PortError::Unavailable(format!("the list of {resource} does not end")));
    }
    let next = list.after.map(|cursor| Mark { until: end, cursor }.text());
    Ok(Page { records: list.records, next })
}

fn created_at(record: &Value) -> Option<Timestamp> {
    record.get("created_at")?.as_str()?.parse().ok()
}

fn record_id(record: &Value, resource: &str) -> Option<String> {
    let id = record.get("id").and_then(Value::as_str).map(str::to_owned);
    if id.is_none() {
        tracing::warn!(resource, "a record without an id");
    }
    id
}

fn read<T>(record: Value, map: Map<T>) -> Read<T> {
    match map(record) {
        Ok(found) => Read::Found(found),
        Err(odd) => Read::Odd(odd),
    }
}
