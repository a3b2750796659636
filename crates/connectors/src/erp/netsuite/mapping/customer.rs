//! Customers and our fields on them (netsuite sheet sections 8.8 and 9.1).

use serde_json::{Map, Value};

use model::customer::{CustomerFields, ErpCustomer};
use model::ids::{ErpCustomerId, MandateId, ProcessorCustomerId};

use super::super::books::Setup;
use super::super::fields::{self, cut};
use super::super::wire::Record;
use super::invoice::subsidiary;

/// From a row of [`super::super::queries::CUSTOMERS`].
pub fn from_row(row: Record<'_>, setup: &Setup, version: String) -> Result<ErpCustomer, String> {
    let id = row.required_reference("id")?;
    Ok(ErpCustomer {
        code: row.text("entityid").unwrap_or_else(|| format!("#{id}")),
        company_name: row.text("companyname"),
        given_name: row.text("firstname"),
        family_name: row.text("lastname"),
        email: row.text("email"),
        country: row.text("country").and_then(country),
        language: None,
        inactive: row.flag("isinactive"),
        subsidiary: subsidiary(row, setup),
        stored: stored(row),
        version,
        id: ErpCustomerId::new(id),
    })
}

/// From the record with its address book.
pub fn from_record(
    record: Record<'_>,
    setup: &Setup,
    version: String,
) -> Result<ErpCustomer, String> {
    let id = record.required_reference("id")?;
    Ok(ErpCustomer {
        code: record.text("entityId").unwrap_or_else(|| format!("#{id}")),
        company_name: record.text("companyName"),
        given_name: record.text("firstName"),
        family_name: record.text("lastName"),
        email: record.text("email"),
        country: billing_country(record),
        language: None,
        inactive: record.flag("isInactive"),
        subsidiary: subsidiary(record, setup),
        stored: stored(record),
        version: version.clone(),
        id: ErpCustomerId::new(id),
    })
}

/// Two letters, or nothing: some accounts keep names there.
fn country(text: String) -> Option<String> {
    let code = text.trim().to_ascii_uppercase();
    let fits = code.len() == 2 && code.bytes().all(|byte| byte.is_ascii_uppercase());
    if fits { Some(code) } else { None }
}

/// The country of the default billing address.
fn billing_country(record: Record<'_>) -> Option<String> {
    record
        .lines("addressBook")
        .into_iter()
        .find(|line| line.flag("defaultBilling"))
        .and_then(|line| line.inner("addressBookAddress"))
        .and_then(|address| address.reference("country"))
        .and_then(country)
}

fn stored(source: Record<'_>) -> CustomerFields {
    CustomerFields {
        processor_customer: source.text(fields::CUSTOMER_ID.id).map(ProcessorCustomerId::new),
        mandate: source.text(fields::CUSTOMER_MANDATE.id).map(MandateId::new),
        mandate_status: source.text(fields::CUSTOMER_MANDATE_STATUS.id),
        authorisation_link: source.text(fields::CUSTOMER_LINK.id),
        processor_account: source.text(fields::CUSTOMER_ACCOUNT.id),
    }
}

/// The fields that are given; `None` leaves a field alone, empty text clears it.
#[must_use]
pub fn fields_body(fields: &CustomerFields) -> Map<String, Value> {
    let mut body = Map::new();
    let given = [
        (fields::CUSTOMER_ID, fields.processor_customer.as_ref().map(ProcessorCustomerId::as_str)),
        (fields::CUSTOMER_MANDATE, fields.mandate.as_ref().map(MandateId::as_str)),
        (fields::CUSTOMER_MANDATE_STATUS, fields.mandate_status.as_deref()),
        (fields::CUSTOMER_LINK, fields.authorisation_link.as_deref()),
        (fields::CUSTOMER_ACCOUNT, fields.processor_account.as_deref()),
    ];
    for (field, value) in given {
        if let Some(text) = value {
            let value = if text.is_empty() {
                Value::Null
            } else {
                Value::from(cut(text, field.length_max))
            };
            body.insert(field.id.to_owned(), value);
        }
    }
    body
}
