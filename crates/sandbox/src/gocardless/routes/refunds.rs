//! `/refunds` (gocardless sheet section 13).

use serde_json::{Value, json};

use super::{Route, list, route};
use crate::gocardless::call::{Call, Reply};
use crate::gocardless::errors::ApiError;
use crate::gocardless::events::Actor;
use crate::gocardless::paging::Filters;
use crate::gocardless::records::payment::{Payment, PaymentStatus};
use crate::gocardless::records::refund::{Refund, RefundStatus};
use crate::gocardless::time::{day, days_after};
use crate::gocardless::validate::{Fields, Metadata};
use crate::gocardless::world::World;

const ROOT: &str = "refunds";

pub(super) const ROUTES: &[Route] = &[
    route("POST", "/refunds", create),
    route("GET", "/refunds", index),
    route("GET", "/refunds/:id", get),
    route("PUT", "/refunds/:id", update),
];

/// What a refund is made of; validated.
#[derive(Debug, Clone)]
pub struct NewRefund {
    /// Minor units.
    pub amount: i64,
    /// The payment it refunds.
    pub payment: String,
    /// On the payer's statement.
    pub reference: Option<String>,
    /// Free texts of the merchant.
    pub metadata: Metadata,
}

/// `POST /refunds` (section 13).
fn create(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    world.create(
        call,
        ROOT,
        prepare,
        |world, call, new| {
            world.refund_new(call.now, new, Actor::Api).ok_or_else(ApiError::internal)
        },
        show,
    )
}

fn prepare(world: &mut World, call: &Call<'_>) -> Result<NewRefund, ApiError> {
    let permitted = ["amount", "links", "metadata", "reference", "total_amount_confirmation"];
    let mut fields = Fields::open(&call.body, ROOT, &permitted)?;
    let links = fields.links(&["payment", "mandate"])?;
    let amount = fields.required_integer("amount");
    let confirmation = fields.integer("total_amount_confirmation");
    let reference = fields.text("reference");
    let metadata = fields.metadata().unwrap_or_default();
    if amount.is_some_and(|amount| amount <= 0) {
        fields.refuse("amount", "must be greater than 0");
    }
    if links.len() != 1 {
        fields.refuse("links", "one of links.payment and links.mandate is required");
    }
    let payment =
        links.get("payment").and_then(|id| world.payments.visible(&call.organisation, id).cloned());
    if let Some(payment) = &payment {
        let length = reference.as_ref().map_or(0, |text| text.chars().count());
        if length > payment.scheme.reference_max {
            fields.refuse("reference", "is too long");
        }
        if confirmation.is_none() {
            fields.refuse("total_amount_confirmation", "is required");
        }
    }
    fields.finish()?;
    if links.contains_key("mandate") {
        let message = "Refunds on mandates are not enabled";
        return Err(ApiError::usage(403, "feature_disabled", message));
    }
    let Some(payment) = payment else { return Err(ApiError::link_not_found(ROOT, "payment")) };
    let new = NewRefund {
        amount: amount.unwrap_or_default(),
        payment: payment.id.clone(),
        reference,
        metadata,
    };
    world.refund_check(call.now, &new, &payment, confirmation)?;
    Ok(new)
}

impl World {
    /// The rules of section 13, for the API and the dashboard alike. `confirmation` is only
    /// compared when given (the API requires it before).
    ///
    /// # Errors
    /// 403 without the feature, 422 otherwise.
    pub fn refund_check(
        &self,
        now: jiff::Timestamp,
        new: &NewRefund,
        payment: &Payment,
        confirmation: Option<i64>,
    ) -> Result<(), ApiError> {
        let creditor = self.creditors.get(&payment.creditor).ok_or_else(ApiError::internal)?;
        if !creditor.can_create_refunds {
            return Err(ApiError::usage(403, "forbidden", "Refunds are not enabled"));
        }
        let collected = matches!(payment.status, PaymentStatus::Confirmed | PaymentStatus::PaidOut);
        let safe_from = days_after(payment.charge_date, i64::from(self.config.refund_safety_days));
        if !collected || day(now) < safe_from {
            let message = "Payment must be confirmed or paid out, and past the safety period";
            return Err(ApiError::state("refund_payment_invalid_state", message));
        }
        let total = payment.amount_refunded + new.amount;
        if confirmation.is_some_and(|confirmation| confirmation != total) {
            let message = format!("The total amount refunded would be {total}");
            return Err(ApiError::state("total_amount_confirmation_invalid", message));
        }
        if total > payment.amount {
            let message = "is greater than the payment's remaining amount";
            return Err(ApiError::validation(ROOT, "amount", message));
        }
        let balance = self.confirmed_balance(&creditor.id, payment.scheme.currency);
        if balance - new.amount < -creditor.negative_balance_limit {
            let message = "The available balance is not sufficient for this refund";
            return Err(ApiError::state("available_refund_amount_insufficient", message));
        }
        Ok(())
    }

    /// Makes a refund that was checked. Returns its id (nothing without the payment).
    pub fn refund_new(
        &mut self,
        now: jiff::Timestamp,
        new: NewRefund,
        actor: Actor,
    ) -> Option<String> {
        let payment = self.payments.get(&new.payment)?.clone();
        let id = self.ids.id("RF");
        let plan = self.plans.take_refund(&payment.id, &payment.mandate, &payment.customer);
        let refund = Refund {
            id: id.clone(),
            created_at: now,
            amount: new.amount,
            currency: payment.scheme.currency.to_owned(),
            reference: new.reference,
            status: RefundStatus::Created,
            payment: Some(payment.id),
            mandate: payment.mandate,
            creditor: payment.creditor,
            plan,
            settled: false,
            metadata: new.metadata,
            history: vec![(now, RefundStatus::Created)],
        };
        self.refund_add(now, refund, actor);
        Some(id)
    }
}

fn show(world: &World, _: &Call<'_>, id: &str) -> Value {
    json!({ ROOT: world.refunds.get(id).map(Refund::json) })
}

fn visible(world: &World, call: &Call<'_>) -> Result<(), ApiError> {
    let found = world.refunds.visible(&call.organisation, call.id());
    found.map(|_| ()).ok_or_else(ApiError::not_found)
}

/// `GET /refunds/:id` (section 13).
fn get(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    visible(world, call)?;
    Ok(Reply::ok(show(world, call, call.id())))
}

/// `GET /refunds`: an unknown payment is an empty list (section 3).
fn index(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let unknown = world.config.unknown_filters;
    let names = ["payment", "mandate", "refund_type"];
    let filters = Filters::read(&call.query, &names, &["created_at"], unknown)?;
    filters.exclusive(&["payment", "mandate"])?;
    let created = filters.instants("created_at")?;
    let owner = filters.one("payment")?.or(filters.one("mandate")?);
    let kind = filters.many("refund_type", &["payment", "mandate"])?;
    let on_mandates = kind == ["mandate"];
    let keep =
        |refund: &Refund| created(refund.created_at) && refund.payment.is_none() == on_mandates;
    list(world, call, (&world.refunds, ROOT, owner), &filters, keep, Refund::json)
}

/// `PUT /refunds/:id`: metadata only (section 13).
fn update(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    visible(world, call)?;
    if let Some(metadata) = call.put_metadata(ROOT)? {
        world.refunds.edit(call.now, call.id(), |refund| refund.metadata = metadata);
    }
    Ok(Reply::ok(show(world, call, call.id())))
}
