//! `/mandates` (gocardless sheet section 9).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Route, list, route};
use crate::gocardless::call::{Call, Reply};
use crate::gocardless::errors::ApiError;
use crate::gocardless::events::Actor;
use crate::gocardless::paging::Filters;
use crate::gocardless::records::Names;
use crate::gocardless::records::mandate::{Mandate, MandateStatus};
use crate::gocardless::schemes::{self, SCHEMES, Scheme};
use crate::gocardless::validate::{Fields, Metadata};
use crate::gocardless::world::World;

const ROOT: &str = "mandates";
/// Most reinstatements of one mandate.
const REINSTATEMENTS_MAX: u32 = 10;
/// Longest reference of a mandate (Bacs prints 18 characters).
const REFERENCE_MAX: usize = 18;

pub(super) const ROUTES: &[Route] = &[
    route("POST", "/mandates", create),
    route("GET", "/mandates", index),
    route("GET", "/mandates/:id", get),
    route("PUT", "/mandates/:id", update),
    route("POST", "/mandates/:id/actions/cancel", cancel),
    route("POST", "/mandates/:id/actions/reinstate", reinstate),
];

/// What a mandate is made of.
#[derive(Debug, Clone, Default)]
pub struct NewMandate {
    /// Chosen id (seeds), else a new one.
    pub id: Option<String>,
    /// Account that is debited.
    pub account: String,
    /// Who collects.
    pub creditor: String,
    /// Reference, else a new one.
    pub reference: Option<String>,
    /// ACH only.
    pub authorisation_source: Option<String>,
    /// The payer approves it first.
    pub needs_approval: bool,
    /// Free texts of the merchant.
    pub metadata: Metadata,
}

/// `POST /mandates` (section 9).
fn create(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    world.create(call, ROOT, prepare, commit, show)
}

fn commit(world: &mut World, call: &Call<'_>, new: NewMandate) -> Result<String, ApiError> {
    world.mandate_new(call.now, new, Actor::Api).ok_or_else(ApiError::internal)
}

fn prepare(world: &mut World, call: &Call<'_>) -> Result<NewMandate, ApiError> {
    let permitted =
        ["authorisation_source", "links", "metadata", "payer_ip_address", "reference", "scheme"];
    let mut fields = Fields::open(&call.body, ROOT, &permitted)?;
    let links = fields.links(&["customer_bank_account", "creditor"])?;
    let metadata = fields.metadata().unwrap_or_default();
    let names: Vec<&str> = SCHEMES.iter().map(|scheme| scheme.name).collect();
    let wanted = fields.choice("scheme", &names);
    let reference = fields.text("reference");
    let source = fields.choice("authorisation_source", &["web", "telephone", "paper"]);
    let ip_address = fields.text("payer_ip_address");
    if !links.contains_key("customer_bank_account") {
        fields.refuse("links", "links.customer_bank_account is required");
    }
    if reference.as_ref().is_some_and(|text| text.chars().count() > REFERENCE_MAX) {
        fields.refuse("reference", "is too long");
    }
    let account = links.get("customer_bank_account").cloned().unwrap_or_default();
    let scheme = world
        .customer_bank_accounts
        .visible(&call.organisation, &account)
        .and_then(|account| schemes::by_currency(&account.currency));
    let country = world
        .customer_bank_accounts
        .visible(&call.organisation, &account)
        .map(|account| account.country_code.clone());
    if let Some(scheme) = scheme {
        let other = wanted.as_ref().is_some_and(|wanted| scheme.name != wanted);
        if other || country.is_some_and(|country| !scheme.reaches(&country)) {
            fields.refuse("scheme", "is not available for this bank account");
        }
    }
    let on_line = !matches!(source.as_deref(), Some("telephone" | "paper"));
    if scheme.is_some_and(|scheme| scheme.name == "ach") && on_line && ip_address.is_none() {
        fields.refuse("payer_ip_address", "is required");
    }
    fields.finish()?;
    let found = world.customer_bank_accounts.visible(&call.organisation, &account);
    let Some(found) = found else {
        return Err(ApiError::link_not_found(ROOT, "customer_bank_account"));
    };
    if !found.enabled {
        return Err(ApiError::state("bank_account_disabled", "The bank account is disabled"));
    }
    if scheme.is_none() {
        return Err(ApiError::validation(ROOT, "scheme", "can't be blank"));
    }
    if world.customers.visible(&call.organisation, &found.owner).is_none() {
        let message = "This customer data has been removed";
        return Err(ApiError::state("customer_data_removed", message));
    }
    let creditor = creditor_of(world, call, ROOT, &links)?;
    Ok(NewMandate {
        account,
        creditor,
        reference,
        authorisation_source: source,
        metadata,
        ..NewMandate::default()
    })
}

/// The creditor of a request: named, or the only one.
pub(super) fn creditor_of(
    world: &World,
    call: &Call<'_>,
    root: &'static str,
    links: &BTreeMap<String, String>,
) -> Result<String, ApiError> {
    match links.get("creditor") {
        Some(creditor) if world.creditors.visible(&call.organisation, creditor).is_some() => {
            Ok(creditor.clone())
        }
        Some(_) => Err(ApiError::link_not_found(root, "creditor")),
        None if world.creditor_count(&call.organisation) > 1 => {
            Err(ApiError::validation(root, "links.creditor", "must be set: there are several"))
        }
        None => world
            .default_creditor(&call.organisation)
            .ok_or_else(|| ApiError::link_not_found(root, "creditor")),
    }
}

fn show(world: &World, call: &Call<'_>, id: &str) -> Value {
    json!({ ROOT: world.mandates.get(id).map(|mandate| mandate.json(call.now)) })
}

fn visible<'w>(world: &'w World, call: &Call<'_>) -> Result<&'w Mandate, ApiError> {
    world.mandates.visible(&call.organisation, call.id()).ok_or_else(ApiError::not_found)
}

/// `GET /mandates/:id`: the next possible charge date is computed on read (section 9).
fn get(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    visible(world, call)?;
    Ok(Reply::ok(show(world, call, call.id())))
}

/// `GET /mandates`: the three owner filters exclude each other (section 3).
fn index(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let owners = ["creditor", "customer", "customer_bank_account"];
    let names = [&owners[..], &["reference", "scheme", "status", "mandate_type"]].concat();
    let unknown = world.config.unknown_filters;
    let filters = Filters::read(&call.query, &names, &["created_at"], unknown)?;
    filters.exclusive(&owners)?;
    let created = filters.instants("created_at")?;
    let mut owner = None;
    for name in owners {
        owner = owner.or(filters.one(name)?);
    }
    let reference = filters.one("reference")?;
    let scheme = filters.many("scheme", &[])?;
    let status = filters.many("status", MandateStatus::NAMES)?;
    let kind = filters.many("mandate_type", &[])?;
    let account = filters.one("customer_bank_account")?;
    let keep = |mandate: &Mandate| {
        created(mandate.created_at)
            && account.is_none_or(|id| mandate.customer_bank_account == id)
            && reference.is_none_or(|wanted| mandate.reference == wanted)
            && (scheme.is_empty() || scheme.contains(&mandate.scheme.name))
            && (status.is_empty() || status.contains(&mandate.status.name()))
            && (kind.is_empty() || kind.contains(&"bank_debit"))
    };
    let now = call.now;
    list(world, call, (&world.mandates, ROOT, owner), &filters, keep, |it| it.json(now))
}

/// `PUT /mandates/:id`: metadata only (section 9).
fn update(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    visible(world, call)?;
    if let Some(metadata) = call.put_metadata(ROOT)? {
        world.mandates.edit(call.now, call.id(), |mandate| mandate.metadata = metadata);
    }
    Ok(Reply::ok(show(world, call, call.id())))
}

/// `POST …/actions/cancel`: with its cancellable payments, at once (section 9).
fn cancel(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let status = visible(world, call)?.status;
    let metadata = call.action_metadata()?;
    if !status.usable() && status != MandateStatus::SuspendedByPayer {
        let message = format!("Mandate can not be cancelled: it is {}", status.name());
        return Err(ApiError::state("cancellation_failed", message));
    }
    let (id, cause) = (call.id(), "mandate_cancelled");
    world.mandate_end(call.now, id, MandateStatus::Cancelled, Actor::Api, cause, &metadata);
    Ok(Reply::ok(show(world, call, id)))
}

/// `POST …/actions/reinstate`: cancelled or expired mandates, at most ten times (section 9).
fn reinstate(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let mandate = visible(world, call)?;
    let (status, times) = (mandate.status, mandate.reinstatements);
    let replaced = mandate.new_mandate.clone();
    let metadata = call.action_metadata()?;
    if let Some(new_mandate) = replaced {
        let error = ApiError::state("mandate_replaced", "Mandate has been replaced");
        return Err(error.link("new_mandate", &new_mandate));
    }
    let ended = matches!(status, MandateStatus::Cancelled | MandateStatus::Expired);
    if !ended || times >= REINSTATEMENTS_MAX {
        return Err(ApiError::state("mandate_not_inactive", "Mandate can not be reinstated"));
    }
    world.mandate_reinstate(call.now, call.id(), Actor::Api, &metadata);
    Ok(Reply::ok(show(world, call, call.id())))
}

impl World {
    /// Makes a mandate on a bank account. Returns its id (nothing if no scheme fits).
    pub fn mandate_new(&mut self, now: Timestamp, new: NewMandate, actor: Actor) -> Option<String> {
        let mandate = self.mandate_build(now, new)?;
        let id = mandate.id.clone();
        self.mandate_add(now, mandate, actor);
        Some(id)
    }

    /// The mandate as it would be made, not added yet.
    pub fn mandate_build(&mut self, now: Timestamp, new: NewMandate) -> Option<Mandate> {
        let account = self.customer_bank_accounts.get(&new.account)?.clone();
        let scheme: &'static Scheme = schemes::by_currency(&account.currency)?;
        let id = new.id.unwrap_or_else(|| self.ids.id("MD"));
        let reference = new.reference.unwrap_or_else(|| self.ids.text(8));
        let status = if new.needs_approval {
            MandateStatus::PendingCustomerApproval
        } else {
            MandateStatus::PendingSubmission
        };
        Some(Mandate {
            id,
            created_at: now,
            reference,
            status,
            scheme,
            customer: account.owner,
            customer_bank_account: new.account,
            creditor: new.creditor,
            new_mandate: None,
            payments_require_approval: false,
            authorisation_source: new
                .authorisation_source
                .or((scheme.name == "ach").then(|| "web".to_owned())),
            reinstatements: 0,
            last_used_at: now,
            metadata: new.metadata,
            history: vec![(now, status)],
        })
    }
}
