//! The look at a customer: who it is at each processor account that a link of its ERP serves.

use std::collections::BTreeMap;

use flows::customer::{CustomerDecision, CustomerFacts};
use jiff::ToSpan;
use model::case::{CaseKey, CaseKind};
use model::command::CommandView;
use model::customer::{CustomerPair, ErpCustomer, fold_email};
use model::decision::{Decision, Stage};
use model::ids::{ErpCustomerId, ProcessorCustomerId};
use model::person::{PersonFact, PersonSaid};
use model::policy::Mode;
use model::reason::{Reason, ReasonCode, ReasonKind};
use model::sight::Sight;
use ports::Depth;
use store::rows::{CaseContext, Claimed};

use crate::engine::Engine;
use crate::error::Result;
use crate::poll::{CUSTOMERS, DIRECTORY};
use crate::world::World;

use super::batch::Batch;
use super::payout::last_reason;
use super::sources::Served;
use super::{Looked, fact, refs, sight};

/// Seconds for which the processor's list of customers is good enough to ask one for a mandate.
const FRESH_SECONDS: i64 = 60;

impl Engine {
    pub(crate) async fn look_customer(
        &self,
        world: &World,
        claimed: &Claimed,
        context: &CaseContext,
        batch: &Batch,
        depth: Depth,
    ) -> Result<Looked> {
        let seq = self.look_seq(depth, batch).await?;
        let account = &claimed.key.account;
        let rest = |code, what: &str| {
            Looked::bare(seq, Decision::rest(Stage::Open, Reason::new(code, what)))
        };
        let Some(erp) = world.erp_of_account(account) else {
            return Ok(rest(ReasonCode::NoLink, account.as_str()));
        };
        let id = ErpCustomerId::new(claimed.key.subject.as_str());
        let customer = sight(self.customer_for(&erp, &id, depth, batch).await?);
        let resolved = self.resolve(world, context, false).await?;
        let mut looked = rest(ReasonCode::NoLink, account.as_str());
        for link in world.links_of_erp_account(account) {
            let Some(served) = self.served(world, &link.id) else { continue };
            let decided =
                self.match_customer(&served, &id, &customer, &resolved.views, context).await?;
            let payer = decided.pair.as_ref().map(|pair| pair.processor.clone());
            looked.refs.extend(
                payer.map(|payer| {
                    refs::processor_customer(&served.processor.account, payer.as_str())
                }),
            );
            let stored = self.pair(&served, &id).await?;
            let changed = decided.pair.filter(|pair| stored.as_ref() != Some(pair));
            looked.pairs.extend(
                changed.map(|pair| {
                    (served.erp.account.clone(), served.processor.account.clone(), pair)
                }),
            );
            // One command a look: the first link that wants one; else the reason that weighs most.
            if looked.decision.command.is_none()
                && (looked.link.is_none() || outweighs(&decided.decision, &looked.decision))
            {
                let hints = std::mem::take(&mut looked.decision.hints);
                looked.decision = decided.decision;
                looked.decision.hints.extend(hints);
                looked.link = Some(link.id.clone());
                looked.processor =
                    Some((served.processor.connection.clone(), served.processor.account.clone()));
                looked.off = link.policy.mode == Mode::Off;
            } else {
                looked.decision.hints.extend(decided.decision.hints);
            }
        }
        looked.erp = Some((erp.connection.clone(), erp.account.clone()));
        looked.facts =
            customer.found().and_then(|one| fact(super::CUSTOMER_FACT, one)).into_iter().collect();
        looked.refs.push(refs::customer(account, id.as_str()));
        looked.stopped = self.stopped().await?;
        looked.resolved(resolved);
        Ok(looked)
    }

    /// The flow's answer for one link; also asked by a collection that finds no pair yet.
    pub(crate) async fn match_customer(
        &self,
        served: &Served,
        id: &ErpCustomerId,
        customer: &Sight<ErpCustomer>,
        views: &[CommandView],
        context: &CaseContext,
    ) -> Result<CustomerDecision> {
        let pair = self.pair(served, id).await?;
        let account = &served.processor.account;
        let by_external = self.store.directory_by_erp_customer(account, id.as_str()).await?;
        let email = customer.found().and_then(|one| one.email.as_deref()).map(fold_email);
        let (by_email, same_email_erp) = match &email {
            Some(email) if !email.is_empty() => {
                let theirs = self.store.directory_by_email(account, email).await?;
                let ours = self.store.directory_by_email(&served.erp.account, email).await?;
                let others = ours.iter().filter(|one| one.id.as_str() != id.as_str()).count();
                (theirs, others + 1)
            }
            Some(_) | None => (Vec::new(), 0),
        };
        let known =
            self.read_payers(served, customer, pair.as_ref(), &context.person_facts).await?;
        let directories_read = pair.is_some() || self.directories_read(served).await?;
        let frame = self.frame(served, views, true).await?;
        let facts = CustomerFacts {
            frame,
            id: id.clone(),
            customer: customer.clone(),
            pair,
            known,
            by_external,
            directories_read,
            created: None,
            by_email,
            same_email_erp,
            person: context.person_facts.clone(),
            dependants: self.dependants(served, id).await?,
            last_reason: last_reason(context),
        };
        Ok(flows::customer::decide(&facts))
    }

    /// The customers of both sides were read completely at least once.
    async fn directories_read(&self, served: &Served) -> Result<bool> {
        let theirs = self.store.mark(&served.processor.connection, DIRECTORY).await?;
        let ours = self.store.mark(&served.erp.connection, CUSTOMERS).await?;
        let read = theirs.completed_at.is_some() && ours.completed_at.is_some();
        Ok(read || model::defect!(DirectoryHalfRead))
    }

    /// What was made at the processor a moment ago counts before anybody is asked for a mandate.
    pub(super) async fn refresh_directory(&self, world: &World, served: &Served) -> Result<()> {
        let connection = &served.processor.connection;
        let mark = self.store.mark(connection, DIRECTORY).await?;
        let fresh = self.now() - FRESH_SECONDS.seconds();
        let stale = mark.until.is_none_or(|until| until < fresh);
        if stale && !model::defect!(DirectoryHalfRead) {
            let often = served.link.policy.poll_seconds;
            self.poll_stream(world, connection, DIRECTORY, often, true).await?;
        }
        Ok(())
    }

    /// The pair's customer, the one in the ERP's field, and the one a person chose, read by id.
    async fn read_payers(
        &self,
        served: &Served,
        customer: &Sight<ErpCustomer>,
        pair: Option<&CustomerPair>,
        said: &[PersonFact],
    ) -> Result<BTreeMap<ProcessorCustomerId, Sight<model::customer::ProcessorCustomer>>> {
        let stored = customer.found().and_then(|one| one.stored.processor_customer.clone());
        let chosen = said.iter().rev().find_map(|fact| match &fact.said {
            PersonSaid::Choose { customer } => Some(customer.clone()),
            PersonSaid::Retry { .. }
            | PersonSaid::Release { .. }
            | PersonSaid::Stop { .. }
            | PersonSaid::Ignore { .. }
            | PersonSaid::Adopt { .. }
            | PersonSaid::NotOurs { .. }
            | PersonSaid::Match { .. }
            | PersonSaid::Leave { .. }
            | PersonSaid::OrderMandate { .. } => None,
        });
        let mut ids: Vec<ProcessorCustomerId> = pair
            .map(|pair| pair.processor.clone())
            .into_iter()
            .chain(stored)
            .chain(chosen)
            .collect();
        ids.sort();
        ids.dedup();
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let reads = served.processor.port.customers(&ids).await?;
        Ok(ids.into_iter().zip(reads.into_iter().map(sight)).collect())
    }

    async fn dependants(&self, served: &Served, id: &ErpCustomerId) -> Result<Vec<CaseKey>> {
        let reference = refs::customer(&served.erp.account, id.as_str());
        let cases = self.store.cases_by_ref(&reference).await?;
        Ok(cases.into_iter().filter(|case| case.kind != CaseKind::Customer).collect())
    }
}

/// What acts or needs a person is shown before what rests, and what is settled before what waits.
fn outweighs(new: &Decision, old: &Decision) -> bool {
    let weight =
        |decision: &Decision| match (decision.command.is_some(), decision.reason.code.kind()) {
            (true, _) => 3,
            (false, ReasonKind::NeedsPerson) => 2,
            // Known at one account is enough: at another one it may never be wanted.
            (false, ReasonKind::Settled | ReasonKind::Acting) => 1,
            (false, ReasonKind::Waiting | ReasonKind::Skipped) => 0,
        };
    weight(new) > weight(old)
}
