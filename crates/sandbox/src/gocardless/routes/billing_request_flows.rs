//! `/billing_request_flows` (gocardless sheet section 20): never deduplicated.

use std::collections::BTreeMap;

use serde_json::json;

use super::{Route, route};
use crate::gocardless::call::{Call, Reply};
use crate::gocardless::errors::ApiError;
use crate::gocardless::events::Actor;
use crate::gocardless::lifecycle::billing_request_event;
use crate::gocardless::records::billing::{BillingStatus, FLOW_SWITCHES, Flow};
use crate::gocardless::records::party::CUSTOMER_TEXTS;
use crate::gocardless::time::minutes_after;
use crate::gocardless::validate::{Fields, Metadata};
use crate::gocardless::world::World;

const ROOT: &str = "billing_request_flows";
/// A flow can be used for seven days.
const LIFETIME_MINUTES: i64 = 7 * 24 * 60;

pub(super) const ROUTES: &[Route] = &[
    route("POST", "/billing_request_flows", create),
    route("POST", "/billing_request_flows/:id/actions/initialise", initialise),
];

/// `POST /billing_request_flows` (section 20); the status 200 or 201 is not certain (section 30).
fn create(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let mut permitted = vec![
        "customer_details_captured",
        "exit_uri",
        "language",
        "links",
        "prefilled_bank_account",
        "prefilled_customer",
        "redirect_uri",
    ];
    permitted.extend(FLOW_SWITCHES.iter().map(|(name, _)| *name));
    let mut fields = Fields::open(&call.body, ROOT, &permitted)?;
    let links = fields.links(&["billing_request"])?;
    let redirect_uri = read_uri(&mut fields, "redirect_uri");
    let exit_uri = read_uri(&mut fields, "exit_uri");
    let language = fields.text("language");
    let mut switches = BTreeMap::new();
    for (name, _) in FLOW_SWITCHES {
        if let Some(switch) = fields.boolean(name) {
            switches.insert(name, switch);
        }
    }
    if switches.get("auto_fulfil") == Some(&false) {
        fields.refuse("auto_fulfil", "must be true");
    }
    fields.boolean("customer_details_captured");
    let mut prefilled_customer = BTreeMap::new();
    fields.object("prefilled_customer", &CUSTOMER_TEXTS, |inner| {
        for name in CUSTOMER_TEXTS {
            if let Some(text) = inner.text(name) {
                prefilled_customer.insert(name, text);
            }
        }
    })?;
    fields
        .object("prefilled_bank_account", &["account_type"], |inner| inner.text("account_type"))?;
    let billing_request = links.get("billing_request").cloned().unwrap_or_default();
    if billing_request.is_empty() {
        fields.refuse("links", "links.billing_request is required");
    }
    fields.finish()?;
    let request = world.billing_requests.visible(&call.organisation, &billing_request);
    let request = request.ok_or_else(|| ApiError::link_not_found(ROOT, "billing_request"))?;
    if matches!(request.status, BillingStatus::Fulfilled | BillingStatus::Cancelled) {
        let message = format!("The billing request is {}", request.status.name());
        return Err(ApiError::state("invalid_state", message));
    }
    let id = world.ids.id("BRF");
    let flow = Flow {
        id: id.clone(),
        created_at: call.now,
        expires_at: minutes_after(call.now, LIFETIME_MINUTES),
        billing_request: billing_request.clone(),
        authorisation_url: format!("{}/billing/static/flow?id={id}", call.base_url),
        redirect_uri,
        exit_uri,
        prefilled_customer,
        switches,
        language,
        visited: false,
        session_token: None,
    };
    let body = json!({ ROOT: flow.json() });
    world.flows.insert(call.now, &call.organisation, &id, &[&billing_request], flow);
    let (request, none) = (billing_request.as_str(), Metadata::new());
    billing_request_event(world, call.now, request, "flow_created", Actor::Api, &none);
    let mut reply = Reply::created(body, format!("/{ROOT}/{id}"));
    reply.status = world.config.flow_created_status;
    Ok(reply)
}

fn read_uri(fields: &mut Fields<'_>, name: &str) -> Option<String> {
    let text = fields.text(name)?;
    let valid = url::Url::parse(&text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if !valid {
        fields.refuse(name, "is not a valid URL");
    }
    Some(text)
}

/// `POST …/actions/initialise` (section 20).
fn initialise(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    if world.flows.visible(&call.organisation, call.id()).is_none() {
        return Err(ApiError::not_found());
    }
    let token = world.ids.text(32);
    world.flows.edit(call.now, call.id(), |flow| flow.session_token = Some(token));
    Ok(Reply::ok(json!({ ROOT: world.flows.get(call.id()).map(Flow::json) })))
}
