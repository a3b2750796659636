//! What people say of a case: facts like any other, kept in the order they were said.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::case::Actor;
use crate::direct::MandateOrder;
use crate::ids::{CollectionId, InvoiceId, ProcessorCustomerId};
use crate::reason::ReasonCode;

/// Something a person said or did about a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonFact {
    pub nth: i64,
    pub at: Timestamp,
    pub actor: Actor,
    pub said: PersonSaid,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "said")]
pub enum PersonSaid {
    /// Clears refusals and retries a failed collection now.
    Retry { about: Option<AboutAttempt> },
    /// Lets the next attempt be made (after a cancellation, denial, final failure, reversal …).
    Release { about: Option<AboutAttempt> },
    /// Stops retries of the failed collection.
    Stop { about: Option<AboutAttempt> },
    /// Takes the attention item off the list until its facts change.
    Ignore { code: ReasonCode },
    /// The payment in question collects this invoice: adopt it.
    Adopt { collection: CollectionId },
    /// The payment in question has nothing to do with this invoice.
    NotOurs { collection: CollectionId },
    /// A foreign payment belongs to this invoice.
    Match { collection: CollectionId, invoice: InvoiceId },
    /// The candidate chosen for an ambiguous customer.
    Choose { customer: ProcessorCustomerId },
    /// The person dealt with it elsewhere: leave it.
    Leave { code: ReasonCode },
    /// Makes a mandate from bank details that lie sealed.
    OrderMandate { order: MandateOrder },
}

/// The attempt that a person spoke about, and how far its story had gone: what happens later is not
/// covered by what was said before.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AboutAttempt {
    pub collection: CollectionId,
    /// Events that ended it (failed, cancelled, denied, charged back) known when it was said.
    pub ends: u32,
    /// What of it had been refunded when it was said, in minor units.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub refunded: i64,
}

fn is_zero(minor: &i64) -> bool {
    *minor == 0
}
