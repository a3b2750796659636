//! Customers of both sides, and how they are matched (mission row C9).

use serde::{Deserialize, Serialize};

use crate::ids::{ErpCustomerId, LinkId, MandateId, ProcessorCustomerId, SubsidiaryId};

/// The ERP's customer, as far as collecting from it needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErpCustomer {
    pub id: ErpCustomerId,
    /// What people call the customer in the ERP (its number or code).
    pub code: String,
    pub company_name: Option<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub email: Option<String>,
    /// ISO 3166-1 alpha-2 of the billing address.
    pub country: Option<String>,
    pub language: Option<String>,
    /// The ERP takes no documents for it: inactive, or on hold.
    pub inactive: bool,
    pub subsidiary: Option<SubsidiaryId>,
    /// What the connector's fields on the customer hold now.
    pub stored: CustomerFields,
    /// The stamp of the last change, comparable within one system only.
    pub version: String,
}

/// The connector's own fields on an ERP customer. Empty means blank there.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerFields {
    pub processor_customer: Option<ProcessorCustomerId>,
    pub mandate: Option<MandateId>,
    pub mandate_status: Option<String>,
    /// Where the payer authorises a mandate.
    pub authorisation_link: Option<String>,
    /// Which processor account serves this customer, when a person chose one.
    pub processor_account: Option<String>,
}

/// The processor's customer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessorCustomer {
    pub id: ProcessorCustomerId,
    pub email: Option<String>,
    pub name: Option<String>,
    pub country: Option<String>,
    /// The ERP customer named in its metadata, when there is one.
    pub erp_customer: Option<ErpCustomerId>,
}

/// How two customers were found to be one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchedBy {
    StoredLink,
    ExternalId,
    Email,
    Person,
    /// The counterpart was made by our own mandate request.
    Created,
}

/// A settled pair of customers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomerPair {
    pub link: LinkId,
    pub erp: ErpCustomerId,
    pub processor: ProcessorCustomerId,
    pub by: MatchedBy,
}

/// E-mail addresses are compared without case and surrounding space.
#[must_use]
pub fn fold_email(email: &str) -> String {
    email.trim().to_lowercase()
}
