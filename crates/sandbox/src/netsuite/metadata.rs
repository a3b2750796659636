//! The metadata catalogue: which record types the role sees, and the fields of each with custom
//! fields marked (netsuite sheet section 5.13).

use super::errors::{ApiError, Result};
use super::fields::sublists;
use super::http_io::{Call, Reply};
use super::kind::{BUILT_IN, Kind};
use super::state::{Level, State};
use super::values::{Access, Field, FieldKind};
use serde_json::{Map, Value, json};

/// Answers below `/record/v1/metadata-catalog`.
pub fn answer(state: &State, base_url: &str, call: &Call<'_>) -> Result<Reply> {
    if call.method != "GET" {
        return Err(ApiError::method(&call.path));
    }
    let records = format!("{}/services/rest/record/v1", base_url.trim_end_matches('/'));
    let root = format!("{records}/metadata-catalog");
    let accept = call.header("accept").unwrap_or_default().to_lowercase();
    if let Some(name) = call.segments.get(3) {
        let kind = state.kind_of(name, &call.path)?;
        state.permit(&kind, Level::View)?;
        if accept.contains("swagger") {
            return Ok(Reply::Typed("application/swagger+json", swagger(state, &[kind])));
        }
        return Ok(Reply::Typed("application/schema+json", schema(state, &kind)));
    }
    let mut kinds = Vec::new();
    match call.param("select") {
        Some(list) => {
            for name in list.split(',') {
                let kind = state.kind_of(name.trim(), &call.path)?;
                state.permit(&kind, Level::View)?;
                kinds.push(kind);
            }
        }
        None => kinds = visible(state),
    }
    if accept.contains("swagger") {
        return Ok(Reply::Typed("application/swagger+json", swagger(state, &kinds)));
    }
    let items: Vec<Value> = kinds
        .iter()
        .map(|kind| {
            let name = kind.rest_name();
            let href = format!("{root}/{name}");
            json!({"name": name, "links": [
                {"rel": "canonical", "href": href, "mediaType": "application/json"},
                {"rel": "describes", "href": format!("{records}/{name}")},
                {"rel": "describedby", "href": href, "mediaType": "application/schema+json"},
            ]})
        })
        .collect();
    let links = json!([{"rel": "self", "href": call.href, "method": "GET"}]);
    Ok(Reply::Json("collection", json!({"links": links, "items": items})))
}

fn visible(state: &State) -> Vec<Kind> {
    let custom = state.custom_types.iter().cloned().map(Kind::Custom);
    BUILT_IN
        .iter()
        .cloned()
        .chain(custom)
        .filter(|kind| state.kind_of(kind.rest_name(), "").is_ok())
        .filter(|kind| state.permit(kind, Level::View).is_ok())
        .collect()
}

/// The JSON Schema of a record type.
fn schema(state: &State, kind: &Kind) -> Value {
    let mut properties = Map::new();
    properties.insert("id".to_owned(), json!({"title": "Internal ID", "type": "string"}));
    let external = json!({"title": "External ID", "type": "string", "x-ns-filterable": true});
    properties.insert("externalId".to_owned(), external);
    for field in state.fields(kind) {
        properties.entry(field.name.to_string()).or_insert_with(|| describe(field));
    }
    for list in sublists(kind) {
        let mut lines = Map::new();
        for field in state.line_fields(kind, list) {
            lines.insert(field.name.to_string(), describe(field));
        }
        let shape = json!({"type": "object", "properties": {"items": {
            "type": "array", "items": {"type": "object", "properties": lines}}}});
        properties.insert(list.name.to_owned(), shape);
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "title": kind.rest_name(),
        "properties": properties,
        "x-ns-filterable": ["id", "externalId"],
    })
}

fn describe(field: &Field) -> Value {
    let mut shape = match &field.kind {
        FieldKind::Text => json!({"type": "string"}),
        FieldKind::Bool | FieldKind::UndepFunds => json!({"type": "boolean"}),
        FieldKind::Number | FieldKind::Money => json!({"type": "number", "format": "double"}),
        FieldKind::Integer => json!({"type": "integer", "format": "int64"}),
        FieldKind::Date => json!({"type": "string", "format": "date"}),
        FieldKind::Stamp => json!({"type": "string", "format": "date-time"}),
        FieldKind::Ref(_) => {
            json!({"$ref": "/services/rest/record/v1/metadata-catalog/nsResource"})
        }
        FieldKind::Code(codes) => {
            let known: Vec<&str> = codes.iter().map(|(code, _)| *code).collect();
            json!({"type": "object", "properties": {"id": {"type": "string", "enum": known},
                "refName": {"type": "string"}}})
        }
        FieldKind::Many(_) => {
            json!({"$ref": "/services/rest/record/v1/metadata-catalog/nsResourceCollection"})
        }
        FieldKind::Sub(fields) => {
            let inner: Map<String, Value> =
                fields.iter().map(|field| (field.name.to_string(), describe(field))).collect();
            json!({"type": "object", "properties": inner})
        }
    };
    shape["title"] = json!(field.label);
    shape["nullable"] = json!(!field.required);
    if field.access == Access::Read {
        shape["readOnly"] = json!(true);
    }
    shape["x-ns-filterable"] = json!(!matches!(field.kind, FieldKind::Sub(_) | FieldKind::Many(_)));
    if field.name.starts_with("cust") && field.name.contains('_') {
        shape["x-ns-custom-field"] = json!(true);
    }
    shape
}

fn swagger(state: &State, kinds: &[Kind]) -> Value {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for kind in kinds {
        let name = kind.rest_name();
        paths.insert(format!("/{name}"), json!({"get": {}, "post": {}}));
        paths.insert(format!("/{name}/{{id}}"), json!({"get": {}, "patch": {}, "delete": {}}));
        schemas.insert(name.to_owned(), schema(state, kind));
    }
    json!({
        "openapi": "3.0.1",
        "info": {"title": "REST Record API", "version": "v1"},
        "paths": paths,
        "components": {"schemas": schemas},
    })
}
