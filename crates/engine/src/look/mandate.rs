//! The look at a mandate: the customer's mandates in one currency, and the requests for one.

use std::collections::BTreeMap;

use flows::mandate::facts::MandateFacts;
use jiff::Timestamp;
use model::case::{CaseKey, CaseKind};
use model::command::{CommandState, CommandView, ProcessorWrite, Write};
use model::customer::{CustomerPair, ErpCustomer, MatchedBy};
use model::decision::{Decision, Stage};
use model::ids::{ErpCustomerId, MandateId, MandateRequestId, ProcessorCustomerId};
use model::key::Key;
use model::mandate::{Mandate, MandateRequest};
use model::money::Currency;
use model::reason::{Reason, ReasonCode};
use model::sight::Sight;
use ports::{Depth, Read};
use store::rows::{CaseContext, Claimed, FactRow};

use crate::engine::Engine;
use crate::error::Result;
use crate::world::World;

use super::batch::Batch;
use super::payout::last_reason;
use super::sources::Served;
use super::{Looked, fact, refs, sight};

/// What is known of the requests that this case made.
type Requests = BTreeMap<MandateRequestId, Sight<MandateRequest>>;

/// The processor's customer who authorises: a pair that is stored, or one found now, or why none is.
struct Payer {
    stored: Option<CustomerPair>,
    new: Option<CustomerPair>,
    unmatched: Option<Reason>,
}

impl Engine {
    pub(crate) async fn look_mandate(
        &self,
        world: &World,
        claimed: &Claimed,
        context: &CaseContext,
        batch: &Batch,
        depth: Depth,
    ) -> Result<Looked> {
        let seq = self.look_seq(depth, batch).await?;
        let (served, id, currency) = match self.mandate_served(world, claimed) {
            Ok(found) => found,
            Err((code, what)) => {
                let decision = Decision::rest(Stage::Open, Reason::new(code, what));
                return Ok(Looked::bare(seq, decision));
            }
        };
        let customer = sight(self.customer_for(&served.erp, &id, depth, batch).await?);
        let resolved = self.resolve(world, context, false).await?;
        let requests = self.requests(&served, &resolved.views).await?;
        let Payer { stored, new, unmatched } = self
            .payer_of(world, &served, &id, &customer, (&requests, &resolved.views), depth)
            .await?;
        let pair = stored.as_ref().or(new.as_ref()).map(|pair| pair.processor.clone());
        let mandates = match &pair {
            Some(payer) => self.mandates_of(&served, payer, &resolved.views).await?,
            None => Vec::new(),
        };
        let own = CaseKey::customer(&served.erp.account, &id);
        let invitations = self.invitations(&served, &requests).await?;
        let collections = self.collections_of_customer(&served, &id).await?;
        let frame = self.frame(&served, &resolved.views, true).await?;
        let stopped = frame.stopped;
        let facts = MandateFacts {
            frame,
            id: id.clone(),
            currency,
            customer,
            pair: pair.clone(),
            unmatched,
            mandates,
            requests,
            invited_at: invited_at(context),
            invitations,
            wanted: true,
            collections,
            person: context.person_facts.clone(),
            held: context.bank_details.iter().cloned().collect(),
            last_reason: last_reason(context),
        };
        let mut decision = flows::mandate::decide(&facts);
        if pair.is_none() && stored.is_none() {
            decision.hints.push(own.clone());
        }
        if new.is_some() {
            decision.hints.push(own);
        }
        let looked = Looked::served(seq, &served, resolved, decision);
        Ok(Looked {
            facts: mandate_facts(&facts),
            pairs: new
                .into_iter()
                .map(|pair| (served.erp.account.clone(), served.processor.account.clone(), pair))
                .collect(),
            refs: mandate_refs(&served, &facts, pair.as_ref()),
            stopped,
            ..looked
        })
    }

    /// Who pays: as stored, by what our requests made, or matched now; or why nobody is.
    async fn payer_of(
        &self,
        world: &World,
        served: &Served,
        id: &ErpCustomerId,
        customer: &Sight<ErpCustomer>,
        ours: (&Requests, &[CommandView]),
        depth: Depth,
    ) -> Result<Payer> {
        let stored = self.pair(served, id).await?;
        if stored.is_some() {
            return Ok(Payer { stored, new: None, unmatched: None });
        }
        if let Some(made) = made_pair(served, id, ours.0, ours.1) {
            return Ok(Payer { stored, new: Some(made), unmatched: None });
        }
        if depth == Depth::Direct {
            self.refresh_directory(world, served).await?;
        }
        let none = CaseContext::default();
        let decided = self.match_customer(served, id, customer, &[], &none).await?;
        let unmatched = Some(decided.decision.reason).filter(|_| decided.pair.is_none());
        Ok(Payer { stored, new: decided.pair, unmatched })
    }

    /// The link that the case goes by, its customer and its currency; or why there is none.
    fn mandate_served(
        &self,
        world: &World,
        claimed: &Claimed,
    ) -> std::result::Result<(Served, ErpCustomerId, Currency), (ReasonCode, String)> {
        let account = &claimed.key.account;
        let Some((id, currency)) = claimed.key.mandate_parts() else {
            let what = "the case names no customer and currency";
            return Err((ReasonCode::OddRecord, what.to_owned()));
        };
        if world.processor_of_account(account).is_none() {
            return Err((ReasonCode::NoLink, account.to_string()));
        }
        let mut links = world.links_of_processor_account(account).into_iter();
        let fitting = links.find(|link| link.policy.currencies.contains(&currency));
        let served = fitting.and_then(|link| self.served(world, &link.id));
        let served = served.ok_or((ReasonCode::CurrencyNotMapped, currency.to_string()))?;
        Ok((served, id, currency))
    }

    async fn requests(&self, served: &Served, views: &[CommandView]) -> Result<Requests> {
        let ids: Vec<MandateRequestId> =
            done_ids(views, |write| matches!(write, ProcessorWrite::RequestMandate(_)))
                .map(MandateRequestId::new)
                .collect();
        if ids.is_empty() {
            return Ok(Requests::new());
        }
        let reads = served.processor.port.mandate_requests(&ids).await?;
        Ok(ids.into_iter().zip(reads).map(|(id, read)| (id, sight(read))).collect())
    }

    async fn mandates_of(
        &self,
        served: &Served,
        payer: &ProcessorCustomerId,
        views: &[CommandView],
    ) -> Result<Vec<Mandate>> {
        let listed = served.processor.port.mandates_of(payer).await?;
        let mut mandates: Vec<Mandate> = listed.into_iter().filter_map(Read::into_found).collect();
        // The list may lag behind what this case made itself.
        let ours = done_ids(views, |write| matches!(write, ProcessorWrite::CreateMandate(_)));
        let unlisted: Vec<MandateId> = ours
            .map(MandateId::new)
            .filter(|id| !mandates.iter().any(|mandate| mandate.id == *id))
            .collect();
        if !unlisted.is_empty() {
            let read = served.processor.port.mandates(&unlisted).await?;
            mandates.extend(read.into_iter().filter_map(Read::into_found));
        }
        mandates.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(mandates)
    }

    async fn invitations(
        &self,
        served: &Served,
        requests: &Requests,
    ) -> Result<Vec<model::mandate::Invitation>> {
        let mut invitations = Vec::new();
        for request in requests.keys() {
            invitations.extend(served.processor.port.invitation(request).await?);
        }
        Ok(invitations)
    }

    /// Cases of the customer's invoices that were looked at so far.
    async fn collections_of_customer(
        &self,
        served: &Served,
        id: &ErpCustomerId,
    ) -> Result<Vec<CaseKey>> {
        let reference = refs::customer(&served.erp.account, id.as_str());
        let cases = self.store.cases_by_ref(&reference).await?;
        Ok(cases.into_iter().filter(|case| case.kind == CaseKind::Collection).collect())
    }
}

/// What done writes of the case gave, oldest first.
fn done_ids<'a>(
    views: &'a [CommandView],
    pick: impl Fn(&ProcessorWrite) -> bool + 'a,
) -> impl DoubleEndedIterator<Item = &'a str> {
    let done = views.iter().filter(move |view| match &view.write {
        Write::Processor(write) => view.state == CommandState::Done && pick(write),
        Write::Erp(_) => false,
    });
    done.filter_map(|view| view.answer.as_ref()).map(|answer| answer.id.as_str())
}

/// The customer that the processor made for a fulfilled request, or that this case made there, is
/// this customer.
fn made_pair(
    served: &Served,
    id: &ErpCustomerId,
    requests: &Requests,
    views: &[CommandView],
) -> Option<CustomerPair> {
    let found = requests.values().filter_map(Sight::found);
    let fulfilled = found.filter(|request| request.mandate.is_some());
    let made = done_ids(views, |write| matches!(write, ProcessorWrite::CreateCustomer(_)));
    let payer = fulfilled
        .filter_map(|request| request.customer.clone())
        .next_back()
        .or_else(|| made.map(ProcessorCustomerId::new).next_back())?;
    Some(CustomerPair {
        link: served.link.id.clone(),
        erp: id.clone(),
        processor: payer,
        by: MatchedBy::Created,
    })
}

fn invited_at(context: &CaseContext) -> BTreeMap<Key, Timestamp> {
    context
        .commands
        .iter()
        .filter(|row| matches!(row.view.write, Write::Processor(ProcessorWrite::InviteMandate(_))))
        .filter_map(|row| Some((row.view.key.clone(), row.last_sent_at?)))
        .collect()
}

fn mandate_facts(facts: &MandateFacts) -> Vec<FactRow> {
    let mandates = facts.mandates.iter();
    mandates
        .filter_map(|mandate| fact(format!("mandate/{}", mandate.id), mandate))
        .chain(facts.customer.found().and_then(|customer| fact(super::CUSTOMER_FACT, customer)))
        .collect()
}

fn mandate_refs(
    served: &Served,
    facts: &MandateFacts,
    pair: Option<&ProcessorCustomerId>,
) -> Vec<String> {
    let processor = &served.processor.account;
    let mut list = vec![refs::customer(&served.erp.account, facts.id.as_str())];
    list.extend(pair.map(|payer| refs::processor_customer(processor, payer.as_str())));
    list.extend(facts.mandates.iter().map(|one| refs::mandate(processor, one.id.as_str())));
    let requests = facts.requests.keys();
    list.extend(requests.map(|id| refs::mandate_request(processor, id.as_str())));
    list.sort();
    list.dedup();
    list
}
