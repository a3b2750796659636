//! The ERP of the story: its company, what people do in its own interface, and how its ledger is
//! read. One file per ERP; the story itself names none.

mod acumatica;
mod netsuite;
mod netsuite_fields;

use std::sync::Arc;

use jiff::civil::Date;
use model::key::Key;
use sandbox::emulator::Emulator;
use serde_json::Value;

use super::check::Accounts;
use super::company::Company;
use super::truth::Truth;
use crate::failure::Result;

use acumatica::AcumaticaStage;
use netsuite::NetSuiteStage;

/// The pairs of systems that the story can be told in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Pair {
    #[default]
    NetsuiteGocardless,
    AcumaticaGocardless,
}

impl Pair {
    /// Both, in the order in which they are told.
    pub const ALL: [Pair; 2] = [Pair::NetsuiteGocardless, Pair::AcumaticaGocardless];

    /// What `--link` calls it.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Pair::NetsuiteGocardless => "netsuite-gocardless",
            Pair::AcumaticaGocardless => "acumatica-gocardless",
        }
    }

    /// Its ERP's name for people, short.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Pair::NetsuiteGocardless => "NetSuite",
            Pair::AcumaticaGocardless => "Acumatica",
        }
    }

    /// Its ERP, empty; the seed decides what it draws by lot.
    #[must_use]
    pub fn stage(self, seed: u64) -> Box<dyn Stage> {
        match self {
            Pair::NetsuiteGocardless => Box::new(NetSuiteStage::new(seed)),
            Pair::AcumaticaGocardless => Box::new(AcumaticaStage::new(seed)),
        }
    }
}

/// A secret of the connection, handed over in an environment variable.
pub struct Secret {
    pub name: &'static str,
    pub variable: &'static str,
    pub text: &'static str,
}

/// An ERP as the story needs it. Bodies are those of its emulator's control surface.
pub trait Stage: Send + Sync {
    /// Its name in `connections add` and among the emulators.
    fn slug(&self) -> &'static str;

    fn emulator(&self) -> Arc<dyn Emulator>;

    /// What `--url` names when the emulator is served at `url`.
    fn address(&self, url: &str) -> String {
        url.to_owned()
    }

    /// Settings for `connections add`, when the emulator is served at `url`.
    fn settings(&self, url: &str) -> Vec<String>;

    /// Secrets for `connections add`.
    fn secrets(&self) -> Vec<Secret> {
        Vec::new()
    }

    /// Where the emulator at `url` takes what `connections add` gives to upload, if it gives that.
    fn upload(&self, _url: &str) -> Option<String> {
        None
    }

    /// What the ERP's administrator sets up, with what `connections add` answered (null: nothing yet):
    /// access, our fields, the chart of accounts, the customers.
    ///
    /// # Errors
    /// The command's answer lacks what an administrator needs.
    fn company(&self, company: &Company, connection: &Value) -> Result<Value>;

    /// An invoice for the `invoices` of a seed.
    fn invoice(&self, invoice: &Invoice<'_>) -> Value;

    /// The connector's id of an invoice that a seed answered.
    fn invoice_id(&self, made: &Value) -> String;

    /// A person's deed.
    fn deed(&self, deed: &Deed<'_>) -> Value;

    /// The ledger, read into `truth`; the error names what could not be read.
    fn read(&self, body: &Value, truth: &mut Truth) -> std::result::Result<(), String>;

    /// How the key of a document stands on it.
    fn stamp(&self, key: &Key) -> String;

    /// The chart as the link maps it.
    fn accounts(&self) -> Accounts;

    /// The bank accounts of the policy, in TOML.
    fn banks(&self) -> String;
}

/// An invoice to be written.
pub struct Invoice<'a> {
    /// Place in the list of the first invoices; `None`: a later one, by the ERP's own numbering.
    pub nth: Option<usize>,
    /// The customer's id.
    pub customer: &'a str,
    pub currency: &'static str,
    /// Minor units, with the tax in it.
    pub amount: i64,
    /// Minor units.
    pub tax: Option<i64>,
    pub issued: Date,
    pub due: Date,
    /// It is to be collected.
    pub collect: bool,
}

/// What people do in the ERP's own interface.
pub enum Deed<'a> {
    /// Takes a receipt off its invoice.
    Unapply { receipt: &'a str, invoice: &'a str },
    /// Lowers what an invoice owes; minor units.
    Lower { invoice: &'a str, from: i64, to: i64 },
    /// Records a bank transfer over all that an invoice owes.
    PaidByTransfer { invoice: &'a str, currency: &'a str },
    /// Closes the period of a day, or opens it again.
    Period { day: Date, open: bool },
}
