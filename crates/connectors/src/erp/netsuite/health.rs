//! What `ping` proves: that the token works, that each permission can be used as far as a harmless
//! request shows it, that our fields are there, and that the clocks agree. Everything that is missing
//! is named, not only the first thing (mission row C2, netsuite sheet section 4).

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use ports::PortError;
use ports::health::{Health, HealthCheck};

use super::NetSuite;
use super::fields::{self, Field};
use super::queries::{CUSTOMERS, INVOICES, LINKS, NEWEST, PERIODS};
use super::refusal::Refusal;
use super::suiteql::Table;
use super::wire::{Body, Record, is_internal_id};

/// Assertions live five minutes; beyond half of it a clock is wrong enough to lock us out soon.
const SKEW_MAX: SignedDuration = SignedDuration::from_secs(150);

/// Tables that a query of one row proves a permission with.
const TABLE_PROBES: [(&str, &str, &str); 5] = [
    (
        "transaction",
        "TRAN_FIND, LIST_FIND",
        "Transactions > Find Transaction: View, and Lists > Perform Search: Full",
    ),
    ("item", "LIST_ITEM", "Lists > Items: View"),
    ("account", "LIST_ACCOUNT (query)", "Lists > Accounts: View"),
    ("currency", "LIST_CURRENCY (query)", "Lists > Currency: View"),
    ("accountingperiod", "ADMI_ACCTPERIODS", "Setup > Manage Accounting Periods: View"),
];

const CLOCK: &str = "clock";
const REST_SERVICES: &str = "permission ADMI_RESTWEBSERVICES";

const FIELD_PROBES: [(&str, &[Field]); 3] = [
    ("invoice", &fields::ON_INVOICE),
    ("customerPayment", &fields::ON_PAYMENT),
    ("customer", &fields::ON_CUSTOMER),
];

impl NetSuite {
    /// Checks everything that a harmless request can prove.
    ///
    /// # Errors
    /// Only what makes any check impossible: refused credentials, no connection, slow down.
    pub(super) async fn examine(&self) -> Result<Health, PortError> {
        // What a person has just mended must be seen at once.
        self.books.forget().await;
        let (server_time, clock) = self.check_clock().await?;
        let mut checks = vec![passed("token"), passed("permission ADMI_LOGIN_OAUTH2")];
        checks.extend((clock.name == CLOCK).then(|| passed(REST_SERVICES)));
        checks.push(clock);
        checks.push(self.check_queries().await?);
        checks.extend(self.check_permissions().await?);
        for (table, permission, advice) in TABLE_PROBES {
            let refusal = self.probe_table(table).await?;
            checks.push(permission_check(permission, advice, refusal));
        }
        checks.extend(self.check_columns().await?);
        for (kind, wanted) in FIELD_PROBES {
            checks.extend(self.check_fields(kind, wanted).await?);
        }
        let (setup_checks, account_name) = self.check_setup().await?;
        checks.extend(setup_checks);
        checks.push(self.check_zone().await?);
        Ok(Health {
            account: self.settings.account.id().to_owned(),
            account_name,
            environment: self.settings.account.environment(),
            server_time,
            checks,
        })
    }

    /// Also the first request, so it proves the token.
    async fn check_clock(&self) -> Result<(Option<Timestamp>, HealthCheck), PortError> {
        let name = CLOCK;
        let body = match self.client.server_time().await? {
            Ok(body) => body,
            Err(refusal) if refusal.is_permission() => {
                let advice = permission_advice("Setup > REST Web Services: Full", &refusal);
                return Ok((None, failed(REST_SERVICES, advice)));
            }
            Err(_) => return Ok((None, passed(name))),
        };
        let text = Record(&body).text("serverTime").unwrap_or_default();
        let Some(server) = read_time(&text) else {
            return Ok((None, passed(name)));
        };
        let skew = self.clock.now().duration_since(server);
        let check = if skew.abs() > SKEW_MAX {
            let seconds = skew.as_secs();
            failed(
                name,
                format!(
                    "this machine's clock is {seconds} s ahead of NetSuite's; synchronise it, or \
                     tokens will be refused"
                ),
            )
        } else {
            passed(name)
        };
        Ok((Some(server), check))
    }

    async fn check_queries(&self) -> Result<HealthCheck, PortError> {
        let name = "permission REPO_ANALYTICS";
        let refusal = match self.client.query("SELECT id FROM currency ORDER BY id", 0).await? {
            Ok(_) => return Ok(passed(name)),
            Err(refusal) => refusal,
        };
        if refusal.unknown_name().is_some() {
            return Ok(passed(name));
        }
        let advice = permission_advice("Reports > SuiteAnalytics Workbook: Edit", &refusal);
        Ok(failed(name, advice))
    }

    async fn probe_table(&self, table: &str) -> Result<Option<Refusal>, PortError> {
        let text = format!("SELECT x.id FROM {table} x WHERE x.id > 0 AND ROWNUM <= 1");
        Ok(self.client.query(&text, 0).await?.err())
    }

    /// Whether the queries of the daily work go through, and which columns they must do without.
    async fn check_columns(&self) -> Result<Vec<HealthCheck>, PortError> {
        let probes: [(&Table, &str); 4] = [
            (&INVOICES, "WHERE t.id = 0"),
            (&CUSTOMERS, "WHERE c.id = 0"),
            (&PERIODS, "WHERE p.id = 0"),
            (&LINKS, "WHERE l.previousdoc = 0"),
        ];
        let mut checks = Vec::new();
        for (table, tail) in probes {
            let source = table.from.split(' ').next().unwrap_or(table.from);
            let name = format!("query {source}");
            match self.rows(table, tail, 0).await? {
                Ok(_) => checks.push(passed(&name)),
                // Receipts are then read one by one.
                Err(_) if source == "nexttransactionlinelink" => checks.push(passed(&name)),
                Err(refusal) => checks.push(failed(&name, refusal.detail)),
            }
            let missing = self.books.missing(table, self.clock.now());
            for column in missing.into_iter().filter(|column| column.starts_with("cust")) {
                let advice = format!(
                    "queries do not show {column}: deploy the connector's fields, and give its role \
                     View access to the field and to searching it"
                );
                checks.push(failed(&format!("column {column}"), advice));
            }
        }
        Ok(checks)
    }

    /// Each of our fields on a record type, from its schema as the role sees it.
    async fn check_fields(
        &self,
        kind: &str,
        wanted: &[Field],
    ) -> Result<Vec<HealthCheck>, PortError> {
        let schema = match self.client.schema(kind).await? {
            Ok(schema) => schema,
            Err(refusal) => {
                let name = format!("fields of {kind}");
                return Ok(vec![failed(&name, format!("can not be listed: {}", refusal.detail))]);
            }
        };
        let names = properties(&schema);
        let check = |field: &Field| {
            let name = format!("field {} on {kind}", field.id);
            if names.iter().any(|known| known.eq_ignore_ascii_case(field.id)) {
                passed(&name)
            } else {
                let advice = format!(
                    "deploy the connector's fields (the folder netsuite/), or give its role Edit \
                     access to {}",
                    field.id
                );
                failed(&name, advice)
            }
        };
        Ok(wanted.iter().map(check).collect())
    }

    async fn check_setup(&self) -> Result<(Vec<HealthCheck>, Option<String>), PortError> {
        let setup = match self.setup().await {
            Ok(setup) => setup,
            Err(PortError::Rejected(rejection)) => {
                let advice = format!(
                    "give the connector's role Lists > Currency: View, or name the account's only \
                     currency in the setting currency (NetSuite says: {})",
                    rejection.words
                );
                return Ok((vec![failed("currencies", advice)], None));
            }
            Err(error) => return Err(error),
        };
        let mut checks = Vec::new();
        if setup.undeposited.is_some() {
            checks.push(passed("account Undeposited Funds"));
        } else {
            checks.push(failed(
                "account Undeposited Funds",
                "it was not found: name its internal id in the setting undeposited_account".into(),
            ));
        }
        let subsidiaries = "permission LIST_SUBSIDIARY";
        match &setup.subsidiaries {
            None => {}
            Some(known) if known.is_empty() => {
                let advice = "give the connector's role the permission Lists > Subsidiaries: View";
                checks.push(failed(subsidiaries, advice.to_owned()));
            }
            Some(_) => checks.push(passed(subsidiaries)),
        }
        let root = setup.subsidiaries.iter().flatten().find(|(_, known)| known.root);
        Ok((checks, root.map(|(_, known)| known.name.clone())))
    }

    /// Measures the zone of query times on the invoice with the highest id.
    async fn check_zone(&self) -> Result<HealthCheck, PortError> {
        let name = "time zone of queries";
        if self.settings.time_zone.is_some() {
            return Ok(passed(name));
        }
        let tail = "WHERE t.type = 'CustInvc' ORDER BY t.id DESC FETCH FIRST 1 ROWS ONLY";
        if let Ok(page) = self.rows(&NEWEST, tail, 0).await? {
            let rows: Vec<Body> = page.rows.into_iter().take(1).filter(has_id).collect();
            self.versions("invoice", &rows).await?;
        }
        Ok(passed(name))
    }
}

fn has_id(row: &Body) -> bool {
    Record(row).id().is_some_and(|id| is_internal_id(&id))
}

pub(super) fn passed(name: &str) -> HealthCheck {
    HealthCheck::passed(name)
}

pub(super) fn failed(name: &str, advice: String) -> HealthCheck {
    HealthCheck::failed(name, advice)
}

pub(super) fn permission_check(
    permission: &str,
    wanted: &str,
    refusal: Option<Refusal>,
) -> HealthCheck {
    let name = format!("permission {permission}");
    match refusal {
        None => passed(&name),
        Some(refusal) => failed(&name, permission_advice(wanted, &refusal)),
    }
}

fn permission_advice(wanted: &str, refusal: &Refusal) -> String {
    format!(
        "give the connector's role the permission {wanted}, or switch the feature on (NetSuite says: \
         {})",
        refusal.detail
    )
}

/// The property names of a JSON schema, wherever the answer keeps them.
fn properties(schema: &Body) -> Vec<String> {
    let direct = schema.get("properties").and_then(Value::as_object);
    direct.map(|names| names.keys().cloned().collect()).unwrap_or_default()
}

/// RFC 3339, or milliseconds of the epoch.
fn read_time(text: &str) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    text.parse::<i64>().ok().and_then(|value| Timestamp::from_millisecond(value).ok())
}
