//! Reads of the documents that carry our keys. AR documents carry the stamp in `ExternalRef`, batches
//! at the beginning of their description; nothing enforces that it is unique (acumatica sheet
//! section 11.10), so two that carry one stamp are shown as odd.

use std::collections::BTreeMap;

use model::ids::ReceiptId;
use model::key::{Alphabet, Key};
use model::receipt::{DocumentKind, ErpDocument, ErpRefund, Receipt};
use ports::{Depth, PortError, Read};

use super::super::Acumatica;
use super::super::fields::REFERENCE_LENGTH_MAX;
use super::super::mapping::batch::{self, Batch, BatchState, Label, Purpose};
use super::super::mapping::receipt::{
    self, PAYMENT, Phase, REFUND, Surroundings, VOIDED_PAYMENT, payout_of,
};
use super::super::query::{Ask, all_of, any_of, literal};
use super::super::wire::{Body, Entity};
use super::parts::Chain;
use super::{SLICE_MAX, each, odd_or};

pub(in super::super) const BATCH: &str = "JournalTransaction";
const FOUND_SELECT: &str = "Type,ReferenceNbr,Status,ExternalRef";

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

#[must_use]
pub(in super::super) fn batch_ask() -> Ask {
    Ask { expand: "Details", ..Ask::default() }
}

/// The released deposits of some payouts, read once for a bulk read.
pub(in super::super) type Deposits = BTreeMap<String, Vec<Batch>>;

impl Acumatica {
    /// Documents by key, in the order asked.
    pub(in super::super) async fn read_documents(
        &self,
        keys: &[(DocumentKind, Key)],
        _depth: Depth,
    ) -> Result<Vec<Read<ErpDocument>>, PortError> {
        let numbers = self.numbers(PAYMENT, keys, DocumentKind::Receipt).await?;
        let payments = each(keys, |(kind, key)| {
            let found = numbers.get(&stamp(key)).filter(|_| *kind == DocumentKind::Receipt);
            let found = found.cloned().unwrap_or_default();
            async move { self.one_payment(PAYMENT, &found).await }
        })
        .await?;
        let deposits = self.deposits_of(payments.iter().filter_map(|one| one.found())).await?;
        let reads: Vec<((DocumentKind, Key), Read<Body>)> =
            keys.iter().cloned().zip(payments).collect();
        each(&reads, |((kind, key), payment)| {
            let (kind, key, payment) = (*kind, key.clone(), payment.clone());
            let deposits = &deposits;
            async move {
                match kind {
                    DocumentKind::Receipt => {
                        let read = self.whole_receipt(payment, deposits).await?;
                        Ok(map_read(read, ErpDocument::Receipt))
                    }
                    DocumentKind::Refund => {
                        Ok(map_read(self.find_refund(&key).await?, ErpDocument::Refund))
                    }
                    DocumentKind::Deposit => {
                        Ok(and_then(self.find_batch(&key, Purpose::Deposit).await?, |batch| {
                            batch.deposit().map(ErpDocument::Deposit)
                        }))
                    }
                    DocumentKind::Journal => {
                        Ok(map_read(self.find_batch(&key, Purpose::Journal).await?, |batch| {
                            ErpDocument::Journal(batch.journal())
                        }))
                    }
                }
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

    /// One receipt, for a decision made right now.
    pub(in super::super) async fn read_receipt(
        &self,
        id: &ReceiptId,
    ) -> Result<Read<Receipt>, PortError> {
        let read = self.read_receipts(std::slice::from_ref(id)).await?.pop();
        Ok(read.unwrap_or(Read::Missing))
    }

    /// The numbers of AR documents by stamp. Ones that were voided give way to ones that live.
    async fn numbers(
        &self,
        kind: &str,
        keys: &[(DocumentKind, Key)],
        wanted: DocumentKind,
    ) -> Result<BTreeMap<String, Vec<String>>, PortError> {
        let stamps: Vec<String> =
            keys.iter().filter(|(kind, _)| *kind == wanted).map(|(_, key)| stamp(key)).collect();
        let mut found: BTreeMap<String, Vec<(bool, String)>> = BTreeMap::new();
        for slice in stamps.chunks(SLICE_MAX) {
            let texts: Vec<&str> = slice.iter().map(String::as_str).collect();
            for row in self.stamped(kind, &texts).await? {
                let entity = Entity(&row);
                if let (Some(stamp), Some(number)) =
                    (entity.text("ExternalRef"), entity.text("ReferenceNbr"))
                {
                    let dead = entity.text("Status").as_deref() == Some("Voided");
                    found.entry(stamp).or_default().push((dead, number));
                }
            }
        }
        let only_live = |mut numbers: Vec<(bool, String)>| {
            numbers.sort();
            let living = numbers.iter().filter(|(dead, _)| !dead).count().max(1);
            numbers.into_iter().take(living).map(|(_, number)| number).collect()
        };
        Ok(found.into_iter().map(|(stamp, numbers)| (stamp, only_live(numbers))).collect())
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
        let ask = Ask { select: FOUND_SELECT, ..Ask::default() }.filter(filter);
        let rows = self.client.list("Payment", &ask).await?;
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
        let around = match receipt::phase(entity) {
            Ok(Phase::Released) => {
                let deposited = in_deposit(entity, deposits) || self.left_alone(entity).await?;
                Surroundings { deposited, ..Surroundings::default() }
            }
            Ok(Phase::Voided) => {
                let chain = self.chain_of(&body).await?;
                let mut around = match self.after_void(&body, &chain).await? {
                    Ok(around) => around,
                    Err(why) => return Ok(Read::Odd(why)),
                };
                around.deposited |= in_deposit(entity, deposits);
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

    /// The deposits of the payouts that these payments name.
    pub(in super::super) async fn deposits_of<'a>(
        &self,
        payments: impl Iterator<Item = &'a Body>,
    ) -> Result<Deposits, PortError> {
        let mut payouts: Vec<String> = payments
            .map(Entity)
            .filter(|payment| {
                matches!(receipt::phase(*payment), Ok(Phase::Released | Phase::Voided))
            })
            .filter_map(payout_of)
            .collect();
        payouts.sort_unstable();
        payouts.dedup();
        let found = each(&payouts, |payout| {
            let payout = payout.clone();
            async move { Ok((payout.clone(), self.payout_deposits(&payout).await?)) }
        })
        .await?;
        Ok(found.into_iter().collect())
    }

    /// The released deposits of a payout.
    async fn payout_deposits(&self, payout: &str) -> Result<Vec<Batch>, PortError> {
        let batches = self.batches_saying(&format!("payout {payout}")).await?;
        let of_payout = |batch: &Batch| {
            batch.label.purpose == Purpose::Deposit
                && batch.label.payout.as_deref() == Some(payout)
                && batch.state == BatchState::Released
        };
        Ok(batches.into_iter().filter(of_payout).collect())
    }

    /// Batches of ours whose description holds the words, with their lines.
    async fn batches_saying(&self, words: &str) -> Result<Vec<Batch>, PortError> {
        let holds = format!("substringof({},Description)", literal(words));
        let bodies = self.batches(&holds, |_| true).await?;
        let mut batches = Vec::new();
        for body in &bodies {
            // An odd one is not ours to judge here; under its own key it is shown.
            batches.extend(batch::from_entity(Entity(body)));
        }
        Ok(batches)
    }

    /// Batches that fit, each read by its key: only single reads expand details for certain
    /// (acumatica sheet section 7).
    async fn batches(
        &self,
        condition: &str,
        wanted: impl Fn(&Label) -> bool,
    ) -> Result<Vec<Body>, PortError> {
        let filter = all_of(&["Module eq 'GL'", condition]);
        let ask =
            Ask { select: "Module,BatchNbr,Status,Description", ..Ask::default() }.filter(filter);
        let rows = self.client.list(BATCH, &ask).await?;
        let mut numbers: Vec<String> = rows
            .iter()
            .map(Entity)
            .filter(|row| {
                let label = row.text("Description").and_then(|text| Label::read(&text));
                label.is_some_and(|label| wanted(&label))
            })
            .filter_map(|row| row.text("BatchNbr"))
            .collect();
        numbers.sort_unstable();
        let bodies = each(&numbers, |number| {
            let number = number.clone();
            async move { self.client.get(BATCH, &["GL", &number], &batch_ask()).await }
        })
        .await?;
        Ok(bodies.into_iter().flatten().collect())
    }

    /// The batch that carries the key.
    pub(in super::super) async fn find_batch(
        &self,
        key: &Key,
        purpose: Purpose,
    ) -> Result<Read<Batch>, PortError> {
        let stamp = stamp(key);
        let begins = format!("startswith(Description,{})", literal(&format!("{stamp} |")));
        let ours = |label: &Label| label.stamp == stamp && label.purpose == purpose;
        let bodies = self.batches(&begins, ours).await?;
        let living = |body: &&Body| Entity(body).text("Status").as_deref() != Some("Voided");
        let count = bodies.iter().filter(living).count();
        let first = bodies.iter().find(living).or(bodies.first());
        match first {
            Some(_) if count > 1 => Ok(Read::Odd(format!("{count} batches carry the key {stamp}"))),
            Some(body) => Ok(odd_or(batch::from_entity(Entity(body)))),
            None => Ok(Read::Missing),
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
        let ask = Ask { expand: "DocumentsToApply", custom: receipt::custom(), ..Ask::default() };
        self.client.get("Payment", &[VOIDED_PAYMENT, number], &ask).await
    }

    /// The refund that carries the key: an AR refund, or the batch that followed a void.
    pub(in super::super) async fn find_refund(
        &self,
        key: &Key,
    ) -> Result<Read<ErpRefund>, PortError> {
        let keys = [(DocumentKind::Refund, key.clone())];
        let numbers = self.numbers(REFUND, &keys, DocumentKind::Refund).await?;
        let numbers = numbers.get(&stamp(key)).cloned().unwrap_or_default();
        match self.one_payment(REFUND, &numbers).await? {
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
        match self.find_batch(key, Purpose::Refund).await? {
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
        payouts.dedup();
        for payout in payouts {
            deposits.extend(self.payout_deposits(&payout).await?);
        }
        Ok(deposits.iter().any(|deposit| deposit.holds_refund(name)))
    }

    /// The released deposits that hold one receipt in no payout.
    async fn deposits_of_one(&self, number: &str) -> Result<Vec<Batch>, PortError> {
        let batches = self.batches_saying(&format!("receipt {number} |")).await?;
        let of_it = |batch: &Batch| {
            batch.label.purpose == Purpose::Deposit
                && batch.label.receipt.as_deref() == Some(number)
                && batch.state == BatchState::Released
        };
        Ok(batches.into_iter().filter(of_it).collect())
    }
}

/// Whether one of the deposits holds the payment.
pub(in super::super) fn in_deposit(payment: Entity<'_>, deposits: &Deposits) -> bool {
    let (Some(payout), Some(number)) = (payout_of(payment), payment.text("ReferenceNbr")) else {
        return false;
    };
    let id = ReceiptId::new(number);
    deposits.get(&payout).is_some_and(|list| list.iter().any(|one| one.receipts().contains(&id)))
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
