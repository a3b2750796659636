//! Error answers of the REST services (netsuite sheet section 6): one value per refusal, turned
//! into the documented body. Texts that a client matches on stand here and nowhere else.

use serde_json::{Value, json};

/// Result of everything that a request may be refused for.
pub type Result<T> = std::result::Result<T, ApiError>;

/// What part of the request the error points at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    None,
    /// JSON path of a body field.
    Path(String),
    /// Name of a query parameter.
    Param(String),
    /// Name of a header.
    Header(&'static str),
    /// URL path.
    Url(String),
}

/// A refusal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    pub status: u16,
    pub code: &'static str,
    pub detail: String,
    pub place: Place,
    /// Value of `WWW-Authenticate`; empty when the header is not sent.
    pub challenge: String,
}

impl ApiError {
    fn new(status: u16, code: &'static str, detail: String, place: Place) -> Self {
        ApiError { status, code, detail, place, challenge: String::new() }
    }

    /// 400 `USER_ERROR`: a business rule refused; `text` is what a person would have read.
    pub fn user(text: impl AsRef<str>) -> Self {
        let detail = format!("Error while accessing a resource. {}", text.as_ref());
        Self::new(400, "USER_ERROR", detail, Place::None)
    }

    /// 400 `USER_ERROR` for an id that is absent or of another transaction type.
    pub fn wrong_transaction() -> Self {
        Self::user("Transaction type specified is incorrect.")
    }

    /// 400 `USER_ERROR` for a name or external id that is taken.
    pub fn already_exists() -> Self {
        Self::user("This entity already exists.")
    }

    /// 400 `USER_ERROR` for mandatory fields that are empty.
    pub fn missing(labels: &[&str]) -> Self {
        Self::user(format!("Please enter value(s) for: {}", labels.join(", ")))
    }

    /// 400 `USER_ERROR`: an apply line names what is not open for this customer, account, currency.
    pub fn no_matching_line(doc: i64, line: Option<i64>) -> Self {
        let line = line.map_or_else(|| "null".to_owned(), |line| line.to_string());
        Self::user(format!(
            "Unable to find a matching line for sub-list apply with key: [doc,line] \
             and value: [{doc},{line}]."
        ))
    }

    /// 400 `INVALID_CONTENT` for a value that a field does not take.
    pub fn invalid_field(value: impl std::fmt::Display, field: &str, path: &str) -> Self {
        let detail = format!(
            "Error while accessing a resource. You have entered an Invalid Field Value {value} \
             for the following field: {field}"
        );
        Self::new(400, "INVALID_CONTENT", detail, Place::Path(path.to_owned()))
    }

    /// 400 `INVALID_CONTENT` for a property that the record does not have.
    pub fn unknown_property(name: &str, path: &str) -> Self {
        let detail = format!("Error while accessing a resource. Unknown field: {name}.");
        Self::new(400, "INVALID_CONTENT", detail, Place::Path(path.to_owned()))
    }

    /// 400 `INVALID_CONTENT` for a read-only property, under strict name validation.
    pub fn read_only(name: &str, path: &str) -> Self {
        let detail = format!("Error while accessing a resource. Field {name} is read-only.");
        Self::new(400, "INVALID_CONTENT", detail, Place::Path(path.to_owned()))
    }

    /// 400 `INVALID_REQUEST` for a malformed body.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(400, "INVALID_REQUEST", detail.into(), Place::None)
    }

    /// 400 `INVALID_REQUEST` that names a header.
    pub fn bad_header(name: &'static str, detail: impl Into<String>) -> Self {
        Self::new(400, "INVALID_REQUEST", detail.into(), Place::Header(name))
    }

    /// 400 `INVALID_PARAMETER` that names a query parameter.
    pub fn bad_param(name: &str, detail: impl Into<String>) -> Self {
        Self::new(400, "INVALID_PARAMETER", detail.into(), Place::Param(name.to_owned()))
    }

    /// 400 `INVALID_ID` for an identifier that is no id at all.
    pub fn invalid_id(id: &str) -> Self {
        let detail = format!(
            "Invalid record instance identifier '{id}'. Provide a valid record instance ID."
        );
        Self::new(400, "INVALID_ID", detail, Place::None)
    }

    /// 404 `NONEXISTENT_ID` for a record that is not there.
    pub fn nonexistent() -> Self {
        let detail = "The record instance does not exist. Provide a valid record instance ID.";
        Self::new(404, "NONEXISTENT_ID", detail.to_owned(), Place::None)
    }

    /// 404 `NONEXISTENT_ID` for a record type that is not there, or whose feature is off.
    pub fn no_record_type(name: &str, url: &str) -> Self {
        let detail = format!("Record type '{name}' does not exist.");
        Self::new(404, "NONEXISTENT_ID", detail, Place::Url(url.to_owned()))
    }

    /// 404 for a path that no service answers.
    pub fn no_such_url(url: &str) -> Self {
        Self::new(404, "NOT_FOUND", "Not Found".to_owned(), Place::Url(url.to_owned()))
    }

    /// 405: the method is not offered on this resource.
    pub fn method(url: &str) -> Self {
        let detail = "This method is not allowed on this resource.".to_owned();
        Self::new(405, "METHOD_NOT_ALLOWED", detail, Place::Url(url.to_owned()))
    }

    /// 403 `INSUFFICIENT_PERMISSION`.
    pub fn permission(name: &str) -> Self {
        let detail = format!(
            "Permission Violation: You need the '{name}' permission to access this page. \
             Please contact your account administrator."
        );
        Self::new(403, "INSUFFICIENT_PERMISSION", detail, Place::None)
    }

    /// 409 `RCRD_HAS_BEEN_CHANGED`: somebody saved the record between load and save.
    pub fn changed() -> Self {
        Self::new(409, "RCRD_HAS_BEEN_CHANGED", "Record has been changed".to_owned(), Place::None)
    }

    /// 429 `CONCURRENCY_LIMIT_EXCEEDED`.
    pub fn concurrency() -> Self {
        let detail = "Concurrent request limit exceeded. Request blocked.".to_owned();
        Self::new(429, "CONCURRENCY_LIMIT_EXCEEDED", detail, Place::None)
    }

    /// 500 or 503 `UNEXPECTED_ERROR`.
    pub fn unexpected(status: u16, id: &str) -> Self {
        let detail = format!("An unexpected error occurred. Error ID: {id}");
        Self::new(status, "UNEXPECTED_ERROR", detail, Place::None)
    }

    /// 401 `INVALID_LOGIN` with its challenge.
    pub fn login(account: &str, scheme: &str) -> Self {
        let detail = "Invalid login attempt. For more details, see the Login Audit Trail in the \
                      NetSuite UI at Setup > Users/Roles > User Management > View Login Audit \
                      Trail.";
        let mut error = Self::new(401, "INVALID_LOGIN", detail.to_owned(), Place::None);
        error.challenge = format!(
            "{scheme} realm=\"{account}\", error=\"invalid_token\", \
             error_description=\"Invalid login attempt.\""
        );
        error
    }

    /// 400 for an Authorization header that can not be read.
    pub fn bad_authorization(account: &str) -> Self {
        let mut error = Self::bad_header("Authorization", "Invalid Authorization header.");
        error.challenge = format!("Bearer realm=\"{account}\", error=\"invalid_request\"");
        error
    }

    /// Title and the fragment of the type address for a status.
    fn title(&self) -> (&'static str, &'static str) {
        match self.status {
            401 => ("Unauthorized", "15.5.2"),
            403 => ("Forbidden", "15.5.4"),
            404 => ("Not Found", "15.5.5"),
            405 => ("Method Not Allowed", "15.5.6"),
            409 => ("Conflict", "15.5.10"),
            500 => ("Internal Server Error", "15.6.1"),
            503 => ("Service Unavailable", "15.6.4"),
            _ => ("Bad Request", "15.5.1"),
        }
    }

    /// The JSON body of netsuite sheet section 6.1.
    pub fn body(&self) -> Value {
        let mut entry = json!({ "detail": self.detail, "o:errorCode": self.code });
        match &self.place {
            Place::None => {}
            Place::Path(path) => entry["o:errorPath"] = json!(path),
            Place::Param(name) => entry["o:errorQueryParam"] = json!(name),
            Place::Header(name) => entry["o:errorHeader"] = json!(name),
            Place::Url(url) => entry["o:errorUrl"] = json!(url),
        }
        let (title, section) = self.title();
        json!({
            "type": format!("https://www.rfc-editor.org/rfc/rfc9110.html#section-{section}"),
            "title": title,
            "status": self.status,
            "o:errorDetails": [entry],
        })
    }
}
