//! Payments from their entry to the void, and what the ledger says of it.

use super::*;

#[test]
fn a_payment_is_entered_applied_and_released() {
    let mut world = World::new();
    let invoice = world.invoice("120.50");
    let made = world.payment("PM0012", "120.50", &invoice).ok();
    assert_eq!(made["Status"]["value"], "Balanced");
    assert_eq!(made["AppliedToDocuments"]["value"], number("120.5"));
    assert_eq!(made["CurrencyID"]["value"], "GBP");
    assert_eq!(made["DocumentsToApply"][0]["ReferenceNbr"]["value"], invoice.as_str());
    let path = format!("/Invoice/Invoice/{invoice}");
    assert_eq!(world.value(&path, "Balance"), number("120.5"), "nothing falls before the release");
    let reference = made["ReferenceNbr"]["value"].as_str().unwrap().to_owned();
    world.release("Payment", &reference);
    let paid = world
        .get(&format!("/Payment/Payment/{reference}?$expand=ApplicationHistory,DocumentsToApply"));
    assert_eq!(paid["Status"]["value"], "Closed");
    assert_eq!(paid["AppliedToDocuments"]["value"], number("0.0"));
    assert_eq!(paid["DocumentsToApply"], json!([]));
    assert_eq!(paid["ApplicationHistory"][0]["DisplayRefNbr"]["value"], invoice.as_str());
    assert_eq!(world.value(&path, "Status"), "Closed");
    assert_eq!(world.value(&path, "Balance"), number("0.0"));
    assert_eq!((world.balance("10250"), world.balance("11000")), ("120.5".into(), "0".into()));
    let again = world.act_on("/Payment/ReleasePayment", "Payment", &reference);
    again.exception(500, "The Release button is disabled.");
    assert_eq!(again.body["exceptionType"], "PX.Data.PXActionDisabledException");
}

#[test]
fn entries_are_refused_field_by_field() {
    let world = World::new();
    let invoice = world.invoice("100");
    world.seed(json!({"invoices": [{"customer": "C000200", "amount": "5", "date": "2025-03-01"}]}));
    let with = |change: Value| {
        let mut body = payment_body("PM1", "50", &invoice);
        for (name, value) in change.as_object().unwrap() {
            body[name] = value.clone();
        }
        world.put("/Payment", body)
    };
    let row = |name: &str, value: Value| {
        let mut body = payment_body("PM1", "50", &invoice);
        body["DocumentsToApply"][0][name] = json!({ "value": value });
        world.put("/Payment", body)
    };
    for (change, pointer, text) in [
        (
            json!({"CashAccount": {"value": "99999"}}),
            "/CashAccount",
            "'Cash Account' cannot be found",
        ),
        (json!({"CustomerID": {"value": "C9"}}), "/CustomerID", "cannot be found"),
        (json!({"PaymentMethod": {"value": "CARD"}}), "/PaymentMethod", "'Payment Method'"),
        (json!({"CurrencyID": {"value": "EUR"}}), "/CurrencyID", "GBP"),
        (json!({"PaymentRef": {"value": ""}}), "/PaymentRef", "cannot be empty"),
        (json!({"PaymentAmount": {"value": 10}}), "/PaymentAmount", "out of the balance"),
        (json!({"PaymentAmount": {"value": number("50.001")}}), "/PaymentAmount", "not valid"),
        (json!({"Type": {"value": "Voided Payment"}}), "/Type", "cannot be entered"),
        (json!({"ApplicationDate": {"value": "2040-01-01"}}), "/ApplicationDate", "does not exist"),
        (
            json!({"ApplicationDate": {"value": "2025-02-28"}}),
            "/DocumentsToApply/0/ReferenceNbr",
            "earlier",
        ),
    ] {
        with(change).field(pointer, text);
    }
    row("AmountPaid", json!(101)).field("/DocumentsToApply/0/AmountPaid", "exceeds the balance");
    row("ReferenceNbr", json!("000002"))
        .field("/DocumentsToApply/0/ReferenceNbr", "cannot be found");
    assert_eq!(world.get("/Payment"), json!([]), "nothing was kept");
    let huge = with(json!({"PaymentAmount": {"value": number("1e15")}}));
    assert_eq!(huge.status, 400, "{}", huge.body);
    let unwrapped = world.put("/Payment", json!({"CustomerID": "C000123"}));
    assert_eq!(unwrapped.status, 400);
    assert!(
        unwrapped.body["modelState"]["CustomerID"][0].as_str().unwrap().contains("input parsing")
    );
}

#[test]
fn unknown_members_pass_and_lose_the_application() {
    let world = World::new();
    let invoice = world.invoice("100");
    let mut body = payment_body("PM1", "50", &invoice);
    body["Colour"] = json!("red");
    body.as_object_mut().unwrap().remove("DocumentsToApply");
    body["Documents"] = json!([{"AdjdRefNbr": {"value": invoice}}]);
    let made = world.put("/Payment", body).ok();
    assert_eq!(made["AppliedToDocuments"]["value"], number("0.0"));
}

#[test]
fn one_preparation_keeps_an_invoice_from_the_others() {
    let mut world = World::new();
    let invoice = world.invoice("100");
    let first = world.payment("PM1", "40", &invoice).ok();
    let pointer = "/DocumentsToApply/0/ReferenceNbr";
    world.payment("PM2", "60", &invoice).field(pointer, "'Reference Nbr.' cannot be found");
    world.release("Payment", first["ReferenceNbr"]["value"].as_str().unwrap());
    let second = world.payment("PM2", "60", &invoice).ok();
    world.release("Payment", second["ReferenceNbr"]["value"].as_str().unwrap());
    assert_eq!(world.value(&format!("/Invoice/Invoice/{invoice}"), "Status"), "Closed");
    // A repeated PUT without keys is a second document: nothing but a search prevents it.
    let third = world.invoice("10");
    let body = payment_body("PM3", "4", &third);
    let one = world.put("/Payment", body.clone()).ok();
    let delete = json!({"id": one["id"], "DocumentsToApply": [{"delete": true,
        "DocType": {"value": "INV"}, "ReferenceNbr": {"value": third}, "DocLineNbr": {"value": 0}}]});
    let freed = world.put("/Payment", delete).ok();
    assert_eq!(freed["AppliedToDocuments"]["value"], number("0.0"));
    let two = world.put("/Payment", body).ok();
    assert_ne!(one["id"], two["id"]);
}

#[test]
fn holds_keep_documents_from_their_release() {
    let mut world = World::new();
    let invoice = world.invoice("100");
    let mut body = payment_body("PM1", "100", &invoice);
    body.as_object_mut().unwrap().remove("Hold");
    let held = world.put("/Payment", body).ok();
    assert_eq!(held["Status"]["value"], "On Hold");
    let number = held["ReferenceNbr"]["value"].as_str().unwrap().to_owned();
    world.act_on("/Payment/ReleasePayment", "Payment", &number).exception(500, "disabled");
    let free = json!({"Type": {"value": "Payment"}, "ReferenceNbr": {"value": number}, "Hold": {"value": false}});
    assert_eq!(world.put("/Payment", free).ok()["Status"]["value"], "Balanced");
    world.release("Payment", &number);
}

#[test]
fn a_void_takes_everything_back() {
    let mut world = World::new();
    world.seed(json!({"preferences": {"hold_on_entry": false}}));
    let invoice = world.invoice("120.50");
    let number = world.payment("PM1", "120.50", &invoice).ok()["ReferenceNbr"]["value"]
        .as_str()
        .unwrap()
        .to_owned();
    world.act_on("/Payment/VoidPayment", "Payment", &number).exception(500, "Void button");
    world.release("Payment", &number);
    let entity =
        json!({"entity": {"Type": {"value": "Payment"}, "ReferenceNbr": {"value": number}}});
    let early = [("PX-CbApiBusinessDate", "2025-03-01")];
    world.call_with("POST", "/Payment/VoidPayment", &early, &entity).exception(500, "earlier");
    let date = [("PX-CbApiBusinessDate", "2025-03-20")];
    let begun = world.call_with("POST", "/Payment/VoidPayment", &date, &entity);
    assert_eq!(begun.status, 204);
    let again = world.call_with("POST", "/Payment/VoidPayment", &date, &entity);
    assert_eq!(again.status, 204, "the waiting document is answered");
    let voiding = world.get(&format!("/Payment/Voided Payment/{number}"));
    assert_eq!(voiding["Status"]["value"], "Balanced");
    assert_eq!(voiding["PaymentAmount"]["value"], super::number("-120.5"));
    assert_eq!(voiding["ApplicationDate"]["value"], "2025-03-20T00:00:00+00:00");
    world.release("Voided Payment", &number);
    assert_eq!(world.value(&format!("/Payment/Payment/{number}"), "Status"), "Voided");
    assert_eq!(world.value(&format!("/Payment/Voided Payment/{number}"), "Status"), "Closed");
    let path = format!("/Invoice/Invoice/{invoice}?$expand=ApplicationsDefault");
    let open = world.get(&path);
    assert_eq!(
        (&open["Status"]["value"], &open["Balance"]["value"]),
        (&json!("Open"), &super::number("120.5"))
    );
    assert_eq!(open["ApplicationsDefault"], json!([]));
    assert_eq!((world.balance("10250"), world.balance("11000")), ("0".into(), "120.5".into()));
    world.act_on("/Payment/VoidPayment", "Payment", &number).exception(500, "disabled");
}

#[test]
fn a_void_is_dated_within_bounds() {
    let mut world = World::new();
    let invoice = world.invoice("100");
    let made = world.payment("PM1", "100", &invoice).ok();
    let number = made["ReferenceNbr"]["value"].as_str().unwrap().to_owned();
    world.release("Payment", &number);
    let entity =
        json!({"entity": {"Type": {"value": "Payment"}, "ReferenceNbr": {"value": number}}});
    assert_eq!(world.call("POST", "/Payment/VoidPayment", &entity).status, 204);
    let dated = |date: &str| {
        let body = json!({"Type": {"value": "Voided Payment"}, "ReferenceNbr": {"value": number},
            "Hold": {"value": false}, "ApplicationDate": {"value": date}});
        world.put("/Payment?$custom=Document.AdjFinPeriodID", body)
    };
    dated("2025-03-05").field("/ApplicationDate", "earlier than that of the voided payment");
    let moved = dated("2025-05-02").ok();
    assert_eq!(moved["custom"]["Document"]["AdjFinPeriodID"]["value"], "052025");
    // The applications of a voiding document are those of the payment.
    let row = json!({"Type": {"value": "Voided Payment"}, "ReferenceNbr": {"value": number},
        "DocumentsToApply": [{"ReferenceNbr": {"value": invoice}, "AmountPaid": {"value": -1}}]});
    world.put("/Payment", row).exception(500, "voiding document are fixed");
    world.act(json!({"do": "period", "period": "032025", "set": "closed"}));
    world.release("Voided Payment", &number);
    let posted = world.get("/JournalTransaction?$filter=Module eq 'AR' and PostPeriod eq '052025'");
    assert_eq!(posted.as_array().unwrap().len(), 1, "the payment's period may be closed by then");
}

#[test]
fn refunds_go_against_memos_and_open_payments() {
    let mut world = World::new();
    let memo = world
        .put(
            "/Invoice",
            json!({
        "Type": {"value": "Credit Memo"}, "Customer": {"value": "C000123"},
        "Date": {"value": "2025-03-05"}, "Hold": {"value": false},
        "Details": [{"TransactionDescription": {"value": "Goodwill"}, "Qty": {"value": 1},
            "UnitPrice": {"value": 20}, "Account": {"value": "40000"}}]}),
        )
        .ok();
    let memo = memo["ReferenceNbr"]["value"].as_str().unwrap().to_owned();
    let done = world.act_on("/Invoice/ReleaseInvoice", "Credit Memo", &memo);
    assert_eq!(done.status, 204, "{}", done.body);
    let refund = |world: &World, reference: &str, kind: &str, number: &str, amount: i64| {
        let mut body = payment_body(reference, "1", number);
        body["Type"] = json!({"value": "Refund"});
        body["PaymentAmount"] = json!({ "value": amount });
        body["DocumentsToApply"] = json!([{"DocType": {"value": kind},
            "ReferenceNbr": {"value": number}, "AmountPaid": {"value": amount}}]);
        world.put("/Payment", body)
    };
    let made = refund(&world, "RF1", "Credit Memo", &memo, 20).ok();
    world.release("Refund", made["ReferenceNbr"]["value"].as_str().unwrap());
    assert_eq!(world.value(&format!("/Invoice/Credit Memo/{memo}"), "Status"), "Closed");
    assert_eq!((world.balance("10250"), world.balance("40000")), ("-20".into(), "20".into()));
    // An overpaid part goes back; then the payment can not be voided.
    let paid = world.act(json!({"do": "record_payment", "customer": "C000123", "amount": "30",
        "method": "GOCARDLESS", "cash_account": "10250", "date": "2025-03-05"}));
    let paid = paid["ReferenceNbr"].as_str().unwrap().to_owned();
    let made = refund(&world, "RF2", "Payment", &paid, 30).ok();
    world.release("Refund", made["ReferenceNbr"]["value"].as_str().unwrap());
    assert_eq!(world.value(&format!("/Payment/Payment/{paid}"), "Status"), "Closed");
    world.act_on("/Payment/VoidPayment", "Payment", &paid).exception(500, "refund");
}

#[test]
fn rates_that_moved_are_realised() {
    let mut world = World::new();
    world.seed(json!({
        "rates": [{"currency": "EUR", "date": "2025-03-05", "rate": "0.90"}],
        "invoices": [{"customer": "C000200", "amount": "100", "date": "2025-03-01", "currency": "EUR"}],
    }));
    let mut body = payment_body("PM1", "100", "000001");
    body["CustomerID"] = json!({"value": "C000200"});
    body["CashAccount"] = json!({"value": "10251"});
    let made = world.put("/Payment", body).ok();
    world.release("Payment", made["ReferenceNbr"]["value"].as_str().unwrap());
    assert_eq!(world.balance("10251"), "90");
    assert_eq!((world.balance("11000"), world.balance("79000")), ("0".into(), "-5".into()));
}

#[test]
fn closed_periods_refuse_at_entry_and_at_release() {
    let mut world = World::new();
    let invoice = world.invoice("100");
    let made = world.payment("PM1", "60", &invoice).ok();
    let number = made["ReferenceNbr"]["value"].as_str().unwrap().to_owned();
    for (set, text) in [
        (
            "ar_closed",
            "The 03-2025 financial period of the MAIN company is closed in Accounts Receivable.",
        ),
        ("closed", "The 03-2025 financial period is closed in the MAIN company."),
        ("inactive", "is inactive in the MAIN company."),
        ("locked", "is locked in the MAIN company."),
    ] {
        world.act(json!({"do": "period", "period": "032025", "set": set}));
        world.act_on("/Payment/ReleasePayment", "Payment", &number).exception(500, text);
        let mut held = payment_body("PM2", "1", &invoice);
        held["Hold"] = json!({"value": true});
        world.put("/Payment", held).field("/ApplicationDate", text);
    }
    assert_eq!(world.value(&format!("/Payment/Payment/{number}"), "Status"), "Balanced");
    let next = json!({"Type": {"value": "Payment"}, "ReferenceNbr": {"value": number},
        "ApplicationDate": {"value": "2025-04-01"}});
    world.put("/Payment", next).ok();
    world.release("Payment", &number);
}

#[test]
fn released_documents_are_frozen() {
    let mut world = World::new();
    let invoice = world.invoice("100");
    let made = world.payment("PM1", "60", &invoice).ok();
    let number = made["ReferenceNbr"]["value"].as_str().unwrap().to_owned();
    world.release("Payment", &number);
    let change = json!({"id": made["id"], "ExternalRef": {"value": "other"}, "PaymentAmount": {"value": 1},
        "custom": {"Document": {"AttributeGCPAYOUT": {"value": "PO1"}}}});
    let kept = world.put("/Payment?$custom=Document.AttributeGCPAYOUT", change).ok();
    assert_eq!(kept["ExternalRef"]["value"], "PM1");
    assert_eq!(kept["PaymentAmount"]["value"], super::number("60.0"));
    assert_eq!(kept["custom"]["Document"]["AttributeGCPAYOUT"]["value"], "PO1");
    let gone = world.call("DELETE", &format!("/Payment/Payment/{number}"), &Value::Null);
    gone.exception(500, "Delete button");
    world.seed(json!({"preferences": {"hold_on_entry": false}}));
    // A voided one takes nothing at all (section 21, row 4).
    assert_eq!(world.act_on("/Payment/VoidPayment", "Payment", &number).status, 204);
    world.release("Voided Payment", &number);
    let change = json!({"id": made["id"],
        "custom": {"Document": {"AttributeGCPAYOUT": {"value": "PO2"}}}});
    let kept = world.put("/Payment?$custom=Document.AttributeGCPAYOUT", change).ok();
    assert_eq!(kept["Status"]["value"], "Voided");
    assert_eq!(kept["custom"]["Document"]["AttributeGCPAYOUT"]["value"], "PO1");
}
