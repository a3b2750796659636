//! How long texts may be (acumatica sheet sections 9, 11.9, 19 row 24). What the real server cuts off in
//! silence is refused here, so that a client notices.

use super::invoice::is_user_field;
use crate::acumatica::errors::{ApiError, Result};
use crate::acumatica::store::Record;
use crate::acumatica::values::Val;

/// The longest value of an attribute.
const ATTRIBUTE_MAX: usize = 255;

/// Refuses texts that are too long: keys, the names of their fields, and the longest texts.
pub fn check(
    name: &'static str,
    record: &Record,
    limits: &[(&str, &'static str, usize)],
) -> Result<()> {
    for (key, field, most) in limits {
        if record.text(key).chars().count() > *most {
            let text = format!("The string is longer than {most} characters.");
            return Err(ApiError::field(name, field, text));
        }
    }
    Ok(())
}

/// Refuses values of user-defined fields and attributes for which the column is too short.
pub fn user_fields(record: &Record) -> Result<()> {
    let own = record.fields.iter().filter(|(key, _)| is_user_field(key)).map(|(_, value)| value);
    let rows = record.rows("answers").iter().filter_map(|row| row.fields.get("value"));
    let long =
        |value: &Val| matches!(value, Val::Text(text) if text.chars().count() > ATTRIBUTE_MAX);
    if own.chain(rows).any(long) {
        let text = "String or binary data would be truncated.";
        return Err(ApiError::Exception(
            500,
            text.to_owned(),
            "System.Data.SqlClient.SqlException",
        ));
    }
    Ok(())
}
