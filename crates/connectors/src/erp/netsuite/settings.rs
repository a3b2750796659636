//! What a NetSuite connection is made with, read from the registry's fields.

use jiff::tz::TimeZone;

use model::money::Currency;

use super::account::NetSuiteAccount;
use super::wire::is_internal_id;
use crate::registry::{ConnectError, ConnectOptions, Field};

/// Requests under way at once: of the five that the smallest account has in all, one is left to
/// others (netsuite sheet section 7).
const CONCURRENCY_DEFAULT: usize = 4;
/// Accounts with the most licences have more, but nobody needs them here.
const CONCURRENCY_MAX: u32 = 50;

const fn setting(
    name: &'static str,
    label: &'static str,
    required: bool,
    help: &'static str,
) -> Field {
    Field { name, label, secret: false, required, help }
}

pub const CREDENTIALS: &[Field] = &[
    setting(
        "client_id",
        "Client ID",
        true,
        "Shown once when the integration record is saved (Setup > Integration > Manage Integrations), \
         with \"Client Credentials (Machine to Machine) Grant\" and \"REST Web Services\" ticked.",
    ),
    setting(
        "certificate_id",
        "Certificate ID",
        true,
        "Given when the certificate is uploaded (Setup > Integration > OAuth 2.0 Client Credentials \
         (M2M) Setup) for the connector's user and role.",
    ),
    Field {
        name: "private_key",
        label: "Private key",
        secret: true,
        required: true,
        help: "The private half of that certificate, PEM (PKCS #8): EC P-256 or P-384, or RSA with \
               3072 or 4096 bits. \"connections add netsuite\" makes one.",
    },
];

pub const SETTINGS: &[Field] = &[
    setting(
        "account",
        "Account ID",
        true,
        "Setup > Company > Company Information, for example 1234567 or 1234567_SB1.",
    ),
    setting(
        "time_zone",
        "Time zone of queries",
        false,
        "IANA name of the zone in which the account shows times (for example Europe/London). Left \
         blank, it is measured.",
    ),
    setting(
        "period_override",
        "May post into locked periods",
        false,
        "\"true\" when the connector's role has Override Period Restrictions.",
    ),
    setting(
        "concurrency",
        "Requests at once",
        false,
        "How much of the account's concurrency limit the connector may use; 4 when left blank.",
    ),
    setting(
        "currency",
        "Only currency",
        false,
        "ISO code, only for accounts without the Multiple Currencies feature.",
    ),
    setting(
        "undeposited_account",
        "Undeposited Funds account",
        false,
        "Internal id, only when it can not be found by itself.",
    ),
    setting(
        "undeposited_by_account",
        "Name Undeposited Funds by its account",
        false,
        "\"true\" when the account refuses the Undeposited Funds box on payments.",
    ),
    setting(
        "refund_payment_option",
        "Refund method",
        false,
        "Internal id of the payment option, only when refunds demand one.",
    ),
];

/// The settings, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    pub account: NetSuiteAccount,
    pub client_id: String,
    pub certificate_id: String,
    pub time_zone: Option<TimeZone>,
    pub period_override: bool,
    pub concurrency: usize,
    pub currency: Option<Currency>,
    pub undeposited_account: Option<String>,
    pub undeposited_by_account: bool,
    pub refund_payment_option: Option<String>,
}

impl Settings {
    /// Reads and checks the settings of a connection.
    pub fn read(options: &ConnectOptions) -> Result<Settings, ConnectError> {
        let wrong = |field, why: String| ConnectError::Wrong { field, why };
        let account = options
            .setting("account")
            .map(|text| NetSuiteAccount::parse(text).map_err(|why| wrong("account", why)));
        let time_zone = options.setting("time_zone").map(|name| {
            TimeZone::get(name)
                .map_err(|_| wrong("time_zone", format!("\"{name}\" is not an IANA time zone")))
        });
        let currency = options
            .setting("currency")
            .map(|code| code.parse::<Currency>().map_err(|e| wrong("currency", e.to_string())));
        let concurrency = options.number_within("concurrency", 1..=CONCURRENCY_MAX)?;
        let concurrency = concurrency.and_then(|number| usize::try_from(number).ok());
        let (account, time_zone) = (account.transpose()?, time_zone.transpose()?);
        let currency = currency.transpose()?;
        let (period_override, undeposited_by_account) =
            (yes(options, "period_override")?, yes(options, "undeposited_by_account")?);
        let undeposited_account = internal_id(options, "undeposited_account")?;
        let refund_payment_option = internal_id(options, "refund_payment_option")?;
        // What is wrong is told before what is missing, which may follow.
        Ok(Settings {
            account: account.ok_or(ConnectError::Missing("account"))?,
            client_id: options.required("client_id")?.to_owned(),
            certificate_id: options.required("certificate_id")?.to_owned(),
            time_zone,
            period_override,
            concurrency: concurrency.unwrap_or(CONCURRENCY_DEFAULT),
            currency,
            undeposited_account,
            undeposited_by_account,
            refund_payment_option,
        })
    }
}

fn yes(options: &ConnectOptions, field: &'static str) -> Result<bool, ConnectError> {
    match options.setting(field).map(str::to_ascii_lowercase).as_deref() {
        None | Some("false" | "no") => Ok(false),
        Some("true" | "yes") => Ok(true),
        Some(other) => Err(ConnectError::Wrong {
            field,
            why: format!("\"{other}\" is neither true nor false"),
        }),
    }
}

fn internal_id(
    options: &ConnectOptions,
    field: &'static str,
) -> Result<Option<String>, ConnectError> {
    match options.setting(field) {
        None => Ok(None),
        Some(id) if is_internal_id(id) => Ok(Some(id.to_owned())),
        Some(id) => Err(ConnectError::Wrong {
            field,
            why: format!("\"{id}\" is not an internal id (a whole number)"),
        }),
    }
}
