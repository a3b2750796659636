//! Batches of ours, found by what their description says (acumatica sheet section 11.7, option 2):
//! several in one list, and each read whole only while it is not known yet.

use std::collections::BTreeMap;

use model::ids::ReceiptId;
use model::key::Key;
use ports::{PortError, Read};

use super::super::Acumatica;
use super::super::mapping::batch::{self, Batch, BatchState, Label, Purpose};
use super::super::mapping::receipt::{self, Phase, payout_of};
use super::super::query::{Ask, all_of, literal};
use super::super::wire::{Body, Entity};
use super::documents::stamp;
use super::{each, odd_or};

pub(in super::super) const BATCH: &str = "JournalTransaction";

/// Descriptions asked for in one filter: encoded, each takes up to 120 of the 2,048 characters.
const DESCRIPTIONS_MAX: usize = 10;

#[must_use]
pub(in super::super) fn batch_ask() -> Ask {
    Ask { expand: "Details", ..Ask::default() }
}

/// The released deposits of some payouts, read once for a bulk read.
pub(in super::super) type Deposits = BTreeMap<String, Vec<Batch>>;

/// Batches of ours by purpose and stamp.
pub(super) type Labelled = BTreeMap<(&'static str, String), Vec<Body>>;

impl Acumatica {
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
        self.payout_deposits(payouts).await
    }

    /// The released deposits of payouts.
    pub(super) async fn payout_deposits(
        &self,
        mut payouts: Vec<String>,
    ) -> Result<Deposits, PortError> {
        payouts.sort_unstable();
        payouts.dedup();
        let mut found: Deposits =
            payouts.iter().map(|payout| (payout.clone(), Vec::new())).collect();
        for slice in payouts.chunks(DESCRIPTIONS_MAX) {
            let holds: Vec<String> =
                slice.iter().map(|payout| holding(&format!("payout {payout}"))).collect();
            let condition = format!("({})", holds.join(" or "));
            let ours = |label: &Label| label.purpose == Purpose::Deposit;
            for body in self.batches(&condition, ours).await? {
                let Ok(batch) = batch::from_entity(Entity(&body)) else { continue };
                let of = batch.label.payout.as_ref().and_then(|payout| found.get_mut(payout));
                if let (Some(list), BatchState::Released) = (of, batch.state) {
                    list.push(batch);
                }
            }
        }
        Ok(found)
    }

    /// Batches of ours whose description holds the words, with their lines.
    pub(super) async fn batches_saying(&self, words: &str) -> Result<Vec<Batch>, PortError> {
        let bodies = self.batches(&holding(words), |_| true).await?;
        // An odd one is not ours to judge here; under its own key it is shown.
        Ok(bodies.iter().filter_map(|body| batch::from_entity(Entity(body)).ok()).collect())
    }

    /// Batches that fit, each read by its key: only single reads expand details for certain
    /// (acumatica sheet section 7). A released one whose row did not change has the same lines still.
    async fn batches(
        &self,
        condition: &str,
        wanted: impl Fn(&Label) -> bool,
    ) -> Result<Vec<Body>, PortError> {
        let filter = all_of(&["Module eq 'GL'", condition]);
        let select = "Module,BatchNbr,Status,Description,LastModifiedDateTime";
        let ask = Ask { select, ..Ask::default() }.filter(filter);
        let rows = self.client.list(BATCH, &ask).await?;
        let mut numbers: Vec<(String, Body)> = Vec::new();
        for row in rows {
            let entity = Entity(&row);
            let label = entity.text("Description").and_then(|text| Label::read(&text));
            if let (true, Some(number)) =
                (label.is_some_and(|label| wanted(&label)), entity.text("BatchNbr"))
            {
                numbers.push((number, row));
            }
        }
        numbers.sort_by(|a, b| a.0.cmp(&b.0));
        let bodies = each(&numbers, |(number, row)| {
            let (number, row) = (number.clone(), row.clone());
            async move {
                let name = format!("{BATCH} {number}");
                if batch::state(Entity(&row)) == Ok(BatchState::Released)
                    && let Some(body) = self.known.whole(&name, &row).await
                {
                    return Ok(Some(body));
                }
                let body = self.client.get(BATCH, &["GL", &number], &batch_ask()).await?;
                if let Some(body) = &body {
                    self.known.keep(&name, &row, body);
                }
                Ok(body)
            }
        })
        .await?;
        Ok(bodies.into_iter().flatten().collect())
    }

    /// The batches that carry the keys.
    pub(super) async fn labelled(
        &self,
        wanted: &[(Purpose, String)],
    ) -> Result<Labelled, PortError> {
        let mut found = Labelled::new();
        for slice in wanted.chunks(DESCRIPTIONS_MAX) {
            let begins: Vec<String> = slice
                .iter()
                .map(|(_, stamp)| {
                    format!("startswith(Description,{})", literal(&format!("{stamp} |")))
                })
                .collect();
            let condition = format!("({})", begins.join(" or "));
            let ours = |label: &Label| {
                slice
                    .iter()
                    .any(|(purpose, stamp)| label.stamp == *stamp && label.purpose == *purpose)
            };
            for body in self.batches(&condition, ours).await? {
                let label = Entity(&body).text("Description").and_then(|text| Label::read(&text));
                if let Some(label) = label {
                    found.entry((label.purpose.word(), label.stamp)).or_default().push(body);
                }
            }
        }
        Ok(found)
    }

    /// The batch that carries the key.
    pub(in super::super) async fn find_batch(
        &self,
        key: &Key,
        purpose: Purpose,
    ) -> Result<Read<Batch>, PortError> {
        let stamp = stamp(key);
        let found = self.labelled(&[(purpose, stamp.clone())]).await?;
        Ok(only_batch(&found, purpose, &stamp))
    }

    /// The released deposits that hold one receipt in no payout.
    pub(super) async fn deposits_of_one(&self, number: &str) -> Result<Vec<Batch>, PortError> {
        let batches = self.batches_saying(&format!("receipt {number} |")).await?;
        let of_it = |batch: &Batch| {
            batch.label.purpose == Purpose::Deposit
                && batch.label.receipt.as_deref() == Some(number)
                && batch.state == BatchState::Released
        };
        Ok(batches.into_iter().filter(of_it).collect())
    }
}

fn holding(words: &str) -> String {
    format!("substringof({},Description)", literal(words))
}

/// The one batch under a key: one that was voided gives way to one that lives.
pub(super) fn only_batch(found: &Labelled, purpose: Purpose, stamp: &str) -> Read<Batch> {
    let none = Vec::new();
    let bodies = found.get(&(purpose.word(), stamp.to_owned())).unwrap_or(&none);
    let living = |body: &&Body| Entity(body).text("Status").as_deref() != Some("Voided");
    let count = bodies.iter().filter(living).count();
    match bodies.iter().find(living).or(bodies.first()) {
        Some(_) if count > 1 => Read::Odd(format!("{count} batches carry the key {stamp}")),
        Some(body) => odd_or(batch::from_entity(Entity(body))),
        None => Read::Missing,
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
