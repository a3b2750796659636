//! `/customer_bank_accounts` and `/bank_details_lookups` (gocardless sheet section 8).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::bank_details::{BANK_FIELDS, BankDetails};
use super::{Route, list, route};
use crate::gocardless::call::{Call, Reply};
use crate::gocardless::errors::ApiError;
use crate::gocardless::events::Actor;
use crate::gocardless::paging::Filters;
use crate::gocardless::records::mandate::MandateStatus;
use crate::gocardless::records::party::BankAccount;
use crate::gocardless::schemes;
use crate::gocardless::validate::{Fields, Metadata};
use crate::gocardless::world::World;

const ROOT: &str = "customer_bank_accounts";

pub(super) const ROUTES: &[Route] = &[
    route("POST", "/customer_bank_accounts", create),
    route("GET", "/customer_bank_accounts", index),
    route("GET", "/customer_bank_accounts/:id", get),
    route("PUT", "/customer_bank_accounts/:id", update),
    route("POST", "/customer_bank_accounts/:id/actions/disable", disable),
    route("POST", "/bank_details_lookups", lookup),
];

/// `POST /customer_bank_accounts` (section 8); the same details again are 409.
fn create(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    world.create(call, ROOT, prepare, commit, show)
}

fn prepare(
    world: &mut World,
    call: &Call<'_>,
) -> Result<(BankDetails, String, Metadata), ApiError> {
    let mut permitted = BANK_FIELDS.to_vec();
    permitted.extend(["links", "metadata"]);
    let mut fields = Fields::open(&call.body, ROOT, &permitted)?;
    let links = fields.links(&["customer", "customer_bank_account_token"])?;
    let metadata = fields.metadata().unwrap_or_default();
    let details = BankDetails::read(&mut fields);
    if !links.contains_key("customer") {
        fields.refuse("links", "links.customer is required");
    }
    check_modulus(world, &mut fields);
    if let (Some(details), Some(customer)) = (&details, links.get("customer")) {
        check_identity(world, customer, details, &mut fields);
    }
    fields.finish()?;
    let customer = links.get("customer").cloned().unwrap_or_default();
    if world.customers.visible(&call.organisation, &customer).is_none() {
        return Err(ApiError::link_not_found(ROOT, "customer"));
    }
    let details = details.ok_or_else(ApiError::internal)?;
    Ok((details, customer, metadata))
}

/// The checks that banks publish per account number (section 8), as far as they were set.
fn check_modulus(world: &World, fields: &mut Fields<'_>) {
    for name in ["iban", "account_number"] {
        let bare = |text: String| text.chars().filter(|c| c.is_ascii_alphanumeric()).collect();
        let number: Option<String> = fields.text(name).map(bare);
        let fails = |number: &String| world.config.modulus_failures.contains(number);
        if number.as_ref().is_some_and(fails) {
            fields.refuse(name, "did not pass modulus check");
        }
    }
}

/// SEK and DKK accounts need the payer's identity number (section 7).
fn check_identity(world: &World, customer: &str, details: &BankDetails, fields: &mut Fields<'_>) {
    let needed = match details.currency.as_str() {
        "SEK" => "swedish_identity_number",
        "DKK" => "danish_identity_number",
        _ => return,
    };
    let missing = world.customers.get(customer).is_some_and(|found| found.text(needed).is_none());
    if missing {
        fields.refuse(needed, format!("the customer has no {needed}"));
    }
}

fn commit(
    world: &mut World,
    call: &Call<'_>,
    (details, customer, metadata): (BankDetails, String, Metadata),
) -> Result<String, ApiError> {
    match world.same_account(&customer, &details) {
        Some((id, true)) => Err(ApiError::bank_account_exists("customer_bank_account", &id)),
        Some((id, false)) => {
            world.customer_bank_accounts.edit(call.now, &id, |account| account.enabled = true);
            Ok(id)
        }
        None => Ok(world.bank_account_add(call.now, &customer, details, metadata)),
    }
}

fn show(world: &World, _: &Call<'_>, id: &str) -> Value {
    json!({ ROOT: world.customer_bank_accounts.get(id).map(BankAccount::json) })
}

fn visible<'w>(world: &'w World, call: &Call<'_>) -> Result<&'w BankAccount, ApiError> {
    let found = world.customer_bank_accounts.visible(&call.organisation, call.id());
    found.ok_or_else(ApiError::not_found)
}

/// `GET /customer_bank_accounts/:id` (section 8).
fn get(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    visible(world, call)?;
    Ok(Reply::ok(show(world, call, call.id())))
}

/// `GET /customer_bank_accounts` (section 3).
fn index(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let unknown = world.config.unknown_filters;
    let filters = Filters::read(&call.query, &["customer", "enabled"], &["created_at"], unknown)?;
    let created = filters.instants("created_at")?;
    let (customer, enabled) = (filters.one("customer")?, filters.boolean("enabled")?);
    let keep = |account: &BankAccount| {
        created(account.created_at) && enabled.is_none_or(|wanted| account.enabled == wanted)
    };
    let table = (&world.customer_bank_accounts, ROOT, customer);
    list(world, call, table, &filters, keep, BankAccount::json)
}

/// `PUT /customer_bank_accounts/:id`: metadata only (section 8).
fn update(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    visible(world, call)?;
    if let Some(metadata) = call.put_metadata(ROOT)? {
        world.customer_bank_accounts.edit(call.now, call.id(), |it| it.metadata = metadata);
    }
    Ok(Reply::ok(show(world, call, call.id())))
}

/// `POST …/actions/disable`: ends its mandates and what hangs on them (section 8).
fn disable(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let enabled = visible(world, call)?.enabled;
    let metadata = call.action_metadata()?;
    if !enabled {
        return Err(ApiError::state("disable_failed", "Bank account is already disabled"));
    }
    let id = call.id().to_owned();
    world.customer_bank_accounts.edit(call.now, &id, |account| account.enabled = false);
    for mandate in world.mandates.owned_ids(&id) {
        let running = world
            .mandates
            .get(&mandate)
            .is_some_and(|it| it.customer_bank_account == id && it.status.usable());
        if running {
            let (status, cause) = (MandateStatus::Cancelled, "bank_account_closed");
            world.mandate_end(call.now, &mandate, status, Actor::Api, cause, &metadata);
        }
    }
    Ok(Reply::ok(show(world, call, &id)))
}

/// `POST /bank_details_lookups`: which schemes can debit an account (section 8).
fn lookup(_: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let root = "bank_details_lookups";
    let mut fields = Fields::open(&call.body, root, &BANK_FIELDS)?;
    let details = BankDetails::read(&mut fields);
    fields.finish()?;
    let details = details.ok_or_else(ApiError::internal)?;
    let debit: Vec<&str> =
        schemes::by_currency(&details.currency).map(|it| it.name).into_iter().collect();
    Ok(Reply::ok(json!({ root: {
        "available_debit_schemes": debit,
        "bank_name": details.bank_name(),
        "bic": null,
    } })))
}

impl World {
    /// The account of a customer with the same details, and whether it is enabled.
    pub fn same_account(&self, customer: &str, details: &BankDetails) -> Option<(String, bool)> {
        self.customer_bank_accounts.owned_ids(customer).into_iter().find_map(|id| {
            let account = self.customer_bank_accounts.get(&id)?;
            let same =
                account.fingerprint == details.fingerprint && account.currency == details.currency;
            same.then_some((id, account.enabled))
        })
    }

    /// Adds a bank account to a customer.
    pub fn bank_account_add(
        &mut self,
        now: Timestamp,
        customer: &str,
        details: BankDetails,
        metadata: Metadata,
    ) -> String {
        self.bank_account_insert(now, customer, None, details, metadata)
    }

    /// Adds a bank account with a chosen id (seeds), else a new one.
    pub fn bank_account_insert(
        &mut self,
        now: Timestamp,
        customer: &str,
        id: Option<String>,
        details: BankDetails,
        metadata: Metadata,
    ) -> String {
        let id = id.unwrap_or_else(|| self.ids.id("BA"));
        let organisation = self.customers.organisation(customer).unwrap_or_default().to_owned();
        let account = BankAccount {
            id: id.clone(),
            created_at: now,
            account_holder_name: details.holder.clone(),
            account_number_ending: details.ending.clone(),
            bank_name: details.bank_name(),
            country_code: details.country,
            currency: details.currency,
            account_type: details.account_type,
            enabled: true,
            fingerprint: details.fingerprint,
            owner_kind: "customer",
            owner: customer.to_owned(),
            metadata,
        };
        self.customer_bank_accounts.insert(now, &organisation, &id, &[customer], account);
        id
    }
}
