//! AR documents (payments and refunds) from search to release: found under the key, made, applied,
//! released, each step found again after a crash (acumatica sheet sections 11.1 and 11.4).

use serde_json::{Map, Value, json};

use model::command::{ErpWrite, RejectionCause, WriteAnswer};
use model::key::Key;
use model::money::Money;
use ports::PortError;

use super::super::Acumatica;
use super::super::client::{Ended, Outcome};
use super::super::mapping::receipt::{Phase, currency, phase, unreleased_rows};
use super::super::query::Ask;
use super::super::reads::documents::stamp;
use super::super::refusal::Refusal;
use super::super::wire::{Body, Entity, wrapped, wrapped_money};
use super::{Steps, begun_already, dropped, settle_refusal};

const PAYMENT: &str = "Payment";
/// The number of a document that was not saved (acumatica sheet section 6).
const UNSAVED: &str = "<NEW>";

/// One document that a payment or refund is applied to.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub kind: &'static str,
    pub number: String,
    pub amount: Money,
}

impl Row {
    /// What was collected is what is paid: no cash discount is taken that terms may grant.
    pub(super) fn body(&self) -> Value {
        json!({
            "DocType": wrapped(self.kind),
            "ReferenceNbr": wrapped(self.number.as_str()),
            "CashDiscountTaken": wrapped(0),
            "AmountPaid": wrapped_money(self.amount),
        })
    }
}

/// What is to stand.
pub(super) struct Plan<'a> {
    pub kind: &'static str,
    pub body: Map<String, Value>,
    pub row: Option<Row>,
    /// The write, for comparing with what is there.
    pub write: &'a ErpWrite,
}

/// A saved document.
struct Saved {
    number: String,
    phase: Phase,
    body: Body,
}

/// What an earlier send left under the key.
enum Left {
    Nothing,
    /// Unreleased, and what is wanted now.
    Begun(Box<Saved>),
    /// Finished, or not what was wanted and deleted.
    Other,
}

fn saved(body: Body) -> Result<Saved, String> {
    let entity = Entity(&body);
    let (number, phase) = (entity.required("ReferenceNbr")?, phase(entity)?);
    if number == UNSAVED {
        return Err("it has no number yet".to_owned());
    }
    Ok(Saved { number, phase, body })
}

impl Acumatica {
    /// Brings the document to stand: whatever an earlier send left is gone on with.
    pub(super) async fn stand(&self, key: &Key, plan: Plan<'_>) -> Result<WriteAnswer, PortError> {
        let steps = self.begun();
        let saved = match self.left_behind(key, &plan).await? {
            Left::Nothing => self.insert(key, &plan, &steps).await?,
            Left::Begun(saved) => *saved,
            Left::Other => match self.effect_or_begun(key, plan.write).await? {
                Some(answer) => return Ok(answer),
                None => self.insert(key, &plan, &steps).await?,
            },
        };
        if saved.phase == Phase::Unreleased {
            self.time_left(&steps)?;
            self.release(key, plan.kind, &saved.number).await?;
        }
        Ok(super::made(self.answer_id(&plan, &saved.number)))
    }

    fn answer_id(&self, plan: &Plan<'_>, number: &str) -> String {
        match plan.write {
            ErpWrite::RecordRefund(_) => {
                let name = super::super::mapping::receipt::RefundName::Document(number.to_owned());
                name.id().to_string()
            }
            _ => number.to_owned(),
        }
    }

    /// What stands finished under the key.
    async fn effect_or_begun(
        &self,
        key: &Key,
        write: &ErpWrite,
    ) -> Result<Option<WriteAnswer>, PortError> {
        match self.find_effect(key, write).await {
            // Begun: what is left of it was dealt with before.
            Err(PortError::OutcomeUnknown(_)) => Ok(None),
            other => other,
        }
    }

    /// An unreleased document of an earlier send: taken over when it is what is wanted now, else
    /// deleted, since it pays nothing yet and keeps the invoice from others (acumatica sheet section
    /// 21, row 2).
    async fn left_behind(&self, key: &Key, plan: &Plan<'_>) -> Result<Left, PortError> {
        let stamp = stamp(key);
        let rows = self.stamped(plan.kind, &[&stamp]).await?;
        if rows.is_empty() && plan.kind == super::super::mapping::receipt::PAYMENT {
            return Ok(Left::Nothing);
        }
        // Beside one that stands, and beside a first, an unreleased one is a late second: it goes.
        let mut taken = rows.iter().any(|row| phase(Entity(row)) == Ok(Phase::Released));
        let mut left = Left::Other;
        for row in rows {
            let entity = Entity(&row);
            if phase(entity) != Ok(Phase::Unreleased) {
                continue;
            }
            let number = entity.required("ReferenceNbr").map_err(PortError::Unavailable)?;
            let ask = Ask { expand: "DocumentsToApply", ..Ask::default() };
            let Some(body) = self.client.get(PAYMENT, &[plan.kind, &number], &ask).await? else {
                continue;
            };
            if !taken && is_wanted(Entity(&body), plan) {
                let begun = saved(body).map_err(PortError::OutcomeUnknown)?;
                left = Left::Begun(Box::new(begun));
                taken = true;
                continue;
            }
            self.discard(key, plan.kind, &number).await?;
        }
        Ok(left)
    }

    async fn discard(&self, key: &Key, kind: &str, number: &str) -> Result<(), PortError> {
        match self.client.delete(PAYMENT, &[kind, number], key).await? {
            Outcome::Done(()) => Ok(()),
            Outcome::Refused(refusal) if refusal.is_missing() => Ok(()),
            Outcome::Refused(refusal) => Err(settle_refusal(refusal)),
        }
    }

    /// Saves the document with its application, and looks at what the answer says was saved: a 200
    /// proves nothing (acumatica sheet section 6).
    async fn insert(&self, key: &Key, plan: &Plan<'_>, steps: &Steps) -> Result<Saved, PortError> {
        let mut body = plan.body.clone();
        body.insert("ExternalRef".to_owned(), wrapped(stamp(key)));
        let rows: Vec<Value> = plan.row.iter().map(Row::body).collect();
        if !rows.is_empty() {
            body.insert("DocumentsToApply".to_owned(), Value::Array(rows));
        }
        let ask = Ask { expand: "DocumentsToApply", ..Ask::default() };
        let answer = self.client.insert(PAYMENT, &ask, &Value::Object(body), key).await?;
        let body = match answer {
            Outcome::Done(body) => body,
            Outcome::Refused(refusal) => return Err(self.refused_insert(key, plan, refusal).await),
        };
        let mut saved = match saved(body) {
            Ok(saved) => saved,
            Err(why) => return Err(self.not_saved(key, plan, why).await),
        };
        if is_applied(Entity(&saved.body), plan) {
            return Ok(saved);
        }
        self.time_left(steps)?;
        saved = self.apply_apart(key, plan, saved).await.map_err(begun_already)?;
        if is_applied(Entity(&saved.body), plan) {
            return Ok(saved);
        }
        self.discard(key, plan.kind, &saved.number).await.map_err(begun_already)?;
        Err(PortError::rejected(
            RejectionCause::ApplicationImpossible,
            "the payment was saved without its application, and deleted again",
        ))
    }

    /// A user who may only look is answered with 200 (acumatica sheet section 16, row 1).
    async fn not_saved(&self, key: &Key, plan: &Plan<'_>, why: String) -> PortError {
        match self.stamped(plan.kind, &[&stamp(key)]).await {
            Ok(rows) if rows.is_empty() => dropped("Payments and Applications (AR302000)"),
            Ok(_) | Err(_) => PortError::OutcomeUnknown(why),
        }
    }

    /// Refused for certain; what an earlier send left may be why.
    async fn refused_insert(&self, key: &Key, plan: &Plan<'_>, refusal: Refusal) -> PortError {
        match self.find_effect(key, plan.write).await {
            Ok(Some(_)) | Err(PortError::OutcomeUnknown(_)) => {
                PortError::OutcomeUnknown(format!("begun before; then {}", refusal.detail))
            }
            Ok(None) | Err(_) => refusal.into_error(),
        }
    }

    /// Some builds take applications only of a saved document (acumatica sheet section 11.1, 1b).
    async fn apply_apart(
        &self,
        key: &Key,
        plan: &Plan<'_>,
        before: Saved,
    ) -> Result<Saved, PortError> {
        let rows: Vec<Value> = plan.row.iter().map(Row::body).collect();
        let body = json!({
            "Type": wrapped(plan.kind),
            "ReferenceNbr": wrapped(before.number.as_str()),
            "DocumentsToApply": rows,
        });
        let ask = Ask { expand: "DocumentsToApply", ..Ask::default() };
        match self.client.change(PAYMENT, &ask, &body, key).await? {
            Outcome::Done(body) => saved(body).map_err(PortError::OutcomeUnknown),
            Outcome::Refused(refusal) => {
                self.discard(key, plan.kind, &before.number).await?;
                Err(refusal.into_error())
            }
        }
    }

    /// Releases a document and proves it by reading it again: its status is the truth (acumatica
    /// sheet section 8). One that can not be released is deleted, so that it holds nothing.
    pub(super) async fn release(
        &self,
        key: &Key,
        kind: &str,
        number: &str,
    ) -> Result<(), PortError> {
        let ended = self.start_release(key, kind, number).await.map_err(begun_already)?;
        match self.phase_now(kind, number).await.map_err(begun_already)? {
            Some(Phase::Released | Phase::Voided | Phase::Held) => return Ok(()),
            Some(Phase::Unreleased) => {}
            None => {
                return Err(PortError::OutcomeUnknown(format!("{kind} {number} is gone again")));
            }
        }
        match ended {
            Ended::Done => Err(PortError::OutcomeUnknown(format!(
                "the release of {kind} {number} is said to be done and does not show"
            ))),
            Ended::Open(why) => Err(PortError::OutcomeUnknown(why)),
            Ended::Refused(refusal) if refusal.is_changed() => Err(settle_refusal(refusal)),
            Ended::Refused(refusal) => {
                self.discard(key, kind, number).await.map_err(begun_already)?;
                Err(refusal.into_error())
            }
        }
    }

    pub(super) async fn start_release(
        &self,
        key: &Key,
        kind: &str,
        number: &str,
    ) -> Result<Ended, PortError> {
        let body = json!({
            "entity": { "Type": wrapped(kind), "ReferenceNbr": wrapped(number) },
            "parameters": {},
        });
        self.client.act(PAYMENT, "ReleasePayment", &body, None, key).await
    }

    pub(super) async fn phase_now(
        &self,
        kind: &str,
        number: &str,
    ) -> Result<Option<Phase>, PortError> {
        let ask = Ask { select: "Type,ReferenceNbr,Status", ..Ask::default() };
        let body = self.client.get(PAYMENT, &[kind, number], &ask).await?;
        body.map(|body| phase(Entity(&body)).map_err(PortError::Unavailable)).transpose()
    }
}

/// The application that was asked for is the one that was saved.
fn is_applied(entity: Entity<'_>, plan: &Plan<'_>) -> bool {
    let Some(row) = &plan.row else { return true };
    let rows = currency(entity).and_then(|currency| unreleased_rows(entity, currency));
    let Ok(rows) = rows else { return false };
    rows == [(row.number.clone(), row.amount.minor)]
}

/// An unreleased document is the one that is wanted now: same customer, date, amount, account and
/// application.
fn is_wanted(entity: Entity<'_>, plan: &Plan<'_>) -> bool {
    let same = |name: &str| {
        let wanted = plan.body.get(name).and_then(|field| field.get("value"));
        match wanted {
            None => true,
            Some(Value::String(text)) => entity.text(name).as_deref() == Some(text.trim()),
            Some(other) => {
                let there = entity.decimal(name).ok().flatten().map(|there| there.normalize());
                let wanted = other.to_string().parse::<rust_decimal::Decimal>().ok();
                there == wanted.map(|wanted| wanted.normalize())
            }
        }
    };
    let date = |text: &str| text.get(..10).map(str::to_owned);
    let wanted_date = plan.body.get("ApplicationDate").and_then(|field| field.get("value"));
    let wanted_date = wanted_date.and_then(Value::as_str).and_then(date);
    let same_date = entity.text("ApplicationDate").as_deref().and_then(date) == wanted_date;
    let none_applied = plan.row.is_none() && entity.rows("DocumentsToApply").is_empty();
    same("CustomerID")
        && same("PaymentAmount")
        && same("CashAccount")
        && same_date
        && entity.text("Status").as_deref() == Some("Balanced")
        && (none_applied || (plan.row.is_some() && is_applied(entity, plan)))
}
