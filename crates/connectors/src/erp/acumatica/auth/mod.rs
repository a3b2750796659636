//! Signing in: OAuth 2.0 (resource owner's password or authorization code, refreshed by a rotating
//! token), or the cookie session as fallback, which is signed out as soon as nobody uses it (acumatica sheet sections 2
//! and 3). One renewal at a time, while the others wait for it. Whoever leaves gives the seat back.

mod answers;
mod bar;
pub mod code;
mod kept;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, COOKIE};
use http::{HeaderName, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use ports::keeper::Keeper;
use ports::transport::Transport;
use ports::{Clock, PortError};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use crate::http::Authoriser;
use crate::http::auth::bearer_value;
use crate::http::urls::encode;
use answers::{Asked, Tokens, cookies, is_password_refused, read_tokens, sign_in_refused};
use bar::Bar;
use kept::Shelf;

/// A token is renewed this long before it expires.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_mins(5);
/// One session per grant, reused over all refreshes (acumatica sheet section 2).
const SCOPES: &str = "api offline_access";
/// A session ends by itself after ten idle minutes (acumatica sheet section 3); a token is judged by
/// its own time.
const SESSION_LIFE: SignedDuration = SignedDuration::from_mins(9);
const SIGN_IN_DEADLINE: Duration = Duration::from_secs(60);
/// Nobody waits longer at the end: what is left ends by itself.
const SIGN_OUT_DEADLINE: Duration = Duration::from_secs(10);

/// A password that was refused is not sent again for so long, unless it was entered anew: each try
/// counts towards a lock-out of the user (acumatica sheet section 3).
const BARRED: SignedDuration = SignedDuration::from_hours(1);

/// How a connection proves who it is.
pub enum Credentials {
    OAuth {
        /// `<GUID>@<tenant>`: the part behind the sign picks the tenant.
        client_id: String,
        client_secret: SecretString,
        user: String,
        password: SecretString,
    },
    /// Allowed by a person in a browser; the tokens are kept for all processes.
    Code {
        client_id: String,
        client_secret: SecretString,
        /// Where the site sends the browser with the code, as it is registered.
        redirect_uri: String,
        keeper: Arc<dyn Keeper>,
    },
    Cookie {
        user: String,
        password: SecretString,
        /// The tenant's login name; `None`: the default tenant.
        tenant: Option<String>,
        branch: Option<String>,
    },
}

enum Held {
    Token(Tokens),
    /// A token that was refused, for what renews it.
    Refused(Tokens),
    Session {
        cookies: HeaderValue,
        used: Timestamp,
    },
}

impl Held {
    /// What a request proves itself with; `None`: it has to be renewed first.
    fn header(&self) -> Option<Result<(HeaderName, HeaderValue), PortError>> {
        match self {
            Held::Token(tokens) => {
                Some(bearer_value(&tokens.access).map(|value| (AUTHORIZATION, value)))
            }
            Held::Session { cookies, .. } => Some(Ok((COOKIE, cookies.clone()))),
            Held::Refused(_) => None,
        }
    }
}

/// Keeps the token or session of one connection.
pub struct SignIn {
    credentials: Credentials,
    /// The site's address without a slash at its end.
    site: String,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    /// Held across a renewal and across signing out, so that there is one at a time.
    held: Mutex<Option<Held>>,
    /// When the password was refused, and how.
    barred: std::sync::Mutex<Option<(Timestamp, PortError)>>,
    /// The same for every process of this installation.
    bar: Bar,
    /// Whoever asks wants it tried, whatever another process found.
    asked_by_person: AtomicBool,
    /// Port calls that are under way: the session is signed out after the last.
    users: AtomicUsize,
    /// The connection is not used any more: what still comes is signed out after itself.
    leaves: AtomicBool,
}

/// One port call; it is over when dropped, also when nobody waited for its end.
struct Use<'a>(&'a AtomicUsize);

impl Drop for Use<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl SignIn {
    #[must_use]
    pub fn new(
        credentials: Credentials,
        site: &str,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
        keeper: Arc<dyn Keeper>,
    ) -> SignIn {
        let site = site.trim_end_matches('/').to_owned();
        let leaves = AtomicBool::new(matches!(credentials, Credentials::Cookie { .. }));
        SignIn {
            credentials,
            site,
            transport,
            clock,
            held: Mutex::default(),
            barred: std::sync::Mutex::default(),
            bar: Bar::new(keeper),
            asked_by_person: AtomicBool::new(false),
            users: AtomicUsize::new(0),
            leaves,
        }
    }

    /// Runs one port call. After the last one under way a cookie session is signed out: sessions are
    /// licence seats, and one that nobody signs out holds its seat for ten minutes.
    pub async fn during<T>(&self, call: impl Future<Output = T> + Send) -> T {
        self.users.fetch_add(1, Ordering::SeqCst);
        let one = Use(&self.users);
        let out = call.await;
        drop(one);
        self.leave_if_last().await;
        out
    }

    /// The connection is not used any more: its seat is given back now, or after the last call that
    /// is under way.
    pub async fn leave(&self) {
        self.leaves.store(true, Ordering::SeqCst);
        self.leave_if_last().await;
    }

    async fn leave_if_last(&self) {
        if !self.leaves.load(Ordering::SeqCst) {
            return;
        }
        let mut held = self.held.lock().await;
        // Whoever comes meanwhile was counted before it asks for what is held.
        if self.users.load(Ordering::SeqCst) > 0 {
            return;
        }
        match held.take() {
            Some(Held::Session { cookies, .. }) => self.sign_out((COOKIE, cookies)).await,
            Some(Held::Token(tokens)) => {
                if let Ok(bearer) = bearer_value(&tokens.access) {
                    self.sign_out((AUTHORIZATION, bearer)).await;
                }
                self.revoke(tokens.refresh.as_ref().unwrap_or(&tokens.access)).await;
            }
            Some(Held::Refused(tokens)) => {
                self.revoke(tokens.refresh.as_ref().unwrap_or(&tokens.access)).await;
            }
            None => {}
        }
    }

    /// Frees the seat; also that of a token, which revoking alone would leave taken (acumatica sheet
    /// section 2). Without a length the web server refuses it (section 3).
    async fn sign_out(&self, (name, value): (HeaderName, HeaderValue)) {
        let request = http::Request::post(format!("{}/entity/auth/logout", self.site))
            .header(name, value)
            .header(CONTENT_LENGTH, "0")
            .body(Bytes::new());
        self.say_goodbye(request).await;
    }

    /// Ends a token, which would open a session anew otherwise. One that a person allowed is kept: it
    /// is all there is.
    async fn revoke(&self, token: &SecretString) {
        let Credentials::OAuth { client_id, client_secret, .. } = &self.credentials else { return };
        let form = format!(
            "token={}&client_id={}&client_secret={}",
            encode(token.expose_secret()),
            encode(client_id),
            encode(client_secret.expose_secret())
        );
        let request = http::Request::post(format!("{}/identity/connect/revocation", self.site))
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Bytes::from(form));
        self.say_goodbye(request).await;
    }

    /// An answer changes nothing: what is left ends by itself.
    async fn say_goodbye(&self, request: http::Result<http::Request<Bytes>>) {
        if let Ok(request) = request
            && let Err(error) = self.transport.send(request, SIGN_OUT_DEADLINE).await
        {
            tracing::warn!(%error, "signing out failed: the session ends by itself");
        }
    }

    /// How it signs in, in a few words.
    #[must_use]
    pub fn how(&self) -> &'static str {
        match self.credentials {
            Credentials::OAuth { .. } => "OAuth 2.0, resource owner's password",
            Credentials::Code { .. } => "OAuth 2.0, authorization code",
            Credentials::Cookie { .. } => "cookie session",
        }
    }

    async fn renew(&self, held: Option<&Held>) -> Result<Held, PortError> {
        match &self.credentials {
            Credentials::Cookie { user, password, tenant, branch } => {
                self.check_barred().await?;
                let mut body = Map::new();
                let mut put = |name: &str, value: &str| body.insert(name.into(), json!(value));
                put("name", user);
                put("password", password.expose_secret());
                // Drop-downs are read by their labels (acumatica sheet section 16, row 22).
                put("locale", "en-US");
                tenant.iter().for_each(|tenant| drop(put("tenant", tenant)));
                branch.iter().for_each(|branch| drop(put("branch", branch)));
                self.open_session(&Value::Object(body)).await
            }
            Credentials::Code { client_id, client_secret, keeper, .. } => {
                let shelf = Shelf { keeper: Arc::clone(keeper), clock: Arc::clone(&self.clock) };
                let now = self.clock.now();
                let refused = match held {
                    Some(Held::Refused(tokens)) => Some(tokens.access.expose_secret()),
                    Some(Held::Token(_) | Held::Session { .. }) | None => None,
                };
                let suits = |kept: &Tokens| {
                    lasts(kept, now) && refused != Some(kept.access.expose_secret())
                };
                let client = client_form(client_id, client_secret);
                let ask = |refresh| async move { self.ask_again(&refresh, &client).await };
                shelf.renewed(suits, ask).await.map(Held::Token)
            }
            Credentials::OAuth { client_id, client_secret, user, password } => {
                // The password is tried last, so whatever came before it was refused too.
                self.check_barred().await?;
                let client = client_form(client_id, client_secret);
                let refresh = match held {
                    Some(Held::Token(tokens) | Held::Refused(tokens)) => tokens.refresh.as_ref(),
                    Some(Held::Session { .. }) | None => None,
                };
                if let Some(refresh) = refresh {
                    match self.ask_again(refresh, &client).await {
                        // It was used before, or its chain is over: sign in anew.
                        Err(PortError::Unauthorised(_)) => {}
                        outcome => return outcome.map(Held::Token),
                    }
                }
                let form = format!(
                    "grant_type=password&username={}&password={}&scope={}{client}",
                    encode(user),
                    encode(password.expose_secret()),
                    encode(SCOPES)
                );
                let now = self.clock.now();
                let response = ask_token(self.transport.as_ref(), &self.site, form).await?;
                let (status, body) = (response.status().as_u16(), response.body());
                let read = read_tokens(status, body, now, self.asked(), false);
                self.bar_if_refused(status, body, read).await.map(Held::Token)
            }
        }
    }

    /// The refusal, while the password is not to be tried again: by this process, or, unless a person asks,
    /// by another one.
    async fn check_barred(&self) -> Result<(), PortError> {
        let barred = self.barred.lock().ok().and_then(|barred| barred.clone());
        let now = self.clock.now();
        match barred {
            Some((at, error)) if now.duration_since(at) < BARRED => return Err(error),
            Some(_) | None => {}
        }
        if self.asked_by_person.load(Ordering::SeqCst) {
            return Ok(());
        }
        match self.bar.standing(&self.entered(), now).await {
            Some(words) => Err(PortError::Unauthorised(words)),
            None => Ok(()),
        }
    }

    /// A person wants to know whether the password is taken by now.
    pub fn asked_by_person(&self) {
        self.asked_by_person.store(true, Ordering::SeqCst);
    }

    /// What is entered, for telling whether it is what was refused.
    fn entered(&self) -> String {
        match &self.credentials {
            Credentials::OAuth { client_id, user, password, .. } => {
                format!("{client_id}\n{user}\n{}", password.expose_secret())
            }
            Credentials::Cookie { user, password, tenant, .. } => {
                let tenant = tenant.as_deref().unwrap_or_default();
                format!("{tenant}\n{user}\n{}", password.expose_secret())
            }
            Credentials::Code { .. } => String::new(),
        }
    }

    /// Remembers a refusal of the password, or that it is taken again.
    async fn bar_if_refused<T>(
        &self,
        status: u16,
        body: &[u8],
        outcome: Result<T, PortError>,
    ) -> Result<T, PortError> {
        match &outcome {
            Ok(_) => self.bar.lift().await,
            Err(error @ PortError::Unauthorised(words)) if is_password_refused(status, body) => {
                let now = self.clock.now();
                if let Ok(mut barred) = self.barred.lock() {
                    *barred = Some((now, error.clone()));
                }
                self.bar.raise(&self.entered(), words, now).await;
            }
            Err(_) => {}
        }
        outcome
    }

    /// What the sign-in names, for a refusal of it.
    fn asked(&self) -> Asked<'_> {
        match &self.credentials {
            Credentials::Cookie { tenant, branch, .. } => {
                Asked { site: &self.site, tenant: tenant.as_deref(), branch: branch.as_deref() }
            }
            Credentials::OAuth { .. } | Credentials::Code { .. } => {
                Asked { site: &self.site, ..Asked::default() }
            }
        }
    }

    async fn ask_again(&self, refresh: &SecretString, client: &str) -> Result<Tokens, PortError> {
        let token = encode(refresh.expose_secret());
        self.ask(format!("grant_type=refresh_token&refresh_token={token}{client}")).await
    }

    async fn ask(&self, form: String) -> Result<Tokens, PortError> {
        let now = self.clock.now();
        let of_code = matches!(self.credentials, Credentials::Code { .. });
        let response = ask_token(self.transport.as_ref(), &self.site, form).await?;
        read_tokens(response.status().as_u16(), response.body(), now, self.asked(), of_code)
    }

    async fn open_session(&self, body: &Value) -> Result<Held, PortError> {
        let now = self.clock.now();
        let request = http::Request::post(format!("{}/entity/auth/login", self.site))
            .header(CONTENT_TYPE, "application/json")
            .header(ACCEPT, "application/json")
            .body(Bytes::from(body.to_string()))
            .map_err(|error| PortError::Unavailable(format!("bad address: {error}")))?;
        let response = self
            .transport
            .send(request, SIGN_IN_DEADLINE)
            .await
            .map_err(|error| PortError::Unavailable(format!("signing in: {error}")))?;
        let status = response.status().as_u16();
        if !response.status().is_success() {
            let refused = sign_in_refused(status, response.body(), self.asked());
            return self.bar_if_refused(status, response.body(), Err(refused)).await;
        }
        let cookies = cookies(response.headers()).ok_or_else(|| {
            PortError::Unavailable("the sign-in was answered without a session".to_owned())
        })?;
        self.bar.lift().await;
        Ok(Held::Session { cookies, used: now })
    }

    fn is_fresh(&self, held: &Held, now: Timestamp) -> bool {
        match held {
            Held::Token(tokens) => lasts(tokens, now),
            Held::Refused(_) => false,
            Held::Session { used, .. } => now.duration_since(*used) < SESSION_LIFE,
        }
    }
}

fn lasts(tokens: &Tokens, now: Timestamp) -> bool {
    tokens.until.duration_since(now) > RENEW_BEFORE
}

/// The secret stands in the form: other ways are not certain (acumatica sheet section 2).
fn client_form(client_id: &str, client_secret: &SecretString) -> String {
    let secret = encode(client_secret.expose_secret());
    format!("&client_id={}&client_secret={secret}", encode(client_id))
}

/// Sends a form to the token endpoint.
async fn ask_token(
    transport: &dyn Transport,
    site: &str,
    form: String,
) -> Result<http::Response<Bytes>, PortError> {
    let request = http::Request::post(format!("{site}/identity/connect/token"))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json")
        .body(Bytes::from(form))
        .map_err(|error| PortError::Unavailable(format!("bad token address: {error}")))?;
    transport
        .send(request, SIGN_IN_DEADLINE)
        .await
        .map_err(|error| PortError::Unavailable(format!("asking for a token: {error}")))
}

#[async_trait]
impl Authoriser for SignIn {
    async fn headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>, PortError> {
        let mut state = self.held.lock().await;
        let now = self.clock.now();
        if !state.as_ref().is_some_and(|held| self.is_fresh(held, now)) {
            // What is held is replaced by success alone: a refresh that was not answered may be
            // asked for again.
            let renewed = self.renew(state.as_ref()).await?;
            *state = Some(renewed);
        }
        if let Some(Held::Session { used, .. }) = &mut *state {
            *used = now;
        }
        let header = state.as_ref().and_then(Held::header);
        let missing = || PortError::Unavailable("no token was given".to_owned());
        header.ok_or_else(missing)?.map(|header| vec![header])
    }

    async fn refused(&self, sent: &[(HeaderName, HeaderValue)]) -> bool {
        let mut state = self.held.lock().await;
        let held = state.as_ref().and_then(Held::header);
        let refused = matches!(held, Some(Ok(header)) if sent.contains(&header));
        if refused {
            *state = match state.take() {
                Some(Held::Token(tokens) | Held::Refused(tokens)) => Some(Held::Refused(tokens)),
                Some(Held::Session { .. }) | None => None,
            };
        }
        true
    }
}
