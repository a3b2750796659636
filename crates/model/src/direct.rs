//! Mandates made directly from bank details that the merchant holds (mission row NG6): the person's
//! order, and the writes that it leads to. The details themselves are in none of these: they lie
//! sealed in the store, and everything here names them by reference.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::ids::{BankAccountId, BankDetailsId, ErpCustomerId, ProcessorCustomerId};
use crate::money::Currency;

/// How the payer authorised a mandate whose details the merchant holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authorised {
    Paper,
    Telephone,
}

/// A person asks for a mandate from sealed details.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MandateOrder {
    pub details: BankDetailsId,
    /// The debit scheme as the processor names it.
    pub scheme: String,
    pub authorised: Authorised,
}

/// Makes the processor's customer of an ERP customer that has none yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateCustomer {
    pub erp_customer: ErpCustomerId,
    /// One per processor account and customer, whichever case asks: two of them never make two.
    pub once: String,
    pub company_name: Option<String>,
    pub given_name: Option<String>,
    pub family_name: Option<String>,
    pub email: Option<String>,
    pub country: Option<String>,
    pub metadata: BTreeMap<String, String>,
}

/// Makes the payer's bank account at the processor, from details that only the send unseals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateBankAccount {
    pub erp_customer: ErpCustomerId,
    pub customer: ProcessorCustomerId,
    pub currency: Currency,
    pub details: BankDetailsId,
    pub metadata: BTreeMap<String, String>,
}

/// Makes a mandate on a bank account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateMandate {
    pub erp_customer: ErpCustomerId,
    pub customer: ProcessorCustomerId,
    pub bank_account: BankAccountId,
    pub currency: Currency,
    pub scheme: String,
    pub authorised: Authorised,
    pub metadata: BTreeMap<String, String>,
}
