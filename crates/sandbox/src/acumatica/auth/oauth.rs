//! OAuth 2.0 (acumatica sheet section 2): the code and password grants, refreshing with rotation,
//! revocation, discovery. There is no client-credentials grant.

use super::cookies::check_password;
use super::{Client, Code, Grant, Token};
use crate::acumatica::errors::ApiError;
use crate::acumatica::http_io::{Call, Reply};
use crate::acumatica::state::State;
use aws_lc_rs::digest;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Seconds that an access token is good for.
const TOKEN_SECONDS: i64 = 3600;
/// Seconds that a code is good for (UNVERIFIED figure of section 2).
const CODE_SECONDS: i64 = 60;
const SCOPES: [&str; 7] =
    ["api", "offline_access", "api:concurrent_access", "openid", "profile", "email", "phone"];

type Form = BTreeMap<String, String>;
/// `error` of a refusal.
type Refused = &'static str;

/// Answers everything below `/identity/`.
pub fn answer(state: &mut State, base_url: &str, call: &Call<'_>) -> Reply {
    let site = format!("{}{}", base_url.trim_end_matches('/'), state.settings.site);
    let segments: Vec<&str> = call.segments.iter().skip(1).map(String::as_str).collect();
    match (call.method, segments.as_slice()) {
        ("GET", [".well-known", "openid-configuration"]) => Reply::json(200, &discovery(&site)),
        ("GET", [".well-known", "openid-configuration", "jwks"]) => {
            Reply::json(200, &json!({"keys": []}))
        }
        ("GET", ["connect", "authorize"]) => authorize(state, call),
        ("POST", ["connect", "token"]) => match token(state, call) {
            Ok(body) => Reply::json(200, &body).header("Cache-Control", "no-store"),
            Err(error) => Reply::json(400, &json!({ "error": error })),
        },
        ("POST", ["connect", "revocation"]) => revoke(state, call),
        ("GET", ["connect", "userinfo"]) => user_info(state, call),
        _ => Reply::error(&ApiError::not_found("No HTTP resource was found.")),
    }
}

fn discovery(site: &str) -> Value {
    let at = |name: &str| format!("{site}/identity/connect/{name}");
    json!({
        "issuer": format!("{site}/identity"),
        "authorization_endpoint": at("authorize"),
        "token_endpoint": at("token"),
        "userinfo_endpoint": at("userinfo"),
        "revocation_endpoint": at("revocation"),
        "jwks_uri": format!("{site}/identity/.well-known/openid-configuration/jwks"),
        "scopes_supported": SCOPES,
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "password", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_post"],
    })
}

fn scopes_of(text: &str) -> Result<BTreeSet<String>, Refused> {
    let scopes: BTreeSet<String> = text.split_whitespace().map(str::to_owned).collect();
    let known = scopes.iter().all(|scope| SCOPES.contains(&scope.as_str()));
    if scopes.is_empty() || !known { Err("invalid_scope") } else { Ok(scopes) }
}

/// The person at the browser is the first user, and always agrees.
fn authorize(state: &mut State, call: &Call<'_>) -> Reply {
    let param = |name: &str| call.param(name).unwrap_or_default().to_owned();
    let redirect_uri = param("redirect_uri");
    let client = state.access.clients.get(&param("client_id")).cloned();
    let Some(client) = client.filter(|client| client.redirect_uris.contains(&redirect_uri)) else {
        return Reply::html(400, "Invalid redirect_uri or client");
    };
    let back = |pairs: &[(&str, &str)]| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in pairs {
            query.append_pair(name, value);
        }
        if let Some(given) = call.param("state") {
            query.append_pair("state", given);
        }
        let separator = if redirect_uri.contains('?') { '&' } else { '?' };
        let location = format!("{redirect_uri}{separator}{}", query.finish());
        Reply::empty(302).header("Location", &location)
    };
    let Ok(scopes) = scopes_of(&param("scope")) else {
        return back(&[("error", "invalid_scope")]);
    };
    if param("response_type") != "code" || !client.grants.contains("authorization_code") {
        return back(&[("error", "unauthorized_client")]);
    }
    let challenge = call.param("code_challenge").map(str::to_owned);
    if challenge.is_some() && call.param("code_challenge_method") != Some("S256") {
        return back(&[("error", "invalid_request")]);
    }
    let user = state.access.users.keys().next().cloned().unwrap_or_default();
    let code = state.uuid().replace('-', "");
    let expires = state.in_seconds(CODE_SECONDS);
    let kept = Code {
        client_id: client.client_id,
        redirect_uri: redirect_uri.clone(),
        challenge,
        scopes,
        user,
        expires,
    };
    state.access.codes.insert(code.clone(), kept);
    back(&[("code", &code)])
}

fn token(state: &mut State, call: &Call<'_>) -> Result<Value, Refused> {
    let form = call.form().ok_or("invalid_request")?;
    let client = client_of(state, &form)?;
    match form.get("grant_type").map(String::as_str) {
        Some("authorization_code") => by_code(state, &client, &form),
        Some("password") => by_password(state, &client, &form),
        Some("refresh_token") => by_refresh(state, &client, &form),
        _ => Err("unsupported_grant_type"),
    }
}

/// The secret in the form; Basic authentication is unverified and refused.
fn client_of(state: &State, form: &Form) -> Result<Client, Refused> {
    let id = form.get("client_id").ok_or("invalid_client")?;
    let client = state.access.clients.get(id).ok_or("invalid_client")?;
    if form.get("client_secret") != Some(&client.client_secret) {
        return Err("invalid_client");
    }
    Ok(client.clone())
}

fn by_code(state: &mut State, client: &Client, form: &Form) -> Result<Value, Refused> {
    let code = form.get("code").ok_or("invalid_request")?;
    let code = state.access.codes.remove(code).ok_or("invalid_grant")?;
    let fits = code.client_id == client.client_id
        && form.get("redirect_uri") == Some(&code.redirect_uri)
        && code.expires > state.now;
    let proven = match (&code.challenge, form.get("code_verifier")) {
        (None, _) => true,
        (Some(challenge), Some(verifier)) => {
            let hash = digest::digest(&digest::SHA256, verifier.as_bytes());
            URL_SAFE_NO_PAD.encode(hash.as_ref()) == *challenge
        }
        (Some(_), None) => false,
    };
    if !fits || !proven {
        return Err("invalid_grant");
    }
    Ok(begin(state, client, &code.user, code.scopes))
}

fn by_password(state: &mut State, client: &Client, form: &Form) -> Result<Value, Refused> {
    if !client.grants.contains("password") {
        return Err("unauthorized_client");
    }
    let scopes = scopes_of(form.get("scope").map_or("", String::as_str))?;
    let user = form.get("username").ok_or("invalid_grant")?;
    let password = form.get("password").map_or("", String::as_str);
    check_password(state, user, password).map_err(|_| "invalid_grant")?;
    Ok(begin(state, client, user, scopes))
}

/// A refresh token is good once; its life ends some days after the sign-in.
fn by_refresh(state: &mut State, client: &Client, form: &Form) -> Result<Value, Refused> {
    let given = form.get("refresh_token").ok_or("invalid_request")?;
    let known = state.access.grants.iter().find(|(_, grant)| grant.refresh.as_ref() == Some(given));
    let (number, grant) = known.ok_or("invalid_grant")?;
    let (number, since) = (*number, grant.since);
    let life = SignedDuration::from_hours(24 * client.refresh_days);
    if grant.client_id != client.client_id || state.now.duration_since(since) >= life {
        return Err("invalid_grant");
    }
    Ok(issue(state, number))
}

fn begin(state: &mut State, client: &Client, user: &str, scopes: BTreeSet<String>) -> Value {
    let number = state.counter;
    let grant = Grant {
        client_id: client.client_id.clone(),
        user: user.to_owned(),
        scopes,
        since: state.now,
        refresh: None,
        session: None,
    };
    state.counter += 1;
    state.access.grants.insert(number, grant);
    issue(state, number)
}

fn issue(state: &mut State, number: u64) -> Value {
    let access = format!("opaque-{}", state.uuid().replace('-', ""));
    let refresh = format!("opaque-r-{}", state.uuid().replace('-', ""));
    let expires = state.in_seconds(TOKEN_SECONDS);
    state.access.tokens.insert(access.clone(), Token { grant: number, expires, session: None });
    state.access.tokens_issued += 1;
    let mut body = json!({
        "access_token": access, "expires_in": TOKEN_SECONDS, "token_type": "Bearer",
    });
    if let Some(grant) = state.access.grants.get_mut(&number) {
        let scopes: Vec<&str> = grant.scopes.iter().map(String::as_str).collect();
        body["scope"] = json!(scopes.join(" "));
        if grant.scopes.contains("openid") {
            body["id_token"] = json!(format!("{access}.{number}"));
        }
        if grant.scopes.contains("offline_access") {
            body["refresh_token"] = json!(refresh);
            grant.refresh = Some(refresh);
        }
    }
    body
}

/// Revocation kills the token and leaves the seat taken (section 2).
fn revoke(state: &mut State, call: &Call<'_>) -> Reply {
    let Some(form) = call.form() else {
        return Reply::json(400, &json!({"error": "invalid_request"}));
    };
    if let Err(error) = client_of(state, &form) {
        return Reply::json(400, &json!({ "error": error }));
    }
    if let Some(token) = form.get("token") {
        state.access.tokens.remove(token);
        for grant in state.access.grants.values_mut() {
            if grant.refresh.as_ref() == Some(token) {
                grant.refresh = None;
            }
        }
    }
    Reply::empty(200)
}

fn user_info(state: &mut State, call: &Call<'_>) -> Reply {
    let token = call.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
    let token = token.and_then(|token| state.access.tokens.get(token));
    let live = token.filter(|token| token.expires > state.now);
    match live.and_then(|token| state.access.grants.get(&token.grant)) {
        Some(grant) => {
            Reply::json(200, &json!({"sub": grant.user, "preferred_username": grant.user}))
        }
        None => Reply::error(&ApiError::unauthorized()),
    }
}
