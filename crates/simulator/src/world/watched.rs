//! What only an onlooker knows: who holds which lease, which sends were never looked for,
//! and what people allowed.

use std::collections::{BTreeMap, BTreeSet};

use engine::say::Order;
use jiff::Timestamp;
use jiff::civil::Date;
use model::case::CaseKey;
use model::command::{ErpWrite, ProcessorWrite, RejectionCause, Write};
use model::ids::{InvoiceId, LinkId};
use model::key::Key;
use model::reason::ReasonCode;
use store::rows::{CaseId, Claimed, LookResult, Saved, SendOutcome};

use super::rules::Rules;

/// Seconds that a lease lasts beyond a request's deadline (DESIGN.md section 2).
const LEASE_MARGIN_SECONDS: i64 = 5;

#[derive(Debug, Default)]
pub struct Watched {
    /// Keys whose last send ended without a certain outcome, until somebody looks for it.
    pub unlooked: BTreeSet<Key>,
    /// How often a send of each key was begun, whatever became of it, and when its worker last asked for
    /// that.
    begun: BTreeMap<Key, (u32, Timestamp)>,
    /// When the worker of each key's last send asked whether its lease lasts, by the lease clock.
    leased: BTreeMap<Key, Timestamp>,
    /// Somebody changed, doubled or merged customers.
    pub customers_moved: bool,
    /// Invoices of which a person said, or ticked, that they may be collected again.
    /// With the time from which that counts no more, as somebody cancelled another payment.
    released: BTreeMap<InvoiceId, Option<Timestamp>>,
    /// Bookkeepers closed a period at some time.
    pub periods_closed: bool,
    /// Invoices whose retries a person stopped.
    pub stopped: BTreeSet<InvoiceId>,
    /// What links went by.
    pub rules: Rules,
    /// What people left, or took off the list, case by case.
    pub left: BTreeSet<(CaseKey, ReasonCode)>,
    /// The epoch of the newest claim of each case.
    epochs: BTreeMap<CaseId, i64>,
    /// By which link, and on which days and in which runs there, each command was intended.
    intents: BTreeMap<Key, BTreeSet<Intended>>,
    /// As the how manieth each command was intended first.
    order: BTreeMap<Key, usize>,
    /// When each invoice was first intended to be collected.
    asked: BTreeMap<InvoiceId, Timestamp>,
    /// When a poll of the ERP's invoices was over last, by the clock of its worker: a run began.
    run: Option<Timestamp>,
    /// Up to when each list was read.
    marks: BTreeMap<String, Timestamp>,
    /// The case of each command.
    cases: BTreeMap<Key, CaseId>,
    /// What each key last asked for, and what is known to have become of its sends.
    sends: BTreeMap<Key, Sends>,
    /// How often people did something that may clear a refusal.
    deeds: u64,
}

/// When and for whom a command was intended.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Intended {
    pub link: LinkId,
    /// In the link's zone.
    pub day: Date,
    /// The poll of the ERP's invoices since which its run lasts, where that is certain.
    pub run: Option<Timestamp>,
}

/// The sends of one key, as an onlooker keeps them.
#[derive(Debug)]
struct Sends {
    /// What moves money, in words.
    content: String,
    /// A send whose answer is not committed.
    unanswered: bool,
    /// Some send may have had its effect.
    may_have_happened: bool,
    /// What people had done when it was sent last.
    deeds: u64,
    /// Refused for good when people had done so much.
    refused: Option<u64>,
}

impl Watched {
    /// A person orders something about an invoice.
    pub fn ordered(&mut self, order: Order, invoice: InvoiceId) {
        if order == Order::Stop {
            self.stopped.insert(invoice);
        } else {
            self.release(invoice);
        }
    }

    /// A person allows another payment of the invoice.
    pub fn release(&mut self, invoice: InvoiceId) {
        self.released.insert(invoice, None);
    }

    /// What was allowed before counts no more.
    pub fn withdraw(&mut self, invoice: &InvoiceId, now: Timestamp) {
        if let Some(until @ None) = self.released.get_mut(invoice) {
            *until = Some(now);
        }
    }

    /// Whether another payment was allowed when a look was made at this time.
    #[must_use]
    pub fn is_released(&self, invoice: &InvoiceId, at: Timestamp) -> bool {
        self.released.get(invoice).is_some_and(|until| until.is_none_or(|until| at <= until))
    }

    pub fn claimed(&mut self, claimed: &[Claimed]) {
        self.epochs.extend(claimed.iter().map(|one| (one.id, one.epoch)));
    }

    fn is_lost(&self, case: CaseId, epoch: i64) -> bool {
        self.epochs.get(&case).is_some_and(|newest| *newest != epoch)
    }

    /// A look was saved; under a lease that somebody else has by now it must not be.
    pub fn saved(&mut self, look: &LookResult, saved: &Saved, now: Timestamp) -> Option<String> {
        if matches!(saved, Saved::LeaseLost | Saved::Overtaken) {
            return None;
        }
        let command = look.command.iter().map(|new| (new.command.key.clone(), look.case));
        self.cases.extend(command);
        if *saved == Saved::Stored {
            self.intended(look);
            self.asked(look, now);
        }
        let lost = self.is_lost(look.case, look.epoch);
        lost.then(|| format!("P6: a look at case {} is saved under a lost lease", look.case))
    }

    fn intended(&mut self, look: &LookResult) {
        let (Some(new), Some(link)) = (&look.command, &look.link) else { return };
        let zone = self.rules.zone();
        let day = look.at.to_zoned(zone).date();
        // A look that began before the last poll may have counted from either.
        let run = self.run.unwrap_or(Timestamp::UNIX_EPOCH);
        let run = Some(run).filter(|run| *run <= look.at);
        let key = new.command.key.clone();
        let nth = self.order.len();
        self.order.entry(key.clone()).or_insert(nth);
        self.intents.entry(key).or_default().insert(Intended { link: link.clone(), day, run });
    }

    fn asked(&mut self, look: &LookResult, now: Timestamp) {
        let write = look.command.as_ref().map(|new| &new.command.write);
        if let Some(Write::Processor(ProcessorWrite::Collect(write))) = write {
            self.asked.entry(write.invoice.clone()).or_insert(now);
        }
    }

    /// A link asked for the invoice before then: it stays with that link.
    #[must_use]
    pub fn is_asked(&self, invoice: &InvoiceId, before: Timestamp) -> bool {
        self.asked.get(invoice).is_some_and(|at| *at < before)
    }

    /// A stream's mark was moved, by a worker that was through with its window at a time of its own
    /// clock. Gives where it stood.
    pub fn marked(
        &mut self,
        stream: &str,
        until: Timestamp,
        completed_at: Timestamp,
    ) -> Option<Timestamp> {
        if stream == engine::poll::INVOICES {
            self.run = Some(completed_at);
        }
        let before = self.marks.get(stream).copied();
        self.marks.insert(stream.to_owned(), before.map_or(until, |before| before.max(until)));
        before
    }

    /// When and for whom this was intended, when it was only once.
    #[must_use]
    pub fn intended_on(&self, key: &Key) -> Option<&Intended> {
        self.intents.get(key).filter(|all| all.len() == 1)?.first()
    }

    /// Commands in the order in which they were intended first.
    #[must_use]
    pub fn intended_as(&self, key: &Key) -> Option<usize> {
        self.order.get(key).copied()
    }

    /// People did something that may clear a refusal.
    pub fn people_acted(&mut self) {
        self.deeds += 1;
    }

    /// A command goes out. Under a key that may have happened it asks for the same as before, and one
    /// that was refused for good is not sent again until somebody did something.
    pub fn sends(&mut self, key: &Key, write: &Write) -> Option<String> {
        let content = content(write)?;
        let deeds = self.deeds;
        let new = || Sends {
            content: content.clone(),
            unanswered: false,
            may_have_happened: false,
            deeds,
            refused: None,
        };
        let before = self.sends.entry(key.clone()).or_insert_with(new);
        before.may_have_happened |= before.unanswered;
        let broken = if before.may_have_happened && before.content != content {
            let had = &before.content;
            Some(format!("P6: {key} may have happened as {had}, and is sent as {content}"))
        } else if before.refused == Some(deeds) {
            Some(format!("P5: {key} is sent again as it was refused, and nobody did anything"))
        } else {
            None
        };
        before.content = content;
        before.deeds = deeds;
        before.unanswered = true;
        before.refused = None;
        broken
    }

    /// The answer to a command is committed.
    pub fn answered(&mut self, key: &Key, outcome: &SendOutcome) {
        let Some(sends) = self.sends.get_mut(key) else { return };
        match outcome {
            SendOutcome::Done(_) | SendOutcome::Unknown(_) => sends.may_have_happened = true,
            SendOutcome::Rejected(rejection) => {
                let for_good = matches!(rejection.cause, RejectionCause::Validation);
                let certain = !sends.may_have_happened;
                // A worker may have slept over its answer: it counts from its send.
                sends.refused = (for_good && certain).then_some(sends.deeds);
            }
            SendOutcome::NotExecuted(_) | SendOutcome::Stale(_) => {}
        }
        sends.unanswered = false;
    }

    /// Nothing was under way under this key before: a worker that dies right before its request leaves
    /// a send of which nobody knows that it was none.
    #[must_use]
    pub fn is_first(&self, key: &Key) -> bool {
        self.begun.get(key).is_none_or(|(times, _)| *times <= 1)
    }

    /// When the send that goes out now was begun: its worker may have slept between the two, and nobody
    /// can know what changed meanwhile.
    #[must_use]
    pub fn begun_at(&self, key: &Key) -> Option<Timestamp> {
        self.begun.get(key).map(|(_, at)| *at)
    }

    /// A send was begun, or withheld.
    pub fn begun(
        &mut self,
        key: &Key,
        epoch: i64,
        begun: bool,
        (now, leased_at): (Timestamp, Timestamp),
    ) -> Option<String> {
        if begun {
            self.leased.insert(key.clone(), leased_at);
            let (times, at) = self.begun.entry(key.clone()).or_insert((0, now));
            *times += 1;
            *at = now;
        }
        let lost = self.cases.get(key).is_some_and(|case| self.is_lost(*case, epoch));
        (begun && lost).then(|| format!("P6: {key} is sent under a lost lease"))
    }

    /// A send goes out, and nobody looked for what became of the one before.
    #[must_use]
    pub fn sent_blindly(&self, key: &Key) -> Option<String> {
        let blind = self.unlooked.contains(key);
        blind.then(|| format!("P6: {key} is sent again, and nobody looked for what became of it"))
    }

    /// A worker hands a write over to be sent, which it does while its lease lasts, or not at all.
    #[must_use]
    pub fn sent_late(&self, key: &Key, lease_now: Timestamp) -> Option<String> {
        let passed = lease_now.duration_since(*self.leased.get(key)?).as_secs();
        (passed > LEASE_MARGIN_SECONDS)
            .then(|| format!("P6: {key} is sent {passed} s after its worker asked for its lease"))
    }
}

/// What a write moves, in words; `None`: it moves no money by a document or payment of its own.
fn content(write: &Write) -> Option<String> {
    Some(match write {
        Write::Processor(ProcessorWrite::Collect(w)) => {
            format!("{} by {} for {}", w.amount, w.mandate, w.invoice)
        }
        // A merge moves what was sent to another customer.
        Write::Erp(ErpWrite::RecordReceipt(w)) => format!("{} of {}", w.amount, w.collection),
        Write::Erp(ErpWrite::RecordRefund(w)) => {
            format!("{} of {} from {:?}", w.amount, w.receipt, w.from)
        }
        Write::Erp(ErpWrite::RecordDeposit(w)) => {
            format!("{} of {:?} and {:?} to {}", w.total, w.receipts, w.refunds, w.bank)
        }
        Write::Erp(ErpWrite::RecordJournal(w)) => {
            let lines = w.lines.iter().map(|line| format!("{} {}", line.account, line.amount));
            lines.collect::<Vec<_>>().join(", ")
        }
        Write::Erp(_) | Write::Processor(_) => return None,
    })
}
