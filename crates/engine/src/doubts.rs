//! Why a payment and an invoice that a person names together may not belong together: each doubt in a
//! sentence, with what is done if they do all the same (mission row NG12).

use model::case::CaseKey;
use model::customer::{ErpCustomer, ProcessorCustomer, fold_email};
use model::ids::CollectionId;
use model::invoice::Invoice;
use model::money::Money;
use model::payment::{Collection, CollectionStatus};
use ports::{Depth, Read};

use crate::engine::Engine;
use crate::error::Result;
use crate::look::Served;

/// One doubt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Doubt {
    pub why: String,
    /// What is done when the person insists.
    pub then: String,
}

/// A payment and the invoice that it is said to pay, as both sides tell them now.
pub(crate) struct Said<'a> {
    pub served: &'a Served,
    pub payment: &'a Collection,
    pub invoice: &'a Invoice,
    pub customer: Option<&'a ErpCustomer>,
    pub case: &'a CaseKey,
}

impl Engine {
    /// Everything that speaks against it.
    pub(crate) async fn doubts(&self, said: &Said<'_>) -> Result<Vec<Doubt>> {
        let payer = self.doubt_payer(said).await?;
        let amount = self.doubt_amount(said).await?;
        Ok(payer.into_iter().chain(amount).collect())
    }

    /// The payer is not the customer who owes the invoice, as far as anybody knows.
    async fn doubt_payer(&self, said: &Said<'_>) -> Result<Option<Doubt>> {
        let port = &said.served.processor.port;
        let mandates = port.mandates(std::slice::from_ref(&said.payment.mandate)).await?;
        let Some(mandate) = mandates.into_iter().next().and_then(Read::into_found) else {
            return Ok(None);
        };
        let pair = self.pair(said.served, &said.invoice.customer).await?;
        if pair.as_ref().is_some_and(|pair| pair.processor == mandate.customer) {
            return Ok(None);
        }
        let payers = port.customers(std::slice::from_ref(&mandate.customer)).await?;
        let payer = payers.into_iter().next().and_then(Read::into_found);
        if pair.is_none() && !differ(payer.as_ref(), said) {
            return Ok(None);
        }
        let other = pair.map_or_else(String::new, |pair| format!(", who is {}", pair.processor));
        let paid_by = payer
            .and_then(|payer| payer.name.or(payer.email))
            .map_or_else(String::new, |name| format!(" ({name})"));
        let owed_by = owed_by(said);
        Ok(Some(Doubt {
            why: format!(
                "payment {} is paid by {}{paid_by}, and invoice {} is owed by {owed_by}{other}",
                said.payment.id, mandate.customer, said.invoice.number
            ),
            then: format!("the receipt is booked for {owed_by}"),
        }))
    }

    /// More is paid than the invoice will have open.
    async fn doubt_amount(&self, said: &Said<'_>) -> Result<Option<Doubt>> {
        let (invoice, amount) = (said.invoice, said.payment.amount);
        let others = self.others(said).await?;
        let taken: i64 = others.iter().map(|other| other.amount.minor).sum();
        let open = invoice.due.minor.saturating_sub(taken).max(0);
        if amount.minor <= open {
            return Ok(None);
        }
        let money = |minor: i64| Money { minor, currency: amount.currency };
        let number = &invoice.number;
        let why = match others.first() {
            _ if invoice.due.minor <= 0 => {
                format!("invoice {number} is paid: nothing of it is open")
            }
            Some(other) => format!(
                "invoice {number} is collected already by payment {} over {}, which can not be cancelled \
                 any more",
                other.id, other.amount
            ),
            None => format!(
                "payment {} is over {amount}, and invoice {number} has {} open",
                said.payment.id, invoice.due
            ),
        };
        let owed_by = owed_by(said);
        let over = money(amount.minor - open);
        let then = if open == 0 {
            format!(
                "all of it, {over}, stays unapplied on {owed_by}, for a person to use or refund"
            )
        } else {
            format!(
                "{} of it is applied to the invoice and {over} stays unapplied on {owed_by}, for a \
                 person to use or refund",
                money(open)
            )
        };
        Ok(Some(Doubt { why, then }))
    }

    /// Other payments of the invoice that bring money which it does not show yet.
    async fn others(&self, said: &Said<'_>) -> Result<Vec<Collection>> {
        let context = self.store.payment_context(said.case).await?;
        let booked = |id: &CollectionId| {
            context.documents.iter().any(|document| document.collection.as_ref() == Some(id))
        };
        let ids: Vec<_> = context
            .collections
            .iter()
            .map(|row| row.id.clone())
            .filter(|id| *id != said.payment.id && !booked(id))
            .collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let reads = said.served.processor.port.collections(&ids, Depth::Direct).await?;
        let found = reads.into_iter().filter_map(Read::into_found);
        Ok(found.filter(|one| one.status.live() && !one.status.cancellable()).collect())
    }
}

/// What is known of the two names different people.
fn differ(payer: Option<&ProcessorCustomer>, said: &Said<'_>) -> bool {
    let Some(payer) = payer else { return false };
    if let Some(named) = &payer.erp_customer {
        return *named != said.invoice.customer;
    }
    let owes = said.customer.and_then(|customer| customer.email.as_deref());
    match (payer.email.as_deref(), owes) {
        (Some(pays), Some(owes)) => fold_email(pays) != fold_email(owes),
        (Some(_) | None, Some(_) | None) => false,
    }
}

fn owed_by(said: &Said<'_>) -> String {
    let code = said.customer.map(|customer| {
        let name = customer.company_name.as_deref().filter(|name| *name != customer.code);
        name.map_or_else(|| customer.code.clone(), |name| format!("{} ({name})", customer.code))
    });
    format!("customer {}", code.unwrap_or_else(|| said.invoice.customer.to_string()))
}

/// A payment that will never bring money.
pub(crate) fn brings_nothing(status: CollectionStatus) -> Option<&'static str> {
    match status {
        CollectionStatus::Cancelled => Some("was cancelled"),
        CollectionStatus::CustomerApprovalDenied => Some("was denied by its payer"),
        CollectionStatus::PendingCustomerApproval
        | CollectionStatus::PendingSubmission
        | CollectionStatus::Submitted
        | CollectionStatus::Confirmed
        | CollectionStatus::PaidOut
        | CollectionStatus::Failed
        | CollectionStatus::ChargedBack => None,
    }
}
