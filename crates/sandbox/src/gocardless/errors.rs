//! The error bodies of the API (gocardless sheet sections 5 and 30, items 1 to 4).

use serde_json::{Map, Value, json};

/// One entry of `errors[]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Stable key; absent where the sheet says so.
    pub reason: Option<&'static str>,
    /// English text; always there, clients read it unguarded.
    pub message: String,
    /// The member that is wrong; comes with `pointer`.
    pub field: Option<String>,
    /// JSON pointer into the request.
    pub pointer: Option<String>,
    /// Ids that help, for example `conflicting_resource_id`.
    pub links: Vec<(&'static str, String)>,
}

/// A refusal, before it knows its request id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    /// HTTP status, repeated as `code`.
    pub status: u16,
    /// `gocardless`, `invalid_api_usage`, `invalid_state` or `validation_failed`.
    pub kind: &'static str,
    /// Names the section of the documentation.
    pub anchor: &'static str,
    /// Equals the first entry's message if there is one.
    pub message: String,
    /// Nothing for kind `gocardless`.
    pub entries: Vec<Entry>,
}

fn with_reason(
    status: u16,
    kind: &'static str,
    reason: &'static str,
    message: impl Into<String>,
) -> ApiError {
    let message = message.into();
    let entry = Entry {
        reason: Some(reason),
        message: message.clone(),
        field: None,
        pointer: None,
        links: Vec::new(),
    };
    ApiError { status, kind, anchor: reason, message, entries: vec![entry] }
}

impl ApiError {
    /// A malformed, unauthorised, unknown or too frequent request.
    pub fn usage(status: u16, reason: &'static str, message: impl Into<String>) -> Self {
        with_reason(status, "invalid_api_usage", reason, message)
    }

    /// The state of a resource forbids the action.
    pub fn state(reason: &'static str, message: impl Into<String>) -> Self {
        with_reason(422, "invalid_state", reason, message)
    }

    /// One wrong field: `pointer` from the root of the body.
    pub fn validation(root: &str, field: &str, message: impl Into<String>) -> Self {
        let entry = field_entry(&format!("/{root}/{}", field.replace('.', "/")), message);
        Self::validations(vec![entry])
    }

    /// Several wrong fields.
    pub fn validations(entries: Vec<Entry>) -> Self {
        Self {
            status: 422,
            kind: "validation_failed",
            anchor: "validation_failed",
            message: "Validation failed".to_owned(),
            entries,
        }
    }

    /// 409: the bank details are there already (section 8).
    pub fn bank_account_exists(link: &'static str, id: &str) -> Self {
        let mut error = with_reason(
            409,
            "validation_failed",
            "bank_account_exists",
            "Bank account already exists",
        );
        error.entries[0].links.push((link, id.to_owned()));
        error
    }

    /// 409: the idempotency key was used (section 4).
    pub fn idempotency_conflict(id: &str) -> Self {
        let mut error = with_reason(
            409,
            "invalid_state",
            "idempotent_creation_conflict",
            "A resource has already been created with this idempotency key",
        );
        error.entries[0].links.push(("conflicting_resource_id", id.to_owned()));
        error
    }

    /// 422 `invalid_type`: entries without a reason (section 30, item 2).
    pub fn wrong_types(entries: Vec<Entry>) -> Self {
        Self {
            status: 422,
            kind: "invalid_api_usage",
            anchor: "invalid_type",
            message: "One of your parameters was incorrectly typed".to_owned(),
            entries,
        }
    }

    /// 400 `invalid_document_structure` with the members that are not permitted.
    pub fn bad_structure(entries: Vec<Entry>) -> Self {
        Self {
            status: 400,
            kind: "invalid_api_usage",
            anchor: "invalid_document_structure",
            message: "Invalid document structure".to_owned(),
            entries,
        }
    }

    /// 404: no such resource.
    pub fn not_found() -> Self {
        Self::usage(404, "resource_not_found", "Resource not found")
    }

    /// 404: an id in `links` is unknown (section 28, item 18).
    pub fn link_not_found(root: &str, link: &str) -> Self {
        let mut error = Self::usage(
            404,
            "link_not_found",
            format!("The resource in links.{link} was not found"),
        );
        error.entries[0].field = Some(link.to_owned());
        error.entries[0].pointer = Some(format!("/{root}/links/{link}"));
        error
    }

    /// 500 without entries.
    pub fn internal() -> Self {
        Self {
            status: 500,
            kind: "gocardless",
            anchor: "internal_server_error",
            message: "Internal server error".to_owned(),
            entries: Vec::new(),
        }
    }

    /// Adds an id to the first entry.
    pub fn link(mut self, name: &'static str, id: &str) -> Self {
        if let Some(first) = self.entries.first_mut() {
            first.links.push((name, id.to_owned()));
        }
        self
    }

    /// The JSON body.
    pub fn body(&self, request_id: &str) -> Value {
        let mut error = json!({
            "message": self.message,
            "documentation_url":
                format!("https://developer.gocardless.com/api-reference#{}", self.anchor),
            "type": self.kind,
            "request_id": request_id,
            "code": self.status,
        });
        if !self.entries.is_empty() {
            error["errors"] = self.entries.iter().map(Entry::json).collect();
        }
        json!({ "error": error })
    }
}

/// An entry about one member; the field name is the last segment of the pointer.
pub fn field_entry(pointer: &str, message: impl Into<String>) -> Entry {
    Entry {
        reason: None,
        message: message.into(),
        field: Some(pointer.rsplit('/').next().unwrap_or(pointer).to_owned()),
        pointer: Some(pointer.to_owned()),
        links: Vec::new(),
    }
}

impl Entry {
    fn json(&self) -> Value {
        let mut entry = Map::new();
        entry.insert("message".into(), self.message.clone().into());
        if let Some(reason) = self.reason {
            entry.insert("reason".into(), reason.into());
        }
        if let (Some(field), Some(pointer)) = (&self.field, &self.pointer) {
            entry.insert("field".into(), field.clone().into());
            entry.insert("request_pointer".into(), pointer.clone().into());
        }
        if !self.links.is_empty() {
            let links: Map<String, Value> = self
                .links
                .iter()
                .map(|(name, id)| ((*name).to_owned(), id.clone().into()))
                .collect();
            entry.insert("links".into(), links.into());
        }
        Value::Object(entry)
    }
}
