//! The suite that every ERP port must pass, on Acumatica's connector and emulator.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use model::ids::{ErpCustomerId, InvoiceId, LedgerAccountId, ReceiptId};
use model::money::{Currency, Money};
use ports::conformance::{Chart, ErpSubject, Need, NewInvoice, Trouble, run_erp};
use ports::{Clock, Erp};
use serde_json::{Value, json};

use crate::world::{BANK, CLEARING, FEES, World, day};

/// Strikes until it is cleared.
const FOR_EVER: u32 = 100_000;

/// Parts of the paths of records and of actions; signing in is neither.
const RECORDS: &str = "/entity/default/";
const RELEASE: &str = "/release";

/// What Acumatica can not do, whoever asks.
const LACKS: [Need; 4] = [
    // The stock endpoint has no bank deposits (acumatica sheet section 11.7).
    Need::DepositsOfReceipts,
    // No entity of the stock endpoint shows it (acumatica sheet section 9.1).
    Need::AccountBalances,
    // References may repeat (acumatica sheet section 11.10): guard `search only`.
    Need::UniqueKeys,
    // Lists read the database itself (acumatica sheet section 7): none lags behind a record.
    Need::Trouble(Trouble::Stale),
];

/// A refused password is not sent again for so long.
const BARRED_SECONDS: i64 = 3_600;

struct Account {
    world: World,
    customers: AtomicU32,
    /// The password was refused.
    barred: AtomicBool,
}

impl Account {
    fn on(world: World) -> Account {
        Account { world, customers: AtomicU32::new(0), barred: AtomicBool::new(false) }
    }

    /// The next request that is sent to change a record, whichever it is.
    fn next_write(&self, kind: &str) {
        let rule = |method: &str| json!({"kind": kind, "minutes": 5, "method": method, "path": RECORDS, "times": 1});
        self.world.faults(&["PUT", "POST"].map(rule));
    }

    /// The request that brings the next document to stand or changes a record at once: answers of
    /// earlier steps are the business of the connector's own tests.
    fn last_step(&self, kind: &str) {
        self.world.faults(&[
            json!({"kind": kind, "method": "POST", "path": RELEASE, "times": 1}),
            json!({"kind": kind, "method": "PUT", "path": "/Invoice", "times": 1}),
        ]);
    }

    fn password(&self, password: &str) {
        self.world.seed(json!({"users": [{"name": "mlconnector", "password": password}]}));
    }

    fn every(&self, rule: Value) {
        let mut rule = rule;
        rule["times"] = json!(FOR_EVER);
        self.world.faults(&[rule]);
    }
}

impl ErpSubject for Account {
    fn erp(&self) -> &dyn Erp {
        self.world.erp.as_ref()
    }

    fn chart(&self) -> Chart {
        let others = ["EUR", "JPY", "KWD"].map(|code| code.parse().unwrap());
        Chart {
            currency: Currency::GBP,
            others: others.into(),
            bank: LedgerAccountId::new(BANK),
            undeposited: LedgerAccountId::new(CLEARING),
            fees: LedgerAccountId::new(FEES),
            unknown: LedgerAccountId::new("98765"),
            day: day(3, 4),
        }
    }

    fn now(&self) -> Timestamp {
        self.world.clock.now()
    }

    fn pass(&self, by: Duration) {
        self.world.pass(SignedDuration::try_from(by).unwrap().as_secs());
    }

    /// Rows of one window, as the connector asks for them.
    fn page_len(&self) -> usize {
        200
    }

    fn unknown_id(&self) -> String {
        "999999".to_owned()
    }

    fn add_customer(&self, name: &str, currency: Currency) -> ErpCustomerId {
        let nth = self.customers.fetch_add(1, Ordering::Relaxed);
        let id = format!("P{nth:06}");
        self.world.seed(json!({"customers": [{
            "CustomerID": id, "CustomerName": name, "CurrencyID": currency.code(),
            "MainContact": {"Email": format!("p{nth}@brightmill.example")},
        }]}));
        ErpCustomerId::new(id)
    }

    fn add_invoice(&self, new: &NewInvoice) -> InvoiceId {
        self.world.make_invoice(
            &new.number,
            json!({
                "customer": new.customer, "amount": new.total.to_major(),
                "currency": new.total.currency.code(), "date": new.issued_on, "due": new.due_on,
            }),
        )
    }

    fn touch_invoice(&self, id: &InvoiceId) {
        let description = format!("looked at {}", self.world.clock.now());
        self.world.act(json!({"do": "edit", "entity": "Invoice", "record": id,
            "body": {"note": description}}));
    }

    fn pay_by_hand(&self, id: &InvoiceId, amount: Money) {
        let pay = json!({"do": "record_payment", "invoice": id, "amount": amount.to_major()});
        self.world.act(pay);
    }

    /// Cancelled: a memo takes back what it is about, and the invoice is marked.
    fn void_invoice(&self, id: &InvoiceId) {
        self.world.act(json!({"do": "credit_invoice", "invoice": id}));
        self.world.act(json!({"do": "status", "invoice": id, "status": "Canceled"}));
    }

    fn tick_retry(&self, id: &InvoiceId) {
        let ticked = json!({"type": "CustomBooleanField", "value": true});
        self.world.act(json!({"do": "edit_invoice", "invoice": id, "fields": {
            "custom": {"Document": {"AttributeMLCRETRY": ticked}}}}));
    }

    fn deposit_by_hand(&self, id: &ReceiptId) {
        let payment = format!("Payment {id}");
        self.world.act(json!({"do": "deposit", "payments": [payment], "bank": BANK}));
    }

    fn void_receipt(&self, id: &ReceiptId) {
        self.world.act(json!({"do": "void", "record": format!("Payment {id}")}));
    }

    fn unapply_by_hand(&self, id: &ReceiptId) {
        for invoice in self.world.applied(id) {
            self.world.act(json!({"do": "reverse_application",
                "payment": format!("Payment {id}"), "invoice": format!("Invoice {invoice}")}));
        }
    }

    fn set_period(&self, day: Date, open: bool) {
        let set = if open { "open" } else { "closed" };
        self.world.act(json!({"do": "period", "period": day, "set": set}));
    }

    fn stands(&self, account: &LedgerAccountId) -> Option<i64> {
        Some(self.world.balance(account.as_str()))
    }

    fn forbid_receipts(&self) {
        self.world.seed(json!({"rights": {"AR302000": "none"}}));
    }

    fn trouble(&self, trouble: Trouble) {
        match trouble {
            Trouble::AnswerLost => self.last_step("timeout_after_write"),
            Trouble::RequestLost => self.next_write("timeout_before"),
            Trouble::EffectLate => self.next_write("late_commit"),
            Trouble::Conflict => self.next_write("collision"),
            Trouble::Silence => self.every(json!({"kind": "timeout_before"})),
            Trouble::Down => self.every(json!({"kind": "status", "status": 503})),
            Trouble::Throttled => self.every(json!({"kind": "status", "status": 429})),
            Trouble::Unauthorised => {
                let refused = json!({"kind": "oauth_error", "error": "invalid_client",
                    "path": "/identity/"});
                self.every(refused);
                self.barred.store(true, Ordering::SeqCst);
                self.password("changed");
                let ended = json!({"revoke_grants": true, "end_sessions": true});
                self.world.control("/faults", ended);
            }
            Trouble::TokenExpired => {
                let ended = json!({"expire_tokens": true, "end_sessions": true});
                self.world.control("/faults", ended);
            }
            Trouble::Stale => panic!("no list lags"),
        }
    }

    fn calm(&self) {
        self.password("secret");
        self.world.calm();
        if self.barred.swap(false, Ordering::SeqCst) {
            self.world.pass(BARRED_SECONDS);
        }
    }
}

#[tokio::test]
async fn acumatica_does_what_every_erp_must() {
    check(|| Account::on(World::new())).await;
}

/// With a cookie session instead of a token.
#[tokio::test]
async fn acumatica_does_so_in_cookie_sessions() {
    check(|| Account::on(World::with_cookies(json!({})))).await;
}

/// What the sheet leaves open is answered the other way (acumatica sheet sections 19 and 21).
#[tokio::test]
async fn acumatica_does_so_on_a_site_of_another_form() {
    let seed = json!({
        "settings": {
            "inline_actions": true, "pad_segmented": true, "trailing_zeros": true,
            "nested_failures": true, "location_prefix": "https://acumatica.example",
            "period_errors_as_exception": true, "endpoints_as_array": true,
            "select_drops_expanded": false, "single_tenant": true, "busy_forms": false,
            "retry_after": true, "parts_move_stamp": true, "cross_view_empty": false,
            // A key with a slash can not stand in a path.
            "number_prefix": "AC/",
        },
        "preferences": {"hold_on_entry": false, "require_payment_ref": false,
            "post_on_release": false, "void_using_clearing": true},
    });
    check(|| Account::on(World::with(&[], seed.clone()))).await;
}

/// Long operations fail with 422 and end slowly; open payments show today's date.
#[tokio::test]
async fn acumatica_does_so_where_operations_are_slow() {
    let seed = json!({"settings": {
        "operation_seconds": 40, "operation_polls": 30, "failed_operation_status": 422,
        "user_zone": "Pacific/Auckland",
        "open_payments_dated_today": true,
    }});
    // Three operations of this length do not fit into one send; the next goes on (stories.rs).
    let lacks: Vec<Need> = LACKS.into_iter().chain([Need::PartialUnapply]).collect();
    check_but(&lacks, 8, || Account::on(World::with(&[], seed.clone()))).await;
}

async fn check(fresh: impl Fn() -> Account) {
    check_but(&LACKS, 6, fresh).await;
}

async fn check_but(lacks: &[Need], cases: usize, fresh: impl Fn() -> Account) {
    let report = run_erp(lacks, || Box::new(fresh())).await;
    let skipped: Vec<&str> = report.skipped.iter().map(|case| case.name).collect();
    assert_eq!(skipped.len(), cases, "{skipped:#?}");
    assert!(report.passed.len() > 90, "{} cases", report.passed.len());
}
