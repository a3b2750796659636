//! Acumatica's refusals: their bodies in all shapes, and what each means to the caller. The status
//! alone says little, since 500 stands for most of them (acumatica sheet section 6).

use serde_json::Value;

use model::command::{Rejection, RejectionCause};
use ports::PortError;

use crate::http::Answer;
use crate::http::classify::{cut, words};
use crate::http::client::Verdict;

/// A definitive answer other than success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    /// The server's exception type, as far as it names one.
    pub kind: String,
    /// The most useful text, in Acumatica's own words.
    pub detail: String,
    /// The first field that it names.
    pub field: Option<String>,
}

/// Characters of a foreign body that are kept when it is not JSON.
const FOREIGN_BODY_KEPT: usize = 300;
/// Exceptions and rows are nested; deeper than this nothing useful follows.
const DEPTH_MAX: usize = 8;
/// Fields that name a record of the set-up by its id; none holds what is personal.
const NAMING: [&str; 8] = [
    "Account",
    "Subaccount",
    "BranchID",
    "Branch",
    "CashAccount",
    "LedgerID",
    "PaymentMethod",
    "CurrencyID",
];
const PERIOD_WORDS: [&str; 5] = ["closed", "inactive", "locked", "does not exist", "not open"];
const APPLICATION_WORDS: [&str; 6] = [
    "exceeds",
    "less than the date",
    "earlier than",
    "cannot be applied",
    "'reference nbr.' cannot be found",
    "no longer open",
];

impl Refusal {
    /// Reads an error body; whatever it is, there is a sentence at the end.
    #[must_use]
    pub fn read(status: u16, body: &[u8]) -> Refusal {
        let mut refusal =
            Refusal { status, kind: String::new(), detail: String::new(), field: None };
        let Ok(parsed) = serde_json::from_slice::<Value>(body) else {
            let text = String::from_utf8_lossy(body);
            refusal.detail = format!("status {status}: {}", cut(&text, FOREIGN_BODY_KEPT));
            return refusal;
        };
        let mut errors = Vec::new();
        field_errors(&parsed, "", &mut errors, 0);
        refusal.field = errors.first().map(|(field, _)| field.clone()).filter(|f| !f.is_empty());
        refusal.kind = innermost(&parsed, "exceptionType").unwrap_or_default();
        // Field errors first, then the record's, then the innermost exception.
        let texts: Vec<String> = errors.into_iter().map(|(_, text)| text).collect();
        let top = parsed.get("error").and_then(Value::as_str).map(str::to_owned);
        let first = if texts.is_empty() { top } else { Some(texts.join(" ")) };
        refusal.detail = first
            .or_else(|| innermost(&parsed, "exceptionMessage"))
            .or_else(|| model_state(&parsed))
            .or_else(|| parsed.get("message").and_then(Value::as_str).map(str::to_owned))
            .unwrap_or_else(|| format!("status {status}"));
        refusal
    }

    /// What a record that no list shows would be refused with.
    #[must_use]
    pub fn missing() -> Refusal {
        Refusal {
            status: 500,
            kind: "PX.Api.ContractBased.NoEntitySatisfiesTheConditionException".to_owned(),
            detail: "No entity satisfies the condition.".to_owned(),
            field: None,
        }
    }

    fn says(&self, text: &str) -> bool {
        self.detail.to_lowercase().contains(text)
    }

    /// No record of that key or id: 500, not 404 (acumatica sheet section 6).
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.kind.ends_with("NoEntitySatisfiesTheConditionException")
            || self.says("no entity satisfies the condition")
    }

    /// The endpoint's name or version, or an entity, is not served.
    #[must_use]
    pub fn is_unknown_path(&self) -> bool {
        self.status == 404
    }

    #[must_use]
    pub fn is_permission(&self) -> bool {
        self.status == 403 || self.says("insufficient rights")
    }

    #[must_use]
    pub fn is_period(&self) -> bool {
        self.says("financial period") && PERIOD_WORDS.iter().any(|word| self.says(word))
    }

    /// Somebody saved the document between our read and our write; nothing was written.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.says("another process has")
    }

    /// An action that the document's state does not offer (acumatica sheet section 21, row 10).
    #[must_use]
    pub fn is_disabled(&self) -> bool {
        self.kind.ends_with("PXActionDisabledException") || self.says("button is disabled")
    }

    /// A list that the server can not turn into SQL: our query is wrong.
    #[must_use]
    pub fn is_optimiser(&self) -> bool {
        self.kind.ends_with("CannotOptimizeException")
            || self.says("optimization cannot be performed")
    }

    #[must_use]
    pub fn is_login_limit(&self) -> bool {
        self.says("api login limit") || self.says("concurrent api login")
    }

    /// Another operation of our session works on the form; this one was not begun (acumatica sheet
    /// section 8).
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.says("previous operation has not been completed")
    }

    #[must_use]
    pub fn is_bad_credentials(&self) -> bool {
        self.says("invalid credentials")
    }

    /// After too many wrong passwords.
    #[must_use]
    pub fn is_locked_out(&self) -> bool {
        self.says("locked out")
    }

    /// The tenant that a sign-in names (acumatica sheet section 3).
    #[must_use]
    pub fn is_unknown_tenant(&self) -> bool {
        self.kind.contains("UndefinedCompany")
    }

    /// Its words say that the branch is not there; no exception of its own is known.
    #[must_use]
    pub fn is_unknown_branch(&self, branch: &str) -> bool {
        self.says("branch") && self.says(&branch.to_lowercase())
    }

    fn cause(&self) -> RejectionCause {
        let on_row = self.field.as_ref().is_some_and(|field| field.contains("DocumentsToApply"));
        match () {
            () if self.is_period() => RejectionCause::PeriodClosed,
            () if self.is_permission() => RejectionCause::Permission,
            () if self.is_unknown_path() => RejectionCause::Unsupported,
            () if on_row || APPLICATION_WORDS.iter().any(|word| self.says(word)) => {
                RejectionCause::ApplicationImpossible
            }
            () if self.is_disabled() => RejectionCause::State,
            () if self.status == 422 || self.status == 400 => RejectionCause::Validation,
            () => RejectionCause::Other,
        }
    }

    /// What it means to the caller of the port.
    #[must_use]
    pub fn into_error(self) -> PortError {
        if self.is_changed() || self.status == 412 {
            return PortError::Stale(words(&self.detail));
        }
        if self.status == 302 {
            return PortError::Unauthorised("the request was sent to the sign-in page".to_owned());
        }
        PortError::Rejected(Rejection {
            cause: self.cause(),
            words: words(&self.detail),
            field: self.field,
        })
    }
}

/// Whether a failure status is an answer after all. Acumatica says 500 to most refusals: one that
/// carries an exception of the application was rolled back, so nothing was done; anything else
/// (deadlock, time-out, HTML) leaves the outcome open.
#[must_use]
pub fn verdict(answer: &Answer) -> Verdict {
    let refusal = Refusal::read(answer.status.as_u16(), &answer.body);
    if refusal.is_login_limit() || refusal.is_busy() {
        return Verdict::SlowDown;
    }
    let ours = refusal.kind.starts_with("PX.") && !refusal.says("deadlock");
    if ours || refusal.is_missing() || refusal.is_period() {
        return Verdict::Answer;
    }
    Verdict::Failure
}

/// Every `error` of a field, with the path of names that leads to it.
fn field_errors(value: &Value, path: &str, out: &mut Vec<(String, String)>, depth: usize) {
    if depth > DEPTH_MAX {
        return;
    }
    match value {
        Value::Object(members) => {
            for (name, member) in members.iter().filter(|(name, _)| *name != "innerException") {
                let inner = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                field_errors(member, &inner, out, depth + 1);
            }
            let error = members.get("error").and_then(Value::as_str).filter(|_| !path.is_empty());
            out.extend(error.map(|text| (path.to_owned(), with_value(path, text, members))));
        }
        Value::Array(rows) => {
            rows.iter().for_each(|row| field_errors(row, path, out, depth + 1));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The refusal of a field that names a record, with what was sent in it: the words alone say only that
/// it "cannot be found".
fn with_value(path: &str, text: &str, members: &serde_json::Map<String, Value>) -> String {
    let field = path.rsplit('.').next().unwrap_or(path);
    let value = members.get("value").and_then(Value::as_str).filter(|_| NAMING.contains(&field));
    match value {
        Some(value) => format!("{text} ({field} \"{}\")", value.trim()),
        None => text.to_owned(),
    }
}

/// A member of the innermost exception that has it.
fn innermost(value: &Value, member: &str) -> Option<String> {
    let mut found = None;
    let mut at = Some(value);
    let mut depth = 0;
    while let Some(exception) = at.filter(|_| depth < DEPTH_MAX) {
        let text = exception.get(member).and_then(Value::as_str).filter(|text| !text.is_empty());
        found = text.map(str::to_owned).or(found);
        at = exception.get("innerException");
        depth += 1;
    }
    found
}

fn model_state(value: &Value) -> Option<String> {
    let state = value.get("modelState")?.as_object()?;
    let texts: Vec<&str> =
        state.values().filter_map(Value::as_array).flatten().filter_map(Value::as_str).collect();
    if texts.is_empty() { None } else { Some(texts.join(" ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, body: &str, cause: RejectionCause, words: &str) {
        let refusal = Refusal::read(status, body.as_bytes());
        match refusal.into_error() {
            PortError::Rejected(rejection) => {
                assert_eq!(rejection.cause, cause, "{body}");
                assert!(rejection.words.contains(words), "{}", rejection.words);
            }
            other => panic!("{body}: {other}"),
        }
    }

    #[test]
    fn each_shape_gives_its_cause_and_words() {
        let exception = |text: &str, kind: &str| {
            serde_json::json!({"message": "An error has occurred.", "exceptionMessage": text,
                "exceptionType": kind, "stackTrace": "   at ..."})
            .to_string()
        };
        let closed = "The 03-2025 financial period of the MAIN company is closed in Accounts \
                      Receivable.";
        check(
            500,
            &exception(closed, "PX.Data.PXException"),
            RejectionCause::PeriodClosed,
            "03-2025",
        );
        check(
            422,
            r#"{"id": "5e", "error": "Inserting failed.",
                "CashAccount": {"value": "9", "error": "'Cash Account' cannot be found."}}"#,
            RejectionCause::Validation,
            "'Cash Account' cannot be found.",
        );
        check(
            422,
            r#"{"DocumentsToApply": [{"AmountPaid": {"value": 9, "error": "Too much."}}]}"#,
            RejectionCause::ApplicationImpossible,
            "Too much.",
        );
        check(
            403,
            r#"{"message": "You have insufficient rights to access the Payments (AR302000) form."}"#,
            RejectionCause::Permission,
            "AR302000",
        );
        check(
            400,
            r#"{"message": "The request is invalid.", "modelState": {"": ["Body is empty."]}}"#,
            RejectionCause::Validation,
            "Body is empty.",
        );
        check(
            500,
            &exception(
                "Error: The Release button is disabled.",
                "PX.Data.PXActionDisabledException",
            ),
            RejectionCause::State,
            "disabled",
        );
        check(404, "<html>", RejectionCause::Unsupported, "status 404");
    }

    #[test]
    fn the_innermost_exception_is_told() {
        let body =
            br#"{"message": "An error has occurred.", "exceptionMessage": "Operation failed",
            "exceptionType": "PX.Data.PXInvalidOperationException",
            "innerException": {"exceptionMessage": "Batch is out of balance.",
                               "exceptionType": "PX.Data.PXException"}}"#;
        assert_eq!(Refusal::read(500, body).detail, "Batch is out of balance.");
    }

    #[test]
    fn only_a_rolled_back_exception_is_definitive() {
        let answer = |body: &str| Answer {
            status: http::StatusCode::INTERNAL_SERVER_ERROR,
            headers: http::HeaderMap::new(),
            body: bytes::Bytes::from(body.to_owned()),
        };
        let told = |kind: &str, text: &str| {
            let body = format!(r#"{{"exceptionMessage": "{text}", "exceptionType": "{kind}"}}"#);
            verdict(&answer(&body))
        };
        assert_eq!(told("PX.Data.PXException", "Nope."), Verdict::Answer);
        assert_eq!(told("PX.Data.PXException", "API Login Limit"), Verdict::SlowDown);
        let busy = "Error: The previous operation has not been completed yet.";
        assert_eq!(told("PX.Data.PXException", busy), Verdict::SlowDown);
        assert_eq!(told("System.Data.SqlClient.SqlException", "deadlock"), Verdict::Failure);
        assert_eq!(told("PX.Data.PXDatabaseException", "was deadlocked"), Verdict::Failure);
        assert_eq!(verdict(&answer("<html>oops</html>")), Verdict::Failure);
    }
}
