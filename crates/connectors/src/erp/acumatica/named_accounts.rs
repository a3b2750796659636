//! The accounts that a link's map names, judged by what the site shows of them: cash accounts by the
//! payment method that must allow them and by their branch, others by whether a journal may have a line
//! on them (acumatica sheet sections 9.6 and 9.8).

use std::collections::{BTreeMap, BTreeSet};

use model::ids::LedgerAccountId;
use ports::PortError;
use ports::erp::{AccountUse, NamedAccount};
use ports::health::HealthCheck;

use super::Acumatica;
use super::accounts::not_allowed;
use super::branches::by_account;
use super::cash_accounts::{Fresh, ledger_account};
use super::journals::Subaccount;
use super::query::Ask;
use super::wire::{Body, Entity};

/// Columns of the form that the endpoint has no names for.
const VIEW: &str = "AccountRecords";
const MODULE: &str = "ControlAccountModule";
const MANUAL: &str = "AllowManualEntry";

/// What is read once for all accounts of a map.
struct Site {
    chart: Vec<Body>,
    method: Body,
    /// Branches by cash account.
    branches: BTreeMap<String, String>,
    /// Every branch that the site shows.
    all: BTreeSet<String>,
}

impl Site {
    fn row(&self, account: &str) -> Option<Entity<'_>> {
        let mut rows = self.chart.iter().map(Entity);
        rows.find(|row| row.text("AccountCD").as_deref() == Some(account))
    }

    fn is_cash(&self, account: &str) -> bool {
        self.row(account).is_some_and(|row| row.flag("CashAccount"))
    }
}

impl Acumatica {
    /// What is wrong with the accounts of a link's map, and what nothing shows of them. Forms that may
    /// not be read tell nothing: `ping` names their rights.
    pub(super) async fn judge_accounts(
        &self,
        named: &[NamedAccount],
    ) -> Result<Vec<HealthCheck>, PortError> {
        let Some(site) = self.read_site().await? else { return Ok(Vec::new()) };
        let mut checks = Vec::new();
        for one in named {
            checks.extend(self.judge_account(one, &site).await?);
        }
        Ok(checks)
    }

    async fn read_site(&self) -> Result<Option<Site>, PortError> {
        let custom = format!("{VIEW}.{MODULE},{VIEW}.{MANUAL}");
        let select = "AccountCD,CashAccount,CurrencyID";
        let ask = Ask { select, custom, ..Ask::default() };
        let Ok(chart) = self.client.try_list("Account", &ask).await? else { return Ok(None) };
        let ask = Ask { expand: "AllowedCashAccounts", ..Ask::default() };
        let id = self.settings.payment_method.as_str();
        let Ok(method) = self.client.try_get("PaymentMethod", &[id], &ask).await? else {
            return Ok(None);
        };
        let branches = by_account(&Entity(&method).rows("AllowedCashAccounts"));
        let mut all = self.branches_of_ledger().await?;
        all.extend(branches.values().cloned());
        Ok(Some(Site { chart, method, branches, all }))
    }

    async fn judge_account(
        &self,
        one: &NamedAccount,
        site: &Site,
    ) -> Result<Vec<HealthCheck>, PortError> {
        let name = format!("{} \"{}\"", one.setting, one.account);
        let failed = |why: String| vec![HealthCheck::failed(name.clone(), why)];
        let account = ledger_account(one.account.as_str());
        let carried = one.account.as_str().split_once('/').map(|(_, sub)| sub);
        if !site.is_cash(account) {
            let control = site.row(account).and_then(control);
            return match (control.filter(|_| one.purpose != AccountUse::Bank), carried) {
                (Some(why), _) => Ok(failed(why)),
                (None, Some(sub)) => Ok(self.judge_subaccount(&name, sub).await?),
                (None, None) => Ok(Vec::new()),
            };
        }
        if let Some(sub) = carried {
            return Ok(failed(format!(
                "a cash account has a subaccount of its own, which its lines take whatever the map \
                 says: name {account} alone, without {sub}"
            )));
        }
        let wrong = match one.purpose {
            AccountUse::Bank => {
                self.of_refunds(account, site).or_else(|| self.of_branch(one, account, site))
            }
            AccountUse::Suspense => self.of_refunds(account, site),
            AccountUse::Undeposited | AccountUse::Transit | AccountUse::Line => None,
        };
        match wrong {
            Some(why) => Ok(failed(why)),
            None => Ok(self.judge_own_subaccount(&name, account).await?.into_iter().collect()),
        }
    }

    /// Refunds leave from the bank account, and receipts stand on suspense, by the payment method.
    fn of_refunds(&self, account: &str, site: &Site) -> Option<String> {
        let allowed = Entity(&site.method).rows("AllowedCashAccounts");
        let method = &self.settings.payment_method;
        let advice = not_allowed(method, &LedgerAccountId::new(account), &allowed)?;
        Some(format!("the payment method may not use it, so the first refund would fail: {advice}"))
    }

    /// A bank's branch is that of its cash account, and of the clearing account that it is fed from.
    fn of_branch(&self, one: &NamedAccount, account: &str, site: &Site) -> Option<String> {
        let setting = format!("{}.subsidiary", one.setting);
        let wanted = one.subsidiary.as_ref().map(|id| id.as_str());
        let Some(own) = site.branches.get(account) else {
            let wanted = wanted.filter(|wanted| !site.all.contains(*wanted))?;
            let known: Vec<&str> = site.all.iter().map(String::as_str).collect();
            return Some(format!(
                "{setting} says {wanted}, and the site shows no such branch, but {}: correct it as \
                 Branches (CS102000) spells it, or leave it out",
                known.join(", ")
            ));
        };
        if let Some(wanted) = wanted.filter(|wanted| *wanted != own.as_str()) {
            return Some(format!(
                "cash account {account} is of branch {own}, and {setting} says {wanted}: set it to \
                 {own}, leave it out, or name a bank account of {wanted}"
            ));
        }
        if self.settings.inter_branch {
            return None;
        }
        let kept_in = || site.row(account)?.text("CurrencyID")?.parse().ok();
        let currency = one.currency.or_else(kept_in)?;
        let clearing = self.settings.clearing.get(&currency)?;
        let fed = site.branches.get(clearing.as_str()).filter(|fed| *fed != own)?;
        Some(format!(
            "it is of branch {own}, and the clearing account {clearing} of branch {fed}: a payout's \
             journal would post between them. Name a bank account of {fed}, or a clearing account of \
             {own} (the connection's setting clearing), or, where the site posts between branches, set \
             inter_branch=true on the connection"
        ))
    }

    async fn judge_subaccount(&self, name: &str, sub: &str) -> Result<Vec<HealthCheck>, PortError> {
        Ok(match self.look_up_subaccount(sub).await? {
            Subaccount::Active => Vec::new(),
            Subaccount::Missing => vec![HealthCheck::failed(
                name,
                format!(
                    "there is no such subaccount as {sub}: write it as Subaccounts (GL203000) spells \
                     it, without separators, or name the account alone"
                ),
            )],
            Subaccount::Inactive => vec![HealthCheck::failed(
                name,
                format!("subaccount {sub} is not active: activate it (Subaccounts, GL203000)"),
            )],
            Subaccount::NotShown(why) => vec![HealthCheck::not_checked(
                format!("subaccount of {name}"),
                format!(
                    "the form Subaccounts (GL203000) can not be read: {why}. Give the connector's role \
                     View Only there"
                ),
            )],
        })
    }

    /// The subaccount of a cash account is shown by what was posted to it alone.
    async fn judge_own_subaccount(
        &self,
        name: &str,
        account: &str,
    ) -> Result<Option<HealthCheck>, PortError> {
        if self.standing(account, Fresh::Now).await?.subaccount.is_some() {
            return Ok(None);
        }
        if !self.has_subaccounts().await? {
            return Ok(None);
        }
        let taken = match &self.settings.subaccount {
            Some(sub) => format!("{sub}, as the connection's setting subaccount says"),
            None => "the one that the site gives to a line without any".to_owned(),
        };
        Ok(Some(HealthCheck::not_checked(
            format!("subaccount of {name}"),
            format!(
                "no payment on it shows which one it has: until one does, a payout's line on it takes \
                 {taken}. Compare that with Cash Accounts (CA202000), and set \"subaccount\" on the \
                 connection to the cash account's (an account of fees may carry its own, 61200/000000)"
            ),
        )))
    }
}

/// Why a journal may have no line on an account: only its subledger posts to it.
fn control(row: Entity<'_>) -> Option<String> {
    let module = row.custom_text(VIEW, MODULE)?;
    if row.custom_flag(VIEW, MANUAL) {
        return None;
    }
    Some(format!(
        "it is a control account of {module}, to which no journal may post: name another account, or tick \
         Allow Manual Entry on Chart of Accounts (GL202500)"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_control_account_takes_lines_only_where_the_form_allows_it() {
        let check = |custom: Value, told: bool| {
            let body = json!({"AccountCD": {"value": "11000"}, "custom": {VIEW: custom}});
            let body: Body = serde_json::from_value(body).unwrap();
            assert_eq!(control(Entity(&body)).is_some(), told, "{body:?}");
        };
        let text = |value: &str| json!({"type": "CustomStringField", "value": value});
        let flag = |value: bool| json!({"type": "CustomBooleanField", "value": value});
        check(json!({MODULE: text("AR"), MANUAL: flag(false)}), true);
        check(json!({MODULE: text("AR")}), true);
        check(json!({MODULE: text("AR"), MANUAL: flag(true)}), false);
        check(json!({MODULE: {"type": "CustomStringField"}, MANUAL: flag(false)}), false);
        // Releases that do not show the columns.
        check(json!({}), false);
    }
}
