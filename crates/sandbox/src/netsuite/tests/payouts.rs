//! Bank deposits, charge-backs and the whole story of netsuite sheet sections 10.1 to 10.5 and 17.

use super::*;

fn deposit_body(external_id: &str, ids: &[i64]) -> Value {
    let lines: Vec<Value> = ids.iter().map(|id| json!({"id": id, "deposit": true})).collect();
    json!({"externalId": external_id, "account": {"id": "210"}, "tranDate": "2026-03-03",
        "payment": {"items": lines}})
}

#[test]
fn a_payout_with_fees_reaches_the_bank() {
    let world = World::new();
    let first = world.payment("p1", "240.00", json!([])).id();
    let second = world.payment("p2", "60.25", json!([])).id();
    let mut body = deposit_body("mlc-dep-PO007", &[first, second]);
    body["cashback"] =
        json!({"items": [{"account": {"id": "640"}, "amount": 2.40, "memo": "fees"}]});
    let id = world.post("/deposit", body).id();
    assert_eq!(world.balance(210), "297.85");
    assert_eq!(world.balance(640), "2.4");
    assert_eq!(world.balance(116), "0");
    let got = world.get(&format!("/deposit/{id}?expandSubResources=true"));
    assert_eq!(got["total"], number("297.85"));
    let line = &got["payment"]["items"][0];
    assert_eq!(line["paymentAmount"], number("240.0"));
    assert_eq!(line["type"]["id"], "CustPymt");
    assert_eq!(got["cashback"]["items"][0]["account"]["id"], "640");
    for payment in [first, second] {
        assert_eq!(world.get(&format!("/customerPayment/{payment}"))["status"]["id"], "C");
    }
    let links = world.query(
        "SELECT nextdoc FROM PreviousTransactionLineLink WHERE previousdoc = ? AND nexttype = 'Deposit'",
        json!([first]),
    );
    assert_eq!(links[0]["nextdoc"], id.to_string());
    assert_eq!(world.delete(&format!("/deposit/{id}")).status, 204);
    assert_eq!(world.get(&format!("/customerPayment/{first}"))["status"]["id"], "B");
    assert_eq!(world.balance(210), "0");
}

#[test]
fn a_deposit_takes_what_is_undeposited_and_fits() {
    let world = World::new();
    let id = world.payment("p1", "10", json!([])).id();
    world.post("/deposit", deposit_body("d1", &[id])).id();
    world.post("/deposit", deposit_body("d2", &[id])).refused(
        400,
        "USER_ERROR",
        &format!("Invalid id reference key {id}."),
    );
    let invoice = world.invoice("5");
    world.post("/deposit", deposit_body("d2", &[invoice])).refused(
        400,
        "USER_ERROR",
        "reference key",
    );
    let mut bank = payment_body("p2", "10", json!([]));
    bank["undepFunds"] = json!(false);
    bank["account"] = json!({"id": "210"});
    let bank = world.post("/customerPayment", bank).id();
    world.post("/deposit", deposit_body("d2", &[bank])).refused(400, "USER_ERROR", "reference key");
    let euro = json!({"customer": {"id": "1007"}, "currency": {"id": "2"}, "payment": 10,
        "undepFunds": true, "tranDate": "2026-03-02"});
    let euro = world.post("/customerPayment", euro).id();
    world.post("/deposit", deposit_body("d2", &[euro])).refused(400, "USER_ERROR", "reference key");
    let mut body = deposit_body("d2", &[euro]);
    body["account"] = json!({"id": "211"});
    world.post("/deposit", body).id();
    assert_eq!((world.balance(211), world.balance(116)), ("8.5".to_owned(), "0".to_owned()));
    world.post("/deposit", deposit_body("d3", &[])).refused(400, "USER_ERROR", "at least one line");
    let mut body = deposit_body("d3", &[]);
    body["account"] = json!({"id": "640"});
    world.post("/deposit", body).refused(400, "INVALID_CONTENT", "account");
    let mut body = deposit_body("d3", &[]);
    body["cashback"] = json!({"items": [{"account": {"id": "640"}, "amount": 5}]});
    world.post("/deposit", body.clone()).refused(400, "USER_ERROR", "can not be negative");
    body["cashback"]["items"][0]["amount"] = json!(-5);
    world.post("/deposit", body).refused(400, "INVALID_CONTENT", "amount");
}

#[test]
fn a_deposited_payment_is_locked_but_may_be_unapplied() {
    let world = World::new();
    let invoice = world.invoice("10");
    let id = world.payment("p1", "10", json!([{"doc": {"id": invoice}, "apply": true}])).id();
    world.post("/deposit", deposit_body("d1", &[id])).id();
    let path = format!("/customerPayment/{id}");
    world.patch(&path, json!({"payment": 11})).refused(400, "USER_ERROR", "deposited");
    world.patch(&path, json!({"tranDate": "2026-03-05"})).refused(400, "USER_ERROR", "deposited");
    world.patch(&path, json!({"memo": "seen"})).id();
    let unapply = json!({"apply": {"items": [{"doc": {"id": invoice}, "apply": false}]}});
    world.seed(json!({"settings": {"refuse_unapply_deposited": true}}));
    world.patch(&path, unapply.clone()).refused(400, "USER_ERROR", "cannot be unapplied");
    world.seed(json!({"settings": {"refuse_unapply_deposited": false}}));
    world.patch(&path, unapply).id();
    world.delete(&path).refused(400, "USER_ERROR", "linked");
}

#[test]
fn a_chargeback_before_the_deposit_is_cleared_by_a_zero_deposit() {
    let world = World::new();
    let invoice = world.invoice("60.25");
    let payment =
        world.payment("p1", "60.25", json!([{"doc": {"id": invoice}, "apply": true}])).id();
    let refund_body = |line: Value| {
        json!({"externalId": "mlc-rfd-PM00A2-cb", "customer": {"id": "1007"},
            "account": {"id": "116"}, "arAcct": {"id": "119"}, "currency": {"id": "1"},
            "exchangeRate": 1.0, "tranDate": "2026-03-04",
            "apply": {"items": [{"doc": {"id": payment}, "line": line, "apply": true, "amount": 60.25}]}})
    };
    // Fully applied: nothing of it is open until it is taken off the invoice.
    world.post("/customerRefund", refund_body(json!(1))).refused(
        400,
        "USER_ERROR",
        "matching line",
    );
    let unapply = json!({"customer": {"id": "1007"},
        "apply": {"items": [{"doc": {"id": invoice}, "apply": false}]}});
    world.patch(&format!("/customerPayment/{payment}"), unapply).id();
    world.post("/customerRefund", refund_body(json!(0))).refused(
        400,
        "USER_ERROR",
        "matching line",
    );
    let refund = world.post("/customerRefund", refund_body(json!(1))).id();
    assert_eq!(world.get(&format!("/customerPayment/{payment}"))["unapplied"], number("0.0"));
    let zero = world.post("/deposit", deposit_body("mlc-dep-zero-PM00A2", &[payment, refund])).id();
    let got = world.get(&format!("/deposit/{zero}?expand=payment"));
    assert_eq!(got["total"], number("0.0"));
    assert_eq!(got["payment"]["items"][1]["paymentAmount"], number("-60.25"));
    assert_eq!((world.balance(116), world.balance(210)), ("0".to_owned(), "0".to_owned()));
    assert_eq!(world.balance(119), "60.25");
    world.seed(json!({"settings": {"refuse_refund_lines": true}}));
    let other = world.payment("p9", "1", json!([])).id();
    world.post("/deposit", deposit_body("d9", &[other, refund])).refused(400, "USER_ERROR", "key");
}

#[test]
fn the_books_balance_through_a_whole_story() {
    let world = World::new();
    let (first, second) = (world.invoice("240.00"), world.invoice("100.50"));
    let apply = |doc: i64, amount: &str| json!([{"doc": {"id": doc}, "line": 0, "apply": true, "amount": number(amount)}]);
    let paid = world.payment("mlc-pay-PM1", "240.00", apply(first, "240.00")).id();
    let part = world.payment("mlc-pay-PM2", "60.25", apply(second, "60.25")).id();
    let mut deposit = deposit_body("mlc-dep-PO1", &[paid, part]);
    deposit["cashback"] = json!({"items": [{"account": {"id": "640"}, "amount": 2.00},
        {"account": {"id": "231"}, "amount": 0.40}]});
    world.post("/deposit", deposit).id();
    // A late failure of the second one, after its deposit: refund from the bank.
    let unapply = json!({"customer": {"id": "1007"},
        "apply": {"items": [{"doc": {"id": second}, "apply": false}]}});
    world.patch(&format!("/customerPayment/{part}"), unapply).id();
    let refund = json!({"externalId": "mlc-rfd-PM2", "customer": {"id": "1007"},
        "account": {"id": "210"}, "arAcct": {"id": "119"}, "tranDate": "2026-03-04",
        "apply": {"items": [{"doc": {"id": part}, "apply": true, "amount": 60.25}]}});
    world.post("/customerRefund", refund).id();
    // A refund begun in the ERP: credit memo for good, then paid out.
    let memo = json!({"entity": {"id": "1007"}, "tranDate": "2026-03-04",
        "item": {"items": [{"item": {"id": "304"}, "amount": 25}]}});
    let memo = world.post("/creditMemo", memo).id();
    world.act(json!({"do": "refund", "credit": memo, "account": 210, "date": "2026-03-04"}));
    // Fees of another payout as a journal.
    let journal = json!({"externalId": "mlc-je-PO2", "subsidiary": {"id": "2"}, "currency": {"id": "1"},
        "tranDate": "2026-03-04", "line": {"items": [
            {"account": {"id": "640"}, "debit": 3.10}, {"account": {"id": "210"}, "credit": 3.10}]}});
    world.post("/journalEntry", journal).id();
    let wanted =
        [(119, "100.5"), (116, "0"), (210, "209.5"), (640, "5.1"), (231, "0.4"), (400, "-315.5")];
    for (account, balance) in wanted {
        assert_eq!(world.balance(account), balance, "account {account}");
    }
    let sums = world.query(
        "SELECT tal.account, SUM(tal.amount) AS net FROM transactionaccountingline tal \
         INNER JOIN transaction t ON t.id = tal.transaction WHERE tal.posting = 'T' \
         GROUP BY tal.account HAVING SUM(tal.amount) <> 0 ORDER BY tal.account",
        json!([]),
    );
    let shown: Vec<(i64, String)> = sums
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let account = row["account"].as_str().unwrap().parse().unwrap();
            (account, row["net"].as_str().unwrap().to_owned())
        })
        .collect();
    let mut wanted: Vec<(i64, String)> = wanted
        .iter()
        .filter(|(_, balance)| *balance != "0")
        .map(|(account, balance)| (*account, (*balance).to_owned()))
        .collect();
    wanted.sort();
    assert_eq!(shown, wanted);
}

#[test]
fn journals_balance_or_are_refused() {
    let world = World::new();
    let post = |lines: Value| {
        world.post(
            "/journalEntry",
            json!({"subsidiary": {"id": "2"}, "tranDate": "2026-03-01", "line": {"items": lines}}),
        )
    };
    post(
        json!([{"account": {"id": "640"}, "debit": 2}, {"account": {"id": "210"}, "credit": 2.01}]),
    )
    .refused(400, "USER_ERROR", "balance");
    post(json!([{"account": {"id": "640"}, "debit": 2, "credit": 2}, {"account": {"id": "210"}, "credit": 2}]))
        .refused(400, "USER_ERROR", "either a debit or a credit");
    post(json!([{"account": {"id": "119"}, "debit": 2}, {"account": {"id": "210"}, "credit": 2}]))
        .refused(400, "USER_ERROR", "Name field");
    post(json!([{"account": {"id": "211"}, "debit": 2}, {"account": {"id": "640"}, "credit": 2}]))
        .refused(400, "INVALID_CONTENT", "account");
    let none = json!({"tranDate": "2026-03-01", "line": {"items": []}});
    world.post("/journalEntry", none).refused(400, "USER_ERROR", "Subsidiary");
    world.seed(json!({"preferences": {"journal_approval": true}}));
    let id = post(
        json!([{"account": {"id": "640"}, "debit": 2}, {"account": {"id": "210"}, "credit": 2}]),
    )
    .id();
    assert_eq!(world.balance(640), "0");
    world.act(json!({"do": "approve", "record": id}));
    assert_eq!(world.balance(640), "2");
}

#[test]
fn accounts_belong_to_subsidiaries() {
    let world = World::with(
        json!({"subsidiaries": [{"id": 3, "name": "Brightworks US", "currency": 3}],
        "accounts": [{"id": 700, "number": "7", "name": "US Fees", "type": "Expense", "subsidiaries": [3]}]}),
    );
    let lines =
        json!([{"account": {"id": "700"}, "debit": 2}, {"account": {"id": "210"}, "credit": 2}]);
    world
        .post(
            "/journalEntry",
            json!({"subsidiary": {"id": "2"}, "tranDate": "2026-03-01", "line": {"items": lines}}),
        )
        .refused(400, "USER_ERROR", "account cannot be used with the Brightworks UK subsidiary");
    let invoice = json!({"entity": {"id": "1007"}, "subsidiary": {"id": "3"},
        "item": {"items": [{"item": {"id": "304"}, "amount": 10}]}});
    world.post("/invoice", invoice.clone()).refused(400, "INVALID_CONTENT", "subsidiary");
    let relation = json!({"entity": {"id": "1007"}, "subsidiary": {"id": "3"}});
    world.post("/customerSubsidiaryRelationship", relation).id();
    world.post("/invoice", invoice).id();
    let rows = world.query(
        "SELECT subsidiary, isprimarysub FROM customersubsidiaryrelationship WHERE entity = 1007 ORDER BY subsidiary",
        json!([]),
    );
    assert_eq!(rows[1], json!({"links": [], "subsidiary": "3", "isprimarysub": "F"}));
    // The role sees one subsidiary only: the rows of the other are gone, without a word.
    world.seed(json!({"role": {"permissions": null, "subsidiaries": [2]}}));
    let count =
        world.query("SELECT COUNT(*) AS n FROM transaction WHERE type = 'CustInvc'", json!([]));
    assert_eq!(count[0]["n"], "0");
}
