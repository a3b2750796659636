//! Long operations: started with 202, polled at their Location, done with 204 (acumatica sheet
//! section 8). The effect happens when the operation ends, not when it begins.

use super::documents;
use super::errors::{ApiError, Result};
use super::http_io::Reply;
use super::state::State;
use jiff::{SignedDuration, Timestamp};

/// One long operation.
#[derive(Debug)]
pub struct Operation {
    pub session: String,
    /// Entity whose action runs, and the graph's action.
    pub entity: String,
    pub action: String,
    /// The document.
    pub record: String,
    pub due: Timestamp,
    /// Polls that were answered 202.
    pub polls: u32,
    pub done: bool,
    pub failure: Option<ApiError>,
    /// The path, for faults.
    pub path: String,
}

/// Refuses a second operation on the same form in a session, and a second one on a document.
pub fn check_free(state: &State, session: &str, entity: &str, record: &str) -> Result<()> {
    let running = || state.operations.values().filter(|operation| !operation.done);
    if running().any(|operation| operation.session == session && operation.entity == entity) {
        return Err(ApiError::px("Error: The previous operation has not been completed yet."));
    }
    if running().any(|operation| operation.record == record) {
        return Err(ApiError::collision(entity));
    }
    Ok(())
}

/// Refuses a write to a form on which the session's operation still runs.
pub fn check_form(state: &State, session: &str, entity: &str) -> Result<()> {
    let busy = |operation: &Operation| {
        !operation.done && operation.session == session && operation.entity == entity
    };
    if state.settings.busy_forms && state.operations.values().any(busy) {
        return Err(ApiError::px("Error: The previous operation has not been completed yet."));
    }
    Ok(())
}

/// Refuses a write to a document while an operation works on it.
pub fn check_unlocked(state: &State, record: &str) -> Result<()> {
    let busy = |operation: &Operation| !operation.done && operation.record == record;
    if state.operations.values().any(busy) {
        return Err(ApiError::collision("Document"));
    }
    Ok(())
}

/// How long the status of an ended operation is remembered.
const REMEMBERED: SignedDuration = SignedDuration::from_mins(60);

/// Lets every operation end that is due, and forgets those that ended long ago.
pub fn run_due(state: &mut State) {
    let now = state.now;
    state.operations.retain(|_, known| !known.done || now.duration_since(known.due) < REMEMBERED);
    let due: Vec<(Timestamp, String)> = state
        .operations
        .iter()
        .filter(|(_, operation)| !operation.done && operation.due <= now)
        .map(|(id, operation)| (operation.due, id.clone()))
        .collect();
    let mut due = due;
    due.sort();
    for (at, id) in due {
        state.now = at;
        finish(state, &id);
    }
    state.now = now;
}

fn finish(state: &mut State, id: &str) {
    let Some(operation) = state.operations.get(id) else { return };
    let (entity, action) = (operation.entity.clone(), operation.action.clone());
    let (record, path) = (operation.record.clone(), operation.path.clone());
    let result = match state.faults.on_operation(&path) {
        Some(text) => Err(ApiError::px(text)),
        None => state.atomically(|state| documents::run(state, &entity, &action, &record)),
    };
    let status = state.settings.failed_operation_status;
    let nested = state.settings.nested_failures;
    if let Some(operation) = state.operations.get_mut(id) {
        operation.done = true;
        operation.failure = result.err().map(|error| match error {
            error if nested => ApiError::Nested(status, error.plain_words()),
            ApiError::Exception(_, text, kind) => ApiError::Exception(status, text, kind),
            other => ApiError::Exception(status, other.words(), "PX.Data.PXException"),
        });
    }
}

/// GET of an operation's Location.
pub fn poll(state: &mut State, id: &str) -> Result<Reply> {
    let polls = state.settings.operation_polls;
    let prefix = state.settings.location_prefix.clone();
    // A forgotten id: the answer is unverified (section 19, row 5); nothing is there.
    let unknown = || ApiError::not_found("The operation cannot be found.");
    let operation = state.operations.get(id).ok_or_else(unknown)?;
    if !operation.done && operation.polls >= polls {
        finish(state, id);
    }
    let operation = state.operations.get_mut(id).ok_or_else(unknown)?;
    if !operation.done {
        operation.polls += 1;
        let location = format!("{prefix}{}/status/{id}", operation.path);
        return Ok(Reply::empty(202).header("Location", &location));
    }
    match &operation.failure {
        Some(error) => Err(error.clone()),
        None => Ok(Reply::empty(204)),
    }
}
