//! What each key of a policy wants, in words, with an example that can be typed in any shell.

/// What a key wants, and an example that can be typed in any shell.
pub struct Wanted {
    pub key: &'static str,
    pub what: &'static str,
    pub example: &'static str,
}

const fn wanted(key: &'static str, what: &'static str, example: &'static str) -> Wanted {
    Wanted { key, what, example }
}

const MINOR_UNITS: &str = "a whole number of minor units for a currency";

/// Every key of a policy; a key not listed wants what the table above it wants.
pub const WANTED: [Wanted; 37] = [
    wanted("mode", "off (\"links on\" and \"links on --post-only\" set the others)", "mode=off"),
    wanted("cut_over_on", "a day, YYYY-MM-DD", "cut_over_on=2026-04-01"),
    wanted(
        "collect",
        "flagged, overdue, all_open, or a number of days before the due date",
        "collect=overdue, or collect.due_within_days=14",
    ),
    wanted("collect.due_within_days", "a whole number of days", "collect.due_within_days=14"),
    wanted("post_on", "confirmed or paid_out", "post_on=paid_out"),
    wanted("time_zone", "an IANA name", "time_zone=Europe/London"),
    wanted("closed_period", "hold or next_open", "closed_period=hold"),
    wanted("accounts", "an account's internal id in the ERP", "accounts.fees=640"),
    wanted(
        "accounts.banks",
        "a bank account by currency or by creditor bank account",
        "accounts.banks.GBP.account=210",
    ),
    wanted(
        "accounts.banks.*.subsidiary",
        "a subsidiary's internal id",
        "accounts.banks.GBP.subsidiary=2",
    ),
    wanted("currencies", "a list of currency codes", "currencies=GBP,EUR"),
    wanted(
        "amount_changed",
        "recreate_while_cancellable or alert",
        "amount_changed=recreate_while_cancellable",
    ),
    wanted("foreign_payments", "suspense or hold", "foreign_payments=hold"),
    wanted("deposits", "made or left_to_people", "deposits=made"),
    wanted("reversals", "from_bank or in_deposit", "reversals=from_bank"),
    wanted(
        "after_chargeback",
        "leave_open, or a number of days",
        "after_chargeback=leave_open, or after_chargeback.collect_after_days=10",
    ),
    wanted(
        "after_chargeback.collect_after_days",
        "a whole number of days",
        "after_chargeback.collect_after_days=10",
    ),
    wanted("bounced", "hold or reverse", "bounced=hold"),
    wanted("approval_pending", "collect or wait", "approval_pending=collect"),
    wanted(
        "retries",
        "retries.count, retries.first_after_days or retries.by_processor",
        "retries.count=3",
    ),
    wanted("retries.count", "a whole number from 0 to 3", "retries.count=3"),
    wanted("retries.first_after_days", "a whole number of days", "retries.first_after_days=2"),
    wanted("retries.by_processor", "true or false", "retries.by_processor=false"),
    wanted("mandate_request", "off or link", "mandate_request=link"),
    wanted("bank_details_not_allowed", "link or hold", "bank_details_not_allowed=link"),
    wanted("limits", "a limit", "limits.invoice_max.GBP=500000 (5000.00 pounds)"),
    wanted("limits.invoice_max", MINOR_UNITS, "limits.invoice_max.GBP=500000 (5000.00 pounds)"),
    wanted("limits.run_max", MINOR_UNITS, "limits.run_max.GBP=5000000 (50000.00 pounds)"),
    wanted("limits.day_max", MINOR_UNITS, "limits.day_max.GBP=5000000 (50000.00 pounds)"),
    wanted("limits.run_count_max", "a whole number from 1", "limits.run_count_max=100"),
    wanted("limits.day_count_max", "a whole number from 1", "limits.day_count_max=500"),
    wanted(
        "exchange",
        "erp_rate, or fixed rates with a base currency",
        "exchange=erp_rate, or exchange.fixed.base=GBP exchange.fixed.rates.EUR.2026-03=0.85",
    ),
    wanted(
        "exchange.fixed",
        "a base currency, and rates by currency and month",
        "exchange.fixed.base=GBP exchange.fixed.rates.EUR.2026-03=0.85",
    ),
    wanted(
        "exchange.fixed.rates",
        "base units per one foreign unit, by currency and month",
        "exchange.fixed.rates.EUR.2026-03=0.85",
    ),
    wanted("payment_reference", "true or false", "payment_reference=true"),
    wanted("poll_seconds", "a whole number of seconds from 1", "poll_seconds=120"),
    wanted("poll_cron", "a cron expression in quotes", "'poll_cron=0 9 * * 1-5'"),
];

/// Parts of a key agree; `*` stands for any part.
fn leads_to(pattern: &str, key: &[String]) -> bool {
    let parts: Vec<&str> = pattern.split('.').collect();
    parts.len() <= key.len()
        && parts.iter().zip(key).all(|(part, given)| *part == "*" || part == given)
}

/// The most particular entry for a key.
pub fn wanted_by(key: &[String]) -> Option<&'static Wanted> {
    let fitting = WANTED.iter().filter(|one| leads_to(one.key, key));
    fitting.max_by_key(|one| one.key.split('.').count())
}
