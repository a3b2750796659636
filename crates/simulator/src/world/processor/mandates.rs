//! What becomes of mandates at the banks: active, approved, ended in each way, reinstated.

use jiff::Timestamp;
use model::event::EventSubject;
use model::ids::{CollectionId, MandateId};
use model::mandate::MandateStatus;
use model::payment::CollectionStatus;

use super::{Processor, Why};

/// One way in which a mandate ends (gocardless sheet section 16).
#[derive(Debug, Clone, Copy)]
pub struct End {
    pub status: MandateStatus,
    pub action: &'static str,
    /// What the payments are told that are cancelled with it; `None`: they stay as they are.
    pub cause: Option<&'static str>,
}

const fn end(status: MandateStatus, action: &'static str, cause: Option<&'static str>) -> End {
    End { status, action, cause }
}

pub const ENDS: [End; 5] = [
    end(MandateStatus::Cancelled, "cancelled", Some("mandate_cancelled")),
    end(MandateStatus::Expired, "expired", Some("mandate_expired")),
    end(MandateStatus::Failed, "failed", Some("mandate_failed")),
    end(MandateStatus::SuspendedByPayer, "suspended_by_payer", Some("mandate_suspended_by_payer")),
    end(MandateStatus::Blocked, "blocked", None),
];

fn bank(cause: &str) -> Why<'_> {
    Why { origin: "bank", cause, will_retry: None, payout: None }
}

impl Processor {
    pub fn activate_mandate(&mut self, id: &MandateId, now: Timestamp) {
        self.mandate_becomes(id, MandateStatus::Active, "active", now);
    }

    fn mandate_becomes(
        &mut self,
        id: &MandateId,
        status: MandateStatus,
        action: &str,
        now: Timestamp,
    ) {
        if let Some(row) = self.mandates.get_mut(id) {
            if !row.status.usable(true) {
                row.usable_since = now;
            }
            row.status = status;
        }
        self.emit(now, EventSubject::Mandate(id.to_string()), action, bank(action));
    }

    /// The payer approves the mandate, or refuses it and the payments that wait for that.
    pub fn answer_approval(&mut self, id: &MandateId, approved: bool, now: Timestamp) -> bool {
        let waits = MandateStatus::PendingCustomerApproval;
        if self.mandates.get(id).is_none_or(|row| row.status != waits) {
            return false;
        }
        let (mandate, word) = match approved {
            true => (MandateStatus::PendingSubmission, "customer_approval_granted"),
            false => (MandateStatus::Cancelled, "customer_approval_denied"),
        };
        self.mandate_becomes(id, mandate, word, now);
        let waiting = self.unsent(id, &[CollectionStatus::PendingCustomerApproval]);
        for payment in waiting {
            let to = match approved {
                true => CollectionStatus::PendingSubmission,
                false => CollectionStatus::CustomerApprovalDenied,
            };
            self.become_status(now, &payment, to, word, bank(word), false);
        }
        true
    }

    fn unsent(&self, mandate: &MandateId, statuses: &[CollectionStatus]) -> Vec<CollectionId> {
        let rows = self.payments.iter();
        rows.filter(|(_, row)| row.mandate == *mandate && statuses.contains(&row.status))
            .map(|(payment, _)| payment.clone())
            .collect()
    }

    /// The mandate ends at the bank: what is not submitted yet is cancelled with it.
    pub fn end_mandate(&mut self, id: &MandateId, end: &End, now: Timestamp) -> bool {
        // Nothing would end the payments that wait for the payer.
        let stuck = end.cause.is_none();
        if !self.mandates.get(id).is_some_and(|row| row.status.usable(!stuck)) {
            return false;
        }
        self.mandate_becomes(id, end.status, end.action, now);
        let Some(cause) = end.cause else { return true };
        let unsent =
            [CollectionStatus::PendingSubmission, CollectionStatus::PendingCustomerApproval];
        for payment in self.unsent(id, &unsent) {
            let to = CollectionStatus::Cancelled;
            self.become_status(now, &payment, to, "cancelled", bank(cause), false);
        }
        true
    }

    /// Comes back as it was, unless another one stands in its place.
    pub fn reinstate_mandate(&mut self, id: &MandateId, now: Timestamp) -> bool {
        let Some(row) = self.mandates.get(id) else { return false };
        if row.status.usable(true) || row.replaced_by.is_some() {
            return false;
        }
        self.mandate_becomes(id, MandateStatus::Active, "reinstated", now);
        true
    }

    /// Nothing but an event: the payer's bank account is another one now.
    pub fn transfer_mandate(&mut self, id: &MandateId, now: Timestamp) {
        self.emit(now, EventSubject::Mandate(id.to_string()), "transferred", bank("transferred"));
    }
}
