//! The look at a collection: cheap for all due cases at once, direct for those about to act.

use std::collections::BTreeMap;

use flows::collection::facts::{CollectionFacts, CustomerState};
use flows::collection::{books, decide, eligibility, predecessor};
use model::case::CaseKey;
use model::customer::{CustomerPair, ErpCustomer};
use model::decision::{Decision, Stage};
use model::ids::{AccountId, InvoiceId};
use model::invoice::{Invoice, InvoiceStatus};
use model::key::Key;
use model::mandate::Mandate;
use model::money::Money;
use model::policy::{MandateRequestPolicy, Mode};
use model::reason::{Reason, ReasonCode};
use model::receipt::DocumentKind;
use model::sight::Sight;
use ports::{Depth, PortError, Read};
use store::rows::{CaseContext, Claimed, Counted};

use crate::engine::Engine;
use crate::error::Result;
use crate::world::{ErpPort, World};

use super::batch::Batch;
use super::limits::day_use;
use super::payments::Asked;
use super::payout::last_reason;
use super::sources::Served;
use super::{Looked, fact, refs, saves, sight};

/// The customer as the collection sees it.
struct Payer {
    state: CustomerState,
    /// A mandate was asked for and is not authorised yet.
    requested: bool,
    /// The case of the customer's mandate, when there is none yet.
    mandate_unknown: Option<CaseKey>,
    /// Matched by this very look.
    new_pairs: Vec<(AccountId, AccountId, CustomerPair)>,
}

impl Payer {
    /// Cases of the customer that must look now.
    fn asks_for(
        &self,
        served: &Served,
        facts: &CollectionFacts,
        invoice: &Invoice,
    ) -> Vec<CaseKey> {
        // The customer's mandate fields are kept current from the first look on (mission row NG6).
        let mandate = self.mandate_unknown.clone().filter(|_| !facts.mandates.is_empty());
        let customer = (!self.new_pairs.is_empty())
            .then(|| CaseKey::customer(&served.erp.account, &invoice.customer));
        mandate.into_iter().chain(customer).collect()
    }
}

impl Engine {
    /// Looks and decides. Direct when `depth` says so: then money may be moved on what it says.
    pub(crate) async fn look_collection(
        &self,
        world: &World,
        claimed: &Claimed,
        context: &CaseContext,
        batch: &Batch,
        depth: Depth,
    ) -> Result<Looked> {
        let seq = self.look_seq(depth, batch).await?;
        let Some(erp) = world.erp_of_account(&claimed.key.account) else {
            let reason = Reason::new(ReasonCode::NoLink, claimed.key.account.as_str());
            return Ok(Looked::bare(seq, Decision::rest(Stage::Open, reason)));
        };
        let id = InvoiceId::new(claimed.key.subject.as_str());
        let read = self.read_invoice(&erp, &id, batch.invoice(&claimed.key), depth).await?;
        let (invoice, gone) = match (read, remembered(context)) {
            // Its payments are looked after all the same: taken back, or booked unapplied.
            (Sight::Missing, Some(last)) => (Sight::Found(last), true),
            (read, _) => (read, false),
        };
        let Sight::Found(found) = &invoice else {
            return Ok(Looked::bare(seq, unread_invoice(&invoice)));
        };
        let customer = self.customer_for(&erp, &found.customer, depth, batch).await?;
        let before = self.served_before(world, claimed, context).map(Ok);
        let serve = || self.serve(world, &erp, customer.found(), found.due.currency);
        let served = match before.unwrap_or_else(serve) {
            Ok(served) => served,
            Err(decision) => {
                let of_case = (claimed, context);
                return self.tell_unserved(world, &erp, of_case, &invoice, *decision, seq).await;
            }
        };
        let cheap = batch.invoice(&claimed.key).and_then(Read::found);
        let saved = saves::person_saved_lately(context, found, cheap, depth);
        let resolved = self.resolve(world, context, saved).await?;
        let frame = self.frame(&served, &resolved.views, depth == Depth::Direct).await?;
        let payer = self.payer(&served, &customer, found).await?;
        let payments = self
            .payments(&Asked {
                claimed,
                context,
                views: &resolved.views,
                served: &served,
                customer: &payer.state,
                invoice: found,
                depth,
            })
            .await?;
        let events_until = self.events_until(&served, &payments).await?;
        let mut facts = CollectionFacts {
            gone,
            events_until,
            customer_inactive: customer.found().is_some_and(|one| one.inactive),
            named_mandate: customer.found().and_then(|one| one.stored.mandate.clone()),
            mandate_requested: payer.requested,
            attempts: payments.attempts,
            others: payments.others,
            events: payments.stored.events,
            items: payments.stored.items,
            settled: payments.stored.documents,
            person: context.person_facts.clone(),
            last_reason: last_reason(context),
            processor_name: served.link.processor.to_string(),
            ..CollectionFacts::of(frame, invoice.clone(), payer.state.clone())
        };
        let counted = self.complete(&served, &claimed.key, &mut facts, batch, depth).await?;
        let mut decision = decide(&facts);
        decision.hints.extend(asks_for(&served, &facts, found, &decision));
        decision.hints.extend(payer.asks_for(&served, &facts, found));
        decision.hints.extend(payments.freed_payouts);
        let looked = Looked::served(seq, &served, resolved, decision);
        let mut rows = collection_facts(&facts, found, depth, gone);
        if !gone {
            rows.extend(saves::seen_by_both(context, found, cheap, depth, seq, batch.at));
        }
        Ok(Looked {
            facts: rows,
            pairs: payer.new_pairs,
            collections: payments.rows,
            counted,
            freed: payments.freed,
            refs: collection_refs(&served, &facts, found),
            stopped: facts.frame.stopped,
            ..looked
        })
    }

    /// Reads what the payments ask for: their documents, mandates for the next one, what the limits allow.
    /// Gives what was counted for the limits.
    async fn complete(
        &self,
        served: &Served,
        case: &CaseKey,
        facts: &mut CollectionFacts,
        batch: &Batch,
        depth: Depth,
    ) -> Result<Vec<Counted>> {
        let keys = books::keys_to_read(facts);
        facts.documents = self.documents(&served.erp, &keys, depth, batch).await?;
        while let Some(key) = books::forgotten_to_read(facts) {
            let read = [(DocumentKind::Receipt, key)];
            facts.documents.extend(self.documents(&served.erp, &read, depth, batch).await?);
        }
        let made = |key: &Key| facts.frame.done_id(key).is_some();
        self.read_unseen(&served.erp, &keys, &mut facts.documents, made).await?;
        let made = |key: &Key| facts.frame.done_id(key).is_some();
        self.read_taken_over(&served.erp, &facts.settled, &mut facts.documents, made).await?;
        let Sight::Found(invoice) = facts.invoice.clone() else { return Ok(Vec::new()) };
        self.search_receipts(served, facts, &invoice).await?;
        if invoice.subsidiary.is_some() && eligibility::wanted(facts, &invoice).is_ok() {
            let port = &served.erp.port;
            facts.booked_in = port.receipts_booked_in(invoice.due.currency).await?;
        }
        self.add_mandates(served, facts, &invoice, depth == Depth::Direct).await?;
        let mut counted = Vec::new();
        if let Some(day) = self.day_counted(served, facts).await? {
            facts.day = day_use(&day, &batch.planned, &invoice);
            counted.push(day);
        }
        if let Some(run) = self.run_counted(served, facts).await? {
            facts.run = self.run_use(case, &run, &batch.planned, &invoice).await?;
            counted.push(run);
        }
        Ok(counted)
    }

    /// Receipts that others recorded for their payments, before one is recorded here.
    async fn search_receipts(
        &self,
        served: &Served,
        facts: &mut CollectionFacts,
        invoice: &Invoice,
    ) -> Result<()> {
        let mut found = BTreeMap::new();
        for id in predecessor::to_search(facts) {
            match served.erp.port.receipts_naming(&invoice.customer, &invoice.id, &id).await {
                Ok(reads) => {
                    found.insert(id, reads.into_iter().filter_map(Read::into_found).collect());
                }
                Err(PortError::Unsupported(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        predecessor::take_over(facts, found);
        Ok(())
    }

    /// Who pays, and what is known of a mandate that was asked for.
    async fn payer(
        &self,
        served: &Served,
        customer: &Read<ErpCustomer>,
        invoice: &Invoice,
    ) -> Result<Payer> {
        let mut pair = self.pair(served, &invoice.customer).await?;
        let mut new_pairs = Vec::new();
        let mut unmatched = Reason::new(ReasonCode::CustomerUnmatched, invoice.customer.as_str());
        if pair.is_none() {
            // Matching is a read: done at once, so that a plan and a first look already know.
            let seen = sight(customer.clone());
            let none = CaseContext::default();
            let decided = self.match_customer(served, &invoice.customer, &seen, &[], &none).await?;
            pair = decided.pair;
            if pair.is_none() {
                unmatched = decided.decision.reason;
            }
            new_pairs.extend(
                pair.clone().map(|pair| {
                    (served.erp.account.clone(), served.processor.account.clone(), pair)
                }),
            );
        }
        let currency = invoice.due.currency;
        let mandate_case = CaseKey::mandate(&served.processor.account, &invoice.customer, currency);
        let row = self.store.case(&mandate_case).await?;
        let requested = row
            .as_ref()
            .and_then(|case| case.reason.as_ref())
            .is_some_and(|reason| reason.code == ReasonCode::MandatePending);
        let state = match pair {
            Some(pair) => CustomerState::Matched(pair.processor),
            None if requested => {
                CustomerState::NotMatched(Reason::new(ReasonCode::MandatePending, currency.code()))
            }
            None => {
                CustomerState::NotMatched(self.unmatched(&served.erp, invoice, unmatched).await?)
            }
        };
        let mandate_unknown = row.is_none().then_some(mandate_case);
        Ok(Payer { state, requested, mandate_unknown, new_pairs })
    }

    async fn read_invoice(
        &self,
        erp: &ErpPort,
        id: &InvoiceId,
        cheap: Option<&Read<Invoice>>,
        depth: Depth,
    ) -> Result<Sight<Invoice>> {
        if let (Depth::Cheap, Some(read @ (Read::Found(_) | Read::Odd(_)))) = (depth, cheap) {
            return Ok(sight(read.clone()));
        }
        let mut reads = erp.port.invoices(std::slice::from_ref(id), Depth::Direct).await?;
        Ok(reads.pop().map_or(Sight::NotRead, sight))
    }

    /// Once a payment was asked for, the case stays with the link that asked.
    fn served_before(
        &self,
        world: &World,
        claimed: &Claimed,
        context: &CaseContext,
    ) -> Option<Served> {
        let asked = context.commands.iter().any(|row| row.view.write.collects());
        let link = claimed.link.as_ref().filter(|_| asked)?;
        self.served(world, link)
    }

    /// Why the customer has no counterpart: what its own case says, or matching now where that was not
    /// looked at.
    async fn unmatched(&self, erp: &ErpPort, invoice: &Invoice, now: Reason) -> Result<Reason> {
        let case = CaseKey::customer(&erp.account, &invoice.customer);
        if now.code == ReasonCode::DirectoryUnread {
            return Ok(now);
        }
        let said = self.store.case(&case).await?.and_then(|case| case.reason);
        let asks_person = |reason: &Reason| {
            matches!(reason.code, ReasonCode::CustomerAmbiguous | ReasonCode::CustomerWithoutEmail)
        };
        let reason = said.filter(asks_person).unwrap_or(now);
        Ok(match reason.code == ReasonCode::CustomerWithoutEmail {
            // The customer's own case asks a person; the invoice says why it waits.
            true => Reason::new(ReasonCode::CustomerUnmatched, "no e-mail address"),
            false if asks_person(&reason) => reason,
            false => Reason::new(ReasonCode::CustomerUnmatched, invoice.customer.as_str()),
        })
    }

    /// Mandates are read when a debit could follow; the one to be used is read by id.
    async fn add_mandates(
        &self,
        served: &Served,
        facts: &mut CollectionFacts,
        invoice: &Invoice,
        direct: bool,
    ) -> Result<()> {
        let live = facts.readable().any(|(_, collection)| facts.holds(collection));
        let CustomerState::Matched(payer) = &facts.customer else { return Ok(()) };
        if live || eligibility::wanted(facts, invoice).is_err() {
            return Ok(());
        }
        let listed = served.processor.port.mandates_of(payer).await?;
        facts.mandates = listed.into_iter().filter_map(Read::into_found).collect();
        facts.mandates.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        if !direct {
            return Ok(());
        }
        let chosen: Option<Mandate> = eligibility::choose_mandate(facts, invoice).ok().cloned();
        let failed = facts.newest().map(|(_, collection)| collection.mandate.clone());
        for id in chosen.map(|mandate| mandate.id).into_iter().chain(failed) {
            let read = served.processor.port.mandates(std::slice::from_ref(&id)).await?;
            if let Some(fresh) = read.into_iter().next().and_then(Read::into_found) {
                facts.mandates.retain(|mandate| mandate.id != id);
                facts.mandates.push(fresh);
            }
        }
        Ok(())
    }
}

/// The invoice as it was last seen, owing nothing any more, for a case that has payments.
fn remembered(context: &CaseContext) -> Option<Invoice> {
    let paid = context.commands.iter().any(|row| row.view.write.collects())
        || context.facts.keys().any(|subject| subject.starts_with("collection/"));
    let subjects = [invoice_subject(Depth::Direct), invoice_subject(Depth::Cheap)];
    let newest = subjects.iter().filter_map(|subject| context.facts.get(*subject));
    let (_, body) = newest.max_by_key(|(seq, _)| *seq).filter(|_| paid)?;
    let last: Invoice = body.read()?;
    Some(Invoice {
        due: Money::zero(last.due.currency),
        status: InvoiceStatus::Voided,
        flagged: false,
        retry_requested: false,
        ..last
    })
}

fn unread_invoice(invoice: &Sight<Invoice>) -> Decision {
    let reason = match invoice {
        Sight::Odd(why) => Reason::new(ReasonCode::OddRecord, why.clone()),
        Sight::Missing => Reason::new(ReasonCode::RecordMissing, "the invoice is gone"),
        Sight::NotRead | Sight::Found(_) => Reason::plain(ReasonCode::Unavailable),
    };
    Decision::rest(Stage::Open, reason)
}

pub(super) fn invoice_subject(depth: Depth) -> &'static str {
    match depth {
        Depth::Cheap => super::INVOICE_FACT,
        Depth::Direct => "invoice_direct",
    }
}

/// Cases that must do something before this one can.
fn asks_for(
    served: &Served,
    facts: &CollectionFacts,
    invoice: &Invoice,
    decision: &Decision,
) -> Vec<CaseKey> {
    let mut cases = Vec::new();
    let waits = decision.reason.code;
    let unmatched = matches!(
        waits,
        ReasonCode::CustomerUnmatched | ReasonCode::CustomerAmbiguous | ReasonCode::DirectoryUnread
    );
    if unmatched {
        cases.push(CaseKey::customer(&served.erp.account, &invoice.customer));
    }
    let lacks_mandate = matches!(
        waits,
        ReasonCode::NoMandate
            | ReasonCode::MandateUnusable
            | ReasonCode::CustomerUnmatched
            | ReasonCode::MandatePending
    );
    let requests = facts.frame.policy.mandate_request != MandateRequestPolicy::Off;
    if lacks_mandate && requests && facts.frame.policy.mode == Mode::On {
        cases.push(CaseKey::mandate(
            &served.processor.account,
            &invoice.customer,
            invoice.due.currency,
        ));
    }
    cases
}

fn collection_facts(
    facts: &CollectionFacts,
    invoice: &Invoice,
    depth: Depth,
    gone: bool,
) -> Vec<store::rows::FactRow> {
    // What is only remembered is no fact of this look.
    let seen = (!gone).then(|| fact(invoice_subject(depth), invoice)).flatten();
    let mut rows: Vec<_> = seen.into_iter().collect();
    rows.extend(fact(super::HEARD_FACT, &facts.events.len()));
    for (attempt, collection) in facts.readable() {
        rows.extend(fact(format!("collection/{}", attempt.id), collection));
    }
    for (key, document) in &facts.documents {
        if let Sight::Found(document) = document {
            rows.extend(fact(format!("document/{key}"), document));
        }
    }
    rows
}

fn collection_refs(served: &Served, facts: &CollectionFacts, invoice: &Invoice) -> Vec<String> {
    let processor = &served.processor.account;
    let mut list = vec![refs::customer(&served.erp.account, invoice.customer.as_str())];
    if let CustomerState::Matched(payer) = &facts.customer {
        list.push(refs::processor_customer(processor, payer.as_str()));
    }
    list.extend(facts.mandates.iter().map(|one| refs::mandate(processor, one.id.as_str())));
    list.extend(facts.attempts.iter().map(|one| refs::collection(processor, one.id.as_str())));
    list.extend(facts.readable().map(|(_, one)| refs::mandate(processor, one.mandate.as_str())));
    list.sort();
    list.dedup();
    list
}
