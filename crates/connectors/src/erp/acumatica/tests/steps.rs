//! Writes of several steps: each found again after a crash, a time-out or a refusal between two.

use jiff::civil::date;
use model::command::{
    DepositLine, ErpWrite, RecordDeposit, RecordReceipt, RejectionCause, UnapplyReceipt,
};
use model::key::Key;
use ports::{Erp, Guard, PortError};
use serde_json::{Value, json};

use super::{
    BASE, World, done, exception, history, missing, oauth, payment, pounds, row, says, started,
};
use crate::erp::acumatica::reads::documents::stamp;
use crate::http::testing::{ScriptReply, no_answer};

const FIND: &str = "GET /Payment";
const RELEASE: &str = "POST /Payment/ReleasePayment";
const READ: &str = "GET /Payment/Payment/000871";
const CLOSED: &str = "The 03-2026 financial period of the MAIN company is closed in Accounts \
                      Receivable.";

fn key() -> Key {
    Key::new(&["receipt", "PM1", "PO1"])
}

fn receipt() -> ErpWrite {
    ErpWrite::RecordReceipt(RecordReceipt {
        customer: "C000123".into(),
        amount: pounds(12_050),
        apply: Some(("001245".into(), pounds(12_050))),
        dated_on: date(2026, 3, 6),
        true_date: None,
        subsidiary: None,
        receivable_account: None,
        exchange_rate: None,
        account: None,
        collection: "PM1".into(),
        payout: Some("PO1".into()),
        memo: "payment PM1, payout PO1".to_owned(),
    })
}

/// The payment under our key, in a state.
fn ours(status: &str, more: Value) -> Value {
    let mut body = payment("Payment", status, more);
    body["ExternalRef"]["value"] = json!(stamp(&key()));
    body
}

fn balanced() -> Value {
    ours("Balanced", json!({"DocumentsToApply": row("120.5")}))
}

fn none() -> ScriptReply {
    says(json!([]))
}

async fn write(world: &World) -> Result<model::command::WriteAnswer, PortError> {
    world.acumatica.write(&key(), &receipt()).await
}

#[tokio::test]
async fn a_receipt_is_made_applied_released_and_proved() {
    let status = format!("{BASE}/Payment/ReleasePayment/status/1");
    let replies = vec![
        none(),
        says(balanced()),
        started(&status),
        super::reply(202, ""),
        done(),
        says(ours("Closed", json!({}))),
    ];
    let world = oauth(replies);
    let answer = write(&world).await.unwrap();
    assert_eq!((answer.id.as_str(), answer.adopted), ("000871", false));
    let poll = "GET /Payment/ReleasePayment/status/1";
    assert_eq!(world.steps(), [FIND, "PUT /Payment", RELEASE, poll, poll, READ]);
    let body = world.script.body(2);
    assert_eq!(body["PaymentAmount"].to_string(), r#"{"value":120.50}"#);
    assert_eq!(body["ExternalRef"]["value"], stamp(&key()));
    assert_eq!(body["ApplicationDate"]["value"], "2026-03-06T00:00:00");
    assert_eq!(body["CashAccount"]["value"], "10250");
    assert_eq!(body["Hold"]["value"], false);
    assert_eq!(body["DocumentsToApply"][0]["AmountPaid"].to_string(), r#"{"value":120.50}"#);
    assert_eq!(body["custom"]["Document"]["AttributeMLCPAYOUT"]["value"], "PO1");
    assert_eq!(world.acumatica.guard(&receipt()), Guard::SearchOnly);
    world.script.assert_over();
}

#[tokio::test]
async fn a_receipt_without_an_answer_is_unknown_and_adopted_once_it_shows() {
    let world = oauth(vec![none(), no_answer()]);
    assert!(matches!(write(&world).await, Err(PortError::OutcomeUnknown(_))));
    // Not there yet; then committed late and released by nobody: begun, not made.
    let world = oauth(vec![none(), none()]);
    assert_eq!(world.acumatica.find(&key(), &receipt()).await, Ok(None));
    let world = oauth(vec![says(json!([balanced()]))]);
    let begun = world.acumatica.find(&key(), &receipt()).await;
    assert!(matches!(begun, Err(PortError::OutcomeUnknown(_))), "{begun:?}");
}

#[tokio::test]
async fn a_begun_receipt_is_released_and_never_made_again() {
    let closed = says(ours("Closed", json!({})));
    let world = oauth(vec![says(json!([balanced()])), says(balanced()), done(), closed]);
    assert_eq!(write(&world).await.unwrap().id, "000871");
    assert_eq!(world.steps(), [FIND, READ, RELEASE, READ]);
    world.script.assert_over();
}

#[tokio::test]
async fn a_begun_receipt_over_another_amount_is_deleted_and_made_anew() {
    let other = ours("Balanced", json!({"PaymentAmount": {"value": 99}}));
    let replies = vec![
        says(json!([other])),
        says(other),
        done(),
        none(),
        none(),
        says(balanced()),
        done(),
        says(ours("Closed", json!({}))),
    ];
    let world = oauth(replies);
    write(&world).await.unwrap();
    assert_eq!(world.steps()[2], "DELETE /Payment/Payment/000871");
    assert!(world.steps().contains(&"PUT /Payment".to_owned()));
    world.script.assert_over();
}

#[tokio::test]
async fn a_released_receipt_is_adopted() {
    let closed = || ours("Closed", json!({"ApplicationHistory": history()}));
    let list = || says(json!([closed()]));
    let world = oauth(vec![list(), list(), list(), says(closed()), none()]);
    let answer = write(&world).await.unwrap();
    assert!(answer.adopted);
    assert!(!world.steps().iter().any(|step| step.starts_with("PUT")));
    world.script.assert_over();
}

#[tokio::test]
async fn a_closed_period_at_the_release_leaves_nothing_behind() {
    let world = oauth(vec![none(), says(balanced()), exception(CLOSED), says(balanced()), done()]);
    match write(&world).await {
        Err(PortError::Rejected(rejection)) => {
            assert_eq!(rejection.cause, RejectionCause::PeriodClosed);
            assert!(rejection.words.contains("03-2026"));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(world.steps().last().unwrap(), "DELETE /Payment/Payment/000871");
    world.script.assert_over();
}

#[tokio::test]
async fn silence_between_two_steps_is_unknown() {
    let world = oauth(vec![none(), says(balanced()), no_answer()]);
    assert!(matches!(write(&world).await, Err(PortError::OutcomeUnknown(_))));
    world.script.assert_over();
}

#[tokio::test]
async fn a_payment_saved_without_its_application_gets_it_or_goes() {
    let bare = || says(ours("Balanced", json!({})));
    let world = oauth(vec![none(), bare(), bare(), done()]);
    match write(&world).await {
        Err(PortError::Rejected(rejection)) => {
            assert_eq!(rejection.cause, RejectionCause::ApplicationImpossible);
        }
        other => panic!("{other:?}"),
    }
    let delete = "DELETE /Payment/Payment/000871";
    assert_eq!(world.steps(), [FIND, "PUT /Payment", "PUT /Payment", delete]);
    assert_eq!(world.script.header(3, "if-match").as_deref(), Some("*"));
}

fn unapply(amount: i64) -> ErpWrite {
    ErpWrite::UnapplyReceipt(UnapplyReceipt {
        receipt: "000871".into(),
        customer: "C000123".into(),
        invoice: "001245".into(),
        amount: pounds(amount),
        decided_applied: pounds(12_050),
        dated_on: Some(date(2026, 3, 20)),
    })
}

fn applied() -> ScriptReply {
    says(ours("Closed", json!({"ApplicationHistory": history()})))
}

#[tokio::test]
async fn un_applying_voids_marks_dates_and_releases() {
    let key = Key::new(&["unapply", "PO2", "3", "1"]);
    let voiding = |status: &str| says(payment("Voided Payment", status, json!({})));
    let mark = json!({"type": "CustomStringField", "value": stamp(&key)});
    let marked = json!({"custom": {"Document": {"AttributeMLCVOIDKEY": mark}}});
    let replies = vec![
        applied(),
        missing(),
        done(),
        voiding("Balanced"),
        says(payment("Voided Payment", "Balanced", marked)),
        done(),
        voiding("Closed"),
        says(ours("Voided", json!({}))),
    ];
    let world = oauth(replies);
    world.acumatica.write(&key, &unapply(12_050)).await.unwrap();
    assert_eq!(world.steps()[2], "POST /Payment/VoidPayment");
    assert_eq!(world.script.header(3, "px-cbapibusinessdate").as_deref(), Some("2026-03-20"));
    let sent = world.script.body(5);
    assert_eq!(sent["custom"]["Document"]["AttributeMLCVOIDKEY"]["value"], stamp(&key));
    assert_eq!(world.script.body(6)["entity"]["Type"]["value"], "Voided Payment");
    world.script.assert_over();
}

#[tokio::test]
async fn a_part_of_what_pays_two_invoices_is_for_a_person() {
    let mut rows = history().as_array().cloned().unwrap();
    rows[0]["AmountPaid"] = json!({"value": 100.5});
    let mut other = rows[0].clone();
    other["AdjustedRefNbr"] = json!({"value": "001246"});
    other["AmountPaid"] = json!({"value": 20});
    rows.push(other);
    let two = says(ours("Closed", json!({"ApplicationHistory": rows})));
    let world = oauth(vec![two]);
    let key = Key::new(&["unapply", "PO2", "3", "1"]);
    let mut write = unapply(2_000);
    if let ErpWrite::UnapplyReceipt(write) = &mut write {
        write.decided_applied = pounds(10_050);
    }
    match world.acumatica.write(&key, &write).await {
        Err(PortError::Rejected(rejection)) => {
            assert_eq!(rejection.cause, RejectionCause::Unsupported);
            assert!(rejection.words.contains("Reverse Application"));
        }
        other => panic!("{other:?}"),
    }
}

fn deposit(total: i64) -> ErpWrite {
    ErpWrite::RecordDeposit(RecordDeposit {
        bank: "10200".into(),
        currency: model::money::Currency::GBP,
        dated_on: date(2026, 3, 10),
        true_date: None,
        receipts: vec!["000871".into()],
        refunds: Vec::new(),
        lines: vec![DepositLine {
            account: "61200".into(),
            amount: pounds(-140),
            memo: "fees".to_owned(),
        }],
        exchange_rate: None,
        total: pounds(total),
        payout: Some("PO1".into()),
        memo: "payout PO1".to_owned(),
    })
}

#[tokio::test]
async fn a_deposit_is_one_balanced_batch() {
    let key = Key::new(&["deposit", "PO1", "1"]);
    let line = |account: &str, debit: &str, credit: &str, words: &str, on: (&str, &str)| {
        let number = |text: &str| text.parse::<serde_json::Number>().unwrap();
        json!({"Account": {"value": account}, "DebitAmount": {"value": number(debit)},
            "CreditAmount": {"value": number(credit)}, "TransactionDescription": {"value": words},
            "BranchID": {"value": on.0}, "Subaccount": {"value": on.1}})
    };
    let (bank, clearing) = (("WEST", "000000"), ("WEST", "100-000"));
    let batch = |status: &str| {
        says(json!({"Module": {"value": "GL"}, "BatchNbr": {"value": "GL000412"},
            "Status": {"value": status}, "CurrencyID": {"value": "GBP"},
            "TransactionDate": {"value": "2026-03-10T00:00:00+00:00"},
            "Description": {"value": format!("{} | deposit | bank 10200 | payout PO1 | x", stamp(&key))},
            "Details": [line("10200", "119.10", "0", "bank", bank),
                line("10250", "0.0", "120.5", "receipt 000871", clearing),
                line("61200", "1.4", "0.0", "fees", bank)]}))
    };
    let receipts = || says(json!([ours("Closed", json!({}))]));
    let allowed =
        |account: &str| json!({"CashAccount": {"value": account}, "Branch": {"value": "WEST"}});
    let method = says(json!({"AllowedCashAccounts": [allowed("10200"), allowed("10250")]}));
    let posted = json!({"CurrentDocument": {"BatchNbr": {"type": "CustomStringField",
        "value": "AR000007"}}});
    let shows = says(json!([ours("Closed", json!({ "custom": posted }))]));
    let shown = says(json!({"Details": [line("10250", "120.5", "0", "PM1", ("WEST", "100000"))]}));
    // Nothing under the key; the receipts; no deposit of their payout; where the cash accounts stand: no
    // payment on the bank, one on the clearing account, and its batch; still nothing.
    let replies = vec![
        none(),
        receipts(),
        none(),
        method,
        none(),
        shows,
        shown,
        none(),
        batch("Balanced"),
        done(),
        batch("Posted"),
    ];
    let world = oauth(replies);
    let answer = world.acumatica.write(&key, &deposit(11_910)).await.unwrap();
    assert_eq!(answer.id, "GL000412");
    let sent = world.script.body(9);
    assert_eq!(sent["BranchID"]["value"], "WEST", "not the setting's, which is MAIN");
    let rows = sent["Details"].as_array().cloned().unwrap();
    let on: Vec<(&Value, &Value)> =
        rows.iter().map(|row| (&row["BranchID"]["value"], &row["Subaccount"]["value"])).collect();
    let (west, own) = (json!("WEST"), json!("100000"));
    assert_eq!(on, [(&west, &Value::Null), (&west, &own), (&west, &Value::Null)]);
    let told: Vec<String> = rows
        .iter()
        .map(|row| {
            format!(
                "{} {} {}",
                row["Account"]["value"], row["DebitAmount"]["value"], row["CreditAmount"]["value"]
            )
        })
        .collect();
    assert_eq!(told, [r#""10200" 119.10 0.00"#, r#""10250" 0.00 120.50"#, r#""61200" 1.40 0.00"#]);
    world.script.assert_over();
    // A total that the lines do not reach is never sent.
    let world = oauth(vec![none(), receipts(), none()]);
    assert!(matches!(
        world.acumatica.write(&key, &deposit(11_900)).await,
        Err(PortError::Rejected(_))
    ));
    world.script.assert_over();
}
