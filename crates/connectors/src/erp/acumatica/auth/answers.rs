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

/// The limit of sessions is told with 429, or with 500 and words (acumatica sheet section 3).
pub fn sign_in_refused(status: u16, body: &[u8]) -> PortError {
    let refusal = Refusal::read(status, body);
    if status == 429 || refusal.is_login_limit() {
        return PortError::Throttled { retry_after: None };
    }
    let known = status == 500 && refusal.kind.starts_with("PX.");
    if refusal.is_bad_credentials() || known || (400..500).contains(&status) {
        return PortError::Unauthorised(words(&refusal.detail));
    }
    PortError::Unavailable(format!("signing in is answered with {status}"))
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
    of_code: bool,
) -> Result<Tokens, PortError> {
    let answer: Map<String, Value> = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
    match status {
        200..=299 => {}
        429 => return Err(PortError::Throttled { retry_after: None }),
        500..=599 | 408 => return Err(sign_in_refused(status, body)),
        _ => {
            let code = text("error").unwrap_or_else(|| format!("status {status}"));
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
        ("invalid_client", _) => "check the client id (<GUID>@<tenant>) and the shared secret",
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
