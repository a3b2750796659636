//! What the role may read and write, proved without changing anything: a list of one record for
//! reading; for writing, a request that must be refused for its content, since NetSuite looks at
//! permissions before it looks at content (netsuite sheet sections 3 and 4).

use serde_json::{Value, json};

use ports::PortError;
use ports::health::HealthCheck;

use super::NetSuite;
use super::client::Outcome;
use super::health::{failed, passed, permission_check};
use super::refusal::Refusal;

/// What the connector does with records of a type beside reading them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Writes {
    Nothing,
    /// Makes them; the field refers to a record 0, which never is.
    Creates(Impossible),
    Changes,
    CreatesAndChanges(Impossible),
}

/// A body that no account can accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Impossible {
    /// A mandatory reference to the record 0.
    Reference(&'static str),
    /// One line, which does not balance, on the account 0.
    Line,
}

impl Impossible {
    fn body(self) -> Value {
        let nothing = json!({ "id": "0" });
        match self {
            Impossible::Reference(field) => json!({ field: nothing }),
            Impossible::Line => {
                json!({ "line": { "items": [{ "account": nothing, "debit": 1 }] } })
            }
        }
    }
}

/// A record type, the permission that it needs, and where a person finds that.
struct Probe {
    kind: &'static str,
    permission: &'static str,
    place: &'static str,
    writes: Writes,
}

const fn probe(
    kind: &'static str,
    permission: &'static str,
    place: &'static str,
    writes: Writes,
) -> Probe {
    Probe { kind, permission, place, writes }
}

const OF_CUSTOMER: Impossible = Impossible::Reference("customer");
const OF_ENTITY: Impossible = Impossible::Reference("entity");
const OF_ACCOUNT: Impossible = Impossible::Reference("account");

const PROBES: [Probe; 9] = [
    probe("customer", "LIST_CUSTJOB", "Lists > Customers: Edit", Writes::Changes),
    probe("invoice", "TRAN_CUSTINVC", "Transactions > Invoice: Edit", Writes::Changes),
    probe(
        "customerPayment",
        "TRAN_CUSTPYMT",
        "Transactions > Customer Payment: Edit",
        Writes::CreatesAndChanges(OF_CUSTOMER),
    ),
    probe(
        "customerRefund",
        "TRAN_CUSTRFND",
        "Transactions > Customer Refund: Create",
        Writes::Creates(OF_CUSTOMER),
    ),
    probe(
        "deposit",
        "TRAN_DEPOSIT",
        "Transactions > Deposit: Edit",
        Writes::CreatesAndChanges(OF_ACCOUNT),
    ),
    probe(
        "journalEntry",
        "TRAN_JOURNAL",
        "Transactions > Make Journal Entry: Create",
        Writes::Creates(Impossible::Line),
    ),
    probe(
        "creditMemo",
        "TRAN_CUSTCRED",
        "Transactions > Credit Memo: Create",
        Writes::Creates(OF_ENTITY),
    ),
    probe("currency", "LIST_CURRENCY", "Lists > Currency: View", Writes::Nothing),
    probe("account", "LIST_ACCOUNT", "Lists > Accounts: View", Writes::Nothing),
];

/// Needed where journals are approved before they are posted.
const APPROVAL: Probe = probe(
    "journalEntry",
    "TRAN_JOURNALAPPRV",
    "Transactions > Journal Approval: Create",
    Writes::Creates(Impossible::Line),
);

/// How the request for something impossible ended.
enum Proof {
    Allowed,
    Denied(Refusal),
    /// Neither: the words say why.
    Unclear(String),
    /// It was done, which no account should.
    Done(Option<String>),
}

impl NetSuite {
    /// One check for each permission on a record type, reading and writing together.
    pub(super) async fn check_permissions(&self) -> Result<Vec<HealthCheck>, PortError> {
        let mut checks = Vec::new();
        for probe in &PROBES {
            let check = match self.client.probe(probe.kind).await? {
                Err(refusal) => permission_check(probe.permission, probe.place, Some(refusal)),
                Ok(_) => self.check_writing(probe).await?,
            };
            checks.push(check);
        }
        checks.push(self.check_approval(&checks).await?);
        Ok(checks)
    }

    /// Approving is asked for together with a journal that can not be: the one refusal shows a lack of
    /// it, the other shows nothing, for content may be looked at first.
    async fn check_approval(&self, before: &[HealthCheck]) -> Result<HealthCheck, PortError> {
        let journal = "permission TRAN_JOURNAL";
        let makes_journals = before.iter().any(|check| check.name == journal && check.ok);
        if makes_journals {
            let mut body = Impossible::Line.body();
            body["approved"] = Value::Bool(true);
            match proof(self.client.probe_create("journalEntry", &body).await)? {
                Proof::Denied(refusal) => {
                    return Ok(permission_check(
                        APPROVAL.permission,
                        APPROVAL.place,
                        Some(refusal),
                    ));
                }
                Proof::Done(id) => return Ok(made_up(&APPROVAL, id)),
                Proof::Allowed | Proof::Unclear(_) => {}
            }
        }
        Ok(HealthCheck::not_checked(
            format!("permission {}", APPROVAL.permission),
            format!(
                "only posting proves it. Look at Setup > Users/Roles > Manage Roles, the connector's \
                 role, Permissions: it must have {} where journal entries need approval (Setup > \
                 Accounting > Accounting Preferences, Approval Routing)",
                APPROVAL.place
            ),
        ))
    }

    async fn check_writing(&self, probe: &Probe) -> Result<HealthCheck, PortError> {
        let (creates, changes) = match probe.writes {
            Writes::Nothing => (None, false),
            Writes::Creates(impossible) => (Some(impossible), false),
            Writes::Changes => (None, true),
            Writes::CreatesAndChanges(impossible) => (Some(impossible), true),
        };
        let name = format!("permission {}", probe.permission);
        let mut unclear = None;
        if let Some(impossible) = creates {
            let asked = self.client.probe_create(probe.kind, &impossible.body()).await;
            match proof(asked)? {
                Proof::Allowed => {}
                Proof::Unclear(words) => unclear = Some(words),
                Proof::Denied(refusal) => {
                    return Ok(permission_check(probe.permission, probe.place, Some(refusal)));
                }
                Proof::Done(id) => return Ok(made_up(probe, id)),
            }
        }
        if changes {
            match proof(self.client.probe_change(probe.kind).await)? {
                Proof::Allowed => {}
                Proof::Unclear(words) => unclear = Some(words),
                Proof::Denied(refusal) => {
                    return Ok(permission_check(probe.permission, probe.place, Some(refusal)));
                }
                Proof::Done(id) => return Ok(made_up(probe, id)),
            }
        }
        Ok(match unclear {
            None => passed(&name),
            Some(words) => HealthCheck::not_checked(
                name,
                format!(
                    "writing could not be proved ({words}): ping again, or make sure that the \
                     connector's role has {}",
                    probe.place
                ),
            ),
        })
    }
}

fn proof(asked: Result<Outcome, PortError>) -> Result<Proof, PortError> {
    match asked {
        Ok(Outcome::Refused(refusal)) if refusal.is_permission() => Ok(Proof::Denied(refusal)),
        Ok(Outcome::Refused(_)) => Ok(Proof::Allowed),
        Ok(Outcome::Done(id)) => Ok(Proof::Done(id)),
        // Nothing can have been made of it, whatever became of the answer.
        Err(PortError::OutcomeUnknown(words)) => Ok(Proof::Unclear(words)),
        Err(error) => Err(error),
    }
}

fn made_up(probe: &Probe, id: Option<String>) -> HealthCheck {
    let advice = format!(
        "NetSuite accepted a {} that refers to nothing (id {}): look at it, delete it, and tell us",
        probe.kind,
        id.as_deref().unwrap_or("unknown")
    );
    failed(&format!("permission {}", probe.permission), advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_body_refers_to_the_record_that_never_is() {
        for probe in &PROBES {
            if let Writes::Creates(impossible) | Writes::CreatesAndChanges(impossible) =
                probe.writes
            {
                let body = impossible.body().to_string();
                assert!(body.contains(r#"{"id":"0"}"#), "{}: {body}", probe.kind);
            }
        }
    }
}
