//! Accounts, customers, mandates and payments that are there before the connector (the table of what it
//! takes is in the [module above](super)).

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::read;
use crate::gocardless::config::Config;
use crate::gocardless::events::Actor;
use crate::gocardless::lifecycle::{NewPayment, Task, minute};
use crate::gocardless::plans::{PaymentPlan, Target, Waiting};
use crate::gocardless::records::Names;
use crate::gocardless::records::event::Endpoint;
use crate::gocardless::records::mandate::MandateStatus;
use crate::gocardless::records::party::{
    BankAccount, CUSTOMER_TEXTS, Creditor, Customer, FeePlan, SchemeIdentifier, Token,
};
use crate::gocardless::records::payment::PaymentStatus;
use crate::gocardless::routes::{NewMandate, sample_details};
use crate::gocardless::schemes::{self, SCHEMES};
use crate::gocardless::time::{at_minute, day};
use crate::gocardless::validate::Metadata;
use crate::gocardless::world::World;
use crate::gocardless::{DEFAULT_READ_ONLY_TOKEN, DEFAULT_TOKEN};

#[derive(Deserialize, Default)]
#[serde(default, deny_unknown_fields)]
struct Seed {
    settings: Map<String, Value>,
    rate_limit_per_minute: Option<u32>,
    organisations: Vec<SeedOrganisation>,
    creditors: Vec<SeedCreditor>,
    tokens: Vec<SeedToken>,
    webhook_endpoints: Vec<SeedEndpoint>,
    customers: Vec<Map<String, Value>>,
    mandates: Vec<SeedLaterMandate>,
    payments: Vec<SeedPayment>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedOrganisation {
    id: String,
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct SeedCreditor {
    id: Option<String>,
    organisation: Option<String>,
    name: String,
    country_code: String,
    currencies: Vec<String>,
    verification_status: String,
    fx_payout_currency: Option<String>,
    can_create_refunds: bool,
    bank_reference_prefix: String,
    fees: FeePlan,
    negative_balance_limit: i64,
}

impl Default for SeedCreditor {
    fn default() -> Self {
        Self {
            id: None,
            organisation: None,
            name: "Aldermoor Ltd".to_owned(),
            country_code: "GB".to_owned(),
            currencies: SCHEMES.iter().map(|scheme| scheme.currency.to_owned()).collect(),
            verification_status: "successful".to_owned(),
            fx_payout_currency: None,
            can_create_refunds: false,
            bank_reference_prefix: "ALDERMOOR".to_owned(),
            fees: FeePlan::default(),
            negative_balance_limit: 0,
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedToken {
    token: String,
    organisation: Option<String>,
    #[serde(default)]
    read_only: bool,
    #[serde(default)]
    revoked: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedEndpoint {
    url: String,
    secret: String,
    organisation: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedAccount {
    id: Option<String>,
    currency: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedMandate {
    id: Option<String>,
    currency: String,
    #[serde(default = "active")]
    status: String,
    creditor: Option<String>,
    reference: Option<String>,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    payments_require_approval: bool,
}

/// A further mandate of a customer that is there already.
#[derive(Deserialize)]
struct SeedLaterMandate {
    customer: String,
    #[serde(flatten)]
    mandate: SeedMandate,
}

fn active() -> String {
    "active".to_owned()
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SeedPayment {
    id: Option<String>,
    mandate: String,
    amount: i64,
    charge_date: Option<Date>,
    description: Option<String>,
    reference: Option<String>,
    #[serde(default)]
    metadata: Metadata,
    #[serde(default)]
    retry_if_possible: bool,
    status: Option<String>,
    plan: Option<PaymentPlan>,
}

/// Ids in the order of the request.
#[derive(Default)]
struct Made {
    organisations: Vec<String>,
    creditors: Vec<String>,
    customers: Vec<String>,
    bank_accounts: Vec<String>,
    mandates: Vec<String>,
    payments: Vec<String>,
}

pub(super) fn seed(world: &mut World, now: Timestamp, body: &Value) -> Result<Value, String> {
    let seed: Seed = read(body)?;
    patch_settings(world, seed.settings, seed.rate_limit_per_minute)?;
    let mut made = Made::default();
    for organisation in seed.organisations {
        made.organisations.push(organisation.id.clone());
        world.organisations.insert(organisation.id, organisation.name);
    }
    for creditor in seed.creditors {
        made.creditors.push(world.add_creditor(now, creditor)?);
    }
    for token in seed.tokens {
        let organisation = world.organisation_or_first(token.organisation)?;
        let entry = Token { organisation, read_only: token.read_only, revoked: token.revoked };
        world.tokens.insert(token.token, entry);
    }
    for endpoint in seed.webhook_endpoints {
        let organisation = world.organisation_or_first(endpoint.organisation.clone())?;
        // Only what happens from now on is sent.
        let position = world.events_by_organisation.get(&organisation).map_or(0, Vec::len);
        let SeedEndpoint { url, secret, .. } = endpoint;
        world.endpoints.retain(|known| known.url != url || known.organisation != organisation);
        world.endpoints.push(Endpoint { organisation, url, secret, position });
    }
    for customer in seed.customers {
        world.add_customer(now, customer, &mut made)?;
    }
    for later in seed.mandates {
        let organisation = world.customers.organisation(&later.customer).map(str::to_owned);
        let organisation = organisation.ok_or("there is no such customer")?;
        let account = world.add_account(now, &later.customer, None, &later.mandate.currency)?;
        made.bank_accounts.push(account.clone());
        made.mandates.push(world.add_mandate(now, &organisation, account, later.mandate)?);
    }
    for payment in seed.payments {
        made.payments.push(world.add_payment(now, payment)?);
    }
    Ok(json!({
        "organisations": made.organisations,
        "creditors": made.creditors,
        "customers": made.customers,
        "bank_accounts": made.bank_accounts,
        "mandates": made.mandates,
        "payments": made.payments,
    }))
}

fn patch_settings(
    world: &mut World,
    settings: Map<String, Value>,
    rate_limit: Option<u32>,
) -> Result<(), String> {
    let mut config = serde_json::to_value(&world.config).map_err(|error| error.to_string())?;
    for (name, value) in settings {
        config[name] = value;
    }
    let mut config: Config = read(&config)?;
    config.rate_limit_per_minute = rate_limit.unwrap_or(config.rate_limit_per_minute);
    world.config = config;
    Ok(())
}

fn take<T: serde::de::DeserializeOwned>(
    map: &mut Map<String, Value>,
    name: &str,
) -> Result<Option<T>, String> {
    map.remove(name)
        .map(|value| read(&value).map_err(|error| format!("{name}: {error}")))
        .transpose()
}

impl World {
    /// One organisation with a creditor for all currencies and two tokens.
    pub fn add_default_account(&mut self, now: Timestamp) {
        let organisation = self.ids.id("OR");
        self.organisations.insert(organisation.clone(), "Aldermoor Ltd".to_owned());
        for (token, read_only) in [(DEFAULT_TOKEN, false), (DEFAULT_READ_ONLY_TOKEN, true)] {
            let entry = Token { organisation: organisation.clone(), read_only, revoked: false };
            self.tokens.insert(token.to_owned(), entry);
        }
        // The default creditor needs nothing that could be refused.
        self.add_creditor(now, SeedCreditor::default()).ok();
    }

    fn organisation_or_first(&mut self, given: Option<String>) -> Result<String, String> {
        match given {
            Some(id) if self.organisations.contains_key(&id) => Ok(id),
            Some(id) => Err(format!("there is no organisation {id}")),
            None => self
                .organisations
                .keys()
                .next()
                .cloned()
                .ok_or_else(|| "there is no organisation yet".to_owned()),
        }
    }

    fn add_creditor(&mut self, now: Timestamp, seed: SeedCreditor) -> Result<String, String> {
        let organisation = self.organisation_or_first(seed.organisation)?;
        let id = seed.id.unwrap_or_else(|| self.ids.id("CR"));
        let mut payout_accounts = BTreeMap::new();
        let foreign = seed.fx_payout_currency.iter().cloned();
        for currency in seed.currencies.into_iter().chain(foreign) {
            let scheme = schemes::by_currency(&currency)
                .ok_or_else(|| format!("{currency} is not supported"))?;
            let account = self.add_creditor_account(now, &organisation, &id, &seed.name, scheme);
            payout_accounts.insert(currency, account);
            let identifier = self.ids.id("SU");
            let (reference, spelled) = (self.ids.digits(6), scheme.name);
            let row = SchemeIdentifier {
                id: identifier.clone(),
                created_at: now,
                creditor: id.clone(),
                name: seed.name.clone(),
                scheme: if spelled == "sepa_core" { "sepa" } else { spelled }.to_owned(),
                currency: scheme.currency.to_owned(),
                reference,
                minimum_advance_notice: scheme.charge,
            };
            self.scheme_identifiers.insert(now, &organisation, &identifier, &[&id], row);
        }
        let creditor = Creditor {
            id: id.clone(),
            created_at: now,
            name: seed.name,
            country_code: seed.country_code,
            verification_status: seed.verification_status,
            fx_payout_currency: seed.fx_payout_currency,
            can_create_refunds: seed.can_create_refunds,
            bank_reference_prefix: seed.bank_reference_prefix,
            fees: seed.fees,
            negative_balance_limit: seed.negative_balance_limit,
            payout_accounts,
        };
        self.creditors.insert(now, &organisation, &id, &[], creditor);
        Ok(id)
    }

    fn add_creditor_account(
        &mut self,
        now: Timestamp,
        organisation: &str,
        creditor: &str,
        name: &str,
        scheme: &schemes::Scheme,
    ) -> String {
        let details = sample_details(scheme, name, &mut self.ids);
        let id = self.ids.id("BA");
        let account = BankAccount {
            id: id.clone(),
            created_at: now,
            bank_name: details.bank_name(),
            account_holder_name: details.holder,
            account_number_ending: details.ending,
            country_code: details.country,
            currency: details.currency,
            account_type: details.account_type,
            enabled: true,
            fingerprint: details.fingerprint,
            owner_kind: "creditor",
            owner: creditor.to_owned(),
            metadata: Metadata::new(),
        };
        self.creditor_bank_accounts.insert(now, organisation, &id, &[creditor], account);
        id
    }

    fn add_customer(
        &mut self,
        now: Timestamp,
        mut seed: Map<String, Value>,
        made: &mut Made,
    ) -> Result<(), String> {
        let organisation = take(&mut seed, "organisation")?;
        let organisation = self.organisation_or_first(organisation)?;
        let id: Option<String> = take(&mut seed, "id")?;
        let id = id.unwrap_or_else(|| self.ids.id("CU"));
        let metadata: Metadata = take(&mut seed, "metadata")?.unwrap_or_default();
        let accounts: Vec<SeedAccount> = take(&mut seed, "bank_accounts")?.unwrap_or_default();
        let mandates: Vec<SeedMandate> = take(&mut seed, "mandates")?.unwrap_or_default();
        let mut texts = BTreeMap::new();
        for name in CUSTOMER_TEXTS {
            if let Some(text) = take(&mut seed, name)? {
                texts.insert(name, text);
            }
        }
        if let Some(unknown) = seed.keys().next() {
            return Err(format!("a customer has no {unknown}"));
        }
        let customer = Customer { id: id.clone(), created_at: now, texts, metadata };
        self.customers.insert(now, &organisation, &id, &[], customer);
        let mut by_currency = BTreeMap::new();
        for account in accounts {
            let account_id = self.add_account(now, &id, account.id, &account.currency)?;
            made.bank_accounts.push(account_id.clone());
            by_currency.insert(account.currency, account_id);
        }
        for mandate in mandates {
            let account = match by_currency.get(&mandate.currency) {
                Some(account) => account.clone(),
                None => {
                    let account = self.add_account(now, &id, None, &mandate.currency)?;
                    made.bank_accounts.push(account.clone());
                    by_currency.insert(mandate.currency.clone(), account.clone());
                    account
                }
            };
            made.mandates.push(self.add_mandate(now, &organisation, account, mandate)?);
        }
        made.customers.push(id);
        Ok(())
    }

    fn add_account(
        &mut self,
        now: Timestamp,
        customer: &str,
        id: Option<String>,
        currency: &str,
    ) -> Result<String, String> {
        let scheme =
            schemes::by_currency(currency).ok_or_else(|| format!("{currency} is not supported"))?;
        let holder = self.customers.get(customer).map(Customer::holder_name).unwrap_or_default();
        let details = sample_details(scheme, &holder, &mut self.ids);
        Ok(self.bank_account_insert(now, customer, id, details, Metadata::new()))
    }

    /// Seeded mandates that are further than `pending_submission` have no events: they are older
    /// than what the connector asks for.
    fn add_mandate(
        &mut self,
        now: Timestamp,
        organisation: &str,
        account: String,
        seed: SeedMandate,
    ) -> Result<String, String> {
        let status = MandateStatus::parse(&seed.status)
            .ok_or_else(|| format!("{} is no status of a mandate", seed.status))?;
        let creditor = match seed.creditor {
            Some(creditor) => creditor,
            None => self.default_creditor(organisation).ok_or("there is no creditor yet")?,
        };
        let new = NewMandate {
            id: seed.id,
            account,
            creditor,
            reference: seed.reference,
            authorisation_source: None,
            needs_approval: status == MandateStatus::PendingCustomerApproval,
            metadata: seed.metadata,
        };
        let mut mandate = self.mandate_build(now, new).ok_or("no scheme fits the account")?;
        mandate.payments_require_approval = seed.payments_require_approval;
        let id = mandate.id.clone();
        if matches!(
            status,
            MandateStatus::PendingSubmission | MandateStatus::PendingCustomerApproval
        ) {
            self.mandate_add(now, mandate, Actor::Dashboard);
            return Ok(id);
        }
        mandate.status = status;
        mandate.history = vec![(now, status)];
        let active_on = mandate.scheme.calendar.add(day(now), mandate.scheme.activation);
        self.mandate_insert(now, mandate);
        if status == MandateStatus::Submitted {
            let at = at_minute(active_on, minute::MANDATE_ACTIVE);
            self.agenda.plan(at, Task::MandateActivate(id.clone()));
        }
        Ok(id)
    }

    fn add_payment(&mut self, now: Timestamp, seed: SeedPayment) -> Result<String, String> {
        let new = NewPayment {
            id: seed.id,
            amount: seed.amount,
            charge_date: seed.charge_date,
            description: seed.description,
            reference: seed.reference,
            retry_if_possible: seed.retry_if_possible,
            mandate: seed.mandate,
            metadata: seed.metadata,
            ..NewPayment::default()
        };
        let id = self
            .payment_add(now, new, Actor::Dashboard, "payment_created")
            .ok_or("there is no such mandate")?;
        let plan = seed.plan.unwrap_or_default();
        let status = seed.status.as_deref().unwrap_or("pending_submission");
        let status = PaymentStatus::parse(status)
            .ok_or_else(|| format!("{status} is no status of a payment"))?;
        match status {
            PaymentStatus::PendingSubmission => {
                let target = Target::Payment(id.clone());
                self.plans.payments.push(Waiting { target, count: 1, plan });
            }
            PaymentStatus::Submitted => self.payment_submit_and_wait(now, &id, plan),
            PaymentStatus::Confirmed => {
                self.payment_submit_now(now, &id, plan);
                self.payment_confirm(now, &id);
                self.payments.edit(now, &id, |payment| {
                    payment.payout_on = payment.scheme.calendar.add(day(now), 1);
                });
            }
            PaymentStatus::PaidOut => {
                self.payment_submit_now(now, &id, plan);
                self.payment_confirm(now, &id);
                self.pay_out_now(now, &id);
            }
            PaymentStatus::PendingCustomerApproval
            | PaymentStatus::Failed
            | PaymentStatus::Cancelled
            | PaymentStatus::CustomerApprovalDenied
            | PaymentStatus::ChargedBack => {
                return Err(format!("a payment can not be seeded as {}", status.name()));
            }
        }
        Ok(id)
    }
}
