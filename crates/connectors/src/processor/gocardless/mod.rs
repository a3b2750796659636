//! GoCardless (bank debit). This file says what it is and how to connect; MAPPINGS.md beside it says
//! what is mapped to what.

mod bank_details;
mod client;
mod errors;
mod events;
mod health;
mod known_events;
mod mapping;
mod payouts;
mod port;
mod reads;
mod recorded;
mod schemes;
#[cfg(test)]
mod tests;
mod webhook;
mod wire;
mod writes;

use std::sync::Arc;
use std::time::Duration;

use model::key::Alphabet;
use ports::health::Environment;
use ports::{Description, Processor};
use secrecy::SecretString;
use url::Url;

use self::client::{Client, VENDOR};
use self::writes::request::ReturnAddresses;
use crate::http::hosts::check_address;
use crate::http::{Bearer, HttpClient, HttpSettings};
use crate::registry::{ConnectError, ConnectOptions, Field, Hosts, ProcessorEntry};

const LIVE: &str = "https://api.gocardless.com";
const SANDBOX: &str = "https://api-sandbox.gocardless.com";
const VENDOR_HOSTS: [&str; 2] = ["api.gocardless.com", "api-sandbox.gocardless.com"];

/// Our deadline. A first answer takes a second or two; the official clients wait 60 s.
const DEADLINE: Duration = Duration::from_secs(30);
/// The server may finish a request this long after we gave up (gocardless sheet section 30, row 11).
const SERVER_CUT_OFF: Duration = Duration::from_secs(15 * 60);
/// "A list may lag by minutes" (the same row): taken generously, it only delays what is unclear.
const STALENESS: Duration = Duration::from_secs(10 * 60);
/// Enough to reach 1000 requests a minute at half a second each.
const CONCURRENCY: usize = 10;
/// Requests a minute and token (gocardless sheet section 5).
const RATE_PER_MINUTE: u32 = 1000;
/// More than any raised limit that was heard of: beyond it somebody mistyped.
const RATE_PER_MINUTE_MAX: u32 = 100_000;
const READ_ATTEMPTS: u32 = 4;
/// 128 is believed to be the limit of idempotency keys; metadata takes 500.
const KEY_CHARS_MAX: usize = 100;
/// Each id is one request.
const SLICE_MAX: usize = 100;

/// What a connection to GoCardless asks for.
pub const ENTRY: ProcessorEntry = ProcessorEntry {
    slug: "gocardless",
    name: "GoCardless",
    credentials: &[
        Field {
            name: "access_token",
            label: "Access token",
            secret: true,
            required: true,
            help: "GoCardless dashboard, Developers, Create, Access token, with read-write access. \
                   It is shown once.",
        },
        Field {
            name: "webhook_secret",
            label: "Webhook endpoint secret",
            secret: true,
            required: false,
            help: "Without it changes are found by polling alone, some minutes later. GoCardless \
                   dashboard, Developers, Create, Webhook endpoint: register the address shown here \
                   and enter the secret of the endpoint.",
        },
        Field {
            name: "webhook_secret_previous",
            label: "Previous webhook endpoint secret",
            secret: true,
            required: false,
            help: "While a secret is replaced, deliveries signed with the old one are taken too.",
        },
    ],
    settings: &[
        Field {
            name: "environment",
            label: "Environment",
            secret: false,
            required: false,
            help: "\"live\" or \"sandbox\"; they share nothing. Sandbox when left empty.",
        },
        Field {
            name: "rate_per_minute",
            label: "Requests per minute",
            secret: false,
            required: false,
            help: "1000 when left empty. Less, when others use the same account's limit.",
        },
        Field {
            name: "redirect_uri",
            label: "Return address",
            secret: false,
            required: false,
            help: "Where a payer is sent after authorising a mandate.",
        },
        Field {
            name: "exit_uri",
            label: "Exit address",
            secret: false,
            required: false,
            help: "Where a payer is sent who can not or will not authorise.",
        },
    ],
    hosts: Hosts { live: LIVE, sandbox: SANDBOX },
    guide: GUIDE,
    prepare: None,
    sign: webhook::sign,
    connect,
};

/// Shown when a connection is added.
const GUIDE: &str = "At GoCardless:
  1. Developers, Create, Access token: read-write; give it as --secret access_token=…
  2. If you want to hear of changes at once and not by polling alone: Developers, Create, Webhook
     endpoint; register the address shown above, give its secret as --secret webhook_secret=…
  3. Collecting needs no further approval. Refunds made here need the refunds feature; creating
     customers and bank accounts directly needs approved custom payment pages.";

/// One account (organisation) at GoCardless.
pub struct GoCardless {
    description: Description,
    client: Client,
    environment: Environment,
    webhook_secrets: Vec<SecretString>,
    return_addresses: ReturnAddresses,
}

fn connect(options: ConnectOptions) -> Result<Box<dyn Processor>, ConnectError> {
    GoCardless::try_connect(options).map(|connected| Box::new(connected) as Box<dyn Processor>)
}

impl GoCardless {
    /// Checks the options; nothing is sent yet.
    pub fn try_connect(options: ConnectOptions) -> Result<GoCardless, ConnectError> {
        let (base_url, environment) = address(&options)?;
        check_address(&base_url, &VENDOR_HOSTS, &options.allowed_hosts)?;
        let rate = options.number_within("rate_per_minute", 1..=RATE_PER_MINUTE_MAX)?;
        let return_addresses = ReturnAddresses {
            redirect_uri: options.web_address("redirect_uri")?,
            exit_uri: options.web_address("exit_uri")?,
        };
        // What is wrong is told before what is missing, which may follow.
        let token = options.required_secret("access_token")?;
        let webhook_secrets = ["webhook_secret", "webhook_secret_previous"]
            .into_iter()
            .filter_map(|name| options.secret(name))
            .collect();
        let settings = HttpSettings {
            connection: options.connection.clone(),
            base_url,
            deadline: DEADLINE,
            rate_per_minute: Some(rate.unwrap_or(RATE_PER_MINUTE)),
            concurrency: CONCURRENCY,
            read_attempts: READ_ATTEMPTS,
        };
        let http = HttpClient::new(
            settings,
            options.transport,
            options.clock,
            Arc::new(Bearer::new(token)),
            options.recorder,
        );
        Ok(GoCardless {
            description: description(),
            client: Client::new(Arc::new(http.with_vendor(VENDOR))),
            environment,
            webhook_secrets,
            return_addresses,
        })
    }
}

/// The address and what it is. Any address but the live one is a sandbox: a production ERP is never
/// paired with it.
fn address(options: &ConnectOptions) -> Result<(Url, Environment), ConnectError> {
    let text = match options.setting("environment") {
        Some("live") => LIVE,
        Some("sandbox") | None => SANDBOX,
        Some(other) => {
            let why = format!("\"{other}\" is neither \"live\" nor \"sandbox\"");
            return Err(ConnectError::Wrong { field: "environment", why });
        }
    };
    let named = Url::parse(text)
        .map_err(|error| ConnectError::Wrong { field: "environment", why: error.to_string() })?;
    let url = options.account_url.clone().unwrap_or(named);
    let live = url.host_str() == Some("api.gocardless.com");
    Ok((url, if live { Environment::Production } else { Environment::Sandbox }))
}

fn description() -> Description {
    Description {
        slug: ENTRY.slug,
        name: ENTRY.name,
        key_alphabet: Alphabet::Visible,
        key_max_len: KEY_CHARS_MAX,
        deadline: DEADLINE,
        server_cut_off: SERVER_CUT_OFF,
        staleness: STALENESS,
        concurrency: CONCURRENCY,
        slice_max: SLICE_MAX,
        // A processor takes no deposits, and no documents.
        deposit_lines_max: 0,
        takes_rates: false,
    }
}
