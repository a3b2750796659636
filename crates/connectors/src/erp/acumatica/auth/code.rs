//! Authorization code: a person allows the application in a browser, the site sends the browser on
//! with a code, and the code is exchanged once for the first pair of tokens (acumatica sheet
//! section 2; PKCE with S256).

use std::sync::Arc;

use async_trait::async_trait;
use aws_lc_rs::{digest, rand};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ports::transport::Transport;
use ports::{Clock, PortError};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::super::settings::Settings;
use super::answers::{Asked, read_tokens};
use super::{Credentials, SCOPES, ask_token, kept};
use crate::http::hosts::check_address;
use crate::http::urls::encode;
use crate::registry::{Authorisation, ConnectError, ConnectOptions};

/// Bytes of what nobody must guess.
const RANDOM_BYTES: usize = 32;

/// One attempt to have the connection allowed.
struct Attempt {
    site: String,
    client_id: String,
    client_secret: SecretString,
    redirect_uri: String,
    state: String,
    verifier: SecretString,
    address: String,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
}

/// Begins an attempt; nothing is sent yet.
///
/// # Errors
/// Names the field that is missing or wrong, `grant` when it is another one.
pub fn authorise(options: ConnectOptions) -> Result<Box<dyn Authorisation>, ConnectError> {
    let settings = Settings::read(&options)?;
    check_address(&settings.site, super::super::VENDOR_HOSTS, &options.allowed_hosts)?;
    let Credentials::Code { client_id, client_secret, redirect_uri, .. } =
        super::super::read_credentials(&options, &settings)?
    else {
        let why = "only authorization_code is allowed in a browser".to_owned();
        return Err(ConnectError::Wrong { field: "grant", why });
    };
    let (state, verifier) = (random()?, random()?);
    let hash = digest::digest(&digest::SHA256, verifier.as_bytes());
    let challenge = URL_SAFE_NO_PAD.encode(hash.as_ref());
    let site = settings.site.as_str().trim_end_matches('/').to_owned();
    let address = format!(
        "{site}/identity/connect/authorize?response_type=code&client_id={}&redirect_uri={}\
         &scope={}&state={state}&code_challenge={challenge}&code_challenge_method=S256",
        encode(&client_id),
        encode(&redirect_uri),
        encode(SCOPES)
    );
    Ok(Box::new(Attempt {
        site,
        client_id,
        client_secret,
        redirect_uri,
        state,
        verifier: SecretString::from(verifier),
        address,
        transport: options.transport,
        clock: options.clock,
    }))
}

fn random() -> Result<String, ConnectError> {
    let mut bytes = [0_u8; RANDOM_BYTES];
    let none = |_| ConnectError::Wrong { field: "grant", why: "no randomness".to_owned() };
    rand::fill(&mut bytes).map_err(none)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

impl Attempt {
    /// The code in what a person pasted: the whole address that the browser was sent to, or the code.
    fn code(&self, pasted: &str) -> Result<String, PortError> {
        let refused = |words: String| Err(PortError::Unauthorised(words));
        let Ok(address) = Url::parse(pasted.trim()) else {
            return match pasted.trim() {
                "" => refused("nothing was pasted".to_owned()),
                code => Ok(code.to_owned()),
            };
        };
        let value = |name: &str| {
            let mut pairs = address.query_pairs();
            pairs.find(|(key, _)| key == name).map(|(_, value)| value.into_owned())
        };
        if let Some(error) = value("error") {
            return refused(format!("the site answers {error} instead of a code"));
        }
        let Some(code) = value("code") else {
            return refused(
                "there is no code in this address: paste the one that the browser ends at after it was \
                 allowed, as a whole"
                    .to_owned(),
            );
        };
        // An address of another attempt, or of somebody else's.
        if value("state").as_deref() != Some(self.state.as_str()) {
            return refused("this address belongs to another attempt".to_owned());
        }
        Ok(code)
    }
}

#[async_trait]
impl Authorisation for Attempt {
    fn address(&self) -> &str {
        &self.address
    }

    fn returns_to(&self) -> &str {
        &self.redirect_uri
    }

    async fn finish(&self, pasted: &str) -> Result<Vec<(String, SecretString)>, PortError> {
        let code = self.code(pasted)?;
        let form = format!(
            "grant_type=authorization_code&code={}&redirect_uri={}&code_verifier={}&client_id={}\
             &client_secret={}",
            encode(&code),
            encode(&self.redirect_uri),
            encode(self.verifier.expose_secret()),
            encode(&self.client_id),
            encode(self.client_secret.expose_secret())
        );
        let now = self.clock.now();
        let response = ask_token(self.transport.as_ref(), &self.site, form).await?;
        let asked = Asked { site: &self.site, ..Asked::default() };
        let tokens = read_tokens(response.status().as_u16(), response.body(), now, asked, true)?;
        Ok(vec![(kept::FIELD.to_owned(), kept::seal(&tokens)?)])
    }
}
