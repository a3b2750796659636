//! The general ledger as it follows from the posted transactions: balances per account and the
//! trial balance (netsuite sheet section 10.9).

use super::kind::{Kind, Space};
use super::state::State;
use super::values::Val;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Debits and credits of one account, base currency.
#[derive(Debug, Clone, Copy, Default)]
pub struct Balance {
    pub debit: Decimal,
    pub credit: Decimal,
    /// Debit less credit in the currency of the transactions.
    pub foreign: Decimal,
}

/// Balances by account id.
pub fn balances(state: &State) -> BTreeMap<i64, Balance> {
    let mut all: BTreeMap<i64, Balance> = BTreeMap::new();
    for tran in state.store.all(&Space::Transaction).filter(|tran| tran.posting) {
        for line in &tran.lines {
            let balance = all.entry(line.account).or_default();
            balance.foreign += line.foreign;
            if line.base >= Decimal::ZERO {
                balance.debit += line.base;
            } else {
                balance.credit -= line.base;
            }
        }
    }
    all
}

/// The ledger as plain JSON: every account with a posting, and the trial balance (zero).
pub fn report(state: &State) -> Value {
    let mut trial = Decimal::ZERO;
    let mut accounts = Vec::new();
    for (id, balance) in balances(state) {
        let net = balance.debit - balance.credit;
        trial += net;
        let account = state.store.get(&Kind::Account, id);
        let text = |name: &str| account.and_then(|account| account.text(name)).unwrap_or_default();
        let currency = account
            .and_then(|account| match account.fields.get("currency") {
                Some(Val::Ref(id)) => state.store.get(&Kind::Currency, *id),
                _ => None,
            })
            .and_then(|currency| currency.text("symbol").map(str::to_owned));
        accounts.push(json!({
            "id": id.to_string(),
            "number": text("acctNumber"),
            "name": text("acctName"),
            "type": text("acctType"),
            "currency": currency,
            "debit": balance.debit.normalize().to_string(),
            "credit": balance.credit.normalize().to_string(),
            "balance": net.normalize().to_string(),
            "foreign_balance": balance.foreign.normalize().to_string(),
        }));
    }
    json!({ "accounts": accounts, "trial_balance": trial.normalize().to_string() })
}
