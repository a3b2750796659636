//! What people say of a case, tied to how far its story has gone.

use model::case::{Actor, CaseKey};
use model::event::EventSubject;
use model::payment::Collection;
use model::person::{AboutAttempt, PersonSaid};

use crate::engine::Engine;
use crate::error::Result;

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
    /// invoice, or stands in the books already.
    pub async fn say(&self, case: &CaseKey, said: &PersonSaid, actor: &Actor) -> Result<()> {
        match said {
            PersonSaid::Adopt { collection } => self.check_adoption(case, collection).await?,
            PersonSaid::NotOurs { collection } => self.check_disowning(case, collection).await?,
            _ => {}
        }
        Ok(self.store.person_said(case, said, actor, self.now()).await?)
    }
}
