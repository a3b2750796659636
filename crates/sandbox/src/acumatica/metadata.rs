//! What the endpoint tells about itself: the list of endpoints, `swagger.json`, `$adHocSchema`
//! (acumatica sheet section 1).

use super::contract::{self, Entity, Field, Part, VERSIONS};
use super::state::State;
use super::values::Type;
use serde_json::{Map, Value, json};

/// GET `/entity`.
pub fn endpoints(state: &State) -> Value {
    let site = &state.settings.site;
    let rows: Vec<Value> = VERSIONS
        .iter()
        .map(|version| {
            json!({"name": "Default", "version": version,
                "href": format!("{site}/entity/Default/{version}/")})
        })
        .collect();
    if state.settings.endpoints_as_array {
        return Value::Array(rows);
    }
    let build = &state.settings.build;
    json!({
        "version": {"acumaticaBuildVersion": build, "databaseVersion": build},
        "endpoints": rows,
    })
}

fn type_name(kind: Type, key: &str) -> &'static str {
    match kind {
        Type::Text => "StringValue",
        Type::Number => "DecimalValue",
        Type::Integer => "IntValue",
        Type::Bool => "BooleanValue",
        Type::Guid => "GuidValue",
        Type::Time if key.is_empty() => "StringValue",
        Type::Time => "DateTimeValue",
    }
}

fn reference(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

fn properties(fields: &[Field], parts: &[Part], prefix: &str, year: u8) -> Value {
    let mut all = Map::new();
    for field in fields.iter().filter(|field| field.since <= year) {
        all.insert(field.name.clone(), reference(type_name(field.kind, &field.key)));
    }
    for part in parts.iter().filter(|part| part.since <= year) {
        let name = reference(&format!("{prefix}{}", part.name));
        let value = if part.detail { json!({"type": "array", "items": name}) } else { name };
        all.insert(part.name.clone(), value);
    }
    json!({"allOf": [reference("Entity"), {"type": "object", "properties": all}]})
}

fn schemas(year: u8) -> Map<String, Value> {
    let mut all = Map::new();
    for (name, value) in [
        ("StringValue", json!({"type": "string"})),
        ("DecimalValue", json!({"type": "number", "format": "double"})),
        ("IntValue", json!({"type": "integer", "format": "int32"})),
        ("BooleanValue", json!({"type": "boolean"})),
        ("GuidValue", json!({"type": "string", "format": "uuid"})),
        ("DateTimeValue", json!({"type": "string", "format": "date-time"})),
    ] {
        all.insert(name.to_owned(), json!({"type": "object", "properties": {"value": value}}));
    }
    let entity = json!({"type": "object", "properties": {
        "id": {"type": "string", "format": "uuid"},
        "rowNumber": {"type": "integer", "format": "int64"},
        "note": reference("StringValue"),
        "custom": {"type": "object", "additionalProperties": {"type": "object"}},
        "error": {"type": "string"},
        "files": {"type": "array", "items": {"type": "object"}},
    }});
    all.insert("Entity".to_owned(), entity);
    for entity in contract::entities().iter().filter(|entity| entity.since <= year) {
        let value = properties(&entity.fields, &entity.parts, &entity.name, year);
        all.insert(entity.name.clone(), value);
        for part in &entity.parts {
            let name = format!("{}{}", entity.name, part.name);
            all.insert(name.clone(), properties(&part.fields, &part.inner, &name, year));
            for inner in &part.inner {
                all.insert(
                    format!("{name}{}", inner.name),
                    properties(&inner.fields, &[], "", year),
                );
            }
        }
        for (action, _) in &entity.actions {
            let value = json!({"type": "object", "required": ["entity"], "properties": {
                "entity": reference(&entity.name), "parameters": {"type": "object"}}});
            all.insert(action.clone(), value);
        }
    }
    all
}

fn parameters(names: &[&str]) -> Value {
    names.iter().map(|name| json!({"$ref": format!("#/components/parameters/{name}")})).collect()
}

/// The parameters that operations refer to.
fn parameter_schemas() -> Map<String, Value> {
    let mut all = Map::new();
    for name in ["$select", "$filter", "$expand", "$custom", "$skip", "$top"] {
        let schema = json!({"name": name, "in": "query", "schema": {"type": "string"}});
        all.insert(name.to_owned(), schema);
    }
    let keys = contract::entities().iter().flat_map(|entity| &entity.keys).map(String::as_str);
    for name in keys.chain(["id", "filename"]) {
        let schema =
            json!({"name": name, "in": "path", "required": true, "schema": {"type": "string"}});
        all.insert(name.to_owned(), schema);
    }
    all
}

fn operation(tag: &str, id: &str, body: Option<Value>, answer: Value, query: &[&str]) -> Value {
    let mut made = json!({
        "tags": [tag], "operationId": format!("{tag}_{id}"), "parameters": parameters(query),
        "responses": answer,
    });
    if let Some(body) = body {
        made["requestBody"] =
            json!({"required": true, "content": {"application/json": {"schema": body}}});
    }
    made
}

fn answers(schema: Value) -> Value {
    json!({"200": {"description": "OK", "content": {"application/json": {"schema": schema}}}})
}

fn paths(year: u8) -> Map<String, Value> {
    const READ: [&str; 3] = ["$select", "$expand", "$custom"];
    const LIST: [&str; 6] = ["$select", "$filter", "$expand", "$custom", "$skip", "$top"];
    const WRITE: [&str; 4] = ["$select", "$filter", "$expand", "$custom"];
    let mut all = Map::new();
    for entity in contract::entities().iter().filter(|entity| entity.since <= year) {
        let name = entity.name.as_str();
        let one = || reference(name);
        let done = || json!({"204": {"description": "No Content"}});
        let list = json!({"type": "array", "items": one()});
        all.insert(
            format!("/{name}"),
            json!({
                "get": operation(name, "GetList", None, answers(list), &LIST),
                "put": operation(name, "PutEntity", Some(one()), answers(one()), &WRITE),
            }),
        );
        let with_id: Vec<&str> = READ.into_iter().chain(["id"]).collect();
        let by_id = operation(name, "GetById", None, answers(one()), &with_id);
        let gone = operation(name, "DeleteById", None, done(), &["id"]);
        all.insert(format!("/{name}/{{id}}"), json!({"get": by_id, "delete": gone}));
        if !entity.keys.is_empty() {
            all.insert(by_keys_path(entity), by_keys(entity, &READ, done()));
        }
        let file = operation(name, "PutFile", None, done(), &["id", "filename"]);
        all.insert(format!("/{name}/{{id}}/files/{{filename}}"), json!({ "put": file }));
        let schema = operation(name, "GetAdHocSchema", None, answers(one()), &[]);
        all.insert(format!("/{name}/$adHocSchema"), json!({ "get": schema }));
        for (action, _) in &entity.actions {
            let accepted = json!({"202": {"description": "Accepted"},
                "204": {"description": "No Content"}});
            let id = format!("InvokeAction_{action}");
            let made = operation(name, &id, Some(reference(action)), accepted, &[]);
            all.insert(format!("/{name}/{action}"), json!({ "post": made }));
        }
    }
    all
}

fn by_keys_path(entity: &Entity) -> String {
    let keys: Vec<String> = entity.keys.iter().map(|key| format!("{{{key}}}")).collect();
    format!("/{}/{}", entity.name, keys.join("/"))
}

fn by_keys(entity: &Entity, read: &[&str], done: Value) -> Value {
    let name = entity.name.as_str();
    let keys = || entity.keys.iter().map(String::as_str);
    let all: Vec<&str> = read.iter().copied().chain(keys()).collect();
    let get = operation(name, "GetByKeys", None, answers(reference(name)), &all);
    let delete = operation(name, "DeleteByKeys", None, done, &keys().collect::<Vec<_>>());
    json!({"get": get, "delete": delete})
}

/// GET `{base}/swagger.json`: OpenAPI 3.0.
pub fn swagger(state: &State, version: &str, year: u8) -> Value {
    let site = &state.settings.site;
    json!({
        "openapi": "3.0.1",
        "info": {"title": format!("Default/{version}"), "version": "1"},
        "servers": [{"url": format!("{site}/entity/Default/{version}")}],
        "paths": paths(year),
        "components": {"schemas": schemas(year), "parameters": parameter_schemas()},
    })
}

/// GET `{base}/{Entity}/$adHocSchema`: the skeleton, and in `custom` the fields that the endpoint
/// has no name for.
pub fn ad_hoc_schema(state: &State, entity: &Entity, year: u8) -> Value {
    let mut body = Map::new();
    body.insert("id".to_owned(), json!("00000000-0000-0000-0000-000000000000"));
    body.insert("rowNumber".to_owned(), json!(1));
    body.insert("note".to_owned(), json!(""));
    for field in entity.fields.iter().filter(|field| field.since <= year) {
        body.insert(field.name.clone(), json!({}));
    }
    for part in entity.parts.iter().filter(|part| part.since <= year) {
        body.insert(part.name.clone(), if part.detail { json!([]) } else { json!({}) });
    }
    let mut custom: Map<String, Value> = Map::new();
    for field in state.user_fields.iter().filter(|field| field.entity == entity.name) {
        let view = custom.entry(field.view.clone()).or_insert_with(|| json!({}));
        view[field.field.as_str()] = json!({"type": field.kind, "value": Value::Null});
    }
    body.insert("custom".to_owned(), Value::Object(custom));
    body.insert("files".to_owned(), json!([]));
    Value::Object(body)
}
