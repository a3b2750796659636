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
