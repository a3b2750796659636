//! The closing table, the broken promises, and what `verify` says.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use model::key::Key;
use serde::Serialize;

use super::check::{Broken, Case, check, secrecy};
use super::company::major;
use super::driver::Told;
use super::ground::Ground;
use super::setup::{Live, secrets};
use super::story::End;
use super::truth::Truth;
use crate::failure::{Failure, Result};
use crate::output;

/// Everything there is to say at the end.
#[derive(Debug, Serialize)]
pub struct Report {
    pub seed_plan: String,
    pub days: u64,
    pub host_seconds: u64,
    pub kills: u32,
    /// Writes whose answer was lost by a kill, and those of them that had had their effect.
    pub cut_off: usize,
    pub cut_off_found: usize,
    pub memory_kilobytes: u64,
    pub calls_processor: u64,
    pub calls_erp: u64,
    pub invoices: usize,
    /// `what -> how often`.
    pub counts: BTreeMap<String, usize>,
    /// Paid out, by currency, minor units.
    pub paid_out: BTreeMap<String, i64>,
    /// Cases that wait for a person, as the connector lists them.
    pub attention: i64,
    pub verified: bool,
    pub broken: Vec<Broken>,
    #[serde(skip)]
    verify_text: String,
}

impl Report {
    pub async fn make(
        ground: &Ground,
        live: &Live,
        told: Told,
        folder: &Path,
        took: Duration,
    ) -> Result<Report> {
        let Told { truth, hands, chapters, days } = told;
        let stage = ground.stage();
        let (accounts, stamp) = (stage.accounts(), |key: &Key| stage.stamp(key));
        let case = Case { truth: &truth, hands: &hands, accounts: &accounts, stamp: &stamp };
        let mut broken = check(&case);
        let end = End { company: &live.company, truth: &truth };
        broken.extend(chapters.iter().flat_map(|chapter| chapter.check(&end)));
        let secrets = secrets(stage);
        let leaks = secrecy::check(folder, &secrets).map_err(Failure::file("the demo's folder"))?;
        broken.extend(leaks);
        let status = live.watch.status(ground.now()).await?;
        let (cut_off, cut_off_found) = live.watch.cut_off().await?;
        let verified = live.server.binary().ended(&["verify"]).await?;
        if verified.code != 0 {
            broken.push(Broken::new("verify", format!("ended with {}", verified.code)));
        }
        let mut paid_out: BTreeMap<String, i64> = BTreeMap::new();
        for payout in &truth.payouts {
            *paid_out.entry(payout.currency.clone()).or_default() += payout.amount;
        }
        Ok(Report {
            seed_plan: live.accepted.clone(),
            days,
            host_seconds: took.as_secs(),
            kills: live.server.kills,
            cut_off,
            cut_off_found,
            memory_kilobytes: live.server.memory_kilobytes,
            calls_processor: truth.calls.0,
            calls_erp: truth.calls.1,
            invoices: live.company.invoices.iter().filter(|made| made.collect).count(),
            counts: counts(&truth),
            paid_out,
            attention: status.attention,
            verified: verified.code == 0,
            broken,
            verify_text: verified.text,
        })
    }

    /// Every promise holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.broken.is_empty()
    }

    /// The closing table, what `verify` says, and what is broken. `name`: whose story it is.
    #[must_use]
    pub fn text(&self, name: &str) -> String {
        let table = output::table_text(&[name, "how much"], self.rows());
        let mut text = format!("\n{table}\n\n");
        text.push_str(if self.verified { "verify: proved" } else { "verify: NOT proved" });
        if !self.verified {
            text.push_str(&format!("\n{}", self.verify_text.trim_end()));
        }
        if self.broken.is_empty() {
            text.push_str("\nEvery promise holds, by the emulators' own ledgers.");
            return text;
        }
        let many = if self.broken.len() == 1 { "promise is" } else { "promises are" };
        text.push_str(&format!("\n\n{} {many} BROKEN:", self.broken.len()));
        for one in &self.broken {
            text.push_str(&format!("\n  {}: {}", one.promise, one.what));
        }
        text
    }

    /// In the order of the story.
    fn rows(&self) -> Vec<Vec<String>> {
        let row = |what: &str, value: String| vec![what.to_owned(), value];
        let per_invoice = |calls: u64| {
            let tenths = calls * 10 / u64::try_from(self.invoices.max(1)).unwrap_or(1);
            format!("{calls} ({}.{} per invoice)", tenths / 10, tenths % 10)
        };
        let known =
            COUNTS.iter().filter_map(|(what, words)| Some((*words, *self.counts.get(*what)?)));
        let others =
            self.counts.iter().filter(|(what, _)| !COUNTS.iter().any(|(one, _)| one == what));
        let others = others.map(|(what, count)| (what.as_str(), *count));
        let counted = known.chain(others);
        let mut rows: Vec<Vec<String>> =
            counted.map(|(words, count)| row(words, count.to_string())).collect();
        for (currency, minor) in &self.paid_out {
            rows.push(row(PAID_OUT, format!("{currency} {}", major(*minor))));
        }
        rows.push(row(WAITING, self.attention.to_string()));
        rows.push(row("calls to the processor", per_invoice(self.calls_processor)));
        rows.push(row("calls to the ERP", per_invoice(self.calls_erp)));
        if self.kills > 0 {
            rows.push(row("killed and restarted", self.kills.to_string()));
            let found = format!("{} ({} were found done)", self.cut_off, self.cut_off_found);
            rows.push(row("writes cut off by a kill", found));
        }
        rows.push(row("memory of the server", format!("{} MB", self.memory_kilobytes / 1_024)));
        rows.push(row("took", format!("{} days in {} s", self.days, self.host_seconds)));
        rows
    }
}

/// What is counted, in the order of the story, with its words; what is not named here comes after it.
const COUNTS: [(&str, &str); 19] = [
    ("mandates asked for", "mandates asked for"),
    ("payments paid_out", "payments paid out"),
    ("payments failed", "payments that failed for good"),
    ("payments charged_back", "payments charged back"),
    ("payments cancelled", "payments cancelled"),
    ("payouts", "payouts"),
    ("payout items payment_paid_out", "in payouts: payments"),
    ("payout items payment_failed", "in payouts: late failures"),
    ("payout items payment_charged_back", "in payouts: chargebacks"),
    ("payout items payment_refunded", "in payouts: refunds"),
    ("payout items gocardless_fee", "in payouts: fees"),
    ("payout items surcharge_fee", "in payouts: surcharges"),
    ("booked receipts", "booked: receipts"),
    ("booked refunds", "booked: refunds and reversals"),
    ("booked voids", "booked: receipts voided"),
    ("booked parts", "booked: parts of them entered anew"),
    ("booked deposits", "booked: deposits"),
    ("booked journals", "booked: journals"),
    ("payments confirmed", "payments confirmed"),
];

/// Cases that only a person can resolve.
const WAITING: &str = "cases that wait for a person";
/// What was paid out in a currency.
const PAID_OUT: &str = "paid out, and in the bank account";

fn counts(truth: &Truth) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for payment in truth.payments.values() {
        *counts.entry(format!("payments {}", payment.status)).or_default() += 1;
    }
    for one in &truth.documents {
        *counts.entry(format!("booked {}s", one.kind.word())).or_default() += 1;
    }
    for (_, item) in truth.items() {
        *counts.entry(format!("payout items {}", item.kind)).or_default() += 1;
    }
    counts.insert("payouts".to_owned(), truth.payouts.len());
    counts.insert("mandates asked for".to_owned(), truth.mandate_requests.len());
    counts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The picture in the README shows rows that a run prints.
    #[test]
    fn the_picture_has_the_words_of_the_table() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/images/demo.svg");
        let picture = std::fs::read_to_string(file).unwrap();
        let texts = picture.split("</text>").filter_map(|text| text.rsplit('>').next());
        let texts: Vec<&str> = texts.map(str::trim).collect();
        let begin = texts.iter().position(|text| *text == "HOW MUCH").unwrap() + 1;
        let end = texts.iter().position(|text| text.starts_with("verify:")).unwrap();
        let labels: Vec<&&str> = texts[begin..end].iter().step_by(2).collect();
        assert!(labels.len() > 5, "{labels:?}");
        for label in labels {
            let known = COUNTS.iter().any(|(_, words)| words == label);
            assert!(known || [PAID_OUT, WAITING].contains(label), "{label}");
        }
    }
}
