//! `/creditors`, `/creditor_bank_accounts` and `/scheme_identifiers` (gocardless sheet section
//! 21). Creating creditors is restricted, so there is no POST.

use serde_json::{Value, json};

use super::{Route, list, route};
use crate::gocardless::call::{Call, Reply};
use crate::gocardless::errors::ApiError;
use crate::gocardless::paging::Filters;
use crate::gocardless::records::party::{BankAccount, Creditor, SchemeIdentifier};
use crate::gocardless::world::World;

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/creditors", index),
    route("GET", "/creditors/:id", get),
    route("GET", "/creditor_bank_accounts", accounts),
    route("GET", "/creditor_bank_accounts/:id", account),
    route("GET", "/scheme_identifiers", identifiers),
    route("GET", "/scheme_identifiers/:id", identifier),
];

fn creditor_json(world: &World, creditor: &Creditor) -> Value {
    let embedded = world.scheme_identifiers.owned_ids(&creditor.id);
    let embedded = embedded
        .iter()
        .filter_map(|id| world.scheme_identifiers.get(id))
        .map(SchemeIdentifier::json)
        .collect();
    creditor.json(embedded)
}

/// `GET /creditors/:id` (section 21).
fn get(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let creditor = world.creditors.visible(&call.organisation, call.id());
    let creditor = creditor.ok_or_else(ApiError::not_found)?;
    Ok(Reply::ok(json!({ "creditors": creditor_json(world, creditor) })))
}

/// `GET /creditors` (section 21).
fn index(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let unknown = world.config.unknown_filters;
    let filters = Filters::read(&call.query, &[], &["created_at"], unknown)?;
    let created = filters.instants("created_at")?;
    let table = (&world.creditors, "creditors", None);
    let keep = |creditor: &Creditor| created(creditor.created_at);
    list(world, call, table, &filters, keep, |creditor| creditor_json(world, creditor))
}

/// `GET /creditor_bank_accounts/:id` (section 21).
fn account(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let account = world.creditor_bank_accounts.visible(&call.organisation, call.id());
    let account = account.ok_or_else(ApiError::not_found)?;
    Ok(Reply::ok(json!({ "creditor_bank_accounts": account.json() })))
}

/// `GET /creditor_bank_accounts` (section 3).
fn accounts(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let unknown = world.config.unknown_filters;
    let filters = Filters::read(&call.query, &["creditor", "enabled"], &["created_at"], unknown)?;
    let created = filters.instants("created_at")?;
    let (creditor, enabled) = (filters.one("creditor")?, filters.boolean("enabled")?);
    let keep = |account: &BankAccount| {
        created(account.created_at) && enabled.is_none_or(|wanted| account.enabled == wanted)
    };
    let table = (&world.creditor_bank_accounts, "creditor_bank_accounts", creditor);
    list(world, call, table, &filters, keep, BankAccount::json)
}

/// `GET /scheme_identifiers/:id` (section 21).
fn identifier(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let found = world.scheme_identifiers.visible(&call.organisation, call.id());
    let found = found.ok_or_else(ApiError::not_found)?;
    Ok(Reply::ok(json!({ "scheme_identifiers": found.json() })))
}

/// `GET /scheme_identifiers` (section 3).
fn identifiers(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let filters = Filters::read(&call.query, &["creditor"], &[], world.config.unknown_filters)?;
    let creditor = filters.one("creditor")?;
    let table = (&world.scheme_identifiers, "scheme_identifiers", creditor);
    list(world, call, table, &filters, |_| true, SchemeIdentifier::json)
}
