//! Whether two writes of one key ask for the same (decision 0005): one that may have happened is sent again
//! with no other content.

use crate::command::{ErpWrite, JournalLine, ProcessorWrite, UnapplyReceipt, Write};
use crate::ids::{ErpCustomerId, LedgerAccountId};
use crate::money::Money;

impl Write {
    /// Two writes of one key mean the same in substance: dates and texts may differ, what moves
    /// money may not.
    #[must_use]
    pub fn same_intent(&self, other: &Write) -> bool {
        match (self, other) {
            (
                Write::Processor(ProcessorWrite::Collect(a)),
                Write::Processor(ProcessorWrite::Collect(b)),
            ) => a.invoice == b.invoice && a.mandate == b.mandate && a.amount == b.amount,
            (Write::Erp(ErpWrite::RecordReceipt(a)), Write::Erp(ErpWrite::RecordReceipt(b))) => {
                // Not what of it is applied, nor the payout noted on it: whichever was made is
                // read back by its key, and the rest is applied, noted or shown.
                a.customer == b.customer && a.amount == b.amount && a.collection == b.collection
            }
            (Write::Erp(ErpWrite::UnapplyReceipt(a)), Write::Erp(ErpWrite::UnapplyReceipt(b))) => {
                let dated_on = b.dated_on;
                UnapplyReceipt { dated_on, ..a.clone() } == *b
            }
            (Write::Erp(ErpWrite::RecordRefund(a)), Write::Erp(ErpWrite::RecordRefund(b))) => {
                a.receipt == b.receipt && a.amount == b.amount && a.from == b.from
            }
            (Write::Erp(ErpWrite::RecordDeposit(a)), Write::Erp(ErpWrite::RecordDeposit(b))) => {
                a.bank == b.bank
                    && a.total == b.total
                    && a.receipts == b.receipts
                    && a.refunds == b.refunds
                    && a.payout == b.payout
            }
            (Write::Erp(ErpWrite::RecordJournal(a)), Write::Erp(ErpWrite::RecordJournal(b))) => {
                a.subsidiary == b.subsidiary
                    && a.currency == b.currency
                    && a.payout == b.payout
                    && postings(&a.lines).eq(postings(&b.lines))
            }
            (a, b) => a == b,
        }
    }
}

/// What the lines of a journal post, without their texts.
fn postings(
    lines: &[JournalLine],
) -> impl Iterator<Item = (&LedgerAccountId, Money, Option<&ErpCustomerId>)> {
    lines.iter().map(|line| (&line.account, line.amount, line.customer.as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::RecordJournal;
    use crate::ids::PayoutId;
    use crate::money::Currency;

    fn line(account: &str, amount: i64) -> JournalLine {
        JournalLine {
            account: LedgerAccountId::new(account),
            amount: Money::new(amount, gbp()),
            memo: "Payout PO1".to_owned(),
            customer: None,
        }
    }

    fn gbp() -> Currency {
        "GBP".parse().expect("a currency")
    }

    fn journal() -> RecordJournal {
        RecordJournal {
            subsidiary: None,
            currency: gbp(),
            dated_on: jiff::civil::date(2026, 5, 25),
            true_date: None,
            lines: vec![line("Bank", 100), line("Suspense", -100)],
            payout: Some(PayoutId::new("PO1")),
            memo: "Bounced".to_owned(),
        }
    }

    /// A write and a change of it: whether it asks for the same still.
    #[test]
    fn a_journal_moved_out_of_a_closed_period_asks_for_the_same() {
        type Change = fn(&mut RecordJournal);
        let table: [(&str, Change, bool); 7] = [
            ("nothing", |_| (), true),
            ("its date", |j| j.dated_on = jiff::civil::date(2026, 6, 1), true),
            ("its true date", |j| j.true_date = Some(j.dated_on), true),
            ("its texts", |j| j.lines[0].memo.push('!'), true),
            ("an amount", |j| j.lines[0].amount = Money::new(99, gbp()), false),
            ("an account", |j| j.lines[1].account = LedgerAccountId::new("Fees"), false),
            ("its payout", |j| j.payout = None, false),
        ];
        for (what, change, same) in table {
            let mut changed = journal();
            change(&mut changed);
            let (before, after) = (journal(), changed);
            let before = Write::Erp(ErpWrite::RecordJournal(before));
            let after = Write::Erp(ErpWrite::RecordJournal(after));
            assert_eq!(after.same_intent(&before), same, "{what} changed");
        }
    }
}
