//! What `ping` proves of the settings that journals are written with, and how a refusal of one of them
//! is told: Acumatica names the field and not its value (acumatica sheet section 9.8).

use ports::PortError;
use ports::health::HealthCheck;

use super::Acumatica;
use super::branches::is_actual;
use super::query::{Ask, literal};
use super::settings::Settings;
use super::wire::Entity;

/// Ledgers that are named to choose from.
const LISTED_MAX: usize = 6;

impl Acumatica {
    /// The subaccount and the ledger of journals, where the connection names them.
    pub(super) async fn check_journals(&self) -> Result<Vec<HealthCheck>, PortError> {
        let mut checks = Vec::new();
        if let Some(subaccount) = &self.settings.subaccount {
            checks.push(self.check_subaccount(subaccount).await?);
        }
        if let Some(ledger) = &self.settings.ledger {
            checks.push(self.check_ledger(ledger).await?);
        }
        Ok(checks)
    }

    async fn check_subaccount(&self, id: &str) -> Result<HealthCheck, PortError> {
        let name = format!("subaccount {id}");
        let ask = Ask { select: "SubaccountCD,Active", ..Ask::default() };
        let ask = ask.filter(format!("SubaccountCD eq {}", literal(id))).top(1);
        let rows = match self.client.try_list("Subaccount", &ask).await? {
            Ok(rows) => rows,
            // Also where the feature Subaccounts is off.
            Err(refusal) => {
                let how = format!(
                    "the form Subaccounts (GL203000) can not be read: {}. Give the connector's role \
                     View Only there, or leave \"subaccount\" blank where the site has none",
                    refusal.detail
                );
                return Ok(HealthCheck::not_checked(name, how));
            }
        };
        let Some(row) = rows.first().map(Entity) else {
            let advice = "there is no such subaccount: set \"subaccount\" as Subaccounts (GL203000) \
                          spells it, without separators, or leave it blank";
            return Ok(HealthCheck::failed(name, advice));
        };
        if row.flag("Active") {
            return Ok(HealthCheck::passed(name));
        }
        Ok(HealthCheck::failed(name, "activate it on Subaccounts (GL203000), or set another"))
    }

    async fn check_ledger(&self, id: &str) -> Result<HealthCheck, PortError> {
        let name = format!("ledger {id}");
        let ask = Ask { select: "LedgerID,Type", ..Ask::default() };
        let rows = match self.client.try_list("Ledger", &ask).await? {
            Ok(rows) => rows,
            Err(refusal) => {
                let how = format!(
                    "the form Ledgers (GL201500) can not be read: {}. Give the connector's role View \
                     Only there",
                    refusal.detail
                );
                return Ok(HealthCheck::not_checked(name, how));
            }
        };
        let mut all = rows.iter().map(Entity);
        match all.find(|row| row.text("LedgerID").as_deref() == Some(id)) {
            Some(row) if is_actual(row) => Ok(HealthCheck::passed(name)),
            Some(row) => {
                let kind = row.text("Type").unwrap_or_default();
                let advice = format!(
                    "its type is {kind}: set \"ledger\" to an actual one (Ledgers, GL201500), or leave \
                     it blank"
                );
                Ok(HealthCheck::failed(name, advice))
            }
            None => {
                let actual = rows.iter().map(Entity).filter(|row| is_actual(*row));
                let ids: Vec<String> =
                    actual.filter_map(|row| row.text("LedgerID")).take(LISTED_MAX).collect();
                let advice = format!(
                    "there is no such ledger: set \"ledger\" to one of {} (Ledgers, GL201500), or leave \
                     it blank for the branch's own",
                    ids.join(", ")
                );
                Ok(HealthCheck::failed(name, advice))
            }
        }
    }
}

/// A refusal of what the connection's settings put into a journal names them.
pub(super) fn with_settings(error: PortError, settings: &Settings) -> PortError {
    let PortError::Rejected(mut rejection) = error else { return error };
    let named = [
        ("'Subaccount' cannot be found", "subaccount", &settings.subaccount),
        ("'Ledger' cannot be found", "ledger", &settings.ledger),
        ("'Branch' cannot be found", "branch", &settings.branch),
    ];
    for (words, setting, value) in named {
        if !rejection.words.contains(words) {
            continue;
        }
        let said = match value {
            Some(value) => format!("the connection's setting {setting} is \"{value}\""),
            None => format!("the connection's setting {setting} is blank"),
        };
        rejection.words = format!(
            "{} It comes from the connection: {said}. Correct it (connections add … --set {setting}=…; \
             an account may carry a subaccount of its own, 61200/000000), and retry",
            rejection.words
        );
    }
    PortError::Rejected(rejection)
}
