//! The `apply` sublist of payments, credit memos and refunds: which documents may be named, how
//! much of each is open, and what is refused (netsuite sheet sections 9.3.1, 9.4, 9.5).

use crate::netsuite::errors::{ApiError, Result};
use crate::netsuite::kind::{Kind, Space};
use crate::netsuite::state::State;
use crate::netsuite::store::{Record, flag_of, num_of, ref_of};
use crate::netsuite::values::{Field, FieldKind, Line, Target, Val, ro, rw, to};
use rust_decimal::Decimal;
use std::collections::BTreeSet;

/// Fields of an apply line.
pub static LINE: &[Field] = &[
    rw("apply", "Apply", FieldKind::Bool),
    rw("amount", "Amount", FieldKind::Money),
    rw("doc", "Document", FieldKind::Ref(Target::Transaction)),
    rw("line", "Line", FieldKind::Integer),
    ro("applyDate", "Date", FieldKind::Date),
    ro("due", "Amount Due", FieldKind::Money),
    ro("total", "Original Amount", FieldKind::Money),
    ro("type", "Type", FieldKind::Text),
    ro("refNum", "Reference", FieldKind::Text),
    ro("currency", "Currency", to(Kind::Currency)),
];

/// What a transaction may be applied to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Payments and credit memos settle open invoices.
    Invoices,
    /// Refunds pay out open credits: credit memos and the unapplied part of payments.
    Credits,
}

/// Who applies: the values that a document must share.
#[derive(Debug, Clone, Copy)]
pub struct Payer {
    pub side: Side,
    pub receivable: Option<i64>,
    /// What may be applied in total; `None`: no bound (refunds take what they name).
    pub available: Option<Decimal>,
}

/// The A/R account and the line id of a document's open amount.
fn receivable_of(doc: &Record) -> (Option<i64>, i64) {
    match doc.kind {
        Kind::CustomerPayment => (doc.reference("arAcct"), 1),
        _ => (doc.reference("account"), 0),
    }
}

/// The open amount of a document, what `payer` itself holds of it included.
fn open_for(state: &State, doc: &Record, payer: i64) -> Decimal {
    let held: Decimal =
        state.store.applied(doc.id).filter(|(id, _)| *id == payer).map(|(_, amount)| amount).sum();
    let open = match doc.kind {
        Kind::Invoice => doc.num("amountRemaining"),
        _ => doc.num("unapplied"),
    };
    open + held
}

fn eligible(state: &State, rec: &Record, payer: Payer, doc: &Record) -> bool {
    let kind_fits = match payer.side {
        Side::Invoices => doc.kind == Kind::Invoice,
        Side::Credits => matches!(doc.kind, Kind::CreditMemo | Kind::CustomerPayment),
    };
    kind_fits
        && doc.posting
        && !doc.voided()
        && doc.id != rec.id
        && doc.customer() == rec.customer()
        && doc.reference("currency") == rec.reference("currency")
        && doc.reference("subsidiary") == rec.reference("subsidiary")
        && receivable_of(doc).0 == payer.receivable
        && open_for(state, doc, rec.id) > Decimal::ZERO
}

/// Checks the apply lines of `rec`, drops the unticked ones, fills amounts left out, and returns
/// the sum applied.
pub fn settle(state: &State, rec: &mut Record, payer: Payer) -> Result<Decimal> {
    let given = rec.lists.remove("apply").unwrap_or_default();
    let mut kept = Vec::new();
    let mut seen = BTreeSet::new();
    let mut sum = Decimal::ZERO;
    for line in given {
        let amount = num_of(&line, "amount");
        if flag_of(&line, "apply") == Some(false) || amount.is_some_and(|a| a.is_zero()) {
            continue;
        }
        if amount.is_none() && flag_of(&line, "apply").is_none() {
            return Err(ApiError::missing(&["Amount"]));
        }
        let left = payer.available.map(|available| available - sum);
        let line = settle_line(state, rec, payer, line, left)?;
        let doc = ref_of(&line, "doc").unwrap_or_default();
        if !seen.insert(doc) {
            return Err(ApiError::no_matching_line(doc, None));
        }
        sum += num_of(&line, "amount").unwrap_or_default();
        kept.push(line);
    }
    if payer.available.is_some_and(|available| sum > available) {
        return Err(ApiError::user(&state.settings.over_application_text));
    }
    rec.lists.insert("apply", kept);
    Ok(sum)
}

fn settle_line(
    state: &State,
    rec: &Record,
    payer: Payer,
    mut line: Line,
    left: Option<Decimal>,
) -> Result<Line> {
    let Some(id) = ref_of(&line, "doc") else {
        return Err(ApiError::missing(&["Document"]));
    };
    let number = num_of(&line, "line").and_then(|number| i64::try_from(number).ok());
    let refuse = || ApiError::no_matching_line(id, number);
    let doc = state.store.transaction(id).ok_or_else(refuse)?;
    if !eligible(state, rec, payer, doc) {
        return Err(refuse());
    }
    let own_line = receivable_of(doc).1;
    if number.is_some_and(|number| number != own_line) {
        return Err(refuse());
    }
    if number.is_none() && payer.side == Side::Credits && state.settings.refund_line_required {
        return Err(refuse());
    }
    let open = open_for(state, doc, rec.id);
    let fill = left.map_or(open, |left| left.min(open));
    let amount = num_of(&line, "amount").unwrap_or(fill);
    if amount < Decimal::ZERO || amount > open {
        return Err(ApiError::user(&state.settings.over_application_text));
    }
    if amount.is_zero() {
        return Err(ApiError::user(&state.settings.over_application_text));
    }
    line.insert("amount".to_owned(), Val::Num(amount.normalize()));
    line.insert("apply".to_owned(), Val::Bool(true));
    line.insert("line".to_owned(), Val::Num(own_line.into()));
    Ok(line)
}

/// `autoApply`: fills the apply list with the oldest open invoices.
pub fn auto(state: &State, rec: &mut Record, payer: Payer) {
    let mut left = payer.available.unwrap_or_default();
    let mut open: Vec<&std::sync::Arc<Record>> = state
        .store
        .all(&Space::Transaction)
        .filter(|doc| eligible(state, rec, payer, doc))
        .collect();
    open.sort_by_key(|doc| (doc.date("tranDate"), doc.id));
    let mut lines = Vec::new();
    for doc in open {
        let amount = open_for(state, doc, rec.id).min(left);
        if amount <= Decimal::ZERO {
            break;
        }
        left -= amount;
        let mut line = Line::new();
        line.insert("doc".to_owned(), Val::Ref(doc.id));
        line.insert("amount".to_owned(), Val::Num(amount));
        lines.push(line);
    }
    rec.lists.insert("apply", lines);
}

/// Base-currency value of the applied part at the documents' own rates, which is what leaves the
/// receivables account; the difference to the payer's rate is the realised gain or loss.
pub fn at_document_rates(state: &State, rec: &Record) -> Decimal {
    rec.applied_to()
        .map(|(doc, amount)| {
            let rate = state
                .store
                .transaction(doc)
                .map_or_else(|| rec.num("exchangeRate"), |doc| doc.num("exchangeRate"));
            amount * rate
        })
        .sum()
}

/// Drops from `old` the lines that a save keeps as they are, and says whether any was taken back.
pub fn takes_back(old: &Record, rec: &Record) -> bool {
    old.applied_to().any(|(doc, amount)| {
        rec.applied_to().find(|(other, _)| *other == doc).is_none_or(|(_, now)| now < amount)
    })
}
