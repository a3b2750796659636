//! What `ping` proves of the payment method and the clearing accounts: receipts stand there until
//! their payout, one account per currency and no other than that (acumatica sheet sections 9.8 and
//! 11.7).

use std::collections::BTreeMap;

use model::ids::LedgerAccountId;
use model::money::Currency;
use ports::PortError;
use ports::health::HealthCheck;

use super::Acumatica;
use super::branches::by_account;
use super::health::{failed, passed, right_advice};
use super::query::{Ask, all_of, literal};
use super::wire::{Body, Entity};

/// Payments that are looked at for the mark that a clearing account gives them.
const MARKED_MAX: usize = 20;

impl Acumatica {
    /// The payment method is active, used in AR, and allows every clearing account; each of these is
    /// what receipts can stand on.
    pub(super) async fn check_payment_method(&self) -> Result<Vec<HealthCheck>, PortError> {
        let id = self.settings.payment_method.as_str();
        let ask = Ask { expand: "AllowedCashAccounts", ..Ask::default() };
        let name = format!("payment method {id}");
        let body = match self.client.try_get("PaymentMethod", &[id], &ask).await? {
            Ok(body) => body,
            Err(refusal) if refusal.is_missing() => {
                return Ok(vec![failed(name, "make it on Payment Methods (CA204000)".to_owned())]);
            }
            Err(refusal) => {
                return Ok(vec![failed(name, right_advice("PaymentMethod", &refusal))]);
            }
        };
        let method = Entity(&body);
        let usable = method.flag("Active") && method.flag("UseInAR");
        let advice = "activate it and tick Use in AR on Payment Methods (CA204000)".to_owned();
        let mut checks = vec![if usable { passed(name) } else { failed(name, advice) }];
        let allowed = method.rows("AllowedCashAccounts");
        checks.extend(self.check_branches(&allowed).await?);
        let branches = by_account(&allowed);
        let select = "AccountCD,Active,CashAccount,CurrencyID";
        let ledger =
            match self.client.try_list("Account", &Ask { select, ..Ask::default() }).await? {
                Ok(rows) => rows,
                // Its right is named already.
                Err(_) => return Ok(checks),
            };
        for (currency, account) in &self.settings.clearing {
            let name = format!("clearing account {account} for {currency}");
            let wrong = not_allowed(id, account, &allowed)
                .or_else(|| self.named_twice(*currency, account))
                .or_else(|| not_clearing(*currency, account, &ledger))
                .or_else(|| self.of_other_branch(account, &branches));
            checks.push(match wrong {
                Some(why) => failed(name, why),
                None => self.check_mark(name, account).await?,
            });
        }
        Ok(checks)
    }

    /// Payments stand in the branch of their cash account, journals in the connection's.
    fn of_other_branch(
        &self,
        account: &LedgerAccountId,
        branches: &BTreeMap<String, String>,
    ) -> Option<String> {
        let own = self.settings.branch.as_deref().filter(|_| !self.settings.inter_branch)?;
        // A branch that no cash account has is told by itself.
        let known = branches.values().any(|branch| branch == own);
        let branch = branches.get(account.as_str()).filter(|branch| known && *branch != own)?;
        Some(format!(
            "it is of branch {branch}, and the setting branch says {own}: name a clearing account of \
             that branch, or, where the site posts between branches, set inter_branch=true"
        ))
    }

    fn named_twice(&self, currency: Currency, account: &LedgerAccountId) -> Option<String> {
        let mut others = self.settings.clearing.iter();
        let (other, _) = others.find(|(other, one)| **other != currency && *one == account)?;
        Some(format!(
            "it is named for {other} too: give each currency a clearing account of its own in the \
             setting clearing"
        ))
    }

    /// No entity shows the box "Clearing Account"; a payment on such an account is marked for a
    /// deposit, and that shows (acumatica sheet section 11.7).
    async fn check_mark(
        &self,
        name: String,
        account: &LedgerAccountId,
    ) -> Result<HealthCheck, PortError> {
        let on = format!("CashAccount eq {}", literal(account.as_str()));
        let custom = "CurrentDocument.DepositAsBatch".to_owned();
        let ask = Ask { select: "Type,ReferenceNbr", custom, ..Ask::default() };
        let ask = ask.filter(all_of(&["Type eq 'Payment'", &on])).top(MARKED_MAX);
        let rows = self.client.try_list("Payment", &ask).await?.unwrap_or_default();
        let marked = |row: &Body| Entity(row).custom_flag("CurrentDocument", "DepositAsBatch");
        if rows.iter().any(marked) {
            return Ok(passed(name));
        }
        let seen =
            if rows.is_empty() { "no payment is on it yet" } else { "no payment on it shows it" };
        let how = format!(
            "it is a cash account in this currency; whether it is ticked Clearing Account the API does \
             not tell, and {seen}: look at Cash Accounts (CA202000)"
        );
        Ok(HealthCheck::not_checked(name, how))
    }
}

/// Why receipts and refunds can not stand on a cash account: the payment method does not allow it.
pub(super) fn not_allowed(
    method: &str,
    account: &LedgerAccountId,
    allowed: &[Entity<'_>],
) -> Option<String> {
    let is_allowed = allowed.iter().any(|row| {
        row.text("CashAccount").as_deref() == Some(account.as_str()) && row.flag("UseInAR")
    });
    let advice = format!("allow it for {method} in AR on Payment Methods (CA204000)");
    (!is_allowed).then_some(advice)
}

/// Why receipts of a currency can not stand on an account, by its row in the chart of accounts.
fn not_clearing(currency: Currency, account: &LedgerAccountId, ledger: &[Body]) -> Option<String> {
    let rows = ledger.iter().map(Entity);
    let mut found = rows.filter(|row| row.text("AccountCD").as_deref() == Some(account.as_str()));
    let Some(row) = found.next() else {
        return Some(
            "there is no ledger account of this id: name a cash account (CA202000) that has the id of \
             its ledger account"
                .to_owned(),
        );
    };
    let held = row.text("CurrencyID");
    match held {
        _ if !row.flag("Active") => {
            Some("its ledger account is not active (Chart of Accounts, GL202500)".to_owned())
        }
        _ if !row.flag("CashAccount") => Some(
            "it is no cash account: make one for it, ticked Clearing Account, on Cash Accounts \
             (CA202000)"
                .to_owned(),
        ),
        Some(held) if held != currency.code() => Some(format!(
            "it is kept in {held}: name the clearing account of {currency} in the setting clearing \
             (a cash account in {currency}, ticked Clearing Account on CA202000; not a bank account \
             that payouts reach)"
        )),
        Some(_) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn an_account_that_receipts_can_not_stand_on_is_told_why() {
        let row = |code: &str, active: bool, cash: bool, currency: Value| -> Body {
            let body = json!({"AccountCD": {"value": code}, "Active": {"value": active},
                "CashAccount": {"value": cash}, "CurrencyID": currency});
            serde_json::from_value(body).unwrap()
        };
        let euro = || json!({"value": "EUR"});
        let ledger = [
            row("10251 ", true, true, euro()),
            row("10252", false, true, euro()),
            row("10253", true, false, euro()),
            row("10254", true, true, json!({"value": "GBP"})),
            // Accounts in the base currency may show none.
            row("10255", true, true, json!({})),
        ];
        for (account, words) in [
            ("10251", None),
            ("10255", None),
            ("10252", Some("not active")),
            ("10253", Some("no cash account")),
            ("10254", Some("kept in GBP")),
            ("99999", Some("no ledger account of this id")),
        ] {
            let told = not_clearing(Currency::EUR, &LedgerAccountId::new(account), &ledger);
            match (told, words) {
                (None, None) => {}
                (Some(told), Some(words)) => assert!(told.contains(words), "{account}: {told}"),
                (told, _) => panic!("{account}: {told:?}"),
            }
        }
    }
}
