//! What the demo shows of one story: a bar for the days and lines for what happens; nothing but the
//! result with `--json`.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use indicatif::ProgressBar;

use super::screen::Screen;
use super::truth::{Kind, Truth};
use crate::failure::Result;
use crate::output::wrapped;

/// Where the lines of one story go.
pub struct View {
    screen: Arc<Screen>,
    bar: Option<ProgressBar>,
    /// Lines that wait until the story before this one is told.
    held: Mutex<Option<Vec<String>>>,
}

/// What an event of the processor means on a day's line, of one and of several, in the order of the
/// story.
const EVENTS: [(&str, &str, &str); 20] = [
    ("billing_requests.created", "mandate asked for", "mandates asked for"),
    ("billing_requests.fulfilled", "mandate authorised", "mandates authorised"),
    ("mandates.active", "mandate active", "mandates active"),
    ("payments.created", "payment made", "payments made"),
    ("payments.cancelled", "payment cancelled", "payments cancelled"),
    ("payments.submitted", "sent to the bank", "sent to the banks"),
    ("payments.confirmed", "confirmed", "confirmed"),
    ("payments.failed", "FAILED", "FAILED"),
    ("payments.resubmission_requested", "retried", "retried"),
    ("payments.charged_back", "CHARGED BACK", "CHARGED BACK"),
    ("payments.chargeback_cancelled", "chargeback cancelled", "chargebacks cancelled"),
    ("payments.paid_out", "in payouts", "in payouts"),
    ("payments.late_failure_settled", "late failure debited", "late failures debited"),
    ("payments.chargeback_settled", "chargeback debited", "chargebacks debited"),
    ("refunds.created", "refund made", "refunds made"),
    ("refunds.refund_settled", "refund debited", "refunds debited"),
    ("payouts.paid", "payout paid", "payouts paid"),
    ("payouts.fx_rate_confirmed", "rate confirmed", "rates confirmed"),
    ("mandates.cancelled", "mandate cancelled", "mandates cancelled"),
    ("creditors.bounced_payout", "payout bounced", "payouts bounced"),
];

impl View {
    /// `name` stands before the bar of `days`, about. `behind`: its lines wait for
    /// [`View::come_forward`].
    #[must_use]
    pub fn new(screen: Arc<Screen>, name: &str, days: u64, behind: bool) -> View {
        let bar = screen.bar(name, days);
        View { screen, bar, held: Mutex::new(behind.then(Vec::new)) }
    }

    /// Prints a line, now or when the story comes forward.
    pub fn say(&self, line: impl AsRef<str>) {
        let line = line.as_ref();
        match self.held.lock() {
            Ok(mut held) => match held.as_mut() {
                Some(lines) => lines.push(line.to_owned()),
                None => self.screen.say(line),
            },
            Err(_) => self.screen.say(line),
        }
    }

    /// Prints what waited; from now on lines are printed at once.
    pub fn come_forward(&self) {
        let held = self.held.lock().ok().and_then(|mut held| held.take());
        for line in held.unwrap_or_default() {
            self.screen.say(&line);
        }
    }

    /// Fails once nobody reads.
    pub fn check(&self) -> Result<()> {
        self.screen.check()
    }

    /// No bars while a person types.
    pub fn rest(&self, rests: bool) {
        self.screen.rest(rests);
    }

    /// A day begins.
    pub fn day(&self, nth: u64) {
        if let Some(bar) = &self.bar {
            bar.set_length(bar.length().unwrap_or(nth).max(nth));
            bar.set_position(nth);
        }
    }

    /// So many cases are worked on.
    pub fn busy(&self, cases: i64) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{cases} cases in work"));
        }
    }

    /// A stream is not read up to now yet.
    pub fn unread(&self, stream: &str) {
        if let Some(bar) = &self.bar {
            bar.set_message(format!("reading {stream}"));
        }
    }

    /// What happened between two truths, in lines after `when`; none when nothing did.
    #[must_use]
    pub fn happened(when: &str, before: &Truth, after: &Truth) -> Vec<String> {
        let mut parts = Vec::new();
        for (event, one, several) in EVENTS {
            let count = |truth: &Truth| truth.events.get(event).copied().unwrap_or(0);
            let more = count(after).saturating_sub(count(before));
            if more > 0 {
                parts.push(format!("{more} {}", if more == 1 { one } else { several }));
            }
        }
        let (old, new) = (kinds(before), kinds(after));
        for kind in Kind::ALL {
            let count = |counts: &BTreeMap<Kind, usize>| counts.get(&kind).copied().unwrap_or(0);
            let more = count(&new).saturating_sub(count(&old));
            if more > 0 {
                parts.push(format!("{more} {}", kind.words(more)));
            }
        }
        if parts.is_empty() { Vec::new() } else { wrapped(when, &parts, " · ") }
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn kinds(truth: &Truth) -> BTreeMap<Kind, usize> {
    let mut counts = BTreeMap::new();
    for one in &truth.documents {
        *counts.entry(one.kind).or_default() += 1;
    }
    counts
}
