//! A receipt of which we took a part off its invoice. Over REST a payment is voided whole (acumatica
//! sheet section 11.2), so what stays applied and what became free were entered anew, as payments
//! that together are the receipt; each of them may have gone the same way since.

use model::ids::ReceiptId;
use model::key::Key;
use model::money::Money;
use ports::PortError;

use super::super::Acumatica;
use super::super::mapping::receipt::{
    self, PAYMENT, Part, Phase, VOIDED_PAYMENT, VoidMark, part_from_entity, phase, void_mark,
};
use super::super::wire::{Body, Entity};
use super::documents::{payment_ask, stamp};

/// Payments that one receipt was ever made of; more are nobody's intention.
const PAYMENTS_MAX: usize = 50;

/// A void of ours.
#[derive(Debug, Clone)]
pub(in super::super) struct Void {
    /// Of the payment that was voided.
    pub number: String,
    pub amount: Money,
    pub mark: VoidMark,
}

/// The payments that a receipt was, and those that it is.
#[derive(Debug, Default)]
pub(in super::super) struct Chain {
    pub voids: Vec<Void>,
    pub parts: Vec<Part>,
    /// Stamps of the payments that were entered anew and stand, or stood.
    pub entered: Vec<String>,
    /// A part that a person voided.
    pub taken: Option<String>,
}

/// Which of the two payments that follow a void in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in super::super) enum Anew {
    /// What stays applied.
    Kept,
    /// What became free.
    Free,
}

impl Anew {
    pub(in super::super) const BOTH: [Anew; 2] = [Anew::Kept, Anew::Free];

    fn word(self) -> &'static str {
        match self {
            Anew::Kept => "kept",
            Anew::Free => "free",
        }
    }

    /// The key of the payment, told by the stamp of the un-application alone.
    pub(in super::super) fn key(self, unapplication: &str) -> Key {
        Key::new(&[self.word(), unapplication])
    }

    /// The stamp is that of a payment which was entered anew: a part of its receipt, and none by itself.
    pub(in super::super) fn is_part(stamp: &str) -> bool {
        Anew::BOTH.iter().any(|one| {
            stamp.strip_prefix(one.word()).is_some_and(|rest| rest.starts_with(['-', '/']))
        })
    }
}

impl Acumatica {
    /// What became of a payment that was read by its key.
    pub(in super::super) async fn chain_of(&self, payment: &Body) -> Result<Chain, PortError> {
        let mut chain = Chain::default();
        let own = Entity(payment).text("ReferenceNbr");
        let mut waiting = vec![payment.clone()];
        let mut seen = 0_usize;
        while let Some(body) = waiting.pop() {
            let entity = Entity(&body);
            seen += 1;
            if seen > PAYMENTS_MAX {
                return Err(PortError::Unavailable("payments follow each other in a ring".into()));
            }
            let unreadable = PortError::Unavailable;
            let number = entity.required("ReferenceNbr").map_err(unreadable)?;
            let is_own = own.as_deref() == Some(number.as_str());
            match phase(entity).map_err(unreadable)? {
                Phase::Unreleased | Phase::Held => {}
                Phase::Released if is_own => {}
                Phase::Released => {
                    chain.parts.push(part_from_entity(entity).map_err(unreadable)?);
                }
                Phase::Voided => {
                    let more = self.follow(&mut chain, entity, &number, is_own).await?;
                    waiting.extend(more);
                }
            }
        }
        chain.parts.sort_by(|a, b| a.number.cmp(&b.number));
        Ok(chain)
    }

    /// The payments that were entered anew for one that was voided.
    async fn follow(
        &self,
        chain: &mut Chain,
        voided: Entity<'_>,
        number: &str,
        is_own: bool,
    ) -> Result<Vec<Body>, PortError> {
        let voiding = self.voiding_of(voided, number).await?;
        let Some(mark) = voiding.as_ref().and_then(|body| void_mark(Entity(body))) else {
            if !is_own {
                chain.taken = Some(number.to_owned());
            }
            return Ok(Vec::new());
        };
        let unreadable = PortError::Unavailable;
        let currency = receipt::currency(voided).map_err(unreadable)?;
        let amount = voided.required_money("PaymentAmount", currency).map_err(unreadable)?;
        chain.voids.push(Void { number: number.to_owned(), amount, mark: mark.clone() });
        if !mark.in_part {
            return Ok(Vec::new());
        }
        let stamps = Anew::BOTH.map(|one| stamp(&one.key(&mark.stamp)));
        let rows = self.stamped(PAYMENT, &[&stamps[0], &stamps[1]]).await?;
        let mut bodies = Vec::new();
        for row in rows.iter().map(Entity) {
            let number = row.required("ReferenceNbr").map_err(unreadable)?;
            if !matches!(phase(row), Ok(Phase::Released | Phase::Voided)) {
                continue;
            }
            chain.entered.extend(row.text("ExternalRef"));
            bodies.extend(self.client.get(PAYMENT, &[PAYMENT, &number], &payment_ask()).await?);
        }
        Ok(bodies)
    }

    /// The voiding document of a payment that is voided: released and marked, nothing changes it.
    async fn voiding_of(
        &self,
        voided: Entity<'_>,
        number: &str,
    ) -> Result<Option<Body>, PortError> {
        let name = format!("{VOIDED_PAYMENT} {number}");
        if let Some(body) = self.known.whole(&name, voided.0).await {
            return Ok(Some(body));
        }
        let voiding = self.voiding(number).await?;
        if let Some(body) = &voiding
            && phase(Entity(body)) == Ok(Phase::Released)
            && void_mark(Entity(body)).is_some()
        {
            self.known.keep(&name, voided.0, body);
        }
        Ok(voiding)
    }

    /// The same by the receipt's id; `None`: there is no such payment.
    pub(in super::super) async fn chain(
        &self,
        id: &ReceiptId,
    ) -> Result<Option<(Body, Chain)>, PortError> {
        let body = self.client.get(PAYMENT, &[PAYMENT, id.as_str()], &payment_ask()).await?;
        match body {
            Some(body) => {
                let chain = self.chain_of(&body).await?;
                Ok(Some((body, chain)))
            }
            None => Ok(None),
        }
    }
}
