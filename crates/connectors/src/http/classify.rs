//! Small helpers for the vendors' own tables from answers to port errors.

use ports::PortError;

use super::client::Answer;

/// Words of the other side that go into an error or an attention item are cut at this many
/// characters.
const WORDS_MAX: usize = 500;

/// The text, cut at `max` characters (not bytes).
#[must_use]
pub fn cut(text: &str, max: usize) -> &str {
    match text.char_indices().nth(max) {
        Some((at, _)) => &text[..at],
        None => text,
    }
}

/// The other side's words on one line, cut to a bearable length.
#[must_use]
pub fn words(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    cut(&line, WORDS_MAX).to_owned()
}

/// The answer of a read is not what it should be: nothing was executed, ask again later.
#[must_use]
pub fn unreadable_read(answer: &Answer, why: impl std::fmt::Display) -> PortError {
    PortError::Unavailable(format!("the answer ({}) can not be read: {why}", answer.status))
}

/// A write was answered, but not in words that tell what happened.
#[must_use]
pub fn unreadable_write(answer: &Answer, why: impl std::fmt::Display) -> PortError {
    PortError::OutcomeUnknown(format!("the answer ({}) can not be read: {why}", answer.status))
}
