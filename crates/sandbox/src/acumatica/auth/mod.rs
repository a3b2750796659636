//! Who may call: users, applications, grants and tokens, and the sessions that take the licence's
//! seats (acumatica sheet sections 2, 3, 4).

pub mod cookies;
pub mod oauth;

use super::errors::{ApiError, Result};
use super::http_io::Call;
use super::state::State;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// A user of the tenant.
#[derive(Debug, Clone, Deserialize)]
pub struct User {
    pub name: String,
    pub password: String,
    /// Locked or disabled.
    #[serde(default)]
    pub locked: bool,
    /// Wrong passwords since the last good one.
    #[serde(default)]
    pub failures: u32,
}

/// A connected application (SM303010).
#[derive(Debug, Clone, Deserialize)]
pub struct Client {
    /// `<GUID>@<tenant>`.
    pub client_id: String,
    pub client_secret: String,
    #[serde(default)]
    pub redirect_uris: BTreeSet<String>,
    /// Grants that the registration allows.
    #[serde(default = "all_grants")]
    pub grants: BTreeSet<String>,
    /// Days after sign-in at which refreshing ends.
    #[serde(default = "thirty")]
    pub refresh_days: i64,
}

fn all_grants() -> BTreeSet<String> {
    ["authorization_code", "password"].map(str::to_owned).into()
}

fn thirty() -> i64 {
    30
}

/// What a person allowed an application.
#[derive(Debug, Clone)]
pub struct Grant {
    pub client_id: String,
    pub user: String,
    pub scopes: BTreeSet<String>,
    pub since: Timestamp,
    /// The one refresh token that is still good.
    pub refresh: Option<String>,
    /// The session shared by all its tokens, with `offline_access`.
    pub session: Option<String>,
}

/// An access token.
#[derive(Debug, Clone)]
pub struct Token {
    pub grant: u64,
    pub expires: Timestamp,
    /// Its own session, without `offline_access`.
    pub session: Option<String>,
}

/// A code on its way through a browser.
#[derive(Debug, Clone)]
pub struct Code {
    pub client_id: String,
    pub redirect_uri: String,
    pub challenge: Option<String>,
    pub scopes: BTreeSet<String>,
    pub user: String,
    pub expires: Timestamp,
}

/// A seat of the licence in use.
#[derive(Debug, Clone)]
pub struct Session {
    pub user: String,
    pub branch: Option<String>,
    pub used: Timestamp,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Access {
    pub users: BTreeMap<String, User>,
    pub clients: BTreeMap<String, Client>,
    pub grants: BTreeMap<u64, Grant>,
    pub tokens: BTreeMap<String, Token>,
    pub codes: BTreeMap<String, Code>,
    /// Sign-ins by cookie: ticket and user.
    pub tickets: BTreeMap<String, String>,
    pub sessions: BTreeMap<String, Session>,
    pub tokens_issued: u64,
    pub sessions_opened: u64,
}

/// The caller as far as it matters further in.
#[derive(Debug, Clone)]
pub struct Caller {
    pub session: String,
    /// Cookies to set, for a session that was opened just now.
    pub cookies: Vec<String>,
}

impl State {
    /// Ends the sessions that were idle too long.
    pub fn end_idle_sessions(&mut self) {
        let idle = SignedDuration::from_mins(self.settings.idle_minutes);
        let now = self.now;
        self.access.sessions.retain(|_, session| now.duration_since(session.used) < idle);
    }

    /// Takes a seat; refused when none is free.
    pub fn open_session(&mut self, user: &str, branch: Option<String>) -> Result<String> {
        self.end_idle_sessions();
        if self.access.sessions.len() >= self.settings.api_users {
            self.journal.logins_refused += 1;
            return Err(ApiError::login_limit(self.settings.login_limit_status));
        }
        let id = self.uuid().replace('-', "");
        let session = Session { user: user.to_owned(), branch, used: self.now };
        self.access.sessions.insert(id.clone(), session);
        self.access.sessions_opened += 1;
        Ok(id)
    }

    /// Finds out who calls, and in which session.
    pub fn authenticate(&mut self, call: &Call<'_>) -> Result<Caller> {
        self.end_idle_sessions();
        let caller = match call.header("authorization") {
            Some(header) => self.by_token(call, header)?,
            None => self.by_cookie(call)?,
        };
        let now = self.now;
        if let Some(session) = self.access.sessions.get_mut(&caller.session) {
            session.used = now;
        }
        Ok(caller)
    }

    fn by_token(&mut self, call: &Call<'_>, header: &str) -> Result<Caller> {
        let text = header.strip_prefix("Bearer ").ok_or_else(ApiError::unauthorized)?;
        let token = self.access.tokens.get(text).cloned();
        let token = token.filter(|token| token.expires > self.now);
        let token = token.ok_or_else(ApiError::unauthorized)?;
        let grant = self.access.grants.get(&token.grant).cloned();
        let grant = grant.ok_or_else(ApiError::unauthorized)?;
        let locked = self.access.users.get(&grant.user).is_none_or(|user| user.locked);
        if !grant.scopes.contains("api") || locked {
            return Err(ApiError::unauthorized());
        }
        let live =
            |id: &Option<String>| id.clone().filter(|id| self.access.sessions.contains_key(id));
        let parallel = grant.scopes.contains("api:concurrent_access");
        let shared = grant.scopes.contains("offline_access");
        let held = if parallel {
            live(&call.cookie("ASP.NET_SessionId"))
        } else if shared {
            live(&grant.session)
        } else {
            live(&token.session)
        };
        if let Some(session) = held {
            return Ok(Caller { session, cookies: Vec::new() });
        }
        let session = self.open_session(&grant.user, None)?;
        if parallel {
            let cookies = vec![format!("ASP.NET_SessionId={session}; path=/; HttpOnly")];
            return Ok(Caller { session, cookies });
        }
        if shared {
            if let Some(grant) = self.access.grants.get_mut(&token.grant) {
                grant.session = Some(session.clone());
            }
        } else if let Some(token) = self.access.tokens.get_mut(text) {
            token.session = Some(session.clone());
        }
        Ok(Caller { session, cookies: Vec::new() })
    }

    fn by_cookie(&mut self, call: &Call<'_>) -> Result<Caller> {
        let ticket = call.cookie(".ASPXAUTH").ok_or_else(ApiError::unauthorized)?;
        let user = self.access.tickets.get(&ticket).cloned();
        let user = user.ok_or_else(ApiError::unauthorized)?;
        let session = call.cookie("ASP.NET_SessionId");
        if let Some(session) = session {
            if !self.access.sessions.contains_key(&session) {
                return Err(ApiError::unauthorized());
            }
            return Ok(Caller { session, cookies: Vec::new() });
        }
        // A client that keeps only half of the cookies burns a seat with every request.
        let session = self.open_session(&user, None)?;
        let cookies = vec![format!("ASP.NET_SessionId={session}; path=/; HttpOnly")];
        Ok(Caller { session, cookies })
    }

    /// The branch of a request: its header, else that of the session.
    pub fn branch_of(&self, call: &Call<'_>, session: &str) -> String {
        let named = call.header("px-cbapibranch").map(str::to_owned);
        let held = || self.access.sessions.get(session).and_then(|held| held.branch.clone());
        let first = || self.branches.first().cloned();
        named.or_else(held).or_else(first).unwrap_or_default()
    }
}
