//! Making the payer's bank account from details that were unsealed for this send (gocardless sheet
//! section 8). An account with the same details is adopted. Nothing that leaves this file holds a
//! value of the details.

use model::command::{Rejection, RejectionCause, WriteAnswer};
use model::direct::CreateBankAccount;
use model::key::Key;
use model::payment::metadata;
use ports::{BankDetails, PortError};
use serde_json::{Map, Value, json};

use super::super::bank_details::{FIELDS, sent};
use super::super::client::Client;
use super::super::errors::Reply;
use super::super::mapping::Odd;
use super::super::{mapping, reads, wire};
use super::{adopted, made};
use crate::http::urls::is_id;

/// Identity numbers belong to the customer, and are needed before its account (section 7).
const IDENTITIES: [&str; 2] = ["danish_identity_number", "swedish_identity_number"];

/// Makes the bank account, or adopts the one with the same key or the same details.
pub async fn write(
    client: &Client,
    key: &Key,
    stamp: &str,
    write: &CreateBankAccount,
    details: &BankDetails,
) -> Result<WriteAnswer, PortError> {
    let client = client.withholding(details);
    let made = make(&client, key, stamp, write, details).await;
    made.map_err(|error| withheld(details, error))
}

async fn make(
    client: &Client,
    key: &Key,
    stamp: &str,
    write: &CreateBankAccount,
    details: &BankDetails,
) -> Result<WriteAnswer, PortError> {
    identify(client, key, write, details).await?;
    let body = body(write, details);
    let refusal = match client.create("customer_bank_accounts", body, Some(stamp), key).await? {
        Reply::Done(record) => {
            let account = account(record).map_err(|odd| {
                PortError::OutcomeUnknown(format!("the bank account made is odd: {odd}"))
            })?;
            return Ok(made(account.id));
        }
        Reply::Refused(refusal) => refusal,
    };
    if let Some(id) = refusal.conflict().or_else(|| refusal.bank_account_exists()) {
        return existing(client, write, id).await;
    }
    match find(client, stamp, write).await {
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err(refusal.into_error()),
        Err(rejected @ PortError::Rejected(_)) => Err(rejected),
        Err(other) => Err(PortError::OutcomeUnknown(format!(
            "{}; and whether the bank account exists can not be read: {other}",
            refusal.words
        ))),
    }
}

/// The bank account that carries our key. One that was adopted does not; it is adopted again then.
pub async fn find(
    client: &Client,
    stamp: &str,
    write: &CreateBankAccount,
) -> Result<Option<WriteAnswer>, PortError> {
    let customer = write.customer.as_str();
    if !is_id(customer) {
        return Ok(None);
    }
    let wanted = write.metadata.get(metadata::KEY).map_or(stamp, String::as_str);
    let filters = [("customer", customer)];
    let listed = reads::all(client, "customer_bank_accounts", &filters, account).await?;
    let mut found = listed.iter().filter_map(|read| read.found());
    let ours = found.find(|account| account.metadata.get(metadata::KEY) == Some(wanted));
    Ok(ours.map(|account| adopted(account.id.as_str())))
}

/// The customer's identity number, where the scheme asks for one. Sending it twice does no harm.
async fn identify(
    client: &Client,
    key: &Key,
    write: &CreateBankAccount,
    details: &BankDetails,
) -> Result<(), PortError> {
    let given: Map<String, Value> = IDENTITIES
        .into_iter()
        .filter_map(|name| Some((name.to_owned(), json!(sent(name, details.get(name)?)))))
        .collect();
    if given.is_empty() {
        return Ok(());
    }
    let customer = write.customer.as_str();
    match client.change("customers", customer, Value::Object(given), key).await? {
        Reply::Done(_) => Ok(()),
        Reply::Refused(refusal) => Err(refusal.into_error()),
    }
}

fn body(write: &CreateBankAccount, details: &BankDetails) -> Value {
    let mut body: Map<String, Value> = FIELDS
        .into_iter()
        .filter(|name| !IDENTITIES.contains(name))
        .filter_map(|name| Some((name.to_owned(), json!(sent(name, details.get(name)?)))))
        .collect();
    body.insert("currency".to_owned(), json!(write.currency.code()));
    body.insert("metadata".to_owned(), json!(write.metadata));
    body.insert("links".to_owned(), json!({ "customer": write.customer.as_str() }));
    Value::Object(body)
}

fn account(value: Value) -> Result<wire::BankAccount, Odd> {
    mapping::decode(value)
}

/// The account exists, so a failing read leaves the outcome unknown.
async fn existing(
    client: &Client,
    write: &CreateBankAccount,
    id: &str,
) -> Result<WriteAnswer, PortError> {
    let named = |what: String| format!("bank account {id} was named as the same, and {what}");
    let read = reads::one(client, "customer_bank_accounts", id, account).await;
    let account = match read {
        Ok(ports::Read::Found(account)) => account,
        Ok(ports::Read::Missing) => {
            let words = named("can not be found".to_owned());
            return Err(PortError::rejected(RejectionCause::Other, words));
        }
        Ok(ports::Read::Odd(odd)) => {
            return Err(PortError::OutcomeUnknown(named(format!("can not be understood: {odd}"))));
        }
        Err(error) => {
            return Err(PortError::OutcomeUnknown(named(format!("can not be read: {error}"))));
        }
    };
    let same_customer = account.links.get("customer") == Some(write.customer.as_str());
    let same_currency =
        account.currency.as_deref().is_none_or(|code| code == write.currency.code());
    if same_customer && same_currency {
        return Ok(adopted(account.id));
    }
    Err(PortError::rejected(RejectionCause::Other, named("is another one".to_owned())))
}

/// The other side's words, without what it was sent.
fn withheld(details: &BankDetails, error: PortError) -> PortError {
    let text = |text: String| details.withhold(&text);
    match error {
        PortError::Rejected(rejection) => {
            PortError::Rejected(Rejection { words: text(rejection.words), ..rejection })
        }
        PortError::Stale(words) => PortError::Stale(text(words)),
        PortError::Unauthorised(words) => PortError::Unauthorised(text(words)),
        throttled @ PortError::Throttled { .. } => throttled,
        PortError::Unavailable(words) => PortError::Unavailable(text(words)),
        PortError::OutcomeUnknown(words) => PortError::OutcomeUnknown(text(words)),
        PortError::Unsupported(words) => PortError::Unsupported(text(words)),
    }
}
