//! Where the lines of a batch go: those on a cash account to its own branch and subaccount, whatever
//! the settings say, and the batch to the branch of its cash accounts. A line beside a cash account
//! would leave the receipt on it for ever (acumatica sheet section 9.6).

use std::collections::{BTreeMap, BTreeSet};

use ports::PortError;

use super::super::Acumatica;
use super::super::cash_accounts::{Fresh, ledger_account};
use super::super::mapping::batch::Line;
use super::super::mapping::standing::{Standing, is_same_subaccount};
use super::batch::BatchPlan;
use super::invalid;

impl BatchPlan<'_> {
    /// Accounts of the lines that carry a subaccount of their own.
    pub(super) fn carried(&self) -> Vec<String> {
        let accounts: BTreeSet<&str> =
            self.lines.iter().map(|line| line.account.as_str()).collect();
        accounts.into_iter().filter(|id| id.contains('/')).map(str::to_owned).collect()
    }
}

impl Acumatica {
    /// The plan with each line where it stands.
    pub(super) async fn placed<'a>(
        &self,
        mut plan: BatchPlan<'a>,
    ) -> Result<BatchPlan<'a>, PortError> {
        let accounts = plan.lines.iter().map(|line| line.account.as_str());
        let bank = plan.head.label.bank.as_deref();
        let known = self.standings(accounts, bank, Fresh::Now).await?;
        for line in &mut plan.lines {
            place(line, &known).map_err(invalid)?;
        }
        let inter_branch = self.settings.inter_branch;
        let own = self.settings.branch.as_deref();
        let branch = branch_of(&plan, &known, inter_branch, own).map_err(invalid)?;
        plan.head.branch = branch;
        Ok(plan)
    }
}

fn place(line: &mut Line, known: &BTreeMap<String, Standing>) -> Result<(), String> {
    let account = ledger_account(line.account.as_str());
    let Some(own) = known.get(account) else { return Ok(()) };
    let carried = line.account.as_str().split_once('/').map(|(_, sub)| sub);
    if let Some((carried, own)) = carried.zip(own.subaccount.as_deref())
        && !is_same_subaccount(carried, own)
    {
        return Err(format!(
            "cash account {account} has subaccount {own}, and the link's map says {}: name {account} \
             alone (links set), and retry",
            line.account
        ));
    }
    line.on = own.clone();
    Ok(())
}

/// The branch of the batch: that of its cash accounts, since without postings between branches all of
/// it must be of one.
fn branch_of(
    plan: &BatchPlan<'_>,
    known: &BTreeMap<String, Standing>,
    inter_branch: bool,
    own: Option<&str>,
) -> Result<Option<String>, String> {
    let held = |line: &Line| known.get(ledger_account(line.account.as_str()))?.branch.clone();
    let branches: BTreeSet<String> = plan.lines.iter().filter_map(held).collect();
    let named = plan.head.branch.clone();
    if inter_branch {
        let own = own.map(str::to_owned);
        return Ok(named.or(own).or_else(|| branches.into_iter().next()));
    }
    if branches.len() > 1 {
        let of = |line: &Line| Some((line.account.to_string(), held(line)?));
        let told: BTreeSet<(String, String)> = plan.lines.iter().filter_map(of).collect();
        let told: Vec<String> =
            told.into_iter().map(|(account, branch)| format!("{account} of {branch}")).collect();
        return Err(format!(
            "the cash accounts are of several branches ({}), and one journal would post between them: \
             name a bank account of the clearing account's branch (links set), or, where the site posts \
             between branches, set inter_branch=true on the connection",
            told.join(", ")
        ));
    }
    Ok(branches.into_iter().next().or(named))
}
