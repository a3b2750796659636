//! `/subscriptions` (gocardless sheet section 11).

use jiff::civil::Date;
use serde_json::{Value, json};

use super::payments::{Checks, check_mandate};
use super::{Route, list, route};
use crate::gocardless::call::{Call, Reply};
use crate::gocardless::errors::ApiError;
use crate::gocardless::events::Actor;
use crate::gocardless::paging::{Filters, invalid};
use crate::gocardless::records::Names;
use crate::gocardless::records::mandate::{Mandate, MandateStatus};
use crate::gocardless::records::schedule::{IntervalUnit, Subscription, SubscriptionStatus};
use crate::gocardless::time::{days_after, months_after};
use crate::gocardless::validate::Fields;
use crate::gocardless::world::World;

const ROOT: &str = "subscriptions";
/// Most amount changes.
const AMENDMENTS_MAX: u32 = 10;
/// Longest name.
const NAME_MAX: usize = 255;
/// Most statuses in one filter.
const STATUSES_MAX: usize = 5;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const CREATE_FIELDS: [&str; 15] = [
    "amount",
    "app_fee",
    "count",
    "currency",
    "day_of_month",
    "end_date",
    "interval",
    "interval_unit",
    "links",
    "metadata",
    "month",
    "name",
    "payment_reference",
    "retry_if_possible",
    "start_date",
];

pub(super) const ROUTES: &[Route] = &[
    route("POST", "/subscriptions", create),
    route("GET", "/subscriptions", index),
    route("GET", "/subscriptions/:id", get),
    route("PUT", "/subscriptions/:id", update),
    route("POST", "/subscriptions/:id/actions/pause", pause),
    route("POST", "/subscriptions/:id/actions/resume", resume),
    route("POST", "/subscriptions/:id/actions/cancel", cancel),
];

/// `POST /subscriptions` (section 11).
fn create(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    world.create(
        call,
        ROOT,
        prepare,
        |world, call, mut subscription| {
            let id = world.ids.id("SB");
            subscription.id.clone_from(&id);
            world.subscription_add(call.now, subscription);
            Ok(id)
        },
        show,
    )
}

fn prepare(world: &mut World, call: &Call<'_>) -> Result<Subscription, ApiError> {
    let mut fields = Fields::open(&call.body, ROOT, &CREATE_FIELDS)?;
    let links = fields.links(&["mandate"])?;
    let id = links.get("mandate").cloned().unwrap_or_default();
    if id.is_empty() {
        fields.refuse("links", "links.mandate is required");
    }
    let mandate = world.mandates.visible(&call.organisation, &id).cloned();
    let amount = fields.required_integer("amount");
    let currency = fields.required_text("currency");
    let start_date = fields.date("start_date");
    let reference = fields.text("payment_reference");
    if let Some(mandate) = &mandate {
        let checks = Checks { world, call, scheme: mandate.scheme };
        if let Some(amount) = amount {
            checks.amount(&mut fields, "amount", amount);
        }
        checks.currency(&mut fields, currency.as_deref());
        checks.reference(&mut fields, "payment_reference", reference.as_deref());
        let earliest = earliest(mandate, call);
        if start_date.is_some_and(|date| mandate.scheme.calendar.forward(date) < earliest) {
            fields.refuse("start_date", "must be on or after the next possible charge date");
        }
    }
    let cycle = read_cycle(&mut fields);
    let name = fields.text("name");
    if name.as_ref().is_some_and(|name| name.chars().count() > NAME_MAX) {
        fields.refuse("name", "is too long (maximum is 255 characters)");
    }
    if fields.integer("app_fee").is_some() {
        fields.refuse("app_fee", "can only be set by partner applications");
    }
    let retry_if_possible = fields.boolean("retry_if_possible").unwrap_or(false);
    let end_date = fields.date("end_date");
    let metadata = fields.metadata().unwrap_or_default();
    fields.finish()?;
    let Some(mandate) = mandate else { return Err(ApiError::link_not_found(ROOT, "mandate")) };
    check_mandate(&mandate)?;
    let start_date = start_date.unwrap_or_else(|| first_date(earliest(&mandate, call), &cycle));
    let status = if mandate.status == MandateStatus::PendingCustomerApproval {
        SubscriptionStatus::PendingCustomerApproval
    } else {
        SubscriptionStatus::Active
    };
    let mut subscription = Subscription {
        id: String::new(),
        created_at: call.now,
        amount: amount.unwrap_or_default(),
        currency: currency.unwrap_or_default(),
        status,
        name,
        upcoming: Vec::new(),
        start_date,
        end_date: None,
        interval: cycle.interval,
        interval_unit: cycle.unit,
        day_of_month: cycle.day_of_month,
        month: cycle.month,
        count: cycle.count,
        position: 0,
        payment_reference: reference,
        retry_if_possible,
        amendments: 0,
        pause_cycles: None,
        mandate: mandate.id,
        metadata,
    };
    end_after(&mut subscription, end_date);
    Ok(subscription)
}

fn earliest(mandate: &Mandate, call: &Call<'_>) -> Date {
    mandate.scheme.earliest_charge(call.now, mandate.status == MandateStatus::Active)
}

/// The rhythm of a subscription.
struct Cycle {
    interval: i64,
    unit: IntervalUnit,
    day_of_month: Option<i64>,
    month: Option<String>,
    count: Option<i64>,
}

/// Section 11: day and month only where the unit allows them, at least one charge a year.
fn read_cycle(fields: &mut Fields<'_>) -> Cycle {
    let name = fields.required_text("interval_unit");
    let unit = name.as_deref().and_then(IntervalUnit::parse);
    if name.is_some() && unit.is_none() {
        fields.refuse("interval_unit", "must be weekly, monthly or yearly");
    }
    let unit = unit.unwrap_or(IntervalUnit::Monthly);
    let interval = fields.integer("interval").unwrap_or(1);
    let most = match unit {
        IntervalUnit::Weekly => 52,
        IntervalUnit::Monthly => 12,
        IntervalUnit::Yearly => 1,
    };
    if !(1..=most).contains(&interval) {
        fields.refuse("interval", "must result in at least one charge per year");
    }
    let day_of_month = fields.integer("day_of_month");
    if day_of_month.is_some_and(|day| day != -1 && !(1..=28).contains(&day)) {
        fields.refuse("day_of_month", "must be between 1 and 28, or -1");
    }
    let month = fields.choice("month", &MONTHS);
    match unit {
        IntervalUnit::Yearly if day_of_month.is_some() != month.is_some() => {
            fields.refuse("month", "must be set together with day_of_month");
        }
        IntervalUnit::Monthly if month.is_some() => {
            fields.refuse("month", "must not be set for a monthly subscription");
        }
        IntervalUnit::Weekly if month.is_some() || day_of_month.is_some() => {
            fields.refuse("day_of_month", "must not be set for a weekly subscription");
        }
        IntervalUnit::Weekly | IntervalUnit::Monthly | IntervalUnit::Yearly => {}
    }
    let count = fields.integer("count");
    if count.is_some_and(|count| count < 1) {
        fields.refuse("count", "must be greater than or equal to 1");
    }
    Cycle { interval: interval.max(1), unit, day_of_month, month, count }
}

/// The first date that fits day and month (section 11, start_date).
fn first_date(earliest: Date, cycle: &Cycle) -> Date {
    let month = cycle.month.as_ref().and_then(|name| MONTHS.iter().position(|it| it == name));
    let month = month.and_then(|place| i8::try_from(place + 1).ok());
    let mut candidate = earliest.first_of_month();
    for _ in 0..=12 {
        let day = match cycle.day_of_month {
            Some(-1) => candidate.last_of_month(),
            Some(day) => days_after(candidate, day - 1),
            None => return earliest,
        };
        if day >= earliest && month.is_none_or(|month| month == day.month()) {
            return day;
        }
        candidate = months_after(candidate, 1);
    }
    earliest
}

/// Number of payments and last date belong together; the deprecated `end_date` gives the number.
fn end_after(subscription: &mut Subscription, end_date: Option<Date>) {
    use crate::gocardless::lifecycle::next_nominal_date;
    if let (None, Some(end_date)) = (subscription.count, end_date) {
        let mut count = 0;
        while next_nominal_date(subscription, count) <= end_date {
            count += 1;
        }
        subscription.count = Some(count);
    }
    subscription.end_date =
        subscription.count.map(|count| next_nominal_date(subscription, (count - 1).max(0)));
}

fn show(world: &World, _: &Call<'_>, id: &str) -> Value {
    let subscription = world.subscriptions.get(id);
    json!({ ROOT: subscription.map(|subscription| world.subscription_json(subscription)) })
}

fn visible<'w>(world: &'w World, call: &Call<'_>) -> Result<&'w Subscription, ApiError> {
    world.subscriptions.visible(&call.organisation, call.id()).ok_or_else(ApiError::not_found)
}

/// `GET /subscriptions/:id` (section 11).
fn get(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    visible(world, call)?;
    Ok(Reply::ok(show(world, call, call.id())))
}

/// `GET /subscriptions` (section 3); those of removed customers are left out (section 7).
fn index(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let unknown = world.config.unknown_filters;
    let names = ["customer", "mandate", "status"];
    let filters = Filters::read(&call.query, &names, &["created_at"], unknown)?;
    let created = filters.instants("created_at")?;
    let owner = filters.one("mandate")?.or(filters.one("customer")?);
    let status = filters.many("status", SubscriptionStatus::NAMES)?;
    if status.len() > STATUSES_MAX {
        return Err(invalid("at most five statuses"));
    }
    let keep = |subscription: &Subscription| {
        created(subscription.created_at)
            && (status.is_empty() || status.contains(&subscription.status.name()))
            && world.mandates.get(&subscription.mandate).is_some_and(|mandate| {
                world.customers.visible(&call.organisation, &mandate.customer).is_some()
            })
    };
    let table = (&world.subscriptions, ROOT, owner);
    list(world, call, table, &filters, keep, |it| world.subscription_json(it))
}

/// `PUT /subscriptions/:id` (section 11).
fn update(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let found = visible(world, call)?.clone();
    let permitted =
        ["amount", "app_fee", "metadata", "name", "payment_reference", "retry_if_possible"];
    let mut fields = Fields::open(&call.body, ROOT, &permitted)?;
    let amount = fields.integer("amount");
    let (name, reference) = (fields.text("name"), fields.text("payment_reference"));
    let (retry, metadata) = (fields.boolean("retry_if_possible"), fields.metadata());
    if fields.integer("app_fee").is_some() {
        fields.refuse("app_fee", "can only be set by partner applications");
    }
    let mandate = world.mandates.get(&found.mandate).cloned();
    if let (Some(mandate), Some(amount)) = (&mandate, amount) {
        Checks { world, call, scheme: mandate.scheme }.amount(&mut fields, "amount", amount);
    }
    fields.finish()?;
    let ended = |reason, message: &str| Err(ApiError::state(reason, message));
    match found.status {
        SubscriptionStatus::Finished | SubscriptionStatus::Cancelled => {
            return ended("subscription_already_ended", "The subscription has ended");
        }
        SubscriptionStatus::CustomerApprovalDenied => {
            return ended("subscription_not_active", "The subscription is not active");
        }
        SubscriptionStatus::PendingCustomerApproval
        | SubscriptionStatus::Active
        | SubscriptionStatus::Paused => {}
    }
    let changed = amount.filter(|amount| *amount != found.amount);
    if changed.is_some() && mandate.is_some_and(|mandate| mandate.payments_require_approval) {
        let message = "The payments of this mandate require approval";
        return ended("mandate_payments_require_approval", message);
    }
    if changed.is_some() && found.amendments >= AMENDMENTS_MAX {
        let message = "The amount was changed ten times already";
        return ended("number_of_subscription_amendments_exceeded", message);
    }
    world.subscriptions.edit(call.now, call.id(), |subscription| {
        if let Some(amount) = changed {
            subscription.amount = amount;
            subscription.amendments += 1;
        }
        subscription.name = name.or(subscription.name.take());
        subscription.payment_reference = reference.or(subscription.payment_reference.take());
        subscription.retry_if_possible = retry.unwrap_or(subscription.retry_if_possible);
        subscription.metadata = metadata.unwrap_or_else(|| subscription.metadata.clone());
    });
    let cause = "subscription_amended";
    world.subscription_event(call.now, call.id(), "amended", Actor::Api, cause, |draft| draft);
    Ok(Reply::ok(show(world, call, call.id())))
}

/// `…/actions/pause` (section 11): for some cycles, or until resumed.
fn pause(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let status = visible(world, call)?.status;
    let mut cycles = None;
    let mut metadata = crate::gocardless::validate::Metadata::new();
    if let Some(mut fields) = Fields::action(&call.body, &["pause_cycles", "metadata"])? {
        cycles = fields.integer("pause_cycles");
        metadata = fields.metadata().unwrap_or_default();
        fields.finish()?;
    }
    if status == SubscriptionStatus::Paused {
        let message = "The subscription is paused already";
        return Err(ApiError::state("subscription_paused_cannot_update_cycles", message));
    }
    if status != SubscriptionStatus::Active {
        let message = "Only an active subscription can be paused";
        return Err(ApiError::state("subscription_cannot_be_paused", message));
    }
    if cycles.is_some_and(|cycles| cycles < 1) {
        let reason = "pause_cycles_must_be_greater_than_or_equal_to";
        return Err(ApiError::state(reason, "pause_cycles must be at least 1"));
    }
    world.subscriptions.edit(call.now, call.id(), |subscription| {
        subscription.status = SubscriptionStatus::Paused;
        subscription.pause_cycles = cycles;
    });
    let cause = "subscription_paused";
    world.subscription_event(call.now, call.id(), "paused", Actor::Api, cause, |draft| {
        draft.metadata(&metadata)
    });
    Ok(Reply::ok(show(world, call, call.id())))
}

/// `…/actions/resume` (section 11).
fn resume(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let status = visible(world, call)?.status;
    let metadata = call.action_metadata()?;
    if status != SubscriptionStatus::Paused {
        return Err(ApiError::state("subscription_not_paused", "The subscription is not paused"));
    }
    world.subscription_resume(call.now, call.id(), Actor::Api, &metadata);
    Ok(Reply::ok(show(world, call, call.id())))
}

/// `…/actions/cancel` (section 11): payments that exist stay.
fn cancel(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let status = visible(world, call)?.status;
    call.action_metadata()?;
    if matches!(status, SubscriptionStatus::Cancelled | SubscriptionStatus::Finished) {
        let message = format!("The subscription is {}", status.name());
        return Err(ApiError::state("cancellation_failed", message));
    }
    let (status, cause) = (SubscriptionStatus::Cancelled, "subscription_cancelled");
    world.subscription_end(call.now, call.id(), status, Actor::Api, cause, None);
    Ok(Reply::ok(show(world, call, call.id())))
}
