//! What was charged back, failed late or was refunded, and waits for the payout that takes the money:
//! the books follow with that payout, and until then it is in no other comparison (mission row NG10).

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use model::case::CaseKind;
use model::decision::Stage;
use model::ids::LinkId;
use model::money::{Currency, Money};
use model::payment::{Collection, CollectionStatus, ProcessorRefund};
use model::payout::PayoutItemKind;
use model::reason::ReasonCode;
use serde::{Deserialize, Serialize};
use store::rows::{CaseFilter, CaseRow};

use crate::engine::Engine;
use crate::error::Result;

/// Foreign payments looked through at most, per processor account.
const FOREIGN_MAX: u32 = 10_000;

/// Reversals of one currency that wait for their payout.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WaitingReversals {
    pub count: u32,
    /// What the payouts will take, without fees.
    pub amount: Money,
}

impl WaitingReversals {
    /// What waits, in a sentence without its full stop.
    #[must_use]
    pub fn sentence(&self) -> String {
        match self.count {
            1 => format!("1 reversal waits for the payout that takes it, {}", self.amount),
            count => {
                format!("{count} reversals wait for the payout that takes them, {}", self.amount)
            }
        }
    }
}

impl Engine {
    /// Payments and refunds of a link, or of all, that wait for the payout that takes their money, by
    /// currency: as the last look at each found it.
    pub async fn waiting_reversals(&self, link: Option<&LinkId>) -> Result<Vec<WaitingReversals>> {
        let mut found: Vec<Money> = Vec::new();
        for row in
            self.waiting_cases(CaseKind::Collection, ReasonCode::WaitingForItems, link).await?
        {
            if row.stage == Some(Stage::Reversed) {
                found.extend(self.waiting_payments(&row).await?);
            }
        }
        found.extend(self.waiting_foreign(link).await?);
        let refunds =
            self.waiting_cases(CaseKind::Refund, ReasonCode::RefundOnItsWay, link).await?;
        found.extend(self.waiting_refunds(&refunds).await?);
        let mut sums: BTreeMap<Currency, WaitingReversals> = BTreeMap::new();
        for amount in found {
            let zero = WaitingReversals { count: 0, amount: Money::zero(amount.currency) };
            let sum = sums.entry(amount.currency).or_insert(zero);
            sum.count = sum.count.saturating_add(1);
            sum.amount = sum.amount.checked_add(amount).unwrap_or(sum.amount);
        }
        Ok(sums.into_values().collect())
    }

    /// Payments that no case looks at, of the link's processor account and currencies: they stand on
    /// suspense, where their reversals go too.
    async fn waiting_foreign(&self, link: Option<&LinkId>) -> Result<Vec<Money>> {
        let world = self.world();
        let links: Vec<_> =
            world.links.values().filter(|one| link.is_none_or(|id| one.id == *id)).collect();
        let foreign = self.foreign(FOREIGN_MAX).await?;
        let amounts = foreign.iter().filter(|one| one.awaits_reversal()).filter_map(|one| {
            let seen = one.seen.as_ref()?;
            let serves = links.iter().any(|link| {
                let processor = world.processor(&link.processor);
                processor.is_some_and(|processor| processor.account == one.account)
                    && link.policy.currencies.contains(&seen.amount.currency)
            });
            serves.then_some(seen.amount)
        });
        Ok(amounts.collect())
    }

    /// Those of after the cut-over: the payout of an older one may be kept by nobody.
    async fn waiting_refunds(&self, rows: &[CaseRow]) -> Result<Vec<Money>> {
        let world = self.world();
        let keys: Vec<_> = rows.iter().map(|row| row.key.clone()).collect();
        let read = self.store.facts_named(&keys, "refund").await?;
        let mut amounts = Vec::new();
        for (row, body) in rows.iter().zip(read) {
            let link = row.link.as_ref().and_then(|id| world.links.get(id));
            let from = link.and_then(|link| link.policy.cut_over_on);
            let refund = body.and_then(|body| body.read::<ProcessorRefund>());
            let (Some(refund), Some(from)) = (refund, from) else { continue };
            if refund.created_at.to_zoned(TimeZone::UTC).date() >= from {
                amounts.push(refund.amount);
            }
        }
        Ok(amounts)
    }

    async fn waiting_cases(
        &self,
        kind: CaseKind,
        reason: ReasonCode,
        link: Option<&LinkId>,
    ) -> Result<Vec<CaseRow>> {
        self.cases_where(CaseFilter {
            kind: Some(kind),
            reason: Some(reason),
            link: link.cloned(),
            ..CaseFilter::default()
        })
        .await
    }

    /// The case's payments that were taken back at the processor and stand settled in the books.
    async fn waiting_payments(&self, row: &CaseRow) -> Result<Vec<Money>> {
        let context = self.store.contexts(&[row.id]).await?.pop().unwrap_or_default();
        let world = self.world();
        let link = row.link.as_ref().and_then(|id| world.links.get(id));
        let account = link.and_then(|link| world.processor(&link.processor)).map(|one| one.account);
        let mut amounts = Vec::new();
        for (subject, (_, body)) in &context.facts {
            if !subject.starts_with("collection/") {
                continue;
            }
            let Some(payment) = body.read::<Collection>() else { continue };
            let taken_back =
                matches!(payment.status, CollectionStatus::ChargedBack | CollectionStatus::Failed);
            let Some(account) = account.as_ref().filter(|_| taken_back) else { continue };
            let kept = self.store.items_of_collection(account, &payment.id).await?;
            let settled =
                kept.iter().filter(|one| one.item.kind == PayoutItemKind::PaymentPaidOut).count();
            if settled > kept.iter().filter(|one| one.item.kind.is_reversal()).count() {
                amounts.push(payment.amount);
            }
        }
        Ok(amounts)
    }
}
