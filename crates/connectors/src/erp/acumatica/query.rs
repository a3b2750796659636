//! Filters and query strings in Acumatica's dialect (acumatica sheet section 7). Everything that a
//! person typed goes through `literal`.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::http::urls::encode;

/// What a read asks for beside the record itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    pub filter: Option<String>,
    pub select: &'static str,
    pub custom: String,
    pub expand: &'static str,
    pub top: Option<usize>,
}

impl Ask {
    #[must_use]
    pub fn filter(mut self, filter: impl Into<String>) -> Ask {
        self.filter = Some(filter.into());
        self
    }

    #[must_use]
    pub fn top(mut self, top: usize) -> Ask {
        self.top = Some(top);
        self
    }

    /// `?$filter=…&…`, or nothing. Values are encoded whole: a bare `+` of an offset would arrive as
    /// a space.
    #[must_use]
    pub fn query(&self) -> String {
        let top = self.top.map(|top| top.to_string()).unwrap_or_default();
        let parts = [
            ("$filter", self.filter.as_deref().unwrap_or_default()),
            ("$select", self.select),
            ("$custom", self.custom.as_str()),
            ("$expand", self.expand),
            ("$top", top.as_str()),
        ];
        let mut out = String::new();
        for (name, value) in parts.iter().filter(|(_, value)| !value.is_empty()) {
            out.push(if out.is_empty() { '?' } else { '&' });
            out.push_str(name);
            out.push('=');
            out.push_str(&encode(value));
        }
        out
    }
}

/// A string literal: quotes are doubled.
#[must_use]
pub fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A moment with an explicit offset and milliseconds: `Z` is not known to be taken.
#[must_use]
pub fn moment(at: Timestamp) -> String {
    let text = at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%S%.3f").to_string();
    format!("datetimeoffset'{text}+00:00'")
}

/// `field eq 'a' or field eq 'b' …`.
#[must_use]
pub fn any_of(field: &str, values: &[&str]) -> String {
    let parts: Vec<String> =
        values.iter().map(|value| format!("{field} eq {}", literal(value))).collect();
    parts.join(" or ")
}

/// Conditions that must all hold; blank ones are left out.
#[must_use]
pub fn all_of(parts: &[&str]) -> String {
    let parts: Vec<&str> = parts.iter().copied().filter(|part| !part.is_empty()).collect();
    parts.join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_encoded_whole() {
        let at: Timestamp = "2025-03-01T08:00:00.5Z".parse().unwrap();
        let ask = Ask { select: "A,B", ..Ask::default() }
            .filter(format!(
                "LastModifiedDateTime ge {} and N eq {}",
                moment(at),
                literal("O'Hara")
            ))
            .top(100);
        assert_eq!(
            ask.query(),
            "?$filter=LastModifiedDateTime%20ge%20datetimeoffset%272025-03-01T08%3A00%3A00.500\
             %2B00%3A00%27%20and%20N%20eq%20%27O%27%27Hara%27&$select=A%2CB&$top=100"
        );
        assert_eq!(Ask::default().query(), "");
    }
}
