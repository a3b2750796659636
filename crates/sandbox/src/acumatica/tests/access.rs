//! Sign-in by token and by cookie, seats of the licence, endpoints and versions.

use super::*;

const TOKEN_PATH: &str = "/Demo/identity/connect/token";
const CLIENT: &str = "6f3b1c5e-0d0a-4f1e-9f55-2b7f0e9c1a11@Acme";
const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

fn form(pairs: &[(&str, &str)]) -> String {
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    form.append_pair("client_id", CLIENT);
    form.append_pair("client_secret", "sandbox-acumatica-secret");
    form.extend_pairs(pairs);
    form.finish()
}

fn token(world: &World, pairs: &[(&str, &str)]) -> Answer {
    world.raw("POST", TOKEN_PATH, &[FORM], &form(pairs))
}

fn password(world: &World, scope: &str) -> Value {
    let pairs = [
        ("grant_type", "password"),
        ("username", "mlconnector"),
        ("password", "secret"),
        ("scope", scope),
    ];
    token(world, &pairs).ok()
}

fn read(world: &World, token: &str) -> u16 {
    let bearer = format!("Bearer {token}");
    world.raw("GET", &format!("{ROOT}/Currency"), &[("Authorization", &bearer)], "").status
}

fn login(world: &World, password: &str, tenant: &str) -> Answer {
    let body = json!({"name": "mlconnector", "password": password, "tenant": tenant,
        "branch": "MAIN", "locale": "en-US"});
    let json = ("Content-Type", "application/json");
    world.raw("POST", "/Demo/entity/auth/login", &[json], &body.to_string())
}

fn cookies(answer: &Answer) -> String {
    let set = answer.headers.iter().filter(|(name, _)| name == "set-cookie");
    set.map(|(_, value)| value.split(';').next().unwrap()).collect::<Vec<_>>().join("; ")
}

#[test]
fn grants_are_those_of_the_guides() {
    let world = World::new();
    for (pairs, error) in [
        (vec![("grant_type", "client_credentials"), ("scope", "api")], "unsupported_grant_type"),
        (
            vec![
                ("grant_type", "password"),
                ("username", "mlconnector"),
                ("password", "no"),
                ("scope", "api"),
            ],
            "invalid_grant",
        ),
        (
            vec![
                ("grant_type", "password"),
                ("username", "mlconnector"),
                ("password", "secret"),
                ("scope", "all"),
            ],
            "invalid_scope",
        ),
        (
            vec![("grant_type", "authorization_code"), ("code", "x"), ("redirect_uri", "y")],
            "invalid_grant",
        ),
        (vec![("grant_type", "refresh_token"), ("refresh_token", "x")], "invalid_grant"),
    ] {
        let refused = token(&world, &pairs);
        assert_eq!((refused.status, &refused.body["error"]), (400, &json!(error)));
    }
    let wrong = world.raw("POST", TOKEN_PATH, &[FORM], "grant_type=password&client_id=x");
    assert_eq!((wrong.status, &wrong.body["error"]), (400, &json!("invalid_client")));
}

#[test]
fn refresh_tokens_rotate_and_access_tokens_expire() {
    let mut world = World::new();
    let first = password(&world, "api offline_access");
    assert_eq!((&first["expires_in"], &first["token_type"]), (&json!(3600), &json!("Bearer")));
    assert_eq!(read(&world, first["access_token"].as_str().unwrap()), 200);
    let old = first["refresh_token"].as_str().unwrap();
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", old)];
    let second = token(&world, &pairs).ok();
    assert_ne!(second["refresh_token"], first["refresh_token"]);
    assert_eq!(token(&world, &pairs).status, 400, "an old refresh token is used up");
    world.later(3601);
    assert_eq!(read(&world, second["access_token"].as_str().unwrap()), 401);
    world.later(31 * 86400);
    let newest = second["refresh_token"].as_str().unwrap();
    let late = [("grant_type", "refresh_token"), ("refresh_token", newest)];
    assert_eq!(token(&world, &late).status, 400, "the chain ends after thirty days");
    assert!(password(&world, "api").get("refresh_token").is_none());
}

#[test]
fn a_lost_refresh_uses_its_token_up() {
    let world = World::new();
    let first = password(&world, "api offline_access");
    let held = first["refresh_token"].as_str().unwrap();
    let pairs = [("grant_type", "refresh_token"), ("refresh_token", held)];
    world.faults(json!({"kind": "oauth_error", "error": "invalid_client", "path": "/token"}));
    let refused = token(&world, &pairs);
    assert_eq!((refused.status, &refused.body["error"]), (400, &json!("invalid_client")));
    world.faults(json!({"kind": "timeout_before", "path": "/token"}));
    assert!(matches!(world.outcome("POST", TOKEN_PATH, &[FORM], &form(&pairs)), Outcome::NoAnswer));
    world.faults(json!({"kind": "timeout_after_write", "path": "/token"}));
    assert!(matches!(world.outcome("POST", TOKEN_PATH, &[FORM], &form(&pairs)), Outcome::NoAnswer));
    let late = token(&world, &pairs);
    assert_eq!((late.status, &late.body["error"]), (400, &json!("invalid_grant")));
}

#[test]
fn codes_need_their_verifier_once() {
    let world = World::new();
    let authorize = "/Demo/identity/connect/authorize?response_type=code&scope=api&state=s1\
        &redirect_uri=http%3A%2F%2Flocalhost%2Fcallback&code_challenge_method=S256\
        &code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&client_id=6f3b1c5e-0d0a-4f1e-9f55-2b7f0e9c1a11%40Acme";
    let sent = world.raw("GET", authorize, &[], "");
    assert_eq!(sent.status, 302);
    let location = sent.header("location").unwrap().to_owned();
    assert!(
        location.starts_with("http://localhost/callback?code=") && location.ends_with("state=s1")
    );
    let code = location.split(['=', '&']).nth(1).unwrap().to_owned();
    let ask = |verifier: &str| {
        token(
            &world,
            &[
                ("grant_type", "authorization_code"),
                ("code", &code),
                ("redirect_uri", "http://localhost/callback"),
                ("code_verifier", verifier),
            ],
        )
        .status
    };
    assert_eq!(ask("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), 200);
    assert_eq!(ask("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"), 400);
}

#[test]
fn seats_are_taken_by_sessions_and_freed_by_logging_out() {
    let mut world = World::new();
    world.seed(json!({"settings": {"api_users": 2}}));
    let alone = password(&world, "api");
    let alone = alone["access_token"].as_str().unwrap();
    assert_eq!((read(&world, alone), read(&world, alone)), (200, 200));
    assert_eq!(read(&world, password(&world, "api")["access_token"].as_str().unwrap()), 200);
    let third = login(&world, "secret", "Acme");
    third.exception(429, "API Login Limit");
    let bearer = format!("Bearer {alone}");
    let revoked =
        world.raw("POST", "/Demo/identity/connect/revocation", &[FORM], &form(&[("token", alone)]));
    assert_eq!(revoked.status, 200);
    login(&world, "secret", "Acme").exception(429, "API Login Limit");
    world.later(601);
    let signed = login(&world, "secret", "Acme");
    assert_eq!(signed.status, 204, "idle sessions end after ten minutes");
    assert_eq!(read(&world, alone), 401, "a revoked token is dead");
    let cookie = cookies(&signed);
    let headers = [("Cookie", cookie.as_str()), ("Content-Length", "0")];
    let logout = "/Demo/entity/auth/logout";
    assert_eq!(world.raw("POST", logout, &[("Authorization", &bearer)], "").status, 411);
    assert_eq!(world.raw("GET", &format!("{ROOT}/Currency"), &headers, "").status, 200);
    assert_eq!(world.raw("POST", logout, &headers, "").status, 204);
    assert_eq!(world.raw("GET", &format!("{ROOT}/Currency"), &headers, "").status, 401);
    assert_eq!(world.truth()["sessions"], json!([]));
}

#[test]
fn tokens_of_one_grant_share_a_session_unless_parallel() {
    let world = World::new();
    let grant = password(&world, "api offline_access");
    assert_eq!(read(&world, grant["access_token"].as_str().unwrap()), 200);
    let pairs = [
        ("grant_type", "refresh_token"),
        ("refresh_token", grant["refresh_token"].as_str().unwrap()),
    ];
    let next = token(&world, &pairs).ok();
    assert_eq!(read(&world, next["access_token"].as_str().unwrap()), 200);
    assert_eq!(world.truth()["sessions"].as_array().unwrap().len(), 1);
    let parallel = password(&world, "api api:concurrent_access");
    for _ in 0..3 {
        assert_eq!(read(&world, parallel["access_token"].as_str().unwrap()), 200);
    }
    let burnt = world.truth()["sessions"].as_array().unwrap().len();
    assert_eq!(burnt, 4, "without cookies every request takes a seat");
}

#[test]
fn passwords_and_tenants_are_checked_as_the_server_does() {
    let world = World::new();
    login(&world, "secret", "Other").exception(500, "Other");
    assert_eq!(login(&world, "secret", "").status, 204);
    let refused = login(&world, "wrong", "Acme");
    refused.exception(500, "Invalid credentials");
    assert_eq!(refused.body["exceptionType"], "PX.Data.PXException");
    for _ in 0..4 {
        login(&world, "wrong", "Acme");
    }
    login(&world, "secret", "Acme").exception(500, "locked");
}

#[test]
fn endpoints_are_listed_without_a_sign_in_and_locked_to_their_versions() {
    let world = World::new();
    let listed = world.raw("GET", "/Demo/entity", &[], "").ok();
    let endpoints = listed["endpoints"].as_array().unwrap();
    let href = "/Demo/entity/Default/24.200.001/";
    assert!(endpoints.iter().any(|endpoint| endpoint["href"] == href));
    assert_eq!(world.raw("GET", &format!("{ROOT}/Currency"), &[], "").status, 401);
    let bearer = format!("Bearer {TOKEN}");
    for (path, status) in [
        ("/Demo/entity/Default/24.200.001/Currency", 200),
        ("/Demo/entity/Default/26.200.001/Currency", 404),
        ("/Demo/entity/Other/24.200.001/Currency", 404),
        ("/Demo/entity/Default/23.200.001/CashTransaction", 404),
        ("/Demo/entity/Default/24.200.001/currency", 404),
        ("/entity/Default/24.200.001/Currency", 404),
    ] {
        let answer = world.raw("GET", path, &[("Authorization", &bearer)], "");
        assert_eq!(answer.status, status, "{path}");
    }
    world.seed(json!({"settings": {"endpoints_as_array": true}}));
    assert!(world.raw("GET", "/Demo/entity", &[], "").ok().is_array());
}

#[test]
fn rights_are_refused_or_silently_missing() {
    let world = World::new();
    world.seed(json!({"rights": {"AR302000": "none", "AR303000": "view"}}));
    let refused = world.call("GET", "/Payment", &Value::Null);
    assert_eq!(refused.status, 403);
    assert!(refused.body["message"].as_str().unwrap().contains("(AR302000) form"));
    world
        .put(
            "/Customer",
            json!({"CustomerID": {"value": "C000123"}, "CustomerName": {"value": "X"}}),
        )
        .ok();
    assert_eq!(world.value("/Customer/C000123", "CustomerName"), "Brightwater Ltd");
}
