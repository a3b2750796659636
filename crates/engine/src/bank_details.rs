//! Mandates from bank details: what can be said before a person orders one, the order, and the send
//! that unseals the details for one request (mission row NG6).

use model::command::{ProcessorWrite, Rejection, RejectionCause, WriteAnswer};
use model::key::Key;
use ports::{BankDetails, PortError};

use crate::engine::Engine;
use crate::error::Result;
use crate::world::ProcessorPort;

impl Engine {
    /// A write to a processor. Bank details are unsealed here and dropped with the request.
    pub(crate) async fn write_processor(
        &self,
        processor: &ProcessorPort,
        key: &Key,
        write: &ProcessorWrite,
    ) -> Result<std::result::Result<WriteAnswer, PortError>> {
        let ProcessorWrite::CreateBankAccount(account) = write else {
            return Ok(processor.port.write(key, write).await);
        };
        let sealed = self.store.bank_details(&account.details).await?;
        let Some(details) = sealed.as_ref().and_then(BankDetails::from_text) else {
            return Ok(Err(PortError::Rejected(Rejection {
                cause: RejectionCause::Other,
                words: "the bank details are not there any more".to_owned(),
                field: None,
            })));
        };
        Ok(processor.port.write_bank_account(key, account, &details).await)
    }
}
