//! `/customers` (gocardless sheet section 7).

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{Route, list, route};
use crate::gocardless::call::{Call, Reply};
use crate::gocardless::errors::ApiError;
use crate::gocardless::paging::{Filters, invalid, page};
use crate::gocardless::records::party::{CUSTOMER_TEXTS, Customer};
use crate::gocardless::validate::{Fields, Metadata};
use crate::gocardless::world::World;

const ROOT: &str = "customers";

pub(super) const ROUTES: &[Route] = &[
    route("POST", "/customers", create),
    route("GET", "/customers", index),
    route("GET", "/customers/:id", get),
    route("PUT", "/customers/:id", update),
    route("DELETE", "/customers/:id", remove),
];

/// Texts and metadata of a customer body.
type Details = (BTreeMap<&'static str, String>, Option<Metadata>);

fn read(body: &Value) -> Result<Details, ApiError> {
    let mut permitted = CUSTOMER_TEXTS.to_vec();
    permitted.push("metadata");
    let mut fields = Fields::open(body, ROOT, &permitted)?;
    let mut texts = BTreeMap::new();
    for name in CUSTOMER_TEXTS {
        if let Some(text) = fields.text(name) {
            texts.insert(name, text);
        }
    }
    if texts.get("country_code").is_some_and(|code| code.len() != 2) {
        fields.refuse("country_code", "must be an ISO 3166-1 alpha-2 code");
    }
    if texts.get("email").is_some_and(|email| !email.contains('@')) {
        fields.refuse("email", "is invalid");
    }
    let metadata = fields.metadata();
    fields.finish()?;
    Ok((texts, metadata))
}

/// Names: both, or a company (section 7).
fn check_names(texts: &BTreeMap<&'static str, String>) -> Result<(), ApiError> {
    let given = |name: &str| texts.get(name).is_some_and(|text| !text.trim().is_empty());
    if given("company_name") || (given("given_name") && given("family_name")) {
        return Ok(());
    }
    let missing = if given("given_name") { "family_name" } else { "given_name" };
    Err(ApiError::validation(ROOT, missing, "can't be blank"))
}

/// `POST /customers` (section 7).
fn create(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    world.create(
        call,
        ROOT,
        |_, call| {
            let details = read(&call.body)?;
            check_names(&details.0)?;
            Ok(details)
        },
        |world, call, (texts, metadata)| {
            let id = world.ids.id("CU");
            let metadata = metadata.unwrap_or_default();
            let customer = Customer { id: id.clone(), created_at: call.now, texts, metadata };
            world.customers.insert(call.now, &call.organisation, &id, &[], customer);
            Ok(id)
        },
        show,
    )
}

fn show(world: &World, _: &Call<'_>, id: &str) -> Value {
    json!({ ROOT: world.customers.get(id).map(Customer::json) })
}

/// The customer of the path, or 404; 422 for a removed one is only for what belonged to it.
fn visible(world: &World, call: &Call<'_>) -> Result<(), ApiError> {
    let found = world.customers.visible(&call.organisation, call.id());
    found.map(|_| ()).ok_or_else(ApiError::not_found)
}

/// `GET /customers/:id` (section 7).
fn get(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    visible(world, call)?;
    Ok(Reply::ok(show(world, call, call.id())))
}

/// `GET /customers`: no filter by e-mail or name (section 3).
fn index(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let names = ["currency", "action_required", "sort_field", "sort_direction"];
    let unknown = world.config.unknown_filters;
    let filters = Filters::read(&call.query, &names, &["created_at"], unknown)?;
    let created = filters.instants("created_at")?;
    let currency = filters.one("currency")?;
    let direction = filters.many("sort_direction", &["asc", "desc"])?;
    let sorted = filters.many("sort_field", &["name", "company_name", "created_at"])?;
    let action_required = filters.boolean("action_required")?;
    let keep = |customer: &Customer| {
        created(customer.created_at)
            && action_required != Some(true)
            && currency.is_none_or(|currency| {
                world.customer_bank_accounts.owned_ids(&customer.id).iter().any(|id| {
                    world
                        .customer_bank_accounts
                        .get(id)
                        .is_some_and(|account| account.currency == currency)
                })
            })
    };
    let table = &world.customers;
    let field = match sorted.first() {
        None | Some(&"created_at") if direction != ["asc"] => {
            return list(world, call, (table, ROOT, None), &filters, keep, Customer::json);
        }
        Some(field) => *field,
        None => return Err(invalid("sort_direction needs sort_field")),
    };
    let mut rows = table.listed(&call.organisation, world.list_time(call.now), None);
    rows.retain(|(_, _, customer)| keep(customer));
    let key = |customer: &Customer| match field {
        "company_name" => customer.text("company_name").unwrap_or_default().to_lowercase(),
        "name" => customer.holder_name().to_lowercase(),
        _ => customer.created_at.to_string(),
    };
    rows.sort_by_key(|(_, _, customer)| key(customer));
    if direction == ["desc"] {
        rows.reverse();
    }
    let body = page(&rows, &filters.page, ROOT, |_| None, |customer| customer.json())?;
    Ok(Reply::ok(body))
}

/// `PUT /customers/:id`: any creation field; metadata is replaced as a whole (section 3).
fn update(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    visible(world, call)?;
    let (texts, metadata) = read(&call.body)?;
    let current = world.customers.get(call.id()).cloned().ok_or_else(ApiError::not_found)?;
    let identity = "swedish_identity_number";
    let fixed = current.text(identity);
    if fixed.is_some() && texts.get(identity).is_some_and(|new| Some(new.as_str()) != fixed) {
        return Err(ApiError::validation(ROOT, identity, "cannot be changed once set"));
    }
    world.customers.edit(call.now, call.id(), |customer| {
        customer.texts.extend(texts);
        if let Some(metadata) = metadata {
            customer.metadata = metadata;
        }
    });
    Ok(Reply::ok(show(world, call, call.id())))
}

/// `DELETE /customers/:id`: 204, for good; mandates and payments stay (section 7).
fn remove(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    visible(world, call)?;
    world.customers.remove(call.now, call.id());
    Ok(Reply::empty())
}
