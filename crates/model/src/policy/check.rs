//! Whether a policy can be meant at all, before it is stored: one sentence with the key, the value and
//! what is allowed (DESIGN.md section 4, Link policy).

use std::collections::BTreeMap;

use super::{AfterReversal, CollectWhich, Policy};
use crate::money::Currency;

/// The most retries a processor allows for one payment (gocardless sheet section 10).
const RETRIES_MAX: u32 = 3;

/// The longest wait that is meant as one: ten years.
const DAYS_MAX: u32 = 3660;

impl Policy {
    /// Every value is one that can be meant. Time zone and schedule are checked where they are read.
    ///
    /// # Errors
    /// The first value that can not be meant, in a sentence for the person who wrote it.
    pub fn check(&self) -> Result<(), String> {
        self.check_accounts()?;
        self.check_limits()?;
        self.check_days()?;
        let mut currencies = self.currencies.clone();
        currencies.sort_unstable();
        currencies.dedup();
        if currencies.len() != self.currencies.len() {
            return Err("currencies: each currency may be named once".to_owned());
        }
        if self.retries.count > RETRIES_MAX {
            let count = self.retries.count;
            return Err(format!(
                "retries.count = {count}: a payment can be retried {RETRIES_MAX} times at most; allowed \
                 are 0 to {RETRIES_MAX}"
            ));
        }
        self.exchange.check()
    }

    fn check_accounts(&self) -> Result<(), String> {
        let accounts = &self.accounts;
        let single = [
            ("undeposited", &accounts.undeposited),
            ("exchange_clearing", &accounts.exchange_clearing),
            ("fees", &accounts.fees),
            ("fee_tax", &accounts.fee_tax),
            ("app_fees", &accounts.app_fees),
            ("surcharges", &accounts.surcharges),
            ("chargebacks", &accounts.chargebacks),
            ("refunds", &accounts.refunds),
            ("rounding", &accounts.rounding),
            ("suspense", &accounts.suspense),
        ];
        for (name, account) in single {
            if let Some(account) = account {
                written(&format!("accounts.{name}"), account.as_str())?;
            }
        }
        for (key, bank) in &accounts.banks {
            // Creditor bank accounts have longer ids than a currency has letters.
            if key.len() <= 3 {
                currency("accounts.banks", key)?;
            }
            written(&format!("accounts.banks.{key}.account"), bank.account.as_str())?;
            if let Some(subsidiary) = &bank.subsidiary {
                written(&format!("accounts.banks.{key}.subsidiary"), subsidiary.as_str())?;
            }
        }
        Ok(())
    }

    fn check_limits(&self) -> Result<(), String> {
        let limits = &self.limits;
        amounts("limits.invoice_max", &limits.invoice_max)?;
        amounts("limits.run_max", &limits.run_max)?;
        amounts("limits.day_max", &limits.day_max)?;
        for (name, count) in [("run", limits.run_count_max), ("day", limits.day_count_max)] {
            if count == Some(0) {
                return Err(format!(
                    "limits.{name}_count_max = 0: it must be 1 at least (to collect nothing: links \
                     off, or links on --post-only)"
                ));
            }
        }
        Ok(())
    }

    fn check_days(&self) -> Result<(), String> {
        let collect = match self.collect {
            CollectWhich::DueWithinDays(days) => days,
            CollectWhich::Flagged | CollectWhich::Overdue | CollectWhich::AllOpen => 0,
        };
        let again = match self.after_chargeback {
            AfterReversal::CollectAfterDays(days) => days,
            AfterReversal::LeaveOpen => 0,
        };
        let days = [
            ("collect.due_within_days", collect),
            ("after_chargeback.collect_after_days", again),
            ("retries.first_after_days", self.retries.first_after_days),
        ];
        match days.into_iter().find(|(_, days)| *days > DAYS_MAX) {
            Some((key, days)) => Err(format!("{key} = {days}: allowed are 0 to {DAYS_MAX} days")),
            None => Ok(()),
        }
    }
}

/// An id of the ERP: without it the key is better left out.
fn written(key: &str, id: &str) -> Result<(), String> {
    if id.is_empty() || id.chars().any(char::is_whitespace) {
        return Err(format!(
            "{key} = \"{id}\": it must be an internal id of the ERP, without blanks (leave the key out \
             to set none)"
        ));
    }
    Ok(())
}

fn currency(key: &str, code: &str) -> Result<Currency, String> {
    code.parse().map_err(|_| {
        format!("{key}.{code}: \"{code}\" is no currency that is known; use a code like GBP")
    })
}

fn amounts(key: &str, by_currency: &BTreeMap<String, i64>) -> Result<(), String> {
    for (code, minor) in by_currency {
        currency(key, code)?;
        if *minor <= 0 {
            return Err(format!(
                "{key}.{code} = {minor}: it must be a number of minor units above 0 (5000 is 50.00; \
                 leave the key out to set no limit)"
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{LedgerAccountId, SubsidiaryId};
    use crate::policy::BankAccount;

    fn check(change: impl FnOnce(&mut Policy), expected: Option<&str>) {
        let mut policy = Policy::default();
        change(&mut policy);
        match (policy.check(), expected) {
            (Ok(()), None) => {}
            (Err(why), Some(part)) => assert!(why.contains(part), "{why:?} lacks {part:?}"),
            (got, expected) => panic!("{got:?}, expected {expected:?}"),
        }
    }

    fn bank(account: &str, subsidiary: Option<&str>) -> BankAccount {
        BankAccount {
            account: LedgerAccountId::new(account),
            subsidiary: subsidiary.map(SubsidiaryId::new),
        }
    }

    fn limit(code: &str, minor: i64) -> BTreeMap<String, i64> {
        BTreeMap::from([(code.to_owned(), minor)])
    }

    #[test]
    fn values_that_can_not_be_meant_are_named() {
        check(|_| {}, None);
        check(|p| p.limits.invoice_max = limit("GBP", 1), None);
        check(|p| p.limits.invoice_max = limit("GBP", 0), Some("limits.invoice_max.GBP = 0"));
        check(|p| p.limits.invoice_max = limit("GBP", -5), Some("limits.invoice_max.GBP = -5"));
        check(|p| p.limits.invoice_max = limit("XXX", 5), Some("\"XXX\" is no currency"));
        check(|p| p.limits.day_max = limit("EUR", -1), Some("limits.day_max.EUR = -1"));
        check(|p| p.limits.run_max = limit("EUR", 0), Some("limits.run_max.EUR = 0"));
        check(|p| p.limits.run_count_max = Some(0), Some("limits.run_count_max = 0"));
        check(|p| p.limits.day_count_max = Some(0), Some("limits.day_count_max = 0"));
        check(|p| p.retries.count = 3, None);
        check(|p| p.retries.count = 99, Some("retries.count = 99"));
        check(|p| p.retries.first_after_days = 99_999, Some("retries.first_after_days"));
        check(|p| p.currencies = vec![Currency::GBP, Currency::GBP], Some("named once"));
        check(|p| p.accounts.fees = Some(LedgerAccountId::new("")), Some("accounts.fees = \"\""));
        check(|p| p.accounts.fees = Some(LedgerAccountId::new("6 4")), Some("without blanks"));
        let with = |key: &'static str, one: BankAccount| {
            move |p: &mut Policy| p.accounts.banks = BTreeMap::from([(key.to_owned(), one)])
        };
        check(with("GBP", bank("210", None)), None);
        check(with("BA000123", bank("210", Some("2"))), None);
        check(with("GBP", bank("", None)), Some("accounts.banks.GBP.account = \"\""));
        check(with("GBP", bank("210", Some(""))), Some("accounts.banks.GBP.subsidiary"));
        check(with("XXX", bank("210", None)), Some("accounts.banks.XXX"));
    }
}
