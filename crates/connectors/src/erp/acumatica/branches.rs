//! Which branches the site has, and in which one receipts can be booked: a payment stands in the branch
//! of its cash account, and pays invoices of another branch only where the site posts between branches
//! (acumatica sheet section 16, row 15).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use model::ids::SubsidiaryId;
use model::ledger::BookedIn;
use model::money::Currency;
use ports::PortError;
use ports::health::HealthCheck;

use super::Acumatica;
use super::query::Ask;
use super::wire::Entity;

/// The branches of cash accounts are read again after this.
const KEPT: SignedDuration = SignedDuration::from_mins(15);

/// Branches by cash account, and when they were read.
pub(super) type Kept = Option<(Timestamp, BTreeMap<String, String>)>;

/// Branches by cash account, of the rows that the payment method allows.
pub(super) fn by_account(allowed: &[Entity<'_>]) -> BTreeMap<String, String> {
    allowed.iter().filter_map(|row| row.text("CashAccount").zip(row.text("Branch"))).collect()
}

impl Acumatica {
    /// The branch of the clearing account of a currency; where it is not shown, the connection's own.
    pub(super) async fn booked_in(
        &self,
        currency: Currency,
    ) -> Result<Option<BookedIn>, PortError> {
        if self.settings.inter_branch {
            return Ok(None);
        }
        let Some(account) = self.settings.clearing.get(&currency) else { return Ok(None) };
        let known = self.branches_of_accounts().await?;
        let named = |branch: &str, of: String| BookedIn {
            subsidiary: SubsidiaryId::new(branch),
            why: format!(
                "{of} is of that branch. Where the site posts between branches (feature Inter-Branch \
                 Transactions), set inter_branch=true on the connection"
            ),
        };
        let of_account = known.get(account.as_str());
        let of_account = of_account.map(|one| named(one, format!("clearing account {account}")));
        let own = self.settings.branch.as_deref();
        Ok(of_account.or_else(|| own.map(|one| named(one, "the connection".to_owned()))))
    }

    pub(super) async fn branches_of_accounts(&self) -> Result<BTreeMap<String, String>, PortError> {
        let mut held = self.account_branches.lock().await;
        let now = self.clock.now();
        if let Some((read_at, known)) = held.as_ref()
            && (SignedDuration::ZERO..KEPT).contains(&now.duration_since(*read_at))
        {
            return Ok(known.clone());
        }
        let ask = Ask { expand: "AllowedCashAccounts", ..Ask::default() };
        let key = self.settings.payment_method.as_str();
        let known = match self.client.try_get("PaymentMethod", &[key], &ask).await? {
            Ok(body) => by_account(&Entity(&body).rows("AllowedCashAccounts")),
            // What lacks is told by `ping`, and by the refusal of the first receipt.
            Err(refusal) if refusal.is_missing() || refusal.is_permission() => BTreeMap::new(),
            Err(refusal) => return Err(refusal.into_error()),
        };
        *held = Some((now, known.clone()));
        Ok(known)
    }

    /// The active branches of the ledger. The inquiry of all branches can not be relied on (acumatica
    /// sheet section 9.1); a ledger shows its own. Empty where that can not be read.
    pub(super) async fn branches_of_ledger(&self) -> Result<BTreeSet<String>, PortError> {
        let id = match &self.settings.ledger {
            Some(id) => Some(id.clone()),
            None => self.actual_ledger().await?,
        };
        let Some(id) = id else { return Ok(BTreeSet::new()) };
        let ask = Ask { expand: "Branches", ..Ask::default() };
        let Ok(body) = self.client.try_get("Ledger", &[&id], &ask).await? else {
            return Ok(BTreeSet::new());
        };
        let rows = Entity(&body).rows("Branches");
        Ok(rows
            .iter()
            .filter(|row| row.flag("Active"))
            .filter_map(|row| row.text("BranchID"))
            .collect())
    }

    async fn actual_ledger(&self) -> Result<Option<String>, PortError> {
        let ask = Ask { select: "LedgerID,Type", ..Ask::default() };
        let rows = self.client.try_list("Ledger", &ask).await?.unwrap_or_default();
        let mut actual = rows.iter().map(Entity).filter(|row| is_actual(*row));
        Ok(actual.next().and_then(|row| row.text("LedgerID")))
    }

    /// The connection's branch is one that the cash accounts have, and invoices of others are told to
    /// wait.
    pub(super) async fn check_branches(
        &self,
        allowed: &[Entity<'_>],
    ) -> Result<Vec<HealthCheck>, PortError> {
        let of_accounts: BTreeSet<String> = by_account(allowed).into_values().collect();
        let branch = self.settings.branch.as_deref();
        if let Some(branch) = branch
            && !of_accounts.is_empty()
            && !of_accounts.contains(branch)
        {
            let known: Vec<&str> = of_accounts.iter().map(String::as_str).collect();
            let advice = format!(
                "the payment method's cash accounts are of {}: set \"branch\" to one of them, as \
                 Branches (CS102000) spells it",
                known.join(", ")
            );
            return Ok(vec![HealthCheck::failed(format!("branch {branch}"), advice)]);
        }
        let mut all = self.branches_of_ledger().await?;
        all.extend(of_accounts);
        let name = match branch {
            Some(branch) => format!("branch {branch}"),
            None if all.len() > 1 => "branches".to_owned(),
            None => return Ok(self.between().into_iter().collect()),
        };
        let noted = HealthCheck::noted(name, self.about_branches(allowed, &all));
        Ok([noted].into_iter().chain(self.between()).collect())
    }

    /// No entity shows whether the site posts between branches (acumatica sheet section 9.1).
    fn between(&self) -> Option<HealthCheck> {
        let how = "inter_branch=true is believed, for the API does not show it: see that the feature \
                   Inter-Branch Transactions is on (Enable/Disable Features, CS100000) and its accounts \
                   are mapped (GL101010). Where it is not, payments of other branches are collected and \
                   their receipts refused: take the setting back";
        let said = self.settings.inter_branch;
        said.then(|| HealthCheck::not_checked("inter-branch transactions", how))
    }

    /// What becomes of invoices of several branches.
    fn about_branches(&self, allowed: &[Entity<'_>], all: &BTreeSet<String>) -> String {
        let known: Vec<&str> = all.iter().map(String::as_str).collect();
        let known = known.join(", ");
        match (all.len(), self.settings.inter_branch) {
            (0 | 1, _) => String::new(),
            (_, true) => format!(
                "there are {known}: invoices of all of them are collected, since inter_branch says that \
                 the site posts between branches"
            ),
            (_, false) => {
                let by_account = by_account(allowed);
                let clearing = self.settings.clearing.values();
                let booked: BTreeSet<&str> = clearing
                    .filter_map(|account| by_account.get(account.as_str()))
                    .map(String::as_str)
                    .collect();
                let booked: Vec<&str> = booked.into_iter().collect();
                format!(
                    "there are {known}: receipts are booked in {}, the branch of the clearing account, \
                     and invoices of others are not collected. Where the site posts between branches, set \
                     inter_branch=true",
                    booked.join(", ")
                )
            }
        }
    }
}

/// A ledger that documents are posted to: not one of budgets or reports.
pub(super) fn is_actual(row: Entity<'_>) -> bool {
    row.text("Type").as_deref() == Some("Actual")
}
