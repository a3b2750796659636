//! Decisions as words.

use model::command::{Command, ErpWrite, ProcessorWrite, Write};
use model::decision::Decision;
use model::ids::LedgerAccountId;

pub fn decision(decision: &Decision) -> String {
    let mut text = match &decision.command {
        Some(command) if !is_annotation(command) => self::command(command),
        Some(_) | None => decision.reason.code.code().to_owned(),
    };
    for reason in &decision.attention {
        text.push_str(" ! ");
        text.push_str(reason.code.code());
    }
    text
}

pub fn is_annotation(command: &Command) -> bool {
    matches!(command.write, Write::Erp(ErpWrite::AnnotateInvoice(_)))
}

fn place(account: Option<&LedgerAccountId>) -> &str {
    account.map_or("undeposited", LedgerAccountId::as_str)
}

pub fn command(command: &Command) -> String {
    let key = command.key.as_str();
    match &command.write {
        Write::Processor(ProcessorWrite::Collect(write)) => {
            let on = write.charge_on.map_or_else(String::new, |on| format!(" on {on}"));
            format!("{key} {} by {}{on}", write.amount.minor, write.mandate)
        }
        Write::Processor(ProcessorWrite::RetryCollection(write)) => {
            format!("{key} {} after {} retries", write.amount.minor, write.retries_before)
        }
        Write::Erp(write) => erp(key, write),
        Write::Processor(
            ProcessorWrite::CancelCollection(_)
            | ProcessorWrite::StopAutomaticRetries(_)
            | ProcessorWrite::RequestMandate(_)
            | ProcessorWrite::InviteMandate(_)
            | ProcessorWrite::LinkCustomer(_)
            | ProcessorWrite::CreateCustomer(_)
            | ProcessorWrite::CreateBankAccount(_)
            | ProcessorWrite::CreateMandate(_),
        ) => key.to_owned(),
    }
}

fn erp(key: &str, write: &ErpWrite) -> String {
    match write {
        ErpWrite::RecordReceipt(write) => {
            let applied = write.apply.as_ref().map_or(0, |(_, amount)| amount.minor);
            let place = place(write.account.as_ref());
            let moved = write.true_date.map_or_else(String::new, |date| format!(" not {date}"));
            format!(
                "{key} {} applied {applied} in {place} {}{moved}",
                write.amount.minor, write.dated_on
            )
        }
        ErpWrite::ApplyReceipt(write) => {
            format!("{key} {} to {}", write.amount.minor, write.invoice)
        }
        ErpWrite::UnapplyReceipt(write) => {
            format!("{key} {} off {}", write.amount.minor, write.invoice)
        }
        ErpWrite::RecordRefund(write) => {
            let place = place(write.from.as_ref());
            format!("{key} {} from {place} {}", write.amount.minor, write.dated_on)
        }
        ErpWrite::RecordDeposit(write) => format!("{key} {}", write.total.minor),
        ErpWrite::RecordJournal(write) => {
            let lines: Vec<String> = write
                .lines
                .iter()
                .map(|line| format!("{} {}", line.account, line.amount.minor))
                .collect();
            format!("{key} {}", lines.join(", "))
        }
        ErpWrite::AnnotateReceipt(write) => format!("{key} \"{}\"", write.memo),
        ErpWrite::AnnotateInvoice(_) | ErpWrite::SaveCustomerFields(_) => key.to_owned(),
    }
}
