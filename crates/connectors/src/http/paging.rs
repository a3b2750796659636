//! The opaque mark of a next page. Windows are frozen: the end is fixed with the first page and
//! travels in the mark, so that what arrives meanwhile belongs to the next window.

use jiff::Timestamp;
use ports::PortError;

/// Where to go on within a frozen window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// The window's end (inclusive), when the first page fixed one.
    pub until: Option<Timestamp>,
    /// The other side's cursor or offset.
    pub cursor: String,
}

impl Mark {
    /// As the engine keeps it.
    #[must_use]
    pub fn text(&self) -> String {
        let until = self.until.map(|until| until.to_string()).unwrap_or_default();
        format!("{until}|{}", self.cursor)
    }

    /// Reads back what `text` made; anything else is our own mistake and is refused.
    pub fn parse(text: &str) -> Result<Mark, PortError> {
        let refused = || PortError::Unsupported("this is not a page mark of ours".to_owned());
        let (until, cursor) = text.split_once('|').ok_or_else(refused)?;
        let until = match until {
            "" => None,
            until => Some(until.parse().map_err(|_| refused())?),
        };
        Ok(Mark { until, cursor: cursor.to_owned() })
    }
}
