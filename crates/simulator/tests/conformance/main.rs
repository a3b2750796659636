//! The suites that every port must pass, on the fakes: what the engine is proved against behaves as
//! the real systems do, or a story would prove nothing.

#![expect(clippy::unwrap_used, reason = "a test ends where something is not there")]

mod mistakes;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use jiff::SignedDuration;
use jiff::civil::Date;
use model::customer::CustomerFields;
use model::ids::{
    CollectionId, ErpCustomerId, InvoiceId, LedgerAccountId, MandateId, ProcessorCustomerId,
    ProcessorRefundId, ReceiptId,
};
use model::mandate::MandateStatus;
use model::money::{Currency, Money};
use model::payment::CollectionStatus as Status;
use ports::conformance::{
    Chart, ErpSubject, Need, NewInvoice, Posted, ProcessorSubject, Trouble, run_erp, run_processor,
};
use ports::{Erp, Processor};
use simulator::Defect;
use simulator::fakes::{
    BANK, CURRENCY, Fakes, Outage, SIGNATURE, UNDEPOSITED, WRONG_ACCOUNT, first_day,
};
use simulator::faults::Fault;

use mistakes::{MISTAKES, Mistake, MistakenErp};

/// The fakes know one currency and one role, and have no chart to choose from.
const ERP_LACKS: &[Need] = &[
    Need::Currencies,
    Need::AccountLines,
    Need::Choices,
    Need::Permissions,
    Need::Trouble(Trouble::TokenExpired),
];

/// The fake asks payers for nothing, and every token may write.
const PROCESSOR_LACKS: &[Need] =
    &[Need::MandateRequests, Need::Permissions, Need::Trouble(Trouble::TokenExpired)];

/// Bank details with this account number.
fn bank_details(number: &str) -> Vec<(String, String)> {
    let fields = [
        ("account_holder_name", "Ada Byron"),
        ("account_number", number),
        ("branch_code", "200000"),
        ("country_code", "GB"),
    ];
    fields.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// The fakes, and what stands in for the ERP's port where the suite is to see a mistake.
struct Fake(Arc<Fakes>, Option<MistakenErp>);

impl Fake {
    fn new() -> Fake {
        Fake(Arc::new(Fakes::new().unwrap()), None)
    }

    /// A fake that is mistaken itself.
    fn mistaken(defect: Defect) -> Fake {
        Fake(Arc::new(Fakes::mistaken(defect).unwrap()), None)
    }

    /// A fake behind a mistaken port.
    fn behind(mistake: Mistake) -> Fake {
        let fakes = Arc::new(Fakes::new().unwrap());
        Fake(Arc::clone(&fakes), Some(MistakenErp { fakes, mistake }))
    }

    fn pass(&self, by: Duration) {
        self.0.pass(SignedDuration::try_from(by).unwrap());
    }

    fn trouble(&self, trouble: Trouble) {
        match trouble {
            Trouble::AnswerLost => self.0.next_time(Fault::AnswerLost),
            Trouble::RequestLost => self.0.next_time(Fault::RequestLost),
            Trouble::EffectLate => self.0.next_time(Fault::EffectLate),
            Trouble::Conflict => self.0.next_time(Fault::Conflict),
            Trouble::Silence => self.0.always(&[Fault::TimedOut, Fault::RequestLost]),
            Trouble::Down => self.0.refuse_all(Outage::Down),
            Trouble::Throttled => self.0.refuse_all(Outage::Throttled),
            Trouble::Unauthorised => self.0.refuse_all(Outage::Unauthorised),
            Trouble::Stale => self.0.lag(),
            Trouble::TokenExpired => panic!("the fakes give no tokens"),
        }
    }
}

impl ErpSubject for Fake {
    fn erp(&self) -> &dyn Erp {
        self.1.as_ref().map_or(self.0.erp(), |mistaken| mistaken as &dyn Erp)
    }

    fn chart(&self) -> Chart {
        Chart {
            currency: CURRENCY,
            others: Vec::new(),
            bank: LedgerAccountId::new(BANK),
            undeposited: LedgerAccountId::new(UNDEPOSITED),
            fees: LedgerAccountId::new("fees"),
            unknown: LedgerAccountId::new("nowhere"),
            day: first_day(),
        }
    }

    fn now(&self) -> jiff::Timestamp {
        self.0.now()
    }

    fn pass(&self, by: Duration) {
        Fake::pass(self, by);
    }

    fn page_len(&self) -> usize {
        self.0.page()
    }

    fn unknown_id(&self) -> String {
        "999999".to_owned()
    }

    fn add_customer(&self, name: &str, currency: Currency) -> ErpCustomerId {
        assert_eq!(currency, CURRENCY);
        self.0.in_books(|books| {
            let nth = u64::try_from(books.customers.len()).unwrap() + 1;
            let id = books.add_customer(nth);
            books.edit_customer(&id, |customer| {
                customer.company_name = Some(name.to_owned());
                customer.stored = CustomerFields::default();
            });
            id
        })
    }

    fn add_invoice(&self, new: &NewInvoice) -> InvoiceId {
        let now = self.0.now();
        self.0.in_books(|books| {
            let id = books.add_invoice(&new.customer, new.total.minor, new.due_on, true, now);
            books.edit_invoice(&id, now, |row| {
                row.number.clone_from(&new.number);
                row.issued_on = new.issued_on;
            });
            id
        })
    }

    fn touch_invoice(&self, id: &InvoiceId) {
        let now = self.0.now();
        self.0.in_books(|books| books.edit_invoice(id, now, |_| ()));
    }

    fn pay_by_hand(&self, id: &InvoiceId, amount: Money) {
        let now = self.0.now();
        assert!(self.0.in_books(|books| books.pay_by_transfer(id, amount.minor, now)));
    }

    fn void_invoice(&self, id: &InvoiceId) {
        let now = self.0.now();
        assert!(self.0.in_books(|books| books.void_invoice(id, now)));
    }

    fn tick_retry(&self, id: &InvoiceId) {
        let now = self.0.now();
        self.0.in_books(|books| books.edit_invoice(id, now, |row| row.retry_requested = true));
    }

    fn deposit_by_hand(&self, id: &ReceiptId) {
        let ids = std::slice::from_ref(id);
        assert!(
            self.0.in_books(|books| books.deposit_by_hand(ids, BANK, 0, first_day())).is_some()
        );
    }

    fn void_receipt(&self, id: &ReceiptId) {
        let now = self.0.now();
        assert!(self.0.in_books(|books| books.void_receipt(id, now)));
    }

    fn unapply_by_hand(&self, id: &ReceiptId) {
        let now = self.0.now();
        assert!(self.0.in_books(|books| books.unapply_by_hand(id, now)));
    }

    fn set_period(&self, day: Date, open: bool) {
        self.0.in_books(|books| {
            let periods = books.periods.periods.iter_mut();
            let holds = |period: &&mut model::ledger::Period| {
                period.starts_on <= day && day <= period.ends_on
            };
            periods.filter(holds).for_each(|period| period.open = open);
        });
    }

    fn forbid_receipts(&self) {
        panic!("the fake has one role, which may do all");
    }

    fn trouble(&self, trouble: Trouble) {
        Fake::trouble(self, trouble);
    }

    fn calm(&self) {
        self.0.calm();
    }
}

impl ProcessorSubject for Fake {
    fn processor(&self) -> &dyn Processor {
        self.0.processor()
    }

    fn currencies(&self) -> Vec<Currency> {
        vec![CURRENCY]
    }

    fn now(&self) -> jiff::Timestamp {
        self.0.now()
    }

    fn pass(&self, by: Duration) {
        Fake::pass(self, by);
    }

    fn page_len(&self) -> usize {
        self.0.page()
    }

    fn unknown_id(&self) -> String {
        "PM999999".to_owned()
    }

    fn add_customer(&self, name: &str, email: &str) -> ProcessorCustomerId {
        self.0.at_processor(|processor| {
            let id = processor.add_customer(&"-".into(), true);
            if let Some(customer) = processor.customers.get_mut(&id) {
                customer.name = Some(name.to_owned());
                customer.email = Some(email.to_owned());
            }
            id
        })
    }

    fn add_mandate(&self, customer: &ProcessorCustomerId, currency: Currency) -> MandateId {
        assert_eq!(currency, CURRENCY);
        let now = self.0.now();
        self.0.at_processor(|processor| {
            let id = processor.add_mandate(customer, now);
            processor.activate_mandate(&id, now);
            id
        })
    }

    fn end_mandate(&self, id: &MandateId) {
        let now = self.0.now();
        let cancelled = simulator::fakes::ENDS
            .iter()
            .find(|end| end.status == MandateStatus::Cancelled)
            .unwrap();
        assert!(self.0.at_processor(|processor| processor.end_mandate(id, cancelled, now)));
    }

    fn replace_mandate(&self, id: &MandateId) -> MandateId {
        let now = self.0.now();
        self.0.at_processor(|processor| processor.replace_mandate(id, now)).unwrap()
    }

    fn bring_to(&self, id: &CollectionId, status: Status) {
        let now = self.0.now();
        self.0.at_processor(|processor| {
            processor.submit(id, now);
            match status {
                Status::Submitted => {}
                Status::Failed => assert!(processor.fail(id, "refer_to_payer", now)),
                Status::Confirmed => assert!(processor.confirm(id, now)),
                Status::PaidOut => {
                    processor.confirm(id, now);
                    let payout = processor.pay_out(now).unwrap();
                    assert!(processor.pay(&payout, now));
                }
                Status::ChargedBack => {
                    processor.confirm(id, now);
                    assert!(processor.charge_back(id, now));
                }
                Status::Cancelled => assert!(processor.cancel_by_hand(id, now)),
                other => panic!("nothing brings a payment to {other:?}"),
            }
        });
    }

    fn refund(&self, id: &CollectionId, amount: Money) -> ProcessorRefundId {
        let now = self.0.now();
        self.0.at_processor(|processor| processor.refund(id, amount.minor, now)).unwrap()
    }

    fn deliveries(&self) -> Vec<Posted> {
        let deliveries = self.0.deliveries().into_iter();
        let posted = deliveries.map(|(signature, body)| {
            let headers = vec![(SIGNATURE.to_owned(), signature)];
            Posted { headers, body }
        });
        posted.collect()
    }

    fn authorise(&self, _: &str) {
        panic!("the fake asks payers for nothing");
    }

    fn bank_details(&self) -> Vec<(String, String)> {
        bank_details("55779911")
    }

    fn refused_bank_details(&self) -> Vec<(String, String)> {
        bank_details(WRONG_ACCOUNT)
    }

    fn forbid_writes(&self) {
        panic!("every token of the fake may write");
    }

    fn trouble(&self, trouble: Trouble) {
        Fake::trouble(self, trouble);
    }

    fn calm(&self) {
        self.0.calm();
    }
}

#[tokio::test]
async fn the_fake_erp_does_what_every_erp_must() {
    let report = run_erp(ERP_LACKS, || Box::new(Fake::new())).await;
    assert!(report.passed.len() > 80, "{} cases", report.passed.len());
    assert!(report.skipped.len() <= 8, "{:#?}", report.skipped);
}

#[tokio::test]
async fn the_fake_processor_does_what_every_processor_must() {
    let report = run_processor(PROCESSOR_LACKS, || Box::new(Fake::new())).await;
    assert!(report.passed.len() > 60, "{} cases", report.passed.len());
    assert!(report.skipped.len() <= 18, "{:#?}", report.skipped);
}

/// The suite is itself tested: it sees each mistake that a fake can be given.
#[tokio::test]
#[should_panic(expected = "reads::cheap_and_direct_reads_of_an_invoice_agree")]
async fn an_erp_that_shows_old_balances_is_seen() {
    run_erp(ERP_LACKS, || Box::new(Fake::mistaken(Defect::DuesFrozen))).await;
}

#[tokio::test]
#[should_panic(expected = "receipts::the_same_receipt_again_is_adopted")]
async fn an_erp_that_ignores_external_ids_is_seen() {
    run_erp(ERP_LACKS, || Box::new(Fake::mistaken(Defect::StampsIgnored))).await;
}

#[tokio::test]
#[should_panic(expected = "deposits::a_deposit_brings_its_total_to_the_bank")]
async fn an_erp_that_posts_a_penny_too_much_is_seen() {
    run_erp(ERP_LACKS, || Box::new(Fake::mistaken(Defect::BankOff))).await;
}

#[tokio::test]
#[should_panic(expected = "collects::the_same_payment_again_is_adopted")]
async fn a_processor_that_ignores_keys_is_seen() {
    run_processor(PROCESSOR_LACKS, || Box::new(Fake::mistaken(Defect::KeysIgnored))).await;
}

#[tokio::test]
async fn mistakes_of_a_connector_are_seen() {
    for (mistake, case) in MISTAKES {
        let suite = run_erp(ERP_LACKS, || Box::new(Fake::behind(mistake)));
        let ended = AssertUnwindSafe(suite).catch_unwind().await;
        let said = ended.err().and_then(|said| said.downcast::<String>().ok());
        let said = said.unwrap_or_else(|| panic!("{mistake:?} is not seen"));
        assert!(said.contains(case), "{mistake:?} is not seen by {case}: {said}");
    }
}
