//! What hangs together, and what of it people took into their own hands: told from what they did, never from
//! what a case says of itself. A case may wait for a person only where some person did something, or left
//! something, that it hangs together with. Judged at both depths.

use std::collections::BTreeSet;

use store::rows::CaseRow;

use super::ending::{is_for_people, waits_for_others};

/// What a case is about, or a person touched.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Node {
    Invoice(String),
    Payout(String),
}

impl Node {
    #[must_use]
    pub fn invoice(id: impl ToString) -> Node {
        Node::Invoice(id.to_string())
    }

    #[must_use]
    pub fn payout(id: impl ToString) -> Node {
        Node::Payout(id.to_string())
    }
}

/// Invoices and payouts in groups, which payments of the one in the other join.
#[derive(Debug, Default)]
pub struct Together(Vec<BTreeSet<Node>>);

impl Together {
    /// These hang together.
    pub fn join(&mut self, nodes: BTreeSet<Node>) {
        let (joined, mut apart): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.0).into_iter().partition(|group| !group.is_disjoint(&nodes));
        apart.push(
            joined.into_iter().fold(nodes, |all, group| all.union(&group).cloned().collect()),
        );
        self.0 = apart;
    }

    /// Any of these hangs together with any of those.
    #[must_use]
    pub fn reach(&self, these: &BTreeSet<Node>, those: &BTreeSet<Node>) -> bool {
        let both = |group: &BTreeSet<Node>| !group.is_disjoint(these) && !group.is_disjoint(those);
        !these.is_disjoint(those) || self.0.iter().any(both)
    }
}

/// It waits for a person, or for others that wait for one.
#[must_use]
pub fn waits(case: &CaseRow) -> bool {
    let code = case.reason.as_ref().map(|reason| reason.code);
    is_for_people(case) || code.is_some_and(waits_for_others)
}

/// Cases that wait for people, or for others, and hang together with nothing that anybody touched. `nodes`:
/// what a case is about.
pub fn alone<'a>(
    cases: impl Iterator<Item = &'a CaseRow>,
    nodes: impl Fn(&CaseRow) -> BTreeSet<Node>,
    together: &Together,
    touched: &BTreeSet<Node>,
) -> Vec<String> {
    let said = |case: &CaseRow| case.reason.as_ref().map(|one| one.sentence()).unwrap_or_default();
    let alone = cases.filter(|case| waits(case) && !together.reach(&nodes(case), touched));
    alone
        .map(|case| format!("P5: {} ends, and nobody did anything: {}", case.key, said(case)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(from: &str, to: &str, expected: bool) {
        let set = |text: &str| text.chars().map(Node::invoice).collect::<BTreeSet<_>>();
        let mut together = Together::default();
        for group in ["ab", "cd", "bc", "e"] {
            together.join(set(group));
        }
        assert_eq!(together.reach(&set(from), &set(to)), expected, "{from} to {to}");
    }

    #[test]
    fn what_shares_anything_hangs_together() {
        check("a", "d", true);
        check("a", "e", false);
        check("f", "f", true);
        check("f", "a", false);
        check("ae", "d", true);
        check("", "a", false);
    }
}
