//! Mandates from bank details: what can be said before a person orders one, the order, and the send
//! that unseals the details for one request (mission row NG6).

use model::case::{Actor, CaseKey};
use model::command::{ProcessorWrite, Rejection, RejectionCause, Write, WriteAnswer};
use model::customer::ErpCustomer;
use model::direct::Authorised;
use model::ids::{AccountId, ErpCustomerId, LinkId, MandateId, ProcessorCustomerId};
use model::key::Key;
use model::policy::{DetailsNotAllowed, Mode};
use ports::{BankDetails, Depth, DetailsFor, PortError, Read};
use store::rows::{Hint, NewMandateOrder};

use crate::engine::Engine;
use crate::error::{EngineError, Result};
use crate::look::Served;
use crate::poll::DIRECTORY;
use crate::world::ProcessorPort;

/// What an order would do. Nothing of the details is in it.
#[derive(Debug, Clone)]
pub struct MandatePlan {
    pub link: LinkId,
    /// The processor's account that the mandate is made at.
    pub processor: AccountId,
    pub case: CaseKey,
    pub customer: ErpCustomer,
    /// The customer's counterpart, when it is known already.
    pub payer: Option<ProcessorCustomerId>,
    pub made_for: DetailsFor,
    /// What follows when the processor does not allow it.
    pub not_allowed: DetailsNotAllowed,
}

fn refused(words: impl Into<String>) -> EngineError {
    EngineError::Setup(words.into())
}

impl Engine {
    /// Checks everything that can be known before a mandate is ordered from these details.
    ///
    /// # Errors
    /// Sentences for the person who gave them, none of which holds a value; the ports' and the
    /// store's.
    pub async fn plan_mandate(
        &self,
        link: &LinkId,
        id: &ErpCustomerId,
        details: &BankDetails,
        scheme: Option<&str>,
    ) -> Result<MandatePlan> {
        let world = self.world();
        let served = self.served(&world, link);
        let served = served.ok_or_else(|| refused(format!("link {link} is not connected")))?;
        let policy = &served.link.policy;
        if policy.mode != Mode::On {
            return Err(refused(format!("link {link} is not on: nothing is made through it")));
        }
        let made_for =
            served.processor.port.read_bank_details(details, scheme).map_err(|wrong| {
                refused(format!("the bank details can not be used:\n  {}", wrong.join("\n  ")))
            })?;
        let currency = made_for.currency;
        if !policy.currencies.contains(&currency) {
            return Err(refused(format!("link {link} does not collect {currency}")));
        }
        let customer = erp_customer(&served, id).await?;
        let payer = self.pair(&served, id).await?.map(|pair| pair.processor);
        match &payer {
            Some(payer) => {
                if let Some(mandate) = usable(&served, payer, &made_for).await? {
                    let words = format!(
                        "customer {} has a usable mandate in {currency} already: {mandate}. Cancel \
                         it at the processor first if another is wanted",
                        customer.code
                    );
                    return Err(refused(words));
                }
            }
            // Without the processor's customers a second one would be made of a known one.
            None => {
                let mark = self.store.mark(&served.processor.connection, DIRECTORY).await?;
                if mark.completed_at.is_none() {
                    let words = "the processor's customers were not read yet: run \"ml-connector \
                                 sync\" first";
                    return Err(refused(words));
                }
            }
        }
        Ok(MandatePlan {
            link: link.clone(),
            processor: served.processor.account.clone(),
            case: CaseKey::mandate(&served.processor.account, id, currency),
            customer,
            payer,
            made_for,
            not_allowed: policy.bank_details_not_allowed,
        })
    }

    /// Seals the details and stores the order.
    ///
    /// # Errors
    /// The store's; refused while details given before are still being worked on.
    pub async fn order_mandate(
        &self,
        plan: &MandatePlan,
        details: &BankDetails,
        authorised: Authorised,
        actor: &Actor,
    ) -> Result<()> {
        let now = self.now();
        let hint = Hint { case: plan.case.clone(), due_at: now, link: Some(plan.link.clone()) };
        let wanted = NewMandateOrder { scheme: plan.made_for.scheme.clone(), authorised };
        self.store.order_mandate(&hint, &wanted, &details.to_text(), actor, now).await?;
        Ok(())
    }

    /// The bank details that a write needs, unsealed. They are read before the send begins: between its
    /// beginning and the request nothing may take time.
    pub(crate) async fn details_for(&self, write: &Write) -> Result<Option<BankDetails>> {
        let Write::Processor(ProcessorWrite::CreateBankAccount(account)) = write else {
            return Ok(None);
        };
        let sealed = self.store.bank_details(&account.details).await?;
        Ok(sealed.as_ref().and_then(BankDetails::from_text))
    }
}

/// A write to a processor. Bank details are dropped with the request.
pub(crate) async fn write_processor(
    processor: &ProcessorPort,
    key: &Key,
    write: &ProcessorWrite,
    details: Option<BankDetails>,
) -> std::result::Result<WriteAnswer, PortError> {
    let ProcessorWrite::CreateBankAccount(account) = write else {
        return processor.port.write(key, write).await;
    };
    let Some(details) = details else {
        return Err(PortError::Rejected(Rejection {
            cause: RejectionCause::Other,
            words: "the bank details are not there any more".to_owned(),
            field: None,
        }));
    };
    processor.port.write_bank_account(key, account, &details).await
}

async fn erp_customer(served: &Served, id: &ErpCustomerId) -> Result<ErpCustomer> {
    let read = served.erp.port.customers(std::slice::from_ref(id), Depth::Direct).await?;
    match read.into_iter().next() {
        Some(Read::Found(customer)) if customer.inactive => {
            Err(refused(format!("customer {} is inactive or on hold in the ERP", customer.code)))
        }
        Some(Read::Found(customer)) => Ok(customer),
        Some(Read::Odd(why)) => Err(refused(format!(
            "there is no such customer that can be read: \"{id}\" ({why}). Give its internal id in the \
             ERP; its code is known here once an invoice of it was seen"
        ))),
        Some(Read::Missing) | None => Err(refused(format!(
            "there is no such customer: the ERP has none with the internal id \"{id}\"; a customer's \
             code is known here once an invoice of it was seen"
        ))),
    }
}

/// A mandate that would be collected on already.
async fn usable(
    served: &Served,
    payer: &ProcessorCustomerId,
    made_for: &DetailsFor,
) -> Result<Option<MandateId>> {
    let mandates = served.processor.port.mandates_of(payer).await?;
    let mut found = mandates.into_iter().filter_map(Read::into_found);
    let usable = found.find(|one| one.currency == made_for.currency && one.status.usable(true));
    Ok(usable.map(|one| one.id))
}
