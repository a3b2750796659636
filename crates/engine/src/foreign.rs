//! Payments that name no invoice, or one that no link collects: what is known of them, and their match
//! with an invoice by a person (mission row NG12).

use std::collections::BTreeMap;

use flows::collection::suspense;
use flows::collection::unserved::leaves_payments;
use model::case::{Actor, CaseKey, CaseKind};
use model::customer::ErpCustomer;
use model::ids::{AccountId, CollectionId, InvoiceId, PayoutId};
use model::invoice::{Invoice, InvoiceStatus};
use model::money::Money;
use model::payment::{Collection, CollectionStatus};
use model::payout::{KeptItem, PayoutItemKind};
use model::person::PersonSaid;
use model::reason::ReasonCode;
use ports::{Depth, PortError, Read};
use store::rows::{CaseFilter, CollectionRow, Hint};

use crate::doubts::{Doubt, Said, brings_nothing};
use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::look::Served;
use crate::news::erp_accounts;
use crate::say::of_kind;
use crate::world::{ErpPort, ProcessorPort, World};

/// A payment that names no invoice, or one that no link collects, and was matched by nobody.
#[derive(Debug, Clone)]
pub struct Foreign {
    pub account: AccountId,
    pub id: CollectionId,
    /// As last seen; `None` when what is stored of it can not be read.
    pub seen: Option<Collection>,
    /// Where its money went: its items in payouts, by arrival.
    pub items: Vec<KeptItem>,
    /// What the cases of their payouts said last.
    pub payouts: BTreeMap<PayoutId, ReasonCode>,
}

impl Foreign {
    /// It ended at the processor: charged back, failed, cancelled or denied.
    #[must_use]
    pub fn ended(&self) -> Option<CollectionStatus> {
        self.seen.as_ref().map(|seen| seen.status).filter(|status| !status.live())
    }

    /// Its money was paid out and is to be taken back, by a payout that nobody has seen yet.
    #[must_use]
    pub fn awaits_reversal(&self) -> bool {
        let settled =
            self.items.iter().filter(|kept| kept.item.kind == PayoutItemKind::PaymentPaidOut);
        let reversed = self.items.iter().filter(|kept| kept.item.kind.is_reversal());
        self.ended().is_some() && settled.count() > reversed.count()
    }
}

/// A payment that was matched by a person.
#[derive(Debug, Clone)]
pub struct Matched {
    pub case: CaseKey,
    /// The invoice's number.
    pub number: String,
    /// What is done although there were doubts.
    pub then: Vec<String>,
}

impl Engine {
    /// Foreign payments of every connected processor account, oldest first, at most `limit` each.
    ///
    /// # Errors
    /// The store's.
    pub async fn foreign(&self, limit: u32) -> Result<Vec<Foreign>> {
        let world = self.world();
        let mut found = Vec::new();
        for processor in processors(&world) {
            let account = &processor.account;
            let mut rows = self.store.foreign_collections(account, limit).await?;
            rows.extend(self.unserved_collections(account, limit).await?);
            rows.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
            rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
            for row in rows {
                let items = self.store.items_of_collection(account, &row.id).await?;
                let seen = row.body.read();
                let payouts = self.payouts_said(account, &items).await?;
                let (account, id) = (account.clone(), row.id);
                found.push(Foreign { account, id, seen, items, payouts });
            }
        }
        Ok(found)
    }

    /// What the cases of the items' payouts said last, where they were looked at.
    async fn payouts_said(
        &self,
        account: &AccountId,
        items: &[KeptItem],
    ) -> Result<BTreeMap<PayoutId, ReasonCode>> {
        let mut said = BTreeMap::new();
        for payout in items.iter().map(|kept| &kept.payout) {
            let case = self.store.case(&CaseKey::payout(account, payout)).await?;
            if let Some(reason) = case.and_then(|case| case.reason) {
                said.insert(payout.clone(), reason.code);
            }
        }
        Ok(said)
    }

    /// Payments of the account that name an invoice of which its case last said that no link collects it.
    async fn unserved_collections(
        &self,
        account: &AccountId,
        limit: u32,
    ) -> Result<Vec<CollectionRow>> {
        let mut found = Vec::new();
        for code in ReasonCode::ALL.iter().filter(|code| leaves_payments(**code)) {
            let filter = CaseFilter {
                kind: Some(CaseKind::Collection),
                reason: Some(*code),
                limit,
                ..CaseFilter::default()
            };
            for case in self.store.cases(&filter).await? {
                let payments = self.store.payment_context(&case.key).await?.collections;
                for row in payments.into_iter().filter(|row| row.account == *account) {
                    found.extend(self.unserved_case(&row).await?.map(|_| row));
                }
            }
        }
        Ok(found)
    }

    /// Matches a foreign payment with an invoice, named by its id or, while it is open, by its number:
    /// from now on it is one of the invoice's payments, and its books are made like those of any
    /// other. `anyway`: the person knows better than the doubts about it.
    ///
    /// # Errors
    /// A sentence when the two can not belong together, or when there are doubts; the ports' and the
    /// store's.
    pub async fn match_foreign(
        &self,
        payment: &CollectionId,
        invoice: &str,
        anyway: bool,
        actor: &Actor,
    ) -> Result<Matched> {
        let world = self.world();
        let (processor, row) = self.find_payment(&world, payment).await?;
        let collection = read_payment(&processor, payment).await?;
        let (erp, found) = find_invoice(&world, &processor, invoice).await?;
        fits(&collection, &found)?;
        let case = CaseKey::collection(&erp.account, &found.id);
        let booked_by = self.booking_case(&world, &row).await?;
        if let Some(other) = booked_by.filter(|other| *other != case) {
            return Err(match self.booked_document(&other, payment).await? {
                Some(document) => in_the_books(&other, payment, &document),
                None => refused(format!(
                    "payment {payment} belongs to {other} already: \"ml-connector attention resolve \
                     {other} --not-ours {payment}\" takes it from there"
                )),
            });
        }
        let ids = std::slice::from_ref(&found.customer);
        let mut customers = erp.port.customers(ids, Depth::Direct).await?;
        let customer = customers.pop().and_then(Read::into_found);
        let served = self.check_link(&world, &erp, &processor, &found, customer.as_ref())?;
        if row.case.as_ref() != Some(&case) {
            self.check_suspense(&processor.account, &collection).await?;
        }
        let mut then = Vec::new();
        // Said once more, it is the same match.
        if row.case.as_ref() != Some(&case) {
            let customer = customer.as_ref();
            let (payment, invoice) = (&collection, &found);
            let said = Said { served: &served, payment, invoice, customer, case: &case };
            then = insisted(self.doubts(&said).await?, anyway)?;
        }
        let link = crate::news::only_link(&world, &processor);
        let hint = Hint { case: case.clone(), due_at: self.now(), link };
        // At once, so that nobody matches it with another invoice before this one is looked at.
        let row = CollectionRow { case: Some(case.clone()), adopted: true, ..row };
        self.store.put_collections(&[row], &[hint]).await?;
        let said = PersonSaid::Match { collection: payment.clone(), invoice: found.id.clone() };
        self.say(&case, &said, actor).await?;
        Ok(Matched { case, number: found.number, then })
    }

    /// What was taken back of a payment while it stood on suspense stands there as well: booking the
    /// payment for an invoice would take out the one side and leave the other.
    async fn check_suspense(&self, account: &AccountId, payment: &Collection) -> Result<()> {
        let items = self.store.items_of_collection(account, &payment.id).await?;
        let taken = suspense::taken_back(&items);
        if taken == 0 {
            return Ok(());
        }
        let money = |minor: i64| Money::new(minor, payment.amount.currency);
        let left = payment.amount.minor.saturating_sub(taken);
        let told = format!(
            "{} of payment {} over {} were taken back while it stood on the suspense account",
            money(taken),
            payment.id,
            payment.amount
        );
        Err(refused(match left {
            ..=0 => {
                format!("{told}: both sides stand there and cancel out, and no invoice is paid")
            }
            _ => format!(
                "{told}. Record the {} that are left by hand in the ERP, as a payment of the invoice \
                 that goes to the suspense account",
                money(left)
            ),
        }))
    }

    /// Whether this case may take the payment for its own.
    pub(crate) async fn check_adoption(&self, case: &CaseKey, id: &CollectionId) -> Result<()> {
        of_kind(case, CaseKind::Collection, "--adopt", "collection/ACCOUNT/INVOICE")?;
        let world = self.world();
        let (processor, row) = self.find_payment(&world, id).await?;
        let seen = row.body.read::<Collection>();
        match (row.case, &seen) {
            (Some(other), _) if other != *case => {
                return Err(refused(format!("payment {id} belongs to {other} already")));
            }
            (None, Some(payment)) => self.check_suspense(&processor.account, payment).await?,
            (Some(_) | None, _) => {}
        }
        let Some(payment) = seen else { return Ok(()) };
        match payment.invoice() {
            Some(invoice) if invoice.as_str() != case.subject => {
                Err(refused(format!("payment {id} names invoice {invoice}, not this one")))
            }
            Some(_) | None => check_currency(&world, case, &payment).await,
        }
    }

    /// The document that stands for the payment in the books of this case.
    pub(crate) async fn booked_document(
        &self,
        case: &CaseKey,
        id: &CollectionId,
    ) -> Result<Option<String>> {
        let documents = self.store.payment_context(case).await?.documents;
        let booked = documents.into_iter().find(|one| one.collection.as_ref() == Some(id));
        Ok(booked.map(|document| document.document))
    }

    /// The payment in the directory; one that was never seen is read and entered there.
    pub(crate) async fn find_payment(
        &self,
        world: &World,
        id: &CollectionId,
    ) -> Result<(ProcessorPort, CollectionRow)> {
        let ids = std::slice::from_ref(id);
        for processor in processors(world) {
            let rows = self.store.collection_rows(&processor.account, ids).await?;
            if let Some(row) = rows.into_iter().flatten().next() {
                return Ok((processor, row));
            }
        }
        for processor in processors(world) {
            self.introduce(world, &processor, ids).await?;
            let rows = self.store.collection_rows(&processor.account, ids).await?;
            if let Some(row) = rows.into_iter().flatten().next() {
                return Ok((processor, row));
            }
        }
        Err(refused(format!("no processor account knows a payment {id}")))
    }

    /// The invoice's link must go through the account that the payment was made in: a payment is
    /// only ever looked up there.
    fn check_link(
        &self,
        world: &World,
        erp: &ErpPort,
        processor: &ProcessorPort,
        invoice: &Invoice,
        customer: Option<&ErpCustomer>,
    ) -> Result<Served> {
        match self.serve(world, erp, customer, invoice.due.currency) {
            Ok(served) if served.processor.account == processor.account => Ok(served),
            Ok(served) => Err(refused(format!(
                "invoice {} is collected through {}, and the payment was made through {}",
                invoice.number, served.processor.connection, processor.connection
            ))),
            Err(decision) => Err(refused(decision.reason.sentence())),
        }
    }
}

pub(crate) fn refused(text: String) -> EngineError {
    EngineError::Setup(text)
}

/// What is in the books is put right there: its payout holds it.
pub(crate) fn in_the_books(case: &CaseKey, id: &CollectionId, document: &str) -> EngineError {
    let invoice = &case.subject;
    refused(format!(
        "payment {id} is in the books as document {document} of invoice {invoice}: in the ERP, take that \
         document off invoice {invoice} and apply it to the right one; it stays the payment's. This \
         invoice is then told as receipt_unapplied: \"ml-connector attention leave {case} \
         receipt_unapplied\""
    ))
}

fn processors(world: &World) -> Vec<ProcessorPort> {
    let mut all: Vec<ProcessorPort> = Vec::new();
    for port in world.processors.keys().filter_map(|id| world.processor(id)) {
        // Two connections of one account are one list.
        if all.iter().all(|one| one.account != port.account) {
            all.extend(world.processor_of_account(&port.account));
        }
    }
    all
}

/// The payment as the processor tells it now.
pub(crate) async fn read_payment(
    processor: &ProcessorPort,
    id: &CollectionId,
) -> Result<Collection> {
    let reads = processor.port.collections(std::slice::from_ref(id), Depth::Direct).await?;
    match reads.into_iter().next() {
        Some(Read::Found(collection)) => Ok(collection),
        Some(Read::Odd(why)) => Err(refused(format!("payment {id} can not be read: {why}"))),
        Some(Read::Missing) | None => {
            Err(refused(format!("no processor account knows a payment {id}")))
        }
    }
}

/// No payment stands for an invoice in another currency, which is read as it is now.
async fn check_currency(world: &World, case: &CaseKey, payment: &Collection) -> Result<()> {
    let Some(erp) = world.erp_of_account(&case.account) else { return Ok(()) };
    let ids = [InvoiceId::new(case.subject.as_str())];
    let mut reads = erp.port.invoices(&ids, Depth::Direct).await?;
    let invoice = reads.pop().and_then(Read::into_found);
    invoice.map_or(Ok(()), |invoice| same_currency(payment, &invoice))
}

async fn find_invoice(
    world: &World,
    processor: &ProcessorPort,
    name: &str,
) -> Result<(ErpPort, Invoice)> {
    let id = InvoiceId::new(name);
    let erps: Vec<ErpPort> = erp_accounts(world, processor)
        .iter()
        .filter_map(|account| world.erp_of_account(account))
        .collect();
    let mut odd = String::new();
    for erp in erps.iter().filter(|_| may_be_id(name)) {
        match erp.port.invoices(std::slice::from_ref(&id), Depth::Direct).await {
            Ok(mut reads) => match reads.pop() {
                Some(Read::Found(invoice)) => return Ok((erp.clone(), invoice)),
                Some(Read::Odd(why)) => odd = format!(" ({why})"),
                Some(Read::Missing) | None => {}
            },
            // No id at all, as this ERP has them.
            Err(PortError::Rejected(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let mut named = Vec::new();
    for erp in &erps {
        named.extend(open_invoices(erp, name).await?.into_iter().map(|one| (erp.clone(), one)));
    }
    match named.len() {
        0 => Err(refused(format!(
            "no invoice that can be read is called \"{name}\"{odd}: give the number of an open invoice, \
             or an invoice's internal id in the ERP"
        ))),
        1 => Ok(named.remove(0)),
        _ => {
            let ids: Vec<String> = named.iter().map(|(_, one)| one.id.to_string()).collect();
            let ids = ids.join(", ");
            Err(refused(format!(
                "several invoices are called \"{name}\": give one of the ids {ids}"
            )))
        }
    }
}

/// Ids stand in paths: what can be no part of one is no id.
fn may_be_id(name: &str) -> bool {
    let part = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    !name.is_empty() && name.chars().all(part)
}

/// Open invoices with this number.
async fn open_invoices(erp: &ErpPort, number: &str) -> Result<Vec<Invoice>> {
    let mut found = Vec::new();
    let mut next = None;
    loop {
        let page = erp.port.open_invoices(next.as_deref()).await?;
        let invoices = page.records.into_iter().filter_map(|seen| seen.read.into_found());
        found.extend(invoices.filter(|one| one.number.eq_ignore_ascii_case(number)));
        match page.next {
            Some(page) => next = Some(page),
            None => return Ok(found),
        }
    }
}

/// What is done, said by those who know better than the doubts.
fn insisted(doubts: Vec<Doubt>, anyway: bool) -> Result<Vec<String>> {
    let (why, then): (Vec<String>, Vec<String>) =
        doubts.into_iter().map(|doubt| (doubt.why, doubt.then)).unzip();
    if anyway || why.is_empty() {
        return Ok(then);
    }
    Err(refused(format!("{}. With --anyway {}", why.join("; "), then.join("; "))))
}

fn fits(collection: &Collection, invoice: &Invoice) -> Result<()> {
    if let Some(how) = brings_nothing(collection.status) {
        return Err(refused(format!("payment {} {how}: it brings no money", collection.id)));
    }
    if invoice.status == InvoiceStatus::Voided {
        return Err(refused(format!("invoice {} is voided", invoice.number)));
    }
    same_currency(collection, invoice)
}

fn same_currency(collection: &Collection, invoice: &Invoice) -> Result<()> {
    let (paid, due) = (collection.amount.currency, invoice.due.currency);
    if paid == due {
        return Ok(());
    }
    let (payment, number) = (&collection.id, &invoice.number);
    Err(refused(format!("payment {payment} is in {paid}, invoice {number} in {due}")))
}
