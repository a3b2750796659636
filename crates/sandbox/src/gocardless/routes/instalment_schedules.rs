//! `/instalment_schedules` (gocardless sheet section 12): all three forms of creation.

use jiff::civil::Date;
use serde_json::{Value, json};

use super::payments::{Checks, check_mandate};
use super::{Route, list, route};
use crate::gocardless::call::{Call, Reply};
use crate::gocardless::errors::ApiError;
use crate::gocardless::events::Actor;
use crate::gocardless::paging::{Filters, invalid};
use crate::gocardless::records::Names;
use crate::gocardless::records::payment::PaymentStatus;
use crate::gocardless::records::schedule::{
    Instalment, InstalmentSchedule, InstalmentStatus, IntervalUnit,
};
use crate::gocardless::time::{days_after, months_after};
use crate::gocardless::validate::{Fields, Metadata};
use crate::gocardless::world::World;

const ROOT: &str = "instalment_schedules";
/// Longest name.
const NAME_MAX: usize = 100;

pub(super) const ROUTES: &[Route] = &[
    route("POST", "/instalment_schedules", create),
    route("POST", "/instalment_schedules/create_with_dates", create),
    route("POST", "/instalment_schedules/create_with_schedule", create),
    route("GET", "/instalment_schedules", index),
    route("GET", "/instalment_schedules/:id", get),
    route("PUT", "/instalment_schedules/:id", update),
    route("POST", "/instalment_schedules/:id/actions/cancel", cancel),
];

const CREATE_FIELDS: [&str; 9] = [
    "app_fee",
    "currency",
    "instalments",
    "links",
    "metadata",
    "name",
    "payment_reference",
    "retry_if_possible",
    "total_amount",
];

/// `POST /instalment_schedules` and both newer paths (section 12).
fn create(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    world.create(
        call,
        ROOT,
        prepare,
        |world, call, mut schedule| {
            let id = world.ids.id("IS");
            schedule.id.clone_from(&id);
            world.instalments_add(call.now, schedule);
            Ok(id)
        },
        show,
    )
}

fn prepare(world: &mut World, call: &Call<'_>) -> Result<InstalmentSchedule, ApiError> {
    let mut fields = Fields::open(&call.body, ROOT, &CREATE_FIELDS)?;
    let links = fields.links(&["mandate"])?;
    let id = links.get("mandate").cloned().unwrap_or_default();
    if id.is_empty() {
        fields.refuse("links", "links.mandate is required");
    }
    let mandate = world.mandates.visible(&call.organisation, &id).cloned();
    let name = fields.required_text("name").unwrap_or_default();
    if name.chars().count() > NAME_MAX {
        fields.refuse("name", "is too long (maximum is 100 characters)");
    }
    let currency = fields.required_text("currency");
    let total_amount = fields.required_integer("total_amount");
    if fields.integer("app_fee").is_some() {
        fields.refuse("app_fee", "can only be set by partner applications");
    }
    let payment_reference = fields.text("payment_reference");
    let retry_if_possible = fields.boolean("retry_if_possible").unwrap_or(false);
    let metadata = fields.metadata().unwrap_or_default();
    let instalments = read_instalments(&mut fields, &name)?;
    let sum: i64 = instalments.iter().map(|instalment| instalment.amount).sum();
    if total_amount.is_some_and(|total| total != sum) {
        fields.refuse("total_amount", "must equal the sum of the instalments");
    }
    if let Some(mandate) = &mandate {
        let checks = Checks { world, call, scheme: mandate.scheme };
        checks.currency(&mut fields, currency.as_deref());
        checks.reference(&mut fields, "payment_reference", payment_reference.as_deref());
        for instalment in &instalments {
            checks.amount(&mut fields, "instalments", instalment.amount);
        }
    }
    fields.finish()?;
    let Some(mandate) = mandate else { return Err(ApiError::link_not_found(ROOT, "mandate")) };
    check_mandate(&mandate)?;
    Ok(InstalmentSchedule {
        id: String::new(),
        created_at: call.now,
        name,
        currency: currency.unwrap_or_default(),
        total_amount: sum,
        status: InstalmentStatus::Pending,
        instalments,
        payment_reference,
        retry_if_possible,
        payment_errors: json!({}),
        mandate: mandate.id,
        customer: mandate.customer,
        payments: Vec::new(),
        metadata,
    })
}

/// An array of dated instalments, or a rhythm with amounts.
fn read_instalments(fields: &mut Fields<'_>, name: &str) -> Result<Vec<Instalment>, ApiError> {
    if let Some(Value::Array(rows)) = fields.raw("instalments") {
        let mut instalments = Vec::new();
        for row in rows {
            let wrapped = json!({ "instalments": row });
            let permitted = ["amount", "charge_date", "description"];
            let mut inner = Fields::open(&wrapped, "instalments", &permitted)?;
            let (amount, charge_date) =
                (inner.required_integer("amount"), inner.date("charge_date"));
            let description = inner.text("description");
            if charge_date.is_none() {
                inner.refuse("charge_date", "is required");
            }
            inner.finish()?;
            if let (Some(amount), Some(charge_date)) = (amount, charge_date) {
                instalments.push(Instalment { amount, charge_date, description });
            }
        }
        return Ok(instalments);
    }
    let permitted = ["amounts", "interval", "interval_unit", "start_date"];
    let read = fields.object("instalments", &permitted, |inner| {
        let start = inner.date("start_date");
        let unit = inner.choice("interval_unit", IntervalUnit::NAMES);
        let interval = inner.required_integer("interval").unwrap_or(1).max(1);
        let amounts: Vec<i64> = inner
            .raw("amounts")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_i64)
            .collect();
        if start.is_none() {
            inner.refuse("start_date", "is required");
        }
        if amounts.is_empty() {
            inner.refuse("amounts", "can't be blank");
        }
        let unit = unit.as_deref().and_then(IntervalUnit::parse).unwrap_or(IntervalUnit::Monthly);
        (start, unit, interval, amounts)
    })?;
    let Some((Some(start), unit, interval, amounts)) = read else {
        if read.is_none() {
            fields.refuse("instalments", "is required");
        }
        return Ok(Vec::new());
    };
    let instalment = |(place, amount): (i64, i64)| Instalment {
        amount,
        charge_date: step(start, unit, interval * place),
        description: Some(name.to_owned()),
    };
    Ok((0..).zip(amounts).map(instalment).collect())
}

fn step(start: Date, unit: IntervalUnit, steps: i64) -> Date {
    match unit {
        IntervalUnit::Weekly => days_after(start, steps * 7),
        IntervalUnit::Monthly => months_after(start, steps),
        IntervalUnit::Yearly => months_after(start, steps * 12),
    }
}

fn show(world: &World, _: &Call<'_>, id: &str) -> Value {
    json!({ ROOT: world.instalment_schedules.get(id).map(InstalmentSchedule::json) })
}

fn visible<'w>(world: &'w World, call: &Call<'_>) -> Result<&'w InstalmentSchedule, ApiError> {
    let found = world.instalment_schedules.visible(&call.organisation, call.id());
    found.ok_or_else(ApiError::not_found)
}

/// `GET /instalment_schedules/:id` (section 12).
fn get(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    visible(world, call)?;
    Ok(Reply::ok(show(world, call, call.id())))
}

/// `GET /instalment_schedules` (section 3).
fn index(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let unknown = world.config.unknown_filters;
    let names = ["customer", "mandate", "status"];
    let filters = Filters::read(&call.query, &names, &["created_at"], unknown)?;
    let created = filters.instants("created_at")?;
    let owner = filters.one("mandate")?.or(filters.one("customer")?);
    let status = filters.many("status", InstalmentStatus::NAMES)?;
    if status.len() > 5 {
        return Err(invalid("at most five statuses"));
    }
    let keep = |schedule: &InstalmentSchedule| {
        created(schedule.created_at)
            && (status.is_empty() || status.contains(&schedule.status.name()))
    };
    let table = (&world.instalment_schedules, ROOT, owner);
    list(world, call, table, &filters, keep, InstalmentSchedule::json)
}

/// `PUT /instalment_schedules/:id`: metadata only (section 12).
fn update(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    visible(world, call)?;
    if let Some(metadata) = call.put_metadata(ROOT)? {
        world.instalment_schedules.edit(call.now, call.id(), |it| it.metadata = metadata);
    }
    Ok(Reply::ok(show(world, call, call.id())))
}

/// `…/actions/cancel`: with the payments that were not submitted (section 12).
fn cancel(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let schedule = visible(world, call)?;
    let (status, payments) = (schedule.status, schedule.payments.clone());
    call.action_metadata()?;
    if matches!(status, InstalmentStatus::Cancelled | InstalmentStatus::Completed) {
        let message = format!("The instalment schedule is {}", status.name());
        return Err(ApiError::state("cancellation_failed", message));
    }
    let cause = "instalment_schedule_cancelled";
    let (id, actor) = (call.id(), Actor::Api);
    let status = InstalmentStatus::Cancelled;
    world.instalments_become(call.now, id, status, "cancelled", actor, cause);
    for payment in payments {
        let cancellable = world
            .payments
            .get(&payment)
            .is_some_and(|payment| payment.status == PaymentStatus::PendingSubmission);
        if cancellable {
            world.payment_cancel(call.now, &payment, Actor::Api, cause, None, &Metadata::new());
        }
    }
    Ok(Reply::ok(show(world, call, call.id())))
}
