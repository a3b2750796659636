//! The emulated systems of the stories, a folder each: how to set one up, how it says no, what
//! people and banks do in it, and what is true in it. A further system adds its folder and a line in
//! `cast`.

mod acumatica;
mod books;
mod gocardless;
mod netsuite;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Uri};
use jiff::Timestamp;
use jiff::civil::Date;
use model::policy::Accounts;
use sandbox::emulator::Emulator;
use secrecy::SecretString;
use serde_json::Value;
use store::rows::Side;

use super::answers::Answers;
use super::further::Further;
use super::outside::Outside;
use super::truth::{Mandate, Truth};
use crate::moves::Family;
use crate::random::Random;

/// How a system itself says no, or acts late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strike {
    TooMany,
    ServerError,
    Unauthorised,
    /// Refused because the record was changed meanwhile.
    Conflict,
    /// The effect comes so many minutes later, the answer never.
    Late(i64),
}

/// A customer on both sides.
#[derive(Debug, Clone)]
pub struct Customer {
    /// Id in the ERP.
    pub id: String,
    pub name: String,
    pub email: String,
    /// Known to the processor from the start, with a mandate.
    pub mandated: bool,
}

/// The payer's id in the ERP: the one that the payer carries, or whose address is the same.
#[must_use]
pub fn customer_of<'a>(mandate: &'a Mandate, customers: &'a [Customer]) -> Option<&'a String> {
    mandate.customer.as_ref().or_else(|| {
        let known = customers.iter().find(|one| one.email == mandate.email);
        known.map(|one| &one.id)
    })
}

/// What others did, so that it is not taken for ours.
#[derive(Debug, Clone, Default)]
pub struct Hands {
    /// Invoices whose documents or payments somebody took into their own hands.
    pub invoices: BTreeSet<String>,
    /// Payments at the processor that others made, cancelled or retried.
    pub payments: BTreeSet<String>,
    /// Of those, what they cancelled, in this order.
    pub cancelled: Vec<String>,
    /// Payments that the processor retries by itself.
    pub retried: BTreeSet<String>,
    /// Payouts that a bank sent back.
    pub payouts: BTreeSet<String>,
    /// Documents of the ERP that others made or changed.
    pub documents: BTreeSet<String>,
    /// Documents are refused for good by what was just done.
    pub refused: bool,
    /// Payments that an older integration made before the cut-over, with the receipts that it recorded.
    pub predecessor: BTreeMap<String, Option<String>>,
    /// What people answered.
    pub answers: Answers,
}

/// What an older integration did before the cut-over.
#[derive(Debug, Clone, Copy)]
pub enum Deed<'a> {
    /// An invoice is made that it is to collect, in minor units.
    Bill { customer: &'a Customer, amount: i64, on: Date },
    /// A payment for the invoice, which it names; a bank may refuse it.
    Collect { customer: &'a Customer, invoice: &'a str, amount: i64, fails: bool },
    /// Its receipt, which names the payment: in the bank already, or where receipts wait for a deposit.
    Record { invoice: &'a str, payment: &'a str, banked: bool, on: Date },
}

/// What somebody who acts in a system can see, and what they leave behind.
pub struct Stage<'a> {
    pub outside: &'a Outside,
    pub truth: &'a Truth,
    pub customers: &'a [Customer],
    pub hands: &'a mut Hands,
    pub random: &'a mut Random,
    pub today: Date,
}

/// One emulated system.
pub trait System: Send + Sync {
    fn side(&self) -> Side;

    /// The connector's slug in the registry.
    fn slug(&self) -> &'static str;

    /// Where it is reached.
    fn host(&self) -> &'static str;

    fn emulator(&self) -> &dyn Emulator;

    fn settings(&self) -> BTreeMap<String, String>;

    fn secrets(&self) -> Vec<(String, SecretString)>;

    /// Accounts, fields, customers; the error is the refusal.
    fn furnish(&self, outside: &Outside, customers: &[Customer]) -> Result<(), String>;

    /// Whether a request is meant to change something.
    fn writes(&self, request: &Request<Bytes>) -> bool;

    /// Whether a request that writes makes a document which carries our key: that key stands in it.
    fn makes(&self, request: &Request<Bytes>) -> bool {
        request.method() == Method::POST
    }

    /// The same request for pages of `rows` records; `None`: it asks for no page.
    fn for_pages_of(&self, rows: usize, uri: &Uri) -> Option<Uri>;

    /// The same request for an earlier page of its list, which is shown again; `None`: it asks for no
    /// later page, or its pages are counted by place.
    fn for_page_again(&self, _uri: &Uri) -> Option<Uri> {
        None
    }

    /// Body of the control call that lets the next request meet the strike; `None`: the system has
    /// no such answer.
    fn strike(&self, strike: Strike, request: &Request<Bytes>) -> Option<Value>;

    /// Body of the control call after which every token is worthless; `None`: tokens do not end.
    fn expire_tokens(&self) -> Option<Value>;

    /// Lists and queries lag by so many minutes from now on (0: no more).
    fn lag(&self, outside: &Outside, minutes: i64) -> Result<(), String>;

    /// Whether its lists and queries can lag.
    fn lags(&self) -> bool {
        true
    }

    /// How far lists and queries may lag, in minutes, by the sheet.
    fn lag_minutes_max(&self) -> i64;

    /// Whether it has a list of events.
    fn has_events(&self) -> bool {
        false
    }

    /// Events show up in the list so many seconds late from now on.
    fn delay_events(&self, _outside: &Outside, _seconds: u32) -> Result<(), String> {
        Ok(())
    }

    /// One thing that the world does there; what was done, for the story.
    fn make(&self, family: Family, stage: &mut Stage<'_>) -> Option<String>;

    /// What an older integration did here; gives the id of what it made. `None`: not its side, or it can
    /// not be done.
    fn before_cut_over(&self, outside: &Outside, deed: &Deed<'_>) -> Option<String>;

    /// Everything that stands in the way is put out of it: the end of a story.
    fn settle(&self, outside: &Outside, now: Timestamp) -> Result<(), String>;

    /// Somebody else's money comes in, so that what is owed there can be taken from it. Gives what
    /// was done; `None`: no money moves there.
    fn bring_money(&self, _outside: &Outside) -> Result<Option<String>, String> {
        Ok(None)
    }

    /// Adds what is true there.
    fn read_truth(&self, body: &Value, truth: &mut Truth) -> Result<(), String>;

    /// The chart of accounts as a link maps it; `None`: it keeps no books.
    fn accounts(&self) -> Option<Accounts> {
        None
    }
}

/// Who keeps the books in a story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Books {
    #[default]
    NetSuite,
    Acumatica,
}

impl Books {
    pub const ALL: [Books; 2] = [Books::NetSuite, Books::Acumatica];

    /// Its name on the command line: the connector's.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Books::NetSuite => "netsuite",
            Books::Acumatica => "acumatica",
        }
    }

    /// Their emulator has scripts that refuse documents, and an account for the exchange.
    #[must_use]
    pub fn can_all(self) -> bool {
        match self {
            Books::NetSuite => true,
            Books::Acumatica => false,
        }
    }

    #[must_use]
    pub fn named(word: &str) -> Option<Books> {
        Books::ALL.into_iter().find(|books| books.word() == word)
    }
}

/// The systems of a seed's story.
#[must_use]
pub fn cast(books: Books, random: &mut Random, further: Further) -> Vec<Arc<dyn System>> {
    let erp: Arc<dyn System> = match books {
        Books::NetSuite => Arc::new(netsuite::Books::new(random, further.exchanged)),
        Books::Acumatica => Arc::new(acumatica::Books::new(random)),
    };
    let processor = gocardless::Debits::new(random, further.exchanged);
    vec![erp, Arc::new(processor)]
}
