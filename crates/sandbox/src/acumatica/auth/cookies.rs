//! Sign-in and sign-out by cookie (acumatica sheet section 3).

use crate::acumatica::errors::{ApiError, Result};
use crate::acumatica::http_io::{Call, Reply};
use crate::acumatica::state::State;
use serde_json::Value;

/// Wrong passwords that lock a user.
const FAILURES_MAX: u32 = 5;

/// POST `/entity/auth/login`.
pub fn login(state: &mut State, call: &Call<'_>) -> Result<Reply> {
    if call.method != "POST" {
        return Err(ApiError::Simple(405, "The requested resource does not support it.".into()));
    }
    let body = call.body_or_form()?;
    let text = |name: &str| -> Result<Option<String>> {
        match &body[name] {
            Value::Null => Ok(None),
            Value::String(text) => Ok(Some(text.clone())),
            _ => Err(ApiError::parsing(name, "a plain string is expected")),
        }
    };
    let name = text("name")?.unwrap_or_default();
    let password = text("password")?.unwrap_or_default();
    let tenant = text("tenant")?.or(text("company")?).unwrap_or_default();
    let known = state.settings.single_tenant || tenant.is_empty();
    if !known && !tenant.eq_ignore_ascii_case(&state.tenant) {
        let text = format!("The tenant {tenant} is not defined.");
        return Err(ApiError::Exception(500, text, "PX.Data.PXUndefinedCompanyException"));
    }
    check_password(state, &name, &password)?;
    let branch = text("branch")?.filter(|branch| !branch.is_empty());
    if let Some(branch) = branch.as_ref().filter(|branch| !state.branches.contains(*branch)) {
        return Err(ApiError::px(format!("Error: The branch {branch} cannot be found.")));
    }
    let session = state.open_session(&name, branch.clone())?;
    let ticket = format!("{}{}", state.uuid(), state.uuid()).replace('-', "").to_uppercase();
    state.access.tickets.insert(ticket.clone(), name);
    let branch = branch.unwrap_or_default();
    let locale = text("locale")?.unwrap_or_else(|| "en-US".to_owned());
    let request = state.uuid();
    let zone = state.settings.user_zone.clone();
    let mut reply = Reply::empty(204);
    for (name, value, hidden) in [
        (".ASPXAUTH", ticket.as_str(), true),
        ("ASP.NET_SessionId", session.as_str(), true),
        ("UserBranch", branch.as_str(), false),
        ("Locale", &format!("Culture={locale}&TimeZone={zone}"), false),
        ("CompanyID", &state.tenant, false),
        ("requestid", &request, false),
        ("requeststat", "+st:12+sc:~/entity/auth/login+start:0+tg:", false),
    ] {
        let http_only = if hidden { "; HttpOnly" } else { "" };
        reply = reply.header("Set-Cookie", &format!("{name}={value}; path=/{http_only}"));
    }
    Ok(reply)
}

/// Refuses a wrong password or a locked user; both count against the user.
pub fn check_password(state: &mut State, name: &str, password: &str) -> Result<()> {
    let refused = "Error: Invalid credentials. Please try again.";
    let Some(user) = state.access.users.get_mut(name) else { return Err(ApiError::px(refused)) };
    if user.locked {
        return Err(ApiError::px("Error: Your account has been locked out. Contact support."));
    }
    if user.password != password {
        user.failures += 1;
        user.locked = user.failures >= FAILURES_MAX;
        return Err(ApiError::px(refused));
    }
    user.failures = 0;
    Ok(())
}

/// POST `/entity/auth/logout`: frees the seat; a bearer token stays good (section 2).
pub fn logout(state: &mut State, call: &Call<'_>) -> Result<Reply> {
    if call.header("content-length").is_none() && call.header("transfer-encoding").is_none() {
        return Err(ApiError::Simple(411, "Length Required".to_owned()));
    }
    let mut held = call.cookie("ASP.NET_SessionId");
    let token = call.header("authorization").and_then(|header| header.strip_prefix("Bearer "));
    if let Some(token) = token.and_then(|token| state.access.tokens.get(token)) {
        let grant = state.access.grants.get(&token.grant);
        let shared = grant.and_then(|grant| grant.session.clone());
        held = held.or_else(|| token.session.clone()).or(shared);
    }
    if let Some(session) = held {
        state.access.sessions.remove(&session);
        state.operations.retain(|_, operation| !operation.done || operation.session != session);
    }
    if let Some(ticket) = call.cookie(".ASPXAUTH") {
        state.access.tickets.remove(&ticket);
    }
    let mut reply = Reply::empty(204);
    for name in [".ASPXAUTH", "ASP.NET_SessionId", "UserBranch"] {
        let gone = format!("{name}=; path=/; expires=Mon, 01-Jan-1990 00:00:00 GMT");
        reply = reply.header("Set-Cookie", &gone);
    }
    Ok(reply)
}
