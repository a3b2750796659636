//! What a look at a customer's case gathers, for one link.

use std::collections::BTreeMap;

use model::case::CaseKey;
use model::command::{CommandState, ErpWrite, ProcessorWrite, Write};
use model::customer::{CustomerPair, ErpCustomer, ProcessorCustomer};
use model::ids::{ErpCustomerId, ProcessorCustomerId};
use model::person::{PersonFact, PersonSaid};
use model::reason::Reason;
use model::sight::Sight;

use crate::common::Frame;

#[derive(Debug, Clone)]
pub struct CustomerFacts {
    pub frame: Frame,
    pub id: ErpCustomerId,
    pub customer: Sight<ErpCustomer>,
    /// What this link settled on earlier.
    pub pair: Option<CustomerPair>,
    /// Customers of this processor account read by id: the pair's, the one in the ERP's field, and
    /// the one that a person chose.
    pub known: BTreeMap<ProcessorCustomerId, Sight<ProcessorCustomer>>,
    /// Customers whose metadata names this ERP customer.
    pub by_external: Vec<ProcessorCustomer>,
    /// The customers of both sides were read completely at least once: what no list shows does not
    /// exist, and what one shows is all.
    pub directories_read: bool,
    /// Made by the processor for a fulfilled mandate request of ours.
    pub created: Option<ProcessorCustomer>,
    /// Customers with the same e-mail address.
    pub by_email: Vec<ProcessorCustomer>,
    /// ERP customers that share the e-mail address, this one counted.
    pub same_email_erp: usize,
    pub person: Vec<PersonFact>,
    /// The customer's mandates' and open invoices' cases.
    pub dependants: Vec<CaseKey>,
    /// The reason of the last decision: other cases are hinted only when it changes.
    pub last_reason: Option<Reason>,
}

impl CustomerFacts {
    /// What a person chose last.
    #[must_use]
    pub fn chosen(&self) -> Option<&ProcessorCustomerId> {
        self.person.iter().rev().find_map(|fact| match &fact.said {
            PersonSaid::Choose { customer } => Some(customer),
            PersonSaid::Retry { .. }
            | PersonSaid::Release { .. }
            | PersonSaid::Stop { .. }
            | PersonSaid::Ignore { .. }
            | PersonSaid::Adopt { .. }
            | PersonSaid::NotOurs { .. }
            | PersonSaid::Match { .. }
            | PersonSaid::Leave { .. }
            | PersonSaid::OrderMandate { .. } => None,
        })
    }

    #[must_use]
    pub fn sight(&self, id: &ProcessorCustomerId) -> &Sight<ProcessorCustomer> {
        self.known.get(id).unwrap_or(&Sight::NotRead)
    }

    /// What the case last wrote into the ERP's field.
    #[must_use]
    pub fn last_saved(&self) -> Option<&ProcessorCustomerId> {
        self.frame.commands.iter().rev().find_map(|view| match &view.write {
            Write::Erp(ErpWrite::SaveCustomerFields(write)) if view.state == CommandState::Done => {
                write.fields.processor_customer.as_ref()
            }
            Write::Erp(_) | Write::Processor(_) => None,
        })
    }

    /// The customer's metadata was written already.
    #[must_use]
    pub fn was_linked(&self, id: &ProcessorCustomerId) -> bool {
        self.frame.commands.iter().any(|view| match &view.write {
            Write::Processor(ProcessorWrite::LinkCustomer(write)) => {
                view.state == CommandState::Done && write.customer == *id
            }
            Write::Erp(_) | Write::Processor(_) => false,
        })
    }

    /// Everything known of a customer, wherever it was found.
    #[must_use]
    pub fn seen(&self, id: &ProcessorCustomerId) -> Option<&ProcessorCustomer> {
        let lists = self.by_external.iter().chain(&self.created).chain(&self.by_email);
        self.sight(id).found().or_else(|| lists.into_iter().find(|one| one.id == *id))
    }
}
