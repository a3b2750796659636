//! What an Acumatica connection is made with, read from the registry's fields.

use std::collections::BTreeMap;

use model::ids::LedgerAccountId;
use model::money::Currency;

use crate::registry::{ConnectError, ConnectOptions, Field};

/// The endpoint that is built against; version 26.200.001 speaks another JSON (acumatica sheet
/// section 1).
pub const ENDPOINT_DEFAULT: &str = "Default/24.200.001";
/// The first year of endpoint versions whose JSON is another.
pub const CONTRACT_5_YEAR: u32 = 26;
/// One session serves one request after the other, so more would only wait (acumatica sheet
/// section 2); smaller licences have two or three seats in all.
const CONCURRENCY_DEFAULT: usize = 2;
const CONCURRENCY_MAX: u32 = 16;

const fn setting(
    name: &'static str,
    label: &'static str,
    required: bool,
    help: &'static str,
) -> Field {
    Field { name, label, secret: false, required, help }
}

const fn secret(
    name: &'static str,
    label: &'static str,
    required: bool,
    help: &'static str,
) -> Field {
    Field { name, label, secret: true, required, help }
}

pub const CREDENTIALS: &[Field] = &[
    setting(
        "user",
        "User name",
        false,
        "The user that the connector works as; give it its own, in the time zone UTC. Not for the \
         grant authorization_code.",
    ),
    secret("password", "Password", false, "Of that user."),
    setting(
        "client_id",
        "Client ID",
        false,
        "<GUID>@<tenant>, from Connected Applications (SM303010). Left blank, a cookie session is \
         used instead.",
    ),
    setting(
        "grant",
        "Grant",
        false,
        "password (when left blank; flow Resource Owner Password Credentials) or \
         authorization_code (flow Authorization Code): then \"connections authorise\" has a person \
         allow it in a browser, and no password is stored.",
    ),
    setting(
        "redirect_uri",
        "Redirect URI",
        false,
        "For the grant authorization_code: as registered, for example \
         https://localhost/ml-connector; nothing needs to answer there.",
    ),
    secret(
        "client_secret",
        "Shared secret",
        false,
        "Of the connected application; shown once when it is made.",
    ),
];

pub const SETTINGS: &[Field] = &[
    setting(
        "site",
        "Site address",
        true,
        "Everything before /entity, for example https://company.acumatica.com or \
         https://erp.example.com/Demo.",
    ),
    setting(
        "endpoint",
        "Endpoint",
        false,
        "Name and version of the endpoint; Default/24.200.001 when left blank.",
    ),
    setting(
        "environment",
        "Environment",
        false,
        "live, or sandbox for a test site or test tenant, which pairs with a processor's sandbox \
         alone; live when left blank (over https).",
    ),
    setting(
        "tenant",
        "Tenant",
        false,
        "The tenant's login name, for cookie sessions; with OAuth the client id names it.",
    ),
    setting(
        "branch",
        "Branch",
        false,
        "Branch of the documents, for example MAIN: that of the clearing accounts. What is on a cash \
         account is booked in that account's branch.",
    ),
    setting(
        "inter_branch",
        "Posts between branches",
        false,
        "\"true\" where the feature Inter-Branch Transactions is on and its accounts are mapped: invoices \
         of all branches are then paid from the clearing account. Left blank, invoices of another branch \
         than the clearing account's are not collected.",
    ),
    setting(
        "payment_method",
        "Payment method",
        true,
        "Of the receipts (CA204000), for example GOCARDLESS: active, used in AR, with the clearing \
         accounts among its allowed cash accounts.",
    ),
    setting(
        "clearing",
        "Clearing cash accounts",
        true,
        "One per currency, for example GBP=10250 EUR=10260: cash accounts ticked as clearing \
         accounts (CA202000).",
    ),
    setting("ledger", "Ledger", false, "Of the journals; the branch's own when left blank."),
    setting(
        "subaccount",
        "Subaccount",
        false,
        "Of the journals' lines, where subaccounts are in use, for example 000000. A cash account's \
         lines take its own, as soon as a payment on it shows it; another account's is written behind \
         it in the link's map: 61200/000000.",
    ),
    setting(
        "closed_periods",
        "May post into closed periods",
        false,
        "\"true\" when the connector's user may post to closed periods.",
    ),
    setting(
        "concurrency",
        "Requests at once",
        false,
        "How many of the licence's requests the connector may use; 2 when left blank.",
    ),
];

/// The OAuth grant of a connection with a client id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grant {
    Password,
    AuthorizationCode,
}

/// The settings, checked.
#[derive(Debug, Clone)]
pub struct Settings {
    pub site: url::Url,
    /// `Default/24.200.001`.
    pub endpoint: String,
    pub grant: Grant,
    /// A test site, or a test tenant.
    pub sandbox: bool,
    pub tenant: Option<String>,
    pub branch: Option<String>,
    /// Receipts of one branch may pay invoices of another.
    pub inter_branch: bool,
    pub payment_method: String,
    /// Clearing cash accounts by currency.
    pub clearing: BTreeMap<Currency, LedgerAccountId>,
    pub ledger: Option<String>,
    pub subaccount: Option<String>,
    pub closed_periods: bool,
    pub concurrency: usize,
}

impl Settings {
    /// Reads and checks the settings of a connection.
    ///
    /// # Errors
    /// Names the field that is missing or wrong.
    pub fn read(options: &ConnectOptions) -> Result<Settings, ConnectError> {
        let wrong = |field, why: String| ConnectError::Wrong { field, why };
        let mut site = match &options.account_url {
            Some(url) => url.clone(),
            None => url::Url::parse(options.required("site")?)
                .map_err(|error| wrong("site", error.to_string()))?,
        };
        // A virtual directory belongs to the address (acumatica sheet section 1).
        if let Some(path) = options.setting("site").and_then(|text| url::Url::parse(text).ok())
            && site.path() == "/"
        {
            site.set_path(path.path());
        }
        let endpoint = options.setting("endpoint").unwrap_or(ENDPOINT_DEFAULT).trim_matches('/');
        check_endpoint(endpoint).map_err(|why| wrong("endpoint", why))?;
        let concurrency = match options.number("concurrency")? {
            None => CONCURRENCY_DEFAULT,
            Some(number @ 1..=CONCURRENCY_MAX) => {
                usize::try_from(number).unwrap_or(CONCURRENCY_DEFAULT)
            }
            Some(number) => {
                let why = format!("{number} is not between 1 and {CONCURRENCY_MAX}");
                return Err(wrong("concurrency", why));
            }
        };
        let closed_periods = truth(options, "closed_periods")?;
        let grant = match options.setting("grant") {
            None | Some("password") => Grant::Password,
            Some("authorization_code") => Grant::AuthorizationCode,
            Some(other) => {
                let why = format!("\"{other}\" is neither password nor authorization_code");
                return Err(wrong("grant", why));
            }
        };
        // Nothing that the API shows tells a test tenant; only emulators speak without encryption.
        let sandbox = match options.setting("environment") {
            None => site.scheme() == "http",
            Some("live") => false,
            Some("sandbox") => true,
            Some(other) => {
                let why = format!("\"{other}\" is neither live nor sandbox");
                return Err(wrong("environment", why));
            }
        };
        let text = |name: &str| options.setting(name).map(str::to_owned);
        Ok(Settings {
            site,
            grant,
            sandbox,
            endpoint: endpoint.to_owned(),
            tenant: text("tenant"),
            branch: text("branch"),
            inter_branch: truth(options, "inter_branch")?,
            payment_method: options.required("payment_method")?.to_owned(),
            clearing: read_clearing(options.required("clearing")?)
                .map_err(|why| wrong("clearing", why))?,
            ledger: text("ledger"),
            subaccount: text("subaccount"),
            closed_periods,
            concurrency,
        })
    }

    /// Where receipts of a currency wait for their payout.
    pub fn clearing(&self, currency: Currency) -> Result<&LedgerAccountId, String> {
        self.clearing.get(&currency).ok_or_else(|| {
            format!("no clearing cash account for {currency}: name it in the connection's settings")
        })
    }

    /// Whether the account is one of the clearing accounts.
    #[must_use]
    pub fn is_clearing(&self, account: &str) -> bool {
        self.clearing.values().any(|known| known.as_str() == account)
    }
}

/// A setting that is true or false; false when left blank.
fn truth(options: &ConnectOptions, field: &'static str) -> Result<bool, ConnectError> {
    match options.setting(field) {
        None | Some("false" | "no") => Ok(false),
        Some("true" | "yes") => Ok(true),
        Some(other) => {
            let why = format!("\"{other}\" is neither true nor false");
            Err(ConnectError::Wrong { field, why })
        }
    }
}

fn check_endpoint(endpoint: &str) -> Result<(), String> {
    let wanted = || format!("\"{endpoint}\" is not a name and a version, as {ENDPOINT_DEFAULT} is");
    let (name, version) = endpoint.split_once('/').ok_or_else(wanted)?;
    let word = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphanumeric())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '.' || c == '_' || c == '-')
    };
    if !word(name) || !word(version) {
        return Err(wanted());
    }
    let year = version.split('.').next().and_then(|year| year.parse::<u32>().ok());
    if name == "Default" && year.is_some_and(|year| year >= CONTRACT_5_YEAR) {
        return Err(format!(
            "version {version}: from {CONTRACT_5_YEAR}.200.001 on the endpoint speaks another JSON: use \
             {ENDPOINT_DEFAULT}"
        ));
    }
    Ok(())
}

fn read_clearing(text: &str) -> Result<BTreeMap<Currency, LedgerAccountId>, String> {
    let mut accounts = BTreeMap::new();
    for pair in text.split([' ', ',', ';']).filter(|pair| !pair.is_empty()) {
        let (code, account) = pair
            .split_once('=')
            .filter(|(_, account)| !account.is_empty())
            .ok_or_else(|| format!("\"{pair}\" is not CURRENCY=ACCOUNT"))?;
        let currency: Currency = code.parse().map_err(|error| format!("{error}"))?;
        if let Some(first) = accounts.insert(currency, LedgerAccountId::new(account)) {
            return Err(format!(
                "{currency} is named twice, with {first} and with {account}: name one account for each \
                 currency"
            ));
        }
    }
    Ok(accounts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clearing_accounts_are_read_per_currency() {
        let read = read_clearing("GBP=10250, EUR=10260").unwrap();
        assert_eq!(read.get(&Currency::EUR).unwrap().as_str(), "10260");
        assert!(read_clearing("GBP").unwrap_err().contains("CURRENCY=ACCOUNT"));
        assert!(read_clearing("ABC=1").is_err());
        let twice = read_clearing("GBP=10250 EUR=10260 GBP=10251").unwrap_err();
        assert!(twice.contains("GBP is named twice, with 10250 and with 10251"), "{twice}");
    }

    #[test]
    fn only_endpoints_of_contract_4_are_taken() {
        for (endpoint, ok) in [
            ("Default/24.200.001", true),
            ("MLConnector/1.0.0", true),
            ("Default/26.200.001", false),
            ("Default", false),
            ("../x", false),
        ] {
            assert_eq!(check_endpoint(endpoint).is_ok(), ok, "{endpoint}");
        }
    }
}
