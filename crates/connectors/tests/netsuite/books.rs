//! Receipts, applications, refunds, deposits and journals, and the ledger that they leave behind.

use model::command::{
    ApplyReceipt, DepositLine, ErpWrite, JournalLine, RecordDeposit, RecordJournal, RecordRefund,
    RejectionCause, UnapplyReceipt,
};
use model::ids::{ErpRefundId, InvoiceId, LedgerAccountId, ReceiptId};
use model::invoice::InvoiceStatus;
use model::money::{Currency, Money};
use model::receipt::{DocumentKind, ErpDocument, Receipt, ReceiptPlace};
use ports::{Depth, PortError};
use serde_json::json;

use crate::world::{BANK, CUSTOMER, UNDEPOSITED, World, day, named, pounds};

pub fn refund_of(receipt: &Receipt, amount: i64, from: Option<&str>) -> ErpWrite {
    ErpWrite::RecordRefund(RecordRefund {
        receipt: receipt.id.clone(),
        customer: CUSTOMER.into(),
        amount: pounds(amount),
        from: from.map(LedgerAccountId::new),
        dated_on: day(3, 5),
        true_date: None,
        receivable_account: receipt.receivable_account.clone(),
        subsidiary: receipt.subsidiary.clone(),
        exchange_rate: receipt.exchange_rate,
        memo: "chargeback".to_owned(),
    })
}

pub fn unapply_of(receipt: &Receipt, invoice: &InvoiceId, applied: i64, amount: i64) -> ErpWrite {
    ErpWrite::UnapplyReceipt(UnapplyReceipt {
        receipt: receipt.id.clone(),
        customer: CUSTOMER.into(),
        invoice: invoice.clone(),
        amount: pounds(amount),
        decided_applied: pounds(applied),
        dated_on: None,
    })
}

fn apply_of(receipt: &Receipt, invoice: &InvoiceId, due: i64, amount: i64) -> ErpWrite {
    ErpWrite::ApplyReceipt(ApplyReceipt {
        receipt: receipt.id.clone(),
        customer: CUSTOMER.into(),
        invoice: invoice.clone(),
        amount: pounds(amount),
        decided_unapplied: receipt.unapplied,
        decided_due: pounds(due),
    })
}

pub fn deposit_of(receipts: &[&str], refunds: &[&str], fee: i64, total: i64) -> ErpWrite {
    ErpWrite::RecordDeposit(RecordDeposit {
        bank: LedgerAccountId::new(BANK),
        currency: Currency::GBP,
        dated_on: day(3, 5),
        true_date: None,
        receipts: receipts.iter().map(|id| ReceiptId::new(*id)).collect(),
        refunds: refunds.iter().map(|id| ErpRefundId::new(*id)).collect(),
        lines: vec![DepositLine {
            account: LedgerAccountId::new("640"),
            amount: pounds(-fee),
            memo: "fees".to_owned(),
        }],
        exchange_rate: None,
        total: pounds(total),
        payout: Some("PO1".into()),
        memo: "PO1".to_owned(),
    })
}

#[tokio::test]
async fn a_receipt_pays_its_invoice_and_reads_the_same_either_way() {
    let world = World::new();
    let invoice = world.invoice("INV-1", "240.00");
    let made = world.record("receipt", world.receipt(&invoice, 30_000, 24_000)).await.unwrap();
    let direct = world.read_receipt("receipt", Depth::Direct).await;
    assert_eq!(direct.id.as_str(), made.id);
    assert_eq!((direct.amount, direct.unapplied), (pounds(30_000), pounds(6_000)));
    assert_eq!(direct.applications.len(), 1);
    assert_eq!(direct.place, ReceiptPlace::Undeposited);
    assert_eq!(direct.account, Some(LedgerAccountId::new(UNDEPOSITED)));
    assert_eq!(direct.dated_on, day(3, 4));
    let mut cheap = world.read_receipt("receipt", Depth::Cheap).await;
    // Queries do not show the receivable account.
    cheap.receivable_account = direct.receivable_account.clone();
    assert_eq!(cheap, direct);
    let paid = world.read_invoice(&invoice).await;
    assert_eq!((paid.due, paid.status), (pounds(0), InvoiceStatus::Paid));
    assert_eq!(world.balance(UNDEPOSITED).await, 30_000);
}

#[tokio::test]
async fn a_repeated_receipt_is_adopted_and_another_is_refused() {
    let world = World::new();
    let invoice = world.invoice("INV-1", "240.00");
    let write = world.receipt(&invoice, 24_000, 24_000);
    let first = world.record("receipt", write.clone()).await.unwrap();
    let second = world.record("receipt", write.clone()).await.unwrap();
    assert_eq!((first.adopted, second.adopted), (false, true));
    assert_eq!(first.id, second.id);
    let mut other = write;
    other.amount = pounds(24_001);
    assert!(matches!(world.record("receipt", other).await, Err(PortError::Rejected(_))));
    assert_eq!(world.balance(UNDEPOSITED).await, 24_000);
}

#[tokio::test]
async fn applications_are_taken_back_in_part_and_made_again() {
    let world = World::new();
    let first = world.invoice("INV-1", "200.00");
    let second = world.invoice("INV-2", "100.00");
    world.record("receipt", world.receipt(&first, 20_000, 20_000)).await.unwrap();
    let receipt = world.read_receipt("receipt", Depth::Direct).await;
    let part = unapply_of(&receipt, &first, 20_000, 5_000);
    world.write("part", part.clone()).await.unwrap();
    assert!(world.netsuite.find(&named("part"), &part).await.unwrap().is_some());
    let receipt = world.read_receipt("receipt", Depth::Direct).await;
    assert_eq!(receipt.unapplied, pounds(5_000));
    assert_eq!(world.read_invoice(&first).await.due, pounds(5_000));
    // The same decision a second time is stale, not a second un-application.
    assert!(matches!(world.write("part", part).await, Err(PortError::Stale(_))));
    let move_on = apply_of(&receipt, &second, 10_000, 5_000);
    assert!(world.netsuite.find(&named("on"), &move_on).await.unwrap().is_none());
    world.write("on", move_on.clone()).await.unwrap();
    assert!(world.netsuite.find(&named("on"), &move_on).await.unwrap().is_some());
    assert!(matches!(world.write("on", move_on).await, Err(PortError::Stale(_))));
    let receipt = world.read_receipt("receipt", Depth::Direct).await;
    let applied: Vec<i64> = receipt.applications.iter().map(|line| line.amount.minor).collect();
    assert_eq!(applied, [15_000, 5_000]);
    let cheap = world.read_receipt("receipt", Depth::Cheap).await;
    assert_eq!(cheap.applications, receipt.applications);
    world.write("rest", unapply_of(&receipt, &first, 15_000, 15_000)).await.unwrap();
    let receipt = world.read_receipt("receipt", Depth::Direct).await;
    assert_eq!((receipt.unapplied, receipt.applications.len()), (pounds(15_000), 1));
    let more = apply_of(&receipt, &second, 5_000, 5_000);
    world.write("more", more).await.unwrap();
    assert_eq!(world.read_invoice(&second).await.due, pounds(0));
}

#[tokio::test]
async fn a_payout_is_deposited_with_its_fee() {
    let world = World::new();
    let (a, b) = (world.invoice("INV-1", "240.00"), world.invoice("INV-2", "60.25"));
    let a = world.record("a", world.receipt(&a, 24_000, 24_000)).await.unwrap().id;
    let b = world.record("b", world.receipt(&b, 6_025, 6_025)).await.unwrap().id;
    let wrong = deposit_of(&[&a, &b], &[], 240, 29_786);
    assert!(matches!(world.write("deposit", wrong).await, Err(PortError::Stale(_))));
    assert_eq!(world.balance(BANK).await, 0);
    let right = deposit_of(&[&a, &b], &[], 240, 29_785);
    let made = world.write("deposit", right.clone()).await.unwrap();
    let ErpDocument::Deposit(deposit) =
        world.document(DocumentKind::Deposit, "deposit", Depth::Direct).await
    else {
        panic!("not a deposit");
    };
    assert_eq!((deposit.id.as_str(), deposit.total), (made.id.as_str(), pounds(29_785)));
    assert_eq!(deposit.receipts.len(), 2);
    assert_eq!(world.balance(BANK).await, 29_785);
    assert_eq!(world.balance("640").await, 240);
    assert_eq!(world.balance(UNDEPOSITED).await, 0);
    assert_eq!(world.read_receipt("a", Depth::Direct).await.place, ReceiptPlace::Deposited);
    assert_eq!(world.read_receipt("a", Depth::Cheap).await.place, ReceiptPlace::Deposited);
    // Again: it is there. Under another key: the receipts are deposited already.
    assert!(world.write("deposit", right.clone()).await.unwrap().adopted);
    assert!(matches!(world.write("another", right).await, Err(PortError::Stale(_))));
    assert_eq!(world.balance(BANK).await, 29_785);
}

#[tokio::test]
async fn a_chargeback_is_refunded_from_the_bank() {
    let world = World::new();
    let invoice = world.invoice("INV-1", "240.00");
    let id = world.record("receipt", world.receipt(&invoice, 24_000, 24_000)).await.unwrap().id;
    world.write("deposit", deposit_of(&[&id], &[], 100, 23_900)).await.unwrap();
    let receipt = world.read_receipt("receipt", Depth::Direct).await;
    // Applied money can not be refunded.
    let refund = refund_of(&receipt, 24_000, Some(BANK));
    assert!(matches!(world.write("refund", refund.clone()).await, Err(PortError::Stale(_))));
    world.write("unapply", unapply_of(&receipt, &invoice, 24_000, 24_000)).await.unwrap();
    let made = world.write("refund", refund.clone()).await.unwrap();
    assert!(world.write("refund", refund).await.unwrap().adopted);
    let ErpDocument::Refund(there) =
        world.document(DocumentKind::Refund, "refund", Depth::Direct).await
    else {
        panic!("not a refund");
    };
    assert_eq!((there.id.as_str(), there.amount), (made.id.as_str(), pounds(24_000)));
    assert_eq!(there.place, ReceiptPlace::Deposited);
    assert_eq!(world.balance(BANK).await, -100);
    for depth in [Depth::Direct, Depth::Cheap] {
        let receipt = world.read_receipt("receipt", depth).await;
        assert_eq!(receipt.unapplied, pounds(0), "{depth:?}");
        assert!(receipt.applications.is_empty(), "{depth:?} {receipt:?}");
    }
    assert_eq!(world.read_invoice(&invoice).await.due, pounds(24_000));
}

#[tokio::test]
async fn an_undeposited_refund_leaves_with_a_deposit_of_nothing() {
    let world = World::new();
    let invoice = world.invoice("INV-1", "60.25");
    let id = world.record("receipt", world.receipt(&invoice, 6_025, 6_025)).await.unwrap().id;
    let receipt = world.read_receipt("receipt", Depth::Direct).await;
    world.write("unapply", unapply_of(&receipt, &invoice, 6_025, 6_025)).await.unwrap();
    let refund = world.write("refund", refund_of(&receipt, 6_025, None)).await.unwrap().id;
    let place = |document| match document {
        ErpDocument::Refund(refund) => refund.place,
        other => panic!("{other:?}"),
    };
    let there = world.document(DocumentKind::Refund, "refund", Depth::Direct).await;
    assert_eq!(place(there), ReceiptPlace::Undeposited);
    world.write("zero", deposit_of(&[&id], &[&refund], 0, 0)).await.unwrap();
    let there = world.document(DocumentKind::Refund, "refund", Depth::Direct).await;
    assert_eq!(place(there), ReceiptPlace::Deposited);
    assert_eq!((world.balance(UNDEPOSITED).await, world.balance(BANK).await), (0, 0));
}

#[tokio::test]
async fn a_journal_is_posted_and_read_back() {
    let world = World::new();
    let line = |account: &str, minor| JournalLine {
        account: LedgerAccountId::new(account),
        amount: pounds(minor),
        memo: "fees".to_owned(),
        customer: None,
    };
    let write = ErpWrite::RecordJournal(RecordJournal {
        // Known from the bank account.
        subsidiary: None,
        currency: Currency::GBP,
        dated_on: day(3, 5),
        true_date: None,
        lines: vec![line("640", 200), line("231", 40), line(BANK, -240)],
        payout: None,
        memo: "fees PO1".to_owned(),
    });
    world.write("journal", write.clone()).await.unwrap();
    assert!(world.write("journal", write).await.unwrap().adopted);
    let ErpDocument::Journal(journal) =
        world.document(DocumentKind::Journal, "journal", Depth::Direct).await
    else {
        panic!("not a journal");
    };
    assert!(journal.posted && !journal.voided);
    assert_eq!(journal.lines[2], (LedgerAccountId::new(BANK), pounds(-240)));
    assert_eq!((world.balance("640").await, world.balance(BANK).await), (200, -240));
}

#[tokio::test]
async fn a_paid_invoice_or_a_closed_period_refuses_the_receipt() {
    let world = World::new();
    let invoice = world.invoice("INV-1", "240.00");
    world.act(json!({"do": "period", "period": "2026-03-04", "set": "closed"}));
    let cause = |result| match result {
        Err(PortError::Rejected(rejection)) => rejection.cause,
        other => panic!("{other:?}"),
    };
    let write = world.receipt(&invoice, 24_000, 24_000);
    let refused = world.record("receipt", write.clone()).await;
    assert_eq!(cause(refused), RejectionCause::PeriodClosed);
    let book = world.netsuite.periods().await.unwrap();
    assert!(!book.is_open(day(3, 4)));
    assert_eq!(book.next_open_day(day(3, 4)), Some(day(4, 1)));
    world.act(json!({"do": "period", "period": "2026-03-04", "set": "ar_locked"}));
    let refused = world.record("receipt", write.clone()).await;
    assert_eq!(cause(refused), RejectionCause::PeriodClosed);
    assert!(!world.netsuite.periods().await.unwrap().is_open(day(3, 4)));
    world.act(json!({"do": "period", "period": "2026-03-04", "set": "unlocked"}));
    world.act(json!({"do": "period", "period": "2026-03-04", "set": "open"}));
    world.act(json!({"do": "record_payment", "invoice": "INV-1"}));
    let refused = world.record("receipt", write).await;
    assert_eq!(cause(refused), RejectionCause::ApplicationImpossible);
}

#[tokio::test]
async fn a_receipt_that_a_person_voids_is_shown_and_never_taken_over() {
    let world = World::new();
    let invoice = world.invoice("INV-1", "240.00");
    let write = world.receipt(&invoice, 24_000, 24_000);
    let id = world.record("receipt", write.clone()).await.unwrap().id;
    world.act(json!({"do": "void", "record": id}));
    let receipt = world.read_receipt("receipt", Depth::Direct).await;
    assert!(receipt.voided, "{receipt:?}");
    assert!(matches!(world.record("receipt", write).await, Err(PortError::Rejected(_))));
    assert_eq!(world.read_invoice(&invoice).await.due, pounds(24_000));
}

#[tokio::test]
async fn a_foreign_receipt_goes_to_a_bank_of_its_currency() {
    let euros = |minor| Money::new(minor, Currency::EUR);
    let world = World::new();
    world.control(
        "/seed",
        json!({"customers": [{"id": 1008, "entityId": "C-1008",
        "companyName": "Moulin SA", "currency": {"id": "2"}}]}),
    );
    world.control(
        "/seed",
        json!({"invoices": [{"customer": 1008, "amount": "100.00",
        "currency": 2, "number": "INV-E", "date": "2026-03-01", "due": "2026-03-31"}]}),
    );
    let id = world.invoice_id("INV-E");
    let invoice = world.read_invoice(&id).await;
    assert_eq!(invoice.due, euros(10_000));
    let mut write = world.receipt(&id, 0, 0);
    write.customer = "1008".into();
    write.amount = euros(10_000);
    write.apply = Some((id.clone(), euros(10_000)));
    write.exchange_rate = invoice.exchange_rate;
    let receipt = world.record("receipt", write).await.unwrap().id;
    let ErpWrite::RecordDeposit(mut deposit) = deposit_of(&[&receipt], &[], 0, 0) else { return };
    deposit.currency = Currency::EUR;
    deposit.bank = LedgerAccountId::new("211");
    deposit.lines.clear();
    deposit.total = euros(10_000);
    world.write("deposit", ErpWrite::RecordDeposit(deposit)).await.unwrap();
    let bank = world.netsuite.account_balance(&LedgerAccountId::new("211")).await.unwrap();
    assert_eq!(bank, euros(10_000));
    let since = jiff::civil::date(2026, 1, 1);
    let account = LedgerAccountId::new("211");
    let lines = world.netsuite.account_lines(&account, since).await.unwrap();
    let told: Vec<_> = lines.iter().map(|line| (line.kind.as_str(), line.amount)).collect();
    assert_eq!(told, [("Deposit", euros(10_000))]);
    assert!(lines[0].stamp.as_ref().is_some_and(|stamp| stamp.contains("deposit")), "{lines:?}");
    let later = jiff::civil::date(2027, 1, 1);
    assert_eq!(world.netsuite.account_lines(&account, later).await.unwrap(), []);
    assert_eq!(world.read_invoice(&id).await.status, InvoiceStatus::Paid);
}
/// Requests so far to paths with this part.
fn requests(world: &World, part: &str) -> u64 {
    let truth = world.truth();
    let counts = truth["requests"].as_object().unwrap();
    let fits = counts.iter().filter(|(path, _)| path.contains(part));
    fits.map(|(_, count)| count.as_u64().unwrap()).sum()
}

#[tokio::test]
async fn bulk_reads_stay_bulk() {
    let world = World::new();
    let mut invoices = Vec::new();
    let mut keys = Vec::new();
    for nth in 0..20 {
        let invoice = world.invoice(&format!("INV-{nth}"), "10.00");
        let name = format!("receipt-{nth}");
        world.record(&name, world.receipt(&invoice, 1_000, 900)).await.unwrap();
        invoices.push(invoice);
        keys.push((DocumentKind::Receipt, named(&name)));
    }
    let (queries, records) = (requests(&world, "suiteql"), requests(&world, "GET"));
    let reads = world.netsuite.documents(&keys, Depth::Cheap).await.unwrap();
    assert!(reads.iter().all(|read| read.found().is_some()));
    // Receipts, links both ways, voided; one record to measure the zone.
    assert_eq!(requests(&world, "suiteql") - queries, 4);
    assert_eq!(requests(&world, "GET") - records, 1);
    let reads = world.netsuite.invoices(&invoices, Depth::Cheap).await.unwrap();
    assert!(
        reads.iter().all(|read| read.found().is_some_and(|invoice| invoice.due == pounds(100)))
    );
    // No column is missing there, hence one query.
    assert_eq!(requests(&world, "suiteql") - queries, 5);
    assert_eq!(requests(&world, "GET") - records, 1);
}
