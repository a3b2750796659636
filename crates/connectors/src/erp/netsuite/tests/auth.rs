//! Assertions verified with the public key, and the life of a token.

use std::sync::Arc;

use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode};
use rcgen::KeyPair;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use ports::{Clock, PortError};

use super::harness::{FakeClock, NOW, Says, Script};
use crate::erp::netsuite::auth::{ClientCredentials, TokenKeeper};
use crate::erp::netsuite::keys::{KeyKind, SigningKey, generate_key};
use crate::http::Authoriser;

const TOKEN_URL: &str =
    "https://1234567-sb1.suitetalk.api.netsuite.com/services/rest/auth/oauth2/v1/token";

fn credentials(kind: KeyKind) -> (ClientCredentials, KeyPair) {
    let generated = generate_key(kind, "ml-connector", NOW.parse().unwrap()).unwrap();
    let pair = KeyPair::from_pem(generated.private_key.expose_secret()).unwrap();
    let key = SigningKey::read(&generated.private_key).unwrap();
    let credentials = ClientCredentials {
        client_id: "client".to_owned(),
        certificate_id: "mLc7Xq2r".to_owned(),
        key,
        token_url: TOKEN_URL.to_owned(),
    };
    (credentials, pair)
}

fn check_assertion(kind: KeyKind, algorithm: Algorithm) {
    let (credentials, pair) = credentials(kind);
    let assertion = credentials.assertion(NOW.parse().unwrap()).unwrap();
    let public = pair.public_key_pem();
    let key = match algorithm {
        Algorithm::ES256 => DecodingKey::from_ec_pem(public.as_bytes()).unwrap(),
        _ => DecodingKey::from_rsa_pem(public.as_bytes()).unwrap(),
    };
    let mut validation = Validation::new(algorithm);
    validation.validate_exp = false;
    validation.set_audience(&[TOKEN_URL]);
    let token = decode::<Value>(assertion.expose_secret(), &key, &validation).unwrap();
    assert_eq!(token.header.kid.as_deref(), Some("mLc7Xq2r"));
    assert_eq!(token.header.typ.as_deref(), Some("JWT"));
    assert_eq!(token.header.alg, algorithm);
    let issued = 1_772_704_800;
    assert_eq!(
        token.claims,
        json!({"iss": "client", "scope": ["rest_webservices"], "aud": TOKEN_URL,
            "iat": issued, "exp": issued + 300})
    );
    // Another key does not verify it.
    let (_, other) = self::credentials(kind);
    let other = other.public_key_pem();
    let key = match algorithm {
        Algorithm::ES256 => DecodingKey::from_ec_pem(other.as_bytes()).unwrap(),
        _ => DecodingKey::from_rsa_pem(other.as_bytes()).unwrap(),
    };
    assert!(decode::<Value>(assertion.expose_secret(), &key, &validation).is_err());
}

#[test]
fn an_assertion_is_verified_by_the_public_key() {
    check_assertion(KeyKind::P256, Algorithm::ES256);
    check_assertion(KeyKind::Rsa3072, Algorithm::PS256);
}

#[test]
fn keys_that_netsuite_refuses_are_refused_before() {
    let short = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048)
        .unwrap()
        .serialize_pem();
    for (pem, part) in [(short.as_str(), "3072"), ("not a key", "PEM"), ("", "PEM")] {
        let error = SigningKey::read(&pem.to_owned().into()).err().unwrap().to_string();
        assert!(error.contains(part), "{error}");
    }
}

#[test]
fn a_made_certificate_lasts_just_under_two_years() {
    let made = generate_key(KeyKind::P256, "ml-connector", NOW.parse().unwrap()).unwrap();
    assert!(made.certificate.starts_with("-----BEGIN CERTIFICATE-----"));
    assert_eq!(made.valid_until.to_string(), "2028-03-02");
    assert!(!format!("{:?}", made.private_key).contains("PRIVATE"));
}

fn keeper(says: &[Says]) -> (Arc<Script>, Arc<FakeClock>, TokenKeeper) {
    let script = Arc::new(Script::default());
    for one in says {
        script.step("POST", &["/oauth2/v1/token", "client_assertion="], one.clone());
    }
    let clock = FakeClock::at(NOW);
    let (credentials, _) = credentials(KeyKind::P256);
    let keeper = TokenKeeper::new(credentials, script.clone(), clock.clone());
    (script, clock, keeper)
}

fn token(value: &str, expires_in: Value) -> Says {
    let body = json!({"access_token": value, "expires_in": expires_in, "token_type": "bearer"});
    Says::Json(200, body)
}

async fn bearer(keeper: &TokenKeeper) -> String {
    let headers = keeper.headers().await.unwrap();
    headers[0].1.to_str().unwrap().to_owned()
}

#[tokio::test]
async fn one_token_serves_until_five_minutes_before_its_end() {
    let (script, clock, keeper) = keeper(&[token("one", json!(3600)), token("two", json!("3600"))]);
    let (a, b) = futures::future::join(bearer(&keeper), bearer(&keeper)).await;
    assert_eq!((a.as_str(), b.as_str()), ("Bearer one", "Bearer one"));
    clock.pass(SignedDuration::from_mins(54));
    assert_eq!(bearer(&keeper).await, "Bearer one");
    clock.pass(SignedDuration::from_mins(1));
    assert_eq!(bearer(&keeper).await, "Bearer two");
    script.finish();
    let form = &script.sent("POST", "token")[0];
    assert!(
        form.text.starts_with("grant_type=client_credentials&client_assertion_type=urn%3Aietf")
    );
    assert!(!form.headers.contains_key("authorization"));
}

#[tokio::test]
async fn a_refused_token_is_replaced() {
    let (script, _, keeper) = keeper(&[token("one", json!(3600)), token("two", json!(3600))]);
    let sent = keeper.headers().await.unwrap();
    assert_eq!(sent[0].1, "Bearer one");
    assert!(keeper.refused(&sent).await);
    assert_eq!(bearer(&keeper).await, "Bearer two");
    // Another request of the first token is refused only now.
    assert!(keeper.refused(&sent).await);
    assert_eq!(bearer(&keeper).await, "Bearer two");
    script.finish();
}

#[tokio::test]
async fn a_refused_assertion_is_for_a_person_and_a_failure_is_repeated() {
    let refused = Says::Json(400, json!({"error": "invalid_grant"}));
    let (script, _, keeper) = keeper(&[refused]);
    match keeper.headers().await.unwrap_err() {
        PortError::Unauthorised(words) => assert!(words.starts_with("invalid_grant: check")),
        other => panic!("{other}"),
    }
    script.finish();
    let busy = Says::Json(503, json!({}));
    let (script, clock, keeper) =
        self::keeper(&[busy.clone(), Says::Silence, token("late", json!(3600))]);
    let before = clock.now();
    assert_eq!(bearer(&keeper).await, "Bearer late");
    assert!(clock.now() > before);
    script.finish();
    let (script, _, keeper) = self::keeper(&[busy.clone(), busy.clone(), busy]);
    assert!(matches!(keeper.headers().await.unwrap_err(), PortError::Unavailable(_)));
    script.finish();
}
