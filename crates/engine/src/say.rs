//! What people say of a case, tied to how far its story has gone.

use model::case::{Actor, CaseKey, CaseKind};
use model::event::EventSubject;
use model::ids::ProcessorCustomerId;
use model::payment::Collection;
use model::person::{AboutAttempt, PersonSaid};
use ports::{PortError, Read};

use crate::engine::Engine;
use crate::error::{EngineError, Result};

/// The orders that a person gives about the newest attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Retry,
    Release,
    Stop,
}

/// Event actions that end an attempt.
const ENDING_ACTIONS: [&str; 4] =
    ["failed", "cancelled", "customer_approval_denied", "charged_back"];

/// What is resolved in this way stands on cases of one kind.
pub(crate) fn of_kind(case: &CaseKey, kind: CaseKind, option: &str, form: &str) -> Result<()> {
    if case.kind == kind {
        return Ok(());
    }
    Err(refused(format!("{option} is for cases like {form}, and this is {case}")))
}

fn refused(text: String) -> EngineError {
    EngineError::Setup(text)
}

impl Engine {
    /// Stores an order about the case's newest payment, covering its story so far.
    pub async fn order(&self, case: &CaseKey, order: Order, actor: &Actor) -> Result<()> {
        let payments = self.store.payment_context(case).await?;
        let newest = payments
            .collections
            .iter()
            .max_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        let about = newest.map(|row| {
            let ends = payments.events.iter().filter(|event| {
                matches!(&event.subject, EventSubject::Collection(id) if id == row.id.as_str())
                    && ENDING_ACTIONS.contains(&event.action.as_str())
            });
            let read = serde_json::from_value::<Collection>(row.body.clone());
            AboutAttempt {
                refunded: read.map_or(0, |collection| collection.refunded.minor),
                collection: row.id.clone(),
                ends: u32::try_from(ends.count()).unwrap_or(u32::MAX),
            }
        });
        let said = match order {
            Order::Retry => PersonSaid::Retry { about },
            Order::Release => PersonSaid::Release { about },
            Order::Stop => PersonSaid::Stop { about },
        };
        self.say(case, &said, actor).await
    }

    /// Stores what a person said and makes the case due.
    ///
    /// # Errors
    /// A sentence when a payment that is to be adopted or disowned does not exist, belongs to another
    /// invoice, or stands in the books already; when a chosen customer does not exist; and when the
    /// case is not about such a thing.
    pub async fn say(&self, case: &CaseKey, said: &PersonSaid, actor: &Actor) -> Result<()> {
        match said {
            PersonSaid::Adopt { collection } => self.check_adoption(case, collection).await?,
            PersonSaid::NotOurs { collection } => self.check_disowning(case, collection).await?,
            PersonSaid::Choose { customer } => self.check_choice(case, customer).await?,
            _ => {}
        }
        Ok(self.store.person_said(case, said, actor, self.now()).await?)
    }

    /// Whether the processor knows the customer that a person chooses.
    async fn check_choice(&self, case: &CaseKey, id: &ProcessorCustomerId) -> Result<()> {
        of_kind(case, CaseKind::Customer, "--customer", "customer/ACCOUNT/CUSTOMER")?;
        let world = self.world();
        let Some(erp) = world.erp_of_account(&case.account) else {
            return Err(refused(format!("no connection to {} is added", case.account)));
        };
        let links = world.links_of_erp(&erp.connection);
        let processors: Vec<_> =
            links.filter_map(|link| world.processor(&link.processor)).collect();
        for processor in &processors {
            match processor.port.customers(std::slice::from_ref(id)).await {
                Ok(reads) if reads.iter().any(|read| !matches!(read, Read::Missing)) => {
                    return Ok(());
                }
                // No id at all, as this processor has them.
                Ok(_) | Err(PortError::Rejected(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        let names: Vec<String> =
            processors.iter().map(|processor| processor.connection.to_string()).collect();
        Err(refused(format!(
            "there is no such customer: {} does not know {id}; \"ml-connector show {case}\" names those \
             that may be meant",
            names.join(", ")
        )))
    }
}
