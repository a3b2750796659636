//! Token-based authentication (netsuite sheet section 3), signed here by hand.

use super::*;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

fn world() -> World {
    World::with(json!({"tba": {"consumer_key": "ck", "consumer_secret": "cs", "token": "tk",
        "token_secret": "ts"}}))
}

/// The header of a GET of `/currency?limit=5`, signed over the given realm, nonce and time.
fn header(realm: &str, nonce: &str, at: i64, extra: &str) -> String {
    let url = "https%3A%2F%2F1234567-sb1.suitetalk.api.netsuite.com%2Fservices%2Frest%2Frecord\
               %2Fv1%2Fcurrency";
    let body_hash = if extra.is_empty() { "" } else { "oauth_body_hash%3Dabc%26" };
    let base = format!(
        "GET&{url}&limit%3D5%26{body_hash}oauth_consumer_key%3Dck%26oauth_nonce%3D{nonce}\
         %26oauth_signature_method%3DHMAC-SHA256%26oauth_timestamp%3D{at}%26oauth_token%3Dtk\
         %26oauth_version%3D1.0"
    );
    let key = hmac::Key::new(hmac::HMAC_SHA256, b"cs&ts");
    let signature = STANDARD.encode(hmac::sign(&key, base.as_bytes()));
    let signature = signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    format!(
        "OAuth realm=\"{realm}\",oauth_consumer_key=\"ck\", oauth_token=\"tk\",{extra}\
         oauth_signature_method=\"HMAC-SHA256\",oauth_timestamp=\"{at}\",\
         oauth_nonce=\"{nonce}\",oauth_version=\"1.0\",oauth_signature=\"{signature}\""
    )
}

fn status(world: &World, header: &str) -> u16 {
    let path = format!("{ROOT}/currency?limit=5");
    world.raw("GET", &path, &[("Authorization", header)], "").status
}

#[test]
fn a_signature_covers_query_and_extra_parameters() {
    let world = world();
    let now = world.now.as_second();
    assert_eq!(status(&world, &header("1234567_SB1", "n1", now, "")), 200);
    let extra = "oauth_body_hash=\"abc\",";
    assert_eq!(status(&world, &header("1234567_SB1", "n2", now, extra)), 200);
    let tampered = header("1234567_SB1", "n3", now, "").replace("n3", "n4");
    assert_eq!(status(&world, &tampered), 401);
}

#[test]
fn wrong_realm_old_time_and_used_nonce_are_refused() {
    let world = world();
    let now = world.now.as_second();
    assert_eq!(status(&world, &header("1234567-sb1", "n1", now, "")), 401);
    assert_eq!(status(&world, &header("1234567_SB1", "n1", now - 301, "")), 401);
    assert_eq!(status(&world, &header("1234567_SB1", "n1", now, "")), 200);
    assert_eq!(status(&world, &header("1234567_SB1", "n1", now, "")), 401);
}
