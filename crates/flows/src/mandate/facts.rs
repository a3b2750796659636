//! What a look at a mandate's case gathers, and which mandate serves the customer.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use model::case::CaseKey;
use model::command::{CommandState, CommandView, ProcessorWrite, Write};
use model::customer::ErpCustomer;
use model::ids::{BankDetailsId, ErpCustomerId, MandateId, MandateRequestId, ProcessorCustomerId};
use model::key::Key;
use model::mandate::{Invitation, Mandate, MandateRequest};
use model::money::Currency;
use model::person::PersonFact;
use model::reason::Reason;
use model::sight::Sight;

use crate::common::Frame;

/// How long an authorisation link lives when the processor does not say (gocardless sheet section
/// 20: seven days).
const INVITATION_LIFE: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Replacements followed from one mandate to the next; more is a ring.
const REPLACEMENTS_MAX: usize = 10;

#[derive(Debug, Clone)]
pub struct MandateFacts {
    pub frame: Frame,
    pub id: ErpCustomerId,
    pub currency: Currency,
    pub customer: Sight<ErpCustomer>,
    /// The customer that the customer's case settled on at this processor account.
    pub pair: Option<ProcessorCustomerId>,
    /// Why there is no pair, when there is none.
    pub unmatched: Option<Reason>,
    /// Every mandate of the pair, whatever its currency and status.
    pub mandates: Vec<Mandate>,
    /// The requests that this case's commands made, read by id.
    pub requests: BTreeMap<MandateRequestId, Sight<MandateRequest>>,
    /// When this case's invitations were answered, by the command's key.
    pub invited_at: BTreeMap<Key, Timestamp>,
    /// Invitations as the processor tells them, where it can; their expiry counts.
    pub invitations: Vec<Invitation>,
    /// Something is to be collected from this customer in this currency.
    pub wanted: bool,
    /// Cases of the customer's open invoices in this currency.
    pub collections: Vec<CaseKey>,
    pub person: Vec<PersonFact>,
    /// Bank details of this case's orders that still lie sealed.
    pub held: BTreeSet<BankDetailsId>,
    /// The reason of the last decision: other cases are hinted only when it changes.
    pub last_reason: Option<Reason>,
}

/// The mandate that serves the customer in this currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice<'a> {
    Usable(&'a Mandate),
    /// Several, and the ERP's field names none of them.
    Ambiguous(Vec<&'a Mandate>),
    /// None; the newest that there was.
    None(Option<&'a Mandate>),
}

/// A link that was handed out for a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HandedOut<'a> {
    pub url: &'a str,
    pub expires_at: Timestamp,
}

impl MandateFacts {
    pub fn in_currency(&self) -> impl DoubleEndedIterator<Item = &Mandate> {
        self.mandates.iter().filter(|mandate| mandate.currency == self.currency)
    }

    /// The one named in the ERP's field, or what replaced it; else the only usable one. A mandate
    /// whose approval is pending is usable here: whether to collect on it is the collection's.
    #[must_use]
    pub fn choose(&self, named: Option<&MandateId>) -> Choice<'_> {
        let usable: Vec<&Mandate> =
            self.in_currency().filter(|mandate| mandate.status.usable(true)).collect();
        if let Some(named) = named.and_then(|named| self.follow(named))
            && named.status.usable(true)
        {
            return Choice::Usable(named);
        }
        match usable.as_slice() {
            [only] => Choice::Usable(only),
            [] => Choice::None(self.in_currency().max_by_key(|mandate| mandate.created_at)),
            [_, ..] => Choice::Ambiguous(usable),
        }
    }

    /// The named mandate, or the end of its chain of replacements as far as it is known.
    fn follow(&self, named: &MandateId) -> Option<&Mandate> {
        let mut mandate = self.in_currency().find(|mandate| mandate.id == *named)?;
        for _ in 0..REPLACEMENTS_MAX {
            let Some(next) = &mandate.replaced_by else { break };
            match self.in_currency().find(|mandate| mandate.id == *next) {
                Some(replacement) => mandate = replacement,
                None => break,
            }
        }
        Some(mandate)
    }

    /// The ids of the requests that this case made, oldest first.
    pub fn requested(&self) -> impl Iterator<Item = MandateRequestId> {
        self.done(|write| matches!(write, ProcessorWrite::RequestMandate(_)))
            .filter_map(|view| view.answer.as_ref())
            .map(|answer| MandateRequestId::new(answer.id.as_str()))
    }

    /// The done invitations of a request, oldest first.
    pub fn invited<'a>(
        &'a self,
        request: &'a MandateRequestId,
    ) -> impl DoubleEndedIterator<Item = &'a CommandView> {
        self.done(move |write| match write {
            ProcessorWrite::InviteMandate(invite) => invite.request == *request,
            ProcessorWrite::Collect(_)
            | ProcessorWrite::CancelCollection(_)
            | ProcessorWrite::RetryCollection(_)
            | ProcessorWrite::StopAutomaticRetries(_)
            | ProcessorWrite::RequestMandate(_)
            | ProcessorWrite::LinkCustomer(_)
            | ProcessorWrite::CreateCustomer(_)
            | ProcessorWrite::CreateBankAccount(_)
            | ProcessorWrite::CreateMandate(_) => false,
        })
    }

    fn done(
        &self,
        pick: impl Fn(&ProcessorWrite) -> bool,
    ) -> impl DoubleEndedIterator<Item = &CommandView> {
        self.frame.commands.iter().filter(move |view| match &view.write {
            Write::Processor(write) => view.state == CommandState::Done && pick(write),
            Write::Erp(_) => false,
        })
    }

    /// The newest link of a request; the newest one counts. Without a known time of its making it
    /// counts as just made.
    #[must_use]
    pub fn handed_out<'a>(&'a self, request: &'a MandateRequestId) -> Option<HandedOut<'a>> {
        let view = self.invited(request).next_back()?;
        let url = view.answer.as_ref()?.url.as_deref()?;
        let told = self.invitations.iter().find(|invitation| invitation.url == url);
        let made_at = self.invited_at.get(&view.key).copied().unwrap_or(self.frame.now);
        let expires_at = told
            .and_then(|invitation| invitation.expires_at)
            .unwrap_or_else(|| made_at.saturating_add(INVITATION_LIFE).unwrap_or(made_at));
        Some(HandedOut { url, expires_at })
    }

    /// A link that this case handed out, whether it still counts or not.
    #[must_use]
    pub fn is_our_link(&self, url: &str) -> bool {
        self.done(|write| matches!(write, ProcessorWrite::InviteMandate(_)))
            .filter_map(|view| view.answer.as_ref())
            .any(|answer| answer.url.as_deref() == Some(url))
    }
}
