//! What the connector makes of bank details that people handed over: a customer, the payer's bank account,
//! a mandate on it (gocardless sheet sections 6 to 9). Each is made once under its key.

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::command::{RejectionCause, WriteAnswer};
use model::customer::ProcessorCustomer;
use model::direct::{CreateBankAccount, CreateCustomer, CreateMandate};
use model::ids::{BankAccountId, MandateId, ProcessorCustomerId};
use model::key::Key;
use ports::PortError;

use super::Processor;
use crate::moves::handed_over::WRONG;

/// What was made of bank details.
#[derive(Debug, Clone, Default)]
pub struct Direct {
    /// The id of what each key made.
    made: BTreeMap<String, String>,
    /// Whose each bank account is, with its number.
    accounts: BTreeMap<BankAccountId, (ProcessorCustomerId, String)>,
    /// The account number that a request under this key carries.
    pub numbers: BTreeMap<String, String>,
    /// The key of each mandate.
    pub mandates: BTreeMap<MandateId, String>,
    /// The account has no permission for it.
    pub forbidden: bool,
}

fn answer(id: &str, adopted: bool) -> WriteAnswer {
    WriteAnswer { id: id.to_owned(), adopted, url: None }
}

fn refused(cause: RejectionCause, words: String) -> PortError {
    PortError::rejected(cause, words)
}

impl Processor {
    /// What stands under the key already.
    pub(super) fn find_direct(&self, key: &str) -> Option<WriteAnswer> {
        self.direct.made.get(key).map(|id| answer(id, true))
    }

    fn unused(&self, key: &str) -> Option<WriteAnswer> {
        self.find_direct(key).filter(|_| !self.ignores_keys)
    }

    pub(super) fn create_customer(&mut self, w: &CreateCustomer) -> Result<WriteAnswer, PortError> {
        if let Some(there) = self.unused(&w.once) {
            return Ok(there);
        }
        let id = ProcessorCustomerId::new(self.next_id("CU"));
        let customer = ProcessorCustomer {
            id: id.clone(),
            email: w.email.clone(),
            name: w.company_name.clone(),
            country: w.country.clone(),
            erp_customer: Some(w.erp_customer.clone()),
        };
        self.customers.insert(id.clone(), customer);
        self.direct.made.insert(w.once.clone(), id.to_string());
        Ok(answer(id.as_str(), false))
    }

    pub(super) fn create_bank_account(
        &mut self,
        key: &Key,
        w: &CreateBankAccount,
    ) -> Result<WriteAnswer, PortError> {
        if let Some(there) = self.unused(key.as_str()) {
            return Ok(there);
        }
        if self.direct.forbidden {
            let words = "this account may not make bank accounts".to_owned();
            return Err(refused(RejectionCause::Permission, words));
        }
        if !self.customers.contains_key(&w.customer) {
            let words = format!("no customer {}", w.customer);
            return Err(refused(RejectionCause::Validation, words));
        }
        let number = self.direct.numbers.get(key.as_str()).filter(|number| *number != WRONG);
        let Some(number) = number.cloned() else {
            let words = "the bank knows no such account".to_owned();
            return Err(refused(RejectionCause::Validation, words));
        };
        let own = (w.customer.clone(), number);
        let there = self.direct.accounts.iter().find(|(_, account)| **account == own);
        let (id, adopted) = match there {
            Some((id, _)) => (id.clone(), true),
            None => (BankAccountId::new(self.next_id("BA")), false),
        };
        self.direct.accounts.insert(id.clone(), own);
        self.direct.made.insert(key.as_str().to_owned(), id.to_string());
        Ok(answer(id.as_str(), adopted))
    }

    pub(super) fn create_mandate(
        &mut self,
        key: &Key,
        w: &CreateMandate,
        now: Timestamp,
    ) -> Result<WriteAnswer, PortError> {
        if let Some(there) = self.unused(key.as_str()) {
            return Ok(there);
        }
        let owner = self.direct.accounts.get(&w.bank_account).map(|(customer, _)| customer);
        if owner != Some(&w.customer) {
            let words = format!("{} has no bank account {}", w.customer, w.bank_account);
            return Err(refused(RejectionCause::Validation, words));
        }
        let id = self.add_mandate(&w.customer, now);
        self.direct.mandates.insert(id.clone(), key.as_str().to_owned());
        self.direct.made.insert(key.as_str().to_owned(), id.to_string());
        Ok(answer(id.as_str(), false))
    }
}
