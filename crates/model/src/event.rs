//! Events read from a processor's own event list. They hold what exists nowhere else: the cause of a
//! failure, and who acted.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::EventId;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    pub id: EventId,
    pub at: Timestamp,
    /// What it is about; `Other` is kept and shown, never refused.
    pub subject: EventSubject,
    /// The processor's own word ("failed", "late_failure_settled").
    pub action: String,
    pub origin: Option<String>,
    /// The stable cause to branch on.
    pub cause: Option<String>,
    pub description: Option<String>,
    pub reason_code: Option<String>,
    /// The processor will retry by itself.
    pub will_retry: Option<bool>,
    /// Ids by role, as the processor names them.
    pub links: BTreeMap<String, String>,
    /// Metadata of the resource, when the event carries it.
    pub resource_metadata: BTreeMap<String, String>,
    /// Metadata of the call that brought it about, where the processor keeps it with the event: a call
    /// of ours carries its key there, and one of anybody else does not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub metadata: BTreeMap<String, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind", content = "id")]
pub enum EventSubject {
    Collection(String),
    Mandate(String),
    Payout(String),
    Refund(String),
    MandateRequest(String),
    /// Anything else: the processor's resource type.
    Other(String),
}
