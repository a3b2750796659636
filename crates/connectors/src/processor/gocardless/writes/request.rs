//! Mandates by authorisation link: a billing request (made once, by key), then flows, whose links
//! expire and are made anew, the newest one counting (gocardless sheet section 20).

use model::command::{InviteMandate, RejectionCause, RequestMandate, WriteAnswer};
use model::key::Key;
use model::mandate::MandateRequest;
use model::payment::metadata;
use ports::{PortError, Read};
use serde_json::{Map, Value, json};

use super::super::client::Client;
use super::super::errors::Reply;
use super::super::{mapping, reads, wire};
use super::{adopted, made};

/// Billing requests of a customer that is not known yet are searched for among the newest: they
/// have no filter that would help. This many pages of 500.
const SEARCH_PAGES_MAX: usize = 4;

/// Where the payer returns to; both may be absent.
#[derive(Debug, Clone, Default)]
pub struct ReturnAddresses {
    pub redirect_uri: Option<String>,
    pub exit_uri: Option<String>,
}

/// Makes the billing request, or adopts the one that the key was used for.
pub async fn write(
    client: &Client,
    key: &Key,
    stamp: &str,
    request: &RequestMandate,
) -> Result<WriteAnswer, PortError> {
    let refusal = match client.create("billing_requests", body(request), Some(stamp), key).await? {
        Reply::Done(record) => {
            let made_now: wire::BillingRequest = mapping::decode(record).map_err(|odd| {
                PortError::OutcomeUnknown(format!("the billing request made is odd: {odd}"))
            })?;
            return Ok(made(made_now.id));
        }
        Reply::Refused(refusal) => refusal,
    };
    if let Some(id) = refusal.conflict() {
        return conflict(client, request, id).await;
    }
    match find(client, stamp, request).await {
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err(refusal.into_error()),
        Err(rejected @ PortError::Rejected(_)) => Err(rejected),
        Err(other) => Err(PortError::OutcomeUnknown(format!(
            "{}; and whether the billing request exists can not be read: {other}",
            refusal.words
        ))),
    }
}

/// The billing request that carries our key.
pub async fn find(
    client: &Client,
    stamp: &str,
    request: &RequestMandate,
) -> Result<Option<WriteAnswer>, PortError> {
    let wanted = request.metadata.get(metadata::KEY).map_or(stamp, String::as_str);
    let filters: Vec<(&str, &str)> =
        request.customer.iter().map(|customer| ("customer", customer.as_str())).collect();
    let mut after: Option<String> = None;
    for _ in 0..SEARCH_PAGES_MAX {
        let page = client.list("billing_requests", &filters, after.as_deref()).await?;
        let found = page.records.into_iter().find(|record| carries(record, wanted));
        if let Some(record) = found {
            let read = mapping::mandate_request(record).map_err(PortError::Unsupported)?;
            return adopt(request, &read).map(Some);
        }
        match page.after {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    Ok(None)
}

fn carries(record: &Value, stamp: &str) -> bool {
    record.pointer("/metadata").and_then(|texts| texts.get(metadata::KEY)).and_then(Value::as_str)
        == Some(stamp)
}

fn body(request: &RequestMandate) -> Value {
    // Only the metadata of the mandate request reaches the mandate.
    let mut mandate = json!({ "currency": request.currency.code(), "metadata": request.metadata });
    let description = request.description.trim();
    if !description.is_empty() {
        mandate["description"] = json!(description);
    }
    let mut body = json!({ "mandate_request": mandate, "metadata": request.metadata });
    if let Some(customer) = &request.customer {
        body["links"] = json!({ "customer": customer.as_str() });
    }
    body
}

async fn conflict(
    client: &Client,
    request: &RequestMandate,
    id: &str,
) -> Result<WriteAnswer, PortError> {
    let unknown = |why: String| {
        PortError::OutcomeUnknown(format!("the key was used for billing request {id}, which {why}"))
    };
    match reads::one(client, "billing_requests", id, mapping::mandate_request).await {
        Ok(Read::Found(found)) => adopt(request, &found),
        Ok(Read::Missing) => Err(PortError::rejected(
            RejectionCause::Other,
            format!("the key was used for billing request {id}, which can not be found"),
        )),
        Ok(Read::Odd(odd)) => Err(unknown(format!("can not be understood: {odd}"))),
        Err(error) => Err(unknown(format!("can not be read: {error}"))),
    }
}

/// The same in substance: currency, and the customers as far as both name one.
fn adopt(request: &RequestMandate, found: &MandateRequest) -> Result<WriteAnswer, PortError> {
    let same_currency = found.currency.is_none_or(|currency| currency == request.currency);
    let same_erp = found.erp_customer.as_ref().is_none_or(|known| *known == request.erp_customer);
    let same_customer = match (&request.customer, &found.customer) {
        (Some(wanted), Some(known)) => wanted == known,
        (Some(_) | None, _) => true,
    };
    if same_currency && same_erp && same_customer {
        return Ok(adopted(found.id.as_str()));
    }
    Err(PortError::rejected(
        RejectionCause::Other,
        format!("the key was used for billing request {}, which is another one", found.id),
    ))
}

/// Makes a new authorisation link. Not deduplicated over there: doing it twice does no harm.
pub async fn invite(
    client: &Client,
    key: &Key,
    addresses: &ReturnAddresses,
    invite: &InviteMandate,
) -> Result<WriteAnswer, PortError> {
    let body = invite_body(addresses, invite);
    match client.create("billing_request_flows", body, None, key).await? {
        Reply::Done(record) => {
            let flow: wire::BillingRequestFlow = mapping::decode(record).map_err(|odd| {
                PortError::OutcomeUnknown(format!("the authorisation link made is odd: {odd}"))
            })?;
            Ok(WriteAnswer { id: flow.id, adopted: false, url: Some(flow.authorisation_url) })
        }
        Reply::Refused(refusal) => Err(refusal.into_error()),
    }
}

fn invite_body(addresses: &ReturnAddresses, invite: &InviteMandate) -> Value {
    let mut body = Map::new();
    for (name, address) in
        [("redirect_uri", &addresses.redirect_uri), ("exit_uri", &addresses.exit_uri)]
    {
        if let Some(address) = address {
            body.insert(name.to_owned(), json!(address));
        }
    }
    let prefilled = prefilled(invite);
    if !prefilled.is_empty() {
        body.insert("prefilled_customer".to_owned(), Value::Object(prefilled));
    }
    body.insert("links".to_owned(), json!({ "billing_request": invite.request.as_str() }));
    Value::Object(body)
}

/// What the payer need not type again. A company's name excludes a person's.
fn prefilled(invite: &InviteMandate) -> Map<String, Value> {
    let mut fields = vec![("email", &invite.email), ("country_code", &invite.country)];
    if is_filled(&invite.company_name) {
        fields.push(("company_name", &invite.company_name));
    } else {
        fields.push(("given_name", &invite.given_name));
        fields.push(("family_name", &invite.family_name));
    }
    fields
        .into_iter()
        .filter(|(_, value)| is_filled(value))
        .map(|(name, value)| (name.to_owned(), json!(value)))
        .collect()
}

fn is_filled(text: &Option<String>) -> bool {
    text.as_ref().is_some_and(|text| !text.trim().is_empty())
}
