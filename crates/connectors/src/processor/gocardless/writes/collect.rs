//! Creating a payment. The idempotency key lets a second one be refused, but neither its life nor
//! its place before or after validation is certain (gocardless sheet section 30, row 10): before any
//! refusal is believed, the mandate's payments are searched for our key.

use http::StatusCode;
use model::command::{Collect, RejectionCause, WriteAnswer};
use model::key::Key;
use model::mandate::Mandate;
use model::payment::{Collection, metadata};
use ports::{PortError, Read};
use serde_json::{Map, Value, json};

use super::super::client::Client;
use super::super::errors::{Refusal, Reply};
use super::super::{mapping, reads};
use super::{adopted, made};
use crate::http::classify::cut;
use crate::http::urls::is_id;

/// Longer descriptions may be refused (gocardless sheet section 28, row 11).
const DESCRIPTION_CHARS_MAX: usize = 100;

/// Makes the payment, or adopts the one that the key was used for.
pub async fn write(
    client: &Client,
    key: &Key,
    stamp: &str,
    collect: &Collect,
) -> Result<WriteAnswer, PortError> {
    let refusal = match client.create("payments", body(collect), Some(stamp), key).await? {
        Reply::Done(record) => return answer(record, collect),
        Reply::Refused(refusal) => refusal,
    };
    if let Some(id) = refusal.conflict() {
        return conflict(client, stamp, collect, id).await;
    }
    // The refusal of a re-send says nothing of the first send.
    match find(client, stamp, collect).await {
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err(refused(client, collect, refusal).await?),
        Err(rejected @ PortError::Rejected(_)) => Err(rejected),
        Err(other) => Err(PortError::OutcomeUnknown(format!(
            "{}; and whether the payment exists can not be read: {other}",
            refusal.words
        ))),
    }
}

/// The payment that carries our key: of the mandate, and of the one that replaced it.
pub async fn find(
    client: &Client,
    stamp: &str,
    collect: &Collect,
) -> Result<Option<WriteAnswer>, PortError> {
    let mandate = collect.mandate.as_str();
    if !is_id(mandate) {
        return Ok(None);
    }
    let mut found = carries_key(client, mandate, stamp, collect).await?;
    if found.is_none()
        && let Some(next) = read_mandate(client, mandate).await?.and_then(|old| old.replaced_by)
    {
        found = carries_key(client, next.as_str(), stamp, collect).await?;
    }
    match found {
        Some(payment) => adopt(client, collect, &payment).await.map(Some),
        None => Ok(None),
    }
}

fn body(collect: &Collect) -> Value {
    let mut body = Map::new();
    body.insert("amount".to_owned(), json!(collect.amount.minor));
    body.insert("currency".to_owned(), json!(collect.amount.currency.code()));
    if let Some(on) = collect.charge_on {
        body.insert("charge_date".to_owned(), json!(on.to_string()));
    }
    let description = cut(collect.description.trim(), DESCRIPTION_CHARS_MAX);
    if !description.is_empty() {
        body.insert("description".to_owned(), json!(description));
    }
    if let Some(reference) = collect.reference.as_deref().filter(|text| !text.is_empty()) {
        body.insert("reference".to_owned(), json!(reference));
    }
    if collect.automatic_retry {
        // Needs a package of GoCardless's; left out it means false.
        body.insert("retry_if_possible".to_owned(), json!(true));
    }
    body.insert("metadata".to_owned(), json!(collect.metadata));
    body.insert("links".to_owned(), json!({ "mandate": collect.mandate.as_str() }));
    Value::Object(body)
}

fn answer(record: Value, collect: &Collect) -> Result<WriteAnswer, PortError> {
    let payment = mapping::collection(record)
        .map_err(|odd| PortError::OutcomeUnknown(format!("the payment made is odd: {odd}")))?;
    if payment.amount != collect.amount {
        return Err(PortError::OutcomeUnknown(format!(
            "payment {} was made over {} instead of {}",
            payment.id, payment.amount, collect.amount
        )));
    }
    Ok(made(payment.id.as_str()))
}

/// The key was used before. The payment exists, so a failing read leaves the outcome unknown.
async fn conflict(
    client: &Client,
    stamp: &str,
    collect: &Collect,
    id: &str,
) -> Result<WriteAnswer, PortError> {
    let unknown = |why: String| {
        PortError::OutcomeUnknown(format!("the key was used for payment {id}, which {why}"))
    };
    match reads::one(client, "payments", id, mapping::collection).await {
        Ok(Read::Found(payment)) => match payment.key_stamp() {
            Some(other) if other != wanted_stamp(collect, stamp) => Err(differs(&payment, collect)),
            Some(_) | None => adopt(client, collect, &payment).await,
        },
        Ok(Read::Missing) => Err(PortError::rejected(
            RejectionCause::Other,
            format!("the key was used for payment {id}, which can not be found"),
        )),
        Ok(Read::Odd(odd)) => Err(unknown(format!("can not be understood: {odd}"))),
        Err(error) => Err(unknown(format!("can not be read: {error}"))),
    }
}

/// Takes the payment over when it is the same in substance: amount, currency and mandate, or the
/// mandate that replaced it.
async fn adopt(
    client: &Client,
    collect: &Collect,
    payment: &Collection,
) -> Result<WriteAnswer, PortError> {
    if payment.amount != collect.amount {
        return Err(differs(payment, collect));
    }
    if payment.mandate == collect.mandate {
        return Ok(adopted(payment.id.as_str()));
    }
    let old = read_mandate(client, collect.mandate.as_str()).await.map_err(|error| {
        PortError::OutcomeUnknown(format!(
            "payment {} exists, and its mandate can not be read: {error}",
            payment.id
        ))
    })?;
    if old.and_then(|old| old.replaced_by).as_ref() == Some(&payment.mandate) {
        return Ok(adopted(payment.id.as_str()));
    }
    Err(differs(payment, collect))
}

fn differs(payment: &Collection, collect: &Collect) -> PortError {
    PortError::rejected(
        RejectionCause::Other,
        format!(
            "the key was used for payment {} over {} on mandate {}, which is not this one over {} \
             on mandate {}",
            payment.id, payment.amount, payment.mandate, collect.amount, collect.mandate
        ),
    )
}

/// The refusal as the engine must know it.
async fn refused(
    client: &Client,
    collect: &Collect,
    refusal: Refusal,
) -> Result<PortError, PortError> {
    let date_refused = refusal.field.as_deref().is_some_and(|field| field.ends_with("charge_date"));
    if date_refused && let Some(on) = collect.charge_on {
        // The earliest date moves every day: decided yesterday, refused today.
        let mandate = read_mandate(client, collect.mandate.as_str()).await?;
        let earliest = mandate.and_then(|mandate| mandate.next_possible_charge_on);
        if earliest.is_some_and(|earliest| earliest > on) {
            return Ok(PortError::Stale(format!(
                "the charge date {on} has passed: {}",
                refusal.words
            )));
        }
    }
    let unknown_mandate = refusal.has("link_not_found")
        || refusal.status == StatusCode::NOT_FOUND
        || refusal.has("customer_data_removed");
    Ok(if unknown_mandate {
        refusal.into_error_as(RejectionCause::MandateUnusable)
    } else {
        refusal.into_error()
    })
}

/// The newest payment of the mandate that carries our key.
async fn carries_key(
    client: &Client,
    mandate: &str,
    stamp: &str,
    collect: &Collect,
) -> Result<Option<Collection>, PortError> {
    let wanted = wanted_stamp(collect, stamp);
    let filters = [("mandate", mandate)];
    let payments = reads::all(client, "payments", &filters, mapping::collection).await?;
    Ok(payments
        .into_iter()
        .filter_map(Read::into_found)
        .find(|payment| payment.key_stamp() == Some(wanted)))
}

/// The key as the metadata has it.
fn wanted_stamp<'a>(collect: &'a Collect, stamp: &'a str) -> &'a str {
    collect.metadata.get(metadata::KEY).map_or(stamp, String::as_str)
}

async fn read_mandate(client: &Client, id: &str) -> Result<Option<Mandate>, PortError> {
    Ok(reads::one(client, "mandates", id, mapping::mandate).await?.into_found())
}
