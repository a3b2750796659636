//! What `ping` proves: that the site serves the endpoint's version, that the sign-in works, that each
//! form can be used as far as a harmless read shows it, that accounts and our fields are there, and
//! that times compare. Everything that is missing is named (mission rows AG1 and C2).

use jiff::tz::TimeZone;
use serde_json::Value;

use ports::PortError;
use ports::health::{Environment, Health, HealthCheck};

use super::Acumatica;
use super::endpoint::{self, offered};
use super::fields::{ON_CUSTOMER, ON_INVOICE, ON_PAYMENT};
use super::query::{Ask, moment};
use super::reads::{customers, invoices};
use super::refusal::Refusal;
use super::wire::{Body, Entity};

/// An entity that is read, with a field that a list of one asks for.
struct Probe {
    entity: &'static str,
    field: &'static str,
    form: &'static str,
    /// What is done there beside reading, in the words of the form for rights; none: nothing.
    writes: &'static str,
}

const fn probe(
    entity: &'static str,
    field: &'static str,
    form: &'static str,
    writes: &'static str,
) -> Probe {
    Probe { entity, field, form, writes }
}

const PROBES: [Probe; 7] = [
    probe("Customer", "CustomerID", "Customers (AR303000)", "edit"),
    probe("Invoice", "ReferenceNbr", "Invoices and Memos (AR301000)", "edit"),
    probe(
        "Payment",
        "ReferenceNbr",
        "Payments and Applications (AR302000)",
        "edit, insert, delete",
    ),
    probe(
        "JournalTransaction",
        "BatchNbr",
        "Journal Transactions (GL301000)",
        "edit, insert, delete",
    ),
    probe("Account", "AccountCD", "Chart of Accounts (GL202500)", ""),
    probe("Currency", "CurrencyID", "Currencies (CM202000)", ""),
    probe("FinancialPeriod", "FinancialYear", "Master Financial Calendar (GL201000)", ""),
];

impl Acumatica {
    /// Checks everything that a harmless read can prove.
    ///
    /// # Errors
    /// Only what makes any check impossible: refused credentials, no connection, slow down.
    pub(super) async fn examine(&self) -> Result<Health, PortError> {
        let (build, offered, mut first) = self.check_endpoint().await?;
        let served = first.ok;
        let mut checks = Vec::new();
        if served {
            for probe in &PROBES {
                checks.push(self.check_right(probe).await?);
            }
            checks.push(passed(format!("sign-in by {}", self.sign_in.how())));
            checks.extend(self.check_payment_method().await?);
            checks.extend(self.check_journals().await?);
            let (invoice, payment) =
                (self.skeleton("Invoice").await?, self.skeleton("Payment").await?);
            if let Some(why) = endpoint::lacks(&self.settings.endpoint, payment.as_ref().ok()) {
                first = failed(first.name, format!("{why}; {}", endpoint::advice(&offered)));
            }
            checks.extend(form_fields("Invoice", &invoice, &ON_INVOICE.map(|f| f.custom)));
            checks.extend(form_fields("Payment", &payment, &ON_PAYMENT.map(|f| f.custom)));
            checks.extend(self.check_customer_fields().await?);
            checks.push(self.check_times().await?);
        }
        checks.insert(0, first);
        Ok(Health {
            account: account(&self.settings.site, &self.tenant),
            account_name: build.map(|build| format!("Acumatica {build}")),
            environment: if self.settings.sandbox {
                Environment::Sandbox
            } else {
                Environment::Production
            },
            server_time: None,
            checks,
        })
    }

    /// The endpoint's version is in every path: one that is not served is told with those that are
    /// (acumatica sheet section 1). Also gives the build and what is offered.
    async fn check_endpoint(
        &self,
    ) -> Result<(Option<String>, Vec<String>, HealthCheck), PortError> {
        let name = format!("endpoint {}", self.settings.endpoint);
        let body = match self.client.site().await? {
            Ok(body) => body,
            Err(refusal) => {
                let advice = format!("the site does not list its endpoints: {}", refusal.detail);
                return Ok((None, Vec::new(), failed(name, advice)));
            }
        };
        let build = body
            .get("version")
            .and_then(|version| version.get("acumaticaBuildVersion"))
            .and_then(Value::as_str)
            .map(str::to_owned);
        let offered = offered(&body);
        let check = if offered.contains(&self.settings.endpoint) {
            HealthCheck::noted(name, format!("at {}", self.settings.site))
        } else {
            failed(name, format!("it is not served; {}", endpoint::advice(&offered)))
        };
        Ok((build, offered, check))
    }

    /// A list of one proves that the form can be read. Nothing harmless proves that it can be written
    /// to: a user who may only look is answered with 200 (acumatica sheet section 16, row 1).
    async fn check_right(&self, probe: &Probe) -> Result<HealthCheck, PortError> {
        let Probe { entity, field, form, writes } = probe;
        let ask = Ask { select: field, ..Ask::default() }.top(1);
        let read = self.client.try_list(entity, &ask).await?;
        Ok(match (read, *writes) {
            (Ok(_), "") => passed(format!("right {form}: view")),
            (Ok(_), writes) => HealthCheck::not_checked(
                format!("right {form}: {writes}"),
                "it can be read; writing is not checked, since only a write proves it. Look at Access \
                 Rights by Screen (SM201020) for the connector's role",
            ),
            (Err(refusal), writes) => {
                let wanted = if writes.is_empty() { "view" } else { writes };
                failed(format!("right {form}: {wanted}"), right_advice(entity, &refusal))
            }
        })
    }

    /// The empty form of an entity: its fields, and the user-defined ones.
    async fn skeleton(&self, entity: &str) -> Result<Result<Body, Refusal>, PortError> {
        self.client.try_get(entity, &["$adHocSchema"], &Ask::default()).await
    }

    /// Attributes exist per customer class: any customer shows those of its own.
    async fn check_customer_fields(&self) -> Result<Vec<HealthCheck>, PortError> {
        let rows = match self.client.try_list("Customer", &customers::ask().top(1)).await? {
            Ok(rows) => rows,
            Err(refusal) => {
                let advice = right_advice("Customer", &refusal);
                return Ok(vec![failed("attributes of Customer".to_owned(), advice)]);
            }
        };
        let Some(customer) = rows.first().map(Entity) else {
            let how = "there is no customer to look at: put the attributes on every customer class \
                       (AR201000)";
            return Ok(vec![HealthCheck::not_checked("attributes of Customer", how)]);
        };
        let held = customer.rows("Attributes");
        Ok(ON_CUSTOMER
            .iter()
            .map(|field| {
                let name = format!("attribute {} on Customer", field.id);
                let there =
                    held.iter().any(|row| row.text("AttributeID").as_deref() == Some(field.id));
                let advice = "make the attribute and put it on every customer class".to_owned();
                if there { passed(name) } else { failed(name, advice) }
            })
            .collect())
    }

    /// Some sites shift the times in filters by the user's zone: a record is looked for by its own
    /// stamp (acumatica sheet section 11.8).
    async fn check_times(&self) -> Result<HealthCheck, PortError> {
        let name = "times in filters".to_owned();
        let rows = match self.client.try_list("Invoice", &invoices::ask().top(1)).await? {
            Ok(rows) => rows,
            Err(refusal) => return Ok(failed(name, right_advice("Invoice", &refusal))),
        };
        let first = rows.first().map(Entity);
        let Some((number, stamp)) =
            first.and_then(|row| row.text("ReferenceNbr").zip(row.moment("LastModifiedDateTime")))
        else {
            let how = "there is no invoice to look for: ping again when there is one";
            return Ok(HealthCheck::not_checked(name, how));
        };
        let before = stamp.saturating_sub(jiff::SignedDuration::from_secs(1)).unwrap_or(stamp);
        let after = stamp.saturating_add(jiff::SignedDuration::from_secs(1)).unwrap_or(stamp);
        let filter = format!(
            "ReferenceNbr eq {} and LastModifiedDateTime ge {} and LastModifiedDateTime le {}",
            super::query::literal(&number),
            moment(before),
            moment(after)
        );
        let found = match self.client.try_list("Invoice", &invoices::ask().filter(filter)).await? {
            Ok(rows) => !rows.is_empty(),
            Err(refusal) => return Ok(failed(name, refusal.detail)),
        };
        let at = stamp.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M:%S").to_string();
        let advice = format!(
            "invoice {number}, changed at {at} UTC, is not found by that time: set the time zone of \
             the connector's user to UTC"
        );
        Ok(if found { passed(name) } else { failed(name, advice) })
    }
}

/// The tenant and its site, by which cases are identified: `Acme@erp.example.com~Demo`. A port and a
/// virtual directory tell sites of one host apart; a slash would end the account in a case's name.
fn account(site: &url::Url, tenant: &str) -> String {
    let host = site.host_str().unwrap_or_default();
    let port = site.port().map(|port| format!(":{port}")).unwrap_or_default();
    let folder = site.path().trim_end_matches('/');
    let place = format!("{host}{port}{folder}").replace('/', "~");
    if tenant.is_empty() { place } else { format!("{}@{place}", tenant.replace('/', "~")) }
}

/// Our user-defined fields are on the form.
fn form_fields(
    entity: &str,
    skeleton: &Result<Body, Refusal>,
    wanted: &[&str],
) -> Vec<HealthCheck> {
    let skeleton = match skeleton {
        Ok(skeleton) => skeleton,
        Err(refusal) => {
            let advice = format!("the form's fields can not be read: {}", refusal.detail);
            return vec![failed(format!("fields of {entity}"), advice)];
        }
    };
    wanted
        .iter()
        .map(|field| {
            let name = format!("field {field} on {entity}");
            if names_field(skeleton, field) {
                return passed(name);
            }
            failed(name, "make the attribute and add it as user-defined field".to_owned())
        })
        .collect()
}

fn names_field(schema: &Body, field: &str) -> bool {
    let views = schema.get("custom").and_then(Value::as_object);
    views.is_some_and(|views| {
        views.iter().any(|(view, fields)| {
            view.split(':').next() == Some(super::fields::VIEW) && fields.get(field).is_some()
        })
    })
}

pub(super) fn right_advice(entity: &str, refusal: &Refusal) -> String {
    if refusal.is_optimiser() {
        return format!("the list of {entity} is refused: {}", refusal.detail);
    }
    format!("give the connector's role access to the form: {}", refusal.detail)
}

pub(super) fn passed(name: impl Into<String>) -> HealthCheck {
    HealthCheck::passed(name)
}

pub(super) fn failed(name: impl Into<String>, advice: String) -> HealthCheck {
    HealthCheck::failed(name, advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_names_its_tenant_and_site() {
        for (site, tenant, named) in [
            ("https://erp.example.com/Demo/", "Acme", "Acme@erp.example.com~Demo"),
            ("https://acme.acumatica.com", "", "acme.acumatica.com"),
            ("https://erp.example.com:8443", "Acme", "Acme@erp.example.com:8443"),
        ] {
            assert_eq!(account(&site.parse().unwrap(), tenant), named);
        }
    }
}
