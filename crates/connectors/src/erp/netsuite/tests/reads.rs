//! Lists, cheap reads and direct reads, with whatever an account may not have.

use jiff::civil::date;
use serde_json::{Value, json};

use model::ids::{InvoiceId, LedgerAccountId, ReceiptId};
use model::key::Key;
use model::money::{Currency, Money};
use model::receipt::{DocumentKind, ErpDocument, ReceiptPlace};
use ports::erp::ChoiceKind;
use ports::{Depth, Erp, PortError, Read};

use super::harness::{Says, World, fixture, pounds, world, world_with};

const INVOICES: [&str; 2] = ["/suiteql?limit=1000&offset=0", "t.type = 'CustInvc'"];

fn invoice_row(id: usize) -> Value {
    json!({"id": id.to_string(), "tranid": format!("INV-{id}"), "entity": "1007", "currency": "1",
        "foreigntotal": "10", "unpaid": "10", "trandate": "2026-03-01",
        "modified": "2026-03-04 09:12:44", "subsidiary": "2", "status": "A"})
}

#[tokio::test]
async fn changes_are_looked_for_a_day_further_back_and_paged_by_id() {
    let World { script, netsuite, .. } = world();
    let full: Vec<Value> = (1..=1_000).map(invoice_row).collect();
    let since = "TO_TIMESTAMP('2026-03-03 08:00:00', 'YYYY-MM-DD HH24:MI:SS')";
    script.step("POST", &[since, "AND t.id > 0 ORDER BY t.id"], Says::rows(full)).step(
        "POST",
        &[since, "AND t.id > 1000 ORDER"],
        Says::rows(vec![invoice_row(1_001)]),
    );
    let at = "2026-03-04T10:00:00Z".parse().unwrap();
    let first = netsuite.changed_invoices(at, None).await.unwrap();
    assert_eq!(first.records.len(), 1_000);
    // The window is that of the first page, whatever is asked for later.
    let later = "2026-03-05T10:00:00Z".parse().unwrap();
    let second = netsuite.changed_invoices(later, first.next.as_deref()).await.unwrap();
    assert_eq!(second.records[0].id, InvoiceId::new("1001"));
    assert_eq!(second.next, None);
    script.finish();
    let sent = script.sent("POST", "t.type = 'CustInvc'").pop().unwrap();
    assert_eq!(sent.headers["prefer"], "transient");
    assert!(!sent.text.contains("t.status ="), "{}", sent.text);
    for mark in ["", "x", "2026-03-03 08:00:00|1; DROP", "'|5"] {
        assert!(netsuite.changed_invoices(at, Some(mark)).await.is_err(), "{mark}");
    }
}

#[tokio::test]
async fn columns_that_an_account_lacks_are_left_out() {
    let World { script, netsuite, clock } = world();
    let mut row = invoice_row(5);
    row.as_object_mut().unwrap().remove("currency");
    script
        .step("POST", &INVOICES, Says::unknown_column("t.voided"))
        .step("POST", &INVOICES, Says::unknown_column("CUSTBODY_MLC_COLLECT"))
        .step("POST", &INVOICES, Says::rows(vec![invoice_row(5)]))
        .step("POST", &INVOICES, Says::rows(vec![invoice_row(5)]));
    let page = netsuite.open_invoices(None).await.unwrap();
    assert!(matches!(&page.records[0].read, Read::Found(invoice) if !invoice.flagged));
    netsuite.open_invoices(None).await.unwrap();
    let sent = script.sent("POST", "t.type = 'CustInvc'");
    assert!(sent[0].text.contains("t.voided AS voided") && sent[0].text.contains("mlc_collect"));
    for later in &sent[2..] {
        assert!(!later.text.contains("voided") && !later.text.contains("mlc_collect"));
    }
    // After a while they are asked for again.
    clock.pass(jiff::SignedDuration::from_mins(16));
    script.step("POST", &[INVOICES[1], "t.voided"], Says::rows(Vec::new()));
    netsuite.open_invoices(None).await.unwrap();
    script.finish();
}

#[tokio::test]
async fn a_column_that_must_be_there_fails_the_read() {
    let World { script, netsuite, .. } = world();
    script.step("POST", &INVOICES, Says::unknown_column("tranid"));
    assert!(matches!(netsuite.open_invoices(None).await, Err(PortError::Rejected(_))));
    script.finish();
}

#[tokio::test]
async fn what_a_query_does_not_show_is_read_directly() {
    let World { script, netsuite, .. } = world();
    script
        .step("POST", &["t.id IN (5,50311,7)"], Says::rows(vec![invoice_row(5)]))
        .step("GET", &["/record/v1/invoice/50311"], Says::Json(200, fixture("invoice")))
        .step(
            "GET",
            &["/record/v1/invoice/7"],
            Says::refusal(
                "Error while accessing a resource. Transaction type specified is incorrect.",
            ),
        );
    let ids: Vec<InvoiceId> = ["50311", "5", "7", "x'y"].into_iter().map(InvoiceId::new).collect();
    let reads = netsuite.invoices(&ids, Depth::Cheap).await.unwrap();
    assert!(matches!(&reads[0], Read::Found(invoice) if invoice.number == "INV-2041"));
    assert!(matches!(&reads[1], Read::Found(invoice) if invoice.number == "INV-5"));
    assert_eq!(reads[2], Read::Missing);
    assert!(matches!(&reads[3], Read::Odd(_)));
    script.finish();
}

#[tokio::test]
async fn versions_of_both_kinds_of_read_compare() {
    let World { script, netsuite, .. } = world_with(&[("time_zone", "")], true);
    let mut row = fixture("invoice_rows")["items"][0].clone();
    // Eight hours behind UTC: what the record calls 09:12:44Z.
    row["modified"] = json!("2026-03-04 01:12:44");
    script
        .step("POST", &["t.id IN (50311)"], Says::rows(vec![row.clone()]))
        .step("GET", &["/record/v1/invoice/50311"], Says::Json(200, fixture("invoice")))
        .step("POST", &["t.id IN (50311)"], Says::rows(vec![row]))
        .step("GET", &["/record/v1/invoice/50311"], Says::Json(200, fixture("invoice")));
    let ids = [InvoiceId::new("50311")];
    let first = netsuite.invoices(&ids, Depth::Cheap).await.unwrap();
    // Measured once.
    let second = netsuite.invoices(&ids, Depth::Cheap).await.unwrap();
    let direct = netsuite.invoices(&ids, Depth::Direct).await.unwrap();
    assert_eq!(first, second);
    assert_eq!(first, direct);
    script.finish();
}

#[tokio::test]
async fn an_unknown_currency_reloads_the_table_and_is_then_odd() {
    let World { script, netsuite, clock } = world();
    let mut row = invoice_row(5);
    row["currency"] = json!("9");
    script.always("POST", &INVOICES, Says::rows(vec![row]));
    netsuite.setup().await.unwrap();
    clock.pass(jiff::SignedDuration::from_mins(2));
    let page = netsuite.open_invoices(None).await.unwrap();
    assert!(matches!(&page.records[0].read, Read::Odd(why) if why.contains("currency 9")));
    assert_eq!(script.sent("POST", "FROM currency cur").len(), 2);
    let kronor = json!({"id": "9", "symbol": "SEK", "currencyprecision": "2"});
    script.always("POST", &["FROM currency cur"], Says::rows(vec![kronor]));
    clock.pass(jiff::SignedDuration::from_mins(2));
    let page = netsuite.open_invoices(None).await.unwrap();
    let total = page.records[0].read.found().map(|invoice| invoice.total);
    assert_eq!(total, Some(Money::new(1_000, Currency::SEK)));
    script.finish();
}

fn receipt_row(unused: &str) -> Value {
    json!({"id": "61001", "externalid": "receipt-1", "entity": "1007", "currency": "1",
        "total": "300", "unused": unused, "trandate": "2026-04-02", "status": "CustPymt:C",
        "modified": "2026-04-02 10:00:00", "account": "116", "subsidiary": "2"})
}

fn link(previous: &str, kind: &str, next: &str, next_kind: &str, amount: &str) -> Value {
    json!({"previousdoc": previous, "previoustype": kind, "nextdoc": next, "nexttype": next_kind,
        "foreignamount": amount})
}

/// Whether the receipt with these links is taken from the query alone.
async fn check_cheap(unused: &str, into: Vec<Value>, out_of: Vec<Value>, alone: bool) {
    let World { script, netsuite, .. } = world();
    script
        .step("POST", &["t.externalid IN ('receipt-1')"], Says::rows(vec![receipt_row(unused)]))
        .step("POST", &["l.nextdoc IN (61001)"], Says::rows(into))
        .step("POST", &["l.previousdoc IN (61001)"], Says::rows(out_of));
    if !alone {
        let says = Says::Json(200, fixture("customer_payment"));
        script.step("GET", &["/customerPayment/eid:receipt-1?expand"], says);
    }
    let keys = [(DocumentKind::Receipt, Key::from_stored("receipt-1"))];
    let reads = netsuite.documents(&keys, Depth::Cheap).await.unwrap();
    script.finish();
    let Read::Found(ErpDocument::Receipt(receipt)) = &reads[0] else { panic!("{reads:?}") };
    assert_eq!(receipt.applications.len(), 1);
    assert_eq!(receipt.applications[0].amount, pounds(24_000));
    let place = if alone { ReceiptPlace::Deposited } else { ReceiptPlace::Undeposited };
    assert_eq!(receipt.place, place);
}

#[tokio::test]
async fn receipts_are_read_in_bulk_only_while_their_links_add_up() {
    let invoice = link("50311", "CustInvc", "61001", "CustPymt", "-240");
    let deposit = link("61001", "CustPymt", "62001", "Deposit", "300");
    let refund = link("61001", "CustPymt", "61090", "CustRfnd", "40");
    check_cheap("60", vec![invoice.clone()], vec![deposit.clone()], true).await;
    check_cheap("20", vec![invoice.clone()], vec![deposit.clone(), refund], true).await;
    check_cheap("50", vec![invoice], vec![deposit], false).await;
}

#[tokio::test]
async fn documents_are_looked_for_by_kind_and_key() {
    let World { script, netsuite, .. } = world();
    let key = |text: &str| Key::new(&[text, "PM0001", "a very long part that does not fit at all"]);
    let keys = [(DocumentKind::Deposit, key("deposit")), (DocumentKind::Refund, key("refund"))];
    script.step("GET", &["/record/v1/deposit/eid:deposit-PM0001-"], Says::missing()).step(
        "GET",
        &["/record/v1/customerRefund/eid:refund-PM0001-"],
        Says::Json(200, fixture("customer_refund")),
    );
    let reads = netsuite.documents(&keys, Depth::Direct).await.unwrap();
    assert_eq!(reads[0], Read::Missing);
    assert!(matches!(&reads[1], Read::Found(ErpDocument::Refund(_))));
    script.finish();
    for sent in script.sent("GET", "eid:") {
        let stamp = sent.path.split("eid:").nth(1).unwrap().split('?').next().unwrap();
        assert!(stamp.len() <= 50, "{stamp}");
    }
}

#[tokio::test]
async fn a_voided_receipt_is_known_by_its_query() {
    let World { script, netsuite, .. } = world();
    let voided = json!({"id": "61001", "type": "CustPymt", "total": "0", "status": "B",
        "voided": "T"});
    script.always("POST", &["AS type", "t.voided"], Says::rows(vec![voided])).step(
        "GET",
        &["/customerPayment/61001?expand"],
        Says::Json(200, fixture("customer_payment")),
    );
    let reads = netsuite.receipts(&[ReceiptId::new("61001")]).await.unwrap();
    assert!(matches!(&reads[0], Read::Found(receipt) if receipt.voided));
    script.finish();
}

#[tokio::test]
async fn periods_are_open_unless_closed_or_locked() {
    let row = |name: &str, from: &str, to: &str, closed: &str, ar: &str, all: &str| {
        json!({"id": "1", "periodname": name, "startdate": from, "enddate": to, "closed": closed,
            "arlocked": ar, "alllocked": all})
    };
    let rows = vec![
        row("Jan", "2026-01-01", "2026-01-31", "T", "T", "T"),
        row("Feb", "2026-02-01", "2026-02-28", "F", "T", "F"),
        row("Mar", "2026-03-01", "2026-03-31", "F", "F", "F"),
    ];
    for (setting, expected) in [("false", [false, false, true]), ("true", [false, true, true])] {
        let World { script, netsuite, .. } = world_with(&[("period_override", setting)], true);
        script.step("POST", &["FROM accountingperiod p", "isposting"], Says::rows(rows.clone()));
        let book = netsuite.periods().await.unwrap();
        let open: Vec<bool> = book.periods.iter().map(|period| period.open).collect();
        assert_eq!(open, expected, "{setting}");
        assert_eq!(book.periods[1].ends_on, date(2026, 2, 28));
        script.finish();
    }
}

async fn check_balance(account: Value, rows: Vec<Value>, expected: Result<Money, &str>) {
    let World { script, netsuite, .. } = world();
    script.step("POST", &["FROM account a", "a.id = 210"], Says::rows(vec![account])).step(
        "POST",
        &["FROM transactionaccountingline tal", "GROUP BY"],
        Says::rows(rows),
    );
    let balance = netsuite.account_balance(&LedgerAccountId::new("210")).await;
    script.finish();
    match (balance, expected) {
        (Ok(balance), Ok(expected)) => assert_eq!(balance, expected),
        (Err(PortError::Unsupported(why)), Err(part)) => assert!(why.contains(part), "{why}"),
        (balance, expected) => panic!("{balance:?}, expected {expected:?}"),
    }
}

#[tokio::test]
async fn a_balance_is_in_the_accounts_own_currency_or_refused() {
    let euro = Money::new(-1_050, Currency::EUR);
    let row = |book: &str, subsidiary: &str, currency: &str, base: &str, foreign: &str| {
        json!({"book": book, "subsidiary": subsidiary, "currency": currency, "base": base,
            "foreignamount": foreign})
    };
    let account = |currency: Option<&str>| {
        let mut account = json!({"id": "210", "accttype": "Bank", "isinactive": "F"});
        if let Some(currency) = currency {
            account["currency"] = json!(currency);
        }
        account
    };
    // Base amounts of the primary book, whatever currency the lines are in.
    let rows = vec![
        row("1", "2", "1", "100.5", "100.5"),
        row("1", "2", "2", "-.5", "-.6"),
        row("2", "2", "1", "999", "999"),
    ];
    check_balance(account(None), rows.clone(), Ok(pounds(10_000))).await;
    check_balance(account(Some("1")), rows.clone(), Ok(pounds(10_000))).await;
    check_balance(account(Some("2")), rows, Err("lines in GBP")).await;
    let rows = vec![row("1", "2", "2", "-9", "-10.5")];
    check_balance(account(Some("2")), rows, Ok(euro)).await;
    check_balance(account(Some("2")), Vec::new(), Ok(Money::zero(Currency::EUR))).await;
    check_balance(account(None), Vec::new(), Ok(pounds(0))).await;
}

#[tokio::test]
async fn choices_suggest_what_they_are_for() {
    let World { script, netsuite, .. } = world();
    let row = |id: &str, kind: &str, inactive: &str| {
        json!({"id": id, "accttype": kind, "isinactive": inactive, "acctnumber": "1000",
            "fullname": "Bank GBP", "currency": "1", "subsidiary": "2"})
    };
    let mut undeposited = row("116", "OthCurrAsset", "F");
    undeposited["sspecacct"] = json!("UndepFunds");
    undeposited["subsidiary"] = json!("1, 2");
    let rows = vec![row("210", "Bank", "F"), row("211", "Bank", "T"), undeposited];
    script.step("POST", &["FROM account a ORDER BY"], Says::rows(rows));
    let accounts = netsuite.choices(ChoiceKind::Accounts).await.unwrap();
    let told: Vec<_> =
        accounts.iter().map(|choice| (choice.id.as_str(), choice.kind.as_str())).collect();
    assert_eq!(told, [("210", "bank"), ("116", "undeposited")]);
    assert_eq!(accounts[0].name, "1000 Bank GBP");
    assert_eq!(accounts[0].currency, Some(Currency::GBP));
    assert!(accounts[0].subsidiary.is_some() && accounts[1].subsidiary.is_none());
    assert_eq!(netsuite.choices(ChoiceKind::Currencies).await.unwrap().len(), 2);
    assert_eq!(netsuite.choices(ChoiceKind::Subsidiaries).await.unwrap().len(), 2);
    script.finish();
    let World { netsuite, .. } = world_with(&[], false);
    assert!(netsuite.choices(ChoiceKind::Subsidiaries).await.unwrap().is_empty());
}
