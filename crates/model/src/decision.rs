//! What a flow decides: at most one command that moves money, annotations, what it waits for, and
//! when to look again. Pure data.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::case::CaseKey;
use crate::command::Command;
use crate::ids::{BankDetailsId, CollectionId, PayoutId};
use crate::key::Key;
use crate::reason::Reason;

/// The outcome of one look at one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Computed anew at every look; the stored copy is a search index only.
    pub stage: Stage,
    /// Why the case is where it is.
    pub reason: Reason,
    /// The next command, if any. After its answer the case is looked at again.
    pub command: Option<Command>,
    /// Further things a person must know, beside `reason`.
    pub attention: Vec<Reason>,
    /// Look again at this time even without a hint; `None`: the daily sweep is enough.
    pub look_at: Option<Timestamp>,
    /// Other cases to look at.
    pub hints: Vec<CaseKey>,
    /// Which document stands for which payout item, as settled by this case.
    pub settled: Vec<ItemDocument>,
    /// Sealed bank details that are of no use any more: erased with this decision.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub erase: Vec<BankDetailsId>,
}

impl Decision {
    #[must_use]
    pub fn rest(stage: Stage, reason: Reason) -> Decision {
        Decision {
            stage,
            reason,
            command: None,
            attention: Vec::new(),
            look_at: None,
            hints: Vec::new(),
            settled: Vec::new(),
            erase: Vec::new(),
        }
    }

    #[must_use]
    pub fn act(stage: Stage, reason: Reason, command: Command) -> Decision {
        Decision { command: Some(command), ..Decision::rest(stage, reason) }
    }

    #[must_use]
    pub fn at(mut self, look_at: Timestamp) -> Decision {
        self.look_at = Some(self.look_at.map_or(look_at, |earlier| earlier.min(look_at)));
        self
    }
}

/// Where a case stands, in a word people know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Not collected: waiting or skipped.
    Open,
    /// A payment is under way.
    Collecting,
    /// The money is confirmed or paid out; the books follow.
    Collected,
    Failed,
    /// Charged back or failed late.
    Reversed,
    /// Nothing more to do.
    Closed,
}

impl Stage {
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Stage::Open => "open",
            Stage::Collecting => "collecting",
            Stage::Collected => "collected",
            Stage::Failed => "failed",
            Stage::Reversed => "reversed",
            Stage::Closed => "closed",
        }
    }
}

/// A payout item and the ERP document that carries it (promise P4).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ItemDocument {
    pub payout: PayoutId,
    pub ordinal: u32,
    pub role: DocumentRole,
    pub key: Key,
    /// The document's id in the ERP.
    pub document: String,
    pub collection: Option<CollectionId>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentRole {
    /// The receipt of a settlement.
    Receipt,
    /// The refund document of a reversal or refund.
    Refund,
    /// The journal that books what the refund document could not.
    Loss,
    /// The voided receipt of a reversal that a person took over: what it takes from the bank is theirs
    /// to book.
    ByPerson,
}
