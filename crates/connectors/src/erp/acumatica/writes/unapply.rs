//! Un-applying. A released application can not be reversed over REST, so the whole payment is voided:
//! the invoice is open again, and the clearing account gives the money back (acumatica sheet sections
//! 11.2, 11.3 and 21, row 8). The voiding document carries our mark, by which the receipt is later
//! read as un-applied instead of voided by a person. Where only a part was to be taken off, the rest
//! is entered anew.

use jiff::civil::Date;
use serde_json::json;

use model::command::{UnapplyReceipt, WriteAnswer};
use model::key::Key;
use ports::PortError;

use super::super::Acumatica;
use super::super::client::{Ended, Outcome};
use super::super::fields::{VIEW, VOID_KEY};
use super::super::mapping::receipt::{
    self, PAYMENT, Phase, VOIDED_PAYMENT, VoidMark, phase, void_mark,
};
use super::super::query::Ask;
use super::super::reads::documents::stamp;
use super::super::wire::{Body, Entity, custom_text, wrapped, wrapped_day};
use super::annotate::not_there;
use super::apply::applied_to;
use super::parts::Bearer;
use super::{begun_already, made, settle_refusal};

impl Acumatica {
    /// Takes an amount of a receipt off its invoice.
    pub(super) async fn unapply_receipt(
        &self,
        key: &Key,
        write: &UnapplyReceipt,
    ) -> Result<WriteAnswer, PortError> {
        let steps = self.begun();
        let (receipt, own, chain) = self.receipt_now(&write.receipt, &write.customer).await?;
        let ours = |mark: &VoidMark| mark.stamp == stamp(key) && mark.in_part;
        if let Some(void) = chain.voids.iter().find(|void| ours(&void.mark)) {
            // An earlier send voided it: its rest may be missing still.
            let bearer = Bearer { number: void.number.clone(), amount: void.amount };
            self.enter_anew(key, write, &own, &bearer, &steps).await?;
            return Ok(made(write.receipt.as_str()));
        }
        let before = applied_to(&receipt, &write.invoice);
        if before != write.decided_applied {
            return Err(PortError::Stale(format!(
                "receipt {} has {before} applied to invoice {}, not {}",
                receipt.id, write.invoice, write.decided_applied
            )));
        }
        let bearer = super::parts::bearer(&receipt, &chain, write)?;
        // Only what was never entered anew leaves the clearing account with its void.
        let in_part = write.amount != before || !chain.parts.is_empty();
        let mark = VoidMark { stamp: stamp(key), in_part };
        self.void(key, &bearer.number, &mark, write.dated_on, &steps).await?;
        if in_part {
            self.enter_anew(key, write, &own, &bearer, &steps).await?;
        }
        Ok(made(write.receipt.as_str()))
    }

    /// Voids a payment under our mark.
    async fn void(
        &self,
        key: &Key,
        number: &str,
        mark: &VoidMark,
        on: Option<Date>,
        steps: &super::Steps,
    ) -> Result<(), PortError> {
        let voiding = match self.voiding(number).await? {
            Some(body) => Some(body),
            None => self.begin_void(key, number, on).await?,
        };
        self.time_left(steps)?;
        match voiding {
            Some(body) => self.finish_void(key, number, &body, mark, on).await,
            // Some builds may void in one step (acumatica sheet section 11.3).
            None => self.proved_void(number).await,
        }
    }

    /// Makes the voiding document: it has the same number and mirrors the applications.
    async fn begin_void(
        &self,
        key: &Key,
        number: &str,
        on: Option<Date>,
    ) -> Result<Option<Body>, PortError> {
        let body = json!({
            "entity": { "Type": wrapped(PAYMENT), "ReferenceNbr": wrapped(number) },
            "parameters": {},
        });
        match self.client.act(PAYMENT, "VoidPayment", &body, on, key).await? {
            Ended::Done | Ended::Open(_) => self.voiding(number).await.map_err(begun_already),
            Ended::Refused(refusal) => match self.voiding(number).await.map_err(begun_already)? {
                Some(body) => Ok(Some(body)),
                None => Err(refusal.into_error()),
            },
        }
    }

    /// Marks, dates and releases the voiding document.
    async fn finish_void(
        &self,
        key: &Key,
        number: &str,
        voiding: &Body,
        mark: &VoidMark,
        on: Option<Date>,
    ) -> Result<(), PortError> {
        let waits = phase(Entity(voiding)).map_err(PortError::OutcomeUnknown)? == Phase::Unreleased;
        let marked = void_mark(Entity(voiding)).as_ref() == Some(mark);
        if waits || !marked {
            self.mark_void(key, number, mark, on, waits).await?;
        }
        if waits {
            self.release_void(key, number).await?;
        }
        self.proved_void(number).await
    }

    /// Puts our key on the voiding document, and its date while it waits. A closed one takes our
    /// field still where its cash account is a clearing account (acumatica sheet section 21, row 4).
    async fn mark_void(
        &self,
        key: &Key,
        number: &str,
        mark: &VoidMark,
        on: Option<Date>,
        waits: bool,
    ) -> Result<(), PortError> {
        let mut body = json!({
            "Type": wrapped(VOIDED_PAYMENT),
            "ReferenceNbr": wrapped(number),
            "custom": { VIEW: { VOID_KEY.custom: custom_text(Some(&mark.text())) } },
        });
        if waits && let Some(members) = body.as_object_mut() {
            members.insert("Hold".to_owned(), wrapped(false));
            members.extend(on.map(|on| ("ApplicationDate".to_owned(), wrapped_day(on))));
        }
        let ask = Ask { custom: receipt::custom(), ..Ask::default() };
        let why =
            match self.client.change(PAYMENT, &ask, &body, key).await.map_err(begun_already)? {
                Outcome::Done(saved) if void_mark(Entity(&saved)).as_ref() == Some(mark) => {
                    return Ok(());
                }
                Outcome::Done(_) => not_there(VOID_KEY),
                Outcome::Refused(refusal) => refusal.into_error(),
            };
        if waits { self.undo_void(key, number, why).await } else { Err(why) }
    }

    async fn release_void(&self, key: &Key, number: &str) -> Result<(), PortError> {
        let ended = self.start_release(key, VOIDED_PAYMENT, number).await.map_err(begun_already)?;
        let state = self.phase_now(VOIDED_PAYMENT, number).await.map_err(begun_already)?;
        match ended {
            Ended::Refused(refusal)
                if state == Some(Phase::Unreleased) && !refusal.is_changed() =>
            {
                self.undo_void(key, number, refusal.into_error()).await
            }
            Ended::Done | Ended::Open(_) | Ended::Refused(_) => Ok(()),
        }
    }

    /// The void was refused (a closed period, say): its document is deleted, so that the payment is
    /// as it was and the next try begins anew.
    async fn undo_void(&self, key: &Key, number: &str, why: PortError) -> Result<(), PortError> {
        match self.client.delete(PAYMENT, &[VOIDED_PAYMENT, number], key).await {
            Ok(Outcome::Done(())) => Err(why),
            Ok(Outcome::Refused(other)) if other.is_missing() => Err(why),
            Ok(Outcome::Refused(other)) => Err(settle_refusal(other)),
            Err(error) => Err(begun_already(error)),
        }
    }

    async fn proved_void(&self, number: &str) -> Result<(), PortError> {
        match self.phase_now(PAYMENT, number).await.map_err(begun_already)? {
            Some(Phase::Voided) => Ok(()),
            Some(Phase::Unreleased | Phase::Held | Phase::Released) | None => {
                Err(PortError::OutcomeUnknown(format!("payment {number} is not voided yet")))
            }
        }
    }
}
