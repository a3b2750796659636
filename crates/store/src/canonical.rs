//! One text per JSON value: the audit chain is computed over it, and decisions are compared by it.

use serde_json::Value;

/// The value as text without white space, keys in order at every level.
#[must_use]
pub(crate) fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            text.push_str(&value.to_string());
        }
        Value::Array(items) => {
            text.push('[');
            for (nth, item) in items.iter().enumerate() {
                if nth > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_by_key(|(name, _)| *name);
            text.push('{');
            for (nth, (name, field)) in sorted.into_iter().enumerate() {
                if nth > 0 {
                    text.push(',');
                }
                text.push_str(&Value::String(name.clone()).to_string());
                text.push(':');
                write(field, text);
            }
            text.push('}');
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_keys_does_not_matter_and_numbers_stay_as_written() {
        let one: Value =
            serde_json::from_str(r#"{"b":[1,2.50,{"z":null,"a":"\"é"}],"a":true}"#).unwrap();
        let two: Value =
            serde_json::from_str(r#"{"a":true, "b":[1,2.50,{"a":"\"é","z":null}]}"#).unwrap();
        assert_eq!(canonical(&one), canonical(&two));
        assert_eq!(canonical(&one), r#"{"a":true,"b":[1,2.50,{"a":"\"é","z":null}]}"#);
    }
}
