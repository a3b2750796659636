//! What the server answers when it refuses, body by body (acumatica sheet sections 6, 6.1, 20, 21).

use serde_json::{Value, json};

pub type Result<T> = std::result::Result<T, ApiError>;

/// One field of a refused document: its part (a detail and the row's index in what was sent, or
/// the document itself), its name in the endpoint, and what is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldError {
    pub part: Option<(String, usize)>,
    pub field: String,
    pub text: String,
}

/// A refusal.
#[derive(Debug, Clone, PartialEq)]
pub enum ApiError {
    /// The error object: status, `exceptionMessage`, `exceptionType`.
    Exception(u16, String, &'static str),
    /// The error object of a failed operation: status, and the text within the inner exception
    /// (section 6.1, `PXInvalidOperationException`).
    Nested(u16, String),
    /// 400 with a model state: the key and the text.
    Model(String, String),
    /// `message` alone.
    Simple(u16, String),
    /// 412, without a body.
    Precondition,
    /// 422 before the document that was sent is put around it.
    Fields { record: &'static str, errors: Vec<FieldError> },
    /// 422 as it goes out.
    Echo(Value),
}

const PX: &str = "PX.Data.PXException";

impl ApiError {
    /// A business refusal.
    pub fn px(text: impl Into<String>) -> ApiError {
        ApiError::Exception(500, text.into(), PX)
    }

    /// Nothing has that key or id (section 6: 500, not 404).
    pub fn absent() -> ApiError {
        let kind = "PX.Api.ContractBased.NoEntitySatisfiesTheConditionException";
        ApiError::Exception(500, "No entity satisfies the condition.".to_owned(), kind)
    }

    /// The action's button is grey in this state of the document (section 21, row 10).
    pub fn disabled(button: &str) -> ApiError {
        let text = format!("Error: The {button} button is disabled.");
        ApiError::Exception(500, text, "PX.Data.PXActionDisabledException")
    }

    /// One field of the document is refused.
    pub fn field(record: &'static str, field: &str, text: impl Into<String>) -> ApiError {
        let error = FieldError { part: None, field: field.to_owned(), text: text.into() };
        ApiError::Fields { record, errors: vec![error] }
    }

    /// One field of a row is refused.
    pub fn row(
        record: &'static str,
        part: (&str, usize),
        field: &str,
        text: impl Into<String>,
    ) -> ApiError {
        let part = Some((part.0.to_owned(), part.1));
        let error = FieldError { part, field: field.to_owned(), text: text.into() };
        ApiError::Fields { record, errors: vec![error] }
    }

    /// A name that no record has.
    pub fn unknown(record: &'static str, field: &str, label: &str) -> ApiError {
        ApiError::field(record, field, format!("'{label}' cannot be found in the system."))
    }

    /// The JSON has the wrong shape (section 6.1: "input parsing").
    pub fn parsing(field: &str, text: &str) -> ApiError {
        let text = format!("An error occurred during input parsing of {field}: {text}.");
        ApiError::Model(field.to_owned(), text)
    }

    /// A query parameter is wrong.
    pub fn query(parameter: &str, text: impl Into<String>) -> ApiError {
        ApiError::Model(parameter.to_owned(), text.into())
    }

    /// The user's rights do not cover the form (section 21, row 12).
    pub fn rights(title: &str, screen: &str) -> ApiError {
        let text = format!("You have insufficient rights to access the {title} ({screen}) form.");
        ApiError::Simple(403, text)
    }

    /// Two writers met (section 6.1).
    pub fn collision(record: &str) -> ApiError {
        let text = format!(
            "Error: Another process has updated the '{record}' record. Your changes will be lost."
        );
        ApiError::Exception(500, text, "PX.Data.PXLockViolationException")
    }

    /// The licence's seats are taken (section 20.21).
    pub fn login_limit(status: u16) -> ApiError {
        ApiError::Exception(status, "API Login Limit".to_owned(), PX)
    }

    /// The list reads something that is no column (section 20.19).
    pub fn optimiser(fields: &[String]) -> ApiError {
        let text = format!(
            "Optimization cannot be performed.The following fields cause the error:\r\n{}",
            fields.join("\r\n")
        );
        let kind = "PX.Api.ContractBased.OptimizedExport.CannotOptimizeException";
        ApiError::Exception(500, text, kind)
    }

    /// No valid sign-in.
    pub fn unauthorized() -> ApiError {
        ApiError::Simple(401, "Authorization has been denied for this request.".to_owned())
    }

    /// Nothing is served there.
    pub fn not_found(text: impl Into<String>) -> ApiError {
        ApiError::Simple(404, text.into())
    }

    /// The refusal in words, for people.
    pub fn words(&self) -> String {
        match self {
            ApiError::Exception(_, text, _)
            | ApiError::Nested(_, text)
            | ApiError::Model(_, text)
            | ApiError::Simple(_, text) => text.clone(),
            ApiError::Precondition => "the precondition failed".to_owned(),
            ApiError::Fields { errors, .. } => {
                let told: Vec<String> =
                    errors.iter().map(|error| format!("{}: {}", error.field, error.text)).collect();
                told.join("; ")
            }
            ApiError::Echo(body) => body.to_string(),
        }
    }

    /// The texts alone, without the names of fields.
    pub fn plain_words(&self) -> String {
        let ApiError::Fields { errors, .. } = self else { return self.words() };
        let texts: Vec<&str> = errors.iter().map(|error| error.text.as_str()).collect();
        texts.join(" ")
    }

    /// Puts the document that was sent around refused fields (section 20.10).
    pub fn echo(self, sent: &Value, id: &str, inserting: bool) -> ApiError {
        let ApiError::Fields { record, errors } = self else { return self };
        let verb = if inserting { "Inserting" } else { "Updating" };
        let mut body = sent.clone();
        if !body.is_object() {
            body = json!({});
        }
        body["id"] = json!(id);
        body["rowNumber"] = json!(1);
        body["note"] = Value::Null;
        body["error"] = json!(format!(
            "{verb} '{record}' record raised at least one error. Please review the errors."
        ));
        for error in errors {
            let target = match &error.part {
                Some((part, index)) if body[part.as_str()].get(*index).is_some() => {
                    &mut body[part.as_str()][*index]
                }
                _ => &mut body,
            };
            if !target[error.field.as_str()].is_object() {
                target[error.field.as_str()] = json!({});
            }
            target[error.field.as_str()]["error"] = json!(error.text);
        }
        if !body["custom"].is_object() {
            body["custom"] = json!({});
        }
        body["files"] = json!([]);
        ApiError::Echo(body)
    }

    /// Status and body as they go out.
    pub fn wire(&self) -> (u16, Value) {
        match self {
            ApiError::Exception(status, text, kind) => {
                let body = json!({
                    "message": "An error has occurred.",
                    "exceptionMessage": text,
                    "exceptionType": kind,
                    "stackTrace": "   at PX.Api.ContractBased.Soap.EntityService",
                });
                (*status, body)
            }
            ApiError::Nested(status, text) => {
                let kind = "PX.Data.PXInvalidOperationException";
                let (_, mut body) =
                    ApiError::Exception(*status, "Operation failed".to_owned(), kind).wire();
                body["innerException"] = ApiError::px(text.as_str()).wire().1;
                (*status, body)
            }
            ApiError::Model(key, text) => {
                let mut state = serde_json::Map::new();
                state.insert(key.clone(), json!([text]));
                (400, json!({"message": "The request is invalid.", "modelState": state}))
            }
            ApiError::Simple(status, text) => (*status, json!({ "message": text })),
            ApiError::Precondition => (412, Value::Null),
            ApiError::Fields { .. } => self.clone().echo(&json!({}), "", false).wire(),
            ApiError::Echo(body) => (422, body.clone()),
        }
    }
}
