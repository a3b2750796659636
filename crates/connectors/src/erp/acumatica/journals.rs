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

/// What the site shows of a subaccount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subaccount {
    Active,
    Inactive,
    Missing,
    /// The form may not be read, or the feature Subaccounts is off: the refusal.
    NotShown(String),
}

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
        Ok(match self.look_up_subaccount(id).await? {
            Subaccount::Active => HealthCheck::passed(name),
            Subaccount::Missing => HealthCheck::failed(
                name,
                "there is no such subaccount: set \"subaccount\" as Subaccounts (GL203000) spells it, \
                 without separators, or leave it blank",
            ),
            Subaccount::Inactive => {
                HealthCheck::failed(name, "activate it on Subaccounts (GL203000), or set another")
            }
            Subaccount::NotShown(why) => HealthCheck::not_checked(
                name,
                format!(
                    "the form Subaccounts (GL203000) can not be read: {why}. Give the connector's role \
                     View Only there, or leave \"subaccount\" blank where the site has none"
                ),
            ),
        })
    }

    /// What the site shows of a subaccount.
    pub(super) async fn look_up_subaccount(&self, id: &str) -> Result<Subaccount, PortError> {
        let ask = Ask { select: "SubaccountCD,Active", ..Ask::default() };
        let ask = ask.filter(format!("SubaccountCD eq {}", literal(id))).top(1);
        Ok(match self.client.try_list("Subaccount", &ask).await? {
            Err(refusal) => Subaccount::NotShown(sentence(&refusal.detail)),
            Ok(rows) => match rows.first().map(Entity) {
                None => Subaccount::Missing,
                Some(row) if row.flag("Active") => Subaccount::Active,
                Some(_) => Subaccount::Inactive,
            },
        })
    }

    /// Whether a line has more than one subaccount to choose from. What may not be read shows none.
    pub(super) async fn has_subaccounts(&self) -> Result<bool, PortError> {
        let ask = Ask { select: "SubaccountCD", ..Ask::default() }.top(2);
        let rows = self.client.try_list("Subaccount", &ask).await?.unwrap_or_default();
        Ok(rows.len() > 1)
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
                    sentence(&refusal.detail)
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

/// A refusal of what the connection's settings, or the link's map, put into a journal names them.
/// `carried`: accounts of its lines that carry a subaccount of their own.
pub(super) fn with_settings(
    error: PortError,
    settings: &Settings,
    carried: &[String],
) -> PortError {
    let PortError::Rejected(mut rejection) = error else { return error };
    if let Some(words) = of_map(&rejection.words, carried) {
        rejection.words = format!("{} {words}", rejection.words);
        return PortError::Rejected(rejection);
    }
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

/// What is wrong with an account that the link's map names.
fn of_map(words: &str, carried: &[String]) -> Option<String> {
    if words.to_lowercase().contains("control account") {
        return Some(
            "Only its subledger posts to such an account: name another in the link's map (links set), or \
             tick Allow Manual Entry on Chart of Accounts (GL202500), and retry"
                .to_owned(),
        );
    }
    if !words.contains("'Subaccount' cannot be found") {
        return None;
    }
    let refused = |id: &&String| {
        let sub = id.split_once('/').map(|(_, sub)| format!("\"{sub}\""));
        sub.is_some_and(|sub| words.contains(&sub))
    };
    let account = carried.iter().find(refused)?;
    Some(format!(
        "The link's map carries it: {account}. Correct it as Subaccounts (GL203000) spells it (links set), \
         and retry"
    ))
}

/// A refusal of postings between branches, where the connection says that the site has them.
pub(super) fn between_branches(error: PortError, settings: &Settings) -> PortError {
    let PortError::Rejected(mut rejection) = error else { return error };
    let told = rejection.words.to_lowercase();
    if settings.inter_branch && told.contains("branch") && !told.contains("inter_branch") {
        rejection.words = format!(
            "{} The connection says inter_branch=true: switch the feature Inter-Branch Transactions on \
             (Enable/Disable Features, CS100000) and map its accounts (GL101010), and retry; or take the \
             setting back (connections add … --set inter_branch=), and invoices of other branches than \
             the clearing account's are not collected any more",
            rejection.words
        );
    }
    PortError::Rejected(rejection)
}

/// Another system's words, to be followed by a full stop of ours.
pub(super) fn sentence(words: &str) -> String {
    words.trim_end().trim_end_matches('.').to_owned()
}
