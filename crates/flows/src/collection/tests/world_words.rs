//! Facts from words: what a row may say of the invoice, the policy, payments, payouts and people.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use jiff::{Timestamp, ToSpan};

use model::case::Actor;
use model::decision::{DocumentRole, ItemDocument};
use model::event::{Event, EventSubject};
use model::ids::{CollectionId, EventId, MandateId, PayoutId, SubsidiaryId};
use model::invoice::{Approval, InvoiceStatus};
use model::key::Key;
use model::ledger::{BookedIn, Period};
use model::mandate::MandateStatus;
use model::money::{Currency, ItemAmount, Money};
use model::payment::{Collection, CollectionStatus, metadata};
use model::payout::{ItemRoute, KeptItem, PayoutItem, PayoutItemKind};
use model::person::{AboutAttempt, PersonFact, PersonSaid};
use model::policy::{
    AfterReversal, AmountChanged, ApprovalPendingPolicy, ClosedPeriod, CollectWhich, Mode, PostOn,
};
use model::reason::{Reason, ReasonCode};
use model::sight::Sight;

use crate::collection::{Attempt, CustomerState};

use super::world::{World, account, mandate, now, pounds};

pub fn number(text: &str) -> i64 {
    text.parse().unwrap_or_else(|_| panic!("no number: {text}"))
}

/// "2d": two days ago, at this hour.
fn ago(text: &str) -> Timestamp {
    now() - (24 * number(text.trim_end_matches('d'))).hours()
}

fn day(text: &str) -> Date {
    ago(text).to_zoned(jiff::tz::TimeZone::UTC).date()
}

/// The value of a word like `key:value`.
pub fn value<'a>(words: &[&'a str], name: &str) -> Option<&'a str> {
    words.iter().find_map(|word| word.strip_prefix(name)?.strip_prefix(':'))
}

fn status(word: &str) -> CollectionStatus {
    match word {
        "approval" => CollectionStatus::PendingCustomerApproval,
        "pending" => CollectionStatus::PendingSubmission,
        "submitted" => CollectionStatus::Submitted,
        "confirmed" => CollectionStatus::Confirmed,
        "paid_out" => CollectionStatus::PaidOut,
        "failed" => CollectionStatus::Failed,
        "cancelled" => CollectionStatus::Cancelled,
        "denied" => CollectionStatus::CustomerApprovalDenied,
        "charged_back" => CollectionStatus::ChargedBack,
        _ => panic!("no status: {word}"),
    }
}

pub fn collection(id: &str, state: CollectionStatus, amount: i64, nth: usize) -> Collection {
    Collection {
        id: CollectionId::new(id),
        amount: pounds(amount),
        refunded: pounds(0),
        status: state,
        charge_on: None,
        mandate: MandateId::new("MD1"),
        creditor: None,
        description: Some("INV-1".to_owned()),
        reference: None,
        metadata: BTreeMap::new(),
        automatic_retry: false,
        created_at: now() - 2000.hours() + i64::try_from(nth).unwrap().hours(),
        payout_hint: None,
    }
}

impl World {
    pub fn learn_all(&mut self, known: &str) {
        for fact in known.split([',', '\n']).map(str::trim).filter(|fact| !fact.is_empty()) {
            let words: Vec<&str> = fact.split_whitespace().collect();
            self.learn(&words);
        }
    }

    fn learn(&mut self, words: &[&str]) {
        match words {
            ["payment", id, state, rest @ ..] => self.learn_payment(id, state, rest),
            ["event", id, action, rest @ ..] => self.learn_event(id, action, rest),
            ["item", place, kind, id, amount, rest @ ..] => {
                self.learn_item(place, kind, id, number(amount), rest);
            }
            ["receipt" | "refund" | "loss", ..] => self.learn_document(words),
            ["events", "until", age] => self.facts.events_until = Some(ago(age)),
            ["tied", place, role, document] => self.tie(place, role, document),
            ["cmd", key, state, rest @ ..] => self.learn_command(key, state, rest),
            ["said", rest @ ..] => self.learn_said(rest),
            ["policy", rest @ ..] => rest.iter().for_each(|word| self.learn_policy(word)),
            ["mandate", id, state] => self.learn_mandate(id, state, "GBP"),
            ["mandate", id, state, currency] => self.learn_mandate(id, state, currency),
            ["other", id, amount, state, text] => self.learn_other(id, amount, state, text),
            ["asked", id] => {
                let detail = format!("payment {id} over 1.00 GBP");
                let reason = Reason::new(ReasonCode::AlreadyCollected, detail);
                self.facts.last_reason = Some(reason);
            }
            ["closed", month] => self.close_month(number(month)),
            ["used", minor, count] => {
                self.facts.day.minor = number(minor);
                self.facts.day.count = count.parse().unwrap();
            }
            ["run", minor, count] => {
                self.facts.run.minor = number(minor);
                self.facts.run.count = count.parse().unwrap();
            }
            ["held", limit @ ..] => self.facts.run.held = Some(limit.join(" ")),
            _ => self.learn_invoice(words),
        }
    }

    fn learn_invoice(&mut self, words: &[&str]) {
        match words {
            ["due", amount] => self.invoice().due.minor = number(amount),
            ["total", amount] => self.invoice().total.minor = number(amount),
            ["currency", code] => {
                let currency: Currency = code.parse().unwrap();
                self.invoice().due.currency = currency;
                self.invoice().total.currency = currency;
            }
            ["due-on", "none"] => self.invoice().due_on = None,
            ["due-on", on] => self.invoice().due_on = Some(on.parse().unwrap()),
            ["unflagged"] => self.invoice().flagged = false,
            ["retry", "box"] => self.invoice().retry_requested = true,
            ["approval", "pending"] => self.invoice().approval = Approval::Pending,
            ["approval", "rejected"] => self.invoice().approval = Approval::Rejected,
            ["booked-in", id] => {
                let why = "the clearing account is of that one".to_owned();
                let booked = BookedIn { subsidiary: SubsidiaryId::new(*id), why };
                self.facts.booked_in = Some(booked);
            }
            ["subsidiary", id] => self.invoice().subsidiary = Some(SubsidiaryId::new(*id)),
            ["invoice", "open"] => self.invoice().status = InvoiceStatus::Open,
            ["invoice", "paid"] => self.pay_invoice(InvoiceStatus::Paid),
            ["invoice", "voided"] => self.pay_invoice(InvoiceStatus::Voided),
            ["invoice", "missing"] => self.facts.invoice = Sight::Missing,
            ["invoice", "unread"] => self.facts.invoice = Sight::NotRead,
            ["invoice", "odd"] => self.facts.invoice = Sight::Odd("no currency".to_owned()),
            ["no", "mandates"] => self.facts.mandates.clear(),
            ["named", id] => self.facts.named_mandate = Some(MandateId::new(*id)),
            ["deposited"] => self.deposit_all(),
            ["cheap"] => self.facts.frame.direct = false,
            ["invoice-gone"] => {
                self.facts.gone = true;
                let invoice = self.invoice();
                invoice.due = pounds(0);
                invoice.status = InvoiceStatus::Voided;
            }
            ["gone", key] => {
                drop(self.facts.documents.insert(Key::from_stored(key), Sight::Missing))
            }
            // The database was put back from a copy that is older.
            ["forgotten", key] => {
                self.facts.frame.commands.retain(|view| view.key.as_str() != *key);
            }
            ["unread", key] => drop(self.facts.documents.remove(&Key::from_stored(key))),
            ["requested"] => self.facts.mandate_requested = true,
            ["inactive"] => self.facts.customer_inactive = true,
            ["unmatched"] => {
                let reason = Reason::plain(ReasonCode::CustomerUnmatched);
                self.facts.customer = CustomerState::NotMatched(reason);
            }
            _ => panic!("no fact: {words:?}"),
        }
    }

    fn pay_invoice(&mut self, status: InvoiceStatus) {
        self.invoice().status = status;
        self.invoice().due.minor = 0;
    }

    fn learn_payment(&mut self, id: &str, state: &str, rest: &[&str]) {
        let adopted = rest.contains(&"adopted");
        let known = self.facts.attempts.iter().position(|one| one.id.as_str() == id);
        let nth = known.unwrap_or(self.facts.attempts.len());
        let sight = match state {
            "gone" => Sight::Missing,
            "unread" => Sight::NotRead,
            "odd" => Sight::Odd("no amount".to_owned()),
            state => {
                let amount = rest.iter().find_map(|word| word.parse().ok()).unwrap_or(100);
                let mut one = collection(id, status(state), amount, nth);
                one.automatic_retry = rest.contains(&"auto");
                one.payout_hint = value(rest, "hint").map(PayoutId::new);
                one.charge_on = value(rest, "charge").map(|on| on.parse().unwrap());
                one.refunded.minor = value(rest, "refunded").map_or(0, number);
                if let Some(mandate) = value(rest, "by") {
                    one.mandate = MandateId::new(mandate);
                }
                if let Some(key) = value(rest, "key") {
                    one.metadata.insert(metadata::KEY.to_owned(), key.to_owned());
                }
                Sight::Found(one)
            }
        };
        let attempt = Attempt { id: CollectionId::new(id), adopted, collection: sight };
        match known {
            Some(nth) => self.facts.attempts[nth].collection = attempt.collection,
            None => {
                if !adopted && !rest.contains(&"bare") {
                    let ours = self.facts.attempts.iter().filter(|one| !one.adopted).count() + 1;
                    self.learn_command(&format!("collect/E/I/{ours}"), &format!("done:{id}"), rest);
                }
                self.facts.attempts.push(attempt);
            }
        }
    }

    /// Another case booked an item by this document.
    fn tie(&mut self, place: &str, role: &str, document: &str) {
        let (payout, ordinal) = place.split_once('/').unwrap();
        let role_of = match role {
            "refund" => DocumentRole::Refund,
            "loss" => DocumentRole::Loss,
            _ => panic!("no role: {role}"),
        };
        self.facts.settled.push(ItemDocument {
            payout: PayoutId::new(payout),
            ordinal: ordinal.parse().unwrap(),
            role: role_of,
            key: Key::new(&[role, payout, ordinal]),
            document: document.to_owned(),
            collection: None,
        });
    }

    fn learn_event(&mut self, id: &str, action: &str, rest: &[&str]) {
        let age = rest
            .iter()
            .find(|word| word.strip_suffix('d').is_some_and(|n| n.parse::<i64>().is_ok()));
        let at = ago(age.copied().unwrap_or("1d"));
        let cause = rest.first().filter(|word| !word.contains(':') && Some(*word) != age);
        let by = value(rest, "by").map(|key| (metadata::KEY.to_owned(), key.to_owned()));
        let links = value(rest, "payout").map(|id| ("payout".to_owned(), id.to_owned()));
        self.facts.events.push(Event {
            id: EventId::new(format!("EV{}", self.facts.events.len())),
            at,
            subject: EventSubject::Collection(id.to_owned()),
            action: action.to_owned(),
            origin: value(rest, "origin").map(str::to_owned),
            cause: cause.map(|cause| (*cause).to_owned()),
            description: value(rest, "text").map(str::to_owned),
            reason_code: value(rest, "code").map(str::to_owned),
            will_retry: value(rest, "will-retry").map(|word| word == "yes"),
            links: links.into_iter().collect(),
            resource_metadata: BTreeMap::new(),
            metadata: by.into_iter().collect(),
        });
        self.facts.events.sort_by_key(|event| event.at);
    }

    fn learn_item(&mut self, place: &str, kind: &str, id: &str, amount: i64, rest: &[&str]) {
        let (payout, ordinal) = place.split_once('/').unwrap();
        let kind = match kind {
            "paid" => PayoutItemKind::PaymentPaidOut,
            "failed" => PayoutItemKind::PaymentFailed,
            "charged_back" => PayoutItemKind::PaymentChargedBack,
            "refunded" => PayoutItemKind::PaymentRefunded,
            "returned" => PayoutItemKind::RefundFundsReturned,
            _ => panic!("no kind: {kind}"),
        };
        let route = match value(rest, "route") {
            Some("deposit") => ItemRoute::InDeposit,
            Some("bank") => ItemRoute::FromBank,
            Some("line") => ItemRoute::DepositLine,
            Some("people") => ItemRoute::LeftToPeople,
            Some(word) => panic!("no route: {word}"),
            None if kind == PayoutItemKind::PaymentPaidOut => ItemRoute::InDeposit,
            None => ItemRoute::FromBank,
        };
        let mut item_amount = ItemAmount::from_minor(amount);
        if rest.contains(&"fraction") {
            item_amount = ItemAmount::parse_minor(&format!("{amount}.5")).unwrap();
        }
        let age = rest.iter().find(|word| word.ends_with('d') && word.len() <= 4);
        self.facts.items.push(KeptItem {
            payout: PayoutId::new(payout),
            item: PayoutItem {
                ordinal: ordinal.parse().unwrap(),
                kind,
                amount: item_amount,
                taxes: Vec::new(),
                collection: Some(CollectionId::new(id)),
                refund: None,
                mandate: None,
            },
            route,
            arrival_on: day(age.copied().unwrap_or("1d")),
            currency: Currency::GBP,
            bank_account: value(rest, "bank").map(str::to_owned),
            exchanged: rest.contains(&"exchanged"),
            made_at: rest.contains(&"made-now").then(now),
        });
        self.facts
            .items
            .sort_by_key(|kept| (kept.arrival_on, kept.payout.clone(), kept.item.ordinal));
    }

    fn learn_said(&mut self, words: &[&str]) {
        let about = |rest: &[&str]| match rest {
            [] => None,
            [id, ends, refunded @ ..] => {
                let ends = ends.parse().unwrap();
                let refunded = refunded.first().map_or(0, |minor| number(minor));
                Some(AboutAttempt { collection: CollectionId::new(*id), ends, refunded })
            }
            [_] => panic!("about what: {rest:?}"),
        };
        let said = match words {
            ["retry", rest @ ..] => PersonSaid::Retry { about: about(rest) },
            ["release", rest @ ..] => PersonSaid::Release { about: about(rest) },
            ["stop", rest @ ..] => PersonSaid::Stop { about: about(rest) },
            ["not-ours", id] => PersonSaid::NotOurs { collection: CollectionId::new(*id) },
            ["leave", code] => {
                let known = ReasonCode::ALL.iter().find(|known| known.code() == *code);
                PersonSaid::Leave { code: *known.unwrap() }
            }
            _ => panic!("said what: {words:?}"),
        };
        let nth = i64::try_from(self.facts.person.len()).unwrap();
        let actor = Actor::Person("ann".to_owned());
        self.facts.person.push(PersonFact { nth, at: now(), actor, said });
    }

    fn learn_policy(&mut self, word: &str) {
        let frame = &mut self.facts.frame;
        let policy = &mut frame.policy;
        let (name, text) = word.split_once(':').unwrap_or((word, ""));
        let small = || u32::try_from(number(text)).unwrap();
        match name {
            "off" => policy.mode = Mode::Off,
            "post-only" => policy.mode = Mode::PostOnly,
            "stopped" => frame.stopped = true,
            "post-on-confirmed" => policy.post_on = PostOn::Confirmed,
            "post-on-paid-out" => policy.post_on = PostOn::PaidOut,
            "next-open" => policy.closed_period = ClosedPeriod::NextOpen,
            "alert" => policy.amount_changed = AmountChanged::Alert,
            "wait-approval" => policy.approval_pending = ApprovalPendingPolicy::Wait,
            "all-open" => policy.collect = CollectWhich::AllOpen,
            "overdue" => policy.collect = CollectWhich::Overdue,
            "within" => policy.collect = CollectWhich::DueWithinDays(small()),
            "retries" => policy.retries.count = small(),
            "recollect" => policy.after_chargeback = AfterReversal::CollectAfterDays(small()),
            "processor-retries" => policy.retries.by_processor = true,
            "limit" => drop(policy.limits.invoice_max.insert("GBP".to_owned(), number(text))),
            "run-limit" => drop(policy.limits.run_max.insert("GBP".to_owned(), number(text))),
            "run-count" => policy.limits.run_count_max = Some(small()),
            "day-limit" => drop(policy.limits.day_max.insert("GBP".to_owned(), number(text))),
            "day-count" => policy.limits.day_count_max = Some(small()),
            "no-cut-over" => policy.cut_over_on = None,
            "cut-over" => policy.cut_over_on = Some(text.parse().unwrap()),
            "no-bank" => policy.accounts.banks.clear(),
            "no-chargebacks" => policy.accounts.chargebacks = None,
            "no-suspense" => policy.accounts.suspense = None,
            "undeposited" => policy.accounts.undeposited = account(text),
            "bank-of" => {
                let bank = policy.accounts.banks.get_mut("GBP").unwrap();
                bank.subsidiary = Some(SubsidiaryId::new(text));
            }
            "also" => policy.currencies.push(text.parse().unwrap()),
            _ => panic!("no policy: {word}"),
        }
    }

    fn learn_mandate(&mut self, id: &str, state: &str, currency: &str) {
        let state = match state {
            "approval" => MandateStatus::PendingCustomerApproval,
            "pending" => MandateStatus::PendingSubmission,
            "submitted" => MandateStatus::Submitted,
            "active" => MandateStatus::Active,
            "cancelled" => MandateStatus::Cancelled,
            "blocked" => MandateStatus::Blocked,
            _ => panic!("no mandate status: {state}"),
        };
        self.facts.mandates.retain(|known| known.id.as_str() != id);
        self.facts.mandates.push(mandate(id, state, currency.parse().unwrap()));
    }

    fn learn_other(&mut self, id: &str, amount: &str, state: &str, text: &str) {
        let mut other = collection(id, status(state), number(amount), 0);
        other.description = Some(text.to_owned());
        if let Some(invoice) = text.strip_prefix("for:") {
            other.description = Some("INV-1".to_owned());
            other.metadata.insert(metadata::INVOICE.to_owned(), invoice.to_owned());
        }
        self.facts.others.push(other);
    }

    /// Months are of 2026; the one after is open.
    fn close_month(&mut self, month: i64) {
        let month = i8::try_from(month).unwrap();
        for (month, open) in [(month, false), (month + 1, true)] {
            let starts_on = date(2026, month, 1);
            self.facts.frame.periods.periods.retain(|known| known.starts_on != starts_on);
            self.facts.frame.periods.periods.push(Period {
                name: String::new(),
                starts_on,
                ends_on: starts_on.last_of_month(),
                open,
            });
        }
        self.facts.frame.periods.periods.sort_by_key(|period| period.starts_on);
    }
}

/// Minor units of the world's currency, for documents made from words.
pub fn money(minor: i64) -> Money {
    pounds(minor)
}
