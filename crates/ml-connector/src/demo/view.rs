//! What the demo shows: a bar for the days and a line for each thing that happens; plain lines where
//! there is no terminal, nothing but the result with `--json`.

use std::collections::BTreeMap;
use std::io::IsTerminal;

use indicatif::{ProgressBar, ProgressStyle};

use super::truth::{Kind, Truth};

/// Where lines go.
pub struct View {
    bar: Option<ProgressBar>,
    quiet: bool,
}

/// What an event of the processor means on a day's line, in the order of the story.
const EVENTS: [(&str, &str); 20] = [
    ("billing_requests.created", "mandates asked for"),
    ("billing_requests.fulfilled", "authorised by payers"),
    ("mandates.active", "mandates active"),
    ("payments.created", "collections made"),
    ("payments.cancelled", "collections cancelled"),
    ("payments.submitted", "sent to the banks"),
    ("payments.confirmed", "confirmed"),
    ("payments.failed", "FAILED"),
    ("payments.resubmission_requested", "retried"),
    ("payments.charged_back", "CHARGED BACK"),
    ("payments.chargeback_cancelled", "chargebacks cancelled"),
    ("payments.paid_out", "in payouts"),
    ("payments.late_failure_settled", "late failures debited"),
    ("payments.chargeback_settled", "chargebacks debited"),
    ("refunds.created", "refunds made"),
    ("refunds.refund_settled", "refunds debited"),
    ("payouts.paid", "payouts paid"),
    ("payouts.fx_rate_confirmed", "rates confirmed"),
    ("mandates.cancelled", "mandates cancelled"),
    ("creditors.bounced_payout", "payouts bounced"),
];

impl View {
    /// `days`: how long the story takes about. `quiet`: only the result is wanted.
    #[must_use]
    pub fn new(days: u64, quiet: bool) -> View {
        let terminal = std::io::stderr().is_terminal();
        let bar = (terminal && !quiet).then(|| {
            let style = ProgressStyle::with_template("{bar:30} day {pos}/{len}  {elapsed}  {msg}");
            let bar = ProgressBar::new(days);
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            bar.enable_steady_tick(std::time::Duration::from_millis(200));
            bar
        });
        View { bar, quiet }
    }

    /// Prints a line.
    pub fn say(&self, line: impl AsRef<str>) {
        match &self.bar {
            _ if self.quiet => {}
            Some(bar) => bar.suspend(|| println!("{}", line.as_ref())),
            None => println!("{}", line.as_ref()),
        }
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

    /// What happened between two truths, in one line; empty when nothing did.
    #[must_use]
    pub fn happened(before: &Truth, after: &Truth) -> String {
        let mut parts = Vec::new();
        for (event, words) in EVENTS {
            let count = |truth: &Truth| truth.events.get(event).copied().unwrap_or(0);
            let more = count(after).saturating_sub(count(before));
            if more > 0 {
                parts.push(format!("{more} {words}"));
            }
        }
        let (old, new) = (kinds(before), kinds(after));
        for kind in Kind::ALL {
            let count = |counts: &BTreeMap<Kind, usize>| counts.get(&kind).copied().unwrap_or(0);
            let more = count(&new).saturating_sub(count(&old));
            if more > 0 {
                parts.push(format!("{more} {}", kind.words()));
            }
        }
        parts.join(" · ")
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
