//! Making a mandate on a bank account that the merchant entered (gocardless sheet section 9). Before
//! any refusal is believed, the customer's mandates are searched for our key.

use model::command::{RejectionCause, WriteAnswer};
use model::direct::{Authorised, CreateMandate};
use model::key::Key;
use model::payment::metadata;
use ports::{PortError, Read};
use serde_json::{Value, json};

use super::super::client::Client;
use super::super::errors::Reply;
use super::super::mapping::Odd;
use super::super::{mapping, reads, wire};
use super::{adopted, made};
use crate::http::urls::is_id;

/// Makes the mandate, or adopts the one that the key was used for.
pub async fn write(
    client: &Client,
    key: &Key,
    stamp: &str,
    write: &CreateMandate,
) -> Result<WriteAnswer, PortError> {
    let refusal = match client.create("mandates", body(write), Some(stamp), key).await? {
        Reply::Done(record) => {
            let mandate = mandate(record).map_err(|odd| {
                PortError::OutcomeUnknown(format!("the mandate made is odd: {odd}"))
            })?;
            return Ok(made(mandate.id));
        }
        Reply::Refused(refusal) => refusal,
    };
    if let Some(id) = refusal.conflict() {
        return conflict(client, write, id).await;
    }
    match find(client, stamp, write).await {
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err(refusal.into_error()),
        Err(rejected @ PortError::Rejected(_)) => Err(rejected),
        Err(other) => Err(PortError::OutcomeUnknown(format!(
            "{}; and whether the mandate exists can not be read: {other}",
            refusal.words
        ))),
    }
}

/// The mandate that carries our key, whatever became of it since.
pub async fn find(
    client: &Client,
    stamp: &str,
    write: &CreateMandate,
) -> Result<Option<WriteAnswer>, PortError> {
    let customer = write.customer.as_str();
    if !is_id(customer) {
        return Ok(None);
    }
    let wanted = write.metadata.get(metadata::KEY).map_or(stamp, String::as_str);
    let listed = reads::all(client, "mandates", &[("customer", customer)], mandate).await?;
    let mut found = listed.iter().filter_map(|read| read.found());
    let ours = found.find(|one| one.metadata.get(metadata::KEY) == Some(wanted));
    ours.map(|one| adopt(write, one)).transpose()
}

fn body(write: &CreateMandate) -> Value {
    let mut body = json!({
        "scheme": write.scheme,
        "metadata": write.metadata,
        "links": { "customer_bank_account": write.bank_account.as_str() },
    });
    // Section 9: ACH only; without it the payer's IP address would be needed.
    if write.scheme == "ach" {
        let source = match write.authorised {
            Authorised::Paper => "paper",
            Authorised::Telephone => "telephone",
        };
        body["authorisation_source"] = json!(source);
    }
    body
}

fn mandate(value: Value) -> Result<wire::Mandate, Odd> {
    mapping::decode(value)
}

async fn conflict(
    client: &Client,
    write: &CreateMandate,
    id: &str,
) -> Result<WriteAnswer, PortError> {
    let used = |what: String| format!("the key was used for mandate {id}, which {what}");
    match reads::one(client, "mandates", id, mandate).await {
        Ok(Read::Found(found)) => adopt(write, &found),
        Ok(Read::Missing) => {
            Err(PortError::rejected(RejectionCause::Other, used("can not be found".to_owned())))
        }
        Ok(Read::Odd(odd)) => {
            Err(PortError::OutcomeUnknown(used(format!("can not be understood: {odd}"))))
        }
        Err(error) => Err(PortError::OutcomeUnknown(used(format!("can not be read: {error}")))),
    }
}

/// The same in substance: of the same customer, by the same scheme. Its bank account may have changed
/// since (section 9, transferred).
fn adopt(write: &CreateMandate, found: &wire::Mandate) -> Result<WriteAnswer, PortError> {
    let same_customer = found.links.get("customer").is_none_or(|id| id == write.customer.as_str());
    if same_customer && found.scheme == write.scheme {
        return Ok(adopted(found.id.as_str()));
    }
    Err(PortError::rejected(
        RejectionCause::Other,
        format!("the key was used for mandate {}, which is another one", found.id),
    ))
}
