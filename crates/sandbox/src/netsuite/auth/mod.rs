//! The token endpoint and the check of every other request's credentials
//! (netsuite sheet sections 2 and 3).

mod assertion;
mod tba;

use super::errors::{ApiError, Result};
use super::state::{Level, State};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Path of the token endpoint below the base URL.
pub const TOKEN_PATH: &str = "/services/rest/auth/oauth2/v1/token";
/// Life of an access token.
const TOKEN_LIFE: SignedDuration = SignedDuration::from_mins(60);
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// A refusal of the token endpoint: HTTP status and OAuth error code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal(pub u16, pub &'static str);

pub const INVALID_REQUEST: Refusal = Refusal(400, "invalid_request");
pub const INVALID_CLIENT: Refusal = Refusal(401, "invalid_client");
pub const INVALID_GRANT: Refusal = Refusal(400, "invalid_grant");
pub const INVALID_SCOPE: Refusal = Refusal(400, "invalid_scope");
const UNAUTHORIZED_CLIENT: Refusal = Refusal(400, "unauthorized_client");
const UNSUPPORTED_GRANT: Refusal = Refusal(400, "unsupported_grant_type");

/// Answers a token request with status and body.
pub fn token(state: &mut State, base_url: &str, content_type: &str, body: &[u8]) -> (u16, Value) {
    match issue(state, base_url, content_type, body) {
        Ok(token) => {
            let body = json!({"access_token": token, "expires_in": 3600, "token_type": "Bearer"});
            (200, body)
        }
        Err(Refusal(status, error)) => (status, json!({ "error": error })),
    }
}

fn issue(
    state: &mut State,
    base_url: &str,
    content_type: &str,
    body: &[u8],
) -> std::result::Result<String, Refusal> {
    if !content_type.to_lowercase().starts_with("application/x-www-form-urlencoded") {
        return Err(INVALID_REQUEST);
    }
    let mut form = BTreeMap::new();
    for (name, value) in url::form_urlencoded::parse(body) {
        if form.insert(name.into_owned(), value.into_owned()).is_some() {
            return Err(INVALID_REQUEST);
        }
    }
    let field = |name: &str| form.get(name).ok_or(INVALID_REQUEST);
    if field("grant_type")? != "client_credentials" {
        return Err(UNSUPPORTED_GRANT);
    }
    if field("client_assertion_type")? != ASSERTION_TYPE {
        return Err(INVALID_REQUEST);
    }
    let audience = format!("{}{TOKEN_PATH}", base_url.trim_end_matches('/'));
    assertion::check(state, &audience, field("client_assertion")?)?;
    if state.integration.blocked {
        return Err(UNAUTHORIZED_CLIENT);
    }
    if !state.role.may("ADMI_LOGIN_OAUTH2", Level::Full) {
        return Err(INVALID_GRANT);
    }
    Ok(mint(state))
}

/// A new access token: a JWT to look at, opaque to whoever holds it.
fn mint(state: &mut State) -> String {
    state.integration.tokens_issued += 1;
    let id = state.uuid();
    let end = state.now + TOKEN_LIFE;
    let header = URL_SAFE_NO_PAD.encode(r#"{"typ":"JWT","alg":"RS256"}"#);
    let claims = json!({"jti": id, "exp": end.as_second(), "iss": "emulated"});
    let claims = URL_SAFE_NO_PAD.encode(claims.to_string());
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, id.as_bytes());
    let token = format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode(digest));
    let now = state.now;
    state.integration.tokens.retain(|_, end| *end > now);
    state.integration.tokens.insert(token.clone(), end);
    token
}

/// What a request brings to be let in.
pub struct Credentials<'a> {
    pub method: &'a str,
    /// Absolute URL without query.
    pub url: String,
    pub query: &'a str,
    pub authorization: Option<&'a str>,
    pub cookies: bool,
}

/// Lets a request in, or refuses it (netsuite sheet section 2.5).
pub fn check(state: &mut State, credentials: &Credentials<'_>) -> Result<()> {
    let account = state.account_id.clone();
    let Some(header) = credentials.authorization else {
        return Err(ApiError::login(&account, "Bearer"));
    };
    // Replayed cookies are a known cause of refused logins (sheet section 15, row 10).
    if credentials.cookies {
        return Err(ApiError::login(&account, "Bearer"));
    }
    let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
    if scheme.eq_ignore_ascii_case("Bearer") {
        check_bearer(state, rest.trim(), &account)?;
    } else if scheme.eq_ignore_ascii_case("OAuth") {
        tba::check(state, credentials, rest).map_err(|()| ApiError::login(&account, "OAuth"))?;
    } else {
        return Err(ApiError::bad_authorization(&account));
    }
    if !state.role.may("ADMI_RESTWEBSERVICES", Level::Full) {
        return Err(ApiError::permission("Setup -> REST Web Services"));
    }
    Ok(())
}

fn check_bearer(state: &State, token: &str, account: &str) -> Result<()> {
    if token.is_empty() || token.contains(' ') {
        return Err(ApiError::bad_authorization(account));
    }
    let alive = |end: &Timestamp| *end > state.now;
    if state.integration.tokens.get(token).is_some_and(alive) {
        Ok(())
    } else {
        Err(ApiError::login(account, "Bearer"))
    }
}
