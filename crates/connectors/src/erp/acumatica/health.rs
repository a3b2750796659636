//! What `ping` proves: that the site serves the endpoint's version, that the sign-in works, that each
//! form can be used as far as a harmless read shows it, that accounts and our fields are there, and
//! that times compare. Everything that is missing is named (mission rows AG1 and C2).

use jiff::tz::TimeZone;
use serde_json::Value;

use ports::PortError;
use ports::health::{Environment, Health, HealthCheck};

use super::Acumatica;
use super::fields::{ON_CUSTOMER, ON_INVOICE, ON_PAYMENT};
use super::query::{Ask, moment};
use super::reads::{customers, invoices};
use super::refusal::Refusal;
use super::wire::{Body, Entity};

/// Entities, with a field that a list of one asks for, and the form that the right is for.
const PROBES: [(&str, &str, &str); 7] = [
    ("Customer", "CustomerID", "Customers (AR303000): edit"),
    ("Invoice", "ReferenceNbr", "Invoices and Memos (AR301000): edit"),
    ("Payment", "ReferenceNbr", "Payments and Applications (AR302000): edit, insert, delete"),
    ("JournalTransaction", "BatchNbr", "Journal Transactions (GL301000): edit, insert, delete"),
    ("Account", "AccountCD", "Chart of Accounts (GL202500): view"),
    ("Currency", "CurrencyID", "Currencies (CM202000): view"),
    ("FinancialPeriod", "FinancialYear", "Master Financial Calendar (GL201000): view"),
];

impl Acumatica {
    /// Checks everything that a harmless read can prove.
    ///
    /// # Errors
    /// Only what makes any check impossible: refused credentials, no connection, slow down.
    pub(super) async fn examine(&self) -> Result<Health, PortError> {
        let (build, endpoint) = self.check_endpoint().await?;
        let served = endpoint.ok;
        let mut checks = vec![endpoint];
        if served {
            for (entity, field, right) in PROBES {
                checks.push(self.check_right(entity, field, right).await?);
            }
            checks.push(passed(format!("sign-in by {}", self.sign_in.how())));
            checks.extend(self.check_payment_method().await?);
            checks.extend(self.check_form_fields("Invoice", &ON_INVOICE.map(|f| f.custom)).await?);
            checks.extend(self.check_form_fields("Payment", &ON_PAYMENT.map(|f| f.custom)).await?);
            checks.extend(self.check_customer_fields().await?);
            checks.push(self.check_times().await?);
        }
        let local = self.settings.site.scheme() == "http";
        Ok(Health {
            account: account(&self.settings.site, &self.tenant),
            account_name: build.map(|build| format!("Acumatica {build}")),
            environment: if local { Environment::Sandbox } else { Environment::Production },
            server_time: None,
            checks,
        })
    }

    /// The endpoint's version is in every path: one that is not served is told with those that are
    /// (acumatica sheet section 1).
    async fn check_endpoint(&self) -> Result<(Option<String>, HealthCheck), PortError> {
        let name = format!("endpoint {}", self.settings.endpoint);
        let body = match self.client.site().await? {
            Ok(body) => body,
            Err(refusal) => {
                let advice = format!("the site does not list its endpoints: {}", refusal.detail);
                return Ok((None, failed(name, advice)));
            }
        };
        let build = body
            .get("version")
            .and_then(|version| version.get("acumaticaBuildVersion"))
            .and_then(Value::as_str)
            .map(str::to_owned);
        let offered = offered(&body);
        if offered.contains(&self.settings.endpoint) {
            return Ok((build, passed(name)));
        }
        let advice = format!(
            "this instance does not serve it; it offers {}: set \"endpoint\" to one of them",
            if offered.is_empty() { "none".to_owned() } else { offered.join(", ") }
        );
        Ok((build, failed(name, advice)))
    }

    async fn check_right(
        &self,
        entity: &'static str,
        field: &'static str,
        right: &str,
    ) -> Result<HealthCheck, PortError> {
        let ask = Ask { select: field, ..Ask::default() }.top(1);
        let name = format!("right {right}");
        Ok(match self.client.try_list(entity, &ask).await? {
            Ok(_) => passed(name),
            Err(refusal) => failed(name, right_advice(entity, &refusal)),
        })
    }

    /// The payment method is active, used in AR, and allows every clearing account.
    async fn check_payment_method(&self) -> Result<Vec<HealthCheck>, PortError> {
        let id = self.settings.payment_method.as_str();
        let ask = Ask { expand: "AllowedCashAccounts", ..Ask::default() };
        let name = format!("payment method {id}");
        let body = match self.client.try_get("PaymentMethod", &[id], &ask).await? {
            Ok(body) => body,
            Err(refusal) if refusal.is_missing() => {
                return Ok(vec![failed(name, "make it on Payment Methods (CA204000)".to_owned())]);
            }
            Err(refusal) => {
                return Ok(vec![failed(name, right_advice("PaymentMethod", &refusal))]);
            }
        };
        let method = Entity(&body);
        let usable = method.flag("Active") && method.flag("UseInAR");
        let advice = "activate it and tick Use in AR on Payment Methods (CA204000)".to_owned();
        let mut checks = vec![if usable { passed(name) } else { failed(name, advice) }];
        let rows = method.rows("AllowedCashAccounts");
        for (currency, account) in &self.settings.clearing {
            let name = format!("clearing account {account} for {currency}");
            let allowed = rows.iter().any(|row| {
                row.text("CashAccount").as_deref() == Some(account.as_str()) && row.flag("UseInAR")
            });
            let advice = format!("allow it for {id} in AR on Payment Methods (CA204000)");
            checks.push(if allowed { passed(name) } else { failed(name, advice) });
        }
        Ok(checks)
    }

    /// Our user-defined fields are on the form.
    async fn check_form_fields(
        &self,
        entity: &str,
        wanted: &[&str],
    ) -> Result<Vec<HealthCheck>, PortError> {
        let schema = match self.client.try_get(entity, &["$adHocSchema"], &Ask::default()).await? {
            Ok(schema) => schema,
            Err(refusal) => {
                let advice = format!("the form's fields can not be read: {}", refusal.detail);
                return Ok(vec![failed(format!("fields of {entity}"), advice)]);
            }
        };
        let known = |field: &&str| names_field(&schema, field);
        Ok(wanted
            .iter()
            .map(|field| {
                let name = format!("field {field} on {entity}");
                if known(field) {
                    return passed(name);
                }
                failed(name, "make the attribute and add it as user-defined field".to_owned())
            })
            .collect())
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
        let Some(customer) = rows.first().map(Entity) else { return Ok(Vec::new()) };
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
            return Ok(passed(name));
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

/// `Name/Version` of what is served, in the site's order. Older builds give a bare array.
fn offered(body: &Value) -> Vec<String> {
    let rows = body.get("endpoints").and_then(Value::as_array).or_else(|| body.as_array());
    rows.into_iter()
        .flatten()
        .filter_map(|row| {
            let text = |name: &str| row.get(name).and_then(Value::as_str);
            Some(format!("{}/{}", text("name")?, text("version")?))
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

fn right_advice(entity: &str, refusal: &Refusal) -> String {
    if refusal.is_optimiser() {
        return format!("the list of {entity} is refused: {}", refusal.detail);
    }
    format!("give the connector's role access to the form: {}", refusal.detail)
}

fn passed(name: impl Into<String>) -> HealthCheck {
    HealthCheck::passed(name)
}

fn failed(name: impl Into<String>, advice: String) -> HealthCheck {
    HealthCheck::failed(name, advice)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

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

    #[test]
    fn endpoints_are_read_in_both_forms() {
        let row = json!({"name": "Default", "version": "24.200.001", "href": "/x/"});
        for body in [json!({"version": {}, "endpoints": [row]}), json!([row])] {
            assert_eq!(offered(&body), ["Default/24.200.001"], "{body}");
        }
    }
}
