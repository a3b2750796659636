//! The intake: what becomes of one delivery (promise P7; mission row C3). Its signature comes first: a wrong
//! one leaves a count and nothing else. What is signed well is committed, whatever it holds, before its
//! sender is told that it was taken.

use jiff::Timestamp;
use model::ids::ConnectionId;
use ports::Processor;
use store::{Store, StoreError};

/// A delivery as it came.
pub struct Arrived<'a> {
    pub connection: &'a ConnectionId,
    /// A header's value by lower-case name.
    pub header: &'a (dyn Fn(&str) -> Option<String> + Sync),
    /// As it was signed: raw.
    pub body: &'a [u8],
    pub at: Timestamp,
}

/// What became of a delivery.
#[derive(Debug)]
pub enum Taken {
    /// It is in the inbox.
    Kept,
    /// The signature does not fit the body; nothing of it is kept.
    Forged {
        /// Why it could not even be counted.
        uncounted: Option<StoreError>,
    },
    /// It is to be delivered again.
    NotKept(StoreError),
}

impl Taken {
    /// The HTTP status that tells the sender: whatever is not 2xx is delivered again, some times
    /// (gocardless sheet section 19).
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Taken::Kept => 204,
            Taken::Forged { .. } => 401,
            Taken::NotKept(_) => 503,
        }
    }
}

/// Takes one delivery in, or not.
pub async fn take(store: &dyn Store, processor: &dyn Processor, arrived: &Arrived<'_>) -> Taken {
    let signed = processor.verify_delivery(arrived.header, arrived.body).is_ok();
    if !signed && !model::defect!(SignatureIgnored) {
        let counted = store.inbox_count_bad(arrived.connection).await;
        return Taken::Forged { uncounted: counted.err() };
    }
    match store.inbox_put(arrived.connection, arrived.body, arrived.at).await {
        Ok(_) => Taken::Kept,
        Err(_) if model::defect!(AcceptedFirst) => Taken::Kept,
        Err(error) => Taken::NotKept(error),
    }
}
