//! Cases: what a piece of work is about. A case is identified by that alone, never by the link or
//! connection that serves it (DESIGN.md section 2).

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ids::{AccountId, ErpCustomerId, InvoiceId, PayoutId, ProcessorRefundId};
use crate::money::Currency;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaseKind {
    Customer,
    Mandate,
    Collection,
    Payout,
    Refund,
}

impl CaseKind {
    pub const ALL: [CaseKind; 5] = [
        CaseKind::Customer,
        CaseKind::Mandate,
        CaseKind::Collection,
        CaseKind::Payout,
        CaseKind::Refund,
    ];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            CaseKind::Customer => "customer",
            CaseKind::Mandate => "mandate",
            CaseKind::Collection => "collection",
            CaseKind::Payout => "payout",
            CaseKind::Refund => "refund",
        }
    }
}

/// The identity of a case, also its readable name: `collection/<account>/<invoice>`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CaseKey {
    pub kind: CaseKind,
    pub account: AccountId,
    /// The subject's id at that account; for mandates `<customer>/<currency>`.
    pub subject: String,
}

impl CaseKey {
    /// One per ERP account and customer.
    #[must_use]
    pub fn customer(erp: &AccountId, customer: &ErpCustomerId) -> CaseKey {
        Self::of(CaseKind::Customer, erp, customer.as_str())
    }

    /// One per processor account, customer and currency.
    #[must_use]
    pub fn mandate(processor: &AccountId, customer: &ErpCustomerId, currency: Currency) -> CaseKey {
        Self::of(CaseKind::Mandate, processor, &format!("{customer}/{currency}"))
    }

    /// One per ERP account and invoice, whichever link or processor account serves it.
    #[must_use]
    pub fn collection(erp: &AccountId, invoice: &InvoiceId) -> CaseKey {
        Self::of(CaseKind::Collection, erp, invoice.as_str())
    }

    /// One per processor account and payout.
    #[must_use]
    pub fn payout(processor: &AccountId, payout: &PayoutId) -> CaseKey {
        Self::of(CaseKind::Payout, processor, payout.as_str())
    }

    /// One per processor account and refund.
    #[must_use]
    pub fn refund(processor: &AccountId, refund: &ProcessorRefundId) -> CaseKey {
        Self::of(CaseKind::Refund, processor, refund.as_str())
    }

    fn of(kind: CaseKind, account: &AccountId, subject: &str) -> CaseKey {
        CaseKey { kind, account: account.clone(), subject: subject.to_owned() }
    }

    /// The customer and currency of a mandate's case.
    #[must_use]
    pub fn mandate_parts(&self) -> Option<(ErpCustomerId, Currency)> {
        let (customer, currency) = self.subject.rsplit_once('/')?;
        Some((ErpCustomerId::new(customer), currency.parse().ok()?))
    }
}

impl fmt::Display for CaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.kind.word(), self.account, self.subject)
    }
}

impl fmt::Debug for CaseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// The text is not a case's name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("\"{0}\" is not a case: write <kind>/<account>/<id>, for example collection/erp:123/5031")]
pub struct NotACase(pub String);

impl FromStr for CaseKey {
    type Err = NotACase;

    fn from_str(text: &str) -> Result<CaseKey, NotACase> {
        let refused = || NotACase(text.to_owned());
        let mut parts = text.splitn(3, '/');
        let (kind, account, subject) = (parts.next(), parts.next(), parts.next());
        let kind = CaseKind::ALL
            .into_iter()
            .find(|known| Some(known.word()) == kind)
            .ok_or_else(refused)?;
        match (account, subject) {
            (Some(account), Some(subject)) if !account.is_empty() && !subject.is_empty() => {
                Ok(CaseKey::of(kind, &AccountId::new(account), subject))
            }
            _ => Err(refused()),
        }
    }
}

/// Who acted: named on every command and history row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "actor", content = "name")]
pub enum Actor {
    /// The engine, by the rules.
    System,
    /// A person, by the name that the surface knows.
    Person(String),
}

impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Actor::System => f.write_str("system"),
            Actor::Person(name) => write!(f, "person:{name}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_case_is_read_back_from_its_name() {
        for text in ["collection/erp:1_SB1/5031", "mandate/pro:OR1/1007/GBP", "payout/pro:OR1/PO1"]
        {
            assert_eq!(text.parse::<CaseKey>().map(|case| case.to_string()), Ok(text.to_owned()));
        }
        for text in ["", "collection", "collection/a", "collection/a/", "sale/a/b", "x/y/z"] {
            assert!(text.parse::<CaseKey>().is_err(), "{text}");
        }
    }
}
