//! What people do at the forms behind a client's back, and what the client meets then.

use super::*;

impl World {
    fn refused(&self, body: Value) -> String {
        self.try_control(Method::POST, "/act", body).unwrap_err()
    }

    /// A released payment that pays an invoice of the same amount; numbers of both.
    fn paid(&mut self, reference: &str, amount: &str) -> (String, String) {
        let invoice = self.invoice(amount);
        let made = self.payment(reference, amount, &invoice).ok();
        let number = made["ReferenceNbr"]["value"].as_str().unwrap().to_owned();
        self.release("Payment", &number);
        (number, invoice)
    }

    /// Voids a payment as a client does.
    fn voided(&mut self, number: &str) {
        let entity = json!({"Type": {"value": "Payment"}, "ReferenceNbr": {"value": number}});
        let begun = self.call("POST", "/Payment/VoidPayment", &json!({ "entity": entity }));
        assert_eq!(begun.status, 204, "{}", begun.body);
        let free = json!({"Type": {"value": "Voided Payment"}, "ReferenceNbr": {"value": number},
            "Hold": {"value": false}});
        self.put("/Payment", free).ok();
        self.release("Voided Payment", number);
    }
}

#[test]
fn applications_are_taken_back() {
    let mut world = World::new();
    let (number, invoice) = world.paid("PM1", "100");
    let deed = json!({"do": "reverse_application", "payment": number, "invoice": format!("Invoice {invoice}")});
    let stamp = world.value(&format!("/Invoice/Invoice/{invoice}"), "LastModifiedDateTime");
    world.later(60);
    world.act(deed.clone());
    let open = world.get(&format!("/Invoice/Invoice/{invoice}"));
    assert_eq!(open["Status"]["value"], "Open");
    assert_eq!(open["Balance"]["value"], super::number("100.0"));
    assert_ne!(open["LastModifiedDateTime"]["value"], stamp);
    let path = format!("/Payment/Payment/{number}");
    let payment = world.get(&format!("{path}?$expand=ApplicationHistory"));
    assert_eq!(payment["Status"]["value"], "Open");
    assert_eq!(payment["AvailableBalance"]["value"], super::number("100.0"));
    assert_eq!(payment["ApplicationHistory"][1]["AmountPaid"]["value"], super::number("-100.0"));
    assert!(world.refused(deed).contains("no such application"));
    // The action of the same name does nothing over REST.
    let entity =
        json!({"entity": {"Type": {"value": "Payment"}, "ReferenceNbr": {"value": number}}});
    let nothing = world.call("POST", "/Payment/reverseApplication", &entity);
    assert_eq!(nothing.status, 204);
    assert_eq!(world.value(&path, "Status"), "Open");
    world.act(json!({"do": "apply", "payment": number, "invoice": format!("Invoice {invoice}")}));
    assert_eq!(world.value(&path, "Status"), "Closed");
    assert_eq!((world.balance("10250"), world.balance("11000")), ("100".into(), "0".into()));
}

#[test]
fn people_credit_pay_and_void() {
    let mut world = World::new();
    let invoice = world.invoice("100");
    let path = format!("/Invoice/Invoice/{invoice}");
    let memo = world.act(json!({"do": "credit_invoice", "invoice": invoice, "amount": "30",
        "date": "2025-03-05"}));
    assert_eq!(memo["Status"], "Closed");
    assert_eq!(world.value(&path, "Balance"), super::number("70.0"));
    let paid = world.act(json!({"do": "record_payment", "invoice": invoice, "amount": "20",
        "date": "2025-03-06", "ref": "cheque 7"}));
    assert_eq!((&paid["Status"], &paid["CashAccount"]), (&json!("Closed"), &json!("10200")));
    assert_eq!(world.value(&path, "Balance"), super::number("50.0"));
    let kinds = world.get(&format!("{path}?$expand=ApplicationsDefault"));
    let kinds: Vec<&Value> = kinds["ApplicationsDefault"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["DocType"]["value"])
        .collect();
    assert_eq!(kinds, ["Credit Memo", "Payment"]);
    let reference = paid["ReferenceNbr"].as_str().unwrap();
    let early =
        json!({"do": "void", "record": format!("Payment {reference}"), "date": "2025-03-01"});
    assert!(world.refused(early).contains("earlier"));
    world
        .act(json!({"do": "void", "record": format!("Payment {reference}"), "date": "2025-03-09"}));
    assert_eq!(world.value(&path, "Balance"), super::number("70.0"));
    // A balance that people took away leaves too little for a client's payment.
    let made = world.payment("PM1", "70", &invoice).ok();
    let number = made["ReferenceNbr"]["value"].as_str().unwrap().to_owned();
    assert!(
        world
            .refused(json!({"do": "record_payment", "invoice": invoice, "date": "2025-03-06"}))
            .contains("cannot be found"),
        "a client's preparation holds the invoice against people too"
    );
    world.release("Payment", &number);
    assert_eq!((world.balance("11000"), world.balance("40000")), ("0".into(), "-70".into()));
}

#[test]
fn credit_memos_pay_invoices_through_the_form_of_payments() {
    let mut world = World::new();
    let invoice = world.invoice("100");
    let memo = |release: bool| {
        world.seed(
            json!({"invoices": [{"customer": "C000123", "amount": "30", "type": "Credit Memo",
            "date": "2025-03-05", "release": release}]}),
        )["invoices"][0]["ReferenceNbr"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    let draft = memo(false);
    let path = format!("/Payment/Credit Memo/{draft}");
    world.call("GET", &path, &Value::Null).exception(500, "No entity satisfies");
    let open = memo(true);
    let body = json!({"Type": {"value": "Credit Memo"}, "ReferenceNbr": {"value": open},
        "DocumentsToApply": [{"DocType": {"value": "INV"}, "ReferenceNbr": {"value": invoice},
            "AmountPaid": {"value": 30}}]});
    world.put("/Payment", body).ok();
    world.release("Credit Memo", &open);
    assert_eq!(world.value(&format!("/Invoice/Credit Memo/{open}"), "Status"), "Closed");
    assert_eq!(
        world.value(&format!("/Invoice/Invoice/{invoice}"), "Balance"),
        super::number("70.0")
    );
    let seen = world.get(&format!("/Invoice/Credit Memo/{open}?$expand=ApplicationsCreditMemo"));
    assert_eq!(seen["ApplicationsCreditMemo"][0]["ReferenceNbr"]["value"], invoice.as_str());
}

#[test]
fn approvals_stand_before_the_release() {
    let mut world = World::new();
    world.seed(json!({"preferences": {"approve_refunds": true, "approve_invoices": true}}));
    let seeded = world.seed(json!({"invoices": [
        {"customer": "C000123", "amount": "20", "type": "Credit Memo", "date": "2025-03-05",
            "release": false}]}));
    let memo = seeded["invoices"][0]["ReferenceNbr"].as_str().unwrap().to_owned();
    let path = format!("/Invoice/Credit Memo/{memo}");
    assert_eq!(world.value(&path, "Status"), "Pending Approval");
    world.act_on("/Invoice/ReleaseInvoice", "Credit Memo", &memo).exception(500, "disabled");
    world.act(json!({"do": "approve", "record": format!("Credit Memo {memo}")}));
    assert_eq!(world.act_on("/Invoice/ReleaseInvoice", "Credit Memo", &memo).status, 204);
    let mut body = payment_body("RF1", "20", &memo);
    body["Type"] = json!({"value": "Refund"});
    body["DocumentsToApply"][0]["DocType"] = json!({"value": "Credit Memo"});
    let refund = world.put("/Payment", body).ok();
    assert_eq!(refund["Status"]["value"], "Pending Approval");
    let number = refund["ReferenceNbr"]["value"].as_str().unwrap().to_owned();
    world.act_on("/Payment/ReleasePayment", "Refund", &number).exception(500, "disabled");
    world.act(json!({"do": "reject", "record": format!("Refund {number}")}));
    assert_eq!(world.value(&format!("/Payment/Refund/{number}"), "Status"), "Rejected");
    assert!(
        world
            .refused(json!({"do": "approve", "record": format!("Refund {number}")}))
            .contains("does not wait")
    );
    assert_eq!(world.balance("10250"), "0");
}

#[test]
fn refunds_that_failed_are_voided() {
    let mut world = World::new();
    world.seed(json!({"preferences": {"hold_on_entry": false}}));
    // Without a document to apply to, a refund is released all the same, and open.
    let mut body = payment_body("RF1", "20", "x");
    body["Type"] = json!({"value": "Refund"});
    body.as_object_mut().unwrap().remove("DocumentsToApply");
    let refund = world.put("/Payment", body).ok();
    let number = refund["ReferenceNbr"]["value"].as_str().unwrap().to_owned();
    world.release("Refund", &number);
    assert_eq!(world.value(&format!("/Payment/Refund/{number}"), "Status"), "Open");
    assert_eq!((world.balance("10250"), world.balance("11000")), ("-20".into(), "20".into()));
    let entity =
        json!({"entity": {"Type": {"value": "Refund"}, "ReferenceNbr": {"value": number}}});
    assert_eq!(world.call("POST", "/Payment/VoidPayment", &entity).status, 204);
    world.release("Voided Refund", &number);
    assert_eq!(world.value(&format!("/Payment/Refund/{number}"), "Status"), "Voided");
    assert_eq!((world.balance("10250"), world.balance("11000")), ("0".into(), "0".into()));
}

#[test]
fn deposits_hold_their_payments() {
    let mut world = World::new();
    let (one, first) = world.paid("PM1", "100");
    let (two, _) = world.paid("PM2", "50");
    let deed = |release: bool, payments: Value| {
        json!({"do": "deposit", "payments": payments, "bank": "10200", "date": "2025-03-08",
            "charges": [{"entry_type": "GCFEE", "amount": "1.50"}], "release": release})
    };
    let deposit = world.act(deed(false, json!([one, two])));
    assert_eq!(
        (&deposit["curytranamt"], &deposit["status"]),
        (&json!("148.5"), &json!("Balanced"))
    );
    assert!(world.refused(deed(false, json!([one]))).contains("cannot be added"));
    world.act_on("/Payment/VoidPayment", "Payment", &one).exception(500, "unreleased deposit");
    world.act(json!({"do": "release_deposit", "deposit": deposit["refnbr"]}));
    let path = format!(
        "/Payment/Payment/{one}?$custom=CurrentDocument.Deposited,CurrentDocument.DepositNbr"
    );
    let custom = world.get(&path)["custom"]["CurrentDocument"].clone();
    assert_eq!(custom["Deposited"]["value"], true);
    assert_eq!(custom["DepositNbr"]["value"], deposit["refnbr"]);
    for (account, balance) in [("10250", "0"), ("10200", "148.5"), ("61200", "1.5")] {
        assert_eq!(world.balance(account), balance, "{account}");
    }
    // A void after the deposit takes the money from the bank, unless the method says otherwise.
    world.voided(&one);
    assert_eq!((world.balance("10250"), world.balance("10200")), ("0".into(), "48.5".into()));
    assert_eq!(world.value(&format!("/Payment/Voided Payment/{one}"), "CashAccount"), "10200");
    assert_eq!(world.value(&format!("/Invoice/Invoice/{first}"), "Status"), "Open");
    world.seed(json!({"preferences": {"void_using_clearing": true}}));
    world.voided(&two);
    assert_eq!((world.balance("10250"), world.balance("10200")), ("-50".into(), "48.5".into()));
}

#[test]
fn a_voided_deposit_frees_its_payments() {
    let mut world = World::new();
    let (number, _) = world.paid("PM1", "100");
    let deed = json!({"do": "deposit", "payments": [number], "bank": "10200"});
    let deposit = world.act(deed.clone());
    world.act(json!({"do": "void_deposit", "deposit": deposit["id"]}));
    assert_eq!((world.balance("10250"), world.balance("10200")), ("100".into(), "0".into()));
    assert!(
        world.refused(json!({"do": "void_deposit", "deposit": deposit["id"]})).contains("Void")
    );
    let mut euro = deed.clone();
    euro["bank"] = json!("10201");
    assert!(world.refused(euro).contains("cannot be added"));
    world.act(deed);
    world.act(json!({"do": "period", "period": "032025", "set": "ca_closed"}));
    let (other, _) = world.paid("PM2", "10");
    let late = json!({"do": "deposit", "payments": [other], "bank": "10200"});
    assert!(world.refused(late).contains("closed in Cash Management"));
}

#[test]
fn invoices_stand_in_other_statuses() {
    let mut world = World::new();
    let seeded = world.seed(json!({"invoices": [
        {"customer": "C000123", "amount": "10", "date": "2025-03-01", "release": false}]}));
    let draft = seeded["invoices"][0]["ReferenceNbr"].as_str().unwrap().to_owned();
    let set = |world: &World, status: &str| {
        world.act(json!({"do": "status", "invoice": format!("Invoice {draft}"), "status": status}))
    };
    set(&world, "Pending Print");
    assert_eq!(world.value(&format!("/Invoice/Invoice/{draft}"), "Status"), "Pending Print");
    world.act_on("/Invoice/ReleaseInvoice", "Invoice", &draft).exception(500, "disabled");
    set(&world, "");
    assert_eq!(world.act_on("/Invoice/ReleaseInvoice", "Invoice", &draft).status, 204);
    set(&world, "Reserved");
    let refused = world.payment("PM1", "10", &draft);
    refused.field("/DocumentsToApply/0/ReferenceNbr", "cannot be found");
    set(&world, "");
    world.payment("PM1", "10", &draft).ok();
    let unknown = json!({"do": "status", "invoice": draft, "status": "Lost"});
    assert!(world.refused(unknown).contains("not such a status"));
}

#[test]
fn installments_leave_a_closed_master() {
    let world = World::new();
    world.seed(json!({"terms": {"3X": [{"days": 30, "percent": "33.33"},
        {"days": 60, "percent": "33.33"}, {"days": 90, "percent": "33.34"}]}}));
    let seeded = world.seed(json!({"invoices": [
        {"customer": "C000123", "amount": "100.01", "date": "2025-03-01", "terms": "3X"}]}));
    let master = seeded["invoices"][0]["ReferenceNbr"].as_str().unwrap().to_owned();
    let closed = world.get(&format!("/Invoice/Invoice/{master}"));
    assert_eq!(closed["Status"]["value"], "Closed");
    assert_eq!(closed["Amount"]["value"], super::number("100.01"));
    let shares = world.get("/Invoice?$filter=Status eq 'Open'&$select=Balance,DueDate");
    let mut shown: Vec<(String, String)> = shares
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let due = row["DueDate"]["value"].as_str().unwrap()[..10].to_owned();
            (due, row["Balance"]["value"].to_string())
        })
        .collect();
    shown.sort();
    let expected = [("2025-03-31", "33.33"), ("2025-04-30", "33.33"), ("2025-05-30", "33.35")];
    assert_eq!(shown, expected.map(|(due, amount)| (due.to_owned(), amount.to_owned())));
    assert_eq!(world.balance("11000"), "100.01");
}

#[test]
fn branches_do_not_pay_for_each_other() {
    let mut world = World::new();
    world.seed(json!({"branches": ["NORTH"]}));
    let invoice = world.invoice("100");
    let mut body = payment_body("PM1", "100", &invoice);
    body["BranchID"] = json!({"value": "NORTH"});
    let made = world.put("/Payment", body).ok();
    let number = made["ReferenceNbr"]["value"].as_str().unwrap().to_owned();
    let refused = world.act_on("/Payment/ReleasePayment", "Payment", &number);
    refused.exception(500, "Inter-branch");
    world.seed(json!({"preferences": {"inter_branch": true}}));
    world.release("Payment", &number);
}

#[test]
fn totals_and_texts_are_checked_where_the_forms_check_them() {
    let world = World::new();
    world.seed(json!({"preferences": {"validate_totals": true}}));
    let memo = |amount: Option<i64>, order: &str| {
        let mut body = json!({"Type": {"value": "Credit Memo"}, "Customer": {"value": "C000123"},
            "Date": {"value": "2025-03-05"}, "Hold": {"value": false},
            "CustomerOrder": {"value": order},
            "Details": [{"TransactionDescription": {"value": "x"}, "Qty": {"value": 1},
                "UnitPrice": {"value": 20}, "Account": {"value": "40000"}}]});
        if let Some(amount) = amount {
            body["Amount"] = json!({ "value": amount });
        }
        world.put("/Invoice", body)
    };
    memo(None, "RF1").field("/Amount", "out of the balance");
    memo(Some(19), "RF1").field("/Amount", "out of the balance");
    memo(Some(20), &"x".repeat(41)).field("/CustomerOrder", "40 characters");
    let made = memo(Some(20), "RF1").ok();
    let custom = |text: &str| {
        let node = json!({"type": "CustomStringField", "value": text});
        world.put(
            "/Invoice",
            json!({"id": made["id"], "custom": {"Document": {"AttributeGCERROR": node}}}),
        )
    };
    custom(&"x".repeat(256)).exception(500, "truncated");
    custom(&"x".repeat(255)).ok();
    let row = json!([{"AttributeID": {"value": "GCSTATE"}, "Value": {"value": "x".repeat(256)}}]);
    let body = json!({"CustomerID": {"value": "C000123"}, "Attributes": row});
    world.put("/Customer", body).exception(500, "truncated");
}

#[test]
fn every_deed_that_is_listed_is_known() {
    let page = include_str!("../../../../../docs/operating/sandbox-control/acumatica.md");
    for deed in crate::documented::deeds(page) {
        let world = World::new();
        let refused = world.try_control(Method::POST, "/act", json!({"do": deed})).err();
        assert!(!refused.unwrap_or_default().contains("unknown deed"), "{deed}");
    }
    assert!(World::new().refused(json!({"do": "dance"})).contains("unknown deed"));
}
