//! The fake processor's writes: what the connector asks for, with the state rules of payments and
//! an idempotency key that is refused a second time, naming what it made.

use jiff::Timestamp;
use model::command::{
    Collect, CollectionOnly, LinkCustomer, ProcessorWrite, RejectionCause, RetryCollection,
    WriteAnswer,
};
use model::event::EventSubject;
use model::ids::CollectionId;
use model::key::Key;
use model::mandate::MandateStatus;
use model::payment::{CollectionStatus, metadata};
use ports::PortError;

use super::super::erp::{CURRENCY, pounds};
use super::{PaymentRow, Processor, Why, earliest_charge};

/// Retries of one payment, anyone's counted (gocardless sheet section 10).
pub const RETRIES_MAX: u32 = 3;

const API: Why<'static> =
    Why { origin: "api", cause: "payment_retried", will_retry: None, payout: None };

fn made(id: &CollectionId) -> WriteAnswer {
    WriteAnswer { id: id.to_string(), adopted: false, url: None }
}

fn adopted(id: &CollectionId) -> WriteAnswer {
    WriteAnswer { id: id.to_string(), adopted: true, url: None }
}

impl Processor {
    pub fn write(
        &mut self,
        key: &Key,
        write: &ProcessorWrite,
        now: Timestamp,
    ) -> Result<WriteAnswer, PortError> {
        match write {
            ProcessorWrite::Collect(w) => self.collect(key, w, now),
            ProcessorWrite::CancelCollection(w) => self.cancel(key, w, now),
            ProcessorWrite::RetryCollection(w) => self.retry(w, now),
            ProcessorWrite::StopAutomaticRetries(w) => {
                let row = self.payments.get_mut(&w.collection).ok_or_else(|| gone(w))?;
                row.automatic_retry = false;
                row.retries_at = None;
                Ok(made(&w.collection))
            }
            ProcessorWrite::RequestMandate(w) => Ok(self.request(key, w, now)),
            ProcessorWrite::InviteMandate(w) => self.invite(w, now),
            ProcessorWrite::CreateCustomer(w) => self.create_customer(w),
            ProcessorWrite::CreateBankAccount(w) => self.create_bank_account(key, w),
            ProcessorWrite::CreateMandate(w) => self.create_mandate(key, w, now),
            ProcessorWrite::LinkCustomer(w) => self.link(w),
        }
    }

    pub fn find(
        &self,
        key: &Key,
        write: &ProcessorWrite,
    ) -> Result<Option<WriteAnswer>, PortError> {
        match write {
            ProcessorWrite::Collect(w) => {
                let stamp = w.metadata.get(metadata::KEY).map_or(key.as_str(), String::as_str);
                let found = self.payments.iter().find(|(_, row)| {
                    row.metadata.get(metadata::KEY).map(String::as_str) == Some(stamp)
                });
                found.map(|(id, row)| adopt(id, row, w)).transpose()
            }
            ProcessorWrite::CancelCollection(w) => {
                let row = self.payments.get(&w.collection).ok_or_else(|| gone(w))?;
                Ok((row.status == CollectionStatus::Cancelled).then(|| adopted(&w.collection)))
            }
            ProcessorWrite::RetryCollection(w) => self.find_retried(w),
            ProcessorWrite::StopAutomaticRetries(w) => {
                let row = self.payments.get(&w.collection).ok_or_else(|| gone(w))?;
                Ok((!row.automatic_retry).then(|| adopted(&w.collection)))
            }
            ProcessorWrite::LinkCustomer(w) => {
                let linked = self.customers.get(&w.customer).is_some_and(|customer| {
                    customer.erp_customer.as_ref() == Some(&w.erp_customer)
                });
                let answer = WriteAnswer { id: w.customer.to_string(), adopted: true, url: None };
                Ok(linked.then_some(answer))
            }
            ProcessorWrite::RequestMandate(w) => Ok(self.find_request(key, w)),
            ProcessorWrite::InviteMandate(_) => Ok(None),
            ProcessorWrite::CreateCustomer(w) => Ok(self.find_direct(&w.once)),
            ProcessorWrite::CreateBankAccount(_) | ProcessorWrite::CreateMandate(_) => {
                Ok(self.find_direct(key.as_str()))
            }
        }
    }

    fn collect(
        &mut self,
        key: &Key,
        w: &Collect,
        now: Timestamp,
    ) -> Result<WriteAnswer, PortError> {
        let used = self.keys.get(key.as_str()).filter(|_| !self.ignores_keys);
        if let Some((id, row)) = used.and_then(|id| self.payments.get_key_value(id)) {
            return adopt(id, row, w);
        }
        let usable = self.mandates.get(&w.mandate).is_some_and(|row| row.status.usable(true));
        if !usable {
            let words = format!("mandate {} can not be used", w.mandate);
            return Err(PortError::rejected(RejectionCause::MandateUnusable, words));
        }
        if w.charge_on.is_some_and(|on| on < earliest_charge(now)) {
            return Err(PortError::Stale("the charge date has passed".to_owned()));
        }
        if w.amount.minor <= 0 || w.amount.currency != CURRENCY {
            let words = format!("amount {}", w.amount);
            return Err(PortError::rejected(RejectionCause::Validation, words));
        }
        let id = self.new_payment(w, true, now);
        self.keys.insert(key.as_str().to_owned(), id.clone());
        Ok(made(&id))
    }

    /// The payments that were made under keys.
    pub fn made_by_us(&self) -> impl Iterator<Item = (Key, &PaymentRow)> {
        let made = self.keys.iter();
        made.filter_map(|(key, id)| Some((Key::from_stored(key), self.payments.get(id)?)))
    }

    /// `by_us`: the connector makes it; else somebody else does.
    pub(super) fn new_payment(&mut self, w: &Collect, by_us: bool, now: Timestamp) -> CollectionId {
        let id = CollectionId::new(self.next_id("PM"));
        let mandate = self.mandates.get(&w.mandate).map(|row| row.status);
        let status = match mandate {
            Some(MandateStatus::PendingCustomerApproval) => {
                CollectionStatus::PendingCustomerApproval
            }
            Some(_) | None => CollectionStatus::PendingSubmission,
        };
        let row = PaymentRow {
            amount: w.amount.minor,
            refunded: 0,
            status,
            charge_on: w.charge_on.or_else(|| Some(earliest_charge(now))),
            mandate: w.mandate.clone(),
            description: Some(w.description.clone()),
            metadata: w.metadata.clone(),
            automatic_retry: w.automatic_retry,
            created_at: now,
            payout_hint: None,
            live_by_us: by_us,
            retries: 0,
            live_since: now,
            waits_for_payout: false,
            settled: false,
            cancelled_by_person: None,
            retries_at: None,
            said: None,
        };
        self.payments.insert(id.clone(), row);
        let why = Why { origin: "api", cause: "payment_created", ..Why::default() };
        self.emit(now, EventSubject::Collection(id.to_string()), "created", why);
        id
    }

    /// Somebody else's link is not overwritten.
    fn link(&mut self, w: &LinkCustomer) -> Result<WriteAnswer, PortError> {
        let answer = |adopted| WriteAnswer { id: w.customer.to_string(), adopted, url: None };
        let Some(customer) = self.customers.get_mut(&w.customer) else {
            let words = format!("no customer {}", w.customer);
            return Err(PortError::rejected(RejectionCause::Other, words));
        };
        match &customer.erp_customer {
            Some(known) if *known == w.erp_customer => Ok(answer(true)),
            Some(other) => {
                let words = format!("customer {} belongs to {other} already", w.customer);
                Err(PortError::rejected(RejectionCause::State, words))
            }
            None => {
                customer.erp_customer = Some(w.erp_customer.clone());
                Ok(answer(false))
            }
        }
    }

    fn cancel(
        &mut self,
        key: &Key,
        w: &CollectionOnly,
        now: Timestamp,
    ) -> Result<WriteAnswer, PortError> {
        let status = self.payments.get(&w.collection).ok_or_else(|| gone(w))?.status;
        if status == CollectionStatus::Cancelled {
            return Ok(adopted(&w.collection));
        }
        if !status.cancellable() {
            let words = format!("payment {} can not be cancelled any more", w.collection);
            return Err(PortError::rejected(RejectionCause::State, words));
        }
        let why = Why { origin: "api", cause: "payment_cancelled", ..Why::default() };
        let to = CollectionStatus::Cancelled;
        self.become_status(now, &w.collection, to, "cancelled", why, true);
        if let Some(row) = self.events.last_mut() {
            // Metadata of an action is kept with its event (gocardless sheet section 3).
            let named = (metadata::KEY.to_owned(), key.as_str().to_owned());
            row.event.metadata.extend([named]);
        }
        Ok(made(&w.collection))
    }

    fn retry(&mut self, w: &RetryCollection, now: Timestamp) -> Result<WriteAnswer, PortError> {
        if let Some(answer) = self.find_retried(w)? {
            return Ok(answer);
        }
        if !self.retry_payment(&w.collection, now, true) {
            let words = format!("payment {} can not be retried", w.collection);
            return Err(PortError::rejected(RejectionCause::State, words));
        }
        Ok(made(&w.collection))
    }

    /// The same payment once more, by anyone.
    pub fn retry_payment(&mut self, id: &CollectionId, now: Timestamp, by_us: bool) -> bool {
        let Some(row) = self.payments.get(id) else { return false };
        let mandate = self.mandates.get(&row.mandate).map(|mandate| mandate.status);
        let usable = mandate.is_some_and(|status| status.usable(false));
        if row.status != CollectionStatus::Failed || row.retries >= RETRIES_MAX || !usable {
            return false;
        }
        if let Some(row) = self.payments.get_mut(id) {
            row.retries += 1;
            row.retries_at = None;
            row.charge_on = Some(earliest_charge(now));
        }
        let to = CollectionStatus::PendingSubmission;
        self.become_status(now, id, to, "resubmission_requested", API, by_us);
        true
    }

    fn find_retried(&self, w: &RetryCollection) -> Result<Option<WriteAnswer>, PortError> {
        let row = self.payments.get(&w.collection).ok_or_else(|| {
            PortError::rejected(RejectionCause::Other, format!("no payment {}", w.collection))
        })?;
        if pounds(row.amount) != w.amount {
            return Err(PortError::Stale(format!("payment {} changed", w.collection)));
        }
        let happened = match row.status {
            CollectionStatus::PendingSubmission
            | CollectionStatus::Submitted
            | CollectionStatus::Confirmed
            | CollectionStatus::PaidOut => true,
            CollectionStatus::Failed
            | CollectionStatus::ChargedBack
            | CollectionStatus::Cancelled
            | CollectionStatus::CustomerApprovalDenied
            | CollectionStatus::PendingCustomerApproval => row.retries > w.retries_before,
        };
        Ok(happened.then(|| adopted(&w.collection)))
    }
}

fn gone(w: &CollectionOnly) -> PortError {
    PortError::rejected(RejectionCause::Other, format!("no payment {}", w.collection))
}

/// The payment that exists under the key is taken over when it is the same in substance.
fn adopt(id: &CollectionId, row: &PaymentRow, w: &Collect) -> Result<WriteAnswer, PortError> {
    if row.amount == w.amount.minor && row.mandate == w.mandate {
        return Ok(adopted(id));
    }
    let words = format!("the key made payment {id} over {}", pounds(row.amount));
    Err(PortError::rejected(RejectionCause::Other, words))
}
