//! Looks: for each kind of case, read both sides afresh, fill the flow's facts, decide.

mod batch;
mod booking;
mod collection;
mod customer;
mod limits;
mod mandate;
mod payments;
mod payout;
mod refund;
mod saves;
mod sheet;
mod sources;
mod unseen;
mod unserved;

pub(crate) use batch::{Batch, kind_made};
pub(crate) use payments::Recent;
pub use payout::BY_HAND_FACT;
pub(crate) use payout::{kind_of_role, read_by_hand, serve_link};
pub(crate) use sheet::Sheet;

use model::command::Rejection;
use model::decision::Decision;
use model::ids::{AccountId, CollectionId, ConnectionId, LinkId};
use model::key::Key;
use model::payout::KeptItem;
use model::policy::Mode;
use model::sight::Sight;
use ports::Read;
use store::rows::{Body, CollectionRow, Counted, FactRow, Settle};

use model::customer::CustomerPair;

use crate::resolve::Resolved;
pub(crate) use sources::Served;

/// The subject of the fact that holds the invoice as queries show it.
pub const INVOICE_FACT: &str = "invoice";

/// The subject of the fact that holds how many events of its payments a case's look knew.
pub(crate) const HEARD_FACT: &str = "heard";

/// The subject of the fact that holds the case's last decision.
pub(crate) const DECISION_FACT: &str = "decision";

/// The subject of the fact that holds the ERP's customer.
pub(crate) const CUSTOMER_FACT: &str = "customer";

/// What one look at one case came to, before it is saved.
pub(crate) struct Looked {
    pub decision: Decision,
    pub link: Option<LinkId>,
    /// Where commands of either side go.
    pub erp: Option<(ConnectionId, AccountId)>,
    pub processor: Option<(ConnectionId, AccountId)>,
    pub facts: Vec<FactRow>,
    pub kept: Vec<(AccountId, KeptItem)>,
    pub pairs: Vec<(AccountId, AccountId, CustomerPair)>,
    pub collections: Vec<CollectionRow>,
    /// What the link collected already, for its limits.
    pub counted: Vec<Counted>,
    /// Payments whose match a person took back.
    pub freed: Vec<(AccountId, CollectionId)>,
    pub refs: Vec<String>,
    /// Settled while resolving open commands.
    pub settle: Vec<(Key, Settle)>,
    /// Open commands whose outcome is not known.
    pub open: Vec<Key>,
    /// Those of them that were seen to be begun.
    pub begun: Vec<Key>,
    /// Those whose watch is over, with what is said of them when they are not wanted.
    pub unfinished: Vec<(Key, Rejection)>,
    /// Committed, never executed.
    pub unsent: Vec<Key>,
    /// The sequence taken before the first request of the look.
    pub seq: i64,
    /// The link's mode lets nothing be sent.
    pub off: bool,
    pub stopped: bool,
}

impl Looked {
    /// A look that could not get as far as a flow.
    pub(crate) fn bare(seq: i64, decision: Decision) -> Looked {
        Looked {
            decision,
            link: None,
            erp: None,
            processor: None,
            facts: Vec::new(),
            kept: Vec::new(),
            pairs: Vec::new(),
            collections: Vec::new(),
            counted: Vec::new(),
            freed: Vec::new(),
            refs: Vec::new(),
            settle: Vec::new(),
            open: Vec::new(),
            begun: Vec::new(),
            unfinished: Vec::new(),
            unsent: Vec::new(),
            seq,
            off: false,
            stopped: false,
        }
    }

    /// A look for a link, with what became of the case's commands.
    pub(crate) fn served(
        seq: i64,
        served: &Served,
        resolved: Resolved,
        decision: Decision,
    ) -> Looked {
        let mut looked = Looked::bare(seq, decision);
        looked.link = Some(served.link.id.clone());
        looked.erp = Some((served.erp.connection.clone(), served.erp.account.clone()));
        looked.processor =
            Some((served.processor.connection.clone(), served.processor.account.clone()));
        looked.off = served.link.policy.mode == Mode::Off;
        looked.resolved(resolved);
        looked
    }

    /// What became of the case's commands.
    pub(crate) fn resolved(&mut self, resolved: Resolved) {
        self.settle = resolved.settle;
        self.open = resolved.open.into_iter().map(|row| row.view.key).collect();
        self.begun = resolved.begun;
        self.unfinished = resolved.unfinished;
        self.unsent = resolved.unsent;
    }
}

/// A direct read, as a sight.
pub(crate) fn sight<T>(read: Read<T>) -> Sight<T> {
    match read {
        Read::Found(value) => Sight::Found(value),
        Read::Missing => Sight::Missing,
        Read::Odd(why) => Sight::Odd(why),
    }
}

/// A read from a list or query: what it does not show is not known to be missing.
pub(crate) fn cheap_sight<T>(read: Read<T>) -> Sight<T> {
    match read {
        Read::Found(value) => Sight::Found(value),
        Read::Missing => Sight::NotRead,
        Read::Odd(why) => Sight::Odd(why),
    }
}

pub(crate) fn fact<T: serde::Serialize>(subject: impl Into<String>, value: &T) -> Option<FactRow> {
    Some(FactRow { subject: subject.into(), body: Body::of(value)? })
}

/// References by which news finds a case.
pub(crate) mod refs {
    use model::ids::AccountId;

    pub(crate) fn customer(erp: &AccountId, id: &str) -> String {
        format!("customer/{erp}/{id}")
    }

    pub(crate) fn processor_customer(processor: &AccountId, id: &str) -> String {
        format!("payer/{processor}/{id}")
    }

    pub(crate) fn mandate(processor: &AccountId, id: &str) -> String {
        format!("mandate/{processor}/{id}")
    }

    pub(crate) fn mandate_request(processor: &AccountId, id: &str) -> String {
        format!("mandate-request/{processor}/{id}")
    }

    pub(crate) fn collection(processor: &AccountId, id: &str) -> String {
        format!("collection/{processor}/{id}")
    }
}
