//! `/payout_items` (gocardless sheet section 15): a list only, for six months.

use super::{Route, route};
use crate::gocardless::call::{Call, Reply};
use crate::gocardless::errors::ApiError;
use crate::gocardless::paging::{Filters, page};
use crate::gocardless::records::payout::Item;
use crate::gocardless::time::{day, months_after};
use crate::gocardless::world::World;

/// Items of older payouts are answered with 410.
const MONTHS_KEPT: i64 = 6;

pub(super) const ROUTES: &[Route] = &[route("GET", "/payout_items", index)];

/// `GET /payout_items?payout=` (section 15).
fn index(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let names = ["payout", "include_2020_tax_cutover"];
    let filters = Filters::read(&call.query, &names, &[], world.config.unknown_filters)?;
    filters.boolean("include_2020_tax_cutover")?;
    let Some(id) = filters.one("payout")? else {
        return Err(ApiError::validation("payout_items", "payout", "is required"));
    };
    let payout = world.payouts.visible(&call.organisation, id).ok_or_else(ApiError::not_found)?;
    if months_after(day(payout.created_at), MONTHS_KEPT) < day(call.now) {
        let message = "The items of payouts created more than six months ago are not available";
        return Err(ApiError::usage(410, "resource_not_found", message));
    }
    // Items have no id: the cursor is their place.
    let names: Vec<String> = (0..payout.items.len()).map(|place| format!("PI{place:09}")).collect();
    let rows: Vec<(u64, &str, &Item)> = names
        .iter()
        .zip(payout.items.iter())
        .map(|(name, item)| (0, name.as_str(), item))
        .collect();
    let sign = world.config.tax_sign;
    let body = page(&rows, &filters.page, "payout_items", |_| None, |item| item.json(sign))?;
    Ok(Reply::ok(body))
}
