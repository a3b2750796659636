//! Where a line stands beside its ledger account: a cash account is one ledger account with one
//! subaccount and one branch (acumatica sheet section 9.6). Pure.

/// Branch and subaccount of a line, or of a cash account; what is not known is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Standing {
    pub branch: Option<String>,
    pub subaccount: Option<String>,
}

/// A subaccount without the separators that some forms show between its segments.
fn bare(subaccount: &str) -> String {
    subaccount.chars().filter(char::is_ascii_alphanumeric).collect()
}

/// Whether two spellings mean one subaccount.
#[must_use]
pub fn is_same_subaccount(one: &str, other: &str) -> bool {
    one == other || bare(one) == bare(other)
}

impl Standing {
    /// Whether nothing that both know differs.
    #[must_use]
    pub fn fits(&self, other: &Standing) -> bool {
        let branch = self.branch.as_ref().zip(other.branch.as_ref());
        let subaccount = self.subaccount.as_ref().zip(other.subaccount.as_ref());
        branch.is_none_or(|(one, other)| one == other)
            && subaccount.is_none_or(|(one, other)| is_same_subaccount(one, other))
    }

    /// In words, as far as it is known.
    #[must_use]
    pub fn words(&self) -> String {
        let branch = self.branch.iter().map(|branch| format!("branch {branch}"));
        let subaccount = self.subaccount.iter().map(|sub| format!("subaccount {sub}"));
        branch.chain(subaccount).collect::<Vec<String>>().join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_both_know_must_be_the_same() {
        let standing = |branch: &str, subaccount: &str| {
            let known = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
            Standing { branch: known(branch), subaccount: known(subaccount) }
        };
        for (one, other, fits) in [
            (standing("MAIN", "000000"), standing("MAIN", "000000"), true),
            (standing("MAIN", "000000"), standing("MAIN", "000-000"), true),
            (standing("MAIN", "000000"), standing("WEST", "000000"), false),
            (standing("MAIN", "000000"), standing("MAIN", "100000"), false),
            (standing("MAIN", ""), standing("", "100000"), true),
            (standing("", ""), standing("WEST", "100000"), true),
        ] {
            assert_eq!(one.fits(&other), fits, "{one:?} {other:?}");
            assert_eq!(other.fits(&one), fits, "{other:?} {one:?}");
        }
    }
}
