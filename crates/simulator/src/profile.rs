//! What kind of world a seed is: which policy, which moves, which faults and how often. Seeds differ
//! in this on purpose: a world where everything happens at once hides what one thing alone breaks.

use std::collections::BTreeMap;

use jiff::civil::Date;
use model::ids::LedgerAccountId;
use model::policy::{
    Accounts, AfterReversal, AmountChanged, ApprovalPendingPolicy, BankAccount, ClosedPeriod,
    CollectWhich, Deposits, ForeignPayments, Limits, Mode, Policy, PostOn, Retries, ReversalRoute,
};

use crate::faults::Fault;
use crate::moves::Family;
use crate::random::Random;
use crate::world::erp::{BANK, CURRENCY};

/// Seconds by which the clocks of hosts that ask for the time are apart.
pub const SKEW_SECONDS: i64 = 120;

#[derive(Debug, Clone)]
pub struct Profile {
    pub policy: Policy,
    pub families: Vec<Family>,
    pub rates: BTreeMap<Fault, u32>,
    pub customers: u64,
    pub invoices: u64,
    pub steps: u32,
    /// Records of one page of a list: small ones make paging happen, large ones make stories quick.
    pub page: usize,
    /// Moves of one step, at most: many of them are met at once.
    pub moves_max: u64,
    pub pace: Pace,
    /// The bank account is in another currency than what is collected.
    pub exchanged: bool,
    /// Payments fail for every cause there is, and payouts have every kind of item.
    pub further: bool,
    /// Customers that the processor does not know at the beginning.
    pub strangers: u64,
    /// The processor lets this account make nothing of bank details.
    pub details_forbidden: bool,
    /// Chance in ten thousand that a quiet point comes after a step.
    pub calm: u32,
    /// Seconds by which a worker's business clock may be off at most.
    pub skew_seconds: i64,
}

/// How much time a step takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Pace {
    /// Seconds to a day.
    #[default]
    Usual,
    /// Around deadlines, cut-offs and watches.
    Short,
    /// Mostly days.
    Days,
}

/// Chances in ten thousand per occasion, when the fault is among those of the seed.
fn usual_rate(fault: Fault) -> u32 {
    match fault {
        Fault::CrashBeforeStore | Fault::CrashAfterStore => 8,
        Fault::CrashBeforeRequest => 20,
        Fault::CrashAfterAnswer => 500,
        Fault::PauseOverLease => 12,
        Fault::StoreBusy | Fault::StoreFull => 8,
        Fault::StoreLost | Fault::StoreUnsure => 8,
        Fault::RequestLost | Fault::AnswerLost | Fault::EffectLate => 900,
        Fault::TimedOut => 60,
        Fault::Conflict => 500,
        Fault::Throttled | Fault::Unavailable => 100,
        Fault::Burst | Fault::Unauthorised => 10,
        Fault::StaleRead => 1_500,
        Fault::RepeatedPage | Fault::ShortPage | Fault::MovedBetween => 1_000,
        Fault::EventLate => 2_000,
        Fault::WebhookLost => 4_000,
        Fault::WebhookDoubled | Fault::WebhookLate | Fault::WebhookForged => 2_000,
        Fault::WebhookReordered => 5_000,
        Fault::WebhookOdd => 500,
        Fault::ClockJump => 150,
        Fault::ClockSkew => 500,
        // It comes of pauses and second workers; the others need a wire.
        Fault::LeaseLost | Fault::BrokenOff | Fault::BodyCut | Fault::TokenExpired => 0,
        // No dice: done by people and systems.
        Fault::BankDetails
        | Fault::OtherCurrency
        | Fault::PaidInOther
        | Fault::RefusedForGood
        | Fault::Exchanged
        | Fault::Predecessor
        | Fault::Answered => 0,
    }
}

impl Profile {
    #[must_use]
    pub fn of(random: &mut Random, cut_over_on: Date) -> Profile {
        let (calm, storm) = (random.chance(1_500), random.chance(1_500));
        let force = if storm { 3 } else { 1 };
        let rates = Fault::ALL
            .iter()
            .filter(|_| !calm && random.chance(6_000))
            .map(|fault| (*fault, usual_rate(*fault) * force));
        let rates: BTreeMap<Fault, u32> = rates.collect();
        let families = Family::ALL
            .iter()
            .filter(|family| matches!(family, Family::Bank) || random.chance(5_000));
        let families = families.copied().collect();
        Profile {
            policy: policy(random, cut_over_on),
            families,
            rates,
            customers: random.below(3) + 1,
            invoices: random.below(4) + 1,
            steps: steps(random),
            page: random.pick(&[3, 10, 40]).copied().unwrap_or(3),
            moves_max: 3,
            pace: Pace::Usual,
            exchanged: false,
            further: false,
            strangers: 0,
            details_forbidden: false,
            calm: 0,
            skew_seconds: SKEW_SECONDS,
        }
    }
}

/// Most stories are short, so that there are many of them; some are long, since some ways need it.
fn steps(random: &mut Random) -> u32 {
    let (first, last) = match random.below(10) {
        0..=5 => (4, 14),
        6..=8 => (14, 30),
        _ => (30, 70),
    };
    u32::try_from(random.between(first, last)).unwrap_or(10)
}

fn policy(random: &mut Random, cut_over_on: Date) -> Policy {
    let account = |name: &str| Some(LedgerAccountId::from(name));
    let bank = BankAccount { account: LedgerAccountId::from(BANK), subsidiary: None };
    let mut one = |often: u32| random.chance(often);
    let mut policy = Policy {
        mode: Mode::On,
        cut_over_on: Some(cut_over_on),
        collect: if one(3_000) { CollectWhich::AllOpen } else { CollectWhich::Flagged },
        post_on: if one(3_500) { PostOn::Confirmed } else { PostOn::PaidOut },
        time_zone: if one(3_000) { "America/New_York" } else { "Europe/London" }.to_owned(),
        closed_period: if one(5_000) { ClosedPeriod::NextOpen } else { ClosedPeriod::Hold },
        accounts: Accounts {
            undeposited: None,
            banks: BTreeMap::from([(CURRENCY.code().to_owned(), bank)]),
            exchange_clearing: None,
            fees: account("fees"),
            fee_tax: if one(5_000) { account("fee tax") } else { None },
            app_fees: None,
            surcharges: None,
            chargebacks: account("chargebacks"),
            refunds: account("refunds"),
            rounding: account("rounding"),
            suspense: account("suspense"),
        },
        currencies: vec![CURRENCY],
        amount_changed: if one(2_500) {
            AmountChanged::Alert
        } else {
            AmountChanged::RecreateWhileCancellable
        },
        foreign_payments: if one(2_500) {
            ForeignPayments::Hold
        } else {
            ForeignPayments::Suspense
        },
        deposits: if one(1_500) { Deposits::LeftToPeople } else { Deposits::Made },
        approval_pending: if one(5_000) {
            ApprovalPendingPolicy::Wait
        } else {
            ApprovalPendingPolicy::Collect
        },
        limits: Limits {
            day_count_max: if one(1_000) { Some(1) } else { None },
            ..Limits::default()
        },
        reversals: if one(4_000) { ReversalRoute::InDeposit } else { ReversalRoute::FromBank },
        after_chargeback: if one(4_000) {
            AfterReversal::CollectAfterDays(2)
        } else {
            AfterReversal::LeaveOpen
        },
        retries: Retries { count: 3, first_after_days: 1, by_processor: one(3_000) },
        ..Policy::default()
    };
    // Of some links, and without dice of their own, so that the stories stay as they are.
    policy.accounts.app_fees = account("app fees").filter(|_| policy.post_on == PostOn::Confirmed);
    let hold = policy.closed_period == ClosedPeriod::Hold;
    policy.accounts.surcharges = account("surcharges").filter(|_| hold);
    policy
}
