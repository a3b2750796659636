//! Small read-only lists: `/balances`, `/tax_rates`, `/currency_exchange_rates`,
//! `/negative_balance_limits` (gocardless sheet sections 15 and 21).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Route, route};
use crate::gocardless::call::{Call, Reply};
use crate::gocardless::errors::ApiError;
use crate::gocardless::paging::{Filters, page};
use crate::gocardless::records::payment::PaymentStatus;
use crate::gocardless::records::payout::PayoutStatus;
use crate::gocardless::schemes::SCHEMES;
use crate::gocardless::time::{day, minutes_after, stamp};
use crate::gocardless::world::World;

/// Balances are some minutes old.
const BALANCE_AGE_MINUTES: i64 = 4;

pub(super) const ROUTES: &[Route] = &[
    route("GET", "/balances", balances),
    route("GET", "/tax_rates", tax_rates),
    route("GET", "/tax_rates/:id", tax_rate),
    route("GET", "/currency_exchange_rates", exchange_rates),
    route("GET", "/negative_balance_limits", limits),
];

fn whole_page(filters: &Filters, root: &str, rows: Vec<Value>) -> Result<Reply, ApiError> {
    let names: Vec<String> = (0..rows.len()).map(|place| format!("{place:09}")).collect();
    let rows: Vec<(u64, &str, Value)> =
        names.iter().zip(rows).map(|(name, row)| (0, name.as_str(), row)).collect();
    Ok(Reply::ok(page(&rows, &filters.page, root, |_| None, Value::clone)?))
}

/// `GET /balances?creditor=` (section 15).
fn balances(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let filters = Filters::read(&call.query, &["creditor"], &[], world.config.unknown_filters)?;
    let Some(creditor) = filters.one("creditor")? else {
        return Err(ApiError::validation("balances", "creditor", "is required"));
    };
    if world.creditors.visible(&call.organisation, creditor).is_none() {
        return Err(ApiError::not_found());
    }
    let currencies: BTreeSet<&str> = world
        .accounts
        .keys()
        .filter(|(owner, _)| owner == creditor)
        .map(|(_, currency)| currency.as_str())
        .collect();
    let updated = stamp(minutes_after(call.now, -BALANCE_AGE_MINUTES));
    let mut rows = Vec::new();
    for currency in currencies {
        let payouts: i64 = world
            .payouts
            .owned_ids(creditor)
            .iter()
            .filter_map(|id| world.payouts.get(id))
            .filter(|it| it.currency == currency && it.status == PayoutStatus::Pending)
            .map(|payout| payout.amount)
            .sum();
        let submitted: i64 = world
            .payments
            .owned_ids(creditor)
            .iter()
            .filter_map(|id| world.payments.get(id))
            .filter(|it| it.scheme.currency == currency && it.status == PaymentStatus::Submitted)
            .map(|payment| payment.amount)
            .sum();
        let amounts = [
            ("confirmed_funds", world.confirmed_balance(creditor, currency)),
            ("pending_payouts", payouts),
            ("pending_payments_submitted", submitted),
        ];
        rows.extend(amounts.into_iter().map(|(kind, amount)| {
            json!({
                "amount": amount,
                "balance_type": kind,
                "currency": currency,
                "last_updated_at": updated,
                "links": { "creditor": creditor },
            })
        }));
    }
    whole_page(&filters, "balances", rows)
}

fn all_tax_rates() -> Vec<Value> {
    let rate = |id: &str, jurisdiction: &str, start: &str| {
        json!({
            "id": id,
            "jurisdiction": jurisdiction,
            "percentage": "20.0",
            "type": "VAT",
            "start_date": start,
            "end_date": null,
        })
    };
    vec![rate("GB_VAT_1", "GB", "2011-01-04"), rate("FR_VAT_1", "FR", "2014-01-01")]
}

/// `GET /tax_rates` (section 15).
fn tax_rates(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let filters = Filters::read(&call.query, &["jurisdiction"], &[], world.config.unknown_filters)?;
    let wanted = filters.one("jurisdiction")?;
    let mut rows = all_tax_rates();
    rows.retain(|rate| wanted.is_none_or(|wanted| rate["jurisdiction"] == wanted));
    whole_page(&filters, "tax_rates", rows)
}

/// `GET /tax_rates/:id` (section 15).
fn tax_rate(_: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let found = all_tax_rates().into_iter().find(|rate| rate["id"] == call.id());
    found.map(|rate| Reply::ok(json!({ "tax_rates": rate }))).ok_or_else(ApiError::not_found)
}

/// `GET /currency_exchange_rates`: indicative rates of the day (section 21).
fn exchange_rates(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let unknown = world.config.unknown_filters;
    let filters = Filters::read(&call.query, &["source", "target"], &[], unknown)?;
    let (source, target) = (filters.one("source")?, filters.one("target")?);
    let currencies = || SCHEMES.iter().map(|scheme| scheme.currency);
    let mut rows = Vec::new();
    for from in currencies().filter(|name| source.is_none_or(|wanted| *name == wanted)) {
        for to in currencies().filter(|name| target.is_none_or(|wanted| *name == wanted)) {
            if from != to {
                let rate = world.exchange_rate(day(call.now), from, to).to_string();
                let time = stamp(call.now);
                rows.push(json!({ "source": from, "target": to, "rate": rate, "time": time }));
            }
        }
    }
    whole_page(&filters, "currency_exchange_rates", rows)
}

/// `GET /negative_balance_limits` (section 21).
fn limits(world: &mut World, call: &Call<'_>) -> Result<Reply, ApiError> {
    let unknown = world.config.unknown_filters;
    let filters = Filters::read(&call.query, &["creditor"], &[], unknown)?;
    let creditor = filters.one("creditor")?;
    let rows = world
        .creditors
        .listed(&call.organisation, call.now, None)
        .into_iter()
        .filter(|(_, id, _)| creditor.is_none_or(|wanted| *id == wanted))
        .map(|(_, id, found)| {
            json!({
                "id": id.replacen("CR", "NBL", 1),
                "balance_limit": found.negative_balance_limit,
                "currency": found.payout_accounts.keys().next(),
                "created_at": stamp(found.created_at),
                "links": { "creditor": id, "creator_user": null },
            })
        })
        .collect();
    whole_page(&filters, "negative_balance_limits", rows)
}
