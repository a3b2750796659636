//! Wire records to the model, pure. An error is a sentence that names the field; the record is then
//! shown as odd, and never stops the others.

use jiff::Timestamp;
use jiff::civil::Date;
use model::customer::ProcessorCustomer;
use model::ids::{CreditorId, ErpCustomerId};
use model::mandate::{Mandate, MandateRequest, MandateRequestStatus, MandateStatus};
use model::money::{Currency, Money};
use model::payment::{Collection, CollectionStatus, ProcessorRefund, RefundStatus, metadata};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{schemes, wire};
use crate::http::classify::words;

/// Why a record can not be understood.
pub type Odd = String;

/// Reads a record; the error names the member that does not fit.
pub fn decode<T: DeserializeOwned>(value: Value) -> Result<T, Odd> {
    serde_json::from_value(value).map_err(|error| words(&error.to_string()))
}

pub fn collection(value: Value) -> Result<Collection, Odd> {
    let wire: wire::Payment = decode(value)?;
    let currency = currency("currency", &wire.currency)?;
    let amount = money("amount", &wire.amount, currency)?;
    let refunded = match &wire.amount_refunded {
        Some(refunded) => money("amount_refunded", refunded, currency)?,
        None => Money::zero(currency),
    };
    let mandate = wire.links.get("mandate").ok_or("links.mandate is missing")?;
    Ok(Collection {
        id: wire.id.as_str().into(),
        amount,
        refunded,
        status: collection_status(&wire.status)?,
        charge_on: date("charge_date", wire.charge_date.as_deref())?,
        mandate: mandate.into(),
        creditor: wire.links.get("creditor").map(CreditorId::from),
        description: filled(wire.description),
        reference: filled(wire.reference),
        automatic_retry: wire.retry_if_possible.unwrap_or(false),
        created_at: moment("created_at", &wire.created_at)?,
        payout_hint: wire.links.get("payout").map(Into::into),
        metadata: wire.metadata.0,
    })
}

fn collection_status(text: &str) -> Result<CollectionStatus, Odd> {
    Ok(match text {
        "pending_customer_approval" => CollectionStatus::PendingCustomerApproval,
        "pending_submission" => CollectionStatus::PendingSubmission,
        "submitted" => CollectionStatus::Submitted,
        "confirmed" => CollectionStatus::Confirmed,
        "paid_out" => CollectionStatus::PaidOut,
        "failed" => CollectionStatus::Failed,
        "cancelled" => CollectionStatus::Cancelled,
        "customer_approval_denied" => CollectionStatus::CustomerApprovalDenied,
        "charged_back" => CollectionStatus::ChargedBack,
        other => return Err(unknown("status", other)),
    })
}

pub fn mandate(value: Value) -> Result<Mandate, Odd> {
    let wire: wire::Mandate = decode(value)?;
    let (currency, reference_max) =
        schemes::of(&wire.scheme).ok_or_else(|| unknown("scheme", &wire.scheme))?;
    let customer = wire.links.get("customer").ok_or("links.customer is missing")?;
    Ok(Mandate {
        id: wire.id.as_str().into(),
        customer: customer.into(),
        creditor: wire.links.get("creditor").map(CreditorId::from),
        status: mandate_status(&wire.status)?,
        currency,
        reference_max,
        next_possible_charge_on: date(
            "next_possible_charge_date",
            wire.next_possible_charge_date.as_deref(),
        )?,
        created_at: moment("created_at", &wire.created_at)?,
        replaced_by: wire.links.get("new_mandate").map(Into::into),
        scheme: wire.scheme,
    })
}

fn mandate_status(text: &str) -> Result<MandateStatus, Odd> {
    Ok(match text {
        "pending_customer_approval" => MandateStatus::PendingCustomerApproval,
        "pending_submission" => MandateStatus::PendingSubmission,
        "submitted" => MandateStatus::Submitted,
        "active" => MandateStatus::Active,
        "suspended_by_payer" => MandateStatus::SuspendedByPayer,
        "failed" => MandateStatus::Failed,
        "cancelled" => MandateStatus::Cancelled,
        "expired" => MandateStatus::Expired,
        "consumed" => MandateStatus::Consumed,
        "blocked" => MandateStatus::Blocked,
        other => return Err(unknown("status", other)),
    })
}

pub fn customer(value: Value) -> Result<ProcessorCustomer, Odd> {
    let wire: wire::Customer = decode(value)?;
    let person = [wire.given_name, wire.family_name]
        .into_iter()
        .filter_map(filled)
        .collect::<Vec<_>>()
        .join(" ");
    Ok(ProcessorCustomer {
        id: wire.id.as_str().into(),
        email: filled(wire.email),
        name: filled(wire.company_name).or_else(|| filled(Some(person))),
        country: filled(wire.country_code),
        erp_customer: erp_customer(&wire.metadata),
    })
}

/// The ERP customer that our metadata names.
pub fn erp_customer(texts: &wire::Texts) -> Option<ErpCustomerId> {
    texts.get(metadata::CUSTOMER).map(Into::into)
}

pub fn mandate_request(value: Value) -> Result<MandateRequest, Odd> {
    let wire: wire::BillingRequest = decode(value)?;
    let status = match wire.status.as_str() {
        "pending" | "ready_to_fulfil" => MandateRequestStatus::Pending,
        "fulfilling" => MandateRequestStatus::Fulfilling,
        "fulfilled" => MandateRequestStatus::Fulfilled,
        "cancelled" => MandateRequestStatus::Cancelled,
        other => return Err(unknown("status", other)),
    };
    let nested = wire.mandate_request.as_ref();
    let mandate = wire
        .links
        .get("mandate_request_mandate")
        .or_else(|| nested.and_then(|nested| nested.links.get("mandate")));
    let currency = nested
        .and_then(|nested| nested.currency.as_deref())
        .map(|code| currency("mandate_request.currency", code))
        .transpose()?;
    Ok(MandateRequest {
        id: wire.id.as_str().into(),
        status,
        customer: wire.links.get("customer").map(Into::into),
        mandate: mandate.map(Into::into),
        erp_customer: erp_customer(&wire.metadata)
            .or_else(|| nested.and_then(|nested| erp_customer(&nested.metadata))),
        currency,
        created_at: moment("created_at", &wire.created_at)?,
    })
}

pub fn refund(value: Value) -> Result<ProcessorRefund, Odd> {
    let wire: wire::Refund = decode(value)?;
    let currency = currency("currency", &wire.currency)?;
    let status = match wire.status.as_str() {
        "created" => RefundStatus::Created,
        "pending_submission" => RefundStatus::PendingSubmission,
        "submitted" => RefundStatus::Submitted,
        "paid" => RefundStatus::Paid,
        "cancelled" => RefundStatus::Cancelled,
        "bounced" => RefundStatus::Bounced,
        "funds_returned" => RefundStatus::FundsReturned,
        other => return Err(unknown("status", other)),
    };
    Ok(ProcessorRefund {
        id: wire.id.as_str().into(),
        collection: wire.links.get("payment").map(Into::into),
        amount: money("amount", &wire.amount, currency)?,
        status,
        created_at: moment("created_at", &wire.created_at)?,
        metadata: wire.metadata.0,
    })
}

/// Whole minor units; a fraction or an exponent is odd, never rounded.
pub fn money(field: &str, text: &wire::NumberText, currency: Currency) -> Result<Money, Odd> {
    Ok(Money::new(minor(field, text)?, currency))
}

pub fn minor(field: &str, text: &wire::NumberText) -> Result<i64, Odd> {
    text.0.parse().map_err(|_| format!("{field} \"{}\" is not in whole minor units", text.0))
}

pub fn currency(field: &str, code: &str) -> Result<Currency, Odd> {
    code.parse().map_err(|error| format!("{field}: {error}"))
}

pub fn date(field: &str, text: Option<&str>) -> Result<Option<Date>, Odd> {
    text.filter(|text| !text.is_empty())
        .map(|text| text.parse().map_err(|_| format!("{field} \"{}\" is not a date", words(text))))
        .transpose()
}

pub fn moment(field: &str, text: &str) -> Result<Timestamp, Odd> {
    text.parse().map_err(|_| format!("{field} \"{}\" is not a time", words(text)))
}

pub fn unknown(field: &str, word: &str) -> Odd {
    format!("{field} \"{}\" is not known", words(word))
}

fn filled(text: Option<String>) -> Option<String> {
    text.filter(|text| !text.trim().is_empty())
}
