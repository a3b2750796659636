//! What an onlooker sees of a worker's ports: which commands go out, which are looked for, and which
//! windows are read to their end. The connector behind does the work.

use std::sync::Arc;

use async_trait::async_trait;
use jiff::Timestamp;
use jiff::civil::Date;
use model::command::{ErpWrite, ProcessorWrite, Write, WriteAnswer};
use model::customer::{ErpCustomer, ProcessorCustomer};
use model::direct::CreateBankAccount;
use model::event::Event;
use model::ids::{
    CollectionId, ErpCustomerId, ErpRefundId, InvoiceId, LedgerAccountId, MandateId,
    MandateRequestId, PayoutId, ProcessorCustomerId, ProcessorRefundId, ReceiptId,
};
use model::invoice::Invoice;
use model::key::Key;
use model::ledger::{AccountLine, BookedIn, PeriodBook};
use model::mandate::{Invitation, Mandate, MandateRequest};
use model::money::{Currency, Money};
use model::payment::{Collection, ProcessorRefund};
use model::payout::{Payout, PayoutItem};
use model::receipt::{Deposit, DocumentKind, ErpDocument, Receipt};
use ports::erp::{Choice, ChoiceKind, NamedAccount};
use ports::health::{Health, HealthCheck};
use ports::processor::{BadSignature, Delivery, UsualAmounts};
use ports::{
    BankDetails, Clock, Depth, Description, DetailsFor, Erp, Guard, Page, PortError, Processor,
    Read, Seen,
};

use crate::interrupt::Interrupt;
use crate::windows::Window;
use crate::world::World;

type Result<T> = std::result::Result<T, PortError>;

/// Who looks on.
#[derive(Clone)]
pub struct Onlooker {
    pub world: Arc<World>,
    pub interrupt: Interrupt,
}

impl Onlooker {
    /// Whatever goes through these ports is seen from now on.
    pub fn watch(&self, seen: &mut engine::World) {
        for port in seen.erps.values_mut() {
            let (inner, onlooker) = (Arc::clone(port), self.clone());
            *port = Arc::new(WatchedErp { inner, onlooker });
        }
        for port in seen.processors.values_mut() {
            let (inner, onlooker) = (Arc::clone(port), self.clone());
            *port = Arc::new(WatchedProcessor { inner, onlooker });
        }
    }

    /// A page of a list is asked for, that begins at the one time given, or has everything.
    fn asks(&self, stream: &'static str, since: &[Timestamp]) -> Window {
        Window { stream, since: since.first().copied(), asked_at: self.world.now() }
    }

    /// A worker hands a command over to be sent.
    fn goes_out(&self, key: &Key, write: &Write) {
        let broken = {
            let lease_now = self.world.clock.lease_now();
            let watched = &mut self.world.state().watched;
            let late = watched.sent_late(key, lease_now);
            let blind = watched.sent_blindly(key);
            watched.unlooked.insert(key.clone());
            [late, blind, watched.sends(key, write)]
        };
        broken.into_iter().flatten().for_each(|line| self.world.broken(line));
    }

    fn answered(&self, key: &Key, answer: &Result<WriteAnswer>) {
        match answer {
            Err(PortError::OutcomeUnknown(_)) => {}
            Ok(_) | Err(_) => self.is_known(key),
        }
    }

    /// It was looked for: "in part", and "something else, or voided", are answers as well.
    fn looked(&self, key: &Key, found: &Result<Option<WriteAnswer>>) {
        match found {
            Ok(_) | Err(PortError::OutcomeUnknown(_) | PortError::Rejected(_)) => {
                self.is_known(key);
            }
            Err(_) => {}
        }
    }

    fn is_known(&self, key: &Key) {
        self.world.state().watched.unlooked.remove(key);
    }
}

/// Each method as in the trait, a line each: what lists reads a window, the others only pass through.
macro_rules! watched {
    (
        $name:ident is $port:ident writing $write:ident as $kind:path:
        plain { $($plain:ident($($pa:ident: $pt:ty),*) -> $pg:ty;)* }
        asks { $($ask:ident($($aa:ident: $at:ty),*) -> $ag:ty;)* }
        lists { $($stream:literal $list:ident($($la:ident: $lt:ty),*) -> $lg:ty;)* }
        rest { $($rest:item)* }
    ) => {
        /// The port of one worker, watched.
        struct $name {
            inner: Arc<dyn $port>,
            onlooker: Onlooker,
        }

        #[async_trait]
        impl $port for $name {
            $(
                fn $plain(&self, $($pa: $pt),*) -> $pg {
                    self.inner.$plain($($pa),*)
                }
            )*
            $(
                async fn $ask(&self, $($aa: $at),*) -> $ag {
                    self.inner.$ask($($aa),*).await
                }
            )*
            $(
                async fn $list(&self, $($la: $lt,)* page: Option<&str>) -> Result<Page<$lg>> {
                    let asked = self.onlooker.asks($stream, &[$($la),*]);
                    let given = self.inner.$list($($la,)* page).await?;
                    self.onlooker.interrupt.reads_page(asked, page, &given);
                    Ok(given)
                }
            )*
            async fn find(&self, key: &Key, write: &$write) -> Result<Option<WriteAnswer>> {
                let found = self.inner.find(key, write).await;
                self.onlooker.looked(key, &found);
                found
            }

            async fn write(&self, key: &Key, write: &$write) -> Result<WriteAnswer> {
                self.onlooker.goes_out(key, &$kind(write.clone()));
                let answer = self.inner.write(key, write).await;
                self.onlooker.answered(key, &answer);
                answer
            }

            $($rest)*
        }
    };
}

watched! {
    WatchedErp is Erp writing ErpWrite as Write::Erp:
    plain {
        description() -> &Description;
        guard(write: &ErpWrite) -> Guard;
        one_write_at_a_time() -> bool;
        stamps_of(key: &Key) -> Vec<String>;
    }
    asks {
        check_health() -> Result<Health>;
        sign_off() -> ();
        invoices(ids: &[InvoiceId], depth: Depth) -> Result<Vec<Read<Invoice>>>;
        customers(ids: &[ErpCustomerId], depth: Depth) -> Result<Vec<Read<ErpCustomer>>>;
        documents(keys: &[(DocumentKind, Key)], depth: Depth) -> Result<Vec<Read<ErpDocument>>>;
        receipts(ids: &[ReceiptId]) -> Result<Vec<Read<Receipt>>>;
        deposits_of(receipts: &[ReceiptId], refunds: &[ErpRefundId]) -> Result<Vec<Read<Deposit>>>;
        receipts_naming(
            customer: &ErpCustomerId,
            invoice: &InvoiceId,
            collection: &CollectionId
        ) -> Result<Vec<Read<Receipt>>>;
        periods() -> Result<PeriodBook>;
        receipts_booked_in(currency: Currency) -> Result<Option<BookedIn>>;
        choices(kind: ChoiceKind) -> Result<Vec<Choice>>;
        check_accounts(named: &[NamedAccount]) -> Result<Vec<HealthCheck>>;
        account_balance(account: &LedgerAccountId) -> Result<Money>;
        account_lines(account: &LedgerAccountId, since: Date) -> Result<Vec<AccountLine>>;
    }
    lists {
        "invoices" changed_invoices(since: Timestamp) -> Seen<InvoiceId, Invoice>;
        "open_invoices" open_invoices() -> Seen<InvoiceId, Invoice>;
        "customers" changed_customers(since: Timestamp) -> Seen<ErpCustomerId, ErpCustomer>;
    }
    rest {
        fn listed_account<'a>(&self, id: &'a str) -> &'a str {
            self.inner.listed_account(id)
        }
    }
}

watched! {
    WatchedProcessor is Processor writing ProcessorWrite as Write::Processor:
    plain {
        description() -> &Description;
        guard(write: &ProcessorWrite) -> Guard;
        usual_amounts(currency: Currency) -> Option<UsualAmounts>;
        verify_delivery(
            header: &dyn Fn(&str) -> Option<String>,
            body: &[u8]
        ) -> std::result::Result<(), BadSignature>;
        read_delivery(body: &[u8]) -> Delivery;
        read_bank_details(
            details: &BankDetails,
            scheme: Option<&str>
        ) -> std::result::Result<DetailsFor, Vec<String>>;
    }
    asks {
        check_health() -> Result<Health>;
        customers(ids: &[ProcessorCustomerId]) -> Result<Vec<Read<ProcessorCustomer>>>;
        mandates_of(customer: &ProcessorCustomerId) -> Result<Vec<Read<Mandate>>>;
        mandates(ids: &[MandateId]) -> Result<Vec<Read<Mandate>>>;
        mandate_requests(ids: &[MandateRequestId]) -> Result<Vec<Read<MandateRequest>>>;
        collections(ids: &[CollectionId], depth: Depth) -> Result<Vec<Read<Collection>>>;
        collections_of(customer: &ProcessorCustomerId) -> Result<Vec<Read<Collection>>>;
        payouts(ids: &[PayoutId]) -> Result<Vec<Read<Payout>>>;
        payout_items(payout: &PayoutId) -> Result<Vec<PayoutItem>>;
        refunds(ids: &[ProcessorRefundId]) -> Result<Vec<Read<ProcessorRefund>>>;
        invitation(request: &MandateRequestId) -> Result<Option<Invitation>>;
    }
    lists {
        "events" events(since: Timestamp) -> Event;
        "payouts" payouts_since(since: Timestamp) -> Seen<PayoutId, Payout>;
        "collections" collections_since(since: Timestamp) -> Seen<CollectionId, Collection>;
        "directory" customers_since(since: Timestamp) -> ProcessorCustomer;
    }
    rest {
        async fn write_bank_account(
            &self,
            key: &Key,
            write: &CreateBankAccount,
            details: &BankDetails,
        ) -> Result<WriteAnswer> {
            let made = ProcessorWrite::CreateBankAccount(write.clone());
            self.onlooker.goes_out(key, &Write::Processor(made));
            let answer = self.inner.write_bank_account(key, write, details).await;
            self.onlooker.answered(key, &answer);
            answer
        }
    }
}
