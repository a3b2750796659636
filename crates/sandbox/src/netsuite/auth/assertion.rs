//! The signed assertion of the client-credentials flow: algorithm, key, certificate, claims
//! (netsuite sheet sections 2.1 and 2.2).

use super::{INVALID_CLIENT, INVALID_GRANT, INVALID_REQUEST, INVALID_SCOPE, Refusal};
use crate::netsuite::state::{Certificate, State};
use crate::netsuite::values::integer_in;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P384_SHA384_FIXED, ECDSA_P521_SHA512_FIXED,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512,
    UnparsedPublicKey, VerificationAlgorithm,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use x509_parser::prelude::{FromDer, X509Certificate, parse_x509_pem};
use x509_parser::public_key::PublicKey;

/// Longest life of an assertion, seconds.
const LIFE_SECONDS_MAX: i64 = 60 * 60;
/// Certificates are cut to two years from their upload.
const CERTIFICATE_SECONDS_MAX: i64 = 2 * 365 * 24 * 60 * 60;

/// Which keys an algorithm takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Key {
    Rsa,
    /// Size of the curve in bits.
    Ec(usize),
}

fn algorithm(name: &str) -> Option<(&'static dyn VerificationAlgorithm, Key)> {
    Some(match name {
        "PS256" => (&RSA_PSS_2048_8192_SHA256, Key::Rsa),
        "PS384" => (&RSA_PSS_2048_8192_SHA384, Key::Rsa),
        "PS512" => (&RSA_PSS_2048_8192_SHA512, Key::Rsa),
        "ES256" => (&ECDSA_P256_SHA256_FIXED, Key::Ec(256)),
        "ES384" => (&ECDSA_P384_SHA384_FIXED, Key::Ec(384)),
        "ES512" => (&ECDSA_P521_SHA512_FIXED, Key::Ec(521)),
        _ => return None,
    })
}

/// Accepts or refuses an assertion.
pub fn check(state: &State, audience: &str, assertion: &str) -> Result<(), Refusal> {
    let parts: Vec<&str> = assertion.split('.').collect();
    let [header, claims, signature] = parts[..] else { return Err(INVALID_REQUEST) };
    let decoded = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| INVALID_REQUEST);
    let parsed = |part: &str| -> Result<Value, Refusal> {
        serde_json::from_slice(&decoded(part)?).map_err(|_| INVALID_REQUEST)
    };
    let head = parsed(header)?;
    let body = parsed(claims)?;
    if body["iss"].as_str() != Some(&state.integration.client_id)
        || state.integration.client_id.is_empty()
    {
        return Err(INVALID_CLIENT);
    }
    if head["typ"].as_str().is_some_and(|typ| !typ.eq_ignore_ascii_case("JWT")) {
        return Err(INVALID_REQUEST);
    }
    let (verifier, key) = head["alg"].as_str().and_then(algorithm).ok_or(INVALID_GRANT)?;
    let kid = head["kid"].as_str().ok_or(INVALID_REQUEST)?;
    let certificate = state
        .integration
        .certificates
        .iter()
        .find(|certificate| certificate.kid == kid && !certificate.revoked)
        .ok_or(INVALID_GRANT)?;
    let public = public_key(state, certificate, key).ok_or(INVALID_GRANT)?;
    let signed = format!("{header}.{claims}");
    UnparsedPublicKey::new(verifier, public)
        .verify(signed.as_bytes(), &decoded(signature)?)
        .map_err(|_| INVALID_GRANT)?;
    check_claims(state, audience, &body)
}

/// The public key of a certificate that is valid now and fits the algorithm. RSA keys have 3072
/// or 4096 bits.
fn public_key(state: &State, certificate: &Certificate, wanted: Key) -> Option<Vec<u8>> {
    let (_, pem) = parse_x509_pem(certificate.pem.as_bytes()).ok()?;
    let (_, x509) = X509Certificate::from_der(&pem.contents).ok()?;
    let now = state.now.as_second();
    let validity = x509.validity();
    let cut = certificate.uploaded.as_second() + CERTIFICATE_SECONDS_MAX;
    if now < validity.not_before.timestamp() || now >= validity.not_after.timestamp().min(cut) {
        return None;
    }
    let spki = x509.public_key();
    let fits = match spki.parsed().ok()? {
        PublicKey::RSA(rsa) => wanted == Key::Rsa && matches!(rsa.key_size(), 3072 | 4096),
        PublicKey::EC(point) => match wanted {
            // The uncompressed point is two coordinates after one byte.
            Key::Ec(bits) => point.data().len() == 1 + 2 * bits.div_ceil(8),
            Key::Rsa => false,
        },
        _ => false,
    };
    fits.then(|| spki.subject_public_key.data.to_vec())
}

fn check_claims(state: &State, audience: &str, claims: &Value) -> Result<(), Refusal> {
    let now = state.now.as_second();
    let skew = state.settings.skew_seconds;
    let time = |name: &str| match &claims[name] {
        Value::Number(_) => integer_in(&claims[name]),
        _ => None,
    };
    let (Some(issued), Some(expires)) = (time("iat"), time("exp")) else {
        return Err(INVALID_GRANT);
    };
    let in_time = issued <= now + skew && expires > now - skew && expires > issued;
    if !in_time || expires - issued > LIFE_SECONDS_MAX {
        return Err(INVALID_GRANT);
    }
    let named = match &claims["aud"] {
        Value::String(text) => text == audience,
        Value::Array(list) => list.len() == 1 && list[0].as_str() == Some(audience),
        _ => false,
    };
    if !named {
        return Err(INVALID_GRANT);
    }
    check_scope(&claims["scope"])
}

/// A string, a comma list or an array, with `rest_webservices` in it.
fn check_scope(scope: &Value) -> Result<(), Refusal> {
    let names: Vec<&str> = match scope {
        Value::String(text) => text.split([',', ' ']).collect(),
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        _ => return Err(INVALID_SCOPE),
    };
    let known = ["rest_webservices", "restlets", "suite_analytics"];
    let named = names.iter().map(|name| name.trim()).filter(|name| !name.is_empty());
    let names: Vec<&str> = named.collect();
    if names.iter().all(|name| known.contains(name)) && names.contains(&known[0]) {
        Ok(())
    } else {
        Err(INVALID_SCOPE)
    }
}
