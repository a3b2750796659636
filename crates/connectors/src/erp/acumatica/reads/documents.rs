//! Reads of the documents that carry our keys. AR documents carry the stamp in `ExternalRef`, batches
//! at the beginning of their description; nothing enforces that it is unique (acumatica sheet
//! section 11.10), so two that carry one stamp are shown as odd.

use std::collections::BTreeMap;

use model::ids::{CollectionId, ErpCustomerId, ReceiptId};
use model::key::{Alphabet, Key};
use model::receipt::{DocumentKind, ErpDocument, ErpRefund, Receipt};
use ports::{Depth, PortError, Read};

use super::super::Acumatica;
use super::super::fields::REFERENCE_LENGTH_MAX;
use super::super::mapping::batch::{Batch, BatchState, Purpose};
use super::super::mapping::receipt::{
    self, PAYMENT, Phase, REFUND, Surroundings, VOIDED_PAYMENT, payout_of,
};
use super::super::query::{Ask, all_of, any_of, literal};
use super::super::wire::{Body, Entity};
use super::batches::{Deposits, batch_ask, in_deposit, only_batch};
use super::parts::{Anew, Chain};
use super::{SLICE_MAX, each, odd_or};

const FOUND_SELECT: &str = "Type,ReferenceNbr,Status,ExternalRef";
/// What tells of a payment whether it is as it was when it was read whole. Lists refuse what is
/// computed (acumatica sheet section 7), so the open balance is not among it.
const KNOWN_SELECT: &str = "Type,ReferenceNbr,Status,ExternalRef,CustomerID,PaymentAmount,\
    CashAccount,Description,LastModifiedDateTime";

/// What is asked of records that are known later by their rows.
#[must_use]
pub(in super::super) fn known_form(endpoint: &str) -> String {
    let asked = [payment_ask().query(), voiding_ask().query(), batch_ask().query()];
    format!("{endpoint} {KNOWN_SELECT} {}", asked.join(" "))
}

/// What is asked of a voiding document.
fn voiding_ask() -> Ask {
    Ask { expand: "DocumentsToApply", custom: receipt::custom(), ..Ask::default() }
}

/// Our key as a reference.
#[must_use]
pub(in super::super) fn stamp(key: &Key) -> String {
    key.stamp(Alphabet::PathSafe, REFERENCE_LENGTH_MAX)
}

/// What is asked of a payment that is read by its key: a list can not expand its history (acumatica
/// sheet section 7).
#[must_use]
pub(in super::super) fn payment_ask() -> Ask {
    Ask {
        expand: "DocumentsToApply,ApplicationHistory",
        custom: receipt::custom(),
        ..Ask::default()
    }
}

impl Acumatica {
    /// Documents by key, in the order asked.
    pub(in super::super) async fn read_documents(
        &self,
        keys: &[(DocumentKind, Key)],
        _depth: Depth,
    ) -> Result<Vec<Read<ErpDocument>>, PortError> {
        let payments = self.payments_by_key(keys).await?;
        let refunds = self.numbers(REFUND, keys, DocumentKind::Refund).await?;
        let wanted: Vec<(Purpose, String)> = keys
            .iter()
            .filter_map(|(kind, key)| Some((purpose(*kind)?, stamp(key))))
            .filter(|(purpose, stamp)| {
                *purpose != Purpose::Refund || !refunds.contains_key(stamp.as_str())
            })
            .collect();
        let batches = self.labelled(&wanted).await?;
        let deposits = self.deposits_of(payments.iter().filter_map(|one| one.found())).await?;
        let reads: Vec<((DocumentKind, Key), Read<Body>)> =
            keys.iter().cloned().zip(payments).collect();
        each(&reads, |((kind, key), payment)| {
            let (kind, stamp, payment) = (*kind, stamp(key), payment.clone());
            let (deposits, refunds, batches) = (&deposits, &refunds, &batches);
            async move {
                let batch =
                    async |purpose| self.in_place(only_batch(batches, purpose, &stamp)).await;
                match kind {
                    DocumentKind::Receipt => {
                        let read = self.whole_receipt(payment, deposits).await?;
                        Ok(map_read(read, ErpDocument::Receipt))
                    }
                    DocumentKind::Refund => {
                        let numbers = refunds.get(&stamp).cloned().unwrap_or_default();
                        let read = self.refund_of(&numbers, batch(Purpose::Refund).await?).await?;
                        Ok(map_read(read, ErpDocument::Refund))
                    }
                    DocumentKind::Deposit => {
                        Ok(and_then(batch(Purpose::Deposit).await?, |batch| {
                            batch.deposit().map(ErpDocument::Deposit)
                        }))
                    }
                    DocumentKind::Journal => {
                        Ok(map_read(batch(Purpose::Journal).await?, |batch| {
                            ErpDocument::Journal(batch.journal())
                        }))
                    }
                }
            }
        })
        .await
    }

    /// A batch that stands on the cash accounts that it names; odd, where a line stands beside one.
    async fn in_place(&self, read: Read<Batch>) -> Result<Read<Batch>, PortError> {
        match read {
            Read::Found(batch) if batch.state == BatchState::Released => {
                let wrong = self.misplaced(&batch).await?;
                Ok(wrong.map_or(Read::Found(batch), Read::Odd))
            }
            other => Ok(other),
        }
    }

    /// The payments that stand for receipts; of other documents none. A closed one is applied whole:
    /// whatever is taken off it opens it, and that shows in its row, which a list takes from the
    /// database itself; a voided one stays so. One whose row is the same is the same, whatever depth
    /// is asked for.
    async fn payments_by_key(
        &self,
        keys: &[(DocumentKind, Key)],
    ) -> Result<Vec<Read<Body>>, PortError> {
        let rows = self.living(PAYMENT, keys, DocumentKind::Receipt).await?;
        each(keys, |(kind, key)| {
            let found = rows.get(&stamp(key)).filter(|_| *kind == DocumentKind::Receipt);
            let found = found.cloned().unwrap_or_default();
            async move {
                let whole = match found.as_slice() {
                    [(number, row)] if is_settled(row) => self.known.whole(number, row).await,
                    _ => None,
                };
                if let Some(body) = whole {
                    return Ok(Read::Found(body));
                }
                let numbers: Vec<String> = found.iter().map(|(number, _)| number.clone()).collect();
                let read = self.one_payment(PAYMENT, &numbers).await?;
                if let (Read::Found(body), [(number, row)]) = (&read, found.as_slice())
                    && is_settled(row)
                    && is_settled(body)
                {
                    self.known.keep(number, row, body);
                }
                Ok(read)
            }
        })
        .await
    }

    /// Receipts by their numbers.
    pub(in super::super) async fn read_receipts(
        &self,
        ids: &[ReceiptId],
    ) -> Result<Vec<Read<Receipt>>, PortError> {
        let payments = each(ids, |id| {
            let number = vec![id.to_string()];
            async move { self.one_payment(PAYMENT, &number).await }
        })
        .await?;
        let deposits = self.deposits_of(payments.iter().filter_map(|one| one.found())).await?;
        each(&payments, |payment| {
            let (payment, deposits) = (payment.clone(), &deposits);
            async move { self.whole_receipt(payment, deposits).await }
        })
        .await
    }

    /// Payments of the customer that name the processor's payment in one of their references.
    pub(in super::super) async fn read_receipts_naming(
        &self,
        customer: &ErpCustomerId,
        collection: &CollectionId,
    ) -> Result<Vec<Read<Receipt>>, PortError> {
        let name = literal(collection.as_str());
        let filter = all_of(&[
            &format!("Type eq {}", literal(PAYMENT)),
            &format!("CustomerID eq {}", literal(customer.as_str())),
            &format!("(PaymentRef eq {name} or ExternalRef eq {name})"),
        ]);
        let ask = Ask { select: FOUND_SELECT, ..Ask::default() }.filter(filter);
        let rows = self.client.list("Payment", &ask).await?;
        // What was entered anew names the payment too.
        let whole = rows.iter().map(Entity).filter(|row| {
            let stamp = row.text("ExternalRef");
            !stamp.is_some_and(|stamp| Anew::is_part(&stamp))
        });
        let numbers = whole.filter_map(|row| row.text("ReferenceNbr"));
        let ids: Vec<ReceiptId> = numbers.map(ReceiptId::new).collect();
        self.read_receipts(&ids).await
    }

    /// One receipt, for a decision made right now.
    pub(in super::super) async fn read_receipt(
        &self,
        id: &ReceiptId,
    ) -> Result<Read<Receipt>, PortError> {
        let read = self.read_receipts(std::slice::from_ref(id)).await?.pop();
        Ok(read.unwrap_or(Read::Missing))
    }

    /// The numbers of AR documents by stamp.
    async fn numbers(
        &self,
        kind: &str,
        keys: &[(DocumentKind, Key)],
        wanted: DocumentKind,
    ) -> Result<BTreeMap<String, Vec<String>>, PortError> {
        let rows = self.living(kind, keys, wanted).await?;
        let numbers = |rows: Vec<(String, Body)>| rows.into_iter().map(|(number, _)| number);
        Ok(rows.into_iter().map(|(stamp, rows)| (stamp, numbers(rows).collect())).collect())
    }

    /// AR documents by stamp: number and row. Ones that were voided give way to ones that live.
    async fn living(
        &self,
        kind: &str,
        keys: &[(DocumentKind, Key)],
        wanted: DocumentKind,
    ) -> Result<BTreeMap<String, Vec<(String, Body)>>, PortError> {
        let stamps: Vec<String> =
            keys.iter().filter(|(kind, _)| *kind == wanted).map(|(_, key)| stamp(key)).collect();
        let mut found: BTreeMap<String, Vec<(bool, String, Body)>> = BTreeMap::new();
        for slice in stamps.chunks(SLICE_MAX) {
            let texts: Vec<&str> = slice.iter().map(String::as_str).collect();
            for row in self.stamped(kind, &texts).await? {
                let entity = Entity(&row);
                if let (Some(stamp), Some(number)) =
                    (entity.text("ExternalRef"), entity.text("ReferenceNbr"))
                {
                    let dead = entity.text("Status").as_deref() == Some("Voided");
                    found.entry(stamp).or_default().push((dead, number, row));
                }
            }
        }
        let only_live = |mut rows: Vec<(bool, String, Body)>| {
            rows.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
            let living = rows.iter().filter(|(dead, _, _)| !dead).count().max(1);
            rows.into_iter().take(living).map(|(_, number, row)| (number, row)).collect()
        };
        Ok(found.into_iter().map(|(stamp, rows)| (stamp, only_live(rows))).collect())
    }

    /// AR documents of a type that carry one of the stamps.
    pub(in super::super) async fn stamped(
        &self,
        kind: &str,
        stamps: &[&str],
    ) -> Result<Vec<Body>, PortError> {
        let types = match kind {
            REFUND => "(Type eq 'Refund' or Type eq 'Customer Refund')".to_owned(),
            kind => format!("Type eq {}", literal(kind)),
        };
        let filter = all_of(&[&types, &format!("({})", any_of("ExternalRef", stamps))]);
        let ask = match kind {
            PAYMENT => Ask { select: KNOWN_SELECT, custom: receipt::custom(), ..Ask::default() },
            _ => Ask { select: FOUND_SELECT, ..Ask::default() },
        };
        let rows = self.client.list("Payment", &ask.filter(filter)).await?;
        // What a list gives beyond what was asked for must not be taken for ours.
        let asked = |row: &Body| {
            let entity = Entity(row);
            let stamp = entity.text("ExternalRef").unwrap_or_default();
            receipt::is_type(entity, kind) && stamps.contains(&stamp.as_str())
        };
        Ok(rows.into_iter().filter(asked).collect())
    }

    async fn one_payment(&self, kind: &str, numbers: &[String]) -> Result<Read<Body>, PortError> {
        let [number] = numbers else {
            return Ok(match numbers {
                [] => Read::Missing,
                several => {
                    Read::Odd(format!("{} documents carry one key of ours", several.join(", ")))
                }
            });
        };
        let body = self.client.get("Payment", &[kind, number], &payment_ask()).await?;
        Ok(body.map_or(Read::Missing, Read::Found))
    }

    /// A payment with what other documents say of it.
    async fn whole_receipt(
        &self,
        payment: Read<Body>,
        deposits: &Deposits,
    ) -> Result<Read<Receipt>, PortError> {
        let body = match payment {
            Read::Found(body) => body,
            Read::Missing => return Ok(Read::Missing),
            Read::Odd(why) => return Ok(Read::Odd(why)),
        };
        let entity = Entity(&body);
        // On another cash account than a clearing one it waits for no deposit.
        let account = entity.text("CashAccount");
        let elsewhere = account.is_some_and(|account| !self.settings.is_clearing(&account));
        let around = match receipt::phase(entity) {
            Ok(Phase::Released) => {
                let deposited =
                    elsewhere || in_deposit(entity, deposits) || self.left_alone(entity).await?;
                Surroundings { deposited, ..Surroundings::default() }
            }
            Ok(Phase::Voided) => {
                let chain = self.chain_of(&body).await?;
                let mut around = match self.after_void(&body, &chain).await? {
                    Ok(around) => around,
                    Err(why) => return Ok(Read::Odd(why)),
                };
                around.deposited |= elsewhere || in_deposit(entity, deposits);
                around
            }
            Ok(Phase::Unreleased | Phase::Held) | Err(_) => Surroundings::default(),
        };
        Ok(odd_or(receipt::from_entity(entity, &around)))
    }

    /// A payment in no payout that was refunded whole, and left its clearing account with its refund.
    async fn left_alone(&self, payment: Entity<'_>) -> Result<bool, PortError> {
        let closed = payment.text("Status").as_deref() == Some("Closed");
        match payment.text("ReferenceNbr").filter(|_| closed && payout_of(payment).is_none()) {
            Some(number) => Ok(!self.deposits_of_one(&number).await?.is_empty()),
            None => Ok(false),
        }
    }

    /// A receipt as a write needs it, wherever it is deposited.
    pub(in super::super) async fn receipt_of_chain(
        &self,
        payment: &Body,
        chain: &Chain,
    ) -> Result<Read<Receipt>, PortError> {
        let around = match receipt::phase(Entity(payment)) {
            Ok(Phase::Voided) => match self.after_void(payment, chain).await? {
                Ok(around) => around,
                Err(why) => return Ok(Read::Odd(why)),
            },
            Ok(Phase::Released | Phase::Unreleased | Phase::Held) | Err(_) => {
                Surroundings::default()
            }
        };
        Ok(odd_or(receipt::from_entity(Entity(payment), &around)))
    }

    /// What followed a void: whether it was ours, what was entered anew, and what refunds of ours took
    /// out afterwards.
    async fn after_void(
        &self,
        original: &Body,
        chain: &Chain,
    ) -> Result<Result<Surroundings, String>, PortError> {
        let number = Entity(original).text("ReferenceNbr").unwrap_or_default();
        if let Some(part) = &chain.taken {
            return Ok(Err(format!("payment {part}, a part of receipt {number}, was voided")));
        }
        if chain.voids.is_empty() {
            return Ok(Ok(Surroundings::default()));
        }
        let parts = chain.parts.clone();
        let mut around = Surroundings { voided_by_us: true, parts, ..Surroundings::default() };
        for batch in self.batches_saying(&format!("receipt {number} |")).await? {
            let about_it = batch.label.receipt.as_deref() == Some(number.as_str());
            if !about_it || batch.state != BatchState::Released {
                continue;
            }
            match batch.label.purpose {
                Purpose::Refund => {
                    let refund = batch.refund(false, false).map_err(PortError::Unavailable)?;
                    around.refunded = around.refunded.saturating_add(refund.amount.minor);
                }
                Purpose::Deposit => around.deposited = true,
                Purpose::Journal => {}
            }
        }
        Ok(Ok(around))
    }

    /// The voiding document of a payment: it has the same number.
    pub(in super::super) async fn voiding(&self, number: &str) -> Result<Option<Body>, PortError> {
        self.client.get("Payment", &[VOIDED_PAYMENT, number], &voiding_ask()).await
    }

    /// The refund that carries the key: an AR refund, or the batch that followed a void.
    pub(in super::super) async fn find_refund(
        &self,
        key: &Key,
    ) -> Result<Read<ErpRefund>, PortError> {
        let keys = [(DocumentKind::Refund, key.clone())];
        let numbers = self.numbers(REFUND, &keys, DocumentKind::Refund).await?;
        let numbers = numbers.get(&stamp(key)).cloned().unwrap_or_default();
        let batch = match numbers.as_slice() {
            [] => self.find_batch(key, Purpose::Refund).await?,
            _ => Read::Missing,
        };
        self.refund_of(&numbers, batch).await
    }

    async fn refund_of(
        &self,
        numbers: &[String],
        batch: Read<Batch>,
    ) -> Result<Read<ErpRefund>, PortError> {
        match self.one_payment(REFUND, numbers).await? {
            Read::Found(body) => {
                let entity = Entity(&body);
                let number = entity.text("ReferenceNbr").unwrap_or_default();
                let on_clearing = entity
                    .text("CashAccount")
                    .is_some_and(|account| self.settings.is_clearing(&account));
                let name = receipt::RefundName::Document(number).id();
                let receipt = entity.text("PaymentRef");
                let waits = on_clearing
                    && !self.refund_is_deposited(name.as_str(), payout_of(entity), receipt).await?;
                return Ok(odd_or(receipt::refund_from_entity(entity, waits)));
            }
            Read::Odd(why) => return Ok(Read::Odd(why)),
            Read::Missing => {}
        }
        match batch {
            Read::Found(batch) => {
                let bank = batch.label.bank.clone().unwrap_or_default();
                let from_clearing = self.settings.is_clearing(&bank);
                let name = receipt::RefundName::Batch(batch.number.clone()).id();
                let payout = batch.label.payout.clone();
                let receipt = batch.label.receipt.clone();
                let inside = from_clearing
                    && self.refund_is_deposited(name.as_str(), payout, receipt).await?;
                Ok(odd_or(batch.refund(inside, from_clearing)))
            }
            Read::Missing => Ok(Read::Missing),
            Read::Odd(why) => Ok(Read::Odd(why)),
        }
    }

    /// Whether a refund left its clearing account inside a deposit: one of the payout that it or its
    /// receipt names, or one of that receipt alone.
    async fn refund_is_deposited(
        &self,
        name: &str,
        payout: Option<String>,
        receipt: Option<String>,
    ) -> Result<bool, PortError> {
        let mut payouts: Vec<String> = payout.into_iter().collect();
        let mut deposits = Vec::new();
        if let Some(number) = receipt {
            let ask = Ask { custom: receipt::custom(), ..Ask::default() };
            let body = self.client.get("Payment", &[PAYMENT, &number], &ask).await?;
            payouts.extend(body.as_ref().and_then(|body| payout_of(Entity(body))));
            deposits.extend(self.deposits_of_one(&number).await?);
        }
        deposits.extend(self.payout_deposits(payouts).await?.into_values().flatten());
        Ok(deposits.iter().any(|deposit| deposit.holds_refund(name)))
    }
}

fn map_read<T, U>(read: Read<T>, map: impl Fn(T) -> U) -> Read<U> {
    match read {
        Read::Found(value) => Read::Found(map(value)),
        Read::Missing => Read::Missing,
        Read::Odd(why) => Read::Odd(why),
    }
}

fn and_then<T, U>(read: Read<T>, map: impl Fn(T) -> Result<U, String>) -> Read<U> {
    match read {
        Read::Found(value) => odd_or(map(value)),
        Read::Missing => Read::Missing,
        Read::Odd(why) => Read::Odd(why),
    }
}

fn is_settled(payment: &Body) -> bool {
    matches!(Entity(payment).text("Status").as_deref(), Some("Closed" | "Voided"))
}

/// What batches of a document are for; receipts are none.
fn purpose(kind: DocumentKind) -> Option<Purpose> {
    match kind {
        DocumentKind::Receipt => None,
        DocumentKind::Refund => Some(Purpose::Refund),
        DocumentKind::Deposit => Some(Purpose::Deposit),
        DocumentKind::Journal => Some(Purpose::Journal),
    }
}
