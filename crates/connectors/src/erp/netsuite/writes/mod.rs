//! Writes of the port: each kind in its own file, and here what they share: sending, adopting what
//! is there already, and finding out what became of a write whose outcome is unknown.

pub mod annotate;
pub mod apply;
pub mod deposit;
pub mod find;
pub mod journal;
pub mod receipt;
pub mod refund;

use jiff::civil::Date;
use serde_json::{Map, Value, json};

use model::command::{ErpWrite, Rejection, RejectionCause, WriteAnswer};
use model::ids::{ErpCustomerId, SubsidiaryId};
use model::key::Key;
use model::money::Money;
use model::receipt::DocumentKind;
use ports::PortError;

use super::NetSuite;
use super::books::Setup;
use super::client::Outcome;
use super::fields::{MEMO_LENGTH_MAX, cut};
use super::reads::documents::{record_type, stamp};
use super::refusal::Refusal;
use super::wire::is_internal_id;

/// Our own fields begin like this; they are left out where an account does not have them.
const OWN_FIELD: &str = "custbody_mlc_";
/// A body is changed and sent again at most this often: certainly refused each time before.
const ADJUSTMENTS_MAX: u32 = 4;

impl NetSuite {
    /// Makes the write (netsuite sheet sections 9.3 to 9.7 and 10).
    pub(super) async fn make(&self, key: &Key, write: &ErpWrite) -> Result<WriteAnswer, PortError> {
        match write {
            ErpWrite::SaveCustomerFields(w) => self.save_customer_fields(key, w).await,
            ErpWrite::AnnotateInvoice(w) => self.annotate_invoice(key, w).await,
            ErpWrite::RecordReceipt(w) => self.record_receipt(key, w).await,
            ErpWrite::ApplyReceipt(w) => self.apply_receipt(key, w).await,
            ErpWrite::UnapplyReceipt(w) => self.unapply_receipt(key, w).await,
            ErpWrite::RecordRefund(w) => self.record_refund(key, w).await,
            ErpWrite::RecordDeposit(w) => self.record_deposit(key, w).await,
            ErpWrite::RecordJournal(w) => self.record_journal(key, w).await,
            ErpWrite::AnnotateReceipt(w) => self.annotate_receipt(key, w).await,
        }
    }

    /// Sends a new document. `adjust` may mend the body after a definitive refusal (an alternative
    /// form that the account wants); any other refusal looks for what is there under the key.
    async fn send_document(
        &self,
        key: &Key,
        write: &ErpWrite,
        kind: DocumentKind,
        mut body: Map<String, Value>,
        adjust: impl Fn(&Refusal, &mut Map<String, Value>) -> bool + Send + Sync,
    ) -> Result<WriteAnswer, PortError> {
        let mut adjustments = 0;
        loop {
            let sent = Value::Object(body.clone());
            match self.client.create(record_type(kind), &sent, key).await? {
                Outcome::Done(Some(id)) => return Ok(made(id)),
                Outcome::Done(None) => return self.made_without_location(key, kind).await,
                Outcome::Refused(refusal) => {
                    adjustments += 1;
                    let mended = !refusal.is_duplicate()
                        && adjustments <= ADJUSTMENTS_MAX
                        && (drop_own_field(&refusal, &mut body) || adjust(&refusal, &mut body));
                    if !mended {
                        return self.adopt(key, write, refusal).await;
                    }
                }
            }
        }
    }

    /// The document was made but its id not told: it is read by its key.
    async fn made_without_location(
        &self,
        key: &Key,
        kind: DocumentKind,
    ) -> Result<WriteAnswer, PortError> {
        let id = format!("eid:{}", stamp(key));
        let unknown = |why: String| PortError::OutcomeUnknown(why);
        let read = self.client.get(record_type(kind), &id, false).await;
        let body = read.map_err(|error| unknown(error.to_string()))?;
        body.and_then(|body| super::wire::Record(&body).id())
            .map(made)
            .ok_or_else(|| unknown("it was accepted, but is not to be seen yet".to_owned()))
    }

    /// Refused. An earlier send may be why, and not only when the external id is said to be taken:
    /// its own application makes the invoice paid, which may be noticed first. What is there under
    /// the key is taken over when it is the same in substance.
    async fn adopt(
        &self,
        key: &Key,
        write: &ErpWrite,
        refusal: Refusal,
    ) -> Result<WriteAnswer, PortError> {
        match self.find_effect(key, write).await {
            Ok(Some(answer)) => Ok(answer),
            // Nothing is there: the refusal stands.
            Ok(None) => Err(refusal.into_error()),
            // The create was refused for certain; only the look at what is there failed.
            Err(PortError::Unavailable(why)) => Err(PortError::OutcomeUnknown(why)),
            Err(error) => Err(error),
        }
    }

    /// Sends a change and takes refusals as they are.
    async fn send_change(
        &self,
        key: &Key,
        kind: &str,
        id: &str,
        body: &Value,
    ) -> Result<WriteAnswer, PortError> {
        checked_id(id)?;
        match self.client.change(kind, id, body, key).await? {
            Outcome::Done(_) => Ok(made(id.to_owned())),
            Outcome::Refused(refusal) => Err(refusal.into_error()),
        }
    }
}

fn made(id: String) -> WriteAnswer {
    WriteAnswer { id, adopted: false, url: None }
}

fn adopted(id: &str) -> WriteAnswer {
    WriteAnswer { id: id.to_owned(), adopted: true, url: None }
}

/// Leaves out a field of ours that the refusal names, since the account does not have it.
fn drop_own_field(refusal: &Refusal, body: &mut Map<String, Value>) -> bool {
    let named =
        body.keys().find(|name| name.starts_with(OWN_FIELD) && refusal.names(name)).cloned();
    named.is_some_and(|name| body.remove(&name).is_some())
}

/// An id that may stand in a path.
fn checked_id(id: &str) -> Result<(), PortError> {
    if is_internal_id(id) {
        return Ok(());
    }
    Err(invalid(format!("\"{id}\" is not an internal id of NetSuite")))
}

/// What NetSuite would refuse, or worse take in another sense: refused before it is sent.
fn invalid(words: impl Into<String>) -> PortError {
    PortError::rejected(RejectionCause::Validation, words)
}

/// An amount that moves: some systems take zero or less, and mean something else by it.
fn positive(amount: Money) -> Result<(), PortError> {
    if amount.is_positive() {
        return Ok(());
    }
    Err(invalid(format!("{amount} is no amount to book")))
}

/// A refusal that names a field of ours is for the person who installs them.
fn field_missing(field: &str, refusal: &Refusal) -> PortError {
    PortError::Rejected(Rejection {
        cause: RejectionCause::Unsupported,
        words: format!(
            "{} (deploy the connector's fields and give its role access to {field})",
            refusal.detail
        ),
        field: Some(field.to_owned()),
    })
}

fn reference(id: &str) -> Value {
    json!({ "id": id })
}

/// What every document of ours has.
fn document_body(
    key: &Key,
    dated_on: Date,
    true_date: Option<Date>,
    memo: &str,
) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("externalId".to_owned(), Value::from(stamp(key)));
    body.insert("tranDate".to_owned(), Value::from(dated_on.to_string()));
    body.insert("memo".to_owned(), Value::from(memo_text(memo, dated_on, true_date)));
    body
}

/// The memo, with the true date when the period forced another one.
fn memo_text(memo: &str, dated_on: Date, true_date: Option<Date>) -> String {
    let text = match true_date {
        Some(day) if day != dated_on && !memo.contains(&day.to_string()) => {
            let note = format!(" (of {day})");
            format!("{}{note}", cut(memo, MEMO_LENGTH_MAX - note.len()))
        }
        Some(_) | None => memo.to_owned(),
    };
    cut(&text, MEMO_LENGTH_MAX)
}

/// The subsidiary, in OneWorld accounts only: elsewhere the field does not exist.
fn put_subsidiary(body: &mut Map<String, Value>, setup: &Setup, id: Option<&SubsidiaryId>) {
    if let Some(id) = id.filter(|_| setup.is_one_world()) {
        body.insert("subsidiary".to_owned(), reference(id.as_str()));
    }
}

fn put_customer(body: &mut Map<String, Value>, customer: &ErpCustomerId) {
    body.insert("customer".to_owned(), reference(customer.as_str()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn a_forced_date_leaves_the_true_one_in_the_memo() {
        let (on, forced) = (date(2026, 3, 31), date(2026, 4, 1));
        assert_eq!(memo_text("PO1", forced, Some(on)), "PO1 (of 2026-03-31)");
        assert_eq!(memo_text("PO1 2026-03-31", forced, Some(on)), "PO1 2026-03-31");
        assert_eq!(memo_text("PO1", on, Some(on)), "PO1");
        assert_eq!(memo_text("PO1", on, None), "PO1");
        let long = memo_text(&"x".repeat(2_000), forced, Some(on));
        assert!(long.chars().count() <= MEMO_LENGTH_MAX && long.ends_with("(of 2026-03-31)"));
    }
}
