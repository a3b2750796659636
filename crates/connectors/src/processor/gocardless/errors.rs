//! GoCardless's error bodies to port errors (gocardless sheet section 5, corrected by section 30).

use http::StatusCode;
use model::command::{Rejection, RejectionCause};
use ports::PortError;
use serde_json::Value;

use crate::http::Answer;
use crate::http::classify::{unreadable_read, unreadable_write, words};

/// A definitive refusal, in the other side's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    /// `gocardless`, `invalid_api_usage`, `invalid_state`, `validation_failed`.
    pub kind: String,
    pub reasons: Vec<String>,
    /// `links.conflicting_resource_id` of an idempotency conflict.
    pub conflicting: Option<String>,
    /// `links.customer_bank_account`: the account that has the same details.
    pub existing_account: Option<String>,
    /// The first field that is named.
    pub field: Option<String>,
    pub words: String,
}

/// What a write gave.
#[derive(Debug)]
pub enum Reply {
    /// 2xx with the record.
    Done(Value),
    Refused(Refusal),
}

impl Refusal {
    /// Reads an error body; `None`: this is not GoCardless's (a proxy's page, an empty body).
    pub fn parse(answer: &Answer) -> Option<Refusal> {
        let body: Value = serde_json::from_slice(&answer.body).ok()?;
        let error = body.get("error")?;
        let own = error.as_str().or_else(|| error.get("message").and_then(Value::as_str));
        let entries = error.get("errors").and_then(Value::as_array).cloned().unwrap_or_default();
        let all = |name: &str| -> Vec<String> {
            entries
                .iter()
                .filter_map(|entry| entry.get(name).and_then(Value::as_str))
                .map(str::to_owned)
                .collect()
        };
        let mut reasons = all("reason");
        reasons.extend(page_reason(error));
        let link = |name: &str| {
            let found = entries.iter().find_map(|entry| entry.get("links")?.get(name));
            found.and_then(Value::as_str).map(str::to_owned)
        };
        let conflicting = link("conflicting_resource_id");
        let existing_account = link("customer_bank_account");
        Some(Refusal {
            status: answer.status,
            kind: error.get("type").and_then(Value::as_str).unwrap_or_default().to_owned(),
            reasons,
            conflicting,
            existing_account,
            field: all("field").into_iter().chain(all("request_pointer")).next(),
            words: sentence(own, &entries),
        })
    }

    pub fn has(&self, reason: &str) -> bool {
        self.reasons.iter().any(|known| known == reason)
    }

    /// The resource of an idempotency conflict: the key was used before.
    pub fn conflict(&self) -> Option<&str> {
        let used = self.status == StatusCode::CONFLICT && self.has("idempotent_creation_conflict");
        if used { self.conflicting.as_deref() } else { None }
    }

    /// The customer's bank account with the same details.
    pub fn bank_account_exists(&self) -> Option<&str> {
        let exists = self.status == StatusCode::CONFLICT && self.has("bank_account_exists");
        if exists { self.existing_account.as_deref() } else { None }
    }

    /// The record does not exist, or its customer was removed.
    pub fn is_missing(&self) -> bool {
        self.has("customer_data_removed")
            || (self.status == StatusCode::NOT_FOUND && !self.has("path_not_found"))
    }

    /// What kind of refusal it is.
    pub fn cause(&self) -> RejectionCause {
        const MANDATE: [&str; 3] =
            ["mandate_is_inactive", "mandate_replaced", "bank_account_disabled"];
        let any = |reasons: &[&str]| reasons.iter().any(|reason| self.has(reason));
        match () {
            () if any(&MANDATE) => RejectionCause::MandateUnusable,
            () if any(&["feature_disabled"]) => RejectionCause::Unsupported,
            () if self.status == StatusCode::FORBIDDEN => RejectionCause::Permission,
            () if any(&[
                "forbidden",
                "insufficient_permissions",
                "resource_created_by_another_app",
            ]) =>
            {
                RejectionCause::Permission
            }
            () if self.kind == "validation_failed" => RejectionCause::Validation,
            () if self.kind == "invalid_state" => RejectionCause::State,
            () if self.status == StatusCode::GONE => RejectionCause::State,
            () if any(&["invalid_type", "invalid_document_structure", "link_not_found"]) => {
                RejectionCause::Validation
            }
            () => RejectionCause::Other,
        }
    }

    pub fn into_error(self) -> PortError {
        let cause = self.cause();
        self.into_error_as(cause)
    }

    pub fn into_error_as(self, cause: RejectionCause) -> PortError {
        PortError::Rejected(Rejection { cause, words: self.words, field: self.field })
    }
}

/// Some errors name their reason only in the address of their page.
fn page_reason(error: &Value) -> Option<String> {
    let page = error.get("documentation_url").and_then(Value::as_str)?;
    page.rsplit_once('#').map(|(_, reason)| reason.to_owned())
}

/// The general message, then each nested one that says more.
fn sentence(own: Option<&str>, entries: &[Value]) -> String {
    let mut parts: Vec<String> = own.map(str::to_owned).into_iter().collect();
    for entry in entries {
        let Some(message) = entry.get("message").and_then(Value::as_str) else { continue };
        let field = entry.get("field").and_then(Value::as_str);
        let part = match field {
            Some(field) => format!("{field} {message}"),
            None => message.to_owned(),
        };
        if !parts.contains(&part) {
            parts.push(part);
        }
    }
    if parts.is_empty() {
        parts.push("refused without a word".to_owned());
    }
    words(&parts.join("; "))
}

/// The words of an error body, for errors that the shared stack raises.
pub fn error_words(answer: &Answer) -> Option<String> {
    Refusal::parse(answer).map(|refusal| refusal.words)
}

/// The record under `root` of a read; `None`: it does not exist.
pub fn read_reply(answer: &Answer, root: &str) -> Result<Option<Value>, PortError> {
    if answer.status.is_success() {
        let record = member(answer, root).ok_or_else(|| unreadable_read(answer, "no record"))?;
        return Ok(Some(record));
    }
    match Refusal::parse(answer) {
        Some(refusal) if refusal.is_missing() => Ok(None),
        Some(refusal) => Err(refusal.into_error()),
        // A proxy's page: nothing of GoCardless's own.
        None => Err(unreadable_read(answer, "not an answer of GoCardless")),
    }
}

/// What a write gave. A redirect or a foreign page tells nothing of what happened.
pub fn write_reply(answer: &Answer, root: &str) -> Result<Reply, PortError> {
    if answer.status.is_success() {
        let record = member(answer, root).ok_or_else(|| unreadable_write(answer, "no record"))?;
        return Ok(Reply::Done(record));
    }
    Refusal::parse(answer)
        .map(Reply::Refused)
        .ok_or_else(|| unreadable_write(answer, "not an answer of GoCardless"))
}

/// A top-level member of the body.
pub fn member(answer: &Answer, name: &str) -> Option<Value> {
    let mut body: Value = serde_json::from_slice(&answer.body).ok()?;
    body.get_mut(name).map(Value::take).filter(|value| !value.is_null())
}
