//! What a payout leaves in Acumatica's books, step by step.

use jiff::SignedDuration;
use model::command::{DepositLine, ErpWrite, RecordDeposit, RecordRefund, UnapplyReceipt};
use model::ids::{InvoiceId, ReceiptId};
use model::invoice::InvoiceStatus;
use model::money::Currency;
use model::receipt::{Receipt, ReceiptPlace};
use ports::{Clock, PortError, Read};
use serde_json::json;

use crate::world::{BANK, CLEARING, CUSTOMER, FEES, World, day, named, pounds};

#[tokio::test]
async fn an_open_invoice_is_listed_paid_and_read_back() {
    let world = World::new();
    let since = world.clock.now() - SignedDuration::from_mins(5);
    let invoice = world.invoice("INV-1", "240.00");
    let changed = world.erp.changed_invoices(since, None).await.unwrap();
    assert_eq!(changed.records.len(), 1);
    let open = world.read_invoice(&invoice).await;
    assert_eq!((open.due, open.status), (pounds(24_000), InvoiceStatus::Open));
    assert!(open.flagged, "{open:?}");
    let made = world.record("receipt", world.receipt(&invoice, 30_000, 24_000)).await.unwrap();
    assert!(!made.adopted);
    let receipt = world.read_receipt("receipt").await;
    assert_eq!((receipt.id.as_str(), receipt.customer.as_str()), (made.id.as_str(), CUSTOMER));
    assert_eq!((receipt.amount, receipt.unapplied), (pounds(30_000), pounds(6_000)));
    assert_eq!((receipt.place, receipt.applications.len()), (ReceiptPlace::Undeposited, 1));
    let paid = world.read_invoice(&invoice).await;
    assert_eq!((paid.due, paid.status), (pounds(0), InvoiceStatus::Paid));
    assert_eq!(world.balance(CLEARING), 30_000);
}

fn deposit(receipts: &[&ReceiptId], fee: i64, total: i64) -> ErpWrite {
    ErpWrite::RecordDeposit(RecordDeposit {
        bank: BANK.into(),
        currency: Currency::GBP,
        dated_on: day(3, 5),
        true_date: None,
        receipts: receipts.iter().map(|id| (*id).clone()).collect(),
        refunds: Vec::new(),
        lines: vec![DepositLine {
            account: FEES.into(),
            amount: pounds(-fee),
            memo: "fees".to_owned(),
        }],
        exchange_rate: None,
        total: pounds(total),
        payout: Some("PO1".into()),
        memo: "payout PO1".to_owned(),
    })
}

fn off(receipt: &Receipt, invoice: &InvoiceId, minor: i64) -> ErpWrite {
    ErpWrite::UnapplyReceipt(UnapplyReceipt {
        receipt: receipt.id.clone(),
        customer: CUSTOMER.into(),
        invoice: invoice.clone(),
        amount: pounds(minor),
        decided_applied: pounds(24_000),
        dated_on: Some(day(3, 5)),
    })
}

fn back(receipt: &Receipt, minor: i64) -> ErpWrite {
    ErpWrite::RecordRefund(RecordRefund {
        receipt: receipt.id.clone(),
        customer: CUSTOMER.into(),
        amount: pounds(minor),
        from: Some(BANK.into()),
        dated_on: day(3, 5),
        true_date: None,
        receivable_account: None,
        subsidiary: Some("MAIN".into()),
        exchange_rate: None,
        memo: "charged back, payout PO2".to_owned(),
    })
}

/// Whoever deposited it, and whatever the payment method says of voids: the chargeback takes from the
/// bank what the receipt brought, and nothing stays on the clearing account.
#[tokio::test]
async fn a_chargeback_takes_from_the_bank_what_the_receipt_brought() {
    for by_person in [false, true] {
        for preferences in [
            json!({"void_using_clearing": false}),
            json!({"void_using_clearing": true}),
            json!({"void_on_document_date": true}),
        ] {
            let label = format!("{by_person} {preferences}");
            let world = World::with(&[], json!({ "preferences": preferences }));
            let invoice = world.invoice("INV-1", "240.00");
            let made = world.record("receipt", world.receipt(&invoice, 24_000, 24_000)).await;
            let id = ReceiptId::new(made.unwrap().id);
            if by_person {
                world.act(json!({"do": "deposit", "payments": [format!("Payment {id}")],
                    "bank": BANK}));
            } else {
                world.write("deposit", deposit(&[&id], 100, 23_900)).await.unwrap();
            }
            let before = world.balance(BANK);
            let receipt = world.read_receipt("receipt").await;
            assert_eq!(receipt.place, ReceiptPlace::Deposited, "{label}");
            world.write("off", off(&receipt, &invoice, 24_000)).await.unwrap();
            assert_eq!(world.read_invoice(&invoice).await.due, pounds(24_000), "{label}");
            let held = world.read_receipt("receipt").await;
            assert_eq!((held.voided, held.unapplied), (false, pounds(24_000)), "{label}");
            world.write("refund", back(&receipt, 24_000)).await.unwrap();
            assert_eq!(world.balance(BANK), before - 24_000, "{label}");
            assert_eq!(world.balance(CLEARING), 0, "{label}");
            assert_eq!(world.read_receipt("receipt").await.unapplied, pounds(0), "{label}");
            let again = world.write("refund", back(&receipt, 24_000)).await.unwrap();
            assert!(again.adopted, "{label}");
        }
    }
}

/// Some builds may void in one step: the mark comes after it.
#[tokio::test]
async fn a_void_that_takes_effect_at_once_is_marked_as_ours() {
    let world = World::with(&[], json!({"settings": {"void_persists": false}}));
    let invoice = world.invoice("INV-1", "240.00");
    world.record("receipt", world.receipt(&invoice, 24_000, 24_000)).await.unwrap();
    let receipt = world.read_receipt("receipt").await;
    world.write("off", off(&receipt, &invoice, 24_000)).await.unwrap();
    let held = world.read_receipt("receipt").await;
    assert_eq!((held.voided, held.unapplied), (false, pounds(24_000)));
    assert_eq!(world.read_invoice(&invoice).await.due, pounds(24_000));
}

/// The process ended after the void was begun: the next send goes on with it.
#[tokio::test]
async fn a_void_that_was_begun_is_gone_on_with() {
    for path in ["VoidPayment", "/Payment?", "ReleasePayment"] {
        let world = World::new();
        let invoice = world.invoice("INV-1", "240.00");
        world.record("receipt", world.receipt(&invoice, 24_000, 24_000)).await.unwrap();
        let receipt = world.read_receipt("receipt").await;
        let method = if path.contains('?') { "PUT" } else { "POST" };
        world.faults(&[json!({"kind": "timeout_after_write", "method": method,
            "path": path.trim_end_matches('?')})]);
        let write = off(&receipt, &invoice, 24_000);
        let lost = world.write("off", write.clone()).await;
        assert!(matches!(lost, Err(PortError::OutcomeUnknown(_))), "{path} {lost:?}");
        match world.erp.find(&named("off"), &write).await {
            Ok(Some(_)) => {}
            Ok(None) | Err(PortError::OutcomeUnknown(_)) => {
                world.write("off", write).await.unwrap();
            }
            Err(other) => panic!("{path}: {other}"),
        }
        let held = world.read_receipt("receipt").await;
        assert_eq!((held.voided, held.unapplied), (false, pounds(24_000)), "{path}");
        assert_eq!(world.read_invoice(&invoice).await.due, pounds(24_000), "{path}");
        assert_eq!(world.balance(CLEARING), 0, "{path}");
    }
}

#[tokio::test]
async fn the_clearing_account_is_told_line_by_line() {
    let world = World::new();
    let invoice = world.invoice("INV-1", "240.00");
    let made = world.record("receipt", world.receipt(&invoice, 24_000, 24_000)).await.unwrap();
    let id = ReceiptId::new(made.id);
    // Somebody else's money on the same account.
    world.act(json!({"do": "record_payment", "customer": CUSTOMER, "amount": "12.00",
        "cash_account": CLEARING, "method": "GOCARDLESS", "date": "2026-03-05"}));
    world.write("deposit", deposit(&[&id], 100, 23_900)).await.unwrap();
    let lines = world.erp.account_lines(&CLEARING.into(), day(3, 4)).await.unwrap();
    let told: Vec<(i64, bool)> =
        lines.iter().map(|line| (line.amount.minor, line.stamp.is_some())).collect();
    assert_eq!(told, [(24_000, true), (1_200, false), (-24_000, true)], "{lines:#?}");
    // A person takes the receipt back: it shows, as theirs or ours by its number.
    world.act(json!({"do": "void", "record": "Payment 000002"}));
    let lines = world.erp.account_lines(&CLEARING.into(), day(3, 5)).await.unwrap();
    let sum: i64 = lines.iter().map(|line| line.amount.minor).sum();
    assert_eq!(sum, -24_000, "{lines:#?}");
}

/// Part after part, with refunds between, then a chargeback of the rest: to the penny, and by documents
/// that people recognise.
#[tokio::test]
async fn a_receipt_is_taken_back_part_by_part() {
    for (by_person, preferences) in [
        (false, json!({"void_using_clearing": false})),
        (true, json!({"void_using_clearing": false})),
        (true, json!({"void_using_clearing": true})),
    ] {
        let label = format!("{by_person} {preferences}");
        let world = World::with(&[], json!({ "preferences": preferences }));
        let invoice = world.invoice("INV-1", "240.00");
        let made = world.record("receipt", world.receipt(&invoice, 25_000, 24_000)).await;
        let id = ReceiptId::new(made.unwrap().id);
        if by_person {
            world.act(json!({"do": "deposit", "payments": [format!("Payment {id}")],
                "bank": BANK}));
        } else {
            world.write("deposit", deposit(&[&id], 100, 24_900)).await.unwrap();
        }
        let before = world.balance(BANK);
        let mut left = 24_000;
        let (mut free, mut gone) = (1_000, 0);
        for (nth, part) in [3_001, 999, 20_000].into_iter().enumerate() {
            let receipt = world.read_receipt("receipt").await;
            let mut write = off(&receipt, &invoice, part);
            if let ErpWrite::UnapplyReceipt(write) = &mut write {
                write.decided_applied = pounds(left);
            }
            let name = format!("off{nth}");
            world.write(&name, write.clone()).await.unwrap();
            left -= part;
            free += part;
            assert_eq!(world.read_invoice(&invoice).await.due, pounds(24_000 - left), "{label}");
            let held = world.read_receipt("receipt").await;
            assert_eq!((held.voided, held.amount), (false, pounds(25_000)), "{label}");
            assert_eq!((&held.id, held.unapplied), (&id, pounds(free)), "{label}");
            assert_eq!(held.place, ReceiptPlace::Deposited, "{label}");
            assert_eq!(world.balance(BANK) + world.balance(CLEARING), before - gone, "{label}");
            let again = world.erp.find(&named(&name), &write).await.unwrap();
            assert!(again.is_some(), "{label}: it is found by its key");
            let named = world.erp.receipts_naming(&CUSTOMER.into(), &invoice, &"PM1".into()).await;
            let named: Vec<_> = named.unwrap().into_iter().filter_map(Read::into_found).collect();
            let ids: Vec<&ReceiptId> = named.iter().map(|one| &one.id).collect();
            assert_eq!(ids, [&id], "{label}: its parts are no receipts by themselves");
            world.write(&format!("back{nth}"), back(&held, part)).await.unwrap();
            free -= part;
            gone += part;
            let held = world.read_receipt("receipt").await;
            assert_eq!(held.unapplied, pounds(free), "{label} after refund {nth}");
        }
        assert_eq!(world.balance(BANK) + world.balance(CLEARING), before - 24_000, "{label}");
    }
}

/// Wherever an answer is lost, the next send goes on, and nothing is entered twice.
#[tokio::test]
async fn a_part_that_was_begun_is_gone_on_with() {
    for (method, path, after) in [
        ("POST", "VoidPayment", 0),
        ("PUT", "/Payment", 0),
        ("POST", "ReleasePayment", 0),
        ("PUT", "/Payment", 1),
        ("POST", "ReleasePayment", 1),
        ("PUT", "/Payment", 2),
        ("POST", "ReleasePayment", 2),
    ] {
        for kind in ["timeout_after_write", "timeout_before"] {
            let label = format!("{kind} {method} {path} {after}");
            let world = World::new();
            let invoice = world.invoice("INV-1", "240.00");
            world.record("receipt", world.receipt(&invoice, 24_000, 24_000)).await.unwrap();
            let receipt = world.read_receipt("receipt").await;
            world.faults(&[json!({"kind": kind, "method": method, "path": path, "after": after})]);
            let write = off(&receipt, &invoice, 5_000);
            let lost = world.write("off", write.clone()).await;
            assert!(matches!(lost, Err(PortError::OutcomeUnknown(_))), "{label} {lost:?}");
            match world.erp.find(&named("off"), &write).await {
                Ok(Some(_)) => {}
                Ok(None) | Err(PortError::OutcomeUnknown(_)) => {
                    world.write("off", write).await.unwrap();
                }
                Err(other) => panic!("{label}: {other}"),
            }
            let held = world.read_receipt("receipt").await;
            assert_eq!((held.voided, held.unapplied), (false, pounds(5_000)), "{label}");
            assert_eq!(world.read_invoice(&invoice).await.due, pounds(5_000), "{label}");
            assert_eq!(world.balance(CLEARING), 24_000, "{label}");
            let payments = world.truth("/Payment");
            let payments = payments.as_array().unwrap();
            let of_kind = |kind: &str| payments.iter().filter(|one| one["Type"] == kind).count();
            assert_eq!((of_kind("Payment"), of_kind("Voided Payment")), (3, 1), "{label}");
        }
    }
}

/// A deposit was saved and not released, and a person deposits its receipt: nothing of ours stays.
#[tokio::test]
async fn a_deposit_that_was_begun_gives_way_to_a_persons() {
    let world = World::new();
    let invoice = world.invoice("INV-1", "240.00");
    let made = world.record("receipt", world.receipt(&invoice, 24_000, 24_000)).await;
    let id = ReceiptId::new(made.unwrap().id);
    let release = "ReleaseJournalTransaction";
    world.faults(&[json!({"kind": "timeout_before", "method": "POST", "path": release})]);
    let write = deposit(&[&id], 100, 23_900);
    let lost = world.write("deposit", write.clone()).await;
    assert!(matches!(lost, Err(PortError::OutcomeUnknown(_))), "{lost:?}");
    let begun = |world: &World| {
        let batches = world.truth("/JournalTransaction");
        let waits = |one: &&serde_json::Value| one["Status"] == "Balanced";
        batches.as_array().unwrap().iter().filter(waits).count()
    };
    assert_eq!(begun(&world), 1);
    world.act(json!({"do": "deposit", "payments": [format!("Payment {id}")], "bank": BANK}));
    let stale = world.write("deposit", write.clone()).await;
    assert!(matches!(stale, Err(PortError::Stale(_))), "{stale:?}");
    assert_eq!(begun(&world), 0);
    assert!(world.erp.find(&named("deposit"), &write).await.unwrap().is_none());
    assert_eq!(world.balance(BANK), 24_000, "the person's");
}

/// Where each operation takes most of a minute, one send does not do it all, and the next ones go on.
#[tokio::test]
async fn a_part_is_taken_off_step_by_step_where_operations_are_slow() {
    let slow = json!({"settings": {"operation_seconds": 40, "operation_polls": 30}});
    let world = World::with(&[], slow);
    let invoice = world.invoice("INV-1", "240.00");
    world.record("receipt", world.receipt(&invoice, 24_000, 24_000)).await.unwrap();
    let receipt = world.read_receipt("receipt").await;
    let write = off(&receipt, &invoice, 5_000);
    let mut sends = 1;
    while let Err(error) = world.write("off", write.clone()).await {
        assert!(matches!(error, PortError::OutcomeUnknown(_)), "{error}");
        sends += 1;
        assert!(sends < 5, "{error}");
    }
    assert!(sends > 1, "it took {sends} sends");
    assert_eq!(world.read_receipt("receipt").await.unapplied, pounds(5_000));
    assert_eq!(world.balance(CLEARING), 24_000);
}
