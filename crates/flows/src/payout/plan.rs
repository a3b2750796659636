//! Which document of a payout comes next: one deposit as a rule; several above the ERP's line limit;
//! the further lines as a journal against the bank where no deposit can carry them.

use model::command::DepositLine;
use model::ids::{ErpRefundId, ReceiptId};

/// What is not in any document of the payout yet. Amounts in minor units.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Left {
    pub receipts: Vec<(ReceiptId, i64)>,
    /// Refund documents from undeposited funds; amounts positive.
    pub refunds: Vec<(ErpRefundId, i64)>,
    /// Empty when they are posted.
    pub lines: Vec<DepositLine>,
    /// A person deposited something of this payout: our lines then stand in a journal.
    pub lines_apart: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlannedDeposit {
    pub receipts: Vec<ReceiptId>,
    pub refunds: Vec<ErpRefundId>,
    pub lines: Vec<DepositLine>,
    pub total: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    Nothing,
    Deposit(PlannedDeposit),
    Journal(Vec<DepositLine>),
    /// Refunds that no deposit can take, since a deposit's total is never negative.
    Stuck(Vec<ErpRefundId>),
}

/// The next document. A pure function of what is left, so that a document that is made leaves the
/// plan of the others as it was.
#[must_use]
pub fn next(left: &Left, lines_max: usize) -> Next {
    let lines_total: i64 = left.lines.iter().map(|line| line.amount.minor).sum();
    let total = left.receipts.iter().map(|(_, minor)| minor).sum::<i64>()
        - left.refunds.iter().map(|(_, minor)| minor).sum::<i64>()
        + lines_total;
    let count = left.receipts.len() + left.refunds.len() + left.lines.len();
    let with_lines = !left.lines.is_empty() && !left.lines_apart && left.lines.len() < lines_max;
    if with_lines && total >= 0 && count <= lines_max {
        return Next::Deposit(single(left, total));
    }
    let room = if with_lines { lines_max - left.lines.len() } else { lines_max.max(1) };
    let (mut chunks, stuck) = chunks(left, room);
    let carrier = chunks.iter().rposition(|chunk| chunk.total + lines_total >= 0);
    if let (true, Some(nth)) = (with_lines, carrier) {
        chunks[nth].lines.clone_from(&left.lines);
        chunks[nth].total += lines_total;
    }
    match chunks.into_iter().next() {
        Some(first) => Next::Deposit(first),
        None if !left.lines.is_empty() => Next::Journal(left.lines.clone()),
        None if !stuck.is_empty() => Next::Stuck(stuck),
        None => Next::Nothing,
    }
}

fn single(left: &Left, total: i64) -> PlannedDeposit {
    PlannedDeposit {
        receipts: left.receipts.iter().map(|(id, _)| id.clone()).collect(),
        refunds: left.refunds.iter().map(|(id, _)| id.clone()).collect(),
        lines: left.lines.clone(),
        total,
    }
}

/// Receipts and refunds in deposits of at most `room` entries, none negative, largest first so that
/// each refund finds a deposit that can take it. Refunds that fit nowhere come second.
fn chunks(left: &Left, room: usize) -> (Vec<PlannedDeposit>, Vec<ErpRefundId>) {
    let mut receipts = left.receipts.clone();
    let mut refunds = left.refunds.clone();
    if receipts.len() + refunds.len() > room {
        receipts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        refunds.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    }
    let mut receipts = receipts.into_iter().peekable();
    let mut refunds = refunds.into_iter().peekable();
    let mut chunks = Vec::new();
    while receipts.peek().is_some() {
        let mut chunk = PlannedDeposit::default();
        while chunk.receipts.len() + chunk.refunds.len() < room {
            if let Some((id, minor)) = refunds.next_if(|(_, minor)| *minor <= chunk.total) {
                chunk.total -= minor;
                chunk.refunds.push(id);
            } else if let Some((id, minor)) = receipts.next() {
                chunk.total += minor;
                chunk.receipts.push(id);
            } else {
                break;
            }
        }
        chunks.push(chunk);
    }
    (chunks, refunds.map(|(id, _)| id).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::money::{Currency, Money};

    /// A small generator: the cases are the same in every run.
    struct Cases(u64);

    impl Cases {
        fn next(&mut self, below: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (self.0 >> 33) % below
        }

        fn amount(&mut self, below: u64) -> i64 {
            i64::try_from(self.next(below)).unwrap() + 1
        }

        fn left(&mut self) -> Left {
            let receipts = (0..self.next(12))
                .map(|nth| (format!("R{nth}").as_str().into(), self.amount(1000)))
                .collect();
            let refunds = (0..self.next(4))
                .map(|nth| (format!("F{nth}").as_str().into(), self.amount(700)))
                .collect();
            let lines = (0..self.next(4)).map(|nth| DepositLine {
                account: format!("A{nth}").as_str().into(),
                amount: Money::new(200 - self.amount(900), Currency::GBP),
                memo: String::new(),
            });
            Left { lines: lines.collect(), lines_apart: self.next(4) == 0, receipts, refunds }
        }
    }

    /// Takes what the planned document holds out of what is left.
    fn post(left: &mut Left, planned: &PlannedDeposit, lines_max: usize) {
        let count = planned.receipts.len() + planned.refunds.len() + planned.lines.len();
        assert!(count > 0 && count <= lines_max, "{count} lines of {lines_max}");
        assert!(planned.total >= 0, "negative deposit");
        assert!(planned.lines.is_empty() || planned.lines == left.lines);
        let mut total: i64 = planned.lines.iter().map(|line| line.amount.minor).sum();
        for (id, minor) in &left.receipts {
            total += if planned.receipts.contains(id) { *minor } else { 0 };
        }
        for (id, minor) in &left.refunds {
            total -= if planned.refunds.contains(id) { *minor } else { 0 };
        }
        assert_eq!(total, planned.total);
        left.receipts.retain(|(id, _)| !planned.receipts.contains(id));
        left.refunds.retain(|(id, _)| !planned.refunds.contains(id));
        if !planned.lines.is_empty() {
            left.lines.clear();
        }
    }

    #[test]
    fn every_document_is_within_its_limits_and_nothing_is_left_but_refunds_without_receipts() {
        let mut cases = Cases(20_261_118);
        let (mut deposits, mut journals, mut stuck) = (0, 0, 0);
        for _ in 0..5_000 {
            let mut left = cases.left();
            let lines_max = usize::try_from(cases.next(8)).unwrap() + 2;
            for _ in 0..40 {
                match next(&left, lines_max) {
                    Next::Deposit(planned) => {
                        deposits += 1;
                        post(&mut left, &planned, lines_max);
                    }
                    Next::Journal(lines) => {
                        journals += 1;
                        assert_eq!(std::mem::take(&mut left.lines), lines);
                        assert!(left.receipts.is_empty(), "the journal comes last");
                    }
                    Next::Stuck(refunds) => {
                        stuck += 1;
                        assert_eq!(refunds.len(), left.refunds.len());
                        left.refunds.clear();
                    }
                    Next::Nothing => break,
                }
            }
            assert_eq!(left, Left { lines_apart: left.lines_apart, ..Left::default() });
        }
        assert!(deposits > 5_000 && journals > 500 && stuck > 100, "{deposits} {journals} {stuck}");
    }
}
