//! Writing events: one per transition, with its documented origin and cause
//! (gocardless sheet section 16).

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::records::event::Event;
use super::time::{seconds_after, stamp};
use super::validate::Metadata;
use super::world::World;

/// Who caused an event: `details.origin` and `source`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A request with an access token.
    Api,
    /// A person in the dashboard: origin `api` too (section 16, mandates.cancelled).
    Dashboard,
    /// GoCardless itself.
    Gocardless,
    /// A bank, with the scheme and, if it gave one, its code.
    Bank(&'static str, Option<String>),
    /// The payer, on the mandate's approval page.
    Customer,
    /// The payer, on a hosted page.
    Payer,
}

impl Actor {
    fn origin(&self) -> &'static str {
        match self {
            Self::Api | Self::Dashboard => "api",
            Self::Gocardless => "gocardless",
            Self::Bank(..) => "bank",
            Self::Customer => "customer",
            Self::Payer => "payer",
        }
    }

    fn source(&self) -> Value {
        match self {
            Self::Api => json!({ "name": "ERP access token", "type": "access_token" }),
            Self::Dashboard => json!({ "name": "Finance team", "type": "user" }),
            Self::Gocardless | Self::Bank(..) => json!({ "name": "GoCardless", "type": "gc_team" }),
            Self::Customer | Self::Payer => {
                json!({ "name": "Hosted payment page", "type": "hosted_payment_page" })
            }
        }
    }
}

/// An event that is about to be written.
#[derive(Debug, Clone)]
pub struct Draft {
    resource_type: &'static str,
    action: &'static str,
    actor: Actor,
    cause: String,
    description: String,
    links: BTreeMap<&'static str, String>,
    details: Map<String, Value>,
    metadata: Metadata,
    resource_metadata: Metadata,
}

impl Draft {
    /// An event about `links.<link> = id`.
    pub fn new(
        resource_type: &'static str,
        action: &'static str,
        link: &'static str,
        id: &str,
        actor: Actor,
        cause: &str,
    ) -> Self {
        Self {
            resource_type,
            action,
            actor,
            cause: cause.to_owned(),
            description: sentence(cause),
            links: BTreeMap::from([(link, id.to_owned())]),
            details: Map::new(),
            metadata: Metadata::new(),
            resource_metadata: Metadata::new(),
        }
    }

    /// A further link.
    pub fn link(mut self, name: &'static str, id: &str) -> Self {
        self.links.insert(name, id.to_owned());
        self
    }

    /// The event that this one follows from.
    pub fn parent(self, event: Option<&str>) -> Self {
        match event {
            Some(event) => self.link("parent_event", event),
            None => self,
        }
    }

    /// A further member of `details`.
    pub fn detail(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }

    /// Metadata of the call that caused it.
    pub fn metadata(mut self, metadata: &Metadata) -> Self {
        self.metadata = metadata.clone();
        self
    }

    /// Metadata of the resource itself.
    pub fn about(mut self, resource_metadata: &Metadata) -> Self {
        self.resource_metadata = resource_metadata.clone();
        self
    }
}

/// An English sentence from a cause: clients must not depend on it.
fn sentence(cause: &str) -> String {
    let mut text = cause.replace('_', " ");
    if let Some(first) = text.get_mut(0..1) {
        first.make_ascii_uppercase();
    }
    text.push('.');
    text
}

impl World {
    /// Writes an event for `organisation`; it shows after the configured delay. Returns its id.
    pub fn emit(&mut self, now: Timestamp, organisation: &str, draft: Draft) -> String {
        let id = self.ids.id("EV");
        let mut details = draft.details;
        details.insert("origin".into(), draft.actor.origin().into());
        details.insert("cause".into(), draft.cause.into());
        details.insert("description".into(), draft.description.into());
        if let Actor::Bank(scheme, code) = &draft.actor {
            details.insert("scheme".into(), (*scheme).into());
            if let Some(code) = code {
                details.insert("reason_code".into(), code.clone().into());
            }
        }
        let json = json!({
            "id": id,
            "created_at": stamp(now),
            "resource_type": draft.resource_type,
            "action": draft.action,
            "links": draft.links,
            "details": details,
            "metadata": draft.metadata,
            "resource_metadata": draft.resource_metadata,
            "source": draft.actor.source(),
        });
        let event = Event {
            created_at: now,
            visible_at: seconds_after(now, i64::from(self.config.events_delay_seconds)),
            resource_type: draft.resource_type,
            action: draft.action,
            links: draft.links,
            text: json.to_string(),
        };
        let owners: Vec<String> = event.links.values().cloned().collect();
        let owners: Vec<&str> = owners.iter().map(String::as_str).collect();
        let visible_at = event.visible_at;
        self.events.insert(visible_at, organisation, &id, &owners, event);
        let own = self.events_by_organisation.entry(organisation.to_owned()).or_default();
        own.push(id.clone());
        id
    }
}
