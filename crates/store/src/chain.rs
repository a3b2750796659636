//! The audit chain: each row's chain value is a keyed mac over the row and the value before it; the
//! head stands under a mac of its own (promise P9). A store keeps the rows, in whatever form.

use crate::rows::ChainCheck;
use crate::vault::Vault;

/// The end of a chain; at first, that of an empty one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Head {
    pub(crate) rows: i64,
    pub(crate) chain: String,
}

impl Head {
    pub(crate) fn mac(&self, vault: &Vault) -> String {
        vault.chain_mac(&[b"head", &self.rows.to_be_bytes(), self.chain.as_bytes()])
    }

    /// What is wrong with the stored head, where the rows lead here.
    pub(crate) fn check_end(self, vault: &Vault, stored: &Head, mac: &str) -> ChainCheck {
        let broken = |why: String| ChainCheck::Broken { seq: self.rows + 1, why };
        if mac != stored.mac(vault) {
            return broken("the stored head of the chain was changed".to_owned());
        }
        if stored.rows != self.rows {
            let (written, there) = (stored.rows, self.rows);
            return broken(format!("{written} rows were written, and {there} are there"));
        }
        if stored.chain != self.chain {
            return broken("the last row is not the one that was written last".to_owned());
        }
        ChainCheck::Intact { rows: self.rows, head: self.chain }
    }
}

/// One row as it is chained.
pub(crate) struct Link<'a> {
    pub(crate) seq: i64,
    pub(crate) at: i64,
    pub(crate) actor: &'a str,
    pub(crate) case_key: Option<&'a str>,
    pub(crate) nth: Option<i64>,
    pub(crate) what: &'a str,
    pub(crate) body: &'a str,
}

impl Link<'_> {
    /// The end of the chain when this row is written after `before`.
    pub(crate) fn after(&self, vault: &Vault, before: &Head) -> Head {
        let before = if model::defect!(ChainBroken) { "" } else { before.chain.as_str() };
        Head { rows: self.seq, chain: self.chain(vault, before) }
    }

    fn chain(&self, vault: &Vault, before: &str) -> String {
        vault.chain_mac(&[
            b"row",
            &self.seq.to_be_bytes(),
            &self.at.to_be_bytes(),
            self.actor.as_bytes(),
            // An absent case is told apart from an empty one.
            if self.case_key.is_some() { b"case" } else { b"none" },
            self.case_key.unwrap_or_default().as_bytes(),
            &self.nth.unwrap_or_default().to_be_bytes(),
            self.what.as_bytes(),
            self.body.as_bytes(),
            before.as_bytes(),
        ])
    }
}

/// A row as the check reads it: its text, not its meaning.
#[derive(Debug, Clone)]
pub(crate) struct StoredLink {
    pub(crate) seq: i64,
    pub(crate) at: i64,
    pub(crate) actor: String,
    pub(crate) case_key: Option<String>,
    pub(crate) nth: Option<i64>,
    pub(crate) what: String,
    pub(crate) body: String,
    pub(crate) master_key: String,
    pub(crate) chain: String,
}

impl StoredLink {
    /// The end of the chain after this row; the error is what is wrong with it.
    pub(crate) fn check(&self, vault: &Vault, before: &Head) -> Result<Head, String> {
        if self.seq != before.rows + 1 {
            return Err(format!("row {} is missing", before.rows + 1));
        }
        let link = Link {
            seq: self.seq,
            at: self.at,
            actor: &self.actor,
            case_key: self.case_key.as_deref(),
            nth: self.nth,
            what: &self.what,
            body: &self.body,
        };
        if self.master_key != vault.key_id() {
            return Err(format!("it is chained under another master key, {}", self.master_key));
        }
        if link.chain(vault, &before.chain) != self.chain {
            return Err("the row, or the one before it, was changed".to_owned());
        }
        Ok(Head { rows: self.seq, chain: self.chain.clone() })
    }
}
