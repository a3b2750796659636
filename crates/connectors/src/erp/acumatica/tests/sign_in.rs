//! Signing in and out, the endpoint's version, and lists by windows of time.

use jiff::Timestamp;
use ports::{Depth, Erp, PortError};
use serde_json::{Value, json};

use super::{cookie, done, exception, missing, oauth, says, token};
use crate::http::testing::{reply, reply_with};

const SESSION: &[(&str, &str)] = &[
    ("Set-Cookie", ".ASPXAUTH=secret; path=/; HttpOnly"),
    ("Set-Cookie", "ASP.NET_SessionId=s1; path=/"),
];

fn invoice(number: usize, at: &str) -> Value {
    let mut body: Value = serde_json::from_str(include_str!("../fixtures/invoice.json")).unwrap();
    body["ReferenceNbr"]["value"] = json!(format!("{number:06}"));
    body["LastModifiedDateTime"]["value"] = json!(at);
    body
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires_by_its_refresh_token() {
    let world = oauth(vec![missing(), token("t2", Some("r2")), missing()]);
    world.acumatica.invoices(&["1".into()], Depth::Direct).await.unwrap();
    world.clock.jump(jiff::SignedDuration::from_mins(56));
    world.acumatica.invoices(&["1".into()], Depth::Direct).await.unwrap();
    assert_eq!(world.script.header(1, "authorization").as_deref(), Some("Bearer t1"));
    assert_eq!(world.script.header(3, "authorization").as_deref(), Some("Bearer t2"));
    world.script.assert_over();
}

#[tokio::test]
async fn an_expired_token_is_replaced_after_401() {
    let replies = vec![
        missing(),
        reply(401, ""),
        reply(400, r#"{"error": "invalid_grant"}"#),
        token("t3", None),
        missing(),
    ];
    let world = oauth(replies);
    world.acumatica.invoices(&["1".into()], Depth::Direct).await.unwrap();
    world.clock.jump(jiff::SignedDuration::from_mins(2));
    world.acumatica.invoices(&["1".into()], Depth::Direct).await.unwrap();
    // Refused; refreshed in vain, since the chain is over; signed in anew; asked again.
    assert_eq!(world.script.header(5, "authorization").as_deref(), Some("Bearer t3"));
    world.script.assert_over();
}

#[tokio::test]
async fn a_session_is_signed_out_also_after_an_error() {
    for answer in [missing(), reply(403, r#"{"message": "You have insufficient rights."}"#)] {
        let world = cookie(vec![reply_with(204, SESSION, ""), answer, done()]);
        drop(world.acumatica.invoices(&["1".into()], Depth::Direct).await);
        assert_eq!(
            world.steps(),
            [
                "POST /Demo/entity/auth/login",
                "GET /Invoice/Invoice/1",
                "POST /Demo/entity/auth/logout"
            ]
        );
        let cookies = ".ASPXAUTH=secret; ASP.NET_SessionId=s1";
        assert_eq!(world.script.header(1, "cookie").as_deref(), Some(cookies));
        assert_eq!(world.script.header(2, "content-length").as_deref(), Some("0"));
        world.script.assert_over();
    }
}

/// Whatever is asked, its session is given back when nothing else is under way.
#[tokio::test]
async fn every_read_is_signed_out_after() {
    let none = || says(json!([]));
    let session = || reply_with(204, SESSION, "");
    let world = cookie(vec![session(), none(), done(), session(), none(), done()]);
    let erp = &world.acumatica;
    erp.receipts_naming(&"C1".into(), &"1".into(), &"PM1".into()).await.unwrap();
    erp.choices(ports::erp::ChoiceKind::Accounts).await.unwrap();
    let steps = world.steps();
    let logins = steps.iter().filter(|line| line.ends_with("/auth/login")).count();
    let logouts = steps.iter().filter(|line| line.ends_with("/auth/logout")).count();
    assert_eq!((logins, logouts), (2, 2), "{steps:?}");
    world.script.assert_over();
}

#[tokio::test]
async fn the_session_limit_slows_down_and_a_wrong_password_does_not_loop() {
    let world = cookie(vec![exception("API Login Limit")]);
    let error = world.acumatica.invoices(&["1".into()], Depth::Direct).await.unwrap_err();
    assert!(matches!(error, PortError::Throttled { .. }), "{error}");
    let world = cookie(vec![exception("Error: Invalid credentials. Please try again.")]);
    let error = world.acumatica.invoices(&["1".into()], Depth::Direct).await.unwrap_err();
    assert!(matches!(error, PortError::Unauthorised(_)), "{error}");
    world.script.assert_over();
}

/// Each try would count towards a lock-out of the user.
#[tokio::test]
async fn a_refused_password_is_not_tried_again_for_an_hour() {
    let refused = || exception("Error: Invalid credentials. Please try again.");
    let locked = exception("Error: Your account has been locked out. Contact support.");
    let invalid = || reply(400, r#"{"error": "invalid_grant"}"#);
    let oauth = |replies| super::connect(&[("client_id", "guid@Acme")], replies);
    for (world, calls) in [
        (cookie(vec![refused(), refused()]), 2),
        (cookie(vec![locked, refused()]), 2),
        (oauth(vec![invalid(), invalid()]), 2),
        // Signed in before: the refresh is refused, then the password.
        (
            oauth(vec![
                token("t1", Some("r1")),
                reply(401, ""),
                invalid(),
                invalid(),
                invalid(),
                invalid(),
            ]),
            6,
        ),
    ] {
        for minutes in [0, 1, 30, 28, 2] {
            world.clock.jump(jiff::SignedDuration::from_mins(minutes));
            let error = world.acumatica.invoices(&["1".into()], Depth::Direct).await.unwrap_err();
            assert!(matches!(error, PortError::Unauthorised(_)), "{error}");
        }
        assert_eq!(world.script.lines().len(), calls, "{:?}", world.script.lines());
        world.script.assert_over();
    }
    let trouble = reply(400, r#"{"error": "server_error"}"#);
    let world = super::connect(&[("client_id", "guid@Acme")], vec![trouble]);
    let error = world.acumatica.invoices(&["1".into()], Depth::Direct).await.unwrap_err();
    assert!(matches!(error, PortError::Unavailable(_)), "{error}");
    // A site that is being upgraded refuses too, and is asked again: that judges nobody's password.
    let other = || exception("Error: The site is in maintenance mode.");
    let oauth = |replies| super::connect(&[("client_id", "guid@Acme")], replies);
    for world in [cookie(vec![other(), other()]), oauth(vec![other(), other()])] {
        for _ in 0..2 {
            let error = world.acumatica.invoices(&["1".into()], Depth::Direct).await.unwrap_err();
            assert!(matches!(error, PortError::Unavailable(_)), "{error}");
            assert!(error.to_string().contains("maintenance mode"), "{error}");
        }
        world.script.assert_over();
    }
}

/// What is not there is told by its name, with the setting to mend; credentials are another thing.
#[tokio::test]
async fn a_wrong_site_tenant_or_branch_is_no_question_of_credentials() {
    let kind = |text: &str, kind: &str| {
        let body = json!({"message": "An error has occurred.", "exceptionMessage": text,
            "exceptionType": kind});
        reply(500, &body.to_string())
    };
    let undefined = "PX.Data.PXUndefinedCompanyException";
    for (answer, words) in [
        (reply(404, "<!DOCTYPE html>"), "no Acumatica site is at https://erp.example.com/Demo"),
        (kind("The tenant Acme is not defined.", undefined), "no tenant \"Acme\""),
        (exception("Error: The branch MAIN cannot be found."), "no branch \"MAIN\""),
    ] {
        let world = cookie(vec![answer]);
        let error = world.acumatica.invoices(&["1".into()], Depth::Direct).await.unwrap_err();
        assert!(matches!(error, PortError::Unavailable(_)), "{error}");
        assert!(error.to_string().contains(words), "{error}");
        assert!(error.to_string().contains("in the setting"), "{error}");
        world.script.assert_over();
    }
    let world = super::connect(&[("client_id", "guid@Acme")], vec![reply(404, "<html>")]);
    let error = world.acumatica.invoices(&["1".into()], Depth::Direct).await.unwrap_err();
    assert!(error.to_string().contains("no Acumatica site is at"), "{error}");
}

#[tokio::test]
async fn ping_names_the_versions_that_are_offered() {
    let served = json!({"version": {"acumaticaBuildVersion": "26.101.0225"}, "endpoints": [
        {"name": "Default", "version": "25.200.001"}, {"name": "Default", "version": "26.200.001"}]});
    let world = oauth(vec![says(served)]);
    let health = world.acumatica.check_health().await.unwrap();
    assert!(!health.ok());
    let check = &health.checks[0];
    assert!(check.advice.contains("Default/25.200.001, Default/26.200.001"), "{}", check.advice);
    assert_eq!(health.account_name.as_deref(), Some("Acumatica 26.101.0225"));
}

/// Nothing that the API shows tells a test tenant: the setting does.
#[tokio::test]
async fn a_test_tenant_is_a_sandbox_by_its_setting_alone() {
    use ports::health::Environment;
    for (setting, environment) in [
        (("client_id", "guid@Acme"), Environment::Production),
        (("environment", "live"), Environment::Production),
        (("environment", "sandbox"), Environment::Sandbox),
    ] {
        let served = json!({"endpoints": []});
        let settings = [("client_id", "guid@Acme"), setting];
        let world = super::connect(&settings, vec![token("t1", None), says(served)]);
        let health = world.acumatica.check_health().await.unwrap();
        assert_eq!(health.environment, environment, "{setting:?}");
    }
}

#[tokio::test]
async fn a_full_window_is_cut_at_a_stamp_and_nothing_is_lost() {
    let early = "2026-03-01T10:00:00.123+00:00";
    let late = "2026-03-01T11:00:00+00:00";
    let full: Vec<Value> =
        (0..200).map(|n| invoice(n, if n < 80 { early } else { late })).collect();
    let first: Vec<Value> = full[..80].to_vec();
    let rest: Vec<Value> = full[80..].to_vec();
    let world = oauth(vec![says(json!(full)), says(json!(first)), says(json!(rest))]);
    let since: Timestamp = "2026-03-01T09:00:00Z".parse().unwrap();
    let page = world.acumatica.changed_invoices(since, None).await.unwrap();
    assert_eq!(page.records.len(), 80);
    let next = page.next.expect("there is more");
    let page = world.acumatica.changed_invoices(since, Some(&next)).await.unwrap();
    assert_eq!((page.records.len(), page.next), (120, None));
    let lines = world.script.lines();
    assert!(lines[1].contains("ge%20datetimeoffset%272026-03-01T09%3A00%3A00.000%2B00%3A00%27"));
    assert!(lines[2].contains("lt%20datetimeoffset%272026-03-01T11%3A00%3A00.000%2B00%3A00%27"));
    assert!(lines[3].contains("ge%20datetimeoffset%272026-03-01T11%3A00%3A00.000%2B00%3A00%27"));
    world.script.assert_over();
}

#[tokio::test]
async fn more_rows_of_one_stamp_than_a_page_come_at_once() {
    let stamp = "2026-03-01T10:00:00+00:00";
    let rows: Vec<Value> = (0..200).map(|n| invoice(n, stamp)).collect();
    let all: Vec<Value> = (0..230).map(|n| invoice(n, stamp)).collect();
    let world = oauth(vec![says(json!(rows)), says(json!(all))]);
    let since: Timestamp = stamp.parse().unwrap();
    let page = world.acumatica.changed_invoices(since, None).await.unwrap();
    assert_eq!(page.records.len(), 230);
    assert!(page.next.is_some());
    assert!(!world.script.lines()[2].contains("$top"));
}

#[tokio::test]
async fn whoever_leaves_gives_the_seat_back_and_ends_the_token() {
    let gone = || [missing(), done(), reply(200, "")];
    let replies: Vec<_> = gone().into_iter().chain([token("t2", None)]).chain(gone()).collect();
    let world = oauth(replies);
    world.acumatica.invoices(&["1".into()], Depth::Direct).await.unwrap();
    world.acumatica.sign_off().await;
    world.acumatica.sign_off().await;
    // A straggler signs in anew, and out again behind itself.
    world.acumatica.invoices(&["1".into()], Depth::Direct).await.unwrap();
    let lines = world.script.lines();
    let bare: Vec<&str> = lines.iter().filter_map(|line| line.split('?').next()).collect();
    let visit = [
        "POST /Demo/identity/connect/token",
        "GET /Demo/entity/Default/24.200.001/Invoice/Invoice/1",
        "POST /Demo/entity/auth/logout",
        "POST /Demo/identity/connect/revocation",
    ];
    assert_eq!(bare, [visit, visit].concat());
    assert_eq!(world.script.header(2, "authorization").as_deref(), Some("Bearer t1"));
    assert_eq!(world.script.header(2, "content-length").as_deref(), Some("0"));
    assert_eq!(world.script.header(6, "authorization").as_deref(), Some("Bearer t2"));
    world.script.assert_over();
}

/// A call whose end nobody waited for does not keep the seat.
#[tokio::test]
async fn a_call_that_was_given_up_is_under_way_no_more() {
    let world = oauth(vec![missing(), done(), reply(200, "")]);
    world.acumatica.invoices(&["1".into()], Depth::Direct).await.unwrap();
    let sign_in = &world.acumatica.sign_in;
    let mut call = Box::pin(sign_in.during(std::future::pending::<()>()));
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(call.as_mut().poll(&mut context).is_pending());
    world.acumatica.sign_off().await;
    assert_eq!(world.script.lines().len(), 2, "a call is under way");
    drop(call);
    world.acumatica.sign_off().await;
    world.script.assert_over();
}
