//! How billing requests move to their mandate (gocardless sheet sections 17 and 20).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use crate::gocardless::errors::ApiError;
use crate::gocardless::events::{Actor, Draft};
use crate::gocardless::records::billing::BillingStatus;
use crate::gocardless::records::party::Customer;
use crate::gocardless::routes::{BANK_FIELDS, BankDetails, NewMandate, sample_details};
use crate::gocardless::schemes;
use crate::gocardless::validate::{Fields, Metadata};
use crate::gocardless::world::World;

/// Writes an event about a billing request; the cause is `billing_request_<action>`.
pub fn billing_request_event(
    world: &mut World,
    now: Timestamp,
    id: &str,
    action: &'static str,
    actor: Actor,
    metadata: &Metadata,
) {
    let Some(request) = world.billing_requests.get(id) else { return };
    let cause = format!("billing_request_{action}");
    let mut draft = Draft::new("billing_requests", action, "billing_request", id, actor, &cause)
        .link("customer", &request.customer)
        .link("mandate_request", &request.mandate_request.id)
        .metadata(metadata)
        .about(&request.metadata.clone().unwrap_or_default());
    if let Some(account) = &request.customer_bank_account {
        draft = draft.link("customer_bank_account", account);
    }
    if let Some(mandate) = &request.mandate_request.mandate {
        draft = draft.link("mandate_request_mandate", mandate);
    }
    let organisation = request.organisation.clone();
    world.emit(now, &organisation, draft);
}

/// What a payer types on the hosted page; everything may be left out.
#[derive(Debug, Clone, Default)]
pub struct PayerForm {
    /// Customer fields.
    pub texts: BTreeMap<&'static str, String>,
    /// For billing requests without a currency.
    pub currency: Option<String>,
    /// Bank details, else an account is made up.
    pub details: Option<BankDetails>,
}

/// The bank details that a payer typed, if any were.
///
/// # Errors
/// What is wrong with them.
pub fn typed_details(typed: &BTreeMap<String, String>) -> Result<Option<BankDetails>, String> {
    let bank = ["account_number", "iban"];
    if !bank.iter().any(|name| typed.contains_key(*name)) {
        return Ok(None);
    }
    let body = json!({ "bank_account": typed });
    let shown = |error: ApiError| {
        let first = error.entries.first();
        let field = first.and_then(|entry| entry.field.clone()).unwrap_or_default();
        format!("{field} {}", first.map_or("", |entry| entry.message.as_str()))
    };
    let mut fields = Fields::open(&body, "bank_account", &BANK_FIELDS).map_err(shown)?;
    let details = BankDetails::read(&mut fields);
    fields.finish().map_err(shown)?;
    Ok(details)
}

impl World {
    /// Notes that all actions are done.
    pub fn billing_refresh(&mut self, now: Timestamp, id: &str) {
        self.billing_requests.edit(now, id, |request| {
            if request.status == BillingStatus::Pending && request.complete() {
                request.status = BillingStatus::ReadyToFulfil;
            }
        });
    }

    /// Takes the payer's account: the one that is there, or a new one.
    pub fn billing_collect_account(
        &mut self,
        now: Timestamp,
        id: &str,
        details: BankDetails,
        metadata: Metadata,
    ) {
        let Some(request) = self.billing_requests.get(id) else { return };
        let customer = request.customer.clone();
        let currency = details.currency.clone();
        let account = match self.same_account(&customer, &details) {
            Some((account, _)) => {
                self.customer_bank_accounts.edit(now, &account, |it| it.enabled = true);
                account
            }
            None => self.bank_account_add(now, &customer, details, metadata),
        };
        self.billing_requests.edit(now, id, |request| {
            request.customer_bank_account = Some(account);
            request.mandate_request.currency.get_or_insert(currency);
        });
    }

    /// Makes the mandate of a complete billing request.
    pub fn billing_fulfil(&mut self, now: Timestamp, id: &str, actor: Actor, metadata: &Metadata) {
        let Some(request) = self.billing_requests.get(id).cloned() else { return };
        let mandate = self.ids.id("MD");
        self.billing_requests.edit(now, id, |request| {
            request.status = BillingStatus::Fulfilled;
            request.mandate_request.mandate = Some(mandate.clone());
        });
        billing_request_event(self, now, id, "fulfilled", actor, metadata);
        let new = NewMandate {
            id: Some(mandate),
            account: request.customer_bank_account.unwrap_or_default(),
            creditor: request.creditor,
            reference: request.mandate_request.reference,
            authorisation_source: request.mandate_request.authorisation_source,
            needs_approval: false,
            metadata: request.mandate_request.metadata,
        };
        self.mandate_new(now, new, Actor::Api);
    }

    /// The payer goes through the hosted page to its end (section 17, hosted mandate set-up).
    ///
    /// # Errors
    /// A sentence when the request can not be completed any more.
    pub fn billing_complete(
        &mut self,
        now: Timestamp,
        id: &str,
        form: PayerForm,
    ) -> Result<(), String> {
        let request = self.billing_requests.get(id).ok_or("no such billing request")?.clone();
        if !matches!(request.status, BillingStatus::Pending | BillingStatus::ReadyToFulfil) {
            return Err(format!("the billing request is {}", request.status.name()));
        }
        let none = Metadata::new();
        if request.mandate_request.currency.is_none() {
            let currency = form.currency.unwrap_or_else(|| "GBP".to_owned());
            self.billing_requests.edit(now, id, |it| it.mandate_request.currency = Some(currency));
            billing_request_event(self, now, id, "choose_currency", Actor::Payer, &none);
        }
        self.customers.edit(now, &request.customer, |customer| {
            customer.texts.extend(form.texts);
            if customer.holder_name().is_empty() {
                customer.texts.insert("given_name", "Alex".to_owned());
                customer.texts.insert("family_name", "Payer".to_owned());
            }
        });
        self.billing_requests.edit(now, id, |it| it.customer_collected = true);
        billing_request_event(self, now, id, "collect_customer_details", Actor::Payer, &none);
        self.billing_collect_from(now, id, form.details)?;
        billing_request_event(self, now, id, "collect_bank_account", Actor::Payer, &none);
        self.billing_requests.edit(now, id, |it| it.confirmed = true);
        billing_request_event(self, now, id, "payer_details_confirmed", Actor::Payer, &none);
        self.billing_refresh(now, id);
        self.billing_fulfil(now, id, Actor::Gocardless, &none);
        Ok(())
    }

    fn billing_collect_from(
        &mut self,
        now: Timestamp,
        id: &str,
        details: Option<BankDetails>,
    ) -> Result<(), String> {
        let request = self.billing_requests.get(id).ok_or("no such billing request")?;
        if request.customer_bank_account.is_some() && details.is_none() {
            return Ok(());
        }
        let currency = request.mandate_request.currency.clone().unwrap_or_default();
        let scheme = schemes::by_currency(&currency).ok_or("no scheme for the currency")?;
        let holder = self.customers.get(&request.customer).map(Customer::holder_name);
        let details = match details {
            Some(details) if details.currency != currency => {
                return Err(format!("the account must be in {currency}"));
            }
            Some(details) => details,
            None => sample_details(scheme, &holder.unwrap_or_default(), &mut self.ids),
        };
        self.billing_collect_account(now, id, details, Metadata::new());
        Ok(())
    }
}
