//! What can be connected: one line per system. The console and the CLI ask for exactly the fields
//! that an entry names.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use ports::exchange::Recorder;
use ports::keeper::Keeper;
use ports::memory::Memory;
use ports::transport::Transport;
use ports::{Clock, Erp, PortError, Processor};
use secrecy::SecretString;
use url::Url;

use crate::http::hosts::{AllowedHosts, HostRefused};

/// A credential or setting that a connection is made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field {
    /// The key in `ConnectOptions::secrets` or `::settings`.
    pub name: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// Kept sealed and never shown again.
    pub secret: bool,
    pub required: bool,
    /// Where to find it, in a sentence or two.
    pub help: &'static str,
}

/// The vendor's own addresses, for help texts and pings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hosts {
    pub live: &'static str,
    pub sandbox: &'static str,
}

/// Everything a connector is made of. Secrets never leave it again.
pub struct ConnectOptions {
    /// The connection's id, for the record.
    pub connection: String,
    /// Another address than the vendor's (an account's own, or an emulator's).
    pub account_url: Option<Url>,
    /// Hosts beside the vendor's that a person allowed.
    pub allowed_hosts: AllowedHosts,
    pub settings: BTreeMap<String, String>,
    pub secrets: BTreeMap<String, SecretString>,
    pub transport: Arc<dyn Transport>,
    pub clock: Arc<dyn Clock>,
    pub recorder: Arc<dyn Recorder>,
    /// Where secrets go that the other side renews.
    pub keeper: Arc<dyn Keeper>,
    /// What outlives the process of what was read.
    pub memory: Arc<dyn Memory>,
}

/// Why a connection can not be made. Names the field, never its value if that is a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    #[error("\"{0}\" is missing")]
    Missing(&'static str),
    #[error("\"{field}\" can not be used: {why}")]
    Wrong { field: &'static str, why: String },
    #[error(transparent)]
    Host(#[from] HostRefused),
}

impl ConnectOptions {
    /// A setting that is there and not blank.
    #[must_use]
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name).map(|value| value.trim()).filter(|value| !value.is_empty())
    }

    /// A setting that must be there.
    pub fn required(&self, name: &'static str) -> Result<&str, ConnectError> {
        self.setting(name).ok_or(ConnectError::Missing(name))
    }

    /// A secret that is there and not blank.
    #[must_use]
    pub fn secret(&self, name: &str) -> Option<SecretString> {
        use secrecy::ExposeSecret;
        self.secrets.get(name).filter(|secret| !secret.expose_secret().trim().is_empty()).cloned()
    }

    /// A secret that must be there.
    pub fn required_secret(&self, name: &'static str) -> Result<SecretString, ConnectError> {
        self.secret(name).ok_or(ConnectError::Missing(name))
    }

    /// A setting that is a whole number within a range.
    pub fn number_within(
        &self,
        name: &'static str,
        range: RangeInclusive<u32>,
    ) -> Result<Option<u32>, ConnectError> {
        match self.number(name)? {
            Some(number) if !range.contains(&number) => {
                let (least, most) = (range.start(), range.end());
                let why = format!("{number} is not between {least} and {most}");
                Err(ConnectError::Wrong { field: name, why })
            }
            other => Ok(other),
        }
    }

    /// A setting that is an address a browser can be sent to.
    pub fn web_address(&self, name: &'static str) -> Result<Option<String>, ConnectError> {
        let Some(text) = self.setting(name) else { return Ok(None) };
        let parsed = Url::parse(text)
            .ok()
            .filter(|url| matches!(url.scheme(), "https" | "http") && url.host_str().is_some());
        let why = || format!("\"{text}\" is no address like https://www.example.com/thanks");
        match parsed {
            Some(_) => Ok(Some(text.to_owned())),
            None => Err(ConnectError::Wrong { field: name, why: why() }),
        }
    }

    /// A setting that is a whole number.
    pub fn number(&self, name: &'static str) -> Result<Option<u32>, ConnectError> {
        let wrong = |text: &str| ConnectError::Wrong {
            field: name,
            why: format!("\"{text}\" is not a whole number"),
        };
        self.setting(name).map(|text| text.parse().map_err(|_| wrong(text))).transpose()
    }
}

/// Credentials that are made here instead of being entered, and what to do with their public half.
pub struct Prepared {
    pub secrets: Vec<(String, SecretString)>,
    /// What to upload or enter at the other side, fit to be printed.
    pub show: String,
}

/// Makes credentials for a connection of this name; the error is a sentence.
pub type Prepare = fn(&str, Timestamp) -> Result<Prepared, String>;

/// One attempt to have a person allow the connection in a browser.
#[async_trait]
pub trait Authorisation: Send + Sync {
    /// What to open.
    fn address(&self) -> &str;

    /// Where the browser ends up, with what `finish` needs in its address.
    fn returns_to(&self) -> &str;

    /// Takes what the person brings back (the address, or the code in it) and gives the secrets to
    /// seal.
    async fn finish(&self, pasted: &str) -> Result<Vec<(String, SecretString)>, PortError>;
}

/// Begins such an attempt; nothing is sent yet.
pub type Authorise = fn(ConnectOptions) -> Result<Box<dyn Authorisation>, ConnectError>;

/// Headers that the system would sign a delivery with, for trying one's own endpoint.
pub type Sign = fn(&SecretString, &[u8]) -> Vec<(&'static str, String)>;

/// An ERP that can be connected.
#[derive(Debug, Clone, Copy)]
pub struct ErpEntry {
    pub slug: &'static str,
    pub name: &'static str,
    pub credentials: &'static [Field],
    pub settings: &'static [Field],
    /// The setting that is the account's address, where it has one: an address given apart (`--url`)
    /// comes before it.
    pub address: Option<&'static str>,
    pub hosts: Hosts,
    /// What to set up at the other side, step by step.
    pub guide: &'static str,
    pub prepare: Option<Prepare>,
    pub authorise: Option<Authorise>,
    pub connect: fn(ConnectOptions) -> Result<Box<dyn Erp>, ConnectError>,
}

/// A processor that can be connected.
#[derive(Debug, Clone, Copy)]
pub struct ProcessorEntry {
    pub slug: &'static str,
    pub name: &'static str,
    pub credentials: &'static [Field],
    pub settings: &'static [Field],
    pub hosts: Hosts,
    /// What to set up at the other side, step by step.
    pub guide: &'static str,
    pub prepare: Option<Prepare>,
    pub sign: Sign,
    pub connect: fn(ConnectOptions) -> Result<Box<dyn Processor>, ConnectError>,
}

/// Every ERP, in the order shown.
#[must_use]
pub fn erps() -> &'static [ErpEntry] {
    &[crate::erp::netsuite::ENTRY, crate::erp::acumatica::ENTRY]
}

/// Every processor, in the order shown.
#[must_use]
pub fn processors() -> &'static [ProcessorEntry] {
    &[crate::processor::gocardless::ENTRY]
}
