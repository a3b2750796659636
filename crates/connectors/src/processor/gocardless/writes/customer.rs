//! Writing the ERP customer's id into a customer's metadata. A PUT may replace the metadata as a
//! whole, so the other keys are read first and sent along.

use model::command::{LinkCustomer, RejectionCause, WriteAnswer};
use model::key::Key;
use model::payment::metadata;
use ports::PortError;
use serde_json::{Value, json};

use super::super::client::Client;
use super::super::errors::Reply;
use super::super::{mapping, wire};
use super::{adopted, made};

/// Metadata holds this many keys (gocardless sheet section 3).
const METADATA_KEYS_MAX: usize = 3;

pub async fn link(
    client: &Client,
    key: &Key,
    write: &LinkCustomer,
) -> Result<WriteAnswer, PortError> {
    let id = write.customer.as_str();
    let mut texts = read_metadata(client, id).await?;
    match texts.get(metadata::CUSTOMER) {
        Some(known) if known == write.erp_customer.as_str() => return Ok(adopted(id)),
        Some(other) => {
            return Err(PortError::rejected(
                RejectionCause::State,
                format!("customer {id} belongs to ERP customer {other} already"),
            ));
        }
        None => {}
    }
    texts.0.insert(metadata::CUSTOMER.to_owned(), write.erp_customer.to_string());
    if texts.0.len() > METADATA_KEYS_MAX {
        return Err(PortError::rejected(
            RejectionCause::Validation,
            format!("customer {id} has {METADATA_KEYS_MAX} metadata keys already; free one"),
        ));
    }
    match client.change("customers", id, json!({ "metadata": texts.0 }), key).await? {
        Reply::Done(_) => Ok(made(id)),
        Reply::Refused(refusal) => Err(refusal.into_error()),
    }
}

pub async fn find(client: &Client, write: &LinkCustomer) -> Result<Option<WriteAnswer>, PortError> {
    let id = write.customer.as_str();
    let texts = read_metadata(client, id).await?;
    let linked = texts.get(metadata::CUSTOMER) == Some(write.erp_customer.as_str());
    Ok(linked.then(|| adopted(id)))
}

async fn read_metadata(client: &Client, id: &str) -> Result<wire::Texts, PortError> {
    let record: Option<Value> = client.get("customers", id).await?;
    let Some(record) = record else {
        return Err(PortError::rejected(
            RejectionCause::Other,
            format!("customer {id} can not be found"),
        ));
    };
    let customer: wire::Customer = mapping::decode(record)
        .map_err(|odd| PortError::Unsupported(format!("customer {id} is odd: {odd}")))?;
    Ok(customer.metadata)
}
