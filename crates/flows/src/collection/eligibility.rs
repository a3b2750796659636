//! May this invoice be collected now? Exactly one named reason when not (mission rows NG2 and AG4).

use jiff::ToSpan;
use jiff::civil::Date;

use model::invoice::{Approval, Invoice, InvoiceStatus};
use model::mandate::{Mandate, MandateStatus};
use model::money::Money;
use model::policy::{ApprovalPendingPolicy, CollectWhich, Mode};
use model::reason::{Reason, ReasonCode};

use super::facts::{CollectionFacts, CustomerState};

/// The mandate to use, or the reason why the invoice is not collected now. `released`: a person
/// lifted the invoice's own limit.
pub fn eligible<'a>(
    facts: &'a CollectionFacts,
    invoice: &Invoice,
    released: bool,
) -> Result<&'a Mandate, Reason> {
    wanted(facts, invoice)?;
    switched_on(facts)?;
    active_customer(facts)?;
    let mandate = choose_mandate(facts, invoice)?;
    within_limits(facts, invoice, released)?;
    Ok(mandate)
}

/// May the invoice's failed payment be debited again? Which mandate to use is not asked: the payment
/// has its own. The limit per invoice was passed when the payment was made.
pub fn retriable(facts: &CollectionFacts, invoice: &Invoice) -> Result<(), Reason> {
    wanted(facts, invoice)?;
    switched_on(facts)?;
    active_customer(facts)?;
    same_subsidiary(facts, invoice)?;
    within_limits(facts, invoice, true)
}

/// The invoice itself, and whether people want it collected.
pub fn wanted(facts: &CollectionFacts, invoice: &Invoice) -> Result<(), Reason> {
    let no = |code| Err(Reason::plain(code));
    match invoice.status {
        InvoiceStatus::Voided => return no(ReasonCode::InvoiceVoided),
        InvoiceStatus::Paid => return no(ReasonCode::PaidOtherwise),
        InvoiceStatus::Open => {}
    }
    if invoice.total.minor < 0 || invoice.due.minor < 0 {
        return Err(Reason::new(ReasonCode::NegativeTotal, invoice.total.to_string()));
    }
    if invoice.due.is_zero() || model::defect!(OpenTakenForPaid) {
        return no(ReasonCode::PaidOtherwise);
    }
    match invoice.approval {
        Approval::Approved => {}
        Approval::Pending if model::defect!(ApprovalIgnored) => {}
        Approval::Pending | Approval::Rejected => return no(ReasonCode::NotApproved),
    }
    let today = facts.frame.today;
    let due_on = invoice.due_on.unwrap_or(invoice.issued_on);
    match facts.frame.policy.collect {
        CollectWhich::Flagged if invoice.flagged || model::defect!(BoxIgnored) => {}
        CollectWhich::Flagged => return no(ReasonCode::NotFlagged),
        CollectWhich::AllOpen => {}
        CollectWhich::Overdue => window_opens(due_on.saturating_add(1.day()), today)?,
        CollectWhich::DueWithinDays(days) => {
            window_opens(due_on.saturating_sub(i64::from(days).days()), today)?;
        }
    }
    if !facts.frame.policy.currencies.contains(&invoice.due.currency) {
        let code = invoice.due.currency.to_string();
        return Err(Reason::new(ReasonCode::CurrencyNotMapped, code));
    }
    Ok(())
}

fn window_opens(opens_on: Date, today: Date) -> Result<(), Reason> {
    if opens_on <= today {
        Ok(())
    } else {
        Err(Reason::new(ReasonCode::NotDueYet, format!("collected from {opens_on} on")))
    }
}

fn switched_on(facts: &CollectionFacts) -> Result<(), Reason> {
    if facts.frame.stopped {
        return Err(Reason::plain(ReasonCode::Stopped));
    }
    match facts.frame.policy.mode {
        Mode::On => Ok(()),
        Mode::Off => Err(Reason::plain(ReasonCode::LinkOff)),
        Mode::PostOnly => Err(Reason::plain(ReasonCode::PostOnly)),
    }
}

/// What is collected must be booked on the customer, whom it was matched with earlier notwithstanding.
/// The customer's own case asks a person; the invoice says why it waits.
fn active_customer(facts: &CollectionFacts) -> Result<(), Reason> {
    if facts.customer_inactive {
        let detail = "the customer is inactive or on hold";
        return Err(Reason::new(ReasonCode::CustomerUnmatched, detail));
    }
    Ok(())
}

/// The one named in the ERP's field, else the only usable one; several are for a person.
pub fn choose_mandate<'a>(
    facts: &'a CollectionFacts,
    invoice: &Invoice,
) -> Result<&'a Mandate, Reason> {
    if let CustomerState::NotMatched(reason) = &facts.customer {
        return Err(reason.clone());
    }
    let currency = invoice.due.currency;
    let in_currency: Vec<&Mandate> =
        facts.mandates.iter().filter(|mandate| mandate.currency == currency).collect();
    let usable: Vec<&Mandate> =
        in_currency.iter().copied().filter(|mandate| mandate.status.usable(true)).collect();
    let named = usable.iter().copied().find(|one| Some(&one.id) == facts.named_mandate.as_ref());
    let chosen = match (named, usable.as_slice()) {
        (Some(named), _) => named,
        (None, [only]) => only,
        (None, [_, ..]) => {
            let ids: Vec<&str> = usable.iter().map(|mandate| mandate.id.as_str()).collect();
            return Err(Reason::new(ReasonCode::MandateAmbiguous, ids.join(", ")));
        }
        (None, []) => return Err(no_usable_mandate(facts, &in_currency, currency.code())),
    };
    let waits = chosen.status == MandateStatus::PendingCustomerApproval
        && facts.frame.policy.approval_pending == ApprovalPendingPolicy::Wait;
    if waits {
        return Err(Reason::new(ReasonCode::ApprovalPending, chosen.id.to_string()));
    }
    same_subsidiary(facts, invoice)?;
    Ok(chosen)
}

fn no_usable_mandate(facts: &CollectionFacts, in_currency: &[&Mandate], currency: &str) -> Reason {
    if facts.mandate_requested {
        return Reason::new(ReasonCode::MandatePending, currency);
    }
    match in_currency.last() {
        Some(last) => Reason::new(
            ReasonCode::MandateUnusable,
            format!("{} is {}", last.id, last.status.words().to_lowercase()),
        ),
        None => Reason::new(ReasonCode::NoMandate, currency),
    }
}

/// The money must reach a bank account of the invoice's own subsidiary, and its receipt must be one
/// that the ERP takes.
fn same_subsidiary(facts: &CollectionFacts, invoice: &Invoice) -> Result<(), Reason> {
    let Some(own) = &invoice.subsidiary else { return Ok(()) };
    let bank = facts.frame.policy.accounts.bank(None, invoice.due.currency);
    if let Some(bank) = bank.and_then(|bank| bank.subsidiary.as_ref()).filter(|bank| *bank != own) {
        let detail = format!("invoice {own}, bank account {bank}");
        return Err(Reason::new(ReasonCode::SubsidiaryOther, detail));
    }
    match facts.booked_in.as_ref().filter(|booked| booked.subsidiary != *own) {
        Some(booked) => Err(Reason::new(
            ReasonCode::SubsidiaryOther,
            format!("invoice {own}, receipts {}: {}", booked.subsidiary, booked.why),
        )),
        None => Ok(()),
    }
}

fn within_limits(facts: &CollectionFacts, invoice: &Invoice, released: bool) -> Result<(), Reason> {
    let limits = &facts.frame.policy.limits;
    let code = invoice.due.currency.code();
    let above = |max: Option<&i64>, minor: i64| {
        max.is_some_and(|max| minor > *max) && !model::defect!(AmountsUnlimited)
    };
    if !released && above(limits.invoice_max.get(code), invoice.due.minor) {
        return Err(Reason::new(
            ReasonCode::AboveLimit,
            format!("{} is above the link's limit per invoice", invoice.due),
        ));
    }
    if !released {
        within_run(facts, invoice)?;
    }
    // No day ever has room for it.
    let alone = above(limits.day_max.get(code), invoice.due.minor);
    if alone && !released {
        let detail = format!("{} is above the link's limit per day", invoice.due);
        return Err(Reason::new(ReasonCode::AboveLimit, detail));
    }
    let day_minor = facts.day.minor.saturating_add(invoice.due.minor);
    if !alone && above(limits.day_max.get(code), day_minor) {
        return Err(Reason::new(ReasonCode::DailyLimit, format!("amount per day in {code}")));
    }
    let full = limits.day_count_max.is_some_and(|max| facts.day.count >= max);
    if full && !model::defect!(LimitIgnored) {
        return Err(Reason::new(ReasonCode::DailyLimit, "number per day"));
    }
    Ok(())
}

/// What is above the limit of one run waits for a person, however many runs follow (mission row C13).
fn within_run(facts: &CollectionFacts, invoice: &Invoice) -> Result<(), Reason> {
    let (limits, run, currency) = (&facts.frame.policy.limits, &facts.run, invoice.due.currency);
    let amount = limits.run_max.get(currency.code()).map(|max| {
        let above = run.minor.saturating_add(invoice.due.minor) > *max;
        let above = above && !model::defect!(AmountsUnlimited);
        (format!("the link collects {} per run", Money::new(*max, currency)), above)
    });
    let number = limits
        .run_count_max
        .filter(|_| !model::defect!(RunUnlimited))
        .map(|max| (format!("the link collects {max} invoices per run"), run.count >= max));
    for (limit, above) in amount.into_iter().chain(number) {
        if above || run.held.as_ref() == Some(&limit) {
            return Err(Reason::new(ReasonCode::AboveLimit, limit));
        }
    }
    Ok(())
}
