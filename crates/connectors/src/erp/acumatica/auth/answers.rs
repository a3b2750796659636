//! What the sign-in and the token endpoint answer (acumatica sheet sections 2 and 3).

use http::HeaderMap;
use http::HeaderValue;
use http::header::SET_COOKIE;
use jiff::{SignedDuration, Timestamp};
use ports::PortError;
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::super::refusal::Refusal;
use crate::http::classify::words;

/// What a token lives when the answer does not say (acumatica sheet section 2).
const TOKEN_SECONDS_DEFAULT: i64 = 3_600;

/// An access token, and what renews it.
#[derive(Clone)]
pub struct Tokens {
    pub access: SecretString,
    pub refresh: Option<SecretString>,
    pub until: Timestamp,
}

/// What a sign-in was asked for beside the user: told by name when it is not there.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked<'a> {
    /// The site's address.
    pub site: &'a str,
    pub tenant: Option<&'a str>,
    pub branch: Option<&'a str>,
}

/// The limit of sessions is told with 429, or with 500 and words (acumatica sheet section 3). A site,
/// a tenant or a branch that is not there is no question of credentials.
pub fn sign_in_refused(status: u16, body: &[u8], asked: Asked<'_>) -> PortError {
    let refusal = Refusal::read(status, body);
    if status == 429 || refusal.is_login_limit() {
        return PortError::Throttled { retry_after: None };
    }
    if status == 404 {
        return no_site(asked.site);
    }
    if refusal.is_unknown_tenant() {
        let tenant = asked.tenant.unwrap_or_default();
        return PortError::Unavailable(format!(
            "the site has no tenant \"{tenant}\": name its Login Name (Tenants, SM203520) in the \
             setting tenant ({})",
            words(&refusal.detail)
        ));
    }
    let known = status == 500 && refusal.kind.starts_with("PX.");
    if let Some(branch) = asked.branch
        && known
        && refusal.is_unknown_branch(branch)
    {
        return PortError::Unavailable(format!(
            "there is no branch \"{branch}\" for this user: name it as Branches (CS102000) spells it \
             in the setting branch, or leave the setting out ({})",
            words(&refusal.detail)
        ));
    }
    if refusal.is_bad_credentials() || refusal.is_locked_out() || (400..500).contains(&status) {
        return PortError::Unauthorised(words(&refusal.detail));
    }
    // An instance in trouble says so in its own words, which are no judgement of the user.
    match words(&refusal.detail) {
        said if known && !said.is_empty() => {
            PortError::Unavailable(format!("signing in is answered with {status}: {said}"))
        }
        _ => PortError::Unavailable(format!("signing in is answered with {status}")),
    }
}

/// Whether it is the password that is refused, or the user: each try counts towards a lock-out
/// (acumatica sheet sections 2 and 3).
pub fn is_password_refused(status: u16, body: &[u8]) -> bool {
    let refusal = Refusal::read(status, body);
    let answer: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    let grant = answer.get("error").and_then(Value::as_str) == Some("invalid_grant");
    grant || refusal.is_bad_credentials() || refusal.is_locked_out()
}

/// Every site answers below `/entity` and `/identity` (acumatica sheet sections 2 and 3).
fn no_site(site: &str) -> PortError {
    PortError::Unavailable(format!(
        "no Acumatica site is at {site} (status 404): name everything before /entity in the setting \
         site (or with --url, which comes before it), with the virtual directory where there is one"
    ))
}

/// All cookies of the answer go back, in its order.
pub fn cookies(headers: &HeaderMap) -> Option<HeaderValue> {
    let pairs: Vec<&str> = headers
        .get_all(SET_COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok()?.split(';').next())
        .map(str::trim)
        .filter(|pair| pair.contains('='))
        .collect();
    if pairs.is_empty() {
        return None;
    }
    let mut value = HeaderValue::from_str(&pairs.join("; ")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Tokens, or why there are none. `of_code`: the connection was authorised in a browser.
pub fn read_tokens(
    status: u16,
    body: &[u8],
    now: Timestamp,
    asked: Asked<'_>,
    of_code: bool,
) -> Result<Tokens, PortError> {
    let answer: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
    match status {
        200..=299 => {}
        429 => return Err(PortError::Throttled { retry_after: None }),
        500..=599 | 408 => return Err(sign_in_refused(status, body, asked)),
        404 if !answer.contains_key("error") => return Err(no_site(asked.site)),
        _ => {
            let code = text("error").unwrap_or_else(|| format!("status {status}"));
            // Its own trouble, in the words of OAuth (RFC 6749 section 5.2 and its extensions).
            if matches!(code.as_str(), "server_error" | "temporarily_unavailable") {
                return Err(PortError::Unavailable(format!("signing in is answered with {code}")));
            }
            return Err(PortError::Unauthorised(format!("{code}: {}", advice(&code, of_code))));
        }
    }
    let value = text("access_token")
        .ok_or_else(|| PortError::Unavailable("the token answer holds no token".to_owned()))?;
    let seconds = match answer.get("expires_in") {
        Some(Value::Number(number)) => number.as_i64(),
        Some(Value::String(text)) => text.parse().ok(),
        _ => None,
    };
    let seconds = seconds.unwrap_or(TOKEN_SECONDS_DEFAULT).clamp(0, TOKEN_SECONDS_DEFAULT);
    let until = now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(now);
    let refresh = text("refresh_token").map(SecretString::from);
    Ok(Tokens { access: SecretString::from(value), refresh, until })
}

fn advice(code: &str, of_code: bool) -> &'static str {
    match (code, of_code) {
        ("invalid_client", _) => {
            "check the client id (<GUID>@<tenant>: an application of that tenant, SM303010) and the \
             shared secret"
        }
        ("invalid_scope", _) => "the application must be allowed the scopes api and offline_access",
        ("unauthorized_client" | "unsupported_grant_type", true) => {
            "register the application with the flow Authorization Code"
        }
        ("unauthorized_client" | "unsupported_grant_type", false) => {
            "register the application with the flow Resource Owner Password Credentials"
        }
        (_, true) => {
            "the code or the chain of tokens is over: \"ml-connector connections authorise\" begins \
             another"
        }
        (_, false) => "check the user name and password, and that the user is not locked",
    }
}
