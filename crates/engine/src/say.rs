//! What people say of a case, tied to how far its story has gone.

use model::case::{Actor, CaseKey, CaseKind};
use model::event::EventSubject;
use model::ids::ProcessorCustomerId;
use model::payment::Collection;
use model::person::{AboutAttempt, PersonFact, PersonSaid};
use model::policy::Mode;
use model::reason::Reason;
use ports::{Depth, PortError, Read};
use store::rows::{CaseContext, CaseRow, Claimed};

use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::look::Looked;
use crate::world::World;

/// The orders that a person gives about the newest attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    Retry,
    Release,
    Stop,
}

/// Event actions that end an attempt.
pub(crate) const ENDING_ACTIONS: [&str; 4] =
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

/// What a look comes to, without when the next one is.
fn outline(looked: &Looked) -> impl PartialEq + '_ {
    let decision = &looked.decision;
    (
        (decision.stage, &decision.reason, &decision.command, &decision.attention),
        (&looked.settle, &looked.kept, &looked.pairs, &looked.freed),
    )
}

impl Engine {
    /// Stores an order about the case's newest payment, covering its story so far.
    pub async fn order(&self, case: &CaseKey, order: Order, actor: &Actor) -> Result<()> {
        let said = self.ordered(case, order).await?;
        self.say(case, &said, actor).await
    }

    /// What an order says now.
    async fn ordered(&self, case: &CaseKey, order: Order) -> Result<PersonSaid> {
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
            let read = row.body.read::<Collection>();
            AboutAttempt {
                refunded: read.map_or(0, |collection| collection.refunded.minor),
                collection: row.id.clone(),
                ends: u32::try_from(ends.count()).unwrap_or(u32::MAX),
            }
        });
        Ok(match order {
            Order::Retry => PersonSaid::Retry { about },
            Order::Release => PersonSaid::Release { about },
            Order::Stop => PersonSaid::Stop { about },
        })
    }

    /// Where the case stands when an order would change nothing of it, as `says_nothing` tells it.
    pub async fn without_effect(
        &self,
        case: &CaseKey,
        order: Order,
        actor: &Actor,
    ) -> Result<Option<Reason>> {
        let said = self.ordered(case, order).await?;
        self.says_nothing(case, said, actor).await
    }

    /// Where the case stands when what a person says would change nothing of it; `None`: it would, or
    /// something else does already, or it can not be told now. The case is looked at with it and without,
    /// as if its link were on; nothing is stored.
    pub async fn says_nothing(
        &self,
        case: &CaseKey,
        said: PersonSaid,
        actor: &Actor,
    ) -> Result<Option<Reason>> {
        let Some(row) = self.store.case(case).await? else { return Ok(None) };
        let Some(stands) = row.reason.clone() else { return Ok(None) };
        let context = self.store.contexts(&[row.id]).await?.pop().unwrap_or_default();
        let nth = context.person_facts.iter().map(|fact| fact.nth).max().unwrap_or(0) + 1;
        let mut told = context.clone();
        told.person_facts.push(PersonFact { nth, at: self.now(), actor: actor.clone(), said });
        let (before, after) = match self.two_looks(&row, &context, &told).await {
            Ok(looks) => looks,
            Err(EngineError::Port(_) | EngineError::Setup(_)) => return Ok(None),
            Err(error) => return Err(error),
        };
        let moves = before.stopped || before.decision.reason.code != stands.code;
        Ok((!moves && outline(&before) == outline(&after)).then_some(stands))
    }

    async fn two_looks(
        &self,
        row: &CaseRow,
        before: &CaseContext,
        after: &CaseContext,
    ) -> Result<(Looked, Looked)> {
        let mut world = World::clone(&self.world());
        for link in world.links.values_mut() {
            link.policy.mode = Mode::On;
        }
        let claimed = Claimed {
            id: row.id,
            key: row.key.clone(),
            link: row.link.clone(),
            epoch: 0,
            hints: 0,
            lease_until: self.clock.lease_now(),
        };
        let (claims, contexts) = ([claimed], [before.clone()]);
        let batch = self.batch(&world, &claims, &contexts).await?;
        let [claimed] = &claims;
        let before = self.look(&world, claimed, before, &batch, Depth::Cheap).await?;
        let after = self.look(&world, claimed, after, &batch, Depth::Cheap).await?;
        Ok((before, after))
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
        if world.erp_of_account(&case.account).is_none() {
            return Err(refused(format!("no connection to {} is added", case.account)));
        }
        let links = world.links_of_erp_account(&case.account).into_iter();
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
