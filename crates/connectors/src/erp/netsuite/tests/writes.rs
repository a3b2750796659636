//! New documents: the exact bodies, what is there already, what is refused, what is unknown.

use jiff::civil::date;
use serde_json::{Value, json};

use model::command::{
    DepositLine, ErpWrite, JournalLine, RecordDeposit, RecordJournal, RecordReceipt, RecordRefund,
    RejectionCause, WriteAnswer,
};
use model::ids::{CollectionId, InvoiceId, LedgerAccountId, PayoutId, ReceiptId, SubsidiaryId};
use model::key::Key;
use model::money::Currency;
use ports::{Erp, PortError};

use super::harness::{Says, Script, World, fixture, pounds, world, world_with};

const STAMP: &str = "receipt-PM00A1-PO007h2yzwq3rkfda";

fn key() -> Key {
    Key::from_stored(STAMP)
}

fn receipt() -> RecordReceipt {
    RecordReceipt {
        customer: "1007".into(),
        amount: pounds(30_000),
        apply: Some((InvoiceId::new("50311"), pounds(24_000))),
        dated_on: date(2026, 4, 2),
        true_date: None,
        subsidiary: Some(SubsidiaryId::new("2")),
        receivable_account: Some(LedgerAccountId::new("119")),
        exchange_rate: Some("1.0".parse().unwrap()),
        account: None,
        collection: CollectionId::new("PM00A1"),
        payout: Some(PayoutId::new("PO007")),
        memo: "PM00A1 PO007".to_owned(),
    }
}

fn refund() -> RecordRefund {
    RecordRefund {
        receipt: ReceiptId::new("61001"),
        customer: "1007".into(),
        amount: pounds(6_000),
        from: Some(LedgerAccountId::new("210")),
        dated_on: date(2026, 4, 9),
        true_date: None,
        receivable_account: Some(LedgerAccountId::new("119")),
        subsidiary: None,
        exchange_rate: None,
        memo: "chargeback PM00A1".to_owned(),
    }
}

fn deposit() -> RecordDeposit {
    let line = |account: &str, minor, memo: &str| DepositLine {
        account: LedgerAccountId::new(account),
        amount: pounds(minor),
        memo: memo.to_owned(),
    };
    RecordDeposit {
        bank: LedgerAccountId::new("210"),
        currency: Currency::GBP,
        dated_on: date(2026, 4, 3),
        true_date: None,
        receipts: vec![ReceiptId::new("61001"), ReceiptId::new("61002")],
        refunds: vec!["61090".into()],
        lines: vec![line("640", -240, "fees"), line("650", 5, "surcharge"), line("1", 0, "none")],
        exchange_rate: None,
        total: pounds(23_765),
        payout: Some(PayoutId::new("PO007")),
        memo: "PO007".to_owned(),
    }
}

fn amounts(status: &str) -> Says {
    let row = |id: &str, kind: &str, total: &str, status: &str| json!({"id": id, "type": kind, "total": total, "status": status, "currency": "1"});
    Says::rows(vec![
        row("61001", "CustPymt", "240", status),
        row("61002", "CustPymt", "60.25", "CustPymt:B"),
        row("61090", "CustRfnd", "60.25", "R"),
    ])
}

const AMOUNTS: [&str; 3] = ["/suiteql", "AS type", "IN (61001,61002,61090)"];

fn made(id: &str) -> Result<WriteAnswer, PortError> {
    Ok(WriteAnswer { id: id.to_owned(), adopted: false, url: None })
}

fn cause(result: Result<WriteAnswer, PortError>) -> RejectionCause {
    match result {
        Err(PortError::Rejected(rejection)) => rejection.cause,
        other => panic!("{other:?}"),
    }
}

async fn record(world: &World, write: &ErpWrite) -> Result<WriteAnswer, PortError> {
    let answer = world.netsuite.write(&key(), write).await;
    world.script.finish();
    answer
}

fn posted(script: &Script, kind: &str) -> Value {
    script.sent("POST", kind).pop().unwrap().body
}

#[tokio::test]
async fn a_receipt_is_posted_in_exactly_this_form() {
    let world = world();
    world.script.step("POST", &["/record/v1/customerPayment"], Says::Made("customerpayment/61001"));
    assert_eq!(record(&world, &ErpWrite::RecordReceipt(receipt())).await, made("61001"));
    let sent = world.script.sent("POST", "/customerPayment").pop().unwrap();
    assert_eq!(sent.headers["x-netsuite-propertynamevalidation"], "error");
    assert_eq!(sent.headers["authorization"], "Bearer token-1");
    // As text, since 240.00 must not become 240.
    assert!(sent.text.contains(r#""amount":240.00"#), "{}", sent.text);
    assert!(sent.text.contains(r#""payment":300.00"#), "{}", sent.text);
    let expected: Value = serde_json::from_str(
        r#"{"externalId": "receipt-PM00A1-PO007h2yzwq3rkfda", "customer": {"id": "1007"},
            "currency": {"id": "1"}, "exchangeRate": 1.0, "subsidiary": {"id": "2"},
            "payment": 300.00, "undepFunds": true, "arAcct": {"id": "119"},
            "tranDate": "2026-04-02", "memo": "PM00A1 PO007", "autoApply": false,
            "custbody_mlc_payment_id": "PM00A1", "custbody_mlc_payout": "PO007",
            "apply": {"items": [
                {"doc": {"id": "50311"}, "line": 0, "apply": true, "amount": 240.00}]}}"#,
    )
    .unwrap();
    assert_eq!(sent.body, expected);
}

#[tokio::test]
async fn without_subsidiaries_the_field_is_left_out() {
    let world = world_with(&[], false);
    world.script.step("POST", &["/record/v1/customerPayment"], Says::Made("customerpayment/61001"));
    record(&world, &ErpWrite::RecordReceipt(receipt())).await.unwrap();
    assert!(posted(&world.script, "/customerPayment").get("subsidiary").is_none());
}

#[tokio::test]
async fn a_given_account_replaces_undeposited_funds() {
    for (account, by_account, undeposited, named) in [
        (Some("116"), "false", json!(true), Value::Null),
        (Some("210"), "false", json!(false), json!({"id": "210"})),
        (None, "true", Value::Null, json!({"id": "116"})),
    ] {
        let world = world_with(&[("undeposited_by_account", by_account)], true);
        world.script.step("POST", &["/customerPayment"], Says::Made("customerpayment/61001"));
        let write = RecordReceipt { account: account.map(LedgerAccountId::new), ..receipt() };
        record(&world, &ErpWrite::RecordReceipt(write)).await.unwrap();
        let body = posted(&world.script, "/customerPayment");
        assert_eq!(body.get("undepFunds").cloned().unwrap_or_default(), undeposited);
        assert_eq!(body.get("account").cloned().unwrap_or_default(), named);
    }
}

const TAKEN: &str = "Error while accessing a resource. This entity already exists.";

#[tokio::test]
async fn a_receipt_that_is_there_is_adopted_when_it_is_the_same() {
    let path = format!("/customerPayment/eid:{STAMP}?expandSubResources=true");
    for (amount, same) in [(30_000, true), (29_999, false)] {
        let world = world();
        world.script.step("POST", &["/record/v1/customerPayment"], Says::refusal(TAKEN)).step(
            "GET",
            &[&path],
            Says::Json(200, fixture("customer_payment")),
        );
        let write = RecordReceipt { amount: pounds(amount), ..receipt() };
        let answer = record(&world, &ErpWrite::RecordReceipt(write)).await;
        if same {
            let adopted = WriteAnswer { id: "61001".to_owned(), adopted: true, url: None };
            assert_eq!(answer, Ok(adopted));
        } else {
            assert_eq!(cause(answer), RejectionCause::State);
        }
    }
}

#[tokio::test]
async fn a_receipt_that_a_person_voided_is_not_adopted() {
    let world = world();
    world
        .script
        .always("POST", &["AS type", "t.voided"], Says::rows(vec![
            json!({"id": "61001", "type": "CustPymt", "total": "0", "status": "B", "voided": "T"}),
        ]))
        .step("POST", &["/record/v1/customerPayment"], Says::refusal(TAKEN))
        .step("GET", &["/customerPayment/eid:"], Says::Json(200, fixture("customer_payment")));
    let answer = record(&world, &ErpWrite::RecordReceipt(receipt())).await;
    assert_eq!(cause(answer), RejectionCause::State);
}

#[tokio::test]
async fn a_taken_name_that_is_not_ours_is_a_refusal() {
    let world = world();
    world.script.step("POST", &["/record/v1/customerPayment"], Says::refusal(TAKEN)).step(
        "GET",
        &["/customerPayment/eid:"],
        Says::missing(),
    );
    let answer = record(&world, &ErpWrite::RecordReceipt(receipt())).await;
    assert_eq!(cause(answer), RejectionCause::Validation);
}

#[tokio::test]
async fn refusals_of_a_receipt_are_told_apart() {
    for (detail, expected) in [
        (
            "Unable to find a matching line for sub-list apply with key: [doc,line].",
            RejectionCause::ApplicationImpossible,
        ),
        ("The accounting period 'Apr 2026' is closed.", RejectionCause::PeriodClosed),
        ("Please enter value(s) for: Department", RejectionCause::Validation),
    ] {
        let world = world();
        world.script.step("POST", &["/record/v1/customerPayment"], Says::refusal(detail)).step(
            "GET",
            &["/customerPayment/eid:"],
            Says::missing(),
        );
        let answer = record(&world, &ErpWrite::RecordReceipt(receipt())).await;
        assert_eq!(cause(answer), expected, "{detail}");
    }
}

#[tokio::test]
async fn a_receipt_whose_own_application_is_why_it_is_refused_is_adopted() {
    let world = world();
    let detail = "Unable to find a matching line for sub-list apply with key: [doc,line].";
    world.script.step("POST", &["/record/v1/customerPayment"], Says::refusal(detail)).step(
        "GET",
        &["/customerPayment/eid:"],
        Says::Json(200, fixture("customer_payment")),
    );
    let answer = record(&world, &ErpWrite::RecordReceipt(receipt())).await;
    assert!(answer.unwrap().adopted);
}

#[tokio::test]
async fn a_write_without_an_answer_is_unknown_and_not_repeated() {
    for says in [Says::Silence, Says::Json(500, json!({"title": "Internal"}))] {
        let world = world();
        world.script.step("POST", &["/record/v1/customerPayment"], says);
        let answer = record(&world, &ErpWrite::RecordReceipt(receipt())).await;
        assert!(matches!(answer, Err(PortError::OutcomeUnknown(_))), "{answer:?}");
    }
}

#[tokio::test]
async fn forms_that_the_account_refuses_are_mended_once() {
    let field = "Unknown reference or field 'custbody_mlc_payout'.";
    let world = world();
    world
        .script
        .step("POST", &["custbody_mlc_payout"], Says::refusal(field))
        .step("POST", &["undepFunds"], Says::refusal_at("Invalid value.", "undepFunds"))
        .step("POST", &[r#""account":{"id":"116"}"#], Says::Made("customerpayment/61001"));
    assert_eq!(record(&world, &ErpWrite::RecordReceipt(receipt())).await, made("61001"));
    let body = posted(&world.script, "/customerPayment");
    assert!(body.get("undepFunds").is_none() && body.get("custbody_mlc_payout").is_none());
}

#[tokio::test]
async fn an_answer_without_location_is_read_by_key() {
    let world = world();
    world.script.step("POST", &["/record/v1/customerPayment"], Says::Done).step(
        "GET",
        &["/customerPayment/eid:"],
        Says::Json(200, json!({"id": "61001"})),
    );
    assert_eq!(record(&world, &ErpWrite::RecordReceipt(receipt())).await, made("61001"));
}

#[tokio::test]
async fn a_refund_names_its_line_only_when_it_must() {
    let no_line = Says::refusal("Unable to find a matching line for sub-list apply.");
    let world = world();
    world
        .script
        .step("GET", &["/customerPayment/61001"], Says::Json(200, fixture("customer_payment")))
        .step("POST", &["/record/v1/customerRefund"], no_line.clone())
        .step(
            "POST",
            &["/record/v1/customerRefund", r#""line":1"#],
            Says::Made("customerrefund/9"),
        );
    assert_eq!(record(&world, &ErpWrite::RecordRefund(refund())).await, made("9"));
    let sent = world.script.sent("POST", "/customerRefund");
    assert!(sent[0].body["apply"]["items"][0].get("line").is_none());
    let expected: Value = serde_json::from_str(
        r#"{"externalId": "receipt-PM00A1-PO007h2yzwq3rkfda", "customer": {"id": "1007"},
            "account": {"id": "210"}, "arAcct": {"id": "119"}, "currency": {"id": "1"},
            "tranDate": "2026-04-09", "memo": "chargeback PM00A1",
            "apply": {"items": [
                {"doc": {"id": "61001"}, "line": 1, "apply": true, "amount": 60.00}]}}"#,
    )
    .unwrap();
    assert_eq!(sent[1].body, expected);
    let world = self::world();
    world
        .script
        .step("GET", &["/customerPayment/61001"], Says::Json(200, fixture("customer_payment")))
        .step("POST", &["/record/v1/customerRefund"], no_line.clone())
        .step("POST", &["/record/v1/customerRefund"], no_line)
        .step("GET", &["/customerRefund/eid:"], Says::missing());
    let answer = record(&world, &ErpWrite::RecordRefund(refund())).await;
    assert_eq!(cause(answer), RejectionCause::ApplicationImpossible);
}

#[tokio::test]
async fn a_refund_of_more_than_is_unapplied_is_stale() {
    let world = world();
    world
        .script
        .step("GET", &["/customerPayment/61001"], Says::Json(200, fixture("customer_payment")))
        .step("GET", &["/customerRefund/eid:"], Says::missing());
    let write = RecordRefund { amount: pounds(6_001), ..refund() };
    let answer = record(&world, &ErpWrite::RecordRefund(write)).await;
    assert!(matches!(answer, Err(PortError::Stale(_))), "{answer:?}");
    assert!(world.script.sent("POST", "/record/").is_empty());
}

#[tokio::test]
async fn a_deposit_is_posted_in_exactly_this_form() {
    let world = world();
    world.script.step("POST", &AMOUNTS, amounts("B")).step(
        "POST",
        &["/record/v1/deposit"],
        Says::Made("deposit/62001"),
    );
    assert_eq!(record(&world, &ErpWrite::RecordDeposit(deposit())).await, made("62001"));
    let expected: Value = serde_json::from_str(
        r#"{"externalId": "receipt-PM00A1-PO007h2yzwq3rkfda", "account": {"id": "210"},
            "currency": {"id": "1"}, "tranDate": "2026-04-03", "memo": "PO007",
            "payment": {"items": [{"id": 61001, "deposit": true}, {"id": 61002, "deposit": true},
                {"id": 61090, "deposit": true}]},
            "other": {"items": [{"account": {"id": "650"}, "amount": 0.05, "memo": "surcharge"}]},
            "cashback": {"items": [{"account": {"id": "640"}, "amount": 2.40, "memo": "fees"}]}}"#,
    )
    .unwrap();
    assert_eq!(posted(&world.script, "/record/v1/deposit"), expected);
}

#[tokio::test]
async fn a_deposit_that_would_differ_is_never_sent() {
    let mut off = deposit();
    off.total = pounds(23_766);
    for (write, status) in [(off, "B"), (deposit(), "C"), (deposit(), "A")] {
        let world = world();
        world.script.step("POST", &AMOUNTS, amounts(status)).step(
            "GET",
            &["/deposit/eid:"],
            Says::missing(),
        );
        let answer = record(&world, &ErpWrite::RecordDeposit(write)).await;
        assert!(matches!(answer, Err(PortError::Stale(_))), "{status} {answer:?}");
        assert!(world.script.sent("POST", "/record/").is_empty());
    }
}

#[tokio::test]
async fn receipts_deposited_by_this_very_deposit_are_found() {
    let mut write = deposit();
    write.total = pounds(23_760);
    write.lines.truncate(1);
    let world = world();
    world.script.step("POST", &AMOUNTS, amounts("C")).step(
        "GET",
        &["/deposit/eid:"],
        Says::Json(200, fixture("deposit")),
    );
    let answer = record(&world, &ErpWrite::RecordDeposit(write)).await;
    let adopted = WriteAnswer { id: "62001".to_owned(), adopted: true, url: None };
    assert_eq!(answer, Ok(adopted));
}

fn journal(lines: &[(&str, i64)]) -> ErpWrite {
    let lines = lines.iter().map(|(account, minor)| JournalLine {
        account: LedgerAccountId::new(*account),
        amount: pounds(*minor),
        memo: "fees".to_owned(),
        customer: if *account == "119" { Some("1007".into()) } else { None },
    });
    ErpWrite::RecordJournal(RecordJournal {
        subsidiary: Some(SubsidiaryId::new("2")),
        currency: Currency::GBP,
        dated_on: date(2026, 4, 3),
        true_date: Some(date(2026, 3, 31)),
        lines: lines.collect(),
        payout: None,
        memo: "PO007".to_owned(),
    })
}

#[tokio::test]
async fn a_journal_balances_or_is_not_sent() {
    let world = world();
    world.script.step("POST", &["/record/v1/journalEntry"], Says::Made("journalentry/63001"));
    let write = journal(&[("640", 200), ("119", 40), ("7", 0), ("210", -240)]);
    assert_eq!(record(&world, &write).await, made("63001"));
    let expected: Value = serde_json::from_str(
        r#"{"externalId": "receipt-PM00A1-PO007h2yzwq3rkfda", "subsidiary": {"id": "2"},
            "currency": {"id": "1"}, "tranDate": "2026-04-03", "memo": "PO007 (of 2026-03-31)",
            "approved": true,
            "line": {"items": [{"account": {"id": "640"}, "debit": 2.00, "memo": "fees"},
                {"account": {"id": "119"}, "debit": 0.40, "memo": "fees", "entity": {"id": "1007"}},
                {"account": {"id": "210"}, "credit": 2.40, "memo": "fees"}]}}"#,
    )
    .unwrap();
    assert_eq!(posted(&world.script, "/journalEntry"), expected);
    for lines in [&[("640", 200), ("210", -199)][..], &[("640", 0), ("210", 0)], &[]] {
        let world = self::world();
        let answer = record(&world, &journal(lines)).await;
        assert_eq!(cause(answer), RejectionCause::Validation);
        assert!(world.script.sent("POST", "/record/").is_empty());
    }
}

#[tokio::test]
async fn a_journal_is_the_same_whatever_the_order_of_its_lines() {
    for (lines, same) in [
        (&[("210", -240), ("231", 40), ("640", 150), ("640", 50)][..], true),
        (&[("210", -240), ("231", 40), ("641", 200)][..], false),
    ] {
        let world = world();
        world.script.step(
            "GET",
            &["/journalEntry/eid:"],
            Says::Json(200, fixture("journal_entry")),
        );
        let found = world.netsuite.find(&key(), &journal(lines)).await;
        world.script.finish();
        assert_eq!(found.is_ok_and(|found| found.is_some()), same, "{lines:?}");
    }
}
