//! Acumatica: the contract-based REST API of one endpoint version, with OAuth 2.0 or a cookie
//! session. What it rests on stands in MAPPINGS.md beside this file and in the acumatica sheet.

mod accounts;
mod auth;
mod branches;
mod cash_accounts;
mod client;
mod endpoint;
pub mod fields;
mod health;
mod journals;
mod mapping;
mod named_accounts;
mod port;
mod query;
mod reads;
mod refusal;
mod settings;
mod setup;
#[cfg(test)]
mod tests;
mod wire;
mod writes;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Mutex;

use model::key::Alphabet;
use model::ledger::Period;
use ports::{Clock, Description, Erp};

use auth::{Credentials, SignIn};
use client::{Client, error_words};
use fields::REFERENCE_LENGTH_MAX;
use reads::SLICE_MAX;
use reads::known::Known;
use settings::{Grant, Settings};

use crate::http::hosts::check_address;
use crate::http::{Authoriser, HttpClient, HttpSettings, Vendor};
use crate::registry::{ConnectError, ConnectOptions, ErpEntry, Hosts};

/// Throttled requests are delayed in silence, so one must be waited for (acumatica sheet section 4).
const REQUEST_DEADLINE: Duration = Duration::from_secs(120);
/// A write waits its turn, begins no further step after its share, and the last one has a request's
/// deadline.
const WRITE_DEADLINE: Duration = Duration::from_secs(240);
/// A request waits at most ten minutes in the server's queue (acumatica sheet section 4); five more
/// for its execution.
const SERVER_CUT_OFF: Duration = Duration::from_secs(15 * 60);
/// Lists read the database itself; a stamp is taken inside the transaction and shows at its commit
/// (acumatica sheet section 11.8).
const STALENESS: Duration = Duration::from_secs(5 * 60);
/// About 500 detail rows are advised for one request (acumatica sheet section 5).
const DEPOSIT_LINES_MAX: usize = 400;
const READ_ATTEMPTS: u32 = 4;
const VENDOR_HOSTS: &[&str] = &[".acumatica.com", ".myobadvanced.com"];

/// The registry's line.
pub const ENTRY: ErpEntry = ErpEntry {
    slug: "acumatica",
    name: "Acumatica",
    credentials: settings::CREDENTIALS,
    settings: settings::SETTINGS,
    address: Some("site"),
    hosts: Hosts { live: "https://<company>.acumatica.com", sandbox: "https://<test site>" },
    guide: setup::GUIDE,
    prepare: None,
    authorise: Some(auth::code::authorise),
    connect,
};

/// JSON fields and query parameters whose values may be recorded: ids, amounts, dates, states and our
/// own texts. Names, e-mail addresses, links and credentials are not among them.
const KEPT_FIELDS: &[&str] = &[
    "$filter",
    "$select",
    "$custom",
    "$expand",
    "$top",
    "id",
    "Type",
    "ReferenceNbr",
    "Status",
    "Hold",
    "error",
    "message",
    "exceptionMessage",
    "exceptionType",
];

/// One connection to one Acumatica tenant.
pub struct Acumatica {
    description: Description,
    settings: Settings,
    client: Client,
    sign_in: Arc<SignIn>,
    clock: Arc<dyn Clock>,
    known: Known,
    /// Financial years, and when each was read.
    years: Mutex<BTreeMap<i16, (Timestamp, Vec<Period>)>>,
    /// How often they were read.
    years_read: AtomicU64,
    /// Branches of the cash accounts.
    account_branches: Mutex<branches::Kept>,
    /// Subaccounts of the cash accounts.
    account_subaccounts: Mutex<cash_accounts::Kept>,
    /// One write at a time.
    turn: Mutex<()>,
    /// The part of the client id behind the sign, or the tenant's login name.
    tenant: String,
}

/// Makes a connection; nothing is sent yet.
///
/// # Errors
/// Names the field that is missing or wrong.
pub fn connect(options: ConnectOptions) -> Result<Box<dyn Erp>, ConnectError> {
    Ok(Box::new(Acumatica::connect(options)?))
}

impl Acumatica {
    fn connect(options: ConnectOptions) -> Result<Acumatica, ConnectError> {
        let settings = Settings::read(&options)?;
        check_address(&settings.site, VENDOR_HOSTS, &options.allowed_hosts)?;
        let credentials = read_credentials(&options, &settings)?;
        let tenant = match &credentials {
            Credentials::OAuth { client_id, .. } | Credentials::Code { client_id, .. } => {
                client_id.split_once('@').map(|(_, tenant)| tenant.to_owned()).unwrap_or_default()
            }
            Credentials::Cookie { tenant, .. } => tenant.clone().unwrap_or_default(),
        };
        let known = Known::new(reads::documents::known_form(&settings.endpoint), options.memory);
        let (transport, clock) = (options.transport, options.clock);
        let sign_in = Arc::new(SignIn::new(
            credentials,
            settings.site.as_str(),
            Arc::clone(&transport),
            Arc::clone(&clock),
            Arc::clone(&options.keeper),
        ));
        let http = HttpSettings {
            connection: options.connection,
            base_url: settings.site.clone(),
            deadline: REQUEST_DEADLINE,
            // The licence's rate is not told to clients; requests are delayed, then declined.
            rate_per_minute: None,
            concurrency: settings.concurrency,
            read_attempts: READ_ATTEMPTS,
        };
        let vendor = Vendor {
            kept_fields: KEPT_FIELDS,
            request_id_header: "requestid",
            error_words,
            verdict: refusal::verdict,
        };
        let http = HttpClient::new(
            http,
            transport,
            Arc::clone(&clock),
            Arc::clone(&sign_in) as Arc<dyn Authoriser>,
            options.recorder,
        )
        .with_vendor(vendor);
        Ok(Acumatica {
            description: describe(&settings),
            client: Client::new(http, &settings.endpoint),
            settings,
            sign_in,
            clock,
            known,
            years: Mutex::default(),
            account_branches: Mutex::default(),
            account_subaccounts: Mutex::default(),
            years_read: AtomicU64::new(0),
            turn: Mutex::new(()),
            tenant,
        })
    }
}

fn read_credentials(
    options: &ConnectOptions,
    settings: &Settings,
) -> Result<Credentials, ConnectError> {
    let Some(client_id) = options.setting("client_id") else {
        if settings.grant == Grant::AuthorizationCode {
            return Err(ConnectError::Missing("client_id"));
        }
        let (tenant, branch) = (settings.tenant.clone(), settings.branch.clone());
        let user = options.required("user")?.to_owned();
        let password = options.required_secret("password")?;
        return Ok(Credentials::Cookie { user, password, tenant, branch });
    };
    if !client_id.contains('@') {
        let why = "it must end with @ and the tenant, as the form shows it".to_owned();
        return Err(ConnectError::Wrong { field: "client_id", why });
    }
    let (client_id, client_secret) =
        (client_id.to_owned(), options.required_secret("client_secret")?);
    Ok(match settings.grant {
        Grant::Password => Credentials::OAuth {
            client_id,
            client_secret,
            user: options.required("user")?.to_owned(),
            password: options.required_secret("password")?,
        },
        Grant::AuthorizationCode => Credentials::Code {
            client_id,
            client_secret,
            redirect_uri: options
                .web_address("redirect_uri")?
                .ok_or(ConnectError::Missing("redirect_uri"))?,
            keeper: Arc::clone(&options.keeper),
        },
    })
}

fn describe(settings: &Settings) -> Description {
    Description {
        slug: "acumatica",
        name: "Acumatica",
        key_alphabet: Alphabet::PathSafe,
        key_max_len: REFERENCE_LENGTH_MAX,
        deadline: WRITE_DEADLINE,
        server_cut_off: SERVER_CUT_OFF,
        staleness: STALENESS,
        concurrency: settings.concurrency,
        slice_max: SLICE_MAX,
        deposit_lines_max: DEPOSIT_LINES_MAX,
        // No field of the endpoint sets one (acumatica sheet section 9.5).
        takes_rates: false,
    }
}
