//! What a command does in the small world, and commands and documents from words.

use model::command::{
    AnnotateInvoice, Collect, CollectionOnly, Command, CommandState, CommandView, ErpWrite,
    ProcessorWrite, RecordJournal, RecordReceipt, Rejection, RejectionCause, RetryCollection,
    Write, WriteAnswer,
};
use model::decision::Decision;
use model::ids::{
    CollectionId, ErpCustomerId, ErpRefundId, InvoiceId, JournalId, MandateId, PayoutId, ReceiptId,
};
use model::invoice::{Annotation, InvoiceStatus};
use model::key::Key;
use model::money::Currency;
use model::payment::{CollectionStatus, metadata};
use model::receipt::{Application, ErpDocument, ErpRefund, Journal, Receipt, ReceiptPlace};
use model::sight::Sight;

use crate::collection::Attempt;

use super::world::World;
use super::world_words::{collection, money, number, value};

pub fn receipt(id: &str, amount: i64) -> Receipt {
    Receipt {
        id: ReceiptId::new(id),
        stamp: None,
        customer: ErpCustomerId::new("C"),
        amount: money(amount),
        unapplied: money(amount),
        applications: Vec::new(),
        place: ReceiptPlace::Undeposited,
        voided: false,
        dated_on: jiff::civil::date(2026, 11, 1),
        account: None,
        receivable_account: None,
        subsidiary: None,
        exchange_rate: None,
        memo: None,
        version: "1".to_owned(),
    }
}

fn record(receipt: &Receipt, payment: &str, payout: Option<&str>, applied: i64) -> RecordReceipt {
    RecordReceipt {
        customer: receipt.customer.clone(),
        amount: receipt.amount,
        apply: (applied > 0).then(|| (InvoiceId::new("I"), money(applied))),
        dated_on: receipt.dated_on,
        true_date: None,
        subsidiary: None,
        receivable_account: None,
        exchange_rate: None,
        account: None,
        collection: CollectionId::new(payment),
        payout: payout.map(PayoutId::new),
        memo: String::new(),
    }
}

impl World {
    fn id(&mut self, letter: &str) -> String {
        self.made += 1;
        format!("{letter}{}", self.made)
    }

    fn done(&mut self, key: &Key, write: Write, id: &str) {
        let answer = WriteAnswer { id: id.to_owned(), adopted: false, url: None };
        self.put(CommandView {
            key: key.clone(),
            write,
            state: CommandState::Done,
            answer: Some(answer),
            rejection: None,
            sends: 1,
        });
    }

    pub fn put(&mut self, view: CommandView) {
        self.facts.frame.commands.retain(|known| known.key != view.key);
        self.facts.frame.commands.push(view);
    }

    /// Documents of ours that are found: `receipt PM1/PO1 100 applied:80`, `refund PO2/0 100`.
    pub fn learn_document(&mut self, words: &[&str]) {
        let [kind, place, amount, rest @ ..] = words else { panic!("no document: {words:?}") };
        let (first, second) = place.split_once('/').unwrap();
        let key = Key::new(&[kind, first, second]);
        let amount = number(amount);
        let voided = rest.contains(&"voided");
        let id = self.id(&kind[..1].to_uppercase());
        let document = match *kind {
            "receipt" => {
                let mut made = receipt(&id, amount);
                let applied = value(rest, "applied").map_or(0, number);
                let other = value(rest, "other").map_or(0, number);
                let refunded = value(rest, "refunded").map_or(0, number);
                for (to, part) in [("I", applied), ("J", other)] {
                    if part > 0 {
                        let application =
                            Application { invoice: InvoiceId::new(to), amount: money(part) };
                        made.applications.push(application);
                    }
                }
                made.unapplied = money(amount - applied - other - refunded);
                made.voided = voided;
                if let Some(on) = value(rest, "dated") {
                    made.dated_on = on.parse().unwrap();
                }
                made.memo = value(rest, "memo").map(str::to_owned);
                if rest.contains(&"deposited") {
                    made.place = ReceiptPlace::Deposited;
                }
                if rest.contains(&"unposted") {
                    made.place = ReceiptPlace::NotPosted;
                    made.stamp = (!rest.contains(&"theirs")).then(|| key.to_string());
                }
                let at_first = value(rest, "first").map_or(applied, number);
                let payout = (!second.starts_with("confirmed-")).then_some(second);
                let write = record(&made, first, payout, at_first);
                self.done(&key, Write::Erp(ErpWrite::RecordReceipt(write)), &id);
                ErpDocument::Receipt(made)
            }
            "refund" => {
                let mut made = refund(&id, amount, voided);
                if rest.contains(&"from_bank") {
                    made.place = ReceiptPlace::Deposited;
                }
                if rest.contains(&"unposted") {
                    made.place = ReceiptPlace::NotPosted;
                }
                ErpDocument::Refund(made)
            }
            "loss" => ErpDocument::Journal(journal(&id, amount)),
            _ => panic!("no document: {words:?}"),
        };
        self.facts.documents.insert(key, Sight::Found(document));
    }

    /// A stored command: `cmd retry/PM1/1 in_flight`.
    pub fn learn_command(&mut self, key: &str, state: &str, rest: &[&str]) {
        let (state, about) = state.split_once(':').unwrap_or((state, ""));
        let parts: Vec<&str> = key.split('/').collect();
        let write = self.write_of(&parts, rest);
        let (state, sends) = match state {
            "intended" => (CommandState::Intended, 0),
            "in_flight" => (CommandState::InFlight, 1),
            "done" => (CommandState::Done, 1),
            "rejected" => (CommandState::Rejected, 1),
            "watched" => (CommandState::Watched, 1),
            "given_up" => (CommandState::Ended, 1),
            "cleared" => (CommandState::Ended, 0),
            _ => panic!("no state: {state}"),
        };
        let rejection = (state == CommandState::Rejected).then(|| Rejection {
            cause: match about {
                "period" => RejectionCause::PeriodClosed,
                "application" => RejectionCause::ApplicationImpossible,
                "mandate" => RejectionCause::MandateUnusable,
                "state" => RejectionCause::State,
                _ => RejectionCause::Validation,
            },
            words: "no".to_owned(),
            field: (about == "amount").then(|| about.to_owned()),
        });
        let answer = (state == CommandState::Done).then(|| WriteAnswer {
            id: about.to_owned(),
            adopted: rest.contains(&"adopted"),
            url: None,
        });
        self.put(CommandView {
            key: Key::from_stored(key),
            write,
            state,
            answer,
            rejection,
            sends,
        });
    }

    fn write_of(&mut self, parts: &[&str], rest: &[&str]) -> Write {
        let amount = rest.iter().find_map(|word| word.parse().ok()).unwrap_or(100);
        let invoice = InvoiceId::new("I");
        let only = |id: &str| CollectionOnly {
            invoice: invoice.clone(),
            collection: CollectionId::new(id),
        };
        match parts {
            ["collect", ..] => Write::Processor(ProcessorWrite::Collect(Collect {
                invoice: invoice.clone(),
                mandate: MandateId::new("MD1"),
                amount: money(amount),
                charge_on: None,
                description: "INV-1".to_owned(),
                reference: None,
                metadata: std::collections::BTreeMap::new(),
                automatic_retry: false,
            })),
            ["retry", id, nth] => {
                Write::Processor(ProcessorWrite::RetryCollection(RetryCollection {
                    invoice: invoice.clone(),
                    collection: CollectionId::new(*id),
                    retries_before: value(rest, "after")
                        .map_or_else(|| nth.parse::<u32>().unwrap() - 1, |n| n.parse().unwrap()),
                    amount: money(amount),
                }))
            }
            ["cancel", id, _] => Write::Processor(ProcessorWrite::CancelCollection(only(id))),
            ["stop-retries", id, _] => {
                Write::Processor(ProcessorWrite::StopAutomaticRetries(only(id)))
            }
            ["receipt", payment, payout] => {
                let payout = (!payout.starts_with("confirmed-")).then_some(*payout);
                let applied = value(rest, "applied").map_or(amount, number);
                let write = record(&receipt("?", amount), payment, payout, applied);
                Write::Erp(ErpWrite::RecordReceipt(write))
            }
            ["apply", id, _] => Write::Erp(ErpWrite::ApplyReceipt(model::command::ApplyReceipt {
                receipt: ReceiptId::new(*id),
                customer: ErpCustomerId::new("C"),
                invoice: invoice.clone(),
                amount: money(amount),
                decided_unapplied: money(amount),
                decided_due: money(amount),
            })),
            ["unapply", ..] => {
                Write::Erp(ErpWrite::UnapplyReceipt(model::command::UnapplyReceipt {
                    receipt: ReceiptId::new(value(rest, "of").unwrap_or("R1")),
                    customer: ErpCustomerId::new("C"),
                    invoice: invoice.clone(),
                    amount: money(amount),
                    decided_applied: money(amount),
                    dated_on: None,
                }))
            }
            ["loss", ..] => Write::Erp(ErpWrite::RecordJournal(RecordJournal {
                subsidiary: None,
                currency: Currency::GBP,
                dated_on: jiff::civil::date(2026, 11, 1),
                true_date: None,
                lines: Vec::new(),
                payout: None,
                memo: String::new(),
            })),
            ["refund", ..] => Write::Erp(ErpWrite::RecordRefund(model::command::RecordRefund {
                receipt: ReceiptId::new(value(rest, "of").unwrap_or("R1")),
                customer: ErpCustomerId::new("C"),
                amount: money(amount),
                from: None,
                dated_on: jiff::civil::date(2026, 11, 1),
                true_date: None,
                receivable_account: None,
                subsidiary: None,
                exchange_rate: None,
                memo: String::new(),
            })),
            ["zero", ..] => Write::Erp(ErpWrite::RecordDeposit(model::command::RecordDeposit {
                bank: model::ids::LedgerAccountId::new("bank"),
                currency: Currency::GBP,
                dated_on: jiff::civil::date(2026, 11, 1),
                true_date: None,
                receipts: Vec::new(),
                refunds: Vec::new(),
                lines: Vec::new(),
                exchange_rate: None,
                total: money(0),
                payout: None,
                memo: String::new(),
            })),
            ["note", id, payout] => {
                Write::Erp(ErpWrite::AnnotateReceipt(model::command::AnnotateReceipt {
                    receipt: ReceiptId::new(*id),
                    payout: PayoutId::new(*payout),
                    memo: String::new(),
                }))
            }
            ["annotate", ..] => Write::Erp(ErpWrite::AnnotateInvoice(AnnotateInvoice {
                invoice: invoice.clone(),
                annotation: Annotation::default(),
                clear_retry: rest.contains(&"box"),
            })),
            _ => panic!("no command: {parts:?}"),
        }
    }

    /// What the case told of documents is stored.
    pub fn keep_settled(&mut self, decision: &Decision) {
        for document in &decision.settled {
            if !self.facts.settled.contains(document) {
                self.facts.settled.push(document.clone());
            }
        }
        self.facts.settled.sort();
    }

    /// The command has its effect, and its answer is known.
    pub fn carry_out(&mut self, command: &Command) {
        let id = match &command.write {
            Write::Processor(write) => self.at_processor(&command.key, write),
            Write::Erp(write) => self.in_erp(&command.key, write),
        };
        self.done(&command.key, command.write.clone(), &id);
    }

    fn payment(&mut self, id: &CollectionId) -> &mut model::payment::Collection {
        let attempt = self.facts.attempts.iter_mut().find(|one| one.id == *id).unwrap();
        match &mut attempt.collection {
            Sight::Found(found) => found,
            Sight::Missing | Sight::Odd(_) | Sight::NotRead => panic!("{id} can not be read"),
        }
    }

    fn at_processor(&mut self, key: &Key, write: &ProcessorWrite) -> String {
        match write {
            ProcessorWrite::Collect(write) => {
                let nth = self.facts.attempts.len();
                let id = format!("PM{}", nth + 1);
                let pending = CollectionStatus::PendingSubmission;
                let mut made = collection(&id, pending, write.amount.minor, nth);
                made.amount.currency = write.amount.currency;
                made.mandate = write.mandate.clone();
                made.automatic_retry = write.automatic_retry;
                made.metadata.insert(metadata::KEY.to_owned(), key.to_string());
                let attempt =
                    Attempt { id: made.id.clone(), adopted: false, collection: Sight::Found(made) };
                self.facts.attempts.push(attempt);
                id
            }
            ProcessorWrite::CancelCollection(write) => {
                self.payment(&write.collection).status = CollectionStatus::Cancelled;
                self.learn_all(&format!(
                    "event {} cancelled payment_cancelled 0d",
                    write.collection
                ));
                write.collection.to_string()
            }
            ProcessorWrite::RetryCollection(write) => {
                self.payment(&write.collection).status = CollectionStatus::PendingSubmission;
                let id = &write.collection;
                self.learn_all(&format!("event {id} resubmission_requested payment_retried 0d"));
                id.to_string()
            }
            ProcessorWrite::StopAutomaticRetries(write) => {
                self.payment(&write.collection).automatic_retry = false;
                write.collection.to_string()
            }
            ProcessorWrite::RequestMandate(_)
            | ProcessorWrite::InviteMandate(_)
            | ProcessorWrite::LinkCustomer(_)
            | ProcessorWrite::CreateCustomer(_)
            | ProcessorWrite::CreateBankAccount(_)
            | ProcessorWrite::CreateMandate(_) => panic!("not a collection's command: {key}"),
        }
    }

    fn receipt_by_id(&mut self, id: &ReceiptId) -> &mut Receipt {
        let found = self.facts.documents.values_mut().find_map(|sight| match sight {
            Sight::Found(ErpDocument::Receipt(receipt)) if receipt.id == *id => Some(receipt),
            Sight::Found(_) | Sight::Missing | Sight::Odd(_) | Sight::NotRead => None,
        });
        found.unwrap_or_else(|| panic!("no receipt {id}"))
    }

    /// Moves the invoice's balance; at zero it is paid.
    fn owe(&mut self, minor: i64) {
        let invoice = self.invoice();
        invoice.due.minor += minor;
        assert!(invoice.due.minor >= 0, "more applied than owed");
        if invoice.status != InvoiceStatus::Voided {
            let open = invoice.due.minor > 0;
            invoice.status = if open { InvoiceStatus::Open } else { InvoiceStatus::Paid };
        }
    }

    fn apply(&mut self, id: &ReceiptId, minor: i64, to: &InvoiceId) {
        let receipt = self.receipt_by_id(id);
        receipt.unapplied.minor -= minor;
        assert!(receipt.unapplied.minor >= 0, "more applied than received");
        match receipt.applications.iter_mut().find(|one| one.invoice == *to) {
            Some(one) => one.amount.minor += minor,
            None => {
                receipt
                    .applications
                    .push(Application { invoice: to.clone(), amount: money(minor) });
            }
        }
        receipt.applications.retain(|one| one.amount.minor != 0);
        if to.as_str() == "I" {
            self.owe(-minor);
        }
    }

    fn in_erp(&mut self, key: &Key, write: &ErpWrite) -> String {
        match write {
            ErpWrite::RecordReceipt(write) => {
                assert!(!self.facts.documents.contains_key(key), "made twice: {key}");
                let id = self.id("R");
                let mut made = receipt(&id, write.amount.minor);
                made.dated_on = write.dated_on;
                made.memo = Some(write.memo.clone());
                made.account = write.account.clone();
                let document = ErpDocument::Receipt(made);
                self.facts.documents.insert(key.clone(), Sight::Found(document));
                if let Some((invoice, amount)) = &write.apply {
                    self.apply(&ReceiptId::new(id.as_str()), amount.minor, invoice);
                }
                id
            }
            ErpWrite::ApplyReceipt(write) => {
                self.apply(&write.receipt, write.amount.minor, &write.invoice);
                write.receipt.to_string()
            }
            ErpWrite::UnapplyReceipt(write) => {
                self.apply(&write.receipt, -write.amount.minor, &write.invoice);
                write.receipt.to_string()
            }
            ErpWrite::RecordRefund(write) => {
                assert!(!self.facts.documents.contains_key(key), "made twice: {key}");
                let receipt = self.receipt_by_id(&write.receipt);
                receipt.unapplied.minor -= write.amount.minor;
                assert!(receipt.unapplied.minor >= 0, "more refunded than unapplied");
                let id = self.id("F");
                let document = ErpDocument::Refund(refund(&id, write.amount.minor, false));
                self.facts.documents.insert(key.clone(), Sight::Found(document));
                id
            }
            ErpWrite::RecordJournal(write) => {
                assert!(!self.facts.documents.contains_key(key), "made twice: {key}");
                let id = self.id("J");
                let document = ErpDocument::Journal(journal(&id, write.lines[0].amount.minor));
                self.facts.documents.insert(key.clone(), Sight::Found(document));
                id
            }
            ErpWrite::RecordDeposit(write) => {
                for receipt in &write.receipts {
                    self.receipt_by_id(receipt).place = ReceiptPlace::Deposited;
                }
                self.id("D")
            }
            ErpWrite::AnnotateReceipt(write) => {
                self.receipt_by_id(&write.receipt).memo = Some(write.memo.clone());
                write.receipt.to_string()
            }
            ErpWrite::AnnotateInvoice(write) => {
                let invoice = self.invoice();
                invoice.annotation = write.annotation.clone();
                invoice.retry_requested &= !write.clear_retry;
                "I".to_owned()
            }
            ErpWrite::SaveCustomerFields(_) => panic!("not a collection's command: {key}"),
        }
    }

    /// The payouts' deposits are made: every receipt is in the bank.
    pub fn deposit_all(&mut self) {
        for sight in self.facts.documents.values_mut() {
            if let Sight::Found(ErpDocument::Receipt(receipt)) = sight {
                receipt.place = ReceiptPlace::Deposited;
            }
        }
    }
}

fn refund(id: &str, amount: i64, voided: bool) -> ErpRefund {
    ErpRefund {
        id: ErpRefundId::new(id),
        stamp: None,
        amount: money(amount),
        dated_on: jiff::civil::date(2026, 11, 1),
        account: None,
        place: ReceiptPlace::Undeposited,
        voided,
    }
}

fn journal(id: &str, minor: i64) -> Journal {
    Journal {
        id: JournalId::new(id),
        stamp: None,
        dated_on: jiff::civil::date(2026, 11, 1),
        lines: vec![(model::ids::LedgerAccountId::new("chargebacks"), money(minor))],
        posted: true,
        voided: false,
    }
}
