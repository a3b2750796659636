//! `foreign`: payments that name no invoice, and their match by hand (mission row NG12).

use std::process::ExitCode;

use engine::foreign::Foreign;
use model::ids::CollectionId;
use model::payment::CollectionStatus;
use model::payout::{ItemRoute, PayoutItemKind};
use model::reason::{ReasonCode, ReasonKind};

use crate::cli::ForeignPayments;
use crate::commands::case_name;
use crate::failure::{Failure, Result};
use crate::instance::Instance;
use crate::output;

pub async fn run(instance: &Instance, command: ForeignPayments, json: bool) -> Result<ExitCode> {
    match command {
        ForeignPayments::List { limit } => list(instance, limit, json).await?,
        ForeignPayments::Match { payment, invoice, anyway } => {
            matched(instance, &payment, &invoice, anyway, json).await?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn matched(
    instance: &Instance,
    payment: &str,
    invoice: &str,
    anyway: bool,
    json: bool,
) -> Result<()> {
    let known = case_name::invoice(instance, invoice).await?;
    let invoice = known.as_ref().map_or(invoice, |case| case.subject.as_str());
    let payment = CollectionId::new(payment);
    let told = instance.engine.match_foreign(&payment, invoice, anyway, &instance.actor()).await;
    instance.keep_exchanges().await?;
    let matched = told.map_err(Failure::of_engine)?;
    if json {
        output::json(&serde_json::json!({
            "ok": true, "case": matched.case.to_string(), "invoice": matched.number,
            "then": matched.then,
        }));
        return Ok(());
    }
    println!(
        "Payment {payment} pays invoice {} from now on ({}). It is worked on at once by a running \
         server, or by \"ml-connector sync\".",
        matched.number, matched.case
    );
    for then in matched.then {
        println!("Although it looked wrong: {then}.");
    }
    Ok(())
}

async fn list(instance: &Instance, limit: u32, json: bool) -> Result<()> {
    let found = instance.engine.foreign(limit).await?;
    if json {
        let rows: Vec<_> = found
            .iter()
            .map(|one| {
                serde_json::json!({
                    "account": one.account, "payment": one.id, "seen": one.seen,
                    "items": one.items, "place": place(one),
                })
            })
            .collect();
        output::json(&rows);
        return Ok(());
    }
    let rows = found.iter().map(row).collect();
    output::table(
        &["payment", "amount", "made", "says", "its money"],
        rows,
        "Every payment names an invoice that a link collects.",
    );
    if !found.is_empty() {
        println!("\nMatch one:  ml-connector foreign match PAYMENT INVOICE");
    }
    Ok(())
}

fn row(one: &Foreign) -> Vec<String> {
    let (amount, made, says) = one.seen.as_ref().map_or_else(
        || (String::new(), String::new(), "can not be read".to_owned()),
        |seen| {
            let says = [seen.description.as_deref(), seen.reference.as_deref()];
            let says: Vec<&str> = says.into_iter().flatten().collect();
            (seen.amount.to_string(), seen.created_at.strftime("%F").to_string(), says.join(" "))
        },
    );
    vec![one.id.to_string(), amount, made, says, place(one)]
}

/// Where the payment's money is, by the payouts that hold it.
fn place(one: &Foreign) -> String {
    let words = one.items.iter().filter_map(|kept| {
        let said = one.payouts.get(&kept.payout);
        let booked = said.is_some_and(|code| code.kind() == ReasonKind::Settled);
        let how = match (kept.item.kind, kept.route) {
            (PayoutItemKind::PaymentPaidOut, _) if said == Some(&ReasonCode::BeforeCutOver) => {
                "before the cut-over: not booked here"
            }
            (PayoutItemKind::PaymentPaidOut, ItemRoute::DepositLine) if booked => {
                "on the suspense account"
            }
            (PayoutItemKind::PaymentPaidOut, ItemRoute::DepositLine) => {
                "for the suspense account, not all booked yet"
            }
            (PayoutItemKind::PaymentPaidOut, ItemRoute::InDeposit | ItemRoute::FromBank) => {
                "held until it is matched"
            }
            (PayoutItemKind::PaymentPaidOut, ItemRoute::LeftToPeople) => "left to people",
            (PayoutItemKind::PaymentFailed | PayoutItemKind::PaymentChargedBack, _) => "taken back",
            (PayoutItemKind::PaymentRefunded, _) => "refunded",
            (PayoutItemKind::RefundFundsReturned, _) => "the refund came back",
            (
                PayoutItemKind::Refund
                | PayoutItemKind::ProcessorFee
                | PayoutItemKind::AppFee
                | PayoutItemKind::RevenueShare
                | PayoutItemKind::SurchargeFee,
                _,
            ) => return None,
        };
        Some(format!("payout {}, {how}", kept.payout))
    });
    let mut words: Vec<String> = words.collect();
    let Some(ended) = one.ended() else {
        return if words.is_empty() { "in no payout yet".to_owned() } else { words.join("; ") };
    };
    let ended = match ended {
        CollectionStatus::ChargedBack => "charged back",
        CollectionStatus::Failed => "failed",
        CollectionStatus::Cancelled => "cancelled",
        CollectionStatus::CustomerApprovalDenied => "not approved by the payer",
        CollectionStatus::PendingCustomerApproval
        | CollectionStatus::PendingSubmission
        | CollectionStatus::Submitted
        | CollectionStatus::Confirmed
        | CollectionStatus::PaidOut => "live",
    };
    match (words.is_empty(), one.awaits_reversal()) {
        (true, _) => words.push(format!("{ended}, and in no payout: it brings no money")),
        (false, true) => words.push(format!("{ended}, waits for the payout that takes it")),
        (false, false) => {}
    }
    words.join("; ")
}
