//! Mandates that payers are asked for: a request, links under which it is authorised and which expire,
//! and what the payer makes of it (gocardless sheet sections 7 and 8).

use jiff::{Timestamp, ToSpan};
use model::command::{InviteMandate, RejectionCause, RequestMandate, WriteAnswer};
use model::customer::ProcessorCustomer;
use model::event::EventSubject;
use model::ids::{MandateRequestId, ProcessorCustomerId};
use model::key::Key;
use model::mandate::{Invitation, MandateRequest, MandateRequestStatus};
use model::payment::metadata;
use ports::PortError;

use super::{Processor, Why};

/// Hours for which a link counts.
const LINK_HOURS: i64 = 7 * 24;

#[derive(Debug, Clone)]
pub struct RequestRow {
    pub request: MandateRequest,
    /// The key in its metadata.
    stamp: String,
    /// Newest last.
    pub invitations: Vec<Invitation>,
}

fn answer(id: String, url: Option<String>, adopted: bool) -> WriteAnswer {
    WriteAnswer { id, adopted, url }
}

impl Processor {
    /// A key is refused a second time, and names what it made.
    pub(super) fn request(&mut self, key: &Key, w: &RequestMandate, now: Timestamp) -> WriteAnswer {
        let found = self.find_request(key, w);
        if let Some(found) = found.filter(|_| !self.ignores_keys) {
            return found;
        }
        let id = MandateRequestId::new(self.next_id("BRQ"));
        let request = MandateRequest {
            id: id.clone(),
            status: MandateRequestStatus::Pending,
            customer: w.customer.clone(),
            mandate: None,
            erp_customer: Some(w.erp_customer.clone()),
            currency: Some(w.currency),
            created_at: now,
        };
        let stamp = w.metadata.get(metadata::KEY).map_or(key.as_str(), String::as_str).to_owned();
        let row = RequestRow { request, stamp, invitations: Vec::new() };
        self.requests.insert(id.clone(), row);
        self.say_of_request(&id, "created", now);
        answer(id.to_string(), None, false)
    }

    pub(super) fn find_request(&self, key: &Key, w: &RequestMandate) -> Option<WriteAnswer> {
        let stamp = w.metadata.get(metadata::KEY).map_or(key.as_str(), String::as_str);
        let found = self.requests.iter().find(|(_, row)| row.stamp == stamp);
        found.map(|(id, _)| answer(id.to_string(), None, true))
    }

    /// Every call makes a link; the newest counts.
    pub(super) fn invite(
        &mut self,
        w: &InviteMandate,
        now: Timestamp,
    ) -> Result<WriteAnswer, PortError> {
        let id = self.next_id("BRF");
        let row = self.requests.get_mut(&w.request);
        let Some(row) = row.filter(|row| row.request.status == MandateRequestStatus::Pending)
        else {
            let words = format!("request {} waits for nobody", w.request);
            return Err(PortError::rejected(RejectionCause::State, words));
        };
        let url = format!("https://pay.example/{id}");
        row.invitations.push(Invitation {
            request: w.request.clone(),
            url: url.clone(),
            expires_at: Some(now + LINK_HOURS.hours()),
        });
        Ok(answer(id, Some(url), false))
    }

    /// The payer authorises under a link that counts: a mandate, of a new customer where none was
    /// named.
    pub fn fulfil(&mut self, id: &MandateRequestId, now: Timestamp) -> bool {
        let Some(row) = self.requests.get(id) else { return false };
        let counts = row.invitations.last().and_then(|link| link.expires_at);
        let open = row.request.status == MandateRequestStatus::Pending
            && counts.is_some_and(|until| until > now);
        if !open {
            return false;
        }
        let known = row.request.customer.clone().filter(|id| self.customers.contains_key(id));
        let payer = known.unwrap_or_else(|| self.introduce(id));
        let mandate = self.add_mandate(&payer, now);
        if let Some(row) = self.requests.get_mut(id) {
            row.request.status = MandateRequestStatus::Fulfilled;
            row.request.customer = Some(payer);
            row.request.mandate = Some(mandate);
        }
        self.say_of_request(id, "fulfilled", now);
        true
    }

    /// The customer that a payer made of himself.
    fn introduce(&mut self, id: &MandateRequestId) -> ProcessorCustomerId {
        let erp = self.requests.get(id).and_then(|row| row.request.erp_customer.clone());
        let named = erp.as_ref().map_or("?", |erp| erp.as_str()).to_owned();
        let payer = ProcessorCustomerId::new(self.next_id("CU"));
        let customer = ProcessorCustomer {
            id: payer.clone(),
            email: Some(format!("{}@example.com", named.to_lowercase())),
            name: Some(format!("Payer of {named}")),
            country: Some("GB".to_owned()),
            erp_customer: None,
        };
        self.customers.insert(payer.clone(), customer);
        payer
    }

    /// Somebody cancels the request in the dashboard.
    pub fn cancel_request(&mut self, id: &MandateRequestId, now: Timestamp) -> bool {
        let Some(row) = self.requests.get_mut(id) else { return false };
        if row.request.status != MandateRequestStatus::Pending {
            return false;
        }
        row.request.status = MandateRequestStatus::Cancelled;
        self.say_of_request(id, "cancelled", now);
        true
    }

    fn say_of_request(&mut self, id: &MandateRequestId, action: &str, now: Timestamp) {
        let why = Why { origin: "payer", cause: action, ..Why::default() };
        self.emit(now, EventSubject::MandateRequest(id.to_string()), action, why);
    }
}
