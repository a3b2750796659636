//! `/billing_requests` for mandates (gocardless sheet section 20). Instant payments, subscriptions
//! and instalments inside billing requests are not enabled for the emulated account.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::bank_details::{BANK_FIELDS, BankDetails};
use super::mandates::creditor_of;
use super::{Route, list, route};
use crate::gocardless::call::{Call, Reply};
use crate::gocardless::errors::ApiError;
use crate::gocardless::events::Actor;
use crate::gocardless::lifecycle::billing_request_event;
use crate::gocardless::paging::Filters;
use crate::gocardless::records::Names;
use crate::gocardless::records::billing::{BillingRequest, BillingStatus, MandateRequest};
use crate::gocardless::records::party::{BankAccount, CUSTOMER_TEXTS, Customer};
use crate::gocardless::schemes::{self, SCHEMES};
use crate::gocardless::validate::{Fields, Metadata};
use crate::gocardless::world::World;

const ROOT: &str = "billing_requests";

pub(super) const ROUTES: &[Route] = &[
    route("POST", "/billing_requests", create),
    route("GET", "/billing_requests", index),
    route("GET", "/billing_requests/:id", get),
    route("GET", "/billing_requests/:id/institutions", institutions),
    route("GET", "/institutions", institutions),
    route("POST", "/billing_requests/:id/actions/choose_currency", choose_currency),
    route("POST", "/billing_requests/:id/actions/collect_customer_details", collect_customer),
    route("POST", "/billing_requests/:id/actions/collect_bank_account", collect_bank_account),
    route("POST", "/billing_requests/:id/actions/confirm_payer_details", confirm),
    route("POST", "/billing_requests/:id/actions/fulfil", fulfil),
    route("POST", "/billing_requests/:id/actions/cancel", cancel),
    route("POST", "/billing_requests/:id/actions/notify", not_enabled),
    route("POST", "/billing_requests/:id/actions/fallback", not_enabled),
    route("POST", "/billing_requests/:id/actions/select_institution", not_enabled),
];

const CREATE_FIELDS: [&str; 10] = [
    "fallback_enabled",
    "instalment_schedule_request",
    "links",
    "mandate_request",
    "metadata",
    "payment_context_code",
    "payment_purpose_code",
    "payment_request",
    "purpose_code",
    "subscription_request",
];

const MANDATE_REQUEST_FIELDS: [&str; 12] = [
    "authorisation_source",
    "consent_type",
    "constraints",
    "currency",
    "description",
    "funds_settlement",
    "metadata",
    "payer_requested_dual_signature",
    "reference",
    "scheme",
    "sweeping",
    "verify",
];

/// `POST /billing_requests` (section 20).
fn create(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    world.create(call, ROOT, prepare, |world, call, new| Ok(commit(world, call, new)), show)
}

/// What a billing request is made of.
struct New {
    mandate_request: MandateRequest,
    metadata: Option<Metadata>,
    creditor: String,
    customer: Option<String>,
    account: Option<String>,
    fallback_enabled: bool,
}

fn prepare(world: &mut World, call: &Call<'_>) -> Result<New, ApiError> {
    let mut fields = Fields::open(&call.body, ROOT, &CREATE_FIELDS)?;
    let links = fields.links(&["creditor", "customer", "customer_bank_account"])?;
    let metadata = fields.metadata();
    let fallback_enabled = fields.boolean("fallback_enabled").unwrap_or(false);
    let other = ["payment_request", "subscription_request", "instalment_schedule_request"];
    let foreign = other.iter().any(|name| fields.raw(name).is_some());
    let request =
        fields.object("mandate_request", &MANDATE_REQUEST_FIELDS, read_mandate_request)?;
    if request.is_none() && !foreign {
        fields.refuse("mandate_request", "is required");
    }
    fields.finish()?;
    if foreign {
        let message = "Only mandate requests are enabled for this account";
        return Err(ApiError::usage(403, "feature_disabled", message));
    }
    let creditor = creditor_of(world, call, ROOT, &links)?;
    let customer = links.get("customer").cloned();
    if let Some(id) = &customer
        && world.customers.visible(&call.organisation, id).is_none()
    {
        return Err(ApiError::link_not_found(ROOT, "customer"));
    }
    let account = links.get("customer_bank_account").cloned();
    if let Some(id) = &account
        && world.customer_bank_accounts.visible(&call.organisation, id).is_none()
    {
        return Err(ApiError::link_not_found(ROOT, "customer_bank_account"));
    }
    let mandate_request = request.ok_or_else(ApiError::internal)?;
    Ok(New { mandate_request, metadata, creditor, customer, account, fallback_enabled })
}

fn read_mandate_request(fields: &mut Fields<'_>) -> MandateRequest {
    let names: Vec<&str> = SCHEMES.iter().map(|scheme| scheme.name).collect();
    let scheme = fields.choice("scheme", &names).and_then(|name| schemes::by_name(&name));
    let currency = fields.text("currency");
    if let Some(currency) = &currency {
        match schemes::by_currency(currency) {
            None => fields.refuse("currency", "is not supported"),
            Some(found) if scheme.is_some_and(|scheme| scheme.name != found.name) => {
                fields.refuse("currency", "does not match the scheme");
            }
            Some(_) => {}
        }
    }
    let levels = ["minimum", "recommended", "when_available", "always"];
    MandateRequest {
        id: String::new(),
        scheme: scheme.map(|scheme| scheme.name),
        currency: currency.or(scheme.map(|scheme| scheme.currency.to_owned())),
        description: fields.text("description"),
        reference: fields.text("reference"),
        verify: fields.choice("verify", &levels).unwrap_or_else(|| "recommended".to_owned()),
        authorisation_source: fields.choice("authorisation_source", &["web", "telephone", "paper"]),
        metadata: fields.metadata().unwrap_or_default(),
        mandate: None,
    }
}

fn commit(world: &mut World, call: &Call<'_>, new: New) -> String {
    let id = world.ids.id("BRQ");
    let account_owner = new
        .account
        .as_ref()
        .and_then(|id| world.customer_bank_accounts.get(id))
        .map(|account| account.owner.clone());
    let customer = new.customer.or(account_owner).unwrap_or_else(|| {
        let customer = world.ids.id("CU");
        let empty = Customer {
            id: customer.clone(),
            created_at: call.now,
            texts: BTreeMap::new(),
            metadata: Metadata::new(),
        };
        world.customers.insert(call.now, &call.organisation, &customer, &[], empty);
        customer
    });
    let known = world.customers.get(&customer).is_some_and(|it| !it.holder_name().is_empty());
    let mut mandate_request = new.mandate_request;
    mandate_request.id = world.ids.id("MRQ");
    let request = BillingRequest {
        id: id.clone(),
        created_at: call.now,
        status: BillingStatus::Pending,
        metadata: new.metadata,
        mandate_request,
        customer: customer.clone(),
        customer_billing_detail: world.ids.id("CBD"),
        creditor: new.creditor,
        organisation: call.organisation.clone(),
        customer_bank_account: new.account,
        customer_collected: known,
        confirmed: false,
        fallback_enabled: new.fallback_enabled,
    };
    world.billing_requests.insert(call.now, &call.organisation, &id, &[&customer], request);
    billing_request_event(world, call.now, &id, "created", Actor::Api, &Metadata::new());
    id
}

fn request_json(world: &World, request: &BillingRequest) -> Value {
    let customer = world.customers.get(&request.customer);
    let account = request.customer_bank_account.as_ref();
    let account = account.and_then(|id| world.customer_bank_accounts.get(id));
    let mut detail = json!({ "id": request.customer_billing_detail });
    for name in ["address_line1", "city", "postal_code", "region", "country_code"] {
        detail[name] = customer.and_then(|customer| customer.text(name)).into();
    }
    let resources = json!({
        "customer": customer.map(Customer::json),
        "customer_bank_account": account.map(BankAccount::json),
        "customer_billing_detail": detail,
    });
    let name = world.creditors.get(&request.creditor).map_or("", |it| it.name.as_str());
    request.json(name, resources)
}

fn show(world: &World, _: &Call<'_>, id: &str) -> Value {
    let request = world.billing_requests.get(id);
    json!({ ROOT: request.map(|request| request_json(world, request)) })
}

fn visible(world: &World, call: &Call<'_>) -> Result<BillingRequest, ApiError> {
    let found = world.billing_requests.visible(&call.organisation, call.id()).cloned();
    found.ok_or_else(ApiError::not_found)
}

/// The request of the path, if it can still be worked on.
fn open(world: &World, call: &Call<'_>) -> Result<BillingRequest, ApiError> {
    let request = visible(world, call)?;
    match request.status {
        BillingStatus::Pending | BillingStatus::ReadyToFulfil => Ok(request),
        BillingStatus::Fulfilled | BillingStatus::Cancelled => {
            Err(wrong_state(request.status.name()))
        }
    }
}

fn wrong_state(state: &str) -> ApiError {
    ApiError::state("invalid_state", format!("The billing request is {state}"))
}

/// `GET /billing_requests/:id` (section 20).
fn get(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    visible(world, call)?;
    Ok(Reply::ok(show(world, call, call.id())))
}

/// `GET /billing_requests` (section 3).
fn index(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let unknown = world.config.unknown_filters;
    let filters = Filters::read(&call.query, &["customer", "status"], &["created_at"], unknown)?;
    let created = filters.instants("created_at")?;
    let customer = filters.one("customer")?;
    let status = filters.many("status", BillingStatus::NAMES)?;
    let keep = |request: &BillingRequest| {
        created(request.created_at)
            && (status.is_empty() || status.contains(&request.status.name()))
    };
    let table = (&world.billing_requests, ROOT, customer);
    list(world, call, table, &filters, keep, |request| request_json(world, request))
}

/// `GET /institutions`: no open banking here.
fn institutions(_: &mut World, _: &Call<'_>) -> Result<Reply, ApiError> {
    Ok(Reply::ok(json!({ "institutions": [] })))
}

/// Actions of instant payments (section 20, table).
fn not_enabled(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    visible(world, call)?;
    let message = "This action is only available for instant payments";
    Err(ApiError::usage(403, "feature_disabled", message))
}

/// `…/actions/choose_currency` (section 20).
fn choose_currency(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let request = open(world, call)?;
    let mut fields = Fields::open(&call.body, "data", &["currency", "metadata"])?;
    let currency = fields.required_text("currency");
    let metadata = fields.metadata().unwrap_or_default();
    let scheme = currency.as_deref().and_then(schemes::by_currency);
    if scheme.is_none() && currency.is_some() {
        fields.refuse("currency", "is not supported");
    }
    fields.finish()?;
    if request.mandate_request.scheme.is_some() {
        return Err(wrong_state("locked to a scheme"));
    }
    world.billing_requests.edit(call.now, call.id(), |it| it.mandate_request.currency = currency);
    after_action(world, call, "choose_currency", &metadata)
}

/// `…/actions/collect_customer_details` (section 20).
fn collect_customer(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let request = open(world, call)?;
    let mut fields = Fields::open(&call.body, "data", &["customer", "customer_billing_detail"])?;
    let mut texts = BTreeMap::new();
    let mut metadata = None;
    let mut permitted = CUSTOMER_TEXTS.to_vec();
    permitted.extend(["metadata", "ip_address"]);
    for part in ["customer", "customer_billing_detail"] {
        fields.object(part, &permitted, |inner| {
            for name in CUSTOMER_TEXTS {
                if let Some(text) = inner.text(name) {
                    texts.insert(name, text);
                }
            }
            metadata = inner.metadata().or(metadata.take());
        })?;
    }
    fields.finish()?;
    world.customers.edit(call.now, &request.customer, |customer| {
        customer.texts.extend(texts);
        if let Some(metadata) = metadata {
            customer.metadata = metadata;
        }
    });
    let named =
        world.customers.get(&request.customer).is_some_and(|it| !it.holder_name().is_empty());
    world.billing_requests.edit(call.now, call.id(), |it| it.customer_collected = named);
    after_action(world, call, "collect_customer_details", &Metadata::new())
}

/// `…/actions/collect_bank_account` (section 20).
fn collect_bank_account(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let request = open(world, call)?;
    let mut permitted = BANK_FIELDS.to_vec();
    permitted.extend(["pay_id", "metadata"]);
    let mut fields = Fields::open(&call.body, "data", &permitted)?;
    let metadata = fields.metadata().unwrap_or_default();
    let details = BankDetails::read(&mut fields);
    if let (Some(details), Some(currency)) = (&details, &request.mandate_request.currency)
        && details.currency != *currency
    {
        fields.refuse("currency", format!("must be {currency}"));
    }
    fields.finish()?;
    let details = details.ok_or_else(ApiError::internal)?;
    world.billing_collect_account(call.now, call.id(), details, metadata.clone());
    after_action(world, call, "collect_bank_account", &metadata)
}

/// `…/actions/confirm_payer_details` (section 20): after both collections.
fn confirm(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let request = open(world, call)?;
    let fields = Fields::action(&call.body, &["metadata", "payer_requested_dual_signature"])?;
    let mut metadata = Metadata::new();
    if let Some(mut fields) = fields {
        fields.boolean("payer_requested_dual_signature");
        metadata = fields.metadata().unwrap_or_default();
        fields.finish()?;
    }
    if !request.customer_collected || request.customer_bank_account.is_none() {
        return Err(wrong_state("missing payer details"));
    }
    world.billing_requests.edit(call.now, call.id(), |it| it.confirmed = true);
    after_action(world, call, "payer_details_confirmed", &metadata)
}

/// `…/actions/fulfil` (section 20): only when ready.
fn fulfil(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let request = visible(world, call)?;
    let metadata = call.action_metadata()?;
    if request.status != BillingStatus::ReadyToFulfil {
        return Err(wrong_state(request.status.name()));
    }
    world.billing_fulfil(call.now, call.id(), Actor::Api, &metadata);
    Ok(Reply::ok(show(world, call, call.id())))
}

/// `…/actions/cancel` (section 20).
fn cancel(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let request = visible(world, call)?;
    let metadata = call.action_metadata()?;
    if open(world, call).is_err() {
        let message = format!("The billing request is {}", request.status.name());
        return Err(ApiError::state("cancellation_failed", message));
    }
    world.billing_requests.edit(call.now, call.id(), |it| it.status = BillingStatus::Cancelled);
    billing_request_event(world, call.now, call.id(), "cancelled", Actor::Api, &metadata);
    Ok(Reply::ok(show(world, call, call.id())))
}

fn after_action(
    world: &mut World,
    call: &Call<'_>,
    action: &'static str,
    metadata: &Metadata,
) -> Result<Reply, ApiError> {
    billing_request_event(world, call.now, call.id(), action, Actor::Api, metadata);
    world.billing_refresh(call.now, call.id());
    Ok(Reply::ok(show(world, call, call.id())))
}
