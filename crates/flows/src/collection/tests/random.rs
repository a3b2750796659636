//! Random stories: whatever happens at the processor and among people, and whatever becomes of our
//! commands, no decision breaks the law (`world::law`), every story comes to rest, and the books
//! hold one receipt per settlement and one reversal per reversal (promises P1, P3, P6).

use proptest::prelude::*;

use model::command::{Command, CommandState, CommandView, ErpWrite, ProcessorWrite, Write};
use model::decision::Decision;
use model::payment::CollectionStatus;
use model::payout::PayoutItemKind;
use model::reason::ReasonCode;
use model::receipt::ErpDocument;
use model::sight::Sight;

use crate::collection::facts::count;
use crate::collection::receipts::{item_key, receipt_key};

use super::told;
use super::world::World;

/// What may happen between two looks.
#[derive(Debug, Clone)]
enum Deed {
    /// The banks move the newest payment on.
    Confirm,
    PayOut,
    Fail,
    ChargeBack,
    /// A payout holds the debit of the last failure or chargeback.
    Debit,
    CancelByPerson,
    CancelByMandate,
    /// The due amount changes, as far as receipts allow.
    Owe(i64),
    Retry,
    Release,
    Stop,
    RetryBox,
    Deposit,
    /// Somebody else makes a payment that names the invoice.
    Foreign,
    Later,
    SwitchOff,
    SwitchOn,
}

/// What becomes of a command.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Done,
    /// It happened, and the answer was lost: found at the next look.
    AnswerLost,
    /// It did not happen, and nobody can know: given up after a look.
    Lost,
    /// Nothing shows it at the next look; after that it has happened.
    Late,
    /// It was certainly not executed.
    NotExecuted,
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        4 => Just(Deed::Confirm),
        4 => Just(Deed::PayOut),
        3 => Just(Deed::Fail),
        2 => Just(Deed::ChargeBack),
        3 => Just(Deed::Debit),
        1 => Just(Deed::CancelByPerson),
        1 => Just(Deed::CancelByMandate),
        2 => (1_i64..200).prop_map(Deed::Owe),
        1 => Just(Deed::Retry),
        2 => Just(Deed::Release),
        1 => Just(Deed::Stop),
        1 => Just(Deed::RetryBox),
        3 => Just(Deed::Deposit),
        1 => Just(Deed::Foreign),
        3 => Just(Deed::Later),
        1 => Just(Deed::SwitchOff),
        2 => Just(Deed::SwitchOn),
    ]
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Fate::Done),
        1 => Just(Fate::AnswerLost),
        1 => Just(Fate::Lost),
        1 => Just(Fate::Late),
        1 => Just(Fate::NotExecuted),
    ]
}

fn policy() -> impl Strategy<Value = &'static str> {
    prop_oneof![
        Just(""),
        Just("policy post-on-confirmed"),
        Just("policy recollect:3"),
        Just("policy processor-retries post-on-confirmed recollect:5"),
        Just("policy alert"),
    ]
}

/// Looks after one deed: a story that needs more does not come to rest.
const LOOKS_MAX: usize = 60;

struct Play {
    world: World,
    fates: Vec<Fate>,
    next_fate: usize,
    payouts: u32,
    /// Sent, and about to happen.
    late: Vec<Command>,
    told: Vec<String>,
}

impl Play {
    fn new(policy: &str, fates: Vec<Fate>) -> Play {
        let mut world = World::new();
        world.learn_all(policy);
        Play { world, fates, next_fate: 0, payouts: 0, late: Vec::new(), told: Vec::new() }
    }

    /// The newest payment's id, status and amount.
    fn newest(&self) -> Option<(String, CollectionStatus, i64)> {
        let (attempt, one) = self.world.facts.newest()?;
        Some((attempt.id.to_string(), one.status, one.amount.minor))
    }

    fn learn(&mut self, known: &str) {
        self.told.push(format!("# {known}"));
        self.world.learn_all(known);
    }

    fn set_status(&mut self, id: &str, to: CollectionStatus) {
        for attempt in &mut self.world.facts.attempts {
            if attempt.id.as_str() == id
                && let Sight::Found(found) = &mut attempt.collection
            {
                found.status = to;
            }
        }
    }

    fn moves(&mut self, id: &str, to: CollectionStatus, event: &str) {
        self.told.push(format!("# {id} {to:?}"));
        self.set_status(id, to);
        self.learn(&format!("event {id} {event} 0d"));
    }

    fn payout(&mut self) -> u32 {
        self.payouts += 1;
        self.payouts
    }

    fn happen(&mut self, deed: &Deed) {
        use CollectionStatus as Status;
        match deed {
            Deed::Owe(_) | Deed::Deposit | Deed::Later | Deed::SwitchOff | Deed::SwitchOn => {
                return self.around(deed);
            }
            Deed::Foreign => {
                let nth = self.world.facts.attempts.len() + 1;
                return self.learn(&format!("payment PM{nth} submitted adopted"));
            }
            Deed::Confirm
            | Deed::PayOut
            | Deed::Fail
            | Deed::ChargeBack
            | Deed::Debit
            | Deed::CancelByPerson
            | Deed::CancelByMandate
            | Deed::Retry
            | Deed::Release
            | Deed::Stop
            | Deed::RetryBox => {}
        }
        let Some((id, status, amount)) = self.newest() else { return };
        let collected = matches!(status, Status::Confirmed | Status::PaidOut);
        match (deed, status) {
            (Deed::Confirm, Status::PendingSubmission | Status::Submitted) => {
                self.moves(&id, Status::Confirmed, "confirmed payment_confirmed");
            }
            (Deed::PayOut, Status::Confirmed) => {
                let payout = self.payout();
                let event = format!("paid_out payment_paid_out payout:PO{payout}");
                self.moves(&id, Status::PaidOut, &event);
                self.learn(&format!("item PO{payout}/0 paid {id} {amount} 0d"));
            }
            (Deed::Fail, Status::PendingSubmission | Status::Submitted) => {
                self.moves(&id, Status::Failed, "failed insufficient_funds");
            }
            (Deed::Fail, _) if collected => {
                self.moves(&id, Status::Failed, "failed refer_to_payer");
            }
            (Deed::ChargeBack, _) if collected => {
                self.moves(&id, Status::ChargedBack, "charged_back refund_requested");
            }
            (Deed::Debit, Status::Failed | Status::ChargedBack) => self.debit(&id, status, amount),
            (Deed::CancelByPerson, Status::PendingSubmission) => {
                self.moves(&id, Status::Cancelled, "cancelled payment_cancelled origin:api");
            }
            (Deed::CancelByMandate, Status::PendingSubmission) => {
                self.moves(&id, Status::Cancelled, "cancelled mandate_cancelled");
            }
            (Deed::Retry, _) => self.says("retry", &id),
            (Deed::Release, _) => self.says("release", &id),
            (Deed::Stop, _) => self.says("stop", &id),
            (Deed::RetryBox, _) => self.learn("retry box"),
            (_, _) => {}
        }
    }

    /// The debit of a settlement that stands.
    fn debit(&mut self, id: &str, status: CollectionStatus, amount: i64) {
        let collection = model::ids::CollectionId::new(id);
        let facts = &self.world.facts;
        if count(facts.settlements(&collection)) <= count(facts.reversals(&collection)) {
            return;
        }
        let payout = self.payout();
        let kind = if status == CollectionStatus::Failed { "failed" } else { "charged_back" };
        let event = if status == CollectionStatus::Failed {
            "late_failure_settled"
        } else {
            "chargeback_settled"
        };
        self.learn(&format!("event {id} {event} {event} 0d"));
        self.learn(&format!("item PO{payout}/0 {kind} {id} -{amount} 0d"));
    }

    fn says(&mut self, what: &str, id: &str) {
        let ends = self.world.facts.ends(&model::ids::CollectionId::new(id));
        self.learn(&format!("said {what} {id} {ends}"));
    }

    fn around(&mut self, deed: &Deed) {
        use model::invoice::InvoiceStatus;
        match deed {
            Deed::Owe(due) => {
                self.told.push(format!("# due {due}"));
                let invoice = self.world.invoice();
                // Whatever is applied stays applied; the rest of the total changes.
                if invoice.status == InvoiceStatus::Open {
                    invoice.due.minor = *due;
                }
            }
            Deed::Deposit => {
                self.told.push("# deposited".to_owned());
                self.world.deposit_all();
            }
            Deed::Later => {
                self.told.push("# four days later".to_owned());
                self.world.facts.frame.now += jiff::SignedDuration::from_hours(96);
                let zone = self.world.facts.frame.zone.clone();
                self.world.facts.frame.today = self.world.facts.frame.now.to_zoned(zone).date();
            }
            Deed::SwitchOff => self.world.facts.frame.stopped = true,
            Deed::SwitchOn => self.world.facts.frame.stopped = false,
            Deed::Confirm
            | Deed::PayOut
            | Deed::Fail
            | Deed::ChargeBack
            | Deed::Debit
            | Deed::CancelByPerson
            | Deed::CancelByMandate
            | Deed::Retry
            | Deed::Release
            | Deed::Stop
            | Deed::RetryBox
            | Deed::Foreign => {}
        }
    }

    fn fate(&mut self) -> Fate {
        let fate = self.fates.get(self.next_fate).copied().unwrap_or(Fate::Done);
        self.next_fate += 1;
        fate
    }

    /// Looks, decides and does until the case rests.
    fn run(&mut self) {
        for _ in 0..LOOKS_MAX {
            let decision = self.world.decide();
            self.told.push(told::decision(&decision));
            self.world.keep_settled(&decision);
            let unwanted = self.watch(&decision) | self.arrive(&decision);
            match &decision.command {
                Some(command) => self.send(command),
                None if unwanted => {}
                None => return,
            }
        }
        panic!("no rest");
    }

    /// As the engine does: what is open and not wanted is watched, then given up; never sent, it ends.
    /// Tells whether the next look can see anything new.
    fn watch(&mut self, decision: &Decision) -> bool {
        let wanted = decision.command.as_ref().map(|command| &command.key);
        let mut changed = false;
        for view in &mut self.world.facts.frame.commands {
            if Some(&view.key) == wanted {
                continue;
            }
            let next = match view.state {
                CommandState::InFlight => CommandState::Watched,
                CommandState::Watched | CommandState::Intended => CommandState::Ended,
                CommandState::Done | CommandState::Rejected | CommandState::Ended => continue,
            };
            view.state = next;
            changed = true;
        }
        changed
    }

    /// What is late happens now. Sent again, it is found by its key instead.
    fn arrive(&mut self, decision: &Decision) -> bool {
        let wanted = decision.command.as_ref().map(|command| &command.key);
        let late = std::mem::take(&mut self.late);
        let arriving = late.iter().filter(|command| Some(&command.key) != wanted);
        let mut changed = false;
        for command in arriving {
            self.told.push(format!("  ({} after all)", command.key));
            self.world.carry_out(command);
            changed = true;
        }
        changed
    }

    fn send(&mut self, command: &Command) {
        let view = |state, sends| CommandView {
            key: command.key.clone(),
            write: command.write.clone(),
            state,
            answer: None,
            rejection: None,
            sends,
        };
        // A second send of one key finds out what became of the first.
        let again = self.world.facts.frame.command(&command.key).is_some();
        match if again { Fate::Done } else { self.fate() } {
            Fate::Done => self.world.carry_out(command),
            Fate::AnswerLost => {
                self.told.push("  (answer lost)".to_owned());
                self.world.carry_out(command);
            }
            Fate::Lost => {
                self.told.push("  (lost)".to_owned());
                self.world.put(view(CommandState::InFlight, 1));
            }
            Fate::Late => {
                self.told.push("  (late)".to_owned());
                self.world.put(view(CommandState::InFlight, 1));
                self.late.push(command.clone());
            }
            Fate::NotExecuted => {
                self.told.push("  (not executed)".to_owned());
                self.world.put(view(CommandState::Intended, 1));
            }
        }
    }
}

/// One receipt per settlement, taken back in full by its reversal; at most one live payment made by
/// us, over never more than was owed.
fn check_books(world: &World, at_rest: &Decision) {
    let facts = &world.facts;
    let mut receipts = std::collections::BTreeSet::new();
    for (_, collection) in facts.readable() {
        for kept in facts.settlements(&collection.id) {
            let key = receipt_key(facts, kept);
            assert!(receipts.insert(key.clone()), "one receipt for two settlements: {key}");
            if facts.frame.stopped {
                continue;
            }
            let found = facts.receipt(&key).unwrap_or_else(|| panic!("no receipt {key}"));
            assert_eq!(found.amount.minor, collection.amount.minor);
        }
        let waits = at_rest.reason.code == ReasonCode::WaitingForDeposit || facts.frame.stopped;
        for kept in facts.reversals(&collection.id).filter(|_| !waits) {
            let refund = facts.documents.get(&item_key("refund", kept)).and_then(Sight::found);
            assert!(
                matches!(refund, Some(ErpDocument::Refund(_))),
                "{:?} is not reversed",
                kept.item
            );
        }
    }
    let recorded = facts.frame.commands.iter().filter(|view| {
        matches!(view.write, Write::Erp(ErpWrite::RecordReceipt(_)))
            && view.state == CommandState::Done
            && !view.key.as_str().contains("/confirmed-")
    });
    let settled =
        facts.items.iter().filter(|kept| kept.item.kind == PayoutItemKind::PaymentPaidOut);
    assert!(recorded.count() <= settled.count(), "more receipts than settlements");
    let ours = facts.readable().filter(|(attempt, one)| !attempt.adopted && one.status.live());
    assert!(ours.count() <= 1, "two live payments of ours");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_story_breaks_the_law(
        policy in policy(),
        deeds in prop::collection::vec(deed(), 1..16),
        fates in prop::collection::vec(fate(), 0..30),
    ) {
        let mut play = Play::new(policy, fates);
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            play.run();
            for deed in &deeds {
                play.happen(deed);
                play.run();
                check_books(&play.world, &play.world.decide());
            }
        }));
        if outcome.is_err() {
            panic!("{policy}\n{}", play.told.join("\n"));
        }
    }
}

/// A payment as a look may find it: state, whose, over how much, whether it retries by itself.
fn payment() -> impl Strategy<Value = (usize, bool, i64, bool)> {
    (0_usize..9, any::<bool>(), prop_oneof![Just(100_i64), Just(60)], any::<bool>())
}

const STATES: [&str; 9] = [
    "approval",
    "pending",
    "submitted",
    "confirmed",
    "paid_out",
    "failed",
    "cancelled",
    "denied",
    "charged_back",
];

const SAID: [&str; 8] = [
    "retry box",
    "said release PM1 1",
    "said retry PM1 1",
    "said release PM2 1",
    "event PM1 failed insufficient_funds 9d",
    "event PM1 cancelled mandate_cancelled 8d",
    "event PM2 charged_back other 7d",
    "event PM2 cancelled payment_cancelled 7d",
];

const OPEN: [&str; 12] = [
    "cmd collect/E/I/1 in_flight",
    "cmd collect/E/I/2 in_flight",
    "cmd collect/E/I/3 watched",
    "cmd collect/E/I/3 given_up",
    "cmd collect/E/I/2 in_flight 60",
    "cmd retry/PM1/1 in_flight",
    "cmd retry/PM2/1 watched",
    "cmd retry/PM1/1 rejected:state",
    "cmd cancel/PM1/1 done:PM1",
    "cmd cancel/PM2/1 done:PM2",
    "cmd stop-retries/PM1/1 in_flight",
    "cmd annotate/E/I/1 in_flight",
];

const HELD: [&str; 6] = ["", "", "", "policy stopped", "policy off", "policy post-only"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

    /// Facts that no story need have led to.
    #[test]
    fn no_facts_break_the_law(
        payments in prop::collection::vec(payment(), 0..4),
        said in prop::sample::subsequence(SAID.to_vec(), 0..6),
        open in prop::sample::subsequence(OPEN.to_vec(), 0..4),
        held in prop::sample::select(HELD.to_vec()),
        due in prop_oneof![Just(100_i64), Just(60), Just(0)],
    ) {
        let mut world = World::new();
        for (nth, (state, adopted, amount, auto)) in payments.iter().enumerate() {
            let whose = if *adopted { "adopted" } else { "" };
            let auto = if *auto { "auto" } else { "" };
            let state = STATES[*state];
            world.learn_all(&format!("payment PM{} {state} {amount} {whose} {auto}", nth + 1));
        }
        // A command that made a payment is done: only others can be open.
        let made = world.facts.frame.commands.clone();
        world.learn_all(&said.join(", "));
        world.learn_all(&open.join(", "));
        for view in made {
            world.put(view);
        }
        world.learn_all(&format!("{held}, due {due}"));
        let decision = world.decide();
        let live = world.facts.readable().filter(|(_, one)| one.status.live()).count();
        if live >= 2 && held.is_empty() {
            let told = told::decision(&decision);
            prop_assert!(
                told.starts_with("cancel/") || told.contains("double_collection"),
                "two live payments: {told}",
            );
        }
        if let Some(command) = &decision.command {
            let cancels = matches!(command.write, Write::Processor(ProcessorWrite::CancelCollection(_)));
            let theirs = world.facts.attempts.iter().any(|attempt| {
                attempt.adopted && command.key.as_str().contains(attempt.id.as_str())
            });
            prop_assert!(!(cancels && theirs), "cancels another party's payment");
        }
    }
}
