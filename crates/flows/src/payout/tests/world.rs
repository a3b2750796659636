//! The small world that the stories play in: facts from words, decisions to words.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;

use model::case::{Actor, CaseKey};
use model::command::{
    Command, CommandState, CommandView, ErpWrite, RecordDeposit, RecordJournal, Write, WriteAnswer,
};
use model::decision::{Decision, DocumentRole, ItemDocument};
use model::ids::{AccountId, CollectionId, InvoiceId, LedgerAccountId, LinkId, PayoutId};
use model::key::Key;
use model::ledger::{Period, PeriodBook};
use model::money::{Currency, ItemAmount, Money};
use model::payout::{
    ItemRoute, ItemTax, Payout, PayoutExchange, PayoutItem, PayoutItemKind, PayoutKind,
    PayoutStatus,
};
use model::person::{PersonFact, PersonSaid};
use model::policy::{
    BankAccount, Bounced, ClosedPeriod, Deposits, ForeignPayments, Mode, Policy, ReversalRoute,
};
use model::reason::ReasonCode;
use model::receipt::{Deposit, ErpDocument, ErpRefund, Journal, Receipt, ReceiptPlace};
use model::sight::Sight;

use crate::common::Frame;
use crate::payout::by_hand::ByHand;
use crate::payout::proof::deposit_key;
use crate::payout::{PayoutDecision, PayoutFacts, decide};

pub struct World {
    pub facts: PayoutFacts,
    items: Vec<PayoutItem>,
    docs: u32,
}

/// Looks after which a story that does not come to rest is a failure of its own.
const LOOKS_MAX: usize = 20;

fn pounds(minor: i64) -> Money {
    Money::new(minor, Currency::GBP)
}

fn account(name: &str) -> Option<LedgerAccountId> {
    Some(LedgerAccountId::new(name))
}

fn frame() -> Frame {
    let mut policy = Policy {
        mode: Mode::On,
        cut_over_on: Some(date(2026, 1, 1)),
        currencies: vec![Currency::GBP],
        ..Policy::default()
    };
    let bank = BankAccount { account: LedgerAccountId::new("bank"), subsidiary: None };
    policy.accounts.banks.insert("GBP".to_owned(), bank);
    policy.accounts.fees = account("fees");
    policy.accounts.fee_tax = account("tax");
    policy.accounts.rounding = account("rounding");
    policy.accounts.suspense = account("suspense");
    policy.accounts.refunds = account("refunds");
    Frame {
        now: "2026-11-18T09:00:00Z".parse().unwrap(),
        today: date(2026, 11, 18),
        zone: TimeZone::UTC,
        erp: AccountId::new("erp:1"),
        processor: AccountId::new("pro:1"),
        link: LinkId::new("uk"),
        policy,
        stopped: false,
        periods: PeriodBook::default(),
        direct: true,
        commands: Vec::new(),
    }
}

fn receipt_of(payment: &str, minor: i64, place: ReceiptPlace) -> Receipt {
    Receipt {
        id: payment.replace("PM", "R").as_str().into(),
        stamp: None,
        customer: "C1".into(),
        amount: pounds(minor),
        unapplied: pounds(0),
        applications: Vec::new(),
        place,
        voided: false,
        dated_on: date(2026, 11, 18),
        account: None,
        receivable_account: None,
        subsidiary: None,
        exchange_rate: None,
        memo: None,
        version: String::new(),
    }
}

fn new_payout() -> Payout {
    Payout {
        id: PayoutId::new("PO1"),
        amount: pounds(0),
        deducted_fees: 0,
        status: PayoutStatus::Paid,
        kind: PayoutKind::Merchant,
        arrival_on: Some(date(2026, 11, 18)),
        reference: Some("REF-1".to_owned()),
        creditor: None,
        bank_account: Some("BA1".to_owned()),
        exchange: None,
        tax_currency: None,
        created_at: Timestamp::UNIX_EPOCH,
    }
}

impl World {
    pub fn new() -> World {
        let facts = PayoutFacts {
            frame: frame(),
            id: PayoutId::new("PO1"),
            payout: Sight::Found(new_payout()),
            kept: Vec::new(),
            fresh: None,
            cases: BTreeMap::new(),
            documents: Vec::new(),
            erp_documents: BTreeMap::new(),
            by_hand: ByHand::NotShown,
            gone_at: BTreeMap::new(),
            person: Vec::new(),
            deposit_lines_max: 1000,
            last_reason: None,
        };
        World { facts, items: Vec::new(), docs: 0 }
    }

    /// One fact per line; the first word says which.
    pub fn learn(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["payout", amount, status, rest @ ..] => self.learn_payout(amount, status, rest),
            ["sight", sight] => self.learn_sight(sight),
            ["item", kind, payment, amount, taxes @ ..] => {
                self.learn_item(kind, payment, amount, taxes);
            }
            ["policy", words @ ..] => words.iter().for_each(|word| self.learn_policy(word)),
            ["receipt", payment, how] => self.learn_receipt(payment, how),
            ["refund", payment, amount, from] => self.learn_refund(payment, amount, from),
            ["loss", payment, amount] => self.learn_loss(payment, amount),
            ["taken_over", payment] => self.learn_taken_over(payment),
            ["case", payment] => self.learn_case(payment),
            ["own", key, what] => self.learn_own(key, what),
            ["forgotten", nth, minor, receipts @ ..] => {
                self.learn_forgotten(nth.parse().unwrap(), minor.parse().unwrap(), receipts);
            }
            ["by_hand", bank, beside, held @ ..] => {
                self.learn_by_hand(bank, beside, held);
            }
            ["unknown", key, state] => self.learn_unknown(key, state),
            ["arrived", on] => self.payout().arrival_on = Some(on.parse().unwrap()),
            ["lines", max] => self.facts.deposit_lines_max = max.parse().unwrap(),
            ["period", "closed"] => self.close_period(),
            ["says", said, rest @ ..] => self.learn_said(said, rest),
            ["said_before", said] => {
                self.learn_said(said, &[]);
                let fact = self.facts.person.last_mut().unwrap();
                fact.at = "2026-11-18T07:00:00Z".parse().unwrap();
            }
            _ => panic!("no fact: {line}"),
        }
    }

    fn payout(&mut self) -> &mut Payout {
        match &mut self.facts.payout {
            Sight::Found(payout) => payout,
            Sight::Missing | Sight::Odd(_) | Sight::NotRead => panic!("no payout"),
        }
    }

    fn learn_payout(&mut self, amount: &str, status: &str, rest: &[&str]) {
        let payout = self.payout();
        payout.amount = pounds(amount.parse().unwrap());
        payout.status = match status {
            "paid" => PayoutStatus::Paid,
            "pending" => PayoutStatus::Pending,
            "bounced" => PayoutStatus::Bounced,
            _ => panic!("no status: {status}"),
        };
        match rest {
            [] => {}
            ["partner"] => payout.kind = PayoutKind::Partner,
            ["undated"] => payout.arrival_on = None,
            ["into", "EUR", "?"] => {
                let currency = Currency::EUR;
                payout.exchange = Some(PayoutExchange { amount: None, currency, rate: None });
            }
            ["into", "EUR", minor] => {
                let amount = Some(Money::new(minor.parse().unwrap(), Currency::EUR));
                let currency = Currency::EUR;
                payout.exchange = Some(PayoutExchange { amount, currency, rate: None });
            }
            _ => panic!("no payout: {rest:?}"),
        }
    }

    fn learn_sight(&mut self, sight: &str) {
        self.facts.payout = match sight {
            "missing" => Sight::Missing,
            "odd" => Sight::Odd("no amount".to_owned()),
            _ => Sight::NotRead,
        };
    }

    /// Payments whose id begins with `PMX` are foreign; `-` is none.
    fn learn_item(&mut self, kind: &str, payment: &str, amount: &str, taxes: &[&str]) {
        let kind = match kind {
            "paid" => PayoutItemKind::PaymentPaidOut,
            "failed" => PayoutItemKind::PaymentFailed,
            "back" => PayoutItemKind::PaymentChargedBack,
            "refunded" => PayoutItemKind::PaymentRefunded,
            "free" => PayoutItemKind::Refund,
            "returned" => PayoutItemKind::RefundFundsReturned,
            "fee" => PayoutItemKind::ProcessorFee,
            "app" => PayoutItemKind::AppFee,
            "share" => PayoutItemKind::RevenueShare,
            "surcharge" => PayoutItemKind::SurchargeFee,
            _ => panic!("no kind: {kind}"),
        };
        let taxes = taxes.iter().map(|tax| {
            let (amount, currency) = tax.split_once(':').unwrap_or((tax, "GBP"));
            ItemTax {
                amount: ItemAmount::parse_minor(amount).unwrap(),
                currency: currency.parse().unwrap(),
                rate_id: Some("VAT".to_owned()),
            }
        });
        if payment.starts_with("PM") && !payment.starts_with("PMX") {
            self.learn_case(payment);
        }
        let ordinal = u32::try_from(self.items.len()).unwrap();
        self.items.push(PayoutItem {
            ordinal,
            kind,
            amount: ItemAmount::parse_minor(amount).unwrap(),
            taxes: taxes.collect(),
            collection: (payment != "-").then(|| CollectionId::new(payment)),
            refund: matches!(
                kind,
                PayoutItemKind::PaymentRefunded
                    | PayoutItemKind::RefundFundsReturned
                    | PayoutItemKind::Refund
            )
            .then(|| payment.replace("PM", "RF").as_str().into()),
            mandate: None,
        });
        if self.facts.kept.is_empty() {
            self.facts.fresh = Some(self.items.clone());
        }
    }

    fn learn_case(&mut self, payment: &str) {
        let invoice = InvoiceId::new(payment.replace("PM", "INV"));
        let case = CaseKey::collection(&self.facts.frame.erp, &invoice);
        self.facts.cases.insert(CollectionId::new(payment), case);
    }

    fn learn_policy(&mut self, word: &str) {
        let policy = &mut self.facts.frame.policy;
        match word {
            "in_deposit" => policy.reversals = ReversalRoute::InDeposit,
            "from_bank" => policy.reversals = ReversalRoute::FromBank,
            "people" => policy.deposits = Deposits::LeftToPeople,
            "hold" => policy.foreign_payments = ForeignPayments::Hold,
            "suspense" => policy.foreign_payments = ForeignPayments::Suspense,
            "reverse" => policy.bounced = Bounced::Reverse,
            "off" => policy.mode = Mode::Off,
            "on" => policy.mode = Mode::On,
            "next_open" => policy.closed_period = ClosedPeriod::NextOpen,
            "cut_over_that_day" => policy.cut_over_on = Some(date(2026, 11, 18)),
            "cut_over_later" => policy.cut_over_on = Some(date(2026, 12, 1)),
            "cut_over_never" => policy.cut_over_on = None,
            "surcharges" => policy.accounts.surcharges = account("surcharges"),
            "app_fees" => policy.accounts.app_fees = account("app_fees"),
            "clearing" => policy.accounts.exchange_clearing = account("clearing"),
            "no_tax" => policy.accounts.fee_tax = None,
            "no_fees" => policy.accounts.fees = None,
            "no_bank" => policy.accounts.banks.clear(),
            "no_suspense" => policy.accounts.suspense = None,
            "no_rounding" => policy.accounts.rounding = None,
            _ => panic!("no policy: {word}"),
        }
    }

    fn close_period(&mut self) {
        let period = |month, days, open| Period {
            name: String::new(),
            starts_on: date(2026, month, 1),
            ends_on: date(2026, month, days),
            open,
        };
        let periods = vec![period(11, 30, false), period(12, 31, true)];
        self.facts.frame.periods = PeriodBook { periods };
    }

    fn learn_said(&mut self, said: &str, rest: &[&str]) {
        let nth = i64::try_from(self.facts.person.len()).unwrap();
        let said = match (said, rest) {
            ("retry", []) => PersonSaid::Retry { about: None },
            ("leave", [code]) => {
                let code = ReasonCode::ALL.iter().find(|known| known.code() == *code).unwrap();
                PersonSaid::Leave { code: *code }
            }
            _ => panic!("not said: {said}"),
        };
        let (at, actor) = (self.facts.frame.now, Actor::Person("ann".to_owned()));
        self.facts.person.push(PersonFact { nth, at, actor, said });
    }

    /// The newest item of the payment that is not a fee, with a document for it.
    fn settle(&mut self, payment: &str, role: DocumentRole, key: Key, document: ErpDocument) {
        let item = self.items.iter().rfind(|item| {
            let fits = match role {
                DocumentRole::Receipt => !item.amount.is_negative(),
                DocumentRole::Refund | DocumentRole::Loss | DocumentRole::ByPerson => {
                    item.amount.is_negative()
                }
            };
            let fee = matches!(
                item.kind,
                PayoutItemKind::ProcessorFee
                    | PayoutItemKind::AppFee
                    | PayoutItemKind::RevenueShare
                    | PayoutItemKind::SurchargeFee
            );
            fits && !fee && item.collection.as_ref().is_some_and(|id| id.as_str() == payment)
        });
        self.facts.documents.push(ItemDocument {
            payout: self.facts.id.clone(),
            ordinal: item.unwrap().ordinal,
            role,
            key: key.clone(),
            document: document.id().to_owned(),
            collection: Some(CollectionId::new(payment)),
        });
        self.facts.erp_documents.insert(key, Sight::Found(document));
    }

    /// A deposit under our key of which no command is known.
    fn learn_forgotten(&mut self, nth: u32, minor: i64, receipts: &[&str]) {
        let deposit = Deposit {
            id: format!("D{nth}").as_str().into(),
            stamp: None,
            bank: "bank".into(),
            total: pounds(minor),
            dated_on: date(2026, 11, 18),
            receipts: receipts.iter().map(|id| (*id).into()).collect(),
            refunds: Vec::new(),
            beside: Vec::new(),
            voided: false,
        };
        let key = deposit_key(&self.facts.id, nth);
        self.facts.erp_documents.insert(key, Sight::Found(ErpDocument::Deposit(deposit)));
    }

    /// A deposit that a person made; without an account: none is shown.
    fn learn_by_hand(&mut self, bank: &str, beside: &str, held: &[&str]) {
        let lines = beside.split(',').filter_map(|line| line.split_once(':'));
        let beside = lines
            .map(|(account, minor)| (account.into(), pounds(minor.parse().unwrap())))
            .collect();
        if self.facts.by_hand == ByHand::NotShown {
            self.facts.by_hand = ByHand::Shown(Vec::new());
        }
        let ByHand::Shown(deposits) = &mut self.facts.by_hand else { return };
        if bank == "none" {
            return;
        }
        let named = |head: char| held.iter().filter(move |id| id.starts_with(head));
        deposits.push(Deposit {
            id: format!("H{}", deposits.len() + 1).as_str().into(),
            stamp: None,
            bank: bank.into(),
            total: pounds(0),
            dated_on: date(2026, 11, 18),
            receipts: named('R').map(|id| (*id).into()).collect(),
            refunds: named('F').map(|id| (*id).into()).collect(),
            beside,
            voided: false,
        });
    }

    fn learn_receipt(&mut self, payment: &str, how: &str) {
        let key = Key::new(&["receipt", payment, "PO1"]);
        let item = self.items.iter().find(|item| {
            item.collection.as_ref().is_some_and(|id| id.as_str() == payment)
                && !item.amount.is_negative()
        });
        let minor = item.unwrap().amount.whole_minor().unwrap();
        let minor = if how == "short" { minor - 1 } else { minor };
        let place = match how {
            "deposited" => ReceiptPlace::Deposited,
            "unposted" => ReceiptPlace::NotPosted,
            _ => ReceiptPlace::Undeposited,
        };
        let mut receipt = receipt_of(payment, minor, place);
        receipt.voided = how == "voided";
        let known = self.facts.documents.iter().any(|document| document.key == key);
        if known {
            let sight = match how {
                "unread" => Sight::NotRead,
                "gone" => Sight::Missing,
                _ => Sight::Found(ErpDocument::Receipt(receipt)),
            };
            self.facts.erp_documents.insert(key, sight);
        } else {
            self.settle(payment, DocumentRole::Receipt, key, ErpDocument::Receipt(receipt));
        }
    }

    fn learn_refund(&mut self, payment: &str, amount: &str, from: &str) {
        let refund = ErpRefund {
            id: payment.replace("PM", "F").as_str().into(),
            stamp: None,
            amount: pounds(amount.parse().unwrap()),
            dated_on: date(2026, 11, 18),
            account: (from != "funds" && from != "by_person").then(|| from.into()),
            place: match from {
                "by_person" | "bank" | "suspense" => ReceiptPlace::Deposited,
                _ => ReceiptPlace::Undeposited,
            },
            voided: false,
        };
        let key = Key::new(&["refund", "PO1", payment]);
        self.settle(payment, DocumentRole::Refund, key, ErpDocument::Refund(refund));
    }

    fn learn_loss(&mut self, payment: &str, amount: &str) {
        let minor: i64 = amount.parse().unwrap();
        let journal = Journal {
            id: payment.replace("PM", "L").as_str().into(),
            stamp: None,
            dated_on: date(2026, 11, 18),
            lines: vec![("bank".into(), pounds(-minor)), ("chargebacks".into(), pounds(minor))],
            posted: true,
            voided: false,
        };
        let key = Key::new(&["loss", "PO1", payment]);
        self.settle(payment, DocumentRole::Loss, key, ErpDocument::Journal(journal));
    }

    /// A person voided the receipt that the reversal would take back, and took it over.
    fn learn_taken_over(&mut self, payment: &str) {
        let key = Key::new(&["receipt", payment, "PO0"]);
        let mut receipt = receipt_of(payment, 1000, ReceiptPlace::Deposited);
        receipt.voided = true;
        self.settle(payment, DocumentRole::ByPerson, key, ErpDocument::Receipt(receipt));
    }

    /// The command was sent, and its outcome is not known.
    fn learn_unknown(&mut self, key: &str, state: &str) {
        let key = Key::from_stored(key);
        let view = self.facts.frame.commands.iter_mut().find(|view| view.key == key).unwrap();
        view.answer = None;
        view.state = match state {
            "in_flight" => CommandState::InFlight,
            "watched" => CommandState::Watched,
            _ => panic!("no state: {state}"),
        };
        self.facts.erp_documents.remove(&key);
    }

    /// A person did this to a document that the payout made.
    fn learn_own(&mut self, key: &str, what: &str) {
        let key = Key::from_stored(key);
        if what == "seen_gone" {
            self.facts.gone_at.insert(key, "2026-11-18T08:00:00Z".parse().unwrap());
            return;
        }
        let sight = self.facts.erp_documents.get_mut(&key).unwrap();
        match (what, &mut *sight) {
            ("voided", Sight::Found(ErpDocument::Deposit(deposit))) => deposit.voided = true,
            ("changed", Sight::Found(ErpDocument::Deposit(deposit))) => deposit.total.minor += 1,
            ("moved", Sight::Found(ErpDocument::Deposit(deposit))) => {
                deposit.bank = "savings".into();
            }
            ("unposted", Sight::Found(ErpDocument::Journal(journal))) => journal.posted = false,
            ("gone", _) => *sight = Sight::Missing,
            ("unread", _) => *sight = Sight::NotRead,
            _ => panic!("can not happen to {key}: {what}"),
        }
    }

    /// Looks until nothing changes any more.
    pub fn play(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        for _ in 0..LOOKS_MAX {
            let PayoutDecision { decision, keep, .. } = decide(&self.facts);
            self.facts.last_reason = Some(decision.reason.clone());
            if !keep.is_empty() {
                let routes: Vec<&str> = keep.iter().map(|kept| route_word(kept.route)).collect();
                told.push(format!("keep {}", routes.join(" ")));
                let ordinals: Vec<u32> = keep.iter().map(|kept| kept.item.ordinal).collect();
                self.facts.kept.retain(|kept| !ordinals.contains(&kept.item.ordinal));
                self.facts.kept.extend(keep);
                self.facts.kept.sort_by_key(|kept| kept.item.ordinal);
                continue;
            }
            match &decision.command {
                Some(command) => told.push(self.make(command)),
                None => {
                    told.push(rest_words(&decision));
                    return told;
                }
            }
        }
        panic!("no rest after {LOOKS_MAX} looks: {told:?}");
    }

    fn make(&mut self, command: &Command) -> String {
        self.docs += 1;
        let id = format!("D{}", self.docs);
        let again = self.facts.frame.commands.iter().find(|view| view.key == command.key);
        if let Some(view) = again {
            assert_eq!(view.write, command.write, "same key, same content");
            self.facts.frame.commands.retain(|view| view.key != command.key);
            self.facts.frame.commands.push(done(command, &id));
            return format!("{} again", command.key);
        }
        let (words, document) = match &command.write {
            Write::Erp(ErpWrite::RecordDeposit(deposit)) => {
                self.place(deposit);
                (deposit_words(deposit), deposit_document(&id, deposit))
            }
            Write::Erp(ErpWrite::RecordJournal(journal)) => {
                (journal_words(journal), journal_document(&id, journal))
            }
            other => panic!("unexpected {other:?}"),
        };
        self.facts.erp_documents.insert(command.key.clone(), Sight::Found(document));
        self.facts.frame.commands.push(done(command, &id));
        format!("{} {words}", command.key)
    }

    /// Checks what an ERP checks of a deposit, and marks its lines deposited.
    fn place(&mut self, deposit: &RecordDeposit) {
        let mut total: i64 = deposit.lines.iter().map(|line| line.amount.minor).sum();
        let count = deposit.receipts.len() + deposit.refunds.len() + deposit.lines.len();
        assert!(count <= self.facts.deposit_lines_max, "too many lines");
        for sight in self.facts.erp_documents.values_mut() {
            match sight {
                Sight::Found(ErpDocument::Receipt(one)) if deposit.receipts.contains(&one.id) => {
                    assert_eq!(one.place, ReceiptPlace::Undeposited);
                    one.place = ReceiptPlace::Deposited;
                    total += one.amount.minor;
                }
                Sight::Found(ErpDocument::Refund(one)) if deposit.refunds.contains(&one.id) => {
                    assert_eq!(one.place, ReceiptPlace::Undeposited);
                    one.place = ReceiptPlace::Deposited;
                    total -= one.amount.minor;
                }
                _ => {}
            }
        }
        assert_eq!(total, deposit.total.minor, "the total of the deposit");
        assert!(total >= 0, "negative deposit");
    }
}

fn done(command: &Command, id: &str) -> CommandView {
    CommandView {
        key: command.key.clone(),
        write: command.write.clone(),
        state: CommandState::Done,
        answer: Some(WriteAnswer { id: id.to_owned(), adopted: false, url: None }),
        rejection: None,
        sends: 1,
    }
}

fn deposit_document(id: &str, deposit: &RecordDeposit) -> ErpDocument {
    ErpDocument::Deposit(Deposit {
        id: id.into(),
        stamp: None,
        bank: deposit.bank.clone(),
        total: deposit.total,
        dated_on: deposit.dated_on,
        receipts: deposit.receipts.clone(),
        refunds: deposit.refunds.clone(),
        beside: deposit.lines.iter().map(|line| (line.account.clone(), line.amount)).collect(),
        voided: false,
    })
}

fn journal_document(id: &str, journal: &RecordJournal) -> ErpDocument {
    let sum: i64 = journal.lines.iter().map(|line| line.amount.minor).sum();
    assert_eq!(sum, 0, "the journal balances");
    ErpDocument::Journal(Journal {
        id: id.into(),
        stamp: None,
        dated_on: journal.dated_on,
        lines: journal.lines.iter().map(|line| (line.account.clone(), line.amount)).collect(),
        posted: true,
        voided: false,
    })
}

fn route_word(route: ItemRoute) -> &'static str {
    match route {
        ItemRoute::InDeposit => "in",
        ItemRoute::FromBank => "bank",
        ItemRoute::DepositLine => "line",
        ItemRoute::LeftToPeople => "people",
    }
}

fn dated(dated_on: jiff::civil::Date, true_date: Option<jiff::civil::Date>) -> String {
    match true_date {
        Some(true_date) => format!("{dated_on} for {true_date}"),
        None => dated_on.to_string(),
    }
}

fn deposit_words(deposit: &RecordDeposit) -> String {
    let mut words = vec![
        dated(deposit.dated_on, deposit.true_date),
        format!("{} {}", deposit.bank, deposit.total.minor),
        "=".to_owned(),
    ];
    words.extend(deposit.receipts.iter().map(ToString::to_string));
    words.extend(deposit.refunds.iter().map(|refund| format!("-{refund}")));
    words
        .extend(deposit.lines.iter().map(|line| format!("{}:{}", line.account, line.amount.minor)));
    words.join(" ")
}

fn journal_words(journal: &RecordJournal) -> String {
    let lines: Vec<String> = journal
        .lines
        .iter()
        .map(|line| format!("{}:{}", line.account, line.amount.minor))
        .collect();
    format!("{} {}", dated(journal.dated_on, journal.true_date), lines.join(" "))
}

fn rest_words(decision: &Decision) -> String {
    let reason =
        |reason: &model::reason::Reason| format!("{} ({})", reason.code.code(), reason.detail);
    let mut words = vec![decision.stage.word().to_owned(), reason(&decision.reason)];
    words.extend(decision.attention.iter().map(|note| format!("! {}", reason(note))));
    if !decision.hints.is_empty() {
        words.push(format!("hints {}", decision.hints.len()));
    }
    words.join(" ")
}
