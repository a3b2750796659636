//! What will happen to payments and refunds: success, unless a plan says otherwise. Causes and
//! reason codes follow the schemes' tables (gocardless sheet section 18).

use serde::{Deserialize, Serialize};

/// How a payment ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Confirmed and paid out.
    #[default]
    Success,
    /// Failed instead of confirmed.
    Fails,
    /// Confirmed (and paid out), then failed.
    FailsLate,
    /// Confirmed (and paid out), then charged back.
    ChargedBack,
    /// Submitted, and nothing is heard of it.
    StaysSubmitted,
}

/// The plan of one attempt of a payment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PaymentPlan {
    /// How it ends.
    pub outcome: Outcome,
    /// Cause of the event; `insufficient_funds` means the scheme's own code for "no money".
    pub cause: Option<String>,
    /// Overrides the code that belongs to the cause.
    pub reason_code: Option<String>,
    /// Late outcomes: after the payout (default) or before it.
    pub after_payout: bool,
    /// Late outcomes: working days after the payout, or after the confirmation.
    pub days: i64,
    /// Chargebacks: cancelled so many working days later.
    pub cancelled_after_days: Option<i64>,
    /// Failures: GoCardless retries by itself, if the payment allows it, with a charge date so
    /// many working days later.
    pub auto_retry_after_days: Option<i64>,
    /// Failures: the bank cancels the mandate too. Bacs does so by itself for some codes.
    pub cancels_mandate: bool,
    /// Late outcomes after the payout: the surcharge of the fee plan is taken.
    pub surcharge: bool,
}

impl Default for PaymentPlan {
    fn default() -> Self {
        Self {
            outcome: Outcome::Success,
            cause: None,
            reason_code: None,
            after_payout: true,
            days: 1,
            cancelled_after_days: None,
            auto_retry_after_days: None,
            cancels_mandate: false,
            surcharge: true,
        }
    }
}

/// What happens to a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundPlan {
    /// Paid and settled.
    #[default]
    Success,
    /// Bounced: `refunds.failed`, nothing comes back yet.
    Bounced,
    /// Bounced, and the funds come back in a later payout.
    FundsReturned,
}

/// Whom a plan is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// One payment.
    Payment(String),
    /// The next payments on a mandate.
    Mandate(String),
    /// The next payments of a customer.
    Customer(String),
    /// The next payments, whoever pays.
    Any,
}

/// A plan that waits for payments to be submitted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiting<P> {
    /// For whom.
    pub target: Target,
    /// How many more it is for.
    pub count: u32,
    /// What happens.
    pub plan: P,
}

/// All plans that wait.
#[derive(Debug, Clone, Default)]
pub struct Plans {
    /// For payments, used up as they are submitted.
    pub payments: Vec<Waiting<PaymentPlan>>,
    /// For refunds, used up as they are created.
    pub refunds: Vec<Waiting<RefundPlan>>,
}

impl Plans {
    /// The plan of an attempt that is being submitted: the most particular one that waits.
    pub fn take_payment(&mut self, payment: &str, mandate: &str, customer: &str) -> PaymentPlan {
        take(&mut self.payments, payment, mandate, customer).unwrap_or_default()
    }

    /// The plan of a refund that is being created.
    pub fn take_refund(&mut self, payment: &str, mandate: &str, customer: &str) -> RefundPlan {
        take(&mut self.refunds, payment, mandate, customer).unwrap_or_default()
    }
}

fn take<P: Clone>(
    waiting: &mut Vec<Waiting<P>>,
    payment: &str,
    mandate: &str,
    customer: &str,
) -> Option<P> {
    let rank = |target: &Target| match target {
        Target::Payment(id) if id == payment => Some(0),
        Target::Mandate(id) if id == mandate => Some(1),
        Target::Customer(id) if id == customer => Some(2),
        Target::Any => Some(3),
        Target::Payment(_) | Target::Mandate(_) | Target::Customer(_) => None,
    };
    let (place, _) = waiting
        .iter()
        .enumerate()
        .filter_map(|(place, entry)| Some((place, rank(&entry.target)?)))
        .min_by_key(|(_, rank)| *rank)?;
    let entry = waiting.get_mut(place)?;
    let plan = entry.plan.clone();
    entry.count = entry.count.saturating_sub(1);
    if entry.count == 0 {
        waiting.remove(place);
    }
    Some(plan)
}

/// (scheme, cause, code) of `payments.failed`; the first row of a scheme is its "no money".
const FAILURES: &[(&str, &str, &str)] = &[
    ("bacs", "refer_to_payer", "ARUDD-0"),
    ("bacs", "mandate_cancelled", "ARUDD-1"),
    ("bacs", "bank_account_closed", "ARUDD-2"),
    ("bacs", "bank_account_transferred", "ARUDD-3"),
    ("bacs", "authorisation_disputed", "ARUDD-4"),
    ("bacs", "invalid_bank_details", "ARUDD-5"),
    ("bacs", "other", "ARUDD-6"),
    ("sepa_core", "insufficient_funds", "AM04"),
    ("sepa_core", "invalid_bank_details", "AC01"),
    ("sepa_core", "bank_account_closed", "AC04"),
    ("sepa_core", "direct_debit_not_enabled", "AG01"),
    ("sepa_core", "account_blocked_for_any_financial_transaction", "AC06"),
    ("sepa_core", "mandate_cancelled", "MD01"),
    ("sepa_core", "refer_to_payer", "MS03"),
    ("ach", "refer_to_payer", "ACH_RETURN-R01"),
    ("ach", "bank_account_closed", "ACH_RETURN-R02"),
    ("ach", "invalid_bank_details", "ACH_RETURN-R03"),
    ("ach", "authorisation_disputed", "ACH_RETURN-R05"),
    ("ach", "return_on_odfi_request", "ACH_RETURN-R06"),
    ("ach", "other", "ACH_RETURN-R17"),
    ("autogiro", "refer_to_payer", "TK82-1"),
    ("betalingsservice", "refer_to_payer", "PAYMENT_INFORMATION-0237"),
    ("betalingsservice", "mandate_cancelled", "PAYMENT_INFORMATION-0238"),
    ("betalingsservice", "other", "INFORMATION_LIST-0253"),
    ("becs", "refer_to_payer", "6"),
    ("becs", "invalid_bank_details", "1"),
    ("becs", "payment_stopped", "2"),
    ("becs", "bank_account_closed", "3"),
    ("becs", "other", "7"),
    ("becs", "authorisation_disputed", "MD01"),
    ("becs_nz", "refer_to_payer", "DISHONOUR-AM04"),
    ("becs_nz", "invalid_bank_details", "DISHONOUR-AC03"),
    ("becs_nz", "bank_account_closed", "DISHONOUR-AC04"),
    ("becs_nz", "mandate_cancelled", "DISHONOUR-AG01"),
    ("becs_nz", "other", "DISHONOUR-BE05"),
    ("pad", "refer_to_payer", "PAYMENT_STATUS_REPORT-901"),
    ("pad", "invalid_bank_details", "PAYMENT_STATUS_REPORT-900"),
    ("pad", "bank_account_closed", "PAYMENT_STATUS_REPORT-905"),
    ("pad", "other", "PAYMENT_STATUS_REPORT-909"),
];

/// (scheme, cause, code) of `payments.charged_back`; the first row of a scheme is the usual one.
/// The sheet has no codes for Autogiro and BECS NZ.
const CHARGEBACKS: &[(&str, &str, &str)] = &[
    ("bacs", "authorisation_disputed", "DDICA-1"),
    ("sepa_core", "refund_requested", "MD06"),
    ("sepa_core", "mandate_cancelled", "MD01"),
    ("ach", "authorisation_disputed", "ACH_RETURN-R10"),
    ("ach", "refund_requested", "ACH_RETURN-R16"),
    ("ach", "mandate_cancelled", "ACH_RETURN-R07"),
    ("ach", "return_on_odfi_request", "ACH_RETURN-R06"),
    ("becs", "authorisation_disputed", "UDUNAUT"),
    ("becs", "mandate_cancelled", "CBC"),
    ("becs", "other", "UCDUOTHR"),
    ("pad", "authorisation_disputed", "PAYMENT_STATUS_REPORT-915"),
    ("pad", "other", "PAYMENT_STATUS_REPORT-916"),
    ("pad", "mandate_cancelled", "PAYMENT_STATUS_REPORT-917"),
    ("betalingsservice", "refund_requested", "PAYMENT_INFORMATION-0239"),
    ("autogiro", "refund_requested", ""),
    ("becs_nz", "authorisation_disputed", ""),
];

/// (scheme, cause, code) of mandates that a bank ends by itself, from the public event table.
const MANDATE_ENDS: &[(&str, &str, &str)] = &[
    ("bacs", "mandate_cancelled", "ADDACS-1"),
    ("bacs", "invalid_bank_details", "AUDDIS-5"),
    ("sepa_core", "mandate_cancelled", "MD01"),
    ("sepa_core", "invalid_bank_details", "AC01"),
    ("ach", "mandate_cancelled", "ACH_RETURN-R07"),
    ("ach", "invalid_bank_details", "ACH_RETURN-R03"),
    ("becs", "mandate_cancelled", "CBC"),
    ("becs", "invalid_bank_details", "DEN"),
    ("becs_nz", "invalid_bank_details", "DISHONOUR-AC03"),
    ("pad", "mandate_cancelled", "PAYMENT_STATUS_REPORT-917"),
    ("pad", "invalid_bank_details", "PAYMENT_STATUS_REPORT-900"),
    ("betalingsservice", "mandate_cancelled", "MANDATE_INFORMATION-0232"),
];

/// The code with which a bank of `scheme` ends a mandate, if it has one.
pub fn mandate_end_code(scheme: &str, cause: &str) -> Option<String> {
    let fits = |row: &&(&str, &str, &str)| row.0 == scheme && row.1 == cause;
    MANDATE_ENDS.iter().find(fits).map(|(_, _, code)| (*code).to_owned())
}

/// Bacs codes after which the bank ends the mandate (section 17).
const MANDATE_KILLERS: [&str; 3] = ["ARUDD-1", "ARUDD-2", "ARUDD-B"];

/// The cause and code of a bank's refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// `details.cause`.
    pub cause: String,
    /// `details.reason_code`, if the scheme has one.
    pub code: Option<String>,
    /// The mandate ends with it.
    pub kills_mandate: bool,
}

fn resolve(rows: &[(&str, &str, &str)], scheme: &str, plan: &PaymentPlan) -> Reason {
    let wanted = plan.cause.as_deref();
    let of_scheme = || rows.iter().filter(|(row, _, _)| *row == scheme);
    let found = of_scheme().find(|(_, cause, _)| Some(*cause) == wanted).or(of_scheme().next());
    let (cause, code) = found.map_or(("other", ""), |(_, cause, code)| (*cause, *code));
    let code = plan.reason_code.clone().or((!code.is_empty()).then(|| code.to_owned()));
    let killer = code.as_deref().is_some_and(|code| MANDATE_KILLERS.contains(&code));
    Reason { cause: cause.to_owned(), code, kills_mandate: plan.cancels_mandate || killer }
}

/// Why a payment of `scheme` fails under `plan`.
pub fn failure_reason(scheme: &str, plan: &PaymentPlan) -> Reason {
    resolve(FAILURES, scheme, plan)
}

/// Why a payment of `scheme` is charged back under `plan`.
pub fn chargeback_reason(scheme: &str, plan: &PaymentPlan) -> Reason {
    let mut reason = resolve(CHARGEBACKS, scheme, plan);
    reason.kills_mandate = plan.cancels_mandate;
    reason
}
