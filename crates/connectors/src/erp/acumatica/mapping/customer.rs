//! Customers and our attributes on them (acumatica sheet section 9.2).

use serde_json::{Value, json};

use model::customer::{CustomerFields, ErpCustomer};
use model::ids::{ErpCustomerId, MandateId, ProcessorCustomerId};

use super::super::fields::{self, Field, cut};
use super::super::wire::{Entity, wrapped};

/// What is expanded of a customer. Nothing is selected: what is expanded would have to be selected
/// too, by names on which the sources differ (acumatica sheet section 21, row 11).
pub const EXPAND: &str = "MainContact,MainContact/Address,Attributes";

/// A customer from its record.
///
/// # Errors
/// A sentence that names what is missing.
pub fn from_entity(entity: Entity<'_>) -> Result<ErpCustomer, String> {
    let id = entity.required("CustomerID")?;
    let contact = entity.inner("MainContact");
    let of_contact = |name: &str| contact.and_then(|contact| contact.text(name));
    let country = contact
        .and_then(|contact| contact.inner("Address"))
        .and_then(|address| address.text("Country"))
        .map(|code| code.to_ascii_uppercase())
        .filter(|code| code.len() == 2);
    if !entity.is_expanded("Attributes") {
        return Err("the attributes did not come along".to_owned());
    }
    Ok(ErpCustomer {
        company_name: entity.text("CustomerName"),
        given_name: of_contact("FirstName"),
        family_name: of_contact("LastName"),
        email: of_contact("Email").or_else(|| entity.text("Email")),
        country,
        language: None,
        inactive: entity.text("Status").is_some_and(|status| takes_nothing(&status)),
        subsidiary: None,
        stored: stored(entity),
        version: super::version(entity),
        code: id.clone(),
        id: ErpCustomerId::new(id),
    })
}

/// No document may be entered for such a customer, so that no receipt could be booked. A customer on
/// credit hold takes payments: it is invoices that it may not get (acumatica sheet section 9.2).
fn takes_nothing(status: &str) -> bool {
    matches!(status, "Inactive" | "On Hold")
}

fn stored(entity: Entity<'_>) -> CustomerFields {
    let rows = entity.rows("Attributes");
    let text = |field: Field| {
        rows.iter()
            .find(|row| row.text("AttributeID").as_deref() == Some(field.id))
            .and_then(|row| row.text("Value"))
    };
    CustomerFields {
        processor_customer: text(fields::CUSTOMER_ID).map(ProcessorCustomerId::new),
        mandate: text(fields::MANDATE).map(MandateId::new),
        mandate_status: text(fields::MANDATE_STATUS),
        authorisation_link: text(fields::AUTHORISATION_LINK),
        processor_account: text(fields::ACCOUNT),
    }
}

/// The given fields of ours with their texts; blank text clears.
#[must_use]
pub fn given(fields: &CustomerFields) -> Vec<(Field, String)> {
    use super::super::fields as ours;
    let all = [
        (ours::CUSTOMER_ID, fields.processor_customer.as_ref().map(|id| id.as_str())),
        (ours::MANDATE, fields.mandate.as_ref().map(|id| id.as_str())),
        (ours::MANDATE_STATUS, fields.mandate_status.as_deref()),
        (ours::AUTHORISATION_LINK, fields.authorisation_link.as_deref()),
        (ours::ACCOUNT, fields.processor_account.as_deref()),
    ];
    all.into_iter()
        .filter_map(|(field, text)| Some((field, cut(text?.trim(), field.length_max))))
        .collect()
}

/// The rows that write them: found by their attribute, so that none is doubled (acumatica sheet
/// section 5, detail rows).
#[must_use]
pub fn attribute_rows(fields: &CustomerFields) -> Vec<Value> {
    given(fields)
        .into_iter()
        .map(|(field, text)| {
            let value = if text.is_empty() { Value::Null } else { Value::from(text) };
            json!({ "AttributeID": wrapped(field.id), "Value": { "value": value } })
        })
        .collect()
}
