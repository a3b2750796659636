//! The small world that the stories play in: facts from words, decisions to words.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::date;
use jiff::tz::TimeZone;

use model::case::{Actor, CaseKey};
use model::command::{
    Command, CommandState, CommandView, ErpWrite, RecordRefund, UnapplyReceipt, Write, WriteAnswer,
};
use model::decision::Decision;
use model::ids::{
    AccountId, CollectionId, ErpCustomerId, InvoiceId, LedgerAccountId, LinkId, PayoutId,
    ProcessorRefundId,
};
use model::key::Key;
use model::ledger::{Period, PeriodBook};
use model::money::{Currency, ItemAmount, Money};
use model::payment::{ProcessorRefund, RefundStatus};
use model::payout::{ItemRoute, KeptItem, PayoutItem, PayoutItemKind};
use model::person::{PersonFact, PersonSaid};
use model::policy::{BankAccount, Mode, Policy};
use model::reason::{Reason, ReasonCode};
use model::receipt::{Application, ErpDocument, ErpRefund, Journal, Receipt, ReceiptPlace};
use model::sight::Sight;

use crate::common::Frame;
use crate::refund::{RefundFacts, Settlement, decide};

pub struct World {
    facts: RefundFacts,
}

const LOOKS_MAX: usize = 20;

fn pounds(minor: i64) -> Money {
    Money::new(minor, Currency::GBP)
}

fn frame() -> Frame {
    let mut policy = Policy {
        mode: Mode::On,
        cut_over_on: Some(date(2026, 11, 1)),
        currencies: vec![Currency::GBP],
        ..Policy::default()
    };
    let bank = BankAccount { account: LedgerAccountId::new("bank"), subsidiary: None };
    policy.accounts.banks.insert("GBP".to_owned(), bank);
    policy.accounts.refunds = Some(LedgerAccountId::new("refunds"));
    Frame {
        now: "2026-11-20T09:00:00Z".parse().unwrap(),
        today: date(2026, 11, 20),
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

impl World {
    pub fn new() -> World {
        let collection = CaseKey::collection(&AccountId::new("erp:1"), &InvoiceId::new("INV1"));
        let facts = RefundFacts {
            frame: frame(),
            id: ProcessorRefundId::new("RF1"),
            refund: Sight::NotRead,
            items: Vec::new(),
            settlements: Vec::new(),
            reversals: 0,
            payouts: BTreeMap::new(),
            documents: BTreeMap::new(),
            collection: Some(collection),
            invoice: Some(InvoiceId::new("INV1")),
            customer: Some(ErpCustomerId::new("C1")),
            person: Vec::new(),
            last_reason: None,
        };
        World { facts }
    }

    /// One fact per line; the first word says which.
    pub fn learn(&mut self, line: &str) {
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["sight", "missing"] => self.facts.refund = Sight::Missing,
            ["sight", "odd"] => self.facts.refund = Sight::Odd("no amount".to_owned()),
            ["sight", "unread"] => self.facts.refund = Sight::NotRead,
            ["refund", amount, status] => self.learn_refund(amount, status),
            ["foreign"] => self.facts.collection = None,
            ["item", kind, payout, day, amount, route] => {
                self.learn_item(kind, payout, day, amount, route);
            }
            ["receipt", payout, amount, rest @ ..] => self.learn_receipt(payout, amount, rest),
            ["no", "receipt", payout, day] => self.learn_no_receipt(payout, day),
            ["deposited", payout] => self.receipt(payout).place = ReceiptPlace::Deposited,
            ["reversals", count] => self.facts.reversals = count.parse().unwrap(),
            ["document", key, what] => self.learn_document(key, what),
            ["unknown", key] => self.learn_unknown(key),
            ["policy", "off"] => self.facts.frame.policy.mode = Mode::Off,
            ["policy", "no_bank"] => self.facts.frame.policy.accounts.banks.clear(),
            ["policy", "bank"] => {
                self.facts.frame.policy.accounts.banks = frame().policy.accounts.banks;
            }
            ["policy", "no_refunds"] => self.facts.frame.policy.accounts.refunds = None,
            ["period", "closed"] => self.close_period(),
            ["says", "leave", code] => self.learn_left(code),
            _ => panic!("no fact: {line}"),
        }
    }

    fn learn_refund(&mut self, amount: &str, status: &str) {
        self.facts.refund = Sight::Found(ProcessorRefund {
            id: self.facts.id.clone(),
            collection: Some(CollectionId::new("PM1")),
            amount: pounds(amount.parse().unwrap()),
            status: match status {
                "submitted" => RefundStatus::Submitted,
                "paid" => RefundStatus::Paid,
                "cancelled" => RefundStatus::Cancelled,
                "bounced" => RefundStatus::Bounced,
                "returned" => RefundStatus::FundsReturned,
                _ => panic!("no status: {status}"),
            },
            metadata: BTreeMap::new(),
            created_at: Timestamp::UNIX_EPOCH,
        });
    }

    fn kept(
        payout: &str,
        day: &str,
        kind: PayoutItemKind,
        amount: &str,
        route: ItemRoute,
    ) -> KeptItem {
        KeptItem {
            payout: PayoutId::new(payout),
            item: PayoutItem {
                ordinal: 3,
                kind,
                amount: ItemAmount::parse_minor(amount).unwrap(),
                taxes: Vec::new(),
                collection: Some(CollectionId::new("PM1")),
                refund: Some(ProcessorRefundId::new("RF1")),
                mandate: None,
            },
            route,
            arrival_on: day.parse().unwrap(),
            currency: Currency::GBP,
            bank_account: None,
            exchanged: false,
            made_at: None,
        }
    }

    fn learn_item(&mut self, kind: &str, payout: &str, day: &str, amount: &str, route: &str) {
        let kind = match kind {
            "refunded" => PayoutItemKind::PaymentRefunded,
            "returned" => PayoutItemKind::RefundFundsReturned,
            _ => panic!("no kind: {kind}"),
        };
        let route = match route {
            "bank" => ItemRoute::FromBank,
            "in" => ItemRoute::InDeposit,
            "people" => ItemRoute::LeftToPeople,
            "line" => ItemRoute::DepositLine,
            _ => panic!("no route: {route}"),
        };
        self.facts.items.push(Self::kept(payout, day, kind, amount, route));
    }

    fn settlement(payout: &str, day: &str, receipt: Sight<Receipt>) -> Settlement {
        let kind = PayoutItemKind::PaymentPaidOut;
        let kept = Self::kept(payout, day, kind, "8000", ItemRoute::InDeposit);
        Settlement { kept: Some(kept), key: Key::new(&["receipt", "PM1", payout]), receipt }
    }

    /// `receipt PAYOUT AMOUNT [on:DATE] INVOICE:AMOUNT … [undeposited|unposted|voided] [people]`
    fn learn_receipt(&mut self, payout: &str, amount: &str, rest: &[&str]) {
        let people = rest.last() == Some(&"people");
        let rest = &rest[..rest.len() - usize::from(people)];
        let minor: i64 = amount.parse().unwrap();
        let applications: Vec<Application> = rest
            .iter()
            .filter_map(|word| word.split_once(':').filter(|(what, _)| *what != "on"))
            .map(|(invoice, amount)| Application {
                invoice: InvoiceId::new(invoice),
                amount: pounds(amount.parse().unwrap()),
            })
            .collect();
        let applied: i64 = applications.iter().map(|one| one.amount.minor).sum();
        let on = rest.iter().find_map(|word| word.strip_prefix("on:"));
        let receipt = Receipt {
            id: payout.replace("PO", "R").as_str().into(),
            stamp: None,
            customer: ErpCustomerId::new("C1"),
            amount: pounds(minor),
            unapplied: pounds(minor - applied),
            applications,
            place: match rest.last() {
                Some(&"undeposited") => ReceiptPlace::Undeposited,
                Some(&"unposted") => ReceiptPlace::NotPosted,
                _ => ReceiptPlace::Deposited,
            },
            voided: rest.last() == Some(&"voided"),
            dated_on: on.map_or(date(2026, 11, 10), |on| on.parse().unwrap()),
            account: None,
            receivable_account: None,
            subsidiary: None,
            exchange_rate: None,
            memo: None,
            version: String::new(),
        };
        let mut settlement = Self::settlement(payout, "2026-11-10", Sight::Found(receipt));
        if let Some(kept) = settlement.kept.as_mut().filter(|_| people) {
            kept.route = ItemRoute::LeftToPeople;
        }
        self.facts.settlements.push(settlement);
    }

    fn learn_no_receipt(&mut self, payout: &str, day: &str) {
        self.facts.settlements.push(Self::settlement(payout, day, Sight::Missing));
    }

    fn receipt(&mut self, payout: &str) -> &mut Receipt {
        let id = payout.replace("PO", "R");
        let found = self.facts.settlements.iter_mut().find_map(|one| match &mut one.receipt {
            Sight::Found(receipt) if receipt.id.as_str() == id => Some(receipt),
            _ => None,
        });
        found.unwrap()
    }

    fn learn_document(&mut self, key: &str, what: &str) {
        let sight = self.facts.documents.get_mut(&Key::from_stored(key)).unwrap();
        match (what, &mut *sight) {
            ("voided", Sight::Found(ErpDocument::Refund(refund))) => refund.voided = true,
            ("voided", Sight::Found(ErpDocument::Journal(journal))) => journal.voided = true,
            ("voided", Sight::Found(ErpDocument::Receipt(receipt))) => receipt.voided = true,
            ("unposted", Sight::Found(ErpDocument::Refund(refund))) => {
                refund.place = ReceiptPlace::NotPosted;
                let mut commands = self.facts.frame.commands.iter_mut();
                let view = commands.find(|view| view.key.as_str() == key).unwrap();
                (view.state, view.answer) = (CommandState::InFlight, None);
            }
            ("gone", _) => *sight = Sight::Missing,
            ("unread", _) => *sight = Sight::NotRead,
            _ => panic!("can not happen to {key}: {what}"),
        }
    }

    /// Sent and took effect, but neither its answer nor the document was seen.
    fn learn_unknown(&mut self, key: &str) {
        let key = Key::from_stored(key);
        let view = self.facts.frame.commands.iter_mut().find(|view| view.key == key).unwrap();
        view.answer = None;
        view.state = CommandState::InFlight;
        self.facts.documents.remove(&key);
    }

    fn close_period(&mut self) {
        let period = Period {
            name: String::new(),
            starts_on: date(2026, 11, 1),
            ends_on: date(2026, 11, 30),
            open: false,
        };
        self.facts.frame.periods = PeriodBook { periods: vec![period] };
    }

    fn learn_left(&mut self, code: &str) {
        let code = ReasonCode::ALL.iter().find(|known| known.code() == code).unwrap();
        let (at, actor) = (self.facts.frame.now, Actor::Person("ann".to_owned()));
        let said = PersonSaid::Leave { code: *code };
        self.facts.person.push(PersonFact { nth: 1, at, actor, said });
    }

    /// Looks until nothing changes any more.
    pub fn play(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        for _ in 0..LOOKS_MAX {
            let decision = decide(&self.facts);
            self.facts.last_reason = Some(decision.reason.clone());
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
        let again = self.facts.frame.commands.iter_mut().find(|view| view.key == command.key);
        if let Some(view) = again {
            assert_eq!(view.write, command.write, "same key, same content");
            view.state = CommandState::Done;
            view.answer = Some(WriteAnswer { id: "F1".to_owned(), adopted: true, url: None });
            return format!("{} again", command.key);
        }
        let (words, document) = match &command.write {
            Write::Erp(ErpWrite::UnapplyReceipt(write)) => (self.unapply(write), None),
            Write::Erp(ErpWrite::RecordRefund(write)) => self.refund(write),
            Write::Erp(ErpWrite::RecordJournal(write)) => {
                let lines: Vec<_> =
                    write.lines.iter().map(|line| (line.account.clone(), line.amount)).collect();
                assert_eq!(lines.iter().map(|(_, amount)| amount.minor).sum::<i64>(), 0);
                let words: Vec<String> = lines
                    .iter()
                    .map(|(account, amount)| format!("{account}:{}", amount.minor))
                    .collect();
                let journal = Journal {
                    id: "L1".into(),
                    stamp: None,
                    dated_on: write.dated_on,
                    lines,
                    posted: true,
                    voided: false,
                };
                (words.join(" "), Some(ErpDocument::Journal(journal)))
            }
            Write::Erp(ErpWrite::RecordReceipt(write)) => {
                assert_eq!(write.apply, None);
                let mut receipt = self.facts.settlements[0].receipt.found().unwrap().clone();
                receipt.id = "B1".into();
                receipt.amount = write.amount;
                receipt.unapplied = write.amount;
                let words = format!("{} of {}", write.amount, write.customer);
                (words, Some(ErpDocument::Receipt(receipt)))
            }
            Write::Erp(ErpWrite::RecordDeposit(write)) => {
                assert_eq!(write.total, pounds(0));
                self.receipt(write.receipts[0].as_str().replace('R', "PO").as_str()).place =
                    ReceiptPlace::Deposited;
                let (on, taken) = (write.dated_on, &write.receipts[0]);
                (format!("{on} {taken} -{}", write.refunds[0]), None)
            }
            other => panic!("unexpected {other:?}"),
        };
        let id = document.as_ref().map_or("D1".to_owned(), |document| document.id().to_owned());
        if let Some(document) = document {
            self.facts.documents.insert(command.key.clone(), Sight::Found(document));
        }
        self.facts.frame.commands.push(CommandView {
            key: command.key.clone(),
            write: command.write.clone(),
            state: CommandState::Done,
            answer: Some(WriteAnswer { id, adopted: false, url: None }),
            rejection: None,
            sends: 1,
        });
        format!("{} {words}", command.key)
    }

    fn unapply(&mut self, write: &UnapplyReceipt) -> String {
        let receipt = self.receipt(write.receipt.as_str().replace('R', "PO").as_str());
        let mut of = receipt.applications.iter_mut();
        let from = of.find(|one| one.invoice == write.invoice).unwrap();
        assert_eq!(from.amount, write.decided_applied);
        from.amount.minor -= write.amount.minor;
        assert!(from.amount.minor >= 0);
        receipt.unapplied.minor += write.amount.minor;
        format!("{} from {} {}", write.amount.minor, write.receipt, write.invoice)
    }

    fn refund(&mut self, write: &RecordRefund) -> (String, Option<ErpDocument>) {
        let receipt = self.receipt(write.receipt.as_str().replace('R', "PO").as_str());
        assert!(receipt.unapplied.minor >= write.amount.minor, "only what is unapplied");
        receipt.unapplied.minor -= write.amount.minor;
        let from = write.from.as_ref().map_or("funds", LedgerAccountId::as_str);
        let refund = ErpRefund {
            id: "F1".into(),
            stamp: None,
            amount: write.amount,
            dated_on: write.dated_on,
            account: write.from.clone(),
            place: match write.from {
                Some(_) => ReceiptPlace::Deposited,
                None => ReceiptPlace::Undeposited,
            },
            voided: false,
        };
        let words =
            format!("{} {} of {} from {from}", write.dated_on, write.amount.minor, write.receipt);
        (words, Some(ErpDocument::Refund(refund)))
    }
}

fn rest_words(decision: &Decision) -> String {
    let reason = |reason: &Reason| format!("{} ({})", reason.code.code(), reason.detail);
    let mut words = vec![decision.stage.word().to_owned(), reason(&decision.reason)];
    words.extend(decision.attention.iter().map(|note| format!("! {}", reason(note))));
    words.extend(decision.settled.iter().map(|one| format!("= {} {}", one.key, one.document)));
    if !decision.hints.is_empty() {
        let hints: Vec<String> = decision.hints.iter().map(ToString::to_string).collect();
        words.push(format!("hints {}", hints.join(" ")));
    }
    words.join(" ")
}
