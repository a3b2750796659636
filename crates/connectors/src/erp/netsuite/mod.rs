//! Oracle NetSuite: SuiteTalk REST records and SuiteQL, with OAuth 2.0 client credentials. What it
//! rests on stands in MAPPINGS.md beside this file and in the netsuite sheet.

mod account;
mod auth;
mod books;
mod client;
mod currencies;
pub mod fields;
mod health;
pub mod keys;
mod mapping;
mod permissions;
mod port;
mod queries;
mod reads;
mod refusal;
mod settings;
mod setup;
mod suiteql;
#[cfg(test)]
mod tests;
mod wire;
mod writes;
mod zone;

use std::sync::Arc;
use std::time::Duration;

use model::key::Alphabet;
use ports::{Clock, Description, Erp};

use account::token_url;
use auth::{ClientCredentials, TokenKeeper};
use books::Books;
use client::{Client, error_words};
use keys::SigningKey;
use reads::deleted::Deletions;
use reads::documents::STAMP_LENGTH_MAX;
use settings::Settings;
use suiteql::IN_VALUES_MAX;

use crate::http::hosts::check_address;
use crate::http::{HttpClient, HttpSettings, Vendor};
use crate::registry::{ConnectError, ConnectOptions, ErpEntry, Hosts};

/// Slow answers of 16 s were seen; beyond this we give up (netsuite sheet section 1).
const DEADLINE: Duration = Duration::from_secs(100);
/// NetSuite cuts synchronous requests at 15 minutes (netsuite sheet section 5.14).
const SERVER_CUT_OFF: Duration = Duration::from_secs(15 * 60);
/// The sheet is silent on how far queries lag, so DESIGN.md section 2 says 15 minutes.
const STALENESS: Duration = Duration::from_secs(15 * 60);
/// NetSuite publishes no limit of deposit lines; 500 keep one request well under a minute. A larger
/// payout becomes several deposits (DESIGN.md section 5, "Payout").
const DEPOSIT_LINES_MAX: usize = 500;
const READ_ATTEMPTS: u32 = 4;
const VENDOR_HOSTS: &[&str] = &[".suitetalk.api.netsuite.com"];

/// The registry's line.
pub const ENTRY: ErpEntry = ErpEntry {
    slug: "netsuite",
    name: "Oracle NetSuite",
    credentials: settings::CREDENTIALS,
    settings: settings::SETTINGS,
    address: None,
    hosts: Hosts {
        live: "https://<account>.suitetalk.api.netsuite.com",
        sandbox: "https://<account>-sb1.suitetalk.api.netsuite.com",
    },
    guide: setup::GUIDE,
    prepare: Some(setup::prepare),
    authorise: None,
    connect,
};

/// JSON fields whose values may be recorded: ids, amounts, dates, states and our own texts. Names,
/// e-mail addresses, links and tokens are not among them.
const KEPT_FIELDS: &[&str] = &[
    "id",
    "externalId",
    "externalid",
    "tranId",
    "tranid",
    "type",
    "payment",
    "amount",
    "apply",
    "doc",
    "line",
    "total",
    "due",
    "applied",
    "unapplied",
    "unused",
    "status",
    "tranDate",
    "trandate",
    "dueDate",
    "duedate",
    "modified",
    "lastModifiedDate",
    "approvalStatus",
    "approvalstatus",
    "amountRemaining",
    "amountPaid",
    "unpaid",
    "paid",
    "foreigntotal",
    "exchangeRate",
    "exchangerate",
    "currency",
    "symbol",
    "entity",
    "customer",
    "subsidiary",
    "account",
    "arAcct",
    "undepFunds",
    "deposit",
    "debit",
    "credit",
    "approved",
    "autoApply",
    "memo",
    "closed",
    "alllocked",
    "arlocked",
    "startdate",
    "enddate",
    "voided",
    "q",
    "limit",
    "offset",
    "count",
    "hasMore",
    "totalResults",
    "expandSubResources",
    "status",
    "title",
    "detail",
    "o:errorCode",
    "o:errorPath",
    "o:errorQueryParam",
    "serverTime",
    "previousdoc",
    "nextdoc",
    "previoustype",
    "nexttype",
    "foreignamount",
    "paymentAmount",
    "custbody_mlc_collect",
    "custbody_mlc_retry",
    "custbody_mlc_integration_status",
    "custbody_mlc_integration_error",
    "custbody_mlc_payment_status",
    "custbody_mlc_reason_code",
    "custbody_mlc_charge_date",
    "custbody_mlc_payment_id",
    "custbody_mlc_mandate",
    "custbody_mlc_account",
    "custbody_mlc_payout",
    "custentity_mlc_customer_id",
    "custentity_mlc_mandate",
    "custentity_mlc_mandate_status",
    "custentity_mlc_account",
];

/// One connection to one NetSuite account.
pub struct NetSuite {
    description: Description,
    settings: Settings,
    client: Client,
    clock: Arc<dyn Clock>,
    books: Books,
    deletions: Deletions,
}

/// Makes a connection; nothing is sent yet.
///
/// # Errors
/// Names the field that is missing or wrong.
pub fn connect(options: ConnectOptions) -> Result<Box<dyn Erp>, ConnectError> {
    Ok(Box::new(NetSuite::connect(options)?))
}

impl NetSuite {
    fn connect(options: ConnectOptions) -> Result<NetSuite, ConnectError> {
        if let Some(url) = &options.account_url {
            check_address(url, VENDOR_HOSTS, &options.allowed_hosts)?;
        }
        let settings = Settings::read(&options)?;
        let wrong = |field, why: String| ConnectError::Wrong { field, why };
        let key = SigningKey::read(&options.required_secret("private_key")?)
            .map_err(|error| wrong("private_key", error.to_string()))?;
        let base_url = match &options.account_url {
            Some(url) => url.clone(),
            None => settings.account.base_url().map_err(|why| wrong("account", why))?,
        };
        check_address(&base_url, VENDOR_HOSTS, &options.allowed_hosts)?;
        let credentials = ClientCredentials {
            client_id: settings.client_id.clone(),
            certificate_id: settings.certificate_id.clone(),
            key,
            token_url: token_url(&base_url),
        };
        let (transport, clock) = (options.transport, options.clock);
        let keeper = TokenKeeper::new(credentials, Arc::clone(&transport), Arc::clone(&clock));
        let http = HttpSettings {
            connection: options.connection,
            base_url,
            deadline: DEADLINE,
            // None is published for REST; concurrency is what bites (netsuite sheet section 7).
            rate_per_minute: None,
            concurrency: settings.concurrency,
            read_attempts: READ_ATTEMPTS,
        };
        let vendor = Vendor {
            kept_fields: KEPT_FIELDS,
            request_id_header: "x-netsuite-jobid",
            error_words,
            ..Vendor::default()
        };
        let http = HttpClient::new(
            http,
            transport,
            Arc::clone(&clock),
            Arc::new(keeper),
            options.recorder,
        )
        .with_vendor(vendor);
        Ok(NetSuite {
            description: describe(&settings),
            books: Books::new(settings.time_zone.clone()),
            deletions: Deletions::default(),
            client: Client::new(http),
            settings,
            clock,
        })
    }
}

fn describe(settings: &Settings) -> Description {
    Description {
        slug: "netsuite",
        name: "Oracle NetSuite",
        key_alphabet: Alphabet::PathSafe,
        key_max_len: STAMP_LENGTH_MAX,
        deadline: DEADLINE,
        server_cut_off: SERVER_CUT_OFF,
        staleness: STALENESS,
        concurrency: settings.concurrency,
        slice_max: IN_VALUES_MAX,
        deposit_lines_max: DEPOSIT_LINES_MAX,
        takes_rates: true,
    }
}
