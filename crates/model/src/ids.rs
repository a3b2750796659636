//! One newtype per entity and side, so that a payment's id can never stand where an invoice's must.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            #[must_use]
            pub fn new(id: impl Into<String>) -> Self {
                Self(id.into())
            }

            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }
    )*};
}

text_ids! {
    /// One account of one outside system as that system names it, prefixed by the system's slug
    /// (`slug:ACCOUNT`). Cases are identified by it, never by a connection or a link.
    AccountId;
    /// A connection: our name for an account together with its credentials.
    ConnectionId;
    /// A link: an ERP connection and a processor connection with policy and maps.
    LinkId;
    /// The ERP's customer.
    ErpCustomerId;
    /// The ERP's invoice.
    InvoiceId;
    /// The ERP's customer payment.
    ReceiptId;
    /// The ERP's refund document.
    ErpRefundId;
    /// The ERP's bank deposit.
    DepositId;
    /// The ERP's journal entry.
    JournalId;
    /// An account of the ERP's chart.
    LedgerAccountId;
    /// A subsidiary or branch of the ERP.
    SubsidiaryId;
    /// The processor's customer.
    ProcessorCustomerId;
    /// The processor's mandate.
    MandateId;
    /// The processor's request for a mandate (a billing request, a setup session).
    MandateRequestId;
    /// The payer's bank account at the processor.
    BankAccountId;
    /// Bank details that lie sealed in the store.
    BankDetailsId;
    /// The processor's payment for an invoice.
    CollectionId;
    /// The processor's payout.
    PayoutId;
    /// The processor's refund.
    ProcessorRefundId;
    /// The processor's event.
    EventId;
    /// The creditor (merchant entity) at the processor.
    CreditorId;
}
