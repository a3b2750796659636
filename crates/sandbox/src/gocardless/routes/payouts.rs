//! `/payouts` (gocardless sheet section 14). Never created by the API.

use serde_json::{Value, json};

use super::{Route, list, route};
use crate::gocardless::call::{Call, Reply};
use crate::gocardless::errors::ApiError;
use crate::gocardless::paging::Filters;
use crate::gocardless::records::Names;
use crate::gocardless::records::payout::{Payout, PayoutStatus};
use crate::gocardless::world::World;

const ROOT: &str = "payouts";

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/payouts", index),
    route("GET", "/payouts/:id", get),
    route("PUT", "/payouts/:id", update),
];

fn show(world: &World, id: &str) -> Value {
    json!({ ROOT: world.payouts.get(id).map(Payout::json) })
}

fn visible(world: &World, call: &Call<'_>) -> Result<(), ApiError> {
    let found = world.payouts.visible(&call.organisation, call.id());
    found.map(|_| ()).ok_or_else(ApiError::not_found)
}

/// `GET /payouts/:id` (section 14).
fn get(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    visible(world, call)?;
    Ok(Reply::ok(show(world, call.id())))
}

/// `GET /payouts` (section 3).
fn index(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let names =
        ["creditor", "creditor_bank_account", "currency", "payout_type", "reference", "status"];
    let unknown = world.config.unknown_filters;
    let filters = Filters::read(&call.query, &names, &["created_at", "metadata"], unknown)?;
    let created = filters.instants("created_at")?;
    let (creditor, account) = (filters.one("creditor")?, filters.one("creditor_bank_account")?);
    let (currency, reference) = (filters.one("currency")?, filters.one("reference")?);
    let status = filters.many("status", PayoutStatus::NAMES)?;
    let kind = filters.many("payout_type", &["merchant", "partner"])?;
    let metadata = filters.keyed("metadata");
    let keep = |payout: &Payout| {
        created(payout.created_at)
            && account.is_none_or(|id| payout.creditor_bank_account == id)
            && currency.is_none_or(|name| payout.currency == name)
            && reference.is_none_or(|text| payout.reference == text)
            && (status.is_empty() || status.contains(&payout.status.name()))
            && (kind.is_empty() || kind.contains(&"merchant"))
            && metadata
                .iter()
                .all(|(key, value)| payout.metadata.get(*key).is_some_and(|text| text == value))
    };
    list(world, call, (&world.payouts, ROOT, creditor), &filters, keep, Payout::json)
}

/// `PUT /payouts/:id`: metadata only (section 14).
fn update(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    visible(world, call)?;
    if let Some(metadata) = call.put_metadata(ROOT)? {
        world.payouts.edit(call.now, call.id(), |payout| payout.metadata = metadata);
    }
    Ok(Reply::ok(show(world, call.id())))
}
