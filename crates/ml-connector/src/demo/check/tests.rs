//! The check must find what is wrong: a small true world holds, and each thing broken in it is named.

use model::key::{Alphabet, Key};
use rust_decimal::Decimal;

use super::{Accounts, Case, Hands, check};
use crate::demo::truth::{Document, Invoice, Item, Kind, Payment, Payout, Truth};

fn stamp(key: &Key) -> String {
    key.stamp(Alphabet::PathSafe, 50)
}

fn amount(text: &str) -> Decimal {
    text.parse().unwrap()
}

fn accounts() -> Accounts {
    let text = str::to_owned;
    Accounts {
        banks: [(text("GBP"), text("210"))].into(),
        undeposited: [(text("GBP"), text("116"))].into(),
        fees: text("640"),
        fee_tax: text("231"),
        chargebacks: text("641"),
        refunds: text("642"),
        suspense: text("651"),
        rounding: text("650"),
    }
}

fn document(id: &str, kind: Kind, key: &str, postings: &[(&str, &str)]) -> Document {
    let lines =
        postings.iter().map(|(account, sum)| ((*account).to_owned(), amount(sum), amount(sum)));
    Document {
        id: id.to_owned(),
        kind,
        stamp: Some(key.to_owned()),
        currency: "GBP".to_owned(),
        dated_on: "2026-03-10".parse().ok(),
        postings: lines.collect(),
        ..Document::default()
    }
}

fn item(ordinal: u32, kind: &str, minor: &str, payment: &str) -> Item {
    Item {
        ordinal,
        kind: kind.to_owned(),
        amount: amount(minor),
        payment: Some(payment.to_owned()),
        ..Item::default()
    }
}

fn payment(id: &str, invoice: Option<&str>, minor: i64, steps: &[(&str, &str)]) -> Payment {
    let step = |(at, status): &(&str, &str)| {
        (format!("2026-03-{at}T09:00:00Z").parse().unwrap(), (*status).to_owned())
    };
    Payment {
        id: id.to_owned(),
        invoice: invoice.map(str::to_owned),
        amount: minor,
        status: steps.last().unwrap().1.to_owned(),
        history: steps.iter().map(step).collect(),
        ..Payment::default()
    }
}

fn payout(id: &str, minor: i64, items: Vec<Item>) -> Payout {
    Payout {
        id: id.to_owned(),
        amount: minor,
        currency: "GBP".to_owned(),
        status: "paid".to_owned(),
        arrival_on: "2026-03-10".parse().ok(),
        items,
    }
}

fn receipt(id: &str, payment: &str, payout: &str, minor: i64) -> Document {
    let sum = Decimal::new(minor, 2).to_string();
    let minus = Decimal::new(-minor, 2).to_string();
    let mut one = document(id, Kind::Receipt, id, &[("116", &sum), ("119", &minus)]);
    one.payment = Some(payment.to_owned());
    one.payout = Some(payout.to_owned());
    one.amount = minor;
    one
}

fn invoice(id: &str, total: i64, remaining: i64) -> (String, Invoice) {
    let one = Invoice {
        id: id.to_owned(),
        number: format!("INV-{id}"),
        total,
        remaining,
        collect: true,
        ..Invoice::default()
    };
    (id.to_owned(), one)
}

/// What the ERP holds of the world.
fn documents() -> Vec<Document> {
    let refund = stamp(&Key::new(&["refund", "PO2", "1"]));
    let first = [
        ("210", "159.50"),
        ("116", "-120.00"),
        ("651", "-42.75"),
        ("640", "2.71"),
        ("231", "0.54"),
    ];
    let second = [("210", "150.00"), ("116", "-150.00")];
    vec![
        receipt("901", "PM1", "PO1", 12_000),
        receipt("902", "PM2", "PO2", 15_000),
        document("903", Kind::Deposit, "deposit-PO1-1abcdefghijkl", &first),
        document("904", Kind::Deposit, "deposit-PO2-1abcdefghijkl", &second),
        document("905", Kind::Refund, &refund, &[("119", "120.00"), ("210", "-120.00")]),
    ]
}

/// One invoice collected and paid out, a foreign payment beside it, a chargeback in a second payout.
fn world() -> Truth {
    let paid = [("02", "pending_submission"), ("05", "confirmed"), ("10", "paid_out")];
    let back = [paid[0], paid[1], paid[2], ("12", "charged_back")];
    let mut fee = item(2, "gocardless_fee", "-324.6", "PM1");
    fee.taxes = vec![("GB_VAT_1".to_owned(), amount("-54.1"))];
    let settled = item(0, "payment_paid_out", "12000.0", "PM1");
    let foreign = item(1, "payment_paid_out", "4275.0", "PM9");
    let other = item(0, "payment_paid_out", "15000.0", "PM2");
    let reversed = item(1, "payment_charged_back", "-12000.0", "PM1");
    let payments = [
        payment("PM1", Some("1"), 12_000, &back),
        payment("PM2", Some("2"), 15_000, &paid),
        payment("PM9", None, 4_275, &paid),
    ];
    Truth {
        payments: payments.into_iter().map(|one| (one.id.clone(), one)).collect(),
        payouts: vec![
            payout("PO1", 15_950, vec![settled, foreign, fee]),
            payout("PO2", 3_000, vec![other, reversed]),
        ],
        documents: documents(),
        invoices: [invoice("1", 12_000, 12_000), invoice("2", 15_000, 0)].into(),
        trial_balance: "0".to_owned(),
        ..Truth::default()
    }
}

/// Breaks the world and expects exactly complaints that contain these words; none: it holds.
#[track_caller]
fn expect(change: impl FnOnce(&mut Truth, &mut Hands), words: &[&str]) {
    let (mut truth, mut hands) = (world(), Hands::default());
    change(&mut truth, &mut hands);
    let broken =
        check(&Case { truth: &truth, hands: &hands, accounts: &accounts(), stamp: &stamp });
    let said: Vec<String> =
        broken.iter().map(|one| format!("{}: {}", one.promise, one.what)).collect();
    for words in words {
        assert!(said.iter().any(|one| one.contains(words)), "no {words:?} in {said:#?}");
    }
    assert_eq!(said.is_empty(), words.is_empty(), "{said:#?}");
}

fn document_of<'a>(truth: &'a mut Truth, id: &str) -> &'a mut Document {
    truth.documents.iter_mut().find(|one| one.id == id).unwrap()
}

#[test]
fn a_true_world_holds() {
    expect(|_, _| {}, &[]);
}

#[test]
fn two_live_payments_of_an_invoice_are_found() {
    let steps = [("03", "pending_submission"), ("04", "cancelled")];
    let second = move |truth: &mut Truth| {
        truth.payments.insert("PM3".into(), payment("PM3", Some("2"), 15_000, &steps));
    };
    expect(
        |truth, _| second(truth),
        &["P1: invoice INV-2 owed 15000 and was collected by PM2 and"],
    );
    // The same by a person's hand is the person's business.
    expect(
        |truth, hands| {
            second(truth);
            hands.payments.insert("PM3".to_owned());
        },
        &[],
    );
    // After the other one ended it is an attempt of its own.
    expect(
        |truth, _| {
            let after = [("13", "pending_submission")];
            truth.payments.insert("PM3".into(), payment("PM3", Some("1"), 12_000, &after));
        },
        &[],
    );
}

#[test]
fn more_than_was_owed_is_found() {
    expect(
        |truth, _| truth.payments.get_mut("PM2").unwrap().amount = 15_001,
        &["P1: invoice INV-2 owed 15000"],
    );
    expect(
        |truth, hands| {
            truth.invoices.get_mut("2").unwrap().total = 14_000;
            hands.owed.insert("2".to_owned(), 15_000);
        },
        &[],
    );
}

#[test]
fn an_invoice_that_nobody_ticked_is_found() {
    expect(
        |truth, _| truth.invoices.get_mut("2").unwrap().collect = false,
        &["P1: invoice INV-2 was never ticked"],
    );
}

#[test]
fn a_doubled_receipt_is_found() {
    expect(
        |truth, _| {
            let mut twin = document_of(truth, "902").clone();
            twin.id = "912".to_owned();
            truth.documents.push(twin);
        },
        &["P3: payment PM2 in payout PO2 has 2 receipts", "P4: 150.00 GBP is left in undeposited"],
    );
}

#[test]
fn a_missing_receipt_or_reversal_is_found() {
    expect(
        |truth, _| truth.documents.retain(|one| one.id != "902"),
        &["P3: payment PM2 in payout PO2 has no receipt"],
    );
    expect(
        |truth, _| truth.documents.retain(|one| one.id != "905"),
        &["P3: item 1 (payment_charged_back) of payout PO2 was not taken back", "P4: payout PO2"],
    );
}

#[test]
fn a_reversal_that_came_twice_is_found() {
    expect(
        |truth, _| {
            let mut twin = document_of(truth, "905").clone();
            twin.id = "915".to_owned();
            twin.stamp = Some("refund-PO2-2abcdefghijkl".to_owned());
            truth.documents.push(twin);
        },
        &["P3: refund 915", "P4: payout PO2: the bank"],
    );
}

#[test]
fn a_missing_deposit_is_found() {
    expect(
        |truth, _| truth.documents.retain(|one| one.id != "903"),
        &["P4: payout PO1: the bank moved 0", "P4: bank GBP", "left in undeposited funds"],
    );
}

#[test]
fn a_penny_is_found() {
    expect(
        |truth, _| {
            let deposit = document_of(truth, "903");
            deposit.postings[0].2 = amount("159.51");
            deposit.postings[3].2 = amount("2.70");
        },
        &["P4: payout PO1: the bank moved 15951", "P4: payout PO1: fees moved 270"],
    );
}

#[test]
fn tax_on_the_fee_account_is_found() {
    expect(
        |truth, _| {
            let deposit = document_of(truth, "903");
            deposit.postings[3].2 = amount("3.25");
            deposit.postings[4].2 = Decimal::ZERO;
        },
        &["P4: payout PO1: fees moved 325", "P4: payout PO1: tax on fees moved 0"],
    );
}

#[test]
fn a_document_that_belongs_to_nothing_is_found() {
    let stray = |truth: &mut Truth| {
        truth.documents.push(document("950", Kind::Journal, "mine", &[("210", "5.00")]));
    };
    expect(|truth, _| stray(truth), &["P3: journal 950 (mine)", "P4: bank GBP"]);
    expect(
        |truth, hands| {
            stray(truth);
            document_of(truth, "950").postings.push(("400".into(), amount("-5"), amount("-5")));
            hands.documents.insert("950".to_owned());
        },
        &[],
    );
}

#[test]
fn an_unapplied_rest_with_an_open_invoice_is_found() {
    let unapplied = |truth: &mut Truth| {
        document_of(truth, "902").unapplied = 15_000;
        truth.invoices.get_mut("2").unwrap().remaining = 15_000;
    };
    expect(|truth, _| unapplied(truth), &["P3: receipt 902 has 15000 left"]);
    expect(
        |truth, hands| {
            unapplied(truth);
            hands.unapplied.insert("902".to_owned());
        },
        &[],
    );
}

#[test]
fn a_wrong_date_and_an_unbalanced_ledger_are_found() {
    expect(
        |truth, _| document_of(truth, "904").dated_on = "2026-03-11".parse().ok(),
        &["P4: deposit 904 is dated 2026-03-11"],
    );
    expect(|truth, _| truth.trial_balance = "0.01".to_owned(), &["P4: the trial balance is 0.01"]);
}
