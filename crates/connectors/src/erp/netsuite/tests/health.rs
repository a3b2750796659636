//! Ping names everything that is missing, not only the first thing.

use serde_json::json;

use ports::health::Environment;
use ports::{Erp, PortError};

use super::harness::{Says, World, error_body, world};
use crate::erp::netsuite::fields;

fn properties(fields: &[fields::Field]) -> Says {
    let names: serde_json::Map<String, serde_json::Value> =
        fields.iter().map(|field| (field.id.to_owned(), json!({"type": "string"}))).collect();
    Says::Json(200, json!({"type": "object", "properties": names}))
}

fn well() -> World {
    let world = world();
    let empty = Says::Json(200, json!({"links": [], "count": 0, "hasMore": false, "items": []}));
    world
        .script
        .always("GET", &["?limit=1"], empty.clone())
        .always("POST", &["/record/v1/", "\"0\""], Says::refusal("Invalid Field Value 0"))
        .always("PATCH", &["/0"], Says::missing())
        .always("POST", &["/suiteql", "SELECT id FROM currency"], empty.clone())
        .always("POST", &["/suiteql", "ROWNUM <= 1"], empty.clone())
        .always("POST", &["/suiteql", "id = 0"], empty.clone())
        .always("POST", &["/suiteql", "previousdoc = 0"], empty)
        .always("GET", &["/metadata-catalog/invoice"], properties(&fields::ON_INVOICE))
        .always("GET", &["/metadata-catalog/customerPayment"], properties(&fields::ON_PAYMENT))
        .always("GET", &["/metadata-catalog/customer"], properties(&fields::ON_CUSTOMER))
        .always(
            "GET",
            &["/system/v1/serverTime"],
            Says::Json(200, json!({"serverTime": "2026-03-05T10:00:02Z"})),
        );
    // The longer name must win over its beginning.
    world.script.always(
        "GET",
        &["/metadata-catalog/customerPayment"],
        properties(&fields::ON_PAYMENT),
    );
    world
}

#[tokio::test]
async fn a_well_set_up_account_passes_every_check() {
    let World { script, netsuite, .. } = well();
    let health = netsuite.check_health().await.unwrap();
    script.finish();
    let failing: Vec<_> = health.checks.iter().filter(|check| !check.ok).collect();
    assert!(failing.is_empty(), "{failing:#?}");
    assert!(health.checks.len() > 30);
    assert_eq!(health.account, "1234567_SB1");
    assert_eq!(health.account_name.as_deref(), Some("Mill Group"));
    assert_eq!(health.environment, Environment::Sandbox);
    assert_eq!(health.server_time, "2026-03-05T10:00:02Z".parse().ok());
}

#[tokio::test]
async fn everything_that_is_missing_is_named_with_what_to_do() {
    let World { script, netsuite, .. } = well();
    let denied =
        |detail: &str| Says::Json(403, error_body(detail, "INSUFFICIENT_PERMISSION", None));
    let no_payout = &fields::ON_PAYMENT[..1];
    script
        .always("GET", &["/record/v1/deposit?"], denied("You need Make Deposits"))
        .always("GET", &["/record/v1/journalEntry?"], denied("You need Journal Entry"))
        .always("POST", &["FROM accountingperiod x"], Says::no_table("accountingperiod"))
        .always("GET", &["/metadata-catalog/customerPayment"], properties(no_payout))
        .always(
            "GET",
            &["/system/v1/serverTime"],
            Says::Json(200, json!({"serverTime": "2026-03-05T10:05:00Z"})),
        );
    let health = netsuite.check_health().await.unwrap();
    script.finish();
    let failing: Vec<&str> =
        health.checks.iter().filter(|check| !check.ok).map(|check| check.name.as_str()).collect();
    assert_eq!(
        failing,
        [
            "clock",
            "permission TRAN_DEPOSIT",
            "permission TRAN_JOURNAL",
            "permission ADMI_ACCTPERIODS",
            "field custbody_mlc_payout on customerPayment",
        ]
    );
    let deposit = health.checks.iter().find(|check| check.name.ends_with("TRAN_DEPOSIT")).unwrap();
    assert!(deposit.advice.contains("Transactions > Deposit: Edit"));
    assert!(deposit.advice.contains("You need Make Deposits"));
}

#[tokio::test]
async fn a_role_that_may_only_read_is_found_without_writing() {
    let World { script, netsuite, .. } = well();
    let denied = || Says::Json(403, error_body("You need it", "INSUFFICIENT_PERMISSION", None));
    script
        .always("POST", &["/record/v1/customerRefund"], denied())
        .always("POST", &["/record/v1/journalEntry"], denied())
        .always("PATCH", &["/record/v1/invoice/0"], denied())
        .always("PATCH", &["/record/v1/deposit/0"], denied())
        // No answer proves nothing, and is no finding either.
        .always("PATCH", &["/record/v1/customer/0"], Says::Silence);
    let health = netsuite.check_health().await.unwrap();
    script.finish();
    let failing: Vec<&str> =
        health.checks.iter().filter(|check| !check.ok).map(|check| check.name.as_str()).collect();
    assert_eq!(
        failing,
        [
            "permission TRAN_CUSTINVC",
            "permission TRAN_CUSTRFND",
            "permission TRAN_DEPOSIT",
            "permission TRAN_JOURNAL",
        ]
    );
    let unclear = health.checks.iter().find(|check| check.name.ends_with("LIST_CUSTJOB")).unwrap();
    assert!(unclear.advice.contains("writing could not be proved"), "{unclear:?}");
}

#[tokio::test]
async fn a_probe_that_is_accepted_is_a_finding() {
    let World { script, netsuite, .. } = well();
    script.always("POST", &["/record/v1/deposit"], Says::Made("deposit/4711"));
    let health = netsuite.check_health().await.unwrap();
    script.finish();
    let failing: Vec<_> = health.checks.iter().filter(|check| !check.ok).collect();
    assert_eq!(failing.len(), 1, "{failing:?}");
    assert!(failing[0].advice.contains("4711"));
}

#[tokio::test]
async fn subsidiaries_that_the_role_may_not_see_are_not_taken_for_none() {
    let World { script, netsuite, .. } = well();
    let denied = error_body("You need Subsidiaries", "INSUFFICIENT_PERMISSION", None);
    script.always("POST", &["FROM subsidiary s"], Says::no_table("subsidiary")).always(
        "GET",
        &["/record/v1/subsidiary?limit=1"],
        Says::Json(403, denied),
    );
    let health = netsuite.check_health().await.unwrap();
    let failing: Vec<&str> =
        health.checks.iter().filter(|check| !check.ok).map(|check| check.name.as_str()).collect();
    assert_eq!(failing, ["permission LIST_SUBSIDIARY"]);
    assert!(netsuite.setup().await.unwrap().is_one_world());
    script.finish();
}

#[tokio::test]
async fn refused_credentials_are_an_error_with_advice() {
    let World { script, netsuite, .. } = well();
    let refused = Says::Json(400, json!({"error": "invalid_grant"}));
    script.always("POST", &["/oauth2/v1/token"], refused);
    match netsuite.check_health().await.unwrap_err() {
        PortError::Unauthorised(words) => assert!(words.contains("certificate")),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn a_revoked_token_is_replaced_once_and_then_given_up() {
    let World { script, netsuite, .. } = well();
    let login = || Says::Json(401, error_body("Invalid login attempt.", "INVALID_LOGIN", None));
    script.step("GET", &["/serverTime"], login());
    netsuite.check_health().await.unwrap();
    assert_eq!(script.sent("POST", "/oauth2/v1/token").len(), 2);
    script.step("GET", &["/serverTime"], login()).step("GET", &["/serverTime"], login());
    match netsuite.check_health().await.unwrap_err() {
        PortError::Unauthorised(words) => assert!(words.contains("Invalid login attempt")),
        other => panic!("{other}"),
    }
    script.finish();
}
