//! `/webhooks`: what was sent and what came back (gocardless sheet section 19).

use serde_json::json;

use super::{Route, list, route};
use crate::gocardless::call::{Call, Reply};
use crate::gocardless::errors::ApiError;
use crate::gocardless::paging::Filters;
use crate::gocardless::records::event::{Webhook, WebhookState};
use crate::gocardless::world::World;

const ROOT: &str = "webhooks";

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/webhooks", index),
    route("GET", "/webhooks/:id", get),
    route("POST", "/webhooks/:id/actions/retry", retry),
];

fn visible<'w>(world: &'w World, call: &Call<'_>) -> Result<&'w Webhook, ApiError> {
    world.webhooks.visible(&call.organisation, call.id()).ok_or_else(ApiError::not_found)
}

/// `GET /webhooks/:id` (section 19).
fn get(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    Ok(Reply::ok(json!({ ROOT: visible(world, call)?.json() })))
}

/// `GET /webhooks` (section 3).
fn index(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let unknown = world.config.unknown_filters;
    let filters = Filters::read(&call.query, &["is_test", "successful"], &["created_at"], unknown)?;
    let created = filters.instants("created_at")?;
    let (test, successful) = (filters.boolean("is_test")?, filters.boolean("successful")?);
    let keep = |webhook: &Webhook| {
        let succeeded = webhook.state == WebhookState::Succeeded;
        created(webhook.created_at)
            && test != Some(true)
            && successful.is_none_or(|wanted| succeeded == wanted)
    };
    list(world, call, (&world.webhooks, ROOT, None), &filters, keep, Webhook::json)
}

/// `POST …/actions/retry`: once more, at once (section 19).
fn retry(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    visible(world, call)?;
    call.action_metadata()?;
    world.webhook_retry(call.now, call.id());
    get(world, call)
}
