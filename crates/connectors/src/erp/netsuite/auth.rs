//! OAuth 2.0 client credentials with a signed assertion (netsuite sheet section 2). One token per
//! connection, renewed before it expires, by one caller while the others wait for it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderName, HeaderValue};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Header, encode};
use ports::transport::Transport;
use ports::{Clock, PortError};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::keys::{KeyError, SigningKey};
use super::wire::{Record, parse_body};
use crate::http::Authoriser;
use crate::http::auth::bearer_value;
use crate::http::urls::encode as encode_form;

/// An assertion lives this long; NetSuite takes up to 60 minutes (netsuite sheet section 2.2).
const ASSERTION_LIFE: SignedDuration = SignedDuration::from_mins(5);
/// A token is renewed this long before it expires.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_mins(5);
/// What a token lives when the answer does not say (netsuite sheet section 2.3).
const TOKEN_SECONDS_DEFAULT: i64 = 3_600;
const TOKEN_DEADLINE: Duration = Duration::from_secs(30);
/// A token request changes nothing over there, so it may be repeated.
const TOKEN_ATTEMPTS: u32 = 3;
const TOKEN_RETRY_WAIT: Duration = Duration::from_secs(2);
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Who asks, and the key that proves it.
pub struct ClientCredentials {
    pub client_id: String,
    /// The certificate's id in NetSuite.
    pub certificate_id: String,
    pub key: SigningKey,
    /// The exact URL of the token endpoint.
    pub token_url: String,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    scope: [&'a str; 1],
    aud: &'a str,
    iat: i64,
    exp: i64,
}

impl ClientCredentials {
    /// The signed assertion for a request made at `now`.
    ///
    /// # Errors
    /// When the key can not sign.
    pub fn assertion(&self, now: Timestamp) -> Result<SecretString, KeyError> {
        let mut header = Header::new(self.key.algorithm);
        header.kid = Some(self.certificate_id.clone());
        let claims = Claims {
            iss: &self.client_id,
            scope: ["rest_webservices"],
            aud: &self.token_url,
            iat: now.as_second(),
            exp: now.as_second() + ASSERTION_LIFE.as_secs(),
        };
        encode(&header, &claims, &self.key.key)
            .map(SecretString::from)
            .map_err(|_| KeyError("the private key could not sign the request".to_owned()))
    }
}

struct Token {
    value: SecretString,
    expires_at: Timestamp,
}

/// Keeps the token of one connection.
pub struct TokenKeeper {
    credentials: ClientCredentials,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    /// Held across a renewal, so that there is one at a time.
    token: tokio::sync::Mutex<Option<Token>>,
}

impl TokenKeeper {
    #[must_use]
    pub fn new(
        credentials: ClientCredentials,
        transport: Arc<dyn Transport>,
        clock: Arc<dyn Clock>,
    ) -> TokenKeeper {
        TokenKeeper { credentials, transport, clock, token: tokio::sync::Mutex::new(None) }
    }

    async fn renew(&self) -> Result<Token, PortError> {
        let mut attempt = 1;
        loop {
            match self.ask().await {
                Err(PortError::Unavailable(_) | PortError::Throttled { .. })
                    if attempt < TOKEN_ATTEMPTS =>
                {
                    self.clock.wait(TOKEN_RETRY_WAIT * attempt).await;
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn ask(&self) -> Result<Token, PortError> {
        let now = self.clock.now();
        let assertion = self
            .credentials
            .assertion(now)
            .map_err(|error| PortError::Unauthorised(error.to_string()))?;
        let request = self.request(&assertion)?;
        let response = self
            .transport
            .send(request, TOKEN_DEADLINE)
            .await
            .map_err(|error| PortError::Unavailable(format!("asking for a token: {error}")))?;
        read_token(response.status().as_u16(), response.body(), now)
    }

    fn request(&self, assertion: &SecretString) -> Result<http::Request<Bytes>, PortError> {
        let form = format!(
            "grant_type=client_credentials&client_assertion_type={}&client_assertion={}",
            encode_form(ASSERTION_TYPE),
            assertion.expose_secret()
        );
        http::Request::post(&self.credentials.token_url)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(Bytes::from(form))
            .map_err(|error| PortError::Unavailable(format!("bad token address: {error}")))
    }
}

/// Reads the answer of the token endpoint (netsuite sheet sections 2.3 and 2.4): every 4xx means
/// that a person must look at the credentials.
fn read_token(status: u16, body: &[u8], now: Timestamp) -> Result<Token, PortError> {
    let parsed = parse_body(body).unwrap_or_default();
    let answer = Record(&parsed);
    match status {
        200..=299 => {}
        429 => return Err(PortError::Throttled { retry_after: None }),
        500..=599 | 408 => {
            return Err(PortError::Unavailable(format!("the token endpoint answers {status}")));
        }
        _ => {
            let code = answer.text("error").unwrap_or_else(|| format!("status {status}"));
            return Err(PortError::Unauthorised(format!("{code}: {}", advice(&code))));
        }
    }
    let value = answer
        .text("access_token")
        .ok_or_else(|| PortError::Unavailable("the token answer holds no token".to_owned()))?;
    // A number today, text in older documentation.
    let seconds = answer
        .text("expires_in")
        .and_then(|text| text.parse::<i64>().ok())
        .unwrap_or(TOKEN_SECONDS_DEFAULT);
    let life = SignedDuration::from_secs(seconds.clamp(0, TOKEN_SECONDS_DEFAULT));
    let expires_at = now.checked_add(life).unwrap_or(now);
    Ok(Token { value: SecretString::from(value), expires_at })
}

fn advice(code: &str) -> &'static str {
    match code {
        "unauthorized_client" => {
            "tick \"Client Credentials (Machine to Machine) Grant\" on the integration record"
        }
        "invalid_scope" => "tick the scope \"REST Web Services\" on the integration record",
        "invalid_client" => "check the client id of the integration record",
        _ => {
            "check the certificate id, that the certificate is mapped to the right role and user, \
             is not expired or revoked, that the role has the permission Log in using OAuth 2.0 \
             Access Tokens, and that this machine's clock is right; a sandbox refresh removes \
             certificates"
        }
    }
}

#[async_trait]
impl Authoriser for TokenKeeper {
    async fn headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>, PortError> {
        let mut held = self.token.lock().await;
        let now = self.clock.now();
        let fresh = held.take().filter(|token| token.expires_at.duration_since(now) > RENEW_BEFORE);
        let token = match fresh {
            Some(token) => token,
            None => self.renew().await?,
        };
        let value = bearer_value(&token.value)?;
        *held = Some(token);
        Ok(vec![(AUTHORIZATION, value)])
    }

    async fn refused(&self, sent: &[(HeaderName, HeaderValue)]) -> bool {
        let mut held = self.token.lock().await;
        held.take_if(|token| {
            let value = bearer_value(&token.value).ok();
            sent.iter().any(|(_, refused)| value.as_ref() == Some(refused))
        });
        true
    }
}
