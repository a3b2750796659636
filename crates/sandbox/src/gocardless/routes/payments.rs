//! `/payments` (gocardless sheet section 10).

use jiff::civil::Date;
use serde_json::{Value, json};

use super::{Route, list, route};
use crate::gocardless::call::{Call, Reply};
use crate::gocardless::config::Limits;
use crate::gocardless::errors::ApiError;
use crate::gocardless::events::Actor;
use crate::gocardless::lifecycle::{NewPayment, RetryBy};
use crate::gocardless::paging::{Filters, page};
use crate::gocardless::records::Names;
use crate::gocardless::records::mandate::{Mandate, MandateStatus};
use crate::gocardless::records::payment::{Payment, PaymentStatus};
use crate::gocardless::schemes::Scheme;
use crate::gocardless::validate::Fields;
use crate::gocardless::world::World;

const ROOT: &str = "payments";

pub(super) const ROUTES: &[Route] = &[
    route("POST", "/payments", create),
    route("GET", "/payments", index),
    route("GET", "/payments/:id", get),
    route("PUT", "/payments/:id", update),
    route("POST", "/payments/:id/actions/cancel", cancel),
    route("POST", "/payments/:id/actions/retry", retry),
];

const CREATE_FIELDS: [&str; 11] = [
    "amount",
    "app_fee",
    "charge_date",
    "currency",
    "description",
    "faster_ach",
    "links",
    "metadata",
    "psu_interaction_type",
    "reference",
    "retry_if_possible",
];

/// `POST /payments` (section 10).
fn create(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    world.create(
        call,
        ROOT,
        prepare,
        |world, call, new| {
            check_unique_reference(world, &new)?;
            let made = world.payment_add(call.now, new, Actor::Api, "payment_created");
            made.ok_or_else(ApiError::internal)
        },
        show,
    )
}

fn prepare(world: &mut World, call: &Call<'_>) -> Result<NewPayment, ApiError> {
    let mut fields = Fields::open(&call.body, ROOT, &CREATE_FIELDS)?;
    let links = fields.links(&["mandate"])?;
    let mandate_id = links.get("mandate").cloned().unwrap_or_default();
    if mandate_id.is_empty() {
        fields.refuse("links", "links.mandate is required");
    }
    let mandate = world.mandates.visible(&call.organisation, &mandate_id).cloned();
    let amount = fields.required_integer("amount");
    let currency = fields.required_text("currency");
    let charge_date = fields.date("charge_date");
    if fields.integer("app_fee").is_some() {
        fields.refuse("app_fee", "can only be set by partner applications");
    }
    let new = NewPayment {
        amount: amount.unwrap_or_default(),
        charge_date,
        description: fields.text("description"),
        reference: fields.text("reference"),
        retry_if_possible: fields.boolean("retry_if_possible").unwrap_or(false),
        faster_ach: fields.boolean("faster_ach"),
        mandate: mandate_id,
        metadata: fields.metadata().unwrap_or_default(),
        ..NewPayment::default()
    };
    if let Some(mandate) = &mandate {
        let checks = Checks { world, call, scheme: mandate.scheme };
        if let Some(amount) = amount {
            checks.amount(&mut fields, "amount", amount);
        }
        checks.currency(&mut fields, currency.as_deref());
        checks.charge_date(&mut fields, mandate, new.charge_date);
        checks.reference(&mut fields, "reference", new.reference.as_deref());
        if new.faster_ach.is_some() && mandate.scheme.name != "ach" {
            fields.refuse("faster_ach", "can only be set for ACH payments");
        }
    }
    let length = new.description.as_ref().map_or(0, |text| text.chars().count());
    if world.config.description_max > 0 && length > world.config.description_max {
        fields.refuse("description", "is too long");
    }
    fields.finish()?;
    let Some(mandate) = mandate else { return Err(ApiError::link_not_found(ROOT, "mandate")) };
    check_mandate(&mandate)?;
    Ok(new)
}

/// Whether a payment may be created on a mandate (section 9, status table; section 30, item 9).
pub(super) fn check_mandate(mandate: &Mandate) -> Result<(), ApiError> {
    if let Some(new_mandate) = &mandate.new_mandate {
        let error = ApiError::state("mandate_replaced", "Mandate has been replaced");
        return Err(error.link("new_mandate", new_mandate));
    }
    if !mandate.status.usable() {
        let message = "Mandate is failed, cancelled or expired";
        return Err(ApiError::state("mandate_is_inactive", message));
    }
    Ok(())
}

/// The checks that payments, subscriptions and instalments share.
pub(super) struct Checks<'a> {
    /// The state.
    pub(super) world: &'a World,
    /// The request.
    pub(super) call: &'a Call<'a>,
    /// The mandate's scheme.
    pub(super) scheme: &'static Scheme,
}

impl Checks<'_> {
    /// Between the account's limits (section 6).
    pub(super) fn amount(&self, fields: &mut Fields<'_>, name: &str, amount: i64) {
        let default = Limits { min: self.scheme.amount_min, max: self.scheme.amount_max };
        let limits = self.world.config.limits.get(self.scheme.name).copied().unwrap_or(default);
        if amount <= 0 {
            fields.refuse(name, "must be greater than 0");
        } else if amount < limits.min {
            fields.refuse(name, format!("must be greater than or equal to {}", limits.min));
        } else if amount > limits.max {
            fields.refuse(name, format!("must be less than or equal to {}", limits.max));
        }
    }

    /// The scheme's currency (section 6).
    pub(super) fn currency(&self, fields: &mut Fields<'_>, currency: Option<&str>) {
        if currency.is_some_and(|currency| currency != self.scheme.currency) {
            let message = format!("must be {} for this mandate", self.scheme.currency);
            fields.refuse("currency", message);
        }
    }

    /// Not before the next possible charge date (section 10).
    pub(super) fn charge_date(
        &self,
        fields: &mut Fields<'_>,
        mandate: &Mandate,
        date: Option<Date>,
    ) {
        let earliest =
            self.scheme.earliest_charge(self.call.now, mandate.status == MandateStatus::Active);
        let rolled = date.map(|date| self.scheme.calendar.forward(date));
        if rolled.is_some_and(|rolled| rolled < earliest) {
            let message = "must be on or after mandate's next_possible_customer_charge_date";
            fields.refuse("charge_date", message);
        }
    }

    /// The scheme's length; none for PAD; Bacs by package (section 6).
    pub(super) fn reference(&self, fields: &mut Fields<'_>, name: &str, reference: Option<&str>) {
        let Some(reference) = reference else { return };
        let allowed = self.scheme.reference_max > 0
            && (self.scheme.name != "bacs" || self.world.config.bacs_references);
        if !allowed {
            fields.refuse(name, "can not be set for this scheme or package");
        } else if reference.chars().count() > self.scheme.reference_max {
            let message =
                format!("is too long (maximum is {} characters)", self.scheme.reference_max);
            fields.refuse(name, message);
        }
    }
}

/// BECS references are unique per merchant (section 6).
fn check_unique_reference(world: &World, new: &NewPayment) -> Result<(), ApiError> {
    let Some(mandate) = world.mandates.get(&new.mandate) else { return Ok(()) };
    let Some(reference) = new.reference.as_ref().filter(|_| mandate.scheme.name == "becs") else {
        return Ok(());
    };
    let taken = world.payments.owned_ids(&mandate.creditor).iter().any(|id| {
        world.payments.get(id).is_some_and(|payment| payment.reference.as_ref() == Some(reference))
    });
    if taken {
        return Err(ApiError::validation(ROOT, "reference", "has already been taken"));
    }
    Ok(())
}

fn show(world: &World, _: &Call<'_>, id: &str) -> Value {
    json!({ ROOT: world.payments.get(id).map(Payment::json) })
}

fn visible<'w>(world: &'w World, call: &Call<'_>) -> Result<&'w Payment, ApiError> {
    world.payments.visible(&call.organisation, call.id()).ok_or_else(ApiError::not_found)
}

/// `GET /payments/:id` (section 10).
fn get(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    visible(world, call)?;
    Ok(Reply::ok(show(world, call, call.id())))
}

/// `GET /payments` (section 3).
fn index(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let names = [
        "customer",
        "creditor",
        "mandate",
        "subscription",
        "status",
        "currency",
        "scheme",
        "sort_field",
        "sort_direction",
    ];
    let unknown = world.config.unknown_filters;
    let filters = Filters::read(&call.query, &names, &["created_at", "charge_date"], unknown)?;
    filters.exclusive(&["customer", "creditor"])?;
    let (created, charged) = (filters.instants("created_at")?, filters.days("charge_date")?);
    let (customer, creditor) = (filters.one("customer")?, filters.one("creditor")?);
    let (mandate, subscription) = (filters.one("mandate")?, filters.one("subscription")?);
    let owner = mandate.or(subscription).or(customer).or(creditor);
    let status = filters.one("status")?;
    filters.many("status", PaymentStatus::NAMES)?;
    let (currency, scheme) = (filters.one("currency")?, filters.one("scheme")?);
    let keep = |payment: &Payment| {
        created(payment.created_at)
            && charged(payment.charge_date)
            && customer.is_none_or(|id| payment.customer == id)
            && creditor.is_none_or(|id| payment.creditor == id)
            && mandate.is_none_or(|id| payment.mandate == id)
            && subscription.is_none_or(|id| payment.subscription.as_deref() == Some(id))
            && status.is_none_or(|name| payment.status.name() == name)
            && currency.is_none_or(|name| payment.scheme.currency == name)
            && scheme.is_none_or(|name| payment.scheme.name == name)
    };
    let sorted = filters.many("sort_field", &["charge_date", "amount"])?;
    let direction = filters.many("sort_direction", &["asc", "desc"])?;
    let Some(field) = sorted.first() else {
        return list(world, call, (&world.payments, ROOT, owner), &filters, keep, Payment::json);
    };
    let mut rows = world.payments.listed(&call.organisation, world.list_time(call.now), owner);
    rows.retain(|(_, _, payment)| keep(payment));
    match *field {
        "amount" => rows.sort_by_key(|(_, _, payment)| payment.amount),
        _ => rows.sort_by_key(|(_, _, payment)| payment.charge_date),
    }
    if direction != ["asc"] {
        rows.reverse();
    }
    Ok(Reply::ok(page(&rows, &filters.page, ROOT, |_| None, |payment| payment.json())?))
}

/// `PUT /payments/:id`: metadata, and automatic retries on or off (section 10).
fn update(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    visible(world, call)?;
    let mut fields = Fields::open(&call.body, ROOT, &["metadata", "retry_if_possible"])?;
    let (metadata, retry) = (fields.metadata(), fields.boolean("retry_if_possible"));
    fields.finish()?;
    world.payments.edit(call.now, call.id(), |payment| {
        if let Some(metadata) = metadata {
            payment.metadata = metadata;
        }
        payment.retry_if_possible = retry.unwrap_or(payment.retry_if_possible);
    });
    Ok(Reply::ok(show(world, call, call.id())))
}

/// `POST …/actions/cancel`: only while pending submission (section 10).
fn cancel(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let status = visible(world, call)?.status;
    let metadata = call.action_metadata()?;
    if status != PaymentStatus::PendingSubmission {
        let message = format!("Payment can not be cancelled: it is {}", status.name());
        return Err(ApiError::state("cancellation_failed", message));
    }
    world.payment_cancel(call.now, call.id(), Actor::Api, "payment_cancelled", None, &metadata);
    Ok(Reply::ok(show(world, call, call.id())))
}

/// `POST …/actions/retry`: a failed payment on a usable mandate, at most three times
/// (section 10).
fn retry(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let payment = visible(world, call)?;
    let (status, retries, scheme) = (payment.status, payment.retries, payment.scheme);
    let mandate = world.mandates.get(&payment.mandate).cloned();
    let mut charge_date = None;
    let mut metadata = crate::gocardless::validate::Metadata::new();
    if let Some(mut fields) = Fields::action(&call.body, &["charge_date", "metadata"])? {
        charge_date = fields.date("charge_date");
        metadata = fields.metadata().unwrap_or_default();
        if let Some(mandate) = &mandate {
            Checks { world, call, scheme }.charge_date(&mut fields, mandate, charge_date);
        }
        fields.finish()?;
    }
    let refuse = |message: &str| Err(ApiError::state("retry_failed", message));
    if status != PaymentStatus::Failed {
        return refuse("Payment can not be retried: it has not failed");
    }
    if !mandate.is_some_and(|mandate| mandate.status.usable()) {
        return refuse("Payment can not be retried: its mandate is not active");
    }
    if retries >= world.config.retries_max {
        return refuse("Payment can not be retried: too many retries");
    }
    world.payment_retry(call.now, call.id(), RetryBy::Api, charge_date, &metadata);
    Ok(Reply::ok(show(world, call, call.id())))
}
