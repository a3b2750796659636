//! Credentials as headers. A token is a secret until the moment it becomes a header value, which is
//! marked sensitive so that no debug output shows it.

use async_trait::async_trait;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue};
use ports::PortError;
use secrecy::{ExposeSecret, SecretString};

/// Gives the headers that prove who asks.
#[async_trait]
pub trait Authoriser: Send + Sync {
    /// Header name/value pairs for a request made now; renews before expiry (single flight).
    async fn headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>, PortError>;

    /// These were refused with 401: forget them. Those that came after them are kept, since requests
    /// under way together are refused one by one. `false`: nothing to renew.
    async fn refused(&self, sent: &[(HeaderName, HeaderValue)]) -> bool;
}

/// A static bearer token: it is never renewed.
pub struct Bearer {
    token: SecretString,
}

impl Bearer {
    #[must_use]
    pub fn new(token: SecretString) -> Bearer {
        Bearer { token }
    }
}

#[async_trait]
impl Authoriser for Bearer {
    async fn headers(&self) -> Result<Vec<(HeaderName, HeaderValue)>, PortError> {
        Ok(vec![(AUTHORIZATION, bearer_value(&self.token)?)])
    }

    async fn refused(&self, _sent: &[(HeaderName, HeaderValue)]) -> bool {
        false
    }
}

/// `Bearer <token>` as a sensitive header value; a token with characters that no header can hold is
/// refused without naming it.
pub fn bearer_value(token: &SecretString) -> Result<HeaderValue, PortError> {
    let text = format!("Bearer {}", token.expose_secret().trim());
    let mut value = HeaderValue::from_str(&text).map_err(|_| {
        PortError::Unauthorised("the token holds characters that no token has".to_owned())
    })?;
    value.set_sensitive(true);
    Ok(value)
}
