//! The suite that every ERP port must pass, on NetSuite's connector and emulator.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use model::ids::{ErpCustomerId, InvoiceId, LedgerAccountId, ReceiptId};
use model::money::{Currency, Money};
use ports::conformance::{Chart, ErpSubject, Need, NewInvoice, Trouble, run_erp};
use ports::{Clock, Erp};
use sandbox::in_process;
use serde_json::{Value, json};

use crate::world::{BANK, UNDEPOSITED, World, day};

/// The emulator's ids of currencies; the last one, with three decimals, is seeded here.
const CURRENCIES: [(&str, u32); 5] = [("GBP", 1), ("EUR", 2), ("JPY", 4), ("SEK", 5), ("KWD", 10)];

/// Strikes until it is cleared.
const FOR_EVER: u32 = 100_000;

struct Account {
    world: World,
    customers: AtomicU32,
}

impl Account {
    /// In an account that differs from the standard one as the seed says.
    fn with(mut seed: Value) -> Account {
        let dinar =
            json!({"id": 10, "symbol": "KWD", "name": "KWD", "precision": 3, "rate": "2.5"});
        seed["currencies"] = json!([dinar]);
        let world = World::with(&[], seed);
        Account { world, customers: AtomicU32::new(0) }
    }

    fn faults(&self, rules: &[Value]) {
        self.world.control("/faults", json!({ "add": rules }));
    }

    /// The next request that changes a record, whichever it is.
    fn next_write(&self, kind: &str) {
        let rule = |method: &str| json!({"kind": kind, "minutes": 5, "method": method, "path": "record/v1", "times": 1});
        self.faults(&["POST", "PATCH"].map(rule));
    }

    fn every(&self, status: u16) {
        self.faults(&[json!({"kind": "status", "status": status, "times": FOR_EVER})]);
    }
}

fn currency_id(currency: Currency) -> u32 {
    let known = CURRENCIES.iter().find(|(code, _)| *code == currency.code());
    known.unwrap_or_else(|| panic!("{currency} is not among the account's currencies")).1
}

fn first(made: &Value, list: &str) -> String {
    made[list][0].as_str().unwrap_or_else(|| panic!("no {list}: {made}")).to_owned()
}

impl ErpSubject for Account {
    fn erp(&self) -> &dyn Erp {
        self.world.netsuite.as_ref()
    }

    fn chart(&self) -> Chart {
        let others = CURRENCIES[1..].iter().map(|(code, _)| code.parse().unwrap());
        Chart {
            currency: Currency::GBP,
            others: others.collect(),
            bank: LedgerAccountId::new(BANK),
            undeposited: LedgerAccountId::new(UNDEPOSITED),
            fees: LedgerAccountId::new("640"),
            unknown: LedgerAccountId::new("98765"),
            day: day(3, 4),
        }
    }

    fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    fn pass(&self, by: Duration) {
        let from = self.world.clock.now();
        self.world.seconds_pass(SignedDuration::try_from(by).unwrap().as_secs());
        in_process::advance(self.world.emulator.as_ref(), from, self.world.clock.now());
    }

    /// Rows of one SuiteQL page, as the connector asks for them.
    fn page_len(&self) -> usize {
        1_000
    }

    fn unknown_id(&self) -> String {
        "9876543".to_owned()
    }

    fn add_customer(&self, name: &str, currency: Currency) -> ErpCustomerId {
        let nth = self.customers.fetch_add(1, Ordering::Relaxed);
        let customer = json!({
            "entityId": format!("P-{nth}"), "companyName": name,
            "email": format!("p{nth}@brightmill.example"),
            "currency": {"id": currency_id(currency)},
        });
        let made = self.world.control("/seed", json!({ "customers": [customer] }));
        ErpCustomerId::new(first(&made, "customers"))
    }

    fn add_invoice(&self, new: &NewInvoice) -> InvoiceId {
        let invoice = json!({
            "customer": new.customer.as_str().parse::<i64>().unwrap(),
            "amount": new.total.to_major(),
            "currency": currency_id(new.total.currency),
            "number": new.number,
            "date": new.issued_on,
            "due": new.due_on,
            "fields": {"custbody_mlc_collect": true},
        });
        let made = self.world.control("/seed", json!({ "invoices": [invoice] }));
        InvoiceId::new(first(&made, "invoices"))
    }

    fn touch_invoice(&self, id: &InvoiceId) {
        self.world.act(json!({"do": "edit_invoice", "invoice": id, "memo": "looked at"}));
    }

    fn pay_by_hand(&self, id: &InvoiceId, amount: Money) {
        let pay = json!({"do": "record_payment", "invoice": id, "amount": amount.to_major()});
        self.world.act(pay);
    }

    fn void_invoice(&self, id: &InvoiceId) {
        self.world.act(json!({"do": "void", "record": id}));
    }

    fn tick_retry(&self, id: &InvoiceId) {
        let ticked = json!({"custbody_mlc_retry": true});
        let act = json!({"do": "set_field", "type": "invoice", "record": id, "fields": ticked});
        self.world.act(act);
    }

    fn deposit_by_hand(&self, id: &ReceiptId) {
        self.world.act(json!({"do": "deposit", "payments": [id], "account": BANK}));
    }

    fn void_receipt(&self, id: &ReceiptId) {
        self.world.act(json!({"do": "void", "record": id}));
    }

    fn unapply_by_hand(&self, id: &ReceiptId) {
        self.world.act(json!({"do": "unapply", "payment": id}));
    }

    fn set_period(&self, day: Date, open: bool) {
        let set = if open { "open" } else { "closed" };
        self.world.act(json!({"do": "period", "period": day, "set": set}));
    }

    fn forbid_receipts(&self) {
        let permissions = [
            "ADMI_RESTWEBSERVICES",
            "ADMI_LOGIN_OAUTH2",
            "REPO_ANALYTICS",
            "TRAN_FIND",
            "LIST_FIND",
            "LIST_CUSTJOB",
            "LIST_ITEM",
            "LIST_ACCOUNT",
            "LIST_CURRENCY",
            "LIST_SUBSIDIARY",
            "TRAN_CUSTINVC",
            "TRAN_CUSTPYMT:View",
            "TRAN_CUSTRFND",
            "TRAN_DEPOSIT",
            "TRAN_JOURNAL",
            "TRAN_JOURNALAPPRV",
            "ADMI_ACCTPERIODS",
        ];
        self.world.control("/seed", json!({"role": {"permissions": permissions}}));
    }

    fn trouble(&self, trouble: Trouble) {
        match trouble {
            Trouble::AnswerLost => self.next_write("timeout_after_write"),
            Trouble::RequestLost => self.next_write("timeout_before"),
            Trouble::EffectLate => self.next_write("late_commit"),
            Trouble::Conflict => {
                self.faults(&[json!({"kind": "record_changed", "method": "PATCH", "times": 1})]);
            }
            Trouble::Silence => {
                self.faults(&[json!({"kind": "timeout_before", "times": FOR_EVER})]);
            }
            Trouble::Down => self.every(503),
            Trouble::Throttled => self.every(429),
            Trouble::Unauthorised => {
                let gone = json!({"block_integration": true, "expire_tokens": true});
                self.world.control("/faults", gone);
            }
            Trouble::TokenExpired => {
                self.world.control("/faults", json!({"expire_tokens": true}));
            }
            Trouble::Stale => {
                self.world.control("/faults", json!({"stale_minutes": 10}));
            }
        }
    }

    fn calm(&self) {
        self.world.control("/faults", json!({"clear": true, "block_integration": false}));
    }
}

#[tokio::test]
async fn netsuite_does_what_every_erp_must() {
    check(&[], json!({})).await;
}

/// What the sheet leaves open is answered the other way (netsuite sheet section 20, row 14), and the
/// company's day begins half a day before the server's.
#[tokio::test]
async fn netsuite_does_so_in_an_account_of_another_form() {
    let company = json!({"time_zone": "Pacific/Auckland", "date_format": "DD.MM.YYYY"});
    let settings = json!({
        "undep_funds_form": "letter", "refund_line_required": false, "signed_totals": true,
        "touch_applied": false, "round_amounts": true, "shared_external_ids": true,
        "approval_status_without_routing": true,
    });
    let lacks = [Need::PaymentIsChange];
    check(&lacks, json!({"company": company, "settings": settings})).await;
}

async fn check(lacks: &[Need], seed: Value) {
    let report = run_erp(lacks, || Box::new(Account::with(seed.clone()))).await;
    assert_eq!(report.skipped.len(), lacks.len(), "{:?}", report.skipped);
    assert!(report.passed.len() > 100, "{} cases", report.passed.len());
}
