//! The endpoints by resource, and how a path finds its handler.

mod bank_accounts;
mod bank_details;
mod billing_request_flows;
mod billing_requests;
mod creditors;
mod customers;
mod events;
mod instalment_schedules;
mod mandates;
mod payments;
mod payout_items;
mod payouts;
mod reference_data;
mod refunds;
mod simulators;
mod subscriptions;
mod webhooks;

use serde_json::Value;

use super::call::{Call, Reply};
use super::errors::ApiError;
use super::paging::{Filters, page};
use super::table::Table;
use super::world::World;

pub use bank_details::{BANK_FIELDS, BankDetails, sample_details};
pub use mandates::NewMandate;
pub use refunds::NewRefund;

/// Answers a call.
pub type Handler = fn(&mut World, &Call<'_>) -> Result<Reply, ApiError>;

/// One endpoint.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// HTTP method.
    pub method: &'static str,
    /// Path template; segments that begin with a colon take any id.
    pub path: &'static str,
    /// What answers.
    pub handler: Handler,
}

/// Shorthand for the tables of the resources.
const fn route(method: &'static str, path: &'static str, handler: Handler) -> Route {
    Route { method, path, handler }
}

const ALL: [&[Route]; 16] = [
    customers::ROUTES,
    bank_accounts::ROUTES,
    mandates::ROUTES,
    payments::ROUTES,
    refunds::ROUTES,
    payouts::ROUTES,
    payout_items::ROUTES,
    events::ROUTES,
    billing_requests::ROUTES,
    billing_request_flows::ROUTES,
    simulators::ROUTES,
    creditors::ROUTES,
    webhooks::ROUTES,
    reference_data::ROUTES,
    subscriptions::ROUTES,
    instalment_schedules::ROUTES,
];

/// What a method and a path lead to.
#[derive(Debug)]
pub enum Found {
    /// An endpoint, with the ids in the path.
    Route(&'static Route, Vec<String>),
    /// The path exists for another method.
    OtherMethod,
    /// No such path.
    Nothing,
}

/// Finds the endpoint of a request.
pub fn find(method: &str, path: &str) -> Found {
    let mut other_method = false;
    for route in ALL.into_iter().flatten() {
        let Some(ids) = match_path(route.path, path) else { continue };
        if route.method == method {
            return Found::Route(route, ids);
        }
        other_method = true;
    }
    if other_method { Found::OtherMethod } else { Found::Nothing }
}

fn match_path(template: &str, path: &str) -> Option<Vec<String>> {
    let (mut wanted, mut given) = (template.split('/'), path.split('/'));
    let mut ids = Vec::new();
    loop {
        match (wanted.next(), given.next()) {
            (None, None) => return Some(ids),
            (Some(name), Some(id)) if name.starts_with(':') && !id.is_empty() => {
                ids.push(id.to_owned());
            }
            (Some(name), Some(segment)) if name == segment => {}
            _ => return None,
        }
    }
}

/// Answers a list: the rows that `keep` lets through, as of the time that lists answer for.
fn list<T: Clone>(
    world: &World,
    call: &Call<'_>,
    (table, root, owner): (&Table<T>, &str, Option<&str>),
    filters: &Filters,
    keep: impl Fn(&T) -> bool,
    render: impl Fn(&T) -> Value,
) -> Result<Reply, ApiError> {
    let mut rows = table.listed(&call.organisation, world.list_time(call.now), owner);
    rows.retain(|(_, _, row)| keep(row));
    let body = page(&rows, &filters.page, root, |id| table.sequence(id), |row| render(row))?;
    Ok(Reply::ok(body))
}
