//! The token endpoint and bearer tokens (netsuite sheet section 2).

use super::*;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    RSA_PKCS1_SHA256, RSA_PSS_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{
    CertificateParams, KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P521_SHA512, PKCS_RSA_SHA256,
    RsaKeySize,
};

const PATH: &str = "/services/rest/auth/oauth2/v1/token";

/// How an assertion is made; tests spoil one thing each.
struct Signer {
    key: KeyPair,
    alg: &'static str,
}

impl Signer {
    fn ec() -> Signer {
        Signer { key: KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap(), alg: "ES256" }
    }

    fn rsa(size: RsaKeySize) -> Signer {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, size).unwrap();
        Signer { key, alg: "PS256" }
    }

    fn certificate(&self) -> String {
        CertificateParams::new(vec!["test".to_owned()])
            .unwrap()
            .self_signed(&self.key)
            .unwrap()
            .pem()
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let rng = SystemRandom::new();
        let der = self.key.serialize_der();
        if self.alg.starts_with("ES") {
            let alg = match self.alg {
                "ES256" => &ECDSA_P256_SHA256_FIXED_SIGNING,
                _ => &ECDSA_P521_SHA512_FIXED_SIGNING,
            };
            let pair = EcdsaKeyPair::from_pkcs8(alg, &der).unwrap();
            return pair.sign(&rng, message).unwrap().as_ref().to_vec();
        }
        let pair = RsaKeyPair::from_pkcs8(&der).unwrap();
        let mut signature = vec![0; pair.public_modulus_len()];
        if self.alg == "RS256" {
            pair.sign(&RSA_PKCS1_SHA256, &rng, message, &mut signature).unwrap();
        } else {
            pair.sign(&RSA_PSS_SHA256, &rng, message, &mut signature).unwrap();
        }
        signature
    }

    fn assertion(&self, claims: &Value) -> String {
        let header = json!({"typ": "JWT", "alg": self.alg, "kid": "kid-1"});
        let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let signature = URL_SAFE_NO_PAD.encode(self.sign(signed.as_bytes()));
        format!("{signed}.{signature}")
    }
}

fn world(signer: &Signer) -> World {
    let world = World::new();
    world.seed(json!({"integration": {"client_id": "client-1",
        "certificates": [{"kid": "kid-1", "pem": signer.certificate()}]}}));
    world
}

fn claims(world: &World) -> Value {
    let now = world.now.as_second();
    json!({"iss": "client-1", "scope": ["rest_webservices"], "aud": format!("{BASE}{PATH}"),
        "iat": now, "exp": now + 300})
}

fn ask(world: &World, assertion: &str) -> Answer {
    let body = format!(
        "grant_type=client_credentials&client_assertion_type=\
         urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer\
         &client_assertion={assertion}"
    );
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    world.raw("POST", PATH, &form, &body)
}

fn check(spoil: impl Fn(&mut Value, i64), status: u16, error: &str) {
    let signer = Signer::ec();
    let world = world(&signer);
    let mut body = claims(&world);
    spoil(&mut body, world.now.as_second());
    let answer = ask(&world, &signer.assertion(&body));
    assert_eq!((answer.status, answer.body["error"].as_str()), (status, Some(error)));
}

#[test]
fn a_good_assertion_gives_a_token_that_lives_an_hour() {
    let signer = Signer::ec();
    let mut world = world(&signer);
    let answer = ask(&world, &signer.assertion(&claims(&world)));
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["expires_in"], 3600);
    assert_eq!(answer.body["token_type"], "Bearer");
    assert!(answer.body.get("refresh_token").is_none());
    let bearer = format!("Bearer {}", answer.body["access_token"].as_str().unwrap());
    let try_it = |world: &World| {
        let headers = [("Authorization", bearer.as_str())];
        world.raw("GET", &format!("{ROOT}/currency"), &headers, "").status
    };
    world.later(59);
    assert_eq!(try_it(&world), 200);
    world.later(1);
    assert_eq!(try_it(&world), 401);
}

#[test]
fn every_allowed_algorithm_is_verified() {
    let mut p521 = Signer::ec();
    p521.key = KeyPair::generate_for(&PKCS_ECDSA_P521_SHA512).unwrap();
    p521.alg = "ES512";
    for signer in [Signer::rsa(RsaKeySize::_3072), p521] {
        let world = world(&signer);
        assert_eq!(ask(&world, &signer.assertion(&claims(&world))).status, 200, "{}", signer.alg);
    }
}

#[test]
fn short_keys_old_algorithms_and_foreign_signatures_are_refused() {
    let small = Signer::rsa(RsaKeySize::_2048);
    let mut old = Signer::rsa(RsaKeySize::_3072);
    old.alg = "RS256";
    for signer in [small, old] {
        let world = world(&signer);
        let answer = ask(&world, &signer.assertion(&claims(&world)));
        assert_eq!((answer.status, &answer.body["error"]), (400, &json!("invalid_grant")));
    }
    let world = world(&Signer::ec());
    let answer = ask(&world, &Signer::ec().assertion(&claims(&world)));
    assert_eq!((answer.status, &answer.body["error"]), (400, &json!("invalid_grant")));
}

#[test]
fn claims_are_checked_one_by_one() {
    check(|claims, _| claims["iss"] = json!("other"), 401, "invalid_client");
    check(|claims, _| claims["aud"] = json!("https://other.example/token"), 400, "invalid_grant");
    check(|claims, now| claims["exp"] = json!(now + 3601), 400, "invalid_grant");
    check(|claims, now| claims["exp"] = json!(now - 61), 400, "invalid_grant");
    check(|claims, now| claims["iat"] = json!(now + 120), 400, "invalid_grant");
    check(|claims, _| claims["scope"] = json!("admin"), 400, "invalid_scope");
}

#[test]
fn a_revoked_or_blocked_client_gets_no_token() {
    let signer = Signer::ec();
    let world = world(&signer);
    world.faults(json!({"block_integration": true}));
    let answer = ask(&world, &signer.assertion(&claims(&world)));
    assert_eq!(answer.body["error"], "unauthorized_client");
    world.faults(json!({"block_integration": false, "revoke_certificate": "kid-1"}));
    let answer = ask(&world, &signer.assertion(&claims(&world)));
    assert_eq!(answer.body["error"], "invalid_grant");
}

#[test]
fn a_certificate_ends_two_years_after_its_upload() {
    let signer = Signer::ec();
    let mut world = world(&signer);
    world.at("2028-03-05T17:00:00Z");
    let answer = ask(&world, &signer.assertion(&claims(&world)));
    assert_eq!(answer.body["error"], "invalid_grant");
}

#[test]
fn form_mistakes_have_their_own_codes() {
    let world = World::new();
    let form = [("Content-Type", "application/x-www-form-urlencoded")];
    let error = |body: &str| world.raw("POST", PATH, &form, body).body["error"].clone();
    assert_eq!(error("grant_type=authorization_code"), "unsupported_grant_type");
    assert_eq!(error("grant_type=client_credentials"), "invalid_request");
    assert_eq!(error("grant_type=a&grant_type=b"), "invalid_request");
    let json = [("Content-Type", "application/json")];
    assert_eq!(world.raw("POST", PATH, &json, "{}").body["error"], "invalid_request");
}

#[test]
fn unknown_tokens_and_broken_headers_are_told_apart() {
    let world = World::new();
    let path = format!("{ROOT}/currency");
    let none = world.raw("GET", &path, &[], "");
    none.refused(401, "INVALID_LOGIN", "Invalid login attempt.");
    world.raw("GET", &path, &[("Authorization", "Bearer nope")], "").refused(
        401,
        "INVALID_LOGIN",
        "Login Audit Trail",
    );
    assert_eq!(world.raw("GET", &path, &[("Authorization", "Basic eA==")], "").status, 400);
    let bearer = format!("Bearer {TOKEN}");
    let cookies = [("Authorization", bearer.as_str()), ("Cookie", "a=b")];
    assert_eq!(world.raw("GET", &path, &cookies, "").status, 401);
    assert_eq!(world.raw("GET", &path, &cookies[..1], "").status, 200);
    world.faults(json!({"expire_tokens": true}));
    assert_eq!(world.raw("GET", &path, &cookies[..1], "").status, 401);
}
