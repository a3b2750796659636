//! Batches of the general ledger, and the balances that follow from them (acumatica sheet sections
//! 9.6, 10 rule 3). A batch that does not balance is refused.

use super::periods::Module;
use crate::acumatica::errors::{ApiError, Result};
use crate::acumatica::state::{CashAccount, State};
use crate::acumatica::store::{BATCH, Fields, Record, Row, table_of};
use crate::acumatica::values::Val;
use jiff::civil::Date;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// One line; debits are positive.
#[derive(Debug, Clone)]
pub struct Line {
    pub account: String,
    pub sub: String,
    /// `None`: that of the batch.
    pub branch: Option<String>,
    /// In the currency of the batch.
    pub amount: Decimal,
    /// In base currency.
    pub base: Decimal,
    pub text: String,
}

impl Line {
    /// A line; the subaccount is the default one.
    pub fn new(account: &str, amount: Decimal, base: Decimal, text: &str) -> Line {
        Line {
            account: account.to_owned(),
            sub: "000000".to_owned(),
            branch: None,
            amount,
            base,
            text: text.to_owned(),
        }
    }

    /// A line of a cash account: on its ledger account, its subaccount and its branch.
    pub fn cash(cash: &CashAccount, amount: Decimal, base: Decimal, text: &str) -> Line {
        let (sub, branch) = (cash.sub.clone(), Some(cash.branch.clone()));
        Line { sub, branch, ..Line::new(&cash.account, amount, base, text) }
    }

    /// The line turned round.
    pub fn reversed(&self) -> Line {
        Line { amount: -self.amount, base: -self.base, ..self.clone() }
    }
}

/// What a batch says about itself.
#[derive(Debug, Clone)]
pub struct Header<'a> {
    pub module: Module,
    pub date: Date,
    pub period: &'a str,
    pub branch: &'a str,
    pub currency: &'a str,
    pub text: &'a str,
    /// Number of the document behind it.
    pub origin: &'a str,
}

/// Posts a batch and answers its number; without lines there is none.
pub fn post(state: &mut State, header: &Header<'_>, lines: &[Line]) -> Result<String> {
    let lines: Vec<&Line> =
        lines.iter().filter(|line| !line.amount.is_zero() || !line.base.is_zero()).collect();
    if lines.is_empty() {
        return Ok(String::new());
    }
    let base: Decimal = lines.iter().map(|line| line.base).sum();
    if !base.is_zero() {
        return Err(ApiError::px("Error: The batch is out of balance."));
    }
    let number = state.next_number(header.module.code());
    let mut batch = Record::new(BATCH, state.uuid(), state.now);
    batch.set_text("module", header.module.code());
    batch.set_text("batchnbr", &number);
    batch.set("dateentered", Val::Date(header.date));
    batch.set_text("finperiodid", header.period);
    batch.set_text("branchid", header.branch);
    batch.set_text("curyid", header.currency);
    batch.set_text("description", header.text);
    batch.set_text("ledgerid", "ACTUAL");
    batch.set("hold", Val::Bool(false));
    batch.set_text("status", posted(state));
    for (index, line) in lines.into_iter().enumerate() {
        state.setup("Account", &line.account)?;
        let row = row(state, header, line, index);
        batch.rows_mut("gltranmodulebatnbr").push(row);
    }
    state.save(batch);
    Ok(number)
}

/// The status of a released batch.
pub fn posted(state: &State) -> &'static str {
    if state.preferences.post_on_release { "Posted" } else { "Unposted" }
}

fn row(state: &mut State, header: &Header<'_>, line: &Line, index: usize) -> Row {
    let mut row = Row { id: state.uuid(), fields: Fields::new() };
    let split = |amount: Decimal| {
        let zero = Decimal::ZERO;
        if amount.is_sign_negative() { (zero, -amount) } else { (amount, zero) }
    };
    let (debit, credit) = split(line.amount);
    let (base_debit, base_credit) = split(line.base);
    row.set("linenbr", Val::Int(i64::try_from(index + 1).unwrap_or(i64::MAX)));
    row.set("accountid", Val::text(&line.account));
    row.set("subid", Val::text(&line.sub));
    row.set("branchid", Val::text(line.branch.as_deref().unwrap_or(header.branch)));
    row.set("curydebitamt", Val::Num(debit));
    row.set("curycreditamt", Val::Num(credit));
    row.set("$debit", Val::Num(base_debit));
    row.set("$credit", Val::Num(base_credit));
    row.set("trandesc", Val::text(&line.text));
    row.set("refnbr", Val::text(header.origin));
    row
}

/// Whether a batch counts in the ledger.
fn counts(batch: &Record) -> bool {
    matches!(batch.text("status"), "Posted" | "Unposted")
}

/// Debits less credits of an account: in base currency, and in the batches' currencies.
pub fn balances(state: &State) -> BTreeMap<String, (Decimal, BTreeMap<String, Decimal>)> {
    let mut all: BTreeMap<String, (Decimal, BTreeMap<String, Decimal>)> = BTreeMap::new();
    for batch in state.store.of(&BATCH).filter(|batch| counts(batch)) {
        for row in batch.rows("gltranmodulebatnbr") {
            let entry = all.entry(row.text("accountid").to_owned()).or_default();
            entry.0 += row.num("$debit") - row.num("$credit");
            *entry.1.entry(batch.text("curyid").to_owned()).or_default() +=
                row.num("curydebitamt") - row.num("curycreditamt");
        }
    }
    all
}

/// Whether a line stands on a cash account: its ledger account alone does not say so (section 9.6).
pub fn is_of(cash: &CashAccount, row: &Row) -> bool {
    row.text("accountid") == cash.account
        && row.text("subid") == cash.sub
        && row.text("branchid") == cash.branch
}

/// The lines of a cash account, as its own form shows them, in the order of their days: those on its
/// ledger account, subaccount and branch. Debits are positive.
pub fn lines_of(state: &State, cash: &CashAccount) -> Value {
    let mut lines = Vec::new();
    for batch in state.store.of(&BATCH).filter(|batch| counts(batch)) {
        let rows = batch.rows("gltranmodulebatnbr").iter();
        for row in rows.filter(|row| is_of(cash, row)) {
            let amount = row.num("curydebitamt") - row.num("curycreditamt");
            let base = row.num("$debit") - row.num("$credit");
            let date = batch.date("dateentered").map(|date| date.to_string());
            lines.push((date.unwrap_or_default(), batch.key(), row, amount, base));
        }
    }
    lines.sort_by(|one, other| (&one.0, &one.1).cmp(&(&other.0, &other.1)));
    let shown = lines.into_iter().map(|(date, batch, row, amount, base)| {
        json!({
            "date": date, "batch": batch.replace('|', " "), "currency": cash.currency,
            "amount": amount.normalize().to_string(), "base": base.normalize().to_string(),
            "reference": row.text("refnbr"), "description": row.text("trandesc"),
        })
    });
    shown.collect()
}

/// The ledger in plain JSON: every account with a posting, and the trial balance (zero).
pub fn report(state: &State) -> Value {
    let mut trial = Decimal::ZERO;
    let mut accounts = Vec::new();
    for (account, (base, currencies)) in balances(state) {
        trial += base;
        let record = state.find(&table_of("Account"), &account);
        let text = |key: &str| {
            record.as_ref().map(|record| record.text(key).to_owned()).unwrap_or_default()
        };
        let shown: BTreeMap<String, String> = currencies
            .into_iter()
            .map(|(currency, amount)| (currency, amount.normalize().to_string()))
            .collect();
        accounts.push(json!({
            "account": account,
            "description": text("description"),
            "type": text("type"),
            "balance": base.normalize().to_string(),
            "currencies": shown,
        }));
    }
    json!({ "accounts": accounts, "trial_balance": trial.normalize().to_string() })
}
