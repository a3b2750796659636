//! Journal entries (netsuite sheet section 9.7).

use super::transaction::{self, check_account, posting};
use super::{invoice::APPROVAL, item_lines};
use crate::netsuite::errors::{ApiError, Result};
use crate::netsuite::input::Op;
use crate::netsuite::kind::Kind;
use crate::netsuite::state::{Level, State};
use crate::netsuite::store::{Record, num_of, ref_of, text_of};
use crate::netsuite::values::{Codes, Field, FieldKind, Sublist, Val, ro, rw, to};
use rust_decimal::Decimal;
use serde_json::{Map, Value};

const STATUS: Codes = &[("A", "Pending Approval"), ("B", "Approved for Posting"), ("V", "Voided")];

pub static FIELDS: &[Field] = &[
    rw("approved", "Approved", FieldKind::Bool),
    rw("approvalStatus", "Approval Status", FieldKind::Code(APPROVAL)),
    rw("reversalDate", "Reversal Date", FieldKind::Date),
    rw("reversalDefer", "Defer Entry", FieldKind::Bool),
    ro("isReversal", "Is Reversal", FieldKind::Bool),
    ro("status", "Status", FieldKind::Code(STATUS)),
];

static LINE: &[Field] = &[
    rw("line", "Line", FieldKind::Integer),
    rw("account", "Account", to(Kind::Account)),
    rw("debit", "Debit", FieldKind::Money),
    rw("credit", "Credit", FieldKind::Money),
    rw("memo", "Memo", FieldKind::Text),
    rw("entity", "Name", to(Kind::Customer)),
    rw("department", "Department", to(Kind::Department)),
    rw("class", "Class", to(Kind::Classification)),
    rw("location", "Location", to(Kind::Location)),
    rw("eliminate", "Eliminate", FieldKind::Bool),
];

pub static LISTS: &[Sublist] = &[Sublist { name: "line", key: Some("line"), fields: LINE }];

/// Checks a journal and writes its lines.
pub fn finish(state: &mut State, old: Option<&Record>, rec: &mut Record, op: &Op) -> Result<()> {
    transaction::prepare(state, old, rec, op, None)?;
    settle_approval(state, old, rec);
    let mut lines = Vec::new();
    let mut sum = Decimal::ZERO;
    for index in 0..rec.list("line").len() {
        let line = line_posting(state, rec, index)?;
        sum += line.foreign;
        lines.push(line);
    }
    if lines.len() < 2 && !rec.voided() {
        return Err(ApiError::user("You must enter at least two lines for this transaction."));
    }
    if !sum.is_zero() {
        return Err(ApiError::user(
            "The amounts in a journal entry must balance. Transaction was not in balance.",
        ));
    }
    item_lines::balance(&mut lines);
    rec.lines = lines;
    rec.posting = !rec.voided() && rec.text("status") == Some("B");
    transaction::guard(state, old, rec, op)
}

/// Where journals need approval, approving one is a permission of its own (netsuite sheet section 4),
/// looked at like the others before the content.
pub fn permit(state: &State, body: &Map<String, Value>, op: &Op) -> Result<()> {
    let approves = |(name, value): (&String, &Value)| {
        let code = value.get("id").unwrap_or(value);
        name.eq_ignore_ascii_case("approved") && *value == Value::Bool(true)
            || name.eq_ignore_ascii_case("approvalStatus") && (code == "2" || *code == 2)
    };
    let asked = state.preferences.journal_approval && body.iter().any(approves);
    if asked && !op.person && !state.role.may("TRAN_JOURNALAPPRV", Level::Create) {
        return Err(ApiError::permission("Transactions -> Journal Approval"));
    }
    Ok(())
}

fn settle_approval(state: &State, old: Option<&Record>, rec: &mut Record) {
    let ticked = rec.flag("approved") && old.is_none_or(|old| !old.flag("approved"));
    if state.preferences.journal_approval {
        if ticked {
            rec.set_code("approvalStatus", "2");
        }
        rec.default("approvalStatus", || Some(Val::Code("1".to_owned())));
    }
    let approved = !state.preferences.journal_approval || rec.text("approvalStatus") == Some("2");
    rec.set("approved", Val::Bool(approved));
    let code = if rec.voided() {
        "V"
    } else if approved {
        "B"
    } else {
        "A"
    };
    rec.set_code("status", code);
}

fn line_posting(
    state: &State,
    rec: &Record,
    index: usize,
) -> Result<crate::netsuite::store::Posting> {
    let line = &rec.list("line")[index];
    let at = |field: &str| format!("line.items[{index}].{field}");
    let Some(account) = ref_of(line, "account") else {
        return Err(ApiError::user("You must enter a value for Account."));
    };
    check_account(state, rec, account, &at("account"))?;
    let side = |name: &str| num_of(line, name).filter(|amount| !amount.is_zero());
    let amount = match (side("debit"), side("credit")) {
        (Some(debit), None) => debit,
        (None, Some(credit)) => -credit,
        (Some(_), Some(_)) => {
            return Err(ApiError::user("A journal line takes either a debit or a credit."));
        }
        (None, None) => return Err(ApiError::missing(&["Debit or Credit"])),
    };
    let record = state.setup(&Kind::Account, account)?;
    let entity = ref_of(line, "entity");
    if record.text("acctType") == Some("AcctRec") && entity.is_none() {
        return Err(ApiError::user(
            "You must enter a customer in the Name field when using an A/R account.",
        ));
    }
    if record.text("sSpecAcct") == Some("UndepFunds") {
        return Err(ApiError::invalid_field(account, "account", &at("account")));
    }
    let number = i64::try_from(index).unwrap_or_default();
    let mut entry = posting(state, rec, number, account, amount);
    entry.entity = entity;
    entry.memo = text_of(line, "memo").map(str::to_owned);
    entry.source = Some(("line", index));
    Ok(entry)
}
