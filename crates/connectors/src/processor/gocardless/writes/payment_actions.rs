//! Cancel, retry, and no more automatic retries. Actions take no key: the payment's own state (and,
//! for retries, the count of its events) tells whether they happened.

use model::command::{CollectionOnly, RejectionCause, RetryCollection, WriteAnswer};
use model::event::EventSubject;
use model::ids::CollectionId;
use model::key::Key;
use model::payment::{Collection, CollectionStatus};
use ports::{PortError, Read};
use serde_json::json;

use super::super::client::Client;
use super::super::errors::Reply;
use super::super::{events, mapping, reads};
use super::{adopted, made};

/// Cancels the payment, while it is not yet submitted.
pub async fn cancel(
    client: &Client,
    key: &Key,
    write: &CollectionOnly,
) -> Result<WriteAnswer, PortError> {
    match client.act("payments", write.collection.as_str(), "cancel", key).await? {
        Reply::Done(_) => Ok(made(write.collection.as_str())),
        // Most often it is cancelled already (gocardless sheet section 25, row 6).
        Reply::Refused(refusal) => match find_cancelled(client, write).await? {
            Some(answer) => Ok(answer),
            None => Err(refusal.into_error()),
        },
    }
}

pub async fn find_cancelled(
    client: &Client,
    write: &CollectionOnly,
) -> Result<Option<WriteAnswer>, PortError> {
    let payment = payment(client, &write.collection).await?;
    Ok((payment.status == CollectionStatus::Cancelled).then(|| adopted(write.collection.as_str())))
}

/// Asks for the same payment again. A retry that nobody saw answered may have happened, and failed
/// again, since: looked for before each send.
pub async fn retry(
    client: &Client,
    key: &Key,
    write: &RetryCollection,
) -> Result<WriteAnswer, PortError> {
    if let Some(answer) = find_retried(client, write).await? {
        return Ok(answer);
    }
    match client.act("payments", write.collection.as_str(), "retry", key).await? {
        Reply::Done(_) => Ok(made(write.collection.as_str())),
        Reply::Refused(refusal) => match find_retried(client, write).await {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(refusal.into_error()),
            Err(error @ PortError::Rejected(_)) => Err(error),
            Err(error) => Err(PortError::OutcomeUnknown(format!(
                "{}; and the payment can not be read: {error}",
                refusal.words
            ))),
        },
    }
}

/// The retry happened: the payment is on its way again, or was asked for again more often than when
/// this was decided.
pub async fn find_retried(
    client: &Client,
    write: &RetryCollection,
) -> Result<Option<WriteAnswer>, PortError> {
    let payment = payment(client, &write.collection).await?;
    if payment.amount != write.amount {
        return Err(PortError::Stale(format!("the payment is over {}", payment.amount)));
    }
    let happened = match payment.status {
        // Only a retry leads from failed to one of these.
        CollectionStatus::PendingSubmission
        | CollectionStatus::Submitted
        | CollectionStatus::Confirmed
        | CollectionStatus::PaidOut => true,
        CollectionStatus::Failed
        | CollectionStatus::ChargedBack
        | CollectionStatus::Cancelled
        | CollectionStatus::CustomerApprovalDenied
        | CollectionStatus::PendingCustomerApproval => {
            retries(client, &write.collection).await? > write.retries_before
        }
    };
    Ok(happened.then(|| adopted(write.collection.as_str())))
}

/// How often anyone has asked for the payment again, by its own events.
async fn retries(client: &Client, id: &CollectionId) -> Result<u32, PortError> {
    // Not filtered by action as well: which filters go together is not certain.
    let records = client.list_all("events", &[("payment", id.as_str())]).await?;
    let count = records
        .into_iter()
        .filter_map(|record| events::event(record).ok())
        .filter(|event| event.action == "resubmission_requested")
        .filter(|event| event.subject == EventSubject::Collection(id.as_str().to_owned()))
        .count();
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Switches the processor's own retries of the payment off.
pub async fn stop_automatic_retries(
    client: &Client,
    key: &Key,
    write: &CollectionOnly,
) -> Result<WriteAnswer, PortError> {
    let id = write.collection.as_str();
    let off = json!({ "retry_if_possible": false });
    match client.change("payments", id, off, key).await? {
        Reply::Done(_) => Ok(made(id)),
        Reply::Refused(refusal) => match find_stopped(client, write).await? {
            Some(answer) => Ok(answer),
            None => Err(refusal.into_error()),
        },
    }
}

pub async fn find_stopped(
    client: &Client,
    write: &CollectionOnly,
) -> Result<Option<WriteAnswer>, PortError> {
    let payment = payment(client, &write.collection).await?;
    Ok((!payment.automatic_retry).then(|| adopted(write.collection.as_str())))
}

/// The payment that is to be changed; without it there is nothing to decide on.
async fn payment(client: &Client, id: &CollectionId) -> Result<Collection, PortError> {
    match reads::one(client, "payments", id.as_str(), mapping::collection).await? {
        Read::Found(payment) => Ok(payment),
        Read::Missing => Err(PortError::rejected(
            RejectionCause::Other,
            format!("payment {id} can not be found"),
        )),
        Read::Odd(odd) => Err(PortError::Unsupported(format!("payment {id} is odd: {odd}"))),
    }
}
