//! Files attached to records (acumatica sheet section 6): stored under the address that a record's
//! `_links` give, listed with `$expand=files`, read back by id.

use super::contract;
use super::errors::{ApiError, Result};
use super::http_io::{Call, Reply};
use super::state::State;
use bytes::Bytes;
use serde_json::{Value, json};

/// One file.
#[derive(Debug, Clone)]
pub struct Attachment {
    /// The record's id.
    pub record: String,
    pub name: String,
    pub comment: Option<String>,
    pub body: Bytes,
}

/// Answers below `…/files/`.
pub fn answer(state: &mut State, call: &Call<'_>, rest: &[String]) -> Result<Reply> {
    match (call.method, rest) {
        ("PUT", [graph, view, record, name]) => put(state, call, (graph, view), record, name),
        ("GET", [id]) => {
            let file = state.files.get(id).ok_or_else(ApiError::absent)?;
            Ok(Reply::bytes(200, file.body.clone()))
        }
        _ => Err(ApiError::not_found("No HTTP resource was found.")),
    }
}

/// Attaches a file; one of the same name is replaced.
fn put(
    state: &mut State,
    call: &Call<'_>,
    (graph, view): (&str, &str),
    record: &str,
    name: &str,
) -> Result<Reply> {
    let known = contract::entities().iter().any(|known| known.graph == graph && known.view == view);
    if !known {
        return Err(ApiError::not_found("No HTTP resource was found."));
    }
    if state.store.get(record).is_none() {
        return Err(ApiError::absent());
    }
    let mut same = state.files.iter();
    let same = same.find(|(_, file)| file.record == record && file.name == name);
    let id = match same.map(|(id, _)| id.clone()) {
        Some(id) => id,
        None => state.uuid(),
    };
    let file = Attachment {
        record: record.to_owned(),
        name: name.to_owned(),
        comment: call.header("px-cbfilecomment").map(str::to_owned),
        body: call.body.clone(),
    };
    state.files.insert(id, file);
    Ok(Reply::empty(204))
}

/// The `files` of a record; `base` is the endpoint's address.
pub fn listed(state: &State, record: &str, base: &str) -> Value {
    let own = state.files.iter().filter(|(_, file)| file.record == record);
    own.map(|(id, file)| {
        json!({"id": id, "filename": file.name, "href": format!("{base}/files/{id}"),
            "comment": file.comment})
    })
    .collect()
}
