//! Strict reading of request bodies: unknown members 400, wrong types 422 `invalid_type`, wrong
//! values 422 `validation_failed` (gocardless sheet sections 3, 5 and 30).

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde_json::{Map, Value};

use super::errors::{ApiError, Entry, field_entry};

/// Metadata limits of section 3.
const METADATA_KEYS_MAX: usize = 3;
const METADATA_KEY_MAX: usize = 50;
const METADATA_VALUE_MAX: usize = 500;

/// Texts of a metadata object.
pub type Metadata = BTreeMap<String, String>;

/// Reads one object of a body and gathers everything that is wrong with it.
#[derive(Debug)]
pub struct Fields<'a> {
    map: &'a Map<String, Value>,
    pointer: String,
    wrong_types: Vec<Entry>,
    invalid: Vec<Entry>,
}

impl<'a> Fields<'a> {
    /// The object under `root` of a body.
    ///
    /// # Errors
    /// 400 when the root key is missing or not an object, or a member is not permitted.
    pub fn open(body: &'a Value, root: &str, permitted: &[&str]) -> Result<Self, ApiError> {
        let pointer = format!("/{root}");
        let Some(outer) = body.as_object() else {
            return Err(ApiError::usage(
                400,
                "invalid_document_structure",
                "The request body must be a JSON object",
            ));
        };
        let unknown: Vec<Entry> = outer
            .keys()
            .filter(|key| *key != root)
            .map(|key| not_permitted(&format!("/{key}"), key))
            .collect();
        if !unknown.is_empty() {
            return Err(ApiError::bad_structure(unknown));
        }
        match outer.get(root) {
            Some(Value::Object(map)) => Self::nested(map, pointer, permitted),
            Some(_) | None => Err(ApiError::usage(
                400,
                "invalid_document_structure",
                format!("The request body must contain an object under \"{root}\""),
            )),
        }
    }

    /// The `data` of an action; an empty body and `{}` are fine (section 26, envelope).
    ///
    /// # Errors
    /// As [`Fields::open`].
    pub fn action(body: &'a Value, permitted: &[&str]) -> Result<Option<Self>, ApiError> {
        match body {
            Value::Null => Ok(None),
            Value::Object(map) if map.is_empty() => Ok(None),
            _ => Self::open(body, "data", permitted).map(Some),
        }
    }

    fn nested(
        map: &'a Map<String, Value>,
        pointer: String,
        permitted: &[&str],
    ) -> Result<Self, ApiError> {
        let unknown: Vec<Entry> = map
            .keys()
            .filter(|key| !permitted.contains(&key.as_str()))
            .map(|key| not_permitted(&format!("{pointer}/{key}"), key))
            .collect();
        if unknown.is_empty() {
            Ok(Self { map, pointer, wrong_types: Vec::new(), invalid: Vec::new() })
        } else {
            Err(ApiError::bad_structure(unknown))
        }
    }

    /// Whether the member is there, null included.
    pub fn has(&self, name: &str) -> bool {
        self.map.contains_key(name)
    }

    fn value(&self, name: &str) -> Option<&'a Value> {
        self.map.get(name).filter(|value| !value.is_null())
    }

    fn wrong_type(&mut self, name: &str, value: &Value, wanted: &str) {
        let shown = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let entry =
            field_entry(&format!("{}/{name}", self.pointer), format!("{shown} is not {wanted}."));
        self.wrong_types.push(entry);
    }

    /// Notes a wrong value.
    pub fn refuse(&mut self, name: &str, message: impl Into<String>) {
        self.invalid.push(field_entry(&format!("{}/{name}", self.pointer), message));
    }

    /// An optional text; null counts as absent.
    pub fn text(&mut self, name: &str) -> Option<String> {
        match self.value(name)? {
            Value::String(text) => Some(text.clone()),
            other => {
                self.wrong_type(name, other, "a string");
                None
            }
        }
    }

    /// A text that must be there and not blank.
    pub fn required_text(&mut self, name: &str) -> Option<String> {
        let text = self.text(name);
        match &text {
            Some(found) if found.trim().is_empty() => self.refuse(name, "can't be blank"),
            None if self.value(name).is_none() => self.refuse(name, "is required"),
            Some(_) | None => {}
        }
        text
    }

    /// A text out of a set.
    pub fn choice(&mut self, name: &str, choices: &[&str]) -> Option<String> {
        let text = self.text(name)?;
        if !choices.contains(&text.as_str()) {
            self.refuse(name, "is not included in the list");
        }
        Some(text)
    }

    /// A JSON integer; numeric texts are refused (section 28, item 17).
    pub fn integer(&mut self, name: &str) -> Option<i64> {
        let value = self.value(name)?;
        let number = value.as_number().and_then(serde_json::Number::as_i64);
        if number.is_none() {
            self.wrong_type(name, value, "an integer");
        }
        number
    }

    /// An integer that must be there.
    pub fn required_integer(&mut self, name: &str) -> Option<i64> {
        if self.value(name).is_none() {
            self.refuse(name, "is required");
        }
        self.integer(name)
    }

    /// A boolean.
    pub fn boolean(&mut self, name: &str) -> Option<bool> {
        let value = self.value(name)?;
        if value.as_bool().is_none() {
            self.wrong_type(name, value, "a boolean");
        }
        value.as_bool()
    }

    /// A date `YYYY-MM-DD`.
    pub fn date(&mut self, name: &str) -> Option<Date> {
        let text = self.text(name)?;
        let parsed = (text.len() == 10).then(|| text.parse::<Date>().ok()).flatten();
        if parsed.is_none() {
            self.refuse(name, "is not a valid date");
        }
        parsed
    }

    /// A nested object, read by `read`.
    ///
    /// # Errors
    /// 400 for members that are not permitted.
    pub fn object<T>(
        &mut self,
        name: &str,
        permitted: &[&str],
        read: impl FnOnce(&mut Fields<'a>) -> T,
    ) -> Result<Option<T>, ApiError> {
        let Some(value) = self.value(name) else { return Ok(None) };
        let Some(map) = value.as_object() else {
            self.wrong_type(name, value, "an object");
            return Ok(None);
        };
        let mut inner = Fields::nested(map, format!("{}/{name}", self.pointer), permitted)?;
        let read = read(&mut inner);
        self.wrong_types.append(&mut inner.wrong_types);
        self.invalid.append(&mut inner.invalid);
        Ok(Some(read))
    }

    /// A nested value as it is; the caller judges it.
    pub fn raw(&self, name: &str) -> Option<&'a Value> {
        self.value(name)
    }

    /// The ids under `links`. A null id is a wrong type (section 3).
    ///
    /// # Errors
    /// 400 for links that are not permitted.
    pub fn links(&mut self, permitted: &[&str]) -> Result<BTreeMap<String, String>, ApiError> {
        let mut found = BTreeMap::new();
        let mut null_links = Vec::new();
        self.object("links", permitted, |links| {
            for name in permitted {
                match links.map.get(*name) {
                    Some(Value::Null) => null_links.push((*name).to_owned()),
                    Some(_) => {
                        if let Some(id) = links.text(name) {
                            found.insert((*name).to_owned(), id);
                        }
                    }
                    None => {}
                }
            }
        })?;
        for name in null_links {
            self.wrong_type(&format!("links/{name}"), &Value::Null, "a string");
        }
        Ok(found)
    }

    /// Metadata: at most three texts (section 3; section 30, items 3 and 4).
    pub fn metadata(&mut self) -> Option<Metadata> {
        let value = self.value("metadata")?;
        let Some(map) = value.as_object() else {
            self.wrong_type("metadata", value, "an object");
            return None;
        };
        let pointer = format!("{}/metadata", self.pointer);
        if map.len() > METADATA_KEYS_MAX {
            self.wrong_types.push(field_entry(&pointer, "must have at most 3 keys."));
        }
        let mut metadata = Metadata::new();
        for (key, value) in map {
            let place = format!("metadata/{key}");
            if key.chars().count() > METADATA_KEY_MAX {
                self.wrong_types
                    .push(field_entry(&format!("{pointer}/{key}"), "key is longer than 50."));
            }
            match value.as_str() {
                Some(text) if text.chars().count() > METADATA_VALUE_MAX => self
                    .wrong_types
                    .push(field_entry(&format!("{pointer}/{key}"), "value is longer than 500.")),
                Some(text) => {
                    metadata.insert(key.clone(), text.to_owned());
                }
                None => self.wrong_type(&place, value, "a string"),
            }
        }
        Some(metadata)
    }

    /// All good, or everything that is wrong: types first.
    ///
    /// # Errors
    /// 422 `invalid_type`, else 422 `validation_failed`.
    pub fn finish(self) -> Result<(), ApiError> {
        if !self.wrong_types.is_empty() {
            return Err(ApiError::wrong_types(self.wrong_types));
        }
        if !self.invalid.is_empty() {
            return Err(ApiError::validations(self.invalid));
        }
        Ok(())
    }
}

fn not_permitted(pointer: &str, key: &str) -> Entry {
    field_entry(pointer, format!("\"{key}\" is not a permitted key."))
}
