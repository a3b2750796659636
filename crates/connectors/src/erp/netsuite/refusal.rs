//! NetSuite's refusals: their body, and what each means to the caller. Codes are unreliable through
//! REST, so codes and texts are both matched (netsuite sheet sections 6 and 20).

use serde_json::Value;

use model::command::{Rejection, RejectionCause};
use ports::PortError;

use super::wire::{Record, parse_body};

/// A definitive answer other than 2xx.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    pub status: u16,
    pub code: String,
    /// The only useful part, in NetSuite's own words.
    pub detail: String,
    /// JSON path of the offending field in our body.
    pub path: Option<String>,
}

/// Characters of a foreign body that are kept when it is not in NetSuite's form.
const FOREIGN_BODY_KEPT: usize = 300;

const PERIOD_CODES: [&str; 6] = [
    "CLOSED_TRAN_PRD",
    "TRAN_PERIOD_CLOSED",
    "TRAN_PRD_CLOSED",
    "DATE_PRD_MISMATCH",
    "INVALID_ACCT_PRD",
    "MISSING_ACCT_PRD",
];
const PERIOD_WORDS: [&str; 6] =
    ["closed", "locked", "outside", "not within", "not open", "does not exist"];
const APPLICATION_CODES: [&str; 3] =
    ["CANT_APPLY_PMT", "TRANS_APPLIED_AMTS_UNBALNCD", "INVALID_REFUND_AMT"];
const PERMISSION_CODES: [&str; 3] =
    ["INSUFFICIENT_PERMISSION", "PERMISSION_VIOLATION", "INSUFFICIENT_PRIVILEGES"];
const CHANGED_CODES: [&str; 2] = ["RCRD_HAS_BEEN_CHANGED", "RCRD_LOCKED_BY_WF"];

impl Refusal {
    /// Reads an error body; whatever it is, there is a sentence at the end.
    #[must_use]
    pub fn read(status: u16, body: &[u8]) -> Refusal {
        let mut refusal =
            Refusal { status, code: String::new(), detail: String::new(), path: None };
        let Ok(parsed) = parse_body(body) else {
            let text: String =
                String::from_utf8_lossy(body).chars().take(FOREIGN_BODY_KEPT).collect();
            refusal.detail = format!("status {status}: {text}");
            return refusal;
        };
        let details = parsed.get("o:errorDetails").and_then(Value::as_array);
        let first = details.and_then(|list| list.first()).and_then(Value::as_object).map(Record);
        refusal.detail = first
            .and_then(|error| error.text("detail"))
            .or_else(|| Record(&parsed).text("title"))
            .unwrap_or_else(|| format!("status {status}"));
        if let Some(error) = first {
            refusal.code = error.text("o:errorCode").unwrap_or_default();
            refusal.path = error.text("o:errorPath");
        }
        refusal
    }

    fn says(&self, words: &str) -> bool {
        self.detail.to_lowercase().contains(words)
    }

    /// The thing does not exist (a missing transaction gives 400; netsuite sheet section 15, row 24).
    #[must_use]
    pub fn is_missing(&self) -> bool {
        let gone = self.status == 404 && !self.is_unknown_type();
        gone || self.code == "RCRD_DSNT_EXIST"
            || self.says("transaction type specified is incorrect")
    }

    /// The record type is not there: its feature is off, or the role may not see it.
    #[must_use]
    pub fn is_unknown_type(&self) -> bool {
        self.says("record type '")
    }

    /// The external id (or a name) is taken.
    #[must_use]
    pub fn is_duplicate(&self) -> bool {
        self.says("already exists") || self.code.starts_with("DUP_")
    }

    /// An apply line names something that is not offered for application.
    #[must_use]
    pub fn is_no_matching_line(&self) -> bool {
        self.says("unable to find a matching line")
    }

    #[must_use]
    pub fn is_permission(&self) -> bool {
        self.status == 403
            || PERMISSION_CODES.contains(&self.code.as_str())
            || self.says("you do not have permission")
    }

    #[must_use]
    pub fn is_period(&self) -> bool {
        let worded = self.says("period") && PERIOD_WORDS.iter().any(|word| self.says(word));
        worded || self.says("accounting period") || PERIOD_CODES.contains(&self.code.as_str())
    }

    /// Somebody saved the record between our read and our write.
    #[must_use]
    pub fn is_changed(&self) -> bool {
        self.status == 409
            || CHANGED_CODES.contains(&self.code.as_str())
            || self.says("record has been changed")
    }

    /// Whether the refusal names this field of our body.
    #[must_use]
    pub fn names(&self, field: &str) -> bool {
        let field = field.to_lowercase();
        self.path.as_ref().is_some_and(|path| path.to_lowercase().contains(&field))
            || self.says(&field)
    }

    /// What a query did not know: a column ("Unknown identifier", "Field") or a table ("Record").
    #[must_use]
    pub fn unknown_name(&self) -> Option<UnknownName> {
        let quoted = |mark: &str| {
            let from = self.detail.find(mark)? + mark.len();
            let rest = &self.detail[from..];
            let name = &rest[..rest.find('\'')?];
            Some(name.rsplit('.').next().unwrap_or(name).to_ascii_lowercase())
        };
        if let Some(name) = quoted("nknown identifier '").or_else(|| quoted("ield '")) {
            return Some(UnknownName::Column(name));
        }
        if self.says("not found") {
            return quoted("ecord '").map(UnknownName::Table);
        }
        None
    }

    fn cause(&self) -> RejectionCause {
        let on_apply = self.path.as_ref().is_some_and(|path| path.starts_with("apply"));
        let on_deposit = self.path.as_ref().is_some_and(|path| path.starts_with("payment"));
        if self.is_permission() {
            RejectionCause::Permission
        } else if self.is_period() {
            RejectionCause::PeriodClosed
        } else if self.is_no_matching_line()
            || on_apply
            || (self.says("applied") && self.says("exceed"))
            || APPLICATION_CODES.contains(&self.code.as_str())
        {
            RejectionCause::ApplicationImpossible
        } else if self.is_unknown_type() {
            RejectionCause::Unsupported
        } else if self.is_missing() || on_deposit || self.says("invalid id reference key") {
            RejectionCause::State
        } else if self.status == 400 || self.status == 422 {
            RejectionCause::Validation
        } else {
            RejectionCause::Other
        }
    }

    /// The refusal as the caller must take it.
    #[must_use]
    pub fn into_error(self) -> PortError {
        if self.is_changed() {
            return PortError::Stale(self.detail);
        }
        PortError::Rejected(Rejection { cause: self.cause(), words: self.detail, field: self.path })
    }
}

/// A name that a query used and the account does not have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UnknownName {
    Column(String),
    Table(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(detail: &str, code: &str, path: &str) -> Vec<u8> {
        let path = if path.is_empty() { Value::Null } else { Value::from(path) };
        serde_json::json!({
            "type": "https://www.rfc-editor.org/rfc/rfc9110.html#section-15.5.1",
            "title": "Bad Request", "status": 400,
            "o:errorDetails": [{"detail": detail, "o:errorCode": code, "o:errorPath": path}],
        })
        .to_string()
        .into_bytes()
    }

    fn check(status: u16, detail: &str, code: &str, path: &str, expected: RejectionCause) {
        match Refusal::read(status, &body(detail, code, path)).into_error() {
            PortError::Rejected(rejection) => {
                assert_eq!(rejection.cause, expected, "{detail}");
                assert_eq!(rejection.words, detail);
            }
            other => panic!("{detail}: {other}"),
        }
    }

    #[test]
    fn refusals_are_told_apart_by_code_and_by_text() {
        use RejectionCause as Cause;
        let user = "USER_ERROR";
        let access = "Error while accessing a resource. ";
        for (status, detail, code, path, expected) in [
            (400, "The accounting period is closed.", user, "", Cause::PeriodClosed),
            (
                400,
                "You can not post to a locked A/R period.",
                user,
                "tranDate",
                Cause::PeriodClosed,
            ),
            (400, "whatever", "TRAN_PRD_CLOSED", "", Cause::PeriodClosed),
            (
                400,
                "The transaction date you specified is not within the date range of your \
                 accounting period.",
                user,
                "",
                Cause::PeriodClosed,
            ),
            (
                400,
                "The amount applied to a transaction cannot exceed its amount due.",
                user,
                "",
                Cause::ApplicationImpossible,
            ),
            (
                400,
                "Unable to find a matching line for sub-list apply with key [doc,line].",
                user,
                "",
                Cause::ApplicationImpossible,
            ),
            (400, "Too much.", user, "apply.items[0].amount", Cause::ApplicationImpossible),
            (403, "Permission Violation", "INSUFFICIENT_PERMISSION", "", Cause::Permission),
            (
                404,
                "Record type 'deposit' does not exist.",
                "NONEXISTENT_ID",
                "",
                Cause::Unsupported,
            ),
            (400, "Invalid id reference key 7.", user, "", Cause::State),
            (400, "You must enter a value for Class.", user, "class", Cause::Validation),
            (418, "teapot", "", "", Cause::Other),
        ] {
            check(status, detail, code, path, expected);
        }
        let missing = format!("{access}Transaction type specified is incorrect.");
        assert!(Refusal::read(400, &body(&missing, user, "")).is_missing());
        let taken = format!("{access}This entity already exists.");
        assert!(Refusal::read(400, &body(&taken, user, "")).is_duplicate());
        let changed = Refusal::read(400, &body("Record has been changed", user, ""));
        assert!(matches!(changed.into_error(), PortError::Stale(_)));
    }

    #[test]
    fn a_body_in_another_form_still_gives_a_sentence() {
        let refusal = Refusal::read(502, b"<html>Bad Gateway</html>");
        assert!(refusal.detail.contains("Bad Gateway"), "{}", refusal.detail);
    }

    #[test]
    fn an_unknown_column_or_table_is_named() {
        for (detail, expected) in [
            (
                "Invalid search query. Unknown identifier 'T.CUSTBODY_X'. Available identifiers are: {t='id'}.",
                UnknownName::Column("custbody_x".to_owned()),
            ),
            (
                "Search error occurred: Field 'voided' for record 'transaction' was not found.",
                UnknownName::Column("voided".to_owned()),
            ),
            ("Record 'subsidiary' was not found.", UnknownName::Table("subsidiary".to_owned())),
        ] {
            let refusal = Refusal::read(400, &body(detail, "INVALID_PARAMETER", ""));
            assert_eq!(refusal.unknown_name(), Some(expected), "{detail}");
        }
        assert_eq!(Refusal::read(400, &body("Invalid search query", "", "")).unknown_name(), None);
    }
}
