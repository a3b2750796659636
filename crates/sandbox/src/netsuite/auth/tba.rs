//! Token-based authentication: the OAuth 1.0a signature over method, URL and every parameter but
//! the realm (netsuite sheet section 3).

use super::Credentials;
use crate::netsuite::state::State;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// How far a timestamp may be off, seconds (sheet section 16: window unverified).
const SKEW_SECONDS_MAX: i64 = 5 * 60;

/// Accepts or refuses the parameters of an `OAuth` header.
pub fn check(state: &mut State, credentials: &Credentials<'_>, header: &str) -> Result<(), ()> {
    let tba = state.integration.tba.clone().ok_or(())?;
    let given = parse(header).ok_or(())?;
    let one = |name: &str| {
        let mut found = given.iter().filter(|(key, _)| key == name);
        found.next().filter(|_| found.next().is_none()).map(|(_, value)| value.as_str())
    };
    let at: i64 = one("oauth_timestamp").and_then(|text| text.parse().ok()).ok_or(())?;
    let nonce = one("oauth_nonce").ok_or(())?.to_owned();
    let fits = one("realm") == Some(&state.account_id)
        && one("oauth_consumer_key") == Some(&tba.consumer_key)
        && one("oauth_token") == Some(&tba.token)
        && one("oauth_signature_method") == Some("HMAC-SHA256")
        && one("oauth_version").is_none_or(|version| version == "1.0")
        && (state.now.as_second() - at).abs() <= SKEW_SECONDS_MAX;
    if !fits || state.integration.nonces.contains(&nonce) {
        return Err(());
    }
    let key = format!("{}&{}", encode(&tba.consumer_secret), encode(&tba.token_secret));
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    let signature = STANDARD.decode(one("oauth_signature").ok_or(())?).map_err(|_| ())?;
    let base = base_string(credentials, &given);
    hmac::verify(&key, base.as_bytes(), &signature).map_err(|_| ())?;
    state.integration.nonces.insert(nonce);
    Ok(())
}

fn base_string(credentials: &Credentials<'_>, given: &[(String, String)]) -> String {
    let signed = given.iter().filter(|(key, _)| key != "realm" && key != "oauth_signature");
    let mut all: Vec<(String, String)> =
        signed.map(|(key, value)| (encode(key), encode(value))).collect();
    for (key, value) in url::form_urlencoded::parse(credentials.query.as_bytes()) {
        all.push((encode(&key), encode(&value)));
    }
    all.sort();
    let joined: Vec<String> = all.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let url = encode(&credentials.url);
    format!("{}&{url}&{}", credentials.method.to_uppercase(), encode(&joined.join("&")))
}

/// Splits `key="value"` pairs, whatever the separators.
fn parse(header: &str) -> Option<Vec<(String, String)>> {
    let mut pairs = Vec::new();
    for part in header.split(',') {
        let (key, value) = part.trim().split_once('=')?;
        let value = value.trim().trim_matches('"');
        pairs.push((decode(key.trim()), decode(value)));
    }
    Some(pairs)
}

/// Percent-encoding of RFC 5849, section 3.6.
fn encode(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

fn decode(text: &str) -> String {
    let plain = text.replace('+', "%2B");
    url::form_urlencoded::parse(format!("v={plain}").as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap_or_default()
}
