//! Making the customer of an ERP customer that has none (gocardless sheet section 7). The idempotency
//! key is one per ERP customer, whichever case asks, so that two of them never make two.

use model::command::{RejectionCause, WriteAnswer};
use model::customer::ProcessorCustomer;
use model::direct::CreateCustomer;
use model::key::Key;
use ports::{PortError, Read};
use serde_json::{Map, Value, json};

use super::super::client::Client;
use super::super::errors::Reply;
use super::super::{mapping, reads};
use super::{adopted, made};

/// Customers have no filter that would help: the newest are searched, so many pages of 500.
const SEARCH_PAGES_MAX: usize = 4;

/// Makes the customer, or adopts the one that is there.
pub async fn write(
    client: &Client,
    key: &Key,
    once: &str,
    write: &CreateCustomer,
) -> Result<WriteAnswer, PortError> {
    let refusal = match client.create("customers", body(write), Some(once), key).await? {
        Reply::Done(record) => {
            let customer = mapping::customer(record).map_err(|odd| {
                PortError::OutcomeUnknown(format!("the customer made is odd: {odd}"))
            })?;
            return Ok(made(customer.id.as_str()));
        }
        Reply::Refused(refusal) => refusal,
    };
    if let Some(id) = refusal.conflict() {
        return conflict(client, write, id).await;
    }
    match find(client, write).await {
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err(refusal.into_error()),
        Err(rejected @ PortError::Rejected(_)) => Err(rejected),
        Err(other) => Err(PortError::OutcomeUnknown(format!(
            "{}; and whether the customer exists can not be read: {other}",
            refusal.words
        ))),
    }
}

/// The customer whose metadata names the ERP customer.
pub async fn find(
    client: &Client,
    write: &CreateCustomer,
) -> Result<Option<WriteAnswer>, PortError> {
    let mut after: Option<String> = None;
    for _ in 0..SEARCH_PAGES_MAX {
        let page = client.list("customers", &[], after.as_deref()).await?;
        let customers = page.records.into_iter().filter_map(|one| mapping::customer(one).ok());
        let mut ours =
            customers.filter(|one| one.erp_customer.as_ref() == Some(&write.erp_customer));
        if let Some(found) = ours.next() {
            return Ok(Some(adopted(found.id.as_str())));
        }
        match page.after {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    Ok(None)
}

fn body(write: &CreateCustomer) -> Value {
    // A company's name excludes a person's.
    let company = write.company_name.as_deref().is_some_and(|name| !name.trim().is_empty());
    let mut fields = vec![("email", &write.email), ("country_code", &write.country)];
    if company {
        fields.push(("company_name", &write.company_name));
    } else {
        fields.push(("given_name", &write.given_name));
        fields.push(("family_name", &write.family_name));
    }
    let mut body: Map<String, Value> = fields
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.as_deref()?.trim())))
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect();
    body.insert("metadata".to_owned(), json!(write.metadata));
    Value::Object(body)
}

async fn conflict(
    client: &Client,
    write: &CreateCustomer,
    id: &str,
) -> Result<WriteAnswer, PortError> {
    let used = |what: String| format!("the key was used for customer {id}, which {what}");
    match reads::one(client, "customers", id, mapping::customer).await {
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

fn adopt(write: &CreateCustomer, found: &ProcessorCustomer) -> Result<WriteAnswer, PortError> {
    match &found.erp_customer {
        Some(named) if *named != write.erp_customer => Err(PortError::rejected(
            RejectionCause::Other,
            format!("the key was used for customer {}, which is of another one", found.id),
        )),
        Some(_) | None => Ok(adopted(found.id.as_str())),
    }
}
